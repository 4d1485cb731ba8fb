/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-window.h"

#include <glib/gi18n.h>

#include "kvmm-auth-dialog.h"
#include "kvmm-connection-bar.h"
#include "kvmm-machine-menu.h"
#include "kvmm-window-private.h"

G_DEFINE_FINAL_TYPE (KvmmWindow, kvmm_window, ADW_TYPE_APPLICATION_WINDOW)

static void
update_title (KvmmWindow *self)
{
  guint n = kvmm_machine_list_get_n_shown (self->list);
  guint n_selected = kvmm_machine_list_get_n_selected (self->list);
  g_autofree char *subtitle = NULL;

  if (n_selected > 1)
    subtitle = g_strdup_printf (ngettext ("%u of %u selected", "%u of %u selected", n_selected),
                                n_selected, n);
  else
    subtitle = g_strdup_printf (ngettext ("%u virtual machine", "%u virtual machines", n), n);

  adw_window_title_set_title (self->title, kvmm_sidebar_get_title (self->sidebar));
  adw_window_title_set_subtitle (self->title, subtitle);
}

/* The first machines that come take the focus, so that the keys of the list work at once. */
static void
focus_list_once (KvmmWindow *self)
{
  if (self->was_focused || kvmm_machine_list_get_n_shown (self->list) == 0)
    return;
  self->was_focused = TRUE;
  kvmm_machine_list_grab_focus (self->list);
}

/* Everything that follows from the list is brought up to date once per frame, however many machines
 * changed in it. */
static gboolean
update_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer user_data)
{
  KvmmWindow *self = KVMM_WINDOW (widget);
  g_autoptr (GPtrArray) selected = kvmm_machine_list_dup_selected (self->list);

  self->update_id = 0;
  kvmm_window_update_page (self);
  update_title (self);
  kvmm_selection_bar_set_domains (self->selection_bar, selected);
  focus_list_once (self);

  return G_SOURCE_REMOVE;
}

static void
queue_update (KvmmWindow *self)
{
  if (self->update_id == 0)
    self->update_id = gtk_widget_add_tick_callback (GTK_WIDGET (self), update_cb, NULL, NULL);
}

static void
scope_changed_cb (KvmmSidebar *sidebar, gpointer user_data)
{
  KvmmWindow *self = user_data;

  kvmm_machine_list_set_scope (self->list, kvmm_sidebar_get_scope (sidebar));
  queue_update (self);
}

static void
counts_changed_cb (KvmmSidebar *sidebar, gpointer user_data)
{
  queue_update (user_data);
}

/* Over the list the sidebar has done its work once a row was chosen. */
static void
sidebar_activated_cb (KvmmSidebar *sidebar, gpointer user_data)
{
  KvmmWindow *self = user_data;

  if (adw_flap_get_folded (self->flap))
    adw_flap_set_reveal_flap (self->flap, FALSE);
}

static void
search_changed_cb (GtkSearchEntry *entry, gpointer user_data)
{
  KvmmWindow *self = user_data;

  kvmm_machine_list_set_search (self->list, gtk_editable_get_text (GTK_EDITABLE (entry)));
  queue_update (self);
}

static void
search_activate_cb (GtkSearchEntry *entry, gpointer user_data)
{
  KvmmWindow *self = user_data;

  kvmm_machine_list_grab_focus (self->list);
}

static void
open_cb (KvmmMachineList *list, KvmmDomain *domain, gpointer user_data)
{
  kvmm_window_open_domain (user_data, domain);
}

static void
selection_changed_cb (KvmmMachineList *list, gpointer user_data)
{
  queue_update (user_data);
}

static void
shown_changed_cb (KvmmMachineList *list, gpointer user_data)
{
  queue_update (user_data);
}

/* GTK gives the focus to the first widget of the window otherwise. */
static void
menu_closed_cb (GtkPopover *menu, gpointer user_data)
{
  kvmm_machine_list_grab_focus (KVMM_WINDOW (user_data)->list);
}

static void
context_menu_cb (KvmmMachineList *list, const GdkRectangle *at, gpointer user_data)
{
  KvmmWindow *self = user_data;
  g_autoptr (GPtrArray) domains = kvmm_machine_list_dup_selected (list);

  if (domains->len == 0)
    return;
  if (!self->menu)
    {
      self->menu = kvmm_machine_menu_new ();
      gtk_widget_set_parent (self->menu, GTK_WIDGET (list));
      g_signal_connect_object (self->menu, "closed", G_CALLBACK (menu_closed_cb), self,
                               G_CONNECT_DEFAULT);
    }
  kvmm_machine_menu_set_domains (KVMM_MACHINE_MENU (self->menu), domains);
  gtk_popover_set_pointing_to (GTK_POPOVER (self->menu), at);
  gtk_popover_popup (GTK_POPOVER (self->menu));
}

