/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <string.h>

#include "util/kvmm-guest-text.h"

static void
assert_sanitised (const char *text, gssize length, const char *expected)
{
  g_autofree char *result = kvmm_guest_text_sanitise (text, length);

  g_assert_true (g_utf8_validate (result, -1, NULL));
  g_assert_cmpstr (result, ==, expected);
}

static void
test_keeps_plain_text (void)
{
  assert_sanitised ("Debian GNU/Linux 12 (bookworm)", -1, "Debian GNU/Linux 12 (bookworm)");
  assert_sanitised ("Grüße, 世界 🐧", -1, "Grüße, 世界 🐧");
  assert_sanitised ("<b>&amp;</b> %s", -1, "<b>&amp;</b> %s");
}

static void
test_null_is_empty (void)
{
  assert_sanitised (NULL, -1, "");
  assert_sanitised (NULL, 7, "");
  assert_sanitised ("", -1, "");
  assert_sanitised ("text", 0, "");
}

static void
test_reads_no_further_than_told (void)
{
  assert_sanitised ("abcdef", 3, "abc");
  /* The second byte of "ü" lies beyond the end. */
  assert_sanitised ("ü", 1, "\xEF\xBF\xBD");
}

static void
test_replaces_invalid_utf8 (void)
{
  assert_sanitised ("a\xFFz", -1, "a\xEF\xBF\xBDz");
  assert_sanitised ("\xC0\xAF", -1, "\xEF\xBF\xBD\xEF\xBF\xBD");
  /* A surrogate half is no character. */
  assert_sanitised ("\xED\xA0\x80", -1, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

static void
test_strips_controls (void)
{
  assert_sanitised ("\x1B[31mred\x07\x7F", -1, "[31mred");
  assert_sanitised ("a\0b", 3, "ab");
  assert_sanitised ("a\xC2\x80\xC2\x9B\xC2\x9F"
                    "b",
                    -1, "ab");
}

static void
test_strips_what_reorders_or_hides (void)
{
  static const gunichar stripped[] = { 0x061C, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F,
                                       0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2066,
                                       0x2067, 0x2068, 0x2069, 0xFEFF };

  for (guint i = 0; i < G_N_ELEMENTS (stripped); i++)
    {
      g_autoptr (GString) text = g_string_new ("a");

      g_string_append_unichar (text, stripped[i]);
      g_string_append_c (text, 'b');
      assert_sanitised (text->str, -1, "ab");
    }
  /* Their neighbours stay. */
  assert_sanitised ("\u200A|\u2010|\u2029|\u202F|\u206A", -1, "\u200A|\u2010| |\u202F|\u206A");
}

static void
test_breaks_become_single_spaces (void)
{
  assert_sanitised ("one\r\ntwo\n\n\tthree \n four", -1, "one two three four");
  assert_sanitised ("\n edge \t", -1, "edge");
}

static void
test_cuts_at_the_limit (void)
{
  g_autofree char *at_limit = g_strnfill (KVMM_GUEST_TEXT_MAX, 'x');
  g_autofree char *above = g_strnfill (KVMM_GUEST_TEXT_MAX + 1, 'x');
  g_autofree char *kept = g_strnfill (KVMM_GUEST_TEXT_MAX - 1, 'x');
  g_autofree char *expected = g_strconcat (kept, "…", NULL);
  g_autofree char *trailing = g_strconcat (at_limit, "\n", NULL);

  assert_sanitised (at_limit, -1, at_limit);
  assert_sanitised (trailing, -1, at_limit);
  assert_sanitised (above, -1, expected);
}

static void
test_cuts_by_characters_not_bytes (void)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < 4 * KVMM_GUEST_TEXT_MAX; i++)
    g_string_append (text, "🐧");
  g_autofree char *result = kvmm_guest_text_sanitise (text->str, (gssize) text->len);
  g_assert_cmpint (g_utf8_strlen (result, -1), ==, KVMM_GUEST_TEXT_MAX);
  g_assert_true (g_str_has_suffix (result, "🐧…"));
}

static void
test_random_bytes_stay_inert (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (20231);
  char bytes[600];

  for (guint round = 0; round < 2000; round++)
    {
      gsize length = (gsize) g_rand_int_range (rand, 0, (gint32) sizeof bytes + 1);

      for (gsize i = 0; i < length; i++)
        bytes[i] = (char) g_rand_int_range (rand, 0, 256);
      g_autofree char *once = kvmm_guest_text_sanitise (bytes, (gssize) length);
      g_assert_true (g_utf8_validate (once, -1, NULL));
      g_assert_cmpint (g_utf8_strlen (once, -1), <=, KVMM_GUEST_TEXT_MAX);
      for (const char *p = once; *p != '\0'; p = g_utf8_next_char (p))
        g_assert_false (g_unichar_iscntrl (g_utf8_get_char (p)));
      g_autofree char *twice = kvmm_guest_text_sanitise (once, -1);
      g_assert_cmpstr (once, ==, twice);
    }
}

static void
test_a_line_keeps_its_spaces_and_its_length (void)
{
  g_autofree char *line = kvmm_guest_text_sanitise_line ("  a\tb  \x1b[31mc\xff\r", -1);
  g_autofree char *bidi = kvmm_guest_text_sanitise_line ("x\xe2\x80\xaey\0z", 7);
  g_autofree char *text = g_strnfill (5000, 'x');
  g_autofree char *whole = kvmm_guest_text_sanitise_line (text, -1);

  g_assert_cmpstr (line, ==, "  a b  [31mc\xEF\xBF\xBD ");
  g_assert_cmpstr (bidi, ==, "xyz");
  g_assert_cmpstr (whole, ==, text);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/util/guest-text/keeps-plain-text", test_keeps_plain_text);
  g_test_add_func ("/util/guest-text/null-is-empty", test_null_is_empty);
  g_test_add_func ("/util/guest-text/reads-no-further-than-told", test_reads_no_further_than_told);
  g_test_add_func ("/util/guest-text/replaces-invalid-utf8", test_replaces_invalid_utf8);
  g_test_add_func ("/util/guest-text/strips-controls", test_strips_controls);
  g_test_add_func ("/util/guest-text/strips-what-reorders-or-hides",
                   test_strips_what_reorders_or_hides);
  g_test_add_func ("/util/guest-text/breaks-become-single-spaces",
                   test_breaks_become_single_spaces);
  g_test_add_func ("/util/guest-text/cuts-at-the-limit", test_cuts_at_the_limit);
  g_test_add_func ("/util/guest-text/cuts-by-characters-not-bytes",
                   test_cuts_by_characters_not_bytes);
  g_test_add_func ("/util/guest-text/random-bytes-stay-inert", test_random_bytes_stay_inert);
  g_test_add_func ("/util/guest-text/a-line-keeps-its-spaces-and-its-length",
                   test_a_line_keeps_its_spaces_and_its_length);
  return g_test_run ();
}
