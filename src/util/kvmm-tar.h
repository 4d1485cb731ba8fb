/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Where the files lie in a tar archive: POSIX ustar and pax, GNU's long names, and the oldest form.
 * Nothing is unpacked: what is in the archive is read where it is. The format is POSIX.1-2017,
 * "pax"; GNU's part is the manual of GNU tar, "Basic Tar Format". */

/* Entries of any kind, one more is refused. */
#define KVMM_TAR_ENTRIES_MAX 1024
/* Bytes of a long name or of an extended header. */
#define KVMM_TAR_EXTRA_MAX (64 * 1024)

typedef struct
{
  char *name; /* as it stands there, without "./" in front; any bytes, never a path to open */
  guint64 offset_bytes;
  guint64 size_bytes;
} KvmmTarMember;

typedef enum
{
  KVMM_TAR_ERROR_INVALID,     /* no archive, or a damaged one */
  KVMM_TAR_ERROR_TRUNCATED,   /* the end is missing */
  KVMM_TAR_ERROR_UNSUPPORTED, /* a file with holes, in several volumes, too many entries */
} KvmmTarError;
#define KVMM_TAR_ERROR (kvmm_tar_error_quark ())
GQuark kvmm_tar_error_quark (void);

/**
 * kvmm_tar_list:
 * @fd: an open regular file; its position stays
 * @size_bytes: of the file
 *
 * Any thread, but it reads. Links, folders and devices are passed over.
 *
 * Returns: (transfer full) (element-type KvmmTarMember): the regular files in their order; %NULL
 * with KVMM_TAR_ERROR, or G_IO_ERROR when the file cannot be read. Every member lies within the
 * file.
 */
GPtrArray *kvmm_tar_list (int fd, guint64 size_bytes, GError **error);

G_END_DECLS
