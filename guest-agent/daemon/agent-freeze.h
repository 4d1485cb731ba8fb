/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/agent-loop.h"

typedef struct Agent Agent;
typedef struct AgentCall AgentCall;

/* Freezing file systems, and a process beside the agent (the watchdog) that thaws them whatever
 * becomes of it. While anything may be frozen the agent writes to no file system: the audit waits
 * in memory and the log is silent. */

#define AGENT_FREEZE_MOUNTS_MAX 64
#define AGENT_FREEZE_HOOKS "/etc/kvm-manager-agent/freeze.d"
#define AGENT_FREEZE_HOOKS_MAX 16
#define AGENT_FREEZE_HOOK_MS 10000
#define AGENT_FREEZE_NAME_MAX 64

typedef enum
{
  AGENT_FREEZE_IDLE,
  AGENT_FREEZE_PREPARING, /* the hooks run; nothing is frozen yet */
  AGENT_FREEZE_FREEZING,  /* some may be frozen */
  AGENT_FREEZE_FROZEN,
  AGENT_FREEZE_THAWING,
} AgentFreezeState;

/* What is frozen, in this order. */
typedef struct
{
  char *mounts[AGENT_FREEZE_MOUNTS_MAX];
  unsigned int n;
  bool named; /* the host wants exactly these: one that cannot be frozen is an error */
  bool hooks;
} AgentFreezePlan;

/* Why it was thawed. */
typedef enum
{
  AGENT_THAW_HOST,
  AGENT_THAW_DEADLINE,
  AGENT_THAW_LOST,
} AgentThawReason;

/* What the watchdog says. It says nothing before all is frozen or nothing is. */
typedef enum
{
  AGENT_FREEZE_SAYS_FROZEN, /* @mask: which of the plan */
  AGENT_FREEZE_SAYS_FAILED, /* @index and @error; nothing is frozen */
  AGENT_FREEZE_SAYS_THAWED, /* @count of them, for @reason */
} AgentFreezeWord;

typedef struct
{
  uint32_t word;
  uint32_t index;
  int32_t error; /* errno; ETIME: the deadline was first, ECANCELED: it was told to thaw */
  uint32_t count;
  uint32_t reason;
  uint64_t mask;
} AgentFreezeMessage;

/* What it is told; the end of the socket is AGENT_THAW_LOST as well. */
#define AGENT_FREEZE_TELL_THAW 'T'
#define AGENT_FREEZE_TELL_LOST 'L'

typedef struct
{
  AgentFreezeState state;
  AgentFreezePlan plan;
  AgentWatch watchdog; /* the socket to it */
  AgentTimer patience; /* for a watchdog that says nothing */
  pid_t pid;           /* of the watchdog, 0 for none */
  int worker;          /* runs the hooks, 0 for none */
  bool thaw_hooks;     /* it is those of the last time */
  bool announced;      /* the host was told that they are frozen */
  bool has_thawed;     /* @thawed counts */
  AgentFreezeMessage thawed;
  uint32_t timeout_ms;
  uint64_t deadline_ms;
  char token[33];
  AgentCall *freeze_call;
  AgentCall *thaw_call;
} AgentFreeze;

void agent_freeze_init (Agent *agent);

/** agent_freeze_clear: the agent ends; the watchdog thaws by itself. */
void agent_freeze_clear (Agent *agent);

/** agent_freeze_session_ended: thaws what the session has frozen. */
void agent_freeze_session_ended (Agent *agent);

/**
 * agent_freeze_start:
 * @plan: (transfer full): not empty
 *
 * Runs the hooks, then freezes; replies to @call with the result of fs.freeze or an error. Only
 * when the state is idle.
 */
void agent_freeze_start (Agent *agent, AgentCall *call, AgentFreezePlan *plan, uint32_t timeout_ms);

/** agent_freeze_thaw: only when it is frozen; replies to @call. */
void agent_freeze_thaw (Agent *agent, AgentCall *call);

void agent_freeze_plan_clear (AgentFreezePlan *plan);

/**
 * agent_freeze_watchdog:
 * @fd: its end of the socket
 * @deadline_ms: of the monotonic clock
 *
 * The child process; does not return.
 */
void agent_freeze_watchdog (int fd, const AgentFreezePlan *plan, uint64_t deadline_ms)
    __attribute__ ((noreturn));

/** agent_freeze_thaw_all: thaws @plan in reverse order, whoever froze it. May block. */
void agent_freeze_thaw_all (const AgentFreezePlan *plan);

/**
 * agent_freeze_run_hooks:
 * @freeze: else thaw
 * @failed: (out): AGENT_FREEZE_NAME_MAX bytes; the name of the hook that failed
 *
 * In a child process only. When one fails to freeze, those that ran before it, and itself, are run
 * to thaw, and it returns false. Thawing always returns true.
 */
bool agent_freeze_run_hooks (bool freeze, char *failed);
