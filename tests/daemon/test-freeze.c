/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/fs.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon-peer.h"

#define POLICY                                                                                     \
  "[agent]\nlog=warning\n[policy]\nfreeze=allow\naccounts=allow\nfile-write=allow\n"               \
  "inbox=allow\nexec=any\npty=any\n[files]\nwrite=/srv\ninbox=/srv\n"                              \
  "[audit]\nfile=/srv/audit.log\nsyslog=none\n"

/* A real ext4 in a file, at the agent's /srv; its audit log is in there. */
typedef struct
{
  Peer *peer;
  char *mount;
  int fd; /* of the file system */
} Fixture;

static char *no_loop; /* why there is no real file system, or NULL */

static gboolean
run (const char *const *argv)
{
  GSpawnFlags flags = G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL | G_SPAWN_STDOUT_TO_DEV_NULL;
  int status;

  return g_spawn_sync (NULL, (char **) argv, NULL, flags, NULL, NULL, NULL, NULL, &status, NULL) &&
         g_spawn_check_wait_status (status, NULL);
}

static gboolean
mount_image (const char *directory, const char *mount)
{
  g_autofree char *image = g_build_filename (directory, "image", NULL);
  const char *const make[] = { "mkfs.ext4", "-q", "-F", image, "8M", NULL };
  const char *const attach[] = { "mount", "-o", "loop", image, mount, NULL };

  g_assert_cmpint (g_mkdir_with_parents (mount, 0755), ==, 0);
  return run (make) && run (attach);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  struct stat status;
  g_autofree char *table = NULL;

  if (no_loop != NULL)
    return;
  fixture->peer = peer_new ();
  fixture->mount = g_build_filename (fixture->peer->root, "srv", NULL);
  g_assert_true (mount_image (fixture->peer->root, fixture->mount));
  fixture->fd = open (fixture->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_cmpint (fixture->fd, >=, 0);
  g_assert_cmpint (fstat (fixture->fd, &status), ==, 0);
  table = g_strdup_printf ("20 1 0:20 / / rw - tmpfs none rw\n"
                           "30 20 7:9 / /srv rw,relatime - ext4 /dev/loop9 rw\n"
                           "31 20 7:9 /x /srv/again rw,relatime - ext4 /dev/loop9 rw\n"
                           "32 20 0:33 / /tmp rw - tmpfs none rw\n");
  peer_write (fixture->peer, "proc/self/mountinfo", table);
  peer_write_policy (fixture->peer, POLICY);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  if (fixture->peer == NULL)
    return;
  ioctl (fixture->fd, FITHAW, 0);
  close (fixture->fd);
  peer_free (fixture->peer);
  umount2 (fixture->mount, MNT_DETACH);
  g_rmdir (fixture->mount);
  g_free (fixture->mount);
}

static gboolean
skip (void)
{
  if (no_loop != NULL)
    g_test_skip (no_loop);
  return no_loop != NULL;
}

/* Freezing a second time is refused; one that was not frozen is at once as it was. */
static gboolean
is_frozen (Fixture *fixture)
{
  if (ioctl (fixture->fd, FIFREEZE, 0) == 0)
    {
      g_assert_cmpint (ioctl (fixture->fd, FITHAW, 0), ==, 0);
      return FALSE;
    }
  g_assert_cmpint (errno, ==, EBUSY);
  return TRUE;
}

static void
wait_until_thawed (Fixture *fixture)
{
  gint64 deadline = g_get_monotonic_time () + PEER_PATIENCE_MS * 1000;

  while (is_frozen (fixture))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      poll (NULL, 0, 5);
    }
}

static void
begin (Fixture *fixture)
{
  peer_start (fixture->peer, 0);
  json_decref (peer_hello (fixture->peer));
  peer_subscribe (fixture->peer, KVMA_EVENT_FS_FROZEN, 1000);
}

