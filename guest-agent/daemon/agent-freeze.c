/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-freeze.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/agent-audit.h"
#include "daemon/agent-child.h"
#include "daemon/agent-stream.h"
#include "daemon/agent-worker.h"
#include "daemon/agent.h"

/* All hooks, and all of them again when the last one fails; then what the disks still write. */
#define HOOKS_DEADLINE_MS (2 * AGENT_FREEZE_HOOKS_MAX * AGENT_FREEZE_HOOK_MS + 60000)
/* A watchdog that has not said a word so long after its deadline is stuck in the kernel. */
#define PATIENCE_MS 5000

static const char *const reasons[] = { "host", "deadline", "lost" };

bool
agent_is_frozen (const Agent *agent)
{
  return agent->freeze.state >= AGENT_FREEZE_FREEZING;
}

void
agent_freeze_plan_clear (AgentFreezePlan *plan)
{
  for (unsigned int i = 0; i < plan->n; i++)
    free (plan->mounts[i]);
  memset (plan, 0, sizeof *plan);
}

/* From here to end_silence() nothing of the agent may wait for a file system. */
static void
begin_silence (Agent *agent)
{
  agent_log_hold (true);
  agent_audit_set_frozen (agent, true);
}

static void
end_silence (Agent *agent)
{
  agent_audit_set_frozen (agent, false);
  agent_log_hold (false);
}

