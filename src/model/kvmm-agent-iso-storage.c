/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/kvmm-agent-iso-private.h"
#include "util/kvmm-guest-text.h"

/* The agent disc and the storage pools of a host. Worker only. */

/* The disc has about 1 MiB; what is a thousand times larger is something else. */
#define MAX_DISC_BYTES (1024 * 1024 * 1024ULL)
/* Beyond this many discs in the pools of a host nobody reads on. */
#define MAX_DISCS 64

/* ---- looking ---- */

static void
look_at_volume (KvmmVirtConnect *connect,
                KvmmAgentIsoHost *host,
                const char *pool,
                const KvmmVirtVolume *volume)
{
  g_autoptr (GError) error = NULL;
  KvmmAgentIsoStored *disc = g_new0 (KvmmAgentIsoStored, 1);

  disc->pool = g_strdup (pool);
  disc->volume = g_strdup (volume->name);
  disc->path = g_strdup (volume->path);
  disc->size_bytes = volume->size_bytes;
  g_autoptr (GBytes) head =
      kvmm_virt_storage_read_head (connect, pool, volume->name, KVMM_AGENT_ISO_HEAD_BYTES, &error);
  if (head != NULL)
    disc->is_ours = kvmm_agent_iso_parse_head (g_bytes_get_data (head, NULL),
                                               g_bytes_get_size (head), &disc->version);
  else
    disc->problem = g_strdup (error->message);
  g_ptr_array_add (host->discs, disc);
}

static void
look_at_pool (KvmmVirtConnect *connect,
              KvmmAgentIsoHost *host,
              const KvmmVirtPool *pool,
              GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) volumes = kvmm_virt_storage_list_volumes (connect, pool->name, &error);

  if (volumes == NULL)
    g_debug ("%s", error->message);
  for (guint i = 0; volumes != NULL && i < volumes->len; i++)
    {
      const KvmmVirtVolume *volume = volumes->pdata[i];

      if (kvmm_agent_iso_is_agent_disc (volume->name, NULL) && host->discs->len < MAX_DISCS &&
          !g_cancellable_is_cancelled (cancellable))
        look_at_volume (connect, host, pool->name, volume);
    }
}

void
kvmm_agent_iso_look_at_host (KvmmVirtConnect *connect,
                             KvmmAgentIsoHost *host,
                             GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;

  host->pools = kvmm_virt_storage_list_pools (connect, &error);
  if (host->pools == NULL)
    {
      host->problem = g_strdup (error->message);
      return;
    }
  host->discs = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_agent_iso_stored_free);
  for (guint i = 0; i < host->pools->len; i++)
    {
      const KvmmVirtPool *pool = host->pools->pdata[i];

      if (pool->is_active && kvmm_agent_iso_pool_holds_files (pool))
        look_at_pool (connect, host, pool, cancellable);
    }
}

/* ---- the pool ---- */

/* Returns: whether the pool is there and runs */
static gboolean
ensure_pool (KvmmVirtConnect *connect,
             const KvmmAgentIsoDelivery *delivery,
             gboolean *made,
             GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (KvmmVirtPool) pool = kvmm_virt_storage_read_pool (connect, delivery->pool, &failure);

  if (pool == NULL && !g_error_matches (failure, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT))
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  if (pool != NULL && !kvmm_agent_iso_pool_holds_files (pool))
    {
      g_autofree char *type = kvmm_guest_text_sanitise (pool->type, -1);

      g_set_error (
          error, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_UNSUPPORTED,
          _ ("The storage pool “%s” is of type “%s” and holds no files. Choose another one "
             "in Preferences."),
          delivery->pool, type);
      return FALSE;
    }
  if (pool == NULL && delivery->folder == NULL)
    {
      g_set_error (error, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_UNSUPPORTED,
                   _ ("The host has no storage pool “%s”. Make one there first."), delivery->pool);
      return FALSE;
    }
  g_autofree char *missing = kvmm_agent_iso_describe_pool (pool, delivery->pool, delivery->folder);
  if (missing == NULL)
    return TRUE;
  if (!delivery->may_make_pool)
    {
      g_set_error_literal (error, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_POOL_NEEDED, missing);
      return FALSE;
    }
  if (pool != NULL)
    return kvmm_virt_storage_start_pool (connect, delivery->pool, error);
  *made = kvmm_virt_storage_make_pool (connect, delivery->pool, delivery->folder, error);
  return *made;
}

/* ---- the file ---- */

