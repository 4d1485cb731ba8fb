/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <glib.h>
#include <string.h>

#include "protocol/kvma-frame.h"

static void
test_crc_vectors (void)
{
  guint8 bytes[32];

  g_assert_cmphex (kvma_crc32c (0, "", 0), ==, 0);
  g_assert_cmphex (kvma_crc32c (0, "123456789", 9), ==, 0xe3069283);
  /* RFC 3720, appendix B.4. */
  memset (bytes, 0, sizeof bytes);
  g_assert_cmphex (kvma_crc32c (0, bytes, sizeof bytes), ==, 0x8a9136aa);
  memset (bytes, 0xff, sizeof bytes);
  g_assert_cmphex (kvma_crc32c (0, bytes, sizeof bytes), ==, 0x62a8ab43);
  for (guint i = 0; i < sizeof bytes; i++)
    bytes[i] = (guint8) i;
  g_assert_cmphex (kvma_crc32c (0, bytes, sizeof bytes), ==, 0x46dd794e);
  for (guint i = 0; i < sizeof bytes; i++)
    bytes[i] = (guint8) (31 - i);
  g_assert_cmphex (kvma_crc32c (0, bytes, sizeof bytes), ==, 0x113fdb5c);
}

/* The definition, bit by bit: what eight tables must not differ from at any length or alignment. */
static guint32
slow_crc (const guint8 *data, gsize length)
{
  guint32 crc = 0xffffffff;

  for (gsize i = 0; i < length; i++)
    {
      crc ^= data[i];
      for (guint bit = 0; bit < 8; bit++)
        crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
    }
  return ~crc;
}

static void
test_crc_equals_definition (void)
{
  guint8 data[300];

  for (guint i = 0; i < sizeof data; i++)
    data[i] = (guint8) g_test_rand_int ();
  for (gsize start = 0; start < 9; start++)
    for (gsize length = 0; start + length <= sizeof data; length += 7)
      {
        guint32 whole = slow_crc (data + start, length);

        g_assert_cmphex (kvma_crc32c (0, data + start, length), ==, whole);
        g_assert_cmphex (kvma_crc32c (kvma_crc32c (0, data + start, length / 3),
                                      data + start + length / 3, length - length / 3),
                         ==, whole);
      }
}

static void
round_trip (const guint8 *data, gsize length)
{
  g_autofree guint8 *encoded = g_malloc (kvma_cobs_encoded_max (length));
  g_autofree guint8 *decoded = g_malloc (kvma_cobs_encoded_max (length));
  gsize n = kvma_cobs_encode (data, length, encoded);
  gsize back = 0;

  g_assert_cmpuint (n, <=, kvma_cobs_encoded_max (length));
  g_assert_null (memchr (encoded, 0, n));
  g_assert_true (kvma_cobs_decode (encoded, n, decoded, &back));
  g_assert_cmpmem (decoded, back, data, length);
  /* And in place. */
  g_assert_true (kvma_cobs_decode (encoded, n, encoded, &back));
  g_assert_cmpmem (encoded, back, data, length);
}

static void
test_cobs_round_trips (void)
{
  g_autofree guint8 *data = g_malloc (KVMA_PAYLOAD_MAX);

  for (gsize length = 0; length <= KVMA_PAYLOAD_MAX; length += length < 1100 ? 1 : 1021)
    {
      memset (data, 0, length);
      round_trip (data, length);
      memset (data, 0xa5, length);
      round_trip (data, length);
      for (gsize i = 0; i < length; i++)
        data[i] = (guint8) (g_test_rand_int () % 3);
      round_trip (data, length);
      /* One zero near each boundary of a run. */
      memset (data, 1, length);
      for (gsize i = 253; i < length; i += 254)
        data[i] = 0;
      round_trip (data, length);
    }
  memset (data, 0xff, KVMA_PAYLOAD_MAX);
  round_trip (data, KVMA_PAYLOAD_MAX);
}

/* Eight bytes are looked at together: a 0 is found wherever it stands, and nothing is taken for
 * one. */
static void
test_cobs_zero_at_every_place (void)
{
  const guint8 around[] = { 0x01, 0x7f, 0x80, 0x81, 0xfe, 0xff };
  guint8 data[40];

  for (gsize i = 0; i < G_N_ELEMENTS (around); i++)
    for (gsize place = 0; place < sizeof data; place++)
      {
        guint8 encoded[sizeof data + 2];

        memset (data, around[i], sizeof data);
        data[place] = 0;
        g_assert_cmpuint (kvma_cobs_encode (data, sizeof data, encoded), ==, sizeof data + 1);
        g_assert_cmpuint (encoded[0], ==, place + 1);
        g_assert_cmpuint (encoded[place + 1], ==, sizeof data - place);
        round_trip (data, sizeof data);
        /* In the encoding it is an error. */
        encoded[sizeof data - place / 2] = 0;
        g_assert_false (kvma_cobs_decode (encoded, sizeof data + 1, encoded, &(gsize){ 0 }));
      }
}

