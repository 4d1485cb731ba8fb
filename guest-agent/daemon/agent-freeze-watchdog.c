/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-freeze.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/agent-util.h"

/* Two processes. FIFREEZE may wait for long, or for ever when something that is to be written hangs
 * on a file system that is frozen already; so a child does it, and this process, which never does
 * anything that can wait before its deadline, thaws behind it. Both have all memory locked, and
 * write to nothing but the socket: a page that has to be read from a frozen disk, or a line of log,
 * could be the end. */

typedef enum
{
  MOUNT_UNTOUCHED,
  MOUNT_FROZEN,
  MOUNT_SKIPPED, /* this kind cannot be frozen */
  MOUNT_FAILED,
} MountState;

/* Shared by the two. */
typedef struct
{
  int stop; /* the freezer shall freeze no more, and thaw what it has in its hands */
  int states[AGENT_FREEZE_MOUNTS_MAX];
  int errors[AGENT_FREEZE_MOUNTS_MAX];
} Board;

typedef struct
{
  int socket;
  int done; /* ends when the freezer does */
  pid_t freezer;
  const AgentFreezePlan *plan;
  uint64_t deadline_ms;
  int fds[AGENT_FREEZE_MOUNTS_MAX];
  Board *board;
} Watchdog;

static int
get (int *place)
{
  return __atomic_load_n (place, __ATOMIC_SEQ_CST);
}

static void
set (int *place, int value)
{
  __atomic_store_n (place, value, __ATOMIC_SEQ_CST);
}

static int
open_mount (const char *mount)
{
  char path[AGENT_PATH_SIZE];

  return open (agent_path (path, mount), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
}

void
agent_freeze_thaw_all (const AgentFreezePlan *plan)
{
  for (unsigned int i = plan->n; i-- > 0;)
    {
      int fd = open_mount (plan->mounts[i]);

      if (fd < 0)
        continue;
      ioctl (fd, FITHAW, 0);
      close (fd);
    }
}

static bool
freeze_one (Watchdog *self, unsigned int i)
{
  int *state = &self->board->states[i];

  if (ioctl (self->fds[i], FIFREEZE, 0) < 0)
    {
      bool skip = (errno == EOPNOTSUPP || errno == ENOTTY) && !self->plan->named;

      set (&self->board->errors[i], errno);
      set (state, skip ? MOUNT_SKIPPED : MOUNT_FAILED);
      return skip;
    }
  set (state, MOUNT_FROZEN);
  if (get (&self->board->stop) == 0)
    return true;
  /* Whoever thaws looked at this one before it was frozen, or thaws it as well: the second time
   * does nothing. */
  ioctl (self->fds[i], FITHAW, 0);
  return false;
}

static void
run_freezer (Watchdog *self)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  close (self->socket);
  mlockall (MCL_CURRENT | MCL_FUTURE);
  for (unsigned int i = 0; i < self->plan->n; i++)
    if (get (&self->board->stop) != 0 || !freeze_one (self, i))
      break;
  _exit (0);
}

static unsigned int
thaw_frozen (Watchdog *self)
{
  unsigned int count = 0;

  for (unsigned int i = self->plan->n; i-- > 0;)
    if (get (&self->board->states[i]) == MOUNT_FROZEN)
      {
        ioctl (self->fds[i], FITHAW, 0);
        set (&self->board->states[i], MOUNT_UNTOUCHED);
        count++;
      }
  return count;
}

static unsigned int
thaw (Watchdog *self)
{
  unsigned int count;

  set (&self->board->stop, 1);
  count = thaw_frozen (self);
  while (self->freezer > 0 && waitpid (self->freezer, NULL, 0) < 0 && errno == EINTR)
    continue;
  self->freezer = 0;
  return count + thaw_frozen (self);
}

