/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "daemon/agent-events.h"

/* What wakes the daemon when a fact changes. A watcher only starts the timer of its topic, so that
 * a burst is one event and the least distance of two is kept. */

void agent_watch_net (Agent *agent);
void agent_watch_mounts (Agent *agent);
void agent_watch_users (Agent *agent);
void agent_watch_clock (Agent *agent);

/** agent_watch_stop: closes what watches @id. Harmless for a topic without a watcher. */
void agent_watch_stop (Agent *agent, AgentTopicId id);
