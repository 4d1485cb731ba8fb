/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon-peer.h"

#define POLICY "[agent]\nlog=warning\n[policy]\nlogs=allow\n[audit]\nfile=/audit.log\nsyslog=none\n"

typedef struct
{
  guint32 stream;
  GString *text;
  json_t *close; /* %NULL: still open */
} Tail;

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

/* As peer_reply(), while streams go on; what they say is dropped. Returns the body (new). */
static json_t *
call (Peer *peer, const char *method, json_t *params)
{
  KvmaFrame frame;

  peer_request (peer, method, params);
  do
    g_assert_true (peer_receive (peer, &frame));
  while (frame.header.kind != KVMA_KIND_REPLY);
  return json_loadb ((const char *) frame.payload, frame.length, 0, NULL);
}

static Tail *
open_tail (Peer *peer, json_t *params, const char *source)
{
  Tail *self = g_new0 (Tail, 1);
  json_t *reply = call (peer, KVMA_METHOD_LOG_TAIL, params);

  g_assert_cmpstr (json_text (reply, "result.source"), ==, source);
  self->stream = (guint32) json_number (reply, "result.stream");
  g_assert_cmpuint (self->stream, >, 0);
  g_assert_cmpuint (self->stream % 2, ==, 0);
  self->text = g_string_new (NULL);
  json_decref (reply);
  return self;
}

static void
free_tail (Tail *self)
{
  g_string_free (self->text, TRUE);
  json_decref (self->close);
  g_free (self);
}

static void
grant (Peer *peer, Tail *self, gsize n)
{
  KvmaHeader header = { .kind = KVMA_KIND_ACK };

  kvma_session_stamp (&peer->session, &header);
  header.stream = self->stream;
  header.credit = (guint32) n;
  peer_send_header (peer, &header, NULL, 0);
}

static void
take (Peer *peer, Tail *self)
{
  KvmaFrame frame;

  g_assert_true (peer_receive (peer, &frame));
  if (frame.header.stream != self->stream)
    return;
  if (frame.header.kind == KVMA_KIND_DATA && frame.length > 0)
    {
      g_string_append_len (self->text, (const char *) frame.payload, (gssize) frame.length);
      grant (peer, self, frame.length);
    }
  else if (frame.header.kind == KVMA_KIND_CLOSE)
    self->close = json_loadb ((const char *) frame.payload, frame.length, 0, NULL);
}

static void
read_until (Peer *peer, Tail *self, const char *wanted)
{
  while (strstr (self->text->str, wanted) == NULL)
    {
      g_assert_null (self->close);
      take (peer, self);
    }
}

static void
read_all (Peer *peer, Tail *self)
{
  while (self->close == NULL)
    take (peer, self);
  g_assert_cmpint (json_number (self->close, "code"), ==, 0);
}

static void
close_tail (Peer *peer, Tail *self)
{
  static const char body[] = "{\"code\":-32006}";
  KvmaHeader header = { .kind = KVMA_KIND_CLOSE };

  kvma_session_stamp (&peer->session, &header);
  header.stream = self->stream;
  peer_send_header (peer, &header, body, sizeof body - 1);
  while (self->close == NULL)
    take (peer, self);
}

static void
append (Peer *peer, const char *path, const char *text)
{
  g_autofree char *full = g_build_filename (peer->root, path, NULL);
  FILE *file = fopen (full, "a");

  g_assert_nonnull (file);
  fputs (text, file);
  fclose (file);
}

static char *
numbered (int first, int last)
{
  GString *text = g_string_new (NULL);

  for (int i = first; i <= last; i++)
    g_string_append_printf (text, "line %d\n", i);
  return g_string_free (text, FALSE);
}

static void
test_denied_by_default (void)
{
  Peer *peer = peer_new ();

  begin (peer);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_LOG_TAIL, NULL), ==, KVMA_ERROR_DENIED);
  peer_free (peer);
}

static void
expect_lines (Peer *peer, int lines, const char *wanted)
{
  Tail *tail = open_tail (peer, json_pack ("{si}", "lines", lines), "file");

  read_all (peer, tail);
  g_assert_cmpstr (tail->text->str, ==, wanted);
  free_tail (tail);
}

