/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <libxml/relaxng.h>
#include <string.h>

#include "xml/kvmm-xml-compare.h"
#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-host-device.h"
#include "xml/kvmm-xml-host-interface.h"
#include "xml/kvmm-xml-new-device.h"

#define SCHEMA "/usr/share/libvirt/schemas/domain.rng"

#define MACHINE(type, devices)                                                                     \
  "<domain type='qemu'><name>web</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>"               \
  "<os><type arch='x86_64' machine='" type "'>hvm</type></os><devices>" devices                    \
  "</devices></domain>"

#define DISK(target, bus)                                                                          \
  "<disk type='file' device='disk'><source file='/i/" target "'/>"                                 \
  "<target dev='" target "' bus='" bus "'/></disk>"

static const char q35[] = MACHINE ("pc-q35-7.2", DISK ("vda", "virtio"));
static const char old_pc[] = MACHINE ("pc-i440fx-7.2", DISK ("sda", "sata"));
static const char full[] =
    MACHINE ("q35",
             "<controller type='usb' model='none'/><memballoon model='virtio'/>"
             "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>"
             "<vsock model='virtio'><cid auto='yes'/></vsock><panic model='isa'/>"
             "<graphics type='vnc'/><graphics type='spice'/>"
             "<channel type='unix'><target type='virtio' name='org.kvmmanager.agent.1'/>"
             "</channel><channel type='unix'><target type='virtio' "
             "name='org.qemu.guest_agent.0'/></channel><channel type='spicevmc'>"
             "<target type='virtio' name='com.redhat.spice.0'/></channel>");

/* ---- what is asked of the machine and its host ---- */

static GPtrArray *
words (const char *word)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_free);

  g_ptr_array_add (list, g_strdup (word));
  return list;
}

#define USB_DEVICE(bus, device, vendor, product)                                                   \
  "<device><name>usb</name><capability type='usb_device'><bus>" bus "</bus><device>" device        \
  "</device><product id='" product "'>Key</product><vendor id='" vendor "'>Maker</vendor>"         \
  "</capability></device>"
#define PCI_DEVICE(class, slot)                                                                    \
  "<device><name>pci</name><capability type='pci'><class>" class "</class><domain>0</"             \
                                                                 "domain><bus>10</bus><slot>" slot \
                                                                 "</slot><function>1</function>"   \
                                                                 "<product "                       \
                                                                 "id='0x1533'>Card</"              \
                                                                 "product><vendor "                \
                                                                 "id='0x8086'>Intel</vendor></"    \
                                                                 "capability></device>"

static const char *const nodes[] = {
  USB_DEVICE ("1", "1", "0x1d6b", "0x0002"),
  USB_DEVICE ("1", "2", "0x0951", "0x1666"),
  USB_DEVICE ("1", "3", "0x046d", "0xc52b"),
  USB_DEVICE ("2", "13", "0x046d", "0xc52b"),
  PCI_DEVICE ("0x060400", "1"),
  PCI_DEVICE ("0x020000", "25"),
  "<device><capability type='pci'><domain>0</domain></capability></device>",
  "<device><capability type='usb_device'><bus>one</bus></capability></device>",
  "<device/>",
  "no xml",
};

static GPtrArray *
list_devices (void)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_xml_host_device_free);

  for (guint i = 0; i < G_N_ELEMENTS (nodes); i++)
    {
      KvmmXmlHostDevice *device = kvmm_xml_host_device_parse (nodes[i]);

      if (device != NULL)
        g_ptr_array_add (list, device);
    }
  return list;
}

static GPtrArray *
list_kinds (const char *xml, KvmmXmlMachineOptions *options, gboolean is_session)
{
  g_autoptr (GPtrArray) pools = words ("pool");
  g_autoptr (GPtrArray) networks = words ("default");
  g_autoptr (GPtrArray) devices = list_devices ();
  KvmmXmlNewHost host = { options, networks, pools, pools, devices, FALSE, is_session };
  g_autoptr (GError) error = NULL;
  GPtrArray *kinds = kvmm_xml_new_device_list_kinds (xml, NULL, &host, &error);

  g_assert_no_error (error);
  return kinds;
}

