/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The program without a window: `kvm-manager list`, `guest-info` and so on. */

/* Exit codes, documented in kvm-manager(1). */
typedef enum
{
  KVMM_EXIT_OK = 0,
  KVMM_EXIT_FAILED = 1,
  KVMM_EXIT_USAGE = 2,
  KVMM_EXIT_NOT_FOUND = 3,
  KVMM_EXIT_CONNECTION = 4,
  KVMM_EXIT_NO_AGENT = 5,
  KVMM_EXIT_REFUSED = 6,     /* by the guest's policy, or by the switch of this computer */
  KVMM_EXIT_NO_REACTION = 7, /* shutdown: the machine runs on */
  /* guest-run and guest-shell pass the exit code of the command on, so these are out of its way */
  KVMM_EXIT_COMMAND_TIMED_OUT = 124,
  KVMM_EXIT_COMMAND_FAILED = 125,
} KvmmExit;

/**
 * kvmm_cli_is_command:
 *
 * Any thread. Returns: whether the first argument that is no option names a sub-command (so that no
 * display is needed)
 */
gboolean kvmm_cli_is_command (int argc, char **argv);

/**
 * kvmm_cli_run:
 *
 * Main thread only. Parses, runs its own main loop until done, prints to stdout (results) and
 * stderr (messages).
 *
 * Returns: the exit code, see #KvmmExit
 */
int kvmm_cli_run (int argc, char **argv);

G_END_DECLS
