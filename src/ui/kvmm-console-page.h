/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-domain.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* All consoles of a machine, one at a time, and their tools: a page of the machine's window, or the
 * content of a window or tab of its own. Main thread only.
 *
 * Signals: "detach": the person wants it in a window of its own, or back. */
#define KVMM_TYPE_CONSOLE_PAGE (kvmm_console_page_get_type ())
G_DECLARE_FINAL_TYPE (KvmmConsolePage, kvmm_console_page, KVMM, CONSOLE_PAGE, AdwBin)

GtkWidget *kvmm_console_page_new (KvmmSettings *settings, KvmmDomain *domain);
KvmmDomain *kvmm_console_page_get_domain (KvmmConsolePage *self); /* (transfer none) */
/** kvmm_console_page_set_is_detached: what the menu offers: to detach it, or to put it back */
void kvmm_console_page_set_is_detached (KvmmConsolePage *self, gboolean is_detached);
/** kvmm_console_page_toggle_full_screen: of the window it is in */
void kvmm_console_page_toggle_full_screen (KvmmConsolePage *self);

G_END_DECLS
