/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-agent-disc-page.h"

#include <glib/gi18n.h>

#include "kvmm-agent-host-row.h"
#include "model/kvmm-agent-iso.h"

struct _KvmmAgentDiscPage
{
  AdwPreferencesPage parent_instance;

  KvmmSettings *settings;          /* (owned) (nullable) until set_model() */
  KvmmConnectionList *connections; /* (owned) (nullable) until set_model() */
  GCancellable *cancellable;       /* (owned): of the questions under way */
  GPtrArray *host_rows;            /* (owned) (element-type GtkWidget) (unowned elements) */
  GPtrArray *path_rows;            /* (owned) (element-type GtkWidget) (unowned elements) */

  GtkWidget *path;
  GtkWidget *pool;
  GtkWidget *automatic_button;
  AdwActionRow *result;
  AdwPreferencesGroup *hosts_group;
  AdwPreferencesGroup *paths_group;
  GtkWidget *new_path;
};

G_DEFINE_FINAL_TYPE (KvmmAgentDiscPage, kvmm_agent_disc_page, ADW_TYPE_PREFERENCES_PAGE)

static const KvmmAgentIsoCandidate *
find_taken (GPtrArray *candidates)
{
  for (guint i = 0; i < candidates->len; i++)
    {
      const KvmmAgentIsoCandidate *candidate = g_ptr_array_index (candidates, i);

      if (candidate->verdict == KVMM_AGENT_ISO_TAKEN)
        return candidate;
    }

  return NULL;
}

static void
show_answer (AdwActionRow *row, GPtrArray *candidates)
{
  const KvmmAgentIsoCandidate *taken = find_taken (candidates);
  g_autofree char *subtitle = NULL;
  g_autofree char *failure = NULL;

  if (taken)
    {
      const char *path = taken->real_path ? taken->real_path : taken->path;
      g_autofree char *version = taken->version
                                     ? g_strdup_printf (_ ("Agent version %s"), taken->version)
                                     : g_strdup (_ ("Version not known"));

      adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), path);
      subtitle = g_strdup_printf ("%s · %s", version, taken->reason);
    }
  else
    {
      failure = kvmm_agent_iso_describe_failure (candidates);
      subtitle = g_strdup (failure);
      adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _ ("No Usable Agent Disc"));
    }
  adw_action_row_set_subtitle (row, subtitle ? subtitle : "");
  adw_action_row_set_icon_name (row, taken ? "emblem-ok-symbolic" : "dialog-warning-symbolic");
}

static void
show_path_reasons (KvmmAgentDiscPage *self, GPtrArray *candidates)
{
  for (guint i = 0; i < self->path_rows->len; i++)
    {
      AdwActionRow *row = g_ptr_array_index (self->path_rows, i);
      const char *path = adw_preferences_row_get_title (ADW_PREFERENCES_ROW (row));
      const char *reason = _ ("Not looked at while a path is set");

      for (guint j = 0; j < candidates->len; j++)
        {
          const KvmmAgentIsoCandidate *candidate = g_ptr_array_index (candidates, j);

          if (g_strcmp0 (candidate->path, path) == 0)
            reason = candidate->reason;
        }
      adw_action_row_set_subtitle (row, reason ? reason : "");
    }
}

static void
resolved_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  KvmmAgentDiscPage *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) candidates = kvmm_agent_iso_resolve_finish (result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (!candidates)
    {
      adw_action_row_set_subtitle (self->result, error->message);
      adw_action_row_set_icon_name (self->result, "dialog-warning-symbolic");
      return;
    }
  show_answer (self->result, candidates);
  show_path_reasons (self, candidates);
}

static AdwActionRow *
add_row (AdwPreferencesGroup *group, GPtrArray *rows, const char *title)
{
  AdwActionRow *row = ADW_ACTION_ROW (adw_action_row_new ());

  /* Paths and names are data. */
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_title_lines (row, 3);
  adw_action_row_set_subtitle_lines (row, 6);
  adw_preferences_group_add (group, GTK_WIDGET (row));
  g_ptr_array_add (rows, row);

  return row;
}

