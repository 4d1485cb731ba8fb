/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* The definitions that a machine had before, each to be looked at as a difference and restored.
 * Main thread only. */
#define KVMM_TYPE_HISTORY_WINDOW (kvmm_history_window_get_type ())
G_DECLARE_FINAL_TYPE (KvmmHistoryWindow, kvmm_history_window, KVMM, HISTORY_WINDOW, AdwWindow)

/** kvmm_history_window_present: @origin: (unowned): in the window that it is modal to; says there
 * what was restored */
void kvmm_history_window_present (GtkWidget *origin, KvmmDomain *domain);

G_END_DECLS
