/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-file-drag.h"

#include <glib/gi18n.h>

#include "model/kvmm-drag-folder.h"

typedef enum
{
  STATE_NEW,
  STATE_FETCHING,
  STATE_READY,
  STATE_FAILED,
} State;

struct _KvmmFileDrag
{
  GdkContentProvider parent_instance;

  KvmmTransferQueue *queue; /* (owned) */
  GPtrArray *entries;       /* (element-type Entry) */
  GPtrArray *transfers;     /* (element-type KvmmTransfer) one for each entry, once they run */
  GPtrArray *waiting;       /* (element-type GTask) who wants the names */
  State state;
  guint batch;
};

typedef struct
{
  char *path;
  char *name;
  gboolean is_directory;
} Entry;

/* One who wants the names, and how. */
typedef struct
{
  GOutputStream *stream;
  char *mime_type;
  int priority;
} Wish;

G_DEFINE_FINAL_TYPE (KvmmFileDrag, kvmm_file_drag, GDK_TYPE_CONTENT_PROVIDER)

static void
entry_free (gpointer data)
{
  Entry *self = data;

  g_free (self->path);
  g_free (self->name);
  g_free (self);
}

static void
wish_free (gpointer data)
{
  Wish *self = data;

  g_object_unref (self->stream);
  g_free (self->mime_type);
  g_free (self);
}

static void
written_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;

  if (gdk_content_serialize_finish (result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

/* What GTK makes of a list of files: names, or a handle of the portal for who sees other files than
 * this program does. */
static void
write_names (KvmmFileDrag *self, GTask *task)
{
  Wish *wish = g_task_get_task_data (task);
  g_auto (GValue) value = G_VALUE_INIT;
  GSList *files = NULL;

  for (guint i = self->transfers->len; i-- > 0;)
    files =
        g_slist_prepend (files, kvmm_transfer_get_target (g_ptr_array_index (self->transfers, i)));
  g_value_init (&value, GDK_TYPE_FILE_LIST);
  g_value_take_boxed (&value, gdk_file_list_new_from_list (files));
  g_slist_free (files);
  gdk_content_serialize_async (wish->stream, wish->mime_type, &value, wish->priority,
                               g_task_get_cancellable (task), written_cb, g_object_ref (task));
}

static void
set_over (KvmmFileDrag *self, State state, const GError *error)
{
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&self->waiting);

  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  self->state = state;
  for (guint i = 0; i < waiting->len; i++)
    if (state == STATE_READY)
      write_names (self, g_ptr_array_index (waiting, i));
    else
      g_task_return_error (g_ptr_array_index (waiting, i), g_error_copy (error));
}

static void
fail (KvmmFileDrag *self, const char *text)
{
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, text);

  set_over (self, STATE_FAILED, error);
}

static gboolean
has_unfinished (KvmmFileDrag *self)
{
  GListModel *model = G_LIST_MODEL (self->queue);

  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (KvmmTransfer) transfer = g_list_model_get_item (model, i);

      if (kvmm_transfer_get_batch (transfer) == self->batch &&
          !kvmm_transfer_get_is_over (transfer))
        return TRUE;
    }
  return FALSE;
}

/* One that failed is said in the list of transfers; a drop of the others would look whole. */
static void
finished_cb (KvmmFileDrag *self, KvmmTransfer *transfer)
{
  if (self->state != STATE_FETCHING || kvmm_transfer_get_batch (transfer) != self->batch)
    return;
  if (kvmm_transfer_get_state (transfer) != KVMM_TRANSFER_DONE)
    fail (self, _ ("Not every file could be fetched from the guest"));
  else if (!has_unfinished (self))
    set_over (self, STATE_READY, NULL);
}

static void
folder_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmFileDrag) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GFile) folder = kvmm_drag_folder_create_finish (result, &error);

  if (self->state != STATE_FETCHING)
    return;
  if (folder == NULL)
    {
      set_over (self, STATE_FAILED, error);
      return;
    }
  for (guint i = 0; i < self->entries->len; i++)
    {
      const Entry *entry = g_ptr_array_index (self->entries, i);
      KvmmTransfer *transfer =
          kvmm_transfer_new_download (entry->path, entry->name, entry->is_directory, folder);

      kvmm_transfer_set_batch (transfer, self->batch);
      /* Two names of the guest may be one here. */
      kvmm_transfer_answer (transfer, KVMM_TRANSFER_KEEP_BOTH);
      g_ptr_array_add (self->transfers, g_object_ref (transfer));
      if (!kvmm_transfer_queue_add (self->queue, transfer))
        {
          fail (self, _ ("There are too many transfers"));
          return;
        }
    }
}

static void
kvmm_file_drag_write_mime_type_async (GdkContentProvider *provider,
                                      const char *mime_type,
                                      GOutputStream *stream,
                                      int io_priority,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  KvmmFileDrag *self = KVMM_FILE_DRAG (provider);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  Wish *wish = g_new0 (Wish, 1);

  g_task_set_source_tag (task, kvmm_file_drag_write_mime_type_async);
  wish->stream = g_object_ref (stream);
  wish->mime_type = g_strdup (mime_type);
  wish->priority = io_priority;
  g_task_set_task_data (task, wish, wish_free);
  if (self->state == STATE_READY)
    {
      write_names (self, task);
      return;
    }
  if (self->state == STATE_FAILED)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_FAILED,
                               _ ("Not every file could be fetched from the guest"));
      return;
    }
  g_ptr_array_add (self->waiting, g_steal_pointer (&task));
  if (self->state == STATE_NEW)
    {
      self->state = STATE_FETCHING;
      kvmm_drag_folder_create_async (NULL, NULL, folder_cb, g_object_ref (self));
    }
}

