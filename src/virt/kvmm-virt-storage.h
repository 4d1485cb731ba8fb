/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

#include "virt/kvmm-virt-connect.h"

G_BEGIN_DECLS

/* Storage pools and volumes of a host: looking at them, making a pool, bringing a file in and out.
 *
 * Worker only: each call blocks, and on failure sets KVMM_VIRT_ERROR, whose message names the pool
 * or the volume. Transfers are for the connection that streams run on. Texts of the results are
 * what the host said: sanitise them before they are shown. */

typedef struct
{
  char *name;
  char *type; /* "dir", "logical" …; "" when it could not be read */
  char *path; /* (nullable) on the host */
  gboolean is_active;
  gboolean autostart;
  guint64 capacity_bytes;  /* 0 while it is not active */
  guint64 available_bytes; /* 0 while it is not active */
} KvmmVirtPool;
void kvmm_virt_pool_free (KvmmVirtPool *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmVirtPool, kvmm_virt_pool_free)

typedef struct
{
  char *name;
  char *path; /* (nullable) on the host */
  guint64 size_bytes;
  guint64 allocated_bytes; /* what it takes on the host; a file grows, a device has all at once */
  gboolean is_file;
} KvmmVirtVolume;
void kvmm_virt_volume_free (KvmmVirtVolume *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmVirtVolume, kvmm_virt_volume_free)

/* ---- pools ---- */

/** kvmm_virt_storage_list_pools: Returns: (transfer full) (element-type KvmmVirtPool): active or
 * not, by name. UNSUPPORTED when the driver has no storage. */
GPtrArray *kvmm_virt_storage_list_pools (KvmmVirtConnect *self, GError **error);
/** kvmm_virt_storage_read_pool: Returns: (transfer full): NO_SUCH_OBJECT when there is none of that
 * name */
KvmmVirtPool *kvmm_virt_storage_read_pool (KvmmVirtConnect *self, const char *name, GError **error);
/**
 * kvmm_virt_storage_make_pool:
 * @path: a folder of the host, which is made when it is not there
 *
 * Defines, builds and starts a pool of type dir, and has it started with the host. A pool that
 * could not be started is not left defined.
 */
gboolean kvmm_virt_storage_make_pool (KvmmVirtConnect *self,
                                      const char *name,
                                      const char *path,
                                      GError **error);
/** kvmm_virt_storage_start_pool: %TRUE too when it is active already */
gboolean kvmm_virt_storage_start_pool (KvmmVirtConnect *self, const char *name, GError **error);

/**
 * kvmm_virt_storage_open_folder:
 * @path: a folder of the host, which no pool has
 *
 * Makes a pool of it that is nowhere written down: for kvmm_virt_storage_close_folder(), which
 * leaves the folder as it is. Fails when another pool, started or not, has the folder.
 *
 * Returns: (transfer full): its name
 */
char *kvmm_virt_storage_open_folder (KvmmVirtConnect *self, const char *path, GError **error);
void kvmm_virt_storage_close_folder (KvmmVirtConnect *self, const char *pool);

/* ---- volumes ---- */

/** kvmm_virt_storage_list_volumes: Returns: (transfer full) (element-type KvmmVirtVolume): by name;
 * INVALID_STATE when the pool is not active */
GPtrArray *kvmm_virt_storage_list_volumes (KvmmVirtConnect *self, const char *pool, GError **error);
/** kvmm_virt_storage_list_volumes_anew: the same after a look at what was copied into the pool, or
 * removed from it, by other means */
GPtrArray *
kvmm_virt_storage_list_volumes_anew (KvmmVirtConnect *self, const char *pool, GError **error);
/** kvmm_virt_storage_read_volume: looks at the pool's folder anew first. Returns: (transfer full):
 * NO_SUCH_OBJECT when there is none of that name */
KvmmVirtVolume *kvmm_virt_storage_read_volume (KvmmVirtConnect *self,
                                               const char *pool,
                                               const char *volume,
                                               GError **error);
/** kvmm_virt_storage_peek_volume: the same of a volume that is being made: nothing is looked at
 * anew
 */
KvmmVirtVolume *kvmm_virt_storage_peek_volume (KvmmVirtConnect *self,
                                               const char *pool,
                                               const char *volume,
                                               GError **error);

/** kvmm_virt_storage_find_volume: @pool, @volume: (out) (transfer full): where the file at @path
 * lies. Returns: %FALSE with NO_SUCH_OBJECT when it is in no active pool */
