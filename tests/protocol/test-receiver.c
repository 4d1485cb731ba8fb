/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <glib.h>
#include <string.h>

#include "protocol/kvma-frame.h"

static KvmaReceiver receiver;

/* Frames of many sizes with sequence numbers from @first. */
static GByteArray *
make_stream (guint first, guint n, gsize payload_max)
{
  GByteArray *stream = g_byte_array_new ();

  for (guint i = 0; i < n; i++)
    {
      const KvmaHeader header = {
        .kind = KVMA_KIND_DATA, .seq = first + i, .session = 5, .stream = 1
      };
      g_autofree guint8 *payload = g_malloc (payload_max + 1);
      guint8 wire[KVMA_FRAME_MAX];
      gsize length = (gsize) g_test_rand_int_range (0, (gint32) payload_max + 1);

      for (gsize k = 0; k < length; k++)
        payload[k] = (guint8) (g_test_rand_int () & 0x83);
      length = kvma_frame_encode (&header, payload, length, wire, sizeof wire);
      g_byte_array_append (stream, wire, (guint) length);
    }
  return stream;
}

/* Feeds all and records the sequence numbers of good frames. */
static void
feed (const guint8 *data, gsize length, gsize step, GArray *seen)
{
  while (length > 0)
    {
      gsize n = MIN (step, length);
      const guint8 *p = data;
      gsize left = n;
      KvmaFrame frame;
      KvmaReceive result;

      while ((result = kvma_receiver_feed (&receiver, &p, &left, &frame)) != KVMA_RECEIVE_MORE)
        if (result == KVMA_RECEIVE_FRAME)
          g_array_append_val (seen, frame.header.seq);
      g_assert_cmpuint (left, ==, 0);
      data += n;
      length -= n;
    }
}

static void
test_bytewise_equals_bulk (void)
{
  g_autoptr (GByteArray) stream = make_stream (1, 40, 3000);
  g_autoptr (GArray) bulk = g_array_new (FALSE, FALSE, sizeof (guint32));
  const gsize steps[] = { 1, 2, 3, 39, 4096, 32768 };

  kvma_receiver_init (&receiver);
  feed (stream->data, stream->len, stream->len, bulk);
  g_assert_cmpuint (bulk->len, ==, 40);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      g_autoptr (GArray) seen = g_array_new (FALSE, FALSE, sizeof (guint32));

      kvma_receiver_init (&receiver);
      feed (stream->data, stream->len, steps[i], seen);
      g_assert_cmpmem (seen->data, seen->len * sizeof (guint32), bulk->data,
                       bulk->len * sizeof (guint32));
      g_assert_cmpuint (receiver.garbage, ==, 0);
      g_assert_cmpuint (receiver.bytes, ==, stream->len);
    }
}

static void
test_wire_length_is_what_was_sent (void)
{
  g_autoptr (GByteArray) stream = make_stream (1, 20, 31744);
  const guint8 *p = stream->data;
  gsize left = stream->len;
  gsize total = 0;
  KvmaFrame frame;

  kvma_receiver_init (&receiver);
  while (kvma_receiver_feed (&receiver, &p, &left, &frame) == KVMA_RECEIVE_FRAME)
    total += frame.wire_length;
  g_assert_cmpuint (total, ==, stream->len);
}

/* A stream that is cut off anywhere, followed by a whole one: the whole one always arrives. */
static void
test_cuts_resynchronise (void)
{
  g_autoptr (GByteArray) before = make_stream (1000, 3, 2000);
  g_autoptr (GByteArray) after = make_stream (1, 3, 300);

  for (guint cut = 0; cut < 20000; cut++)
    {
      g_autoptr (GArray) seen = g_array_new (FALSE, FALSE, sizeof (guint32));
      gsize n = (gsize) g_test_rand_int_range (0, (gint32) before->len + 1);

      kvma_receiver_init (&receiver);
      feed (before->data, n, n, seen);
      feed (after->data, after->len, 1 + cut % 4096, seen);
      g_assert_cmpuint (seen->len, >=, 3);
      for (guint i = 0; i < 3; i++)
        g_assert_cmpuint (g_array_index (seen, guint32, seen->len - 3 + i), ==, i + 1);
    }
}

static void
test_every_offset_resynchronises (void)
{
  g_autoptr (GByteArray) before = make_stream (1000, 3, 200);
  g_autoptr (GByteArray) after = make_stream (1, 1, 50);

  for (gsize start = 0; start <= before->len; start++)
    {
      g_autoptr (GArray) seen = g_array_new (FALSE, FALSE, sizeof (guint32));

      kvma_receiver_init (&receiver);
      feed (before->data + start, before->len - start, 4096, seen);
      feed (after->data, after->len, 4096, seen);
      g_assert_cmpuint (seen->len, >=, 1);
      g_assert_cmpuint (g_array_index (seen, guint32, seen->len - 1), ==, 1);
    }
}