static void
clear_rows (AdwPreferencesGroup *group, GPtrArray *rows)
{
  for (guint i = 0; i < rows->len; i++)
    adw_preferences_group_remove (group, g_ptr_array_index (rows, i));
  g_ptr_array_set_size (rows, 0);
}

static void
set_search_paths (KvmmAgentDiscPage *self, const char *const *paths)
{
  g_settings_set_strv (kvmm_settings_get_gsettings (self->settings),
                       KVMM_SETTINGS_AGENT_ISO_SEARCH_PATHS, paths);
}

/* Exchanges a path with the one above it, or drops it. */
static void
edit_path (KvmmAgentDiscPage *self, GtkWidget *row, gboolean drop)
{
  g_auto (GStrv) paths = kvmm_settings_dup_agent_iso_search_paths (self->settings);
  g_autoptr (GPtrArray) kept = g_ptr_array_new ();
  guint index;

  if (!g_ptr_array_find (self->path_rows, row, &index) || index >= g_strv_length (paths))
    return;
  for (guint i = 0; paths[i]; i++)
    {
      if (i != index || !drop)
        g_ptr_array_add (kept, paths[i]);
    }
  if (!drop && index > 0)
    {
      gpointer moved = g_ptr_array_index (kept, index);

      g_ptr_array_index (kept, index) = g_ptr_array_index (kept, index - 1);
      g_ptr_array_index (kept, index - 1) = moved;
    }
  g_ptr_array_add (kept, NULL);
  set_search_paths (self, (const char *const *) kept->pdata);
}

static void
up_cb (GtkButton *button, gpointer user_data)
{
  edit_path (user_data, gtk_widget_get_ancestor (GTK_WIDGET (button), ADW_TYPE_ACTION_ROW), FALSE);
}

static void
drop_cb (GtkButton *button, gpointer user_data)
{
  edit_path (user_data, gtk_widget_get_ancestor (GTK_WIDGET (button), ADW_TYPE_ACTION_ROW), TRUE);
}

static void
add_path_button (KvmmAgentDiscPage *self,
                 AdwActionRow *row,
                 const char *icon_name,
                 const char *text,
                 GCallback callback)
{
  GtkWidget *button = gtk_button_new_from_icon_name (icon_name);

  gtk_widget_set_tooltip_text (button, text);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  g_signal_connect (button, "clicked", callback, self);
  adw_action_row_add_suffix (row, button);
}

static void
update_paths (KvmmAgentDiscPage *self)
{
  g_auto (GStrv) paths = kvmm_settings_dup_agent_iso_search_paths (self->settings);

  clear_rows (self->paths_group, self->path_rows);
  for (guint i = 0; paths[i]; i++)
    {
      AdwActionRow *row = add_row (self->paths_group, self->path_rows, paths[i]);

      if (i > 0)
        add_path_button (self, row, "go-up-symbolic", _ ("Look Here Earlier"), G_CALLBACK (up_cb));
      add_path_button (self, row, "user-trash-symbolic", _ ("Remove From the List"),
                       G_CALLBACK (drop_cb));
    }
}

static void
update_hosts (KvmmAgentDiscPage *self)
{
  GListModel *model = G_LIST_MODEL (self->connections);

  clear_rows (self->hosts_group, self->host_rows);
  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (KvmmConnection) connection = g_list_model_get_item (model, i);

      if (kvmm_connection_get_state (connection) == KVMM_CONNECTION_CONNECTED)
        {
          GtkWidget *row = kvmm_agent_host_row_new (self->settings, connection);

          adw_preferences_group_add (self->hosts_group, row);
          g_ptr_array_add (self->host_rows, row);
        }
    }
  gtk_widget_set_visible (GTK_WIDGET (self->hosts_group), self->host_rows->len > 0);
}

