/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-agent-iso.h"

#include <glib/gi18n.h>

#include "model/kvmm-agent-iso-private.h"
#include "model/kvmm-connection-private.h"
#include "util/kvmm-guest-text.h"
#include "util/kvmm-thread.h"

/* ---- a job on one machine ---- */

void
kvmm_agent_iso_mounted_free (KvmmAgentIsoMounted *self)
{
  if (self == NULL)
    return;
  g_free (self->path);
  g_free (self->version);
  g_free (self->target);
  g_free (self->note);
  g_free (self);
}

/* What a worker needs to know; owned by the call, so that cancelling may drop all else. */
typedef struct
{
  char *uuid;             /* (owned) */
  char *name;             /* (owned) */
  char *path;             /* (owned) (nullable) */
  char *configured;       /* (owned) (nullable) */
  char *capabilities_xml; /* (owned) (nullable) */
  gboolean is_packaged;
  KvmmAgentIsoMountFlags flags;
  guint64 libvirt_version;
} Order;

static void
order_free (Order *self)
{
  g_free (self->uuid);
  g_free (self->name);
  g_free (self->path);
  g_free (self->configured);
  g_free (self->capabilities_xml);
  g_free (self);
}

/* Between the steps of one mount, on the main thread. */
typedef struct
{
  KvmmSettings *settings; /* (owned) */
  KvmmDomain *domain;     /* (owned) */
  char *configured;       /* (owned) (nullable) */
  char *path;             /* (owned) (nullable) real path of the disc; %NULL until it is uploaded */
  char *version;          /* (owned) (nullable) */
  char *obstacle;         /* (owned) (nullable) translated: why no file is used */
  char *note;             /* (owned) (nullable) */
  GError *refusal;        /* (owned) (nullable) of the file that was tried first */
  GFileProgressCallback progress;
  gpointer progress_data;
  gboolean is_file; /* of this computer, so that the host may refuse it */
  gboolean uploaded;
  gboolean is_packaged;
  gboolean needs_channel;
  gboolean channel_added;
  gboolean channel_needs_restart;
  KvmmAgentIsoMountFlags flags;
} Job;

static void
job_free (Job *self)
{
  g_object_unref (self->settings);
  g_object_unref (self->domain);
  g_free (self->configured);
  g_free (self->path);
  g_free (self->version);
  g_free (self->obstacle);
  g_free (self->note);
  g_clear_error (&self->refusal);
  g_free (self);
}

/* The task carries the job; its source is the domain. */
static GTask *
job_task_new (KvmmSettings *settings,
              KvmmDomain *domain,
              KvmmAgentIsoMountFlags flags,
              gpointer tag,
              GCancellable *cancellable,
              GAsyncReadyCallback callback,
              gpointer user_data)
{
  g_autofree char *configured = kvmm_settings_dup_agent_iso_path (settings);
  Job *job = g_new0 (Job, 1);
  GTask *task = g_task_new (domain, cancellable, callback, user_data);

  job->settings = g_object_ref (settings);
  job->domain = g_object_ref (domain);
  job->flags = flags;
  if (*configured != '\0')
    job->configured = g_steal_pointer (&configured);
  g_task_set_source_tag (task, tag);
  g_task_set_task_data (task, job, (GDestroyNotify) job_free);
  return task;
}

static void
return_deleted (GTask *task)
{
  Job *job = g_task_get_task_data (task);

  g_task_return_new_error (task, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT,
                           _ ("“%s” was deleted."), kvmm_domain_get_name (job->domain));
}

