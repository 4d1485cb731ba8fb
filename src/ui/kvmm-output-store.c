/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-output-store.h"

struct _KvmmOutputStore
{
  GQueue pieces; /* of GBytes, the oldest first */
  gsize max_bytes;
  gsize size;
  guint64 lost;
};

KvmmOutputStore *
kvmm_output_store_new (gsize max_bytes)
{
  KvmmOutputStore *self = g_new0 (KvmmOutputStore, 1);

  g_queue_init (&self->pieces);
  self->max_bytes = max_bytes;
  return self;
}

void
kvmm_output_store_free (KvmmOutputStore *self)
{
  g_queue_clear_full (&self->pieces, (GDestroyNotify) g_bytes_unref);
  g_free (self);
}

void
kvmm_output_store_push (KvmmOutputStore *self, GBytes *bytes)
{
  g_queue_push_tail (&self->pieces, g_bytes_ref (bytes));
  self->size += g_bytes_get_size (bytes);
  while (self->size > self->max_bytes)
    {
      g_autoptr (GBytes) oldest = g_queue_pop_head (&self->pieces);

      self->size -= g_bytes_get_size (oldest);
      self->lost += g_bytes_get_size (oldest);
    }
}

GBytes *
kvmm_output_store_dup (KvmmOutputStore *self)
{
  GByteArray *all = g_byte_array_sized_new ((guint) self->size);

  for (GList *link = self->pieces.head; link != NULL; link = link->next)
    {
      gsize length = 0;
      const guint8 *data = g_bytes_get_data (link->data, &length);

      g_byte_array_append (all, data, (guint) length);
    }
  return g_byte_array_free_to_bytes (all);
}

gsize
kvmm_output_store_get_size (KvmmOutputStore *self)
{
  return self->size;
}

guint64
kvmm_output_store_get_lost (KvmmOutputStore *self)
{
  return self->lost;
}
