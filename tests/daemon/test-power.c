/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <glib/gstdio.h>
#include <string.h>

#include "daemon-peer.h"

/* Every guest here is a directory: the agent runs the commands below it and never calls the kernel.
 */

static void
write_command (Peer *peer, const char *path, int status)
{
  g_autofree char *full = g_build_filename (peer->root, path, NULL);
  g_autofree char *script = g_strdup_printf (
      "#!/bin/sh\necho \"$0 $*\" > '%s/marker.new'\nmv '%s/marker.new' '%s/marker'\nexit %d\n",
      peer->root, peer->root, peer->root, status);

  peer_write (peer, path, script);
  g_assert_cmpint (g_chmod (full, 0755), ==, 0);
}

static char *
marker (Peer *peer)
{
  g_autofree char *path = g_build_filename (peer->root, "marker", NULL);
  char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  return g_strstrip (text);
}

static char *
wait_for_marker (Peer *peer)
{
  gint64 deadline = g_get_monotonic_time () + PEER_PATIENCE_MS * 1000;
  char *text;

  while ((text = marker (peer)) == NULL)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_main_context_iteration (NULL, FALSE);
    }
  return text;
}

static void
assert_runs (const char *init_file, const char *command, const char *mode, const char *expected)
{
  Peer *peer = peer_new ();
  g_autofree char *text = NULL;
  g_autofree char *whole = NULL;
  json_t *result, *event;

  peer_write (peer, init_file, "/sbin/init");
  write_command (peer, command, 0);
  peer_start (peer, 0);
  json_decref (peer_hello (peer));
  peer_subscribe (peer, KVMA_EVENT_POWER_SHUTTING_DOWN, 1000);
  peer_request (peer, KVMA_METHOD_POWER_SHUTDOWN,
                json_pack ("{ss ss}", "mode", mode, "message", "maintenance\x1b[31m"));
  event = peer_event (peer, KVMA_EVENT_POWER_SHUTTING_DOWN);
  g_assert_cmpstr (json_text (event, "mode"), ==, mode);
  g_assert_cmpstr (json_text (event, "message"), ==, "maintenance?[31m");
  json_decref (event);
  result = peer_reply (peer, peer->next_id);
  g_assert_true (json_is_true (json_path (result, "result.accepted")));
  g_assert_cmpint (json_number (result, "result.delay_ms"), ==, KVMA_POWER_FLUSH_MS);
  /* The reply is here, the action not yet. */
  g_assert_null (marker (peer));
  json_decref (result);
  text = wait_for_marker (peer);
  whole = g_strdup_printf ("%s/%s", peer->root, expected);
  g_assert_cmpstr (text, ==, whole);
  peer_free (peer);
}

static void
test_systemd (void)
{
  assert_runs ("run/systemd/system/x", "usr/bin/systemctl", "poweroff",
               "usr/bin/systemctl poweroff");
  assert_runs ("run/systemd/system/x", "bin/systemctl", "reboot", "bin/systemctl reboot");
  assert_runs ("run/systemd/system/x", "bin/systemctl", "halt", "bin/systemctl halt");
}

static void
test_openrc (void)
{
  assert_runs ("run/openrc/x", "sbin/openrc-shutdown", "poweroff", "sbin/openrc-shutdown -p now");
  assert_runs ("run/openrc/x", "sbin/reboot", "reboot", "sbin/reboot");
}

static void
test_busybox (void)
{
  assert_runs ("proc/1/cmdline", "sbin/poweroff", "poweroff", "sbin/poweroff");
  assert_runs ("proc/1/cmdline", "sbin/halt", "halt", "sbin/halt");
}

static void
test_sysvinit (void)
{
  assert_runs ("proc/1/cmdline", "sbin/shutdown", "reboot", "sbin/shutdown -r now");
}

/* The reply never loses the race against the power: KVMM_POWER_RUNS=100 for a longer look. */
static void
test_reply_is_always_first (void)
{
  const char *runs = g_getenv ("KVMM_POWER_RUNS");
  gint64 n = runs != NULL ? g_ascii_strtoll (runs, NULL, 10) : 20;

  for (gint64 i = 0; i < n; i++)
    assert_runs ("run/systemd/system/x", "bin/systemctl", i % 2 == 0 ? "poweroff" : "reboot",
                 i % 2 == 0 ? "bin/systemctl poweroff" : "bin/systemctl reboot");
}

static void
test_cancel (void)
{
  Peer *peer = peer_new ();
  json_t *result;
  gint64 deadline = g_get_monotonic_time () + G_USEC_PER_SEC;

  peer_write (peer, "run/systemd/system/x", "");
  write_command (peer, "bin/systemctl", 0);
  peer_start (peer, 0);
  json_decref (peer_hello (peer));
  result = peer_call (peer, KVMA_METHOD_POWER_SHUTDOWN,
                      json_pack ("{ss si}", "mode", "poweroff", "delay_ms", 500));
  g_assert_cmpint (json_number (result, "job"), ==, 1);
  json_decref (result);
  result = peer_call (peer, KVMA_METHOD_POWER_CANCEL, json_pack ("{si}", "job", 7));
  g_assert_true (json_is_false (json_path (result, "cancelled")));
  json_decref (result);
  result = peer_call (peer, KVMA_METHOD_POWER_CANCEL, json_pack ("{si}", "job", 1));
  g_assert_true (json_is_true (json_path (result, "cancelled")));
  json_decref (result);
  while (g_get_monotonic_time () < deadline)
    {
      KvmaFrame frame;

      peer_receive_within (peer, &frame, 100);
      g_assert_null (marker (peer));
    }
  peer_free (peer);
}