static const KvmmXmlNewKind *
find_kind (GPtrArray *kinds, const char *name)
{
  for (guint i = 0; i < kinds->len; i++)
    if (strcmp (((KvmmXmlNewKind *) kinds->pdata[i])->name, name) == 0)
      return kinds->pdata[i];
  g_assert_not_reached ();
}

static const KvmmXmlNewField *
find_field (const KvmmXmlNewKind *kind, const char *path)
{
  for (guint i = 0; i < kind->fields->len; i++)
    if (strcmp (((KvmmXmlNewField *) kind->fields->pdata[i])->path, path) == 0)
      return kind->fields->pdata[i];
  return NULL;
}

static gboolean
has_word (GPtrArray *kinds, const char *kind, const char *path, const char *word)
{
  return g_ptr_array_find_with_equal_func (find_field (find_kind (kinds, kind), path)->words, word,
                                           g_str_equal, NULL);
}

static void
test_suggests_what_the_machine_has (void)
{
  static const char first[] = MACHINE (
      "pc-i440fx-7.2", "<disk type='file' device='cdrom'><target dev='hdc' bus='ide'/>"
                       "</disk>" DISK ("sda", "sata") "<interface type='user'>"
                                                      "<model type='rtl8139'/></interface>");
  g_autoptr (GPtrArray) kinds = list_kinds (first, NULL, FALSE);
  g_autoptr (GPtrArray) others = list_kinds (q35, NULL, FALSE);

  g_assert_cmpstr (find_field (find_kind (kinds, "disk"), "target/@bus")->value, ==, "sata");
  g_assert_cmpstr (find_field (find_kind (kinds, "interface"), "model/@type")->value, ==,
                   "rtl8139");
  g_assert_cmpstr (find_field (find_kind (kinds, "cdrom"), "target/@bus")->value, ==, "ide");
  g_assert_cmpstr (find_field (find_kind (others, "disk"), "target/@bus")->value, ==, "virtio");
  g_assert_cmpstr (find_field (find_kind (others, "interface"), "model/@type")->value, ==,
                   "virtio");
  g_assert_cmpstr (find_field (find_kind (others, "cdrom"), "target/@bus")->value, ==, "sata");
  g_assert_cmpstr (find_field (find_kind (others, "disk"), KVMM_XML_NEW_VOLUME)->value, ==,
                   "web-vdb");
}

static void
test_offers_what_the_machine_can_have (void)
{
  g_autoptr (GPtrArray) new_kinds = list_kinds (q35, NULL, FALSE);
  g_autoptr (GPtrArray) old_kinds = list_kinds (old_pc, NULL, TRUE);

  g_assert_false (has_word (new_kinds, "disk", "target/@bus", "ide"));
  g_assert_true (has_word (old_kinds, "disk", "target/@bus", "ide"));
  g_assert_true (has_word (new_kinds, "interface", "@type", "bridge"));
  g_assert_false (has_word (old_kinds, "interface", "@type", "bridge"));
  g_assert_true (has_word (new_kinds, "interface", "model/@type", "e1000e"));
  g_assert_false (has_word (old_kinds, "interface", "model/@type", "e1000e"));
  g_assert_null (find_kind (new_kinds, "filesystem")->refusal);
  g_assert_true (has_word (new_kinds, "filesystem", "driver/@type", "virtiofs"));
  g_assert_null (find_kind (old_kinds, "filesystem")->refusal);
  g_assert_nonnull (find_kind (new_kinds, "redirdev")->refusal);
}

static void
test_refuses_a_second_one (void)
{
  static const char *const single[] = {
    "tpm", "vsock", "panic", "memballoon", "graphics", "channel"
  };
  g_autoptr (GPtrArray) kinds = list_kinds (full, NULL, FALSE);
  g_autoptr (GPtrArray) others = list_kinds (q35, NULL, FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (single); i++)
    {
      g_test_message ("%s", single[i]);
      g_assert_nonnull (find_kind (kinds, single[i])->refusal);
      g_assert_null (find_kind (others, single[i])->refusal);
    }
  /* USB is off. */
  g_assert_nonnull (find_kind (kinds, "redirdev")->refusal);
  g_assert_false (has_word (kinds, "input", "@bus", "usb"));
}

