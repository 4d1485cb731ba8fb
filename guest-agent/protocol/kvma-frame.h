/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "protocol/kvma-limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The frame layer of kvma/1: 00 | COBS (header, payload, CRC-32C) | 00. No allocation, no state but
 * what the caller owns. Any thread, as long as one receiver belongs to one thread at a time.
 * PROTOCOL.md, "Frames". */

typedef enum
{
  KVMA_KIND_ANNOUNCE = 1,
  KVMA_KIND_HELLO = 2,
  KVMA_KIND_WELCOME = 3,
  KVMA_KIND_REQUEST = 4,
  KVMA_KIND_REPLY = 5,
  KVMA_KIND_EVENT = 6,
  KVMA_KIND_DATA = 7,
  KVMA_KIND_CLOSE = 8,
  KVMA_KIND_PING = 9,
  KVMA_KIND_PONG = 10,
  KVMA_KIND_BYE = 11,
  KVMA_KIND_ACK = 12,
} KvmaKind;

#define KVMA_KIND_LAST KVMA_KIND_ACK

#define KVMA_FLAG_END 0x01u    /* DATA: nothing follows in this direction of the stream */
#define KVMA_FLAG_STDERR 0x02u /* DATA: bytes of the standard error */
#define KVMA_FLAG_URGENT 0x04u
#define KVMA_FLAGS_KNOWN 0x07u

#define KVMA_PING_PAYLOAD_SIZE                                                                     \
  16 /* 8 bytes to echo, then the sender's monotonic clock in ms, 64 bits */

/* The 32 bytes before the payload. The version (1) and the reserved fields (0) are written and
 * checked by the encoder and the decoder. */
typedef struct
{
  uint8_t kind;  /* a KvmaKind; larger values come from newer peers and are dropped by the caller */
  uint8_t flags; /* KVMA_FLAG_* */
  uint32_t seq;  /* 1, 2, 3 ... per direction and session; 0 only outside the sequence */
  uint64_t session; /* 0 only for ANNOUNCE, HELLO and a BYE without a session */
  uint32_t ack;     /* the last seq received without a gap */
  uint32_t stream;  /* DATA and CLOSE; also what @credit is for */
  uint32_t credit;  /* additional DATA bytes granted on @stream */
} KvmaHeader;

/* Why a decoded frame is not acceptable. */
typedef enum
{
  KVMA_FAULT_NONE,
  KVMA_FAULT_COBS,      /* a code reaches over the end */
  KVMA_FAULT_SHORT,     /* no room for header and CRC */
  KVMA_FAULT_CRC,       /* damaged on the way */
  KVMA_FAULT_VERSION,   /* ver is not 1 */
  KVMA_FAULT_KIND,      /* kind 0 */
  KVMA_FAULT_FLAGS,     /* an unknown flag */
  KVMA_FAULT_RESERVED,  /* a reserved field is not 0 */
  KVMA_FAULT_SESSION,   /* session 0 where one is needed, or one where there is none */
  KVMA_FAULT_SEQUENCE,  /* seq 0 where one is needed, or one where there is none */
  KVMA_FAULT_TOO_LARGE, /* payload above KVMA_PAYLOAD_MAX */
  KVMA_FAULT_ENDLESS,   /* KVMA_FRAME_COBS_MAX bytes without a delimiter */
} KvmaFault;

/**
 * kvma_crc32c:
 * @crc: 0 to begin, the last result to go on
 * @data: @length bytes
 *
 * CRC-32C (Castagnoli, reflected, as iSCSI). Returns the checksum of all bytes so far.
 */
uint32_t kvma_crc32c (uint32_t crc, const void *data, size_t length);

/**
 * kvma_cobs_encoded_max:
 *
 * Returns the most bytes that @length bytes become, without delimiters.
 */
size_t kvma_cobs_encoded_max (size_t length);

/**
 * kvma_cobs_encode:
 * @out: room for kvma_cobs_encoded_max (@length) bytes; must not overlap @data
 *
 * Consistent overhead byte stuffing: the result holds no 0 byte. No delimiter is written.
 * Returns the number of bytes written.
 */
size_t kvma_cobs_encode (const uint8_t *data, size_t length, uint8_t *out);

/**
 * kvma_cobs_decode:
 * @out: room for @length bytes; may be @data
 * @out_length: (out): bytes written; untouched on failure
 *
 * Returns false when a code reaches over the end, a 0 byte stands inside, or @length is 0.
 */
