/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Disk images of other programs, made into what QEMU runs from. */

/** kvmm_disk_convert_find_format: @head: the first bytes of an image. Any thread. Returns:
 * (nullable): what qemu-img calls the format; %NULL when it is none of another program that can be
 * converted here */
const char *kvmm_disk_convert_find_format (const guint8 *head, gsize size);

/** KvmmDiskConvertProgressFunc: worker: about @done of @total bytes */
typedef void (*KvmmDiskConvertProgressFunc) (guint64 done, guint64 total, gpointer user_data);

/**
 * kvmm_disk_convert:
 * @path: of an image of this computer, whole from “/” on; only read
 * @format: from kvmm_disk_convert_find_format()
 * @total_bytes: of the image, for @progress
 * @progress: (nullable)
 * @cancellable: (nullable)
 * @size_bytes: (out): of the result
 *
 * Worker only: runs qemu-img. The result has no name, and is gone when it is closed, whichever way
 * this program ends. An image that wants other files is refused: what it names would be read with
 * the rights of the person.
 *
 * Returns: a file to read with the disk as qcow2; -1 with G_IO_ERROR
 */
int kvmm_disk_convert (const char *path,
                       const char *format,
                       guint64 total_bytes,
                       KvmmDiskConvertProgressFunc progress,
                       gpointer progress_data,
                       GCancellable *cancellable,
                       guint64 *size_bytes,
                       GError **error);

/* An image that is a part of a file, such as a member of an archive; or a whole file that is open.
 */
typedef struct
{
  const char *name; /* (unowned) for messages, inert */
  int fd;           /* open for reading */
  guint64 offset_bytes;
  guint64 size_bytes;
  const char *format; /* (unowned) one of kvmm_disk_convert_find_format(), "qcow2", "raw" */
} KvmmDiskPart;

/** kvmm_disk_convert_measure_part: Worker only: runs qemu-img. Returns: bytes that the result will
 * take, at least 1; 0 with G_IO_ERROR when it cannot be read, or wants other files */
guint64 kvmm_disk_convert_measure_part (const KvmmDiskPart *part,
                                        GCancellable *cancellable,
                                        GError **error);

/** kvmm_disk_convert_part: kvmm_disk_convert() of a part, which is read where it lies */
int kvmm_disk_convert_part (const KvmmDiskPart *part,
                            KvmmDiskConvertProgressFunc progress,
                            gpointer progress_data,
                            GCancellable *cancellable,
                            guint64 *size_bytes,
                            GError **error);

G_END_DECLS
