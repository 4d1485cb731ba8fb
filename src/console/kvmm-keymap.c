/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-keymap.h"

#include <string.h>

#include <gtk/gtk.h>
#include <linux/input-event-codes.h>

/* X11 and Wayland add this to the code of the kernel. */
#define HARDWARE_OFFSET 8
/* Below this the codes of the kernel are the scancodes themselves. */
#define LAST_PLAIN KEY_KPDOT

/* The scancodes of XT set 1 that Linux' and QEMU's keyboards give these keys, bit 7 for e0. */
static const guint8 qnums[] = {
  [KEY_ZENKAKUHANKAKU] = 0x76,
  [KEY_102ND] = 0x56,
  [KEY_F11] = 0x57,
  [KEY_F12] = 0x58,
  [KEY_RO] = 0x73,
  [KEY_KATAKANA] = 0x78,
  [KEY_HIRAGANA] = 0x77,
  [KEY_HENKAN] = 0x79,
  [KEY_KATAKANAHIRAGANA] = 0x70,
  [KEY_MUHENKAN] = 0x7b,
  [KEY_KPJPCOMMA] = 0x5c,
  [KEY_KPENTER] = 0x9c,
  [KEY_RIGHTCTRL] = 0x9d,
  [KEY_KPSLASH] = 0xb5,
  [KEY_SYSRQ] = 0x54,
  [KEY_RIGHTALT] = 0xb8,
  [KEY_LINEFEED] = 0x5b,
  [KEY_HOME] = 0xc7,
  [KEY_UP] = 0xc8,
  [KEY_PAGEUP] = 0xc9,
  [KEY_LEFT] = 0xcb,
  [KEY_RIGHT] = 0xcd,
  [KEY_END] = 0xcf,
  [KEY_DOWN] = 0xd0,
  [KEY_PAGEDOWN] = 0xd1,
  [KEY_INSERT] = 0xd2,
  [KEY_DELETE] = 0xd3,
  [KEY_MACRO] = 0xef,
  [KEY_MUTE] = 0xa0,
  [KEY_VOLUMEDOWN] = 0xae,
  [KEY_VOLUMEUP] = 0xb0,
  [KEY_POWER] = 0xde,
  [KEY_KPEQUAL] = 0x59,
  [KEY_KPPLUSMINUS] = 0xce,
  [KEY_PAUSE] = 0xc6,
  [KEY_SCALE] = 0x8b,
  [KEY_KPCOMMA] = 0x7e,
  [KEY_HANGEUL] = 0x72,
  [KEY_HANJA] = 0x71,
  [KEY_YEN] = 0x7d,
  [KEY_LEFTMETA] = 0xdb,
  [KEY_RIGHTMETA] = 0xdc,
  [KEY_COMPOSE] = 0xdd,
  [KEY_STOP] = 0xe8,
  [KEY_AGAIN] = 0x85,
  [KEY_PROPS] = 0x86,
  [KEY_UNDO] = 0x87,
  [KEY_FRONT] = 0x8c,
  [KEY_COPY] = 0xf8,
  [KEY_OPEN] = 0x64,
  [KEY_PASTE] = 0x65,
  [KEY_FIND] = 0xc1,
  [KEY_CUT] = 0xbc,
  [KEY_HELP] = 0xf5,
  [KEY_MENU] = 0x9e,
  [KEY_CALC] = 0xa1,
  [KEY_SETUP] = 0x66,
  [KEY_SLEEP] = 0xdf,
  [KEY_WAKEUP] = 0xe3,
  [KEY_FILE] = 0x67,
  [KEY_SENDFILE] = 0x68,
  [KEY_DELETEFILE] = 0x69,
  [KEY_XFER] = 0x93,
  [KEY_PROG1] = 0x9f,
  [KEY_PROG2] = 0x97,
  [KEY_WWW] = 0x82,
  [KEY_MSDOS] = 0x6a,
  [KEY_COFFEE] = 0x92,
  [KEY_ROTATE_DISPLAY] = 0x6b,
  [KEY_CYCLEWINDOWS] = 0xa6,
  [KEY_MAIL] = 0xec,
  [KEY_BOOKMARKS] = 0xe6,
  [KEY_COMPUTER] = 0xeb,
  [KEY_BACK] = 0xea,
  [KEY_FORWARD] = 0xe9,
  [KEY_CLOSECD] = 0xa3,
  [KEY_EJECTCD] = 0x6c,
  [KEY_EJECTCLOSECD] = 0xfd,
  [KEY_NEXTSONG] = 0x99,
  [KEY_PLAYPAUSE] = 0xa2,
  [KEY_PREVIOUSSONG] = 0x90,
  [KEY_STOPCD] = 0xa4,
  [KEY_RECORD] = 0xb1,
  [KEY_REWIND] = 0x98,
  [KEY_PHONE] = 0x63,
  [KEY_CONFIG] = 0x81,
  [KEY_HOMEPAGE] = 0xb2,
  [KEY_REFRESH] = 0xe7,
  [KEY_EDIT] = 0x88,
  [KEY_SCROLLUP] = 0x75,
  [KEY_SCROLLDOWN] = 0x8f,
  [KEY_KPLEFTPAREN] = 0xf6,
  [KEY_KPRIGHTPAREN] = 0xfb,
  [KEY_NEW] = 0x89,
  [KEY_REDO] = 0x8a,
  [KEY_F13] = 0x5d,
  [KEY_F14] = 0x5e,
  [KEY_F15] = 0x5f,
  [KEY_F16] = 0x55,
  [KEY_F17] = 0x83,
  [KEY_F18] = 0xf7,
  [KEY_F19] = 0x84,
  [KEY_F20] = 0x5a,
  [KEY_F21] = 0x74,
  [KEY_F22] = 0xf9,
  [KEY_F23] = 0x6d,
  [KEY_F24] = 0x6f,
  [KEY_PLAYCD] = 0xa8,
  [KEY_PAUSECD] = 0xa9,
  [KEY_PROG3] = 0xab,
  [KEY_PROG4] = 0xac,
  [KEY_ALL_APPLICATIONS] = 0xad,
  [KEY_SUSPEND] = 0xa5,
  [KEY_CLOSE] = 0xaf,
  [KEY_PLAY] = 0xb3,
  [KEY_FASTFORWARD] = 0xb4,
  [KEY_BASSBOOST] = 0xb6,
  [KEY_PRINT] = 0xb9,
  [KEY_HP] = 0xba,
  [KEY_CAMERA] = 0xbb,
  [KEY_SOUND] = 0xbd,
  [KEY_QUESTION] = 0xbe,
  [KEY_EMAIL] = 0xbf,
  [KEY_CHAT] = 0xc0,
  [KEY_SEARCH] = 0xe5,
  [KEY_CONNECT] = 0xc2,
  [KEY_FINANCE] = 0xc3,
  [KEY_SPORT] = 0xc4,
  [KEY_SHOP] = 0xc5,
  [KEY_ALTERASE] = 0x94,
  [KEY_CANCEL] = 0xca,
  [KEY_BRIGHTNESSDOWN] = 0xcc,
  [KEY_BRIGHTNESSUP] = 0xd4,
  [KEY_MEDIA] = 0xed,
  [KEY_SWITCHVIDEOMODE] = 0xd6,
  [KEY_KBDILLUMTOGGLE] = 0xd7,
  [KEY_KBDILLUMDOWN] = 0xd8,
  [KEY_KBDILLUMUP] = 0xd9,
  [KEY_SEND] = 0xda,
  [KEY_REPLY] = 0xe4,
  [KEY_FORWARDMAIL] = 0x8e,
  [KEY_SAVE] = 0xd5,
  [KEY_DOCUMENTS] = 0xf0,
  [KEY_BATTERY] = 0xf1,
  [KEY_BLUETOOTH] = 0xf2,
  [KEY_WLAN] = 0xf3,
  [KEY_UWB] = 0xf4,
};

