/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <jansson.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/agent-policy.h"
#include "daemon/agent-util.h"
#include "protocol/kvma-limits.h"

typedef struct Agent Agent;
typedef struct AgentCall AgentCall;

/* JSON-RPC: requests in flight, replies, the cache that answers a repeated id. */

/* What a method does with its parameters. It replies with agent_call_reply() or agent_call_error(),
 * at once or later; until then the call is in flight. */
typedef void (*AgentMethodFunc) (Agent *agent, AgentCall *call, const json_t *params);

typedef struct
{
  const char *name;
  AgentGroup group;
  AgentMethodFunc run;
  bool audited; /* although its group is not denied by default */
  /* (nullable): what the audit says it is about (new); @params are not checked yet */
  json_t *(*describe) (const json_t *params);
} AgentMethod;

/* One request in flight: received, and its reply not yet taken by the kernel. */
struct AgentCall
{
  bool used;
  bool replied;
  int64_t id;
  uint64_t written_at; /* replied: AgentLink.out_written that means that it has left */
  const AgentMethod *method;
  uint64_t audit; /* number of its line in the audit log, 0 for none */
  void (*cancel) (Agent *agent, AgentCall *call); /* (nullable): forget the call; send nothing */
};

typedef struct
{
  int64_t id; /* 0: empty */
  uint16_t length;
  char text[KVMA_REPLY_CACHE_BYTES];
} AgentCachedReply;

typedef struct
{
  AgentCall calls[KVMA_REQUESTS_MAX];
  AgentCachedReply cache[KVMA_REPLY_CACHE];
  unsigned int cache_next;
  AgentBucket rate;
} AgentRpc;

void agent_rpc_init (Agent *agent);

/** agent_rpc_reset: the session is over: every call is cancelled, nothing is sent. */
void agent_rpc_reset (Agent *agent);

/** agent_rpc_handle: one REQUEST body, not yet checked in any way. */
void agent_rpc_handle (Agent *agent, const char *text, size_t length);

/** agent_rpc_cancel: Returns whether the call @id was in flight and is cancelled; it got -32006. */
bool agent_rpc_cancel (Agent *agent, int64_t id);

/** agent_call_reply: @result: (transfer full) */
void agent_call_reply (Agent *agent, AgentCall *call, json_t *result);

/** agent_call_error: @data: (transfer full) (nullable) */
void agent_call_error (Agent *agent, AgentCall *call, int code, const char *message, json_t *data);

/**
 * agent_params_integer:
 * @value: (inout): stays as it is when @key is missing
 *
 * Returns false after it has replied with -32602, when @key is not an integer from @low to @high.
 */
bool agent_params_integer (Agent *agent,
                           AgentCall *call,
                           const json_t *params,
                           const char *key,
                           int64_t low,
                           int64_t high,
                           int64_t *value);

/** agent_params_boolean: the same for true and false. */
bool agent_params_boolean (
    Agent *agent, AgentCall *call, const json_t *params, const char *key, bool *value);

/**
 * agent_params_string:
 * @value: (inout) (transfer none): inside @params
 *
 * The same for a string of at most @max bytes.
 */
bool agent_params_string (Agent *agent,
                          AgentCall *call,
                          const json_t *params,
                          const char *key,
                          size_t max,
                          const char **value);

/** agent_params_error: replies -32602 for @key. */
void agent_params_error (Agent *agent, AgentCall *call, const char *key, const char *message);

/** agent_method_find: Returns the method @name, %NULL when there is none. */
const AgentMethod *agent_method_find (const char *name);
