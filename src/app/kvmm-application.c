/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "app/kvmm-application.h"

#include <glib-unix.h>
#include <glib/gi18n.h>

#include "app/kvmm-renderer.h"
#include "cli/kvmm-cli.h"
#include "model/kvmm-channel-lender.h"
#include "model/kvmm-connection-list.h"
#include "model/kvmm-settings.h"
#include "ui/kvmm-connection-dialog.h"
#include "ui/kvmm-dialogs.h"
#include "ui/kvmm-machine-window.h"
#include "ui/kvmm-new-machine-window.h"
#include "ui/kvmm-preferences-window.h"
#include "ui/kvmm-shortcuts-window.h"
#include "ui/kvmm-window.h"
#include "virt/kvmm-virt-connect.h"

struct _KvmmApplication
{
  AdwApplication parent_instance;

  KvmmSettings *settings;          /* (owned) (nullable) until startup */
  KvmmConnectionList *connections; /* (owned) (nullable) until startup */
  KvmmChannelLender *lender;       /* (owned) (nullable) without a session bus */
  gboolean is_populated;           /* the first command line chose the connections */

  char *wanted_domain; /* (owned) (nullable) --show-domain that was not listed yet */
  char *wanted_page;   /* (owned) (nullable) */
  char *wanted_image;  /* (owned) (nullable) of a machine that is made when there is a host */

  guint sigterm_source;
  guint sigint_source;
};

G_DEFINE_FINAL_TYPE (KvmmApplication, kvmm_application, ADW_TYPE_APPLICATION)

static GtkWindow *
find_main_window (KvmmApplication *self)
{
  for (GList *l = gtk_application_get_windows (GTK_APPLICATION (self)); l != NULL; l = l->next)
    if (KVMM_IS_WINDOW (l->data))
      return l->data;
  return NULL;
}

static GtkWindow *
present_main_window (KvmmApplication *self)
{
  GtkWindow *window = find_main_window (self);

  if (window == NULL)
    window =
        GTK_WINDOW (kvmm_window_new (ADW_APPLICATION (self), self->settings, self->connections));
  gtk_window_present (window);
  return window;
}

static gboolean
all_listed (KvmmApplication *self)
{
  GListModel *model = G_LIST_MODEL (self->connections);

  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (KvmmConnection) connection = g_list_model_get_item (model, i);
      KvmmConnectionState state = kvmm_connection_get_state (connection);

      if (state == KVMM_CONNECTION_CONNECTING ||
          (state == KVMM_CONNECTION_CONNECTED && !kvmm_connection_get_is_loaded (connection)))
        return FALSE;
    }
  return TRUE;
}

/* --show-domain may name a machine that a connection has yet to list. */
static void
try_wanted_domain (KvmmApplication *self)
{
  g_autofree char *name = NULL;
  g_autofree char *page = NULL;
  KvmmDomain *domain;

  if (self->wanted_domain == NULL)
    return;
  domain = kvmm_connection_list_find (self->connections, self->wanted_domain);
  if (domain == NULL && !all_listed (self))
    return;

  name = g_steal_pointer (&self->wanted_domain);
  page = g_steal_pointer (&self->wanted_page);
  if (domain != NULL)
    kvmm_machine_window_present (GTK_APPLICATION (self), self->settings, domain, page);
  else
    {
      GtkWindow *window = present_main_window (self);
      g_autofree char *text = g_strdup_printf (_ ("There is no virtual machine “%s”"), name);

      kvmm_dialogs_toast (gtk_window_get_child (window) != NULL ? gtk_window_get_child (window)
                                                                : GTK_WIDGET (window),
                          text);
    }
}

/* An image of this computer, for the first host that is this computer. */
static void
try_wanted_image (KvmmApplication *self)
{
  GListModel *model = G_LIST_MODEL (self->connections);
  g_autofree char *image = NULL;
  gboolean is_there = FALSE;

  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (KvmmConnection) connection = g_list_model_get_item (model, i);

      is_there = is_there || (kvmm_connection_get_is_loaded (connection) &&
                              kvmm_virt_uri_is_local (kvmm_connection_get_uri (connection)));
    }
  if (self->wanted_image == NULL || (!is_there && !all_listed (self)))
    return;
  image = g_steal_pointer (&self->wanted_image);
  kvmm_new_machine_window_present (present_main_window (self), self->settings, self->connections,
                                   image);
}

