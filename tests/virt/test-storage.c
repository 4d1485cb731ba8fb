/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "test-remote.h"
#include "virt/kvmm-virt-storage.h"

/* Pools and volumes of a real daemon. What each case does with them happens on a worker, where the
 * functions belong, while the main loop turns. */

#define POOL "kvmm-test"
#define VOLUME "kvmmanager-guest-agent-1.iso"
/* Many pieces, the last one not whole. */
#define SIZE (4 * 1024 * 1024 + 1234)
/* More than the sockets on the way take: a daemon that is gone is noticed while it is sent. */
#define LARGE_SIZE (64 * 1024 * 1024)

typedef struct
{
  KvmmVirtConnect *connect;
  char *folder; /* of the pool */
  char *file;   /* to upload */
  char *sha256;
  int fd;
} Fixture;

static void
write_file (Fixture *self, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *bytes = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    bytes[i] = (char) (i * 31 + i / 4096 + 1);
  g_file_set_contents (self->file, bytes, (gssize) size, &error);
  g_assert_no_error (error);
  g_free (self->sha256);
  self->sha256 = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (guchar *) bytes, size);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = g_open (self->file, O_RDONLY | O_CLOEXEC, 0);
  g_assert_cmpint (self->fd, >=, 0);
}

static gpointer
make_pool_thread (gpointer data)
{
  Fixture *self = data;
  g_autoptr (GError) error = NULL;

  g_assert_true (kvmm_virt_storage_make_pool (self->connect, POOL, self->folder, &error));
  g_assert_no_error (error);
  return NULL;
}

static void
set_up (Fixture *self, gconstpointer data)
{
  const char *folder = g_getenv ("KVMM_PRIVATE_DIR");

  self->fd = -1;
  self->folder = g_build_filename (folder, "pool", NULL);
  self->file = g_build_filename (folder, "upload", NULL);
  write_file (self, SIZE);
  self->connect = remote_open ();
  remote_call (make_pool_thread, self);
}

static gpointer
remove_pool_thread (gpointer data)
{
  g_autoptr (virConnect) handle = kvmm_virt_connect_acquire (data, NULL);
  g_autoptr (virStoragePool) pool = virStoragePoolLookupByName (handle, POOL);
  virStorageVolPtr *volumes = NULL;
  int n_volumes;

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
  return NULL;
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  remote_call (remote_undefine_thread, self->connect);
  remote_call (remove_pool_thread, self->connect);
  kvmm_virt_connect_unref (self->connect);
  close (self->fd);
  g_remove (self->file);
  g_free (self->folder);
  g_free (self->file);
  g_free (self->sha256);
}

/* Every case but those about the daemon's death is one function on a worker. */
static void
run_case (Fixture *self, gconstpointer data)
{
  remote_call ((GThreadFunc) data, self);
}

static KvmmVirtVolume *
upload (Fixture *self, KvmmVirtProgressFunc progress, GCancellable *cancellable, GError **error)
{
  struct stat info;

  g_assert_cmpint (fstat (self->fd, &info), ==, 0);
  return kvmm_virt_storage_upload (self->connect, POOL, VOLUME, self->fd, (guint64) info.st_size,
                                   FALSE, progress, cancellable, cancellable, error);
}

/* ---- pools ---- */

