/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-client-private.h"

#include <glib/gi18n.h>
#include <string.h>

#include "protocol/kvma-names.h"

/* PROTOCOL.md, section 4.9. A stream is in the table from the reply that names it until the guest's
 * CLOSE or the end of the session, whether or not anybody here still wants it. */

/* A smaller piece of a larger whole waits for more room: frames are better full. */
#define DATA_MIN 8192

struct _KvmmAgentStreams
{
  KvmmAgentClient *client; /* (unowned) */
  GPtrArray *open;         /* (owned) KvmmAgentFlow */
  guint turn;              /* whose frame goes out next */
  guint32 last_id;         /* the newest that the guest opened in this session */
  gsize stray_bytes;       /* on streams that never were, in this session */
  guint stray_frames;
  gboolean is_pumping;
};

KvmmAgentStreams *
kvmm_agent_streams_new (KvmmAgentClient *client)
{
  KvmmAgentStreams *self = g_new0 (KvmmAgentStreams, 1);

  self->client = client;
  self->open = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_agent_flow_unref);
  return self;
}

void
kvmm_agent_streams_free (KvmmAgentStreams *self)
{
  g_assert (self->open->len == 0);
  g_ptr_array_unref (self->open);
  g_free (self);
}

guint
kvmm_agent_streams_get_count (KvmmAgentStreams *self)
{
  return self->open->len;
}

static KvmmAgentFlow *
lookup (KvmmAgentStreams *self, guint32 id)
{
  for (guint i = 0; i < self->open->len; i++)
    {
      KvmmAgentFlow *flow = self->open->pdata[i];

      if (flow->id == id)
        return flow;
    }
  return NULL;
}

/* ---- the session ---- */

void
kvmm_agent_streams_begin_session (KvmmAgentStreams *self)
{
  self->last_id = 0;
  self->stray_bytes = 0;
  self->stray_frames = 0;
}

void
kvmm_agent_streams_end_session (KvmmAgentStreams *self)
{
  g_autoptr (GPtrArray) open = g_steal_pointer (&self->open);

  self->open = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_agent_flow_unref);
  self->turn = 0;
  kvmm_agent_streams_begin_session (self);
  for (guint i = 0; i < open->len; i++)
    ((KvmmAgentFlow *) open->pdata[i])->owner = NULL;
  /* From here on somebody may do anything. */
  for (guint i = 0; i < open->len; i++)
    {
      KvmmAgentFlow *flow = open->pdata[i];
      GError *error;

      flow->is_lost = TRUE;
      if ((flow->flags & KVMM_AGENT_FLOW_CHANGES) != 0)
        error = g_error_new_literal (KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_OUTCOME_UNKNOWN,
                                     _ ("The session with the guest agent ended. It is not known "
                                        "whether the guest did it"));
      else
        error = g_error_new_literal (KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED,
                                     _ ("The session with the guest agent ended"));
      kvmm_agent_flow_finish (flow, error, NULL);
    }
}

/* ---- opening ---- */

static gboolean
note (KvmmAgentStreams *self, JsonObject *result, const char *name, guint32 before)
{
  JsonNode *node = json_object_get_member (result, name);
  gint64 id;

  if (node == NULL || json_node_get_value_type (node) != G_TYPE_INT64)
    return TRUE;
  id = json_node_get_int (node);
  /* What is no id at all the schema of the method refuses. */
  if (id <= 0 || id > G_MAXUINT32)
    return TRUE;
  if (id % 2 != 0 || id <= before || lookup (self, (guint32) id) != NULL ||
      self->open->len >= KVMA_STREAMS_MAX)
    return FALSE;
  g_ptr_array_add (self->open, kvmm_agent_flow_new (self, (guint32) id));
  self->last_id = MAX (self->last_id, (guint32) id);
  return TRUE;
}

gboolean
kvmm_agent_streams_note (KvmmAgentStreams *self, JsonObject *result)
{
  guint32 before = self->last_id;

  return note (self, result, "stream", before) && note (self, result, "stderr_stream", before);
}

void
kvmm_agent_streams_drop_unclaimed (KvmmAgentStreams *self)
{
  for (guint i = 0; i < self->open->len; i++)
    {
      KvmmAgentFlow *flow = self->open->pdata[i];

      if (flow->is_claimed)
        continue;
      flow->is_claimed = TRUE;
      kvmm_agent_flow_close (flow, NULL);
    }
}

