/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-media.h"

#include <glib/gi18n.h>
#include <string.h>

#include "util/kvmm-guest-text.h"
#include "xml/kvmm-xml-document.h"
#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-slot.h"

static gboolean
disk_is_cdrom (const xmlNode *disk)
{
  return kvmm_xml_node_attribute_is (disk, "device", "cdrom");
}

static gboolean
disk_is_floppy (const xmlNode *disk)
{
  return kvmm_xml_node_attribute_is (disk, "device", "floppy");
}

/* "https://host:443/path", for a medium that QEMU fetches itself. */
static char *
dup_network_source (const xmlNode *source, const char *name)
{
  const char *protocol = kvmm_xml_node_attribute (source, "protocol");
  const xmlNode *host = kvmm_xml_node_child (source, "host");
  const char *host_name = kvmm_xml_node_attribute (host, "name");
  const char *port = kvmm_xml_node_attribute (host, "port");

  if (protocol == NULL)
    return g_strdup (name);
  return g_strconcat (protocol, "://", host_name != NULL ? host_name : "", port != NULL ? ":" : "",
                      port != NULL ? port : "", *name == '/' ? "" : "/", name, NULL);
}

/* After an eject a live document still has <source index='8'/>: only these say that there is a
 * medium. */
static char *
dup_source (const xmlNode *disk)
{
  static const char *const plain[] = { "file", "dev", "dir" };
  const xmlNode *source = kvmm_xml_node_child (disk, "source");
  const char *value;

  for (guint i = 0; i < G_N_ELEMENTS (plain); i++)
    if ((value = kvmm_xml_node_attribute (source, plain[i])) != NULL && *value != '\0')
      return g_strdup (value);
  if ((value = kvmm_xml_node_attribute (source, "name")) != NULL && *value != '\0')
    return dup_network_source (source, value);
  if ((value = kvmm_xml_node_attribute (source, "volume")) != NULL && *value != '\0')
    {
      const char *pool = kvmm_xml_node_attribute (source, "pool");

      return g_strconcat (pool != NULL ? pool : "", "/", value, NULL);
    }
  return NULL;
}

static KvmmXmlCdrom *
cdrom_new (xmlNode *disk)
{
  const xmlNode *target = kvmm_xml_node_child (disk, "target");
  KvmmXmlCdrom *self = g_new0 (KvmmXmlCdrom, 1);
  const char *name = kvmm_xml_node_attribute (target, "dev");
  const char *bus = kvmm_xml_node_attribute (target, "bus");

  self->target = g_strdup (name != NULL ? name : "");
  self->bus = g_strdup (bus != NULL ? bus : "");
  self->source = dup_source (disk);
  self->is_empty = self->source == NULL;
  self->is_floppy = disk_is_floppy (disk);
  self->tray_open = kvmm_xml_node_attribute_is (target, "tray", "open");
  self->xml = kvmm_xml_node_serialise (disk);
  return self;
}

GPtrArray *
kvmm_xml_domain_list_cdroms (const char *xml, GError **error)
{
  g_autoptr (xmlDoc) document =
      kvmm_xml_document_parse (xml, "domain", KVMM_XML_READ_DROP_BLANKS, error);
  if (document == NULL)
    return NULL;

  g_autoptr (GPtrArray) cdroms =
      g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_xml_cdrom_free);
  const xmlNode *devices = kvmm_xml_node_child (xmlDocGetRootElement (document), "devices");
  for (xmlNode *disk = kvmm_xml_node_child (devices, "disk"); disk != NULL;
       disk = kvmm_xml_node_next (disk, "disk"))
    if (disk_is_cdrom (disk))
      g_ptr_array_add (cdroms, cdrom_new (disk));
  return g_steal_pointer (&cdroms);
}

GPtrArray *
kvmm_xml_domain_list_drives (const char *xml, GError **error)
{
  g_autoptr (xmlDoc) document =
      kvmm_xml_document_parse (xml, "domain", KVMM_XML_READ_DROP_BLANKS, error);
  if (document == NULL)
    return NULL;

  g_autoptr (GPtrArray) drives =
      g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_xml_cdrom_free);
  const xmlNode *devices = kvmm_xml_node_child (xmlDocGetRootElement (document), "devices");
  for (xmlNode *disk = kvmm_xml_node_child (devices, "disk"); disk != NULL;
       disk = kvmm_xml_node_next (disk, "disk"))
    if (disk_is_cdrom (disk) || disk_is_floppy (disk))
      g_ptr_array_add (drives, cdrom_new (disk));
  return g_steal_pointer (&drives);
}