static void
release_stats (gpointer data)
{
  g_autoptr (KvmmConnection) connection = data;

  kvmm_connection_release_stats (connection);
}

/* Statistics are read only while somebody can see them. */
static void
update_held (KvmmWindow *self)
{
  GListModel *model = G_LIST_MODEL (self->connections);
  GPtrArray *held = g_ptr_array_new_with_free_func (release_stats);
  gboolean is_seen = gtk_widget_get_mapped (GTK_WIDGET (self)) && !self->is_minimized;

  for (guint i = 0; is_seen && i < g_list_model_get_n_items (model); i++)
    {
      KvmmConnection *connection = g_list_model_get_item (model, i);

      kvmm_connection_hold_stats (connection);
      g_ptr_array_add (held, connection);
    }
  /* The new holds come before the old ones go, or the timers would start again. */
  g_clear_pointer (&self->held, g_ptr_array_unref);
  self->held = held;
}

static void
connection_notify_cb (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  queue_update (user_data);
}

static void
connections_changed_cb (
    GListModel *model, guint position, guint removed, guint added, gpointer user_data)
{
  KvmmWindow *self = user_data;
  GtkWidget *bar = gtk_widget_get_first_child (GTK_WIDGET (self->bars));

  for (guint i = 0; i < position; i++)
    bar = gtk_widget_get_next_sibling (bar);
  for (guint i = 0; i < removed; i++)
    {
      GtkWidget *next = gtk_widget_get_next_sibling (bar);

      gtk_box_remove (self->bars, bar);
      bar = next;
    }
  for (guint i = 0; i < added; i++)
    {
      g_autoptr (KvmmConnection) connection = g_list_model_get_item (model, position + i);
      GtkWidget *new_bar = kvmm_connection_bar_new (connection);

      g_signal_connect_object (connection, "notify::state", G_CALLBACK (connection_notify_cb), self,
                               G_CONNECT_DEFAULT);
      g_signal_connect_object (connection, "notify::is-loaded", G_CALLBACK (connection_notify_cb),
                               self, G_CONNECT_DEFAULT);
      kvmm_connection_set_auth (connection, kvmm_auth_dialog_ask, NULL);
      if (bar)
        gtk_box_insert_child_after (self->bars, new_bar, gtk_widget_get_prev_sibling (bar));
      else
        gtk_box_append (self->bars, new_bar);
    }
  kvmm_machine_list_set_show_connection (self->list, g_list_model_get_n_items (model) > 1);
  update_held (self);
  queue_update (self);
}

static void
toplevel_state_cb (GObject *surface, GParamSpec *pspec, gpointer user_data)
{
  KvmmWindow *self = user_data;
  GdkToplevelState state = gdk_toplevel_get_state (GDK_TOPLEVEL (surface));
  gboolean is_minimized = (state & GDK_TOPLEVEL_STATE_MINIMIZED) != 0;

  if (is_minimized == self->is_minimized)
    return;
  self->is_minimized = is_minimized;
  update_held (self);
}

static void
kvmm_window_realize (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (kvmm_window_parent_class)->realize (widget);
  g_signal_connect_object (gtk_native_get_surface (GTK_NATIVE (widget)), "notify::state",
                           G_CALLBACK (toplevel_state_cb), widget, G_CONNECT_DEFAULT);
}

static void
kvmm_window_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (kvmm_window_parent_class)->map (widget);
  update_held (KVMM_WINDOW (widget));
}

/* GTK gives Ctrl+Shift+D to its inspector, before the keys of a window; Ctrl+Shift+I stays for
 * that. */
static gboolean
kvmm_window_enable_debugging (GtkWindow *window, gboolean toggle)
{
  if (toggle)
    return gtk_widget_activate_action (GTK_WIDGET (window), "vm.shut-down", NULL);

  return GTK_WINDOW_CLASS (kvmm_window_parent_class)->enable_debugging (window, toggle);
}

