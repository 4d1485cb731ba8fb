/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-clone.h"

#include <glib/gi18n.h>
#include <string.h>

#include "xml/kvmm-xml-document.h"
#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-new-machine.h"

static void
drop (xmlNode *node)
{
  xmlNode *blank = node != NULL ? node->prev : NULL;

  if (node == NULL)
    return;
  if (blank != NULL && xmlIsBlankNode (blank))
    {
      xmlUnlinkNode (blank);
      xmlFreeNode (blank);
    }
  xmlUnlinkNode (node);
  xmlFreeNode (node);
}

static void
drop_attribute (xmlNode *node, const char *name)
{
  if (node != NULL)
    xmlUnsetProp (node, BAD_CAST name);
}

static void
set_attribute (xmlNode *node, const char *name, const char *value)
{
  xmlSetProp (node, BAD_CAST name, BAD_CAST value);
}

static void
set_text (xmlNode *node, const char *text)
{
  xmlNodeSetContent (node, NULL);
  xmlNodeAddContent (node, BAD_CAST text);
}

/* Returns: (transfer full): @path in the same folder, named after the copy */
static char *
rename_path (const char *path, const char *old_name, const char *name)
{
  const char *slash = strrchr (path, '/');
  const char *base = slash != NULL ? slash + 1 : path;
  const char *found = old_name != NULL && *old_name != '\0' ? strstr (base, old_name) : NULL;
  g_autofree char *safe = g_strdelimit (g_strdup (name), "/", '_');
  g_autofree char *folder = g_strndup (path, base - path);
  g_autofree char *before = NULL;

  if (found == NULL)
    return g_strdup_printf ("%s%s-%s", folder, safe, base);
  before = g_strndup (base, found - base);
  return g_strconcat (folder, before, safe, found + strlen (old_name), NULL);
}

static void
rename_attribute (xmlNode *node, const char *attribute, const char *old_name, const char *name)
{
  const char *path = kvmm_xml_node_attribute (node, attribute);
  g_autofree char *renamed = NULL;

  if (path == NULL)
    return;
  renamed = rename_path (path, old_name, name);
  set_attribute (node, attribute, renamed);
}

static void
change_interface (xmlNode *node)
{
  xmlNode *target = kvmm_xml_node_child (node, "target");
  xmlNode *parameters =
      kvmm_xml_node_child (kvmm_xml_node_child (node, "virtualport"), "parameters");

  drop (kvmm_xml_node_child (node, "mac"));
  drop_attribute (kvmm_xml_node_child (node, "backend"), "logFile");
  drop_attribute (parameters, "interfaceid");
  drop_attribute (parameters, "instanceid");
  drop_attribute (target, "dev");
  if (target != NULL && target->properties == NULL && target->children == NULL)
    drop (target);
}

static void
change_graphics (xmlNode *node)
{
  static const char *const ports[] = { "port", "tlsPort", "websocket" };

  drop_attribute (node, "socket");
  for (xmlNode *listen = kvmm_xml_node_child (node, "listen"); listen != NULL;
       listen = kvmm_xml_node_next (listen, "listen"))
    drop_attribute (listen, "socket");
  for (guint i = 0; i < G_N_ELEMENTS (ports); i++)
    {
      const char *port = kvmm_xml_node_attribute (node, ports[i]);

      if (port == NULL || g_str_equal (port, "-1"))
        continue;
      if (g_str_equal (ports[i], "websocket"))
        {
          set_attribute (node, ports[i], "-1");
          continue;
        }
      drop_attribute (node, ports[i]);
      set_attribute (node, "autoport", "yes");
    }
}

/* A channel without a path gets one from libvirt; a serial line must have one. */
static void
change_character_device (xmlNode *node, const char *old_name, const char *name)
{
  xmlNode *source = kvmm_xml_node_child (node, "source");
  const char *type = kvmm_xml_node_attribute (node, "type");
  gboolean is_bound = kvmm_xml_node_attribute_is (source, "mode", "bind");

  rename_attribute (kvmm_xml_node_child (node, "log"), "file", old_name, name);
  if (g_strcmp0 (type, "pty") == 0)
    drop_attribute (source, "path");
  else if (g_strcmp0 (type, "file") == 0)
    rename_attribute (source, "path", old_name, name);
  else if (g_strcmp0 (type, "unix") == 0 && is_bound && kvmm_xml_node_is (node, "channel"))
    drop_attribute (source, "path");
  else if (g_strcmp0 (type, "unix") == 0 && is_bound)
    rename_attribute (source, "path", old_name, name);
}

