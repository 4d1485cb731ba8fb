/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-appliance.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/kvmm-disk-head.h"
#include "util/kvmm-guest-text.h"
#include "util/kvmm-tar.h"
#include "util/kvmm-thread.h"

/* Between two looks at the cancellable. */
#define PIECE_BYTES (256 * 1024)

/* A file of the appliance, wherever it lies. */
typedef struct
{
  char *name;  /* as the description calls it */
  char *shown; /* inert */
  int fd;
  gboolean owns_fd;
  guint64 offset_bytes;
  guint64 size_bytes;
} File;

G_DEFINE_QUARK (kvmm - appliance - error - quark, kvmm_appliance_error)

static void
free_file (gpointer data)
{
  File *file = data;

  if (file->owns_fd)
    close (file->fd);
  g_free (file->name);
  g_free (file->shown);
  g_free (file);
}

void
kvmm_appliance_free (KvmmAppliance *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->ovf, kvmm_xml_ovf_free);
  g_clear_pointer (&self->disks, g_ptr_array_unref);
  g_clear_pointer (&self->files, g_ptr_array_unref);
  g_clear_pointer (&self->members, g_ptr_array_unref);
  g_free (self->manifest);
  g_free (self->folder);
  g_free (self->base);
  if (self->archive_fd >= 0)
    close (self->archive_fd);
  g_free (self);
}

static gboolean fail (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
fail (GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error_literal (error, KVMM_APPLIANCE_ERROR, KVMM_APPLIANCE_ERROR_INVALID, message);
  return FALSE;
}

/* ---- files ---- */

/* Returns: an open regular file; -1 with errno */
static int
open_regular (const char *path, int flags, guint64 *size_bytes)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);
  struct stat st = { 0 };

  if (fd < 0)
    return -1;
  if (fstat (fd, &st) == 0 && S_ISREG (st.st_mode))
    {
      *size_bytes = (guint64) st.st_size;
      return fd;
    }
  close (fd);
  errno = EINVAL;
  return -1;
}

static const KvmmTarMember *
find_member (KvmmAppliance *self, const char *name)
{
  for (guint i = 0; i < self->members->len; i++)
    if (g_str_equal (((const KvmmTarMember *) self->members->pdata[i])->name, name))
      return self->members->pdata[i];
  return NULL;
}

/* Returns: (transfer none) (nullable): %NULL with errno; it is among the files from now on */
static File *
add_file (KvmmAppliance *self, const char *name)
{
  File *file = g_new0 (File, 1);
  const KvmmTarMember *member;

  file->fd = -1;
  file->name = g_strdup (name);
  file->shown = kvmm_guest_text_sanitise (name, -1);
  if (self->members == NULL && g_str_equal (name, self->base))
    {
      /* The description itself, by whichever name. */
      file->fd = self->archive_fd;
      file->size_bytes = self->archive_bytes;
    }
  else if (self->members != NULL)
    {
      member = find_member (self, name);
      file->fd = member != NULL ? self->archive_fd : -1;
      file->offset_bytes = member != NULL ? member->offset_bytes : 0;
      file->size_bytes = member != NULL ? member->size_bytes : 0;
      errno = ENOENT;
    }
  else
    {
      g_autofree char *path = g_build_filename (self->folder, name, NULL);

      /* A link could lead to any file that only this person may read. */
      file->fd = open_regular (path, O_NOFOLLOW, &file->size_bytes);
      file->owns_fd = file->fd >= 0;
    }
  if (file->fd < 0)
    {
      int code = errno;

      free_file (file);
      errno = code;
      return NULL;
    }
  g_ptr_array_add (self->files, file);
  self->total_bytes += file->size_bytes;
  return file;
}

static gboolean
read_piece (const File *file, guint64 at, void *buffer, gsize length, GError **error)
{
  gsize done = 0;

  while (done < length)
    {
      gssize n = pread (file->fd, (char *) buffer + done, length - done,
                        (off_t) (file->offset_bytes + at + done));

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return fail (error, _ ("“%s” of the appliance cannot be read: %s"), file->shown,
                     n < 0 ? g_strerror (errno) : _ ("it is shorter than it was"));
      done += (gsize) n;
    }
  return TRUE;
}