/* (transfer full) @task: kept until @ready */
static void
run_on_worker (GTask *task, KvmmConnectionFunc func, GAsyncReadyCallback ready)
{
  Job *job = g_task_get_task_data (task);
  KvmmConnection *connection = kvmm_domain_get_connection (job->domain);
  const KvmmVirtHost *host = connection != NULL ? kvmm_connection_get_host (connection) : NULL;

  if (connection == NULL)
    {
      return_deleted (task);
      g_object_unref (task);
      return;
    }

  Order *order = g_new0 (Order, 1);
  order->uuid = g_strdup (kvmm_domain_get_uuid (job->domain));
  order->name = g_strdup (kvmm_domain_get_name (job->domain));
  /* The place is looked for before an upload; no drive holds a disc of this name. */
  order->path = g_strdup (job->path != NULL ? job->path : "");
  order->configured = g_strdup (job->configured);
  order->capabilities_xml = g_strdup (host != NULL ? host->capabilities_xml : NULL);
  order->libvirt_version = host != NULL ? host->libvirt_version : 0;
  order->is_packaged = job->is_packaged;
  order->flags = job->flags;

  g_autoptr (GTask) call = g_task_new (job->domain, g_task_get_cancellable (task), ready, task);
  g_task_set_source_tag (call, run_on_worker);
  kvmm_connection_run (connection, KVMM_CONNECTION_LANE_CONTROL, G_PRIORITY_DEFAULT, call, func,
                       order, (GDestroyNotify) order_free);
}

static KvmmAgentIsoMedium
get_medium (const Order *order)
{
  return (KvmmAgentIsoMedium){ .uuid = order->uuid,
                               .name = order->name,
                               .path = order->path,
                               .configured = order->configured,
                               .relabel = kvmm_agent_iso_get_relabel (order->is_packaged,
                                                                      order->capabilities_xml),
                               .flags = order->flags,
                               .libvirt_version = order->libvirt_version };
}

static void
reread (KvmmDomain *domain)
{
  KvmmConnection *connection = kvmm_domain_get_connection (domain);

  if (connection != NULL)
    kvmm_connection_reread (connection, kvmm_domain_get_uuid (domain));
}

/* ---- mounting: find the disc, check the drives, upload, add the channel, insert ---- */

static void deploy (GTask *task);

/* Whether QEMU, or the security driver in front of it, did not get the file: libvirt has no code of
 * its own for that. A tray that stays closed has another one. */
static gboolean
is_refusal (const GError *error)
{
  return g_error_matches (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_STORAGE) ||
         (g_error_matches (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_FAILED) &&
          g_str_equal (kvmm_virt_error_get_code_name (error), "VIR_ERR_INTERNAL_ERROR"));
}

static void
insert_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  KvmmAgentIsoMedium medium = get_medium (data);
  GError *error = NULL;
  KvmmAgentIsoMounted *mounted = kvmm_agent_iso_insert (connect, &medium, &error);

  if (mounted != NULL)
    g_task_return_pointer (task, mounted, (GDestroyNotify) kvmm_agent_iso_mounted_free);
  else
    g_task_return_error (task, error);
}

static void
inserted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  Job *job = g_task_get_task_data (task);
  g_autoptr (KvmmAgentIsoMounted) mounted = g_task_propagate_pointer (G_TASK (result), &error);

  reread (job->domain);
  if (mounted == NULL && job->is_file && is_refusal (error))
    {
      job->is_file = FALSE;
      job->obstacle = g_strdup (error->message);
      job->refusal = g_steal_pointer (&error);
      deploy (g_steal_pointer (&task));
      return;
    }
  if (mounted == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  mounted->version = g_strdup (job->version);
  mounted->note = g_steal_pointer (&job->note);
  mounted->uploaded = job->uploaded;
  mounted->channel_added = job->channel_added;
  mounted->channel_needs_restart = job->channel_needs_restart;
  g_task_return_pointer (task, g_steal_pointer (&mounted),
                         (GDestroyNotify) kvmm_agent_iso_mounted_free);
}

