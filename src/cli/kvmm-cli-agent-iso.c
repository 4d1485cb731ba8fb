/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>
#include <json-glib/json-glib.h>

#include "cli/kvmm-cli-upload.h"
#include "util/kvmm-guest-text.h"

static const char *
source_word (KvmmAgentIsoSource source)
{
  switch (source)
    {
    case KVMM_AGENT_ISO_SOURCE_FILE:
      return "file";
    case KVMM_AGENT_ISO_SOURCE_VOLUME:
      return "volume";
    case KVMM_AGENT_ISO_SOURCE_UPLOAD:
      return "upload";
    default:
      g_assert_not_reached ();
    }
}

static const char *
verdict_word (KvmmAgentIsoVerdict verdict)
{
  switch (verdict)
    {
    case KVMM_AGENT_ISO_TAKEN:
      return "taken";
    case KVMM_AGENT_ISO_SKIPPED:
      return "skipped";
    case KVMM_AGENT_ISO_MISSING:
      return "missing";
    case KVMM_AGENT_ISO_NOT_A_FILE:
      return "not-a-file";
    case KVMM_AGENT_ISO_UNREADABLE:
      return "unreadable";
    case KVMM_AGENT_ISO_NOT_FOR_QEMU:
      return "not-for-qemu";
    case KVMM_AGENT_ISO_NOT_OURS:
      return "not-ours";
    case KVMM_AGENT_ISO_REMOTE:
      return "remote";
    case KVMM_AGENT_ISO_OTHER_VERSION:
      return "other-version";
    case KVMM_AGENT_ISO_INCOMPLETE:
      return "incomplete";
    case KVMM_AGENT_ISO_POOL_NEEDED:
      return "pool-needed";
    case KVMM_AGENT_ISO_NO_SOURCE:
      return "no-source";
    case KVMM_AGENT_ISO_UNSUPPORTED:
      return "unsupported";
    default:
      g_assert_not_reached ();
    }
}

