/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-spice-input.h"

#include "console/kvmm-keymap.h"

static SpiceInputsChannel *
get_inputs (KvmmSpiceSession *session)
{
  return session != NULL ? kvmm_spice_session_get_inputs (session) : NULL;
}

/* Bits of the wheel are of no use to a server: each step is a button of its own. */
int
kvmm_spice_input_mask (guint mask)
{
  return (int) ((mask & 7) | (mask & 1 << 7 ? SPICE_MOUSE_BUTTON_MASK_SIDE : 0) |
                (mask & 1 << 8 ? SPICE_MOUSE_BUTTON_MASK_EXTRA : 0));
}

void
kvmm_spice_input_key (KvmmSpiceSession *session, gboolean down, guint qnum)
{
  SpiceInputsChannel *inputs = get_inputs (session);
  guint code = kvmm_keymap_spice_from_qnum (qnum);

  if (inputs == NULL)
    return;
  if (down)
    spice_inputs_channel_key_press (inputs, code);
  else
    spice_inputs_channel_key_release (inputs, code);
}

void
kvmm_spice_input_position (
    KvmmSpiceSession *session, guint display_id, guint x, guint y, guint mask)
{
  SpiceInputsChannel *inputs = get_inputs (session);

  if (inputs != NULL)
    spice_inputs_channel_position (inputs, (int) x, (int) y, (int) display_id,
                                   kvmm_spice_input_mask (mask));
}

void
kvmm_spice_input_motion (KvmmSpiceSession *session, int dx, int dy, guint mask)
{
  SpiceInputsChannel *inputs = get_inputs (session);

  if (inputs != NULL)
    spice_inputs_channel_motion (inputs, dx, dy, kvmm_spice_input_mask (mask));
}

void
kvmm_spice_input_button (KvmmSpiceSession *session, gboolean down, guint button, guint mask)
{
  /* SPICE has no sideways wheel. */
  static const int buttons[] = { 0,
                                 SPICE_MOUSE_BUTTON_LEFT,
                                 SPICE_MOUSE_BUTTON_MIDDLE,
                                 SPICE_MOUSE_BUTTON_RIGHT,
                                 SPICE_MOUSE_BUTTON_UP,
                                 SPICE_MOUSE_BUTTON_DOWN,
                                 0,
                                 0,
                                 SPICE_MOUSE_BUTTON_SIDE,
                                 SPICE_MOUSE_BUTTON_EXTRA };
  SpiceInputsChannel *inputs = get_inputs (session);

  if (inputs == NULL || button >= G_N_ELEMENTS (buttons) || buttons[button] == 0)
    return;
  if (down)
    spice_inputs_channel_button_press (inputs, buttons[button], kvmm_spice_input_mask (mask));
  else
    spice_inputs_channel_button_release (inputs, buttons[button], kvmm_spice_input_mask (mask));
}

void
kvmm_spice_input_lock_keys (KvmmSpiceSession *session, KvmmLockKeys keys)
{
  SpiceInputsChannel *inputs = get_inputs (session);

  /* The same bits. */
  if (inputs != NULL)
    spice_inputs_channel_set_key_locks (inputs, keys);
}
