/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "console/kvmm-display.h"
#include "console/kvmm-usb-list.h"

G_BEGIN_DECLS

/* What only some protocols have, for any display and any build: who shows a screen asks here and
 * need not know which protocol it is. Main thread only. */

/** kvmm_display_get_is_exclusive: the server shows the machine to one viewer at a time: opening it
 * closes another one, without asking (SPICE) */
gboolean kvmm_display_get_is_exclusive (KvmmDisplay *self);

/** kvmm_display_set_audio_enabled: plays the guest's sound. Off at first; without effect unless
 * KVMM_DISPLAY_CAN_AUDIO. May be called before it is opened. */
void kvmm_display_set_audio_enabled (KvmmDisplay *self, gboolean enabled);
gboolean kvmm_display_get_audio_enabled (KvmmDisplay *self);

/** kvmm_display_connect_warning: @callback: (KvmmDisplay *, const GError *, gpointer): sound or a
 * USB device does not work, the screen goes on; never called for protocols without them. Lives as
 * long as @object, which it gets as its last argument. */
void kvmm_display_connect_warning (KvmmDisplay *self, GCallback callback, gpointer object);

/** kvmm_display_dup_clipboard_text: Returns: (transfer full): translated: in which direction text
 * of the clipboard travels now, and why not in the other */
char *kvmm_display_dup_clipboard_text (KvmmDisplay *self);

/** kvmm_display_dup_resize_text: Returns: (transfer full) (nullable): translated: why the guest
 * does not follow the size of the window; %NULL when it can, or is not connected */
char *kvmm_display_dup_resize_text (KvmmDisplay *self);

/**
 * kvmm_display_list_usb:
 *
 * Returns: (transfer full): the USB devices of this computer, to be attached to the guest, or %NULL
 * with KVMM_DISPLAY_ERROR_UNSUPPORTED
 */
KvmmUsbList *kvmm_display_list_usb (KvmmDisplay *self, GError **error);

/** kvmm_display_get_n_heads: Returns: how many screens the guest has, 0 while not connected.
 * "notify::guest-width", "notify::capabilities" and "notify::n-heads" (where there is such a
 * property) tell of changes; see kvmm_display_connect_heads_changed(). */
guint kvmm_display_get_n_heads (KvmmDisplay *self);
/** kvmm_display_get_max_heads: Returns: how many the machine's adapters can have, at least 1 */
guint kvmm_display_get_max_heads (KvmmDisplay *self);
/** kvmm_display_connect_heads_changed: @callback: (KvmmDisplay *, GParamSpec *, gpointer): the
 * number of screens changed. Lives as long as @object, which it gets as its last argument. */
void kvmm_display_connect_heads_changed (KvmmDisplay *self, GCallback callback, gpointer object);
/** kvmm_display_new_head: @head: 1 to kvmm_display_get_n_heads() - 1. Returns: (transfer floating)
 * (nullable): a widget with that screen, which ends with @self's connection */
KvmmDisplay *kvmm_display_new_head (KvmmDisplay *self, guint head);
/** kvmm_display_enable_head: asks the guest to switch a screen on or off. Returns: %FALSE when it
 * cannot be asked */
gboolean kvmm_display_enable_head (KvmmDisplay *self, guint head, gboolean enabled);

/* Most files of one drop. */
#define KVMM_DISPLAY_FILES_MAX 256

/**
 * kvmm_display_send_files_async:
 * @files: (element-type GFile): 1 to KVMM_DISPLAY_FILES_MAX regular files
 * @progress: (nullable): called with bytes sent and bytes of all, until the callback runs
 *
 * With KVMM_DISPLAY_CAN_DROP_FILES: the guest's own agent for its desktop puts them where it likes
 * (the folder of downloads, as a rule). Errors: KVMM_DISPLAY_ERROR_UNSUPPORTED without such an
 * agent, with too many files, or with a folder; KVMM_DISPLAY_ERROR_CLOSED when it ended on the way;
 * G_IO_ERROR_CANCELLED.
 */
void kvmm_display_send_files_async (KvmmDisplay *self,
                                    GPtrArray *files,
                                    GFileProgressCallback progress,
                                    gpointer progress_data,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean kvmm_display_send_files_finish (KvmmDisplay *self, GAsyncResult *result, GError **error);

G_END_DECLS