static void
test_offers_what_the_host_has (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmXmlMachineOptions) options = kvmm_xml_machine_options_parse (
      "<domainCapabilities><domain>qemu</domain><arch>x86_64</arch><machine>q35</machine><devices>"
      "<disk supported='yes'><enum name='bus'><value>sata</value><value>usb</value></enum></disk>"
      "<graphics supported='yes'><enum name='type'><value>vnc</value></enum></graphics>"
      "<video supported='yes'><enum name='modelType'><value>vga</value></enum></video>"
      "<rng supported='no'/><tpm supported='yes'><enum name='backendModel'>"
      "<value>passthrough</value></enum></tpm></devices></domainCapabilities>",
      &error);
  g_autoptr (GPtrArray) kinds = NULL;

  g_assert_no_error (error);
  kinds = list_kinds (q35, options, FALSE);
  g_assert_false (has_word (kinds, "disk", "target/@bus", "virtio"));
  g_assert_true (has_word (kinds, "disk", "target/@bus", "sata"));
  g_assert_false (has_word (kinds, "graphics", "@type", "spice"));
  g_assert_false (has_word (kinds, "video", "model/@type", "qxl"));
  g_assert_nonnull (find_kind (kinds, "rng")->refusal);
  g_assert_nonnull (find_kind (kinds, "tpm")->refusal);
  /* Of what the host does not tell nobody knows. */
  g_assert_null (find_kind (kinds, "sound")->refusal);
}

/* A session has it from libvirt 10 on; what is not known is not promised. */
static void
test_a_session_has_virtiofs_since_libvirt_10 (void)
{
  static const struct
  {
    gboolean is_session;
    guint64 version;
    gboolean has_virtiofs;
  } rows[] = {
    { TRUE, 0, FALSE },
    { TRUE, 9010000, FALSE },
    { TRUE, 10000000, TRUE },
    { FALSE, 0, TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      KvmmXmlNewHost host = { .is_session = rows[i].is_session,
                              .libvirt_version = rows[i].version };
      g_autoptr (GPtrArray) kinds = kvmm_xml_new_device_list_kinds (q35, NULL, &host, NULL);
      const KvmmXmlNewKind *kind = find_kind (kinds, "filesystem");

      g_assert_null (kind->refusal);
      g_assert_cmpint (has_word (kinds, "filesystem", "driver/@type", "virtiofs"), ==,
                       rows[i].has_virtiofs);
      g_assert_true (has_word (kinds, "filesystem", "driver/@type", "path"));
      g_assert_nonnull (
          strstr (kind->note, rows[i].has_virtiofs ? "shares the machine's memory" : "10.0"));
      g_assert_cmpstr (find_field (kind, "driver/@type")->value, ==,
                       rows[i].has_virtiofs ? "virtiofs" : "path");
    }
}

static void
test_a_host_without_virtiofs_offers_9p (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmXmlMachineOptions) options = kvmm_xml_machine_options_parse (
      "<domainCapabilities><devices><filesystem supported='yes'><enum name='driverType'>"
      "<value>path</value><value>handle</value></enum></filesystem></devices></domainCapabilities>",
      &error);
  g_autoptr (GPtrArray) kinds = NULL;

  g_assert_no_error (error);
  kinds = list_kinds (q35, options, FALSE);
  g_assert_false (has_word (kinds, "filesystem", "driver/@type", "virtiofs"));
  g_assert_true (has_word (kinds, "filesystem", "driver/@type", "path"));
  g_assert_nonnull (strstr (find_kind (kinds, "filesystem")->note, "does not offer VirtioFS"));
}

static void
test_a_host_without_vsock_offers_none (void)
{
  KvmmXmlNewHost host = { .lacks_vsock = TRUE };
  g_autoptr (GPtrArray) kinds = kvmm_xml_new_device_list_kinds (q35, NULL, &host, NULL);

  g_assert_nonnull (find_kind (kinds, "vsock")->refusal);
  /* Nor has it a pool or a network. */
  g_assert_false (has_word (kinds, "disk", KVMM_XML_NEW_SOURCE, "volume"));
  g_assert_false (has_word (kinds, "interface", "@type", "network"));
}