static json_t *
freeze (Fixture *fixture, int timeout_ms)
{
  json_t *result = peer_call (fixture->peer, KVMA_METHOD_FS_FREEZE,
                              json_pack ("{si}", "timeout_ms", timeout_ms));

  g_assert_cmpuint (json_array_size (json_path (result, "frozen")), ==, 1);
  g_assert_cmpstr (json_text (result, "frozen.0"), ==, "/srv");
  g_assert_cmpint (json_number (result, "remaining_ms"), >, 0);
  g_assert_cmpint (json_number (result, "remaining_ms"), <=, timeout_ms);
  g_assert_true (is_frozen (fixture));
  return result;
}

static void
expect_event (Fixture *fixture, gboolean frozen, const char *by)
{
  json_t *event = peer_event (fixture->peer, KVMA_EVENT_FS_FROZEN);

  g_assert_cmpint (json_is_true (json_path (event, "frozen")), ==, frozen);
  g_assert_cmpstr (json_text (event, "by"), ==, by);
  json_decref (event);
}

static gsize
audit_lines (Fixture *fixture)
{
  g_autofree char *path = g_build_filename (fixture->mount, "audit.log", NULL);
  g_autofree char *text = NULL;
  gsize n = 0;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  for (const char *p = text; (p = strchr (p, '\n')) != NULL; p++)
    n++;
  return n;
}

static void
test_freezes_and_thaws (Fixture *fixture, gconstpointer data)
{
  static const char *const writing[] = { KVMA_METHOD_FILE_WRITE, KVMA_METHOD_FILE_MKDIR,
                                         KVMA_METHOD_FILE_REMOVE, KVMA_METHOD_INBOX_PUT };
  json_t *frozen, *thawed, *status;
  gsize before;

  if (skip ())
    return;
  begin (fixture);
  frozen = freeze (fixture, 30000);
  before = audit_lines (fixture);
  /* All that follows would wait for ever if the agent wrote its log to what is frozen. */
  status = peer_call (fixture->peer, KVMA_METHOD_FS_FREEZE_STATUS, NULL);
  g_assert_true (json_is_true (json_path (status, "frozen")));
  g_assert_cmpstr (json_text (status, "token"), ==, json_text (frozen, "token"));
  json_decref (status);
  peer_send (fixture->peer, KVMA_KIND_PING, "0123456789abcdef", 16);
  peer_expect (fixture->peer, KVMA_KIND_PONG, KVMA_KIND_EVENT);
  g_assert_cmpint (peer_call_error (fixture->peer, KVMA_METHOD_FS_FREEZE, NULL), ==,
                   KVMA_ERROR_STATE);
  g_assert_cmpint (
      peer_call_error (fixture->peer, KVMA_METHOD_FS_THAW, json_pack ("{ss}", "token", "0123")), ==,
      KVMA_ERROR_PARAMS);
  g_assert_cmpint (
      peer_call_error (fixture->peer, KVMA_METHOD_SSH_KEYS, json_pack ("{ss}", "user", "root")), ==,
      KVMA_ERROR_FROZEN);
  g_assert_cmpint (peer_call_error (fixture->peer, KVMA_METHOD_FS_TRIM, NULL), ==,
                   KVMA_ERROR_FROZEN);
  for (gsize i = 0; i < G_N_ELEMENTS (writing); i++)
    g_assert_cmpint (
        peer_call_error (fixture->peer, writing[i],
                         json_pack ("{ss ss si}", "path", "/srv/x", "name", "x", "size", 1)),
        ==, KVMA_ERROR_FROZEN);
  g_assert_cmpint (peer_call_error (fixture->peer, KVMA_METHOD_EXEC_START,
                                    json_pack ("{s[s]}", "argv", "/bin/true")),
                   ==, KVMA_ERROR_FROZEN);
  g_assert_cmpint (
      peer_call_error (fixture->peer, KVMA_METHOD_EXEC_RUN, json_pack ("{ss}", "name", "x")), ==,
      KVMA_ERROR_FROZEN);
  g_assert_cmpint (peer_call_error (fixture->peer, KVMA_METHOD_PTY_OPEN,
                                    json_pack ("{si si}", "cols", 80, "rows", 24)),
                   ==, KVMA_ERROR_FROZEN);
  g_assert_true (is_frozen (fixture));
  g_assert_cmpuint (audit_lines (fixture), ==, before);
  thawed = peer_call (fixture->peer, KVMA_METHOD_FS_THAW,
                      json_pack ("{ss}", "token", json_text (frozen, "token")));
  g_assert_cmpint (json_number (thawed, "thawed"), ==, 1);
  g_assert_false (is_frozen (fixture));
  g_assert_cmpuint (audit_lines (fixture), >=, before + 8);
  g_assert_cmpint (peer_call_error (fixture->peer, KVMA_METHOD_FS_THAW,
                                    json_pack ("{ss}", "token", json_text (frozen, "token"))),
                   ==, KVMA_ERROR_STATE);
  json_decref (frozen);
  json_decref (thawed);
}

