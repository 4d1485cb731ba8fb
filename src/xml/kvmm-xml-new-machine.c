/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-new-machine.h"

#include <glib/gi18n.h>
#include <string.h>

#include "util/kvmm-guest-text.h"
#include "xml/kvmm-xml-document.h"
#include "xml/kvmm-xml-ovf.h"

#define LIBOSINFO_NAMESPACE "http://libosinfo.org/xmlns/libvirt/domain/1.0"
/* Seconds between two reports of a guest's memory. */
#define BALLOON_PERIOD "5"
/* What virtio-serial takes in this order: ours, and the QEMU guest agent's. */
static const char *const channels[] = { KVMM_AGENT_CHANNEL_NAME, KVMM_QGA_CHANNEL_NAME };

gboolean
kvmm_xml_machine_name_check (const char *name, GError **error)
{
  g_return_val_if_fail (name != NULL, FALSE);

  if (*name == '\0')
    g_set_error_literal (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
                         _ ("Give the machine a name"));
  else if (strlen (name) > KVMM_XML_MACHINE_NAME_MAX)
    g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
                 _ ("The name is longer than %d bytes"), KVMM_XML_MACHINE_NAME_MAX);
  else if (strchr (name, '/') != NULL || *name == '.' || !kvmm_xml_text_is_writable (name))
    g_set_error_literal (
        error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
        _ ("The name cannot have “/” or control characters, nor begin with a dot"));
  else if (g_ascii_isspace (*name) || g_ascii_isspace (name[strlen (name) - 1]))
    g_set_error_literal (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
                         _ ("The name cannot begin or end with a space"));
  else
    return TRUE;
  return FALSE;
}

/* ---- small builders ---- */

static xmlNode *
add (xmlNode *parent, const char *name)
{
  return xmlNewChild (parent, NULL, BAD_CAST name, NULL);
}

static xmlNode *
add_text (xmlNode *parent, const char *name, const char *text)
{
  return xmlNewTextChild (parent, NULL, BAD_CAST name, BAD_CAST text);
}

static void
set (xmlNode *node, const char *name, const char *value)
{
  xmlSetProp (node, BAD_CAST name, BAD_CAST value);
}

static xmlNode *
add_with (xmlNode *parent, const char *element, const char *name, const char *value)
{
  xmlNode *node = add (parent, element);

  set (node, name, value);
  return node;
}

static void
add_number (xmlNode *parent, const char *name, const char *unit, guint64 number)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, number);
  xmlNode *node = add_text (parent, name, text);

  if (unit != NULL)
    set (node, "unit", unit);
}

static void
add_order (xmlNode *device, guint order)
{
  g_autofree char *text = g_strdup_printf ("%u", order);

  add_with (device, "boot", "order", text);
}

static gboolean
is_x86 (const KvmmXmlNewMachine *self)
{
  return g_str_equal (self->arch, "x86_64") || g_str_equal (self->arch, "i686");
}

/* ---- parts ---- */

/* As kvmm_xml_metadata_build() has it, in our namespace. */
static void
add_wait (xmlNode *metadata, const KvmmXmlNewMachine *self)
{
  xmlNode *machine = add (metadata, "machine");
  xmlNs *ns = xmlNewNs (machine, BAD_CAST KVMM_XML_METADATA_URI, BAD_CAST KVMM_XML_METADATA_PREFIX);
  xmlNode *waiting;

  xmlSetNs (machine, ns);
  waiting = xmlNewChild (machine, ns, BAD_CAST "waiting", NULL);
  if (self->wait == KVMM_XML_WAIT_INSTALLATION)
    set (waiting, "for", "installation");
  for (guint i = 0; self->made != NULL && self->made[i] != NULL; i++)
    if (kvmm_xml_text_is_writable (self->made[i]))
      xmlNewTextChild (waiting, ns, BAD_CAST "made", BAD_CAST self->made[i]);
}

static void
add_libosinfo (xmlNode *metadata, const char *os_id)
{
  xmlNode *info = add (metadata, "libosinfo");
  xmlNs *ns = xmlNewNs (info, BAD_CAST LIBOSINFO_NAMESPACE, BAD_CAST "libosinfo");
  xmlNode *os;

  xmlSetNs (info, ns);
  os = xmlNewChild (info, ns, BAD_CAST "os", NULL);
  set (os, "id", os_id);
}