static void
test_last_lines_of_a_file (void)
{
  Peer *peer = new_peer ();
  g_autofree char *all = numbered (1, 500);
  g_autofree char *last = numbered (491, 500);
  g_autofree char *usual = numbered (301, 500);
  Tail *tail;

  peer_write (peer, "var/log/messages", all);
  begin (peer);
  expect_lines (peer, 10, last);
  expect_lines (peer, 1000, all);
  expect_lines (peer, 500, all);
  expect_lines (peer, 0, "");
  tail = open_tail (peer, NULL, "file");
  read_all (peer, tail);
  g_assert_cmpstr (tail->text->str, ==, usual);
  free_tail (tail);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_LOG_TAIL, json_pack ("{si}", "lines", 1001)),
                   ==, KVMA_ERROR_PARAMS);
  g_assert_cmpint (
      peer_call_error (peer, KVMA_METHOD_LOG_TAIL, json_pack ("{ss}", "unit", "ssh.service")), ==,
      KVMA_ERROR_UNSUPPORTED);
  g_assert_cmpint (
      peer_call_error (peer, KVMA_METHOD_LOG_TAIL, json_pack ("{ss}", "unit", "--boot")), ==,
      KVMA_ERROR_PARAMS);
  peer_free (peer);
}

static void
test_large_file_with_back_pressure (void)
{
  Peer *peer = new_peer ();
  g_autofree char *line = g_strnfill (1000, 'x');
  g_autoptr (GString) all = g_string_new (NULL);
  Tail *tail;

  for (int i = 0; i < 1000; i++)
    g_string_append_printf (all, "%d %s\n", i, line);
  peer_write (peer, "var/log/syslog", all->str);
  begin (peer);
  tail = open_tail (peer, json_pack ("{si}", "lines", 1000), "file");
  /* Nobody takes anything for a while; other calls are answered. */
  json_decref (call (peer, KVMA_METHOD_SYS_METRICS, NULL));
  free_tail (tail);
  peer_free (peer);

  peer = new_peer ();
  peer_write (peer, "var/log/syslog", all->str);
  begin (peer);
  tail = open_tail (peer, json_pack ("{si}", "lines", 1000), "file");
  read_all (peer, tail);
  g_assert_cmpuint (tail->text->len, ==, all->len);
  g_assert_cmpstr (tail->text->str, ==, all->str);
  free_tail (tail);
  peer_free (peer);
}

static void
test_follows_a_file (void)
{
  Peer *peer = new_peer ();
  g_autofree char *log = NULL;
  g_autofree char *old = NULL;
  Tail *tail;

  log = g_build_filename (peer->root, "var/log/messages", NULL);
  old = g_build_filename (peer->root, "var/log/messages.1", NULL);
  peer_write (peer, "var/log/messages", "one\n");
  begin (peer);
  tail = open_tail (peer, json_pack ("{sb}", "follow", 1), "file");
  read_until (peer, tail, "one\n");
  append (peer, "var/log/messages", "two\n");
  read_until (peer, tail, "two\n");
  /* Rotated by its name; the old file gets a last line. */
  g_assert_cmpint (g_rename (log, old), ==, 0);
  append (peer, "var/log/messages.1", "three\n");
  read_until (peer, tail, "three\n");
  append (peer, "var/log/messages", "four\n");
  read_until (peer, tail, "four\n");
  /* Cut off, as copytruncate does. */
  g_assert_cmpint (truncate (log, 0), ==, 0);
  read_until (peer, tail, "four\n");
  append (peer, "var/log/messages", "5\n");
  read_until (peer, tail, "5\n");
  g_assert_cmpstr (tail->text->str, ==, "one\ntwo\nthree\nfour\n5\n");
  close_tail (peer, tail);
  free_tail (tail);
  /* Another one has room again. */
  expect_lines (peer, 5, "5\n");
  peer_free (peer);
}

