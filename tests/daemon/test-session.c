/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <signal.h>
#include <string.h>

#include "daemon-peer.h"

static Peer *
start (void)
{
  Peer *peer = peer_new ();

  peer_start (peer, 0);
  return peer;
}

static void
test_announces_itself (void)
{
  Peer *peer = start ();
  KvmaFrame frame;
  json_t *body;

  g_assert_true (peer_receive (peer, &frame));
  g_assert_cmpint (frame.header.kind, ==, KVMA_KIND_ANNOUNCE);
  g_assert_cmphex (frame.header.session, ==, 0);
  g_assert_cmpuint (frame.header.seq, ==, 0);
  body = json_loadb ((const char *) frame.payload, frame.length, 0, NULL);
  g_assert_cmpstr (json_text (body, "agent"), ==, "kvm-manager-agent");
  g_assert_cmpint (json_number (body, "protos.0"), ==, 1);
  g_assert_cmpuint (strlen (json_text (body, "instance")), ==, 16);
  json_decref (body);
  peer_free (peer);
}

static void
test_welcomes (void)
{
  Peer *peer = start ();
  json_t *announce = peer_expect (peer, KVMA_KIND_ANNOUNCE, 0);
  json_t *welcome = peer_hello (peer);

  g_assert_cmpint (json_number (welcome, "proto"), ==, 1);
  g_assert_cmpstr (json_text (welcome, "instance"), ==, json_text (announce, "instance"));
  g_assert_cmpuint (json_array_size (json_path (welcome, "caps")), >=, 8);
  g_assert_cmpstr (json_text (welcome, "policy.core"), ==, "allow");
  g_assert_cmpstr (json_text (welcome, "policy.exec"), ==, "deny");
  g_assert_null (json_path (welcome, "policy_error"));
  g_assert_cmpint (json_number (welcome, "limits.requests"), ==, 16);
  g_assert_cmpuint (peer->session.rx_seq, ==, 1);
  json_decref (welcome);
  json_decref (announce);
  peer_free (peer);
}

static void
test_new_hello_supersedes (void)
{
  Peer *peer = start ();
  json_t *first = peer_hello (peer);
  guint64 old = peer->session.id;
  g_autofree char *body = g_strdup_printf ("{\"nonce\":\"%032d\",\"protos\":[1]}", 7);
  json_t *bye, *second;
  KvmaHeader stale = { .kind = KVMA_KIND_REQUEST, .seq = 1, .session = old, .ack = 1 };
  KvmaFrame frame;

  peer_send (peer, KVMA_KIND_HELLO, body, strlen (body));
  bye = peer_expect (peer, KVMA_KIND_BYE, 0);
  g_assert_cmpstr (json_text (bye, "reason"), ==, KVMA_BYE_SUPERSEDED);
  second = peer_expect (peer, KVMA_KIND_WELCOME, 0);
  g_assert_cmpstr (json_text (second, "session"), !=, json_text (first, "session"));
  /* The old session is dead: its requests are not executed. */
  peer_send_header (peer, &stale, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sys.info\"}", 44);
  g_assert_true (peer_receive (peer, &frame));
  g_assert_cmpint (frame.header.kind, ==, KVMA_KIND_BYE);
  g_assert_cmphex (frame.header.session, ==, old);
  g_assert_cmpuint (frame.header.seq, ==, 0);
  json_decref (bye);
  json_decref (first);
  json_decref (second);
  peer_free (peer);
}

static void
test_refuses_unknown_versions (void)
{
  Peer *peer = start ();
  const char *body = "{\"nonce\":\"00112233445566778899aabbccddeeff\",\"protos\":[7,9]}";
  json_t *bye;

  json_decref (peer_expect (peer, KVMA_KIND_ANNOUNCE, 0));
  peer_send (peer, KVMA_KIND_HELLO, body, strlen (body));
  bye = peer_expect (peer, KVMA_KIND_BYE, 0);
  g_assert_cmpstr (json_text (bye, "reason"), ==, KVMA_BYE_TOO_OLD);
  g_assert_cmpstr (json_text (bye, "nonce"), ==, "00112233445566778899aabbccddeeff");
  g_assert_cmpint (json_number (bye, "protos.0"), ==, 1);
  json_decref (bye);
  peer_free (peer);
}

