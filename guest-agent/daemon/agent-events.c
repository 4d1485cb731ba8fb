/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-events.h"

#include <string.h>

#include "daemon/agent-watch.h"
#include "daemon/agent.h"

static const struct
{
  const char *name;
  AgentGroup group;
  uint32_t minimum_ms;
  uint32_t default_ms;
} topics[AGENT_N_TOPICS] = {
  { KVMA_EVENT_METRICS_SAMPLE, AGENT_GROUP_INFO, KVMA_TOPIC_INTERVAL_MIN_MS,
    KVMA_TOPIC_INTERVAL_MS },
  { KVMA_EVENT_NET_CHANGED, AGENT_GROUP_INFO, KVMA_TOPIC_INTERVAL_MIN_MS,
    KVMA_TOPIC_INTERVAL_MIN_MS },
  { KVMA_EVENT_FS_CHANGED, AGENT_GROUP_INFO, KVMA_FS_INTERVAL_MIN_MS, KVMA_FS_INTERVAL_MS },
  { KVMA_EVENT_USERS_CHANGED, AGENT_GROUP_INFO, KVMA_TOPIC_INTERVAL_MIN_MS,
    KVMA_TOPIC_INTERVAL_MIN_MS },
  { KVMA_EVENT_TIME_JUMP, AGENT_GROUP_INFO, KVMA_TOPIC_INTERVAL_MIN_MS,
    KVMA_TOPIC_INTERVAL_MIN_MS },
  { KVMA_EVENT_POWER_SHUTTING_DOWN, AGENT_GROUP_CORE, KVMA_TOPIC_INTERVAL_MIN_MS,
    KVMA_TOPIC_INTERVAL_MIN_MS },
  { KVMA_EVENT_POWER_FAILED, AGENT_GROUP_CORE, KVMA_TOPIC_INTERVAL_MIN_MS,
    KVMA_TOPIC_INTERVAL_MIN_MS },
  { KVMA_EVENT_AGENT_POLICY_CHANGED, AGENT_GROUP_CORE, KVMA_TOPIC_INTERVAL_MIN_MS,
    KVMA_TOPIC_INTERVAL_MIN_MS },
  { KVMA_EVENT_EXEC_EXITED, AGENT_GROUP_EXEC, KVMA_TOPIC_INTERVAL_MIN_MS,
    KVMA_TOPIC_INTERVAL_MIN_MS },
  { KVMA_EVENT_FS_FROZEN, AGENT_GROUP_FREEZE, KVMA_TOPIC_INTERVAL_MIN_MS,
    KVMA_TOPIC_INTERVAL_MIN_MS },
  { KVMA_EVENT_AGENT_OVERLOAD, AGENT_GROUP_CORE, KVMA_TOPIC_INTERVAL_MIN_MS,
    KVMA_TOPIC_INTERVAL_MIN_MS },
};

const char *
agent_topic_name (AgentTopicId id)
{
  return topics[id].name;
}

bool
agent_topic_find (const char *name, AgentTopicId *id)
{
  for (int i = 0; i < AGENT_N_TOPICS; i++)
    if (strcmp (topics[i].name, name) == 0)
      {
        *id = (AgentTopicId) i;
        return true;
      }
  return false;
}

void
agent_events_emit (Agent *agent, AgentTopicId id, json_t *params)
{
  AgentEvents *self = &agent->events;
  AgentTopic *topic = &self->topics[id];
  json_t *body;

  if (!topic->subscribed || !agent_link_in_session (agent))
    {
      json_decref (params);
      return;
    }
  topic->n++;
  if (json_object_get (params, "t") == NULL)
    json_object_set_new (params, "t", json_integer (agent_realtime_ms ()));
  json_object_set_new (params, "n", json_integer ((json_int_t) topic->n));
  json_object_set_new (params, "dropped", json_integer ((json_int_t) topic->dropped));
  body = json_pack ("{ss ss so}", "jsonrpc", "2.0", "method", topics[id].name, "params", params);
  /* A host that does not read gets no more events: replies have the room that is left. */
  if (agent->link.out_tail - agent->link.out_head >= AGENT_OUT_HIGH ||
      !agent_bucket_take (&self->rate, 1))
    json_decref (body);
  else if (agent_link_send_json (agent, KVMA_KIND_EVENT, body, true, NULL))
    {
      topic->dropped = 0;
      topic->sent_ms = agent_now_ms ();
      agent->link.counters.events++;
      return;
    }
  topic->dropped++;
  agent->link.counters.events_dropped++;
}

