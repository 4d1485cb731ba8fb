/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-log-tail.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/agent-timezone.h"
#include "daemon/agent-util.h"

#define CHUNK 32768
#define RECORD_MAX 8192 /* of the kernel's log */
#define ZONE_MAX 16384

/* Returns false when nobody reads any more. */
static bool
write_all (const char *data, size_t length)
{
  while (length > 0)
    {
      ssize_t n = write (STDOUT_FILENO, data, length);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return false;
      data += n;
      length -= (size_t) n;
    }
  return true;
}

/* Where the last @lines begin. A line without its end counts. */
static off_t
find_tail (int fd, off_t size, unsigned int lines)
{
  char chunk[CHUNK];
  off_t end = size;
  unsigned int newlines = 0;

  while (end > 0 && lines > 0)
    {
      off_t begin = end > CHUNK ? end - CHUNK : 0;
      ssize_t n = pread (fd, chunk, (size_t) (end - begin), begin);

      if (n <= 0)
        return end;
      for (ssize_t i = n; i-- > 0;)
        if (chunk[i] == '\n' && begin + i + 1 < size && ++newlines == lines)
          return begin + i + 1;
      end = begin;
    }
  return lines > 0 ? 0 : size;
}

/* Copies what there is, from *@offset on. */
static bool
copy (int fd, off_t *offset)
{
  char chunk[CHUNK];
  ssize_t n;

  while ((n = pread (fd, chunk, sizeof chunk, *offset)) > 0)
    {
      *offset += n;
      if (!write_all (chunk, (size_t) n))
        return false;
    }
  return true;
}

