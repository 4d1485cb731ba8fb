/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-methods.h"

#include "daemon/agent.h"

static void
power_shutdown (Agent *agent, AgentCall *call, const json_t *params)
{
  const char *name = NULL;
  const char *message = NULL;
  int64_t delay = 0;
  AgentPowerMode mode;
  int64_t job;

  if (!agent_params_string (agent, call, params, "mode", 16, &name) ||
      !agent_params_integer (agent, call, params, "delay_ms", 0, KVMA_POWER_DELAY_MAX_MS, &delay) ||
      !agent_params_string (agent, call, params, "message", KVMA_POWER_MESSAGE_MAX, &message))
    return;
  if (name == NULL || !agent_power_mode_find (name, &mode))
    {
      agent_params_error (agent, call, "mode", "neither poweroff, reboot nor halt");
      return;
    }
  job = agent_power_schedule (agent, mode, (uint64_t) delay, message);
  if (job == 0)
    {
      agent_call_error (agent, call, KVMA_ERROR_STATE, "a shutdown is pending already", NULL);
      return;
    }
  if (delay < KVMA_POWER_FLUSH_MS)
    delay = KVMA_POWER_FLUSH_MS;
  agent_call_reply (agent, call,
                    json_pack ("{sb sI sI}", "accepted", 1, "job", (json_int_t) job, "delay_ms",
                               (json_int_t) delay));
  agent_power_replied (agent);
}

static void
power_cancel (Agent *agent, AgentCall *call, const json_t *params)
{
  int64_t job = 0;

  if (agent_params_integer (agent, call, params, "job", 1, KVMA_REQUEST_ID_MAX, &job))
    agent_call_reply (agent, call,
                      json_pack ("{sb}", "cancelled", agent_power_cancel (agent, job)));
}

const AgentMethod agent_power_methods[] = {
  { KVMA_METHOD_POWER_SHUTDOWN, AGENT_GROUP_POWER, power_shutdown },
  { KVMA_METHOD_POWER_CANCEL, AGENT_GROUP_POWER, power_cancel },
  { 0 },
};
