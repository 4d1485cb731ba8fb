/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <string.h>

#include "test-fixture.h"
#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-edit.h"
#include "xml/kvmm-xml-pending.h"

/* The order in which a machine boots from its devices, listed and written. */

#define VDA "<disk device='disk'><target dev='vda' bus='virtio'/>"
#define VDB "<disk device='disk'><target dev='vdb' bus='virtio'/>"
#define CD "<disk device='cdrom'><target dev='sda' bus='sata'/>"
#define FD "<disk device='floppy'><target dev='fda' bus='fdc'/>"
#define NIC "<interface type='user'><mac address='52:54:00:00:00:01'/>"
#define USB "<hostdev mode='subsystem' type='usb'><source><address bus='1' device='2'/></source>"
#define ORDER(n) "<boot order='" n "'/>"
#define END_DISK "</disk>"
#define END_NIC "</interface>"
#define END_USB "</hostdev>"

static char *
domain_of (const char *os, const char *devices)
{
  return g_strdup_printf ("<domain><name>a</name><os><type>hvm</type>%s</os><devices>%s</devices>"
                          "</domain>",
                          os, devices);
}

static KvmmXmlEdit *
open_domain (const char *os, const char *devices)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = domain_of (os, devices);
  KvmmXmlEdit *edit = kvmm_xml_edit_open (xml, &error);

  g_assert_no_error (error);
  return edit;
}

/* "disk0+ interface0 " */
static char *
list (KvmmXmlEdit *edit)
{
  g_autoptr (GPtrArray) devices = kvmm_xml_edit_list_boot_devices (edit);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < devices->len; i++)
    {
      const KvmmXmlBootDevice *device = devices->pdata[i];

      g_string_append_printf (text, "%s%u%s ", device->item.kind, device->item.index,
                              device->boots ? "+" : "");
      g_assert_cmpstr (device->title, !=, "");
      g_assert_nonnull (device->icon_name);
    }
  return g_string_free (text, FALSE);
}

static void
test_lists_what_boots_first (void)
{
  static const struct
  {
    const char *os;
    const char *devices;
    const char *expected;
  } cases[] = {
    { "", "", "" },
    { "", "<input type='mouse' bus='ps2'/><graphics type='vnc'/>", "" },
    /* Nothing is named: libvirt takes the first disk. */
    { "", VDA END_DISK CD END_DISK NIC END_NIC, "disk0+ disk1 interface0 " },
    { "<boot dev='hd'/>", CD END_DISK VDA END_DISK VDB END_DISK, "disk1+ disk0 disk2 " },
    { "<boot dev='cdrom'/><boot dev='hd'/>", VDA END_DISK CD END_DISK VDB END_DISK,
      "disk1+ disk0+ disk2 " },
    { "<boot dev='network'/><boot dev='fd'/>", VDA END_DISK FD END_DISK NIC END_NIC NIC END_NIC,
      "interface0+ disk1+ disk0 interface1 " },
    { "<boot dev='nonsense'/>", VDA END_DISK, "disk0 " },
    { "", VDA ORDER ("2") END_DISK CD ORDER ("1") END_DISK NIC END_NIC,
      "disk1+ disk0+ interface0 " },
    { "", VDA END_DISK USB ORDER ("1") END_USB NIC ORDER ("10") END_NIC VDB ORDER ("9") END_DISK,
      "hostdev0+ disk1+ interface0+ disk0 " },
    /* What the devices say counts, whatever <os> says. */
    { "<boot dev='cdrom'/>", VDA ORDER ("1") END_DISK CD END_DISK, "disk0+ disk1 " },
    { "", VDA ORDER ("-1") END_DISK CD ORDER ("x") END_DISK, "disk0+ disk1 " },
    { "", VDA "<boot/>" END_DISK VDB ORDER ("1") END_DISK, "disk1+ disk0 " },
    { "", "<redirdev bus='usb' type='spicevmc'>" ORDER ("1") "</redirdev>" VDA END_DISK,
      "redirdev0+ disk0 " },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (KvmmXmlEdit) edit = open_domain (cases[i].os, cases[i].devices);
      g_autofree char *text = list (edit);

      g_test_message ("%s %s", cases[i].os, cases[i].devices);
      g_assert_cmpstr (text, ==, cases[i].expected);
    }
}

static void
test_lists_at_most_so_many (void)
{
  g_autoptr (GString) devices = g_string_new (NULL);
  g_autoptr (GPtrArray) devices_listed = NULL;
  g_autoptr (KvmmXmlEdit) edit = NULL;

  for (guint i = 0; i < KVMM_XML_BOOT_DEVICES_MAX + 10; i++)
    g_string_append (devices, "<disk/>");
  edit = open_domain ("", devices->str);
  devices_listed = kvmm_xml_edit_list_boot_devices (edit);
  g_assert_cmpuint (devices_listed->len, ==, KVMM_XML_BOOT_DEVICES_MAX);
}

