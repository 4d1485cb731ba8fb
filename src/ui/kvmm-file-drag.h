/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-transfer-queue.h"

G_BEGIN_DECLS

/* Files of a guest on their way out of its window, as a drag. Who takes the drop gets names of
 * files: they are fetched into a private folder of this host when they are first asked for, by the
 * guest's queue, where they can be seen and cancelled. Main thread only. */
#define KVMM_TYPE_FILE_DRAG (kvmm_file_drag_get_type ())
G_DECLARE_FINAL_TYPE (KvmmFileDrag, kvmm_file_drag, KVMM, FILE_DRAG, GdkContentProvider)

KvmmFileDrag *kvmm_file_drag_new (KvmmTransferQueue *queue);
/** kvmm_file_drag_add: @path: in the guest, exact; @name: its last component, exact */
void
kvmm_file_drag_add (KvmmFileDrag *self, const char *path, const char *name, gboolean is_directory);
guint kvmm_file_drag_get_n_files (KvmmFileDrag *self);
/** kvmm_file_drag_follow: @source drags it: gets its picture, and what is on its way is given up
 * when nobody took it */
void kvmm_file_drag_follow (KvmmFileDrag *self, GtkDragSource *source);
/** kvmm_file_drag_is_from: whether @drop holds files that come from the guest of @queue */
gboolean kvmm_file_drag_is_from (GdkDrop *drop, KvmmTransferQueue *queue);

G_END_DECLS
