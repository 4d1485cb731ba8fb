/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "ui/kvmm-graph-scale.h"

static void
test_bytes_is_a_power_of_two (void)
{
  g_assert_cmpfloat (kvmm_graph_scale_bytes (0), ==, 1024);
  g_assert_cmpfloat (kvmm_graph_scale_bytes (1024), ==, 1024);
  g_assert_cmpfloat (kvmm_graph_scale_bytes (1025), ==, 2048);
  g_assert_cmpfloat (kvmm_graph_scale_bytes (1500000), ==, 2097152);
}

static void
test_number_is_round (void)
{
  g_assert_cmpfloat (kvmm_graph_scale_number (0), ==, 1);
  g_assert_cmpfloat (kvmm_graph_scale_number (1.2), ==, 2);
  g_assert_cmpfloat (kvmm_graph_scale_number (4), ==, 5);
  g_assert_cmpfloat (kvmm_graph_scale_number (51), ==, 100);
}

static void
test_absurd_maximum_ends (void)
{
  g_assert_cmpfloat (kvmm_graph_scale_bytes (1e300), >=, 1e18);
  g_assert_cmpfloat (kvmm_graph_scale_number (1e300), >=, 1e18);
}

static void
test_span_grows_with_slow_samples (void)
{
  g_assert_cmpint (kvmm_graph_scale_span (0), ==, KVMM_GRAPH_SPAN_US);
  g_assert_cmpint (kvmm_graph_scale_span (5 * G_USEC_PER_SEC), ==, KVMM_GRAPH_SPAN_US);
  g_assert_cmpint (kvmm_graph_scale_span (60 * G_USEC_PER_SEC), ==, 3600 * (gint64) G_USEC_PER_SEC);
}

static void
test_ticks_fit_the_width (void)
{
  g_assert_cmpint (kvmm_graph_scale_tick (KVMM_GRAPH_SPAN_US, 5), ==, 60 * G_USEC_PER_SEC);
  g_assert_cmpint (kvmm_graph_scale_tick (KVMM_GRAPH_SPAN_US, 3), ==, 120 * G_USEC_PER_SEC);
  g_assert_cmpint (kvmm_graph_scale_tick (KVMM_GRAPH_SPAN_US, 0), ==,
                   300 * (gint64) G_USEC_PER_SEC);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ui/graph-scale/bytes-is-a-power-of-two", test_bytes_is_a_power_of_two);
  g_test_add_func ("/ui/graph-scale/number-is-round", test_number_is_round);
  g_test_add_func ("/ui/graph-scale/absurd-maximum-ends", test_absurd_maximum_ends);
  g_test_add_func ("/ui/graph-scale/span-grows-with-slow-samples",
                   test_span_grows_with_slow_samples);
  g_test_add_func ("/ui/graph-scale/ticks-fit-the-width", test_ticks_fit_the_width);
  return g_test_run ();
}
