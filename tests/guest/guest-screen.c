/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* usage: guest-screen URI NAME vnc|spice
 *
 * Shows a screen of the named machine as the program's windows do, and works its keyboard by the
 * lines of its standard input:
 *
 *   press KEYCODE SYMBOL     a key of the host's keyboard goes down: code of the hardware, and name
 *   release KEYCODE SYMBOL   …and up
 *   send KEYS                as the menu Send Key does: "Control_L+Alt_L+F2"
 *   type TEXT                as keys of a US keyboard; with escapes as in C
 *   focus, leave             the screen gets the focus of its window, another widget does
 *
 * Prints "connected" and "locks N" when the guest's lights change, "done" after each line but
 * "type" that ends later, and "failed …" for what could not be done. Ends with its standard
 * input. */

#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <gio/gunixinputstream.h>

#include "console/kvmm-display-private.h"
#include "console/kvmm-display-spice.h"
#include "console/kvmm-key-typer.h"
#include "model/kvmm-connection.h"
#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-connect.h"

/* Characters a second: an emulated guest on a busy computer fetches its keys late. */
#define RATE 10

typedef struct
{
  GMainLoop *loop; /* (owned) */
  const char *name;
  KvmmGraphicsKind kind;
  KvmmConnection *connection; /* (owned) */
  KvmmConsoleOpener *opener;  /* (owned) (nullable) */
  GtkWindow *window;
  GtkWidget *elsewhere;    /* (unowned) */
  KvmmDisplay *display;    /* (owned) */
  GDataInputStream *input; /* (owned) */
} Screen;

G_GNUC_PRINTF (1, 2)
static void
say (const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  vprintf (format, arguments);
  va_end (arguments);
  putchar ('\n');
  fflush (stdout);
}

/* ---- the keyboard ---- */

static void
typed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (kvmm_key_typer_type_finish (KVMM_DISPLAY (source), result, &error))
    say ("done");
  else
    say ("failed %s", error->message);
}

static void
type (Screen *self, const char *escaped)
{
  g_autofree char *text = g_strcompress (escaped);

  kvmm_key_typer_type_async (self->display, text, "us", RATE, NULL, NULL, NULL, typed_cb, NULL);
}

static gboolean
work_key (Screen *self, gboolean down, const char *text)
{
  KvmmDisplayKeyboard *keyboard = kvmm_display_get_private (self->display)->keyboard;
  char *end;
  guint keycode = (guint) g_ascii_strtoull (text, &end, 10);
  guint keyval = *end == ' ' ? gdk_keyval_from_name (end + 1) : GDK_KEY_VoidSymbol;

  if (keyval == GDK_KEY_VoidSymbol)
    return FALSE;
  if (down)
    return kvmm_display_keyboard_press (keyboard, keyval, keycode, 0);
  kvmm_display_keyboard_release (keyboard, keyval, keycode);
  return TRUE;
}

static gboolean
work_line (Screen *self, const char *line)
{
  const char *space = strchr (line, ' ');
  const char *rest = space != NULL ? space + 1 : "";

  if (g_str_has_prefix (line, "press "))
    return work_key (self, TRUE, rest);
  if (g_str_has_prefix (line, "release "))
    return work_key (self, FALSE, rest);
  if (g_str_has_prefix (line, "send "))
    return kvmm_display_send_keys (self->display, rest);
  if (g_str_equal (line, "focus"))
    return gtk_widget_grab_focus (GTK_WIDGET (self->display)) &&
           kvmm_display_get_sends_keys (self->display);
  if (g_str_equal (line, "leave"))
    return gtk_widget_grab_focus (self->elsewhere) && !kvmm_display_get_sends_keys (self->display);
  return FALSE;
}

static void
read_line_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Screen *self = user_data;
  g_autofree char *line =
      g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (source), result, NULL, NULL);

  if (line == NULL)
    {
      g_main_loop_quit (self->loop);
      return;
    }
  if (g_str_has_prefix (line, "type "))
    type (self, line + strlen ("type "));
  else if (work_line (self, line))
    say ("done");
  else
    say ("failed %s", line);
  g_data_input_stream_read_line_async (self->input, G_PRIORITY_DEFAULT, NULL, read_line_cb, self);
}

/* ---- the screen ---- */

static void
state_cb (KvmmDisplay *display, GParamSpec *pspec, Screen *self)
{
  const GError *error = kvmm_display_get_error (display);

  if (kvmm_display_get_state (display) == KVMM_DISPLAY_CONNECTED)
    say ("connected");
  else if (error != NULL)
    say ("failed %s", error->message);
}

