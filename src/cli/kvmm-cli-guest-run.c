/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gi18n.h>

#include "agent/kvmm-agent-exec.h"
#include "cli/kvmm-cli-guest.h"

/* guest-run: the three streams of a command apart, byte for byte, and its exit code. */

#define SIGNAL_EXIT 128

typedef struct
{
  KvmmAgentClient *agent;    /* (unowned) */
  KvmmAgentJob *job;         /* (owned) */
  GCancellable *cancellable; /* (owned) of the pumps */
  guint n_pumps;             /* of output, under way */
  GError *output_error;      /* (owned) (nullable) our side could not take the output */
  KvmmAgentStreamEnd *end;   /* (owned) (nullable) */
  GError *end_error;         /* (owned) (nullable) */
  gboolean is_ended;
  guint n_interrupts;
  int left_by; /* the signal by which we go without the command, 0 */
} Run;

static void
run_clear (Run *run)
{
  g_clear_pointer (&run->job, kvmm_agent_job_free);
  g_clear_pointer (&run->end, kvmm_agent_stream_end_free);
  g_clear_object (&run->cancellable);
  g_clear_error (&run->output_error);
  g_clear_error (&run->end_error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

static gboolean
is_over (gpointer data)
{
  Run *run = data;

  return run->left_by != 0 || (run->is_ended && run->n_pumps == 0);
}

static void
output_done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Run *run = user_data;
  g_autoptr (GError) error = NULL;

  run->n_pumps--;
  /* The guest's own errors are told by the end of the stream. */
  if (kvmm_cli_pump_finish (result, &error) || error->domain == KVMM_AGENT_ERROR ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (run->output_error == NULL)
    run->output_error = g_steal_pointer (&error);
  /* Nobody reads what it says: as a shell does to a pipeline. */
  kvmm_agent_client_signal_job_async (run->agent, run->job->job, "TERM", NULL, NULL, NULL);
  g_cancellable_cancel (run->cancellable);
}

static void
pump_output (Run *run, KvmmAgentStream *stream, int fd)
{
  g_autoptr (GOutputStream) output = kvmm_cli_output_new (fd);

  run->n_pumps++;
  kvmm_cli_pump_async (g_io_stream_get_input_stream (G_IO_STREAM (stream)), output, NULL,
                       run->cancellable, output_done_cb, run);
}

static void
input_closed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmAgentStream) stream G_GNUC_UNUSED = user_data;

  g_output_stream_close_finish (G_OUTPUT_STREAM (source), result, NULL);
}

static void
input_done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmAgentStream) stream = user_data;
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (stream));
  g_autoptr (GError) error = NULL;

  if (kvmm_cli_pump_finish (result, &error))
    g_output_stream_close_async (output, G_PRIORITY_DEFAULT, NULL, input_closed_cb,
                                 g_steal_pointer (&stream));
}

static void
ended_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Run *run = user_data;

  run->end = kvmm_agent_stream_wait_finish (KVMM_AGENT_STREAM (source), result, &run->end_error);
  run->is_ended = TRUE;
}

/* ---- signals ---- */

static gboolean
interrupt_cb (gpointer user_data)
{
  Run *run = user_data;
  gboolean again = run->n_interrupts++ > 0;

  kvmm_agent_client_signal_job_async (run->agent, run->job->job, again ? "TERM" : "INT", NULL, NULL,
                                      NULL);
  if (again)
    run->left_by = SIGINT;
  else
    kvmm_cli_error (_ ("Interrupted the command; once more ends it without waiting"));
  return G_SOURCE_CONTINUE;
}

static gboolean
terminate_cb (gpointer user_data)
{
  Run *run = user_data;

  kvmm_agent_client_signal_job_async (run->agent, run->job->job, "TERM", NULL, NULL, NULL);
  run->left_by = SIGTERM;
  return G_SOURCE_CONTINUE;
}

