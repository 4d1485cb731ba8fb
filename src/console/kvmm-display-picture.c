/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-display-picture.h"

#include <math.h>

#include <gsk/gsk.h>

#include "console/kvmm-display-private.h"
#include "console/kvmm-tiles.h"
#include "console/kvmm-upload-memory.h"

/* A server that never stops talking leaves no idle moment: then what it said is drawn this often.
 */
#define MAX_DAMAGE_AGE_US (50 * 1000)
/* An old picture is still readable, and nobody takes it for a live one. */
#define DIMMED_OPACITY 0.35

struct _KvmmDisplayPicture
{
  KvmmDisplay *display;         /* (unowned) */
  KvmmFramebuffer *framebuffer; /* (owned) (nullable) */
  KvmmTiles *tiles;             /* (owned) (nullable) */
  KvmmDisplayScaling scaling;
  gboolean resize_guest;
  gboolean is_dimmed;
  gboolean is_paused;

  guint damage_source;
  gint64 damage_since_us; /* monotonic, of the first that waits */
  gboolean is_drawn;      /* all that was damaged before this turn is on the screen */
  gboolean owes_frame;    /* want_frame waits for that, or for somebody to look */

  guint resize_source;
  guint asked_width; /* the guest was asked for this size */
  guint asked_height;

  GdkSurface *surface;      /* (unowned) (nullable) whose state is watched */
  KvmmUploadMemory *memory; /* (owned) (nullable) while it is drawn there by cairo */
};

KvmmDisplayPicture *
kvmm_display_picture_new (KvmmDisplay *display)
{
  KvmmDisplayPicture *self = g_new0 (KvmmDisplayPicture, 1);

  self->display = display;
  self->is_paused = TRUE;
  self->is_drawn = TRUE;
  return self;
}

static void
unwatch_surface (KvmmDisplayPicture *self)
{
  g_clear_pointer (&self->memory, kvmm_upload_memory_free);
  if (self->surface == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->surface, self);
  self->surface = NULL;
}

void
kvmm_display_picture_stop (KvmmDisplayPicture *self)
{
  g_clear_handle_id (&self->damage_source, g_source_remove);
  g_clear_handle_id (&self->resize_source, g_source_remove);
  unwatch_surface (self);
}

void
kvmm_display_picture_free (KvmmDisplayPicture *self)
{
  kvmm_display_picture_stop (self);
  g_clear_pointer (&self->tiles, kvmm_tiles_free);
  g_clear_object (&self->framebuffer);
  g_free (self);
}

/* ---- frames ---- */

static void
want_frame (KvmmDisplayPicture *self)
{
  KvmmDisplayClass *klass = KVMM_DISPLAY_GET_CLASS (self->display);

  self->owes_frame = FALSE;
  if (klass->want_frame != NULL && kvmm_display_get_state (self->display) == KVMM_DISPLAY_CONNECTED)
    klass->want_frame (self->display);
}

/* One update ahead: while this one is drawn the server prepares the next, and no more. */
static void
want_frame_if_due (KvmmDisplayPicture *self)
{
  if (self->owes_frame && self->is_drawn && !self->is_paused)
    want_frame (self);
}

static gboolean
damage_idle_cb (gpointer user_data)
{
  KvmmDisplayPicture *self = user_data;

  self->damage_source = 0;
  if (self->framebuffer == NULL)
    return G_SOURCE_REMOVE;

  cairo_region_t *damage = kvmm_framebuffer_take_damage (self->framebuffer);
  if (!cairo_region_is_empty (damage))
    {
      kvmm_tiles_damage (self->tiles, damage);
      self->owes_frame = TRUE;
      /* What was drawn before allows one more request; this damage the next one. */
      want_frame_if_due (self);
      self->is_drawn = FALSE;
      gtk_widget_queue_draw (GTK_WIDGET (self->display));
    }
  cairo_region_destroy (damage);
  return G_SOURCE_REMOVE;
}

/* A protocol sends many rectangles for one update and does not say which is the last: when the main
 * loop has nothing more urgent, all that has arrived was decoded. */
static void
queue_damage (KvmmDisplayPicture *self)
{
  if (self->damage_source == 0)
    {
      self->damage_since_us = g_get_monotonic_time ();
      self->damage_source =
          g_idle_add_full (G_PRIORITY_DEFAULT_IDLE + 1, damage_idle_cb, self, NULL);
    }
  else if (g_get_monotonic_time () - self->damage_since_us > MAX_DAMAGE_AGE_US)
    {
      g_source_remove (self->damage_source);
      damage_idle_cb (self);
    }
}

