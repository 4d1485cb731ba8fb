/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/agent-cgroup.h"
#include "daemon/agent-child.h"

#define PROCESSES_MAX 1024
#define STACK_BYTES 8388608

static void __attribute__ ((noreturn)) give_up (int report_fd, AgentSpawnStage stage, int error)
{
  AgentSpawnFailure failure = { .stage = stage, .error = error };
  ssize_t n = write (report_fd, &failure, sizeof failure);

  _exit (n == (ssize_t) sizeof failure ? 127 : 126);
}

/* A descriptor below 3 would be overwritten before it is used. */
static int
above_standard (int fd)
{
  return fd >= 0 && fd < 3 ? fcntl (fd, F_DUPFD_CLOEXEC, 3) : fd;
}

static bool
set_standard (const AgentSpawn *self)
{
  int in = above_standard (self->in);
  int out = above_standard (self->out);
  int err = above_standard (self->err);

  return dup2 (in, STDIN_FILENO) >= 0 && dup2 (out, STDOUT_FILENO) >= 0 &&
         dup2 (err, STDERR_FILENO) >= 0;
}

/* Never more than there was. */
static void
limit (int resource, rlim_t soft, rlim_t hard)
{
  struct rlimit old, new = { .rlim_cur = soft, .rlim_max = hard };

  if (getrlimit (resource, &old) < 0)
    return;
  if (new.rlim_max > old.rlim_max)
    new.rlim_max = old.rlim_max;
  if (new.rlim_cur > new.rlim_max)
    new.rlim_cur = new.rlim_max;
  setrlimit (resource, &new);
}

static void
reset_resources (const AgentSpawn *self)
{
  const struct sched_param normal = { 0 };

  sched_setscheduler (0, SCHED_OTHER, &normal);
  setpriority (PRIO_PROCESS, 0, 0);
  umask (S_IWGRP | S_IWOTH);
  limit (RLIMIT_CORE, 0, RLIM_INFINITY);
  limit (RLIMIT_STACK, STACK_BYTES, RLIM_INFINITY);
  if (self->limited && self->user.uid != 0)
    limit (RLIMIT_NPROC, PROCESSES_MAX, PROCESSES_MAX);
}

/* Who is not root can only be who it is. Nothing is believed: the ids are asked for again, and root
 * must be out of reach. */
static bool
become (const AgentUser *user)
{
  uid_t ruid, euid, suid;
  gid_t rgid, egid, sgid;

  if (geteuid () != 0 && user->uid == geteuid ())
    return true;
  if (setgroups ((size_t) user->n_groups, user->groups) < 0 ||
      setresgid (user->gid, user->gid, user->gid) < 0 ||
      setresuid (user->uid, user->uid, user->uid) < 0 || getresuid (&ruid, &euid, &suid) < 0 ||
      getresgid (&rgid, &egid, &sgid) < 0)
    return false;
  errno = EPERM;
  if (ruid != user->uid || euid != user->uid || suid != user->uid || rgid != user->gid ||
      egid != user->gid || sgid != user->gid)
    return false;
  if (user->uid != 0 && setuid (0) == 0)
    return false;
  return true;
}

void
agent_spawn_exec (const AgentSpawn *self, int cgroup_fd, int report_fd)
{
  setsid ();
  if (cgroup_fd >= 0)
    agent_cgroup_enter (cgroup_fd);
  if (!set_standard (self) || (self->terminal && ioctl (STDIN_FILENO, TIOCSCTTY, 0) < 0))
    give_up (report_fd, AGENT_SPAWN_SETUP, errno);
  agent_child_clean (report_fd);
  reset_resources (self);
  if (!become (&self->user))
    give_up (report_fd, AGENT_SPAWN_USER, errno);
  if (chdir (self->cwd) < 0 && (!self->cwd_or_root || chdir ("/") < 0))
    give_up (report_fd, AGENT_SPAWN_CWD, errno);
  if (self->no_new_privs && prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    give_up (report_fd, AGENT_SPAWN_SETUP, errno);
  execve (self->path, self->argv, self->environment);
  give_up (report_fd, AGENT_SPAWN_EXEC, errno);
}