static void
channel_added_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  Job *job = g_task_get_task_data (task);

  if (!kvmm_domain_add_channel_finish (job->domain, result, &job->channel_needs_restart, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  job->channel_added = TRUE;
  job->needs_channel = FALSE;
  run_on_worker (g_steal_pointer (&task), insert_func, inserted_cb);
}

/* (transfer full) @task: the disc is where it can be used from */
static void
add_channel_and_insert (GTask *task)
{
  Job *job = g_task_get_task_data (task);

  if (job->needs_channel)
    kvmm_domain_add_channel_async (job->domain, g_task_get_cancellable (task), channel_added_cb,
                                   task);
  else
    run_on_worker (task, insert_func, inserted_cb);
}

/* The upload was the second try: what the first one failed of says more, unless a person can
 * answer. */
static void
return_deploy_error (GTask *task, GError *error)
{
  Job *job = g_task_get_task_data (task);

  if (job->refusal == NULL || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_task_return_error (task, error);
  else if (g_error_matches (error, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_POOL_NEEDED))
    {
      g_task_return_new_error (task, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_POOL_NEEDED,
                               "%s\n%s", job->refusal->message, error->message);
      g_error_free (error);
    }
  else
    {
      g_task_return_new_error (task, job->refusal->domain, job->refusal->code,
                               _ ("%s\nNor could the disc be uploaded to the host: %s"),
                               job->refusal->message, error->message);
      g_error_free (error);
    }
}

static void
deployed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  Job *job = g_task_get_task_data (task);
  g_autoptr (KvmmAgentIsoDeployed) deployed = kvmm_agent_iso_deploy_finish (result, &error);

  if (deployed == NULL)
    {
      return_deploy_error (task, error);
      return;
    }
  g_autofree char *pool = kvmm_guest_text_sanitise (deployed->pool, -1);
  g_free (job->path);
  job->path = g_steal_pointer (&deployed->path);
  g_free (job->version);
  job->version = g_steal_pointer (&deployed->version);
  job->uploaded = deployed->uploaded;
  job->is_packaged = FALSE;
  g_autofree char *what =
      deployed->uploaded
          ? g_strdup_printf (_ ("The disc was uploaded to the storage pool “%s” of the host."),
                             pool)
          : g_strdup_printf (_ ("The disc in the storage pool “%s” of the host is used."), pool);
  job->note = job->obstacle != NULL ? g_strdup_printf ("%s\n%s", job->obstacle, what)
                                    : g_steal_pointer (&what);
  if (job->path == NULL)
    g_task_return_new_error (task, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_FAILED,
                             _ ("libvirt does not tell the path of the volume “%s”."),
                             deployed->volume);
  else
    add_channel_and_insert (g_steal_pointer (&task));
}

/* (transfer full) @task */
static void
deploy (GTask *task)
{
  Job *job = g_task_get_task_data (task);
  KvmmConnection *connection = kvmm_domain_get_connection (job->domain);

  if (connection == NULL)
    {
      return_deleted (task);
      g_object_unref (task);
      return;
    }
  kvmm_agent_iso_deploy_async (job->settings, connection, job->flags, job->progress,
                               job->progress_data, g_task_get_cancellable (task), deployed_cb,
                               task);
}

typedef enum
{
  CHANNEL_IS_THERE,
  CHANNEL_WAITS, /* for the next start */
  CHANNEL_NEEDED,
} ChannelState;

static void
check_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  KvmmAgentIsoMedium medium = get_medium (data);
  GError *error = NULL;
  gboolean needs_channel = FALSE, channel_waits = FALSE;

  if (!kvmm_agent_iso_check (connect, &medium, &needs_channel, &channel_waits, &error))
    g_task_return_error (task, error);
  else if (needs_channel)
    g_task_return_int (task, CHANNEL_NEEDED);
  else
    g_task_return_int (task, channel_waits ? CHANNEL_WAITS : CHANNEL_IS_THERE);
}

static void
checked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  Job *job = g_task_get_task_data (task);
  gssize channel = g_task_propagate_int (G_TASK (result), &error);

  if (error != NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  job->channel_needs_restart = channel == CHANNEL_WAITS;
  job->needs_channel = channel == CHANNEL_NEEDED;
  if (job->path == NULL)
    deploy (g_steal_pointer (&task));
  else
    add_channel_and_insert (g_steal_pointer (&task));
}

/* Why a file that is here is not used, if somebody could do something about it. */
static char *
dup_obstacle (GPtrArray *candidates)
{
  for (guint i = 0; i < candidates->len; i++)
    {
      const KvmmAgentIsoCandidate *candidate = candidates->pdata[i];

      if (candidate->verdict == KVMM_AGENT_ISO_NOT_FOR_QEMU)
        return g_strdup (candidate->reason);
    }
  return NULL;
}

/* Whether the disc is to be uploaded: there is one to upload, and no place where it is already. */
static gboolean
can_upload (GPtrArray *candidates)
{
  const KvmmAgentIsoCandidate *last =
      candidates->len > 0 ? candidates->pdata[candidates->len - 1] : NULL;

  return last != NULL && last->source == KVMM_AGENT_ISO_SOURCE_UPLOAD &&
         (last->verdict == KVMM_AGENT_ISO_TAKEN || last->verdict == KVMM_AGENT_ISO_POOL_NEEDED);
}

