/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "util/kvmm-pixels.h"

#include <string.h>

#include <glib/gi18n.h>

#define RGB 3
#define PNG_SIGNATURE "\211PNG\r\n\032\n"
/* Signature, length and name of the first chunk, then two numbers of four bytes. */
#define PNG_HEAD_BYTES 24

static gboolean
refuse (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                       _ ("The picture of the screen cannot be read"));
  return FALSE;
}

/* ---- PPM: https://netpbm.sourceforge.net/doc/ppm.html ---- */

typedef struct
{
  const guint8 *at;
  const guint8 *end;
} Cursor;

/* White space and comments, of which at least one byte is white space. */
static gboolean
skip_blank (Cursor *cursor)
{
  const guint8 *begin = cursor->at;

  while (cursor->at < cursor->end)
    {
      if (g_ascii_isspace (*cursor->at))
        cursor->at++;
      else if (*cursor->at == '#')
        while (cursor->at < cursor->end && *cursor->at != '\n')
          cursor->at++;
      else
        break;
    }
  return cursor->at > begin;
}

static gboolean
read_number (Cursor *cursor, guint max, guint *number)
{
  const guint8 *begin;

  if (!skip_blank (cursor))
    return FALSE;
  begin = cursor->at;
  *number = 0;
  while (cursor->at < cursor->end && g_ascii_isdigit (*cursor->at))
    {
      *number = *number * 10 + (guint) (*cursor->at - '0');
      if (*number > max)
        return FALSE;
      cursor->at++;
    }
  return cursor->at > begin && *number > 0;
}

gboolean
kvmm_pixels_read_ppm (GBytes *data, KvmmPixels *pixels, GError **error)
{
  gsize size;
  const guint8 *bytes = g_bytes_get_data (data, &size);
  Cursor cursor = { bytes, bytes + size };
  guint width, height, shades;

  if (size < 2 || memcmp (bytes, "P6", 2) != 0)
    return refuse (error);
  cursor.at += 2;
  /* One byte of white space ends the header. */
  if (!read_number (&cursor, KVMM_PIXELS_MAX_SIDE, &width) ||
      !read_number (&cursor, KVMM_PIXELS_MAX_SIDE, &height) ||
      !read_number (&cursor, 255, &shades) || shades != 255 || cursor.at == cursor.end ||
      !g_ascii_isspace (*cursor.at))
    return refuse (error);
  cursor.at++;
  if ((gsize) (cursor.end - cursor.at) < (gsize) width * height * RGB)
    return refuse (error);

  pixels->data = cursor.at;
  pixels->width = width;
  pixels->height = height;
  pixels->stride = (gsize) width * RGB;
  pixels->channels = RGB;
  return TRUE;
}

/* ---- PNG: https://www.w3.org/TR/png/#11IHDR ---- */

static guint
read_be32 (const guint8 *bytes)
{
  return (guint) bytes[0] << 24 | (guint) bytes[1] << 16 | (guint) bytes[2] << 8 | bytes[3];
}

gboolean
kvmm_pixels_read_png_size (GBytes *data, guint *width, guint *height, GError **error)
{
  gsize size;
  const guint8 *bytes = g_bytes_get_data (data, &size);
  guint columns, rows;

  if (size < PNG_HEAD_BYTES || memcmp (bytes, PNG_SIGNATURE, 8) != 0 ||
      memcmp (bytes + 12, "IHDR", 4) != 0)
    return refuse (error);
  columns = read_be32 (bytes + 16);
  rows = read_be32 (bytes + 20);
  if (columns == 0 || rows == 0 || columns > KVMM_PIXELS_MAX_SIDE || rows > KVMM_PIXELS_MAX_SIDE)
    return refuse (error);
  *width = columns;
  *height = rows;
  return TRUE;
}

/* ---- making small ---- */

static void
fit (const KvmmPixels *pixels, guint max_width, guint max_height, guint *width, guint *height)
{
  double scale = MIN ((double) max_width / pixels->width, (double) max_height / pixels->height);

  scale = MIN (scale, 1.0);
  *width = CLAMP ((guint) (pixels->width * scale + 0.5), 1, max_width);
  *height = CLAMP ((guint) (pixels->height * scale + 0.5), 1, max_height);
}

/* Adds up one row of boxes, from all their rows. */
static void
average_row (const KvmmPixels *pixels, guint first_row, guint end_row, guint width, guint8 *target)
{
  for (guint x = 0; x < width; x++)
    {
      guint first = (guint) ((guint64) x * pixels->width / width);
      guint end = (guint) ((guint64) (x + 1) * pixels->width / width);
      guint64 sums[RGB] = { 0 };
      guint64 n = (guint64) (end - first) * (end_row - first_row);

      for (guint row = first_row; row < end_row; row++)
        {
          const guint8 *point = pixels->data + row * pixels->stride + first * pixels->channels;

          for (guint column = first; column < end; column++, point += pixels->channels)
            for (guint c = 0; c < RGB; c++)
              sums[c] += point[c];
        }
      for (guint c = 0; c < RGB; c++)
        target[x * RGB + c] = (guint8) ((sums[c] + n / 2) / n);
    }
}

GBytes *
kvmm_pixels_shrink (
    const KvmmPixels *pixels, guint max_width, guint max_height, guint *width, guint *height)
{
  g_return_val_if_fail (pixels->width > 0 && pixels->height > 0, NULL);
  g_return_val_if_fail (max_width > 0 && max_height > 0, NULL);

  fit (pixels, max_width, max_height, width, height);
  gsize size = (gsize) *width * *height * RGB;
  guint8 *result = g_malloc (size);
  for (guint y = 0; y < *height; y++)
    average_row (pixels, (guint) ((guint64) y * pixels->height / *height),
                 (guint) ((guint64) (y + 1) * pixels->height / *height), *width,
                 result + (gsize) y * *width * RGB);
  return g_bytes_new_take (result, size);
}
