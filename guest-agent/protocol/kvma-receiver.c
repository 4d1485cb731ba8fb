/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "protocol/kvma-frame.h"

#include <string.h>

void
kvma_receiver_init (KvmaReceiver *self)
{
  /* Not the buffer: pages that were never used stay untouched. */
  memset (self, 0, offsetof (KvmaReceiver, buffer));
}

void
kvma_receiver_reset (KvmaReceiver *self)
{
  self->fill = 0;
  self->discarding = false;
}

bool
kvma_receiver_is_partial (const KvmaReceiver *self)
{
  return self->fill > 0 || self->discarding;
}

static KvmaReceive
finish_frame (KvmaReceiver *self, KvmaFrame *frame)
{
  frame->wire_length = self->fill + 2;
  self->fault =
      kvma_frame_decode (self->buffer, self->fill, &frame->header, &frame->payload, &frame->length);
  self->fill = 0;
  if (self->fault == KVMA_FAULT_NONE)
    {
      self->frames++;
      return KVMA_RECEIVE_FRAME;
    }
  if (self->fault == KVMA_FAULT_TOO_LARGE)
    self->oversize++;
  else
    self->garbage++;
  return KVMA_RECEIVE_GARBAGE;
}

KvmaReceive
kvma_receiver_feed (KvmaReceiver *self, const uint8_t **data, size_t *length, KvmaFrame *frame)
{
  while (*length > 0)
    {
      const uint8_t *zero = memchr (*data, 0, *length);
      size_t run = zero != NULL ? (size_t) (zero - *data) : *length;
      bool overrun = !self->discarding && run > KVMA_FRAME_COBS_MAX - self->fill;

      if (!self->discarding && !overrun)
        {
          memcpy (self->buffer + self->fill, *data, run);
          self->fill += run;
        }
      if (zero != NULL)
        run++;
      *data += run;
      *length -= run;
      self->bytes += run;

      if (overrun)
        {
          self->fill = 0;
          self->discarding = zero == NULL;
          self->oversize++;
          self->fault = KVMA_FAULT_ENDLESS;
          return KVMA_RECEIVE_GARBAGE;
        }
      if (zero == NULL)
        continue;
      if (self->discarding)
        self->discarding = false;
      else if (self->fill > 0)
        return finish_frame (self, frame);
    }
  return KVMA_RECEIVE_MORE;
}
