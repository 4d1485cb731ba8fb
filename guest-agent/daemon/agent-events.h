/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <jansson.h>

#include <stdbool.h>
#include <stdint.h>

#include "daemon/agent-facts.h"
#include "daemon/agent-loop.h"
#include "daemon/agent-mounts.h"
#include "daemon/agent-policy.h"
#include "daemon/agent-util.h"
#include "protocol/kvma-limits.h"

typedef struct Agent Agent;

/* What the host subscribed to, and the watchers that notice it. Nothing is watched, and no timer
 * runs, for a topic without a subscriber. */

typedef enum
{
  AGENT_TOPIC_METRICS,
  AGENT_TOPIC_NET,
  AGENT_TOPIC_FS,
  AGENT_TOPIC_USERS,
  AGENT_TOPIC_TIME,
  AGENT_TOPIC_SHUTTING_DOWN,
  AGENT_TOPIC_POWER_FAILED,
  AGENT_TOPIC_POLICY,
  AGENT_TOPIC_EXEC,
  AGENT_TOPIC_FROZEN,
  AGENT_TOPIC_OVERLOAD,
} AgentTopicId;

#define AGENT_N_TOPICS (AGENT_TOPIC_OVERLOAD + 1)

typedef struct
{
  bool subscribed;
  bool scanning; /* fs.changed: an answer is under way */
  uint32_t interval_ms;
  uint64_t n;       /* events so far, dropped ones included */
  uint64_t dropped; /* since the last that was sent */
  uint64_t sent_ms;
  uint64_t hash; /* of what was told last */
  AgentTimer timer;
} AgentTopic;

/* Sizes as they were told last. */
typedef struct
{
  uint64_t mount_hash;
  uint64_t used;
  uint64_t total;
} AgentUsage;

typedef struct
{
  AgentTopic topics[AGENT_N_TOPICS];
  AgentBucket rate;
  AgentCpuSample cpu;
  AgentUsage usage[KVMA_LIST_ROWS_MAX];
  unsigned int n_usage;
  AgentWatch net;          /* rtnetlink */
  AgentWatch mounts;       /* /proc/self/mountinfo */
  AgentWatch users;        /* inotify */
  AgentWatch clock;        /* a timer that only a change of the clock wakes */
  int64_t clock_offset_ms; /* wall clock minus monotonic */
} AgentEvents;

void agent_events_init (Agent *agent);

/** agent_events_reset: the session is over: nothing is subscribed. */
void agent_events_reset (Agent *agent);

/**
 * agent_events_subscribe:
 * @interval_ms: 0 for the default; clamped
 *
 * Returns the interval that counts, 0 when the policy denies the topic.
 */
uint32_t agent_events_subscribe (Agent *agent, AgentTopicId id, uint32_t interval_ms);

/** agent_events_unsubscribe: Returns whether it was subscribed. */
bool agent_events_unsubscribe (Agent *agent, AgentTopicId id);

/**
 * agent_events_emit:
 * @params: (transfer full)
 *
 * Sends one event if somebody subscribed and the rates allow it; else it is counted as dropped.
 */
void agent_events_emit (Agent *agent, AgentTopicId id, json_t *params);

/** agent_events_overload: something was refused; says so once it is calm enough to be heard. */
void agent_events_overload (Agent *agent);

/** agent_topic_find: Returns false when no topic has that name. */
bool agent_topic_find (const char *name, AgentTopicId *id);

const char *agent_topic_name (AgentTopicId id);
