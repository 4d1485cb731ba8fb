/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "model/kvmm-domain-delete.h"
#include "new-machine-fixture.h"

/* Machines made from cloud images. */

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7n2aVnJ0mB0m0C2m8m2m4m6m8m0m2m4m6m8m0m2m4m"

static KvmmNewMachine *
cloud_plan_new (NewMachineFixture *f, const char *name, const char *image)
{
  const char *const keys[] = { KEY " me@here", NULL };
  KvmmNewMachine *plan = new_machine_plan_new (f, name, KVMM_NEW_MACHINE_CLOUD);

  plan->path = g_strdup (image);
  plan->cloud = g_new0 (KvmmCloudSeed, 1);
  plan->cloud->host_name = g_strdup ("web1");
  plan->cloud->user_name = g_strdup ("anna");
  plan->cloud->password = g_strdup ("a secret");
  plan->cloud->ssh_keys = g_strdupv ((char **) keys);
  return plan;
}

static gboolean
has_text (const char *bytes, gsize size, const char *text)
{
  for (gsize i = 0; i + strlen (text) <= size; i++)
    if (memcmp (bytes + i, text, strlen (text)) == 0)
      return TRUE;
  return FALSE;
}

/* What the volume of the pool has in it, byte by byte. */
static void
assert_seed (NewMachineFixture *f, const char *name)
{
  static const char *const texts[] = { "#cloud-config\n",
                                       "\"hostname\": \"web1\"",
                                       "\"name\": \"anna\"",
                                       "\"passwd\": \"$6$",
                                       KEY " me@here",
                                       "\"local-hostname\": \"web1\"",
                                       "cidata" };
  g_autofree char *path = g_strdup_printf ("%s/%s-cloud-init.iso", f->folder, name);
  g_autofree char *bytes = NULL;
  g_autoptr (GError) error = NULL;
  GStatBuf info;
  gsize size = 0;

  g_file_get_contents (path, &bytes, &size, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    if (!has_text (bytes, size, texts[i]))
      g_error ("no %s in the seed", texts[i]);
  g_assert_false (has_text (bytes, size, "a secret"));
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0077, ==, 0);
}

static guint64
read_capacity (NewMachineFixture *f, const char *file)
{
  g_autofree char *path = g_build_filename (f->folder, file, NULL);
  const char *const argv[] = { "qemu-img", "info", "-U", "--output=json", path, NULL };
  g_autofree char *said = NULL;
  const char *found;

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &said,
                               NULL, NULL, NULL));
  found = strstr (said, "\"virtual-size\":");
  g_assert_nonnull (found);
  return g_ascii_strtoull (found + strlen ("\"virtual-size\": "), NULL, 10);
}

/* With the machine goes what it was told, and nothing that others could have. */
static void
assert_seed_goes_too (KvmmDomain *domain)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (KvmmDeletion) plan = NULL;
  g_autoptr (GError) error = NULL;
  guint n_seeds = 0;

  kvmm_domain_plan_deletion_async (domain, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  plan = kvmm_domain_plan_deletion_finish (domain, result, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < plan->items->len; i++)
    {
      const KvmmDeletionItem *item = plan->items->pdata[i];

      if (item->volume == NULL || !g_str_has_suffix (item->volume, KVMM_CLOUD_SEED_VOLUME_SUFFIX))
        continue;
      n_seeds++;
      g_assert_true (item->can_delete && item->is_proposed && item->is_selected);
    }
  g_assert_cmpuint (n_seeds, ==, 1);
}

static void
test_a_cloud_image_gets_room_and_a_seed (NewMachineFixture *f, gconstpointer data)
{
  static const char *const formats[] = { "qcow2", "raw" };

  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_autofree char *name = g_strdup_printf ("cloud-%s", formats[i]);
      g_autofree char *image = new_machine_make_image (formats[i], NULL);
      g_autoptr (KvmmNewMachine) plan = cloud_plan_new (f, name, image);
      gboolean is_raw = g_str_equal (formats[i], "raw");
      g_autofree char *file = g_strdup_printf ("%s.%s", name, is_raw ? "img" : "qcow2");
      g_autofree char *uuid = NULL;
      g_autofree char *xml = NULL;
      g_autoptr (GError) error = NULL;

      plan->start = i == 0;
      uuid = new_machine_create (f, plan, &error);
      g_assert_no_error (error);
      xml = new_machine_read_xml (new_machine_wait_for_machine (f, name));
      g_assert_nonnull (strstr (xml, is_raw ? "type='raw' discard" : "type='qcow2' discard"));
      g_assert_nonnull (strstr (xml, "-cloud-init.iso' startupPolicy='optional'"));
      g_assert_nonnull (strstr (xml, "<readonly/>"));
      g_assert_cmpuint (read_capacity (f, file), ==, 16 << 20);
      assert_seed (f, name);
      assert_seed_goes_too (new_machine_wait_for_machine (f, name));
      new_machine_assert_no_temporary_file ();
      g_assert_cmpint (g_unlink (image), ==, 0);
    }
}

