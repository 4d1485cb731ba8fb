/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <adwaita.h>
#include <libvirt/libvirt.h>

#include "model/kvmm-connection.h"
#include "scripted-guest.h"
#include "ui/kvmm-fact-row.h"
#include "ui/kvmm-graph.h"
#include "ui/kvmm-guest-silent-view.h"
#include "ui/kvmm-machine-window.h"
#include "ui/kvmm-mount-flow.h"
#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-connect.h"

/* The machine's window on libvirt's test driver, with a guest that says what the test wants. */

#define DEADLINE_SECONDS 30
#define HOSTILE "<b>bold</b> &amp; <a href='x'>"

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
 * quarks from its constructor. */
const char *__lsan_default_suppressions (void);
const char *
__lsan_default_suppressions (void)
{
  return "leak:libfontconfig\nleak:call_init";
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
  GtkWidget *window; /* (nullable) */
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

/* A label on screen that holds the text. */
static GtkWidget *
find_label (GtkWidget *widget, const char *text)
{
  if (!gtk_widget_get_mapped (widget))
    return NULL;
  if (GTK_IS_LABEL (widget) && strstr (gtk_label_get_text (GTK_LABEL (widget)), text) != NULL)
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_label (child, text);

      if (found != NULL)
        return found;
    }
  return NULL;
}

static GtkWidget *
find_button (GtkWidget *widget, const char *label)
{
  if (!gtk_widget_get_mapped (widget))
    return NULL;
  if (GTK_IS_BUTTON (widget) && g_strcmp0 (gtk_button_get_label (GTK_BUTTON (widget)), label) == 0)
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_button (child, label);

      if (found != NULL)
        return found;
    }
  return NULL;
}

static GtkWidget *
find_window (Fixture *f, GType type)
{
  g_autoptr (GListModel) windows = g_object_ref (gtk_window_get_toplevels ());

  for (guint i = 0; i < g_list_model_get_n_items (windows); i++)
    {
      g_autoptr (GtkWidget) window = g_list_model_get_item (windows, i);

      if (G_TYPE_CHECK_INSTANCE_TYPE (window, type) && gtk_widget_get_visible (window))
        return window;
    }
  return NULL;
}

static void
open_window (Fixture *f, const char *page)
{
  kvmm_machine_window_present (GTK_APPLICATION (f->application), f->settings, f->domain, page);
  f->window = find_window (f, KVMM_TYPE_MACHINE_WINDOW);
  g_assert_nonnull (f->window);
  RUN_UNTIL (gtk_widget_get_mapped (f->window));
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->application = ADW_APPLICATION (g_application_get_default ());
  f->settings = kvmm_settings_new (&error);
  g_assert_no_error (error);
  f->connection = kvmm_connection_new ("test:///default", f->settings);
  kvmm_connection_connect (f->connection);
  RUN_UNTIL (kvmm_connection_get_is_loaded (f->connection));
  f->domain = g_object_ref (kvmm_connection_find (f->connection, "test"));
  f->guest = kvmm_domain_get_guest (f->domain);
  scripted_iso_set_drive (NULL);
  scripted_iso_set_error (-1, NULL, 0);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autoptr (GListModel) windows = g_object_ref (gtk_window_get_toplevels ());

  while (g_list_model_get_n_items (windows) > 0)
    {
      g_autoptr (GtkWindow) window = g_list_model_get_item (windows, 0);

      gtk_window_destroy (window);
    }
  RUN_UNTIL (!g_main_context_iteration (NULL, FALSE));
  g_assert_cmpint (scripted_guest_get_holds (f->guest), ==, 0);
  kvmm_connection_disconnect (f->connection);
  RUN_UNTIL (kvmm_connection_get_state (f->connection) == KVMM_CONNECTION_DISCONNECTED);
  g_clear_object (&f->domain);
  g_clear_object (&f->connection);
  g_clear_object (&f->settings);
}

