/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-display.h"

#include <string.h>

#include <glib/gi18n.h>

#include "console/kvmm-display-private.h"
#include "util/kvmm-guest-text.h"
#include "util/kvmm-thread.h"

/* Longest name of a screen that is kept, in bytes. */
#define MAX_NAME_BYTES 256

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (KvmmDisplay, kvmm_display, GTK_TYPE_WIDGET)
G_DEFINE_QUARK (kvmm - display - error - quark, kvmm_display_error)

static GParamSpec *properties[KVMM_DISPLAY_N_PROPS];

enum
{
  CLOSED,
  BELL,
  CLIPBOARD_RECEIVED,
  HOST_SHORTCUT,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

KvmmDisplayPrivate *
kvmm_display_get_private (KvmmDisplay *self)
{
  return kvmm_display_get_instance_private (self);
}

void
kvmm_display_notify (KvmmDisplay *self, KvmmDisplayProp prop)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[prop]);
}

/* ---- states ---- */

static void
update_parts (KvmmDisplay *self)
{
  KvmmDisplayPrivate *priv = kvmm_display_get_private (self);

  kvmm_display_keyboard_update (priv->keyboard);
  kvmm_display_pointer_update (priv->pointer);
  kvmm_display_clipboard_update (priv->clipboard);
}

static void
set_state (KvmmDisplay *self, KvmmDisplayState state)
{
  KvmmDisplayPrivate *priv = kvmm_display_get_private (self);

  if (priv->state == state)
    return;
  priv->state = state;
  update_parts (self);
  kvmm_display_notify (self, KVMM_DISPLAY_PROP_STATE);
}

static void
set_auth_needs (KvmmDisplay *self, KvmmDisplayNeeds needs)
{
  KvmmDisplayPrivate *priv = kvmm_display_get_private (self);

  if (priv->auth_needs == needs)
    return;
  priv->auth_needs = needs;
  kvmm_display_notify (self, KVMM_DISPLAY_PROP_AUTH_NEEDS);
}

static void
set_progress_text (KvmmDisplay *self, const char *text)
{
  KvmmDisplayPrivate *priv = kvmm_display_get_private (self);

  if (g_strcmp0 (priv->progress_text, text) == 0)
    return;
  g_free (priv->progress_text);
  priv->progress_text = g_strdup (text);
  kvmm_display_notify (self, KVMM_DISPLAY_PROP_PROGRESS_TEXT);
}

static void
set_dimmed (KvmmDisplay *self, gboolean dimmed)
{
  if (kvmm_display_picture_set_dimmed (kvmm_display_get_private (self)->picture, dimmed))
    kvmm_display_notify (self, KVMM_DISPLAY_PROP_DIMMED);
}

void
kvmm_display_set_progress (KvmmDisplay *self, const char *text)
{
  g_return_if_fail (KVMM_IS_DISPLAY (self));

  set_progress_text (self, text);
  set_state (self, KVMM_DISPLAY_CONNECTING);
}

void
kvmm_display_request_auth (KvmmDisplay *self, KvmmDisplayNeeds needs)
{
  g_return_if_fail (KVMM_IS_DISPLAY (self));

  set_progress_text (self, NULL);
  set_auth_needs (self, needs);
  set_state (self, KVMM_DISPLAY_AUTH_NEEDED);
}

void
kvmm_display_set_connected (KvmmDisplay *self)
{
  g_return_if_fail (KVMM_IS_DISPLAY (self));

  KvmmDisplayPrivate *priv = kvmm_display_get_private (self);
  set_progress_text (self, NULL);
  set_auth_needs (self, 0);
  kvmm_display_picture_connected (priv->picture);
  set_state (self, KVMM_DISPLAY_CONNECTED);
  kvmm_display_picture_queue_resize (priv->picture);
}