static void
test_garbage_then_frame (void)
{
  g_autoptr (GByteArray) after = make_stream (1, 1, 50);
  g_autoptr (GArray) seen = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_autofree guint8 *garbage = g_malloc (1 << 20);

  for (gsize i = 0; i < 1 << 20; i++)
    garbage[i] = (guint8) g_test_rand_int ();
  kvma_receiver_init (&receiver);
  feed (garbage, 1 << 20, 4096, seen);
  g_assert_cmpuint (seen->len, ==, 0);
  g_assert_cmpuint (receiver.garbage, >, 1000);
  feed (after->data, after->len, 4096, seen);
  g_assert_cmpuint (seen->len, ==, 1);
}

static void
test_empty_frames_are_padding (void)
{
  g_autoptr (GByteArray) after = make_stream (1, 1, 50);
  g_autoptr (GArray) seen = g_array_new (FALSE, FALSE, sizeof (guint32));
  guint8 zeros[1000] = { 0 };

  kvma_receiver_init (&receiver);
  feed (zeros, sizeof zeros, 7, seen);
  g_assert_cmpuint (receiver.garbage, ==, 0);
  g_assert_false (kvma_receiver_is_partial (&receiver));
  feed (after->data, after->len, 4096, seen);
  g_assert_cmpuint (seen->len, ==, 1);
}

/* Exactly the largest frame passes; one byte more is discarded up to the next delimiter, once. */
static void
test_endless_frame_is_discarded (void)
{
  g_autoptr (GByteArray) after = make_stream (1, 1, 50);
  g_autoptr (GArray) seen = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_autofree guint8 *bytes = g_malloc (200000);
  const guint8 zero = 0;

  memset (bytes, 0x42, 200000);
  kvma_receiver_init (&receiver);
  feed (bytes, KVMA_FRAME_COBS_MAX, 1000, seen);
  g_assert_cmpuint (receiver.oversize, ==, 0);
  feed (&zero, 1, 1, seen);
  g_assert_cmpuint (receiver.oversize, ==, 0);
  g_assert_cmpuint (receiver.garbage, ==, 1);
  feed (bytes, KVMA_FRAME_COBS_MAX + 1, 1000, seen);
  g_assert_cmpuint (receiver.oversize, ==, 1);
  g_assert_cmpint (receiver.fault, ==, KVMA_FAULT_ENDLESS);
  feed (bytes, 200000, 4096, seen);
  g_assert_cmpuint (receiver.oversize, ==, 1);
  g_assert_true (kvma_receiver_is_partial (&receiver));
  feed (after->data, after->len, 4096, seen);
  g_assert_cmpuint (seen->len, ==, 1);
  g_assert_cmpuint (receiver.garbage, ==, 1);
}

static void
test_reset_forgets_the_partial_frame (void)
{
  g_autoptr (GByteArray) stream = make_stream (1, 1, 50);
  g_autoptr (GArray) seen = g_array_new (FALSE, FALSE, sizeof (guint32));

  kvma_receiver_init (&receiver);
  feed (stream->data, 10, 10, seen);
  g_assert_true (kvma_receiver_is_partial (&receiver));
  kvma_receiver_reset (&receiver);
  g_assert_false (kvma_receiver_is_partial (&receiver));
  feed (stream->data, stream->len, 4096, seen);
  g_assert_cmpuint (seen->len, ==, 1);
  g_assert_cmpuint (receiver.garbage, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/protocol/receiver/bytewise-equals-bulk", test_bytewise_equals_bulk);
  g_test_add_func ("/protocol/receiver/wire-length-is-what-was-sent",
                   test_wire_length_is_what_was_sent);
  g_test_add_func ("/protocol/receiver/cuts-resynchronise", test_cuts_resynchronise);
  g_test_add_func ("/protocol/receiver/every-offset-resynchronises",
                   test_every_offset_resynchronises);
  g_test_add_func ("/protocol/receiver/garbage-then-frame", test_garbage_then_frame);
  g_test_add_func ("/protocol/receiver/empty-frames-are-padding", test_empty_frames_are_padding);
  g_test_add_func ("/protocol/receiver/endless-frame-is-discarded",
                   test_endless_frame_is_discarded);
  g_test_add_func ("/protocol/receiver/reset-forgets-the-partial-frame",
                   test_reset_forgets_the_partial_frame);
  return g_test_run ();
}
