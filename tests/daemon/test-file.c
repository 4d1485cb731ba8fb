/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* Files in both directions, with the real agent and a directory for its guest. */

#include "file-peer.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/agent-file-kept.h"
#include "daemon/agent.h"

#define MIB 1048576

static void
assert_reads (Peer *peer, const GByteArray *all, gint64 offset, gint64 length)
{
  json_t *params = json_pack ("{ss sI sb}", "path", "/srv/inbox/big", "offset", (json_int_t) offset,
                              "sha256", 1);
  gsize n = all->len - (gsize) offset;
  g_autofree char *sum = NULL;
  GByteArray *got;
  json_t *result, *close;

  if (length >= 0)
    {
      json_object_set_new (params, "length", json_integer (length));
      n = MIN (n, (gsize) length);
    }
  result = peer_call (peer, KVMA_METHOD_FILE_READ, params);
  g_assert_cmpint (json_number (result, "size"), ==, all->len);
  got = file_peer_download (peer, (guint32) json_number (result, "stream"), &close);
  g_assert_cmpmem (got->data, got->len, all->data + offset, n);
  sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, all->data + offset, n);
  g_assert_cmpint (json_number (close, "code"), ==, 0);
  g_assert_cmpint (json_number (close, "bytes"), ==, (gint64) n);
  g_assert_cmpstr (json_text (close, "sha256"), ==, sum);
  g_byte_array_unref (got);
  json_decref (close);
  json_decref (result);
}

static void
test_read (void)
{
  Peer *peer = file_peer_new ("");
  g_autoptr (GByteArray) all = file_random (5 * MIB + 12345);
  g_autoptr (GByteArray) nothing = g_byte_array_new ();
  json_t *result, *close;
  GByteArray *got;

  file_peer_write (peer, "srv/inbox/big", all);
  assert_reads (peer, all, 0, -1);
  assert_reads (peer, all, 1, -1);
  assert_reads (peer, all, 4 * MIB + 7, 31745);
  assert_reads (peer, all, 5 * MIB, MIB);
  assert_reads (peer, all, all->len, -1);
  assert_reads (peer, all, 0, 0);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_FILE_READ,
                                    json_pack ("{ss sI}", "path", "/srv/inbox/big", "offset",
                                               (json_int_t) all->len + 1)),
                   ==, KVMA_ERROR_PARAMS);
  /* Without a sum the bytes take another way. */
  result = peer_call (peer, KVMA_METHOD_FILE_READ, json_pack ("{ss}", "path", "/srv/inbox/big"));
  got = file_peer_download (peer, (guint32) json_number (result, "stream"), &close);
  g_assert_cmpmem (got->data, got->len, all->data, all->len);
  g_assert_null (json_path (close, "sha256"));
  g_byte_array_unref (got);
  json_decref (close);
  json_decref (result);
  file_peer_write (peer, "srv/inbox/big", nothing);
  assert_reads (peer, nothing, 0, -1);
  peer_free (peer);
}

/* What the reader was told at the beginning is what comes, or it is told that it does not. */
static void
test_changes_while_read (void)
{
  Peer *peer = file_peer_new ("");
  g_autoptr (GByteArray) all = file_random (4 * MIB);
  g_autofree char *path = g_build_filename (peer->root, "srv/inbox/big", NULL);
  json_t *result, *close;
  GByteArray *got;
  int fd;

  file_peer_write (peer, "srv/inbox/big", all);
  result = peer_call (peer, KVMA_METHOD_FILE_READ, json_pack ("{ss}", "path", "/srv/inbox/big"));
  fd = open (path, O_WRONLY | O_APPEND);
  g_assert_cmpint (write (fd, "more", 4), ==, 4);
  close = NULL;
  got = file_peer_download (peer, (guint32) json_number (result, "stream"), &close);
  g_assert_cmpmem (got->data, got->len, all->data, all->len);
  g_assert_cmpint (json_number (close, "code"), ==, 0);
  g_byte_array_unref (got);
  json_decref (close);
  json_decref (result);

  result = peer_call (peer, KVMA_METHOD_FILE_READ, json_pack ("{ss}", "path", "/srv/inbox/big"));
  g_assert_cmpint (ftruncate (fd, MIB), ==, 0);
  got = file_peer_download (peer, (guint32) json_number (result, "stream"), &close);
  g_assert_cmpuint (got->len, <, all->len);
  g_assert_cmpint (json_number (close, "code"), ==, KVMA_ERROR_IO);
  g_byte_array_unref (got);
  json_decref (close);
  json_decref (result);
  g_assert_cmpint (g_close (fd, NULL), ==, TRUE);
  peer_free (peer);
}

