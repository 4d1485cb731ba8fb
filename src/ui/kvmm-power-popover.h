/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* Everything that can be done to a machine's power; what cannot be done now says why. Follows the
 * machine. Main thread only. */
#define KVMM_TYPE_POWER_POPOVER (kvmm_power_popover_get_type ())
G_DECLARE_FINAL_TYPE (KvmmPowerPopover, kvmm_power_popover, KVMM, POWER_POPOVER, GtkPopover)

GtkWidget *kvmm_power_popover_new (KvmmDomain *domain);

G_END_DECLS
