/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "daemon/agent-util.h"
#include "protocol/kvma-json.h"
#include "protocol/kvma-limits.h"

#define LINKS_MAX 40     /* as the kernel */
#define OPENAT2_TRIES 16 /* it asks for another one when a rename came in between */

static bool may_openat2 = true;

void
agent_path_set_openat2 (bool use)
{
  may_openat2 = use;
}

static bool
is_dots (const char *component, size_t length)
{
  return (length == 1 && component[0] == '.') ||
         (length == 2 && component[0] == '.' && component[1] == '.');
}

static bool
is_utf8 (const char *text, size_t length)
{
  for (size_t i = 0; i < length;)
    {
      size_t n = text[i] != '\0' ? kvma_utf8_length (text + i, length - i) : 0;

      if (n == 0)
        return false;
      i += n;
    }
  return true;
}

bool
agent_path_is_valid (const char *path, size_t length)
{
  size_t begin = 1;

  if (length == 0 || length > KVMA_FILE_PATH_MAX || path[0] != '/' || !is_utf8 (path, length))
    return false;
  while (length > 1 && begin <= length)
    {
      const char *slash = memchr (path + begin, '/', length - begin);
      size_t n = slash != NULL ? (size_t) (slash - path) - begin : length - begin;

      if (n == 0 || n > KVMA_FILE_NAME_MAX || is_dots (path + begin, n))
        return false;
      begin += n + 1;
    }
  return true;
}

bool
agent_path_is_name (const char *name, size_t length)
{
  return length > 0 && length <= KVMA_FILE_NAME_MAX && name[0] != '.' &&
         memchr (name, '/', length) == NULL && is_utf8 (name, length);
}

char *
agent_path_plain (const char *path, char *out, size_t size)
{
  size_t n = 0;

  for (const char *p = path; *p != '\0' && n + 1 < size; p++)
    if (*p != '/' || n == 0 || out[n - 1] != '/')
      out[n++] = *p;
  if (n > 1 && out[n - 1] == '/')
    n--;
  out[n] = '\0';
  return out;
}

/* Returns what is left of @path behind @root, without a slash in front; NULL when it is not inside.
 * An administrator may write "/srv//inbox/". */
static const char *
rest_of (const char *path, const char *root)
{
  for (;;)
    {
      size_t n;

      root += strspn (root, "/");
      path += strspn (path, "/");
      if (*root == '\0')
        return path;
      n = strcspn (root, "/");
      if (strcspn (path, "/") != n || memcmp (path, root, n) != 0)
        return NULL;
      root += n;
      path += n;
    }
}

bool
agent_path_is_inside (const char *path, const char *root)
{
  return rest_of (path, root) != NULL;
}

bool
agent_path_is_system (const char *path)
{
  return agent_path_is_inside (path, "/proc") || agent_path_is_inside (path, "/sys") ||
         agent_path_is_inside (path, "/dev");
}

bool
agent_path_is_allowed (const AgentRoots *roots, const char *path)
{
  if (agent_path_is_system (path))
    return false;
  for (char *const *root = roots->paths; root != NULL && *root != NULL; root++)
    if (agent_path_is_inside (path, *root))
      return true;
  return false;
}

/* Closes @fd without losing the errno that says why. */
static int
fail (int fd)
{
  int error = errno;

  if (fd >= 0)
    close (fd);
  errno = error;
  return -1;
}

/* The same file systems mounted elsewhere, in a chroot for instance. */
static bool
is_system_object (int fd)
{
  static const long magics[] = {
    PROC_SUPER_MAGIC,    SYSFS_MAGIC,   DEBUGFS_MAGIC,        TRACEFS_MAGIC,
    SECURITYFS_MAGIC,    SELINUX_MAGIC, SMACK_MAGIC,          CGROUP_SUPER_MAGIC,
    CGROUP2_SUPER_MAGIC, BPF_FS_MAGIC,  EFIVARFS_MAGIC,       DEVPTS_SUPER_MAGIC,
    BINFMTFS_MAGIC,      NSFS_MAGIC,    BINDERFS_SUPER_MAGIC, 0x62656570 /* configfs */,
  };
  struct statfs fs;
  struct stat here, devices, top;

  if (fstatfs (fd, &fs) < 0 || fstat (fd, &here) < 0)
    return true;
  for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
    if ((unsigned long) fs.f_type == (unsigned long) magics[i])
      return true;
  /* A devtmpfs says that it is a tmpfs. */
  return lstat ("/dev", &devices) == 0 && lstat ("/", &top) == 0 && devices.st_dev != top.st_dev &&
         devices.st_dev == here.st_dev;
}

