/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>

#include "cli/kvmm-cli-upload.h"
#include "util/kvmm-guest-text.h"

static KvmmExit
exit_for (const GError *error)
{
  if (g_error_matches (error, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_NONE_USABLE))
    return KVMM_EXIT_NOT_FOUND;
  return KVMM_EXIT_FAILED;
}

static void
add_flag (JsonBuilder *builder, const char *name, gboolean value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, value);
}

static void
add_json (JsonBuilder *builder,
          KvmmDomain *domain,
          const KvmmAgentIsoMounted *mounted,
          const KvmmAgentIsoRun *run)
{
  json_builder_begin_object (builder);
  kvmm_cli_add_nullable (builder, "name", kvmm_domain_get_name (domain));
  kvmm_cli_add_nullable (builder, "path", mounted->path);
  kvmm_cli_add_nullable (builder, "version", mounted->version);
  kvmm_cli_add_nullable (builder, "target", mounted->target);
  kvmm_cli_add_nullable (builder, "note", mounted->note);
  add_flag (builder, "uploaded", mounted->uploaded);
  add_flag (builder, "drive_added", mounted->drive_added);
  add_flag (builder, "drive_needs_restart", mounted->drive_needs_restart);
  add_flag (builder, "channel_added", mounted->channel_added);
  add_flag (builder, "channel_needs_restart", mounted->channel_needs_restart);
  if (run != NULL)
    {
      json_builder_set_member_name (builder, "exit_status");
      json_builder_add_int_value (builder, run->exit_code);
      kvmm_cli_add_nullable (builder, "output", run->output);
    }
  json_builder_end_object (builder);
}

static void
print_mounted (KvmmDomain *domain, const KvmmAgentIsoMounted *mounted, gboolean with_command)
{
  /* Of the host's, for a terminal. */
  g_autofree char *path = kvmm_guest_text_sanitise (mounted->path, -1);
  g_autofree char *target = kvmm_guest_text_sanitise (mounted->target, -1);

  if (mounted->note != NULL)
    g_print ("%s\n", mounted->note);
  g_print (_ ("%s is in drive %s of “%s”.\n"), path, target, kvmm_domain_get_name (domain));
  if (mounted->drive_needs_restart)
    g_print (
        _ ("The drive was added for the next start: shut the machine down and start it again.\n"));
  if (mounted->channel_needs_restart)
    g_print (_ ("The agent's channel was added for the next start: shut the machine down and start "
                "it again.\n"));
  else if (mounted->channel_added)
    g_print (_ ("The agent's channel was added.\n"));
  if (with_command)
    g_print (_ ("Type in the guest, as root:\n%s\n"), kvmm_agent_iso_get_install_command ());
}

static KvmmExit
eject_one (KvmmCliSession *session, KvmmDomain *domain, KvmmAgentIsoMountFlags flags)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  kvmm_agent_iso_eject_async (session->settings, domain, flags, NULL, kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  if (kvmm_agent_iso_eject_finish (result, &error))
    return KVMM_EXIT_OK;
  kvmm_cli_upload_report (session, kvmm_domain_get_connection (domain), error);
  return exit_for (error);
}

/* Returns: (transfer full): %NULL when it was reported why not */
static KvmmAgentIsoRun *
run_installer (KvmmDomain *domain)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  kvmm_agent_iso_run_async (domain, NULL, kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  KvmmAgentIsoRun *run = kvmm_agent_iso_run_finish (result, &error);
  if (run == NULL)
    kvmm_cli_error ("%s", error->message);
  return run;
}

static KvmmExit
mount_one (KvmmCliSession *session,
           KvmmDomain *domain,
           KvmmAgentIsoMountFlags flags,
           JsonBuilder *builder)
{
  g_auto (KvmmCliUpload) upload = { 0 };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmAgentIsoRun) run = NULL;
  g_autoptr (KvmmConnection) connection = g_object_ref (kvmm_domain_get_connection (domain));

  kvmm_cli_upload_begin (&upload);
  kvmm_agent_iso_mount_async (session->settings, domain, flags, kvmm_cli_upload_progress_cb,
                              &upload, upload.cancellable, kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  kvmm_cli_upload_end (&upload);
  g_autoptr (KvmmAgentIsoMounted) mounted = kvmm_agent_iso_mount_finish (result, &error);
  if (mounted == NULL)
    {
      kvmm_cli_upload_report (session, connection, error);
      return exit_for (error);
    }
  if (!session->json)
    print_mounted (domain, mounted, !session->install);
  if (session->install)
    run = run_installer (domain);
  if (session->json)
    add_json (builder, domain, mounted, run);
  else if (run != NULL)
    g_print ("%s%s", run->output, g_str_has_suffix (run->output, "\n") ? "" : "\n");
  if (!session->install)
    return KVMM_EXIT_OK;
  if (run != NULL && run->exit_code != 0)
    kvmm_cli_error (_ ("The installer in “%s” ended with exit status %d"),
                    kvmm_domain_get_name (domain), run->exit_code);
  return run != NULL && run->exit_code == 0 ? KVMM_EXIT_OK : KVMM_EXIT_FAILED;
}

static KvmmExit
do_one (KvmmCliSession *session,
        const char *name,
        gboolean all_open,
        KvmmAgentIsoMountFlags flags,
        JsonBuilder *builder)
{
  KvmmDomain *domain =
      session->connections != NULL ? kvmm_connection_list_find (session->connections, name) : NULL;

  if (domain != NULL)
    return session->eject ? eject_one (session, domain, flags)
                          : mount_one (session, domain, flags, builder);
  if (!all_open)
    return KVMM_EXIT_CONNECTION;
  kvmm_cli_error (_ ("There is no virtual machine “%s”; “kvm-manager list” shows what there is"),
                  name);
  return KVMM_EXIT_NOT_FOUND;
}

int
kvmm_cli_mount_agent_iso (KvmmCliSession *session)
{
  KvmmAgentIsoMountFlags flags = KVMM_AGENT_ISO_MOUNT_NONE;
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  gboolean is_list = g_strv_length (session->arguments) > 2;
  KvmmExit worst = KVMM_EXIT_OK;
  gboolean has_output = FALSE;

  if (session->replace)
    flags |= KVMM_AGENT_ISO_MOUNT_REPLACE;
  if (session->force)
    flags |= KVMM_AGENT_ISO_MOUNT_FORCE;
  if (session->make_pool)
    flags |= KVMM_AGENT_ISO_MOUNT_MAKE_POOL;

  gboolean all_open = kvmm_cli_session_open (session);
  if (is_list)
    json_builder_begin_array (builder);
  for (guint i = 1; session->arguments[i] != NULL; i++)
    {
      KvmmExit exit_code = do_one (session, session->arguments[i], all_open, flags, builder);

      has_output = has_output || exit_code == KVMM_EXIT_OK;
      if (worst == KVMM_EXIT_OK)
        worst = exit_code;
    }
  if (is_list)
    json_builder_end_array (builder);
  if (session->json && !session->eject && (is_list || has_output))
    kvmm_cli_print_json (builder);
  return (int) worst;
}
