/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "model/kvmm-domain-edit.h"
#include "model/kvmm-new-device.h"
#include "test-model.h"
#include "xml/kvmm-xml-domain.h"

/* Devices for machines that QEMU really runs, beside the daemon that script/lib/private-libvirt.sh
 * started. */

#define UUID "a0000000-0000-4000-8000-0000000000e2"

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

static gboolean
has_file (Fixture *fixture, const char *name)
{
  g_autofree char *path = dup_file (fixture, name);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static void
make_pool (virConnectPtr connect, const char *folder)
{
  g_autofree char *xml = g_strdup_printf (
      "<pool type='dir'><name>device</name><target><path>%s</path></target></pool>", folder);
  virStoragePoolPtr pool = virStoragePoolCreateXML (connect, xml, 0);

  g_assert_nonnull (pool);
  virStoragePoolFree (pool);
}

static void
refresh_pool (virConnectPtr connect, const char *unused)
{
  virStoragePoolPtr pool = virStoragePoolLookupByName (connect, "device");

  g_assert_cmpint (virStoragePoolRefresh (pool, 0), ==, 0);
  virStoragePoolFree (pool);
}

static void
clear (virConnectPtr connect, const char *unused)
{
  virDomainPtr *domains = NULL;
  int n_domains = virConnectListAllDomains (connect, &domains, 0);
  virStoragePoolPtr pool = virStoragePoolLookupByName (connect, "device");

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
  static const char xml[] =
      "<domain type='qemu'><name>grown</name><uuid>" UUID "</uuid><memory unit='MiB'>64</memory>"
      "<vcpu>1</vcpu><os><type arch='x86_64' machine='pc'>hvm</type></os>"
      "<features><acpi/><apic/></features><devices>"
      "<emulator>/usr/bin/qemu-system-x86_64</emulator>"
      "<controller type='virtio-serial' index='0'/><memballoon model='none'/>"
      "<graphics type='vnc' port='-1' autoport='yes' passwd='sesame'><listen "
      "type='none'/></graphics>"
      "</devices></domain>";

  fixture->settings = test_settings_new ();
  fixture->folder = g_dir_make_tmp ("kvmm-device-pool-XXXXXX", NULL);
  g_assert_cmpint (g_chmod (fixture->folder, 0755), ==, 0);
  test_other_client (uri (), make_pool, fixture->folder);
  test_other_client (uri (), test_client_define, xml);
  fixture->connection = test_connected (uri (), fixture->settings);
  fixture->domain = g_object_ref (kvmm_connection_find (fixture->connection, "grown"));
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

static KvmmNewDeviceChoices *
look (Fixture *fixture)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  KvmmNewDeviceChoices *choices;

  kvmm_new_device_look_async (fixture->domain, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  choices = kvmm_new_device_look_finish (fixture->domain, result, &error);
  g_assert_no_error (error);
  return choices;
}

/* Of the kind as it is suggested, with what is told here: path, value, …, %NULL. */
static KvmmNewDeviceAdded *
add (Fixture *fixture, const char *name, GError **error, ...)
{
  g_autoptr (KvmmNewDeviceChoices) choices = look (fixture);
  g_autoptr (GHashTable) values = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GAsyncResult) result = NULL;
  const char *path;
  va_list args;

  for (guint i = 0; i < choices->kinds->len; i++)
    {
      const KvmmXmlNewKind *kind = choices->kinds->pdata[i];

      if (!g_str_equal (kind->name, name))
        continue;
      g_assert_cmpstr (kind->refusal, ==, NULL);
      for (guint j = 0; j < kind->fields->len; j++)
        {
          const KvmmXmlNewField *field = kind->fields->pdata[j];

          g_hash_table_insert (values, (gpointer) field->path, field->value);
        }
    }
  va_start (args, error);
  while ((path = va_arg (args, const char *)) != NULL)
    g_hash_table_insert (values, (gpointer) path, va_arg (args, char *));
  va_end (args);
  kvmm_new_device_add_async (fixture->domain, name, values, TRUE, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  return kvmm_new_device_add_finish (fixture->domain, result, error);
}

static char *
read_xml (Fixture *fixture, gboolean inactive)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  char *xml;

  kvmm_domain_read_xml_async (fixture->domain, inactive, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  xml = kvmm_domain_read_xml_finish (fixture->domain, result, &error);
  g_assert_no_error (error);
  return xml;
}

/* Where @path has @value: in the definition, in the running machine. */
static void
assert_value (
    Fixture *fixture, gboolean inactive, const char *kind, const char *path, const char *value)
{
  g_autofree char *xml = read_xml (fixture, inactive);
  g_autoptr (KvmmXmlEdit) edit = kvmm_xml_edit_open (xml, NULL);
  g_autofree char *found = kvmm_xml_edit_get (edit, kind, 0, path);

  g_assert_cmpstr (found, ==, value);
}

static guint
count_pending (Fixture *fixture)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) list = NULL;

  kvmm_domain_list_pending_async (fixture->domain, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  list = kvmm_domain_list_pending_finish (fixture->domain, result, &error);
  g_assert_no_error (error);
  return list->len;
}

/* ---- cases ---- */

/* In one case: each definition has libvirtd ask QEMU for seconds what it can. */
static void
test_a_running_machine_gets_what_it_can (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree KvmmNewDeviceAdded *disk = NULL;
  g_autofree KvmmNewDeviceAdded *card = NULL;
  g_autofree KvmmNewDeviceAdded *sound = NULL;
  g_autofree char *path = dup_file (fixture, "grown-vda.qcow2");

  start (fixture);
  disk = add (fixture, "disk", &error, KVMM_XML_NEW_SIZE_GIB, "0,25", NULL);
  g_assert_no_error (error);
  g_assert_false (disk->needs_restart);
  assert_value (fixture, FALSE, "disk", "source/@file", path);
  assert_value (fixture, TRUE, "disk", "source/@file", path);
  assert_value (fixture, TRUE, "disk", "driver/@type", "qcow2");
  g_assert_true (has_file (fixture, "grown-vda.qcow2"));

  card = add (fixture, "interface", &error, "@type", "user", NULL);
  g_assert_no_error (error);
  g_assert_false (card->needs_restart);
  assert_value (fixture, FALSE, "interface", "@type", "user");
  /* The address that libvirt chose is one for both. */
  g_assert_cmpuint (count_pending (fixture), ==, 0);

  /* What has no plug waits. */
  sound = add (fixture, "sound", &error, "@model", "ich6", NULL);
  g_assert_no_error (error);
  g_assert_true (sound->needs_restart);
  assert_value (fixture, TRUE, "sound", "@model", "ich6");
  assert_value (fixture, FALSE, "sound", "@model", NULL);
}

static void
test_a_volume_goes_again (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree KvmmNewDeviceAdded *added = NULL;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  before = read_xml (fixture, TRUE);
  added = add (fixture, "disk", &error, KVMM_XML_NEW_SIZE_GIB, "0.25", "target/@bus", "none", NULL);
  g_assert_null (added);
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  g_assert_false (has_file (fixture, "grown-vda.qcow2"));
  after = read_xml (fixture, TRUE);
  g_assert_cmpstr (before, ==, after);
}

static void
test_a_volume_of_others_stays (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree KvmmNewDeviceAdded *first = NULL;
  g_autofree KvmmNewDeviceAdded *second = NULL;

  first = add (fixture, "disk", &error, KVMM_XML_NEW_VOLUME, "kept", NULL);
  g_assert_no_error (error);
  second = add (fixture, "disk", &error, KVMM_XML_NEW_VOLUME, "kept", NULL);
  g_assert_null (second);
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_IN_USE);
  g_assert_true (has_file (fixture, "kept.qcow2"));
}

