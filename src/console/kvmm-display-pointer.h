/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "console/kvmm-display.h"

G_BEGIN_DECLS

/* The part of KvmmDisplay that sends the pointer. Main thread only. */

typedef struct _KvmmDisplayPointer KvmmDisplayPointer;

/** kvmm_display_pointer_new: @display: (unowned) */
KvmmDisplayPointer *kvmm_display_pointer_new (KvmmDisplay *display);
void kvmm_display_pointer_stop (KvmmDisplayPointer *self);
void kvmm_display_pointer_free (KvmmDisplayPointer *self);

/* What the host's pointer does; places in the widget. Button numbers as in GDK. */
void kvmm_display_pointer_moved (KvmmDisplayPointer *self, double x, double y);
void kvmm_display_pointer_pressed (KvmmDisplayPointer *self, guint button, double x, double y);
void kvmm_display_pointer_released (KvmmDisplayPointer *self, guint button, double x, double y);
/** kvmm_display_pointer_scrolled: @dx, @dy: in notches of a wheel, down and right positive */
void kvmm_display_pointer_scrolled (KvmmDisplayPointer *self, double dx, double dy);
/** kvmm_display_pointer_moved_by: while the pointer is held: what the mouse itself did */
void kvmm_display_pointer_moved_by (KvmmDisplayPointer *self, double dx, double dy);

void kvmm_display_pointer_update (KvmmDisplayPointer *self);
void kvmm_display_pointer_ungrab (KvmmDisplayPointer *self);
void kvmm_display_pointer_release_buttons (KvmmDisplayPointer *self, gboolean forget);

gboolean kvmm_display_pointer_get_is_absolute (KvmmDisplayPointer *self);
/** kvmm_display_pointer_set_is_absolute: Returns: whether that changed something */
gboolean kvmm_display_pointer_set_is_absolute (KvmmDisplayPointer *self, gboolean absolute);
gboolean kvmm_display_pointer_get_is_grabbed (KvmmDisplayPointer *self);
gboolean kvmm_display_pointer_get_can_grab (KvmmDisplayPointer *self);
/** kvmm_display_pointer_set_cursor: @is_set: %FALSE: the desktop's own; @texture: (nullable): %NULL
 * hides it */
void kvmm_display_pointer_set_cursor (
    KvmmDisplayPointer *self, gboolean is_set, GdkTexture *texture, int hot_x, int hot_y);

G_END_DECLS
