/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* The last N samples of some series, for graphs: a ring of floats, one row a sample.
 * Main thread only. Emits "changed" after each push and clear. */

/* Most series a history may have: a graph with more lines says nothing. */
#define KVMM_HISTORY_MAX_SERIES 16

#define KVMM_TYPE_HISTORY (kvmm_history_get_type ())
G_DECLARE_FINAL_TYPE (KvmmHistory, kvmm_history, KVMM, HISTORY, GObject)

/**
 * kvmm_history_new:
 * @n_series: series per sample, 1 to %KVMM_HISTORY_MAX_SERIES
 * @capacity: samples kept, at least 2
 *
 * Returns: (transfer full): an empty history
 */
KvmmHistory *kvmm_history_new (guint n_series, guint capacity);

/**
 * kvmm_history_push:
 * @time_us: g_get_monotonic_time() of the sample
 * @values: (array length=n_values): one value per series; NAN means "not known"
 * @n_values: must equal the number of series
 *
 * Drops the oldest sample when full.
 */
void kvmm_history_push (KvmmHistory *self, gint64 time_us, const float *values, guint n_values);

/** kvmm_history_clear: Forgets every sample. */
void kvmm_history_clear (KvmmHistory *self);

guint kvmm_history_get_n_series (KvmmHistory *self);
guint kvmm_history_get_capacity (KvmmHistory *self);
/** kvmm_history_get_length: Returns: the number of samples held, 0 to capacity */
guint kvmm_history_get_length (KvmmHistory *self);

/**
 * kvmm_history_get:
 * @series: which series
 * @index: 0 is the oldest sample held
 *
 * Returns: the value, NAN when out of range or not known
 */
float kvmm_history_get (KvmmHistory *self, guint series, guint index);

/** kvmm_history_get_time: Returns: the monotonic time in µs of sample @index, 0 when out of range
 */
gint64 kvmm_history_get_time (KvmmHistory *self, guint index);

/** kvmm_history_get_max: Returns: the largest known value of @series, 0 when none */
float kvmm_history_get_max (KvmmHistory *self, guint series);

G_END_DECLS
