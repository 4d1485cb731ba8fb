/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent-fixture.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "protocol/kvma-names.h"
#include "util/kvmm-thread.h"

/* What a hostile guest may do, and what it costs. */

#define READY KVMM_AGENT_CLIENT_READY
#define CLOSED KVMM_AGENT_CLIENT_CLOSED
#define MIB (1024 * 1024)

#if defined(__SANITIZE_ADDRESS__)
#define HAS_SANITIZER 1
#else
#define HAS_SANITIZER 0
#endif

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

static gsize
resident_bytes (void)
{
  unsigned long size = 0, resident = 0;
  FILE *file = fopen ("/proc/self/statm", "r");

  g_assert_nonnull (file);
  g_assert_cmpint (fscanf (file, "%lu %lu", &size, &resident), ==, 2);
  fclose (file);
  return resident * (gsize) sysconf (_SC_PAGESIZE);
}

static void
assert_closed_for_abuse (Fixture *f)
{
  test_wait_until (fixture_is (f, CLOSED));
  g_assert_error (kvmm_agent_client_get_error (f->client), KVMM_AGENT_ERROR,
                  KVMM_AGENT_ERROR_ABUSE);
}

/* Writes @chunk again and again, as fast as it is taken, until the client has closed. */
typedef struct
{
  Fixture *f;
  const guint8 *chunk;
  gsize length;
  gsize budget;
  gsize sent;
} Flood;

static gboolean
flood_cb (gpointer user_data)
{
  Flood *flood = user_data;

  if (flood->sent < flood->budget && flood->f->peer->out->len < MIB)
    {
      fake_peer_send_raw (flood->f->peer, flood->chunk, flood->length);
      flood->sent += flood->length;
    }
  return G_SOURCE_CONTINUE;
}

static void
flood_until (
    Fixture *f, const guint8 *chunk, gsize length, gsize budget, gboolean (*done) (Fixture *))
{
  Flood flood = { f, chunk, length, budget, 0 };
  guint id = g_idle_add (flood_cb, &flood);

  test_wait_until (done (f) || flood.sent >= flood.budget);
  g_source_remove (id);
}

static gboolean
is_closed (Fixture *f)
{
  return fixture_is (f, CLOSED);
}

static gboolean
never (Fixture *f)
{
  return FALSE;
}

static void
fill_random (guint8 *data, gsize length)
{
  guint32 state = 0x2545f491;

  for (gsize i = 0; i < length; i++)
    {
      state = state * 1664525u + 1013904223u;
      data[i] = (guint8) (state >> 24);
    }
}

/* ---- before a session ---- */

static void
test_connects_after_8_mib_of_garbage (void)
{
  g_autoptr (Fixture) f = fixture_new (&quick_intervals);
  g_autofree guint8 *garbage = g_malloc (65536);
  gsize before;

  fill_random (garbage, 65536);
  f->peer->is_mute = TRUE;
  kvmm_agent_client_start (f->client);
  flood_until (f, garbage, 65536, MIB, never);
  test_wait_until (counters (f)->bytes == MIB);
  before = resident_bytes ();
  flood_until (f, garbage, 65536, KVMA_PRE_SESSION_MAX - MIB, never);
  test_wait_until (counters (f)->bytes == KVMA_PRE_SESSION_MAX);
  if (!HAS_SANITIZER)
    g_assert_cmpuint (resident_bytes (), <, before + MIB);

  f->peer->is_mute = FALSE;
  fake_peer_announce (f->peer);
  test_wait_until (fixture_is (f, READY));
}

static void
test_more_garbage_closes (void)
{
  g_autoptr (Fixture) f = fixture_new (&quick_intervals);
  g_autofree guint8 *garbage = g_malloc (65536);

  fill_random (garbage, 65536);
  f->peer->is_mute = TRUE;
  kvmm_agent_client_start (f->client);
  flood_until (f, garbage, 65536, 16 * MIB, is_closed);
  assert_closed_for_abuse (f);
  g_assert_cmpuint (counters (f)->bytes, >, KVMA_PRE_SESSION_MAX);
  g_assert_cmpuint (counters (f)->bytes, <=, KVMA_PRE_SESSION_MAX + 2 * KVMA_FRAME_MAX);
}

