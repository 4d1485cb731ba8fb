/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <math.h>

#include "util/kvmm-history.h"

static void
count_cb (KvmmHistory *history, gpointer user_data)
{
  guint *count = user_data;

  *count += 1;
}

static void
test_finalizes (void)
{
  KvmmHistory *history = kvmm_history_new (2, 60);

  g_assert_cmpuint (kvmm_history_get_n_series (history), ==, 2);
  g_assert_cmpuint (kvmm_history_get_capacity (history), ==, 60);
  g_assert_cmpuint (kvmm_history_get_length (history), ==, 0);
  g_assert_finalize_object (history);
}

static void
test_keeps_samples_in_order (void)
{
  g_autoptr (KvmmHistory) history = kvmm_history_new (2, 4);

  for (guint i = 0; i < 3; i++)
    kvmm_history_push (history, 100 + i, (float[]){ i, 10 * i }, 2);
  g_assert_cmpuint (kvmm_history_get_length (history), ==, 3);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_cmpfloat (kvmm_history_get (history, 0, i), ==, i);
      g_assert_cmpfloat (kvmm_history_get (history, 1, i), ==, 10 * i);
      g_assert_cmpint (kvmm_history_get_time (history, i), ==, 100 + i);
    }
}

static void
test_drops_the_oldest_when_full (void)
{
  g_autoptr (KvmmHistory) history = kvmm_history_new (1, 3);

  for (guint i = 0; i < 11; i++)
    {
      kvmm_history_push (history, i, (float[]){ i }, 1);
      guint length = kvmm_history_get_length (history);
      g_assert_cmpuint (length, ==, MIN (i + 1, 3));
      g_assert_cmpfloat (kvmm_history_get (history, 0, length - 1), ==, i);
      g_assert_cmpfloat (kvmm_history_get (history, 0, 0), ==, i + 1 - length);
    }
  g_assert_cmpfloat (kvmm_history_get_max (history, 0), ==, 10);
}

static void
test_out_of_range_is_not_known (void)
{
  g_autoptr (KvmmHistory) history = kvmm_history_new (1, 3);

  kvmm_history_push (history, 7, (float[]){ 1 }, 1);
  g_assert_true (isnan (kvmm_history_get (history, 0, 1)));
  g_assert_true (isnan (kvmm_history_get (history, 1, 0)));
  g_assert_cmpint (kvmm_history_get_time (history, 1), ==, 0);
}

static void
test_max_passes_over_unknown_values (void)
{
  g_autoptr (KvmmHistory) history = kvmm_history_new (2, 3);

  g_assert_cmpfloat (kvmm_history_get_max (history, 0), ==, 0);
  kvmm_history_push (history, 1, (float[]){ NAN, NAN }, 2);
  kvmm_history_push (history, 2, (float[]){ -5, NAN }, 2);
  kvmm_history_push (history, 3, (float[]){ -7, NAN }, 2);
  g_assert_cmpfloat (kvmm_history_get_max (history, 0), ==, -5);
  g_assert_cmpfloat (kvmm_history_get_max (history, 1), ==, 0);
  g_assert_true (isnan (kvmm_history_get (history, 0, 0)));
}

static void
test_tells_of_each_change (void)
{
  g_autoptr (KvmmHistory) history = kvmm_history_new (1, 2);
  guint count = 0;

  g_signal_connect (history, "changed", G_CALLBACK (count_cb), &count);
  kvmm_history_push (history, 1, (float[]){ 1 }, 1);
  g_assert_cmpuint (count, ==, 1);
  kvmm_history_clear (history);
  g_assert_cmpuint (count, ==, 2);
  g_assert_cmpuint (kvmm_history_get_length (history), ==, 0);
  g_assert_true (isnan (kvmm_history_get (history, 0, 0)));
}

static void
test_takes_the_most_series (void)
{
  g_autoptr (KvmmHistory) history = kvmm_history_new (KVMM_HISTORY_MAX_SERIES, 2);
  float values[KVMM_HISTORY_MAX_SERIES];

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    values[i] = i;
  kvmm_history_push (history, 1, values, G_N_ELEMENTS (values));
  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    g_assert_cmpfloat (kvmm_history_get (history, i, 0), ==, i);
}

static void
test_refuses_too_many_series (void)
{
  if (g_test_subprocess ())
    {
      kvmm_history_new (KVMM_HISTORY_MAX_SERIES + 1, 2);
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/util/history/finalizes", test_finalizes);
  g_test_add_func ("/util/history/keeps-samples-in-order", test_keeps_samples_in_order);
  g_test_add_func ("/util/history/drops-the-oldest-when-full", test_drops_the_oldest_when_full);
  g_test_add_func ("/util/history/out-of-range-is-not-known", test_out_of_range_is_not_known);
  g_test_add_func ("/util/history/max-passes-over-unknown-values",
                   test_max_passes_over_unknown_values);
  g_test_add_func ("/util/history/tells-of-each-change", test_tells_of_each_change);
  g_test_add_func ("/util/history/takes-the-most-series", test_takes_the_most_series);
  g_test_add_func ("/util/history/refuses-too-many-series", test_refuses_too_many_series);
  return g_test_run ();
}
