/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <adwaita.h>
#include <libvirt/libvirt.h>

#include "machine-fixture.h"
#include "model/kvmm-domain-private.h"
#include "model/kvmm-shutdown-private.h"
#include "ui/kvmm-control-row.h"
#include "ui/kvmm-fact-row.h"
#include "ui/kvmm-graph.h"
#include "ui/kvmm-guest-access-window.h"
#include "ui/kvmm-guest-sections.h"
#include "ui/kvmm-guest-silent-view.h"
#include "ui/kvmm-machine-window.h"
#include "ui/kvmm-mount-flow.h"
#include "ui/kvmm-output-store.h"
#include "ui/kvmm-output-view.h"
#include "ui/kvmm-process-item.h"

/* The machine's window on libvirt's test driver, with a guest that says what the test wants. */

#define NARROW_WIDTH 360
#define HOSTILE "<b>bold</b> &amp; <a href='x'>"

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
  for (guint i = 0; i < 7; i++)
    {
      static const char *const pages[] = { "console",  "overview", "guest", "terminal",
                                           "hardware", "xml",      "log" };

      open_window (f, pages[i]);
      RUN_UNTIL (!g_main_context_iteration (NULL, FALSE));
    }
  g_object_add_weak_pointer (G_OBJECT (window), (gpointer *) &window);
  gtk_window_close (GTK_WINDOW (window));
  RUN_UNTIL (window == NULL);
}

/* Its parts and their empty states as well: each was the widest once. */
static void
test_fits_a_narrow_screen (Fixture *f, gconstpointer data)
{
  static const char *const pages[] = { "console",  "overview", "guest", "terminal",
                                       "hardware", "xml",      "log" };
  static const char *const parts[] = {
    "facts", "processes", "services", "logs", "commands", "files"
  };
  GtkWidget *sections;
  GtkStack *stack;
  int width;

  scripted_guest_set_facts (f->guest, "web1");
  scripted_guest_set_source (f->guest, KVMM_GUEST_SOURCE_AGENT);
  scripted_guest_set_state (f->guest, KVMM_GUEST_STATE_READY, "It answers.");
  for (guint i = 0; i < G_N_ELEMENTS (pages); i++)
    {
      open_window (f, pages[i]);
      RUN_UNTIL (!g_main_context_iteration (NULL, FALSE));
      gtk_widget_measure (f->window, GTK_ORIENTATION_HORIZONTAL, -1, &width, NULL, NULL, NULL);
      g_test_message ("%s: %d", pages[i], width);
      g_assert_cmpint (width, <=, NARROW_WIDTH);
    }
  for (guint open = 0; open < 2; open++)
    {
      static const char *const groups[][2] = {
        { "procs", "manage" },    { "logs", "allow" },       { "exec", "any" },
        { "file-read", "allow" }, { "file-write", "allow" }, { "inbox", "allow" },
      };

      for (guint i = 0; open && i < G_N_ELEMENTS (groups); i++)
        scripted_guest_set_access (f->guest, groups[i][0], groups[i][1]);
      if (open)
        kvmm_guest_set_control_allowed (f->guest, TRUE);
      open_window (f, "guest");
      RUN_UNTIL ((sections = find_type (f->window, KVMM_TYPE_GUEST_SECTIONS)) != NULL);
      stack = gtk_stack_switcher_get_stack (
          GTK_STACK_SWITCHER (find_type (sections, GTK_TYPE_STACK_SWITCHER)));
      for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
        {
          gtk_stack_set_visible_child_name (stack, parts[i]);
          RUN_UNTIL (!g_main_context_iteration (NULL, FALSE));
          gtk_widget_measure (f->window, GTK_ORIENTATION_HORIZONTAL, -1, &width, NULL, NULL, NULL);
          g_test_message ("%s, %s: %d", parts[i], open ? "open" : "closed", width);
          g_assert_cmpint (width, <=, NARROW_WIDTH);
        }
    }
  kvmm_guest_set_control_allowed (f->guest, FALSE);
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
    { KVMM_GUEST_STATE_NO_CHANNEL, "_Prepare", TRUE },
    { KVMM_GUEST_STATE_NEEDS_POWER_OFF, "_Prepare", TRUE },
    { KVMM_GUEST_STATE_WAITING, "_Prepare", TRUE },
    { KVMM_GUEST_STATE_CONNECTING, "Try Now", FALSE },
    { KVMM_GUEST_STATE_UNRESPONSIVE, "Try Now", FALSE },
    { KVMM_GUEST_STATE_IN_USE, "Take Over", FALSE },
    { KVMM_GUEST_STATE_INCOMPATIBLE, "_Prepare", TRUE },
    { KVMM_GUEST_STATE_BLOCKED, "Try Now", FALSE },
  };

  open_window (f, "guest");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      static const char *const all[] = { "_Prepare", "Try Now", "Take Over", "Start" };
      GtkWidget *view;

      scripted_guest_set_state (f->guest, cases[i].state, "Because of <this> & that.");
      RUN_UNTIL (find_label (f->window, "Because of <this> & that.") != NULL);
      view = find_type (f->window, KVMM_TYPE_GUEST_SILENT_VIEW);
      for (guint j = 0; j < G_N_ELEMENTS (all); j++)
        {
          gboolean is_wanted = g_strcmp0 (all[j], cases[i].label) == 0;

          RUN_UNTIL ((find_button (view, all[j]) != NULL) == is_wanted);
        }
      RUN_UNTIL ((find_label (view, "sh /mnt/kvmm/install.sh") != NULL) == cases[i].has_commands);
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
  RUN_UNTIL (find_button (f->window, "_Prepare") != NULL);
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

