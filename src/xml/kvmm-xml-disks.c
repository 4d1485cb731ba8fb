/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-disks.h"

#include "xml/kvmm-xml-document.h"

static char *
dup_attribute (const xmlNode *node, const char *name)
{
  const char *value = kvmm_xml_node_attribute (node, name);

  return value != NULL && *value != '\0' ? g_strdup (value) : NULL;
}

static char *
dup_path (const xmlNode *source)
{
  static const char *const names[] = { "file", "dev", "dir" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      char *path = dup_attribute (source, names[i]);

      if (path != NULL)
        return path;
    }
  return NULL;
}

/* Returns: (nullable): %NULL when there is nothing on this host */
static KvmmXmlDisk *
disk_new (const xmlNode *disk)
{
  const xmlNode *source = kvmm_xml_node_child (disk, "source");
  const xmlNode *backing = kvmm_xml_node_child (disk, "backingStore");
  const char *device = kvmm_xml_node_attribute (disk, "device");
  g_autoptr (KvmmXmlDisk) self = g_new0 (KvmmXmlDisk, 1);

  self->path = dup_path (source);
  self->pool = dup_attribute (source, "pool");
  self->volume = dup_attribute (source, "volume");
  if (self->path == NULL && (self->pool == NULL || self->volume == NULL))
    return NULL;
  self->target = dup_attribute (kvmm_xml_node_child (disk, "target"), "dev");
  if (self->target == NULL)
    self->target = g_strdup ("");
  self->format = dup_attribute (kvmm_xml_node_child (disk, "driver"), "type");
  self->backing = dup_path (kvmm_xml_node_child (backing, "source"));
  self->is_removable = g_strcmp0 (device, "cdrom") == 0 || g_strcmp0 (device, "floppy") == 0;
  self->is_read_only = kvmm_xml_node_child (disk, "readonly") != NULL;
  self->is_shareable = kvmm_xml_node_child (disk, "shareable") != NULL;
  return g_steal_pointer (&self);
}

GPtrArray *
kvmm_xml_domain_list_disks (const char *xml, GError **error)
{
  g_autoptr (xmlDoc) document =
      kvmm_xml_document_parse (xml, "domain", KVMM_XML_READ_DEFAULT, error);
  GPtrArray *list;
  const xmlNode *root;
  char *nvram;

  if (document == NULL)
    return NULL;
  list = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_xml_disk_free);
  root = xmlDocGetRootElement (document);
  for (const xmlNode *node = kvmm_xml_node_child (kvmm_xml_node_child (root, "devices"), "disk");
       node != NULL; node = kvmm_xml_node_next (node, "disk"))
    {
      KvmmXmlDisk *disk = disk_new (node);

      if (disk != NULL)
        g_ptr_array_add (list, disk);
    }
  nvram = kvmm_xml_node_dup_text (kvmm_xml_node_child (kvmm_xml_node_child (root, "os"), "nvram"));
  if (nvram != NULL)
    {
      KvmmXmlDisk *disk = g_new0 (KvmmXmlDisk, 1);

      disk->target = g_strdup ("nvram");
      disk->path = nvram;
      g_ptr_array_add (list, disk);
    }
  return list;
}

KvmmXmlDisk *
kvmm_xml_disk_parse (const char *xml)
{
  g_autoptr (xmlDoc) document = kvmm_xml_document_parse (xml, "disk", KVMM_XML_READ_DEFAULT, NULL);

  return document != NULL ? disk_new (xmlDocGetRootElement (document)) : NULL;
}

void
kvmm_xml_disk_free (KvmmXmlDisk *self)
{
  if (self == NULL)
    return;
  g_free (self->target);
  g_free (self->path);
  g_free (self->pool);
  g_free (self->volume);
  g_free (self->format);
  g_free (self->backing);
  g_free (self);
}

gboolean
kvmm_xml_disk_is_same (const KvmmXmlDisk *self, const KvmmXmlDisk *other)
{
  if (self->path != NULL || other->path != NULL)
    return g_strcmp0 (self->path, other->path) == 0;
  return g_strcmp0 (self->pool, other->pool) == 0 && g_strcmp0 (self->volume, other->volume) == 0;
}
