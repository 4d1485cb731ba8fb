/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-pty.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "daemon/agent-environment.h"
#include "daemon/agent.h"

AgentPty *
agent_pty_find (Agent *agent, int64_t number)
{
  for (unsigned int i = 0; i < KVMA_PTYS_MAX; i++)
    if (agent->ptys.ptys[i] != NULL && agent->ptys.ptys[i]->number == number)
      return agent->ptys.ptys[i];
  return NULL;
}

static void
close_terminal (AgentPty *self)
{
  if (self->terminal >= 0)
    close (self->terminal);
  self->terminal = -1;
  if (self->pump.agent != NULL)
    agent_pump_stop (&self->pump);
}

static void
free_pty (AgentPty *self)
{
  Agent *agent = self->agent;

  agent_timer_stop (&agent->loop, &self->timer);
  close_terminal (self);
  for (unsigned int i = 0; i < KVMA_PTYS_MAX; i++)
    if (agent->ptys.ptys[i] == self)
      agent->ptys.ptys[i] = NULL;
  free (self);
}

/* --- The end --- */

static void
finish_if_over (AgentPty *self)
{
  if (self->began && !self->finished && self->exited && self->pump.out_ended)
    {
      self->finished = true;
      close_terminal (self);
      agent_audit_end (self->agent, self->audit, self->stuck ? KVMA_ERROR_TIMEOUT : 0,
                       json_pack ("{sI so}", "bytes", (json_int_t) self->pump.bytes_out, "exit",
                                  agent_exit_to_json (&self->exit, false)));
      if (self->pump.stream != NULL)
        agent_stream_close (self->pump.stream, self->stuck ? KVMA_ERROR_TIMEOUT : 0, NULL, 0,
                            json_pack ("{so}", "exit", agent_exit_to_json (&self->exit, false)));
      self->pump.stream = NULL;
    }
  if (self->supervisor.watch.fd < 0 && (!self->began || self->finished) && !self->held)
    free_pty (self);
}

static void
set_exited (AgentPty *self, const AgentExit *ended)
{
  self->exited = true;
  self->exit = *ended;
  self->held = true;
  agent_pump_drain (&self->pump);
  self->held = false;
}

/* The output of a terminal may end before its program: it closed it. */
static void
pump_ended (AgentPump *pump, void *data)
{
  finish_if_over (data);
}

void
agent_pty_hang_up (AgentPty *self)
{
  agent_supervisor_stop (&self->supervisor);
  if (!self->exited)
    agent_timer_start (&self->agent->loop, &self->timer, 2 * AGENT_STOP_MS);
}

static void
pump_aborted (AgentPump *pump, bool lost, void *data)
{
  agent_pty_hang_up (data);
}

static void
pty_exited (AgentSupervisor *supervisor, const AgentExit *ended, void *data)
{
  AgentPty *self = data;

  if (!self->began || self->exited)
    return;
  agent_timer_stop (&self->agent->loop, &self->timer);
  set_exited (self, ended);
  finish_if_over (self);
}

static void
assume_killed (AgentPty *self)
{
  const AgentExit killed = { .pid = self->supervisor.pid, .status = SIGKILL };

  if (self->began && !self->exited)
    set_exited (self, &killed);
}

static void
pty_gone (AgentSupervisor *supervisor, void *data)
{
  AgentPty *self = data;

  if (self->call != NULL)
    {
      const AgentSpawnFailure failure = { .stage = AGENT_SPAWN_SETUP, .error = ECHILD };

      agent_supervisor_refuse (self->agent, self->call, &failure);
      self->call = NULL;
    }
  assume_killed (self);
  finish_if_over (self);
}

/* It hangs in the kernel. Nobody waits for it any longer, but its place stays taken. */
static void
timer_cb (void *data)
{
  AgentPty *self = data;

  agent_log (AGENT_LOG_WARNING, "terminal %lld: its program does not %s", (long long) self->number,
             self->began ? "end" : "begin");
  self->stuck = true;
  agent_supervisor_kill (&self->supervisor);
  if (self->call != NULL)
    agent_call_error (self->agent, self->call, KVMA_ERROR_TIMEOUT, "the program does not begin",
                      NULL);
  self->call = NULL;
  assume_killed (self);
  finish_if_over (self);
}

/* --- The begin --- */

static void
cancel_call (Agent *agent, AgentCall *call)
{
  for (unsigned int i = 0; i < KVMA_PTYS_MAX; i++)
    if (agent->ptys.ptys[i] != NULL && agent->ptys.ptys[i]->call == call)
      {
        agent->ptys.ptys[i]->call = NULL;
        agent_supervisor_kill (&agent->ptys.ptys[i]->supervisor);
      }
}

/* The pump gets two descriptors of its own: one of them may be closed while the other is in use. */
static bool
start_pump (AgentPty *self)
{
  int out = fcntl (self->terminal, F_DUPFD_CLOEXEC, 3);
  int in = fcntl (self->terminal, F_DUPFD_CLOEXEC, 3);

  self->pump.ended = pump_ended;
  self->pump.aborted = pump_aborted;
  self->pump.data = self;
  self->pump.is_terminal = true;
  if (out >= 0 && in >= 0)
    return agent_pump_start (self->agent, &self->pump, true, out, in);
  if (out >= 0)
    close (out);
  if (in >= 0)
    close (in);
  return false;
}

