/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-disk-convert.h"

#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/kvmm-guest-text.h"
#include "util/kvmm-thread.h"

/* As much as a new disk may have. */
#define SIZE_MAX_BYTES (G_GUINT64_CONSTANT (1) << 50)
/* Where the child finds the file that it writes to, and the one that an image is a part of. */
#define CHILD_FD 3
#define CHILD_PATH "/dev/fd/3"
#define PART_FD 4
#define PART_PATH "/dev/fd/4"
/* As a part's file is named in what qemu-img says. */
#define PART_END "\"filename\": \"" PART_PATH "\"}}"

/* What is converted, and how qemu-img is told. */
typedef struct
{
  const char *path;   /* for people; of a whole image, for qemu-img too */
  const char *format; /* as qemu-img calls it */
  char *part;         /* (owned) (nullable) qemu-img's name of a part of a file */
  int part_fd;
} Source;

const char *
kvmm_disk_convert_find_format (const guint8 *head, gsize size)
{
  /* "COWD" and a descriptor that is a text have their data in other files. */
  const struct
  {
    const char *magic;
    const char *format;
  } known[] = {
    { "KDMV", "vmdk" },
    { "<<< ", "vdi" },
    { "vhdxfile", "vhdx" },
    { "conectix", "vpc" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (size >= strlen (known[i].magic) &&
        memcmp (head, known[i].magic, strlen (known[i].magic)) == 0)
      return known[i].format;
  return NULL;
}

static void
set_failed (GError **error, const char *path, const char *why)
{
  g_autofree char *shown = kvmm_guest_text_sanitise (why, -1);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, _ ("“%s” could not be converted: %s"), path,
               g_strstrip (shown));
}

/* Whether the image is whole by itself, of what qemu-img says of it:
 *   virtual size: 8 MiB (8388608 bytes)
 *   backing file: base.vmdk
 *   data file: disk.raw
 *       create type: monolithicSparse
 *               filename: /home/me/old.vmdk
 * A name that was made to look like another line can only have the image refused. A part has its
 * extents in a file that qemu-img describes; those of other files have other types. */
static gboolean
check_answer (const Source *source, const char *answer, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (answer, "\n", -1);
  guint64 size_bytes = 0;
  gboolean is_whole = TRUE;

  for (char **line = lines; *line != NULL; line++)
    {
      const char *text = g_strchug (*line);
      const char *bytes = strchr (text, '(');
      const char *name = text + strlen ("filename: ");

      if (g_str_has_prefix (text, "virtual size:") && bytes != NULL && size_bytes == 0)
        size_bytes = g_ascii_strtoull (bytes + 1, NULL, 10);
      else if (g_str_has_prefix (text, "backing file") || g_str_has_prefix (text, "data file:"))
        is_whole = FALSE;
      else if (g_str_has_prefix (text, "create type: ") && source->part != NULL)
        is_whole = is_whole && (g_str_has_suffix (text, ": monolithicSparse") ||
                                g_str_has_suffix (text, ": streamOptimized"));
      else if (g_str_has_prefix (text, "filename: "))
        is_whole = is_whole && (source->part != NULL ? g_str_has_prefix (name, "json:{") &&
                                                           g_str_has_suffix (name, PART_END)
                                                     : g_str_equal (name, source->path));
    }
  if (!is_whole)
    set_failed (error, source->path, _ ("it is a part of a disk that is in several files"));
  else if (size_bytes == 0 || size_bytes > SIZE_MAX_BYTES)
    set_failed (error, source->path, _ ("it has no size, or more than 1 PiB"));
  else
    return TRUE;
  return FALSE;
}

/* Returns: (transfer full): qemu-img with these arguments and the image behind them */
static GPtrArray *
make_command (const Source *source, const char *const *arguments)
{
  GPtrArray *command = g_ptr_array_new ();

  g_ptr_array_add (command, (char *) "qemu-img");
  for (; *arguments != NULL; arguments++)
    g_ptr_array_add (command, (char *) *arguments);
  if (source->part == NULL)
    {
      g_ptr_array_add (command, (char *) "-f");
      g_ptr_array_add (command, (char *) source->format);
    }
  g_ptr_array_add (command, (char *) (source->part != NULL ? source->part : source->path));
  return command;
}

/* @out_fd: -1: none */
static GSubprocess *
spawn (const Source *source, GPtrArray *command, int out_fd, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GError) failure = NULL;
  GSubprocess *child;

  /* Its words are read. */
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C", TRUE);
  if (out_fd >= 0)
    g_subprocess_launcher_take_fd (launcher, fcntl (out_fd, F_DUPFD_CLOEXEC, PART_FD + 1),
                                   CHILD_FD);
  if (source->part != NULL)
    g_subprocess_launcher_take_fd (launcher, fcntl (source->part_fd, F_DUPFD_CLOEXEC, PART_FD + 1),
                                   PART_FD);
  g_ptr_array_add (command, NULL);
  child = g_subprocess_launcher_spawnv (launcher, (const char *const *) command->pdata, &failure);
  g_subprocess_launcher_close (launcher);
  if (child == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 _ ("Images are converted with qemu-img, which could not be started: %s"),
                 failure->message);
  return child;
}

/* Returns: (transfer full): what it says */
static char *
ask (const Source *source, const char *const *arguments, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) command = make_command (source, arguments);
  g_autoptr (GSubprocess) child = spawn (source, command, -1, error);
  g_autofree char *out = NULL;
  g_autofree char *errors = NULL;

  if (child == NULL)
    return NULL;
  if (!g_subprocess_communicate_utf8 (child, NULL, cancellable, &out, &errors, error))
    {
      g_subprocess_force_exit (child);
      g_subprocess_wait (child, NULL, NULL);
      return NULL;
    }
  if (g_subprocess_get_successful (child))
    return g_steal_pointer (&out);
  set_failed (error, source->path, errors);
  return NULL;
}

