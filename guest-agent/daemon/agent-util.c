/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-util.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "protocol/kvma-json.h"
#include "protocol/kvma-limits.h"

#define SYSLOG_SIZE 4096

static AgentLogLevel log_level = AGENT_LOG_INFO;
static bool log_to_syslog;
static bool log_held;
static unsigned int held_lines;
static char root_prefix[256];

void
agent_log_set_level (AgentLogLevel level)
{
  log_level = level;
}

void
agent_log_to_syslog (void)
{
  log_to_syslog = true;
}

void
agent_log_hold (bool hold)
{
  unsigned int held = held_lines;

  log_held = hold;
  held_lines = 0;
  if (!hold && held > 0)
    agent_log (AGENT_LOG_INFO, "%u lines were not written while file systems were frozen", held);
}

/* As syslog(3) does it, without its clock, its locale and its streams; every daemon at the other
 * end adds the time by itself. */
void
agent_syslog (int priority, const char *line)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  char path[AGENT_PATH_SIZE];
  char text[SYSLOG_SIZE];
  int n = snprintf (text, sizeof text, "<%d>kvm-manager-agent[%d]: %s", priority, (int) getpid (),
                    line);
  int fd;

  agent_path (path, "/dev/log");
  if (n <= 0 || strlen (path) >= sizeof address.sun_path)
    return;
  strcpy (address.sun_path, path);
  fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return;
  sendto (fd, text, (size_t) n < sizeof text ? (size_t) n : sizeof text - 1, MSG_NOSIGNAL,
          (const struct sockaddr *) &address, sizeof address);
  close (fd);
}