static void
test_cobs_boundaries (void)
{
  guint8 data[600];
  guint8 encoded[610];

  memset (data, 7, sizeof data);
  g_assert_cmpuint (kvma_cobs_encode (data, 0, encoded), ==, 1);
  g_assert_cmphex (encoded[0], ==, 0x01);
  g_assert_cmpuint (kvma_cobs_encode (data, 253, encoded), ==, 254);
  g_assert_cmphex (encoded[0], ==, 0xfe);
  /* No code 01 follows a final run of 254. */
  g_assert_cmpuint (kvma_cobs_encode (data, 254, encoded), ==, 255);
  g_assert_cmphex (encoded[0], ==, 0xff);
  g_assert_cmpuint (kvma_cobs_encode (data, 255, encoded), ==, 257);
  g_assert_cmphex (encoded[255], ==, 0x02);
  g_assert_cmpuint (kvma_cobs_encode (data, 508, encoded), ==, 510);
  g_assert_cmpuint (kvma_cobs_encode (data, 509, encoded), ==, 512);
  data[254] = 0;
  g_assert_cmpuint (kvma_cobs_encode (data, 255, encoded), ==, 257);
  g_assert_cmphex (encoded[255], ==, 0x01);
  g_assert_cmphex (encoded[256], ==, 0x01);
}

static void
test_cobs_examples (void)
{
  /* PROTOCOL.md, 2. */
  const guint8 plain[] = { 0x11, 0x22, 0x00, 0x33 };
  const guint8 wire[] = { 0x03, 0x11, 0x22, 0x02, 0x33 };
  const guint8 tail[] = { 0x02, 0x55, 0x01 };
  guint8 out[16];
  gsize n;

  g_assert_cmpuint (kvma_cobs_encode (plain, sizeof plain, out), ==, sizeof wire);
  g_assert_cmpmem (out, sizeof wire, wire, sizeof wire);
  g_assert_true (kvma_cobs_decode (tail, sizeof tail, out, &n));
  g_assert_cmpuint (n, ==, 2);
}

static void
test_cobs_refuses_overrun (void)
{
  const guint8 over[] = { 0x03, 0x11 };
  const guint8 zero_code[] = { 0x02, 0x11, 0x00 };
  const guint8 zero_inside[] = { 0x04, 0x11, 0x00, 0x22 };
  guint8 lone[] = { 0xff };
  guint8 out[16];
  gsize n = 77;

  g_assert_false (kvma_cobs_decode (over, sizeof over, out, &n));
  g_assert_false (kvma_cobs_decode (zero_code, sizeof zero_code, out, &n));
  g_assert_false (kvma_cobs_decode (zero_inside, sizeof zero_inside, out, &n));
  g_assert_false (kvma_cobs_decode (lone, sizeof lone, out, &n));
  g_assert_false (kvma_cobs_decode (lone, 0, out, &n));
  g_assert_cmpuint (n, ==, 77);
}

static gsize
encode (const KvmaHeader *header, const void *payload, gsize length, guint8 *out)
{
  gsize n = kvma_frame_encode (header, payload, length, out, KVMA_FRAME_MAX);

  g_assert_cmpuint (n, >, 2);
  g_assert_cmphex (out[0], ==, 0);
  g_assert_cmphex (out[n - 1], ==, 0);
  return n;
}

static void
test_frame_keeps_header (void)
{
  const KvmaHeader sent = { .kind = KVMA_KIND_DATA,
                            .flags = KVMA_FLAG_END | KVMA_FLAG_URGENT,
                            .seq = 0x01020304,
                            .session = G_GUINT64_CONSTANT (0x1122334455667788),
                            .ack = 0xfffffffe,
                            .stream = 5,
                            .credit = 65536 };
  guint8 wire[KVMA_FRAME_MAX];
  KvmaHeader got;
  const guint8 *payload;
  gsize length;
  gsize n = encode (&sent, "hello", 5, wire);

  g_assert_cmpint (kvma_frame_decode (wire + 1, n - 2, &got, &payload, &length), ==,
                   KVMA_FAULT_NONE);
  g_assert_cmpmem (payload, length, "hello", 5);
  g_assert_cmpint (got.kind, ==, sent.kind);
  g_assert_cmpint (got.flags, ==, sent.flags);
  g_assert_cmphex (got.seq, ==, sent.seq);
  g_assert_cmphex (got.session, ==, sent.session);
  g_assert_cmphex (got.ack, ==, sent.ack);
  g_assert_cmpuint (got.stream, ==, sent.stream);
  g_assert_cmpuint (got.credit, ==, sent.credit);
}

