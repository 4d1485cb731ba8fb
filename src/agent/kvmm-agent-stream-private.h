/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <json-glib/json-glib.h>

#include "agent/kvmm-agent-ring.h"
#include "agent/kvmm-agent-stream.h"
#include "protocol/kvma-session.h"

G_BEGIN_DECLS

/* The inside of streams: the flow that a stream's two halves share with the table of its session,
 * and that table. Main thread only. */

/* Bytes that wait for credit or room, per stream: two full frames. */
#define KVMM_AGENT_FLOW_OUT_MAX (2 * KVMA_PAYLOAD_MAX)
/* What each stream may hold whatever the others do: sixteen of them are the sum of all. */
#define KVMM_AGENT_FLOW_WINDOW_MIN (KVMA_STREAMS_TO_HOST_MAX / KVMA_STREAMS_MAX)

typedef enum
{
  KVMM_AGENT_FLOW_READS = 0,
  KVMM_AGENT_FLOW_WRITES = 1 << 0,  /* the guest takes bytes on it */
  KVMM_AGENT_FLOW_CHANGES = 1 << 1, /* lost without an end its outcome is unknown */
  KVMM_AGENT_FLOW_BULK = 1 << 2,    /* much is expected: a larger window */
  KVMM_AGENT_FLOW_GATED = 1 << 3,   /* under the host's own lock */
} KvmmAgentFlowFlags;

typedef struct _KvmmAgentStreams KvmmAgentStreams;
typedef struct _KvmmAgentFlow KvmmAgentFlow;

struct _KvmmAgentFlow
{
  KvmmAgentStreams *owner; /* (unowned) (nullable) until the guest closed it or the session ended */
  guint32 id;
  KvmmAgentFlowFlags flags;
  gboolean is_claimed; /* a KvmmAgentStream was made of it */

  KvmmAgentRing in;
  guint32 granted; /* credit that the guest has not used */
  guint32 window;  /* what it may hold of credit and bytes in @in */
  gboolean has_read;
  gboolean in_ended; /* the guest's END */

  KvmmAgentRing out;
  guint32 credit;
  gboolean out_ending; /* the output half was closed */
  gboolean out_ended;  /* END was sent */

  guint64 bytes;           /* payload, both directions */
  gboolean is_closed;      /* by us; nobody wants it */
  gboolean close_due;      /* and the guest could not be told yet */
  gboolean is_lost;        /* the session ended first */
  GError *error;           /* (owned) (nullable) why it ended */
  KvmmAgentStreamEnd *end; /* (owned) (nullable) how it ended */
  GList *waiters;          /* (owned) of its end */
};

KvmmAgentFlow *kvmm_agent_flow_new (KvmmAgentStreams *owner, guint32 id);
KvmmAgentFlow *kvmm_agent_flow_ref (KvmmAgentFlow *self);
void kvmm_agent_flow_unref (KvmmAgentFlow *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmAgentFlow, kvmm_agent_flow_unref)

gboolean kvmm_agent_flow_is_readable (const KvmmAgentFlow *self);
gboolean kvmm_agent_flow_is_writable (const KvmmAgentFlow *self);
/* Never block: G_IO_ERROR_WOULD_BLOCK */
gssize kvmm_agent_flow_read (KvmmAgentFlow *self, void *buffer, gsize count, GError **error);
gssize kvmm_agent_flow_write (KvmmAgentFlow *self, const void *buffer, gsize count, GError **error);
void kvmm_agent_flow_end_output (KvmmAgentFlow *self);
/* Nobody wants it any more. @error: (transfer full) (nullable): what readers and waiters are told
 * now; without one the waiters wait for the guest's word */
void kvmm_agent_flow_close (KvmmAgentFlow *self, GError *error);
/* It is over. @error: (transfer full) (nullable); @end: (transfer full) (nullable) */
void kvmm_agent_flow_finish (KvmmAgentFlow *self, GError *error, KvmmAgentStreamEnd *end);
/* Takes @task: completes it with the end */
void kvmm_agent_flow_wait (KvmmAgentFlow *self, GTask *task);

/* Takes @flow */
KvmmAgentStream *kvmm_agent_stream_new (KvmmAgentFlow *flow);
GInputStream *kvmm_agent_stream_input_new (KvmmAgentFlow *flow);
GOutputStream *kvmm_agent_stream_output_new (KvmmAgentFlow *flow);

/* ---- the table ---- */

struct _KvmmAgentClient;

KvmmAgentStreams *kvmm_agent_streams_new (struct _KvmmAgentClient *client /* (unowned) */);
void kvmm_agent_streams_free (KvmmAgentStreams *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmAgentStreams, kvmm_agent_streams_free)

/* A session begins: its ids are new. */
void kvmm_agent_streams_begin_session (KvmmAgentStreams *self);
/* Every stream ends as lost. */
void kvmm_agent_streams_end_session (KvmmAgentStreams *self);

/**
 * kvmm_agent_streams_note:
 * @result: of any reply, whoever waits for it
 *
 * Enters the streams that @result names. Those that nobody claims before
 * kvmm_agent_streams_drop_unclaimed() are closed there: no stream is left open by an answer that
 * came too late or was refused.
 *
 * Returns: %FALSE when the guest used an id again, an odd one, or opened too many
 */
gboolean kvmm_agent_streams_note (KvmmAgentStreams *self, JsonObject *result);
void kvmm_agent_streams_drop_unclaimed (KvmmAgentStreams *self);
/** kvmm_agent_streams_claim: Returns: (transfer full) (nullable): %NULL when the guest did not open
 * @id just now */
KvmmAgentStream *
kvmm_agent_streams_claim (KvmmAgentStreams *self, guint id, KvmmAgentFlowFlags flags);

/* Each may end the session. */
/* Returns: whether the bytes came on credit */
gboolean kvmm_agent_streams_data (KvmmAgentStreams *self, const KvmaFrame *frame);
void kvmm_agent_streams_close (KvmmAgentStreams *self, const KvmaFrame *frame);
void kvmm_agent_streams_credit (KvmmAgentStreams *self, guint32 stream, guint32 credit);

/* Sends what there is room for: closes, grants, then data, one frame of each stream in turn. */
void kvmm_agent_streams_pump (KvmmAgentStreams *self);
/* Closes every stream under the host's lock, with NOT_ALLOWED. */
void kvmm_agent_streams_close_gated (KvmmAgentStreams *self);
void kvmm_agent_streams_tell_closed (KvmmAgentStreams *self, KvmmAgentFlow *flow);
guint kvmm_agent_streams_get_count (KvmmAgentStreams *self);

G_END_DECLS
