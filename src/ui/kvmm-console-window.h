/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "kvmm-console-page.h"
#include "model/kvmm-domain.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* A window with consoles outside of the windows of their machines: one, or several as tabs. Main
 * thread only. */
#define KVMM_TYPE_CONSOLE_WINDOW (kvmm_console_window_get_type ())
G_DECLARE_FINAL_TYPE (
    KvmmConsoleWindow, kvmm_console_window, KVMM, CONSOLE_WINDOW, AdwApplicationWindow)

/** kvmm_console_window_take: @page: without a parent, connection and all. Shows it in a new window,
 * or in a tab of the one that is there, as the settings say. */
void kvmm_console_window_take (GtkApplication *application,
                               KvmmSettings *settings,
                               KvmmConsolePage *page);
/** kvmm_console_window_find: Returns: (transfer none) (nullable): the console of @domain that
 * stands in such a window */
KvmmConsolePage *kvmm_console_window_find (GtkApplication *application, KvmmDomain *domain);
/** kvmm_console_window_show: brings a found console to the front */
void kvmm_console_window_show (KvmmConsolePage *page);
/** kvmm_console_window_give_back: puts a found console into its machine's window */
void kvmm_console_window_give_back (KvmmConsolePage *page);

G_END_DECLS