static void
test_ignores_bad_hellos (void)
{
  static const char *const bodies[] = {
    "{}",
    "not json",
    "{\"nonce\":\"00\",\"protos\":[1]}",
    "{\"nonce\":\"00112233445566778899AABBCCDDEEFF\",\"protos\":[1]}",
    "{\"nonce\":7,\"protos\":[1]}",
    "{\"nonce\":\"00112233445566778899aabbccddeeff\",\"nonce\":\"1\",\"protos\":[1]}"
  };
  Peer *peer = start ();

  json_decref (peer_expect (peer, KVMA_KIND_ANNOUNCE, 0));
  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
    peer_send (peer, KVMA_KIND_HELLO, bodies[i], strlen (bodies[i]));
  /* The next thing heard is the answer to a good one: nothing was said to the others. */
  {
    g_autofree char *good = g_strdup_printf ("{\"nonce\":\"%032d\",\"protos\":[3,1]}", 5);

    peer_send (peer, KVMA_KIND_HELLO, good, strlen (good));
    json_decref (peer_expect (peer, KVMA_KIND_WELCOME, 0));
  }
  peer_free (peer);
}

static gint64
resident_kib (Peer *peer)
{
  g_autofree char *path =
      g_strdup_printf ("/proc/%s/statm", g_subprocess_get_identifier (peer->process));
  g_autofree char *text = NULL;
  g_auto (GStrv) fields = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  fields = g_strsplit (text, " ", 3);
  return g_ascii_strtoll (fields[1], NULL, 10) * 4;
}

static void
test_survives_8_mib_of_garbage (void)
{
  Peer *peer = start ();
  g_autofree guint8 *garbage = g_malloc (1 << 20);
  gint64 before;

  json_decref (peer_expect (peer, KVMA_KIND_ANNOUNCE, 0));
  json_decref (peer_hello (peer));
  before = resident_kib (peer);
  peer_send (peer, KVMA_KIND_BYE, "{\"reason\":\"bye\"}", 16);
  for (guint i = 0; i < KVMA_PRE_SESSION_MAX >> 20; i++)
    {
      for (gsize k = 0; k < 1 << 20; k += 4)
        {
          guint32 word = (guint32) g_test_rand_int ();

          memcpy (garbage + k, &word, 4);
        }
      peer_send_bytes (peer, garbage, 1 << 20);
    }
  json_decref (peer_hello (peer));
  g_assert_cmpint (resident_kib (peer) - before, <, 256);
  peer_free (peer);
}

static void
test_understands_single_bytes (void)
{
  Peer *peer = start ();
  const char *body = "{\"nonce\":\"00112233445566778899aabbccddeeff\",\"protos\":[1]}";
  const KvmaHeader hello = { .kind = KVMA_KIND_HELLO };
  guint8 wire[KVMA_FRAME_MAX];
  gsize n = kvma_frame_encode (&hello, body, strlen (body), wire, sizeof wire);

  json_decref (peer_expect (peer, KVMA_KIND_ANNOUNCE, 0));
  for (gsize i = 0; i < n; i++)
    peer_send_bytes (peer, wire + i, 1);
  json_decref (peer_expect (peer, KVMA_KIND_WELCOME, 0));
  peer_free (peer);
}

static void
test_recovers_from_every_cut (void)
{
  Peer *peer = start ();
  const KvmaHeader header = { .kind = KVMA_KIND_REQUEST, .seq = 4, .session = 99, .ack = 1 };
  guint8 wire[KVMA_FRAME_MAX];
  gsize n = kvma_frame_encode (&header, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"}", 37, wire,
                               sizeof wire);

  /* The agent answers 10 HELLOs a second, and 32 in a burst. */
  for (gsize cut = 1; cut < n; cut += n / 24)
    {
      peer_send_bytes (peer, wire, cut);
      json_decref (peer_hello (peer));
      peer_send (peer, KVMA_KIND_BYE, "{\"reason\":\"bye\"}", 16);
      kvma_session_end (&peer->session);
    }
  peer_free (peer);
}

