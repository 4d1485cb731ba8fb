/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent.h"

#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

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

static const AgentMethod methods[] = {
  { KVMA_METHOD_AGENT_INFO, AGENT_GROUP_CORE, agent_info },
  { KVMA_METHOD_AGENT_CANCEL, AGENT_GROUP_CORE, agent_cancel },
  { KVMA_METHOD_EVENTS_SUBSCRIBE, AGENT_GROUP_CORE, events_subscribe },
  { KVMA_METHOD_EVENTS_UNSUBSCRIBE, AGENT_GROUP_CORE, events_unsubscribe },
  { KVMA_METHOD_SYS_INFO, AGENT_GROUP_INFO, sys_info },
  { KVMA_METHOD_SYS_METRICS, AGENT_GROUP_INFO, sys_metrics },
  { KVMA_METHOD_NET_LIST, AGENT_GROUP_INFO, net_list },
  { KVMA_METHOD_FS_LIST, AGENT_GROUP_INFO, fs_list },
  { KVMA_METHOD_USER_SESSIONS, AGENT_GROUP_INFO, user_sessions },
  { KVMA_METHOD_POWER_SHUTDOWN, AGENT_GROUP_POWER, power_shutdown },
  { KVMA_METHOD_POWER_CANCEL, AGENT_GROUP_POWER, power_cancel },
};

const AgentMethod *
agent_method_find (const char *name)
{
  for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
    if (strcmp (methods[i].name, name) == 0)
      return &methods[i];
  return NULL;
}

json_t *
agent_caps_to_json (void)
{
  static const char *const caps[] = {
    KVMA_CAP_EVENTS,  KVMA_CAP_SYS_INFO,      KVMA_CAP_SYS_METRICS,    KVMA_CAP_NET_LIST,
    KVMA_CAP_FS_LIST, KVMA_CAP_USER_SESSIONS, KVMA_CAP_POWER_SHUTDOWN,
  };
  json_t *array = json_array ();

  for (size_t i = 0; i < sizeof caps / sizeof caps[0]; i++)
    json_array_append_new (array, json_string (caps[i]));
  return array;
}

json_t *
agent_limits_to_json (void)
{
  return json_pack ("{si si si si}", "requests", KVMA_REQUESTS_MAX, "streams", KVMA_STREAMS_MAX,
                    "payload", KVMA_PAYLOAD_MAX, "json", KVMA_JSON_MAX);
}
