/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-value.h"

#include <glib/gi18n.h>
#include <string.h>

#include "util/kvmm-guest-text.h"
#include "util/kvmm-units.h"

#define KIB G_GUINT64_CONSTANT (1024)

static const char *
attribute_text (const xmlAttr *attribute)
{
  if (attribute->children == NULL || attribute->children->content == NULL)
    return "";
  return (const char *) attribute->children->content;
}

static char *
format_boolean (const char *text)
{
  static const char *const on[] = { "yes", "on", "true", "enabled", NULL };
  static const char *const off[] = { "no", "off", "false", "disabled", NULL };

  if (g_strv_contains (on, text))
    return g_strdup (_ ("Yes"));
  if (g_strv_contains (off, text))
    return g_strdup (_ ("No"));
  return kvmm_guest_text_sanitise (text, -1);
}

static char *
format_number (const char *text, KvmmXmlValue value)
{
  guint64 number;

  if (!g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64 / KIB, &number, NULL))
    return kvmm_guest_text_sanitise (text, -1);
  switch (value)
    {
    case KVMM_XML_VALUE_SIZE:
      return kvmm_units_bytes (number * KIB);
    case KVMM_XML_VALUE_BYTE_RATE:
      return kvmm_units_rate ((double) number);
    case KVMM_XML_VALUE_KIB_RATE:
      return kvmm_units_rate ((double) number * (double) KIB);
    case KVMM_XML_VALUE_MS:
      /* Translators: milliseconds */
      return g_strdup_printf (_ ("%" G_GUINT64_FORMAT " ms"), number);
    case KVMM_XML_VALUE_SECONDS:
      return kvmm_units_duration (number);
    case KVMM_XML_VALUE_TEXT:
    case KVMM_XML_VALUE_BOOLEAN:
    case KVMM_XML_VALUE_ITEM:
    case KVMM_XML_VALUE_ADDRESS:
    case KVMM_XML_VALUE_SECRET:
      break;
    }
  return kvmm_guest_text_sanitise (text, -1);
}

static char *
format_text (const char *text, KvmmXmlValue value)
{
  switch (value)
    {
    case KVMM_XML_VALUE_BOOLEAN:
      return format_boolean (text);
    case KVMM_XML_VALUE_SECRET:
      return g_strdup (*text != '\0' ? _ ("Set, not shown") : _ ("Empty"));
    case KVMM_XML_VALUE_SIZE:
    case KVMM_XML_VALUE_BYTE_RATE:
    case KVMM_XML_VALUE_KIB_RATE:
    case KVMM_XML_VALUE_MS:
    case KVMM_XML_VALUE_SECONDS:
      return format_number (text, value);
    case KVMM_XML_VALUE_TEXT:
    case KVMM_XML_VALUE_ITEM:
    case KVMM_XML_VALUE_ADDRESS:
      break;
    }
  return kvmm_guest_text_sanitise (text, -1);
}

char *
kvmm_xml_value_of_attribute (const xmlAttr *attribute, KvmmXmlValue value)
{
  return format_text (attribute_text (attribute), value);
}

static void
mark_attribute (const xmlNode *element, const char *name, GHashTable *seen)
{
  for (xmlAttr *attribute = element->properties; attribute != NULL && seen != NULL;
       attribute = attribute->next)
    if (name == NULL || strcmp ((const char *) attribute->name, name) == 0)
      g_hash_table_add (seen, attribute);
}

