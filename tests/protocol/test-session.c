/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <glib.h>

#include "protocol/kvma-session.h"

static KvmaSession host;
static KvmaSession agent;

static KvmaFrame
send (KvmaSession *from, KvmaKind kind, gsize wire_length)
{
  KvmaFrame frame = { .header = { .kind = (guint8) kind }, .wire_length = wire_length };

  kvma_session_stamp (from, &frame.header);
  return frame;
}

static void
begin (void)
{
  kvma_session_begin (&host, 7);
  kvma_session_begin (&agent, 7);
}

static void
test_counts_from_one (void)
{
  KvmaFrame frame;

  begin ();
  frame = send (&agent, KVMA_KIND_WELCOME, 100);
  g_assert_cmpuint (frame.header.seq, ==, 1);
  g_assert_cmpuint (frame.header.ack, ==, 0);
  g_assert_cmpuint (frame.header.session, ==, 7);
  g_assert_true (kvma_session_receive (&host, &frame));
  frame = send (&host, KVMA_KIND_REQUEST, 100);
  g_assert_cmpuint (frame.header.seq, ==, 1);
  g_assert_cmpuint (frame.header.ack, ==, 1);
  g_assert_true (kvma_session_receive (&agent, &frame));
}

static void
test_refuses_gap_repeat_regression (void)
{
  KvmaFrame first, second, third;

  begin ();
  first = send (&host, KVMA_KIND_REQUEST, 50);
  second = send (&host, KVMA_KIND_REQUEST, 50);
  third = send (&host, KVMA_KIND_REQUEST, 50);
  g_assert_false (kvma_session_receive (&agent, &second));
  g_assert_true (kvma_session_receive (&agent, &first));
  g_assert_false (kvma_session_receive (&agent, &first));
  g_assert_false (kvma_session_receive (&agent, &third));
  g_assert_true (kvma_session_receive (&agent, &second));
  g_assert_true (kvma_session_receive (&agent, &third));
  g_assert_false (kvma_session_receive (&agent, &second));
  g_assert_cmpuint (agent.rx_seq, ==, 3);
}

static void
test_refuses_other_session (void)
{
  KvmaFrame frame;

  begin ();
  frame = send (&host, KVMA_KIND_REQUEST, 50);
  frame.header.session = 8;
  g_assert_false (kvma_session_receive (&agent, &frame));
  kvma_session_end (&agent);
  frame.header.session = 0;
  g_assert_false (kvma_session_receive (&agent, &frame));
}

static void
test_refuses_impossible_acks (void)
{
  KvmaFrame frame;

  begin ();
  send (&agent, KVMA_KIND_WELCOME, 50);
  send (&agent, KVMA_KIND_EVENT, 50);
  frame = send (&host, KVMA_KIND_ACK, 40);
  frame.header.ack = 3;
  g_assert_false (kvma_session_receive (&agent, &frame));
  frame.header.ack = 2;
  g_assert_true (kvma_session_receive (&agent, &frame));
  frame = send (&host, KVMA_KIND_ACK, 40);
  frame.header.ack = 1;
  g_assert_false (kvma_session_receive (&agent, &frame));
}

static void
test_window_limits_bytes (void)
{
  guint n = 0;
  KvmaFrame ack;

  begin ();
  while (kvma_session_can_send (&host, 32768))
    {
      KvmaFrame frame = send (&host, KVMA_KIND_DATA, 32768);

      kvma_session_sent (&host, 32768);
      g_assert_true (kvma_session_receive (&agent, &frame));
      n++;
    }
  g_assert_cmpuint (n, ==, 3);
  g_assert_cmpuint (host.window_bytes, ==, KVMA_UNACKED_MAX);
  g_assert_false (kvma_session_can_send (&host, 1));
  ack = send (&agent, KVMA_KIND_ACK, 40);
  g_assert_cmpuint (ack.header.ack, ==, 3);
  ack.header.ack = 2;
  g_assert_true (kvma_session_receive (&host, &ack));
  g_assert_cmpuint (host.window_bytes, ==, 32768);
  g_assert_true (kvma_session_can_send (&host, 65536));
  g_assert_false (kvma_session_can_send (&host, 65537));
}

static void
test_window_limits_frames (void)
{
  begin ();
  for (guint i = 0; i < KVMA_UNACKED_FRAMES_MAX; i++)
    {
      g_assert_true (kvma_session_can_send (&host, 40));
      send (&host, KVMA_KIND_ACK, 40);
      kvma_session_sent (&host, 40);
    }
  g_assert_false (kvma_session_can_send (&host, 40));
}