static void
test_bad_frame_ends_session (void)
{
  Peer *peer = start ();
  guint8 bad[] = { 0, 5, 1, 2, 3, 4, 0 };

  json_decref (peer_hello (peer));
  peer_send_bytes (peer, bad, sizeof bad);
  peer_expect_bye (peer, KVMA_BYE_PROTOCOL);
  /* And the next HELLO finds it well. */
  json_decref (peer_hello (peer));
  peer_free (peer);
}

static void
test_sequence_gap_ends_session (void)
{
  Peer *peer = start ();

  json_decref (peer_hello (peer));
  peer->session.tx_seq++;
  peer_request (peer, KVMA_METHOD_SYS_INFO, NULL);
  peer_expect_bye (peer, KVMA_BYE_PROTOCOL);
  peer_free (peer);
}

static void
test_repeated_frame_ends_session (void)
{
  Peer *peer = start ();

  json_decref (peer_hello (peer));
  json_decref (peer_call (peer, KVMA_METHOD_SYS_INFO, NULL));
  peer->session.tx_seq--;
  peer_request (peer, KVMA_METHOD_SYS_INFO, NULL);
  peer_expect_bye (peer, KVMA_BYE_PROTOCOL);
  peer_free (peer);
}

static void
test_impossible_ack_ends_session (void)
{
  Peer *peer = start ();

  json_decref (peer_hello (peer));
  peer->session.rx_seq += 5;
  peer_request (peer, KVMA_METHOD_SYS_INFO, NULL);
  peer->session.rx_seq -= 5;
  peer_expect_bye (peer, KVMA_BYE_PROTOCOL);
  peer_free (peer);
}

static void
test_oversized_payload_ends_session (void)
{
  Peer *peer = start ();
  g_autofree guint8 *bytes = g_malloc (KVMA_FRAME_MAX + 1000);

  json_decref (peer_hello (peer));
  memset (bytes, 'x', KVMA_FRAME_MAX + 1000);
  peer_send_bytes (peer, bytes, KVMA_FRAME_MAX + 1000);
  peer_expect_bye (peer, KVMA_BYE_PROTOCOL);
  /* What is left of it does not spoil the next frame. */
  json_decref (peer_hello (peer));
  peer_free (peer);
}

static void
test_unfinished_frame_ends_session (void)
{
  Peer *peer = start ();
  gint64 begin;

  json_decref (peer_hello (peer));
  begin = g_get_monotonic_time ();
  peer_send_bytes (peer, "\0half a frame", 13);
  {
    KvmaFrame frame;

    g_assert_true (peer_receive_within (peer, &frame, KVMA_PARTIAL_FRAME_MS + 3000));
    g_assert_cmpint (frame.header.kind, ==, KVMA_KIND_BYE);
  }
  g_assert_cmpint (g_get_monotonic_time () - begin, >, (KVMA_PARTIAL_FRAME_MS - 500) * 1000);
  kvma_session_end (&peer->session);
  peer_free (peer);
}

static void
test_stale_session_is_answered_once (void)
{
  Peer *peer = start ();
  KvmaHeader stale = { .kind = KVMA_KIND_REQUEST, .seq = 1, .session = 4711 };
  KvmaHeader stale_bye = { .kind = KVMA_KIND_BYE, .seq = 1, .session = 4711 };
  KvmaFrame frame;

  json_decref (peer_expect (peer, KVMA_KIND_ANNOUNCE, 0));
  peer_send_header (peer, &stale_bye, "{\"reason\":\"bye\"}", 16);
  for (guint i = 0; i < 50; i++)
    peer_send_header (peer, &stale, "{}", 2);
  g_assert_true (peer_receive (peer, &frame));
  g_assert_cmpint (frame.header.kind, ==, KVMA_KIND_BYE);
  g_assert_cmphex (frame.header.session, ==, 4711);
  /* 50 frames, one answer: what comes next is the WELCOME. */
  {
    g_autofree char *hello = g_strdup_printf ("{\"nonce\":\"%032d\",\"protos\":[1]}", 5);

    peer_send (peer, KVMA_KIND_HELLO, hello, strlen (hello));
    json_decref (peer_expect (peer, KVMA_KIND_WELCOME, 0));
  }
  peer_free (peer);
}

