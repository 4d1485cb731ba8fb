/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-spice-picture.h"

#include "console/kvmm-spice-errors.h"
#include "util/kvmm-thread.h"

/* The library's surface. */
typedef struct
{
  int format;
  int width;
  int height;
  int stride;         /* bytes */
  const guint8 *data; /* (unowned) (nullable): until the surface is destroyed */
} Surface;

struct _KvmmSpicePicture
{
  GObject parent_instance;

  char *name;                   /* (owned) */
  SpiceDisplayChannel *channel; /* (owned) */
  guint monitor;
  guint display_id;
  Surface surface;
  GdkRectangle area;            /* of this head, within the surface */
  KvmmFramebuffer *framebuffer; /* (owned) (nullable) */
  guint linger_id;
  gboolean is_paused;
  gboolean is_stale; /* changes came while it was paused */
};

G_DEFINE_FINAL_TYPE (KvmmSpicePicture, kvmm_spice_picture, G_TYPE_OBJECT)

enum
{
  FRAMEBUFFER_CHANGED,
  DAMAGED,
  FAILED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static void
take_failure (KvmmSpicePicture *self, GError *error)
{
  g_signal_emit (self, signals[FAILED], 0, error);
  g_error_free (error);
}

/* ---- pixels ---- */

/* Five or six bits as eight: the high ones again as the low ones, so that full stays full. */
static guint32
widen (guint red, guint green, guint blue, guint green_bits)
{
  red = red << 3 | red >> 2;
  blue = blue << 3 | blue >> 2;
  green = green_bits == 6 ? green << 2 | green >> 4 : green << 3 | green >> 2;
  return red << 16 | green << 8 | blue;
}

static void
copy_row (guint32 *target, const guint8 *source, guint n_pixels, int format)
{
  const guint16 *narrow = (const guint16 *) (gconstpointer) source;

  switch (format)
    {
    case SPICE_SURFACE_FMT_16_555:
      for (guint i = 0; i < n_pixels; i++)
        target[i] = widen (narrow[i] >> 10 & 31, narrow[i] >> 5 & 31, narrow[i] & 31, 5);
      break;
    case SPICE_SURFACE_FMT_16_565:
      for (guint i = 0; i < n_pixels; i++)
        target[i] = widen (narrow[i] >> 11 & 31, narrow[i] >> 5 & 63, narrow[i] & 31, 6);
      break;
    default:
      memcpy (target, source, (gsize) n_pixels * 4);
      break;
    }
}

/* Bytes of one pixel, 0 when they are of a kind that is not known. */
static guint
get_pixel_bytes (int format)
{
  switch (format)
    {
    case SPICE_SURFACE_FMT_16_555:
    case SPICE_SURFACE_FMT_16_565:
      return 2;
    case SPICE_SURFACE_FMT_32_xRGB:
    case SPICE_SURFACE_FMT_32_ARGB:
      return 4;
    default:
      return 0;
    }
}

/* Copies @part, in pixels of the surface and within the head's area. */
static void
copy_part (KvmmSpicePicture *self, const GdkRectangle *part)
{
  const Surface *surface = &self->surface;
  guint pixel_bytes = get_pixel_bytes (surface->format);
  gsize target_stride = kvmm_framebuffer_get_stride (self->framebuffer);
  guint8 *target = kvmm_framebuffer_get_data (self->framebuffer) +
                   (gsize) (part->y - self->area.y) * target_stride +
                   (gsize) (part->x - self->area.x) * 4;
  const guint8 *source =
      surface->data + (gsize) part->y * (gsize) surface->stride + (gsize) part->x * pixel_bytes;

  for (int row = 0; row < part->height; row++)
    {
      copy_row ((guint32 *) (gpointer) target, source, (guint) part->width, surface->format);
      target += target_stride;
      source += surface->stride;
    }
}

/* ---- which part of the surface ---- */

guint
kvmm_spice_picture_count_monitors (SpiceDisplayChannel *channel)
{
  g_autoptr (GArray) monitors = NULL;
  guint count = 0;

  g_object_get (channel, "monitors", &monitors, NULL);
  for (guint i = 0; monitors != NULL && i < monitors->len && i < KVMM_SPICE_MAX_MONITORS; i++)
    {
      const SpiceDisplayMonitorConfig *config =
          &g_array_index (monitors, SpiceDisplayMonitorConfig, i);
      if (config->width > 0 && config->height > 0)
        count = i + 1;
    }
  return MAX (count, 1);
}

/* Returns: whether this head shows some of the surface */
static gboolean
find_area (KvmmSpicePicture *self, GdkRectangle *area)
{
  const GdkRectangle all = { 0, 0, self->surface.width, self->surface.height };
  g_autoptr (GArray) monitors = NULL;

  g_object_get (self->channel, "monitors", &monitors, NULL);
  if (monitors == NULL || monitors->len == 0)
    {
      /* A server that knows no monitors shows its surface as a whole. */
      *area = all;
      return self->monitor == 0;
    }
  if (self->monitor >= monitors->len)
    return FALSE;
  const SpiceDisplayMonitorConfig *config =
      &g_array_index (monitors, SpiceDisplayMonitorConfig, self->monitor);
  if (config->x > G_MAXINT16 || config->y > G_MAXINT16)
    return FALSE;
  const GdkRectangle part = { (int) config->x, (int) config->y,
                              (int) MIN (config->width, G_MAXINT16),
                              (int) MIN (config->height, G_MAXINT16) };
  return gdk_rectangle_intersect (&part, &all, area);
}

static void
take_framebuffer (KvmmSpicePicture *self, KvmmFramebuffer *framebuffer)
{
  if (framebuffer == NULL && self->framebuffer == NULL)
    return;
  g_clear_object (&self->framebuffer);
  self->framebuffer = framebuffer;
  g_signal_emit (self, signals[FRAMEBUFFER_CHANGED], 0);
}

static void
update_area (KvmmSpicePicture *self)
{
  GdkRectangle area = { 0 };
  GError *error = NULL;

  if (self->surface.data == NULL)
    return;
  g_clear_handle_id (&self->linger_id, g_source_remove);
  if (!find_area (self, &area))
    {
      take_framebuffer (self, NULL);
      return;
    }
  KvmmFramebuffer *framebuffer =
      kvmm_framebuffer_new ((guint) area.width, (guint) area.height, &error);
  if (framebuffer == NULL)
    {
      take_failure (self, error);
      return;
    }
  self->area = area;
  take_framebuffer (self, framebuffer);
  /* Who was told may have dropped it. */
  if (self->framebuffer == NULL)
    return;
  copy_part (self, &area);
  g_signal_emit (self, signals[DAMAGED], 0, 0, 0, area.width, area.height);
}

/* ---- what the channel says ---- */

static gboolean
is_drawable (KvmmSpicePicture *self, const Surface *surface)
{
  guint pixel_bytes = get_pixel_bytes (surface->format);

  if (pixel_bytes == 0)
    {
      take_failure (self, kvmm_spice_error_new_format (self->name, surface->format));
      return FALSE;
    }
  if (surface->width <= 0 || surface->height <= 0 || surface->width > KVMM_FRAMEBUFFER_MAX_SIDE ||
      surface->height > KVMM_FRAMEBUFFER_MAX_SIDE ||
      (gint64) surface->width * surface->height > KVMM_FRAMEBUFFER_MAX_PIXELS ||
      surface->stride < surface->width * (int) pixel_bytes || surface->data == NULL)
    {
      take_failure (self, kvmm_spice_error_new_size (self->name, surface->width, surface->height));
      return FALSE;
    }
  return TRUE;
}

static void
primary_create_cb (SpiceChannel *channel,
                   int format,
                   int width,
                   int height,
                   int stride,
                   int shmid,
                   gpointer data,
                   gpointer user_data)
{
  g_autoptr (KvmmSpicePicture) self = g_object_ref (user_data);
  const Surface surface = { format, width, height, stride, data };

  self->surface = (Surface){ 0 };
  if (!is_drawable (self, &surface))
    return;
  self->surface = surface;
  update_area (self);
}

static gboolean
linger_cb (gpointer user_data)
{
  KvmmSpicePicture *self = user_data;

  self->linger_id = 0;
  take_framebuffer (self, NULL);
  return G_SOURCE_REMOVE;
}

static void
primary_destroy_cb (SpiceChannel *channel, gpointer user_data)
{
  KvmmSpicePicture *self = user_data;

  self->surface = (Surface){ 0 };
  if (self->linger_id == 0)
    self->linger_id = g_timeout_add (KVMM_SPICE_PICTURE_LINGER_MS, linger_cb, self);
}

static void
invalidate_cb (SpiceChannel *channel, int x, int y, int width, int height, gpointer user_data)
{
  KvmmSpicePicture *self = user_data;
  GdkRectangle part;

  /* Sums of what a server says stay in an int that way. */
  if (self->surface.data == NULL || self->framebuffer == NULL || width <= 0 || height <= 0 ||
      x < G_MININT16 || x > G_MAXINT16 || y < G_MININT16 || y > G_MAXINT16)
    return;
  const GdkRectangle damage = { x, y, MIN (width, G_MAXINT16 * 2), MIN (height, G_MAXINT16 * 2) };
  if (!gdk_rectangle_intersect (&damage, &self->area, &part))
    return;
  if (self->is_paused)
    {
      self->is_stale = TRUE;
      return;
    }
  copy_part (self, &part);
  g_signal_emit (self, signals[DAMAGED], 0, part.x - self->area.x, part.y - self->area.y,
                 part.width, part.height);
}

static void
monitors_cb (SpiceDisplayChannel *channel, GParamSpec *pspec, gpointer user_data)
{
  KvmmSpicePicture *self = user_data;
  GdkRectangle area = { 0 };

  if (self->surface.data == NULL)
    return;
  if (self->framebuffer != NULL && find_area (self, &area) &&
      gdk_rectangle_equal (&area, &self->area))
    return;
  update_area (self);
}

static void
gl_scanout_cb (SpiceDisplayChannel *channel, GParamSpec *pspec, gpointer user_data)
{
  KvmmSpicePicture *self = user_data;

  if (spice_display_channel_get_gl_scanout (channel) != NULL)
    take_failure (self, kvmm_spice_error_new_gl (self->name));
}

/* ---- public ---- */

void
kvmm_spice_picture_set_paused (KvmmSpicePicture *self, gboolean paused)
{
  g_return_if_fail (KVMM_IS_SPICE_PICTURE (self));

  self->is_paused = !!paused;
  if (paused || !self->is_stale)
    return;
  self->is_stale = FALSE;
  invalidate_cb (NULL, 0, 0, G_MAXINT16, G_MAXINT16, self);
}

KvmmFramebuffer *
kvmm_spice_picture_get_framebuffer (KvmmSpicePicture *self)
{
  g_return_val_if_fail (KVMM_IS_SPICE_PICTURE (self), NULL);
  return self->framebuffer;
}

SpiceDisplayChannel *
kvmm_spice_picture_get_channel (KvmmSpicePicture *self)
{
  g_return_val_if_fail (KVMM_IS_SPICE_PICTURE (self), NULL);
  return self->channel;
}

guint
kvmm_spice_picture_get_display_id (KvmmSpicePicture *self)
{
  g_return_val_if_fail (KVMM_IS_SPICE_PICTURE (self), 0);
  return self->display_id;
}

void
kvmm_spice_picture_get_origin (KvmmSpicePicture *self, int *x, int *y)
{
  g_return_if_fail (KVMM_IS_SPICE_PICTURE (self));
  *x = self->area.x;
  *y = self->area.y;
}

static void
kvmm_spice_picture_dispose (GObject *object)
{
  KvmmSpicePicture *self = KVMM_SPICE_PICTURE (object);

  g_clear_handle_id (&self->linger_id, g_source_remove);
  if (self->channel != NULL)
    g_signal_handlers_disconnect_by_data (self->channel, self);
  g_clear_object (&self->channel);
  g_clear_object (&self->framebuffer);
  self->surface = (Surface){ 0 };
  G_OBJECT_CLASS (kvmm_spice_picture_parent_class)->dispose (object);
}

static void
kvmm_spice_picture_finalize (GObject *object)
{
  g_free (KVMM_SPICE_PICTURE (object)->name);
  G_OBJECT_CLASS (kvmm_spice_picture_parent_class)->finalize (object);
}

static void
kvmm_spice_picture_class_init (KvmmSpicePictureClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GType type = G_TYPE_FROM_CLASS (klass);

  object_class->dispose = kvmm_spice_picture_dispose;
  object_class->finalize = kvmm_spice_picture_finalize;

  signals[FRAMEBUFFER_CHANGED] = g_signal_new ("framebuffer-changed", type, G_SIGNAL_RUN_LAST, 0,
                                               NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[DAMAGED] = g_signal_new ("damaged", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 4, G_TYPE_INT, G_TYPE_INT, G_TYPE_INT, G_TYPE_INT);
  signals[FAILED] = g_signal_new ("failed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
kvmm_spice_picture_init (KvmmSpicePicture *self)
{
}

KvmmSpicePicture *
kvmm_spice_picture_new (const char *name, SpiceDisplayChannel *channel, guint monitor)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_val_if_fail (SPICE_IS_DISPLAY_CHANNEL (channel), NULL);

  KvmmSpicePicture *self = g_object_new (KVMM_TYPE_SPICE_PICTURE, NULL);
  SpiceDisplayPrimary primary;
  int id = 0;

  self->name = g_strdup (name);
  self->channel = g_object_ref (channel);
  self->monitor = monitor;
  g_object_get (channel, "channel-id", &id, NULL);
  /* Only the first channel may have several monitors; they count on from it. */
  self->display_id = id == 0 ? monitor : (guint) MAX (id, 0);
  g_signal_connect (channel, "display-primary-create", G_CALLBACK (primary_create_cb), self);
  g_signal_connect (channel, "display-primary-destroy", G_CALLBACK (primary_destroy_cb), self);
  g_signal_connect (channel, "display-invalidate", G_CALLBACK (invalidate_cb), self);
  g_signal_connect (channel, "notify::monitors", G_CALLBACK (monitors_cb), self);
  g_signal_connect (channel, "notify::gl-scanout", G_CALLBACK (gl_scanout_cb), self);
  if (spice_display_channel_get_primary (SPICE_CHANNEL (channel), 0, &primary))
    primary_create_cb (SPICE_CHANNEL (channel), (int) primary.format, primary.width, primary.height,
                       primary.stride, primary.shmid, primary.data, self);
  return self;
}
