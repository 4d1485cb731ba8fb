/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "model/kvmm-agent-iso-private.h"
#include "test-disc.h"
#include "test-model.h"

/* The agent disc in real machines of the daemon that script/lib/private-libvirt.sh started. They
 * have no operating system: QEMU and libvirt are what is asked here. */

#define UUID "d0000000-0000-0000-0000-000000000001"
#define NAME "disc-test"
#define SERIAL "<controller type='virtio-serial' index='0'/>"
#define VIRTIO_SCSI "<controller type='scsi' index='0' model='virtio-scsi'/>"
#define IDE_DRIVE "<disk type='file' device='cdrom'><target dev='hda' bus='ide'/><readonly/></disk>"

typedef struct
{
  virConnectPtr handle; /* a connection of the test's own */
  KvmmSettings *settings;
  KvmmConnection *connection;
  KvmmDomain *domain;
  char *disc;  /* the agent's */
  char *other; /* any other */
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  const char *folder = g_getenv ("KVMM_PRIVATE_DIR");
  self->disc = g_build_filename (folder, "kvmmanager-guest-agent.iso", NULL);
  self->other = g_build_filename (folder, "other.iso", NULL);
  test_disc_write (self->disc, "KVMMANAGER_AGENT", "KVM-MANAGER-AGENT 1.2.3");
  test_disc_write (self->other, "OTHER", "");
  self->handle = virConnectOpen (g_getenv ("KVMM_LIBVIRT_URI"));
  g_assert_nonnull (self->handle);
  self->settings = test_settings_new ();
  g_settings_set_string (kvmm_settings_get_gsettings (self->settings), KVMM_SETTINGS_AGENT_ISO_PATH,
                         self->disc);
  self->connection = test_connected (g_getenv ("KVMM_LIBVIRT_URI"), self->settings);
}

static virDomainPtr
look_up (Fixture *self)
{
  virDomainPtr domain = virDomainLookupByUUIDString (self->handle, UUID);
  g_assert_nonnull (domain);
  return domain;
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
  self->domain = NULL;
  test_drop (self->connection);
  g_object_unref (self->settings);
  virConnectClose (self->handle);
  g_remove (self->disc);
  g_remove (self->other);
  g_free (self->disc);
  g_free (self->other);
}

/* What is active is paused: firmware that looks for something to boot resets IDE drives, which
 * closes their trays without a word to libvirt. */
typedef enum
{
  STOPPED,
  ACTIVE,
  TRANSIENT,
} Life;

/* Brings the machine into being, and waits until the model has it so. */
static void
create (Fixture *self, const char *machine, const char *devices, Life life)
{
  g_autofree char *xml = g_strdup_printf (
      "<domain type='qemu'><name>" NAME "</name><uuid>" UUID "</uuid>"
      "<memory unit='MiB'>64</memory><vcpu>1</vcpu>"
      "<os><type arch='x86_64' machine='%s'>hvm</type></os>"
      "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>%s<memballoon model='none'/>"
      "</devices></domain>",
      machine, devices);
  virDomainPtr domain = life == TRANSIENT
                            ? virDomainCreateXML (self->handle, xml, VIR_DOMAIN_START_PAUSED)
                            : virDomainDefineXML (self->handle, xml);
  g_assert_nonnull (domain);
  if (life == ACTIVE)
    g_assert_cmpint (virDomainCreateWithFlags (domain, VIR_DOMAIN_START_PAUSED), ==, 0);
  virDomainFree (domain);

  KvmmDomainState state = life == STOPPED ? KVMM_DOMAIN_STATE_SHUT_OFF : KVMM_DOMAIN_STATE_PAUSED;
  TEST_RUN_UNTIL ((self->domain = kvmm_connection_find (self->connection, UUID)) != NULL &&
                  kvmm_domain_get_state (self->domain) == state);
}

static GPtrArray *
list_drives (Fixture *self, gboolean inactive)
{
  g_autoptr (GError) error = NULL;
  virDomainPtr domain = look_up (self);
  g_autofree char *xml = virDomainGetXMLDesc (domain, inactive ? VIR_DOMAIN_XML_INACTIVE : 0);
  virDomainFree (domain);
  GPtrArray *drives = kvmm_xml_domain_list_cdroms (xml, &error);
  g_assert_no_error (error);
  return drives;
}

