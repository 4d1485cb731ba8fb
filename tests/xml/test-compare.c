/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <string.h>

#include "test-fixture.h"
#include "xml/kvmm-xml-compare.h"
#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-pending.h"
#include "xml/kvmm-xml-disks.h"
#include "xml/kvmm-xml-new-machine.h"

/* ---- the same ---- */

static void
test_layout_is_no_difference (void)
{
  g_assert_true (kvmm_xml_same (
      "<domain type='kvm' id='1'><name>a</name><features><acpi/></features></domain>",
      "<domain id=\"1\" type=\"kvm\">\n <!-- x -->\n <name>a</name>\n  <features>\n<acpi></acpi> "
      "</features>\n</domain>\n"));
  g_assert_false (
      kvmm_xml_same ("<domain><name>a</name></domain>", "<domain><name>b</name></domain>"));
  g_assert_false (kvmm_xml_same ("<domain><name>a</name></domain>", "<domain"));
  g_assert_false (kvmm_xml_same ("<domain><a/><b/></domain>", "<domain><b/><a/></domain>"));
}

/* ---- the difference ---- */

static char *
diff (const char *old_xml, const char *new_xml, guint context)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) lines = kvmm_xml_diff (old_xml, new_xml, context, &error);

  g_assert_no_error (error);
  return kvmm_xml_diff_to_text (lines);
}

static void
test_a_difference_is_readable (void)
{
  g_autofree char *text = diff (
      "<domain type='kvm'><name>a</name><memory unit='KiB'>1</memory><vcpu>2</vcpu><devices>"
      "<disk type='file' device='disk'><target dev='vda' bus='virtio'/></disk></devices></domain>",
      "<domain type='kvm'><name>a</name><memory unit='KiB'>1</memory><vcpu>4</vcpu><devices>"
      "<disk device='disk' type='file'><target bus='virtio' dev='vda'/><readonly/></disk>"
      "</devices></domain>",
      1);

  g_assert_cmpstr (text, ==,
                   "@@ -3,3 +3,3 @@\n"
                   "   <memory unit='KiB'>1</memory>\n"
                   "-  <vcpu>2</vcpu>\n"
                   "+  <vcpu>4</vcpu>\n"
                   "   <devices>\n"
                   "@@ -7,2 +7,3 @@\n"
                   "       <target bus='virtio' dev='vda'/>\n"
                   "+      <readonly/>\n"
                   "     </disk>\n");
}

static void
test_no_difference_is_empty (void)
{
  g_autofree char *xml = test_read_fixture ("fat-q35.xml");
  g_autofree char *text = diff (xml, xml, 3);

  g_assert_cmpstr (text, ==, "");
}

static void
test_a_password_is_not_shown (void)
{
  g_autofree char *text = diff ("<domain><graphics passwd='old-secret'/></domain>",
                                "<domain><graphics passwd='new-secret'/></domain>", 0);

  g_assert_null (strstr (text, "secret"));
  g_assert_nonnull (strstr (text, "-  <graphics"));
  g_assert_nonnull (strstr (text, "+  <graphics"));
}

/* Whoever applies the lines to the old document has the new one. */
static void
assert_complete (guint n_old, guint n_new, guint32 seed)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  g_autoptr (GString) old_xml = g_string_new ("<domain>");
  g_autoptr (GString) new_xml = g_string_new ("<domain>");
  g_autoptr (GString) from_old = g_string_new (NULL);
  g_autoptr (GString) from_new = g_string_new (NULL);
  g_autoptr (GPtrArray) lines = NULL;

  for (guint i = 0; i < n_old; i++)
    g_string_append_printf (old_xml, "<a>%d</a>", g_rand_int_range (random, 0, 4));
  for (guint i = 0; i < n_new; i++)
    g_string_append_printf (new_xml, "<a>%d</a>", g_rand_int_range (random, 0, 4));
  g_string_append (old_xml, "<end/></domain>");
  g_string_append (new_xml, "<end/></domain>");
  lines = kvmm_xml_diff (old_xml->str, new_xml->str, 100, NULL);
  for (guint i = 0; i < lines->len; i++)
    {
      KvmmXmlDiffLine *line = lines->pdata[i];

      if (line->kind == KVMM_XML_DIFF_GAP)
        continue;
      if (line->kind != KVMM_XML_DIFF_ADDED)
        g_string_append (from_old, g_strchug (line->text));
      if (line->kind != KVMM_XML_DIFF_REMOVED)
        g_string_append (from_new, g_strchug (line->text));
    }
  if (lines->len == 0)
    g_assert_cmpstr (old_xml->str, ==, new_xml->str);
  else
    {
      g_assert_cmpstr (from_old->str, ==, old_xml->str);
      g_assert_cmpstr (from_new->str, ==, new_xml->str);
    }
}

