/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-picture.h"

#include <string.h>

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <glib/gi18n.h>

#include "util/kvmm-lane.h"
#include "util/kvmm-pixels.h"
#include "util/kvmm-thread.h"

typedef struct
{
  GBytes *data; /* (owned) */
  guint max_width;
  guint max_height;
} Job;

/* What a worker gives back: a texture is made where it is used. */
typedef struct
{
  GBytes *points; /* (owned) */
  guint width;
  guint height;
} Small;

static void
job_free (gpointer data)
{
  Job *job = data;

  g_bytes_unref (job->data);
  g_free (job);
}

static void
small_free (gpointer data)
{
  Small *small = data;

  g_bytes_unref (small->points);
  g_free (small);
}

static gboolean
refuse (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                       _ ("The picture of the screen cannot be read"));
  return FALSE;
}

/* Worker. Only the decoder of PNG is let at it, and only when there is room for what it promises.
 * Returns: (transfer full) */
static GdkPixbuf *
decode_png (GBytes *data, GError **error)
{
  g_autoptr (GdkPixbufLoader) loader = NULL;
  guint width, height;

  if (!kvmm_pixels_read_png_size (data, &width, &height, error))
    return NULL;
  if ((guint64) width * height > KVMM_PICTURE_MAX_POINTS)
    {
      refuse (error);
      return NULL;
    }
  loader = gdk_pixbuf_loader_new_with_type ("png", error);
  if (loader == NULL)
    return NULL;
  if (!gdk_pixbuf_loader_write_bytes (loader, data, error))
    {
      gdk_pixbuf_loader_close (loader, NULL);
      return NULL;
    }
  /* One that is cut short has been decoded as far as it goes. */
  if (!gdk_pixbuf_loader_close (loader, error))
    return NULL;
  GdkPixbuf *pixbuf = gdk_pixbuf_loader_get_pixbuf (loader);
  if (pixbuf == NULL)
    {
      refuse (error);
      return NULL;
    }
  return g_object_ref (pixbuf);
}

/* Worker. */
static void
shrink_func (GTask *task, gpointer source_object, gpointer task_data, GCancellable *cancellable)
{
  Job *job = task_data;
  GError *error = NULL;
  g_autoptr (GdkPixbuf) pixbuf = NULL;
  KvmmPixels pixels;
  Small *small;

  if (g_bytes_get_size (job->data) > 2 && memcmp (g_bytes_get_data (job->data, NULL), "P6", 2) == 0)
    kvmm_pixels_read_ppm (job->data, &pixels, &error);
  else if ((pixbuf = decode_png (job->data, &error)) != NULL)
    {
      pixels.data = gdk_pixbuf_read_pixels (pixbuf);
      pixels.width = (guint) gdk_pixbuf_get_width (pixbuf);
      pixels.height = (guint) gdk_pixbuf_get_height (pixbuf);
      pixels.stride = (gsize) gdk_pixbuf_get_rowstride (pixbuf);
      pixels.channels = (guint) gdk_pixbuf_get_n_channels (pixbuf);
    }
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  small = g_new0 (Small, 1);
  small->points =
      kvmm_pixels_shrink (&pixels, job->max_width, job->max_height, &small->width, &small->height);
  g_task_return_pointer (task, small, small_free);
}

void
kvmm_picture_shrink_async (GBytes *data,
                           guint max_width,
                           guint max_height,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  /* One for the program: pictures are looked at, nothing waits for them. */
  static KvmmLane *lane;

  KVMM_ASSERT_MAIN_THREAD ();
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Job *job = g_new0 (Job, 1);
  job->data = g_bytes_ref (data);
  job->max_width = max_width;
  job->max_height = max_height;
  g_task_set_source_tag (task, kvmm_picture_shrink_async);
  g_task_set_task_data (task, job, job_free);
  if (cancellable != NULL)
    g_task_set_return_on_cancel (task, TRUE);
  if (lane == NULL)
    lane = kvmm_lane_new ("kvmm-decode", 1);
  kvmm_lane_run (lane, task, shrink_func, G_PRIORITY_LOW);
}

GdkTexture *
kvmm_picture_shrink_finish (GAsyncResult *result, GError **error)
{
  Small *small = g_task_propagate_pointer (G_TASK (result), error);
  GdkTexture *texture;

  if (small == NULL)
    return NULL;
  texture = gdk_memory_texture_new ((int) small->width, (int) small->height, GDK_MEMORY_R8G8B8,
                                    small->points, (gsize) small->width * 3);
  small_free (small);
  return texture;
}