static void
change_vsock (xmlNode *node)
{
  xmlNode *cid = kvmm_xml_node_child (node, "cid");

  if (cid == NULL)
    return;
  drop_attribute (cid, "address");
  set_attribute (cid, "auto", "yes");
}

/* What tells where the old storage is goes; what tells how to open it (its secret) stays. */
static void
clear_source (xmlNode *source)
{
  static const char *const attributes[] = { "file",   "dev",      "dir",  "pool",
                                            "volume", "protocol", "name", "mode" };
  static const char *const children[] = { "host", "slices", "auth", "address", "reservations" };

  for (guint i = 0; i < G_N_ELEMENTS (attributes); i++)
    drop_attribute (source, attributes[i]);
  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    for (xmlNode *child; (child = kvmm_xml_node_child (source, children[i])) != NULL;)
      drop (child);
}

static void
replace_disk (xmlNode *node, xmlNode *source, const KvmmXmlCloneDisk *disk)
{
  xmlNode *driver = kvmm_xml_node_child (node, "driver");

  drop (kvmm_xml_node_child (node, "backingStore"));
  clear_source (source);
  set_attribute (node, "type", disk->path != NULL ? "file" : "volume");
  if (disk->path != NULL)
    set_attribute (source, "file", disk->path);
  else
    {
      set_attribute (source, "pool", disk->pool);
      set_attribute (source, "volume", disk->volume);
    }
  if (disk->format == NULL)
    return;
  if (driver == NULL)
    {
      driver = xmlNewNode (NULL, BAD_CAST "driver");
      set_attribute (driver, "name", "qemu");
      xmlAddPrevSibling (source, driver);
    }
  set_attribute (driver, "type", disk->format);
}

static const KvmmXmlCloneDisk *
find_disk (const KvmmXmlCloneDisk *disks, guint n_disks, const char *target)
{
  for (guint i = 0; i < n_disks; i++)
    if (g_strcmp0 (disks[i].target, target) == 0)
      return &disks[i];
  return NULL;
}

static gboolean
change_disk (xmlNode *node, const KvmmXmlCloneDisk *disks, guint n_disks, GError **error)
{
  const char *device = kvmm_xml_node_attribute (node, "device");
  const char *target = kvmm_xml_node_attribute (kvmm_xml_node_child (node, "target"), "dev");
  xmlNode *source = kvmm_xml_node_child (node, "source");
  gboolean is_drive = g_strcmp0 (device, "cdrom") == 0 || g_strcmp0 (device, "floppy") == 0;
  const KvmmXmlCloneDisk *disk = find_disk (disks, n_disks, target);

  if (disk == NULL && source != NULL && g_strcmp0 (device, "cdrom") != 0 &&
      kvmm_xml_node_child (node, "readonly") == NULL)
    {
      g_set_error (
          error, KVMM_XML_ERROR, KVMM_XML_ERROR_UNEXPECTED,
          _ ("The disk “%s” is no file, device or volume of the host and cannot be copied"),
          target != NULL ? target : "");
      return FALSE;
    }
  if (disk == NULL || source == NULL)
    return TRUE;
  if (disk->choice == KVMM_XML_CLONE_REPLACE)
    replace_disk (node, source, disk);
  else if (disk->choice == KVMM_XML_CLONE_OMIT && is_drive)
    {
      drop (kvmm_xml_node_child (node, "backingStore"));
      drop (source);
    }
  else if (disk->choice == KVMM_XML_CLONE_OMIT)
    drop (node);
  return TRUE;
}

static gboolean
change_devices (xmlNode *devices,
                const char *old_name,
                const char *name,
                const KvmmXmlCloneDisk *disks,
                guint n_disks,
                GError **error)
{
  static const char *const lines[] = { "serial", "parallel", "console", "channel" };
  xmlNode *next;

  for (xmlNode *node = kvmm_xml_node_child (devices, NULL); node != NULL; node = next)
    {
      next = kvmm_xml_node_next (node, NULL);
      if (kvmm_xml_node_is (node, "interface"))
        change_interface (node);
      else if (kvmm_xml_node_is (node, "graphics"))
        change_graphics (node);
      else if (kvmm_xml_node_is (node, "vsock"))
        change_vsock (node);
      for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
        if (kvmm_xml_node_is (node, lines[i]))
          change_character_device (node, old_name, name);
      if (kvmm_xml_node_is (node, "disk") && !change_disk (node, disks, n_disks, error))
        return FALSE;
    }
  return TRUE;
}

