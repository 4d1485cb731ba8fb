/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-titles.h"

#include <glib/gi18n.h>
#include <string.h>

#include "util/kvmm-guest-text.h"
#include "util/kvmm-units.h"

#define KIB G_GUINT64_CONSTANT (1024)

/* Some kinds hold several things that people know by different names. */
typedef struct
{
  const char *kind;
  const char *attribute;
  const char *value;
  const char *title;     /* to be translated */
  const char *icon_name; /* (nullable) */
} Variant;

static const Variant variants[] = {
  { "disk", "device", "cdrom", N_ ("CD drive"), "drive-optical-symbolic" },
  { "disk", "device", "floppy", N_ ("Floppy drive"), "media-floppy-symbolic" },
  { "disk", "device", "lun", N_ ("SCSI unit"), "drive-harddisk-symbolic" },
  { "controller", "type", "usb", N_ ("USB controller"), "media-removable-symbolic" },
  { "controller", "type", "pci", N_ ("PCI controller"), NULL },
  { "controller", "type", "scsi", N_ ("SCSI controller"), "drive-multidisk-symbolic" },
  { "controller", "type", "sata", N_ ("SATA controller"), "drive-multidisk-symbolic" },
  { "controller", "type", "ide", N_ ("IDE controller"), "drive-multidisk-symbolic" },
  { "controller", "type", "nvme", N_ ("NVMe controller"), "drive-multidisk-symbolic" },
  { "controller", "type", "fdc", N_ ("Floppy controller"), "drive-multidisk-symbolic" },
  { "controller", "type", "virtio-serial", N_ ("VirtIO serial controller"), NULL },
  { "controller", "type", "ccid", N_ ("Smart card controller"), NULL },
  { "controller", "type", "xenbus", N_ ("Xen bus controller"), NULL },
  { "controller", "type", "isa", N_ ("ISA controller"), NULL },
  { "input", "type", "tablet", N_ ("Tablet"), "input-tablet-symbolic" },
  { "input", "type", "mouse", N_ ("Mouse"), "input-mouse-symbolic" },
  { "input", "type", "keyboard", N_ ("Keyboard"), "input-keyboard-symbolic" },
  { "input", "type", "passthrough", N_ ("Input device of the host"), NULL },
  { "input", "type", "evdev", N_ ("Input device of the host"), NULL },
  { "hostdev", "type", "usb", N_ ("USB device of the host"), "media-removable-symbolic" },
  { "hostdev", "type", "pci", N_ ("PCI device of the host"), NULL },
  { "hostdev", "type", "mdev", N_ ("Mediated device of the host"), NULL },
  { "hostdev", "type", "scsi", N_ ("SCSI device of the host"), "drive-harddisk-symbolic" },
  { "hostdev", "type", "scsi_host", N_ ("SCSI adapter of the host"), "drive-multidisk-symbolic" },
  { "graphics", "type", "vnc", N_ ("VNC display"), NULL },
  { "graphics", "type", "spice", N_ ("SPICE display"), NULL },
  { "graphics", "type", "rdp", N_ ("RDP display"), NULL },
  { "graphics", "type", "sdl", N_ ("Local window"), NULL },
  { "graphics", "type", "dbus", N_ ("D-Bus display"), NULL },
  { "graphics", "type", "egl-headless", N_ ("Off-screen rendering"), NULL },
  { "memory", "model", "virtio-mem", N_ ("VirtIO memory"), NULL },
  { "memory", "model", "nvdimm", N_ ("Persistent memory module"), NULL },
  { "memory", "model", "virtio-pmem", N_ ("Persistent memory module"), NULL },
};

static const Variant *
find_variant (const KvmmXmlKind *kind, const xmlNode *node)
{
  /* Sections have the same names as some devices, but start at <domain>. */
  if (kind->elements[0] != NULL)
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (variants); i++)
    if (strcmp (variants[i].kind, kind->name) == 0 &&
        kvmm_xml_node_attribute_is (node, variants[i].attribute, variants[i].value))
      return &variants[i];
  return NULL;
}

