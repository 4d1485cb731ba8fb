/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <adwaita.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vte/vte.h>

#include "model/kvmm-connection.h"
#include "scripted-guest.h"
#include "shoot.h"
#include "ui/kvmm-console-page.h"
#include "ui/kvmm-file-drop.h"
#include "ui/kvmm-files-view.h"
#include "ui/kvmm-command-run.h"
#include "ui/kvmm-machine-window.h"
#include "ui/kvmm-share-window.h"
#include "ui/kvmm-terminal-tab.h"
#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-connect.h"

/* Terminals and files of a machine's window, with the agent that goes into guests at the end of a
 * socketpair. Its shell is this computer's. With $KVMM_UI_SHOTS pictures are kept there. */

#define DEADLINE_SECONDS 90
#define N_MANY 10000
#define RUN_UNTIL(expression)                                                                      \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gint64 until_us = g_get_monotonic_time () + DEADLINE_SECONDS * G_USEC_PER_SEC;                 \
    guint wake_id = g_timeout_add (20, wake_cb, NULL);                                             \
    while (!(expression))                                                                          \
      {                                                                                            \
        if (g_get_monotonic_time () > until_us)                                                    \
          {                                                                                        \
            shoot ("failed-guest-io");                                                             \
            g_error ("%s: not within %d s: %s", G_STRFUNC, DEADLINE_SECONDS, #expression);         \
          }                                                                                        \
        g_main_context_iteration (NULL, TRUE);                                                     \
      }                                                                                            \
    g_source_remove (wake_id);                                                                     \
  }                                                                                                \
  G_STMT_END

/* Read by the leak sanitizer: what libraries keep until the process ends. */
const char *__lsan_default_suppressions (void);
const char *
__lsan_default_suppressions (void)
{
  return "leak:libfontconfig\nleak:call_init\nleak:libvte\nleak:libpango";
}

static gboolean
wake_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

typedef struct
{
  AdwApplication *application; /* (unowned) */
  KvmmSettings *settings;
  KvmmConnection *connection;
  KvmmDomain *domain;
  KvmmGuest *guest;
  KvmmAgentClient *client;
  GPid pid;
  char *folder; /* of this host and of the guest */
  char *shared;
  GtkWidget *window; /* (nullable) */
} Fixture;

typedef gboolean (*Matches) (GtkWidget *widget, gconstpointer data);

static GtkWidget *
find (GtkWidget *widget, Matches matches, gconstpointer data)
{
  if (!gtk_widget_get_mapped (widget))
    return NULL;
  if (matches (widget, data))
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find (child, matches, data);

      if (found != NULL)
        return found;
    }
  return NULL;
}

static gboolean
is_type (GtkWidget *widget, gconstpointer data)
{
  return G_TYPE_CHECK_INSTANCE_TYPE (widget, *(const GType *) data);
}

static gboolean
is_label (GtkWidget *widget, gconstpointer text)
{
  return GTK_IS_LABEL (widget) && strstr (gtk_label_get_text (GTK_LABEL (widget)), text) != NULL;
}

static GtkWidget *
find_type (Fixture *f, GType type)
{
  return find (f->window, is_type, &type);
}

static GtkWidget *
find_label (Fixture *f, const char *text)
{
  return find (f->window, is_label, text);
}

static GtkWidget *
find_dialog (void)
{
  g_autoptr (GListModel) windows = g_object_ref (gtk_window_get_toplevels ());

  for (guint i = 0; i < g_list_model_get_n_items (windows); i++)
    {
      g_autoptr (GtkWidget) window = g_list_model_get_item (windows, i);

      if (ADW_IS_MESSAGE_DIALOG (window) && gtk_widget_get_mapped (window))
        return window;
    }
  return NULL;
}

/* As its button does. */
static void
answer (const char *response)
{
  GtkWidget *dialog = find_dialog ();

  adw_message_dialog_response (ADW_MESSAGE_DIALOG (dialog), response);
  gtk_window_destroy (GTK_WINDOW (dialog));
}

