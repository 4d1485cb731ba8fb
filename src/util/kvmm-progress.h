/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* How far a worker is, told on the main thread: however many pieces went, one call at a time is on
 * its way. Atomically reference-counted. */
typedef struct _KvmmProgress KvmmProgress;

/** kvmm_progress_new: @func: (nullable): called on the main thread until kvmm_progress_end() */
KvmmProgress *kvmm_progress_new (GFileProgressCallback func, gpointer user_data);
KvmmProgress *kvmm_progress_ref (KvmmProgress *self);
void kvmm_progress_unref (KvmmProgress *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmProgress, kvmm_progress_unref)

/** kvmm_progress_count: Any thread. @self: a KvmmProgress, so that it is a callback by itself */
void kvmm_progress_count (guint64 done_bytes, guint64 total_bytes, gpointer self);
/** kvmm_progress_end: Main thread only. Nobody is told any more. */
void kvmm_progress_end (KvmmProgress *self);

G_END_DECLS