const char *
kvmm_xml_device_icon_name (const KvmmXmlKind *kind, xmlNode *node)
{
  const Variant *variant = find_variant (kind, node);

  return variant != NULL && variant->icon_name != NULL ? variant->icon_name : kind->icon_name;
}

char *
kvmm_xml_device_dup_title (const KvmmXmlKind *kind, xmlNode *node)
{
  const Variant *variant = find_variant (kind, node);
  const char *title = _ (variant != NULL ? variant->title : kind->title);
  g_autofree char *id = NULL;

  if (kind->id_path != NULL)
    id = kvmm_xml_field_dup (node, kind->id_path, KVMM_XML_VALUE_TEXT);
  else if (strcmp (kind->name, "hostdev") == 0)
    id = kvmm_xml_field_dup (node, "source/address", KVMM_XML_VALUE_ADDRESS);
  if (id == NULL || *id == '\0')
    return g_strdup (title);
  /* Translators: a kind of device and its name, as in "Disk vda" */
  return g_strdup_printf (C_ ("device", "%s %s"), title, id);
}

static void
append_part (GString *summary, const char *part)
{
  if (part == NULL || *part == '\0')
    return;
  if (summary->len > 0)
    g_string_append (summary, ", ");
  g_string_append (summary, part);
}

static void
append_path (GString *summary, xmlNode *node, const char *path, KvmmXmlValue value)
{
  g_autofree char *part = kvmm_xml_field_dup (node, path, value);

  append_part (summary, part);
}

/* The last part of the path says what it is; the whole is among the fields. */
static void
append_basename (GString *summary, xmlNode *node, const char *path)
{
  g_autofree char *file = kvmm_xml_field_dup (node, path, KVMM_XML_VALUE_TEXT);
  const char *slash = file != NULL ? strrchr (file, '/') : NULL;

  append_part (summary, slash != NULL && slash[1] != '\0' ? slash + 1 : file);
}

static void
summarise_disk (GString *summary, xmlNode *node)
{
  static const char *const paths[] = { "source/@file",   "source/@dev",  "source/@dir",
                                       "source/@volume", "source/@name", "source/@path" };
  gsize before = summary->len;

  for (guint i = 0; i < G_N_ELEMENTS (paths) && summary->len == before; i++)
    append_basename (summary, node, paths[i]);
  if (summary->len == before && (kvmm_xml_node_attribute_is (node, "device", "cdrom") ||
                                 kvmm_xml_node_attribute_is (node, "device", "floppy")))
    append_part (summary, _ ("empty"));
}

static void
summarise_interface (GString *summary, xmlNode *node)
{
  if (kvmm_xml_node_attribute_is (kvmm_xml_node_child (node, "link"), "state", "down"))
    append_part (summary, _ ("link down"));
}

static void
summarise_graphics (GString *summary, xmlNode *node)
{
  const char *port = kvmm_xml_node_attribute (node, "port");

  if (port != NULL && *port != '-')
    {
      /* Translators: a TCP port */
      g_autofree char *text = g_strdup_printf (_ ("port %s"), port);
      g_autofree char *clean = kvmm_guest_text_sanitise (text, -1);

      append_part (summary, clean);
    }
}

static void
summarise_cpu (GString *summary, xmlNode *root)
{
  const xmlNode *vcpu = kvmm_xml_node_child (root, "vcpu");
  g_autofree char *max = kvmm_xml_field_dup (root, "vcpu", KVMM_XML_VALUE_TEXT);
  g_autofree char *current = kvmm_xml_field_dup (root, "vcpu/@current", KVMM_XML_VALUE_TEXT);

  if (vcpu != NULL && max != NULL && current != NULL)
    {
      /* Translators: the processors a machine has now, and can have */
      g_autofree char *text = g_strdup_printf (_ ("%s of %s"), current, max);

      append_part (summary, text);
    }
  else
    append_part (summary, max);
  append_path (summary, root, "cpu/@mode", KVMM_XML_VALUE_TEXT);
  append_path (summary, root, "cpu/model", KVMM_XML_VALUE_TEXT);
}

