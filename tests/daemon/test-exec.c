/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "daemon-programs.h"

#define ANY_POLICY "[agent]\nlog=warning\n[policy]\nexec=any\n[exec]\nrun-as=tester\n"
#define NO_CGROUP "cgroup=no\n"

typedef struct
{
  gint64 job;
  PeerStream *out;
  PeerStream *err; /* NULL: none */
} Run;

/* Waits for the reply of an exec.start or exec.run that must be good. */
static Run
begun (Peer *peer, const char *method, json_t *params)
{
  json_t *result = peer_call (peer, method, params);
  Run run = { .job = json_number (result, "job") };

  g_assert_cmpint (run.job, >, 0);
  g_assert_cmpint (json_number (result, "pid"), >, 1);
  run.out = peer_stream (peer, json_number (result, "stream"));
  if (json_path (result, "stderr_stream") != NULL)
    run.err = peer_stream (peer, json_number (result, "stderr_stream"));
  json_decref (result);
  return run;
}

/* @extra: (transfer full) (nullable) */
static Run
shell (Peer *peer, const char *script, json_t *extra)
{
  json_t *params = json_pack ("{s[sss]}", "argv", "/bin/sh", "-c", script);

  json_object_update (params, extra);
  json_decref (extra);
  return begun (peer, KVMA_METHOD_EXEC_START, params);
}

static int
start_error (Peer *peer, json_t *params)
{
  return peer_call_error (peer, KVMA_METHOD_EXEC_START, params);
}

static void
assert_exit (Peer *peer, Run run, int code)
{
  json_t *close = peer_stream_wait_close (peer, run.out);

  g_assert_cmpint (json_number (close, "code"), ==, 0);
  g_assert_nonnull (json_path (close, "exit.code"));
  g_assert_cmpint (json_number (close, "exit.code"), ==, code);
  g_assert_true (json_is_false (json_path (close, "exit.timed_out")));
}

static void
assert_output (Peer *peer, Run run, const char *text)
{
  assert_exit (peer, run, 0);
  g_assert_cmpstr (peer_stream_text (run.out), ==, text);
}

/* --- The policy --- */

static void
test_denied_by_default (void)
{
  Peer *peer = programs_new_peer (NULL);
  g_autofree char *audit = NULL;
  json_t *reply;

  reply = peer_reply (
      peer, peer_request (peer, KVMA_METHOD_EXEC_START, json_pack ("{s[s]}", "argv", "/bin/true")));
  g_assert_cmpint (json_number (reply, "error.code"), ==, KVMA_ERROR_DENIED);
  g_assert_cmpstr (json_text (reply, "error.data.group"), ==, "exec");
  g_assert_cmpstr (json_text (reply, "error.data.hint"), ==, "[policy] exec=named");
  json_decref (reply);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_EXEC_NAMED, NULL), ==, KVMA_ERROR_DENIED);
  g_assert_cmpint (
      peer_call_error (peer, KVMA_METHOD_EXEC_RUN, json_pack ("{ss}", "name", "hello")), ==,
      KVMA_ERROR_DENIED);
  audit = programs_audit (peer);
  g_assert_nonnull (strstr (audit, "exec.start"));
  g_assert_nonnull (strstr (audit, "/bin/true"));
  g_assert_nonnull (strstr (audit, "-32001"));
  peer_free (peer);
}

static const char named_policy[] = "[policy]\nexec=named\n[exec]\nrun-as=tester\ntimeout=20\n"
                                   "[command hello]\nargv=/bin/echo hello \"two words\"\n"
                                   "description=Says hello\n"
                                   "[command print]\nargv=/usr/bin/printf [%s]\nargs=any\n"
                                   "timeout=5\n";

static void
test_named_only (void)
{
  Peer *peer = programs_new_peer (named_policy);
  json_t *result;
  Run run;

  result = peer_call (peer, KVMA_METHOD_EXEC_NAMED, NULL);
  g_assert_cmpint (json_number (result, "total"), ==, 2);
  g_assert_cmpstr (json_text (result, "commands.0.name"), ==, "hello");
  g_assert_cmpstr (json_text (result, "commands.0.description"), ==, "Says hello");
  g_assert_cmpstr (json_text (result, "commands.0.argv.2"), ==, "two words");
  g_assert_true (json_is_false (json_path (result, "commands.0.args")));
  g_assert_cmpstr (json_text (result, "commands.0.run_as"), ==, "tester");
  g_assert_cmpint (json_number (result, "commands.0.timeout_ms"), ==, 20000);
  g_assert_true (json_is_true (json_path (result, "commands.1.args")));
  json_decref (result);

  g_assert_cmpint (start_error (peer, json_pack ("{s[s]}", "argv", "/bin/true")), ==,
                   KVMA_ERROR_DENIED);
  g_assert_cmpint (
      peer_call_error (peer, KVMA_METHOD_EXEC_RUN, json_pack ("{ss}", "name", "other")), ==,
      KVMA_ERROR_NOT_FOUND);
  run = begun (peer, KVMA_METHOD_EXEC_RUN, json_pack ("{ss}", "name", "hello"));
  assert_output (peer, run, "hello two words\n");
  peer_free (peer);
}

