/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>

#include "model/kvmm-agent-iso-private.h"
#include "model/kvmm-connection-private.h"
#include "util/kvmm-thread.h"

/* Bringing the disc onto a host, and what is there: the main thread's side. */

#define SYSTEM_POOL_FOLDER "/var/lib/libvirt/images"

void
kvmm_agent_iso_deployed_free (KvmmAgentIsoDeployed *self)
{
  if (self == NULL)
    return;
  g_free (self->pool);
  g_free (self->volume);
  g_free (self->path);
  g_free (self->version);
  g_free (self);
}

void
kvmm_agent_iso_volume_free (KvmmAgentIsoVolume *self)
{
  if (self == NULL)
    return;
  g_free (self->pool);
  g_free (self->volume);
  g_free (self->path);
  g_free (self->version);
  g_free (self->used_by);
  g_free (self);
}

/* ---- progress: counted on a worker, told on the main thread ---- */

typedef struct
{
  gatomicrefcount ref_count;
  GMutex mutex; /* guards the next three */
  guint64 done_bytes;
  guint64 total_bytes;
  gboolean is_pending; /* a call of tell_cb() is on its way */

  GFileProgressCallback func; /* (nullable) main thread only; %NULL once it is over */
  gpointer user_data;
} Progress;

static Progress *
progress_new (GFileProgressCallback func, gpointer user_data)
{
  Progress *self = g_new0 (Progress, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->func = func;
  self->user_data = user_data;
  return self;
}

static Progress *
progress_ref (Progress *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
progress_unref (gpointer data)
{
  Progress *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static gboolean
tell_cb (gpointer user_data)
{
  Progress *self = user_data;

  g_mutex_lock (&self->mutex);
  guint64 done_bytes = self->done_bytes, total_bytes = self->total_bytes;
  self->is_pending = FALSE;
  g_mutex_unlock (&self->mutex);
  if (self->func != NULL)
    self->func ((goffset) done_bytes, (goffset) total_bytes, self->user_data);
  return G_SOURCE_REMOVE;
}

/* Worker. However many pieces went, one call at a time is on its way. */
static void
count_progress (guint64 done_bytes, guint64 total_bytes, gpointer user_data)
{
  Progress *self = user_data;

  g_mutex_lock (&self->mutex);
  gboolean was_pending = self->is_pending;
  self->done_bytes = done_bytes;
  self->total_bytes = total_bytes;
  self->is_pending = TRUE;
  g_mutex_unlock (&self->mutex);
  if (!was_pending)
    g_main_context_invoke_full (NULL, G_PRIORITY_DEFAULT, tell_cb, progress_ref (self),
                                progress_unref);
}

/* ---- the host ---- */

KvmmAgentIsoHost *
kvmm_agent_iso_host_new (KvmmSettings *settings, KvmmConnection *connection)
{
  const KvmmVirtHost *virt_host = kvmm_connection_get_host (connection);
  const char *uri = kvmm_connection_get_uri (connection);
  g_autofree char *configured = kvmm_settings_dup_agent_iso_path (settings);
  KvmmAgentIsoHost *self = g_new0 (KvmmAgentIsoHost, 1);

  self->driver = g_strdup (virt_host != NULL ? virt_host->driver : NULL);
  self->pool = kvmm_settings_dup_agent_iso_pool (settings);
  if (*configured != '\0')
    self->configured = g_steal_pointer (&configured);
  if (!kvmm_virt_uri_is_session (uri))
    self->folder = g_strdup (SYSTEM_POOL_FOLDER);
  else if (kvmm_virt_uri_is_local (uri))
    self->folder = g_build_filename (g_get_user_data_dir (), "libvirt", "images", NULL);
  return self;
}

/* ---- uploading ---- */

typedef struct
{
  KvmmConnection *connection; /* (owned) */
  KvmmAgentIsoHost *host;     /* (owned) */
  Progress *progress;         /* (owned) */
  KvmmAgentIsoMountFlags flags;
} Deploy;

static void
deploy_free (Deploy *self)
{
  self->progress->func = NULL;
  progress_unref (self->progress);
  g_object_unref (self->connection);
  kvmm_agent_iso_host_free (self->host);
  g_free (self);
}

static void
delivery_free (KvmmAgentIsoDelivery *self)
{
  g_free (self->file);
  g_free (self->version);
  g_free (self->pool);
  g_free (self->folder);
  progress_unref (self->progress_data);
  g_free (self);
}

static void
deliver_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  KvmmAgentIsoDeployed *deployed = kvmm_agent_iso_deliver (connect, data, cancellable, &error);

  if (deployed != NULL)
    g_task_return_pointer (task, deployed, (GDestroyNotify) kvmm_agent_iso_deployed_free);
  else
    g_task_return_error (task, error);
}

static void
delivered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Deploy *deploy = g_task_get_task_data (task);
  GError *error = NULL;
  KvmmAgentIsoDeployed *deployed = g_task_propagate_pointer (G_TASK (result), &error);

  deploy->progress->func = NULL;
  if (deployed != NULL)
    g_task_return_pointer (task, deployed, (GDestroyNotify) kvmm_agent_iso_deployed_free);
  else
    g_task_return_error (task, error);
}

static void
deploy_probe (GTask *task, Deploy *deploy, const KvmmAgentIsoProbe *probe)
{
  KvmmAgentIsoDelivery *delivery = g_new0 (KvmmAgentIsoDelivery, 1);

  delivery->file = g_strdup (probe->real_path);
  delivery->version = g_strdup (probe->version);
  delivery->pool = g_strdup (deploy->host->pool);
  delivery->folder = g_strdup (deploy->host->folder);
  delivery->may_make_pool = (deploy->flags & KVMM_AGENT_ISO_MOUNT_MAKE_POOL) != 0;
  delivery->progress = count_progress;
  delivery->progress_data = progress_ref (deploy->progress);

  g_autoptr (GTask) call = g_task_new (deploy->connection, g_task_get_cancellable (task),
                                       delivered_cb, g_object_ref (task));
  g_task_set_source_tag (call, deploy_probe);
  kvmm_connection_run (deploy->connection, KVMM_CONNECTION_LANE_BULK, G_PRIORITY_DEFAULT, call,
                       deliver_func, delivery, (GDestroyNotify) delivery_free);
}

static void
probed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Deploy *deploy = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GPtrArray) probes = kvmm_agent_iso_probe_finish (result, &error);

  if (probes == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  const KvmmAgentIsoProbe *probe = kvmm_agent_iso_find_upload (probes);
  if (probe != NULL)
    {
      deploy_probe (task, deploy, probe);
      return;
    }
  KvmmAgentIsoReader reader = { .is_session = TRUE };
  g_autoptr (GPtrArray) candidates = kvmm_agent_iso_choose (probes, &reader, NULL);
  g_autofree char *text = kvmm_agent_iso_describe_failure (candidates);
  g_task_return_new_error (task, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_NONE_USABLE, "%s",
                           text);
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
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_SETTINGS (settings));
  g_return_if_fail (KVMM_IS_CONNECTION (connection));

  Deploy *deploy = g_new0 (Deploy, 1);
  deploy->connection = g_object_ref (connection);
  deploy->host = kvmm_agent_iso_host_new (settings, connection);
  deploy->progress = progress_new (progress, progress_data);
  deploy->flags = flags;

  g_autoptr (GTask) task = g_task_new (connection, cancellable, callback, user_data);
  g_task_set_source_tag (task, kvmm_agent_iso_deploy_async);
  g_task_set_task_data (task, deploy, (GDestroyNotify) deploy_free);
  if (deploy->host->driver != NULL && !g_str_equal (deploy->host->driver, "QEMU"))
    g_task_return_new_error (task, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_UNSUPPORTED,
                             _ ("The hypervisor %s has no channel for the agent."),
                             deploy->host->driver);
  else
    kvmm_agent_iso_probe_async (settings, cancellable, probed_cb, g_object_ref (task));
}

