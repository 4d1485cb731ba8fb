/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent-fixture.h"

#include <string.h>

#include "protocol/kvma-names.h"
#include "util/kvmm-thread.h"

#define READY KVMM_AGENT_CLIENT_READY
#define CONNECTING KVMM_AGENT_CLIENT_CONNECTING
#define UNRESPONSIVE KVMM_AGENT_CLIENT_UNRESPONSIVE
#define CLOSED KVMM_AGENT_CLIENT_CLOSED

static const KvmmAgentCounters *
counters (Fixture *f)
{
  return kvmm_agent_client_get_counters (f->client);
}

static guint
sessions (Fixture *f)
{
  return kvmm_agent_client_get_session_count (f->client);
}

/* ---- HELLO ---- */

static gboolean
keep_nonces_hook (FakePeer *peer, const KvmaFrame *frame, gpointer user_data)
{
  GPtrArray *nonces = user_data;

  if (frame->header.kind != KVMA_KIND_HELLO)
    return FALSE;
  g_ptr_array_add (nonces, g_strndup ((const char *) frame->payload, frame->length));
  return FALSE;
}

static void
test_hello_is_repeated_then_no_more (void)
{
  g_autoptr (Fixture) f = fixture_new (&quick_intervals);
  g_autoptr (GPtrArray) nonces = g_ptr_array_new_with_free_func (g_free);

  f->peer->is_mute = TRUE;
  f->peer->hook = keep_nonces_hook;
  f->peer->hook_data = nonces;
  kvmm_agent_client_start (f->client);
  test_wait_until (f->peer->hellos == 1 + KVMM_AGENT_HELLO_RETRIES);
  g_assert_false (kvmm_agent_client_is_armed (f->client, KVMM_AGENT_TIMER_HELLO));
  g_assert_true (fixture_is (f, CONNECTING));
  for (guint i = 1; i < nonces->len; i++)
    g_assert_cmpstr (g_ptr_array_index (nonces, i), !=, g_ptr_array_index (nonces, i - 1));

  /* An ANNOUNCE begins anew. */
  f->peer->is_mute = FALSE;
  fake_peer_announce (f->peer);
  test_wait_until (fixture_is (f, READY));
}

static void
test_the_retries_are_those_of_the_protocol (void)
{
  static const guint expected[] = KVMA_HELLO_RETRY_MS;
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (FakePeer) peer G_GNUC_UNUSED = fake_peer_new (&stream);
  g_autoptr (KvmmAgentClient) client = kvmm_agent_client_new (stream, NULL);
  const KvmmAgentIntervals *defaults = kvmm_agent_client_get_intervals (client);

  g_assert_cmpmem (defaults->hello_retry, sizeof defaults->hello_retry, expected, sizeof expected);
  g_assert_cmpuint (defaults->hello_timeout, ==, 5000);
  g_assert_cmpuint (defaults->heartbeat, ==, 10000);
  g_assert_cmpuint (defaults->heartbeat_hidden, ==, 60000);
  g_assert_cmpuint (defaults->partial_frame, ==, 10000);
  g_assert_cmpuint (defaults->request, ==, 10000);
}

static void
test_a_silent_stream_gets_no_more_than_32_hellos (void)
{
  g_autoptr (Fixture) f = fixture_new (&quick_intervals);

  f->peer->is_mute = TRUE;
  kvmm_agent_client_start (f->client);
  while (!fixture_is (f, CLOSED))
    {
      guint hellos = f->peer->hellos;

      test_wait_until (f->peer->hellos > hellos || fixture_is (f, CLOSED));
      kvmm_agent_client_nudge (f->client);
    }
  g_assert_error (kvmm_agent_client_get_error (f->client), KVMM_AGENT_ERROR,
                  KVMM_AGENT_ERROR_SILENT);
  test_drain ();
  g_assert_cmpuint (f->peer->hellos, <=, KVMA_HELLO_PER_STREAM_MAX);
  g_assert_cmpuint (f->peer->bytes, <=, KVMA_HELLO_BYTES_MAX);
  g_assert_cmpuint (f->peer->hellos, >, KVMA_HELLO_PER_STREAM_MAX / 2);
}