void
agent_log (AgentLogLevel level, const char *format, ...)
{
  static const int priorities[] = { LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
  char line[768];
  va_list arguments;

  if (level > log_level)
    return;
  if (log_held)
    {
      held_lines++;
      return;
    }
  va_start (arguments, format);
  vsnprintf (line, sizeof line, format, arguments);
  va_end (arguments);
  if (log_to_syslog)
    agent_syslog (LOG_DAEMON | priorities[level], line);
  else
    dprintf (STDERR_FILENO, "<%d>kvm-manager-agent: %s\n", priorities[level], line);
}

uint64_t
agent_now_ms (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

int64_t
agent_realtime_ms (void)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
agent_release_pages (void)
{
  const ElfW (Phdr) *headers = (const ElfW (Phdr) *) getauxval (AT_PHDR);
  unsigned long n = getauxval (AT_PHNUM);
  uintptr_t page = (uintptr_t) sysconf (_SC_PAGESIZE);
  uintptr_t base = 0;

  /* Where the program was loaded, if it is not where it was linked for. */
  for (unsigned long i = 0; headers != NULL && i < n; i++)
    if (headers[i].p_type == PT_PHDR)
      base = (uintptr_t) headers - headers[i].p_vaddr;
  for (unsigned long i = 0; headers != NULL && i < n; i++)
    if (headers[i].p_type == PT_LOAD && (headers[i].p_flags & PF_W) == 0)
      {
        uintptr_t start = (base + headers[i].p_vaddr) & ~(page - 1);

        madvise ((void *) start, base + headers[i].p_vaddr + headers[i].p_memsz - start,
                 MADV_DONTNEED);
      }
}

/* Days are counted from 1 March of the year 0, so that the day that comes and goes is the last of a
 * year; 400 years are 146097 days. */
void
agent_utc (int64_t seconds, struct tm *out)
{
  int64_t day = seconds / 86400 - (seconds % 86400 < 0);
  int64_t rest = seconds - day * 86400;
  int64_t shifted = day + 719468;
  int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  int64_t of_era = shifted - era * 146097;
  int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  int64_t of_year = of_era - (365 * year + year / 4 - year / 100); /* from 1 March */
  int64_t month = (5 * of_year + 2) / 153;                         /* from March */
  bool is_new_year = month >= 10;
  bool is_leap;

  year += era * 400 + is_new_year;
  is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  memset (out, 0, sizeof *out);
  out->tm_sec = (int) (rest % 60);
  out->tm_min = (int) (rest / 60 % 60);
  out->tm_hour = (int) (rest / 3600);
  out->tm_mday = (int) (of_year - (153 * month + 2) / 5 + 1);
  out->tm_mon = (int) (is_new_year ? month - 10 : month + 2);
  out->tm_year = (int) (year - 1900);
  out->tm_wday = (int) (((day + 4) % 7 + 7) % 7);
  out->tm_yday = (int) (is_new_year ? of_year - 306 : of_year + 59 + is_leap);
}

void
agent_random (void *data, size_t length)
{
  uint8_t *p = data;

  while (length > 0)
    {
      ssize_t n = getrandom (p, length, 0);

      if (n < 0 && errno != EINTR)
        {
          agent_log (AGENT_LOG_ERROR, "no random bytes from the kernel: %s", strerror (errno));
          _exit (1);
        }
      if (n > 0)
        {
          p += n;
          length -= (size_t) n;
        }
    }
}

void
agent_set_root (const char *root)
{
  size_t length = strlen (root);

  while (length > 0 && root[length - 1] == '/')
    length--;
  if (length >= sizeof root_prefix)
    length = sizeof root_prefix - 1;
  memcpy (root_prefix, root, length);
  root_prefix[length] = '\0';
}

bool
agent_has_root (void)
{
  return root_prefix[0] != '\0';
}

const char *
agent_path (char *out, const char *path)
{
  int n = snprintf (out, AGENT_PATH_SIZE, "%s%s", root_prefix, path);

  if (n < 0 || n >= AGENT_PATH_SIZE)
    out[0] = '\0';
  return out;
}

ssize_t
agent_read_file (const char *path, char *out, size_t size)
{
  char full[AGENT_PATH_SIZE];
  int fd = open (agent_path (full, path), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  size_t total = 0;
  ssize_t n = 0;

  if (fd < 0)
    return -1;
  while (total < size - 1)
    {
      n = read (fd, out + total, size - 1 - total);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        break;
      total += (size_t) n;
    }
  close (fd);
  out[total] = '\0';
  return n < 0 ? -1 : (ssize_t) total;
}

bool
agent_read_line (const char *path, char *out, size_t size)
{
  if (agent_read_file (path, out, size) < 0)
    return false;
  out[strcspn (out, "\n")] = '\0';
  return true;
}

char *
agent_clean (const char *text, char *out, size_t size)
{
  static const char replacement[] = "\xef\xbf\xbd";
  size_t left = strlen (text);
  size_t used = 0;

  while (left > 0)
    {
      size_t n = kvma_utf8_length (text, left);
      const char *from = text;
      size_t step = n;

      if (n == 0)
        {
          from = replacement;
          n = 3;
          step = 1;
        }
      else if (n == 1 && ((unsigned char) *text < 0x20 || *text == 0x7f))
        from = "?";
      if (used + n >= size)
        break;
      memcpy (out + used, from, n);
      used += n;
      text += step;
      left -= step;
    }
  out[used] = '\0';
  return out;
}

json_t *
agent_json_text (const char *text, size_t max)
{
  char clean[KVMA_PATH_MAX + 1];

  if (text == NULL)
    return NULL;
  if (max > KVMA_PATH_MAX)
    max = KVMA_PATH_MAX;
  return json_string_nocheck (agent_clean (text, clean, max + 1));
}

void
agent_json_set_text (json_t *object, const char *key, const char *text)
{
  if (text != NULL && text[0] != '\0')
    json_object_set_new (object, key, agent_json_text (text, KVMA_TEXT_MAX));
}

uint64_t
agent_hash (uint64_t hash, const void *data, size_t length)
{
  const uint8_t *p = data;

  if (hash == 0)
    hash = 14695981039346656037u;
  while (length-- > 0)
    hash = (hash ^ *p++) * 1099511628211u;
  return hash;
}

void
agent_bucket_init (AgentBucket *self, uint32_t per_second, uint32_t burst)
{
  self->per_second = per_second;
  self->burst = burst;
  self->level = (uint64_t) burst * 1000;
  self->filled_ms = agent_now_ms ();
}

static void
bucket_fill (AgentBucket *self)
{
  uint64_t now = agent_now_ms ();
  uint64_t full = (uint64_t) self->burst * 1000;
  uint64_t elapsed = now - self->filled_ms;

  if (elapsed > 3600000)
    elapsed = 3600000;
  self->level += elapsed * self->per_second;
  if (self->level > full)
    self->level = full;
  self->filled_ms = now;
}

bool
agent_bucket_has (AgentBucket *self, uint32_t tokens)
{
  bucket_fill (self);
  return self->level >= (uint64_t) tokens * 1000;
}

bool
agent_bucket_take (AgentBucket *self, uint32_t tokens)
{
  if (!agent_bucket_has (self, tokens))
    return false;
  self->level -= (uint64_t) tokens * 1000;
  return true;
}

void
agent_bucket_force (AgentBucket *self, uint32_t tokens)
{
  uint64_t wanted = (uint64_t) tokens * 1000;

  bucket_fill (self);
  self->level = self->level > wanted ? self->level - wanted : 0;
}
