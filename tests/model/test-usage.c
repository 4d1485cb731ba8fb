/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gstdio.h>
#include <math.h>

#include "model/kvmm-connection-private.h"
#include "model/kvmm-usage.h"
#include "test-model.h"

static KvmmDomainStats
first_sample (void)
{
  return (KvmmDomainStats){ .time_us = 5 * G_USEC_PER_SEC,
                            .has_cpu = TRUE,
                            .cpu_time_ns = 1000,
                            .vcpus = 4,
                            .has_block = TRUE,
                            .read_bytes = 100,
                            .write_bytes = 200,
                            .has_net = TRUE,
                            .rx_bytes = 300,
                            .tx_bytes = 400 };
}

static float
last_value (KvmmUsage *usage, KvmmUsageSeries series)
{
  KvmmHistory *history = kvmm_usage_get_history (usage);

  return kvmm_history_get (history, series, kvmm_history_get_length (history) - 1);
}

static void
test_rates_come_from_differences (void)
{
  g_autoptr (KvmmUsage) usage = kvmm_usage_new (10);
  KvmmDomainStats stats = first_sample ();

  kvmm_usage_add (usage, &stats);
  g_assert_true (isnan (kvmm_usage_get_cpu_fraction (usage)));
  g_assert_true (isnan (last_value (usage, KVMM_USAGE_DISK_READ)));

  stats.time_us += 2 * G_USEC_PER_SEC;
  stats.cpu_time_ns += 4ULL * 1000 * 1000 * 1000;
  stats.read_bytes += 2048;
  stats.write_bytes += 4096;
  stats.rx_bytes += 10;
  stats.tx_bytes += 20;
  g_assert_true (kvmm_usage_add (usage, &stats));
  g_assert_cmpfloat_with_epsilon (kvmm_usage_get_cpu_fraction (usage), 0.5, 1e-9);
  g_assert_cmpfloat_with_epsilon (last_value (usage, KVMM_USAGE_DISK_READ), 1024.0f, 0.1f);
  g_assert_cmpfloat_with_epsilon (last_value (usage, KVMM_USAGE_DISK_WRITE), 2048.0f, 0.1f);
  g_assert_cmpfloat_with_epsilon (last_value (usage, KVMM_USAGE_NETWORK_READ), 5.0f, 0.1f);
  g_assert_cmpfloat_with_epsilon (last_value (usage, KVMM_USAGE_NETWORK_WRITE), 10.0f, 0.1f);
}

static void
test_counters_that_fall_mean_a_restart (void)
{
  g_autoptr (KvmmUsage) usage = kvmm_usage_new (10);
  KvmmDomainStats stats = first_sample ();

  stats.cpu_time_ns = 1000 * 1000;
  kvmm_usage_add (usage, &stats);
  stats.time_us += G_USEC_PER_SEC;
  stats.cpu_time_ns = 10;
  stats.read_bytes = 0;
  kvmm_usage_add (usage, &stats);
  g_assert_true (isnan (kvmm_usage_get_cpu_fraction (usage)));
  g_assert_true (isnan (last_value (usage, KVMM_USAGE_DISK_READ)));
}

static void
test_more_than_all_is_all (void)
{
  g_autoptr (KvmmUsage) usage = kvmm_usage_new (10);
  KvmmDomainStats stats = first_sample ();

  kvmm_usage_add (usage, &stats);
  stats.time_us += 1;
  stats.cpu_time_ns = G_MAXUINT64;
  kvmm_usage_add (usage, &stats);
  g_assert_cmpfloat (kvmm_usage_get_cpu_fraction (usage), ==, 1.0);
}

static void
test_memory_by_the_best_source (void)
{
  g_autoptr (KvmmUsage) usage = kvmm_usage_new (10);
  KvmmDomainStats stats = first_sample ();

  kvmm_usage_add (usage, &stats);
  g_assert_cmpuint (kvmm_usage_get_memory_used_kib (usage), ==, 0);
  g_assert_true (isnan (last_value (usage, KVMM_USAGE_MEMORY)));
  stats.has_memory = TRUE;
  stats.memory_current_kib = 1000;
  stats.memory_rss_kib = 5000;
  kvmm_usage_add (usage, &stats);
  g_assert_cmpuint (kvmm_usage_get_memory_used_kib (usage), ==, 1000);
  stats.memory_unused_kib = 400;
  kvmm_usage_add (usage, &stats);
  g_assert_cmpuint (kvmm_usage_get_memory_used_kib (usage), ==, 600);
  g_assert_cmpfloat_with_epsilon (last_value (usage, KVMM_USAGE_MEMORY), 0.6f, 1e-5f);
}

static void
test_what_cannot_be_seen_is_no_change (void)
{
  g_autoptr (KvmmUsage) usage = kvmm_usage_new (10);
  KvmmDomainStats stats = first_sample ();

  kvmm_usage_add (usage, &stats);
  stats.time_us += G_USEC_PER_SEC;
  g_assert_true (kvmm_usage_add (usage, &stats));
  for (guint i = 0; i < 3; i++)
    {
      stats.time_us += G_USEC_PER_SEC;
      stats.cpu_time_ns += 1000;
      g_assert_false (kvmm_usage_add (usage, &stats));
    }
  g_assert_cmpuint (kvmm_history_get_length (kvmm_usage_get_history (usage)), ==, 5);
}

/* ---- the poller, on libvirt's test driver ---- */

static void
test_polls_only_while_held (void)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  KvmmConnection *connection = test_connected ("test:///default", settings);
  KvmmDomain *domain = kvmm_connection_find (connection, "test");
  guint n_changes = 0;

  test_settle ();
  g_assert_null (kvmm_domain_get_history (domain));
  g_signal_connect (domain, "stats-changed", G_CALLBACK (test_count_cb), &n_changes);
  kvmm_connection_hold_stats (connection);
  kvmm_connection_hold_stats (connection);
  TEST_RUN_UNTIL (kvmm_domain_get_history (domain) != NULL &&
                  kvmm_history_get_length (kvmm_domain_get_history (domain)) == 1);
  kvmm_connection_release_stats (connection);
  TEST_RUN_UNTIL (kvmm_history_get_length (kvmm_domain_get_history (domain)) == 2);
  kvmm_connection_release_stats (connection);

  gint64 end_us = g_get_monotonic_time () + 1300 * 1000;
  TEST_RUN_UNTIL (g_get_monotonic_time () > end_us);
  g_assert_cmpuint (kvmm_history_get_length (kvmm_domain_get_history (domain)), ==, 2);
  test_drop (connection);
}

int
main (int argc, char **argv)
{
  test_model_init (&argc, &argv);
  g_test_add_func ("/model/usage/rates-come-from-differences", test_rates_come_from_differences);
  g_test_add_func ("/model/usage/counters-that-fall-mean-a-restart",
                   test_counters_that_fall_mean_a_restart);
  g_test_add_func ("/model/usage/more-than-all-is-all", test_more_than_all_is_all);
  g_test_add_func ("/model/usage/memory-by-the-best-source", test_memory_by_the_best_source);
  g_test_add_func ("/model/usage/what-cannot-be-seen-is-no-change",
                   test_what_cannot_be_seen_is_no_change);
  g_test_add_func ("/model/stats-poller/polls-only-while-held", test_polls_only_while_held);
  return g_test_run ();
}
