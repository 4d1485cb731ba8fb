/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "console/kvmm-display.h"
#include "console/kvmm-framebuffer.h"

G_BEGIN_DECLS

/* What a protocol tells its widget. Only for subclasses of KvmmDisplay. Main thread only.
 *
 * What comes from a server is not trusted: sizes go through kvmm_framebuffer_new(), texts are
 * bounded and sanitised here. */

/** kvmm_display_set_progress: @text: (nullable): translated: "Waiting for the ssh connection to …".
 * State becomes CONNECTING. */
void kvmm_display_set_progress (KvmmDisplay *self, const char *text);
/** kvmm_display_request_auth: state becomes AUTH_NEEDED */
void kvmm_display_request_auth (KvmmDisplay *self, KvmmDisplayNeeds needs);
/** kvmm_display_set_connected: state becomes CONNECTED */
void kvmm_display_set_connected (KvmmDisplay *self);
/**
 * kvmm_display_take_closed:
 * @error: (transfer full) (nullable): why; %NULL gives KVMM_DISPLAY_ERROR_CLOSED
 *
 * State becomes DISCONNECTED and "closed" is emitted, once per opening: later calls only free
 * @error. Held keys are forgotten. The vfunc close is called, from here.
 */
void kvmm_display_take_closed (KvmmDisplay *self, GError *error);

/** kvmm_display_set_framebuffer: @framebuffer: (nullable): a new picture; the whole is damaged.
 * %NULL: the guest has none at the moment */
void kvmm_display_set_framebuffer (KvmmDisplay *self, KvmmFramebuffer *framebuffer);
KvmmFramebuffer *kvmm_display_get_framebuffer (KvmmDisplay *self); /* (nullable) */
/**
 * kvmm_display_damage:
 * @x, @y, @width, @height: changed pixels of the framebuffer; what lies outside is ignored
 *
 * Collects; all that was damaged in one turn of the main loop is drawn in one frame, with one
 * want_frame for it.
 */
void kvmm_display_damage (KvmmDisplay *self, int x, int y, int width, int height);

/** kvmm_display_set_guest_cursor: @texture: (nullable): %NULL hides the pointer. Hot spot in pixels
 * of the texture, clamped. */
void kvmm_display_set_guest_cursor (KvmmDisplay *self, GdkTexture *texture, int hot_x, int hot_y);
/** kvmm_display_unset_guest_cursor: the guest said nothing: the desktop's own pointer */
void kvmm_display_unset_guest_cursor (KvmmDisplay *self);
void kvmm_display_set_pointer_absolute (KvmmDisplay *self, gboolean absolute);
/** kvmm_display_set_guest_lock_keys: what the guest's LEDs show; brings the guest in step with the
 * host on the next key press when they differ */
void kvmm_display_set_guest_lock_keys (KvmmDisplay *self, KvmmLockKeys keys);
void kvmm_display_set_capability (KvmmDisplay *self,
                                  KvmmDisplayCapabilities capability,
                                  gboolean is_there);
/** kvmm_display_set_guest_name: @name: (nullable): any bytes */
void kvmm_display_set_guest_name (KvmmDisplay *self, const char *name);
/** kvmm_display_receive_clipboard: @text: @length bytes, UTF-8 or not; more than
 * KVMM_DISPLAY_CLIPBOARD_MAX is refused with a log line. Nothing while the clipboard is off. */
void kvmm_display_receive_clipboard (KvmmDisplay *self, const char *text, gsize length);
void kvmm_display_ring_bell (KvmmDisplay *self);
gboolean kvmm_display_get_paused (KvmmDisplay *self);

G_END_DECLS