static void
add_metadata (xmlNode *domain, const KvmmXmlNewMachine *self)
{
  xmlNode *metadata;

  if (self->os_id == NULL && self->wait == KVMM_XML_WAIT_NONE)
    return;
  metadata = add (domain, "metadata");
  if (self->os_id != NULL)
    add_libosinfo (metadata, self->os_id);
  if (self->wait != KVMM_XML_WAIT_NONE)
    add_wait (metadata, self);
}

static void
add_os (const KvmmXmlNewMachine *self, xmlNode *domain)
{
  xmlNode *os = add (domain, "os");
  xmlNode *type;

  if (self->firmware != KVMM_XML_FIRMWARE_BIOS)
    set (os, "firmware", "efi");
  type = add_text (os, "type", "hvm");
  set (type, "arch", self->arch);
  if (self->machine != NULL)
    set (type, "machine", self->machine);
  if (self->firmware != KVMM_XML_FIRMWARE_BIOS)
    {
      gboolean is_secure = self->firmware == KVMM_XML_FIRMWARE_UEFI_SECURE;
      xmlNode *firmware = add (os, "firmware");

      set (add_with (firmware, "feature", "enabled", is_secure ? "yes" : "no"), "name",
           "secure-boot");
      if (is_secure)
        set (add_with (firmware, "feature", "enabled", "yes"), "name", "enrolled-keys");
    }
}

static void
add_features (const KvmmXmlNewMachine *self, xmlNode *domain)
{
  xmlNode *features;

  if (!is_x86 (self))
    return;
  features = add (domain, "features");
  add (features, "acpi");
  add (features, "apic");
  if (self->is_windows)
    {
      xmlNode *hyperv = add_with (features, "hyperv", "mode", "custom");

      add_with (hyperv, "relaxed", "state", "on");
      add_with (hyperv, "vapic", "state", "on");
      set (add_with (hyperv, "spinlocks", "state", "on"), "retries", "8191");
    }
  if (g_str_equal (self->virt_type, "kvm"))
    add_with (features, "vmport", "state", "off");
  if (self->firmware == KVMM_XML_FIRMWARE_UEFI_SECURE)
    add_with (features, "smm", "state", "on");
}

static void
add_clock (const KvmmXmlNewMachine *self, xmlNode *domain)
{
  xmlNode *clock = add_with (domain, "clock", "offset", self->is_windows ? "localtime" : "utc");

  if (!is_x86 (self))
    return;
  set (add_with (clock, "timer", "name", "rtc"), "tickpolicy", "catchup");
  set (add_with (clock, "timer", "name", "pit"), "tickpolicy", "delay");
  set (add_with (clock, "timer", "name", "hpet"), "present", "no");
  if (self->is_windows)
    set (add_with (clock, "timer", "name", "hypervclock"), "present", "yes");
}

/* Returns: (transfer none): the drive; its medium is in nobody's way when it is lost if
 * @is_optional */
static xmlNode *
add_drive (xmlNode *devices, const char *path, gboolean is_optional, guint place, const char *bus)
{
  g_autofree char *name =
      g_strdup_printf ("%s%c", g_str_equal (bus, "ide") ? "hd" : "sd", (char) ('a' + place));
  xmlNode *disk = add_with (devices, "disk", "type", "file");
  xmlNode *source;

  set (disk, "device", "cdrom");
  set (add_with (disk, "driver", "name", "qemu"), "type", "raw");
  if (path != NULL)
    {
      source = add_with (disk, "source", "file", path);
      if (is_optional)
        set (source, "startupPolicy", "optional");
    }
  set (add_with (disk, "target", "dev", name), "bus", bus);
  add (disk, "readonly");
  return disk;
}

