/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "util/kvmm-guest-text.h"
#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-edit-private.h"
#include "xml/kvmm-xml-identity.h"
#include "xml/kvmm-xml-path.h"

/* Whole devices. */

static xmlNode *
find_devices (KvmmXmlEdit *self)
{
  return kvmm_xml_node_child (kvmm_xml_edit_root (self), "devices");
}

xmlNode *
kvmm_xml_edit_nth_device (KvmmXmlEdit *self, const char *kind, guint index)
{
  xmlNode *node = kvmm_xml_node_child (find_devices (self), kind);

  for (; node != NULL && index > 0; index--)
    node = kvmm_xml_node_next (node, kind);
  return node;
}

guint
kvmm_xml_edit_count (KvmmXmlEdit *self, const char *kind)
{
  guint count = 0;

  g_return_val_if_fail (self != NULL && kind != NULL, 0);

  for (const xmlNode *node = kvmm_xml_node_child (find_devices (self), kind); node != NULL;
       node = kvmm_xml_node_next (node, kind))
    count++;
  return count;
}

char *
kvmm_xml_edit_dup_device (KvmmXmlEdit *self, const char *kind, guint index)
{
  xmlNode *node;

  g_return_val_if_fail (self != NULL && kind != NULL, NULL);

  node = kvmm_xml_edit_nth_device (self, kind, index);
  return node != NULL ? kvmm_xml_node_serialise (node) : NULL;
}

guint
kvmm_xml_edit_number_of (const xmlNode *device)
{
  guint number = 0;

  for (const xmlNode *node = device->prev; node != NULL; node = node->prev)
    if (kvmm_xml_node_is (node, (const char *) device->name))
      number++;
  return number;
}

gboolean
kvmm_xml_edit_find (KvmmXmlEdit *self, const char *xml, const char **kind, guint *index)
{
  g_autoptr (xmlDoc) document = NULL;
  g_autoptr (GHashTable) devices = NULL;
  g_autofree char *identity = NULL;
  const xmlNode *device;

  g_return_val_if_fail (self != NULL && kind != NULL && index != NULL, FALSE);

  document = kvmm_xml_document_parse (xml, NULL, KVMM_XML_READ_DROP_BLANKS, NULL);
  if (document == NULL)
    return FALSE;
  identity = kvmm_xml_identity_of (xmlDocGetRootElement (document));
  devices = kvmm_xml_identity_list (kvmm_xml_edit_root (self));
  device = g_hash_table_lookup (devices, identity);
  if (device == NULL)
    return FALSE;
  *kind = (const char *) device->name;
  *index = kvmm_xml_edit_number_of (device);
  return TRUE;
}

/* ---- adding, replacing, removing ---- */

/* Returns: (transfer full): the element, of no document yet */
static xmlNode *
read_device (KvmmXmlEdit *self, const char *xml, const char *kind, GError **error)
{
  g_autoptr (xmlDoc) document =
      kvmm_xml_document_parse (xml, kind, KVMM_XML_READ_DROP_BLANKS, error);
  xmlNode *root;

  if (document == NULL)
    return NULL;
  root = xmlDocGetRootElement (document);
  if (root->ns != NULL)
    {
      g_set_error_literal (error, KVMM_XML_ERROR, KVMM_XML_ERROR_UNEXPECTED,
                           _ ("A device is an element without a namespace"));
      return NULL;
    }
  return xmlDocCopyNode (root, self->document, 1);
}

gboolean
kvmm_xml_edit_add_device (KvmmXmlEdit *self, const char *xml, guint *index, GError **error)
{
  xmlNode *devices;
  xmlNode *device;
  xmlNode *last = NULL;
  KvmmXmlChange *change;

  g_return_val_if_fail (self != NULL && xml != NULL, FALSE);

  device = read_device (self, xml, NULL, error);
  if (device == NULL)
    return FALSE;
  devices = find_devices (self);
  if (devices == NULL)
    {
      devices = xmlNewDocNode (self->document, NULL, BAD_CAST "devices", NULL);
      kvmm_xml_node_insert (kvmm_xml_edit_root (self), devices, NULL);
    }
  /* Behind its like, as libvirt sorts them. */
  for (xmlNode *node = kvmm_xml_node_child (devices, (const char *) device->name); node != NULL;
       node = kvmm_xml_node_next (node, (const char *) device->name))
    last = node;
  kvmm_xml_node_insert (devices, device, last != NULL ? kvmm_xml_node_next (last, NULL) : NULL);
  if (index != NULL)
    *index = kvmm_xml_edit_number_of (device);
  change = kvmm_xml_edit_record (self, KVMM_XML_CHANGE_ADD, (const char *) device->name);
  change->identity = kvmm_xml_identity_find (device);
  change->new_value = g_strdup (xml);
  return TRUE;
}

static KvmmXmlChange *
record_device (KvmmXmlEdit *self, KvmmXmlChangeType type, const char *kind, const xmlNode *device)
{
  KvmmXmlChange *change = kvmm_xml_edit_record (self, type, kind);

  change->identity = kvmm_xml_identity_find (device);
  change->old_value = kvmm_xml_node_canonical ((xmlNode *) device);
  return change;
}

gboolean
kvmm_xml_edit_replace_device (
    KvmmXmlEdit *self, const char *kind, guint index, const char *xml, GError **error)
{
  xmlNode *old_device;
  xmlNode *new_device;

  g_return_val_if_fail (self != NULL && kind != NULL && xml != NULL, FALSE);

  old_device = kvmm_xml_edit_nth_device (self, kind, index);
  if (old_device == NULL)
    return kvmm_xml_edit_no_such_part (kind, index, error);
  new_device = read_device (self, xml, kind, error);
  if (new_device == NULL)
    return FALSE;
  record_device (self, KVMM_XML_CHANGE_REPLACE, kind, old_device)->new_value = g_strdup (xml);
  kvmm_xml_node_insert (old_device->parent, new_device, old_device);
  kvmm_xml_node_remove (old_device);
  return TRUE;
}

gboolean
kvmm_xml_edit_remove_device (KvmmXmlEdit *self, const char *kind, guint index, GError **error)
{
  xmlNode *device;

  g_return_val_if_fail (self != NULL && kind != NULL, FALSE);

  device = kvmm_xml_edit_nth_device (self, kind, index);
  if (device == NULL)
    return kvmm_xml_edit_no_such_part (kind, index, error);
  record_device (self, KVMM_XML_CHANGE_REMOVE, kind, device);
  kvmm_xml_node_remove (device);
  return TRUE;
}

gboolean
kvmm_xml_edit_drop_address (KvmmXmlEdit *self, const char *kind, guint index, GError **error)
{
  g_autofree char *old_xml = NULL;
  g_autofree char *new_xml = NULL;
  g_autoptr (xmlDoc) document = NULL;
  xmlNode *address;

  g_return_val_if_fail (self != NULL && kind != NULL, FALSE);

  old_xml = kvmm_xml_edit_dup_device (self, kind, index);
  if (old_xml == NULL)
    return kvmm_xml_edit_no_such_part (kind, index, error);
  document = kvmm_xml_document_parse (old_xml, kind, KVMM_XML_READ_DROP_BLANKS, error);
  if (document == NULL)
    return FALSE;
  address = kvmm_xml_node_child (xmlDocGetRootElement (document), "address");
  if (address == NULL)
    return TRUE;
  kvmm_xml_node_remove (address);
  new_xml = kvmm_xml_node_serialise (xmlDocGetRootElement (document));
  return kvmm_xml_edit_replace_device (self, kind, index, new_xml, error);
}
