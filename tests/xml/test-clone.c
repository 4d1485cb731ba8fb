/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <string.h>

#include "xml/kvmm-xml-clone.h"
#include "xml/kvmm-xml-domain.h"

static const KvmmXmlCloneDisk choices[] = {
  { "vda", KVMM_XML_CLONE_REPLACE, "/new/a & b.qcow2", NULL, NULL, "qcow2" },
  { "vdb", KVMM_XML_CLONE_REPLACE, NULL, "p", "v", NULL },
  { "vdc", KVMM_XML_CLONE_SHARE, NULL, NULL, NULL, NULL },
  { "vdd", KVMM_XML_CLONE_OMIT, NULL, NULL, NULL, NULL },
  { "sda", KVMM_XML_CLONE_OMIT, NULL, NULL, NULL, NULL },
};

typedef struct
{
  const char *path;
  const char *before; /* children of the document */
  const char *after;
} Case;

#define DEVICES(text) "<devices>" text "</devices>"

static const Case cases[] = {
  { "uuid-goes", "<uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid><vcpu>2</vcpu>",
    "<vcpu>2</vcpu>" },
  { "generation-id-is-new", "<genid>43dc0cf8-809b-4adb-9bea-a9abb5f3d90e</genid>", "<genid/>" },
  { "title-and-foreign-metadata-stay",
    "<title>T &amp; U</title><metadata><x:y xmlns:x='u:x'>1</x:y></metadata><odd a='1'/>",
    "<title>T &amp; U</title><metadata><x:y xmlns:x='u:x'>1</x:y></metadata><odd a='1'/>" },
  { "what-is-made-of-a-template-is-none",
    "<metadata><k:machine xmlns:k='https://kvmmanager.org/xmlns/domain/1.0'><k:template/>"
    "<k:tag>t</k:tag></k:machine><x:template xmlns:x='u:x'/></metadata>",
    "<metadata><k:machine xmlns:k='https://kvmmanager.org/xmlns/domain/1.0'>"
    "<k:tag>t</k:tag></k:machine><x:template xmlns:x='u:x'/></metadata>" },
  { "smbios-loses-its-uuid-only",
    "<sysinfo type='smbios'><system><entry name='uuid'>u</entry><entry name='sku'>s</entry>"
    "</system></sysinfo>",
    "<sysinfo type='smbios'><system><entry name='sku'>s</entry></system></sysinfo>" },
  { "firmware-keeps-its-template-only",
    "<os><loader type='pflash'>/c</loader><nvram template='/t'>/nv/one.fd</nvram></os>",
    "<os><loader type='pflash'>/c</loader><nvram template='/t'/></os>" },
  { "firmware-without-template-goes", "<os><nvram>/nv/one.fd</nvram><boot dev='hd'/></os>",
    "<os><boot dev='hd'/></os>" },
  { "firmware-in-a-source-goes", "<os><nvram type='file'><source file='/nv/one.fd'/></nvram></os>",
    "<os/>" },
  { "mac-and-host-side-names-go",
    DEVICES ("<interface type='bridge'><mac address='52:54:00:00:00:01'/><source bridge='b'/>"
             "<virtualport type='openvswitch'><parameters interfaceid='i' profileid='p'/>"
             "</virtualport><target dev='tap1'/><mtu size='9000'/></interface>"),
    DEVICES ("<interface type='bridge'><source bridge='b'/><virtualport type='openvswitch'>"
             "<parameters profileid='p'/></virtualport><mtu size='9000'/></interface>") },
  { "passt-log-goes",
    DEVICES ("<interface type='user'><backend type='passt' logFile='/l'/></interface>"),
    DEVICES ("<interface type='user'><backend type='passt'/></interface>") },
  { "fixed-ports-become-automatic",
    DEVICES ("<graphics type='vnc' port='5901' autoport='no' websocket='5700' listen='::'/>"
             "<graphics type='spice' port='5902' tlsPort='5903'/>"),
    DEVICES ("<graphics type='vnc' autoport='yes' websocket='-1' listen='::'/>"
             "<graphics type='spice' autoport='yes'/>") },
  { "automatic-ports-stay", DEVICES ("<graphics type='vnc' port='-1' autoport='yes'/>"),
    DEVICES ("<graphics type='vnc' port='-1' autoport='yes'/>") },
  { "display-sockets-go",
    DEVICES ("<graphics type='vnc' socket='/s'><listen type='socket' socket='/s'/></graphics>"),
    DEVICES ("<graphics type='vnc'><listen type='socket'/></graphics>") },
  { "channel-sockets-go",
    DEVICES ("<channel type='unix'><source mode='bind' path='/c/one.sock'/>"
             "<target type='virtio' name='n'/></channel>"),
    DEVICES ("<channel type='unix'><source mode='bind'/><target type='virtio' name='n'/>"
             "</channel>") },
  { "serial-files-are-named-after-the-copy",
    DEVICES ("<serial type='file'><source path='/one/one-s.log'/><log file='/l/x.log'/></serial>"
             "<serial type='unix'><source mode='bind' path='/s/one.sock'/></serial>"),
    DEVICES ("<serial type='file'><source path='/one/two-s.log'/><log file='/l/two-x.log'/>"
             "</serial><serial type='unix'><source mode='bind' path='/s/two.sock'/></serial>") },
  { "sockets-of-others-stay",
    DEVICES ("<serial type='unix'><source mode='connect' path='/s/one.sock'/></serial>"),
    DEVICES ("<serial type='unix'><source mode='connect' path='/s/one.sock'/></serial>") },
  { "vsock-is-automatic", DEVICES ("<vsock model='virtio'><cid auto='no' address='3'/></vsock>"),
    DEVICES ("<vsock model='virtio'><cid auto='yes'/></vsock>") },
  { "disk-gets-a-file",
    DEVICES ("<disk type='block' device='disk'><driver name='qemu' type='raw' cache='none'/>"
             "<source dev='/dev/x'><encryption format='luks'/></source>"
             "<backingStore type='file'><source file='/b'/></backingStore>"
             "<target dev='vda' bus='virtio'/><serial>S</serial></disk>"),
    DEVICES ("<disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none'/>"
             "<source file='/new/a &amp; b.qcow2'><encryption format='luks'/></source>"
             "<target dev='vda' bus='virtio'/><serial>S</serial></disk>") },
  { "disk-gets-a-volume",
    DEVICES ("<disk type='network'><source protocol='nbd' name='n'><host name='h'/></source>"
             "<target dev='vdb'/></disk>"),
    DEVICES ("<disk type='volume'><source pool='p' volume='v'/><target dev='vdb'/></disk>") },
  { "disk-is-shared",
    DEVICES ("<disk type='file'><source file='/f'/><target dev='vdc'/><shareable/></disk>"),
    DEVICES ("<disk type='file'><source file='/f'/><target dev='vdc'/><shareable/></disk>") },
  { "disk-goes", DEVICES ("<disk type='file'><source file='/f'/><target dev='vdd'/></disk><rng/>"),
    DEVICES ("<rng/>") },
  { "drive-is-emptied",
    DEVICES ("<disk type='file' device='cdrom'><source file='/i'/><target dev='sda'/></disk>"),
    DEVICES ("<disk type='file' device='cdrom'><target dev='sda'/></disk>") },
  { "unnamed-discs-stay",
    DEVICES ("<disk type='file' device='cdrom'><source file='/i'/><target dev='sdz'/></disk>"),
    DEVICES ("<disk type='file' device='cdrom'><source file='/i'/><target dev='sdz'/></disk>") },
};

