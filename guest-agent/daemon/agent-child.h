/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <stdbool.h>
#include <sys/types.h>

typedef struct Agent Agent;

/* Who waits for which child process. */

#define AGENT_CHILDREN_MAX 48

/* @status: as waitpid() gives it; @cpu_ms, @max_rss_kb: of the child and what it waited for */
typedef struct
{
  pid_t pid;
  int status;
  long cpu_ms;
  long max_rss_kb;
} AgentExit;

typedef void (*AgentChildFunc) (Agent *agent, const AgentExit *exit, void *data);

typedef struct
{
  struct
  {
    pid_t pid; /* 0: free */
    AgentChildFunc func;
    void *data;
  } children[AGENT_CHILDREN_MAX];
} AgentChildren;

/** agent_child_has_room: Returns whether one more can be watched; ask before the fork. */
bool agent_child_has_room (const Agent *agent);

/** agent_child_watch: @func is called once, when @pid has ended. */
void agent_child_watch (Agent *agent, pid_t pid, AgentChildFunc func, void *data);

/** agent_child_forget: @pid is still reaped, but nobody is told. */
void agent_child_forget (Agent *agent, pid_t pid);

/** agent_children_reap: SIGCHLD came. */
void agent_children_reap (Agent *agent);

/**
 * agent_child_clean:
 *
 * In a child, after the fork: signals as a program expects them, no descriptor above 2 but @keep
 * (-1 for none), the OOM score of ordinary processes. Does not change the user.
 */
void agent_child_clean (int keep);
