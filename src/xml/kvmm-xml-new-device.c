/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-new-device.h"

#include <glib/gi18n.h>
#include <string.h>

#include "util/kvmm-guest-text.h"
#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-edit-private.h"
#include "xml/kvmm-xml-host-device.h"
#include "xml/kvmm-xml-new-device-private.h"
#include "xml/kvmm-xml-path.h"
#include "xml/kvmm-xml-share.h"
#include "xml/kvmm-xml-slot.h"

/* Building the element of a new device: as the table has it, and what was chosen written into it as
 * an edit writes it, by the same rules. */

static const char *
get_value (GHashTable *values, const char *path)
{
  const char *value = g_hash_table_lookup (values, path);

  return value != NULL && *value != '\0' ? value : NULL;
}

static gboolean
counts (const KvmmXmlNewSpec *spec, GHashTable *values)
{
  return spec->asks == NULL || g_strcmp0 (get_value (values, spec->asks), spec->answer) == 0;
}

/* ---- at once or not ---- */

static gboolean
has_controller (const xmlNode *domain, const char *type)
{
  for (const xmlNode *node =
           kvmm_xml_node_child (kvmm_xml_node_child (domain, "devices"), "controller");
       node != NULL; node = kvmm_xml_node_next (node, "controller"))
    if (kvmm_xml_node_attribute_is (node, "type", type))
      return TRUE;
  return FALSE;
}

/* A drive without a disc is not taken by every libvirt; the buses of old have no plug at all. */
static gboolean
is_hot_disk (const xmlNode *domain, const char *kind, GHashTable *values)
{
  const char *bus = get_value (values, "target/@bus");

  if (strcmp (kind, "cdrom") == 0 && get_value (values, KVMM_XML_NEW_PATH) == NULL)
    return FALSE;
  if (g_strcmp0 (bus, "usb") == 0)
    return has_controller (domain, "usb");
  return g_strcmp0 (bus, "virtio") == 0 || g_strcmp0 (bus, "scsi") == 0;
}

static gboolean
is_hot (const xmlNode *domain, const char *kind, GHashTable *values)
{
  static const char *const always[] = { "interface", "rng", "vsock", "hostdev-pci", NULL };
  const char *model = get_value (values, "@model");

  if (g_strv_contains (always, kind))
    return TRUE;
  if (strcmp (kind, "disk") == 0 || strcmp (kind, "cdrom") == 0)
    return is_hot_disk (domain, kind, values);
  if (strcmp (kind, "input") == 0)
    return g_strcmp0 (get_value (values, "@bus"), "virtio") == 0 || has_controller (domain, "usb");
  if (strcmp (kind, "redirdev") == 0 || strcmp (kind, "hostdev-usb") == 0)
    return has_controller (domain, "usb");
  if (strcmp (kind, "channel") == 0 || strcmp (kind, "console") == 0)
    return has_controller (domain, "virtio-serial");
  if (strcmp (kind, "watchdog") == 0)
    return g_strcmp0 (model, "i6300esb") == 0;
  if (strcmp (kind, "controller") == 0)
    return g_strcmp0 (model, "virtio-scsi") == 0;
  return FALSE;
}

gboolean
kvmm_xml_new_device_is_hot (const char *live_xml, const char *kind, GHashTable *values)
{
  g_autoptr (xmlDoc) document = NULL;

  g_return_val_if_fail (live_xml != NULL && kind != NULL && values != NULL, FALSE);

  /* Of shared folders only VirtioFS has a plug, and only where the memory is shared already. */
  if (strcmp (kind, "filesystem") == 0)
    return g_strcmp0 (get_value (values, "driver/@type"), "virtiofs") == 0 &&
           kvmm_xml_share_has_memory (live_xml);
  document = kvmm_xml_document_parse (live_xml, "domain", KVMM_XML_READ_DEFAULT, NULL);
  return document != NULL && is_hot (xmlDocGetRootElement (document), kind, values);
}

/* ---- building ---- */

typedef struct
{
  KvmmXmlEdit *edit;   /* of the definition, with the new device in it */
  const xmlNode *live; /* (nullable) */
  const char *element;
  guint index;
  GHashTable *values;
} Build;

static gboolean
set (Build *build, const char *path, const char *value, GError **error)
{
  return kvmm_xml_edit_set (build->edit, build->element, build->index, path, value, error);
}

