/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* What a host sees of the guest's directories, and every way out of them that it tries. */

#include "file-peer.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define MIB 1048576

static void
test_denied (void)
{
  static const char *const methods[] = {
    KVMA_METHOD_FILE_STAT,  KVMA_METHOD_FILE_LIST,   KVMA_METHOD_FILE_READ, KVMA_METHOD_FILE_WRITE,
    KVMA_METHOD_FILE_MKDIR, KVMA_METHOD_FILE_REMOVE, KVMA_METHOD_INBOX_PUT, KVMA_METHOD_FILE_ROOTS,
  };
  Peer *peer = peer_new ();

  peer_write (peer, "srv/inbox/a", "a");
  peer_start (peer, 0);
  json_decref (peer_hello (peer));
  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    g_assert_cmpint (
        peer_call_error (peer, methods[i],
                         json_pack ("{ss ss si}", "path", "/srv/inbox/a", "name", "a", "size", 1)),
        ==, KVMA_ERROR_DENIED);
  peer_free (peer);
}

static void
test_roots (void)
{
  Peer *peer = file_peer_new ("max-file=1MiB\n");
  json_t *result = peer_call (peer, KVMA_METHOD_FILE_ROOTS, NULL);

  g_assert_cmpstr (json_text (result, "read.0"), ==, "/srv");
  g_assert_cmpstr (json_text (result, "write.0"), ==, "/srv/inbox");
  g_assert_cmpstr (json_text (result, "inbox"), ==, "/srv/drop");
  g_assert_cmpint (json_number (result, "max_file"), ==, MIB);
  json_decref (result);
  peer_free (peer);
}

static void
test_stat (void)
{
  Peer *peer = file_peer_new ("");
  json_t *result;

  peer_write (peer, "etc/passwd", "root:x:0:0::/:/bin/sh\n");
  peer_write (peer, "etc/group", "wheel:x:0:\n");
  peer_write (peer, "srv/inbox/a", "four");
  file_peer_link (peer, "srv/inbox/link", "../../etc/passwd");
  result = peer_call (peer, KVMA_METHOD_FILE_STAT, json_pack ("{ss}", "path", "/srv/inbox/a"));
  g_assert_cmpstr (json_text (result, "path"), ==, "/srv/inbox/a");
  g_assert_cmpstr (json_text (result, "type"), ==, "file");
  g_assert_cmpint (json_number (result, "size"), ==, 4);
  g_assert_cmpint (ABS (json_number (result, "mtime") - g_get_real_time () / 1000), <, 60000);
  g_assert_cmpint (json_number (result, "uid"), ==, geteuid ());
  if (geteuid () == 0)
    {
      g_assert_cmpstr (json_text (result, "user"), ==, "root");
      g_assert_cmpstr (json_text (result, "group"), ==, "wheel");
    }
  g_assert_true (json_is_true (json_path (result, "writable")));
  json_decref (result);
  result = peer_call (peer, KVMA_METHOD_FILE_STAT, json_pack ("{ss}", "path", "/srv/inbox/link"));
  g_assert_cmpstr (json_text (result, "type"), ==, "link");
  g_assert_cmpstr (json_text (result, "target"), ==, "../../etc/passwd");
  g_assert_true (json_is_false (json_path (result, "writable")));
  json_decref (result);
  result = peer_call (peer, KVMA_METHOD_FILE_STAT, json_pack ("{ss}", "path", "/srv"));
  g_assert_cmpstr (json_text (result, "type"), ==, "dir");
  g_assert_true (json_is_false (json_path (result, "writable")));
  json_decref (result);
  peer_free (peer);
}

