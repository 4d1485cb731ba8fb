/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-agent-host-row.h"

#include <glib/gi18n.h>

#include "kvmm-dialogs.h"
#include "model/kvmm-agent-iso.h"
#include "util/kvmm-units.h"

struct _KvmmAgentHostRow
{
  AdwExpanderRow parent_instance;

  KvmmSettings *settings;     /* (owned) */
  KvmmConnection *connection; /* (owned) */
  GCancellable *looking;      /* (owned): of the questions under way */
  GCancellable *uploading;    /* (owned) (nullable) */
  GPtrArray *candidate_rows;  /* (element-type GtkWidget) (unowned elements) */
  GPtrArray *volume_rows;     /* (element-type GtkWidget) (unowned elements) */
  GtkButton *button;
  GtkProgressBar *progress;
};

G_DEFINE_FINAL_TYPE (KvmmAgentHostRow, kvmm_agent_host_row, ADW_TYPE_EXPANDER_ROW)

static void look (KvmmAgentHostRow *self);

static void
clear_rows (KvmmAgentHostRow *self, GPtrArray *rows)
{
  for (guint i = 0; i < rows->len; i++)
    adw_expander_row_remove (ADW_EXPANDER_ROW (self), g_ptr_array_index (rows, i));
  g_ptr_array_set_size (rows, 0);
}

static AdwActionRow *
add_row (KvmmAgentHostRow *self, GPtrArray *rows, const char *title, const char *subtitle)
{
  AdwActionRow *row = ADW_ACTION_ROW (adw_action_row_new ());

  /* Paths and names are data. */
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (row, subtitle);
  adw_action_row_set_title_lines (row, 3);
  adw_action_row_set_subtitle_lines (row, 6);
  adw_expander_row_add_row (ADW_EXPANDER_ROW (self), GTK_WIDGET (row));
  g_ptr_array_add (rows, row);
  return row;
}

/* ---- What is taken, and why ---- */

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

static const char *
get_icon_name (KvmmAgentIsoVerdict verdict)
{
  if (verdict == KVMM_AGENT_ISO_TAKEN)
    return "emblem-ok-symbolic";
  if (verdict == KVMM_AGENT_ISO_SKIPPED)
    return "radio-symbolic";
  return "window-close-symbolic";
}

static void
show_candidates (KvmmAgentHostRow *self, GPtrArray *candidates)
{
  clear_rows (self, self->candidate_rows);
  for (guint i = 0; i < candidates->len; i++)
    {
      const KvmmAgentIsoCandidate *candidate = g_ptr_array_index (candidates, i);
      AdwActionRow *row = add_row (self, self->candidate_rows, candidate->path, candidate->reason);

      adw_action_row_set_icon_name (row, get_icon_name (candidate->verdict));
    }
}

static char *
describe_taken (const KvmmAgentIsoCandidate *taken)
{
  const char *path = taken->real_path != NULL ? taken->real_path : taken->path;

  switch (taken->source)
    {
    case KVMM_AGENT_ISO_SOURCE_VOLUME:
      return g_strdup_printf (_ ("From the host's storage: %s"), taken->path);
    case KVMM_AGENT_ISO_SOURCE_UPLOAD:
      return g_strdup_printf (_ ("Is uploaded when it is first mounted: %s"), taken->path);
    case KVMM_AGENT_ISO_SOURCE_FILE:
    default:
      return g_strdup_printf (_ ("From the file %s"), path);
    }
}