static void
write_file (const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

static gboolean
has_file (const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *content = NULL;

  return g_file_get_contents (path, &content, NULL, NULL) && g_str_equal (content, text);
}

static void
connect_agent (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketConnection) stream = NULL;
  const char *argv[] = {
    g_getenv ("KVMM_TEST_AGENT"), "--foreground", "--fd", "3", "--root", f->folder, NULL
  };
  int to = 3;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==, 0);
  socket = g_socket_new_from_fd (fds[0], &error);
  g_assert_no_error (error);
  stream = g_socket_connection_factory_create_connection (socket);
  g_spawn_async_with_pipes_and_fds (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, -1, -1,
                                    -1, &fds[1], &to, 1, &f->pid, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  close (fds[1]);
  f->client = kvmm_agent_client_new (G_IO_STREAM (stream), "anna@desk");
  kvmm_agent_client_set_control_allowed (f->client, TRUE);
  kvmm_agent_client_start (f->client);
  RUN_UNTIL (kvmm_agent_client_get_state (f->client) == KVMM_AGENT_CLIENT_READY);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  static const char *const groups[][2] = {
    { "pty", "shell" }, { "file-read", "allow" }, { "file-write", "allow" }, { "inbox", "allow" }
  };
  g_autoptr (GError) error = NULL;
  const char *policy;
  g_autofree char *accounts = NULL;
  g_autofree char *etc = NULL;

  f->application = ADW_APPLICATION (g_application_get_default ());
  f->folder = g_dir_make_tmp ("kvmm-io-XXXXXX", NULL);
  f->shared = g_build_filename (f->folder, "shared", NULL);
  g_assert_cmpint (g_mkdir (f->shared, 0755), ==, 0);
  policy = "[policy]\nfile-read=allow\nfile-write=allow\npty=shell\ninbox=allow\nexec=any\n"
           "[exec]\nroot=yes\n[files]\nread=/shared\nwrite=/shared\n[audit]\nfile=/audit.log\n";
  etc = g_build_filename (f->folder, "etc", "kvm-manager-agent", NULL);
  g_assert_cmpint (g_mkdir_with_parents (etc, 0755), ==, 0);
  write_file (etc, "agent.conf", policy);
  /* A home of its own: the start files of this computer's root take their time. */
  accounts = g_strdup_printf ("root:x:0:0:root:%s:/bin/bash\n", f->folder);
  write_file (f->folder, "etc/passwd", accounts);
  f->settings = kvmm_settings_new (&error);
  g_assert_no_error (error);
  f->connection = kvmm_connection_new ("test:///default", f->settings);
  kvmm_connection_connect (f->connection);
  RUN_UNTIL (kvmm_connection_get_is_loaded (f->connection));
  f->domain = g_object_ref (kvmm_connection_find (f->connection, "test"));
  f->guest = kvmm_domain_get_guest (f->domain);
  connect_agent (f);
  scripted_guest_set_agent (f->guest, f->client);
  scripted_guest_set_facts (f->guest, "web1");
  scripted_guest_set_source (f->guest, KVMM_GUEST_SOURCE_AGENT);
  scripted_guest_set_state (f->guest, KVMM_GUEST_STATE_READY, "Ready");
  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    scripted_guest_set_access (f->guest, groups[i][0], groups[i][1]);
  kvmm_guest_set_control_allowed (f->guest, TRUE);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autoptr (GListModel) windows = g_object_ref (gtk_window_get_toplevels ());
  const char *argv[] = { "rm", "-rf", "--", f->folder, NULL };

  while (g_list_model_get_n_items (windows) > 0)
    {
      g_autoptr (GtkWindow) window = g_list_model_get_item (windows, 0);

      gtk_window_destroy (window);
    }
  RUN_UNTIL (!g_main_context_iteration (NULL, FALSE));
  scripted_guest_set_agent (f->guest, NULL);
  kvmm_agent_client_close (f->client);
  RUN_UNTIL (!g_main_context_iteration (NULL, FALSE));
  g_assert_finalize_object (f->client);
  kill (f->pid, SIGTERM);
  waitpid (f->pid, NULL, 0);
  g_spawn_close_pid (f->pid);
  kvmm_connection_disconnect (f->connection);
  RUN_UNTIL (kvmm_connection_get_state (f->connection) == KVMM_CONNECTION_DISCONNECTED);
  g_clear_object (&f->domain);
  g_clear_object (&f->connection);
  g_clear_object (&f->settings);
  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                NULL);
  g_free (f->folder);
  g_free (f->shared);
}

static void
open_window (Fixture *f, const char *page)
{
  kvmm_machine_window_present (GTK_APPLICATION (f->application), f->settings, f->domain, page);
  f->window = GTK_WIDGET (gtk_application_get_active_window (GTK_APPLICATION (f->application)));
  g_assert_true (KVMM_IS_MACHINE_WINDOW (f->window));
  RUN_UNTIL (gtk_widget_get_mapped (f->window));
}

/* ---- Terminals ---- */

static KvmmTerminalTab *
get_tab (Fixture *f)
{
  return KVMM_TERMINAL_TAB (find_type (f, KVMM_TYPE_TERMINAL_TAB));
}

static VteTerminal *
get_vte (Fixture *f)
{
  return VTE_TERMINAL (find_type (f, VTE_TYPE_TERMINAL));
}

static gboolean
shows (Fixture *f, const char *text)
{
  VteTerminal *vte = get_vte (f);
  g_autofree char *screen = vte != NULL ? vte_terminal_get_text (vte, NULL, NULL, NULL) : NULL;

  return screen != NULL && strstr (screen, text) != NULL;
}

/* As keys, not as a paste, which a shell does not run by itself. */
static void
type (Fixture *f, const char *text)
{
  vte_terminal_feed_child (get_vte (f), text, -1);
}

