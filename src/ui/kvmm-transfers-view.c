/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-transfers-view.h"

#include <glib/gi18n.h>

#include "kvmm-transfer-row.h"

struct _KvmmTransfersView
{
  AdwBin parent_instance;

  KvmmTransferQueue *queue; /* (owned) (nullable) */
  GtkWidget *dialog;        /* (unowned) (nullable) the question on screen */
  guint update_id;

  GtkLabel *heading_label;
  GtkWidget *cancel_button;
  GtkWidget *clear_button;
  GtkListView *list;
};

G_DEFINE_FINAL_TYPE (KvmmTransfersView, kvmm_transfers_view, ADW_TYPE_BIN)

static void ask_next (KvmmTransfersView *self);

static void
answered_cb (AdwMessageDialog *dialog, const char *response, KvmmTransfersView *self)
{
  KvmmTransfer *transfer = g_object_get_data (G_OBJECT (dialog), "kvmm-transfer");
  GtkCheckButton *check = g_object_get_data (G_OBJECT (dialog), "kvmm-check");
  KvmmTransferAnswer answer = KVMM_TRANSFER_SKIP;

  if (g_str_equal (response, "replace"))
    answer = KVMM_TRANSFER_REPLACE;
  else if (g_str_equal (response, "both"))
    answer = KVMM_TRANSFER_KEEP_BOTH;
  kvmm_transfer_queue_answer (self->queue, transfer, answer, gtk_check_button_get_active (check));
}

/* The name is in the body: it may be the guest's, and is not to look like our question. */
static GtkWidget *
create_question (KvmmTransfersView *self, KvmmTransfer *transfer)
{
  GtkWidget *check = gtk_check_button_new_with_mnemonic (_ ("_Do the same for all others"));
  const char *title = kvmm_transfer_get_title (transfer);
  g_autofree char *body =
      kvmm_transfer_get_is_upload (transfer)
          ? g_strdup_printf (_ ("In the guest there is already: %s"), title)
          : g_strdup_printf (_ ("On this computer there is already: %s"), title);
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *dialog = adw_message_dialog_new (GTK_WINDOW (root), _ ("Replace the File?"), body);

  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "skip", _ ("_Skip"), "both",
                                    _ ("_Keep Both"), "replace", _ ("_Replace"), NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "replace",
                                              ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "skip");
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "skip");
  adw_message_dialog_set_extra_child (ADW_MESSAGE_DIALOG (dialog), check);
  g_object_set_data (G_OBJECT (dialog), "kvmm-check", check);
  g_object_set_data_full (G_OBJECT (dialog), "kvmm-transfer", g_object_ref (transfer),
                          g_object_unref);
  return dialog;
}

static void
dialog_gone_cb (KvmmTransfersView *self)
{
  self->dialog = NULL;
  ask_next (self);
}

static void
ask_next (KvmmTransfersView *self)
{
  KvmmTransfer *transfer;

  if (self->queue == NULL || self->dialog != NULL || !gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  transfer = kvmm_transfer_queue_get_asking (self->queue);
  if (transfer == NULL)
    return;
  self->dialog = create_question (self, transfer);
  g_signal_connect_object (self->dialog, "response", G_CALLBACK (answered_cb), self, 0);
  g_signal_connect_object (self->dialog, "destroy", G_CALLBACK (dialog_gone_cb), self,
                           G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (self->dialog));
}

static void
update (KvmmTransfersView *self)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->queue));
  guint rest = kvmm_transfer_queue_get_unfinished (self->queue);
  g_autofree char *heading =
      rest == 0
          ? g_strdup (_ ("Transfers"))
          : g_strdup_printf (ngettext ("%u transfer to go", "%u transfers to go", rest), rest);

  gtk_label_set_text (self->heading_label, heading);
  gtk_widget_set_visible (self->cancel_button, rest > 0);
  gtk_widget_set_visible (self->clear_button, rest < n);
  gtk_widget_set_visible (GTK_WIDGET (self), n > 0);
  ask_next (self);
}

static gboolean
update_cb (gpointer user_data)
{
  KvmmTransfersView *self = user_data;

  self->update_id = 0;
  update (self);
  return G_SOURCE_REMOVE;
}

/* A thousand small files change more often than anybody can read. */
static void
changed_cb (KvmmTransfersView *self)
{
  if (self->update_id == 0)
    self->update_id = g_timeout_add (50, update_cb, self);
}

static void
cancel_all_cb (KvmmTransfersView *self)
{
  kvmm_transfer_queue_cancel_all (self->queue);
}

static void
clear_cb (KvmmTransfersView *self)
{
  kvmm_transfer_queue_clear (self->queue);
}

static void
setup_cb (GtkSignalListItemFactory *factory, GtkListItem *item, KvmmTransfersView *self)
{
  gtk_list_item_set_child (item, kvmm_transfer_row_new (self->queue));
  gtk_list_item_set_activatable (item, FALSE);
}

static void
bind_cb (GtkSignalListItemFactory *factory, GtkListItem *item, KvmmTransfersView *self)
{
  kvmm_transfer_row_set_transfer (KVMM_TRANSFER_ROW (gtk_list_item_get_child (item)),
                                  gtk_list_item_get_item (item));
}

static void
unbind_cb (GtkSignalListItemFactory *factory, GtkListItem *item, KvmmTransfersView *self)
{
  kvmm_transfer_row_set_transfer (KVMM_TRANSFER_ROW (gtk_list_item_get_child (item)), NULL);
}

static void
kvmm_transfers_view_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (kvmm_transfers_view_parent_class)->map (widget);
  ask_next (KVMM_TRANSFERS_VIEW (widget));
}

static void
kvmm_transfers_view_dispose (GObject *object)
{
  KvmmTransfersView *self = KVMM_TRANSFERS_VIEW (object);

  g_clear_handle_id (&self->update_id, g_source_remove);
  g_clear_object (&self->queue);
  G_OBJECT_CLASS (kvmm_transfers_view_parent_class)->dispose (object);
}

static void
kvmm_transfers_view_class_init (KvmmTransfersViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_transfers_view_dispose;
  widget_class->map = kvmm_transfers_view_map;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-transfers-view.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmTransfersView, heading_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmTransfersView, cancel_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmTransfersView, clear_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmTransfersView, list);
  gtk_widget_class_bind_template_callback (widget_class, cancel_all_cb);
  gtk_widget_class_bind_template_callback (widget_class, clear_cb);
}

static void
kvmm_transfers_view_init (KvmmTransfersView *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
kvmm_transfers_view_set_queue (KvmmTransfersView *self, KvmmTransferQueue *queue)
{
  g_autoptr (GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();
  g_autoptr (GtkSelectionModel) model = NULL;

  g_return_if_fail (KVMM_IS_TRANSFERS_VIEW (self));
  g_return_if_fail (self->queue == NULL);

  self->queue = g_object_ref (queue);
  g_signal_connect_object (factory, "setup", G_CALLBACK (setup_cb), self, 0);
  g_signal_connect_object (factory, "bind", G_CALLBACK (bind_cb), self, 0);
  g_signal_connect_object (factory, "unbind", G_CALLBACK (unbind_cb), self, 0);
  model = GTK_SELECTION_MODEL (gtk_no_selection_new (g_object_ref (G_LIST_MODEL (queue))));
  gtk_list_view_set_factory (self->list, factory);
  gtk_list_view_set_model (self->list, model);
  g_signal_connect_object (queue, "changed", G_CALLBACK (changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (queue, "items-changed", G_CALLBACK (changed_cb), self,
                           G_CONNECT_SWAPPED);
  update (self);
}
