/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "protocol/kvma-session.h"

#include <string.h>

void
kvma_session_begin (KvmaSession *self, uint64_t id)
{
  memset (self, 0, offsetof (KvmaSession, window_size));
  self->id = id;
}

void
kvma_session_end (KvmaSession *self)
{
  kvma_session_begin (self, 0);
}

bool
kvma_session_is_exhausted (const KvmaSession *self)
{
  return self->tx_seq >= KVMA_SEQ_MAX || self->rx_seq >= KVMA_SEQ_MAX;
}

bool
kvma_session_can_send (const KvmaSession *self, size_t wire_length)
{
  return self->window_count < KVMA_UNACKED_FRAMES_MAX &&
         wire_length <= KVMA_UNACKED_MAX - self->window_bytes;
}

void
kvma_session_stamp (KvmaSession *self, KvmaHeader *header)
{
  header->session = self->id;
  header->seq = ++self->tx_seq;
  header->ack = self->rx_seq;
  self->rx_unacked = 0;
  self->ack_due = false;
}

void
kvma_session_sent (KvmaSession *self, size_t wire_length)
{
  if (self->window_count == KVMA_UNACKED_FRAMES_MAX || wire_length > KVMA_FRAME_MAX)
    return;
  if (self->window_count == 0)
    self->window_first = self->tx_seq;
  self->window_size[self->tx_seq % KVMA_UNACKED_FRAMES_MAX] = (uint16_t) wire_length;
  self->window_count++;
  self->window_bytes += (uint32_t) wire_length;
}

static void
release_window (KvmaSession *self, uint32_t ack)
{
  while (self->window_count > 0 && self->window_first <= ack)
    {
      self->window_bytes -= self->window_size[self->window_first % KVMA_UNACKED_FRAMES_MAX];
      self->window_first++;
      self->window_count--;
    }
}

bool
kvma_session_receive (KvmaSession *self, const KvmaFrame *frame)
{
  const KvmaHeader *header = &frame->header;

  if (self->id == 0 || header->session != self->id)
    return false;
  if (header->seq == 0 || header->seq != self->rx_seq + 1)
    return false;
  if (header->ack < self->tx_acked || header->ack > self->tx_seq)
    return false;

  self->rx_seq = header->seq;
  self->tx_acked = header->ack;
  release_window (self, header->ack);
  self->rx_unacked += (uint32_t) frame->wire_length;
  /* An acknowledgement of an acknowledgement would never end. */
  if (header->kind != KVMA_KIND_ACK)
    self->ack_due = true;
  return true;
}

bool
kvma_session_must_ack (const KvmaSession *self)
{
  return self->id != 0 && self->rx_unacked >= KVMA_ACK_BYTES;
}

void
kvma_session_format_id (uint64_t id, char text[KVMA_SESSION_TEXT_SIZE + 1])
{
  static const char digits[] = "0123456789abcdef";

  for (int i = 0; i < KVMA_SESSION_TEXT_SIZE; i++)
    text[i] = digits[id >> (60 - 4 * i) & 0xf];
  text[KVMA_SESSION_TEXT_SIZE] = '\0';
}

bool
kvma_session_parse_id (const char *text, uint64_t *id)
{
  uint64_t value = 0;

  for (int i = 0; i < KVMA_SESSION_TEXT_SIZE; i++)
    {
      char c = text[i];

      if (c >= '0' && c <= '9')
        value = value << 4 | (uint64_t) (c - '0');
      else if (c >= 'a' && c <= 'f')
        value = value << 4 | (uint64_t) (c - 'a' + 10);
      else
        return false;
    }
  if (text[KVMA_SESSION_TEXT_SIZE] != '\0' || value == 0)
    return false;
  *id = value;
  return true;
}