/* Every way out of the directories of the policy, and every thing that is no file. */
static void
test_ways_out (void)
{
  static const struct
  {
    const char *path;
    int code;
  } rows[] = {
    { "/srv/../etc/secret", KVMA_ERROR_PARAMS },
    { "/srv/./a", KVMA_ERROR_PARAMS },
    { "srv/inbox/a", KVMA_ERROR_PARAMS },
    { "/srv//inbox/a", KVMA_ERROR_PARAMS },
    { "/srv/inbox/", KVMA_ERROR_PARAMS },
    { "/etc/secret", KVMA_ERROR_DENIED },
    { "/srvfoo/a", KVMA_ERROR_DENIED },
    { "/proc/self/root/etc/secret", KVMA_ERROR_DENIED },
    { "/dev/null", KVMA_ERROR_DENIED },
    { "/sys/power/state", KVMA_ERROR_DENIED },
    { "/srv/inbox/out/secret", KVMA_ERROR_DENIED },
    { "/srv/inbox/file", KVMA_ERROR_DENIED },
    { "/srv/inbox/fifo", KVMA_ERROR_DENIED },
    { "/srv/inbox/none", KVMA_ERROR_NOT_FOUND },
    { "/srv/inbox", KVMA_ERROR_PARAMS },
  };
  Peer *peer = file_peer_new ("");
  g_autofree char *fifo = g_build_filename (peer->root, "srv/inbox/fifo", NULL);
  g_autofree char *device = g_build_filename (peer->root, "srv/inbox/device", NULL);
  g_autofree char *longest = g_strnfill (KVMA_FILE_PATH_MAX + 1, 'x');

  peer_write (peer, "etc/secret", "secret");
  peer_write (peer, "srvfoo/a", "beside");
  file_peer_link (peer, "srv/inbox/out", "../../etc");
  file_peer_link (peer, "srv/inbox/file", "../../etc/secret");
  g_assert_cmpint (mkfifo (fifo, 0666), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      int code =
          peer_call_error (peer, KVMA_METHOD_FILE_READ, json_pack ("{ss}", "path", rows[i].path));

      if (code != rows[i].code)
        g_error ("reading %s: %d", rows[i].path, code);
    }
  memcpy (longest, "/srv/", 5);
  g_assert_cmpint (
      peer_call_error (peer, KVMA_METHOD_FILE_READ, json_pack ("{ss}", "path", longest)), ==,
      KVMA_ERROR_PARAMS);
  if (mknod (device, S_IFCHR | 0666, makedev (1, 5)) == 0)
    g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_FILE_READ,
                                      json_pack ("{ss}", "path", "/srv/inbox/device")),
                     ==, KVMA_ERROR_DENIED);
  /* Nor is anything written there; the link and the FIFO stay what they are. */
  g_assert_cmpint (file_write_error (peer, "/srv/inbox/out/x", 1, "any"), ==, KVMA_ERROR_DENIED);
  g_assert_cmpint (file_write_error (peer, "/srv/inbox/file", 1, "any"), ==, KVMA_ERROR_DENIED);
  g_assert_cmpint (file_write_error (peer, "/srv/inbox/fifo", 1, "any"), ==, KVMA_ERROR_DENIED);
  g_assert_cmpint (file_write_error (peer, "/srv/outside", 1, "any"), ==, KVMA_ERROR_DENIED);
  g_assert_cmpint (file_write_error (peer, "/srv/inboxfoo", 1, "any"), ==, KVMA_ERROR_DENIED);
  g_assert_cmpint (file_write_error (peer, "/srv/inbox", 1, "any"), ==, KVMA_ERROR_PARAMS);
  peer_free (peer);
}

