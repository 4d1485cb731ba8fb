/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "daemon-peer.h"

#define POLICY                                                                                     \
  "[agent]\nlog=error\n[policy]\nsuspend=allow\ntime=allow\n[audit]\nfile=/"                       \
  "audit.log\nsyslog=none\n"
#define MIB (1 << 20)

static Peer *
new_peer (void)
{
  Peer *peer = peer_new ();

  peer_write_policy (peer, POLICY);
  return peer;
}

static void
begin (Peer *peer)
{
  peer_start (peer, 0);
  json_decref (peer_hello (peer));
}

static gboolean
run (const char *const *argv)
{
  GSpawnFlags flags = G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL | G_SPAWN_STDOUT_TO_DEV_NULL;
  int status;

  return g_spawn_sync (NULL, (char **) argv, NULL, flags, NULL, NULL, NULL, NULL, &status, NULL) &&
         g_spawn_check_wait_status (status, NULL);
}

static void
test_trims (void)
{
  Peer *peer = new_peer ();
  g_autofree char *mount = g_build_filename (peer->root, "srv", NULL);
  g_autofree char *image = g_build_filename (peer->root, "image", NULL);
  const char *const make[] = { "mkfs.ext4", "-q", "-F", "-E", "nodiscard", image, "32M", NULL };
  const char *const attach[] = { "mount", "-o", "loop", image, mount, NULL };
  json_t *result;

  g_assert_cmpint (g_mkdir (mount, 0755), ==, 0);
  if (geteuid () != 0 || !run (make) || !run (attach))
    {
      g_test_skip ("not root, no mkfs.ext4, or no loop device");
      peer_free (peer);
      return;
    }
  peer_write (peer, "proc/self/mountinfo",
              "20 1 0:20 / / rw - tmpfs none rw\n"
              "30 20 7:9 / /srv rw,relatime - ext4 /dev/loop9 rw\n"
              "31 20 7:9 /x /srv/again rw,relatime - ext4 /dev/loop9 rw\n"
              "32 20 7:8 / /read-only ro - ext4 /dev/loop8 ro\n"
              "33 20 7:7 / /gone rw - nfs server:/gone rw\n");
  begin (peer);
  result = peer_call (peer, KVMA_METHOD_FS_TRIM, NULL);
  if (json_array_size (json_path (result, "results")) == 0)
    g_test_skip ("this machine's loop devices do not take back unused blocks");
  else
    {
      g_assert_cmpuint (json_array_size (json_path (result, "results")), ==, 1);
      g_assert_cmpstr (json_text (result, "results.0.mount"), ==, "/srv");
      g_assert_cmpint (json_number (result, "results.0.trimmed"), >, 8 * MIB);
      g_assert_cmpint (json_number (result, "results.0.trimmed"), <=, 32 * MIB);
    }
  json_decref (result);
  /* By its name, what cannot be trimmed is told and not left out. */
  result = peer_call (peer, KVMA_METHOD_FS_TRIM, json_pack ("{s[s]}", "mounts", "/gone"));
  g_assert_cmpstr (json_text (result, "results.0.mount"), ==, "/gone");
  g_assert_nonnull (json_text (result, "results.0.error"));
  json_decref (result);
  peer_free (peer);
  umount2 (mount, MNT_DETACH);
  g_rmdir (mount);
}

static void
test_trim_refuses (void)
{
  Peer *peer = new_peer ();
  json_t *many = json_array ();

  peer_write (peer, "proc/self/mountinfo", "20 1 0:20 / / rw - tmpfs none rw\n");
  begin (peer);
  for (int i = 0; i < 65; i++)
    json_array_append_new (many, json_string ("/"));
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_FS_TRIM, json_pack ("{so}", "mounts", many)),
                   ==, KVMA_ERROR_PARAMS);
  g_assert_cmpint (
      peer_call_error (peer, KVMA_METHOD_FS_TRIM, json_pack ("{s[s]}", "mounts", "/nowhere")), ==,
      KVMA_ERROR_NOT_FOUND);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_FS_TRIM, json_pack ("{si}", "minimum", -1)),
                   ==, KVMA_ERROR_PARAMS);
  peer_free (peer);
}

static int
suspend_error (Peer *peer, const char *target)
{
  return peer_call_error (peer, KVMA_METHOD_POWER_SUSPEND, json_pack ("{ss}", "target", target));
}

static void
wait_for_text (Peer *peer, const char *path, const char *wanted)
{
  g_autofree char *full = g_build_filename (peer->root, path, NULL);
  gint64 deadline = g_get_monotonic_time () + PEER_PATIENCE_MS * 1000;

  for (;;)
    {
      g_autofree char *text = NULL;

      if (g_file_get_contents (full, &text, NULL, NULL) && g_str_has_prefix (text, wanted))
        return;
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      poll (NULL, 0, 5);
    }
}

