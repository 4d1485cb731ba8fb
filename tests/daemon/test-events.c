/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <utmp.h>

#include "daemon-peer.h"

static Peer *
start (PeerFlags flags)
{
  Peer *peer = peer_new ();

  peer_start (peer, flags);
  json_decref (peer_hello (peer));
  return peer;
}

static void
test_metrics_arrive (void)
{
  Peer *peer = start (PEER_REAL_FACTS);
  gint64 begin = g_get_monotonic_time ();

  peer_subscribe (peer, KVMA_EVENT_METRICS_SAMPLE, 1000);
  for (gint64 n = 1; n <= 3; n++)
    {
      json_t *sample = peer_event (peer, KVMA_EVENT_METRICS_SAMPLE);

      g_assert_cmpint (json_number (sample, "n"), ==, n);
      g_assert_cmpint (json_number (sample, "dropped"), ==, 0);
      g_assert_cmpint (json_number (sample, "t"), >, 0);
      g_assert_cmpint (json_number (sample, "mem.total"), >, 0);
      json_fraction (sample, "cpu.idle");
      json_decref (sample);
    }
  g_assert_cmpint (g_get_monotonic_time () - begin, >, 2900000);
  peer_free (peer);
}

static void
test_intervals_are_clamped (void)
{
  Peer *peer = start (0);
  json_t *result = peer_call (
      peer, KVMA_METHOD_EVENTS_SUBSCRIBE,
      json_pack ("{s[{ss si},{ss si},{ss},s,s]}", "topics", "name", KVMA_EVENT_METRICS_SAMPLE,
                 "interval_ms", 1, "name", KVMA_EVENT_FS_CHANGED, "interval_ms", 999999999, "name",
                 KVMA_EVENT_NET_CHANGED, "no.such.topic", KVMA_EVENT_USERS_CHANGED));

  g_assert_cmpuint (json_array_size (json_path (result, "accepted")), ==, 4);
  g_assert_cmpint (json_number (result, "accepted.0.interval_ms"), ==, KVMA_TOPIC_INTERVAL_MIN_MS);
  g_assert_cmpint (json_number (result, "accepted.1.interval_ms"), ==, KVMA_TOPIC_INTERVAL_MAX_MS);
  g_assert_cmpstr (json_text (result, "accepted.3.name"), ==, KVMA_EVENT_USERS_CHANGED);
  json_decref (result);
  peer_free (peer);
}

static void
test_too_many_topics (void)
{
  Peer *peer = start (0);
  json_t *topics = json_array ();

  for (int i = 0; i <= KVMA_TOPICS_MAX; i++)
    json_array_append_new (topics, json_string ("x"));
  g_assert_cmpint (
      peer_call_error (peer, KVMA_METHOD_EVENTS_SUBSCRIBE, json_pack ("{sO}", "topics", topics)),
      ==, KVMA_ERROR_PARAMS);
  json_array_remove (topics, 0);
  json_decref (
      peer_call (peer, KVMA_METHOD_EVENTS_SUBSCRIBE, json_pack ("{so}", "topics", topics)));
  peer_free (peer);
}

static void
test_unsubscribed_is_silent (void)
{
  Peer *peer = start (PEER_REAL_FACTS);
  json_t *result;
  KvmaFrame frame;

  peer_subscribe (peer, KVMA_EVENT_METRICS_SAMPLE, 1000);
  result = peer_call (
      peer, KVMA_METHOD_EVENTS_UNSUBSCRIBE,
      json_pack ("{s[ss]}", "topics", KVMA_EVENT_METRICS_SAMPLE, KVMA_EVENT_NET_CHANGED));
  g_assert_cmpint (json_number (result, "removed"), ==, 1);
  json_decref (result);
  g_assert_false (peer_receive_within (peer, &frame, 1500));
  peer_free (peer);
}

/* A new session begins with no subscription of the old one. */
static void
test_subscriptions_end_with_the_session (void)
{
  Peer *peer = start (PEER_REAL_FACTS);
  KvmaFrame frame;

  peer_subscribe (peer, KVMA_EVENT_METRICS_SAMPLE, 1000);
  json_decref (peer_hello (peer));
  g_assert_false (peer_receive_within (peer, &frame, 1500));
  peer_free (peer);
}

static void
test_network_change_arrives (void)
{
  Peer *peer = start (PEER_REAL_FACTS | PEER_OWN_NETWORK);
  json_t *net = peer_call (peer, KVMA_METHOD_NET_LIST, json_pack ("{sb}", "virtual", TRUE));
  json_t *event;

  if (g_strcmp0 (json_text (net, "ifaces.0.state"), "down") != 0 ||
      json_array_size (json_path (net, "ifaces")) > 3)
    {
      g_test_skip ("no right to a network namespace here");
    }
  else
    {
      gboolean found = FALSE;

      peer_subscribe (peer, KVMA_EVENT_NET_CHANGED, 1000);
      peer_raise_loopback (peer);
      while (!found)
        {
          event = peer_event (peer, KVMA_EVENT_NET_CHANGED);
          for (size_t i = 0; i < json_array_size (json_path (event, "ifaces")); i++)
            {
              json_t *row = json_array_get (json_path (event, "ifaces"), i);

              found = found || g_strcmp0 (json_text (row, "addrs.0.ip"), "127.0.0.1") == 0;
            }
          json_decref (event);
        }
    }
  json_decref (net);
  peer_free (peer);
}

