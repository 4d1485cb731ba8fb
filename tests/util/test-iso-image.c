/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "util/kvmm-iso-image.h"

#define TIME_S 1700000000 /* 14 November 2023, 22:13:20 */

static GBytes *
build (const char *user_data)
{
  g_autoptr (GBytes) first = g_bytes_new_static ("instance-id: 1\n", 15);
  g_autoptr (GBytes) second = g_bytes_new (user_data, strlen (user_data));
  g_autoptr (GBytes) none = g_bytes_new_static ("", 0);
  const KvmmIsoImageFile files[] = { { "meta-data", first },
                                     { "network-config", none },
                                     { "user-data", second } };

  return kvmm_iso_image_build ("cidata", files, G_N_ELEMENTS (files), TIME_S);
}

static void
test_the_layout_is_that_of_a_disc (void)
{
  g_autoptr (GBytes) image = build ("#cloud-config\n{}\n");
  gsize size;
  const char *bytes = g_bytes_get_data (image, &size);

  g_assert_cmpuint (size % 2048, ==, 0);
  g_assert_cmpmem (bytes + 16 * 2048, 7, "\1CD001\1", 7);
  g_assert_cmpmem (bytes + 17 * 2048, 7, "\2CD001\1", 7);
  g_assert_cmpmem (bytes + 18 * 2048, 7, "\377CD001\1", 7);
  g_assert_cmpmem (bytes + 16 * 2048 + 40, 8, "cidata  ", 8);
  g_assert_cmpmem (bytes + 17 * 2048 + 40, 14, "\0c\0i\0d\0a\0t\0a\0 ", 14);
  g_assert_cmpmem (bytes + 16 * 2048 + 813, 17, "2023111422132000", 17);
}

/* What another program finds in it, by one set of names or the other. Returns: (transfer full):
 * what it says of the image */
static char *
extract (const char *xorriso, const char *image, const char *folder, const char *options)
{
  g_auto (GStrv) more = g_strsplit (options, " ", -1);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) argv = NULL;
  g_autofree char *errors = NULL;
  char *said = NULL;
  int status = -1;

  g_strv_builder_add_many (builder, xorriso, "-no_rc", NULL);
  g_strv_builder_addv (builder, (const char **) more);
  g_strv_builder_add_many (builder, "-indev", image, "-osirrox", "on", "-toc", "-extract", "/",
                           folder, NULL);
  argv = g_strv_builder_end (builder);
  g_assert_true (
      g_spawn_sync (NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &said, &errors, &status, NULL));
  if (!g_spawn_check_wait_status (status, NULL))
    g_error ("%s", errors);
  return said;
}

static void
assert_file (const char *folder, const char *name, const char *expected)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, expected);
  g_assert_cmpint (g_chmod (path, 0600), ==, 0);
  g_assert_cmpint (g_unlink (path), ==, 0);
}

static void
test_another_program_reads_it (void)
{
  static const char *const ways[] = { "-read_fs norock", "-read_fs nojoliet", "-read_fs any" };
  g_autofree char *xorriso = g_find_program_in_path ("xorriso");
  g_autofree char *folder = NULL;
  g_autofree char *path = NULL;
  g_autofree char *letters = g_strnfill (5000, 'x');
  g_autoptr (GBytes) image = build (letters);

  if (xorriso == NULL)
    {
      g_test_skip ("xorriso is not installed");
      return;
    }
  folder = g_dir_make_tmp ("kvmm-iso-XXXXXX", NULL);
  g_assert_nonnull (folder);
  path = g_build_filename (folder, "image.iso", NULL);
  g_assert_true (g_file_set_contents (path, g_bytes_get_data (image, NULL),
                                      (gssize) g_bytes_get_size (image), NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autofree char *to = g_build_filename (folder, "out", NULL);
      g_autofree char *said = extract (xorriso, path, to, ways[i]);

      g_assert_nonnull (strstr (said, "Rock_Ridge Joliet"));
      g_assert_nonnull (strstr (said, ", cidata"));
      g_assert_cmpint (g_chmod (to, 0700), ==, 0);
      assert_file (to, "meta-data", "instance-id: 1\n");
      assert_file (to, "network-config", "");
      assert_file (to, "user-data", letters);
      g_assert_cmpint (g_rmdir (to), ==, 0);
    }
  g_unlink (path);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/util/iso-image/the-layout-is-that-of-a-disc",
                   test_the_layout_is_that_of_a_disc);
  g_test_add_func ("/util/iso-image/another-program-reads-it", test_another_program_reads_it);
  return g_test_run ();
}