/* Which of the controllers it is, of one for each model. */
static guint
find_controller (const KvmmXmlNewMachine *self, const KvmmXmlNewDisk *disk, gboolean *is_first)
{
  guint n = 0;

  for (guint i = 0; i < self->disks->len; i++)
    {
      const KvmmXmlNewDisk *other = self->disks->pdata[i];
      gboolean is_new = g_str_equal (other->bus, "scsi");

      for (guint j = 0; is_new && j < i; j++)
        is_new = g_strcmp0 (((const KvmmXmlNewDisk *) self->disks->pdata[j])->controller,
                            other->controller) != 0;
      if (g_strcmp0 (other->controller, disk->controller) == 0)
        {
          *is_first = other == disk;
          return n;
        }
      n += is_new ? 1 : 0;
    }
  *is_first = FALSE;
  return 0;
}

/* The target of lsilogic has units, those of the others have one each. */
static void
add_scsi_place (const KvmmXmlNewMachine *self,
                xmlNode *devices,
                xmlNode *disk,
                const KvmmXmlNewDisk *wanted,
                guint place)
{
  gboolean is_first;
  g_autofree char *index = g_strdup_printf ("%u", find_controller (self, wanted, &is_first));
  g_autofree char *number = g_strdup_printf ("%u", place);
  gboolean has_units = g_strcmp0 (wanted->controller, "lsilogic") == 0;
  xmlNode *address = add_with (disk, "address", "type", "drive");
  xmlNode *controller;

  set (address, "controller", index);
  set (address, "bus", "0");
  set (address, "target", has_units ? "0" : number);
  set (address, "unit", has_units ? number : "0");
  if (!is_first)
    return;
  controller = add_with (devices, "controller", "type", "scsi");
  set (controller, "index", index);
  set (controller, "model", wanted->controller);
}

/* Of as many disks as the smallest of these controllers takes, beyond which they differ. */
#define SCSI_DISKS_MAX 7

/* Other computers than PCs never had the controllers of an appliance. */
static const char *
choose_bus (const KvmmXmlNewMachine *self, const KvmmXmlNewDisk *disk, guint n_sd)
{
  gboolean is_full = g_str_equal (disk->bus, "scsi") && n_sd >= SCSI_DISKS_MAX;

  if (!is_x86 (self))
    return "virtio";
  if (!is_full && !g_str_equal (disk->bus, "sata"))
    return disk->bus;
  return g_strcmp0 (self->machine, "pc") == 0 ? "ide" : "sata";
}

/* Of an appliance. */
static void
add_given_disks (const KvmmXmlNewMachine *self, xmlNode *devices)
{
  guint n_ide = 0, n_sd = 0, n_virtio = 0;

  for (guint i = 0; i < self->disks->len; i++)
    {
      const KvmmXmlNewDisk *wanted = self->disks->pdata[i];
      const char *bus = choose_bus (self, wanted, n_sd);
      gboolean is_virtio = g_str_equal (bus, "virtio");
      gboolean is_ide = g_str_equal (bus, "ide");
      guint place = is_virtio ? n_virtio++ : is_ide ? n_ide++ : n_sd++;
      g_autofree char *name = g_strdup_printf ("%s%c",
                                               is_virtio ? "vd"
                                               : is_ide  ? "hd"
                                                         : "sd",
                                               (char) ('a' + place % 26));
      xmlNode *disk = add_with (devices, "disk", "type", "file");
      xmlNode *driver = add_with (disk, "driver", "name", "qemu");

      set (disk, "device", "disk");
      set (driver, "type", wanted->format);
      set (driver, "discard", "unmap");
      add_with (disk, "source", "file", wanted->path);
      set (add_with (disk, "target", "dev", name), "bus", bus);
      add_order (disk, i + 1);
      if (g_str_equal (bus, "scsi"))
        add_scsi_place (self, devices, disk, wanted, place);
    }
}

