/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>

#include "console/kvmm-serial-console.h"
#include "console/kvmm-terminal.h"
#include "model/kvmm-connection.h"
#include "model/kvmm-serial-log.h"
#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-connect.h"

/* A serial console whose line is a socketpair; the test is the guest at the other end, and libvirt,
 * which says whether the line can be had. With $KVMM_UI_SHOTS pictures are kept there. */

#define DEADLINE_SECONDS 60

#define RUN_UNTIL(expression)                                                                      \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gint64 until_us = g_get_monotonic_time () + DEADLINE_SECONDS * G_USEC_PER_SEC;                 \
    guint wake_id = g_timeout_add (20, wake_cb, NULL);                                             \
    while (!(expression))                                                                          \
      {                                                                                            \
        if (g_get_monotonic_time () > until_us)                                                    \
          g_error ("%s: not within %d s: %s", G_STRFUNC, DEADLINE_SECONDS, #expression);           \
        g_main_context_iteration (NULL, TRUE);                                                     \
      }                                                                                            \
    g_source_remove (wake_id);                                                                     \
  }                                                                                                \
  G_STMT_END

/* Read by the leak sanitizer: fontconfig keeps its tables until the process ends, GLib a table of
 * quarks from its constructor, VTE and GTK what they made once. */
const char *__lsan_default_suppressions (void);
const char *
__lsan_default_suppressions (void)
{
  return "leak:libfontconfig\nleak:call_init\nleak:libvte\nleak:libgtk-4\nleak:libpango";
}

static gboolean
wake_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

typedef struct
{
  KvmmSettings *settings;
  KvmmConnection *connection;
  KvmmDomain *domain;
  GtkWidget *window;
  KvmmSerialConsole *console;
  KvmmTerminal *terminal;
  GSocket *guest; /* (nullable) the other end of the line opened last */
  GByteArray *received;
  guint n_opened;
  guint n_taken_over;
  gboolean is_in_use;
  gboolean is_broken;
} Fixture;

static GtkWidget *
find_type (GtkWidget *widget, GType type)
{
  if (G_TYPE_CHECK_INSTANCE_TYPE (widget, type))
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_type (child, type);

      if (found != NULL)
        return found;
    }
  return NULL;
}

static void
shot_done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL);
  *(gboolean *) user_data = TRUE;
}

static void
shoot (const char *name)
{
  const char *folder = g_getenv ("KVMM_UI_SHOTS");
  g_autofree char *file = NULL;
  g_autoptr (GSubprocess) process = NULL;
  gint64 end_us = g_get_monotonic_time () + 700 * 1000;
  gboolean is_done = FALSE;

  if (folder == NULL)
    return;
  while (g_get_monotonic_time () < end_us)
    g_main_context_iteration (NULL, FALSE);
  g_mkdir_with_parents (folder, 0755);
  file = g_strdup_printf ("%s/%s.png", folder, name);
  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL, "import", "-window", "root",
                              file, NULL);
  if (process == NULL)
    return;
  g_subprocess_wait_async (process, NULL, shot_done_cb, &is_done);
  RUN_UNTIL (is_done);
}

/* What libvirt would do. */
static GIOStream *
open_line (gboolean take_over, gpointer user_data, GError **error)
{
  Fixture *f = user_data;
  g_autoptr (GSocket) socket = NULL;
  int fds[2];

  if (f->is_broken)
    {
      g_set_error_literal (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_UNSUPPORTED,
                           "This <driver> has no consoles & never will");
      return NULL;
    }
  if (f->is_in_use && !take_over)
    {
      g_set_error_literal (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_IN_USE, "in use");
      return NULL;
    }
  f->is_in_use = FALSE;
  f->n_taken_over += take_over ? 1 : 0;
  f->n_opened++;
  g_clear_object (&f->guest);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==, 0);
  socket = g_socket_new_from_fd (fds[0], NULL);
  f->guest = g_socket_new_from_fd (fds[1], NULL);
  g_socket_set_blocking (f->guest, FALSE);
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

static KvmmSerialState
get_state (Fixture *f)
{
  return kvmm_serial_line_get_state (kvmm_serial_console_get_line (f->console));
}

