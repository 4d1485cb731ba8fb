/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <adwaita.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>
#include <vte/vte.h>

#include "console/kvmm-terminal.h"
#include "../util/test-wait.h"

/* A terminal at one end of a socketpair; the test is the guest at the other. */

#define DEADLINE_SECONDS 60
#define PASTE_BYTES (10 * 1024 * 1024)
/* Longer than this the window would stand still. */
#define LONGEST_TURN_US (400 * 1000)

#define RUN_UNTIL(expression)                                                                      \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gint64 end_us = g_get_monotonic_time () + DEADLINE_SECONDS * G_USEC_PER_SEC;                   \
    guint wake_id = g_timeout_add (20, wake_cb, NULL);                                             \
    while (!(expression))                                                                          \
      {                                                                                            \
        if (g_get_monotonic_time () > end_us)                                                      \
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
  GtkWidget *window;
  KvmmTerminal *terminal;
  GSocket *guest;
  GByteArray *received;
  guint n_ended;
  guint n_resized;
  guint n_enter;
  guint n_overrun;
  guint n_rung;
  guint columns;
  guint rows;
} Fixture;

static void
count_cb (guint *count)
{
  (*count)++;
}

static void
resized_cb (KvmmTerminal *terminal, guint columns, guint rows, Fixture *f)
{
  f->n_resized++;
  f->columns = columns;
  f->rows = rows;
}

static void
ended_cb (KvmmTerminal *terminal, const GError *error, Fixture *f)
{
  f->n_ended++;
}

static VteTerminal *
find_vte (GtkWidget *widget)
{
  if (VTE_IS_TERMINAL (widget))
    return VTE_TERMINAL (widget);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      VteTerminal *found = find_vte (child);

      if (found != NULL)
        return found;
    }
  return NULL;
}

static VteTerminal *
get_vte (Fixture *f)
{
  return find_vte (GTK_WIDGET (f->terminal));
}

static void
attach (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketConnection) connection = NULL;
  int fds[2];

  g_clear_object (&f->guest);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==, 0);
  socket = g_socket_new_from_fd (fds[0], &error);
  g_assert_no_error (error);
  f->guest = g_socket_new_from_fd (fds[1], &error);
  g_assert_no_error (error);
  g_socket_set_blocking (f->guest, FALSE);
  connection = g_socket_connection_factory_create_connection (socket);
  kvmm_terminal_attach (f->terminal, G_IO_STREAM (connection));
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->received = g_byte_array_new ();
  f->window = gtk_window_new ();
  f->terminal = KVMM_TERMINAL (kvmm_terminal_new ());
  g_signal_connect (f->terminal, "ended", G_CALLBACK (ended_cb), f);
  g_signal_connect (f->terminal, "resized", G_CALLBACK (resized_cb), f);
  g_signal_connect_swapped (f->terminal, "enter", G_CALLBACK (count_cb), &f->n_enter);
  g_signal_connect_swapped (f->terminal, "overrun", G_CALLBACK (count_cb), &f->n_overrun);
  g_signal_connect_swapped (f->terminal, "rung", G_CALLBACK (count_cb), &f->n_rung);
  gtk_window_set_default_size (GTK_WINDOW (f->window), 700, 400);
  gtk_window_set_child (GTK_WINDOW (f->window), GTK_WIDGET (f->terminal));
  gtk_window_present (GTK_WINDOW (f->window));
  RUN_UNTIL (gtk_widget_get_mapped (GTK_WIDGET (f->terminal)));
  attach (f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  GtkWidget *terminal = GTK_WIDGET (f->terminal);

  /* With a call under way at the stream. */
  g_object_add_weak_pointer (G_OBJECT (terminal), (gpointer *) &terminal);
  gtk_window_destroy (GTK_WINDOW (f->window));
  RUN_UNTIL (terminal == NULL);
  RUN_UNTIL (!g_main_context_iteration (NULL, FALSE));
  g_clear_object (&f->guest);
  g_byte_array_unref (f->received);
}

/* What the guest takes now. */
static void
take (Fixture *f)
{
  guint8 buffer[65536];
  gssize n;

  while ((n = g_socket_receive (f->guest, (char *) buffer, sizeof buffer, NULL, NULL)) > 0)
    g_byte_array_append (f->received, buffer, n);
}

/* All of it, however long the terminal takes. Returns the longest turn of the main loop in µs of
 * work. */
static gint64
send_all (Fixture *f, const char *data, gsize size)
{
  gint64 longest = 0;

  while (size > 0)
    {
      gssize n = g_socket_send (f->guest, data, size, NULL, NULL);
      gint64 before = test_worked_us ();

      if (n > 0)
        {
          data += n;
          size -= n;
        }
      g_main_context_iteration (NULL, FALSE);
      longest = MAX (longest, test_worked_us () - before);
    }
  return longest;
}

static void
send_text (Fixture *f, const char *text)
{
  send_all (f, text, strlen (text));
}

