/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KILL_ROUNDS 64

/* Where cgroup2 is mounted as a whole. A mount of a part of it has another root. These are the real
 * files, also when facts are read below another root: processes are always real. */
static bool
find_mount (char *out, size_t size)
{
  FILE *file = fopen ("/proc/self/mountinfo", "re");
  char *line = NULL;
  size_t length = 0;
  bool found = false;

  while (file != NULL && !found && getline (&line, &length, file) > 0)
    {
      const char *type = strstr (line, " - cgroup2 ");
      const char *root = "";
      const char *mount = "";
      char *state;
      char *word = strtok_r (line, " ", &state);

      /* No scanf() in the agent: it would be a tenth of it. */
      for (int i = 0; word != NULL && i <= 4; i++, word = strtok_r (NULL, " ", &state))
        if (i == 3)
          root = word;
        else if (i == 4)
          mount = word;
      if (type == NULL || strcmp (root, "/") != 0 || mount[0] != '/' ||
          strchr (mount, '\\') != NULL)
        continue;
      found = snprintf (out, size, "%s", mount) < (int) size;
    }
  free (line);
  if (file != NULL)
    fclose (file);
  return found;
}

static bool
find_own (char *out, size_t size)
{
  FILE *file = fopen ("/proc/self/cgroup", "re");
  char line[512];
  bool found = false;

  while (file != NULL && !found && fgets (line, sizeof line, file) != NULL)
    {
      line[strcspn (line, "\n")] = '\0';
      if (strncmp (line, "0::/", 4) != 0 || strstr (line, "/../") != NULL)
        continue;
      found = snprintf (out, size, "%s", strcmp (line, "0::/") == 0 ? "" : line + 3) < (int) size;
    }
  if (file != NULL)
    fclose (file);
  return found;
}

int
agent_cgroup_create (char *path, long long number)
{
  char mount[128], own[256];
  int n;
  int fd;

  path[0] = '\0';
  if (!find_mount (mount, sizeof mount) || !find_own (own, sizeof own))
    return -1;
  n = snprintf (path, AGENT_CGROUP_PATH_SIZE, "%s%s/kvm-manager-job-%d-%lld", mount, own,
                (int) getpid (), number);
  if (n >= AGENT_CGROUP_PATH_SIZE || mkdir (path, S_IRWXU) < 0)
    {
      path[0] = '\0';
      return -1;
    }
  fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    {
      rmdir (path);
      path[0] = '\0';
    }
  return fd;
}

static bool
write_word (int directory, const char *name, const char *word)
{
  int fd = openat (directory, name, O_WRONLY | O_CLOEXEC);
  bool written;

  if (fd < 0)
    return false;
  written = write (fd, word, strlen (word)) == (ssize_t) strlen (word);
  close (fd);
  return written;
}

bool
agent_cgroup_enter (int fd)
{
  return write_word (fd, "cgroup.procs", "0");
}

/* Returns how many there were. */
static unsigned int
signal_each (int directory, int signal)
{
  int fd = openat (directory, "cgroup.procs", O_RDONLY | O_CLOEXEC);
  FILE *file = fd >= 0 ? fdopen (fd, "r") : NULL;
  unsigned int n = 0;
  char line[32];

  while (file != NULL && fgets (line, sizeof line, file) != NULL)
    {
      long pid = strtol (line, NULL, 10);

      if (pid > 1)
        {
          kill ((pid_t) pid, signal);
          n++;
        }
    }
  if (file != NULL)
    fclose (file);
  else if (fd >= 0)
    close (fd);
  return n;
}

void
agent_cgroup_signal (int fd, int signal)
{
  if (signal != SIGKILL)
    {
      signal_each (fd, signal);
      return;
    }
  if (write_word (fd, "cgroup.kill", "1"))
    return;
  /* Before Linux 5.14: nothing forks while it is frozen, and a frozen process dies all the same. */
  write_word (fd, "cgroup.freeze", "1");
  for (int round = 0; round < KILL_ROUNDS && signal_each (fd, SIGKILL) > 0; round++)
    continue;
  write_word (fd, "cgroup.freeze", "0");
}

bool
agent_cgroup_remove (const char *path)
{
  int fd;

  if (path[0] == '\0' || rmdir (path) == 0 || errno == ENOENT)
    return true;
  fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return errno == ENOENT;
  agent_cgroup_signal (fd, SIGKILL);
  close (fd);
  return rmdir (path) == 0;
}
