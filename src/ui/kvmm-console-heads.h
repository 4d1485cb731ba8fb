/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "kvmm-console-view.h"

G_BEGIN_DECLS

/* The screens of a guest that has several, or could: a button with a menu, and a window for each
 * further one. Hidden for other guests. Main thread only. */
#define KVMM_TYPE_CONSOLE_HEADS (kvmm_console_heads_get_type ())
G_DECLARE_FINAL_TYPE (KvmmConsoleHeads, kvmm_console_heads, KVMM, CONSOLE_HEADS, AdwBin)

/** kvmm_console_heads_set_machine: once */
void
kvmm_console_heads_set_machine (KvmmConsoleHeads *self, KvmmSettings *settings, KvmmDomain *domain);
/** kvmm_console_heads_set_view: @view: (nullable): with the first screen; to be called again when
 * it changed. The windows go with its connection, and come back with the next picture. %NULL: a
 * serial line is looked at; the windows stay. */
void kvmm_console_heads_set_view (KvmmConsoleHeads *self, KvmmConsoleView *view);

G_END_DECLS
