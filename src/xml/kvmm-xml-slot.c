/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-slot.h"

#include <glib/gi18n.h>
#include <string.h>

#include "util/kvmm-guest-text.h"
#include "xml/kvmm-xml-domain.h"

/* How libvirt numbers the places of a bus when a disk names none (virDomainDiskDefAssignAddress),
 * and how many controllers a machine can have. */
typedef struct
{
  const char *name;
  const char *prefix;  /* of the target names */
  guint n_channels;    /* per controller */
  guint n_units;       /* per channel */
  guint reserved_unit; /* the controller's own, G_MAXUINT for none */
  guint n_controllers;
  gboolean has_address; /* a drive address says where it is plugged in */
} Bus;

enum
{
  BUS_IDE,
  BUS_SATA,
  BUS_SCSI,
  BUS_USB
};

static const Bus buses[] = {
  [BUS_IDE] = { "ide", "hd", 2, 2, G_MAXUINT, 1, TRUE },
  [BUS_SATA] = { "sata", "sd", 1, 6, G_MAXUINT, 8, TRUE },
  [BUS_SCSI] = { "scsi", "sd", 1, 16, 7, 1, TRUE },
  [BUS_USB] = { "usb", "sd", 1, 1, G_MAXUINT, 1, FALSE },
};

/* The number in a target name: "sda" 0, "sdz" 25, "sdaa" 26. */
static gboolean
target_number (const char *target, const char *prefix, guint *number)
{
  guint value = 0;

  if (target == NULL || !g_str_has_prefix (target, prefix))
    return FALSE;
  const char *letters = target + strlen (prefix);
  if (*letters == '\0' || strlen (letters) > 3)
    return FALSE;
  for (const char *p = letters; *p != '\0'; p++)
    {
      if (*p < 'a' || *p > 'z')
        return FALSE;
      value = value * 26 + (guint) (*p - 'a') + 1;
    }
  *number = value - 1;
  return TRUE;
}

static char *
target_name (const char *prefix, guint number)
{
  g_autoptr (GString) name = g_string_new (NULL);

  for (guint rest = number + 1; rest > 0; rest = (rest - 1) / 26)
    g_string_prepend_c (name, (char) ('a' + (rest - 1) % 26));
  g_string_prepend (name, prefix);
  return g_string_free (g_steal_pointer (&name), FALSE);
}

static void
add_targets (GHashTable *used, const xmlNode *devices)
{
  for (xmlNode *disk = kvmm_xml_node_child (devices, "disk"); disk != NULL;
       disk = kvmm_xml_node_next (disk, "disk"))
    {
      const char *name = kvmm_xml_node_attribute (kvmm_xml_node_child (disk, "target"), "dev");

      if (name != NULL)
        g_hash_table_add (used, (gpointer) name);
    }
}

/* @other: (nullable)
 * Returns: (transfer full): a name that no disk has; a set, because nobody promised few disks. */
static char *
find_free_target (const xmlNode *devices, const xmlNode *other, const char *prefix)
{
  g_autoptr (GHashTable) used = g_hash_table_new (g_str_hash, g_str_equal);

  add_targets (used, devices);
  add_targets (used, other);
  for (guint number = 0;; number++)
    {
      g_autofree char *name = target_name (prefix, number);

      if (!g_hash_table_contains (used, name))
        return g_steal_pointer (&name);
    }
}

/* Where a disk or a SCSI host device sits on @bus; %FALSE when it sits elsewhere. */
static gboolean
read_place (const xmlNode *device, const Bus *bus, guint place[3])
{
  const xmlNode *target = kvmm_xml_node_child (device, "target");
  const xmlNode *address = kvmm_xml_node_child (device, "address");
  guint number;

  if (kvmm_xml_node_is (device, "disk") && !kvmm_xml_node_attribute_is (target, "bus", bus->name))
    return FALSE;
  if (kvmm_xml_node_is (device, "hostdev") &&
      (bus != &buses[BUS_SCSI] || !kvmm_xml_node_attribute_is (device, "type", "scsi")))
    return FALSE;

  if (kvmm_xml_node_attribute_is (address, "type", "drive"))
    {
      place[0] = (guint) kvmm_xml_node_attribute_uint (address, "controller", 0);
      place[1] = (guint) kvmm_xml_node_attribute_uint (address, "bus", 0);
      place[2] = (guint) kvmm_xml_node_attribute_uint (address, "unit", 0);
      return TRUE;
    }
  if (!target_number (kvmm_xml_node_attribute (target, "dev"), bus->prefix, &number))
    return FALSE;

  guint n_usable = bus->n_units - (bus->reserved_unit != G_MAXUINT ? 1 : 0);
  place[0] = number / (n_usable * bus->n_channels);
  place[1] = number / n_usable % bus->n_channels;
  place[2] = number % n_usable;
  if (place[2] >= bus->reserved_unit)
    place[2]++;
  return TRUE;
}