KvmmAgentIsoDeployed *
kvmm_agent_iso_deploy_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (G_IS_TASK (result), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- what is there ---- */

typedef struct
{
  KvmmAgentIsoHost *host; /* (owned) */
  char *version;          /* (owned) (nullable) */
} Listing;

static void
listing_free (Listing *self)
{
  kvmm_agent_iso_host_free (self->host);
  g_free (self->version);
  g_free (self);
}

static void
list_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  Listing *listing = data;
  GError *error = NULL;
  GPtrArray *volumes =
      kvmm_agent_iso_list_stored (connect, listing->host, listing->version, cancellable, &error);

  if (volumes != NULL)
    g_task_return_pointer (task, volumes, (GDestroyNotify) g_ptr_array_unref);
  else
    g_task_return_error (task, error);
}

static void
list_probed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (GPtrArray) probes = kvmm_agent_iso_probe_finish (result, &error);

  if (probes == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  const KvmmAgentIsoProbe *probe = kvmm_agent_iso_find_upload (probes);
  Listing *listing = g_new0 (Listing, 1);
  listing->host = g_object_steal_data (G_OBJECT (task), "kvmm-host");
  listing->version = g_strdup (probe != NULL ? probe->version : PACKAGE_VERSION);
  kvmm_connection_run (g_task_get_source_object (task), KVMM_CONNECTION_LANE_BULK,
                       G_PRIORITY_DEFAULT, task, list_func, listing, (GDestroyNotify) listing_free);
}

void
kvmm_agent_iso_list_volumes_async (KvmmSettings *settings,
                                   KvmmConnection *connection,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_SETTINGS (settings));
  g_return_if_fail (KVMM_IS_CONNECTION (connection));

  g_autoptr (GTask) task = g_task_new (connection, cancellable, callback, user_data);
  g_task_set_source_tag (task, kvmm_agent_iso_list_volumes_async);
  g_object_set_data_full (G_OBJECT (task), "kvmm-host",
                          kvmm_agent_iso_host_new (settings, connection),
                          (GDestroyNotify) kvmm_agent_iso_host_free);
  kvmm_agent_iso_probe_async (settings, cancellable, list_probed_cb, g_object_ref (task));
}

GPtrArray *
kvmm_agent_iso_list_volumes_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (G_IS_TASK (result), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- removing ---- */

static void
delete_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  char **names = data;
  GError *error = NULL;

  if (kvmm_virt_storage_delete_volume (connect, names[0], names[1], &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
kvmm_agent_iso_delete_volume_async (KvmmConnection *connection,
                                    const char *pool,
                                    const char *volume,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_CONNECTION (connection));
  g_return_if_fail (pool != NULL && kvmm_agent_iso_is_agent_disc (volume, NULL));

  g_autoptr (GTask) task = g_task_new (connection, cancellable, callback, user_data);
  g_task_set_source_tag (task, kvmm_agent_iso_delete_volume_async);
  char *names[] = { (char *) pool, (char *) volume, NULL };
  kvmm_connection_run (connection, KVMM_CONNECTION_LANE_BULK, G_PRIORITY_DEFAULT, task, delete_func,
                       g_strdupv (names), (GDestroyNotify) g_strfreev);
}

gboolean
kvmm_agent_iso_delete_volume_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (G_IS_TASK (result), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
