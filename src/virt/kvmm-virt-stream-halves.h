/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

#include "virt/kvmm-virt-stream.h"

G_BEGIN_DECLS

/* The two ends of a KvmmVirtStream as GIO sees them, and what they ask of it. Only for
 * kvmm-virt-stream.c. Main thread only. */

#define KVMM_TYPE_VIRT_INPUT (kvmm_virt_input_get_type ())
G_DECLARE_FINAL_TYPE (KvmmVirtInput, kvmm_virt_input, KVMM, VIRT_INPUT, GInputStream)
#define KVMM_TYPE_VIRT_OUTPUT (kvmm_virt_output_get_type ())
G_DECLARE_FINAL_TYPE (KvmmVirtOutput, kvmm_virt_output, KVMM, VIRT_OUTPUT, GOutputStream)

/* @owner: not referenced; it calls kvmm_virt_input_forget() before it dies */
GInputStream *kvmm_virt_input_new (KvmmVirtStream *owner);
void kvmm_virt_input_forget (KvmmVirtInput *self);
GOutputStream *kvmm_virt_output_new (KvmmVirtStream *owner);
void kvmm_virt_output_forget (KvmmVirtOutput *self);

/* Readable and writable also mean: the call will not block, because it fails. */
gboolean kvmm_virt_stream_is_readable (KvmmVirtStream *self);
gboolean kvmm_virt_stream_is_writable (KvmmVirtStream *self);
gssize kvmm_virt_stream_read (KvmmVirtStream *self, void *data, gsize count, GError **error);
gssize kvmm_virt_stream_write (KvmmVirtStream *self, const void *data, gsize count, GError **error);

G_END_DECLS