static void
test_only_the_latest_nonce_counts (void)
{
  g_autoptr (Fixture) f = fixture_new (&quick_intervals);
  g_autofree char *first = NULL;

  f->peer->is_mute = TRUE;
  kvmm_agent_client_start (f->client);
  test_wait_until (f->peer->hellos == 1);
  first = g_strdup (f->peer->last_nonce);
  test_wait_until (f->peer->hellos == 2);
  fake_peer_welcome (f->peer, first);
  fake_peer_welcome (f->peer, "00000000000000000000000000000000");
  test_wait_until (counters (f)->stale_frames == 2);
  g_assert_cmpuint (sessions (f), ==, 0);
  fake_peer_welcome (f->peer, f->peer->last_nonce);
  test_wait_until (sessions (f) == 1);
}

static void
test_a_session_is_accepted_once (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  KvmaSession live = f->peer->session;

  fake_peer_welcome (f->peer, f->peer->last_nonce);
  test_wait_until (counters (f)->stale_frames == 1);
  g_assert_cmpuint (sessions (f), ==, 1);
  f->peer->session = live;
  fake_peer_event (f->peer, "fs.changed", "{\"fs\":[]}");
  test_wait_until (f->n_filesystems == 2);
}

static void
test_announced_but_silent_is_unresponsive (void)
{
  KvmmAgentIntervals intervals = quick_intervals;
  g_autoptr (Fixture) f = NULL;

  intervals.hello_timeout = 30;
  f = fixture_new (&intervals);
  f->peer->is_mute = TRUE;
  kvmm_agent_client_start (f->client);
  fake_peer_announce (f->peer);
  test_wait_until (fixture_is (f, UNRESPONSIVE));
  g_assert_true (fixture_said (f, "unresponsive"));
  f->peer->is_mute = FALSE;
  fake_peer_announce (f->peer);
  test_wait_until (fixture_is (f, READY));
  g_assert_cmpstr (f->states->str, ==, "21");
}

static void
test_nothing_heard_is_not_unresponsive (void)
{
  KvmmAgentIntervals intervals = quick_intervals;
  g_autoptr (Fixture) f = NULL;

  intervals.hello_timeout = 5;
  f = fixture_new (&intervals);
  f->peer->is_mute = TRUE;
  kvmm_agent_client_start (f->client);
  test_wait_until (f->peer->hellos == 1 + KVMM_AGENT_HELLO_RETRIES);
  g_assert_true (fixture_is (f, CONNECTING));
}

/* ---- restarts ---- */

static void
test_a_restarted_agent_is_greeted (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);

  kvma_session_end (&f->peer->session);
  f->peer->instance = "00000000000000b2";
  f->peer->version = "0.2.0";
  fake_peer_announce (f->peer);
  test_wait_until (sessions (f) == 2);
  g_assert_cmpstr (kvmm_agent_client_get_version (f->client), ==, "0.2.0");
  test_wait_until (f->n_users == 2);
}

static void
test_the_same_agent_announcing_changes_nothing (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);

  fake_peer_announce (f->peer);
  fake_peer_event (f->peer, "fs.changed", "{\"fs\":[]}");
  test_wait_until (f->n_filesystems == 2);
  g_assert_cmpuint (sessions (f), ==, 1);
  g_assert_cmpuint (f->peer->hellos, ==, 1);
}

static void
test_a_sequence_gap_begins_a_new_session (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);

  f->peer->session.tx_seq += 1;
  fake_peer_event (f->peer, "fs.changed", "{\"fs\":[]}");
  test_wait_until (sessions (f) == 2 && f->n_users == 2);
  g_assert_cmpstr (f->peer->last_bye, ==, "protocol");
}

static void
test_an_older_past_begins_a_new_session (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  KvmaSession past = f->peer->session;

  fake_peer_event (f->peer, "fs.changed", "{\"fs\":[]}");
  test_wait_until (f->n_filesystems == 2);
  f->peer->session = past;
  fake_peer_event (f->peer, "users.changed", "{\"users\":[]}");
  test_wait_until (sessions (f) == 2);
  /* What the past said was not taken for news. */
  test_wait_until (f->n_users == 2);
  g_assert_cmpuint (f->users->len, ==, 1);
}

