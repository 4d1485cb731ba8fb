/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/agent-audit.h"
#include "daemon/agent-environment.h"
#include "daemon/agent.h"

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

/* The default of env-keep. */
static char *const kept_names[] = { "LANG", "TERM", NULL };

AgentJob *
agent_job_find (Agent *agent, int64_t number)
{
  for (unsigned int i = 0; i < AGENT_JOB_PLACES; i++)
    if (agent->jobs.jobs[i] != NULL && agent->jobs.jobs[i]->number == number)
      return agent->jobs.jobs[i];
  return NULL;
}

static void
free_job (AgentJob *self)
{
  Agent *agent = self->agent;

  agent_timer_stop (&agent->loop, &self->timer);
  for (int i = 0; i < 3; i++)
    close_fd (&self->fds[i]);
  for (unsigned int i = 0; i < AGENT_JOB_PLACES; i++)
    if (agent->jobs.jobs[i] == self)
      agent->jobs.jobs[i] = NULL;
  free (self);
}

/* --- The end --- */

/* One that was never started has no descriptors. */
static void
stop_pump (AgentPump *pump)
{
  if (pump->agent != NULL)
    agent_pump_stop (pump);
}

static void
close_streams (AgentJob *self)
{
  if (self->err.stream != NULL)
    agent_stream_close (self->err.stream, 0, NULL, 0, NULL);
  self->err.stream = NULL;
  if (self->out.stream != NULL)
    agent_stream_close (
        self->out.stream, self->stuck ? KVMA_ERROR_TIMEOUT : 0,
        self->stuck ? "the program was killed and does not end" : NULL, 0,
        json_pack ("{so}", "exit", agent_exit_to_json (&self->exit, self->timed_out)));
  self->out.stream = NULL;
}

static void
audit_end (AgentJob *self)
{
  uint64_t bytes = self->out.bytes_out + self->err.bytes_out;

  agent_audit_end (self->agent, self->audit, self->stuck ? KVMA_ERROR_TIMEOUT : 0,
                   json_pack ("{sI so}", "bytes", (json_int_t) bytes, "exit",
                              agent_exit_to_json (&self->exit, self->timed_out)));
  self->audit = 0;
}

static void
finish_if_over (AgentJob *self)
{
  if (self->began && !self->finished && self->exited && self->out.out_ended &&
      (self->err_id == 0 || self->err.out_ended))
    {
      self->finished = true;
      self->finished_ms = agent_now_ms ();
      stop_pump (&self->out);
      stop_pump (&self->err);
      audit_end (self);
      close_streams (self);
    }
  if (self->supervisor.watch.fd < 0 && (!self->began || self->finished) && !self->held)
    free_job (self);
}

static void
pump_ended (AgentPump *pump, void *data)
{
  AgentJob *self = data;

  /* The host need not wait for the whole job to see the end of its error output. */
  if (pump == &self->err && pump->stream != NULL)
    {
      agent_pump_stop (pump);
      agent_stream_close (pump->stream, 0, NULL, 0, NULL);
      pump->stream = NULL;
    }
  finish_if_over (self);
}

/* What a session takes with it is decided by agent_jobs_session_ended(). */
static void
pump_aborted (AgentPump *pump, bool lost, void *data)
{
  AgentJob *self = data;

  if (lost || pump == &self->err)
    return;
  if (self->exited)
    agent_supervisor_kill (&self->supervisor);
  else
    agent_supervisor_stop (&self->supervisor);
}

static void
set_exited (AgentJob *self, const AgentExit *ended)
{
  self->exited = true;
  self->exit = *ended;
  agent_events_emit (self->agent, AGENT_TOPIC_EXEC,
                     json_pack ("{sI so}", "job", (json_int_t) self->number, "exit",
                                agent_exit_to_json (&self->exit, self->timed_out)));
  /* Its last byte may end the job, but not under our hands. */
  self->held = true;
  agent_pump_drain (&self->out);
  if (self->err_id != 0)
    agent_pump_drain (&self->err);
  self->held = false;
}

static void
job_exited (AgentSupervisor *supervisor, const AgentExit *ended, void *data)
{
  AgentJob *self = data;

  if (!self->began || self->exited)
    return;
  set_exited (self, ended);
  finish_if_over (self);
}

