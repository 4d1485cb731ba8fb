/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <libvirt/libvirt.h>

#include "machine-fixture.h"
#include "shoot.h"
#include "ui/kvmm-agent-host-row.h"
#include "ui/kvmm-install-steps.h"
#include "ui/kvmm-install-window.h"
#include "ui/kvmm-mount-flow.h"

/* The way to an agent as it is shown, with a disc and a guest that say what the test wants. */

#define CHANNEL_XML                                                                                \
  "<channel type='unix'><target type='virtio' name='org.kvmmanager.agent.1'/></channel>"
#define DISC_XML                                                                                   \
  "<disk type='file' device='cdrom'><source file='/srv/kvmmanager-guest-agent.iso'/>"              \
  "<target dev='sda' bus='sata'/><readonly/></disk>"

static GtkWidget *
find_dialog (Fixture *f)
{
  return find_window (f, ADW_TYPE_MESSAGE_DIALOG);
}

/* As its button does. */
static void
answer (Fixture *f, const char *response)
{
  GtkWidget *dialog = find_dialog (f);

  adw_message_dialog_response (ADW_MESSAGE_DIALOG (dialog), response);
  gtk_window_destroy (GTK_WINDOW (dialog));
}

/* A machine that runs, with these devices. The host of the test driver is one for the process. */
static virDomainPtr
create_machine (Fixture *f, virConnectPtr connect, const char *name, const char *devices)
{
  g_autofree char *xml =
      g_strdup_printf ("<domain type='test'><name>%s</name><memory>65536</memory><os>"
                       "<type>hvm</type></os><devices>%s</devices></domain>",
                       name, devices);
  virDomainPtr handle = virDomainDefineXML (connect, xml);

  g_assert_nonnull (handle);
  g_assert_cmpint (virDomainCreate (handle), ==, 0);
  RUN_UNTIL (kvmm_connection_find (f->connection, name) != NULL);
  RUN_UNTIL (kvmm_domain_get_is_active (kvmm_connection_find (f->connection, name)));
  return handle;
}

static void
remove_machine (virDomainPtr handle)
{
  virDomainDestroy (handle);
  virDomainUndefine (handle);
  virDomainFree (handle);
}

/* In place of the machine of the fixture. */
static virDomainPtr
use_machine (Fixture *f, virConnectPtr connect, const char *devices)
{
  virDomainPtr handle = create_machine (f, connect, "web1", devices);

  g_set_object (&f->domain, kvmm_connection_find (f->connection, "web1"));
  f->guest = kvmm_domain_get_guest (f->domain);
  /* The facts are those of the XML that was read. */
  RUN_UNTIL (kvmm_domain_get_facts (f->domain) != NULL);
  return handle;
}

static GtkWidget *
open_install (Fixture *f)
{
  g_autoptr (GPtrArray) domains = g_ptr_array_new ();
  GtkWidget *window;

  g_ptr_array_add (domains, f->domain);
  kvmm_install_window_present (NULL, f->settings, domains);
  RUN_UNTIL ((window = find_titled ("Guest Agent of")) != NULL);
  return window;
}

static int
get_narrowest (GtkWidget *window)
{
  int width;

  gtk_widget_measure (window, GTK_ORIENTATION_HORIZONTAL, -1, &width, NULL, NULL, NULL);
  return width;
}

static void
test_prepares_by_one_button (Fixture *f, gconstpointer data)
{
  GtkWidget *steps;

  scripted_guest_set_state (f->guest, KVMM_GUEST_STATE_NO_CHANNEL, "There is no channel.");
  open_window (f, "guest");
  RUN_UNTIL ((steps = find_type (f->window, KVMM_TYPE_INSTALL_STEPS)) != NULL);
  RUN_UNTIL (find_button (steps, "_Prepare") != NULL);
  RUN_UNTIL (find_label (steps, "a channel between the guest") != NULL);
  shoot ("install-channel");
  press (steps, "_Prepare");
  /* The scripted disc is in; the channel of the test's machine never comes. */
  RUN_UNTIL (find_label (steps, "The agent disc is in a drive") != NULL);
}

