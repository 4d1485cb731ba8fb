/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-ring.h"

#include <string.h>

#define CAPACITY_MIN 4096

static void
copy_out (const KvmmAgentRing *self, guint8 *out, gsize length)
{
  gsize first = MIN (length, self->capacity - self->start);

  memcpy (out, self->data + self->start, first);
  memcpy (out + first, self->data, length - first);
}

static void
reserve (KvmmAgentRing *self, gsize length)
{
  gsize capacity = MAX (self->capacity, CAPACITY_MIN);
  guint8 *data;

  while (capacity < length)
    capacity *= 2;
  if (capacity == self->capacity)
    return;
  data = g_malloc (capacity);
  if (self->length > 0)
    copy_out (self, data, self->length);
  g_free (self->data);
  self->data = data;
  self->capacity = capacity;
  self->start = 0;
}

void
kvmm_agent_ring_put (KvmmAgentRing *self, const void *bytes, gsize length)
{
  gsize at, first;

  if (length == 0)
    return;
  reserve (self, self->length + length);
  at = (self->start + self->length) % self->capacity;
  first = MIN (length, self->capacity - at);
  memcpy (self->data + at, bytes, first);
  memcpy (self->data, (const guint8 *) bytes + first, length - first);
  self->length += length;
}

gsize
kvmm_agent_ring_take (KvmmAgentRing *self, void *out, gsize max)
{
  gsize length = MIN (max, self->length);

  if (length == 0)
    return 0;
  copy_out (self, out, length);
  self->length -= length;
  self->start = self->length > 0 ? (self->start + length) % self->capacity : 0;
  return length;
}

void
kvmm_agent_ring_clear (KvmmAgentRing *self)
{
  g_clear_pointer (&self->data, g_free);
  self->capacity = self->start = self->length = 0;
}
