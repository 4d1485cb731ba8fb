/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent.h"

#include <stdio.h>
#include <string.h>

#include "protocol/kvma-json.h"

/* Room for one reply that says nothing but why there is no better one. */
#define CACHE_NEVER 0

static void
remember (AgentRpc *self, int64_t id, json_t *body)
{
  AgentCachedReply *entry = &self->cache[self->cache_next];
  size_t length = json_dumpb (body, entry->text, sizeof entry->text, JSON_COMPACT);

  if (length == 0 || length > sizeof entry->text)
    {
      entry->id = CACHE_NEVER;
      return;
    }
  entry->id = id;
  entry->length = (uint16_t) length;
  self->cache_next = (self->cache_next + 1) % KVMA_REPLY_CACHE;
}

static json_t *
error_body (json_t *id, int code, const char *message, json_t *data)
{
  json_t *error = json_pack ("{si}", "code", code);

  agent_json_set_text (error, "message", message);
  if (data != NULL)
    json_object_set_new (error, "data", data);
  return json_pack ("{ss so so}", "jsonrpc", "2.0", "id", id, "error", error);
}

/* A reply that does not fit, or that the rate refuses, becomes an error; that one always goes out,
 * or the host would wait for nothing. If not even that fits, the host reads nothing at all. */
static void
send_reply (Agent *agent, int64_t id, json_t *body)
{
  bool too_large;
  json_t *error;

  if (agent_link_send_json (agent, KVMA_KIND_REPLY, body, true, &too_large))
    return;
  error = too_large ? error_body (json_integer (id), KVMA_ERROR_TOO_LARGE, "reply too large", NULL)
                    : error_body (json_integer (id), KVMA_ERROR_RATE_LIMITED,
                                  "too many bytes in a short time", NULL);
  if (!agent_link_send_json (agent, KVMA_KIND_REPLY, error, false, NULL))
    agent_link_end_session (agent, KVMA_BYE_FLOOD, "replies are not read");
  agent_events_overload (agent);
}

static void
complete (Agent *agent, AgentCall *call, int code, json_t *body)
{
  int64_t id = call->id;

  agent_audit_end (agent, agent_audit_take (call), code, NULL);

  call->replied = true;
  call->cancel = NULL;
  remember (&agent->rpc, id, body);
  send_reply (agent, id, body);
  call->written_at = agent->link.out_queued;
}

void
agent_call_reply (Agent *agent, AgentCall *call, json_t *result)
{
  complete (
      agent, call, 0,
      json_pack ("{ss sI so}", "jsonrpc", "2.0", "id", (json_int_t) call->id, "result", result));
}

void
agent_call_error (Agent *agent, AgentCall *call, int code, const char *message, json_t *data)
{
  complete (agent, call, code, error_body (json_integer (call->id), code, message, data));
}

void
agent_params_error (Agent *agent, AgentCall *call, const char *key, const char *message)
{
  agent_call_error (agent, call, KVMA_ERROR_PARAMS, message, json_pack ("{ss}", "param", key));
}

bool
agent_params_integer (Agent *agent,
                      AgentCall *call,
                      const json_t *params,
                      const char *key,
                      int64_t low,
                      int64_t high,
                      int64_t *value)
{
  const json_t *member = json_object_get (params, key);

  if (member == NULL)
    return true;
  if (!json_is_integer (member) || json_integer_value (member) < low ||
      json_integer_value (member) > high)
    {
      agent_params_error (agent, call, key, "not an integer in range");
      return false;
    }
  *value = json_integer_value (member);
  return true;
}

bool
agent_params_boolean (
    Agent *agent, AgentCall *call, const json_t *params, const char *key, bool *value)
{
  const json_t *member = json_object_get (params, key);

  if (member == NULL)
    return true;
  if (!json_is_boolean (member))
    {
      agent_params_error (agent, call, key, "neither true nor false");
      return false;
    }
  *value = json_is_true (member);
  return true;
}

bool
agent_params_string (Agent *agent,
                     AgentCall *call,
                     const json_t *params,
                     const char *key,
                     size_t max,
                     const char **value)
{
  const json_t *member = json_object_get (params, key);

  if (member == NULL)
    return true;
  if (!json_is_string (member) || json_string_length (member) > max)
    {
      agent_params_error (agent, call, key, "not a string, or too long");
      return false;
    }
  *value = json_string_value (member);
  return true;
}

/* Without a usable id there is no call to complete. */
static void
refuse (Agent *agent, int code, const char *message)
{
  json_t *body = error_body (json_null (), code, message, NULL);

  if (!agent_link_send_json (agent, KVMA_KIND_REPLY, body, true, NULL))
    agent_link_end_session (agent, KVMA_BYE_FLOOD, "too many bad requests");
}

static void
refuse_id (Agent *agent, int64_t id, int code, const char *message)
{
  send_reply (agent, id, error_body (json_integer (id), code, message, NULL));
}

static bool
has_left (const Agent *agent, const AgentCall *call)
{
  return call->replied && call->written_at <= agent->link.out_written;
}

static AgentCall *
find_call (Agent *agent, int64_t id)
{
  for (unsigned int i = 0; i < KVMA_REQUESTS_MAX; i++)
    if (agent->rpc.calls[i].used && agent->rpc.calls[i].id == id &&
        !has_left (agent, &agent->rpc.calls[i]))
      return &agent->rpc.calls[i];
  return NULL;
}

