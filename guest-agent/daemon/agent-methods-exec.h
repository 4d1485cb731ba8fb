/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <jansson.h>

#include <stdbool.h>
#include <stddef.h>

#include "daemon/agent-rpc.h"
#include "daemon/agent-users.h"

/* Parameters that the methods of exec and pty share. Each function replies and returns false when
 * something is wrong. */

/**
 * agent_params_arguments:
 * @list: (inout): strings are added
 * @total: (inout): bytes of all arguments and variables so far
 */
bool agent_params_arguments (Agent *agent,
                             AgentCall *call,
                             const json_t *params,
                             const char *key,
                             char ***list,
                             size_t *total);

/** agent_params_program: `argv`, required, of a program with an absolute path. */
bool agent_params_program (
    Agent *agent, AgentCall *call, const json_t *params, char ***list, size_t *total);

/** agent_params_user: fills @user for @name. */
bool agent_params_user (Agent *agent, AgentCall *call, const char *name, AgentUser *user);

/** agent_call_deny: replies that the policy needs the line @hint for it. */
void agent_call_deny (Agent *agent, AgentCall *call, const char *hint);

/** agent_call_is_frozen: Returns whether it has replied that file systems are frozen. */
bool agent_call_is_frozen (Agent *agent, AgentCall *call);
