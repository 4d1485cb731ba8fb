/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

typedef struct
{
  const char *trigger; /* as gtk_shortcut_trigger_parse_string() reads it */
  const char *action;
} KvmmTerminalKey;

/**
 * kvmm_terminal_add_keys:
 * @widget: holds terminals, and has the actions terminal.copy, paste, find, zoom-in, zoom-out and
 *     zoom-reset
 * @more: (nullable): further keys
 *
 * Main thread only. A focused terminal sends every key to the guest: these are taken on their way
 * down to it.
 */
void kvmm_terminal_add_keys (GtkWidget *widget, const KvmmTerminalKey *more, guint n_more);

/**
 * kvmm_terminal_guard_keys:
 * @screen: what takes the keys when it has the focus
 *
 * Main thread only. A window's accelerators come before the focused widget: Ctrl and a letter, and
 * the function keys but F11, are the guest's instead while @screen has the keyboard.
 */
void kvmm_terminal_guard_keys (GtkWidget *screen);

/** kvmm_terminal_zoom: Main thread only. @name: one of the three zoom actions. Returns: @scale
 * after it */
double kvmm_terminal_zoom (double scale, const char *name);

G_END_DECLS