static void
assume_killed (AgentJob *self)
{
  const AgentExit killed = { .pid = self->supervisor.pid, .status = SIGKILL };

  if (self->began && !self->exited)
    set_exited (self, &killed);
}

static void
job_gone (AgentSupervisor *supervisor, void *data)
{
  AgentJob *self = data;

  if (self->call != NULL)
    {
      const AgentSpawnFailure failure = { .stage = AGENT_SPAWN_SETUP, .error = ECHILD };

      agent_supervisor_refuse (self->agent, self->call, &failure);
      self->call = NULL;
    }
  assume_killed (self);
  finish_if_over (self);
}

static void
timer_cb (void *data)
{
  AgentJob *self = data;

  if (self->call != NULL)
    {
      agent_call_error (self->agent, self->call, KVMA_ERROR_TIMEOUT, "the program does not begin",
                        NULL);
      self->call = NULL;
      agent_supervisor_kill (&self->supervisor);
      return;
    }
  if (!self->dead)
    {
      self->dead = true;
      self->timed_out = !self->exited;
      agent_supervisor_kill (&self->supervisor);
      agent_timer_start (&self->agent->loop, &self->timer, AGENT_JOB_STUCK_MS);
      return;
    }
  if (self->exited)
    return;
  /* It hangs in the kernel. Nobody waits for it any longer, but its place stays taken. */
  agent_log (AGENT_LOG_WARNING, "job %lld cannot be killed", (long long) self->number);
  self->stuck = true;
  assume_killed (self);
  finish_if_over (self);
}

/* --- The begin --- */

static void
cancel_call (Agent *agent, AgentCall *call)
{
  for (unsigned int i = 0; i < AGENT_JOB_PLACES; i++)
    if (agent->jobs.jobs[i] != NULL && agent->jobs.jobs[i]->call == call)
      {
        agent->jobs.jobs[i]->call = NULL;
        agent_supervisor_kill (&agent->jobs.jobs[i]->supervisor);
      }
}

static bool
start_pumps (AgentJob *self)
{
  Agent *agent = self->agent;
  int in = self->fds[0], out = self->fds[1], err = self->fds[2];
  bool good;

  self->fds[0] = self->fds[1] = self->fds[2] = -1;
  if (!agent_streams_has_room (agent, err >= 0 ? 2 : 1))
    {
      close_fd (&in);
      close_fd (&out);
      close_fd (&err);
      return false;
    }
  self->out.ended = self->err.ended = pump_ended;
  self->out.aborted = self->err.aborted = pump_aborted;
  self->out.data = self->err.data = self;
  good = agent_pump_start (agent, &self->out, self->input, out, in);
  if (err < 0)
    return good;
  if (good && agent_pump_start (agent, &self->err, false, err, -1))
    {
      self->err_id = agent_stream_id (self->err.stream);
      return true;
    }
  if (!good)
    close_fd (&err);
  return false;
}

static void
job_started (AgentSupervisor *supervisor, void *data)
{
  AgentJob *self = data;
  Agent *agent = self->agent;
  AgentCall *call = self->call;
  json_t *result;

  /* Cancelled meanwhile; KILL is on its way. */
  if (call == NULL)
    return;
  self->call = NULL;
  if (!start_pumps (self))
    {
      agent_supervisor_kill (&self->supervisor);
      stop_pump (&self->out);
      if (self->out.stream != NULL)
        agent_stream_close (self->out.stream, KVMA_ERROR_BUSY, NULL, 0, NULL);
      self->out.stream = NULL;
      agent_call_error (agent, call, KVMA_ERROR_BUSY, "too many streams are open", NULL);
      return;
    }
  self->began = true;
  agent_timer_start (&agent->loop, &self->timer, (uint64_t) self->timeout_ms);
  self->audit = agent_audit_take (call);
  result = json_pack ("{sI si sI sI}", "job", (json_int_t) self->number, "pid",
                      (int) self->supervisor.pid, "stream",
                      (json_int_t) agent_stream_id (self->out.stream), "timeout_ms",
                      (json_int_t) self->timeout_ms);
  if (self->err_id != 0)
    json_object_set_new (result, "stderr_stream", json_integer (self->err_id));
  agent_call_reply (agent, call, result);
}

