/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-display.h"

#include <glib/gi18n.h>

#if KVMM_HAVE_SPICE
#include "console/kvmm-display-spice.h"
#endif
#if KVMM_HAVE_VNC
#include "console/kvmm-display-vnc.h"
#endif

/* Which protocols this build speaks. */

static GType
get_type_for_kind (KvmmGraphicsKind kind)
{
  switch (kind)
    {
    case KVMM_GRAPHICS_VNC:
#if KVMM_HAVE_VNC
      return KVMM_TYPE_DISPLAY_VNC;
#else
      return G_TYPE_INVALID;
#endif
    case KVMM_GRAPHICS_SPICE:
#if KVMM_HAVE_SPICE
      return KVMM_TYPE_DISPLAY_SPICE;
#else
      return G_TYPE_INVALID;
#endif
    case KVMM_GRAPHICS_DBUS:
    case KVMM_GRAPHICS_OTHER:
      return G_TYPE_INVALID;
    }
  return G_TYPE_INVALID;
}

gboolean
kvmm_display_supports_kind (KvmmGraphicsKind kind)
{
  return get_type_for_kind (kind) != G_TYPE_INVALID;
}

KvmmDisplay *
kvmm_display_new_for_kind (KvmmGraphicsKind kind, GError **error)
{
  GType type = get_type_for_kind (kind);

  if (type == G_TYPE_INVALID)
    {
      g_set_error_literal (error, KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_UNSUPPORTED,
                           _ ("Screens of this kind cannot be shown here"));
      return NULL;
    }
  return g_object_new (type, NULL);
}