static void
test_tells_both (Fixture *fixture, gconstpointer data)
{
  gint64 id;
  json_t *reply;
  g_autofree char *token = NULL;

  if (skip ())
    return;
  begin (fixture);
  id = peer_request (fixture->peer, KVMA_METHOD_FS_FREEZE, NULL);
  expect_event (fixture, TRUE, "host");
  reply = peer_reply (fixture->peer, id);
  token = g_strdup (json_text (reply, "result.token"));
  json_decref (reply);
  id = peer_request (fixture->peer, KVMA_METHOD_FS_THAW, json_pack ("{ss}", "token", token));
  expect_event (fixture, FALSE, "host");
  json_decref (peer_reply (fixture->peer, id));
}

static void
test_deadline_thaws (Fixture *fixture, gconstpointer data)
{
  json_t *frozen;

  if (skip ())
    return;
  begin (fixture);
  frozen = freeze (fixture, 1000);
  expect_event (fixture, FALSE, "deadline");
  g_assert_false (is_frozen (fixture));
  g_assert_cmpint (peer_call_error (fixture->peer, KVMA_METHOD_FS_THAW,
                                    json_pack ("{ss}", "token", json_text (frozen, "token"))),
                   ==, KVMA_ERROR_STATE);
  json_decref (frozen);
}

static void
kill_agent (Fixture *fixture, int number)
{
  g_subprocess_send_signal (fixture->peer->process, number);
  g_subprocess_wait (fixture->peer->process, NULL, NULL);
  g_clear_object (&fixture->peer->process);
}

static void
test_killed_agent_thaws (Fixture *fixture, gconstpointer data)
{
  g_autofree char *ran = NULL;
  g_autofree char *hook = NULL;
  gint64 deadline = g_get_monotonic_time () + PEER_PATIENCE_MS * 1000;

  if (skip ())
    return;
  ran = g_build_filename (fixture->peer->root, "ran", NULL);
  hook = g_strdup_printf ("#!/bin/sh\necho $1 >> %s\n", ran);
  peer_write (fixture->peer, "etc/kvm-manager-agent/freeze.d/10-note", hook);
  {
    g_autofree char *path =
        g_build_filename (fixture->peer->root, "etc/kvm-manager-agent/freeze.d/10-note", NULL);

    g_assert_cmpint (g_chmod (path, 0755), ==, 0);
  }
  begin (fixture);
  json_decref (freeze (fixture, 60000));
  kill_agent (fixture, SIGKILL);
  wait_until_thawed (fixture);
  /* The hooks are told, although nobody is left but the watchdog. */
  for (;;)
    {
      g_autofree char *text = NULL;

      if (g_file_get_contents (ran, &text, NULL, NULL) && strcmp (text, "freeze\nthaw\n") == 0)
        break;
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      poll (NULL, 0, 5);
    }
}

static void
test_session_end_thaws (Fixture *fixture, gconstpointer data)
{
  if (skip ())
    return;
  begin (fixture);
  json_decref (freeze (fixture, 60000));
  json_decref (peer_hello (fixture->peer));
  wait_until_thawed (fixture);
}

static void
test_stopped_agent_thaws (Fixture *fixture, gconstpointer data)
{
  if (skip ())
    return;
  begin (fixture);
  json_decref (freeze (fixture, 60000));
  kill_agent (fixture, SIGTERM);
  wait_until_thawed (fixture);
}