static void
connection_settled_cb (KvmmApplication *self)
{
  try_wanted_domain (self);
  try_wanted_image (self);
}

static void
watch_connections (KvmmApplication *self)
{
  GListModel *model = G_LIST_MODEL (self->connections);

  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (KvmmConnection) connection = g_list_model_get_item (model, i);

      g_signal_connect_object (connection, "notify::is-loaded", G_CALLBACK (connection_settled_cb),
                               self, G_CONNECT_SWAPPED);
      g_signal_connect_object (connection, "notify::state", G_CALLBACK (connection_settled_cb),
                               self, G_CONNECT_SWAPPED);
    }
}

/* The first command line decides: the URIs it names, or those of the settings. Later ones add. */
static void
populate (KvmmApplication *self, char **uris)
{
  if (uris == NULL && !self->is_populated)
    kvmm_connection_list_load (self->connections);
  for (guint i = 0; uris != NULL && uris[i] != NULL; i++)
    kvmm_connection_connect (kvmm_connection_list_ensure (self->connections, uris[i], FALSE));
  self->is_populated = TRUE;
}

/* The first of them: one window asks at a time. */
static void
want_image (KvmmApplication *self, GFile *file)
{
  if (g_file_peek_path (file) == NULL)
    return;
  g_free (self->wanted_image);
  self->wanted_image = g_strdup (g_file_peek_path (file));
  watch_connections (self);
  try_wanted_image (self);
}

static int
command_line (GApplication *application, GApplicationCommandLine *line)
{
  KvmmApplication *self = KVMM_APPLICATION (application);
  GVariantDict *options = g_application_command_line_get_options_dict (line);
  g_auto (GStrv) uris = NULL;
  g_autofree char *domain = NULL;
  g_autofree char *page = NULL;
  g_auto (GStrv) files = NULL;

  g_variant_dict_lookup (options, "connect", "^as", &uris);
  g_variant_dict_lookup (options, "show-domain", "s", &domain);
  g_variant_dict_lookup (options, "page", "s", &page);
  if (domain == NULL && g_variant_dict_lookup (options, "console", "s", &domain) && page == NULL)
    page = g_strdup ("console");
  /* The window first: connecting takes as long as it takes. */
  if (domain == NULL)
    present_main_window (self);
  populate (self, uris);
  if (domain != NULL)
    {
      g_free (self->wanted_domain);
      g_free (self->wanted_page);
      self->wanted_domain = g_steal_pointer (&domain);
      self->wanted_page = g_steal_pointer (&page);
      watch_connections (self);
      present_main_window (self);
      try_wanted_domain (self);
    }
  g_variant_dict_lookup (options, G_OPTION_REMAINING, "^aay", &files);
  if (files != NULL && files[0] != NULL)
    {
      g_autoptr (GFile) file = g_application_command_line_create_file_for_arg (line, files[0]);

      want_image (self, file);
    }
  return KVMM_EXIT_OK;
}

/* GSettings aborts on a missing schema; a person gets a sentence instead. */
static gboolean
schema_is_there (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmSettings) settings = kvmm_settings_new (&error);

  if (settings == NULL)
    g_printerr ("kvm-manager: %s\n", error->message);
  return settings != NULL;
}

static int
handle_local_options (GApplication *application, GVariantDict *options)
{
  gboolean debug = FALSE;

  if (g_variant_dict_contains (options, "version"))
    {
      g_print ("kvm-manager %s\n", PACKAGE_VERSION);
      return KVMM_EXIT_OK;
    }
  if (g_variant_dict_lookup (options, "debug", "b", &debug) && debug)
    g_setenv ("G_MESSAGES_DEBUG", "all", TRUE);
  return schema_is_there () ? -1 : KVMM_EXIT_FAILED;
}

static void
activate (GApplication *application)
{
  KvmmApplication *self = KVMM_APPLICATION (application);

  present_main_window (self);
  if (!self->is_populated)
    populate (self, NULL);
}

/* From the file manager, over D-Bus. */
static void
open_files (GApplication *application, GFile **files, int n_files, const char *hint)
{
  activate (application);
  if (n_files > 0)
    want_image (KVMM_APPLICATION (application), files[0]);
}

