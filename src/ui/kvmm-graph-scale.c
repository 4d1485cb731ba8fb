/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "ui/kvmm-graph-scale.h"

#include <math.h>

/* The largest top of an axis: what is beyond comes from broken counters. */
#define MAX_TOP 1e18
#define MINUTE_US (60 * (gint64) G_USEC_PER_SEC)

double
kvmm_graph_scale_bytes (double max)
{
  double top = 1024;

  while (top < max && top < MAX_TOP)
    top *= 2;
  return top;
}

double
kvmm_graph_scale_number (double max)
{
  static const double steps[] = { 1, 2, 5 };

  for (double power = 1; power < MAX_TOP; power *= 10)
    for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
      if (steps[i] * power >= max)
        return steps[i] * power;
  return MAX_TOP;
}

gint64
kvmm_graph_scale_span (gint64 interval_us)
{
  /* Five seconds are 60 samples in five minutes: below that a line has too few points. */
  if (interval_us <= KVMM_GRAPH_SPAN_US / 60)
    return KVMM_GRAPH_SPAN_US;
  return (interval_us * 60 + MINUTE_US - 1) / MINUTE_US * MINUTE_US;
}

gint64
kvmm_graph_scale_tick (gint64 span_us, guint max_ticks)
{
  static const guint minutes[] = { 1, 2, 5, 10, 15, 30, 60, 120, 240 };

  for (guint i = 0; i < G_N_ELEMENTS (minutes); i++)
    if (span_us / (minutes[i] * MINUTE_US) <= (gint64) MAX (max_ticks, 1))
      return minutes[i] * MINUTE_US;
  return span_us;
}
