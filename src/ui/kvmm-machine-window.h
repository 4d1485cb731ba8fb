/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "kvmm-console-page.h"
#include "model/kvmm-domain.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* One machine's own window: Console, Overview, Guest, Terminal, Hardware, XML, Log. Main thread
 * only. */

#define KVMM_TYPE_MACHINE_WINDOW (kvmm_machine_window_get_type ())
G_DECLARE_FINAL_TYPE (
    KvmmMachineWindow, kvmm_machine_window, KVMM, MACHINE_WINDOW, AdwApplicationWindow)

/** kvmm_machine_window_present: shows the window of @domain: the one that is open already, or a new
 * one.
 *  @page: (nullable): "console", "overview", "guest", "terminal", "hardware", "xml", "log" */
void kvmm_machine_window_present (GtkApplication *application,
                                  KvmmSettings *settings,
                                  KvmmDomain *domain,
                                  const char *page);

/** kvmm_machine_window_present_console: puts consoles that stood in a window of their own into that
 * of their machine. @page: without a parent */
void kvmm_machine_window_present_console (GtkApplication *application,
                                          KvmmSettings *settings,
                                          KvmmConsolePage *page);

G_END_DECLS
