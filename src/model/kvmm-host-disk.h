/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "virt/kvmm-virt-storage.h"

G_BEGIN_DECLS

/* Disks that are on a host already. Worker only. */

/* More than a person would choose from. */
#define KVMM_HOST_DISKS_MAX 512

typedef struct
{
  char *pool;
  char *volume;
  char *path;  /* on the host */
  char *label; /* made inert: the volume, its pool and its size */
} KvmmHostDisk;
void kvmm_host_disk_free (KvmmHostDisk *self);

/** kvmm_host_disk_list: @pools: (element-type KvmmVirtPool): those that hold files. Returns:
 * (transfer full) (element-type KvmmHostDisk): what is in the active ones, but for discs (*.iso),
 * by pool and name, at most KVMM_HOST_DISKS_MAX; a pool that does not tell has none */
GPtrArray *kvmm_host_disk_list (KvmmVirtConnect *connect, GPtrArray *pools);

/**
 * kvmm_host_disk_find_user:
 * @path: of a file or device on the host
 * @pool: (nullable): where it lies, with @volume
 * @user: (out) (transfer full) (nullable): the name, made inert, of a machine that has this disk,
 *     running or not, or one that is made on it; %NULL when there is none
 *
 * What a person is to know before two machines write to one disk. A machine that goes meanwhile has
 * nothing.
 *
 * Returns: %FALSE with KVMM_VIRT_ERROR when the machines of the host could not be listed
 */
gboolean kvmm_host_disk_find_user (KvmmVirtConnect *connect,
                                   const char *path,
                                   const char *pool,
                                   const char *volume,
                                   char **user,
                                   GError **error);
/** kvmm_host_disk_dup_warning: @user: of such a disk. Returns: (transfer full): what may come of it
 */
char *kvmm_host_disk_dup_warning (const char *path, const char *user);

G_END_DECLS
