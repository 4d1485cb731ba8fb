/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent-fixture.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "agent/kvmm-agent-exec.h"
#include "agent/kvmm-agent-files.h"
#include "agent/kvmm-agent-processes.h"

#include "util/kvmm-thread.h"

/* The client and the agent that goes into guests, over a socketpair. Nothing that changes this
 * computer is asked for. */

static void
test_every_fact_of_this_computer (void)
{
  g_autoptr (Fixture) f = fixture_new_real ();
  struct sysinfo info;

  g_assert_cmpint (sysinfo (&info), ==, 0);
  kvmm_agent_client_start (f->client);
  test_wait_until (fixture_has_all_facts (f));
  g_assert_true (fixture_is (f, KVMM_AGENT_CLIENT_READY));
  g_assert_cmpuint (kvmm_agent_client_get_session_count (f->client), ==, 1);
  g_assert_nonnull (kvmm_agent_client_get_version (f->client));
  g_assert_cmpstr (f->system->hostname, ==, g_get_host_name ());
  g_assert_cmpuint (f->system->cpus, >, 0);
  g_assert_cmpuint (f->system->memory_bytes, >, 0);
  g_assert_cmpuint (f->metrics->memory_total_bytes, ==, info.totalram * info.mem_unit);
  g_assert_cmpuint (f->interfaces->len, >, 0);
  g_assert_cmpuint (kvmm_agent_client_get_counters (f->client)->faults, ==, 0);
  g_assert_cmpuint (kvmm_agent_client_get_counters (f->client)->invalid_bodies, ==, 0);
}

static void
test_metrics_are_pushed (void)
{
  g_autoptr (Fixture) f = fixture_new_real ();
  guint count;

  kvmm_agent_client_set_visible (f->client, TRUE, 1000);
  kvmm_agent_client_start (f->client);
  test_wait_until (fixture_has_all_facts (f));
  count = f->n_metrics;
  test_wait_until (f->n_metrics >= count + 2);
  g_assert_cmpfloat (f->metrics->cpu_idle, >=, 0);
  g_assert_cmpfloat (f->metrics->cpu_idle, <=, 1);
}

static void
test_refresh_and_ping (void)
{
  g_autoptr (Fixture) f = fixture_new_real ();
  g_auto (Outcome) refresh = { 0 };
  g_auto (Outcome) ping = { 0 };
  guint users;

  kvmm_agent_client_start (f->client);
  test_wait_until (fixture_has_all_facts (f));
  users = f->n_users;
  kvmm_agent_client_refresh_async (f->client, NULL, outcome_refresh_cb, &refresh);
  kvmm_agent_client_ping_async (f->client, NULL, outcome_ping_cb, &ping);
  test_wait_until (refresh.n_calls == 1 && ping.n_calls == 1);
  g_assert_no_error (refresh.error);
  g_assert_no_error (ping.error);
  g_assert_cmpuint (f->n_users, ==, users + 1);
  g_assert_cmpint (ping.value, >=, 0);
}

static void
test_a_nudge_begins_a_new_session (void)
{
  g_autoptr (Fixture) f = fixture_new_real ();

  kvmm_agent_client_start (f->client);
  test_wait_until (fixture_has_all_facts (f));
  for (guint i = 2; i < 12; i++)
    {
      guint count = f->n_users;

      kvmm_agent_client_nudge (f->client);
      test_wait_until (kvmm_agent_client_get_session_count (f->client) == i && f->n_users > count);
    }
  g_assert_cmpuint (kvmm_agent_client_get_counters (f->client)->faults, ==, 0);
}

static void
test_the_end_of_the_agent_ends_the_client (void)
{
  g_autoptr (Fixture) f = fixture_new_real ();

  kvmm_agent_client_start (f->client);
  test_wait_until (fixture_has_all_facts (f));
  kill (f->pid, SIGKILL);
  test_wait_until (fixture_is (f, KVMM_AGENT_CLIENT_CLOSED));
  g_assert_nonnull (kvmm_agent_client_get_error (f->client));
}

/* ---- streams ---- */