/* The end of what kvmm_display_open() began. @error: (transfer full) (nullable) */
static void
end (KvmmDisplay *self, GError *error)
{
  KvmmDisplayPrivate *priv = kvmm_display_get_private (self);

  priv->is_open = FALSE;
  g_clear_error (&priv->error);
  priv->error = error;
  kvmm_display_keyboard_release_held (priv->keyboard, TRUE);
  kvmm_display_pointer_release_buttons (priv->pointer, TRUE);
  KVMM_DISPLAY_GET_CLASS (self)->close (self);
  set_progress_text (self, NULL);
  set_auth_needs (self, 0);
  if (priv->capabilities != 0)
    {
      priv->capabilities = 0;
      kvmm_display_notify (self, KVMM_DISPLAY_PROP_CAPABILITIES);
    }
  set_dimmed (self, kvmm_display_picture_get_framebuffer (priv->picture) != NULL);
  kvmm_display_unset_guest_cursor (self);
  set_state (self, KVMM_DISPLAY_DISCONNECTED);
  g_signal_emit (self, signals[CLOSED], 0, error);
}

void
kvmm_display_take_closed (KvmmDisplay *self, GError *error)
{
  g_return_if_fail (KVMM_IS_DISPLAY (self));

  g_autoptr (GError) owned = error;
  g_autoptr (KvmmDisplay) alive = g_object_ref (self);
  if (!kvmm_display_get_private (alive)->is_open)
    return;
  if (owned == NULL)
    owned = g_error_new_literal (KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_CLOSED,
                                 _ ("The display server closed the connection"));
  end (alive, g_steal_pointer (&owned));
}

void
kvmm_display_open (KvmmDisplay *self, KvmmConsoleOpener *opener, const KvmmXmlGraphics *graphics)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DISPLAY (self));
  g_return_if_fail (KVMM_IS_CONSOLE_OPENER (opener));
  g_return_if_fail (graphics != NULL);

  KvmmDisplayPrivate *priv = kvmm_display_get_private (self);
  if (priv->is_open)
    KVMM_DISPLAY_GET_CLASS (self)->close (self);
  kvmm_display_begin (self);
  KVMM_DISPLAY_GET_CLASS (self)->open (self, opener, graphics);
}

void
kvmm_display_begin (KvmmDisplay *self)
{
  KvmmDisplayPrivate *priv = kvmm_display_get_private (self);

  priv->is_open = TRUE;
  g_clear_error (&priv->error);
  kvmm_display_set_progress (self, NULL);
}

void
kvmm_display_close (KvmmDisplay *self)
{
  g_return_if_fail (KVMM_IS_DISPLAY (self));

  g_autoptr (KvmmDisplay) alive = g_object_ref (self);
  KvmmDisplayPrivate *priv = kvmm_display_get_private (alive);
  if (!priv->is_open)
    return;
  kvmm_display_release_all (alive);
  end (alive, NULL);
}

void
kvmm_display_answer_auth (KvmmDisplay *self, const char *username, const char *password)
{
  g_return_if_fail (KVMM_IS_DISPLAY (self));

  if (kvmm_display_get_private (self)->state != KVMM_DISPLAY_AUTH_NEEDED)
    return;
  kvmm_display_set_progress (self, _ ("Signing in…"));
  KVMM_DISPLAY_GET_CLASS (self)->answer_auth (self, username, password);
}

/* ---- what the protocol says ---- */

/* A new connection of the same size goes on with the old pixels until it sends its own. */
static void
copy_pixels (KvmmFramebuffer *from, KvmmFramebuffer *to)
{
  if (from == NULL || to == NULL || from == to ||
      kvmm_framebuffer_get_width (from) != kvmm_framebuffer_get_width (to) ||
      kvmm_framebuffer_get_height (from) != kvmm_framebuffer_get_height (to))
    return;
  memcpy (kvmm_framebuffer_get_data (to), kvmm_framebuffer_get_data (from),
          (gsize) kvmm_framebuffer_get_stride (to) * kvmm_framebuffer_get_height (to));
}

