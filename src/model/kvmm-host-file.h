/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Names and places of files on this host for what came from a guest. */

/**
 * kvmm_host_file_make_safe_name:
 * @name: as the guest has it: any bytes
 *
 * Any thread. Returns: (transfer full): one component that is a visible file in any folder: without
 * separators, control and direction characters, what other file systems refuse, or a leading dot;
 * valid UTF-8 of 1 to 200 bytes
 */
char *kvmm_host_file_make_safe_name (const char *name);

/** kvmm_host_file_make_numbered_name: "a.tar.gz", 2 → "a (2).tar.gz". Any thread. Returns:
 * (transfer full) */
char *kvmm_host_file_make_numbered_name (const char *name, guint number);

/**
 * kvmm_host_file_publish_async:
 * @part: a whole file
 * @target: its name for all to see, in the same folder
 * @replaces: what is there goes; else G_IO_ERROR_EXISTS when there is something, and never a loss
 * @modified_ms: (Unix time) that it gets; 0: none
 *
 * Main thread only.
 */
void kvmm_host_file_publish_async (GFile *part,
                                   GFile *target,
                                   gboolean replaces,
                                   gint64 modified_ms,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
gboolean kvmm_host_file_publish_finish (GAsyncResult *result, GError **error);

/**
 * kvmm_host_file_find_closed_folder:
 * @real_path: without symbolic links
 *
 * Worker only. Returns: (transfer full) (nullable): the first folder above it that others may not
 * enter
 */
char *kvmm_host_file_find_closed_folder (const char *real_path);

G_END_DECLS
