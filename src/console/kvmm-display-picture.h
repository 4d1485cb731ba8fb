/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "console/kvmm-display.h"
#include "console/kvmm-framebuffer.h"
#include "console/kvmm-placement.h"

G_BEGIN_DECLS

/* The part of KvmmDisplay that draws: framebuffer, frames, size. Main thread only. */

/* How long the size of the widget must stay before the guest is asked to take it. */
#define KVMM_DISPLAY_RESIZE_DELAY_MS 300

typedef struct _KvmmDisplayPicture KvmmDisplayPicture;

/** kvmm_display_picture_new: @display: (unowned) */
KvmmDisplayPicture *kvmm_display_picture_new (KvmmDisplay *display);
/** kvmm_display_picture_stop: drops sources and signals: the widget is being disposed */
void kvmm_display_picture_stop (KvmmDisplayPicture *self);
void kvmm_display_picture_free (KvmmDisplayPicture *self);

void kvmm_display_picture_set_framebuffer (KvmmDisplayPicture *self, KvmmFramebuffer *framebuffer);
KvmmFramebuffer *kvmm_display_picture_get_framebuffer (KvmmDisplayPicture *self); /* (nullable) */
void kvmm_display_picture_damage (KvmmDisplayPicture *self, int x, int y, int width, int height);
void kvmm_display_picture_set_scaling (KvmmDisplayPicture *self, KvmmDisplayScaling scaling);
KvmmDisplayScaling kvmm_display_picture_get_scaling (KvmmDisplayPicture *self);
void kvmm_display_picture_set_resize_guest (KvmmDisplayPicture *self, gboolean resize_guest);
gboolean kvmm_display_picture_get_resize_guest (KvmmDisplayPicture *self);
/** kvmm_display_picture_set_dimmed: Returns: whether that changed something */
gboolean kvmm_display_picture_set_dimmed (KvmmDisplayPicture *self, gboolean dimmed);
gboolean kvmm_display_picture_get_dimmed (KvmmDisplayPicture *self);
gboolean kvmm_display_picture_get_paused (KvmmDisplayPicture *self);

/** kvmm_display_picture_connected: a connection begins: what an earlier one owed is forgotten */
void kvmm_display_picture_connected (KvmmDisplayPicture *self);
/** kvmm_display_picture_queue_resize: the guest may be able to take the widget's size now */
void kvmm_display_picture_queue_resize (KvmmDisplayPicture *self);

/* What GtkWidget asks. */
void kvmm_display_picture_snapshot (KvmmDisplayPicture *self, GtkSnapshot *snapshot);
void kvmm_display_picture_measure (KvmmDisplayPicture *self,
                                   GtkOrientation orientation,
                                   int *minimum,
                                   int *natural);
void kvmm_display_picture_allocated (KvmmDisplayPicture *self);
/** kvmm_display_picture_update_paused: the widget was mapped or unmapped */
void kvmm_display_picture_update_paused (KvmmDisplayPicture *self);

/** kvmm_display_picture_get_placement: Returns: %FALSE without a picture */
gboolean kvmm_display_picture_get_placement (KvmmDisplayPicture *self, KvmmPlacement *placement);

G_END_DECLS