static Fixture *
open_agent (const char *policy)
{
  Fixture *f = fixture_new_real_with (policy);

  kvmm_agent_client_set_control_allowed (f->client, TRUE);
  kvmm_agent_client_start (f->client);
  test_wait_until (fixture_has_all_facts (f));
  g_assert_cmpstr (kvmm_agent_client_get_policy_error (f->client), ==, NULL);
  return f;
}

static void
result_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  GAsyncResult **slot = data;

  *slot = g_object_ref (result);
}

static GInputStream *
input (KvmmAgentStream *stream)
{
  return g_io_stream_get_input_stream (G_IO_STREAM (stream));
}

static GOutputStream *
output (KvmmAgentStream *stream)
{
  return g_io_stream_get_output_stream (G_IO_STREAM (stream));
}

static GBytes *
read_to_end (KvmmAgentStream *stream)
{
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_output_stream_splice_async (memory, input (stream), G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, 0,
                                NULL, result_cb, &result);
  test_wait_until (result != NULL);
  g_output_stream_splice_finish (memory, result, &error);
  g_assert_no_error (error);
  return g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (memory));
}

static void
write_and_end (KvmmAgentStream *stream, const void *bytes, gsize length)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all_async (output (stream), bytes, length, 0, NULL, result_cb, &result);
  test_wait_until (result != NULL);
  g_output_stream_write_all_finish (output (stream), result, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_output_stream_close (output (stream), NULL, &error));
}

static KvmmAgentStreamEnd *
wait_end (KvmmAgentStream *stream)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  KvmmAgentStreamEnd *end;

  kvmm_agent_stream_wait_async (stream, NULL, result_cb, &result);
  test_wait_until (result != NULL);
  end = kvmm_agent_stream_wait_finish (stream, result, &error);
  g_assert_no_error (error);
  return end;
}

static double
rate (gsize bytes, gint64 since_us)
{
  return (double) bytes / (double) (g_get_monotonic_time () - since_us) * G_USEC_PER_SEC / 1048576;
}

static void
upload (Fixture *f, const char *path, const void *bytes, gsize length)
{
  const KvmmAgentWrite write = { .path = path, .size_bytes = length };
  g_autoptr (KvmmAgentFileStream) file = NULL;
  g_autoptr (KvmmAgentStreamEnd) end = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  kvmm_agent_client_write_file_async (f->client, &write, NULL, result_cb, &result);
  test_wait_until (result != NULL);
  file = kvmm_agent_client_write_file_finish (f->client, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (file->offset, ==, 0);
  write_and_end (file->stream, bytes, length);
  end = wait_end (file->stream);
  g_assert_cmpuint (end->bytes, ==, length);
}

static GBytes *
download (Fixture *f, const char *path)
{
  g_autoptr (KvmmAgentFileStream) file = NULL;
  g_autoptr (KvmmAgentStreamEnd) end = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GBytes *bytes;

  kvmm_agent_client_read_file_async (f->client, path, 0, NULL, result_cb, &result);
  test_wait_until (result != NULL);
  file = kvmm_agent_client_read_file_finish (f->client, result, &error);
  g_assert_no_error (error);
  bytes = read_to_end (file->stream);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, file->size_bytes);
  end = wait_end (file->stream);
  return bytes;
}

static void
test_a_file_there_and_back (void)
{
  const gsize length = 24 * 1024 * 1024 + 3;
  g_autoptr (GError) error = NULL;
  g_autofree char *directory = g_dir_make_tmp ("kvmm-files-XXXXXX", &error);
  g_autofree char *path = g_build_filename (directory, "a b", NULL);
  g_autofree char *policy = g_strdup_printf (
      "[policy]\nfile-read=allow\nfile-write=allow\n[files]\nread=%s\nwrite=%s\n[audit]\n"
      "required=no\nfile=%s/audit\n",
      directory, directory, directory);
  g_autofree char *audit = g_build_filename (directory, "audit", NULL);
  g_autofree guint8 *sent = g_malloc (length);
  g_autoptr (Fixture) f = open_agent (policy);
  g_autoptr (GBytes) got = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) rows = NULL;
  gint64 start;

  for (gsize i = 0; i < length; i++)
    sent[i] = (guint8) (i * 2654435761u >> 13);
  start = g_get_monotonic_time ();
  upload (f, path, sent, length);
  g_test_message ("upload: %.0f MiB/s", rate (length, start));
  start = g_get_monotonic_time ();
  got = download (f, path);
  g_test_message ("download: %.0f MiB/s", rate (length, start));
  g_assert_cmpmem (sent, length, g_bytes_get_data (got, NULL), g_bytes_get_size (got));
  g_assert_cmpuint (kvmm_agent_client_get_counters (f->client)->max_unacked, <=, KVMA_UNACKED_MAX);

  kvmm_agent_client_list_files_async (f->client, directory, 0, NULL, result_cb, &result);
  test_wait_until (result != NULL);
  rows = kvmm_agent_client_list_files_finish (f->client, result, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rows->len, >=, 1);
  g_assert_cmpstr (((KvmmGuestFile *) rows->pdata[0])->name, ==, "a b");
  g_assert_cmpuint (kvmm_agent_client_get_session_count (f->client), ==, 1);
  g_unlink (path);
  g_unlink (audit);
  g_rmdir (directory);
}

