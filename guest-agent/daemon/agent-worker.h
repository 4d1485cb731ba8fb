/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <jansson.h>

#include <stdbool.h>
#include <stdint.h>

#include "daemon/agent-rpc.h"
#include "daemon/agent-stream.h"

/* Work that may block for ever (a dead network mount, a slow disk, a hung tool) runs in a child
 * process with a deadline; the loop only reads its answer from a pipe. */

#define AGENT_WORKERS_MAX 16
#define AGENT_WORKER_STUCK_MAX 8 /* killed and not gone: in the kernel for ever; beyond, BUSY */

typedef struct AgentAnswer AgentAnswer; /* the child's end */
typedef struct AgentWorker AgentWorker;

typedef struct
{
  AgentWorker *running[AGENT_WORKERS_MAX]; /* got when they start */
  int last_id;
  unsigned int stuck; /* killed and not yet reaped */
} AgentWorkers;

/* Runs in the child, which ends when it returns. Answers by agent_answer_*(); no answer is
 * -32603. @input: as given to start (the child has a copy of all memory). */
typedef void (*AgentWorkFunc) (Agent *agent, void *input, AgentAnswer *answer);

/** agent_answer_result: @result: (transfer full) */
void agent_answer_result (AgentAnswer *self, json_t *result);

/** agent_answer_error: @system_error: errno (`data.errno`), 0 for none */
void agent_answer_error (AgentAnswer *self, int code, const char *message, int system_error);

/**
 * agent_worker_call:
 * @deadline_ms: then the child is killed and the call gets -32003
 *
 * The answer of @run becomes the reply of @call. agent.cancel and the end of the session kill the
 * child.
 */
void agent_worker_call (
    Agent *agent, AgentCall *call, uint32_t deadline_ms, AgentWorkFunc run, void *input);

/* How a worker with a stream ended. @answer: (nullable): what it answered (borrowed); @error as in
 * a reply, with @answer NULL. */
typedef void (*AgentWorkDone) (Agent *agent, json_t *answer, json_t *error, void *data);

/**
 * agent_worker_start:
 * @out_fd, @in_fd: (out) (nullable): pipes from and to the child's descriptors 1 and 0; NULL for
 *   /dev/null
 * @done: called once when it has ended, unless it was stopped
 *
 * The same without a call. Returns an id, 0 when there are too many.
 */
int agent_worker_start (Agent *agent,
                        uint32_t deadline_ms,
                        AgentWorkFunc run,
                        void *input,
                        int *out_fd,
                        int *in_fd,
                        AgentWorkDone done,
                        void *data);

/** agent_worker_stop: kills it; @done is not called. Harmless when it has ended. */
void agent_worker_stop (Agent *agent, int id);

/** agent_worker_touch: it makes progress: its deadline begins anew. */
void agent_worker_touch (Agent *agent, int id);

void agent_workers_init (Agent *agent);
void agent_workers_clear (Agent *agent);

/**
 * agent_tool_output:
 * @argv: argv[0] is looked for in the directories of the standard PATH, nowhere else
 * @max: bytes kept of its output
 *
 * In a worker only: runs one of the guest's own tools (systemctl, chpasswd) with a clean
 * environment and @input (nullable) at its standard input. Returns its exit code, -1 when there is
 * no such tool; *@output (out) (nullable) ends with a 0 byte and is the caller's.
 */
int agent_tool_output (const char *const *argv, const char *input, size_t max, char **output);

/** agent_tool_output_within: like it, without input; a tool that takes longer than @patience_ms is
 * killed, and -1 returned. */
int agent_tool_output_within (const char *const *argv,
                              unsigned int patience_ms,
                              size_t max,
                              char **output);