static void
resolved_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  Job *job = g_task_get_task_data (task);
  g_autoptr (GPtrArray) candidates = kvmm_agent_iso_resolve_finish (result, &error);

  if (candidates == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  const KvmmAgentIsoCandidate *taken = kvmm_agent_iso_find_taken (candidates);
  if (can_upload (candidates))
    job->obstacle = dup_obstacle (candidates);
  else if (taken == NULL)
    {
      g_autofree char *text = kvmm_agent_iso_describe_failure (candidates);

      g_task_return_new_error (task, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_NONE_USABLE, "%s",
                               text);
      return;
    }
  else
    {
      job->path = g_strdup (taken->real_path);
      job->version = g_strdup (taken->version);
      job->is_packaged = taken->is_packaged;
      job->is_file = taken->source == KVMM_AGENT_ISO_SOURCE_FILE;
    }
  run_on_worker (g_steal_pointer (&task), check_func, checked_cb);
}

/* Returns: whether the machine's hypervisor can have the agent at all; else @task has failed */
static gboolean
check_hypervisor (GTask *task, KvmmDomain *domain)
{
  const KvmmVirtHost *host = kvmm_connection_get_host (kvmm_domain_get_connection (domain));

  if (host == NULL || g_str_equal (host->driver, "QEMU"))
    return TRUE;
  g_task_return_new_error (task, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_UNSUPPORTED,
                           _ ("“%s” runs on the hypervisor %s, which has no channel for the agent. "
                              "The agent works in virtual machines of QEMU and KVM."),
                           kvmm_domain_get_name (domain), host->driver);
  return FALSE;
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
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_SETTINGS (settings));
  g_return_if_fail (KVMM_IS_DOMAIN (domain));

  g_autoptr (GTask) task = job_task_new (settings, domain, flags, kvmm_agent_iso_mount_async,
                                         cancellable, callback, user_data);
  Job *job = g_task_get_task_data (task);
  job->progress = progress;
  job->progress_data = progress_data;
  if (kvmm_domain_get_connection (domain) == NULL)
    return_deleted (task);
  else if (check_hypervisor (task, domain))
    kvmm_agent_iso_resolve_async (settings, kvmm_domain_get_connection (domain), cancellable,
                                  resolved_cb, g_object_ref (task));
}

KvmmAgentIsoMounted *
kvmm_agent_iso_mount_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (G_IS_TASK (result), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- ejecting ---- */

static void
eject_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  KvmmAgentIsoMedium medium = get_medium (data);
  GError *error = NULL;

  if (kvmm_agent_iso_eject (connect, &medium, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
ejected_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  Job *job = g_task_get_task_data (task);

  reread (job->domain);
  if (g_task_propagate_boolean (G_TASK (result), &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

void
kvmm_agent_iso_eject_async (KvmmSettings *settings,
                            KvmmDomain *domain,
                            KvmmAgentIsoMountFlags flags,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_SETTINGS (settings));
  g_return_if_fail (KVMM_IS_DOMAIN (domain));

  GTask *task = job_task_new (settings, domain, flags, kvmm_agent_iso_eject_async, cancellable,
                              callback, user_data);
  run_on_worker (task, eject_func, ejected_cb);
}

gboolean
kvmm_agent_iso_eject_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (G_IS_TASK (result), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- what the interface shows ---- */

char *
kvmm_agent_iso_find_mounted (KvmmDomain *domain)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_val_if_fail (KVMM_IS_DOMAIN (domain), NULL);

  const char *xml = kvmm_domain_get_xml (domain);
  return xml != NULL ? kvmm_agent_iso_find_in_xml (xml) : NULL;
}

const char *
kvmm_agent_iso_get_install_command (void)
{
  return "mkdir -p /mnt/kvmm\n"
         "mount -o ro LABEL=KVMMANAGER_AGENT /mnt/kvmm\n"
         "sh /mnt/kvmm/install.sh\n"
         "umount /mnt/kvmm";
}
