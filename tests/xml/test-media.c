/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <string.h>

#include "test-fixture.h"
#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-media.h"

#define ISO "/var/lib/kvm-manager/kvmmanager-guest-agent.iso"

static GPtrArray *
list_cdroms (const char *fixture)
{
  g_autofree char *xml = test_read_fixture (fixture);
  g_autoptr (GError) error = NULL;
  GPtrArray *cdroms = kvmm_xml_domain_list_cdroms (xml, &error);

  g_assert_no_error (error);
  return cdroms;
}

static void
assert_cdrom (GPtrArray *cdroms, guint index, const char *target, const char *source)
{
  const KvmmXmlCdrom *cdrom = g_ptr_array_index (cdroms, index);

  g_assert_cmpstr (cdrom->target, ==, target);
  g_assert_cmpstr (cdrom->source, ==, source);
  g_assert_cmpint (cdrom->is_empty, ==, source == NULL);
  g_assert_true (g_str_has_prefix (cdrom->xml, "<disk "));
}

static void
test_lists_every_drive (void)
{
  g_autoptr (GPtrArray) cdroms = list_cdroms ("fat-q35.xml");

  g_assert_cmpuint (cdroms->len, ==, 4);
  assert_cdrom (cdroms, 0, "sdb", ISO);
  assert_cdrom (cdroms, 1, "sdc", NULL);
  assert_cdrom (cdroms, 2, "sdd", "https://mirror.example.org:443/debian/netinst.iso");
  assert_cdrom (cdroms, 3, "sde", "default/tools.iso");
  g_assert_true (((KvmmXmlCdrom *) cdroms->pdata[0])->tray_open);
  g_assert_false (((KvmmXmlCdrom *) cdroms->pdata[1])->tray_open);
  g_assert_cmpstr (((KvmmXmlCdrom *) cdroms->pdata[0])->bus, ==, "sata");
}

static void
test_lists_none (void)
{
  g_autoptr (GPtrArray) of_pc = list_cdroms ("pc.xml");
  g_autoptr (GPtrArray) of_empty = list_cdroms ("empty.xml");

  g_assert_cmpuint (of_pc->len, ==, 0);
  g_assert_cmpuint (of_empty->len, ==, 0);
}

static void
test_lists_what_is_odd (void)
{
  g_autoptr (GPtrArray) cdroms = list_cdroms ("markup.xml");

  g_assert_cmpuint (cdroms->len, ==, 2);
  assert_cdrom (cdroms, 0, "<sda>", "/a <b> \"c\" 'd' & e.iso");
  assert_cdrom (cdroms, 1, "", NULL);
}

static void
test_lists_floppies_among_drives (void)
{
  static const char xml[] = "<domain><devices>"
                            "<disk device='floppy'><source file='/a.img'/><target dev='fda' "
                            "bus='fdc'/></disk>"
                            "<disk device='disk'><target dev='vda'/></disk>"
                            "<disk device='cdrom'><target dev='sda' bus='sata'/></disk>"
                            "</devices></domain>";
  g_autoptr (GPtrArray) drives = kvmm_xml_domain_list_drives (xml, NULL);
  g_autoptr (GPtrArray) cdroms = kvmm_xml_domain_list_cdroms (xml, NULL);

  g_assert_cmpuint (drives->len, ==, 2);
  assert_cdrom (drives, 0, "fda", "/a.img");
  assert_cdrom (drives, 1, "sda", NULL);
  g_assert_true (((KvmmXmlCdrom *) drives->pdata[0])->is_floppy);
  g_assert_false (((KvmmXmlCdrom *) drives->pdata[1])->is_floppy);
  g_assert_cmpuint (cdroms->len, ==, 1);
}