/* Of the machine's only drive: NULL target: there is none; NULL source: it is empty. */
static void
assert_drive (Fixture *self, gboolean inactive, const char *target, const char *source)
{
  g_autoptr (GPtrArray) drives = list_drives (self, inactive);
  g_assert_cmpuint (drives->len, ==, target != NULL ? 1 : 0);
  if (target == NULL)
    return;
  const KvmmXmlCdrom *drive = drives->pdata[0];
  g_assert_cmpstr (drive->target, ==, target);
  g_assert_cmpstr (drive->source, ==, source);
  g_assert_false (drive->tray_open);
}

#define LIVE FALSE
#define CONFIG TRUE

static KvmmAgentIsoMounted *
mount (Fixture *self, KvmmAgentIsoMountFlags flags, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  kvmm_agent_iso_mount_async (self->settings, self->domain, flags, NULL, NULL, NULL, test_result_cb,
                              &result);
  TEST_RUN_UNTIL (result != NULL);
  return kvmm_agent_iso_mount_finish (result, error);
}

/* Mounts, and checks what the machine gets. */
static void
assert_mounts (Fixture *self,
               KvmmAgentIsoMountFlags flags,
               const char *target,
               gboolean drive_added,
               gboolean drive_needs_restart)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmAgentIsoMounted) mounted = mount (self, flags, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (mounted->target, ==, target);
  g_assert_cmpstr (mounted->path, ==, self->disc);
  g_assert_cmpstr (mounted->version, ==, "1.2.3");
  g_assert_cmpint (mounted->drive_added, ==, drive_added);
  g_assert_cmpint (mounted->drive_needs_restart, ==, drive_needs_restart);
}

static void
assert_ejects (Fixture *self)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  kvmm_agent_iso_eject_async (self->settings, self->domain, KVMM_AGENT_ISO_MOUNT_NONE, NULL,
                              test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  kvmm_agent_iso_eject_finish (result, &error);
  g_assert_no_error (error);
}

/* As the interface sees it. */
static gboolean
is_seen_mounted (Fixture *self)
{
  g_autofree char *target = kvmm_agent_iso_find_mounted (self->domain);
  return target != NULL;
}

/* ---- an empty drive of a running machine ---- */

static void
test_empty_drive_live (Fixture *self, gconstpointer data)
{
  create (self, "pc", IDE_DRIVE SERIAL, ACTIVE);
  assert_mounts (self, KVMM_AGENT_ISO_MOUNT_NONE, "hda", FALSE, FALSE);
  assert_drive (self, LIVE, "hda", self->disc);
  /* The next start must not depend on the file. */
  assert_drive (self, CONFIG, "hda", NULL);
  TEST_RUN_UNTIL (is_seen_mounted (self));
  g_autofree char *target = kvmm_agent_iso_find_mounted (self->domain);
  g_assert_cmpstr (target, ==, "hda");

  /* Again: nothing to do. */
  assert_mounts (self, KVMM_AGENT_ISO_MOUNT_NONE, "hda", FALSE, FALSE);
  assert_ejects (self);
  assert_drive (self, LIVE, "hda", NULL);
  TEST_RUN_UNTIL (!is_seen_mounted (self));
  /* An ejected drive counts as empty. */
  assert_mounts (self, KVMM_AGENT_ISO_MOUNT_NONE, "hda", FALSE, FALSE);
  assert_drive (self, LIVE, "hda", self->disc);
}

static void
test_full_drive_asks (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *devices = g_strdup_printf (
      "<disk type='file' device='cdrom'><source file='%s'/><target dev='sda' bus='sata'/>"
      "<readonly/></disk>",
      self->other);
  create (self, "q35", devices, ACTIVE);
  g_assert_null (mount (self, KVMM_AGENT_ISO_MOUNT_NONE, &error));
  g_assert_error (error, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_REPLACE_NEEDED);
  g_assert_nonnull (strstr (error->message, self->other));
  assert_drive (self, LIVE, "sda", self->other);

  assert_mounts (self, KVMM_AGENT_ISO_MOUNT_REPLACE, "sda", FALSE, FALSE);
  assert_drive (self, LIVE, "sda", self->disc);
  assert_drive (self, CONFIG, "sda", self->other);
}

static void
test_older_disc_is_replaced_unasked (Fixture *self, gconstpointer data)
{
  g_autofree char *older =
      g_build_filename (g_getenv ("KVMM_PRIVATE_DIR"), "kvmmanager-guest-agent-0.9.iso", NULL);
  g_autofree char *devices = g_strdup_printf (
      "<disk type='file' device='cdrom'><source file='%s'/><target dev='hda' bus='ide'/>"
      "<readonly/></disk>",
      older);
  test_disc_write (older, "KVMMANAGER_AGENT", "KVM-MANAGER-AGENT 0.9");
  create (self, "pc", devices, ACTIVE);
  assert_mounts (self, KVMM_AGENT_ISO_MOUNT_NONE, "hda", FALSE, FALSE);
  assert_drive (self, LIVE, "hda", self->disc);
  g_remove (older);
}

