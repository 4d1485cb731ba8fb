/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Measures how long the main loop is deaf: the time between one poll's return and the next poll's
 * call. Main thread only. */

/**
 * kvmm_turn_monitor_start_from_environment:
 *
 * With KVMM_DEBUG_TURNS set to a number of milliseconds (1 to 10000), prints each turn that takes
 * at least so long to stderr as "turn: 61.3 ms at 0.412 s", and the longest at exit as "turn:
 * longest 61.3 ms". Does nothing when it is not set.
 */
void kvmm_turn_monitor_start_from_environment (void);

G_END_DECLS