static void
show (Fixture *f)
{
  gtk_window_present (GTK_WINDOW (f->window));
  RUN_UNTIL (gtk_widget_get_mapped (GTK_WIDGET (f->console)) &&
             get_state (f) != KVMM_SERIAL_CLOSED && get_state (f) != KVMM_SERIAL_OPENING);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->received = g_byte_array_new ();
  f->settings = kvmm_settings_new (&error);
  g_assert_no_error (error);
  f->connection = kvmm_connection_new ("test:///default", f->settings);
  kvmm_connection_connect (f->connection);
  RUN_UNTIL (kvmm_connection_get_is_loaded (f->connection));
  f->domain = g_object_ref (kvmm_connection_find (f->connection, "test"));
  f->window = gtk_window_new ();
  f->console = KVMM_SERIAL_CONSOLE (kvmm_serial_console_new (f->settings, f->domain));
  f->terminal = KVMM_TERMINAL (find_type (GTK_WIDGET (f->console), KVMM_TYPE_TERMINAL));
  kvmm_serial_line_set_open_func (kvmm_serial_console_get_line (f->console), open_line, f);
  gtk_window_set_default_size (GTK_WINDOW (f->window), 760, 460);
  gtk_window_set_child (GTK_WINDOW (f->window), GTK_WIDGET (f->console));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  GtkWidget *console = GTK_WIDGET (f->console);

  g_object_add_weak_pointer (G_OBJECT (console), (gpointer *) &console);
  gtk_window_destroy (GTK_WINDOW (f->window));
  RUN_UNTIL (console == NULL);
  g_clear_object (&f->domain);
  kvmm_connection_disconnect (f->connection);
  g_clear_object (&f->connection);
  g_clear_object (&f->settings);
  RUN_UNTIL (!g_main_context_iteration (NULL, FALSE));
  g_clear_object (&f->guest);
  g_byte_array_unref (f->received);
}

static void
take (Fixture *f)
{
  guint8 buffer[65536];
  gssize n;

  while (f->guest != NULL &&
         (n = g_socket_receive (f->guest, (char *) buffer, sizeof buffer, NULL, NULL)) > 0)
    g_byte_array_append (f->received, buffer, n);
}

static void
send_all (Fixture *f, const char *data, gsize size)
{
  while (size > 0)
    {
      gssize n = g_socket_send (f->guest, data, size, NULL, NULL);

      if (n > 0)
        {
          data += n;
          size -= n;
        }
      g_main_context_iteration (NULL, FALSE);
    }
}

static void
send_text (Fixture *f, const char *text)
{
  send_all (f, text, strlen (text));
}

static gboolean
shows (Fixture *f, const char *text)
{
  VteTerminal *vte = VTE_TERMINAL (find_type (GTK_WIDGET (f->terminal), VTE_TYPE_TERMINAL));
  g_autofree char *screen = vte_terminal_get_text (vte, NULL, NULL, NULL);

  return strstr (screen, text) != NULL;
}

/* Whether a label that can be seen holds @text. */
static gboolean
says (GtkWidget *widget, const char *text)
{
  if (!gtk_widget_get_mapped (widget))
    return FALSE;
  if (GTK_IS_LABEL (widget) && strstr (gtk_label_get_text (GTK_LABEL (widget)), text) != NULL)
    return TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (says (child, text))
      return TRUE;
  return FALSE;
}

static GtkButton *
find_button (GtkWidget *widget, const char *label)
{
  if (!gtk_widget_get_mapped (widget))
    return NULL;
  if (GTK_IS_BUTTON (widget) && g_strcmp0 (gtk_button_get_label (GTK_BUTTON (widget)), label) == 0)
    return GTK_BUTTON (widget);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkButton *found = find_button (child, label);

      if (found != NULL)
        return found;
    }
  return NULL;
}

/* Whether the sign of a running log can be seen. */
static gboolean
is_logging (GtkWidget *widget)
{
  if (!gtk_widget_get_visible (widget))
    return FALSE;
  if (GTK_IS_BUTTON (widget) &&
      g_strcmp0 (gtk_actionable_get_action_name (GTK_ACTIONABLE (widget)), "serial.stop-log") == 0)
    return TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (is_logging (child))
      return TRUE;
  return FALSE;
}

/* ---- the cases ---- */