static void
test_a_larger_cloud_image_stays_as_large (NewMachineFixture *f, gconstpointer data)
{
  g_autofree char *image = new_machine_make_image ("qcow2", NULL);
  g_autoptr (KvmmNewMachine) plan = cloud_plan_new (f, "large", image);
  g_autofree char *uuid = NULL;
  g_autoptr (GError) error = NULL;

  plan->disk_bytes = 1 << 20;
  plan->start = FALSE;
  uuid = new_machine_create (f, plan, &error);
  g_assert_no_error (error);
  new_machine_wait_for_machine (f, "large");
  g_assert_cmpuint (read_capacity (f, "large.qcow2"), ==, 8 << 20);
  new_machine_assert_same_disk (f, "large");
}

static void
test_a_cloud_image_that_fails_leaves_nothing (NewMachineFixture *f, gconstpointer data)
{
  g_autofree char *image = new_machine_make_image ("qcow2", NULL);
  g_autofree char *part = g_build_filename (g_getenv ("KVMM_PRIVATE_DIR"), "part.qcow2", NULL);
  g_autofree char *packed = g_build_filename (g_getenv ("KVMM_PRIVATE_DIR"), "packed.xz", NULL);
  const char *const argv[] = { "qemu-img", "create", "-q",    "-f", "qcow2", "-b",
                               image,      "-F",     "qcow2", part, NULL };
  g_autoptr (KvmmNewMachine) plan = cloud_plan_new (f, "gone", image);
  g_autoptr (GError) error = NULL;

  /* The last step: the disk and the seed are there already. */
  plan->network_kind = KVMM_XML_NETWORK_VIRTUAL;
  plan->network = g_strdup ("no-such-network");
  g_assert_null (new_machine_create (f, plan, &error));
  g_assert_nonnull (strstr (error->message, "gone"));
  new_machine_assert_nothing_left (f);
  g_clear_error (&error);

  plan->network_kind = KVMM_XML_NETWORK_NONE;
  g_free (plan->cloud->user_name);
  plan->cloud->user_name = g_strdup ("a\nb");
  g_assert_null (new_machine_create (f, plan, &error));
  g_assert_error (error, KVMM_CLOUD_SEED_ERROR, KVMM_CLOUD_SEED_ERROR_INVALID);
  new_machine_assert_nothing_left (f);
  g_clear_error (&error);

  g_free (plan->cloud->user_name);
  plan->cloud->user_name = g_strdup ("anna");
  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, NULL, NULL));
  g_assert_true (g_file_set_contents (packed,
                                      "\xfd"
                                      "7zXZ\0xxxxxxxxxx",
                                      16, NULL));
  for (guint i = 0; i < 2; i++)
    {
      g_free (plan->path);
      plan->path = g_strdup (i == 0 ? part : packed);
      g_assert_null (new_machine_create (f, plan, &error));
      g_assert_error (error, KVMM_NEW_MACHINE_ERROR, KVMM_NEW_MACHINE_ERROR_INVALID);
      g_assert_nonnull (strstr (error->message, i == 0 ? "not whole" : "compressed"));
      new_machine_assert_nothing_left (f);
      g_clear_error (&error);
    }
  /* Whatever it is for: it may name any file of the host as the rest. */
  plan->source = KVMM_NEW_MACHINE_IMPORT;
  g_free (plan->path);
  plan->path = g_strdup (part);
  g_assert_null (new_machine_create (f, plan, &error));
  g_assert_error (error, KVMM_NEW_MACHINE_ERROR, KVMM_NEW_MACHINE_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "not whole"));
  new_machine_assert_nothing_left (f);
}

/* The name is taken by a file that is somebody else's. */
static void
test_a_seed_of_that_name_is_left_alone (NewMachineFixture *f, gconstpointer data)
{
  g_autofree char *image = new_machine_make_image ("qcow2", NULL);
  g_autoptr (KvmmNewMachine) plan = cloud_plan_new (f, "mine", image);
  g_autofree char *path = g_build_filename (f->folder, "mine-cloud-init.iso", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (f->folder, 0755), ==, 0);
  g_assert_true (g_file_set_contents (path, "somebody's", -1, NULL));
  g_assert_null (new_machine_create (f, plan, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_IN_USE);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "somebody's");
  g_assert_cmpuint (new_machine_count_files (f), ==, 1);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->connection)), ==, 0);
}

int
main (int argc, char **argv)
{
  test_model_init (&argc, &argv);
#define ADD(path, func)                                                                            \
  g_test_add ("/model/new-cloud-machine/" path, NewMachineFixture, NULL, new_machine_set_up, func, \
              new_machine_tear_down)
  ADD ("a-cloud-image-gets-room-and-a-seed", test_a_cloud_image_gets_room_and_a_seed);
  ADD ("a-larger-cloud-image-stays-as-large", test_a_larger_cloud_image_stays_as_large);
  ADD ("a-cloud-image-that-fails-leaves-nothing", test_a_cloud_image_that_fails_leaves_nothing);
  ADD ("a-seed-of-that-name-is-left-alone", test_a_seed_of_that_name_is_left_alone);
  return g_test_run ();
}
