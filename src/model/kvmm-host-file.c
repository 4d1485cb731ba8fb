/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "config.h"

#include "kvmm-host-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/kvmm-lane.h"

/* Room for a number behind it, in the 255 bytes that file systems have. */
#define MAX_NAME_BYTES 200
#define WORKERS 2

typedef struct
{
  GFile *part;
  GFile *target;
  gboolean replaces;
  gint64 modified_ms;
} Publication;

static void
publication_free (gpointer data)
{
  Publication *self = data;

  g_object_unref (self->part);
  g_object_unref (self->target);
  g_free (self);
}

static gboolean
is_safe (gunichar c)
{
  if (c < 0x80)
    return g_ascii_isprint ((char) c) && strchr ("/\\:*?\"<>|", (int) c) == NULL;
  /* Controls, format and direction characters, what has no meaning. */
  return g_unichar_isprint (c) && g_unichar_type (c) != G_UNICODE_FORMAT &&
         g_unichar_type (c) != G_UNICODE_PRIVATE_USE;
}

char *
kvmm_host_file_make_safe_name (const char *name)
{
  g_autofree char *valid = g_utf8_make_valid (name, -1);
  g_autoptr (GString) safe = g_string_new (NULL);

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);
      gsize before = safe->len;

      g_string_append_unichar (safe, is_safe (c) ? c : '_');
      if (safe->len > MAX_NAME_BYTES)
        {
          g_string_truncate (safe, before);
          break;
        }
    }
  /* Hidden, "." and ".." in front; Windows drops dots and spaces at the end. */
  if (safe->len > 0 && (safe->str[0] == '.' || safe->str[0] == ' ' || safe->str[0] == '-'))
    safe->str[0] = '_';
  while (safe->len > 0 && strchr (". ", safe->str[safe->len - 1]) != NULL)
    g_string_truncate (safe, safe->len - 1);
  if (safe->len == 0)
    g_string_assign (safe, "_");
  return g_string_free (g_steal_pointer (&safe), FALSE);
}

char *
kvmm_host_file_make_numbered_name (const char *name, guint number)
{
  const char *dot = strchr (name[0] != '\0' ? name + 1 : name, '.');
  int stem = (int) (dot != NULL ? (gsize) (dot - name) : strlen (name));

  /* Only what looks like an ending is one. */
  if (dot != NULL && strlen (dot) > 12)
    {
      const char *last = strrchr (name + 1, '.');

      dot = strlen (last) <= 12 ? last : NULL;
      stem = (int) (dot != NULL ? (gsize) (dot - name) : strlen (name));
    }
  return g_strdup_printf ("%.*s (%u)%s", stem, name, number, dot != NULL ? dot : "");
}

/* One that takes a name which is free, or none: two that ask first both find it free. */
static int
rename_new (const char *from, const char *to)
{
  if (renameat2 (AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
    return 0;
  if (errno != EINVAL && errno != ENOSYS)
    return -1;
  if (link (from, to) == 0)
    return unlink (from);
  if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
    return -1;

  /* A file system without links: the name is taken by an empty file of ours. */
  int fd = open (to, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);

  if (fd < 0)
    return -1;
  close (fd);
  return rename (from, to);
}

static void
set_modified (const char *path, gint64 modified_ms)
{
  const struct timespec times[2] = {
    { .tv_nsec = UTIME_OMIT },
    { .tv_sec = modified_ms / 1000, .tv_nsec = (modified_ms % 1000) * 1000000 },
  };

  if (modified_ms > 0 && utimensat (AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) != 0)
    g_debug ("%s: %s", path, g_strerror (errno));
}

static void
publish (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Publication *self = data;
  g_autofree char *from = g_file_get_path (self->part);
  g_autofree char *to = g_file_get_path (self->target);
  g_autoptr (GError) error = NULL;
  int code;

  if (from == NULL || to == NULL)
    {
      GFileCopyFlags flags =
          G_FILE_COPY_NO_FALLBACK_FOR_MOVE | (self->replaces ? G_FILE_COPY_OVERWRITE : 0);

      if (g_file_move (self->part, self->target, flags, cancellable, NULL, NULL, &error))
        g_task_return_boolean (task, TRUE);
      else
        g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  set_modified (from, self->modified_ms);
  code = self->replaces ? rename (from, to) : rename_new (from, to);
  if (code != 0)
    {
      code = errno;
      g_task_return_new_error (task, G_IO_ERROR, g_io_error_from_errno (code), "%s",
                               g_strerror (code));
    }
  else
    g_task_return_boolean (task, TRUE);
}

/* For the life of the program. */
static KvmmLane *
get_lane (void)
{
  static KvmmLane *lane;

  if (lane == NULL)
    lane = kvmm_lane_new ("host-files", WORKERS);
  return lane;
}

void
kvmm_host_file_publish_async (GFile *part,
                              GFile *target,
                              gboolean replaces,
                              gint64 modified_ms,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Publication *publication = g_new0 (Publication, 1);

  g_task_set_source_tag (task, kvmm_host_file_publish_async);
  publication->part = g_object_ref (part);
  publication->target = g_object_ref (target);
  publication->replaces = replaces;
  publication->modified_ms = modified_ms;
  g_task_set_task_data (task, publication, publication_free);
  kvmm_lane_run (get_lane (), task, publish, G_PRIORITY_DEFAULT);
}

gboolean
kvmm_host_file_publish_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

char *
kvmm_host_file_find_closed_folder (const char *real_path)
{
  for (const char *slash = real_path; (slash = strchr (slash, '/')) != NULL; slash++)
    {
      struct stat info;
      g_autofree char *folder = g_strndup (real_path, (gsize) MAX (slash - real_path, 1));

      if (stat (folder, &info) == 0 && (info.st_mode & S_IXOTH) == 0)
        return g_steal_pointer (&folder);
    }
  return NULL;
}
