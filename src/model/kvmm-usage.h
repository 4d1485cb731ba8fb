/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "util/kvmm-history.h"
#include "virt/kvmm-virt-connect.h"

G_BEGIN_DECLS

/* What one running machine uses, computed from libvirt's counters. Main thread only. Private to the
 * model. */

typedef enum
{
  KVMM_USAGE_CPU,           /* fraction 0 to 1 of all vCPUs */
  KVMM_USAGE_MEMORY,        /* fraction 0 to 1 of the machine's memory */
  KVMM_USAGE_DISK_READ,     /* bytes per second */
  KVMM_USAGE_DISK_WRITE,    /* bytes per second */
  KVMM_USAGE_NETWORK_READ,  /* bytes per second */
  KVMM_USAGE_NETWORK_WRITE, /* bytes per second */
  KVMM_USAGE_N_SERIES
} KvmmUsageSeries;

typedef struct _KvmmUsage KvmmUsage;
KvmmUsage *kvmm_usage_new (guint history_capacity);
void kvmm_usage_free (KvmmUsage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmUsage, kvmm_usage_free)

/** kvmm_usage_add: Returns: %TRUE when a figure changed by as much as can be seen */
gboolean kvmm_usage_add (KvmmUsage *self, const KvmmDomainStats *stats);
/** kvmm_usage_stop: the machine does not run: nothing is known, the history stays */
void kvmm_usage_stop (KvmmUsage *self);
/** kvmm_usage_restart: the machine starts anew: the history is cleared */
void kvmm_usage_restart (KvmmUsage *self);
/** kvmm_usage_forget_sample: the next sample only starts anew, since sampling stood still */
void kvmm_usage_forget_sample (KvmmUsage *self);

double kvmm_usage_get_cpu_fraction (const KvmmUsage *self);     /* NAN when not known */
guint64 kvmm_usage_get_memory_used_kib (const KvmmUsage *self); /* 0 when not known */
KvmmHistory *kvmm_usage_get_history (const KvmmUsage *self);    /* (transfer none) */

G_END_DECLS
