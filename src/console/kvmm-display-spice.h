/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "console/kvmm-display.h"
#include "console/kvmm-spice-session.h"

G_BEGIN_DECLS

/* A guest's screen by SPICE, and what SPICE carries beside it: further screens, sound, USB devices,
 * files. Main thread only. */

#define KVMM_TYPE_DISPLAY_SPICE (kvmm_display_spice_get_type ())
G_DECLARE_FINAL_TYPE (KvmmDisplaySpice, kvmm_display_spice, KVMM, DISPLAY_SPICE, KvmmDisplay)

/* Properties:
 *   "audio-enabled" boolean: the guest's sound is played; FALSE at first
 *   "microphone-enabled" boolean: the guest may listen, while audio is enabled; FALSE at first
 *   "n-heads" uint (readable): screens of the guest, 0 while not connected; notified when the
 *       number that its adapters can have changed too
 *   "agent" boolean (readable): the guest's SPICE agent is there: without it the guest does not
 *       follow the size of the window, and neither text nor files travel
 * Signals:
 *   "warning" (GError): sound or a USB device does not work; the screen goes on
 */

KvmmDisplay *kvmm_display_spice_new (void);

/** kvmm_display_spice_open_session: as kvmm_display_open(), with an idle session that has a way of
 * its own */
void kvmm_display_spice_open_session (KvmmDisplaySpice *self, KvmmSpiceSession *session);

/**
 * kvmm_display_spice_new_head:
 * @self: the display that was opened
 * @head: 1 to "n-heads" - 1; 0 is @self
 *
 * Returns: (transfer floating): a widget with another screen of the same connection. It is
 * DISCONNECTED when @self is, and has no picture while the guest has no such screen.
 */
KvmmDisplay *kvmm_display_spice_new_head (KvmmDisplaySpice *self, guint head);
guint kvmm_display_spice_get_n_heads (KvmmDisplaySpice *self);
/** kvmm_display_spice_get_max_heads: Returns: how many screens the machine's adapters can have */
guint kvmm_display_spice_get_max_heads (KvmmDisplaySpice *self);
/**
 * kvmm_display_spice_enable_head:
 * @head: 0 to kvmm_display_spice_get_max_heads() - 1
 *
 * Asks the guest's agent to switch a screen on or off. "n-heads" changes when the guest does.
 *
 * Returns: %FALSE without an agent that can
 */
gboolean kvmm_display_spice_enable_head (KvmmDisplaySpice *self, guint head, gboolean enabled);

gboolean kvmm_display_spice_get_audio_enabled (KvmmDisplaySpice *self);
void kvmm_display_spice_set_audio_enabled (KvmmDisplaySpice *self, gboolean enabled);
gboolean kvmm_display_spice_get_agent (KvmmDisplaySpice *self);

/** kvmm_display_spice_get_session: (transfer none) (nullable): for kvmm_spice_usb_new() */
KvmmSpiceSession *kvmm_display_spice_get_session (KvmmDisplaySpice *self);

/** kvmm_display_spice_dup_clipboard_text: Returns: (transfer full): translated: in which direction
 * text travels now, and what is missing for the other */
char *kvmm_display_spice_dup_clipboard_text (KvmmDisplaySpice *self);

G_END_DECLS
