/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <stdbool.h>

#include "daemon/agent-rpc.h"

/* The logs of this guest as lines of text: its journal, its log file, or the kernel's own. A child
 * process writes them into a pipe, because a disk can be slow; a pump sends them. */

#define AGENT_LOG_TAILS_MAX 8
#define AGENT_LOG_LINE_MAX 8192 /* of a file; the rest of a longer one is its own line */

typedef enum
{
  AGENT_LOG_SOURCE_JOURNAL,
  AGENT_LOG_SOURCE_FILE,
  AGENT_LOG_SOURCE_KMSG,
} AgentLogSource;

typedef struct
{
  AgentLogSource source;
  const char *path; /* (nullable): of the file, or of journalctl */
  const char *unit; /* (nullable) */
  unsigned int lines;
  bool follow;
} AgentLogQuery;

/**
 * agent_log_tail_find:
 * @kernel: the kernel's own log, else the system's
 * @path: (out): AGENT_PATH_SIZE bytes, not below the root
 *
 * Sets @source and @path of @query. Returns false when this guest keeps no such log.
 */
bool agent_log_tail_find (AgentLogQuery *query, bool kernel, char *path);

/** agent_log_tail_start: replies to @call with the stream, or an error. */
void agent_log_tail_start (Agent *agent, AgentCall *call, const AgentLogQuery *query);

/**
 * agent_log_write:
 *
 * In a child only: writes the last lines, and what follows, to descriptor 1. Returns when there is
 * no more, or nobody reads it.
 */
void agent_log_write (const AgentLogQuery *query);
