/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-console-opener.h"

G_BEGIN_DECLS

/* The guest's screen as a widget: what is the same for every protocol. It draws the framebuffer,
 * sends keys and the pointer, keeps held keys, grabs and lock keys in order. Main thread only.
 *
 * Subclasses speak the protocol: they override the virtual functions below and report through
 * kvmm-display-backend.h. Who shows a screen needs this header and kvmm_display_new_for_kind()
 * alone. */

#define KVMM_TYPE_DISPLAY (kvmm_display_get_type ())
G_DECLARE_DERIVABLE_TYPE (KvmmDisplay, kvmm_display, KVMM, DISPLAY, GtkWidget)

typedef enum
{
  KVMM_DISPLAY_IDLE,        /* not opened yet */
  KVMM_DISPLAY_CONNECTING,  /* see "progress-text" */
  KVMM_DISPLAY_AUTH_NEEDED, /* see "auth-needs"; kvmm_display_answer_auth() goes on */
  KVMM_DISPLAY_CONNECTED,
  KVMM_DISPLAY_DISCONNECTED, /* see kvmm_display_get_error(); the last picture stays */
} KvmmDisplayState;
GType kvmm_display_state_get_type (void);
#define KVMM_TYPE_DISPLAY_STATE (kvmm_display_state_get_type ())

typedef enum
{
  KVMM_DISPLAY_SCALING_FIT,        /* as large as the widget allows, aspect kept, smooth */
  KVMM_DISPLAY_SCALING_NEVER,      /* one guest pixel is one logical pixel of the desktop */
  KVMM_DISPLAY_SCALING_ONE_TO_ONE, /* one guest pixel is one pixel of the monitor */
} KvmmDisplayScaling;
GType kvmm_display_scaling_get_type (void);
#define KVMM_TYPE_DISPLAY_SCALING (kvmm_display_scaling_get_type ())

typedef enum
{
  KVMM_DISPLAY_NEEDS_USERNAME = 1 << 0,
  KVMM_DISPLAY_NEEDS_PASSWORD = 1 << 1,
} KvmmDisplayNeeds;
GType kvmm_display_needs_get_type (void);
#define KVMM_TYPE_DISPLAY_NEEDS (kvmm_display_needs_get_type ())

/* Bits as in RFB's LED state and SPICE's key modifiers. */
typedef enum
{
  KVMM_LOCK_SCROLL = 1 << 0,
  KVMM_LOCK_NUM = 1 << 1,
  KVMM_LOCK_CAPS = 1 << 2,
} KvmmLockKeys;

/* What the protocol, the server and the guest together can carry. Changes while connected. */
typedef enum
{
  KVMM_DISPLAY_CAN_RESIZE = 1 << 0,             /* the guest follows the size of the window */
  KVMM_DISPLAY_CAN_CLIPBOARD_TO_GUEST = 1 << 1, /* text */
  KVMM_DISPLAY_CAN_CLIPBOARD_FROM_GUEST = 1 << 2,
  KVMM_DISPLAY_CAN_DROP_FILES = 1 << 3,
  KVMM_DISPLAY_CAN_AUDIO = 1 << 4,
  KVMM_DISPLAY_CAN_USB = 1 << 5,
} KvmmDisplayCapabilities;
GType kvmm_display_capabilities_get_type (void);
#define KVMM_TYPE_DISPLAY_CAPABILITIES (kvmm_display_capabilities_get_type ())

#define KVMM_DISPLAY_ERROR (kvmm_display_error_quark ())
GQuark kvmm_display_error_quark (void);
typedef enum
{
  KVMM_DISPLAY_ERROR_CLOSED,      /* the server closed: guest off, or another viewer took over */
  KVMM_DISPLAY_ERROR_AUTH,        /* wrong password: try again with another */
  KVMM_DISPLAY_ERROR_UNSUPPORTED, /* no security type in common, no such protocol here */
  KVMM_DISPLAY_ERROR_PROTOCOL,    /* the server sent what cannot be */
} KvmmDisplayErrorCode;

struct _KvmmDisplayClass
{
  GtkWidgetClass parent_class;

  /* Connects: @opener gives descriptors, @graphics says which screen. Must end in a state. */
  void (*open) (KvmmDisplay *self, KvmmConsoleOpener *opener, const KvmmXmlGraphics *graphics);
  /* Disconnects and forgets the protocol's objects. Called in dispose too, and twice. */
  void (*close) (KvmmDisplay *self);
  /* @username: (nullable) */
  void (*answer_auth) (KvmmDisplay *self, const char *username, const char *password);

