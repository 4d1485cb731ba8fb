/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "config.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/kvmm-agent-client.h"
#include "model/kvmm-host-file.h"
#include "model/kvmm-transfer-queue.h"
#include "test-wait.h"
#include "util/kvmm-thread.h"

/* Files between this process and the agent that goes into guests, over a socketpair. The host's
 * files are in one temporary directory, the guest's in another. */

#define BIG_BYTES (24 * 1024 * 1024 + 17)

/* The host's folder; no call of the main thread may go there while it is set. */
static char *guarded;

/* ---- What would block the window ---- */

/* In place of the C library's, for GLib too; not below a sanitizer, which has its own. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
static void
check_call (const char *call, const char *path)
{
  if (guarded != NULL && path != NULL && g_str_has_prefix (path, guarded) &&
      (pid_t) syscall (SYS_gettid) == getpid ())
    g_error ("%s %s was called on the main thread", call, path);
}

int
open (const char *path, int flags, ...)
{
  va_list arguments;
  mode_t mode;

  va_start (arguments, flags);
  mode = va_arg (arguments, mode_t);
  va_end (arguments);
  check_call ("open", path);
  return (int) syscall (SYS_openat, AT_FDCWD, path, flags, mode);
}

int
rename (const char *from, const char *to)
{
  check_call ("rename", from);
  return (int) syscall (SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
unlink (const char *path)
{
  check_call ("unlink", path);
  return (int) syscall (SYS_unlinkat, AT_FDCWD, path, 0);
}

int
remove (const char *path)
{
  check_call ("remove", path);
  return (int) syscall (SYS_unlinkat, AT_FDCWD, path, 0);
}

int
mkdir (const char *path, mode_t mode)
{
  check_call ("mkdir", path);
  return (int) syscall (SYS_mkdirat, AT_FDCWD, path, mode);
}

static void
check_descriptor (const char *call, int fd)
{
  char link[64], path[512];
  ssize_t n;

  if (guarded == NULL || (pid_t) syscall (SYS_gettid) != getpid ())
    return;
  g_snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
  n = readlink (link, path, sizeof path - 1);
  path[MAX (n, 0)] = '\0';
  check_call (call, path);
}

ssize_t
read (int fd, void *buffer, size_t size)
{
  check_descriptor ("read", fd);
  return syscall (SYS_read, fd, buffer, size);
}

ssize_t
write (int fd, const void *buffer, size_t size)
{
  check_descriptor ("write", fd);
  return syscall (SYS_write, fd, buffer, size);
}

int
fsync (int fd)
{
  check_descriptor ("fsync", fd);
  return (int) syscall (SYS_fsync, fd);
}
#endif

/* ---- The two sides ---- */

typedef struct
{
  KvmmAgentClient *client; /* (nullable) */
  KvmmTransferQueue *queue;
  GPid pid;
  char *root; /* of the guest */
  char *host;
  GFile *folder; /* host */
} Fixture;

static void
write_file (const char *folder, const char *name, const void *data, gssize size)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *guard = g_steal_pointer (&guarded);
  g_autoptr (GError) error = NULL;

  g_mkdir_with_parents (parent, 0755);
  g_file_set_contents (path, data, size, &error);
  g_assert_no_error (error);
  guarded = g_steal_pointer (&guard);
}

static void
assert_file (const char *folder, const char *name, const void *data, gsize size)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *guard = g_steal_pointer (&guarded);
  g_autofree char *content = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;

  g_file_get_contents (path, &content, &length, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (content, length, data, size);
  guarded = g_steal_pointer (&guard);
}

/* Entries of a folder, hidden ones too. */
static guint
count_entries (const char *folder)
{
  g_autofree char *guard = g_steal_pointer (&guarded);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint count = 0;

  while (g_dir_read_name (dir) != NULL)
    count++;
  guarded = g_steal_pointer (&guard);
  return count;
}

