/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the first bytes of an image say. Any thread. */

#define KVMM_DISK_HEAD_BYTES 80

gboolean kvmm_disk_head_is_qcow2 (const guint8 *head, gsize size);
/** kvmm_disk_head_is_whole: whether a qcow2 image has all of its data in itself. One that a
 * stranger made could name any file of the host as the rest. The format is QEMU's
 * docs/interop/qcow2.txt. */
gboolean kvmm_disk_head_is_whole (const guint8 *head, gsize size);
/** kvmm_disk_head_is_description: whether it only tells of other files with the data in them */
gboolean kvmm_disk_head_is_description (const guint8 *head, gsize size);
gboolean kvmm_disk_head_is_compressed (const guint8 *head, gsize size);

G_END_DECLS
