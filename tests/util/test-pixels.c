/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <string.h>

#include "util/kvmm-pixels.h"

static GBytes *
ppm (const char *head, gsize n_points)
{
  g_autoptr (GByteArray) data = g_byte_array_new ();
  gsize length = strlen (head);

  g_byte_array_append (data, (const guint8 *) head, (guint) length);
  g_byte_array_set_size (data, (guint) (length + n_points));
  for (gsize i = 0; i < n_points; i++)
    data->data[length + i] = (guint8) (i * 7);
  return g_byte_array_free_to_bytes (g_steal_pointer (&data));
}

static void
test_reads_what_qemu_writes (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) data = ppm ("P6\n4 2\n255\n", 4 * 2 * 3);
  KvmmPixels pixels;

  g_assert_true (kvmm_pixels_read_ppm (data, &pixels, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (pixels.width, ==, 4);
  g_assert_cmpuint (pixels.height, ==, 2);
  g_assert_cmpuint (pixels.stride, ==, 12);
  g_assert_cmpuint (pixels.data[1], ==, 7);
}

static void
test_reads_comments (void)
{
  g_autoptr (GBytes) data = ppm ("P6 # made by hand\n#\n 4\t# wide\n2 255\n", 24);
  KvmmPixels pixels;

  g_assert_true (kvmm_pixels_read_ppm (data, &pixels, NULL));
  g_assert_cmpuint (pixels.width, ==, 4);
}

static void
test_refuses_what_is_none (void)
{
  static const struct
  {
    const char *head;
    gsize n_points;
  } cases[] = {
    { "", 0 },
    { "P", 0 },
    { "P6", 0 },
    { "P5\n4 2\n255\n", 24 },
    { "P6\n4 2\n255\n", 23 },            /* cut short */
    { "P6\n4 2\n255", 0 },               /* no end of the header */
    { "P6\n4 2\n65535\n", 48 },          /* two bytes a shade */
    { "P6\n4 2\n15\n", 24 },             /* fewer shades */
    { "P6\n0 2\n255\n", 24 },            /* nothing to see */
    { "P6\n4 0\n255\n", 24 },            /* likewise */
    { "P6\n-4 2\n255\n", 24 },           /* no number */
    { "P642 255\n", 24 },                /* no space between */
    { "P6\n16385 1\n255\n", 16385 * 3 }, /* one beyond the limit */
    { "P6\n1 16385\n255\n", 16385 * 3 }, /* likewise */
    { "P6\n4294967300 2\n255\n", 24 },   /* 2^32 + 4 */
    { "P6\n16384 16384\n255\n", 24 },    /* promises 768 MiB */
    { "P6\n# a comment without end", 100 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) data = ppm (cases[i].head, cases[i].n_points);
      KvmmPixels pixels;

      g_assert_false (kvmm_pixels_read_ppm (data, &pixels, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
    }
}

static void
test_reads_at_its_limit (void)
{
  g_autoptr (GBytes) data = ppm ("P6\n16384 1\n255\n", 16384 * 3);
  KvmmPixels pixels;
  guint width, height;

  g_assert_true (kvmm_pixels_read_ppm (data, &pixels, NULL));
  g_autoptr (GBytes) small = kvmm_pixels_shrink (&pixels, 320, 200, &width, &height);
  g_assert_cmpuint (width, ==, 320);
  g_assert_cmpuint (height, ==, 1);
  g_assert_cmpuint (g_bytes_get_size (small), ==, 320 * 3);
}

static void
test_survives_noise (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (11);
  static const char alphabet[] = "P6 0123456789#\n\t\v-";

  for (guint i = 0; i < 200000; i++)
    {
      char text[64];
      guint length = (guint) g_rand_int_range (random, 0, sizeof text);
      KvmmPixels pixels;
      guint width, height;

      for (guint j = 0; j < length; j++)
        text[j] = i % 2 ? (char) g_rand_int (random)
                        : alphabet[g_rand_int_range (random, 0, sizeof alphabet - 1)];
      if (length > 2)
        memcpy (text, "P6", 2);
      g_autoptr (GBytes) data = g_bytes_new (text, length);
      if (kvmm_pixels_read_ppm (data, &pixels, NULL))
        g_bytes_unref (kvmm_pixels_shrink (&pixels, 7, 5, &width, &height));
      kvmm_pixels_read_png_size (data, &width, &height, NULL);
    }
}

static void
test_knows_the_size_of_a_png (void)
{
  guint8 head[24] = "\211PNG\r\n\032\n\0\0\0\015IHDR\0\0\002\320\0\0\001\220";
  guint width, height;

  g_autoptr (GBytes) good = g_bytes_new (head, sizeof head);
  g_assert_true (kvmm_pixels_read_png_size (good, &width, &height, NULL));
  g_assert_cmpuint (width, ==, 720);
  g_assert_cmpuint (height, ==, 400);
  g_autoptr (GBytes) cut = g_bytes_new (head, sizeof head - 1);
  g_assert_false (kvmm_pixels_read_png_size (cut, &width, &height, NULL));
  head[16] = 1;
  g_autoptr (GBytes) huge = g_bytes_new (head, sizeof head);
  g_assert_false (kvmm_pixels_read_png_size (huge, &width, &height, NULL));
  head[16] = 0;
  head[12] = 'X';
  g_autoptr (GBytes) other = g_bytes_new (head, sizeof head);
  g_assert_false (kvmm_pixels_read_png_size (other, &width, &height, NULL));
}

static void
test_averages (void)
{
  static const guint8 four[] = { 0,   0,  0,  9, 100, 10, 20, 9, /* first row, four channels */
                                 200, 20, 40, 9, 100, 10, 20, 9 };
  const KvmmPixels pixels = { four, 2, 2, 8, 4 };
  guint width, height;
  g_autoptr (GBytes) small = kvmm_pixels_shrink (&pixels, 1, 1, &width, &height);
  const guint8 *point = g_bytes_get_data (small, NULL);

  g_assert_cmpuint (width * height, ==, 1);
  g_assert_cmpuint (point[0], ==, 100);
  g_assert_cmpuint (point[1], ==, 10);
  g_assert_cmpuint (point[2], ==, 20);
}

static void
test_never_enlarges_and_keeps_the_shape (void)
{
  static const guint8 data[640 * 400 * 3];
  static const struct
  {
    guint max_width, max_height, width, height;
  } cases[] = {
    { 1000, 1000, 640, 400 },
    { 320, 320, 320, 200 },
    { 320, 100, 160, 100 },
    { 1, 1000, 1, 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const KvmmPixels pixels = { data, 640, 400, 640 * 3, 3 };
      guint width, height;
      g_autoptr (GBytes) small =
          kvmm_pixels_shrink (&pixels, cases[i].max_width, cases[i].max_height, &width, &height);

      g_assert_cmpuint (width, ==, cases[i].width);
      g_assert_cmpuint (height, ==, cases[i].height);
      g_assert_cmpuint (g_bytes_get_size (small), ==, (gsize) width * height * 3);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/util/pixels/reads-what-qemu-writes", test_reads_what_qemu_writes);
  g_test_add_func ("/util/pixels/reads-comments", test_reads_comments);
  g_test_add_func ("/util/pixels/refuses-what-is-none", test_refuses_what_is_none);
  g_test_add_func ("/util/pixels/reads-at-its-limit", test_reads_at_its_limit);
  g_test_add_func ("/util/pixels/survives-noise", test_survives_noise);
  g_test_add_func ("/util/pixels/knows-the-size-of-a-png", test_knows_the_size_of_a_png);
  g_test_add_func ("/util/pixels/averages", test_averages);
  g_test_add_func ("/util/pixels/never-enlarges-and-keeps-the-shape",
                   test_never_enlarges_and_keeps_the_shape);
  return g_test_run ();
}