/* The path only: what the copy's settings are made from stays. @settings: (nullable): of the copy
 */
static void
change_firmware (xmlNode *os, const KvmmXmlCloneDisk *settings)
{
  xmlNode *nvram = kvmm_xml_node_child (os, "nvram");

  if (nvram == NULL)
    return;
  xmlNodeSetContent (nvram, NULL);
  drop_attribute (nvram, "type");
  if (settings != NULL && settings->choice == KVMM_XML_CLONE_REPLACE && settings->path != NULL)
    {
      set_text (nvram, settings->path);
      return;
    }
  if (nvram->properties == NULL)
    drop (nvram);
}

/* libvirt refuses a machine whose SMBIOS tells another UUID than its own. */
static void
change_sysinfo (xmlNode *root)
{
  for (xmlNode *info = kvmm_xml_node_child (root, "sysinfo"); info != NULL;
       info = kvmm_xml_node_next (info, "sysinfo"))
    {
      xmlNode *next;

      for (xmlNode *entry = kvmm_xml_node_child (kvmm_xml_node_child (info, "system"), "entry");
           entry != NULL; entry = next)
        {
          next = kvmm_xml_node_next (entry, "entry");
          if (kvmm_xml_node_attribute_is (entry, "name", "uuid"))
            drop (entry);
        }
    }
}

static gboolean
is_ours (const xmlNode *node, const char *name)
{
  return node->ns != NULL && strcmp ((const char *) node->name, name) == 0 &&
         g_strcmp0 ((const char *) node->ns->href, KVMM_XML_METADATA_URI) == 0;
}

/* What is made of a template is none. */
static void
change_metadata (xmlNode *metadata)
{
  for (xmlNode *node = kvmm_xml_node_child (metadata, NULL); node != NULL;
       node = kvmm_xml_node_next (node, NULL))
    {
      xmlNode *next;

      if (!is_ours (node, "machine"))
        continue;
      for (xmlNode *child = kvmm_xml_node_child (node, NULL); child != NULL; child = next)
        {
          next = kvmm_xml_node_next (child, NULL);
          if (is_ours (child, "template"))
            drop (child);
        }
    }
}

char *
kvmm_xml_domain_clone (
    const char *xml, const char *name, const KvmmXmlCloneDisk *disks, guint n_disks, GError **error)
{
  g_autoptr (xmlDoc) document =
      kvmm_xml_document_parse (xml, "domain", KVMM_XML_READ_DEFAULT, error);
  g_autofree char *old_name = NULL;
  xmlNode *root;
  xmlNode *node;

  if (document == NULL)
    return NULL;
  root = xmlDocGetRootElement (document);
  node = kvmm_xml_node_child (root, "name");
  if (node == NULL || !kvmm_xml_text_is_writable (name))
    {
      g_set_error_literal (error, KVMM_XML_ERROR, KVMM_XML_ERROR_UNEXPECTED,
                           _ ("The copy needs a name that can be written down"));
      return NULL;
    }
  old_name = kvmm_xml_node_dup_text (node);
  set_text (node, name);
  drop (kvmm_xml_node_child (root, "uuid"));
  drop_attribute (root, "id");
  node = kvmm_xml_node_child (root, "genid");
  if (node != NULL)
    xmlNodeSetContent (node, NULL);
  change_metadata (kvmm_xml_node_child (root, "metadata"));
  change_sysinfo (root);
  change_firmware (kvmm_xml_node_child (root, "os"), find_disk (disks, n_disks, "nvram"));
  if (!change_devices (kvmm_xml_node_child (root, "devices"), old_name, name, disks, n_disks,
                       error))
    return NULL;
  return kvmm_xml_document_serialise (document);
}