static void
test_frames_of_a_dead_session_are_dropped (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  KvmaSession dead = f->peer->session;
  KvmaSession live;
  guint filesystems;

  kvmm_agent_client_nudge (f->client);
  test_wait_until (sessions (f) == 2 && f->n_filesystems == 2);
  live = f->peer->session;
  filesystems = f->n_filesystems;
  f->peer->session = dead;
  fake_peer_event (f->peer, "fs.changed", "{\"fs\":[]}");
  f->peer->session = live;
  fake_peer_event (f->peer, "users.changed", "{\"users\":[]}");
  test_wait_until (f->users->len == 0);
  g_assert_cmpuint (f->n_filesystems, ==, filesystems);
  g_assert_cmpuint (sessions (f), ==, 2);
}

static void
test_byes_are_followed_by_a_hello (void)
{
  static const char *const reasons[] = {
    "policy_reload", "no_session", "protocol",      "superseded",
    "flood",         "bye",        "shutting_down", "from_the_future",
  };

  for (guint i = 0; i < G_N_ELEMENTS (reasons); i++)
    {
      g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);

      fake_peer_bye (f->peer, reasons[i]);
      test_wait_until (sessions (f) == 2);
      g_assert_cmpstr (f->states->str, ==, "101");
    }
}

static void
test_sessions_that_die_at_once_come_ever_slower (void)
{
  KvmmAgentIntervals intervals = quick_intervals;
  g_autoptr (Fixture) f = NULL;
  gint64 start = g_get_monotonic_time ();

  intervals.stable_session = 60000;
  f = fixture_new (&intervals);
  kvmm_agent_client_start (f->client);
  for (guint i = 1; i <= 5; i++)
    {
      test_wait_until (sessions (f) == i);
      fake_peer_bye (f->peer, "no_session");
    }
  test_wait_until (sessions (f) == 6);
  /* 30 + 40 + 50 + 60 + 70 */
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 240 * 1000);
}

static void
test_going_on_purpose_is_not_unresponsive (void)
{
  KvmmAgentIntervals intervals = quick_intervals;
  g_autoptr (Fixture) f = NULL;

  intervals.hello_timeout = 10;
  f = fixture_new_ready (&intervals);
  f->peer->is_mute = TRUE;
  fake_peer_bye (f->peer, "shutting_down");
  test_wait_until (f->peer->hellos > 3);
  kvmm_agent_client_set_suspended (f->client, TRUE);
  kvmm_agent_client_set_suspended (f->client, FALSE);
  g_assert_false (kvmm_agent_client_is_armed (f->client, KVMM_AGENT_TIMER_TIMEOUT));
  g_assert_true (fixture_is (f, CONNECTING));
}

static void
test_the_end_of_the_stream_closes (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);

  fake_peer_hang_up (f->peer);
  test_wait_until (fixture_is (f, CLOSED));
  g_assert_nonnull (kvmm_agent_client_get_error (f->client));
}

static void
test_closing_says_bye (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);

  kvmm_agent_client_close (f->client);
  test_wait_until (f->peer->byes == 1);
  g_assert_cmpstr (f->peer->last_bye, ==, "bye");
  g_assert_null (kvmm_agent_client_get_error (f->client));
  kvmm_agent_client_close (f->client);
}

/* ---- versions ---- */

static void
test_an_agent_that_knows_more_protocols_is_welcome (void)
{
  g_autoptr (Fixture) f = fixture_new (&quick_intervals);

  f->peer->protos = "[1,2]";
  fake_peer_announce (f->peer);
  kvmm_agent_client_start (f->client);
  test_wait_until (fixture_is (f, READY));
}

static gboolean
too_old_hook (FakePeer *peer, const KvmaFrame *frame, gpointer user_data)
{
  const char *protos = user_data;
  KvmaHeader header = { .kind = KVMA_KIND_BYE };
  g_autofree char *body = NULL;
  const char *nonce;

  if (frame->header.kind != KVMA_KIND_HELLO)
    return FALSE;
  nonce = g_strstr_len ((const char *) frame->payload, (gssize) frame->length, "\"nonce\":\"");
  body = g_strdup_printf ("{\"reason\":\"too_old\",\"nonce\":\"%.32s\",\"protos\":%s}", nonce + 9,
                          protos);
  fake_peer_send_bare (peer, &header, body);
  return TRUE;
}