static void
metrics_cb (void *data)
{
  Agent *agent = data;
  AgentTopic *topic = &agent->events.topics[AGENT_TOPIC_METRICS];

  agent_timer_start (&agent->loop, &topic->timer, topic->interval_ms);
  agent_events_emit (agent, AGENT_TOPIC_METRICS, agent_facts_metrics (&agent->events.cpu));
}

static void
net_cb (void *data)
{
  Agent *agent = data;
  AgentTopic *topic = &agent->events.topics[AGENT_TOPIC_NET];
  uint64_t hash;
  json_t *object = agent_facts_net (true, &hash);

  /* Most messages of the kernel only renew a lifetime. */
  if (object != NULL && hash != topic->hash)
    agent_events_emit (agent, AGENT_TOPIC_NET, object);
  else
    json_decref (object);
  topic->hash = hash;
}

static void
users_cb (void *data)
{
  Agent *agent = data;
  AgentTopic *topic = &agent->events.topics[AGENT_TOPIC_USERS];
  uint64_t hash;
  json_t *object = agent_facts_users (&hash);

  if (hash != topic->hash)
    agent_events_emit (agent, AGENT_TOPIC_USERS, object);
  else
    json_decref (object);
  topic->hash = hash;
}

/* Whether any file system has grown or shrunk by more than 1 MiB or 0.5 % of itself. */
static bool
usage_changed (const AgentEvents *self, const AgentMounts *mounts)
{
  for (unsigned int i = 0; i < mounts->n; i++)
    {
      const AgentMount *row = &mounts->rows[i];
      uint64_t hash = agent_hash (0, row->mount, strlen (row->mount));

      for (unsigned int k = 0; k < self->n_usage && !row->stale; k++)
        if (self->usage[k].mount_hash == hash)
          {
            uint64_t before = self->usage[k].used;
            uint64_t moved = row->used > before ? row->used - before : before - row->used;
            uint64_t least = row->total / 200 < 1048576 ? row->total / 200 : 1048576;

            if (moved > least || row->total != self->usage[k].total)
              return true;
          }
    }
  return false;
}

static void
remember_usage (AgentEvents *self, const AgentMounts *mounts)
{
  self->n_usage = 0;
  for (unsigned int i = 0; i < mounts->n; i++)
    {
      AgentUsage *usage = &self->usage[self->n_usage++];

      usage->mount_hash = agent_hash (0, mounts->rows[i].mount, strlen (mounts->rows[i].mount));
      usage->used = mounts->rows[i].used;
      usage->total = mounts->rows[i].total;
    }
}

static void
scanned_cb (Agent *agent, void *data, json_t *object, const AgentMounts *mounts, uint64_t hash)
{
  AgentEvents *self = &agent->events;
  AgentTopic *topic = data;
  bool first = topic->hash == 0;

  topic->scanning = false;
  if (!topic->subscribed)
    {
      json_decref (object);
      return;
    }
  agent_timer_start (&agent->loop, &topic->timer, topic->interval_ms);
  if (!first && hash == topic->hash && !usage_changed (self, mounts))
    {
      json_decref (object);
      return;
    }
  topic->hash = hash;
  remember_usage (self, mounts);
  if (first)
    json_decref (object);
  else
    agent_events_emit (agent, AGENT_TOPIC_FS, object);
}

static void
fs_cb (void *data)
{
  Agent *agent = data;
  AgentTopic *topic = &agent->events.topics[AGENT_TOPIC_FS];

  if (topic->scanning)
    return;
  topic->scanning = true;
  if (!agent_fs_scan (agent, false, scanned_cb, topic))
    topic->scanning = false;
}

static void
overload_cb (void *data)
{
  agent_events_emit (data, AGENT_TOPIC_OVERLOAD,
                     json_pack ("{ss}", "message",
                                "requests were refused: too many in a short time, or too large"));
}

void
agent_events_overload (Agent *agent)
{
  AgentTopic *topic = &agent->events.topics[AGENT_TOPIC_OVERLOAD];

  if (topic->subscribed && !topic->timer.running)
    agent_timer_start (&agent->loop, &topic->timer, topic->interval_ms);
}

