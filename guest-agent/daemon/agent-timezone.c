/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-timezone.h"

#include <string.h>

#define HEADER_SIZE 44
#define TYPE_SIZE 6
#define DAY 86400
#define OFFSET_MAX (26 * 3600)

/* The counts of one data block, in the order of its header. */
typedef struct
{
  uint32_t n_utc, n_standard, n_leap, n_times, n_types, n_chars;
} Counts;

static uint32_t
get32 (const uint8_t *p)
{
  return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 | p[3];
}

static int64_t
get64 (const uint8_t *p)
{
  return (int64_t) ((uint64_t) get32 (p) << 32 | get32 (p + 4));
}

/* Size of the block that follows the header at @p; 0 when it cannot be right. */
static size_t
read_header (const uint8_t *p, size_t length, size_t time_size, Counts *counts)
{
  const uint32_t limit = 65536;

  if (length < HEADER_SIZE || memcmp (p, "TZif", 4) != 0)
    return 0;
  counts->n_utc = get32 (p + 20);
  counts->n_standard = get32 (p + 24);
  counts->n_leap = get32 (p + 28);
  counts->n_times = get32 (p + 32);
  counts->n_types = get32 (p + 36);
  counts->n_chars = get32 (p + 40);
  if (counts->n_utc > limit || counts->n_standard > limit || counts->n_leap > limit ||
      counts->n_times > limit || counts->n_types > 256 || counts->n_chars > limit)
    return 0;
  return HEADER_SIZE + counts->n_times * (time_size + 1) + counts->n_types * TYPE_SIZE +
         counts->n_chars + counts->n_leap * (time_size + 4) + counts->n_standard + counts->n_utc;
}

static bool
take_type (const uint8_t *block, const Counts *counts, unsigned int type, int *offset, char *name)
{
  const uint8_t *types = block + HEADER_SIZE + counts->n_times * 9;
  const char *chars = (const char *) types + counts->n_types * TYPE_SIZE;
  unsigned int start;
  size_t n;

  if (type >= counts->n_types)
    return false;
  start = types[type * TYPE_SIZE + 5];
  if (start >= counts->n_chars)
    return false;
  n = strnlen (chars + start, counts->n_chars - start);
  if (n >= AGENT_TIMEZONE_NAME_SIZE)
    n = AGENT_TIMEZONE_NAME_SIZE - 1;
  memcpy (name, chars + start, n);
  name[n] = '\0';
  *offset = (int32_t) get32 (types + type * TYPE_SIZE);
  return true;
}

/* --- The rule for the time after the last transition: POSIX TZ, like "CET-1CEST,M3.5.0,M10.5.0/3".
 * --- */

static bool
read_number (const char **p, int max, int *value)
{
  int number = 0;

  if (**p < '0' || **p > '9')
    return false;
  for (; **p >= '0' && **p <= '9'; (*p)++)
    {
      number = number * 10 + (**p - '0');
      if (number > max)
        return false;
    }
  *value = number;
  return true;
}

static bool
read_name (const char **p, char *name)
{
  bool quoted = **p == '<';
  size_t n = 0;

  if (quoted)
    (*p)++;
  for (;; (*p)++)
    {
      char c = **p;
      bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      bool other = quoted && ((c >= '0' && c <= '9') || c == '+' || c == '-');

      if (!letter && !other)
        break;
      if (n + 1 < AGENT_TIMEZONE_NAME_SIZE)
        name[n++] = c;
    }
  name[n] = '\0';
  if (quoted && *(*p)++ != '>')
    return false;
  return n > 0;
}

/* [+-]hh[:mm[:ss]], in seconds. */
static bool
read_time (const char **p, int *value)
{
  int sign = **p == '-' ? -1 : 1;
  int hours, minutes = 0, seconds = 0;

  if (**p == '-' || **p == '+')
    (*p)++;
  if (!read_number (p, 167, &hours))
    return false;
  if (**p == ':')
    {
      (*p)++;
      if (!read_number (p, 59, &minutes))
        return false;
      if (**p == ':')
        {
          (*p)++;
          if (!read_number (p, 59, &seconds))
            return false;
        }
    }
  *value = sign * (hours * 3600 + minutes * 60 + seconds);
  return true;
}

