/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <stdbool.h>

#include "daemon/agent-worker.h"

/* The services of this guest as its own manager tells them: systemd, or OpenRC. */

#define AGENT_SERVICES_MAX 4096
#define AGENT_SERVICES_OUTPUT_MAX 524288

typedef enum
{
  AGENT_SERVICE_STATE_ALL,
  AGENT_SERVICE_STATE_RUNNING,
  AGENT_SERVICE_STATE_FAILED,
} AgentServiceState;

typedef struct
{
  AgentServiceState state;
  unsigned int limit; /* 1 to KVMA_LIST_ROWS_MAX */
} AgentServiceQuery;

/** agent_service_state_find: Returns false when no state has that name. */
bool agent_service_state_find (const char *name, AgentServiceState *state);

/** agent_services_list: in a worker only: answers svc.list. */
void agent_services_list (const AgentServiceQuery *query, AgentAnswer *answer);
