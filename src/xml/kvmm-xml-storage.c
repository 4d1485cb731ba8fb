/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-storage.h"

#include <glib/gi18n.h>
#include <string.h>

#include "util/kvmm-guest-text.h"
#include "xml/kvmm-xml-document.h"
#include "xml/kvmm-xml-domain.h"

/* ---- pools ---- */

KvmmXmlPool *
kvmm_xml_pool_parse (const char *xml, GError **error)
{
  g_return_val_if_fail (xml != NULL, NULL);

  g_autoptr (xmlDoc) document = kvmm_xml_document_parse (xml, "pool", KVMM_XML_READ_DEFAULT, error);
  if (document == NULL)
    return NULL;

  const xmlNode *pool = xmlDocGetRootElement (document);
  const xmlNode *target = kvmm_xml_node_child (pool, "target");
  const char *type = kvmm_xml_node_attribute (pool, "type");
  KvmmXmlPool *self = g_new0 (KvmmXmlPool, 1);
  self->type = g_strdup (type != NULL ? type : "");
  self->name = kvmm_xml_node_dup_text (kvmm_xml_node_child (pool, "name"));
  self->path = kvmm_xml_node_dup_text (kvmm_xml_node_child (target, "path"));
  if (self->name == NULL)
    self->name = g_strdup ("");
  return self;
}

void
kvmm_xml_pool_free (KvmmXmlPool *self)
{
  if (self == NULL)
    return;
  g_free (self->type);
  g_free (self->name);
  g_free (self->path);
  g_free (self);
}

static gboolean
check_text (const char *text, GError **error)
{
  if (kvmm_xml_text_is_writable (text))
    return TRUE;
  g_autofree char *shown = kvmm_guest_text_sanitise (text, -1);
  g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_UNEXPECTED,
               _ ("“%s” cannot be used by libvirt as a name; choose another one"), shown);
  return FALSE;
}

char *
kvmm_xml_pool_build_dir (const char *name, const char *path, GError **error)
{
  g_return_val_if_fail (name != NULL && path != NULL, NULL);

  if (!check_text (name, error) || !check_text (path, error))
    return NULL;
  g_autoptr (xmlDoc) document = xmlNewDoc (BAD_CAST "1.0");
  xmlNode *pool = xmlNewNode (NULL, BAD_CAST "pool");
  xmlDocSetRootElement (document, pool);
  xmlSetProp (pool, BAD_CAST "type", BAD_CAST "dir");
  xmlNewTextChild (pool, NULL, BAD_CAST "name", BAD_CAST name);
  xmlNode *target = xmlNewChild (pool, NULL, BAD_CAST "target", NULL);
  xmlNewTextChild (target, NULL, BAD_CAST "path", BAD_CAST path);
  return kvmm_xml_node_serialise (pool);
}

/* ---- volumes ---- */

char *
kvmm_xml_volume_build (const char *name, guint64 size_bytes, gboolean is_private, GError **error)
{
  g_return_val_if_fail (name != NULL, NULL);

  if (!check_text (name, error))
    return NULL;
  g_autofree char *size = g_strdup_printf ("%" G_GUINT64_FORMAT, size_bytes);
  g_autoptr (xmlDoc) document = xmlNewDoc (BAD_CAST "1.0");
  xmlNode *volume = xmlNewNode (NULL, BAD_CAST "volume");
  xmlDocSetRootElement (document, volume);
  xmlNewTextChild (volume, NULL, BAD_CAST "name", BAD_CAST name);
  xmlNode *capacity = xmlNewChild (volume, NULL, BAD_CAST "capacity", BAD_CAST size);
  xmlSetProp (capacity, BAD_CAST "unit", BAD_CAST "bytes");
  xmlNode *target = xmlNewChild (volume, NULL, BAD_CAST "target", NULL);
  xmlNode *format = xmlNewChild (target, NULL, BAD_CAST "format", NULL);
  xmlSetProp (format, BAD_CAST "type", BAD_CAST "raw");
  /* libvirt's default is 0600 for root, which QEMU's user could not read without a new owner: what
   * is private gets one when the machine starts, as its disks do. */
  xmlNode *permissions = xmlNewChild (target, NULL, BAD_CAST "permissions", NULL);
  xmlNewChild (permissions, NULL, BAD_CAST "mode", BAD_CAST (is_private ? "0600" : "0644"));
  return kvmm_xml_node_serialise (volume);
}