/* The youngest child of the agent. */
static pid_t
find_watchdog (Fixture *fixture)
{
  const char *pid = g_subprocess_get_identifier (fixture->peer->process);
  g_autofree char *path = g_strdup_printf ("/proc/%s/task/%s/children", pid, pid);
  g_autofree char *text = NULL;
  g_auto (GStrv) words = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  words = g_strsplit (g_strstrip (text), " ", -1);
  g_assert_cmpuint (g_strv_length (words), ==, 1);
  return (pid_t) g_ascii_strtoll (words[0], NULL, 10);
}

static void
test_killed_watchdog_thaws (Fixture *fixture, gconstpointer data)
{
  if (skip ())
    return;
  begin (fixture);
  json_decref (freeze (fixture, 60000));
  g_assert_cmpint (kill (find_watchdog (fixture), SIGKILL), ==, 0);
  expect_event (fixture, FALSE, "lost");
  g_assert_false (is_frozen (fixture));
}

static void
test_watchdog_hears_no_term (Fixture *fixture, gconstpointer data)
{
  json_t *status;

  if (skip ())
    return;
  begin (fixture);
  json_decref (freeze (fixture, 60000));
  g_assert_cmpint (kill (find_watchdog (fixture), SIGTERM), ==, 0);
  status = peer_call (fixture->peer, KVMA_METHOD_FS_FREEZE_STATUS, NULL);
  g_assert_true (json_is_true (json_path (status, "frozen")));
  g_assert_true (is_frozen (fixture));
  json_decref (status);
}

static void
test_frozen_by_another (Fixture *fixture, gconstpointer data)
{
  if (skip ())
    return;
  /* Its audit log must not be on what another program has frozen. */
  peer_write_policy (fixture->peer, "[policy]\nfreeze=allow\n[audit]\nfile=/audit.log\n");
  begin (fixture);
  g_assert_cmpint (ioctl (fixture->fd, FIFREEZE, 0), ==, 0);
  g_assert_cmpint (peer_call_error (fixture->peer, KVMA_METHOD_FS_FREEZE, NULL), ==,
                   KVMA_ERROR_STATE);
  g_assert_true (is_frozen (fixture));
  g_assert_cmpint (ioctl (fixture->fd, FITHAW, 0), ==, 0);
}

static void
test_refuses_mounts (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *mount;
    int code;
  } cases[] = { { "/nowhere", KVMA_ERROR_NOT_FOUND },
                { "/tmp", KVMA_ERROR_UNSUPPORTED },
                { "srv", KVMA_ERROR_PARAMS } };

  if (skip ())
    return;
  begin (fixture);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (peer_call_error (fixture->peer, KVMA_METHOD_FS_FREEZE,
                                      json_pack ("{s[s]}", "mounts", cases[i].mount)),
                     ==, cases[i].code);
  g_assert_cmpint (peer_call_error (fixture->peer, KVMA_METHOD_FS_FREEZE,
                                    json_pack ("{si}", "timeout_ms", 60001)),
                   ==, KVMA_ERROR_PARAMS);
  g_assert_cmpint (
      peer_call_error (fixture->peer, KVMA_METHOD_FS_FREEZE, json_pack ("{si}", "timeout_ms", 999)),
      ==, KVMA_ERROR_PARAMS);
}

static void
write_hook (Peer *peer, const char *name, const char *text, int mode)
{
  g_autofree char *below = g_build_filename ("etc/kvm-manager-agent/freeze.d", name, NULL);
  g_autofree char *path = g_build_filename (peer->root, below, NULL);

  peer_write (peer, below, text);
  g_assert_cmpint (g_chmod (path, mode), ==, 0);
}

static char *
read_below (Peer *peer, const char *name)
{
  g_autofree char *path = g_build_filename (peer->root, name, NULL);
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);
  return text;
}

