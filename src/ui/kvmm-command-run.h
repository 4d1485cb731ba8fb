/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "agent/kvmm-agent-exec.h"
#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* One command in a guest: what it writes while it runs, how it ended. Keeps the newest
 * KVMM_COMMAND_RUN_MAX_BYTES of its output. Closing it ends the command. Main thread only. */

#define KVMM_COMMAND_RUN_MAX_BYTES (5 * 1024 * 1024)

/* Signal "closed": the person wants it gone. */
#define KVMM_TYPE_COMMAND_RUN (kvmm_command_run_get_type ())
G_DECLARE_FINAL_TYPE (KvmmCommandRun, kvmm_command_run, KVMM, COMMAND_RUN, AdwBin)

/** kvmm_command_run_new: starts @line, which is copied; @title: what was asked for, plain text */
GtkWidget *
kvmm_command_run_new (KvmmDomain *domain, const KvmmAgentCommandLine *line, const char *title);
gboolean kvmm_command_run_get_is_over (KvmmCommandRun *self);

G_END_DECLS
