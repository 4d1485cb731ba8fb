/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-serial.h"

#include <string.h>

#include <glib/gi18n.h>

#include "util/kvmm-guest-text.h"
#include "xml/kvmm-xml-document.h"

/* Longer names are none of libvirt's. */
#define ALIAS_MAX 128

static char *
dup_alias (const xmlNode *node)
{
  const char *name = kvmm_xml_node_attribute (kvmm_xml_node_child (node, "alias"), "name");

  return name != NULL && *name != '\0' && strlen (name) <= ALIAS_MAX ? g_strdup (name) : NULL;
}

static char *
build_label (const xmlNode *node, gboolean is_console, guint number)
{
  const xmlNode *target = kvmm_xml_node_child (node, "target");

  if (!is_console)
    return g_strdup_printf (_ ("Serial %u"), number);
  if (kvmm_xml_node_attribute_is (target, "type", "virtio"))
    return g_strdup_printf (_ ("Virtio console %u"), number);
  return g_strdup_printf (_ ("Console %u"), number);
}

static KvmmXmlSerial *
read_line (const xmlNode *node, gboolean is_console, guint number)
{
  KvmmXmlSerial *self = g_new0 (KvmmXmlSerial, 1);
  const char *type = kvmm_xml_node_attribute (node, "type");

  self->alias = dup_alias (node);
  self->label = build_label (node, is_console, number);
  self->source_type = kvmm_guest_text_sanitise (type != NULL ? type : "", -1);
  self->is_console = is_console;
  self->is_pty = g_strcmp0 (type, "pty") == 0;
  return self;
}

/* libvirt shows the first serial port a second time, as a console. */
static gboolean
is_mirror (const xmlNode *console)
{
  const xmlNode *target = kvmm_xml_node_child (console, "target");

  return kvmm_xml_node_attribute (target, "type") == NULL ||
         kvmm_xml_node_attribute_is (target, "type", "serial");
}

static void
read_kind (GPtrArray *lines, const xmlNode *devices, const char *element, gboolean skip_mirrors)
{
  gboolean is_console = g_str_equal (element, "console");
  guint number = 0;

  for (const xmlNode *node = kvmm_xml_node_child (devices, element);
       node != NULL && lines->len < KVMM_XML_SERIAL_MAX; node = kvmm_xml_node_next (node, element))
    if (!skip_mirrors || !is_mirror (node))
      g_ptr_array_add (lines, read_line (node, is_console, ++number));
}

GPtrArray *
kvmm_xml_domain_list_serials (const char *xml, GError **error)
{
  g_autoptr (xmlDoc) document =
      kvmm_xml_document_parse (xml, "domain", KVMM_XML_READ_DEFAULT, error);
  if (document == NULL)
    return NULL;

  const xmlNode *devices = kvmm_xml_node_child (xmlDocGetRootElement (document), "devices");
  GPtrArray *lines = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_xml_serial_free);
  read_kind (lines, devices, "serial", FALSE);
  read_kind (lines, devices, "console", lines->len > 0);
  return lines;
}

void
kvmm_xml_serial_free (KvmmXmlSerial *self)
{
  if (self == NULL)
    return;
  g_free (self->alias);
  g_free (self->label);
  g_free (self->source_type);
  g_free (self);
}
