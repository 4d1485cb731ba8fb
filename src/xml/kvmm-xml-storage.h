/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Storage pools and volumes in XML. Any thread. The formats are
 * https://libvirt.org/formatstorage.html. */

/* The texts are what stands in the document: sanitise them before they are shown. */
typedef struct
{
  char *type; /* "dir", "logical" … */
  char *name;
  char *path; /* (nullable) of the target */
} KvmmXmlPool;

/** kvmm_xml_pool_parse: @xml: a `<pool>` document. Returns: (transfer full): %NULL with an error */
KvmmXmlPool *kvmm_xml_pool_parse (const char *xml, GError **error);
void kvmm_xml_pool_free (KvmmXmlPool *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmXmlPool, kvmm_xml_pool_free)

/** kvmm_xml_pool_build_dir: Returns: (transfer full): a `<pool type='dir'>`; %NULL with
 * KVMM_XML_ERROR_UNEXPECTED when @name or @path cannot be written in XML */
char *kvmm_xml_pool_build_dir (const char *name, const char *path, GError **error);

/** kvmm_xml_volume_build: Returns: (transfer full): a raw `<volume>` that all may read (mode 0644),
 * or with @is_private its owner alone; %NULL with KVMM_XML_ERROR_UNEXPECTED when @name cannot be
 * written in XML */
char *
kvmm_xml_volume_build (const char *name, guint64 size_bytes, gboolean is_private, GError **error);

/** kvmm_xml_volume_dup_format: @xml: a `<volume>` document. Returns: (transfer full) (nullable):
 * how libvirt takes it, "qcow2" or "raw"; %NULL without @error where it says nothing */
char *kvmm_xml_volume_dup_format (const char *xml, GError **error);

/**
 * kvmm_xml_volume_stands_on:
 * @xml: a `<volume>` document
 * @path: of another volume, on its host
 * @stands_on: (out): whether it holds only what differs from that one: whether its backing file has
 *     the same name, since a folder may be reached in several ways. Rather once too often than once
 *     too rarely.
 *
 * Returns: %FALSE with an error when the document cannot be read
 */
gboolean
kvmm_xml_volume_stands_on (const char *xml, const char *path, gboolean *stands_on, GError **error);

/**
 * kvmm_xml_domain_names_volume:
 * @xml: a `<domain>` document, live or inactive
 * @path: (nullable): of the volume, on its host
 * @names: (out): whether anything in the document may be that volume: a source that names pool and
 *     volume, the path, or any text with a path to a file whose name begins like the volume's,
 * since a folder may be reached in several ways. Rather once too often than once too rarely.
 *
 * Returns: %FALSE with an error when the document cannot be read
 */
gboolean kvmm_xml_domain_names_volume (const char *xml,
                                       const char *pool,
                                       const char *volume,
                                       const char *path,
                                       gboolean *names,
                                       GError **error);

G_END_DECLS