static void
test_a_difference_is_complete (void)
{
  for (guint32 seed = 0; seed < 300; seed++)
    assert_complete (seed % 17, seed / 17, seed);
}

static void
test_a_large_difference_is_bounded (void)
{
  g_autoptr (GString) old_xml = g_string_new ("<domain>");
  g_autoptr (GString) new_xml = g_string_new ("<domain>");
  g_autoptr (GPtrArray) lines = NULL;
  const KvmmXmlDiffLine *last;

  for (guint i = 0; i < 20000; i++)
    {
      g_string_append_printf (old_xml, "<a>%u</a>", i);
      g_string_append_printf (new_xml, "<b>%u</b>", i);
    }
  g_string_append (old_xml, "</domain>");
  g_string_append (new_xml, "</domain>");
  lines = kvmm_xml_diff (old_xml->str, new_xml->str, 3, NULL);
  g_assert_cmpuint (lines->len, ==, KVMM_XML_DIFF_LINES_MAX + 1);
  last = lines->pdata[lines->len - 1];
  g_assert_cmpint (last->kind, ==, KVMM_XML_DIFF_GAP);
  g_assert_nonnull (strstr (last->text, "more lines"));
}

static void
test_what_cannot_be_read_has_no_difference (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (kvmm_xml_diff ("<domain/>", "<domain", 3, &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_MALFORMED);
}

/* ---- pending ---- */

static GPtrArray *
list_pending (const char *live, const char *inactive)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *list = kvmm_xml_list_pending (live, inactive, &error);

  g_assert_no_error (error);
  return list;
}