static void
update (KvmmAgentDiscPage *self)
{
  g_autofree char *path = kvmm_settings_dup_agent_iso_path (self->settings);
  g_autofree char *pool = kvmm_settings_dup_agent_iso_pool (self->settings);

  /* Answers of earlier questions would go to rows that are gone. */
  g_cancellable_cancel (self->cancellable);
  g_set_object (&self->cancellable, NULL);
  self->cancellable = g_cancellable_new ();

  /* The same text again would bring the button back that applies it. */
  if (!g_str_equal (gtk_editable_get_text (GTK_EDITABLE (self->path)), path))
    gtk_editable_set_text (GTK_EDITABLE (self->path), path);
  gtk_widget_set_visible (self->automatic_button, *path != '\0');
  if (!g_str_equal (gtk_editable_get_text (GTK_EDITABLE (self->pool)), pool))
    gtk_editable_set_text (GTK_EDITABLE (self->pool), pool);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->result), _ ("Looking…"));
  update_paths (self);
  update_hosts (self);
  kvmm_agent_iso_resolve_async (self->settings, NULL, self->cancellable, resolved_cb, self);
}

static void
changed_cb (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  update (user_data);
}

static void
set_path (KvmmAgentDiscPage *self, const char *path)
{
  g_settings_set_string (kvmm_settings_get_gsettings (self->settings), KVMM_SETTINGS_AGENT_ISO_PATH,
                         path);
}

static void
path_applied_cb (AdwEntryRow *row, gpointer user_data)
{
  g_autofree char *path = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (row))));

  set_path (user_data, path);
}

static void
pool_applied_cb (AdwEntryRow *row, gpointer user_data)
{
  KvmmAgentDiscPage *self = user_data;
  GSettings *gsettings = kvmm_settings_get_gsettings (self->settings);
  g_autofree char *name = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (row))));

  if (*name == '\0')
    g_settings_reset (gsettings, KVMM_SETTINGS_AGENT_ISO_POOL);
  else
    g_settings_set_string (gsettings, KVMM_SETTINGS_AGENT_ISO_POOL, name);
}

static void
automatic_cb (GtkButton *button, gpointer user_data)
{
  set_path (user_data, "");
}

static void
chosen_cb (GtkNativeDialog *chooser, int response, gpointer user_data)
{
  g_autoptr (GFile) file = NULL;
  const char *path;

  if (response != GTK_RESPONSE_ACCEPT)
    return;
  file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser));
  path = file ? g_file_peek_path (file) : NULL;
  if (path)
    set_path (user_data, path);
}

static void
choose_cb (GtkButton *button, gpointer user_data)
{
  KvmmAgentDiscPage *self = user_data;
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkFileChooserNative *chooser =
      gtk_file_chooser_native_new (_ ("Agent Disc"), GTK_WINDOW (root),
                                   GTK_FILE_CHOOSER_ACTION_OPEN, _ ("_Choose"), _ ("_Cancel"));
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();

  gtk_file_filter_set_name (filter, _ ("Disc images"));
  gtk_file_filter_add_suffix (filter, "iso");
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (chooser), filter);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect_object (chooser, "response", G_CALLBACK (chosen_cb), self, G_CONNECT_DEFAULT);
  /* The dialog is not a widget: nobody else would keep it. */
  g_object_set_data_full (G_OBJECT (self), "kvmm-chooser", chooser, g_object_unref);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static void
path_added_cb (AdwEntryRow *row, gpointer user_data)
{
  KvmmAgentDiscPage *self = user_data;
  g_autofree char *path = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (row))));
  g_auto (GStrv) paths = kvmm_settings_dup_agent_iso_search_paths (self->settings);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) all = NULL;

  if (!g_path_is_absolute (path) || g_strv_contains ((const char *const *) paths, path))
    return;
  g_strv_builder_addv (builder, (const char **) paths);
  g_strv_builder_add (builder, path);
  all = g_strv_builder_end (builder);
  gtk_editable_set_text (GTK_EDITABLE (row), "");
  set_search_paths (self, (const char *const *) all);
}