static void
open_shell (Fixture *f)
{
  open_window (f, "terminal");
  RUN_UNTIL (find_label (f, "Open a Terminal") != NULL);
  shoot ("terminal-choice");
  RUN_UNTIL (gtk_widget_activate_action (find_label (f, "Root shell"), "terminal.new-shell", NULL));
  RUN_UNTIL (get_tab (f) != NULL &&
             kvmm_terminal_tab_get_state (get_tab (f)) == KVMM_TERMINAL_TAB_RUNNING);
}

static void
test_a_shell_answers (Fixture *f, gconstpointer data)
{
  open_shell (f);
  type (f, "PS1='web1# '; clear; echo $((6 * 7)) answers; uname -s\n");
  RUN_UNTIL (shows (f, "42 answers"));
  type (f,
        "printf '\\033[31mred \\033[1;32mgreen \\033[34mblue\\033[0m\\n'; ls --color=always /\n");
  RUN_UNTIL (shows (f, "usr"));
  shoot ("terminal");
  adw_style_manager_set_color_scheme (adw_style_manager_get_default (),
                                      ADW_COLOR_SCHEME_FORCE_DARK);
  shoot ("terminal-dark");
  adw_style_manager_set_color_scheme (adw_style_manager_get_default (), ADW_COLOR_SCHEME_DEFAULT);
}

static void
test_the_guest_learns_the_size (Fixture *f, gconstpointer data)
{
  g_autofree char *size = NULL;

  open_shell (f);
  gtk_window_set_default_size (GTK_WINDOW (f->window), 500, 500);
  RUN_UNTIL (gtk_widget_get_width (f->window) <= 500);
  for (guint i = 0; i < 100 && !(size != NULL && shows (f, size)); i++)
    {
      gint64 end_us = g_get_monotonic_time () + 200 * 1000;

      g_free (size);
      size = g_strdup_printf ("is %ld %ld.", vte_terminal_get_row_count (get_vte (f)),
                              vte_terminal_get_column_count (get_vte (f)));
      type (f, "echo is $(stty size).\n");
      while (g_get_monotonic_time () < end_us)
        g_main_context_iteration (NULL, FALSE);
    }
  g_assert_true (shows (f, size));
}

static void
test_the_end_is_told_and_enter_starts_anew (Fixture *f, gconstpointer data)
{
  open_shell (f);
  type (f, "exit 3\n");
  RUN_UNTIL (find_label (f, "exit code 3") != NULL);
  g_assert_cmpint (kvmm_terminal_tab_get_state (get_tab (f)), ==, KVMM_TERMINAL_TAB_ENDED);
  shoot ("terminal-ended");
  vte_terminal_feed_child (get_vte (f), "\r", 1);
  RUN_UNTIL (kvmm_terminal_tab_get_state (get_tab (f)) == KVMM_TERMINAL_TAB_RUNNING);
  g_assert_null (find_label (f, "exit code 3"));
  type (f, "kill -KILL $$\n");
  RUN_UNTIL (find_label (f, "signal KILL") != NULL);
}

static void
test_a_lost_session_keeps_the_screen (Fixture *f, gconstpointer data)
{
  open_shell (f);
  type (f, "echo remem''ber\n");
  RUN_UNTIL (shows (f, "remember"));
  kvmm_agent_client_nudge (f->client);
  RUN_UNTIL (find_label (f, "This terminal was lost") != NULL);
  g_assert_true (shows (f, "remember"));
  shoot ("terminal-lost");
  /* Not by Enter: somebody may be typing. */
  vte_terminal_feed_child (get_vte (f), "\r", 1);
  g_assert_cmpint (kvmm_terminal_tab_get_state (get_tab (f)), ==, KVMM_TERMINAL_TAB_LOST);
  RUN_UNTIL (kvmm_agent_client_get_state (f->client) == KVMM_AGENT_CLIENT_READY);
  g_assert_true (
      gtk_widget_activate (gtk_widget_get_ancestor (find_label (f, "Reconnect"), GTK_TYPE_BUTTON)));
  RUN_UNTIL (kvmm_terminal_tab_get_state (get_tab (f)) == KVMM_TERMINAL_TAB_RUNNING);
  type (f, "echo new''shell\n");
  RUN_UNTIL (shows (f, "newshell"));
}

