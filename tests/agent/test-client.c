/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent-fixture.h"

#include <math.h>

#include "protocol/kvma-names.h"
#include "util/kvmm-thread.h"

static void
test_can_be_dropped_at_any_moment (void)
{
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (FakePeer) peer G_GNUC_UNUSED = fake_peer_new (&stream);
  KvmmAgentClient *client = kvmm_agent_client_new (stream, NULL);

  g_assert_cmpint (kvmm_agent_client_get_state (client), ==, KVMM_AGENT_CLIENT_CONNECTING);
  g_assert_null (kvmm_agent_client_get_version (client));
  g_assert_cmpint (kvmm_agent_client_get_round_trip (client), ==, -1);
  kvmm_agent_client_start (client);
  g_assert_finalize_object (client);
  g_assert_true (g_io_stream_is_closed (stream));
}

static void
test_reads_every_fact_of_a_new_session (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  const KvmmGuestInterface *eth0 = g_ptr_array_index (f->interfaces, 0);
  const KvmmGuestAddress *address = g_ptr_array_index (eth0->addresses, 0);
  const KvmmGuestFilesystem *root = g_ptr_array_index (f->filesystems, 0);
  const KvmmGuestUser *anna = g_ptr_array_index (f->users, 0);

  g_assert_cmpstr (kvmm_agent_client_get_version (f->client), ==, "0.1.0");
  g_assert_cmpstr (kvmm_agent_client_get_boot_id (f->client), ==, "b0");
  g_assert_null (kvmm_agent_client_get_policy_error (f->client));
  g_assert_true (kvmm_agent_client_has_capability (f->client, "net.list@1"));
  g_assert_false (kvmm_agent_client_has_capability (f->client, "exec.start@1"));
  g_assert_cmpuint (kvmm_agent_client_get_session_count (f->client), ==, 1);
  g_assert_cmpint (kvmm_agent_client_get_last_seen (f->client), >, 0);
  test_wait_until (kvmm_agent_client_get_round_trip (f->client) >= 0);

  g_assert_cmpstr (f->system->os_id, ==, "debian");
  g_assert_cmpstr (f->system->os_pretty, ==, "Debian GNU/Linux 12 (bookworm)");
  g_assert_cmpstr (f->system->timezone, ==, "Europe/Berlin");
  g_assert_cmpint (f->system->boot_time_s, ==, 1700000000);
  g_assert_cmpuint (f->system->uptime_ms, ==, 61000);
  g_assert_cmpuint (f->system->cpus, ==, 2);
  g_assert_cmpuint (f->system->memory_bytes, ==, 134217728);

  g_assert_cmpfloat (f->metrics->cpu_user, ==, 0.25);
  g_assert_cmpfloat (f->metrics->load[2], ==, 2);
  g_assert_cmpuint (f->metrics->memory_available_bytes, ==, 67108864);
  g_assert_true (f->metrics->has_psi);
  g_assert_cmpfloat (f->metrics->psi_io, ==, 100);
  g_assert_cmpuint (f->metrics->processes, ==, 77);

  g_assert_cmpuint (f->interfaces->len, ==, 2);
  g_assert_cmpstr (eth0->mac, ==, "52:54:00:12:34:56");
  g_assert_cmpuint (eth0->addresses->len, ==, 2);
  g_assert_cmpstr (address->ip, ==, "10.0.2.15");
  g_assert_true (address->is_dynamic);
  g_assert_cmpstr (root->disk_serial, ==, "root");
  g_assert_cmpuint (root->used_bytes, ==, 400000);
  g_assert_cmpstr (anna->terminal, ==, "pts/0");
  g_assert_cmpint (anna->login_time_s, ==, 1700000005);
  g_assert_true (fixture_said (f, "session"));
}

static void
test_subscribes_to_every_topic (void)
{
  static const char *const topics[] = {
    "metrics.sample", "net.changed",         "fs.changed",           "users.changed",
    "time.jump",      "power.shutting_down", "agent.policy_changed", NULL
  };
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);

  for (guint i = 0; topics[i] != NULL; i++)
    g_assert_nonnull (strstr (f->peer->last_topics, topics[i]));
  g_assert_nonnull (strstr (f->peer->last_topics, "\"interval_ms\":10000"));

  kvmm_agent_client_set_visible (f->client, TRUE, 2000);
  test_wait_until (strstr (f->peer->last_topics, "\"interval_ms\":2000") != NULL);
  kvmm_agent_client_set_visible (f->client, FALSE, 2000);
  test_wait_until (strstr (f->peer->last_topics, "\"interval_ms\":10000") != NULL);
}

