/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/kvmm-disk-convert.h"
#include "model/kvmm-disk-head.h"
#include "model/kvmm-host-file.h"
#include "model/kvmm-new-machine-private.h"
#include "virt/kvmm-virt-storage.h"

/* The image that a machine is made from: looked at, copied, converted. */

static gboolean
is_disk (const KvmmNewMachine *plan)
{
  return plan->source == KVMM_NEW_MACHINE_IMPORT || plan->source == KVMM_NEW_MACHINE_CLOUD;
}

/* What the first bytes of an image say. Returns: (nullable): %NULL for what QEMU does not run from
 */
static const char *
find_format (const guint8 *head, gsize size)
{
  if (kvmm_disk_head_is_qcow2 (head, size))
    return "qcow2";
  return !kvmm_disk_head_is_description (head, size) &&
                 kvmm_disk_convert_find_format (head, size) == NULL
             ? "raw"
             : NULL;
}

static int
open_image (const char *path, guint64 *size_bytes, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  int code = errno;
  struct stat st = { 0 };

  if (fd >= 0 && fstat (fd, &st) == 0 && S_ISREG (st.st_mode) && st.st_size > 0)
    {
      *size_bytes = (guint64) st.st_size;
      return fd;
    }
  if (fd < 0)
    g_set_error (error, KVMM_NEW_MACHINE_ERROR, KVMM_NEW_MACHINE_ERROR_INVALID,
                 _ ("“%s” cannot be opened: %s"), path, g_strerror (code));
  else
    {
      close (fd);
      g_set_error (error, KVMM_NEW_MACHINE_ERROR, KVMM_NEW_MACHINE_ERROR_INVALID,
                   _ ("“%s” is not a file with an image in it"), path);
    }
  return -1;
}

/* Worker. What a disk with a system on it cannot be. */
static gboolean
check_disk (const KvmmNewMachine *plan, const guint8 *head, gsize size, GError **error)
{
  const char *format = find_format (head, size);

  if (kvmm_disk_head_is_compressed (head, size))
    g_set_error (error, KVMM_NEW_MACHINE_ERROR, KVMM_NEW_MACHINE_ERROR_INVALID,
                 _ ("“%s” is compressed; unpack it first"), plan->path);
  else if (g_strcmp0 (format, "qcow2") == 0 && !kvmm_disk_head_is_whole (head, size))
    g_set_error (error, KVMM_NEW_MACHINE_ERROR, KVMM_NEW_MACHINE_ERROR_INVALID,
                 _ ("“%s” is not whole: a part of its data is in another file. If you know that "
                    "file, take the disk as a volume of its storage pool instead"),
                 plan->path);
  else if (format == NULL && kvmm_disk_convert_find_format (head, size) == NULL)
    {
      g_autofree char *quoted = g_shell_quote (plan->path);

      g_set_error (error, KVMM_NEW_MACHINE_ERROR, KVMM_NEW_MACHINE_ERROR_INVALID,
                   _ ("“%s” is of another program's format. Convert it first:\n"
                      "qemu-img convert -O qcow2 %s %s.qcow2"),
                   plan->path, quoted, quoted);
    }
  else
    return TRUE;
  return FALSE;
}

/* Worker. An image of this computer: its format, and whether QEMU gets at it where it is.
 * @why: (out) (transfer full) (nullable): why not */
