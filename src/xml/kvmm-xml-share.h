/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "xml/kvmm-xml-edit.h"

G_BEGIN_DECLS

/* Folders of a host that a machine shares, and how its guest gets at them. Any thread (pure
 * functions). The formats are https://libvirt.org/formatdomain.html#filesystems and fstab(5). */

/* Longest names of a folder, in bytes: what the devices hold. */
#define KVMM_XML_SHARE_TAG_MAX_VIRTIOFS 36
#define KVMM_XML_SHARE_TAG_MAX_9P 31

/* The first libvirt that has VirtioFS for a session. */
#define KVMM_XML_SHARE_SESSION_VERSION 10000000

typedef struct
{
  char *tag;            /* what the guest mounts; raw */
  char *folder;         /* (nullable) of the host; raw */
  gboolean is_virtiofs; /* else 9p */
  gboolean is_read_only;
} KvmmXmlShare;
void kvmm_xml_share_free (KvmmXmlShare *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmXmlShare, kvmm_xml_share_free)

/** kvmm_xml_share_parse: @xml: a `<filesystem>`. Returns: (transfer full) (nullable): %NULL when it
 * is none that a guest of QEMU mounts by its name */
KvmmXmlShare *kvmm_xml_share_parse (const char *xml);

/**
 * kvmm_xml_share_dup_tag:
 * @folder: a path of the host; may be unfinished
 * @domain_xml: (nullable): a definition whose names are taken
 *
 * Returns: (transfer full): a name for it that every kind of device takes and the machine does not
 *     have yet: of letters, digits, ".", "_" and "-"
 */
char *kvmm_xml_share_dup_tag (const char *folder, const char *domain_xml);

/** kvmm_xml_share_check_place: @place: a folder of the guest. Returns: %FALSE with
 * KVMM_XML_ERROR_INVALID_VALUE that says what it takes */
gboolean kvmm_xml_share_check_place (const char *place, GError **error);

/** kvmm_xml_share_dup_command: @place: as checked. Returns: (transfer full): one line for the
 * guest's shell, as root: it makes the folder and mounts @self there */
char *kvmm_xml_share_dup_command (const KvmmXmlShare *self, const char *place);

/** kvmm_xml_share_dup_fstab: @place: as checked. Returns: (transfer full): a line for the guest's
 * /etc/fstab */
char *kvmm_xml_share_dup_fstab (const KvmmXmlShare *self, const char *place);

/** kvmm_xml_share_has_memory: whether all memory of the machine is shared with the host, as
 * VirtioFS needs it: of a machine with NUMA cells, that of each cell. @domain_xml: of a machine;
 * what cannot be read shares nothing */
gboolean kvmm_xml_share_has_memory (const char *domain_xml);

/** kvmm_xml_share_memory: makes it so; what shares already stays as it is. Returns: %FALSE with
 * KVMM_XML_ERROR */
gboolean kvmm_xml_share_memory (KvmmXmlEdit *edit, GError **error);

G_END_DECLS