static void
test_events_bring_new_values (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);

  fake_peer_event (f->peer, "net.changed", "{\"t\":1,\"n\":1,\"dropped\":0,\"ifaces\":[]}");
  fake_peer_event (f->peer, "fs.changed", "{\"t\":1,\"n\":1,\"dropped\":0,\"fs\":[]}");
  fake_peer_event (f->peer, "users.changed", "{\"t\":1,\"n\":1,\"dropped\":0,\"users\":[]}");
  fake_peer_event (f->peer, "time.jump", "{\"t\":1,\"n\":1,\"dropped\":0,\"delta_ms\":-3600000}");
  fake_peer_event (f->peer, "agent.policy_changed", "{\"policy\":{},\"policy_error\":\"a:1: x\"}");
  fake_peer_event (f->peer, "power.shutting_down", "{\"mode\":\"poweroff\",\"in_ms\":0}");
  fake_peer_event (f->peer, "from.the.future", "{\"t\":1}");
  fake_peer_event (f->peer, "metrics.sample", "{\"t\":7,\"mem\":{\"total\":2,\"avail\":1}}");
  test_wait_until (f->n_metrics == 2);

  g_assert_cmpuint (f->interfaces->len, ==, 0);
  g_assert_cmpuint (f->filesystems->len, ==, 0);
  g_assert_cmpuint (f->users->len, ==, 0);
  g_assert_cmpint (f->metrics->time_ms, ==, 7);
  g_assert_true (isnan (f->metrics->cpu_user));
  g_assert_false (f->metrics->has_psi);
  g_assert_true (fixture_said (f, "time-jump"));
  g_assert_true (fixture_said (f, "policy-changed"));
  g_assert_true (fixture_said (f, "powering-off"));
  g_assert_nonnull (strstr (f->texts->str, "-3600.0 s"));
  g_assert_nonnull (strstr (f->texts->str, "a:1: x"));
  g_assert_cmpuint (kvmm_agent_client_get_counters (f->client)->invalid_bodies, ==, 0);
}

static void
test_a_byte_at_a_time_is_the_same (void)
{
  g_autoptr (Fixture) f = fixture_new (&quick_intervals);

  f->peer->write_chunk = 1;
  kvmm_agent_client_start (f->client);
  test_wait_until (fixture_has_all_facts (f));
  g_assert_cmpstr (f->system->hostname, ==, "anvil");
  g_assert_cmpuint (f->interfaces->len, ==, 2);
  g_assert_cmpuint (kvmm_agent_client_get_counters (f->client)->faults, ==, 0);
}

static void
test_refresh_reads_everything_anew (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  g_auto (Outcome) outcome = { 0 };

  kvmm_agent_client_refresh_async (f->client, NULL, outcome_refresh_cb, &outcome);
  test_wait_until (outcome.n_calls == 1);
  g_assert_no_error (outcome.error);
  g_assert_true (outcome.value);
  g_assert_cmpuint (f->n_system, ==, 2);
  g_assert_cmpuint (f->n_users, ==, 2);
  g_assert_cmpuint (f->n_metrics, ==, 2);
}

static void
test_refresh_tells_the_first_failure (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  g_auto (Outcome) outcome = { 0 };

  fake_peer_set_result (f->peer, KVMA_METHOD_FS_LIST, "{\"fs\":7}");
  kvmm_agent_client_refresh_async (f->client, NULL, outcome_refresh_cb, &outcome);
  test_wait_until (outcome.n_calls == 1);
  g_assert_error (outcome.error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_INVALID_REPLY);
  g_assert_cmpuint (f->n_filesystems, ==, 1);
  g_assert_cmpuint (f->n_users, ==, 2);
}