static void
test_tells_drives_from_disks (void)
{
  static const struct
  {
    const char *xml;
    const char *target; /* NULL: no drive */
  } cases[] = {
    { "<disk device='cdrom'><target dev='sda'/></disk>", "sda" },
    { "<disk device='floppy'><target dev='fda'/></disk>", "fda" },
    { "<disk device='disk'><target dev='vda'/></disk>", NULL },
    { "<disk device='lun'><target dev='sdb'/></disk>", NULL },
    { "<disk><target dev='vda'/></disk>", NULL },
    { "<interface/>", NULL },
    { "", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (KvmmXmlCdrom) drive = kvmm_xml_drive_parse (cases[i].xml);

      g_assert_cmpstr (drive != NULL ? drive->target : NULL, ==, cases[i].target);
    }
}

static void
test_knows_images_by_their_ending (void)
{
  static const struct
  {
    const char *name;
    gboolean is_disc;
    gboolean is_floppy;
  } cases[] = {
    { "debian.iso", TRUE, FALSE },  { "DEBIAN.ISO", TRUE, FALSE }, { "boot.img", TRUE, TRUE },
    { "drivers.vfd", FALSE, TRUE }, { "web.qcow2", FALSE, FALSE }, { "iso", FALSE, FALSE },
    { "", FALSE, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_assert_cmpint (kvmm_xml_drive_can_hold (FALSE, cases[i].name), ==, cases[i].is_disc);
      g_assert_cmpint (kvmm_xml_drive_can_hold (TRUE, cases[i].name), ==, cases[i].is_floppy);
    }
}

static void
test_inserts_a_floppy (void)
{
  g_autofree char *xml =
      kvmm_xml_cdrom_build_media ("<disk type='block' device='floppy'><driver name='qemu' "
                                  "type='qcow2'/><source dev='/dev/fd0'/>"
                                  "<target dev='fda' bus='fdc'/></disk>",
                                  "/a.img", KVMM_RELABEL_DEFAULT, NULL);

  /* A floppy may be written to. */
  g_assert_cmpstr (xml, ==,
                   "<disk type=\"file\" device=\"floppy\">\n"
                   "  <driver name=\"qemu\" type=\"raw\"/>\n"
                   "  <source file=\"/a.img\" startupPolicy=\"optional\"/>\n"
                   "  <target dev=\"fda\" bus=\"fdc\"/>\n"
                   "</disk>");
}

static void
test_refuses_what_is_no_domain (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (kvmm_xml_domain_list_cdroms ("<network/>", &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_UNEXPECTED);
}

static void
assert_media (guint drive, const char *path, KvmmRelabelFlags relabel, const char *expected)
{
  g_autoptr (GPtrArray) cdroms = list_cdroms ("fat-q35.xml");
  const KvmmXmlCdrom *cdrom = g_ptr_array_index (cdroms, drive);
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = kvmm_xml_cdrom_build_media (cdrom->xml, path, relabel, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (xml, ==, expected);
}

static void
test_inserts_into_an_empty_drive (void)
{
  assert_media (1, ISO, KVMM_RELABEL_NO_DAC,
                "<disk type=\"file\" device=\"cdrom\">\n"
                "  <driver name=\"qemu\" type=\"raw\"/>\n"
                "  <source file=\"" ISO "\" startupPolicy=\"optional\">\n"
                "    <seclabel model=\"dac\" relabel=\"no\"/>\n"
                "  </source>\n"
                "  <target dev=\"sdc\" bus=\"sata\"/>\n"
                "  <readonly/>\n"
                "  <alias name=\"sata0-0-2\"/>\n"
                "  <address type=\"drive\" controller=\"0\" bus=\"0\" target=\"0\" unit=\"2\"/>\n"
                "</disk>");
}

static void
test_replaces_a_medium_of_another_type (void)
{
  assert_media (2, ISO, KVMM_RELABEL_NO_DAC | KVMM_RELABEL_NO_SELINUX,
                "<disk type=\"file\" device=\"cdrom\">\n"
                "  <driver name=\"qemu\" type=\"raw\"/>\n"
                "  <source file=\"" ISO "\" startupPolicy=\"optional\">\n"
                "    <seclabel model=\"dac\" relabel=\"no\"/>\n"
                "    <seclabel model=\"selinux\" relabel=\"no\"/>\n"
                "  </source>\n"
                "  <target dev=\"sdd\" bus=\"sata\"/>\n"
                "  <readonly/>\n"
                "  <address type=\"drive\" controller=\"0\" bus=\"0\" target=\"0\" unit=\"0\"/>\n"
                "</disk>");
}

static void
test_ejects (void)
{
  assert_media (0, NULL, KVMM_RELABEL_NO_DAC,
                "<disk type=\"file\" device=\"cdrom\">\n"
                "  <driver name=\"qemu\" type=\"raw\"/>\n"
                "  <target dev=\"sdb\" bus=\"sata\"/>\n"
                "  <readonly/>\n"
                "  <boot order=\"2\"/>\n"
                "  <alias name=\"sata0-0-1\"/>\n"
                "  <address type=\"drive\" controller=\"0\" bus=\"0\" target=\"0\" unit=\"1\"/>\n"
                "</disk>");
}

static void
test_inserts_a_host_device (void)
{
  g_autofree char *xml = kvmm_xml_cdrom_build_media (
      "<disk type='file' device='cdrom'><target dev='hda' bus='ide'/></disk>", "/dev/sr0",
      KVMM_RELABEL_DEFAULT, NULL);

  g_assert_cmpstr (xml, ==,
                   "<disk type=\"block\" device=\"cdrom\">\n"
                   "  <source dev=\"/dev/sr0\" startupPolicy=\"optional\"/>\n"
                   "  <target dev=\"hda\" bus=\"ide\"/>\n"
                   "  <readonly/>\n"
                   "</disk>");
}

static void
test_escapes_the_path (void)
{
  static const char path[] = "/a \"b\" <c> & 'd'/e.iso";
  g_autofree char *xml =
      kvmm_xml_cdrom_build_media ("<disk device='cdrom'><target dev='hda'/></disk>", path, 0, NULL);
  g_autofree char *domain = g_strconcat ("<domain><devices>", xml, "</devices></domain>", NULL);
  g_autoptr (GPtrArray) cdroms = kvmm_xml_domain_list_cdroms (domain, NULL);

  g_assert_nonnull (cdroms);
  assert_cdrom (cdroms, 0, "hda", path);
}

static void
test_refuses_a_bad_drive_or_path (void)
{
  static const struct
  {
    const char *drive;
    const char *path;
  } cases[] = {
    { "<disk device='disk'><target dev='vda'/></disk>", ISO },
    { "<disk device='cdrom'/>", ISO },
    { "<interface/>", ISO },
    { "<disk device='cdrom'><target dev='hda'/></disk>", "" },
    { "<disk device='cdrom'><target dev='hda'/></disk>", "/bad\xFF.iso" },
    { "<disk device='cdrom'><target dev='hda'/></disk>", "/bad\n.iso" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (kvmm_xml_cdrom_build_media (cases[i].drive, cases[i].path, 0, &error));
      g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_UNEXPECTED);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }
}

static char *
domain_with (const char *machine, const char *devices)
{
  return g_strdup_printf ("<domain><os><type machine='%s'>hvm</type></os>"
                          "<devices>%s</devices></domain>",
                          machine, devices);
}

static void
assert_drive (const char *machine,
              const char *devices,
              const char *force_bus,
              const char *target,
              const char *address)
{
  g_autofree char *domain = domain_with (machine, devices);
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = kvmm_xml_cdrom_build_drive (domain, force_bus, NULL, 0, &error);
  g_autofree char *expected = g_strconcat (
      "<disk type=\"file\" device=\"cdrom\">\n"
      "  <driver name=\"qemu\" type=\"raw\"/>\n"
      "  <target ",
      target, "/>\n  <readonly/>\n", address != NULL ? "  <address type=\"drive\" " : "",
      address != NULL ? address : "", address != NULL ? "/>\n" : "", "</disk>", NULL);

  g_assert_no_error (error);
  g_assert_cmpstr (xml, ==, expected);
}

#define AT(controller, bus, unit)                                                                  \
  "controller=\"" controller "\" bus=\"" bus "\" target=\"0\" unit=\"" unit "\""

static void
test_machine_decides_the_bus (void)
{
  assert_drive ("pc-q35-7.2", "", NULL, "dev=\"sda\" bus=\"sata\"", AT ("0", "0", "0"));
  assert_drive ("q35", "", NULL, "dev=\"sda\" bus=\"sata\"", AT ("0", "0", "0"));
  assert_drive ("pc-i440fx-7.2", "", NULL, "dev=\"hda\" bus=\"ide\"", AT ("0", "0", "0"));
  assert_drive ("pc", "", NULL, "dev=\"hda\" bus=\"ide\"", AT ("0", "0", "0"));
  assert_drive ("virt-7.2", "", NULL, "dev=\"sda\" bus=\"scsi\"", NULL);
  assert_drive ("microvm", "", NULL, "dev=\"sda\" bus=\"scsi\"", NULL);
}

#define SATA(name, unit)                                                                           \
  "<disk><target dev='" name "' bus='sata'/><address type='drive' unit='" unit "'/></disk>"
#define IDE(name) "<disk><target dev='" name "' bus='ide'/></disk>"

static void
test_takes_a_free_name_and_place (void)
{
  /* The name and the place are taken by different disks. */
  assert_drive ("q35", SATA ("sdb", "0") "<disk><target dev='sda' bus='usb'/></disk>", NULL,
                "dev=\"sdc\" bus=\"sata\"", AT ("0", "0", "1"));
  /* Without addresses the names say where the disks are. */
  assert_drive ("pc", IDE ("hda") IDE ("hdc"), NULL, "dev=\"hdb\" bus=\"ide\"", AT ("0", "0", "1"));
  assert_drive ("pc", IDE ("hda") IDE ("hdb"), NULL, "dev=\"hdc\" bus=\"ide\"", AT ("0", "1", "0"));
  /* The seventh SATA disk needs a second controller. */
  assert_drive ("q35",
                SATA ("sda", "0") SATA ("sdb", "1") SATA ("sdc", "2") SATA ("sdd", "3")
                    SATA ("sde", "4") SATA ("sdf", "5"),
                NULL, "dev=\"sdg\" bus=\"sata\"", AT ("1", "0", "0"));
}

static void
test_full_ide_moves_to_sata (void)
{
  static const char full[] = IDE ("hda") IDE ("hdb") IDE ("hdc") IDE ("hdd");
  g_autofree char *domain = domain_with ("pc", full);
  g_autoptr (GError) error = NULL;

  assert_drive ("pc", full, NULL, "dev=\"sda\" bus=\"sata\"", AT ("0", "0", "0"));
  g_assert_null (kvmm_xml_cdrom_build_drive (domain, "ide", NULL, 0, &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_UNEXPECTED);
}

static void
test_scsi_goes_to_the_virtio_controller (void)
{
  static const char devices[] =
      "<controller type='scsi' index='0' model='lsilogic'/>"
      "<controller type='scsi' index='3' model='virtio-scsi'/>"
      "<disk><target dev='sda' bus='scsi'/>"
      "<address type='drive' controller='3' unit='0'/></disk>"
      "<hostdev type='scsi'><address type='drive' controller='3' unit='1'/></hostdev>";

  assert_drive ("q35", devices, "scsi", "dev=\"sdb\" bus=\"scsi\"", AT ("3", "0", "2"));
  /* Unit 7 is the controller itself. */
  assert_drive (
      "q35",
      "<controller type='scsi' model='virtio-scsi'/>"
      "<disk><target dev='sda' bus='scsi'/></disk><disk><target dev='sdb' bus='scsi'/></disk>"
      "<disk><target dev='sdc' bus='scsi'/></disk><disk><target dev='sdd' bus='scsi'/></disk>"
      "<disk><target dev='sde' bus='scsi'/></disk><disk><target dev='sdf' bus='scsi'/></disk>"
      "<disk><target dev='sdg' bus='scsi'/></disk>",
      "scsi", "dev=\"sdh\" bus=\"scsi\"", AT ("0", "0", "8"));
}

static void
test_many_disks_get_long_names (void)
{
  g_autoptr (GString) devices = g_string_new (NULL);

  for (guint i = 0; i < 26 + 26 * 26; i++)
    if (i < 26)
      g_string_append_printf (devices, "<disk><target dev='sd%c' bus='usb'/></disk>", 'a' + i);
    else
      g_string_append_printf (devices, "<disk><target dev='sd%c%c' bus='usb'/></disk>",
                              'a' + (i - 26) / 26, 'a' + i % 26);
  assert_drive ("q35", devices->str, NULL, "dev=\"sdaaa\" bus=\"sata\"", AT ("0", "0", "0"));
}

static void
test_new_drive_with_a_medium (void)
{
  g_autofree char *domain = domain_with ("q35", "");
  g_autofree char *xml = kvmm_xml_cdrom_build_drive (domain, NULL, ISO, KVMM_RELABEL_NO_DAC, NULL);

  g_assert_cmpstr (
      xml, ==,
      "<disk type=\"file\" device=\"cdrom\">\n"
      "  <driver name=\"qemu\" type=\"raw\"/>\n"
      "  <source file=\"" ISO "\" startupPolicy=\"optional\">\n"
      "    <seclabel model=\"dac\" relabel=\"no\"/>\n"
      "  </source>\n"
      "  <target dev=\"sda\" bus=\"sata\"/>\n"
      "  <readonly/>\n"
      "  <address type=\"drive\" controller=\"0\" bus=\"0\" target=\"0\" unit=\"0\"/>\n"
      "</disk>");
}

static void
test_refuses_a_bus_without_discs (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (kvmm_xml_cdrom_build_drive ("<domain/>", "virtio", NULL, 0, &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_UNEXPECTED);
}

static void
test_finds_virtio_scsi (void)
{
  g_autofree char *fat = test_read_fixture ("fat-q35.xml");
  g_autofree char *pc = test_read_fixture ("pc.xml");

  g_assert_true (kvmm_xml_domain_has_virtio_scsi (fat));
  g_assert_false (kvmm_xml_domain_has_virtio_scsi (pc));
  g_assert_false (kvmm_xml_domain_has_virtio_scsi ("broken"));
}

static void
test_builds_a_channel (void)
{
  g_autofree char *xml = kvmm_xml_channel_build (KVMM_AGENT_CHANNEL_NAME);

  g_assert_cmpstr (xml, ==,
                   "<channel type=\"unix\">\n"
                   "  <target type=\"virtio\" name=\"org.kvmmanager.agent.1\"/>\n"
                   "</channel>");
}

static void
test_reads_capabilities (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = test_read_fixture ("capabilities.xml");
  g_autoptr (KvmmXmlCapabilities) full = kvmm_xml_capabilities_parse (xml, &error);
  g_autoptr (KvmmXmlCapabilities) bare = kvmm_xml_capabilities_parse ("<capabilities/>", &error);

  g_assert_no_error (error);
  g_assert_cmpstr (full->host_arch, ==, "x86_64");
  g_assert_cmpstr (full->host_cpu_model, ==, "Skylake-Client-IBRS");
  g_assert_true (full->has_dac);
  g_assert_true (full->has_apparmor);
  g_assert_false (full->has_selinux);
  g_assert_cmpstr (bare->host_arch, ==, "");
  g_assert_false (bare->has_dac);
  g_assert_null (kvmm_xml_capabilities_parse ("<domain/>", &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_UNEXPECTED);
}

static void
test_builds_a_tablet (void)
{
  g_autofree char *xml = kvmm_xml_tablet_build ();

  g_assert_cmpstr (xml, ==, "<input type=\"tablet\" bus=\"usb\"/>");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/xml/media/lists-every-drive", test_lists_every_drive);
  g_test_add_func ("/xml/media/lists-none", test_lists_none);
  g_test_add_func ("/xml/media/lists-what-is-odd", test_lists_what_is_odd);
  g_test_add_func ("/xml/media/lists-floppies-among-drives", test_lists_floppies_among_drives);
  g_test_add_func ("/xml/media/tells-drives-from-disks", test_tells_drives_from_disks);
  g_test_add_func ("/xml/media/knows-images-by-their-ending", test_knows_images_by_their_ending);
  g_test_add_func ("/xml/media/inserts-a-floppy", test_inserts_a_floppy);
  g_test_add_func ("/xml/media/refuses-what-is-no-domain", test_refuses_what_is_no_domain);
  g_test_add_func ("/xml/media/inserts-into-an-empty-drive", test_inserts_into_an_empty_drive);
  g_test_add_func ("/xml/media/replaces-a-medium-of-another-type",
                   test_replaces_a_medium_of_another_type);
  g_test_add_func ("/xml/media/ejects", test_ejects);
  g_test_add_func ("/xml/media/inserts-a-host-device", test_inserts_a_host_device);
  g_test_add_func ("/xml/media/escapes-the-path", test_escapes_the_path);
  g_test_add_func ("/xml/media/refuses-a-bad-drive-or-path", test_refuses_a_bad_drive_or_path);
  g_test_add_func ("/xml/media/machine-decides-the-bus", test_machine_decides_the_bus);
  g_test_add_func ("/xml/media/takes-a-free-name-and-place", test_takes_a_free_name_and_place);
  g_test_add_func ("/xml/media/full-ide-moves-to-sata", test_full_ide_moves_to_sata);
  g_test_add_func ("/xml/media/scsi-goes-to-the-virtio-controller",
                   test_scsi_goes_to_the_virtio_controller);
  g_test_add_func ("/xml/media/many-disks-get-long-names", test_many_disks_get_long_names);
  g_test_add_func ("/xml/media/new-drive-with-a-medium", test_new_drive_with_a_medium);
  g_test_add_func ("/xml/media/refuses-a-bus-without-discs", test_refuses_a_bus_without_discs);
  g_test_add_func ("/xml/media/finds-virtio-scsi", test_finds_virtio_scsi);
  g_test_add_func ("/xml/media/builds-a-channel", test_builds_a_channel);
  g_test_add_func ("/xml/media/reads-capabilities", test_reads_capabilities);
  g_test_add_func ("/xml/media/builds-a-tablet", test_builds_a_tablet);
  return g_test_run ();
}