/* A file that the policy names is all that is open of its directory. */
static void
test_one_file (void)
{
  Peer *peer = file_peer_new ("");
  g_autoptr (GByteArray) all = file_random (100);

  peer_write (peer, "etc/only", "before");
  peer_write (peer, "etc/other", "other");
  peer_write_policy (peer, "[agent]\nlog=warning\n[policy]\nfile-read=allow\nfile-write=allow\n"
                           "[files]\nread=/etc/only\nwrite=/etc/only\n");
  g_subprocess_send_signal (peer->process, SIGHUP);
  peer_expect_bye (peer, KVMA_BYE_POLICY_RELOAD);
  json_decref (peer_hello (peer));
  file_peer_put (peer, json_pack ("{ss ss}", "path", "/etc/only", "if", "any"), all);
  file_peer_assert (peer, "etc/only", all);
  g_assert_cmpint (file_write_error (peer, "/etc/other", 1, "any"), ==, KVMA_ERROR_DENIED);
  g_assert_cmpint (
      peer_call_error (peer, KVMA_METHOD_FILE_LIST, json_pack ("{ss}", "path", "/etc")), ==,
      KVMA_ERROR_DENIED);
  g_assert_cmpint (
      peer_call_error (peer, KVMA_METHOD_FILE_REMOVE, json_pack ("{ss}", "path", "/etc/only")), ==,
      KVMA_ERROR_PARAMS);
  peer_free (peer);
}

typedef struct
{
  char *directory;
  char *link;
  int stop;
} Swap;

static gpointer
swap_thread (gpointer data)
{
  Swap *swap = data;

  while (!g_atomic_int_get (&swap->stop))
    renameat2 (AT_FDCWD, swap->directory, AT_FDCWD, swap->link, RENAME_EXCHANGE);
  return NULL;
}

/* Somebody exchanges a directory for a link to another one, without a pause: what is written never
 * lands there, and what is read never comes from there. */
static void
test_swapped (void)
{
  Peer *peer = file_peer_new ("");
  Swap swap = { 0 };
  const char *seconds = g_getenv ("KVMM_RACE_SECONDS");
  gint64 end = g_get_monotonic_time () +
               (seconds != NULL ? g_ascii_strtoll (seconds, NULL, 10) : 2) * G_USEC_PER_SEC;
  g_autofree char *etc = g_build_filename (peer->root, "etc/target", NULL);
  g_autoptr (GDir) directory = NULL;
  GThread *thread;
  guint done = 0, refused = 0;

  peer_write (peer, "etc/target/secret", "outside");
  peer_write (peer, "srv/inbox/d/secret", "inside!");
  file_peer_link (peer, "srv/inbox/swap", "../../etc/target");
  swap.directory = g_build_filename (peer->root, "srv/inbox/d", NULL);
  swap.link = g_build_filename (peer->root, "srv/inbox/swap", NULL);
  thread = g_thread_new ("swap", swap_thread, &swap);
  while (g_get_monotonic_time () < end)
    {
      g_autofree char *path = g_strdup_printf ("/srv/inbox/d/%u", done + refused);
      json_t *body = peer_reply (
          peer, peer_request (peer, KVMA_METHOD_FILE_MKDIR, json_pack ("{ss}", "path", path)));

      if (json_object_get (body, "result") != NULL)
        done++;
      else
        refused++;
      json_decref (body);
      body = peer_reply (peer, peer_request (peer, KVMA_METHOD_FILE_READ,
                                             json_pack ("{ss}", "path", "/srv/inbox/d/secret")));
      if (json_object_get (body, "result") != NULL)
        {
          json_t *close;
          GByteArray *got =
              file_peer_download (peer, (guint32) json_number (body, "result.stream"), &close);

          g_assert_cmpmem (got->data, got->len, "inside!", 7);
          g_byte_array_unref (got);
          json_decref (close);
        }
      json_decref (body);
    }
  g_atomic_int_set (&swap.stop, 1);
  g_thread_join (thread);
  g_test_message ("%u made, %u refused", done, refused);
  g_assert_cmpuint (done, >, 0);
  g_assert_cmpuint (refused, >, 0);
  directory = g_dir_open (etc, 0, NULL);
  g_assert_cmpstr (g_dir_read_name (directory), ==, "secret");
  g_assert_null (g_dir_read_name (directory));
  g_free (swap.directory);
  g_free (swap.link);
  peer_free (peer);
}