static void
add_json (JsonBuilder *builder, const char *uri, GPtrArray *candidates)
{
  json_builder_begin_object (builder);
  kvmm_cli_add_nullable (builder, "connection", uri);
  json_builder_set_member_name (builder, "candidates");
  json_builder_begin_array (builder);
  for (guint i = 0; i < candidates->len; i++)
    {
      const KvmmAgentIsoCandidate *candidate = g_ptr_array_index (candidates, i);

      json_builder_begin_object (builder);
      kvmm_cli_add_nullable (builder, "path", candidate->path);
      kvmm_cli_add_nullable (builder, "source", source_word (candidate->source));
      kvmm_cli_add_nullable (builder, "real_path", candidate->real_path);
      kvmm_cli_add_nullable (builder, "version", candidate->version);
      kvmm_cli_add_nullable (builder, "verdict", verdict_word (candidate->verdict));
      kvmm_cli_add_nullable (builder, "reason", candidate->reason);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

static void
print_candidates (const char *uri, GPtrArray *candidates)
{
  g_print ("%s\n", uri != NULL ? uri : _ ("This computer"));
  for (guint i = 0; i < candidates->len; i++)
    {
      const KvmmAgentIsoCandidate *candidate = g_ptr_array_index (candidates, i);

      g_print (" %s %s\n     %s\n", candidate->verdict == KVMM_AGENT_ISO_TAKEN ? "→" : " ",
               candidate->path, candidate->reason);
    }
}

static gboolean
resolve_one (KvmmCliSession *session, KvmmConnection *connection, JsonBuilder *builder)
{
  const char *uri = connection != NULL ? kvmm_connection_get_uri (connection) : NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) candidates = NULL;
  gboolean taken = FALSE;

  kvmm_agent_iso_resolve_async (session->settings, connection, NULL, kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  candidates = kvmm_agent_iso_resolve_finish (result, &error);
  if (candidates == NULL)
    {
      kvmm_cli_error ("%s", error->message);
      return FALSE;
    }
  if (session->json)
    add_json (builder, uri, candidates);
  else
    print_candidates (uri, candidates);
  for (guint i = 0; i < candidates->len; i++)
    {
      const KvmmAgentIsoCandidate *candidate = g_ptr_array_index (candidates, i);

      taken = taken || candidate->verdict == KVMM_AGENT_ISO_TAKEN;
    }
  return taken;
}

/* ---- bringing the disc onto the host ---- */

static gboolean
deploy_one (KvmmCliSession *session, KvmmConnection *connection, JsonBuilder *builder)
{
  KvmmAgentIsoMountFlags flags =
      session->make_pool ? KVMM_AGENT_ISO_MOUNT_MAKE_POOL : KVMM_AGENT_ISO_MOUNT_NONE;
  g_auto (KvmmCliUpload) upload = { 0 };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  kvmm_cli_upload_begin (&upload);
  kvmm_agent_iso_deploy_async (session->settings, connection, flags, kvmm_cli_upload_progress_cb,
                               &upload, upload.cancellable, kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  kvmm_cli_upload_end (&upload);
  g_autoptr (KvmmAgentIsoDeployed) deployed = kvmm_agent_iso_deploy_finish (result, &error);
  if (deployed == NULL)
    {
      kvmm_cli_upload_report (session, connection, error);
      return FALSE;
    }
  if (!session->json)
    {
      g_print (deployed->uploaded ? _ ("%s: uploaded %s/%s (version %s)\n")
                                  : _ ("%s: %s/%s is there already (version %s)\n"),
               kvmm_connection_get_uri (connection), deployed->pool, deployed->volume,
               deployed->version != NULL ? deployed->version : _ ("unknown"));
      return TRUE;
    }
  json_builder_begin_object (builder);
  kvmm_cli_add_nullable (builder, "connection", kvmm_connection_get_uri (connection));
  kvmm_cli_add_nullable (builder, "pool", deployed->pool);
  kvmm_cli_add_nullable (builder, "volume", deployed->volume);
  kvmm_cli_add_nullable (builder, "path", deployed->path);
  kvmm_cli_add_nullable (builder, "version", deployed->version);
  json_builder_set_member_name (builder, "size_bytes");
  json_builder_add_int_value (builder, (gint64) deployed->size_bytes);
  json_builder_set_member_name (builder, "uploaded");
  json_builder_add_boolean_value (builder, deployed->uploaded);
  json_builder_set_member_name (builder, "pool_made");
  json_builder_add_boolean_value (builder, deployed->pool_made);
  json_builder_end_object (builder);
  return TRUE;
}

/* ---- removing what is old ---- */

static gboolean
remove_volume (KvmmConnection *connection, const KvmmAgentIsoVolume *volume)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  kvmm_agent_iso_delete_volume_async (connection, volume->pool, volume->volume, NULL,
                                      kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  if (kvmm_agent_iso_delete_volume_finish (result, &error))
    return TRUE;
  kvmm_cli_error ("%s", error->message);
  return FALSE;
}

static void
report_volume (KvmmCliSession *session,
               KvmmConnection *connection,
               const KvmmAgentIsoVolume *volume,
               gboolean removed,
               JsonBuilder *builder)
{
  const char *uri = kvmm_connection_get_uri (connection);
  /* Names of the host's, for a terminal. */
  g_autofree char *pool = kvmm_guest_text_sanitise (volume->pool, -1);
  g_autofree char *name = kvmm_guest_text_sanitise (volume->volume, -1);

  if (session->json)
    {
      json_builder_begin_object (builder);
      kvmm_cli_add_nullable (builder, "connection", uri);
      kvmm_cli_add_nullable (builder, "pool", volume->pool);
      kvmm_cli_add_nullable (builder, "volume", volume->volume);
      kvmm_cli_add_nullable (builder, "version", volume->version);
      kvmm_cli_add_nullable (builder, "used_by", volume->used_by);
      json_builder_set_member_name (builder, "removed");
      json_builder_add_boolean_value (builder, removed);
      json_builder_end_object (builder);
    }
  else if (removed)
    g_print (_ ("%s: removed %s/%s\n"), uri, pool, name);
  else if (volume->used_by != NULL)
    g_print (_ ("%s: %s/%s stays: “%s” uses it\n"), uri, pool, name, volume->used_by);
  else
    g_print (_ ("%s: %s/%s stays: it is of this version\n"), uri, pool, name);
}

static gboolean
remove_old_of_one (KvmmCliSession *session, KvmmConnection *connection, JsonBuilder *builder)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gboolean all_done = TRUE;

  kvmm_agent_iso_list_volumes_async (session->settings, connection, NULL, kvmm_cli_result_cb,
                                     &result);
  kvmm_cli_await_result (&result);
  g_autoptr (GPtrArray) volumes = kvmm_agent_iso_list_volumes_finish (result, &error);
  if (volumes == NULL)
    {
      kvmm_cli_error ("%s", error->message);
      return FALSE;
    }
  for (guint i = 0; i < volumes->len; i++)
    {
      const KvmmAgentIsoVolume *volume = volumes->pdata[i];
      gboolean is_old = !volume->is_current && volume->used_by == NULL;
      gboolean removed = is_old && remove_volume (connection, volume);

      if (is_old && !removed)
        all_done = FALSE;
      else
        report_volume (session, connection, volume, removed, builder);
    }
  return all_done;
}

/* ---- the command ---- */

static gboolean
do_one (KvmmCliSession *session, KvmmConnection *connection, JsonBuilder *builder)
{
  if (!session->deploy && !session->remove_old)
    return resolve_one (session, connection, builder);
  if (session->deploy && !deploy_one (session, connection, builder))
    return FALSE;
  return !session->remove_old || remove_old_of_one (session, connection, builder);
}

int
kvmm_cli_agent_iso (KvmmCliSession *session)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  gboolean changes = session->deploy || session->remove_old;
  gboolean all_done = TRUE, all_open = TRUE;
  guint n_connections;

  json_builder_begin_array (builder);
  if (session->uris != NULL || changes)
    all_open = kvmm_cli_session_open (session);
  n_connections = session->connections != NULL
                      ? g_list_model_get_n_items (G_LIST_MODEL (session->connections))
                      : 0;
  for (guint i = 0; i < n_connections; i++)
    {
      g_autoptr (KvmmConnection) connection =
          g_list_model_get_item (G_LIST_MODEL (session->connections), i);

      if (kvmm_connection_get_state (connection) == KVMM_CONNECTION_CONNECTED)
        all_done = do_one (session, connection, builder) && all_done;
    }
  if (session->uris == NULL && !changes)
    all_done = resolve_one (session, NULL, builder);
  json_builder_end_array (builder);

  if (session->json)
    kvmm_cli_print_json (builder);
  if (!all_open)
    return KVMM_EXIT_CONNECTION;
  if (all_done)
    return KVMM_EXIT_OK;
  return changes ? KVMM_EXIT_FAILED : KVMM_EXIT_NOT_FOUND;
}
