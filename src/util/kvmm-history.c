/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "util/kvmm-history.h"

#include <math.h>
#include <string.h>

#include "util/kvmm-thread.h"

struct _KvmmHistory
{
  GObject parent_instance;

  guint n_series;
  guint capacity;
  guint length;
  guint first;   /* row of the oldest sample */
  float *values; /* (owned) capacity rows of n_series columns */
  gint64 *times; /* (owned) capacity */
};

G_DEFINE_FINAL_TYPE (KvmmHistory, kvmm_history, G_TYPE_OBJECT)

enum
{
  SIGNAL_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static guint
history_row (KvmmHistory *self, guint index)
{
  return (guint) (((guint64) self->first + index) % self->capacity);
}

static void
kvmm_history_finalize (GObject *object)
{
  KvmmHistory *self = KVMM_HISTORY (object);

  g_clear_pointer (&self->values, g_free);
  g_clear_pointer (&self->times, g_free);
  G_OBJECT_CLASS (kvmm_history_parent_class)->finalize (object);
}

static void
kvmm_history_class_init (KvmmHistoryClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kvmm_history_finalize;

  /**
   * KvmmHistory::changed:
   *
   * After a sample was added, or all were forgotten.
   */
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                          0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
kvmm_history_init (KvmmHistory *self)
{
}

KvmmHistory *
kvmm_history_new (guint n_series, guint capacity)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_val_if_fail (n_series >= 1 && n_series <= KVMM_HISTORY_MAX_SERIES, NULL);
  g_return_val_if_fail (capacity >= 2, NULL);

  KvmmHistory *self = g_object_new (KVMM_TYPE_HISTORY, NULL);
  self->n_series = n_series;
  self->capacity = capacity;
  self->values = g_new0 (float, (gsize) capacity *n_series);
  self->times = g_new0 (gint64, capacity);
  return self;
}

void
kvmm_history_push (KvmmHistory *self, gint64 time_us, const float *values, guint n_values)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_HISTORY (self));
  g_return_if_fail (values != NULL && n_values == self->n_series);

  guint row = history_row (self, self->length);
  memcpy (self->values + (gsize) row * self->n_series, values, n_values * sizeof (float));
  self->times[row] = time_us;
  if (self->length < self->capacity)
    self->length++;
  else
    self->first = history_row (self, 1);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

void
kvmm_history_clear (KvmmHistory *self)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_HISTORY (self));

  self->length = 0;
  self->first = 0;
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

guint
kvmm_history_get_n_series (KvmmHistory *self)
{
  g_return_val_if_fail (KVMM_IS_HISTORY (self), 0);

  return self->n_series;
}

guint
kvmm_history_get_capacity (KvmmHistory *self)
{
  g_return_val_if_fail (KVMM_IS_HISTORY (self), 0);

  return self->capacity;
}

guint
kvmm_history_get_length (KvmmHistory *self)
{
  g_return_val_if_fail (KVMM_IS_HISTORY (self), 0);

  return self->length;
}

float
kvmm_history_get (KvmmHistory *self, guint series, guint index)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_val_if_fail (KVMM_IS_HISTORY (self), NAN);

  if (series >= self->n_series || index >= self->length)
    return NAN;
  return self->values[(gsize) history_row (self, index) * self->n_series + series];
}

gint64
kvmm_history_get_time (KvmmHistory *self, guint index)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_val_if_fail (KVMM_IS_HISTORY (self), 0);

  return index < self->length ? self->times[history_row (self, index)] : 0;
}

float
kvmm_history_get_max (KvmmHistory *self, guint series)
{
  gboolean any = FALSE;
  float max = 0;

  for (guint i = 0; i < kvmm_history_get_length (self); i++)
    {
      float value = kvmm_history_get (self, series, i);

      if (!isnan (value) && (!any || value > max))
        {
          max = value;
          any = TRUE;
        }
    }
  return max;
}
