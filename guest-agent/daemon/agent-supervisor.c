/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-supervisor.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/agent-supervisor-process.h"
#include "daemon/agent.h"

static const struct
{
  const char *name;
  int number;
} signals[] = {
  { "TERM", SIGTERM }, { "KILL", SIGKILL }, { "INT", SIGINT },   { "HUP", SIGHUP },
  { "QUIT", SIGQUIT }, { "USR1", SIGUSR1 }, { "USR2", SIGUSR2 }, { "STOP", SIGSTOP },
  { "CONT", SIGCONT }, { "ABRT", SIGABRT }, { "SEGV", SIGSEGV }, { "BUS", SIGBUS },
  { "FPE", SIGFPE },   { "ILL", SIGILL },   { "PIPE", SIGPIPE }, { "ALRM", SIGALRM },
  { "TRAP", SIGTRAP }, { "SYS", SIGSYS },   { "XCPU", SIGXCPU }, { "XFSZ", SIGXFSZ },
};

#define N_SIGNALS (sizeof signals / sizeof signals[0])

int
agent_signal_find (const char *name)
{
  for (size_t i = 0; i < N_SIGNALS; i++)
    if (strcmp (signals[i].name, name) == 0)
      return signals[i].number;
  return 0;
}

static const char *
signal_name (int number, char *buffer, size_t size)
{
  for (size_t i = 0; i < N_SIGNALS; i++)
    if (signals[i].number == number)
      return signals[i].name;
  snprintf (buffer, size, "%d", number);
  return buffer;
}

json_t *
agent_exit_to_json (const AgentExit *exit, bool timed_out)
{
  json_t *object = json_object ();
  char name[16];

  if (WIFSIGNALED (exit->status))
    json_object_set_new (object, "signal",
                         json_string (signal_name (WTERMSIG (exit->status), name, sizeof name)));
  else
    json_object_set_new (object, "code", json_integer (WEXITSTATUS (exit->status)));
  json_object_set_new (object, "cpu_ms", json_integer (exit->cpu_ms));
  json_object_set_new (object, "max_rss_kb", json_integer (exit->max_rss_kb));
  json_object_set_new (object, "timed_out", json_boolean (timed_out));
  return object;
}

void
agent_supervisor_refuse (Agent *agent, AgentCall *call, const AgentSpawnFailure *failure)
{
  static const char *const messages[] = {
    "no process for it",
    "the program cannot be prepared",
    "the agent cannot become that user",
    "the directory cannot be entered",
    "the program cannot be run",
  };
  bool missing = (failure->error == ENOENT || failure->error == ENOTDIR) &&
                 (failure->stage == AGENT_SPAWN_EXEC || failure->stage == AGENT_SPAWN_CWD);

  agent_call_error (agent, call, missing ? KVMA_ERROR_NOT_FOUND : KVMA_ERROR_IO,
                    missing && failure->stage == AGENT_SPAWN_EXEC ? "there is no such program"
                                                                  : messages[failure->stage],
                    json_pack ("{ss}", "errno", agent_errno_name (failure->error)));
}

static void
finish (AgentSupervisor *self)
{
  int fd = agent_loop_unwatch (&self->agent->loop, &self->watch);

  if (fd >= 0)
    close (fd);
  /* The supervisor has done this, unless it was killed. */
  if (!agent_cgroup_remove (self->cgroup))
    agent_log (AGENT_LOG_WARNING, "%s cannot be removed", self->cgroup);
  self->cgroup[0] = '\0';
  self->funcs->gone (self, self->data);
}

/* One packet a turn: what is called may end us. */
static void
report_cb (void *data, uint32_t events)
{
  AgentSupervisor *self = data;
  AgentReport report;
  ssize_t n = recv (self->watch.fd, &report, sizeof report, MSG_DONTWAIT);
  AgentExit ended;

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n != (ssize_t) sizeof report)
    {
      finish (self);
      return;
    }
  switch ((AgentReportKind) report.kind)
    {
    case AGENT_REPORT_STARTED:
      self->pid = report.pid;
      self->funcs->started (self, self->data);
      break;
    case AGENT_REPORT_FAILED:
      self->funcs->failed (self, &report.failure, self->data);
      break;
    case AGENT_REPORT_EXITED:
      ended = (AgentExit){ .pid = report.pid,
                           .status = report.status,
                           .cpu_ms = report.cpu_ms,
                           .max_rss_kb = report.max_rss_kb };
      self->funcs->exited (self, &ended, self->data);
      break;
    }
}

bool
agent_supervisor_start (Agent *agent,
                        AgentSupervisor *self,
                        const AgentSpawn *spawn,
                        long long number,
                        const AgentSupervisorFuncs *funcs,
                        void *data)
{
  int ends[2];
  int cgroup_fd = -1;
  int error;
  pid_t pid;

  memset (self, 0, sizeof *self);
  self->agent = agent;
  self->watch.fd = -1;
  self->funcs = funcs;
  self->data = data;
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
    return false;
  if (number > 0)
    cgroup_fd = agent_cgroup_create (self->cgroup, number);
  pid = fork ();
  if (pid == 0)
    agent_supervisor_run (spawn, ends[1], cgroup_fd, self->cgroup);
  error = errno;
  close (ends[1]);
  if (cgroup_fd >= 0)
    close (cgroup_fd);
  if (pid > 0 && agent_loop_watch (&agent->loop, &self->watch, ends[0], EPOLLIN, report_cb, self))
    return true;
  if (pid > 0)
    error = errno;
  close (ends[0]);
  agent_cgroup_remove (self->cgroup);
  errno = error;
  return false;
}

/* A supervisor that is so busy that its socket is full is killing already. */
static void
order (AgentSupervisor *self, AgentOrderKind kind, int signal)
{
  AgentOrder packet = { .kind = kind, .signal = signal };

  if (self->watch.fd >= 0 &&
      send (self->watch.fd, &packet, sizeof packet, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
    agent_log (AGENT_LOG_DEBUG, "supervisor: %s", strerror (errno));
}

void
agent_supervisor_signal (AgentSupervisor *self, int signal)
{
  order (self, AGENT_ORDER_SIGNAL, signal);
}

void
agent_supervisor_stop (AgentSupervisor *self)
{
  order (self, AGENT_ORDER_STOP, 0);
}

void
agent_supervisor_kill (AgentSupervisor *self)
{
  order (self, AGENT_ORDER_KILL, 0);
}

void
agent_supervisor_drop (AgentSupervisor *self)
{
  int fd = self->agent != NULL ? agent_loop_unwatch (&self->agent->loop, &self->watch) : -1;

  if (fd >= 0)
    close (fd);
}
