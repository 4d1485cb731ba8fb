/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

#include "protocol/kvma-session.h"

G_BEGIN_DECLS

/* Frames in and out of one GIOStream: GIO sources, a byte budget per main-loop turn, the session's
 * sequence and its un-acknowledged window. Knows no meaning of any frame. Main thread only. */

/* Frames that wait for room in the window; a request beyond them is refused. */
#define KVMM_AGENT_LINK_MAX_PENDING 64

/* What data leaves of the window, so that a request, a PING or an ACK goes out between three full
 * frames of it. */
#define KVMM_AGENT_LINK_RESERVE 2560
#define KVMM_AGENT_LINK_RESERVE_FRAMES 128

/* Below redraws: a guest that floods makes its own page late, never the window. */
#define KVMM_AGENT_LINK_PRIORITY G_PRIORITY_DEFAULT_IDLE

typedef struct _KvmmAgentLink KvmmAgentLink;

/* Called from the main loop only, never from inside one of the functions below, except
 * write_failed(). After kvmm_agent_link_close() none is called any more. */
typedef struct
{
  /** bytes: what came in, before it is cut into frames */
  void (*bytes) (const guint8 *data, gsize length, gpointer user_data);
  /** frame: one good frame of any session; the payload is good for the call */
  void (*frame) (const KvmaFrame *frame, gpointer user_data);
  /** fault: a frame was dropped */
  void (*fault) (KvmaFault fault, gpointer user_data);
  /** turn: after what one turn of the main loop brought */
  void (*turn) (gpointer user_data);
  /** ended: the stream is at its end; @error is %NULL for a regular one */
  void (*ended) (const GError *error, gpointer user_data);
  /** write_failed: nothing can be sent any more; called once, from inside a send */
  void (*write_failed) (gpointer user_data);
} KvmmAgentLinkFuncs;

/**
 * kvmm_agent_link_new:
 * @stream: both halves must be pollable
 * @funcs: (scope forever): must outlive the link
 *
 * Reading begins at once.
 */
KvmmAgentLink *
kvmm_agent_link_new (GIOStream *stream, const KvmmAgentLinkFuncs *funcs, gpointer user_data);

/** kvmm_agent_link_close: drops the sources and closes the stream. Idempotent. */
void kvmm_agent_link_close (KvmmAgentLink *self);

/** kvmm_agent_link_free: closes and frees; also good inside a callback of the link */
void kvmm_agent_link_free (KvmmAgentLink *self);

/** kvmm_agent_link_get_session: Returns: (transfer none): the session's counters */
const KvmaSession *kvmm_agent_link_get_session (KvmmAgentLink *self);

/** kvmm_agent_link_begin_session: from now on frames can be sent in session @id */
void kvmm_agent_link_begin_session (KvmmAgentLink *self, guint64 id);

/** kvmm_agent_link_end_session: forgets the session, its window and what waits for room in it */
void kvmm_agent_link_end_session (KvmmAgentLink *self);

/** kvmm_agent_link_receive: Returns: whether @frame is the next one of the session; counted then */
gboolean kvmm_agent_link_receive (KvmmAgentLink *self, const KvmaFrame *frame);

/**
 * kvmm_agent_link_send:
 * @kind: a frame of the session
 * @payload: (nullable): at most KVMA_PAYLOAD_MAX bytes
 *
 * Sends now, or once the peer has acknowledged enough.
 *
 * Returns: %FALSE when there is no session, too much waits already, or @payload is too large
 */
gboolean
kvmm_agent_link_send (KvmmAgentLink *self, KvmaKind kind, const void *payload, gsize length);

/** kvmm_agent_link_send_close: the same for CLOSE of @stream */
gboolean
kvmm_agent_link_send_close (KvmmAgentLink *self, guint32 stream, const void *body, gsize length);

/** kvmm_agent_link_get_data_room: Returns: the largest payload of DATA that may go out now */
gsize kvmm_agent_link_get_data_room (KvmmAgentLink *self);

/** kvmm_agent_link_send_data: not sent at all when it would have to wait; @flags: KVMA_FLAG_* */
gboolean kvmm_agent_link_send_data (
    KvmmAgentLink *self, guint32 stream, guint8 flags, const void *payload, gsize length);

/** kvmm_agent_link_send_credit: an ACK that grants; not sent at all when it would have to wait */
gboolean kvmm_agent_link_send_credit (KvmmAgentLink *self, guint32 stream, guint32 credit);

/** kvmm_agent_link_can_send: Returns: whether a frame with @length bytes would go out at once */
gboolean kvmm_agent_link_can_send (KvmmAgentLink *self, gsize length);

/**
 * kvmm_agent_link_send_bare:
 * @kind: HELLO or BYE
 *
 * Sends outside any session.
 *
 * Returns: the bytes it takes on the wire, 0 when nothing was sent
 */
gsize
kvmm_agent_link_send_bare (KvmmAgentLink *self, KvmaKind kind, const void *payload, gsize length);

/** kvmm_agent_link_is_partial: Returns: whether a frame has begun and not ended */
gboolean kvmm_agent_link_is_partial (KvmmAgentLink *self);

/** kvmm_agent_link_get_frame_count: Returns: frames received, good and dropped ones */
guint64 kvmm_agent_link_get_frame_count (KvmmAgentLink *self);

/** kvmm_agent_link_drop_partial: forgets the frame that has begun */
void kvmm_agent_link_drop_partial (KvmmAgentLink *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmAgentLink, kvmm_agent_link_free)

G_END_DECLS
