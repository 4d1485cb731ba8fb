/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "agent/kvmm-agent-client-private.h"

G_BEGIN_DECLS

/* What the typed calls have in common: one request, one schema, one task. Main thread only. */

/* (transfer full); any type that the call's free function knows */
typedef gpointer (*KvmmAgentParseFunc) (JsonObject *result, GError **error);
/* Turns what was parsed into what the caller gets; takes @parsed */
typedef gpointer (*KvmmAgentTakeFunc) (KvmmAgentClient *client,
                                       gpointer parsed,
                                       gpointer data,
                                       GError **error);

typedef struct
{
  const char *method;
  KvmmAgentRequestKind kind;
  guint patience;           /* deadlines of an ordinary request; 0: one */
  KvmmAgentParseFunc parse; /* (nullable): only whether it succeeded counts */
  KvmmAgentTakeFunc take;   /* (nullable) */
  GDestroyNotify free;      /* (nullable) of what the caller gets */
} KvmmAgentCall;

/* Takes @params. @call: (scope forever); @extra_ms: on top of the deadline; @data: (transfer full)
 * (nullable): for take, freed with @free_data after it */
void kvmm_agent_call_start_full (KvmmAgentClient *self,
                                 const KvmmAgentCall *call,
                                 JsonObject *params,
                                 guint extra_ms,
                                 gpointer data,
                                 GDestroyNotify free_data,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
void kvmm_agent_call_start (KvmmAgentClient *self,
                            const KvmmAgentCall *call,
                            JsonObject *params,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
gboolean kvmm_agent_call_finish (KvmmAgentClient *self,
                                 const KvmmAgentCall *call,
                                 GAsyncResult *result,
                                 gpointer *value,
                                 GError **error);
/* Returns: (transfer full): the rows of a KvmmAgentListing; @info, @manager: (out) (nullable) */
GPtrArray *kvmm_agent_call_finish_listing (KvmmAgentClient *self,
                                           const KvmmAgentCall *call,
                                           GAsyncResult *result,
                                           KvmmGuestListInfo *info,
                                           char **manager,
                                           GError **error);

/* The stream that a reply named; %NULL with INVALID_REPLY when there is none */
KvmmAgentStream *kvmm_agent_call_claim (
    KvmmAgentClient *self, const char *method, guint id, KvmmAgentFlowFlags flags, GError **error);

G_END_DECLS
