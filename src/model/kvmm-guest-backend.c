/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-guest-backend.h"

#include <glib/gi18n.h>

#include "model/kvmm-connection-private.h"
#include "virt/kvmm-virt-stream.h"

/* The target is a KvmmDomain. Workers get its UUID as text, never the object. */

typedef struct
{
  char *uuid;
  gboolean take_over;
} Call;

static void
call_free (Call *call)
{
  g_free (call->uuid);
  g_free (call);
}

static void
run (KvmmDomain *domain,
     KvmmConnectionLane lane,
     gboolean take_over,
     KvmmConnectionFunc func,
     GTask *task)
{
  KvmmConnection *connection = kvmm_domain_get_connection (domain);
  Call *call;

  if (connection == NULL)
    {
      g_task_return_new_error (task, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_CONNECTION_LOST,
                               _ ("There is no connection to the host of “%s”"),
                               kvmm_domain_get_name (domain));
      return;
    }
  call = g_new0 (Call, 1);
  call->uuid = g_strdup (kvmm_domain_get_uuid (domain));
  call->take_over = take_over;
  kvmm_connection_run (connection, lane, G_PRIORITY_LOW, task, func, call,
                       (GDestroyNotify) call_free);
}

static gpointer
propagate (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- the channel ---- */

static void
open_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  Call *call = data;
  GError *error = NULL;
  KvmmVirtStreamHandle *handle = kvmm_virt_open_channel (
      connect, call->uuid, KVMM_AGENT_CHANNEL_NAME, call->take_over, &error);

  if (handle == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, handle, (GDestroyNotify) kvmm_virt_stream_handle_free);
}

static void
open_async (gpointer target,
            gboolean take_over,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (target, cancellable, callback, user_data);

  g_task_set_source_tag (task, open_async);
  run (target, KVMM_CONNECTION_LANE_AGENT, take_over, open_func, task);
}

static GIOStream *
open_finish (gpointer target, GAsyncResult *result, GError **error)
{
  KvmmVirtStreamHandle *handle = propagate (result, error);

  return handle != NULL ? G_IO_STREAM (kvmm_virt_stream_new (handle)) : NULL;
}

/* ---- other sources ---- */

static void
qga_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  Call *call = data;
  GError *error = NULL;
  KvmmQgaFacts *facts = kvmm_virt_domain_read_qga (connect, call->uuid, &error);

  if (facts == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, facts, (GDestroyNotify) kvmm_qga_facts_free);
}

static void
read_qga_async (gpointer target,
                GCancellable *cancellable,
                GAsyncReadyCallback callback,
                gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (target, cancellable, callback, user_data);

  g_task_set_source_tag (task, read_qga_async);
  run (target, KVMM_CONNECTION_LANE_SLOW, FALSE, qga_func, task);
}

static KvmmQgaFacts *
read_qga_finish (gpointer target, GAsyncResult *result, GError **error)
{
  return propagate (result, error);
}

static void
addresses_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  Call *call = data;
  GError *error = NULL;
  GPtrArray *interfaces = kvmm_virt_domain_read_addresses (connect, call->uuid, &error);

  if (interfaces == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, interfaces, (GDestroyNotify) g_ptr_array_unref);
}

static void
read_addresses_async (gpointer target,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (target, cancellable, callback, user_data);

  g_task_set_source_tag (task, read_addresses_async);
  run (target, KVMM_CONNECTION_LANE_QUERY, FALSE, addresses_func, task);
}

static GPtrArray *
read_addresses_finish (gpointer target, GAsyncResult *result, GError **error)
{
  return propagate (result, error);
}

/* ---- the rest ---- */

static void
reread (gpointer target)
{
  KvmmConnection *connection = kvmm_domain_get_connection (target);

  if (connection != NULL)
    kvmm_connection_reread (connection, kvmm_domain_get_uuid (target));
}

static void
add_log (gpointer target, const char *word, const char *text)
{
  kvmm_log_add (kvmm_domain_get_log (target), 0, word, text);
}

static guint
get_interval_ms (gpointer target)
{
  KvmmConnection *connection = kvmm_domain_get_connection (target);

  return connection != NULL ? kvmm_connection_get_stats_interval_ms (connection)
                            : KVMM_GUEST_INTERVAL_MS;
}

static gboolean
is_on_demand (gpointer target)
{
  KvmmConnection *connection = kvmm_domain_get_connection (target);

  return connection != NULL && kvmm_connection_get_guests_on_demand (connection);
}

static GObject *
get_owner (gpointer target)
{
  return (GObject *) kvmm_domain_get_connection (target);
}

const KvmmGuestBackend kvmm_guest_libvirt_backend = {
  .open_async = open_async,
  .open_finish = open_finish,
  .read_qga_async = read_qga_async,
  .read_qga_finish = read_qga_finish,
  .read_addresses_async = read_addresses_async,
  .read_addresses_finish = read_addresses_finish,
  .reread = reread,
  .add_log = add_log,
  .get_interval_ms = get_interval_ms,
  .is_on_demand = is_on_demand,
  .get_owner = get_owner,
};
