/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-spice-files.h"

#include <glib/gi18n.h>
#include <spice/vd_agent.h>

#include "console/kvmm-display-extras.h"
#include "util/kvmm-guest-text.h"
#include "util/kvmm-thread.h"

typedef struct
{
  GPtrArray *files; /* (owned) (element-type GFile) */
  guint n_checked;
  GFileProgressCallback progress; /* (nullable) */
  gpointer progress_data;
  goffset n_bytes; /* of all files */
  char *name;      /* (owned): the machine's */
} Send;

static void
send_free (Send *self)
{
  g_ptr_array_unref (self->files);
  g_free (self->name);
  g_free (self);
}

static void
progress_cb (goffset current, goffset total, gpointer user_data)
{
  Send *send = user_data;

  if (send->progress != NULL)
    send->progress (MIN (current, send->n_bytes), send->n_bytes, send->progress_data);
}

static void
sent_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Send *send = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  if (spice_main_channel_file_copy_finish (SPICE_MAIN_CHANNEL (source), result, &error))
    {
      /* The library says nothing about the last block. */
      progress_cb (send->n_bytes, send->n_bytes, send);
      g_task_return_boolean (task, TRUE);
      return;
    }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  g_autofree char *words = kvmm_guest_text_sanitise (error->message, -1);
  g_task_return_new_error (task, KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_CLOSED,
                           _ ("The SPICE agent of “%s” did not take all files: %s. See that there "
                              "is room in the guest and that somebody is logged in there."),
                           send->name, words);
}

static void
start (GTask *task)
{
  Send *send = g_task_get_task_data (task);
  KvmmSpiceSession *session = g_task_get_source_object (task);
  SpiceMainChannel *main = kvmm_spice_session_get_main (session);

  if (main == NULL || !kvmm_spice_session_has_agent (session) ||
      kvmm_spice_session_agent_can (session, VD_AGENT_CAP_FILE_XFER_DISABLED))
    {
      g_task_return_new_error (task, KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_UNSUPPORTED,
                               _ ("No SPICE agent takes files in “%s”. Start “spice-vdagent” in "
                                  "the guest, and allow it to take files."),
                               send->name);
      return;
    }
  g_autofree GFile **sources = g_new0 (GFile *, send->files->len + 1);
  for (guint i = 0; i < send->files->len; i++)
    sources[i] = send->files->pdata[i];
  spice_main_channel_file_copy_async (main, sources, G_FILE_COPY_NONE,
                                      g_task_get_cancellable (task), progress_cb, send, sent_cb,
                                      g_object_ref (task));
}

static void check_next (GTask *task);

/* The library would read a folder as a file, and fail in the midst. */
static void
checked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Send *send = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GFileInfo) info = g_file_query_info_finish (G_FILE (source), result, &error);
  g_autofree char *name = g_file_get_basename (G_FILE (source));

  if (info == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (g_file_info_get_file_type (info) != G_FILE_TYPE_REGULAR)
    {
      g_autofree char *shown = kvmm_guest_text_sanitise (name, -1);
      g_task_return_new_error (task, KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_UNSUPPORTED,
                               _ ("“%s” is not a file. Folders can be sent with the guest agent of "
                                  "KVM Manager, or packed into an archive."),
                               shown);
      return;
    }
  send->n_bytes += g_file_info_get_size (info);
  send->n_checked++;
  check_next (task);
}

static void
check_next (GTask *task)
{
  Send *send = g_task_get_task_data (task);

  if (send->n_checked == send->files->len)
    start (task);
  else
    g_file_query_info_async (send->files->pdata[send->n_checked],
                             G_FILE_ATTRIBUTE_STANDARD_TYPE "," G_FILE_ATTRIBUTE_STANDARD_SIZE,
                             G_FILE_QUERY_INFO_NONE, G_PRIORITY_DEFAULT,
                             g_task_get_cancellable (task), checked_cb, g_object_ref (task));
}

void
kvmm_spice_files_send_async (KvmmSpiceSession *session,
                             GPtrArray *files,
                             GFileProgressCallback progress,
                             gpointer progress_data,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();

  g_autoptr (GTask) task = g_task_new (session, cancellable, callback, user_data);
  g_task_set_source_tag (task, kvmm_spice_files_send_async);
  if (files->len == 0 || files->len > KVMM_DISPLAY_FILES_MAX)
    {
      g_task_return_new_error (task, KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_UNSUPPORTED,
                               _ ("Between 1 and %d files can be sent at once"),
                               KVMM_DISPLAY_FILES_MAX);
      return;
    }
  Send *send = g_new0 (Send, 1);
  send->files = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < files->len; i++)
    g_ptr_array_add (send->files, g_object_ref (files->pdata[i]));
  send->progress = progress;
  send->progress_data = progress_data;
  send->name = g_strdup (kvmm_spice_session_get_name (session));
  g_task_set_task_data (task, send, (GDestroyNotify) send_free);
  check_next (task);
}

gboolean
kvmm_spice_files_send_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
