/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <string.h>

#include "agent/kvmm-agent-link.h"
#include "agent/kvmm-agent-rate.h"
#include "fake-peer.h"
#include "test-wait.h"
#include "util/kvmm-thread.h"

#define SESSION 0x1122334455667788u

static void
bytes_cb (const guint8 *data, gsize length, gpointer user_data)
{
}

static void
frame_cb (const KvmaFrame *frame, gpointer user_data)
{
  KvmmAgentLink *link = *(KvmmAgentLink **) user_data;

  g_assert_true (kvmm_agent_link_receive (link, frame));
}

static void
fault_cb (KvmaFault fault, gpointer user_data)
{
  g_assert_not_reached ();
}

static void
nothing_cb (gpointer user_data)
{
}

static void
ended_cb (const GError *error, gpointer user_data)
{
}

static const KvmmAgentLinkFuncs funcs = { bytes_cb,   frame_cb, fault_cb,
                                          nothing_cb, ended_cb, nothing_cb };

static gboolean
swallow_hook (FakePeer *peer, const KvmaFrame *frame, gpointer user_data)
{
  kvma_session_receive (&peer->session, frame);
  (*(guint *) user_data)++;
  return TRUE;
}

static void
send_ack (FakePeer *peer)
{
  KvmaHeader header = { .kind = KVMA_KIND_ACK };

  fake_peer_send_frame (peer, &header, NULL, 0);
}

static void
test_the_window_holds_96_kib (void)
{
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (FakePeer) peer = fake_peer_new (&stream);
  KvmmAgentLink *link = NULL;
  g_autoptr (KvmmAgentLink) owned = kvmm_agent_link_new (stream, &funcs, &link);
  g_autofree guint8 *payload = g_malloc0 (KVMA_PAYLOAD_MAX);
  const KvmaSession *session = kvmm_agent_link_get_session (owned);
  guint received = 0;
  guint sent = 0;

  link = owned;
  peer->hook = swallow_hook;
  peer->hook_data = &received;
  g_assert_false (kvmm_agent_link_send (link, KVMA_KIND_DATA, payload, 10));
  kvmm_agent_link_begin_session (link, SESSION);
  kvma_session_begin (&peer->session, SESSION);

  while (kvmm_agent_link_send (link, KVMA_KIND_DATA, payload, KVMA_PAYLOAD_MAX))
    {
      g_assert_cmpuint (session->window_bytes, <=, KVMA_UNACKED_MAX);
      sent++;
    }
  /* Three frames fill the window; the others wait, and one more is refused. */
  g_assert_cmpuint (session->window_count, ==, 3);
  g_assert_cmpuint (sent, ==, 3 + KVMM_AGENT_LINK_MAX_PENDING);
  test_wait_until (received == 3);
  test_drain ();
  g_assert_cmpuint (peer->bytes, <=, KVMA_UNACKED_MAX);

  /* Each acknowledgement lets the next ones out, in order. */
  while (received < sent)
    {
      guint before = received;

      send_ack (peer);
      test_wait_until (received > before);
      g_assert_cmpuint (session->window_bytes, <=, KVMA_UNACKED_MAX);
    }
  g_assert_cmpuint (peer->session.rx_seq, ==, sent);
}

static void
test_the_window_holds_1024_frames (void)
{
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (FakePeer) peer = fake_peer_new (&stream);
  KvmmAgentLink *link = NULL;
  g_autoptr (KvmmAgentLink) owned = kvmm_agent_link_new (stream, &funcs, &link);
  const KvmaSession *session = kvmm_agent_link_get_session (owned);

  link = owned;
  fake_peer_stop_reading (peer);
  kvmm_agent_link_begin_session (link, SESSION);
  for (guint i = 0; i < KVMA_UNACKED_FRAMES_MAX; i++)
    {
      g_assert_true (kvmm_agent_link_can_send (link, 0));
      g_assert_true (kvmm_agent_link_send (link, KVMA_KIND_ACK, NULL, 0));
    }
  g_assert_false (kvmm_agent_link_can_send (link, 0));
  g_assert_cmpuint (session->window_count, ==, KVMA_UNACKED_FRAMES_MAX);
}

static void
test_a_new_session_forgets_what_waited (void)
{
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (FakePeer) peer = fake_peer_new (&stream);
  KvmmAgentLink *link = NULL;
  g_autoptr (KvmmAgentLink) owned = kvmm_agent_link_new (stream, &funcs, &link);
  g_autofree guint8 *payload = g_malloc0 (KVMA_PAYLOAD_MAX);
  guint received = 0;

  link = owned;
  peer->hook = swallow_hook;
  peer->hook_data = &received;
  kvmm_agent_link_begin_session (link, SESSION);
  for (guint i = 0; i < 5; i++)
    g_assert_true (kvmm_agent_link_send (link, KVMA_KIND_DATA, payload, KVMA_PAYLOAD_MAX));
  kvmm_agent_link_begin_session (link, SESSION + 1);
  g_assert_true (kvmm_agent_link_can_send (link, KVMA_PAYLOAD_MAX));
  test_wait_until (received == 3);
  test_drain ();
  g_assert_cmpuint (received, ==, 3);
}

