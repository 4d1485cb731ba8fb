/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <stdbool.h>

/* A control group (version 2) for each job, below the agent's own, where the guest has them and
 * lets us (Delegate=yes). No controller is switched on in it: it only holds the processes together.
 */

#define AGENT_CGROUP_PATH_SIZE 512

/**
 * agent_cgroup_create:
 * @path: (out): AGENT_CGROUP_PATH_SIZE bytes; "" when there is none
 * @number: of the job
 *
 * Returns its directory, close-on-exec, -1 when this guest has none for us.
 */
int agent_cgroup_create (char *path, long long number);

/** agent_cgroup_enter: the calling process, and all its children from now on. */
bool agent_cgroup_enter (int fd);

/** agent_cgroup_signal: each process in it gets @signal once; SIGKILL: none is left, also if they
 * fork. */
void agent_cgroup_signal (int fd, int signal);

/** agent_cgroup_remove: kills what is still in it. Returns false while something is. */
bool agent_cgroup_remove (const char *path);
