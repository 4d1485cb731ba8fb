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

/* ---- what the QEMU guest agent does ---- */

typedef struct
{
  KvmmGuestQgaCall call;
  char *uuid;
  char *user;       /* (nullable) */
  char *crypt_hash; /* (nullable) */
} QgaCall;

static void
qga_call_free (QgaCall *call)
{
  g_free (call->uuid);
  g_free (call->user);
  g_free (call->crypt_hash);
  g_free (call);
}

/* Worker. */
static void
call_qga_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  QgaCall *call = data;
  GError *error = NULL;
  gssize n = -1;

  switch (call->call)
    {
    case KVMM_GUEST_QGA_FREEZE:
      n = kvmm_virt_domain_freeze_qga (connect, call->uuid, &error);
      break;
    case KVMM_GUEST_QGA_THAW:
      n = kvmm_virt_domain_thaw_qga (connect, call->uuid, &error);
      break;
    case KVMM_GUEST_QGA_SET_PASSWORD:
      n = kvmm_virt_domain_set_password_qga (connect, call->uuid, call->user, call->crypt_hash,
                                             &error)
              ? 0
              : -1;
      break;
    }
  if (n < 0)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, n);
}

static void
call_qga_async (gpointer target,
                KvmmGuestQgaCall which,
                const char *user,
                const char *crypt_hash,
                GAsyncReadyCallback callback,
                gpointer user_data)
{
  KvmmConnection *connection = kvmm_domain_get_connection (target);
  g_autoptr (GTask) task = g_task_new (target, NULL, callback, user_data);
  QgaCall *call;

  g_task_set_source_tag (task, call_qga_async);
  if (connection == NULL)
    {
      g_task_return_new_error (task, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT,
                               _ ("“%s” was deleted."), kvmm_domain_get_name (target));
      return;
    }
  call = g_new0 (QgaCall, 1);
  call->call = which;
  call->uuid = g_strdup (kvmm_domain_get_uuid (target));
  call->user = g_strdup (user);
  call->crypt_hash = g_strdup (crypt_hash);
  /* Above the reads of facts: somebody waits, and a frozen guest must not wait for them. */
  kvmm_connection_run (connection, KVMM_CONNECTION_LANE_SLOW, G_PRIORITY_HIGH, task, call_qga_func,
                       call, (GDestroyNotify) qga_call_free);
}

static gssize
call_qga_finish (gpointer target, GAsyncResult *result, GError **error)
{
  return g_task_propagate_int (G_TASK (result), error);
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

/* ---- the switch of this machine ---- */

static gboolean
get_control_allowed (gpointer target)
{
  KvmmConnection *connection = kvmm_domain_get_connection (target);

  return connection != NULL &&
         kvmm_settings_get_guest_control (kvmm_connection_get_settings (connection),
                                          kvmm_connection_get_uri (connection),
                                          kvmm_domain_get_uuid (target));
}

static void
stored_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;

  if (kvmm_settings_set_guest_control_finish (KVMM_SETTINGS (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

static void
store_control_allowed_async (gpointer target,
                             gboolean allowed,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  KvmmConnection *connection = kvmm_domain_get_connection (target);
  g_autoptr (GTask) task = g_task_new (target, NULL, callback, user_data);

  g_task_set_source_tag (task, store_control_allowed_async);
  if (connection == NULL)
    g_task_return_new_error (task, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT,
                             _ ("“%s” was deleted."), kvmm_domain_get_name (target));
  else
    kvmm_settings_set_guest_control_async (
        kvmm_connection_get_settings (connection), kvmm_connection_get_uri (connection),
        kvmm_domain_get_uuid (target), allowed, NULL, stored_cb, g_steal_pointer (&task));
}

static gboolean
store_control_allowed_finish (gpointer target, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
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
  .get_control_allowed = get_control_allowed,
  .store_control_allowed_async = store_control_allowed_async,
  .store_control_allowed_finish = store_control_allowed_finish,
  .call_qga_async = call_qga_async,
  .call_qga_finish = call_qga_finish,
};
