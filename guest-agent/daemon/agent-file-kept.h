/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <stdbool.h>

#include "daemon/agent-file.h"

/* Interrupted writes, which the host may go on with for KVMA_FILE_RESUME_MS. */

/** agent_kept_add: its worker has ended, or is killed. */
void agent_kept_add (Agent *agent, const AgentFileJob *job);

/** agent_kept_take: Returns whether @job goes on with one, which is somebody's again then. */
bool agent_kept_take (Agent *agent, const AgentFileJob *job);

/** agent_kept_discard: removes the unfinished file of @job, in a worker. */
void agent_kept_discard (Agent *agent, const AgentFileJob *job);

void agent_kept_clear (Agent *agent);
