/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "scripted-disc.h"

#include <string.h>

#include "model/kvmm-agent-iso-private.h"

static GPtrArray *iso_candidates; /* (owned) (nullable) */
static GPtrArray *iso_volumes;    /* (owned) (nullable) */
static GTask *iso_held;           /* (owned) (nullable) */
static char *iso_drive;
static char *iso_version;
static char *iso_output;
static int iso_exit_code;
static gboolean iso_holds;
static int iso_error_code = -1;
static char *iso_error_message;
static KvmmAgentIsoMountFlags iso_cure;

GQuark
kvmm_agent_iso_error_quark (void)
{
  return g_quark_from_static_string ("kvmm-agent-iso-error-quark");
}

char *
kvmm_agent_iso_find_in_xml (const char *xml)
{
  return strstr (xml, "kvmmanager-guest-agent") != NULL ? g_strdup ("sda") : NULL;
}

const char *
kvmm_agent_iso_find_version (GPtrArray *candidates)
{
  return iso_version;
}

gboolean
kvmm_agent_iso_is_newer (const char *disc, const char *guest)
{
  return disc != NULL && guest != NULL && strcmp (disc, guest) > 0;
}

void
scripted_iso_set_version (const char *version)
{
  g_free (iso_version);
  iso_version = g_strdup (version);
}

void
scripted_iso_set_run (const char *output, int exit_code)
{
  g_free (iso_output);
  iso_output = g_strdup (output);
  iso_exit_code = exit_code;
}

gboolean
kvmm_agent_iso_can_run (KvmmDomain *domain, const char **reason)
{
  if (reason != NULL)
    *reason = iso_output == NULL ? "No QEMU guest agent is connected." : NULL;
  return iso_output != NULL;
}

void
kvmm_agent_iso_run_async (KvmmDomain *domain,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (domain, cancellable, callback, user_data);
  KvmmAgentIsoRun *run = g_new0 (KvmmAgentIsoRun, 1);

  run->output = g_strdup (iso_output);
  run->exit_code = iso_exit_code;
  g_task_return_pointer (task, run, (GDestroyNotify) kvmm_agent_iso_run_free);
}

KvmmAgentIsoRun *
kvmm_agent_iso_run_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kvmm_agent_iso_run_free (KvmmAgentIsoRun *self)
{
  g_free (self->output);
  g_free (self);
}

void
kvmm_agent_iso_candidate_free (KvmmAgentIsoCandidate *self)
{
  g_free (self->path);
  g_free (self->real_path);
  g_free (self->version);
  g_free (self->reason);
  g_free (self);
}

void
scripted_iso_add_candidate (const char *path,
                            KvmmAgentIsoSource source,
                            KvmmAgentIsoVerdict verdict,
                            const char *reason)
{
  KvmmAgentIsoCandidate *candidate;

  if (reason == NULL)
    {
      g_clear_pointer (&iso_candidates, g_ptr_array_unref);
      return;
    }
  if (iso_candidates == NULL)
    iso_candidates =
        g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_agent_iso_candidate_free);
  candidate = g_new0 (KvmmAgentIsoCandidate, 1);
  candidate->path = g_strdup (path);
  candidate->source = source;
  candidate->verdict = verdict;
  candidate->reason = g_strdup (reason);
  g_ptr_array_add (iso_candidates, candidate);
}

void
kvmm_agent_iso_volume_free (KvmmAgentIsoVolume *self)
{
  g_free (self->pool);
  g_free (self->volume);
  g_free (self->path);
  g_free (self->version);
  g_free (self->used_by);
  g_free (self);
}

static KvmmAgentIsoVolume *
create_volume (const char *volume, const char *used_by)
{
  KvmmAgentIsoVolume *self = g_new0 (KvmmAgentIsoVolume, 1);

  self->pool = g_strdup ("default");
  self->volume = g_strdup (volume);
  self->used_by = g_strdup (used_by);
  self->size_bytes = 1024 * 1024;
  self->is_whole = TRUE;
  return self;
}

void
scripted_iso_add_volume (const char *volume, const char *used_by)
{
  if (volume == NULL)
    {
      g_clear_pointer (&iso_volumes, g_ptr_array_unref);
      return;
    }
  if (iso_volumes == NULL)
    iso_volumes = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_agent_iso_volume_free);
  g_ptr_array_add (iso_volumes, create_volume (volume, used_by));
}

void
kvmm_agent_iso_list_volumes_async (KvmmSettings *settings,
                                   KvmmConnection *connection,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (settings, cancellable, callback, user_data);
  GPtrArray *volumes = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_agent_iso_volume_free);

  for (guint i = 0; iso_volumes != NULL && i < iso_volumes->len; i++)
    {
      const KvmmAgentIsoVolume *volume = g_ptr_array_index (iso_volumes, i);

      g_ptr_array_add (volumes, create_volume (volume->volume, volume->used_by));
    }
  g_task_return_pointer (task, volumes, (GDestroyNotify) g_ptr_array_unref);
}

GPtrArray *
kvmm_agent_iso_list_volumes_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kvmm_agent_iso_delete_volume_async (KvmmConnection *connection,
                                    const char *pool,
                                    const char *volume,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (connection, cancellable, callback, user_data);

  for (guint i = 0; i < iso_volumes->len; i++)
    if (g_str_equal (((KvmmAgentIsoVolume *) g_ptr_array_index (iso_volumes, i))->volume, volume))
      {
        g_ptr_array_remove_index (iso_volumes, i);
        break;
      }
  g_task_return_boolean (task, TRUE);
}