static void
check_incompatible (const char *protos, const char *word)
{
  g_autoptr (Fixture) f = fixture_new (&quick_intervals);

  f->peer->hook = too_old_hook;
  f->peer->hook_data = (gpointer) protos;
  kvmm_agent_client_start (f->client);
  test_wait_until (fixture_is (f, CLOSED));
  g_assert_error (kvmm_agent_client_get_error (f->client), KVMM_AGENT_ERROR,
                  KVMM_AGENT_ERROR_INCOMPATIBLE);
  g_assert_nonnull (strstr (kvmm_agent_client_get_error (f->client)->message, word));
}

static void
test_no_common_protocol_is_incompatible (void)
{
  check_incompatible ("[2,3]", "newer");
  check_incompatible ("[0]", "too old");
  check_incompatible ("[]", "too old");
}

static void
test_a_stale_too_old_is_ignored (void)
{
  g_autoptr (Fixture) f = fixture_new (&quick_intervals);
  KvmaHeader header = { .kind = KVMA_KIND_BYE };

  fake_peer_send_bare (f->peer, &header,
                       "{\"reason\":\"too_old\",\"nonce\":\"00000000000000000000000000000000\"}");
  kvmm_agent_client_start (f->client);
  test_wait_until (fixture_is (f, READY));
}

static void
test_an_announced_stranger_is_incompatible_after_a_while (void)
{
  KvmmAgentIntervals intervals = quick_intervals;
  g_autoptr (Fixture) f = NULL;

  intervals.hello_timeout = 30;
  f = fixture_new (&intervals);
  f->peer->is_mute = TRUE;
  f->peer->protos = "[7]";
  kvmm_agent_client_start (f->client);
  fake_peer_announce (f->peer);
  test_wait_until (fixture_is (f, CLOSED));
  g_assert_error (kvmm_agent_client_get_error (f->client), KVMM_AGENT_ERROR,
                  KVMM_AGENT_ERROR_INCOMPATIBLE);
}

static void
test_a_legacy_agent_is_recognised (void)
{
  static const char lines[] = "{\"type\":\"hello\",\"version\":\"0.0.9\"}\n"
                              "{\"type\":\"info\",\"hostname\":\"old\"}\n";
  KvmmAgentIntervals intervals = quick_intervals;
  g_autoptr (Fixture) f = NULL;

  intervals.hello_timeout = 30;
  f = fixture_new (&intervals);
  f->peer->is_mute = TRUE;
  fake_peer_send_raw (f->peer, lines, strlen (lines));
  kvmm_agent_client_start (f->client);
  test_wait_until (fixture_is (f, CLOSED));
  g_assert_error (kvmm_agent_client_get_error (f->client), KVMM_AGENT_ERROR,
                  KVMM_AGENT_ERROR_INCOMPATIBLE);
  g_assert_nonnull (strstr (kvmm_agent_client_get_error (f->client)->message, "older kind"));
}

static void
test_what_a_legacy_agent_left_behind_does_no_harm (void)
{
  static const char lines[] = "{\"type\":\"hello\",\"version\":\"0.0.9\"}\n{\"half\":\"mess";
  KvmmAgentIntervals intervals = quick_intervals;
  g_autoptr (Fixture) f = NULL;

  intervals.hello_timeout = 50;
  f = fixture_new (&intervals);
  fake_peer_send_raw (f->peer, lines, strlen (lines));
  fake_peer_announce (f->peer);
  kvmm_agent_client_start (f->client);
  test_wait_until (fixture_is (f, READY));
  g_assert_false (kvmm_agent_client_is_armed (f->client, KVMM_AGENT_TIMER_LEGACY));
}

/* ---- heartbeat ---- */

static void
test_three_misses_are_unresponsive (void)
{
  KvmmAgentIntervals intervals = quick_intervals;
  g_autoptr (Fixture) f = NULL;
  KvmaSession live;

  intervals.heartbeat = 20;
  intervals.heartbeat_hidden = 20;
  f = fixture_new_ready (&intervals);
  f->peer->is_mute = TRUE;
  test_wait_until (fixture_is (f, UNRESPONSIVE));
  g_assert_cmpuint (f->client->misses, ==, KVMA_HEARTBEAT_MISSES_MAX);
  g_assert_true (fixture_said (f, "unresponsive"));

  /* One valid frame is enough; the session goes on. */
  live = f->peer->session;
  g_assert_cmpuint (live.id, !=, 0);
  f->peer->is_mute = FALSE;
  fake_peer_event (f->peer, "fs.changed", "{\"fs\":[]}");
  test_wait_until (fixture_is (f, READY));
  g_assert_cmpuint (sessions (f), ==, 1);
  g_assert_true (fixture_said (f, "responsive"));
}

