/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A small ISO 9660 image in memory: files in its root folder and no others, with their exact names
 * by Rock Ridge and by Joliet. Any thread. The formats are ECMA-119, IEEE P1281/P1282 and Joliet's
 * specification. */

#define KVMM_ISO_IMAGE_LABEL_MAX 16 /* characters, Joliet's */
#define KVMM_ISO_IMAGE_NAME_MAX 30
#define KVMM_ISO_IMAGE_FILES_MAX 8

typedef struct
{
  const char *name; /* (unowned) letters, digits, "-", "_" */
  GBytes *content;  /* (unowned) less than 4 GiB */
} KvmmIsoImageFile;

/**
 * kvmm_iso_image_build:
 * @label: of the volume, ASCII
 * @files: sorted by name, which differ in their first characters too when "-" and "_" are one
 * @time_s: (Unix time) of the files
 *
 * What is passed is the caller's own: what is too long or too much is a bug.
 *
 * Returns: (transfer full): the whole image
 */
GBytes *kvmm_iso_image_build (const char *label,
                              const KvmmIsoImageFile *files,
                              guint n_files,
                              gint64 time_s);

G_END_DECLS
