/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-document.h"

#include <glib/gi18n.h>
#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/xmlsave.h>
#include <string.h>

#include "util/kvmm-guest-text.h"
#include "xml/kvmm-xml-domain.h"

G_DEFINE_QUARK (kvmm - xml - error - quark, kvmm_xml_error)

G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlParserCtxt, xmlFreeParserCtxt)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlBuffer, xmlBufferFree)

/* libvirt never writes a DTD, and everything bad that XML can do begins in one: the parser stops
 * before it has read the first declaration. */
static void
refuse_dtd_cb (void *user_data,
               const xmlChar *name,
               const xmlChar *external_id,
               const xmlChar *system_id)
{
  xmlParserCtxt *context = user_data;

  context->_private = context;
  xmlStopParser (context);
}

static void
set_malformed (xmlParserCtxt *context, GError **error)
{
  const xmlError *last = xmlCtxtGetLastError (context);

  if (context->_private != NULL)
    {
      g_set_error_literal (
          error, KVMM_XML_ERROR, KVMM_XML_ERROR_MALFORMED,
          _ ("The XML has a document type declaration, which is not allowed here"));
      return;
    }
  if (last == NULL || last->message == NULL)
    {
      g_set_error_literal (error, KVMM_XML_ERROR, KVMM_XML_ERROR_MALFORMED,
                           _ ("The XML cannot be read"));
      return;
    }

  /* The parser quotes the document. */
  g_autofree char *message = kvmm_guest_text_sanitise (last->message, -1);
  g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_MALFORMED,
               _ ("The XML cannot be read: line %d: %s"), last->line, message);
}

static xmlDoc *
read_document (const char *xml, gsize length, KvmmXmlReadFlags flags, GError **error)
{
  static gsize initialised;
  int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_COMPACT;

  if (g_once_init_enter (&initialised))
    {
      xmlInitParser ();
      g_once_init_leave (&initialised, 1);
    }
  if (flags & KVMM_XML_READ_DROP_BLANKS)
    options |= XML_PARSE_NOBLANKS;

  g_autoptr (xmlParserCtxt) context = xmlNewParserCtxt ();
  if (context == NULL)
    g_error ("out of memory");
  context->sax->internalSubset = refuse_dtd_cb;
  g_autoptr (xmlDoc) document =
      xmlCtxtReadMemory (context, xml, (int) length, NULL, "UTF-8", options);
  if (document == NULL || context->_private != NULL)
    {
      set_malformed (context, error);
      return NULL;
    }
  return g_steal_pointer (&document);
}

xmlDoc *
kvmm_xml_document_parse (const char *xml, const char *root, KvmmXmlReadFlags flags, GError **error)
{
  gsize length = xml != NULL ? strlen (xml) : 0;
  if (length > KVMM_XML_DOCUMENT_MAX)
    {
      g_autofree char *limit = g_format_size_full (KVMM_XML_DOCUMENT_MAX, G_FORMAT_SIZE_IEC_UNITS);

      g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_MALFORMED, _ ("The XML is larger than %s"),
                   limit);
      return NULL;
    }

  g_autoptr (xmlDoc) document = read_document (xml != NULL ? xml : "", length, flags, error);
  if (document == NULL)
    return NULL;

  const xmlNode *element = xmlDocGetRootElement (document);
  if (root != NULL && !kvmm_xml_node_is (element, root))
    {
      g_autofree char *found =
          kvmm_guest_text_sanitise (element != NULL ? (const char *) element->name : "", -1);

      g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_UNEXPECTED,
                   /* Translators: names of XML elements */
                   _ ("The XML describes a “%s” where a “%s” was expected"), found, root);
      return NULL;
    }
  return g_steal_pointer (&document);
}

gboolean
kvmm_xml_node_is (const xmlNode *node, const char *name)
{
  return node != NULL && node->type == XML_ELEMENT_NODE && node->ns == NULL &&
         strcmp ((const char *) node->name, name) == 0;
}

static xmlNode *
first_element (xmlNode *node, const char *name)
{
  for (; node != NULL; node = node->next)
    if (node->type == XML_ELEMENT_NODE && (name == NULL || kvmm_xml_node_is (node, name)))
      return node;
  return NULL;
}

xmlNode *
kvmm_xml_node_child (const xmlNode *node, const char *name)
{
  return node != NULL ? first_element (node->children, name) : NULL;
}

xmlNode *
kvmm_xml_node_next (const xmlNode *node, const char *name)
{
  return first_element (node->next, name);
}

const char *
kvmm_xml_node_attribute (const xmlNode *node, const char *name)
{
  if (node == NULL)
    return NULL;
  for (const xmlAttr *attribute = node->properties; attribute != NULL; attribute = attribute->next)
    if (attribute->ns == NULL && strcmp ((const char *) attribute->name, name) == 0)
      {
        /* Without a DTD there are no entity references: the value is one text node, or none. */
        if (attribute->children == NULL || attribute->children->content == NULL)
          return "";
        return (const char *) attribute->children->content;
      }
  return NULL;
}

gboolean
kvmm_xml_node_attribute_is (const xmlNode *node, const char *name, const char *value)
{
  return g_strcmp0 (kvmm_xml_node_attribute (node, name), value) == 0;
}

