/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <fcntl.h>
#include <libvirt/libvirt.h>
#include <unistd.h>

#include "model/kvmm-agent-install.h"
#include "model/kvmm-agent-iso-private.h"
#include "test-disc.h"
#include "test-model.h"

/* The agent disc on its way to a host, through the daemon that script/lib/private-libvirt.sh
 * started, and into machines from there. */

#define UUID "d0000000-0000-0000-0000-000000000002"
#define NAME "deploy-test"
#define VOLUME "kvmmanager-guest-agent-1.2.3.iso"
#define SMALL (64 * 1024)
/* More than the sockets on the way take. */
#define LARGE (48 * 1024 * 1024)

typedef struct
{
  virConnectPtr handle;
  KvmmSettings *settings;
  KvmmConnection *connection;
  KvmmDomain *domain;
  char *disc;
  char *folder; /* of the pool */
} Fixture;

/* A disc of @size bytes, whose contents are not all the same. */
static void
write_disc (Fixture *self, const char *version, gsize size)
{
  g_autofree char *application = g_strconcat ("KVM-MANAGER-AGENT ", version, NULL);
  g_autofree char *bytes = g_malloc (MAX (size, SMALL) - SMALL + 1);

  g_remove (self->disc);
  test_disc_write (self->disc, "KVMMANAGER_AGENT", application);
  for (gsize i = 0; i + SMALL < size; i++)
    bytes[i] = (char) (i / 511 + i);
  int fd = g_open (self->disc, O_WRONLY | O_APPEND | O_CLOEXEC, 0);
  for (gsize done = 0; done + SMALL < size;)
    {
      gssize n = write (fd, bytes + done, size - SMALL - done);
      g_assert_cmpint (n, >, 0);
      done += (gsize) n;
    }
  close (fd);
}

static void
control (const char *word)
{
  g_autofree char *line = g_strconcat (word, "\n", NULL);
  int fd = g_open (g_getenv ("KVMM_LIBVIRT_CONTROL"), O_WRONLY | O_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, line, strlen (line)), ==, (gssize) strlen (line));
  close (fd);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  const char *folder = g_getenv ("KVMM_PRIVATE_DIR");

  self->disc = g_build_filename (folder, "kvmmanager-guest-agent.iso", NULL);
  self->folder = g_build_filename (g_get_user_data_dir (), "libvirt", "images", NULL);
  write_disc (self, "1.2.3", SMALL);
  self->handle = virConnectOpen (g_getenv ("KVMM_LIBVIRT_URI"));
  g_assert_nonnull (self->handle);
  self->settings = test_settings_new ();
  g_settings_set_string (kvmm_settings_get_gsettings (self->settings), KVMM_SETTINGS_AGENT_ISO_PATH,
                         self->disc);
  self->connection = test_connected (g_getenv ("KVMM_LIBVIRT_URI"), self->settings);
}

static void
remove_pool (virConnectPtr connect)
{
  virStoragePoolPtr pool = virStoragePoolLookupByName (connect, "default");
  virStorageVolPtr *volumes = NULL;
  int n_volumes;

  if (pool == NULL)
    return;
  virStoragePoolRefresh (pool, 0);
  n_volumes = virStoragePoolListAllVolumes (pool, &volumes, 0);
  for (int i = 0; i < n_volumes; i++)
    {
      virStorageVolDelete (volumes[i], 0);
      virStorageVolFree (volumes[i]);
    }
  free (volumes);
  virStoragePoolDestroy (pool);
  virStoragePoolUndefine (pool);
  virStoragePoolFree (pool);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  /* Of the daemon that is there now. */
  virConnectPtr connect = virConnectOpen (g_getenv ("KVMM_LIBVIRT_URI"));
  virDomainPtr domain = virDomainLookupByUUIDString (connect, UUID);

  if (domain != NULL && virDomainIsActive (domain) == 1)
    virDomainDestroy (domain);
  if (domain != NULL && virDomainIsPersistent (domain) == 1)
    virDomainUndefine (domain);
  if (domain != NULL)
    virDomainFree (domain);
  remove_pool (connect);
  virConnectClose (connect);
  self->domain = NULL;
  test_drop (self->connection);
  g_object_unref (self->settings);
  virConnectClose (self->handle);
  g_remove (self->disc);
  g_free (self->disc);
  g_free (self->folder);
}

