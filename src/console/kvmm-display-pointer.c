/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-display-pointer.h"

#include <math.h>

#include "console/kvmm-display-private.h"
#include "console/kvmm-pointer-grab.h"

/* Buttons of every protocol here: 1–3, the wheel as 4–7, back and forward. */
#define MAX_BUTTON 9
#define WHEEL_UP 4
#define WHEEL_DOWN 5
#define WHEEL_LEFT 6
#define WHEEL_RIGHT 7
/* Most notches of one scroll event that are passed on. */
#define MAX_NOTCHES 10
/* A touch pad tells pixels; so many are one notch. */
#define PIXELS_PER_NOTCH 15.0

struct _KvmmDisplayPointer
{
  KvmmDisplay *display;           /* (unowned) */
  GtkEventController *controller; /* (unowned) of the widget */
  gboolean is_absolute;
  KvmmPointerGrab *grab; /* (owned) (nullable) */
  guint mask;            /* buttons that the guest thinks are held */
  gboolean eats_release; /* the press took the pointer and was not sent */

  gboolean has_place; /* last_x and last_y are of a pointer inside the widget */
  double last_x, last_y;
  double rest_x, rest_y;     /* movement that was less than a pixel */
  double scroll_x, scroll_y; /* scrolling that was less than a notch */

  gboolean is_cursor_set;
  GdkCursor *cursor; /* (owned) (nullable) the guest's; NULL while set: hidden */
};

static guint
get_mask_bit (guint button)
{
  return 1u << (button - 1);
}

static KvmmDisplayClass *
get_class (KvmmDisplayPointer *self)
{
  return KVMM_DISPLAY_GET_CLASS (self->display);
}

/* ---- movement ---- */

static void
send_motion (KvmmDisplayPointer *self, double dx, double dy)
{
  self->rest_x += dx;
  self->rest_y += dy;

  double whole_x = trunc (self->rest_x), whole_y = trunc (self->rest_y);
  if (whole_x == 0 && whole_y == 0)
    return;
  self->rest_x -= whole_x;
  self->rest_y -= whole_y;
  /* What the protocols can carry; nobody moves a mouse that far. */
  whole_x = CLAMP (whole_x, -16383, 16383);
  whole_y = CLAMP (whole_y, -16383, 16383);
  get_class (self)->pointer_motion (self->display, (int) whole_x, (int) whole_y, self->mask);
}

/* Returns: whether there is a picture to point at */
static gboolean
send_position (KvmmDisplayPointer *self, double x, double y)
{
  guint guest_x, guest_y;

  if (kvmm_display_get_framebuffer (self->display) == NULL)
    return FALSE;
  kvmm_display_widget_to_guest (self->display, x, y, &guest_x, &guest_y);
  get_class (self)->pointer_position (self->display, guest_x, guest_y, self->mask);
  return TRUE;
}

/* Without a grab the guest's pointer at least follows what happens inside the widget. */
static void
follow (KvmmDisplayPointer *self, double x, double y)
{
  if (self->has_place)
    send_motion (self, x - self->last_x, y - self->last_y);
  self->has_place = TRUE;
  self->last_x = x;
  self->last_y = y;
}

void
kvmm_display_pointer_moved (KvmmDisplayPointer *self, double x, double y)
{
  if (!kvmm_display_is_interactive (self->display) || self->grab != NULL)
    return;
  if (self->is_absolute)
    send_position (self, x, y);
  else
    follow (self, x, y);
}

void
kvmm_display_pointer_moved_by (KvmmDisplayPointer *self, double dx, double dy)
{
  if (kvmm_display_is_interactive (self->display) && !self->is_absolute)
    send_motion (self, dx, dy);
}

/* ---- the pointer that is held ---- */

static void
update_cursor (KvmmDisplayPointer *self)
{
  GtkWidget *widget = GTK_WIDGET (self->display);

  if (self->grab != NULL || (self->is_cursor_set && self->cursor == NULL &&
                             kvmm_display_is_interactive (self->display) && self->is_absolute))
    gtk_widget_set_cursor_from_name (widget, "none");
  else if (self->is_cursor_set && self->cursor != NULL &&
           kvmm_display_is_interactive (self->display))
    gtk_widget_set_cursor (widget, self->cursor);
  else
    gtk_widget_set_cursor (widget, NULL);
}

static void
grab_moved_cb (double dx, double dy, gpointer user_data)
{
  kvmm_display_pointer_moved_by (user_data, dx, dy);
}

static void
grab_ended_cb (gpointer user_data)
{
  kvmm_display_pointer_ungrab (user_data);
}

