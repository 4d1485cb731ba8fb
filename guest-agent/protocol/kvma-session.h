/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "protocol/kvma-frame.h"

/* Sequence numbers, acknowledgements and the send window: the part of a session that both sides
 * count in the same way. PROTOCOL.md, "Sessions" and "Flow control". No clock and no input or
 * output in here; the owner passes what it needs. Any thread, one owner at a time. */

typedef struct
{
  uint64_t id;           /* 0: no session */
  uint32_t tx_seq;       /* of the last frame sent */
  uint32_t tx_acked;     /* of the last frame that the peer has acknowledged */
  uint32_t rx_seq;       /* of the last frame received without a gap */
  uint32_t rx_unacked;   /* bytes received since @rx_seq was last told to the peer */
  bool ack_due;          /* a frame that wants an acknowledgement soon came in */
  uint32_t window_bytes; /* sent, not acknowledged */
  uint32_t window_first; /* seq of the oldest of them */
  uint32_t window_count; /* how many */
  uint16_t window_size[KVMA_UNACKED_FRAMES_MAX]; /* wire bytes of each, a ring by seq */
} KvmaSession;

/**
 * kvma_session_begin:
 * @id: the random id, not 0
 *
 * Starts a session: all counters at their beginning. The first frame in each direction has seq 1.
 */
void kvma_session_begin (KvmaSession *self, uint64_t id);

/**
 * kvma_session_end:
 *
 * No session any more; the id is 0.
 */
void kvma_session_end (KvmaSession *self);

/**
 * kvma_session_is_exhausted:
 *
 * Returns whether the sequence numbers of either direction near their end (KVMA_SEQ_MAX). They
 * never wrap: the side that sees it says BYE, and the host says HELLO again.
 */
bool kvma_session_is_exhausted (const KvmaSession *self);

/**
 * kvma_session_can_send:
 * @wire_length: kvma_frame_encoded_max () of the payload
 *
 * Returns whether the un-acknowledged limits (KVMA_UNACKED_MAX bytes, KVMA_UNACKED_FRAMES_MAX
 * frames) let one more frame of @wire_length bytes out. The host asks before every frame; frames to
 * the host are limited by credit and rate instead.
 */
bool kvma_session_can_send (const KvmaSession *self, size_t wire_length);

/**
 * kvma_session_stamp:
 *
 * Fills session, seq and ack of the next frame to send and counts what that acknowledges.
 * Follow it with kvma_session_sent() once the frame is encoded, if this side keeps a send window.
 */
void kvma_session_stamp (KvmaSession *self, KvmaHeader *header);

/**
 * kvma_session_sent:
 * @wire_length: as kvma_frame_encode() returned
 *
 * Adds the frame that was stamped last to the send window. A side without a window never calls it.
 */
void kvma_session_sent (KvmaSession *self, size_t wire_length);

/**
 * kvma_session_receive:
 *
 * Checks session, seq and ack of a frame of this session and counts it. The sequence must have no
 * gap and no repeat, and the peer may not acknowledge what was never sent: anything else means that
 * one side was reverted to an older state, and the session is over.
 *
 * Returns false then; nothing was counted.
 */
bool kvma_session_receive (KvmaSession *self, const KvmaFrame *frame);

/**
 * kvma_session_must_ack:
 *
 * Returns whether an acknowledgement must go out now (KVMA_ACK_BYTES received). When it is false
 * and
 * @ack_due is true, one must go out within KVMA_ACK_MS. Any frame stamped carries it.
 */
bool kvma_session_must_ack (const KvmaSession *self);

/**
 * kvma_session_format_id:
 * @text: (out): KVMA_SESSION_TEXT_SIZE digits and a 0 byte
 */
void kvma_session_format_id (uint64_t id, char text[KVMA_SESSION_TEXT_SIZE + 1]);

/**
 * kvma_session_parse_id:
 * @id: (out)
 *
 * Reads exactly 16 lower-case hexadecimal digits. Returns false for anything else and for 0.
 */
bool kvma_session_parse_id (const char *text, uint64_t *id);
