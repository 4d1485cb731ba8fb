/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "xml/kvmm-xml-device.h"
#include "xml/kvmm-xml-document.h"

G_BEGIN_DECLS

/* From elements and attributes to labels and values. Any thread. Only for src/xml.
 *
 * A list first takes the fields somebody wrote a label for, then whatever is left, so that nothing
 * that stands in the document is missing on the screen. */

/* Most fields of one device, and most parts of a value that stands several times; what is more is
 * counted. */
#define KVMM_XML_FIELDS_MAX 200
#define KVMM_XML_FIELD_PARTS_MAX 64

/* How a value is written down for people. */
typedef enum
{
  KVMM_XML_VALUE_TEXT,      /* the attribute or the text, as it is */
  KVMM_XML_VALUE_BOOLEAN,   /* yes, on, no, off; an element is there or not */
  KVMM_XML_VALUE_SIZE,      /* an element with a unit, KiB without; an attribute in KiB */
  KVMM_XML_VALUE_BYTE_RATE, /* bytes per second */
  KVMM_XML_VALUE_KIB_RATE,  /* KiB per second */
  KVMM_XML_VALUE_MS,
  KVMM_XML_VALUE_SECONDS,
  KVMM_XML_VALUE_ITEM,    /* an element by its name or number, its other attributes behind it */
  KVMM_XML_VALUE_ADDRESS, /* an <address> element */
  KVMM_XML_VALUE_SECRET,  /* that there is one */
} KvmmXmlValue;

typedef struct
{
  const char *path;  /* "source/@file", "iotune/total_bytes_sec"; %NULL ends a table */
  const char *label; /* to be translated */
  KvmmXmlValue value;
} KvmmXmlFieldSpec;

typedef struct
{
  GPtrArray *fields;  /* (owned) of KvmmXmlDeviceField */
  GHashTable *seen;   /* (owned) the attributes and elements that have a field */
  GHashTable *merged; /* (owned) label → its field, of those without a spec */
  guint n_dropped;
} KvmmXmlFields;

void kvmm_xml_fields_init (KvmmXmlFields *self);
void kvmm_xml_fields_clear (KvmmXmlFields *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KvmmXmlFields, kvmm_xml_fields_clear)

/** kvmm_xml_fields_add: adds what @specs names below @base, in the order of the table */
void kvmm_xml_fields_add (KvmmXmlFields *self, xmlNode *base, const KvmmXmlFieldSpec *specs);

/**
 * kvmm_xml_fields_add_rest:
 * @name: (nullable): stands before each label
 *
 * Adds every attribute and text in @node that no field was made of, under its own name.
 */
void kvmm_xml_fields_add_rest (KvmmXmlFields *self, xmlNode *node, const char *name);

/** kvmm_xml_fields_steal: Returns: (transfer full): the fields */
GPtrArray *kvmm_xml_fields_steal (KvmmXmlFields *self);

/**
 * kvmm_xml_field_dup:
 *
 * Returns: (nullable) (transfer full): the first value at @path below @base, sanitised
 */
char *kvmm_xml_field_dup (xmlNode *base, const char *path, KvmmXmlValue value);

/** kvmm_xml_field_dup_all: Returns: (nullable) (transfer full): all values of a field, as they are
 * shown */
char *kvmm_xml_field_dup_all (xmlNode *base, const KvmmXmlFieldSpec *spec);

/** kvmm_xml_node_dup_label: Returns: (transfer full): the element's name with its prefix, sanitised
 */
char *kvmm_xml_node_dup_label (const xmlNode *node);

G_END_DECLS