static void
save_size (KvmmWindow *self)
{
  GSettings *gsettings = kvmm_settings_get_gsettings (self->settings);
  gboolean is_maximized = gtk_window_is_maximized (GTK_WINDOW (self));
  int width;
  int height;

  g_settings_set_boolean (gsettings, KVMM_SETTINGS_WINDOW_MAXIMIZED, is_maximized);
  gtk_window_get_default_size (GTK_WINDOW (self), &width, &height);
  if (!is_maximized && width > 0 && height > 0)
    g_settings_set (gsettings, KVMM_SETTINGS_WINDOW_SIZE, "(ii)", width, height);
}

static void
kvmm_window_unmap (GtkWidget *widget)
{
  KvmmWindow *self = KVMM_WINDOW (widget);

  save_size (self);
  GTK_WIDGET_CLASS (kvmm_window_parent_class)->unmap (widget);
  update_held (self);
}

static void
kvmm_window_dispose (GObject *object)
{
  KvmmWindow *self = KVMM_WINDOW (object);

  if (self->update_id)
    gtk_widget_remove_tick_callback (GTK_WIDGET (self), self->update_id);
  self->update_id = 0;
  g_clear_pointer (&self->menu, gtk_widget_unparent);
  gtk_widget_dispose_template (GTK_WIDGET (self), KVMM_TYPE_WINDOW);
  g_clear_pointer (&self->held, g_ptr_array_unref);
  g_clear_object (&self->connections);
  g_clear_object (&self->settings);

  G_OBJECT_CLASS (kvmm_window_parent_class)->dispose (object);
}

static void
kvmm_window_class_init (KvmmWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_window_dispose;
  widget_class->realize = kvmm_window_realize;
  widget_class->map = kvmm_window_map;
  widget_class->unmap = kvmm_window_unmap;
  GTK_WINDOW_CLASS (klass)->enable_debugging = kvmm_window_enable_debugging;

  g_type_ensure (KVMM_TYPE_SIDEBAR);
  g_type_ensure (KVMM_TYPE_MACHINE_LIST);
  g_type_ensure (KVMM_TYPE_LIST_STATUS);
  g_type_ensure (KVMM_TYPE_SELECTION_BAR);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kvmmanager/KvmManager/ui/kvmm-window.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmWindow, title);
  gtk_widget_class_bind_template_child (widget_class, KvmmWindow, menu_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmWindow, add_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmWindow, sidebar_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmWindow, search_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmWindow, grid_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmWindow, flap);
  gtk_widget_class_bind_template_child (widget_class, KvmmWindow, sidebar);
  gtk_widget_class_bind_template_child (widget_class, KvmmWindow, search_bar);
  gtk_widget_class_bind_template_child (widget_class, KvmmWindow, search_entry);
  gtk_widget_class_bind_template_child (widget_class, KvmmWindow, bars);
  gtk_widget_class_bind_template_child (widget_class, KvmmWindow, stack);
  gtk_widget_class_bind_template_child (widget_class, KvmmWindow, list);
  gtk_widget_class_bind_template_child (widget_class, KvmmWindow, status);
  gtk_widget_class_bind_template_child (widget_class, KvmmWindow, selection_bar);
  gtk_widget_class_bind_template_child (widget_class, KvmmWindow, columns_menu);
  gtk_widget_class_bind_template_child (widget_class, KvmmWindow, sort_menu);
  gtk_widget_class_bind_template_child (widget_class, KvmmWindow, primary_menu);
  gtk_widget_class_bind_template_callback (widget_class, scope_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, counts_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, sidebar_activated_cb);
  gtk_widget_class_bind_template_callback (widget_class, search_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, search_activate_cb);
  gtk_widget_class_bind_template_callback (widget_class, open_cb);
  gtk_widget_class_bind_template_callback (widget_class, selection_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, shown_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, context_menu_cb);
  kvmm_window_install_actions (widget_class);
}

/* A menu's popover costs milliseconds that the first frame does not need. */
static void
create_menu_cb (GtkMenuButton *button, gpointer user_data)
{
  KvmmWindow *self = user_data;

  gtk_menu_button_set_menu_model (button, self->primary_menu);
}

