/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>

#include "kvmm-transfer-private.h"

#define FILES_AT_ONCE 200

/* From this host to the guest; see kvmm-transfer-download.c. */

static void ask_guest (KvmmTransfer *self);
static void pump (KvmmTransfer *self);

static char *
build_path (KvmmTransfer *self)
{
  g_autofree char *name = kvmm_transfer_dup_name (self);

  if (self->directory == NULL)
    return g_steal_pointer (&name);
  return g_build_path ("/", self->directory, name, NULL);
}

static gboolean
is_lost (const GError *error)
{
  return g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED) ||
         g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_OUTCOME_UNKNOWN) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* What the guest had kept may be of no use to it any more. */
static void
start_over (KvmmTransfer *self)
{
  g_clear_pointer (&self->file, kvmm_agent_file_stream_free);
  g_clear_pointer (&self->token, g_free);
  g_clear_object (&self->reading);
  g_clear_pointer (&self->chunk, g_bytes_unref);
  g_clear_error (&self->write_error);
  self->is_resumed = FALSE;
  self->done_bytes = 0;
  kvmm_transfer_upload (self);
}

static void
waited_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmTransfer *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmAgentStreamEnd) end =
      kvmm_agent_stream_wait_finish (KVMM_AGENT_STREAM (source), result, &error);

  if (end == NULL && self->is_resumed && !is_lost (error))
    start_over (self);
  else if (end == NULL)
    kvmm_transfer_fail (self, g_steal_pointer (&error));
  else if (self->write_error != NULL)
    kvmm_transfer_fail (self, g_steal_pointer (&self->write_error));
  else
    kvmm_transfer_end (self, KVMM_TRANSFER_DONE);
}

static void
wait_for_end (KvmmTransfer *self)
{
  kvmm_agent_stream_wait_async (self->file->stream, self->cancellable, waited_cb, self);
}

static void
closed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmTransfer *self = user_data;

  g_output_stream_close_finish (G_OUTPUT_STREAM (source), result, &self->write_error);
  wait_for_end (self);
}

static void
written_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmTransfer *self = user_data;
  gsize n = 0;

  g_clear_error (&self->write_error);
  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, &n, &self->write_error))
    {
      /* Why it takes no more is in what the guest says at the end. */
      wait_for_end (self);
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

  if (bytes == NULL)
    kvmm_transfer_fail (self, g_steal_pointer (&error));
  else if (g_bytes_get_size (bytes) == 0)
    kvmm_transfer_fail (self, g_error_new (G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
                                           _ ("The file became shorter while it was read")));
  else
    {
      self->chunk = g_steal_pointer (&bytes);
      g_output_stream_write_all_async (
          g_io_stream_get_output_stream (G_IO_STREAM (self->file->stream)),
          g_bytes_get_data (self->chunk, NULL), g_bytes_get_size (self->chunk), G_PRIORITY_DEFAULT,
          self->cancellable, written_cb, self);
    }
}

static void
pump (KvmmTransfer *self)
{
  guint64 rest = self->size_bytes - self->done_bytes;

  if (rest == 0)
    g_output_stream_close_async (g_io_stream_get_output_stream (G_IO_STREAM (self->file->stream)),
                                 G_PRIORITY_DEFAULT, self->cancellable, closed_cb, self);
  else
    g_input_stream_read_bytes_async (self->reading, MIN (rest, KVMM_TRANSFER_CHUNK),
                                     G_PRIORITY_DEFAULT, self->cancellable, read_cb, self);
}

static void
skipped_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmTransfer *self = user_data;
  g_autoptr (GError) error = NULL;
  gssize n = g_input_stream_skip_finish (G_INPUT_STREAM (source), result, &error);

  if (n < 0)
    kvmm_transfer_fail (self, g_steal_pointer (&error));
  else if ((guint64) n != self->done_bytes)
    kvmm_transfer_fail (self, g_error_new (G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
                                           _ ("The file became shorter while it was read")));
  else
    pump (self);
}