static void
test_inbox (void)
{
  static const char *const bad[] = { "../x", ".x", "", ".", "..", "a/b", "/etc/passwd" };
  Peer *peer = file_peer_new ("");
  g_autoptr (GByteArray) all = file_random (100000);
  g_autofree char *longest = g_strnfill (KVMA_FILE_NAME_MAX, 'n');
  g_autofree char *more = g_strnfill (KVMA_FILE_NAME_MAX + 1, 'n');
  g_autofree char *path = g_strconcat ("srv/drop/", longest, NULL);
  json_t *close;

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_INBOX_PUT,
                                      json_pack ("{ss si}", "name", bad[i], "size", 1)),
                     ==, KVMA_ERROR_PARAMS);
  g_assert_cmpint (
      peer_call_error (peer, KVMA_METHOD_INBOX_PUT, json_pack ("{ss si}", "name", more, "size", 1)),
      ==, KVMA_ERROR_PARAMS);
  close = file_peer_upload (peer, json_pack ("{ss}", "name", longest), all, 0, all->len, TRUE);
  g_assert_cmpint (json_number (close, "code"), ==, 0);
  json_decref (close);
  file_peer_assert (peer, path, all);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_INBOX_PUT,
                                    json_pack ("{ss si}", "name", longest, "size", 1)),
                   ==, KVMA_ERROR_EXISTS);
  peer_free (peer);
}

static void
test_list (void)
{
  Peer *peer = file_peer_new ("");
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *cursor = NULL;
  g_autofree char *before = NULL;
  guint pages = 0, unusable = 0;
  gboolean files = FALSE;

  for (guint i = 0; i < 700; i++)
    {
      g_autofree char *name = g_strdup_printf ("srv/many/%0*u", (int) (i % 200 + 4), i);

      peer_write (peer, name, "");
    }
  peer_write (peer, "srv/many/zz/x", "");
  peer_write (peer, "srv/many/\xff\xfe", "");
  peer_write (peer, "srv/many/new\nline", "");
  do
    {
      json_t *params = json_pack ("{ss}", "path", "/srv/many");
      json_t *result;
      json_t *entry;
      size_t i;

      if (cursor != NULL)
        json_object_set_new (params, "cursor", json_string (cursor));
      result = peer_call (peer, KVMA_METHOD_FILE_LIST, params);
      g_assert_cmpint (json_number (result, "total"), ==, 703);
      g_assert_cmpuint (json_array_size (json_path (result, "entries")), <=, KVMA_LIST_ROWS_MAX);
      json_array_foreach (json_path (result, "entries"), i, entry)
      {
        const char *name = json_text (entry, "name");
        gboolean is_directory = strcmp (json_text (entry, "type"), "dir") == 0;

        g_assert_true (g_hash_table_add (seen, g_strdup (name)));
        g_assert_false (files && is_directory);
        if (files && json_path (entry, "unusable") == NULL && before != NULL)
          g_assert_cmpstr (before, <, name);
        files = !is_directory;
        unusable += json_is_true (json_path (entry, "unusable"));
        g_free (before);
        before = is_directory ? NULL : g_strdup (name);
      }
      g_free (cursor);
      cursor = g_strdup (json_text (result, "cursor"));
      g_assert_true (json_is_true (json_path (result, "truncated")) == (cursor != NULL));
      json_decref (result);
      g_assert_cmpuint (++pages, <, 50);
    }
  while (cursor != NULL);
  g_assert_cmpuint (g_hash_table_size (seen), ==, 703);
  g_assert_cmpuint (unusable, ==, 1);
  g_assert_true (g_hash_table_contains (seen, "new\nline"));
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_FILE_LIST,
                                    json_pack ("{ss ss}", "path", "/srv/many", "cursor", "x")),
                   ==, KVMA_ERROR_PARAMS);
  g_assert_cmpint (
      peer_call_error (peer, KVMA_METHOD_FILE_LIST, json_pack ("{ss}", "path", "/srv/many/zz/x")),
      ==, KVMA_ERROR_PARAMS);
  peer_free (peer);
}

