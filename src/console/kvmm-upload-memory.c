/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-upload-memory.h"

#if KVMM_HAVE_X11
#include <cairo-xlib.h>
#include <gdk/x11/gdkx.h>
#endif

/* Below some thousand bytes cairo shares nothing. */
#define KEPT_SIDE 64

struct _KvmmUploadMemory
{
  int width;
  int height;
  cairo_surface_t *kept; /* (owned) (nullable) */
};

#if KVMM_HAVE_X11
static cairo_surface_t *
keep (GdkDisplay *display, int width, int height)
{
  if (!GDK_IS_X11_DISPLAY (display))
    return NULL;

  /* GDK draws to it by another such surface: what they share belongs to the connection. */
  Display *server = gdk_x11_display_get_xdisplay (display);
  cairo_surface_t *root = cairo_xlib_surface_create (
      server, DefaultRootWindow (server), DefaultVisual (server, DefaultScreen (server)), 1, 1);
  /* The memory is asked for with room for a whole frame. */
  cairo_surface_t *frame =
      cairo_surface_create_similar_image (root, CAIRO_FORMAT_ARGB32, width, height);
  cairo_surface_t *kept =
      cairo_surface_create_similar_image (root, CAIRO_FORMAT_ARGB32, KEPT_SIDE, KEPT_SIDE);

  cairo_surface_destroy (frame);
  cairo_surface_destroy (root);
  return kept;
}
#else
static cairo_surface_t *
keep (GdkDisplay *display, int width, int height)
{
  return NULL;
}
#endif

KvmmUploadMemory *
kvmm_upload_memory_new (GdkDisplay *display, int width, int height)
{
  KvmmUploadMemory *self = g_new0 (KvmmUploadMemory, 1);

  self->width = MAX (width, 1);
  self->height = MAX (height, 1);
  self->kept = keep (display, self->width, self->height);
  return self;
}

void
kvmm_upload_memory_free (KvmmUploadMemory *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->kept, cairo_surface_destroy);
  g_free (self);
}

gboolean
kvmm_upload_memory_holds (KvmmUploadMemory *self, int width, int height)
{
  return (gint64) width * height <= (gint64) self->width * self->height;
}