static int
refuse_system (int fd)
{
  if (fd < 0 || !is_system_object (fd))
    return fd;
  errno = EXDEV;
  return fail (fd);
}

static int
open_top (void)
{
  char full[AGENT_PATH_SIZE];

  return open (agent_path (full, "/"), O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Puts where the link @fd leads in front of @rest. Only a link that root made is the
 * administrator's own: one of a user who can write in a directory above would lead wherever he
 * likes. */
static bool
follow_trusted (int fd, const struct stat *info, char *rest, size_t size)
{
  char target[PATH_MAX];
  char joined[2 * PATH_MAX];
  ssize_t n;
  int length;

  errno = ELOOP;
  if (info->st_uid != 0 && info->st_uid != geteuid ())
    return false;
  n = readlinkat (fd, "", target, sizeof target - 1);
  if (n < 0)
    return false;
  target[n] = '\0';
  length = snprintf (joined, sizeof joined, "%s/%s", target, rest);
  errno = ENAMETOOLONG;
  if (length < 0 || (size_t) length >= size)
    return false;
  memcpy (rest, joined, (size_t) length + 1);
  return true;
}

/* Opens a path that the administrator wrote. With @make, missing directories are made. */
static int
open_own (const char *path, bool make)
{
  char rest[2 * PATH_MAX];
  char component[NAME_MAX + 1];
  int fd = open_top ();
  int links = 0;
  const char *p = rest;

  if (snprintf (rest, sizeof rest, "%s", path) >= (int) sizeof rest)
    errno = ENAMETOOLONG;
  while (fd >= 0)
    {
      struct stat info;
      size_t n;
      int next;

      p += strspn (p, "/");
      n = strcspn (p, "/");
      if (n == 0)
        return fd;
      if (n > NAME_MAX)
        {
          errno = ENAMETOOLONG;
          return fail (fd);
        }
      memcpy (component, p, n);
      component[n] = '\0';
      if (make && mkdirat (fd, component, 0755) == 0 && fchmodat (fd, component, 0755, 0) < 0)
        return fail (fd);
      next = openat (fd, component, O_PATH | O_NOFOLLOW | O_CLOEXEC);
      if (next < 0 || fstat (next, &info) < 0)
        {
          fail (next);
          return fail (fd);
        }
      p += n;
      if (!S_ISLNK (info.st_mode))
        {
          close (fd);
          fd = next;
          continue;
        }
      memmove (rest, p, strlen (p) + 1);
      if (++links > LINKS_MAX || !follow_trusted (next, &info, rest, sizeof rest))
        {
          if (links > LINKS_MAX)
            errno = ELOOP;
          fail (next);
          return fail (fd);
        }
      close (next);
      p = rest;
      if (rest[0] == '/')
        {
          close (fd);
          fd = open_top ();
        }
    }
  return fd;
}

/* For kernels before 5.6, and for those whose openat2() a filter forbids: a component after the
 * other, and no link in any, whatever the policy says. */
static int
walk (int root, const char *rest, int flags)
{
  char component[NAME_MAX + 1];
  int fd = fcntl (root, F_DUPFD_CLOEXEC, 0);

  while (fd >= 0 && *rest != '\0')
    {
      size_t n = strcspn (rest, "/");
      bool last = rest[n] == '\0';
      struct stat info;
      int next;

      if (n > NAME_MAX)
        {
          errno = ENAMETOOLONG;
          return fail (fd);
        }
      memcpy (component, rest, n);
      component[n] = '\0';
      next = openat (fd, component, O_PATH | O_NOFOLLOW | O_CLOEXEC);
      if (next >= 0 && (!last || (flags & O_DIRECTORY) != 0) && fstat (next, &info) == 0 &&
          !S_ISDIR (info.st_mode))
        {
          errno = S_ISLNK (info.st_mode) ? ELOOP : ENOTDIR;
          fail (next);
          return fail (fd);
        }
      fail (fd);
      fd = next;
      rest += n + (last ? 0 : 1);
    }
  return fd;
}

/* @rest: relative and valid, or "" */
static int
open_beneath (int root, const char *rest, int flags, bool follow)
{
  struct open_how how = {
    .flags = (unsigned int) (O_PATH | O_CLOEXEC | flags),
    .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | (follow ? 0 : RESOLVE_NO_SYMLINKS),
  };

  for (int i = 0; may_openat2 && i < OPENAT2_TRIES; i++)
    {
      long fd = syscall (SYS_openat2, root, rest[0] != '\0' ? rest : ".", &how, sizeof how);

      if (fd >= 0)
        return (int) fd;
      if (errno == ENOSYS || errno == EPERM)
        may_openat2 = false;
      else if (errno != EAGAIN && errno != EINTR)
        return -1;
    }
  if (may_openat2)
    return -1;
  return walk (root, rest, flags);
}

int
agent_path_open (const AgentRoots *roots, const char *path, bool link)
{
  int error = EXDEV;

  for (char *const *root = roots->paths; root != NULL && *root != NULL; root++)
    {
      const char *rest = rest_of (path, *root);
      int top, fd;

      if (rest == NULL)
        continue;
      top = open_own (*root, false);
      fd = top < 0 ? -1 : open_beneath (top, rest, link ? O_NOFOLLOW : 0, roots->follow);
      fd = refuse_system (fd);
      /* The root may be one file, which has no "." in it. */
      if (fd < 0 && errno == ENOTDIR && rest[0] == '\0' && top >= 0)
        return refuse_system (top);
      fail (top);
      if (fd >= 0)
        return fd;
      error = errno;
    }
  errno = error;
  return -1;
}

/* The directory above a file that is itself a root. */
static int
open_above (const char *path, const char *name)
{
  char above[KVMA_FILE_PATH_MAX + 1];
  size_t n = (size_t) (name - path);

  memcpy (above, path, n);
  above[n] = '\0';
  return open_own (above, false);
}

static int
open_parent_in (const AgentRoots *roots, const char *root, const char *rest, const char *name)
{
  char between[KVMA_FILE_PATH_MAX + 1];
  size_t n = (size_t) (name - rest);
  int top = open_own (root, false);
  int fd;

  if (top < 0)
    return -1;
  memcpy (between, rest, n);
  between[n > 0 ? n - 1 : 0] = '\0';
  fd = open_beneath (top, between, O_DIRECTORY, roots->follow);
  fail (top);
  return fd;
}

int
agent_path_open_parent (const AgentRoots *roots, const char *path, const char **name)
{
  int error = EXDEV;

  *name = strrchr (path, '/') + 1;
  if (**name == '\0')
    {
      errno = EXDEV;
      return -1;
    }
  for (char *const *root = roots->paths; root != NULL && *root != NULL; root++)
    {
      const char *rest = rest_of (path, *root);
      int fd;

      if (rest == NULL)
        continue;
      fd = rest[0] == '\0' ? open_above (path, *name) : open_parent_in (roots, *root, rest, *name);
      fd = refuse_system (fd);
      if (fd >= 0)
        return fd;
      error = errno;
    }
  errno = error;
  return -1;
}

int
agent_path_reopen (int fd, int flags)
{
  char link[32];
  struct stat info;
  int opened;

  if (fstat (fd, &info) < 0)
    return -1;
  if (!S_ISREG (info.st_mode) && !S_ISDIR (info.st_mode))
    {
      errno = S_ISLNK (info.st_mode) ? ELOOP : EXDEV;
      return -1;
    }
  snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
  opened = open (link, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (opened >= 0 && S_ISREG (info.st_mode))
    fcntl (opened, F_SETFL, fcntl (opened, F_GETFL) & ~O_NONBLOCK);
  return opened;
}

bool
agent_path_make_directories (const char *path)
{
  int fd = open_own (path, true);

  if (fd < 0)
    return false;
  close (fd);
  return true;
}
