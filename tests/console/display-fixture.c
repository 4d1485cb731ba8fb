/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "display-fixture.h"

static void
closed_cb (KvmmDisplay *display, const GError *error, Fixture *self)
{
  self->n_closed++;
  g_clear_error (&self->error);
  self->error = error != NULL ? g_error_copy (error) : NULL;
}

void
fixture_set_up (Fixture *self, const RfbConfig *config)
{
  *self = (Fixture){ 0 };
  self->server = rfb_server_new (config);
  self->display = g_object_ref_sink (kvmm_display_vnc_new ());
  self->window = GTK_WINDOW (gtk_window_new ());
  g_signal_connect (self->display, "closed", G_CALLBACK (closed_cb), self);
  gtk_window_set_decorated (self->window, FALSE);
  gtk_window_set_default_size (self->window, (int) MIN (self->server->config.width, 800),
                               (int) MIN (self->server->config.height, 600));
  gtk_window_set_child (self->window, GTK_WIDGET (self->display));
  gtk_window_present (self->window);
  gtk_widget_grab_focus (GTK_WIDGET (self->display));
  kvmm_display_vnc_open_fd (KVMM_DISPLAY_VNC (self->display), rfb_server_take_fd (self->server),
                            TRUE, NULL);
}

void
fixture_connect (Fixture *self, const RfbConfig *config)
{
  fixture_set_up (self, config);
  test_wait_until (kvmm_display_get_state (self->display) == KVMM_DISPLAY_CONNECTED &&
                   self->server->requests->len > 0);
}

void
fixture_tear_down (Fixture *self)
{
  gtk_window_destroy (self->window);
  g_signal_handlers_disconnect_by_data (self->display, self);
  g_assert_finalize_object (self->display);
  rfb_server_free (self->server);
  g_clear_error (&self->error);
}

void
fixture_wait_frame (Fixture *self)
{
  GdkFrameClock *clock = gtk_widget_get_frame_clock (GTK_WIDGET (self->window));
  gint64 frame = gdk_frame_clock_get_frame_counter (clock);

  gtk_widget_queue_draw (GTK_WIDGET (self->window));
  test_wait_until (gdk_frame_clock_get_frame_counter (clock) > frame + 1 ||
                   (gtk_widget_queue_draw (GTK_WIDGET (self->window)), FALSE));
}

guint32 *
fixture_render (Fixture *self, int *width, int *height)
{
  GtkWidget *widget = GTK_WIDGET (self->display);
  GskRenderer *renderer = gtk_native_get_renderer (gtk_widget_get_native (widget));
  GtkSnapshot *snapshot = gtk_snapshot_new ();

  *width = gtk_widget_get_width (widget);
  *height = gtk_widget_get_height (widget);
  GTK_WIDGET_GET_CLASS (widget)->snapshot (widget, snapshot);

  GskRenderNode *node = gtk_snapshot_free_to_node (snapshot);
  g_autoptr (GdkTexture) texture = gsk_renderer_render_texture (
      renderer, node, &GRAPHENE_RECT_INIT (0, 0, (float) *width, (float) *height));
  guint32 *pixels = g_new0 (guint32, (gsize) *width * (gsize) *height);

  gdk_texture_download (texture, (guchar *) pixels, (gsize) *width * 4);
  gsk_render_node_unref (node);
  return pixels;
}
