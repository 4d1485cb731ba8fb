/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "agent/kvmm-agent-exec.h"
#include "console/kvmm-terminal.h"
#include "model/kvmm-guest.h"

G_BEGIN_DECLS

/* One terminal of a guest, from its opening to what is said when it has ended, and the search in
 * it. Main thread only.
 *
 * Signals: "state-changed"; "rung". */
#define KVMM_TYPE_TERMINAL_TAB (kvmm_terminal_tab_get_type ())
G_DECLARE_FINAL_TYPE (KvmmTerminalTab, kvmm_terminal_tab, KVMM, TERMINAL_TAB, AdwBin)

typedef enum
{
  KVMM_TERMINAL_TAB_OPENING,
  KVMM_TERMINAL_TAB_RUNNING,
  KVMM_TERMINAL_TAB_ENDED,  /* the program did */
  KVMM_TERMINAL_TAB_LOST,   /* the session did, and the program with it */
  KVMM_TERMINAL_TAB_FAILED, /* it could not be opened */
} KvmmTerminalTabState;

/** kvmm_terminal_tab_new: opens a terminal at once */
GtkWidget *kvmm_terminal_tab_new (KvmmGuest *guest, KvmmAgentTerminalMode mode);
KvmmTerminalTabState kvmm_terminal_tab_get_state (KvmmTerminalTab *self);
/** kvmm_terminal_tab_get_terminal: Returns: (transfer none) */
KvmmTerminal *kvmm_terminal_tab_get_terminal (KvmmTerminalTab *self);
/** kvmm_terminal_tab_has_work: Returns: whether something was typed to a program that still runs */
gboolean kvmm_terminal_tab_has_work (KvmmTerminalTab *self);
/** kvmm_terminal_tab_start_search: shows the search entry and gives it the keyboard */
void kvmm_terminal_tab_start_search (KvmmTerminalTab *self);

G_END_DECLS
