/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#define _GNU_SOURCE /* RTLD_NEXT */
#include "config.h"

#include <dlfcn.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "model/kvmm-domain-clone.h"
#include "test-model.h"
#include "virt/kvmm-virt-error.h"

/* How far a copy is, and the end of one half way, beside the daemon that
 * script/lib/private-libvirt.sh started. */

#define SIZE (1024 * 1024)

/* A copy that lasts: behind libvirt's own the worker waits until the case has seen what it wants.
 */
static GMutex mutex;
static GCond cond;
static gboolean is_held; /* guarded by the mutex, as the next */
static guint n_copies;

virStorageVolPtr
virStorageVolCreateXMLFrom (virStoragePoolPtr pool,
                            const char *xml,
                            virStorageVolPtr source,
                            unsigned int flags)
{
  virStorageVolPtr (*next) (virStoragePoolPtr, const char *, virStorageVolPtr, unsigned int);
  virStorageVolPtr copy;

  *(void **) &next = dlsym (RTLD_NEXT, "virStorageVolCreateXMLFrom");
  copy = next (pool, xml, source, flags);
  g_mutex_lock (&mutex);
  n_copies++;
  while (is_held)
    g_cond_wait (&cond, &mutex);
  g_mutex_unlock (&mutex);
  return copy;
}

static void
hold (gboolean held)
{
  g_mutex_lock (&mutex);
  is_held = held;
  g_cond_broadcast (&cond);
  g_mutex_unlock (&mutex);
}

typedef struct
{
  KvmmSettings *settings;
  KvmmConnection *connection;
  KvmmDomain *domain; /* (owned) */
  char *folder;       /* (owned) of the pool */

  /* What was told. */
  GString *begun; /* (owned) */
  guint64 done_bytes;
  guint64 total_bytes;
  GCancellable *cancel_at_begin; /* (unowned) (nullable) */
} Fixture;

static const char *
uri (void)
{
  return g_getenv ("KVMM_LIBVIRT_URI");
}

static void
make_file (Fixture *fixture, const char *name)
{
  g_autofree char *path = g_build_filename (fixture->folder, name, NULL);
  g_autofree char *content = g_malloc (SIZE);

  memset (content, 'x', SIZE);
  /* Some file systems do not count what is not on the disk yet. */
  g_assert_true (
      g_file_set_contents_full (path, content, SIZE, G_FILE_SET_CONTENTS_DURABLE, 0644, NULL));
}

static void
make_pool (virConnectPtr connect, const char *folder)
{
  g_autofree char *xml = g_strdup_printf (
      "<pool type='dir'><name>clone</name><target><path>%s</path></target></pool>", folder);
  virStoragePoolPtr pool = virStoragePoolCreateXML (connect, xml, 0);

  g_assert_nonnull (pool);
  virStoragePoolFree (pool);
}

static void
clear (virConnectPtr connect, const char *unused)
{
  virDomainPtr *domains = NULL;
  int n_domains = virConnectListAllDomains (connect, &domains, 0);
  virStoragePoolPtr pool = virStoragePoolLookupByName (connect, "clone");

  for (int i = 0; i < n_domains; i++)
    {
      virDomainUndefine (domains[i]);
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
      "<domain type='qemu'><name>original</name><memory unit='MiB'>64</memory>"
      "<os><type arch='x86_64' machine='pc'>hvm</type></os>"
      "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>"
      "<disk type='file'><driver name='qemu' type='raw'/><source file='%s/root.img'/>"
      "<target dev='vda' bus='virtio'/></disk>"
      "<disk type='file'><driver name='qemu' type='raw'/><source file='%s/data.img'/>"
      "<target dev='vdb' bus='virtio'/></disk>"
      "</devices></domain>";
  g_autofree char *xml = NULL;

  fixture->settings = test_settings_new ();
  fixture->folder = g_dir_make_tmp ("kvmm-clone-pool-XXXXXX", NULL);
  g_assert_cmpint (g_chmod (fixture->folder, 0755), ==, 0);
  make_file (fixture, "root.img");
  make_file (fixture, "data.img");
  xml = g_strdup_printf (format, fixture->folder, fixture->folder);
  test_other_client (uri (), make_pool, fixture->folder);
  test_other_client (uri (), test_client_define, xml);
  fixture->connection = test_connected (uri (), fixture->settings);
  fixture->domain = g_object_ref (kvmm_connection_find (fixture->connection, "original"));
  fixture->begun = g_string_new (NULL);
  n_copies = 0;
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      g_remove (child);
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
  g_string_free (fixture->begun, TRUE);
}

static guint
count_files (Fixture *fixture)
{
  g_autoptr (GDir) dir = g_dir_open (fixture->folder, 0, NULL);
  guint n_files = 0;

  while (g_dir_read_name (dir) != NULL)
    n_files++;
  return n_files;
}

static void
progress_cb (const KvmmCloneProgress *progress, gpointer user_data)
{
  Fixture *fixture = user_data;

  if (progress->done_bytes == 0)
    g_string_append_printf (fixture->begun, "%s %u/%u;", progress->target, progress->position,
                            progress->n_disks);
  fixture->done_bytes = progress->done_bytes;
  fixture->total_bytes = progress->total_bytes;
  if (fixture->cancel_at_begin != NULL)
    g_cancellable_cancel (fixture->cancel_at_begin);
}

/* The first disk is copied, and the worker does not know it yet: all there is to see is how large
 * the new file has become. */
static void
test_tells_how_far_it_is (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *uuid = NULL;

  hold (TRUE);
  kvmm_domain_clone_async (fixture->domain, "copy", NULL, progress_cb, fixture, NULL,
                           test_result_cb, &result);
  TEST_RUN_UNTIL (fixture->done_bytes > 0);
  g_assert_cmpuint (fixture->done_bytes, <=, fixture->total_bytes);
  g_assert_cmpuint (n_copies, ==, 1);
  hold (FALSE);
  TEST_RUN_UNTIL (result != NULL);
  uuid = kvmm_domain_clone_finish (fixture->domain, result, &error);
  g_assert_no_error (error);
  g_assert_nonnull (uuid);
  g_assert_true (g_str_has_prefix (fixture->begun->str, "vda 1/2;"));
  g_assert_nonnull (strstr (fixture->begun->str, "vdb 2/2;"));
  g_assert_cmpuint (count_files (fixture), ==, 4);
}

static void
test_leaves_nothing_when_it_is_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  hold (TRUE);
  fixture->cancel_at_begin = cancellable;
  kvmm_domain_clone_async (fixture->domain, "copy", NULL, progress_cb, fixture, cancellable,
                           test_result_cb, &result);
  TEST_RUN_UNTIL (g_cancellable_is_cancelled (cancellable));
  /* It is not answered while a disk is still copied. */
  test_settle ();
  g_assert_null (result);
  hold (FALSE);
  TEST_RUN_UNTIL (result != NULL);
  g_assert_null (kvmm_domain_clone_finish (fixture->domain, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (n_copies, ==, 1);
  g_assert_cmpuint (count_files (fixture), ==, 2);
  g_assert_null (kvmm_connection_find (fixture->connection, "copy"));
}

#define CASE(path, name) g_test_add ("/model/clone/" path, Fixture, NULL, set_up, name, tear_down)

int
main (int argc, char **argv)
{
  test_model_init (&argc, &argv);
  CASE ("tells-how-far-it-is", test_tells_how_far_it_is);
  CASE ("leaves-nothing-when-it-is-cancelled", test_leaves_nothing_when_it_is_cancelled);
  return g_test_run ();
}
