/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "console/kvmm-display.h"
#include "console/kvmm-keymap.h"

G_BEGIN_DECLS

/* The part of KvmmDisplay that sends keys. Main thread only. */

/* Most shortcuts that stay with the host. */
#define KVMM_DISPLAY_HOST_SHORTCUTS_MAX 64
#define KVMM_DISPLAY_RELEASE_KEYS_DEFAULT "Control_L+Alt_L"

typedef struct _KvmmDisplayKeyboard KvmmDisplayKeyboard;

/** kvmm_display_keyboard_new: @display: (unowned) */
KvmmDisplayKeyboard *kvmm_display_keyboard_new (KvmmDisplay *display);
void kvmm_display_keyboard_stop (KvmmDisplayKeyboard *self);
void kvmm_display_keyboard_free (KvmmDisplayKeyboard *self);

/** kvmm_display_keyboard_focus: the widget got or lost the focus */
void kvmm_display_keyboard_focus (KvmmDisplayKeyboard *self, gboolean has_focus);
/** kvmm_display_keyboard_update: state or read-only changed: begin or end what depends on them */
void kvmm_display_keyboard_update (KvmmDisplayKeyboard *self);

/**
 * kvmm_display_keyboard_press:
 * @keycode: of the hardware
 * @modifiers: held before this key
 *
 * A key went down at the host. Returns: %TRUE when nobody else may see it
 */
gboolean kvmm_display_keyboard_press (KvmmDisplayKeyboard *self,
                                      guint keyval,
                                      guint keycode,
                                      GdkModifierType modifiers);
void kvmm_display_keyboard_release (KvmmDisplayKeyboard *self, guint keyval, guint keycode);

/** kvmm_display_keyboard_take: a click: keys go to the guest (again) */
void kvmm_display_keyboard_take (KvmmDisplayKeyboard *self);
/** kvmm_display_keyboard_give_back: keys go to the desktop until a click or a new focus */
void kvmm_display_keyboard_give_back (KvmmDisplayKeyboard *self);

/** kvmm_display_keyboard_release_held: in the guest; @forget: without telling the guest, which is
 * gone */
void kvmm_display_keyboard_release_held (KvmmDisplayKeyboard *self, gboolean forget);
guint kvmm_display_keyboard_get_n_held (KvmmDisplayKeyboard *self);

gboolean kvmm_display_keyboard_get_sends_keys (KvmmDisplayKeyboard *self);
gboolean kvmm_display_keyboard_get_is_grabbed (KvmmDisplayKeyboard *self);
gboolean kvmm_display_keyboard_get_grab (KvmmDisplayKeyboard *self);
void kvmm_display_keyboard_set_grab (KvmmDisplayKeyboard *self, gboolean grab);
const char *kvmm_display_keyboard_get_release_keys (KvmmDisplayKeyboard *self);
gboolean kvmm_display_keyboard_set_release_keys (KvmmDisplayKeyboard *self, const char *keys);
void kvmm_display_keyboard_set_host_shortcuts (KvmmDisplayKeyboard *self,
                                               const char *const *accelerators);

KvmmLockKeys kvmm_display_keyboard_get_lock_keys (KvmmDisplayKeyboard *self);
/** kvmm_display_keyboard_set_guest_locks: Returns: whether they changed */
gboolean kvmm_display_keyboard_set_guest_locks (KvmmDisplayKeyboard *self, KvmmLockKeys keys);
/** kvmm_display_keyboard_sync_locks: @host: what the host's keyboard shows; what differs in the
 * guest is switched there, once for each difference */
void kvmm_display_keyboard_sync_locks (KvmmDisplayKeyboard *self, KvmmLockKeys host);

G_END_DECLS
