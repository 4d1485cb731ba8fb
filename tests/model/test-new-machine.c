/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gstdio.h>
#include <libvirt/virterror.h>
#include <unistd.h>

#include "model/kvmm-domain-delete.h"
#include "new-machine-fixture.h"

/* ---- cases ---- */

static void
test_the_host_tells_what_it_has (NewMachineFixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (KvmmNewMachineHost) host = NULL;
  g_autoptr (GError) error = NULL;

  kvmm_new_machine_look_async (f->connection, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  host = kvmm_new_machine_look_finish (result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (host->options->max_vcpus, >, 1);
  g_assert_true (host->options->has_vnc);
  g_assert_true (host->is_session);
  g_assert_cmpuint (host->pools->len, ==, 0);
  g_assert_cmpstr (host->new_pool, ==, "default");
  g_assert_nonnull (host->new_pool_folder);
}

static void
test_a_machine_from_a_disc_runs (NewMachineFixture *f, gconstpointer data)
{
  g_autoptr (KvmmNewMachine) plan = new_machine_plan_new (f, "web & <1>", KVMM_NEW_MACHINE_DISC);
  g_autoptr (GError) error = NULL;
  g_autofree char *uuid = NULL;
  g_autofree char *xml = NULL;
  KvmmDomain *domain;

  plan->os_id = g_strdup ("http://debian.org/debian/12");
  plan->network_kind = KVMM_XML_NETWORK_USER;
  uuid = new_machine_create (f, plan, &error);
  g_assert_no_error (error);
  domain = new_machine_wait_for_machine (f, "web & <1>");
  g_assert_cmpstr (kvmm_domain_get_uuid (domain), ==, uuid);
  TEST_RUN_UNTIL (kvmm_domain_get_state (domain) == KVMM_DOMAIN_STATE_RUNNING);
  g_assert_cmpstr (kvmm_domain_get_facts (domain)->os_info_id, ==, plan->os_id);
  g_assert_true (kvmm_domain_get_facts (domain)->has_virtio_serial);
  g_assert_cmpint (kvmm_domain_get_facts (domain)->agent_channel, !=, KVMM_CHANNEL_ABSENT);
  g_assert_cmpint (kvmm_domain_get_facts (domain)->qga_channel, !=, KVMM_CHANNEL_ABSENT);
  xml = new_machine_read_xml (domain);
  g_assert_nonnull (strstr (xml, f->disc));
  g_assert_nonnull (strstr (xml, "<listen type='none'/>"));
  g_assert_nonnull (strstr (xml, "<stats period='5'/>"));
  g_assert_nonnull (strstr (xml, "type='tablet'"));
  g_assert_cmpuint (new_machine_count_files (f), ==, 1);
}

static void
test_every_kind_is_taken_by_libvirt (NewMachineFixture *f, gconstpointer data)
{
  g_autofree char *swtpm = g_find_program_in_path ("swtpm");
  g_autofree char *xml = NULL;
  gboolean has_swtpm = swtpm != NULL;
  const struct
  {
    const char *name;
    KvmmNewMachineSource source;
    KvmmXmlFirmware firmware;
    gboolean is_windows;
    gboolean has_virtio;
    gboolean has_tpm;
    const char *graphics;
    KvmmXmlNetworkKind network_kind;
  } kinds[] = {
    { "empty", KVMM_NEW_MACHINE_EMPTY, KVMM_XML_FIRMWARE_BIOS, FALSE, TRUE, FALSE, "spice",
      KVMM_XML_NETWORK_NONE },
    { "pxe", KVMM_NEW_MACHINE_NETWORK, KVMM_XML_FIRMWARE_BIOS, FALSE, TRUE, FALSE, NULL,
      KVMM_XML_NETWORK_USER },
    { "uefi", KVMM_NEW_MACHINE_DISC, KVMM_XML_FIRMWARE_UEFI, FALSE, TRUE, FALSE, "vnc",
      KVMM_XML_NETWORK_DIRECT },
    { "windows", KVMM_NEW_MACHINE_DISC, KVMM_XML_FIRMWARE_UEFI_SECURE, TRUE, FALSE, TRUE, "vnc",
      KVMM_XML_NETWORK_BRIDGE },
  };

  if (!has_swtpm)
    g_test_message ("without a TPM: swtpm is not installed");
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr (KvmmNewMachine) plan = new_machine_plan_new (f, kinds[i].name, kinds[i].source);
      g_autoptr (GError) error = NULL;
      g_autofree char *uuid = NULL;

      plan->firmware = kinds[i].firmware;
      plan->needs.is_windows = kinds[i].is_windows;
      plan->needs.has_virtio = kinds[i].has_virtio;
      /* libvirt takes none where nothing emulates it. */
      plan->has_tpm = kinds[i].has_tpm && has_swtpm;
      plan->network_kind = kinds[i].network_kind;
      plan->network = g_strdup ("eth0");
      g_free (plan->graphics);
      plan->graphics = g_strdup (kinds[i].graphics);
      plan->start = FALSE;
      uuid = new_machine_create (f, plan, &error);
      if (error != NULL)
        g_error ("%s: %s", kinds[i].name, error->message);
      new_machine_wait_for_machine (f, kinds[i].name);
    }
  xml = new_machine_read_xml (new_machine_wait_for_machine (f, "uefi"));
  g_assert_nonnull (strstr (xml, "<source dev='eth0' mode='bridge'/>"));
}

static void
test_a_name_is_taken_once (NewMachineFixture *f, gconstpointer data)
{
  g_autoptr (KvmmNewMachine) plan = new_machine_plan_new (f, "one", KVMM_NEW_MACHINE_EMPTY);
  g_autoptr (GError) error = NULL;
  g_autofree char *uuid = NULL;

  plan->start = FALSE;
  uuid = new_machine_create (f, plan, &error);
  g_assert_no_error (error);
  g_assert_null (new_machine_create (f, plan, &error));
  g_assert_error (error, KVMM_NEW_MACHINE_ERROR, KVMM_NEW_MACHINE_ERROR_NAME_TAKEN);
  g_assert_cmpuint (new_machine_count_files (f), ==, 1);
}

static void
test_what_does_not_start_leaves_nothing (NewMachineFixture *f, gconstpointer data)
{
  g_autoptr (KvmmNewMachine) plan = new_machine_plan_new (f, "gone", KVMM_NEW_MACHINE_EMPTY);
  g_autoptr (GError) error = NULL;

  plan->network_kind = KVMM_XML_NETWORK_VIRTUAL;
  plan->network = g_strdup ("no-such-network");
  g_assert_null (new_machine_create (f, plan, &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "gone"));
  new_machine_assert_nothing_left (f);
}

static void
test_a_disk_of_that_name_is_left_alone (NewMachineFixture *f, gconstpointer data)
{
  g_autoptr (KvmmNewMachine) plan = new_machine_plan_new (f, "disk", KVMM_NEW_MACHINE_EMPTY);
  g_autofree char *path = g_build_filename (f->folder, "disk.qcow2", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (f->folder, 0755), ==, 0);
  g_assert_true (g_file_set_contents (path, "somebody's", -1, NULL));
  g_assert_null (new_machine_create (f, plan, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_IN_USE);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "somebody's");
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->connection)), ==, 0);
}

