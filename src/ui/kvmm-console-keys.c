/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-console-keys.h"

#include <glib/gi18n.h>

#include "console/kvmm-keymap.h"
#include "model/kvmm-settings.h"

/* GDK's names → what stands on keys. */
static const struct
{
  const char *name;
  const char *label;
} labels[] = {
  { "Control_L", N_ ("Ctrl") },
  { "Control_R", N_ ("Right Ctrl") },
  { "Alt_L", N_ ("Alt") },
  { "Alt_R", N_ ("Right Alt") },
  { "ISO_Level3_Shift", N_ ("AltGr") },
  { "Shift_L", N_ ("Shift") },
  { "Shift_R", N_ ("Right Shift") },
  { "Super_L", N_ ("Super") },
  { "Super_R", N_ ("Right Super") },
  { "Delete", N_ ("Delete") },
  { "BackSpace", N_ ("Backspace") },
  { "Return", N_ ("Enter") },
  { "Escape", N_ ("Esc") },
  { "space", N_ ("Space") },
  { "Print", N_ ("Print") },
  { "Scroll_Lock", N_ ("Scroll Lock") },
  { "Page_Up", N_ ("Page Up") },
  { "Page_Down", N_ ("Page Down") },
  { "minus", "-" },
  { "equal", "=" },
  { "comma", "," },
  { "period", "." },
  { "slash", "/" },
};

/* What the kernel's help calls each SysRq command, in the order of an orderly end. */
static const struct
{
  char key;
  const char *label;
} sysrq[] = {
  { 'r', N_ ("R: Take the Keyboard Back") },
  { 'e', N_ ("E: End All Processes") },
  { 'i', N_ ("I: Kill All Processes") },
  { 's', N_ ("S: Write to the Disks") },
  { 'u', N_ ("U: Make Disks Read-Only") },
  { 'b', N_ ("B: Restart at Once") },
  { 'o', N_ ("O: Power Off at Once") },
  { 'f', N_ ("F: Free Memory by Force") },
  { 't', N_ ("T: List Tasks") },
  { 'w', N_ ("W: List Blocked Tasks") },
  { 'h', N_ ("H: Help") },
};

static const char *
get_label (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (labels); i++)
    if (g_str_equal (labels[i].name, name))
      return _ (labels[i].label);
  return NULL;
}

char *
kvmm_console_keys_dup_label (const char *keys)
{
  g_return_val_if_fail (keys != NULL, NULL);

  g_auto (GStrv) names = g_strsplit (keys, "+", KVMM_KEYMAP_COMBINATION_MAX + 1);
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; names[i] != NULL; i++)
    {
      const char *label = get_label (names[i]);
      g_autofree char *upper = g_utf8_strup (names[i], -1);

      g_strdelimit (names[i], "_", ' ');

      if (text->len > 0)
        g_string_append_c (text, '+');
      if (label != NULL)
        g_string_append (text, label);
      else
        g_string_append (text, names[i][0] != '\0' && names[i][1] == '\0' ? upper : names[i]);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
add (GMenu *menu, const char *label, const char *keys)
{
  g_autofree char *own = label == NULL ? kvmm_console_keys_dup_label (keys) : NULL;
  g_autoptr (GMenuItem) item = g_menu_item_new (label != NULL ? label : own, NULL);

  g_menu_item_set_action_and_target (item, "console.send-keys", "s", keys);
  g_menu_append_item (menu, item);
}

static GMenu *
create_recorded (GSettings *machine)
{
  GMenu *menu = g_menu_new ();
  g_auto (GStrv) keys = g_settings_get_strv (machine, KVMM_SETTINGS_MACHINE_KEYS);

  for (guint i = 0; keys[i] != NULL && i < KVMM_CONSOLE_KEYS_MAX; i++)
    add (menu, NULL, keys[i]);
  g_menu_append (menu, _ ("_Other Combination…"), "console.record-keys");
  g_menu_append (menu, _ ("_Type Text…"), "console.type-text");
  return menu;
}

static GMenu *
create_terminals (void)
{
  GMenu *menu = g_menu_new ();

  for (guint i = 1; i <= 12; i++)
    {
      g_autofree char *keys = g_strdup_printf ("Control_L+Alt_L+F%u", i);
      add (menu, NULL, keys);
    }
  return menu;
}

static GMenu *
create_sysrq (void)
{
  GMenu *menu = g_menu_new ();

  for (guint i = 0; i < G_N_ELEMENTS (sysrq); i++)
    {
      g_autofree char *keys = g_strdup_printf ("Alt_L+Print+%c", sysrq[i].key);
      add (menu, _ (sysrq[i].label), keys);
    }
  return menu;
}

GMenuModel *
kvmm_console_keys_create_menu (GSettings *machine)
{
  g_return_val_if_fail (G_IS_SETTINGS (machine), NULL);

  g_autoptr (GMenu) menu = g_menu_new ();
  g_autoptr (GMenu) usual = g_menu_new ();
  g_autoptr (GMenu) more = g_menu_new ();
  g_autoptr (GMenu) recorded = create_recorded (machine);
  g_autoptr (GMenu) terminals = create_terminals ();
  g_autoptr (GMenu) magic = create_sysrq ();

  add (usual, NULL, "Control_L+Alt_L+Delete");
  add (usual, NULL, "Control_L+Alt_L+BackSpace");
  add (usual, NULL, "Print");
  add (usual, NULL, "Alt_L+Tab");
  add (usual, NULL, "Super_L");
  g_menu_append_submenu (more, _ ("Text _Consoles"), G_MENU_MODEL (terminals));
  g_menu_append_submenu (more, _ ("_SysRq"), G_MENU_MODEL (magic));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (usual));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (more));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (recorded));
  return G_MENU_MODEL (g_steal_pointer (&menu));
}

void
kvmm_console_keys_remember (GSettings *machine, const char *keys)
{
  g_return_if_fail (G_IS_SETTINGS (machine));
  g_return_if_fail (keys != NULL);

  g_auto (GStrv) old = g_settings_get_strv (machine, KVMM_SETTINGS_MACHINE_KEYS);
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  g_ptr_array_add (all, (gpointer) keys);
  for (guint i = 0; old[i] != NULL && all->len < KVMM_CONSOLE_KEYS_MAX; i++)
    if (!g_str_equal (old[i], keys))
      g_ptr_array_add (all, old[i]);
  g_ptr_array_add (all, NULL);
  g_settings_set_strv (machine, KVMM_SETTINGS_MACHINE_KEYS, (const char *const *) all->pdata);
}

/* Letters are found before their capitals, since those need Shift. */
const char *
kvmm_console_keys_from_keycode (guint keycode)
{
  static const guint ranges[][2] = {
    { GDK_KEY_bracketleft, GDK_KEY_asciitilde },
    { GDK_KEY_space, GDK_KEY_at },
    { GDK_KEY_ISO_Level3_Shift, GDK_KEY_ISO_Level3_Shift },
    { GDK_KEY_BackSpace, GDK_KEY_Delete },
  };
  guint qnum = kvmm_keymap_qnum_from_hardware (keycode);

  for (guint i = 0; qnum != 0 && i < G_N_ELEMENTS (ranges); i++)
    for (guint keyval = ranges[i][0]; keyval <= ranges[i][1]; keyval++)
      if (kvmm_keymap_qnum_from_keyval (keyval) == qnum)
        return gdk_keyval_name (keyval);
  return NULL;
}