static void
test_named_arguments (void)
{
  Peer *peer = programs_new_peer (named_policy);
  json_t *result;
  Run run;

  /* None where none are allowed, not even an empty list. */
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_EXEC_RUN,
                                    json_pack ("{ss s[s]}", "name", "hello", "args", "-n")),
                   ==, KVMA_ERROR_PARAMS);
  g_assert_cmpint (
      peer_call_error (peer, KVMA_METHOD_EXEC_RUN, json_pack ("{ss s[]}", "name", "hello", "args")),
      ==, KVMA_ERROR_PARAMS);
  /* What looks like more than an argument is one. */
  run = begun (peer, KVMA_METHOD_EXEC_RUN,
               json_pack ("{ss s[ssss]}", "name", "print", "args", "; id", "$(id)", "a b", "-x"));
  assert_output (peer, run, "[; id][$(id)][a b][-x]");
  /* The path is the command's own, and so are user, directory and environment. */
  run = begun (peer, KVMA_METHOD_EXEC_RUN,
               json_pack ("{ss s[s] s[s] ss s{ss}}", "name", "print", "args", "x", "argv",
                          "/bin/false", "user", "root", "env", "LD_PRELOAD", "/x"));
  assert_output (peer, run, "[x]");
  /* A host may ask for less time than the command has, not for more. */
  result = peer_call (peer, KVMA_METHOD_EXEC_RUN,
                      json_pack ("{ss si}", "name", "print", "timeout_ms", 60000));
  g_assert_cmpint (json_number (result, "timeout_ms"), ==, 5000);
  json_decref (result);
  peer_free (peer);
}

static void
test_users (void)
{
  Peer *peer = programs_new_peer (ANY_POLICY "users=tester,broken\n");

  g_assert_cmpint (start_error (peer, json_pack ("{s[s] ss}", "argv", "/bin/true", "user", "root")),
                   ==, KVMA_ERROR_DENIED);
  g_assert_cmpint (
      start_error (peer, json_pack ("{s[s] ss}", "argv", "/bin/true", "user", "other")), ==,
      KVMA_ERROR_DENIED);
  /* An id that is no number must not become 0. */
  g_assert_cmpint (
      start_error (peer, json_pack ("{s[s] ss}", "argv", "/bin/true", "user", "broken")), ==,
      KVMA_ERROR_NOT_FOUND);
  assert_exit (peer,
               begun (peer, KVMA_METHOD_EXEC_START,
                      json_pack ("{s[s] ss}", "argv", "/bin/true", "user", "tester")),
               0);
  peer_free (peer);
}

static void
test_becomes_the_user (void)
{
  Peer *peer;
  const char *text;

  if (geteuid () != 0)
    {
      g_test_skip ("only root can become somebody else");
      return;
    }
  peer = programs_new_peer (ANY_POLICY "root=yes\n");
  {
    Run run =
        shell (peer, "cat /proc/self/status; umask; ulimit -u; cat /proc/self/oom_score_adj", NULL);

    assert_exit (peer, run, 0);
    text = peer_stream_text (run.out);
    g_assert_nonnull (strstr (text, "Uid:\t65534\t65534\t65534\t65534"));
    g_assert_nonnull (strstr (text, "Gid:\t65534\t65534\t65534\t65534"));
    g_assert_nonnull (strstr (text, "Groups:\t2001 2002 65534"));
    g_assert_nonnull (strstr (text, "CapEff:\t0000000000000000"));
    g_assert_nonnull (strstr (text, "NoNewPrivs:\t1"));
    g_assert_nonnull (strstr (text, "SigBlk:\t0000000000000000"));
    g_assert_nonnull (strstr (text, "SigIgn:\t0000000000000000"));
    g_assert_nonnull (strstr (text, "0022\n"));
  }
  {
    Run run = shell (peer, "cat /proc/self/status", json_pack ("{ss}", "user", "root"));

    assert_exit (peer, run, 0);
    text = peer_stream_text (run.out);
    g_assert_nonnull (strstr (text, "Uid:\t0\t0\t0\t0"));
    g_assert_nonnull (strstr (text, "NoNewPrivs:\t0"));
  }
  peer_free (peer);
}