/* A page of it comes in time, and the agent keeps nothing of it. */
static void
test_large_directory (void)
{
  Peer *peer = file_peer_new ("");
  g_autofree char *path = g_build_filename (peer->root, "srv/large", NULL);
  int directory;
  json_t *result;
  gint64 begin;

  g_assert_cmpint (g_mkdir_with_parents (path, 0755), ==, 0);
  directory = open (path, O_RDONLY | O_DIRECTORY);
  for (guint i = 0; i < 100000; i++)
    {
      char name[32];

      g_snprintf (name, sizeof name, "%u", (i * 7919u) % 100000);
      g_assert_cmpint (mknodat (directory, name, S_IFREG | 0644, 0), ==, 0);
    }
  begin = g_get_monotonic_time ();
  result = peer_call (peer, KVMA_METHOD_FILE_LIST, json_pack ("{ss}", "path", "/srv/large"));
  g_test_message ("%d ms", (int) ((g_get_monotonic_time () - begin) / 1000));
  g_assert_cmpint (json_number (result, "total"), ==, 100000);
  g_assert_cmpstr (json_text (result, "entries.0.name"), ==, "0");
  g_assert_cmpstr (json_text (result, "entries.1.name"), ==, "1");
  g_assert_cmpstr (json_text (result, "entries.2.name"), ==, "10");
  json_decref (result);
  g_assert_cmpint (g_close (directory, NULL), ==, TRUE);
  peer_free (peer);
}

static void
test_directories (void)
{
  Peer *peer = file_peer_new ("");
  json_t *params = json_pack ("{ss si}", "path", "/srv/inbox/d", "mode", 0750);
  g_autofree char *path = g_build_filename (peer->root, "srv/inbox/d", NULL);
  struct stat info;

  peer_write (peer, "etc/secret", "secret");
  json_decref (peer_call (peer, KVMA_METHOD_FILE_MKDIR, json_incref (params)));
  g_assert_cmpint (stat (path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 07777, ==, 0750);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_FILE_MKDIR, params), ==, KVMA_ERROR_EXISTS);
  peer_write (peer, "srv/inbox/d/x", "x");
  params = json_pack ("{ss}", "path", "/srv/inbox/d");
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_FILE_REMOVE, json_incref (params)), ==,
                   KVMA_ERROR_STATE);
  file_peer_link (peer, "srv/inbox/d/link", "../../../etc/secret");
  json_decref (
      peer_call (peer, KVMA_METHOD_FILE_REMOVE, json_pack ("{ss}", "path", "/srv/inbox/d/link")));
  json_decref (
      peer_call (peer, KVMA_METHOD_FILE_REMOVE, json_pack ("{ss}", "path", "/srv/inbox/d/x")));
  json_decref (peer_call (peer, KVMA_METHOD_FILE_REMOVE, params));
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  file_peer_assert_text (peer, "etc/secret", "secret");
  g_assert_cmpint (
      peer_call_error (peer, KVMA_METHOD_FILE_REMOVE, json_pack ("{ss}", "path", "/srv/inbox")), ==,
      KVMA_ERROR_PARAMS);
  g_assert_cmpint (
      peer_call_error (peer, KVMA_METHOD_FILE_REMOVE, json_pack ("{ss}", "path", "/srv/drop")), ==,
      KVMA_ERROR_DENIED);
  peer_free (peer);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/daemon/file-tree/denied", test_denied);
  g_test_add_func ("/daemon/file-tree/roots", test_roots);
  g_test_add_func ("/daemon/file-tree/stat", test_stat);
  g_test_add_func ("/daemon/file-tree/ways-out", test_ways_out);
  g_test_add_func ("/daemon/file-tree/one-file", test_one_file);
  g_test_add_func ("/daemon/file-tree/swapped", test_swapped);
  g_test_add_func ("/daemon/file-tree/inbox", test_inbox);
  g_test_add_func ("/daemon/file-tree/list", test_list);
  g_test_add_func ("/daemon/file-tree/large-directory", test_large_directory);
  g_test_add_func ("/daemon/file-tree/directories", test_directories);
  return g_test_run ();
}
