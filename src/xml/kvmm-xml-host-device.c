/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-host-device.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

#include "util/kvmm-guest-text.h"
#include "xml/kvmm-xml-document.h"
#include "xml/kvmm-xml-domain.h"

/* What the kernel calls its own hubs. */
#define LINUX_FOUNDATION 0x1d6b
#define CLASS_BRIDGE 0x06

void
kvmm_xml_host_device_free (KvmmXmlHostDevice *self)
{
  if (self == NULL)
    return;
  g_free (self->word);
  g_free (self->label);
  g_free (self);
}

/* "0x1d6b", "12"; %FALSE when it is no number up to @maximum. */
static gboolean
read_number (const char *text, guint maximum, guint *number)
{
  gboolean is_hex = text != NULL && g_str_has_prefix (text, "0x");
  guint64 value;

  if (text == NULL || !g_ascii_string_to_unsigned (is_hex ? text + 2 : text, is_hex ? 16 : 10, 0,
                                                   maximum, &value, NULL))
    return FALSE;
  *number = (guint) value;
  return TRUE;
}

static gboolean
read_child (const xmlNode *node, const char *name, guint maximum, guint *number)
{
  g_autofree char *text = kvmm_xml_node_dup_text (kvmm_xml_node_child (node, name));

  return read_number (text, maximum, number);
}

static gboolean
read_id (const xmlNode *node, const char *name, guint *number)
{
  return read_number (kvmm_xml_node_attribute (kvmm_xml_node_child (node, name), "id"), G_MAXUINT16,
                      number);
}

static char *
dup_label (const xmlNode *capability, const char *place)
{
  g_autofree char *vendor = kvmm_xml_node_dup_text (kvmm_xml_node_child (capability, "vendor"));
  g_autofree char *product = kvmm_xml_node_dup_text (kvmm_xml_node_child (capability, "product"));
  g_autofree char *text =
      g_strjoin (" ", place, vendor != NULL ? vendor : "", product != NULL ? product : "", NULL);

  return kvmm_guest_text_sanitise (g_strstrip (text), -1);
}

static KvmmXmlHostDevice *
parse_usb (const xmlNode *capability)
{
  KvmmXmlHostDevice *self;
  guint bus, device, vendor, product;
  g_autofree char *place = NULL;

  if (!read_child (capability, "bus", G_MAXUINT16, &bus) ||
      !read_child (capability, "device", G_MAXUINT16, &device) ||
      !read_id (capability, "vendor", &vendor) || !read_id (capability, "product", &product) ||
      vendor == LINUX_FOUNDATION)
    return NULL;
  self = g_new0 (KvmmXmlHostDevice, 1);
  self->is_usb = TRUE;
  self->word = g_strdup_printf ("0x%04x:0x%04x@%u.%u", vendor, product, bus, device);
  place = g_strdup_printf ("%03u:%03u", bus, device);
  self->label = dup_label (capability, place);
  return self;
}

static KvmmXmlHostDevice *
parse_pci (const xmlNode *capability)
{
  KvmmXmlHostDevice *self;
  guint domain, bus, slot, function, kind;

  if (!read_child (capability, "domain", G_MAXUINT16, &domain) ||
      !read_child (capability, "bus", G_MAXUINT8, &bus) ||
      !read_child (capability, "slot", 31, &slot) ||
      !read_child (capability, "function", 7, &function) ||
      (read_child (capability, "class", 0xffffff, &kind) && kind >> 16 == CLASS_BRIDGE))
    return NULL;
  self = g_new0 (KvmmXmlHostDevice, 1);
  self->word = g_strdup_printf ("%04x:%02x:%02x.%u", domain, bus, slot, function);
  self->label = dup_label (capability, self->word);
  return self;
}

KvmmXmlHostDevice *
kvmm_xml_host_device_parse (const char *xml)
{
  g_autoptr (xmlDoc) document =
      kvmm_xml_document_parse (xml, "device", KVMM_XML_READ_DEFAULT, NULL);
  const xmlNode *capability;

  if (document == NULL)
    return NULL;
  capability = kvmm_xml_node_child (xmlDocGetRootElement (document), "capability");
  if (kvmm_xml_node_attribute_is (capability, "type", "usb_device"))
    return parse_usb (capability);
  return kvmm_xml_node_attribute_is (capability, "type", "pci") ? parse_pci (capability) : NULL;
}

/* ---- building ---- */

static xmlNode *
add_hex (xmlNode *parent, const char *element, const char *name, guint number)
{
  xmlNode *node = kvmm_xml_node_child (parent, element);
  g_autofree char *text = g_strdup_printf ("0x%x", number);

  if (node == NULL)
    node = xmlNewChild (parent, NULL, BAD_CAST element, NULL);
  xmlSetProp (node, BAD_CAST name, BAD_CAST text);
  return node;
}

static void
add_decimal (xmlNode *parent, const char *name, guint number)
{
  xmlNode *node = kvmm_xml_node_child (parent, "address");
  g_autofree char *text = g_strdup_printf ("%u", number);

  if (node == NULL)
    node = xmlNewChild (parent, NULL, BAD_CAST "address", NULL);
  xmlSetProp (node, BAD_CAST name, BAD_CAST text);
}

char *
kvmm_xml_host_device_build (const char *word, GError **error)
{
  g_autoptr (xmlDoc) document = xmlNewDoc (BAD_CAST "1.0");
  xmlNode *root = xmlNewNode (NULL, BAD_CAST "hostdev");
  xmlNode *source = NULL;
  guint a, b, c, d;
  char end;
  gboolean is_placed, is_usb;

  g_return_val_if_fail (word != NULL, NULL);

  xmlDocSetRootElement (document, root);
  is_placed = sscanf (word, "0x%4x:0x%4x@%5u.%5u%c", &a, &b, &c, &d, &end) == 4;
  is_usb = is_placed || sscanf (word, "0x%4x:0x%4x%c", &a, &b, &end) == 2;
  if (!is_usb && sscanf (word, "%4x:%2x:%2x.%1u%c", &a, &b, &c, &d, &end) != 4)
    {
      g_set_error_literal (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
                           _ ("This is no device of the host"));
      return NULL;
    }
  xmlSetProp (root, BAD_CAST "mode", BAD_CAST "subsystem");
  xmlSetProp (root, BAD_CAST "type", BAD_CAST (is_usb ? "usb" : "pci"));
  xmlSetProp (root, BAD_CAST "managed", BAD_CAST "yes");
  source = xmlNewChild (root, NULL, BAD_CAST "source", NULL);
  if (is_usb)
    {
      add_hex (source, "vendor", "id", a);
      add_hex (source, "product", "id", b);
      if (is_placed)
        {
          add_decimal (source, "bus", c);
          add_decimal (source, "device", d);
        }
    }
  else
    {
      add_hex (source, "address", "domain", a);
      add_hex (source, "address", "bus", b);
      add_hex (source, "address", "slot", c);
      add_hex (source, "address", "function", d);
    }
  return kvmm_xml_node_serialise (root);
}
