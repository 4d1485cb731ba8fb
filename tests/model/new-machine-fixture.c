/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "new-machine-fixture.h"

#include <glib/gstdio.h>
#include <libvirt/virterror.h>

static const char *
uri (void)
{
  return g_getenv ("KVMM_LIBVIRT_URI");
}

static void
remove_all (virConnectPtr connect, const char *unused)
{
  virDomainPtr *domains = NULL;
  virStoragePoolPtr *pools = NULL;
  int n_domains = virConnectListAllDomains (connect, &domains, 0);
  int n_pools = virConnectListAllStoragePools (connect, &pools, 0);

  for (int i = 0; i < n_domains; i++)
    {
      if (virDomainIsActive (domains[i]) == 1)
        virDomainDestroy (domains[i]);
      virDomainUndefineFlags (domains[i], VIR_DOMAIN_UNDEFINE_NVRAM);
      virDomainFree (domains[i]);
    }
  free (domains);
  for (int i = 0; i < n_pools; i++)
    {
      virStoragePoolDestroy (pools[i]);
      virStoragePoolUndefine (pools[i]);
      virStoragePoolFree (pools[i]);
    }
  free (pools);
}

void
new_machine_set_up (NewMachineFixture *f, gconstpointer data)
{
  g_autofree char *iso = g_malloc0 (64 * 1024);

  f->settings = test_settings_new ();
  f->folder = g_build_filename (g_getenv ("KVMM_PRIVATE_DIR"), "pool", NULL);
  f->disc = g_build_filename (g_getenv ("KVMM_PRIVATE_DIR"), "disc.iso", NULL);
  g_assert_true (g_file_set_contents (f->disc, iso, 64 * 1024, NULL));
  f->connection = test_connected (uri (), f->settings);
}

void
new_machine_tear_down (NewMachineFixture *f, gconstpointer data)
{
  g_autoptr (GDir) folder = g_dir_open (f->folder, 0, NULL);
  const char *name;

  test_drop (f->connection);
  g_clear_object (&f->settings);
  test_other_client (uri (), remove_all, NULL);
  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *path = g_build_filename (f->folder, name, NULL);

      g_unlink (path);
    }
  g_rmdir (f->folder);
  g_free (f->folder);
  g_free (f->disc);
}

guint
new_machine_count_files (NewMachineFixture *f)
{
  g_autoptr (GDir) folder = g_dir_open (f->folder, 0, NULL);
  guint n = 0;

  while (folder != NULL && g_dir_read_name (folder) != NULL)
    n++;
  return n;
}

/* A small one, for an emulator. */
KvmmNewMachine *
new_machine_plan_new (NewMachineFixture *f, const char *name, KvmmNewMachineSource source)
{
  KvmmNewMachine *plan = kvmm_new_machine_new ();

  plan->name = g_strdup (name);
  plan->source = source;
  plan->path = source == KVMM_NEW_MACHINE_DISC ? g_strdup (f->disc) : NULL;
  plan->virt_type = g_strdup ("qemu");
  plan->memory_kib = 64 * 1024;
  plan->vcpus = 1;
  plan->pool = g_strdup ("default");
  plan->pool_folder = g_strdup (f->folder);
  plan->disk_bytes = 16 << 20;
  plan->graphics = g_strdup ("vnc");
  return plan;
}

char *
new_machine_create (NewMachineFixture *f, KvmmNewMachine *plan, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  kvmm_new_machine_create_async (plan, f->connection, NULL, NULL, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  return kvmm_new_machine_create_finish (result, error);
}

KvmmDomain *
new_machine_wait_for_machine (NewMachineFixture *f, const char *name)
{
  KvmmDomain *domain = NULL;

  TEST_RUN_UNTIL ((domain = kvmm_connection_find (f->connection, name)) != NULL &&
                  kvmm_domain_get_facts (domain) != NULL);
  return domain;
}

char *
new_machine_read_xml (KvmmDomain *domain)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  char *xml;

  kvmm_domain_read_xml_async (domain, TRUE, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  xml = kvmm_domain_read_xml_finish (domain, result, &error);
  g_assert_no_error (error);
  return xml;
}

void
new_machine_assert_nothing_left (NewMachineFixture *f)
{
  test_settle ();
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->connection)), ==, 0);
  g_assert_cmpuint (new_machine_count_files (f), ==, 0);
}

/* Of 8 MiB with something in it. */
char *
new_machine_make_image (const char *format, const char *options)
{
  g_autofree char *name = g_strdup_printf ("old-%s.img", format);
  g_autofree char *raw = g_build_filename (g_getenv ("KVMM_PRIVATE_DIR"), "old.raw", NULL);
  char *path = g_build_filename (g_getenv ("KVMM_PRIVATE_DIR"), name, NULL);
  const char *argv[] = { "qemu-img", "convert", "-f", "raw",   "-O", format,
                         raw,        path,      "-o", options, NULL };
  g_autofree char *bytes = g_malloc0 (8 << 20);
  g_autoptr (GError) error = NULL;
  int status = -1;

  for (gsize i = 0; i < 1 << 20; i++)
    bytes[i + 4096] = (char) (i * 2654435761u >> 13);
  g_assert_true (g_file_set_contents (raw, bytes, 8 << 20, &error));
  g_assert_no_error (error);
  if (options == NULL)
    argv[8] = NULL;
  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, &status, &error));
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
  return path;
}

/* Whether the machine's disk says what make_image() wrote. */
void
new_machine_assert_same_disk (NewMachineFixture *f, const char *name)
{
  g_autofree char *raw = g_build_filename (g_getenv ("KVMM_PRIVATE_DIR"), "old.raw", NULL);
  g_autofree char *disk = g_strdup_printf ("%s/%s.qcow2", f->folder, name);
  const char *const argv[] = { "qemu-img", "compare", "-f", "raw", "-F", "qcow2",
                               "-q",       "-U",      raw,  disk,  NULL };
  g_autofree char *errors = NULL;
  int status = -1;

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               &errors, &status, NULL));
  g_assert_cmpstr (errors, ==, "");
  g_assert_true (g_spawn_check_wait_status (status, NULL));
}

void
new_machine_assert_no_temporary_file (void)
{
  g_autofree char *path = g_build_filename (g_get_user_cache_dir (), "kvm-manager", NULL);
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    g_assert_false (g_str_has_prefix (name, "disk-"));
}
