/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "protocol/kvma-frame.h"

#include <string.h>

#define COBS_RUN_MAX 254

/* Writes one COBS stream from several pieces, so that header, payload and CRC need not be joined
 * first. */
typedef struct
{
  uint8_t *out;
  size_t code; /* where the code of the open run belongs */
  size_t next; /* where its next byte belongs */
} Stuffer;

static void
stuffer_begin (Stuffer *self, uint8_t *out)
{
  self->out = out;
  self->code = 0;
  self->next = 1;
}

static void
stuffer_close_run (Stuffer *self)
{
  self->out[self->code] = (uint8_t) (self->next - self->code);
  self->code = self->next++;
}

/* Copies up to the first 0, at most @most bytes; returns how many. Both at once, and eight bytes at
 * a time: one pass costs an emulated guest half of what finding the 0 and copying do after each
 * other.
 * @out may be @data, or before it. */
static size_t
copy_run (uint8_t *out, const uint8_t *data, size_t most)
{
  const uint64_t ones = UINT64_C (0x0101010101010101);
  size_t run = 0;

  /* Zeros come in rows. */
  if (most > 0 && data[0] == 0)
    return 0;
  while (most - run >= sizeof (uint64_t))
    {
      uint64_t word;

      memcpy (&word, data + run, sizeof word);
      /* Only a byte that is 0 borrows while its own highest bit is not set. */
      if (((word - ones) & ~word & ones << 7) != 0)
        break;
      memcpy (out + run, &word, sizeof word);
      run += sizeof word;
    }
  while (run < most && data[run] != 0)
    {
      out[run] = data[run];
      run++;
    }
  return run;
}

static void
stuffer_add (Stuffer *self, const uint8_t *data, size_t length)
{
  while (length > 0)
    {
      size_t room = COBS_RUN_MAX - (self->next - self->code - 1);
      size_t most = length < room ? length : room;
      size_t run = copy_run (self->out + self->next, data, most);

      self->next += run;
      data += run;
      length -= run;
      if (run < most)
        {
          stuffer_close_run (self);
          data++;
          length--;
        }
      else if (length > 0)
        stuffer_close_run (self);
    }
}

static size_t
stuffer_end (Stuffer *self)
{
  self->out[self->code] = (uint8_t) (self->next - self->code);
  return self->next;
}

size_t
kvma_cobs_encoded_max (size_t length)
{
  return length + length / COBS_RUN_MAX + 1;
}

size_t
kvma_cobs_encode (const uint8_t *data, size_t length, uint8_t *out)
{
  Stuffer stuffer;

  stuffer_begin (&stuffer, out);
  stuffer_add (&stuffer, data, length);
  return stuffer_end (&stuffer);
}

bool
kvma_cobs_decode (const uint8_t *data, size_t length, uint8_t *out, size_t *out_length)
{
  size_t in = 0;
  size_t written = 0;

  if (length == 0)
    return false;
  while (in < length)
    {
      size_t run = data[in++];

      if (run == 0 || run - 1 > length - in)
        return false;
      run--;
      if (copy_run (out + written, data + in, run) < run)
        return false;
      in += run;
      written += run;
      if (run < COBS_RUN_MAX && in < length)
        out[written++] = 0;
    }
  *out_length = written;
  return true;
}

static void
put32 (uint8_t *p, uint32_t value)
{
  p[0] = (uint8_t) value;
  p[1] = (uint8_t) (value >> 8);
  p[2] = (uint8_t) (value >> 16);
  p[3] = (uint8_t) (value >> 24);
}

static uint32_t
get32 (const uint8_t *p)
{
  return (uint32_t) p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 | (uint32_t) p[3] << 24;
}

size_t
kvma_frame_encoded_max (size_t length)
{
  return kvma_cobs_encoded_max (KVMA_HEADER_SIZE + length + KVMA_CRC_SIZE) + 2;
}

size_t
kvma_frame_encode (
    const KvmaHeader *header, const void *payload, size_t length, uint8_t *out, size_t out_size)
{
  uint8_t raw[KVMA_HEADER_SIZE];
  uint8_t check[KVMA_CRC_SIZE];
  uint32_t crc;
  Stuffer stuffer;
  size_t size;

  if (length > KVMA_PAYLOAD_MAX || out_size < kvma_frame_encoded_max (length))
    return 0;

  raw[0] = KVMA_PROTOCOL_VERSION;
  raw[1] = header->kind;
  raw[2] = header->flags;
  raw[3] = 0;
  put32 (raw + 4, header->seq);
  put32 (raw + 8, (uint32_t) header->session);
  put32 (raw + 12, (uint32_t) (header->session >> 32));
  put32 (raw + 16, header->ack);
  put32 (raw + 20, header->stream);
  put32 (raw + 24, header->credit);
  put32 (raw + 28, 0);
  crc = kvma_crc32c (0, raw, sizeof raw);
  if (length > 0)
    crc = kvma_crc32c (crc, payload, length);
  put32 (check, crc);

  out[0] = 0;
  stuffer_begin (&stuffer, out + 1);
  stuffer_add (&stuffer, raw, sizeof raw);
  if (length > 0)
    stuffer_add (&stuffer, payload, length);
  stuffer_add (&stuffer, check, sizeof check);
  size = stuffer_end (&stuffer);
  out[1 + size] = 0;
  return size + 2;
}