static void
tell (Agent *agent, char word)
{
  if (agent->freeze.watchdog.fd >= 0)
    send (agent->freeze.watchdog.fd, &word, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
thaw_hooks (Agent *agent, void *input, AgentAnswer *answer)
{
  char failed[AGENT_FREEZE_NAME_MAX];

  agent_freeze_run_hooks (false, failed);
  agent_answer_result (answer, json_object ());
}

static void start_preparing (Agent *agent);

static void
thaw_hooks_done (Agent *agent, json_t *answer, json_t *error, void *data)
{
  agent->freeze.worker = 0;
  agent->freeze.thaw_hooks = false;
  /* The next time may have been asked for meanwhile. */
  if (agent->freeze.state == AGENT_FREEZE_PREPARING)
    start_preparing (agent);
}

static void
start_thaw_hooks (Agent *agent)
{
  AgentFreeze *self = &agent->freeze;

  if (!self->plan.hooks || self->worker != 0)
    return;
  self->worker = agent_worker_start (agent, HOOKS_DEADLINE_MS, thaw_hooks, NULL, NULL, NULL,
                                     thaw_hooks_done, NULL);
  self->thaw_hooks = self->worker != 0;
}

/* Takes the call away from who would answer it. */
static AgentCall *
steal_call (AgentCall **place)
{
  AgentCall *call = *place;

  *place = NULL;
  if (call != NULL)
    call->cancel = NULL;
  return call;
}

static void
emit (Agent *agent, bool frozen, AgentThawReason reason)
{
  agent_events_emit (agent, AGENT_TOPIC_FROZEN,
                     json_pack ("{sb ss}", "frozen", frozen, "by", reasons[reason]));
}

/* Nothing is frozen any more and the watchdog is gone. */
static void
finish (Agent *agent)
{
  AgentFreeze *self = &agent->freeze;
  AgentCall *freeze_call = steal_call (&self->freeze_call);
  AgentCall *thaw_call = steal_call (&self->thaw_call);
  AgentThawReason reason = self->has_thawed ? self->thawed.reason : AGENT_THAW_LOST;
  bool announced = self->announced;

  self->state = AGENT_FREEZE_IDLE;
  self->announced = false;
  self->token[0] = '\0';
  end_silence (agent);
  agent_log (AGENT_LOG_INFO, "file systems thawed (%s)", reasons[reason]);
  start_thaw_hooks (agent);
  agent_freeze_plan_clear (&self->plan);
  if (announced)
    emit (agent, false, reason);
  if (freeze_call != NULL)
    agent_call_error (agent, freeze_call, KVMA_ERROR_FAILED, "the watchdog has ended", NULL);
  if (thaw_call == NULL)
    return;
  if (reason == AGENT_THAW_HOST)
    agent_call_reply (agent, thaw_call, json_pack ("{si}", "thawed", (int) self->thawed.count));
  else
    agent_call_error (agent, thaw_call, KVMA_ERROR_STATE, "the file systems were thawed already",
                      NULL);
}

static void
rescued (Agent *agent, const AgentExit *status, void *data)
{
  finish (agent);
}

/* The watchdog has ended without thawing: somebody killed it. */
static void
rescue (Agent *agent)
{
  AgentFreeze *self = &agent->freeze;
  pid_t pid = agent_child_has_room (agent) ? fork () : -1;

  if (pid == 0)
    {
      agent_child_clean (-1);
      agent_freeze_thaw_all (&self->plan);
      _exit (0);
    }
  self->state = AGENT_FREEZE_THAWING;
  if (pid > 0)
    {
      agent_child_watch (agent, pid, rescued, NULL);
      return;
    }
  /* Better late than never: this may wait, but leaving them frozen is worse. */
  agent_freeze_thaw_all (&self->plan);
  finish (agent);
}

static json_t *
mounts_to_json (const AgentFreezePlan *plan, uint64_t mask)
{
  json_t *array = json_array ();

  for (unsigned int i = 0; i < plan->n; i++)
    if ((mask & UINT64_C (1) << i) != 0)
      json_array_append_new (array, agent_json_text (plan->mounts[i], KVMA_PATH_MAX));
  return array;
}

static void
handle_frozen (Agent *agent, const AgentFreezeMessage *message)
{
  AgentFreeze *self = &agent->freeze;
  AgentCall *call = steal_call (&self->freeze_call);
  uint64_t now = agent_now_ms ();

  if (self->state != AGENT_FREEZE_FREEZING || call == NULL)
    return;
  self->state = AGENT_FREEZE_FROZEN;
  self->announced = true;
  emit (agent, true, AGENT_THAW_HOST);
  agent_call_reply (
      agent, call,
      json_pack ("{ss so sI}", "token", self->token, "frozen",
                 mounts_to_json (&self->plan, message->mask), "remaining_ms",
                 (json_int_t) (self->deadline_ms > now ? self->deadline_ms - now : 0)));
}

static void
reply_failure (Agent *agent, AgentCall *call, const char *mount, int error)
{
  char text[KVMA_TEXT_MAX];
  int code = KVMA_ERROR_IO;

  if (error == EBUSY)
    {
      snprintf (text, sizeof text, "%.128s is frozen already, by another program", mount);
      code = KVMA_ERROR_STATE;
    }
  else if (error == ETIME)
    {
      snprintf (text, sizeof text, "freezing took longer than the time it was to last");
      code = KVMA_ERROR_TIMEOUT;
    }
  else if (error == EOPNOTSUPP || error == ENOTTY)
    {
      snprintf (text, sizeof text, "%.128s cannot be frozen", mount);
      code = KVMA_ERROR_UNSUPPORTED;
    }
  else
    snprintf (text, sizeof text, "%.128s: %s", mount, strerror (error));
  agent_call_error (agent, call, code, text, json_pack ("{ss}", "errno", agent_errno_name (error)));
}

static void
handle_failed (Agent *agent, const AgentFreezeMessage *message)
{
  AgentFreeze *self = &agent->freeze;
  AgentCall *call = steal_call (&self->freeze_call);
  const char *mount = message->index < self->plan.n ? self->plan.mounts[message->index] : "";

  self->has_thawed = true;
  self->thawed.reason = message->error == ETIME ? AGENT_THAW_DEADLINE : AGENT_THAW_HOST;
  if (call != NULL)
    reply_failure (agent, call, mount, message->error);
}

static void
patience_cb (void *data)
{
  Agent *agent = data;

  /* It cannot be killed while it is in the kernel; when it comes out, the file systems are thawed
   * and its end is seen. Until then they are frozen, and that is what is told. */
  if (agent->freeze.state == AGENT_FREEZE_FREEZING && agent->freeze.freeze_call != NULL)
    {
      agent->freeze.state = AGENT_FREEZE_THAWING;
      agent_call_error (agent, steal_call (&agent->freeze.freeze_call), KVMA_ERROR_TIMEOUT,
                        "freezing does not end", NULL);
    }
}

static void
watchdog_cb (void *data, uint32_t events)
{
  Agent *agent = data;
  AgentFreeze *self = &agent->freeze;
  AgentFreezeMessage message;
  ssize_t n = recv (self->watchdog.fd, &message, sizeof message, MSG_DONTWAIT);

  if (n == (ssize_t) sizeof message)
    {
      if (message.word == AGENT_FREEZE_SAYS_FROZEN)
        handle_frozen (agent, &message);
      else if (message.word == AGENT_FREEZE_SAYS_FAILED)
        handle_failed (agent, &message);
      else
        {
          self->has_thawed = true;
          self->thawed = message;
        }
      return;
    }
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  close (agent_loop_unwatch (&agent->loop, &self->watchdog));
  agent_timer_stop (&agent->loop, &self->patience);
  self->pid = 0;
  if (self->has_thawed)
    finish (agent);
  else
    rescue (agent);
}

static bool
start_watchdog (Agent *agent)
{
  AgentFreeze *self = &agent->freeze;
  int ends[2];

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
    return false;
  self->deadline_ms = agent_now_ms () + self->timeout_ms;
  self->has_thawed = false;
  self->pid = fork ();
  if (self->pid == 0)
    agent_freeze_watchdog (ends[1], &self->plan, self->deadline_ms);
  close (ends[1]);
  if (self->pid < 0 ||
      !agent_loop_watch (&agent->loop, &self->watchdog, ends[0], EPOLLIN, watchdog_cb, agent))
    {
      close (ends[0]);
      self->pid = 0;
      return false;
    }
  agent_timer_start (&agent->loop, &self->patience, self->timeout_ms + PATIENCE_MS);
  return true;
}

/* In the worker. What is written before is not waited for while everything stands still. */
static void
prepare (Agent *agent, void *input, AgentAnswer *answer)
{
  const AgentFreezePlan *plan = input;
  char failed[AGENT_FREEZE_NAME_MAX];
  char path[AGENT_PATH_SIZE];
  char text[KVMA_TEXT_MAX];

  if (plan->hooks && !agent_freeze_run_hooks (true, failed))
    {
      snprintf (text, sizeof text, "the hook %s failed; nothing was frozen", failed);
      agent_answer_error (answer, KVMA_ERROR_FAILED, text, 0);
      return;
    }
  for (unsigned int i = 0; i < plan->n; i++)
    {
      int fd = open (agent_path (path, plan->mounts[i]), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

      if (fd >= 0)
        {
          syncfs (fd);
          close (fd);
        }
    }
  agent_answer_result (answer, json_object ());
}

static void
forget_plan (Agent *agent)
{
  agent->freeze.state = AGENT_FREEZE_IDLE;
  agent_freeze_plan_clear (&agent->freeze.plan);
}

static void
prepared (Agent *agent, json_t *answer, json_t *error, void *data)
{
  AgentFreeze *self = &agent->freeze;
  const char *message = json_string_value (json_object_get (error, "message"));
  json_int_t code = json_integer_value (json_object_get (error, "code"));

  self->worker = 0;
  if (answer == NULL)
    {
      AgentCall *call = steal_call (&self->freeze_call);

      /* One that was killed on its way has not told its hooks that it is over. */
      if (code != KVMA_ERROR_FAILED)
        start_thaw_hooks (agent);
      forget_plan (agent);
      if (call != NULL)
        agent_call_error (agent, call, code != 0 ? (int) code : KVMA_ERROR_INTERNAL,
                          message != NULL ? message : "the hooks could not be run", NULL);
      return;
    }
  self->state = AGENT_FREEZE_FREEZING;
  begin_silence (agent);
  if (start_watchdog (agent))
    return;
  self->has_thawed = true;
  self->thawed.reason = AGENT_THAW_HOST;
  finish (agent);
}

/* agent.cancel, or the end of the session, before all was frozen. */
static void
cancel_freeze (Agent *agent, AgentCall *call)
{
  AgentFreeze *self = &agent->freeze;

  self->freeze_call = NULL;
  if (self->state == AGENT_FREEZE_PREPARING && self->thaw_hooks)
    forget_plan (agent);
  else if (self->state == AGENT_FREEZE_PREPARING)
    {
      agent_worker_stop (agent, self->worker);
      self->worker = 0;
      start_thaw_hooks (agent);
      forget_plan (agent);
    }
  else if (self->state == AGENT_FREEZE_FREEZING)
    {
      self->state = AGENT_FREEZE_THAWING;
      tell (agent, AGENT_FREEZE_TELL_LOST);
    }
}

static void
make_token (char token[33])
{
  uint8_t bytes[16];

  agent_random (bytes, sizeof bytes);
  for (int i = 0; i < 16; i++)
    snprintf (token + 2 * i, 3, "%02x", bytes[i]);
}

static void
start_preparing (Agent *agent)
{
  AgentFreeze *self = &agent->freeze;

  self->worker = agent_worker_start (agent, HOOKS_DEADLINE_MS, prepare, &self->plan, NULL, NULL,
                                     prepared, NULL);
  if (self->worker != 0)
    return;
  forget_plan (agent);
  agent_call_error (agent, steal_call (&self->freeze_call), KVMA_ERROR_BUSY,
                    "too much is under way", NULL);
}

void
agent_freeze_start (Agent *agent, AgentCall *call, AgentFreezePlan *plan, uint32_t timeout_ms)
{
  AgentFreeze *self = &agent->freeze;

  self->plan = *plan;
  memset (plan, 0, sizeof *plan);
  self->timeout_ms = timeout_ms;
  make_token (self->token);
  self->state = AGENT_FREEZE_PREPARING;
  self->freeze_call = call;
  call->cancel = cancel_freeze;
  /* The hooks of the last time come to their end first. */
  if (!self->thaw_hooks)
    start_preparing (agent);
}

static void
cancel_thaw (Agent *agent, AgentCall *call)
{
  agent->freeze.thaw_call = NULL;
}

void
agent_freeze_thaw (Agent *agent, AgentCall *call)
{
  AgentFreeze *self = &agent->freeze;

  self->state = AGENT_FREEZE_THAWING;
  self->thaw_call = call;
  call->cancel = cancel_thaw;
  tell (agent, AGENT_FREEZE_TELL_THAW);
}

void
agent_freeze_session_ended (Agent *agent)
{
  AgentFreeze *self = &agent->freeze;

  if (self->state != AGENT_FREEZE_FROZEN)
    return;
  self->state = AGENT_FREEZE_THAWING;
  tell (agent, AGENT_FREEZE_TELL_LOST);
}

void
agent_freeze_clear (Agent *agent)
{
  AgentFreeze *self = &agent->freeze;
  int fd = agent_loop_unwatch (&agent->loop, &self->watchdog);

  if (fd >= 0)
    close (fd);
  agent_freeze_plan_clear (&self->plan);
}

void
agent_freeze_init (Agent *agent)
{
  memset (&agent->freeze, 0, sizeof agent->freeze);
  agent->freeze.watchdog.fd = -1;
  agent_timer_init (&agent->freeze.patience, patience_cb, agent);
}
