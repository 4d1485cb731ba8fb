/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <string.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gi18n.h>

#include "agent/kvmm-agent-processes.h"
#include "cli/kvmm-cli-guest.h"
#include "util/kvmm-guest-text.h"

/* guest-log: bytes of the guest go to a file as they are, and to a terminal without anything that
 * could steer it. */

/* A line longer than this is printed in pieces. */
#define LINE_MAX_BYTES 8192

typedef struct
{
  gboolean json;
  GString *line;
  gboolean is_done;
  gboolean was_interrupted;
  GError *error;             /* (owned) (nullable) */
  GCancellable *cancellable; /* (owned) */
  GInputStream *input;       /* (unowned) */
  guint8 buffer[4096];
} Lines;

static void
print_line (Lines *lines, const char *text, gsize length)
{
  g_autofree char *clean = kvmm_guest_text_sanitise_line (text, (gssize) length);

  if (lines->json)
    {
      g_autoptr (JsonNode) node = json_node_alloc ();
      g_autofree char *quoted = NULL;

      json_node_init_string (node, clean);
      quoted = json_to_string (node, FALSE);
      g_print ("{\"line\":%s}\n", quoted);
    }
  else
    g_print ("%s\n", clean);
}

static void
take (Lines *lines, const char *data, gsize length)
{
  const char *end = data + length;

  while (data < end)
    {
      const char *newline = memchr (data, '\n', (gsize) (end - data));
      gsize n = (gsize) ((newline != NULL ? newline : end) - data);

      n = MIN (n, LINE_MAX_BYTES - lines->line->len);
      g_string_append_len (lines->line, data, (gssize) n);
      data += n;
      if (data == newline || lines->line->len == LINE_MAX_BYTES)
        {
          print_line (lines, lines->line->str, lines->line->len);
          g_string_truncate (lines->line, 0);
        }
      if (data == newline)
        data++;
    }
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Lines *lines = user_data;
  gssize length = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &lines->error);

  if (length <= 0)
    {
      if (lines->line->len > 0)
        print_line (lines, lines->line->str, lines->line->len);
      lines->is_done = TRUE;
      return;
    }
  take (lines, (const char *) lines->buffer, (gsize) length);
  g_input_stream_read_async (lines->input, lines->buffer, sizeof lines->buffer, G_PRIORITY_DEFAULT,
                             lines->cancellable, read_cb, lines);
}

static void
pumped_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Lines *lines = user_data;

  kvmm_cli_pump_finish (result, &lines->error);
  lines->is_done = TRUE;
}

static gboolean
interrupt_cb (gpointer user_data)
{
  Lines *lines = user_data;

  lines->was_interrupted = TRUE;
  g_cancellable_cancel (lines->cancellable);
  return G_SOURCE_CONTINUE;
}

static gboolean
is_done (gpointer data)
{
  return ((Lines *) data)->is_done;
}

static void
print_stream (Lines *lines, KvmmAgentStream *stream)
{
  g_autoptr (GOutputStream) output = NULL;
  guint on_interrupt = g_unix_signal_add (SIGINT, interrupt_cb, lines);
  guint on_terminate = g_unix_signal_add (SIGTERM, interrupt_cb, lines);

  lines->input = g_io_stream_get_input_stream (G_IO_STREAM (stream));
  if (lines->json || isatty (STDOUT_FILENO))
    g_input_stream_read_async (lines->input, lines->buffer, sizeof lines->buffer,
                               G_PRIORITY_DEFAULT, lines->cancellable, read_cb, lines);
  else
    {
      output = kvmm_cli_output_new (STDOUT_FILENO);
      kvmm_cli_pump_async (lines->input, output, NULL, lines->cancellable, pumped_cb, lines);
    }
  kvmm_cli_await (is_done, lines, 0);
  g_source_remove (on_interrupt);
  g_source_remove (on_terminate);
}

int
kvmm_cli_guest_log (KvmmCliSession *session)
{
  g_auto (KvmmCliGuest) guest = { 0 };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmAgentStream) stream = NULL;
  Lines lines = { .json = session->json };
  KvmmExit code = kvmm_cli_guest_open (&guest, session, session->arguments[1]);

  if (code == KVMM_EXIT_OK)
    code = kvmm_cli_guest_check (&guest, KVMM_GUEST_GROUP_LOGS, "allow", FALSE);
  if (code != KVMM_EXIT_OK)
    return code;
  kvmm_agent_client_tail_log_async (guest.agent, session->kernel, session->unit,
                                    (guint) session->lines, session->follow, NULL,
                                    kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  stream = kvmm_agent_client_tail_log_finish (guest.agent, result, NULL, &error);
  if (stream == NULL)
    return kvmm_cli_guest_failed (_ ("Could not read the log"), error);

  lines.line = g_string_new (NULL);
  lines.cancellable = g_cancellable_new ();
  print_stream (&lines, stream);
  g_io_stream_close (G_IO_STREAM (stream), NULL, NULL);
  if (lines.error != NULL && !lines.was_interrupted)
    code = kvmm_cli_guest_failed (_ ("The log ended"), lines.error);
  g_string_free (lines.line, TRUE);
  g_clear_object (&lines.cancellable);
  g_clear_error (&lines.error);
  return (int) code;
}