static void
test_ping (void)
{
  Peer *peer = start ();
  guint8 ping[KVMA_PING_PAYLOAD_SIZE] = "12345678........";
  KvmaFrame frame;

  json_decref (peer_hello (peer));
  peer_send (peer, KVMA_KIND_PING, ping, sizeof ping);
  g_assert_true (peer_receive (peer, &frame));
  g_assert_cmpint (frame.header.kind, ==, KVMA_KIND_PONG);
  g_assert_cmpuint (frame.length, ==, KVMA_PING_PAYLOAD_SIZE);
  g_assert_cmpmem (frame.payload, 8, "12345678", 8);
  g_assert_cmpuint (frame.header.ack, ==, 1);
  peer_free (peer);
}

static void
test_acknowledges_what_has_no_reply (void)
{
  Peer *peer = start ();
  KvmaFrame frame;
  gint64 begin;

  json_decref (peer_hello (peer));
  begin = g_get_monotonic_time ();
  peer_send (peer, (KvmaKind) 200, "from the future", 15);
  g_assert_true (peer_receive (peer, &frame));
  g_assert_cmpint (frame.header.kind, ==, KVMA_KIND_ACK);
  g_assert_cmpuint (frame.header.ack, ==, 1);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 2000000);
  /* An acknowledgement is not acknowledged. */
  peer_send (peer, KVMA_KIND_ACK, NULL, 0);
  g_assert_false (peer_receive_within (peer, &frame, 4 * KVMA_ACK_MS));
  peer_free (peer);
}

static void
test_acknowledges_many_bytes (void)
{
  Peer *peer = start ();
  g_autofree char *bytes = g_strnfill (16000, 'x');
  KvmaFrame frame;

  json_decref (peer_hello (peer));
  for (guint i = 0; i < 3; i++)
    peer_send (peer, (KvmaKind) 200, bytes, 16000);
  g_assert_true (peer_receive (peer, &frame));
  g_assert_cmpint (frame.header.kind, ==, KVMA_KIND_ACK);
  g_assert_cmpuint (frame.header.ack, >=, 3);
  peer_free (peer);
}

static void
test_data_without_stream_is_closed (void)
{
  Peer *peer = start ();
  KvmaHeader data = { .kind = KVMA_KIND_DATA, .stream = 3 };
  KvmaFrame frame;

  json_decref (peer_hello (peer));
  kvma_session_stamp (&peer->session, &data);
  peer_send_header (peer, &data, "x", 1);
  g_assert_true (peer_receive (peer, &frame));
  g_assert_cmpint (frame.header.kind, ==, KVMA_KIND_CLOSE);
  g_assert_cmpuint (frame.header.stream, ==, 3);
  peer_free (peer);
}

/* The port comes after the agent, is unplugged in the middle of a session, and comes back. */
static void
test_port_comes_and_goes (void)
{
  Peer *peer = peer_new ();
  g_autofree char *instance = NULL;

  peer_start_port (peer);
  for (int i = 0; i < 3; i++)
    {
      json_t *announce, *welcome;

      peer_plug (peer);
      announce = peer_expect (peer, KVMA_KIND_ANNOUNCE, 0);
      if (instance == NULL)
        instance = g_strdup (json_text (announce, "instance"));
      g_assert_cmpstr (json_text (announce, "instance"), ==, instance);
      welcome = peer_hello (peer);
      json_decref (peer_call (peer, KVMA_METHOD_SYS_METRICS, NULL));
      json_decref (announce);
      json_decref (welcome);
      if (i < 2)
        peer_unplug (peer);
    }
  peer_free (peer);
}