static void
job_failed (AgentSupervisor *supervisor, const AgentSpawnFailure *failure, void *data)
{
  AgentJob *self = data;

  if (self->call != NULL)
    agent_supervisor_refuse (self->agent, self->call, failure);
  self->call = NULL;
}

static const AgentSupervisorFuncs supervisor_funcs = { job_started, job_failed, job_exited,
                                                       job_gone };

/* @theirs become 0, 1 and 2 of the program. */
static bool
open_pipes (AgentJob *self, const AgentJobRequest *request, int *theirs)
{
  int null_fd = open ("/dev/null", O_RDWR | O_CLOEXEC);
  int ends[2];

  theirs[0] = theirs[1] = theirs[2] = -1;
  if (null_fd < 0)
    return false;
  theirs[0] = null_fd;
  if (request->input)
    {
      if (pipe2 (ends, O_CLOEXEC) < 0)
        return false;
      theirs[0] = ends[0];
      self->fds[0] = ends[1];
    }
  if (pipe2 (ends, O_CLOEXEC) < 0)
    return false;
  theirs[1] = ends[1];
  self->fds[1] = ends[0];
  switch (request->error_output)
    {
    case AGENT_STDERR_MERGE:
      theirs[2] = fcntl (theirs[1], F_DUPFD_CLOEXEC, 3);
      break;
    case AGENT_STDERR_DISCARD:
      theirs[2] = fcntl (null_fd, F_DUPFD_CLOEXEC, 3);
      break;
    case AGENT_STDERR_STREAM:
      if (pipe2 (ends, O_CLOEXEC) < 0)
        return false;
      theirs[2] = ends[1];
      self->fds[2] = ends[0];
      break;
    }
  if (request->input)
    close (null_fd);
  for (int i = 0; i < 3; i++)
    if (self->fds[i] >= 0)
      fcntl (self->fds[i], F_SETFL, O_NONBLOCK);
  return theirs[2] >= 0;
}

static void
describe (AgentJob *self, const AgentJobRequest *request)
{
  char text[KVMA_TEXT_MAX * 2 + 1] = "";
  size_t used = 0;

  for (const char *const *word = request->argv; *word != NULL && used < sizeof text - 1; word++)
    {
      int n = snprintf (text + used, sizeof text - used, "%s%s", used > 0 ? " " : "", *word);

      used += n > 0 ? (size_t) n : 0;
    }
  agent_clean (text, self->command, sizeof self->command);
  snprintf (self->user, sizeof self->user, "%s", request->user.name);
}

static bool
run (AgentJob *self, const AgentJobRequest *request)
{
  AgentPolicy *policy = &self->agent->policy;
  char *const *keep = policy->env_keep != NULL ? policy->env_keep : kept_names;
  int theirs[3];
  AgentSpawn spawn = { .path = request->argv[0],
                       .argv = (char **) (uintptr_t) request->argv,
                       .cwd = request->cwd,
                       .user = request->user,
                       .no_new_privs = request->user.uid != 0,
                       .limited = true };
  bool good = open_pipes (self, request, theirs);
  int error;

  spawn.in = theirs[0];
  spawn.out = theirs[1];
  spawn.err = theirs[2];
  spawn.environment = agent_environment_new (&request->user, keep, request->environment, NULL);
  good = good && spawn.environment != NULL &&
         agent_supervisor_start (self->agent, &self->supervisor, &spawn,
                                 policy->cgroup ? (long long) self->number : 0, &supervisor_funcs,
                                 self);
  error = errno;
  agent_strings_free (spawn.environment);
  for (int i = 0; i < 3; i++)
    close_fd (&theirs[i]);
  errno = error;
  return good;
}

static bool
is_counted (const AgentJob *self)
{
  return !self->finished || agent_now_ms () - self->finished_ms >= AGENT_JOB_REST_MS;
}