static void
test_tabs_have_our_titles_and_ask (Fixture *f, gconstpointer data)
{
  AdwTabView *view;

  open_shell (f);
  view = ADW_TAB_VIEW (find_type (f, ADW_TYPE_TAB_VIEW));
  type (f, "printf '\\033]0;the''irs\\007'; echo do''ne\n");
  RUN_UNTIL (shows (f, "done"));
  g_assert_cmpstr (adw_tab_page_get_title (adw_tab_view_get_nth_page (view, 0)), ==,
                   "Root shell 1");
  gtk_widget_activate_action (GTK_WIDGET (get_tab (f)), "terminal.new", NULL);
  RUN_UNTIL (adw_tab_view_get_n_pages (view) == 2 &&
             kvmm_terminal_tab_get_state (get_tab (f)) == KVMM_TERMINAL_TAB_RUNNING);
  g_assert_cmpstr (adw_tab_page_get_title (adw_tab_view_get_nth_page (view, 1)), ==,
                   "Root shell 2");
  shoot ("terminal-tabs");
  /* Nothing was typed there. */
  gtk_widget_activate_action (GTK_WIDGET (get_tab (f)), "terminal.close", NULL);
  RUN_UNTIL (adw_tab_view_get_n_pages (view) == 1);
  g_assert_null (find_dialog ());
  gtk_widget_activate_action (GTK_WIDGET (get_tab (f)), "terminal.close", NULL);
  RUN_UNTIL (find_dialog () != NULL);
  answer ("cancel");
  RUN_UNTIL (find_dialog () == NULL);
  g_assert_cmpint (adw_tab_view_get_n_pages (view), ==, 1);
  /* Refused while the answer is still on its way. */
  RUN_UNTIL ((gtk_widget_activate_action (GTK_WIDGET (get_tab (f)), "terminal.close", NULL),
              find_dialog () != NULL));
  answer ("accept");
  RUN_UNTIL (adw_tab_view_get_n_pages (view) == 0);
  RUN_UNTIL (find_label (f, "Open a Terminal") != NULL);
}

static void
test_login_only (Fixture *f, gconstpointer data)
{
  scripted_guest_set_access (f->guest, "pty", "login");
  open_window (f, "terminal");
  RUN_UNTIL (find_label (f, "Login prompt") != NULL);
  g_assert_null (find_label (f, "Root shell"));
  g_assert_false (
      gtk_widget_activate_action (find_label (f, "Login prompt"), "terminal.new-shell", NULL) &&
      get_tab (f) != NULL);
}

static void
test_a_window_with_a_terminal_is_let_go (Fixture *f, gconstpointer data)
{
  GtkWidget *window;

  open_shell (f);
  window = f->window;
  g_object_add_weak_pointer (G_OBJECT (window), (gpointer *) &window);
  gtk_window_close (GTK_WINDOW (window));
  RUN_UNTIL (window == NULL);
}

/* ---- Files ---- */

static KvmmFilesView *
get_files (Fixture *f)
{
  return KVMM_FILES_VIEW (find_type (f, KVMM_TYPE_FILES_VIEW));
}

static void
show_files (Fixture *f)
{
  GtkStack *stack;

  open_window (f, "guest");
  RUN_UNTIL (find_type (f, GTK_TYPE_STACK_SWITCHER) != NULL ||
             find_type (f, GTK_TYPE_DROP_DOWN) != NULL);
  for (GtkWidget *label = find_label (f, "Reported by"); label != NULL;
       label = gtk_widget_get_parent (label))
    if (GTK_IS_STACK (label) && gtk_stack_get_child_by_name (GTK_STACK (label), "files") != NULL)
      {
        stack = GTK_STACK (label);
        gtk_stack_set_visible_child_name (stack, "files");
        break;
      }
  RUN_UNTIL (get_files (f) != NULL);
}

static GtkSelectionModel *
get_model (Fixture *f)
{
  GtkWidget *view = find_type (f, GTK_TYPE_COLUMN_VIEW);

  return view != NULL ? gtk_column_view_get_model (GTK_COLUMN_VIEW (view)) : NULL;
}

static void
test_a_folder_is_listed (Fixture *f, gconstpointer data)
{
  g_autofree char *sub = g_build_filename (f->shared, "reports", NULL);
  g_autofree char *link = g_build_filename (f->shared, "current", NULL);

  write_file (f->shared, "<b>bold &amp; more", "x");
  write_file (f->shared, "backup.tar.gz", "0123456789");
  write_file (f->shared, "notes.txt", "some words");
  g_assert_cmpint (g_mkdir (sub, 0750), ==, 0);
  g_assert_cmpint (symlink ("reports", link), ==, 0);
  show_files (f);
  RUN_UNTIL (find_label (f, "<b>bold &amp; more") != NULL);
  g_assert_nonnull (find_label (f, "current → reports"));
  g_assert_nonnull (find_label (f, "drwxr-x---"));
  gtk_selection_model_select_item (get_model (f), 1, TRUE);
  shoot ("files");
  g_assert_true (
      gtk_widget_activate_action (GTK_WIDGET (get_files (f)), "files.go", "s", "/shared/reports"));
  RUN_UNTIL (find_label (f, "Empty Folder") != NULL);
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (get_files (f)), "files.up", NULL));
  RUN_UNTIL (find_label (f, "notes.txt") != NULL);
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (get_files (f)), "files.go", "s", "/etc"));
  RUN_UNTIL (find_label (f, "The Folder Cannot Be Read") != NULL);
  shoot ("files-denied");
}