static gboolean
place_is_used (const xmlNode *devices, const Bus *bus, guint controller, guint channel, guint unit)
{
  guint place[3];

  if (unit == bus->reserved_unit)
    return TRUE;
  for (xmlNode *device = kvmm_xml_node_child (devices, NULL); device != NULL;
       device = kvmm_xml_node_next (device, NULL))
    if ((kvmm_xml_node_is (device, "disk") || kvmm_xml_node_is (device, "hostdev")) &&
        read_place (device, bus, place) && place[0] == controller && place[1] == channel &&
        place[2] == unit)
      return TRUE;
  return FALSE;
}

static gboolean
find_place (const xmlNode *devices, const Bus *bus, guint first_controller, KvmmXmlSlot *slot)
{
  for (guint controller = first_controller; controller < first_controller + bus->n_controllers;
       controller++)
    for (guint channel = 0; channel < bus->n_channels; channel++)
      for (guint unit = 0; unit < bus->n_units; unit++)
        if (!place_is_used (devices, bus, controller, channel, unit))
          {
            slot->controller = controller;
            slot->channel = channel;
            slot->unit = unit;
            return TRUE;
          }
  return FALSE;
}

gboolean
kvmm_xml_slot_find_virtio_scsi (const xmlNode *domain, guint *index)
{
  static const char *const models[] = { "virtio-scsi", "virtio-transitional",
                                        "virtio-non-transitional", NULL };
  const xmlNode *devices = kvmm_xml_node_child (domain, "devices");

  for (xmlNode *node = kvmm_xml_node_child (devices, "controller"); node != NULL;
       node = kvmm_xml_node_next (node, "controller"))
    {
      const char *model = kvmm_xml_node_attribute (node, "model");

      if (kvmm_xml_node_attribute_is (node, "type", "scsi") && model != NULL &&
          g_strv_contains (models, model))
        {
          if (index != NULL)
            *index = (guint) MIN (kvmm_xml_node_attribute_uint (node, "index", 0), G_MAXUINT16);
          return TRUE;
        }
    }
  return FALSE;
}

/* sata on q35, ide on the old pc, scsi on everything that knows neither. */
static const Bus *
choose_bus (const xmlNode *domain)
{
  const xmlNode *type = kvmm_xml_node_child (kvmm_xml_node_child (domain, "os"), "type");
  const char *machine = kvmm_xml_node_attribute (type, "machine");

  if (machine == NULL)
    return &buses[BUS_SCSI];
  if (strcmp (machine, "q35") == 0 || strstr (machine, "-q35") != NULL)
    return &buses[BUS_SATA];
  if (strcmp (machine, "pc") == 0 || strcmp (machine, "isapc") == 0 ||
      g_str_has_prefix (machine, "pc-"))
    return &buses[BUS_IDE];
  return &buses[BUS_SCSI];
}

static const Bus *
find_bus (const char *name, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (buses); i++)
    if (strcmp (buses[i].name, name) == 0)
      return &buses[i];

  g_autofree char *shown = kvmm_guest_text_sanitise (name, -1);
  g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_UNEXPECTED,
               _ ("A CD drive cannot be connected to the bus “%s”"), shown);
  return NULL;
}

gboolean
kvmm_xml_slot_find (const xmlNode *domain, const char *force_bus, KvmmXmlSlot *slot, GError **error)
{
  const xmlNode *devices = kvmm_xml_node_child (domain, "devices");
  const Bus *bus = force_bus != NULL ? find_bus (force_bus, error) : choose_bus (domain);
  KvmmXmlSlot found = { 0 };
  guint controller = 0;

  if (bus == NULL)
    return FALSE;
  found.has_address = bus->has_address;
  /* Without a virtio-scsi controller libvirt adds the one that suits the machine, and the address.
   */
  if (bus == &buses[BUS_SCSI])
    found.has_address = kvmm_xml_slot_find_virtio_scsi (domain, &controller);

  gboolean is_placed = !found.has_address || find_place (devices, bus, controller, &found);
  /* The old pc has four IDE places; a SATA controller can always be added. */
  if (!is_placed && force_bus == NULL && bus == &buses[BUS_IDE])
    {
      bus = &buses[BUS_SATA];
      is_placed = find_place (devices, bus, 0, &found);
    }
  if (!is_placed)
    {
      g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_UNEXPECTED,
                   /* Translators: the name of a bus, such as "ide" */
                   _ ("Every place on the %s bus is taken; remove a drive first"), bus->name);
      return FALSE;
    }

  found.bus = bus->name;
  found.target = find_free_target (devices, NULL, bus->prefix);
  *slot = found;
  return TRUE;
}

char *
kvmm_xml_slot_find_target (const xmlNode *domain, const xmlNode *other, const char *bus)
{
  const char *prefix = "vd";

  if (strcmp (bus, "fdc") == 0)
    prefix = "fd";
  for (guint i = 0; i < G_N_ELEMENTS (buses); i++)
    if (strcmp (buses[i].name, bus) == 0)
      prefix = buses[i].prefix;
  return find_free_target (kvmm_xml_node_child (domain, "devices"),
                           kvmm_xml_node_child (other, "devices"), prefix);
}

void
kvmm_xml_slot_clear (KvmmXmlSlot *self)
{
  g_clear_pointer (&self->target, g_free);
}