static int
look_at_image (KvmmNewMachineWork *work, guint64 *size_bytes, char **why, GError **error)
{
  const KvmmNewMachine *plan = work->plan;
  g_autofree char *real_path = NULL;
  g_autofree char *closed = NULL;
  guint8 head[KVMM_DISK_HEAD_BYTES];
  gssize length;
  const char *format;
  int fd = open_image (plan->path, size_bytes, error);

  if (fd < 0)
    return -1;
  length = pread (fd, head, sizeof head, 0);
  format = find_format (head, (gsize) MAX (length, 0));
  if (is_disk (plan) && !check_disk (plan, head, (gsize) MAX (length, 0), error))
    {
      close (fd);
      return -1;
    }
  if (is_disk (plan) && format == NULL)
    work->foreign_format = kvmm_disk_convert_find_format (head, (gsize) MAX (length, 0));
  work->disk_format = g_strdup (work->foreign_format != NULL ? "qcow2" : format);
  real_path = realpath (plan->path, NULL);
  /* libvirt makes QEMU the owner of what a machine uses; the folders on the way stay as they are.
   */
  closed =
      real_path != NULL && !work->is_session ? kvmm_host_file_find_closed_folder (real_path) : NULL;
  if (work->foreign_format != NULL)
    *why = g_strdup_printf (_ ("“%s” is of another program's format (%s), which is converted as it "
                               "is copied. The image itself stays as it is."),
                            plan->path, work->foreign_format);
  else if (work->is_remote)
    *why = g_strdup (_ ("The image is on this computer, and the host is another one."));
  else if (closed != NULL)
    *why = g_strdup_printf (_ ("QEMU cannot read “%s”: the folder %s is closed to others."),
                            plan->path, closed);
  else
    work->image_path = g_strdup (real_path != NULL ? real_path : plan->path);
  return fd;
}

static gboolean
upload_image (KvmmNewMachineWork *work,
              KvmmVirtConnect *connect,
              int fd,
              guint64 size_bytes,
              GCancellable *cancellable,
              GError **error)
{
  const KvmmNewMachine *plan = work->plan;
  g_autofree char *base = g_path_get_basename (plan->path);
  g_autofree char *name =
      is_disk (plan) ? g_strdup_printf ("%s.%s", plan->name,
                                        g_str_equal (work->disk_format, "qcow2") ? "qcow2" : "img")
                     : g_strdup (base);
  g_autoptr (KvmmVirtVolume) volume =
      kvmm_virt_storage_upload (connect, plan->pool, name, fd, size_bytes, is_disk (plan),
                                kvmm_progress_count, work->progress, cancellable, error);

  if (volume == NULL)
    return FALSE;
  work->image_volume = g_strdup (name);
  work->image_path = g_strdup (volume->path);
  return TRUE;
}

gboolean
kvmm_new_machine_prepare_image (KvmmNewMachineWork *work,
                                KvmmVirtConnect *connect,
                                GCancellable *cancellable,
                                GError **error)
{
  const KvmmNewMachine *plan = work->plan;
  g_autofree char *why = NULL;
  guint64 size_bytes = 0;
  gboolean is_copied = plan->source == KVMM_NEW_MACHINE_CLOUD;
  gboolean is_done = TRUE;
  int fd;

  if (plan->path == NULL || plan->source == KVMM_NEW_MACHINE_APPLIANCE)
    return TRUE;
  if (work->is_remote && !plan->may_upload && !is_copied)
    {
      /* A path of that computer: libvirt looks when the machine starts. */
      work->image_path = g_strdup (plan->path);
      work->disk_format = g_strdup (g_str_has_suffix (plan->path, ".qcow2") ? "qcow2" : "raw");
      return TRUE;
    }
  fd = look_at_image (work, &size_bytes, &why, error);
  if (fd < 0)
    return FALSE;
  if (why != NULL && !is_copied && (!plan->may_upload || plan->pool == NULL))
    is_done = kvmm_new_machine_fail (error,
                                     plan->pool != NULL ? KVMM_NEW_MACHINE_ERROR_UPLOAD_NEEDED
                                                        : KVMM_NEW_MACHINE_ERROR_INVALID,
                                     why);
  else if (why != NULL || work->is_remote || is_copied)
    {
      g_clear_pointer (&work->image_path, g_free);
      if (work->foreign_format != NULL)
        {
          close (fd);
          fd = kvmm_disk_convert (plan->path, work->foreign_format, size_bytes, kvmm_progress_count,
                                  work->progress, cancellable, &size_bytes, error);
          if (fd < 0)
            return FALSE;
        }
      is_done = upload_image (work, connect, fd, size_bytes, cancellable, error);
    }
  close (fd);
  return is_done;
}
