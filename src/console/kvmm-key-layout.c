/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-key-layout.h"

#include <string.h>

#include <glib/gi18n.h>
#include <linux/input-event-codes.h>

#define N_ROWS 4
#define N_LEVELS 4
#define MAX_ROW 13
#define MAX_MISSING 64

/* Accents that a dead key adds to the next letter. */
#define GRAVE "\u0300"
#define ACUTE "\u0301"
#define CIRCUMFLEX "\u0302"
#define DIAERESIS "\u0308"

/* What the keys of a row give from left to right; a space is nothing that anybody needs, an accent
 * is a dead key. Levels: plain, Shift, AltGr, both. */
typedef struct
{
  KvmmKeyLayoutInfo info;
  const char *rows[N_ROWS][N_LEVELS];
} Layout;

static const guint row_codes[N_ROWS][MAX_ROW] = {
  { KEY_GRAVE, KEY_1, KEY_2, KEY_3, KEY_4, KEY_5, KEY_6, KEY_7, KEY_8, KEY_9, KEY_0, KEY_MINUS,
    KEY_EQUAL },
  { KEY_Q, KEY_W, KEY_E, KEY_R, KEY_T, KEY_Y, KEY_U, KEY_I, KEY_O, KEY_P, KEY_LEFTBRACE,
    KEY_RIGHTBRACE },
  { KEY_A, KEY_S, KEY_D, KEY_F, KEY_G, KEY_H, KEY_J, KEY_K, KEY_L, KEY_SEMICOLON, KEY_APOSTROPHE,
    KEY_BACKSLASH },
  { KEY_102ND, KEY_Z, KEY_X, KEY_C, KEY_V, KEY_B, KEY_N, KEY_M, KEY_COMMA, KEY_DOT, KEY_SLASH },
};

/* As XKB has them, where Linux and Windows agree on the letters. */
static const Layout layouts[] = {
  { { "us", N_ ("English (US)") },
    { { "`1234567890-=", "~!@#$%^&*()_+" },
      { "qwertyuiop[]", "QWERTYUIOP{}" },
      { "asdfghjkl;'\\", "ASDFGHJKL:\"|" },
      { " zxcvbnm,./", " ZXCVBNM<>?" } } },
  { { "gb", N_ ("English (UK)") },
    { { "`1234567890-=", "¬!\"£$%^&*()_+", "    €" },
      { "qwertyuiop[]", "QWERTYUIOP{}" },
      { "asdfghjkl;'#", "ASDFGHJKL:@~" },
      { "\\zxcvbnm,./", "|ZXCVBNM<>?" } } },
  { { "de", N_ ("German") },
    { { CIRCUMFLEX "1234567890ß" ACUTE, "°!\"§$%&/()=?" GRAVE, "  ²³   {[]}\\" },
      { "qwertzuiopü+", "QWERTZUIOPÜ*", "@ €        ~" },
      { "asdfghjklöä#", "ASDFGHJKLÖÄ'" },
      { "<yxcvbnm,.-", ">YXCVBNM;:_", "|      µ" } } },
  { { "fr", N_ ("French") },
    { { "²&é\"'(-è_çà)=", " 1234567890°+", "  ~#{[|`\\^@]}" },
      { "azertyuiop" CIRCUMFLEX "$", "AZERTYUIOP" DIAERESIS "£", "  €" },
      { "qsdfghjklmù*", "QSDFGHJKLM%µ" },
      { "<wxcvbn,;:!", ">WXCVBN?./§" } } },
  { { "es", N_ ("Spanish") },
    { { "º1234567890'¡", "ª!\"·$%&/()=?¿", "\\|@#~ ¬" },
      { "qwertyuiop" GRAVE "+", "QWERTYUIOP" CIRCUMFLEX "*", "  €       []" },
      { "asdfghjklñ" ACUTE "ç", "ASDFGHJKLÑ" DIAERESIS "Ç", "          {}" },
      { "<zxcvbnm,.-", ">ZXCVBNM;:_" } } },
  { { "it", N_ ("Italian") },
    { { "\\1234567890'ì", "|!\"£$%&/()=?^", "           `~" },
      { "qwertyuiopè+", "QWERTYUIOPé*", "  €       []", "          {}" },
      { "asdfghjklòàù", "ASDFGHJKLç°§", "         @#" },
      { "<zxcvbnm,.-", ">ZXCVBNM;:_" } } },
  { { "dvorak", N_ ("English (Dvorak)") },
    { { "`1234567890[]", "~!@#$%^&*(){}" },
      { "',.pyfgcrl/=", "\"<>PYFGCRL?+" },
      { "aoeuidhtns-\\", "AOEUIDHTNS_|" },
      { " ;qjkxbmwvz", " :QJKXBMWVZ" } } },
};

