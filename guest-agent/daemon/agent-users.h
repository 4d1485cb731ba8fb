/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Users and groups of the guest, from /etc/passwd and /etc/group alone: what NSS would load is not
 * in a static program. */

#define AGENT_USER_NAME_SIZE 64
#define AGENT_USER_GROUPS_MAX 128

typedef struct
{
  char name[AGENT_USER_NAME_SIZE];
  uid_t uid;
  gid_t gid;
  char home[512];
  char shell[256];
  gid_t groups[AGENT_USER_GROUPS_MAX]; /* @gid first */
  int n_groups;
} AgentUser;

/** agent_user_find: Returns false when there is no such user, or its line is faulty. */
bool agent_user_find (const char *name, AgentUser *out);