/* The three frames of a dead session, cut anywhere, then the new agent. */
static void
test_recovers_from_a_cut_at_every_offset (void)
{
  guint8 stream[4096];
  gsize length = 0;
  KvmaSession dead;

  kvma_session_begin (&dead, 0x1234);
  for (guint i = 0; i < 3; i++)
    {
      KvmaHeader header = { .kind = KVMA_KIND_EVENT };
      const char *body = "{\"jsonrpc\":\"2.0\",\"method\":\"fs.changed\",\"params\":{\"fs\":[]}}";

      kvma_session_stamp (&dead, &header);
      length +=
          kvma_frame_encode (&header, body, strlen (body), stream + length, sizeof stream - length);
    }
  g_assert_cmpuint (length, >, 200);
  for (gsize cut = 0; cut <= length; cut++)
    {
      g_autoptr (Fixture) f = fixture_new (&quick_intervals);

      fake_peer_send_raw (f->peer, stream, cut);
      kvmm_agent_client_start (f->client);
      test_wait_until (fixture_has_all_facts (f));
      g_assert_cmpuint (sessions (f), ==, 1);
      g_assert_cmpuint (f->n_filesystems, ==, 1);
    }
}

/* ---- floods in a session ---- */

static void
test_a_flood_of_raw_bytes_closes (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  g_autofree guint8 *garbage = g_malloc (65536);

  fill_random (garbage, 65536);
  f->peer->is_mute = TRUE;
  flood_until (f, garbage, 65536, 100 * MIB, is_closed);
  assert_closed_for_abuse (f);
  g_assert_cmpuint (counters (f)->bytes, <, KVMA_PRE_SESSION_MAX + MIB);
}

static void
test_one_endless_frame_closes (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  g_autofree guint8 *chunk = g_malloc (65536);
  gsize before = resident_bytes ();

  memset (chunk, 'x', 65536);
  f->peer->is_mute = TRUE;
  flood_until (f, chunk, 65536, 100 * MIB, is_closed);
  assert_closed_for_abuse (f);
  if (!HAS_SANITIZER)
    g_assert_cmpuint (resident_bytes (), <, before + 8 * MIB);
}

static void
test_a_flood_of_valid_frames_closes (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  g_autofree char *junk = g_strnfill (16000, 'x');
  g_autofree char *params = g_strdup_printf ("{\"junk\":\"%.8000s\"}", junk);
  guint sent = 0;

  while (!fixture_is (f, CLOSED) && sent < 4000)
    {
      for (guint i = 0; i < 16; i++, sent++)
        fake_peer_event (f->peer, "metrics.sample", params);
      test_drain ();
    }
  assert_closed_for_abuse (f);
  g_assert_cmpuint (counters (f)->bytes, <, 2 * KVMA_CONTROL_BYTES_BURST);
}

/* ---- streams that nobody opened ---- */

static void
send_data (FakePeer *peer, guint32 stream, gsize length)
{
  g_autofree guint8 *data = g_malloc0 (length);
  KvmaHeader header = { .kind = KVMA_KIND_DATA, .stream = stream };

  fake_peer_send_frame (peer, &header, data, length);
}

static void
test_data_on_an_unknown_stream_is_refused (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);

  send_data (f->peer, 3, 100);
  send_data (f->peer, 3, 100);
  test_wait_until (f->peer->closes == 2);
  g_assert_true (fixture_is (f, READY));
  g_assert_cmpuint (sessions (f), ==, 1);
}

static void
test_data_beyond_any_credit_closes (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  gsize sent = 0;

  for (guint32 stream = 2; sent <= KVMA_STREAM_WINDOW_TO_HOST; stream += 2)
    {
      send_data (f->peer, stream, 16384);
      sent += 16384;
    }
  assert_closed_for_abuse (f);
}

static void
test_data_without_a_stream_ends_the_session (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);

  send_data (f->peer, 0, 10);
  test_wait_until (sessions (f) == 2);
  g_assert_cmpstr (f->peer->last_bye, ==, "protocol");
}

/* ---- replies ---- */

static void
test_a_reply_to_a_request_never_sent_ends_the_session (void)
{
  static const gint64 ids[] = { 0, -1, 1000, G_MAXINT32 };

  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);

      fake_peer_reply (f->peer, ids[i], "{}");
      test_wait_until (sessions (f) == 2);
      g_assert_cmpstr (f->peer->last_bye, ==, "protocol");
    }
}

