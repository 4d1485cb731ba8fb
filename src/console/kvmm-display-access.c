/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-display.h"

#include <glib/gi18n.h>

#include "console/kvmm-display-private.h"

/* What others read from a display and set on it. */

gboolean
kvmm_display_is_interactive (KvmmDisplay *self)
{
  KvmmDisplayPrivate *priv = kvmm_display_get_private (self);

  return priv->state == KVMM_DISPLAY_CONNECTED && !priv->is_read_only;
}

KvmmDisplayState
kvmm_display_get_state (KvmmDisplay *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), KVMM_DISPLAY_IDLE);
  return kvmm_display_get_private (self)->state;
}

const GError *
kvmm_display_get_error (KvmmDisplay *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), NULL);
  return kvmm_display_get_private (self)->error;
}

KvmmDisplayNeeds
kvmm_display_get_auth_needs (KvmmDisplay *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), 0);
  return kvmm_display_get_private (self)->auth_needs;
}

KvmmDisplayCapabilities
kvmm_display_get_capabilities (KvmmDisplay *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), 0);
  return kvmm_display_get_private (self)->capabilities;
}

const char *
kvmm_display_get_progress_text (KvmmDisplay *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), NULL);
  return kvmm_display_get_private (self)->progress_text;
}

guint
kvmm_display_get_guest_width (KvmmDisplay *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), 0);

  KvmmFramebuffer *framebuffer = kvmm_display_get_framebuffer (self);
  return framebuffer != NULL ? kvmm_framebuffer_get_width (framebuffer) : 0;
}

guint
kvmm_display_get_guest_height (KvmmDisplay *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), 0);

  KvmmFramebuffer *framebuffer = kvmm_display_get_framebuffer (self);
  return framebuffer != NULL ? kvmm_framebuffer_get_height (framebuffer) : 0;
}

gboolean
kvmm_display_get_pointer_absolute (KvmmDisplay *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), FALSE);
  return kvmm_display_pointer_get_is_absolute (kvmm_display_get_private (self)->pointer);
}

gboolean
kvmm_display_get_pointer_grabbed (KvmmDisplay *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), FALSE);
  return kvmm_display_pointer_get_is_grabbed (kvmm_display_get_private (self)->pointer);
}

gboolean
kvmm_display_get_keyboard_grabbed (KvmmDisplay *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), FALSE);
  return kvmm_display_keyboard_get_is_grabbed (kvmm_display_get_private (self)->keyboard);
}

gboolean
kvmm_display_get_sends_keys (KvmmDisplay *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), FALSE);
  return kvmm_display_keyboard_get_sends_keys (kvmm_display_get_private (self)->keyboard);
}

KvmmLockKeys
kvmm_display_get_lock_keys (KvmmDisplay *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), 0);
  return kvmm_display_keyboard_get_lock_keys (kvmm_display_get_private (self)->keyboard);
}

gboolean
kvmm_display_get_read_only (KvmmDisplay *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), FALSE);
  return kvmm_display_get_private (self)->is_read_only;
}

void
kvmm_display_set_read_only (KvmmDisplay *self, gboolean read_only)
{
  g_return_if_fail (KVMM_IS_DISPLAY (self));

  KvmmDisplayPrivate *priv = kvmm_display_get_private (self);
  if (priv->is_read_only == read_only)
    return;
  if (read_only)
    kvmm_display_release_all (self);
  priv->is_read_only = read_only;
  kvmm_display_keyboard_update (priv->keyboard);
  kvmm_display_pointer_update (priv->pointer);
  kvmm_display_clipboard_update (priv->clipboard);
  kvmm_display_notify (self, KVMM_DISPLAY_PROP_READ_ONLY);
}

KvmmDisplayScaling
kvmm_display_get_scaling (KvmmDisplay *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), KVMM_DISPLAY_SCALING_FIT);
  return kvmm_display_picture_get_scaling (kvmm_display_get_private (self)->picture);
}

void
kvmm_display_set_scaling (KvmmDisplay *self, KvmmDisplayScaling scaling)
{
  g_return_if_fail (KVMM_IS_DISPLAY (self));

  if (kvmm_display_get_scaling (self) == scaling)
    return;
  kvmm_display_picture_set_scaling (kvmm_display_get_private (self)->picture, scaling);
  kvmm_display_notify (self, KVMM_DISPLAY_PROP_SCALING);
}

gboolean
kvmm_display_get_resize_guest (KvmmDisplay *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), FALSE);
  return kvmm_display_picture_get_resize_guest (kvmm_display_get_private (self)->picture);
}

void
kvmm_display_set_resize_guest (KvmmDisplay *self, gboolean resize_guest)
{
  g_return_if_fail (KVMM_IS_DISPLAY (self));

  if (kvmm_display_get_resize_guest (self) == resize_guest)
    return;
  kvmm_display_picture_set_resize_guest (kvmm_display_get_private (self)->picture, resize_guest);
  kvmm_display_notify (self, KVMM_DISPLAY_PROP_RESIZE_GUEST);
}

