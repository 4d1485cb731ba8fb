/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "xml/kvmm-xml-document.h"

G_BEGIN_DECLS

/* What makes a device this one and no other, in the stored document and in the live one. Any
 * thread. Only for src/xml. */

/** kvmm_xml_identity_of: Returns: (transfer full): "disk vda"; the same for two devices that
 * nothing tells apart */
char *kvmm_xml_identity_of (const xmlNode *device);

/** kvmm_xml_identity_list: Returns: (transfer full): identity → its device (xmlNode, unowned), with
 * "#2" and so on behind those that nothing tells apart */
GHashTable *kvmm_xml_identity_list (const xmlNode *domain);

/** kvmm_xml_identity_find: Returns: (transfer full): the identity of one device in its document,
 * with
 * "#2" as above */
char *kvmm_xml_identity_find (const xmlNode *device);

G_END_DECLS
