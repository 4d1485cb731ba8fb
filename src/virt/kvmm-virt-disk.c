/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "virt/kvmm-virt-disk.h"

#include <glib/gi18n.h>

#include "virt/kvmm-virt-private.h"

gboolean
kvmm_virt_disk_read_size (KvmmVirtConnect *self,
                          const char *uuid,
                          const char *target,
                          KvmmVirtDiskSize *size,
                          GError **error)
{
  virDomainBlockInfo info;

  g_return_val_if_fail (self != NULL && uuid != NULL && target != NULL && size != NULL, FALSE);

  g_autoptr (virDomain) domain = kvmm_virt_connect_acquire_domain (self, uuid, error);
  if (domain == NULL)
    return FALSE;
  if (virDomainGetBlockInfo (domain, target, &info, 0) < 0)
    {
      kvmm_virt_error_take_named (error, _ ("Could not read how large the disk “%s” is"), target);
      return FALSE;
    }
  size->capacity_bytes = info.capacity;
  size->allocation_bytes = info.allocation;
  return TRUE;
}

gboolean
kvmm_virt_disk_resize (KvmmVirtConnect *self,
                       const char *uuid,
                       const char *target,
                       guint64 capacity_bytes,
                       GError **error)
{
  g_return_val_if_fail (self != NULL && uuid != NULL && target != NULL, FALSE);

  g_autoptr (virDomain) domain = kvmm_virt_connect_acquire_domain (self, uuid, error);
  if (domain == NULL)
    return FALSE;
  if (virDomainBlockResize (domain, target, capacity_bytes, VIR_DOMAIN_BLOCK_RESIZE_BYTES) == 0)
    return TRUE;
  kvmm_virt_error_take_named (error, _ ("Could not change the size of the disk “%s”"), target);
  return FALSE;
}

gboolean
kvmm_virt_storage_resize_volume (KvmmVirtConnect *self,
                                 const char *pool,
                                 const char *name,
                                 guint64 capacity_bytes,
                                 GError **error)
{
  g_return_val_if_fail (self != NULL && pool != NULL && name != NULL, FALSE);

  g_autoptr (virStorageVol) volume = kvmm_virt_storage_acquire_volume (self, pool, name, error);
  if (volume == NULL)
    return FALSE;
  if (virStorageVolResize (volume, capacity_bytes, 0) == 0)
    return TRUE;
  kvmm_virt_error_take_named (error, _ ("Could not change the size of the volume “%s”"), name);
  return FALSE;
}
