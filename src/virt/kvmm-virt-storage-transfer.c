/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <unistd.h>

#include "util/kvmm-guest-text.h"
#include "virt/kvmm-virt-private.h"
#include "virt/kvmm-virt-storage.h"
#include "xml/kvmm-xml-storage.h"

/* The bytes of a volume, over a blocking stream. */

/* libvirt's remote driver cuts what it is given into packets of this size. */
#define PIECE_BYTES (256 * 1024)
#define MAX_HEAD_BYTES (1024 * 1024)

typedef struct
{
  KvmmVirtConnect *connect; /* (unowned) */
  char *shown;              /* (owned) the volume's name for people */
  guint64 done_bytes;
  guint64 total_bytes;
  KvmmVirtProgressFunc progress; /* (nullable) */
  gpointer progress_data;
  GCancellable *cancellable; /* (nullable) (unowned) */
} Transfer;

static void
transfer_clear (Transfer *self)
{
  g_clear_pointer (&self->shown, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Transfer, transfer_clear)

static gboolean
advance (Transfer *self, guint64 bytes, GError **error)
{
  self->done_bytes += bytes;
  if (self->progress)
    self->progress (self->done_bytes, self->total_bytes, self->progress_data);
  return !g_cancellable_set_error_if_cancelled (self->cancellable, error);
}

static virStreamPtr
new_stream (Transfer *self, GError **error)
{
  g_autoptr (virConnect) connect = kvmm_virt_connect_acquire (self->connect, error);
  virStreamPtr stream = connect ? virStreamNew (connect, 0) : NULL;

  if (connect && !stream)
    kvmm_virt_error_take (error, _ ("Could not open a stream to the host"));
  return stream;
}

static void
take_transfer_error (Transfer *self, gboolean is_upload, GError **error)
{
  g_autofree char *what =
      is_upload ? g_strdup_printf (_ ("Could not upload the volume “%s”"), self->shown)
                : g_strdup_printf (_ ("Could not read the volume “%s”"), self->shown);
  kvmm_virt_error_take (error, what);
}

/* ---- up ---- */

/* Returns: the bytes read, 0 with @error */
static gsize
read_piece (Transfer *self, int fd, char *buffer, gsize size, guint64 offset, GError **error)
{
  gssize n;

  do
    n = pread (fd, buffer, size, (goffset) offset);
  while (n < 0 && errno == EINTR);
  if (n > 0)
    return (gsize) n;
  if (n < 0)
    {
      int code = errno;
      g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (code),
                   _ ("The file to upload as “%s” cannot be read: %s"), self->shown,
                   g_strerror (code));
    }
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
                 _ ("The file to upload as “%s” became shorter meanwhile"), self->shown);
  return 0;
}

static gboolean
send_all (virStreamPtr stream, const char *data, gsize size)
{
  while (size > 0)
    {
      int sent = virStreamSend (stream, data, size);

      /* A blocking stream waits: it never says "not now" (-2), and 0 would not end. */
      if (sent <= 0)
        return FALSE;
      data += sent;
      size -= (gsize) sent;
    }
  return TRUE;
}

static gboolean
send_range (Transfer *self, virStreamPtr stream, int fd, guint64 start, guint64 end, GError **error)
{
  g_autofree char *buffer = g_malloc (PIECE_BYTES);

  while (start < end)
    {
      gsize wanted = (gsize) MIN (PIECE_BYTES, end - start);
      gsize n = read_piece (self, fd, buffer, wanted, start, error);

      if (n == 0)
        return FALSE;
      if (!send_all (stream, buffer, n))
        {
          take_transfer_error (self, TRUE, error);
          return FALSE;
        }
      if (!advance (self, n, error))
        return FALSE;
      start += n;
    }
  return TRUE;
}

/* Uploads the bytes from @start to @end; none is no error. */
static gboolean
upload_range (
    Transfer *self, virStorageVolPtr volume, int fd, guint64 start, guint64 end, GError **error)
{
  if (start == end)
    return TRUE;
  g_autoptr (virStream) stream = new_stream (self, error);
  if (!stream)
    return FALSE;
  if (virStorageVolUpload (volume, stream, start, end - start, 0) < 0)
    {
      take_transfer_error (self, TRUE, error);
      return FALSE;
    }
  if (!send_range (self, stream, fd, start, end, error))
    {
      virStreamAbort (stream);
      return FALSE;
    }
  /* Here the host says whether the last bytes found room on its disk. */
  if (virStreamFinish (stream) == 0)
    return TRUE;
  take_transfer_error (self, TRUE, error);
  return FALSE;
}

static virStorageVolPtr
create_volume (Transfer *self,
               const char *pool_name,
               const char *name,
               guint64 size_bytes,
               gboolean is_private,
               GError **error)
{
  g_autofree char *xml = kvmm_xml_volume_build (name, size_bytes, is_private, error);
  g_autoptr (virStoragePool) pool =
      xml ? kvmm_virt_storage_acquire_pool (self->connect, pool_name, error) : NULL;
  if (!pool)
    return NULL;
  virStorageVolPtr volume = virStorageVolCreateXML (pool, xml, 0);
  if (volume)
    return volume;

  g_autoptr (GError) failure = NULL;
  g_autofree char *what = g_strdup_printf (_ ("Could not make the volume “%s”"), self->shown);
  kvmm_virt_error_take (&failure, what);
  if (kvmm_virt_error_get_code (failure) == VIR_ERR_STORAGE_VOL_EXIST)
    kvmm_virt_error_set (error, KVMM_VIRT_ERROR_IN_USE, failure->message);
  else
    g_propagate_error (error, g_steal_pointer (&failure));
  return NULL;
}

