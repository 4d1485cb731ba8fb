/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* The pixels of a guest's screen. Main thread only; needs no display.
 *
 * 32 bits a pixel, B G R x in memory (GDK_MEMORY_B8G8R8A8, CAIRO_FORMAT_RGB24 on little endian), in
 * memory that outlives this object for as long as a render node or a texture shows it. The size
 * never changes: a guest that changes its mode gets a new framebuffer. */

/* Largest side and largest area of a screen, in pixels. A server that asks for more is refused:
 * 16384 is what GSK, cairo and most GPUs draw, 64 Mi pixels are 256 MiB. */
#define KVMM_FRAMEBUFFER_MAX_SIDE 16384
#define KVMM_FRAMEBUFFER_MAX_PIXELS (64 * 1024 * 1024)

#define KVMM_TYPE_FRAMEBUFFER (kvmm_framebuffer_get_type ())
G_DECLARE_FINAL_TYPE (KvmmFramebuffer, kvmm_framebuffer, KVMM, FRAMEBUFFER, GObject)

/**
 * kvmm_framebuffer_new:
 * @width: in pixels
 * @height: in pixels
 *
 * Returns: (transfer full): a black framebuffer, or %NULL with G_IO_ERROR_INVALID_DATA when the
 * size is 0 or beyond the limits, G_IO_ERROR_NO_SPACE when there is no memory for it
 */
KvmmFramebuffer *kvmm_framebuffer_new (guint width, guint height, GError **error);

guint kvmm_framebuffer_get_width (KvmmFramebuffer *self);
guint kvmm_framebuffer_get_height (KvmmFramebuffer *self);
/** kvmm_framebuffer_get_stride: bytes from one row to the next */
guint kvmm_framebuffer_get_stride (KvmmFramebuffer *self);
/** kvmm_framebuffer_get_data: (transfer none): the pixels, to be written by the protocol */
guint8 *kvmm_framebuffer_get_data (KvmmFramebuffer *self);
/** kvmm_framebuffer_get_bytes: (transfer none): the same memory; a reference keeps it alive */
GBytes *kvmm_framebuffer_get_bytes (KvmmFramebuffer *self);
/** kvmm_framebuffer_get_surface: (transfer none): the same memory as a cairo surface that is never
 * flushed, marked dirty or finished, since cairo would copy it then */
cairo_surface_t *kvmm_framebuffer_get_surface (KvmmFramebuffer *self);

/**
 * kvmm_framebuffer_damage:
 * @x, @y, @width, @height: what was written, in pixels; what lies outside is ignored
 *
 * Remembers these pixels until they are taken.
 */
void kvmm_framebuffer_damage (KvmmFramebuffer *self, int x, int y, int width, int height);
/**
 * kvmm_framebuffer_make_opaque:
 * @area: within the framebuffer
 *
 * For whoever draws the memory as a texture: a protocol leaves the fourth byte 0, which would be
 * drawn as transparent. The cairo surface has no such byte, and needs no pass over all pixels.
 */
void kvmm_framebuffer_make_opaque (KvmmFramebuffer *self, const cairo_rectangle_int_t *area);
gboolean kvmm_framebuffer_has_damage (KvmmFramebuffer *self);
/** kvmm_framebuffer_take_damage: Returns: (transfer full): what changed since the last time; empty
 * when nothing did */
cairo_region_t *kvmm_framebuffer_take_damage (KvmmFramebuffer *self);

/**
 * kvmm_framebuffer_copy_texture:
 *
 * Returns: (transfer full): a picture of this moment, which later changes do not reach (screenshot,
 * dimmed last picture)
 */
GdkTexture *kvmm_framebuffer_copy_texture (KvmmFramebuffer *self);

G_END_DECLS