static void
test_asks_before_it_replaces (Fixture *f, gconstpointer data)
{
  GtkWidget *window = open_install (f);

  scripted_iso_set_error (KVMM_AGENT_ISO_ERROR_REPLACE_NEEDED, "Drive sda holds debian.iso.",
                          KVMM_AGENT_ISO_MOUNT_REPLACE);
  press (window, "_Prepare");
  RUN_UNTIL (find_dialog (f) != NULL);
  RUN_UNTIL (find_label (find_dialog (f), "Drive sda holds debian.iso.") != NULL);
  answer (f, "cancel");
  RUN_UNTIL (find_button (window, "_Prepare") != NULL);
  g_assert_null (find_label (window, "debian.iso"));
  press (window, "_Prepare");
  RUN_UNTIL (find_dialog (f) != NULL);
  answer (f, "accept");
  RUN_UNTIL (find_label (window, "The agent disc is in a drive") != NULL);
}

static void
test_asks_before_it_makes_a_pool (Fixture *f, gconstpointer data)
{
  GtkWidget *window = open_install (f);

  scripted_iso_set_error (KVMM_AGENT_ISO_ERROR_POOL_NEEDED,
                          "The host has no storage pool “default”.",
                          KVMM_AGENT_ISO_MOUNT_MAKE_POOL);
  press (window, "_Prepare");
  RUN_UNTIL (find_dialog (f) != NULL);
  RUN_UNTIL (find_label (find_dialog (f), "Make a Storage Pool?") != NULL);
  answer (f, "accept");
  RUN_UNTIL (find_label (window, "The agent disc is in a drive") != NULL);
}

static void
test_an_upload_is_shown_and_cancelled (Fixture *f, gconstpointer data)
{
  GtkWidget *window = open_install (f);

  scripted_iso_set_holds (TRUE);
  press (window, "_Prepare");
  RUN_UNTIL (find_label (window, "Uploading the disc to the host; 43 %") != NULL);
  RUN_UNTIL (find_type (window, GTK_TYPE_PROGRESS_BAR) != NULL);
  shoot ("install-upload");
  press (window, "_Cancel");
  RUN_UNTIL (find_button (window, "_Prepare") != NULL);
  g_assert_null (find_label (window, "Uploading"));
  scripted_iso_set_holds (FALSE);
}

static void
test_a_failure_names_each_path (Fixture *f, gconstpointer data)
{
  GtkWidget *window = open_install (f);

  scripted_iso_set_error (KVMM_AGENT_ISO_ERROR_NONE_USABLE,
                          "/usr/share/a.iso: there is no such file\n/srv/b.iso: not readable", 0);
  press (window, "_Prepare");
  RUN_UNTIL (find_label (window, "/srv/b.iso: not readable") != NULL);
  RUN_UNTIL (find_button (window, "_Try Again") != NULL);
  RUN_UNTIL (find_button (window, "Open _Preferences") != NULL);
  scripted_iso_set_error (-1, NULL, 0);
  press (window, "_Try Again");
  RUN_UNTIL (find_label (window, "The agent disc is in a drive") != NULL);
  g_assert_null (find_button (window, "Open _Preferences"));
}

static void
test_goes_on_where_the_machine_is (Fixture *f, gconstpointer data)
{
  virConnectPtr connect = virConnectOpen ("test:///default");
  virDomainPtr handle = use_machine (f, connect, CHANNEL_XML DISC_XML);
  GtkWidget *window;

  scripted_iso_set_drive ("sda");
  scripted_guest_set_state (f->guest, KVMM_GUEST_STATE_WAITING, "Waiting.");
  window = open_install (f);
  RUN_UNTIL (find_button (window, "_Done") != NULL);
  g_assert_nonnull (find_label (window, "sh /mnt/kvmm/install.sh"));
  shoot ("install-command");
  adw_style_manager_set_color_scheme (adw_style_manager_get_default (),
                                      ADW_COLOR_SCHEME_FORCE_DARK);
  shoot ("install-command-dark");
  adw_style_manager_set_color_scheme (adw_style_manager_get_default (), ADW_COLOR_SCHEME_DEFAULT);
  g_assert_cmpint (get_narrowest (window), <=, 360);
  press (window, "_Done");
  RUN_UNTIL (find_label (window, "has not opened the channel yet") != NULL);
  press (window, "_Look Now");
  g_assert_cmpuint (scripted_guest_get_retries (f->guest), ==, 1);
  /* Another window, as after another start of the program. */
  gtk_window_destroy (GTK_WINDOW (window));
  window = open_install (f);
  RUN_UNTIL (find_button (window, "_Done") != NULL);
  scripted_guest_set_facts (f->guest, "web1");
  scripted_guest_set_state (f->guest, KVMM_GUEST_STATE_READY, "Ready.");
  RUN_UNTIL (find_button (window, "_Eject") != NULL);
  g_assert_null (find_label (window, "sh /mnt/kvmm/install.sh"));
  shoot ("install-eject");
  remove_machine (handle);
  virConnectClose (connect);
}