static char *
document (const char *name, const char *children)
{
  return g_strdup_printf ("<domain type='kvm'><name>%s</name>%s</domain>", name, children);
}

static void
test_case (gconstpointer data)
{
  const Case *self = data;
  g_autofree char *before = document ("one", self->before);
  g_autofree char *after = document ("two", self->after);
  g_autoptr (GError) error = NULL;
  g_autofree char *clone =
      kvmm_xml_domain_clone (before, "two", choices, G_N_ELEMENTS (choices), &error);
  g_autofree char *shown = NULL;

  g_assert_no_error (error);
  g_assert_nonnull (clone);
  shown = g_strdelimit (g_strdup (clone), "\"", '\'');
  g_strchomp (shown);
  g_assert_cmpstr (shown, ==, after);
}

static void
test_refuses_a_disk_that_nobody_decided (void)
{
  g_autofree char *xml =
      document ("one", DEVICES ("<disk type='file'><source file='/f'/><target dev='hda'/></disk>"));
  g_autoptr (GError) error = NULL;

  g_assert_null (kvmm_xml_domain_clone (xml, "two", choices, G_N_ELEMENTS (choices), &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_UNEXPECTED);
  g_assert_nonnull (strstr (error->message, "hda"));
}

static void
test_writes_any_name (void)
{
  g_autofree char *xml = document ("one", "");
  g_autofree char *clone = kvmm_xml_domain_clone (xml, "a & <b>", NULL, 0, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (strstr (clone, "<name>a &amp; &lt;b&gt;</name>"));
  g_assert_null (kvmm_xml_domain_clone (xml, "", NULL, 0, &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_UNEXPECTED);
}

#define VOLUME(target)                                                                             \
  "<volume><name>v</name><capacity unit='KiB'>4</capacity><target>" target "</target></volume>"

static void
test_copies_a_volume (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *xml =
      kvmm_xml_volume_build_copy (VOLUME ("<format type='qcow2'/>"), "qcow2", "w", &error);

  g_assert_no_error (error);
  g_assert_nonnull (strstr (xml, "<name>w</name>"));
  g_assert_nonnull (strstr (xml, ">4096</capacity>"));
}

static void
test_refuses_a_volume_that_is_not_what_it_seems (void)
{
  static const char *const volumes[] = {
    VOLUME ("<format type='qcow2'/>"),
    VOLUME ("<format type='raw'/><encryption format='luks'/>"),
  };

  for (guint i = 0; i < G_N_ELEMENTS (volumes); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (kvmm_xml_volume_build_copy (volumes[i], "raw", "w", &error));
      g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE);
    }
}

#define BASE(type, target)                                                                         \
  "<volume type='" type "'><name>v</name><capacity unit='KiB'>4</capacity><target>"                \
  "<path>/p/a &amp; b</path>" target "</target></volume>"

static void
test_links_a_volume (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *xml =
      kvmm_xml_volume_build_link (BASE ("file", "<format type='raw'/>"), "raw", "w", &error);
  const char *backing;

  g_assert_no_error (error);
  g_assert_nonnull (strstr (xml, "<name>w</name>"));
  g_assert_nonnull (strstr (xml, ">4096</capacity>"));
  g_assert_nonnull (strstr (xml, "<format type=\"qcow2\"/>"));
  backing = strstr (xml, "<backingStore>");
  g_assert_nonnull (backing);
  g_assert_nonnull (strstr (backing, "<path>/p/a &amp; b</path>"));
  g_assert_nonnull (strstr (backing, "<format type=\"raw\"/>"));
}

static void
test_refuses_what_nothing_can_stand_on (void)
{
  static const struct
  {
    const char *xml;
    const char *format;
    const char *word;
  } volumes[] = {
    { BASE ("block", "<format type='raw'/>"), "raw", "file" },
    { BASE ("file", "<format type='vmdk'/>"), "vmdk", "vmdk" },
    { BASE ("file", "<format type='qcow2'/>"), "raw", "qcow2" },
    { BASE ("file", "<format type='raw'/><encryption format='luks'/>"), "raw", "encrypted" },
    { VOLUME ("<format type='raw'/>"), "raw", "where" },
    { "<volume", "raw", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (volumes); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (kvmm_xml_volume_build_link (volumes[i].xml, volumes[i].format, "w", &error));
      g_assert_nonnull (error);
      g_assert_nonnull (strstr (error->message, volumes[i].word));
    }
}

static void
test_copied_firmware_settings_are_named (void)
{
  static const char *const befores[] = {
    "<domain><name>one</name><os><nvram template='/t'>/nv/one.fd</nvram></os></domain>",
    "<domain><name>one</name><os><nvram template='/t' type='file'><source file='/nv/one.fd'/>"
    "</nvram></os></domain>",
  };
  const KvmmXmlCloneDisk settings = { .target = "nvram",
                                      .choice = KVMM_XML_CLONE_REPLACE,
                                      .path = "/nv/a & b.fd" };

  for (guint i = 0; i < G_N_ELEMENTS (befores); i++)
    {
      g_autofree char *clone = kvmm_xml_domain_clone (befores[i], "two", &settings, 1, NULL);

      g_assert_nonnull (strstr (clone, "<nvram template=\"/t\">/nv/a &amp; b.fd</nvram>"));
    }
}

static void
test_a_tpm_of_its_own_is_seen (void)
{
  g_assert_true (kvmm_xml_domain_has_own_tpm (
      "<domain><devices><tpm><backend type='emulator'/></tpm></devices></domain>"));
  g_assert_false (kvmm_xml_domain_has_own_tpm (
      "<domain><devices><tpm><backend type='passthrough'/></tpm></devices></domain>"));
  g_assert_false (kvmm_xml_domain_has_own_tpm ("<domain/>"));
  g_assert_false (kvmm_xml_domain_has_own_tpm ("<domain"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/xml/clone/", cases[i].path, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/xml/clone/refuses-a-disk-that-nobody-decided",
                   test_refuses_a_disk_that_nobody_decided);
  g_test_add_func ("/xml/clone/writes-any-name", test_writes_any_name);
  g_test_add_func ("/xml/clone/copies-a-volume", test_copies_a_volume);
  g_test_add_func ("/xml/clone/refuses-a-volume-that-is-not-what-it-seems",
                   test_refuses_a_volume_that_is_not_what_it_seems);
  g_test_add_func ("/xml/clone/links-a-volume", test_links_a_volume);
  g_test_add_func ("/xml/clone/refuses-what-nothing-can-stand-on",
                   test_refuses_what_nothing_can_stand_on);
  g_test_add_func ("/xml/clone/copied-firmware-settings-are-named",
                   test_copied_firmware_settings_are_named);
  g_test_add_func ("/xml/clone/a-tpm-of-its-own-is-seen", test_a_tpm_of_its_own_is_seen);
  return g_test_run ();
}