gboolean kvmm_virt_storage_find_volume (
    KvmmVirtConnect *self, const char *path, char **pool, char **volume, GError **error);

/** KvmmVirtProgressFunc: worker: @done of @total bytes */
typedef void (*KvmmVirtProgressFunc) (guint64 done, guint64 total, gpointer user_data);

/* The first bytes of a file, which say what it is, are sent last: what was left by a transfer that
 * ended half way is no ISO and no disk image to anybody. */
#define KVMM_VIRT_UPLOAD_HEAD_BYTES (64 * 1024)

/**
 * kvmm_virt_storage_upload:
 * @volume: made here, with mode 0644: an existing one is never written to
 * @fd: open for reading, any regular file
 * @size_bytes: how much of it, at least 1
 * @is_private: with mode 0600 instead
 * @progress: (nullable)
 * @cancellable: (nullable): looked at between pieces of at most 256 KiB
 *
 * On any failure the volume is deleted again; with the connection gone it stays, without its first
 * KVMM_VIRT_UPLOAD_HEAD_BYTES. Fails with IN_USE when there is such a volume, G_IO_ERROR when the
 * file cannot be read or is shorter, G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full): the new volume
 */
KvmmVirtVolume *kvmm_virt_storage_upload (KvmmVirtConnect *self,
                                          const char *pool,
                                          const char *volume,
                                          int fd,
                                          guint64 size_bytes,
                                          gboolean is_private,
                                          KvmmVirtProgressFunc progress,
                                          gpointer progress_data,
                                          GCancellable *cancellable,
                                          GError **error);

/** kvmm_virt_storage_read_head: Returns: (transfer full): the first @size bytes of the volume, less
 * when it has less; @size at most 1 MiB */
GBytes *kvmm_virt_storage_read_head (
    KvmmVirtConnect *self, const char *pool, const char *volume, gsize size, GError **error);

/**
 * kvmm_virt_storage_read_checksum:
 * @size_bytes: how much is read; a volume that has less, or sends more, fails with FAILED
 *
 * Returns: (transfer full): the SHA-256 of the volume's bytes, as hexadecimal digits
 */
char *kvmm_virt_storage_read_checksum (KvmmVirtConnect *self,
                                       const char *pool,
                                       const char *volume,
                                       guint64 size_bytes,
                                       KvmmVirtProgressFunc progress,
                                       gpointer progress_data,
                                       GCancellable *cancellable,
                                       GError **error);

/**
 * kvmm_virt_storage_find_user:
 * @path: (nullable): of the volume
 * @user: (out) (transfer full) (nullable): the name of a machine whose live or stored XML names the
 *     volume, see kvmm_xml_domain_names_volume(); %NULL when there is none
 *
 * Returns: %FALSE with an error when not every machine could be looked at
 */
gboolean kvmm_virt_storage_find_user (KvmmVirtConnect *self,
                                      const char *pool,
                                      const char *volume,
                                      const char *path,
                                      char **user,
                                      GError **error);

/**
 * kvmm_virt_storage_find_overlay:
 * @pool: that the volume lies in, which is looked at anew; the other active ones tell what they
 * know
 * @path: (nullable): of the volume
 * @overlay: (out) (transfer full) (nullable): the sanitised name of a volume that holds only what
 *     differs from it, see kvmm_xml_volume_stands_on(); %NULL when there is none
 *
 * Returns: %FALSE with an error when not every volume could be looked at
 */
gboolean kvmm_virt_storage_find_overlay (
    KvmmVirtConnect *self, const char *pool, const char *path, char **overlay, GError **error);

/** kvmm_virt_storage_delete_volume: libvirt itself would delete the disc of a running machine, and
 * what linked copies stand on, so every machine and every volume is looked at first. IN_USE when
 * one names it; NO_SUCH_OBJECT. */
gboolean kvmm_virt_storage_delete_volume (KvmmVirtConnect *self,
                                          const char *pool,
                                          const char *volume,
                                          GError **error);
/** kvmm_virt_storage_delete_own: without looking: for a volume that the caller made for one machine
 * alone, which has read all of it */
gboolean kvmm_virt_storage_delete_own (KvmmVirtConnect *self,
                                       const char *pool,
                                       const char *volume,
                                       GError **error);

G_END_DECLS