static KvmmAgentJob *
start_command (Fixture *f, const KvmmAgentCommandLine *line)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  KvmmAgentJob *job;

  kvmm_agent_client_start_command_async (f->client, line, NULL, result_cb, &result);
  test_wait_until (result != NULL);
  job = kvmm_agent_client_start_command_finish (f->client, result, &error);
  g_assert_no_error (error);
  return job;
}

static char *
exec_policy (void)
{
  return g_strdup_printf ("[policy]\nexec=any\npty=shell\nlogs=allow\n[exec]\nrun-as=%s\nusers=%s\n"
                          "root=yes\n[audit]\nrequired=no\nfile=/nonexistent/audit\n",
                          g_get_user_name (), g_get_user_name ());
}

static void
test_a_command_echoes (void)
{
  static const char text[] = "one\ntwo\n";
  const char *const argv[] = { "/bin/sh", "-c", "cat; echo no >&2; exit 7", NULL };
  const KvmmAgentCommandLine line = { .argv = argv, .wants_input = TRUE, .timeout_s = 20 };
  g_autofree char *policy = exec_policy ();
  g_autoptr (Fixture) f = open_agent (policy);
  g_autoptr (KvmmAgentJob) job = start_command (f, &line);
  g_autoptr (KvmmAgentStreamEnd) end = NULL;
  g_autoptr (GBytes) out = NULL;
  g_autoptr (GBytes) errors = NULL;

  write_and_end (job->stream, text, strlen (text));
  out = read_to_end (job->stream);
  errors = read_to_end (job->errors);
  g_assert_cmpmem (g_bytes_get_data (out, NULL), g_bytes_get_size (out), text, strlen (text));
  g_assert_cmpmem (g_bytes_get_data (errors, NULL), g_bytes_get_size (errors), "no\n", 3);
  end = wait_end (job->stream);
  g_assert_nonnull (end->exit);
  g_assert_cmpint (end->exit->code, ==, 7);
}

/* Reads to the end and keeps nothing. */
static gsize
drain (KvmmAgentStream *stream)
{
  static guint8 buffer[262144];
  gsize total = 0;
  gssize length = 1;

  while (length > 0)
    {
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GError) error = NULL;

      g_input_stream_read_async (input (stream), buffer, sizeof buffer, 0, NULL, result_cb,
                                 &result);
      test_wait_until (result != NULL);
      length = g_input_stream_read_finish (input (stream), result, &error);
      g_assert_no_error (error);
      total += (gsize) length;
    }
  return total;
}

/* How late a frame of a window would be. */
typedef struct
{
  gint64 last_us;
  gint64 worst_us;
} Clock;

static gboolean
tick_cb (gpointer user_data)
{
  Clock *clock = user_data;
  gint64 now = g_get_monotonic_time ();

  clock->worst_us = MAX (clock->worst_us, now - clock->last_us);
  clock->last_us = now;
  return G_SOURCE_CONTINUE;
}