static void
test_writes_places_alone (void)
{
  static const struct
  {
    const char *os;
    const char *devices;
    KvmmXmlBootItem items[3];
    guint n_items;
    const char *new_os;
    const char *new_devices;
  } cases[] = {
    { "<boot dev='hd'/><boot dev='cdrom'/><bootmenu enable='yes'/>",
      VDA END_DISK CD END_DISK,
      { { "disk", 1 }, { "disk", 0 } },
      2,
      "<bootmenu enable='yes'/>",
      VDA ORDER ("2") END_DISK CD ORDER ("1") END_DISK },
    { "",
      VDA ORDER ("1") END_DISK NIC ORDER ("2") END_NIC,
      { { "interface", 0 } },
      1,
      "",
      VDA END_DISK NIC ORDER ("1") END_NIC },
    /* What else stands there stays. */
    { "",
      VDA "<boot order='1' loadparm='2'/>" END_DISK NIC END_NIC,
      { { "interface", 0 } },
      1,
      "",
      VDA "<boot loadparm='2'/>" END_DISK NIC ORDER ("1") END_NIC },
    { "", VDA ORDER ("7") END_DISK, { { NULL, 0 } }, 0, "", VDA END_DISK },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (KvmmXmlEdit) edit = open_domain (cases[i].os, cases[i].devices);
      g_autoptr (KvmmXmlEdit) wanted = open_domain (cases[i].new_os, cases[i].new_devices);
      g_autoptr (GError) error = NULL;
      g_autofree char *xml = NULL;
      g_autofree char *expected = kvmm_xml_edit_dup_xml (wanted);

      kvmm_xml_edit_set_boot_order (edit, cases[i].items, cases[i].n_items, &error);
      g_assert_no_error (error);
      xml = kvmm_xml_edit_dup_xml (edit);
      g_assert_cmpstr (xml, ==, expected);
      g_assert_true (kvmm_xml_edit_check (edit, &error));
      g_assert_no_error (error);
    }
}

static void
test_is_made_again_elsewhere (void)
{
  static const KvmmXmlBootItem items[] = { { "disk", 1 } };
  g_autoptr (KvmmXmlEdit) edit = open_domain ("<boot dev='hd'/>", VDA END_DISK CD END_DISK);
  g_autofree char *grown =
      domain_of ("<boot dev='hd'/>", FD END_DISK VDA END_DISK CD END_DISK NIC END_NIC);
  g_autofree char *reordered = domain_of ("", VDA ORDER ("1") END_DISK CD END_DISK);
  g_autoptr (GError) error = NULL;

  kvmm_xml_edit_set_boot_order (edit, items, 1, &error);
  g_assert_no_error (error);
  g_autoptr (KvmmXmlEdit) merged = kvmm_xml_edit_replay (edit, grown, &error);
  g_assert_no_error (error);
  g_autofree char *order = kvmm_xml_edit_get (merged, "disk", 2, "boot/@order");
  g_assert_cmpstr (order, ==, "1");
  g_assert_null (kvmm_xml_edit_replay (edit, reordered, &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_CONFLICT);
}

/* ---- what waits for the next start ---- */

/* One place alone cannot be taken back: it would be given twice. */
static void
test_is_discarded_as_a_whole (void)
{
  static const struct
  {
    const char *live_os;
    const char *live_devices;
    const char *os;
    const char *devices;
    guint n_pending;
  } cases[] = {
    { "<boot dev='hd'/>", VDA END_DISK CD END_DISK, "",
      VDA ORDER ("2") END_DISK CD ORDER ("1") END_DISK, 3 },
    { "", VDA ORDER ("1") END_DISK CD ORDER ("2") END_DISK, "",
      VDA ORDER ("2") END_DISK CD ORDER ("1") END_DISK, 2 },
    { "", VDA ORDER ("1") END_DISK CD END_DISK, "<boot dev='cdrom'/><boot dev='hd'/>",
      VDA END_DISK CD END_DISK, 2 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *live = domain_of (cases[i].live_os, cases[i].live_devices);
      g_autofree char *stored = domain_of (cases[i].os, cases[i].devices);
      g_autoptr (GError) error = NULL;
      g_autoptr (GPtrArray) pending = kvmm_xml_list_pending (live, stored, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (pending->len, ==, cases[i].n_pending);
      for (guint j = 0; j < pending->len; j++)
        {
          g_autoptr (KvmmXmlEdit) edit = kvmm_xml_edit_open (stored, &error);
          g_autofree char *xml = NULL;

          g_assert_true (((KvmmXmlPending *) pending->pdata[j])->can_discard);
          g_assert_true (kvmm_xml_edit_discard (edit, live, pending->pdata[j], &error));
          g_assert_no_error (error);
          g_assert_true (kvmm_xml_edit_check (edit, &error));
          g_assert_no_error (error);
          xml = kvmm_xml_edit_dup_xml (edit);
          g_autoptr (GPtrArray) left = kvmm_xml_list_pending (live, xml, &error);
          g_assert_cmpuint (left->len, ==, 0);
        }
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/xml/boot/lists-what-boots-first", test_lists_what_boots_first);
  g_test_add_func ("/xml/boot/lists-at-most-so-many", test_lists_at_most_so_many);
  g_test_add_func ("/xml/boot/writes-places-alone", test_writes_places_alone);
  g_test_add_func ("/xml/boot/is-made-again-elsewhere", test_is_made_again_elsewhere);
  g_test_add_func ("/xml/boot/is-discarded-as-a-whole", test_is_discarded_as_a_whole);
  return g_test_run ();
}