static void
test_opens_when_somebody_looks (Fixture *f, gconstpointer data)
{
  RUN_UNTIL (!g_main_context_iteration (NULL, FALSE));
  g_assert_cmpuint (f->n_opened, ==, 0);
  show (f);
  g_assert_cmpuint (f->n_opened, ==, 1);
  g_assert_cmpint (get_state (f), ==, KVMM_SERIAL_OPEN);
  send_text (f, "Debian GNU/Linux 12 db1 ttyS0\r\n\r\ndb1 login: ");
  RUN_UNTIL (shows (f, "db1 login: "));
  shoot ("serial-login");
  kvmm_terminal_type (f->terminal, "root\n");
  RUN_UNTIL ((take (f), f->received->len >= 5));
  g_assert_cmpmem (f->received->data, f->received->len, "root\r", 5);
}

static void
test_a_restart_keeps_the_text (Fixture *f, gconstpointer data)
{
  show (f);
  send_text (f, "[  OK  ] Reached target reboot.target\r\nPower down.");
  RUN_UNTIL (shows (f, "Power down."));
  g_socket_shutdown (f->guest, TRUE, TRUE, NULL);
  RUN_UNTIL (get_state (f) != KVMM_SERIAL_OPEN);
  kvmm_terminal_type (f->terminal, "nobody reads this");
  RUN_UNTIL (f->n_opened == 2);
  send_text (f, "SeaBIOS (version 1.16.2)");
  RUN_UNTIL (shows (f, "SeaBIOS"));
  g_assert_true (shows (f, "Power down.\n"));
  take (f);
  g_assert_cmpuint (f->received->len, ==, 0);
}

static void
test_a_line_in_use_can_be_taken_over (Fixture *f, gconstpointer data)
{
  f->is_in_use = TRUE;
  show (f);
  g_assert_cmpint (get_state (f), ==, KVMM_SERIAL_IN_USE);
  RUN_UNTIL (says (GTK_WIDGET (f->console), "In Use by Another Program"));
  shoot ("serial-in-use");
  g_signal_emit_by_name (find_button (GTK_WIDGET (f->console), "_Take Over"), "clicked");
  RUN_UNTIL (get_state (f) == KVMM_SERIAL_OPEN);
  g_assert_cmpuint (f->n_taken_over, ==, 1);
  /* Now somebody takes it from us. */
  send_text (f, "ours so far");
  RUN_UNTIL (shows (f, "ours so far"));
  f->is_in_use = TRUE;
  g_socket_shutdown (f->guest, TRUE, TRUE, NULL);
  RUN_UNTIL (get_state (f) == KVMM_SERIAL_TAKEN);
  RUN_UNTIL (says (GTK_WIDGET (f->console), "Another program has taken over"));
  g_assert_true (shows (f, "ours so far"));
  shoot ("serial-taken");
}

static void
test_a_line_that_gets_free_is_opened (Fixture *f, gconstpointer data)
{
  f->is_in_use = TRUE;
  show (f);
  f->is_in_use = FALSE;
  RUN_UNTIL (get_state (f) == KVMM_SERIAL_OPEN);
  g_assert_cmpuint (f->n_taken_over, ==, 0);
}

static void
test_a_failure_is_told_and_tried_again (Fixture *f, gconstpointer data)
{
  f->is_broken = TRUE;
  show (f);
  g_assert_cmpint (get_state (f), ==, KVMM_SERIAL_FAILED);
  RUN_UNTIL (says (GTK_WIDGET (f->console), "This <driver> has no consoles & never will"));
  f->is_broken = FALSE;
  g_signal_emit_by_name (find_button (GTK_WIDGET (f->console), "_Try Again"), "clicked");
  RUN_UNTIL (get_state (f) == KVMM_SERIAL_OPEN);
}

static void
test_disconnecting_frees_the_line (Fixture *f, gconstpointer data)
{
  char byte;

  show (f);
  gtk_widget_activate_action (GTK_WIDGET (f->console), "serial.disconnect", NULL);
  g_assert_cmpint (get_state (f), ==, KVMM_SERIAL_CLOSED);
  RUN_UNTIL (g_socket_receive (f->guest, &byte, 1, NULL, NULL) == 0);
  g_signal_emit_by_name (find_button (GTK_WIDGET (f->console), "_Connect"), "clicked");
  RUN_UNTIL (get_state (f) == KVMM_SERIAL_OPEN);
  g_assert_cmpuint (f->n_opened, ==, 2);
}

