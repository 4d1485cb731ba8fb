/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-framebuffer.h"

#include <glib/gi18n.h>

#include "util/kvmm-thread.h"

#define BYTES_PER_PIXEL 4
/* The fourth byte, as one reads the pixel as a number of the host. */
#define OPAQUE GUINT32_FROM_LE (0xff000000u)

struct _KvmmFramebuffer
{
  GObject parent_instance;

  guint width;
  guint height;
  guint stride;
  GBytes *bytes;            /* (owned) */
  guint8 *data;             /* the memory of bytes */
  cairo_surface_t *surface; /* (owned) the same memory */
  cairo_region_t *damage;   /* (owned) */
};

G_DEFINE_FINAL_TYPE (KvmmFramebuffer, kvmm_framebuffer, G_TYPE_OBJECT)

static const cairo_user_data_key_t bytes_key;

static void
kvmm_framebuffer_finalize (GObject *object)
{
  KvmmFramebuffer *self = KVMM_FRAMEBUFFER (object);

  g_clear_pointer (&self->damage, cairo_region_destroy);
  g_clear_pointer (&self->surface, cairo_surface_destroy);
  g_clear_pointer (&self->bytes, g_bytes_unref);

  G_OBJECT_CLASS (kvmm_framebuffer_parent_class)->finalize (object);
}

static void
kvmm_framebuffer_class_init (KvmmFramebufferClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kvmm_framebuffer_finalize;
}

static void
kvmm_framebuffer_init (KvmmFramebuffer *self)
{
  self->damage = cairo_region_create ();
}

KvmmFramebuffer *
kvmm_framebuffer_new (guint width, guint height, GError **error)
{
  KVMM_ASSERT_MAIN_THREAD ();

  if (width == 0 || height == 0 || width > KVMM_FRAMEBUFFER_MAX_SIDE ||
      height > KVMM_FRAMEBUFFER_MAX_SIDE || (guint64) width * height > KVMM_FRAMEBUFFER_MAX_PIXELS)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   _ ("The display server wants a screen of %u×%u pixels; at most %u×%u in all "
                      "directions and %u million pixels can be shown"),
                   width, height, KVMM_FRAMEBUFFER_MAX_SIDE, KVMM_FRAMEBUFFER_MAX_SIDE,
                   KVMM_FRAMEBUFFER_MAX_PIXELS / (1024 * 1024));
      return NULL;
    }

  gsize size = (gsize) width * BYTES_PER_PIXEL * height;
  guint8 *data = g_try_malloc0 (size);
  if (data == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                   _ ("There is no memory for a screen of %u×%u pixels"), width, height);
      return NULL;
    }

  KvmmFramebuffer *self = g_object_new (KVMM_TYPE_FRAMEBUFFER, NULL);
  self->width = width;
  self->height = height;
  self->stride = width * BYTES_PER_PIXEL;
  self->data = data;
  self->bytes = g_bytes_new_take (data, size);
  self->surface = cairo_image_surface_create_for_data (data, CAIRO_FORMAT_RGB24, (int) width,
                                                       (int) height, (int) self->stride);
  cairo_surface_set_user_data (self->surface, &bytes_key, g_bytes_ref (self->bytes),
                               (cairo_destroy_func_t) g_bytes_unref);
  kvmm_framebuffer_damage (self, 0, 0, (int) width, (int) height);
  return self;
}

guint
kvmm_framebuffer_get_width (KvmmFramebuffer *self)
{
  g_return_val_if_fail (KVMM_IS_FRAMEBUFFER (self), 0);
  return self->width;
}

guint
kvmm_framebuffer_get_height (KvmmFramebuffer *self)
{
  g_return_val_if_fail (KVMM_IS_FRAMEBUFFER (self), 0);
  return self->height;
}

guint
kvmm_framebuffer_get_stride (KvmmFramebuffer *self)
{
  g_return_val_if_fail (KVMM_IS_FRAMEBUFFER (self), 0);
  return self->stride;
}

guint8 *
kvmm_framebuffer_get_data (KvmmFramebuffer *self)
{
  g_return_val_if_fail (KVMM_IS_FRAMEBUFFER (self), NULL);
  return self->data;
}

GBytes *
kvmm_framebuffer_get_bytes (KvmmFramebuffer *self)
{
  g_return_val_if_fail (KVMM_IS_FRAMEBUFFER (self), NULL);
  return self->bytes;
}

cairo_surface_t *
kvmm_framebuffer_get_surface (KvmmFramebuffer *self)
{
  g_return_val_if_fail (KVMM_IS_FRAMEBUFFER (self), NULL);
  return self->surface;
}

void
kvmm_framebuffer_make_opaque (KvmmFramebuffer *self, const cairo_rectangle_int_t *area)
{
  g_return_if_fail (KVMM_IS_FRAMEBUFFER (self));
  g_return_if_fail (area->x >= 0 && area->y >= 0);
  g_return_if_fail ((guint) (area->x + area->width) <= self->width);
  g_return_if_fail ((guint) (area->y + area->height) <= self->height);

  for (int y = area->y; y < area->y + area->height; y++)
    {
      /* The memory is aligned for it: rows are whole pixels. */
      guint32 *row = (guint32 *) (gpointer) (self->data + (gsize) y * self->stride);

      for (int x = area->x; x < area->x + area->width; x++)
        row[x] |= OPAQUE;
    }
}

void
kvmm_framebuffer_damage (KvmmFramebuffer *self, int x, int y, int width, int height)
{
  g_return_if_fail (KVMM_IS_FRAMEBUFFER (self));

  /* 64 bits: a server may send any numbers. */
  gint64 left = MAX (x, 0), top = MAX (y, 0);
  gint64 right = MIN ((gint64) x + width, (gint64) self->width);
  gint64 bottom = MIN ((gint64) y + height, (gint64) self->height);
  if (width <= 0 || height <= 0 || left >= right || top >= bottom)
    return;

  cairo_rectangle_int_t area = { (int) left, (int) top, (int) (right - left),
                                 (int) (bottom - top) };
  cairo_region_union_rectangle (self->damage, &area);
}

gboolean
kvmm_framebuffer_has_damage (KvmmFramebuffer *self)
{
  g_return_val_if_fail (KVMM_IS_FRAMEBUFFER (self), FALSE);
  return !cairo_region_is_empty (self->damage);
}

cairo_region_t *
kvmm_framebuffer_take_damage (KvmmFramebuffer *self)
{
  g_return_val_if_fail (KVMM_IS_FRAMEBUFFER (self), NULL);

  cairo_region_t *damage = self->damage;
  self->damage = cairo_region_create ();
  return damage;
}

GdkTexture *
kvmm_framebuffer_copy_texture (KvmmFramebuffer *self)
{
  g_return_val_if_fail (KVMM_IS_FRAMEBUFFER (self), NULL);

  gsize size = (gsize) self->stride * self->height;
  cairo_rectangle_int_t all = { 0, 0, (int) self->width, (int) self->height };

  kvmm_framebuffer_make_opaque (self, &all);
  g_autoptr (GBytes) copy = g_bytes_new (self->data, size);

  return gdk_memory_texture_new ((int) self->width, (int) self->height, GDK_MEMORY_B8G8R8A8, copy,
                                 self->stride);
}
