/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/kvmm-drag-folder.h"
#include "util/kvmm-thread.h"

typedef struct
{
  char *path; /* of the folder of the test */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->path = g_dir_make_tmp ("kvmm-drag-XXXXXX", NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  const char *argv[] = { "rm", "-rf", "--", f->path, NULL };

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                NULL);
  g_free (f->path);
}

static void
created_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static GFile *
create (GFile *parent, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  kvmm_drag_folder_create_async (parent, NULL, created_cb, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return kvmm_drag_folder_create_finish (result, error);
}

static void
test_only_the_user_can_enter (Fixture *f, gconstpointer data)
{
  g_autoptr (GFile) parent = g_file_new_build_filename (f->path, "cache", "dragged", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GFile) first = create (parent, &error);
  g_autoptr (GFile) second = create (parent, &error);
  GStatBuf status;

  g_assert_no_error (error);
  g_assert_false (g_file_equal (first, second));
  g_assert_cmpint (g_stat (g_file_peek_path (first), &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0777, ==, 0700);
  g_assert_cmpint (g_stat (g_file_peek_path (parent), &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0777, ==, 0700);
}

static void
make_old (const char *path, gint64 age_s)
{
  const struct timespec times[2] = {
    { .tv_nsec = UTIME_OMIT },
    { .tv_sec = g_get_real_time () / G_USEC_PER_SEC - age_s },
  };

  g_assert_cmpint (utimensat (AT_FDCWD, path, times, 0), ==, 0);
}

static void
test_old_ones_go_and_nothing_else (Fixture *f, gconstpointer data)
{
  g_autoptr (GFile) parent = g_file_new_for_path (f->path);
  g_autofree char *old = g_build_filename (f->path, "drag-old", NULL);
  g_autofree char *inside = g_build_filename (old, "inside", NULL);
  g_autofree char *link = g_build_filename (old, "link", NULL);
  g_autofree char *young = g_build_filename (f->path, "drag-young", NULL);
  g_autofree char *other = g_build_filename (f->path, "other", NULL);
  g_autofree char *kept = g_build_filename (other, "kept", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GFile) folder = NULL;

  g_assert_cmpint (g_mkdir_with_parents (inside, 0700), ==, 0);
  g_assert_cmpint (g_mkdir (young, 0700), ==, 0);
  g_assert_cmpint (g_mkdir (other, 0700), ==, 0);
  g_assert_true (g_file_set_contents (kept, "x", 1, &error));
  /* What it points to is not ours. */
  g_assert_cmpint (symlink (other, link), ==, 0);
  make_old (old, KVMM_DRAG_FOLDER_KEEP_SECONDS + 60);
  make_old (young, KVMM_DRAG_FOLDER_KEEP_SECONDS - 600);
  make_old (other, KVMM_DRAG_FOLDER_KEEP_SECONDS + 60);
  folder = create (parent, &error);
  g_assert_no_error (error);
  g_assert_false (g_file_test (old, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (young, G_FILE_TEST_IS_DIR));
  g_assert_true (g_file_test (kept, G_FILE_TEST_IS_REGULAR));
}

static void
test_a_folder_that_cannot_be_made_is_named (Fixture *f, gconstpointer data)
{
  g_autofree char *file = g_build_filename (f->path, "file", NULL);
  g_autoptr (GFile) parent = g_file_new_build_filename (file, "dragged", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (file, "x", 1, NULL));
  g_assert_null (create (parent, &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, file));
}

int
main (int argc, char **argv)
{
  kvmm_thread_set_main ();
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func)                                                                            \
  g_test_add ("/model/drag-folder/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("only-the-user-can-enter", test_only_the_user_can_enter);
  ADD ("old-ones-go-and-nothing-else", test_old_ones_go_and_nothing_else);
  ADD ("a-folder-that-cannot-be-made-is-named", test_a_folder_that_cannot_be_made_is_named);
  return g_test_run ();
}
