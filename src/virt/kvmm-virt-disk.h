/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "virt/kvmm-virt-connect.h"

G_BEGIN_DECLS

/* How large the disks of machines are. Worker only: each call blocks, and on failure sets
 * KVMM_VIRT_ERROR. */

typedef struct
{
  guint64 capacity_bytes;   /* what the guest sees */
  guint64 allocation_bytes; /* what it takes on the host */
} KvmmVirtDiskSize;

/** kvmm_virt_disk_read_size: @target: "vda", of a machine that runs or not */
gboolean kvmm_virt_disk_read_size (KvmmVirtConnect *self,
                                   const char *uuid,
                                   const char *target,
                                   KvmmVirtDiskSize *size,
                                   GError **error);
/** kvmm_virt_disk_resize: of a running machine, by its emulator. @capacity_bytes: a multiple of
 * 512; less than the disk has cuts it off */
gboolean kvmm_virt_disk_resize (KvmmVirtConnect *self,
                                const char *uuid,
                                const char *target,
                                guint64 capacity_bytes,
                                GError **error);
/** kvmm_virt_storage_resize_volume: of a disk that no running machine has; as
 * kvmm_virt_disk_resize() */
gboolean kvmm_virt_storage_resize_volume (KvmmVirtConnect *self,
                                          const char *pool,
                                          const char *volume,
                                          guint64 capacity_bytes,
                                          GError **error);

G_END_DECLS