static void
kvmm_window_init (KvmmWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_menu_button_set_create_popup_func (self->menu_button, create_menu_cb, self, NULL);
  gtk_search_bar_connect_entry (self->search_bar, GTK_EDITABLE (self->search_entry));
  gtk_search_bar_set_key_capture_widget (self->search_bar, GTK_WIDGET (self));
  g_object_bind_property (self->search_button, "active", self->search_bar, "search-mode-enabled",
                          G_BINDING_BIDIRECTIONAL);
  /* The menu has them too, and a narrow window needs the room for its title. */
  g_object_bind_property (self->flap, "folded", self->add_button, "visible",
                          G_BINDING_SYNC_CREATE | G_BINDING_INVERT_BOOLEAN);
  g_object_bind_property (self->flap, "folded", self->grid_button, "visible",
                          G_BINDING_SYNC_CREATE | G_BINDING_INVERT_BOOLEAN);
  g_object_bind_property (self->flap, "reveal-flap", self->sidebar_button, "active",
                          G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
}

static gboolean
view_to_active (GValue *value, GVariant *variant, gpointer user_data)
{
  g_value_set_boolean (value, g_str_equal (g_variant_get_string (variant, NULL), "grid"));

  return TRUE;
}

static GVariant *
active_to_view (const GValue *value, const GVariantType *type, gpointer user_data)
{
  return g_variant_new_string (g_value_get_boolean (value) ? "grid" : "list");
}

static void
grid_toggled_cb (GtkToggleButton *button, GParamSpec *pspec, gpointer user_data)
{
  KvmmWindow *self = user_data;
  gboolean had_focus = gtk_widget_get_focus_child (GTK_WIDGET (self->list)) != NULL;

  kvmm_machine_list_set_is_grid (self->list, gtk_toggle_button_get_active (button));
  if (had_focus)
    kvmm_machine_list_grab_focus (self->list);
}

/* Button and menu stand for the setting. */
static void
follow_view (KvmmWindow *self)
{
  GSettings *gsettings = kvmm_settings_get_gsettings (self->settings);
  g_autoptr (GSimpleActionGroup) group = g_simple_action_group_new ();
  g_autoptr (GAction) action = g_settings_create_action (gsettings, KVMM_SETTINGS_MACHINES_VIEW);

  g_action_map_add_action (G_ACTION_MAP (group), action);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "settings", G_ACTION_GROUP (group));
  g_signal_connect_object (self->grid_button, "notify::active", G_CALLBACK (grid_toggled_cb), self,
                           G_CONNECT_DEFAULT);
  g_settings_bind_with_mapping (gsettings, KVMM_SETTINGS_MACHINES_VIEW, self->grid_button, "active",
                                G_SETTINGS_BIND_DEFAULT, view_to_active, active_to_view, NULL,
                                NULL);
}

static void
restore_size (KvmmWindow *self)
{
  GSettings *gsettings = kvmm_settings_get_gsettings (self->settings);
  int width;
  int height;

  g_settings_get (gsettings, KVMM_SETTINGS_WINDOW_SIZE, "(ii)", &width, &height);
  if (width > 0 && height > 0)
    gtk_window_set_default_size (GTK_WINDOW (self), width, height);
  if (g_settings_get_boolean (gsettings, KVMM_SETTINGS_WINDOW_MAXIMIZED))
    gtk_window_maximize (GTK_WINDOW (self));
}

KvmmWindow *
kvmm_window_new (AdwApplication *application,
                 KvmmSettings *settings,
                 KvmmConnectionList *connections)
{
  KvmmWindow *self = g_object_new (KVMM_TYPE_WINDOW, "application", application, NULL);

  self->settings = g_object_ref (settings);
  self->connections = g_object_ref (connections);
  restore_size (self);

  kvmm_machine_list_set_model (self->list, settings,
                               kvmm_connection_list_get_domains (connections));
  follow_view (self);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "columns",
                                  kvmm_machine_list_get_columns_actions (self->list));
  g_menu_append_section (self->columns_menu, NULL, kvmm_machine_list_get_columns_menu (self->list));
  g_menu_append_section (self->sort_menu, NULL, kvmm_machine_list_get_sort_menu (self->list));
  kvmm_sidebar_set_model (self->sidebar, settings, connections);
  kvmm_machine_list_set_scope (self->list, kvmm_sidebar_get_scope (self->sidebar));

  g_signal_connect_object (connections, "items-changed", G_CALLBACK (connections_changed_cb), self,
                           G_CONNECT_DEFAULT);
  connections_changed_cb (G_LIST_MODEL (connections), 0, 0,
                          g_list_model_get_n_items (G_LIST_MODEL (connections)), self);
  kvmm_window_update_page (self);
  update_title (self);

  return self;
}
