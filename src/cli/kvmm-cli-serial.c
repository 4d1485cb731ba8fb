/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gi18n.h>

#include "cli/kvmm-cli-guest.h"
#include "cli/kvmm-cli-terminal.h"
#include "model/kvmm-serial-line.h"

/* serial: this terminal becomes that of a machine's serial port until the machine stops, or Ctrl+]
 * is typed, as in `virsh console`. */

#define SIGNAL_EXIT 128
#define ESCAPE 0x1d /* Ctrl+] */

typedef struct
{
  KvmmSerialLine *line;      /* (owned) */
  GInputStream *input;       /* (owned) */
  GOutputStream *screen;     /* (owned) */
  GCancellable *cancellable; /* (owned) */
  GIOStream *shown;          /* (unowned) (nullable) whose bytes are on their way to the screen */
  guint8 typed[1024];
  guint n_pending; /* callbacks that will come */
  gboolean has_terminal;
  gboolean was_open;
  gboolean is_reading; /* from the keyboard */
  gboolean is_over;
  int code;
} Serial;

static void read_more (Serial *serial);

static void
leave (Serial *serial, int code)
{
  if (serial->is_over)
    return;
  serial->is_over = TRUE;
  serial->code = code;
  kvmm_cli_terminal_restore ();
}

/* ---- what is typed ---- */

static void
sent_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Serial *serial = user_data;

  serial->n_pending--;
  /* Why it cannot be written is what reading will say. */
  g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, NULL);
  read_more (serial);
}

static void
typed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Serial *serial = user_data;
  gssize length = g_input_stream_read_finish (G_INPUT_STREAM (source), result, NULL);
  GIOStream *stream = kvmm_serial_line_get_stream (serial->line);
  const guint8 *escape;

  serial->n_pending--;
  if (length <= 0)
    {
      /* A file or pipe has ended: what the machine says is still wanted. */
      if (serial->has_terminal)
        leave (serial, KVMM_EXIT_OK);
      return;
    }
  escape = serial->has_terminal ? memchr (serial->typed, ESCAPE, (gsize) length) : NULL;
  if (escape != NULL)
    {
      leave (serial, KVMM_EXIT_OK);
      g_printerr ("\n");
      return;
    }
  if (stream == NULL)
    {
      read_more (serial);
      return;
    }
  serial->n_pending++;
  g_output_stream_write_all_async (g_io_stream_get_output_stream (stream), serial->typed,
                                   (gsize) length, G_PRIORITY_DEFAULT, serial->cancellable, sent_cb,
                                   serial);
}

static void
read_more (Serial *serial)
{
  if (serial->is_over)
    return;
  serial->n_pending++;
  g_input_stream_read_async (serial->input, serial->typed, sizeof serial->typed, G_PRIORITY_DEFAULT,
                             serial->cancellable, typed_cb, serial);
}

/* ---- what is shown ---- */

static void
shown_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Serial *serial = user_data;
  g_autoptr (GError) error = NULL;

  serial->n_pending--;
  serial->shown = NULL;
  if (kvmm_cli_pump_finish (result, &error))
    kvmm_serial_line_end (serial->line, NULL);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  else if (error->domain == G_IO_ERROR)
    {
      /* Our own output: what libvirt says is of another domain. */
      leave (serial, KVMM_EXIT_FAILED);
      kvmm_cli_error (_ ("What the machine says cannot be written: %s"), error->message);
    }
  else
    kvmm_serial_line_end (serial->line, error);
}

static void
attend (Serial *serial)
{
  const KvmmXmlSerial *device = kvmm_serial_line_get_device (serial->line);
  GIOStream *stream = kvmm_serial_line_get_stream (serial->line);

  if (serial->shown == stream)
    return;
  if (!serial->was_open)
    {
      const char *name = kvmm_domain_get_name (kvmm_serial_line_get_domain (serial->line));

      /* Before anybody is told that keys arrive: what is typed until then is thrown away. */
      if (serial->has_terminal && !kvmm_cli_terminal_make_raw ())
        {
          kvmm_cli_error (_ ("Could not take over the terminal"));
          leave (serial, KVMM_EXIT_FAILED);
          return;
        }
      g_printerr (serial->has_terminal ? _ ("Connected to %s of “%s”. Ctrl+] leaves.\n")
                                       : _ ("Connected to %s of “%s”.\n"),
                  device != NULL ? device->label : "", name);
      /* A raw terminal goes down a line and no more. */
      if (serial->has_terminal)
        g_printerr ("\r");
    }
  serial->was_open = TRUE;
  serial->shown = stream;
  serial->n_pending++;
  kvmm_cli_pump_async (g_io_stream_get_input_stream (stream), serial->screen, NULL,
                       serial->cancellable, shown_cb, serial);
  if (!serial->is_reading)
    read_more (serial);
  serial->is_reading = TRUE;
}

