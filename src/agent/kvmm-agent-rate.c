/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-rate.h"

void
kvmm_agent_bucket_fill (KvmmAgentBucket *self, gint64 now_us, gsize burst)
{
  self->at_us = now_us;
  self->level = (double) burst;
}

gboolean
kvmm_agent_bucket_take (
    KvmmAgentBucket *self, gint64 now_us, gsize amount, gsize per_second, gsize burst)
{
  double gained = (double) (now_us - self->at_us) * (double) per_second / G_USEC_PER_SEC;

  self->level = MIN (self->level + gained, (double) burst) - (double) amount;
  self->at_us = now_us;
  return self->level >= 0;
}

guint
kvmm_agent_window_add (KvmmAgentWindow *self, gint64 now_us, gint64 window_us, guint storm)
{
  gint64 index = now_us / window_us;

  if (index != self->index)
    {
      gboolean was_storm = self->count > storm && index == self->index + 1;

      self->streak = was_storm ? self->streak + 1 : 0;
      self->index = index;
      self->count = 0;
    }
  return ++self->count;
}