static AgentCall *
new_call (Agent *agent, int64_t id)
{
  for (unsigned int i = 0; i < KVMA_REQUESTS_MAX; i++)
    {
      AgentCall *call = &agent->rpc.calls[i];

      if (call->used && !has_left (agent, call))
        continue;
      memset (call, 0, sizeof *call);
      call->used = true;
      call->id = id;
      return call;
    }
  return NULL;
}

static bool
answer_from_cache (Agent *agent, int64_t id)
{
  for (unsigned int i = 0; i < KVMA_REPLY_CACHE; i++)
    {
      const AgentCachedReply *entry = &agent->rpc.cache[i];

      if (entry->id != id)
        continue;
      if (!agent_link_send (agent, KVMA_KIND_REPLY, entry->text, entry->length))
        agent_link_end_session (agent, KVMA_BYE_FLOOD, "replies are not read");
      return true;
    }
  return false;
}

static void
run (Agent *agent, AgentCall *call, const char *name, const json_t *params)
{
  const AgentMethod *method = agent_method_find (name);
  bool recorded = true;
  char hint[64];

  if (method == NULL)
    {
      agent_call_error (agent, call, KVMA_ERROR_NO_METHOD, "no such method", NULL);
      return;
    }
  call->method = method;
  if (agent_audit_is_needed (method))
    recorded = agent_audit_begin (agent, call,
                                  method->describe != NULL ? method->describe (params) : NULL);
  if (!agent_policy_allows (&agent->policy, method->group))
    {
      agent_policy_hint (method->group, hint, sizeof hint);
      agent_call_error (
          agent, call, KVMA_ERROR_DENIED,
          agent->policy.error[0] != '\0' ? "denied, because the policy of this guest is faulty"
                                         : "denied by the policy of this guest",
          json_pack ("{ss ss}", "group", agent_group_name (method->group), "hint", hint));
      return;
    }
  if (recorded)
    method->run (agent, call, params);
  else
    agent_call_error (agent, call, KVMA_ERROR_AUDIT,
                      "this guest's policy requires an audit log, and it cannot be written", NULL);
}

static void
handle_object (Agent *agent, const json_t *request)
{
  const json_t *id_member = json_object_get (request, "id");
  const json_t *params = json_object_get (request, "params");
  const char *version = json_string_value (json_object_get (request, "jsonrpc"));
  const char *name = json_string_value (json_object_get (request, "method"));
  int64_t id = json_integer_value (id_member);
  AgentCall *call;

  if (!json_is_integer (id_member) || id < 1 || id > KVMA_REQUEST_ID_MAX)
    {
      refuse (agent, KVMA_ERROR_INVALID_REQUEST, "id is not an integer from 1 to 2147483647");
      return;
    }
  if (version == NULL || strcmp (version, "2.0") != 0 || name == NULL ||
      (params != NULL && !json_is_object (params)))
    {
      refuse_id (agent, id, KVMA_ERROR_INVALID_REQUEST, "not a JSON-RPC 2.0 request");
      return;
    }
  if (find_call (agent, id) != NULL)
    {
      refuse_id (agent, id, KVMA_ERROR_INVALID_REQUEST, "id is in flight");
      return;
    }
  if (answer_from_cache (agent, id))
    return;
  if (!agent_bucket_take (&agent->rpc.rate, 1))
    {
      agent_events_overload (agent);
      refuse_id (agent, id, KVMA_ERROR_RATE_LIMITED, "too many requests in a short time");
      return;
    }
  call = new_call (agent, id);
  if (call == NULL)
    refuse_id (agent, id, KVMA_ERROR_BUSY, "16 requests are in flight");
  else
    run (agent, call, name, params);
}

void
agent_rpc_handle (Agent *agent, const char *text, size_t length)
{
  KvmaJsonError error = kvma_json_check (text, length, NULL);
  json_t *request;

  agent->link.counters.requests++;
  if (error != KVMA_JSON_OK)
    {
      refuse (agent, KVMA_ERROR_PARSE, kvma_json_error_text (error));
      return;
    }
  request = json_loadb (text, length, JSON_REJECT_DUPLICATES, NULL);
  if (request == NULL)
    refuse (agent, KVMA_ERROR_PARSE, "not JSON");
  else
    handle_object (agent, request);
  json_decref (request);
}

bool
agent_rpc_cancel (Agent *agent, int64_t id)
{
  AgentCall *call = find_call (agent, id);

  if (call == NULL || call->replied || call->cancel == NULL)
    return false;
  call->cancel (agent, call);
  agent_call_error (agent, call, KVMA_ERROR_CANCELLED, "cancelled", NULL);
  return true;
}

void
agent_rpc_reset (Agent *agent)
{
  AgentRpc *self = &agent->rpc;

  for (unsigned int i = 0; i < KVMA_REQUESTS_MAX; i++)
    {
      AgentCall *call = &self->calls[i];

      if (call->used && !call->replied && call->cancel != NULL)
        call->cancel (agent, call);
      if (call->used && !call->replied)
        agent_audit_end (agent, agent_audit_take (call), KVMA_ERROR_CANCELLED, NULL);
      call->used = false;
    }
  for (unsigned int i = 0; i < KVMA_REPLY_CACHE; i++)
    self->cache[i].id = CACHE_NEVER;
}

void
agent_rpc_init (Agent *agent)
{
  memset (&agent->rpc, 0, sizeof agent->rpc);
  agent_bucket_init (&agent->rpc.rate, KVMA_REQUESTS_PER_SECOND, KVMA_REQUESTS_BURST);
}
