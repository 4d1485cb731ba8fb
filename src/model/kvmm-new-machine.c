/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-new-machine.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/kvmm-connection-private.h"
#include "model/kvmm-disk-convert.h"
#include "model/kvmm-host-file.h"
#include "util/kvmm-progress.h"
#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-create.h"

/* What is less does not boot anything, what is more was meant in another unit. */
#define MEMORY_MIN_KIB (16 * 1024)
#define MEMORY_MAX_KIB (G_GUINT64_CONSTANT (64) << 30)
#define DISK_MIN_BYTES (G_GUINT64_CONSTANT (1) << 20)
#define DISK_MAX_BYTES (G_GUINT64_CONSTANT (1) << 50)
#define VCPUS_MAX 1024
/* Where libvirt's own tools make the pool of a host. */
#define SYSTEM_POOL_FOLDER "/var/lib/libvirt/images"

G_DEFINE_QUARK (kvmm - new - machine - error - quark, kvmm_new_machine_error)

KvmmNewMachine *
kvmm_new_machine_new (void)
{
  KvmmNewMachine *self = g_new0 (KvmmNewMachine, 1);

  self->memory_kib = KVMM_OS_DEFAULT_MEMORY_BYTES / 1024;
  self->vcpus = KVMM_OS_DEFAULT_VCPUS;
  self->disk_bytes = KVMM_OS_DEFAULT_DISK_BYTES;
  self->needs.has_virtio = TRUE;
  self->start = TRUE;
  return self;
}

static KvmmNewMachine *
copy (const KvmmNewMachine *self)
{
  KvmmNewMachine *other = g_memdup2 (self, sizeof *self);

  other->name = g_strdup (self->name);
  other->path = g_strdup (self->path);
  other->os_id = g_strdup (self->os_id);
  other->virt_type = g_strdup (self->virt_type);
  other->pool = g_strdup (self->pool);
  other->pool_folder = g_strdup (self->pool_folder);
  other->network = g_strdup (self->network);
  other->graphics = g_strdup (self->graphics);
  return other;
}

void
kvmm_new_machine_free (KvmmNewMachine *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->path);
  g_free (self->os_id);
  g_free (self->virt_type);
  g_free (self->pool);
  g_free (self->pool_folder);
  g_free (self->network);
  g_free (self->graphics);
  g_free (self);
}

/* ---- what the host has ---- */

void
kvmm_new_machine_host_free (KvmmNewMachineHost *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->options, kvmm_xml_machine_options_free);
  g_clear_pointer (&self->networks, g_ptr_array_unref);
  g_clear_pointer (&self->pools, g_ptr_array_unref);
  g_free (self->new_pool);
  g_free (self->new_pool_folder);
  g_free (self);
}

/* Worker. The best way of running a machine that the host has, for its own processor. */
static KvmmXmlMachineOptions *
read_options (KvmmVirtConnect *connect, const char *virt_type, GError **error)
{
  KvmmXmlMachineOptions *options =
      kvmm_virt_connect_read_machine_options (connect, virt_type, NULL, "q35", NULL);

  /* Not every architecture has it. */
  return options != NULL
             ? options
             : kvmm_virt_connect_read_machine_options (connect, virt_type, NULL, NULL, error);
}

static void
look_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  KvmmNewMachineHost **slot = data;
  static const char *const file_pools[] = { "dir", "fs", "netfs", NULL };
  g_autoptr (KvmmNewMachineHost) host = g_steal_pointer (slot);
  GError *error = NULL;

  host->options = read_options (connect, NULL, &error);
  if (host->options != NULL)
    host->networks = kvmm_virt_connect_list_networks (connect, &error);
  if (host->networks != NULL)
    host->pools = kvmm_virt_storage_list_pools (connect, &error);
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  for (guint i = host->pools->len; i-- > 0;)
    {
      const KvmmVirtPool *pool = host->pools->pdata[i];

      if (!pool->is_active || !g_strv_contains (file_pools, pool->type))
        g_ptr_array_remove_index (host->pools, i);
    }
  if (host->pools->len > 0)
    {
      g_clear_pointer (&host->new_pool, g_free);
      g_clear_pointer (&host->new_pool_folder, g_free);
    }
  g_task_return_pointer (task, g_steal_pointer (&host),
                         (GDestroyNotify) kvmm_new_machine_host_free);
}

