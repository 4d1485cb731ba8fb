/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-facts.h"

#include "protocol/kvma-limits.h"

/* What the rest of the body (names, routes, event members) may need. */
#define BODY_RESERVE 4096
#define TOKEN_RESERVE 256

static size_t
count_tokens (json_t *value)
{
  size_t tokens = 1;
  const char *key;
  json_t *member;
  size_t i;

  json_object_foreach (value, key, member) tokens += 1 + count_tokens (member);
  json_array_foreach (value, i, member) tokens += count_tokens (member);
  return tokens;
}

void
agent_list_init (AgentList *self)
{
  self->rows = json_array ();
  self->bytes = 0;
  self->tokens = 0;
  self->total = 0;
  self->full = false;
}

void
agent_list_add (AgentList *self, json_t *row)
{
  size_t bytes, tokens;

  self->total++;
  if (!self->full)
    {
      bytes = json_dumpb (row, NULL, 0, JSON_COMPACT) + 1;
      tokens = count_tokens (row);
      self->full = json_array_size (self->rows) == KVMA_LIST_ROWS_MAX ||
                   self->bytes + bytes > KVMA_JSON_MAX - BODY_RESERVE ||
                   self->tokens + tokens > KVMA_JSON_TOKENS_MAX - TOKEN_RESERVE;
      self->bytes += bytes;
      self->tokens += tokens;
    }
  if (self->full)
    json_decref (row);
  else
    json_array_append_new (self->rows, row);
}

void
agent_list_finish (AgentList *self, json_t *object, const char *key)
{
  json_object_set_new (object, key, self->rows);
  json_object_set_new (object, "total", json_integer (self->total));
  json_object_set_new (object, "truncated", json_boolean (self->full));
  self->rows = NULL;
}
