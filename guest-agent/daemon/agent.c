/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void
load_policy (Agent *agent)
{
  if (!agent_policy_load (&agent->policy, agent->policy_path))
    agent_log (AGENT_LOG_ERROR, "%s; everything but core and info is denied", agent->policy.error);
  agent_log_set_level ((AgentLogLevel) agent->policy.log);
}

void
agent_set_policy_members (Agent *self, json_t *object)
{
  json_object_set_new (object, "policy", agent_policy_to_json (&self->policy));
  if (self->policy.error[0] != '\0')
    json_object_set_new (object, "policy_error",
                         agent_json_text (self->policy.error, AGENT_POLICY_ERROR_SIZE));
}

void
agent_reload_policy (Agent *self)
{
  json_t *params = json_object ();

  agent_service_reloading (self);
  load_policy (self);
  agent_log (AGENT_LOG_INFO, "policy read again");
  agent_set_policy_members (self, params);
  agent_events_emit (self, AGENT_TOPIC_POLICY, params);
  agent_link_end_session (self, KVMA_BYE_POLICY_RELOAD, NULL);
  agent_jobs_policy_changed (self);
  agent_service_ready (self);
}

void
agent_session_ended (Agent *self)
{
  agent_rpc_reset (self);
  agent_streams_reset (self);
  agent_jobs_session_ended (self);
  agent_ptys_session_ended (self);
  agent_events_reset (self);
  agent_freeze_session_ended (self);
  agent_process_times_free (self->process_times);
  self->process_times = NULL;
  agent_service_set_busy (self, false);
  agent_release_pages ();
}

void
agent_session_began (Agent *self)
{
  agent_service_set_busy (self, true);
}

static void
stop (Agent *agent)
{
  agent_service_stopping (agent);
  agent_link_end_session (agent, KVMA_BYE_BYE, "the agent stops");
  agent_loop_quit (&agent->loop);
}

static void
signal_cb (void *data, uint32_t events)
{
  Agent *agent = data;
  struct signalfd_siginfo info;

  while (read (agent->signals.fd, &info, sizeof info) == (ssize_t) sizeof info)
    switch (info.ssi_signo)
      {
      case SIGCHLD:
        agent_children_reap (agent);
        break;
      case SIGHUP:
        agent_reload_policy (agent);
        break;
      default:
        stop (agent);
        break;
      }
}

static bool
watch_signals (Agent *agent)
{
  sigset_t set;
  int fd;

  sigemptyset (&set);
  sigaddset (&set, SIGTERM);
  sigaddset (&set, SIGINT);
  sigaddset (&set, SIGHUP);
  sigaddset (&set, SIGCHLD);
  sigprocmask (SIG_BLOCK, &set, NULL);
  signal (SIGPIPE, SIG_IGN);
  fd = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  return fd >= 0 && agent_loop_watch (&agent->loop, &agent->signals, fd, EPOLLIN, signal_cb, agent);
}

bool
agent_init (Agent *self, const char *policy_path)
{
  uint64_t random;

  self->signals.fd = -1;
  if (!agent_loop_init (&self->loop) || !watch_signals (self))
    {
      agent_log (AGENT_LOG_ERROR, "cannot wait for events: %s", strerror (errno));
      return false;
    }
  agent_random (&random, sizeof random);
  kvma_session_format_id (random, self->instance);
  if (!agent_read_line ("/proc/sys/kernel/random/boot_id", self->boot_id, sizeof self->boot_id))
    self->boot_id[0] = '\0';
  self->started_ms = agent_realtime_ms ();
  self->policy_path = policy_path;
  agent_policy_init (&self->policy);
  load_policy (self);
  agent_port_init (self);
  agent_link_init (self);
  agent_rpc_init (self);
  agent_streams_init (self);
  agent_workers_init (self);
  agent_audit_init (self);
  agent_events_init (self);
  agent_fs_scan_init (self);
  agent_files_init (self);
  agent_power_init (self);
  agent_freeze_init (self);
  agent_suspend_init (self);
  agent_service_init (self);
  agent_facts_cpu_begin (&self->cpu_asked);
  return true;
}

void
agent_clear (Agent *self)
{
  int fd;

  agent_link_clear (self);
  agent_files_clear (self);
  agent_jobs_clear (self);
  agent_ptys_clear (self);
  agent_workers_clear (self);
  agent_audit_clear (self);
  agent_fs_scan_clear (self);
  agent_freeze_clear (self);
  agent_port_close (self);
  fd = agent_loop_unwatch (&self->loop, &self->signals);
  if (fd >= 0)
    close (fd);
  agent_policy_clear (&self->policy);
  agent_loop_clear (&self->loop);
}
