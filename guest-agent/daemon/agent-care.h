/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/agent-loop.h"
#include "daemon/agent-worker.h"

/* Care of the guest: unused blocks, its clock, its sleep. */

#define AGENT_SLEW_MAX_US 500000

typedef struct
{
  char *mounts[KVMA_TRIM_MOUNTS_MAX];
  unsigned int n;
  bool named; /* the host wants exactly these: one that cannot be trimmed is told */
  uint64_t minimum;
} AgentTrimPlan;

/** agent_trim_run: in a worker only: answers fs.trim. */
void agent_trim_run (const AgentTrimPlan *plan, AgentAnswer *answer);

typedef struct
{
  int64_t realtime_us;
  uint64_t asked_us; /* the monotonic clock when it was asked for */
  bool slew;
} AgentClockOrder;

/** agent_clock_set: in a worker only: answers time.set. */
void agent_clock_set (const AgentClockOrder *order, AgentAnswer *answer);

/** agent_clock_monotonic_us: Returns the monotonic clock. */
uint64_t agent_clock_monotonic_us (void);

typedef struct
{
  AgentTimer timer;
  bool pending;
  pid_t child; /* in it until the guest wakes up, 0 for none */
  const char *target;
  uint64_t reply_mark; /* AgentLink.out_queued when the reply was queued */
  unsigned int patience;
} AgentSuspend;

void agent_suspend_init (Agent *agent);

/** agent_suspend_can: @target: "ram" or "disk". Returns whether the kernel can, in a way that the
 * host can end. */
bool agent_suspend_can (const char *target);

/** agent_suspend_schedule: @target: static. Returns false when one is pending or under way. */
bool agent_suspend_schedule (Agent *agent, const char *target);

/** agent_suspend_replied: the reply to the request is queued: the sleep follows it. */
void agent_suspend_replied (Agent *agent);
