/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-methods.h"

#include "daemon/agent.h"

#include <stdio.h>
#include <string.h>

/* Every method of the agent, by its noun. */
static const AgentMethod *const tables[] = {
  agent_core_methods,     agent_file_methods, agent_info_methods, agent_power_methods,
  agent_procs_methods,    agent_logs_methods, agent_care_methods, agent_freeze_methods,
  agent_accounts_methods, agent_exec_methods, agent_pty_methods,
};

#define N_TABLES (sizeof tables / sizeof tables[0])

const AgentMethod *
agent_method_find (const char *name)
{
  for (size_t i = 0; i < N_TABLES; i++)
    for (const AgentMethod *method = tables[i]; method->name != NULL; method++)
      if (strcmp (method->name, name) == 0)
        return method;
  return NULL;
}

/* The groups that cannot be denied need no word. */
json_t *
agent_caps_to_json (void)
{
  json_t *array = json_array ();
  char cap[64];

  json_array_append_new (array, json_string (KVMA_CAP_EVENTS));
  for (size_t i = 0; i < N_TABLES; i++)
    for (const AgentMethod *method = tables[i]; method->name != NULL; method++)
      {
        if (tables[i] == agent_core_methods)
          continue;
        snprintf (cap, sizeof cap, "%s@1", method->name);
        json_array_append_new (array, json_string (cap));
      }
  return array;
}

json_t *
agent_limits_to_json (void)
{
  return json_pack ("{si si si si}", "requests", KVMA_REQUESTS_MAX, "streams", KVMA_STREAMS_MAX,
                    "payload", KVMA_PAYLOAD_MAX, "json", KVMA_JSON_MAX);
}
