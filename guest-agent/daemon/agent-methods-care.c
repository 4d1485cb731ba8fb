/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-methods.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/agent-care.h"
#include "daemon/agent.h"

#define TRIM_DEADLINE_MS 3600000 /* a large disk takes its time; agent.cancel ends it */
#define CLOCK_DEADLINE_MS 10000

static void
run_trim (Agent *agent, void *input, AgentAnswer *answer)
{
  agent_trim_run (input, answer);
}

/* Each device once: its unused blocks are the same wherever it is mounted. */
static bool
is_repeated (const AgentMounts *mounts, const unsigned int *chosen, unsigned int n, unsigned int i)
{
  for (unsigned int k = 0; k < n; k++)
    if (mounts->rows[chosen[k]].major == mounts->rows[i].major &&
        mounts->rows[chosen[k]].minor == mounts->rows[i].minor)
      return true;
  return false;
}

static bool
is_named (const json_t *names, const char *mount)
{
  for (size_t i = 0; i < json_array_size (names); i++)
    if (strcmp (json_string_value (json_array_get (names, i)), mount) == 0)
      return true;
  return false;
}

static void
choose (const AgentMounts *mounts, const json_t *names, AgentTrimPlan *plan)
{
  unsigned int chosen[KVMA_TRIM_MOUNTS_MAX];

  for (unsigned int i = 0; i < mounts->n && plan->n < KVMA_TRIM_MOUNTS_MAX; i++)
    {
      const AgentMount *row = &mounts->rows[i];
      bool wanted = names != NULL ? is_named (names, row->mount)
                                  : strncmp (row->device, "/dev/", 5) == 0 && !row->may_block &&
                                        !row->read_only;

      if (!wanted || is_repeated (mounts, chosen, plan->n, i))
        continue;
      chosen[plan->n] = i;
      plan->mounts[plan->n] = strdup (row->mount);
      if (plan->mounts[plan->n++] == NULL)
        abort ();
    }
}

static bool
all_are_mounted (const AgentMounts *mounts, const json_t *names)
{
  for (size_t i = 0; i < json_array_size (names); i++)
    {
      const char *name = json_string_value (json_array_get (names, i));
      unsigned int k = 0;

      while (k < mounts->n && strcmp (mounts->rows[k].mount, name) != 0)
        k++;
      if (k == mounts->n)
        return false;
    }
  return true;
}

static void
fs_trim (Agent *agent, AgentCall *call, const json_t *params)
{
  AgentTrimPlan plan = { 0 };
  AgentMounts mounts;
  const json_t *names;
  int64_t minimum = 0;

  if (!agent_params_mounts (agent, call, params, KVMA_TRIM_MOUNTS_MAX, &names) ||
      !agent_params_integer (agent, call, params, "minimum", 0, KVMA_JSON_INTEGER_MAX, &minimum))
    return;
  if (agent_is_frozen (agent))
    {
      agent_call_error (agent, call, KVMA_ERROR_FROZEN, "file systems are frozen", NULL);
      return;
    }
  plan.minimum = (uint64_t) minimum;
  plan.named = names != NULL;
  agent_mounts_read (&mounts, names != NULL);
  choose (&mounts, names, &plan);
  if (!all_are_mounted (&mounts, names))
    agent_call_error (agent, call, KVMA_ERROR_NOT_FOUND, "nothing is mounted there", NULL);
  else
    agent_worker_call (agent, call, TRIM_DEADLINE_MS, run_trim, &plan);
  agent_mounts_clear (&mounts);
  for (unsigned int i = 0; i < plan.n; i++)
    free (plan.mounts[i]);
}

static void
power_suspend (Agent *agent, AgentCall *call, const json_t *params)
{
  static const char *const targets[] = { "ram", "disk" };
  const char *name = NULL;
  const char *target = NULL;

  if (!agent_params_string (agent, call, params, "target", 16, &name))
    return;
  for (int i = 0; i < 2 && name != NULL; i++)
    if (strcmp (targets[i], name) == 0)
      target = targets[i];
  if (target == NULL)
    agent_params_error (agent, call, "target", "neither ram nor disk");
  else if (agent_is_frozen (agent))
    agent_call_error (agent, call, KVMA_ERROR_FROZEN, "file systems are frozen", NULL);
  else if (!agent_suspend_can (target))
    agent_call_error (agent, call, KVMA_ERROR_UNSUPPORTED, "this guest's kernel cannot", NULL);
  else if (!agent_suspend_schedule (agent, target))
    agent_call_error (agent, call, KVMA_ERROR_STATE, "a suspend is pending already", NULL);
  else
    {
      agent_call_reply (agent, call, json_pack ("{sb}", "accepted", 1));
      agent_suspend_replied (agent);
    }
}

static void
run_clock (Agent *agent, void *input, AgentAnswer *answer)
{
  agent_clock_set (input, answer);
}

static void
time_set (Agent *agent, AgentCall *call, const json_t *params)
{
  AgentClockOrder order = { .realtime_us = -1, .asked_us = agent_clock_monotonic_us () };

  if (!agent_params_integer (agent, call, params, "realtime_us", 0, KVMA_JSON_INTEGER_MAX,
                             &order.realtime_us) ||
      !agent_params_boolean (agent, call, params, "slew", &order.slew))
    return;
  if (order.realtime_us < 0)
    agent_params_error (agent, call, "realtime_us", "missing");
  else if (agent_has_root ())
    agent_call_error (agent, call, KVMA_ERROR_UNSUPPORTED, "this guest's clock is not its own",
                      NULL);
  else if (order.slew &&
           llabs (order.realtime_us - agent_realtime_ms () * 1000) > AGENT_SLEW_MAX_US)
    agent_params_error (agent, call, "slew", "only up to 0.5 s");
  else
    agent_worker_call (agent, call, CLOCK_DEADLINE_MS, run_clock, &order);
}

static json_t *
describe_suspend (const json_t *params)
{
  json_t *target = json_object ();

  json_object_set (target, "target", json_object_get (params, "target"));
  return target;
}

static json_t *
describe_time (const json_t *params)
{
  json_t *target = json_object ();

  json_object_set (target, "realtime_us", json_object_get (params, "realtime_us"));
  return target;
}

const AgentMethod agent_care_methods[] = {
  { KVMA_METHOD_FS_TRIM, AGENT_GROUP_MAINT, fs_trim, false, NULL },
  { KVMA_METHOD_POWER_SUSPEND, AGENT_GROUP_SUSPEND, power_suspend, true, describe_suspend },
  { KVMA_METHOD_TIME_SET, AGENT_GROUP_TIME, time_set, true, describe_time },
  { 0 },
};
