/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "util/kvmm-guest-text.h"

#include <string.h>

#define REPLACEMENT 0xFFFD
#define ELLIPSIS "\xE2\x80\xA6"

/* What moves the text to a new line or column, and so becomes a space. */
static gboolean
is_line_break (gunichar c)
{
  return c == '\n' || c == '\r' || c == '\t' || c == 0x2028 || c == 0x2029;
}

/* What has no picture of its own but changes how its neighbours are read: controls, zero-width
 * characters and everything that turns the direction of the text around. */
gboolean
kvmm_guest_text_is_invisible (gunichar c)
{
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x061C || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

/* Reads one character and moves on; a byte that is not UTF-8 counts as one replacement character.
 */
static gunichar
next_character (const char **text, const char *end)
{
  gunichar c;

  if (**text == '\0')
    {
      *text += 1;
      return 0;
    }
  c = g_utf8_get_char_validated (*text, end - *text);
  if (c == (gunichar) -1 || c == (gunichar) -2)
    {
      *text += 1;
      return REPLACEMENT;
    }
  *text = g_utf8_next_char (*text);
  return c;
}

char *
kvmm_guest_text_sanitise (const char *text, gssize length)
{
  g_autoptr (GString) out = g_string_new (NULL);
  gsize before_last = 0;
  guint n_characters = 0;
  gboolean space_pending = FALSE;

  if (text == NULL)
    return g_strdup ("");

  const char *end = text + (length < 0 ? strlen (text) : (gsize) length);
  while (text < end)
    {
      gunichar c = next_character (&text, end);

      if (is_line_break (c) || c == ' ')
        {
          /* A break beside a space is one space; spaces at either end are of no use to anyone. */
          space_pending = n_characters > 0;
          continue;
        }
      if (kvmm_guest_text_is_invisible (c))
        continue;

      for (guint i = space_pending ? 0 : 1; i < 2; i++)
        {
          if (n_characters == KVMM_GUEST_TEXT_MAX)
            {
              g_string_truncate (out, before_last);
              g_string_append (out, ELLIPSIS);
              return g_string_free (g_steal_pointer (&out), FALSE);
            }
          before_last = out->len;
          g_string_append_unichar (out, i == 0 ? ' ' : c);
          n_characters++;
        }
      space_pending = FALSE;
    }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

char *
kvmm_guest_text_sanitise_line (const char *text, gssize length)
{
  g_autoptr (GString) out = g_string_new (NULL);

  if (text == NULL)
    return g_strdup ("");

  const char *end = text + (length < 0 ? strlen (text) : (gsize) length);
  while (text < end)
    {
      gunichar c = next_character (&text, end);

      if (is_line_break (c))
        g_string_append_c (out, ' ');
      else if (!kvmm_guest_text_is_invisible (c))
        g_string_append_unichar (out, c);
    }
  return g_string_free (g_steal_pointer (&out), FALSE);
}