static gboolean
shows (Fixture *f, const char *text)
{
  g_autofree char *screen = vte_terminal_get_text (get_vte (f), NULL, NULL, NULL);

  return strstr (screen, text) != NULL;
}

static void
test_output_is_shown_and_input_sent (Fixture *f, gconstpointer data)
{
  send_text (f, "login: ");
  RUN_UNTIL (shows (f, "login: "));
  kvmm_terminal_type (f->terminal, "root\n");
  RUN_UNTIL ((take (f), f->received->len >= 5));
  g_assert_cmpmem (f->received->data, f->received->len, "root\r", 5);
}

static void
test_a_guest_reaches_nothing_but_its_screen (Fixture *f, gconstpointer data)
{
  GdkClipboard *clipboard = gtk_widget_get_clipboard (f->window);
  GdkClipboard *primary = gtk_widget_get_primary_clipboard (f->window);
  char *hyperlink;

  gtk_window_set_title (GTK_WINDOW (f->window), "ours");
  /* Titles, the folder, the clipboard (both ways), links, a notification, sixel, a new size. */
  send_text (f, "\033]0;theirs\007\033]1;theirs\007\033]2;theirs\007"
                "\033]7;file:///etc/passwd\007\033]6;file:///etc/passwd\007"
                "\033]52;c;c3RvbGVu\007\033]52;p;c3RvbGVu\007\033]52;c;?\007"
                "\033]777;notify;theirs;words\007\033]9;theirs\007\033]99;;theirs\033\\"
                "\033[8;10;20t\033[3;500;500t\033[2t\033[5t\033[9;1t"
                "\033]8;;http://evil.example/\007link\033]8;;\007"
                "\033Pq#0;2;100;0;0#0~~~~\033\\"
                "after\007");
  RUN_UNTIL (shows (f, "after") && f->n_rung == 1);
  g_assert_cmpstr (gtk_window_get_title (GTK_WINDOW (f->window)), ==, "ours");
  g_assert_null (gdk_clipboard_get_content (clipboard));
  g_assert_null (gdk_clipboard_get_content (primary));
  g_assert_false (gdk_clipboard_is_local (clipboard));
  g_assert_false (vte_terminal_get_allow_hyperlink (get_vte (f)));
  hyperlink = vte_terminal_check_hyperlink_at (get_vte (f), 20, 8);
  g_assert_null (hyperlink);
  g_assert_false (vte_terminal_get_audible_bell (get_vte (f)));
  g_assert_cmpuint (f->n_resized, ==, 0);
}

static void
test_no_title_is_reported_back (Fixture *f, gconstpointer data)
{
  g_autofree char *answer = NULL;

  /* A guest that could put its title on its own input could make a person's shell run it. */
  send_text (f, "\033]0;rm -rf\007\033[21t\033[20t\033[5n");
  RUN_UNTIL (
      (take (f), f->received->len >= 4 && memchr (f->received->data, 'n', f->received->len)));
  answer = g_strndup ((const char *) f->received->data, f->received->len);
  g_assert_null (strstr (answer, "rm"));
}

static void
test_a_paste_of_ten_megabytes (Fixture *f, gconstpointer data)
{
  g_autofree char *text = g_malloc (PASTE_BYTES + 1);
  gint64 longest = 0;
  gint64 end_us = g_get_monotonic_time () + DEADLINE_SECONDS * G_USEC_PER_SEC;

  for (gsize i = 0; i < PASTE_BYTES; i++)
    text[i] = (char) ('a' + (i * 7 + i / 1000) % 26);
  text[PASTE_BYTES] = '\0';
  kvmm_terminal_type (f->terminal, text);
  /* The guest reads nothing: the rest waits. */
  for (guint i = 0; i < 100; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (kvmm_terminal_get_queued (f->terminal), >, PASTE_BYTES / 2);
  while (f->received->len < PASTE_BYTES)
    {
      gint64 before = test_worked_us ();

      g_assert_cmpint (g_get_monotonic_time (), <, end_us);
      g_main_context_iteration (NULL, FALSE);
      longest = MAX (longest, test_worked_us () - before);
      take (f);
    }
  g_assert_cmpmem (f->received->data, f->received->len, text, PASTE_BYTES);
  g_assert_cmpuint (f->n_overrun, ==, 0);
  g_assert_cmpint (longest, <, LONGEST_TURN_US);
}

static void
test_a_flood_does_not_stop_the_window (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) flood = g_string_new (NULL);
  gint64 longest;

  for (guint i = 0; i < 200000; i++)
    g_string_append_printf (flood, "line %u of a guest that never stops to talk\r\n", i);
  g_string_append (flood, "the last word");
  longest = send_all (f, flood->str, flood->len);
  RUN_UNTIL (shows (f, "the last word"));
  g_assert_cmpint (longest, <, LONGEST_TURN_US);
}