static void
test_pasted_files_are_uploaded (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->folder, "up.txt", NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  GSList files = { file, NULL };
  GdkFileList *list;

  show_files (f);
  RUN_UNTIL (find_label (f, "Empty Folder") != NULL);
  write_file (f->folder, "up.txt", "from the host");
  list = gdk_file_list_new_from_list (&files);
  gdk_clipboard_set (gtk_widget_get_clipboard (f->window), GDK_TYPE_FILE_LIST, list);
  g_boxed_free (GDK_TYPE_FILE_LIST, list);
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (get_files (f)), "files.paste", NULL));
  RUN_UNTIL (has_file (f->shared, "up.txt", "from the host"));
  RUN_UNTIL (get_model (f) != NULL && g_list_model_get_n_items (G_LIST_MODEL (get_model (f))) == 1);
  /* Again: there is one of that name. */
  write_file (f->folder, "up.txt", "second");
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (get_files (f)), "files.paste", NULL));
  RUN_UNTIL (find_dialog () != NULL);
  shoot ("files-question");
  g_assert_true (has_file (f->shared, "up.txt", "from the host"));
  answer ("replace");
  RUN_UNTIL (has_file (f->shared, "up.txt", "second"));
  shoot ("files-transfers");
}

static void
test_selected_files_are_downloaded (Fixture *f, gconstpointer data)
{
  g_autofree char *target = g_build_filename (f->folder, "downloads", NULL);
  g_autoptr (GFile) folder = g_file_new_for_path (target);

  g_assert_cmpint (g_mkdir (target, 0755), ==, 0);
  write_file (f->shared, "one", "1");
  write_file (f->shared, "two", "2");
  show_files (f);
  RUN_UNTIL (get_model (f) != NULL && g_list_model_get_n_items (G_LIST_MODEL (get_model (f))) == 2);
  gtk_selection_model_select_all (get_model (f));
  kvmm_files_view_download (get_files (f), folder);
  RUN_UNTIL (has_file (target, "one", "1") && has_file (target, "two", "2"));
}

static void
tool_done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (g_subprocess_wait_check_finish (G_SUBPROCESS (source), result, &error));
  *(gboolean *) user_data = TRUE;
}

/* The pointer and the keys of a person, while the window goes on. */
static void
use_pointer (const char *const *argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process =
      g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_STDOUT_SILENCE, &error);
  gboolean is_done = FALSE;

  g_assert_no_error (error);
  g_subprocess_wait_check_async (process, NULL, tool_done_cb, &is_done);
  RUN_UNTIL (is_done);
}

static void
move_pointer (int x, int y)
{
  g_autofree char *x_text = g_strdup_printf ("%d", x);
  g_autofree char *y_text = g_strdup_printf ("%d", y);

  use_pointer ((const char *const[]){ "xdotool", "mousemove", x_text, y_text, NULL });
}

/* Where @widget is on the screen, on which windows stand where they are put. */
static void
point_at (GtkWidget *widget, int window_x, int window_y, int *x, int *y)
{
  GtkNative *native = gtk_widget_get_native (widget);
  double to_x, to_y, at_x, at_y;

  gtk_native_get_surface_transform (native, &to_x, &to_y);
  g_assert_true (
      gtk_widget_translate_coordinates (widget, GTK_WIDGET (native), 10, 5, &at_x, &at_y));
  *x = window_x + (int) (to_x + at_x);
  *y = window_y + (int) (to_y + at_y);
}

typedef struct
{
  GtkWidget *window;
  char *path; /* of the file that was dropped */
} Taker;

static gboolean
taken_cb (GtkDropTarget *target, const GValue *value, double x, double y, Taker *taker)
{
  GSList *files = gdk_file_list_get_files (g_value_get_boxed (value));

  taker->path = g_file_get_path (files->data);
  g_slist_free (files);
  return TRUE;
}

/* Another window, as a file manager's. */
static void
open_taker (Taker *taker, int x, int y)
{
  g_autofree char *x_text = g_strdup_printf ("%d", x);
  g_autofree char *y_text = g_strdup_printf ("%d", y);
  GtkDropTarget *target = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);

  taker->window = gtk_window_new ();
  gtk_window_set_title (GTK_WINDOW (taker->window), "taker");
  gtk_window_set_default_size (GTK_WINDOW (taker->window), 250, 250);
  gtk_window_set_child (GTK_WINDOW (taker->window), gtk_label_new ("Drop it here"));
  g_signal_connect (target, "drop", G_CALLBACK (taken_cb), taker);
  gtk_widget_add_controller (taker->window, GTK_EVENT_CONTROLLER (target));
  gtk_window_present (GTK_WINDOW (taker->window));
  RUN_UNTIL (gtk_widget_get_mapped (taker->window));
  use_pointer ((const char *const[]){ "xdotool", "search", "--sync", "--onlyvisible", "--name",
                                      "^taker$", "windowmove", x_text, y_text, NULL });
}