/* A part of the guest, by the tab that a person presses. */
static void
open_part (Fixture *f, const char *name)
{
  GtkWidget *sections;
  GtkStackSwitcher *switcher;

  scripted_guest_set_state (f->guest, KVMM_GUEST_STATE_READY, "It answers.");
  scripted_guest_set_source (f->guest, KVMM_GUEST_SOURCE_AGENT);
  open_window (f, "guest");
  RUN_UNTIL ((sections = find_type (f->window, KVMM_TYPE_GUEST_SECTIONS)) != NULL);
  switcher = GTK_STACK_SWITCHER (find_type (sections, GTK_TYPE_STACK_SWITCHER));
  gtk_stack_set_visible_child_name (gtk_stack_switcher_get_stack (switcher), name);
}

static void
test_parts_need_our_agent (Fixture *f, gconstpointer data)
{
  open_part (f, "facts");
  RUN_UNTIL (find_label (f->window, "Processes") != NULL);
  RUN_UNTIL (find_label (f->window, "Allow commands, terminal and files") != NULL);
  scripted_guest_set_source (f->guest, KVMM_GUEST_SOURCE_QGA);
  scripted_guest_set_state (f->guest, KVMM_GUEST_STATE_WAITING, "Nobody there.");
  RUN_UNTIL (find_label (f->window, "Processes") == NULL);
}

static void
test_gate_says_what_is_missing (Fixture *f, gconstpointer data)
{
  open_part (f, "commands");
  RUN_UNTIL (find_label (f->window, "does not allow it, and it is switched off") != NULL);
  RUN_UNTIL (find_label (f->window, "exec=allow") != NULL);
  g_assert_nonnull (find_label (f->window, "/etc/scripted.conf"));
  g_assert_nonnull (find_label (f->window, "reload scripted"));

  scripted_guest_set_access (f->guest, "exec", "named");
  RUN_UNTIL (find_label (f->window, "It is switched off for this machine") != NULL);
  g_assert_null (find_label (f->window, "exec=allow"));

  kvmm_guest_set_control_allowed (f->guest, TRUE);
  RUN_UNTIL (find_label (f->window, "Commands of the Guest's Policy") != NULL);
  kvmm_guest_set_control_allowed (f->guest, FALSE);
  RUN_UNTIL (find_label (f->window, "It is switched off for this machine") != NULL);
}

static void
test_gate_without_the_switch (Fixture *f, gconstpointer data)
{
  open_part (f, "processes");
  RUN_UNTIL (find_label (f->window, "The guest's policy does not allow it.") != NULL);
  g_assert_null (find_label (f->window, "Allow commands, terminal and files"));
  scripted_guest_set_access (f->guest, "procs", "allow");
  RUN_UNTIL (find_label (f->window, "CPU %") != NULL);
}