/* Returns false when nobody is there to hear it. */
static bool
say (Watchdog *self, const AgentFreezeMessage *message)
{
  return send (self->socket, message, sizeof *message, MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
}

/* A thawed database has to be told so, and the agent that would do it is gone. */
static void
end (Watchdog *self, bool agent_is_there)
{
  char failed[AGENT_FREEZE_NAME_MAX];

  if (!agent_is_there && self->plan->hooks)
    {
      munlockall ();
      agent_freeze_run_hooks (false, failed);
    }
  _exit (0);
}

static void
fail (Watchdog *self, unsigned int index, int error)
{
  AgentFreezeMessage message = { .word = AGENT_FREEZE_SAYS_FAILED, .index = index, .error = error };

  thaw (self);
  end (self, say (self, &message));
}

static bool
set_up (Watchdog *self)
{
  int null, score;
  int ends[2];

  setsid ();
  /* Ended by what it waits for alone: not by who ends the agent's whole service at once. */
  {
    sigset_t all;

    sigfillset (&all);
    sigprocmask (SIG_SETMASK, &all, NULL);
  }
  if (self->socket != 3 && dup2 (self->socket, 3) < 0)
    return false;
  self->socket = 3;
  fcntl (3, F_SETFD, FD_CLOEXEC);
  if (syscall (SYS_close_range, 4u, ~0u, 0u) < 0)
    for (int fd = 4; fd < 1024; fd++)
      close (fd);
  null = open ("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; null >= 0 && fd < 3; fd++)
    dup2 (null, fd);
  score = open ("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (score >= 0)
    {
      if (write (score, "-1000", 5) < 0)
        close (score);
      else
        close (score);
    }
  self->board =
      mmap (NULL, sizeof *self->board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (self->board == MAP_FAILED || pipe2 (ends, O_CLOEXEC) < 0)
    return false;
  self->done = ends[0];
  for (unsigned int i = 0; i < self->plan->n; i++)
    if ((self->fds[i] = open_mount (self->plan->mounts[i])) < 0)
      fail (self, i, errno);
  if (mlockall (MCL_CURRENT | MCL_FUTURE) < 0)
    return false;
  self->freezer = fork ();
  if (self->freezer == 0)
    run_freezer (self);
  close (ends[1]);
  return self->freezer > 0;
}

/* The freezer has ended by itself: everything is frozen, or something could not be. */
static void
look_at_board (Watchdog *self)
{
  AgentFreezeMessage message = { .word = AGENT_FREEZE_SAYS_FROZEN };
  int status = 0;

  close (self->done);
  self->done = -1;
  while (waitpid (self->freezer, &status, 0) < 0 && errno == EINTR)
    continue;
  self->freezer = 0;
  for (unsigned int i = 0; i < self->plan->n; i++)
    switch ((MountState) get (&self->board->states[i]))
      {
      case MOUNT_FROZEN:
        message.mask |= UINT64_C (1) << i;
        message.count++;
        break;
      case MOUNT_SKIPPED:
        break;
      case MOUNT_FAILED:
        fail (self, i, get (&self->board->errors[i]));
        break;
      case MOUNT_UNTOUCHED:
        fail (self, i, ECHILD);
        break;
      }
  if (message.count == 0)
    fail (self, 0, EOPNOTSUPP);
  say (self, &message);
}

/* Waits until it is to be thawed. */
static AgentThawReason
watch (Watchdog *self)
{
  for (;;)
    {
      struct pollfd fds[2] = { { .fd = self->socket, .events = POLLIN },
                               { .fd = self->done, .events = POLLIN } };
      uint64_t now = agent_now_ms ();
      char byte;
      int n;

      if (now >= self->deadline_ms)
        return AGENT_THAW_DEADLINE;
      n = poll (fds, 2, (int) (self->deadline_ms - now));
      if (n <= 0)
        continue;
      if (fds[0].revents != 0)
        {
          ssize_t length = recv (self->socket, &byte, 1, MSG_DONTWAIT);

          if (length == 1)
            return byte == AGENT_FREEZE_TELL_THAW ? AGENT_THAW_HOST : AGENT_THAW_LOST;
          if (length == 0 || (errno != EAGAIN && errno != EINTR))
            return AGENT_THAW_LOST;
        }
      else if (fds[1].revents != 0)
        look_at_board (self);
    }
}

void
agent_freeze_watchdog (int fd, const AgentFreezePlan *plan, uint64_t deadline_ms)
{
  Watchdog self = { .socket = fd, .done = -1, .plan = plan, .deadline_ms = deadline_ms };
  AgentFreezeMessage message = { .word = AGENT_FREEZE_SAYS_THAWED };
  AgentThawReason reason;

  if (!set_up (&self))
    {
      message.word = AGENT_FREEZE_SAYS_FAILED;
      message.error = errno;
      say (&self, &message);
      _exit (1);
    }
  reason = watch (&self);
  if (self.done >= 0)
    fail (&self, 0, reason == AGENT_THAW_DEADLINE ? ETIME : ECANCELED);
  message.count = thaw (&self);
  message.reason = reason;
  end (&self, say (&self, &message));
  _exit (0);
}
