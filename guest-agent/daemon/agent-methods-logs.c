/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-methods.h"

#include <ctype.h>
#include <string.h>

#include "daemon/agent-log-tail.h"
#include "daemon/agent.h"

/* As systemd names units; nothing that journalctl could take for something else. */
static bool
is_unit_name (const char *name)
{
  if (name[0] == '\0' || name[0] == '-')
    return false;
  for (const char *p = name; *p != '\0'; p++)
    if (!isalnum ((unsigned char) *p) && strchr (":-_.\\@", *p) == NULL)
      return false;
  return true;
}

static void
log_tail (Agent *agent, AgentCall *call, const json_t *params)
{
  char path[AGENT_PATH_SIZE];
  AgentLogQuery query = { 0 };
  const char *source = "system";
  int64_t lines = KVMA_LOG_LINES;
  bool kernel;

  if (!agent_params_string (agent, call, params, "source", 16, &source) ||
      !agent_params_string (agent, call, params, "unit", KVMA_TEXT_MAX, &query.unit) ||
      !agent_params_integer (agent, call, params, "lines", 0, KVMA_LOG_LINES_MAX, &lines) ||
      !agent_params_boolean (agent, call, params, "follow", &query.follow))
    return;
  kernel = strcmp (source, "kernel") == 0;
  query.lines = (unsigned int) lines;
  if (!kernel && strcmp (source, "system") != 0)
    agent_params_error (agent, call, "source", "neither system nor kernel");
  else if (query.unit != NULL && !is_unit_name (query.unit))
    agent_params_error (agent, call, "unit", "not the name of a unit");
  else if (!agent_log_tail_find (&query, kernel, path))
    agent_call_error (agent, call, KVMA_ERROR_UNSUPPORTED, "this guest keeps no such log", NULL);
  else if (query.unit != NULL && query.source != AGENT_LOG_SOURCE_JOURNAL)
    agent_call_error (agent, call, KVMA_ERROR_UNSUPPORTED, "this guest has no journal", NULL);
  else
    agent_log_tail_start (agent, call, &query);
}

static json_t *
describe_log (const json_t *params)
{
  json_t *target = json_object ();

  json_object_set (target, "source", json_object_get (params, "source"));
  json_object_set (target, "unit", json_object_get (params, "unit"));
  return target;
}

const AgentMethod agent_logs_methods[] = {
  { KVMA_METHOD_LOG_TAIL, AGENT_GROUP_LOGS, log_tail, true, describe_log },
  { 0 },
};
