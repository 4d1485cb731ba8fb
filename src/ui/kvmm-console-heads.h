/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "kvmm-console-view.h"

G_BEGIN_DECLS

/* The screens of a guest that has several, or could: a part of a menu, and a window for each
 * further one. Nothing for other guests. Main thread only. */
#define KVMM_TYPE_CONSOLE_HEADS (kvmm_console_heads_get_type ())
G_DECLARE_FINAL_TYPE (KvmmConsoleHeads, kvmm_console_heads, KVMM, CONSOLE_HEADS, GObject)

/** kvmm_console_heads_new: @page: (unowned): which gets the actions heads.*, and must outlive it;
 * @section: of a menu of that page. Returns: (transfer full) */
KvmmConsoleHeads *kvmm_console_heads_new (GtkWidget *page,
                                          GMenu *section,
                                          KvmmSettings *settings,
                                          KvmmDomain *domain);
/** kvmm_console_heads_set_view: @view: (nullable): with the first screen; to be called again when
 * it changed. The windows go with its connection, and come back with the next picture. %NULL: a
 * serial line is looked at; the windows stay. */
void kvmm_console_heads_set_view (KvmmConsoleHeads *self, KvmmConsoleView *view);

G_END_DECLS