static guint8 *
make_data (gsize size)
{
  guint8 *data = g_malloc (size);
  guint32 state = 1;

  for (gsize i = 0; i < size; i++)
    {
      state = state * 1664525 + 1013904223;
      data[i] = (guint8) (state >> 24);
    }
  return data;
}

static KvmmAgentClient *
get_agent (gpointer user_data)
{
  Fixture *f = user_data;

  if (f->client != NULL && kvmm_agent_client_get_state (f->client) == KVMM_AGENT_CLIENT_READY)
    return f->client;
  return NULL;
}

static void
connect_agent (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketConnection) stream = NULL;
  const char *argv[] = {
    g_getenv ("KVMM_TEST_AGENT"), "--foreground", "--fd", "3", "--config", NULL, NULL
  };
  g_autofree char *config = g_build_filename (f->root, "agent.conf", NULL);
  int to = 3;
  int fds[2];

  argv[5] = config;
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==, 0);
  socket = g_socket_new_from_fd (fds[0], &error);
  g_assert_no_error (error);
  stream = g_socket_connection_factory_create_connection (socket);
  g_spawn_async_with_pipes_and_fds (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, -1, -1,
                                    -1, &fds[1], &to, 1, &f->pid, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  close (fds[1]);
  f->client = kvmm_agent_client_new (G_IO_STREAM (stream), "anna@desk");
  kvmm_agent_client_set_control_allowed (f->client, TRUE);
  kvmm_agent_client_start (f->client);
  test_wait_until (get_agent (f) != NULL);
}

/* The agent process stays: this is a channel that was opened anew. */
static void
begin_session (Fixture *f)
{
  guint count = kvmm_agent_client_get_session_count (f->client);

  kvmm_agent_client_nudge (f->client);
  test_wait_until (kvmm_agent_client_get_session_count (f->client) > count);
}

static Fixture *
fixture_new (void)
{
  Fixture *f = g_new0 (Fixture, 1);
  g_autofree char *policy = NULL;
  g_autofree char *shared = NULL;
  g_autofree char *inbox = NULL;

  f->root = g_dir_make_tmp ("kvmm-guest-XXXXXX", NULL);
  f->host = g_dir_make_tmp ("kvmm-host-XXXXXX", NULL);
  f->folder = g_file_new_for_path (f->host);
  shared = g_build_filename (f->root, "shared", NULL);
  inbox = g_build_filename (f->root, "inbox", NULL);
  g_assert_cmpint (g_mkdir (shared, 0755), ==, 0);
  g_assert_cmpint (g_mkdir (inbox, 0755), ==, 0);
  policy = g_strdup_printf ("[policy]\nfile-read=allow\nfile-write=allow\ninbox=allow\n"
                            "[files]\nread=%s\nwrite=%s\ninbox=%s\n"
                            "[audit]\nfile=%s/audit.log\n",
                            shared, shared, inbox, f->root);
  write_file (f->root, "agent.conf", policy, -1);
  f->queue = kvmm_transfer_queue_new (get_agent, f);
  connect_agent (f);
  guarded = g_strdup (f->host);
  return f;
}

static void
remove_tree (const char *path)
{
  const char *argv[] = { "rm", "-rf", "--", path, NULL };

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                NULL);
}

static void
disconnect_agent (Fixture *f)
{
  kvmm_agent_client_close (f->client);
  test_drain ();
  g_clear_object (&f->client);
  kill (f->pid, SIGTERM);
  waitpid (f->pid, NULL, 0);
  g_spawn_close_pid (f->pid);
}

static void
fixture_free (Fixture *f)
{
  kvmm_transfer_queue_cancel_all (f->queue);
  test_wait_until (kvmm_transfer_queue_get_unfinished (f->queue) == 0);
  test_drain ();
  g_assert_finalize_object (f->queue);
  disconnect_agent (f);
  g_clear_pointer (&guarded, g_free);
  remove_tree (f->root);
  remove_tree (f->host);
  g_object_unref (f->folder);
  g_free (f->root);
  g_free (f->host);
  g_free (f);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, fixture_free)

