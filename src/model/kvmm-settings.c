/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-settings.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <glib/gi18n.h>

#include "util/kvmm-lane.h"
#include "util/kvmm-thread.h"

#define STATS_INTERVAL_MIN 1
#define STATS_INTERVAL_MAX 60

struct _KvmmSettings
{
  GObject parent_instance;

  GSettings *settings;             /* (owned) */
  GSettingsSchema *machine_schema; /* (owned) */
  KvmmLane *lane; /* (owned) (nullable) made when something is stored under the lock */
};

G_DEFINE_FINAL_TYPE (KvmmSettings, kvmm_settings, G_TYPE_OBJECT)

typedef enum
{
  PROP_CONNECTIONS = 1,
  PROP_AUTOCONNECT,
  PROP_STATS_INTERVAL,
  PROP_AGENT_ISO_PATH,
  PROP_AGENT_ISO_POOL,
  PROP_AGENT_ISO_SEARCH_PATHS,
  PROP_CONFIRM_DESTRUCTIVE,
  PROP_COLOR_SCHEME,
  PROP_VISIBLE_COLUMNS,
  PROP_SORT_COLUMN,
  PROP_SORT_DESCENDING,
  PROP_SIDEBAR_SELECTION,
} KvmmSettingsProp;

static GParamSpec *properties[PROP_SIDEBAR_SELECTION + 1];
static guint guest_control_changed_signal;

#define MACHINE_SCHEMA APPLICATION_ID ".Machine"
#define LOCK_NAME "kvm-manager-settings.lock"

/* Every key of the schema: a key that is not there would make GSettings abort the program. */
static const char *const keys[] = {
  KVMM_SETTINGS_CONNECTIONS,          KVMM_SETTINGS_AUTOCONNECT,
  KVMM_SETTINGS_STATS_INTERVAL,       KVMM_SETTINGS_AGENT_ISO_PATH,
  KVMM_SETTINGS_AGENT_ISO_POOL,       KVMM_SETTINGS_AGENT_ISO_SEARCH_PATHS,
  KVMM_SETTINGS_CONFIRM_FORCE_OFF,    KVMM_SETTINGS_COLOR_SCHEME,
  KVMM_SETTINGS_WINDOW_SIZE,          KVMM_SETTINGS_WINDOW_MAXIMIZED,
  KVMM_SETTINGS_MACHINE_WINDOW_SIZE,  KVMM_SETTINGS_MACHINE_WINDOW_PAGE,
  KVMM_SETTINGS_VISIBLE_COLUMNS,      KVMM_SETTINGS_COLUMN_WIDTHS,
  KVMM_SETTINGS_SORT_COLUMN,          KVMM_SETTINGS_SORT_DESCENDING,
  KVMM_SETTINGS_SIDEBAR_SELECTION,    KVMM_SETTINGS_GUEST_CONTROL,
  KVMM_SETTINGS_MACHINES_VIEW,        KVMM_SETTINGS_SERIAL_COLORS,
  KVMM_SETTINGS_SERIAL_SCROLLBACK,    KVMM_SETTINGS_CONSOLE_PLACEMENT,
  KVMM_SETTINGS_CONSOLE_RELEASE_KEYS, KVMM_SETTINGS_CONSOLE_HOST_KEYS,
};

/* The same for the schema of one machine. */
static const char *const machine_keys[] = {
  KVMM_SETTINGS_MACHINE_SCALING,      KVMM_SETTINGS_MACHINE_RESIZE_GUEST,
  KVMM_SETTINGS_MACHINE_AUDIO,        KVMM_SETTINGS_MACHINE_CLIPBOARD,
  KVMM_SETTINGS_MACHINE_KEYMAP,       KVMM_SETTINGS_MACHINE_KEYS,
  KVMM_SETTINGS_MACHINE_LAST_CONSOLE,
};

