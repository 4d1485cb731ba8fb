/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "kvmm-console-page.h"

G_BEGIN_DECLS

/* The place of the consoles in a machine's window: they stand in it, or in a window of their own,
 * which it leads to then. Main thread only. */
#define KVMM_TYPE_CONSOLE_SLOT (kvmm_console_slot_get_type ())
G_DECLARE_FINAL_TYPE (KvmmConsoleSlot, kvmm_console_slot, KVMM, CONSOLE_SLOT, AdwBin)

/** kvmm_console_slot_new: the consoles are made, and go where the settings say, when it is mapped
 */
GtkWidget *kvmm_console_slot_new (KvmmSettings *settings, KvmmDomain *domain);
/** kvmm_console_slot_get_page: Returns: (transfer none) (nullable): the consoles that stand here */
KvmmConsolePage *kvmm_console_slot_get_page (KvmmConsoleSlot *self);
/** kvmm_console_slot_take: @page: of the same machine, without a parent */
void kvmm_console_slot_take (KvmmConsoleSlot *self, KvmmConsolePage *page);

G_END_DECLS
