/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A named queue of blocking work with its own threads.
 *
 * GLib's shared GTask pool starves: 40 blocked tasks delayed a trivial one by 5 s. Each connection
 * has its own lanes instead, so a minute-long save never stands before a state read.
 *
 * Main thread only, except for what the work function does. */

#define KVMM_TYPE_LANE (kvmm_lane_get_type ())
G_DECLARE_FINAL_TYPE (KvmmLane, kvmm_lane, KVMM, LANE, GObject)

/**
 * kvmm_lane_new:
 * @name: shows up as the threads' name (at most 15 bytes are kept by the kernel)
 * @n_threads: how many tasks run at once, at least 1
 *
 * Main thread only. Threads start with the first task.
 *
 * Returns: (transfer full): a new lane
 */
KvmmLane *kvmm_lane_new (const char *name, guint n_threads);

/**
 * kvmm_lane_run:
 * @task: the task; the lane takes its own reference
 * @func: runs on a worker thread of this lane and returns through @task, as with
 * g_task_run_in_thread()
 * @priority: G_PRIORITY_*; a lower number runs first, equal ones in order
 *
 * Main thread only. A task whose cancellable was cancelled before it ran returns
 * G_IO_ERROR_CANCELLED at once, without calling @func. Cancelling a running task detaches it when
 * the task was made with g_task_set_return_on_cancel(): the call finishes, its result is dropped.
 *
 * The function of such a task gets a stand-in, with the same source object, data, tag and
 * cancellable, and must return through its own argument. A pointer it returned is freed only by the
 * caller's callback, which must therefore finish the task.
 *
 * After kvmm_lane_shutdown() each new task fails with G_IO_ERROR_CLOSED. Callbacks run from the
 * main loop, and the lane drops its last reference there too, so that no object ends on a worker.
 */
void kvmm_lane_run (KvmmLane *self, GTask *task, GTaskThreadFunc func, int priority);

/**
 * kvmm_lane_shutdown:
 *
 * Main thread only. Refuses new tasks; queued ones fail with G_IO_ERROR_CLOSED, running ones finish
 * on their own. Never waits. Dropping the last reference does the same.
 */
void kvmm_lane_shutdown (KvmmLane *self);

/**
 * kvmm_lane_get_pending:
 *
 * Main thread only. Returns: the number of tasks queued and running; one counts until its callback
 * has run
 */
guint kvmm_lane_get_pending (KvmmLane *self);

/**
 * kvmm_lane_dispose_later:
 * @data: (transfer full): handed to @destroy
 *
 * Any thread. Runs @destroy (@data) on a process-wide worker: for handles whose last unref may
 * block (vir*Free of anything may be an RPC). Also good after shutdown of a lane.
 */
void kvmm_lane_dispose_later (gpointer data, GDestroyNotify destroy);

/**
 * kvmm_lane_await_disposals:
 * @timeout_ms: at most so long
 *
 * For the end of the process, behind the main loop: what libvirt and its libraries take down in
 * their destructors must not be in use by a handle that is just being closed.
 *
 * Returns: %TRUE when nothing is left of what kvmm_lane_dispose_later() was handed
 */
gboolean kvmm_lane_await_disposals (guint timeout_ms);

G_END_DECLS