KvmmXmlCdrom *
kvmm_xml_drive_parse (const char *xml)
{
  g_autoptr (xmlDoc) document =
      kvmm_xml_document_parse (xml, "disk", KVMM_XML_READ_DROP_BLANKS, NULL);
  xmlNode *disk = document != NULL ? xmlDocGetRootElement (document) : NULL;

  return disk != NULL && (disk_is_cdrom (disk) || disk_is_floppy (disk)) ? cdrom_new (disk) : NULL;
}

gboolean
kvmm_xml_drive_can_hold (gboolean is_floppy, const char *name)
{
  static const char *const disc_endings[] = { ".iso", ".img", ".cdr", ".udf", NULL };
  static const char *const floppy_endings[] = { ".img", ".ima", ".flp", ".vfd", NULL };
  const char *const *endings = is_floppy ? floppy_endings : disc_endings;
  g_autofree char *lower = g_ascii_strdown (name, -1);

  for (guint i = 0; endings[i] != NULL; i++)
    if (g_str_has_suffix (lower, endings[i]))
      return TRUE;
  return FALSE;
}

void
kvmm_xml_cdrom_free (KvmmXmlCdrom *self)
{
  if (self == NULL)
    return;
  g_free (self->target);
  g_free (self->bus);
  g_free (self->source);
  g_free (self->xml);
  g_free (self);
}

static gboolean
check_path (const char *path, GError **error)
{
  if (kvmm_xml_text_is_writable (path))
    return TRUE;

  g_autofree char *shown = kvmm_guest_text_sanitise (path, -1);
  g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_UNEXPECTED,
               _ ("The file name “%s” cannot be used by libvirt; rename the file"), shown);
  return FALSE;
}

static void
set_attribute (xmlNode *node, const char *name, const char *value)
{
  xmlSetProp (node, BAD_CAST name, BAD_CAST value);
}

static xmlNode *
add_element (xmlNode *parent, const char *name)
{
  return xmlNewChild (parent, NULL, BAD_CAST name, NULL);
}

static void
remove_children (xmlNode *node, const char *name)
{
  xmlNode *child;

  while ((child = kvmm_xml_node_child (node, name)) != NULL)
    {
      xmlUnlinkNode (child);
      xmlFreeNode (child);
    }
}

static void
add_relabel (xmlNode *source, const char *model)
{
  xmlNode *seclabel = add_element (source, "seclabel");

  set_attribute (seclabel, "model", model);
  set_attribute (seclabel, "relabel", "no");
}

/* A missing medium must not keep a machine from starting, so it is optional. */
static void
put_medium (xmlNode *disk, const char *path, KvmmRelabelFlags relabel)
{
  gboolean is_device = g_str_has_prefix (path, "/dev/");
  xmlNode *driver = kvmm_xml_node_child (disk, "driver");
  xmlNode *target = kvmm_xml_node_child (disk, "target");
  xmlNode *source = xmlNewNode (NULL, BAD_CAST "source");

  set_attribute (disk, "type", is_device ? "block" : "file");
  if (driver != NULL)
    set_attribute (driver, "type", "raw");
  set_attribute (source, is_device ? "dev" : "file", path);
  set_attribute (source, "startupPolicy", "optional");
  if (relabel & KVMM_RELABEL_NO_DAC)
    add_relabel (source, "dac");
  if (relabel & KVMM_RELABEL_NO_SELINUX)
    add_relabel (source, "selinux");
  if (target != NULL)
    xmlAddPrevSibling (target, source);
  else
    xmlAddChild (disk, source);
}