/* Returns: a file descriptor, -1 with @error */
static int
open_disc (const char *path, guint64 *size_bytes, GError **error)
{
  struct stat info;
  int fd = open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

  if (fd < 0 || fstat (fd, &info) < 0)
    {
      int code = errno;
      g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (code),
                   _ ("The agent disc %s cannot be read: %s"), path, g_strerror (code));
    }
  else if (!S_ISREG (info.st_mode) || info.st_size <= 0 || (guint64) info.st_size > MAX_DISC_BYTES)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _ ("%s is not the agent disc."), path);
  else
    {
      *size_bytes = (guint64) info.st_size;
      return fd;
    }
  if (fd >= 0)
    close (fd);
  return -1;
}

/* Returns: (transfer full): %NULL with @error */
static char *
hash_file (int fd, const char *path, guint64 size_bytes, GError **error)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *buffer = g_malloc (64 * 1024);
  guint64 offset = 0;

  while (offset < size_bytes)
    {
      gsize wanted = (gsize) MIN (64 * 1024, size_bytes - offset);
      gssize n = pread (fd, buffer, wanted, (goffset) offset);

      if (n <= 0 && !(n < 0 && errno == EINTR))
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                       _ ("The agent disc %s cannot be read: %s"), path,
                       n < 0 ? g_strerror (errno) : _ ("it became shorter meanwhile"));
          return NULL;
        }
      if (n > 0)
        {
          g_checksum_update (checksum, (const guchar *) buffer, n);
          offset += (guint64) n;
        }
    }
  return g_strdup (g_checksum_get_string (checksum));
}

/* ---- bringing it there ---- */

/* First half: up; second half: read back. */
typedef struct
{
  const KvmmAgentIsoDelivery *delivery;
  guint64 before_bytes;
  guint64 total_bytes;
} Stage;

static void
stage_progress (guint64 done, guint64 total, gpointer user_data)
{
  const Stage *stage = user_data;

  if (stage->delivery->progress != NULL)
    stage->delivery->progress (stage->before_bytes + done, stage->total_bytes,
                               stage->delivery->progress_data);
}

/* Returns: whether the volume holds exactly the file; %FALSE without @error when it does not */
static gboolean
is_same (KvmmVirtConnect *connect,
         const KvmmAgentIsoDelivery *delivery,
         const KvmmVirtVolume *volume,
         guint64 size_bytes,
         const char *sha256,
         guint64 before_bytes,
         GCancellable *cancellable,
         GError **error)
{
  Stage stage = { delivery, before_bytes, before_bytes + size_bytes };

  if (volume->size_bytes != size_bytes)
    return FALSE;
  g_autofree char *found =
      kvmm_virt_storage_read_checksum (connect, delivery->pool, volume->name, size_bytes,
                                       stage_progress, &stage, cancellable, error);
  return found != NULL && g_str_equal (found, sha256);
}

/* A volume of that name which holds something else: what was left of an upload that was
 * interrupted, or another build. Removed, unless a machine uses it. */
static gboolean
remove_other (KvmmVirtConnect *connect,
              const KvmmAgentIsoDelivery *delivery,
              const KvmmVirtVolume *volume,
              GError **error)
{
  g_autofree char *user = NULL;

  if (!kvmm_virt_storage_find_user (connect, delivery->pool, volume->name, volume->path, &user,
                                    error))
    return FALSE;
  if (user == NULL)
    return kvmm_virt_storage_delete_volume (connect, delivery->pool, volume->name, error);
  g_set_error (
      error, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_IN_USE,
      _ ("The volume “%s” in the storage pool “%s” holds something else than the agent disc "
         "of this computer, and “%s” uses it. Eject it there first."),
      volume->name, delivery->pool, user);
  return FALSE;
}

/* Returns: (transfer full) (nullable): the volume, when it is there and whole; else %NULL, without
 * @error when it may be uploaded now */
static KvmmVirtVolume *
find_volume (KvmmVirtConnect *connect,
             const KvmmAgentIsoDelivery *delivery,
             const char *name,
             guint64 size_bytes,
             const char *sha256,
             GCancellable *cancellable,
             GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (KvmmVirtVolume) volume =
      kvmm_virt_storage_read_volume (connect, delivery->pool, name, &failure);

  if (volume == NULL)
    {
      if (!g_error_matches (failure, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT))
        g_propagate_error (error, g_steal_pointer (&failure));
      return NULL;
    }
  if (is_same (connect, delivery, volume, size_bytes, sha256, 0, cancellable, &failure))
    return g_steal_pointer (&volume);
  if (failure != NULL)
    g_propagate_error (error, g_steal_pointer (&failure));
  else
    remove_other (connect, delivery, volume, error);
  return NULL;
}

