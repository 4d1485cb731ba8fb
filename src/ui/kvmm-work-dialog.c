/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-work-dialog.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#define PULSE_MS 100

struct _KvmmWorkDialog
{
  GObject parent_instance;

  GtkWidget *parent; /* (nullable), weak */
  char *heading;
  KvmmWorkDialogFunc text;
  gpointer user_data;
  GCancellable *cancellable; /* (owned) */
  gint64 began_us;
  double fraction; /* negative: not known */
  guint delay_id;
  guint tick_id;

  GtkWidget *dialog; /* (nullable), weak */
  GtkProgressBar *bar;
};

G_DEFINE_FINAL_TYPE (KvmmWorkDialog, kvmm_work_dialog, G_TYPE_OBJECT)

static void
show (KvmmWorkDialog *self)
{
  guint elapsed_s = (guint) ((g_get_monotonic_time () - self->began_us) / G_USEC_PER_SEC);
  g_autofree char *text = self->text (elapsed_s, self->user_data);

  adw_message_dialog_set_body (ADW_MESSAGE_DIALOG (self->dialog), text);
  if (self->fraction >= 0)
    gtk_progress_bar_set_fraction (self->bar, self->fraction);
  else
    gtk_progress_bar_pulse (self->bar);
}

static gboolean
tick_cb (gpointer user_data)
{
  KvmmWorkDialog *self = user_data;

  if (self->dialog != NULL)
    {
      show (self);
      return G_SOURCE_CONTINUE;
    }
  self->tick_id = 0;
  return G_SOURCE_REMOVE;
}

static void
response_cb (AdwMessageDialog *dialog, const char *response, KvmmWorkDialog *self)
{
  g_cancellable_cancel (self->cancellable);
}

static gboolean
delay_cb (gpointer user_data)
{
  KvmmWorkDialog *self = user_data;
  GtkRoot *root = self->parent != NULL ? gtk_widget_get_root (self->parent) : NULL;

  self->delay_id = 0;
  if (!GTK_IS_WINDOW (root))
    return G_SOURCE_REMOVE;
  g_set_weak_pointer (&self->dialog,
                      adw_message_dialog_new (GTK_WINDOW (root), self->heading, NULL));
  self->bar = GTK_PROGRESS_BAR (gtk_progress_bar_new ());
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->bar), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  self->heading, -1);
  adw_message_dialog_set_extra_child (ADW_MESSAGE_DIALOG (self->dialog), GTK_WIDGET (self->bar));
  adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (self->dialog), "cancel", _ ("_Cancel"));
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (self->dialog), "cancel");
  g_signal_connect_object (self->dialog, "response", G_CALLBACK (response_cb), self,
                           G_CONNECT_DEFAULT);
  show (self);
  gtk_window_present (GTK_WINDOW (self->dialog));
  self->tick_id = g_timeout_add (PULSE_MS, tick_cb, self);
  return G_SOURCE_REMOVE;
}

static void
kvmm_work_dialog_finalize (GObject *object)
{
  KvmmWorkDialog *self = KVMM_WORK_DIALOG (object);

  g_clear_handle_id (&self->delay_id, g_source_remove);
  g_clear_handle_id (&self->tick_id, g_source_remove);
  g_clear_weak_pointer (&self->parent);
  g_clear_weak_pointer (&self->dialog);
  g_clear_object (&self->cancellable);
  g_free (self->heading);
  G_OBJECT_CLASS (kvmm_work_dialog_parent_class)->finalize (object);
}

static void
kvmm_work_dialog_class_init (KvmmWorkDialogClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kvmm_work_dialog_finalize;
}

static void
kvmm_work_dialog_init (KvmmWorkDialog *self)
{
  self->fraction = -1;
  self->began_us = g_get_monotonic_time ();
}

KvmmWorkDialog *
kvmm_work_dialog_new (GtkWidget *parent,
                      const char *heading,
                      KvmmWorkDialogFunc text,
                      gpointer user_data,
                      GCancellable *cancellable)
{
  KvmmWorkDialog *self = g_object_new (KVMM_TYPE_WORK_DIALOG, NULL);

  g_return_val_if_fail (GTK_IS_WIDGET (parent), self);
  g_return_val_if_fail (G_IS_CANCELLABLE (cancellable), self);

  g_set_weak_pointer (&self->parent, parent);
  self->heading = g_strdup (heading);
  self->text = text;
  self->user_data = user_data;
  self->cancellable = g_object_ref (cancellable);
  self->delay_id = g_timeout_add (KVMM_WORK_DIALOG_DELAY_MS, delay_cb, self);
  return self;
}

void
kvmm_work_dialog_set_fraction (KvmmWorkDialog *self, double fraction)
{
  g_return_if_fail (KVMM_IS_WORK_DIALOG (self));

  self->fraction = CLAMP (fraction, 0, 1);
}

void
kvmm_work_dialog_close (KvmmWorkDialog *self)
{
  g_return_if_fail (KVMM_IS_WORK_DIALOG (self));

  g_clear_handle_id (&self->delay_id, g_source_remove);
  g_clear_handle_id (&self->tick_id, g_source_remove);
  if (self->dialog != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->dialog, self);
      gtk_window_destroy (GTK_WINDOW (self->dialog));
    }
}
