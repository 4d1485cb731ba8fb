/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-terminal-screen.h"

#include <adwaita.h>
#include <glib/gi18n.h>

/* Flags of PCRE2, which VTE takes as numbers. */
#define REGEX_CASELESS 0x00000008u
#define REGEX_MULTILINE 0x00000400u
#define REGEX_UTF 0x00080000u

struct _KvmmTerminalScreen
{
  VteTerminal parent_instance;

  KvmmTerminalColors colors;
};

enum
{
  SIZED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KvmmTerminalScreen, kvmm_terminal_screen, VTE_TYPE_TERMINAL)

#define N_PALETTE 16

typedef struct
{
  const char *foreground;
  const char *background;
  const char *const *palette; /* N_PALETTE of them */
} Scheme;

static const char *const light_palette[N_PALETTE] = {
  "#171421", "#c01c28", "#1b7a4d", "#8a5a00", "#12488b", "#a347ba", "#1b7b8e", "#9a9996",
  "#5e5c64", "#d4202e", "#24855a", "#9c6a0a", "#2a63c4", "#b04fc7", "#2487a0", "#c0bfbc",
};
static const char *const dark_palette[N_PALETTE] = {
  "#241f31", "#ed333b", "#57e389", "#f8e45c", "#62a0ea", "#c061cb", "#5bc8d6", "#deddda",
  "#77767b", "#f66151", "#8ff0a4", "#ffa348", "#99c1f1", "#dc8add", "#93ddc2", "#f6f5f4",
};
/* As the Linux console has them. */
static const char *const black_palette[N_PALETTE] = {
  "#000000", "#aa0000", "#00aa00", "#aa5500", "#0000aa", "#aa00aa", "#00aaaa", "#aaaaaa",
  "#555555", "#ff5555", "#55ff55", "#ffff55", "#5555ff", "#ff55ff", "#55ffff", "#ffffff",
};
/* https://ethanschoonover.com/solarized/ */
static const char *const solarized_palette[N_PALETTE] = {
  "#073642", "#dc322f", "#859900", "#b58900", "#268bd2", "#d33682", "#2aa198", "#eee8d5",
  "#002b36", "#cb4b16", "#586e75", "#657b83", "#839496", "#6c71c4", "#93a1a1", "#fdf6e3",
};

static const Scheme schemes[KVMM_N_TERMINAL_COLORS] = {
  [KVMM_TERMINAL_COLORS_LIGHT] = { "#1e1e1e", "#ffffff", light_palette },
  [KVMM_TERMINAL_COLORS_DARK] = { "#ffffff", "#1e1e1e", dark_palette },
  [KVMM_TERMINAL_COLORS_BLACK] = { "#aaaaaa", "#000000", black_palette },
  [KVMM_TERMINAL_COLORS_SOLARIZED_LIGHT] = { "#657b83", "#fdf6e3", solarized_palette },
  [KVMM_TERMINAL_COLORS_SOLARIZED_DARK] = { "#839496", "#002b36", solarized_palette },
};

static void
update_colors (KvmmTerminalScreen *self)
{
  gboolean is_dark = adw_style_manager_get_dark (adw_style_manager_get_default ());
  KvmmTerminalColors of_style = is_dark ? KVMM_TERMINAL_COLORS_DARK : KVMM_TERMINAL_COLORS_LIGHT;
  const Scheme *scheme =
      &schemes[self->colors == KVMM_TERMINAL_COLORS_STYLE ? of_style : self->colors];
  GdkRGBA foreground, background, palette[N_PALETTE];

  gdk_rgba_parse (&foreground, scheme->foreground);
  gdk_rgba_parse (&background, scheme->background);
  for (guint i = 0; i < G_N_ELEMENTS (palette); i++)
    gdk_rgba_parse (&palette[i], scheme->palette[i]);
  vte_terminal_set_colors (VTE_TERMINAL (self), &foreground, &background, palette,
                           G_N_ELEMENTS (palette));
}

static void
lock_down (VteTerminal *vte)
{
  vte_terminal_set_allow_hyperlink (vte, FALSE);
  vte_terminal_set_audible_bell (vte, FALSE);
  vte_terminal_set_enable_sixel (vte, FALSE);
}

static void
kvmm_terminal_screen_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  GTK_WIDGET_CLASS (kvmm_terminal_screen_parent_class)
      ->size_allocate (widget, width, height, baseline);
  g_signal_emit (widget, signals[SIZED], 0);
}

static void
kvmm_terminal_screen_class_init (KvmmTerminalScreenClass *klass)
{
  GTK_WIDGET_CLASS (klass)->size_allocate = kvmm_terminal_screen_size_allocate;
  signals[SIZED] = g_signal_new ("sized", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 0);
}

static void
kvmm_terminal_screen_init (KvmmTerminalScreen *self)
{
  lock_down (VTE_TERMINAL (self));
  vte_terminal_search_set_wrap_around (VTE_TERMINAL (self), TRUE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Terminal"), -1);
  g_signal_connect_object (adw_style_manager_get_default (), "notify::dark",
                           G_CALLBACK (update_colors), self, G_CONNECT_SWAPPED);
  update_colors (self);
}

GtkWidget *
kvmm_terminal_screen_new (void)
{
  return g_object_new (KVMM_TYPE_TERMINAL_SCREEN, NULL);
}

void
kvmm_terminal_screen_set_colors (KvmmTerminalScreen *self, KvmmTerminalColors colors)
{
  g_return_if_fail (KVMM_IS_TERMINAL_SCREEN (self));
  g_return_if_fail (colors < KVMM_N_TERMINAL_COLORS);

  if (self->colors == colors)
    return;
  self->colors = colors;
  update_colors (self);
}

void
kvmm_terminal_screen_renew (KvmmTerminalScreen *self)
{
  g_return_if_fail (KVMM_IS_TERMINAL_SCREEN (self));

  vte_terminal_reset (VTE_TERMINAL (self), TRUE, FALSE);
  lock_down (VTE_TERMINAL (self));
  update_colors (self);
}

gboolean
kvmm_terminal_screen_find (KvmmTerminalScreen *self, const char *text, gboolean is_down)
{
  g_autofree char *pattern = g_regex_escape_string (text, -1);
  g_autoptr (GError) error = NULL;
  VteRegex *regex;

  g_return_val_if_fail (KVMM_IS_TERMINAL_SCREEN (self), FALSE);

  if (text[0] == '\0')
    {
      vte_terminal_search_set_regex (VTE_TERMINAL (self), NULL, 0);
      return FALSE;
    }
  regex =
      vte_regex_new_for_search (pattern, -1, REGEX_CASELESS | REGEX_MULTILINE | REGEX_UTF, &error);
  if (regex == NULL)
    return FALSE;
  vte_terminal_search_set_regex (VTE_TERMINAL (self), regex, 0);
  vte_regex_unref (regex);
  return is_down ? vte_terminal_search_find_next (VTE_TERMINAL (self))
                 : vte_terminal_search_find_previous (VTE_TERMINAL (self));
}
