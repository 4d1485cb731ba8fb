/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-freeze.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/agent-policy.h"
#include "daemon/agent-util.h"

static void
exec_hook (const char *path, const char *argument)
{
  static char *const environment[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C", NULL
  };
  char *arguments[] = { (char *) path, (char *) argument, NULL };
  sigset_t none;
  int fd;

  setpgid (0, 0);
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  for (int number = 1; number < NSIG; number++)
    signal (number, SIG_DFL);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  fd = open ("/dev/null", O_RDWR);
  for (int i = 0; fd >= 0 && i < 3; i++)
    dup2 (fd, i);
  if (syscall (SYS_close_range, 3u, ~0u, 0u) < 0)
    for (int i = 3; i < 1024; i++)
      close (i);
  if (chdir ("/") == 0)
    execve (path, arguments, environment);
  _exit (127);
}

/* Returns whether @pid ended within @ms, by itself and with 0. */
static bool
wait_for (pid_t pid, uint64_t ms)
{
  uint64_t deadline = agent_now_ms () + ms;
  sigset_t set;
  int status;

  sigemptyset (&set);
  sigaddset (&set, SIGCHLD);
  for (;;)
    {
      uint64_t now = agent_now_ms ();
      struct timespec left;
      pid_t ended = waitpid (pid, &status, WNOHANG);

      if (ended == pid)
        return WIFEXITED (status) && WEXITSTATUS (status) == 0;
      if (now >= deadline || (ended < 0 && errno != EINTR))
        return false;
      left.tv_sec = (time_t) ((deadline - now) / 1000);
      left.tv_nsec = (long) ((deadline - now) % 1000) * 1000000;
      sigtimedwait (&set, NULL, &left);
    }
}

static bool
run_hook (const char *name, bool freeze)
{
  char full[AGENT_PATH_SIZE];
  char path[512];
  sigset_t set;
  pid_t pid;
  bool good;

  snprintf (path, sizeof path, AGENT_FREEZE_HOOKS "/%.255s", name);
  agent_path (full, path);
  sigemptyset (&set);
  sigaddset (&set, SIGCHLD);
  sigprocmask (SIG_BLOCK, &set, NULL);
  pid = fork ();
  if (pid == 0)
    exec_hook (full, freeze ? "freeze" : "thaw");
  if (pid < 0)
    return false;
  good = wait_for (pid, AGENT_FREEZE_HOOK_MS);
  /* Also what it left behind: a hook is over when it says so. */
  kill (-pid, SIGKILL);
  if (!good)
    wait_for (pid, 1000);
  return good;
}

/* Executable, and writable for nobody but root. Anything else in the directory is not a hook, but
 * an executable that somebody else can write is a fault and not a matter of taste. */
static bool
is_trusted (int directory_fd, const char *name)
{
  int fd = openat (directory_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  const char *what;
  bool good = fd >= 0 && agent_policy_check_file (fd, false, &what);

  if (fd >= 0)
    close (fd);
  return good;
}

static bool
is_hook (int directory_fd, const char *name)
{
  size_t length = strlen (name);
  struct stat status;

  return name[0] != '.' && name[length - 1] != '~' && strchr (name, '.') != name &&
         fstatat (directory_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         !S_ISDIR (status.st_mode) && (status.st_mode & 0111) != 0;
}

static int
compare_names (const void *a, const void *b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* Returns how many there are, -1 when the directory cannot be trusted; *@fault is the name of a
 * hook that cannot be, or "". Only trusted ones are listed. */
static int
list_hooks (char *names[AGENT_FREEZE_HOOKS_MAX], char *fault)
{
  char full[AGENT_PATH_SIZE];
  int fd =
      open (agent_path (full, AGENT_FREEZE_HOOKS), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  const struct dirent *entry;
  const char *what;
  DIR *directory;
  int n = 0;

  fault[0] = '\0';
  if (fd < 0)
    return errno == ENOENT ? 0 : -1;
  if (!agent_policy_check_file (fd, true, &what) || (directory = fdopendir (fd)) == NULL)
    {
      close (fd);
      return -1;
    }
  while ((entry = readdir (directory)) != NULL)
    {
      if (!is_hook (fd, entry->d_name))
        continue;
      if (n == AGENT_FREEZE_HOOKS_MAX || !is_trusted (fd, entry->d_name))
        agent_clean (entry->d_name, fault, AGENT_FREEZE_NAME_MAX);
      else if ((names[n] = strdup (entry->d_name)) != NULL)
        n++;
    }
  closedir (directory);
  qsort (names, (size_t) n, sizeof *names, compare_names);
  return n;
}

bool
agent_freeze_run_hooks (bool freeze, char *failed)
{
  char *names[AGENT_FREEZE_HOOKS_MAX];
  char fault[AGENT_FREEZE_NAME_MAX];
  int n = list_hooks (names, fault);
  int begun = n;
  bool good = true;

  failed[0] = '\0';
  if (freeze && (n < 0 || fault[0] != '\0'))
    {
      snprintf (failed, AGENT_FREEZE_NAME_MAX, "%s", n < 0 ? "freeze.d" : fault);
      return false;
    }
  for (int i = 0; freeze && good && i < n; i++)
    {
      good = run_hook (names[i], true);
      begun = i + 1;
      if (!good)
        agent_clean (names[i], failed, AGENT_FREEZE_NAME_MAX);
    }
  /* What came last goes first. */
  for (int i = begun - 1; (!freeze || !good) && i >= 0; i--)
    run_hook (names[i], false);
  return good;
}
