/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The numbers of a graph's axes. Any thread (pure functions). */

/* What a graph shows when samples come often. */
#define KVMM_GRAPH_SPAN_US (5 * 60 * (gint64) G_USEC_PER_SEC)

/** kvmm_graph_scale_bytes: @max: largest rate in bytes per second. Returns: the top of the axis, a
 * power of two of at least 1024 that is not below @max */
double kvmm_graph_scale_bytes (double max);
/** kvmm_graph_scale_number: Returns: the top of the axis: 1, 2 or 5 times a power of ten, at least
 * 1, not below @max */
double kvmm_graph_scale_number (double max);
/** kvmm_graph_scale_span: @interval_us: mean distance of two samples. Returns: the width of the
 * time axis in µs: five minutes, or 60 samples in whole minutes if they come slowly */
gint64 kvmm_graph_scale_span (gint64 interval_us);
/** kvmm_graph_scale_tick: Returns: the distance of two marks on a time axis @span_us wide that has
 * room for @max_ticks (at least 1): whole minutes, in µs */
gint64 kvmm_graph_scale_tick (gint64 span_us, guint max_ticks);

G_END_DECLS