static void
test_a_second_reply_is_dropped (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);

  fake_peer_reply (f->peer, 2, "{\"os\":{},\"hostname\":\"evil\"}");
  test_wait_until (counters (f)->late_replies == 1);
  g_assert_cmpstr (f->system->hostname, ==, "anvil");
  g_assert_cmpuint (f->n_system, ==, 1);
  g_assert_cmpuint (sessions (f), ==, 1);
}

static void
test_replies_that_are_none_are_dropped (void)
{
  static const char *const bodies[] = {
    "",
    "{",
    "[]",
    "{}",
    "{\"id\":\"1\",\"result\":{}}",
    "{\"id\":null,\"error\":{\"code\":-32700,\"message\":\"x\"}}",
    "{\"id\":1.5}",
    "{\"id\":[1]}",
  };
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);

  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
    fake_peer_send (f->peer, KVMA_KIND_REPLY, bodies[i]);
  test_wait_until (counters (f)->invalid_bodies == G_N_ELEMENTS (bodies));
  g_assert_true (fixture_is (f, READY));
  g_assert_cmpuint (sessions (f), ==, 1);
}

/* ---- frames that may not be ---- */

static void
test_frames_only_a_host_sends_end_the_session (void)
{
  static const KvmaKind kinds[] = { KVMA_KIND_REQUEST, KVMA_KIND_WELCOME };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);

      fake_peer_send (f->peer, kinds[i], "{}");
      test_wait_until (sessions (f) == 2);
    }
}

static void
test_a_kind_from_the_future_is_dropped (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);

  fake_peer_send (f->peer, (KvmaKind) 200, "whatever");
  fake_peer_event (f->peer, "fs.changed", "{\"fs\":[]}");
  test_wait_until (f->n_filesystems == 2);
  g_assert_cmpuint (counters (f)->unknown_frames, ==, 1);
  g_assert_cmpuint (sessions (f), ==, 1);
}

static void
test_one_damaged_frame_ends_the_session (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);

  fake_peer_send_raw (f->peer, "\0garbage\0", 9);
  test_wait_until (sessions (f) == 2 && f->n_users == 2);
  g_assert_cmpstr (f->peer->last_bye, ==, "protocol");
  g_assert_cmpuint (counters (f)->faults, ==, 1);
}

static void
test_padding_is_no_damage (void)
{
  static const guint8 zeros[4096] = { 0 };
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);

  fake_peer_send_raw (f->peer, zeros, sizeof zeros);
  fake_peer_event (f->peer, "fs.changed", "{\"fs\":[]}");
  test_wait_until (f->n_filesystems == 2);
  g_assert_cmpuint (sessions (f), ==, 1);
}

static void
test_a_frame_that_does_not_end_ends_the_session (void)
{
  KvmmAgentIntervals intervals = quick_intervals;
  g_autoptr (Fixture) f = NULL;

  intervals.partial_frame = 30;
  f = fixture_new_ready (&intervals);
  fake_peer_send_raw (f->peer, "\0slow", 5);
  test_wait_until (kvmm_agent_client_is_armed (f->client, KVMM_AGENT_TIMER_PARTIAL));
  /* Another byte of it buys no time. */
  fake_peer_send_raw (f->peer, "l", 1);
  test_wait_until (f->peer->byes == 1);
  g_assert_cmpstr (f->peer->last_bye, ==, "protocol");
  test_wait_until (sessions (f) == 2);
}

static gboolean
drip_cb (gpointer user_data)
{
  fake_peer_send_raw (user_data, "x", 1);
  return G_SOURCE_CONTINUE;
}

static void
test_a_dripping_frame_ends_the_session (void)
{
  KvmmAgentIntervals intervals = quick_intervals;
  g_autoptr (Fixture) f = NULL;
  guint id;

  intervals.partial_frame = 60;
  f = fixture_new_ready (&intervals);
  id = g_timeout_add (5, drip_cb, f->peer);
  test_wait_until (f->peer->byes == 1);
  g_source_remove (id);
  test_wait_until (sessions (f) == 2);
}

static void
test_slow_whole_frames_are_welcome (void)
{
  KvmmAgentIntervals intervals = quick_intervals;
  g_autoptr (Fixture) f = NULL;
  gint64 end;

  intervals.partial_frame = 60;
  f = fixture_new_ready (&intervals);
  f->peer->write_chunk = 50;
  end = g_get_monotonic_time () + 150 * 1000;
  while (g_get_monotonic_time () < end)
    {
      guint count = f->n_filesystems;

      fake_peer_event (f->peer, "fs.changed", "{\"fs\":[]}");
      test_wait_until (f->n_filesystems > count);
      /* Below the limit of events. */
      f->client->events.count = 0;
    }
  g_assert_cmpuint (sessions (f), ==, 1);
}

