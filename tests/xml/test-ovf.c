/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <string.h>

#include "test-fixture.h"
#include "xml/kvmm-xml-ovf.h"

/* Everything that was read, a line each. */
static char *
describe (const KvmmXmlOvf *ovf)
{
  GString *words = g_string_new (NULL);

  g_string_append_printf (words, "%s|%s|%s|%s|%u|%u MiB|firmware %d%s\n", ovf->name, ovf->product,
                          ovf->system, ovf->description, ovf->vcpus,
                          (guint) (ovf->memory_kib / 1024), ovf->firmware,
                          ovf->is_windows ? "|windows" : "");
  for (guint i = 0; i < ovf->disks->len; i++)
    {
      const KvmmXmlOvfDisk *disk = ovf->disks->pdata[i];

      g_string_append_printf (words, "%s|%u MiB|%s|%s\n", disk->file,
                              (guint) (disk->capacity_bytes >> 20), disk->bus, disk->controller);
    }
  for (guint i = 0; i < ovf->cards->len; i++)
    {
      const KvmmXmlOvfCard *card = ovf->cards->pdata[i];

      g_string_append_printf (words, "%s|%s\n", card->network, card->model);
    }
  for (guint i = 0; i < ovf->left_out->len; i++)
    g_string_append_printf (words, "-%s\n", (const char *) ovf->left_out->pdata[i]);
  return g_string_free (words, FALSE);
}