static GtkWidget *
find_systems (GtkWidget *window)
{
  return find_type (find_type (window, KVMM_TYPE_INSTALL_STEPS), GTK_TYPE_DROP_DOWN);
}

static void
test_each_system_has_its_lines (Fixture *f, gconstpointer data)
{
  virConnectPtr connect = virConnectOpen ("test:///default");
  virDomainPtr handle = use_machine (f, connect, CHANNEL_XML DISC_XML);
  GtkWidget *window;

  scripted_iso_set_drive ("sda");
  scripted_guest_set_state (f->guest, KVMM_GUEST_STATE_WAITING, "Waiting.");
  window = open_install (f);
  RUN_UNTIL (find_label (window, "sh /mnt/kvmm/install.sh") != NULL);
  gtk_drop_down_set_selected (GTK_DROP_DOWN (find_systems (window)), 0);
  RUN_UNTIL (find_label (window, "bash /mnt/kvmm/install-debian.sh") != NULL);
  gtk_drop_down_set_selected (GTK_DROP_DOWN (find_systems (window)), 2);
  RUN_UNTIL (find_label (window, "sh /mnt/kvmm/install-alpine.sh") != NULL);
  g_assert_null (find_label (window, "install-debian.sh"));
  /* Why nobody offers to run it. */
  RUN_UNTIL (find_label (window, "No QEMU guest agent is connected.") != NULL);
  remove_machine (handle);
  virConnectClose (connect);
}

static void
test_the_installer_is_run_after_asking (Fixture *f, gconstpointer data)
{
  virConnectPtr connect = virConnectOpen ("test:///default");
  virDomainPtr handle = use_machine (f, connect, CHANNEL_XML DISC_XML);
  GtkWidget *window;

  scripted_iso_set_drive ("sda");
  scripted_iso_set_run ("This guest has no service manager.\n", 3);
  scripted_guest_set_state (f->guest, KVMM_GUEST_STATE_WAITING, "Waiting.");
  window = open_install (f);
  RUN_UNTIL (find_button (window, "_Run the Installer…") != NULL);
  press (window, "_Run the Installer…");
  RUN_UNTIL (find_dialog (f) != NULL);
  answer (f, "cancel");
  RUN_UNTIL (find_dialog (f) == NULL);
  g_assert_null (find_label (window, "The installer failed"));
  press (window, "_Run the Installer…");
  RUN_UNTIL (find_dialog (f) != NULL);
  answer (f, "accept");
  RUN_UNTIL (find_label (window, "The installer failed with exit code 3") != NULL);
  shoot ("install-output");
  /* By hand, then. */
  RUN_UNTIL (find_button (window, "_Done") != NULL || find_button (window, "_Try Again") != NULL);
  scripted_iso_set_run (NULL, 0);
  remove_machine (handle);
  virConnectClose (connect);
}

