/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>

#include "kvmm-host-file.h"
#include "kvmm-transfer-private.h"

/* From the guest to this host. Each step is one call whose callback takes the next; the run's task
 * keeps the transfer alive meanwhile. */

static void choose_target (KvmmTransfer *self);
static void open_guest (KvmmTransfer *self);
static void pump (KvmmTransfer *self);
static void publish (KvmmTransfer *self);

static void
published_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmTransfer *self = user_data;
  g_autoptr (GError) error = NULL;

  if (kvmm_host_file_publish_finish (result, &error))
    {
      g_clear_object (&self->part);
      kvmm_transfer_end (self, KVMM_TRANSFER_DONE);
    }
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_EXISTS))
    kvmm_transfer_fail (self, g_steal_pointer (&error));
  /* Somebody took the name while it was on its way. */
  else if (kvmm_transfer_meet_existing (self))
    publish (self);
}

static void
publish (KvmmTransfer *self)
{
  g_autofree char *name = kvmm_transfer_dup_name (self);

  g_set_object (&self->target, NULL);
  self->target = g_file_get_child (self->folder, name);
  kvmm_host_file_publish_async (self->part, self->target, self->answer == KVMM_TRANSFER_REPLACE,
                                self->modified_ms, self->cancellable, published_cb, self);
}

static void
closed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmTransfer *self = user_data;
  g_autoptr (GError) error = NULL;

  if (!g_output_stream_close_finish (G_OUTPUT_STREAM (source), result, &error))
    {
      kvmm_transfer_fail (self, g_steal_pointer (&error));
      return;
    }
  g_clear_object (&self->writing);
  self->is_whole = TRUE;
  publish (self);
}

static void
waited_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmTransfer *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmAgentStreamEnd) end =
      kvmm_agent_stream_wait_finish (KVMM_AGENT_STREAM (source), result, &error);

  if (end == NULL)
    kvmm_transfer_fail (self, g_steal_pointer (&error));
  else if (self->done_bytes != self->size_bytes)
    kvmm_transfer_fail (self, g_error_new (G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
                                           _ ("The guest sent less than it had announced")));
  else
    g_output_stream_close_async (self->writing, G_PRIORITY_DEFAULT, self->cancellable, closed_cb,
                                 self);
}

/* The stream's end has the reason, whether it ended well or not. */
static void
wait_for_end (KvmmTransfer *self)
{
  kvmm_agent_stream_wait_async (self->file->stream, self->cancellable, waited_cb, self);
}

static void
written_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmTransfer *self = user_data;
  g_autoptr (GError) error = NULL;
  gsize n = 0;

  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, &n, &error))
    {
      kvmm_transfer_fail (self, g_steal_pointer (&error));
      return;
    }
  g_clear_pointer (&self->chunk, g_bytes_unref);
  kvmm_transfer_add_done (self, n);
  pump (self);
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmTransfer *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes =
      g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);
  gsize size = bytes != NULL ? g_bytes_get_size (bytes) : 0;

  if (bytes == NULL && g_cancellable_is_cancelled (self->cancellable))
    kvmm_transfer_fail (self, g_steal_pointer (&error));
  else if (size == 0)
    wait_for_end (self);
  else if (self->size_bytes - self->done_bytes < size)
    kvmm_transfer_fail (self, g_error_new (G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                                           _ ("The guest sent more than it had announced")));
  else
    {
      self->chunk = g_steal_pointer (&bytes);
      g_output_stream_write_all_async (self->writing, g_bytes_get_data (self->chunk, NULL), size,
                                       G_PRIORITY_DEFAULT, self->cancellable, written_cb, self);
    }
}

static void
pump (KvmmTransfer *self)
{
  g_input_stream_read_bytes_async (g_io_stream_get_input_stream (G_IO_STREAM (self->file->stream)),
                                   KVMM_TRANSFER_CHUNK, G_PRIORITY_DEFAULT, self->cancellable,
                                   read_cb, self);
}

static void
created_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmTransfer *self = user_data;
  g_autoptr (GError) error = NULL;
  GFileOutputStream *stream = g_file_create_finish (G_FILE (source), result, &error);

  if (stream == NULL)
    {
      g_clear_object (&self->part);
      kvmm_transfer_fail (self, g_steal_pointer (&error));
      return;
    }
  self->writing = G_OUTPUT_STREAM (stream);
  pump (self);
}

/* What not everybody may read in the guest is not for everybody here. */
static void
create_part (KvmmTransfer *self)
{
  g_autofree char *name =
      g_strdup_printf (".kvm-manager-%08x%08x.part", g_random_int (), g_random_int ());
  gboolean is_private = (self->file->mode & 0004) == 0;

  self->part = g_file_get_child (self->folder, name);
  g_file_create_async (self->part, is_private ? G_FILE_CREATE_PRIVATE : G_FILE_CREATE_NONE,
                       G_PRIORITY_DEFAULT, self->cancellable, created_cb, self);
}

/* What was written of another content is of no use. */
static void
start_over (KvmmTransfer *self)
{
  g_clear_pointer (&self->file, kvmm_agent_file_stream_free);
  kvmm_transfer_drop_part (self);
  self->done_bytes = 0;
  open_guest (self);
}

