/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <spice-client.h>

#include "console/kvmm-framebuffer.h"

G_BEGIN_DECLS

/* The pixels of one head of a SPICE display channel, in memory of our own. Main thread only.
 *
 * A channel has one primary surface, and says which parts of it its monitors show. The library
 * frees the surface when the guest changes its mode, while the last frame still shows it: so each
 * head copies its part, with the pixels made 32 bits wide. */

/* Most heads of one channel that are looked at. */
#define KVMM_SPICE_MAX_MONITORS 16

#define KVMM_TYPE_SPICE_PICTURE (kvmm_spice_picture_get_type ())
G_DECLARE_FINAL_TYPE (KvmmSpicePicture, kvmm_spice_picture, KVMM, SPICE_PICTURE, GObject)

/* Signals:
 *   "framebuffer-changed" (): another one, or none
 *   "damaged" (int x, int y, int width, int height): in pixels of the framebuffer
 *   "failed" (GError): the server sent what cannot be; the picture stays as it is
 */

/**
 * kvmm_spice_picture_new:
 * @name: the machine's, for error texts
 * @channel: its surface is followed from now on
 * @monitor: which of its monitors, counted from 0
 *
 * Returns: (transfer full)
 */
KvmmSpicePicture *
kvmm_spice_picture_new (const char *name, SpiceDisplayChannel *channel, guint monitor);

/** kvmm_spice_picture_get_framebuffer: (nullable): %NULL: the guest shows nothing on this head */
KvmmFramebuffer *kvmm_spice_picture_get_framebuffer (KvmmSpicePicture *self);
SpiceDisplayChannel *kvmm_spice_picture_get_channel (KvmmSpicePicture *self);
/** kvmm_spice_picture_get_display_id: what the guest's agent and the pointer call this head */
guint kvmm_spice_picture_get_display_id (KvmmSpicePicture *self);
/** kvmm_spice_picture_get_origin: where in the surface this head begins, in pixels */
void kvmm_spice_picture_get_origin (KvmmSpicePicture *self, int *x, int *y);

/** kvmm_spice_picture_set_paused: nobody looks: nothing is copied until somebody does again */
void kvmm_spice_picture_set_paused (KvmmSpicePicture *self, gboolean paused);

/** kvmm_spice_picture_count_monitors: Returns: how many monitors of @channel show something, at
 * most KVMM_SPICE_MAX_MONITORS; 1 as long as it has not said so */
guint kvmm_spice_picture_count_monitors (SpiceDisplayChannel *channel);

/* How long a picture stays after its surface went: a guest that changes its mode has a new one
 * within that time. */
#define KVMM_SPICE_PICTURE_LINGER_MS 500

G_END_DECLS