static char *
in_guest (Fixture *f, const char *name)
{
  return g_build_filename (f->root, "shared", name, NULL);
}

static KvmmTransfer *
add_download (Fixture *f, const char *name)
{
  g_autofree char *path = in_guest (f, name);
  g_autofree char *basename = g_path_get_basename (name);
  KvmmTransfer *transfer = kvmm_transfer_new_download (path, basename, FALSE, f->folder);

  kvmm_transfer_set_batch (transfer, 1);
  g_assert_true (kvmm_transfer_queue_add (f->queue, transfer));
  return transfer;
}

static KvmmTransfer *
add_upload (Fixture *f, const char *name, gboolean is_inbox)
{
  g_autofree char *directory = g_build_filename (f->root, "shared", NULL);
  g_autoptr (GFile) source = g_file_get_child (f->folder, name);
  KvmmTransfer *transfer = kvmm_transfer_new_upload (source, is_inbox ? NULL : directory);

  kvmm_transfer_set_batch (transfer, 1);
  g_assert_true (kvmm_transfer_queue_add (f->queue, transfer));
  return transfer;
}

#define WAIT_STATE(transfer, wanted)                                                               \
  test_wait_until (kvmm_transfer_get_state (transfer) == KVMM_TRANSFER_##wanted)

static void
assert_done (KvmmTransfer *transfer)
{
  test_wait_until (kvmm_transfer_get_is_over (transfer));
  if (kvmm_transfer_get_error (transfer) != NULL)
    g_test_message ("%s", kvmm_transfer_get_error (transfer)->message);
  g_assert_cmpint (kvmm_transfer_get_state (transfer), ==, KVMM_TRANSFER_DONE);
}

/* ---- Cases ---- */

static void
test_safe_names (void)
{
  static const struct
  {
    const char *name, *safe;
  } cases[] = {
    { "plain.txt", "plain.txt" },
    { "..", "_" },
    { ".", "_" },
    { "", "_" },
    { "../../etc/passwd", "_._.._etc_passwd" },
    { ".bashrc", "_bashrc" },
    { "-rf", "_rf" },
    { "a/b\\c:d", "a_b_c_d" },
    { "a\nb\033[0m", "a_b_[0m" },
    { "x\xe2\x80\xaegpj.exe", "x_gpj.exe" },
    { "end. . ", "end" },
    { "Grüße 日本.txt", "Grüße 日本.txt" },
  };
  g_autofree char *long_name = g_strnfill (400, 'x');
  g_autofree char *safe = kvmm_host_file_make_safe_name (long_name);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *name = kvmm_host_file_make_safe_name (cases[i].name);

      g_assert_true (g_utf8_validate (name, -1, NULL));
      g_assert_null (strchr (name, '/'));
      if (!g_str_has_prefix (cases[i].name, "../.."))
        g_assert_cmpstr (name, ==, cases[i].safe);
    }
  g_assert_cmpuint (strlen (safe), ==, 200);
}