/* A paused machine, see test-agent-iso-drives.c. */
static void
create (Fixture *self, const char *devices)
{
  g_autofree char *xml = g_strdup_printf (
      "<domain type='qemu'><name>" NAME "</name><uuid>" UUID "</uuid>"
      "<memory unit='MiB'>64</memory><vcpu>1</vcpu>"
      "<os><type arch='x86_64' machine='pc'>hvm</type></os>"
      "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>"
      "<disk type='file' device='cdrom'><target dev='hda' bus='ide'/><readonly/></disk>%s"
      "<memballoon model='none'/></devices></domain>",
      devices);
  virDomainPtr domain = virDomainDefineXML (self->handle, xml);

  g_assert_nonnull (domain);
  g_assert_cmpint (virDomainCreateWithFlags (domain, VIR_DOMAIN_START_PAUSED), ==, 0);
  virDomainFree (domain);
  TEST_RUN_UNTIL ((self->domain = kvmm_connection_find (self->connection, UUID)) != NULL &&
                  kvmm_domain_get_state (self->domain) == KVMM_DOMAIN_STATE_PAUSED);
}

typedef struct
{
  goffset done, total;
  GCancellable *cancellable; /* (nullable) cancelled when the first bytes are through */
  gboolean kills;
} Seen;

static void
progress_cb (goffset done, goffset total, gpointer user_data)
{
  Seen *seen = user_data;

  g_assert_cmpint (done, >=, seen->done);
  g_assert_cmpint (done, <=, total);
  seen->done = done;
  seen->total = total;
  if (seen->cancellable != NULL)
    g_cancellable_cancel (seen->cancellable);
  if (seen->kills)
    control ("kill");
  seen->kills = FALSE;
}