static void
test_much_output_of_a_command (void)
{
  Clock clock = { g_get_monotonic_time (), 0 };
  guint tick = g_timeout_add (2, tick_cb, &clock);
  const gsize length = 64 * 1024 * 1024;
  const char *const argv[] = { "/usr/bin/head", "-c", "67108864", "/dev/zero", NULL };
  const KvmmAgentCommandLine line = { .argv = argv, .merges_errors = TRUE };
  g_autofree char *policy = exec_policy ();
  g_autoptr (Fixture) f = open_agent (policy);
  gint64 start = g_get_monotonic_time ();
  g_autoptr (KvmmAgentJob) job = start_command (f, &line);
  g_autoptr (KvmmAgentStreamEnd) end = NULL;
  gsize received = drain (job->stream);

  g_source_remove (tick);
  g_test_message ("output: %.0f MiB/s, a timer of 2 ms at most %.1f ms late", rate (length, start),
                  (double) clock.worst_us / 1000 - 2);
  g_assert_cmpint (clock.worst_us, <, 500000);
  g_assert_cmpuint (received, ==, length);
  end = wait_end (job->stream);
  g_assert_cmpint (end->exit->code, ==, 0);
  g_assert_true (fixture_is (f, KVMM_AGENT_CLIENT_READY));
}

static void
test_a_terminal (void)
{
  static const char keys[] = "echo result-$((40+2))\nexit 3\n";
  g_autofree char *policy = exec_policy ();
  g_autoptr (Fixture) f = open_agent (policy);
  g_autoptr (KvmmAgentTerminal) terminal = NULL;
  g_autoptr (KvmmAgentStreamEnd) end = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GBytes) out = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  kvmm_agent_client_open_terminal_async (f->client, KVMM_AGENT_TERMINAL_SHELL, g_get_user_name (),
                                         80, 24, "dumb", NULL, result_cb, &result);
  test_wait_until (result != NULL);
  terminal = kvmm_agent_client_open_terminal_finish (f->client, result, &error);
  g_assert_no_error (error);
  kvmm_agent_client_resize_terminal (f->client, terminal->pty, 100, 30);
  g_clear_object (&result);
  g_output_stream_write_all_async (output (terminal->stream), keys, strlen (keys), 0, NULL,
                                   result_cb, &result);
  test_wait_until (result != NULL);
  out = read_to_end (terminal->stream);
  text = g_strndup (g_bytes_get_data (out, NULL), g_bytes_get_size (out));
  g_assert_nonnull (strstr (text, "result-42"));
  end = wait_end (terminal->stream);
  g_assert_cmpint (end->exit->code, ==, 3);
}

static void
test_dropping_a_command_ends_it (void)
{
  const char *const argv[] = { "/bin/sleep", "1000", NULL };
  const KvmmAgentCommandLine line = { .argv = argv, .merges_errors = TRUE };
  g_autofree char *policy = exec_policy ();
  g_autoptr (Fixture) f = open_agent (policy);
  g_autoptr (KvmmAgentJob) job = start_command (f, &line);
  guint pid = job->pid;

  g_assert_cmpuint (pid, >, 1);
  g_clear_pointer (&job, kvmm_agent_job_free);
  test_wait_until (kill ((pid_t) pid, 0) != 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  kvmm_thread_set_main ();
#define ADD(path, func) g_test_add_func ("/agent/real/" path, func)
#define ADD_ROOT(path, func)                                                                       \
  if (geteuid () == 0)                                                                             \
    ADD (path, func);                                                                              \
  else                                                                                             \
    g_test_message ("%s: left out, only root may start commands as somebody", path)
  ADD ("every-fact-of-this-computer", test_every_fact_of_this_computer);
  ADD ("metrics-are-pushed", test_metrics_are_pushed);
  ADD ("refresh-and-ping", test_refresh_and_ping);
  ADD ("a-nudge-begins-a-new-session", test_a_nudge_begins_a_new_session);
  ADD ("the-end-of-the-agent-ends-the-client", test_the_end_of_the_agent_ends_the_client);
  ADD ("a-file-there-and-back", test_a_file_there_and_back);
  ADD_ROOT ("a-command-echoes", test_a_command_echoes);
  ADD_ROOT ("much-output-of-a-command", test_much_output_of_a_command);
  ADD_ROOT ("a-terminal", test_a_terminal);
  ADD_ROOT ("dropping-a-command-ends-it", test_dropping_a_command_ends_it);
  return g_test_run ();
}