static void
test_layouts_of_other_programs_are_read (void)
{
  static const struct
  {
    const char *file;
    const char *words;
  } cases[] = {
    { "ovf-virtualbox.xml", "Shop|Shop 1.2, Example Works|Debian_64|(null)|2|2048 MiB|firmware 1\n"
                            "Shop-disk001.vmdk|20480 MiB|sata|(null)\n"
                            "Shop data.vmdk|1024 MiB|sata|(null)\n"
                            "NAT|e1000\n"
                            "HostOnly|pcnet\n"
                            "-a sound card\n"
                            "-a CD/DVD drive\n" },
    { "ovf-vmware.xml", "Directory|(null)|windows2019srv_64Guest|Signs in everybody|4|4096 MiB|"
                        "firmware 2|windows\n"
                        "directory-disk1.vmdk|61440 MiB|scsi|lsisas1068\n"
                        "(null)|512 MiB|scsi|vmpvscsi\n"
                        "VM Network|vmxnet3\n"
                        "-settings that its maker lets one choose\n"
                        "-a licence to agree to, which is in the .ovf\n"
                        "-a choice of sizes: it gets the hardware of the first\n"
                        "-a floppy drive\n" },
    { "ovf-ovirt.xml", "mail|(null)|rhel_8x64|(null)|1|1024 MiB|firmware 0\n"
                       "8c3f1d0e-image|10240 MiB|scsi|virtio-scsi\n"
                       "ovirtmgmt|virtio\n" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = test_read_fixture (cases[i].file);
      g_autoptr (GError) error = NULL;
      g_autoptr (KvmmXmlOvf) ovf = kvmm_xml_ovf_parse (text, &error);
      g_autofree char *words = NULL;

      g_assert_no_error (error);
      words = describe (ovf);
      g_assert_cmpstr (words, ==, cases[i].words);
    }
}

static void
test_units_are_read_in_every_spelling (void)
{
  static const struct
  {
    const char *text;
    guint64 bytes;
  } cases[] = {
    { "byte", 1 },
    { "byte * 2^20", 1 << 20 },
    { "byte*2^30", 1 << 30 },
    { " byte * 10^3 ", 1000 },
    { "byte * 2^10 * 4", 4096 },
    { "MegaBytes", 1 << 20 },
    { "gigabytes", 1 << 30 },
    { "MB * 2^10", 1 << 30 },
    { "byte * 2^63", G_GUINT64_CONSTANT (1) << 63 },
    { "byte * 2^64", 0 },
    { "byte * 10^64", 0 },
    { "hertz * 10^6", 0 },
    { "byte * 2^-1", 0 },
    { "byte *", 0 },
    { "byte * 2^2^2^2", 0 },
    { "", 0 },
    { NULL, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    if (kvmm_xml_ovf_parse_units (cases[i].text) != cases[i].bytes)
      g_error ("%s gives %" G_GUINT64_FORMAT, cases[i].text,
               kvmm_xml_ovf_parse_units (cases[i].text));
}

/* An appliance with these parts. */
static char *
envelope (const char *files, const char *disks, const char *items)
{
  return g_strdup_printf ("<Envelope xmlns='http://schemas.dmtf.org/ovf/envelope/1'>"
                          "<References>%s</References><DiskSection>%s</DiskSection>"
                          "<VirtualSystem id='a'><VirtualHardwareSection>%s"
                          "</VirtualHardwareSection></VirtualSystem></Envelope>",
                          files, disks, items);
}

static void
assert_refused (const char *text, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmXmlOvf) ovf = kvmm_xml_ovf_parse (text, &error);

  g_assert_null (ovf);
  g_assert_nonnull (error);
  if (strstr (error->message, words) == NULL)
    g_error ("no %s in: %s", words, error->message);
}

static void
assert_parts_refused (const char *files, const char *disks, const char *items, const char *words)
{
  g_autofree char *text = envelope (files, disks, items);

  assert_refused (text, words);
}

#define DISK_ITEM                                                                                  \
  "<Item><InstanceID>1</InstanceID><ResourceType>17</ResourceType>"                                \
  "<HostResource>ovf:/disk/d</HostResource></Item>"
#define DISK "<Disk diskId='d' fileRef='f' capacity='1'/>"
#define NUMBER(type, quantity, rest)                                                               \
  "<Item><ResourceType>" type "</ResourceType><VirtualQuantity>" quantity                          \
  "</VirtualQuantity>" rest "</Item>"

static void
test_files_elsewhere_are_refused (void)
{
  static const char *const hrefs[] = { "../x.vmdk",
                                       "/etc/passwd",
                                       "a/b.vmdk",
                                       "..",
                                       ".hidden",
                                       "%2e%2e%2fx.vmdk",
                                       "http://example.org/x.vmdk",
                                       "file:///etc/passwd",
                                       "a\\b.vmdk",
                                       "%00",
                                       "%ff",
                                       "" };

  for (gsize i = 0; i < G_N_ELEMENTS (hrefs); i++)
    {
      g_autofree char *file = g_strdup_printf ("<File id='f' href='%s'/>", hrefs[i]);

      assert_parts_refused (file, DISK, DISK_ITEM, "which is no file beside its description");
    }
}

static void
test_what_cannot_be_made_is_named (void)
{
#define GOOD_FILE "<File id='f' href='x.vmdk'/>"
  assert_parts_refused ("<File id='f' href='x.gz' compression='gzip'/>", DISK, DISK_ITEM,
                        "“x.gz” is compressed");
  assert_parts_refused ("<File id='f' href='x.vmdk' chunkSize='1024'/>", DISK, DISK_ITEM,
                        "“x.vmdk” is cut into pieces");
  assert_parts_refused ("", DISK, DISK_ITEM, "names no file for “f”");
  assert_parts_refused (GOOD_FILE, "", DISK_ITEM, "no disk for “ovf:/disk/d”");
  assert_parts_refused (GOOD_FILE, "<Disk diskId='d' fileRef='f' parentRef='e'/>", DISK_ITEM,
                        "“d” is only what differs");
  assert_parts_refused ("", "<Disk diskId='d'/>", DISK_ITEM, "size of the disk “d”");
  assert_parts_refused ("", "<Disk diskId='d' capacity='${size}'/>", DISK_ITEM,
                        "size of the disk “d”");
  assert_parts_refused ("", "<Disk diskId='d' capacity='2' capacityAllocationUnits='byte * 2^50'/>",
                        DISK_ITEM, "more than 1 PiB");
  assert_parts_refused ("", "", NUMBER ("3", "1025", ""), "“1025” processors");
  assert_parts_refused ("", "", NUMBER ("3", "0", ""), "“0” processors");
  assert_parts_refused ("", "", NUMBER ("3", "many", ""), "“many” processors");
  assert_parts_refused ("", "", NUMBER ("4", "18446744073709551615", ""), "of memory");
  assert_parts_refused ("", "",
                        NUMBER ("4", "65", "<AllocationUnits>byte * 2^40</AllocationUnits>"),
                        "at most 64 TiB");
  assert_parts_refused ("", "", NUMBER ("4", "1", "<AllocationUnits>stone</AllocationUnits>"),
                        "“1 stone” of memory");
  assert_refused ("<Envelope/>", "no machine in it");
  assert_refused ("<Envelope><VirtualSystemCollection><VirtualSystem/><VirtualSystem/>"
                  "</VirtualSystemCollection></Envelope>",
                  "several machines");
  assert_refused ("<Envelope><VirtualSystem id='a'/></Envelope>", "what hardware “a” has");
  assert_refused ("<domain/>", "no description of an appliance");
  assert_refused ("words", "cannot be read");
  assert_refused (
      "<!DOCTYPE a [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]><Envelope>&b;</Envelope>",
      "document type declaration");
}

static char *
repeat (const char *text, guint n)
{
  GString *all = g_string_new (NULL);

  while (n-- > 0)
    g_string_append (all, text);
  return g_string_free (all, FALSE);
}

/* As much as is allowed, and one more. */
static void
test_limits_hold (void)
{
  static const struct
  {
    const char *item;
    guint max;
    const char *words;
  } cases[] = {
    { "<Item><ResourceType>23</ResourceType></Item>", KVMM_XML_OVF_ITEMS_MAX,
      "pieces of hardware" },
    { "<Item><ResourceType>10</ResourceType></Item>", KVMM_XML_OVF_CARDS_MAX, "network cards" },
    { DISK_ITEM, KVMM_XML_OVF_DISKS_MAX, "disks" },
  };
  g_autofree char *files = repeat ("<File id='g' href='y'/>", KVMM_XML_OVF_FILES_MAX - 1);
  g_autofree char *all_files = g_strconcat (GOOD_FILE, files, NULL);
  g_autofree char *more_files = g_strconcat (GOOD_FILE, all_files, NULL);
  g_autofree char *name = g_strnfill (KVMM_XML_OVF_FILE_NAME_MAX, 'n');
  g_autofree char *long_file = g_strdup_printf ("<File id='f' href='%sn'/>", name);
  g_autofree char *full_file = g_strdup_printf ("<File id='f' href='%s'/>", name);
  g_autofree char *full =
      envelope (full_file, DISK,
                DISK_ITEM NUMBER ("3", "1024", "")
                    NUMBER ("4", "64", "<AllocationUnits>byte * 2^40</AllocationUnits>"));
  g_autoptr (KvmmXmlOvf) ovf = NULL;
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *items = repeat (cases[i].item, cases[i].max);
      g_autofree char *more = g_strconcat (items, cases[i].item, NULL);
      g_autofree char *good = envelope (all_files, DISK, items);

      ovf = kvmm_xml_ovf_parse (good, &error);
      g_assert_no_error (error);
      g_clear_pointer (&ovf, kvmm_xml_ovf_free);
      assert_parts_refused (all_files, DISK, more, cases[i].words);
    }
  assert_parts_refused (more_files, DISK, DISK_ITEM, "files");
  assert_parts_refused (long_file, DISK, DISK_ITEM, "no file beside");
  ovf = kvmm_xml_ovf_parse (full, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (ovf->vcpus, ==, KVMM_XML_OVF_VCPUS_MAX);
  g_assert_cmpuint (ovf->memory_kib, ==, KVMM_XML_OVF_MEMORY_MAX_KIB);
}

/* What people read is inert. */
static void
test_words_of_a_stranger_are_cleaned (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmXmlOvf) ovf = kvmm_xml_ovf_parse (
      "<Envelope><VirtualSystem><Name>a\xe2\x80\xae b\n c</Name><VirtualHardwareSection>"
      "<Item><ResourceType>10</ResourceType><Connection>x\xe2\x80\x8b</Connection></Item>"
      "</VirtualHardwareSection></VirtualSystem></Envelope>",
      &error);

  g_assert_no_error (error);
  g_assert_cmpstr (ovf->name, ==, "a b c");
  g_assert_cmpstr (((KvmmXmlOvfCard *) ovf->cards->pdata[0])->network, ==, "x");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/xml/ovf/layouts-of-other-programs-are-read",
                   test_layouts_of_other_programs_are_read);
  g_test_add_func ("/xml/ovf/units-are-read-in-every-spelling",
                   test_units_are_read_in_every_spelling);
  g_test_add_func ("/xml/ovf/files-elsewhere-are-refused", test_files_elsewhere_are_refused);
  g_test_add_func ("/xml/ovf/what-cannot-be-made-is-named", test_what_cannot_be_made_is_named);
  g_test_add_func ("/xml/ovf/limits-hold", test_limits_hold);
  g_test_add_func ("/xml/ovf/words-of-a-stranger-are-cleaned",
                   test_words_of_a_stranger_are_cleaned);
  return g_test_run ();
}