KvmmAgentStream *
kvmm_agent_streams_claim (KvmmAgentStreams *self, guint id, KvmmAgentFlowFlags flags)
{
  KvmmAgentFlow *flow = lookup (self, id);

  if (flow == NULL || flow->is_claimed)
    return NULL;
  flow->is_claimed = TRUE;
  flow->flags = flags;
  if ((flags & KVMM_AGENT_FLOW_BULK) != 0)
    flow->window = KVMA_STREAM_WINDOW_TO_HOST_MAX;
  return kvmm_agent_stream_new (kvmm_agent_flow_ref (flow));
}

/* ---- in ---- */

/* Whether the guest opened it once: then what comes late is only dropped. */
static gboolean
was_open (KvmmAgentStreams *self, guint32 id)
{
  return id != 0 && id % 2 == 0 && id <= self->last_id;
}

/* Nobody opened a stream. Told once in a while, so that an honest agent stops; a window's worth of
 * it is abuse. */
static void
refuse (KvmmAgentStreams *self, const KvmaFrame *frame)
{
  KvmmAgentClient *client = self->client;
  g_autofree char *body = NULL;

  if (frame->header.stream == 0)
    {
      kvmm_agent_handshake_violation (client, "DATA or CLOSE without a stream");
      return;
    }
  client->counters.refused_streams++;
  self->stray_frames++;
  self->stray_bytes += frame->length;
  if (self->stray_bytes > KVMA_STRAY_DATA_MAX)
    {
      kvmm_agent_client_fail_abuse (client, _ ("The guest agent sends data that nobody asked for"));
      return;
    }
  if (self->stray_frames > KVMA_STREAMS_MAX)
    return;
  body = g_strdup_printf ("{\"code\":%d,\"message\":\"no such stream\",\"bytes\":0}",
                          KVMA_ERROR_NOT_FOUND);
  kvmm_agent_link_send_close (client->link, frame->header.stream, body, strlen (body));
}

gboolean
kvmm_agent_streams_data (KvmmAgentStreams *self, const KvmaFrame *frame)
{
  KvmmAgentFlow *flow = lookup (self, frame->header.stream);
  gboolean is_end = (frame->header.flags & KVMA_FLAG_END) != 0;

  if (flow == NULL)
    {
      if (!was_open (self, frame->header.stream))
        refuse (self, frame);
      return FALSE;
    }
  if (flow->in_ended)
    {
      kvmm_agent_handshake_violation (self->client, "DATA after its end");
      return FALSE;
    }
  if (frame->length > flow->granted)
    {
      kvmm_agent_client_fail_abuse (self->client,
                                    _ ("The guest agent sends more than it was granted"));
      return FALSE;
    }
  flow->granted -= (guint32) frame->length;
  flow->bytes += frame->length;
  flow->in_ended = is_end;
  if (!flow->is_closed)
    kvmm_agent_ring_put (&flow->in, frame->payload, frame->length);
  return frame->length > 0 || is_end;
}

void
kvmm_agent_streams_close (KvmmAgentStreams *self, const KvmaFrame *frame)
{
  KvmmAgentFlow *found = lookup (self, frame->header.stream);
  g_autoptr (KvmmAgentFlow) flow = NULL;
  g_autoptr (JsonObject) body = NULL;
  g_autoptr (GError) error = NULL;
  KvmmAgentStreamEnd *end = NULL;

  if (found == NULL)
    {
      if (!was_open (self, frame->header.stream))
        refuse (self, frame);
      return;
    }
  flow = kvmm_agent_flow_ref (found);
  g_ptr_array_remove (self->open, found);
  body = kvmm_agent_schema_parse (frame->payload, frame->length, &error);
  if (body != NULL)
    end = kvmm_agent_schema_stream_end (body, &error);
  if (g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_INVALID_REPLY))
    self->client->counters.invalid_bodies++;
  kvmm_agent_flow_finish (flow, g_steal_pointer (&error), end);
}

void
kvmm_agent_streams_credit (KvmmAgentStreams *self, guint32 stream, guint32 credit)
{
  KvmmAgentFlow *flow = lookup (self, stream);

  if (flow == NULL)
    {
      if (!was_open (self, stream))
        kvmm_agent_handshake_violation (self->client, "credit for a stream that never was");
      return;
    }
  if (flow->out_ended || (flow->flags & KVMM_AGENT_FLOW_WRITES) == 0)
    return;
  if (credit > KVMA_CREDIT_SUM_MAX - flow->credit)
    {
      kvmm_agent_handshake_violation (self->client, "too much credit");
      return;
    }
  flow->credit += credit;
}

/* ---- out ---- */

