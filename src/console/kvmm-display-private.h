/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "console/kvmm-display-backend.h"
#include "console/kvmm-display-clipboard.h"
#include "console/kvmm-display-keyboard.h"
#include "console/kvmm-display-picture.h"
#include "console/kvmm-display-pointer.h"

G_BEGIN_DECLS

/* What the files of KvmmDisplay share. Main thread only.
 *
 * The widget is made of four parts, each of which knows the widget and asks it, never each other:
 * picture, keyboard, pointer, clipboard. */

typedef enum
{
  KVMM_DISPLAY_PROP_STATE = 1,
  KVMM_DISPLAY_PROP_PROGRESS_TEXT,
  KVMM_DISPLAY_PROP_AUTH_NEEDS,
  KVMM_DISPLAY_PROP_GUEST_WIDTH,
  KVMM_DISPLAY_PROP_GUEST_HEIGHT,
  KVMM_DISPLAY_PROP_CAPABILITIES,
  KVMM_DISPLAY_PROP_POINTER_ABSOLUTE,
  KVMM_DISPLAY_PROP_POINTER_GRABBED,
  KVMM_DISPLAY_PROP_CAN_GRAB_POINTER,
  KVMM_DISPLAY_PROP_SENDS_KEYS,
  KVMM_DISPLAY_PROP_KEYBOARD_GRABBED,
  KVMM_DISPLAY_PROP_GRAB_KEYBOARD,
  KVMM_DISPLAY_PROP_LOCK_KEYS,
  KVMM_DISPLAY_PROP_READ_ONLY,
  KVMM_DISPLAY_PROP_SCALING,
  KVMM_DISPLAY_PROP_RESIZE_GUEST,
  KVMM_DISPLAY_PROP_CLIPBOARD_ENABLED,
  KVMM_DISPLAY_PROP_RELEASE_KEYS,
  KVMM_DISPLAY_PROP_PAUSED,
  KVMM_DISPLAY_PROP_DIMMED,
  KVMM_DISPLAY_PROP_GUEST_NAME,
  KVMM_DISPLAY_N_PROPS
} KvmmDisplayProp;

typedef struct
{
  KvmmDisplayState state;
  KvmmDisplayNeeds auth_needs;
  KvmmDisplayCapabilities capabilities;
  char *progress_text; /* (owned) (nullable) */
  char *guest_name;    /* (owned) (nullable) */
  GError *error;       /* (owned) (nullable) */
  gboolean is_open;    /* between open and the end of it */
  gboolean is_read_only;

  KvmmDisplayPicture *picture;     /* (owned) */
  KvmmDisplayKeyboard *keyboard;   /* (owned) */
  KvmmDisplayPointer *pointer;     /* (owned) */
  KvmmDisplayClipboard *clipboard; /* (owned) */
} KvmmDisplayPrivate;

KvmmDisplayPrivate *kvmm_display_get_private (KvmmDisplay *self);

void kvmm_display_notify (KvmmDisplay *self, KvmmDisplayProp prop);

/** kvmm_display_begin: what kvmm_display_open() does before the protocol's own: state CONNECTING */
void kvmm_display_begin (KvmmDisplay *self);

/** kvmm_display_is_interactive: keys and the pointer are sent: connected, not read-only */
gboolean kvmm_display_is_interactive (KvmmDisplay *self);

/** kvmm_display_emit_host_shortcut: Returns: whether a handler did it */
gboolean
kvmm_display_emit_host_shortcut (KvmmDisplay *self, guint keyval, GdkModifierType modifiers);
void kvmm_display_emit_clipboard_received (KvmmDisplay *self, const char *text);

G_END_DECLS
