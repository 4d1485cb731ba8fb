/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-clone-dialog.h"

#include <glib/gi18n.h>

#include "kvmm-clone-row.h"
#include "kvmm-dialogs.h"
#include "kvmm-machine-window.h"
#include "model/kvmm-connection.h"
#include "model/kvmm-domain-clone.h"
#include "model/kvmm-domain-edit.h"

#define PULSE_MS 100
#define TOAST_SECONDS 20

struct _KvmmCloneDialog
{
  AdwWindow parent_instance;

  GtkWidget *widget;      /* (owned) where toasts are shown */
  KvmmSettings *settings; /* (owned) */
  KvmmDomain *domain;     /* (owned) */
  KvmmClonePlan *plan;    /* (owned) (nullable) */
  GCancellable *planning; /* (owned) */
  GCancellable *copying;  /* (owned) (nullable) while it copies */
  char *failure;          /* (owned) (nullable) of the last attempt */
  guint pulse_id;
  gboolean is_measured; /* whether it is known how far the disk is */
  double fraction;
  gboolean is_gone;

  AdwEntryRow *name_row;
  GtkLabel *problem;
  GtkLabel *status;
  GtkWidget *disks;
  GtkLabel *link_words;
  GtkProgressBar *progress;
  GtkWidget *cancel_button;
  GtkWidget *clone_button;
};

G_DEFINE_FINAL_TYPE (KvmmCloneDialog, kvmm_clone_dialog, ADW_TYPE_WINDOW)

static gboolean
is_taken (KvmmCloneDialog *self, const char *name)
{
  KvmmConnection *connection = kvmm_domain_get_connection (self->domain);

  return connection != NULL && kvmm_connection_find (connection, name) != NULL;
}

/* Returns: (transfer full): a name that no machine of the host has */
static char *
dup_free_name (KvmmCloneDialog *self)
{
  char *name = g_strdup_printf ("%s-clone", kvmm_domain_get_name (self->domain));

  for (guint i = 2; is_taken (self, name); i++)
    {
      g_free (name);
      name = g_strdup_printf ("%s-clone-%u", kvmm_domain_get_name (self->domain), i);
    }
  return name;
}

/* ---- what is wrong ---- */

/* Returns: (transfer full) (nullable): a sentence */
static char *
describe_state (KvmmCloneDialog *self)
{
  const char *name = kvmm_domain_get_name (self->domain);
  KvmmDomainState state = kvmm_domain_get_state (self->domain);

  if (state == KVMM_DOMAIN_STATE_UNKNOWN)
    return g_strdup_printf (_ ("The state of “%s” is not known"), name);
  if (state != KVMM_DOMAIN_STATE_SHUT_OFF && state != KVMM_DOMAIN_STATE_CRASHED)
    return g_strdup_printf (_ ("Shut “%s” down first"), name);
  if (kvmm_domain_get_has_managed_save (self->domain))
    return g_strdup_printf (_ ("The memory of “%s” is saved. Start it and shut it down first"),
                            name);
  return NULL;
}

/* Whether it is as a whole possible. */
static gboolean
can_copy (const KvmmClonePlan *plan)
{
  if (plan == NULL || plan->reason != NULL)
    return FALSE;
  for (guint i = 0; i < plan->items->len; i++)
    {
      const KvmmCloneItem *item = plan->items->pdata[i];

      if (item->fate == KVMM_CLONE_REFUSED)
        return FALSE;
    }
  return TRUE;
}

/* Returns: (transfer full) (nullable): what stands in the way, the name aside */
static char *
describe_obstacle (KvmmCloneDialog *self)
{
  char *text = describe_state (self);

  if (text != NULL)
    return text;
  if (self->plan != NULL && self->plan->reason != NULL)
    return g_strdup (self->plan->reason);
  if (self->plan != NULL && !can_copy (self->plan))
    return g_strdup (_ ("Not every disk can be copied"));
  return NULL;
}