static void
test_hostile_bytes_change_nothing_but_the_screen (Fixture *f, gconstpointer data)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  g_autofree char *noise = g_malloc (1024 * 1024);
  GdkClipboard *clipboard = gtk_widget_get_clipboard (f->window);

  for (gsize i = 0; i < 1024 * 1024; i++)
    noise[i] = (char) g_rand_int (random);
  show (f);
  gtk_window_set_title (GTK_WINDOW (f->window), "ours");
  send_text (
      f, "\033]0;theirs\007\033]52;c;c3RvbGVu\007\033]8;;http://evil.example/\007link\033]8;;\007");
  send_all (f, noise, 1024 * 1024);
  send_text (f, "\030\033c\033[!pstill there");
  RUN_UNTIL (shows (f, "still there"));
  g_assert_cmpstr (gtk_window_get_title (GTK_WINDOW (f->window)), ==, "ours");
  g_assert_null (gdk_clipboard_get_content (clipboard));
}

static void
test_questions_without_end_are_told_once (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) questions = g_string_new (NULL);

  for (guint i = 0; i < 100000; i++)
    g_string_append (questions, "\033[c");
  show (f);
  for (guint i = 0; i < 3; i++)
    send_all (f, questions->str, questions->len);
  RUN_UNTIL (says (GTK_WIDGET (f->console), "Nothing was pasted"));
  g_assert_cmpuint (kvmm_terminal_get_queued (f->terminal), <=, KVMM_SERIAL_CONSOLE_MAX_PASTE);
}

static void
test_a_paste_is_paced_and_bounded (Fixture *f, gconstpointer data)
{
  g_autofree char *text = g_malloc (KVMM_SERIAL_CONSOLE_MAX_PASTE + 2);

  memset (text, 'x', KVMM_SERIAL_CONSOLE_MAX_PASTE + 1);
  text[KVMM_SERIAL_CONSOLE_MAX_PASTE + 1] = '\0';
  show (f);
  kvmm_terminal_type (f->terminal, text);
  RUN_UNTIL (says (GTK_WIDGET (f->console), "Nothing was pasted"));
  g_assert_cmpuint (kvmm_terminal_get_queued (f->terminal), ==, 0);

  text[KVMM_SERIAL_CONSOLE_MAX_PASTE] = '\0';
  kvmm_terminal_type (f->terminal, text);
  g_assert_cmpuint (kvmm_terminal_get_queued (f->terminal), ==, KVMM_SERIAL_CONSOLE_MAX_PASTE);
  RUN_UNTIL ((take (f), f->received->len > 0));
  /* One piece, however ready the other end is. */
  g_assert_cmpuint (f->received->len, <=, 2 * KVMM_SERIAL_CONSOLE_PACE_BYTES);
  RUN_UNTIL ((take (f), f->received->len == KVMM_SERIAL_CONSOLE_MAX_PASTE));
  g_assert_cmpmem (f->received->data, f->received->len, text, KVMM_SERIAL_CONSOLE_MAX_PASTE);
}

static void
test_the_size_is_typed_for_the_guest (Fixture *f, gconstpointer data)
{
  g_autofree char *expected = NULL;
  guint columns, rows;

  show (f);
  send_text (f, "root@db1:~# ");
  RUN_UNTIL (shows (f, "root@db1"));
  gtk_menu_button_popup (
      GTK_MENU_BUTTON (find_type (GTK_WIDGET (f->console), GTK_TYPE_MENU_BUTTON)));
  shoot ("serial-stty");
  kvmm_terminal_get_size (f->terminal, &columns, &rows);
  expected = g_strdup_printf ("stty rows %u cols %u\r", rows, columns);
  gtk_widget_activate_action (GTK_WIDGET (f->console), "serial.type-stty", NULL);
  RUN_UNTIL ((take (f), f->received->len >= strlen (expected)));
  g_assert_cmpmem (f->received->data, f->received->len, expected, strlen (expected));
}

