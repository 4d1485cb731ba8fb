/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "kvmm-console-view.h"

G_BEGIN_DECLS

/* What travels between this computer and a guest beside its screen: the clipboard, sound, USB
 * devices, files. Says in which direction, and why not in the other. Main thread only. */
#define KVMM_TYPE_CONSOLE_SHARING (kvmm_console_sharing_get_type ())
G_DECLARE_FINAL_TYPE (KvmmConsoleSharing, kvmm_console_sharing, KVMM, CONSOLE_SHARING, GtkPopover)

/** kvmm_console_sharing_set_machine: @machine: what is set for @domain */
void
kvmm_console_sharing_set_machine (KvmmConsoleSharing *self, KvmmDomain *domain, GSettings *machine);
/** kvmm_console_sharing_set_view: @view: (nullable): the screen that is looked at; call it again
 * when it changed */
void kvmm_console_sharing_set_view (KvmmConsoleSharing *self, KvmmConsoleView *view);

G_END_DECLS
