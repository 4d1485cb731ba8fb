/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <gtk/gtk.h>

#include "console/kvmm-key-layout.h"
#include "console/kvmm-keymap.h"

/* QEMU's numbers of keys (XT set 1), as its own keyboards send them. */
static void
test_scancodes (void)
{
  static const struct
  {
    guint evdev, qnum, spice;
  } keys[] = {
    { 1, 0x01, 0x01 },    { 30, 0x1e, 0x1e },   { 83, 0x53, 0x53 },   { 86, 0x56, 0x56 },
    { 87, 0x57, 0x57 },   { 88, 0x58, 0x58 },   { 96, 0x9c, 0x11c },  { 97, 0x9d, 0x11d },
    { 99, 0x54, 0x54 },   { 100, 0xb8, 0x138 }, { 111, 0xd3, 0x153 }, { 113, 0xa0, 0x120 },
    { 119, 0xc6, 0x146 }, { 125, 0xdb, 0x15b }, { 127, 0xdd, 0x15d }, { 142, 0xdf, 0x15f },
    { 163, 0x99, 0x119 }, { 164, 0xa2, 0x122 }, { 183, 0x5d, 0x5d },  { 217, 0xe5, 0x165 },
    { 84, 0, 0 },         { 240, 0, 0 },        { 0x160, 0, 0 },      { G_MAXUINT, 0, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_assert_cmphex (kvmm_keymap_qnum_from_evdev (keys[i].evdev), ==, keys[i].qnum);
      g_assert_cmphex (kvmm_keymap_spice_from_qnum (keys[i].qnum), ==, keys[i].spice);
    }
  g_assert_cmphex (kvmm_keymap_qnum_from_hardware (38), ==, 0x1e);
  for (guint keycode = 0; keycode <= 8; keycode++)
    g_assert_cmphex (kvmm_keymap_qnum_from_hardware (keycode), ==, 0);
}

/* Two keys with one number could not be told apart. */
static void
test_each_number_once (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);

  for (guint code = 1; code < 256; code++)
    {
      guint qnum = kvmm_keymap_qnum_from_evdev (code);

      g_assert_cmpuint (qnum, <, 0x100);
      if (qnum != 0)
        g_assert_true (g_hash_table_add (seen, GUINT_TO_POINTER (qnum)));
    }
}

static void
test_combinations (void)
{
  KvmmKey keys[KVMM_KEYMAP_COMBINATION_MAX];

  g_assert_cmpuint (kvmm_keymap_parse_combination ("Control_L + Alt_L+F12", keys), ==, 3);
  g_assert_cmphex (keys[2].qnum, ==, 0x58);
  g_assert_cmpuint (kvmm_keymap_parse_combination ("a+b+c+d+e+f+g+h", keys), ==, 8);
  g_assert_cmpuint (kvmm_keymap_parse_combination ("a+b+c+d+e+f+g+h+i", keys), ==, 0);
  g_assert_cmpuint (kvmm_keymap_parse_combination ("a+b+c+d+e+f+g+h+i+j+k", keys), ==, 0);
  g_assert_cmpuint (kvmm_keymap_parse_combination ("", keys), ==, 0);
  g_assert_cmpuint (kvmm_keymap_parse_combination ("Control_L+", keys), ==, 0);
  g_assert_cmpuint (kvmm_keymap_parse_combination ("eacute", keys), ==, 0);
}

static void
assert_typed (
    const char *layout, const char *character, guint n_strokes, guint qnum, KvmmKeyLevel level)
{
  KvmmKeyStroke strokes[KVMM_KEY_STROKES_MAX];

  g_assert_cmpuint (kvmm_key_layout_find (layout, g_utf8_get_char (character), strokes), ==,
                    n_strokes);
  if (n_strokes == 0)
    return;
  g_assert_cmphex (strokes[0].qnum, ==, qnum);
  g_assert_cmphex (strokes[0].level, ==, level);
}

static void
test_layouts (void)
{
  assert_typed ("us", "a", 1, 0x1e, 0);
  assert_typed ("us", "@", 1, 0x03, KVMM_KEY_SHIFT);
  assert_typed ("us", "é", 0, 0, 0);
  assert_typed ("us", "\n", 1, 0x1c, 0);
  assert_typed ("de", "z", 1, 0x15, 0);
  assert_typed ("de", "@", 1, 0x10, KVMM_KEY_ALTGR);
  assert_typed ("de", "\\", 1, 0x0c, KVMM_KEY_ALTGR);
  assert_typed ("de", "é", 2, 0x0d, 0);
  assert_typed ("de", "^", 2, 0x29, 0);
  assert_typed ("fr", "a", 1, 0x10, 0);
  assert_typed ("fr", "1", 1, 0x02, KVMM_KEY_SHIFT);
  assert_typed ("fr", "ê", 2, 0x1a, 0);
  assert_typed ("es", "ü", 2, 0x28, KVMM_KEY_SHIFT);
  assert_typed ("it", "{", 1, 0x1a, KVMM_KEY_SHIFT | KVMM_KEY_ALTGR);
  assert_typed ("gb", "£", 1, 0x04, KVMM_KEY_SHIFT);
  assert_typed ("dvorak", "e", 1, 0x20, 0);
  assert_typed ("nonsense", "a", 0, 0, 0);
}

/* Whatever else a layout lacks, commands and passwords must be possible. */
static void
test_layouts_have_ascii (void)
{
  guint n_layouts;
  const KvmmKeyLayoutInfo *infos = kvmm_key_layout_list (&n_layouts);

  g_assert_cmpuint (n_layouts, >=, 7);
  for (guint i = 0; i < n_layouts; i++)
    for (char c = ' '; c <= '~'; c++)
      {
        KvmmKeyStroke strokes[KVMM_KEY_STROKES_MAX];

        if (kvmm_key_layout_find (infos[i].id, (gunichar) c, strokes) == 0)
          g_error ("the layout %s cannot type “%c”", infos[i].id, c);
      }
}

static void
test_missing (void)
{
  g_autofree char *missing = kvmm_key_layout_list_missing ("us", "grüße, Ü und ü");
  g_autofree char *none = kvmm_key_layout_list_missing ("de", "grüße, Ü und ü");

  g_assert_cmpstr (missing, ==, "üßÜ");
  g_assert_null (none);
  g_assert_cmpstr (kvmm_key_layout_guess ("de_CH.UTF-8"), ==, "de");
  g_assert_cmpstr (kvmm_key_layout_guess ("en_GB"), ==, "gb");
  g_assert_cmpstr (kvmm_key_layout_guess ("fil_PH"), ==, "us");
  g_assert_cmpstr (kvmm_key_layout_guess (NULL), ==, "us");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/console/keys/scancodes", test_scancodes);
  g_test_add_func ("/console/keys/each-number-once", test_each_number_once);
  g_test_add_func ("/console/keys/combinations", test_combinations);
  g_test_add_func ("/console/keys/layouts", test_layouts);
  g_test_add_func ("/console/keys/layouts-have-ascii", test_layouts_have_ascii);
  g_test_add_func ("/console/keys/missing", test_missing);
  return g_test_run ();
}