static void
show_answer (KvmmAgentHostRow *self, GPtrArray *candidates)
{
  const KvmmAgentIsoCandidate *taken = find_taken (candidates);
  g_autofree char *text = taken != NULL ? describe_taken (taken) : NULL;
  gboolean can_upload = taken == NULL || taken->source == KVMM_AGENT_ISO_SOURCE_UPLOAD;

  adw_expander_row_set_subtitle (ADW_EXPANDER_ROW (self),
                                 text != NULL ? text : _ ("No disc for this host"));
  adw_expander_row_set_icon_name (ADW_EXPANDER_ROW (self),
                                  taken != NULL ? "emblem-ok-symbolic" : "dialog-warning-symbolic");
  for (guint i = 0; i < candidates->len; i++)
    {
      const KvmmAgentIsoCandidate *candidate = g_ptr_array_index (candidates, i);

      if (candidate->verdict == KVMM_AGENT_ISO_UNSUPPORTED ||
          candidate->verdict == KVMM_AGENT_ISO_NO_SOURCE)
        can_upload = FALSE;
    }
  gtk_widget_set_visible (GTK_WIDGET (self->button), can_upload);
  show_candidates (self, candidates);
}

static void
resolved_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  KvmmAgentHostRow *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) candidates = kvmm_agent_iso_resolve_finish (result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (candidates != NULL)
    {
      show_answer (self, candidates);
      return;
    }
  adw_expander_row_set_subtitle (ADW_EXPANDER_ROW (self), error->message);
  adw_expander_row_set_icon_name (ADW_EXPANDER_ROW (self), "dialog-warning-symbolic");
}

/* ---- Old versions ---- */

/* A volume that a person wants to be rid of. */
typedef struct
{
  KvmmAgentHostRow *row; /* (owned) */
  char *pool;
  char *volume;
} Removal;

static void
removal_free (Removal *self)
{
  g_object_unref (self->row);
  g_free (self->pool);
  g_free (self->volume);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Removal, removal_free)

static void
removed_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Removal) removal = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  if (!kvmm_agent_iso_delete_volume_finish (result, &error) &&
      gtk_widget_get_root (GTK_WIDGET (removal->row)) != NULL)
    {
      text = g_strdup_printf (_ ("Could not remove “%s”"), removal->volume);
      kvmm_dialogs_error (GTK_WIDGET (removal->row), text, error);
    }
  look (removal->row);
}

static void
removal_agreed_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Removal) removal = user_data;
  KvmmConnection *connection = removal->row->connection;

  if (kvmm_dialogs_confirm_finish (result))
    {
      const char *pool = removal->pool;
      const char *volume = removal->volume;

      kvmm_agent_iso_delete_volume_async (connection, pool, volume, NULL, removed_cb,
                                          g_steal_pointer (&removal));
    }
}

static void
remove_cb (GtkButton *button, KvmmAgentHostRow *self)
{
  Removal *removal = g_new0 (Removal, 1);
  g_autofree char *body = NULL;

  removal->row = g_object_ref (self);
  removal->pool = g_strdup (g_object_get_data (G_OBJECT (button), "kvmm-pool"));
  removal->volume = g_strdup (g_object_get_data (G_OBJECT (button), "kvmm-volume"));
  body =
      g_strdup_printf (_ ("“%s” is deleted from the storage pool “%s” of %s. No virtual machine "
                          "of this host uses it."),
                       removal->volume, removal->pool, kvmm_connection_get_name (self->connection));
  kvmm_dialogs_confirm_async (GTK_WIDGET (self), _ ("Remove the Old Disc?"), body, _ ("_Remove"),
                              TRUE, removal_agreed_cb, removal);
}

