/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "model/kvmm-domain-delete.h"
#include "model/kvmm-domain-edit.h"
#include "test-model.h"

/* Edits of machines that QEMU really runs, beside the daemon that script/lib/private-libvirt.sh
 * started. */

#define UUID "a0000000-0000-4000-8000-0000000000e1"

typedef struct
{
  KvmmSettings *settings;
  KvmmConnection *connection;
  KvmmDomain *domain; /* (owned) */
  char *folder;       /* (owned) of the pool */
} Fixture;

static const char *
uri (void)
{
  return g_getenv ("KVMM_LIBVIRT_URI");
}

static char *
dup_file (Fixture *fixture, const char *name)
{
  return g_build_filename (fixture->folder, name, NULL);
}

static void
make_file (Fixture *fixture, const char *name)
{
  g_autofree char *path = dup_file (fixture, name);

  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  g_assert_cmpint (truncate (path, 1024 * 1024), ==, 0);
}

static void
make_pool (virConnectPtr connect, const char *folder)
{
  g_autofree char *xml = g_strdup_printf (
      "<pool type='dir'><name>edit</name><target><path>%s</path></target></pool>", folder);
  virStoragePoolPtr pool = virStoragePoolCreateXML (connect, xml, 0);

  g_assert_nonnull (pool);
  g_assert_cmpint (virStoragePoolRefresh (pool, 0), ==, 0);
  virStoragePoolFree (pool);
}

static void
clear (virConnectPtr connect, const char *unused)
{
  virDomainPtr *domains = NULL;
  int n_domains = virConnectListAllDomains (connect, &domains, 0);
  virStoragePoolPtr pool = virStoragePoolLookupByName (connect, "edit");

  for (int i = 0; i < n_domains; i++)
    {
      if (virDomainIsActive (domains[i]) == 1)
        virDomainDestroy (domains[i]);
      virDomainUndefineFlags (domains[i], VIR_DOMAIN_UNDEFINE_MANAGED_SAVE);
      virDomainFree (domains[i]);
    }
  free (domains);
  if (pool != NULL)
    {
      virStoragePoolDestroy (pool);
      virStoragePoolFree (pool);
    }
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  static const char format[] =
      "<domain type='qemu'><name>edited</name><uuid>" UUID "</uuid><memory unit='MiB'>64</memory>"
      "<vcpu current='1'>2</vcpu>"
      "<os><type arch='x86_64' machine='pc'>hvm</type><bootmenu enable='no'/></os>"
      "<features><acpi/><apic/></features><clock offset='utc'><timer name='hpet' "
      "present='no'/></clock>"
      "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>"
      "<disk type='file' device='disk'><driver name='qemu' type='raw' cache='none'/>"
      "<source file='%s/root.img'/><target dev='vda' bus='virtio'/><boot order='1'/></disk>"
      "<disk type='file' device='cdrom'><target dev='hda' bus='ide'/><readonly/></disk>"
      "<controller type='virtio-serial' index='0'/><controller type='scsi' model='virtio-scsi'/>"
      "<interface type='user'><mac address='52:54:00:00:00:e1'/><model type='virtio'/></interface>"
      "<serial type='pty'/><console type='pty'/>"
      "<channel type='unix'><target type='virtio' name='org.kvmmanager.agent.1'/></channel>"
      "<input type='tablet' bus='usb'/>"
      "<graphics type='vnc' port='-1' autoport='yes' passwd='sesame'><listen "
      "type='none'/></graphics>"
      "<video><model type='vga'/></video><rng model='virtio'><backend model='random'>/dev/urandom"
      "</backend></rng><memballoon model='virtio'><stats period='5'/></memballoon>"
      "</devices></domain>";
  g_autofree char *xml = NULL;

  fixture->settings = test_settings_new ();
  fixture->folder = g_dir_make_tmp ("kvmm-edit-pool-XXXXXX", NULL);
  g_assert_cmpint (g_chmod (fixture->folder, 0755), ==, 0);
  make_file (fixture, "root.img");
  make_file (fixture, "more.img");
  xml = g_strdup_printf (format, fixture->folder);
  test_other_client (uri (), make_pool, fixture->folder);
  test_other_client (uri (), test_client_define, xml);
  fixture->connection = test_connected (uri (), fixture->settings);
  fixture->domain = g_object_ref (kvmm_connection_find (fixture->connection, "edited"));
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  g_remove (path);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  test_other_client (uri (), clear, NULL);
  test_drop (fixture->connection);
  test_drop_object (fixture->domain);
  g_clear_object (&fixture->settings);
  remove_tree (fixture->folder);
  g_free (fixture->folder);
}

static void
start (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  test_act (fixture->domain, KVMM_DOMAIN_ACTION_START, &error);
  g_assert_no_error (error);
  TEST_RUN_UNTIL (kvmm_domain_get_is_active (fixture->domain));
}