static KvmmAgentIsoDeployed *
deploy (Fixture *self, KvmmAgentIsoMountFlags flags, Seen *seen, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  kvmm_agent_iso_deploy_async (self->settings, self->connection, flags, progress_cb, seen,
                               seen->cancellable, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  return kvmm_agent_iso_deploy_finish (result, error);
}

/* Makes the pool too. */
static void
assert_deploys (Fixture *self, gboolean uploads)
{
  g_autoptr (GError) error = NULL;
  Seen seen = { 0 };
  g_autoptr (KvmmAgentIsoDeployed) deployed =
      deploy (self, KVMM_AGENT_ISO_MOUNT_MAKE_POOL, &seen, &error);

  g_assert_no_error (error);
  g_assert_cmpint (deployed->uploaded, ==, uploads);
  g_assert_cmpstr (deployed->pool, ==, "default");
  g_assert_cmpstr (deployed->volume, ==, VOLUME);
  g_assert_cmpstr (deployed->version, ==, "1.2.3");
}

static char *
dup_volume_path (Fixture *self)
{
  return g_build_filename (self->folder, VOLUME, NULL);
}

static void
assert_volume_is_the_disc (Fixture *self)
{
  g_autofree char *path = dup_volume_path (self);
  g_autofree char *there = NULL, *here = NULL;
  gsize there_size = 0, here_size = 0;

  g_assert_true (g_file_get_contents (path, &there, &there_size, NULL));
  g_assert_true (g_file_get_contents (self->disc, &here, &here_size, NULL));
  g_assert_true (there_size == here_size && memcmp (there, here, here_size) == 0);
}

static GPtrArray *
resolve (Fixture *self)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  kvmm_agent_iso_resolve_async (self->settings, self->connection, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  GPtrArray *candidates = kvmm_agent_iso_resolve_finish (result, &error);
  g_assert_no_error (error);
  return candidates;
}

/* ---- the pool ---- */

static void
test_makes_a_pool_only_when_agreed (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  Seen seen = { 0 };

  g_assert_null (deploy (self, KVMM_AGENT_ISO_MOUNT_NONE, &seen, &error));
  g_assert_error (error, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_POOL_NEEDED);
  g_assert_nonnull (strstr (error->message, "“default”"));
  g_assert_nonnull (strstr (error->message, self->folder));
  g_assert_cmpint (virConnectNumOfStoragePools (self->handle), ==, 0);
  g_assert_cmpint (virConnectNumOfDefinedStoragePools (self->handle), ==, 0);

  assert_deploys (self, TRUE);
  assert_volume_is_the_disc (self);
  g_assert_cmpint (virConnectNumOfStoragePools (self->handle), ==, 1);
}

static void
test_starts_a_pool_only_when_agreed (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  Seen seen = { 0 };

  assert_deploys (self, TRUE);
  virStoragePoolPtr pool = virStoragePoolLookupByName (self->handle, "default");
  g_assert_cmpint (virStoragePoolDestroy (pool), ==, 0);
  g_assert_null (deploy (self, KVMM_AGENT_ISO_MOUNT_NONE, &seen, &error));
  g_assert_error (error, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_POOL_NEEDED);
  g_assert_nonnull (strstr (error->message, "does not run"));
  assert_deploys (self, FALSE);
  g_assert_cmpint (virStoragePoolIsActive (pool), ==, 1);
  virStoragePoolFree (pool);
}

/* ---- the volume ---- */

static void
test_uploads_once (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  Seen seen = { 0 };

  write_disc (self, "1.2.3", 3 * SMALL + 17);
  g_autoptr (KvmmAgentIsoDeployed) first =
      deploy (self, KVMM_AGENT_ISO_MOUNT_MAKE_POOL, &seen, &error);
  g_assert_no_error (error);
  g_assert_true (first->uploaded);
  g_assert_true (first->pool_made);
  g_assert_cmpuint (first->size_bytes, ==, 3 * SMALL + 17);
  /* Up and back. */
  g_assert_cmpint (seen.total, ==, 2 * (3 * SMALL + 17));
  assert_volume_is_the_disc (self);
  assert_deploys (self, FALSE);

  g_autoptr (GPtrArray) candidates = resolve (self);
  g_assert_cmpuint (candidates->len, ==, 3);
  const KvmmAgentIsoCandidate *stored = candidates->pdata[1];
  g_assert_cmpint (stored->source, ==, KVMM_AGENT_ISO_SOURCE_VOLUME);
  g_assert_cmpint (stored->verdict, ==, KVMM_AGENT_ISO_SKIPPED);
  g_assert_cmpstr (stored->version, ==, "1.2.3");
  g_assert_cmpstr (stored->real_path, ==, first->path);
}

static void
test_other_contents_are_replaced_unless_used (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  Seen seen = { 0 };
  g_autofree char *path = dup_volume_path (self);
  g_autofree char *zeros = g_malloc0 (SMALL);

  assert_deploys (self, TRUE);
  /* The same size, as half an upload has. */
  g_assert_true (g_file_set_contents (path, zeros, SMALL, NULL));
  g_autoptr (GPtrArray) candidates = resolve (self);
  g_assert_cmpint (((const KvmmAgentIsoCandidate *) candidates->pdata[1])->verdict, ==,
                   KVMM_AGENT_ISO_INCOMPLETE);
  assert_deploys (self, TRUE);
  assert_volume_is_the_disc (self);

  /* Another size. */
  g_assert_true (g_file_set_contents (path, zeros, 100, NULL));
  assert_deploys (self, TRUE);
  assert_volume_is_the_disc (self);

  /* In a machine: it is not touched, and the machine is named. */
  g_assert_true (g_file_set_contents (path, zeros, SMALL, NULL));
  g_autofree char *drive = g_strdup_printf (
      "<disk type='file' device='cdrom'><source file='%s'/><target dev='hdb' bus='ide'/></disk>",
      path);
  create (self, drive);
  g_assert_null (deploy (self, KVMM_AGENT_ISO_MOUNT_NONE, &seen, &error));
  g_assert_error (error, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_IN_USE);
  g_assert_nonnull (strstr (error->message, NAME));
  g_assert_nonnull (strstr (error->message, VOLUME));
  g_autofree char *there = NULL;
  g_assert_true (g_file_get_contents (path, &there, NULL, NULL));
  g_assert_true (memcmp (there, zeros, SMALL) == 0);
}

static void
test_cancelled_upload_is_taken_back (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Seen seen = { .cancellable = cancellable };
  g_autofree char *path = dup_volume_path (self);

  write_disc (self, "1.2.3", LARGE);
  g_assert_null (deploy (self, KVMM_AGENT_ISO_MOUNT_MAKE_POOL, &seen, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (seen.done, <, seen.total);
  TEST_RUN_UNTIL (!g_file_test (path, G_FILE_TEST_EXISTS));
  /* Nothing is in the way of the next one, which comes after what is still being taken back. */
  write_disc (self, "1.2.3", SMALL);
  assert_deploys (self, TRUE);
}

static void
test_daemon_dies_in_mid_upload (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  Seen seen = { .kills = TRUE };

  write_disc (self, "1.2.3", LARGE);
  g_assert_null (deploy (self, KVMM_AGENT_ISO_MOUNT_MAKE_POOL, &seen, &error));
  g_test_message ("%s", error->message);
  g_assert_cmpint (error->domain, ==, KVMM_VIRT_ERROR);
  TEST_RUN_UNTIL (kvmm_connection_get_state (self->connection) == KVMM_CONNECTION_LOST);
  control ("start");
  TEST_RUN_UNTIL (kvmm_connection_get_state (self->connection) == KVMM_CONNECTION_CONNECTED);
  virConnectClose (self->handle);
  self->handle = virConnectOpen (g_getenv ("KVMM_LIBVIRT_URI"));
  g_assert_nonnull (self->handle);

  /* What it left is seen for what it is, and replaced. */
  virStoragePoolPtr pool = virStoragePoolLookupByName (self->handle, "default");
  /* The daemon starts it itself, when it comes to that. */
  TEST_RUN_UNTIL (virStoragePoolIsActive (pool) == 1 || virStoragePoolCreate (pool, 0) == 0);
  virStoragePoolFree (pool);
  g_autofree char *path = dup_volume_path (self);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  g_autoptr (GPtrArray) candidates = resolve (self);
  const KvmmAgentIsoCandidate *stored = candidates->pdata[1];
  g_assert_cmpint (stored->verdict, ==, KVMM_AGENT_ISO_INCOMPLETE);
  write_disc (self, "1.2.3", SMALL);
  assert_deploys (self, TRUE);
  assert_volume_is_the_disc (self);
}

/* ---- old ones ---- */

static GPtrArray *
list_volumes (Fixture *self)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  kvmm_agent_iso_list_volumes_async (self->settings, self->connection, NULL, test_result_cb,
                                     &result);
  TEST_RUN_UNTIL (result != NULL);
  GPtrArray *volumes = kvmm_agent_iso_list_volumes_finish (result, &error);
  g_assert_no_error (error);
  return volumes;
}

static gboolean
delete_volume (Fixture *self, const char *volume, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  kvmm_agent_iso_delete_volume_async (self->connection, "default", volume, NULL, test_result_cb,
                                      &result);
  TEST_RUN_UNTIL (result != NULL);
  return kvmm_agent_iso_delete_volume_finish (result, error);
}

static void
test_old_versions_go_when_nobody_uses_them (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  Seen seen = { 0 };

  write_disc (self, "1.2.2", SMALL);
  g_autoptr (KvmmAgentIsoDeployed) old =
      deploy (self, KVMM_AGENT_ISO_MOUNT_MAKE_POOL, &seen, &error);
  g_assert_no_error (error);
  write_disc (self, "1.2.3", SMALL);
  assert_deploys (self, TRUE);
  g_autofree char *drive = g_strdup_printf (
      "<disk type='file' device='cdrom'><source file='%s'/><target dev='hdb' bus='ide'/></disk>",
      old->path);
  create (self, drive);

  g_autoptr (GPtrArray) volumes = list_volumes (self);
  g_assert_cmpuint (volumes->len, ==, 2);
  const KvmmAgentIsoVolume *first = volumes->pdata[0], *second = volumes->pdata[1];
  g_assert_cmpstr (first->version, ==, "1.2.2");
  g_assert_false (first->is_current);
  g_assert_true (first->is_whole);
  g_assert_cmpstr (first->used_by, ==, NAME);
  g_assert_true (second->is_current);
  g_assert_null (second->used_by);
  g_assert_false (delete_volume (self, old->volume, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_IN_USE);
  g_clear_error (&error);

  virDomainPtr domain = virDomainLookupByUUIDString (self->handle, UUID);
  virDomainDestroy (domain);
  virDomainUndefine (domain);
  virDomainFree (domain);
  g_assert_true (delete_volume (self, old->volume, &error));
  g_assert_no_error (error);
  g_autoptr (GPtrArray) rest = list_volumes (self);
  g_assert_cmpuint (rest->len, ==, 1);
}

/* ---- into a machine ---- */

static KvmmAgentIsoMounted *
mount (Fixture *self, KvmmAgentIsoMountFlags flags, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  kvmm_agent_iso_mount_async (self->settings, self->domain, flags, NULL, NULL, NULL, test_result_cb,
                              &result);
  TEST_RUN_UNTIL (result != NULL);
  return kvmm_agent_iso_mount_finish (result, error);
}

/* The file looks good to us, and the host's QEMU does not get it. */
static gboolean
refuse_the_file (Fixture *self)
{
  if (geteuid () != 0)
    {
      g_test_skip ("only root can read a file that its owner may not");
      return FALSE;
    }
  g_assert_cmpint (g_chmod (self->disc, 0), ==, 0);
  return TRUE;
}

static void
test_refused_file_is_uploaded_instead (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = dup_volume_path (self);

  if (!refuse_the_file (self))
    return;
  create (self, "<controller type='virtio-serial' index='0'/>");
  /* First the question about the pool, which tells what it is for. */
  g_assert_null (mount (self, KVMM_AGENT_ISO_MOUNT_NONE, &error));
  g_assert_error (error, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_POOL_NEEDED);
  g_assert_nonnull (strstr (error->message, self->disc));
  g_assert_nonnull (strstr (error->message, self->folder));
  g_clear_error (&error);

  g_autoptr (KvmmAgentIsoMounted) mounted = mount (self, KVMM_AGENT_ISO_MOUNT_MAKE_POOL, &error);
  g_assert_no_error (error);
  g_assert_true (mounted->uploaded);
  g_assert_cmpstr (mounted->path, ==, path);
  g_assert_cmpstr (mounted->target, ==, "hda");
  g_assert_nonnull (strstr (mounted->note, self->disc));
  g_assert_nonnull (strstr (mounted->note, "“default”"));
  virDomainPtr domain = virDomainLookupByUUIDString (self->handle, UUID);
  g_autofree char *xml = virDomainGetXMLDesc (domain, 0);
  virDomainFree (domain);
  g_assert_nonnull (strstr (xml, path));
  g_autoptr (GPtrArray) drives = kvmm_xml_domain_list_cdroms (xml, &error);
  g_assert_false (((const KvmmXmlCdrom *) drives->pdata[0])->tray_open);
}

static void
test_refusal_is_told_when_the_upload_fails_too (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = dup_volume_path (self);
  g_autofree char *drive = g_strdup_printf (
      "<disk type='file' device='cdrom'><source file='%s' startupPolicy='optional'/>"
      "<target dev='hdb' bus='ide'/></disk><controller type='virtio-serial' index='0'/>",
      path);

  if (!refuse_the_file (self))
    return;
  g_assert_cmpint (g_chmod (self->disc, 0644), ==, 0);
  assert_deploys (self, TRUE);
  g_assert_true (g_file_set_contents (path, "other", -1, NULL));
  g_assert_cmpint (g_chmod (self->disc, 0), ==, 0);
  create (self, drive);
  g_assert_null (mount (self, KVMM_AGENT_ISO_MOUNT_NONE, &error));
  g_assert_cmpint (error->domain, ==, KVMM_VIRT_ERROR);
  g_assert_nonnull (strstr (error->message, self->disc));
  g_assert_nonnull (strstr (error->message, "Nor could the disc be uploaded"));
}

/* ---- the assistant ---- */

static gboolean
states_are (KvmmAgentInstall *install, const char *expected)
{
  static const char letters[] = {
    [KVMM_AGENT_INSTALL_PENDING] = '.', [KVMM_AGENT_INSTALL_CURRENT] = '>',
    [KVMM_AGENT_INSTALL_BUSY] = '~',    [KVMM_AGENT_INSTALL_NEEDS_START] = '!',
    [KVMM_AGENT_INSTALL_DONE] = '+',    [KVMM_AGENT_INSTALL_FAILED] = 'x',
  };

  for (guint step = 0; step < KVMM_AGENT_INSTALL_N_STEPS; step++)
    {
      g_autofree char *text = kvmm_agent_install_dup_text (install, step);
      g_assert_cmpstr (text, !=, "");
      if (letters[kvmm_agent_install_get_state (install, step)] != expected[step])
        return FALSE;
    }
  return TRUE;
}

static void
test_assistant_goes_on_where_it_was (Fixture *self, gconstpointer data)
{
  create (self, "<controller type='virtio-serial' index='0'/>");
  KvmmAgentInstall *install = kvmm_agent_install_new (self->settings, self->domain);
  TEST_RUN_UNTIL (states_are (install, ">....."));
  TEST_RUN_UNTIL (kvmm_agent_install_get_available_version (install) != NULL);
  g_assert_cmpstr (kvmm_agent_install_get_available_version (install), ==, "1.2.3");
  g_assert_false (kvmm_agent_install_get_update_available (install));

  kvmm_agent_install_prepare (install);
  g_assert_true (kvmm_agent_install_get_is_busy (install));
  TEST_RUN_UNTIL (!kvmm_agent_install_get_is_busy (install));
  TEST_RUN_UNTIL (states_are (install, "++>..."));
  const char *reason = NULL;
  g_assert_false (kvmm_agent_install_can_run (install, &reason));
  g_assert_nonnull (reason);
  test_drop_object (install);

  /* As after another start of the program. */
  install = kvmm_agent_install_new (self->settings, self->domain);
  TEST_RUN_UNTIL (states_are (install, "++>..."));
  kvmm_agent_install_set_typed (install);
  TEST_RUN_UNTIL (states_are (install, "+++~.."));
  kvmm_agent_install_eject (install);
  TEST_RUN_UNTIL (!kvmm_agent_install_get_is_busy (install));
  g_assert_null (kvmm_agent_install_get_error (install));
  TEST_RUN_UNTIL (states_are (install, "+>...."));
  test_drop_object (install);
}

static void
test_assistant_asks (Fixture *self, gconstpointer data)
{
  if (!refuse_the_file (self))
    return;
  create (self, "");
  KvmmAgentInstall *install = kvmm_agent_install_new (self->settings, self->domain);
  kvmm_agent_install_prepare (install);
  TEST_RUN_UNTIL (!kvmm_agent_install_get_is_busy (install));
  g_assert_cmpint (kvmm_agent_install_get_question (install), ==,
                   KVMM_AGENT_INSTALL_ASKS_MAKE_POOL);
  g_assert_nonnull (strstr (kvmm_agent_install_get_question_text (install), "“default”"));
  kvmm_agent_install_answer (install, FALSE);
  g_assert_cmpint (kvmm_agent_install_get_question (install), ==, KVMM_AGENT_INSTALL_ASKS_NOTHING);

  kvmm_agent_install_prepare (install);
  TEST_RUN_UNTIL (!kvmm_agent_install_get_is_busy (install));
  kvmm_agent_install_answer (install, TRUE);
  TEST_RUN_UNTIL (!kvmm_agent_install_get_is_busy (install));
  g_assert_null (kvmm_agent_install_get_error (install));
  g_assert_nonnull (kvmm_agent_install_get_note (install));
  /* Without a controller the channel comes with the next start, and says so. */
  TEST_RUN_UNTIL (states_are (install, "!+...."));
  test_drop_object (install);
}

#define ADD(path, func)                                                                            \
  g_test_add ("/model/agent-iso-deploy/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_autofree char *data_folder = g_build_filename (g_getenv ("KVMM_PRIVATE_DIR"), "data", NULL);

  /* Where a session's pool would be made. */
  g_setenv ("XDG_DATA_HOME", data_folder, TRUE);
  test_model_init (&argc, &argv);
  ADD ("makes-a-pool-only-when-agreed", test_makes_a_pool_only_when_agreed);
  ADD ("starts-a-pool-only-when-agreed", test_starts_a_pool_only_when_agreed);
  ADD ("uploads-once", test_uploads_once);
  ADD ("other-contents-are-replaced-unless-used", test_other_contents_are_replaced_unless_used);
  ADD ("cancelled-upload-is-taken-back", test_cancelled_upload_is_taken_back);
  ADD ("old-versions-go-when-nobody-uses-them", test_old_versions_go_when_nobody_uses_them);
  ADD ("refused-file-is-uploaded-instead", test_refused_file_is_uploaded_instead);
  ADD ("refusal-is-told-when-the-upload-fails-too", test_refusal_is_told_when_the_upload_fails_too);
  ADD ("assistant-goes-on-where-it-was", test_assistant_goes_on_where_it_was);
  ADD ("assistant-asks", test_assistant_asks);
  ADD ("daemon-dies-in-mid-upload", test_daemon_dies_in_mid_upload);
  return g_test_run ();
}
