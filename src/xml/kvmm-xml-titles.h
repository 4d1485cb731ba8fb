/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "xml/kvmm-xml-kinds.h"

G_BEGIN_DECLS

/* The words by which a device is found in a list. Any thread. Only for src/xml. */

/** kvmm_xml_device_dup_title: Returns: (transfer full): "CD drive sda" */
char *kvmm_xml_device_dup_title (const KvmmXmlKind *kind, xmlNode *node);

/** kvmm_xml_device_dup_summary: Returns: (transfer full): "sata, raw, debian.iso"; may be empty */
char *kvmm_xml_device_dup_summary (const KvmmXmlKind *kind, xmlNode *node);

/** kvmm_xml_device_icon_name: Returns: (transfer none): a symbolic icon */
const char *kvmm_xml_device_icon_name (const KvmmXmlKind *kind, xmlNode *node);

G_END_DECLS