static void
apply_color_scheme (KvmmApplication *self)
{
  AdwStyleManager *manager = adw_application_get_style_manager (ADW_APPLICATION (self));
  g_autofree char *scheme = g_settings_get_string (kvmm_settings_get_gsettings (self->settings),
                                                   KVMM_SETTINGS_COLOR_SCHEME);

  if (g_str_equal (scheme, "dark"))
    adw_style_manager_set_color_scheme (manager, ADW_COLOR_SCHEME_FORCE_DARK);
  else if (g_str_equal (scheme, "light"))
    adw_style_manager_set_color_scheme (manager, ADW_COLOR_SCHEME_FORCE_LIGHT);
  else
    adw_style_manager_set_color_scheme (manager, ADW_COLOR_SCHEME_DEFAULT);
}

static void
preferences_action (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  KvmmApplication *self = KVMM_APPLICATION (user_data);

  kvmm_preferences_window_present (gtk_application_get_active_window (GTK_APPLICATION (self)),
                                   self->settings, self->connections);
}

static void
add_connection_action (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  KvmmApplication *self = KVMM_APPLICATION (user_data);

  kvmm_connection_dialog_present (gtk_application_get_active_window (GTK_APPLICATION (self)),
                                  self->settings, self->connections);
}

static void
new_machine_action (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  KvmmApplication *self = KVMM_APPLICATION (user_data);

  kvmm_new_machine_window_present (present_main_window (self), self->settings, self->connections,
                                   NULL);
}

static void
shortcuts_action (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  kvmm_shortcuts_window_present (gtk_application_get_active_window (GTK_APPLICATION (user_data)));
}

static void
about_action (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  adw_show_about_window (gtk_application_get_active_window (GTK_APPLICATION (user_data)),
                         "application-name", _ ("KVM Manager"), "application-icon", APPLICATION_ID,
                         "version", PACKAGE_VERSION, "developer-name",
                         _ ("KVM Manager contributors"), "license-type", GTK_LICENSE_MIT_X11,
                         "comments", _ ("Manage virtual machines on libvirt, QEMU and KVM"), NULL);
}

static void
quit_action (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  GtkApplication *application = GTK_APPLICATION (user_data);
  g_autoptr (GList) windows = g_list_copy (gtk_application_get_windows (application));

  /* Closing keeps each window's size; the application ends with the last. */
  for (GList *l = windows; l != NULL; l = l->next)
    gtk_window_close (l->data);
}

/* A session that ends, or Ctrl+C in a terminal: the same as closing the windows, so that their
 * sizes are kept. */
static gboolean
terminated_cb (gpointer user_data)
{
  quit_action (NULL, NULL, user_data);
  return G_SOURCE_CONTINUE;
}

/* So that commands in a terminal work beside the window. */
static void
lend_channels (KvmmApplication *self)
{
  GDBusConnection *bus = g_application_get_dbus_connection (G_APPLICATION (self));
  g_autoptr (GError) error = NULL;

  if (bus == NULL)
    return;
  self->lender = kvmm_channel_lender_new (bus, self->connections, &error);
  if (self->lender == NULL)
    g_debug ("no channels are lent: %s", error->message);
}

