/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <jansson.h>

#include <stdbool.h>
#include <stdint.h>

#include "daemon/agent-cgroup.h"
#include "daemon/agent-child.h"
#include "daemon/agent-loop.h"
#include "daemon/agent-rpc.h"
#include "daemon/agent-spawn.h"

typedef struct Agent Agent;

/* A process between the agent and a program that the host asked for. It is the reaper of all that
 * descends from the program, however often it forks, so it can find and kill the whole of it, with
 * a control group and without one; and it waits, so that the agent never does. When the agent dies
 * it kills everything. */

#define AGENT_STOP_MS 5000   /* between TERM (a terminal: HUP) and KILL */
#define AGENT_BEGIN_MS 30000 /* then a program that has not begun is given up */

typedef struct AgentSupervisor AgentSupervisor;

typedef struct
{
  void (*started) (AgentSupervisor *self, void *data);
  /* The program could not be begun. @gone follows. */
  void (*failed) (AgentSupervisor *self, const AgentSpawnFailure *failure, void *data);
  /* The program has ended, what it began may not have. */
  void (*exited) (AgentSupervisor *self, const AgentExit *exit, void *data);
  /* Nothing of it is left; the last call. Comes alone when somebody killed the supervisor. */
  void (*gone) (AgentSupervisor *self, void *data);
} AgentSupervisorFuncs;

struct AgentSupervisor
{
  Agent *agent;
  AgentWatch watch; /* its socket */
  pid_t pid;        /* of the program; 0 until @started */
  char cgroup[AGENT_CGROUP_PATH_SIZE];
  const AgentSupervisorFuncs *funcs;
  void *data;
};

/**
 * agent_supervisor_start:
 * @spawn: not needed any more when this returns; its descriptors stay the caller's
 * @number: of the job, for its control group; 0 for none
 *
 * Returns false, with errno, when there is no process for it.
 */
bool agent_supervisor_start (Agent *agent,
                             AgentSupervisor *self,
                             const AgentSpawn *spawn,
                             long long number,
                             const AgentSupervisorFuncs *funcs,
                             void *data);

/** agent_supervisor_signal: @signal to everything. */
void agent_supervisor_signal (AgentSupervisor *self, int signal);

/** agent_supervisor_stop: TERM (a terminal: HUP) to everything, then KILL. Harmless twice. */
void agent_supervisor_stop (AgentSupervisor *self);

/** agent_supervisor_kill: KILL to everything. */
void agent_supervisor_kill (AgentSupervisor *self);

/** agent_supervisor_drop: the agent ends: no more calls; the supervisor kills everything. */
void agent_supervisor_drop (AgentSupervisor *self);

/** agent_supervisor_refuse: replies to @call why the program did not begin. */
void agent_supervisor_refuse (Agent *agent, AgentCall *call, const AgentSpawnFailure *failure);

/** agent_exit_to_json: Returns the `exit` of a CLOSE (new). */
json_t *agent_exit_to_json (const AgentExit *exit, bool timed_out);

/** agent_signal_find: Returns the signal with the name @name ("TERM"), 0 when there is none. */
int agent_signal_find (const char *name);