static gboolean
set_fields (Build *build, const KvmmXmlNewTable *table, GError **error)
{
  for (const KvmmXmlNewSpec *spec = table->fields; spec->path != NULL; spec++)
    {
      const char *value = get_value (build->values, spec->path);

      if (!counts (spec, build->values))
        continue;
      if (value == NULL && !spec->is_optional)
        {
          g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
                       /* Translators: a field */
                       _ ("“%s” is missing"), _ (spec->label));
          return FALSE;
        }
      if (value != NULL && *spec->path != ':' && !set (build, spec->path, value, error))
        return FALSE;
    }
  return TRUE;
}

static void
set_address (xmlNode *disk, const KvmmXmlSlot *slot)
{
  const struct
  {
    const char *name;
    guint number;
  } parts[] = {
    { "controller", slot->controller },
    { "bus", slot->channel },
    { "target", 0 },
    { "unit", slot->unit },
  };
  xmlNode *address = xmlNewChild (disk, NULL, BAD_CAST "address", NULL);

  xmlSetProp (address, BAD_CAST "type", BAD_CAST "drive");
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autofree char *text = g_strdup_printf ("%u", parts[i].number);

      xmlSetProp (address, BAD_CAST parts[i].name, BAD_CAST text);
    }
}

/* The name is free in the machine that runs as well; the place only where a bus has few. */
static gboolean
place_disk (Build *build, const xmlNode *definition, GError **error)
{
  static const char *const placed[] = { "ide", "sata", "scsi", NULL };
  const char *bus = get_value (build->values, "target/@bus");
  g_autofree char *target = kvmm_xml_slot_find_target (definition, build->live, bus);
  g_auto (KvmmXmlSlot) slot = { 0 };

  if (!set (build, "target/@dev", target, error))
    return FALSE;
  if (!g_strv_contains (placed, bus))
    return TRUE;
  if (!kvmm_xml_slot_find (definition, bus, &slot, error))
    return FALSE;
  if (slot.has_address)
    set_address (kvmm_xml_edit_nth_device (build->edit, build->element, build->index), &slot);
  return TRUE;
}

static gboolean
finish_disk (Build *build, const xmlNode *definition, GError **error)
{
  const char *path = get_value (build->values, KVMM_XML_NEW_PATH);
  const char *format = get_value (build->values, "driver/@type");
  gboolean is_device = path != NULL && g_str_has_prefix (path, "/dev/");

  if (format != NULL && !set (build, "driver/@type", format, error))
    return FALSE;
  if (path != NULL && !(set (build, "@type", is_device ? "block" : "file", error) &&
                        set (build, is_device ? "source/@dev" : "source/@file", path, error)))
    return FALSE;
  return place_disk (build, definition, error);
}

/* The model says of what type it is. */
static gboolean
finish_controller (Build *build)
{
  static const char *const types[][2] = { { "virtio-scsi", "scsi" },
                                          { "qemu-xhci", "usb" },
                                          { "virtio-serial", "virtio-serial" },
                                          { "pcie-root-port", "pci" } };
  xmlNode *node = kvmm_xml_edit_nth_device (build->edit, build->element, build->index);
  const char *model = get_value (build->values, "@model");

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (strcmp (types[i][0], model) == 0)
      xmlSetProp (node, BAD_CAST "type", BAD_CAST types[i][1]);
  /* Its type is all there is of it. */
  if (strcmp (model, "virtio-serial") == 0)
    xmlUnsetProp (node, BAD_CAST "model");
  return TRUE;
}

/* Names are compared as they stand there: a guest mounts by them. */
static gboolean
check_tag (const xmlNode *definition, const char *tag, gsize max_bytes, GError **error)
{
  const xmlNode *devices = kvmm_xml_node_child (definition, "devices");

  if (strlen (tag) > max_bytes)
    {
      g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
                   _ ("The “Name in the machine” of a shared folder has at most %u bytes"),
                   (guint) max_bytes);
      return FALSE;
    }
  for (const xmlNode *node = kvmm_xml_node_child (devices, "filesystem"); node != NULL;
       node = kvmm_xml_node_next (node, "filesystem"))
    if (kvmm_xml_node_attribute_is (kvmm_xml_node_child (node, "target"), "dir", tag))
      {
        g_autofree char *shown = kvmm_guest_text_sanitise (tag, -1);

        g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
                     _ ("The machine has a shared folder with the “Name in the machine” “%s” "
                        "already; choose another"),
                     shown);
        return FALSE;
      }
  return TRUE;
}