static KvmmXmlEdit *
begin (Fixture *fixture)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  KvmmXmlEdit *edit;

  kvmm_domain_begin_edit_async (fixture->domain, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  edit = kvmm_domain_begin_edit_finish (fixture->domain, result, &error);
  g_assert_no_error (error);
  return edit;
}

static KvmmDomainApplied *
apply (Fixture *fixture, KvmmXmlEdit *edit)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  KvmmDomainApplied *applied;

  kvmm_domain_apply_edit_async (fixture->domain, edit, KVMM_DOMAIN_EDIT_LIVE, NULL, test_result_cb,
                                &result);
  TEST_RUN_UNTIL (result != NULL);
  applied = kvmm_domain_apply_edit_finish (fixture->domain, result, &error);
  g_assert_no_error (error);
  return applied;
}

static void
set (KvmmXmlEdit *edit, const char *kind, guint index, const char *path, const char *value)
{
  g_autoptr (GError) error = NULL;

  kvmm_xml_edit_set (edit, kind, index, path, value, &error);
  g_assert_no_error (error);
}

static char *
describe_pending (Fixture *fixture)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) list = NULL;
  g_autoptr (GString) text = g_string_new (NULL);

  kvmm_domain_list_pending_async (fixture->domain, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  list = kvmm_domain_list_pending_finish (fixture->domain, result, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < list->len; i++)
    {
      const KvmmXmlPending *pending = list->pdata[i];

      g_string_append_printf (text, "%s %s: %s, %s; ", pending->identity, pending->path,
                              pending->now, pending->next);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
assert_live (
    Fixture *fixture, const char *kind, guint index, const char *path, const char *expected)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autofree char *xml = NULL;
  g_autoptr (KvmmXmlEdit) live = NULL;
  g_autofree char *value = NULL;

  kvmm_domain_read_xml_async (fixture->domain, FALSE, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  xml = kvmm_domain_read_xml_finish (fixture->domain, result, NULL);
  live = kvmm_xml_edit_open (xml, NULL);
  value = kvmm_xml_edit_get (live, kind, index, path);
  g_assert_cmpstr (value, ==, expected);
}

static void
test_a_start_leaves_nothing_pending (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = NULL;

  start (fixture);
  text = describe_pending (fixture);
  g_assert_cmpstr (text, ==, "");
}

static void
test_a_running_machine_takes_what_it_can (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KvmmXmlEdit) edit = NULL;
  g_autoptr (KvmmXmlEdit) removal = NULL;
  g_autoptr (KvmmDomainApplied) applied = NULL;
  g_autoptr (KvmmDomainApplied) removed = NULL;
  g_autofree char *path = dup_file (fixture, "more.img");
  g_autofree char *disk = g_strdup_printf (
      "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='%s'/>"
      "<target dev='sdb' bus='scsi'/></disk>",
      path);
  g_autofree char *text = NULL;
  const char *kind;
  guint index;

  start (fixture);
  edit = begin (fixture);
  g_assert_true (kvmm_xml_edit_add_device (edit, disk, NULL, NULL));
  set (edit, "interface", 0, "link/@state", "down");
  set (edit, "domain", 0, "title", "live title");
  applied = apply (fixture, edit);
  g_assert_cmpstr (applied->live_error, ==, NULL);
  g_assert_false (applied->needs_restart);
  assert_live (fixture, "interface", 0, "link/@state", "down");
  assert_live (fixture, "domain", 0, "title", "live title");
  assert_live (fixture, "disk", 2, "source/@file", path);
  text = describe_pending (fixture);
  g_assert_cmpstr (text, ==, "");

  removal = begin (fixture);
  g_assert_true (kvmm_xml_edit_find (removal, "<disk><target dev='sdb'/></disk>", &kind, &index));
  g_assert_true (kvmm_xml_edit_remove_device (removal, kind, index, NULL));
  removed = apply (fixture, removal);
  g_assert_cmpstr (removed->live_error, ==, NULL);
  TEST_RUN_UNTIL (kvmm_domain_get_facts (fixture->domain)->n_disks == 1);
}

static void
test_the_rest_waits_for_the_next_start (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KvmmXmlEdit) edit = NULL;
  g_autoptr (KvmmDomainApplied) applied = NULL;
  g_autofree char *text = NULL;
  g_autoptr (KvmmXmlEdit) stored = NULL;
  g_autofree char *password = NULL;

  start (fixture);
  edit = begin (fixture);
  set (edit, "domain/os", 0, "os/bootmenu/@enable", "yes");
  set (edit, "disk", 0, "driver/@cache", "writeback");
  applied = apply (fixture, edit);
  g_assert_true (applied->needs_restart);
  /* The words of libvirt, for the change that it refused. */
  g_assert_nonnull (applied->live_error);
  g_test_message ("%s", applied->live_error);
  text = describe_pending (fixture);
  g_assert_cmpstr (
      text, ==, "(null) os/bootmenu/@enable: No, Yes; disk vda driver/@cache: none, writeback; ");
  stored = begin (fixture);
  password = kvmm_xml_edit_get (stored, "graphics", 0, "@passwd");
  g_assert_cmpstr (password, ==, "sesame");
}

