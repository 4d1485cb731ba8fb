/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "console/kvmm-spice-session.h"

G_BEGIN_DECLS

/* Files for the guest's SPICE agent; see kvmm_display_send_files_async(). Main thread only. */

void kvmm_spice_files_send_async (KvmmSpiceSession *session,
                                  GPtrArray *files,
                                  GFileProgressCallback progress,
                                  gpointer progress_data,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
gboolean kvmm_spice_files_send_finish (GAsyncResult *result, GError **error);

G_END_DECLS