static void
test_numbered_names (void)
{
  static const char *const cases[][2] = {
    { "a.txt", "a (2).txt" },
    { "a.tar.gz", "a (2).tar.gz" },
    { "none", "none (2)" },
    { ".hidden", ".hidden (2)" },
    { "a sentence. with a long second part", "a sentence. with a long second part (2)" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *name = kvmm_host_file_make_numbered_name (cases[i][0], 2);

      g_assert_cmpstr (name, ==, cases[i][1]);
    }
}

static void
test_download (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  g_autofree guint8 *data = make_data (BIG_BYTES);
  KvmmTransfer *transfer;

  write_file (f->root, "shared/big.bin", data, BIG_BYTES);
  transfer = add_download (f, "big.bin");
  assert_done (transfer);
  g_assert_cmpuint (kvmm_transfer_get_done_bytes (transfer), ==, BIG_BYTES);
  assert_file (f->host, "big.bin", data, BIG_BYTES);
  g_assert_cmpuint (count_entries (f->host), ==, 1);
}

static void
test_upload (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  g_autofree guint8 *data = make_data (BIG_BYTES);

  write_file (f->host, "big.bin", data, BIG_BYTES);
  assert_done (add_upload (f, "big.bin", FALSE));
  assert_file (f->root, "shared/big.bin", data, BIG_BYTES);
}

static void
test_empty_files (void)
{
  g_autoptr (Fixture) f = fixture_new ();

  write_file (f->root, "shared/from-guest", "", 0);
  write_file (f->host, "from-host", "", 0);
  assert_done (add_download (f, "from-guest"));
  assert_done (add_upload (f, "from-host", FALSE));
  assert_file (f->host, "from-guest", "", 0);
  assert_file (f->root, "shared/from-host", "", 0);
}

static void
test_inbox (void)
{
  g_autoptr (Fixture) f = fixture_new ();

  write_file (f->host, "note", "words", -1);
  assert_done (add_upload (f, "note", TRUE));
  assert_file (f->root, "inbox/note", "words", 5);
}

static void
test_download_asks_before_it_replaces (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  KvmmTransfer *transfer;

  write_file (f->root, "shared/name", "theirs", -1);
  write_file (f->host, "name", "ours", -1);
  transfer = add_download (f, "name");
  WAIT_STATE (transfer, ASKING);
  g_assert_true (kvmm_transfer_queue_get_asking (f->queue) == transfer);
  assert_file (f->host, "name", "ours", 4);
  kvmm_transfer_queue_answer (f->queue, transfer, KVMM_TRANSFER_SKIP, FALSE);
  WAIT_STATE (transfer, SKIPPED);
  assert_file (f->host, "name", "ours", 4);

  transfer = add_download (f, "name");
  WAIT_STATE (transfer, ASKING);
  kvmm_transfer_queue_answer (f->queue, transfer, KVMM_TRANSFER_KEEP_BOTH, FALSE);
  assert_done (transfer);
  assert_file (f->host, "name", "ours", 4);
  assert_file (f->host, "name (2)", "theirs", 6);

  transfer = add_download (f, "name");
  WAIT_STATE (transfer, ASKING);
  kvmm_transfer_queue_answer (f->queue, transfer, KVMM_TRANSFER_REPLACE, FALSE);
  assert_done (transfer);
  assert_file (f->host, "name", "theirs", 6);
  g_assert_cmpuint (count_entries (f->host), ==, 2);
}

static void
test_upload_asks_before_it_replaces (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  KvmmTransfer *transfer;

  write_file (f->root, "shared/name", "theirs", -1);
  write_file (f->host, "name", "ours", -1);
  transfer = add_upload (f, "name", FALSE);
  WAIT_STATE (transfer, ASKING);
  assert_file (f->root, "shared/name", "theirs", 6);
  kvmm_transfer_queue_answer (f->queue, transfer, KVMM_TRANSFER_KEEP_BOTH, FALSE);
  assert_done (transfer);
  assert_file (f->root, "shared/name (2)", "ours", 4);
  transfer = add_upload (f, "name", FALSE);
  WAIT_STATE (transfer, ASKING);
  kvmm_transfer_queue_answer (f->queue, transfer, KVMM_TRANSFER_REPLACE, FALSE);
  assert_done (transfer);
  assert_file (f->root, "shared/name", "ours", 4);
}

static void
test_one_answer_for_all (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  KvmmTransfer *transfers[6];

  for (guint i = 0; i < G_N_ELEMENTS (transfers); i++)
    {
      g_autofree char *name = g_strdup_printf ("file%u", i);
      g_autofree char *path = g_build_filename ("shared", name, NULL);

      write_file (f->root, path, "theirs", -1);
      write_file (f->host, name, "ours", -1);
      transfers[i] = add_download (f, name);
    }
  test_wait_until (kvmm_transfer_queue_get_asking (f->queue) != NULL);
  kvmm_transfer_queue_answer (f->queue, kvmm_transfer_queue_get_asking (f->queue),
                              KVMM_TRANSFER_REPLACE, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (transfers); i++)
    {
      g_autofree char *name = g_strdup_printf ("file%u", i);

      assert_done (transfers[i]);
      assert_file (f->host, name, "theirs", 6);
    }
}

static void
test_cancelled_leaves_nothing (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  g_autofree guint8 *data = make_data (BIG_BYTES);
  KvmmTransfer *download, *upload;

  write_file (f->root, "shared/down", data, BIG_BYTES);
  write_file (f->host, "up", data, BIG_BYTES);
  download = add_download (f, "down");
  upload = add_upload (f, "up", FALSE);
  test_wait_until (kvmm_transfer_get_done_bytes (download) > 0 &&
                   kvmm_transfer_get_done_bytes (upload) > 0);
  kvmm_transfer_cancel (download);
  kvmm_transfer_cancel (upload);
  WAIT_STATE (download, CANCELLED);
  WAIT_STATE (upload, CANCELLED);
  test_wait_until (count_entries (f->host) == 1);
  kvmm_transfer_queue_retry (f->queue, download);
  assert_done (download);
  assert_file (f->host, "down", data, BIG_BYTES);
}

static void
test_goes_on_after_a_lost_session (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  g_autofree guint8 *data = make_data (BIG_BYTES);
  KvmmTransfer *download, *upload;

  write_file (f->root, "shared/down", data, BIG_BYTES);
  write_file (f->host, "up", data, BIG_BYTES);
  download = add_download (f, "down");
  upload = add_upload (f, "up", FALSE);
  for (guint i = 0; i < 3; i++)
    {
      guint64 before = kvmm_transfer_get_done_bytes (download);

      test_wait_until (kvmm_transfer_get_done_bytes (download) > before + 1000000 ||
                       kvmm_transfer_get_is_over (download));
      begin_session (f);
      test_wait_until (kvmm_transfer_get_state (download) != KVMM_TRANSFER_RUNNING &&
                       kvmm_transfer_get_state (upload) != KVMM_TRANSFER_RUNNING);
      if (!kvmm_transfer_get_is_over (download))
        g_assert_cmpuint (kvmm_transfer_get_done_bytes (download), >, 0);
      kvmm_transfer_queue_resume (f->queue);
    }
  assert_done (download);
  assert_done (upload);
  assert_file (f->host, "down", data, BIG_BYTES);
  assert_file (f->root, "shared/up", data, BIG_BYTES);
}

static void
test_a_changed_file_begins_anew (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  g_autofree guint8 *data = make_data (BIG_BYTES);
  KvmmTransfer *download;

  write_file (f->root, "shared/down", data, BIG_BYTES);
  download = add_download (f, "down");
  test_wait_until (kvmm_transfer_get_done_bytes (download) > 1000000);
  begin_session (f);
  WAIT_STATE (download, INTERRUPTED);
  /* As long as before, so that only its time tells. */
  memset (data, 'x', BIG_BYTES);
  write_file (f->root, "shared/down", data, BIG_BYTES);
  kvmm_transfer_queue_resume (f->queue);
  assert_done (download);
  assert_file (f->host, "down", data, BIG_BYTES);
  g_assert_cmpuint (count_entries (f->host), ==, 1);
}

static void
test_directories (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  g_autofree char *path = in_guest (f, "tree");
  g_autofree char *back = in_guest (f, "tree/back");
  g_autofree char *link = in_guest (f, "tree/link");
  g_autoptr (GFile) source = NULL;
  KvmmTransfer *transfer;

  write_file (f->root, "shared/tree/a", "1", -1);
  write_file (f->root, "shared/tree/sub/b", "2", -1);
  g_assert_cmpint (symlink ("/etc/passwd", link), ==, 0);
  kvmm_transfer_queue_add (f->queue, kvmm_transfer_new_download (path, "tree", TRUE, f->folder));
  test_wait_until (kvmm_transfer_queue_get_unfinished (f->queue) == 0);
  assert_file (f->host, "tree/a", "1", 1);
  assert_file (f->host, "tree/sub/b", "2", 1);
  source = g_file_get_child (f->folder, "tree");
  g_assert_cmpuint (count_entries (g_file_peek_path (source)), ==, 2);

  g_assert_cmpint (g_mkdir (back, 0755), ==, 0);
  transfer = kvmm_transfer_new_upload (source, back);
  kvmm_transfer_queue_add (f->queue, transfer);
  test_wait_until (kvmm_transfer_queue_get_unfinished (f->queue) == 0);
  assert_file (f->root, "shared/tree/back/tree/sub/b", "2", 1);
  kvmm_transfer_queue_clear (f->queue);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->queue)), ==, 0);
}

