/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "model/kvmm-appliance.h"
#include "new-machine-fixture.h"

/* Machines made from appliances. */

static char *
in_folder (const char *name)
{
  return g_build_filename (g_getenv ("KVMM_PRIVATE_DIR"), name, NULL);
}

static void
run (const char *const *argv)
{
  g_autofree char *errors = NULL;
  g_autoptr (GError) error = NULL;
  int status = -1;

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               &errors, &status, &error));
  g_assert_no_error (error);
  if (status != 0)
    g_error ("%s: %s", argv[0], errors);
}

/* The disk that new_machine_assert_same_disk() knows, as others write it. */
static char *
make_vmdk (const char *name, const char *subformat)
{
  g_autofree char *options = g_strdup_printf ("subformat=%s", subformat);
  g_autofree char *made = new_machine_make_image ("vmdk", options);
  char *path = in_folder (name);

  g_assert_cmpint (g_rename (made, path), ==, 0);
  return path;
}

static const char appliance[] =
    "<?xml version='1.0'?>\n"
    "<Envelope xmlns='http://schemas.dmtf.org/ovf/envelope/1'>\n"
    "<References><File id='f1' href='one.vmdk'/><File id='f2' "
    "href='two%20%C3%BC.vmdk'/></References>\n"
    "<DiskSection>\n"
    "<Disk diskId='d1' fileRef='f1' capacity='8388608' format='http://example.org/vmdk.html'/>\n"
    "<Disk diskId='d2' fileRef='f2' capacity='8388608' format='http://example.org/vmdk.html'/>\n"
    "<Disk diskId='d3' capacity='4194304'/>\n"
    "</DiskSection>\n"
    "<VirtualSystem id='shop'>\n"
    "<AnnotationSection><Annotation>A shop &amp; its data</Annotation></AnnotationSection>\n"
    "<VirtualHardwareSection>\n"
    "<Item><InstanceID>3</InstanceID><ResourceType>6</ResourceType>\n"
    "<ResourceSubType>lsilogic</ResourceSubType></Item>\n"
    "<Item><InstanceID>5</InstanceID><ResourceType>17</ResourceType><Parent>3</Parent>\n"
    "<AddressOnParent>1</AddressOnParent><HostResource>ovf:/disk/d2</HostResource></Item>\n"
    "<Item><InstanceID>6</InstanceID><ResourceType>17</ResourceType><Parent>3</Parent>\n"
    "<AddressOnParent>0</AddressOnParent><HostResource>ovf:/disk/d1</HostResource></Item>\n"
    "<Item><InstanceID>7</InstanceID><ResourceType>17</ResourceType><Parent>3</Parent>\n"
    "<AddressOnParent>2</AddressOnParent><HostResource>ovf:/disk/d3</HostResource></Item>\n"
    "<Item><InstanceID>8</InstanceID><ResourceType>10</ResourceType>\n"
    "<ResourceSubType>VmxNet3</ResourceSubType></Item>\n"
    "<Item><InstanceID>9</InstanceID><ResourceType>10</ResourceType></Item>\n"
    "</VirtualHardwareSection></VirtualSystem></Envelope>\n";

static char *
write_description (const char *name)
{
  char *path = in_folder (name);

  g_assert_true (g_file_set_contents (path, appliance, -1, NULL));
  return path;
}

/* @first, @second: disks, as make-appliance.py takes them */
static char *
make_archive (const char *format, const char *first, const char *second)
{
  g_autofree char *description = write_description ("shop.ovf");
  char *path = in_folder ("shop.ova");
  const char *const argv[] = {
    "python3", g_getenv ("KVMM_TEST_MAKE_APPLIANCE"), format, path, description, first, second, NULL
  };

  run (argv);
  g_assert_cmpint (g_unlink (description), ==, 0);
  return path;
}

static KvmmNewMachine *
plan_new (NewMachineFixture *f, const char *name, const char *path)
{
  KvmmNewMachine *plan = new_machine_plan_new (f, name, KVMM_NEW_MACHINE_APPLIANCE);

  plan->path = g_strdup (path);
  plan->network_kind = KVMM_XML_NETWORK_USER;
  return plan;
}

static void
assert_in_order (const char *xml, const char *const *parts)
{
  const char *at = xml;

  for (; *parts != NULL; parts++)
    {
      at = strstr (at, *parts);
      if (at == NULL)
        g_error ("no %s in its place in %s", *parts, xml);
    }
}