/* ---- no drive ---- */

static void
test_new_drive_waits_for_the_next_start (Fixture *self, gconstpointer data)
{
  create (self, "q35", SERIAL, ACTIVE);
  assert_mounts (self, KVMM_AGENT_ISO_MOUNT_NONE, "sda", TRUE, TRUE);
  assert_drive (self, LIVE, NULL, NULL);
  assert_drive (self, CONFIG, "sda", self->disc);
  /* Asked again, there is no second one. */
  assert_mounts (self, KVMM_AGENT_ISO_MOUNT_NONE, "sda", FALSE, TRUE);
  assert_drive (self, CONFIG, "sda", self->disc);
  assert_ejects (self);
  assert_drive (self, CONFIG, "sda", NULL);
}

static void
test_new_drive_comes_live_on_virtio_scsi (Fixture *self, gconstpointer data)
{
  create (self, "q35", VIRTIO_SCSI SERIAL, ACTIVE);
  assert_mounts (self, KVMM_AGENT_ISO_MOUNT_NONE, "sda", TRUE, FALSE);
  assert_drive (self, LIVE, "sda", self->disc);
  assert_drive (self, CONFIG, NULL, NULL);

  /* A newer disc, into the drive that was plugged in: libvirt before 9.3 cannot by itself. */
  g_autofree char *newer =
      g_build_filename (g_getenv ("KVMM_PRIVATE_DIR"), "kvmmanager-guest-agent-2.iso", NULL);
  g_free (self->disc);
  self->disc = g_steal_pointer (&newer);
  test_disc_write (self->disc, "KVMMANAGER_AGENT", "KVM-MANAGER-AGENT 1.2.3");
  g_settings_set_string (kvmm_settings_get_gsettings (self->settings), KVMM_SETTINGS_AGENT_ISO_PATH,
                         self->disc);
  assert_mounts (self, KVMM_AGENT_ISO_MOUNT_NONE, "sda", FALSE, FALSE);
  assert_drive (self, LIVE, "sda", self->disc);

  /* Nor can it eject: then the drive goes with its disc. */
  assert_ejects (self);
  unsigned long version = 0;
  virConnectGetLibVersion (self->handle, &version);
  assert_drive (self, LIVE, version < 9003000 ? NULL : "sda", NULL);
  assert_mounts (self, KVMM_AGENT_ISO_MOUNT_NONE, "sda", version < 9003000, FALSE);
  assert_drive (self, LIVE, "sda", self->disc);
}

static void
test_stopped_machine_is_configured (Fixture *self, gconstpointer data)
{
  const char *machine = data;
  create (self, machine, "", STOPPED);
  const char *target = g_str_equal (machine, "pc") ? "hda" : "sda";
  assert_mounts (self, KVMM_AGENT_ISO_MOUNT_NONE, target, TRUE, FALSE);
  assert_drive (self, CONFIG, target, self->disc);
  /* It starts, even when the disc is gone by then. */
  g_remove (self->disc);
  virDomainPtr domain = look_up (self);
  g_assert_cmpint (virDomainCreate (domain), ==, 0);
  virDomainFree (domain);
  assert_drive (self, LIVE, target, NULL);
}

static void
test_transient_machine_without_a_drive (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  create (self, "pc", SERIAL, TRANSIENT);
  g_assert_null (mount (self, KVMM_AGENT_ISO_MOUNT_NONE, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, NAME));
}

/* ---- the channel ---- */

static void
test_channel_comes_live (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  create (self, "pc", IDE_DRIVE SERIAL, ACTIVE);
  g_autoptr (KvmmAgentIsoMounted) first = mount (self, KVMM_AGENT_ISO_MOUNT_NONE, &error);
  g_assert_no_error (error);
  g_assert_true (first->channel_added);
  g_assert_false (first->channel_needs_restart);
  g_autoptr (KvmmAgentIsoMounted) second = mount (self, KVMM_AGENT_ISO_MOUNT_NONE, &error);
  g_assert_false (second->channel_added);
  g_assert_false (second->channel_needs_restart);
}

