/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "util/kvmm-units.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* An age below this is as good as now: it is within one round trip and a redraw. */
#define JUST_NOW_US (2 * G_USEC_PER_SEC)

static const char *const byte_units[] = { N_ ("B"),   N_ ("KiB"), N_ ("MiB"), N_ ("GiB"),
                                          N_ ("TiB"), N_ ("PiB"), N_ ("EiB") };
static const char *const rate_units[] = { N_ ("B/s"),   N_ ("KiB/s"), N_ ("MiB/s"), N_ ("GiB/s"),
                                          N_ ("TiB/s"), N_ ("PiB/s"), N_ ("EiB/s") };
G_STATIC_ASSERT (G_N_ELEMENTS (byte_units) == G_N_ELEMENTS (rate_units));

/* Two or three digits that mean something: "1.5", "16", "730". Rounding comes first, so that
 * 1023.99 KiB is 1 MiB and not 1024 KiB. */
static char *
format_scaled (double value, const char *const *units)
{
  guint unit = 0;
  double rounded = round (value);

  while (rounded >= 1024 && unit + 1 < G_N_ELEMENTS (byte_units))
    {
      value /= 1024;
      unit++;
      rounded = value < 99.95 ? round (value * 10) / 10 : round (value);
    }

  gboolean is_whole = rounded == floor (rounded);
  g_autofree char *number = g_strdup_printf ("%.*f", is_whole ? 0 : 1, rounded);
  /* Translators: a number and its unit, as in "1.5 GiB" */
  return g_strdup_printf (C_ ("quantity", "%s %s"), number, _ (units[unit]));
}

char *
kvmm_units_bytes (guint64 bytes)
{
  return format_scaled ((double) bytes, byte_units);
}

gboolean
kvmm_units_parse_bytes (const char *text, guint64 *bytes)
{
  static const char prefixes[] = "bkmgtpe";
  char *end = NULL;
  double value;
  double base = 1024;
  const char *prefix;

  g_return_val_if_fail (text != NULL && bytes != NULL, FALSE);

  /* No sign, no hexadecimal, no infinity. */
  if (!g_ascii_isdigit (*text) || g_ascii_tolower (text[1]) == 'x')
    return FALSE;
  value = g_ascii_strtod (text, &end);
  while (*end == ' ')
    end++;
  prefix = *end != '\0' ? strchr (prefixes, g_ascii_tolower (*end)) : prefixes;
  if (prefix == NULL)
    return FALSE;
  if (*end != '\0')
    end++;
  if (prefix > prefixes && g_ascii_strcasecmp (end, "b") == 0)
    base = 1000;
  else if (*end != '\0' && (prefix == prefixes || g_ascii_strcasecmp (end, "ib") != 0))
    return FALSE;
  value *= pow (base, (double) (prefix - prefixes));
  if (!(value <= (double) ((guint64) 1 << 63)))
    return FALSE;
  *bytes = (guint64) value;
  return TRUE;
}

char *
kvmm_units_rate (double bytes_per_second)
{
  if (!isfinite (bytes_per_second))
    return g_strdup ("–");
  return format_scaled (MAX (bytes_per_second, 0), rate_units);
}

char *
kvmm_units_percent (double fraction)
{
  if (!isfinite (fraction))
    return g_strdup ("–");
  /* Translators: per cent, as in "12 %" */
  return g_strdup_printf (_ ("%.0f %%"), MAX (fraction, 0) * 100);
}

static char *
format_days (guint64 days)
{
  return g_strdup_printf (
      ngettext ("%" G_GUINT64_FORMAT " day", "%" G_GUINT64_FORMAT " days", (gulong) days), days);
}

static char *
format_hours (guint hours)
{
  return g_strdup_printf (ngettext ("%u hour", "%u hours", hours), hours);
}

static char *
format_minutes (guint minutes)
{
  /* Translators: minutes */
  return g_strdup_printf (_ ("%u min"), minutes);
}

static char *
format_seconds (guint seconds)
{
  /* Translators: seconds */
  return g_strdup_printf (_ ("%u s"), seconds);
}

char *
kvmm_units_duration (guint64 seconds)
{
  g_autofree char *large = NULL;
  g_autofree char *small = NULL;
  guint rest;

  if (seconds >= DAY)
    {
      rest = (guint) (seconds % DAY) / HOUR;
      large = format_days (seconds / DAY);
      small = rest > 0 ? format_hours (rest) : NULL;
    }
  else if (seconds >= HOUR)
    {
      rest = (guint) (seconds % HOUR) / MINUTE;
      large = format_hours ((guint) seconds / HOUR);
      small = rest > 0 ? format_minutes (rest) : NULL;
    }
  else if (seconds >= MINUTE)
    {
      rest = (guint) (seconds % MINUTE);
      large = format_minutes ((guint) seconds / MINUTE);
      small = rest > 0 ? format_seconds (rest) : NULL;
    }
  else
    large = format_seconds ((guint) seconds);

  if (small == NULL)
    return g_steal_pointer (&large);
  /* Translators: the larger and the smaller part of a duration, as in "3 days 4 hours" */
  return g_strdup_printf (C_ ("duration", "%s %s"), large, small);
}

char *
kvmm_units_ago (gint64 age_us)
{
  if (age_us < JUST_NOW_US)
    return g_strdup (_ ("just now"));

  guint64 seconds = (guint64) age_us / G_USEC_PER_SEC;
  g_autofree char *age = NULL;
  if (seconds < MINUTE)
    age = format_seconds ((guint) seconds);
  else if (seconds < HOUR)
    age = format_minutes ((guint) (seconds / MINUTE));
  else if (seconds < DAY)
    age = format_hours ((guint) (seconds / HOUR));
  else
    age = format_days (seconds / DAY);
  /* Translators: an age, as in "3 min ago" */
  return g_strdup_printf (_ ("%s ago"), age);
}
