/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <stddef.h>
#include <stdint.h>

/* SHA-256 (FIPS 180-4) of bytes that come in pieces. Any thread, one owner at a time. */

#define AGENT_SHA256_SIZE 32
#define AGENT_SHA256_TEXT_SIZE 64

typedef struct
{
  uint32_t state[8];
  uint64_t length; /* bytes so far */
  uint8_t block[64];
} AgentSha256;

void agent_sha256_init (AgentSha256 *self);
void agent_sha256_update (AgentSha256 *self, const void *data, size_t length);

/** agent_sha256_finish: @self must be begun anew afterwards. */
void agent_sha256_finish (AgentSha256 *self, uint8_t digest[AGENT_SHA256_SIZE]);

/** agent_sha256_finish_text: the same as 64 lower-case digits and a 0 byte. */
void agent_sha256_finish_text (AgentSha256 *self, char text[AGENT_SHA256_TEXT_SIZE + 1]);