static void
test_refusals_are_told (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  g_autoptr (GFile) nowhere = g_file_get_child (f->folder, "not/there");
  g_autofree char *path = in_guest (f, "file");
  KvmmTransfer *transfer = add_download (f, "missing");

  WAIT_STATE (transfer, FAILED);
  g_assert_error (kvmm_transfer_get_error (transfer), KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_NOT_FOUND);
  transfer = kvmm_transfer_new_download ("/etc/passwd", "passwd", FALSE, f->folder);
  kvmm_transfer_queue_add (f->queue, transfer);
  WAIT_STATE (transfer, FAILED);
  g_assert_error (kvmm_transfer_get_error (transfer), KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_DENIED);
  write_file (f->root, "shared/file", "x", -1);
  transfer = kvmm_transfer_new_download (path, "file", FALSE, nowhere);
  kvmm_transfer_queue_add (f->queue, transfer);
  WAIT_STATE (transfer, FAILED);
  transfer = add_upload (f, "missing", FALSE);
  WAIT_STATE (transfer, FAILED);
  g_assert_cmpuint (count_entries (f->host), ==, 0);
}

static void
test_two_at_once (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  g_autofree guint8 *data = make_data (BIG_BYTES);
  KvmmTransfer *transfers[4];

  write_file (f->root, "shared/down", data, BIG_BYTES);
  for (guint i = 0; i < G_N_ELEMENTS (transfers); i++)
    {
      transfers[i] = add_download (f, "down");
      kvmm_transfer_answer (transfers[i], KVMM_TRANSFER_KEEP_BOTH);
    }
  g_assert_cmpint (kvmm_transfer_get_state (transfers[1]), ==, KVMM_TRANSFER_RUNNING);
  g_assert_cmpint (kvmm_transfer_get_state (transfers[2]), ==, KVMM_TRANSFER_WAITING);
  for (guint i = 0; i < G_N_ELEMENTS (transfers); i++)
    assert_done (transfers[i]);
  /* Two that found the same name free got two names. */
  g_assert_cmpuint (count_entries (f->host), ==, G_N_ELEMENTS (transfers));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  kvmm_thread_set_main ();
#define ADD(path, func) g_test_add_func ("/model/transfer/" path, func)
  ADD ("safe-names", test_safe_names);
  ADD ("numbered-names", test_numbered_names);
  ADD ("download", test_download);
  ADD ("upload", test_upload);
  ADD ("empty-files", test_empty_files);
  ADD ("inbox", test_inbox);
  ADD ("download-asks-before-it-replaces", test_download_asks_before_it_replaces);
  ADD ("upload-asks-before-it-replaces", test_upload_asks_before_it_replaces);
  ADD ("one-answer-for-all", test_one_answer_for_all);
  ADD ("cancelled-leaves-nothing", test_cancelled_leaves_nothing);
  ADD ("goes-on-after-a-lost-session", test_goes_on_after_a_lost_session);
  ADD ("a-changed-file-begins-anew", test_a_changed_file_begins_anew);
  ADD ("directories", test_directories);
  ADD ("refusals-are-told", test_refusals_are_told);
  ADD ("two-at-once", test_two_at_once);
  return g_test_run ();
}