/* Many more frames than the ring has places, acknowledged at random. */
static void
test_window_goes_round (void)
{
  gsize sizes[64];
  guint head = 0, tail = 0;
  gsize expected = 0;

  begin ();
  for (guint i = 0; i < 20000; i++)
    {
      if (head - tail < G_N_ELEMENTS (sizes))
        {
          gsize size = (gsize) g_test_rand_int_range (39, 1400);
          KvmaFrame frame = send (&host, KVMA_KIND_DATA, size);

          kvma_session_sent (&host, size);
          sizes[head++ % G_N_ELEMENTS (sizes)] = size;
          expected += size;
          g_assert_true (kvma_session_receive (&agent, &frame));
        }
      if (g_test_rand_bit () || head - tail == G_N_ELEMENTS (sizes))
        {
          KvmaFrame ack = send (&agent, KVMA_KIND_ACK, 40);

          g_assert_true (kvma_session_receive (&host, &ack));
          while (tail != head)
            expected -= sizes[tail++ % G_N_ELEMENTS (sizes)];
        }
      g_assert_cmpuint (host.window_bytes, ==, expected);
    }
}

static void
test_acknowledges_in_time (void)
{
  KvmaFrame frame;

  begin ();
  frame = send (&host, KVMA_KIND_ACK, 100);
  g_assert_true (kvma_session_receive (&agent, &frame));
  g_assert_false (agent.ack_due);
  frame = send (&host, KVMA_KIND_REQUEST, 100);
  g_assert_true (kvma_session_receive (&agent, &frame));
  g_assert_true (agent.ack_due);
  g_assert_false (kvma_session_must_ack (&agent));
  frame = send (&host, KVMA_KIND_DATA, KVMA_ACK_BYTES - 200);
  g_assert_true (kvma_session_receive (&agent, &frame));
  g_assert_true (kvma_session_must_ack (&agent));
  send (&agent, KVMA_KIND_REPLY, 100);
  g_assert_false (kvma_session_must_ack (&agent));
  g_assert_false (agent.ack_due);
}

static void
test_ends_before_numbers_do (void)
{
  begin ();
  g_assert_false (kvma_session_is_exhausted (&host));
  host.tx_seq = KVMA_SEQ_MAX - 1;
  g_assert_false (kvma_session_is_exhausted (&host));
  send (&host, KVMA_KIND_ACK, 40);
  g_assert_true (kvma_session_is_exhausted (&host));
}

static void
test_id_text (void)
{
  char text[KVMA_SESSION_TEXT_SIZE + 1];
  guint64 id = 0;

  kvma_session_format_id (G_GUINT64_CONSTANT (0x0123456789abcdef), text);
  g_assert_cmpstr (text, ==, "0123456789abcdef");
  g_assert_true (kvma_session_parse_id (text, &id));
  g_assert_cmphex (id, ==, G_GUINT64_CONSTANT (0x0123456789abcdef));
  g_assert_false (kvma_session_parse_id ("0000000000000000", &id));
  g_assert_false (kvma_session_parse_id ("0123456789ABCDEF", &id));
  g_assert_false (kvma_session_parse_id ("0123456789abcde", &id));
  g_assert_false (kvma_session_parse_id ("0123456789abcdef0", &id));
  g_assert_false (kvma_session_parse_id ("", &id));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/protocol/session/counts-from-one", test_counts_from_one);
  g_test_add_func ("/protocol/session/refuses-gap-repeat-regression",
                   test_refuses_gap_repeat_regression);
  g_test_add_func ("/protocol/session/refuses-other-session", test_refuses_other_session);
  g_test_add_func ("/protocol/session/refuses-impossible-acks", test_refuses_impossible_acks);
  g_test_add_func ("/protocol/session/window-limits-bytes", test_window_limits_bytes);
  g_test_add_func ("/protocol/session/window-limits-frames", test_window_limits_frames);
  g_test_add_func ("/protocol/session/window-goes-round", test_window_goes_round);
  g_test_add_func ("/protocol/session/acknowledges-in-time", test_acknowledges_in_time);
  g_test_add_func ("/protocol/session/ends-before-numbers-do", test_ends_before_numbers_do);
  g_test_add_func ("/protocol/session/id-text", test_id_text);
  return g_test_run ();
}
