/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <string.h>

#include "daemon-peer.h"

static Peer *
start (PeerFlags flags)
{
  Peer *peer = peer_new ();

  peer_start (peer, flags);
  json_decref (peer_hello (peer));
  return peer;
}

/* Sends a body as it stands and returns the reply. */
static json_t *
raw (Peer *peer, const char *body)
{
  peer_send (peer, KVMA_KIND_REQUEST, body, strlen (body));
  return peer_expect (peer, KVMA_KIND_REPLY, 0);
}

static void
assert_raw_error (Peer *peer, const char *body, int code, gint64 id)
{
  json_t *reply = raw (peer, body);

  g_assert_cmpint (json_number (reply, "error.code"), ==, code);
  if (id == 0)
    g_assert_true (json_is_null (json_object_get (reply, "id")));
  else
    g_assert_cmpint (json_number (reply, "id"), ==, id);
  json_decref (reply);
}

static void
test_unknown_method (void)
{
  Peer *peer = start (0);

  g_assert_cmpint (peer_call_error (peer, "no.such", NULL), ==, KVMA_ERROR_NO_METHOD);
  g_assert_cmpint (peer_call_error (peer, "exec.unknown", NULL), ==, KVMA_ERROR_NO_METHOD);
  g_assert_cmpint (peer_call_error (peer, "", NULL), ==, KVMA_ERROR_NO_METHOD);
  peer_free (peer);
}

static void
test_bad_requests (void)
{
  Peer *peer = start (0);
  g_autofree char *deep = g_strdup_printf (
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sys.info\",\"params\":{\"a\":%s1%s}}",
      "[[[[[[[[[[[[[[[[[[[[", "]]]]]]]]]]]]]]]]]]]]");

  assert_raw_error (peer, "", KVMA_ERROR_PARSE, 0);
  assert_raw_error (peer, "{", KVMA_ERROR_PARSE, 0);
  assert_raw_error (peer, "[]", KVMA_ERROR_PARSE, 0);
  assert_raw_error (peer, deep, KVMA_ERROR_PARSE, 0);
  assert_raw_error (peer, "{\"id\":1,\"id\":2}", KVMA_ERROR_PARSE, 0);
  assert_raw_error (peer, "{}", KVMA_ERROR_INVALID_REQUEST, 0);
  assert_raw_error (peer, "{\"jsonrpc\":\"2.0\",\"method\":\"sys.info\"}",
                    KVMA_ERROR_INVALID_REQUEST, 0);
  assert_raw_error (peer, "{\"jsonrpc\":\"2.0\",\"id\":\"7\",\"method\":\"sys.info\"}",
                    KVMA_ERROR_INVALID_REQUEST, 0);
  assert_raw_error (peer, "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"sys.info\"}",
                    KVMA_ERROR_INVALID_REQUEST, 0);
  assert_raw_error (peer, "{\"jsonrpc\":\"2.0\",\"id\":2147483648,\"method\":\"sys.info\"}",
                    KVMA_ERROR_INVALID_REQUEST, 0);
  assert_raw_error (peer, "{\"jsonrpc\":\"1.0\",\"id\":3,\"method\":\"sys.info\"}",
                    KVMA_ERROR_INVALID_REQUEST, 3);
  assert_raw_error (peer, "{\"jsonrpc\":\"2.0\",\"id\":4}", KVMA_ERROR_INVALID_REQUEST, 4);
  assert_raw_error (peer, "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"sys.info\",\"params\":[]}",
                    KVMA_ERROR_INVALID_REQUEST, 5);
  /* None of it ended the session. */
  peer->next_id = 100;
  json_decref (peer_call (peer, KVMA_METHOD_AGENT_INFO, NULL));
  peer_free (peer);
}

static void
test_bad_parameters (void)
{
  Peer *peer = start (0);
  json_t *reply;

  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_NET_LIST, json_pack ("{si}", "virtual", 1)),
                   ==, KVMA_ERROR_PARAMS);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_FS_LIST, json_pack ("{ss}", "all", "yes")),
                   ==, KVMA_ERROR_PARAMS);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_AGENT_CANCEL, NULL), ==, KVMA_ERROR_PARAMS);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_EVENTS_SUBSCRIBE, NULL), ==,
                   KVMA_ERROR_PARAMS);
  g_assert_cmpint (
      peer_call_error (peer, KVMA_METHOD_POWER_SHUTDOWN, json_pack ("{ss}", "mode", "explode")), ==,
      KVMA_ERROR_PARAMS);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_POWER_SHUTDOWN,
                                    json_pack ("{ss si}", "mode", "poweroff", "delay_ms",
                                               KVMA_POWER_DELAY_MAX_MS + 1)),
                   ==, KVMA_ERROR_PARAMS);
  reply =
      peer_reply (peer, peer_request (peer, KVMA_METHOD_NET_LIST, json_pack ("{sn}", "virtual")));
  g_assert_cmpstr (json_text (reply, "error.data.param"), ==, "virtual");
  json_decref (reply);
  peer_free (peer);
}

