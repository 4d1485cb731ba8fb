/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>

#include "model/kvmm-agent-iso-private.h"
#include "model/kvmm-connection-private.h"
#include "util/kvmm-lane.h"
#include "util/kvmm-thread.h"

/* Looking for the disc: at files here, at storage pools there. */

/* ---- the files of the settings ---- */

/* Looking at files may hang on a dead network mount, and needs no connection: a lane of its own. */
static KvmmLane *
get_lane (void)
{
  static KvmmLane *lane = NULL;

  if (lane == NULL)
    lane = kvmm_lane_new ("agent-iso", 1);
  return lane;
}

static void
probe_func (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  g_task_return_pointer (task, kvmm_agent_iso_probe_all (task_data),
                         (GDestroyNotify) g_ptr_array_unref);
}

void
kvmm_agent_iso_probe_async (KvmmSettings *settings,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_autofree char *path = kvmm_settings_dup_agent_iso_path (settings);
  char **paths = *path != '\0' ? g_strdupv ((char *[]){ path, NULL })
                               : kvmm_settings_dup_agent_iso_search_paths (settings);
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, kvmm_agent_iso_probe_async);
  if (cancellable != NULL)
    g_task_set_return_on_cancel (task, TRUE);
  g_task_set_task_data (task, paths, (GDestroyNotify) g_strfreev);
  kvmm_lane_run (get_lane (), task, probe_func, G_PRIORITY_DEFAULT);
}

GPtrArray *
kvmm_agent_iso_probe_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- who has to read them ---- */

/* Without a connection the kernel says whether libvirt's AppArmor driver would be on. */
static gboolean
kernel_has_apparmor (void)
{
  g_autofree char *text = NULL;

  return g_file_get_contents ("/sys/module/apparmor/parameters/enabled", &text, NULL, NULL) &&
         text[0] == 'Y';
}

static KvmmAgentIsoReader
get_reader (KvmmConnection *connection)
{
  const KvmmVirtHost *host = connection != NULL ? kvmm_connection_get_host (connection) : NULL;
  const char *uri = connection != NULL ? kvmm_connection_get_uri (connection) : NULL;
  const char *capabilities_xml = host != NULL ? host->capabilities_xml : NULL;
  KvmmAgentIsoReader reader = kvmm_agent_iso_reader_for (uri, capabilities_xml);

  if (capabilities_xml == NULL && !reader.is_remote)
    reader.has_apparmor = kernel_has_apparmor ();
  return reader;
}

/* ---- resolving ---- */

typedef struct
{
  KvmmConnection *connection; /* (owned) (nullable) */
  KvmmAgentIsoHost *host;     /* (owned) (nullable) */
  KvmmAgentIsoReader reader;
  GPtrArray *probes; /* (owned) (nullable) */
} Search;

static void
search_free (Search *self)
{
  g_clear_object (&self->connection);
  g_clear_pointer (&self->host, kvmm_agent_iso_host_free);
  g_clear_pointer (&self->probes, g_ptr_array_unref);
  g_free (self);
}

static void
return_choice (GTask *task)
{
  Search *search = g_task_get_task_data (task);

  g_task_return_pointer (task,
                         kvmm_agent_iso_choose (search->probes, &search->reader, search->host),
                         (GDestroyNotify) g_ptr_array_unref);
}

static void
look_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  KvmmAgentIsoHost **host = data;

  kvmm_agent_iso_look_at_host (connect, *host, cancellable);
  g_task_return_pointer (task, g_steal_pointer (host), (GDestroyNotify) kvmm_agent_iso_host_free);
}

static void
looked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  Search *search = g_task_get_task_data (task);
  g_autoptr (KvmmAgentIsoHost) host = g_task_propagate_pointer (G_TASK (result), &error);

  if (host == NULL && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  if (host == NULL)
    search->host->problem = g_strdup (error->message);
  else
    {
      kvmm_agent_iso_host_free (search->host);
      search->host = g_steal_pointer (&host);
    }
  return_choice (task);
}

static void
host_slot_free (KvmmAgentIsoHost **slot)
{
  kvmm_agent_iso_host_free (*slot);
  g_free (slot);
}

static void
probed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  Search *search = g_task_get_task_data (task);

  search->probes = kvmm_agent_iso_probe_finish (result, &error);
  if (search->probes == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  if (search->host == NULL || g_strcmp0 (search->host->driver, "QEMU") != 0)
    {
      return_choice (task);
      return;
    }
  KvmmAgentIsoHost **slot = g_new0 (KvmmAgentIsoHost *, 1);
  *slot = kvmm_agent_iso_host_copy (search->host);
  g_autoptr (GTask) call = g_task_new (search->connection, g_task_get_cancellable (task), looked_cb,
                                       g_object_ref (task));
  g_task_set_source_tag (call, kvmm_agent_iso_look_at_host);
  kvmm_connection_run (search->connection, KVMM_CONNECTION_LANE_BULK, G_PRIORITY_DEFAULT, call,
                       look_func, slot, (GDestroyNotify) host_slot_free);
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

  Search *search = g_new0 (Search, 1);
  search->reader = get_reader (connection);
  if (connection != NULL)
    search->connection = g_object_ref (connection);
  if (connection != NULL && kvmm_connection_get_state (connection) == KVMM_CONNECTION_CONNECTED)
    search->host = kvmm_agent_iso_host_new (settings, connection);

  g_autoptr (GTask) task = g_task_new (connection, cancellable, callback, user_data);
  g_task_set_source_tag (task, kvmm_agent_iso_resolve_async);
  g_task_set_task_data (task, search, (GDestroyNotify) search_free);
  kvmm_agent_iso_probe_async (settings, cancellable, probed_cb, g_object_ref (task));
}

GPtrArray *
kvmm_agent_iso_resolve_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (G_IS_TASK (result), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}
