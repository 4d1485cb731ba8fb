/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <string.h>

#include "util/kvmm-guest-output.h"

/* Whatever the pieces, the text is the same. */
static void
assert_shown (const char *data, gsize length, const char *expected)
{
  for (gsize piece = 1; piece <= length; piece++)
    {
      g_autoptr (KvmmGuestOutput) output = kvmm_guest_output_new ();
      g_autoptr (GString) text = g_string_new (NULL);

      for (gsize i = 0; i < length; i += piece)
        kvmm_guest_output_push (output, (const guint8 *) data + i, MIN (piece, length - i), text);
      kvmm_guest_output_end (output, text);
      g_assert_true (g_utf8_validate (text->str, (gssize) text->len, NULL));
      g_assert_cmpstr (text->str, ==, expected);
    }
}

static void
assert_shows (const char *data, const char *expected)
{
  assert_shown (data, strlen (data), expected);
}

static void
test_keeps_lines_and_tabs (void)
{
  assert_shows ("one\ttwo\nthree 世界\n", "one\ttwo\nthree 世界\n");
  assert_shows ("a\r\nb\rc\n", "a\nb\nc\n");
  assert_shows ("<b>%s</b>", "<b>%s</b>");
}

static void
test_strips_escapes (void)
{
  assert_shows ("\033[1;31mred\033[0m plain", "red plain");
  assert_shows ("\033]0;title\007shown", "shown");
  assert_shows ("\033]8;;http://x\033\\link\033]8;;\033\\", "link");
  assert_shows ("\033Pq#0;2\033\\x\033(By\0337z\033\033[2Jw", "xyzw");
}

static void
test_a_cut_escape_ends_with_its_line (void)
{
  assert_shows ("\033]0;never ended\nnext", "\nnext");
  assert_shows ("\033[12\nnext\033", "\nnext");
}

static void
test_strips_what_deceives (void)
{
  assert_shows ("a\bb\x7F"
                "c\xC2\x9B"
                "d\xE2\x80\xAE"
                "e\xEF\xBB\xBF"
                "f",
                "abcdef");
  assert_shows ("a\xE2\x80\xA8"
                "b",
                "a b");
}

static void
test_makes_bytes_valid (void)
{
  assert_shows ("a\xFF"
                "b",
                "a\xEF\xBF\xBD"
                "b");
  assert_shows ("end\xE4\xB8", "end\xEF\xBF\xBD\xEF\xBF\xBD");
  assert_shows ("\xC3\033[0mx", "\xEF\xBF\xBDx");
  assert_shown ("a\0b", 3, "ab");
}

static void
test_breaks_long_lines (void)
{
  g_autofree char *data = g_strnfill (2 * KVMM_GUEST_OUTPUT_MAX_LINE, 'x');
  g_autoptr (KvmmGuestOutput) output = kvmm_guest_output_new ();
  g_autoptr (GString) text = g_string_new (NULL);

  kvmm_guest_output_push (output, (const guint8 *) data, KVMM_GUEST_OUTPUT_MAX_LINE - 1, text);
  g_assert_null (strchr (text->str, '\n'));
  kvmm_guest_output_push (output, (const guint8 *) data, 2, text);
  g_assert_cmpuint (strcspn (text->str, "\n"), ==, KVMM_GUEST_OUTPUT_MAX_LINE);
  g_assert_cmpuint (text->len, ==, KVMM_GUEST_OUTPUT_MAX_LINE + 2);
}

static void
test_an_endless_escape_is_given_up (void)
{
  g_autofree char *data = g_strnfill (KVMM_GUEST_OUTPUT_MAX_ESCAPE, 'x');
  g_autoptr (KvmmGuestOutput) output = kvmm_guest_output_new ();
  g_autoptr (GString) text = g_string_new (NULL);

  kvmm_guest_output_push (output, (const guint8 *) "\033]", 2, text);
  kvmm_guest_output_push (output, (const guint8 *) data, KVMM_GUEST_OUTPUT_MAX_ESCAPE - 1, text);
  g_assert_cmpstr (text->str, ==, "");
  kvmm_guest_output_push (output, (const guint8 *) "shown", 5, text);
  g_assert_cmpstr (text->str, ==, "shown");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/util/guest-output/keeps-lines-and-tabs", test_keeps_lines_and_tabs);
  g_test_add_func ("/util/guest-output/strips-escapes", test_strips_escapes);
  g_test_add_func ("/util/guest-output/a-cut-escape-ends-with-its-line",
                   test_a_cut_escape_ends_with_its_line);
  g_test_add_func ("/util/guest-output/strips-what-deceives", test_strips_what_deceives);
  g_test_add_func ("/util/guest-output/makes-bytes-valid", test_makes_bytes_valid);
  g_test_add_func ("/util/guest-output/breaks-long-lines", test_breaks_long_lines);
  g_test_add_func ("/util/guest-output/an-endless-escape-is-given-up",
                   test_an_endless_escape_is_given_up);
  return g_test_run ();
}
