/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-settings.h"

#include <glib/gi18n.h>

#include "util/kvmm-thread.h"

#define STATS_INTERVAL_MIN 1
#define STATS_INTERVAL_MAX 60

struct _KvmmSettings
{
  GObject parent_instance;

  GSettings *settings; /* (owned) */
};

G_DEFINE_FINAL_TYPE (KvmmSettings, kvmm_settings, G_TYPE_OBJECT)

typedef enum
{
  PROP_CONNECTIONS = 1,
  PROP_AUTOCONNECT,
  PROP_STATS_INTERVAL,
  PROP_AGENT_ISO_PATH,
  PROP_AGENT_ISO_SEARCH_PATHS,
  PROP_CONFIRM_DESTRUCTIVE,
  PROP_COLOR_SCHEME,
  PROP_VISIBLE_COLUMNS,
  PROP_SORT_COLUMN,
  PROP_SORT_DESCENDING,
  PROP_SIDEBAR_SELECTION,
} KvmmSettingsProp;

static GParamSpec *properties[PROP_SIDEBAR_SELECTION + 1];

/* Every key of the schema: a key that is not there would make GSettings abort the program. */
static const char *const keys[] = {
  KVMM_SETTINGS_CONNECTIONS,
  KVMM_SETTINGS_AUTOCONNECT,
  KVMM_SETTINGS_STATS_INTERVAL,
  KVMM_SETTINGS_AGENT_ISO_PATH,
  KVMM_SETTINGS_AGENT_ISO_SEARCH_PATHS,
  KVMM_SETTINGS_CONFIRM_FORCE_OFF,
  KVMM_SETTINGS_COLOR_SCHEME,
  KVMM_SETTINGS_WINDOW_SIZE,
  KVMM_SETTINGS_WINDOW_MAXIMIZED,
  KVMM_SETTINGS_MACHINE_WINDOW_SIZE,
  KVMM_SETTINGS_MACHINE_WINDOW_PAGE,
  KVMM_SETTINGS_VISIBLE_COLUMNS,
  KVMM_SETTINGS_COLUMN_WIDTHS,
  KVMM_SETTINGS_SORT_COLUMN,
  KVMM_SETTINGS_SORT_DESCENDING,
  KVMM_SETTINGS_SIDEBAR_SELECTION,
};

static void
changed_cb (KvmmSettings *self, const char *key)
{
  GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (self), key);

  if (pspec != NULL)
    g_object_notify_by_pspec (G_OBJECT (self), pspec);
}

static gboolean
strv_remove (char **strv, const char *text)
{
  char **to = strv;
  gboolean found = FALSE;

  for (char **from = strv; *from != NULL; from++)
    {
      if (g_str_equal (*from, text))
        {
          g_free (*from);
          found = TRUE;
        }
      else
        *to++ = *from;
    }
  *to = NULL;
  return found;
}

static void
add_to_key (KvmmSettings *self, const char *key, const char *text)
{
  g_auto (GStrv) old = g_settings_get_strv (self->settings, key);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  if (g_strv_contains ((const char *const *) old, text))
    return;
  g_strv_builder_addv (builder, (const char **) old);
  g_strv_builder_add (builder, text);
  g_auto (GStrv) strv = g_strv_builder_end (builder);
  g_settings_set_strv (self->settings, key, (const char *const *) strv);
}

static void
remove_from_key (KvmmSettings *self, const char *key, const char *text)
{
  g_auto (GStrv) strv = g_settings_get_strv (self->settings, key);

  if (strv_remove (strv, text))
    g_settings_set_strv (self->settings, key, (const char *const *) strv);
}

static void
kvmm_settings_dispose (GObject *object)
{
  KvmmSettings *self = KVMM_SETTINGS (object);

  g_clear_object (&self->settings);
  G_OBJECT_CLASS (kvmm_settings_parent_class)->dispose (object);
}