/* --- What is asked for --- */

static json_t *
arguments (guint n, gsize length)
{
  json_t *argv = json_pack ("[s]", "/bin/true");
  g_autofree char *word = g_strnfill (length, 'x');

  for (guint i = 1; i < n; i++)
    json_array_append_new (argv, json_string (word));
  return json_pack ("{so}", "argv", argv);
}

static void
test_limits (void)
{
  Peer *peer = programs_new_peer (ANY_POLICY);
  g_autofree char *rest = g_strnfill (4096 - strlen ("/bin/true") - 3 - 1, 'y');
  json_t *params;

  g_assert_cmpint (start_error (peer, json_pack ("{s[s]}", "argv", "bin/true")), ==,
                   KVMA_ERROR_PARAMS);
  g_assert_cmpint (start_error (peer, json_pack ("{s[s]}", "argv", "true")), ==, KVMA_ERROR_PARAMS);
  g_assert_cmpint (start_error (peer, json_pack ("{s[]}", "argv")), ==, KVMA_ERROR_PARAMS);
  g_assert_cmpint (start_error (peer, NULL), ==, KVMA_ERROR_PARAMS);
  g_assert_cmpint (start_error (peer, json_pack ("{s[si]}", "argv", "/bin/true", 1)), ==,
                   KVMA_ERROR_PARAMS);
  assert_exit (peer, begun (peer, KVMA_METHOD_EXEC_START, arguments (64, 1)), 0);
  g_assert_cmpint (start_error (peer, arguments (65, 1)), ==, KVMA_ERROR_PARAMS);
  assert_exit (peer, begun (peer, KVMA_METHOD_EXEC_START, arguments (2, 4096)), 0);
  g_assert_cmpint (start_error (peer, arguments (2, 4097)), ==, KVMA_ERROR_PARAMS);

  /* Together with the environment: a name, "=", and a value. */
  params = arguments (4, 4096);
  json_object_set_new (params, "env", json_pack ("{ss}", "ABC", rest));
  assert_exit (peer, begun (peer, KVMA_METHOD_EXEC_START, params), 0);
  params = arguments (4, 4096);
  json_object_set_new (params, "env", json_pack ("{ss}", "ABCD", rest));
  g_assert_cmpint (start_error (peer, params), ==, KVMA_ERROR_PARAMS);

  g_assert_cmpint (
      start_error (peer, json_pack ("{s[s] s{ss}}", "argv", "/bin/true", "env", "A=B", "x")), ==,
      KVMA_ERROR_PARAMS);
  g_assert_cmpint (start_error (peer, json_pack ("{s[s] ss}", "argv", "/bin/true", "cwd", "tmp")),
                   ==, KVMA_ERROR_PARAMS);
  g_assert_cmpint (
      start_error (peer, json_pack ("{s[s] ss}", "argv", "/bin/true", "stderr", "file")), ==,
      KVMA_ERROR_PARAMS);
  g_assert_cmpint (
      start_error (peer, json_pack ("{s[s] si}", "argv", "/bin/true", "timeout_ms", 86400001)), ==,
      KVMA_ERROR_PARAMS);
  peer_free (peer);
}