typedef struct
{
  gsize bytes;
  gsize this_turn;
  gsize most;
  guint turns;
} Turns;

static void
count_bytes_cb (const guint8 *data, gsize length, gpointer user_data)
{
  Turns *turns = user_data;

  turns->bytes += length;
  turns->this_turn += length;
}

static void
count_turn_cb (gpointer user_data)
{
  Turns *turns = user_data;

  turns->most = MAX (turns->most, turns->this_turn);
  turns->this_turn = 0;
  turns->turns++;
}

static void
ignore_fault_cb (KvmaFault fault, gpointer user_data)
{
}

static void
test_one_turn_reads_no_more_than_its_budget (void)
{
  static const KvmmAgentLinkFuncs counting = { count_bytes_cb, frame_cb, ignore_fault_cb,
                                               count_turn_cb,  ended_cb, nothing_cb };
  gsize length = 4 * KVMA_HOST_TURN_MAX;
  g_autoptr (GInputStream) input =
      g_memory_input_stream_new_from_data (g_strnfill (length, 'x'), (gssize) length, g_free);
  g_autoptr (GOutputStream) output = g_memory_output_stream_new_resizable ();
  g_autoptr (GIOStream) stream = g_simple_io_stream_new (input, output);
  Turns turns = { 0 };
  g_autoptr (KvmmAgentLink) link = kvmm_agent_link_new (stream, &counting, &turns);

  test_wait_until (turns.bytes == length);
  test_drain ();
  g_assert_nonnull (link);
  g_assert_cmpuint (turns.most, ==, KVMA_HOST_TURN_MAX);
  g_assert_cmpuint (turns.turns, >=, 4);
}

static void
test_a_dead_peer_kills_nobody (void)
{
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (FakePeer) peer = fake_peer_new (&stream);
  KvmmAgentLink *link = NULL;
  g_autoptr (KvmmAgentLink) owned = kvmm_agent_link_new (stream, &funcs, &link);

  link = owned;
  kvmm_agent_link_begin_session (link, SESSION);
  fake_peer_hang_up (peer);
  kvmm_agent_link_send (link, KVMA_KIND_ACK, NULL, 0);
  g_assert_false (kvmm_agent_link_send (link, KVMA_KIND_ACK, NULL, 0));
  g_assert_cmpuint (kvmm_agent_link_send_bare (link, KVMA_KIND_HELLO, "{}", 2), ==, 0);
}

static void
test_a_bucket_gives_its_burst_then_its_rate (void)
{
  KvmmAgentBucket bucket;
  gint64 now = 5 * G_USEC_PER_SEC;

  kvmm_agent_bucket_fill (&bucket, now, 1000);
  g_assert_true (kvmm_agent_bucket_take (&bucket, now, 1000, 100, 1000));
  g_assert_false (kvmm_agent_bucket_take (&bucket, now, 1, 100, 1000));
  now += 2 * G_USEC_PER_SEC;
  g_assert_true (kvmm_agent_bucket_take (&bucket, now, 199, 100, 1000));
  g_assert_false (kvmm_agent_bucket_take (&bucket, now, 1, 100, 1000));
  /* Waiting long gives no more than the burst. */
  now += G_USEC_PER_SEC * G_GINT64_CONSTANT (1000000);
  g_assert_true (kvmm_agent_bucket_take (&bucket, now, 1000, 100, 1000));
  g_assert_false (kvmm_agent_bucket_take (&bucket, now, 1, 100, 1000));
}

static void
test_windows_in_a_row_make_a_streak (void)
{
  KvmmAgentWindow window = { 0 };
  gint64 now = 1000;

  for (guint w = 0; w < 3; w++, now += 10)
    for (guint i = 1; i <= 4; i++)
      g_assert_cmpuint (kvmm_agent_window_add (&window, now, 10, 3), ==, i);
  kvmm_agent_window_add (&window, now, 10, 3);
  g_assert_cmpuint (window.streak, ==, 3);
  /* This one was quiet. */
  kvmm_agent_window_add (&window, now + 10, 10, 3);
  g_assert_cmpuint (window.streak, ==, 0);
  /* And a gap breaks it as well. */
  for (guint i = 0; i < 4; i++)
    kvmm_agent_window_add (&window, now + 20, 10, 3);
  kvmm_agent_window_add (&window, now + 40, 10, 3);
  g_assert_cmpuint (window.streak, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  kvmm_thread_set_main ();
#define ADD(path, func) g_test_add_func ("/agent/link/" path, func)
  ADD ("the-window-holds-96-kib", test_the_window_holds_96_kib);
  ADD ("the-window-holds-1024-frames", test_the_window_holds_1024_frames);
  ADD ("a-new-session-forgets-what-waited", test_a_new_session_forgets_what_waited);
  ADD ("one-turn-reads-no-more-than-its-budget", test_one_turn_reads_no_more_than_its_budget);
  ADD ("a-dead-peer-kills-nobody", test_a_dead_peer_kills_nobody);
  ADD ("a-bucket-gives-its-burst-then-its-rate", test_a_bucket_gives_its_burst_then_its_rate);
  ADD ("windows-in-a-row-make-a-streak", test_windows_in_a_row_make_a_streak);
  return g_test_run ();
}
