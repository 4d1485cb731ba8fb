/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>
#include <libxml/tree.h>

G_BEGIN_DECLS

/* Reading one XML document that nobody vouches for, and walking it. Any thread. Only for src/xml:
 * everybody else gets plain values. */

/* Largest document read, in bytes. libvirt's own limit for a string on the wire is 16 MiB; a
 * definition has some KiB. */
#define KVMM_XML_DOCUMENT_MAX (8 * 1024 * 1024)

typedef enum
{
  KVMM_XML_READ_DEFAULT = 0,
  KVMM_XML_READ_DROP_BLANKS =
      1 << 0, /* forget the indentation, so that parts can be written anew */
} KvmmXmlReadFlags;

/**
 * kvmm_xml_document_parse:
 * @xml: the text, UTF-8
 * @root: (nullable): what the document element must be called; %NULL: anything
 *
 * Reads without network, without external entities and without a DTD. Nothing is printed.
 *
 * Returns: (transfer full): the document, or %NULL with KVMM_XML_ERROR_MALFORMED or
 *     KVMM_XML_ERROR_UNEXPECTED set
 */
xmlDoc *
kvmm_xml_document_parse (const char *xml, const char *root, KvmmXmlReadFlags flags, GError **error);

/**
 * kvmm_xml_node_is: whether @node is an element called @name, in no namespace
 */
gboolean kvmm_xml_node_is (const xmlNode *node, const char *name);

/**
 * kvmm_xml_node_child:
 * @node: (nullable): an element
 *
 * Returns: (nullable) (transfer none): its first child element called @name (any when %NULL)
 */
xmlNode *kvmm_xml_node_child (const xmlNode *node, const char *name);

/**
 * kvmm_xml_node_next:
 *
 * Returns: (nullable) (transfer none): the next sibling element called @name (any when %NULL)
 */
xmlNode *kvmm_xml_node_next (const xmlNode *node, const char *name);

/**
 * kvmm_xml_node_attribute:
 * @node: (nullable): an element
 *
 * Returns: (nullable) (transfer none): the value of its attribute @name, as it stands there
 */
const char *kvmm_xml_node_attribute (const xmlNode *node, const char *name);

/**
 * kvmm_xml_node_attribute_is: whether attribute @name is there and equals @value
 */
gboolean kvmm_xml_node_attribute_is (const xmlNode *node, const char *name, const char *value);

/**
 * kvmm_xml_node_attribute_uint:
 *
 * Returns: the attribute as a decimal number, @fallback when it is missing or none
 */
guint64 kvmm_xml_node_attribute_uint (const xmlNode *node, const char *name, guint64 fallback);

/**
 * kvmm_xml_node_dup_text:
 * @node: (nullable): an element
 *
 * Returns: (nullable) (transfer full): its text without the white space at both ends, %NULL when
 *     there is none
 */
char *kvmm_xml_node_dup_text (const xmlNode *node);

/**
 * kvmm_xml_node_bytes:
 * @node: (nullable): an element like `<memory unit='MiB'>`
 * @default_unit: bytes of a number without a unit
 *
 * Returns: the size in bytes, 0 when it cannot be read, %G_MAXUINT64 when it is larger than that
 */
guint64 kvmm_xml_node_bytes (const xmlNode *node, guint64 default_unit);

/** kvmm_xml_attribute_bytes: the same, of an amount in an attribute beside "unit" */
guint64 kvmm_xml_attribute_bytes (const xmlNode *node, const char *name, guint64 default_unit);

/**
 * kvmm_xml_node_serialise:
 *
 * Returns: (transfer full): the element as text, indented when it was read without blanks, with
 *     the namespaces it uses
 */
char *kvmm_xml_node_serialise (xmlNode *node);

/** kvmm_xml_text_is_writable: Returns: whether @text is not empty and can be written down in XML:
 * UTF-8 without control characters. Not every file name can. */
gboolean kvmm_xml_text_is_writable (const char *text);

/** kvmm_xml_document_serialise: Returns: (transfer full): the whole document as it was laid out,
 * without an XML declaration */
char *kvmm_xml_document_serialise (xmlDoc *document);

/** kvmm_xml_document_canonical: Returns: (transfer full): C14N 1.0 without comments; what only lays
 * the document out is taken out of it for that */
char *kvmm_xml_document_canonical (xmlDoc *document);

/** kvmm_xml_node_canonical: the same of one element; its document stays as it is */
char *kvmm_xml_node_canonical (xmlNode *node);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlDoc, xmlFreeDoc)

G_END_DECLS