static void
test_ping_measures_the_round_trip (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  g_auto (Outcome) outcome = { 0 };

  kvmm_agent_client_ping_async (f->client, NULL, outcome_ping_cb, &outcome);
  test_wait_until (outcome.n_calls == 1);
  g_assert_no_error (outcome.error);
  g_assert_cmpint (outcome.value, >=, 0);
  g_assert_cmpint (outcome.value, <, TEST_WAIT_LIMIT_S * G_USEC_PER_SEC);
}

static void
test_power_is_asked_for_once (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  g_auto (Outcome) outcome = { 0 };
  guint requests = f->peer->requests;

  kvmm_agent_client_power_async (f->client, KVMM_AGENT_POWER_REBOOT, NULL, outcome_power_cb,
                                 &outcome);
  test_wait_until (outcome.n_calls == 1);
  g_assert_no_error (outcome.error);
  g_assert_true (outcome.value);
  g_assert_cmpuint (f->peer->requests, ==, requests + 1);
}

static void
test_power_lost_without_an_answer_is_unknown (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  g_auto (Outcome) outcome = { 0 };
  guint requests;

  f->peer->is_mute = TRUE;
  requests = f->peer->requests;
  kvmm_agent_client_power_async (f->client, KVMM_AGENT_POWER_OFF, NULL, outcome_power_cb, &outcome);
  test_wait_until (f->peer->requests == requests + 1);
  f->peer->is_mute = FALSE;
  fake_peer_bye (f->peer, "shutting_down");
  test_wait_until (outcome.n_calls == 1);
  g_assert_error (outcome.error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_OUTCOME_UNKNOWN);

  /* The new session does not repeat it. */
  requests = f->peer->requests;
  test_wait_until (f->n_users == 2 && f->n_metrics == 2);
  g_assert_cmpuint (f->peer->requests, ==, requests + 6);
}

static void
test_a_read_lost_without_an_answer_is_closed (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  g_auto (Outcome) refresh = { 0 };
  g_auto (Outcome) ping = { 0 };

  f->peer->is_mute = TRUE;
  kvmm_agent_client_refresh_async (f->client, NULL, outcome_refresh_cb, &refresh);
  kvmm_agent_client_ping_async (f->client, NULL, outcome_ping_cb, &ping);
  kvmm_agent_client_close (f->client);
  test_wait_until (refresh.n_calls == 1 && ping.n_calls == 1);
  g_assert_error (refresh.error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED);
  g_assert_error (ping.error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED);
  g_assert_null (kvmm_agent_client_get_error (f->client));
}

static void
test_a_request_ends_at_its_deadline (void)
{
  KvmmAgentIntervals intervals = quick_intervals;
  g_autoptr (Fixture) f = NULL;
  g_auto (Outcome) refresh = { 0 };
  g_auto (Outcome) power = { 0 };
  g_auto (Outcome) ping = { 0 };

  f = fixture_new_ready (&intervals);
  f->client->intervals.request = 30;
  f->peer->is_mute = TRUE;
  kvmm_agent_client_refresh_async (f->client, NULL, outcome_refresh_cb, &refresh);
  kvmm_agent_client_power_async (f->client, KVMM_AGENT_POWER_OFF, NULL, outcome_power_cb, &power);
  kvmm_agent_client_ping_async (f->client, NULL, outcome_ping_cb, &ping);
  test_wait_until (refresh.n_calls == 1 && power.n_calls == 1 && ping.n_calls == 1);
  g_assert_error (refresh.error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_TIMEOUT);
  g_assert_error (power.error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_OUTCOME_UNKNOWN);
  g_assert_error (ping.error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_TIMEOUT);
  test_wait_until (f->peer->cancelled_id > 0);
  g_assert_true (fixture_is (f, KVMM_AGENT_CLIENT_READY));
}

static void
test_a_late_answer_is_dropped (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  g_auto (Outcome) outcome = { 0 };
  gint64 id;

  f->client->intervals.request = 20;
  f->peer->is_mute = TRUE;
  kvmm_agent_client_power_async (f->client, KVMM_AGENT_POWER_OFF, NULL, outcome_power_cb, &outcome);
  test_wait_until (outcome.n_calls == 1 && f->peer->cancelled_id > 0);
  id = f->peer->cancelled_id;
  f->peer->is_mute = FALSE;
  fake_peer_reply (f->peer, id, "{\"accepted\":true}");
  test_wait_until (kvmm_agent_client_get_counters (f->client)->late_replies == 1);
  g_assert_cmpuint (outcome.n_calls, ==, 1);
  g_assert_true (fixture_is (f, KVMM_AGENT_CLIENT_READY));
}