/* Returns: (transfer full) (nullable): why it ends in this state; %NULL: it does not. @code: (out)
 */
static char *
describe_end (Serial *serial, int *code)
{
  const GError *error = kvmm_serial_line_get_error (serial->line);
  const char *name = kvmm_domain_get_name (kvmm_serial_line_get_domain (serial->line));

  *code = KVMM_EXIT_FAILED;
  switch (kvmm_serial_line_get_state (serial->line))
    {
    case KVMM_SERIAL_CLOSED:
    case KVMM_SERIAL_OPENING:
    case KVMM_SERIAL_OPEN:
      return NULL;
    case KVMM_SERIAL_OFF:
      if (!serial->was_open)
        return g_strdup_printf (_ ("“%s” does not run"), name);
      *code = KVMM_EXIT_OK;
      return g_strdup_printf (_ ("“%s” has stopped"), name);
    case KVMM_SERIAL_IN_USE:
      *code = KVMM_EXIT_REFUSED;
      return g_strdup_printf (
          _ ("Another program has the serial console of “%s”; --force takes it over"), name);
    case KVMM_SERIAL_TAKEN:
      *code = KVMM_EXIT_REFUSED;
      return g_strdup_printf (_ ("Another program has taken over the serial console of “%s”"),
                              name);
    case KVMM_SERIAL_LOST:
      *code = KVMM_EXIT_CONNECTION;
      return g_strdup_printf (_ ("The connection to the host of “%s” was lost"), name);
    case KVMM_SERIAL_ABSENT:
      *code = KVMM_EXIT_NOT_FOUND;
      return error != NULL ? g_strdup (error->message)
                           : g_strdup_printf (_ ("“%s” has no serial port or console"), name);
    case KVMM_SERIAL_FAILED:
      return g_strdup (error->message);
    }
  return NULL;
}

static void
state_changed_cb (Serial *serial)
{
  int code = KVMM_EXIT_OK;
  g_autofree char *text = describe_end (serial, &code);

  if (serial->is_over)
    return;
  if (kvmm_serial_line_get_state (serial->line) == KVMM_SERIAL_OPEN)
    attend (serial);
  if (text == NULL)
    return;
  /* The terminal is given back before anything is said on it. */
  leave (serial, code);
  if (serial->was_open && serial->has_terminal)
    g_printerr ("\n");
  kvmm_cli_error ("%s", text);
}

/* ---- the command ---- */

static gboolean
is_over (gpointer data)
{
  return ((Serial *) data)->is_over;
}

static gboolean
terminated_cb (gpointer user_data)
{
  leave (user_data, SIGNAL_EXIT + SIGTERM);
  return G_SOURCE_CONTINUE;
}

/* Of a terminal that is raw this comes from somewhere else. */
static gboolean
interrupted_cb (gpointer user_data)
{
  leave (user_data, SIGNAL_EXIT + SIGINT);
  return G_SOURCE_CONTINUE;
}

static void
run (Serial *serial, gboolean take_over)
{
  guint sources[3];

  sources[0] = g_unix_signal_add (SIGTERM, terminated_cb, serial);
  sources[1] = g_unix_signal_add (SIGHUP, terminated_cb, serial);
  sources[2] = g_unix_signal_add (SIGINT, interrupted_cb, serial);
  g_signal_connect_swapped (serial->line, "state-changed", G_CALLBACK (state_changed_cb), serial);
  kvmm_serial_line_open (serial->line, take_over);
  kvmm_cli_await (is_over, serial, 0);
  g_signal_handlers_disconnect_by_data (serial->line, serial);
  g_cancellable_cancel (serial->cancellable);
  while (serial->n_pending > 0)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
}

int
kvmm_cli_serial (KvmmCliSession *session)
{
  KvmmDomain *domain = NULL;
  KvmmExit found = kvmm_cli_session_find (session, session->arguments[1], &domain);
  Serial serial = { 0 };
  guint64 n_dropped;

  if (found != KVMM_EXIT_OK)
    return found;
  serial.has_terminal = isatty (STDIN_FILENO);
  serial.line = kvmm_serial_line_new (domain);
  serial.input = kvmm_cli_input_new (STDIN_FILENO);
  serial.screen = kvmm_cli_output_new (STDOUT_FILENO);
  serial.cancellable = g_cancellable_new ();
  kvmm_serial_line_set_device (serial.line, session->device);
  run (&serial, session->force);
  n_dropped = kvmm_serial_line_get_n_dropped (serial.line);
  if (n_dropped > 0)
    kvmm_cli_error (_ ("%" G_GUINT64_FORMAT " bytes came faster than they could be written"),
                    n_dropped);
  kvmm_serial_line_close (serial.line);
  g_clear_object (&serial.line);
  g_clear_object (&serial.input);
  g_clear_object (&serial.screen);
  g_clear_object (&serial.cancellable);
  return serial.code;
}