static void
begin (KvmmTransfer *self)
{
  guint64 offset = self->file->offset;

  if (offset > self->size_bytes)
    {
      kvmm_transfer_fail (self, g_error_new (G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                                             _ ("The guest asks for what the file does not have")));
      return;
    }
  g_free (self->token);
  self->token = g_strdup (self->file->token);
  if (self->file->path != NULL)
    {
      g_free (self->written_path);
      self->written_path = g_strdup (self->file->path);
    }
  self->is_resumed = offset > 0;
  self->done_bytes = offset;
  kvmm_transfer_set_size (self, self->size_bytes);
  if (offset == 0)
    pump (self);
  else
    g_input_stream_skip_async (self->reading, offset, G_PRIORITY_DEFAULT, self->cancellable,
                               skipped_cb, self);
}

/* The session was lost after the last byte: is this the file that was sent? */
static void
compared_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmTransfer *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmGuestFile) file =
      kvmm_agent_client_stat_file_finish (KVMM_AGENT_CLIENT (source), result, &error);

  g_clear_pointer (&self->token, g_free);
  if (file != NULL && file->type == KVMM_GUEST_FILE_REGULAR &&
      file->size_bytes == self->size_bytes && file->modified_ms == self->modified_ms)
    kvmm_transfer_end (self, KVMM_TRANSFER_DONE);
  else if (g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED))
    kvmm_transfer_fail (self, g_steal_pointer (&error));
  else
    ask_guest (self);
}

static void
compare (KvmmTransfer *self)
{
  kvmm_agent_client_stat_file_async (self->agent, self->written_path, self->cancellable,
                                     compared_cb, self);
}

static void
opened_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmTransfer *self = user_data;
  g_autoptr (GError) error = NULL;
  gboolean is_resumed = self->token != NULL;

  self->file = kvmm_agent_client_write_file_finish (KVMM_AGENT_CLIENT (source), result, &error);
  if (self->file != NULL)
    begin (self);
  else if (is_resumed && (g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_NOT_FOUND) ||
                          g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_EXISTS)))
    compare (self);
  else if (!g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_EXISTS))
    kvmm_transfer_fail (self, g_steal_pointer (&error));
  else if (kvmm_transfer_meet_existing (self))
    ask_guest (self);
}

static void
ask_guest (KvmmTransfer *self)
{
  g_autofree char *path = build_path (self);
  const KvmmAgentWrite write = {
    .path = path,
    .is_inbox = self->directory == NULL,
    .size_bytes = self->size_bytes,
    .modified_ms = self->modified_ms,
    .write_mode =
        self->answer == KVMM_TRANSFER_REPLACE ? KVMM_AGENT_WRITE_ANY : KVMM_AGENT_WRITE_NEW,
    .resume = self->token,
  };

  g_free (self->written_path);
  self->written_path = g_strdup (path);
  kvmm_agent_client_write_file_async (self->agent, &write, self->cancellable, opened_cb, self);
}

static void
read_opened_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmTransfer *self = user_data;
  g_autoptr (GError) error = NULL;
  GFileInputStream *stream = g_file_read_finish (G_FILE (source), result, &error);

  if (stream == NULL)
    {
      kvmm_transfer_fail (self, g_steal_pointer (&error));
      return;
    }
  self->reading = G_INPUT_STREAM (stream);
  ask_guest (self);
}

static void
begin_file (KvmmTransfer *self, GFileInfo *info)
{
  guint64 size = (guint64) g_file_info_get_size (info);
  gint64 modified_ms =
      (gint64) g_file_info_get_attribute_uint64 (info, G_FILE_ATTRIBUTE_TIME_MODIFIED) * 1000 +
      g_file_info_get_attribute_uint32 (info, G_FILE_ATTRIBUTE_TIME_MODIFIED_USEC) / 1000;

  if (size != self->size_bytes || modified_ms != self->modified_ms)
    g_clear_pointer (&self->token, g_free);
  self->modified_ms = modified_ms;
  self->size_bytes = size;
  g_file_read_async (self->source, G_PRIORITY_DEFAULT, self->cancellable, read_opened_cb, self);
}