static void
test_end_of_session_ends_it (void)
{
  Peer *peer = new_peer ();
  Tail *tail;
  gint64 deadline = g_get_monotonic_time () + PEER_PATIENCE_MS * 1000;

  peer_write (peer, "var/log/messages", "one\n");
  begin (peer);
  tail = open_tail (peer, json_pack ("{sb}", "follow", 1), "file");
  read_until (peer, tail, "one\n");
  free_tail (tail);
  json_decref (peer_hello (peer));
  for (;;)
    {
      const char *pid = g_subprocess_get_identifier (peer->process);
      g_autofree char *path = g_strdup_printf ("/proc/%s/task/%s/children", pid, pid);
      g_autofree char *children = NULL;

      g_assert_true (g_file_get_contents (path, &children, NULL, NULL));
      if (children[0] == '\0')
        break;
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
  peer_free (peer);
}

static void
test_too_many (void)
{
  Peer *peer = new_peer ();
  Tail *tails[8];
  json_t *refused;

  peer_write (peer, "var/log/messages", "one\n");
  begin (peer);
  for (int i = 0; i < 8; i++)
    tails[i] = open_tail (peer, json_pack ("{sb}", "follow", 1), "file");
  refused = call (peer, KVMA_METHOD_LOG_TAIL, NULL);
  g_assert_cmpint (json_number (refused, "error.code"), ==, KVMA_ERROR_BUSY);
  json_decref (refused);
  close_tail (peer, tails[3]);
  free_tail (tails[3]);
  tails[3] = open_tail (peer, json_pack ("{sb}", "follow", 1), "file");
  for (int i = 0; i < 8; i++)
    free_tail (tails[i]);
  peer_free (peer);
}

static void
test_journal (void)
{
  Peer *peer = new_peer ();
  g_autofree char *tool = g_build_filename (peer->root, "usr/bin/journalctl", NULL);
  Tail *tail;

  peer_write (peer, "run/systemd/journal/socket", "");
  peer_write (peer, "var/log/syslog", "not this\n");
  peer_write (peer, "usr/bin/journalctl", "#!/bin/sh\necho \"$@\"\n");
  g_assert_cmpint (g_chmod (tool, 0755), ==, 0);
  begin (peer);
  tail = open_tail (peer, json_pack ("{ss si}", "unit", "ssh@1.service", "lines", 7), "journal");
  read_all (peer, tail);
  g_assert_cmpstr (tail->text->str, ==,
                   "--output=short-iso --no-pager --quiet --lines=7 --unit=ssh@1.service\n");
  free_tail (tail);
  /* One that fails is said to have failed. */
  peer_write (peer, "usr/bin/journalctl", "#!/bin/sh\necho half\nexit 3\n");
  g_assert_cmpint (g_chmod (tool, 0755), ==, 0);
  tail = open_tail (peer, json_pack ("{sb}", "follow", 1), "journal");
  while (tail->close == NULL)
    take (peer, tail);
  g_assert_cmpstr (tail->text->str, ==, "half\n");
  g_assert_cmpint (json_number (tail->close, "code"), ==, KVMA_ERROR_FAILED);
  free_tail (tail);
  peer_free (peer);
}

static void
test_kernel (void)
{
  Peer *peer = peer_new ();
  g_autofree char *policy = NULL;
  Tail *tail;
  int fd = open ("/dev/kmsg", O_RDONLY | O_NONBLOCK);
  char record[8192];

  if (fd < 0 || read (fd, record, sizeof record) < 0)
    {
      g_test_skip ("the log of this machine's kernel cannot be read");
      if (fd >= 0)
        close (fd);
      peer_free (peer);
      return;
    }
  close (fd);
  policy = g_strdup_printf ("[policy]\nlogs=allow\n[audit]\nsyslog=none\nfile=%s/audit.log\n",
                            peer->root);
  peer_write_policy (peer, policy);
  peer_start (peer, PEER_REAL_FACTS);
  json_decref (peer_hello (peer));
  tail = open_tail (peer, json_pack ("{ss si}", "source", "kernel", "lines", 5), "kmsg");
  read_all (peer, tail);
  {
    g_auto (GStrv) lines = g_strsplit (tail->text->str, "\n", -1);

    g_assert_cmpuint (g_strv_length (lines), >=, 2);
    g_assert_cmpuint (g_strv_length (lines), <=, 6);
    g_assert_true (g_regex_match_simple (
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}[+-][0-9]{4} kernel: .", lines[0], 0, 0));
  }
  free_tail (tail);
  peer_free (peer);
}

static void
test_none (void)
{
  Peer *peer = new_peer ();

  begin (peer);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_LOG_TAIL, NULL), ==, KVMA_ERROR_UNSUPPORTED);
  g_assert_cmpint (
      peer_call_error (peer, KVMA_METHOD_LOG_TAIL, json_pack ("{ss}", "source", "dreams")), ==,
      KVMA_ERROR_PARAMS);
  peer_free (peer);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/daemon/logs/denied-by-default", test_denied_by_default);
  g_test_add_func ("/daemon/logs/last-lines-of-a-file", test_last_lines_of_a_file);
  g_test_add_func ("/daemon/logs/large-file-with-back-pressure",
                   test_large_file_with_back_pressure);
  g_test_add_func ("/daemon/logs/follows-a-file-that-is-rotated", test_follows_a_file);
  g_test_add_func ("/daemon/logs/end-of-session-ends-it", test_end_of_session_ends_it);
  g_test_add_func ("/daemon/logs/too-many", test_too_many);
  g_test_add_func ("/daemon/logs/journal", test_journal);
  g_test_add_func ("/daemon/logs/kernel", test_kernel);
  g_test_add_func ("/daemon/logs/none", test_none);
  return g_test_run ();
}