static void
free_slot (gpointer data)
{
  KvmmNewMachineHost **slot = data;

  kvmm_new_machine_host_free (*slot);
  g_free (slot);
}

void
kvmm_new_machine_look_async (KvmmConnection *connection,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (connection, cancellable, callback, user_data);
  const char *uri = kvmm_connection_get_uri (connection);
  KvmmNewMachineHost **slot = g_new0 (KvmmNewMachineHost *, 1);

  KVMM_ASSERT_MAIN_THREAD ();
  *slot = g_new0 (KvmmNewMachineHost, 1);
  (*slot)->is_session = kvmm_virt_uri_is_session (uri);
  (*slot)->is_remote = !kvmm_virt_uri_is_local (uri);
  (*slot)->new_pool = kvmm_settings_dup_agent_iso_pool (kvmm_connection_get_settings (connection));
  if (!(*slot)->is_session)
    (*slot)->new_pool_folder = g_strdup (SYSTEM_POOL_FOLDER);
  else if (!(*slot)->is_remote)
    (*slot)->new_pool_folder = g_build_filename (g_get_user_data_dir (), "libvirt", "images", NULL);
  else
    g_clear_pointer (&(*slot)->new_pool, g_free);
  g_task_set_source_tag (task, kvmm_new_machine_look_async);
  g_task_set_return_on_cancel (task, TRUE);
  kvmm_connection_run (connection, KVMM_CONNECTION_LANE_QUERY, G_PRIORITY_DEFAULT, task, look_func,
                       slot, free_slot);
}

KvmmNewMachineHost *
kvmm_new_machine_look_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kvmm_new_machine_apply_needs (KvmmNewMachine *self,
                              const KvmmOsNeeds *needs,
                              const KvmmNewMachineHost *host)
{
  const KvmmXmlMachineOptions *options = host->options;
  guint processors = options->max_vcpus > 0 ? options->max_vcpus : VCPUS_MAX;

  self->needs = *needs;
  self->memory_kib = needs->memory_bytes / 1024;
  self->vcpus = MIN (needs->vcpus, processors);
  self->disk_bytes = needs->disk_bytes;
  self->firmware = KVMM_XML_FIRMWARE_BIOS;
  if (needs->wants_secure && options->has_secure_boot)
    self->firmware = KVMM_XML_FIRMWARE_UEFI_SECURE;
  else if ((needs->wants_uefi || !g_str_has_suffix (options->arch, "86_64")) && options->has_uefi)
    self->firmware = KVMM_XML_FIRMWARE_UEFI;
  self->has_tpm = needs->wants_secure && options->has_tpm;
}

/* ---- making it ---- */

typedef struct
{
  KvmmNewMachine *plan; /* (owned) */
  gboolean is_remote;
  gboolean is_session;
  KvmmProgress *progress; /* (owned) */

  /* what was made, and goes again when a later step fails */
  char *disk_path;
  char *disk_volume; /* (nullable) */
  char *disk_format;
  const char *foreign_format; /* (nullable) of an image that is converted */
  char *image_path;           /* where QEMU finds the image */
  char *image_volume;         /* (nullable) */
} Work;

static void
work_free (gpointer data)
{
  Work *work = data;

  kvmm_progress_end (work->progress);
  kvmm_progress_unref (work->progress);
  kvmm_new_machine_free (work->plan);
  g_free (work->disk_path);
  g_free (work->disk_volume);
  g_free (work->disk_format);
  g_free (work->image_path);
  g_free (work->image_volume);
  g_free (work);
}

static gboolean
fail (GError **error, KvmmNewMachineError code, const char *text)
{
  g_set_error_literal (error, KVMM_NEW_MACHINE_ERROR, (int) code, text);
  return FALSE;
}

