/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-agent-iso.h"

#include <glib/gi18n.h>

#include "model/kvmm-agent-iso-private.h"
#include "model/kvmm-connection-private.h"
#include "util/kvmm-lane.h"
#include "util/kvmm-thread.h"

/* ---- where the disc comes from ---- */

typedef struct
{
  char **paths;           /* (owned) */
  char *capabilities_xml; /* (owned) (nullable) of the host that has to read the file */
  KvmmAgentIsoReader reader;
} Search;

static void
search_free (Search *self)
{
  g_strfreev (self->paths);
  g_free (self->capabilities_xml);
  g_free (self);
}

/* Looking at files may hang on a dead network mount, and needs no connection: a lane of its own. */
static KvmmLane *
get_lane (void)
{
  static KvmmLane *lane = NULL;

  if (lane == NULL)
    lane = kvmm_lane_new ("agent-iso", 1);
  return lane;
}

/* Without a connection the kernel says whether libvirt's AppArmor driver would be on. */
static gboolean
kernel_has_apparmor (void)
{
  g_autofree char *text = NULL;

  return g_file_get_contents ("/sys/module/apparmor/parameters/enabled", &text, NULL, NULL) &&
         text[0] == 'Y';
}

static void
search_func (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Search *search = task_data;
  KvmmAgentIsoReader reader = search->reader;

  if (search->capabilities_xml != NULL)
    {
      KvmmXmlCapabilities *capabilities =
          kvmm_xml_capabilities_parse (search->capabilities_xml, NULL);

      reader.has_apparmor = capabilities != NULL && capabilities->has_apparmor;
      g_clear_pointer (&capabilities, kvmm_xml_capabilities_free);
    }
  else
    reader.has_apparmor = kernel_has_apparmor ();
  g_task_return_pointer (task, kvmm_agent_iso_choose ((const char *const *) search->paths, &reader),
                         (GDestroyNotify) g_ptr_array_unref);
}

void
kvmm_agent_iso_resolve_async (KvmmSettings *settings,
                              KvmmConnection *connection,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_SETTINGS (settings));
  g_return_if_fail (connection == NULL || KVMM_IS_CONNECTION (connection));

  const KvmmVirtHost *host = connection != NULL ? kvmm_connection_get_host (connection) : NULL;
  const char *uri = connection != NULL ? kvmm_connection_get_uri (connection) : NULL;
  g_autofree char *path = kvmm_settings_dup_agent_iso_path (settings);
  Search *search = g_new0 (Search, 1);
  if (*path != '\0')
    search->paths = g_strdupv ((char *[]){ path, NULL });
  else
    search->paths = kvmm_settings_dup_agent_iso_search_paths (settings);
  search->capabilities_xml = g_strdup (host != NULL ? host->capabilities_xml : NULL);
  search->reader.is_remote = uri != NULL && !kvmm_virt_uri_is_local (uri);
  search->reader.is_session = uri != NULL && kvmm_virt_uri_is_session (uri);

  g_autoptr (GTask) task = g_task_new (connection, cancellable, callback, user_data);
  g_task_set_source_tag (task, kvmm_agent_iso_resolve_async);
  if (cancellable != NULL)
    g_task_set_return_on_cancel (task, TRUE);
  g_task_set_task_data (task, search, (GDestroyNotify) search_free);
  kvmm_lane_run (get_lane (), task, search_func, G_PRIORITY_DEFAULT);
}