static void
test_hooks_run (Fixture *fixture, gconstpointer data)
{
  g_autofree char *note = NULL;
  gint64 deadline = g_get_monotonic_time () + PEER_PATIENCE_MS * 1000;
  json_t *frozen;

  if (skip ())
    return;
  note = g_strdup_printf ("#!/bin/sh\necho $(basename $0) $1 >> %s/ran\n", fixture->peer->root);
  write_hook (fixture->peer, "10-first", note, 0755);
  write_hook (fixture->peer, "20-second", note, 0755);
  write_hook (fixture->peer, "README", "not a hook", 0644);
  begin (fixture);
  frozen = freeze (fixture, 10000);
  {
    g_autofree char *ran = read_below (fixture->peer, "ran");

    g_assert_cmpstr (ran, ==, "10-first freeze\n20-second freeze\n");
  }
  json_decref (peer_call (fixture->peer, KVMA_METHOD_FS_THAW,
                          json_pack ("{ss}", "token", json_text (frozen, "token"))));
  json_decref (frozen);
  for (;;)
    {
      g_autofree char *ran = read_below (fixture->peer, "ran");

      if (strcmp (ran, "10-first freeze\n20-second freeze\n20-second thaw\n10-first thaw\n") == 0)
        break;
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      poll (NULL, 0, 5);
    }
}

static void
test_failing_hook (Fixture *fixture, gconstpointer data)
{
  g_autofree char *note = NULL;
  g_autofree char *ran = NULL;

  if (skip ())
    return;
  note = g_strdup_printf ("#!/bin/sh\necho $(basename $0) $1 >> %s/ran\n", fixture->peer->root);
  write_hook (fixture->peer, "10-first", note, 0755);
  write_hook (fixture->peer, "20-bad", "#!/bin/sh\nexit 3\n", 0755);
  write_hook (fixture->peer, "30-never", note, 0755);
  begin (fixture);
  g_assert_cmpint (peer_call_error (fixture->peer, KVMA_METHOD_FS_FREEZE, NULL), ==,
                   KVMA_ERROR_FAILED);
  g_assert_false (is_frozen (fixture));
  ran = read_below (fixture->peer, "ran");
  g_assert_cmpstr (ran, ==, "10-first freeze\n10-first thaw\n");
}

static void
test_untrusted_hook (Fixture *fixture, gconstpointer data)
{
  if (skip ())
    return;
  write_hook (fixture->peer, "10-anybody", "#!/bin/sh\nexit 0\n", 0777);
  begin (fixture);
  g_assert_cmpint (peer_call_error (fixture->peer, KVMA_METHOD_FS_FREEZE, NULL), ==,
                   KVMA_ERROR_FAILED);
  g_assert_false (is_frozen (fixture));
  /* Without hooks it is not asked. */
  json_decref (peer_call (fixture->peer, KVMA_METHOD_FS_FREEZE, json_pack ("{sb}", "hooks", 0)));
  g_assert_true (is_frozen (fixture));
}

static void
test_hanging_hook (Fixture *fixture, gconstpointer data)
{
  gint64 id, begun;
  json_t *reply;
  KvmaFrame frame;

  if (skip ())
    return;
  write_hook (fixture->peer, "10-hangs", "#!/bin/sh\ntrap '' TERM\nsleep 600\n", 0755);
  begin (fixture);
  begun = g_get_monotonic_time ();
  id = peer_request (fixture->peer, KVMA_METHOD_FS_FREEZE, NULL);
  peer_send (fixture->peer, KVMA_KIND_PING, "0123456789abcdef", 16);
  json_decref (peer_expect (fixture->peer, KVMA_KIND_PONG, KVMA_KIND_EVENT));
  g_assert_cmpint (g_get_monotonic_time () - begun, <, 5 * G_USEC_PER_SEC);
  /* The hook's ten seconds, and as many for telling it to thaw, are longer than a peer waits. */
  while (!peer_receive_within (fixture->peer, &frame, 30000) ||
         frame.header.kind != KVMA_KIND_REPLY)
    g_assert_cmpint (g_get_monotonic_time () - begun, <, 40 * G_USEC_PER_SEC);
  reply = json_loadb ((const char *) frame.payload, frame.length, 0, NULL);
  g_assert_cmpint (json_number (reply, "id"), ==, id);
  g_assert_cmpint (json_number (reply, "error.code"), ==, KVMA_ERROR_FAILED);
  g_assert_false (is_frozen (fixture));
  json_decref (reply);
}