static void
test_one_window_per_machine (Fixture *f, gconstpointer data)
{
  GtkWidget *first;

  open_window (f, NULL);
  first = f->window;
  open_window (f, "log");
  g_assert_true (f->window == first);
  g_assert_cmpuint (g_list_length (gtk_application_get_windows (GTK_APPLICATION (f->application))),
                    ==, 1);
  RUN_UNTIL (find_label (f->window, "Nothing Has Happened Yet") != NULL ||
             find_type (f->window, GTK_TYPE_LIST_VIEW) != NULL);
}

static void
test_window_is_let_go (Fixture *f, gconstpointer data)
{
  GtkWidget *window;

  open_window (f, NULL);
  window = f->window;
  for (guint i = 0; i < 5; i++)
    {
      static const char *const pages[] = { "overview", "guest", "hardware", "xml", "log" };

      open_window (f, pages[i]);
      RUN_UNTIL (!g_main_context_iteration (NULL, FALSE));
    }
  g_object_add_weak_pointer (G_OBJECT (window), (gpointer *) &window);
  gtk_window_close (GTK_WINDOW (window));
  RUN_UNTIL (window == NULL);
}

static void
test_enter_shuts_nothing_down (Fixture *f, gconstpointer data)
{
  GtkWidget *focus;

  open_window (f, "overview");
  RUN_UNTIL (gtk_window_get_focus (GTK_WINDOW (f->window)) != NULL);
  focus = gtk_window_get_focus (GTK_WINDOW (f->window));
  g_assert_nonnull (gtk_widget_get_ancestor (focus, ADW_TYPE_VIEW_SWITCHER));
}

static void
test_overview_shows_state (Fixture *f, gconstpointer data)
{
  open_window (f, "overview");
  RUN_UNTIL (find_label (f->window, "Running") != NULL);
  g_assert_nonnull (find_button (f->window, "Shut Down"));
  RUN_UNTIL (find_label (f->window, "reports no CPU") != NULL);
}

static void
test_overview_holds_the_guest_while_mapped (Fixture *f, gconstpointer data)
{
  open_window (f, "overview");
  RUN_UNTIL (scripted_guest_get_holds (f->guest) == 1);
  open_window (f, "log");
  RUN_UNTIL (scripted_guest_get_holds (f->guest) == 0);
  open_window (f, "guest");
  RUN_UNTIL (scripted_guest_get_holds (f->guest) == 1);
}

static void
test_one_button_for_each_state (Fixture *f, gconstpointer data)
{
  static const struct
  {
    KvmmGuestState state;
    const char *label; /* (nullable) */
    gboolean has_commands;
  } cases[] = {
    { KVMM_GUEST_STATE_NOT_SUPPORTED, NULL, FALSE },
    { KVMM_GUEST_STATE_NO_CHANNEL, "Add Channel", TRUE },
    { KVMM_GUEST_STATE_NEEDS_POWER_OFF, "Add Channel", TRUE },
    { KVMM_GUEST_STATE_WAITING, "Mount Agent Disc", TRUE },
    { KVMM_GUEST_STATE_CONNECTING, "Try Now", FALSE },
    { KVMM_GUEST_STATE_UNRESPONSIVE, "Try Now", FALSE },
    { KVMM_GUEST_STATE_IN_USE, "Take Over", FALSE },
    { KVMM_GUEST_STATE_INCOMPATIBLE, "Mount Agent Disc", TRUE },
    { KVMM_GUEST_STATE_BLOCKED, "Try Now", FALSE },
  };

  open_window (f, "guest");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      static const char *const all[] = { "Add Channel", "Mount Agent Disc", "Try Now", "Take Over",
                                         "Start" };
      GtkWidget *view;

      scripted_guest_set_state (f->guest, cases[i].state, "Because of <this> & that.");
      RUN_UNTIL (find_label (f->window, "Because of <this> & that.") != NULL);
      view = find_type (f->window, KVMM_TYPE_GUEST_SILENT_VIEW);
      for (guint j = 0; j < G_N_ELEMENTS (all); j++)
        {
          gboolean is_wanted = g_strcmp0 (all[j], cases[i].label) == 0;

          RUN_UNTIL ((find_button (view, all[j]) != NULL) == is_wanted);
        }
      RUN_UNTIL ((find_label (view, "sh /mnt/install.sh") != NULL) == cases[i].has_commands);
    }
}