static void
update (KvmmCloneDialog *self)
{
  const char *name = gtk_editable_get_text (GTK_EDITABLE (self->name_row));
  g_autoptr (GError) error = NULL;
  gboolean taken = is_taken (self, name);
  gboolean is_good = kvmm_domain_check_name (name, &error) && !taken;
  g_autofree char *obstacle = describe_obstacle (self);
  const char *problem = self->failure != NULL ? self->failure : obstacle;

  if (problem == NULL && error != NULL)
    problem = error->message;
  /* While it copies, the new name is taken at last, by the copy. */
  if (self->copying != NULL)
    problem = NULL;
  if (is_good || self->copying != NULL)
    gtk_widget_remove_css_class (GTK_WIDGET (self->name_row), "error");
  else
    gtk_widget_add_css_class (GTK_WIDGET (self->name_row), "error");
  adw_preferences_row_set_title (
      ADW_PREFERENCES_ROW (self->name_row),
      taken && self->copying == NULL ? _ ("Another machine has this name") : _ ("Name"));
  gtk_label_set_text (self->problem, problem != NULL ? problem : "");
  gtk_widget_set_visible (GTK_WIDGET (self->problem), problem != NULL);
  gtk_widget_set_sensitive (GTK_WIDGET (self->name_row), self->copying == NULL);
  gtk_widget_set_sensitive (self->disks, self->copying == NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->progress), self->copying != NULL);
  gtk_widget_set_sensitive (self->clone_button, self->copying == NULL && obstacle == NULL &&
                                                    is_good && can_copy (self->plan));
}

static void
set_failure (KvmmCloneDialog *self, const GError *error)
{
  g_free (self->failure);
  self->failure = g_strdup (error->message);
  update (self);
}

static void
name_changed_cb (KvmmCloneDialog *self)
{
  if (self->domain == NULL)
    return;
  g_clear_pointer (&self->failure, g_free);
  update (self);
}

/* ---- the disks ---- */

static gboolean
has_link (const KvmmClonePlan *plan)
{
  for (guint i = 0; i < plan->items->len; i++)
    if (((const KvmmCloneItem *) plan->items->pdata[i])->fate == KVMM_CLONE_LINK)
      return TRUE;
  return FALSE;
}

/* That is what a template is for. */
static void
prefer_links (KvmmClonePlan *plan)
{
  for (guint i = 0; i < plan->items->len; i++)
    {
      KvmmCloneItem *item = plan->items->pdata[i];

      if (item->fate == KVMM_CLONE_COPY && item->can[KVMM_CLONE_LINK])
        item->fate = KVMM_CLONE_LINK;
    }
}

static void
chosen_cb (gpointer user_data)
{
  KvmmCloneDialog *self = user_data;

  gtk_widget_set_visible (GTK_WIDGET (self->link_words), has_link (self->plan));
  g_clear_pointer (&self->failure, g_free);
  update (self);
}

static void
show_words (KvmmCloneDialog *self)
{
  const char *words = self->plan->items->len > 0
                          ? _ ("The network cards of the copy get new addresses. Of the disks:")
                          : _ ("The network cards of the copy get new addresses. It has no disks.");
  g_autofree char *text = NULL;

  if (self->plan->has_tpm)
    text = g_strdup_printf ("%s\n%s",
                            _ ("The TPM of the copy is new and empty, since libvirt does not copy "
                               "it: BitLocker asks for its recovery key."),
                            words);
  gtk_label_set_text (self->status, text != NULL ? text : words);
}

static void
planned_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmCloneDialog) self = user_data;
  g_autoptr (GError) error = NULL;

  self->plan = kvmm_domain_plan_clone_finish (KVMM_DOMAIN (source), result, &error);
  if (self->is_gone)
    return;
  if (self->plan == NULL)
    {
      gtk_widget_set_visible (GTK_WIDGET (self->status), FALSE);
      set_failure (self, error);
      return;
    }
  show_words (self);
  if (kvmm_domain_get_is_template (self->domain))
    prefer_links (self->plan);
  gtk_widget_set_visible (GTK_WIDGET (self->link_words), has_link (self->plan));
  for (guint i = 0; i < self->plan->items->len; i++)
    gtk_list_box_append (GTK_LIST_BOX (self->disks),
                         kvmm_clone_row_new (self->plan->items->pdata[i], chosen_cb, self));
  gtk_widget_set_visible (self->disks, self->plan->items->len > 0);
  update (self);
}

/* ---- copying ---- */

/* For the Open button. */
typedef struct
{
  GtkWidget *widget;      /* (owned) */
  KvmmSettings *settings; /* (owned) */
  KvmmDomain *domain;     /* (owned) that was copied */
  char *uuid;             /* (owned) of the copy */
} Made;

static void
made_free (gpointer data)
{
  Made *made = data;

  g_object_unref (made->widget);
  g_object_unref (made->settings);
  g_object_unref (made->domain);
  g_free (made->uuid);
  g_free (made);
}