static void
test_every_disk_of_an_appliance_is_there (NewMachineFixture *f, gconstpointer data)
{
  static const char *const formats[] = { "ustar", "gnu", "pax" };
  static const char *const subformats[] = { "streamOptimized", "monolithicSparse" };
  static const char *const parts[] = { "<description>A shop &amp; its data</description>",
                                       "/shop.qcow2'",
                                       "<target dev='sda' bus='scsi'/>",
                                       "<boot order='1'/>",
                                       "target='0' unit='0'",
                                       "/shop-2.qcow2'",
                                       "<target dev='sdb' bus='scsi'/>",
                                       "target='0' unit='1'",
                                       "/shop-3.qcow2'",
                                       "<controller type='scsi' index='0' model='lsilogic'>",
                                       "<model type='vmxnet3'/>",
                                       "<model type='e1000'/>",
                                       NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_autofree char *one = make_vmdk ("one.vmdk", subformats[i % 2]);
      g_autofree char *two = make_vmdk ("two ü.vmdk", subformats[(i + 1) % 2]);
      g_autofree char *archive = make_archive (formats[i], one, two);
      g_autoptr (KvmmNewMachine) plan = plan_new (f, "shop", archive);
      g_autoptr (GError) error = NULL;
      g_autofree char *uuid = NULL;
      g_autofree char *xml = NULL;

      plan->start = i == 0;
      uuid = new_machine_create (f, plan, &error);
      g_assert_no_error (error);
      xml = new_machine_read_xml (new_machine_wait_for_machine (f, "shop"));
      assert_in_order (xml, parts);
      g_assert_cmpuint (new_machine_count_files (f), ==, 3);
      if (i > 0)
        {
          new_machine_assert_same_disk (f, "shop");
          new_machine_assert_same_disk (f, "shop-2");
        }
      new_machine_assert_no_temporary_file ();
      new_machine_tear_down (f, NULL);
      new_machine_set_up (f, NULL);
    }
}

/* A disk on each, which QEMU starts with: nothing is on them. */
static void
test_every_controller_is_taken_by_qemu (NewMachineFixture *f, gconstpointer data)
{
  static const char *const controllers[][2] = {
    { "6", "lsilogicsas" },  { "6", "VirtualSCSI" }, { "6", "lsilogic" },    { "5", "PIIX4" },
    { "20", "virtio-scsi" }, { "20", "AHCI" },       { "20", "VirtioSCSI" }, { "6", "buslogic" },
  };
  /* SCSI where it is known, up to the seventh disk; libvirt lists a bus after the other. */
  static const char *const parts[] = {
    "<target dev='sda' bus='scsi'/>",
    "controller='0' bus='0' target='0' unit='0'",
    "<target dev='sdb' bus='scsi'/>",
    "controller='1' bus='0' target='1' unit='0'",
    "<target dev='sdc' bus='scsi'/>",
    "controller='2' bus='0' target='0' unit='2'",
    "<target dev='sdf' bus='scsi'/>",
    "controller='3' bus='0' target='5' unit='0'",
    "<target dev='sdd' bus='sata'/>",
    "<target dev='sde' bus='sata'/>",
    "<target dev='sdg' bus='sata'/>",
    "<target dev='sdh' bus='sata'/>",
    "index='0' model='lsisas1068'",
    "index='1' model='vmpvscsi'",
    "index='2' model='lsilogic'",
    "index='3' model='virtio-scsi'",
    NULL,
  };
  g_autoptr (GString) text = g_string_new ("<Envelope><DiskSection>");
  g_autofree char *path = in_folder ("many.ovf");
  g_autoptr (KvmmNewMachine) plan = plan_new (f, "many", path);
  g_autoptr (GError) error = NULL;
  g_autofree char *uuid = NULL;
  g_autofree char *xml = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (controllers); i++)
    g_string_append_printf (text, "<Disk diskId='d%u' capacity='1048576'/>", i);
  g_string_append (text, "</DiskSection><VirtualSystem><VirtualHardwareSection>");
  for (guint i = 0; i < G_N_ELEMENTS (controllers); i++)
    g_string_append_printf (text,
                            "<Item><InstanceID>%u</InstanceID><ResourceType>%s</ResourceType>"
                            "<ResourceSubType>%s</ResourceSubType><Address>%u</Address></Item>",
                            100 + i, controllers[i][0], controllers[i][1], i);
  for (guint i = 0; i < G_N_ELEMENTS (controllers); i++)
    g_string_append_printf (text,
                            "<Item><InstanceID>%u</InstanceID><ResourceType>17</ResourceType>"
                            "<HostResource>/disk/d%u</HostResource><Parent>%u</Parent></Item>",
                            i, i, 100 + i);
  g_string_append (text, "</VirtualHardwareSection></VirtualSystem></Envelope>");
  g_assert_true (g_file_set_contents (path, text->str, -1, NULL));
  uuid = new_machine_create (f, plan, &error);
  g_assert_no_error (error);
  xml = new_machine_read_xml (new_machine_wait_for_machine (f, "many"));
  assert_in_order (xml, parts);
  g_assert_cmpuint (new_machine_count_files (f), ==, G_N_ELEMENTS (controllers));
}

