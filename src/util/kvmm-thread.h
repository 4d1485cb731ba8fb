/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Which thread owns the screen. Any thread. */

/**
 * kvmm_thread_set_main:
 *
 * Records the calling thread as the main thread. Called once, first thing in main().
 */
void kvmm_thread_set_main (void);

/**
 * kvmm_thread_is_main:
 *
 * Any thread. Returns: %TRUE on the recorded main thread, or when none was recorded.
 */
gboolean kvmm_thread_is_main (void);

/**
 * kvmm_thread_is_worker:
 *
 * Any thread. Returns: %TRUE on every thread but the recorded main thread, or when none was
 * recorded.
 */
gboolean kvmm_thread_is_worker (void);

/* Both mean a bug of ours, never bad input: a blocking call on the UI thread is a crash in tests
 * instead of a freeze at a user's. */
#define KVMM_ASSERT_MAIN_THREAD() g_assert (kvmm_thread_is_main ())
#define KVMM_ASSERT_WORKER() g_assert (kvmm_thread_is_worker ())

G_END_DECLS