static gboolean
take_pointer (KvmmDisplayPointer *self)
{
  if (self->is_absolute || self->grab != NULL)
    return FALSE;
  self->grab =
      kvmm_pointer_grab_new (GTK_WIDGET (self->display), grab_moved_cb, grab_ended_cb, self);
  if (self->grab == NULL)
    return FALSE;
  self->has_place = FALSE;
  update_cursor (self);
  kvmm_display_notify (self->display, KVMM_DISPLAY_PROP_POINTER_GRABBED);
  return TRUE;
}

void
kvmm_display_pointer_ungrab (KvmmDisplayPointer *self)
{
  if (self->grab == NULL)
    return;
  g_clear_pointer (&self->grab, kvmm_pointer_grab_free);
  self->has_place = FALSE;
  update_cursor (self);
  kvmm_display_notify (self->display, KVMM_DISPLAY_PROP_POINTER_GRABBED);
}

gboolean
kvmm_display_pointer_get_is_grabbed (KvmmDisplayPointer *self)
{
  return self->grab != NULL;
}

gboolean
kvmm_display_pointer_get_can_grab (KvmmDisplayPointer *self)
{
  return kvmm_pointer_grab_is_possible (GTK_WIDGET (self->display));
}

/* ---- buttons ---- */

static void
send_button (KvmmDisplayPointer *self, gboolean down, guint button)
{
  if (down)
    self->mask |= get_mask_bit (button);
  else
    self->mask &= ~get_mask_bit (button);
  get_class (self)->pointer_button (self->display, down, button, self->mask);
}

void
kvmm_display_pointer_pressed (KvmmDisplayPointer *self, guint button, double x, double y)
{
  gtk_widget_grab_focus (GTK_WIDGET (self->display));
  if (!kvmm_display_is_interactive (self->display) || button == 0 || button > MAX_BUTTON)
    return;
  kvmm_display_keyboard_take (kvmm_display_get_private (self->display)->keyboard);
  if (take_pointer (self))
    {
      self->eats_release = TRUE;
      return;
    }
  if (self->is_absolute && !send_position (self, x, y))
    return;
  send_button (self, TRUE, button);
}

void
kvmm_display_pointer_released (KvmmDisplayPointer *self, guint button, double x, double y)
{
  if (self->eats_release)
    {
      self->eats_release = FALSE;
      return;
    }
  if (button == 0 || button > MAX_BUTTON || !(self->mask & get_mask_bit (button)) ||
      !kvmm_display_is_interactive (self->display))
    return;
  if (self->is_absolute)
    send_position (self, x, y);
  send_button (self, FALSE, button);
}

void
kvmm_display_pointer_release_buttons (KvmmDisplayPointer *self, gboolean forget)
{
  for (guint button = 1; button <= MAX_BUTTON; button++)
    if ((self->mask & get_mask_bit (button)) && !forget &&
        kvmm_display_is_interactive (self->display))
      send_button (self, FALSE, button);
  self->mask = 0;
  self->eats_release = FALSE;
}

/* ---- the wheel ---- */

static void
turn_wheel (KvmmDisplayPointer *self, double *rest, double delta, guint less, guint more)
{
  *rest += delta;

  double notches = CLAMP (trunc (*rest), -MAX_NOTCHES, MAX_NOTCHES);
  *rest -= trunc (*rest);
  for (double i = 0; i < fabs (notches); i++)
    {
      send_button (self, TRUE, notches < 0 ? less : more);
      send_button (self, FALSE, notches < 0 ? less : more);
    }
}

void
kvmm_display_pointer_scrolled (KvmmDisplayPointer *self, double dx, double dy)
{
  if (!kvmm_display_is_interactive (self->display))
    return;
  turn_wheel (self, &self->scroll_y, dy, WHEEL_UP, WHEEL_DOWN);
  turn_wheel (self, &self->scroll_x, dx, WHEEL_LEFT, WHEEL_RIGHT);
}

static void
scroll_event (KvmmDisplayPointer *self, GdkEvent *event)
{
  double dx = 0, dy = 0;

  switch (gdk_scroll_event_get_direction (event))
    {
    case GDK_SCROLL_UP:
      dy = -1;
      break;
    case GDK_SCROLL_DOWN:
      dy = 1;
      break;
    case GDK_SCROLL_LEFT:
      dx = -1;
      break;
    case GDK_SCROLL_RIGHT:
      dx = 1;
      break;
    case GDK_SCROLL_SMOOTH:
      gdk_scroll_event_get_deltas (event, &dx, &dy);
      if (gdk_scroll_event_get_unit (event) == GDK_SCROLL_UNIT_SURFACE)
        {
          dx /= PIXELS_PER_NOTCH;
          dy /= PIXELS_PER_NOTCH;
        }
      break;
    default:
      break;
    }
  kvmm_display_pointer_scrolled (self, dx, dy);
}

