/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "protocol/kvma-frame.h"

/* Slicing by eight. A CRC is linear over XOR, so each table follows from its eight single-bit
 * entries: the compiler builds the 8 KiB from the 64 constants below, and nothing has to be
 * initialised at run time. BITSk is bit 0 to 7 of a byte that is followed by k zero bytes,
 * polynomial 0x82f63b78 (reflected). */
#define BITS0                                                                                      \
  0xf26b8303u, 0xe13b70f7u, 0xc79a971fu, 0x8ad958cfu, 0x105ec76fu, 0x20bd8edeu, 0x417b1dbcu,       \
      0x82f63b78u
#define BITS1                                                                                      \
  0x13a29877u, 0x274530eeu, 0x4e8a61dcu, 0x9d14c3b8u, 0x3fc5f181u, 0x7f8be302u, 0xff17c604u,       \
      0xfbc3faf9u
#define BITS2                                                                                      \
  0xa541927eu, 0x4f6f520du, 0x9edea41au, 0x38513ec5u, 0x70a27d8au, 0xe144fb14u, 0xc76580d9u,       \
      0x8b277743u
#define BITS3                                                                                      \
  0xdd45aab8u, 0xbf672381u, 0x7b2231f3u, 0xf64463e6u, 0xe964b13du, 0xd725148bu, 0xaba65fe7u,       \
      0x52a0c93fu
#define BITS4                                                                                      \
  0x38116facu, 0x7022df58u, 0xe045beb0u, 0xc5670b91u, 0x8f2261d3u, 0x1ba8b557u, 0x37516aaeu,       \
      0x6ea2d55cu
#define BITS5                                                                                      \
  0xef306b19u, 0xdb8ca0c3u, 0xb2f53777u, 0x6006181fu, 0xc00c303eu, 0x85f4168du, 0x0e045bebu,       \
      0x1c08b7d6u
#define BITS6                                                                                      \
  0x68032cc8u, 0xd0065990u, 0xa5e0c5d1u, 0x4e2dfd53u, 0x9c5bfaa6u, 0x3d5b83bdu, 0x7ab7077au,       \
      0xf56e0ef4u
#define BITS7                                                                                      \
  0x493c7d27u, 0x9278fa4eu, 0x211d826du, 0x423b04dau, 0x847609b4u, 0x0d006599u, 0x1a00cb32u,       \
      0x34019664u

#define ENTRY(n, b0, b1, b2, b3, b4, b5, b6, b7)                                                   \
  (((n) &1 ? b0 : 0u) ^ ((n) &2 ? b1 : 0u) ^ ((n) &4 ? b2 : 0u) ^ ((n) &8 ? b3 : 0u) ^             \
   ((n) &16 ? b4 : 0u) ^ ((n) &32 ? b5 : 0u) ^ ((n) &64 ? b6 : 0u) ^ ((n) &128 ? b7 : 0u))
#define ROW1(n, ...) ENTRY (n, __VA_ARGS__)
#define ROW4(n, ...)                                                                               \
  ROW1 (n, __VA_ARGS__), ROW1 (n + 1, __VA_ARGS__), ROW1 (n + 2, __VA_ARGS__),                     \
      ROW1 (n + 3, __VA_ARGS__)
#define ROW16(n, ...)                                                                              \
  ROW4 (n, __VA_ARGS__), ROW4 (n + 4, __VA_ARGS__), ROW4 (n + 8, __VA_ARGS__),                     \
      ROW4 (n + 12, __VA_ARGS__)
#define ROW64(n, ...)                                                                              \
  ROW16 (n, __VA_ARGS__), ROW16 (n + 16, __VA_ARGS__), ROW16 (n + 32, __VA_ARGS__),                \
      ROW16 (n + 48, __VA_ARGS__)
#define TABLE(...)                                                                                 \
  {                                                                                                \
    ROW64 (0, __VA_ARGS__), ROW64 (64, __VA_ARGS__), ROW64 (128, __VA_ARGS__),                     \
        ROW64 (192, __VA_ARGS__)                                                                   \
  }

static const uint32_t table[8][256] = {
  TABLE (BITS0), TABLE (BITS1), TABLE (BITS2), TABLE (BITS3),
  TABLE (BITS4), TABLE (BITS5), TABLE (BITS6), TABLE (BITS7)
};

uint32_t
kvma_crc32c (uint32_t crc, const void *data, size_t length)
{
  const uint8_t *p = data;

  crc = ~crc;
  while (length >= 8)
    {
      uint32_t low = crc ^ ((uint32_t) p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 |
                            (uint32_t) p[3] << 24);

      crc = table[7][low & 0xff] ^ table[6][low >> 8 & 0xff] ^ table[5][low >> 16 & 0xff] ^
            table[4][low >> 24] ^ table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^ table[0][p[7]];
      p += 8;
      length -= 8;
    }
  while (length-- > 0)
    crc = crc >> 8 ^ table[0][(crc ^ *p++) & 0xff];
  return ~crc;
}