/* Keys that a person names in a combination: a US keyboard. */
static const struct
{
  guint keyval;
  guint code;
} named_keys[] = {
  { GDK_KEY_Escape, KEY_ESC },
  { GDK_KEY_BackSpace, KEY_BACKSPACE },
  { GDK_KEY_Tab, KEY_TAB },
  { GDK_KEY_Return, KEY_ENTER },
  { GDK_KEY_space, KEY_SPACE },
  { GDK_KEY_Control_L, KEY_LEFTCTRL },
  { GDK_KEY_Control_R, KEY_RIGHTCTRL },
  { GDK_KEY_Shift_L, KEY_LEFTSHIFT },
  { GDK_KEY_Shift_R, KEY_RIGHTSHIFT },
  { GDK_KEY_Alt_L, KEY_LEFTALT },
  { GDK_KEY_Alt_R, KEY_RIGHTALT },
  { GDK_KEY_ISO_Level3_Shift, KEY_RIGHTALT },
  { GDK_KEY_Super_L, KEY_LEFTMETA },
  { GDK_KEY_Super_R, KEY_RIGHTMETA },
  { GDK_KEY_Meta_L, KEY_LEFTMETA },
  { GDK_KEY_Meta_R, KEY_RIGHTMETA },
  { GDK_KEY_Menu, KEY_COMPOSE },
  { GDK_KEY_Caps_Lock, KEY_CAPSLOCK },
  { GDK_KEY_Num_Lock, KEY_NUMLOCK },
  { GDK_KEY_Scroll_Lock, KEY_SCROLLLOCK },
  { GDK_KEY_Print, KEY_SYSRQ },
  { GDK_KEY_Sys_Req, KEY_SYSRQ },
  { GDK_KEY_Pause, KEY_PAUSE },
  { GDK_KEY_Insert, KEY_INSERT },
  { GDK_KEY_Delete, KEY_DELETE },
  { GDK_KEY_Home, KEY_HOME },
  { GDK_KEY_End, KEY_END },
  { GDK_KEY_Page_Up, KEY_PAGEUP },
  { GDK_KEY_Page_Down, KEY_PAGEDOWN },
  { GDK_KEY_Up, KEY_UP },
  { GDK_KEY_Down, KEY_DOWN },
  { GDK_KEY_Left, KEY_LEFT },
  { GDK_KEY_Right, KEY_RIGHT },
  { GDK_KEY_KP_Enter, KEY_KPENTER },
  { GDK_KEY_KP_Add, KEY_KPPLUS },
  { GDK_KEY_KP_Subtract, KEY_KPMINUS },
  { GDK_KEY_KP_Multiply, KEY_KPASTERISK },
  { GDK_KEY_KP_Divide, KEY_KPSLASH },
  { GDK_KEY_minus, KEY_MINUS },
  { GDK_KEY_equal, KEY_EQUAL },
  { GDK_KEY_bracketleft, KEY_LEFTBRACE },
  { GDK_KEY_bracketright, KEY_RIGHTBRACE },
  { GDK_KEY_semicolon, KEY_SEMICOLON },
  { GDK_KEY_apostrophe, KEY_APOSTROPHE },
  { GDK_KEY_grave, KEY_GRAVE },
  { GDK_KEY_backslash, KEY_BACKSLASH },
  { GDK_KEY_comma, KEY_COMMA },
  { GDK_KEY_period, KEY_DOT },
  { GDK_KEY_slash, KEY_SLASH },
  { GDK_KEY_less, KEY_102ND },
};

