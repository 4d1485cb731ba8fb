/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Holds the pointer of the desktop inside a widget and reports what the mouse itself does: for
 * guests without a tablet. GTK 4 has no call for it, so each windowing system has its own. Main
 * thread only. */

typedef struct _KvmmPointerGrab KvmmPointerGrab;

/* @dx, @dy: in the units of the pointer's own movement */
typedef void (*KvmmPointerGrabMovedFunc) (double dx, double dy, gpointer user_data);
/* The desktop took the pointer back; the grab is to be freed. */
typedef void (*KvmmPointerGrabEndedFunc) (gpointer user_data);

/** kvmm_pointer_grab_is_possible: whether the desktop of @widget can do it */
gboolean kvmm_pointer_grab_is_possible (GtkWidget *widget);

/**
 * kvmm_pointer_grab_new:
 * @widget: mapped; the pointer is over it
 *
 * Returns: (transfer full) (nullable): %NULL when the desktop refuses
 */
KvmmPointerGrab *kvmm_pointer_grab_new (GtkWidget *widget,
                                        KvmmPointerGrabMovedFunc moved,
                                        KvmmPointerGrabEndedFunc ended,
                                        gpointer user_data);
/** kvmm_pointer_grab_free: gives the pointer back */
void kvmm_pointer_grab_free (KvmmPointerGrab *self);

G_END_DECLS