static void
locks_cb (KvmmDisplay *display)
{
  say ("locks %u", (guint) kvmm_display_get_lock_keys (display));
}

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Screen *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmXmlConsoles) consoles =
      kvmm_console_opener_list_finish (KVMM_CONSOLE_OPENER (source), result, &error);

  for (guint i = 0; consoles != NULL && i < consoles->graphics->len; i++)
    {
      const KvmmXmlGraphics *graphics = g_ptr_array_index (consoles->graphics, i);

      if (graphics->kind != self->kind)
        continue;
      kvmm_display_open (self->display, self->opener, graphics);
      return;
    }
  say ("failed %s", error != NULL ? error->message : "there is no such screen");
}

static void
find_machine_cb (Screen *self)
{
  GListModel *machines = G_LIST_MODEL (self->connection);

  for (guint i = 0; self->opener == NULL && i < g_list_model_get_n_items (machines); i++)
    {
      g_autoptr (KvmmDomain) domain = g_list_model_get_item (machines, i);

      if (g_strcmp0 (kvmm_domain_get_name (domain), self->name) != 0 ||
          !kvmm_domain_get_is_active (domain))
        continue;
      self->opener = kvmm_console_opener_new (domain);
      kvmm_console_opener_list_async (self->opener, NULL, listed_cb, self);
    }
}

static void
create_window (Screen *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);

  self->window = GTK_WINDOW (gtk_window_new ());
  self->elsewhere = gtk_button_new_with_label ("elsewhere");
  self->display = g_object_ref_sink (kvmm_display_new_for_kind (self->kind, NULL));
  g_signal_connect (self->display, "notify::state", G_CALLBACK (state_cb), self);
  g_signal_connect (self->display, "notify::lock-keys", G_CALLBACK (locks_cb), NULL);
  gtk_widget_set_vexpand (GTK_WIDGET (self->display), TRUE);
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->display));
  gtk_box_append (GTK_BOX (box), self->elsewhere);
  gtk_window_set_child (self->window, box);
  gtk_window_set_default_size (self->window, 800, 600);
  gtk_window_present (self->window);
}

static gboolean
wake_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* A worker lets go of the connection. */
static void
disconnect (Screen *self)
{
  guint tick = g_timeout_add (20, wake_cb, NULL);

  g_signal_handlers_disconnect_by_data (self->connection, self);
  kvmm_connection_disconnect (self->connection);
  while (kvmm_connection_get_state (self->connection) != KVMM_CONNECTION_DISCONNECTED)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (tick);
}

int
main (int argc, char **argv)
{
  Screen self = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmSettings) settings = NULL;
  g_autoptr (GInputStream) input = NULL;

  if (argc != 4)
    {
      g_printerr ("usage: guest-screen URI NAME vnc|spice\n");
      return 2;
    }
  signal (SIGPIPE, SIG_IGN);
  kvmm_thread_set_main ();
  gtk_init ();
  kvmm_virt_init ();
  settings = kvmm_settings_new (&error);
  if (settings == NULL)
    {
      g_printerr ("guest-screen: %s\n", error->message);
      return 1;
    }
  self.name = argv[2];
  self.kind = g_str_equal (argv[3], "spice") ? KVMM_GRAPHICS_SPICE : KVMM_GRAPHICS_VNC;
  self.loop = g_main_loop_new (NULL, FALSE);
  create_window (&self);

  self.connection = kvmm_connection_new (argv[1], settings);
  g_signal_connect_swapped (self.connection, "items-changed", G_CALLBACK (find_machine_cb), &self);
  g_signal_connect_swapped (self.connection, "listed", G_CALLBACK (find_machine_cb), &self);
  kvmm_connection_connect (self.connection);
  input = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  self.input = g_data_input_stream_new (input);
  g_data_input_stream_read_line_async (self.input, G_PRIORITY_DEFAULT, NULL, read_line_cb, &self);
  g_main_loop_run (self.loop);

  g_signal_handlers_disconnect_by_data (self.display, &self);
  gtk_window_destroy (self.window);
  g_clear_object (&self.display);
  g_clear_object (&self.opener);
  disconnect (&self);
  g_clear_object (&self.connection);
  g_clear_object (&self.input);
  g_main_loop_unref (self.loop);
  return 0;
}