static void
test_suspends_after_the_reply (void)
{
  Peer *peer = new_peer ();
  g_autofree char *state = g_build_filename (peer->root, "sys/power/state", NULL);
  g_autofree char *text = NULL;

  peer_write (peer, "sys/power/state", "freeze mem disk\n");
  peer_write (peer, "sys/power/mem_sleep", "[s2idle] deep\n");
  begin (peer);
  json_decref (peer_call (peer, KVMA_METHOD_POWER_SUSPEND, json_pack ("{ss}", "target", "ram")));
  g_assert_true (g_file_get_contents (state, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "freeze mem disk\n");
  g_assert_cmpint (suspend_error (peer, "disk"), ==, KVMA_ERROR_STATE);
  /* Below a root, the file is overwritten from its begin. */
  wait_for_text (peer, "sys/power/state", "memeze");
  wait_for_text (peer, "sys/power/mem_sleep", "deep");
  peer_free (peer);
}

static void
test_suspend_needs_a_kernel_that_can (void)
{
  Peer *peer = new_peer ();

  begin (peer);
  g_assert_cmpint (suspend_error (peer, "ram"), ==, KVMA_ERROR_UNSUPPORTED);
  peer_write (peer, "sys/power/state", "freeze mem\n");
  peer_write (peer, "sys/power/mem_sleep", "[s2idle]\n");
  g_assert_cmpint (suspend_error (peer, "ram"), ==, KVMA_ERROR_UNSUPPORTED);
  g_assert_cmpint (suspend_error (peer, "disk"), ==, KVMA_ERROR_UNSUPPORTED);
  g_assert_cmpint (suspend_error (peer, "freeze"), ==, KVMA_ERROR_PARAMS);
  peer_free (peer);
}

static void
test_suspend_that_fails_is_told (void)
{
  Peer *peer = new_peer ();
  g_autofree char *state = g_build_filename (peer->root, "sys/power/state", NULL);
  json_t *event;

  peer_write (peer, "sys/power/state", "disk\n");
  begin (peer);
  peer_subscribe (peer, KVMA_EVENT_POWER_FAILED, 1000);
  json_decref (peer_call (peer, KVMA_METHOD_POWER_SUSPEND, json_pack ("{ss}", "target", "disk")));
  g_assert_cmpint (g_unlink (state), ==, 0);
  event = peer_event (peer, KVMA_EVENT_POWER_FAILED);
  g_assert_cmpstr (json_text (event, "mode"), ==, "suspend");
  json_decref (event);
  peer_free (peer);
}

static int
set_time_error (Peer *peer, json_t *params)
{
  return peer_call_error (peer, KVMA_METHOD_TIME_SET, params);
}

/* This machine's clock is nobody's to set; the guest's is in the guest suite. */
static void
test_time_is_checked (void)
{
  Peer *peer = new_peer ();

  begin (peer);
  g_assert_cmpint (set_time_error (peer, NULL), ==, KVMA_ERROR_PARAMS);
  g_assert_cmpint (set_time_error (peer, json_pack ("{sf}", "realtime_us", 1.5)), ==,
                   KVMA_ERROR_PARAMS);
  g_assert_cmpint (set_time_error (peer, json_pack ("{si}", "realtime_us", -1)), ==,
                   KVMA_ERROR_PARAMS);
  g_assert_cmpint (set_time_error (peer, json_pack ("{sI}", "realtime_us", g_get_real_time ())), ==,
                   KVMA_ERROR_UNSUPPORTED);
  peer_free (peer);
  /* With the real clock, only what is refused. */
  peer = peer_new ();
  {
    g_autofree char *policy = g_strdup_printf (
        "[policy]\ntime=allow\n[audit]\nsyslog=none\nfile=%s/audit.log\n", peer->root);

    peer_write_policy (peer, policy);
  }
  peer_start (peer, PEER_REAL_FACTS);
  json_decref (peer_hello (peer));
  g_assert_cmpint (
      set_time_error (peer, json_pack ("{sI sb}", "realtime_us",
                                       (json_int_t) g_get_real_time () + 700000, "slew", 1)),
      ==, KVMA_ERROR_PARAMS);
  g_assert_cmpint (
      set_time_error (peer, json_pack ("{sI sb}", "realtime_us",
                                       (json_int_t) g_get_real_time () - 700000, "slew", 1)),
      ==, KVMA_ERROR_PARAMS);
  peer_free (peer);
}

static void
test_denied_by_default (void)
{
  Peer *peer = peer_new ();

  begin (peer);
  g_assert_cmpint (suspend_error (peer, "ram"), ==, KVMA_ERROR_DENIED);
  g_assert_cmpint (set_time_error (peer, json_pack ("{si}", "realtime_us", 1)), ==,
                   KVMA_ERROR_DENIED);
  peer_free (peer);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/daemon/care/denied-by-default", test_denied_by_default);
  g_test_add_func ("/daemon/care/trims-each-device-once", test_trims);
  g_test_add_func ("/daemon/care/trim-refuses", test_trim_refuses);
  g_test_add_func ("/daemon/care/suspends-after-the-reply", test_suspends_after_the_reply);
  g_test_add_func ("/daemon/care/suspend-needs-a-kernel-that-can",
                   test_suspend_needs_a_kernel_that_can);
  g_test_add_func ("/daemon/care/suspend-that-fails-is-told", test_suspend_that_fails_is_told);
  g_test_add_func ("/daemon/care/time-is-checked", test_time_is_checked);
  return g_test_run ();
}