static void
pty_started (AgentSupervisor *supervisor, void *data)
{
  AgentPty *self = data;
  Agent *agent = self->agent;
  AgentCall *call = self->call;

  /* Cancelled meanwhile; KILL is on its way. */
  if (call == NULL)
    return;
  self->call = NULL;
  if (!start_pump (self))
    {
      agent_supervisor_kill (&self->supervisor);
      agent_call_error (agent, call, KVMA_ERROR_BUSY, "too many streams are open", NULL);
      return;
    }
  self->began = true;
  agent_timer_stop (&agent->loop, &self->timer);
  self->audit = agent_audit_take (call);
  agent_call_reply (agent, call,
                    json_pack ("{sI si sI}", "pty", (json_int_t) self->number, "pid",
                               (int) self->supervisor.pid, "stream",
                               (json_int_t) agent_stream_id (self->pump.stream)));
}

static void
pty_failed (AgentSupervisor *supervisor, const AgentSpawnFailure *failure, void *data)
{
  AgentPty *self = data;

  if (self->call != NULL)
    agent_supervisor_refuse (self->agent, self->call, failure);
  self->call = NULL;
}

static const AgentSupervisorFuncs supervisor_funcs = { pty_started, pty_failed, pty_exited,
                                                       pty_gone };

bool
agent_pty_resize (AgentPty *self, unsigned short columns, unsigned short rows)
{
  const struct winsize size = { .ws_col = columns, .ws_row = rows };

  return ioctl (self->terminal, TIOCSWINSZ, &size) == 0;
}

/* The other end by its descriptor: a path would be one in our mount name space, and before Linux
 * 4.13 it is the only way. */
static int
open_other_end (int terminal)
{
  int fd = ioctl (terminal, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  char path[32];
  unsigned int number;

  if (fd >= 0 || ioctl (terminal, TIOCGPTN, &number) < 0)
    return fd;
  snprintf (path, sizeof path, "/dev/pts/%u", number);
  return open (path, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

/* Who is logged in owns the terminal, as behind a login prompt, which does that by itself. */
static int
open_terminal (AgentPty *self, const AgentPtyRequest *request)
{
  struct termios modes;
  int unlock = 0;
  int fd;

  self->terminal = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (self->terminal < 0 || ioctl (self->terminal, TIOCSPTLCK, &unlock) < 0 ||
      !agent_pty_resize (self, request->columns, request->rows))
    return -1;
  fd = open_other_end (self->terminal);
  if (fd < 0)
    return -1;
  if (tcgetattr (fd, &modes) == 0)
    {
      modes.c_iflag |= IUTF8;
      tcsetattr (fd, TCSANOW, &modes);
    }
  if (!request->login && geteuid () == 0 &&
      (fchown (fd, request->user.uid, (gid_t) -1) < 0 || fchmod (fd, S_IRUSR | S_IWUSR) < 0))
    {
      close (fd);
      return -1;
    }
  return fd;
}

static bool
run (AgentPty *self, const AgentPtyRequest *request)
{
  AgentSpawn spawn = { .path = request->path,
                       .argv = (char **) (uintptr_t) request->argv,
                       .cwd = request->login ? "/" : request->user.home,
                       .cwd_or_root = true,
                       .user = request->user,
                       .terminal = true };
  int fd = open_terminal (self, request);
  bool good;
  int error;

  if (fd < 0)
    return false;
  spawn.in = spawn.out = spawn.err = fd;
  spawn.environment = agent_environment_new (&request->user, NULL, NULL, request->term);
  good = spawn.environment != NULL && agent_supervisor_start (self->agent, &self->supervisor,
                                                              &spawn, 0, &supervisor_funcs, self);
  error = errno;
  agent_strings_free (spawn.environment);
  close (fd);
  errno = error;
  return good;
}

static AgentPty *
new_pty (Agent *agent)
{
  for (unsigned int i = 0; i < KVMA_PTYS_MAX; i++)
    if (agent->ptys.ptys[i] == NULL)
      {
        AgentPty *self = calloc (1, sizeof *self);

        if (self == NULL)
          return NULL;
        self->agent = agent;
        self->number = ++agent->ptys.last_number;
        self->terminal = -1;
        self->supervisor.watch.fd = -1;
        agent_timer_init (&self->timer, timer_cb, self);
        agent->ptys.ptys[i] = self;
        return self;
      }
  return NULL;
}

void
agent_pty_start (Agent *agent, AgentCall *call, const AgentPtyRequest *request)
{
  AgentPty *self = agent_streams_has_room (agent, 1) ? new_pty (agent) : NULL;

  if (self == NULL)
    {
      agent_call_error (agent, call, KVMA_ERROR_BUSY, "too many terminals are open", NULL);
      return;
    }
  if (!run (self, request))
    {
      const AgentSpawnFailure failure = { .stage = AGENT_SPAWN_FORK, .error = errno };

      agent_supervisor_refuse (agent, call, &failure);
      free_pty (self);
      return;
    }
  self->call = call;
  call->cancel = cancel_call;
  agent_timer_start (&agent->loop, &self->timer, AGENT_BEGIN_MS);
}

/* --- All of them --- */

void
agent_ptys_session_ended (Agent *agent)
{
  for (unsigned int i = 0; i < KVMA_PTYS_MAX; i++)
    if (agent->ptys.ptys[i] != NULL)
      agent_supervisor_stop (&agent->ptys.ptys[i]->supervisor);
}

void
agent_ptys_clear (Agent *agent)
{
  for (unsigned int i = 0; i < KVMA_PTYS_MAX; i++)
    if (agent->ptys.ptys[i] != NULL)
      {
        agent_supervisor_drop (&agent->ptys.ptys[i]->supervisor);
        free_pty (agent->ptys.ptys[i]);
      }
}
