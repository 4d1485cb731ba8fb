/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* Says that a machine has a mouse only, whose pointer has to be held in the guest, and offers to
 * give it a tablet. Hidden while that is not so, or was dismissed. Main thread only. */
#define KVMM_TYPE_CONSOLE_TABLET_BAR (kvmm_console_tablet_bar_get_type ())
G_DECLARE_FINAL_TYPE (
    KvmmConsoleTabletBar, kvmm_console_tablet_bar, KVMM, CONSOLE_TABLET_BAR, AdwBin)

void kvmm_console_tablet_bar_set_domain (KvmmConsoleTabletBar *self, KvmmDomain *domain);
/** kvmm_console_tablet_bar_set_is_wanted: the guest's pointer is relative, for want of a tablet */
void kvmm_console_tablet_bar_set_is_wanted (KvmmConsoleTabletBar *self, gboolean is_wanted);

G_END_DECLS
