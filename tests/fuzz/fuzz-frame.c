/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* Frames: whatever comes in, a good frame encodes to the bytes that it was decoded from or to the
 * one other form that PROTOCOL.md allows; and the receiver, fed in two pieces, sees what it sees in
 * one. */

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "protocol/kvma-session.h"

static KvmaReceiver whole;
static KvmaReceiver parts;

static void
check_frame (const KvmaFrame *frame)
{
  static uint8_t wire[KVMA_FRAME_MAX];
  static uint8_t copy[KVMA_FRAME_MAX];
  KvmaHeader header;
  const uint8_t *payload;
  size_t length;
  size_t n = kvma_frame_encode (&frame->header, frame->payload, frame->length, wire, sizeof wire);

  if (n < 2)
    abort ();
  memcpy (copy, wire, n);
  if (kvma_frame_decode (copy + 1, n - 2, &header, &payload, &length) != KVMA_FAULT_NONE ||
      length != frame->length || memcmp (payload, frame->payload, length) != 0 ||
      header.session != frame->header.session || header.seq != frame->header.seq)
    abort ();
}

static void
feed (KvmaReceiver *receiver, const uint8_t *data, size_t length, KvmaSession *session)
{
  KvmaFrame frame;
  KvmaReceive result;

  while ((result = kvma_receiver_feed (receiver, &data, &length, &frame)) != KVMA_RECEIVE_MORE)
    if (result == KVMA_RECEIVE_FRAME)
      {
        check_frame (&frame);
        if (session->id == 0)
          kvma_session_begin (session, frame.header.session);
        kvma_session_receive (session, &frame);
      }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static uint8_t out[1 << 20];
  static KvmaSession first, second;
  size_t cut = size > 0 ? data[0] % size : 0;
  size_t n;

  kvma_session_end (&first);
  kvma_session_end (&second);
  kvma_receiver_init (&whole);
  kvma_receiver_init (&parts);
  feed (&whole, data, size, &first);
  feed (&parts, data, cut, &second);
  feed (&parts, data + cut, size - cut, &second);
  if (whole.frames != parts.frames || whole.garbage != parts.garbage ||
      whole.oversize != parts.oversize || first.rx_seq != second.rx_seq)
    abort ();

  if (size <= KVMA_FRAME_COBS_MAX && kvma_cobs_decode (data, size, out, &n))
    {
      size_t again = kvma_cobs_encode (out, n, out + 65536);

      if (again > size || memcmp (out + 65536, data, again) != 0)
        abort ();
    }
  return 0;
}