gboolean
kvmm_agent_iso_delete_volume_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
scripted_iso_set_holds (gboolean holds)
{
  iso_holds = holds;
}

void
scripted_iso_set_drive (const char *target)
{
  g_free (iso_drive);
  iso_drive = g_strdup (target);
}

void
scripted_iso_set_error (int code, const char *message, KvmmAgentIsoMountFlags cure)
{
  iso_error_code = code;
  g_free (iso_error_message);
  iso_error_message = g_strdup (message);
  iso_cure = cure;
}

char *
kvmm_agent_iso_find_mounted (KvmmDomain *domain)
{
  return g_strdup (iso_drive);
}

const char *
kvmm_agent_iso_get_install_command (void)
{
  return "mount /dev/disk/by-label/KVMMANAGER_AGENT /mnt\nsh /mnt/install.sh\numount /mnt";
}

void
kvmm_agent_iso_mounted_free (KvmmAgentIsoMounted *self)
{
  g_free (self->path);
  g_free (self->version);
  g_free (self->target);
  g_free (self);
}

static gboolean
return_scripted_error (GTask *task, KvmmAgentIsoMountFlags flags)
{
  if (iso_error_code < 0 || (iso_cure != 0 && (flags & iso_cure) == iso_cure))
    return FALSE;
  g_task_return_new_error (task, KVMM_AGENT_ISO_ERROR, iso_error_code, "%s", iso_error_message);
  return TRUE;
}

static void
cancelled_cb (GCancellable *cancellable, gpointer user_data)
{
  g_autoptr (GTask) task = g_steal_pointer (&iso_held);

  if (task != NULL)
    g_task_return_error_if_cancelled (task);
}

void
kvmm_agent_iso_mount_async (KvmmSettings *settings,
                            KvmmDomain *domain,
                            KvmmAgentIsoMountFlags flags,
                            GFileProgressCallback progress,
                            gpointer progress_data,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (domain, cancellable, callback, user_data);
  KvmmAgentIsoMounted *mounted;

  if (return_scripted_error (task, flags))
    return;
  if (iso_holds)
    {
      iso_held = g_steal_pointer (&task);
      g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb), NULL, NULL);
      progress (43, 100, progress_data);
      return;
    }
  scripted_iso_set_drive ("sda");
  mounted = g_new0 (KvmmAgentIsoMounted, 1);
  mounted->path = g_strdup ("/usr/share/kvm-manager/kvmmanager-guest-agent.iso");
  mounted->version = g_strdup ("0.1.0");
  mounted->target = g_strdup ("sda");
  mounted->drive_added = TRUE;
  mounted->drive_needs_restart = TRUE;
  mounted->channel_added = TRUE;
  g_task_return_pointer (task, mounted, (GDestroyNotify) kvmm_agent_iso_mounted_free);
}

KvmmAgentIsoMounted *
kvmm_agent_iso_mount_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kvmm_agent_iso_eject_async (KvmmSettings *settings,
                            KvmmDomain *domain,
                            KvmmAgentIsoMountFlags flags,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (domain, cancellable, callback, user_data);

  if (return_scripted_error (task, flags))
    return;
  scripted_iso_set_drive (NULL);
  g_task_return_boolean (task, TRUE);
}

gboolean
kvmm_agent_iso_eject_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
kvmm_agent_iso_resolve_async (KvmmSettings *settings,
                              KvmmConnection *connection,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (settings, cancellable, callback, user_data);

  GPtrArray *candidates =
      g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_agent_iso_candidate_free);

  for (guint i = 0; iso_candidates != NULL && i < iso_candidates->len; i++)
    {
      const KvmmAgentIsoCandidate *scripted = g_ptr_array_index (iso_candidates, i);
      KvmmAgentIsoCandidate *candidate = g_new0 (KvmmAgentIsoCandidate, 1);

      candidate->path = g_strdup (scripted->path);
      candidate->reason = g_strdup (scripted->reason);
      candidate->source = scripted->source;
      candidate->verdict = scripted->verdict;
      g_ptr_array_add (candidates, candidate);
    }
  g_task_return_pointer (task, candidates, (GDestroyNotify) g_ptr_array_unref);
}

GPtrArray *
kvmm_agent_iso_resolve_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kvmm_agent_iso_deployed_free (KvmmAgentIsoDeployed *self)
{
  g_free (self->pool);
  g_free (self);
}

void
kvmm_agent_iso_deploy_async (KvmmSettings *settings,
                             KvmmConnection *connection,
                             KvmmAgentIsoMountFlags flags,
                             GFileProgressCallback progress,
                             gpointer progress_data,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (settings, cancellable, callback, user_data);
  KvmmAgentIsoDeployed *deployed;

  if (return_scripted_error (task, flags))
    return;
  deployed = g_new0 (KvmmAgentIsoDeployed, 1);
  deployed->pool = g_strdup ("default");
  deployed->uploaded = TRUE;
  g_task_return_pointer (task, deployed, (GDestroyNotify) kvmm_agent_iso_deployed_free);
}

KvmmAgentIsoDeployed *
kvmm_agent_iso_deploy_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

char *
kvmm_agent_iso_describe_failure (GPtrArray *candidates)
{
  return g_strdup ("");
}