static gboolean
look (const Source *source, GCancellable *cancellable, GError **error)
{
  static const char *const arguments[] = { "info", NULL };
  g_autofree char *said = ask (source, arguments, cancellable, error);

  return said != NULL && check_answer (source, said, error);
}

/* Returns: a file without a name; -1 */
static int
open_nameless (GError **error)
{
  g_autofree char *folder = g_build_filename (g_get_user_cache_dir (), "kvm-manager", NULL);
  g_autofree char *name = g_build_filename (folder, "disk-XXXXXX", NULL);
  int fd = g_mkdir_with_parents (folder, 0700) == 0
               ? g_mkstemp_full (name, O_RDWR | O_CLOEXEC, 0600)
               : -1;

  if (fd < 0)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                 _ ("There is no place for the converted disk in %s"), folder);
  else
    g_unlink (name);
  return fd;
}

/* The line that qemu-img writes over and over: "    (12.50/100%)\r". */
static void
read_progress (const char *text, double *percent)
{
  const char *last = strrchr (text, '(');

  if (last != NULL && strchr (last, '/') != NULL)
    *percent = CLAMP (g_ascii_strtod (last + 1, NULL), 0, 100);
}

static gboolean
follow (GSubprocess *child,
        guint64 total_bytes,
        KvmmDiskConvertProgressFunc progress,
        gpointer progress_data,
        GCancellable *cancellable,
        GError **error)
{
  GInputStream *out = g_subprocess_get_stdout_pipe (child);
  double percent = 0;
  char text[1024];
  gssize length;

  while ((length = g_input_stream_read (out, text, sizeof text - 1, cancellable, error)) > 0)
    {
      text[length] = '\0';
      read_progress (text, &percent);
      if (progress != NULL)
        progress ((guint64) ((double) total_bytes * percent / 100), total_bytes, progress_data);
    }
  if (length < 0)
    g_subprocess_force_exit (child);
  g_subprocess_wait (child, NULL, NULL);
  return length == 0;
}

static int
convert (const Source *source,
         guint64 total_bytes,
         KvmmDiskConvertProgressFunc progress,
         gpointer progress_data,
         GCancellable *cancellable,
         guint64 *size_bytes,
         GError **error)
{
  static const char *const arguments[] = { "convert", "-p", "-O", "qcow2", NULL };
  g_autoptr (GPtrArray) command = make_command (source, arguments);
  g_autoptr (GSubprocess) child = NULL;
  struct stat st;
  int fd = look (source, cancellable, error) ? open_nameless (error) : -1;

  if (fd < 0)
    return -1;
  g_ptr_array_add (command, (char *) CHILD_PATH);
  child = spawn (source, command, fd, error);
  if (child != NULL && follow (child, total_bytes, progress, progress_data, cancellable, error))
    {
      if (g_subprocess_get_successful (child) && fstat (fd, &st) == 0 && st.st_size > 0)
        {
          *size_bytes = (guint64) st.st_size;
          return fd;
        }
      char errors[512] = "";

      g_input_stream_read_all (g_subprocess_get_stderr_pipe (child), errors, sizeof errors - 1,
                               NULL, NULL, NULL);
      set_failed (error, source->path, errors);
    }
  close (fd);
  return -1;
}

int
kvmm_disk_convert (const char *path,
                   const char *format,
                   guint64 total_bytes,
                   KvmmDiskConvertProgressFunc progress,
                   gpointer progress_data,
                   GCancellable *cancellable,
                   guint64 *size_bytes,
                   GError **error)
{
  const Source source = { .path = path, .format = format };

  g_return_val_if_fail (path != NULL && *path == '/' && format != NULL && size_bytes != NULL, -1);
  KVMM_ASSERT_WORKER ();

  return convert (&source, total_bytes, progress, progress_data, cancellable, size_bytes, error);
}

/* Nothing in it is a text of somebody else. */
static char *
name_part (const KvmmDiskPart *part)
{
  return g_strdup_printf ("json:{\"driver\": \"%s\", \"file\": {\"driver\": \"raw\", "
                          "\"offset\": %" G_GUINT64_FORMAT ", \"size\": %" G_GUINT64_FORMAT ", "
                          "\"file\": {\"driver\": \"file\", \"filename\": \"" PART_PATH "\"}}}",
                          part->format, part->offset_bytes, part->size_bytes);
}

guint64
kvmm_disk_convert_measure_part (const KvmmDiskPart *part, GCancellable *cancellable, GError **error)
{
  static const char *const arguments[] = { "measure", "-O", "qcow2", NULL };
  g_autofree char *name = name_part (part);
  const Source source = { part->name, part->format, name, part->fd };
  g_autofree char *said = NULL;

  KVMM_ASSERT_WORKER ();
  if (look (&source, cancellable, error))
    said = ask (&source, arguments, cancellable, error);
  if (said == NULL)
    return 0;
  /* "required size: 3342336" */
  return g_str_has_prefix (said, "required size: ")
             ? MAX (1, g_ascii_strtoull (said + strlen ("required size: "), NULL, 10))
             : 1;
}

int
kvmm_disk_convert_part (const KvmmDiskPart *part,
                        KvmmDiskConvertProgressFunc progress,
                        gpointer progress_data,
                        GCancellable *cancellable,
                        guint64 *size_bytes,
                        GError **error)
{
  g_autofree char *name = name_part (part);
  const Source source = { part->name, part->format, name, part->fd };

  KVMM_ASSERT_WORKER ();
  return convert (&source, part->size_bytes, progress, progress_data, cancellable, size_bytes,
                  error);
}
