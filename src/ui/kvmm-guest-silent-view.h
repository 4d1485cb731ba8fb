/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-agent-install.h"
#include "model/kvmm-domain.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* Why nothing is known about the inside of a machine, and the one button that mends it. Main thread
 * only. */
#define KVMM_TYPE_GUEST_SILENT_VIEW (kvmm_guest_silent_view_get_type ())
G_DECLARE_FINAL_TYPE (
    KvmmGuestSilentView, kvmm_guest_silent_view, KVMM, GUEST_SILENT_VIEW, GtkWidget)

/** kvmm_guest_silent_view_new: @install: the way to the agent, shown while it is open */
GtkWidget *
kvmm_guest_silent_view_new (KvmmSettings *settings, KvmmDomain *domain, KvmmAgentInstall *install);

G_END_DECLS
