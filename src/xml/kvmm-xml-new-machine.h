/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "xml/kvmm-xml-domain.h"

G_BEGIN_DECLS

/* The definition of a machine that does not exist yet. Any thread. The format is
 * https://libvirt.org/formatdomain.html. */

typedef enum
{
  KVMM_XML_FIRMWARE_BIOS,
  KVMM_XML_FIRMWARE_UEFI,
  KVMM_XML_FIRMWARE_UEFI_SECURE, /* with SMM, and keys enrolled */
} KvmmXmlFirmware;

typedef enum
{
  KVMM_XML_NETWORK_NONE,
  KVMM_XML_NETWORK_VIRTUAL, /* @network names one of libvirt's */
  KVMM_XML_NETWORK_BRIDGE,  /* @network names a bridge of the host */
  KVMM_XML_NETWORK_DIRECT,  /* @network names a card of the host, shared by macvtap */
  KVMM_XML_NETWORK_USER,    /* QEMU's own, for sessions without rights */
} KvmmXmlNetworkKind;

/* A disk on a controller that its system knows. */
typedef struct
{
  char *path;             /* (owned) of the host */
  const char *format;     /* (unowned) "qcow2", "raw" */
  const char *bus;        /* (unowned) "sata", "scsi", "virtio" */
  const char *controller; /* (unowned) (nullable) of "scsi": libvirt's model, one for all of it */
} KvmmXmlNewDisk;

/* All strings are (unowned). */
typedef struct
{
  const char *name;
  const char *title;       /* (nullable) */
  const char *description; /* (nullable) */
  const char *virt_type;   /* "kvm", "qemu" */
  const char *arch;
  const char *machine; /* (nullable) "q35", "pc", "virt" */
  const char *os_id;   /* (nullable) libosinfo's */
  guint64 memory_kib;
  guint vcpus;
  const char *cpu_mode; /* (nullable) "host-passthrough", "maximum" */

  KvmmXmlFirmware firmware;
  gboolean has_tpm;
  gboolean is_windows; /* local time, and what its kernel asks of a hypervisor */
  gboolean has_virtio; /* the system has drivers for virtio disks and networks */

  const char *disk_path;   /* (nullable) of the host */
  const char *disk_format; /* (nullable) "qcow2", "raw" */
  /* (unowned) (nullable) (element-type KvmmXmlNewDisk) instead of the above, to be started from in
   * this order */
  const GPtrArray *disks;
  gboolean has_cdrom;
  const char *cdrom_path; /* (nullable) an ISO of the host; without it the drive is empty */
  const char *seed_path;  /* (nullable) a disc for cloud-init, in a drive of its own */

  KvmmXmlNetworkKind network_kind;
  const char *network; /* (nullable) */
  /* (unowned) (nullable) (element-type KvmmXmlOvfCard) each on that network; %NULL: one that suits
   * the system */
  const GPtrArray *cards;
  gboolean boots_network;

  const char *graphics; /* (nullable) "vnc", "spice" */
  gboolean has_virtio_video;

  KvmmXmlWait wait;        /* it is not started at once */
  const char *const *made; /* (nullable) with @wait: paths of what was made for it */
} KvmmXmlNewMachine;

/** kvmm_xml_new_machine_build: Returns: (transfer full): a `<domain>`; %NULL with
 * KVMM_XML_ERROR_INVALID_VALUE when a text cannot stand in XML or the name is none for libvirt */
char *kvmm_xml_new_machine_build (const KvmmXmlNewMachine *self, GError **error);

/** kvmm_xml_domain_boot_kernel: @arguments: (nullable). The same machine for one run that its
 * installer begins and ends: started by a kernel, off when it would start again. Returns: (transfer
 * full): a `<domain>`; %NULL with KVMM_XML_ERROR */
char *kvmm_xml_domain_boot_kernel (const char *xml,
                                   const char *kernel_path,
                                   const char *initrd_path,
                                   const char *arguments,
                                   GError **error);

/** kvmm_xml_machine_name_check: what libvirt takes as a name and people can type. Returns: %FALSE
 * with an error that says what is wrong */
gboolean kvmm_xml_machine_name_check (const char *name, GError **error);

#define KVMM_XML_MACHINE_NAME_MAX 100 /* bytes; files of the host are named after it */

/** kvmm_xml_volume_build_disk: Returns: (transfer full): a `<volume>` for a machine's disk, which
 * takes its space as it is written to */
char *kvmm_xml_volume_build_disk (const char *name,
                                  const char *format,
                                  guint64 capacity_bytes,
                                  GError **error);

G_END_DECLS
