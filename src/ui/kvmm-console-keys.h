/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Combinations of keys as texts: "Control_L+Alt_L+Delete", and as menus. Main thread only. */

/* Recorded combinations kept for a machine. */
#define KVMM_CONSOLE_KEYS_MAX 12

/** kvmm_console_keys_create_menu: @machine: settings of a machine. Returns: (transfer full): what
 * can be sent, through the action console.send-keys; recorded ones first */
GMenuModel *kvmm_console_keys_create_menu (GSettings *machine);

/** kvmm_console_keys_dup_label: Returns: (transfer full): for people: "Ctrl+Alt+Delete" */
char *kvmm_console_keys_dup_label (const char *keys);

/** kvmm_console_keys_remember: puts @keys before the other recorded ones of @machine */
void kvmm_console_keys_remember (GSettings *machine, const char *keys);

/** kvmm_console_keys_from_keycode: @keycode: of a GDK event. Returns: (transfer none) (nullable):
 * the name of this key on a US keyboard, %NULL when it has none that can be sent */
const char *kvmm_console_keys_from_keycode (guint keycode);

G_END_DECLS
