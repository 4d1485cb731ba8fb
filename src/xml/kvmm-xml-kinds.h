/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "xml/kvmm-xml-fields.h"

G_BEGIN_DECLS

/* What this program can say about the parts of a domain. Any thread. Only for src/xml.
 * The format is https://libvirt.org/formatdomain.html. */

#define KVMM_XML_SUMMARY_MAX 6
#define KVMM_XML_SECTION_ELEMENTS_MAX 12

typedef struct
{
  const char *name; /* of the element, or of the section; %NULL ends a table */
  const char *icon_name;
  const char *title;                         /* to be translated: "Disk" */
  const char *id_path;                       /* (nullable) what stands behind the title */
  const char *summary[KVMM_XML_SUMMARY_MAX]; /* paths, %NULL-terminated when shorter */
  const KvmmXmlFieldSpec *fields;
  /* The children of <domain> that make up a section; its paths start at <domain>. */
  const char *elements[KVMM_XML_SECTION_ELEMENTS_MAX];
} KvmmXmlKind;

/* Of whole domains: processors, memory, boot, features, clock, in this order. */
extern const KvmmXmlKind kvmm_xml_sections[];

/** kvmm_xml_kind_of_device: Returns: (nullable) (transfer none): what is known of a child of
 * `<devices>` */
const KvmmXmlKind *kvmm_xml_kind_of_device (const char *name);

/** kvmm_xml_kind_of_setting: the same, of any other child of `<domain>` */
const KvmmXmlKind *kvmm_xml_kind_of_setting (const char *name);

/* The table of src/xml/kvmm-xml-kinds-device.c. */
extern const KvmmXmlKind kvmm_xml_device_kinds[];

G_END_DECLS