/* Not copied, and not another machine's by mistake. */
static void
test_a_volume_that_is_there_is_taken (Fixture *fixture, gconstpointer data)
{
  static const char other[] =
      "<domain type='qemu'><name>other &lt;b&gt;</name><memory unit='MiB'>64</memory>"
      "<os><type arch='x86_64' machine='pc'>hvm</type></os><devices><disk type='volume' "
      "device='disk'><source pool='device' volume='old.qcow2'/><target dev='vda' bus='virtio'/>"
      "</disk></devices></domain>";
  g_autofree char *path = dup_file (fixture, "old.qcow2");
  g_autofree char *disc = dup_file (fixture, "disc.ISO");
  g_autofree char *argv_path = g_strdup (path);
  const char *argv[] = { "qemu-img", "create", "-q", "-f", "qcow2", argv_path, "1M", NULL };
  g_autoptr (KvmmNewDeviceChoices) choices = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree KvmmNewDeviceAdded *refused = NULL;
  g_autofree KvmmNewDeviceAdded *added = NULL;

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, NULL, NULL));
  g_assert_true (g_file_set_contents (disc, "x", 1, NULL));
  test_other_client (uri (), refresh_pool, NULL);
  test_other_client (uri (), test_client_define, other);
  refused = add (fixture, "disk", &error, KVMM_XML_NEW_SOURCE, "existing", NULL);
  g_assert_null (refused);
  g_assert_error (error, KVMM_NEW_DEVICE_ERROR, KVMM_NEW_DEVICE_ERROR_SHARED);
  g_assert_nonnull (strstr (error->message, "other <b>"));
  g_clear_error (&error);
  assert_value (fixture, TRUE, "disk", "source/@file", NULL);

  added = add (fixture, "disk", &error, KVMM_XML_NEW_SOURCE, "existing", KVMM_NEW_DEVICE_MAY_SHARE,
               "yes", NULL);
  g_assert_no_error (error);
  assert_value (fixture, TRUE, "disk", "source/@file", path);
  assert_value (fixture, TRUE, "disk", "driver/@type", "qcow2");
  g_assert_true (has_file (fixture, "old.qcow2"));
  /* The disc is no disk. */
  choices = look (fixture);
  for (guint i = 0; i < choices->kinds->len; i++)
    {
      const KvmmXmlNewKind *kind = choices->kinds->pdata[i];

      for (guint j = 0; j < kind->fields->len; j++)
        {
          const KvmmXmlNewField *field = kind->fields->pdata[j];

          if (g_str_equal (field->path, KVMM_XML_NEW_EXISTING))
            g_assert_cmpuint (field->words->len, ==, 1);
        }
    }
}