static void
open_cb (gpointer user_data)
{
  Made *made = user_data;
  KvmmConnection *connection = kvmm_domain_get_connection (made->domain);
  KvmmDomain *copy = connection != NULL ? kvmm_connection_find (connection, made->uuid) : NULL;
  GtkRoot *root = gtk_widget_get_root (made->widget);

  if (copy == NULL)
    kvmm_dialogs_toast (made->widget, _ ("The copy is not in the list"));
  else if (GTK_IS_WINDOW (root))
    kvmm_machine_window_present (gtk_window_get_application (GTK_WINDOW (root)), made->settings,
                                 copy, NULL);
}

static void
tell_made (KvmmCloneDialog *self, const char *uuid)
{
  Made *made = g_new0 (Made, 1);
  g_autofree char *text =
      g_strdup_printf (_ ("“%s” is cloned as “%s”"), kvmm_domain_get_name (self->domain),
                       gtk_editable_get_text (GTK_EDITABLE (self->name_row)));

  made->widget = g_object_ref (self->widget);
  made->settings = g_object_ref (self->settings);
  made->domain = g_object_ref (self->domain);
  made->uuid = g_strdup (uuid);
  kvmm_dialogs_toast_with_button (self->widget, text, _ ("_Open"), TOAST_SECONDS, open_cb, made,
                                  made_free);
}

static void
cloned_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmCloneDialog) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *uuid = kvmm_domain_clone_finish (KVMM_DOMAIN (source), result, &error);

  g_clear_object (&self->copying);
  g_clear_handle_id (&self->pulse_id, g_source_remove);
  if (uuid != NULL)
    tell_made (self, uuid);
  else if (self->is_gone)
    {
      g_autofree char *summary =
          g_strdup_printf (_ ("Could not clone “%s”"), kvmm_domain_get_name (self->domain));

      kvmm_dialogs_error (self->widget, summary, error);
    }
  if (self->is_gone)
    return;
  if (uuid != NULL || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      gtk_window_destroy (GTK_WINDOW (self));
      return;
    }
  show_words (self);
  gtk_button_set_label (GTK_BUTTON (self->cancel_button), _ ("_Cancel"));
  set_failure (self, error);
}

static gboolean
pulse_cb (gpointer user_data)
{
  KvmmCloneDialog *self = user_data;

  if (self->is_measured)
    gtk_progress_bar_set_fraction (self->progress, self->fraction);
  else
    gtk_progress_bar_pulse (self->progress);
  return G_SOURCE_CONTINUE;
}