guint64
kvmm_xml_node_attribute_uint (const xmlNode *node, const char *name, guint64 fallback)
{
  const char *text = kvmm_xml_node_attribute (node, name);
  guint64 value;

  if (text == NULL || !g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, &value, NULL))
    return fallback;
  return value;
}

char *
kvmm_xml_node_dup_text (const xmlNode *node)
{
  g_autoptr (GString) text = NULL;

  if (node == NULL)
    return NULL;
  for (const xmlNode *child = node->children; child != NULL; child = child->next)
    if ((child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE) &&
        child->content != NULL)
      {
        if (text == NULL)
          text = g_string_new (NULL);
        g_string_append (text, (const char *) child->content);
      }
  if (text == NULL || *g_strstrip (text->str) == '\0')
    return NULL;
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* The units of libvirt's formatdomain, "scaled integers": https://libvirt.org/formatdomain.html */
static guint64
unit_bytes (const char *unit)
{
  static const char letters[] = "kMGTPE";
  guint64 base = 1024;

  if (strcmp (unit, "b") == 0 || strcmp (unit, "byte") == 0 || strcmp (unit, "bytes") == 0)
    return 1;

  const char *letter = *unit != '\0' ? strchr (letters, *unit == 'K' ? 'k' : *unit) : NULL;
  if (letter == NULL)
    return 0;
  if (strcmp (unit + 1, "B") == 0)
    base = 1000;
  else if (unit[1] != '\0' && strcmp (unit + 1, "iB") != 0)
    return 0;

  guint64 bytes = base;
  for (const char *p = letters; p < letter; p++)
    bytes *= base;
  return bytes;
}

/* @text: (nullable): an amount, in the unit that @node tells */
static guint64
read_bytes (const xmlNode *node, const char *text, guint64 default_unit)
{
  const char *unit = kvmm_xml_node_attribute (node, "unit");
  guint64 factor = unit != NULL ? unit_bytes (unit) : default_unit;
  guint64 value;
  guint64 bytes;

  if (text == NULL || !g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, &value, NULL))
    return 0;
  return g_uint64_checked_mul (&bytes, value, factor) ? bytes : G_MAXUINT64;
}

guint64
kvmm_xml_node_bytes (const xmlNode *node, guint64 default_unit)
{
  g_autofree char *text = kvmm_xml_node_dup_text (node);

  return read_bytes (node, text, default_unit);
}

guint64
kvmm_xml_attribute_bytes (const xmlNode *node, const char *name, guint64 default_unit)
{
  return read_bytes (node, kvmm_xml_node_attribute (node, name), default_unit);
}

char *
kvmm_xml_node_serialise (xmlNode *node)
{
  g_autoptr (xmlBuffer) buffer = xmlBufferCreate ();
  g_autoptr (xmlDoc) document = xmlNewDoc (BAD_CAST "1.0");
  /* A copy takes along what its ancestors declare. */
  xmlNode *copy = xmlDocCopyNode (node, document, 1);
  xmlDocSetRootElement (document, copy);

  xmlSaveCtxt *save = xmlSaveToBuffer (buffer, "UTF-8", XML_SAVE_FORMAT | XML_SAVE_NO_DECL);
  xmlSaveTree (save, copy);
  xmlSaveClose (save);
  return g_strdup ((const char *) xmlBufferContent (buffer));
}

gboolean
kvmm_xml_text_is_writable (const char *text)
{
  gboolean is_good = g_utf8_validate (text, -1, NULL) && *text != '\0';

  for (const char *p = text; is_good && *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      is_good = c >= 0x20 && c != 0xFFFE && c != 0xFFFF;
    }
  return is_good;
}

char *
kvmm_xml_document_serialise (xmlDoc *document)
{
  g_autoptr (xmlBuffer) buffer = xmlBufferCreate ();
  xmlSaveCtxt *save = xmlSaveToBuffer (buffer, "UTF-8", XML_SAVE_NO_DECL);

  xmlSaveDoc (save, document);
  xmlSaveClose (save);
  return g_strdup ((const char *) xmlBufferContent (buffer));
}

/* White space beside elements, or alone in one, lays out and says nothing. */
static void
drop_blanks (xmlNode *node)
{
  gboolean has_elements = kvmm_xml_node_child (node, NULL) != NULL;
  xmlNode *next;

  for (xmlNode *child = node->children; child != NULL; child = next)
    {
      next = child->next;
      if (child->type == XML_ELEMENT_NODE)
        drop_blanks (child);
      else if (child->type == XML_TEXT_NODE && xmlIsBlankNode (child) &&
               (has_elements || (child->prev == NULL && next == NULL)))
        {
          xmlUnlinkNode (child);
          xmlFreeNode (child);
        }
    }
}

char *
kvmm_xml_document_canonical (xmlDoc *document)
{
  xmlChar *bytes = NULL;
  char *text;

  drop_blanks (xmlDocGetRootElement (document));
  if (xmlC14NDocDumpMemory (document, NULL, XML_C14N_1_0, NULL, 0, &bytes) < 0 || bytes == NULL)
    return g_strdup ("");
  text = g_strdup ((const char *) bytes);
  xmlFree (bytes);
  return text;
}

char *
kvmm_xml_node_canonical (xmlNode *node)
{
  g_autoptr (xmlDoc) document = xmlNewDoc (BAD_CAST "1.0");

  xmlDocSetRootElement (document, xmlDocCopyNode (node, document, 1));
  return kvmm_xml_document_canonical (document);
}
