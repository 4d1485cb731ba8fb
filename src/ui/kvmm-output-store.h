/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The newest bytes of what keeps coming, whole pieces at a time. Main thread only. */
typedef struct _KvmmOutputStore KvmmOutputStore;

KvmmOutputStore *kvmm_output_store_new (gsize max_bytes);
void kvmm_output_store_free (KvmmOutputStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmOutputStore, kvmm_output_store_free)

/** kvmm_output_store_push: the oldest pieces go when there are more than the bytes allowed */
void kvmm_output_store_push (KvmmOutputStore *self, GBytes *bytes);
/** kvmm_output_store_dup: Returns: (transfer full): all that is kept, as it came */
GBytes *kvmm_output_store_dup (KvmmOutputStore *self);
gsize kvmm_output_store_get_size (KvmmOutputStore *self);
/** kvmm_output_store_get_lost: Returns: bytes that came and went */
guint64 kvmm_output_store_get_lost (KvmmOutputStore *self);

G_END_DECLS
