/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

#include "console/kvmm-keymap.h"

G_BEGIN_DECLS

/* How a character is typed on a keyboard: which keys, on which layout of the guest. Any thread;
 * pure functions over tables. A display server carries keys and not characters, so the layout that
 * matters is the one that the guest has set. */

/* Most keys of one character: a dead key and a letter. */
#define KVMM_KEY_STROKES_MAX 2

typedef enum
{
  KVMM_KEY_SHIFT = 1 << 0,
  KVMM_KEY_ALTGR = 1 << 1,
} KvmmKeyLevel;

typedef struct
{
  guint qnum;
  KvmmKeyLevel level;
} KvmmKeyStroke;

typedef struct
{
  const char *id;   /* "us", "de", … as in XKB: "us(dvorak)" is "dvorak" */
  const char *name; /* untranslated, for _(): "English (US)" */
} KvmmKeyLayoutInfo;

/** kvmm_key_layout_list: @n_layouts: (out). Returns: (transfer none) (array length=n_layouts) */
const KvmmKeyLayoutInfo *kvmm_key_layout_list (guint *n_layouts);
/** kvmm_key_layout_guess: @language: (nullable): "de_CH.UTF-8". Returns: (transfer none): the id of
 * a layout that people of that language often use; "us" when none is known */
const char *kvmm_key_layout_guess (const char *language);

/**
 * kvmm_key_layout_find:
 * @layout: an id
 * @character: any
 * @strokes: (out caller-allocates) (array fixed-size=2)
 *
 * Line feed is Return, a tabulator is Tab.
 *
 * Returns: how many keys, one after the other, give @character; 0: it cannot be typed
 */
guint kvmm_key_layout_find (const char *layout, gunichar character, KvmmKeyStroke *strokes);

/** kvmm_key_layout_list_missing: Returns: (transfer full) (nullable): the characters of @text that
 * cannot be typed, each once, at most 64 of them; %NULL when all can */
char *kvmm_key_layout_list_missing (const char *layout, const char *text);

G_END_DECLS