void
kvmm_display_picture_damage (KvmmDisplayPicture *self, int x, int y, int width, int height)
{
  if (self->framebuffer == NULL)
    return;
  kvmm_framebuffer_damage (self->framebuffer, x, y, width, height);
  if (kvmm_framebuffer_has_damage (self->framebuffer))
    queue_damage (self);
}

void
kvmm_display_picture_connected (KvmmDisplayPicture *self)
{
  self->asked_width = 0;
  self->asked_height = 0;
}

void
kvmm_display_picture_set_framebuffer (KvmmDisplayPicture *self, KvmmFramebuffer *framebuffer)
{
  guint width = 0, height = 0;

  if (self->framebuffer != NULL)
    {
      width = kvmm_framebuffer_get_width (self->framebuffer);
      height = kvmm_framebuffer_get_height (self->framebuffer);
    }
  g_clear_pointer (&self->tiles, kvmm_tiles_free);
  g_set_object (&self->framebuffer, framebuffer);
  if (framebuffer != NULL)
    {
      self->tiles = kvmm_tiles_new (framebuffer);
      queue_damage (self);
    }

  guint new_width = framebuffer != NULL ? kvmm_framebuffer_get_width (framebuffer) : 0;
  guint new_height = framebuffer != NULL ? kvmm_framebuffer_get_height (framebuffer) : 0;
  gtk_widget_queue_draw (GTK_WIDGET (self->display));
  if (width == new_width && height == new_height)
    return;
  gtk_widget_queue_resize (GTK_WIDGET (self->display));
  kvmm_display_notify (self->display, KVMM_DISPLAY_PROP_GUEST_WIDTH);
  kvmm_display_notify (self->display, KVMM_DISPLAY_PROP_GUEST_HEIGHT);
}

KvmmFramebuffer *
kvmm_display_picture_get_framebuffer (KvmmDisplayPicture *self)
{
  return self->framebuffer;
}

/* ---- who looks ---- */

gboolean
kvmm_display_picture_get_paused (KvmmDisplayPicture *self)
{
  return self->is_paused;
}

static gboolean
is_minimised (KvmmDisplayPicture *self)
{
  return self->surface != NULL && GDK_IS_TOPLEVEL (self->surface) &&
         (gdk_toplevel_get_state (GDK_TOPLEVEL (self->surface)) & GDK_TOPLEVEL_STATE_MINIMIZED);
}

static void
state_changed_cb (GdkSurface *surface, GParamSpec *pspec, KvmmDisplayPicture *self)
{
  kvmm_display_picture_update_paused (self);
}

void
kvmm_display_picture_update_paused (KvmmDisplayPicture *self)
{
  GtkWidget *widget = GTK_WIDGET (self->display);
  KvmmDisplayClass *klass = KVMM_DISPLAY_GET_CLASS (self->display);
  GtkNative *native = gtk_widget_get_mapped (widget) ? gtk_widget_get_native (widget) : NULL;
  GdkSurface *surface = native != NULL ? gtk_native_get_surface (native) : NULL;

  if (surface != self->surface)
    {
      unwatch_surface (self);
      self->surface = surface;
      if (GDK_IS_TOPLEVEL (surface))
        g_signal_connect (surface, "notify::state", G_CALLBACK (state_changed_cb), self);
    }

  gboolean is_paused = surface == NULL || is_minimised (self);
  if (is_paused == self->is_paused)
    return;
  self->is_paused = is_paused;
  if (is_paused)
    g_clear_pointer (&self->memory, kvmm_upload_memory_free);
  else
    {
      /* What was damaged meanwhile may never be drawn as a frame of its own. */
      self->is_drawn = TRUE;
      gtk_widget_queue_draw (widget);
    }
  if (klass->set_paused != NULL)
    klass->set_paused (self->display, is_paused);
  kvmm_display_notify (self->display, KVMM_DISPLAY_PROP_PAUSED);
  want_frame_if_due (self);
}

/* ---- where it stands ---- */

/* GTK 4.8 knows whole scales only; newer ones say the true one in a property of the surface. */
static double
get_scale (KvmmDisplayPicture *self)
{
  GtkWidget *widget = GTK_WIDGET (self->display);
  double scale = gtk_widget_get_scale_factor (widget);
  GtkNative *native = gtk_widget_get_native (widget);
  GdkSurface *surface = native != NULL ? gtk_native_get_surface (native) : NULL;

  if (surface != NULL &&
      g_object_class_find_property (G_OBJECT_GET_CLASS (surface), "scale") != NULL)
    g_object_get (surface, "scale", &scale, NULL);
  return scale > 0 ? scale : 1;
}