/* Returns: (transfer full) */
static char *
describe_progress (const KvmmCloneProgress *progress)
{
  g_autofree char *done = g_format_size_full (progress->done_bytes, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *total = g_format_size_full (progress->total_bytes, G_FORMAT_SIZE_IEC_UNITS);

  if (progress->total_bytes == 0)
    return g_strdup_printf (_ ("Copying %s (disk %u of %u)…"), progress->target, progress->position,
                            progress->n_disks);
  return g_strdup_printf (_ ("Copying %s (disk %u of %u): %s of %s"), progress->target,
                          progress->position, progress->n_disks, done, total);
}

static void
progress_cb (const KvmmCloneProgress *progress, gpointer user_data)
{
  KvmmCloneDialog *self = user_data;
  g_autofree char *text = describe_progress (progress);

  if (self->is_gone)
    return;
  self->is_measured = progress->total_bytes > 0;
  if (self->is_measured)
    self->fraction = (double) progress->done_bytes / (double) progress->total_bytes;
  if (!g_cancellable_is_cancelled (self->copying))
    gtk_label_set_text (self->status, text);
}

static void
clone_cb (KvmmCloneDialog *self)
{
  const char *name = gtk_editable_get_text (GTK_EDITABLE (self->name_row));

  if (self->copying != NULL)
    return;
  g_clear_pointer (&self->failure, g_free);
  self->copying = g_cancellable_new ();
  self->is_measured = FALSE;
  self->pulse_id = g_timeout_add (PULSE_MS, pulse_cb, self);
  gtk_label_set_text (self->status, _ ("Copying…"));
  update (self);
  kvmm_domain_clone_async (self->domain, name, self->plan, progress_cb, self, self->copying,
                           cloned_cb, g_object_ref (self));
}

/* The first time it stops the copying, and stays until that has stopped; a second time it goes, and
 * what was copied goes behind it. */
static gboolean
kvmm_clone_dialog_close_request (GtkWindow *window)
{
  KvmmCloneDialog *self = KVMM_CLONE_DIALOG (window);

  if (self->copying == NULL || g_cancellable_is_cancelled (self->copying))
    return GTK_WINDOW_CLASS (kvmm_clone_dialog_parent_class)->close_request (window);
  g_cancellable_cancel (self->copying);
  gtk_label_set_text (self->status, _ ("Stops when the disk that is being copied is done; what was "
                                       "copied is deleted again."));
  gtk_button_set_label (GTK_BUTTON (self->cancel_button), _ ("_Close"));
  return GDK_EVENT_STOP;
}

static void
kvmm_clone_dialog_dispose (GObject *object)
{
  KvmmCloneDialog *self = KVMM_CLONE_DIALOG (object);

  self->is_gone = TRUE;
  g_clear_handle_id (&self->pulse_id, g_source_remove);
  if (self->planning != NULL)
    g_cancellable_cancel (self->planning);
  if (self->copying != NULL)
    g_cancellable_cancel (self->copying);
  if (self->domain != NULL)
    g_signal_handlers_disconnect_by_data (self->domain, self);
  G_OBJECT_CLASS (kvmm_clone_dialog_parent_class)->dispose (object);
}

static void
kvmm_clone_dialog_finalize (GObject *object)
{
  KvmmCloneDialog *self = KVMM_CLONE_DIALOG (object);

  g_clear_object (&self->widget);
  g_clear_object (&self->settings);
  g_clear_object (&self->domain);
  g_clear_object (&self->planning);
  g_clear_object (&self->copying);
  g_clear_pointer (&self->plan, kvmm_clone_plan_free);
  g_free (self->failure);
  G_OBJECT_CLASS (kvmm_clone_dialog_parent_class)->finalize (object);
}

static void
kvmm_clone_dialog_class_init (KvmmCloneDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_clone_dialog_dispose;
  G_OBJECT_CLASS (klass)->finalize = kvmm_clone_dialog_finalize;
  GTK_WINDOW_CLASS (klass)->close_request = kvmm_clone_dialog_close_request;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-clone-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmCloneDialog, name_row);
  gtk_widget_class_bind_template_child (widget_class, KvmmCloneDialog, problem);
  gtk_widget_class_bind_template_child (widget_class, KvmmCloneDialog, status);
  gtk_widget_class_bind_template_child (widget_class, KvmmCloneDialog, disks);
  gtk_widget_class_bind_template_child (widget_class, KvmmCloneDialog, link_words);
  gtk_widget_class_bind_template_child (widget_class, KvmmCloneDialog, progress);
  gtk_widget_class_bind_template_child (widget_class, KvmmCloneDialog, cancel_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmCloneDialog, clone_button);
  gtk_widget_class_bind_template_callback (widget_class, name_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, clone_cb);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
kvmm_clone_dialog_init (KvmmCloneDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
kvmm_clone_dialog_present (GtkWidget *widget, KvmmSettings *settings, KvmmDomain *domain)
{
  KvmmCloneDialog *self;
  g_autofree char *name = NULL;
  g_autofree char *title = NULL;
  g_autofree char *link_words = NULL;

  g_return_if_fail (GTK_IS_WIDGET (widget) && KVMM_IS_SETTINGS (settings));
  g_return_if_fail (KVMM_IS_DOMAIN (domain));

  self = g_object_new (KVMM_TYPE_CLONE_DIALOG, "transient-for", gtk_widget_get_root (widget), NULL);
  self->widget = g_object_ref (widget);
  self->settings = g_object_ref (settings);
  self->domain = g_object_ref (domain);
  self->planning = g_cancellable_new ();
  link_words = g_strdup_printf (
      _ ("A linked copy reads what it does not hold itself from the disk of “%s”. From now on that "
         "disk must not change: do not start “%s” any more and keep its disk, or the copy is "
         "lost."),
      kvmm_domain_get_name (domain), kvmm_domain_get_name (domain));
  gtk_label_set_text (self->link_words, link_words);
  title = g_strdup_printf (_ ("Clone “%s”"), kvmm_domain_get_name (domain));
  gtk_window_set_title (GTK_WINDOW (self), title);
  name = dup_free_name (self);
  gtk_editable_set_text (GTK_EDITABLE (self->name_row), name);
  g_signal_connect_swapped (domain, "notify::state", G_CALLBACK (update), self);
  g_signal_connect_swapped (domain, "notify::has-managed-save", G_CALLBACK (update), self);
  update (self);
  kvmm_domain_plan_clone_async (domain, self->planning, planned_cb, g_object_ref (self));
  gtk_window_present (GTK_WINDOW (self));
  gtk_widget_grab_focus (GTK_WIDGET (self->name_row));
}
