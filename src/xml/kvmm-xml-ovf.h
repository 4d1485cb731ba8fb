/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "xml/kvmm-xml-new-machine.h"

G_BEGIN_DECLS

/* The descriptor of an appliance: the .ovf that VirtualBox, VMware and others export. Any thread.
 * The format is DMTF DSP0243, 1.0 to 2.1; what it names are the classes of CIM, DSP1041 and on.
 * Texts of the result come from a stranger and are sanitised; names of files are not, and are
 * plain names without a folder. */

#define KVMM_XML_OVF_BYTES_MAX (8 * 1024 * 1024)
#define KVMM_XML_OVF_ITEMS_MAX 256
#define KVMM_XML_OVF_DISKS_MAX 16
#define KVMM_XML_OVF_CARDS_MAX 16
#define KVMM_XML_OVF_FILES_MAX 256
#define KVMM_XML_OVF_VCPUS_MAX 1024
#define KVMM_XML_OVF_MEMORY_MAX_KIB (G_GUINT64_CONSTANT (64) << 30)
#define KVMM_XML_OVF_DISK_MAX_BYTES (G_GUINT64_CONSTANT (1) << 50)
#define KVMM_XML_OVF_FILE_NAME_MAX 255

typedef struct
{
  char *file;             /* (nullable) the name of its image; %NULL: an empty disk */
  guint64 capacity_bytes; /* 0 when it is not told, which it is for an empty one */
  char *format;           /* (nullable) a URI */
  const char *bus;        /* (unowned) "sata", "scsi", "virtio" */
  const char *controller; /* (unowned) (nullable) libvirt's model, of "scsi" */
} KvmmXmlOvfDisk;

typedef struct
{
  char *network;     /* (nullable) what the appliance calls it */
  const char *model; /* (unowned) libvirt's */
} KvmmXmlOvfCard;

typedef struct
{
  char *name;         /* (nullable) */
  char *product;      /* (nullable) "Name 1.0, Vendor" */
  char *description;  /* (nullable) */
  char *system;       /* (nullable) in the words of the appliance */
  guint vcpus;        /* 0 when it is not told */
  guint64 memory_kib; /* 0 when it is not told */
  KvmmXmlFirmware firmware;
  gboolean is_windows;
  GPtrArray *disks;    /* (owned) (element-type KvmmXmlOvfDisk) the first one starts it */
  GPtrArray *cards;    /* (owned) (element-type KvmmXmlOvfCard) */
  GPtrArray *left_out; /* (owned) (element-type utf8) translated: what there is no use for here */
} KvmmXmlOvf;

/**
 * kvmm_xml_ovf_parse:
 * @text: the descriptor
 *
 * Returns: (transfer full): %NULL with KVMM_XML_ERROR_MALFORMED; KVMM_XML_ERROR_UNEXPECTED when it
 * is no OVF; KVMM_XML_ERROR_INVALID_VALUE when it describes what cannot be made here: the message
 * says what, and what helps
 */
KvmmXmlOvf *kvmm_xml_ovf_parse (const char *text, GError **error);
void kvmm_xml_ovf_free (KvmmXmlOvf *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmXmlOvf, kvmm_xml_ovf_free)

/** kvmm_xml_ovf_parse_units: @text: (nullable): "byte * 2^20", "MegaBytes". Returns: bytes of one
 * unit; 0 when it is none that is known, or larger than a number can be */
guint64 kvmm_xml_ovf_parse_units (const char *text);

G_END_DECLS