static char *
read_text (const File *file, gsize max_bytes, GError **error)
{
  g_autofree char *text = NULL;

  if (file->size_bytes > max_bytes)
    {
      fail (error, _ ("“%s” of the appliance is too large"), file->shown);
      return NULL;
    }
  text = g_malloc0 (file->size_bytes + 1);
  if (!read_piece (file, 0, text, file->size_bytes, error))
    return NULL;
  if (strlen (text) != file->size_bytes)
    {
      fail (error, _ ("“%s” of the appliance is no text"), file->shown);
      return NULL;
    }
  return g_steal_pointer (&text);
}

/* ---- what is in it ---- */

/* Returns: (nullable): the first member of that kind */
static const char *
find_suffix (KvmmAppliance *self, const char *suffix)
{
  for (guint i = 0; i < self->members->len; i++)
    {
      const char *name = ((const KvmmTarMember *) self->members->pdata[i])->name;

      if (strlen (name) > strlen (suffix) &&
          g_ascii_strcasecmp (name + strlen (name) - strlen (suffix), suffix) == 0)
        return name;
    }
  return NULL;
}

/* "x.ovf" gives "x.mf". */
static char *
replace_suffix (const char *name, const char *suffix)
{
  const char *dot = strrchr (name, '.');
  g_autofree char *base = g_strndup (name, dot != NULL ? (gsize) (dot - name) : strlen (name));

  return g_strconcat (base, suffix, NULL);
}

static gboolean
read_manifest (KvmmAppliance *self, const char *description, GError **error)
{
  g_autofree char *name = replace_suffix (description, ".mf");
  g_autofree char *certificate = replace_suffix (description, ".cert");
  File *file;

  if (self->members != NULL && find_suffix (self, ".mf") != NULL)
    {
      g_free (name);
      name = g_strdup (find_suffix (self, ".mf"));
    }
  file = add_file (self, name);
  if (file != NULL)
    {
      self->manifest = read_text (file, KVMM_APPLIANCE_MANIFEST_MAX, error);
      /* It is read, and has no sum of its own. */
      self->total_bytes -= file->size_bytes;
      g_ptr_array_remove (self->files, file);
      if (self->manifest == NULL)
        return FALSE;
    }
  file = add_file (self, certificate);
  self->is_signed = file != NULL;
  if (file != NULL)
    {
      self->total_bytes -= file->size_bytes;
      g_ptr_array_remove (self->files, file);
    }
  return TRUE;
}

/* What the bytes say counts, and has to be what the description says. */
static gboolean
find_disk_format (const File *file, const KvmmXmlOvfDisk *disk, const char **format, GError **error)
{
  guint8 head[KVMM_DISK_HEAD_BYTES] = { 0 };
  gsize size = MIN (file->size_bytes, sizeof head);
  g_autofree char *told = g_ascii_strdown (disk->format != NULL ? disk->format : "", -1);

  if (file->size_bytes == 0)
    return fail (error, _ ("The disk “%s” of the appliance is empty; load it anew"), file->shown);
  if (!read_piece (file, 0, head, size, error))
    return FALSE;
  if (kvmm_disk_head_is_compressed (head, size))
    return fail (error,
                 _ ("The disk “%s” of the appliance is compressed. Unpack the appliance and this "
                    "file, name what comes out in the .ovf, and open that."),
                 file->shown);
  if (kvmm_disk_head_is_description (head, size) ||
      (kvmm_disk_head_is_qcow2 (head, size) && !kvmm_disk_head_is_whole (head, size)))
    return fail (error,
                 _ ("The disk “%s” of the appliance is not whole: its data is in another file. "
                    "Export the appliance anew, with disks in one file each."),
                 file->shown);
  *format =
      kvmm_disk_head_is_qcow2 (head, size) ? "qcow2" : kvmm_disk_convert_find_format (head, size);
  if (*format == NULL && (strstr (told, "vmdk") != NULL || strstr (told, "vhd") != NULL ||
                          strstr (told, "vdi") != NULL || strstr (told, "qcow") != NULL))
    return fail (error,
                 _ ("The disk “%s” of the appliance is not what its description says; it is "
                    "damaged: load it anew"),
                 file->shown);
  if (*format == NULL)
    *format = "raw";
  return TRUE;
}

