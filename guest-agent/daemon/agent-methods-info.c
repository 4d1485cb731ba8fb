/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-methods.h"

#include "daemon/agent.h"

static void
sys_info (Agent *agent, AgentCall *call, const json_t *params)
{
  agent_call_reply (agent, call, agent_facts_system ());
}

static void
sys_metrics (Agent *agent, AgentCall *call, const json_t *params)
{
  agent_call_reply (agent, call, agent_facts_metrics (&agent->cpu_asked));
}

static void
net_list (Agent *agent, AgentCall *call, const json_t *params)
{
  bool virtual_too = false;
  json_t *object;

  if (!agent_params_boolean (agent, call, params, "virtual", &virtual_too))
    return;
  object = agent_facts_net (virtual_too, NULL);
  if (object != NULL)
    agent_call_reply (agent, call, object);
  else
    agent_call_error (agent, call, KVMA_ERROR_UNSUPPORTED,
                      "the kernel does not list its interfaces", NULL);
}

static void
scanned_cb (Agent *agent, void *data, json_t *object, const AgentMounts *mounts, uint64_t hash)
{
  agent_call_reply (agent, data, object);
}

static void
cancel_scan (Agent *agent, AgentCall *call)
{
  agent_fs_scan_forget (agent, call);
}

static void
fs_list (Agent *agent, AgentCall *call, const json_t *params)
{
  bool all = false;

  if (!agent_params_boolean (agent, call, params, "all", &all))
    return;
  call->cancel = cancel_scan;
  if (!agent_fs_scan (agent, all, scanned_cb, call))
    agent_call_error (agent, call, KVMA_ERROR_BUSY, "too many are waiting already", NULL);
}

static void
user_sessions (Agent *agent, AgentCall *call, const json_t *params)
{
  agent_call_reply (agent, call, agent_facts_users (NULL));
}

static void
disk_stats (Agent *agent, AgentCall *call, const json_t *params)
{
  agent_call_reply (agent, call, agent_facts_disks ());
}

static void
time_get (Agent *agent, AgentCall *call, const json_t *params)
{
  agent_call_reply (agent, call, agent_facts_time ());
}

const AgentMethod agent_info_methods[] = {
  { KVMA_METHOD_SYS_INFO, AGENT_GROUP_INFO, sys_info },
  { KVMA_METHOD_SYS_METRICS, AGENT_GROUP_INFO, sys_metrics },
  { KVMA_METHOD_NET_LIST, AGENT_GROUP_INFO, net_list },
  { KVMA_METHOD_FS_LIST, AGENT_GROUP_INFO, fs_list },
  { KVMA_METHOD_USER_SESSIONS, AGENT_GROUP_INFO, user_sessions },
  { KVMA_METHOD_DISK_STATS, AGENT_GROUP_INFO, disk_stats },
  { KVMA_METHOD_TIME_GET, AGENT_GROUP_INFO, time_get },
  { 0 },
};