/* An init that refuses, because somebody inhibits the shutdown, is not overruled. */
static void
test_refusal_is_told (void)
{
  Peer *peer = peer_new ();
  json_t *event;

  peer_write (peer, "run/systemd/system/x", "");
  write_command (peer, "bin/systemctl", 1);
  peer_start (peer, 0);
  json_decref (peer_hello (peer));
  peer_subscribe (peer, KVMA_EVENT_POWER_FAILED, 1000);
  json_decref (peer_call (peer, KVMA_METHOD_POWER_SHUTDOWN, json_pack ("{ss}", "mode", "reboot")));
  event = peer_event (peer, KVMA_EVENT_POWER_FAILED);
  g_assert_cmpstr (json_text (event, "mode"), ==, "reboot");
  json_decref (event);
  /* And it may be asked for again. */
  json_decref (peer_call (peer, KVMA_METHOD_POWER_SHUTDOWN, json_pack ("{ss}", "mode", "reboot")));
  json_decref (peer_call (peer, KVMA_METHOD_POWER_CANCEL, NULL));
  peer_free (peer);
}

static void
test_no_init_at_all (void)
{
  Peer *peer = peer_new ();
  json_t *event;

  peer_write (peer, "proc/1/cmdline", "/bin/sh");
  write_command (peer, "sbin/poweroff", 0);
  peer_start (peer, 0);
  json_decref (peer_hello (peer));
  peer_subscribe (peer, KVMA_EVENT_POWER_FAILED, 1000);
  json_decref (
      peer_call (peer, KVMA_METHOD_POWER_SHUTDOWN, json_pack ("{ss}", "mode", "poweroff")));
  event = peer_event (peer, KVMA_EVENT_POWER_FAILED);
  json_decref (event);
  g_assert_null (marker (peer));
  peer_free (peer);
}

/* A reply that nobody takes holds the shutdown up for two seconds, not for ever. */
static void
test_waits_for_its_reply (void)
{
  Peer *peer = peer_new ();
  g_autoptr (GString) lines = g_string_new (NULL);
  g_autofree char *text = NULL;
  gint64 begin;

  for (guint i = 0; i < 200; i++)
    g_string_append_printf (lines, "%u 1 254:%u / /mnt/%080u rw - ext4 /dev/vd%u rw\n", i + 10, i,
                            i, i);
  peer_write (peer, "proc/self/mountinfo", lines->str);
  peer_write (peer, "run/systemd/system/x", "");
  write_command (peer, "bin/systemctl", 0);
  peer_start (peer, PEER_SMALL_BUFFER);
  json_decref (peer_hello (peer));
  peer_request (peer, KVMA_METHOD_FS_LIST, NULL);
  begin = g_get_monotonic_time ();
  peer_request (peer, KVMA_METHOD_POWER_SHUTDOWN, json_pack ("{ss}", "mode", "poweroff"));
  text = wait_for_marker (peer);
  g_assert_cmpint (g_get_monotonic_time () - begin, >, 5 * KVMA_POWER_FLUSH_MS * 1000);
  peer_free (peer);
}

static void
test_denied (void)
{
  Peer *peer = peer_new ();

  peer_write (peer, "run/systemd/system/x", "");
  write_command (peer, "bin/systemctl", 0);
  peer_write_policy (peer, "[policy]\npower=deny\n");
  peer_start (peer, 0);
  json_decref (peer_hello (peer));
  g_assert_cmpint (
      peer_call_error (peer, KVMA_METHOD_POWER_SHUTDOWN, json_pack ("{ss}", "mode", "poweroff")),
      ==, KVMA_ERROR_DENIED);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_POWER_CANCEL, NULL), ==, KVMA_ERROR_DENIED);
  peer_free (peer);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/daemon/power/systemd", test_systemd);
  g_test_add_func ("/daemon/power/openrc", test_openrc);
  g_test_add_func ("/daemon/power/busybox", test_busybox);
  g_test_add_func ("/daemon/power/sysvinit", test_sysvinit);
  g_test_add_func ("/daemon/power/reply-is-always-first", test_reply_is_always_first);
  g_test_add_func ("/daemon/power/cancel", test_cancel);
  g_test_add_func ("/daemon/power/refusal-is-told", test_refusal_is_told);
  g_test_add_func ("/daemon/power/no-init-at-all", test_no_init_at_all);
  g_test_add_func ("/daemon/power/waits-for-its-reply", test_waits_for_its_reply);
  g_test_add_func ("/daemon/power/denied", test_denied);
  return g_test_run ();
}
