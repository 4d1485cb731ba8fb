/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "xml/kvmm-xml-document.h"
#include "xml/kvmm-xml-ovf.h"

G_BEGIN_DECLS

/* Walking a descriptor. Every tool has prefixes and namespaces of its own, and versions differ in
 * nothing else: names are compared without them. */

/** kvmm_xml_ovf_is: whether @node is an element of that local name */
gboolean kvmm_xml_ovf_is (const xmlNode *node, const char *name);
/** kvmm_xml_ovf_is_section: the same of a section, which older tools call `<Section>` with an
 * xsi:type */
gboolean kvmm_xml_ovf_is_section (const xmlNode *node, const char *name);
/** kvmm_xml_ovf_find: Returns: (nullable) (transfer none): the first section of that name in
 * @parent */
const xmlNode *kvmm_xml_ovf_find (const xmlNode *parent, const char *name);
/** kvmm_xml_ovf_attribute: Returns: (nullable) (transfer none): of that local name */
const char *kvmm_xml_ovf_attribute (const xmlNode *node, const char *name);
/** kvmm_xml_ovf_dup_child: Returns: (nullable) (transfer full): the text of a child, as it is */
char *kvmm_xml_ovf_dup_child (const xmlNode *node, const char *name);
/** kvmm_xml_ovf_dup_words: Returns: (nullable) (transfer full): the same, sanitised */
char *kvmm_xml_ovf_dup_words (const xmlNode *node, const char *name);
/** kvmm_xml_ovf_fail: @format: with one “%s”, for one text that is sanitised, or %NULL. Returns:
 * %FALSE */
gboolean kvmm_xml_ovf_fail (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);
/** kvmm_xml_ovf_left_out: @word: translated; said once */
void kvmm_xml_ovf_left_out (KvmmXmlOvf *self, const char *word);

/** kvmm_xml_ovf_read_hardware: kvmm-xml-ovf-hardware.c: processors, memory, disks and cards of a
 * virtual hardware section. @envelope has the disks' files. */
gboolean kvmm_xml_ovf_read_hardware (KvmmXmlOvf *self,
                                     const xmlNode *envelope,
                                     const xmlNode *hardware,
                                     GError **error);

G_END_DECLS
