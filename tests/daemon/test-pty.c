/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon-programs.h"

#define ANY_POLICY "[agent]\nlog=warning\n[policy]\npty=any\n"

typedef struct
{
  gint64 pty;
  PeerStream *stream;
} Terminal;

static json_t *
argv_params (const char *script)
{
  return json_pack ("{ss s[sss] ss si si ss}", "mode", "argv", "argv", "/bin/sh", "-c", script,
                    "user", "tester", "cols", 80, "rows", 24, "term", "vt220");
}

static Terminal
begun (Peer *peer, json_t *params)
{
  json_t *result = peer_call (peer, KVMA_METHOD_PTY_OPEN, params);
  Terminal terminal = { .pty = json_number (result, "pty"),
                        .stream = peer_stream (peer, json_number (result, "stream")) };

  g_assert_cmpint (terminal.pty, >, 0);
  g_assert_cmpint (json_number (result, "pid"), >, 1);
  json_decref (result);
  return terminal;
}

static void
assert_exit (Peer *peer, Terminal terminal, int code)
{
  json_t *close = peer_stream_wait_close (peer, terminal.stream);

  g_assert_cmpint (json_number (close, "code"), ==, 0);
  if (json_path (close, "exit.code") == NULL)
    g_error ("no exit code: %s", json_dumps (close, JSON_COMPACT));
  g_assert_cmpint (json_number (close, "exit.code"), ==, code);
}

static void
type (Peer *peer, Terminal terminal, const char *text)
{
  peer_stream_send (peer, terminal.stream, text, strlen (text), FALSE);
}

static int
open_error (Peer *peer, const char *mode)
{
  return peer_call_error (peer, KVMA_METHOD_PTY_OPEN,
                          json_pack ("{ss si si s[s] ss}", "mode", mode, "cols", 80, "rows", 24,
                                     "argv", "/bin/true", "user", "tester"));
}

static void
test_policy (void)
{
  Peer *peer = programs_new_peer (NULL);
  g_autofree char *audit = NULL;

  g_assert_cmpint (open_error (peer, "login"), ==, KVMA_ERROR_DENIED);
  audit = programs_audit (peer);
  g_assert_nonnull (strstr (audit, "pty.open"));
  peer_free (peer);
  peer = programs_new_peer ("[policy]\npty=login\n");
  g_assert_cmpint (open_error (peer, "shell"), ==, KVMA_ERROR_DENIED);
  g_assert_cmpint (open_error (peer, "argv"), ==, KVMA_ERROR_DENIED);
  /* This guest has none below its root. */
  g_assert_cmpint (open_error (peer, "login"), ==, KVMA_ERROR_UNSUPPORTED);
  peer_free (peer);
  peer = programs_new_peer ("[policy]\npty=shell\n");
  g_assert_cmpint (open_error (peer, "argv"), ==, KVMA_ERROR_DENIED);
  peer_free (peer);
}

static void
test_parameters (void)
{
  Peer *peer = programs_new_peer (ANY_POLICY);
  static const char *const bad_terms[] = { "../../tmp/x", "/tmp/x", "", "-x", "a b", "x\ny" };
  static const int bad_sizes[] = { 0, -1, 1001 };

  for (guint i = 0; i < G_N_ELEMENTS (bad_terms); i++)
    {
      json_t *params = argv_params ("exit 0");

      json_object_set_new (params, "term", json_string (bad_terms[i]));
      g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_PTY_OPEN, params), ==, KVMA_ERROR_PARAMS);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad_sizes); i++)
    {
      json_t *params = argv_params ("exit 0");

      json_object_set_new (params, "cols", json_integer (bad_sizes[i]));
      g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_PTY_OPEN, params), ==, KVMA_ERROR_PARAMS);
    }
  g_assert_cmpint (open_error (peer, "root"), ==, KVMA_ERROR_PARAMS);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_PTY_OPEN,
                                    json_pack ("{ss si si ss}", "mode", "shell", "cols", 1, "rows",
                                               1, "user", "nosuchuser")),
                   ==, KVMA_ERROR_NOT_FOUND);
  peer_free (peer);
}

static void
test_terminal (void)
{
  Peer *peer = programs_new_peer (ANY_POLICY);
  Terminal terminal =
      begun (peer, argv_params ("tty; stty size; echo TERM=$TERM; echo x >/dev/tty; exit 6"));
  const char *text;

  assert_exit (peer, terminal, 6);
  text = peer_stream_text (terminal.stream);
  g_assert_nonnull (strstr (text, "/dev/pts/"));
  g_assert_nonnull (strstr (text, "24 80\r\n"));
  g_assert_nonnull (strstr (text, "TERM=vt220\r\n"));
  /* Only a controlling terminal can be opened so. */
  g_assert_nonnull (strstr (text, "\r\nx\r\n"));
  peer_free (peer);
}