static void
add_volume (KvmmAgentHostRow *self, const KvmmAgentIsoVolume *volume)
{
  g_autofree char *title = g_strdup_printf ("%s/%s", volume->pool, volume->volume);
  g_autofree char *size = kvmm_units_bytes (volume->size_bytes);
  g_autofree char *use = volume->used_by != NULL
                             ? g_strdup_printf (_ ("used by “%s”"), volume->used_by)
                             : g_strdup (_ ("not used by any virtual machine"));
  g_autofree char *text = g_strdup_printf (
      "%s · %s · %s", volume->is_whole ? _ ("Old version") : _ ("Interrupted upload"), size, use);
  AdwActionRow *row = add_row (self, self->volume_rows, title, text);
  g_autofree char *label = g_strdup_printf (_ ("Remove %s"), title);
  GtkWidget *button;

  adw_action_row_set_icon_name (row, "media-optical-symbolic");
  if (volume->used_by != NULL)
    return;
  button = gtk_button_new_from_icon_name ("user-trash-symbolic");
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_tooltip_text (button, _ ("Remove…"));
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                  -1);
  g_object_set_data_full (G_OBJECT (button), "kvmm-pool", g_strdup (volume->pool), g_free);
  g_object_set_data_full (G_OBJECT (button), "kvmm-volume", g_strdup (volume->volume), g_free);
  g_signal_connect (button, "clicked", G_CALLBACK (remove_cb), self);
  adw_action_row_add_suffix (row, button);
}

static void
volumes_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  KvmmAgentHostRow *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) volumes = kvmm_agent_iso_list_volumes_finish (result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  clear_rows (self, self->volume_rows);
  /* A host without storage has none; the reasons above say so. */
  for (guint i = 0; volumes != NULL && i < volumes->len; i++)
    {
      const KvmmAgentIsoVolume *volume = g_ptr_array_index (volumes, i);

      if (!volume->is_current || !volume->is_whole)
        add_volume (self, volume);
    }
}

/* ---- Upload ---- */

static void upload (KvmmAgentHostRow *self, KvmmAgentIsoMountFlags flags);

static void
set_uploading (KvmmAgentHostRow *self, gboolean is_uploading)
{
  gtk_button_set_label (self->button, is_uploading ? _ ("_Cancel") : _ ("_Upload"));
  gtk_widget_set_visible (GTK_WIDGET (self->progress), is_uploading);
  gtk_progress_bar_set_fraction (self->progress, 0);
}

static void
pool_agreed_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmAgentHostRow) self = user_data;

  if (kvmm_dialogs_confirm_finish (result))
    upload (self, KVMM_AGENT_ISO_MOUNT_MAKE_POOL);
}

static void
show_uploaded (KvmmAgentHostRow *self, const KvmmAgentIsoDeployed *deployed)
{
  g_autofree char *text =
      g_strdup_printf (deployed->uploaded ? _ ("The disc is now in “%s” of %s")
                                          : _ ("The disc was already in “%s” of %s"),
                       deployed->pool, kvmm_connection_get_name (self->connection));

  kvmm_dialogs_toast (GTK_WIDGET (self), text);
}

static void
uploaded_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmAgentHostRow) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmAgentIsoDeployed) deployed = kvmm_agent_iso_deploy_finish (result, &error);

  g_clear_object (&self->uploading);
  if (gtk_widget_get_root (GTK_WIDGET (self)) == NULL)
    return;
  set_uploading (self, FALSE);
  if (deployed != NULL)
    show_uploaded (self, deployed);
  else if (g_error_matches (error, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_POOL_NEEDED))
    kvmm_dialogs_confirm_async (GTK_WIDGET (self), _ ("Make a Storage Pool?"), error->message,
                                _ ("_Make the Pool"), FALSE, pool_agreed_cb, g_object_ref (self));
  else
    kvmm_dialogs_error (GTK_WIDGET (self), _ ("Could not upload the agent disc"), error);
  look (self);
}

static void
progress_cb (goffset done, goffset total, gpointer user_data)
{
  KvmmAgentHostRow *self = user_data;

  if (total > 0)
    gtk_progress_bar_set_fraction (self->progress, CLAMP ((double) done / (double) total, 0, 1));
}

static void
upload (KvmmAgentHostRow *self, KvmmAgentIsoMountFlags flags)
{
  if (self->uploading != NULL)
    return;
  self->uploading = g_cancellable_new ();
  set_uploading (self, TRUE);
  kvmm_agent_iso_deploy_async (self->settings, self->connection, flags, progress_cb, self,
                               self->uploading, uploaded_cb, g_object_ref (self));
}

