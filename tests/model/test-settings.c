/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "test-model.h"

static void
test_create_drop (void)
{
  KvmmSettings *settings = test_settings_new ();

  g_assert_nonnull (kvmm_settings_get_gsettings (settings));
  g_assert_finalize_object (settings);
}

static void
test_defaults (void)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  g_auto (GStrv) uris = kvmm_settings_dup_connections (settings);
  g_autofree char *iso_path = kvmm_settings_dup_agent_iso_path (settings);
  g_auto (GStrv) search_paths = kvmm_settings_dup_agent_iso_search_paths (settings);

  g_assert_cmpuint (g_strv_length (uris), ==, 1);
  g_assert_cmpstr (uris[0], ==, "qemu:///system");
  g_assert_true (kvmm_settings_get_autoconnect (settings, "qemu:///system"));
  g_assert_cmpstr (iso_path, ==, "");
  g_assert_cmpuint (g_strv_length (search_paths), >, 2);
  g_assert_cmpstr (search_paths[0], ==, AGENT_ISO_DIR "/" AGENT_ISO_NAME);
}

static void
test_adds_and_removes_connections (void)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  guint n_notifies = 0;

  g_signal_connect (settings, "notify::connections", G_CALLBACK (test_count_notify_cb),
                    &n_notifies);
  kvmm_settings_add_connection (settings, "test:///default", TRUE);
  kvmm_settings_add_connection (settings, "test:///default", TRUE);
  g_auto (GStrv) uris = kvmm_settings_dup_connections (settings);
  g_assert_cmpuint (g_strv_length (uris), ==, 2);
  g_assert_cmpstr (uris[1], ==, "test:///default");
  g_assert_cmpuint (n_notifies, ==, 1);
  g_assert_true (kvmm_settings_get_autoconnect (settings, "test:///default"));

  kvmm_settings_set_autoconnect (settings, "test:///default", FALSE);
  g_assert_false (kvmm_settings_get_autoconnect (settings, "test:///default"));
  kvmm_settings_set_autoconnect (settings, "test:///default", TRUE);
  kvmm_settings_remove_connection (settings, "test:///default");
  g_auto (GStrv) left = kvmm_settings_dup_connections (settings);
  g_assert_cmpuint (g_strv_length (left), ==, 1);
  g_assert_false (kvmm_settings_get_autoconnect (settings, "test:///default"));
}

static void
test_every_property_reads_and_notifies (void)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  GSettings *gsettings = kvmm_settings_get_gsettings (settings);
  g_autofree GParamSpec **pspecs = NULL;
  guint n_pspecs, n_notifies = 0;

  pspecs = g_object_class_list_properties (G_OBJECT_GET_CLASS (settings), &n_pspecs);
  g_assert_cmpuint (n_pspecs, >=, 10);
  for (guint i = 0; i < n_pspecs; i++)
    {
      g_auto (GValue) value = G_VALUE_INIT;
      g_object_get_property (G_OBJECT (settings), pspecs[i]->name, &value);
    }

  g_signal_connect (settings, "notify::stats-interval", G_CALLBACK (test_count_notify_cb),
                    &n_notifies);
  g_settings_set_uint (gsettings, KVMM_SETTINGS_STATS_INTERVAL, 60);
  g_assert_cmpuint (kvmm_settings_get_stats_interval (settings), ==, 60);
  g_assert_cmpuint (n_notifies, ==, 1);
}

/* In a process of its own: GLib looks for schemas once. */
static void
test_missing_schema_is_an_error (void)
{
  if (g_test_subprocess ())
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (KvmmSettings) settings = kvmm_settings_new (&error);
      g_assert_null (settings);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
      g_assert_nonnull (strstr (error->message, "/nowhere/glib-2.0/schemas"));
      return;
    }

  g_autofree char *schema_dir = g_strdup (g_getenv ("GSETTINGS_SCHEMA_DIR"));
  g_autofree char *data_dirs = g_strdup (g_getenv ("XDG_DATA_DIRS"));
  g_autofree char *data_home = g_strdup (g_getenv ("XDG_DATA_HOME"));
  g_unsetenv ("GSETTINGS_SCHEMA_DIR");
  g_setenv ("XDG_DATA_DIRS", "/nowhere", TRUE);
  g_setenv ("XDG_DATA_HOME", "/nowhere/home", TRUE);
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_setenv ("GSETTINGS_SCHEMA_DIR", schema_dir, TRUE);
  if (data_dirs != NULL)
    g_setenv ("XDG_DATA_DIRS", data_dirs, TRUE);
  else
    g_unsetenv ("XDG_DATA_DIRS");
  if (data_home != NULL)
    g_setenv ("XDG_DATA_HOME", data_home, TRUE);
  else
    g_unsetenv ("XDG_DATA_HOME");
}

int
main (int argc, char **argv)
{
  test_model_init (&argc, &argv);
  g_test_add_func ("/model/settings/create-drop", test_create_drop);
  g_test_add_func ("/model/settings/defaults", test_defaults);
  g_test_add_func ("/model/settings/adds-and-removes-connections",
                   test_adds_and_removes_connections);
  g_test_add_func ("/model/settings/every-property-reads-and-notifies",
                   test_every_property_reads_and_notifies);
  g_test_add_func ("/model/settings/missing-schema-is-an-error", test_missing_schema_is_an_error);
  return g_test_run ();
}