static void
test_environment (void)
{
  g_auto (GStrv) lines = NULL;
  Peer *peer;
  const char *text;
  json_t *env;
  Run run;

  g_setenv ("LANG", "C.UTF-8", TRUE);
  g_setenv ("NOT_FOR_THE_GUEST", "secret", TRUE);
  g_setenv ("PYTHONPATH", "/tmp", TRUE);
  peer = programs_new_peer (ANY_POLICY "env-keep=LANG,PYTHONPATH\n");
  g_unsetenv ("PYTHONPATH");
  env = json_pack ("{ss ss ss ss ss ss ss ss ss}", "LD_PRELOAD", "/x", "LD_AUDIT", "/x",
                   "GLIBC_TUNABLES", "x", "BASH_ENV", "/x", "ENV", "/x", "IFS", "x", "PERL5OPT",
                   "-x", "PYTHONSTARTUP", "/x", "GREETING", "hello world");
  run = begun (peer, KVMA_METHOD_EXEC_START,
               json_pack ("{s[s] so}", "argv", "/usr/bin/env", "env", env));
  assert_exit (peer, run, 0);
  text = peer_stream_text (run.out);
  g_assert_nonnull (
      strstr (text, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"));
  g_assert_nonnull (strstr (text, "HOME=/\n"));
  g_assert_nonnull (strstr (text, "USER=tester\n"));
  g_assert_nonnull (strstr (text, "LOGNAME=tester\n"));
  g_assert_nonnull (strstr (text, "SHELL=/bin/sh\n"));
  g_assert_nonnull (strstr (text, "LANG=C.UTF-8\n"));
  g_assert_nonnull (strstr (text, "GREETING=hello world\n"));
  lines = g_strsplit (text, "\n", -1);
  g_assert_cmpint (g_strv_length (lines), ==, 8);
  peer_free (peer);
}

static void
test_failures (void)
{
  Peer *peer = programs_new_peer (ANY_POLICY);
  json_t *reply;

  reply = peer_reply (peer, peer_request (peer, KVMA_METHOD_EXEC_START,
                                          json_pack ("{s[s]}", "argv", "/usr/no/such/program")));
  g_assert_cmpint (json_number (reply, "error.code"), ==, KVMA_ERROR_NOT_FOUND);
  g_assert_cmpstr (json_text (reply, "error.data.errno"), ==, "ENOENT");
  json_decref (reply);
  reply = peer_reply (peer, peer_request (peer, KVMA_METHOD_EXEC_START,
                                          json_pack ("{s[s]}", "argv", "/etc/passwd")));
  g_assert_cmpint (json_number (reply, "error.code"), ==, KVMA_ERROR_IO);
  g_assert_cmpstr (json_text (reply, "error.data.errno"), ==, "EACCES");
  json_decref (reply);
  g_assert_cmpint (
      start_error (peer, json_pack ("{s[s] ss}", "argv", "/bin/true", "cwd", "/usr/no/such")), ==,
      KVMA_ERROR_NOT_FOUND);
  /* They leave nothing behind: there is still room for all. */
  for (guint i = 0; i < 6; i++)
    g_assert_cmpint (start_error (peer, json_pack ("{s[s]}", "argv", "/usr/no/such")), ==,
                     KVMA_ERROR_NOT_FOUND);
  assert_output (peer, shell (peer, "pwd", json_pack ("{ss}", "cwd", "/usr")), "/usr\n");
  peer_free (peer);
}

/* The kernel reads the program from a file system that never answers: only that call waits. */
static void
test_dead_mount (void)
{
  Peer *peer;
  g_autofree char *program = NULL;
  json_t *reply;
  gint64 id;

  if (geteuid () != 0 || access ("/dev/fuse", R_OK | W_OK) < 0)
    {
      g_test_skip ("only root can mount a file system that never answers");
      return;
    }
  peer = peer_new ();
  program = g_build_filename (peer->root, "dead", "program", NULL);
  peer_write (peer, "etc/passwd", "root:x:0:0::/:/bin/sh\n");
  peer_write (peer, "var/log/empty", "");
  peer_write_policy (peer, "[policy]\nexec=any\n[exec]\nrun-as=root\nroot=yes\n");
  peer_start (peer, PEER_DEAD_MOUNT);
  json_decref (peer_hello (peer));
  id = peer_request (peer, KVMA_METHOD_EXEC_START,
                     json_pack ("{s[s] si}", "argv", program, "timeout_ms", 1500));
  programs_ping (peer);
  reply = peer_reply (peer, id);
  g_assert_cmpint (json_number (reply, "error.code"), ==, KVMA_ERROR_TIMEOUT);
  json_decref (reply);
  /* And one that is not waited for. */
  id = peer_request (peer, KVMA_METHOD_EXEC_START, json_pack ("{s[s]}", "argv", program));
  reply = peer_call (peer, KVMA_METHOD_AGENT_CANCEL, json_pack ("{sI}", "id", (json_int_t) id));
  g_assert_true (json_is_true (json_path (reply, "cancelled")));
  json_decref (reply);
  peer_free (peer);
}

/* --- Input, output, the end --- */

static void
test_binary_both_ways (void)
{
  Peer *peer = programs_new_peer (ANY_POLICY);
  gsize length = 5 * 1024 * 1024 + 17;
  g_autofree guint8 *bytes = g_malloc (length);
  g_autofree char *sent = NULL;
  g_autofree char *received = NULL;
  Run run;

  for (gsize i = 0; i < length; i++)
    bytes[i] = (guint8) (i * i + (i >> 8) * 31);
  run =
      begun (peer, KVMA_METHOD_EXEC_START, json_pack ("{s[s] sb}", "argv", "/bin/cat", "stdin", 1));
  peer_stream_send (peer, run.out, bytes, length, TRUE);
  assert_exit (peer, run, 0);
  sent = g_compute_checksum_for_data (G_CHECKSUM_SHA256, bytes, length);
  received = g_compute_checksum_for_data (G_CHECKSUM_SHA256, run.out->received->data,
                                          run.out->received->len);
  g_assert_cmpstr (sent, ==, received);
  g_assert_cmpint (json_number (run.out->close, "bytes"), ==, 2 * (gint64) length);
  peer_free (peer);
}

static void
test_input_is_null_unless_wanted (void)
{
  Peer *peer = programs_new_peer (ANY_POLICY);
  Run run;

  assert_output (peer, shell (peer, "readlink /proc/self/fd/0; ls /proc/self/fd | wc -l", NULL),
                 "/dev/null\n4\n");
  run = shell (peer, "sleep 5", NULL);
  peer_stream_send (peer, run.out, "x", 1, FALSE);
  peer_expect_bye (peer, KVMA_BYE_PROTOCOL);
  peer_free (peer);
}

static void
test_error_output (void)
{
  Peer *peer = programs_new_peer (ANY_POLICY);
  const char *script = "echo out; echo err >&2; echo again";
  Run run = shell (peer, script, NULL);

  assert_output (peer, run, "out\nagain\n");
  g_assert_nonnull (run.err);
  g_assert_cmpstr (peer_stream_text (run.err), ==, "err\n");
  /* It closes before the other. */
  g_assert_nonnull (run.err->close);
  g_assert_true (run.err->ended);
  run = shell (peer, script, json_pack ("{ss}", "stderr", "merge"));
  g_assert_null (run.err);
  assert_output (peer, run, "out\nerr\nagain\n");
  run = shell (peer, script, json_pack ("{ss}", "stderr", "discard"));
  g_assert_null (run.err);
  assert_output (peer, run, "out\nagain\n");
  peer_free (peer);
}

static void
test_exits (void)
{
  Peer *peer = programs_new_peer (ANY_POLICY);
  g_autofree char *audit = NULL;
  json_t *close, *event;
  Run run;

  peer_subscribe (peer, KVMA_EVENT_EXEC_EXITED, 1000);
  run = shell (peer, "exit 37", NULL);
  event = peer_event (peer, KVMA_EVENT_EXEC_EXITED);
  g_assert_cmpint (json_number (event, "job"), ==, run.job);
  g_assert_cmpint (json_number (event, "exit.code"), ==, 37);
  json_decref (event);
  assert_exit (peer, run, 37);
  run = shell (peer, "kill -SEGV $$", NULL);
  close = peer_stream_wait_close (peer, run.out);
  g_assert_null (json_path (close, "exit.code"));
  g_assert_cmpstr (json_text (close, "exit.signal"), ==, "SEGV");
  audit = programs_audit (peer);
  g_assert_nonnull (strstr (audit, "\"code\":37"));
  g_assert_nonnull (strstr (audit, "\"signal\":\"SEGV\""));
  g_assert_nonnull (strstr (audit, "exit 37"));
  peer_free (peer);
}

/* A daemon that a command leaves behind holds its output open: the host need not wait for it. It is
 * killed at the timeout all the same, and keeps the job's place until then. */
static void
test_daemon_left_behind (gconstpointer policy)
{
  Peer *peer = programs_new_peer (policy);
  g_autofree char *mark = programs_mark ();
  g_autofree char *script =
      g_strdup_printf ("(setsid sh -c 'trap \"\" TERM HUP; sleep %s; :' &); echo done", mark);
  Run run = shell (peer, script, json_pack ("{si}", "timeout_ms", 3000));
  json_t *result;

  assert_output (peer, run, "done\n");
  g_assert_cmpuint (programs_count (mark), >, 0);
  result = peer_call (peer, KVMA_METHOD_EXEC_JOBS, NULL);
  g_assert_cmpint (json_number (result, "jobs.0.job"), ==, run.job);
  g_assert_true (json_is_false (json_path (result, "jobs.0.attached")));
  json_decref (result);
  programs_wait_count (peer, mark, 0, 60);
  peer_free (peer);
}

static void
test_timeout (gconstpointer policy)
{
  Peer *peer = programs_new_peer (policy);
  g_autofree char *mark = programs_mark ();
  g_autofree char *script = g_strdup_printf (
      "trap '' TERM HUP INT; (setsid sh -c 'trap \"\" TERM HUP; (setsid sleep %s &); sleep %s; :' "
      "&); sleep %s; sleep %s; :",
      mark, mark, mark, mark);
  Run run = shell (peer, script, json_pack ("{si}", "timeout_ms", 1500));
  json_t *close;

  programs_wait_count (peer, mark, 5, 60);
  close = peer_stream_wait_close (peer, run.out);
  g_assert_true (json_is_true (json_path (close, "exit.timed_out")));
  g_assert_cmpstr (json_text (close, "exit.signal"), ==, "KILL");
  programs_wait_count (peer, mark, 0, 60);
  peer_free (peer);
}

static void
test_fork_bomb (gconstpointer policy)
{
  g_autofree char *mark = programs_mark ();
  g_autofree char *script =
      g_strdup_printf ("$SIG{TERM} = $SIG{HUP} = 'IGNORE'; my $mark = %s; while (1) { my $pid = "
                       "fork; syswrite STDOUT, '.' if defined $pid && $pid == 0; setpgrp; }",
                       mark);
  KvmaFrame frame;
  Peer *peer;
  Run run;

  if (!g_file_test ("/usr/bin/perl", G_FILE_TEST_IS_EXECUTABLE))
    {
      g_test_skip ("no perl, which goes on when it cannot fork");
      return;
    }
  peer = programs_new_peer (policy);
  run = begun (peer, KVMA_METHOD_EXEC_START,
               json_pack ("{s[sss] si ss}", "argv", "/usr/bin/perl", "-e", script, "timeout_ms",
                          2000, "stderr", "discard"));
  while (run.out->close == NULL)
    {
      programs_ping (peer);
      peer_receive_within (peer, &frame, 50);
    }
  g_assert_true (json_is_true (json_path (run.out->close, "exit.timed_out")));
  g_test_message ("%u processes", run.out->received->len);
  g_assert_cmpuint (run.out->received->len, >, 50);
  programs_wait_count (peer, mark, 0, 60);
  programs_ping (peer);
  assert_exit (peer, shell (peer, "exit 0", NULL), 0);
  peer_free (peer);
}

static void
test_host_closes (void)
{
  Peer *peer = programs_new_peer (ANY_POLICY);
  g_autofree char *mark = programs_mark ();
  g_autofree char *polite = g_strdup_printf ("sleep %s & echo ready; wait", mark);
  g_autofree char *rude =
      g_strdup_printf ("trap '' TERM; echo ready; sleep %s; sleep %s", mark, mark);
  gint64 begin;
  Run run = shell (peer, polite, NULL);

  peer_stream_wait_text (peer, run.out, "ready");
  begin = g_get_monotonic_time ();
  peer_stream_close (peer, run.out);
  g_assert_cmpint (json_number (peer_stream_wait_close (peer, run.out), "code"), ==,
                   KVMA_ERROR_CANCELLED);
  programs_wait_count (peer, mark, 0, 60);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 4 * G_USEC_PER_SEC);

  run = shell (peer, rude, NULL);
  peer_stream_wait_text (peer, run.out, "ready");
  begin = g_get_monotonic_time ();
  peer_stream_close (peer, run.out);
  programs_wait_count (peer, mark, 0, 60);
  /* TERM came first. */
  g_assert_cmpint (g_get_monotonic_time () - begin, >, 4 * G_USEC_PER_SEC);
  peer_free (peer);
}

/* Nobody wants its errors: that is no reason to end it. */
static void
test_host_closes_error_output (void)
{
  Peer *peer = programs_new_peer (ANY_POLICY);
  Run run = shell (peer, "read x; echo lost >&2; echo $x", json_pack ("{sb}", "stdin", 1));

  peer_stream_close (peer, run.err);
  peer_stream_wait_close (peer, run.err);
  peer_stream_send (peer, run.out, "still here\n", 11, TRUE);
  assert_output (peer, run, "still here\n");
  peer_free (peer);
}

/* --- Sessions --- */

static void
test_session_takes_its_jobs (void)
{
  Peer *peer = programs_new_peer (ANY_POLICY);
  g_autofree char *dies = programs_mark ();
  g_autofree char *stays = programs_mark ();
  g_autofree char *script1 = g_strdup_printf ("sleep %s; :", dies);
  g_autofree char *script2 = g_strdup_printf ("yes & sleep %s; :", stays);
  json_t *result, *event;
  Run run;

  shell (peer, script1, NULL);
  run = shell (peer, script2, json_pack ("{sb}", "kill_on_disconnect", 0));
  peer_stream_wait_bytes (peer, run.out, 100000);
  /* Credit on its way to a session that has ended is answered by a BYE. */
  run.out->hold = TRUE;
  programs_wait_count (peer, stays, 2, 60);
  json_decref (peer_hello (peer));
  programs_wait_count (peer, dies, 0, 60);
  g_assert_cmpuint (programs_count (stays), ==, 2);
  /* That the processes are gone is seen a moment before the agent knows it. */
  result = peer_call (peer, KVMA_METHOD_EXEC_JOBS, NULL);
  for (gint64 deadline = g_get_monotonic_time () + PEER_PATIENCE_MS * 1000;
       json_number (result, "total") > 1 && g_get_monotonic_time () < deadline;)
    {
      json_decref (result);
      result = peer_call (peer, KVMA_METHOD_EXEC_JOBS, NULL);
    }
  g_assert_cmpint (json_number (result, "total"), ==, 1);
  g_assert_cmpint (json_number (result, "jobs.0.job"), ==, run.job);
  g_assert_cmpstr (json_text (result, "jobs.0.user"), ==, "tester");
  g_assert_true (json_is_false (json_path (result, "jobs.0.attached")));
  g_assert_true (json_is_false (json_path (result, "jobs.0.kill_on_disconnect")));
  g_assert_nonnull (strstr (json_text (result, "jobs.0.command"), "/bin/sh -c yes"));
  json_decref (result);
  peer_subscribe (peer, KVMA_EVENT_EXEC_EXITED, 1000);
  json_decref (peer_call (peer, KVMA_METHOD_EXEC_SIGNAL,
                          json_pack ("{sI ss}", "job", (json_int_t) run.job, "signal", "TERM")));
  event = peer_event (peer, KVMA_EVENT_EXEC_EXITED);
  g_assert_cmpint (json_number (event, "job"), ==, run.job);
  g_assert_cmpstr (json_text (event, "exit.signal"), ==, "TERM");
  json_decref (event);
  programs_wait_count (peer, stays, 0, 60);
  peer_free (peer);
}

static void
test_agent_dies (gconstpointer policy)
{
  Peer *peer = programs_new_peer (policy);
  g_autofree char *mark = programs_mark ();
  g_autofree char *script =
      g_strdup_printf ("trap '' TERM; (setsid sleep %s &); sleep %s; :", mark, mark);

  shell (peer, script, json_pack ("{sb}", "kill_on_disconnect", 0));
  programs_wait_count (peer, mark, 3, 60);
  g_subprocess_force_exit (peer->process);
  g_subprocess_wait (peer->process, NULL, NULL);
  g_clear_object (&peer->process);
  close (peer->fd);
  peer->fd = -1;
  programs_wait_count (peer, mark, 0, 60);
  peer_free (peer);
}

static void
test_signals (void)
{
  Peer *peer = programs_new_peer (ANY_POLICY);
  Run run = shell (peer, "trap 'echo usr1; exit 4' USR1; echo ready; while :; do sleep 0.05; done",
                   json_pack ("{ss}", "stderr", "discard"));

  peer_stream_wait_text (peer, run.out, "ready");
  g_assert_cmpint (
      peer_call_error (peer, KVMA_METHOD_EXEC_SIGNAL,
                       json_pack ("{sI ss}", "job", (json_int_t) run.job + 1, "signal", "TERM")),
      ==, KVMA_ERROR_NOT_FOUND);
  g_assert_cmpint (
      peer_call_error (peer, KVMA_METHOD_EXEC_SIGNAL,
                       json_pack ("{sI ss}", "job", (json_int_t) run.job, "signal", "SEGV")),
      ==, KVMA_ERROR_PARAMS);
  json_decref (peer_call (peer, KVMA_METHOD_EXEC_SIGNAL,
                          json_pack ("{sI ss}", "job", (json_int_t) run.job, "signal", "USR1")));
  assert_exit (peer, run, 4);
  peer_free (peer);
}

static void
test_places (void)
{
  Peer *peer = programs_new_peer (ANY_POLICY "[limits]\nmax-jobs=8\n");
  Run runs[8];

  for (guint i = 0; i < 8; i++)
    runs[i] = shell (peer, "read x; exit 5", json_pack ("{sb ss}", "stdin", 1, "stderr", "merge"));
  g_assert_cmpint (start_error (peer, json_pack ("{s[s]}", "argv", "/bin/true")), ==,
                   KVMA_ERROR_BUSY);
  for (guint i = 0; i < 8; i++)
    {
      peer_stream_send (peer, runs[i].out, "x\n", 2, TRUE);
      assert_exit (peer, runs[i], 5);
    }
  assert_exit (peer, shell (peer, "exit 0", NULL), 0);
  peer_free (peer);
}

static void
test_default_places (void)
{
  Peer *peer = programs_new_peer (ANY_POLICY);

  for (guint i = 0; i < 4; i++)
    shell (peer, "sleep 60", NULL);
  g_assert_cmpint (start_error (peer, json_pack ("{s[s]}", "argv", "/bin/true")), ==,
                   KVMA_ERROR_BUSY);
  peer_free (peer);
}

/* --- Much --- */

static gint64
agent_rss_kb (Peer *peer)
{
  g_autofree char *path =
      g_strdup_printf ("/proc/%s/status", g_subprocess_get_identifier (peer->process));
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return g_ascii_strtoll (strstr (text, "VmRSS:") + 6, NULL, 10);
}

/* Bytes that nobody reads stay in the program; those that are read are exact, and the exit comes
 * behind the last. */
static void
test_much_output (void)
{
  Peer *peer = programs_new_peer (ANY_POLICY);
  gint64 total = G_GINT64_CONSTANT (1000000000);
  g_autofree char *script =
      g_strdup_printf ("head -c %" G_GINT64_FORMAT " /dev/zero; exit 9", total);
  Run run = shell (peer, script, json_pack ("{si}", "timeout_ms", 600000));
  gint64 seen = 0;
  gint64 most = 0;
  guint turns = 0;

  run.out->hold = TRUE;
  peer_stream_wait_bytes (peer, run.out, KVMA_STREAM_WINDOW_TO_HOST);
  for (guint i = 0; i < 10; i++)
    programs_ping (peer);
  g_assert_cmpuint (run.out->received->len, ==, KVMA_STREAM_WINDOW_TO_HOST);
  while (run.out->close == NULL)
    {
      KvmaFrame frame;

      if (run.out->taken >= KVMA_STREAM_WINDOW_TO_HOST / 2)
        peer_stream_grant (peer, run.out, (guint32) run.out->taken);
      g_assert_true (peer_receive (peer, &frame));
      for (guint i = 0; i < run.out->received->len; i += 509)
        g_assert_cmpuint (run.out->received->data[i], ==, 0);
      seen += run.out->received->len;
      g_byte_array_set_size (run.out->received, 0);
      if (turns++ % 1024 == 0)
        most = MAX (most, agent_rss_kb (peer));
    }
  g_assert_true (run.out->ended);
  g_assert_cmpint (seen, ==, total);
  g_assert_cmpint (json_number (run.out->close, "exit.code"), ==, 9);
  g_test_message ("resident at most %" G_GINT64_FORMAT " KiB", most);
#ifdef AGENT_IS_STATIC
  g_assert_cmpint (most, <, 4096);
#endif
  peer_free (peer);
}

int
main (int argc, char **argv)
{
  static const char without[] = ANY_POLICY NO_CGROUP;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/daemon/exec/denied-by-default", test_denied_by_default);
  g_test_add_func ("/daemon/exec/named-only", test_named_only);
  g_test_add_func ("/daemon/exec/named-arguments", test_named_arguments);
  g_test_add_func ("/daemon/exec/users", test_users);
  g_test_add_func ("/daemon/exec/becomes-the-user", test_becomes_the_user);
  g_test_add_func ("/daemon/exec/limits", test_limits);
  g_test_add_func ("/daemon/exec/environment", test_environment);
  g_test_add_func ("/daemon/exec/failures", test_failures);
  g_test_add_func ("/daemon/exec/dead-mount", test_dead_mount);
  g_test_add_func ("/daemon/exec/binary-both-ways", test_binary_both_ways);
  g_test_add_func ("/daemon/exec/input-is-null-unless-wanted", test_input_is_null_unless_wanted);
  g_test_add_func ("/daemon/exec/error-output", test_error_output);
  g_test_add_func ("/daemon/exec/exits", test_exits);
  g_test_add_data_func ("/daemon/exec/daemon-left-behind", ANY_POLICY, test_daemon_left_behind);
  g_test_add_data_func ("/daemon/exec/daemon-left-behind/no-cgroup", without,
                        test_daemon_left_behind);
  g_test_add_data_func ("/daemon/exec/timeout", ANY_POLICY, test_timeout);
  g_test_add_data_func ("/daemon/exec/timeout/no-cgroup", without, test_timeout);
  /* Before the fork bombs: what is left of those may still count against the user. */
  g_test_add_data_func ("/daemon/exec/agent-dies", ANY_POLICY, test_agent_dies);
  g_test_add_data_func ("/daemon/exec/agent-dies/no-cgroup", without, test_agent_dies);
  g_test_add_data_func ("/daemon/exec/fork-bomb", ANY_POLICY, test_fork_bomb);
  g_test_add_data_func ("/daemon/exec/fork-bomb/no-cgroup", without, test_fork_bomb);
  g_test_add_func ("/daemon/exec/host-closes", test_host_closes);
  g_test_add_func ("/daemon/exec/host-closes-error-output", test_host_closes_error_output);
  g_test_add_func ("/daemon/exec/session-takes-its-jobs", test_session_takes_its_jobs);
  g_test_add_func ("/daemon/exec/signals", test_signals);
  g_test_add_func ("/daemon/exec/places", test_places);
  g_test_add_func ("/daemon/exec/default-places", test_default_places);
  g_test_add_func ("/daemon/exec/much-output", test_much_output);
  return g_test_run ();
}