static AgentJob *
new_job (Agent *agent)
{
  unsigned int n = 0;
  unsigned int place = AGENT_JOB_PLACES;
  AgentJob *self;

  for (unsigned int i = 0; i < AGENT_JOB_PLACES; i++)
    if (agent->jobs.jobs[i] == NULL)
      place = i;
    else if (is_counted (agent->jobs.jobs[i]))
      n++;
  if (place == AGENT_JOB_PLACES || n >= (unsigned int) agent->policy.max_jobs)
    return NULL;
  self = calloc (1, sizeof *self);
  if (self == NULL)
    return NULL;
  self->agent = agent;
  self->number = ++agent->jobs.last_number;
  self->fds[0] = self->fds[1] = self->fds[2] = -1;
  self->supervisor.watch.fd = -1;
  self->out.out.fd = self->out.in.fd = self->err.out.fd = self->err.in.fd = -1;
  agent_timer_init (&self->timer, timer_cb, self);
  agent->jobs.jobs[place] = self;
  return self;
}

void
agent_job_start (Agent *agent, AgentCall *call, const AgentJobRequest *request)
{
  AgentJob *self;

  if (!agent_streams_has_room (agent, request->error_output == AGENT_STDERR_STREAM ? 2 : 1))
    {
      agent_call_error (agent, call, KVMA_ERROR_BUSY, "too many streams are open", NULL);
      return;
    }
  self = new_job (agent);
  if (self == NULL)
    {
      agent_call_error (agent, call, KVMA_ERROR_BUSY, "too many commands are running", NULL);
      return;
    }
  describe (self, request);
  self->input = request->input;
  self->timeout_ms = request->timeout_ms;
  self->kill_on_disconnect = request->kill_on_disconnect;
  self->started_ms = agent_realtime_ms ();
  if (!run (self, request))
    {
      const AgentSpawnFailure failure = { .stage = AGENT_SPAWN_FORK, .error = errno };

      agent_supervisor_refuse (agent, call, &failure);
      free_job (self);
      return;
    }
  self->call = call;
  call->cancel = cancel_call;
  /* Its file may be on a file system that does not answer. */
  agent_timer_start (&agent->loop, &self->timer,
                     request->timeout_ms < AGENT_BEGIN_MS ? (uint64_t) request->timeout_ms
                                                          : AGENT_BEGIN_MS);
}

/* --- All of them --- */

json_t *
agent_jobs_to_json (Agent *agent)
{
  json_t *rows = json_array ();

  for (unsigned int i = 0; i < AGENT_JOB_PLACES; i++)
    {
      const AgentJob *self = agent->jobs.jobs[i];

      if (self != NULL && self->began)
        json_array_append_new (
            rows, json_pack ("{sI si ss ss sI sI sb sb}", "job", (json_int_t) self->number, "pid",
                             (int) self->supervisor.pid, "command", self->command, "user",
                             self->user, "started", (json_int_t) self->started_ms, "timeout_ms",
                             (json_int_t) self->timeout_ms, "attached", self->out.stream != NULL,
                             "kill_on_disconnect", self->kill_on_disconnect));
    }
  return rows;
}

void
agent_jobs_session_ended (Agent *agent)
{
  for (unsigned int i = 0; i < AGENT_JOB_PLACES; i++)
    if (agent->jobs.jobs[i] != NULL && agent->jobs.jobs[i]->kill_on_disconnect)
      agent_supervisor_stop (&agent->jobs.jobs[i]->supervisor);
}

void
agent_jobs_policy_changed (Agent *agent)
{
  if (agent_policy_allows (&agent->policy, AGENT_GROUP_EXEC))
    return;
  for (unsigned int i = 0; i < AGENT_JOB_PLACES; i++)
    if (agent->jobs.jobs[i] != NULL)
      agent_supervisor_kill (&agent->jobs.jobs[i]->supervisor);
}

void
agent_jobs_clear (Agent *agent)
{
  for (unsigned int i = 0; i < AGENT_JOB_PLACES; i++)
    {
      AgentJob *self = agent->jobs.jobs[i];

      if (self == NULL)
        continue;
      agent_supervisor_drop (&self->supervisor);
      stop_pump (&self->out);
      stop_pump (&self->err);
      free_job (self);
    }
}
