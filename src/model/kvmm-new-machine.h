/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-cloud-seed.h"
#include "model/kvmm-connection.h"
#include "model/kvmm-host-disk.h"
#include "model/kvmm-install-tree.h"
#include "model/kvmm-os-catalog.h"
#include "xml/kvmm-xml-host-interface.h"
#include "xml/kvmm-xml-machine-options.h"
#include "xml/kvmm-xml-new-machine.h"

G_BEGIN_DECLS

/* Making a machine on a host. Main thread only. */

typedef enum
{
  KVMM_NEW_MACHINE_DISC,    /* from a disc image */
  KVMM_NEW_MACHINE_IMPORT,  /* a disk image with a system on it */
  KVMM_NEW_MACHINE_NETWORK, /* PXE */
  KVMM_NEW_MACHINE_EMPTY,
  KVMM_NEW_MACHINE_VOLUME, /* a disk that is in a storage pool, as it is */
  KVMM_NEW_MACHINE_CLOUD, /* a disk image of this computer that cloud-init sets up; always copied */
  KVMM_NEW_MACHINE_APPLIANCE, /* an .ova or .ovf of this computer, whose disks are converted */
  KVMM_NEW_MACHINE_TREE,      /* an installer from the network, which it is started by at once */
} KvmmNewMachineSource;

/* What is wanted. All strings are (owned). */
typedef struct
{
  char *name;
  KvmmNewMachineSource source;
  char *path;      /* (nullable) of the disc image, or of the disk image, on the host */
  char *os_id;     /* (nullable) */
  char *virt_type; /* (nullable) "kvm", "qemu"; %NULL: the best the host has */
  KvmmOsNeeds needs;
  guint64 memory_kib;
  guint vcpus;
  KvmmXmlFirmware firmware;
  gboolean has_tpm;
  char *pool;            /* (nullable) of the new disk, and of an image that is copied */
  char *pool_folder;     /* (nullable) where the pool is made when it is not there */
  char *volume;          /* (nullable) in @pool, of KVMM_NEW_MACHINE_VOLUME */
  guint64 disk_bytes;    /* 0: none; of a cloud image: at least so large */
  KvmmCloudSeed *cloud;  /* (nullable) (owned) of a cloud image */
  KvmmInstallTree *tree; /* (nullable) (owned) */
  char *tree_arguments;  /* (nullable) further words for the tree's kernel */
  KvmmXmlNetworkKind network_kind;
  char *network;       /* (nullable) */
  char *graphics;      /* (nullable) "vnc", "spice" */
  gboolean start;      /* else it waits: kvmm_domain_get_wait() */
  gboolean may_share;  /* a disk may be that of another machine */
  gboolean may_upload; /* an image that QEMU cannot read is copied, or converted, into @pool */
} KvmmNewMachine;
KvmmNewMachine *kvmm_new_machine_new (void);
void kvmm_new_machine_free (KvmmNewMachine *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmNewMachine, kvmm_new_machine_free)

/* What a host has for new machines. */
typedef struct
{
  KvmmXmlMachineOptions *options;
  GPtrArray *networks;   /* (element-type utf8) active virtual networks */
  GPtrArray *interfaces; /* (element-type KvmmXmlHostInterface) bridges and cards */
  GPtrArray *pools;      /* (element-type KvmmVirtPool) active ones that hold files */
  GPtrArray *disks;      /* (element-type KvmmHostDisk) in them */
  char *new_pool;        /* (nullable) without any pool: the name and the folder of one that can */
  char *new_pool_folder; /* (nullable) be made */
  gboolean is_session;   /* without rights: networks of QEMU's own only */
  gboolean is_remote;    /* paths are the host's, not this computer's */
} KvmmNewMachineHost;
void kvmm_new_machine_host_free (KvmmNewMachineHost *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmNewMachineHost, kvmm_new_machine_host_free)

void kvmm_new_machine_look_async (KvmmConnection *connection,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
KvmmNewMachineHost *kvmm_new_machine_look_finish (GAsyncResult *result, GError **error);

/** kvmm_new_machine_apply_needs: fills in memory, processors, firmware, TPM and the disk's size as
 * the system wants them and the host has them */
void kvmm_new_machine_apply_needs (KvmmNewMachine *self,
                                   const KvmmOsNeeds *needs,
                                   const KvmmNewMachineHost *host);

/** kvmm_new_machine_check_tree_arch: @arch: of the host. Any thread. Returns: %FALSE with
 * KVMM_NEW_MACHINE_ERROR_INVALID when the plan's tree is for another */
gboolean
kvmm_new_machine_check_tree_arch (const KvmmInstallTree *tree, const char *arch, GError **error);

typedef enum
{
  KVMM_NEW_MACHINE_ERROR_NAME_TAKEN,
  KVMM_NEW_MACHINE_ERROR_INVALID,       /* the message says what, and what would do */
  KVMM_NEW_MACHINE_ERROR_UPLOAD_NEEDED, /* QEMU cannot read the image where it is, or as it is: ask,
                                           then set may_upload */
  KVMM_NEW_MACHINE_ERROR_SHARED,        /* a machine has this disk: ask, then set may_share */
} KvmmNewMachineError;
#define KVMM_NEW_MACHINE_ERROR (kvmm_new_machine_error_quark ())
GQuark kvmm_new_machine_error_quark (void);

/**
 * kvmm_new_machine_create_async:
 * @self: copied
 * @progress: (nullable): of a conversion, then of an upload
 *
 * Makes the disk, for a cloud image the disc with what it is to be, and fetches a tree's installer;
 * defines the machine, starts it. A step that fails, or is cancelled, leaves
 * nothing of the others behind.
 */
void kvmm_new_machine_create_async (const KvmmNewMachine *self,
                                    KvmmConnection *connection,
                                    GFileProgressCallback progress,
                                    gpointer progress_data,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
/** kvmm_new_machine_create_finish: Returns: (transfer full): the UUID of the machine; %NULL with
 * KVMM_NEW_MACHINE_ERROR, KVMM_CLOUD_SEED_ERROR, KVMM_APPLIANCE_ERROR, KVMM_XML_ERROR,
 * KVMM_HTTP_ERROR, KVMM_INSTALL_TREE_ERROR,
 * KVMM_VIRT_ERROR, G_IO_ERROR_CANCELLED */
char *kvmm_new_machine_create_finish (GAsyncResult *result, GError **error);

G_END_DECLS