static void
test_resize (void)
{
  Peer *peer = programs_new_peer (ANY_POLICY);
  Terminal terminal = begun (
      peer, argv_params ("trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; done"));

  peer_stream_wait_text (peer, terminal.stream, "ready");
  json_decref (peer_call (
      peer, KVMA_METHOD_PTY_RESIZE,
      json_pack ("{sI si si}", "pty", (json_int_t) terminal.pty, "cols", 132, "rows", 50)));
  peer_stream_wait_text (peer, terminal.stream, "50 132");
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_PTY_RESIZE,
                                    json_pack ("{sI si si}", "pty", (json_int_t) terminal.pty,
                                               "cols", 1001, "rows", 50)),
                   ==, KVMA_ERROR_PARAMS);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_PTY_RESIZE,
                                    json_pack ("{sI si si}", "pty", (json_int_t) terminal.pty + 1,
                                               "cols", 80, "rows", 50)),
                   ==, KVMA_ERROR_NOT_FOUND);
  peer_free (peer);
}

static void
test_interrupt (void)
{
  Peer *peer = programs_new_peer (ANY_POLICY);
  Terminal terminal = begun (
      peer, argv_params (
                "trap 'echo interrupted; exit 3' INT; echo ready; while :; do sleep 0.05; done"));

  peer_stream_wait_text (peer, terminal.stream, "ready");
  type (peer, terminal, "\x03");
  assert_exit (peer, terminal, 3);
  g_assert_nonnull (strstr (peer_stream_text (terminal.stream), "interrupted"));
  peer_free (peer);
}

static void
test_shell (void)
{
  Peer *peer = programs_new_peer ("[policy]\npty=shell\n");
  Terminal terminal = begun (
      peer, json_pack ("{ss ss si si}", "mode", "shell", "user", "tester", "cols", 80, "rows", 24));

  type (peer, terminal, "echo 1$((1+1))3 $0 $HOME; exit 8\n");
  assert_exit (peer, terminal, 8);
  g_assert_nonnull (strstr (peer_stream_text (terminal.stream), "123 -sh /\r\n"));
  peer_free (peer);
}

static void
test_login_failure (void)
{
  Peer *peer = peer_new ();
  g_autofree char *path = g_build_filename (peer->root, "bin/login", NULL);
  g_autofree char *utmp_before = NULL;
  g_autofree char *utmp_after = NULL;
  gsize length_before = 0, length_after = 0;
  Terminal terminal;

  peer_write (peer, "var/log/empty", "");
  peer_write (peer, "bin/login",
              "#!/bin/sh\nprintf 'login: '\nread name\nprintf 'Password: '\nread secret\n"
              "echo Login incorrect for $name\nexit 1\n");
  g_assert_cmpint (g_chmod (path, 0755), ==, 0);
  peer_write_policy (peer, "[policy]\npty=login\n");
  g_file_get_contents ("/run/utmp", &utmp_before, &length_before, NULL);
  peer_start (peer, 0);
  json_decref (peer_hello (peer));
  terminal = begun (peer, json_pack ("{si si}", "cols", 80, "rows", 24));
  peer_stream_wait_text (peer, terminal.stream, "login: ");
  type (peer, terminal, "somebody\n");
  peer_stream_wait_text (peer, terminal.stream, "Password: ");
  type (peer, terminal, "wrong\n");
  assert_exit (peer, terminal, 1);
  g_assert_nonnull (strstr (peer_stream_text (terminal.stream), "Login incorrect for somebody"));
  g_file_get_contents ("/run/utmp", &utmp_after, &length_after, NULL);
  g_assert_cmpmem (utmp_before, length_before, utmp_after, length_after);
  peer_free (peer);
}

/* What is pasted arrives, however slowly it is read. */
static void
test_paste (void)
{
  Peer *peer = programs_new_peer (ANY_POLICY);
  gsize length = 10 * 1024 * 1024;
  g_autofree guint8 *bytes = g_malloc (length);
  g_autofree char *sum = NULL;
  Terminal terminal =
      begun (peer, argv_params ("stty raw -echo; echo ready; head -c 10485760 | sha256sum"));

  for (gsize i = 0; i < length; i++)
    bytes[i] = (guint8) (i * 7 + (i >> 8) * 13);
  sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, bytes, length);
  peer_stream_wait_text (peer, terminal.stream, "ready");
  peer_stream_send (peer, terminal.stream, bytes, length, FALSE);
  peer_stream_wait_text (peer, terminal.stream, sum);
  assert_exit (peer, terminal, 0);
  peer_free (peer);
}

/* Both directions at once, each as full as it gets. */
static void
test_paste_comes_back (void)
{
  Peer *peer = programs_new_peer (ANY_POLICY);
  gsize length = 10 * 1024 * 1024;
  g_autofree guint8 *bytes = g_malloc (length);
  gsize begin;
  Terminal terminal = begun (peer, argv_params ("stty raw -echo; echo ready; head -c 10485760"));

  for (gsize i = 0; i < length; i++)
    bytes[i] = (guint8) (i * 11 + (i >> 8) * 17);
  peer_stream_wait_text (peer, terminal.stream, "ready\n");
  begin = terminal.stream->received->len;
  peer_stream_send (peer, terminal.stream, bytes, length, FALSE);
  assert_exit (peer, terminal, 0);
  g_assert_cmpmem (terminal.stream->received->data + begin, terminal.stream->received->len - begin,
                   bytes, length);
  peer_free (peer);
}