char *
kvmm_xml_cdrom_build_media (const char *drive_xml,
                            const char *path,
                            KvmmRelabelFlags relabel,
                            GError **error)
{
  if (path != NULL && !check_path (path, error))
    return NULL;

  g_autoptr (xmlDoc) document =
      kvmm_xml_document_parse (drive_xml, "disk", KVMM_XML_READ_DROP_BLANKS, error);
  if (document == NULL)
    return NULL;

  xmlNode *disk = xmlDocGetRootElement (document);
  xmlNode *target = kvmm_xml_node_child (disk, "target");
  if ((!disk_is_cdrom (disk) && !disk_is_floppy (disk)) || target == NULL)
    {
      g_set_error_literal (error, KVMM_XML_ERROR, KVMM_XML_ERROR_UNEXPECTED,
                           _ ("The disk is not a CD drive, so it cannot take a disc"));
      return NULL;
    }

  /* What belonged to the old medium goes with it. */
  remove_children (disk, "source");
  remove_children (disk, "backingStore");
  remove_children (disk, "mirror");
  xmlUnsetProp (target, BAD_CAST "tray");
  set_attribute (disk, "type", "file");
  if (path != NULL)
    put_medium (disk, path, relabel);
  if (disk_is_cdrom (disk) && kvmm_xml_node_child (disk, "readonly") == NULL)
    add_element (disk, "readonly");
  return kvmm_xml_node_serialise (disk);
}

static void
add_address (xmlNode *disk, const KvmmXmlSlot *slot)
{
  const struct
  {
    const char *name;
    guint value;
  } parts[] = {
    { "controller", slot->controller },
    { "bus", slot->channel },
    { "target", 0 },
    { "unit", slot->unit },
  };
  xmlNode *address = add_element (disk, "address");

  set_attribute (address, "type", "drive");
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autofree char *value = g_strdup_printf ("%u", parts[i].value);

      set_attribute (address, parts[i].name, value);
    }
}

char *
kvmm_xml_cdrom_build_drive (const char *domain_xml,
                            const char *force_bus,
                            const char *path,
                            KvmmRelabelFlags relabel,
                            GError **error)
{
  g_auto (KvmmXmlSlot) slot = { 0 };

  if (path != NULL && !check_path (path, error))
    return NULL;
  g_autoptr (xmlDoc) domain =
      kvmm_xml_document_parse (domain_xml, "domain", KVMM_XML_READ_DEFAULT, error);
  if (domain == NULL ||
      !kvmm_xml_slot_find (xmlDocGetRootElement (domain), force_bus, &slot, error))
    return NULL;

  g_autoptr (xmlDoc) document = xmlNewDoc (BAD_CAST "1.0");
  xmlNode *disk = xmlNewNode (NULL, BAD_CAST "disk");
  xmlDocSetRootElement (document, disk);
  set_attribute (disk, "type", "file");
  set_attribute (disk, "device", "cdrom");
  xmlNode *driver = add_element (disk, "driver");
  set_attribute (driver, "name", "qemu");
  set_attribute (driver, "type", "raw");
  xmlNode *target = add_element (disk, "target");
  set_attribute (target, "dev", slot.target);
  set_attribute (target, "bus", slot.bus);
  add_element (disk, "readonly");
  if (path != NULL)
    put_medium (disk, path, relabel);
  if (slot.has_address)
    add_address (disk, &slot);
  return kvmm_xml_node_serialise (disk);
}

gboolean
kvmm_xml_domain_has_virtio_scsi (const char *domain_xml)
{
  g_autoptr (xmlDoc) document =
      kvmm_xml_document_parse (domain_xml, "domain", KVMM_XML_READ_DEFAULT, NULL);

  return document != NULL && kvmm_xml_slot_find_virtio_scsi (xmlDocGetRootElement (document), NULL);
}

char *
kvmm_xml_channel_build (const char *name)
{
  g_return_val_if_fail (name != NULL, NULL);

  /* No source: libvirt picks the path of the socket. */
  g_autoptr (xmlDoc) document = xmlNewDoc (BAD_CAST "1.0");
  xmlNode *channel = xmlNewNode (NULL, BAD_CAST "channel");
  xmlDocSetRootElement (document, channel);
  set_attribute (channel, "type", "unix");
  xmlNode *target = add_element (channel, "target");
  set_attribute (target, "type", "virtio");
  set_attribute (target, "name", name);
  return kvmm_xml_node_serialise (channel);
}

char *
kvmm_xml_tablet_build (void)
{
  g_autoptr (xmlDoc) document = xmlNewDoc (BAD_CAST "1.0");
  xmlNode *input = xmlNewNode (NULL, BAD_CAST "input");

  xmlDocSetRootElement (document, input);
  set_attribute (input, "type", "tablet");
  set_attribute (input, "bus", "usb");
  return kvmm_xml_node_serialise (input);
}
