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

/* ---- the machines that may be controlled ---- */

#define MACHINE "00000000-0000-4000-8000-000000000001"
#define OTHER "00000000-0000-4000-8000-000000000002"

static gboolean
store (KvmmSettings *settings, const char *uri, const char *uuid, gboolean allowed)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gboolean stored;

  kvmm_settings_set_guest_control_async (settings, uri, uuid, allowed, NULL, test_result_cb,
                                         &result);
  TEST_RUN_UNTIL (result != NULL);
  stored = kvmm_settings_set_guest_control_finish (settings, result, &error);
  g_assert_no_error (error);
  return stored;
}

static void
test_control_is_off_until_somebody_says_so (void)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  guint n_signals = 0;

  g_signal_connect (settings, "guest-control-changed", G_CALLBACK (test_count_cb), &n_signals);
  g_assert_false (kvmm_settings_get_guest_control (settings, "test:///a", MACHINE));
  g_assert_true (store (settings, "test:///a", MACHINE, TRUE));
  TEST_RUN_UNTIL (n_signals == 1);
  g_assert_true (kvmm_settings_get_guest_control (settings, "test:///a", MACHINE));
  /* Neither another machine nor the same UUID on another host. */
  g_assert_false (kvmm_settings_get_guest_control (settings, "test:///a", OTHER));
  g_assert_false (kvmm_settings_get_guest_control (settings, "test:///b", MACHINE));

  store (settings, "test:///a", MACHINE, TRUE);
  store (settings, "test:///a", OTHER, TRUE);
  store (settings, "test:///b", MACHINE, TRUE);
  store (settings, "test:///a", MACHINE, FALSE);
  g_assert_false (kvmm_settings_get_guest_control (settings, "test:///a", MACHINE));
  g_assert_true (kvmm_settings_get_guest_control (settings, "test:///a", OTHER));
  g_assert_true (kvmm_settings_get_guest_control (settings, "test:///b", MACHINE));
  store (settings, "test:///a", OTHER, FALSE);
  store (settings, "test:///b", MACHINE, FALSE);
  g_autoptr (GVariant) all =
      g_settings_get_value (kvmm_settings_get_gsettings (settings), KVMM_SETTINGS_GUEST_CONTROL);
  g_assert_cmpuint (g_variant_n_children (all), ==, 0);
  /* A store under way may outlive this case. */
  g_signal_handlers_disconnect_by_data (settings, &n_signals);
}

#define WRITERS 4
#define MACHINES_EACH 8

static char *
machine_of (guint writer, guint i)
{
  return g_strdup_printf ("00000000-0000-4000-8000-%06u%06u", writer, i);
}

/* One of several programs that store at the same time. */
static int
write_as (guint writer)
{
  g_autoptr (KvmmSettings) settings = kvmm_settings_new (NULL);

  for (guint i = 0; i < MACHINES_EACH; i++)
    {
      g_autofree char *uuid = machine_of (writer, i);
      store (settings, "test:///a", uuid, TRUE);
    }
  return 0;
}

static int
count_stored (void)
{
  g_autoptr (KvmmSettings) settings = kvmm_settings_new (NULL);
  guint n = 0;

  for (guint writer = 0; writer < WRITERS; writer++)
    for (guint i = 0; i < MACHINES_EACH; i++)
      {
        g_autofree char *uuid = machine_of (writer, i);
        n += kvmm_settings_get_guest_control (settings, "test:///a", uuid);
      }
  return n == WRITERS * MACHINES_EACH ? 0 : 1;
}

static const char *program;

static GSubprocess *
spawn (GSubprocessLauncher *launcher, const char *mode, guint writer)
{
  g_autofree char *number = g_strdup_printf ("%u", writer);
  g_autoptr (GError) error = NULL;
  GSubprocess *process =
      g_subprocess_launcher_spawn (launcher, &error, program, mode, number, NULL);

  g_assert_no_error (error);
  return process;
}