static gboolean
is_lost (const GError *error)
{
  return g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
opened_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmTransfer *self = user_data;
  g_autoptr (GError) error = NULL;

  self->file = kvmm_agent_client_read_file_finish (KVMM_AGENT_CLIENT (source), result, &error);
  if (self->file == NULL && self->done_bytes > 0 && !is_lost (error))
    start_over (self);
  else if (self->file == NULL)
    kvmm_transfer_fail (self, g_steal_pointer (&error));
  else if (self->writing != NULL && (self->file->size_bytes != self->size_bytes ||
                                     self->file->modified_ms != self->modified_ms))
    start_over (self);
  else
    {
      self->modified_ms = self->file->modified_ms;
      kvmm_transfer_set_size (self, self->file->size_bytes);
      if (self->writing != NULL)
        pump (self);
      else
        create_part (self);
    }
}

static void
open_guest (KvmmTransfer *self)
{
  kvmm_agent_client_read_file_async (self->agent, self->path, self->done_bytes, self->cancellable,
                                     opened_cb, self);
}

static void
looked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmTransfer *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GFileInfo) info = g_file_query_info_finish (G_FILE (source), result, &error);

  if (info == NULL && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    open_guest (self);
  else if (info == NULL)
    kvmm_transfer_fail (self, g_steal_pointer (&error));
  else if (kvmm_transfer_meet_existing (self))
    choose_target (self);
}

/* A first look, so that nobody waits for a gigabyte to be asked; what counts is the last. */
static void
choose_target (KvmmTransfer *self)
{
  g_autofree char *name = kvmm_transfer_dup_name (self);

  g_clear_object (&self->target);
  self->target = g_file_get_child (self->folder, name);
  if (self->answer == KVMM_TRANSFER_REPLACE)
    open_guest (self);
  else
    g_file_query_info_async (self->target, G_FILE_ATTRIBUTE_STANDARD_TYPE,
                             G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, G_PRIORITY_DEFAULT,
                             self->cancellable, looked_cb, self);
}

void
kvmm_transfer_download (KvmmTransfer *self)
{
  if (self->is_whole)
    {
      if (self->answer == KVMM_TRANSFER_REPLACE || kvmm_transfer_meet_existing (self))
        publish (self);
      return;
    }
  if (self->writing == NULL)
    self->done_bytes = 0;
  choose_target (self);
}

/* ---- Directories ---- */

static void
add_entry (KvmmTransfer *self, const KvmmGuestFile *file)
{
  gboolean is_directory = file->type == KVMM_GUEST_FILE_DIRECTORY;
  g_autofree char *path = NULL;

  /* Links and devices stay where they are. */
  if (file->is_unusable || (!is_directory && file->type != KVMM_GUEST_FILE_REGULAR))
    return;
  path = g_build_path ("/", self->path, file->name, NULL);
  kvmm_transfer_add_child (
      self, kvmm_transfer_new_download (path, file->name, is_directory, self->target));
}

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmTransfer *self = user_data;
  g_autoptr (GError) error = NULL;
  KvmmGuestListInfo info = { 0 };
  g_autoptr (GPtrArray) files =
      kvmm_agent_client_list_files_finish (KVMM_AGENT_CLIENT (source), result, &info, &error);

  if (files == NULL)
    {
      kvmm_transfer_fail (self, g_steal_pointer (&error));
      return;
    }
  if (info.is_truncated)
    {
      kvmm_transfer_fail (self, g_error_new (G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                                             _ ("The folder has more than %d entries"),
                                             KVMM_TRANSFER_MAX_ENTRIES));
      return;
    }
  for (guint i = 0; i < files->len; i++)
    add_entry (self, g_ptr_array_index (files, i));
  kvmm_transfer_end (self, KVMM_TRANSFER_DONE);
}

static void
list_guest (KvmmTransfer *self)
{
  kvmm_agent_client_list_files_async (self->agent, self->path, KVMM_TRANSFER_MAX_ENTRIES,
                                      self->cancellable, listed_cb, self);
}

static void
checked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmTransfer *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GFileInfo) info = g_file_query_info_finish (G_FILE (source), result, &error);

  if (info == NULL)
    kvmm_transfer_fail (self, g_steal_pointer (&error));
  else if (g_file_info_get_file_type (info) != G_FILE_TYPE_DIRECTORY)
    kvmm_transfer_fail (self,
                        g_error_new (G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY,
                                     _ ("There is something else of the name “%s”"), self->title));
  else
    list_guest (self);
}

static void
made_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmTransfer *self = user_data;
  g_autoptr (GError) error = NULL;

  if (g_file_make_directory_finish (G_FILE (source), result, &error))
    list_guest (self);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_EXISTS))
    g_file_query_info_async (self->target, G_FILE_ATTRIBUTE_STANDARD_TYPE,
                             G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, G_PRIORITY_DEFAULT,
                             self->cancellable, checked_cb, self);
  else
    kvmm_transfer_fail (self, g_steal_pointer (&error));
}

void
kvmm_transfer_download_directory (KvmmTransfer *self)
{
  g_clear_object (&self->target);
  self->target = g_file_get_child (self->folder, self->name);
  g_file_make_directory_async (self->target, G_PRIORITY_DEFAULT, self->cancellable, made_cb, self);
}
