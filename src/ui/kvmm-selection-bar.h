/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* The bar at the bottom while several machines are selected: what can be done to all of them. Main
 * thread only. Its buttons activate the actions "vm.*" of the window. */

#define KVMM_TYPE_SELECTION_BAR (kvmm_selection_bar_get_type ())
G_DECLARE_FINAL_TYPE (KvmmSelectionBar, kvmm_selection_bar, KVMM, SELECTION_BAR, AdwBin)

/** kvmm_selection_bar_set_domains: @domains: (element-type KvmmDomain): shows itself for two or
 * more */
void kvmm_selection_bar_set_domains (KvmmSelectionBar *self, GPtrArray *domains);

G_END_DECLS