char *
kvmm_xml_volume_dup_format (const char *xml, GError **error)
{
  g_autoptr (xmlDoc) document =
      kvmm_xml_document_parse (xml, "volume", KVMM_XML_READ_DEFAULT, error);
  const xmlNode *target;

  if (document == NULL)
    return NULL;
  target = kvmm_xml_node_child (xmlDocGetRootElement (document), "target");
  return g_strdup (kvmm_xml_node_attribute (kvmm_xml_node_child (target, "format"), "type"));
}

gboolean
kvmm_xml_volume_stands_on (const char *xml, const char *path, gboolean *stands_on, GError **error)
{
  g_return_val_if_fail (xml != NULL && path != NULL && stands_on != NULL, FALSE);

  g_autoptr (xmlDoc) document =
      kvmm_xml_document_parse (xml, "volume", KVMM_XML_READ_DEFAULT, error);
  if (document == NULL)
    return FALSE;

  const xmlNode *backing = kvmm_xml_node_child (xmlDocGetRootElement (document), "backingStore");
  g_autofree char *found = kvmm_xml_node_dup_text (kvmm_xml_node_child (backing, "path"));
  g_autofree char *base = g_path_get_basename (path);
  g_autofree char *found_base = found != NULL ? g_path_get_basename (found) : NULL;
  *stands_on = g_strcmp0 (found_base, base) == 0;
  return TRUE;
}

/* ---- who uses a volume ---- */

typedef struct
{
  const char *pool;
  const char *volume;
  const char *path; /* (nullable) */
} Volume;

/* Also as a part: a QEMU argument reads "file=/folder/volume,media=cdrom". */
static gboolean
is_path_of (const char *text, const Volume *volume)
{
  if (text == NULL)
    return FALSE;
  if (g_strcmp0 (text, volume->path) == 0)
    return TRUE;
  for (const char *slash = strchr (text, '/'); slash != NULL; slash = strchr (slash + 1, '/'))
    if (g_str_has_prefix (slash + 1, volume->volume))
      return TRUE;
  return FALSE;
}

static gboolean
element_names (const xmlNode *node, const Volume *volume)
{
  g_autofree char *text = kvmm_xml_node_dup_text (node);

  if (is_path_of (text, volume))
    return TRUE;
  for (const xmlAttr *attribute = node->properties; attribute != NULL; attribute = attribute->next)
    if (is_path_of (kvmm_xml_node_attribute (node, (const char *) attribute->name), volume))
      return TRUE;
  return kvmm_xml_node_attribute_is (node, "pool", volume->pool) &&
         kvmm_xml_node_attribute_is (node, "volume", volume->volume);
}

/* The next element in document order below @root, %NULL after the last one. */
static const xmlNode *
get_following (const xmlNode *node, const xmlNode *root)
{
  const xmlNode *next = kvmm_xml_node_child (node, NULL);

  while (next == NULL && node != root)
    {
      next = kvmm_xml_node_next (node, NULL);
      node = node->parent;
    }
  return next;
}

gboolean
kvmm_xml_domain_names_volume (const char *xml,
                              const char *pool,
                              const char *volume,
                              const char *path,
                              gboolean *names,
                              GError **error)
{
  g_return_val_if_fail (xml != NULL && pool != NULL && volume != NULL && names != NULL, FALSE);

  const Volume sought = { .pool = pool, .volume = volume, .path = path };
  g_autoptr (xmlDoc) document =
      kvmm_xml_document_parse (xml, "domain", KVMM_XML_READ_DEFAULT, error);
  if (document == NULL)
    return FALSE;

  const xmlNode *root = xmlDocGetRootElement (document);
  const xmlNode *node = root;
  while (node != NULL && !element_names (node, &sought))
    node = get_following (node, root);
  *names = node != NULL;
  return TRUE;
}
