/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>
#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#include "model/kvmm-new-machine-private.h"
#include "util/kvmm-units.h"
#include "virt/kvmm-virt-create.h"

/* What a machine gets from an appliance: its disks, one after the other. */

/* Every byte is checked, converted, and sent, and each is a third of the way. */
typedef struct
{
  KvmmProgress *progress; /* (unowned) */
  guint64 from;
  guint64 length;
  guint64 total;
} Way;

static void
count (guint64 done, guint64 total, gpointer user_data)
{
  const Way *way = user_data;
  double part = total > 0 ? MIN ((double) done / (double) total, 1) : 1;

  kvmm_progress_count (way->from + (guint64) ((double) way->length * part), way->total,
                       way->progress);
}

static void
free_disk (gpointer data)
{
  KvmmXmlNewDisk *disk = data;

  g_free (disk->path);
  g_free (disk);
}

/* Worker. Both places get the whole of the disk, one after the other. */
static gboolean
check_room (KvmmNewMachineWork *self,
            KvmmVirtConnect *connect,
            const KvmmDiskPart *part,
            guint64 wanted_bytes,
            GError **error)
{
  const char *folder = g_get_user_cache_dir ();
  g_autoptr (GFile) file = g_file_new_for_path (folder);
  g_autoptr (GFileInfo) info =
      g_file_query_filesystem_info (file, G_FILE_ATTRIBUTE_FILESYSTEM_FREE, NULL, NULL);
  g_autoptr (KvmmVirtPool) pool = kvmm_virt_storage_read_pool (connect, self->plan->pool, error);
  g_autofree char *wanted = kvmm_units_bytes (wanted_bytes);
  g_autofree char *room = NULL;
  const char *place = NULL;
  guint64 free_bytes = G_MAXUINT64;

  if (pool == NULL)
    return FALSE;
  if (info != NULL && g_file_info_has_attribute (info, G_FILE_ATTRIBUTE_FILESYSTEM_FREE) &&
      g_file_info_get_attribute_uint64 (info, G_FILE_ATTRIBUTE_FILESYSTEM_FREE) < wanted_bytes)
    {
      place = folder;
      free_bytes = g_file_info_get_attribute_uint64 (info, G_FILE_ATTRIBUTE_FILESYSTEM_FREE);
    }
  else if (pool->available_bytes < wanted_bytes)
    {
      place = pool->path != NULL ? pool->path : pool->name;
      free_bytes = pool->available_bytes;
    }
  if (place == NULL)
    return TRUE;
  room = kvmm_units_bytes (free_bytes);
  g_set_error (error, KVMM_NEW_MACHINE_ERROR, KVMM_NEW_MACHINE_ERROR_INVALID,
               _ ("The disk “%s” takes %s, and there are %s free in %s; make room there first"),
               part->name, wanted, room, place);
  return FALSE;
}

/* Returns: (transfer full): the volume */
static KvmmVirtVolume *
bring (KvmmNewMachineWork *self,
       KvmmVirtConnect *connect,
       const KvmmDiskPart *part,
       const char *name,
       Way *way,
       GCancellable *cancellable,
       GError **error)
{
  guint64 wanted_bytes = kvmm_disk_convert_measure_part (part, cancellable, error);
  guint64 size_bytes = 0;
  KvmmVirtVolume *volume;
  int fd = -1;

  if (wanted_bytes > 0 && check_room (self, connect, part, wanted_bytes, error))
    fd = kvmm_disk_convert_part (part, count, way, cancellable, &size_bytes, error);
  if (fd < 0)
    return NULL;
  way->from += way->length;
  volume = kvmm_virt_storage_upload (connect, self->plan->pool, name, fd, size_bytes, TRUE, count,
                                     way, cancellable, error);
  way->from += way->length;
  close (fd);
  return volume;
}

static gboolean
make_disk (KvmmNewMachineWork *self,
           KvmmVirtConnect *connect,
           guint i,
           Way *way,
           GCancellable *cancellable,
           GError **error)
{
  const KvmmXmlOvfDisk *wanted = self->appliance->ovf->disks->pdata[i];
  const KvmmDiskPart *part = self->appliance->disks->pdata[i];
  const char *pool = self->plan->pool;
  g_autofree char *name = i == 0 ? g_strdup_printf ("%s.qcow2", self->plan->name)
                                 : g_strdup_printf ("%s-%u.qcow2", self->plan->name, i + 1);
  g_autoptr (KvmmVirtVolume) volume = NULL;
  KvmmXmlNewDisk *disk;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  way->length = part != NULL ? part->size_bytes : 0;
  volume = part != NULL ? bring (self, connect, part, name, way, cancellable, error)
                        : kvmm_virt_storage_create_disk (connect, pool, name, "qcow2",
                                                         wanted->capacity_bytes, error);
  if (volume == NULL)
    return FALSE;
  g_ptr_array_add (self->disk_volumes, g_strdup (name));
  disk = g_new0 (KvmmXmlNewDisk, 1);
  disk->path = g_strdup (volume->path);
  disk->format = "qcow2";
  disk->bus = wanted->bus;
  disk->controller = wanted->controller;
  g_ptr_array_add (self->disks, disk);
  return TRUE;
}

gboolean
kvmm_new_machine_prepare_appliance (KvmmNewMachineWork *self,
                                    KvmmVirtConnect *connect,
                                    GCancellable *cancellable,
                                    GError **error)
{
  Way way = { .progress = self->progress };
  gboolean is_good = TRUE;

  if (self->plan->source != KVMM_NEW_MACHINE_APPLIANCE)
    return TRUE;
  /* Anew: what was shown to a person was looked at some time ago. */
  self->appliance = kvmm_appliance_open (self->plan->path, error);
  if (self->appliance == NULL)
    return FALSE;
  self->disks = g_ptr_array_new_with_free_func (free_disk);
  self->disk_volumes = g_ptr_array_new_with_free_func (g_free);
  if (self->appliance->disks->len > 0 && self->plan->pool == NULL)
    return kvmm_new_machine_fail (
        error, KVMM_NEW_MACHINE_ERROR_INVALID,
        _ ("The host has no storage pool for the disks of the appliance. Make one first."));
  way.length = self->appliance->total_bytes;
  way.total = 3 * way.length;
  if (!kvmm_appliance_check_sums (self->appliance, count, &way, cancellable, error))
    return FALSE;
  way.from = way.length;
  for (guint i = 0; is_good && i < self->appliance->disks->len; i++)
    is_good = make_disk (self, connect, i, &way, cancellable, error);
  return is_good;
}

void
kvmm_new_machine_describe_appliance (KvmmNewMachineWork *self, KvmmXmlNewMachine *machine)
{
  const KvmmXmlOvf *ovf;

  if (self->appliance == NULL)
    return;
  ovf = self->appliance->ovf;
  machine->description = ovf->description;
  machine->disks = self->disks;
  machine->cards = ovf->cards;
  /* Its system was made for other hardware than that of virtio. */
  machine->has_virtio = FALSE;
  machine->is_windows = machine->is_windows || ovf->is_windows;
}
