/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-consoles-preferences.h"

#include <glib/gi18n.h>
#include <string.h>

#include "kvmm-console-keys.h"
#include "kvmm-dialogs.h"
#include "kvmm-key-recorder.h"

/* Most shortcuts that stay with this computer: as many as a display takes. */
#define MAX_HOST_KEYS 64

struct _KvmmConsolesPreferences
{
  AdwPreferencesPage parent_instance;

  KvmmSettings *settings; /* (owned) (nullable) */
  GPtrArray *rows;        /* (owned) (element-type GtkWidget) (unowned elements): of host keys */

  AdwComboRow *placement;
  GtkLabel *release_label;
  AdwPreferencesGroup *host_group;
  GtkWidget *host_empty;
};

G_DEFINE_FINAL_TYPE (KvmmConsolesPreferences, kvmm_consoles_preferences, ADW_TYPE_PREFERENCES_PAGE)

/* In the order of the rows in the template. */
static const char *const placements[] = { "page", "tabs", "windows" };

static gboolean
get_placement (GValue *value, GVariant *variant, gpointer user_data)
{
  for (guint i = 0; i < G_N_ELEMENTS (placements); i++)
    if (g_str_equal (g_variant_get_string (variant, NULL), placements[i]))
      g_value_set_uint (value, i);
  return TRUE;
}

static GVariant *
set_placement (const GValue *value, const GVariantType *type, gpointer user_data)
{
  guint selected = g_value_get_uint (value);

  return selected < G_N_ELEMENTS (placements) ? g_variant_new_string (placements[selected]) : NULL;
}

static GSettings *
get_gsettings (KvmmConsolesPreferences *self)
{
  return kvmm_settings_get_gsettings (self->settings);
}

static void
release_keys_changed_cb (KvmmConsolesPreferences *self)
{
  g_autofree char *keys =
      g_settings_get_string (get_gsettings (self), KVMM_SETTINGS_CONSOLE_RELEASE_KEYS);
  g_autofree char *label = kvmm_console_keys_dup_label (keys);

  gtk_label_set_text (self->release_label, label);
}

static void
release_recorded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmConsolesPreferences *self = KVMM_CONSOLES_PREFERENCES (source);
  g_autofree char *keys = kvmm_key_recorder_ask_finish (result);

  if (keys != NULL)
    g_settings_set_string (get_gsettings (self), KVMM_SETTINGS_CONSOLE_RELEASE_KEYS, keys);
}

static void
record_release_cb (KvmmConsolesPreferences *self)
{
  kvmm_key_recorder_ask_async (GTK_WIDGET (self), _ ("Keys That Give the Keyboard Back"),
                               _ ("_Set"), release_recorded_cb, NULL);
}

/* ---- shortcuts that stay ---- */

static void
remove_cb (GtkButton *button, KvmmConsolesPreferences *self)
{
  const char *accelerator = g_object_get_data (G_OBJECT (button), "kvmm-accelerator");
  g_auto (GStrv) old = g_settings_get_strv (get_gsettings (self), KVMM_SETTINGS_CONSOLE_HOST_KEYS);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; old[i] != NULL; i++)
    if (!g_str_equal (old[i], accelerator))
      g_strv_builder_add (builder, old[i]);
  g_auto (GStrv) strv = g_strv_builder_end (builder);
  g_settings_set_strv (get_gsettings (self), KVMM_SETTINGS_CONSOLE_HOST_KEYS,
                       (const char *const *) strv);
}

static void
add_row (KvmmConsolesPreferences *self, const char *accelerator)
{
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *button = gtk_button_new_from_icon_name ("user-trash-symbolic");
  g_autofree char *label = NULL;
  g_autofree char *remove_label = NULL;
  GdkModifierType modifiers;
  guint keyval;

  if (!gtk_accelerator_parse (accelerator, &keyval, &modifiers))
    return;
  label = gtk_accelerator_get_label (keyval, modifiers);
  remove_label = g_strdup_printf (_ ("Remove %s"), label);
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), label);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (button, _ ("Remove"));
  gtk_widget_add_css_class (button, "flat");
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  remove_label, -1);
  g_object_set_data_full (G_OBJECT (button), "kvmm-accelerator", g_strdup (accelerator), g_free);
  g_signal_connect_object (button, "clicked", G_CALLBACK (remove_cb), self, 0);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), button);
  adw_preferences_group_add (self->host_group, row);
  g_ptr_array_add (self->rows, row);
}

static void
host_keys_changed_cb (KvmmConsolesPreferences *self)
{
  g_auto (GStrv) keys = g_settings_get_strv (get_gsettings (self), KVMM_SETTINGS_CONSOLE_HOST_KEYS);

  for (guint i = 0; i < self->rows->len; i++)
    adw_preferences_group_remove (self->host_group, g_ptr_array_index (self->rows, i));
  g_ptr_array_set_size (self->rows, 0);
  for (guint i = 0; keys[i] != NULL && i < MAX_HOST_KEYS; i++)
    add_row (self, keys[i]);
  gtk_widget_set_visible (self->host_empty, self->rows->len == 0);
}

