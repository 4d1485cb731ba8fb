/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The XML behind "mount the agent ISO": CD-ROM drives and the agent's channel. Any thread.
 * Documents are built and edited with libxml2, never by formatting strings. */

/* The texts are what stands in the document, so that they can be compared with paths and handed
 * back to libvirt: sanitise them before they are shown. */
typedef struct
{
  char *target;      /* "hda", "sda" */
  char *bus;         /* "ide", "sata", "scsi" */
  char *source;      /* (nullable) file, device, URL or "pool/volume"; NULL means empty */
  gboolean is_empty; /* no file/dev/name/volume/dir attribute: an empty <source index=…/> counts as
                        empty */
  gboolean tray_open;
  gboolean is_floppy;
  char *xml; /* the <disk> element */
} KvmmXmlCdrom;

/**
 * kvmm_xml_domain_list_cdroms:
 * @xml: a `<domain>` document, live or inactive
 *
 * Returns: (transfer full) (element-type KvmmXmlCdrom): the drives in document order, or %NULL with
 * an error
 */
GPtrArray *kvmm_xml_domain_list_cdroms (const char *xml, GError **error);

/** kvmm_xml_domain_list_drives: the same with floppy drives, whose is_floppy is set */
GPtrArray *kvmm_xml_domain_list_drives (const char *xml, GError **error);

/** kvmm_xml_drive_parse: @xml: a `<disk>` element. Returns: (transfer full) (nullable): %NULL when
 * it is no drive whose medium can be taken out */
KvmmXmlCdrom *kvmm_xml_drive_parse (const char *xml);
void kvmm_xml_cdrom_free (KvmmXmlCdrom *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmXmlCdrom, kvmm_xml_cdrom_free)

/** kvmm_xml_drive_can_hold: @name: of a file. Returns: whether it ends like an image of a disc, or
 * of a floppy */
gboolean kvmm_xml_drive_can_hold (gboolean is_floppy, const char *name);

/* Which security models get a `<seclabel relabel='no'/>`, so that libvirt leaves a packaged file's
 * owner alone. */
typedef enum
{
  KVMM_RELABEL_DEFAULT = 0,
  KVMM_RELABEL_NO_DAC = 1 << 0,
  KVMM_RELABEL_NO_SELINUX = 1 << 1,
} KvmmRelabelFlags;

/**
 * kvmm_xml_cdrom_build_media:
 * @drive_xml: the `<disk>` element of a CD or floppy drive, from the live or the inactive document
 * @path: (nullable): the medium on the host; %NULL ejects
 * @relabel: see #KvmmRelabelFlags
 *
 * The element for virDomainUpdateDeviceFlags(): the drive with its `<source>` and type replaced,
 * with startupPolicy='optional' on a medium; target, bus, address and alias are kept.
 *
 * Returns: (transfer full): the element, or %NULL with an error
 */
char *kvmm_xml_cdrom_build_media (const char *drive_xml,
                                  const char *path,
                                  KvmmRelabelFlags relabel,
                                  GError **error);

/**
 * kvmm_xml_cdrom_build_drive:
 * @domain_xml: the document the drive will be added to: its free target names and machine type
 * decide (sata on q35, ide on pc, scsi else; see docs/deployment.md)
 * @force_bus: (nullable): "scsi" when hot-plugging onto an existing virtio-scsi controller
 * @path: (nullable): medium, as above; libvirt 9.0 cannot hot-plug a drive without one ("argument
 * key 'filename' must not have null value")
 *
 * The drive gets a name that no disk of the domain has, and an address that none uses. Four drives
 * fill the ide bus of a pc: the next one goes to sata. On scsi it goes to the virtio-scsi
 * controller, when there is one.
 *
 * Returns: (transfer full): a new `<disk device='cdrom'>` element, or %NULL with an error
 */
char *kvmm_xml_cdrom_build_drive (const char *domain_xml,
                                  const char *force_bus,
                                  const char *path,
                                  KvmmRelabelFlags relabel,
                                  GError **error);

/** kvmm_xml_domain_has_virtio_scsi: whether a virtio-scsi controller is there (a SCSI CD can be
 * hot-plugged) */
gboolean kvmm_xml_domain_has_virtio_scsi (const char *domain_xml);

/** kvmm_xml_channel_build: Returns: (transfer full): `<channel type='unix'>` with a virtio target
 * called @name */
char *kvmm_xml_channel_build (const char *name);
/** kvmm_xml_tablet_build: Returns: (transfer full): `<input type='tablet' bus='usb'/>` */
char *kvmm_xml_tablet_build (void);

/* What virConnectGetCapabilities() says and we use. */
typedef struct
{
  char *host_arch;
  char *host_cpu_model; /* (nullable) */
  gboolean has_dac;
  gboolean has_selinux;
  gboolean has_apparmor;
} KvmmXmlCapabilities;
KvmmXmlCapabilities *kvmm_xml_capabilities_parse (const char *xml, GError **error);
void kvmm_xml_capabilities_free (KvmmXmlCapabilities *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmXmlCapabilities, kvmm_xml_capabilities_free)

G_END_DECLS
