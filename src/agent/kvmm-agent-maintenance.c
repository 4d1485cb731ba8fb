/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-maintenance.h"

#include "agent/kvmm-agent-call.h"
#include "protocol/kvma-names.h"

/* Times the ordinary ten seconds. */
#define TRIM_PATIENCE 60
#define FREEZE_PATIENCE 6

/* ---- disks ---- */

static gpointer
parse_disks (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_disks (result, error);
}

static const KvmmAgentCall disk_stats = {
  .method = KVMA_METHOD_DISK_STATS,
  .parse = parse_disks,
  .free = (GDestroyNotify) kvmm_agent_listing_free,
};

void
kvmm_agent_client_disk_stats_async (KvmmAgentClient *self,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));

  kvmm_agent_call_start (self, &disk_stats, NULL, cancellable, callback, user_data);
}

GPtrArray *
kvmm_agent_client_disk_stats_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error)
{
  return kvmm_agent_call_finish_listing (self, &disk_stats, result, NULL, NULL, error);
}

static gpointer
parse_trims (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_trims (result, error);
}

static const KvmmAgentCall trim = {
  .method = KVMA_METHOD_FS_TRIM,
  .kind = KVMM_AGENT_REQUEST_CHANGES,
  .patience = TRIM_PATIENCE,
  .parse = parse_trims,
  .free = (GDestroyNotify) kvmm_agent_listing_free,
};

void
kvmm_agent_client_trim_async (KvmmAgentClient *self,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));

  kvmm_agent_call_start (self, &trim, NULL, cancellable, callback, user_data);
}

GPtrArray *
kvmm_agent_client_trim_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error)
{
  return kvmm_agent_call_finish_listing (self, &trim, result, NULL, NULL, error);
}

/* ---- freeze ---- */

static gpointer
parse_frozen (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_frozen (result, error);
}

static const KvmmAgentCall freeze = {
  .method = KVMA_METHOD_FS_FREEZE,
  .kind = KVMM_AGENT_REQUEST_CHANGES,
  .patience = FREEZE_PATIENCE,
  .parse = parse_frozen,
  .free = (GDestroyNotify) kvmm_agent_frozen_free,
};

void
kvmm_agent_client_freeze_async (KvmmAgentClient *self,
                                guint timeout_ms,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  JsonObject *params;

  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));

  timeout_ms = CLAMP (timeout_ms, KVMA_FREEZE_MIN_MS, KVMA_FREEZE_MAX_MS);
  params = json_object_new ();
  json_object_set_int_member (params, "timeout_ms", timeout_ms);
  kvmm_agent_call_start_full (self, &freeze, params, timeout_ms, NULL, NULL, cancellable, callback,
                              user_data);
}

char *
kvmm_agent_client_freeze_finish (KvmmAgentClient *self,
                                 GAsyncResult *result,
                                 guint *n_frozen,
                                 GError **error)
{
  g_autoptr (KvmmAgentFrozen) frozen = NULL;
  gpointer value;

  if (!kvmm_agent_call_finish (self, &freeze, result, &value, error))
    return NULL;
  frozen = value;
  if (n_frozen != NULL)
    *n_frozen = frozen->n_frozen;
  return g_steal_pointer (&frozen->token);
}

static const KvmmAgentCall thaw = {
  .method = KVMA_METHOD_FS_THAW,
  .kind = KVMM_AGENT_REQUEST_CHANGES,
  .patience = FREEZE_PATIENCE,
};

void
kvmm_agent_client_thaw_async (KvmmAgentClient *self,
                              const char *token,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  JsonObject *params;

  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));
  g_return_if_fail (token != NULL);

  params = json_object_new ();
  json_object_set_string_member (params, "token", token);
  kvmm_agent_call_start (self, &thaw, params, cancellable, callback, user_data);
}

gboolean
kvmm_agent_client_thaw_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error)
{
  return kvmm_agent_call_finish (self, &thaw, result, NULL, error);
}

/* ---- clock and suspend ---- */

static gpointer
parse_delta (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_delta (result, error);
}

static const KvmmAgentCall set_time = {
  .method = KVMA_METHOD_TIME_SET,
  .kind = KVMM_AGENT_REQUEST_CHANGES,
  .parse = parse_delta,
  .free = g_free,
};