static void
clicked_cb (KvmmAgentHostRow *self)
{
  if (self->uploading != NULL)
    g_cancellable_cancel (self->uploading);
  else
    upload (self, KVMM_AGENT_ISO_MOUNT_NONE);
}

/* ---- The row ---- */

static void
look (KvmmAgentHostRow *self)
{
  /* Gone meanwhile, and only kept by what it had begun. */
  if (self->connection == NULL)
    return;
  g_cancellable_cancel (self->looking);
  g_clear_object (&self->looking);
  self->looking = g_cancellable_new ();
  kvmm_agent_iso_resolve_async (self->settings, self->connection, self->looking, resolved_cb, self);
  kvmm_agent_iso_list_volumes_async (self->settings, self->connection, self->looking, volumes_cb,
                                     self);
}

static void
kvmm_agent_host_row_dispose (GObject *object)
{
  KvmmAgentHostRow *self = KVMM_AGENT_HOST_ROW (object);

  /* Its callbacks hold no reference. */
  g_cancellable_cancel (self->looking);
  g_clear_object (&self->looking);
  g_clear_object (&self->connection);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (kvmm_agent_host_row_parent_class)->dispose (object);
}

static void
kvmm_agent_host_row_finalize (GObject *object)
{
  KvmmAgentHostRow *self = KVMM_AGENT_HOST_ROW (object);

  g_ptr_array_unref (self->candidate_rows);
  g_ptr_array_unref (self->volume_rows);
  G_OBJECT_CLASS (kvmm_agent_host_row_parent_class)->finalize (object);
}

static void
kvmm_agent_host_row_class_init (KvmmAgentHostRowClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kvmm_agent_host_row_dispose;
  G_OBJECT_CLASS (klass)->finalize = kvmm_agent_host_row_finalize;
}

static void
kvmm_agent_host_row_init (KvmmAgentHostRow *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);

  self->candidate_rows = g_ptr_array_new ();
  self->volume_rows = g_ptr_array_new ();
  self->progress = GTK_PROGRESS_BAR (gtk_progress_bar_new ());
  self->button = GTK_BUTTON (gtk_button_new_with_mnemonic (_ ("_Upload")));
  gtk_widget_set_size_request (GTK_WIDGET (self->progress), 60, -1);
  gtk_widget_set_valign (GTK_WIDGET (self->progress), GTK_ALIGN_CENTER);
  gtk_widget_set_visible (GTK_WIDGET (self->progress), FALSE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->progress), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Upload of the agent disc"), -1);
  gtk_widget_set_valign (GTK_WIDGET (self->button), GTK_ALIGN_CENTER);
  gtk_widget_set_visible (GTK_WIDGET (self->button), FALSE);
  g_signal_connect_swapped (self->button, "clicked", G_CALLBACK (clicked_cb), self);
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->progress));
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->button));
  adw_expander_row_add_action (ADW_EXPANDER_ROW (self), box);
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (self), FALSE);
}

GtkWidget *
kvmm_agent_host_row_new (KvmmSettings *settings, KvmmConnection *connection)
{
  KvmmAgentHostRow *self = g_object_new (KVMM_TYPE_AGENT_HOST_ROW, NULL);

  g_return_val_if_fail (KVMM_IS_SETTINGS (settings), GTK_WIDGET (self));
  g_return_val_if_fail (KVMM_IS_CONNECTION (connection), GTK_WIDGET (self));

  self->settings = g_object_ref (settings);
  self->connection = g_object_ref (connection);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self), kvmm_connection_get_name (connection));
  adw_expander_row_set_subtitle (ADW_EXPANDER_ROW (self), _ ("Looking…"));
  adw_expander_row_set_icon_name (ADW_EXPANDER_ROW (self), "content-loading-symbolic");
  look (self);
  return GTK_WIDGET (self);
}