static void
kvmm_settings_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  KvmmSettings *self = KVMM_SETTINGS (object);
  const char *key = g_param_spec_get_name (pspec);

  switch ((KvmmSettingsProp) prop_id)
    {
    case PROP_CONNECTIONS:
    case PROP_AUTOCONNECT:
    case PROP_AGENT_ISO_SEARCH_PATHS:
    case PROP_VISIBLE_COLUMNS:
      g_value_take_boxed (value, g_settings_get_strv (self->settings, key));
      break;
    case PROP_STATS_INTERVAL:
      g_value_set_uint (value, kvmm_settings_get_stats_interval (self));
      break;
    case PROP_AGENT_ISO_PATH:
    case PROP_COLOR_SCHEME:
    case PROP_SORT_COLUMN:
    case PROP_SIDEBAR_SELECTION:
      g_value_take_string (value, g_settings_get_string (self->settings, key));
      break;
    case PROP_CONFIRM_DESTRUCTIVE:
    case PROP_SORT_DESCENDING:
      g_value_set_boolean (value, g_settings_get_boolean (self->settings, key));
      break;
    }
}

static GParamSpec *
strv_property (const char *name)
{
  return g_param_spec_boxed (name, NULL, NULL, G_TYPE_STRV,
                             G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

static GParamSpec *
string_property (const char *name)
{
  return g_param_spec_string (name, NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

static GParamSpec *
boolean_property (const char *name)
{
  return g_param_spec_boolean (name, NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

static void
kvmm_settings_class_init (KvmmSettingsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = kvmm_settings_dispose;
  object_class->get_property = kvmm_settings_get_property;

  properties[PROP_CONNECTIONS] = strv_property (KVMM_SETTINGS_CONNECTIONS);
  properties[PROP_AUTOCONNECT] = strv_property (KVMM_SETTINGS_AUTOCONNECT);
  properties[PROP_STATS_INTERVAL] = g_param_spec_uint (
      KVMM_SETTINGS_STATS_INTERVAL, NULL, NULL, STATS_INTERVAL_MIN, STATS_INTERVAL_MAX,
      STATS_INTERVAL_MIN, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_AGENT_ISO_PATH] = string_property (KVMM_SETTINGS_AGENT_ISO_PATH);
  properties[PROP_AGENT_ISO_SEARCH_PATHS] = strv_property (KVMM_SETTINGS_AGENT_ISO_SEARCH_PATHS);
  properties[PROP_CONFIRM_DESTRUCTIVE] = boolean_property (KVMM_SETTINGS_CONFIRM_FORCE_OFF);
  properties[PROP_COLOR_SCHEME] = string_property (KVMM_SETTINGS_COLOR_SCHEME);
  properties[PROP_VISIBLE_COLUMNS] = strv_property (KVMM_SETTINGS_VISIBLE_COLUMNS);
  properties[PROP_SORT_COLUMN] = string_property (KVMM_SETTINGS_SORT_COLUMN);
  properties[PROP_SORT_DESCENDING] = boolean_property (KVMM_SETTINGS_SORT_DESCENDING);
  properties[PROP_SIDEBAR_SELECTION] = string_property (KVMM_SETTINGS_SIDEBAR_SELECTION);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
kvmm_settings_init (KvmmSettings *self)
{
}

/* The folders that g_settings_schema_source_get_default() reads. */
static char *
describe_schema_folders (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const char *schema_dir = g_getenv ("GSETTINGS_SCHEMA_DIR");
  const char *const *data_dirs = g_get_system_data_dirs ();

  if (schema_dir != NULL)
    g_string_append (text, schema_dir);
  for (guint i = 0; data_dirs[i] != NULL; i++)
    {
      g_autofree char *folder = g_build_filename (data_dirs[i], "glib-2.0", "schemas", NULL);
      g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", folder);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static GSettingsSchema *
find_schema (GError **error)
{
  GSettingsSchemaSource *source = g_settings_schema_source_get_default ();
  g_autoptr (GSettingsSchema) schema =
      source != NULL ? g_settings_schema_source_lookup (source, APPLICATION_ID, TRUE) : NULL;

  if (schema == NULL)
    {
      g_autofree char *folders = describe_schema_folders ();
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   _ ("The settings schema %s is not installed. It was looked for in %s."),
                   APPLICATION_ID, folders);
      return NULL;
    }
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      if (g_settings_schema_has_key (schema, keys[i]))
        continue;
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   _ ("The installed settings schema %s has no key “%s”: it belongs to another "
                      "version of this program. Install both anew."),
                   APPLICATION_ID, keys[i]);
      return NULL;
    }
  return g_steal_pointer (&schema);
}

KvmmSettings *
kvmm_settings_new (GError **error)
{
  KVMM_ASSERT_MAIN_THREAD ();

  g_autoptr (GSettingsSchema) schema = find_schema (error);
  if (schema == NULL)
    return NULL;

  KvmmSettings *self = g_object_new (KVMM_TYPE_SETTINGS, NULL);
  self->settings = g_settings_new_full (schema, NULL, NULL);
  g_signal_connect_object (self->settings, "changed", G_CALLBACK (changed_cb), self,
                           G_CONNECT_SWAPPED);
  return self;
}

GSettings *
kvmm_settings_get_gsettings (KvmmSettings *self)
{
  g_return_val_if_fail (KVMM_IS_SETTINGS (self), NULL);
  return self->settings;
}

char **
kvmm_settings_dup_connections (KvmmSettings *self)
{
  g_return_val_if_fail (KVMM_IS_SETTINGS (self), NULL);
  return g_settings_get_strv (self->settings, KVMM_SETTINGS_CONNECTIONS);
}

void
kvmm_settings_add_connection (KvmmSettings *self, const char *uri, gboolean autoconnect)
{
  g_return_if_fail (KVMM_IS_SETTINGS (self));
  g_return_if_fail (uri != NULL);

  add_to_key (self, KVMM_SETTINGS_CONNECTIONS, uri);
  kvmm_settings_set_autoconnect (self, uri, autoconnect);
}

void
kvmm_settings_remove_connection (KvmmSettings *self, const char *uri)
{
  g_return_if_fail (KVMM_IS_SETTINGS (self));
  g_return_if_fail (uri != NULL);

  remove_from_key (self, KVMM_SETTINGS_AUTOCONNECT, uri);
  remove_from_key (self, KVMM_SETTINGS_CONNECTIONS, uri);
}

gboolean
kvmm_settings_get_autoconnect (KvmmSettings *self, const char *uri)
{
  g_return_val_if_fail (KVMM_IS_SETTINGS (self), FALSE);
  g_return_val_if_fail (uri != NULL, FALSE);

  g_auto (GStrv) uris = g_settings_get_strv (self->settings, KVMM_SETTINGS_AUTOCONNECT);
  return g_strv_contains ((const char *const *) uris, uri);
}

void
kvmm_settings_set_autoconnect (KvmmSettings *self, const char *uri, gboolean autoconnect)
{
  g_return_if_fail (KVMM_IS_SETTINGS (self));
  g_return_if_fail (uri != NULL);

  if (autoconnect)
    add_to_key (self, KVMM_SETTINGS_AUTOCONNECT, uri);
  else
    remove_from_key (self, KVMM_SETTINGS_AUTOCONNECT, uri);
}

guint
kvmm_settings_get_stats_interval (KvmmSettings *self)
{
  g_return_val_if_fail (KVMM_IS_SETTINGS (self), STATS_INTERVAL_MIN);

  guint seconds = g_settings_get_uint (self->settings, KVMM_SETTINGS_STATS_INTERVAL);
  return CLAMP (seconds, STATS_INTERVAL_MIN, STATS_INTERVAL_MAX);
}

char *
kvmm_settings_dup_agent_iso_path (KvmmSettings *self)
{
  g_return_val_if_fail (KVMM_IS_SETTINGS (self), NULL);
  return g_settings_get_string (self->settings, KVMM_SETTINGS_AGENT_ISO_PATH);
}

char **
kvmm_settings_dup_agent_iso_search_paths (KvmmSettings *self)
{
  g_return_val_if_fail (KVMM_IS_SETTINGS (self), NULL);
  return g_settings_get_strv (self->settings, KVMM_SETTINGS_AGENT_ISO_SEARCH_PATHS);
}
