/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-link.h"

#include "util/kvmm-thread.h"

#define READ_CHUNK 16384

/* A frame without its header: it is stamped when it goes out, so that the sequence has no gap. */
typedef struct
{
  KvmaKind kind;
  guint32 stream;
  GBytes *payload; /* (owned) */
} Pending;

struct _KvmmAgentLink
{
  const KvmmAgentLinkFuncs *funcs; /* (unowned) */
  gpointer user_data;              /* (unowned) */
  GIOStream *stream;               /* (owned) */
  GPollableInputStream *input;     /* (unowned) of stream */
  GPollableOutputStream *output;   /* (unowned) of stream */
  GSource *input_source;           /* (owned) (nullable) */
  GSource *output_source;          /* (owned) (nullable) while the peer takes no more */
  GByteArray *out;                 /* (owned) encoded, not yet taken by the stream */
  GQueue pending;                  /* Pending, waiting for room in the window */
  KvmaSession session;
  KvmaReceiver receiver;
  guint busy; /* depth of the read callback: freeing waits for it */
  gboolean closed;
  gboolean freed;
  gboolean write_broken;
};

static void
pending_free (Pending *pending)
{
  g_bytes_unref (pending->payload);
  g_free (pending);
}

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
link_destroy (KvmmAgentLink *self)
{
  g_clear_object (&self->stream);
  g_clear_pointer (&self->out, g_byte_array_unref);
  g_free (self);
}

/* ---- out ---- */

static gboolean output_ready_cb (GObject *output, gpointer user_data);

static void
fail_writing (KvmmAgentLink *self)
{
  if (self->write_broken)
    return;
  self->write_broken = TRUE;
  g_byte_array_set_size (self->out, 0);
  clear_source (&self->output_source);
  self->funcs->write_failed (self->user_data);
}

static void
flush (KvmmAgentLink *self)
{
  while (self->out->len > 0 && !self->write_broken)
    {
      g_autoptr (GError) error = NULL;
      gssize written = g_pollable_output_stream_write_nonblocking (self->output, self->out->data,
                                                                   self->out->len, NULL, &error);

      if (written > 0)
        g_byte_array_remove_range (self->out, 0, (guint) written);
      else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        {
          if (self->output_source != NULL)
            return;
          self->output_source = g_pollable_output_stream_create_source (self->output, NULL);
          g_source_set_callback (self->output_source, G_SOURCE_FUNC (output_ready_cb), self, NULL);
          g_source_attach (self->output_source, NULL);
          return;
        }
      else
        {
          g_debug ("agent link: writing failed: %s", error != NULL ? error->message : "no bytes");
          fail_writing (self);
        }
    }
}

static gboolean
output_ready_cb (GObject *output, gpointer user_data)
{
  KvmmAgentLink *self = user_data;

  flush (self);
  if (self->out->len > 0)
    return G_SOURCE_CONTINUE;
  clear_source (&self->output_source);
  return G_SOURCE_REMOVE;
}

/* Returns the bytes on the wire. */
static gsize
encode (KvmmAgentLink *self, const KvmaHeader *header, const void *payload, gsize length)
{
  guint start = self->out->len;
  gsize room = kvma_frame_encoded_max (length);
  gsize size;

  g_byte_array_set_size (self->out, start + (guint) room);
  size = kvma_frame_encode (header, payload, length, self->out->data + start, room);
  g_byte_array_set_size (self->out, start + (guint) size);
  return size;
}

static void
send_stamped (KvmmAgentLink *self, KvmaHeader *header, const void *payload, gsize length)
{
  kvma_session_stamp (&self->session, header);
  kvma_session_sent (&self->session, encode (self, header, payload, length));
}

static void
send_pending (KvmmAgentLink *self)
{
  while (!g_queue_is_empty (&self->pending))
    {
      Pending *pending = g_queue_peek_head (&self->pending);
      KvmaHeader header = { .kind = (guint8) pending->kind, .stream = pending->stream };
      gsize length;
      const void *payload = g_bytes_get_data (pending->payload, &length);

      if (!kvma_session_can_send (&self->session, kvma_frame_encoded_max (length)))
        break;
      g_queue_pop_head (&self->pending);
      send_stamped (self, &header, payload, length);
      pending_free (pending);
    }
  flush (self);
}