static void
startup (GApplication *application)
{
  KvmmApplication *self = KVMM_APPLICATION (application);
  g_autoptr (GError) error = NULL;
  const GActionEntry actions[] = {
    { "preferences", preferences_action, NULL, NULL, NULL, { 0 } },
    { "add-connection", add_connection_action, NULL, NULL, NULL, { 0 } },
    { "new-machine", new_machine_action, NULL, NULL, NULL, { 0 } },
    { "shortcuts", shortcuts_action, NULL, NULL, NULL, { 0 } },
    { "about", about_action, NULL, NULL, NULL, { 0 } },
    { "quit", quit_action, NULL, NULL, NULL, { 0 } },
  };
  const struct
  {
    const char *action;
    const char *accelerators[3];
  } accelerators[] = {
    { "app.quit", { "<Control>q", NULL } },
    { "app.preferences", { "<Control>comma", NULL } },
    { "app.new-machine", { "<Control>n", NULL } },
    { "app.add-connection", { "<Control><Shift>n", NULL } },
    { "app.shortcuts", { "<Control>question", "<Control>F1", NULL } },
    { "window.close", { "<Control>w", NULL } },
  };

  G_APPLICATION_CLASS (kvmm_application_parent_class)->startup (application);
  kvmm_renderer_choose ();
  gtk_window_set_default_icon_name (APPLICATION_ID);

  self->settings = kvmm_settings_new (&error);
  if (self->settings == NULL)
    {
      /* handle_local_options() looked before: the schema vanished in between. */
      g_printerr ("kvm-manager: %s\n", error->message);
      exit (KVMM_EXIT_FAILED);
    }
  self->connections = kvmm_connection_list_new (self->settings);
  lend_channels (self);
  g_signal_connect_object (kvmm_settings_get_gsettings (self->settings),
                           "changed::" KVMM_SETTINGS_COLOR_SCHEME, G_CALLBACK (apply_color_scheme),
                           self, G_CONNECT_SWAPPED);
  apply_color_scheme (self);
  self->sigterm_source = g_unix_signal_add (SIGTERM, terminated_cb, self);
  self->sigint_source = g_unix_signal_add (SIGINT, terminated_cb, self);

  g_action_map_add_action_entries (G_ACTION_MAP (self), actions, G_N_ELEMENTS (actions), self);
  for (gsize i = 0; i < G_N_ELEMENTS (accelerators); i++)
    gtk_application_set_accels_for_action (GTK_APPLICATION (self), accelerators[i].action,
                                           accelerators[i].accelerators);
}

static void
shutdown_application (GApplication *application)
{
  KvmmApplication *self = KVMM_APPLICATION (application);

  g_clear_handle_id (&self->sigterm_source, g_source_remove);
  g_clear_handle_id (&self->sigint_source, g_source_remove);
  g_clear_pointer (&self->lender, kvmm_channel_lender_free);
  g_clear_object (&self->connections);
  g_clear_object (&self->settings);
  G_APPLICATION_CLASS (kvmm_application_parent_class)->shutdown (application);
}

static void
finalize (GObject *object)
{
  KvmmApplication *self = KVMM_APPLICATION (object);

  g_free (self->wanted_domain);
  g_free (self->wanted_page);
  g_free (self->wanted_image);
  G_OBJECT_CLASS (kvmm_application_parent_class)->finalize (object);
}

static void
kvmm_application_class_init (KvmmApplicationClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  object_class->finalize = finalize;
  application_class->startup = startup;
  application_class->activate = activate;
  application_class->open = open_files;
  application_class->command_line = command_line;
  application_class->handle_local_options = handle_local_options;
  application_class->shutdown = shutdown_application;
}

static void
kvmm_application_init (KvmmApplication *self)
{
  const GOptionEntry options[] = {
    { "connect", 'c', 0, G_OPTION_ARG_STRING_ARRAY, NULL, N_ ("Use this libvirt connection"),
      "URI" },
    { "show-domain", 0, 0, G_OPTION_ARG_STRING, NULL,
      N_ ("Open the window of this virtual machine"), N_ ("NAME|UUID") },
    { "page", 0, 0, G_OPTION_ARG_STRING, NULL,
      N_ ("… on this page: overview, guest, hardware, xml, log"), N_ ("PAGE") },
    { "console", 0, 0, G_OPTION_ARG_STRING, NULL,
      N_ ("Open the window of this virtual machine at its console"), N_ ("NAME|UUID") },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, NULL,
      N_ ("Make a machine of this disc or disk image"), N_ ("[IMAGE]") },
    { "debug", 0, 0, G_OPTION_ARG_NONE, NULL, N_ ("Print debug messages"), NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, NULL, N_ ("Print the version and end"), NULL },
    G_OPTION_ENTRY_NULL,
  };

  g_application_add_main_option_entries (G_APPLICATION (self), options);
  g_application_set_option_context_summary (
      G_APPLICATION (self),
      _ ("Commands without a window: list, serial, guest-info, mount-agent-iso, agent-iso"));
}

KvmmApplication *
kvmm_application_new (void)
{
  return g_object_new (KVMM_TYPE_APPLICATION, "application-id", APPLICATION_ID, "flags",
                       G_APPLICATION_HANDLES_COMMAND_LINE | G_APPLICATION_HANDLES_OPEN,
                       "resource-base-path", "/org/kvmmanager/KvmManager", NULL);
}
