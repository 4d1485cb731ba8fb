/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gdk/gdk.h>

G_BEGIN_DECLS

/* Pictures of screens that nobody vouches for, read and made small away from the main thread. */

/* Points of a compressed picture: what a decoder has to hold. */
#define KVMM_PICTURE_MAX_POINTS (16 * 1024 * 1024)

/**
 * kvmm_picture_shrink_async:
 * @data: PPM or PNG, told by its own first bytes
 * @max_width: @max_height: of the result, at least 1
 *
 * Main thread only. Decodes on a thread for that. Cancelling detaches.
 */
void kvmm_picture_shrink_async (GBytes *data,
                                guint max_width,
                                guint max_height,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
/** kvmm_picture_shrink_finish: Returns: (transfer full): %NULL with G_IO_ERROR_INVALID_DATA */
GdkTexture *kvmm_picture_shrink_finish (GAsyncResult *result, GError **error);

G_END_DECLS