static void
test_denied_group_tells_the_line (void)
{
  Peer *peer = peer_new ();
  json_t *reply;

  peer_write_policy (peer, "[policy]\ninfo=deny\npower=deny\n");
  peer_start (peer, 0);
  json_decref (peer_hello (peer));
  reply = peer_reply (peer, peer_request (peer, KVMA_METHOD_SYS_INFO, NULL));
  g_assert_cmpint (json_number (reply, "error.code"), ==, KVMA_ERROR_DENIED);
  g_assert_cmpstr (json_text (reply, "error.data.group"), ==, "info");
  g_assert_cmpstr (json_text (reply, "error.data.hint"), ==, "[policy] info=allow");
  json_decref (reply);
  json_decref (peer_call (peer, KVMA_METHOD_AGENT_INFO, NULL));
  /* Nor can it be had by subscribing. */
  reply = peer_call (peer, KVMA_METHOD_EVENTS_SUBSCRIBE,
                     json_pack ("{s[s]}", "topics", KVMA_EVENT_METRICS_SAMPLE));
  g_assert_cmpuint (json_array_size (json_path (reply, "accepted")), ==, 0);
  json_decref (reply);
  peer_free (peer);
}

/* The same id once more gets the same answer, and the action happens once. */
static void
test_repeated_id_is_answered_from_memory (void)
{
  static const char body[] =
      "{\"jsonrpc\":\"2.0\",\"id\":77,\"method\":\"power.shutdown\",\"params\":{\"mode\":"
      "\"poweroff\",\"delay_ms\":600000}}";
  Peer *peer = start (0);
  json_t *first = raw (peer, body);
  json_t *second = raw (peer, body);

  g_assert_cmpint (json_number (first, "result.job"), ==, 1);
  g_assert_true (json_equal (first, second));
  g_assert_cmpint (
      peer_call_error (peer, KVMA_METHOD_POWER_SHUTDOWN, json_pack ("{ss}", "mode", "poweroff")),
      ==, KVMA_ERROR_STATE);
  json_decref (first);
  json_decref (second);
  first = peer_call (peer, KVMA_METHOD_POWER_CANCEL, NULL);
  g_assert_true (json_is_true (json_path (first, "cancelled")));
  json_decref (first);
  peer_free (peer);
}

/* With nobody reading, replies stay in flight: the 17th request is refused, and all get an answer.
 */
static void
test_seventeenth_request_is_busy (void)
{
  Peer *peer = start (PEER_SMALL_BUFFER);
  guint results = 0, busy = 0;

  for (guint i = 0; i < 60; i++)
    peer_request (peer, KVMA_METHOD_AGENT_INFO, NULL);
  peer_wait_handled (peer);
  for (guint i = 0; i < 60; i++)
    {
      json_t *reply = peer_expect (peer, KVMA_KIND_REPLY, 0);

      if (json_path (reply, "result") != NULL)
        results++;
      else if (json_number (reply, "error.code") == KVMA_ERROR_BUSY)
        busy++;
      json_decref (reply);
    }
  g_assert_cmpuint (results + busy, ==, 60);
  g_assert_cmpuint (results, >=, KVMA_REQUESTS_MAX);
  g_assert_cmpuint (busy, >, 0);
  json_decref (peer_call (peer, KVMA_METHOD_AGENT_INFO, NULL));
  peer_free (peer);
}