static void
test_processes_lose_nothing_of_each_other (void)
{
  g_autoptr (GTestDBus) bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr (GError) error = NULL;
  g_autofree char *home = g_dir_make_tmp ("kvmm-settings-XXXXXX", &error);
  GSubprocess *writers[WRITERS];

  g_assert_no_error (error);
  if (!g_file_test ("/usr/share/dbus-1/services/ca.desrt.dconf.service", G_FILE_TEST_EXISTS))
    {
      g_test_skip ("dconf is not installed");
      return;
    }
  g_autofree char *config = g_build_filename (home, "config", NULL);
  g_autofree char *runtime = g_build_filename (home, "runtime", NULL);
  g_autofree char *debug = g_strdup (g_getenv ("G_DEBUG"));
  /* Inherited by the bus and by what it starts; a warning of dconf's is none of ours. */
  g_setenv ("XDG_CONFIG_HOME", config, TRUE);
  g_setenv ("XDG_RUNTIME_DIR", runtime, TRUE);
  g_unsetenv ("G_DEBUG");
  g_test_dbus_add_service_dir (bus, "/usr/share/dbus-1/services");
  g_test_dbus_up (bus);
  g_subprocess_launcher_setenv (launcher, "XDG_CONFIG_HOME", config, TRUE);
  g_subprocess_launcher_setenv (launcher, "XDG_RUNTIME_DIR", runtime, TRUE);
  g_subprocess_launcher_setenv (launcher, "DBUS_SESSION_BUS_ADDRESS",
                                g_test_dbus_get_bus_address (bus), TRUE);
  g_subprocess_launcher_setenv (launcher, "GSETTINGS_BACKEND", "dconf", TRUE);
  for (guint i = 0; i < WRITERS; i++)
    writers[i] = spawn (launcher, "--write", i);
  for (guint i = 0; i < WRITERS; i++)
    {
      g_subprocess_wait_check (writers[i], NULL, &error);
      g_assert_no_error (error);
      g_object_unref (writers[i]);
    }
  g_autoptr (GSubprocess) reader = spawn (launcher, "--count", 0);
  g_subprocess_wait_check (reader, NULL, &error);
  g_assert_no_error (error);
  g_test_dbus_down (bus);
  if (debug != NULL)
    g_setenv ("G_DEBUG", debug, TRUE);
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

static void
test_each_machine_has_its_own (void)
{
  static const char *const uuids[] = { "b0000000-0000-0000-0000-000000000001",
                                       "b0000000-0000-0000-0000-000000000002" };
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  g_autoptr (GSettings) first = kvmm_settings_open_machine (settings, uuids[0]);
  g_autoptr (GSettings) second = kvmm_settings_open_machine (settings, uuids[1]);
  g_autoptr (GSettings) again = kvmm_settings_open_machine (settings, uuids[0]);
  g_autofree char *scaling = g_settings_get_string (first, KVMM_SETTINGS_MACHINE_SCALING);

  g_assert_cmpstr (scaling, ==, "fit");
  g_assert_false (g_settings_get_boolean (first, KVMM_SETTINGS_MACHINE_AUDIO));
  g_assert_true (g_settings_get_boolean (first, KVMM_SETTINGS_MACHINE_CLIPBOARD));
  g_settings_set_boolean (first, KVMM_SETTINGS_MACHINE_AUDIO, TRUE);
  g_settings_set_string (first, KVMM_SETTINGS_MACHINE_SCALING, "never");
  g_assert_true (g_settings_get_boolean (again, KVMM_SETTINGS_MACHINE_AUDIO));
  g_assert_false (g_settings_get_boolean (second, KVMM_SETTINGS_MACHINE_AUDIO));
}

int
main (int argc, char **argv)
{
  test_model_init (&argc, &argv);
  program = argv[0];
  if (argc == 3 && g_str_equal (argv[1], "--write"))
    return write_as ((guint) g_ascii_strtoull (argv[2], NULL, 10));
  if (argc == 3 && g_str_equal (argv[1], "--count"))
    return count_stored ();
  g_test_add_func ("/model/settings/create-drop", test_create_drop);
  g_test_add_func ("/model/settings/defaults", test_defaults);
  g_test_add_func ("/model/settings/adds-and-removes-connections",
                   test_adds_and_removes_connections);
  g_test_add_func ("/model/settings/every-property-reads-and-notifies",
                   test_every_property_reads_and_notifies);
  g_test_add_func ("/model/settings/missing-schema-is-an-error", test_missing_schema_is_an_error);
  g_test_add_func ("/model/settings/each-machine-has-its-own", test_each_machine_has_its_own);
  g_test_add_func ("/model/settings/control-is-off-until-somebody-says-so",
                   test_control_is_off_until_somebody_says_so);
  g_test_add_func ("/model/settings/processes-lose-nothing-of-each-other",
                   test_processes_lose_nothing_of_each_other);
  return g_test_run ();
}
