/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-domain.h"
#include "virt/kvmm-virt-disk.h"

G_BEGIN_DECLS

/* Making a disk larger: of a running machine by its emulator, so that the guest sees it at once; of
 * a stopped one by the storage pool that its file lies in. Main thread only. */

/* What a size is rounded up to; a disk consists of sectors. */
#define KVMM_DISK_STEP_BYTES ((guint64) 1024 * 1024)
/* No file system of a host holds a larger file. */
#define KVMM_DISK_MAX_BYTES ((guint64) 1 << 60)

/** kvmm_domain_read_disk_size_async: @target: "vda" */
void kvmm_domain_read_disk_size_async (KvmmDomain *self,
                                       const char *target,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
/** kvmm_domain_read_disk_size_finish: @size: (out caller-allocates) */
gboolean kvmm_domain_read_disk_size_finish (KvmmDomain *self,
                                            GAsyncResult *result,
                                            KvmmVirtDiskSize *size,
                                            GError **error);

/**
 * kvmm_domain_grow_disk_async:
 * @capacity_bytes: the new size, rounded up to KVMM_DISK_STEP_BYTES
 *
 * Fails with KVMM_XML_ERROR_INVALID_VALUE unless that is more than the disk has, and at most
 * KVMM_DISK_MAX_BYTES; KVMM_XML_ERROR_NO_SUCH_DEVICE when the machine has no such disk on this
 * host; KVMM_VIRT_ERROR. Cancelling detaches. Nothing is ever cut off.
 */
void kvmm_domain_grow_disk_async (KvmmDomain *self,
                                  const char *target,
                                  guint64 capacity_bytes,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
gboolean kvmm_domain_grow_disk_finish (KvmmDomain *self, GAsyncResult *result, GError **error);

G_END_DECLS
