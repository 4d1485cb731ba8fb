/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* How a shut down or restart of a machine goes: what is waited for and how long yet, and what can
 * be done when nobody reacts. Hidden while there is nothing to say. Main thread only. */
#define KVMM_TYPE_SHUTDOWN_BAR (kvmm_shutdown_bar_get_type ())
G_DECLARE_FINAL_TYPE (KvmmShutdownBar, kvmm_shutdown_bar, KVMM, SHUTDOWN_BAR, AdwBin)

void kvmm_shutdown_bar_set_domain (KvmmShutdownBar *self, KvmmDomain *domain);

G_END_DECLS
