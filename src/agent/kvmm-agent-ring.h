/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes in the order in which they came, in one block of memory that grows by doubling. The caller
 * keeps the bound. Any thread, one at a time. */
typedef struct
{
  guint8 *data; /* (owned) (nullable) */
  gsize capacity;
  gsize start;
  gsize length;
} KvmmAgentRing;

void kvmm_agent_ring_put (KvmmAgentRing *self, const void *bytes, gsize length);
/** kvmm_agent_ring_take: Returns: how many bytes were moved to @out, at most @max */
gsize kvmm_agent_ring_take (KvmmAgentRing *self, void *out, gsize max);
/** kvmm_agent_ring_clear: forgets the bytes and frees the memory */
void kvmm_agent_ring_clear (KvmmAgentRing *self);

G_END_DECLS