static void
test_channel_waits_for_the_next_start (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  create (self, "pc", IDE_DRIVE, ACTIVE);
  g_autoptr (KvmmAgentIsoMounted) first = mount (self, KVMM_AGENT_ISO_MOUNT_NONE, &error);
  g_assert_no_error (error);
  g_assert_true (first->channel_added);
  g_assert_true (first->channel_needs_restart);
  /* Still so when asked again. */
  g_autoptr (KvmmAgentIsoMounted) second = mount (self, KVMM_AGENT_ISO_MOUNT_NONE, &error);
  g_assert_false (second->channel_added);
  g_assert_true (second->channel_needs_restart);
}

/* ---- failures ---- */

typedef struct
{
  KvmmAgentIsoMedium medium;
  KvmmVirtConnect *connect;
  GError *error;
  gboolean done;
} Insert;

static gpointer
insert_thread (gpointer data)
{
  Insert *insert = data;
  insert->connect =
      kvmm_virt_connect_open (g_getenv ("KVMM_LIBVIRT_URI"), NULL, NULL, &insert->error);
  g_assert_no_error (insert->error);
  g_assert_null (kvmm_agent_iso_insert (insert->connect, &insert->medium, &insert->error));
  kvmm_virt_connect_unref (insert->connect);
  g_atomic_int_set (&insert->done, TRUE);
  g_main_context_wakeup (NULL);
  return NULL;
}

/* QEMU opens the tray before it finds that it may not read the new disc. Paused, so that the
 * firmware does not reset the drive in between. */
static void
test_failed_insertion_gives_the_old_disc_back (Fixture *self, gconstpointer data)
{
  g_autofree char *devices = g_strdup_printf (
      "<disk type='file' device='cdrom'><source file='%s'/><target dev='hda' bus='ide'/>"
      "<readonly/></disk>",
      self->other);
  create (self, "pc", devices, ACTIVE);
  g_assert_cmpint (g_chmod (self->disc, 0), ==, 0);
  Insert insert = { .medium = { .uuid = UUID,
                                .name = NAME,
                                .path = self->disc,
                                .flags = KVMM_AGENT_ISO_MOUNT_REPLACE,
                                .libvirt_version = 9000000 } };
  GThread *thread = g_thread_new ("test", insert_thread, &insert);
  TEST_RUN_UNTIL (g_atomic_int_get (&insert.done));
  g_thread_join (thread);
  g_assert_cmpint (insert.error->domain, ==, KVMM_VIRT_ERROR);
  g_test_message ("%s", insert.error->message);
  g_clear_error (&insert.error);
  assert_drive (self, LIVE, "hda", self->other);
}

static void
test_deleted_machine_is_named (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  create (self, "pc", IDE_DRIVE, STOPPED);
  g_autoptr (KvmmDomain) domain = g_object_ref (self->domain);
  virDomainPtr handle = look_up (self);
  g_assert_cmpint (virDomainUndefine (handle), ==, 0);
  virDomainFree (handle);
  TEST_RUN_UNTIL (kvmm_connection_find (self->connection, UUID) == NULL);
  g_assert_null (mount (self, KVMM_AGENT_ISO_MOUNT_NONE, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT);
  g_assert_nonnull (strstr (error->message, NAME));
}

#define add(path, data, func)                                                                      \
  g_test_add ("/remote/agent-iso/" path, Fixture, data, set_up, func, tear_down)

int
main (int argc, char *argv[])
{
  test_model_init (&argc, &argv);
  virSetErrorFunc (NULL, NULL);
  add ("empty-drive-live", NULL, test_empty_drive_live);
  add ("full-drive-asks", NULL, test_full_drive_asks);
  add ("older-disc-is-replaced-unasked", NULL, test_older_disc_is_replaced_unasked);
  add ("new-drive-waits-for-the-next-start", NULL, test_new_drive_waits_for_the_next_start);
  add ("new-drive-comes-live-on-virtio-scsi", NULL, test_new_drive_comes_live_on_virtio_scsi);
  add ("stopped-pc-is-configured", "pc", test_stopped_machine_is_configured);
  add ("stopped-q35-is-configured", "q35", test_stopped_machine_is_configured);
  add ("transient-machine-without-a-drive", NULL, test_transient_machine_without_a_drive);
  add ("channel-comes-live", NULL, test_channel_comes_live);
  add ("channel-waits-for-the-next-start", NULL, test_channel_waits_for_the_next_start);
  add ("failed-insertion-gives-the-old-disc-back", NULL,
       test_failed_insertion_gives_the_old_disc_back);
  add ("deleted-machine-is-named", NULL, test_deleted_machine_is_named);
  return g_test_run ();
}
