/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-client-private.h"

#include <glib/gi18n.h>

#include "protocol/kvma-names.h"

/* A partial frame, and what one read brings. */
#define UNFRAMED_MAX (2 * KVMA_FRAME_MAX)

/* Each callback holds the client: whoever hears of a value may drop the last reference. */

/* ---- limits on bytes ---- */

/* Bytes of a session that are no DATA on credit. */
static void
take_control (KvmmAgentClient *self, gsize length)
{
  if (!kvmm_agent_bucket_take (&self->bucket, g_get_monotonic_time (), length,
                               KVMA_CONTROL_BYTES_PER_SECOND, KVMA_CONTROL_BYTES_BURST))
    kvmm_agent_client_fail_abuse (self, _ ("The guest agent sends more than it may"));
}

static void
feed_legacy (KvmmAgentClient *self, const guint8 *data, gsize length)
{
  if (self->legacy == NULL || !kvmm_agent_legacy_feed (self->legacy, data, length))
    return;
  /* What an older agent left behind may stand before the first word of ours. */
  if (!kvmm_agent_client_is_armed (self, KVMM_AGENT_TIMER_LEGACY))
    kvmm_agent_client_arm (self, KVMM_AGENT_TIMER_LEGACY, self->intervals.hello_timeout);
}

static void
bytes_cb (const guint8 *data, gsize length, gpointer user_data)
{
  g_autoptr (KvmmAgentClient) self = g_object_ref (user_data);

  self->counters.bytes += length;
  if (kvmm_agent_client_has_session (self))
    {
      /* Each frame is counted when it is whole and its kind known; here only what never becomes
       * one: padding. */
      self->unframed_bytes += length;
      if (self->unframed_bytes > UNFRAMED_MAX)
        {
          take_control (self, self->unframed_bytes - UNFRAMED_MAX);
          self->unframed_bytes = UNFRAMED_MAX;
        }
      return;
    }
  self->stale_bytes += length;
  /* One frame more: the WELCOME that ends it counts as well. */
  if (self->stale_bytes > KVMA_PRE_SESSION_MAX + KVMA_FRAME_MAX)
    kvmm_agent_client_fail_abuse (self, _ ("The guest floods the agent's channel"));
  else
    feed_legacy (self, data, length);
}

/* ---- frames of a session ---- */

static void
reply (KvmmAgentClient *self, const KvmaFrame *frame)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) body = kvmm_agent_schema_parse (frame->payload, frame->length, &error);
  KvmmAgentReply result = KVMM_AGENT_REPLY_INVALID;

  if (body != NULL)
    result = kvmm_agent_requests_reply (self->requests, body);
  switch (result)
    {
    case KVMM_AGENT_REPLY_TAKEN:
      break;
    case KVMM_AGENT_REPLY_LATE:
      self->counters.late_replies++;
      break;
    case KVMM_AGENT_REPLY_INVALID:
      self->counters.invalid_bodies++;
      g_debug ("guest agent: unusable reply: %s", error != NULL ? error->message : "no id");
      break;
    case KVMM_AGENT_REPLY_UNKNOWN:
      kvmm_agent_handshake_violation (self, "reply to a request that was never sent");
      break;
    case KVMM_AGENT_REPLY_BAD_STREAM:
      kvmm_agent_handshake_violation (self, "a stream that cannot be");
      break;
    }
}

static void
session_frame (KvmmAgentClient *self, const KvmaFrame *frame)
{
  gboolean is_on_credit = FALSE;

  if (frame->header.credit > 0)
    kvmm_agent_streams_credit (self->streams, frame->header.stream, frame->header.credit);
  if (kvmm_agent_client_has_session (self) && frame->header.kind == KVMA_KIND_DATA)
    is_on_credit = kvmm_agent_streams_data (self->streams, frame);
  if (kvmm_agent_client_has_session (self) && !is_on_credit)
    take_control (self, frame->wire_length);
  if (!kvmm_agent_client_has_session (self))
    return;
  switch (frame->header.kind)
    {
    case KVMA_KIND_REPLY:
      reply (self, frame);
      break;
    case KVMA_KIND_EVENT:
      kvmm_agent_facts_event (self, frame);
      break;
    case KVMA_KIND_DATA:
      break;
    case KVMA_KIND_CLOSE:
      kvmm_agent_streams_close (self->streams, frame);
      break;
    case KVMA_KIND_PING:
      kvmm_agent_heartbeat_ping (self, frame);
      break;
    case KVMA_KIND_PONG:
      kvmm_agent_heartbeat_pong (self, frame);
      break;
    case KVMA_KIND_ACK:
      break;
    case KVMA_KIND_ANNOUNCE:
    case KVMA_KIND_HELLO:
    case KVMA_KIND_WELCOME:
    case KVMA_KIND_REQUEST:
    case KVMA_KIND_BYE:
      kvmm_agent_handshake_violation (self, kvma_kind_name (frame->header.kind));
      break;
    default:
      self->counters.unknown_frames++;
      break;
    }
}