/* The hard disk first: as long as it is empty the firmware goes on to the next. */
static void
add_disks (const KvmmXmlNewMachine *self, xmlNode *devices)
{
  const char *ata = g_strcmp0 (self->machine, "pc") == 0 ? "ide" : "sata";
  const char *ata_prefix = g_strcmp0 (self->machine, "pc") == 0 ? "hd" : "sd";
  guint n_drives = 0;
  xmlNode *disk, *driver, *target;

  if (self->disks != NULL)
    {
      add_given_disks (self, devices);
      return;
    }
  if (self->disk_path != NULL)
    {
      g_autofree char *name =
          self->has_virtio ? g_strdup ("vda") : g_strdup_printf ("%sa", ata_prefix);

      disk = add_with (devices, "disk", "type", "file");
      set (disk, "device", "disk");
      driver = add_with (disk, "driver", "name", "qemu");
      set (driver, "type", self->disk_format != NULL ? self->disk_format : "raw");
      set (driver, "discard", "unmap");
      add_with (disk, "source", "file", self->disk_path);
      target = add_with (disk, "target", "dev", name);
      set (target, "bus", self->has_virtio ? "virtio" : ata);
      add_order (disk, 1);
      n_drives += self->has_virtio ? 0 : 1;
    }
  if (self->has_cdrom || self->cdrom_path != NULL)
    {
      disk = add_drive (devices, self->cdrom_path, FALSE, n_drives++, is_x86 (self) ? ata : "scsi");
      add_order (disk, 2);
    }
  /* The kernels of cloud images know the drives of virtio; some know no others. */
  if (self->seed_path != NULL)
    add_drive (devices, self->seed_path, TRUE, n_drives++,
               is_x86 (self) && !self->has_virtio ? ata : "scsi");
}

static gboolean
has_scsi (const KvmmXmlNewMachine *self)
{
  gboolean has_cdrom = self->has_cdrom || self->cdrom_path != NULL;

  return is_x86 (self) ? self->seed_path != NULL && self->has_virtio
                       : has_cdrom || self->seed_path != NULL;
}

static void
add_card (const KvmmXmlNewMachine *self, xmlNode *devices, const char *model)
{
  xmlNode *interface = NULL;

  switch (self->network_kind)
    {
    case KVMM_XML_NETWORK_NONE:
      return;
    case KVMM_XML_NETWORK_VIRTUAL:
      interface = add_with (devices, "interface", "type", "network");
      add_with (interface, "source", "network", self->network);
      break;
    case KVMM_XML_NETWORK_BRIDGE:
      interface = add_with (devices, "interface", "type", "bridge");
      add_with (interface, "source", "bridge", self->network);
      break;
    case KVMM_XML_NETWORK_DIRECT:
      interface = add_with (devices, "interface", "type", "direct");
      set (add_with (interface, "source", "dev", self->network), "mode", "bridge");
      break;
    case KVMM_XML_NETWORK_USER:
      interface = add_with (devices, "interface", "type", "user");
      break;
    }
  add_with (interface, "model", "type", model);
  if (self->boots_network)
    add_order (interface, 3);
}

static void
add_network (const KvmmXmlNewMachine *self, xmlNode *devices)
{
  if (self->cards == NULL)
    add_card (self, devices,
              self->has_virtio                       ? "virtio"
              : g_strcmp0 (self->machine, "pc") == 0 ? "e1000"
                                                     : "e1000e");
  for (guint i = 0; self->cards != NULL && i < self->cards->len; i++)
    add_card (self, devices,
              is_x86 (self) ? ((const KvmmXmlOvfCard *) self->cards->pdata[i])->model : "virtio");
}

static void
add_screen (const KvmmXmlNewMachine *self, xmlNode *devices)
{
  xmlNode *graphics;

  if (self->graphics == NULL)
    return;
  set (add_with (devices, "input", "type", "tablet"), "bus", "usb");
  graphics = add_with (devices, "graphics", "type", self->graphics);
  /* No port of the host: the screen is reached through libvirt. */
  add_with (graphics, "listen", "type", "none");
  if (g_str_equal (self->graphics, "spice"))
    {
      xmlNode *channel = add_with (devices, "channel", "type", "spicevmc");

      set (add_with (channel, "target", "type", "virtio"), "name", "com.redhat.spice.0");
    }
  add_with (add (devices, "video"), "model", "type",
            self->has_virtio_video && self->has_virtio ? "virtio" : "vga");
}