static void
test_the_format_is_found (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree KvmmNewDeviceAdded *added = NULL;
  g_autofree KvmmNewDeviceAdded *foreign = NULL;
  g_autofree KvmmNewDeviceAdded *absent = NULL;
  g_autofree char *image = dup_file (fixture, "image");
  g_autofree char *vmdk = dup_file (fixture, "image.vmdk");
  g_autofree char *nowhere = dup_file (fixture, "nowhere");

  g_assert_true (g_file_set_contents (image, "QFI\xfb\0\0\0\3", 8, NULL));
  g_assert_true (g_file_set_contents (vmdk, "KDMV\1\0\0\0", 8, NULL));
  added =
      add (fixture, "disk", &error, KVMM_XML_NEW_SOURCE, "path", KVMM_XML_NEW_PATH, image, NULL);
  g_assert_no_error (error);
  assert_value (fixture, TRUE, "disk", "driver/@type", "qcow2");
  foreign =
      add (fixture, "disk", &error, KVMM_XML_NEW_SOURCE, "path", KVMM_XML_NEW_PATH, vmdk, NULL);
  g_assert_error (error, KVMM_NEW_DEVICE_ERROR, KVMM_NEW_DEVICE_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "qemu-img convert"));
  g_clear_error (&error);
  absent =
      add (fixture, "disk", &error, KVMM_XML_NEW_SOURCE, "path", KVMM_XML_NEW_PATH, nowhere, NULL);
  g_assert_error (error, KVMM_NEW_DEVICE_ERROR, KVMM_NEW_DEVICE_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, nowhere));
}

static void
test_sizes_are_checked (Fixture *fixture, gconstpointer data)
{
  static const char *const sizes[] = { "", "much", "0", "-1", "0.0001", "2000000", "nan", "1 GiB" };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree KvmmNewDeviceAdded *added =
          add (fixture, "disk", &error, KVMM_XML_NEW_SIZE_GIB, sizes[i], NULL);

      g_test_message ("“%s”: %s", sizes[i], error != NULL ? error->message : "taken");
      g_assert_error (error, KVMM_NEW_DEVICE_ERROR, KVMM_NEW_DEVICE_ERROR_INVALID);
    }
  g_assert_false (has_file (fixture, "grown-vda.qcow2"));
}

/* What this host offers a session of, and VirtioFS all the same: libvirt knows it, if only for a
 * later start. */
static void
test_a_folder_is_shared (Fixture *fixture, gconstpointer data)
{
  static const char *const wrong[] = { "relative", "/no/such/folder", "/etc/passwd", NULL };
  g_autofree KvmmNewDeviceAdded *added = NULL;
  g_autofree KvmmNewDeviceAdded *second = NULL;
  g_autofree KvmmNewDeviceAdded *again = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; wrong[i] != NULL; i++)
    {
      g_autofree KvmmNewDeviceAdded *none =
          add (fixture, "filesystem", &error, "source/@dir", wrong[i], NULL);

      g_assert_null (none);
      g_assert_error (error, KVMM_NEW_DEVICE_ERROR, KVMM_NEW_DEVICE_ERROR_INVALID);
      g_clear_error (&error);
    }
  added = add (fixture, "filesystem", &error, "source/@dir", fixture->folder, "target/@dir", "nine",
               "driver/@type", "path", NULL);
  g_assert_no_error (error);
  g_assert_false (added->needs_restart);
  assert_value (fixture, TRUE, "filesystem", "target/@dir", "nine");
  assert_value (fixture, TRUE, "filesystem", "@accessmode", "mapped");
  /* Only VirtioFS asks for it. */
  assert_value (fixture, TRUE, "domain/memory", "memoryBacking/access/@mode", NULL);

  again = add (fixture, "filesystem", &error, "source/@dir", fixture->folder, "target/@dir", "nine",
               "driver/@type", "path", NULL);
  g_assert_null (again);
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE);
  g_clear_error (&error);

  start (fixture);
  second = add (fixture, "filesystem", &error, "source/@dir", fixture->folder, "target/@dir",
                "fast", "driver/@type", "virtiofs", NULL);
  if (error != NULL)
    {
      /* A session before libvirt 10 says so, and nothing was changed. */
      g_assert_nonnull (strstr (error->message, "virtiofs"));
      assert_value (fixture, TRUE, "domain/memory", "memoryBacking/access/@mode", NULL);
      return;
    }
  g_assert_true (second->needs_restart);
  assert_value (fixture, TRUE, "domain/memory", "memoryBacking/access/@mode", "shared");
  assert_value (fixture, TRUE, "domain/memory", "memoryBacking/source/@type", "memfd");
}

