/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Pictures of guests' screens, made small. Any thread (pure functions). What is read comes from a
 * host that nobody vouches for: every length is checked against what is there. */

/* Largest picture read, in points to a side. */
#define KVMM_PIXELS_MAX_SIDE 16384

/* Where the points of a picture are: 8 bits each of red, green, blue, and of what else there is. */
typedef struct
{
  const guint8 *data; /* (unowned) */
  guint width;
  guint height;
  gsize stride;   /* bytes from one row to the next */
  guint channels; /* bytes of one point: 3 or 4 */
} KvmmPixels;

/**
 * kvmm_pixels_read_ppm:
 * @data: (unowned): a "portable pixmap", P6 with 255 shades, as QEMU writes it
 * @pixels: (out caller-allocates): points into @data
 *
 * Returns: %FALSE with G_IO_ERROR_INVALID_DATA set when it is none, is cut short, or is larger than
 * KVMM_PIXELS_MAX_SIDE
 */
gboolean kvmm_pixels_read_ppm (GBytes *data, KvmmPixels *pixels, GError **error);

/**
 * kvmm_pixels_read_png_size:
 * @data: the begin of a PNG
 *
 * What a decoder would have to make room for, before it is asked to. Returns: %FALSE with
 * G_IO_ERROR_INVALID_DATA set when it is none or is larger than KVMM_PIXELS_MAX_SIDE
 */
gboolean kvmm_pixels_read_png_size (GBytes *data, guint *width, guint *height, GError **error);

/**
 * kvmm_pixels_shrink:
 * @max_width: @max_height: at least 1
 * @width: @height: (out): of the result, which has the shape of the picture and is never larger
 *
 * Returns: (transfer full): three bytes to a point, rows without padding, each point the mean of
 * those it stands for
 */
GBytes *kvmm_pixels_shrink (
    const KvmmPixels *pixels, guint max_width, guint max_height, guint *width, guint *height);

G_END_DECLS
