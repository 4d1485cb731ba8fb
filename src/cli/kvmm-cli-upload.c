/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "cli/kvmm-cli-upload.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static gboolean
interrupted_cb (gpointer user_data)
{
  KvmmCliUpload *self = user_data;

  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_CONTINUE;
}

void
kvmm_cli_upload_begin (KvmmCliUpload *self)
{
  self->cancellable = g_cancellable_new ();
  self->signal_id = g_unix_signal_add (SIGINT, interrupted_cb, self);
}

void
kvmm_cli_upload_progress_cb (goffset done_bytes, goffset total_bytes, gpointer user_data)
{
  KvmmCliUpload *self = user_data;

  if (total_bytes <= 0 || !isatty (STDERR_FILENO))
    return;
  self->is_shown = TRUE;
  g_printerr (_ ("\rUploading the agent disc: %d %%"), (int) (done_bytes * 100 / total_bytes));
}

void
kvmm_cli_upload_end (KvmmCliUpload *self)
{
  if (self->is_shown)
    g_printerr ("\n");
  self->is_shown = FALSE;
  g_clear_handle_id (&self->signal_id, g_source_remove);
}

void
kvmm_cli_upload_clear (KvmmCliUpload *self)
{
  kvmm_cli_upload_end (self);
  g_clear_object (&self->cancellable);
}

/* A cancelled operation returns before its worker has deleted what was uploaded. The next question
 * to the same lane is answered after that. */
static void
wait_until_taken_back (KvmmCliSession *session, KvmmConnection *connection)
{
  g_autoptr (GAsyncResult) result = NULL;

  kvmm_agent_iso_list_volumes_async (session->settings, connection, NULL, kvmm_cli_result_cb,
                                     &result);
  kvmm_cli_await_result (&result);
  GPtrArray *volumes = kvmm_agent_iso_list_volumes_finish (result, NULL);
  g_clear_pointer (&volumes, g_ptr_array_unref);
}

void
kvmm_cli_upload_report (KvmmCliSession *session, KvmmConnection *connection, const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      wait_until_taken_back (session, connection);
      kvmm_cli_error ("%s", _ ("Interrupted; what was uploaded is deleted again"));
      return;
    }
  kvmm_cli_error ("%s", error->message);
  if (error->domain != KVMM_AGENT_ISO_ERROR)
    return;
  if (error->code == KVMM_AGENT_ISO_ERROR_POOL_NEEDED)
    kvmm_cli_error ("%s", _ ("Pass --make-pool to make or start the storage pool"));
  else if (error->code == KVMM_AGENT_ISO_ERROR_REPLACE_NEEDED)
    kvmm_cli_error ("%s", _ ("Pass --replace to replace it"));
  else if (error->code == KVMM_AGENT_ISO_ERROR_TRAY_LOCKED)
    kvmm_cli_error ("%s", _ ("Pass --force to open the drive all the same"));
}

/* ---- JSON ---- */

void
kvmm_cli_add_nullable (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  if (value != NULL)
    json_builder_add_string_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

void
kvmm_cli_print_json (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autofree char *text = json_to_string (root, TRUE);

  g_print ("%s\n", text);
}