static gpointer
makes_a_pool (gpointer data)
{
  Fixture *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtPool) pool = kvmm_virt_storage_read_pool (self->connect, POOL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (pool->name, ==, POOL);
  g_assert_cmpstr (pool->type, ==, "dir");
  g_assert_cmpstr (pool->path, ==, self->folder);
  g_assert_true (pool->is_active);
  g_assert_true (pool->autostart);
  g_assert_cmpuint (pool->available_bytes, >, 0);
  g_assert_true (g_file_test (self->folder, G_FILE_TEST_IS_DIR));
  g_autoptr (GPtrArray) pools = kvmm_virt_storage_list_pools (self->connect, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (pools->len, ==, 1);
  g_autoptr (GPtrArray) volumes = kvmm_virt_storage_list_volumes (self->connect, POOL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (volumes->len, ==, 0);
  /* There is one. */
  g_assert_true (kvmm_virt_storage_start_pool (self->connect, POOL, &error));
  g_assert_no_error (error);
  return NULL;
}

static gpointer
leaves_no_pool_that_cannot_start (gpointer data)
{
  Fixture *self = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *below = g_build_filename (self->file, "folder", NULL);

  g_assert_false (kvmm_virt_storage_make_pool (self->connect, "bad", below, &error));
  g_assert_nonnull (strstr (error->message, "“bad”"));
  g_clear_error (&error);
  g_assert_null (kvmm_virt_storage_read_pool (self->connect, "bad", &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT);
  g_assert_nonnull (strstr (error->message, "“bad”"));
  return NULL;
}

static gpointer
starts_a_stopped_pool (gpointer data)
{
  Fixture *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (virConnect) handle = kvmm_virt_connect_acquire (self->connect, NULL);
  g_autoptr (virStoragePool) pool = virStoragePoolLookupByName (handle, POOL);

  g_assert_cmpint (virStoragePoolDestroy (pool), ==, 0);
  g_autoptr (KvmmVirtPool) stopped = kvmm_virt_storage_read_pool (self->connect, POOL, &error);
  g_assert_false (stopped->is_active);
  g_assert_null (kvmm_virt_storage_list_volumes (self->connect, POOL, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_INVALID_STATE);
  g_clear_error (&error);
  g_assert_null (upload (self, NULL, NULL, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_INVALID_STATE);
  g_clear_error (&error);
  g_assert_true (kvmm_virt_storage_start_pool (self->connect, POOL, &error));
  g_assert_no_error (error);
  return NULL;
}

/* ---- up and down ---- */

static guint64 seen_bytes, seen_total;

static void
remember_progress (guint64 done, guint64 total, gpointer user_data)
{
  g_assert_cmpuint (done, >, seen_bytes);
  seen_bytes = done;
  seen_total = total;
}

static gpointer
brings_a_file_there_and_back (gpointer data)
{
  Fixture *self = data;
  g_autoptr (GError) error = NULL;
  struct stat info;

  seen_bytes = 0;
  g_autoptr (KvmmVirtVolume) volume = upload (self, remember_progress, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (seen_bytes, ==, SIZE);
  g_assert_cmpuint (seen_total, ==, SIZE);
  g_assert_cmpstr (volume->name, ==, VOLUME);
  g_assert_cmpuint (volume->size_bytes, ==, SIZE);
  g_autofree char *path = g_build_filename (self->folder, VOLUME, NULL);
  g_assert_cmpstr (volume->path, ==, path);
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0644);
  g_assert_cmpint (info.st_size, ==, SIZE);

  g_autofree char *sha256 =
      kvmm_virt_storage_read_checksum (self->connect, POOL, VOLUME, SIZE, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (sha256, ==, self->sha256);
  g_autoptr (GBytes) head = kvmm_virt_storage_read_head (self->connect, POOL, VOLUME, 1024, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (head), ==, 1024);
  g_assert_cmpint (((const char *) g_bytes_get_data (head, NULL))[1], ==, 32);
  return NULL;
}

static gpointer
brings_small_files (gpointer data)
{
  static const gsize sizes[] = { 1, KVMM_VIRT_UPLOAD_HEAD_BYTES, KVMM_VIRT_UPLOAD_HEAD_BYTES + 1 };
  Fixture *self = data;

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GError) error = NULL;
      write_file (self, sizes[i]);
      g_autoptr (KvmmVirtVolume) volume = upload (self, NULL, NULL, &error);
      g_assert_no_error (error);
      g_autofree char *sha256 = kvmm_virt_storage_read_checksum (
          self->connect, POOL, VOLUME, sizes[i], NULL, NULL, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (sha256, ==, self->sha256);
      g_assert_true (kvmm_virt_storage_delete_volume (self->connect, POOL, VOLUME, &error));
    }
  return NULL;
}

static gpointer
never_writes_to_a_volume_that_is_there (gpointer data)
{
  Fixture *self = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (self->folder, VOLUME, NULL);
  g_autofree char *contents = NULL;

  /* One that libvirt does not know of, as somebody copied it there. */
  g_assert_true (g_file_set_contents (path, "mine", -1, NULL));
  g_assert_null (upload (self, NULL, NULL, &error));
  g_assert_nonnull (strstr (error->message, VOLUME));
  g_clear_error (&error);
  /* And one that it knows. */
  g_autoptr (KvmmVirtVolume) volume =
      kvmm_virt_storage_read_volume (self->connect, POOL, VOLUME, &error);
  g_assert_no_error (error);
  g_assert_null (upload (self, NULL, NULL, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_IN_USE);
  g_assert_true (g_file_get_contents (path, &contents, NULL, NULL));
  g_assert_cmpstr (contents, ==, "mine");
  return NULL;
}

static gpointer
says_what_it_cannot_read (gpointer data)
{
  Fixture *self = data;
  g_autoptr (GError) error = NULL;

  /* Shorter than it was said to be: nothing of it stays. */
  g_assert_null (kvmm_virt_storage_upload (self->connect, POOL, VOLUME, self->fd, SIZE + 1, FALSE,
                                           NULL, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT);
  g_clear_error (&error);
  g_assert_null (kvmm_virt_storage_read_volume (self->connect, POOL, VOLUME, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT);
  g_clear_error (&error);
  g_assert_null (kvmm_virt_storage_read_head (self->connect, POOL, VOLUME, 10, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT);
  g_clear_error (&error);
  g_assert_null (kvmm_virt_storage_read_checksum (self->connect, "none", VOLUME, 10, NULL, NULL,
                                                  NULL, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT);
  g_clear_error (&error);

  /* A volume that has less than is asked for. */
  g_autoptr (KvmmVirtVolume) volume = upload (self, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (kvmm_virt_storage_read_checksum (self->connect, POOL, VOLUME, SIZE + 1, NULL, NULL,
                                                  NULL, &error));
  g_assert_nonnull (error);
  return NULL;
}

static void
cancel_progress (guint64 done, guint64 total, gpointer user_data)
{
  if (done >= 512 * 1024)
    g_cancellable_cancel (user_data);
}

static gpointer
takes_a_cancelled_upload_back (gpointer data)
{
  Fixture *self = data;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (self->folder, VOLUME, NULL);

  g_assert_null (upload (self, cancel_progress, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_null (kvmm_virt_storage_read_volume (self->connect, POOL, VOLUME, &error));
  g_clear_error (&error);
  /* The connection is as good as before. */
  g_autoptr (KvmmVirtVolume) volume = upload (self, NULL, NULL, &error);
  g_assert_no_error (error);
  g_cancellable_reset (cancellable);
  g_assert_null (kvmm_virt_storage_read_checksum (
      self->connect, POOL, VOLUME, SIZE, cancel_progress, cancellable, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  return NULL;
}

/* ---- a daemon that dies ---- */

static void
kill_progress (guint64 done, guint64 total, gpointer user_data)
{
  if (done >= 512 * 1024 && g_atomic_int_compare_and_exchange ((int *) user_data, 0, 1))
    remote_control ("kill");
}

static gpointer
upload_to_the_dying_thread (gpointer data)
{
  Fixture *self = data;
  g_autoptr (GError) error = NULL;
  int was_killed = 0;

  g_assert_null (kvmm_virt_storage_upload (self->connect, POOL, VOLUME, self->fd, LARGE_SIZE, FALSE,
                                           kill_progress, &was_killed, NULL, &error));
  g_test_message ("%s", error->message);
  g_assert_true (was_killed);
  kvmm_virt_connect_close (self->connect);
  return NULL;
}

static gpointer
look_at_leftover_thread (gpointer data)
{
  Fixture *self = data;
  g_autoptr (GError) error = NULL;
  static const char zeros[KVMM_VIRT_UPLOAD_HEAD_BYTES];

  g_assert_true (kvmm_virt_storage_start_pool (self->connect, POOL, &error));
  g_autoptr (KvmmVirtVolume) volume =
      kvmm_virt_storage_read_volume (self->connect, POOL, VOLUME, &error);
  g_assert_no_error (error);
  g_autoptr (GBytes) head = kvmm_virt_storage_read_head (self->connect, POOL, VOLUME,
                                                         KVMM_VIRT_UPLOAD_HEAD_BYTES, &error);
  g_assert_no_error (error);
  /* Whatever came through, its beginning did not. */
  g_assert_cmpmem (g_bytes_get_data (head, NULL), g_bytes_get_size (head), zeros, sizeof zeros);
  return NULL;
}

static void
test_half_an_upload_has_no_beginning (Fixture *self, gconstpointer data)
{
  write_file (self, LARGE_SIZE);
  remote_call (upload_to_the_dying_thread, self);
  kvmm_virt_connect_unref (self->connect);
  remote_restart_daemon ();
  self->connect = remote_open ();
  remote_call (look_at_leftover_thread, self);
}

/* ---- volumes in use ---- */

static char *
dup_domain_xml (const char *source)
{
  return g_strdup_printf ("<domain type='qemu'><name>remote-test</name><uuid>" REMOTE_UUID "</uuid>"
                          "<memory unit='MiB'>64</memory><vcpu>1</vcpu>"
                          "<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>"
                          "<emulator>/usr/bin/qemu-system-x86_64</emulator>"
                          "%s<memballoon model='none'/></devices></domain>",
                          source);
}

static void
assert_in_use (Fixture *self)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (kvmm_virt_storage_delete_volume (self->connect, POOL, VOLUME, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_IN_USE);
  g_assert_nonnull (strstr (error->message, VOLUME));
  g_assert_nonnull (strstr (error->message, "remote-test"));
}

static gpointer
keeps_what_a_machine_names (gpointer data)
{
  Fixture *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtVolume) volume = upload (self, NULL, NULL, &error);
  g_assert_no_error (error);
  g_autofree char *by_path = g_strdup_printf (
      "<disk type='file' device='cdrom'><source file='%s'/><target dev='hda' bus='ide'/></disk>",
      volume->path);
  const char *by_name =
      "<disk type='volume' device='cdrom'><source pool='" POOL "' volume='" VOLUME "'/>"
      "<target dev='hda' bus='ide'/></disk>";
  const char *empty = "<disk type='file' device='cdrom'><target dev='hda' bus='ide'/></disk>";
  g_autofree char *path_xml = dup_domain_xml (by_path);
  g_autofree char *name_xml = dup_domain_xml (by_name);
  g_autofree char *empty_xml = dup_domain_xml (empty);

  /* stored, by its path */
  remote_define_thread (&(RemoteDefine){ self->connect, path_xml });
  assert_in_use (self);
  /* in the running machine only */
  g_assert_true (kvmm_virt_domain_start (self->connect, REMOTE_UUID, TRUE, &error));
  g_assert_no_error (error);
  remote_define_thread (&(RemoteDefine){ self->connect, empty_xml });
  assert_in_use (self);
  g_assert_true (kvmm_virt_domain_force_off (self->connect, REMOTE_UUID, &error));
  /* stored beside a machine that runs without it, by pool and name */
  g_assert_true (kvmm_virt_domain_start (self->connect, REMOTE_UUID, TRUE, &error));
  remote_define_thread (&(RemoteDefine){ self->connect, name_xml });
  assert_in_use (self);
  g_assert_true (kvmm_virt_domain_force_off (self->connect, REMOTE_UUID, &error));
  /* and nowhere */
  remote_define_thread (&(RemoteDefine){ self->connect, empty_xml });
  g_assert_true (kvmm_virt_storage_delete_volume (self->connect, POOL, VOLUME, &error));
  g_assert_no_error (error);
  g_assert_false (kvmm_virt_storage_delete_volume (self->connect, POOL, VOLUME, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT);
  return NULL;
}

/* Another pool still lists a file that was removed by other means. */
static gpointer
a_file_that_went_stands_on_nothing (gpointer data)
{
  Fixture *self = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_strconcat (self->folder, "-other", NULL);
  g_autofree char *file = g_build_filename (folder, "went.img", NULL);
  g_autofree char *path = g_build_filename (self->folder, VOLUME, NULL);
  g_autofree char *overlay = NULL;
  g_autoptr (virConnect) handle = kvmm_virt_connect_acquire (self->connect, NULL);

  g_assert_cmpint (g_mkdir (folder, 0755), ==, 0);
  g_assert_true (g_file_set_contents (file, "x", 1, NULL));
  g_assert_true (kvmm_virt_storage_make_pool (self->connect, "other", folder, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_remove (file), ==, 0);
  g_assert_true (kvmm_virt_storage_find_overlay (self->connect, POOL, path, &overlay, &error));
  g_assert_no_error (error);
  g_assert_null (overlay);

  g_autoptr (virStoragePool) other = virStoragePoolLookupByName (handle, "other");
  virStoragePoolDestroy (other);
  virStoragePoolUndefine (other);
  g_rmdir (folder);
  return NULL;
}

#define ADD(path, func)                                                                            \
  g_test_add ("/virt/storage/" path, Fixture, (gconstpointer) func, set_up, run_case, tear_down)

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  ADD ("makes-a-pool", makes_a_pool);
  ADD ("leaves-no-pool-that-cannot-start", leaves_no_pool_that_cannot_start);
  ADD ("starts-a-stopped-pool", starts_a_stopped_pool);
  ADD ("brings-a-file-there-and-back", brings_a_file_there_and_back);
  ADD ("brings-small-files", brings_small_files);
  ADD ("never-writes-to-a-volume-that-is-there", never_writes_to_a_volume_that_is_there);
  ADD ("says-what-it-cannot-read", says_what_it_cannot_read);
  ADD ("takes-a-cancelled-upload-back", takes_a_cancelled_upload_back);
  ADD ("keeps-what-a-machine-names", keeps_what_a_machine_names);
  ADD ("a-file-that-went-stands-on-nothing", a_file_that_went_stands_on_nothing);
  g_test_add ("/virt/storage/half-an-upload-has-no-beginning", Fixture, NULL, set_up,
              test_half_an_upload_has_no_beginning, tear_down);
  return g_test_run ();
}
