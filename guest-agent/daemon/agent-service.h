/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "daemon/agent-loop.h"

typedef struct Agent Agent;

/* What systemd wants to hear (sd_notify(3)), by a datagram of our own. Without systemd nothing
 * happens. */

typedef struct
{
  AgentTimer timer;
  uint64_t watchdog_ms; /* 0: none */
} AgentService;

/** agent_service_init: reads NOTIFY_SOCKET and WATCHDOG_USEC. */
void agent_service_init (Agent *agent);

/** agent_service_ready: READY=1. */
void agent_service_ready (Agent *agent);

/** agent_service_reloading: RELOADING=1; follow it with agent_service_ready(). */
void agent_service_reloading (Agent *agent);

void agent_service_stopping (Agent *agent);

/**
 * agent_service_set_busy:
 *
 * The watchdog runs while a host speaks with us, and is off otherwise: a daemon that sleeps for
 * ever has nothing to prove, and would have to wake up to do so.
 */
void agent_service_set_busy (Agent *agent, bool busy);
