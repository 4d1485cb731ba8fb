/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-client-private.h"

#include <glib/gi18n.h>

#include "protocol/kvma-names.h"

/* Each callback holds the client: whoever hears of a value may drop the last reference. */

/* ---- limits on bytes ---- */

static void
abort_link (KvmmAgentClient *self, const char *why)
{
  kvmm_agent_client_fail (self,
                          g_error_new_literal (KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_ABUSE, why));
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
      /* No method of this revision opens a stream, so no byte comes on credit. */
      if (!kvmm_agent_bucket_take (&self->bucket, g_get_monotonic_time (), length,
                                   KVMA_CONTROL_BYTES_PER_SECOND, KVMA_CONTROL_BYTES_BURST))
        abort_link (self, _ ("The guest agent sends more than it may"));
      return;
    }
  self->stale_bytes += length;
  /* One frame more: the WELCOME that ends it counts as well. */
  if (self->stale_bytes > KVMA_PRE_SESSION_MAX + KVMA_FRAME_MAX)
    abort_link (self, _ ("The guest floods the agent's channel"));
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
    }
}

static void
say_no_such_stream (KvmmAgentClient *self, guint32 stream)
{
  g_autofree char *body = g_strdup_printf (
      "{\"code\":%d,\"message\":\"no such stream\",\"bytes\":0}", KVMA_ERROR_NOT_FOUND);

  kvmm_agent_link_send_on_stream (self->link, KVMA_KIND_CLOSE, stream, body, strlen (body));
}

/* Nobody opened a stream. Told once in a while, so that an honest agent stops; a window's worth of
 * data without that is abuse. */
static void
refuse_stream (KvmmAgentClient *self, const KvmaFrame *frame)
{
  self->counters.refused_streams++;
  self->unknown_stream_bytes += frame->length;
  if (self->unknown_stream_bytes > KVMA_STREAM_WINDOW_TO_HOST)
    abort_link (self, _ ("The guest agent sends data that nobody asked for"));
  else if (frame->header.stream == 0)
    kvmm_agent_handshake_violation (self, "DATA without a stream");
  else if (self->counters.refused_streams <= KVMA_STREAMS_MAX)
    say_no_such_stream (self, frame->header.stream);
}

static void
session_frame (KvmmAgentClient *self, const KvmaFrame *frame)
{
  switch (frame->header.kind)
    {
    case KVMA_KIND_REPLY:
      reply (self, frame);
      break;
    case KVMA_KIND_EVENT:
      kvmm_agent_facts_event (self, frame);
      break;
    case KVMA_KIND_DATA:
      refuse_stream (self, frame);
      break;
    case KVMA_KIND_PING:
      kvmm_agent_heartbeat_ping (self, frame);
      break;
    case KVMA_KIND_PONG:
      kvmm_agent_heartbeat_pong (self, frame);
      break;
    case KVMA_KIND_ACK:
    case KVMA_KIND_CLOSE:
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

  if (frame->header.kind == KVMA_KIND_ANNOUNCE)
    kvmm_agent_handshake_announce (self, frame);
  else if (frame->header.kind == KVMA_KIND_BYE)
    kvmm_agent_handshake_bye (self, frame);
  else if (frame->header.kind == KVMA_KIND_WELCOME && !is_current)
    kvmm_agent_handshake_welcome (self, frame);
  else if (!is_current)
    self->counters.stale_frames++;
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
