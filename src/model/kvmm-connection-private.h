/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-connection.h"
#include "virt/kvmm-virt-connect.h"

G_BEGIN_DECLS

/* How the model's own classes reach libvirt through a connection. Main thread only. */

/* The queues of one connection. The first four share one virConnect, and their threads together
 * stay below the five requests that libvirtd serves at once to a client. */
typedef enum
{
  KVMM_CONNECTION_LANE_CONTROL, /* 1 thread: open, list, start, attach … */
  KVMM_CONNECTION_LANE_QUERY,   /* 2 threads: short reads */
  KVMM_CONNECTION_LANE_STATS,   /* 1 thread */
  KVMM_CONNECTION_LANE_SLOW,    /* 1 thread: save, QEMU guest agent */
  KVMM_CONNECTION_LANE_AGENT,   /* 1 thread, on the agent link: a second virConnect of the same URI,
                                   opened by the first call */
  KVMM_CONNECTION_LANE_PICTURE, /* 1 thread, on the agent link: what may take long and is only
                                   looked at, so that nothing else waits behind it */
  KVMM_CONNECTION_LANE_BULK,    /* 1 thread, on the agent link too: files to and from the host */
  KVMM_CONNECTION_N_LANES
} KvmmConnectionLane;

/**
 * KvmmConnectionFunc:
 * @task: to return through, as from a GTaskThreadFunc
 * @connect: the open libvirt connection of the lane, valid for the length of the call
 * @data: as given to kvmm_connection_run()
 * @cancellable: (nullable): the task's
 *
 * Worker only. Must not touch a GObject of the model.
 */
typedef void (*KvmmConnectionFunc) (GTask *task,
                                    KvmmVirtConnect *connect,
                                    gpointer data,
                                    GCancellable *cancellable);

/**
 * kvmm_connection_run:
 * @priority: G_PRIORITY_*: a lower number runs first
 * @task: any source object; its task data is taken for the call, so hand over @data instead. The
 *     lane keeps its own reference.
 * @func: runs on a worker of the lane
 * @data: (transfer full) (nullable)
 * @destroy: (nullable): frees @data on the main thread
 *
 * The task fails with KVMM_VIRT_ERROR_CONNECTION_LOST without calling @func while the connection
 * is not open. On the lanes of the agent link the call waits while that is being opened, and asks
 * for it to be tried at once when it is not. Cancelling detaches: the task returns at once, the
 * call finishes and its result is dropped, freed by the destroy function given to
 * g_task_return_pointer().
 */
void kvmm_connection_run (KvmmConnection *self,
                          KvmmConnectionLane lane,
                          int priority,
                          GTask *task,
                          KvmmConnectionFunc func,
                          gpointer data,
                          GDestroyNotify destroy);

/* Signals for the model only:
 *   "agent-link-opened": the agent link is open (again);
 *   "agent-link-lost": it is gone, and libvirt calls no stream callback: each stream opened on it
 *     must be told with kvmm_virt_stream_fail(). It reopens by itself, 1 s, ×2, at most 60 s, as
 * long as the connection itself is there. Every KvmmGuest hears of both through
 * kvmm_guest_connection_changed() too, so it needs no handler. */

/** kvmm_connection_get_position: @position: (out): the item's place in the list model. Returns:
 * %FALSE when @domain is not in it */
gboolean kvmm_connection_get_position (KvmmConnection *self, KvmmDomain *domain, guint *position);

/** kvmm_connection_reread: reads this machine anew, as after an event */
void kvmm_connection_reread (KvmmConnection *self, const char *uuid);

/** kvmm_connection_get_stats_interval_ms: how often somebody who looks wants figures */
guint kvmm_connection_get_stats_interval_ms (KvmmConnection *self);

/** kvmm_connection_get_settings: Returns: (transfer none): never %NULL */
KvmmSettings *kvmm_connection_get_settings (KvmmConnection *self);

G_END_DECLS
