/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-file-temp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/agent-file.h"
#include "daemon/agent-path.h"
#include "daemon/agent-util.h"

static bool
is_token (const char *text)
{
  return strlen (text) == AGENT_FILE_TOKEN_SIZE &&
         strspn (text, "0123456789abcdef") == AGENT_FILE_TOKEN_SIZE;
}

/* Ours, and nothing that somebody put there under its name: removing it harms nobody, and writing
 * to it writes nowhere else. */
static bool
is_ours (const struct stat *info)
{
  return S_ISREG (info->st_mode) && info->st_uid == geteuid () && info->st_nlink == 1;
}

static const char *
record_path (const char *token, char *out, size_t size)
{
  char full[AGENT_PATH_SIZE];
  int n = snprintf (out, size, "%s/%s", agent_path (full, AGENT_TEMP_RECORDS), token);

  return n > 0 && (size_t) n < size ? out : "";
}

/* A guest whose /var cannot be written only keeps its leftovers. */
static void
record (const AgentTemp *self)
{
  char path[AGENT_PATH_SIZE + 64];
  char link[32];
  char target[PATH_MAX];
  ssize_t n;
  size_t file = strlen (self->file);

  snprintf (link, sizeof link, "/proc/self/fd/%d", self->directory);
  n = readlink (link, target, sizeof target);
  if (n <= 0 || target[0] != '/' || (size_t) n + file + 2 > sizeof target)
    return;
  if (target[n - 1] != '/')
    target[n++] = '/';
  memcpy (target + n, self->file, file + 1);
  record_path (self->token, path, sizeof path);
  if (symlink (target, path) == 0 || errno != ENOENT)
    return;
  if (agent_path_make_directories (AGENT_TEMP_RECORDS) && symlink (target, path) < 0)
    agent_log (AGENT_LOG_WARNING, "cannot record an upload: %s", strerror (errno));
}

static void
forget (const char *token)
{
  char path[AGENT_PATH_SIZE + 64];

  unlink (record_path (token, path, sizeof path));
}

static int
open_existing (AgentTemp *self)
{
  struct stat info;

  self->fd = openat (self->directory, self->file,
                     O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (self->fd < 0)
    return errno == ELOOP ? ENOENT : errno;
  if (fstat (self->fd, &info) == 0 && is_ours (&info))
    return 0;
  close (self->fd);
  self->fd = -1;
  return ENOENT;
}

int
agent_temp_open (AgentTemp *self, const char *token, bool resume)
{
  int error;

  snprintf (self->token, sizeof self->token, "%s", token);
  snprintf (self->file, sizeof self->file, AGENT_TEMP_PREFIX "%s", token);
  if (resume)
    return open_existing (self);
  record (self);
  self->fd = openat (self->directory, self->file,
                     O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (self->fd >= 0)
    return 0;
  error = errno;
  forget (token);
  return error;
}

static bool
is_in_place (const AgentTemp *self)
{
  struct stat ours, there;

  return fstat (self->fd, &ours) == 0 &&
         fstatat (self->directory, self->file, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
         ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

/* A file system that knows no RENAME_NOREPLACE may know hard links, and those never replace. */
static int
move_fresh (const AgentTemp *self)
{
  struct stat info;

  if (renameat2 (self->directory, self->file, self->directory, self->name, RENAME_NOREPLACE) == 0)
    return 0;
  if (errno != EINVAL && errno != ENOSYS)
    return errno;
  if (linkat (self->directory, self->file, self->directory, self->name, 0) == 0)
    {
      unlinkat (self->directory, self->file, 0);
      return 0;
    }
  if (errno == EEXIST)
    return EEXIST;
  if (fstatat (self->directory, self->name, &info, AT_SYMLINK_NOFOLLOW) == 0)
    return EEXIST;
  return renameat (self->directory, self->file, self->directory, self->name) < 0 ? errno : 0;
}

int
agent_temp_move (const AgentTemp *self, bool fresh)
{
  int error = 0;
  int directory;

  if (!is_in_place (self))
    return ENOENT;
  if (fresh)
    error = move_fresh (self);
  else if (renameat (self->directory, self->file, self->directory, self->name) < 0)
    error = errno;
  if (error != 0)
    return error;
  forget (self->token);
  directory = agent_path_reopen (self->directory, O_RDONLY | O_DIRECTORY);
  if (directory >= 0)
    {
      fsync (directory);
      close (directory);
    }
  return 0;
}

void
agent_temp_remove (const AgentTemp *self)
{
  if (is_in_place (self))
    unlinkat (self->directory, self->file, 0);
  forget (self->token);
}

/* Returns whether the record has done its work. The file system of the file may not be mounted yet.
 */
static bool
remove_recorded (const char *token, const char *target)
{
  char wanted[64];
  const char *slash = strrchr (target, '/');
  char directory[PATH_MAX];
  struct stat info;
  int fd;
  bool done;

  snprintf (wanted, sizeof wanted, "/" AGENT_TEMP_PREFIX "%.32s", token);
  if (target[0] != '/' || slash == NULL || strcmp (slash, wanted) != 0)
    return true;
  memcpy (directory, target, (size_t) (slash - target));
  directory[slash - target] = '\0';
  fd = open (directory[0] != '\0' ? directory : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return false;
  done = fstatat (fd, wanted + 1, &info, AT_SYMLINK_NOFOLLOW) == 0;
  if (done && is_ours (&info))
    unlinkat (fd, wanted + 1, 0);
  close (fd);
  return done;
}

void
agent_temp_remove_leftovers (const char *instance)
{
  char path[AGENT_PATH_SIZE];
  DIR *directory = opendir (agent_path (path, AGENT_TEMP_RECORDS));
  const struct dirent *entry;

  while (directory != NULL && (entry = readdir (directory)) != NULL)
    {
      char target[PATH_MAX];
      struct stat info;
      ssize_t n;

      if (!is_token (entry->d_name) || strncmp (entry->d_name, instance, strlen (instance)) == 0)
        continue;
      n = readlinkat (dirfd (directory), entry->d_name, target, sizeof target - 1);
      if (n <= 0 || fstatat (dirfd (directory), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) < 0)
        continue;
      target[n] = '\0';
      if (remove_recorded (entry->d_name, target) ||
          time (NULL) - info.st_mtim.tv_sec > AGENT_TEMP_RECORD_DAYS * 86400)
        unlinkat (dirfd (directory), entry->d_name, 0);
    }
  if (directory != NULL)
    closedir (directory);
}