static void
test_unresponsive_then_restarted_is_ready_again (void)
{
  KvmmAgentIntervals intervals = quick_intervals;
  g_autoptr (Fixture) f = NULL;

  intervals.heartbeat = 20;
  intervals.heartbeat_hidden = 20;
  f = fixture_new_ready (&intervals);
  f->peer->is_mute = TRUE;
  test_wait_until (fixture_is (f, UNRESPONSIVE));
  f->peer->is_mute = FALSE;
  kvma_session_end (&f->peer->session);
  f->peer->instance = "00000000000000b2";
  fake_peer_announce (f->peer);
  test_wait_until (sessions (f) == 2);
  g_assert_true (fixture_is (f, READY));
}

static gboolean
count_pings_hook (FakePeer *peer, const KvmaFrame *frame, gpointer user_data)
{
  if (frame->header.kind == KVMA_KIND_PING)
    (*(guint *) user_data)++;
  return FALSE;
}

static void
test_frames_save_pings_while_nobody_looks (void)
{
  KvmmAgentIntervals intervals = quick_intervals;
  g_autoptr (Fixture) f = NULL;
  guint pings = 0;

  intervals.heartbeat = 10;
  intervals.heartbeat_hidden = 10000;
  f = fixture_new_ready (&intervals);
  test_wait_until (kvmm_agent_client_get_round_trip (f->client) >= 0);
  f->peer->hook = count_pings_hook;
  f->peer->hook_data = &pings;
  for (guint i = 0; i < 5; i++)
    {
      guint count = f->n_filesystems;

      fake_peer_event (f->peer, "fs.changed", "{\"fs\":[]}");
      test_wait_until (f->n_filesystems > count);
    }
  test_wait_until (f->client->due[KVMM_AGENT_TIMER_HEARTBEAT] >
                   g_get_monotonic_time () + 5 * G_USEC_PER_SEC);
  g_assert_cmpuint (pings, ==, 0);

  /* Somebody looks: one at once, and then by the shorter interval. */
  kvmm_agent_client_set_visible (f->client, TRUE, 1000);
  test_wait_until (pings >= 4);
}

static void
test_a_suspended_machine_is_not_unresponsive (void)
{
  KvmmAgentIntervals intervals = quick_intervals;
  g_autoptr (Fixture) f = NULL;

  intervals.heartbeat = 5;
  intervals.heartbeat_hidden = 5;
  f = fixture_new_ready (&intervals);
  kvmm_agent_client_set_suspended (f->client, TRUE);
  f->peer->is_mute = TRUE;
  for (guint i = 0; i < KVMM_AGENT_N_TIMERS; i++)
    if (i != KVMM_AGENT_TIMER_REQUEST)
      g_assert_false (kvmm_agent_client_is_armed (f->client, (KvmmAgentTimer) i));
  g_assert_true (fixture_is (f, READY));

  f->peer->is_mute = FALSE;
  kvmm_agent_client_set_suspended (f->client, FALSE);
  g_assert_cmpuint (f->client->misses, ==, 0);
  test_wait_until (f->client->awaited_since_us == 0);
  g_assert_true (fixture_is (f, READY));
  g_assert_cmpuint (sessions (f), ==, 1);
}

static void
test_announced_while_suspended_is_not_unresponsive (void)
{
  KvmmAgentIntervals intervals = quick_intervals;
  g_autoptr (Fixture) f = NULL;

  intervals.hello_timeout = 5;
  f = fixture_new (&intervals);
  f->peer->is_mute = TRUE;
  kvmm_agent_client_start (f->client);
  test_wait_until (f->peer->hellos == 1);
  kvmm_agent_client_set_suspended (f->client, TRUE);
  fake_peer_announce (f->peer);
  test_wait_until (f->client->expected);
  g_assert_false (kvmm_agent_client_is_armed (f->client, KVMM_AGENT_TIMER_TIMEOUT));
  g_assert_false (kvmm_agent_client_is_armed (f->client, KVMM_AGENT_TIMER_HELLO));
  f->peer->is_mute = FALSE;
  kvmm_agent_client_set_suspended (f->client, FALSE);
  test_wait_until (fixture_is (f, READY));
}