static int
signal_number (const char *name)
{
  static const struct
  {
    const char *name;
    int number;
  } signals[] = {
    { "HUP", 1 },   { "INT", 2 },   { "QUIT", 3 },  { "ILL", 4 },   { "TRAP", 5 },  { "ABRT", 6 },
    { "BUS", 7 },   { "FPE", 8 },   { "KILL", 9 },  { "USR1", 10 }, { "SEGV", 11 }, { "USR2", 12 },
    { "PIPE", 13 }, { "ALRM", 14 }, { "TERM", 15 }, { "XCPU", 24 }, { "XFSZ", 25 }, { "SYS", 31 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    if (strcmp (name, signals[i].name) == 0)
      return signals[i].number;
  return 0;
}

/* ---- all ---- */

/* Bytes that the loop still has to hand on: the last requests of someone who leaves. */
static gboolean
flushed (gpointer data)
{
  return *(GAsyncResult **) data != NULL;
}

static int
exit_code (Run *run)
{
  const KvmmGuestExit *how = run->end != NULL ? run->end->exit : NULL;

  if (run->left_by != 0)
    {
      g_autoptr (GAsyncResult) pong = NULL;

      kvmm_agent_client_ping_async (run->agent, NULL, kvmm_cli_result_cb, &pong);
      kvmm_cli_await (flushed, &pong, 2);
      return SIGNAL_EXIT + run->left_by;
    }
  if (run->output_error != NULL)
    {
      kvmm_cli_error (_ ("Could not write the output: %s"), run->output_error->message);
      return KVMM_EXIT_COMMAND_FAILED;
    }
  if (how == NULL)
    {
      kvmm_cli_error (_ ("The outcome of the command is not known: %s"),
                      run->end_error != NULL ? run->end_error->message : "");
      return KVMM_EXIT_COMMAND_FAILED;
    }
  if (how->is_timed_out)
    {
      kvmm_cli_error (_ ("The command was ended after %u s"), run->job->timeout_s);
      return KVMM_EXIT_COMMAND_TIMED_OUT;
    }
  return how->signal != NULL ? SIGNAL_EXIT + signal_number (how->signal) : how->code;
}

static int
attend (Run *run, gboolean wants_input)
{
  guint sources[3];
  int code;

  run->cancellable = g_cancellable_new ();
  sources[0] = g_unix_signal_add (SIGINT, interrupt_cb, run);
  sources[1] = g_unix_signal_add (SIGTERM, terminate_cb, run);
  sources[2] = g_unix_signal_add (SIGHUP, terminate_cb, run);
  pump_output (run, run->job->stream, STDOUT_FILENO);
  if (run->job->errors != NULL)
    pump_output (run, run->job->errors, STDERR_FILENO);
  if (wants_input)
    {
      g_autoptr (GInputStream) input = kvmm_cli_input_new (STDIN_FILENO);

      kvmm_cli_pump_async (input, g_io_stream_get_output_stream (G_IO_STREAM (run->job->stream)),
                           NULL, run->cancellable, input_done_cb, g_object_ref (run->job->stream));
    }
  kvmm_agent_stream_wait_async (run->job->stream, run->cancellable, ended_cb, run);
  kvmm_cli_await (is_over, run, 0);
  code = exit_code (run);
  g_cancellable_cancel (run->cancellable);
  /* What was cancelled calls back once more, into this frame. */
  while (run->n_pumps > 0 || !run->is_ended)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
  return code;
}

int
kvmm_cli_guest_run (KvmmCliSession *session)
{
  const char *const *command = (const char *const *) session->arguments + 2;
  g_auto (KvmmCliGuest) guest = { 0 };
  g_auto (Run) run = { 0 };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  KvmmAgentCommandLine line = {
    .command = session->named,
    .argv = command[0] != NULL ? command : NULL,
    .user = session->user,
    .wants_input = session->standard_input,
    .timeout_s = (guint) session->timeout_s,
  };

  if (session->named == NULL && command[0] == NULL)
    {
      kvmm_cli_error (_ ("Usage: kvm-manager %s %s"), session->arguments[0], "NAME -- COMMAND…");
      return KVMM_EXIT_USAGE;
    }
  if (session->named == NULL && command[0][0] != '/')
    {
      kvmm_cli_error (_ ("The command must be an absolute path in the guest, like /usr/bin/uptime: "
                         "there is no shell and no search"));
      return KVMM_EXIT_USAGE;
    }
  if (kvmm_cli_guest_open (&guest, session, session->arguments[1]) != KVMM_EXIT_OK ||
      kvmm_cli_guest_check (&guest, KVMM_GUEST_GROUP_EXEC, session->named != NULL ? "named" : "any",
                            TRUE) != KVMM_EXIT_OK)
    return KVMM_EXIT_COMMAND_FAILED;
  run.agent = guest.agent;
  kvmm_agent_client_start_command_async (guest.agent, &line, NULL, kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  run.job = kvmm_agent_client_start_command_finish (guest.agent, result, &error);
  if (run.job == NULL)
    {
      kvmm_cli_guest_failed (_ ("Could not start the command"), error);
      return KVMM_EXIT_COMMAND_FAILED;
    }
  return attend (&run, session->standard_input);
}