static void
summarise_memory (GString *summary, xmlNode *root)
{
  const xmlNode *memory = kvmm_xml_node_child (root, "memory");
  const xmlNode *current = kvmm_xml_node_child (root, "currentMemory");
  guint64 most = kvmm_xml_node_bytes (memory, KIB);
  guint64 now = current != NULL ? kvmm_xml_node_bytes (current, KIB) : most;
  g_autofree char *most_text = kvmm_units_bytes (most);
  g_autofree char *now_text = kvmm_units_bytes (now);

  if (memory == NULL)
    return;
  if (now == most)
    append_part (summary, most_text);
  else
    {
      /* Translators: the memory a machine has now, and can have */
      g_autofree char *text = g_strdup_printf (C_ ("memory", "%s of %s"), now_text, most_text);

      append_part (summary, text);
    }
  if (kvmm_xml_node_child (kvmm_xml_node_child (root, "memoryBacking"), "hugepages") != NULL)
    append_part (summary, _ ("huge pages"));
}

static void
summarise_os (GString *summary, xmlNode *root)
{
  const xmlNode *os = kvmm_xml_node_child (root, "os");
  const xmlNode *loader = kvmm_xml_node_child (os, "loader");

  if (kvmm_xml_node_child (os, "kernel") != NULL)
    append_part (summary, _ ("direct kernel boot"));
  else if (kvmm_xml_node_attribute_is (os, "firmware", "efi") ||
           kvmm_xml_node_attribute_is (loader, "type", "pflash"))
    append_part (summary, kvmm_xml_node_attribute_is (loader, "secure", "yes")
                              ? _ ("UEFI with secure boot")
                              : _ ("UEFI"));
  else if (kvmm_xml_node_attribute_is (os, "firmware", "bios"))
    append_part (summary, _ ("BIOS"));
  append_path (summary, root, "os/type/@machine", KVMM_XML_VALUE_TEXT);
  append_path (summary, root, "os/type/@arch", KVMM_XML_VALUE_TEXT);
}

static void
summarise_features (GString *summary, xmlNode *root)
{
  guint n_shown = 0;

  for (xmlNode *node = kvmm_xml_node_child (kvmm_xml_node_child (root, "features"), NULL);
       node != NULL && n_shown < KVMM_XML_FIELD_PARTS_MAX; node = kvmm_xml_node_next (node, NULL))
    if (!kvmm_xml_node_attribute_is (node, "state", "off"))
      {
        g_autofree char *label = kvmm_xml_node_dup_label (node);

        append_part (summary, label);
        n_shown++;
      }
}

static void
summarise_memory_module (GString *summary, xmlNode *node)
{
  append_path (summary, node, "target/size", KVMM_XML_VALUE_SIZE);
}

static const struct
{
  const char *kind;
  gboolean is_section;
  void (*summarise) (GString *summary, xmlNode *node);
} summaries[] = {
  { "disk", FALSE, summarise_disk },
  { "interface", FALSE, summarise_interface },
  { "graphics", FALSE, summarise_graphics },
  { "memory", FALSE, summarise_memory_module },
  { "cpu", TRUE, summarise_cpu },
  { "memory", TRUE, summarise_memory },
  { "os", TRUE, summarise_os },
  { "features", TRUE, summarise_features },
};

char *
kvmm_xml_device_dup_summary (const KvmmXmlKind *kind, xmlNode *node)
{
  g_autoptr (GString) summary = g_string_new (NULL);
  gboolean is_section = kind->elements[0] != NULL;

  for (guint i = 0; i < KVMM_XML_SUMMARY_MAX && kind->summary[i] != NULL; i++)
    append_path (summary, node, kind->summary[i], KVMM_XML_VALUE_TEXT);
  for (guint i = 0; i < G_N_ELEMENTS (summaries); i++)
    if (summaries[i].is_section == is_section && strcmp (summaries[i].kind, kind->name) == 0)
      summaries[i].summarise (summary, node);
  if (summary->len == 0 && !is_section)
    {
      g_autofree char *text = kvmm_xml_node_dup_text (node);

      if (text != NULL)
        {
          g_autofree char *clean = kvmm_guest_text_sanitise (text, -1);

          append_part (summary, clean);
        }
    }
  return g_string_free (g_steal_pointer (&summary), FALSE);
}
