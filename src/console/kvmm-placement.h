/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "console/kvmm-display.h"

G_BEGIN_DECLS

/* Where the picture stands in the widget. Any thread (pure functions).
 *
 * Everything is decided in pixels of the monitor, so that edges are sharp at any scale of the
 * desktop, and given in the widget's own coordinates. */

typedef struct
{
  double x, y, width, height; /* of the picture, in the widget */
  gboolean is_exact;          /* one guest pixel is one pixel of the monitor */
} KvmmPlacement;

/* What decides it. */
typedef struct
{
  guint guest_width, guest_height; /* in guest pixels, at least 1 */
  double width, height;            /* of the widget */
  double origin_x, origin_y;       /* of the widget in its surface */
  double scale;                    /* pixels of the monitor for one unit of the widget */
  KvmmDisplayScaling scaling;
} KvmmPlacementInput;

void kvmm_placement_compute (const KvmmPlacementInput *input, KvmmPlacement *placement);

/** kvmm_placement_edge: Returns: where guest column (or row) @pixel of @n_pixels begins, snapped to
 * a pixel of the monitor; @start and @length: of the picture in the widget; @origin: of the widget
 */
double kvmm_placement_edge (
    guint pixel, guint n_pixels, double start, double length, double origin, double scale);

/**
 * kvmm_placement_to_guest:
 * @x, @y: in the widget
 * @guest_x, @guest_y: (out): the guest's pixel, clamped to the picture
 *
 * Returns: whether the point is on the picture
 */
gboolean kvmm_placement_to_guest (const KvmmPlacement *placement,
                                  guint guest_width,
                                  guint guest_height,
                                  double x,
                                  double y,
                                  guint *guest_x,
                                  guint *guest_y);

G_END_DECLS