  /* @qnum: XT set 1 scancode, bit 7 for e0; never 0. @keyval: GDK key symbol, 0: not known */
  void (*key) (KvmmDisplay *self, gboolean down, guint keyval, guint qnum);
  /* The pointer is at @x, @y in guest pixels, within the framebuffer. @mask: bit (button - 1). */
  void (*pointer_position) (KvmmDisplay *self, guint x, guint y, guint mask);
  /* The pointer moved by @dx, @dy (mouse without a tablet). */
  void (*pointer_motion) (KvmmDisplay *self, int dx, int dy, guint mask);
  /* Button 1 left, 2 middle, 3 right, 4–7 wheel up, down, left, right (pressed and released at
   * once), 8 back, 9 forward. @mask: as it is after the change. The position was sent before. */
  void (*pointer_button) (KvmmDisplay *self, gboolean down, guint button, guint mask);
  void (*set_lock_keys) (KvmmDisplay *self, KvmmLockKeys keys); /* (nullable) */

  /* (nullable) The guest should take this size, in pixels; already debounced. */
  void (*request_size) (KvmmDisplay *self, guint width, guint height);
  /* (nullable) The host's clipboard has this text. At most KVMM_DISPLAY_CLIPBOARD_MAX bytes. */
  void (*set_clipboard) (KvmmDisplay *self, const char *text);
  /* (nullable) There is room for one more update: what came before was drawn, or is about to be.
   * Called once after each turn that brought damage, and when somebody looks again. Never while
   * paused: a protocol that asks for pictures asks here and nowhere else. */
  void (*want_frame) (KvmmDisplay *self);
  /* (nullable) Nobody sees the widget (@paused), or somebody does again. */
  void (*set_paused) (KvmmDisplay *self, gboolean paused);
};

/* Most bytes of clipboard text taken from either side. */
#define KVMM_DISPLAY_CLIPBOARD_MAX (1024 * 1024)

/* Properties:
 *   "state" KvmmDisplayState (readable)   "progress-text" (nullable, readable): translated
 *   "auth-needs" KvmmDisplayNeeds (readable)
 *   "guest-width", "guest-height" uint (readable), 0 without a picture
 *   "capabilities" KvmmDisplayCapabilities (readable)
 *   "pointer-absolute" boolean (readable): the guest knows where the pointer is
 *   "pointer-grabbed" boolean (readable): the pointer is held in the guest (relative mouse)
 *   "can-grab-pointer" boolean (readable): whether this desktop lets us hold it; else offer to add
 *       a tablet
 *   "sends-keys" boolean (readable): what is typed now goes to the guest
 *   "keyboard-grabbed" boolean (readable): shortcuts of the desktop too
 *   "grab-keyboard" boolean: whether they should, while the widget has the focus; TRUE at first
 *   "lock-keys" flags KvmmLockKeys as uint (readable): what the guest says
 *   "read-only" boolean: neither keys nor pointer are sent
 *   "scaling" KvmmDisplayScaling
 *   "resize-guest" boolean: the guest takes the size of the widget
 *   "clipboard-enabled" boolean: text of the clipboard travels; TRUE at first
 *   "release-keys" string: the keys that, pressed and released alone, give the keyboard and the
 *       pointer back: "Control_L+Alt_L" at first
 *   "paused" boolean (readable): nobody sees it, no picture is asked for
 *   "dimmed" boolean (readable): the picture is an old one, and drawn pale
 *   "guest-name" (nullable, readable): what the server calls the screen, sanitised
 * Signals:
 *   "closed" (GError*): state became DISCONNECTED; %NULL when kvmm_display_close() did it
 *   "bell" ()
 *   "clipboard-received" (const char *): text of the guest was put on the clipboard
 *   "host-shortcut" (guint keyval, GdkModifierType) → gboolean: a key of the allow-list was
 *       pressed; %TRUE: done, %FALSE: the window's accelerators may look at it
 */

/**
 * kvmm_display_new_for_kind:
 *
 * Returns: (transfer floating): a widget for screens of @kind, or %NULL with
 * KVMM_DISPLAY_ERROR_UNSUPPORTED when this build cannot show them
 */
KvmmDisplay *kvmm_display_new_for_kind (KvmmGraphicsKind kind, GError **error);
/** kvmm_display_supports_kind: whether this build can show such screens */
gboolean kvmm_display_supports_kind (KvmmGraphicsKind kind);

/**
 * kvmm_display_open:
 * @graphics: which screen; copied
 *
 * Connects; how it goes shows in "state". May be called again after DISCONNECTED: the last picture
 * stays, dimmed, until the first new one.
 */