static void
test_cancelling_tells_the_guest (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Outcome) outcome = { 0 };
  guint requests = f->peer->requests;
  gint64 id;

  f->peer->is_mute = TRUE;
  kvmm_agent_client_power_async (f->client, KVMM_AGENT_POWER_OFF, cancellable, outcome_power_cb,
                                 &outcome);
  test_wait_until (f->peer->requests == requests + 1);
  id = f->peer->last_id;
  g_cancellable_cancel (cancellable);
  test_wait_until (outcome.n_calls == 1);
  g_assert_error (outcome.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_wait_until (f->peer->cancelled_id == id);
}

static void
test_a_cancelled_call_is_not_sent (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Outcome) outcome = { 0 };
  guint requests = f->peer->requests;

  g_cancellable_cancel (cancellable);
  kvmm_agent_client_power_async (f->client, KVMM_AGENT_POWER_OFF, cancellable, outcome_power_cb,
                                 &outcome);
  test_wait_until (outcome.n_calls == 1);
  g_assert_error (outcome.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_drain ();
  g_assert_cmpuint (f->peer->requests, ==, requests);
}

static void
test_sixteen_requests_may_be_in_flight (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  g_auto (Outcome) outcome = { 0 };

  f->peer->is_mute = TRUE;
  for (guint i = 0; i < KVMA_REQUESTS_MAX; i++)
    kvmm_agent_client_power_async (f->client, KVMM_AGENT_POWER_OFF, NULL, outcome_power_cb,
                                   &outcome);
  test_drain ();
  g_assert_cmpuint (outcome.n_calls, ==, 0);
  kvmm_agent_client_power_async (f->client, KVMM_AGENT_POWER_OFF, NULL, outcome_power_cb, &outcome);
  test_wait_until (outcome.n_calls == 1);
  g_assert_error (outcome.error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_BUSY);
  g_clear_error (&outcome.error);
  g_assert_cmpuint (kvmm_agent_requests_get_count (f->client->requests), ==, KVMA_REQUESTS_MAX);
  /* Each completes, all into the same place. */
  f->peer->is_mute = FALSE;
  for (gint64 id = f->peer->last_id - KVMA_REQUESTS_MAX + 1, last = f->peer->last_id; id <= last;
       id++)
    fake_peer_reply (f->peer, id, "{\"accepted\":true}");
  test_wait_until (outcome.n_calls == 1 + KVMA_REQUESTS_MAX);
  g_assert_no_error (outcome.error);
}

static void
test_calls_without_a_session_fail (void)
{
  g_autoptr (Fixture) f = fixture_new (&quick_intervals);
  g_auto (Outcome) refresh = { 0 };
  g_auto (Outcome) power = { 0 };
  g_auto (Outcome) ping = { 0 };

  kvmm_agent_client_refresh_async (f->client, NULL, outcome_refresh_cb, &refresh);
  kvmm_agent_client_power_async (f->client, KVMM_AGENT_POWER_OFF, NULL, outcome_power_cb, &power);
  kvmm_agent_client_ping_async (f->client, NULL, outcome_ping_cb, &ping);
  test_wait_until (refresh.n_calls == 1 && power.n_calls == 1 && ping.n_calls == 1);
  g_assert_error (refresh.error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED);
  g_assert_error (power.error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED);
  g_assert_error (ping.error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED);
}

