/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <jansson.h>

#include <stdbool.h>
#include <stdint.h>

#include "daemon/agent-rpc.h"
#include "daemon/agent-util.h"

/* The audit log of the guest: one JSON line before and one after each call of a group that is
 * denied by default. O_APPEND, 0600, five files of 1 MiB, also to syslog if the policy says so.
 * While file systems are frozen the lines wait in memory. */

#define AGENT_AUDIT_FILE_MAX 1048576
#define AGENT_AUDIT_FILES 5
#define AGENT_AUDIT_RING 256

#define AGENT_AUDIT_OPEN_MAX 64 /* calls begun and not ended of which method and time are known */
#define AGENT_AUDIT_DENIED_PER_SECOND                                                              \
  5 /* denied calls with lines of their own; others are counted */
#define AGENT_AUDIT_DENIED_BURST 100

typedef struct
{
  uint64_t number; /* 0: free */
  const AgentMethod *method;
  uint64_t begun_ms;
} AgentAuditEntry;

typedef struct
{
  uint64_t number; /* of the next entry */
  AgentAuditEntry open[AGENT_AUDIT_OPEN_MAX];
  AgentBucket denied;
  unsigned int left_out; /* denied calls without lines */
  bool failing;          /* it was said that the log cannot be written */
  bool frozen;           /* lines wait in @ring */
  char **ring;           /* got when it is needed */
  unsigned int first;
  unsigned int n_ring; /* lines in it; the oldest is overwritten, and counted in @lost */
  unsigned int lost;
} AgentAudit;

/** agent_audit_is_needed: Returns whether @method leaves lines. */
bool agent_audit_is_needed (const AgentMethod *method);

/**
 * agent_audit_begin:
 * @target: (transfer full) (nullable): what the call is about: {"path":…}, {"argv":[…]}
 *
 * The line before. Sets call->audit. Returns false when it could not be written and the policy
 * requires it; the caller replies -32013 then. agent-rpc does all this for every method.
 */
bool agent_audit_begin (Agent *agent, AgentCall *call, json_t *target);

/**
 * agent_audit_end:
 * @number: call->audit; 0 does nothing
 * @code: 0 or KVMA_ERROR_*
 * @extra: (transfer full) (nullable): {"bytes":…,"exit":…}
 *
 * The line after. agent-rpc writes it with the reply, unless the method took it over.
 */
void agent_audit_end (Agent *agent, uint64_t number, int code, json_t *extra);

/**
 * agent_audit_take:
 *
 * The call only began something (a job, a transfer): who ends it calls agent_audit_end(). Returns
 * the number, 0 when there is none.
 */
uint64_t agent_audit_take (AgentCall *call);

/** agent_audit_set_frozen: keeps lines in memory, or writes what was kept. */
void agent_audit_set_frozen (Agent *agent, bool frozen);

void agent_audit_init (Agent *agent);
void agent_audit_clear (Agent *agent);
