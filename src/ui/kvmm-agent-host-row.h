/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-connection.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* Where the agent disc of one connection comes from: what is taken, and below it each place that
 * was looked at and why it was left; the upload to that host; what older versions are there. It
 * looks when it is made, and after it has changed something. Main thread only. */
#define KVMM_TYPE_AGENT_HOST_ROW (kvmm_agent_host_row_get_type ())
G_DECLARE_FINAL_TYPE (KvmmAgentHostRow, kvmm_agent_host_row, KVMM, AGENT_HOST_ROW, AdwExpanderRow)

GtkWidget *kvmm_agent_host_row_new (KvmmSettings *settings, KvmmConnection *connection);

G_END_DECLS
