/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-pointer-grab.h"

#include "console/kvmm-pointer-grab-private.h"

struct _KvmmPointerGrab
{
  const KvmmPointerGrabBackend *backend;
  gpointer grab; /* the backend's */
};

static const KvmmPointerGrabBackend *
find_backend (GtkWidget *widget)
{
  static const KvmmPointerGrabBackend *const backends[] = {
#if KVMM_HAVE_WAYLAND
    &kvmm_pointer_grab_wayland,
#endif
#if KVMM_HAVE_X11
    &kvmm_pointer_grab_x11,
#endif
    NULL,
  };
  GdkDisplay *display = gtk_widget_get_display (widget);

  for (guint i = 0; backends[i] != NULL; i++)
    if (backends[i]->is_possible (display))
      return backends[i];
  return NULL;
}

gboolean
kvmm_pointer_grab_is_possible (GtkWidget *widget)
{
  return find_backend (widget) != NULL;
}

KvmmPointerGrab *
kvmm_pointer_grab_new (GtkWidget *widget,
                       KvmmPointerGrabMovedFunc moved,
                       KvmmPointerGrabEndedFunc ended,
                       gpointer user_data)
{
  const KvmmPointerGrabBackend *backend = find_backend (widget);
  gpointer grab = NULL;

  if (backend != NULL && gtk_widget_get_mapped (widget))
    grab = backend->begin (widget, moved, ended, user_data);
  if (grab == NULL)
    return NULL;

  KvmmPointerGrab *self = g_new0 (KvmmPointerGrab, 1);
  self->backend = backend;
  self->grab = grab;
  return self;
}

void
kvmm_pointer_grab_free (KvmmPointerGrab *self)
{
  if (self == NULL)
    return;
  self->backend->end (self->grab);
  g_free (self);
}