static void
test_the_clock_of_the_guest_decides_nothing (void)
{
  static const char *const times[] = { "-62135596800000", "0", "4102444800000",
                                       "9007199254740992" };
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  g_auto (Outcome) outcome = { 0 };
  gint64 due = f->client->due[KVMM_AGENT_TIMER_HEARTBEAT];

  f->peer->is_mute = TRUE;
  kvmm_agent_client_power_async (f->client, KVMM_AGENT_POWER_OFF, NULL, outcome_power_cb, &outcome);
  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    {
      guint count = f->n_metrics;
      g_autofree char *params =
          g_strdup_printf ("{\"t\":%s,\"mem\":{\"total\":2,\"avail\":1}}", times[i]);

      fake_peer_event (f->peer, "metrics.sample", params);
      test_wait_until (f->n_metrics > count);
    }
  g_assert_cmpuint (outcome.n_calls, ==, 0);
  g_assert_cmpint (f->client->due[KVMM_AGENT_TIMER_HEARTBEAT], ==, due);
  g_assert_true (fixture_is (f, READY));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  kvmm_thread_set_main ();
#define ADD(path, func) g_test_add_func ("/agent/handshake/" path, func)
  ADD ("hello-is-repeated-then-no-more", test_hello_is_repeated_then_no_more);
  ADD ("the-retries-are-those-of-the-protocol", test_the_retries_are_those_of_the_protocol);
  ADD ("a-silent-stream-gets-no-more-than-32-hellos",
       test_a_silent_stream_gets_no_more_than_32_hellos);
  ADD ("only-the-latest-nonce-counts", test_only_the_latest_nonce_counts);
  ADD ("a-session-is-accepted-once", test_a_session_is_accepted_once);
  ADD ("announced-but-silent-is-unresponsive", test_announced_but_silent_is_unresponsive);
  ADD ("nothing-heard-is-not-unresponsive", test_nothing_heard_is_not_unresponsive);
  ADD ("a-restarted-agent-is-greeted", test_a_restarted_agent_is_greeted);
  ADD ("the-same-agent-announcing-changes-nothing", test_the_same_agent_announcing_changes_nothing);
  ADD ("a-sequence-gap-begins-a-new-session", test_a_sequence_gap_begins_a_new_session);
  ADD ("an-older-past-begins-a-new-session", test_an_older_past_begins_a_new_session);
  ADD ("frames-of-a-dead-session-are-dropped", test_frames_of_a_dead_session_are_dropped);
  ADD ("byes-are-followed-by-a-hello", test_byes_are_followed_by_a_hello);
  ADD ("sessions-that-die-at-once-come-ever-slower",
       test_sessions_that_die_at_once_come_ever_slower);
  ADD ("going-on-purpose-is-not-unresponsive", test_going_on_purpose_is_not_unresponsive);
  ADD ("the-end-of-the-stream-closes", test_the_end_of_the_stream_closes);
  ADD ("closing-says-bye", test_closing_says_bye);
  ADD ("an-agent-that-knows-more-protocols-is-welcome",
       test_an_agent_that_knows_more_protocols_is_welcome);
  ADD ("no-common-protocol-is-incompatible", test_no_common_protocol_is_incompatible);
  ADD ("a-stale-too-old-is-ignored", test_a_stale_too_old_is_ignored);
  ADD ("an-announced-stranger-is-incompatible-after-a-while",
       test_an_announced_stranger_is_incompatible_after_a_while);
  ADD ("a-legacy-agent-is-recognised", test_a_legacy_agent_is_recognised);
  ADD ("what-a-legacy-agent-left-behind-does-no-harm",
       test_what_a_legacy_agent_left_behind_does_no_harm);
  ADD ("three-misses-are-unresponsive", test_three_misses_are_unresponsive);
  ADD ("unresponsive-then-restarted-is-ready-again",
       test_unresponsive_then_restarted_is_ready_again);
  ADD ("frames-save-pings-while-nobody-looks", test_frames_save_pings_while_nobody_looks);
  ADD ("a-suspended-machine-is-not-unresponsive", test_a_suspended_machine_is_not_unresponsive);
  ADD ("announced-while-suspended-is-not-unresponsive",
       test_announced_while_suspended_is_not_unresponsive);
  ADD ("the-clock-of-the-guest-decides-nothing", test_the_clock_of_the_guest_decides_nothing);
  return g_test_run ();
}
