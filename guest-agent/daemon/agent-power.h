/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "daemon/agent-loop.h"
#include "protocol/kvma-limits.h"

typedef struct Agent Agent;

/* Shutting the guest down by the way its init system knows, after the reply has left. */

typedef enum
{
  AGENT_POWER_OFF,
  AGENT_POWER_REBOOT,
  AGENT_POWER_HALT,
} AgentPowerMode;

typedef struct
{
  AgentTimer timer;
  bool pending;
  AgentPowerMode mode;
  int64_t job;
  uint64_t reply_mark; /* AgentLink.out_queued when the reply was queued */
  unsigned int patience;
  int child; /* the init's own command; 0: none */
  char message[KVMA_POWER_MESSAGE_MAX + 1];
} AgentPower;

void agent_power_init (Agent *agent);

/**
 * agent_power_schedule:
 * @message: (nullable): for the users of the guest
 *
 * Returns the number of the job, 0 when one is pending or under way.
 */
int64_t
agent_power_schedule (Agent *agent, AgentPowerMode mode, uint64_t delay_ms, const char *message);

/** agent_power_replied: the reply to the request is queued: the action follows it. */
void agent_power_replied (Agent *agent);

/** agent_power_cancel: @job: 0 for any. Returns whether it was pending. */
bool agent_power_cancel (Agent *agent, int64_t job);

bool agent_power_mode_find (const char *name, AgentPowerMode *mode);
const char *agent_power_mode_name (AgentPowerMode mode);