/* Without root on the host, QEMU's own server can keep the owners of files only beside them. */
static gboolean
finish_filesystem (Build *build, const xmlNode *definition, GError **error)
{
  const char *tag = get_value (build->values, "target/@dir");
  gboolean is_9p = g_strcmp0 (get_value (build->values, "driver/@type"), "path") == 0;

  return check_tag (definition, tag,
                    is_9p ? KVMM_XML_SHARE_TAG_MAX_9P : KVMM_XML_SHARE_TAG_MAX_VIRTIOFS, error) &&
         (!is_9p || set (build, "@accessmode", "mapped", error));
}

static gboolean
finish (Build *build, const char *kind, const xmlNode *definition, GError **error)
{
  const char *word;

  if (strcmp (build->element, "disk") == 0)
    return finish_disk (build, definition, error);
  if (strcmp (kind, "controller") == 0)
    return finish_controller (build);
  if (strcmp (kind, "filesystem") == 0)
    return finish_filesystem (build, definition, error);
  word = get_value (build->values, "target/@name");
  if (strcmp (kind, "channel") == 0 && strcmp (word, "com.redhat.spice.0") == 0)
    return set (build, "@type", "spicevmc", error);
  word = get_value (build->values, "listen/@type");
  /* No address, no port. */
  if (strcmp (kind, "graphics") == 0 && strcmp (word, "none") == 0)
    return set (build, "@port", NULL, error) && set (build, "@autoport", NULL, error);
  word = get_value (build->values, "backend/@model");
  if (strcmp (kind, "rng") == 0 && strcmp (word, "builtin") == 0)
    kvmm_xml_node_set_text (
        kvmm_xml_node_child (kvmm_xml_edit_nth_device (build->edit, "rng", build->index),
                             "backend"),
        "");
  return TRUE;
}

char *
kvmm_xml_new_device_build (const char *stored_xml,
                           const char *live_xml,
                           const char *kind,
                           GHashTable *values,
                           GError **error)
{
  const KvmmXmlNewTable *table;
  g_autofree char *element = NULL;
  g_autoptr (xmlDoc) definition = NULL;
  g_autoptr (xmlDoc) live = NULL;
  g_autoptr (KvmmXmlEdit) edit = NULL;
  Build build = { 0 };

  g_return_val_if_fail (stored_xml != NULL && kind != NULL && values != NULL, NULL);

  table = kvmm_xml_new_table_find (kind);
  g_return_val_if_fail (table != NULL, NULL);
  definition = kvmm_xml_document_parse (stored_xml, "domain", KVMM_XML_READ_DEFAULT, error);
  if (definition == NULL)
    return NULL;
  if (live_xml != NULL)
    {
      live = kvmm_xml_document_parse (live_xml, "domain", KVMM_XML_READ_DEFAULT, error);
      if (live == NULL)
        return NULL;
      build.live = xmlDocGetRootElement (live);
    }
  edit = kvmm_xml_edit_open (stored_xml, error);
  if (edit == NULL || !kvmm_xml_edit_add_device (edit, table->xml, &build.index, error))
    return NULL;
  element = kvmm_xml_new_table_dup_element (table);
  build.edit = edit;
  build.element = element;
  build.values = values;
  if (!set_fields (&build, table, error) ||
      !finish (&build, kind, xmlDocGetRootElement (definition), error))
    return NULL;
  if (strcmp (element, "hostdev") == 0)
    return kvmm_xml_host_device_build (get_value (values, table->fields[0].path), error);
  return kvmm_xml_edit_dup_device (edit, element, build.index);
}

/* ---- adding ---- */

gboolean
kvmm_xml_new_device_add (KvmmXmlEdit *edit, const char *xml, GError **error)
{
  g_autoptr (KvmmXmlShare) share = NULL;
  g_autofree char *balloon = NULL;

  g_return_val_if_fail (edit != NULL && xml != NULL, FALSE);

  /* One that says it is not there stands in the place of one that is. */
  balloon = kvmm_xml_edit_get (edit, "memballoon", 0, "@model");
  if (g_str_has_prefix (xml, "<memballoon") && balloon != NULL)
    return kvmm_xml_edit_replace_device (edit, "memballoon", 0, xml, error);
  share = g_str_has_prefix (xml, "<filesystem") ? kvmm_xml_share_parse (xml) : NULL;
  if (share != NULL && share->is_virtiofs && !kvmm_xml_share_memory (edit, error))
    return FALSE;
  return kvmm_xml_edit_add_device (edit, xml, NULL, error);
}
