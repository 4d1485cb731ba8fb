/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-sha256.h"

#include <string.h>

static const uint32_t constants[64] = {
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t
rotate (uint32_t x, int n)
{
  return x >> n | x << (32 - n);
}

static void
add_block (AgentSha256 *self, const uint8_t *p)
{
  uint32_t w[64];
  uint32_t v[8];

  for (int i = 0; i < 16; i++, p += 4)
    w[i] = (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 | p[3];
  for (int i = 16; i < 64; i++)
    {
      uint32_t a = w[i - 15];
      uint32_t b = w[i - 2];

      w[i] = w[i - 16] + w[i - 7] + (rotate (a, 7) ^ rotate (a, 18) ^ a >> 3) +
             (rotate (b, 17) ^ rotate (b, 19) ^ b >> 10);
    }
  memcpy (v, self->state, sizeof v);
  for (int i = 0; i < 64; i++)
    {
      uint32_t s1 = rotate (v[4], 6) ^ rotate (v[4], 11) ^ rotate (v[4], 25);
      uint32_t t1 = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + constants[i] + w[i];
      uint32_t s0 = rotate (v[0], 2) ^ rotate (v[0], 13) ^ rotate (v[0], 22);
      uint32_t t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

      memmove (v + 1, v, 7 * sizeof v[0]);
      v[4] += t1;
      v[0] = t1 + t2;
    }
  for (int i = 0; i < 8; i++)
    self->state[i] += v[i];
}

void
agent_sha256_init (AgentSha256 *self)
{
  static const uint32_t begin[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };

  memcpy (self->state, begin, sizeof begin);
  self->length = 0;
}

void
agent_sha256_update (AgentSha256 *self, const void *data, size_t length)
{
  const uint8_t *p = data;
  size_t fill = self->length % sizeof self->block;

  self->length += length;
  while (length > 0)
    {
      size_t n = sizeof self->block - fill;

      if (fill == 0 && length >= sizeof self->block)
        {
          add_block (self, p);
          p += sizeof self->block;
          length -= sizeof self->block;
          continue;
        }
      if (n > length)
        n = length;
      memcpy (self->block + fill, p, n);
      fill += n;
      p += n;
      length -= n;
      if (fill == sizeof self->block)
        {
          add_block (self, self->block);
          fill = 0;
        }
    }
}

void
agent_sha256_finish (AgentSha256 *self, uint8_t digest[AGENT_SHA256_SIZE])
{
  static const uint8_t padding[64] = { 0x80 };
  uint64_t bits = self->length * 8;
  size_t fill = self->length % sizeof self->block;
  uint8_t size[8];

  for (int i = 0; i < 8; i++)
    size[i] = (uint8_t) (bits >> (56 - 8 * i));
  agent_sha256_update (self, padding, (fill < 56 ? 56 : 120) - fill);
  agent_sha256_update (self, size, sizeof size);
  for (int i = 0; i < AGENT_SHA256_SIZE; i++)
    digest[i] = (uint8_t) (self->state[i / 4] >> (24 - 8 * (i % 4)));
}

void
agent_sha256_finish_text (AgentSha256 *self, char text[AGENT_SHA256_TEXT_SIZE + 1])
{
  static const char digits[] = "0123456789abcdef";
  uint8_t digest[AGENT_SHA256_SIZE];

  agent_sha256_finish (self, digest);
  for (int i = 0; i < AGENT_SHA256_SIZE; i++)
    {
      text[2 * i] = digits[digest[i] >> 4];
      text[2 * i + 1] = digits[digest[i] & 0xf];
    }
  text[AGENT_SHA256_TEXT_SIZE] = '\0';
}