void
kvmm_display_set_framebuffer (KvmmDisplay *self, KvmmFramebuffer *framebuffer)
{
  g_return_if_fail (KVMM_IS_DISPLAY (self));
  g_return_if_fail (framebuffer == NULL || KVMM_IS_FRAMEBUFFER (framebuffer));

  KvmmDisplayPicture *picture = kvmm_display_get_private (self)->picture;
  if (kvmm_display_picture_get_dimmed (picture))
    copy_pixels (kvmm_display_picture_get_framebuffer (picture), framebuffer);
  kvmm_display_picture_set_framebuffer (picture, framebuffer);
}

KvmmFramebuffer *
kvmm_display_get_framebuffer (KvmmDisplay *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), NULL);
  return kvmm_display_picture_get_framebuffer (kvmm_display_get_private (self)->picture);
}

void
kvmm_display_damage (KvmmDisplay *self, int x, int y, int width, int height)
{
  g_return_if_fail (KVMM_IS_DISPLAY (self));

  set_dimmed (self, FALSE);
  kvmm_display_picture_damage (kvmm_display_get_private (self)->picture, x, y, width, height);
}

void
kvmm_display_set_guest_cursor (KvmmDisplay *self, GdkTexture *texture, int hot_x, int hot_y)
{
  g_return_if_fail (KVMM_IS_DISPLAY (self));
  kvmm_display_pointer_set_cursor (kvmm_display_get_private (self)->pointer, TRUE, texture, hot_x,
                                   hot_y);
}

void
kvmm_display_unset_guest_cursor (KvmmDisplay *self)
{
  g_return_if_fail (KVMM_IS_DISPLAY (self));
  kvmm_display_pointer_set_cursor (kvmm_display_get_private (self)->pointer, FALSE, NULL, 0, 0);
}

void
kvmm_display_set_pointer_absolute (KvmmDisplay *self, gboolean absolute)
{
  g_return_if_fail (KVMM_IS_DISPLAY (self));
  if (kvmm_display_pointer_set_is_absolute (kvmm_display_get_private (self)->pointer, absolute))
    {
      kvmm_display_notify (self, KVMM_DISPLAY_PROP_CAN_GRAB_POINTER);
      kvmm_display_notify (self, KVMM_DISPLAY_PROP_POINTER_ABSOLUTE);
    }
}

void
kvmm_display_set_guest_lock_keys (KvmmDisplay *self, KvmmLockKeys keys)
{
  g_return_if_fail (KVMM_IS_DISPLAY (self));
  if (kvmm_display_keyboard_set_guest_locks (kvmm_display_get_private (self)->keyboard, keys))
    kvmm_display_notify (self, KVMM_DISPLAY_PROP_LOCK_KEYS);
}

void
kvmm_display_set_capability (KvmmDisplay *self,
                             KvmmDisplayCapabilities capability,
                             gboolean is_there)
{
  g_return_if_fail (KVMM_IS_DISPLAY (self));

  KvmmDisplayPrivate *priv = kvmm_display_get_private (self);
  KvmmDisplayCapabilities capabilities =
      is_there ? priv->capabilities | capability : priv->capabilities & ~capability;
  if (capabilities == priv->capabilities)
    return;
  priv->capabilities = capabilities;
  kvmm_display_picture_queue_resize (priv->picture);
  kvmm_display_clipboard_update (priv->clipboard);
  kvmm_display_notify (self, KVMM_DISPLAY_PROP_CAPABILITIES);
}

void
kvmm_display_set_guest_name (KvmmDisplay *self, const char *name)
{
  g_return_if_fail (KVMM_IS_DISPLAY (self));

  KvmmDisplayPrivate *priv = kvmm_display_get_private (self);
  g_autofree char *cut = name != NULL ? g_strndup (name, MAX_NAME_BYTES) : NULL;
  g_autofree char *text = cut != NULL ? kvmm_guest_text_sanitise_line (cut, -1) : NULL;
  if (g_strcmp0 (text, priv->guest_name) == 0)
    return;
  g_free (priv->guest_name);
  priv->guest_name = g_steal_pointer (&text);
  kvmm_display_notify (self, KVMM_DISPLAY_PROP_GUEST_NAME);
}

