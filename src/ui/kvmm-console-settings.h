/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "console/kvmm-display.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* What is set for the screens of a machine, and for all screens. Main thread only. */

/** kvmm_console_settings_follow: @machine: settings of a machine. @display has its size, clipboard
 * and keys as they are set, from now on. */
void
kvmm_console_settings_follow (KvmmDisplay *display, KvmmSettings *settings, GSettings *machine);

G_END_DECLS
