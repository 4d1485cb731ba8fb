/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <jansson.h>

#include <stdbool.h>

#include "daemon/agent-worker.h"

/* Accounts of the guest: a password as its hash, and the keys that ssh accepts. */

#define AGENT_CRYPT_MAX 512
#define AGENT_KEYS_FILE_MAX 262144
#define AGENT_KEYS_MAX 1024 /* lines with a key in a file */

typedef enum
{
  AGENT_KEYS_LIST,
  AGENT_KEYS_ADD,
  AGENT_KEYS_REMOVE,
} AgentKeysAction;

typedef struct
{
  const char *user;
  AgentKeysAction action;
  const json_t *keys; /* (nullable): array of valid key lines */
} AgentKeysOrder;

/** agent_account_name_is_valid: Returns whether @name can stand in a line of passwd. */
bool agent_account_name_is_valid (const char *name);

/** agent_crypt_hash_is_valid: Returns whether @hash is a crypt(5) hash of a known kind, and nothing
 * that would end a field or a line. */
bool agent_crypt_hash_is_valid (const char *hash);

/** agent_key_line_is_valid: Returns whether @line is one key of authorized_keys: options, type,
 * base64, comment. */
bool agent_key_line_is_valid (const char *line);

/** agent_account_set_password: in a worker only: answers user.set_password. */
void agent_account_set_password (const char *user, const char *hash, AgentAnswer *answer);

/** agent_account_keys: in a worker only: becomes the user, and answers ssh.keys. */
void agent_account_keys (const AgentKeysOrder *order, AgentAnswer *answer);