void
kvmm_display_open (KvmmDisplay *self, KvmmConsoleOpener *opener, const KvmmXmlGraphics *graphics);
void kvmm_display_close (KvmmDisplay *self);
/** kvmm_display_answer_auth: in state AUTH_NEEDED. @username: (nullable) */
void kvmm_display_answer_auth (KvmmDisplay *self, const char *username, const char *password);

KvmmDisplayState kvmm_display_get_state (KvmmDisplay *self);
const GError *kvmm_display_get_error (KvmmDisplay *self); /* (nullable): why it is DISCONNECTED */
KvmmDisplayNeeds kvmm_display_get_auth_needs (KvmmDisplay *self);
KvmmDisplayCapabilities kvmm_display_get_capabilities (KvmmDisplay *self);
const char *kvmm_display_get_progress_text (KvmmDisplay *self); /* (nullable) */
guint kvmm_display_get_guest_width (KvmmDisplay *self);
guint kvmm_display_get_guest_height (KvmmDisplay *self);
gboolean kvmm_display_get_pointer_absolute (KvmmDisplay *self);
gboolean kvmm_display_get_pointer_grabbed (KvmmDisplay *self);
gboolean kvmm_display_get_keyboard_grabbed (KvmmDisplay *self);
gboolean kvmm_display_get_sends_keys (KvmmDisplay *self);
KvmmLockKeys kvmm_display_get_lock_keys (KvmmDisplay *self);
gboolean kvmm_display_get_read_only (KvmmDisplay *self);
void kvmm_display_set_read_only (KvmmDisplay *self, gboolean read_only);
KvmmDisplayScaling kvmm_display_get_scaling (KvmmDisplay *self);
void kvmm_display_set_scaling (KvmmDisplay *self, KvmmDisplayScaling scaling);
gboolean kvmm_display_get_resize_guest (KvmmDisplay *self);
void kvmm_display_set_resize_guest (KvmmDisplay *self, gboolean resize_guest);
gboolean kvmm_display_get_grab_keyboard (KvmmDisplay *self);
void kvmm_display_set_grab_keyboard (KvmmDisplay *self, gboolean grab_keyboard);
gboolean kvmm_display_get_clipboard_enabled (KvmmDisplay *self);
void kvmm_display_set_clipboard_enabled (KvmmDisplay *self, gboolean enabled);

/**
 * kvmm_display_set_release_keys:
 * @keys: names of GDK key symbols joined by "+": "Control_L+Alt_L"
 *
 * Returns: %FALSE, with nothing changed, when a name is not known or has no key
 */
gboolean kvmm_display_set_release_keys (KvmmDisplay *self, const char *keys);
const char *kvmm_display_get_release_keys (KvmmDisplay *self);

/**
 * kvmm_display_set_host_shortcuts:
 * @accelerators: (nullable) (array zero-terminated=1): as gtk_accelerator_parse() reads them, at
 * most 64: these keys never go to the guest. What cannot be parsed is left out.
 */
void kvmm_display_set_host_shortcuts (KvmmDisplay *self, const char *const *accelerators);

/**
 * kvmm_display_send_keys:
 * @keys: names of GDK key symbols joined by "+": "Control_L+Alt_L+Delete"
 *
 * Presses them in this order and releases them in reverse, whatever is held at the host.
 *
 * Returns: %FALSE, with nothing sent, when a name is not known, there are more than 8, or the
 * display is not connected
 */
gboolean kvmm_display_send_keys (KvmmDisplay *self, const char *keys);

/** kvmm_display_release_all: releases all held keys and buttons in the guest */
void kvmm_display_release_all (KvmmDisplay *self);
/** kvmm_display_ungrab: gives keyboard and pointer back, as the release keys do; a click into the
 * widget takes them again */
void kvmm_display_ungrab (KvmmDisplay *self);

/** kvmm_display_copy_picture: Returns: (transfer full) (nullable): the picture of this moment in
 * guest pixels, %NULL without one */
GdkTexture *kvmm_display_copy_picture (KvmmDisplay *self);

/**
 * kvmm_display_widget_to_guest:
 * @x, @y: in the widget
 * @guest_x, @guest_y: (out): in guest pixels, clamped to the picture
 *
 * Returns: whether the point is on the picture; %FALSE, and nothing set, without a picture
 */
gboolean kvmm_display_widget_to_guest (
    KvmmDisplay *self, double x, double y, guint *guest_x, guint *guest_y);

G_END_DECLS
