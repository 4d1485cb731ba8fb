/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-call.h"

#include "agent/kvmm-agent-field.h"

typedef struct
{
  const KvmmAgentCall *call; /* (unowned) */
  gpointer data;             /* (owned) (nullable) */
  GDestroyNotify free_data;  /* (nullable) */
} Context;

static void
context_free (gpointer data)
{
  Context *context = data;

  if (context->free_data != NULL)
    context->free_data (context->data);
  g_free (context);
}

static void
reply_cb (JsonObject *result, const GError *reply_error, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  KvmmAgentClient *self = g_task_get_source_object (task);
  Context *context = g_task_get_task_data (task);
  const KvmmAgentCall *call = context->call;
  gpointer value = NULL;
  GError *error = NULL;

  if (reply_error != NULL)
    {
      g_task_return_error (task, g_error_copy (reply_error));
      return;
    }
  if (call->parse != NULL)
    value = call->parse (result, &error);
  if (value != NULL && call->take != NULL)
    value = call->take (self, value, context->data, &error);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, value, call->free);
}

void
kvmm_agent_call_start_full (KvmmAgentClient *self,
                            const KvmmAgentCall *call,
                            JsonObject *params,
                            guint extra_ms,
                            gpointer data,
                            GDestroyNotify free_data,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  guint timeout_ms = MAX (call->patience, 1) * self->intervals.request + extra_ms;
  Context *context = g_new0 (Context, 1);
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  context->call = call;
  context->data = data;
  context->free_data = free_data;
  g_task_set_source_tag (task, (gpointer) call);
  g_task_set_name (task, call->method);
  g_task_set_task_data (task, context, context_free);
  kvmm_agent_requests_send_within (self->requests, call->method, params, call->kind, timeout_ms,
                                   cancellable, reply_cb, task);
}

void
kvmm_agent_call_start (KvmmAgentClient *self,
                       const KvmmAgentCall *call,
                       JsonObject *params,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
  kvmm_agent_call_start_full (self, call, params, 0, NULL, NULL, cancellable, callback, user_data);
}

gboolean
kvmm_agent_call_finish (KvmmAgentClient *self,
                        const KvmmAgentCall *call,
                        GAsyncResult *result,
                        gpointer *value,
                        GError **error)
{
  g_autoptr (GError) local = NULL;
  gpointer got;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_task_get_source_tag (G_TASK (result)) == call, FALSE);

  got = g_task_propagate_pointer (G_TASK (result), &local);
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (value != NULL)
    *value = got;
  else if (got != NULL && call->free != NULL)
    call->free (got);
  return TRUE;
}

GPtrArray *
kvmm_agent_call_finish_listing (KvmmAgentClient *self,
                                const KvmmAgentCall *call,
                                GAsyncResult *result,
                                KvmmGuestListInfo *info,
                                char **manager,
                                GError **error)
{
  g_autoptr (KvmmAgentListing) listing = NULL;
  gpointer value;

  if (!kvmm_agent_call_finish (self, call, result, &value, error))
    return NULL;
  listing = value;
  if (info != NULL)
    *info = listing->info;
  if (manager != NULL)
    *manager = g_steal_pointer (&listing->manager);
  return g_steal_pointer (&listing->rows);
}

KvmmAgentStream *
kvmm_agent_call_claim (
    KvmmAgentClient *self, const char *method, guint id, KvmmAgentFlowFlags flags, GError **error)
{
  KvmmAgentStream *stream;

  if (kvmm_agent_gate_has (method))
    flags |= KVMM_AGENT_FLOW_GATED;
  stream = kvmm_agent_streams_claim (self->streams, id, flags);
  if (stream == NULL)
    kvmm_agent_fields_invalid (error, method, "stream", "new stream");
  return stream;
}