/* Returns: (transfer full) (nullable): a combination as an accelerator: modifiers, then one key */
static char *
dup_accelerator (const char *keys)
{
  static const struct
  {
    const char *prefix;
    GdkModifierType modifier;
  } modifiers[] = {
    { "Control_", GDK_CONTROL_MASK },
    { "Alt_", GDK_ALT_MASK },
    { "Shift_", GDK_SHIFT_MASK },
    { "Super_", GDK_SUPER_MASK },
  };
  g_auto (GStrv) names = g_strsplit (keys, "+", -1);
  GdkModifierType mask = 0;
  guint keyval = 0;

  for (guint i = 0; names[i] != NULL; i++)
    {
      GdkModifierType found = 0;

      for (guint j = 0; j < G_N_ELEMENTS (modifiers); j++)
        if (g_str_has_prefix (names[i], modifiers[j].prefix))
          found = modifiers[j].modifier;
      if (found == 0 && keyval != 0)
        return NULL;
      if (found == 0)
        keyval = gdk_keyval_from_name (names[i]);
      mask |= found;
    }
  return keyval != 0 && gtk_accelerator_valid (keyval, mask) ? gtk_accelerator_name (keyval, mask)
                                                             : NULL;
}

static void
host_recorded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmConsolesPreferences *self = KVMM_CONSOLES_PREFERENCES (source);
  g_autofree char *keys = kvmm_key_recorder_ask_finish (result);
  g_autofree char *accelerator = keys != NULL ? dup_accelerator (keys) : NULL;
  g_auto (GStrv) old = g_settings_get_strv (get_gsettings (self), KVMM_SETTINGS_CONSOLE_HOST_KEYS);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  if (keys == NULL)
    return;
  if (accelerator == NULL)
    {
      kvmm_dialogs_toast (GTK_WIDGET (self),
                          _ ("A shortcut is one key, with Ctrl, Alt, Shift or Super"));
      return;
    }
  if (g_strv_contains ((const char *const *) old, accelerator) ||
      g_strv_length (old) >= MAX_HOST_KEYS)
    return;
  g_strv_builder_addv (builder, (const char **) old);
  g_strv_builder_add (builder, accelerator);
  g_auto (GStrv) strv = g_strv_builder_end (builder);
  g_settings_set_strv (get_gsettings (self), KVMM_SETTINGS_CONSOLE_HOST_KEYS,
                       (const char *const *) strv);
}

static void
add_host_cb (KvmmConsolesPreferences *self)
{
  kvmm_key_recorder_ask_async (GTK_WIDGET (self), _ ("Shortcut That Stays"), _ ("_Add"),
                               host_recorded_cb, NULL);
}

static void
kvmm_consoles_preferences_dispose (GObject *object)
{
  KvmmConsolesPreferences *self = KVMM_CONSOLES_PREFERENCES (object);

  gtk_widget_dispose_template (GTK_WIDGET (self), KVMM_TYPE_CONSOLES_PREFERENCES);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (kvmm_consoles_preferences_parent_class)->dispose (object);
}

static void
kvmm_consoles_preferences_class_init (KvmmConsolesPreferencesClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_consoles_preferences_dispose;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-consoles-preferences.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmConsolesPreferences, placement);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsolesPreferences, release_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsolesPreferences, host_group);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsolesPreferences, host_empty);
  gtk_widget_class_bind_template_callback (widget_class, record_release_cb);
  gtk_widget_class_bind_template_callback (widget_class, add_host_cb);
}

static void
kvmm_consoles_preferences_init (KvmmConsolesPreferences *self)
{
  self->rows = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
kvmm_consoles_preferences_set_settings (KvmmConsolesPreferences *self, KvmmSettings *settings)
{
  g_return_if_fail (KVMM_IS_CONSOLES_PREFERENCES (self));
  g_return_if_fail (KVMM_IS_SETTINGS (settings) && self->settings == NULL);

  GSettings *gsettings = kvmm_settings_get_gsettings (settings);
  self->settings = g_object_ref (settings);
  g_settings_bind_with_mapping (gsettings, KVMM_SETTINGS_CONSOLE_PLACEMENT, self->placement,
                                "selected", G_SETTINGS_BIND_DEFAULT, get_placement, set_placement,
                                NULL, NULL);
  g_signal_connect_object (gsettings, "changed::" KVMM_SETTINGS_CONSOLE_RELEASE_KEYS,
                           G_CALLBACK (release_keys_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (gsettings, "changed::" KVMM_SETTINGS_CONSOLE_HOST_KEYS,
                           G_CALLBACK (host_keys_changed_cb), self, G_CONNECT_SWAPPED);
  release_keys_changed_cb (self);
  host_keys_changed_cb (self);
}
