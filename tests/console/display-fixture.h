/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "console/kvmm-display-private.h"
#include "console/kvmm-display-vnc.h"
#include "rfb-server.h"
#include "test-wait.h"

G_BEGIN_DECLS

/* A window with one VNC screen and the server behind it. */

typedef struct
{
  RfbServer *server;
  GtkWindow *window;    /* (nullable) */
  KvmmDisplay *display; /* (owned) */
  guint n_closed;
  GError *error; /* (nullable) of the last "closed" */
} Fixture;

/* What is not said is a screen of 640 by 480 pixels without a password. */
#define FIXTURE_CONFIG(...) (&(RfbConfig){ __VA_ARGS__ })

void fixture_set_up (Fixture *self, const RfbConfig *config);
/* …and waits until the first picture was asked for. */
void fixture_connect (Fixture *self, const RfbConfig *config);
void fixture_tear_down (Fixture *self);

/* The widget as it is drawn, one pixel of it in each number: BGRA. Free with g_free(). */
guint32 *fixture_render (Fixture *self, int *width, int *height);
/* A frame was drawn after this call. */
void fixture_wait_frame (Fixture *self);

G_END_DECLS