void
kvmm_display_receive_clipboard (KvmmDisplay *self, const char *text, gsize length)
{
  g_return_if_fail (KVMM_IS_DISPLAY (self));
  kvmm_display_clipboard_receive (kvmm_display_get_private (self)->clipboard, text, length);
}

void
kvmm_display_emit_clipboard_received (KvmmDisplay *self, const char *text)
{
  g_signal_emit (self, signals[CLIPBOARD_RECEIVED], 0, text);
}

void
kvmm_display_ring_bell (KvmmDisplay *self)
{
  g_return_if_fail (KVMM_IS_DISPLAY (self));
  g_signal_emit (self, signals[BELL], 0);
}

gboolean
kvmm_display_emit_host_shortcut (KvmmDisplay *self, guint keyval, GdkModifierType modifiers)
{
  gboolean is_done = FALSE;

  g_signal_emit (self, signals[HOST_SHORTCUT], 0, keyval, modifiers, &is_done);
  return is_done;
}

gboolean
kvmm_display_get_paused (KvmmDisplay *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), TRUE);
  return kvmm_display_picture_get_paused (kvmm_display_get_private (self)->picture);
}

/* ---- the widget ---- */

static void
kvmm_display_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  kvmm_display_picture_snapshot (kvmm_display_get_private (KVMM_DISPLAY (widget))->picture,
                                 snapshot);
}

static void
kvmm_display_measure (GtkWidget *widget,
                      GtkOrientation orientation,
                      int for_size,
                      int *minimum,
                      int *natural,
                      int *minimum_baseline,
                      int *natural_baseline)
{
  kvmm_display_picture_measure (kvmm_display_get_private (KVMM_DISPLAY (widget))->picture,
                                orientation, minimum, natural);
}

static void
kvmm_display_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  kvmm_display_picture_allocated (kvmm_display_get_private (KVMM_DISPLAY (widget))->picture);
}

static void
kvmm_display_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (kvmm_display_parent_class)->map (widget);

  KvmmDisplayPrivate *priv = kvmm_display_get_private (KVMM_DISPLAY (widget));
  kvmm_display_picture_update_paused (priv->picture);
  kvmm_display_picture_queue_resize (priv->picture);
}

static void
kvmm_display_unmap (GtkWidget *widget)
{
  KvmmDisplayPrivate *priv = kvmm_display_get_private (KVMM_DISPLAY (widget));

  kvmm_display_pointer_ungrab (priv->pointer);
  GTK_WIDGET_CLASS (kvmm_display_parent_class)->unmap (widget);
  kvmm_display_picture_update_paused (priv->picture);
}

static void
focus_enter_cb (GtkEventControllerFocus *controller, KvmmDisplay *self)
{
  KvmmDisplayPrivate *priv = kvmm_display_get_private (self);

  kvmm_display_keyboard_focus (priv->keyboard, TRUE);
  kvmm_display_clipboard_focus (priv->clipboard, TRUE);
}

static void
focus_leave_cb (GtkEventControllerFocus *controller, KvmmDisplay *self)
{
  KvmmDisplayPrivate *priv = kvmm_display_get_private (self);

  kvmm_display_keyboard_focus (priv->keyboard, FALSE);
  kvmm_display_pointer_ungrab (priv->pointer);
  kvmm_display_pointer_release_buttons (priv->pointer, FALSE);
  kvmm_display_clipboard_focus (priv->clipboard, FALSE);
}

/* ---- properties ---- */