static void
test_a_file_is_dragged_out (Fixture *f, gconstpointer data)
{
  g_autofree char *xdotool = g_find_program_in_path ("xdotool");
  Taker taker = { 0 };
  int from_x, from_y;
  GtkWidget *label;

  if (xdotool == NULL)
    {
      g_test_skip ("xdotool is not installed");
      return;
    }
  write_file (f->shared, "report.txt", "what the guest has");
  show_files (f);
  gtk_window_set_default_size (GTK_WINDOW (f->window), 480, 500);
  RUN_UNTIL (gtk_widget_get_width (f->window) <= 480);
  RUN_UNTIL ((label = find_label (f, "report.txt")) != NULL && gtk_widget_get_width (label) > 0);
  open_taker (&taker, 650, 300);
  point_at (label, 0, 0, &from_x, &from_y);
  move_pointer (from_x, from_y);
  use_pointer ((const char *const[]){ "xdotool", "mousedown", "1", NULL });
  for (int i = 1; i <= 10; i++)
    move_pointer (from_x + i * 4, from_y + i * 2);
  for (int i = 0; i <= 10; i++)
    move_pointer (700 + i * 8, 350 + i * 5);
  shoot ("files-drag");
  use_pointer ((const char *const[]){ "xdotool", "mouseup", "1", NULL });
  RUN_UNTIL (taker.path != NULL);
  {
    g_autofree char *folder = g_path_get_dirname (taker.path);
    g_autofree char *name = g_path_get_basename (taker.path);
    GStatBuf status;

    g_assert_cmpstr (name, ==, "report.txt");
    g_assert_true (has_file (folder, name, "what the guest has"));
    g_assert_cmpint (g_stat (folder, &status), ==, 0);
    g_assert_cmpint (status.st_mode & 0777, ==, 0700);
  }
  /* It can be seen on its way like all others. */
  RUN_UNTIL (find_label (f, "Transfers") != NULL);
  g_free (taker.path);
  gtk_window_destroy (GTK_WINDOW (taker.window));
}

/* A window that gives files away, as a file manager's. */
static GtkWidget *
open_giver (GFile **files, gsize n_files, int x, int y)
{
  g_autofree char *x_text = g_strdup_printf ("%d", x);
  g_autofree char *y_text = g_strdup_printf ("%d", y);
  GdkFileList *list = gdk_file_list_new_from_array (files, n_files);
  g_autoptr (GdkContentProvider) provider =
      gdk_content_provider_new_typed (GDK_TYPE_FILE_LIST, list);
  GtkDragSource *source = gtk_drag_source_new ();
  GtkWidget *giver = gtk_window_new ();

  g_boxed_free (GDK_TYPE_FILE_LIST, list);
  gtk_window_set_title (GTK_WINDOW (giver), "giver");
  gtk_window_set_default_size (GTK_WINDOW (giver), 250, 250);
  gtk_window_set_child (GTK_WINDOW (giver), gtk_label_new ("Take it from here"));
  gtk_drag_source_set_content (source, provider);
  gtk_widget_add_controller (giver, GTK_EVENT_CONTROLLER (source));
  gtk_window_present (GTK_WINDOW (giver));
  RUN_UNTIL (gtk_widget_get_mapped (giver));
  use_pointer ((const char *const[]){ "xdotool", "search", "--sync", "--onlyvisible", "--name",
                                      "^giver$", "windowmove", x_text, y_text, NULL });
  return giver;
}

/* From the window "giver" onto the middle of @target. */
static void
drag_from (GtkWidget *giver, GtkWidget *target)
{
  int x, y;

  point_at (target, 0, 0, &x, &y);
  x += gtk_widget_get_width (target) / 2;
  y += gtk_widget_get_height (target) / 2;
  move_pointer (700, 350);
  use_pointer ((const char *const[]){ "xdotool", "mousedown", "1", NULL });
  for (int i = 1; i <= 10; i++)
    move_pointer (700 - i * 4, 350 + i * 2);
  for (int i = 0; i <= 10; i++)
    move_pointer (x - 10 + i, y - 10 + i);
  use_pointer ((const char *const[]){ "xdotool", "mouseup", "1", NULL });
}

static GFile *
make_host_file (Fixture *f, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (f->folder, name, NULL);

  write_file (f->folder, name, text);
  return g_file_new_for_path (path);
}

static void
test_a_drop_on_the_window_goes_to_the_inbox (Fixture *f, gconstpointer data)
{
  g_autofree char *inbox = g_build_filename (f->folder, "var/lib/kvm-manager-agent/inbox", NULL);
  g_autoptr (GFile) file = make_host_file (f, "up.txt", "for the inbox");
  GSList files = { file, NULL };

  open_window (f, "overview");
  kvmm_file_drop_take (f->window, f->domain, &files);
  RUN_UNTIL (find_label (f, "1 file is in the inbox of") != NULL);
  g_assert_true (has_file (inbox, "up.txt", "for the inbox"));
  shoot ("drop-inbox");
}

static void
test_a_drop_goes_into_the_folder_shown (Fixture *f, gconstpointer data)
{
  g_autoptr (GFile) file = make_host_file (f, "up.txt", "for the folder");
  GSList files = { file, NULL };

  show_files (f);
  RUN_UNTIL (find_label (f, "Empty Folder") != NULL);
  kvmm_file_drop_take (f->window, f->domain, &files);
  RUN_UNTIL (has_file (f->shared, "up.txt", "for the folder"));
}

