/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "console/kvmm-pointer-grab.h"

G_BEGIN_DECLS

/* How one windowing system holds the pointer. Main thread only. */
typedef struct
{
  /* Cheap; may become true some time after it was first asked. */
  gboolean (*is_possible) (GdkDisplay *display);
  /* Returns: (nullable): for end() */
  gpointer (*begin) (GtkWidget *widget,
                     KvmmPointerGrabMovedFunc moved,
                     KvmmPointerGrabEndedFunc ended,
                     gpointer user_data);
  void (*end) (gpointer grab);
} KvmmPointerGrabBackend;

extern const KvmmPointerGrabBackend kvmm_pointer_grab_x11;
extern const KvmmPointerGrabBackend kvmm_pointer_grab_wayland;

G_END_DECLS