static void
kvmm_display_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KvmmDisplay *self = KVMM_DISPLAY (object);
  KvmmDisplayPrivate *priv = kvmm_display_get_private (self);

  switch ((KvmmDisplayProp) id)
    {
    case KVMM_DISPLAY_PROP_STATE:
      g_value_set_enum (value, (int) priv->state);
      break;
    case KVMM_DISPLAY_PROP_PROGRESS_TEXT:
      g_value_set_string (value, priv->progress_text);
      break;
    case KVMM_DISPLAY_PROP_AUTH_NEEDS:
      g_value_set_flags (value, priv->auth_needs);
      break;
    case KVMM_DISPLAY_PROP_GUEST_WIDTH:
      g_value_set_uint (value, kvmm_display_get_guest_width (self));
      break;
    case KVMM_DISPLAY_PROP_GUEST_HEIGHT:
      g_value_set_uint (value, kvmm_display_get_guest_height (self));
      break;
    case KVMM_DISPLAY_PROP_CAPABILITIES:
      g_value_set_flags (value, priv->capabilities);
      break;
    case KVMM_DISPLAY_PROP_POINTER_ABSOLUTE:
      g_value_set_boolean (value, kvmm_display_pointer_get_is_absolute (priv->pointer));
      break;
    case KVMM_DISPLAY_PROP_POINTER_GRABBED:
      g_value_set_boolean (value, kvmm_display_pointer_get_is_grabbed (priv->pointer));
      break;
    case KVMM_DISPLAY_PROP_CAN_GRAB_POINTER:
      g_value_set_boolean (value, kvmm_display_pointer_get_can_grab (priv->pointer));
      break;
    case KVMM_DISPLAY_PROP_SENDS_KEYS:
      g_value_set_boolean (value, kvmm_display_keyboard_get_sends_keys (priv->keyboard));
      break;
    case KVMM_DISPLAY_PROP_KEYBOARD_GRABBED:
      g_value_set_boolean (value, kvmm_display_keyboard_get_is_grabbed (priv->keyboard));
      break;
    case KVMM_DISPLAY_PROP_GRAB_KEYBOARD:
      g_value_set_boolean (value, kvmm_display_keyboard_get_grab (priv->keyboard));
      break;
    case KVMM_DISPLAY_PROP_LOCK_KEYS:
      g_value_set_uint (value, kvmm_display_keyboard_get_lock_keys (priv->keyboard));
      break;
    case KVMM_DISPLAY_PROP_READ_ONLY:
      g_value_set_boolean (value, priv->is_read_only);
      break;
    case KVMM_DISPLAY_PROP_SCALING:
      g_value_set_enum (value, (int) kvmm_display_picture_get_scaling (priv->picture));
      break;
    case KVMM_DISPLAY_PROP_RESIZE_GUEST:
      g_value_set_boolean (value, kvmm_display_picture_get_resize_guest (priv->picture));
      break;
    case KVMM_DISPLAY_PROP_CLIPBOARD_ENABLED:
      g_value_set_boolean (value, kvmm_display_clipboard_get_enabled (priv->clipboard));
      break;
    case KVMM_DISPLAY_PROP_RELEASE_KEYS:
      g_value_set_string (value, kvmm_display_keyboard_get_release_keys (priv->keyboard));
      break;
    case KVMM_DISPLAY_PROP_PAUSED:
      g_value_set_boolean (value, kvmm_display_picture_get_paused (priv->picture));
      break;
    case KVMM_DISPLAY_PROP_DIMMED:
      g_value_set_boolean (value, kvmm_display_picture_get_dimmed (priv->picture));
      break;
    case KVMM_DISPLAY_PROP_GUEST_NAME:
      g_value_set_string (value, priv->guest_name);
      break;
    case KVMM_DISPLAY_N_PROPS:
      break;
    }
}

static void
kvmm_display_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  KvmmDisplay *self = KVMM_DISPLAY (object);

  /* The others are read-only. */
  if (id == KVMM_DISPLAY_PROP_GRAB_KEYBOARD)
    kvmm_display_set_grab_keyboard (self, g_value_get_boolean (value));
  else if (id == KVMM_DISPLAY_PROP_READ_ONLY)
    kvmm_display_set_read_only (self, g_value_get_boolean (value));
  else if (id == KVMM_DISPLAY_PROP_SCALING)
    kvmm_display_set_scaling (self, (KvmmDisplayScaling) g_value_get_enum (value));
  else if (id == KVMM_DISPLAY_PROP_RESIZE_GUEST)
    kvmm_display_set_resize_guest (self, g_value_get_boolean (value));
  else if (id == KVMM_DISPLAY_PROP_CLIPBOARD_ENABLED)
    kvmm_display_set_clipboard_enabled (self, g_value_get_boolean (value));
  else if (id == KVMM_DISPLAY_PROP_RELEASE_KEYS)
    kvmm_display_set_release_keys (self, g_value_get_string (value));
}