static gboolean
check_plan (const KvmmNewMachine *plan, GError **error)
{
  gboolean needs_path =
      plan->source == KVMM_NEW_MACHINE_DISC || plan->source == KVMM_NEW_MACHINE_IMPORT;

  if (!kvmm_xml_machine_name_check (plan->name != NULL ? plan->name : "", error))
    return FALSE;
  if (needs_path && (plan->path == NULL || plan->path[0] != '/'))
    return fail (error, KVMM_NEW_MACHINE_ERROR_INVALID,
                 _ ("Name the image by its whole path, from “/” on"));
  if (plan->memory_kib < MEMORY_MIN_KIB || plan->memory_kib > MEMORY_MAX_KIB)
    return fail (error, KVMM_NEW_MACHINE_ERROR_INVALID,
                 _ ("A machine has between 16 MiB and 64 TiB of memory"));
  if (plan->vcpus < 1 || plan->vcpus > VCPUS_MAX)
    return fail (error, KVMM_NEW_MACHINE_ERROR_INVALID,
                 _ ("A machine has between 1 and 1024 processors"));
  if (plan->source != KVMM_NEW_MACHINE_IMPORT && plan->disk_bytes > 0)
    {
      if (plan->disk_bytes < DISK_MIN_BYTES || plan->disk_bytes > DISK_MAX_BYTES)
        return fail (error, KVMM_NEW_MACHINE_ERROR_INVALID,
                     _ ("A disk has between 1 MiB and 1 PiB"));
      if (plan->pool == NULL)
        return fail (error, KVMM_NEW_MACHINE_ERROR_INVALID,
                     _ ("The host has no storage pool for the disk. Make one, or choose a machine "
                        "without a disk."));
    }
  return TRUE;
}

/* What the first bytes of an image say. Returns: (nullable): %NULL for what QEMU does not run from
 */
