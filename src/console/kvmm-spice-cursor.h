/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gdk/gdk.h>
#include <spice-client.h>

G_BEGIN_DECLS

/* The pointer of one SPICE screen: its shape, and where the guest put it when the server moves it.
 * Main thread only. */

/* Largest side of a shape, in pixels. A larger one is not shown. */
#define KVMM_SPICE_CURSOR_MAX_SIDE 512

#define KVMM_TYPE_SPICE_CURSOR (kvmm_spice_cursor_get_type ())
G_DECLARE_FINAL_TYPE (KvmmSpiceCursor, kvmm_spice_cursor, KVMM, SPICE_CURSOR, GObject)

/* Signal "changed" (): shape, position, or whether it is shown */

KvmmSpiceCursor *kvmm_spice_cursor_new (SpiceCursorChannel *channel);
/** kvmm_spice_cursor_is_unknown: the guest has said nothing about its pointer yet */
gboolean kvmm_spice_cursor_is_unknown (KvmmSpiceCursor *self);
/** kvmm_spice_cursor_get_shape: Returns: (transfer none) (nullable): %NULL: the guest hides it */
GdkTexture *kvmm_spice_cursor_get_shape (KvmmSpiceCursor *self, int *hot_x, int *hot_y);
/** kvmm_spice_cursor_get_position: @x, @y: (out): of its hot spot, in pixels of the surface.
 * Returns: whether the guest has told it */
gboolean kvmm_spice_cursor_get_position (KvmmSpiceCursor *self, int *x, int *y);

G_END_DECLS