static void
test_frame_is_the_documented_one (void)
{
  /* The ACK of PROTOCOL.md, 9. */
  static const guint8 documented[] = { 0x00, 0x03, 0x01, 0x0c, 0x01, 0x02, 0x01, 0x01, 0x01, 0x0a,
                                       0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0x01, 0x01,
                                       0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
                                       0x01, 0x01, 0x01, 0x05, 0x4e, 0xd5, 0xa5, 0x47, 0x00 };
  const KvmaHeader ack = {
    .kind = KVMA_KIND_ACK, .seq = 1, .session = G_GUINT64_CONSTANT (0x1122334455667788), .ack = 1
  };
  guint8 wire[KVMA_FRAME_MAX];
  gsize n = encode (&ack, NULL, 0, wire);

  g_assert_cmpmem (wire, n, documented, sizeof documented);
}

static void
test_frame_fits_one_descriptor (void)
{
  const KvmaHeader header = { .kind = KVMA_KIND_DATA, .seq = 1, .session = 1, .stream = 1 };
  g_autofree guint8 *payload = g_malloc (KVMA_PAYLOAD_MAX + 1);
  guint8 wire[KVMA_FRAME_MAX];

  memset (payload, 0xee, KVMA_PAYLOAD_MAX + 1);
  g_assert_cmpuint (kvma_frame_encoded_max (KVMA_PAYLOAD_MAX), <=, KVMA_FRAME_MAX);
  g_assert_cmpuint (kvma_frame_encoded_max (KVMA_PAYLOAD_MAX) - KVMA_PAYLOAD_MAX, <=,
                    KVMA_FRAME_OVERHEAD_MAX);
  encode (&header, payload, KVMA_PAYLOAD_MAX, wire);
  g_assert_cmpuint (kvma_frame_encode (&header, payload, KVMA_PAYLOAD_MAX + 1, wire, sizeof wire),
                    ==, 0);
  g_assert_cmpuint (kvma_frame_encode (&header, payload, 100, wire, 100), ==, 0);
}

static void
test_bit_flips_are_dropped (void)
{
  const KvmaHeader header = { .kind = KVMA_KIND_REQUEST, .seq = 9, .session = 3, .ack = 4 };
  guint8 wire[KVMA_FRAME_MAX];
  gsize n = encode (&header, "{\"id\":1,\"method\":\"\0\0sys.info\"}", 30, wire);

  for (gsize bit = 8; bit < (n - 1) * 8; bit++)
    {
      g_autofree guint8 *copy = g_memdup2 (wire, n);
      KvmaHeader got;
      const guint8 *payload;
      gsize length;

      copy[bit / 8] ^= (guint8) (1u << bit % 8);
      g_assert_cmpint (kvma_frame_decode (copy + 1, n - 2, &got, &payload, &length), !=,
                       KVMA_FAULT_NONE);
    }
}

/* A frame with a good CRC and a header that no sender of ours would write. */
static KvmaFault
decode_raw (guint8 raw[KVMA_HEADER_SIZE], gsize payload_length)
{
  g_autofree guint8 *plain = g_malloc0 (KVMA_HEADER_SIZE + payload_length + 4);
  g_autofree guint8 *wire = g_malloc (KVMA_HEADER_SIZE + payload_length + 512);
  KvmaHeader header;
  const guint8 *payload;
  gsize length, n;
  guint32 crc;

  memcpy (plain, raw, KVMA_HEADER_SIZE);
  crc = GUINT32_TO_LE (kvma_crc32c (0, plain, KVMA_HEADER_SIZE + payload_length));
  memcpy (plain + KVMA_HEADER_SIZE + payload_length, &crc, 4);
  n = kvma_cobs_encode (plain, KVMA_HEADER_SIZE + payload_length + 4, wire);
  return kvma_frame_decode (wire, n, &header, &payload, &length);
}

static void
make_raw (guint8 raw[KVMA_HEADER_SIZE], guint8 kind, guint8 session, guint8 seq)
{
  memset (raw, 0, KVMA_HEADER_SIZE);
  raw[0] = 1;
  raw[1] = kind;
  raw[4] = seq;
  raw[8] = session;
}

