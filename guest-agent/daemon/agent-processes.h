/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <jansson.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "protocol/kvma-limits.h"

/* The processes of this guest, from /proc. Reading the arguments of one can hang with it, so a list
 * is made by a worker. */

#define AGENT_PROCESSES_MAX 8192      /* whose processor time is remembered; others lack a past */
#define AGENT_PROCESS_INTERVAL_MS 250 /* the least distance of two samples that say something */
#define AGENT_PROCESS_ARGS_MAX KVMA_TEXT_MAX

typedef enum
{
  AGENT_PROCESS_SORT_CPU,
  AGENT_PROCESS_SORT_MEMORY,
  AGENT_PROCESS_SORT_PID,
  AGENT_PROCESS_SORT_NAME,
} AgentProcessSort;

typedef struct
{
  AgentProcessSort sort;
  unsigned int limit; /* 1 to KVMA_LIST_ROWS_MAX */
  bool args;
  char filter[KVMA_TEXT_MAX + 1]; /* "": all */
} AgentProcessQuery;

/* The processor time of one process at one moment. @start and @ticks are the low bits: only
 * differences count. */
typedef struct
{
  uint32_t pid;
  uint32_t start;
  uint32_t ticks;
  uint32_t taken_ms;
} AgentProcessTime;

/* Two samples in memory that a worker shares with the daemon: it reads the current one and fills
 * the other. */
typedef struct
{
  struct
  {
    uint32_t n;
    uint32_t taken_ms;
    AgentProcessTime times[AGENT_PROCESSES_MAX];
  } samples[2];
  uint32_t current;
  int writer; /* the worker that fills the other one, 0 for none */
} AgentProcessTimes;

/** agent_process_times_new: Returns an empty table, %NULL without memory. */
AgentProcessTimes *agent_process_times_new (void);

/** agent_process_times_free: @self: (nullable) */
void agent_process_times_free (AgentProcessTimes *self);

/** agent_process_sort_find: Returns false when no order has that name. */
bool agent_process_sort_find (const char *name, AgentProcessSort *sort);

/**
 * agent_processes_list:
 * @times: (nullable): processor time is counted from its sample; gets the next
 *
 * Returns the result of proc.list (new), %NULL without memory.
 */
json_t *agent_processes_list (const AgentProcessQuery *query, AgentProcessTimes *times);

/* What must be known of a process before it gets a signal. */
typedef struct
{
  pid_t pid;
  int64_t start; /* Unix time in seconds */
  bool is_kernel_thread;
} AgentProcess;

/** agent_process_read: Returns false when there is no such process. */
bool agent_process_read (pid_t pid, AgentProcess *process);