bool kvma_cobs_decode (const uint8_t *data, size_t length, uint8_t *out, size_t *out_length);

/**
 * kvma_frame_encode:
 * @header: what to write; version and reserved fields are added
 * @payload: (nullable): @length bytes, at most KVMA_PAYLOAD_MAX
 * @out: at least kvma_frame_encoded_max (@length) bytes; KVMA_FRAME_MAX always suffices
 *
 * Writes one whole frame with both delimiters.
 * Returns its size, 0 when @payload is too large or @out too small (nothing useful was written
 * then).
 */
size_t kvma_frame_encode (
    const KvmaHeader *header, const void *payload, size_t length, uint8_t *out, size_t out_size);

/**
 * kvma_frame_encoded_max:
 *
 * Returns the most bytes that a frame with @length bytes of payload takes, delimiters included.
 */
size_t kvma_frame_encoded_max (size_t length);

/**
 * kvma_frame_decode:
 * @data: the bytes between two delimiters; decoded in place
 * @header: (out): filled unless the fault is one of the first three (COBS, SHORT, CRC)
 * @payload: (out): inside @data
 *
 * Returns KVMA_FAULT_NONE, or what is wrong with the frame.
 */
KvmaFault kvma_frame_decode (uint8_t *data,
                             size_t length,
                             KvmaHeader *header,
                             const uint8_t **payload,
                             size_t *payload_length);

/* One received frame. @payload points into the receiver and is good until the next call on it. */
typedef struct
{
  KvmaHeader header;
  const uint8_t *payload;
  size_t length;      /* of @payload */
  size_t wire_length; /* with overhead and its two delimiters: what flow control counts */
} KvmaFrame;

typedef enum
{
  KVMA_RECEIVE_MORE,    /* all bytes are consumed, no frame is complete */
  KVMA_RECEIVE_FRAME,   /* one good frame */
  KVMA_RECEIVE_GARBAGE, /* a frame was dropped: the fault says why */
} KvmaReceive;

/* Collects bytes and cuts them into frames. The only buffer of the receiving side; no length from
 * the peer is ever believed. Fields are read by the owner, written by the functions. */
typedef struct
{
  uint64_t bytes;   /* all bytes ever fed */
  uint64_t frames;  /* good frames */
  uint64_t garbage; /* dropped: bad COBS, CRC or header */
  uint64_t
      oversize; /* dropped: no delimiter within KVMA_FRAME_COBS_MAX bytes, or a payload too large */
  KvmaFault fault; /* of the last dropped frame */
  size_t fill;     /* bytes of the frame that is being collected */
  bool discarding; /* until the next delimiter */
  uint8_t buffer[KVMA_RECEIVER_SIZE];
} KvmaReceiver;

/**
 * kvma_receiver_init:
 *
 * Makes @self empty, counters 0.
 */
void kvma_receiver_init (KvmaReceiver *self);

/**
 * kvma_receiver_reset:
 *
 * Forgets the partial frame (the channel was closed and opened again); keeps the counters.
 */
void kvma_receiver_reset (KvmaReceiver *self);

/**
 * kvma_receiver_is_partial:
 *
 * Returns whether a frame was begun and not ended: what must not stay so longer than
 * KVMA_PARTIAL_FRAME_MS.
 */
bool kvma_receiver_is_partial (const KvmaReceiver *self);

/**
 * kvma_receiver_feed:
 * @data: (inout): the bytes received; advanced over what was consumed
 * @length: (inout): bytes left at @data
 * @frame: (out): filled on KVMA_RECEIVE_FRAME
 *
 * Consumes bytes up to the end of the next frame. Call it until it returns KVMA_RECEIVE_MORE:
 * `while ((r = kvma_receiver_feed (&rx, &p, &n, &frame)) != KVMA_RECEIVE_MORE) ...`.
 * Empty frames are padding and never reported. After a dropped frame it is in step again at the
 * next 0 byte.
 */
KvmaReceive
kvma_receiver_feed (KvmaReceiver *self, const uint8_t **data, size_t *length, KvmaFrame *frame);

/**
 * kvma_kind_name:
 *
 * Returns the name of a frame kind ("HELLO"), "unknown" for others. Static text.
 */
const char *kvma_kind_name (unsigned int kind);

/**
 * kvma_fault_text:
 *
 * Returns why a frame was refused, for a log. Static text.
 */
const char *kvma_fault_text (KvmaFault fault);
