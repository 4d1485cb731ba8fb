/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* Commands in a guest: those that its policy names, any other if it grants that, and what became of
 * those that were started here. Main thread only. */

/* Runs that are kept, and commands that are remembered. */
#define KVMM_COMMANDS_VIEW_MAX_RUNS 16
#define KVMM_COMMANDS_VIEW_MAX_HISTORY 50

#define KVMM_TYPE_COMMANDS_VIEW (kvmm_commands_view_get_type ())
G_DECLARE_FINAL_TYPE (KvmmCommandsView, kvmm_commands_view, KVMM, COMMANDS_VIEW, AdwBin)

GtkWidget *kvmm_commands_view_new (KvmmDomain *domain);

G_END_DECLS