static void
test_cancelled_hook (Fixture *fixture, gconstpointer data)
{
  gint64 id;
  json_t *reply;

  if (skip ())
    return;
  write_hook (fixture->peer, "10-hangs", "#!/bin/sh\n[ $1 = thaw ] || sleep 600\n", 0755);
  begin (fixture);
  id = peer_request (fixture->peer, KVMA_METHOD_FS_FREEZE, NULL);
  peer_request (fixture->peer, KVMA_METHOD_AGENT_CANCEL, json_pack ("{sI}", "id", id));
  reply = peer_reply (fixture->peer, id);
  g_assert_cmpint (json_number (reply, "error.code"), ==, KVMA_ERROR_CANCELLED);
  g_assert_false (is_frozen (fixture));
  json_decref (reply);
}

static void
test_denied_by_default (void)
{
  Peer *peer = peer_new ();

  peer_start (peer, 0);
  json_decref (peer_hello (peer));
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_FS_FREEZE, NULL), ==, KVMA_ERROR_DENIED);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_FS_THAW, NULL), ==, KVMA_ERROR_DENIED);
  peer_free (peer);
}

/* The hooks of the first time still run when the second is asked for. */
static void
test_again_at_once (Fixture *fixture, gconstpointer data)
{
  if (skip ())
    return;
  write_hook (fixture->peer, "10-slow", "#!/bin/sh\n[ $1 = freeze ] || sleep 0.3\n", 0755);
  begin (fixture);
  for (int i = 0; i < 3; i++)
    {
      json_t *frozen = freeze (fixture, 30000);

      json_decref (peer_call (fixture->peer, KVMA_METHOD_FS_THAW,
                              json_pack ("{ss}", "token", json_text (frozen, "token"))));
      json_decref (frozen);
    }
  g_assert_false (is_frozen (fixture));
}

/* Whether this machine lets us make a real file system. */
static void
look_for_loop (void)
{
  g_autofree char *directory = g_dir_make_tmp ("kvma-freeze-XXXXXX", NULL);
  g_autofree char *mount = g_build_filename (directory, "mount", NULL);
  g_autofree char *image = g_build_filename (directory, "image", NULL);

  if (geteuid () != 0)
    no_loop = "not root";
  else if (!mount_image (directory, mount))
    no_loop = "no mkfs.ext4, or no loop device";
  else
    umount2 (mount, MNT_DETACH);
  g_unlink (image);
  g_rmdir (mount);
  g_rmdir (directory);
}

#define CASE(path, func) g_test_add ("/daemon/freeze/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  look_for_loop ();
  g_test_add_func ("/daemon/freeze/denied-by-default", test_denied_by_default);
  CASE ("freezes-and-thaws-and-is-silent-between", test_freezes_and_thaws);
  CASE ("tells-both", test_tells_both);
  CASE ("deadline-thaws", test_deadline_thaws);
  CASE ("killed-agent-thaws", test_killed_agent_thaws);
  CASE ("stopped-agent-thaws", test_stopped_agent_thaws);
  CASE ("end-of-session-thaws", test_session_end_thaws);
  CASE ("killed-watchdog-thaws", test_killed_watchdog_thaws);
  CASE ("watchdog-hears-no-term", test_watchdog_hears_no_term);
  CASE ("frozen-by-another-is-left-alone", test_frozen_by_another);
  CASE ("refuses-what-cannot-be-frozen", test_refuses_mounts);
  CASE ("hooks-run-in-order", test_hooks_run);
  CASE ("again-at-once", test_again_at_once);
  CASE ("failing-hook-freezes-nothing", test_failing_hook);
  CASE ("untrusted-hook-freezes-nothing", test_untrusted_hook);
  CASE ("hanging-hook-freezes-nothing", test_hanging_hook);
  CASE ("cancelled-in-its-hooks", test_cancelled_hook);
  return g_test_run ();
}
