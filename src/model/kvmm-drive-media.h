/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "virt/kvmm-virt-connect.h"
#include "xml/kvmm-xml-media.h"

G_BEGIN_DECLS

/* The media in the drives of one machine, changed in the running one and in its definition. Private
 * to the model. Worker only: each call blocks, and its errors name the machine. */

typedef enum
{
  KVMM_DRIVE_ERROR_TRAY_LOCKED, /* the guest has the medium mounted: ask, then force */
  KVMM_DRIVE_ERROR_NO_DRIVE,    /* the machine has no such drive */
  KVMM_DRIVE_ERROR_NOT_USABLE,  /* QEMU cannot use the file; message says why, and the cure */
} KvmmDriveError;
#define KVMM_DRIVE_ERROR (kvmm_drive_error_quark ())
GQuark kvmm_drive_error_quark (void);

/* The machine as it is now. */
typedef struct
{
  gboolean is_active;
  gboolean is_persistent;
  char *live_xml;           /* (owned) (nullable) while it runs */
  char *config_xml;         /* (owned) (nullable) when it has a configuration */
  GPtrArray *live_drives;   /* (owned) (nullable) (element-type KvmmXmlCdrom) of discs */
  GPtrArray *config_drives; /* (owned) (nullable) (element-type KvmmXmlCdrom) of discs */
} KvmmDriveMachine;

/** kvmm_drive_machine_read: @self: all 0; to be cleared whatever this returns */
gboolean kvmm_drive_machine_read (KvmmDriveMachine *self,
                                  KvmmVirtConnect *connect,
                                  const char *uuid,
                                  GError **error);
void kvmm_drive_machine_clear (KvmmDriveMachine *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KvmmDriveMachine, kvmm_drive_machine_clear)

typedef struct
{
  const char *uuid;
  const char *name; /* of the machine, for messages */
  KvmmRelabelFlags relabel;
  gboolean is_forced; /* a tray that the guest keeps locked is opened all the same */
  guint64 libvirt_version;
} KvmmDriveChange;

/**
 * kvmm_drive_change_live:
 * @drive: of the running machine, a CD or floppy drive
 * @path: (nullable): on the host; %NULL ejects
 *
 * Waits up to 5 s for a guest that keeps the tray locked, then fails with
 * KVMM_DRIVE_ERROR_TRAY_LOCKED. A disc that cannot be inserted leaves the old one in the drive.
 */
gboolean kvmm_drive_change_live (KvmmVirtConnect *connect,
                                 const KvmmDriveChange *change,
                                 const KvmmDriveMachine *machine,
                                 const KvmmXmlCdrom *drive,
                                 const char *path,
                                 GError **error);
/** kvmm_drive_change_config: the same in the definition; @drive: of it */
gboolean kvmm_drive_change_config (KvmmVirtConnect *connect,
                                   const KvmmDriveChange *change,
                                   const KvmmXmlCdrom *drive,
                                   const char *path,
                                   GError **error);

G_END_DECLS