/* ---- PING ---- */

static void
test_a_storm_of_pings_gets_few_answers (void)
{
  static const guint8 payload[KVMA_PING_PAYLOAD_SIZE] = { 7 };
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);

  for (guint i = 0; i < 1000; i++)
    {
      KvmaHeader header = { .kind = KVMA_KIND_PING };

      fake_peer_send_frame (f->peer, &header, payload, sizeof payload);
    }
  fake_peer_event (f->peer, "fs.changed", "{\"fs\":[]}");
  test_wait_until (f->n_filesystems == 2);
  test_drain ();
  g_assert_cmpuint (f->peer->pongs, >, 0);
  g_assert_cmpuint (f->peer->pongs, <=, 3 * KVMM_AGENT_MAX_PONGS);
  g_assert_cmpuint (counters (f)->dropped_pings, >=, 1000 - 3 * KVMM_AGENT_MAX_PONGS);
  g_assert_cmpuint (counters (f)->max_unacked, <=, KVMA_UNACKED_MAX);
  g_assert_true (fixture_is (f, READY));
}

static void
test_pings_of_a_wrong_size_end_the_session (void)
{
  static const KvmaKind kinds[] = { KVMA_KIND_PING, KVMA_KIND_PONG };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);

      fake_peer_send (f->peer, kinds[i], "short");
      test_wait_until (sessions (f) == 2);
    }
}

/* ---- events ---- */

static void
test_fifty_events_a_second_are_taken (void)
{
  KvmmAgentIntervals intervals = quick_intervals;
  g_autoptr (Fixture) f = NULL;

  /* A window that certainly holds all of them. */
  intervals.rate_window = 1000 * 1000;
  f = fixture_new_ready (&intervals);
  for (guint i = 0; i < KVMA_EVENTS_MUTE_PER_SECOND + 1; i++)
    fake_peer_event (f->peer, "fs.changed", "{\"fs\":[]}");
  test_wait_until (counters (f)->dropped_events == 1);
  g_assert_cmpuint (f->n_filesystems, ==, 1 + KVMA_EVENTS_MUTE_PER_SECOND);
  g_assert_true (fixture_said (f, "events-dropped"));
  g_assert_true (fixture_is (f, READY));
}

static gboolean
storm_cb (gpointer user_data)
{
  Fixture *f = user_data;

  /* More than 200 in a window, and fewer bytes than are too many. */
  for (guint i = 0; i < 60; i++)
    fake_peer_event (f->peer, "fs.changed", "{}");
  return G_SOURCE_CONTINUE;
}

static void
test_a_storm_of_events_closes (void)
{
  KvmmAgentIntervals intervals = quick_intervals;
  g_autoptr (Fixture) f = NULL;
  guint id;

  intervals.rate_window = 40;
  f = fixture_new_ready (&intervals);
  id = g_timeout_add (4, storm_cb, f);
  test_wait_until (fixture_is (f, CLOSED));
  g_source_remove (id);
  g_assert_error (kvmm_agent_client_get_error (f->client), KVMM_AGENT_ERROR,
                  KVMM_AGENT_ERROR_ABUSE);
  g_assert_nonnull (strstr (kvmm_agent_client_get_error (f->client)->message, "events"));
  g_assert_cmpuint (counters (f)->dropped_events, >, 500);
  g_assert_true (fixture_said (f, "events-dropped"));
}

static void
test_invalid_events_are_dropped (void)
{
  static const char *const bodies[] = {
    "{}",
    "nonsense",
    "{\"method\":7,\"params\":{}}",
    "{\"method\":\"fs.changed\"}",
    "{\"method\":\"fs.changed\",\"params\":[]}",
    "{\"method\":\"fs.changed\",\"params\":{\"fs\":{}}}",
    "{\"method\":\"time.jump\",\"params\":{\"delta_ms\":\"x\"}}",
  };
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);

  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
    fake_peer_send (f->peer, KVMA_KIND_EVENT, bodies[i]);
  test_wait_until (counters (f)->invalid_bodies == G_N_ELEMENTS (bodies));
  g_assert_cmpuint (f->n_filesystems, ==, 1);
  g_assert_true (fixture_is (f, READY));
}