static void
test_login_arrives (void)
{
  Peer *peer = peer_new ();
  g_autofree char *path = g_build_filename (peer->root, "run", "utmp", NULL);
  struct utmp entry = { .ut_type = USER_PROCESS, .ut_user = "anna", .ut_line = "tty1" };
  json_t *event;
  FILE *file;

  peer_write (peer, "run/utmp", "");
  peer_start (peer, 0);
  json_decref (peer_hello (peer));
  peer_subscribe (peer, KVMA_EVENT_USERS_CHANGED, 1000);
  file = g_fopen (path, "a");
  g_assert_cmpuint (fwrite (&entry, sizeof entry, 1, file), ==, 1);
  fclose (file);
  event = peer_event (peer, KVMA_EVENT_USERS_CHANGED);
  g_assert_cmpstr (json_text (event, "users.0.user"), ==, "anna");
  g_assert_cmpint (json_number (event, "n"), ==, 1);
  json_decref (event);
  peer_free (peer);
}

static void
test_mount_arrives (void)
{
  Peer *peer = peer_new ();
  json_t *event;

  peer_write (peer, "proc/self/mountinfo", "22 1 254:1 / / rw - ext4 /dev/vda1 rw\n");
  peer_write (peer, "data/file", "");
  peer_start (peer, 0);
  json_decref (peer_hello (peer));
  peer_subscribe (peer, KVMA_EVENT_FS_CHANGED, KVMA_FS_INTERVAL_MIN_MS);
  peer_write (peer, "proc/self/mountinfo",
              "22 1 254:1 / / rw - ext4 /dev/vda1 rw\n23 22 254:2 / /data rw - ext4 /dev/vdb rw\n");
  event = peer_event (peer, KVMA_EVENT_FS_CHANGED);
  g_assert_cmpint (json_number (event, "total"), ==, 2);
  g_assert_cmpstr (json_text (event, "fs.1.mount"), ==, "/data");
  json_decref (event);
  peer_free (peer);
}

/* Nobody reads: the agent drops events, says so later, and still answers. */
static void
test_dropped_events_are_counted (void)
{
  Peer *peer = peer_new ();
  g_autoptr (GString) lines = g_string_new (NULL);
  gint64 id;
  json_t *reply;

  for (guint i = 0; i < 200; i++)
    g_string_append_printf (lines, "%u 1 254:%u / /mnt/%080u rw - ext4 /dev/vd%u rw\n", i + 10, i,
                            i, i);
  peer_write (peer, "proc/self/mountinfo", lines->str);
  peer_start (peer, PEER_SMALL_BUFFER);
  json_decref (peer_hello (peer));
  peer_subscribe (peer, KVMA_EVENT_METRICS_SAMPLE, 1000);
  /* Four long replies fill what may wait for a reader. */
  for (guint i = 0; i < 4; i++)
    peer_request (peer, KVMA_METHOD_FS_LIST, NULL);
  id = peer_request (peer, KVMA_METHOD_SYS_METRICS, NULL);
  /* Time for two samples that find no room; to look at the socket would make some. */
  poll (NULL, 0, 2500);
  reply = peer_reply (peer, id);
  g_assert_nonnull (json_path (reply, "result.t"));
  json_decref (reply);
  for (;;)
    {
      json_t *event = peer_event (peer, KVMA_EVENT_METRICS_SAMPLE);
      gint64 dropped = json_number (event, "dropped");
      gint64 n = json_number (event, "n");

      json_decref (event);
      if (dropped > 0)
        {
          g_assert_cmpint (n, >, dropped);
          break;
        }
      g_assert_cmpint (n, <, 8);
    }
  peer_free (peer);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/daemon/events/metrics-arrive", test_metrics_arrive);
  g_test_add_func ("/daemon/events/intervals-are-clamped", test_intervals_are_clamped);
  g_test_add_func ("/daemon/events/too-many-topics", test_too_many_topics);
  g_test_add_func ("/daemon/events/unsubscribed-is-silent", test_unsubscribed_is_silent);
  g_test_add_func ("/daemon/events/subscriptions-end-with-the-session",
                   test_subscriptions_end_with_the_session);
  g_test_add_func ("/daemon/events/network-change-arrives", test_network_change_arrives);
  g_test_add_func ("/daemon/events/login-arrives", test_login_arrives);
  g_test_add_func ("/daemon/events/mount-arrives", test_mount_arrives);
  g_test_add_func ("/daemon/events/dropped-ones-are-counted", test_dropped_events_are_counted);
  return g_test_run ();
}
