/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "console/kvmm-terminal.h"

G_BEGIN_DECLS

/* The bar that finds text in a terminal. Main thread only.
 *
 * Property "terminal" (write only): the one that is searched. */
#define KVMM_TYPE_TERMINAL_SEARCH (kvmm_terminal_search_get_type ())
G_DECLARE_FINAL_TYPE (KvmmTerminalSearch, kvmm_terminal_search, KVMM, TERMINAL_SEARCH, AdwBin)

/** kvmm_terminal_search_start: shows the entry and gives it the keyboard */
void kvmm_terminal_search_start (KvmmTerminalSearch *self);

G_END_DECLS