gboolean
kvmm_display_get_grab_keyboard (KvmmDisplay *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), FALSE);
  return kvmm_display_keyboard_get_grab (kvmm_display_get_private (self)->keyboard);
}

void
kvmm_display_set_grab_keyboard (KvmmDisplay *self, gboolean grab_keyboard)
{
  g_return_if_fail (KVMM_IS_DISPLAY (self));

  if (kvmm_display_get_grab_keyboard (self) == grab_keyboard)
    return;
  kvmm_display_keyboard_set_grab (kvmm_display_get_private (self)->keyboard, grab_keyboard);
  kvmm_display_notify (self, KVMM_DISPLAY_PROP_GRAB_KEYBOARD);
}

gboolean
kvmm_display_get_clipboard_enabled (KvmmDisplay *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), FALSE);
  return kvmm_display_clipboard_get_enabled (kvmm_display_get_private (self)->clipboard);
}

void
kvmm_display_set_clipboard_enabled (KvmmDisplay *self, gboolean enabled)
{
  g_return_if_fail (KVMM_IS_DISPLAY (self));

  if (kvmm_display_get_clipboard_enabled (self) == enabled)
    return;
  kvmm_display_clipboard_set_enabled (kvmm_display_get_private (self)->clipboard, enabled);
  kvmm_display_notify (self, KVMM_DISPLAY_PROP_CLIPBOARD_ENABLED);
}

const char *
kvmm_display_get_release_keys (KvmmDisplay *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), NULL);
  return kvmm_display_keyboard_get_release_keys (kvmm_display_get_private (self)->keyboard);
}

gboolean
kvmm_display_set_release_keys (KvmmDisplay *self, const char *keys)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), FALSE);
  g_return_val_if_fail (keys != NULL, FALSE);

  if (g_strcmp0 (keys, kvmm_display_get_release_keys (self)) == 0)
    return TRUE;
  if (!kvmm_display_keyboard_set_release_keys (kvmm_display_get_private (self)->keyboard, keys))
    return FALSE;
  kvmm_display_notify (self, KVMM_DISPLAY_PROP_RELEASE_KEYS);
  return TRUE;
}

void
kvmm_display_set_host_shortcuts (KvmmDisplay *self, const char *const *accelerators)
{
  g_return_if_fail (KVMM_IS_DISPLAY (self));
  kvmm_display_keyboard_set_host_shortcuts (kvmm_display_get_private (self)->keyboard,
                                            accelerators);
}

/* ---- what one can do ---- */

gboolean
kvmm_display_send_keys (KvmmDisplay *self, const char *keys)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), FALSE);
  g_return_val_if_fail (keys != NULL, FALSE);

  KvmmKey parsed[KVMM_KEYMAP_COMBINATION_MAX];
  KvmmDisplayClass *klass = KVMM_DISPLAY_GET_CLASS (self);
  guint n_keys = kvmm_keymap_parse_combination (keys, parsed);

  if (n_keys == 0 || !kvmm_display_is_interactive (self))
    return FALSE;
  for (guint i = 0; i < n_keys; i++)
    klass->key (self, TRUE, parsed[i].keyval, parsed[i].qnum);
  for (guint i = n_keys; i > 0; i--)
    klass->key (self, FALSE, parsed[i - 1].keyval, parsed[i - 1].qnum);
  return TRUE;
}

void
kvmm_display_release_all (KvmmDisplay *self)
{
  g_return_if_fail (KVMM_IS_DISPLAY (self));

  KvmmDisplayPrivate *priv = kvmm_display_get_private (self);
  kvmm_display_keyboard_release_held (priv->keyboard, FALSE);
  kvmm_display_pointer_release_buttons (priv->pointer, FALSE);
}

void
kvmm_display_ungrab (KvmmDisplay *self)
{
  g_return_if_fail (KVMM_IS_DISPLAY (self));

  KvmmDisplayPrivate *priv = kvmm_display_get_private (self);
  kvmm_display_pointer_ungrab (priv->pointer);
  kvmm_display_keyboard_give_back (priv->keyboard);
}

GdkTexture *
kvmm_display_copy_picture (KvmmDisplay *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), NULL);

  KvmmFramebuffer *framebuffer = kvmm_display_get_framebuffer (self);
  return framebuffer != NULL ? kvmm_framebuffer_copy_texture (framebuffer) : NULL;
}

gboolean
kvmm_display_widget_to_guest (KvmmDisplay *self, double x, double y, guint *guest_x, guint *guest_y)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), FALSE);

  KvmmPlacement placement;
  if (!kvmm_display_picture_get_placement (kvmm_display_get_private (self)->picture, &placement))
    return FALSE;
  return kvmm_placement_to_guest (&placement, kvmm_display_get_guest_width (self),
                                  kvmm_display_get_guest_height (self), x, y, guest_x, guest_y);
}