static void
test_button_retries (Fixture *f, gconstpointer data)
{
  open_window (f, "guest");
  scripted_guest_set_state (f->guest, KVMM_GUEST_STATE_UNRESPONSIVE, "Silent.");
  RUN_UNTIL (find_button (f->window, "Try Now") != NULL);
  g_signal_emit_by_name (find_button (f->window, "Try Now"), "clicked");
  g_assert_cmpuint (scripted_guest_get_retries (f->guest), ==, 1);
}

static void
test_waiting_counts (Fixture *f, gconstpointer data)
{
  GtkWidget *label;
  g_autofree char *first = NULL;

  open_window (f, "guest");
  scripted_guest_set_state (f->guest, KVMM_GUEST_STATE_WAITING, "No agent.");
  RUN_UNTIL (find_label (f->window, "has not opened the channel yet; 1") != NULL);
  label = find_label (f->window, "has not opened the channel yet; 1");
  first = g_strdup (gtk_label_get_text (GTK_LABEL (label)));
  RUN_UNTIL (g_strcmp0 (gtk_label_get_text (GTK_LABEL (label)), first) != 0);
}

static void
test_guest_text_is_never_markup (Fixture *f, gconstpointer data)
{
  open_window (f, "guest");
  scripted_guest_set_facts (f->guest, HOSTILE);
  scripted_guest_add_filesystem (f->guest, HOSTILE, 10, FALSE, FALSE);
  scripted_guest_add_interface (f->guest, HOSTILE, "192.0.2.7", FALSE);
  scripted_guest_add_user (f->guest, HOSTILE);
  scripted_guest_set_policy_error (f->guest, HOSTILE);
  scripted_guest_set_state (f->guest, KVMM_GUEST_STATE_READY, HOSTILE);
  RUN_UNTIL (find_label (f->window, HOSTILE) != NULL);
  RUN_UNTIL (find_label (f->window, "Reported by the guest") != NULL);
  open_window (f, "overview");
  RUN_UNTIL (find_label (f->window, HOSTILE) != NULL);
}

static void
test_facts_are_live (Fixture *f, gconstpointer data)
{
  GtkWidget *row;

  open_window (f, "guest");
  scripted_guest_set_facts (f->guest, "Debian");
  scripted_guest_set_state (f->guest, KVMM_GUEST_STATE_READY, "Ready.");
  RUN_UNTIL (find_label (f->window, "Agent 0.1.0 · 0.4 ms") != NULL);
  scripted_guest_push_metrics (f->guest, 0.5);
  RUN_UNTIL (find_label (f->window, "50 %") != NULL);
  scripted_guest_push_metrics (f->guest, 0.75);
  RUN_UNTIL (find_label (f->window, "75 %") != NULL);
  scripted_guest_add_filesystem (f->guest, "/srv", 95, FALSE, FALSE);
  RUN_UNTIL (find_label (f->window, "nearly full") != NULL);
  scripted_guest_add_filesystem (f->guest, "/net", 0, FALSE, TRUE);
  RUN_UNTIL (find_label (f->window, "Does not answer") != NULL);
  row = find_type (f->window, KVMM_TYPE_FACT_ROW);
  g_assert_nonnull (row);
}

