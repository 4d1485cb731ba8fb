/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-placement.h"

#include <math.h>

/* A guest that follows the window may take a size that is a little smaller: QEMU's VNC server
 * counts columns in sixteens. So much is left free rather than blurred. */
#define MAX_FREE_PIXELS 16

static double
fit_ratio (const KvmmPlacementInput *input, double device_width, double device_height)
{
  double free_x = device_width - input->guest_width;
  double free_y = device_height - input->guest_height;

  if (free_x >= 0 && free_x < MAX_FREE_PIXELS && free_y >= 0 && free_y < MAX_FREE_PIXELS)
    return 1;
  return MIN (device_width / input->guest_width, device_height / input->guest_height);
}

void
kvmm_placement_compute (const KvmmPlacementInput *input, KvmmPlacement *placement)
{
  double device_width = MAX (input->width * input->scale, 1);
  double device_height = MAX (input->height * input->scale, 1);
  double ratio = 1;

  switch (input->scaling)
    {
    case KVMM_DISPLAY_SCALING_FIT:
      ratio = fit_ratio (input, device_width, device_height);
      break;
    case KVMM_DISPLAY_SCALING_NEVER:
      ratio = input->scale;
      break;
    case KVMM_DISPLAY_SCALING_ONE_TO_ONE:
      break;
    }

  double width = MAX (round (input->guest_width * ratio), 1);
  double height = MAX (round (input->guest_height * ratio), 1);
  double origin_x = input->origin_x * input->scale, origin_y = input->origin_y * input->scale;
  /* Whole pixels of the monitor; a picture larger than the widget begins at its corner. */
  double x = round (origin_x + MAX ((device_width - width) / 2, 0));
  double y = round (origin_y + MAX ((device_height - height) / 2, 0));

  placement->x = (x - origin_x) / input->scale;
  placement->y = (y - origin_y) / input->scale;
  placement->width = width / input->scale;
  placement->height = height / input->scale;
  placement->is_exact = width == input->guest_width && height == input->guest_height;
}

double
kvmm_placement_edge (
    guint pixel, guint n_pixels, double start, double length, double origin, double scale)
{
  double edge = (origin + start + length * pixel / n_pixels) * scale;

  return round (edge) / scale - origin;
}

gboolean
kvmm_placement_to_guest (const KvmmPlacement *placement,
                         guint guest_width,
                         guint guest_height,
                         double x,
                         double y,
                         guint *guest_x,
                         guint *guest_y)
{
  double right = floor ((x - placement->x) * guest_width / placement->width);
  double down = floor ((y - placement->y) * guest_height / placement->height);

  *guest_x = (guint) CLAMP (right, 0, (double) guest_width - 1);
  *guest_y = (guint) CLAMP (down, 0, (double) guest_height - 1);
  return right >= 0 && right < guest_width && down >= 0 && down < guest_height;
}
