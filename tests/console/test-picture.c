/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <math.h>

#include "console/kvmm-framebuffer.h"
#include "console/kvmm-placement.h"
#include "console/kvmm-tiles.h"

static void
test_limits (void)
{
  static const guint bad[][2] = {
    { 0, 1 },
    { 1, 0 },
    { KVMM_FRAMEBUFFER_MAX_SIDE + 1, 1 },
    { 16384, 4097 },
    { G_MAXUINT, G_MAXUINT },
  };
  g_autoptr (GError) error = NULL;
  KvmmFramebuffer *largest = kvmm_framebuffer_new (16384, 4096, &error);

  g_assert_no_error (error);
  g_assert_finalize_object (largest);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_assert_null (kvmm_framebuffer_new (bad[i][0], bad[i][1], &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
      g_clear_error (&error);
    }
}

static void
test_damage (void)
{
  g_autoptr (KvmmFramebuffer) framebuffer = kvmm_framebuffer_new (600, 300, NULL);
  guint32 *pixels = (guint32 *) (gpointer) kvmm_framebuffer_get_data (framebuffer);
  cairo_region_t *all = kvmm_framebuffer_take_damage (framebuffer);
  cairo_rectangle_int_t extents;

  cairo_region_get_extents (all, &extents);
  g_assert_cmpint (extents.width, ==, 600);
  cairo_region_destroy (all);
  g_assert_false (kvmm_framebuffer_has_damage (framebuffer));

  /* Only what is asked for is made opaque. */
  pixels[0] = GUINT32_FROM_LE (0x123456);
  pixels[1] = GUINT32_FROM_LE (0x123456);
  kvmm_framebuffer_make_opaque (framebuffer, &(cairo_rectangle_int_t){ 0, 0, 1, 1 });
  g_assert_cmphex (pixels[0], ==, GUINT32_FROM_LE (0xff123456u));
  g_assert_cmphex (pixels[1], ==, GUINT32_FROM_LE (0x123456));

  /* Only what lies inside counts. */
  kvmm_framebuffer_damage (framebuffer, -100, -100, 101, 101);
  kvmm_framebuffer_damage (framebuffer, 700, 0, 10, 10);
  kvmm_framebuffer_damage (framebuffer, 0, 0, -5, 10);
  kvmm_framebuffer_damage (framebuffer, G_MAXINT, G_MAXINT, G_MAXINT, G_MAXINT);
  kvmm_framebuffer_damage (framebuffer, G_MININT, 0, G_MAXINT, 1);

  cairo_region_t *damage = kvmm_framebuffer_take_damage (framebuffer);
  cairo_region_get_extents (damage, &extents);
  g_assert_cmpint (extents.width, ==, 1);
  g_assert_cmpint (extents.height, ==, 1);
  cairo_region_destroy (damage);
}

static void
test_tiles (void)
{
  g_autoptr (KvmmFramebuffer) framebuffer = kvmm_framebuffer_new (600, 300, NULL);
  g_autoptr (KvmmTiles) tiles = kvmm_tiles_new (framebuffer);
  static const struct
  {
    cairo_rectangle_int_t area;
    guint n_tiles;
  } cases[] = {
    { { 0, 0, 1, 1 }, 1 },     { { 255, 255, 2, 2 }, 4 },   { { 512, 256, 88, 44 }, 1 },
    { { 0, 0, 600, 300 }, 6 }, { { 256, 0, 256, 256 }, 1 },
  };

  g_assert_cmpuint (kvmm_tiles_get_n_tiles (tiles), ==, 6);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      cairo_region_t *region = cairo_region_create_rectangle (&cases[i].area);

      g_assert_cmpuint (kvmm_tiles_damage (tiles, region), ==, cases[i].n_tiles);
      cairo_region_destroy (region);
    }
}

static void
assert_whole (double value, double scale)
{
  g_assert_cmpfloat (fabs (value * scale - round (value * scale)), <, 1e-6);
}

