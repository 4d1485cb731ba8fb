/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-pointer-grab-private.h"

#include <math.h>

#include <X11/Xlib.h>
#include <X11/extensions/XInput2.h>
#include <gdk/x11/gdkx.h>

/* X11 cannot hold the pointer in place. So it is grabbed, and set back to the middle of the widget
 * whenever it has gone far from there, while raw events say what the mouse itself does: they know
 * nothing of these jumps, and of edges. */

/* Part of the widget's smaller side that the pointer may go from the middle. */
#define MAX_WAY 0.25

typedef struct
{
  GtkWidget *widget;          /* (unowned) */
  GtkWidget *root;            /* (owned) */
  GtkEventController *motion; /* (unowned) of root, which hears of the pointer outside too */
  KvmmPointerGrabMovedFunc moved;
  gpointer user_data;
  int device;
} Grab;

static gboolean
is_possible (GdkDisplay *display)
{
  return GDK_IS_X11_DISPLAY (display);
}

static GdkSurface *
get_surface (Grab *self)
{
  GtkNative *native = gtk_widget_get_native (self->widget);

  return native != NULL ? gtk_native_get_surface (native) : NULL;
}

static Display *
get_xdisplay (Grab *self)
{
  return gdk_x11_display_get_xdisplay (gtk_widget_get_display (self->widget));
}

static void
get_middle (Grab *self, double *x, double *y)
{
  *x = floor (gtk_widget_get_width (self->widget) / 2.0);
  *y = floor (gtk_widget_get_height (self->widget) / 2.0);
}

static void
warp (Grab *self)
{
  GtkNative *native = gtk_widget_get_native (self->widget);
  GdkSurface *surface = get_surface (self);
  double x, y, native_x, native_y;

  if (surface == NULL)
    return;
  get_middle (self, &x, &y);
  gtk_widget_translate_coordinates (self->widget, GTK_WIDGET (native), x, y, &x, &y);
  gtk_native_get_surface_transform (native, &native_x, &native_y);

  int scale = gdk_surface_get_scale_factor (surface);
  gdk_x11_display_error_trap_push (gtk_widget_get_display (self->widget));
  XIWarpPointer (get_xdisplay (self), self->device, None, gdk_x11_surface_get_xid (surface), 0, 0,
                 0, 0, (x + native_x) * scale, (y + native_y) * scale);
  gdk_x11_display_error_trap_pop_ignored (gtk_widget_get_display (self->widget));
}

static void
motion_cb (GtkEventControllerMotion *controller, double x, double y, Grab *self)
{
  double middle_x, middle_y;
  double way =
      MAX_WAY * MIN (gtk_widget_get_width (self->widget), gtk_widget_get_height (self->widget));

  if (!gtk_widget_translate_coordinates (self->root, self->widget, x, y, &x, &y))
    return;
  get_middle (self, &middle_x, &middle_y);
  if (hypot (x - middle_x, y - middle_y) > way)
    warp (self);
}

/* Values stand in the event only for the axes that moved. */
static void
report_raw (Grab *self, const XIRawEvent *event)
{
  double moved[2] = { 0, 0 };
  const double *value = event->raw_values;

  for (int axis = 0; axis < event->valuators.mask_len * 8; axis++)
    if (XIMaskIsSet (event->valuators.mask, axis))
      {
        if (axis < (int) G_N_ELEMENTS (moved))
          moved[axis] = *value;
        value++;
      }
  if (moved[0] != 0 || moved[1] != 0)
    self->moved (moved[0], moved[1], self->user_data);
}

static gboolean
xevent_cb (GdkX11Display *display, const XEvent *xevent, Grab *self)
{
  const XGenericEventCookie *cookie = &xevent->xcookie;

  if (xevent->type == GenericEvent && cookie->evtype == XI_RawMotion && cookie->data != NULL)
    report_raw (self, cookie->data);
  return GDK_EVENT_PROPAGATE;
}

static void
select_raw_motion (Grab *self, gboolean is_wanted)
{
  unsigned char bits[XIMaskLen (XI_LASTEVENT)] = { 0 };
  XIEventMask mask = { XIAllMasterDevices, sizeof bits, bits };

  if (is_wanted)
    XISetMask (bits, XI_RawMotion);
  XISelectEvents (get_xdisplay (self), DefaultRootWindow (get_xdisplay (self)), &mask, 1);
}

static gboolean
grab_device (Grab *self)
{
  GdkDisplay *display = gtk_widget_get_display (self->widget);
  GdkSurface *surface = get_surface (self);
  GdkSeat *seat = gdk_display_get_default_seat (display);
  GdkDevice *pointer = seat != NULL ? gdk_seat_get_pointer (seat) : NULL;
  unsigned char bits[XIMaskLen (XI_LASTEVENT)] = { 0 };
  XIEventMask mask = { XIAllMasterDevices, sizeof bits, bits };

  if (surface == NULL || pointer == NULL)
    return FALSE;
  self->device = gdk_x11_device_get_id (pointer);
  XISetMask (bits, XI_ButtonPress);
  XISetMask (bits, XI_ButtonRelease);
  XISetMask (bits, XI_Motion);
  XISetMask (bits, XI_Enter);
  XISetMask (bits, XI_Leave);
  gdk_x11_display_error_trap_push (display);
  /* Not by owner events: these would bring each raw event a second time. */
  int status = XIGrabDevice (get_xdisplay (self), self->device, gdk_x11_surface_get_xid (surface),
                             CurrentTime, None, XIGrabModeAsync, XIGrabModeAsync, False, &mask);
  return gdk_x11_display_error_trap_pop (display) == 0 && status == GrabSuccess;
}

static gpointer
begin (GtkWidget *widget,
       KvmmPointerGrabMovedFunc moved,
       KvmmPointerGrabEndedFunc ended,
       gpointer user_data)
{
  Grab *self = g_new0 (Grab, 1);

  self->widget = widget;
  self->moved = moved;
  self->user_data = user_data;
  if (!grab_device (self))
    {
      g_free (self);
      return NULL;
    }
  self->root = g_object_ref (GTK_WIDGET (gtk_widget_get_root (widget)));
  self->motion = gtk_event_controller_motion_new ();
  gtk_event_controller_set_propagation_phase (self->motion, GTK_PHASE_CAPTURE);
  g_signal_connect (self->motion, "motion", G_CALLBACK (motion_cb), self);
  gtk_widget_add_controller (self->root, self->motion);
  select_raw_motion (self, TRUE);
  g_signal_connect (gtk_widget_get_display (widget), "xevent", G_CALLBACK (xevent_cb), self);
  return self;
}

static void
end (gpointer grab)
{
  Grab *self = grab;
  GdkDisplay *display = gtk_widget_get_display (self->widget);

  g_signal_handlers_disconnect_by_data (display, self);
  select_raw_motion (self, FALSE);
  gdk_x11_display_error_trap_push (display);
  XIUngrabDevice (get_xdisplay (self), self->device, CurrentTime);
  gdk_x11_display_error_trap_pop_ignored (display);
  g_signal_handlers_disconnect_by_data (self->motion, self);
  gtk_widget_remove_controller (self->root, self->motion);
  g_object_unref (self->root);
  g_free (self);
}

const KvmmPointerGrabBackend kvmm_pointer_grab_x11 = { is_possible, begin, end };
