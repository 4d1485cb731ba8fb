/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <signal.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gi18n.h>

#include "agent/kvmm-agent-exec.h"
#include "cli/kvmm-cli-guest.h"
#include "cli/kvmm-cli-terminal.h"

/* guest-shell: this terminal becomes that of the guest until the shell there ends, or ~. at the
 * begin of a line. */

#define SIGNAL_EXIT 128
#define ESCAPE '~'
#define FLUSH_SECONDS 5

/* ---- what is typed ---- */

typedef enum
{
  AT_LINE_START,
  AFTER_ESCAPE,
  IN_LINE,
} Place;

typedef struct
{
  KvmmAgentClient *agent;      /* (unowned) */
  KvmmAgentTerminal *terminal; /* (owned) */
  GInputStream *input;         /* (owned) */
  GOutputStream *output;       /* (unowned) of terminal */
  GCancellable *cancellable;   /* (owned) */
  guint8 typed[1024];
  guint8 sent[2 * 1024]; /* an escape may stand before each byte */
  Place place;
  guint n_pending;   /* callbacks that will come */
  gboolean is_shown; /* all that the guest sent */
  gboolean is_over;
  gboolean was_left; /* by ~. or a signal */
  int left_by;
  KvmmAgentStreamEnd *end; /* (owned) (nullable) */
  GError *error;           /* (owned) (nullable) */
} Shell;

static void read_more (Shell *shell);

static void
leave (Shell *shell)
{
  shell->was_left = TRUE;
  shell->is_over = TRUE;
}

/* As ssh: ~. leaves, ~~ is one of them; anything else is what it looks like. Returns: bytes to send
 */
static gsize
filter (Shell *shell, gsize length)
{
  gsize n = 0;

  for (gsize i = 0; i < length && !shell->is_over; i++)
    {
      guint8 byte = shell->typed[i];

      if (shell->place == AT_LINE_START && byte == ESCAPE)
        {
          shell->place = AFTER_ESCAPE;
          continue;
        }
      if (shell->place == AFTER_ESCAPE && byte == '.')
        {
          leave (shell);
          break;
        }
      if (shell->place == AFTER_ESCAPE && byte != ESCAPE)
        shell->sent[n++] = ESCAPE;
      shell->sent[n++] = byte;
      shell->place = byte == '\r' || byte == '\n' ? AT_LINE_START : IN_LINE;
    }
  return n;
}

static void
sent_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Shell *shell = user_data;

  shell->n_pending--;
  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, NULL))
    read_more (shell);
}

static void
typed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Shell *shell = user_data;
  gssize length = g_input_stream_read_finish (G_INPUT_STREAM (source), result, NULL);
  gsize n;

  shell->n_pending--;
  if (length <= 0)
    {
      /* The terminal is gone; or this was called off, since it is over. */
      if (!shell->is_over)
        leave (shell);
      return;
    }
  n = filter (shell, (gsize) length);
  if (n == 0)
    {
      read_more (shell);
      return;
    }
  shell->n_pending++;
  g_output_stream_write_all_async (shell->output, shell->sent, n, G_PRIORITY_DEFAULT,
                                   shell->cancellable, sent_cb, shell);
}

static void
read_more (Shell *shell)
{
  if (shell->is_over)
    return;
  shell->n_pending++;
  g_input_stream_read_async (shell->input, shell->typed, sizeof shell->typed, G_PRIORITY_DEFAULT,
                             shell->cancellable, typed_cb, shell);
}

/* ---- what is shown ---- */

static void
shown_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Shell *shell = user_data;

  shell->n_pending--;
  shell->is_shown = TRUE;
  kvmm_cli_pump_finish (result, NULL);
}

static void
ended_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Shell *shell = user_data;

  shell->n_pending--;
  shell->end = kvmm_agent_stream_wait_finish (KVMM_AGENT_STREAM (source), result, &shell->error);
  shell->is_over = TRUE;
}

static gboolean
is_shown (gpointer data)
{
  return ((Shell *) data)->is_shown;
}

static gboolean
is_over (gpointer data)
{
  return ((Shell *) data)->is_over;
}

/* ---- size and signals ---- */

static gboolean
resized_cb (gpointer user_data)
{
  Shell *shell = user_data;
  guint columns, rows;

  kvmm_cli_terminal_get_size (&columns, &rows);
  kvmm_agent_client_resize_terminal (shell->agent, shell->terminal->pty, columns, rows);
  return G_SOURCE_CONTINUE;
}

static gboolean
terminated_cb (gpointer user_data)
{
  Shell *shell = user_data;

  shell->left_by = SIGTERM;
  leave (shell);
  return G_SOURCE_CONTINUE;
}