KvmmVirtVolume *
kvmm_virt_storage_upload (KvmmVirtConnect *self,
                          const char *pool,
                          const char *name,
                          int fd,
                          guint64 size_bytes,
                          gboolean is_private,
                          KvmmVirtProgressFunc progress,
                          gpointer progress_data,
                          GCancellable *cancellable,
                          GError **error)
{
  g_return_val_if_fail (self != NULL && pool != NULL && name != NULL, NULL);
  g_return_val_if_fail (fd >= 0 && size_bytes > 0, NULL);

  g_auto (Transfer) transfer = { .connect = self,
                                 .shown = kvmm_guest_text_sanitise (name, -1),
                                 .total_bytes = size_bytes,
                                 .progress = progress,
                                 .progress_data = progress_data,
                                 .cancellable = cancellable };
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  g_autoptr (virStorageVol) volume =
      create_volume (&transfer, pool, name, size_bytes, is_private, error);
  if (!volume)
    return NULL;

  guint64 head_bytes = MIN (size_bytes, KVMM_VIRT_UPLOAD_HEAD_BYTES);
  if (upload_range (&transfer, volume, fd, head_bytes, size_bytes, error) &&
      upload_range (&transfer, volume, fd, 0, head_bytes, error))
    return kvmm_virt_storage_describe_volume (volume);
  if (virStorageVolDelete (volume, 0) < 0)
    g_debug ("Half of %s stays in %s: %s", name, pool, virGetLastErrorMessage ());
  return NULL;
}

/* ---- down ---- */

/* Calls @take with every piece; more than @size bytes are an error. */
typedef void (*TakeFunc) (const char *data, gsize size, gpointer user_data);

static gboolean
receive (
    Transfer *self, virStreamPtr stream, guint64 size, TakeFunc take, gpointer data, GError **error)
{
  g_autofree char *buffer = g_malloc (PIECE_BYTES);

  for (;;)
    {
      int n = virStreamRecv (stream, buffer, PIECE_BYTES);

      if (n == 0)
        return TRUE;
      if (n < 0)
        {
          take_transfer_error (self, FALSE, error);
          return FALSE;
        }
      if (self->done_bytes + (guint64) n > size)
        {
          g_autofree char *message =
              g_strdup_printf (_ ("The host sends more than the volume “%s” has"), self->shown);
          kvmm_virt_error_set (error, KVMM_VIRT_ERROR_FAILED, message);
          return FALSE;
        }
      take (buffer, (gsize) n, data);
      if (!advance (self, (guint64) n, error))
        return FALSE;
    }
}

static gboolean
download (Transfer *self,
          const char *pool,
          const char *name,
          guint64 size,
          TakeFunc take,
          gpointer data,
          GError **error)
{
  g_autoptr (virStorageVol) volume =
      kvmm_virt_storage_acquire_volume (self->connect, pool, name, error);
  g_autoptr (virStream) stream = volume ? new_stream (self, error) : NULL;
  if (!stream)
    return FALSE;
  if (virStorageVolDownload (volume, stream, 0, size, 0) < 0)
    {
      take_transfer_error (self, FALSE, error);
      return FALSE;
    }
  if (!receive (self, stream, size, take, data, error))
    {
      virStreamAbort (stream);
      return FALSE;
    }
  if (virStreamFinish (stream) == 0)
    return TRUE;
  take_transfer_error (self, FALSE, error);
  return FALSE;
}

static void
append_piece (const char *data, gsize size, gpointer user_data)
{
  g_byte_array_append (user_data, (const guint8 *) data, (guint) size);
}

GBytes *
kvmm_virt_storage_read_head (
    KvmmVirtConnect *self, const char *pool, const char *name, gsize size, GError **error)
{
  g_return_val_if_fail (self != NULL && pool != NULL && name != NULL, NULL);
  g_return_val_if_fail (size > 0 && size <= MAX_HEAD_BYTES, NULL);

  g_auto (Transfer) transfer = { .connect = self,
                                 .shown = kvmm_guest_text_sanitise (name, -1),
                                 .total_bytes = size };
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  if (!download (&transfer, pool, name, size, append_piece, bytes, error))
    return NULL;
  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

static void
hash_piece (const char *data, gsize size, gpointer user_data)
{
  g_checksum_update (user_data, (const guchar *) data, (gssize) size);
}

char *
kvmm_virt_storage_read_checksum (KvmmVirtConnect *self,
                                 const char *pool,
                                 const char *name,
                                 guint64 size_bytes,
                                 KvmmVirtProgressFunc progress,
                                 gpointer progress_data,
                                 GCancellable *cancellable,
                                 GError **error)
{
  g_return_val_if_fail (self != NULL && pool != NULL && name != NULL && size_bytes > 0, NULL);

  g_auto (Transfer) transfer = { .connect = self,
                                 .shown = kvmm_guest_text_sanitise (name, -1),
                                 .total_bytes = size_bytes,
                                 .progress = progress,
                                 .progress_data = progress_data,
                                 .cancellable = cancellable };
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  if (!download (&transfer, pool, name, size_bytes, hash_piece, checksum, error))
    return NULL;
  if (transfer.done_bytes == size_bytes)
    return g_strdup (g_checksum_get_string (checksum));

  g_autofree char *message =
      g_strdup_printf (_ ("The host sends less than the volume “%s” should have"), transfer.shown);
  kvmm_virt_error_set (error, KVMM_VIRT_ERROR_FAILED, message);
  return NULL;
}
