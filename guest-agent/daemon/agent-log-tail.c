/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-log-tail.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/agent-child.h"
#include "daemon/agent-pump.h"
#include "daemon/agent.h"

/* One log on its way to the host. It ends when both its child and its output have. */
typedef struct
{
  AgentPump pump;
  pid_t pid; /* 0: ended */
  bool out_ended;
  bool aborted;
  bool failed; /* the child said so */
} Tail;

static unsigned int n_tails;

static bool
find_first (const char *const *paths, int mode, char *out)
{
  char full[AGENT_PATH_SIZE];

  for (; *paths != NULL; paths++)
    if (access (agent_path (full, *paths), mode) == 0)
      {
        strcpy (out, *paths);
        return true;
      }
  return false;
}

bool
agent_log_tail_find (AgentLogQuery *query, bool kernel, char *path)
{
  static const char *const kernels[] = { "/dev/kmsg", NULL };
  static const char *const journals[] = { "/run/systemd/journal", "/run/log/journal",
                                          "/var/log/journal", NULL };
  static const char *const tools[] = { "/usr/bin/journalctl", "/bin/journalctl", NULL };
  static const char *const files[] = { "/var/log/syslog", "/var/log/messages", NULL };

  query->path = path;
  if (kernel)
    {
      query->source = AGENT_LOG_SOURCE_KMSG;
      return find_first (kernels, R_OK, path);
    }
  query->source = AGENT_LOG_SOURCE_JOURNAL;
  if (find_first (journals, F_OK, path) && find_first (tools, X_OK, path))
    return true;
  query->source = AGENT_LOG_SOURCE_FILE;
  return find_first (files, R_OK, path);
}

static void
close_stream (Tail *self)
{
  AgentStream *stream = self->pump.stream;

  agent_pump_stop (&self->pump);
  if (stream == NULL)
    return;
  self->pump.stream = NULL;
  if (self->failed)
    agent_stream_close (stream, KVMA_ERROR_FAILED, "the log cannot be read", 0, NULL);
  else
    agent_stream_close (stream, 0, NULL, 0, NULL);
}

static void
maybe_free (Tail *self)
{
  if (self->pid != 0 || !(self->out_ended || self->aborted))
    return;
  close_stream (self);
  n_tails -= self->aborted ? 0 : 1;
  free (self);
}

static void
child_ended (Agent *agent, const AgentExit *status, void *data)
{
  Tail *self = data;

  self->pid = 0;
  self->failed = !WIFEXITED (status->status) || WEXITSTATUS (status->status) != 0;
  if (!self->out_ended && !self->aborted)
    agent_pump_drain (&self->pump);
  else
    maybe_free (self);
}

static void
pump_ended (AgentPump *pump, void *data)
{
  Tail *self = data;

  self->out_ended = true;
  maybe_free (self);
}

/* Nobody wants it any more. */
static void
pump_aborted (AgentPump *pump, bool lost, void *data)
{
  Tail *self = data;

  self->aborted = true;
  n_tails--; /* its child has been told, and there is room for another */
  agent_pump_stop (pump);
  if (self->pid > 0)
    kill (self->pid, SIGKILL);
  maybe_free (self);
}

static void
run_child (const AgentLogQuery *query, int out_fd)
{
  int null;

  agent_child_clean (out_fd);
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  null = open ("/dev/null", O_RDWR);
  if (null < 0 || dup2 (null, 0) < 0 || dup2 (null, 2) < 0 || dup2 (out_fd, 1) < 0)
    _exit (1);
  if (out_fd > 2)
    close (out_fd);
  agent_log_write (query);
  /* An exec that worked does not come back. */
  _exit (query->source == AGENT_LOG_SOURCE_JOURNAL ? 1 : 0);
}

static bool
start (Agent *agent, Tail *self, const AgentLogQuery *query)
{
  int ends[2];

  if (pipe2 (ends, O_CLOEXEC) < 0)
    return false;
  fcntl (ends[0], F_SETFL, O_NONBLOCK);
  self->pid = fork ();
  if (self->pid == 0)
    run_child (query, ends[1]);
  close (ends[1]);
  if (self->pid < 0)
    {
      close (ends[0]);
      self->pid = 0;
      return false;
    }
  self->pump.ended = pump_ended;
  self->pump.aborted = pump_aborted;
  self->pump.data = self;
  if (agent_pump_start (agent, &self->pump, false, ends[0], -1))
    return true;
  kill (self->pid, SIGKILL);
  self->pid = 0; /* reaped with nobody to tell */
  return false;
}

void
agent_log_tail_start (Agent *agent, AgentCall *call, const AgentLogQuery *query)
{
  static const char *const sources[] = { "journal", "file", "kmsg" };
  Tail *self = NULL;
  json_t *result;

  if (n_tails < AGENT_LOG_TAILS_MAX && agent_streams_has_room (agent, 1) &&
      agent_child_has_room (agent))
    self = calloc (1, sizeof *self);
  if (self == NULL || !start (agent, self, query))
    {
      free (self);
      agent_call_error (agent, call, KVMA_ERROR_BUSY, "too many streams are open", NULL);
      return;
    }
  n_tails++;
  agent_child_watch (agent, self->pid, child_ended, self);
  result = json_pack ("{sI ss}", "stream", (json_int_t) agent_stream_id (self->pump.stream),
                      "source", sources[query->source]);
  if (query->source == AGENT_LOG_SOURCE_FILE)
    agent_json_set_text (result, "path", query->path);
  agent_call_reply (agent, call, result);
}