gboolean
kvmm_agent_link_can_send (KvmmAgentLink *self, gsize length)
{
  return self->session.id != 0 && g_queue_is_empty (&self->pending) &&
         kvma_session_can_send (&self->session, kvma_frame_encoded_max (length));
}

gsize
kvmm_agent_link_get_data_room (KvmmAgentLink *self)
{
  gsize limit = KVMA_UNACKED_MAX - KVMM_AGENT_LINK_RESERVE;
  gsize room;

  if (self->closed || self->write_broken || self->session.id == 0 ||
      !g_queue_is_empty (&self->pending) || self->session.window_bytes >= limit ||
      self->session.window_count >= KVMA_UNACKED_FRAMES_MAX - KVMM_AGENT_LINK_RESERVE_FRAMES)
    return 0;
  room = limit - self->session.window_bytes;
  if (kvma_frame_encoded_max (KVMA_PAYLOAD_MAX) <= room)
    return KVMA_PAYLOAD_MAX;
  return room > KVMA_FRAME_OVERHEAD_MAX ? room - KVMA_FRAME_OVERHEAD_MAX : 0;
}

static gboolean
send_or_wait (KvmmAgentLink *self, KvmaKind kind, guint32 stream, const void *payload, gsize length)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_val_if_fail (length <= KVMA_PAYLOAD_MAX, FALSE);

  if (self->closed || self->write_broken || self->session.id == 0)
    return FALSE;
  if (kvmm_agent_link_can_send (self, length))
    {
      KvmaHeader header = { .kind = (guint8) kind, .stream = stream };

      send_stamped (self, &header, payload, length);
      flush (self);
      return TRUE;
    }
  if (g_queue_get_length (&self->pending) >= KVMM_AGENT_LINK_MAX_PENDING)
    return FALSE;

  Pending *pending = g_new (Pending, 1);
  pending->kind = kind;
  pending->stream = stream;
  pending->payload = g_bytes_new (payload, length);
  g_queue_push_tail (&self->pending, pending);
  return TRUE;
}

gboolean
kvmm_agent_link_send (KvmmAgentLink *self, KvmaKind kind, const void *payload, gsize length)
{
  return send_or_wait (self, kind, 0, payload, length);
}

gboolean
kvmm_agent_link_send_close (KvmmAgentLink *self, guint32 stream, const void *body, gsize length)
{
  return send_or_wait (self, KVMA_KIND_CLOSE, stream, body, length);
}

static gboolean
send_now (KvmmAgentLink *self, KvmaHeader *header, const void *payload, gsize length)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_val_if_fail (length <= KVMA_PAYLOAD_MAX, FALSE);

  if (self->closed || self->write_broken || !kvmm_agent_link_can_send (self, length))
    return FALSE;
  send_stamped (self, header, payload, length);
  flush (self);
  return TRUE;
}

gboolean
kvmm_agent_link_send_data (
    KvmmAgentLink *self, guint32 stream, guint8 flags, const void *payload, gsize length)
{
  KvmaHeader header = { .kind = KVMA_KIND_DATA, .flags = flags, .stream = stream };

  return send_now (self, &header, payload, length);
}

gboolean
kvmm_agent_link_send_credit (KvmmAgentLink *self, guint32 stream, guint32 credit)
{
  KvmaHeader header = { .kind = KVMA_KIND_ACK, .stream = stream, .credit = credit };

  return send_now (self, &header, NULL, 0);
}

gsize
kvmm_agent_link_send_bare (KvmmAgentLink *self, KvmaKind kind, const void *payload, gsize length)
{
  KvmaHeader header = { .kind = (guint8) kind };
  gsize size;

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_val_if_fail (length <= KVMA_PAYLOAD_MAX, 0);

  if (self->closed || self->write_broken)
    return 0;
  size = encode (self, &header, payload, length);
  flush (self);
  return size;
}

/* ---- in ---- */

static void
cut_frames (KvmmAgentLink *self, const guint8 *data, gsize length)
{
  KvmaReceive result;
  KvmaFrame frame;

  while (!self->closed && (result = kvma_receiver_feed (&self->receiver, &data, &length, &frame)) !=
                              KVMA_RECEIVE_MORE)
    {
      if (result == KVMA_RECEIVE_FRAME)
        self->funcs->frame (&frame, self->user_data);
      else
        self->funcs->fault (self->receiver.fault, self->user_data);
    }
}