static void
test_offers_devices_of_the_host (void)
{
  g_autoptr (GPtrArray) kinds = list_kinds (q35, NULL, FALSE);
  g_autoptr (GPtrArray) of_session = list_kinds (q35, NULL, TRUE);
  const KvmmXmlNewField *usb =
      find_field (find_kind (kinds, "hostdev-usb"), KVMM_XML_NEW_USB_DEVICE);
  const KvmmXmlNewField *pci =
      find_field (find_kind (kinds, "hostdev-pci"), KVMM_XML_NEW_PCI_DEVICE);

  /* Neither hubs nor bridges; of twins the place. */
  g_assert_cmpuint (usb->words->len, ==, 3);
  g_assert_cmpstr (usb->words->pdata[0], ==, "0x0951:0x1666");
  g_assert_cmpstr (usb->words->pdata[1], ==, "0x046d:0xc52b@1.3");
  g_assert_cmpstr (usb->words->pdata[2], ==, "0x046d:0xc52b@2.13");
  g_assert_cmpstr (usb->labels->pdata[0], ==, "001:002 Maker Key");
  g_assert_cmpuint (pci->words->len, ==, 1);
  g_assert_cmpstr (pci->words->pdata[0], ==, "0000:0a:19.1");
  g_assert_nonnull (find_kind (of_session, "hostdev-pci")->refusal);
}

/* ---- elements ---- */

typedef struct
{
  const char *path; /* of the test */
  const char *xml;
  const char *live; /* (nullable) */
  const char *kind;
  const char *values; /* "path=value;…" */
  const char *expected;
} Case;

static const Case cases[] = {
  { "a-disk-gets-the-next-name", q35, NULL, "disk",
    ":source=path;:detect=auto;:path=/i/a & b.qcow2;driver/@type=qcow2;target/@bus=virtio",
    "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><target bus='virtio' "
    "dev='vdb'/><source file='/i/a &amp; b.qcow2'/></disk>" },
  { "a-name-of-the-running-machine-is-taken", q35,
    MACHINE ("q35", DISK ("vda", "virtio") DISK ("vdb", "virtio")), "disk",
    ":source=volume;:pool=p;:volume=v;:size=1;:format=raw;:path=/p/v;driver/@type=raw;"
    "target/@bus=virtio",
    "<disk type='file' device='disk'><driver name='qemu' type='raw'/><target bus='virtio' "
    "dev='vdc'/><source file='/p/v'/></disk>" },
  { "a-block-device-is-one", q35, NULL, "disk",
    ":source=path;:detect=auto;:path=/dev/sdz;driver/@type=raw;target/@bus=virtio",
    "<disk type='block' device='disk'><driver name='qemu' type='raw'/><target bus='virtio' "
    "dev='vdb'/><source dev='/dev/sdz'/></disk>" },
  { "a-sata-disk-gets-a-place", old_pc, NULL, "disk",
    ":source=path;:detect=raw;:path=/i/b;driver/@type=raw;target/@bus=sata",
    "<disk type='file' device='disk'><driver name='qemu' type='raw'/><target bus='sata' "
    "dev='sdb'/><source file='/i/b'/><address type='drive' controller='0' bus='0' target='0' "
    "unit='1'/></disk>" },
  { "an-empty-drive", q35, NULL, "cdrom", "target/@bus=sata",
    "<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><target bus='sata' "
    "dev='sda'/><readonly/><address type='drive' controller='0' bus='0' target='0' unit='0'/>"
    "</disk>" },
  { "a-card-on-a-network", q35, NULL, "interface",
    "@type=network;source/@network=default;source/@bridge=br0;model/@type=virtio",
    "<interface type='network'><source network='default'/><model type='virtio'/></interface>" },
  { "a-card-on-a-bridge", q35, NULL, "interface",
    "@type=bridge;source/@network=default;source/@bridge=br0;model/@type=e1000e;"
    "mac/@address=52:54:00:00:00:07",
    "<interface type='bridge'><source bridge='br0'/><model type='e1000e'/><mac "
    "address='52:54:00:00:00:07'/></interface>" },
  { "a-screen-without-a-port", q35, NULL, "graphics", "@type=vnc;listen/@type=none",
    "<graphics type='vnc'><listen type='none'/></graphics>" },
  { "a-screen-on-an-address", q35, NULL, "graphics",
    "@type=spice;listen/@type=address;listen/@address=127.0.0.1",
    "<graphics type='spice' port='-1' autoport='yes'><listen type='address' "
    "address='127.0.0.1'/></graphics>" },
  { "the-channel-of-spice", q35, NULL, "channel", "target/@name=com.redhat.spice.0",
    "<channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0'/></channel>" },
  { "a-generator-of-qemus-own", q35, NULL, "rng", "backend/@model=builtin",
    "<rng model='virtio'><backend model='builtin'/></rng>" },
  { "a-controller-for-channels", q35, NULL, "controller", "@model=virtio-serial",
    "<controller type='virtio-serial'/>" },
  { "a-usb-device", q35, NULL, "hostdev-usb", ":usb-device=0x0951:0x1666",
    "<hostdev mode='subsystem' type='usb' managed='yes'><source><vendor id='0x951'/>"
    "<product id='0x1666'/></source></hostdev>" },
  { "one-of-two-usb-devices", q35, NULL, "hostdev-usb", ":usb-device=0x046d:0xc52b@2.13",
    "<hostdev mode='subsystem' type='usb' managed='yes'><source><vendor id='0x46d'/>"
    "<product id='0xc52b'/><address bus='2' device='13'/></source></hostdev>" },
  { "a-pci-device", q35, NULL, "hostdev-pci", ":pci-device=0000:0a:19.1",
    "<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0' "
    "bus='0xa' slot='0x19' function='0x1'/></source></hostdev>" },
  { "a-folder", q35, NULL, "filesystem",
    "source/@dir=/srv/a & b;target/@dir=a-b;driver/@type=virtiofs",
    "<filesystem type='mount' accessmode='passthrough'><driver type='virtiofs'/>"
    "<source dir='/srv/a &amp; b'/><target dir='a-b'/></filesystem>" },
  { "a-folder-of-9p", q35, NULL, "filesystem", "source/@dir=/srv;target/@dir=srv;driver/@type=path",
    "<filesystem type='mount' accessmode='mapped'><driver type='path'/><source dir='/srv'/>"
    "<target dir='srv'/></filesystem>" },
  { "a-controller-for-usb", q35, NULL, "controller", "@model=qemu-xhci",
    "<controller type='usb' model='qemu-xhci'/>" },
};

