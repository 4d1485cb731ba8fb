/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-client-private.h"

#include "protocol/kvma-names.h"

/* The requests that a person can cause. */

static void
task_done (JsonObject *result, const GError *error, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else
    g_task_return_boolean (task, TRUE);
}

void
kvmm_agent_client_ping_async (KvmmAgentClient *self,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  GTask *task;

  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, kvmm_agent_client_ping_async);
  kvmm_agent_requests_wait_pong (self->requests, cancellable, task_done, task);
}

gint64
kvmm_agent_client_ping_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), -1);

  return g_task_propagate_boolean (G_TASK (result), error) ? self->round_trip_us : -1;
}

static const char *
power_mode_word (KvmmAgentPowerMode mode)
{
  switch (mode)
    {
    case KVMM_AGENT_POWER_REBOOT:
      return "reboot";
    case KVMM_AGENT_POWER_HALT:
      return "halt";
    case KVMM_AGENT_POWER_OFF:
      break;
    }
  return "poweroff";
}

void
kvmm_agent_client_power_async (KvmmAgentClient *self,
                               KvmmAgentPowerMode mode,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  JsonObject *params;
  GTask *task;

  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, kvmm_agent_client_power_async);
  params = json_object_new ();
  json_object_set_string_member (params, "mode", power_mode_word (mode));
  kvmm_agent_requests_send (self->requests, KVMA_METHOD_POWER_SHUTDOWN, params,
                            KVMM_AGENT_REQUEST_CHANGES, cancellable, task_done, task);
}

gboolean
kvmm_agent_client_power_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
