/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-pointer-grab-private.h"

#include <string.h>

#include <gdk/wayland/gdkwayland.h>

#include "pointer-constraints-unstable-v1-client-protocol.h"
#include "relative-pointer-unstable-v1-client-protocol.h"

/* Two protocols that GTK does not use: one locks the pointer where it is, the other says how the
 * mouse moves. Their events come through GTK's own queue. */

#define GLOBALS_KEY "kvmm-pointer-globals"

/* What the compositor offers; lives as long as the display. */
typedef struct
{
  struct wl_registry *registry;
  struct zwp_relative_pointer_manager_v1 *relative; /* (nullable) */
  struct zwp_pointer_constraints_v1 *constraints;   /* (nullable) */
} Globals;

typedef struct
{
  KvmmPointerGrabMovedFunc moved;
  KvmmPointerGrabEndedFunc ended;
  gpointer user_data;
  struct zwp_locked_pointer_v1 *locked;
  struct zwp_relative_pointer_v1 *relative;
} Grab;

static void
global_cb (void *data,
           struct wl_registry *registry,
           uint32_t name,
           const char *interface,
           uint32_t version)
{
  Globals *self = data;

  if (strcmp (interface, zwp_relative_pointer_manager_v1_interface.name) == 0 &&
      self->relative == NULL)
    self->relative =
        wl_registry_bind (registry, name, &zwp_relative_pointer_manager_v1_interface, 1);
  else if (strcmp (interface, zwp_pointer_constraints_v1_interface.name) == 0 &&
           self->constraints == NULL)
    self->constraints = wl_registry_bind (registry, name, &zwp_pointer_constraints_v1_interface, 1);
}

static void
global_remove_cb (void *data, struct wl_registry *registry, uint32_t name)
{
}

static const struct wl_registry_listener registry_listener = { global_cb, global_remove_cb };

/* The answer comes with the next events; nothing waits for it. */
static Globals *
ensure_globals (GdkDisplay *display)
{
  Globals *self = g_object_get_data (G_OBJECT (display), GLOBALS_KEY);

  if (self != NULL)
    return self;
  self = g_new0 (Globals, 1);
  self->registry = wl_display_get_registry (gdk_wayland_display_get_wl_display (display));
  wl_registry_add_listener (self->registry, &registry_listener, self);
  /* The proxies belong to the display and end with it. */
  g_object_set_data_full (G_OBJECT (display), GLOBALS_KEY, self, g_free);
  return self;
}

static gboolean
is_possible (GdkDisplay *display)
{
  if (!GDK_IS_WAYLAND_DISPLAY (display))
    return FALSE;

  Globals *globals = ensure_globals (display);
  return globals->relative != NULL && globals->constraints != NULL;
}

static void
relative_motion_cb (void *data,
                    struct zwp_relative_pointer_v1 *pointer,
                    uint32_t time_high,
                    uint32_t time_low,
                    wl_fixed_t dx,
                    wl_fixed_t dy,
                    wl_fixed_t dx_raw,
                    wl_fixed_t dy_raw)
{
  Grab *self = data;

  /* The guest accelerates by itself. */
  self->moved (wl_fixed_to_double (dx_raw), wl_fixed_to_double (dy_raw), self->user_data);
}

static const struct zwp_relative_pointer_v1_listener relative_listener = { relative_motion_cb };

static void
locked_cb (void *data, struct zwp_locked_pointer_v1 *locked)
{
}

/* The compositor took the pointer back: the person pressed its own keys for that. */
static void
unlocked_cb (void *data, struct zwp_locked_pointer_v1 *locked)
{
  Grab *self = data;

  self->ended (self->user_data);
}

static const struct zwp_locked_pointer_v1_listener locked_listener = { locked_cb, unlocked_cb };

static gpointer
begin (GtkWidget *widget,
       KvmmPointerGrabMovedFunc moved,
       KvmmPointerGrabEndedFunc ended,
       gpointer user_data)
{
  GdkDisplay *display = gtk_widget_get_display (widget);
  GdkSurface *surface = gtk_native_get_surface (gtk_widget_get_native (widget));
  GdkSeat *seat = gdk_display_get_default_seat (display);
  GdkDevice *device = seat != NULL ? gdk_seat_get_pointer (seat) : NULL;
  struct wl_pointer *pointer = device != NULL ? gdk_wayland_device_get_wl_pointer (device) : NULL;
  struct wl_surface *wl_surface =
      surface != NULL ? gdk_wayland_surface_get_wl_surface (surface) : NULL;
  Globals *globals = ensure_globals (display);

  if (pointer == NULL || wl_surface == NULL)
    return NULL;

  Grab *self = g_new0 (Grab, 1);
  self->moved = moved;
  self->ended = ended;
  self->user_data = user_data;
  self->locked = zwp_pointer_constraints_v1_lock_pointer (
      globals->constraints, wl_surface, pointer, NULL, ZWP_POINTER_CONSTRAINTS_V1_LIFETIME_ONESHOT);
  zwp_locked_pointer_v1_add_listener (self->locked, &locked_listener, self);
  self->relative =
      zwp_relative_pointer_manager_v1_get_relative_pointer (globals->relative, pointer);
  zwp_relative_pointer_v1_add_listener (self->relative, &relative_listener, self);
  return self;
}

static void
end (gpointer grab)
{
  Grab *self = grab;

  zwp_relative_pointer_v1_destroy (self->relative);
  zwp_locked_pointer_v1_destroy (self->locked);
  g_free (self);
}

const KvmmPointerGrabBackend kvmm_pointer_grab_wayland = { is_possible, begin, end };
