/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <jansson.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/agent-loop.h"
#include "protocol/kvma-frame.h"
#include "protocol/kvma-limits.h"

typedef struct Agent Agent;
typedef struct AgentStream AgentStream;

/* Streams of the session (PROTOCOL.md 4.9): credit in both directions, round-robin towards the
 * host, behind control frames. Memory of a stream is got when it opens and is one window. */

typedef struct
{
  /* More input, its end, or both: take it with agent_stream_peek() and agent_stream_consume(), now
   * or later. */
  void (*readable) (AgentStream *stream, void *data);
  /* agent_stream_room() is not 0 any more. */
  void (*writable) (AgentStream *stream, void *data);
  /* The host does not want it any more (@lost false), or the session is over (@lost true). The
   * stream is forgotten after the call, its CLOSE sent if there is still a host. */
  void (*aborted) (AgentStream *stream, bool lost, void *data);
} AgentStreamFuncs;

typedef struct
{
  AgentStream *open[KVMA_STREAMS_MAX]; /* in the order of their turns */
  unsigned int n_open;
  unsigned int turn;
  uint32_t last_id;     /* the newest of the session */
  uint32_t stray;       /* bytes for streams that never were */
  unsigned int burst;   /* frames since the other descriptors had their turn */
  bool pumping;         /* a round is under way ... */
  AgentStream *pumped;  /* ... and this one has its turn ... */
  bool turn_used;       /* ... and has sent */
  AgentStream *telling; /* its owner is told of the frame at hand; NULL once it is freed */
  AgentTimer timer;     /* the next round, behind what else is waiting */
} AgentStreams;

void agent_streams_init (Agent *agent);

/** agent_streams_reset: the session is over; every stream is aborted as lost. */
void agent_streams_reset (Agent *agent);

/** agent_streams_receive: one DATA or CLOSE frame of the session. May end the session. */
void agent_streams_receive (Agent *agent, const KvmaFrame *frame);

/** agent_streams_credit: the @credit of any frame of the session. May end the session. */
void agent_streams_credit (Agent *agent, uint32_t stream, uint32_t credit);

/** agent_streams_pump: the link has room: gives each stream that waits for it a turn. */
void agent_streams_pump (Agent *agent);

/** agent_streams_has_room: Returns whether @n more can be opened. */
bool agent_streams_has_room (const Agent *agent, unsigned int n);

/**
 * agent_stream_open:
 * @input: whether the host may send; else its DATA is a protocol error
 *
 * Returns a new stream that belongs to the session, %NULL when there are too many or no session.
 */
AgentStream *
agent_stream_open (Agent *agent, bool input, const AgentStreamFuncs *funcs, void *data);

uint32_t agent_stream_id (const AgentStream *self);

/** agent_stream_room: Returns how many bytes can be sent now, at most KVMA_PAYLOAD_MAX. When it is
 * 0, @writable follows. */
size_t agent_stream_room (AgentStream *self);

/** agent_stream_send: sends at most agent_stream_room() bytes; @end: with END, after which nothing
 * can be sent. END alone (@length 0) can always be sent. */
void agent_stream_send (AgentStream *self, const void *bytes, size_t length, bool end);

/** agent_stream_peek: Returns the bytes that came in and were not consumed, in one piece.
 * *@ended: whether they are the last. */
const uint8_t *agent_stream_peek (const AgentStream *self, size_t *length, bool *ended);

/** agent_stream_consume: the first @length of them are used; the host gets as much credit. */
void agent_stream_consume (AgentStream *self, size_t length);

/**
 * agent_stream_widen:
 *
 * Lets the host have twice as much under way, once: for many bytes, which would otherwise wait for
 * each other's acknowledgement. Call it when the host knows the stream. Without input it does
 * nothing.
 */
void agent_stream_widen (AgentStream *self);

/** agent_stream_hold_credit: while @hold, consuming grants nothing (rate limits); what was held is
 * granted at the end of it. */
void agent_stream_hold_credit (AgentStream *self, bool hold);

/** agent_stream_detach: its functions are not called any more; it has to be closed all the same. */
void agent_stream_detach (AgentStream *self);

/** agent_stream_get_bytes: payload bytes in both directions, for CLOSE and the audit. */
uint64_t agent_stream_get_bytes (const AgentStream *self);

/**
 * agent_stream_close:
 * @code: 0 or KVMA_ERROR_*
 * @message: (nullable)
 * @system_error: errno, 0 for none
 * @extra: (transfer full) (nullable): further members of CLOSE
 *
 * Sends END if it was not sent, then CLOSE, behind what agent_stream_send() took; forgets the
 * stream. @aborted is not called.
 */
void agent_stream_close (
    AgentStream *self, int code, const char *message, int system_error, json_t *extra);

/** agent_errno_name: Returns "ENOSPC" for ENOSPC, "" for what has no name here. */
const char *agent_errno_name (int error);
