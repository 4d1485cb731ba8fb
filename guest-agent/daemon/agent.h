/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <jansson.h>

#include <stdbool.h>
#include <stdint.h>

#include "daemon/agent-audit.h"
#include "daemon/agent-child.h"
#include "daemon/agent-care.h"
#include "daemon/agent-events.h"
#include "daemon/agent-facts.h"
#include "daemon/agent-file.h"
#include "daemon/agent-freeze.h"
#include "daemon/agent-fs-scan.h"
#include "daemon/agent-job.h"
#include "daemon/agent-link.h"
#include "daemon/agent-loop.h"
#include "daemon/agent-policy.h"
#include "daemon/agent-port.h"
#include "daemon/agent-power.h"
#include "daemon/agent-processes.h"
#include "daemon/agent-pty.h"
#include "daemon/agent-rpc.h"
#include "daemon/agent-service.h"
#include "daemon/agent-stream.h"
#include "daemon/agent-util.h"
#include "daemon/agent-worker.h"
#include "protocol/kvma-limits.h"
#include "protocol/kvma-names.h"

#define AGENT_NAME "kvm-manager-agent"

/* The daemon: the only object that knows all others. One per process, one thread. */
struct Agent
{
  AgentLoop loop;
  AgentPolicy policy;
  const char *policy_path;
  AgentPort port;
  AgentLink link;
  AgentRpc rpc;
  AgentStreams streams;
  AgentChildren children;
  AgentWorkers workers;
  AgentAudit audit;
  AgentJobs jobs;
  AgentPtys ptys;
  AgentEvents events;
  AgentFsScanner fs;
  AgentFiles files;
  AgentCpuSample cpu_asked; /* baseline of sys.metrics; the one of metrics.sample is in events */
  AgentPower power;
  AgentFreeze freeze;
  AgentSuspend suspend;
  AgentProcessTimes *process_times; /* (nullable): of the session */
  AgentService service;
  AgentWatch signals;
  char instance[17]; /* random per process */
  char boot_id[40];
  int64_t started_ms; /* Unix time */
};

/** agent_init: everything but the port. Returns false after logging why. */
bool agent_init (Agent *self, const char *policy_path);

void agent_clear (Agent *self);

/** agent_reload_policy: reads it again, tells the host, and ends the session. */
void agent_reload_policy (Agent *self);

/** agent_set_policy_members: adds policy, policy_error of WELCOME to @object. */
void agent_set_policy_members (Agent *self, json_t *object);

/** agent_session_ended: the link calls it: everything that belonged to the session goes. */
void agent_session_ended (Agent *self);

/** agent_session_began: the link calls it before WELCOME goes out. */
void agent_session_began (Agent *self);

/**
 * agent_is_frozen:
 *
 * Returns whether file systems are frozen, or about to be: whatever would write to one must answer
 * KVMA_ERROR_FROZEN.
 */
bool agent_is_frozen (const Agent *self);

/** agent_caps_to_json: Returns what WELCOME lists (new). */
json_t *agent_caps_to_json (void);

/** agent_limits_to_json: Returns what WELCOME lists (new). */
json_t *agent_limits_to_json (void);