static void
test_says_bye_when_it_stops (void)
{
  Peer *peer = start ();

  json_decref (peer_hello (peer));
  g_subprocess_send_signal (peer->process, SIGTERM);
  peer_expect_bye (peer, KVMA_BYE_BYE);
  peer_free (peer);
}

static void
test_reload_ends_session_with_new_policy (void)
{
  Peer *peer = start ();
  json_t *welcome = peer_hello (peer);
  json_t *event;

  g_assert_cmpstr (json_text (welcome, "policy.power"), ==, "allow");
  json_decref (welcome);
  peer_subscribe (peer, KVMA_EVENT_AGENT_POLICY_CHANGED, 1000);
  peer_write_policy (peer, "[policy]\npower=deny\n");
  g_subprocess_send_signal (peer->process, SIGHUP);
  event = peer_event (peer, KVMA_EVENT_AGENT_POLICY_CHANGED);
  g_assert_cmpstr (json_text (event, "policy.power"), ==, "deny");
  json_decref (event);
  peer_expect_bye (peer, KVMA_BYE_POLICY_RELOAD);
  welcome = peer_hello (peer);
  g_assert_cmpstr (json_text (welcome, "policy.power"), ==, "deny");
  json_decref (welcome);
  g_assert_cmpint (
      peer_call_error (peer, KVMA_METHOD_POWER_SHUTDOWN, json_pack ("{ss}", "mode", "reboot")), ==,
      KVMA_ERROR_DENIED);
  peer_free (peer);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/daemon/session/announces-itself", test_announces_itself);
  g_test_add_func ("/daemon/session/welcomes", test_welcomes);
  g_test_add_func ("/daemon/session/new-hello-supersedes", test_new_hello_supersedes);
  g_test_add_func ("/daemon/session/refuses-unknown-versions", test_refuses_unknown_versions);
  g_test_add_func ("/daemon/session/ignores-bad-hellos", test_ignores_bad_hellos);
  g_test_add_func ("/daemon/session/survives-8-mib-of-garbage", test_survives_8_mib_of_garbage);
  g_test_add_func ("/daemon/session/understands-single-bytes", test_understands_single_bytes);
  g_test_add_func ("/daemon/session/recovers-from-every-cut", test_recovers_from_every_cut);
  g_test_add_func ("/daemon/session/bad-frame-ends-it", test_bad_frame_ends_session);
  g_test_add_func ("/daemon/session/sequence-gap-ends-it", test_sequence_gap_ends_session);
  g_test_add_func ("/daemon/session/repeated-frame-ends-it", test_repeated_frame_ends_session);
  g_test_add_func ("/daemon/session/impossible-ack-ends-it", test_impossible_ack_ends_session);
  g_test_add_func ("/daemon/session/oversized-payload-ends-it",
                   test_oversized_payload_ends_session);
  g_test_add_func ("/daemon/session/unfinished-frame-ends-it", test_unfinished_frame_ends_session);
  g_test_add_func ("/daemon/session/stale-session-is-answered-once",
                   test_stale_session_is_answered_once);
  g_test_add_func ("/daemon/session/ping", test_ping);
  g_test_add_func ("/daemon/session/acknowledges-what-has-no-reply",
                   test_acknowledges_what_has_no_reply);
  g_test_add_func ("/daemon/session/acknowledges-many-bytes", test_acknowledges_many_bytes);
  g_test_add_func ("/daemon/session/data-without-stream-is-closed",
                   test_data_without_stream_is_closed);
  g_test_add_func ("/daemon/session/port-comes-and-goes", test_port_comes_and_goes);
  g_test_add_func ("/daemon/session/says-bye-when-it-stops", test_says_bye_when_it_stops);
  g_test_add_func ("/daemon/session/reload-brings-the-new-policy",
                   test_reload_ends_session_with_new_policy);
  return g_test_run ();
}
