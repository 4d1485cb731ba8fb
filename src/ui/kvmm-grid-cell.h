/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "kvmm-thumbnails.h"

G_BEGIN_DECLS

/* One machine of the grid: its screen, its state and its name. Draws all of it itself, since some
 * hundred of them are made at once. Main thread only. */

#define KVMM_TYPE_GRID_CELL (kvmm_grid_cell_get_type ())
G_DECLARE_FINAL_TYPE (KvmmGridCell, kvmm_grid_cell, KVMM, GRID_CELL, GtkWidget)

GtkWidget *kvmm_grid_cell_new (KvmmThumbnails *thumbnails);
/** kvmm_grid_cell_bind: @domain: (nullable): shows nothing */
void kvmm_grid_cell_bind (KvmmGridCell *self, KvmmDomain *domain);
/** kvmm_grid_cell_get_domain: Returns: (nullable) (transfer none) */
KvmmDomain *kvmm_grid_cell_get_domain (KvmmGridCell *self);

G_END_DECLS