/* Of the widget in its surface; what is more than whole pixels does not matter, and would make
 * everything anew with each step of a scroll bar. */
static void
get_origin (KvmmDisplayPicture *self, double scale, double *x, double *y)
{
  GtkWidget *widget = GTK_WIDGET (self->display);
  GtkNative *native = gtk_widget_get_native (widget);
  graphene_point_t origin = GRAPHENE_POINT_INIT (0, 0);
  double native_x = 0, native_y = 0;

  if (native != NULL &&
      gtk_widget_compute_point (widget, GTK_WIDGET (native), &GRAPHENE_POINT_INIT (0, 0), &origin))
    gtk_native_get_surface_transform (native, &native_x, &native_y);
  *x = fmod ((origin.x + native_x) * scale, 1) / scale;
  *y = fmod ((origin.y + native_y) * scale, 1) / scale;
}

static gboolean
get_layout (KvmmDisplayPicture *self, KvmmTilesLayout *layout)
{
  if (self->framebuffer == NULL)
    return FALSE;

  layout->scale = get_scale (self);
  get_origin (self, layout->scale, &layout->origin_x, &layout->origin_y);
  KvmmPlacementInput input = {
    .guest_width = kvmm_framebuffer_get_width (self->framebuffer),
    .guest_height = kvmm_framebuffer_get_height (self->framebuffer),
    .width = gtk_widget_get_width (GTK_WIDGET (self->display)),
    .height = gtk_widget_get_height (GTK_WIDGET (self->display)),
    .origin_x = layout->origin_x,
    .origin_y = layout->origin_y,
    .scale = layout->scale,
    .scaling = self->scaling,
  };
  kvmm_placement_compute (&input, &layout->placement);
  return TRUE;
}

gboolean
kvmm_display_picture_get_placement (KvmmDisplayPicture *self, KvmmPlacement *placement)
{
  KvmmTilesLayout layout = { 0 };

  if (!get_layout (self, &layout))
    return FALSE;
  *placement = layout.placement;
  return TRUE;
}

/* ---- drawing ---- */

static void
append_black (GtkSnapshot *snapshot, double x, double y, double width, double height)
{
  static const GdkRGBA black = { 0, 0, 0, 1 };

  if (width > 0 && height > 0)
    gtk_snapshot_append_color (
        snapshot, &black,
        &GRAPHENE_RECT_INIT ((float) x, (float) y, (float) width, (float) height));
}

/* Only what the picture leaves free: each layer below it costs a pass over all its pixels. */
static void
append_borders (KvmmDisplayPicture *self, GtkSnapshot *snapshot, const KvmmPlacement *placement)
{
  double width = gtk_widget_get_width (GTK_WIDGET (self->display));
  double height = gtk_widget_get_height (GTK_WIDGET (self->display));
  double right = placement->x + placement->width, bottom = placement->y + placement->height;

  append_black (snapshot, 0, 0, width, placement->y);
  append_black (snapshot, 0, bottom, width, height - bottom);
  append_black (snapshot, 0, placement->y, placement->x, placement->height);
  append_black (snapshot, right, placement->y, width - right, placement->height);
}

/* Frames go to the window as a whole: what else is in it, too. */
static void
ensure_memory (KvmmDisplayPicture *self)
{
  double scale = get_scale (self);
  int width = self->surface != NULL ? (int) (gdk_surface_get_width (self->surface) * scale) : 0;
  int height = self->surface != NULL ? (int) (gdk_surface_get_height (self->surface) * scale) : 0;

  if (width <= 0 || height <= 0 ||
      (self->memory != NULL && kvmm_upload_memory_holds (self->memory, width, height)))
    return;
  g_clear_pointer (&self->memory, kvmm_upload_memory_free);
  self->memory = kvmm_upload_memory_new (gdk_surface_get_display (self->surface), width, height);
}

void
kvmm_display_picture_snapshot (KvmmDisplayPicture *self, GtkSnapshot *snapshot)
{
  GtkWidget *widget = GTK_WIDGET (self->display);
  GtkNative *native = gtk_widget_get_native (widget);
  double width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  KvmmTilesLayout layout = { 0 };

  if (!get_layout (self, &layout))
    {
      append_black (snapshot, 0, 0, width, height);
      return;
    }

  layout.is_cairo = native != NULL && GSK_IS_CAIRO_RENDERER (gtk_native_get_renderer (native));
  if (layout.is_cairo)
    ensure_memory (self);
  if (self->is_dimmed)
    {
      append_black (snapshot, 0, 0, width, height);
      gtk_snapshot_push_opacity (snapshot, DIMMED_OPACITY);
    }
  kvmm_tiles_snapshot (self->tiles, snapshot, &layout);
  if (self->is_dimmed)
    gtk_snapshot_pop (snapshot);
  else
    append_borders (self, snapshot, &layout.placement);

  self->is_drawn = TRUE;
  want_frame_if_due (self);
}