static void
changed_cb (KvmmSettings *self, const char *key)
{
  GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (self), key);

  if (pspec != NULL)
    g_object_notify_by_pspec (G_OBJECT (self), pspec);
  if (g_str_equal (key, KVMM_SETTINGS_GUEST_CONTROL))
    g_signal_emit (self, guest_control_changed_signal, 0);
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
  g_clear_pointer (&self->machine_schema, g_settings_schema_unref);
  g_clear_object (&self->lane);
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
    case PROP_AGENT_ISO_POOL:
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
  properties[PROP_AGENT_ISO_POOL] = string_property (KVMM_SETTINGS_AGENT_ISO_POOL);
  properties[PROP_AGENT_ISO_SEARCH_PATHS] = strv_property (KVMM_SETTINGS_AGENT_ISO_SEARCH_PATHS);
  properties[PROP_CONFIRM_DESTRUCTIVE] = boolean_property (KVMM_SETTINGS_CONFIRM_FORCE_OFF);
  properties[PROP_COLOR_SCHEME] = string_property (KVMM_SETTINGS_COLOR_SCHEME);
  properties[PROP_VISIBLE_COLUMNS] = strv_property (KVMM_SETTINGS_VISIBLE_COLUMNS);
  properties[PROP_SORT_COLUMN] = string_property (KVMM_SETTINGS_SORT_COLUMN);
  properties[PROP_SORT_DESCENDING] = boolean_property (KVMM_SETTINGS_SORT_DESCENDING);
  properties[PROP_SIDEBAR_SELECTION] = string_property (KVMM_SETTINGS_SIDEBAR_SELECTION);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
  guest_control_changed_signal =
      g_signal_new ("guest-control-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                    NULL, NULL, G_TYPE_NONE, 0);
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
find_schema (const char *id, const char *const *names, guint n_names, GError **error)
{
  GSettingsSchemaSource *source = g_settings_schema_source_get_default ();
  g_autoptr (GSettingsSchema) schema =
      source != NULL ? g_settings_schema_source_lookup (source, id, TRUE) : NULL;

  if (schema == NULL)
    {
      g_autofree char *folders = describe_schema_folders ();
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   _ ("The settings schema %s is not installed. It was looked for in %s."), id,
                   folders);
      return NULL;
    }
  for (guint i = 0; i < n_names; i++)
    {
      if (g_settings_schema_has_key (schema, names[i]))
        continue;
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   _ ("The installed settings schema %s has no key “%s”: it belongs to another "
                      "version of this program. Install both anew."),
                   id, names[i]);
      return NULL;
    }
  return g_steal_pointer (&schema);
}

KvmmSettings *
kvmm_settings_new (GError **error)
{
  KVMM_ASSERT_MAIN_THREAD ();

  g_autoptr (GSettingsSchema) schema =
      find_schema (APPLICATION_ID, keys, G_N_ELEMENTS (keys), error);
  if (schema == NULL)
    return NULL;
  g_autoptr (GSettingsSchema) machine_schema =
      find_schema (MACHINE_SCHEMA, machine_keys, G_N_ELEMENTS (machine_keys), error);
  if (machine_schema == NULL)
    return NULL;

  KvmmSettings *self = g_object_new (KVMM_TYPE_SETTINGS, NULL);
  self->settings = g_settings_new_full (schema, NULL, NULL);
  self->machine_schema = g_steal_pointer (&machine_schema);
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

GSettings *
kvmm_settings_open_machine (KvmmSettings *self, const char *uuid)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_val_if_fail (KVMM_IS_SETTINGS (self), NULL);
  g_return_val_if_fail (uuid != NULL && g_uuid_string_is_valid (uuid), NULL);

  g_autofree char *path = g_strdup_printf ("/org/kvmmanager/KvmManager/machine/%s/", uuid);
  return g_settings_new_full (self->machine_schema, NULL, path);
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

char *
kvmm_settings_dup_agent_iso_pool (KvmmSettings *self)
{
  g_return_val_if_fail (KVMM_IS_SETTINGS (self), NULL);

  char *name = g_settings_get_string (self->settings, KVMM_SETTINGS_AGENT_ISO_POOL);
  if (*name != '\0')
    return name;
  g_free (name);
  return g_strdup ("default");
}

char **
kvmm_settings_dup_agent_iso_search_paths (KvmmSettings *self)
{
  g_return_val_if_fail (KVMM_IS_SETTINGS (self), NULL);
  return g_settings_get_strv (self->settings, KVMM_SETTINGS_AGENT_ISO_SEARCH_PATHS);
}

/* ---- the machines that may be controlled ---- */

gboolean
kvmm_settings_get_guest_control (KvmmSettings *self, const char *uri, const char *uuid)
{
  g_return_val_if_fail (KVMM_IS_SETTINGS (self), FALSE);
  g_return_val_if_fail (uri != NULL && uuid != NULL, FALSE);

  g_autoptr (GVariant) all = g_settings_get_value (self->settings, KVMM_SETTINGS_GUEST_CONTROL);
  g_autoptr (GVariant) value = g_variant_lookup_value (all, uri, G_VARIANT_TYPE_STRING_ARRAY);
  if (value == NULL)
    return FALSE;
  g_autofree const char **uuids = g_variant_get_strv (value, NULL);
  return g_strv_contains (uuids, uuid);
}

typedef struct
{
  GSettingsSchema *schema; /* (owned) */
  char *uri;               /* (owned) */
  char *uuid;              /* (owned) */
  gboolean allowed;
} Store;

static void
store_free (Store *store)
{
  g_settings_schema_unref (store->schema);
  g_free (store->uri);
  g_free (store->uuid);
  g_free (store);
}

/* What is stored is one value for all machines, so it is read and written under a lock that every
 * process of this user takes. Returns: a file descriptor, -1 with @error set */
static int
lock_settings (GError **error)
{
  const char *folder = g_get_user_runtime_dir ();
  g_autofree char *path = g_build_filename (folder, LOCK_NAME, NULL);
  int fd = -1, code = 0;

  if (g_mkdir_with_parents (folder, 0700) == 0)
    fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    {
      code = errno;
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), _ ("Could not open %s: %s"),
                   path, g_strerror (code));
      return -1;
    }
  while (flock (fd, LOCK_EX) != 0)
    if (errno != EINTR)
      {
        code = errno;
        g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), _ ("Could not lock %s: %s"),
                     path, g_strerror (code));
        close (fd);
        return -1;
      }
  return fd;
}

