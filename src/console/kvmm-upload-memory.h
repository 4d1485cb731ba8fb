/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* What an X server is shown, cairo hands over in memory that both share. It gives that memory back
 * as soon as nothing lies in it, which is after each frame: so each frame would begin by asking for
 * new memory, page by page, on both sides, at twice the cost of all the rest. A picture of a few
 * pixels that stays in it keeps it. Main thread only. */

typedef struct _KvmmUploadMemory KvmmUploadMemory;

/** kvmm_upload_memory_new: @width, @height: of a whole frame, in pixels of the monitor. Returns:
 * (transfer full): which may keep nothing, where there is no X server or nothing is shared */
KvmmUploadMemory *kvmm_upload_memory_new (GdkDisplay *display, int width, int height);
void kvmm_upload_memory_free (KvmmUploadMemory *self);
/** kvmm_upload_memory_holds: whether a frame of this size has room */
gboolean kvmm_upload_memory_holds (KvmmUploadMemory *self, int width, int height);

G_END_DECLS
