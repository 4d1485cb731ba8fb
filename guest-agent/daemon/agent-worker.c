/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "daemon/agent.h"

/* Around the result: {"result":…} */
#define ANSWER_MAX (KVMA_JSON_MAX + 32)

struct AgentAnswer
{
  int fd;
  bool given;
};

struct AgentWorker
{
  Agent *agent;
  int id;
  pid_t pid;
  bool is_reaped;
  uint32_t deadline_ms;
  AgentWatch answers;
  AgentTimer deadline;
  char *text; /* its answer so far */
  size_t length;
  AgentCall *call; /* NULL: @done */
  AgentWorkDone done;
  void *data;
};

/* --- In the child --- */

static void
give (AgentAnswer *self, json_t *body)
{
  char *text = json_dumps (body, JSON_COMPACT | JSON_REAL_PRECISION (6));
  size_t length = text != NULL ? strlen (text) : 0;
  size_t sent = 0;

  json_decref (body);
  if (self->given)
    return;
  self->given = true;
  while (sent < length)
    {
      ssize_t n = write (self->fd, text + sent, length - sent);

      if (n < 0 && errno != EINTR)
        break;
      if (n > 0)
        sent += (size_t) n;
    }
  free (text);
}

void
agent_answer_result (AgentAnswer *self, json_t *result)
{
  give (self, json_pack ("{so}", "result", result));
}

static json_t *
error_to_json (int code, const char *message, int system_error)
{
  json_t *error = json_pack ("{si}", "code", code);
  const char *name = agent_errno_name (system_error);

  agent_json_set_text (error, "message", message);
  if (system_error != 0 && name[0] != '\0')
    json_object_set_new (error, "data", json_pack ("{ss}", "errno", name));
  return error;
}

void
agent_answer_error (AgentAnswer *self, int code, const char *message, int system_error)
{
  give (self, json_pack ("{so}", "error", error_to_json (code, message, system_error)));
}

static void
become (int fd, int number)
{
  if (fd < 0)
    fd = open ("/dev/null", O_RDWR);
  if (fd >= 0 && fd != number)
    dup2 (fd, number);
}

static void
run_child (Agent *agent, AgentWorkFunc run, void *input, int answer_fd, int in_fd, int out_fd)
{
  AgentAnswer answer = { .fd = answer_fd };

  setpgid (0, 0);
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  become (in_fd, STDIN_FILENO);
  become (out_fd, STDOUT_FILENO);
  agent_child_clean (answer_fd);
  run (agent, input, &answer);
  _exit (0);
}

/* --- In the agent --- */

static void
killed_cb (Agent *agent, const AgentExit *ended, void *data)
{
  agent->workers.stuck--;
}

/* @data: (nullable): a worker whose last words are still to be read */
static void
ended_cb (Agent *agent, const AgentExit *ended, void *data)
{
  AgentWorker *self = data;

  if (self != NULL)
    self->is_reaped = true;
}

/* Takes @self out of the list; its process is reaped by nobody in particular. */
static void
forget (AgentWorker *self, bool by_force)
{
  Agent *agent = self->agent;
  AgentWorkers *workers = &agent->workers;
  int fd = agent_loop_unwatch (&agent->loop, &self->answers);

  if (fd >= 0)
    close (fd);
  agent_timer_stop (&agent->loop, &self->deadline);
  /* A number that was given back may be somebody else's by now. */
  if (self->pid > 0 && !self->is_reaped && by_force)
    {
      kill (-self->pid, SIGKILL);
      workers->stuck++;
      agent_child_watch (agent, self->pid, killed_cb, NULL);
    }
  else if (self->pid > 0 && !self->is_reaped)
    agent_child_watch (agent, self->pid, ended_cb, NULL);
  for (int i = 0; i < AGENT_WORKERS_MAX; i++)
    if (workers->running[i] == self)
      workers->running[i] = NULL;
  free (self->text);
  free (self);
}

/* @body: (transfer full) */
static void
finish (AgentWorker *self, json_t *body, bool by_force)
{
  Agent *agent = self->agent;
  AgentCall *call = self->call;
  AgentWorkDone done = self->done;
  void *data = self->data;
  json_t *result = json_object_get (body, "result");
  json_t *error = json_object_get (body, "error");

  forget (self, by_force);
  if (call == NULL)
    done (agent, result, error, data);
  else if (result != NULL)
    agent_call_reply (agent, call, json_incref (result));
  else
    agent_call_error (agent, call, (int) json_integer_value (json_object_get (error, "code")),
                      json_string_value (json_object_get (error, "message")),
                      json_incref (json_object_get (error, "data")));
  json_decref (body);
}

static void
fail (AgentWorker *self, int code, const char *message, bool by_force)
{
  finish (self, json_pack ("{so}", "error", error_to_json (code, message, 0)), by_force);
}

static void
deadline_cb (void *data)
{
  fail (data, KVMA_ERROR_TIMEOUT, "it took too long", true);
}

static bool
is_answer (const json_t *body)
{
  return json_object_get (body, "result") != NULL ||
         json_is_integer (json_object_get (json_object_get (body, "error"), "code"));
}

static void
take_answer (AgentWorker *self)
{
  json_t *body = json_loadb (self->text, self->length, 0, NULL);

  if (is_answer (body))
    finish (self, body, false);
  else
    {
      json_decref (body);
      fail (self, KVMA_ERROR_INTERNAL, "the process for it ended without an answer", false);
    }
}

