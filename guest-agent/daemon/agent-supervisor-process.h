/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "daemon/agent-spawn.h"

/* What the two ends of a supervisor's socket say; each is one packet. */

typedef enum
{
  AGENT_REPORT_STARTED,
  AGENT_REPORT_FAILED,
  AGENT_REPORT_EXITED,
} AgentReportKind;

typedef struct
{
  int kind; /* AgentReportKind */
  int pid;
  AgentSpawnFailure failure;
  int status;
  long cpu_ms;
  long max_rss_kb;
} AgentReport;

typedef enum
{
  AGENT_ORDER_SIGNAL,
  AGENT_ORDER_STOP,
  AGENT_ORDER_KILL,
} AgentOrderKind;

typedef struct
{
  int kind; /* AgentOrderKind */
  int signal;
} AgentOrder;

/** agent_supervisor_run: the supervisor itself, in its own process. Never returns. */
void agent_supervisor_run (const AgentSpawn *spawn, int socket, int cgroup_fd, const char *cgroup)
    __attribute__ ((noreturn));
