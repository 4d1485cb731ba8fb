/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "model/kvmm-domain-media.h"
#include "test-disc.h"
#include "test-model.h"

/* Discs in the drives of real machines of the daemon that script/lib/private-libvirt.sh started. */

#define UUID "d0000000-0000-0000-0000-000000000002"
#define NAME "media-test"
#define POOL "media-test"
#define DRIVES                                                                                     \
  "<disk type='file' device='cdrom'><target dev='hdc' bus='ide'/><readonly/></disk>"               \
  "<disk type='file' device='floppy'><target dev='fda' bus='fdc'/></disk>"

typedef struct
{
  virConnectPtr handle; /* a connection of the test's own */
  KvmmSettings *settings;
  KvmmConnection *connection;
  KvmmDomain *domain;
  char *folder;
  char *disc;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autofree char *template = g_build_filename (g_getenv ("KVMM_PRIVATE_DIR"), "XXXXXX", NULL);

  self->folder = g_strdup (g_mkdtemp (template));
  g_assert_nonnull (self->folder);
  self->disc = g_build_filename (self->folder, "a \"disc\" & <more>.iso", NULL);
  test_disc_write (self->disc, "DISC", "");
  self->handle = virConnectOpen (g_getenv ("KVMM_LIBVIRT_URI"));
  g_assert_nonnull (self->handle);
  self->settings = test_settings_new ();
  self->connection = test_connected (g_getenv ("KVMM_LIBVIRT_URI"), self->settings);
}

static void
remove_folder (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);

      g_remove (file);
    }
  g_rmdir (path);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  virDomainPtr domain = virDomainLookupByUUIDString (self->handle, UUID);

  if (domain != NULL && virDomainIsActive (domain) == 1)
    virDomainDestroy (domain);
  if (domain != NULL && virDomainIsPersistent (domain) == 1)
    virDomainUndefine (domain);
  if (domain != NULL)
    virDomainFree (domain);
  test_drop (self->connection);
  g_object_unref (self->settings);
  virConnectClose (self->handle);
  remove_folder (self->folder);
  g_free (self->folder);
  g_free (self->disc);
}

/* Paused: firmware that looks for something to boot resets IDE drives. */
static void
create (Fixture *self, gboolean is_active)
{
  static const char xml[] = "<domain type='qemu'><name>" NAME "</name><uuid>" UUID "</uuid>"
                            "<memory unit='MiB'>64</memory><vcpu>1</vcpu>"
                            "<os><type arch='x86_64' machine='pc'>hvm</type></os>"
                            "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>" DRIVES
                            "<memballoon model='none'/></devices></domain>";
  virDomainPtr domain = virDomainDefineXML (self->handle, xml);
  KvmmDomainState state = is_active ? KVMM_DOMAIN_STATE_PAUSED : KVMM_DOMAIN_STATE_SHUT_OFF;

  g_assert_nonnull (domain);
  if (is_active)
    g_assert_cmpint (virDomainCreateWithFlags (domain, VIR_DOMAIN_START_PAUSED), ==, 0);
  virDomainFree (domain);
  TEST_RUN_UNTIL ((self->domain = kvmm_connection_find (self->connection, UUID)) != NULL &&
                  kvmm_domain_get_state (self->domain) == state);
}

static KvmmMediumChange *
change (Fixture *self, const char *target, const char *path, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  kvmm_domain_change_medium_async (self->domain, target, path, FALSE, NULL, test_result_cb,
                                   &result);
  TEST_RUN_UNTIL (result != NULL);
  return kvmm_domain_change_medium_finish (self->domain, result, error);
}

/* @source: NULL: the drive is empty */
static void
assert_drive (Fixture *self, gboolean is_stored, const char *target, const char *source)
{
  virDomainPtr domain = virDomainLookupByUUIDString (self->handle, UUID);
  g_autofree char *xml = virDomainGetXMLDesc (domain, is_stored ? VIR_DOMAIN_XML_INACTIVE : 0);
  g_autoptr (GPtrArray) drives = kvmm_xml_domain_list_drives (xml, NULL);
  guint n_found = 0;

  virDomainFree (domain);
  for (guint i = 0; i < drives->len; i++)
    {
      const KvmmXmlCdrom *drive = drives->pdata[i];

      if (!g_str_equal (drive->target, target))
        continue;
      g_assert_cmpstr (drive->source, ==, source);
      g_assert_false (drive->tray_open);
      n_found++;
    }
  g_assert_cmpuint (n_found, ==, 1);
}