static void
kvmm_display_dispose (GObject *object)
{
  KvmmDisplay *self = KVMM_DISPLAY (object);
  KvmmDisplayPrivate *priv = kvmm_display_get_private (self);

  priv->is_open = FALSE;
  KVMM_DISPLAY_GET_CLASS (self)->close (self);
  kvmm_display_picture_stop (priv->picture);
  kvmm_display_keyboard_stop (priv->keyboard);
  kvmm_display_pointer_stop (priv->pointer);
  kvmm_display_clipboard_stop (priv->clipboard);

  G_OBJECT_CLASS (kvmm_display_parent_class)->dispose (object);
}

static void
kvmm_display_finalize (GObject *object)
{
  KvmmDisplayPrivate *priv = kvmm_display_get_private (KVMM_DISPLAY (object));

  g_clear_pointer (&priv->picture, kvmm_display_picture_free);
  g_clear_pointer (&priv->keyboard, kvmm_display_keyboard_free);
  g_clear_pointer (&priv->pointer, kvmm_display_pointer_free);
  g_clear_pointer (&priv->clipboard, kvmm_display_clipboard_free);
  g_clear_pointer (&priv->progress_text, g_free);
  g_clear_pointer (&priv->guest_name, g_free);
  g_clear_error (&priv->error);

  G_OBJECT_CLASS (kvmm_display_parent_class)->finalize (object);
}

#define READABLE (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY)
#define WRITABLE (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY)

static GParamSpec *
boolean_spec (const char *name, gboolean initial, GParamFlags flags)
{
  return g_param_spec_boolean (name, NULL, NULL, initial, flags);
}