static void
test_virtual_interfaces_are_folded_away (Fixture *f, gconstpointer data)
{
  open_window (f, "guest");
  scripted_guest_set_facts (f->guest, "Debian");
  scripted_guest_add_interface (f->guest, "eth0", "192.0.2.7", FALSE);
  scripted_guest_add_interface (f->guest, "docker0", "172.17.0.1", TRUE);
  scripted_guest_set_state (f->guest, KVMM_GUEST_STATE_READY, "Ready.");
  RUN_UNTIL (find_label (f->window, "eth0") != NULL);
  RUN_UNTIL (find_label (f->window, "1 virtual interface") != NULL);
  g_assert_null (find_label (f->window, "docker0"));
}

static void
test_offers_to_eject_after_the_answer (Fixture *f, gconstpointer data)
{
  open_window (f, "guest");
  scripted_iso_set_drive ("sda");
  scripted_guest_set_state (f->guest, KVMM_GUEST_STATE_WAITING, "Waiting.");
  RUN_UNTIL (find_button (f->window, "Try Now") != NULL);
  g_assert_null (find_button (f->window, "Eject"));
  scripted_guest_set_state (f->guest, KVMM_GUEST_STATE_READY, "Ready.");
  RUN_UNTIL (find_button (f->window, "Eject") != NULL);
  g_signal_emit_by_name (find_button (f->window, "Eject"), "clicked");
  RUN_UNTIL (find_label (f->window, "Agent disc ejected") != NULL);
}

static void
test_mount_tells_the_truth (Fixture *f, gconstpointer data)
{
  GtkWidget *dialog;

  open_window (f, "guest");
  kvmm_mount_flow_start (f->window, f->settings, f->domain);
  RUN_UNTIL (find_window (f, ADW_TYPE_MESSAGE_DIALOG) != NULL);
  dialog = find_window (f, ADW_TYPE_MESSAGE_DIALOG);
  RUN_UNTIL (find_label (dialog, "shut down and started") != NULL);
  g_assert_nonnull (find_label (dialog, "sh /mnt/install.sh"));
  g_signal_emit_by_name (find_button (dialog, "_Close"), "clicked");
  RUN_UNTIL (find_window (f, ADW_TYPE_MESSAGE_DIALOG) == NULL);
}

static void
test_mount_asks_before_it_replaces (Fixture *f, gconstpointer data)
{
  GtkWidget *dialog;

  open_window (f, "guest");
  scripted_iso_set_error (KVMM_AGENT_ISO_ERROR_REPLACE_NEEDED, "Drive sda holds debian.iso.",
                          KVMM_AGENT_ISO_MOUNT_REPLACE);
  kvmm_mount_flow_start (f->window, f->settings, f->domain);
  RUN_UNTIL (find_window (f, ADW_TYPE_MESSAGE_DIALOG) != NULL);
  dialog = find_window (f, ADW_TYPE_MESSAGE_DIALOG);
  RUN_UNTIL (find_label (dialog, "Drive sda holds debian.iso.") != NULL);
  RUN_UNTIL (find_button (dialog, "Replace") != NULL || find_label (dialog, "Replace") != NULL);
}

static void
test_failed_mount_names_each_path (Fixture *f, gconstpointer data)
{
  GtkWidget *dialog;

  open_window (f, "guest");
  scripted_iso_set_error (KVMM_AGENT_ISO_ERROR_NONE_USABLE,
                          "/usr/share/a.iso: there is no such file\n/srv/b.iso: not readable", 0);
  kvmm_mount_flow_start (f->window, f->settings, f->domain);
  RUN_UNTIL (find_window (f, ADW_TYPE_MESSAGE_DIALOG) != NULL);
  dialog = find_window (f, ADW_TYPE_MESSAGE_DIALOG);
  RUN_UNTIL (find_label (dialog, "/srv/b.iso: not readable") != NULL);
}

static void
test_hardware_lists_devices (Fixture *f, gconstpointer data)
{
  open_window (f, "hardware");
  RUN_UNTIL (find_type (f->window, GTK_TYPE_LIST_BOX_ROW) != NULL);
  RUN_UNTIL (find_label (f->window, "Disk vda") != NULL);
}

