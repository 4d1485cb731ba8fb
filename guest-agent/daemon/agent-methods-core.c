/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-methods.h"

#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "daemon/agent.h"

static json_int_t
resident_kib (void)
{
  char text[128];
  char *p = text;

  if (!agent_read_line ("/proc/self/statm", text, sizeof text))
    return 0;
  strtol (p, &p, 10); /* the whole address space */
  return strtol (p, NULL, 10) * (sysconf (_SC_PAGESIZE) / 1024);
}

static json_t *
counters_to_json (const Agent *agent)
{
  const AgentCounters *c = &agent->link.counters;

  return json_pack ("{sI sI sI sI sI sI sI sI sI sI sI}", "rx_bytes", (json_int_t) c->rx_bytes,
                    "rx_frames", (json_int_t) agent->link.receiver.frames, "garbage",
                    (json_int_t) agent->link.receiver.garbage, "oversize",
                    (json_int_t) agent->link.receiver.oversize, "stale", (json_int_t) c->stale,
                    "tx_bytes", (json_int_t) c->tx_bytes, "tx_frames", (json_int_t) c->tx_frames,
                    "sessions", (json_int_t) c->sessions, "requests", (json_int_t) c->requests,
                    "events", (json_int_t) c->events, "events_dropped",
                    (json_int_t) c->events_dropped);
}

static void
agent_info (Agent *agent, AgentCall *call, const json_t *params)
{
  json_t *object = json_object ();
  char libc[64];
  struct utsname name;

  uname (&name);
  snprintf (libc, sizeof libc, "glibc %s%s", gnu_get_libc_version (), AGENT_LIBC_SUFFIX);
  agent_json_set_text (object, "version", AGENT_VERSION);
  agent_json_set_text (object, "build", AGENT_BUILD);
  agent_json_set_text (object, "os", "linux");
  agent_json_set_text (object, "arch", name.machine);
  agent_json_set_text (object, "libc", libc);
  agent_json_set_text (object, "init", agent_facts_init_name ());
  json_object_set_new (object, "pid", json_integer (getpid ()));
  json_object_set_new (object, "rss_kb", json_integer (resident_kib ()));
  json_object_set_new (object, "started", json_integer (agent->started_ms));
  json_object_set_new (object, "features", agent_caps_to_json ());
  json_object_set_new (object, "limits", agent_limits_to_json ());
  agent_set_policy_members (agent, object);
  json_object_set_new (object, "counters", counters_to_json (agent));
  agent_call_reply (agent, call, object);
}

static void
agent_cancel (Agent *agent, AgentCall *call, const json_t *params)
{
  int64_t id = 0;

  if (!agent_params_integer (agent, call, params, "id", 1, KVMA_REQUEST_ID_MAX, &id))
    return;
  if (id == 0)
    agent_params_error (agent, call, "id", "missing");
  else
    agent_call_reply (
        agent, call,
        json_pack ("{sb}", "cancelled", id != call->id && agent_rpc_cancel (agent, id)));
}

/* Reads one element of "topics": a name, or an object with a name. */
static const char *
topic_name (const json_t *element)
{
  return json_is_string (element) ? json_string_value (element)
                                  : json_string_value (json_object_get (element, "name"));
}

static bool
read_topics (Agent *agent, AgentCall *call, const json_t *params, json_t **topics)
{
  *topics = json_object_get (params, "topics");
  if (json_is_array (*topics) && json_array_size (*topics) <= KVMA_TOPICS_MAX)
    {
      bool good = true;

      for (size_t i = 0; i < json_array_size (*topics); i++)
        {
          const json_t *element = json_array_get (*topics, i);
          const json_t *interval = json_object_get (element, "interval_ms");

          good = good && topic_name (element) != NULL &&
                 (interval == NULL ||
                  (json_is_integer (interval) && json_integer_value (interval) >= 0));
        }
      if (good)
        return true;
    }
  agent_params_error (agent, call, "topics", "not an array of at most 16 topics");
  return false;
}

static void
events_subscribe (Agent *agent, AgentCall *call, const json_t *params)
{
  json_t *accepted;
  json_t *topics;

  if (!read_topics (agent, call, params, &topics))
    return;
  accepted = json_array ();
  for (size_t i = 0; i < json_array_size (topics); i++)
    {
      const json_t *element = json_array_get (topics, i);
      json_int_t wanted = json_integer_value (json_object_get (element, "interval_ms"));
      AgentTopicId id;
      uint32_t interval;

      if (!agent_topic_find (topic_name (element), &id))
        continue;
      if (wanted > KVMA_TOPIC_INTERVAL_MAX_MS)
        wanted = KVMA_TOPIC_INTERVAL_MAX_MS;
      interval = agent_events_subscribe (agent, id, (uint32_t) wanted);
      if (interval > 0)
        json_array_append_new (accepted, json_pack ("{ss si}", "name", agent_topic_name (id),
                                                    "interval_ms", (int) interval));
    }
  agent_call_reply (agent, call, json_pack ("{so}", "accepted", accepted));
}

static void
events_unsubscribe (Agent *agent, AgentCall *call, const json_t *params)
{
  json_t *topics;
  int removed = 0;

  if (!read_topics (agent, call, params, &topics))
    return;
  for (size_t i = 0; i < json_array_size (topics); i++)
    {
      AgentTopicId id;

      if (agent_topic_find (topic_name (json_array_get (topics, i)), &id))
        removed += agent_events_unsubscribe (agent, id) ? 1 : 0;
    }
  agent_call_reply (agent, call, json_pack ("{si}", "removed", removed));
}

const AgentMethod agent_core_methods[] = {
  { KVMA_METHOD_AGENT_INFO, AGENT_GROUP_CORE, agent_info },
  { KVMA_METHOD_AGENT_CANCEL, AGENT_GROUP_CORE, agent_cancel },
  { KVMA_METHOD_EVENTS_SUBSCRIBE, AGENT_GROUP_CORE, events_subscribe },
  { KVMA_METHOD_EVENTS_UNSUBSCRIBE, AGENT_GROUP_CORE, events_unsubscribe },
  { 0 },
};
