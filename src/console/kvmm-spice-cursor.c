/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-spice-cursor.h"

#include "util/kvmm-thread.h"

struct _KvmmSpiceCursor
{
  GObject parent_instance;

  SpiceCursorChannel *channel; /* (owned) */
  GdkTexture *shape;           /* (owned) (nullable) */
  int hot_x, hot_y;
  int x, y;
  gboolean is_known;
  gboolean is_hidden;
  gboolean has_position;
};

G_DEFINE_FINAL_TYPE (KvmmSpiceCursor, kvmm_spice_cursor, G_TYPE_OBJECT)

enum
{
  CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static void
shape_cb (SpiceCursorChannel *channel, GParamSpec *pspec, gpointer user_data)
{
  KvmmSpiceCursor *self = user_data;
  SpiceCursorShape *shape = NULL;

  g_object_get (channel, "cursor", &shape, NULL);
  if (shape == NULL)
    return;
  /* At the start there is a shape without pixels. */
  if (shape->data != NULL && shape->width > 0 && shape->height > 0 &&
      shape->width <= KVMM_SPICE_CURSOR_MAX_SIDE && shape->height <= KVMM_SPICE_CURSOR_MAX_SIDE)
    {
      gsize stride = (gsize) shape->width * 4;
      g_autoptr (GBytes) bytes = g_bytes_new (shape->data, stride * shape->height);

      g_clear_object (&self->shape);
      self->shape =
          gdk_memory_texture_new (shape->width, shape->height, GDK_MEMORY_R8G8B8A8, bytes, stride);
      self->hot_x = MIN (shape->hot_spot_x, shape->width - 1);
      self->hot_y = MIN (shape->hot_spot_y, shape->height - 1);
      self->is_known = TRUE;
      self->is_hidden = FALSE;
      g_signal_emit (self, signals[CHANGED], 0);
    }
  g_boxed_free (SPICE_TYPE_CURSOR_SHAPE, shape);
}

static void
move_cb (SpiceCursorChannel *channel, int x, int y, gpointer user_data)
{
  KvmmSpiceCursor *self = user_data;

  self->x = CLAMP (x, G_MININT16, G_MAXINT16);
  self->y = CLAMP (y, G_MININT16, G_MAXINT16);
  self->has_position = TRUE;
  self->is_hidden = FALSE;
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
hide_cb (SpiceCursorChannel *channel, gpointer user_data)
{
  KvmmSpiceCursor *self = user_data;

  /* It comes first of all, from a guest that has no pointer yet: that is no wish to hide ours. */
  if (self->is_hidden || !self->is_known)
    return;
  self->is_hidden = TRUE;
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
reset_cb (SpiceCursorChannel *channel, gpointer user_data)
{
  KvmmSpiceCursor *self = user_data;

  g_clear_object (&self->shape);
  self->is_known = FALSE;
  self->is_hidden = FALSE;
  self->has_position = FALSE;
  g_signal_emit (self, signals[CHANGED], 0);
}

gboolean
kvmm_spice_cursor_is_unknown (KvmmSpiceCursor *self)
{
  g_return_val_if_fail (KVMM_IS_SPICE_CURSOR (self), TRUE);
  return !self->is_known;
}

GdkTexture *
kvmm_spice_cursor_get_shape (KvmmSpiceCursor *self, int *hot_x, int *hot_y)
{
  g_return_val_if_fail (KVMM_IS_SPICE_CURSOR (self), NULL);
  *hot_x = self->hot_x;
  *hot_y = self->hot_y;
  return self->is_hidden ? NULL : self->shape;
}

gboolean
kvmm_spice_cursor_get_position (KvmmSpiceCursor *self, int *x, int *y)
{
  g_return_val_if_fail (KVMM_IS_SPICE_CURSOR (self), FALSE);
  *x = self->x;
  *y = self->y;
  return self->has_position;
}

static void
kvmm_spice_cursor_dispose (GObject *object)
{
  KvmmSpiceCursor *self = KVMM_SPICE_CURSOR (object);

  if (self->channel != NULL)
    g_signal_handlers_disconnect_by_data (self->channel, self);
  g_clear_object (&self->channel);
  g_clear_object (&self->shape);
  G_OBJECT_CLASS (kvmm_spice_cursor_parent_class)->dispose (object);
}

static void
kvmm_spice_cursor_class_init (KvmmSpiceCursorClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kvmm_spice_cursor_dispose;
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void
kvmm_spice_cursor_init (KvmmSpiceCursor *self)
{
}

KvmmSpiceCursor *
kvmm_spice_cursor_new (SpiceCursorChannel *channel)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_val_if_fail (SPICE_IS_CURSOR_CHANNEL (channel), NULL);

  KvmmSpiceCursor *self = g_object_new (KVMM_TYPE_SPICE_CURSOR, NULL);

  self->channel = g_object_ref (channel);
  g_signal_connect (channel, "notify::cursor", G_CALLBACK (shape_cb), self);
  g_signal_connect (channel, "cursor-move", G_CALLBACK (move_cb), self);
  g_signal_connect (channel, "cursor-hide", G_CALLBACK (hide_cb), self);
  g_signal_connect (channel, "cursor-reset", G_CALLBACK (reset_cb), self);
  shape_cb (channel, NULL, self);
  return self;
}