void
kvmm_display_picture_set_scaling (KvmmDisplayPicture *self, KvmmDisplayScaling scaling)
{
  self->scaling = scaling;
  gtk_widget_queue_resize (GTK_WIDGET (self->display));
  gtk_widget_queue_draw (GTK_WIDGET (self->display));
}

KvmmDisplayScaling
kvmm_display_picture_get_scaling (KvmmDisplayPicture *self)
{
  return self->scaling;
}

gboolean
kvmm_display_picture_set_dimmed (KvmmDisplayPicture *self, gboolean dimmed)
{
  if (self->is_dimmed == dimmed)
    return FALSE;
  self->is_dimmed = dimmed;
  gtk_widget_queue_draw (GTK_WIDGET (self->display));
  return TRUE;
}

gboolean
kvmm_display_picture_get_dimmed (KvmmDisplayPicture *self)
{
  return self->is_dimmed;
}

/* ---- size ---- */

void
kvmm_display_picture_measure (KvmmDisplayPicture *self,
                              GtkOrientation orientation,
                              int *minimum,
                              int *natural)
{
  guint pixels = orientation == GTK_ORIENTATION_HORIZONTAL
                     ? kvmm_display_get_guest_width (self->display)
                     : kvmm_display_get_guest_height (self->display);
  double unit = self->scaling == KVMM_DISPLAY_SCALING_NEVER ? 1 : 1 / get_scale (self);

  *natural = MAX ((int) ceil (pixels * unit), 1);
  /* A guest that follows the window must let it shrink. */
  *minimum = self->scaling == KVMM_DISPLAY_SCALING_FIT || self->resize_guest ? 1 : *natural;
}

static gboolean
resize_cb (gpointer user_data)
{
  KvmmDisplayPicture *self = user_data;
  GtkWidget *widget = GTK_WIDGET (self->display);
  KvmmDisplayClass *klass = KVMM_DISPLAY_GET_CLASS (self->display);
  double scale = self->scaling == KVMM_DISPLAY_SCALING_NEVER ? 1 : get_scale (self);
  guint width = (guint) floor (gtk_widget_get_width (widget) * scale);
  guint height = (guint) floor (gtk_widget_get_height (widget) * scale);

  self->resize_source = 0;
  width = MIN (width, KVMM_FRAMEBUFFER_MAX_SIDE);
  height = MIN (height, KVMM_FRAMEBUFFER_MAX_SIDE);
  if (width < 2 || height < 2 || (width == self->asked_width && height == self->asked_height))
    return G_SOURCE_REMOVE;
  self->asked_width = width;
  self->asked_height = height;
  klass->request_size (self->display, width, height);
  return G_SOURCE_REMOVE;
}

void
kvmm_display_picture_queue_resize (KvmmDisplayPicture *self)
{
  gboolean is_due = self->resize_guest && gtk_widget_get_mapped (GTK_WIDGET (self->display)) &&
                    kvmm_display_get_state (self->display) == KVMM_DISPLAY_CONNECTED &&
                    (kvmm_display_get_capabilities (self->display) & KVMM_DISPLAY_CAN_RESIZE) &&
                    KVMM_DISPLAY_GET_CLASS (self->display)->request_size != NULL;

  g_clear_handle_id (&self->resize_source, g_source_remove);
  if (is_due)
    self->resize_source = g_timeout_add (KVMM_DISPLAY_RESIZE_DELAY_MS, resize_cb, self);
}

void
kvmm_display_picture_allocated (KvmmDisplayPicture *self)
{
  kvmm_display_picture_queue_resize (self);
}

void
kvmm_display_picture_set_resize_guest (KvmmDisplayPicture *self, gboolean resize_guest)
{
  self->resize_guest = resize_guest;
  self->asked_width = 0;
  self->asked_height = 0;
  gtk_widget_queue_resize (GTK_WIDGET (self->display));
  kvmm_display_picture_queue_resize (self);
}

gboolean
kvmm_display_picture_get_resize_guest (KvmmDisplayPicture *self)
{
  return self->resize_guest;
}