static GHashTable *
parse_values (const char *text)
{
  g_auto (GStrv) pairs = g_strsplit (text, ";", -1);
  GHashTable *values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (guint i = 0; pairs[i] != NULL; i++)
    {
      char *value = strchr (pairs[i], '=');

      if (value == NULL)
        continue;
      *value++ = '\0';
      g_hash_table_insert (values, g_strdup (pairs[i]), g_strdup (value));
    }
  return values;
}

static void
test_build (gconstpointer data)
{
  const Case *self = data;
  g_autoptr (GHashTable) values = parse_values (self->values);
  g_autoptr (GError) error = NULL;
  g_autofree char *xml =
      kvmm_xml_new_device_build (self->xml, self->live, self->kind, values, &error);
  g_autofree char *whole = NULL;
  g_autofree char *expected = NULL;

  g_assert_no_error (error);
  whole = g_strdup_printf ("<domain>%s</domain>", xml);
  expected = g_strdup_printf ("<domain>%s</domain>", self->expected);
  if (!kvmm_xml_same (whole, expected))
    g_assert_cmpstr (xml, ==, self->expected);
}

static void
test_refuses_what_cannot_be (void)
{
  static const struct
  {
    const char *kind;
    const char *values;
    const char *named; /* in the message */
  } mistakes[] = {
    { "disk", ":source=path;target/@bus=virtio", "Image or device" },
    { "disk", ":source=path;:path=i/b;:detect=raw;target/@bus=virtio", "/" },
    { "disk", ":source=path;:path=/i/b;:detect=raw;target/@bus=none", "Bus" },
    { "interface", "@type=bridge;model/@type=virtio", "Bridge" },
    { "interface", "@type=user;model/@type=virtio;mac/@address=01:00", "MAC" },
    { "hostdev-pci", ":pci-device=first", "no device" },
    { "hostdev-usb", "", "Device" },
    { "serial", "@type=file;target/@type=isa-serial", "File" },
    { "filesystem", "source/@dir=srv;target/@dir=t;driver/@type=virtiofs", "Folder" },
    { "filesystem", "source/@dir=/s;target/@dir=;driver/@type=virtiofs", "Name in the machine" },
    { "filesystem",
      "source/@dir=/s;target/@dir=0123456789012345678901234567890123456;driver/@type=virtiofs",
      "36" },
    { "filesystem", "source/@dir=/s;target/@dir=01234567890123456789012345678901;driver/@type=path",
      "31" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (mistakes); i++)
    {
      g_autoptr (GHashTable) values = parse_values (mistakes[i].values);
      g_autoptr (GError) error = NULL;
      g_autofree char *xml =
          kvmm_xml_new_device_build (q35, NULL, mistakes[i].kind, values, &error);

      g_test_message ("%s: %s", mistakes[i].values, error != NULL ? error->message : xml);
      g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE);
      g_assert_nonnull (strstr (error->message, mistakes[i].named));
      g_assert_null (xml);
    }
}

