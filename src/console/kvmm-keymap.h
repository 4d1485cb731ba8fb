/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Key numbers. Any thread; pure functions over a table.
 *
 * A qnum is QEMU's name of a key: the scancode of XT set 1, with bit 7 in place of the e0 prefix.
 * VNC's extended key event, D-Bus and virDomainSendKey() take it as it is. */

/** kvmm_keymap_qnum_from_hardware: @keycode: of a GDK event: evdev code + 8 on Wayland and on X11.
 * Returns: the qnum, 0 when the key is not known or @keycode out of range */
guint kvmm_keymap_qnum_from_hardware (guint keycode);
/** kvmm_keymap_qnum_from_evdev: @code: KEY_* of linux/input-event-codes.h. Returns: 0 when not
 * known */
guint kvmm_keymap_qnum_from_evdev (guint code);
/** kvmm_keymap_spice_from_qnum: Returns: what spice_inputs_channel_key_press() takes: 0x100 for the
 * prefix */
guint kvmm_keymap_spice_from_qnum (guint qnum);

/** kvmm_keymap_qnum_from_keyval: @keyval: GDK key symbol that names one key of a US keyboard:
 * modifiers, function and cursor keys, letters, digits, punctuation without Shift. Returns: 0 when
 * there is none */
guint kvmm_keymap_qnum_from_keyval (guint keyval);

/* Most keys of one combination. */
#define KVMM_KEYMAP_COMBINATION_MAX 8
typedef struct
{
  guint keyval;
  guint qnum;
} KvmmKey;
/**
 * kvmm_keymap_parse_combination:
 * @text: "Control_L+Alt_L+Delete"
 * @keys: (out caller-allocates) (array fixed-size=8)
 *
 * Returns: the number of keys, 0 when the text is none
 */
guint kvmm_keymap_parse_combination (const char *text, KvmmKey *keys);

G_END_DECLS
