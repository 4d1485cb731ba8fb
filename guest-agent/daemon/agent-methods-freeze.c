/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-methods.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/agent.h"

/* Only file systems on a disk of this guest; not what a server or a program stands behind, and not
 * what cannot be written anyway. Whether its driver can freeze is seen when it is tried. */
static bool
is_freezable (const AgentMount *row)
{
  return strncmp (row->device, "/dev/", 5) == 0 && !row->may_block && !row->read_only;
}

static bool
is_planned (const AgentMount **chosen, unsigned int n, const AgentMount *row)
{
  for (unsigned int i = 0; i < n; i++)
    if (chosen[i]->major == row->major && chosen[i]->minor == row->minor)
      return true;
  return false;
}

static int
compare_order (const void *a, const void *b)
{
  const AgentMount *x = *(const AgentMount *const *) a;
  const AgentMount *y = *(const AgentMount *const *) b;

  return (x->order < y->order) - (x->order > y->order);
}

/* The last mounted first: a file system in a file must stand still before the one that holds it. */
static void
make_plan (AgentFreezePlan *plan, const AgentMount **chosen, unsigned int n)
{
  qsort (chosen, n, sizeof (AgentMount *), compare_order);
  for (unsigned int i = 0; i < n; i++)
    {
      plan->mounts[i] = strdup (chosen[i]->mount);
      if (plan->mounts[i] == NULL)
        abort ();
    }
  plan->n = n;
}

static const AgentMount *
find_mount (const AgentMounts *mounts, const char *name)
{
  for (unsigned int i = 0; i < mounts->n; i++)
    if (strcmp (mounts->rows[i].mount, name) == 0)
      return &mounts->rows[i];
  return NULL;
}

static unsigned int
choose_all (const AgentMounts *mounts, const AgentMount **chosen)
{
  unsigned int n = 0;

  for (unsigned int i = 0; i < mounts->n && n < AGENT_FREEZE_MOUNTS_MAX; i++)
    if (is_freezable (&mounts->rows[i]) && !is_planned (chosen, n, &mounts->rows[i]))
      chosen[n++] = &mounts->rows[i];
  return n;
}

/* Returns false after it has replied. */
static bool
choose_named (Agent *agent,
              AgentCall *call,
              const AgentMounts *mounts,
              const json_t *names,
              const AgentMount **chosen,
              unsigned int *n)
{
  for (size_t i = 0; i < json_array_size (names); i++)
    {
      const AgentMount *row = find_mount (mounts, json_string_value (json_array_get (names, i)));

      if (row == NULL)
        {
          agent_call_error (agent, call, KVMA_ERROR_NOT_FOUND, "nothing is mounted there", NULL);
          return false;
        }
      if (!is_freezable (row))
        {
          agent_call_error (agent, call, KVMA_ERROR_UNSUPPORTED,
                            "this kind of file system is not frozen", NULL);
          return false;
        }
      if (!is_planned (chosen, *n, row))
        chosen[(*n)++] = row;
    }
  return true;
}

/* Returns false after it has replied. */
static bool
choose (Agent *agent, AgentCall *call, const json_t *names, AgentFreezePlan *plan)
{
  const AgentMount *chosen[AGENT_FREEZE_MOUNTS_MAX];
  AgentMounts mounts;
  unsigned int n = 0;
  bool good = true;

  agent_mounts_read (&mounts, names != NULL);
  if (names != NULL)
    good = choose_named (agent, call, &mounts, names, chosen, &n);
  else
    n = choose_all (&mounts, chosen);
  if (good && n == 0)
    {
      agent_call_error (agent, call, KVMA_ERROR_UNSUPPORTED, "no file system can be frozen", NULL);
      good = false;
    }
  if (good)
    make_plan (plan, chosen, n);
  plan->named = names != NULL;
  agent_mounts_clear (&mounts);
  return good;
}

bool
agent_params_mounts (
    Agent *agent, AgentCall *call, const json_t *params, size_t max, const json_t **names)
{
  const json_t *member = json_object_get (params, "mounts");
  bool good = member == NULL || (json_is_array (member) && json_array_size (member) > 0 &&
                                 json_array_size (member) <= max);

  for (size_t i = 0; good && i < json_array_size (member); i++)
    {
      const json_t *name = json_array_get (member, i);

      good = json_is_string (name) && json_string_length (name) <= KVMA_PATH_MAX &&
             json_string_value (name)[0] == '/';
    }
  *names = member;
  if (!good)
    agent_params_error (agent, call, "mounts", "not an array of mount points");
  return good;
}

static void
fs_freeze (Agent *agent, AgentCall *call, const json_t *params)
{
  AgentFreezePlan plan = { 0 };
  int64_t timeout = KVMA_FREEZE_MS;
  const json_t *names;
  bool hooks = true;

  if (!agent_params_mounts (agent, call, params, AGENT_FREEZE_MOUNTS_MAX, &names) ||
      !agent_params_integer (agent, call, params, "timeout_ms", KVMA_FREEZE_MIN_MS,
                             KVMA_FREEZE_MAX_MS, &timeout) ||
      !agent_params_boolean (agent, call, params, "hooks", &hooks))
    return;
  if (agent->freeze.state != AGENT_FREEZE_IDLE)
    agent_call_error (agent, call, KVMA_ERROR_STATE, "file systems are frozen already", NULL);
  else if (choose (agent, call, names, &plan))
    {
      plan.hooks = hooks;
      agent_freeze_start (agent, call, &plan, (uint32_t) timeout);
    }
}

static void
fs_thaw (Agent *agent, AgentCall *call, const json_t *params)
{
  const char *token = NULL;

  if (!agent_params_string (agent, call, params, "token", 64, &token))
    return;
  if (token == NULL)
    agent_params_error (agent, call, "token", "missing");
  else if (agent->freeze.state != AGENT_FREEZE_FROZEN)
    agent_call_error (agent, call, KVMA_ERROR_STATE, "nothing is frozen", NULL);
  else if (strcmp (token, agent->freeze.token) != 0)
    agent_params_error (agent, call, "token", "not the one that fs.freeze gave");
  else
    agent_freeze_thaw (agent, call);
}

static void
fs_freeze_status (Agent *agent, AgentCall *call, const json_t *params)
{
  const AgentFreeze *freeze = &agent->freeze;
  json_t *result = json_pack ("{sb}", "frozen", agent_is_frozen (agent));
  uint64_t now = agent_now_ms ();

  if (freeze->state == AGENT_FREEZE_FROZEN)
    {
      json_object_set_new (result, "token", json_string (freeze->token));
      json_object_set_new (
          result, "remaining_ms",
          json_integer ((json_int_t) (freeze->deadline_ms > now ? freeze->deadline_ms - now : 0)));
    }
  agent_call_reply (agent, call, result);
}

json_t *
agent_describe_mounts (const json_t *params)
{
  json_t *target = json_object ();

  json_object_set (target, "mounts", json_object_get (params, "mounts"));
  return target;
}

const AgentMethod agent_freeze_methods[] = {
  { KVMA_METHOD_FS_FREEZE, AGENT_GROUP_FREEZE, fs_freeze, true, agent_describe_mounts },
  { KVMA_METHOD_FS_THAW, AGENT_GROUP_FREEZE, fs_thaw, true, NULL },
  { KVMA_METHOD_FS_FREEZE_STATUS, AGENT_GROUP_FREEZE, fs_freeze_status, false, NULL },
  { 0 },
};
