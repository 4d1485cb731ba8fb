/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "console/kvmm-display.h"
#include "console/kvmm-spice-session.h"

G_BEGIN_DECLS

/* Keys and the pointer, as KvmmDisplayClass gives them, for a SPICE server. Main thread only.
 * @session: (nullable): without one, and before its inputs channel is there, nothing is sent. */

void kvmm_spice_input_key (KvmmSpiceSession *session, gboolean down, guint qnum);
/** kvmm_spice_input_position: @display_id: of the screen. @x, @y: in pixels of that screen */
void kvmm_spice_input_position (
    KvmmSpiceSession *session, guint display_id, guint x, guint y, guint mask);
void kvmm_spice_input_motion (KvmmSpiceSession *session, int dx, int dy, guint mask);
void kvmm_spice_input_button (KvmmSpiceSession *session, gboolean down, guint button, guint mask);
void kvmm_spice_input_lock_keys (KvmmSpiceSession *session, KvmmLockKeys keys);

/** kvmm_spice_input_mask: @mask: bit (button - 1). Returns: bits SPICE_MOUSE_BUTTON_MASK_* */
int kvmm_spice_input_mask (guint mask);

G_END_DECLS