/* A terminal that nobody reads is no reason not to answer. */
static void
test_not_read (void)
{
  Peer *peer = programs_new_peer (ANY_POLICY);
  Terminal terminal = begun (peer, argv_params ("exec yes"));

  terminal.stream->hold = TRUE;
  peer_stream_wait_bytes (peer, terminal.stream, KVMA_STREAM_WINDOW_TO_HOST);
  for (guint i = 0; i < 10; i++)
    programs_ping (peer);
  g_assert_cmpuint (terminal.stream->received->len, ==, KVMA_STREAM_WINDOW_TO_HOST);
  peer_stream_close (peer, terminal.stream);
  g_assert_cmpint (json_number (peer_stream_wait_close (peer, terminal.stream), "code"), ==,
                   KVMA_ERROR_CANCELLED);
  peer_free (peer);
}

static void
test_close_ends_the_session (void)
{
  Peer *peer = programs_new_peer (ANY_POLICY);
  g_autofree char *mark = programs_mark ();
  g_autofree char *script = g_strdup_printf ("trap '' HUP; (sleep %s; :)& sleep %s; :", mark, mark);
  Terminal terminal = begun (peer, argv_params (script));
  json_t *result;

  programs_wait_count (peer, mark, 4, 60);
  peer_stream_close (peer, terminal.stream);
  peer_stream_wait_close (peer, terminal.stream);
  programs_wait_count (peer, mark, 0, 60);

  terminal = begun (peer, argv_params (script));
  programs_wait_count (peer, mark, 4, 60);
  result =
      peer_call (peer, KVMA_METHOD_PTY_CLOSE, json_pack ("{sI}", "pty", (json_int_t) terminal.pty));
  g_assert_true (json_is_true (json_path (result, "closed")));
  json_decref (result);
  result = peer_stream_wait_close (peer, terminal.stream);
  g_assert_cmpstr (json_text (result, "exit.signal"), ==, "KILL");
  programs_wait_count (peer, mark, 0, 60);
  result =
      peer_call (peer, KVMA_METHOD_PTY_CLOSE, json_pack ("{sI}", "pty", (json_int_t) terminal.pty));
  g_assert_true (json_is_false (json_path (result, "closed")));
  json_decref (result);
  peer_free (peer);
}

/* That a terminal's processes are gone is seen a moment before the agent knows it. */
static void
wait_for_a_place (Peer *peer)
{
  gint64 deadline = g_get_monotonic_time () + PEER_PATIENCE_MS * 1000;
  gboolean is_busy = TRUE;

  while (is_busy)
    {
      json_t *reply =
          peer_reply (peer, peer_request (peer, KVMA_METHOD_PTY_OPEN, argv_params ("exit 0")));

      is_busy = json_path (reply, "result") == NULL;
      if (is_busy)
        g_assert_cmpint (json_number (reply, "error.code"), ==, KVMA_ERROR_BUSY);
      else
        peer_stream_wait_close (peer, peer_stream (peer, json_number (reply, "result.stream")));
      json_decref (reply);
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
}

static void
test_places (void)
{
  Peer *peer = programs_new_peer (ANY_POLICY);
  g_autofree char *mark = programs_mark ();
  g_autofree char *script = g_strdup_printf ("sleep %s; :", mark);

  for (guint i = 0; i < KVMA_PTYS_MAX; i++)
    begun (peer, argv_params (script));
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_PTY_OPEN, argv_params (script)), ==,
                   KVMA_ERROR_BUSY);
  programs_wait_count (peer, mark, 2 * KVMA_PTYS_MAX, 60);
  /* They belong to the session. */
  json_decref (peer_hello (peer));
  programs_wait_count (peer, mark, 0, 60);
  wait_for_a_place (peer);
  peer_free (peer);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/daemon/pty/policy", test_policy);
  g_test_add_func ("/daemon/pty/parameters", test_parameters);
  g_test_add_func ("/daemon/pty/terminal", test_terminal);
  g_test_add_func ("/daemon/pty/resize", test_resize);
  g_test_add_func ("/daemon/pty/interrupt", test_interrupt);
  g_test_add_func ("/daemon/pty/shell", test_shell);
  g_test_add_func ("/daemon/pty/login-failure", test_login_failure);
  g_test_add_func ("/daemon/pty/paste", test_paste);
  g_test_add_func ("/daemon/pty/paste-comes-back", test_paste_comes_back);
  g_test_add_func ("/daemon/pty/not-read", test_not_read);
  g_test_add_func ("/daemon/pty/close-ends-the-session", test_close_ends_the_session);
  g_test_add_func ("/daemon/pty/places", test_places);
  return g_test_run ();
}