/* ---- at once ---- */

static void
test_knows_what_a_running_machine_takes (void)
{
  static const char with_controllers[] = MACHINE (
      "q35", "<controller type='usb' model='qemu-xhci'/><controller type='virtio-serial'/>");
  static const struct
  {
    const char *kind;
    const char *values;
    gboolean is_hot;
    gboolean is_hot_with_controllers;
  } rows[] = {
    { "disk", "target/@bus=virtio", TRUE, TRUE },
    { "disk", "target/@bus=scsi", TRUE, TRUE },
    { "disk", "target/@bus=usb", FALSE, TRUE },
    { "disk", "target/@bus=sata", FALSE, FALSE },
    { "cdrom", "target/@bus=scsi", FALSE, FALSE },
    { "cdrom", "target/@bus=scsi;:path=/a.iso", TRUE, TRUE },
    { "cdrom", "target/@bus=sata;:path=/a.iso", FALSE, FALSE },
    { "interface", "@type=user", TRUE, TRUE },
    { "input", "@bus=usb", FALSE, TRUE },
    { "input", "@bus=virtio", TRUE, TRUE },
    { "channel", "target/@name=a", FALSE, TRUE },
    { "rng", "backend/@model=random", TRUE, TRUE },
    { "watchdog", "@model=i6300esb", TRUE, TRUE },
    { "watchdog", "@model=ib700", FALSE, FALSE },
    { "controller", "@model=virtio-scsi", TRUE, TRUE },
    { "controller", "@model=qemu-xhci", FALSE, FALSE },
    { "filesystem", "target/@dir=t;driver/@type=virtiofs", FALSE, FALSE },
    { "sound", "@model=ich9", FALSE, FALSE },
    { "video", "model/@type=virtio", FALSE, FALSE },
    { "graphics", "@type=vnc", FALSE, FALSE },
    { "tpm", "@model=tpm-crb", FALSE, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GHashTable) values = parse_values (rows[i].values);

      g_test_message ("%s %s", rows[i].kind, rows[i].values);
      g_assert_cmpint (kvmm_xml_new_device_is_hot (q35, rows[i].kind, values), ==, rows[i].is_hot);
      g_assert_cmpint (kvmm_xml_new_device_is_hot (with_controllers, rows[i].kind, values), ==,
                       rows[i].is_hot_with_controllers);
    }
}

/* ---- in the definition ---- */

static void
test_a_balloon_takes_the_place_of_none (void)
{
  g_autoptr (KvmmXmlEdit) edit =
      kvmm_xml_edit_open (MACHINE ("q35", "<memballoon model='none'/>"), NULL);
  g_autofree char *model = NULL;

  g_assert_true (kvmm_xml_new_device_add (edit, "<memballoon model='virtio'/>", NULL));
  g_assert_cmpuint (kvmm_xml_edit_count (edit, "memballoon"), ==, 1);
  model = kvmm_xml_edit_get (edit, "memballoon", 0, "@model");
  g_assert_cmpstr (model, ==, "virtio");
}

