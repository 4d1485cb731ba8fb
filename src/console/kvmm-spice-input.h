/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <spice-client.h>

#include "console/kvmm-display.h"

G_BEGIN_DECLS

/* Keys and the pointer, as KvmmDisplayClass gives them, for a SPICE server. Main thread only.
 *
 * A screen is connected, and takes keys, some moments before the channel that carries them is open.
 * What is struck until then waits for it; the pointer does not, as it says its place again. */

typedef struct _KvmmSpiceInput KvmmSpiceInput;

/** KVMM_SPICE_INPUT_MAX_WAITING: keys going down or up that wait; further ones are lost */
#define KVMM_SPICE_INPUT_MAX_WAITING 256

/** kvmm_spice_input_new: Returns: (transfer full): free it with kvmm_spice_input_free() */
KvmmSpiceInput *kvmm_spice_input_new (void);
void kvmm_spice_input_free (KvmmSpiceInput *self);
/**
 * kvmm_spice_input_set_channel:
 * @channel: (nullable): an open one, which must stay until another, or none, is set
 *
 * To a channel goes what waited for it; with none it is forgotten.
 */
void kvmm_spice_input_set_channel (KvmmSpiceInput *self, SpiceInputsChannel *channel);
/** kvmm_spice_input_is_open: whether there is a channel */
gboolean kvmm_spice_input_is_open (KvmmSpiceInput *self);

/* @self: (nullable): without one nothing is sent */

void kvmm_spice_input_key (KvmmSpiceInput *self, gboolean down, guint qnum);
/** kvmm_spice_input_position: @display_id: of the screen. @x, @y: in pixels of that screen */
void
kvmm_spice_input_position (KvmmSpiceInput *self, guint display_id, guint x, guint y, guint mask);
void kvmm_spice_input_motion (KvmmSpiceInput *self, int dx, int dy, guint mask);
void kvmm_spice_input_button (KvmmSpiceInput *self, gboolean down, guint button, guint mask);
void kvmm_spice_input_lock_keys (KvmmSpiceInput *self, KvmmLockKeys keys);

/** kvmm_spice_input_mask: @mask: bit (button - 1). Returns: bits SPICE_MOUSE_BUTTON_MASK_* */
int kvmm_spice_input_mask (guint mask);

G_END_DECLS
