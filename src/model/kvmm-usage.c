/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-usage.h"

#include <math.h>

struct _KvmmUsage
{
  KvmmHistory *history; /* (owned) */
  KvmmDomainStats last;
  gboolean has_last;
  double cpu_fraction;
  guint64 memory_used_kib;
  float values[KVMM_USAGE_N_SERIES];
};

/* Counters start at zero with each start of the machine, so a smaller one means a restart between
 * two samples: then nothing is known. */
static double
rate (guint64 before, guint64 now, gint64 elapsed_us)
{
  if (now < before || elapsed_us <= 0)
    return NAN;
  return (double) (now - before) * G_USEC_PER_SEC / (double) elapsed_us;
}

static double
compute_cpu (const KvmmDomainStats *last, const KvmmDomainStats *now, gint64 elapsed_us)
{
  if (!last->has_cpu || !now->has_cpu || now->vcpus == 0)
    return NAN;

  double busy_ns_per_s = rate (last->cpu_time_ns, now->cpu_time_ns, elapsed_us);
  if (isnan (busy_ns_per_s))
    return NAN;
  return CLAMP (busy_ns_per_s / 1e9 / now->vcpus, 0.0, 1.0);
}

/* The guest's own word if its balloon driver tells, else what the host had to give it. */
static guint64
compute_memory (const KvmmDomainStats *now)
{
  if (!now->has_memory)
    return 0;
  if (now->memory_unused_kib > 0 && now->memory_unused_kib <= now->memory_current_kib)
    return now->memory_current_kib - now->memory_unused_kib;
  return MIN (now->memory_rss_kib, now->memory_current_kib);
}

/* A hundredth of a core, or a hundredth of the larger of two rates: less is not seen. */
static gboolean
differs (float a, float b)
{
  if (isnan (a) || isnan (b))
    return isnan (a) != isnan (b);
  return fabsf (a - b) > 0.005f * MAX (1.0f, MAX (fabsf (a), fabsf (b)));
}

KvmmUsage *
kvmm_usage_new (guint history_capacity)
{
  KvmmUsage *self = g_new0 (KvmmUsage, 1);

  self->history = kvmm_history_new (KVMM_USAGE_N_SERIES, history_capacity);
  kvmm_usage_stop (self);
  return self;
}

void
kvmm_usage_free (KvmmUsage *self)
{
  if (self == NULL)
    return;
  g_clear_object (&self->history);
  g_free (self);
}

gboolean
kvmm_usage_add (KvmmUsage *self, const KvmmDomainStats *stats)
{
  const KvmmDomainStats *last = &self->last;
  gint64 elapsed_us = self->has_last ? stats->time_us - last->time_us : 0;
  float values[KVMM_USAGE_N_SERIES] = { NAN, NAN, NAN, NAN, NAN, NAN };
  guint64 memory_used_kib = compute_memory (stats);
  double cpu_fraction = NAN;
  gboolean changed = memory_used_kib != self->memory_used_kib;

  if (elapsed_us > 0)
    {
      cpu_fraction = compute_cpu (last, stats, elapsed_us);
      values[KVMM_USAGE_CPU] = (float) cpu_fraction;
    }
  if (stats->has_memory && stats->memory_current_kib > 0)
    values[KVMM_USAGE_MEMORY] = (float) memory_used_kib / (float) stats->memory_current_kib;
  if (elapsed_us > 0 && last->has_block && stats->has_block)
    {
      values[KVMM_USAGE_DISK_READ] = (float) rate (last->read_bytes, stats->read_bytes, elapsed_us);
      values[KVMM_USAGE_DISK_WRITE] =
          (float) rate (last->write_bytes, stats->write_bytes, elapsed_us);
    }
  if (elapsed_us > 0 && last->has_net && stats->has_net)
    {
      values[KVMM_USAGE_NETWORK_READ] = (float) rate (last->rx_bytes, stats->rx_bytes, elapsed_us);
      values[KVMM_USAGE_NETWORK_WRITE] = (float) rate (last->tx_bytes, stats->tx_bytes, elapsed_us);
    }

  for (guint i = 0; i < KVMM_USAGE_N_SERIES; i++)
    changed |= differs (values[i], self->values[i]);
  memcpy (self->values, values, sizeof values);
  self->cpu_fraction = cpu_fraction;
  self->memory_used_kib = memory_used_kib;
  self->last = *stats;
  self->has_last = TRUE;
  kvmm_history_push (self->history, stats->time_us, values, KVMM_USAGE_N_SERIES);
  return changed;
}

void
kvmm_usage_stop (KvmmUsage *self)
{
  self->has_last = FALSE;
  self->cpu_fraction = NAN;
  self->memory_used_kib = 0;
  for (guint i = 0; i < KVMM_USAGE_N_SERIES; i++)
    self->values[i] = NAN;
}

void
kvmm_usage_restart (KvmmUsage *self)
{
  kvmm_usage_stop (self);
  kvmm_history_clear (self->history);
}

void
kvmm_usage_forget_sample (KvmmUsage *self)
{
  self->has_last = FALSE;
}

double
kvmm_usage_get_cpu_fraction (const KvmmUsage *self)
{
  return self->cpu_fraction;
}

guint64
kvmm_usage_get_memory_used_kib (const KvmmUsage *self)
{
  return self->memory_used_kib;
}

KvmmHistory *
kvmm_usage_get_history (const KvmmUsage *self)
{
  return self->history;
}
