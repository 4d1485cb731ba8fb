/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>
#include <json-glib/json-glib.h>

#include "cli/kvmm-cli-session.h"
#include "model/kvmm-agent-iso.h"

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
    default:
      g_assert_not_reached ();
    }
}

static void
add_nullable (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  if (value != NULL)
    json_builder_add_string_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

static void
add_json (JsonBuilder *builder, const char *uri, GPtrArray *candidates)
{
  json_builder_begin_object (builder);
  add_nullable (builder, "connection", uri);
  json_builder_set_member_name (builder, "candidates");
  json_builder_begin_array (builder);
  for (guint i = 0; i < candidates->len; i++)
    {
      const KvmmAgentIsoCandidate *candidate = g_ptr_array_index (candidates, i);

      json_builder_begin_object (builder);
      add_nullable (builder, "path", candidate->path);
      add_nullable (builder, "real_path", candidate->real_path);
      add_nullable (builder, "version", candidate->version);
      add_nullable (builder, "verdict", verdict_word (candidate->verdict));
      add_nullable (builder, "reason", candidate->reason);
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

int
kvmm_cli_agent_iso (KvmmCliSession *session)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  gboolean all_taken = TRUE;
  gboolean all_open = TRUE;
  guint n_connections;

  json_builder_begin_array (builder);
  if (session->uris != NULL)
    all_open = kvmm_cli_session_open (session);
  n_connections = session->connections != NULL
                      ? g_list_model_get_n_items (G_LIST_MODEL (session->connections))
                      : 0;
  for (guint i = 0; i < n_connections; i++)
    {
      g_autoptr (KvmmConnection) connection =
          g_list_model_get_item (G_LIST_MODEL (session->connections), i);

      if (kvmm_connection_get_state (connection) == KVMM_CONNECTION_CONNECTED)
        all_taken = resolve_one (session, connection, builder) && all_taken;
    }
  if (session->uris == NULL)
    all_taken = resolve_one (session, NULL, builder);
  json_builder_end_array (builder);

  if (session->json)
    {
      g_autoptr (JsonNode) root = json_builder_get_root (builder);
      g_autofree char *text = json_to_string (root, TRUE);

      g_print ("%s\n", text);
    }
  if (!all_open)
    return KVMM_EXIT_CONNECTION;
  return all_taken ? KVMM_EXIT_OK : KVMM_EXIT_NOT_FOUND;
}

static KvmmExit
exit_for (const GError *error)
{
  if (g_error_matches (error, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_NONE_USABLE))
    return KVMM_EXIT_NOT_FOUND;
  return KVMM_EXIT_FAILED;
}

static void
report (KvmmCliSession *session, KvmmDomain *domain, const KvmmAgentIsoMounted *mounted)
{
  if (session->json)
    {
      g_autoptr (JsonBuilder) builder = json_builder_new ();
      g_autoptr (JsonNode) root = NULL;
      g_autofree char *text = NULL;

      json_builder_begin_object (builder);
      add_nullable (builder, "name", kvmm_domain_get_name (domain));
      add_nullable (builder, "path", mounted->path);
      add_nullable (builder, "version", mounted->version);
      add_nullable (builder, "target", mounted->target);
      json_builder_set_member_name (builder, "drive_added");
      json_builder_add_boolean_value (builder, mounted->drive_added);
      json_builder_set_member_name (builder, "drive_needs_restart");
      json_builder_add_boolean_value (builder, mounted->drive_needs_restart);
      json_builder_set_member_name (builder, "channel_added");
      json_builder_add_boolean_value (builder, mounted->channel_added);
      json_builder_set_member_name (builder, "channel_needs_restart");
      json_builder_add_boolean_value (builder, mounted->channel_needs_restart);
      json_builder_end_object (builder);
      root = json_builder_get_root (builder);
      text = json_to_string (root, TRUE);
      g_print ("%s\n", text);
      return;
    }
  g_print (_ ("%s is in drive %s of “%s”.\n"), mounted->path, mounted->target,
           kvmm_domain_get_name (domain));
  if (mounted->drive_needs_restart)
    g_print (
        _ ("The drive was added for the next start: shut the machine down and start it again.\n"));
  if (mounted->channel_needs_restart)
    g_print (_ ("The agent's channel was added for the next start: shut the machine down and start "
                "it again.\n"));
  else if (mounted->channel_added)
    g_print (_ ("The agent's channel was added.\n"));
  g_print (_ ("Type in the guest, as root:\n%s\n"), kvmm_agent_iso_get_install_command ());
}

static int
eject (KvmmCliSession *session, KvmmDomain *domain, KvmmAgentIsoMountFlags flags)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  kvmm_agent_iso_eject_async (session->settings, domain, flags, NULL, kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  if (kvmm_agent_iso_eject_finish (result, &error))
    return KVMM_EXIT_OK;
  kvmm_cli_error ("%s", error->message);
  return exit_for (error);
}

int
kvmm_cli_mount_agent_iso (KvmmCliSession *session)
{
  KvmmDomain *domain = NULL;
  KvmmExit found = kvmm_cli_session_find (session, session->arguments[1], &domain);
  KvmmAgentIsoMountFlags flags = KVMM_AGENT_ISO_MOUNT_NONE;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmAgentIsoMounted) mounted = NULL;

  if (found != KVMM_EXIT_OK)
    return found;
  if (session->replace)
    flags |= KVMM_AGENT_ISO_MOUNT_REPLACE;
  if (session->force)
    flags |= KVMM_AGENT_ISO_MOUNT_FORCE;
  if (session->eject)
    return eject (session, domain, flags);

  kvmm_agent_iso_mount_async (session->settings, domain, flags, NULL, kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  mounted = kvmm_agent_iso_mount_finish (result, &error);
  if (mounted == NULL)
    {
      kvmm_cli_error ("%s", error->message);
      if (g_error_matches (error, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_REPLACE_NEEDED))
        kvmm_cli_error (_ ("Pass --replace to replace it"));
      else if (g_error_matches (error, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_TRAY_LOCKED))
        kvmm_cli_error (_ ("Pass --force to open the drive all the same"));
      return exit_for (error);
    }
  report (session, domain, mounted);
  return KVMM_EXIT_OK;
}