static void
looked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmTransfer *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GFileInfo) info = g_file_query_info_finish (G_FILE (source), result, &error);

  if (info == NULL)
    kvmm_transfer_fail (self, g_steal_pointer (&error));
  else if (g_file_info_get_file_type (info) == G_FILE_TYPE_DIRECTORY && self->directory != NULL)
    kvmm_transfer_upload_directory (self);
  else if (g_file_info_get_file_type (info) == G_FILE_TYPE_DIRECTORY)
    kvmm_transfer_fail (self, g_error_new (G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY,
                                           _ ("The guest's inbox takes files, not folders")));
  else if (g_file_info_get_file_type (info) != G_FILE_TYPE_REGULAR)
    kvmm_transfer_fail (self, g_error_new (G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
                                           _ ("“%s” is neither a file nor a folder"), self->title));
  else
    begin_file (self, info);
}

void
kvmm_transfer_upload (KvmmTransfer *self)
{
  g_file_query_info_async (self->source,
                           G_FILE_ATTRIBUTE_STANDARD_TYPE "," G_FILE_ATTRIBUTE_STANDARD_SIZE
                                                          ",time::modified,time::modified-usec",
                           G_FILE_QUERY_INFO_NONE, G_PRIORITY_DEFAULT, self->cancellable, looked_cb,
                           self);
}

/* ---- Directories ---- */

static void next_files (KvmmTransfer *self, GFileEnumerator *enumerator);

static void
add_entry (KvmmTransfer *self, GFileEnumerator *enumerator, GFileInfo *info)
{
  GFileType type = g_file_info_get_file_type (info);
  g_autoptr (GFile) child = NULL;
  g_autofree char *directory = NULL;

  /* Links would be followed to what nobody chose. */
  if (type != G_FILE_TYPE_REGULAR && type != G_FILE_TYPE_DIRECTORY)
    return;
  child = g_file_enumerator_get_child (enumerator, info);
  directory = build_path (self);
  kvmm_transfer_add_child (self, kvmm_transfer_new_upload (child, directory));
}

static void
next_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmTransfer *self = user_data;
  g_autoptr (GFileEnumerator) enumerator = G_FILE_ENUMERATOR (source);
  g_autoptr (GError) error = NULL;
  g_autolist (GFileInfo) infos = g_file_enumerator_next_files_finish (enumerator, result, &error);

  if (error != NULL)
    {
      kvmm_transfer_fail (self, g_steal_pointer (&error));
      return;
    }
  for (GList *l = infos; l != NULL; l = l->next)
    add_entry (self, enumerator, l->data);
  if (self->children != NULL && self->children->len > KVMM_TRANSFER_MAX_ENTRIES)
    kvmm_transfer_fail (self, g_error_new (G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                                           _ ("The folder has more than %d entries"),
                                           KVMM_TRANSFER_MAX_ENTRIES));
  else if (infos == NULL)
    kvmm_transfer_end (self, KVMM_TRANSFER_DONE);
  else
    next_files (self, enumerator);
}

/* The call under way owns the enumerator. */
static void
next_files (KvmmTransfer *self, GFileEnumerator *enumerator)
{
  g_file_enumerator_next_files_async (g_object_ref (enumerator), FILES_AT_ONCE, G_PRIORITY_DEFAULT,
                                      self->cancellable, next_cb, self);
}

static void
enumerated_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmTransfer *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GFileEnumerator) enumerator =
      g_file_enumerate_children_finish (G_FILE (source), result, &error);

  if (enumerator == NULL)
    kvmm_transfer_fail (self, g_steal_pointer (&error));
  else
    next_files (self, enumerator);
}

static void
made_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmTransfer *self = user_data;
  g_autoptr (GError) error = NULL;

  if (kvmm_agent_client_make_directory_finish (KVMM_AGENT_CLIENT (source), result, &error) ||
      g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_EXISTS))
    g_file_enumerate_children_async (
        self->source, G_FILE_ATTRIBUTE_STANDARD_NAME "," G_FILE_ATTRIBUTE_STANDARD_TYPE,
        G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, G_PRIORITY_DEFAULT, self->cancellable, enumerated_cb,
        self);
  else
    kvmm_transfer_fail (self, g_steal_pointer (&error));
}

void
kvmm_transfer_upload_directory (KvmmTransfer *self)
{
  g_autofree char *path = build_path (self);

  self->is_directory = TRUE;
  g_clear_pointer (&self->children, g_ptr_array_unref);
  kvmm_agent_client_make_directory_async (self->agent, path, self->cancellable, made_cb, self);
}