static char *
describe (GPtrArray *list)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < list->len; i++)
    {
      const KvmmXmlPending *pending = list->pdata[i];

      g_string_append_printf (text, "%c %s|%s|%s|%s\n", "~+-"[pending->type], pending -> title,
                              pending -> label != NULL ? pending -> label : "",
                              pending->now != NULL ? pending->now : "",
                              pending->next != NULL ? pending->next : "");
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static const char live_xml[] =
    "<domain type='kvm' id='3'><name>a</name><memory unit='KiB'>1048576</memory>"
    "<currentMemory unit='KiB'>1048576</currentMemory><vcpu current='2'>4</vcpu>"
    "<cputune><vcpupin vcpu='0' cpuset='1'/></cputune>"
    "<cpu mode='custom' match='exact' check='full'><model fallback='forbid'>EPYC</model>"
    "<feature policy='require' name='x2apic'/></cpu>"
    "<devices><disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none'/>"
    "<source file='/a.qcow2' index='1'/><backingStore/><target dev='vda' bus='virtio'/>"
    "<alias name='virtio-disk0'/></disk>"
    "<disk type='file' device='cdrom'><source file='/b.iso' index='2'/><target dev='sda' "
    "bus='sata'/>"
    "<alias name='sata0-0-0'/></disk>"
    "<interface type='network'><mac address='52:54:00:00:00:01'/>"
    "<source network='default' portid='p' bridge='virbr0'/><target dev='vnet0'/><model "
    "type='virtio'/>"
    "<alias name='net0'/></interface>"
    "<serial type='pty'><source path='/dev/pts/3'/><target port='0'/><alias "
    "name='serial0'/></serial>"
    "<console type='pty' tty='/dev/pts/3'><source path='/dev/pts/3'/><target type='serial' "
    "port='0'/>"
    "</console><graphics type='vnc' port='5900' autoport='yes' listen='127.0.0.1'>"
    "<listen type='address' address='127.0.0.1'/></graphics></devices></domain>";

static const char inactive_head[] = "<domain type='kvm'><name>a</name><memory unit='GiB'>1</memory>"
                                    "<currentMemory unit='KiB'>1048576</currentMemory>";
static const char inactive_cpu[] =
    "<vcpu current='2'>4</vcpu><cputune><vcpupin vcpu='0' cpuset='1'/></cputune>"
    "<cpu mode='host-model'/>";
static const char inactive_disks[] =
    "<devices><disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none'/>"
    "<source file='/a.qcow2'/><target dev='vda' bus='virtio'/></disk>"
    "<disk type='file' device='cdrom'><source file='/b.iso'/><target dev='sda' bus='sata'/></disk>";
static const char inactive_tail[] =
    "<interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/>"
    "<model type='virtio'/></interface><serial type='pty'><target port='0'/></serial>"
    "<console type='pty'><target type='serial' port='0'/></console>"
    "<graphics type='vnc' port='-1' autoport='yes'/></devices></domain>";

static void
test_what_a_start_fills_in_is_not_pending (void)
{
  g_autofree char *inactive =
      g_strconcat (inactive_head, inactive_cpu, inactive_disks, inactive_tail, NULL);
  g_autoptr (GPtrArray) list = list_pending (live_xml, inactive);
  g_autofree char *text = describe (list);

  g_assert_cmpstr (text, ==, "");
}

static char *
make_changed (void)
{
  return g_strconcat (
      inactive_head,
      "<vcpu current='3'>4</vcpu><cputune><vcpupin vcpu='0' cpuset='1'/><vcpupin vcpu='1' "
      "cpuset='2'/></cputune><cpu mode='host-model'/>",
      "<devices><disk type='file' device='disk'><driver name='qemu' type='qcow2' "
      "cache='writeback'/><source file='/a.qcow2'/><target dev='vda' bus='virtio'/></disk>"
      "<disk type='file' device='disk'><source file='/c.img'/><target dev='vdb' "
      "bus='virtio'/></disk>",
      inactive_tail, NULL);
}

static void
test_pending_changes_are_listed (void)
{
  g_autofree char *inactive = make_changed ();
  g_autoptr (GPtrArray) list = list_pending (live_xml, inactive);
  g_autofree char *text = describe (list);

  g_assert_cmpstr (text, ==,
                   "~ Processors|Processors|2|3\n"
                   "~ Processors|Pinned processors|0 (cpuset 1)|0 (cpuset 1), 1 (cpuset 2)\n"
                   "~ Disk vda|Cache mode|none|writeback\n"
                   "- CD drive sda|||\n"
                   "+ Disk vdb|||\n");
}

static void
test_pending_changes_are_discarded (void)
{
  g_autofree char *inactive = make_changed ();
  g_autofree char *original =
      g_strconcat (inactive_head, inactive_cpu, inactive_disks, inactive_tail, NULL);
  g_autoptr (GPtrArray) list = list_pending (live_xml, inactive);
  g_autoptr (KvmmXmlEdit) edit = kvmm_xml_edit_open (inactive, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = NULL;
  g_autoptr (GPtrArray) left = NULL;

  for (guint i = 0; i < list->len; i++)
    {
      kvmm_xml_edit_discard (edit, live_xml, list->pdata[i], &error);
      g_assert_no_error (error);
    }
  xml = kvmm_xml_edit_dup_xml (edit);
  g_assert_true (kvmm_xml_same (xml, original));
  left = list_pending (live_xml, xml);
  g_assert_cmpuint (left->len, ==, 0);

  /* Once more: a device that is back cannot come back. */
  g_assert_false (kvmm_xml_edit_discard (edit, live_xml, list->pdata[3], &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_CONFLICT);
}

/* The architecture makes the machine what it is. */
static void
test_what_cannot_be_discarded_says_so (void)
{
  const char *live = "<domain><name>a</name><os><type arch='x86_64'>hvm</type></os></domain>";
  const char *inactive = "<domain><name>a</name><os><type arch='i686'>hvm</type></os></domain>";
  g_autoptr (GPtrArray) list = list_pending (live, inactive);
  g_autoptr (KvmmXmlEdit) edit = kvmm_xml_edit_open (inactive, NULL);
  g_autofree char *changed = make_changed ();
  g_autoptr (GPtrArray) others = list_pending (live_xml, changed);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (list->len, ==, 1);
  g_assert_false (((KvmmXmlPending *) list->pdata[0])->can_discard);
  g_assert_false (kvmm_xml_edit_discard (edit, live, list->pdata[0], &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_NO_SUCH_FIELD);
  for (guint i = 0; i < others->len; i++)
    g_assert_true (((KvmmXmlPending *) others->pdata[i])->can_discard);
}

/* ---- storage, tags ---- */

static void
test_storage_is_listed (void)
{
  g_autofree char *xml = test_read_fixture ("fat-q35.xml");
  g_autoptr (GPtrArray) list = kvmm_xml_domain_list_disks (xml, NULL);
  const KvmmXmlDisk *first = list->pdata[0];
  const KvmmXmlDisk *lun = list->pdata[1];
  const KvmmXmlDisk *cdrom = list->pdata[2];
  const KvmmXmlDisk *last = list->pdata[list->len - 1];
  gboolean has_volume = FALSE;

  g_assert_cmpstr (first->path, ==, "/var/lib/libvirt/images/fat.qcow2");
  g_assert_cmpstr (first->backing, ==, "/var/lib/libvirt/images/base.img");
  g_assert_false (first->is_removable);
  g_assert_true (lun->is_shareable);
  g_assert_true (cdrom->is_removable && cdrom->is_read_only);
  g_assert_cmpstr (last->target, ==, "nvram");
  g_assert_cmpstr (last->path, ==, "/var/lib/libvirt/qemu/nvram/fat_VARS.fd");
  for (guint i = 0; i < list->len; i++)
    {
      const KvmmXmlDisk *storage = list->pdata[i];

      has_volume |= g_strcmp0 (storage->volume, "tools.iso") == 0;
      g_assert_true (kvmm_xml_disk_is_same (storage, storage));
      if (i > 0)
        g_assert_false (kvmm_xml_disk_is_same (storage, first));
    }
  g_assert_true (has_volume);
}

static void
test_tags_are_written_and_read (void)
{
  static const char *const tags[] = { "web", "a <b> & c", "", "web", NULL };
  const char *many[KVMM_XML_TAGS_MAX + 2] = { NULL };
  g_autofree char *too_long = g_strnfill (KVMM_XML_TAG_LENGTH_MAX + 1, 'x');
  const char *one[] = { too_long, NULL };
  g_autoptr (GError) error = NULL;
  KvmmXmlWords ours = { tags, TRUE, KVMM_XML_WAIT_NONE, NULL };
  g_autofree char *element = kvmm_xml_metadata_build (&ours, &error);
  g_autofree char *xml = NULL;
  g_autoptr (KvmmXmlDomainFacts) facts = NULL;
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);

  g_assert_no_error (error);
  /* As libvirt puts it into the document. */
  xml = g_strdup_printf ("<domain><metadata><k:machine xmlns:k='" KVMM_XML_METADATA_URI
                         "'><k:template/><k:tag>web</k:tag><k:tag>a &lt;b&gt; &amp; c</k:tag>"
                         "<k:future/></k:machine></metadata></domain>");
  g_assert_nonnull (strstr (element, "<tag>a &lt;b&gt; &amp; c</tag>"));
  facts = kvmm_xml_domain_facts_parse (xml, &error);
  g_assert_no_error (error);
  g_assert_true (facts->is_template);
  g_assert_cmpuint (g_strv_length (facts->tags), ==, 2);
  g_assert_cmpstr (facts->tags[1], ==, "a <b> & c");

  ours.is_template = FALSE;
  ours.tags = NULL;
  g_assert_null (kvmm_xml_metadata_build (&ours, &error));
  g_assert_no_error (error);
  ours.tags = one;
  g_assert_null (kvmm_xml_metadata_build (&ours, &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE);
  g_clear_error (&error);
  for (guint i = 0; i < KVMM_XML_TAGS_MAX + 1; i++)
    {
      g_ptr_array_add (words, g_strdup_printf ("t%u", i));
      many[i] = words->pdata[i];
    }
  ours.tags = many;
  g_assert_null (kvmm_xml_metadata_build (&ours, &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE);
}

static void
test_what_a_new_machine_waits_for_is_read (void)
{
  static const char *const made[] = { "/pool/a & b.qcow2", "/pool/c.iso", NULL };
  const KvmmXmlWords words = { NULL, FALSE, KVMM_XML_WAIT_INSTALLATION, made };
  g_autoptr (GError) error = NULL;
  g_autofree char *element = kvmm_xml_metadata_build (&words, &error);
  KvmmXmlNewMachine machine = { .name = "n",
                                .virt_type = "qemu",
                                .arch = "x86_64",
                                .memory_kib = 65536,
                                .vcpus = 1,
                                .has_virtio = TRUE,
                                .wait = KVMM_XML_WAIT_INSTALLATION,
                                .made = made };
  g_autofree char *xml = kvmm_xml_new_machine_build (&machine, &error);
  g_autoptr (KvmmXmlDomainFacts) facts = NULL;
  g_autoptr (KvmmXmlDomainFacts) other = NULL;
  KvmmXmlWords read;
  g_autofree char *again = NULL;

  g_assert_no_error (error);
  g_assert_nonnull (strstr (element, "<waiting for=\"installation\">"));
  facts = kvmm_xml_domain_facts_parse (xml, &error);
  g_assert_no_error (error);
  g_assert_cmpint (facts->wait, ==, KVMM_XML_WAIT_INSTALLATION);
  g_assert_cmpstrv (facts->made, made);
  read = kvmm_xml_words_of (facts);
  again = kvmm_xml_metadata_build (&read, &error);
  g_assert_cmpstr (again, ==, element);
  /* Somebody else's word for it is none of ours. */
  other = kvmm_xml_domain_facts_parse (
      "<domain><metadata><k:machine xmlns:k='" KVMM_XML_METADATA_URI "'><x:waiting xmlns:x='u:x'/>"
      "</k:machine></metadata></domain>",
      &error);
  g_assert_no_error (error);
  g_assert_cmpint (other->wait, ==, KVMM_XML_WAIT_NONE);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add_func ("/xml/compare/" path, func)
  ADD ("what-a-new-machine-waits-for-is-read", test_what_a_new_machine_waits_for_is_read);
  ADD ("layout-is-no-difference", test_layout_is_no_difference);
  ADD ("a-difference-is-readable", test_a_difference_is_readable);
  ADD ("no-difference-is-empty", test_no_difference_is_empty);
  ADD ("a-password-is-not-shown", test_a_password_is_not_shown);
  ADD ("a-difference-is-complete", test_a_difference_is_complete);
  ADD ("a-large-difference-is-bounded", test_a_large_difference_is_bounded);
  ADD ("what-cannot-be-read-has-no-difference", test_what_cannot_be_read_has_no_difference);
  ADD ("what-a-start-fills-in-is-not-pending", test_what_a_start_fills_in_is_not_pending);
  ADD ("pending-changes-are-listed", test_pending_changes_are_listed);
  ADD ("pending-changes-are-discarded", test_pending_changes_are_discarded);
  ADD ("what-cannot-be-discarded-says-so", test_what_cannot_be_discarded_says_so);
  ADD ("storage-is-listed", test_storage_is_listed);
  ADD ("tags-are-written-and-read", test_tags_are_written_and_read);
#undef ADD
  return g_test_run ();
}
