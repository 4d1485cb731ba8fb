/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-appliance.h"
#include "model/kvmm-new-machine.h"
#include "util/kvmm-progress.h"

G_BEGIN_DECLS

/* A machine while it is made. Worker only. All strings are (owned). */
typedef struct
{
  KvmmNewMachine *plan; /* (owned) */
  gboolean is_remote;
  gboolean is_session;
  KvmmProgress *progress; /* (owned) */

  /* What was made, and goes again when a later step fails */
  char *disk_path;
  char *disk_volume; /* (nullable) */
  char *disk_format;
  const char *foreign_format; /* (nullable) (unowned) of an image that is converted */
  char *image_path;           /* where QEMU finds the image */
  char *image_volume;         /* (nullable) */
  char *seed_path;            /* (nullable) */
  char *seed_volume;          /* (nullable) */
  KvmmAppliance *appliance;   /* (owned) (nullable) */
  GPtrArray *disks;           /* (nullable) (element-type KvmmXmlNewDisk) of an appliance */
  GPtrArray *disk_volumes;    /* (nullable) (element-type utf8) */
  char *kernel_path;          /* (nullable) of a tree's installer, as long as it starts */
  char *kernel_volume;        /* (nullable) */
  char *initrd_path;          /* (nullable) */
  char *initrd_volume;        /* (nullable) */
} KvmmNewMachineWork;

/** kvmm_new_machine_fail: Returns: %FALSE, with KVMM_NEW_MACHINE_ERROR */
gboolean kvmm_new_machine_fail (GError **error, KvmmNewMachineError code, const char *text);

/** kvmm_new_machine_prepare_image: kvmm-new-machine-image.c: the image of the plan, where QEMU gets
 * at it: as it is, copied, or converted */
gboolean kvmm_new_machine_prepare_image (KvmmNewMachineWork *self,
                                         KvmmVirtConnect *connect,
                                         GCancellable *cancellable,
                                         GError **error);
/** kvmm_new_machine_prepare_cloud: kvmm-new-machine-cloud.c: the size of a cloud image that is in
 * the pool, and the disc that it reads at its first start. Does nothing for another source. */
gboolean kvmm_new_machine_prepare_cloud (KvmmNewMachineWork *self,
                                         KvmmVirtConnect *connect,
                                         GCancellable *cancellable,
                                         GError **error);
/** kvmm_new_machine_prepare_appliance: kvmm-new-machine-appliance.c: the disks of an appliance, as
 * volumes of the pool. Does nothing for another source. */
gboolean kvmm_new_machine_prepare_appliance (KvmmNewMachineWork *self,
                                             KvmmVirtConnect *connect,
                                             GCancellable *cancellable,
                                             GError **error);
/** kvmm_new_machine_describe_appliance: what its definition has of an appliance, while @self lives
 */
void kvmm_new_machine_describe_appliance (KvmmNewMachineWork *self, KvmmXmlNewMachine *machine);
/** kvmm_new_machine_check_tree: kvmm-new-machine-tree.c: whether the plan's tree can be installed
 * from */
gboolean kvmm_new_machine_check_tree (const KvmmNewMachine *plan, GError **error);
/** kvmm_new_machine_prepare_tree: the installer of a tree, in the pool. Does nothing for another
 * source. */
gboolean kvmm_new_machine_prepare_tree (KvmmNewMachineWork *self,
                                        KvmmVirtConnect *connect,
                                        GCancellable *cancellable,
                                        GError **error);
/** kvmm_new_machine_start_tree: starts what was defined by the installer, this once, which then is
 * in the machine's memory and in the pool no longer; a machine that does not start is undefined */
gboolean kvmm_new_machine_start_tree (KvmmNewMachineWork *self,
                                      KvmmVirtConnect *connect,
                                      const char *uuid,
                                      GError **error);
/** kvmm_new_machine_remove_volume: @volume: (nullable): of the plan's pool, made for this machine,
 * which no longer needs it; @is_running: it is named by what runs, and by nothing else */
void kvmm_new_machine_remove_volume (KvmmNewMachineWork *self,
                                     KvmmVirtConnect *connect,
                                     const char *volume,
                                     gboolean is_running);

G_END_DECLS
