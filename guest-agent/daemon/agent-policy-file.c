/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-policy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
fail (AgentPolicy *self, const char *name, const char *what)
{
  snprintf (self->error, sizeof self->error, "%.400s: %.100s", name, what);
  return false;
}

bool
agent_policy_check_file (int fd, bool directory, const char **what)
{
  struct stat status;

  if (fstat (fd, &status) < 0)
    *what = strerror (errno);
  else if (directory ? !S_ISDIR (status.st_mode) : !S_ISREG (status.st_mode))
    *what = directory ? "not a directory" : "not a regular file";
  else if (status.st_uid != 0 && status.st_uid != geteuid ())
    *what = "not owned by root";
  else if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    *what = "writable for others than root";
  else
    return true;
  return false;
}

static int
open_checked (AgentPolicy *self, int directory_fd, const char *file, int flags, const char *name)
{
  int fd = openat (directory_fd, file,
                   O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | flags);
  const char *what;

  if (fd < 0)
    {
      fail (self, name, errno == ELOOP ? "a symbolic link" : strerror (errno));
      return -1;
    }
  if (agent_policy_check_file (fd, (flags & O_DIRECTORY) != 0, &what))
    return fd;
  fail (self, name, what);
  close (fd);
  return -1;
}

static bool
read_file (AgentPolicy *self, int directory_fd, const char *file, const char *name)
{
  int fd = open_checked (self, directory_fd, file, 0, name);
  char *text;
  size_t length = 0;
  ssize_t n;
  bool good;

  if (fd < 0)
    return false;
  text = malloc (AGENT_POLICY_FILE_MAX + 1);
  if (text == NULL)
    abort ();
  do
    {
      n = read (fd, text + length, AGENT_POLICY_FILE_MAX + 1 - length);
      if (n > 0)
        length += (size_t) n;
    }
  while (n > 0 || (n < 0 && errno == EINTR));
  if (n < 0)
    good = fail (self, name, strerror (errno));
  else if (length > AGENT_POLICY_FILE_MAX)
    good = fail (self, name, "too large");
  else
    good = agent_policy_parse (self, name, text, length);
  free (text);
  close (fd);
  return good;
}

static bool
is_dropin (const char *name)
{
  size_t length = strlen (name);

  return name[0] != '.' && length > 5 && strcmp (name + length - 5, ".conf") == 0;
}

static int
compare_names (const void *a, const void *b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* The names of the drop-ins in the order in which they count. Returns how many there are, -1 on an
 * error; more than fit are counted and not kept. */
static int
list_dropins (int directory_fd, char **names)
{
  int fd = openat (directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *directory = fd >= 0 ? fdopendir (fd) : NULL;
  const struct dirent *entry;
  int n = 0;

  if (directory == NULL)
    return -1;
  while ((entry = readdir (directory)) != NULL)
    {
      if (!is_dropin (entry->d_name))
        continue;
      if (n < AGENT_POLICY_DROPINS_MAX)
        names[n] = strdup (entry->d_name);
      n++;
    }
  closedir (directory);
  if (n <= AGENT_POLICY_DROPINS_MAX)
    qsort (names, (size_t) n, sizeof *names, compare_names);
  return n;
}

static bool
read_dropins (AgentPolicy *self, const char *path)
{
  char *names[AGENT_POLICY_DROPINS_MAX];
  char name[AGENT_PATH_SIZE];
  bool good = true;
  int fd, n;

  if (access (path, F_OK) < 0 && errno == ENOENT)
    return true;
  fd = open_checked (self, AT_FDCWD, path, O_DIRECTORY, path);
  if (fd < 0)
    return false;
  n = list_dropins (fd, names);
  if (n < 0)
    good = fail (self, path, strerror (errno));
  else if (n > AGENT_POLICY_DROPINS_MAX)
    good = fail (self, path, "too many files");
  for (int i = 0; i < n && i < AGENT_POLICY_DROPINS_MAX; i++)
    {
      if (good)
        {
          snprintf (name, sizeof name, "%.1000s/%.255s", path, names[i]);
          good = read_file (self, fd, names[i], name);
        }
      free (names[i]);
    }
  close (fd);
  return good;
}

static bool
read_all (AgentPolicy *self, const char *path)
{
  char directory[AGENT_PATH_SIZE];
  char dropins[AGENT_PATH_SIZE + 2];
  const char *slash = strrchr (path, '/');
  bool good;
  int fd;

  if (slash == NULL)
    strcpy (directory, ".");
  else
    snprintf (directory, sizeof directory, "%.*s", slash == path ? 1 : (int) (slash - path), path);
  fd = open_checked (self, AT_FDCWD, directory, O_DIRECTORY, directory);
  if (fd < 0)
    return false;
  good = read_file (self, fd, slash != NULL ? slash + 1 : path, path);
  close (fd);
  snprintf (dropins, sizeof dropins, "%s.d", path);
  return good && read_dropins (self, dropins);
}

bool
agent_policy_load (AgentPolicy *self, const char *path)
{
  agent_policy_clear (self);
  agent_policy_init (self);
  if (read_all (self, path))
    return true;
  for (int i = 0; i < AGENT_N_GROUPS; i++)
    if (i != AGENT_GROUP_CORE && i != AGENT_GROUP_INFO)
      self->access[i] = AGENT_ACCESS_DENY;
  return false;
}
