/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>
#include <vte/vte.h>

G_BEGIN_DECLS

/* VTE in the colours of the desktop, with all off that would let a guest reach beyond its screen:
 * links, sounds, pictures. Titles, folders and notifications are signals and properties of VTE that
 * nothing looks at. Main thread only.
 *
 * Signal "sized": it has got another size, in pixels. */
#define KVMM_TYPE_TERMINAL_SCREEN (kvmm_terminal_screen_get_type ())
G_DECLARE_FINAL_TYPE (KvmmTerminalScreen, kvmm_terminal_screen, KVMM, TERMINAL_SCREEN, VteTerminal)

/* In the order of the schema's enumeration. */
typedef enum
{
  KVMM_TERMINAL_COLORS_STYLE, /* light or dark, as the desktop */
  KVMM_TERMINAL_COLORS_LIGHT,
  KVMM_TERMINAL_COLORS_DARK,
  KVMM_TERMINAL_COLORS_BLACK, /* what a console on a monitor looks like */
  KVMM_TERMINAL_COLORS_SOLARIZED_LIGHT,
  KVMM_TERMINAL_COLORS_SOLARIZED_DARK,
  KVMM_N_TERMINAL_COLORS
} KvmmTerminalColors;

GtkWidget *kvmm_terminal_screen_new (void);

void kvmm_terminal_screen_set_colors (KvmmTerminalScreen *self, KvmmTerminalColors colors);

/** kvmm_terminal_screen_renew: takes back what the last program set: modes, colours */
void kvmm_terminal_screen_renew (KvmmTerminalScreen *self);

/** kvmm_terminal_screen_find: selects the next place of @text upwards (or down) of the selection,
 * without regard to case. Returns: whether there is one */
gboolean kvmm_terminal_screen_find (KvmmTerminalScreen *self, const char *text, gboolean is_down);

G_END_DECLS
