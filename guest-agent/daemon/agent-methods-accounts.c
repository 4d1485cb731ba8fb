/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-methods.h"

#include <string.h>

#include "daemon/agent-accounts.h"
#include "daemon/agent.h"

#define ACCOUNT_DEADLINE_MS 20000

typedef struct
{
  const char *user;
  const char *hash;
} PasswordOrder;

/* Returns false after it has replied. */
static bool
read_user (Agent *agent, AgentCall *call, const json_t *params, const char **user)
{
  if (!agent_params_string (agent, call, params, "user", 64, user))
    return false;
  if (*user == NULL || !agent_account_name_is_valid (*user))
    {
      agent_params_error (agent, call, "user", "not the name of a user");
      return false;
    }
  if (!agent_is_frozen (agent))
    return true;
  agent_call_error (agent, call, KVMA_ERROR_FROZEN, "file systems are frozen", NULL);
  return false;
}

static void
run_password (Agent *agent, void *input, AgentAnswer *answer)
{
  const PasswordOrder *order = input;

  agent_account_set_password (order->user, order->hash, answer);
}

static void
user_set_password (Agent *agent, AgentCall *call, const json_t *params)
{
  PasswordOrder order = { 0 };

  if (!read_user (agent, call, params, &order.user) ||
      !agent_params_string (agent, call, params, "crypt_hash", AGENT_CRYPT_MAX, &order.hash))
    return;
  if (order.hash == NULL || !agent_crypt_hash_is_valid (order.hash))
    agent_params_error (agent, call, "crypt_hash", "not a hash of a known kind");
  else
    agent_worker_call (agent, call, ACCOUNT_DEADLINE_MS, run_password, &order);
}

/* Returns false after it has replied. */
static bool
read_keys (Agent *agent, AgentCall *call, const json_t *params, AgentKeysOrder *order)
{
  static const char *const actions[] = { "list", "add", "remove" };
  const char *action = "list";
  int index = 0;
  bool good;

  if (!agent_params_string (agent, call, params, "action", 16, &action))
    return false;
  while (index < 3 && strcmp (actions[index], action) != 0)
    index++;
  if (index == 3)
    {
      agent_params_error (agent, call, "action", "neither list, add nor remove");
      return false;
    }
  order->action = (AgentKeysAction) index;
  order->keys = json_object_get (params, "keys");
  good = order->keys != NULL
             ? json_is_array (order->keys) && json_array_size (order->keys) <= KVMA_SSH_KEYS_MAX
             : order->action == AGENT_KEYS_LIST;
  for (size_t i = 0; good && i < json_array_size (order->keys); i++)
    {
      const char *key = json_string_value (json_array_get (order->keys, i));

      good = key != NULL && agent_key_line_is_valid (key);
    }
  if (!good)
    agent_params_error (agent, call, "keys", "not an array of at most 16 public keys");
  return good;
}

static void
run_keys (Agent *agent, void *input, AgentAnswer *answer)
{
  agent_account_keys (input, answer);
}

static void
ssh_keys (Agent *agent, AgentCall *call, const json_t *params)
{
  AgentKeysOrder order = { 0 };

  if (read_user (agent, call, params, &order.user) && read_keys (agent, call, params, &order))
    agent_worker_call (agent, call, ACCOUNT_DEADLINE_MS, run_keys, &order);
}

/* Never the hash. */
static json_t *
describe_account (const json_t *params)
{
  json_t *target = json_object ();

  json_object_set (target, "user", json_object_get (params, "user"));
  json_object_set (target, "action", json_object_get (params, "action"));
  json_object_set (target, "keys", json_object_get (params, "keys"));
  return target;
}

const AgentMethod agent_accounts_methods[] = {
  { KVMA_METHOD_USER_SET_PASSWORD, AGENT_GROUP_ACCOUNTS, user_set_password, true,
    describe_account },
  { KVMA_METHOD_SSH_KEYS, AGENT_GROUP_ACCOUNTS, ssh_keys, true, describe_account },
  { 0 },
};