static int
open_log (const char *path)
{
  char full[AGENT_PATH_SIZE];
  int fd = open (agent_path (full, path), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  struct stat status;

  if (fd >= 0 && (fstat (fd, &status) < 0 || !S_ISREG (status.st_mode)))
    {
      close (fd);
      return -1;
    }
  return fd;
}

/* Sleeps until something happens in the directory, or the reader has gone. */
static bool
wait_for_change (int watch)
{
  struct pollfd fds[2] = { { .fd = watch, .events = POLLIN }, { .fd = STDOUT_FILENO } };
  char events[4096];

  if (poll (fds, 2, -1) < 0 && errno != EINTR)
    return false;
  if ((fds[1].revents & (POLLERR | POLLHUP)) != 0)
    return false;
  while (read (watch, events, sizeof events) > 0)
    continue;
  return true;
}

static bool
is_same_file (int fd, const char *path)
{
  char full[AGENT_PATH_SIZE];
  struct stat ours, theirs;

  return stat (agent_path (full, path), &theirs) < 0 ||
         (fstat (fd, &ours) == 0 && ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino);
}

/* A log that was cut off begins anew; one that was moved away is read to its end, and then the new
 * one of its name. */
static void
follow_file (const char *path, int fd, off_t offset, int watch)
{
  struct stat status;

  for (;;)
    {
      if (fstat (fd, &status) == 0 && status.st_size < offset)
        offset = 0;
      if (!copy (fd, &offset))
        return;
      if (!is_same_file (fd, path))
        {
          int next = open_log (path);

          if (next >= 0)
            {
              if (!copy (fd, &offset))
                return;
              close (fd);
              fd = next;
              offset = 0;
              continue;
            }
        }
      if (!wait_for_change (watch))
        return;
    }
}

static void
write_file (const AgentLogQuery *query)
{
  char full[AGENT_PATH_SIZE];
  char directory[256];
  int watch = inotify_init1 (IN_CLOEXEC | IN_NONBLOCK);
  int fd = open_log (query->path);
  struct stat status;
  off_t offset;

  if (fd < 0 || fstat (fd, &status) < 0)
    return;
  snprintf (directory, sizeof directory, "%.*s", (int) (strrchr (query->path, '/') - query->path),
            query->path);
  /* Watched before it is read: nothing that comes in between is lost. */
  if (watch >= 0)
    inotify_add_watch (watch, agent_path (full, directory),
                       IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE);
  offset = find_tail (fd, status.st_size, query->lines);
  if (copy (fd, &offset) && query->follow && watch >= 0)
    follow_file (query->path, fd, offset, watch);
}

/* Of the guest's own time zone; its libc is not used. */
typedef struct
{
  uint8_t data[ZONE_MAX];
  size_t length;
  int64_t boot_us; /* Unix time of the kernel's zero */
} Clock;

static void
read_clock (Clock *self)
{
  struct timespec real, mono;
  ssize_t n = agent_read_file ("/etc/localtime", (char *) self->data, sizeof self->data);

  self->length = n > 0 ? (size_t) n : 0;
  clock_gettime (CLOCK_REALTIME, &real);
  clock_gettime (CLOCK_MONOTONIC, &mono);
  self->boot_us =
      (int64_t) (real.tv_sec - mono.tv_sec) * 1000000 + (real.tv_nsec - mono.tv_nsec) / 1000;
}

static size_t
format_time (const Clock *self, uint64_t stamp_us, char *out, size_t size)
{
  int64_t seconds = (self->boot_us + (int64_t) stamp_us) / 1000000;
  char name[AGENT_TIMEZONE_NAME_SIZE];
  int offset = 0;
  time_t local;
  struct tm parts;
  int n;

  agent_timezone_at (self->data, self->length, seconds, &offset, name);
  local = (time_t) (seconds + offset);
  agent_utc (local, &parts);
  n = snprintf (out, size, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d%02d kernel: ", parts.tm_year + 1900,
                parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                offset < 0 ? '-' : '+', abs (offset) / 3600, abs (offset) / 60 % 60);
  return n > 0 && (size_t) n < size ? (size_t) n : 0;
}

/* "priority,sequence,microseconds,flags;text\n KEY=value\n…": the text alone, without its escapes.
 */
static size_t
format_record (const Clock *clock, char *record, char *out, size_t size)
{
  char *text = strchr (record, ';');
  char *stamp = strchr (record, ',');
  size_t n;

  /* No sscanf() here: it would be a tenth of the agent. */
  stamp = stamp != NULL ? strchr (stamp + 1, ',') : NULL;
  if (text == NULL || stamp == NULL || stamp > text)
    return 0;
  text++;
  text[strcspn (text, "\n")] = '\0';
  n = format_time (clock, strtoull (stamp + 1, NULL, 10), out, size);
  for (const char *p = text; *p != '\0' && n + 2 < size; p++)
    {
      if (p[0] == '\\' && p[1] == 'x' && isxdigit ((unsigned char) p[2]) &&
          isxdigit ((unsigned char) p[3]))
        {
          const char digits[] = { p[2], p[3], '\0' };

          out[n++] = (char) strtoul (digits, NULL, 16);
          p += 3;
        }
      else
        out[n++] = *p;
    }
  out[n++] = '\n';
  return n;
}

/* The last lines so far, as a ring. */
typedef struct
{
  char **lines;
  size_t *lengths;
  unsigned int size;
  unsigned int n;
} Ring;

static void
ring_add (Ring *self, const char *line, size_t length)
{
  unsigned int i = self->n % (self->size > 0 ? self->size : 1);

  if (self->size == 0)
    return;
  free (self->lines[i]);
  self->lines[i] = malloc (length);
  self->lengths[i] = self->lines[i] != NULL ? length : 0;
  if (self->lines[i] != NULL)
    memcpy (self->lines[i], line, length);
  self->n++;
}

static bool
ring_write (const Ring *self)
{
  unsigned int first = self->n > self->size ? self->n - self->size : 0;

  for (unsigned int i = first; i < self->n; i++)
    if (!write_all (self->lines[i % self->size], self->lengths[i % self->size]))
      return false;
  return true;
}

/* Reads what there is. A record that was overwritten meanwhile is skipped (EPIPE). */
static bool
read_records (int fd, const Clock *clock, Ring *ring)
{
  char record[RECORD_MAX + 1];
  char line[RECORD_MAX + 64];

  for (;;)
    {
      ssize_t n = read (fd, record, RECORD_MAX);
      size_t length;

      if (n < 0 && (errno == EPIPE || errno == EINTR || errno == EINVAL))
        continue;
      if (n <= 0)
        return true;
      record[n] = '\0';
      length = format_record (clock, record, line, sizeof line);
      if (length == 0)
        continue;
      if (ring != NULL)
        ring_add (ring, line, length);
      else if (!write_all (line, length))
        return false;
    }
}

static void
write_kernel (const AgentLogQuery *query)
{
  char full[AGENT_PATH_SIZE];
  int fd = open (agent_path (full, query->path), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  Ring ring = { .size = query->lines };
  Clock clock;

  read_clock (&clock);
  ring.lines = calloc (query->lines + 1, sizeof *ring.lines);
  ring.lengths = calloc (query->lines + 1, sizeof *ring.lengths);
  if (fd < 0 || ring.lines == NULL || ring.lengths == NULL)
    return;
  read_records (fd, &clock, &ring);
  if (!ring_write (&ring))
    return;
  while (query->follow)
    {
      struct pollfd fds[2] = { { .fd = fd, .events = POLLIN }, { .fd = STDOUT_FILENO } };

      if ((poll (fds, 2, -1) < 0 && errno != EINTR) ||
          (fds[1].revents & (POLLERR | POLLHUP)) != 0 || (fds[0].revents & POLLIN) == 0)
        return;
      read_clock (&clock);
      if (!read_records (fd, &clock, NULL))
        return;
    }
}

static void
exec_journal (const AgentLogQuery *query)
{
  static char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
                                       "SYSTEMD_COLORS=0", "SYSTEMD_PAGER=", NULL };
  char full[AGENT_PATH_SIZE];
  char lines[16];
  char unit[300];
  char *argv[9] = { "journalctl", "--output=short-iso", "--no-pager", "--quiet", lines };
  int n = 5;

  snprintf (lines, sizeof lines, "--lines=%u", query->lines);
  if (query->unit != NULL)
    {
      snprintf (unit, sizeof unit, "--unit=%.256s", query->unit);
      argv[n++] = unit;
    }
  if (query->follow)
    argv[n++] = "--follow";
  execve (agent_path (full, query->path), argv, environment);
}

void
agent_log_write (const AgentLogQuery *query)
{
  switch (query->source)
    {
    case AGENT_LOG_SOURCE_JOURNAL:
      exec_journal (query);
      break;
    case AGENT_LOG_SOURCE_FILE:
      write_file (query);
      break;
    case AGENT_LOG_SOURCE_KMSG:
      write_kernel (query);
      break;
    }
}