static void
test_switch_is_the_machines (Fixture *f, gconstpointer data)
{
  GtkWidget *row;
  GtkWidget *control;

  open_part (f, "facts");
  RUN_UNTIL ((row = find_type (f->window, KVMM_TYPE_CONTROL_ROW)) != NULL);
  control = find_type (row, GTK_TYPE_SWITCH);
  g_assert_false (gtk_switch_get_active (GTK_SWITCH (control)));
  gtk_switch_set_active (GTK_SWITCH (control), TRUE);
  g_assert_true (kvmm_guest_get_control_allowed (f->guest));
  kvmm_guest_set_control_allowed (f->guest, FALSE);
  g_assert_false (gtk_switch_get_active (GTK_SWITCH (control)));
}

static KvmmGuestProcess *
make_process (guint pid, gint64 start_time_s, double cpu)
{
  KvmmGuestProcess *process = g_new0 (KvmmGuestProcess, 1);

  process->pid = pid;
  process->start_time_s = start_time_s;
  process->cpu = cpu;
  process->command = g_strdup ("work");
  return process;
}

static void
test_a_process_keeps_its_row (Fixture *f, gconstpointer data)
{
  g_autoptr (GListStore) items = g_list_store_new (KVMM_TYPE_PROCESS_ITEM);
  g_autoptr (GPtrArray) first =
      g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_guest_process_free);
  g_autoptr (GPtrArray) second =
      g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_guest_process_free);
  g_autoptr (KvmmProcessItem) kept = NULL;
  g_autoptr (KvmmProcessItem) again = NULL;

  g_ptr_array_add (first, make_process (7, 100, 0.1));
  kvmm_process_item_update_list (items, first);
  kept = g_list_model_get_item (G_LIST_MODEL (items), 0);
  g_ptr_array_add (second, make_process (7, 101, 0.9));
  g_ptr_array_add (second, make_process (8, 100, 0.2));
  g_ptr_array_add (second, make_process (8, 100, 0.3));
  kvmm_process_item_update_list (items, second);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (items)), ==, 2);
  again = g_list_model_get_item (G_LIST_MODEL (items), 0);
  g_assert_true (again == kept);
  g_assert_cmpfloat (kvmm_process_item_get (kept)->cpu, ==, 0.9);

  /* The same number, another process. */
  g_ptr_array_add (first, make_process (7, 500, 0.1));
  kvmm_process_item_update_list (items, first);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (items)), ==, 1);
  g_clear_object (&again);
  again = g_list_model_get_item (G_LIST_MODEL (items), 0);
  g_assert_true (again != kept);
}

static void
test_output_keeps_the_newest (Fixture *f, gconstpointer data)
{
  g_autoptr (KvmmOutputStore) store = kvmm_output_store_new (10);
  g_autoptr (GBytes) one = g_bytes_new_static ("123456", 6);
  g_autoptr (GBytes) two = g_bytes_new_static ("abcd", 4);
  g_autoptr (GBytes) all = NULL;
  g_autoptr (GBytes) rest = NULL;

  kvmm_output_store_push (store, one);
  kvmm_output_store_push (store, two);
  all = kvmm_output_store_dup (store);
  g_assert_cmpmem (g_bytes_get_data (all, NULL), g_bytes_get_size (all), "123456abcd", 10);
  g_assert_cmpuint (kvmm_output_store_get_lost (store), ==, 0);
  kvmm_output_store_push (store, two);
  rest = kvmm_output_store_dup (store);
  g_assert_cmpmem (g_bytes_get_data (rest, NULL), g_bytes_get_size (rest), "abcdabcd", 8);
  g_assert_cmpuint (kvmm_output_store_get_lost (store), ==, 6);
}

static void
test_output_view_is_bounded (Fixture *f, gconstpointer data)
{
  g_autoptr (GtkWidget) widget = g_object_ref_sink (kvmm_output_view_new ());
  KvmmOutputView *view = KVMM_OUTPUT_VIEW (widget);
  g_autofree char *text = NULL;

  for (guint i = 0; i < KVMM_OUTPUT_VIEW_MAX_LINES + 1000; i++)
    {
      g_autofree char *line = g_strdup_printf ("line %u\n", i);

      kvmm_output_view_append (view, line, i % 2 == 0);
    }
  g_assert_cmpuint (kvmm_output_view_get_n_lines (view), >=, KVMM_OUTPUT_VIEW_MAX_LINES);
  g_assert_cmpuint (kvmm_output_view_get_n_lines (view), <=, KVMM_OUTPUT_VIEW_MAX_LINES + 500);
  text = kvmm_output_view_dup_text (view);
  g_assert_true (g_str_has_suffix (text, "line 10999\n"));
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

static KvmmAgentClient *
get_no_agent (gpointer target)
{
  return NULL;
}

static gboolean
has_no_qga (gpointer target)
{
  return FALSE;
}

static void
press_async (gpointer target,
             KvmmShutdownWay way,
             gboolean restart,
             GAsyncReadyCallback callback,
             gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);

  g_task_return_boolean (task, TRUE);
}

