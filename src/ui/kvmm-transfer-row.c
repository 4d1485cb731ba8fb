/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-transfer-row.h"

#include <glib/gi18n.h>

#include "util/kvmm-units.h"

struct _KvmmTransferRow
{
  GtkBox parent_instance;

  KvmmTransferQueue *queue; /* (owned) */
  KvmmTransfer *transfer;   /* (owned) (nullable) */
  gulong changed_id;

  GtkImage *icon;
  GtkLabel *title_label;
  GtkProgressBar *bar;
  GtkLabel *detail_label;
  GtkWidget *again_button;
  GtkWidget *cancel_button;
};

G_DEFINE_FINAL_TYPE (KvmmTransferRow, kvmm_transfer_row, GTK_TYPE_BOX)

static char *
describe_progress (KvmmTransfer *transfer)
{
  guint64 done = kvmm_transfer_get_done_bytes (transfer);
  guint64 size = kvmm_transfer_get_size_bytes (transfer);
  double rate = kvmm_transfer_get_rate (transfer);
  g_autofree char *done_text = kvmm_units_bytes (done);
  g_autofree char *size_text = kvmm_units_bytes (size);
  g_autofree char *rate_text = kvmm_units_rate (rate);
  g_autofree char *rest_text = NULL;

  if (kvmm_transfer_get_is_directory (transfer))
    return g_strdup (_ ("Reading the folder"));
  if (rate < 1)
    return g_strdup_printf (_ ("%s of %s"), done_text, size_text);
  rest_text = kvmm_units_duration ((guint64) ((double) (size - MIN (done, size)) / rate) + 1);
  /* Translators: "3 MiB of 10 MiB · 1 MiB/s · 7 s left" */
  return g_strdup_printf (_ ("%s of %s · %s · %s left"), done_text, size_text, rate_text,
                          rest_text);
}

static char *
describe (KvmmTransfer *transfer)
{
  const GError *error = kvmm_transfer_get_error (transfer);

  switch (kvmm_transfer_get_state (transfer))
    {
    case KVMM_TRANSFER_WAITING:
      return g_strdup (_ ("Waiting"));
    case KVMM_TRANSFER_RUNNING:
      return describe_progress (transfer);
    case KVMM_TRANSFER_ASKING:
      return g_strdup (_ ("There is a file of this name already"));
    case KVMM_TRANSFER_INTERRUPTED:
      return g_strdup (_ ("Interrupted; goes on when the guest answers again"));
    case KVMM_TRANSFER_DONE:
      if (kvmm_transfer_get_is_directory (transfer))
        return g_strdup (kvmm_transfer_get_is_upload (transfer) ? _ ("Folder created")
                                                                : _ ("Folder read"));
      return kvmm_units_bytes (kvmm_transfer_get_size_bytes (transfer));
    case KVMM_TRANSFER_SKIPPED:
      return g_strdup (_ ("Skipped"));
    case KVMM_TRANSFER_FAILED:
      return g_strdup (error != NULL ? error->message : _ ("Failed"));
    case KVMM_TRANSFER_CANCELLED:
      return g_strdup (_ ("Cancelled"));
    }
  return g_strdup ("");
}

static const char *
find_icon (KvmmTransfer *transfer)
{
  switch (kvmm_transfer_get_state (transfer))
    {
    case KVMM_TRANSFER_WAITING:
    case KVMM_TRANSFER_RUNNING:
      return kvmm_transfer_get_is_upload (transfer) ? "go-up-symbolic" : "go-down-symbolic";
    case KVMM_TRANSFER_ASKING:
      return "dialog-question-symbolic";
    case KVMM_TRANSFER_DONE:
      return "object-select-symbolic";
    case KVMM_TRANSFER_INTERRUPTED:
    case KVMM_TRANSFER_FAILED:
      return "dialog-warning-symbolic";
    case KVMM_TRANSFER_SKIPPED:
    case KVMM_TRANSFER_CANCELLED:
      return "action-unavailable-symbolic";
    }
  return "dialog-warning-symbolic";
}

static void
update (KvmmTransferRow *self)
{
  KvmmTransferState state = kvmm_transfer_get_state (self->transfer);
  guint64 size = kvmm_transfer_get_size_bytes (self->transfer);
  g_autofree char *detail = describe (self->transfer);

  gtk_image_set_from_icon_name (self->icon, find_icon (self->transfer));
  gtk_label_set_text (self->title_label, kvmm_transfer_get_title (self->transfer));
  gtk_label_set_text (self->detail_label, detail);
  gtk_progress_bar_set_fraction (
      self->bar,
      size == 0 ? 0 : CLAMP ((double) kvmm_transfer_get_done_bytes (self->transfer) / size, 0, 1));
  gtk_widget_set_visible (GTK_WIDGET (self->bar),
                          state == KVMM_TRANSFER_RUNNING || state == KVMM_TRANSFER_INTERRUPTED);
  gtk_widget_set_visible (self->again_button, state == KVMM_TRANSFER_FAILED ||
                                                  state == KVMM_TRANSFER_CANCELLED ||
                                                  state == KVMM_TRANSFER_INTERRUPTED);
  gtk_widget_set_visible (self->cancel_button, !kvmm_transfer_get_is_over (self->transfer));
}

static void
again_cb (KvmmTransferRow *self)
{
  kvmm_transfer_queue_retry (self->queue, self->transfer);
}

static void
cancel_cb (KvmmTransferRow *self)
{
  kvmm_transfer_cancel (self->transfer);
}

static void
kvmm_transfer_row_dispose (GObject *object)
{
  KvmmTransferRow *self = KVMM_TRANSFER_ROW (object);

  kvmm_transfer_row_set_transfer (self, NULL);
  g_clear_object (&self->queue);
  G_OBJECT_CLASS (kvmm_transfer_row_parent_class)->dispose (object);
}

static void
kvmm_transfer_row_class_init (KvmmTransferRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_transfer_row_dispose;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-transfer-row.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmTransferRow, icon);
  gtk_widget_class_bind_template_child (widget_class, KvmmTransferRow, title_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmTransferRow, bar);
  gtk_widget_class_bind_template_child (widget_class, KvmmTransferRow, detail_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmTransferRow, again_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmTransferRow, cancel_button);
  gtk_widget_class_bind_template_callback (widget_class, again_cb);
  gtk_widget_class_bind_template_callback (widget_class, cancel_cb);
}

static void
kvmm_transfer_row_init (KvmmTransferRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
kvmm_transfer_row_new (KvmmTransferQueue *queue)
{
  KvmmTransferRow *self = g_object_new (KVMM_TYPE_TRANSFER_ROW, NULL);

  self->queue = g_object_ref (queue);
  return GTK_WIDGET (self);
}

void
kvmm_transfer_row_set_transfer (KvmmTransferRow *self, KvmmTransfer *transfer)
{
  g_return_if_fail (KVMM_IS_TRANSFER_ROW (self));

  if (self->transfer == transfer)
    return;
  if (self->transfer != NULL)
    g_clear_signal_handler (&self->changed_id, self->transfer);
  g_set_object (&self->transfer, transfer);
  if (transfer == NULL)
    return;
  self->changed_id = g_signal_connect_swapped (transfer, "changed", G_CALLBACK (update), self);
  update (self);
}