static void
answers_cb (void *data, uint32_t events)
{
  AgentWorker *self = data;
  ssize_t n;

  do
    n = read (self->answers.fd, self->text + self->length, ANSWER_MAX + 1 - self->length);
  while (n < 0 && errno == EINTR);
  if (n > 0)
    self->length += (size_t) n;
  if (self->length > ANSWER_MAX)
    fail (self, KVMA_ERROR_TOO_LARGE, "reply too large", true);
  else if (n == 0)
    take_answer (self);
  else if (n < 0 && errno != EAGAIN)
    fail (self, KVMA_ERROR_INTERNAL, "the answer cannot be read", true);
}

static int
free_place (const Agent *agent)
{
  if (agent->workers.stuck >= AGENT_WORKER_STUCK_MAX || !agent_child_has_room (agent))
    return -1;
  for (int i = 0; i < AGENT_WORKERS_MAX; i++)
    if (agent->workers.running[i] == NULL)
      return i;
  return -1;
}

static void
close_pair (int *ends)
{
  for (int i = 0; i < 2; i++)
    if (ends[i] >= 0)
      close (ends[i]);
}

/* The answer's pipe, and one for each descriptor that the caller wants. */
static bool
open_pipes (int *answer, int *out, bool want_out, int *in, bool want_in)
{
  if (pipe2 (answer, O_CLOEXEC) == 0 && (!want_out || pipe2 (out, O_CLOEXEC) == 0) &&
      (!want_in || pipe2 (in, O_CLOEXEC) == 0))
    return true;
  close_pair (answer);
  close_pair (out);
  close_pair (in);
  return false;
}

static AgentWorker *
start (Agent *agent, uint32_t deadline_ms, AgentWorkFunc run, void *input, int *out_fd, int *in_fd)
{
  int answer[2] = { -1, -1 }, out[2] = { -1, -1 }, in[2] = { -1, -1 };
  AgentWorkers *workers = &agent->workers;
  int place = free_place (agent);
  AgentWorker *self;

  if (place < 0 || !open_pipes (answer, out, out_fd != NULL, in, in_fd != NULL))
    return NULL;
  self = calloc (1, sizeof *self);
  if (self != NULL)
    self->text = malloc (ANSWER_MAX + 1);
  if (self == NULL || self->text == NULL)
    abort ();
  self->agent = agent;
  self->deadline_ms = deadline_ms;
  self->answers.fd = -1;
  agent_timer_init (&self->deadline, deadline_cb, self);
  fcntl (answer[0], F_SETFL, O_NONBLOCK);
  self->pid = fork ();
  if (self->pid == 0)
    run_child (agent, run, input, answer[1], in[0], out[1]);
  if (self->pid > 0)
    {
      setpgid (self->pid, self->pid); /* the child does it too; whoever is first */
      agent_child_watch (agent, self->pid, ended_cb, self);
    }
  if (self->pid < 0 ||
      !agent_loop_watch (&agent->loop, &self->answers, answer[0], EPOLLIN, answers_cb, self))
    {
      close_pair (answer);
      close_pair (out);
      close_pair (in);
      forget (self, self->pid > 0);
      return NULL;
    }
  close (answer[1]);
  if (out_fd != NULL)
    {
      close (out[1]);
      *out_fd = out[0];
    }
  if (in_fd != NULL)
    {
      close (in[0]);
      *in_fd = in[1];
    }
  agent_timer_start (&agent->loop, &self->deadline, deadline_ms);
  workers->last_id = workers->last_id == INT32_MAX ? 1 : workers->last_id + 1;
  self->id = workers->last_id;
  workers->running[place] = self;
  return self;
}

static void
cancel_cb (Agent *agent, AgentCall *call)
{
  for (int i = 0; i < AGENT_WORKERS_MAX; i++)
    if (agent->workers.running[i] != NULL && agent->workers.running[i]->call == call)
      {
        forget (agent->workers.running[i], true);
        return;
      }
}

void
agent_worker_call (
    Agent *agent, AgentCall *call, uint32_t deadline_ms, AgentWorkFunc run, void *input)
{
  AgentWorker *self = start (agent, deadline_ms, run, input, NULL, NULL);

  if (self == NULL)
    {
      agent_call_error (agent, call, KVMA_ERROR_BUSY, "too much is under way", NULL);
      return;
    }
  self->call = call;
  call->cancel = cancel_cb;
}

int
agent_worker_start (Agent *agent,
                    uint32_t deadline_ms,
                    AgentWorkFunc run,
                    void *input,
                    int *out_fd,
                    int *in_fd,
                    AgentWorkDone done,
                    void *data)
{
  AgentWorker *self = start (agent, deadline_ms, run, input, out_fd, in_fd);

  if (self == NULL)
    return 0;
  self->done = done;
  self->data = data;
  return self->id;
}

static AgentWorker *
find (Agent *agent, int id)
{
  for (int i = 0; i < AGENT_WORKERS_MAX && id != 0; i++)
    if (agent->workers.running[i] != NULL && agent->workers.running[i]->id == id)
      return agent->workers.running[i];
  return NULL;
}

void
agent_worker_stop (Agent *agent, int id)
{
  AgentWorker *self = find (agent, id);

  if (self != NULL)
    forget (self, true);
}

void
agent_worker_touch (Agent *agent, int id)
{
  AgentWorker *self = find (agent, id);

  if (self != NULL)
    agent_timer_start (&agent->loop, &self->deadline, self->deadline_ms);
}

void
agent_workers_init (Agent *agent)
{
  memset (&agent->workers, 0, sizeof agent->workers);
}

void
agent_workers_clear (Agent *agent)
{
  for (int i = 0; i < AGENT_WORKERS_MAX; i++)
    if (agent->workers.running[i] != NULL)
      forget (agent->workers.running[i], true);
}