/* "rtc (tickpolicy catchup)": the attribute that tells it from its siblings, then the others. */
static char *
format_item (const xmlNode *element, GHashTable *seen)
{
  static const char *const heads[] = { "name", "id", "vcpu" };
  const char *head = NULL;
  g_autoptr (GString) others = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (heads) && head == NULL; i++)
    if (kvmm_xml_node_attribute (element, heads[i]) != NULL)
      head = heads[i];
  if (head == NULL && element->properties != NULL)
    head = (const char *) element->properties->name;
  for (const xmlAttr *attribute = element->properties; attribute != NULL;
       attribute = attribute->next)
    if (strcmp ((const char *) attribute->name, head) != 0)
      g_string_append_printf (others, "%s%s %s", others->len > 0 ? ", " : "", attribute->name,
                              attribute_text (attribute));
  mark_attribute (element, NULL, seen);

  const char *name = head != NULL ? kvmm_xml_node_attribute (element, head) : NULL;
  g_autofree char *text = others->len > 0
                              ? g_strdup_printf ("%s (%s)", name != NULL ? name : "", others->str)
                              : g_strdup (name != NULL ? name : "");
  return kvmm_guest_text_sanitise (text, -1);
}

static gboolean
read_hex (const xmlNode *element, const char *name, guint64 *value)
{
  const char *text = kvmm_xml_node_attribute (element, name);

  if (text == NULL)
    return FALSE;
  return g_ascii_string_to_unsigned (g_str_has_prefix (text, "0x") ? text + 2 : text, 16, 0,
                                     G_MAXUINT32, value, NULL);
}

/* As lspci writes it. */
static char *
format_pci_address (const xmlNode *element, GHashTable *seen)
{
  static const char *const names[] = { "domain", "bus", "slot", "function" };
  guint64 parts[G_N_ELEMENTS (names)] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (!read_hex (element, names[i], &parts[i]) && i > 0)
      return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    mark_attribute (element, names[i], seen);
  mark_attribute (element, "type", seen);
  return g_strdup_printf ("%04x:%02x:%02x.%x", (guint) parts[0], (guint) parts[1], (guint) parts[2],
                          (guint) parts[3]);
}

static char *
format_address (const xmlNode *element, GHashTable *seen)
{
  char *pci = format_pci_address (element, seen);
  g_autoptr (GString) text = g_string_new (NULL);

  if (pci != NULL)
    return pci;
  for (const xmlAttr *attribute = element->properties; attribute != NULL;
       attribute = attribute->next)
    if (strcmp ((const char *) attribute->name, "type") != 0)
      g_string_append_printf (text, "%s%s %s", text->len > 0 ? ", " : "", attribute->name,
                              attribute_text (attribute));
  /* The one name of a mediated device says nothing beside its number. */
  if (element->properties != NULL && element->properties->next == NULL)
    g_string_assign (text, attribute_text (element->properties));
  mark_attribute (element, NULL, seen);
  return kvmm_guest_text_sanitise (text->str, -1);
}

char *
kvmm_xml_value_of_element (xmlNode *element, KvmmXmlValue value, GHashTable *seen)
{
  g_autofree char *text = kvmm_xml_node_dup_text (element);

  if (seen != NULL)
    g_hash_table_add (seen, element);
  switch (value)
    {
    case KVMM_XML_VALUE_ITEM:
      return format_item (element, seen);
    case KVMM_XML_VALUE_ADDRESS:
      return format_address (element, seen);
    case KVMM_XML_VALUE_SIZE:
      {
        guint64 bytes = kvmm_xml_node_bytes (element, KIB);

        /* What is no size is shown as it stands. */
        if (bytes == 0 && g_strcmp0 (text, "0") != 0)
          break;
        mark_attribute (element, "unit", seen);
        return kvmm_units_bytes (bytes);
      }
    case KVMM_XML_VALUE_BOOLEAN:
      {
        const char *state = kvmm_xml_node_attribute (element, "state");

        mark_attribute (element, "state", seen);
        return format_boolean (state != NULL ? state : text != NULL ? text : "yes");
      }
    case KVMM_XML_VALUE_TEXT:
    case KVMM_XML_VALUE_BYTE_RATE:
    case KVMM_XML_VALUE_KIB_RATE:
    case KVMM_XML_VALUE_MS:
    case KVMM_XML_VALUE_SECONDS:
    case KVMM_XML_VALUE_SECRET:
      break;
    }
  if (value == KVMM_XML_VALUE_SIZE)
    value = KVMM_XML_VALUE_TEXT;
  return text != NULL ? format_text (text, value) : NULL;
}
