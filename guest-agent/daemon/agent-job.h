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

/* Commands of the host. A job is a program and all that descends from it: it keeps its place until
 * nothing of it is left, also when the program itself has ended and told its exit long ago. */

#define AGENT_JOB_STUCK_MS 5000 /* after KILL: then it will not end at all */

/* A program that has told its exit is counted against the policy's max-jobs again when something of
 * it is still there after so long: its supervisor needs a moment to see that nothing is. */
#define AGENT_JOB_REST_MS 1000
#define AGENT_JOB_PLACES (2 * KVMA_EXEC_JOBS_MAX)

typedef enum
{
  AGENT_STDERR_STREAM,
  AGENT_STDERR_MERGE,
  AGENT_STDERR_DISCARD,
} AgentStderr;

/* What a method asks for; everything is checked. */
typedef struct
{
  const char *const *argv;
  const json_t *environment; /* (nullable) */
  const char *cwd;
  AgentUser user;
  bool input;
  AgentStderr error_output;
  int64_t timeout_ms;
  bool kill_on_disconnect;
} AgentJobRequest;

typedef struct
{
  Agent *agent;
  int64_t number;
  AgentSupervisor supervisor;
  AgentTimer timer; /* the timeout; then, that it is stuck */
  AgentCall *call;  /* until the program began; NULL: cancelled, or answered */
  uint64_t audit;
  int fds[3]; /* our ends of the pipes, until the program began */
  AgentPump out;
  AgentPump err;
  uint32_t err_id; /* 0: no stream of its own */
  bool input;
  bool began;
  bool exited;
  bool finished; /* @exited, and its output went where it could */
  uint64_t finished_ms;
  bool dead;  /* KILL was sent */
  bool stuck; /* and had no effect */
  bool held;  /* not to be freed now */
  bool timed_out;
  bool kill_on_disconnect;
  AgentExit exit;
  char command[KVMA_TEXT_MAX + 1];
  char user[AGENT_USER_NAME_SIZE];
  int64_t started_ms; /* Unix time */
  int64_t timeout_ms;
} AgentJob;

typedef struct
{
  AgentJob *jobs[AGENT_JOB_PLACES]; /* NULL: free */
  int64_t last_number;
} AgentJobs;

/** agent_job_start: replies to @call when the program has begun, or why not. */
void agent_job_start (Agent *agent, AgentCall *call, const AgentJobRequest *request);

/** agent_job_find: Returns %NULL when there is no such job (any more). */
AgentJob *agent_job_find (Agent *agent, int64_t number);

/** agent_jobs_to_json: Returns the rows of exec.jobs (new). */
json_t *agent_jobs_to_json (Agent *agent);

/** agent_jobs_session_ended: stops those that end with it. */
void agent_jobs_session_ended (Agent *agent);

/** agent_jobs_policy_changed: kills what is not allowed any more. */
void agent_jobs_policy_changed (Agent *agent);

void agent_jobs_clear (Agent *agent);