static void
test_the_log_holds_every_byte (Fixture *f, gconstpointer data)
{
  g_autofree char *folder = g_dir_make_tmp ("kvmm-serial-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "a log", NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autofree char *written = NULL;
  GStatBuf about;

  show (f);
  g_assert_true (g_file_set_contents (path, "before\n", -1, NULL));
  kvmm_serial_console_start_log (f->console, file);
  send_text (f, "\033[31mone\033[0m\r\ntwo\r\n");
  RUN_UNTIL (shows (f, "two"));
  g_assert_true (says (GTK_WIDGET (f->console), "a log"));
  shoot ("serial-log");
  kvmm_serial_console_stop_log (f->console);
  g_assert_false (says (GTK_WIDGET (f->console), "a log"));
  send_text (f, "three\r\n");
  RUN_UNTIL (shows (f, "three"));
  RUN_UNTIL (g_stat (path, &about) == 0 && about.st_size > 20);
  g_assert_true (g_file_get_contents (path, &written, NULL, NULL));
  g_assert_cmpstr (written, ==, "before\n\033[31mone\033[0m\r\ntwo\r\n");
  g_unlink (path);
  g_rmdir (folder);
}

static void
test_a_full_disk_is_told (Fixture *f, gconstpointer data)
{
  g_autoptr (GFile) full = g_file_new_for_path ("/dev/full");
  g_autoptr (GFile) nowhere = g_file_new_for_path ("/nonexistent/folder/log");

  show (f);
  kvmm_serial_console_start_log (f->console, full);
  send_text (f, "anything");
  RUN_UNTIL (says (GTK_WIDGET (f->console), "The log /dev/full has ended"));
  /* The state goes with it. */
  g_assert_false (is_logging (GTK_WIDGET (f->console)));
  kvmm_serial_console_start_log (f->console, nowhere);
  g_assert_true (is_logging (GTK_WIDGET (f->console)));
  RUN_UNTIL (!is_logging (GTK_WIDGET (f->console)));
}

static guint n_failed;

static void
count_failed_cb (KvmmSerialLog *log, const GError *error, gpointer user_data)
{
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  n_failed++;
}

static void
test_a_log_has_a_bound (void)
{
  g_autoptr (GFile) file = g_file_new_for_path ("/dev/null");
  g_autoptr (KvmmSerialLog) log = kvmm_serial_log_new (file);
  g_autofree char *block = g_malloc0 (1024 * 1024);

  n_failed = 0;
  g_signal_connect (log, "failed", G_CALLBACK (count_failed_cb), NULL);
  /* Nothing is written while the main loop stands. */
  for (guint i = 0; i < KVMM_SERIAL_LOG_MAX_QUEUE / (1024 * 1024); i++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new (block, 1024 * 1024);

      kvmm_serial_log_write (log, bytes);
      g_assert_cmpuint (n_failed, ==, 0);
    }
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new (block, 1);

      kvmm_serial_log_write (log, bytes);
      g_assert_cmpuint (n_failed, ==, 1);
    }
  RUN_UNTIL (!g_main_context_iteration (NULL, FALSE));
}

static void
test_colours_follow_the_setting (Fixture *f, gconstpointer data)
{
  GSettings *gsettings = kvmm_settings_get_gsettings (f->settings);
  GtkWidget *vte = find_type (GTK_WIDGET (f->terminal), VTE_TYPE_TERMINAL);
  GdkRGBA color, wanted;

  show (f);
  /* As the menu does. */
  gtk_widget_activate_action (GTK_WIDGET (f->console), "settings.serial-colors", "s",
                              "solarized-dark");
  gdk_rgba_parse (&wanted, "#002b36");
  vte_terminal_get_color_background_for_draw (VTE_TERMINAL (vte), &color);
  g_assert_true (gdk_rgba_equal (&color, &wanted));
  send_text (f, "\033[32mgreen\033[0m \033[1;34mblue\033[0m text");
  RUN_UNTIL (shows (f, "text"));
  shoot ("serial-solarized");
  g_settings_reset (gsettings, KVMM_SETTINGS_SERIAL_COLORS);
  gtk_widget_activate_action (GTK_WIDGET (f->console), "settings.serial-scrollback", "u", 1000u);
  g_assert_cmpint (vte_terminal_get_scrollback_lines (VTE_TERMINAL (vte)), ==, 1000);
  g_settings_reset (gsettings, KVMM_SETTINGS_SERIAL_SCROLLBACK);
}

static void
test_text_is_found (Fixture *f, gconstpointer data)
{
  show (f);
  for (guint i = 0; i < 300; i++)
    {
      g_autofree char *text = g_strdup_printf ("line %u\r\n", i);

      send_text (f, text);
    }
  RUN_UNTIL (shows (f, "line 299"));
  g_assert_true (kvmm_terminal_find (f->terminal, "LINE 7", FALSE));
  g_assert_true (kvmm_terminal_get_has_selection (f->terminal));
  gtk_widget_activate_action (GTK_WIDGET (f->console), "terminal.find", NULL);
  shoot ("serial-find");
}

