/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <limits.h>
#include <stdbool.h>

/* The file that a write goes to until it is whole: ".kvmma-TOKEN" beside its target, mode 0600. It
 * has a name from the beginning, or an interrupted one could not be gone on with by another
 * process. A symbolic link of the token's name in AGENT_TEMP_RECORDS says where it is: one system
 * call makes such a record, whole or not at all, and it outlives the guest. In a worker only. */

#define AGENT_TEMP_PREFIX ".kvmma-"
#define AGENT_TEMP_RECORDS "/var/lib/kvm-manager-agent/uploads"
#define AGENT_TEMP_RECORD_DAYS 30 /* then one whose file was never found is given up */

typedef struct
{
  int directory;    /* O_PATH */
  const char *name; /* of the target */
  int fd;           /* of the file, -1 */
  char file[NAME_MAX + 1];
  char token[64];
} AgentTemp;

/**
 * agent_temp_open:
 * @resume: it is there already
 *
 * @self->directory and @self->name must be set. Returns 0 or an errno.
 */
int agent_temp_open (AgentTemp *self, const char *token, bool resume);

/** agent_temp_move: to its target, and to the disk. @fresh: there must be none. Returns 0 or an
 * errno. */
int agent_temp_move (const AgentTemp *self, bool fresh);

void agent_temp_remove (const AgentTemp *self);

/** agent_temp_remove_leftovers: of all whose token does not begin with @instance. */
void agent_temp_remove_leftovers (const char *instance);