static void
test_running_machine_gets_it_now_and_later (Fixture *self, gconstpointer data)
{
  const char *target = data;
  g_autoptr (GError) error = NULL;

  create (self, TRUE);
  g_autoptr (KvmmMediumChange) inserted = change (self, target, self->disc, &error);
  g_assert_no_error (error);
  g_assert_true (inserted->is_live);
  g_assert_null (inserted->warning);
  assert_drive (self, FALSE, target, self->disc);
  assert_drive (self, TRUE, target, self->disc);

  g_autoptr (KvmmMediumChange) ejected = change (self, target, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (ejected->is_live);
  assert_drive (self, FALSE, target, NULL);
  assert_drive (self, TRUE, target, NULL);
}

static void
test_stopped_machine_gets_it_later (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  create (self, FALSE);
  g_autoptr (KvmmMediumChange) inserted = change (self, "hdc", self->disc, &error);
  g_assert_no_error (error);
  g_assert_false (inserted->is_live);
  assert_drive (self, TRUE, "hdc", self->disc);
  assert_drive (self, TRUE, "fda", NULL);
}

static void
test_bad_files_are_named (Fixture *self, gconstpointer data)
{
  g_autofree char *missing = g_build_filename (self->folder, "none.iso", NULL);
  const char *const paths[] = { missing, self->folder, "a.iso" };

  create (self, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (change (self, "hdc", paths[i], &error));
      g_assert_error (error, KVMM_DRIVE_ERROR, KVMM_DRIVE_ERROR_NOT_USABLE);
      g_assert_nonnull (strstr (error->message, paths[i]));
    }
  assert_drive (self, FALSE, "hdc", NULL);
  assert_drive (self, TRUE, "hdc", NULL);
}

static void
test_no_such_drive_is_named (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  create (self, TRUE);
  g_assert_null (change (self, "sdz", self->disc, &error));
  g_assert_error (error, KVMM_DRIVE_ERROR, KVMM_DRIVE_ERROR_NO_DRIVE);
  g_assert_nonnull (strstr (error->message, "sdz"));
  g_assert_nonnull (strstr (error->message, NAME));
}

/* What the running machine refuses is not stored either, and the old disc stays in. */
static void
test_refused_disc_changes_nothing (Fixture *self, gconstpointer data)
{
  g_autofree char *other = g_build_filename (self->folder, "other.iso", NULL);
  g_autoptr (GError) error = NULL;

  test_disc_write (other, "OTHER", "");
  create (self, TRUE);
  g_autoptr (KvmmMediumChange) inserted = change (self, "hdc", self->disc, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_chmod (other, 0), ==, 0);
  if (g_access (other, R_OK) == 0)
    {
      g_test_skip ("This user reads every file.");
      return;
    }
  g_assert_null (change (self, "hdc", other, &error));
  g_assert_error (error, KVMM_DRIVE_ERROR, KVMM_DRIVE_ERROR_NOT_USABLE);
  g_assert_nonnull (strstr (error->message, "You may not read"));
  g_assert_nonnull (strstr (error->message, other));
  assert_drive (self, FALSE, "hdc", self->disc);
  assert_drive (self, TRUE, "hdc", self->disc);
}

/* ---- storage pools ---- */

static void
make_pool (Fixture *self)
{
  g_autofree char *xml =
      g_strdup_printf ("<pool type='dir'><name>" POOL "</name><target><path>%s</path></target>"
                       "</pool>",
                       self->folder);
  virStoragePoolPtr pool = virStoragePoolCreateXML (self->handle, xml, 0);

  g_assert_nonnull (pool);
  virStoragePoolFree (pool);
}

static void
drop_pool (Fixture *self)
{
  virStoragePoolPtr pool = virStoragePoolLookupByName (self->handle, POOL);

  g_assert_cmpint (virStoragePoolDestroy (pool), ==, 0);
  virStoragePoolFree (pool);
}

static char *
list (Fixture *self, gboolean is_floppy)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) discs = NULL;
  g_autoptr (GString) text = g_string_new (NULL);

  kvmm_domain_list_discs_async (self->domain, is_floppy, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  discs = kvmm_domain_list_discs_finish (self->domain, result, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < discs->len; i++)
    {
      const KvmmDisc *disc = discs->pdata[i];

      if (!g_str_equal (disc->pool, POOL))
        continue;
      g_string_append_printf (text, "%s %" G_GUINT64_FORMAT "\n", disc->name, disc->size_bytes);
      g_assert_true (g_str_has_prefix (disc->path, self->folder));
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
test_images_of_pools_are_listed (Fixture *self, gconstpointer data)
{
  g_autofree char *later = g_build_filename (self->folder, "later.ISO", NULL);
  g_autofree char *disk = g_build_filename (self->folder, "disk.qcow2", NULL);
  g_autofree char *floppy = g_build_filename (self->folder, "floppy.vfd", NULL);

  create (self, FALSE);
  make_pool (self);
  /* Nobody told libvirt of these. */
  test_disc_write (later, "LATER", "");
  test_disc_write (disk, NULL, NULL);
  test_disc_write (floppy, NULL, NULL);
  g_autofree char *discs = list (self, FALSE);
  g_autofree char *floppies = list (self, TRUE);
  drop_pool (self);
  g_assert_cmpstr (discs, ==, "a \"disc\" & <more>.iso 65536\nlater.ISO 65536\n");
  g_assert_cmpstr (floppies, ==, "floppy.vfd 65536\n");
}

#define add(path, data, func)                                                                      \
  g_test_add ("/remote/domain-media/" path, Fixture, data, set_up, func, tear_down)

int
main (int argc, char *argv[])
{
  test_model_init (&argc, &argv);
  virSetErrorFunc (NULL, NULL);
  add ("running-machine-gets-a-disc-now-and-later", "hdc",
       test_running_machine_gets_it_now_and_later);
  add ("running-machine-gets-a-floppy-now-and-later", "fda",
       test_running_machine_gets_it_now_and_later);
  add ("stopped-machine-gets-it-later", NULL, test_stopped_machine_gets_it_later);
  add ("bad-files-are-named", NULL, test_bad_files_are_named);
  add ("no-such-drive-is-named", NULL, test_no_such_drive_is_named);
  add ("refused-disc-changes-nothing", NULL, test_refused_disc_changes_nothing);
  add ("images-of-pools-are-listed", NULL, test_images_of_pools_are_listed);
  return g_test_run ();
}
