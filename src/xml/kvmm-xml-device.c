/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-device.h"

#include <glib/gi18n.h>
#include <string.h>

#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-fields.h"
#include "xml/kvmm-xml-kinds.h"
#include "xml/kvmm-xml-titles.h"

#define UNKNOWN_ICON "application-x-addon-symbolic"

void
kvmm_xml_device_free (KvmmXmlDevice *self)
{
  if (self == NULL)
    return;
  g_free (self->kind);
  g_free (self->part);
  g_free (self->icon_name);
  g_free (self->title);
  g_free (self->summary);
  g_free (self->xml);
  g_clear_pointer (&self->fields, g_ptr_array_unref);
  g_free (self);
}

/* Nobody wrote a table for it: its name, all its attributes and texts. */
static KvmmXmlDevice *
device_new_unknown (xmlNode *node)
{
  g_auto (KvmmXmlFields) fields;
  KvmmXmlDevice *self = g_new0 (KvmmXmlDevice, 1);

  kvmm_xml_fields_init (&fields);
  kvmm_xml_fields_add_rest (&fields, node, NULL);
  self->kind = kvmm_xml_node_dup_label (node);
  self->title = g_strdup (self->kind);
  self->icon_name = g_strdup (UNKNOWN_ICON);
  self->xml = kvmm_xml_node_serialise (node);
  self->fields = kvmm_xml_fields_steal (&fields);

  const KvmmXmlDeviceField *first =
      self->fields->len > 0 ? g_ptr_array_index (self->fields, 0) : NULL;
  self->summary = g_strdup (first != NULL ? first->value : "");
  return self;
}

static KvmmXmlDevice *
device_new (const KvmmXmlKind *kind, xmlNode *node)
{
  if (kind == NULL || node->ns != NULL)
    return device_new_unknown (node);

  g_auto (KvmmXmlFields) fields;
  KvmmXmlDevice *self = g_new0 (KvmmXmlDevice, 1);

  kvmm_xml_fields_init (&fields);
  kvmm_xml_fields_add (&fields, node, kind->fields);
  kvmm_xml_fields_add_rest (&fields, node, NULL);
  self->kind = g_strdup (kind->name);
  if (kvmm_xml_node_is (node->parent, "devices"))
    self->part = g_strdup (kind->name);
  self->icon_name = g_strdup (kvmm_xml_device_icon_name (kind, node));
  self->title = kvmm_xml_device_dup_title (kind, node);
  self->summary = kvmm_xml_device_dup_summary (kind, node);
  self->xml = kvmm_xml_node_serialise (node);
  self->fields = kvmm_xml_fields_steal (&fields);
  return self;
}

static gboolean
section_has (const KvmmXmlKind *section, const xmlNode *node)
{
  for (guint i = 0; i < KVMM_XML_SECTION_ELEMENTS_MAX && section->elements[i] != NULL; i++)
    if (kvmm_xml_node_is (node, section->elements[i]))
      return TRUE;
  return FALSE;
}

/* Returns: (nullable): %NULL when the domain says nothing about it */
static KvmmXmlDevice *
device_new_section (const KvmmXmlKind *section, xmlNode *root)
{
  g_auto (KvmmXmlFields) fields;
  g_autoptr (GString) xml = g_string_new (NULL);

  kvmm_xml_fields_init (&fields);
  kvmm_xml_fields_add (&fields, root, section->fields);
  for (xmlNode *node = kvmm_xml_node_child (root, NULL); node != NULL;
       node = kvmm_xml_node_next (node, NULL))
    if (section_has (section, node))
      {
        g_autofree char *label = kvmm_xml_node_dup_label (node);
        g_autofree char *text = kvmm_xml_node_serialise (node);

        /* Under "Features" it need not say "features" again. */
        kvmm_xml_fields_add_rest (&fields, node, strcmp (label, section->name) != 0 ? label : NULL);
        g_string_append (xml, xml->len > 0 ? "\n" : "");
        g_string_append (xml, text);
      }
  if (xml->len == 0)
    return NULL;

  KvmmXmlDevice *self = g_new0 (KvmmXmlDevice, 1);
  self->kind = g_strdup (section->name);
  self->part = g_strdup_printf ("domain/%s", section->name);
  self->icon_name = g_strdup (section->icon_name);
  self->title = kvmm_xml_device_dup_title (section, root);
  self->summary = kvmm_xml_device_dup_summary (section, root);
  self->xml = g_string_free (g_steal_pointer (&xml), FALSE);
  self->fields = kvmm_xml_fields_steal (&fields);
  return self;
}

/* The machine's own names and notes are on other pages, and <devices> was listed one by one. */
static gboolean
is_hardware (const xmlNode *node)
{
  static const char *const others[] = { "name",     "uuid",    "title",  "description",
                                        "metadata", "devices", "hwuuid", "deprecation" };

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    if (kvmm_xml_node_is (node, others[i]))
      return FALSE;
  for (const KvmmXmlKind *section = kvmm_xml_sections; section->name != NULL; section++)
    if (section_has (section, node))
      return FALSE;
  return TRUE;
}

static KvmmXmlDevice *
device_new_remainder (guint n_left)
{
  KvmmXmlDevice *self = g_new0 (KvmmXmlDevice, 1);

  self->kind = g_strdup ("");
  self->icon_name = g_strdup (UNKNOWN_ICON);
  self->title = g_strdup_printf (ngettext ("%u more device", "%u more devices", n_left), n_left);
  self->summary = g_strdup (_ ("This machine has more devices than can be shown"));
  self->xml = g_strdup ("");
  self->fields = g_ptr_array_new ();
  return self;
}

/* A document may hold a million empty elements: what is over the limit is counted. */
static void
add_device (GPtrArray *devices, guint *n_left, const KvmmXmlKind *kind, xmlNode *node)
{
  if (devices->len < KVMM_XML_DEVICES_MAX)
    g_ptr_array_add (devices, device_new (kind, node));
  else
    *n_left += 1;
}

GPtrArray *
kvmm_xml_domain_list_devices (const char *xml, GError **error)
{
  g_autoptr (xmlDoc) document =
      kvmm_xml_document_parse (xml, "domain", KVMM_XML_READ_DROP_BLANKS, error);
  if (document == NULL)
    return NULL;

  xmlNode *root = xmlDocGetRootElement (document);
  g_autoptr (GPtrArray) devices =
      g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_xml_device_free);
  guint n_left = 0;
  for (const KvmmXmlKind *section = kvmm_xml_sections; section->name != NULL; section++)
    {
      KvmmXmlDevice *device = device_new_section (section, root);

      if (device != NULL)
        g_ptr_array_add (devices, device);
    }
  for (xmlNode *node = kvmm_xml_node_child (kvmm_xml_node_child (root, "devices"), NULL);
       node != NULL; node = kvmm_xml_node_next (node, NULL))
    add_device (devices, &n_left, kvmm_xml_kind_of_device ((const char *) node->name), node);
  for (xmlNode *node = kvmm_xml_node_child (root, NULL); node != NULL;
       node = kvmm_xml_node_next (node, NULL))
    if (is_hardware (node))
      add_device (devices, &n_left, kvmm_xml_kind_of_setting ((const char *) node->name), node);
  if (n_left > 0)
    g_ptr_array_add (devices, device_new_remainder (n_left));
  return g_steal_pointer (&devices);
}
