/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <jansson.h>

#include <stdbool.h>

#include "daemon/agent-users.h"

/* The environment of programs that the host asked for: made anew, nothing in it by accident. */

#define AGENT_STANDARD_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/** agent_environment_is_name: Returns whether @name may stand before a "=". */
bool agent_environment_is_name (const char *name);

/** agent_environment_is_refused: Returns whether the loader, a shell or an interpreter would obey
 * @name. */
bool agent_environment_is_refused (const char *name);

/**
 * agent_environment_new:
 * @keep: (nullable): names that are taken over from the agent's own environment
 * @extra: (nullable): an object of strings with valid names; those that are refused are left out
 * @term: (nullable): TERM
 *
 * Returns a list that ends with NULL, for agent_strings_free(); %NULL without memory.
 */
char **agent_environment_new (const AgentUser *user,
                              char *const *keep,
                              const json_t *extra,
                              const char *term);

/** agent_strings_add: appends a copy of @text to *@list (nullable). Returns false without memory.
 */
bool agent_strings_add (char ***list, const char *text);

/** agent_strings_free: @list: (nullable) */
void agent_strings_free (char **list);