gboolean
kvmm_xml_domain_has_own_tpm (const char *xml)
{
  g_autoptr (xmlDoc) document =
      kvmm_xml_document_parse (xml, "domain", KVMM_XML_READ_DEFAULT, NULL);
  const xmlNode *tpm;

  if (document == NULL)
    return FALSE;
  tpm =
      kvmm_xml_node_child (kvmm_xml_node_child (xmlDocGetRootElement (document), "devices"), "tpm");
  return kvmm_xml_node_attribute_is (kvmm_xml_node_child (tpm, "backend"), "type", "emulator");
}

/* Whether the volume @root is what the machine takes it for. */
static gboolean
check_source (const xmlNode *root, const char *format, GError **error)
{
  const xmlNode *target = kvmm_xml_node_child (root, "target");
  const char *found = kvmm_xml_node_attribute (kvmm_xml_node_child (target, "format"), "type");

  if (kvmm_xml_node_child (target, "encryption") != NULL)
    {
      g_set_error_literal (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
                           _ ("An encrypted volume cannot be copied"));
      return FALSE;
    }
  if (found != NULL && !g_str_equal (found, format))
    {
      g_set_error (
          error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
          _ ("The host takes a disk for %s that the machine takes for %s; it is not copied"), found,
          format);
      return FALSE;
    }
  return TRUE;
}

char *
kvmm_xml_volume_build_copy (const char *xml, const char *format, const char *name, GError **error)
{
  g_autoptr (xmlDoc) document =
      kvmm_xml_document_parse (xml, "volume", KVMM_XML_READ_DEFAULT, error);
  const xmlNode *root;

  if (document == NULL)
    return NULL;
  root = xmlDocGetRootElement (document);
  if (!check_source (root, format, error))
    return NULL;
  return kvmm_xml_volume_build_disk (
      name, format, kvmm_xml_node_bytes (kvmm_xml_node_child (root, "capacity"), 1), error);
}

/* Whether a file can be made on top of this volume, whose format nobody guesses then. */
static gboolean
check_backing (const xmlNode *root, const char *format, GError **error)
{
  const char *type = kvmm_xml_node_attribute (root, "type");

  if (type != NULL && !g_str_equal (type, "file"))
    g_set_error_literal (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
                         _ ("Only a disk that is a file can have linked copies"));
  else if (!g_str_equal (format, "raw") && !g_str_equal (format, "qcow2"))
    g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
                 _ ("Only a disk in raw or qcow2 can have linked copies, not one in %s"), format);
  else
    return TRUE;
  return FALSE;
}

/* Returns: (transfer full): a qcow2 volume on the file @path */
static char *
build_overlay (
    const char *name, guint64 capacity_bytes, const char *path, const char *format, GError **error)
{
  g_autofree char *plain = kvmm_xml_volume_build_disk (name, "qcow2", capacity_bytes, error);
  g_autoptr (xmlDoc) document =
      plain != NULL ? kvmm_xml_document_parse (plain, "volume", KVMM_XML_READ_DEFAULT, error)
                    : NULL;
  xmlNode *backing;

  if (document == NULL)
    return NULL;
  backing = xmlNewChild (xmlDocGetRootElement (document), NULL, BAD_CAST "backingStore", NULL);
  xmlNewTextChild (backing, NULL, BAD_CAST "path", BAD_CAST path);
  set_attribute (xmlNewChild (backing, NULL, BAD_CAST "format", NULL), "type", format);
  return kvmm_xml_document_serialise (document);
}

char *
kvmm_xml_volume_build_link (const char *xml, const char *format, const char *name, GError **error)
{
  g_autoptr (xmlDoc) document =
      kvmm_xml_document_parse (xml, "volume", KVMM_XML_READ_DEFAULT, error);
  g_autofree char *path = NULL;
  const xmlNode *root;

  if (document == NULL)
    return NULL;
  root = xmlDocGetRootElement (document);
  if (!check_source (root, format, error) || !check_backing (root, format, error))
    return NULL;
  path =
      kvmm_xml_node_dup_text (kvmm_xml_node_child (kvmm_xml_node_child (root, "target"), "path"));
  if (path == NULL)
    {
      g_set_error_literal (error, KVMM_XML_ERROR, KVMM_XML_ERROR_UNEXPECTED,
                           _ ("The host does not tell where the disk lies"));
      return NULL;
    }
  return build_overlay (name, kvmm_xml_node_bytes (kvmm_xml_node_child (root, "capacity"), 1), path,
                        format, error);
}