void
kvmm_agent_client_set_time_async (KvmmAgentClient *self,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  JsonObject *params;

  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));

  params = json_object_new ();
  json_object_set_int_member (params, "realtime_us", g_get_real_time ());
  kvmm_agent_call_start (self, &set_time, params, cancellable, callback, user_data);
}

gboolean
kvmm_agent_client_set_time_finish (KvmmAgentClient *self,
                                   GAsyncResult *result,
                                   gint64 *delta_us,
                                   GError **error)
{
  g_autofree gint64 *delta = NULL;
  gpointer value;

  if (!kvmm_agent_call_finish (self, &set_time, result, &value, error))
    return FALSE;
  delta = value;
  if (delta_us != NULL)
    *delta_us = *delta;
  return TRUE;
}

static const KvmmAgentCall suspend = {
  .method = KVMA_METHOD_POWER_SUSPEND,
  .kind = KVMM_AGENT_REQUEST_CHANGES,
};

void
kvmm_agent_client_suspend_async (KvmmAgentClient *self,
                                 KvmmAgentSuspendTarget target,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  JsonObject *params;

  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));

  params = json_object_new ();
  json_object_set_string_member (params, "target",
                                 target == KVMM_AGENT_SUSPEND_DISK ? "disk" : "ram");
  kvmm_agent_call_start (self, &suspend, params, cancellable, callback, user_data);
}

gboolean
kvmm_agent_client_suspend_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error)
{
  return kvmm_agent_call_finish (self, &suspend, result, NULL, error);
}

/* ---- accounts ---- */

static const KvmmAgentCall set_password = {
  .method = KVMA_METHOD_USER_SET_PASSWORD,
  .kind = KVMM_AGENT_REQUEST_CHANGES,
};

void
kvmm_agent_client_set_password_async (KvmmAgentClient *self,
                                      const char *user,
                                      const char *crypt_hash,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  JsonObject *params;

  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));
  g_return_if_fail (user != NULL && crypt_hash != NULL);

  params = json_object_new ();
  json_object_set_string_member (params, "user", user);
  json_object_set_string_member (params, "crypt_hash", crypt_hash);
  kvmm_agent_call_start (self, &set_password, params, cancellable, callback, user_data);
}

gboolean
kvmm_agent_client_set_password_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error)
{
  return kvmm_agent_call_finish (self, &set_password, result, NULL, error);
}

static gpointer
parse_keys (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_ssh_keys (result, error);
}

static const KvmmAgentCall ssh_keys = {
  .method = KVMA_METHOD_SSH_KEYS,
  .kind = KVMM_AGENT_REQUEST_CHANGES,
  .parse = parse_keys,
  .free = (GDestroyNotify) g_strfreev,
};

static const char *
keys_action_word (KvmmAgentKeysAction action)
{
  switch (action)
    {
    case KVMM_AGENT_KEYS_ADD:
      return "add";
    case KVMM_AGENT_KEYS_REMOVE:
      return "remove";
    case KVMM_AGENT_KEYS_LIST:
      break;
    }
  return "list";
}

void
kvmm_agent_client_ssh_keys_async (KvmmAgentClient *self,
                                  const char *user,
                                  KvmmAgentKeysAction action,
                                  const char *const *keys,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  JsonObject *params;
  JsonArray *array;

  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));
  g_return_if_fail (user != NULL);

  params = json_object_new ();
  json_object_set_string_member (params, "user", user);
  json_object_set_string_member (params, "action", keys_action_word (action));
  if (action != KVMM_AGENT_KEYS_LIST)
    {
      array = json_array_new ();
      for (guint i = 0; keys != NULL && keys[i] != NULL; i++)
        json_array_add_string_element (array, keys[i]);
      json_object_set_array_member (params, "keys", array);
    }
  kvmm_agent_call_start (self, &ssh_keys, params, cancellable, callback, user_data);
}

char **
kvmm_agent_client_ssh_keys_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error)
{
  gpointer value = NULL;

  kvmm_agent_call_finish (self, &ssh_keys, result, &value, error);
  return value;
}
