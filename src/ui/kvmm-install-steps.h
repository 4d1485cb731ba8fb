/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-agent-install.h"

G_BEGIN_DECLS

/* The way to a working agent in one machine: a row for each step with its state, one button that
 * moves on, and what a person types in the guest. Main thread only. */
#define KVMM_TYPE_INSTALL_STEPS (kvmm_install_steps_get_type ())
G_DECLARE_FINAL_TYPE (KvmmInstallSteps, kvmm_install_steps, KVMM, INSTALL_STEPS, AdwBin)

/** kvmm_install_steps_new: @install: (transfer none): may be shown elsewhere, too */
GtkWidget *kvmm_install_steps_new (KvmmAgentInstall *install);

G_END_DECLS