/* ---- a peer that does not read ---- */

static void
test_a_peer_that_does_not_read_gets_no_more_than_the_window (void)
{
  KvmmAgentIntervals intervals = quick_intervals;
  g_autoptr (Fixture) f = NULL;

  intervals.heartbeat = 1;
  intervals.heartbeat_hidden = 1;
  f = fixture_new_ready (&intervals);
  fake_peer_stop_reading (f->peer);
  test_wait_until (fixture_is (f, CLOSED));
  g_assert_error (kvmm_agent_client_get_error (f->client), KVMM_AGENT_ERROR,
                  KVMM_AGENT_ERROR_SILENT);
  g_assert_cmpuint (counters (f)->max_unacked, <=, KVMA_UNACKED_MAX);
  g_assert_cmpuint (counters (f)->max_unacked, >, 1000);
}

/* Padding is legal, but no way around the limit on bytes. */
static void
test_a_flood_of_padding_closes (void)
{
  static const guint8 padding[4096];
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  Flood flood = { f, padding, sizeof padding, 4 * KVMA_CONTROL_BYTES_BURST, 0 };
  guint id = g_idle_add (flood_cb, &flood);

  assert_closed_for_abuse (f);
  g_source_remove (id);
  g_assert_cmpuint (counters (f)->bytes, <=, 2 * KVMA_CONTROL_BYTES_BURST);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  kvmm_thread_set_main ();
#define ADD(path, func) g_test_add_func ("/agent/limits/" path, func)
  ADD ("connects-after-8-mib-of-garbage", test_connects_after_8_mib_of_garbage);
  ADD ("more-garbage-closes", test_more_garbage_closes);
  ADD ("recovers-from-a-cut-at-every-offset", test_recovers_from_a_cut_at_every_offset);
  ADD ("a-flood-of-raw-bytes-closes", test_a_flood_of_raw_bytes_closes);
  ADD ("one-endless-frame-closes", test_one_endless_frame_closes);
  ADD ("a-flood-of-padding-closes", test_a_flood_of_padding_closes);
  ADD ("a-flood-of-valid-frames-closes", test_a_flood_of_valid_frames_closes);
  ADD ("data-on-an-unknown-stream-is-refused", test_data_on_an_unknown_stream_is_refused);
  ADD ("data-beyond-any-credit-closes", test_data_beyond_any_credit_closes);
  ADD ("data-without-a-stream-ends-the-session", test_data_without_a_stream_ends_the_session);
  ADD ("a-reply-to-a-request-never-sent-ends-the-session",
       test_a_reply_to_a_request_never_sent_ends_the_session);
  ADD ("a-second-reply-is-dropped", test_a_second_reply_is_dropped);
  ADD ("replies-that-are-none-are-dropped", test_replies_that_are_none_are_dropped);
  ADD ("frames-only-a-host-sends-end-the-session", test_frames_only_a_host_sends_end_the_session);
  ADD ("a-kind-from-the-future-is-dropped", test_a_kind_from_the_future_is_dropped);
  ADD ("one-damaged-frame-ends-the-session", test_one_damaged_frame_ends_the_session);
  ADD ("padding-is-no-damage", test_padding_is_no_damage);
  ADD ("a-frame-that-does-not-end-ends-the-session",
       test_a_frame_that_does_not_end_ends_the_session);
  ADD ("a-dripping-frame-ends-the-session", test_a_dripping_frame_ends_the_session);
  ADD ("slow-whole-frames-are-welcome", test_slow_whole_frames_are_welcome);
  ADD ("a-storm-of-pings-gets-few-answers", test_a_storm_of_pings_gets_few_answers);
  ADD ("pings-of-a-wrong-size-end-the-session", test_pings_of_a_wrong_size_end_the_session);
  ADD ("fifty-events-a-second-are-taken", test_fifty_events_a_second_are_taken);
  ADD ("a-storm-of-events-closes", test_a_storm_of_events_closes);
  ADD ("invalid-events-are-dropped", test_invalid_events_are_dropped);
  ADD ("a-peer-that-does-not-read-gets-no-more-than-the-window",
       test_a_peer_that_does_not_read_gets_no_more_than_the_window);
  return g_test_run ();
}