GPtrArray *
kvmm_agent_iso_resolve_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (G_IS_TASK (result), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

char *
kvmm_agent_iso_describe_failure (GPtrArray *candidates)
{
  g_return_val_if_fail (candidates != NULL, NULL);

  if (candidates->len == 0)
    return g_strdup (_ ("No path of an agent disc is set. Set one in Preferences."));
  GString *text = g_string_new (_ ("No agent disc can be used:"));
  for (guint i = 0; i < candidates->len; i++)
    {
      const KvmmAgentIsoCandidate *candidate = candidates->pdata[i];

      g_string_append_printf (text, "\n%s: %s", candidate->path, candidate->reason);
    }
  return g_string_free (text, FALSE);
}

static const KvmmAgentIsoCandidate *
find_taken (GPtrArray *candidates)
{
  for (guint i = 0; i < candidates->len; i++)
    {
      const KvmmAgentIsoCandidate *candidate = candidates->pdata[i];

      if (candidate->verdict == KVMM_AGENT_ISO_TAKEN)
        return candidate;
    }
  return NULL;
}

/* ---- a job on one machine ---- */

void
kvmm_agent_iso_mounted_free (KvmmAgentIsoMounted *self)
{
  if (self == NULL)
    return;
  g_free (self->path);
  g_free (self->version);
  g_free (self->target);
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
  KvmmDomain *domain; /* (owned) */
  char *configured;   /* (owned) (nullable) */
  char *path;         /* (owned) (nullable) real path of the disc */
  char *version;      /* (owned) (nullable) */
  gboolean is_packaged;
  gboolean channel_added;
  gboolean channel_needs_restart;
  KvmmAgentIsoMountFlags flags;
} Job;

static void
job_free (Job *self)
{
  g_object_unref (self->domain);
  g_free (self->configured);
  g_free (self->path);
  g_free (self->version);
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
  order->path = g_strdup (job->path);
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

/* A file of a package keeps its owner and label; any other one libvirt may adapt. */
static KvmmRelabelFlags
get_relabel (const Order *order)
{
  KvmmRelabelFlags relabel = KVMM_RELABEL_DEFAULT;
  KvmmXmlCapabilities *capabilities =
      order->is_packaged && order->capabilities_xml != NULL
          ? kvmm_xml_capabilities_parse (order->capabilities_xml, NULL)
          : NULL;

  if (capabilities != NULL && capabilities->has_dac)
    relabel |= KVMM_RELABEL_NO_DAC;
  if (capabilities != NULL && capabilities->has_selinux)
    relabel |= KVMM_RELABEL_NO_SELINUX;
  g_clear_pointer (&capabilities, kvmm_xml_capabilities_free);
  return relabel;
}

static KvmmAgentIsoMedium
get_medium (const Order *order)
{
  return (KvmmAgentIsoMedium){ .uuid = order->uuid,
                               .name = order->name,
                               .path = order->path,
                               .configured = order->configured,
                               .relabel = get_relabel (order),
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

/* ---- mounting: find the disc, check the drives, add the channel, insert ---- */

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
  if (mounted == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  mounted->version = g_strdup (job->version);
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
  run_on_worker (g_steal_pointer (&task), insert_func, inserted_cb);
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
  if (channel != CHANNEL_NEEDED)
    {
      run_on_worker (g_steal_pointer (&task), insert_func, inserted_cb);
      return;
    }
  GCancellable *cancellable = g_task_get_cancellable (task);
  kvmm_domain_add_channel_async (job->domain, cancellable, channel_added_cb,
                                 g_steal_pointer (&task));
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
  const KvmmAgentIsoCandidate *taken = find_taken (candidates);
  if (taken == NULL)
    {
      g_autofree char *text = kvmm_agent_iso_describe_failure (candidates);

      g_task_return_new_error (task, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_NONE_USABLE, "%s",
                               text);
      return;
    }
  job->path = g_strdup (taken->real_path);
  job->version = g_strdup (taken->version);
  job->is_packaged = taken->is_packaged;
  run_on_worker (g_steal_pointer (&task), check_func, checked_cb);
}

void
kvmm_agent_iso_mount_async (KvmmSettings *settings,
                            KvmmDomain *domain,
                            KvmmAgentIsoMountFlags flags,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_SETTINGS (settings));
  g_return_if_fail (KVMM_IS_DOMAIN (domain));

  GTask *task = job_task_new (settings, domain, flags, kvmm_agent_iso_mount_async, cancellable,
                              callback, user_data);
  if (kvmm_domain_get_connection (domain) == NULL)
    {
      return_deleted (task);
      g_object_unref (task);
      return;
    }
  kvmm_agent_iso_resolve_async (settings, kvmm_domain_get_connection (domain), cancellable,
                                resolved_cb, task);
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
  g_autoptr (GPtrArray) drives = xml != NULL ? kvmm_xml_domain_list_cdroms (xml, NULL) : NULL;
  for (guint i = 0; drives != NULL && i < drives->len; i++)
    {
      const KvmmXmlCdrom *drive = drives->pdata[i];

      if (kvmm_agent_iso_is_agent_disc (drive->source, NULL))
        return g_strdup (drive->target);
    }
  return NULL;
}

const char *
kvmm_agent_iso_get_install_command (void)
{
  return "mkdir -p /mnt/kvmm\n"
         "mount -o ro LABEL=KVMMANAGER_AGENT /mnt/kvmm\n"
         "sh /mnt/kvmm/install.sh\n"
         "umount /mnt/kvmm";
}