static gboolean
kvmm_file_drag_write_mime_type_finish (GdkContentProvider *provider,
                                       GAsyncResult *result,
                                       GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Every type that a list of files can be given as, but not the list itself, which would have to be
 * there at once. */
static GdkContentFormats *
kvmm_file_drag_ref_formats (GdkContentProvider *provider)
{
  g_autoptr (GdkContentFormats) all = gdk_content_formats_union_serialize_mime_types (
      gdk_content_formats_new_for_gtype (GDK_TYPE_FILE_LIST));
  GdkContentFormatsBuilder *builder = gdk_content_formats_builder_new ();
  gsize n = 0;
  const char *const *mime_types = gdk_content_formats_get_mime_types (all, &n);

  for (gsize i = 0; i < n; i++)
    if (!g_str_has_prefix (mime_types[i], "text/plain"))
      gdk_content_formats_builder_add_mime_type (builder, mime_types[i]);
  return gdk_content_formats_builder_free_to_formats (builder);
}

static void
kvmm_file_drag_finalize (GObject *object)
{
  KvmmFileDrag *self = KVMM_FILE_DRAG (object);

  g_clear_object (&self->queue);
  g_ptr_array_unref (self->entries);
  g_ptr_array_unref (self->transfers);
  g_ptr_array_unref (self->waiting);
  G_OBJECT_CLASS (kvmm_file_drag_parent_class)->finalize (object);
}

static void
kvmm_file_drag_class_init (KvmmFileDragClass *klass)
{
  GdkContentProviderClass *provider_class = GDK_CONTENT_PROVIDER_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = kvmm_file_drag_finalize;
  provider_class->ref_formats = kvmm_file_drag_ref_formats;
  provider_class->write_mime_type_async = kvmm_file_drag_write_mime_type_async;
  provider_class->write_mime_type_finish = kvmm_file_drag_write_mime_type_finish;
}

static void
kvmm_file_drag_init (KvmmFileDrag *self)
{
  self->entries = g_ptr_array_new_with_free_func (entry_free);
  self->transfers = g_ptr_array_new_with_free_func (g_object_unref);
  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
}

KvmmFileDrag *
kvmm_file_drag_new (KvmmTransferQueue *queue)
{
  KvmmFileDrag *self = g_object_new (KVMM_TYPE_FILE_DRAG, NULL);

  g_return_val_if_fail (KVMM_IS_TRANSFER_QUEUE (queue), self);

  self->queue = g_object_ref (queue);
  self->batch = kvmm_transfer_queue_new_batch (queue);
  g_signal_connect_object (queue, "finished", G_CALLBACK (finished_cb), self, G_CONNECT_SWAPPED);
  return self;
}

void
kvmm_file_drag_add (KvmmFileDrag *self, const char *path, const char *name, gboolean is_directory)
{
  Entry *entry = g_new0 (Entry, 1);

  g_return_if_fail (KVMM_IS_FILE_DRAG (self));

  entry->path = g_strdup (path);
  entry->name = g_strdup (name);
  entry->is_directory = is_directory;
  g_ptr_array_add (self->entries, entry);
}

guint
kvmm_file_drag_get_n_files (KvmmFileDrag *self)
{
  g_return_val_if_fail (KVMM_IS_FILE_DRAG (self), 0);

  return self->entries->len;
}

static void
drag_begin_cb (GtkDragSource *source, GdkDrag *drag, KvmmFileDrag *self)
{
  guint n = self->entries->len;
  g_autofree char *text = g_strdup_printf (ngettext ("%u file", "%u files", n), n);
  GtkWidget *label = gtk_label_new (text);

  gtk_widget_add_css_class (label, "drag-label");
  gtk_drag_icon_set_child (GTK_DRAG_ICON (gtk_drag_icon_get_for_drag (drag)), label);
}

static gboolean
drag_cancel_cb (GtkDragSource *source,
                GdkDrag *drag,
                GdkDragCancelReason reason,
                KvmmFileDrag *self)
{
  GListModel *model = G_LIST_MODEL (self->queue);

  if (self->state != STATE_FETCHING)
    return FALSE;
  fail (self, _ ("The drag was cancelled"));
  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (KvmmTransfer) transfer = g_list_model_get_item (model, i);

      if (kvmm_transfer_get_batch (transfer) == self->batch)
        kvmm_transfer_cancel (transfer);
    }
  return FALSE;
}

void
kvmm_file_drag_follow (KvmmFileDrag *self, GtkDragSource *source)
{
  g_return_if_fail (KVMM_IS_FILE_DRAG (self));
  g_return_if_fail (GTK_IS_DRAG_SOURCE (source));

  /* A source carries one drag after the other. */
  g_signal_handlers_disconnect_matched (source, G_SIGNAL_MATCH_FUNC, 0, 0, NULL,
                                        (gpointer) drag_begin_cb, NULL);
  g_signal_handlers_disconnect_matched (source, G_SIGNAL_MATCH_FUNC, 0, 0, NULL,
                                        (gpointer) drag_cancel_cb, NULL);
  g_signal_connect_object (source, "drag-begin", G_CALLBACK (drag_begin_cb), self, 0);
  g_signal_connect_object (source, "drag-cancel", G_CALLBACK (drag_cancel_cb), self, 0);
}

gboolean
kvmm_file_drag_is_from (GdkDrop *drop, KvmmTransferQueue *queue)
{
  GdkDrag *drag = gdk_drop_get_drag (drop);
  GdkContentProvider *content = drag != NULL ? gdk_drag_get_content (drag) : NULL;

  return KVMM_IS_FILE_DRAG (content) && KVMM_FILE_DRAG (content)->queue == queue;
}
