/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* The policy: a file with a fault says where, and nothing that was read breaks its bounds. */

#include <stdlib.h>
#include <string.h>

#include "daemon/agent-policy.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  AgentPolicy policy;
  json_t *object;

  agent_policy_init (&policy);
  if (!agent_policy_parse (&policy, "fuzz", (const char *) data, size) &&
      strncmp (policy.error, "fuzz:", 5) != 0)
    abort ();
  if (policy.access[AGENT_GROUP_CORE] != AGENT_ACCESS_ALLOW || policy.max_jobs < 1 ||
      policy.max_jobs > 8 || policy.n_commands > AGENT_POLICY_COMMANDS_MAX)
    abort ();
  for (unsigned int i = 0; i < policy.n_commands; i++)
    if (policy.commands[i].argv != NULL && policy.commands[i].argv[0][0] != '/')
      abort ();
  object = agent_policy_to_json (&policy);
  if (json_object_size (object) != AGENT_N_GROUPS)
    abort ();
  json_decref (object);
  agent_policy_clear (&policy);
  return 0;
}