static void
test_a_locked_tray_is_asked_about (Fixture *f, gconstpointer data)
{
  virConnectPtr connect = virConnectOpen ("test:///default");
  virDomainPtr handle = use_machine (f, connect, CHANNEL_XML);
  GtkWidget *window;

  scripted_iso_set_drive ("sda");
  scripted_guest_set_facts (f->guest, "web1");
  scripted_guest_set_state (f->guest, KVMM_GUEST_STATE_READY, "Ready.");
  scripted_iso_set_error (KVMM_AGENT_ISO_ERROR_TRAY_LOCKED, "It is locked.",
                          KVMM_AGENT_ISO_MOUNT_FORCE);
  window = open_install (f);
  RUN_UNTIL (find_button (window, "_Eject") != NULL);
  press (window, "_Eject");
  RUN_UNTIL (find_dialog (f) != NULL);
  RUN_UNTIL (find_label (find_dialog (f), "Force Eject?") != NULL);
  RUN_UNTIL (find_label (find_dialog (f), "programs in the guest that read it get errors") != NULL);
  shoot ("install-force-eject");
  answer (f, "accept");
  RUN_UNTIL (find_label (window, "No drive of the machine holds the disc.") != NULL);
  RUN_UNTIL (find_button (window, "_Eject") == NULL);
  remove_machine (handle);
  virConnectClose (connect);
}

static void
test_an_older_agent_is_offered_an_update (Fixture *f, gconstpointer data)
{
  virConnectPtr connect = virConnectOpen ("test:///default");
  virDomainPtr handle = use_machine (f, connect, CHANNEL_XML);
  GtkWidget *window;

  scripted_iso_set_version ("9.9.0");
  scripted_guest_set_facts (f->guest, "web1");
  scripted_guest_set_source (f->guest, KVMM_GUEST_SOURCE_AGENT);
  scripted_guest_set_state (f->guest, KVMM_GUEST_STATE_READY, "Ready.");
  open_window (f, "guest");
  RUN_UNTIL (find_label (f->window, "update available") != NULL);
  RUN_UNTIL (find_label (f->window, "Version 9.9.0 of the agent is available") != NULL);
  shoot ("install-update");
  press (f->window, "Update…");
  RUN_UNTIL ((window = find_titled ("Guest Agent of")) != NULL);
  RUN_UNTIL (find_button (window, "_Mount Agent Disc") != NULL);
  scripted_iso_set_version (NULL);
  remove_machine (handle);
  virConnectClose (connect);
}

static void
test_several_machines_one_after_the_other (Fixture *f, gconstpointer data)
{
  virConnectPtr connect = virConnectOpen ("test:///default");
  virDomainPtr handle = create_machine (f, connect, "db1", CHANNEL_XML);
  g_autoptr (GPtrArray) domains = g_ptr_array_new ();
  GtkWidget *window;

  g_ptr_array_add (domains, f->domain);
  g_ptr_array_add (domains, kvmm_connection_find (f->connection, "db1"));
  kvmm_install_window_present (NULL, f->settings, domains);
  RUN_UNTIL ((window = find_titled ("Guest Agent of 2 Machines")) != NULL);
  RUN_UNTIL (find_label (window, "db1") != NULL);
  RUN_UNTIL (find_button (window, "_Mount Agent Disc") != NULL);
  scripted_iso_set_error (KVMM_AGENT_ISO_ERROR_REPLACE_NEEDED, "Drive sda holds debian.iso.",
                          KVMM_AGENT_ISO_MOUNT_REPLACE);
  press (window, "_Prepare All");
  /* A question waits in its row; it keeps no other machine waiting. */
  RUN_UNTIL (find_button (window, "_Answer…") != NULL &&
             find_button (window, "_Mount Agent Disc") == NULL &&
             find_button (window, "_Prepare") == NULL);
  g_assert_null (find_dialog (f));
  shoot ("install-several");
  g_assert_cmpint (get_narrowest (window), <=, 360);
  press (window, "_Answer…");
  RUN_UNTIL (find_dialog (f) != NULL);
  answer (f, "accept");
  /* All its steps are below the row. */
  g_assert_null (find_type (window, KVMM_TYPE_INSTALL_STEPS));
  adw_expander_row_set_expanded (ADW_EXPANDER_ROW (gtk_widget_get_ancestor (
                                     find_label (window, "db1"), ADW_TYPE_EXPANDER_ROW)),
                                 TRUE);
  RUN_UNTIL (find_type (window, KVMM_TYPE_INSTALL_STEPS) != NULL);
  RUN_UNTIL (find_label (window, "Run the installer in the guest") != NULL ||
             find_label (window, "channel") != NULL);
  remove_machine (handle);
  virConnectClose (connect);
}

