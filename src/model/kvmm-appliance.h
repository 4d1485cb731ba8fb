/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

#include "model/kvmm-disk-convert.h"
#include "util/kvmm-lane.h"
#include "xml/kvmm-xml-ovf.h"

G_BEGIN_DECLS

/* An appliance of this computer: a description (.ovf) with its disks beside it, or an archive of
 * them (.ova). Nothing is unpacked: what is in the archive is read where it is. */

typedef enum
{
  KVMM_APPLIANCE_ERROR_INVALID, /* the message names the file, and what helps */
} KvmmApplianceError;
#define KVMM_APPLIANCE_ERROR (kvmm_appliance_error_quark ())
GQuark kvmm_appliance_error_quark (void);

/* Largest list of check sums, in bytes. */
#define KVMM_APPLIANCE_MANIFEST_MAX (1024 * 1024)

/* One that is open. It stays the same whatever becomes of the files' names. */
typedef struct
{
  KvmmXmlOvf *ovf;     /* (owned) */
  GPtrArray *disks;    /* (owned) (element-type KvmmDiskPart) as in @ovf; %NULL: an empty one */
  gboolean is_signed;  /* by a certificate, which is not looked at */
  GPtrArray *files;    /* (owned) the description and what it needs */
  guint64 total_bytes; /* of @files */
  char *manifest;      /* (owned) (nullable) check sums, as they stand there */
  int archive_fd;      /* (owned) of the archive, or of the description */
  guint64 archive_bytes;
  GPtrArray *members; /* (owned) (nullable) (element-type KvmmTarMember) of an archive */
  char *folder;       /* (owned) beside a description without an archive */
  char *base;         /* (owned) the file's name in it */
} KvmmAppliance;

/** kvmm_appliance_open: Worker only. @path: from “/” on. Returns: (transfer full): %NULL with
 * KVMM_APPLIANCE_ERROR, KVMM_XML_ERROR or G_IO_ERROR: no disk can be missing or be of a format that
 * cannot be converted */
KvmmAppliance *kvmm_appliance_open (const char *path, GError **error);
void kvmm_appliance_free (KvmmAppliance *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmAppliance, kvmm_appliance_free)

/** kvmm_appliance_check_sums: Worker only: reads all of the files and compares them with the list
 * of check sums that came along; without one nothing is read. @progress: of
 * KvmmAppliance.total_bytes. Returns: %FALSE with KVMM_APPLIANCE_ERROR that names the file,
 * G_IO_ERROR
 */
gboolean kvmm_appliance_check_sums (KvmmAppliance *self,
                                    KvmmDiskConvertProgressFunc progress,
                                    gpointer progress_data,
                                    GCancellable *cancellable,
                                    GError **error);

/** kvmm_appliance_look_async: Main thread only. Opens it on @lane. */
void kvmm_appliance_look_async (KvmmLane *lane,
                                const char *path,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
/** kvmm_appliance_look_finish: Returns: (transfer full): to be looked at on the main thread, and
 * never read from there */
KvmmAppliance *kvmm_appliance_look_finish (GAsyncResult *result, GError **error);

G_END_DECLS
