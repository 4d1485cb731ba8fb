/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The definition of a copy of a machine. Any thread. */

typedef enum
{
  KVMM_XML_CLONE_SHARE,   /* both machines name the same storage */
  KVMM_XML_CLONE_REPLACE, /* the copy has storage of its own */
  KVMM_XML_CLONE_OMIT,    /* a drive becomes empty, a disk goes */
} KvmmXmlCloneChoice;

typedef struct
{
  const char *target; /* "vda" as it stands in the document; "nvram" for the firmware's settings */
  KvmmXmlCloneChoice choice;
  const char *path;   /* (nullable) new file: this, or the next two */
  const char *pool;   /* (nullable) */
  const char *volume; /* (nullable) */
  const char *format; /* (nullable) "qcow2" …; %NULL: as it was */
} KvmmXmlCloneDisk;

/**
 * kvmm_xml_domain_clone:
 * @xml: the stored (inactive) `<domain>` document
 * @name: of the copy
 * @disks: (array length=n_disks): what becomes of each disk
 *
 * Whatever may exist once only is new or left out, for libvirt to choose: UUID, generation id, MAC
 * addresses, port ids, the firmware's settings, the vsock CID, ports and sockets of displays and
 * channels. Files that serial lines write to are named after the copy. All the rest stays as it is.
 * Devices of the host and ports of serial lines over TCP stay the same: the two machines cannot run
 * at once with those.
 *
 * Returns: (transfer full): the document, or %NULL with KVMM_XML_ERROR set: UNEXPECTED when @name
 *     cannot be written down, or a disk that can be written to is not in @disks
 */
char *kvmm_xml_domain_clone (const char *xml,
                             const char *name,
                             const KvmmXmlCloneDisk *disks,
                             guint n_disks,
                             GError **error);

/** kvmm_xml_domain_has_own_tpm: Returns: whether the machine has a TPM whose contents libvirt
 * keeps, and a copy of the machine an empty one */
gboolean kvmm_xml_domain_has_own_tpm (const char *xml);

/**
 * kvmm_xml_volume_build_copy:
 * @xml: the `<volume>` document of what is copied
 * @format: what the machine takes it for. A guest can write the first bytes of another format into
 *     its disk; what the host takes for another format than this is refused.
 * @name: of the copy
 *
 * Returns: (transfer full): a document to copy by; %NULL with KVMM_XML_ERROR_INVALID_VALUE for
 *     another format, an encrypted volume and a name that cannot be written down
 */
char *
kvmm_xml_volume_build_copy (const char *xml, const char *format, const char *name, GError **error);

/**
 * kvmm_xml_volume_build_link:
 * @xml, @format, @name: as of kvmm_xml_volume_build_copy()
 *
 * Returns: (transfer full): a qcow2 volume that holds only what differs from the one of @xml, whose
 *     format it names; %NULL with KVMM_XML_ERROR_INVALID_VALUE also for what is no file, and for
 *     formats other than raw and qcow2
 */
char *
kvmm_xml_volume_build_link (const char *xml, const char *format, const char *name, GError **error);

G_END_DECLS