static void
add_devices (const KvmmXmlNewMachine *self, xmlNode *domain)
{
  xmlNode *devices = add (domain, "devices");
  xmlNode *node;

  add_disks (self, devices);
  if (has_scsi (self))
    set (add_with (devices, "controller", "type", "scsi"), "model", "virtio-scsi");
  if (is_x86 (self))
    set (add_with (devices, "controller", "type", "usb"), "model", "qemu-xhci");
  set (add_with (devices, "controller", "type", "virtio-serial"), "index", "0");
  add_network (self, devices);
  add_with (add_with (devices, "serial", "type", "pty"), "target", "port", "0");
  node = add_with (devices, "console", "type", "pty");
  add_with (node, "target", "type", "serial");
  for (gsize i = 0; i < G_N_ELEMENTS (channels); i++)
    {
      node = add_with (devices, "channel", "type", "unix");
      set (add_with (node, "target", "type", "virtio"), "name", channels[i]);
    }
  add_screen (self, devices);
  if (self->has_tpm)
    {
      node = add_with (devices, "tpm", "model", is_x86 (self) ? "tpm-crb" : "tpm-tis");
      set (add_with (node, "backend", "type", "emulator"), "version", "2.0");
    }
  node = add_with (devices, "rng", "model", "virtio");
  set (add_text (node, "backend", "/dev/urandom"), "model", "random");
  node = add_with (devices, "memballoon", "model", "virtio");
  add_with (node, "stats", "period", BALLOON_PERIOD);
}

static gboolean
check_texts (const KvmmXmlNewMachine *self, GError **error)
{
  const char *const texts[] = { self->title,      self->description, self->os_id,
                                self->machine,    self->arch,        self->disk_path,
                                self->cdrom_path, self->seed_path,   self->network };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    if (texts[i] != NULL && !kvmm_xml_text_is_writable (texts[i]))
      {
        g_autofree char *shown = kvmm_guest_text_sanitise (texts[i], -1);

        g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
                     _ ("“%s” has characters that cannot stand in a definition"), shown);
        return FALSE;
      }
  return kvmm_xml_machine_name_check (self->name, error);
}

char *
kvmm_xml_new_machine_build (const KvmmXmlNewMachine *self, GError **error)
{
  g_autoptr (xmlDoc) document = NULL;
  xmlNode *domain;

  g_return_val_if_fail (self != NULL && self->name != NULL, NULL);

  if (!check_texts (self, error))
    return NULL;
  document = xmlNewDoc (BAD_CAST "1.0");
  domain = xmlNewNode (NULL, BAD_CAST "domain");
  xmlDocSetRootElement (document, domain);
  set (domain, "type", self->virt_type);
  add_text (domain, "name", self->name);
  if (self->title != NULL)
    add_text (domain, "title", self->title);
  if (self->description != NULL)
    add_text (domain, "description", self->description);
  add_metadata (domain, self);
  add_number (domain, "memory", "KiB", self->memory_kib);
  add_number (domain, "vcpu", NULL, self->vcpus);
  add_os (self, domain);
  add_features (self, domain);
  if (self->cpu_mode != NULL)
    add_with (domain, "cpu", "mode", self->cpu_mode);
  add_clock (self, domain);
  add_text (domain, "on_poweroff", "destroy");
  add_text (domain, "on_reboot", "restart");
  add_text (domain, "on_crash", "destroy");
  if (is_x86 (self))
    {
      xmlNode *pm = add (domain, "pm");

      add_with (pm, "suspend-to-mem", "enabled", "no");
      add_with (pm, "suspend-to-disk", "enabled", "no");
    }
  add_devices (self, domain);
  return kvmm_xml_node_serialise (domain);
}

char *
kvmm_xml_volume_build_disk (const char *name,
                            const char *format,
                            guint64 capacity_bytes,
                            GError **error)
{
  g_autoptr (xmlDoc) document = NULL;
  xmlNode *volume;

  g_return_val_if_fail (name != NULL && format != NULL, NULL);

  if (!kvmm_xml_text_is_writable (name))
    {
      g_autofree char *shown = kvmm_guest_text_sanitise (name, -1);

      g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
                   _ ("“%s” has characters that cannot stand in a definition"), shown);
      return NULL;
    }
  document = xmlNewDoc (BAD_CAST "1.0");
  volume = xmlNewNode (NULL, BAD_CAST "volume");
  xmlDocSetRootElement (document, volume);
  add_text (volume, "name", name);
  add_number (volume, "capacity", "bytes", capacity_bytes);
  if (g_str_equal (format, "raw"))
    add_number (volume, "allocation", "bytes", 0);
  add_with (add (volume, "target"), "format", "type", format);
  return kvmm_xml_node_serialise (volume);
}