/* A dead key and the space bar give the accent itself. */
static const struct
{
  gunichar character;
  gunichar accent;
} spacing_accents[] = {
  { '`', 0x0300 }, { 0xb4, 0x0301 }, { '^', 0x0302 }, { '~', 0x0303 }, { 0xa8, 0x0308 },
};

const KvmmKeyLayoutInfo *
kvmm_key_layout_list (guint *n_layouts)
{
  static KvmmKeyLayoutInfo infos[G_N_ELEMENTS (layouts)];

  for (guint i = 0; i < G_N_ELEMENTS (layouts); i++)
    infos[i] = layouts[i].info;
  *n_layouts = G_N_ELEMENTS (layouts);
  return infos;
}

const char *
kvmm_key_layout_guess (const char *language)
{
  if (language != NULL && g_str_has_prefix (language, "en_GB"))
    return "gb";
  for (guint i = 0; language != NULL && i < G_N_ELEMENTS (layouts); i++)
    if (strlen (layouts[i].info.id) == 2 && g_str_has_prefix (language, layouts[i].info.id) &&
        !g_ascii_isalpha (language[2]))
      return layouts[i].info.id;
  return "us";
}

static const Layout *
find_layout (const char *id)
{
  for (guint i = 0; i < G_N_ELEMENTS (layouts); i++)
    if (strcmp (layouts[i].info.id, id) == 0)
      return &layouts[i];
  return NULL;
}

/* The key that gives @character at once, on the lowest level. */
static gboolean
find_stroke (const Layout *layout, gunichar character, KvmmKeyStroke *stroke)
{
  for (guint level = 0; level < N_LEVELS; level++)
    for (guint row = 0; row < N_ROWS; row++)
      {
        const char *text = layout->rows[row][level];
        const char *place = text != NULL ? g_utf8_strchr (text, -1, character) : NULL;

        if (place == NULL)
          continue;
        stroke->qnum =
            kvmm_keymap_qnum_from_evdev (row_codes[row][g_utf8_pointer_to_offset (text, place)]);
        stroke->level = (KvmmKeyLevel) level;
        return TRUE;
      }
  return FALSE;
}

static gboolean
find_plain (gunichar character, KvmmKeyStroke *stroke)
{
  stroke->level = 0;
  switch (character)
    {
    case ' ':
      stroke->qnum = KEY_SPACE;
      return TRUE;
    case '\t':
      stroke->qnum = KEY_TAB;
      return TRUE;
    case '\n':
    case '\r':
      stroke->qnum = KEY_ENTER;
      return TRUE;
    default:
      return FALSE;
    }
}

guint
kvmm_key_layout_find (const char *layout_id, gunichar character, KvmmKeyStroke *strokes)
{
  const Layout *layout = find_layout (layout_id);
  gunichar base, accent;

  if (layout == NULL)
    return 0;
  if (find_plain (character, &strokes[0]))
    return 1;
  /* An accent alone stands for its dead key, which gives no character. */
  if (!g_unichar_ismark (character) && find_stroke (layout, character, &strokes[0]))
    return 1;
  for (guint i = 0; i < G_N_ELEMENTS (spacing_accents); i++)
    if (spacing_accents[i].character == character)
      return find_stroke (layout, spacing_accents[i].accent, &strokes[0]) &&
                     find_plain (' ', &strokes[1])
                 ? 2
                 : 0;
  if (g_unichar_decompose (character, &base, &accent) && accent != 0 &&
      find_stroke (layout, accent, &strokes[0]) && find_stroke (layout, base, &strokes[1]))
    return 2;
  return 0;
}

char *
kvmm_key_layout_list_missing (const char *layout, const char *text)
{
  GString *missing = g_string_new (NULL);
  KvmmKeyStroke strokes[KVMM_KEY_STROKES_MAX];
  guint n_missing = 0;

  for (const char *at = text; *at != '\0' && n_missing < MAX_MISSING; at = g_utf8_next_char (at))
    {
      gunichar character = g_utf8_get_char (at);

      if (kvmm_key_layout_find (layout, character, strokes) > 0 ||
          g_utf8_strchr (missing->str, -1, character) != NULL)
        continue;
      g_string_append_unichar (missing, character);
      n_missing++;
    }
  return g_string_free (missing, n_missing == 0);
}