static void
test_errors_of_the_guest_have_our_words (void)
{
  static const struct
  {
    int code;
    KvmmAgentError error;
  } cases[] = {
    { KVMA_ERROR_DENIED, KVMM_AGENT_ERROR_DENIED },
    { KVMA_ERROR_NO_METHOD, KVMM_AGENT_ERROR_NOT_SUPPORTED },
    { KVMA_ERROR_UNSUPPORTED, KVMM_AGENT_ERROR_NOT_SUPPORTED },
    { KVMA_ERROR_TIMEOUT, KVMM_AGENT_ERROR_TIMEOUT },
    { KVMA_ERROR_BUSY, KVMM_AGENT_ERROR_BUSY },
    { KVMA_ERROR_RATE_LIMITED, KVMM_AGENT_ERROR_BUSY },
    { KVMA_ERROR_NOT_FOUND, KVMM_AGENT_ERROR_NOT_FOUND },
    { KVMA_ERROR_EXISTS, KVMM_AGENT_ERROR_EXISTS },
    { KVMA_ERROR_TOO_LARGE, KVMM_AGENT_ERROR_TOO_LARGE },
    { KVMA_ERROR_FROZEN, KVMM_AGENT_ERROR_FROZEN },
    { KVMA_ERROR_STATE, KVMM_AGENT_ERROR_WRONG_STATE },
    { KVMA_ERROR_IO, KVMM_AGENT_ERROR_FAILED },
    { KVMA_ERROR_AUDIT, KVMM_AGENT_ERROR_FAILED },
    { 12345, KVMM_AGENT_ERROR_FAILED },
  };
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);

  f->peer->is_mute = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Outcome) outcome = { 0 };
      guint requests = f->peer->requests;

      kvmm_agent_client_power_async (f->client, KVMM_AGENT_POWER_OFF, NULL, outcome_power_cb,
                                     &outcome);
      test_wait_until (f->peer->requests == requests + 1);
      fake_peer_reply_error (f->peer, f->peer->last_id, cases[i].code, "because");
      test_wait_until (outcome.n_calls == 1);
      g_assert_error (outcome.error, KVMM_AGENT_ERROR, (int) cases[i].error);
      g_assert_nonnull (strstr (outcome.error->message, "because"));
      g_assert_nonnull (strstr (outcome.error->message, "power=allow"));
    }
}

static void
drop_cb (KvmmAgentClient *client, const KvmmGuestMetrics *value, KvmmAgentClient **slot)
{
  g_clear_object (slot);
}

static void
test_may_be_dropped_inside_a_signal (void)
{
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (FakePeer) peer G_GNUC_UNUSED = fake_peer_new (&stream);
  KvmmAgentClient *client = kvmm_agent_client_new (stream, NULL);
  gpointer watch = client;

  g_object_add_weak_pointer (G_OBJECT (client), &watch);
  g_signal_connect (client, "metrics", G_CALLBACK (drop_cb), &client);
  kvmm_agent_client_start (client);
  test_wait_until (watch == NULL);
  g_assert_null (client);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  kvmm_thread_set_main ();
#define ADD(path, func) g_test_add_func ("/agent/client/" path, func)
  ADD ("can-be-dropped-at-any-moment", test_can_be_dropped_at_any_moment);
  ADD ("may-be-dropped-inside-a-signal", test_may_be_dropped_inside_a_signal);
  ADD ("reads-every-fact-of-a-new-session", test_reads_every_fact_of_a_new_session);
  ADD ("subscribes-to-every-topic", test_subscribes_to_every_topic);
  ADD ("events-bring-new-values", test_events_bring_new_values);
  ADD ("a-byte-at-a-time-is-the-same", test_a_byte_at_a_time_is_the_same);
  ADD ("refresh-reads-everything-anew", test_refresh_reads_everything_anew);
  ADD ("refresh-tells-the-first-failure", test_refresh_tells_the_first_failure);
  ADD ("ping-measures-the-round-trip", test_ping_measures_the_round_trip);
  ADD ("power-is-asked-for-once", test_power_is_asked_for_once);
  ADD ("power-lost-without-an-answer-is-unknown", test_power_lost_without_an_answer_is_unknown);
  ADD ("a-read-lost-without-an-answer-is-closed", test_a_read_lost_without_an_answer_is_closed);
  ADD ("a-request-ends-at-its-deadline", test_a_request_ends_at_its_deadline);
  ADD ("a-late-answer-is-dropped", test_a_late_answer_is_dropped);
  ADD ("cancelling-tells-the-guest", test_cancelling_tells_the_guest);
  ADD ("a-cancelled-call-is-not-sent", test_a_cancelled_call_is_not_sent);
  ADD ("sixteen-requests-may-be-in-flight", test_sixteen_requests_may_be_in_flight);
  ADD ("calls-without-a-session-fail", test_calls_without_a_session_fail);
  ADD ("errors-of-the-guest-have-our-words", test_errors_of_the_guest_have_our_words);
  return g_test_run ();
}