static void
test_a_shared_folder_shares_the_memory (void)
{
  g_autoptr (KvmmXmlEdit) edit = kvmm_xml_edit_open (q35, NULL);
  g_autofree char *mode = NULL;
  g_autofree char *source = NULL;

  g_assert_true (kvmm_xml_new_device_add (
      edit,
      "<filesystem type='mount'><driver type='virtiofs'/><source dir='/srv'/><target dir='t'/>"
      "</filesystem>",
      NULL));
  mode = kvmm_xml_edit_get (edit, "domain/memory", 0, "memoryBacking/access/@mode");
  source = kvmm_xml_edit_get (edit, "domain/memory", 0, "memoryBacking/source/@type");
  g_assert_cmpstr (mode, ==, "shared");
  g_assert_cmpstr (source, ==, "memfd");
}

/* ---- libvirt's schema ---- */

static const char *
example_of (const KvmmXmlNewField *field)
{
  static const char *const examples[][2] = {
    { KVMM_XML_NEW_PATH, "/i/x.img" }, { "source/@bridge", "br0" },
    { "source/@dev", "eth0" },         { "source/@path", "/l/x.log" },
    { "source/@dir", "/srv" },         { "mac/@address", "52:54:00:00:00:07" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (examples); i++)
    if (strcmp (examples[i][0], field->path) == 0)
      return examples[i][1];
  return field->value;
}

static void
validate (xmlRelaxNGValidCtxtPtr schema,
          const char *definition,
          const KvmmXmlNewKind *kind,
          const char *path,
          const char *word)
{
  g_autoptr (GHashTable) values = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (KvmmXmlEdit) edit = kvmm_xml_edit_open (definition, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = NULL;
  g_autofree char *whole = NULL;
  xmlDoc *document;

  for (guint i = 0; i < kind->fields->len; i++)
    {
      const KvmmXmlNewField *field = kind->fields->pdata[i];

      g_hash_table_insert (values, (gpointer) field->path, (gpointer) example_of (field));
    }
  if (path != NULL)
    g_hash_table_insert (values, (gpointer) path, (gpointer) word);
  if (strcmp (kind->name, "disk") == 0)
    g_hash_table_insert (values, (gpointer) "driver/@type", (gpointer) "qcow2");
  xml = kvmm_xml_new_device_build (definition, NULL, kind->name, values, &error);
  g_assert_no_error (error);
  g_assert_true (kvmm_xml_new_device_add (edit, xml, &error));
  whole = kvmm_xml_edit_dup_xml (edit);
  document = xmlReadMemory (whole, (int) strlen (whole), "d.xml", NULL, XML_PARSE_NONET);
  g_assert_nonnull (document);
  if (xmlRelaxNGValidateDoc (schema, document) != 0)
    g_error ("%s: %s", kind->name, xml);
  xmlFreeDoc (document);
}

static void
test_is_what_the_schema_says (void)
{
  static const char with_spice[] = MACHINE ("q35", "<graphics type='spice'/>");
  const char *const definitions[] = { q35, old_pc, with_spice };
  xmlRelaxNGParserCtxtPtr parser;
  xmlRelaxNGPtr schema;
  xmlRelaxNGValidCtxtPtr context;
  guint n_validated = 0;

  if (!g_file_test (SCHEMA, G_FILE_TEST_EXISTS))
    {
      g_test_skip ("libvirt's schema is not installed: " SCHEMA);
      return;
    }
  parser = xmlRelaxNGNewParserCtxt (SCHEMA);
  schema = xmlRelaxNGParse (parser);
  g_assert_nonnull (schema);
  context = xmlRelaxNGNewValidCtxt (schema);
  for (guint d = 0; d < G_N_ELEMENTS (definitions); d++)
    {
      g_autoptr (GPtrArray) kinds = list_kinds (definitions[d], NULL, FALSE);

      for (guint k = 0; k < kinds->len; k++)
        {
          const KvmmXmlNewKind *kind = kinds->pdata[k];

          if (kind->refusal != NULL)
            continue;
          validate (context, definitions[d], kind, NULL, NULL);
          n_validated++;
          for (guint f = 0; f < kind->fields->len; f++)
            {
              const KvmmXmlNewField *field = kind->fields->pdata[f];

              for (guint w = 0; field->words != NULL && w < field->words->len; w++)
                validate (context, definitions[d], kind, field->path, field->words->pdata[w]);
            }
        }
    }
  g_assert_cmpuint (n_validated, >, 40);
  xmlRelaxNGFreeValidCtxt (context);
  xmlRelaxNGFree (schema);
  xmlRelaxNGFreeParserCtxt (parser);
}

/* A name may still be typed: it is a text with suggestions. */
static void
test_suggests_what_the_host_has (void)
{
  KvmmXmlHostInterface bridge = { (char *) "br0", TRUE }, card = { (char *) "eth0", FALSE };
  g_autoptr (GPtrArray) interfaces = g_ptr_array_new ();
  g_autoptr (GPtrArray) volumes = words ("/pool/old.qcow2");
  g_autoptr (GPtrArray) labels = words ("old.qcow2 (pool, 8 MiB)");
  KvmmXmlNewHost host = { .interfaces = interfaces, .volumes = volumes, .volume_labels = labels };
  g_autoptr (GPtrArray) kinds = NULL;
  const KvmmXmlNewField *field;

  g_ptr_array_add (interfaces, &bridge);
  g_ptr_array_add (interfaces, &card);
  kinds = kvmm_xml_new_device_list_kinds (q35, NULL, &host, NULL);
  field = find_field (find_kind (kinds, "interface"), "source/@bridge");
  g_assert_cmpint (field->type, ==, KVMM_XML_NEW_TEXT);
  g_assert_cmpuint (field->words->len, ==, 1);
  g_assert_cmpstr (field->value, ==, "br0");
  field = find_field (find_kind (kinds, "interface"), "source/@dev");
  g_assert_cmpuint (field->words->len, ==, 1);
  g_assert_cmpstr (field->value, ==, "eth0");
  field = find_field (find_kind (kinds, "disk"), KVMM_XML_NEW_EXISTING);
  g_assert_cmpstr (field->value, ==, "/pool/old.qcow2");
  g_assert_cmpstr (field->labels->pdata[0], ==, "old.qcow2 (pool, 8 MiB)");
  g_assert_true (has_word (kinds, "disk", KVMM_XML_NEW_SOURCE, "existing"));
  host.volumes = NULL;
  g_ptr_array_unref (kinds);
  kinds = kvmm_xml_new_device_list_kinds (q35, NULL, &host, NULL);
  g_assert_false (has_word (kinds, "disk", KVMM_XML_NEW_SOURCE, "existing"));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add_func ("/xml/new-device/" path, func)
  ADD ("suggests-what-the-machine-has", test_suggests_what_the_machine_has);
  ADD ("offers-what-the-machine-can-have", test_offers_what_the_machine_can_have);
  ADD ("offers-what-the-host-has", test_offers_what_the_host_has);
  ADD ("a-session-has-virtiofs-since-libvirt-10", test_a_session_has_virtiofs_since_libvirt_10);
  ADD ("a-host-without-virtiofs-offers-9p", test_a_host_without_virtiofs_offers_9p);
  ADD ("a-host-without-vsock-offers-none", test_a_host_without_vsock_offers_none);
  ADD ("offers-devices-of-the-host", test_offers_devices_of_the_host);
  ADD ("suggests-what-the-host-has", test_suggests_what_the_host_has);
  ADD ("refuses-a-second-one", test_refuses_a_second_one);
  ADD ("refuses-what-cannot-be", test_refuses_what_cannot_be);
  ADD ("knows-what-a-running-machine-takes", test_knows_what_a_running_machine_takes);
  ADD ("a-balloon-takes-the-place-of-none", test_a_balloon_takes_the_place_of_none);
  ADD ("a-shared-folder-shares-the-memory", test_a_shared_folder_shares_the_memory);
  ADD ("is-what-the-schema-says", test_is_what_the_schema_says);
#undef ADD
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/xml/new-device/build/%s", cases[i].path);

      g_test_add_data_func (path, &cases[i], test_build);
    }
  return g_test_run ();
}
