/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "config.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "model/kvmm-new-machine-private.h"
#include "virt/kvmm-virt-create.h"

/* What a cloud image needs before its first start: room, and its seed. */

/* A file that is nowhere: what is in it concerns nobody else. Returns: -1 with @error */
static int
open_nameless (GBytes *content, GError **error)
{
  int fd = memfd_create ("kvm-manager-seed", MFD_CLOEXEC);
  gsize size;
  const char *bytes = g_bytes_get_data (content, &size);
  gsize done = 0;

  while (fd >= 0 && done < size)
    {
      gssize n = write (fd, bytes + done, size - done);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        {
          int code = errno;

          close (fd);
          errno = code;
          fd = -1;
        }
      else
        done += (gsize) n;
    }
  if (fd < 0)
    g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (errno),
                 _ ("There is no memory for the disc with the machine's settings: %s"),
                 g_strerror (errno));
  return fd;
}

static gboolean
upload_seed (KvmmNewMachineWork *self,
             KvmmVirtConnect *connect,
             GCancellable *cancellable,
             GError **error)
{
  const KvmmNewMachine *plan = self->plan;
  g_autofree char *name = g_strdup_printf ("%s" KVMM_CLOUD_SEED_VOLUME_SUFFIX, plan->name);
  /* Another machine, and this one made anew, is another instance. */
  g_autofree char *instance_id = g_uuid_string_random ();
  g_autoptr (GBytes) image = kvmm_cloud_seed_build_image (plan->cloud, instance_id, error);
  g_autoptr (KvmmVirtVolume) volume = NULL;
  int fd = image != NULL ? open_nameless (image, error) : -1;

  if (fd < 0)
    return FALSE;
  volume = kvmm_virt_storage_upload (connect, plan->pool, name, fd, g_bytes_get_size (image), TRUE,
                                     NULL, NULL, cancellable, error);
  close (fd);
  if (volume == NULL)
    return FALSE;
  self->seed_volume = g_strdup (name);
  self->seed_path = g_strdup (volume->path);
  return TRUE;
}

gboolean
kvmm_new_machine_prepare_cloud (KvmmNewMachineWork *self,
                                KvmmVirtConnect *connect,
                                GCancellable *cancellable,
                                GError **error)
{
  const KvmmNewMachine *plan = self->plan;

  if (plan->source != KVMM_NEW_MACHINE_CLOUD)
    return TRUE;
  if (plan->disk_bytes > 0 &&
      !kvmm_virt_storage_grow_volume (connect, plan->pool, self->image_volume, self->disk_format,
                                      plan->disk_bytes, error))
    return FALSE;
  return upload_seed (self, connect, cancellable, error);
}