static const char *
find_format (const guint8 *head, gsize size)
{
  /* What is whole by itself is converted; these have their data in other files. */
  static const char *const parts[] = { "COWD", "# Disk Desc" };

  if (size >= 4 && memcmp (head, "QFI\xfb", 4) == 0)
    return "qcow2";
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    if (size >= strlen (parts[i]) && memcmp (head, parts[i], strlen (parts[i])) == 0)
      return NULL;
  return kvmm_disk_convert_find_format (head, size) == NULL ? "raw" : NULL;
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

/* Worker. An image of this computer: its format, and whether QEMU gets at it where it is.
 * @why: (out) (transfer full) (nullable): why not */
static int
look_at_image (Work *work, guint64 *size_bytes, char **why, GError **error)
{
  const KvmmNewMachine *plan = work->plan;
  g_autofree char *real_path = NULL;
  g_autofree char *closed = NULL;
  guint8 head[16];
  gssize length;
  const char *format;
  int fd = open_image (plan->path, size_bytes, error);

  if (fd < 0)
    return -1;
  length = pread (fd, head, sizeof head, 0);
  format = find_format (head, (gsize) MAX (length, 0));
  if (plan->source == KVMM_NEW_MACHINE_IMPORT && format == NULL)
    work->foreign_format = kvmm_disk_convert_find_format (head, (gsize) MAX (length, 0));
  if (plan->source == KVMM_NEW_MACHINE_IMPORT && format == NULL && work->foreign_format == NULL)
    {
      g_autofree char *quoted = g_shell_quote (plan->path);

      close (fd);
      g_set_error (error, KVMM_NEW_MACHINE_ERROR, KVMM_NEW_MACHINE_ERROR_INVALID,
                   _ ("“%s” is of another program's format. Convert it first:\n"
                      "qemu-img convert -O qcow2 %s %s.qcow2"),
                   plan->path, quoted, quoted);
      return -1;
    }
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

static char *
dup_volume_name (const KvmmNewMachine *plan, const char *suffix)
{
  return g_strdup_printf ("%s%s", plan->name, suffix);
}

static gboolean
upload_image (Work *work,
              KvmmVirtConnect *connect,
              int fd,
              guint64 size_bytes,
              GCancellable *cancellable,
              GError **error)
{
  const KvmmNewMachine *plan = work->plan;
  g_autofree char *base = g_path_get_basename (plan->path);
  g_autofree char *name =
      plan->source == KVMM_NEW_MACHINE_IMPORT
          ? dup_volume_name (plan, g_str_equal (work->disk_format, "qcow2") ? ".qcow2" : ".img")
          : g_strdup (base);
  g_autoptr (KvmmVirtVolume) volume =
      kvmm_virt_storage_upload (connect, plan->pool, name, fd, size_bytes, kvmm_progress_count,
                                work->progress, cancellable, error);

  if (volume == NULL)
    return FALSE;
  work->image_volume = g_strdup (name);
  work->image_path = g_strdup (volume->path);
  return TRUE;
}

static gboolean
prepare_image (Work *work, KvmmVirtConnect *connect, GCancellable *cancellable, GError **error)
{
  const KvmmNewMachine *plan = work->plan;
  g_autofree char *why = NULL;
  guint64 size_bytes = 0;
  gboolean is_done = TRUE;
  int fd;

  if (plan->path == NULL)
    return TRUE;
  if (work->is_remote && !plan->may_upload)
    {
      /* A path of that computer: libvirt looks when the machine starts. */
      work->image_path = g_strdup (plan->path);
      work->disk_format = g_strdup (g_str_has_suffix (plan->path, ".qcow2") ? "qcow2" : "raw");
      return TRUE;
    }
  fd = look_at_image (work, &size_bytes, &why, error);
  if (fd < 0)
    return FALSE;
  if (why != NULL && (!plan->may_upload || plan->pool == NULL))
    is_done = fail (error,
                    plan->pool != NULL ? KVMM_NEW_MACHINE_ERROR_UPLOAD_NEEDED
                                       : KVMM_NEW_MACHINE_ERROR_INVALID,
                    why);
  else if (why != NULL || work->is_remote)
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

/* Worker. A person agreed that the pool is made. */
static gboolean
prepare_pool (Work *work, KvmmVirtConnect *connect, GError **error)
{
  const KvmmNewMachine *plan = work->plan;
  g_autoptr (KvmmVirtPool) pool = NULL;

  if (plan->pool == NULL || plan->pool_folder == NULL)
    return TRUE;
  pool = kvmm_virt_storage_read_pool (connect, plan->pool, NULL);
  return pool != NULL ? kvmm_virt_storage_start_pool (connect, plan->pool, error)
                      : kvmm_virt_storage_make_pool (connect, plan->pool, plan->pool_folder, error);
}

static gboolean
prepare_disk (Work *work, KvmmVirtConnect *connect, GError **error)
{
  const KvmmNewMachine *plan = work->plan;
  g_autofree char *name = dup_volume_name (plan, ".qcow2");
  g_autoptr (KvmmVirtVolume) volume = NULL;

  if (plan->source == KVMM_NEW_MACHINE_IMPORT)
    {
      work->disk_path = g_strdup (work->image_path);
      return TRUE;
    }
  if (plan->disk_bytes == 0)
    return TRUE;
  volume =
      kvmm_virt_storage_create_disk (connect, plan->pool, name, "qcow2", plan->disk_bytes, error);
  if (volume == NULL)
    return FALSE;
  work->disk_volume = g_strdup (name);
  work->disk_path = g_strdup (volume->path);
  g_free (work->disk_format);
  work->disk_format = g_strdup ("qcow2");
  return TRUE;
}

static char *
define (Work *work, KvmmVirtConnect *connect, GError **error)
{
  const KvmmNewMachine *plan = work->plan;
  g_autoptr (KvmmXmlMachineOptions) options = read_options (connect, plan->virt_type, error);
  g_autofree char *xml = NULL;
  KvmmXmlNewMachine machine = { 0 };

  if (options == NULL)
    return NULL;
  machine.name = plan->name;
  machine.virt_type = options->virt_type;
  machine.arch = options->arch;
  machine.machine = strstr (options->machine, "q35") != NULL    ? "q35"
                    : g_str_has_prefix (options->machine, "pc") ? "pc"
                                                                : options->machine;
  machine.os_id = plan->os_id;
  machine.memory_kib = plan->memory_kib;
  machine.vcpus = plan->vcpus;
  if (g_str_equal (options->virt_type, "kvm") && options->has_host_cpu)
    machine.cpu_mode = "host-passthrough";
  else if (options->has_maximum_cpu)
    machine.cpu_mode = "maximum";
  machine.firmware = plan->firmware;
  machine.has_tpm = plan->has_tpm;
  machine.is_windows = plan->needs.is_windows;
  machine.has_virtio = plan->needs.has_virtio;
  machine.disk_path = work->disk_path;
  machine.disk_format = work->disk_format;
  machine.has_cdrom = plan->source != KVMM_NEW_MACHINE_IMPORT;
  if (plan->source == KVMM_NEW_MACHINE_DISC)
    machine.cdrom_path = work->image_path;
  machine.network_kind = plan->network_kind;
  machine.network = plan->network;
  machine.boots_network = plan->source == KVMM_NEW_MACHINE_NETWORK;
  machine.graphics = plan->graphics;
  machine.has_virtio_video = options->has_virtio_video;
  xml = kvmm_xml_new_machine_build (&machine, error);
  return xml != NULL
             ? kvmm_virt_connect_create_domain (connect, plan->name, xml, plan->start, error)
             : NULL;
}

/* What was made for a machine that there is not. */
static void
remove_volume (KvmmVirtConnect *connect, const char *pool, const char *volume)
{
  g_autoptr (GError) error = NULL;

  if (volume != NULL && !kvmm_virt_storage_delete_volume (connect, pool, volume, &error))
    g_warning ("The volume %s of a machine that was not made stays in the pool %s: %s", volume,
               pool, error->message);
}

static void
create_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  Work *work = data;
  GError *error = NULL;
  char *uuid = NULL;

  if (!check_plan (work->plan, &error))
    ;
  else if (kvmm_virt_connect_has_domain (connect, work->plan->name, &error))
    g_set_error (&error, KVMM_NEW_MACHINE_ERROR, KVMM_NEW_MACHINE_ERROR_NAME_TAKEN,
                 _ ("There is a machine called “%s” on this host; choose another name"),
                 work->plan->name);
  else if (error == NULL && prepare_pool (work, connect, &error) &&
           prepare_image (work, connect, cancellable, &error) &&
           prepare_disk (work, connect, &error) &&
           !g_cancellable_set_error_if_cancelled (cancellable, &error))
    uuid = define (work, connect, &error);
  if (uuid != NULL)
    {
      g_task_return_pointer (task, uuid, g_free);
      return;
    }
  remove_volume (connect, work->plan->pool, work->disk_volume);
  remove_volume (connect, work->plan->pool, work->image_volume);
  g_task_return_error (task, error);
}

void
kvmm_new_machine_create_async (const KvmmNewMachine *self,
                               KvmmConnection *connection,
                               GFileProgressCallback progress,
                               gpointer progress_data,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (connection, cancellable, callback, user_data);
  Work *work = g_new0 (Work, 1);

  KVMM_ASSERT_MAIN_THREAD ();
  g_task_set_source_tag (task, kvmm_new_machine_create_async);
  work->plan = copy (self);
  work->is_remote = !kvmm_virt_uri_is_local (kvmm_connection_get_uri (connection));
  work->is_session = kvmm_virt_uri_is_session (kvmm_connection_get_uri (connection));
  work->progress = kvmm_progress_new (progress, progress_data);
  kvmm_connection_run (connection, KVMM_CONNECTION_LANE_BULK, G_PRIORITY_DEFAULT, task, create_func,
                       work, work_free);
}

char *
kvmm_new_machine_create_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
