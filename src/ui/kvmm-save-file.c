/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-save-file.h"

#include <glib/gi18n.h>

#include "kvmm-dialogs.h"

typedef struct
{
  GWeakRef widget;
  GBytes *bytes; /* (owned) */
} Saving;

static void
saving_free (Saving *saving)
{
  g_weak_ref_clear (&saving->widget);
  g_bytes_unref (saving->bytes);
  g_free (saving);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Saving, saving_free)

static void
written_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Saving) saving = user_data;
  g_autoptr (GtkWidget) widget = g_weak_ref_get (&saving->widget);
  g_autoptr (GError) error = NULL;
  gboolean is_written = g_file_replace_contents_finish (G_FILE (object), result, NULL, &error);

  if (widget == NULL || gtk_widget_get_root (widget) == NULL)
    return;
  if (is_written)
    kvmm_dialogs_toast (widget, _ ("Saved"));
  else
    kvmm_dialogs_error (widget, _ ("Could not save the file"), error);
}

static void
response_cb (GtkNativeDialog *dialog, int response, gpointer user_data)
{
  g_autoptr (Saving) saving = user_data;
  g_autoptr (GFile) file = NULL;

  if (response == GTK_RESPONSE_ACCEPT)
    file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
  gtk_native_dialog_destroy (dialog);
  g_object_unref (dialog);
  if (file == NULL)
    return;
  g_file_replace_contents_bytes_async (file, saving->bytes, NULL, FALSE, G_FILE_CREATE_NONE, NULL,
                                       written_cb, saving);
  g_steal_pointer (&saving);
}

void
kvmm_save_file_ask (GtkWidget *widget, const char *title, const char *name, GBytes *bytes)
{
  GtkRoot *root = gtk_widget_get_root (widget);
  /* Given back by its response. */
  GtkFileChooserNative *dialog =
      gtk_file_chooser_native_new (title, GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL,
                                   GTK_FILE_CHOOSER_ACTION_SAVE, _ ("_Save"), _ ("_Cancel"));
  Saving *saving = g_new0 (Saving, 1);

  g_weak_ref_init (&saving->widget, widget);
  saving->bytes = g_bytes_ref (bytes);
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (dialog), name);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  g_signal_connect (dialog, "response", G_CALLBACK (response_cb), saving);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}
