/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-spice-input.h"

#include "console/kvmm-keymap.h"

#define NO_LOCKS (-1)

typedef struct
{
  guint code; /* as SPICE counts them */
  gboolean down;
} Stroke;

struct _KvmmSpiceInput
{
  SpiceInputsChannel *channel; /* (unowned) (nullable): open */
  GArray *waiting;             /* (owned) (element-type Stroke): for a channel */
  int waiting_locks;           /* bits, or NO_LOCKS */
};

KvmmSpiceInput *
kvmm_spice_input_new (void)
{
  KvmmSpiceInput *self = g_new0 (KvmmSpiceInput, 1);

  self->waiting = g_array_new (FALSE, FALSE, sizeof (Stroke));
  self->waiting_locks = NO_LOCKS;
  return self;
}

void
kvmm_spice_input_free (KvmmSpiceInput *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->waiting);
  g_free (self);
}

static void
send_stroke (KvmmSpiceInput *self, const Stroke *stroke)
{
  if (stroke->down)
    spice_inputs_channel_key_press (self->channel, stroke->code);
  else
    spice_inputs_channel_key_release (self->channel, stroke->code);
}

void
kvmm_spice_input_set_channel (KvmmSpiceInput *self, SpiceInputsChannel *channel)
{
  g_return_if_fail (self != NULL);

  self->channel = channel;
  if (channel != NULL)
    {
      if (self->waiting_locks != NO_LOCKS)
        spice_inputs_channel_set_key_locks (channel, (guint) self->waiting_locks);
      for (guint i = 0; i < self->waiting->len; i++)
        send_stroke (self, &g_array_index (self->waiting, Stroke, i));
    }
  g_array_set_size (self->waiting, 0);
  self->waiting_locks = NO_LOCKS;
}

gboolean
kvmm_spice_input_is_open (KvmmSpiceInput *self)
{
  g_return_val_if_fail (self != NULL, FALSE);
  return self->channel != NULL;
}

static SpiceInputsChannel *
get_channel (KvmmSpiceInput *self)
{
  return self != NULL ? self->channel : NULL;
}

/* Bits of the wheel are of no use to a server: each step is a button of its own. */
int
kvmm_spice_input_mask (guint mask)
{
  return (int) ((mask & 7) | (mask & 1 << 7 ? SPICE_MOUSE_BUTTON_MASK_SIDE : 0) |
                (mask & 1 << 8 ? SPICE_MOUSE_BUTTON_MASK_EXTRA : 0));
}

void
kvmm_spice_input_key (KvmmSpiceInput *self, gboolean down, guint qnum)
{
  Stroke stroke = { kvmm_keymap_spice_from_qnum (qnum), down };

  if (self == NULL)
    return;
  if (self->channel != NULL)
    send_stroke (self, &stroke);
  else if (self->waiting->len < KVMM_SPICE_INPUT_MAX_WAITING)
    g_array_append_val (self->waiting, stroke);
}

void
kvmm_spice_input_position (KvmmSpiceInput *self, guint display_id, guint x, guint y, guint mask)
{
  SpiceInputsChannel *inputs = get_channel (self);

  if (inputs != NULL)
    spice_inputs_channel_position (inputs, (int) x, (int) y, (int) display_id,
                                   kvmm_spice_input_mask (mask));
}

void
kvmm_spice_input_motion (KvmmSpiceInput *self, int dx, int dy, guint mask)
{
  SpiceInputsChannel *inputs = get_channel (self);

  if (inputs != NULL)
    spice_inputs_channel_motion (inputs, dx, dy, kvmm_spice_input_mask (mask));
}

void
kvmm_spice_input_button (KvmmSpiceInput *self, gboolean down, guint button, guint mask)
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
  SpiceInputsChannel *inputs = get_channel (self);

  if (inputs == NULL || button >= G_N_ELEMENTS (buttons) || buttons[button] == 0)
    return;
  if (down)
    spice_inputs_channel_button_press (inputs, buttons[button], kvmm_spice_input_mask (mask));
  else
    spice_inputs_channel_button_release (inputs, buttons[button], kvmm_spice_input_mask (mask));
}

void
kvmm_spice_input_lock_keys (KvmmSpiceInput *self, KvmmLockKeys keys)
{
  /* The same bits. */
  if (get_channel (self) != NULL)
    spice_inputs_channel_set_key_locks (self->channel, keys);
  else if (self != NULL)
    self->waiting_locks = (int) keys;
}
