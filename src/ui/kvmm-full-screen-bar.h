/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* A frame round what is shown full screen, with a bar that comes down when the pointer touches the
 * upper edge, and goes by itself. Main thread only. Uses the actions console.*.
 *
 * Property "content" GtkWidget. */
#define KVMM_TYPE_FULL_SCREEN_BAR (kvmm_full_screen_bar_get_type ())
G_DECLARE_FINAL_TYPE (KvmmFullScreenBar, kvmm_full_screen_bar, KVMM, FULL_SCREEN_BAR, AdwBin)

/* How long the bar stays at first, and after the pointer has left it. */
#define KVMM_FULL_SCREEN_BAR_FIRST_MS 4000
#define KVMM_FULL_SCREEN_BAR_LATER_MS 1200

/** kvmm_full_screen_bar_set_is_active: whether the window is full screen */
void kvmm_full_screen_bar_set_is_active (KvmmFullScreenBar *self, gboolean is_active);
void kvmm_full_screen_bar_set_title (KvmmFullScreenBar *self, const char *title);
/** kvmm_full_screen_bar_set_hint: @hint: where keys go, and how to get them back */
void kvmm_full_screen_bar_set_hint (KvmmFullScreenBar *self, const char *hint);
void kvmm_full_screen_bar_set_keys_menu (KvmmFullScreenBar *self, GMenuModel *menu);
/** kvmm_full_screen_bar_get_is_shown: whether the bar is down */
gboolean kvmm_full_screen_bar_get_is_shown (KvmmFullScreenBar *self);

G_END_DECLS
