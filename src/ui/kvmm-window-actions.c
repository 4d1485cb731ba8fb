/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>

#include "kvmm-clone-dialog.h"
#include "kvmm-describe-dialog.h"
#include "kvmm-dialogs.h"
#include "kvmm-disc-window.h"
#include "kvmm-domain-actions.h"
#include "kvmm-install-window.h"
#include "kvmm-machine-change.h"
#include "kvmm-machine-menu.h"
#include "kvmm-machine-window.h"
#include "kvmm-mount-flow.h"
#include "kvmm-start-from-dialog.h"
#include "kvmm-window-private.h"

/* More windows than this at once are a slip of the finger. */
#define MAX_OPENED 10

void
kvmm_window_open_domain (KvmmWindow *self, KvmmDomain *domain)
{
  kvmm_machine_window_present (gtk_window_get_application (GTK_WINDOW (self)), self->settings,
                               domain, NULL);
}

/* Returns: (transfer full) (nullable): what is selected; says so when nothing is */
static GPtrArray *
dup_selected (KvmmWindow *self)
{
  g_autoptr (GPtrArray) domains = kvmm_machine_list_dup_selected (self->list);

  if (domains->len > 0)
    return g_steal_pointer (&domains);
  kvmm_dialogs_toast (GTK_WIDGET (self), _ ("Select a virtual machine first"));

  return NULL;
}

static void
open_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmWindow *self = KVMM_WINDOW (widget);
  g_autoptr (GPtrArray) domains = dup_selected (self);

  for (guint i = 0; domains && i < MIN (domains->len, MAX_OPENED); i++)
    kvmm_window_open_domain (self, g_ptr_array_index (domains, i));
}

static void
lifecycle_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmWindow *self = KVMM_WINDOW (widget);
  GSettings *gsettings = kvmm_settings_get_gsettings (self->settings);
  g_autoptr (GPtrArray) domains = dup_selected (self);

  for (guint i = 0; domains && i < KVMM_DOMAIN_N_ACTIONS; i++)
    {
      if (g_str_equal (name, kvmm_machine_menu_get_action_name (i)))
        kvmm_domain_actions_run (
            widget, domains, i,
            g_settings_get_boolean (gsettings, KVMM_SETTINGS_CONFIRM_FORCE_OFF));
    }
}

static void
disc_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmWindow *self = KVMM_WINDOW (widget);
  g_autoptr (GPtrArray) domains = dup_selected (self);

  if (!domains)
    return;
  if (g_str_equal (name, "vm.insert-disc"))
    kvmm_disc_window_present (widget, g_ptr_array_index (domains, 0), NULL);
  else if (g_str_equal (name, "vm.eject-agent-disc"))
    kvmm_mount_flow_eject (widget, self->settings, g_ptr_array_index (domains, 0));
  else
    kvmm_mount_flow_start (widget, self->settings, g_ptr_array_index (domains, 0));
}

static void
install_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmWindow *self = KVMM_WINDOW (widget);
  g_autoptr (GPtrArray) domains = dup_selected (self);

  if (domains)
    kvmm_install_window_present (GTK_WINDOW (self), self->settings, domains);
}

static void
change_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  g_autoptr (GPtrArray) domains = dup_selected (KVMM_WINDOW (widget));

  if (!domains)
    return;
  if (domains->len > 1)
    kvmm_dialogs_toast (widget, _ ("Select a single virtual machine"));
  else if (g_str_equal (name, "vm.clone"))
    kvmm_clone_dialog_present (widget, KVMM_WINDOW (widget)->settings,
                               g_ptr_array_index (domains, 0));
  else if (g_str_equal (name, "vm.template"))
    kvmm_machine_change_template (widget, g_ptr_array_index (domains, 0));
  else if (g_str_equal (name, "vm.describe"))
    kvmm_describe_dialog_present (widget, g_ptr_array_index (domains, 0));
  else if (g_str_equal (name, "vm.start-from"))
    kvmm_start_from_dialog_present (widget, g_ptr_array_index (domains, 0));
  else if (g_str_equal (name, "vm.rename"))
    kvmm_machine_change_rename (widget, g_ptr_array_index (domains, 0));
  else
    kvmm_machine_change_delete (widget, g_ptr_array_index (domains, 0));
}

static void
search_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmWindow *self = KVMM_WINDOW (widget);

  gtk_search_bar_set_search_mode (self->search_bar, TRUE);
  gtk_widget_grab_focus (GTK_WIDGET (self->search_entry));
}

static void
clear_search_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmWindow *self = KVMM_WINDOW (widget);

  gtk_editable_set_text (GTK_EDITABLE (self->search_entry), "");
  gtk_search_bar_set_search_mode (self->search_bar, FALSE);
}

