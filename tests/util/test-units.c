/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <locale.h>
#include <math.h>

#include "util/kvmm-units.h"

#define KIB G_GUINT64_CONSTANT (1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

static void
assert_text (char *result, const char *expected)
{
  g_autofree char *owned = result;

  g_assert_cmpstr (owned, ==, expected);
}

static void
test_bytes (void)
{
  assert_text (kvmm_units_bytes (0), "0 B");
  assert_text (kvmm_units_bytes (1023), "1023 B");
  assert_text (kvmm_units_bytes (KIB), "1 KiB");
  assert_text (kvmm_units_bytes (GIB + GIB / 2), "1.5 GiB");
  assert_text (kvmm_units_bytes (2 * GIB), "2 GiB");
  assert_text (kvmm_units_bytes (730 * MIB + MIB / 2), "731 MiB");
  assert_text (kvmm_units_bytes (G_MAXUINT64), "16 EiB");
}

static void
test_bytes_round_into_the_next_unit (void)
{
  assert_text (kvmm_units_bytes (MIB - 1), "1 MiB");
  assert_text (kvmm_units_bytes (GIB - 1), "1 GiB");
  assert_text (kvmm_units_bytes (MIB - KIB), "1023 KiB");
}

static void
test_rate (void)
{
  assert_text (kvmm_units_rate (0), "0 B/s");
  assert_text (kvmm_units_rate (1.5 * MIB), "1.5 MiB/s");
  assert_text (kvmm_units_rate (-3), "0 B/s");
  assert_text (kvmm_units_rate (NAN), "–");
  assert_text (kvmm_units_rate (INFINITY), "–");
}

static void
test_percent (void)
{
  assert_text (kvmm_units_percent (0), "0 %");
  assert_text (kvmm_units_percent (0.123), "12 %");
  assert_text (kvmm_units_percent (1), "100 %");
  assert_text (kvmm_units_percent (4.2), "420 %");
  assert_text (kvmm_units_percent (-0.001), "0 %");
  assert_text (kvmm_units_percent (NAN), "–");
}

static void
test_duration (void)
{
  assert_text (kvmm_units_duration (0), "0 s");
  assert_text (kvmm_units_duration (12), "12 s");
  assert_text (kvmm_units_duration (60), "1 min");
  assert_text (kvmm_units_duration (125), "2 min 5 s");
  assert_text (kvmm_units_duration (3600), "1 hour");
  assert_text (kvmm_units_duration (2 * 3600 + 59), "2 hours");
  assert_text (kvmm_units_duration (3 * 86400 + 4 * 3600 + 1234), "3 days 4 hours");
  assert_text (kvmm_units_duration (86400 + 3600), "1 day 1 hour");
  assert_text (kvmm_units_duration (G_MAXUINT64), "213503982334601 days 7 hours");
}

static void
test_ago (void)
{
  assert_text (kvmm_units_ago (-5), "just now");
  assert_text (kvmm_units_ago (0), "just now");
  assert_text (kvmm_units_ago (2 * G_USEC_PER_SEC - 1), "just now");
  assert_text (kvmm_units_ago (2 * G_USEC_PER_SEC), "2 s ago");
  assert_text (kvmm_units_ago (G_USEC_PER_SEC * G_GINT64_CONSTANT (185)), "3 min ago");
  assert_text (kvmm_units_ago (G_USEC_PER_SEC * G_GINT64_CONSTANT (7200)), "2 hours ago");
  assert_text (kvmm_units_ago (G_USEC_PER_SEC * G_GINT64_CONSTANT (90000)), "1 day ago");
}

static void
test_follows_the_locale (void)
{
  static const char *const locales[] = { "de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8" };

  for (guint i = 0; i < G_N_ELEMENTS (locales); i++)
    if (setlocale (LC_NUMERIC, locales[i]) != NULL)
      {
        assert_text (kvmm_units_bytes (GIB + GIB / 2), "1,5 GiB");
        setlocale (LC_NUMERIC, "C");
        return;
      }
  g_test_skip ("neither a German nor a French locale is installed here");
}

static void
test_parses_bytes (void)
{
  static const struct
  {
    const char *text;
    guint64 bytes;
  } good[] = {
    { "0", 0 },
    { "512", 512 },
    { "512b", 512 },
    { "1k", 1024 },
    { "1 KiB", 1024 },
    { "1KB", 1000 },
    { "20G", G_GUINT64_CONSTANT (20) << 30 },
    { "20 gib", G_GUINT64_CONSTANT (20) << 30 },
    { "20GB", G_GUINT64_CONSTANT (20000000000) },
    { "1.5T", G_GUINT64_CONSTANT (3) << 39 },
    { "8E", G_GUINT64_CONSTANT (1) << 63 },
  };
  static const char *const bad[] = { "",  " ",  "-1",  "+1",  "0x10", "1e400", "nan", "inf",
                                     "G", "1z", "1Gx", "1bb", "1 iB", "9E",    "1G ", "1,5G" };
  guint64 bytes = 0;

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_assert_true (kvmm_units_parse_bytes (good[i].text, &bytes));
      g_assert_cmpuint (bytes, ==, good[i].bytes);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      bytes = 7;
      g_assert_false (kvmm_units_parse_bytes (bad[i], &bytes));
      g_assert_cmpuint (bytes, ==, 7);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/util/units/bytes", test_bytes);
  g_test_add_func ("/util/units/bytes-round-into-the-next-unit",
                   test_bytes_round_into_the_next_unit);
  g_test_add_func ("/util/units/parses-bytes", test_parses_bytes);
  g_test_add_func ("/util/units/rate", test_rate);
  g_test_add_func ("/util/units/percent", test_percent);
  g_test_add_func ("/util/units/duration", test_duration);
  g_test_add_func ("/util/units/ago", test_ago);
  g_test_add_func ("/util/units/follows-the-locale", test_follows_the_locale);
  return g_test_run ();
}