static KvmmVirtVolume *
upload_volume (KvmmVirtConnect *connect,
               const KvmmAgentIsoDelivery *delivery,
               const char *name,
               int fd,
               guint64 size_bytes,
               const char *sha256,
               GCancellable *cancellable,
               GError **error)
{
  Stage stage = { delivery, 0, size_bytes * 2 };
  g_autoptr (GError) failure = NULL;
  g_autoptr (KvmmVirtVolume) volume =
      kvmm_virt_storage_upload (connect, delivery->pool, name, fd, size_bytes, FALSE,
                                stage_progress, &stage, cancellable, error);

  if (volume == NULL ||
      is_same (connect, delivery, volume, size_bytes, sha256, size_bytes, cancellable, &failure))
    return g_steal_pointer (&volume);

  g_autoptr (GError) ignored = NULL;
  if (!kvmm_virt_storage_delete_volume (connect, delivery->pool, name, &ignored))
    g_debug ("%s", ignored->message);
  if (failure != NULL)
    g_propagate_error (error, g_steal_pointer (&failure));
  else
    g_set_error (error, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_DAMAGED,
                 _ ("What was read back of the volume “%s” is not what was uploaded, so it was "
                    "deleted. Check the disk of the host and its free space."),
                 name);
  return NULL;
}

KvmmAgentIsoDeployed *
kvmm_agent_iso_deliver (KvmmVirtConnect *connect,
                        const KvmmAgentIsoDelivery *delivery,
                        GCancellable *cancellable,
                        GError **error)
{
  g_autoptr (KvmmAgentIsoDeployed) deployed = g_new0 (KvmmAgentIsoDeployed, 1);
  g_autofree char *name = kvmm_agent_iso_dup_volume_name (delivery->version);
  g_autoptr (GError) failure = NULL;
  int fd = open_disc (delivery->file, &deployed->size_bytes, error);

  if (fd < 0)
    return NULL;
  g_autofree char *sha256 = hash_file (fd, delivery->file, deployed->size_bytes, &failure);
  g_autoptr (KvmmVirtVolume) volume = NULL;
  if (sha256 != NULL && ensure_pool (connect, delivery, &deployed->pool_made, &failure))
    volume =
        find_volume (connect, delivery, name, deployed->size_bytes, sha256, cancellable, &failure);
  if (volume == NULL && failure == NULL)
    {
      volume = upload_volume (connect, delivery, name, fd, deployed->size_bytes, sha256,
                              cancellable, &failure);
      deployed->uploaded = volume != NULL;
    }
  close (fd);
  if (volume == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return NULL;
    }
  deployed->pool = g_strdup (delivery->pool);
  deployed->volume = g_steal_pointer (&volume->name);
  deployed->path = g_steal_pointer (&volume->path);
  deployed->version = g_strdup (delivery->version);
  return g_steal_pointer (&deployed);
}

/* ---- what is there ---- */

GPtrArray *
kvmm_agent_iso_list_stored (KvmmVirtConnect *connect,
                            KvmmAgentIsoHost *host,
                            const char *version,
                            GCancellable *cancellable,
                            GError **error)
{
  kvmm_agent_iso_look_at_host (connect, host, cancellable);
  if (host->problem != NULL)
    {
      g_set_error_literal (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_FAILED, host->problem);
      return NULL;
    }

  g_autoptr (GPtrArray) volumes =
      g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_agent_iso_volume_free);
  for (guint i = 0; i < host->discs->len; i++)
    {
      const KvmmAgentIsoStored *disc = host->discs->pdata[i];
      KvmmAgentIsoVolume *volume = g_new0 (KvmmAgentIsoVolume, 1);

      g_ptr_array_add (volumes, volume);
      volume->pool = g_strdup (disc->pool);
      volume->volume = g_strdup (disc->volume);
      volume->path = g_strdup (disc->path);
      volume->version = g_strdup (disc->version);
      volume->size_bytes = disc->size_bytes;
      volume->is_whole = disc->is_ours;
      volume->is_current = disc->is_ours && g_strcmp0 (disc->version, version) == 0;
      if (!kvmm_virt_storage_find_user (connect, disc->pool, disc->volume, disc->path,
                                        &volume->used_by, error))
        return NULL;
    }
  return g_steal_pointer (&volumes);
}
