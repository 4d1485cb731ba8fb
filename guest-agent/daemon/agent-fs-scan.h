/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <jansson.h>

#include <stdbool.h>
#include <stdint.h>

#include "daemon/agent-loop.h"
#include "daemon/agent-mounts.h"

typedef struct Agent Agent;

/* Sizes of file systems, some of which may never answer. Harmless ones are asked at once; the
 * others by a child process, which is killed when it makes no progress. What did not answer is
 * marked stale, and not asked again for a minute. */

#define AGENT_SCAN_WAITERS_MAX 18
#define AGENT_SCAN_STEP_MS 700   /* one file system */
#define AGENT_SCAN_TOTAL_MS 1800 /* all of them */
#define AGENT_SCAN_RETRY_MS 60000
#define AGENT_SCAN_STALE_MAX 16
#define AGENT_SCAN_STUCK_MAX 4 /* children that cannot be killed; beyond, none is started */

/* @object: (transfer full): the result of fs.list; @hash: of its mounts, not of their sizes. */
typedef void (*AgentScanFunc) (
    Agent *agent, void *data, json_t *object, const AgentMounts *mounts, uint64_t hash);

typedef struct
{
  AgentScanFunc func;
  void *data;
} AgentScanWaiter;

typedef struct
{
  Agent *agent;
  bool all;
  bool running;
  AgentMounts mounts;
  AgentScanWaiter waiters[AGENT_SCAN_WAITERS_MAX];
  unsigned int n_waiters;
  AgentWatch results; /* the pipe from the child */
  AgentTimer step;
  int child; /* 0: none */
  uint64_t started_ms;
} AgentFsScan;

typedef struct
{
  AgentFsScan scans[2]; /* of what is wanted; of all */
  struct
  {
    uint64_t mount_hash;
    uint64_t until_ms;
  } stale[AGENT_SCAN_STALE_MAX];
  unsigned int stale_next;
  unsigned int stuck; /* children killed and not yet reaped */
} AgentFsScanner;

void agent_fs_scan_init (Agent *agent);

void agent_fs_scan_clear (Agent *agent);

/**
 * agent_fs_scan:
 *
 * Calls @func once, at once or within AGENT_SCAN_TOTAL_MS. Joins a scan of the same kind that is
 * under way. Returns false, and calls nothing, when too many wait already.
 */
bool agent_fs_scan (Agent *agent, bool all, AgentScanFunc func, void *data);

/** agent_fs_scan_forget: @data waits no more. */
void agent_fs_scan_forget (Agent *agent, void *data);