static gboolean
start_as (Fixture *fixture, KvmmXmlEdit *edit, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  kvmm_domain_start_as_async (fixture->domain, edit, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  return kvmm_domain_start_as_finish (fixture->domain, result, error);
}

static void
stop (virConnectPtr connect, const char *unused)
{
  virDomainPtr domain = virDomainLookupByUUIDString (connect, UUID);

  g_assert_cmpint (virDomainDestroy (domain), ==, 0);
  virDomainFree (domain);
}

static void
save (virConnectPtr connect, const char *unused)
{
  virDomainPtr domain = virDomainLookupByUUIDString (connect, UUID);

  g_assert_cmpint (virDomainManagedSave (domain, 0), ==, 0);
  virDomainFree (domain);
}

/* The second disk, a CD drive, before the first one. */
static KvmmXmlEdit *
begin_with_the_drive_first (Fixture *fixture)
{
  static const KvmmXmlBootItem items[] = { { "disk", 1 }, { "disk", 0 } };
  KvmmXmlEdit *edit = begin (fixture);

  g_assert_true (kvmm_xml_edit_set_boot_order (edit, items, 2, NULL));
  return edit;
}

static void
assert_as_stored (Fixture *fixture, const char *expected)
{
  g_autoptr (KvmmXmlEdit) edit = begin (fixture);

  g_assert_cmpstr (kvmm_xml_edit_get_base (edit), ==, expected);
}

/* libvirt keeps the cells as they are written, and QEMU runs with them. */
static void
test_cells_are_read_back (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KvmmXmlEdit) edit = begin (fixture);
  g_autoptr (KvmmXmlEdit) later = NULL;
  g_autofree KvmmDomainApplied *applied = NULL;
  g_autoptr (GError) error = NULL;
  static const char *const values[][2] = {
    { "cpu/numa/cell[@id='0']/@cpus", "0" },
    { "cpu/numa/cell[@id='0']/@memory", "40960" },
    { "cpu/numa/cell[@id='1']/@cpus", "1" },
    { "cpu/numa/cell[@id='1']/@memory", "16384" },
    { "cpu/numa/cell[@id='1']/@memAccess", "shared" },
    { "memory", "57344" },
  };

  set (edit, "domain/memory", 0, "currentMemory", "57344");
  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    set (edit, "domain/cpu", 0, values[i][0], values[i][1]);
  g_assert_true (kvmm_xml_edit_check (edit, &error));
  applied = apply (fixture, edit);
  g_assert_false (applied->needs_restart);
  later = begin (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autofree char *value = kvmm_xml_edit_get (later, "domain/cpu", 0, values[i][0]);

      g_assert_cmpstr (value, ==, values[i][1]);
    }
  start (fixture);
}

static void
test_another_order_for_one_run (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KvmmXmlEdit) edit = begin_with_the_drive_first (fixture);
  g_autoptr (KvmmXmlEdit) menu = begin (fixture);
  g_autofree char *before = g_strdup (kvmm_xml_edit_get_base (edit));
  g_autoptr (GError) error = NULL;

  g_assert_true (start_as (fixture, edit, &error));
  g_assert_no_error (error);
  TEST_RUN_UNTIL (kvmm_domain_get_is_active (fixture->domain));
  assert_live (fixture, "disk", 1, "boot/@order", "1");
  assert_live (fixture, "disk", 0, "boot/@order", "2");
  assert_as_stored (fixture, before);
  g_assert_true (kvmm_domain_get_persistent (fixture->domain));

  g_assert_false (start_as (fixture, edit, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_INVALID_STATE);
  test_other_client (uri (), stop, NULL);
  TEST_RUN_UNTIL (!kvmm_domain_get_is_active (fixture->domain));
  assert_as_stored (fixture, before);

  set (menu, "domain/os", 0, "os/bootmenu/@enable", "yes");
  set (menu, "domain/os", 0, "os/bootmenu/@timeout", "10000");
  g_clear_error (&error);
  g_assert_true (start_as (fixture, menu, &error));
  TEST_RUN_UNTIL (kvmm_domain_get_is_active (fixture->domain));
  assert_live (fixture, "domain/os", 0, "os/bootmenu/@timeout", "10000");
  test_other_client (uri (), stop, NULL);
  TEST_RUN_UNTIL (!kvmm_domain_get_is_active (fixture->domain));
  assert_as_stored (fixture, before);
}