static void
test_a_drop_says_what_is_missing (Fixture *f, gconstpointer data)
{
  g_autoptr (GFile) file = make_host_file (f, "up.txt", "nowhere");
  GSList files = { file, NULL };

  open_window (f, "overview");
  kvmm_guest_set_control_allowed (f->guest, FALSE);
  kvmm_file_drop_take (f->window, f->domain, &files);
  RUN_UNTIL (find_dialog () != NULL);
  g_assert_cmpstr (adw_message_dialog_get_heading (ADW_MESSAGE_DIALOG (find_dialog ())), ==,
                   "Files Into the Guest's Inbox");
  answer ("close");
  scripted_guest_set_state (f->guest, KVMM_GUEST_STATE_WAITING, "Nobody there.");
  kvmm_file_drop_take (f->window, f->domain, &files);
  RUN_UNTIL (find_label (f, "through its agent, which does not answer now") != NULL);
}

static void
test_files_are_dropped_onto_the_screen (Fixture *f, gconstpointer data)
{
  g_autofree char *inbox = g_build_filename (f->folder, "var/lib/kvm-manager-agent/inbox", NULL);
  g_autofree char *xdotool = g_find_program_in_path ("xdotool");
  g_autoptr (GFile) first = make_host_file (f, "first.txt", "by the screen");
  g_autoptr (GFile) second = make_host_file (f, "second.txt", "too");
  GFile *files[] = { first, second };
  GtkWidget *page, *giver;

  if (xdotool == NULL)
    {
      g_test_skip ("xdotool is not installed");
      return;
    }
  open_window (f, "console");
  gtk_window_set_default_size (GTK_WINDOW (f->window), 480, 500);
  RUN_UNTIL (gtk_widget_get_width (f->window) <= 480);
  RUN_UNTIL ((page = find_type (f, KVMM_TYPE_CONSOLE_PAGE)) != NULL &&
             gtk_widget_get_height (page) > 0);
  giver = open_giver (files, G_N_ELEMENTS (files), 650, 300);
  drag_from (giver, page);
  RUN_UNTIL (find_label (f, "2 files are in the inbox of") != NULL);
  g_assert_true (has_file (inbox, "first.txt", "by the screen"));
  g_assert_true (has_file (inbox, "second.txt", "too"));
  shoot ("console-drop");

  /* The guest's policy may change, and what it says is told at once. */
  scripted_guest_set_access (f->guest, "inbox", "deny");
  drag_from (giver, page);
  RUN_UNTIL (find_label (f, "Nothing can be dropped: the guest's policy allows no files") != NULL);
  gtk_window_destroy (GTK_WINDOW (giver));
}

static void
test_delete_asks_and_names (Fixture *f, gconstpointer data)
{
  write_file (f->shared, "old.log", "1");
  show_files (f);
  RUN_UNTIL (get_model (f) != NULL && g_list_model_get_n_items (G_LIST_MODEL (get_model (f))) == 1);
  gtk_selection_model_select_item (get_model (f), 0, TRUE);
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (get_files (f)), "files.delete", NULL));
  RUN_UNTIL (find_dialog () != NULL);
  g_assert_nonnull (
      strstr (adw_message_dialog_get_body (ADW_MESSAGE_DIALOG (find_dialog ())), "old.log"));
  answer ("accept");
  RUN_UNTIL (find_label (f, "Empty Folder") != NULL);
  g_assert_false (has_file (f->shared, "old.log", "1"));
}

static void
test_ten_thousand_entries (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < N_MANY; i++)
    {
      g_autofree char *name = g_strdup_printf ("entry-%05u.log", i);

      write_file (f->shared, name, "");
    }
  show_files (f);
  /* More than the agent says in one go. */
  RUN_UNTIL (get_model (f) != NULL &&
             g_list_model_get_n_items (G_LIST_MODEL (get_model (f))) == N_MANY);
  RUN_UNTIL (find_label (f, "entry-00000.log") != NULL);
}

/* ---- Shared folders ---- */

static GtkWidget *
find_share_window (void)
{
  g_autoptr (GListModel) windows = g_object_ref (gtk_window_get_toplevels ());

  for (guint i = 0; i < g_list_model_get_n_items (windows); i++)
    {
      g_autoptr (GtkWidget) window = g_list_model_get_item (windows, i);

      if (KVMM_IS_SHARE_WINDOW (window) && gtk_widget_get_mapped (window))
        return window;
    }
  return NULL;
}

static gboolean
is_button (GtkWidget *widget, gconstpointer label)
{
  return GTK_IS_BUTTON (widget) &&
         g_strcmp0 (gtk_button_get_label (GTK_BUTTON (widget)), label) == 0;
}

/* The agent does what the line says, by the rules of its commands. No folder is shared with this
 * computer, so its mount fails, and says so. */
