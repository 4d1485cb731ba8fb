/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-connection.h"
#include "virt/kvmm-virt-connect.h"

G_BEGIN_DECLS

/* One bulk read of statistics a tick, while somebody looks. Main thread only. Private to the model.
 *
 * The next tick never starts before the last has ended, however slow the host is. */

#define KVMM_TYPE_STATS_POLLER (kvmm_stats_poller_get_type ())
G_DECLARE_FINAL_TYPE (KvmmStatsPoller, kvmm_stats_poller, KVMM, STATS_POLLER, GObject)

/* @stats: (element-type KvmmDomainStats); @is_first: the tick before was not read, so that there is
 * nothing to compare with */
typedef void (*KvmmStatsFunc) (KvmmConnection *connection, GArray *stats, gboolean is_first);

/* Properties: "host-cpu-fraction", "host-memory-fraction": NAN when not known. */

/** kvmm_stats_poller_new: @connection: (unowned): calls kvmm_stats_poller_close() before it goes */
KvmmStatsPoller *
kvmm_stats_poller_new (KvmmConnection *connection, KvmmSettings *settings, KvmmStatsFunc func);
void kvmm_stats_poller_hold (KvmmStatsPoller *self);
void kvmm_stats_poller_release (KvmmStatsPoller *self);
/** kvmm_stats_poller_set_connected: whether there is something to read from */
void kvmm_stats_poller_set_connected (KvmmStatsPoller *self, gboolean connected);
void kvmm_stats_poller_close (KvmmStatsPoller *self);

double kvmm_stats_poller_get_host_cpu_fraction (KvmmStatsPoller *self);
double kvmm_stats_poller_get_host_memory_fraction (KvmmStatsPoller *self);

G_END_DECLS
