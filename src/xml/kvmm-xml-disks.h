/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What of a machine lies on the host's disks: for deleting it. Any thread. */

typedef struct
{
  char *target;          /* "vda" as it stands there; "nvram" for the firmware's settings */
  char *path;            /* (nullable) file or device on the host, as it stands there */
  char *pool;            /* (nullable) with volume */
  char *volume;          /* (nullable) */
  char *format;          /* (nullable) as the definition says: "raw", "qcow2" … */
  char *backing;         /* (nullable) file that this one is made on, where the document tells */
  gboolean is_removable; /* CD or floppy */
  gboolean is_read_only;
  gboolean is_shareable;
} KvmmXmlDisk;

/**
 * kvmm_xml_domain_list_disks:
 * @xml: a `<domain>` document
 *
 * Disks with a file, device or volume of this host, in document order, without those that are empty
 * or come over the network; then the firmware's settings.
 *
 * Returns: (transfer full) (element-type KvmmXmlDisk): or %NULL with KVMM_XML_ERROR set
 */
GPtrArray *kvmm_xml_domain_list_disks (const char *xml, GError **error);
/** kvmm_xml_disk_parse: @xml: a `<disk>` element. Returns: (nullable) (transfer full): %NULL when
 * it is none, or nothing of this host is in it */
KvmmXmlDisk *kvmm_xml_disk_parse (const char *xml);
void kvmm_xml_disk_free (KvmmXmlDisk *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmXmlDisk, kvmm_xml_disk_free)

/** kvmm_xml_disk_is_same: whether both are the same file, device or volume */
gboolean kvmm_xml_disk_is_same (const KvmmXmlDisk *self, const KvmmXmlDisk *other);

G_END_DECLS