static void
test_header_faults (void)
{
  guint8 raw[KVMA_HEADER_SIZE];

  make_raw (raw, KVMA_KIND_PING, 1, 1);
  g_assert_cmpint (decode_raw (raw, 16), ==, KVMA_FAULT_NONE);
  raw[0] = 2;
  g_assert_cmpint (decode_raw (raw, 16), ==, KVMA_FAULT_VERSION);
  raw[0] = 0;
  g_assert_cmpint (decode_raw (raw, 16), ==, KVMA_FAULT_VERSION);
  for (guint bit = 3; bit < 8; bit++)
    {
      make_raw (raw, KVMA_KIND_PING, 1, 1);
      raw[2] = (guint8) (1u << bit);
      g_assert_cmpint (decode_raw (raw, 16), ==, KVMA_FAULT_FLAGS);
    }
  make_raw (raw, KVMA_KIND_PING, 1, 1);
  raw[3] = 1;
  g_assert_cmpint (decode_raw (raw, 16), ==, KVMA_FAULT_RESERVED);
  for (guint i = 28; i < 32; i++)
    {
      make_raw (raw, KVMA_KIND_PING, 1, 1);
      raw[i] = 1;
      g_assert_cmpint (decode_raw (raw, 16), ==, KVMA_FAULT_RESERVED);
    }
  make_raw (raw, 0, 1, 1);
  g_assert_cmpint (decode_raw (raw, 0), ==, KVMA_FAULT_KIND);
  make_raw (raw, KVMA_KIND_DATA, 1, 1);
  g_assert_cmpint (decode_raw (raw, KVMA_PAYLOAD_MAX), ==, KVMA_FAULT_NONE);
  g_assert_cmpint (decode_raw (raw, KVMA_PAYLOAD_MAX + 1), ==, KVMA_FAULT_TOO_LARGE);
}

static void
test_session_fits_kind (void)
{
  guint8 raw[KVMA_HEADER_SIZE];

  for (guint8 kind = 1; kind <= KVMA_KIND_LAST + 5; kind++)
    {
      gboolean outside = kind == KVMA_KIND_ANNOUNCE || kind == KVMA_KIND_HELLO;
      gboolean either = kind == KVMA_KIND_BYE;

      make_raw (raw, kind, 0, 0);
      g_assert_cmpint (decode_raw (raw, 0), ==,
                       outside || either ? KVMA_FAULT_NONE : KVMA_FAULT_SESSION);
      make_raw (raw, kind, 1, 1);
      g_assert_cmpint (decode_raw (raw, 0), ==, outside ? KVMA_FAULT_SESSION : KVMA_FAULT_NONE);
      make_raw (raw, kind, 1, 0);
      if (!outside)
        g_assert_cmpint (decode_raw (raw, 0), ==, either ? KVMA_FAULT_NONE : KVMA_FAULT_SEQUENCE);
      make_raw (raw, kind, 0, 1);
      if (outside)
        g_assert_cmpint (decode_raw (raw, 0), ==, KVMA_FAULT_SEQUENCE);
    }
}

static void
test_short_frames (void)
{
  for (gsize length = 0; length < KVMA_HEADER_SIZE + KVMA_CRC_SIZE; length++)
    {
      guint8 plain[KVMA_HEADER_SIZE + KVMA_CRC_SIZE];
      guint8 wire[64];
      KvmaHeader header;
      const guint8 *payload;
      gsize payload_length;
      gsize n;

      memset (plain, 1, sizeof plain);
      n = kvma_cobs_encode (plain, length, wire);
      g_assert_cmpint (kvma_frame_decode (wire, n, &header, &payload, &payload_length), ==,
                       KVMA_FAULT_SHORT);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/protocol/crc/vectors", test_crc_vectors);
  g_test_add_func ("/protocol/crc/equals-definition", test_crc_equals_definition);
  g_test_add_func ("/protocol/cobs/round-trips", test_cobs_round_trips);
  g_test_add_func ("/protocol/frame/cobs-zero-at-every-place", test_cobs_zero_at_every_place);
  g_test_add_func ("/protocol/cobs/boundaries", test_cobs_boundaries);
  g_test_add_func ("/protocol/cobs/examples", test_cobs_examples);
  g_test_add_func ("/protocol/cobs/refuses-overrun", test_cobs_refuses_overrun);
  g_test_add_func ("/protocol/frame/keeps-header", test_frame_keeps_header);
  g_test_add_func ("/protocol/frame/is-the-documented-one", test_frame_is_the_documented_one);
  g_test_add_func ("/protocol/frame/fits-one-descriptor", test_frame_fits_one_descriptor);
  g_test_add_func ("/protocol/frame/bit-flips-are-dropped", test_bit_flips_are_dropped);
  g_test_add_func ("/protocol/frame/header-faults", test_header_faults);
  g_test_add_func ("/protocol/frame/session-fits-kind", test_session_fits_kind);
  g_test_add_func ("/protocol/frame/short-frames", test_short_frames);
  return g_test_run ();
}
