/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-connection-row.h"

#include <glib/gi18n.h>
#include <math.h>

#include "kvmm-dialogs.h"
#include "kvmm-guest-access-window.h"

#include "util/kvmm-units.h"

#define UNDO_SECONDS 8

struct _KvmmConnectionRow
{
  GtkListBoxRow parent_instance;

  KvmmConnection *connection;      /* (owned) */
  KvmmSettings *settings;          /* (owned) */
  KvmmConnectionList *connections; /* (owned) */
  GSimpleActionGroup *actions;     /* (owned) */

  GtkImage *icon;
  GtkLabel *name;
  GtkSpinner *spinner;
  GtkLabel *count;
  GtkLabel *state;
  GtkWidget *figures;
  GtkProgressBar *cpu_bar;
  GtkLabel *cpu_text;
  GtkProgressBar *memory_bar;
  GtkLabel *memory_text;
};

G_DEFINE_FINAL_TYPE (KvmmConnectionRow, kvmm_connection_row, GTK_TYPE_LIST_BOX_ROW)

const char *
kvmm_connection_row_get_state_icon (KvmmConnectionState state)
{
  switch (state)
    {
    case KVMM_CONNECTION_DISCONNECTED:
      return "network-offline-symbolic";
    case KVMM_CONNECTION_CONNECTING:
      return "network-idle-symbolic";
    case KVMM_CONNECTION_CONNECTED:
      return "network-server-symbolic";
    case KVMM_CONNECTION_LOST:
    case KVMM_CONNECTION_FAILED:
      return "dialog-warning-symbolic";
    }

  return "dialog-warning-symbolic";
}

static void
set_figure (GtkProgressBar *bar, GtkLabel *label, double fraction)
{
  g_autofree char *text = kvmm_units_percent (fraction);

  gtk_progress_bar_set_fraction (bar, isnan (fraction) ? 0 : CLAMP (fraction, 0, 1));
  gtk_accessible_update_property (GTK_ACCESSIBLE (bar), GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT, text,
                                  -1);
  gtk_label_set_text (label, text);
}

static void
update_figures (KvmmConnectionRow *self)
{
  double cpu = kvmm_connection_get_host_cpu_fraction (self->connection);
  double memory = kvmm_connection_get_host_memory_fraction (self->connection);
  gboolean is_connected = kvmm_connection_get_state (self->connection) == KVMM_CONNECTION_CONNECTED;

  gtk_widget_set_visible (self->figures, is_connected && !(isnan (cpu) && isnan (memory)));
  set_figure (self->cpu_bar, self->cpu_text, cpu);
  set_figure (self->memory_bar, self->memory_text, memory);
}

static void
set_enabled (KvmmConnectionRow *self, const char *name, gboolean enabled)
{
  GAction *action = g_action_map_lookup_action (G_ACTION_MAP (self->actions), name);

  g_simple_action_set_enabled (G_SIMPLE_ACTION (action), enabled);
}

static void
update_state (KvmmConnectionRow *self)
{
  KvmmConnectionState state = kvmm_connection_get_state (self->connection);
  const char *state_text = kvmm_connection_get_state_text (self->connection);
  const char *name = kvmm_connection_get_name (self->connection);
  gboolean is_connected = state == KVMM_CONNECTION_CONNECTED;
  gboolean is_connecting = state == KVMM_CONNECTION_CONNECTING;
  g_autofree char *label = g_strdup_printf ("%s, %s", name, state_text);

  gtk_label_set_text (self->name, name);
  gtk_image_set_from_icon_name (self->icon, kvmm_connection_row_get_state_icon (state));
  gtk_label_set_text (self->state, state_text);
  gtk_widget_set_visible (GTK_WIDGET (self->state), !is_connected);
  gtk_widget_set_visible (GTK_WIDGET (self->spinner), is_connecting);
  gtk_spinner_set_spinning (self->spinner, is_connecting);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self), kvmm_connection_get_uri (self->connection));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);

  set_enabled (self, "connect", !is_connected && !is_connecting);
  set_enabled (self, "disconnect", state != KVMM_CONNECTION_DISCONNECTED);
  set_enabled (self, "refresh", is_connected);
  update_figures (self);
}

static void
update_count (KvmmConnectionRow *self)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->connection));
  g_autofree char *text = n > 0 ? g_strdup_printf ("%u", n) : NULL;

  gtk_label_set_text (self->count, text ? text : "");
}

static void
notify_cb (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  KvmmConnectionRow *self = user_data;
  const char *property = g_param_spec_get_name (pspec);

  if (g_str_has_prefix (property, "host-"))
    update_figures (self);
  else if (g_str_has_prefix (property, "n-"))
    update_count (self);
  else
    update_state (self);
}

static void
connect_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  kvmm_connection_connect (KVMM_CONNECTION_ROW (user_data)->connection);
}

static void
disconnect_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  kvmm_connection_disconnect (KVMM_CONNECTION_ROW (user_data)->connection);
}

static void
refresh_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  kvmm_connection_refresh (KVMM_CONNECTION_ROW (user_data)->connection);
}

static void
copy_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  KvmmConnectionRow *self = user_data;

  kvmm_dialogs_copy (GTK_WIDGET (self), kvmm_connection_get_uri (self->connection));
}

static void
guests_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  KvmmConnectionRow *self = user_data;
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));

  kvmm_guest_access_window_present (GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL,
                                    self->connection);
}