static gboolean
find_disks (KvmmAppliance *self, GError **error)
{
  for (guint i = 0; i < self->ovf->disks->len; i++)
    {
      const KvmmXmlOvfDisk *disk = self->ovf->disks->pdata[i];
      const char *format = NULL;
      KvmmDiskPart *part;
      File *file;

      if (disk->file == NULL)
        {
          g_ptr_array_add (self->disks, NULL);
          continue;
        }
      file = add_file (self, disk->file);
      if (file == NULL)
        {
          g_autofree char *shown = kvmm_guest_text_sanitise (disk->file, -1);

          return errno == ELOOP
                     ? fail (error,
                             _ ("The disk “%s” of the appliance is a link; put the file itself "
                                "there"),
                             shown)
                     : fail (
                           error,
                           _ ("The disk “%s” of the appliance is not there. It belongs beside the "
                              ".ovf, or into the .ova: load it anew."),
                           shown);
        }
      if (!find_disk_format (file, disk, &format, error))
        return FALSE;
      part = g_new0 (KvmmDiskPart, 1);
      part->name = file->shown;
      part->fd = file->fd;
      part->offset_bytes = file->offset_bytes;
      part->size_bytes = file->size_bytes;
      part->format = format;
      g_ptr_array_add (self->disks, part);
    }
  return TRUE;
}

static gboolean
open_archive (KvmmAppliance *self, const char *path, GError **error)
{
  g_autoptr (GError) failure = NULL;

  self->members = kvmm_tar_list (self->archive_fd, self->archive_bytes, &failure);
  if (self->members == NULL)
    return fail (error, _ ("“%s” cannot be read: %s"), path, failure->message);
  if (find_suffix (self, ".ovf") == NULL)
    return fail (error, _ ("“%s” is no appliance: there is no description (.ovf) in it"), path);
  return TRUE;
}

static KvmmXmlOvf *
read_description (const File *file, const char *text, GError **error)
{
  g_autoptr (GError) failure = NULL;
  KvmmXmlOvf *ovf = kvmm_xml_ovf_parse (text, &failure);

  if (ovf != NULL)
    return ovf;
  /* What it describes is told as it is; what is no description is told of the file. */
  if (g_error_matches (failure, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE))
    g_propagate_error (error, g_steal_pointer (&failure));
  else
    fail (error, _ ("“%s” does not describe an appliance: %s"), file->shown, failure->message);
  return NULL;
}

static gboolean
read_all (KvmmAppliance *self, const char *path, GError **error)
{
  g_autofree char *text = NULL;
  guint8 head[263] = { 0 };
  gssize n = pread (self->archive_fd, head, sizeof head, 0);
  /* Its bytes say what it is: a description begins with a tag, and has no NUL. */
  gboolean is_archive = n == sizeof head && memchr (head, '\0', 257) != NULL;
  const char *description = self->base;
  File *file;

  if (is_archive || g_str_has_suffix (self->base, ".ova"))
    {
      if (!open_archive (self, path, error))
        return FALSE;
      description = find_suffix (self, ".ovf");
    }
  file = add_file (self, description);
  if (file == NULL)
    return fail (error, _ ("“%s” cannot be opened: %s"), path, g_strerror (errno));
  text = read_text (file, KVMM_XML_OVF_BYTES_MAX, error);
  if (text != NULL)
    self->ovf = read_description (file, text, error);
  return self->ovf != NULL && read_manifest (self, description, error) && find_disks (self, error);
}

KvmmAppliance *
kvmm_appliance_open (const char *path, GError **error)
{
  g_autoptr (KvmmAppliance) self = g_new0 (KvmmAppliance, 1);

  g_return_val_if_fail (path != NULL && *path == '/', NULL);
  KVMM_ASSERT_WORKER ();

  self->files = g_ptr_array_new_with_free_func (free_file);
  self->disks = g_ptr_array_new_with_free_func (g_free);
  self->folder = g_path_get_dirname (path);
  self->base = g_path_get_basename (path);
  self->archive_fd = open_regular (path, 0, &self->archive_bytes);
  if (self->archive_fd < 0)
    {
      fail (error, _ ("“%s” cannot be opened: %s"), path,
            errno == EINVAL ? _ ("it is no file") : g_strerror (errno));
      return NULL;
    }
  return read_all (self, path, error) ? g_steal_pointer (&self) : NULL;
}

/* ---- check sums ---- */

