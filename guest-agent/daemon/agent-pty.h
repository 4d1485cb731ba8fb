/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <jansson.h>

#include <stdbool.h>
#include <stdint.h>

#include "daemon/agent-loop.h"
#include "daemon/agent-pump.h"
#include "daemon/agent-supervisor.h"
#include "protocol/kvma-limits.h"

/* Terminals of the host. A terminal belongs to the session: it is hung up when that ends, or when
 * the host closes its stream; what does not go is killed. */

typedef struct
{
  const char *path;
  char *const *argv;
  AgentUser user;
  bool login; /* the program asks who it is, and sets everything itself */
  unsigned short columns;
  unsigned short rows;
  const char *term;
} AgentPtyRequest;

typedef struct
{
  Agent *agent;
  int64_t number;
  AgentSupervisor supervisor;
  AgentTimer timer; /* the program does not begin, or does not end */
  AgentCall *call;  /* until the program began; NULL: cancelled, or answered */
  uint64_t audit;
  int terminal; /* our end; for its size. -1: closed */
  AgentPump pump;
  bool began;
  bool exited;
  bool finished;
  bool held; /* not to be freed now */
  bool stuck;
  AgentExit exit;
} AgentPty;

typedef struct
{
  AgentPty *ptys[KVMA_PTYS_MAX]; /* NULL: free */
  int64_t last_number;
} AgentPtys;

/** agent_pty_start: replies to @call when the program has begun, or why not. */
void agent_pty_start (Agent *agent, AgentCall *call, const AgentPtyRequest *request);

/** agent_pty_find: Returns %NULL when there is no such terminal (any more). */
AgentPty *agent_pty_find (Agent *agent, int64_t number);

/** agent_pty_resize: Returns false, with errno. */
bool agent_pty_resize (AgentPty *self, unsigned short columns, unsigned short rows);

/** agent_pty_hang_up: as if the line was cut. */
void agent_pty_hang_up (AgentPty *self);

/** agent_ptys_session_ended: hangs up all. */
void agent_ptys_session_ended (Agent *agent);

void agent_ptys_clear (Agent *agent);