static void
autoconnect_cb (GSimpleAction *action, GVariant *state, gpointer user_data)
{
  KvmmConnectionRow *self = user_data;

  kvmm_settings_set_autoconnect (self->settings, kvmm_connection_get_uri (self->connection),
                                 g_variant_get_boolean (state));
  g_simple_action_set_state (action, state);
}

typedef struct
{
  KvmmConnectionList *connections; /* (owned) */
  KvmmSettings *settings;          /* (owned) */
  char *uri;
  gboolean autoconnect;
} Removed;

static void
removed_free (gpointer data)
{
  Removed *self = data;

  g_object_unref (self->connections);
  g_object_unref (self->settings);
  g_free (self->uri);
  g_free (self);
}

static void
undo_remove_cb (gpointer user_data)
{
  Removed *removed = user_data;
  KvmmConnection *connection;

  connection = kvmm_connection_list_ensure (removed->connections, removed->uri, TRUE);
  kvmm_settings_set_autoconnect (removed->settings, removed->uri, removed->autoconnect);
  kvmm_connection_connect (connection);
}

static void
remove_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  KvmmConnectionRow *self = user_data;
  g_autofree char *text =
      g_strdup_printf (_ ("Removed “%s”"), kvmm_connection_get_name (self->connection));
  Removed *removed = g_new0 (Removed, 1);

  removed->connections = g_object_ref (self->connections);
  removed->settings = g_object_ref (self->settings);
  removed->uri = g_strdup (kvmm_connection_get_uri (self->connection));
  removed->autoconnect = kvmm_settings_get_autoconnect (self->settings, removed->uri);
  kvmm_dialogs_toast_with_button (GTK_WIDGET (self), text, _ ("_Undo"), UNDO_SECONDS,
                                  undo_remove_cb, removed, removed_free);
  /* Destroys this row. */
  kvmm_connection_list_remove (self->connections, self->connection);
}

static void
autoconnect_changed_cb (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  KvmmConnectionRow *self = user_data;
  GAction *action = g_action_map_lookup_action (G_ACTION_MAP (self->actions), "autoconnect");
  gboolean autoconnect =
      kvmm_settings_get_autoconnect (self->settings, kvmm_connection_get_uri (self->connection));

  g_simple_action_set_state (G_SIMPLE_ACTION (action), g_variant_new_boolean (autoconnect));
}

static void
kvmm_connection_row_dispose (GObject *object)
{
  KvmmConnectionRow *self = KVMM_CONNECTION_ROW (object);

  gtk_widget_dispose_template (GTK_WIDGET (self), KVMM_TYPE_CONNECTION_ROW);
  g_clear_object (&self->actions);
  g_clear_object (&self->connection);
  g_clear_object (&self->connections);
  g_clear_object (&self->settings);

  G_OBJECT_CLASS (kvmm_connection_row_parent_class)->dispose (object);
}

static void
kvmm_connection_row_class_init (KvmmConnectionRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_connection_row_dispose;

  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-connection-row.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmConnectionRow, icon);
  gtk_widget_class_bind_template_child (widget_class, KvmmConnectionRow, name);
  gtk_widget_class_bind_template_child (widget_class, KvmmConnectionRow, spinner);
  gtk_widget_class_bind_template_child (widget_class, KvmmConnectionRow, count);
  gtk_widget_class_bind_template_child (widget_class, KvmmConnectionRow, state);
  gtk_widget_class_bind_template_child (widget_class, KvmmConnectionRow, figures);
  gtk_widget_class_bind_template_child (widget_class, KvmmConnectionRow, cpu_bar);
  gtk_widget_class_bind_template_child (widget_class, KvmmConnectionRow, cpu_text);
  gtk_widget_class_bind_template_child (widget_class, KvmmConnectionRow, memory_bar);
  gtk_widget_class_bind_template_child (widget_class, KvmmConnectionRow, memory_text);
}

static void
kvmm_connection_row_init (KvmmConnectionRow *self)
{
  static const GActionEntry entries[] = {
    { .name = "connect", .activate = connect_cb },
    { .name = "disconnect", .activate = disconnect_cb },
    { .name = "refresh", .activate = refresh_cb },
    { .name = "copy", .activate = copy_cb },
    { .name = "guests", .activate = guests_cb },
    { .name = "remove", .activate = remove_cb },
    { .name = "autoconnect", .state = "false", .change_state = autoconnect_cb },
  };

  gtk_widget_init_template (GTK_WIDGET (self));
  self->actions = g_simple_action_group_new ();
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries),
                                   self);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "connection", G_ACTION_GROUP (self->actions));
}

GtkWidget *
kvmm_connection_row_new (KvmmConnection *connection,
                         KvmmSettings *settings,
                         KvmmConnectionList *connections)
{
  KvmmConnectionRow *self = g_object_new (KVMM_TYPE_CONNECTION_ROW, NULL);

  self->connection = g_object_ref (connection);
  self->settings = g_object_ref (settings);
  self->connections = g_object_ref (connections);
  g_signal_connect_object (connection, "notify", G_CALLBACK (notify_cb), self, G_CONNECT_DEFAULT);
  g_signal_connect_object (settings, "notify::autoconnect", G_CALLBACK (autoconnect_changed_cb),
                           self, G_CONNECT_DEFAULT);
  autoconnect_changed_cb (NULL, NULL, self);
  update_count (self);
  update_state (self);

  return GTK_WIDGET (self);
}

KvmmConnection *
kvmm_connection_row_get_connection (KvmmConnectionRow *self)
{
  g_return_val_if_fail (KVMM_IS_CONNECTION_ROW (self), NULL);

  return self->connection;
}
