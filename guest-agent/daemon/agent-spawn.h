/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <stdbool.h>

#include "daemon/agent-users.h"

/* How a program that the host asked for begins: what it is, as whom, where, with what. */

typedef struct
{
  const char *path; /* absolute; never looked for */
  char **argv;
  char **environment;
  const char *cwd;
  bool cwd_or_root; /* "/" if it cannot be entered */
  AgentUser user;
  bool no_new_privs; /* set-user-ID programs gain nothing */
  bool limited;      /* so many processes and no more */
  int in;            /* what becomes 0, 1 and 2 */
  int out;
  int err;
  bool terminal; /* @in is one, and becomes the controlling terminal */
} AgentSpawn;

/* Where a child failed before the program began. */
typedef enum
{
  AGENT_SPAWN_FORK,
  AGENT_SPAWN_SETUP,
  AGENT_SPAWN_USER,
  AGENT_SPAWN_CWD,
  AGENT_SPAWN_EXEC,
} AgentSpawnStage;

typedef struct
{
  int stage; /* AgentSpawnStage */
  int error; /* errno */
} AgentSpawnFailure;

/**
 * agent_spawn_exec:
 * @cgroup_fd: the directory of its control group, -1 for none
 * @report_fd: close-on-exec; gets an AgentSpawnFailure, or is closed by the program's begin
 *
 * In the child: becomes the program. Never returns.
 */
void agent_spawn_exec (const AgentSpawn *self, int cgroup_fd, int report_fd)
    __attribute__ ((noreturn));
