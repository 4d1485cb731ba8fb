/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <jansson.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/agent-loop.h"
#include "daemon/agent-util.h"
#include "protocol/kvma-frame.h"
#include "protocol/kvma-limits.h"
#include "protocol/kvma-session.h"

typedef struct Agent Agent;

/* The conversation: frames in and out, ANNOUNCE, HELLO and WELCOME, sequence, PING, BYE. All memory
 * is here and of fixed size. */

#define AGENT_OUT_SIZE 196608
#define AGENT_OUT_FRAMES 1024
#define AGENT_OUT_HIGH 65536 /* no more is read from the host above it */

typedef struct
{
  uint64_t rx_bytes;
  uint64_t rx_frames;
  uint64_t stale;
  uint64_t tx_bytes;
  uint64_t tx_frames;
  uint64_t sessions;
  uint64_t requests;
  uint64_t events;
  uint64_t events_dropped;
} AgentCounters;

typedef struct
{
  KvmaReceiver receiver;
  KvmaSession session;
  char label[KVMA_LABEL_MAX + 1]; /* who the host says to be; cleaned, never verified */
  AgentCounters counters;

  uint8_t out[AGENT_OUT_SIZE]; /* whole encoded frames */
  size_t out_head;
  size_t out_tail;
  uint16_t out_frames[AGENT_OUT_FRAMES]; /* their sizes, a ring */
  uint32_t out_first;
  uint32_t out_count;
  size_t out_chunk;     /* bytes left of the frames that were handed over in one write */
  uint64_t out_queued;  /* bytes ever queued */
  uint64_t out_written; /* bytes ever taken by the kernel */

  AgentBucket control; /* bytes of control frames */
  AgentBucket hellos;
  AgentTimer announce_timer;
  AgentTimer ack_timer;
  AgentTimer alive_timer;   /* PING, then the end, of a silent host */
  AgentTimer partial_timer; /* a frame begun and not ended */
  AgentTimer hangup_timer;
  AgentTimer again_timer; /* bytes are left to be read */
  uint64_t announced_ms;  /* 0: never */
  uint64_t heard_ms;      /* the last valid frame */
  uint64_t stale_bye_ms;
  uint64_t garbage_bytes; /* since the last valid frame without a session */
  uint64_t muted_until_ms;
} AgentLink;

void agent_link_init (Agent *agent);
void agent_link_clear (Agent *agent);

/** agent_link_connected: a host is at the port. */
void agent_link_connected (Agent *agent);

/** agent_link_disconnected: @gone: the port itself is gone, so the session is as well. */
void agent_link_disconnected (Agent *agent, bool gone);

void agent_link_readable (Agent *agent);
void agent_link_writable (Agent *agent);

/** agent_link_receive: handles bytes as if they had been read from the port. */
void agent_link_receive (Agent *agent, const uint8_t *data, size_t length);

/** agent_link_in_session: Returns whether a host speaks with us. */
bool agent_link_in_session (const Agent *agent);

/**
 * agent_link_send:
 * @payload: (nullable)
 *
 * Queues one frame of the session and writes what the port takes. Returns false when there is no
 * session, no host or no room; nothing was sent then.
 */
bool agent_link_send (Agent *agent, KvmaKind kind, const void *payload, size_t length);

/**
 * agent_link_send_json:
 * @body: (transfer full)
 * @limited: whether the rate of control bytes may refuse it
 *
 * The same for a JSON body. *@too_large (nullable) tells one cause of false from the others.
 */
bool
agent_link_send_json (Agent *agent, KvmaKind kind, json_t *body, bool limited, bool *too_large);

/**
 * agent_link_send_header:
 * @header: kind, flags, stream and credit; the rest is filled in
 *
 * As agent_link_send() for frames of a stream.
 */
bool agent_link_send_header (Agent *agent, KvmaHeader *header, const void *payload, size_t length);

/** agent_link_is_drained: Returns whether the port took everything and may take more. */
bool agent_link_is_drained (const Agent *agent);

/** agent_link_end_session: says BYE for @reason and forgets the session. Harmless without one. */
void agent_link_end_session (Agent *agent, const char *reason, const char *message);

/** agent_link_flush: writes what the port takes now. */
void agent_link_flush (Agent *agent);
