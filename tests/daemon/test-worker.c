/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* Workers and the agent's other children. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon-inside.h"
#include "daemon/agent-pump.h"
#include "daemon/agent-sha256.h"

typedef struct
{
  guint calls;
  json_t *answer; /* (owned) */
  int code;
  char *message;
} Outcome;

static void
done_cb (Agent *agent, json_t *answer, json_t *error, void *data)
{
  Outcome *outcome = data;

  outcome->calls++;
  outcome->answer = answer != NULL ? json_incref (answer) : NULL;
  outcome->code = (int) json_number (error, "code");
  outcome->message = g_strdup (json_text (error, "message"));
}

static void
clear_outcome (Outcome *outcome)
{
  json_decref (outcome->answer);
  g_free (outcome->message);
  memset (outcome, 0, sizeof *outcome);
}

static void
wait_for (Inside *self, const guint *value, guint wanted)
{
  gint64 deadline = g_get_monotonic_time () + PEER_PATIENCE_MS * 3000;

  while (*value < wanted)
    {
      agent_loop_step (&self->agent->loop, 100);
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
}

static void
wait_reaped (Inside *self)
{
  gint64 deadline = g_get_monotonic_time () + PEER_PATIENCE_MS * 3000;

  while (self->agent->workers.stuck > 0)
    {
      agent_loop_step (&self->agent->loop, 100);
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
}

static int
start (Inside *self, guint32 deadline_ms, AgentWorkFunc run, void *input, Outcome *outcome)
{
  int id = agent_worker_start (self->agent, deadline_ms, run, input, NULL, NULL, done_cb, outcome);

  g_assert_cmpint (id, >, 0);
  return id;
}

static void
run_echo (Agent *agent, void *input, AgentAnswer *answer)
{
  agent_answer_result (answer, json_pack ("{ss}", "text", input));
}

static void
run_fail (Agent *agent, void *input, AgentAnswer *answer)
{
  agent_answer_error (answer, KVMA_ERROR_IO, "it broke", ENOSPC);
}

static void
run_crash (Agent *agent, void *input, AgentAnswer *answer)
{
  struct rlimit none = { 0, 0 };

  setrlimit (RLIMIT_CORE, &none);
  signal (SIGABRT, SIG_DFL);
  raise (SIGKILL);
}

static void
run_nothing (Agent *agent, void *input, AgentAnswer *answer)
{
}

static void
run_for_ever (Agent *agent, void *input, AgentAnswer *answer)
{
  for (;;)
    pause ();
}

static void
run_sized (Agent *agent, void *input, AgentAnswer *answer)
{
  g_autofree char *text = g_strnfill (*(gsize *) input, 'x');

  agent_answer_result (answer, json_pack ("{ss}", "t", text));
}

static void
run_descriptors (Agent *agent, void *input, AgentAnswer *answer)
{
  int open = 0;

  for (int fd = 3; fd < 100; fd++)
    open += fcntl (fd, F_GETFD) >= 0 ? 1 : 0;
  agent_answer_result (answer, json_pack ("{si}", "open", open));
}

static void
test_answers (Inside *self, gconstpointer data)
{
  Outcome outcome = { 0 };

  start (self, 5000, run_echo, (void *) "hello", &outcome);
  wait_for (self, &outcome.calls, 1);
  g_assert_cmpstr (json_text (outcome.answer, "text"), ==, "hello");
  clear_outcome (&outcome);
  start (self, 5000, run_fail, NULL, &outcome);
  wait_for (self, &outcome.calls, 1);
  g_assert_cmpint (outcome.code, ==, KVMA_ERROR_IO);
  g_assert_cmpstr (outcome.message, ==, "it broke");
  clear_outcome (&outcome);
  /* Its answer's pipe, and nothing of the agent's. */
  start (self, 5000, run_descriptors, NULL, &outcome);
  wait_for (self, &outcome.calls, 1);
  g_assert_cmpint (json_number (outcome.answer, "open"), ==, 1);
  clear_outcome (&outcome);
}

static void
test_crash_is_an_error (Inside *self, gconstpointer data)
{
  Outcome outcome = { 0 };

  start (self, 5000, run_crash, NULL, &outcome);
  wait_for (self, &outcome.calls, 1);
  g_assert_cmpint (outcome.code, ==, KVMA_ERROR_INTERNAL);
  clear_outcome (&outcome);
  start (self, 5000, run_nothing, NULL, &outcome);
  wait_for (self, &outcome.calls, 1);
  g_assert_cmpint (outcome.code, ==, KVMA_ERROR_INTERNAL);
  clear_outcome (&outcome);
}

static void
test_deadline_kills (Inside *self, gconstpointer data)
{
  Outcome outcome = { 0 };
  gint64 begin = g_get_monotonic_time ();

  start (self, 100, run_for_ever, NULL, &outcome);
  wait_for (self, &outcome.calls, 1);
  g_assert_cmpint (outcome.code, ==, KVMA_ERROR_TIMEOUT);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 99000);
  wait_reaped (self);
  clear_outcome (&outcome);
}

static void
test_touch_puts_the_deadline_off (Inside *self, gconstpointer data)
{
  Outcome outcome = { 0 };
  gint64 begin = g_get_monotonic_time ();
  int id = agent_worker_start (self->agent, 200, run_for_ever, NULL, NULL, NULL, done_cb, &outcome);

  while (g_get_monotonic_time () - begin < 400000)
    {
      agent_loop_step (&self->agent->loop, 10);
      agent_worker_touch (self->agent, id);
    }
  g_assert_cmpuint (outcome.calls, ==, 0);
  agent_worker_stop (self->agent, id);
  agent_worker_stop (self->agent, id);
  wait_reaped (self);
  g_assert_cmpuint (outcome.calls, ==, 0);
}

/* {"t":"…"}: 8 bytes around the text; {"result":…} is not counted. */
static void
test_answer_has_a_limit (Inside *self, gconstpointer data)
{
  Outcome outcome = { 0 };
  gsize size = KVMA_JSON_MAX - 8;

  start (self, 5000, run_sized, &size, &outcome);
  wait_for (self, &outcome.calls, 1);
  g_assert_cmpuint (strlen (json_text (outcome.answer, "t")), ==, size);
  clear_outcome (&outcome);
  size = KVMA_JSON_MAX + 64;
  start (self, 5000, run_sized, &size, &outcome);
  wait_for (self, &outcome.calls, 1);
  g_assert_cmpint (outcome.code, ==, KVMA_ERROR_TOO_LARGE);
  wait_reaped (self);
  clear_outcome (&outcome);
}

/* Its end is told before its last words are read: there is nobody left to kill. */
static void
test_what_has_ended_is_not_killed (Inside *self, gconstpointer data)
{
  Outcome outcome = { 0 };
  gsize size = KVMA_JSON_MAX + 64;
  siginfo_t info;

  start (self, 60000, run_sized, &size, &outcome);
  g_assert_cmpint (waitid (P_ALL, 0, &info, WEXITED | WNOWAIT), ==, 0);
  agent_children_reap (self->agent);
  wait_for (self, &outcome.calls, 1);
  g_assert_cmpint (outcome.code, ==, KVMA_ERROR_TOO_LARGE);
  g_assert_cmpuint (self->agent->workers.stuck, ==, 0);
  clear_outcome (&outcome);
}

static void
test_seventeenth_is_refused (Inside *self, gconstpointer data)
{
  Outcome outcomes[AGENT_WORKERS_MAX] = { 0 };
  int ids[AGENT_WORKERS_MAX];

  for (int i = 0; i < AGENT_WORKERS_MAX; i++)
    ids[i] = start (self, 60000, run_for_ever, NULL, &outcomes[i]);
  g_assert_cmpint (
      agent_worker_start (self->agent, 1000, run_echo, (void *) "x", NULL, NULL, done_cb, NULL), ==,
      0);
  for (int i = 0; i < AGENT_WORKERS_MAX; i++)
    agent_worker_stop (self->agent, ids[i]);
  wait_reaped (self);
}

/* Children that were killed and do not go are counted until they do. */
static void
test_stuck_children_make_it_busy (Inside *self, gconstpointer data)
{
  Outcome outcome = { 0 };
  int ids[AGENT_WORKER_STUCK_MAX];

  for (int i = 0; i < AGENT_WORKER_STUCK_MAX; i++)
    {
      ids[i] = agent_worker_start (self->agent, 60000, run_for_ever, NULL, NULL, NULL, done_cb,
                                   &outcome);
      g_assert_cmpint (ids[i], >, 0);
    }
  for (int i = 0; i < AGENT_WORKER_STUCK_MAX - 1; i++)
    agent_worker_stop (self->agent, ids[i]);
  g_assert_cmpuint (self->agent->workers.stuck, ==, AGENT_WORKER_STUCK_MAX - 1);
  start (self, 5000, run_echo, (void *) "x", &outcome);
  agent_worker_stop (self->agent, ids[AGENT_WORKER_STUCK_MAX - 1]);
  /* Nobody was reaped: the loop did not run. */
  g_assert_cmpint (
      agent_worker_start (self->agent, 1000, run_echo, (void *) "x", NULL, NULL, done_cb, NULL), ==,
      0);
  wait_reaped (self);
  wait_for (self, &outcome.calls, 1);
  clear_outcome (&outcome);
  start (self, 5000, run_echo, (void *) "y", &outcome);
  wait_for (self, &outcome.calls, 1);
  clear_outcome (&outcome);
}

static AgentCall *
begin_call (Inside *self, gint64 id)
{
  AgentCall *call = &self->agent->rpc.calls[0];

  memset (call, 0, sizeof *call);
  call->used = true;
  call->id = id;
  return call;
}

static void
test_calls_are_answered (Inside *self, gconstpointer data)
{
  json_t *reply;

  agent_worker_call (self->agent, begin_call (self, 1000), 5000, run_echo, (void *) "x");
  reply = peer_reply (self->peer, 1000);
  g_assert_cmpstr (json_text (reply, "result.text"), ==, "x");
  json_decref (reply);
  agent_worker_call (self->agent, begin_call (self, 1001), 5000, run_fail, NULL);
  reply = peer_reply (self->peer, 1001);
  g_assert_cmpint (json_number (reply, "error.code"), ==, KVMA_ERROR_IO);
  g_assert_cmpstr (json_text (reply, "error.data.errno"), ==, "ENOSPC");
  json_decref (reply);
}

static void
test_calls_can_be_cancelled (Inside *self, gconstpointer data)
{
  json_t *reply, *result;

  agent_worker_call (self->agent, begin_call (self, 1000), 60000, run_for_ever, NULL);
  result = peer_call (self->peer, KVMA_METHOD_AGENT_CANCEL, json_pack ("{si}", "id", 1000));
  g_assert_true (json_is_true (json_path (result, "cancelled")));
  json_decref (result);
  wait_reaped (self);
  for (int i = 0; i < AGENT_WORKERS_MAX; i++)
    g_assert_null (self->agent->workers.running[i]);
  /* The end of the session is a cancel without a reply. */
  agent_worker_call (self->agent, begin_call (self, 1001), 60000, run_for_ever, NULL);
  json_decref (peer_hello (self->peer));
  g_assert_null (self->agent->workers.running[0]);
  wait_reaped (self);
  reply = peer_call (self->peer, KVMA_METHOD_AGENT_INFO, NULL);
  json_decref (reply);
}

static void
run_cat (Agent *agent, void *input, AgentAnswer *answer)
{
  char buffer[4096];
  gssize n;

  while ((n = read (STDIN_FILENO, buffer, sizeof buffer)) > 0)
    if (write (STDOUT_FILENO, buffer, (gsize) n) != n)
      return;
  agent_answer_result (answer, json_object ());
}

static void
ended_cb (AgentPump *pump, void *data)
{
}

static void
aborted_cb (AgentPump *pump, bool lost, void *data)
{
}

static void
test_worker_with_a_stream (Inside *self, gconstpointer data)
{
  static AgentPump pump;
  g_autofree char *bytes = g_malloc (1000000);
  Outcome outcome = { 0 };
  PeerStream *stream;
  int out, in;

  for (int i = 0; i < 1000000; i++)
    bytes[i] = (char) (i * 7 % 251);
  pump.ended = ended_cb;
  pump.aborted = aborted_cb;
  g_assert_cmpint (
      agent_worker_start (self->agent, 60000, run_cat, NULL, &out, &in, done_cb, &outcome), >, 0);
  g_assert_true (agent_pump_start (self->agent, &pump, true, out, in));
  stream = peer_stream (self->peer, agent_stream_id (pump.stream));
  peer_stream_send (self->peer, stream, bytes, 1000000, TRUE);
  peer_stream_wait_end (self->peer, stream);
  g_assert_cmpmem (stream->received->data, stream->received->len, bytes, 1000000);
  wait_for (self, &outcome.calls, 1);
  g_assert_nonnull (outcome.answer);
  agent_pump_stop (&pump);
  agent_stream_close (pump.stream, 0, NULL, 0, NULL);
  peer_stream_wait_close (self->peer, stream);
  g_assert_cmpint (json_number (stream->close, "bytes"), ==, 2000000);
  clear_outcome (&outcome);
}

static void
run_tools (Agent *agent, void *input, AgentAnswer *answer)
{
  static const char *const cat[] = { "tool", NULL };
  static const char *const missing[] = { "no-such-tool", NULL };
  g_autofree char *big = g_strnfill (300000, 'z');
  char *text = NULL;
  int code = agent_tool_output (cat, big, 1000, &text);

  agent_answer_result (answer, json_pack ("{si si si}", "code", code, "length", (int) strlen (text),
                                          "missing", agent_tool_output (missing, NULL, 10, NULL)));
}

static void
test_runs_tools_of_the_guest (Inside *self, gconstpointer data)
{
  g_autofree char *tool = g_build_filename (self->peer->root, "usr/bin/tool", NULL);
  Outcome outcome = { 0 };

  peer_write (self->peer, "usr/bin/tool", "#!/bin/sh\ncat\necho err >&2\nexit 7\n");
  g_assert_cmpint (chmod (tool, 0755), ==, 0);
  start (self, 10000, run_tools, NULL, &outcome);
  wait_for (self, &outcome.calls, 1);
  g_assert_cmpint (json_number (outcome.answer, "code"), ==, 7);
  g_assert_cmpint (json_number (outcome.answer, "length"), ==, 1000);
  g_assert_cmpint (json_number (outcome.answer, "missing"), ==, -1);
  clear_outcome (&outcome);
}

static void
hash (const char *text, gsize times, gsize piece, char *out)
{
  g_autoptr (GString) all = g_string_new (NULL);
  AgentSha256 sha;

  for (gsize i = 0; i < times; i++)
    g_string_append (all, text);
  agent_sha256_init (&sha);
  for (gsize i = 0; i < all->len; i += piece)
    agent_sha256_update (&sha, all->str + i, MIN (piece, all->len - i));
  agent_sha256_finish_text (&sha, out);
}

/* The vectors of FIPS 180-4, and every length around a block against GLib's. */
static void
test_sha256 (void)
{
  char text[AGENT_SHA256_TEXT_SIZE + 1];

  hash ("", 0, 1, text);
  g_assert_cmpstr (text, ==, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  hash ("abc", 1, 1, text);
  g_assert_cmpstr (text, ==, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  hash ("a", 1000000, 4093, text);
  g_assert_cmpstr (text, ==, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  for (gsize length = 0; length < 200; length++)
    for (gsize piece = 1; piece < 80; piece += 13)
      {
        g_autofree char *bytes = g_strnfill (length, 'q');
        g_autofree char *expected =
            g_compute_checksum_for_string (G_CHECKSUM_SHA256, bytes, (gssize) length);

        hash (bytes, 1, piece, text);
        g_assert_cmpstr (text, ==, expected);
      }
}

#define ADD(name, func)                                                                            \
  g_test_add ("/daemon/worker/" name, Inside, NULL, inside_set_up, func, inside_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/daemon/worker/sha256", test_sha256);
  ADD ("answers", test_answers);
  ADD ("crash-is-an-error", test_crash_is_an_error);
  ADD ("deadline-kills", test_deadline_kills);
  ADD ("touch-puts-the-deadline-off", test_touch_puts_the_deadline_off);
  ADD ("answer-has-a-limit", test_answer_has_a_limit);
  ADD ("what-has-ended-is-not-killed", test_what_has_ended_is_not_killed);
  ADD ("seventeenth-is-refused", test_seventeenth_is_refused);
  ADD ("stuck-children-make-it-busy", test_stuck_children_make_it_busy);
  ADD ("calls-are-answered", test_calls_are_answered);
  ADD ("calls-can-be-cancelled", test_calls_can_be_cancelled);
  ADD ("worker-with-a-stream", test_worker_with_a_stream);
  ADD ("runs-tools-of-the-guest", test_runs_tools_of_the_guest);
  return g_test_run ();
}