static int
exit_code (Shell *shell)
{
  if (shell->left_by != 0)
    return SIGNAL_EXIT + shell->left_by;
  if (shell->was_left)
    {
      g_printerr (_ ("The terminal was closed.\n"));
      return KVMM_EXIT_OK;
    }
  if (shell->end == NULL || shell->end->exit == NULL)
    {
      kvmm_cli_error (_ ("The terminal was lost: %s"),
                      shell->error != NULL ? shell->error->message : "");
      return KVMM_EXIT_COMMAND_FAILED;
    }
  return shell->end->exit->signal != NULL ? SIGNAL_EXIT + 1 : shell->end->exit->code;
}

static int
attend (Shell *shell)
{
  g_autoptr (GOutputStream) screen = kvmm_cli_output_new (STDOUT_FILENO);
  GIOStream *stream = G_IO_STREAM (shell->terminal->stream);
  guint sources[3];

  shell->input = kvmm_cli_input_new (STDIN_FILENO);
  shell->output = g_io_stream_get_output_stream (stream);
  shell->cancellable = g_cancellable_new ();
  sources[0] = g_unix_signal_add (SIGWINCH, resized_cb, shell);
  sources[1] = g_unix_signal_add (SIGTERM, terminated_cb, shell);
  sources[2] = g_unix_signal_add (SIGHUP, terminated_cb, shell);
  shell->n_pending = 2;
  kvmm_cli_pump_async (g_io_stream_get_input_stream (stream), screen, NULL, shell->cancellable,
                       shown_cb, shell);
  kvmm_agent_stream_wait_async (shell->terminal->stream, shell->cancellable, ended_cb, shell);
  read_more (shell);
  kvmm_cli_await (is_over, shell, 0);
  /* What the shell said last is still to be shown. */
  if (!shell->was_left)
    kvmm_cli_await (is_shown, shell, FLUSH_SECONDS);
  g_io_stream_close (stream, NULL, NULL);
  g_cancellable_cancel (shell->cancellable);
  while (shell->n_pending > 0)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
  kvmm_cli_terminal_restore ();
  return exit_code (shell);
}

int
kvmm_cli_guest_shell (KvmmCliSession *session)
{
  g_auto (KvmmCliGuest) guest = { 0 };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  Shell shell = { 0 };
  guint columns, rows;
  int code;

  if (!isatty (STDIN_FILENO) || !isatty (STDOUT_FILENO))
    {
      kvmm_cli_error (_ ("guest-shell needs a terminal; for scripts there is guest-run"));
      return KVMM_EXIT_COMMAND_FAILED;
    }
  if (kvmm_cli_guest_open (&guest, session, session->arguments[1]) != KVMM_EXIT_OK ||
      kvmm_cli_guest_check (&guest, KVMM_GUEST_GROUP_PTY, session->login_shell ? "shell" : "login",
                            TRUE) != KVMM_EXIT_OK)
    return KVMM_EXIT_COMMAND_FAILED;
  kvmm_cli_terminal_get_size (&columns, &rows);
  kvmm_agent_client_open_terminal_async (
      guest.agent, session->login_shell ? KVMM_AGENT_TERMINAL_SHELL : KVMM_AGENT_TERMINAL_LOGIN,
      session->user, columns, rows, g_getenv ("TERM"), NULL, kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  shell.agent = guest.agent;
  shell.terminal = kvmm_agent_client_open_terminal_finish (guest.agent, result, &error);
  if (shell.terminal == NULL)
    {
      kvmm_cli_guest_failed (_ ("Could not open a terminal"), error);
      return KVMM_EXIT_COMMAND_FAILED;
    }
  /* Before anybody is told that keys arrive: what is typed until then is thrown away. */
  if (!kvmm_cli_terminal_make_raw ())
    {
      kvmm_agent_terminal_free (shell.terminal);
      kvmm_cli_error (_ ("Could not take over the terminal"));
      return KVMM_EXIT_COMMAND_FAILED;
    }
  g_printerr (_ ("Connected to “%s”. Enter, ~ and . leave the terminal.\n"),
              kvmm_domain_get_name (guest.domain));
  /* A raw terminal goes down a line and no more. */
  g_printerr ("\r");
  code = attend (&shell);
  g_clear_object (&shell.input);
  g_clear_object (&shell.cancellable);
  g_clear_pointer (&shell.end, kvmm_agent_stream_end_free);
  g_clear_pointer (&shell.terminal, kvmm_agent_terminal_free);
  g_clear_error (&shell.error);
  return code;
}