static void
show_all_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  kvmm_sidebar_select_all_machines (KVMM_WINDOW (widget)->sidebar);
}

static void
unselect_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  kvmm_machine_list_unselect_all (KVMM_WINDOW (widget)->list);
}

static void
sidebar_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmWindow *self = KVMM_WINDOW (widget);

  adw_flap_set_reveal_flap (self->flap, !adw_flap_get_reveal_flap (self->flap));
}

static void
connect_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmWindow *self = KVMM_WINDOW (widget);
  KvmmConnection *selected = kvmm_sidebar_get_connection (self->sidebar);
  GListModel *model = G_LIST_MODEL (self->connections);

  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (KvmmConnection) connection = g_list_model_get_item (model, i);
      KvmmConnectionState state = kvmm_connection_get_state (connection);

      if ((!selected || connection == selected) && state != KVMM_CONNECTION_CONNECTED &&
          state != KVMM_CONNECTION_CONNECTING)
        kvmm_connection_connect (connection);
    }
}

/* Lists again what is shown, and tries again at once what is lost. */
static void
refresh_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmWindow *self = KVMM_WINDOW (widget);
  KvmmConnection *selected = kvmm_sidebar_get_connection (self->sidebar);
  GListModel *model = G_LIST_MODEL (self->connections);

  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (KvmmConnection) connection = g_list_model_get_item (model, i);
      KvmmConnectionState state = kvmm_connection_get_state (connection);

      if (selected && connection != selected)
        continue;
      if (state == KVMM_CONNECTION_CONNECTED)
        kvmm_connection_refresh (connection);
      else if (state == KVMM_CONNECTION_LOST || state == KVMM_CONNECTION_FAILED)
        kvmm_connection_connect (connection);
    }
}

static void
add_keys (GtkWidgetClass *widget_class)
{
  static const struct
  {
    guint key;
    GdkModifierType modifiers;
    const char *action;
  } keys[] = {
    { GDK_KEY_f, GDK_CONTROL_MASK, "win.search" },
    { GDK_KEY_F5, 0, "win.refresh" },
    { GDK_KEY_r, GDK_CONTROL_MASK, "win.refresh" },
    { GDK_KEY_F9, 0, "win.sidebar" },
    { GDK_KEY_o, GDK_CONTROL_MASK, "vm.open" },
    { GDK_KEY_s, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "vm.start" },
    { GDK_KEY_r, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "vm.reboot" },
    { GDK_KEY_p, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "vm.pause" },
    { GDK_KEY_u, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "vm.resume" },
    { GDK_KEY_k, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "vm.force-off" },
    { GDK_KEY_m, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "vm.mount-agent-disc" },
    { GDK_KEY_F2, 0, "vm.rename" },
    { GDK_KEY_Delete, 0, "vm.delete" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    gtk_widget_class_add_binding_action (widget_class, keys[i].key, keys[i].modifiers,
                                         keys[i].action, NULL);
}

void
kvmm_window_install_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "vm.open", NULL, open_action);
  for (guint i = 0; i < KVMM_DOMAIN_N_ACTIONS; i++)
    gtk_widget_class_install_action (widget_class, kvmm_machine_menu_get_action_name (i), NULL,
                                     lifecycle_action);
  gtk_widget_class_install_action (widget_class, "vm.start-from", NULL, change_action);
  gtk_widget_class_install_action (widget_class, "vm.install-agent", NULL, install_action);
  gtk_widget_class_install_action (widget_class, "vm.rename", NULL, change_action);
  gtk_widget_class_install_action (widget_class, "vm.describe", NULL, change_action);
  gtk_widget_class_install_action (widget_class, "vm.clone", NULL, change_action);
  gtk_widget_class_install_action (widget_class, "vm.template", NULL, change_action);
  gtk_widget_class_install_action (widget_class, "vm.delete", NULL, change_action);
  gtk_widget_class_install_action (widget_class, "vm.insert-disc", NULL, disc_action);
  gtk_widget_class_install_action (widget_class, "vm.mount-agent-disc", NULL, disc_action);
  gtk_widget_class_install_action (widget_class, "vm.eject-agent-disc", NULL, disc_action);

  gtk_widget_class_install_action (widget_class, "win.search", NULL, search_action);
  gtk_widget_class_install_action (widget_class, "win.clear-search", NULL, clear_search_action);
  gtk_widget_class_install_action (widget_class, "win.show-all", NULL, show_all_action);
  gtk_widget_class_install_action (widget_class, "win.unselect", NULL, unselect_action);
  gtk_widget_class_install_action (widget_class, "win.sidebar", NULL, sidebar_action);
  gtk_widget_class_install_action (widget_class, "win.connect", NULL, connect_action);
  gtk_widget_class_install_action (widget_class, "win.refresh", NULL, refresh_action);
  add_keys (widget_class);
}