static void
test_lost_connection_is_said (Fixture *f, gconstpointer data)
{
  open_window (f, "overview");
  kvmm_connection_disconnect (f->connection);
  RUN_UNTIL (find_label (f->window, "Not connected to") != NULL);
  RUN_UNTIL (find_button (f->window, "Connect") != NULL);
  g_signal_emit_by_name (find_button (f->window, "Connect"), "clicked");
  RUN_UNTIL (kvmm_connection_get_state (f->connection) == KVMM_CONNECTION_CONNECTED);
  RUN_UNTIL (find_label (f->window, "Not connected to") == NULL);
}

static void
test_deleted_machine_is_said (Fixture *f, gconstpointer data)
{
  /* The default host of the test driver is one for the whole process. */
  virConnectPtr connect = virConnectOpen ("test:///default");
  virDomainPtr handle =
      virDomainDefineXML (connect, "<domain type='test'><name>short-lived</name>"
                                   "<memory>65536</memory><os><type>hvm</type></os>"
                                   "</domain>");

  g_assert_nonnull (handle);
  RUN_UNTIL (kvmm_connection_find (f->connection, "short-lived") != NULL);
  kvmm_machine_window_present (GTK_APPLICATION (f->application), f->settings,
                               kvmm_connection_find (f->connection, "short-lived"), "overview");
  f->window = find_window (f, KVMM_TYPE_MACHINE_WINDOW);
  RUN_UNTIL (find_label (f->window, "Shut off") != NULL);
  g_assert_null (find_label (f->window, "is no longer there"));
  g_assert_cmpint (virDomainUndefine (handle), ==, 0);
  RUN_UNTIL (find_label (f->window, "“short-lived” is no longer there") != NULL);
  g_assert_false (gtk_widget_get_sensitive (find_button (f->window, "Start")));
  virDomainFree (handle);
  virConnectClose (connect);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*func) (Fixture *, gconstpointer);
  } cases[] = {
    { "one-window-per-machine", test_one_window_per_machine },
    { "is-let-go", test_window_is_let_go },
    { "enter-shuts-nothing-down", test_enter_shuts_nothing_down },
    { "overview-shows-state", test_overview_shows_state },
    { "overview-holds-the-guest-while-mapped", test_overview_holds_the_guest_while_mapped },
    { "one-button-for-each-state", test_one_button_for_each_state },
    { "button-retries", test_button_retries },
    { "waiting-counts", test_waiting_counts },
    { "guest-text-is-never-markup", test_guest_text_is_never_markup },
    { "facts-are-live", test_facts_are_live },
    { "virtual-interfaces-are-folded-away", test_virtual_interfaces_are_folded_away },
    { "offers-to-eject-after-the-answer", test_offers_to_eject_after_the_answer },
    { "mount-tells-the-truth", test_mount_tells_the_truth },
    { "mount-asks-before-it-replaces", test_mount_asks_before_it_replaces },
    { "failed-mount-names-each-path", test_failed_mount_names_each_path },
    { "hardware-lists-devices", test_hardware_lists_devices },
    { "lost-connection-is-said", test_lost_connection_is_said },
    { "deleted-machine-is-said", test_deleted_machine_is_said },
  };

  g_autoptr (AdwApplication) application = NULL;
  g_autoptr (GError) error = NULL;

  g_setenv ("GSETTINGS_BACKEND", "memory", TRUE);
  g_setenv ("GTK_A11Y", "none", TRUE);
  kvmm_thread_set_main ();
  g_test_init (&argc, &argv, NULL);
  kvmm_virt_init ();
  /* One for all cases: a second one cannot be exported on the same bus. */
  application = adw_application_new (NULL, G_APPLICATION_NON_UNIQUE);
  g_application_register (G_APPLICATION (application), NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/ui/machine-window/", cases[i].path, NULL);

      g_test_add (path, Fixture, NULL, set_up, cases[i].func, tear_down);
    }
  return g_test_run ();
}
