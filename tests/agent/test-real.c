/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent-fixture.h"

#include <signal.h>
#include <sys/sysinfo.h>

#include "util/kvmm-thread.h"

/* The client and the agent that goes into guests, over a socketpair. Nothing that changes this
 * computer is asked for. */

static void
test_every_fact_of_this_computer (void)
{
  g_autoptr (Fixture) f = fixture_new_real ();
  struct sysinfo info;

  g_assert_cmpint (sysinfo (&info), ==, 0);
  kvmm_agent_client_start (f->client);
  test_wait_until (fixture_has_all_facts (f));
  g_assert_true (fixture_is (f, KVMM_AGENT_CLIENT_READY));
  g_assert_cmpuint (kvmm_agent_client_get_session_count (f->client), ==, 1);
  g_assert_nonnull (kvmm_agent_client_get_version (f->client));
  g_assert_cmpstr (f->system->hostname, ==, g_get_host_name ());
  g_assert_cmpuint (f->system->cpus, >, 0);
  g_assert_cmpuint (f->system->memory_bytes, >, 0);
  g_assert_cmpuint (f->metrics->memory_total_bytes, ==, info.totalram * info.mem_unit);
  g_assert_cmpuint (f->interfaces->len, >, 0);
  g_assert_cmpuint (kvmm_agent_client_get_counters (f->client)->faults, ==, 0);
  g_assert_cmpuint (kvmm_agent_client_get_counters (f->client)->invalid_bodies, ==, 0);
}

static void
test_metrics_are_pushed (void)
{
  g_autoptr (Fixture) f = fixture_new_real ();
  guint count;

  kvmm_agent_client_set_visible (f->client, TRUE, 1000);
  kvmm_agent_client_start (f->client);
  test_wait_until (fixture_has_all_facts (f));
  count = f->n_metrics;
  test_wait_until (f->n_metrics >= count + 2);
  g_assert_cmpfloat (f->metrics->cpu_idle, >=, 0);
  g_assert_cmpfloat (f->metrics->cpu_idle, <=, 1);
}

static void
test_refresh_and_ping (void)
{
  g_autoptr (Fixture) f = fixture_new_real ();
  g_auto (Outcome) refresh = { 0 };
  g_auto (Outcome) ping = { 0 };
  guint users;

  kvmm_agent_client_start (f->client);
  test_wait_until (fixture_has_all_facts (f));
  users = f->n_users;
  kvmm_agent_client_refresh_async (f->client, NULL, outcome_refresh_cb, &refresh);
  kvmm_agent_client_ping_async (f->client, NULL, outcome_ping_cb, &ping);
  test_wait_until (refresh.n_calls == 1 && ping.n_calls == 1);
  g_assert_no_error (refresh.error);
  g_assert_no_error (ping.error);
  g_assert_cmpuint (f->n_users, ==, users + 1);
  g_assert_cmpint (ping.value, >=, 0);
}

static void
test_a_nudge_begins_a_new_session (void)
{
  g_autoptr (Fixture) f = fixture_new_real ();

  kvmm_agent_client_start (f->client);
  test_wait_until (fixture_has_all_facts (f));
  for (guint i = 2; i < 12; i++)
    {
      guint count = f->n_users;

      kvmm_agent_client_nudge (f->client);
      test_wait_until (kvmm_agent_client_get_session_count (f->client) == i && f->n_users > count);
    }
  g_assert_cmpuint (kvmm_agent_client_get_counters (f->client)->faults, ==, 0);
}

static void
test_the_end_of_the_agent_ends_the_client (void)
{
  g_autoptr (Fixture) f = fixture_new_real ();

  kvmm_agent_client_start (f->client);
  test_wait_until (fixture_has_all_facts (f));
  kill (f->pid, SIGKILL);
  test_wait_until (fixture_is (f, KVMM_AGENT_CLIENT_CLOSED));
  g_assert_nonnull (kvmm_agent_client_get_error (f->client));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  kvmm_thread_set_main ();
#define ADD(path, func) g_test_add_func ("/agent/real/" path, func)
  ADD ("every-fact-of-this-computer", test_every_fact_of_this_computer);
  ADD ("metrics-are-pushed", test_metrics_are_pushed);
  ADD ("refresh-and-ping", test_refresh_and_ping);
  ADD ("a-nudge-begins-a-new-session", test_a_nudge_begins_a_new_session);
  ADD ("the-end-of-the-agent-ends-the-client", test_the_end_of_the_agent_ends_the_client);
  return g_test_run ();
}
