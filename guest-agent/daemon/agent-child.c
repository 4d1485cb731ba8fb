/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-child.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/agent.h"

static int
find (const Agent *agent, pid_t pid)
{
  for (int i = 0; i < AGENT_CHILDREN_MAX; i++)
    if (agent->children.children[i].pid == pid)
      return i;
  return -1;
}

bool
agent_child_has_room (const Agent *agent)
{
  return find (agent, 0) >= 0;
}

void
agent_child_watch (Agent *agent, pid_t pid, AgentChildFunc func, void *data)
{
  int i = find (agent, pid);

  if (i < 0)
    i = find (agent, 0);
  if (i < 0)
    {
      agent_log (AGENT_LOG_ERROR, "too many child processes");
      return;
    }
  agent->children.children[i].pid = pid;
  agent->children.children[i].func = func;
  agent->children.children[i].data = data;
}

void
agent_child_forget (Agent *agent, pid_t pid)
{
  int i = pid > 0 ? find (agent, pid) : -1;

  if (i >= 0)
    agent->children.children[i].pid = 0;
}

static long
milliseconds (const struct timeval *time)
{
  return (long) time->tv_sec * 1000 + (long) time->tv_usec / 1000;
}

void
agent_children_reap (Agent *agent)
{
  struct rusage usage;
  int status;
  pid_t pid;

  while ((pid = wait4 (-1, &status, WNOHANG, &usage)) > 0)
    {
      int i = find (agent, pid);
      AgentExit ended = { .pid = pid, .status = status };
      AgentChildFunc func;

      if (i < 0)
        continue;
      ended.cpu_ms = milliseconds (&usage.ru_utime) + milliseconds (&usage.ru_stime);
      ended.max_rss_kb = usage.ru_maxrss;
      func = agent->children.children[i].func;
      agent->children.children[i].pid = 0;
      func (agent, &ended, agent->children.children[i].data);
    }
}

static void
close_range_or_each (unsigned int first, unsigned int last)
{
  if (first > last || syscall (SYS_close_range, first, last, 0u) == 0)
    return;
  for (unsigned int fd = first; fd <= last && fd < 1024; fd++)
    close ((int) fd);
}

/* The agent is spared when memory runs out; what it starts is not. */
static void
reset_oom_score (void)
{
  char text[16];
  int fd = open ("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);

  if (fd < 0)
    return;
  if (read (fd, text, 1) == 1 && text[0] == '-' && write (fd, "0\n", 2) != 2)
    agent_log (AGENT_LOG_DEBUG, "the OOM score stays as it is");
  close (fd);
}

void
agent_child_clean (int keep)
{
  sigset_t none;

  for (int number = 1; number < NSIG; number++)
    if (number != SIGKILL && number != SIGSTOP)
      signal (number, SIG_DFL);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  if (keep > 2)
    {
      close_range_or_each (3, (unsigned int) keep - 1);
      close_range_or_each ((unsigned int) keep + 1, ~0u);
    }
  else
    close_range_or_each (3, ~0u);
  reset_oom_score ();
}