/* Returns FALSE when there is nothing more to read in this turn. */
static gboolean
read_chunk (KvmmAgentLink *self, gsize *budget)
{
  guint8 chunk[READ_CHUNK];
  g_autoptr (GError) error = NULL;
  gssize length;

  length = g_pollable_input_stream_read_nonblocking (self->input, chunk,
                                                     MIN (sizeof chunk, *budget), NULL, &error);
  if (length > 0)
    {
      *budget -= (gsize) length;
      self->funcs->bytes (chunk, (gsize) length, self->user_data);
      cut_frames (self, chunk, (gsize) length);
      return *budget > 0;
    }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return FALSE;
  clear_source (&self->input_source);
  self->funcs->ended (error, self->user_data);
  return FALSE;
}

static gboolean
input_ready_cb (GObject *input, gpointer user_data)
{
  KvmmAgentLink *self = user_data;
  gsize budget = KVMA_HOST_TURN_MAX;
  gboolean go_on;

  /* A callback may free the link. */
  self->busy++;
  while (!self->closed && read_chunk (self, &budget))
    ;
  if (!self->closed)
    {
      send_pending (self);
      self->funcs->turn (self->user_data);
    }
  self->busy--;
  go_on = !self->closed && self->input_source != NULL;
  if (self->freed)
    link_destroy (self);
  return go_on ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

gboolean
kvmm_agent_link_receive (KvmmAgentLink *self, const KvmaFrame *frame)
{
  return kvma_session_receive (&self->session, frame);
}

gboolean
kvmm_agent_link_is_partial (KvmmAgentLink *self)
{
  return kvma_receiver_is_partial (&self->receiver);
}

guint64
kvmm_agent_link_get_frame_count (KvmmAgentLink *self)
{
  return self->receiver.frames + self->receiver.garbage + self->receiver.oversize;
}

void
kvmm_agent_link_drop_partial (KvmmAgentLink *self)
{
  kvma_receiver_reset (&self->receiver);
}

/* ---- session ---- */

const KvmaSession *
kvmm_agent_link_get_session (KvmmAgentLink *self)
{
  return &self->session;
}

void
kvmm_agent_link_begin_session (KvmmAgentLink *self, guint64 id)
{
  kvmm_agent_link_end_session (self);
  kvma_session_begin (&self->session, id);
}

void
kvmm_agent_link_end_session (KvmmAgentLink *self)
{
  g_queue_clear_full (&self->pending, (GDestroyNotify) pending_free);
  kvma_session_end (&self->session);
}

/* ---- life ---- */

KvmmAgentLink *
kvmm_agent_link_new (GIOStream *stream, const KvmmAgentLinkFuncs *funcs, gpointer user_data)
{
  KvmmAgentLink *self = g_new0 (KvmmAgentLink, 1);

  KVMM_ASSERT_MAIN_THREAD ();
  self->funcs = funcs;
  self->user_data = user_data;
  self->stream = g_object_ref (stream);
  self->input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (stream));
  self->output = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (stream));
  self->out = g_byte_array_new ();
  g_queue_init (&self->pending);
  kvma_receiver_init (&self->receiver);
  kvma_session_end (&self->session);

  self->input_source = g_pollable_input_stream_create_source (self->input, NULL);
  g_source_set_callback (self->input_source, G_SOURCE_FUNC (input_ready_cb), self, NULL);
  g_source_set_priority (self->input_source, KVMM_AGENT_LINK_PRIORITY);
  g_source_attach (self->input_source, NULL);
  return self;
}

void
kvmm_agent_link_close (KvmmAgentLink *self)
{
  g_autoptr (GError) error = NULL;

  KVMM_ASSERT_MAIN_THREAD ();
  if (self->closed)
    return;
  self->closed = TRUE;
  clear_source (&self->input_source);
  clear_source (&self->output_source);
  kvmm_agent_link_end_session (self);
  if (!g_io_stream_close (self->stream, NULL, &error))
    g_debug ("agent link: closing failed: %s", error->message);
}

void
kvmm_agent_link_free (KvmmAgentLink *self)
{
  kvmm_agent_link_close (self);
  self->freed = TRUE;
  if (self->busy == 0)
    link_destroy (self);
}