static void
test_write (void)
{
  Peer *peer = file_peer_new ("");
  g_autoptr (GByteArray) all = file_random (3 * MIB + 77);
  g_autoptr (GByteArray) nothing = g_byte_array_new ();
  g_autofree char *path = g_build_filename (peer->root, "srv/inbox/new", NULL);
  struct stat info;

  file_peer_put (peer, json_pack ("{ss si}", "path", "/srv/inbox/new", "mode", 0640), all);
  file_peer_assert (peer, "srv/inbox/new", all);
  g_assert_cmpint (stat (path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 07777, ==, 0640);
  g_assert_cmpint (file_write_error (peer, "/srv/inbox/new", 1, "new"), ==, KVMA_ERROR_EXISTS);
  g_assert_cmpint (file_write_error (peer, "/srv/inbox/none", 1, "replace"), ==,
                   KVMA_ERROR_NOT_FOUND);
  /* A replaced file keeps mode and owner, but no set-user-id bit. */
  if (geteuid () == 0)
    g_assert_cmpint (chown (path, 1234, 4321), ==, 0);
  g_assert_cmpint (chmod (path, 04751), ==, 0);
  file_peer_put (peer, json_pack ("{ss ss}", "path", "/srv/inbox/new", "if", "replace"), nothing);
  file_peer_assert (peer, "srv/inbox/new", nothing);
  g_assert_cmpint (stat (path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 07777, ==, 0751);
  if (geteuid () == 0)
    {
      g_assert_cmpuint (info.st_uid, ==, 1234);
      g_assert_cmpuint (info.st_gid, ==, 4321);
    }
  file_peer_put (peer,
                 json_pack ("{ss ss si sI}", "path", "/srv/inbox/new", "if", "any", "mode", 0600,
                            "mtime", (json_int_t) 1234567890123),
                 all);
  g_assert_cmpint (stat (path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 07777, ==, 0600);
  g_assert_cmpint (info.st_mtim.tv_sec, ==, 1234567890);
  file_peer_put (peer, json_pack ("{ss ss}", "path", "/srv/inbox/other", "if", "any"), all);
  file_peer_assert (peer, "srv/inbox/other", all);
  g_assert_cmpuint (file_peer_count_temps (peer), ==, 0);
  peer_free (peer);
}

static void
test_sum_is_checked (void)
{
  Peer *peer = file_peer_new ("");
  g_autoptr (GByteArray) all = file_random (MIB);
  g_autofree char *sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, all->data, all->len);
  json_t *close;

  close = file_peer_upload (peer, json_pack ("{ss ss}", "path", "/srv/inbox/a", "sha256", sum), all,
                            0, all->len, TRUE);
  g_assert_cmpint (json_number (close, "code"), ==, 0);
  g_assert_cmpstr (json_text (close, "sha256"), ==, sum);
  json_decref (close);
  sum[0] = sum[0] == '0' ? '1' : '0';
  close = file_peer_upload (peer, json_pack ("{ss ss}", "path", "/srv/inbox/b", "sha256", sum), all,
                            0, all->len, TRUE);
  g_assert_cmpint (json_number (close, "code"), ==, KVMA_ERROR_FAILED);
  json_decref (close);
  g_assert_false (file_peer_exists (peer, "srv/inbox/b"));
  g_assert_cmpuint (file_peer_count_temps (peer), ==, 0);
  peer_free (peer);
}

static void
test_sizes_that_lie (void)
{
  Peer *peer = file_peer_new ("");
  g_autoptr (GByteArray) all = file_random (200000);
  json_t *close;

  peer_write (peer, "srv/inbox/a", "before");
  close = file_peer_upload_sized (peer, json_pack ("{ss ss}", "path", "/srv/inbox/a", "if", "any"),
                                  all, 199999);
  g_assert_cmpint (json_number (close, "code"), ==, KVMA_ERROR_PARAMS);
  json_decref (close);
  close = file_peer_upload_sized (peer, json_pack ("{ss ss}", "path", "/srv/inbox/a", "if", "any"),
                                  all, 200001);
  g_assert_cmpint (json_number (close, "code"), ==, KVMA_ERROR_PARAMS);
  json_decref (close);
  file_peer_assert_text (peer, "srv/inbox/a", "before");
  file_peer_wait_temps (peer, 0);
  peer_free (peer);
}

static void
test_largest_file (void)
{
  Peer *peer = file_peer_new ("max-file=1MiB\n");
  g_autoptr (GByteArray) all = file_random (MIB);

  file_peer_put (peer, json_pack ("{ss}", "path", "/srv/inbox/most"), all);
  file_peer_assert (peer, "srv/inbox/most", all);
  g_assert_cmpint (file_write_error (peer, "/srv/inbox/more", MIB + 1, "new"), ==,
                   KVMA_ERROR_TOO_LARGE);
  peer_free (peer);
}

/* Interrupted at every tenth, by the host or by the loss of the session: the target is untouched,
 * and the rest can be sent later. */
static void
test_interrupted (void)
{
  Peer *peer = file_peer_new ("");
  g_autoptr (GByteArray) all = file_random (MIB);
  g_autofree char *sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, all->data, all->len);

  for (guint i = 0; i <= 10; i++)
    {
      json_t *params = json_pack ("{ss ss ss}", "path", "/srv/inbox/a", "if", "any", "sha256", sum);
      g_autofree char *token = NULL;
      json_t *close;
      gint64 offset;

      peer_write (peer, "srv/inbox/a", "before");
      json_incref (params);
      token = file_peer_begin (peer, params, all, all->len / 10 * i);
      if (i % 2 == 0)
        file_peer_cancel (peer);
      else
        json_decref (peer_hello (peer));
      file_peer_assert_text (peer, "srv/inbox/a", "before");
      g_assert_cmpuint (file_peer_count_temps (peer), ==, 1);
      json_object_set_new (params, "resume", json_string (token));
      close = file_peer_upload (peer, params, all, -1, all->len, TRUE);
      offset = peer_offset;
      g_assert_cmpint (offset, <=, all->len / 10 * i);
      g_assert_cmpint (json_number (close, "code"), ==, 0);
      g_assert_cmpint (json_number (close, "bytes"), ==, (gint64) all->len - offset);
      json_decref (close);
      file_peer_assert (peer, "srv/inbox/a", all);
      g_assert_cmpuint (file_peer_count_temps (peer), ==, 0);
      /* It is used up. */
      g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_FILE_WRITE,
                                        json_pack ("{ss si ss ss}", "path", "/srv/inbox/a", "size",
                                                   all->len, "if", "any", "resume", token)),
                       ==, KVMA_ERROR_NOT_FOUND);
    }
  peer_free (peer);
}

