/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-preferences-window.h"

#include <glib/gi18n.h>

#include "kvmm-agent-disc-page.h"
#include "kvmm-connection-dialog.h"
#include "kvmm-consoles-preferences.h"

struct _KvmmPreferencesWindow
{
  AdwPreferencesWindow parent_instance;

  KvmmSettings *settings;          /* (owned) */
  KvmmConnectionList *connections; /* (owned) */
  GPtrArray *rows;                 /* (owned) (element-type GtkWidget) (unowned elements) */

  GtkWidget *stats_interval;
  GtkWidget *confirm;
  AdwComboRow *color_scheme;
  AdwPreferencesGroup *connections_group;
  KvmmConsolesPreferences *consoles_page;
  KvmmAgentDiscPage *disc_page;
};

G_DEFINE_FINAL_TYPE (KvmmPreferencesWindow, kvmm_preferences_window, ADW_TYPE_PREFERENCES_WINDOW)

/* In the order of the rows in the template. */
static const char *const color_schemes[] = { "default", "light", "dark" };

static gboolean
get_color_scheme (GValue *value, GVariant *variant, gpointer user_data)
{
  for (guint i = 0; i < G_N_ELEMENTS (color_schemes); i++)
    {
      if (g_str_equal (g_variant_get_string (variant, NULL), color_schemes[i]))
        g_value_set_uint (value, i);
    }

  return TRUE;
}

static GVariant *
set_color_scheme (const GValue *value, const GVariantType *type, gpointer user_data)
{
  guint selected = g_value_get_uint (value);

  return selected < G_N_ELEMENTS (color_schemes) ? g_variant_new_string (color_schemes[selected])
                                                 : NULL;
}

static void
switched_cb (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  KvmmPreferencesWindow *self = user_data;

  kvmm_settings_set_autoconnect (self->settings, g_object_get_data (object, "kvmm-uri"),
                                 gtk_switch_get_active (GTK_SWITCH (object)));
}

static void
remove_cb (GtkButton *button, gpointer user_data)
{
  KvmmPreferencesWindow *self = user_data;
  KvmmConnection *connection = g_object_get_data (G_OBJECT (button), "kvmm-connection");

  kvmm_connection_list_remove (self->connections, connection);
}

static void
add_connection_row (KvmmPreferencesWindow *self, KvmmConnection *connection)
{
  const char *uri = kvmm_connection_get_uri (connection);
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *toggle = gtk_switch_new ();
  GtkWidget *button = gtk_button_new_from_icon_name ("user-trash-symbolic");
  g_autofree char *label = g_strdup_printf (_ ("Connect to %s at start"), uri);
  g_autofree char *remove_label = g_strdup_printf (_ ("Remove %s"), uri);

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), kvmm_connection_get_name (connection));
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), uri);

  gtk_switch_set_active (GTK_SWITCH (toggle), kvmm_settings_get_autoconnect (self->settings, uri));
  gtk_widget_set_valign (toggle, GTK_ALIGN_CENTER);
  gtk_accessible_update_property (GTK_ACCESSIBLE (toggle), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                  -1);
  g_object_set_data_full (G_OBJECT (toggle), "kvmm-uri", g_strdup (uri), g_free);
  g_signal_connect (toggle, "notify::active", G_CALLBACK (switched_cb), self);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), toggle);
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), toggle);

  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (button, _ ("Remove From List"));
  gtk_widget_add_css_class (button, "flat");
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  remove_label, -1);
  g_object_set_data_full (G_OBJECT (button), "kvmm-connection", g_object_ref (connection),
                          g_object_unref);
  g_signal_connect (button, "clicked", G_CALLBACK (remove_cb), self);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), button);

  adw_preferences_group_add (self->connections_group, row);
  g_ptr_array_add (self->rows, row);
}

static void
connections_changed_cb (
    GListModel *model, guint position, guint removed, guint added, gpointer user_data)
{
  KvmmPreferencesWindow *self = user_data;

  for (guint i = 0; i < self->rows->len; i++)
    adw_preferences_group_remove (self->connections_group, g_ptr_array_index (self->rows, i));
  g_ptr_array_set_size (self->rows, 0);
  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (KvmmConnection) connection = g_list_model_get_item (model, i);

      add_connection_row (self, connection);
    }
}

static void
add_connection_cb (GtkButton *button, gpointer user_data)
{
  KvmmPreferencesWindow *self = user_data;

  kvmm_connection_dialog_present (GTK_WINDOW (self), self->settings, self->connections);
}

static void
kvmm_preferences_window_dispose (GObject *object)
{
  KvmmPreferencesWindow *self = KVMM_PREFERENCES_WINDOW (object);

  gtk_widget_dispose_template (GTK_WIDGET (self), KVMM_TYPE_PREFERENCES_WINDOW);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  g_clear_object (&self->settings);
  g_clear_object (&self->connections);

  G_OBJECT_CLASS (kvmm_preferences_window_parent_class)->dispose (object);
}

static void
kvmm_preferences_window_class_init (KvmmPreferencesWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_preferences_window_dispose;

  g_type_ensure (KVMM_TYPE_AGENT_DISC_PAGE);
  g_type_ensure (KVMM_TYPE_CONSOLES_PREFERENCES);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-preferences-window.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmPreferencesWindow, stats_interval);
  gtk_widget_class_bind_template_child (widget_class, KvmmPreferencesWindow, confirm);
  gtk_widget_class_bind_template_child (widget_class, KvmmPreferencesWindow, color_scheme);
  gtk_widget_class_bind_template_child (widget_class, KvmmPreferencesWindow, connections_group);
  gtk_widget_class_bind_template_child (widget_class, KvmmPreferencesWindow, consoles_page);
  gtk_widget_class_bind_template_child (widget_class, KvmmPreferencesWindow, disc_page);
  gtk_widget_class_bind_template_callback (widget_class, add_connection_cb);
}

static void
kvmm_preferences_window_init (KvmmPreferencesWindow *self)
{
  self->rows = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
kvmm_preferences_window_present (GtkWindow *parent,
                                 KvmmSettings *settings,
                                 KvmmConnectionList *connections)
{
  KvmmPreferencesWindow *self =
      g_object_new (KVMM_TYPE_PREFERENCES_WINDOW, "transient-for", parent, NULL);
  GSettings *gsettings = kvmm_settings_get_gsettings (settings);

  self->settings = g_object_ref (settings);
  self->connections = g_object_ref (connections);
  g_settings_bind (gsettings, KVMM_SETTINGS_STATS_INTERVAL, self->stats_interval, "value",
                   G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (gsettings, KVMM_SETTINGS_CONFIRM_FORCE_OFF, self->confirm, "active",
                   G_SETTINGS_BIND_DEFAULT);
  g_settings_bind_with_mapping (gsettings, KVMM_SETTINGS_COLOR_SCHEME, self->color_scheme,
                                "selected", G_SETTINGS_BIND_DEFAULT, get_color_scheme,
                                set_color_scheme, NULL, NULL);
  g_signal_connect_object (connections, "items-changed", G_CALLBACK (connections_changed_cb), self,
                           G_CONNECT_DEFAULT);
  connections_changed_cb (G_LIST_MODEL (connections), 0, 0, 0, self);
  kvmm_consoles_preferences_set_settings (self->consoles_page, settings);
  kvmm_agent_disc_page_set_model (self->disc_page, settings, connections);
  gtk_window_present (GTK_WINDOW (self));
}