static void
frame_cb (const KvmaFrame *frame, gpointer user_data)
{
  g_autoptr (KvmmAgentClient) self = g_object_ref (user_data);
  const KvmaSession *session = kvmm_agent_link_get_session (self->link);
  gboolean is_current = session->id != 0 && frame->header.session == session->id;

  self->unframed_bytes -= MIN (self->unframed_bytes, frame->wire_length);
  if (frame->header.kind == KVMA_KIND_ANNOUNCE)
    kvmm_agent_handshake_announce (self, frame);
  else if (frame->header.kind == KVMA_KIND_BYE)
    kvmm_agent_handshake_bye (self, frame);
  else if (frame->header.kind == KVMA_KIND_WELCOME && !is_current)
    kvmm_agent_handshake_welcome (self, frame);
  else if (!is_current)
    {
      self->counters.stale_frames++;
      if (session->id != 0)
        take_control (self, frame->wire_length);
    }
  else if (!kvmm_agent_link_receive (self->link, frame))
    kvmm_agent_handshake_violation (self, "sequence");
  else
    {
      kvmm_agent_heartbeat_seen (self);
      if (kvmm_agent_client_has_session (self))
        session_frame (self, frame);
    }
}

static void
fault_cb (KvmaFault fault, gpointer user_data)
{
  g_autoptr (KvmmAgentClient) self = g_object_ref (user_data);

  self->counters.faults++;
  if (kvmm_agent_client_has_session (self))
    kvmm_agent_handshake_violation (self, kvma_fault_text (fault));
}

/* ---- turns ---- */

static void
watch_partial (KvmmAgentClient *self)
{
  guint64 count = kvmm_agent_link_get_frame_count (self->link);

  if (!kvmm_agent_link_is_partial (self->link))
    kvmm_agent_client_disarm (self, KVMM_AGENT_TIMER_PARTIAL);
  else if (count != self->partial_count ||
           !kvmm_agent_client_is_armed (self, KVMM_AGENT_TIMER_PARTIAL))
    {
      self->partial_count = count;
      kvmm_agent_client_arm (self, KVMM_AGENT_TIMER_PARTIAL, self->intervals.partial_frame);
    }
}

static void
turn_cb (gpointer user_data)
{
  g_autoptr (KvmmAgentClient) self = g_object_ref (user_data);
  const KvmaSession *session;

  if (!kvmm_agent_client_has_session (self))
    return;
  session = kvmm_agent_link_get_session (self->link);
  if (kvma_session_is_exhausted (session))
    {
      kvmm_agent_handshake_say_bye (self, KVMA_BYE_BYE);
      kvmm_agent_handshake_nudge (self);
      return;
    }
  /* Only for many bytes: the agent has no window that waits for it, and each ACK wakes a guest. */
  if (kvma_session_must_ack (session))
    kvmm_agent_client_send (self, KVMA_KIND_ACK, NULL, 0);
  watch_partial (self);
  kvmm_agent_streams_pump (self->streams);
}

static void
ended_cb (const GError *error, gpointer user_data)
{
  g_autoptr (KvmmAgentClient) self = g_object_ref (user_data);

  if (error != NULL)
    kvmm_agent_client_fail (self, g_error_copy (error));
  else
    kvmm_agent_client_fail (self, g_error_new_literal (KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED,
                                                       _ ("The agent's channel was closed")));
}

static void
write_failed_cb (gpointer user_data)
{
  /* From inside a send: the main loop tells it. */
  kvmm_agent_client_arm (user_data, KVMM_AGENT_TIMER_BROKEN, 0);
}

const KvmmAgentLinkFuncs kvmm_agent_dispatch_funcs = {
  .bytes = bytes_cb,
  .frame = frame_cb,
  .fault = fault_cb,
  .turn = turn_cb,
  .ended = ended_cb,
  .write_failed = write_failed_cb,
};