static void
reset_cb (GtkButton *button, gpointer user_data)
{
  KvmmAgentDiscPage *self = user_data;

  g_settings_reset (kvmm_settings_get_gsettings (self->settings),
                    KVMM_SETTINGS_AGENT_ISO_SEARCH_PATHS);
}

static void
kvmm_agent_disc_page_dispose (GObject *object)
{
  KvmmAgentDiscPage *self = KVMM_AGENT_DISC_PAGE (object);

  g_cancellable_cancel (self->cancellable);
  gtk_widget_dispose_template (GTK_WIDGET (self), KVMM_TYPE_AGENT_DISC_PAGE);
  g_clear_object (&self->settings);
  g_clear_object (&self->connections);

  G_OBJECT_CLASS (kvmm_agent_disc_page_parent_class)->dispose (object);
}

static void
kvmm_agent_disc_page_finalize (GObject *object)
{
  KvmmAgentDiscPage *self = KVMM_AGENT_DISC_PAGE (object);

  g_clear_object (&self->cancellable);
  g_ptr_array_unref (self->host_rows);
  g_ptr_array_unref (self->path_rows);

  G_OBJECT_CLASS (kvmm_agent_disc_page_parent_class)->finalize (object);
}

static void
kvmm_agent_disc_page_class_init (KvmmAgentDiscPageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = kvmm_agent_disc_page_dispose;
  object_class->finalize = kvmm_agent_disc_page_finalize;

  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-agent-disc-page.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmAgentDiscPage, path);
  gtk_widget_class_bind_template_child (widget_class, KvmmAgentDiscPage, pool);
  gtk_widget_class_bind_template_child (widget_class, KvmmAgentDiscPage, automatic_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmAgentDiscPage, result);
  gtk_widget_class_bind_template_child (widget_class, KvmmAgentDiscPage, hosts_group);
  gtk_widget_class_bind_template_child (widget_class, KvmmAgentDiscPage, paths_group);
  gtk_widget_class_bind_template_child (widget_class, KvmmAgentDiscPage, new_path);
  gtk_widget_class_bind_template_callback (widget_class, path_applied_cb);
  gtk_widget_class_bind_template_callback (widget_class, pool_applied_cb);
  gtk_widget_class_bind_template_callback (widget_class, automatic_cb);
  gtk_widget_class_bind_template_callback (widget_class, choose_cb);
  gtk_widget_class_bind_template_callback (widget_class, path_added_cb);
  gtk_widget_class_bind_template_callback (widget_class, reset_cb);
}

static void
kvmm_agent_disc_page_init (KvmmAgentDiscPage *self)
{
  self->cancellable = g_cancellable_new ();
  self->host_rows = g_ptr_array_new ();
  self->path_rows = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
kvmm_agent_disc_page_set_model (KvmmAgentDiscPage *self,
                                KvmmSettings *settings,
                                KvmmConnectionList *connections)
{
  g_return_if_fail (KVMM_IS_AGENT_DISC_PAGE (self));
  g_return_if_fail (!self->settings);

  self->settings = g_object_ref (settings);
  self->connections = g_object_ref (connections);
  g_signal_connect_object (settings, "notify::agent-iso-path", G_CALLBACK (changed_cb), self,
                           G_CONNECT_DEFAULT);
  g_signal_connect_object (settings, "notify::agent-iso-pool", G_CALLBACK (changed_cb), self,
                           G_CONNECT_DEFAULT);
  g_signal_connect_object (settings, "notify::agent-iso-search-paths", G_CALLBACK (changed_cb),
                           self, G_CONNECT_DEFAULT);
  update (self);
}