/* A token is for one path and one size. */
static void
test_foreign_token (void)
{
  Peer *peer = file_peer_new ("");
  g_autoptr (GByteArray) all = file_random (MIB);
  g_autofree char *token = NULL;

  token = file_peer_begin (peer, json_pack ("{ss}", "path", "/srv/inbox/a"), all, 300000);
  file_peer_cancel (peer);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_FILE_WRITE,
                                    json_pack ("{ss si ss}", "path", "/srv/inbox/b", "size",
                                               all->len, "resume", token)),
                   ==, KVMA_ERROR_NOT_FOUND);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_FILE_WRITE,
                                    json_pack ("{ss si ss}", "path", "/srv/inbox/a", "size",
                                               all->len + 1, "resume", token)),
                   ==, KVMA_ERROR_NOT_FOUND);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_FILE_WRITE,
                                    json_pack ("{ss si ss}", "path", "/srv/inbox/a", "size",
                                               all->len, "resume", "../../etc/passwd")),
                   ==, KVMA_ERROR_PARAMS);
  peer_free (peer);
}

/* An agent that is killed leaves its file, even if only END was missing; the next one removes it,
 * and nothing else. */
static void
test_leftovers (void)
{
  Peer *peer = file_peer_new ("");
  g_autoptr (GByteArray) all = file_random (MIB);
  g_autofree char *token = NULL;
  g_autofree char *foreign = g_strdup_printf (".kvmma-%032d", 7);
  g_autofree char *path = g_build_filename ("srv/inbox", foreign, NULL);
  g_autofree char *record =
      g_build_filename (peer->root, "var/lib/kvm-manager-agent/uploads", foreign + 7, NULL);
  g_autofree char *victim = g_build_filename (peer->root, "srv/victim", NULL);

  peer_write (peer, "srv/inbox/a", "before");
  token = file_peer_begin (peer, json_pack ("{ss ss}", "path", "/srv/inbox/a", "if", "any"), all,
                           all->len);
  file_peer_wait_temps (peer, 1);
  /* One without a record, and a record that names something else. */
  peer_write (peer, path, "somebody's");
  peer_write (peer, "srv/victim", "victim");
  g_assert_cmpint (symlink (victim, record), ==, 0);
  file_peer_kill (peer);
  file_peer_assert_text (peer, "srv/inbox/a", "before");
  g_assert_cmpuint (file_peer_count_temps (peer), ==, 2);
  peer_start (peer, 0);
  file_peer_wait_temps (peer, 1);
  file_peer_assert_text (peer, path, "somebody's");
  file_peer_assert_text (peer, "srv/victim", "victim");
  json_decref (peer_hello (peer));
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_FILE_WRITE,
                                    json_pack ("{ss si ss ss}", "path", "/srv/inbox/a", "size",
                                               all->len, "if", "any", "resume", token)),
                   ==, KVMA_ERROR_NOT_FOUND);
  peer_free (peer);
}

