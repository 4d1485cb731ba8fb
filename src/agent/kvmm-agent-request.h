/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "agent/kvmm-agent-client.h"

G_BEGIN_DECLS

/* The requests in flight of one client: each completes exactly once, by its reply, its deadline,
 * its cancellable or the end of the session. Main thread only. */

typedef struct _KvmmAgentRequests KvmmAgentRequests;

typedef enum
{
  KVMM_AGENT_REQUEST_READS,
  KVMM_AGENT_REQUEST_CHANGES, /* lost without an answer its outcome is unknown */
} KvmmAgentRequestKind;

/**
 * KvmmAgentReplyFunc:
 * @result: (nullable): what the guest answered, not yet looked at; %NULL for a PING
 * @error: (nullable): KVMM_AGENT_ERROR or G_IO_ERROR_CANCELLED; %NULL on success
 */
typedef void (*KvmmAgentReplyFunc) (JsonObject *result, const GError *error, gpointer user_data);

KvmmAgentRequests *kvmm_agent_requests_new (KvmmAgentClient *client /* (unowned) */);
/** kvmm_agent_requests_free: every request must have completed */
void kvmm_agent_requests_free (KvmmAgentRequests *self);

/**
 * kvmm_agent_requests_send:
 * @method: (scope forever)
 * @params: (nullable) (transfer full): the parameters; %NULL for none
 * @func: called exactly once, also when the request cannot be sent (then before this returns)
 */
void kvmm_agent_requests_send (KvmmAgentRequests *self,
                               const char *method,
                               JsonObject *params,
                               KvmmAgentRequestKind kind,
                               GCancellable *cancellable,
                               KvmmAgentReplyFunc func,
                               gpointer user_data);

/** kvmm_agent_requests_send_within: the same; @timeout_ms: 0 for the ordinary deadline */
void kvmm_agent_requests_send_within (KvmmAgentRequests *self,
                                      const char *method,
                                      JsonObject *params,
                                      KvmmAgentRequestKind kind,
                                      guint timeout_ms,
                                      GCancellable *cancellable,
                                      KvmmAgentReplyFunc func,
                                      gpointer user_data);

/** kvmm_agent_requests_wait_pong: completes with the next PONG instead of a reply */
void kvmm_agent_requests_wait_pong (KvmmAgentRequests *self,
                                    GCancellable *cancellable,
                                    KvmmAgentReplyFunc func,
                                    gpointer user_data);

typedef enum
{
  KVMM_AGENT_REPLY_TAKEN,
  KVMM_AGENT_REPLY_LATE,       /* to a request that was given up or answered before */
  KVMM_AGENT_REPLY_INVALID,    /* no reply at all */
  KVMM_AGENT_REPLY_UNKNOWN,    /* to a request that was never sent in this session */
  KVMM_AGENT_REPLY_BAD_STREAM, /* names a stream that cannot be new */
} KvmmAgentReply;
/** kvmm_agent_requests_reply: @body: passed the scanner */
KvmmAgentReply kvmm_agent_requests_reply (KvmmAgentRequests *self, JsonObject *body);
void kvmm_agent_requests_pong (KvmmAgentRequests *self);

/** kvmm_agent_requests_end_session: every request completes with CLOSED or OUTCOME_UNKNOWN */
void kvmm_agent_requests_end_session (KvmmAgentRequests *self);

/** kvmm_agent_requests_end_gated: those under the host's lock complete with NOT_ALLOWED */
void kvmm_agent_requests_end_gated (KvmmAgentRequests *self);

/** kvmm_agent_requests_map_code: Returns: the error for a code of the wire; in FAILED for others */
KvmmAgentError kvmm_agent_requests_map_code (gint64 code);

/** kvmm_agent_requests_due: completes those whose deadline has passed */
void kvmm_agent_requests_due (KvmmAgentRequests *self);

/** kvmm_agent_requests_get_count: Returns: requests in flight, PINGs not counted */
guint kvmm_agent_requests_get_count (KvmmAgentRequests *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmAgentRequests, kvmm_agent_requests_free)

G_END_DECLS