static void
test_a_description_takes_the_disks_beside_it (NewMachineFixture *f, gconstpointer data)
{
  g_autofree char *one = make_vmdk ("one.vmdk", "streamOptimized");
  g_autofree char *two = make_vmdk ("two ü.vmdk", "streamOptimized");
  g_autofree char *text = write_description ("loose.ovf");
  g_autofree char *manifest = in_folder ("loose.mf");
  g_autofree char *moved = in_folder ("moved.vmdk");
  g_autoptr (KvmmNewMachine) plan = plan_new (f, "loose", text);
  g_autoptr (GError) error = NULL;
  g_autofree char *uuid = NULL;

  plan->start = FALSE;
  g_assert_true (g_file_set_contents (manifest, "SHA1(one.vmdk)= 00\n", -1, NULL));
  g_assert_null (new_machine_create (f, plan, &error));
  g_assert_error (error, KVMM_APPLIANCE_ERROR, KVMM_APPLIANCE_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "one.vmdk"));
  g_clear_error (&error);
  new_machine_assert_nothing_left (f);
  g_assert_cmpint (g_unlink (manifest), ==, 0);

  /* What is linked to could be any file of this person. */
  g_assert_cmpint (g_rename (one, moved), ==, 0);
  g_assert_cmpint (symlink (moved, one), ==, 0);
  g_assert_null (new_machine_create (f, plan, &error));
  g_assert_nonnull (strstr (error->message, "“one.vmdk” of the appliance is a link"));
  g_clear_error (&error);
  new_machine_assert_nothing_left (f);
  g_assert_cmpint (g_rename (moved, one), ==, 0);

  uuid = new_machine_create (f, plan, &error);
  g_assert_no_error (error);
  new_machine_wait_for_machine (f, "loose");
  g_assert_cmpuint (new_machine_count_files (f), ==, 3);
  new_machine_assert_same_disk (f, "loose-2");
  g_assert_cmpint (g_unlink (text), ==, 0);
}

static void
assert_refused (NewMachineFixture *f, KvmmNewMachine *plan, const char *words)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (new_machine_create (f, plan, &error));
  g_assert_nonnull (error);
  if (strstr (error->message, words) == NULL)
    g_error ("no %s in %s", words, error->message);
  new_machine_assert_nothing_left (f);
  new_machine_assert_no_temporary_file ();
}

static void
test_what_fails_leaves_nothing (NewMachineFixture *f, gconstpointer data)
{
  g_autofree char *one = make_vmdk ("one.vmdk", "streamOptimized");
  g_autofree char *two = make_vmdk ("two ü.vmdk", "streamOptimized");
  g_autofree char *wrong = g_strconcat ("!", two, NULL);
  g_autofree char *missing = g_strconcat ("-", two, NULL);
  g_autofree char *archive = make_archive ("gnu", one, wrong);
  g_autoptr (KvmmNewMachine) plan = plan_new (f, "gone", archive);
  g_autofree char *bytes = NULL;
  gsize size = 0;

  assert_refused (f, plan, "“two ü.vmdk” of the appliance is not what was packed");
  g_free (make_archive ("gnu", one, missing));
  assert_refused (f, plan, "“two ü.vmdk” of the appliance is not there");

  /* The last step, with every disk in the pool. */
  g_free (make_archive ("gnu", one, two));
  plan->network_kind = KVMM_XML_NETWORK_VIRTUAL;
  plan->network = g_strdup ("no-such-network");
  assert_refused (f, plan, "gone");
  plan->network_kind = KVMM_XML_NETWORK_NONE;

  /* The second disk, with the first in the pool. */
  g_assert_true (g_file_get_contents (two, &bytes, &size, NULL));
  memset (bytes + 512, 0xff, MIN (size - 512, 2048));
  memset (bytes + 16, 0xff, 8);
  g_assert_true (g_file_set_contents (two, bytes, (gssize) size, NULL));
  g_free (make_archive ("gnu", one, two));
  assert_refused (f, plan, "“two ü.vmdk” could not be converted");

  g_assert_true (
      g_file_set_contents (two, "# Disk DescriptorFile\nRW 1 FLAT \"/etc/passwd\" 0\n", -1, NULL));
  g_free (make_archive ("gnu", one, two));
  assert_refused (f, plan, "“two ü.vmdk” of the appliance is not whole");

  g_assert_true (g_file_set_contents (two, "words", -1, NULL));
  g_free (make_archive ("gnu", one, two));
  assert_refused (f, plan, "“two ü.vmdk” of the appliance is not what its description says");

  g_assert_cmpint (truncate (archive, 3000), ==, 0);
  assert_refused (f, plan, "ends in the middle");
  g_assert_true (g_file_set_contents (archive, "no archive", -1, NULL));
  assert_refused (f, plan, "shop.ova");
}

