/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-new-device-private.h"

/* The kinds in the order in which they are offered. What is suggested is the first word that the
 * machine can have. */

#define X86 KVMM_XML_NEEDS_X86
#define OLD_PC KVMM_XML_NEEDS_OLD_PC
#define PCIE KVMM_XML_NEEDS_PCIE
#define USB KVMM_XML_NEEDS_USB
#define RIGHTS KVMM_XML_NEEDS_RIGHTS
#define NETWORK KVMM_XML_NEEDS_NETWORK
#define POOL KVMM_XML_NEEDS_POOL
#define VOLUME KVMM_XML_NEEDS_VOLUME
#define SPICE KVMM_XML_NEEDS_SPICE
#define VIRTIOFS KVMM_XML_NEEDS_VIRTIOFS
#define NO_OTHER KVMM_XML_NEEDS_NO_OTHER

const KvmmXmlNewTable kvmm_xml_new_tables[] = {
  { "disk",
    .xml = "<disk type='file' device='disk'><driver name='qemu'/><target/></disk>",
    .fields = {
        { KVMM_XML_NEW_SOURCE, N_ ("Storage"), KVMM_XML_NEW_CHOICE,
          .words = { { "volume", N_ ("A new volume"), POOL },
                     { "existing", N_ ("A volume that is there"), VOLUME },
                     { "path", N_ ("An image or a device") } } },
        { KVMM_XML_NEW_POOL, N_ ("Storage pool"), KVMM_XML_NEW_CHOICE,
          .asks = KVMM_XML_NEW_SOURCE, .answer = "volume" },
        { KVMM_XML_NEW_VOLUME, N_ ("Name of the volume"), KVMM_XML_NEW_TEXT,
          .asks = KVMM_XML_NEW_SOURCE, .answer = "volume" },
        { KVMM_XML_NEW_SIZE_GIB, N_ ("Size (GiB)"), KVMM_XML_NEW_SIZE, .asks = KVMM_XML_NEW_SOURCE,
          .answer = "volume", .value = "20" },
        { KVMM_XML_NEW_FORMAT, N_ ("Format"), KVMM_XML_NEW_CHOICE, .asks = KVMM_XML_NEW_SOURCE,
          .answer = "volume", .words = { { "qcow2" }, { "raw" } } },
        { KVMM_XML_NEW_EXISTING, N_ ("Volume"), KVMM_XML_NEW_CHOICE,
          .asks = KVMM_XML_NEW_SOURCE, .answer = "existing" },
        { KVMM_XML_NEW_PATH, N_ ("Image or device on the host"), KVMM_XML_NEW_FILE,
          .asks = KVMM_XML_NEW_SOURCE, .answer = "path" },
        { KVMM_XML_NEW_PATH_FORMAT, N_ ("Format"), KVMM_XML_NEW_CHOICE,
          .asks = KVMM_XML_NEW_SOURCE, .answer = "path",
          .words = { { "auto", N_ ("As it is found") }, { "qcow2" }, { "raw" } } },
        { "target/@bus", N_ ("Bus"), KVMM_XML_NEW_CHOICE, .caps = "bus",
          .words = { { "virtio", "VirtIO" }, { "scsi", "SCSI" }, { "sata", "SATA", X86 },
                     { "ide", "IDE", OLD_PC }, { "usb", "USB", USB } } },
    } },
  { "cdrom",
    N_ ("CD/DVD drive"),
    "media-optical-symbolic",
    .xml = "<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><target/><readonly/>"
           "</disk>",
    .fields = {
        { KVMM_XML_NEW_PATH, N_ ("Disc image on the host"), KVMM_XML_NEW_FILE,
          .is_optional = TRUE },
        { "target/@bus", N_ ("Bus"), KVMM_XML_NEW_CHOICE, .caps = "bus",
          .words = { { "sata", "SATA", PCIE }, { "ide", "IDE", OLD_PC }, { "scsi", "SCSI" },
                     { "usb", "USB", USB } } },
    } },
  { "interface",
    .note = N_ ("A card of the host is shared by macvtap: the machine reaches the network, but not the "
                "host itself."),
    .xml = "<interface type='user'/>",
    .fields = {
        { "@type", N_ ("Connection"), KVMM_XML_NEW_CHOICE,
          .words = { { "network", N_ ("A virtual network"), NETWORK },
                     { "user", N_ ("Outgoing only") },
                     { "bridge", N_ ("A bridge of the host"), RIGHTS },
                     { "direct", N_ ("A card of the host"), RIGHTS } } },
        { "source/@network", N_ ("Network"), KVMM_XML_NEW_CHOICE, .asks = "@type",
          .answer = "network" },
        { "source/@bridge", N_ ("Bridge"), KVMM_XML_NEW_TEXT, .asks = "@type",
          .answer = "bridge" },
        { "source/@dev", N_ ("Host device"), KVMM_XML_NEW_TEXT, .asks = "@type",
          .answer = "direct" },
        { "model/@type", N_ ("Model"), KVMM_XML_NEW_CHOICE,
          .words = { { "virtio", "VirtIO" }, { "e1000e", NULL, PCIE }, { "e1000", NULL, X86 },
                     { "rtl8139", NULL, X86 } } },
        { "mac/@address", N_ ("MAC address (empty: one is chosen)"), KVMM_XML_NEW_TEXT,
          .is_optional = TRUE },
    } },
  { "input",
    .xml = "<input type='tablet' bus='usb'/>",
    .fields = {
        { "@type", N_ ("Type"), KVMM_XML_NEW_CHOICE,
          .words = { { "tablet", N_ ("Tablet") }, { "keyboard", N_ ("Keyboard") },
                     { "mouse", N_ ("Mouse") } } },
        { "@bus", N_ ("Bus"), KVMM_XML_NEW_CHOICE,
          .words = { { "usb", "USB", USB }, { "virtio", "VirtIO" } } },
    } },
  { "graphics",
    .note = N_ ("Without a port it is reached through libvirt, as this program does."),
    .xml = "<graphics type='vnc' port='-1' autoport='yes'><listen type='none'/></graphics>",
    .fields = {
        { "@type", N_ ("Type"), KVMM_XML_NEW_CHOICE, .caps = "type",
          .words = { { "vnc", "VNC", NO_OTHER }, { "spice", "SPICE", NO_OTHER } } },
        { "listen/@type", N_ ("Listens on"), KVMM_XML_NEW_CHOICE,
          .words = { { "none", N_ ("No port") },
                     { "address", N_ ("A host address") } } },
        { "listen/@address", N_ ("Address"), KVMM_XML_NEW_TEXT, .asks = "listen/@type",
          .answer = "address", .value = "127.0.0.1" },
    } },
  { "video",
    .xml = "<video><model type='virtio'/></video>",
    .fields = {
        { "model/@type", N_ ("Model"), KVMM_XML_NEW_CHOICE, .caps = "modelType",
          .words = { { "virtio", "VirtIO" }, { "qxl", "QXL" }, { "vga", "VGA", X86 },
                     { "bochs", "Bochs" }, { "cirrus", "Cirrus", X86 },
                     { "vmvga", "VMware", X86 }, { "ramfb", "ramfb" } } },
    } },
  { "sound",
    .xml = "<sound model='ich9'/>",
    .fields = {
        { "@model", N_ ("Model"), KVMM_XML_NEW_CHOICE,
          .words = { { "ich9", "HDA (ICH9)" }, { "ich6", "HDA (ICH6)" }, { "ac97", "AC97", X86 },
                     { "usb", "USB", USB } } },
    } },
  { "serial",
    .xml = "<serial type='pty'/>",
    .fields = {
        { "@type", N_ ("Connection"), KVMM_XML_NEW_CHOICE,
          .words = { { "pty", N_ ("A console") }, { "file", N_ ("A file") } } },
        { "source/@path", N_ ("File on the host"), KVMM_XML_NEW_FILE, .asks = "@type",
          .answer = "file" },
        { "target/@type", N_ ("Model"), KVMM_XML_NEW_CHOICE,
          .words = { { "isa-serial", "ISA", X86 }, { "pci-serial", "PCI" },
                     { "usb-serial", "USB", USB } } },
    } },
  { "console",
    .xml = "<console type='pty'><target type='virtio'/></console>",
    .fields = {
        { "target/@type", N_ ("Model"), KVMM_XML_NEW_CHOICE, .words = { { "virtio", "VirtIO" } } },
    } },
  { "channel",
    .xml = "<channel type='unix'><target type='virtio'/></channel>",
    .fields = {
        { "target/@name", N_ ("Guest agent"), KVMM_XML_NEW_CHOICE,
          .words = { { KVMM_AGENT_CHANNEL_NAME, N_ ("KVM Manager's"), NO_OTHER },
                     { KVMM_QGA_CHANNEL_NAME, N_ ("QEMU's"), NO_OTHER },
                     { "com.redhat.spice.0", N_ ("SPICE's"), NO_OTHER | SPICE } } },
    } },
  { "rng",
    .xml = "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>",
    .fields = {
        { "backend/@model", N_ ("Source"), KVMM_XML_NEW_CHOICE, .caps = "backendModel",
          .words = { { "random", N_ ("/dev/urandom") },
                     { "builtin", N_ ("QEMU itself") } } },
    } },
  { "watchdog",
    .xml = "<watchdog model='i6300esb' action='reset'/>",
    .fields = {
        { "@model", N_ ("Model"), KVMM_XML_NEW_CHOICE,
          .words = { { "i6300esb", "i6300ESB (PCI)", NO_OTHER },
                     { "ib700", "iB700 (ISA)", NO_OTHER | X86 } } },
        { "@action", N_ ("When it runs out"), KVMM_XML_NEW_CHOICE,
          .words = { { "reset", N_ ("Reset") }, { "shutdown", N_ ("Shut down") },
                     { "poweroff", N_ ("Power off") }, { "pause", N_ ("Pause") },
                     { "dump", N_ ("Write a core dump") },
                     { "inject-nmi", N_ ("Signal (NMI)") },
                     { "none", N_ ("Nothing") } } },
    } },
  { "tpm",
    .needs = NO_OTHER,
    .xml = "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>",
    .fields = {
        { "@model", N_ ("Model"), KVMM_XML_NEW_CHOICE, .caps = "model",
          .words = { { "tpm-crb", "CRB", X86 }, { "tpm-tis", "TIS" } } },
        { "backend/@type", N_ ("Backend"), KVMM_XML_NEW_CHOICE, .caps = "backendModel",
          .words = { { "emulator", N_ ("Emulated, 2.0") } } },
    } },
  { "memballoon",
    .needs = NO_OTHER,
    .xml = "<memballoon model='virtio'><stats period='5'/></memballoon>",
    .fields = {
        { "@model", N_ ("Model"), KVMM_XML_NEW_CHOICE, .words = { { "virtio", "VirtIO" } } },
    } },
  { "panic",
    .needs = NO_OTHER | X86,
    .xml = "<panic model='isa'/>",
    .fields = {
        { "@model", N_ ("Model"), KVMM_XML_NEW_CHOICE,
          .words = { { "isa", "ISA" }, { "hyperv", "Hyper-V" } } },
    } },
  { "vsock",
    .needs = NO_OTHER,
    .xml = "<vsock model='virtio'><cid auto='yes'/></vsock>",
    .fields = {
        { "@model", N_ ("Model"), KVMM_XML_NEW_CHOICE, .words = { { "virtio", "VirtIO" } } },
    } },
  { "controller",
    .xml = "<controller type='scsi'/>",
    .fields = {
        { "@model", N_ ("Model"), KVMM_XML_NEW_CHOICE,
          .words = { { "virtio-scsi", N_ ("SCSI (VirtIO)") }, { "qemu-xhci", N_ ("USB 3 (xHCI)") },
                     { "virtio-serial", N_ ("Channels (VirtIO)") },
                     { "pcie-root-port", N_ ("PCI Express port"), PCIE } } },
    } },
  { "filesystem",
    .xml = "<filesystem type='mount' accessmode='passthrough'><driver type='virtiofs'/><source/>"
           "<target/></filesystem>",
    .fields = {
        { "source/@dir", N_ ("Folder on the host"), KVMM_XML_NEW_FOLDER },
        { "target/@dir", N_ ("Name in the machine"), KVMM_XML_NEW_TEXT },
        { "driver/@type", N_ ("Driver"), KVMM_XML_NEW_CHOICE, .caps = "driverType",
          .words = { { "virtiofs", "VirtioFS", VIRTIOFS }, { "path", N_ ("9p (slower)") } } },
    } },
  { "hostdev-usb",
    N_ ("USB device of the host"),
    "media-removable-symbolic",
    .needs = USB,
    .xml = "<hostdev mode='subsystem' type='usb'/>",
    .fields = {
        { KVMM_XML_NEW_USB_DEVICE, N_ ("Device"), KVMM_XML_NEW_CHOICE },
    } },
  { "hostdev-pci",
    N_ ("PCI device of the host"),
    .note = N_ ("The host has it no more while the machine runs. It needs an IOMMU that is switched "
                "on, and whatever shares the device's group goes with it."),
    .needs = RIGHTS,
    .xml = "<hostdev mode='subsystem' type='pci'/>",
    .fields = {
        { KVMM_XML_NEW_PCI_DEVICE, N_ ("Device"), KVMM_XML_NEW_CHOICE },
    } },
  { "redirdev",
    .needs = SPICE | USB,
    .xml = "<redirdev bus='usb' type='spicevmc'/>" },
  { NULL },
};

const KvmmXmlNewTable *
kvmm_xml_new_table_find (const char *name)
{
  for (const KvmmXmlNewTable *table = kvmm_xml_new_tables; table->name != NULL; table++)
    if (strcmp (table->name, name) == 0)
      return table;
  return NULL;
}

char *
kvmm_xml_new_table_dup_element (const KvmmXmlNewTable *table)
{
  return g_strndup (table->xml + 1, strcspn (table->xml + 1, " />"));
}
