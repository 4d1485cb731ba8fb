/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-drag-folder.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "util/kvmm-lane.h"

#define PREFIX "drag-"
#define MAX_DEPTH 64

/* What is inside has safe names of ours, but somebody may have put links there. */
static void
remove_tree (GFile *folder, guint depth)
{
  g_autoptr (GFileEnumerator) entries = g_file_enumerate_children (
      folder, G_FILE_ATTRIBUTE_STANDARD_NAME "," G_FILE_ATTRIBUTE_STANDARD_TYPE,
      G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL, NULL);

  for (;;)
    {
      GFileInfo *info = NULL;
      GFile *child = NULL;

      if (entries == NULL || depth == 0 ||
          !g_file_enumerator_iterate (entries, &info, &child, NULL, NULL) || info == NULL)
        break;
      if (g_file_info_get_file_type (info) == G_FILE_TYPE_DIRECTORY)
        remove_tree (child, depth - 1);
      else
        g_file_delete (child, NULL, NULL);
    }
  g_file_delete (folder, NULL, NULL);
}

static void
remove_old (GFile *parent)
{
  g_autoptr (GFileEnumerator) entries =
      g_file_enumerate_children (parent,
                                 G_FILE_ATTRIBUTE_STANDARD_NAME "," G_FILE_ATTRIBUTE_STANDARD_TYPE
                                                                "," G_FILE_ATTRIBUTE_TIME_MODIFIED,
                                 G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL, NULL);
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;

  for (;;)
    {
      GFileInfo *info = NULL;
      GFile *child = NULL;
      gint64 modified;

      if (entries == NULL || !g_file_enumerator_iterate (entries, &info, &child, NULL, NULL) ||
          info == NULL)
        break;
      modified = (gint64) g_file_info_get_attribute_uint64 (info, G_FILE_ATTRIBUTE_TIME_MODIFIED);
      if (g_file_info_get_file_type (info) == G_FILE_TYPE_DIRECTORY &&
          g_str_has_prefix (g_file_info_get_name (info), PREFIX) &&
          now - modified > KVMM_DRAG_FOLDER_KEEP_SECONDS)
        remove_tree (child, MAX_DEPTH);
    }
}

static void
create (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GFile *parent = data;
  const char *path = g_file_peek_path (parent);
  g_autofree char *name = g_build_filename (path, PREFIX "XXXXXX", NULL);

  if (g_mkdir_with_parents (path, 0700) != 0 || g_mkdtemp_full (name, 0700) == NULL)
    {
      int code = errno;

      g_task_return_new_error (task, G_IO_ERROR, g_io_error_from_errno (code),
                               _ ("No folder could be made in %s: %s"), path, g_strerror (code));
      return;
    }
  remove_old (parent);
  g_task_return_pointer (task, g_file_new_for_path (name), g_object_unref);
}

/* For the life of the program. */
static KvmmLane *
get_lane (void)
{
  static KvmmLane *lane;

  if (lane == NULL)
    lane = kvmm_lane_new ("drag-folders", 1);
  return lane;
}

void
kvmm_drag_folder_create_async (GFile *parent,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (GFile) folder = NULL;

  g_task_set_source_tag (task, kvmm_drag_folder_create_async);
  if (parent != NULL)
    folder = g_object_ref (parent);
  else
    folder = g_file_new_build_filename (g_get_user_cache_dir (), "kvm-manager", "dragged", NULL);
  g_return_if_fail (g_file_peek_path (folder) != NULL);
  g_task_set_task_data (task, g_steal_pointer (&folder), g_object_unref);
  kvmm_lane_run (get_lane (), task, create, G_PRIORITY_DEFAULT);
}

GFile *
kvmm_drag_folder_create_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