void
kvmm_agent_streams_tell_closed (KvmmAgentStreams *self, KvmmAgentFlow *flow)
{
  g_autofree char *body =
      g_strdup_printf ("{\"code\":%d,\"message\":\"\",\"bytes\":%" G_GUINT64_FORMAT "}",
                       KVMA_ERROR_CANCELLED, flow->bytes);

  flow->close_due = self->client->link != NULL &&
                    !kvmm_agent_link_send_close (self->client->link, flow->id, body, strlen (body));
}

static gsize
get_held (const KvmmAgentFlow *flow)
{
  return flow->granted + flow->in.length;
}

/* How much more the guest may send. All together hold no more than the sum of all, and nobody takes
 * what another one needs to go on. */
static gsize
get_grant (KvmmAgentStreams *self, KvmmAgentFlow *flow)
{
  gsize held = get_held (flow);
  gsize others = 0;
  gsize limit;
  gsize grant;

  if (!flow->has_read || flow->in_ended || flow->is_closed)
    return 0;
  for (guint i = 0; i < self->open->len; i++)
    if (self->open->pdata[i] != flow)
      others += MAX (get_held (self->open->pdata[i]), KVMM_AGENT_FLOW_WINDOW_MIN);
  limit = others < KVMA_STREAMS_TO_HOST_MAX ? KVMA_STREAMS_TO_HOST_MAX - others : 0;
  limit = CLAMP (limit, KVMM_AGENT_FLOW_WINDOW_MIN, flow->window);
  if (held >= limit)
    return 0;
  grant = limit - held;
  /* Not for every byte that was read, unless the guest would soon have to stop. */
  if (grant < flow->window / 4 && held >= KVMM_AGENT_FLOW_WINDOW_MIN / 2)
    return 0;
  return grant;
}

static void
send_grant (KvmmAgentStreams *self, KvmmAgentFlow *flow)
{
  gsize grant = get_grant (self, flow);

  if (grant > 0 && kvmm_agent_link_send_credit (self->client->link, flow->id, (guint32) grant))
    flow->granted += (guint32) grant;
}

/* One frame. Returns whether one went out. */
static gboolean
send_data (KvmmAgentStreams *self, KvmmAgentFlow *flow)
{
  guint8 payload[KVMA_PAYLOAD_MAX];
  gsize want = MIN (MIN (flow->out.length, flow->credit), sizeof payload);
  gsize room = kvmm_agent_link_get_data_room (self->client->link);
  gboolean is_end;

  if (flow->is_closed || flow->out_ended || (want == 0 && flow->out.length > 0) ||
      (flow->out.length == 0 && !flow->out_ending))
    return FALSE;
  if (room == 0 || room < MIN (want, DATA_MIN))
    return FALSE;
  want = MIN (want, room);
  is_end = flow->out_ending && want == flow->out.length;
  kvmm_agent_ring_take (&flow->out, payload, want);
  flow->credit -= (guint32) want;
  flow->bytes += want;
  flow->out_ended = is_end;
  kvmm_agent_link_send_data (self->client->link, flow->id, is_end ? KVMA_FLAG_END : 0, payload,
                             want);
  kvmm_agent_client_note_window (self->client);
  return TRUE;
}

static void
send_all_data (KvmmAgentStreams *self)
{
  guint idle = 0;

  while (self->open->len > 0 && idle < self->open->len)
    {
      self->turn %= self->open->len;
      if (send_data (self, self->open->pdata[self->turn]))
        idle = 0;
      else
        idle++;
      self->turn++;
    }
}

void
kvmm_agent_streams_pump (KvmmAgentStreams *self)
{
  if (self->is_pumping || !kvmm_agent_client_has_session (self->client))
    return;
  self->is_pumping = TRUE;
  for (guint i = 0; i < self->open->len; i++)
    {
      KvmmAgentFlow *flow = self->open->pdata[i];

      if (flow->close_due)
        kvmm_agent_streams_tell_closed (self, flow);
      send_grant (self, flow);
    }
  send_all_data (self);
  self->is_pumping = FALSE;
}

void
kvmm_agent_streams_close_gated (KvmmAgentStreams *self)
{
  g_autoptr (GPtrArray) gated =
      g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_agent_flow_unref);

  for (guint i = 0; i < self->open->len; i++)
    {
      KvmmAgentFlow *flow = self->open->pdata[i];

      if ((flow->flags & KVMM_AGENT_FLOW_GATED) != 0)
        g_ptr_array_add (gated, kvmm_agent_flow_ref (flow));
    }
  for (guint i = 0; i < gated->len; i++)
    kvmm_agent_flow_close (gated->pdata[i], kvmm_agent_gate_new_error ());
}