static void
test_mounting_shows_an_upload (Fixture *f, gconstpointer data)
{
  open_window (f, "overview");
  scripted_iso_set_holds (TRUE);
  kvmm_mount_flow_start (f->window, f->settings, f->domain);
  RUN_UNTIL (find_dialog (f) != NULL);
  RUN_UNTIL (find_label (find_dialog (f), "Uploading the disc to the host; 43 %") != NULL);
  shoot ("mount-upload");
  adw_message_dialog_response (ADW_MESSAGE_DIALOG (find_dialog (f)), "cancel");
  RUN_UNTIL (find_dialog (f) == NULL);
  scripted_iso_set_holds (FALSE);
  scripted_iso_set_error (KVMM_AGENT_ISO_ERROR_POOL_NEEDED,
                          "The host has no storage pool “default”.",
                          KVMM_AGENT_ISO_MOUNT_MAKE_POOL);
  kvmm_mount_flow_start (f->window, f->settings, f->domain);
  RUN_UNTIL (find_dialog (f) != NULL);
  RUN_UNTIL (find_label (find_dialog (f), "Make a Storage Pool?") != NULL);
  answer (f, "accept");
  RUN_UNTIL (find_dialog (f) != NULL && find_label (find_dialog (f), "Agent Disc Mounted") != NULL);
  answer (f, "close");
}

static GtkWidget *
find_tooltip (GtkWidget *widget, const char *text)
{
  if (!gtk_widget_get_mapped (widget))
    return NULL;
  if (GTK_IS_BUTTON (widget) && g_strcmp0 (gtk_widget_get_tooltip_text (widget), text) == 0)
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_tooltip (child, text);

      if (found != NULL)
        return found;
    }
  return NULL;
}

static GtkWidget *
open_host_row (Fixture *f)
{
  GtkWidget *window = adw_preferences_window_new ();
  GtkWidget *page = adw_preferences_page_new ();
  GtkWidget *group = adw_preferences_group_new ();
  GtkWidget *row = kvmm_agent_host_row_new (f->settings, f->connection);

  adw_preferences_page_set_title (ADW_PREFERENCES_PAGE (page), "Agent Disc");
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), row);
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), ADW_PREFERENCES_GROUP (group));
  adw_preferences_window_add (ADW_PREFERENCES_WINDOW (window), ADW_PREFERENCES_PAGE (page));
  gtk_window_present (GTK_WINDOW (window));
  adw_expander_row_set_expanded (ADW_EXPANDER_ROW (row), TRUE);
  RUN_UNTIL (gtk_widget_get_mapped (row));
  return window;
}

static void
test_a_host_says_what_it_takes_and_why (Fixture *f, gconstpointer data)
{
  GtkWidget *window;

  scripted_iso_add_candidate ("/usr/share/kvm-manager/kvmmanager-guest-agent.iso",
                              KVMM_AGENT_ISO_SOURCE_FILE, KVMM_AGENT_ISO_NOT_FOR_QEMU,
                              "AppArmor keeps QEMU from reading it there.");
  scripted_iso_add_candidate ("default/kvmmanager-guest-agent-0.1.0.iso",
                              KVMM_AGENT_ISO_SOURCE_UPLOAD, KVMM_AGENT_ISO_TAKEN,
                              "It is uploaded at the next mount.");
  window = open_host_row (f);
  RUN_UNTIL (find_label (window, "AppArmor keeps QEMU from reading it there.") != NULL);
  RUN_UNTIL (find_label (window, "Is uploaded when it is first mounted: default/") != NULL);
  scripted_iso_set_error (KVMM_AGENT_ISO_ERROR_POOL_NEEDED,
                          "The host has no storage pool “default”.",
                          KVMM_AGENT_ISO_MOUNT_MAKE_POOL);
  press (window, "_Upload");
  RUN_UNTIL (find_dialog (f) != NULL);
  RUN_UNTIL (find_label (find_dialog (f), "The host has no storage pool “default”.") != NULL);
  /* What it answers next time. */
  scripted_iso_add_candidate (NULL, 0, 0, NULL);
  scripted_iso_add_candidate ("default/kvmmanager-guest-agent-0.1.0.iso",
                              KVMM_AGENT_ISO_SOURCE_VOLUME, KVMM_AGENT_ISO_TAKEN, "It is there.");
  answer (f, "accept");
  RUN_UNTIL (find_label (window, "From the host's storage: default/") != NULL);
  RUN_UNTIL (find_button (window, "_Upload") == NULL);
  scripted_iso_add_candidate (NULL, 0, 0, NULL);
  scripted_iso_set_error (-1, NULL, 0);
}