/* More replies than a host would put up with: the agent refuses by itself. */
static void
test_keeps_below_the_byte_rate (void)
{
  Peer *peer = start (PEER_REAL_FACTS);
  gint64 begin = g_get_monotonic_time ();
  guint limited = 0;

  peer_subscribe (peer, KVMA_EVENT_AGENT_OVERLOAD, 1000);
  for (guint i = 0; i < 1900 && limited < 10; i++)
    {
      json_t *reply = peer_reply (peer, peer_request (peer, KVMA_METHOD_AGENT_INFO, NULL));

      if (json_number (reply, "error.code") == KVMA_ERROR_RATE_LIMITED)
        limited++;
      json_decref (reply);
      g_assert_cmpuint (peer->receiver.bytes, <,
                        KVMA_CONTROL_BYTES_BURST + (guint64) (g_get_monotonic_time () - begin) *
                                                       KVMA_CONTROL_BYTES_PER_SECOND /
                                                       G_USEC_PER_SEC);
    }
  /* 1900 requests are below the limit of requests, so it was the bytes. */
  g_assert_cmpuint (limited, ==, 10);
  json_decref (peer_event (peer, KVMA_EVENT_AGENT_OVERLOAD));
  peer_free (peer);
}

/* Small replies, so that it is the number of requests that counts. */
static void
test_keeps_below_the_request_rate (void)
{
  Peer *peer = start (0);
  gint64 begin = g_get_monotonic_time ();
  guint good = 0, limited = 0;
  guint64 allowed;

  while (limited == 0)
    {
      json_t *params = json_pack ("{si}", "id", 1);
      json_t *reply = peer_reply (peer, peer_request (peer, KVMA_METHOD_AGENT_CANCEL, params));

      if (json_number (reply, "error.code") == KVMA_ERROR_RATE_LIMITED)
        limited++;
      else
        good++;
      json_decref (reply);
      if (g_get_monotonic_time () - begin > 5 * G_USEC_PER_SEC)
        break;
    }
  allowed = KVMA_REQUESTS_BURST +
            (guint64) (g_get_monotonic_time () - begin) * KVMA_REQUESTS_PER_SECOND / G_USEC_PER_SEC;
  g_assert_cmpuint (good, <=, allowed + 1);
  if (limited == 0)
    g_test_skip ("too slow a machine to reach the limit");
  peer_free (peer);
}

static void
test_cancel_of_nothing (void)
{
  Peer *peer = start (0);
  json_t *result = peer_call (peer, KVMA_METHOD_AGENT_CANCEL, json_pack ("{si}", "id", 999));

  g_assert_true (json_is_false (json_path (result, "cancelled")));
  json_decref (result);
  peer_free (peer);
}

static void
test_info_counts (void)
{
  Peer *peer = start (PEER_REAL_FACTS);
  json_t *info;

  json_decref (peer_call (peer, KVMA_METHOD_SYS_METRICS, NULL));
  info = peer_call (peer, KVMA_METHOD_AGENT_INFO, NULL);
  g_assert_cmpint (json_number (info, "counters.sessions"), ==, 1);
  g_assert_cmpint (json_number (info, "counters.requests"), ==, 2);
  g_assert_cmpint (json_number (info, "counters.garbage"), ==, 0);
  g_assert_cmpint (json_number (info, "counters.rx_frames"), ==, 3);
  g_assert_cmpstr (json_text (info, "os"), ==, "linux");
  g_assert_cmpint (json_number (info, "pid"), ==,
                   g_ascii_strtoll (g_subprocess_get_identifier (peer->process), NULL, 10));
  g_assert_cmpint (json_number (info, "rss_kb"), >, 100);
  json_decref (info);
  peer_free (peer);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/daemon/rpc/unknown-method", test_unknown_method);
  g_test_add_func ("/daemon/rpc/bad-requests", test_bad_requests);
  g_test_add_func ("/daemon/rpc/bad-parameters", test_bad_parameters);
  g_test_add_func ("/daemon/rpc/denied-group-tells-the-line", test_denied_group_tells_the_line);
  g_test_add_func ("/daemon/rpc/repeated-id-is-answered-from-memory",
                   test_repeated_id_is_answered_from_memory);
  g_test_add_func ("/daemon/rpc/seventeenth-request-is-busy", test_seventeenth_request_is_busy);
  g_test_add_func ("/daemon/rpc/keeps-below-the-byte-rate", test_keeps_below_the_byte_rate);
  g_test_add_func ("/daemon/rpc/keeps-below-the-request-rate", test_keeps_below_the_request_rate);
  g_test_add_func ("/daemon/rpc/cancel-of-nothing", test_cancel_of_nothing);
  g_test_add_func ("/daemon/rpc/info-counts", test_info_counts);
  return g_test_run ();
}