static void
test_a_folder_is_mounted_by_the_agent (Fixture *f, gconstpointer data)
{
  const GType entry_type = ADW_TYPE_ENTRY_ROW;
  const GType run_type = KVMM_TYPE_COMMAND_RUN;
  KvmmXmlShare share = { (char *) "papers", (char *) "/home/anna/Papers", TRUE, FALSE };
  g_autofree char *place = g_build_filename (f->folder, "a place", NULL);
  GtkWidget *window;
  GtkWidget *button;

  open_window (f, "hardware");
  kvmm_share_window_present (f->window, f->domain, &share, FALSE);
  RUN_UNTIL (find_share_window () != NULL);
  window = find_share_window ();
  button = find (window, is_button, "_Mount");
  gtk_editable_set_text (GTK_EDITABLE (find (window, is_type, &entry_type)), place);
  g_assert_true (gtk_widget_get_sensitive (button));

  /* Neither does the policy let it nor, then, this computer. */
  g_signal_emit_by_name (button, "clicked");
  RUN_UNTIL (find_dialog () != NULL);
  answer ("close");
  scripted_guest_set_access (f->guest, "exec", "any");
  kvmm_guest_set_control_allowed (f->guest, FALSE);
  g_signal_emit_by_name (button, "clicked");
  RUN_UNTIL (find_dialog () != NULL);
  answer ("close");
  g_assert_null (find (window, is_type, &run_type));
  g_assert_false (g_file_test (place, G_FILE_TEST_EXISTS));

  kvmm_guest_set_control_allowed (f->guest, TRUE);
  g_signal_emit_by_name (button, "clicked");
  RUN_UNTIL (find (window, is_label, "Failed with exit code") != NULL);
  g_assert_true (g_file_test (place, G_FILE_TEST_IS_DIR));
  RUN_UNTIL (find (window, is_label, "mount -t virtiofs papers") != NULL);
  shoot ("share-mounted-by-agent");

  /* Without the agent it is left to a person. */
  scripted_guest_set_agent (f->guest, NULL);
  scripted_guest_set_state (f->guest, KVMM_GUEST_STATE_WAITING, "Waiting");
  g_assert_false (gtk_widget_get_sensitive (button));
  g_assert_nonnull (find (window, is_label, "mounted by hand"));
}

int
main (int argc, char **argv)
{
  g_autoptr (AdwApplication) application = NULL;
  g_autoptr (GtkCssProvider) style = NULL;
  g_autoptr (GError) error = NULL;

  g_setenv ("GSETTINGS_BACKEND", "memory", TRUE);
  g_setenv ("GTK_A11Y", "none", TRUE);
  kvmm_thread_set_main ();
  g_test_init (&argc, &argv, NULL);
  kvmm_virt_init ();
  application = adw_application_new (NULL, G_APPLICATION_NON_UNIQUE);
  g_application_register (G_APPLICATION (application), NULL, &error);
  g_assert_no_error (error);
  style = gtk_css_provider_new ();
  gtk_css_provider_load_from_resource (style, "/org/kvmmanager/KvmManager/style.css");
  gtk_style_context_add_provider_for_display (gdk_display_get_default (),
                                              GTK_STYLE_PROVIDER (style),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
#define ADD(path, func) g_test_add ("/ui/guest-io/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("a-shell-answers", test_a_shell_answers);
  ADD ("the-guest-learns-the-size", test_the_guest_learns_the_size);
  ADD ("the-end-is-told-and-enter-starts-anew", test_the_end_is_told_and_enter_starts_anew);
  ADD ("a-lost-session-keeps-the-screen", test_a_lost_session_keeps_the_screen);
  ADD ("tabs-have-our-titles-and-ask", test_tabs_have_our_titles_and_ask);
  ADD ("login-only", test_login_only);
  ADD ("a-window-with-a-terminal-is-let-go", test_a_window_with_a_terminal_is_let_go);
  ADD ("a-folder-is-listed", test_a_folder_is_listed);
  ADD ("pasted-files-are-uploaded", test_pasted_files_are_uploaded);
  ADD ("selected-files-are-downloaded", test_selected_files_are_downloaded);
  ADD ("a-file-is-dragged-out", test_a_file_is_dragged_out);
  ADD ("a-drop-on-the-window-goes-to-the-inbox", test_a_drop_on_the_window_goes_to_the_inbox);
  ADD ("a-drop-goes-into-the-folder-shown", test_a_drop_goes_into_the_folder_shown);
  ADD ("files-are-dropped-onto-the-screen", test_files_are_dropped_onto_the_screen);
  ADD ("a-drop-says-what-is-missing", test_a_drop_says_what_is_missing);
  ADD ("delete-asks-and-names", test_delete_asks_and_names);
  ADD ("a-folder-is-mounted-by-the-agent", test_a_folder_is_mounted_by_the_agent);
  ADD ("ten-thousand-entries", test_ten_thousand_entries);
  return g_test_run ();
}