static void
keep (Agent *agent, const char *root, guint number)
{
  AgentFileJob job = { .area = AGENT_AREA_WRITE, .size = 5 };
  g_autofree char *path = NULL;

  g_snprintf (job.token, sizeof job.token, "%032u", number);
  strcpy (job.path, "/srv/inbox/a");
  path = g_strdup_printf ("%s/srv/inbox/.kvmma-%s", root, job.token);
  g_assert_true (g_file_set_contents (path, "half", -1, NULL));
  agent_kept_add (agent, &job);
}

/* The oldest gives way to a new one, and time to all. In a process of its own, because an agent
 * takes its signals. */
static void
test_kept_no_longer (void)
{
  static Agent agent;
  Peer *peer;
  g_autofree char *policy = NULL;
  gint64 deadline = g_get_monotonic_time () + PEER_PATIENCE_MS * 1000;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
      g_test_trap_assert_passed ();
      return;
    }
  peer = peer_new ();
  peer_write (peer, "srv/inbox/a", "before");
  peer_write_policy (peer, "[policy]\nfile-write=allow\n[files]\nwrite=/srv/inbox\n");
  policy = g_build_filename (peer->root, "etc/kvm-manager-agent/agent.conf", NULL);
  agent_set_root (peer->root);
  g_assert_true (agent_init (&agent, policy));
  for (guint i = 0; i <= AGENT_FILE_KEPT_MAX; i++)
    keep (&agent, peer->root, i);
  while (file_peer_count_temps (peer) > AGENT_FILE_KEPT_MAX)
    {
      agent_loop_step (&agent.loop, 100);
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
  for (guint i = 0; i < AGENT_FILE_KEPT_MAX; i++)
    {
      g_assert_cmpint (agent.files.kept[i].until_ms - agent_now_ms (), <=, KVMA_FILE_RESUME_MS);
      agent.files.kept[i].until_ms = 1;
    }
  agent_timer_start (&agent.loop, &agent.files.kept_timer, 0);
  while (file_peer_count_temps (peer) > 0)
    {
      agent_loop_step (&agent.loop, 100);
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
  g_assert_false (agent.files.kept_timer.running);
  file_peer_assert_text (peer, "srv/inbox/a", "before");
  agent_clear (&agent);
  peer_free (peer);
}

static void
test_full_disk (void)
{
  Peer *peer = file_peer_new ("");
  g_autoptr (GByteArray) all = file_random (MIB);
  g_autofree char *path = g_build_filename (peer->root, "srv/inbox", NULL);
  gint64 deadline = g_get_monotonic_time () + PEER_PATIENCE_MS * 1000;
  json_t *body;

  if (mount ("tmpfs", path, "tmpfs", 0, "size=2m") < 0)
    {
      g_test_skip ("may not mount a small file system");
      peer_free (peer);
      return;
    }
  file_peer_put (peer, json_pack ("{ss}", "path", "/srv/inbox/a"), all);
  body = peer_reply (peer,
                     peer_request (peer, KVMA_METHOD_FILE_WRITE,
                                   json_pack ("{ss si}", "path", "/srv/inbox/b", "size", 2 * MIB)));
  g_assert_cmpint (json_number (body, "error.code"), ==, KVMA_ERROR_TOO_LARGE);
  g_assert_cmpstr (json_text (body, "error.data.errno"), ==, "ENOSPC");
  json_decref (body);
  g_assert_cmpuint (file_peer_count_temps (peer), ==, 0);
  /* A worker that has answered closes its file a moment later. */
  while (mount (NULL, path, NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0)
    {
      g_assert_cmpint (errno, ==, EBUSY);
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      poll (NULL, 0, 1);
    }
  g_assert_cmpint (file_write_error (peer, "/srv/inbox/c", 1, "new"), ==, KVMA_ERROR_IO);
  file_peer_assert (peer, "srv/inbox/a", all);
  g_assert_cmpint (umount2 (path, MNT_DETACH), ==, 0);
  peer_free (peer);
}

/* The two lines of a transfer: the second when it is over, with what came of it. */
static void
test_audit (void)
{
  Peer *peer = file_peer_new ("");
  g_autoptr (GByteArray) all = file_random (12345);
  g_autofree char *sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, all->data, all->len);
  g_autofree char *log = g_build_filename (peer->root, "var/log/kvm-manager-agent/audit.log", NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  json_t *line;

  file_peer_put (peer, json_pack ("{ss ss}", "path", "/srv/inbox/a", "sha256", sum), all);
  g_assert_true (g_file_get_contents (log, &text, NULL, NULL));
  lines = g_strsplit (g_strchomp (text), "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 2);
  g_assert_nonnull (strstr (lines[0], "/srv/inbox/a"));
  line = json_loads (lines[1], 0, NULL);
  g_assert_cmpint (json_number (line, "bytes"), ==, 12345);
  g_assert_cmpstr (json_text (line, "sha256"), ==, sum);
  json_decref (line);
  peer_free (peer);
}

/* A file system that never answers holds nobody else up, and the wait can be given up. */
static void
test_dead_mount (void)
{
  Peer *peer = peer_new ();
  g_autofree char *policy =
      g_strdup_printf ("[agent]\nlog=warning\n[policy]\nfile-read=allow\nfile-write=allow\n"
                       "[files]\nread=%s\nwrite=%s\n[audit]\nfile=%s/audit.log\nsyslog=none\n",
                       peer->root, peer->root, peer->root);
  g_autofree char *path = g_build_filename (peer->root, "dead", "file", NULL);
  static const char *const methods[] = { KVMA_METHOD_FILE_STAT, KVMA_METHOD_FILE_LIST,
                                         KVMA_METHOD_FILE_READ, KVMA_METHOD_FILE_WRITE };

  peer_write_policy (peer, policy);
  peer_start (peer, PEER_REAL_FACTS | PEER_DEAD_MOUNT);
  json_decref (peer_hello (peer));
  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      gint64 id = peer_request (peer, methods[i], json_pack ("{ss si}", "path", path, "size", 1));
      json_t *body;

      json_decref (peer_call (peer, KVMA_METHOD_SYS_INFO, NULL));
      body = peer_reply (peer, peer_request (peer, KVMA_METHOD_AGENT_CANCEL,
                                             json_pack ("{sI}", "id", (json_int_t) id)));
      if (!json_is_true (json_path (body, "result.cancelled")))
        g_test_skip ("no right to mount a FUSE file system here");
      json_decref (body);
    }
  peer_free (peer);
}

/* All streams at work, and the agent is no larger than it may be. */
static void
assert_is_small (Peer *peer)
{
#ifdef AGENT_IS_STATIC
  g_autofree char *path =
      g_strdup_printf ("/proc/%s/status", g_subprocess_get_identifier (peer->process));
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpint (g_ascii_strtoll (strstr (text, "VmHWM:") + 6, NULL, 10), <=,
                   KVMA_AGENT_MEMORY_MAX / 1024);
#endif
}

/* Sixteen at once, and one more. */
static void
test_streams_at_once (void)
{
  Peer *peer = file_peer_new ("");
  g_autoptr (GByteArray) all = file_random (MIB);
  gint64 streams[KVMA_STREAMS_MAX];
  json_t *result, *close;
  GByteArray *got;

  file_peer_write (peer, "srv/inbox/big", all);
  for (int i = 0; i < KVMA_STREAMS_MAX; i++)
    {
      result = file_peer_call (peer, KVMA_METHOD_FILE_READ,
                               json_pack ("{ss}", "path", "/srv/inbox/big"));
      streams[i] = json_number (result, "stream");
      json_decref (result);
    }
  g_assert_cmpint (file_peer_call_error (peer, KVMA_METHOD_FILE_READ,
                                         json_pack ("{ss}", "path", "/srv/inbox/big")),
                   ==, KVMA_ERROR_BUSY);
  assert_is_small (peer);
  /* The last is whole all the same. */
  file_peer_grant (peer, (guint32) streams[KVMA_STREAMS_MAX - 1], KVMA_STREAM_WINDOW_TO_HOST);
  got = file_peer_download (peer, (guint32) streams[KVMA_STREAMS_MAX - 1], &close);
  g_assert_cmpint (json_number (close, "code"), ==, 0);
  g_assert_cmpint (json_number (close, "bytes"), ==, MIB);
  g_byte_array_unref (got);
  json_decref (close);
  peer_free (peer);
}

static void
test_rate (void)
{
  Peer *peer = file_peer_new ("max-rate=512KiB\n");
  g_autoptr (GByteArray) all = file_random (512 * 1024);
  gint64 begin = g_get_monotonic_time ();
  json_t *result, *close;

  file_peer_put (peer, json_pack ("{ss}", "path", "/srv/inbox/a"), all);
  g_assert_cmpint (g_get_monotonic_time () - begin, >, 700 * 1000);
  begin = g_get_monotonic_time ();
  result = peer_call (peer, KVMA_METHOD_FILE_READ, json_pack ("{ss}", "path", "/srv/inbox/a"));
  g_byte_array_unref (file_peer_download (peer, (guint32) json_number (result, "stream"), &close));
  g_assert_cmpint (g_get_monotonic_time () - begin, >, 700 * 1000);
  json_decref (close);
  json_decref (result);
  peer_free (peer);
}

/* PING is answered while a transfer waits for the host; and how fast one is that does not. */
static void
test_speed (void)
{
  Peer *peer = file_peer_new ("");
  g_autoptr (GByteArray) all = file_random (64 * MIB);
  gint64 begin = g_get_monotonic_time ();
  json_t *result, *close;
  GByteArray *got;

  file_peer_put (peer, json_pack ("{ss}", "path", "/srv/inbox/a"), all);
  g_test_message ("written: %.0f MiB/s", 64.0 * G_USEC_PER_SEC / (g_get_monotonic_time () - begin));
  begin = g_get_monotonic_time ();
  result = peer_call (peer, KVMA_METHOD_FILE_READ, json_pack ("{ss}", "path", "/srv/inbox/a"));
  got = file_peer_download (peer, (guint32) json_number (result, "stream"), &close);
  g_test_message ("read: %.0f MiB/s, %u frames",
                  64.0 * G_USEC_PER_SEC / (g_get_monotonic_time () - begin), peer_frames);
  g_assert_cmpmem (got->data, got->len, all->data, all->len);
  /* Hardly more frames than there must be. */
  g_assert_cmpuint (peer_frames, <, 64 * MIB / KVMA_PAYLOAD_MAX * 2);
  g_byte_array_unref (got);
  json_decref (close);
  json_decref (result);
  peer_free (peer);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/daemon/file/read", test_read);
  g_test_add_func ("/daemon/file/changes-while-read", test_changes_while_read);
  g_test_add_func ("/daemon/file/write", test_write);
  g_test_add_func ("/daemon/file/sum-is-checked", test_sum_is_checked);
  g_test_add_func ("/daemon/file/sizes-that-lie", test_sizes_that_lie);
  g_test_add_func ("/daemon/file/largest-file", test_largest_file);
  g_test_add_func ("/daemon/file/interrupted", test_interrupted);
  g_test_add_func ("/daemon/file/foreign-token", test_foreign_token);
  g_test_add_func ("/daemon/file/leftovers", test_leftovers);
  g_test_add_func ("/daemon/file/kept-no-longer", test_kept_no_longer);
  g_test_add_func ("/daemon/file/full-disk", test_full_disk);
  g_test_add_func ("/daemon/file/streams-at-once", test_streams_at_once);
  g_test_add_func ("/daemon/file/audit", test_audit);
  g_test_add_func ("/daemon/file/dead-mount", test_dead_mount);
  g_test_add_func ("/daemon/file/rate", test_rate);
  g_test_add_func ("/daemon/file/speed", test_speed);
  return g_test_run ();
}
