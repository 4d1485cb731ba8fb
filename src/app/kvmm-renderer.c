/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <gtk/gtk.h>

#include <epoxy/gl.h>

#include "app/kvmm-renderer.h"

static gboolean
is_software (const char *renderer)
{
  return renderer == NULL || strstr (renderer, "llvmpipe") != NULL ||
         strstr (renderer, "softpipe") != NULL || strstr (renderer, "swrast") != NULL;
}

void
kvmm_renderer_choose (void)
{
  GdkDisplay *display = gdk_display_get_default ();
  g_autoptr (GdkGLContext) context = NULL;
  gboolean software = TRUE;

  if (display == NULL || g_getenv ("GSK_RENDERER") != NULL)
    return;
  context = gdk_display_create_gl_context (display, NULL);
  if (context != NULL && gdk_gl_context_realize (context, NULL))
    {
      gdk_gl_context_make_current (context);
      software = is_software ((const char *) glGetString (GL_RENDERER));
      gdk_gl_context_clear_current ();
    }
  if (software)
    {
      g_debug ("OpenGL is drawn in software here; using the cairo renderer");
      g_setenv ("GSK_RENDERER", "cairo", FALSE);
    }
}