/* (transfer floating): @old with the machine of @store added or taken out */
static GVariant *
update_guest_control (GVariant *old, const Store *store)
{
  g_autoptr (GVariant) value =
      g_variant_lookup_value (old, store->uri, G_VARIANT_TYPE_STRING_ARRAY);
  g_auto (GStrv) uuids = value != NULL ? g_variant_dup_strv (value, NULL) : g_new0 (char *, 1);
  g_autoptr (GStrvBuilder) strv = g_strv_builder_new ();
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{sas}"));
  GVariantIter iter;
  const char *uri;
  GVariant *other;

  strv_remove (uuids, store->uuid);
  g_strv_builder_addv (strv, (const char **) uuids);
  if (store->allowed)
    g_strv_builder_add (strv, store->uuid);
  g_auto (GStrv) all = g_strv_builder_end (strv);
  g_variant_iter_init (&iter, old);
  while (g_variant_iter_loop (&iter, "{&s@as}", &uri, &other))
    if (!g_str_equal (uri, store->uri))
      g_variant_builder_add (&builder, "{s@as}", uri, other);
  if (all[0] != NULL)
    g_variant_builder_add (&builder, "{s^as}", store->uri, all);
  return g_variant_builder_end (&builder);
}

/* Worker: waits for the lock and for the settings' service. */
static void
store_func (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Store *store = data;
  GError *error = NULL;
  int fd = lock_settings (&error);

  if (fd < 0)
    {
      g_task_return_error (task, error);
      return;
    }
  /* With a context of its own, no signal of the main thread's objects is emitted here. */
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_main_context_push_thread_default (context);
  GSettings *settings = g_settings_new_full (store->schema, NULL, NULL);
  g_autoptr (GVariant) old = g_settings_get_value (settings, KVMM_SETTINGS_GUEST_CONTROL);
  gboolean stored = g_settings_set_value (settings, KVMM_SETTINGS_GUEST_CONTROL,
                                          update_guest_control (old, store));
  g_settings_sync ();
  g_object_unref (settings);
  g_main_context_pop_thread_default (context);
  close (fd);
  if (stored)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_READ_ONLY,
                             _ ("The settings of this program cannot be changed"));
}

void
kvmm_settings_set_guest_control_async (KvmmSettings *self,
                                       const char *uri,
                                       const char *uuid,
                                       gboolean allowed,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_SETTINGS (self));
  g_return_if_fail (uri != NULL && uuid != NULL);

  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  Store *store = g_new0 (Store, 1);
  g_task_set_source_tag (task, kvmm_settings_set_guest_control_async);
  g_object_get (self->settings, "settings-schema", &store->schema, NULL);
  store->uri = g_strdup (uri);
  store->uuid = g_strdup (uuid);
  store->allowed = allowed;
  g_task_set_task_data (task, store, (GDestroyNotify) store_free);
  if (self->lane == NULL)
    self->lane = kvmm_lane_new ("kvmm-settings", 1);
  kvmm_lane_run (self->lane, task, store_func, G_PRIORITY_DEFAULT);
}

gboolean
kvmm_settings_set_guest_control_finish (KvmmSettings *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