static gboolean
accelerated_cb (GtkWidget *widget, GVariant *arguments, gpointer user_data)
{
  (*(guint *) user_data)++;
  return TRUE;
}

static void
press (Fixture *f, const char *key)
{
  g_autoptr (GSubprocess) process = g_subprocess_new (
      G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL, "xdotool", "key", "--clearmodifiers", key, NULL);
  gboolean is_done = FALSE;

  g_subprocess_wait_async (process, NULL, shot_done_cb, &is_done);
  RUN_UNTIL (is_done);
}

/* The accelerators of a window are where GtkApplication has them: in its capture phase. */
static void
test_accelerators_leave_the_guest_its_keys (Fixture *f, gconstpointer data)
{
  GtkEventController *accelerators = gtk_shortcut_controller_new ();
  guint n_accelerated = 0;
  g_autofree char *xdotool = g_find_program_in_path ("xdotool");

  if (xdotool == NULL)
    {
      g_test_skip ("xdotool is not installed");
      return;
    }
  gtk_event_controller_set_propagation_phase (accelerators, GTK_PHASE_CAPTURE);
  gtk_shortcut_controller_add_shortcut (
      GTK_SHORTCUT_CONTROLLER (accelerators),
      gtk_shortcut_new (gtk_shortcut_trigger_parse_string ("<Control>w|<Control>q|F10|<Alt>1"),
                        gtk_callback_action_new (accelerated_cb, &n_accelerated, NULL)));
  gtk_widget_add_controller (f->window, accelerators);
  show (f);
  RUN_UNTIL (gtk_window_is_active (GTK_WINDOW (f->window)));
  gtk_widget_grab_focus (GTK_WIDGET (f->terminal));
  press (f, "ctrl+w");
  press (f, "ctrl+q");
  press (f, "F10");
  RUN_UNTIL ((take (f), f->received->len >= 7));
  g_assert_cmpmem (f->received->data, f->received->len, "\027\021\033[21~", 7);
  g_assert_cmpuint (n_accelerated, ==, 0);
  /* What is no guest's key stays where it was, and so does everything without the focus. */
  press (f, "alt+1");
  RUN_UNTIL (n_accelerated == 1);
  gtk_widget_activate_action (GTK_WIDGET (f->console), "terminal.find", NULL);
  press (f, "ctrl+w");
  RUN_UNTIL (n_accelerated == 2);
}

int
main (int argc, char **argv)
{
  kvmm_thread_set_main ();
  kvmm_virt_init ();
  g_test_init (&argc, &argv, NULL);
  if (!gtk_init_check ())
    {
      g_print ("1..0 # SKIP no display\n");
      return 0;
    }
  adw_init ();

#define ADD(path, func)                                                                            \
  g_test_add ("/console/serial-console/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("opens-when-somebody-looks", test_opens_when_somebody_looks);
  ADD ("a-restart-keeps-the-text", test_a_restart_keeps_the_text);
  ADD ("a-line-in-use-can-be-taken-over", test_a_line_in_use_can_be_taken_over);
  ADD ("a-line-that-gets-free-is-opened", test_a_line_that_gets_free_is_opened);
  ADD ("a-failure-is-told-and-tried-again", test_a_failure_is_told_and_tried_again);
  ADD ("disconnecting-frees-the-line", test_disconnecting_frees_the_line);
  ADD ("hostile-bytes-change-nothing-but-the-screen",
       test_hostile_bytes_change_nothing_but_the_screen);
  ADD ("questions-without-end-are-told-once", test_questions_without_end_are_told_once);
  ADD ("a-paste-is-paced-and-bounded", test_a_paste_is_paced_and_bounded);
  ADD ("the-size-is-typed-for-the-guest", test_the_size_is_typed_for_the_guest);
  ADD ("the-log-holds-every-byte", test_the_log_holds_every_byte);
  ADD ("a-full-disk-is-told", test_a_full_disk_is_told);
  ADD ("colours-follow-the-setting", test_colours_follow_the_setting);
  ADD ("text-is-found", test_text_is_found);
  ADD ("accelerators-leave-the-guest-its-keys", test_accelerators_leave_the_guest_its_keys);
#undef ADD
  g_test_add_func ("/console/serial-log/has-a-bound", test_a_log_has_a_bound);
  return g_test_run ();
}