/* A line of the list: "SHA256(disk1.vmdk)= 0123…". */
static gboolean
is_sum_of (const char *line, const char *name)
{
  const char *open = strchr (line, '(');
  const char *close = open != NULL ? strrchr (open, ')') : NULL;

  return close != NULL && (gsize) (close - open - 1) == strlen (name) &&
         strncmp (open + 1, name, strlen (name)) == 0;
}

static gboolean
find_checksum_type (const char *algorithm, GChecksumType *type)
{
  static const struct
  {
    const char *name;
    GChecksumType type;
  } known[] = {
    { "SHA1", G_CHECKSUM_SHA1 },
    { "SHA256", G_CHECKSUM_SHA256 },
    { "SHA384", G_CHECKSUM_SHA384 },
    { "SHA512", G_CHECKSUM_SHA512 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_ascii_strcasecmp (algorithm, known[i].name) == 0)
      {
        *type = known[i].type;
        return TRUE;
      }
  return FALSE;
}

static gboolean
check_sum (KvmmAppliance *self,
           const File *file,
           const char *line,
           guint64 *done_bytes,
           KvmmDiskConvertProgressFunc progress,
           gpointer progress_data,
           GCancellable *cancellable,
           GError **error)
{
  g_autofree char *algorithm = g_strndup (line, (gsize) (strchr (line, '(') - line));
  const char *digits = strrchr (line, ')') + 1;
  g_autofree guint8 *piece = g_malloc (PIECE_BYTES);
  g_autoptr (GChecksum) sum = NULL;
  GChecksumType type = G_CHECKSUM_SHA256;

  digits += strspn (digits, " \t=");
  if (!find_checksum_type (g_strstrip (algorithm), &type))
    {
      g_autofree char *shown = kvmm_guest_text_sanitise (algorithm, -1);

      return fail (error,
                   _ ("“%s” of the appliance has a check sum of a kind that is not known: %s"),
                   file->shown, shown);
    }
  sum = g_checksum_new (type);
  for (guint64 at = 0; at < file->size_bytes; at += PIECE_BYTES)
    {
      gsize length = (gsize) MIN (PIECE_BYTES, file->size_bytes - at);

      if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
          !read_piece (file, at, piece, length, error))
        return FALSE;
      g_checksum_update (sum, piece, (gssize) length);
      *done_bytes += length;
      if (progress != NULL)
        progress (*done_bytes, self->total_bytes, progress_data);
    }
  if (g_ascii_strcasecmp (g_checksum_get_string (sum), digits) != 0)
    return fail (error,
                 _ ("“%s” of the appliance is not what was packed: its check sum is another one. "
                    "Load the appliance anew."),
                 file->shown);
  return TRUE;
}

gboolean
kvmm_appliance_check_sums (KvmmAppliance *self,
                           KvmmDiskConvertProgressFunc progress,
                           gpointer progress_data,
                           GCancellable *cancellable,
                           GError **error)
{
  g_auto (GStrv) lines = g_strsplit (self->manifest != NULL ? self->manifest : "", "\n", -1);
  guint64 done_bytes = 0;

  KVMM_ASSERT_WORKER ();
  for (guint i = 0; i < self->files->len; i++)
    {
      const File *file = self->files->pdata[i];
      char **line = lines;

      while (*line != NULL && !is_sum_of (g_strstrip (*line), file->name))
        line++;
      if (*line != NULL &&
          !check_sum (self, file, *line, &done_bytes, progress, progress_data, cancellable, error))
        return FALSE;
    }
  return TRUE;
}

/* ---- looking at one ---- */

static void
look_func (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  KvmmAppliance *self = kvmm_appliance_open (data, &error);

  if (self != NULL)
    g_task_return_pointer (task, self, (GDestroyNotify) kvmm_appliance_free);
  else
    g_task_return_error (task, error);
}

void
kvmm_appliance_look_async (KvmmLane *lane,
                           const char *path,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (lane, cancellable, callback, user_data);

  KVMM_ASSERT_MAIN_THREAD ();
  g_task_set_source_tag (task, kvmm_appliance_look_async);
  g_task_set_task_data (task, g_strdup (path), g_free);
  g_task_set_return_on_cancel (task, TRUE);
  kvmm_lane_run (lane, task, look_func, G_PRIORITY_DEFAULT);
}

KvmmAppliance *
kvmm_appliance_look_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
