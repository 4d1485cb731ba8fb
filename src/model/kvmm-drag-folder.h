/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Folders for what is dragged out of a guest: who takes the drop reads the files whenever it likes,
 * and never says that it is done. They stay for a day; the next drag removes what is older. */

#define KVMM_DRAG_FOLDER_KEEP_SECONDS (24 * 60 * 60)

/**
 * kvmm_drag_folder_create_async:
 * @parent: (nullable): where; %NULL: "kvm-manager/dragged" in the user's cache
 *
 * Makes a new folder that only this user can enter, and removes those of @parent that are older
 * than KVMM_DRAG_FOLDER_KEEP_SECONDS. Main thread only.
 */
void kvmm_drag_folder_create_async (GFile *parent,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
/** kvmm_drag_folder_create_finish: Returns: (transfer full) (nullable) */
GFile *kvmm_drag_folder_create_finish (GAsyncResult *result, GError **error);

G_END_DECLS
