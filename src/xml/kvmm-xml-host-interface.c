/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-host-interface.h"

#include <string.h>

#include "xml/kvmm-xml-document.h"

/* Linux's IFNAMSIZ without its NUL. */
#define NAME_MAX_BYTES 15

void
kvmm_xml_host_interface_free (KvmmXmlHostInterface *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self);
}

gboolean
kvmm_xml_interface_name_check (const char *name)
{
  if (*name == '\0' || strlen (name) > NAME_MAX_BYTES || g_str_equal (name, ".") ||
      g_str_equal (name, ".."))
    return FALSE;
  for (const char *p = name; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("._-:@", *p) == NULL)
      return FALSE;
  return TRUE;
}

/* What libvirt names itself is gone with its machine or network. */
static gboolean
is_shared (const char *name)
{
  static const char *const prefixes[] = { "vnet", "virbr", "macvtap", "macvlan" };

  for (gsize i = 0; i < G_N_ELEMENTS (prefixes); i++)
    if (g_str_has_prefix (name, prefixes[i]))
      return FALSE;
  return !g_str_equal (name, "lo") && kvmm_xml_interface_name_check (name);
}

/* A card has the bus it is on above it, and what the kernel made has the computer. */
static char *
dup_card_name (const xmlNode *device)
{
  const xmlNode *capability = kvmm_xml_node_child (device, "capability");
  g_autofree char *parent = kvmm_xml_node_dup_text (kvmm_xml_node_child (device, "parent"));

  if (!kvmm_xml_node_attribute_is (capability, "type", "net") || parent == NULL ||
      g_str_equal (parent, "computer"))
    return NULL;
  return kvmm_xml_node_dup_text (kvmm_xml_node_child (capability, "interface"));
}

KvmmXmlHostInterface *
kvmm_xml_host_interface_parse (const char *xml)
{
  g_autoptr (xmlDoc) interface =
      kvmm_xml_document_parse (xml, "interface", KVMM_XML_READ_DEFAULT, NULL);
  g_autoptr (xmlDoc) device =
      interface == NULL ? kvmm_xml_document_parse (xml, "device", KVMM_XML_READ_DEFAULT, NULL)
                        : NULL;
  const xmlNode *root = interface != NULL ? xmlDocGetRootElement (interface) : NULL;
  g_autofree char *name = NULL;
  KvmmXmlHostInterface *self;

  if (root != NULL)
    name = g_strdup (kvmm_xml_node_attribute (root, "name"));
  else if (device != NULL)
    name = dup_card_name (xmlDocGetRootElement (device));
  if (name == NULL || !is_shared (name))
    return NULL;
  self = g_new0 (KvmmXmlHostInterface, 1);
  self->name = g_steal_pointer (&name);
  self->is_bridge = root != NULL && kvmm_xml_node_attribute_is (root, "type", "bridge");
  return self;
}