/* Session 0 and seq 0 belong to the frames that are not part of a session, and only to them. A BYE
 * may be either: it ends a session, or answers somebody who has none. */
static KvmaFault
check_header (const KvmaHeader *header)
{
  switch (header->kind)
    {
    case 0:
      return KVMA_FAULT_KIND;
    case KVMA_KIND_ANNOUNCE:
    case KVMA_KIND_HELLO:
      if (header->session != 0)
        return KVMA_FAULT_SESSION;
      return header->seq == 0 ? KVMA_FAULT_NONE : KVMA_FAULT_SEQUENCE;
    case KVMA_KIND_BYE:
      return KVMA_FAULT_NONE;
    default:
      if (header->session == 0)
        return KVMA_FAULT_SESSION;
      return header->seq != 0 ? KVMA_FAULT_NONE : KVMA_FAULT_SEQUENCE;
    }
}

KvmaFault
kvma_frame_decode (uint8_t *data,
                   size_t length,
                   KvmaHeader *header,
                   const uint8_t **payload,
                   size_t *payload_length)
{
  size_t size;

  if (!kvma_cobs_decode (data, length, data, &size))
    return KVMA_FAULT_COBS;
  if (size < KVMA_HEADER_SIZE + KVMA_CRC_SIZE)
    return KVMA_FAULT_SHORT;
  size -= KVMA_CRC_SIZE;
  if (kvma_crc32c (0, data, size) != get32 (data + size))
    return KVMA_FAULT_CRC;

  header->kind = data[1];
  header->flags = data[2];
  header->seq = get32 (data + 4);
  header->session = (uint64_t) get32 (data + 8) | (uint64_t) get32 (data + 12) << 32;
  header->ack = get32 (data + 16);
  header->stream = get32 (data + 20);
  header->credit = get32 (data + 24);
  *payload = data + KVMA_HEADER_SIZE;
  *payload_length = size - KVMA_HEADER_SIZE;

  if (data[0] != KVMA_PROTOCOL_VERSION)
    return KVMA_FAULT_VERSION;
  if (data[3] != 0 || get32 (data + 28) != 0)
    return KVMA_FAULT_RESERVED;
  if ((header->flags & ~KVMA_FLAGS_KNOWN) != 0)
    return KVMA_FAULT_FLAGS;
  if (*payload_length > KVMA_PAYLOAD_MAX)
    return KVMA_FAULT_TOO_LARGE;
  return check_header (header);
}

const char *
kvma_kind_name (unsigned int kind)
{
  static const char *const names[] = { "unknown", "ANNOUNCE", "HELLO", "WELCOME", "REQUEST",
                                       "REPLY",   "EVENT",    "DATA",  "CLOSE",   "PING",
                                       "PONG",    "BYE",      "ACK" };

  return kind <= KVMA_KIND_LAST ? names[kind] : names[0];
}

const char *
kvma_fault_text (KvmaFault fault)
{
  switch (fault)
    {
    case KVMA_FAULT_NONE:
      return "no fault";
    case KVMA_FAULT_COBS:
      return "bad byte stuffing";
    case KVMA_FAULT_SHORT:
      return "shorter than a header";
    case KVMA_FAULT_CRC:
      return "checksum mismatch";
    case KVMA_FAULT_VERSION:
      return "unknown frame version";
    case KVMA_FAULT_KIND:
      return "frame kind 0";
    case KVMA_FAULT_FLAGS:
      return "unknown flag";
    case KVMA_FAULT_RESERVED:
      return "reserved field is not 0";
    case KVMA_FAULT_SESSION:
      return "session id does not fit the kind";
    case KVMA_FAULT_SEQUENCE:
      return "sequence number does not fit the kind";
    case KVMA_FAULT_TOO_LARGE:
      return "payload too large";
    case KVMA_FAULT_ENDLESS:
      return "no delimiter within the largest frame";
    }
  return "unknown fault";
}