/* A description inside of an image, of the same format as those that are whole. The format is
 * VMware's "Virtual Disk Format 5.0". */
static void
test_a_disk_that_names_another_file_is_refused (NewMachineFixture *f, gconstpointer data)
{
  static const char text[] = "# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\n"
                             "createType=\"monolithicFlat\"\nRW 16 FLAT \"%s\" 0\n";
  g_autofree char *one = make_vmdk ("one.vmdk", "streamOptimized");
  g_autofree char *two = in_folder ("two ü.vmdk");
  g_autofree char *secret = in_folder ("secret");
  g_autofree char *bytes = g_malloc0 (64 * 1024);
  g_autofree char *archive = NULL;
  g_autoptr (KvmmNewMachine) plan = NULL;

  g_assert_true (g_file_set_contents (secret, bytes, 16 * 512, NULL));
  memcpy (bytes, "KDMV\1\0\0\0\3\0\0\0", 12);
  bytes[28] = 1;  /* where its description begins */
  bytes[36] = 20; /* and how long it is, in sectors */
  g_snprintf (bytes + 512, 1024, text, secret);
  g_assert_true (g_file_set_contents (two, bytes, 64 * 1024, NULL));
  archive = make_archive ("pax", one, two);
  plan = plan_new (f, "thief", archive);
  plan->start = FALSE;
  assert_refused (f, plan, "“two ü.vmdk” could not be converted: it is a part of a disk");
}

typedef struct
{
  GCancellable *cancellable;
  double from;
} Cancel;

static void
cancel_cb (goffset done, goffset total, gpointer user_data)
{
  Cancel *cancel = user_data;

  if (total > 0 && (double) done / (double) total >= cancel->from)
    g_cancellable_cancel (cancel->cancellable);
}

/* The worker goes on for a moment, behind what was told: what comes next in its lane waits. */
static void
wait_for_worker (NewMachineFixture *f)
{
  g_autoptr (KvmmNewMachine) plan = plan_new (f, "", "/");
  g_autoptr (GError) error = NULL;

  g_assert_null (new_machine_create (f, plan, &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE);
}

static void
test_what_is_cancelled_leaves_nothing (NewMachineFixture *f, gconstpointer data)
{
  static const double places[] = { 0, 0.34, 0.6 };
  g_autofree char *one = make_vmdk ("one.vmdk", "streamOptimized");
  g_autofree char *two = make_vmdk ("two ü.vmdk", "streamOptimized");
  g_autofree char *archive = make_archive ("pax", one, two);
  g_autoptr (KvmmNewMachine) plan = plan_new (f, "gone", archive);

  plan->start = FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GError) error = NULL;
      Cancel cancel = { cancellable, places[i] };

      kvmm_new_machine_create_async (plan, f->connection, cancel_cb, &cancel, cancellable,
                                     test_result_cb, &result);
      TEST_RUN_UNTIL (result != NULL);
      g_assert_null (kvmm_new_machine_create_finish (result, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      wait_for_worker (f);
      new_machine_assert_nothing_left (f);
      new_machine_assert_no_temporary_file ();
    }
}

int
main (int argc, char **argv)
{
  test_model_init (&argc, &argv);
#define ADD(path, func)                                                                            \
  g_test_add ("/model/new-appliance/" path, NewMachineFixture, NULL, new_machine_set_up, func,     \
              new_machine_tear_down)
  ADD ("every-disk-of-an-appliance-is-there", test_every_disk_of_an_appliance_is_there);
  ADD ("every-controller-is-taken-by-qemu", test_every_controller_is_taken_by_qemu);
  ADD ("a-description-takes-the-disks-beside-it", test_a_description_takes_the_disks_beside_it);
  ADD ("what-fails-leaves-nothing", test_what_fails_leaves_nothing);
  ADD ("a-disk-that-names-another-file-is-refused", test_a_disk_that_names_another_file_is_refused);
  ADD ("what-is-cancelled-leaves-nothing", test_what_is_cancelled_leaves_nothing);
  return g_test_run ();
}