/* The state at the time of subscribing is not an event; it is what later states are compared with.
 */
static void
begin_topic (Agent *agent, AgentTopicId id)
{
  AgentTopic *topic = &agent->events.topics[id];

  switch (id)
    {
    case AGENT_TOPIC_METRICS:
      agent_facts_cpu_begin (&agent->events.cpu);
      agent_timer_start (&agent->loop, &topic->timer, topic->interval_ms);
      break;
    case AGENT_TOPIC_NET:
      agent_watch_net (agent);
      json_decref (agent_facts_net (true, &topic->hash));
      break;
    case AGENT_TOPIC_FS:
      agent_watch_mounts (agent);
      topic->hash = 0;
      fs_cb (agent);
      break;
    case AGENT_TOPIC_USERS:
      agent_watch_users (agent);
      json_decref (agent_facts_users (&topic->hash));
      break;
    case AGENT_TOPIC_TIME:
      agent_watch_clock (agent);
      break;
    case AGENT_TOPIC_SHUTTING_DOWN:
    case AGENT_TOPIC_POWER_FAILED:
    case AGENT_TOPIC_POLICY:
    case AGENT_TOPIC_EXEC:
    case AGENT_TOPIC_FROZEN:
    case AGENT_TOPIC_OVERLOAD:
      break;
    }
}

static void
end_topic (Agent *agent, AgentTopicId id)
{
  agent_timer_stop (&agent->loop, &agent->events.topics[id].timer);
  agent_watch_stop (agent, id);
}

uint32_t
agent_events_subscribe (Agent *agent, AgentTopicId id, uint32_t interval_ms)
{
  AgentTopic *topic = &agent->events.topics[id];
  bool again = topic->subscribed;

  if (!agent_policy_allows (&agent->policy, topics[id].group))
    return 0;
  if (interval_ms == 0)
    interval_ms = topics[id].default_ms;
  if (interval_ms < topics[id].minimum_ms)
    interval_ms = topics[id].minimum_ms;
  if (interval_ms > KVMA_TOPIC_INTERVAL_MAX_MS)
    interval_ms = KVMA_TOPIC_INTERVAL_MAX_MS;
  topic->interval_ms = interval_ms;
  topic->subscribed = true;
  if (!again)
    begin_topic (agent, id);
  else if (topic->timer.running && (id == AGENT_TOPIC_METRICS || id == AGENT_TOPIC_FS))
    agent_timer_start (&agent->loop, &topic->timer, interval_ms);
  return interval_ms;
}

bool
agent_events_unsubscribe (Agent *agent, AgentTopicId id)
{
  AgentTopic *topic = &agent->events.topics[id];

  if (!topic->subscribed)
    return false;
  topic->subscribed = false;
  end_topic (agent, id);
  return true;
}

void
agent_events_reset (Agent *agent)
{
  for (int i = 0; i < AGENT_N_TOPICS; i++)
    {
      AgentTopic *topic = &agent->events.topics[i];

      agent_events_unsubscribe (agent, (AgentTopicId) i);
      agent_fs_scan_forget (agent, topic);
      topic->scanning = false;
      topic->n = topic->dropped = topic->hash = topic->sent_ms = 0;
    }
  agent->events.n_usage = 0;
}

void
agent_events_init (Agent *agent)
{
  AgentEvents *self = &agent->events;

  memset (self, 0, sizeof *self);
  self->net.fd = self->mounts.fd = self->users.fd = self->clock.fd = -1;
  agent_bucket_init (&self->rate, KVMA_EVENTS_PER_SECOND, KVMA_EVENTS_BURST);
  for (int i = 0; i < AGENT_N_TOPICS; i++)
    agent_timer_init (&self->topics[i].timer, NULL, agent);
  self->topics[AGENT_TOPIC_METRICS].timer.func = metrics_cb;
  self->topics[AGENT_TOPIC_NET].timer.func = net_cb;
  self->topics[AGENT_TOPIC_FS].timer.func = fs_cb;
  self->topics[AGENT_TOPIC_USERS].timer.func = users_cb;
  self->topics[AGENT_TOPIC_OVERLOAD].timer.func = overload_cb;
}
