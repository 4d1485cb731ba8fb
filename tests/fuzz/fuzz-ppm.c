/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* Pictures of screens: what is read has all the points it promises, and can be made small. */

#include <stdlib.h>

#include "fuzz.h"
#include "util/kvmm-pixels.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  KvmmPixels pixels;
  guint width, height;

  kvmm_pixels_read_png_size (bytes, &width, &height, NULL);
  if (!kvmm_pixels_read_ppm (bytes, &pixels, NULL))
    return 0;
  g_autoptr (GBytes) small = kvmm_pixels_shrink (&pixels, 64, 48, &width, &height);
  if (width == 0 || height == 0 || width > 64 || height > 48 ||
      g_bytes_get_size (small) != (gsize) width * height * 3)
    abort ();
  return 0;
}