/* As it is suggested, of an image that is there. */
static GHashTable *
suggest (const KvmmXmlNewKind *kind, const char *image)
{
  GHashTable *values = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < kind->fields->len; i++)
    {
      const KvmmXmlNewField *field = kind->fields->pdata[i];

      g_hash_table_insert (values, (gpointer) field->path, field->value);
    }
  if (g_str_equal (kind->name, "filesystem"))
    g_hash_table_insert (values, (gpointer) "source/@dir", (gpointer) g_get_tmp_dir ());
  if (g_str_equal (kind->name, "disk"))
    {
      g_hash_table_insert (values, (gpointer) KVMM_XML_NEW_SOURCE, (gpointer) "path");
      g_hash_table_insert (values, (gpointer) KVMM_XML_NEW_PATH, (gpointer) image);
      g_hash_table_insert (values, (gpointer) "driver/@type", (gpointer) "raw");
    }
  return values;
}

/* libvirt and QEMU take every kind that this machine can have here, in one definition. */
static void
test_a_machine_starts_with_all_of_them (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KvmmNewDeviceChoices) choices = look (fixture);
  g_autofree char *stored = read_xml (fixture, TRUE);
  g_autoptr (KvmmXmlEdit) edit = kvmm_xml_edit_open (stored, NULL);
  g_autofree char *image = dup_file (fixture, "image");
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmDomainApplied) applied = NULL;
  guint n_added = 0;

  g_assert_true (g_file_set_contents (image, "", 0, NULL));
  g_assert_cmpint (truncate (image, 1024 * 1024), ==, 0);
  for (guint i = 0; i < choices->kinds->len; i++)
    {
      const KvmmXmlNewKind *kind = choices->kinds->pdata[i];
      g_autoptr (GHashTable) values = suggest (kind, image);
      g_autofree char *whole = kvmm_xml_edit_dup_xml (edit);
      g_autofree char *xml = NULL;

      g_test_message ("%s: %s", kind->name, kind->refusal != NULL ? kind->refusal : "added");
      /* A machine has what it is given of the host only where that is there. */
      if (kind->refusal != NULL || g_str_has_prefix (kind->name, "hostdev"))
        continue;
      xml = kvmm_xml_new_device_build (whole, NULL, kind->name, values, &error);
      g_assert_no_error (error);
      g_assert_true (kvmm_xml_new_device_add (edit, xml, &error));
      n_added++;
    }
  g_assert_cmpuint (n_added, >=, 13);
  kvmm_domain_apply_edit_async (fixture->domain, edit, KVMM_DOMAIN_EDIT_VALIDATE, NULL,
                                test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  applied = kvmm_domain_apply_edit_finish (fixture->domain, result, &error);
  g_assert_no_error (error);
  assert_value (fixture, TRUE, "memballoon", "@model", "virtio");
  start (fixture);
}

int
main (int argc, char *argv[])
{
  g_autofree char *private_folder = g_dir_make_tmp ("kvmm-device-XXXXXX", NULL);
  int status;

  g_assert_nonnull (private_folder);
  g_setenv ("XDG_DATA_HOME", private_folder, TRUE);
  test_model_init (&argc, &argv);
#define ADD(path, func)                                                                            \
  g_test_add ("/model/new-device/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("a-running-machine-gets-what-it-can", test_a_running_machine_gets_what_it_can);
  ADD ("a-volume-goes-again", test_a_volume_goes_again);
  ADD ("a-volume-of-others-stays", test_a_volume_of_others_stays);
  ADD ("a-volume-that-is-there-is-taken", test_a_volume_that_is_there_is_taken);
  ADD ("the-format-is-found", test_the_format_is_found);
  ADD ("sizes-are-checked", test_sizes_are_checked);
  ADD ("a-folder-is-shared", test_a_folder_is_shared);
  ADD ("a-machine-starts-with-all-of-them", test_a_machine_starts_with_all_of_them);
#undef ADD
  status = g_test_run ();
  remove_tree (private_folder);
  return status;
}