static KvmmDeletion *
plan_deletion (KvmmDomain *domain)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  KvmmDeletion *plan;

  kvmm_domain_plan_deletion_async (domain, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  plan = kvmm_domain_plan_deletion_finish (domain, result, &error);
  g_assert_no_error (error);
  return plan;
}

static void
test_what_is_not_started_waits (NewMachineFixture *f, gconstpointer data)
{
  g_autoptr (KvmmNewMachine) plan = new_machine_plan_new (f, "waits", KVMM_NEW_MACHINE_DISC);
  g_autoptr (KvmmDeletion) deletion = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *uuid = NULL;
  KvmmDomain *domain;

  plan->start = FALSE;
  uuid = new_machine_create (f, plan, &error);
  g_assert_no_error (error);
  domain = new_machine_wait_for_machine (f, "waits");
  TEST_RUN_UNTIL (kvmm_domain_get_wait (domain) == KVMM_XML_WAIT_INSTALLATION);
  /* What was made for it goes with it, the disc does not. */
  deletion = plan_deletion (domain);
  g_assert_cmpuint (deletion->items->len, ==, 2);
  for (guint i = 0; i < deletion->items->len; i++)
    {
      const KvmmDeletionItem *item = deletion->items->pdata[i];

      g_assert_cmpint (item->is_selected, ==, g_strcmp0 (item->path, f->disc) != 0);
    }
  kvmm_domain_act_async (domain, KVMM_DOMAIN_ACTION_START, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  g_assert_true (kvmm_domain_act_finish (domain, result, &error));
  g_assert_no_error (error);
  TEST_RUN_UNTIL (kvmm_domain_get_is_active (domain) &&
                  kvmm_domain_get_wait (domain) == KVMM_XML_WAIT_NONE);
}

static void
test_what_was_said_wrong_is_told (NewMachineFixture *f, gconstpointer data)
{
  g_autofree char *long_name = g_strnfill (KVMM_XML_MACHINE_NAME_MAX + 1, 'x');
  const struct
  {
    const char *name;
    const char *path;
    guint64 memory_kib;
    guint vcpus;
    guint64 disk_bytes;
  } wrong[] = {
    { "", f->disc, 65536, 1, 1 << 20 },         { "a/b", f->disc, 65536, 1, 1 << 20 },
    { ".a", f->disc, 65536, 1, 1 << 20 },       { "a\nb", f->disc, 65536, 1, 1 << 20 },
    { " a", f->disc, 65536, 1, 1 << 20 },       { long_name, f->disc, 65536, 1, 1 << 20 },
    { "a", "relative.iso", 65536, 1, 1 << 20 }, { "a", "/nonexistent/disc.iso", 65536, 1, 1 << 20 },
    { "a", "/dev/null", 65536, 1, 1 << 20 },    { "a", f->disc, 16 * 1024 - 1, 1, 1 << 20 },
    { "a", f->disc, 65536, 0, 1 << 20 },        { "a", f->disc, 65536, 1025, 1 << 20 },
    { "a", f->disc, 65536, 1, (1 << 20) - 1 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (KvmmNewMachine) plan =
          new_machine_plan_new (f, wrong[i].name, KVMM_NEW_MACHINE_DISC);
      g_autoptr (GError) error = NULL;

      g_free (plan->path);
      plan->path = g_strdup (wrong[i].path);
      plan->memory_kib = wrong[i].memory_kib;
      plan->vcpus = wrong[i].vcpus;
      plan->disk_bytes = wrong[i].disk_bytes;
      g_assert_null (new_machine_create (f, plan, &error));
      g_assert_nonnull (error);
      new_machine_assert_nothing_left (f);
    }

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (KvmmNewMachine) plan = new_machine_plan_new (f, "a", KVMM_NEW_MACHINE_EMPTY);
      g_autoptr (GError) error = NULL;

      plan->network_kind = i == 0 ? KVMM_XML_NETWORK_BRIDGE : KVMM_XML_NETWORK_DIRECT;
      plan->network = g_strdup (i == 0 ? NULL : "a b");
      g_assert_null (new_machine_create (f, plan, &error));
      g_assert_error (error, KVMM_NEW_MACHINE_ERROR, KVMM_NEW_MACHINE_ERROR_INVALID);
      new_machine_assert_nothing_left (f);
    }
}

static void
test_a_disk_image_is_imported (NewMachineFixture *f, gconstpointer data)
{
  g_autoptr (KvmmNewMachine) plan = new_machine_plan_new (f, "imported", KVMM_NEW_MACHINE_IMPORT);
  g_autofree char *xml = NULL;
  g_autofree char *uuid = NULL;
  g_autoptr (GError) error = NULL;
  char *argv[] = { (char *) "qemu-img", (char *) "create",
                   (char *) "-q",       (char *) "-f",
                   (char *) "qcow2",    NULL,
                   (char *) "8M",       NULL };

  plan->path = g_build_filename (g_getenv ("KVMM_PRIVATE_DIR"), "old.img", NULL);
  argv[5] = plan->path;
  g_assert_true (
      g_spawn_sync (NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, &error));
  uuid = new_machine_create (f, plan, &error);
  g_assert_no_error (error);
  xml = new_machine_read_xml (new_machine_wait_for_machine (f, "imported"));
  /* By what is in it, not by its name. */
  g_assert_nonnull (strstr (xml, "type='qcow2'"));
  g_assert_nonnull (strstr (xml, plan->path));
}

static void
test_another_programs_image_is_converted (NewMachineFixture *f, gconstpointer data)
{
  const struct
  {
    const char *format;
    const char *options;
  } images[] = {
    { "vmdk", NULL },
    { "vmdk", "subformat=streamOptimized" },
    { "vdi", NULL },
    { "vhdx", NULL },
    { "vpc", "force_size=on" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (images); i++)
    {
      g_autofree char *name = g_strdup_printf ("foreign-%u", (guint) i);
      g_autoptr (KvmmNewMachine) plan = new_machine_plan_new (f, name, KVMM_NEW_MACHINE_IMPORT);
      g_autofree char *uuid = NULL;
      g_autofree char *xml = NULL;
      g_autofree char *part = g_strdup_printf ("%s/%s.qcow2'", f->folder, name);
      g_autoptr (GError) error = NULL;

      plan->path = new_machine_make_image (images[i].format, images[i].options);
      plan->start = i == 0;
      g_assert_null (new_machine_create (f, plan, &error));
      g_assert_error (error, KVMM_NEW_MACHINE_ERROR, KVMM_NEW_MACHINE_ERROR_UPLOAD_NEEDED);
      g_assert_nonnull (strstr (error->message, images[i].format));
      g_clear_error (&error);
      plan->may_upload = TRUE;
      uuid = new_machine_create (f, plan, &error);
      g_assert_no_error (error);
      xml = new_machine_read_xml (new_machine_wait_for_machine (f, name));
      g_assert_nonnull (strstr (xml, "type='qcow2'"));
      g_assert_nonnull (strstr (xml, part));
      new_machine_assert_same_disk (f, name);
      new_machine_assert_no_temporary_file ();
      g_assert_cmpint (g_unlink (plan->path), ==, 0);
    }
}

static void
cancel_cb (goffset done, goffset total, gpointer user_data)
{
  g_cancellable_cancel (user_data);
}

static void
test_a_conversion_that_ends_leaves_nothing (NewMachineFixture *f, gconstpointer data)
{
  g_autoptr (KvmmNewMachine) plan = new_machine_plan_new (f, "foreign", KVMM_NEW_MACHINE_IMPORT);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  plan->path = new_machine_make_image ("vmdk", NULL);
  plan->may_upload = TRUE;
  kvmm_new_machine_create_async (plan, f->connection, cancel_cb, cancellable, cancellable,
                                 test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  g_assert_null (kvmm_new_machine_create_finish (result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  new_machine_assert_nothing_left (f);
  new_machine_assert_no_temporary_file ();
  g_clear_error (&error);

  /* Cut off: the header and nothing of what it counts on. */
  g_assert_cmpint (truncate (plan->path, 4096), ==, 0);
  g_assert_null (new_machine_create (f, plan, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  new_machine_assert_nothing_left (f);
  new_machine_assert_no_temporary_file ();
}

/* One that names other files would have them read. */
static void
test_a_part_of_an_image_is_refused (NewMachineFixture *f, gconstpointer data)
{
  static const char *const texts[] = {
    "COWDxxxxxxxxxxxxxxxx",
    "# Disk DescriptorFile\nversion=1\ncreateType=\"monolithicFlat\"\nRW 8 FLAT \"/etc/passwd\" "
    "0\n",
  };
  g_autoptr (KvmmNewMachine) plan = new_machine_plan_new (f, "vmware", KVMM_NEW_MACHINE_IMPORT);
  g_autofree char *base = new_machine_make_image ("vmdk", NULL);
  const char *argv[] = { "qemu-img", "create", "-q",   "-f", "vmdk", "-b",
                         base,       "-F",     "vmdk", NULL, NULL };
  g_autoptr (GError) error = NULL;

  plan->may_upload = TRUE;
  plan->path = g_build_filename (g_getenv ("KVMM_PRIVATE_DIR"), "part.vmdk", NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_assert_true (g_file_set_contents (plan->path, texts[i], -1, NULL));
      g_assert_null (new_machine_create (f, plan, &error));
      g_assert_error (error, KVMM_NEW_MACHINE_ERROR, KVMM_NEW_MACHINE_ERROR_INVALID);
      g_assert_nonnull (strstr (error->message, "qemu-img convert -O qcow2"));
      g_clear_error (&error);
      new_machine_assert_nothing_left (f);
    }
  argv[9] = plan->path;
  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, NULL, &error));
  g_assert_null (new_machine_create (f, plan, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "several files"));
  new_machine_assert_nothing_left (f);
}

/* In the pool, whose name and folder the fixture has. */
static void
make_pool_with_disk (virConnectPtr connect, const char *folder)
{
  g_autofree char *xml = g_strdup_printf (
      "<pool type='dir'><name>default</name><target><path>%s</path></target></pool>", folder);
  virStoragePoolPtr pool = virStoragePoolDefineXML (connect, xml, 0);
  virStorageVolPtr volume;

  g_assert_cmpint (virStoragePoolBuild (pool, 0), ==, 0);
  g_assert_cmpint (virStoragePoolCreate (pool, 0), ==, 0);
  volume = virStorageVolCreateXML (pool,
                                   "<volume><name>old.img</name><capacity unit='M'>8</capacity>"
                                   "<target><format type='qcow2'/></target></volume>",
                                   0);
  g_assert_nonnull (volume);
  virStorageVolFree (volume);
  virStoragePoolFree (pool);
}

static void
test_a_volume_is_taken_as_it_is (NewMachineFixture *f, gconstpointer data)
{
  g_autoptr (KvmmNewMachine) plan = new_machine_plan_new (f, "first", KVMM_NEW_MACHINE_VOLUME);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (KvmmNewMachineHost) host = NULL;
  g_autofree char *path = g_build_filename (f->folder, "old.img", NULL);
  g_autofree char *uuid = NULL;
  g_autofree char *again = NULL;
  g_autofree char *xml = NULL;
  g_autoptr (GError) error = NULL;

  test_other_client (g_getenv ("KVMM_LIBVIRT_URI"), make_pool_with_disk, f->folder);
  kvmm_new_machine_look_async (f->connection, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  host = kvmm_new_machine_look_finish (result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (host->disks->len, ==, 1);
  g_assert_cmpstr (((KvmmHostDisk *) host->disks->pdata[0])->path, ==, path);
  g_assert_cmpstr (((KvmmHostDisk *) host->disks->pdata[0])->label, ==, "old.img (default, 8 MiB)");

  plan->volume = g_strdup ("old.img");
  uuid = new_machine_create (f, plan, &error);
  g_assert_no_error (error);
  xml = new_machine_read_xml (new_machine_wait_for_machine (f, "first"));
  g_assert_nonnull (strstr (xml, path));
  g_assert_nonnull (strstr (xml, "type='qcow2' discard"));
  g_assert_cmpuint (new_machine_count_files (f), ==, 1);

  /* The same by its path, as an image: the disk of a machine that fails, or is not made, stays. */
  g_free (plan->name);
  plan->name = g_strdup ("second");
  plan->start = FALSE;
  for (guint i = 0; i < 2; i++)
    {
      plan->source = i == 0 ? KVMM_NEW_MACHINE_VOLUME : KVMM_NEW_MACHINE_IMPORT;
      plan->path = i == 0 ? NULL : g_strdup (path);
      g_assert_null (new_machine_create (f, plan, &error));
      g_assert_error (error, KVMM_NEW_MACHINE_ERROR, KVMM_NEW_MACHINE_ERROR_SHARED);
      g_assert_nonnull (strstr (error->message, "first"));
      g_assert_cmpuint (new_machine_count_files (f), ==, 1);
      g_clear_error (&error);
    }
  plan->may_share = TRUE;
  again = new_machine_create (f, plan, &error);
  g_assert_no_error (error);
  new_machine_wait_for_machine (f, "second");
}

static void
test_what_was_there_is_not_made (NewMachineFixture *f, gconstpointer data)
{
  g_autoptr (KvmmNewMachine) plan = new_machine_plan_new (f, "first", KVMM_NEW_MACHINE_VOLUME);
  g_autoptr (KvmmDeletion) deletion = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *uuid = NULL;
  KvmmDomain *domain;

  test_other_client (g_getenv ("KVMM_LIBVIRT_URI"), make_pool_with_disk, f->folder);
  plan->volume = g_strdup ("old.img");
  plan->start = FALSE;
  uuid = new_machine_create (f, plan, &error);
  g_assert_no_error (error);
  domain = new_machine_wait_for_machine (f, "first");
  TEST_RUN_UNTIL (kvmm_domain_get_wait (domain) == KVMM_XML_WAIT_START);
  deletion = plan_deletion (domain);
  g_assert_cmpuint (deletion->items->len, ==, 1);
  g_assert_true (((KvmmDeletionItem *) deletion->items->pdata[0])->can_delete);
  g_assert_false (((KvmmDeletionItem *) deletion->items->pdata[0])->is_selected);
}

static void
test_systems_have_needs (NewMachineFixture *f, gconstpointer data)
{
  g_autoptr (KvmmOsCatalog) catalog = kvmm_os_catalog_new ();
  g_autoptr (GAsyncResult) listed = NULL;
  g_autoptr (GAsyncResult) described = NULL;
  g_autoptr (GAsyncResult) unknown = NULL;
  g_autoptr (GAsyncResult) detected = NULL;
  g_autoptr (GPtrArray) systems = NULL;
  g_autoptr (GError) error = NULL;
  KvmmOsNeeds needs;

#ifdef __SANITIZE_ADDRESS__
  /* libosinfo reads thousands of files, and leaks a little of each. */
  g_test_skip ("the database of systems takes minutes to read below a sanitizer");
  return;
#endif
  kvmm_os_catalog_list_async (catalog, NULL, test_result_cb, &listed);
  kvmm_os_catalog_describe_async (catalog, "http://microsoft.com/win/11", NULL, test_result_cb,
                                  &described);
  kvmm_os_catalog_describe_async (catalog, "http://nobody/1", NULL, test_result_cb, &unknown);
  kvmm_os_catalog_detect_async (catalog, f->disc, NULL, test_result_cb, &detected);
  TEST_RUN_UNTIL (listed != NULL && described != NULL && unknown != NULL && detected != NULL);
  systems = kvmm_os_catalog_list_finish (catalog, listed, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (systems->len, >, 100);
  g_assert_true (kvmm_os_catalog_describe_finish (catalog, described, &needs, &error));
  g_assert_true (needs.is_windows && needs.wants_secure && needs.wants_uefi);
  g_assert_false (needs.has_virtio);
  g_assert_true (kvmm_os_catalog_describe_finish (catalog, unknown, &needs, &error));
  g_assert_cmpuint (needs.memory_bytes, ==, KVMM_OS_DEFAULT_MEMORY_BYTES);
  g_assert_true (needs.has_virtio);
  /* A file of zeros is no disc of anybody. */
  g_assert_null (kvmm_os_catalog_detect_finish (catalog, detected, NULL));
}

int
main (int argc, char **argv)
{
  test_model_init (&argc, &argv);
#define ADD(path, func)                                                                            \
  g_test_add ("/model/new-machine/" path, NewMachineFixture, NULL, new_machine_set_up, func,       \
              new_machine_tear_down)
  ADD ("the-host-tells-what-it-has", test_the_host_tells_what_it_has);
  ADD ("a-machine-from-a-disc-runs", test_a_machine_from_a_disc_runs);
  ADD ("every-kind-is-taken-by-libvirt", test_every_kind_is_taken_by_libvirt);
  ADD ("a-name-is-taken-once", test_a_name_is_taken_once);
  ADD ("what-does-not-start-leaves-nothing", test_what_does_not_start_leaves_nothing);
  ADD ("a-disk-of-that-name-is-left-alone", test_a_disk_of_that_name_is_left_alone);
  ADD ("what-is-not-started-waits", test_what_is_not_started_waits);
  ADD ("what-was-there-is-not-made", test_what_was_there_is_not_made);
  ADD ("what-was-said-wrong-is-told", test_what_was_said_wrong_is_told);
  ADD ("a-disk-image-is-imported", test_a_disk_image_is_imported);
  ADD ("another-programs-image-is-converted", test_another_programs_image_is_converted);
  ADD ("a-conversion-that-ends-leaves-nothing", test_a_conversion_that_ends_leaves_nothing);
  ADD ("a-part-of-an-image-is-refused", test_a_part_of_an_image_is_refused);
  ADD ("a-volume-is-taken-as-it-is", test_a_volume_is_taken_as_it_is);
  ADD ("systems-have-needs", test_systems_have_needs);
  return g_test_run ();
}