static bool
is_leap (int64_t year)
{
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 1970-01-01 to the first of January of @year. */
static int64_t
year_start (int64_t year)
{
  int64_t y = year - 1;

  return 365 * (year - 1970) + (y / 4 - y / 100 + y / 400) - 477;
}

/* Day of the year (0 to 365) of "week @week, weekday @weekday of @month"; week 5 is the last one.
 */
static int
day_of_week_rule (int64_t year, int month, int week, int weekday)
{
  static const uint8_t lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
  int first = 0;
  int length = lengths[month - 1] + (month == 2 && is_leap (year) ? 1 : 0);
  int day;

  for (int m = 1; m < month; m++)
    first += lengths[m - 1] + (m == 2 && is_leap (year) ? 1 : 0);
  /* 1970-01-01 was a Thursday. */
  day = (int) (((weekday - 4 - (year_start (year) + first)) % 7 + 7) % 7) + (week - 1) * 7;
  while (day >= length)
    day -= 7;
  return first + day;
}

/* ",rule[/time]": seconds from the beginning of @year, in local time. */
static bool
read_rule (const char **p, int64_t year, int *value)
{
  int month, week, day;
  int time = 2 * 3600;

  if (*(*p)++ != ',')
    return false;
  if (**p == 'M')
    {
      (*p)++;
      if (!read_number (p, 12, &month) || *(*p)++ != '.' || !read_number (p, 5, &week) ||
          *(*p)++ != '.' || !read_number (p, 6, &day) || month < 1 || week < 1)
        return false;
      day = day_of_week_rule (year, month, week, day);
    }
  else if (**p == 'J')
    {
      (*p)++;
      if (!read_number (p, 365, &day) || day < 1)
        return false;
      day -= is_leap (year) && day >= 60 ? 0 : 1;
    }
  else if (!read_number (p, 365, &day))
    return false;
  if (**p == '/')
    {
      (*p)++;
      if (!read_time (p, &time))
        return false;
    }
  *value = day * DAY + time;
  return true;
}

static int64_t
year_of (int64_t seconds)
{
  int64_t days = seconds / DAY;
  int64_t year = 1970 + days / 366;

  while (year_start (year + 1) <= days)
    year++;
  return year;
}

static bool
take_rule (const char *rule, int64_t now, int *offset, char *name)
{
  char standard[AGENT_TIMEZONE_NAME_SIZE], summer[AGENT_TIMEZONE_NAME_SIZE];
  int west, summer_west, from, to;
  int64_t year, at;
  bool in_summer;
  const char *p = rule;

  if (now < 0 || now > INT64_C (1) << 40 || !read_name (&p, standard) || !read_time (&p, &west))
    return false;
  *offset = -west;
  strcpy (name, standard);
  if (*p == '\0')
    return true;
  if (!read_name (&p, summer))
    return false;
  summer_west = west - 3600;
  if (*p != ',' && !read_time (&p, &summer_west))
    return false;
  year = year_of (now - west > 0 ? now - west : 0);
  if (!read_rule (&p, year, &from) || !read_rule (&p, year, &to))
    return false;
  /* Each change is written in the local time that it ends. */
  at = now - year_start (year) * DAY;
  in_summer = from + west < to + summer_west ? at >= from + west && at < to + summer_west
                                             : at >= from + west || at < to + summer_west;
  if (in_summer)
    {
      *offset = -summer_west;
      strcpy (name, summer);
    }
  return true;
}

/* --- --- */

static bool
take_block (const uint8_t *block,
            size_t size,
            size_t length,
            const Counts *counts,
            int64_t now,
            int *offset,
            char *name)
{
  const uint8_t *times = block + HEADER_SIZE;
  const uint8_t *indices = times + counts->n_times * 8;
  const char *footer = (const char *) block + size;
  size_t left = length - size;
  char rule[128];
  unsigned int i = counts->n_times;

  if (i > 0 && now < get64 (times + 8 * (i - 1)))
    {
      while (i > 0 && now < get64 (times + 8 * (i - 1)))
        i--;
      return take_type (block, counts, i > 0 ? indices[i - 1] : 0, offset, name);
    }
  if (left > 2 && footer[0] == '\n')
    {
      size_t n = strnlen (footer + 1, left - 1);
      const char *end = memchr (footer + 1, '\n', n);

      if (end != NULL && end > footer + 1 && (size_t) (end - footer) < sizeof rule)
        {
          n = (size_t) (end - footer) - 1;
          memcpy (rule, footer + 1, n);
          rule[n] = '\0';
          if (take_rule (rule, now, offset, name))
            return true;
        }
    }
  return take_type (block, counts, i > 0 ? indices[i - 1] : 0, offset, name);
}

bool
agent_timezone_at (const uint8_t *data,
                   size_t length,
                   int64_t now,
                   int *offset,
                   char name[AGENT_TIMEZONE_NAME_SIZE])
{
  char found[AGENT_TIMEZONE_NAME_SIZE];
  int seconds = 0;
  Counts counts;
  size_t size = read_header (data, length, 4, &counts);

  /* The first block has 32-bit times, for readers of the last century; the second one is the whole
   * truth. */
  if (size == 0 || size > length || data[4] < '2')
    return false;
  data += size;
  length -= size;
  size = read_header (data, length, 8, &counts);
  if (size == 0 || size > length || counts.n_types == 0)
    return false;
  if (!take_block (data, size, length, &counts, now, &seconds, found))
    return false;
  if (seconds < -OFFSET_MAX || seconds > OFFSET_MAX)
    return false;
  *offset = seconds;
  strcpy (name, found);
  return true;
}