/* ---- events ---- */

static gboolean
get_place (KvmmDisplayPointer *self, GdkEvent *event, double *x, double *y)
{
  GtkWidget *widget = GTK_WIDGET (self->display);
  GtkNative *native = gtk_widget_get_native (widget);
  double native_x, native_y;

  if (native == NULL || !gdk_event_get_position (event, x, y))
    return FALSE;
  gtk_native_get_surface_transform (native, &native_x, &native_y);
  return gtk_widget_translate_coordinates (GTK_WIDGET (native), widget, *x - native_x,
                                           *y - native_y, x, y);
}

/* One controller for all: a gesture follows one button, and a guest wants them all. */
static gboolean
event_cb (GtkEventControllerLegacy *controller, GdkEvent *event, KvmmDisplayPointer *self)
{
  GdkEventType type = gdk_event_get_event_type (event);
  double x, y;

  if (type == GDK_LEAVE_NOTIFY)
    self->has_place = FALSE;
  if (type == GDK_SCROLL)
    {
      scroll_event (self, event);
      return kvmm_display_is_interactive (self->display);
    }
  if ((type != GDK_MOTION_NOTIFY && type != GDK_BUTTON_PRESS && type != GDK_BUTTON_RELEASE) ||
      !get_place (self, event, &x, &y))
    return GDK_EVENT_PROPAGATE;
  if (type == GDK_MOTION_NOTIFY)
    kvmm_display_pointer_moved (self, x, y);
  else if (type == GDK_BUTTON_PRESS)
    kvmm_display_pointer_pressed (self, gdk_button_event_get_button (event), x, y);
  else
    kvmm_display_pointer_released (self, gdk_button_event_get_button (event), x, y);
  /* A press on a screen is nothing for the widgets around it. */
  return type != GDK_MOTION_NOTIFY;
}

KvmmDisplayPointer *
kvmm_display_pointer_new (KvmmDisplay *display)
{
  KvmmDisplayPointer *self = g_new0 (KvmmDisplayPointer, 1);

  self->display = display;
  self->is_absolute = TRUE;
  self->controller = gtk_event_controller_legacy_new ();
  g_signal_connect (self->controller, "event", G_CALLBACK (event_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (display), self->controller);
  /* Asked in time: a compositor answers later. */
  kvmm_pointer_grab_is_possible (GTK_WIDGET (display));
  return self;
}

void
kvmm_display_pointer_stop (KvmmDisplayPointer *self)
{
  if (self->controller != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->controller, self);
      self->controller = NULL;
    }
  g_clear_pointer (&self->grab, kvmm_pointer_grab_free);
}

void
kvmm_display_pointer_free (KvmmDisplayPointer *self)
{
  g_clear_pointer (&self->grab, kvmm_pointer_grab_free);
  g_clear_object (&self->cursor);
  g_free (self);
}

/* ---- what the guest says ---- */

void
kvmm_display_pointer_update (KvmmDisplayPointer *self)
{
  if (!kvmm_display_is_interactive (self->display))
    kvmm_display_pointer_ungrab (self);
  update_cursor (self);
}

gboolean
kvmm_display_pointer_get_is_absolute (KvmmDisplayPointer *self)
{
  return self->is_absolute;
}

gboolean
kvmm_display_pointer_set_is_absolute (KvmmDisplayPointer *self, gboolean absolute)
{
  if (self->is_absolute == absolute)
    return FALSE;
  self->is_absolute = absolute;
  self->has_place = FALSE;
  if (absolute)
    kvmm_display_pointer_ungrab (self);
  update_cursor (self);
  return TRUE;
}

void
kvmm_display_pointer_set_cursor (
    KvmmDisplayPointer *self, gboolean is_set, GdkTexture *texture, int hot_x, int hot_y)
{
  self->is_cursor_set = is_set;
  g_clear_object (&self->cursor);
  if (texture != NULL)
    self->cursor =
        gdk_cursor_new_from_texture (texture, CLAMP (hot_x, 0, gdk_texture_get_width (texture) - 1),
                                     CLAMP (hot_y, 0, gdk_texture_get_height (texture) - 1), NULL);
  update_cursor (self);
}