static void
test_old_discs_are_removed_unless_used (Fixture *f, gconstpointer data)
{
  GtkWidget *window;
  GtkWidget *remove;

  scripted_iso_add_candidate ("default/kvmmanager-guest-agent-0.1.0.iso",
                              KVMM_AGENT_ISO_SOURCE_VOLUME, KVMM_AGENT_ISO_TAKEN, "It is there.");
  scripted_iso_add_volume ("kvmmanager-guest-agent-0.0.8.iso", "db1");
  scripted_iso_add_volume ("kvmmanager-guest-agent-0.0.9.iso", NULL);
  window = open_host_row (f);
  RUN_UNTIL (find_label (window, "used by “db1”") != NULL);
  RUN_UNTIL (find_label (window, "not used by any virtual machine") != NULL);
  shoot ("preferences-agent-host");
  /* What the window leaves of 360. */
  g_assert_cmpint (get_narrowest (find_type (window, KVMM_TYPE_AGENT_HOST_ROW)), <=, 320);
  remove = find_tooltip (window, "Remove…");
  g_signal_emit_by_name (remove, "clicked");
  RUN_UNTIL (find_dialog (f) != NULL);
  RUN_UNTIL (find_label (find_dialog (f), "kvmmanager-guest-agent-0.0.9.iso") != NULL);
  answer (f, "accept");
  RUN_UNTIL (find_label (window, "0.0.9.iso") == NULL);
  RUN_UNTIL (find_label (window, "0.0.8.iso") != NULL);
  g_assert_null (find_tooltip (window, "Remove…"));
  scripted_iso_add_candidate (NULL, 0, 0, NULL);
  scripted_iso_add_volume (NULL, NULL);
}

static void
test_a_window_is_let_go (Fixture *f, gconstpointer data)
{
  GtkWidget *window = open_install (f);

  g_object_add_weak_pointer (G_OBJECT (window), (gpointer *) &window);
  gtk_window_close (GTK_WINDOW (window));
  RUN_UNTIL (window == NULL);
}

int
main (int argc, char **argv)
{
  static const Case cases[] = {
    { "prepares-by-one-button", test_prepares_by_one_button },
    { "asks-before-it-replaces", test_asks_before_it_replaces },
    { "asks-before-it-makes-a-pool", test_asks_before_it_makes_a_pool },
    { "an-upload-is-shown-and-cancelled", test_an_upload_is_shown_and_cancelled },
    { "a-failure-names-each-path", test_a_failure_names_each_path },
    { "goes-on-where-the-machine-is", test_goes_on_where_the_machine_is },
    { "each-system-has-its-lines", test_each_system_has_its_lines },
    { "the-installer-is-run-after-asking", test_the_installer_is_run_after_asking },
    { "a-locked-tray-is-asked-about", test_a_locked_tray_is_asked_about },
    { "an-older-agent-is-offered-an-update", test_an_older_agent_is_offered_an_update },
    { "several-machines-one-after-the-other", test_several_machines_one_after_the_other },
    { "mounting-shows-an-upload", test_mounting_shows_an_upload },
    { "a-host-says-what-it-takes-and-why", test_a_host_says_what_it_takes_and_why },
    { "old-discs-are-removed-unless-used", test_old_discs_are_removed_unless_used },
    { "a-window-is-let-go", test_a_window_is_let_go },
  };

  return run_cases (argc, argv, "/ui/install/", cases, G_N_ELEMENTS (cases));
}