static void
test_another_order_that_fails (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KvmmXmlEdit) edit = begin_with_the_drive_first (fixture);
  g_autofree char *before = g_strdup (kvmm_xml_edit_get_base (edit));
  g_autofree char *root = dup_file (fixture, "root.img");
  g_autofree char *away = dup_file (fixture, "away.img");
  g_autoptr (GError) error = NULL;

  /* Before there is a process. */
  g_assert_cmpint (g_rename (root, away), ==, 0);
  g_assert_false (start_as (fixture, edit, &error));
  g_assert_nonnull (strstr (error->message, "root.img"));
  assert_as_stored (fixture, before);
  g_assert_cmpint (g_rename (away, root), ==, 0);

  /* A state of memory that was saved is of the order that was. */
  start (fixture);
  test_other_client (uri (), save, NULL);
  TEST_RUN_UNTIL (!kvmm_domain_get_is_active (fixture->domain));
  g_clear_error (&error);
  g_assert_false (start_as (fixture, edit, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_INVALID_STATE);
  g_assert_nonnull (strstr (error->message, "saved state"));
  assert_as_stored (fixture, before);
}

static void
test_storage_of_one_machine_goes_with_it (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) planned = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmDeletion) plan = NULL;
  g_autoptr (KvmmDeleted) deleted = NULL;
  g_autofree char *root = dup_file (fixture, "root.img");
  g_autofree char *more = dup_file (fixture, "more.img");
  KvmmDeletionItem *item;

  kvmm_domain_plan_deletion_async (fixture->domain, NULL, test_result_cb, &planned);
  TEST_RUN_UNTIL (planned != NULL);
  plan = kvmm_domain_plan_deletion_finish (fixture->domain, planned, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (plan->items->len, ==, 1);
  item = plan->items->pdata[0];
  g_assert_cmpstr (item->pool, ==, "edit");
  g_assert_true (item->can_delete && item->is_proposed);
  g_assert_false (item->is_selected);
  item->is_selected = TRUE;

  kvmm_domain_delete_async (fixture->domain, plan, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  deleted = kvmm_domain_delete_finish (fixture->domain, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (deleted->left->len, ==, 0);
  g_assert_false (g_file_test (root, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (more, G_FILE_TEST_EXISTS));
}

static void
define_second (virConnectPtr connect, const char *path)
{
  g_autofree char *xml =
      g_strdup_printf ("<domain type='qemu'><name>second</name><memory unit='MiB'>64</memory>"
                       "<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>"
                       "<disk type='file'><source file='%s'/><target dev='vda' "
                       "bus='virtio'/></disk></devices></domain>",
                       path);

  test_client_define (connect, xml);
}

static void
test_storage_of_two_machines_stays (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) planned = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmDeletion) plan = NULL;
  g_autofree char *root = dup_file (fixture, "root.img");
  const KvmmDeletionItem *item;

  test_other_client (uri (), define_second, root);
  kvmm_domain_plan_deletion_async (fixture->domain, NULL, test_result_cb, &planned);
  TEST_RUN_UNTIL (planned != NULL);
  plan = kvmm_domain_plan_deletion_finish (fixture->domain, planned, &error);
  g_assert_no_error (error);
  item = plan->items->pdata[0];
  g_assert_false (item->can_delete || item->is_proposed || item->is_selected);
  g_assert_nonnull (strstr (item->reason, "second"));
}

int
main (int argc, char *argv[])
{
  g_autofree char *private_folder = g_dir_make_tmp ("kvmm-edit-XXXXXX", NULL);
  int status;

  g_assert_nonnull (private_folder);
  g_setenv ("XDG_DATA_HOME", private_folder, TRUE);
  test_model_init (&argc, &argv);
#define ADD(path, func)                                                                            \
  g_test_add ("/model/edit-live/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("a-start-leaves-nothing-pending", test_a_start_leaves_nothing_pending);
  ADD ("a-running-machine-takes-what-it-can", test_a_running_machine_takes_what_it_can);
  ADD ("the-rest-waits-for-the-next-start", test_the_rest_waits_for_the_next_start);
  ADD ("cells-are-read-back", test_cells_are_read_back);
  ADD ("another-order-for-one-run", test_another_order_for_one_run);
  ADD ("another-order-that-fails", test_another_order_that_fails);
  ADD ("storage-of-one-machine-goes-with-it", test_storage_of_one_machine_goes_with_it);
  ADD ("storage-of-two-machines-stays", test_storage_of_two_machines_stays);
#undef ADD
  status = g_test_run ();
  remove_tree (private_folder);
  return status;
}