static const char letter_rows[][11] = { "qwertyuiop", "asdfghjkl", "zxcvbnm" };
static const guint letter_codes[] = { KEY_Q, KEY_A, KEY_Z };

guint
kvmm_keymap_qnum_from_evdev (guint code)
{
  if (code <= LAST_PLAIN)
    return code;
  return code < G_N_ELEMENTS (qnums) ? qnums[code] : 0;
}

guint
kvmm_keymap_qnum_from_hardware (guint keycode)
{
  return keycode > HARDWARE_OFFSET ? kvmm_keymap_qnum_from_evdev (keycode - HARDWARE_OFFSET) : 0;
}

guint
kvmm_keymap_spice_from_qnum (guint qnum)
{
  return qnum & 0x80 ? 0x100 | (qnum & 0x7f) : qnum;
}

static guint
code_from_letter (char letter)
{
  for (guint i = 0; i < G_N_ELEMENTS (letter_rows); i++)
    {
      const char *place = strchr (letter_rows[i], letter);

      if (place != NULL)
        return letter_codes[i] + (guint) (place - letter_rows[i]);
    }
  return 0;
}

guint
kvmm_keymap_qnum_from_keyval (guint keyval)
{
  guint lower = gdk_keyval_to_lower (keyval);

  if (lower >= GDK_KEY_a && lower <= GDK_KEY_z)
    return code_from_letter ((char) ('a' + (lower - GDK_KEY_a)));
  if (keyval == GDK_KEY_0)
    return KEY_0;
  if (keyval >= GDK_KEY_1 && keyval <= GDK_KEY_9)
    return KEY_1 + (keyval - GDK_KEY_1);
  if (keyval >= GDK_KEY_F1 && keyval <= GDK_KEY_F10)
    return KEY_F1 + (keyval - GDK_KEY_F1);
  if (keyval == GDK_KEY_F11 || keyval == GDK_KEY_F12)
    return KEY_F11 + (keyval - GDK_KEY_F11);
  if (keyval >= GDK_KEY_F13 && keyval <= GDK_KEY_F24)
    return kvmm_keymap_qnum_from_evdev (KEY_F13 + (keyval - GDK_KEY_F13));
  for (guint i = 0; i < G_N_ELEMENTS (named_keys); i++)
    if (named_keys[i].keyval == keyval)
      return kvmm_keymap_qnum_from_evdev (named_keys[i].code);
  return 0;
}

guint
kvmm_keymap_parse_combination (const char *text, KvmmKey *keys)
{
  g_return_val_if_fail (text != NULL && keys != NULL, 0);

  g_auto (GStrv) names = g_strsplit (text, "+", KVMM_KEYMAP_COMBINATION_MAX + 1);
  guint n_keys = 0;

  for (guint i = 0; names[i] != NULL; i++)
    {
      const char *name = g_strstrip (names[i]);
      guint keyval = gdk_keyval_from_name (name);
      guint qnum = keyval != GDK_KEY_VoidSymbol ? kvmm_keymap_qnum_from_keyval (keyval) : 0;

      if (qnum == 0 || n_keys == KVMM_KEYMAP_COMBINATION_MAX)
        return 0;
      keys[n_keys++] = (KvmmKey){ .keyval = keyval, .qnum = qnum };
    }
  return n_keys;
}