static void
install_properties (GObjectClass *object_class)
{
  properties[KVMM_DISPLAY_PROP_STATE] =
      g_param_spec_enum ("state", NULL, NULL, KVMM_TYPE_DISPLAY_STATE, KVMM_DISPLAY_IDLE, READABLE);
  properties[KVMM_DISPLAY_PROP_PROGRESS_TEXT] =
      g_param_spec_string ("progress-text", NULL, NULL, NULL, READABLE);
  properties[KVMM_DISPLAY_PROP_AUTH_NEEDS] =
      g_param_spec_flags ("auth-needs", NULL, NULL, KVMM_TYPE_DISPLAY_NEEDS, 0, READABLE);
  properties[KVMM_DISPLAY_PROP_GUEST_WIDTH] =
      g_param_spec_uint ("guest-width", NULL, NULL, 0, KVMM_FRAMEBUFFER_MAX_SIDE, 0, READABLE);
  properties[KVMM_DISPLAY_PROP_GUEST_HEIGHT] =
      g_param_spec_uint ("guest-height", NULL, NULL, 0, KVMM_FRAMEBUFFER_MAX_SIDE, 0, READABLE);
  properties[KVMM_DISPLAY_PROP_CAPABILITIES] =
      g_param_spec_flags ("capabilities", NULL, NULL, KVMM_TYPE_DISPLAY_CAPABILITIES, 0, READABLE);
  properties[KVMM_DISPLAY_PROP_POINTER_ABSOLUTE] =
      boolean_spec ("pointer-absolute", TRUE, READABLE);
  properties[KVMM_DISPLAY_PROP_POINTER_GRABBED] = boolean_spec ("pointer-grabbed", FALSE, READABLE);
  properties[KVMM_DISPLAY_PROP_CAN_GRAB_POINTER] =
      boolean_spec ("can-grab-pointer", FALSE, READABLE);
  properties[KVMM_DISPLAY_PROP_SENDS_KEYS] = boolean_spec ("sends-keys", FALSE, READABLE);
  properties[KVMM_DISPLAY_PROP_KEYBOARD_GRABBED] =
      boolean_spec ("keyboard-grabbed", FALSE, READABLE);
  properties[KVMM_DISPLAY_PROP_GRAB_KEYBOARD] = boolean_spec ("grab-keyboard", TRUE, WRITABLE);
  properties[KVMM_DISPLAY_PROP_LOCK_KEYS] =
      g_param_spec_uint ("lock-keys", NULL, NULL, 0, 7, 0, READABLE);
  properties[KVMM_DISPLAY_PROP_READ_ONLY] = boolean_spec ("read-only", FALSE, WRITABLE);
  properties[KVMM_DISPLAY_PROP_SCALING] = g_param_spec_enum (
      "scaling", NULL, NULL, KVMM_TYPE_DISPLAY_SCALING, KVMM_DISPLAY_SCALING_FIT, WRITABLE);
  properties[KVMM_DISPLAY_PROP_RESIZE_GUEST] = boolean_spec ("resize-guest", FALSE, WRITABLE);
  properties[KVMM_DISPLAY_PROP_CLIPBOARD_ENABLED] =
      boolean_spec ("clipboard-enabled", TRUE, WRITABLE);
  properties[KVMM_DISPLAY_PROP_RELEASE_KEYS] =
      g_param_spec_string ("release-keys", NULL, NULL, KVMM_DISPLAY_RELEASE_KEYS_DEFAULT, WRITABLE);
  properties[KVMM_DISPLAY_PROP_PAUSED] = boolean_spec ("paused", TRUE, READABLE);
  properties[KVMM_DISPLAY_PROP_DIMMED] = boolean_spec ("dimmed", FALSE, READABLE);
  properties[KVMM_DISPLAY_PROP_GUEST_NAME] =
      g_param_spec_string ("guest-name", NULL, NULL, NULL, READABLE);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
kvmm_display_class_init (KvmmDisplayClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  GType type = G_TYPE_FROM_CLASS (klass);

  object_class->get_property = kvmm_display_get_property;
  object_class->set_property = kvmm_display_set_property;
  object_class->dispose = kvmm_display_dispose;
  object_class->finalize = kvmm_display_finalize;
  widget_class->snapshot = kvmm_display_snapshot;
  widget_class->measure = kvmm_display_measure;
  widget_class->size_allocate = kvmm_display_size_allocate;
  widget_class->map = kvmm_display_map;
  widget_class->unmap = kvmm_display_unmap;

  install_properties (object_class);
  signals[CLOSED] = g_signal_new ("closed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_ERROR);
  signals[BELL] =
      g_signal_new ("bell", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[CLIPBOARD_RECEIVED] = g_signal_new ("clipboard-received", type, G_SIGNAL_RUN_LAST, 0,
                                              NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[HOST_SHORTCUT] =
      g_signal_new ("host-shortcut", type, G_SIGNAL_RUN_LAST, 0, g_signal_accumulator_true_handled,
                    NULL, NULL, G_TYPE_BOOLEAN, 2, G_TYPE_UINT, GDK_TYPE_MODIFIER_TYPE);
  gtk_widget_class_set_css_name (widget_class, "kvmm-display");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
kvmm_display_init (KvmmDisplay *self)
{
  KvmmDisplayPrivate *priv = kvmm_display_get_private (self);
  GtkEventController *focus = gtk_event_controller_focus_new ();

  priv->picture = kvmm_display_picture_new (self);
  priv->keyboard = kvmm_display_keyboard_new (self);
  priv->pointer = kvmm_display_pointer_new (self);
  priv->clipboard = kvmm_display_clipboard_new (self);

  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Screen of the virtual machine"), -1);
  g_signal_connect (focus, "enter", G_CALLBACK (focus_enter_cb), self);
  g_signal_connect (focus, "leave", G_CALLBACK (focus_leave_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), focus);
}