static gboolean
press_finish (gpointer target, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
test_a_machine_that_does_not_react (Fixture *f, gconstpointer data)
{
  static const KvmmShutdownBackend backend = { get_no_agent, has_no_qga, press_async,
                                               press_finish };
  static const KvmmShutdownIntervals intervals = { 2000, 2000, 2000, 50 };
  KvmmShutdown *shutdown = kvmm_shutdown_new (&backend, f, &intervals, FALSE);
  GtkWidget *dialog;

  open_window (f, "overview");
  kvmm_domain_set_shutdown (f->domain, shutdown);
  kvmm_shutdown_start (shutdown);
  /* It counts down, and can be left alone. */
  RUN_UNTIL (find_label (f->window, "s left") != NULL);
  g_assert_nonnull (find_button (f->window, "_Cancel Waiting"));
  g_assert_null (find_button (f->window, "_Force Off…"));
  RUN_UNTIL (kvmm_shutdown_get_step (shutdown) == KVMM_SHUTDOWN_STEP_GAVE_UP);
  RUN_UNTIL (find_button (f->window, "_Force Off…") != NULL);
  g_assert_nonnull (find_button (f->window, "_Wait Again"));
  g_assert_null (find_button (f->window, "_Cancel Waiting"));
  /* Which asks before it does so. */
  g_signal_emit_by_name (find_button (f->window, "_Force Off…"), "clicked");
  RUN_UNTIL ((dialog = find_window (f, ADW_TYPE_MESSAGE_DIALOG)) != NULL);
  g_assert_true (kvmm_domain_get_is_active (f->domain));
  gtk_window_destroy (GTK_WINDOW (dialog));
  gtk_widget_activate_action (find_button (f->window, "_Wait Again"), "shutdown.close", NULL);
  RUN_UNTIL (find_button (f->window, "_Wait Again") == NULL);
}

static void
test_access_is_listed_and_taken_away (Fixture *f, gconstpointer data)
{
  GtkWidget *window;

  open_window (f, "overview");
  kvmm_guest_access_window_present (GTK_WINDOW (f->window), f->connection);
  RUN_UNTIL ((window = find_titled ("Access to Guests on")) != NULL);
  RUN_UNTIL (find_label (window, "None") != NULL);
  kvmm_guest_set_control_allowed (f->guest, TRUE);
  RUN_UNTIL (find_button (window, "Turn Off") != NULL);
  g_assert_nonnull (find_label (window, "test"));
  g_signal_emit_by_name (find_button (window, "Turn Off"), "clicked");
  RUN_UNTIL (find_button (window, "Turn Off") == NULL);
  g_assert_false (kvmm_guest_get_control_allowed (f->guest));
}

int
main (int argc, char **argv)
{
  static const Case cases[] = {
    { "one-window-per-machine", test_one_window_per_machine },
    { "is-let-go", test_window_is_let_go },
    { "fits-a-narrow-screen", test_fits_a_narrow_screen },
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
    { "parts-need-our-agent", test_parts_need_our_agent },
    { "gate-says-what-is-missing", test_gate_says_what_is_missing },
    { "gate-without-the-switch", test_gate_without_the_switch },
    { "switch-is-the-machines", test_switch_is_the_machines },
    { "a-process-keeps-its-row", test_a_process_keeps_its_row },
    { "output-keeps-the-newest", test_output_keeps_the_newest },
    { "output-view-is-bounded", test_output_view_is_bounded },
    { "hardware-lists-devices", test_hardware_lists_devices },
    { "lost-connection-is-said", test_lost_connection_is_said },
    { "a-machine-that-does-not-react", test_a_machine_that_does_not_react },
    { "access-is-listed-and-taken-away", test_access_is_listed_and_taken_away },
    { "deleted-machine-is-said", test_deleted_machine_is_said },
  };

  return run_cases (argc, argv, "/ui/machine-window/", cases, G_N_ELEMENTS (cases));
}