static void
test_placement (void)
{
  static const double scales[] = { 1, 1.25, 1.5, 1.75, 2, 3 };
  static const KvmmDisplayScaling modes[] = { KVMM_DISPLAY_SCALING_FIT, KVMM_DISPLAY_SCALING_NEVER,
                                              KVMM_DISPLAY_SCALING_ONE_TO_ONE };

  for (guint i = 0; i < G_N_ELEMENTS (scales); i++)
    for (guint mode = 0; mode < G_N_ELEMENTS (modes); mode++)
      for (double width = 200; width < 2100; width += 317)
        {
          KvmmPlacementInput input = { .guest_width = 1920,
                                       .guest_height = 1080,
                                       .width = width,
                                       .height = 700,
                                       .origin_x = 1.0 / 3,
                                       .scale = scales[i],
                                       .scaling = modes[mode] };
          KvmmPlacement placement;

          kvmm_placement_compute (&input, &placement);
          assert_whole (placement.x + input.origin_x, scales[i]);
          assert_whole (placement.width, scales[i]);
          assert_whole (placement.y, scales[i]);
          if (modes[mode] == KVMM_DISPLAY_SCALING_ONE_TO_ONE)
            g_assert_true (placement.is_exact);
          if (modes[mode] == KVMM_DISPLAY_SCALING_NEVER)
            g_assert_cmpfloat (fabs (placement.width - 1920), <, 1);
          if (modes[mode] == KVMM_DISPLAY_SCALING_FIT)
            g_assert_cmpfloat (placement.width, <=, width + 1 / scales[i]);
        }
}

/* QEMU counts columns in sixteens: a picture that is a little smaller than the window is not
 * blurred to fill it. */
static void
test_small_rest_stays_free (void)
{
  KvmmPlacementInput input = { .guest_width = 1296,
                               .guest_height = 700,
                               .width = 1311,
                               .height = 712,
                               .scale = 1,
                               .scaling = KVMM_DISPLAY_SCALING_FIT };
  KvmmPlacement placement;

  kvmm_placement_compute (&input, &placement);
  g_assert_true (placement.is_exact);
  input.width = 1312;
  kvmm_placement_compute (&input, &placement);
  g_assert_false (placement.is_exact);
}

static void
test_round_trip (void)
{
  for (double ratio = 0.3; ratio <= 2.5; ratio += 0.1)
    {
      KvmmPlacementInput input = { .guest_width = 1920,
                                   .guest_height = 1080,
                                   .width = 1920 * ratio + 40,
                                   .height = 1080 * ratio,
                                   .scale = 1,
                                   .scaling = KVMM_DISPLAY_SCALING_FIT };
      KvmmPlacement placement;
      guint x, y;

      kvmm_placement_compute (&input, &placement);
      for (guint guest = 0; guest < 1080; guest += 97)
        {
          /* The middle of a guest pixel. */
          double at_x = placement.x + (guest + 0.5) * placement.width / 1920;
          double at_y = placement.y + (guest + 0.5) * placement.height / 1080;

          g_assert_true (kvmm_placement_to_guest (&placement, 1920, 1080, at_x, at_y, &x, &y));
          g_assert_cmpuint (x, ==, guest);
          g_assert_cmpuint (y, ==, guest);
        }
      g_assert_false (kvmm_placement_to_guest (&placement, 1920, 1080, -5, 1e9, &x, &y));
      g_assert_cmpuint (x, ==, 0);
      g_assert_cmpuint (y, ==, 1079);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/console/picture/limits", test_limits);
  g_test_add_func ("/console/picture/damage", test_damage);
  g_test_add_func ("/console/picture/tiles", test_tiles);
  g_test_add_func ("/console/picture/placement", test_placement);
  g_test_add_func ("/console/picture/small-rest-stays-free", test_small_rest_stays_free);
  g_test_add_func ("/console/picture/round-trip", test_round_trip);
  return g_test_run ();
}