static void
test_the_queue_has_an_end (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) questions = g_string_new (NULL);

  /* Each answer is longer than its question; nobody reads them. */
  for (guint i = 0; i < 100000; i++)
    g_string_append (questions, "\033[c");
  for (guint i = 0; i < 100 && f->n_overrun == 0; i++)
    send_all (f, questions->str, questions->len);
  RUN_UNTIL (f->n_overrun > 0);
  g_assert_cmpuint (kvmm_terminal_get_queued (f->terminal), <=, KVMM_TERMINAL_MAX_QUEUE + 65536);
}

static void
test_a_new_size_is_told_once (Fixture *f, gconstpointer data)
{
  guint columns, rows;

  kvmm_terminal_get_size (f->terminal, &columns, &rows);
  for (int width = 700; width <= 900; width += 20)
    {
      gtk_window_set_default_size (GTK_WINDOW (f->window), width, 400);
      g_main_context_iteration (NULL, FALSE);
    }
  RUN_UNTIL (f->n_resized > 0 && f->columns > columns + 5);
  g_assert_cmpuint (f->n_resized, <=, 3);
}

static void
test_the_end_keeps_the_screen (Fixture *f, gconstpointer data)
{
  send_text (f, "good bye");
  RUN_UNTIL (shows (f, "good bye"));
  g_socket_close (f->guest, NULL);
  RUN_UNTIL (f->n_ended == 1);
  kvmm_terminal_detach (f->terminal);
  g_assert_true (shows (f, "good bye"));
  vte_terminal_feed_child (get_vte (f), "x", 1);
  g_assert_cmpuint (f->n_enter, ==, 0);
  vte_terminal_feed_child (get_vte (f), "\r", 1);
  g_assert_cmpuint (f->n_enter, ==, 1);
  attach (f);
  send_text (f, "again");
  RUN_UNTIL (shows (f, "again"));
  g_assert_true (shows (f, "good bye"));
}

static void
test_a_new_program_starts_with_plain_modes (Fixture *f, gconstpointer data)
{
  /* Application keys, bracketed paste: of the one before. */
  send_text (f, "\033[?1h\033[?2004hset");
  RUN_UNTIL (shows (f, "set"));
  attach (f);
  kvmm_terminal_type (f->terminal, "x");
  RUN_UNTIL ((take (f), f->received->len > 0));
  g_assert_cmpmem (f->received->data, f->received->len, "x", 1);
}

static void
test_search (Fixture *f, gconstpointer data)
{
  send_text (f, "first needle\r\nhay\r\nsecond Needle (x+\r\n");
  RUN_UNTIL (shows (f, "(x+"));
  g_assert_true (kvmm_terminal_find (f->terminal, "needle", FALSE));
  g_assert_true (kvmm_terminal_get_has_selection (f->terminal));
  g_assert_true (kvmm_terminal_find (f->terminal, "needle", FALSE));
  g_assert_true (kvmm_terminal_find (f->terminal, "(x+", FALSE));
  g_assert_false (kvmm_terminal_find (f->terminal, "not there", FALSE));
  g_assert_false (kvmm_terminal_find (f->terminal, "", FALSE));
}

static void
copied_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(char **) user_data = gdk_clipboard_read_text_finish (GDK_CLIPBOARD (source), result, NULL);
}

static void
test_copy_and_paste (Fixture *f, gconstpointer data)
{
  GdkClipboard *clipboard = gtk_widget_get_clipboard (f->window);
  g_autofree char *text = NULL;

  send_text (f, "copied words\r\n");
  RUN_UNTIL (shows (f, "copied words"));
  kvmm_terminal_select_all (f->terminal);
  kvmm_terminal_copy (f->terminal);
  gdk_clipboard_read_text_async (clipboard, NULL, copied_cb, &text);
  RUN_UNTIL (text != NULL);
  g_assert_true (g_str_has_prefix (text, "copied words"));
  gdk_clipboard_set_text (clipboard, "pasted\nlines");
  kvmm_terminal_paste (f->terminal);
  RUN_UNTIL ((take (f), f->received->len >= 12));
  g_assert_cmpmem (f->received->data, f->received->len, "pasted\rlines", 12);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  adw_init ();
#define ADD(path, func) g_test_add ("/ui/terminal/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("output-is-shown-and-input-sent", test_output_is_shown_and_input_sent);
  ADD ("a-guest-reaches-nothing-but-its-screen", test_a_guest_reaches_nothing_but_its_screen);
  ADD ("no-title-is-reported-back", test_no_title_is_reported_back);
  ADD ("a-paste-of-ten-megabytes", test_a_paste_of_ten_megabytes);
  ADD ("a-flood-does-not-stop-the-window", test_a_flood_does_not_stop_the_window);
  ADD ("the-queue-has-an-end", test_the_queue_has_an_end);
  ADD ("a-new-size-is-told-once", test_a_new_size_is_told_once);
  ADD ("the-end-keeps-the-screen", test_the_end_keeps_the_screen);
  ADD ("a-new-program-starts-with-plain-modes", test_a_new_program_starts_with_plain_modes);
  ADD ("search", test_search);
  ADD ("copy-and-paste", test_copy_and_paste);
  return g_test_run ();
}
