/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "kvmm-thumbnails.h"

G_BEGIN_DECLS

/* Machines as a grid of their screens. Main thread only.
 *
 * Signals: "activate" (guint position): double click or Enter. */

#define KVMM_TYPE_MACHINE_GRID (kvmm_machine_grid_get_type ())
G_DECLARE_FINAL_TYPE (KvmmMachineGrid, kvmm_machine_grid, KVMM, MACHINE_GRID, AdwBin)

/** kvmm_machine_grid_set_model: @model: (nullable): of KvmmDomain; with %NULL nothing is kept */
void kvmm_machine_grid_set_model (KvmmMachineGrid *self, GtkSelectionModel *model);
/** kvmm_machine_grid_get_view: Returns: (transfer none): what has the keyboard */
GtkWidget *kvmm_machine_grid_get_view (KvmmMachineGrid *self);
/** kvmm_machine_grid_get_thumbnails: Returns: (transfer none) */
KvmmThumbnails *kvmm_machine_grid_get_thumbnails (KvmmMachineGrid *self);

G_END_DECLS
