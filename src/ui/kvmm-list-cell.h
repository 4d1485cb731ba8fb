/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "kvmm-list-column.h"

G_BEGIN_DECLS

/* One cell of the list of machines: a single widget without children that draws its icon, text and
 * sparkline itself. Main thread only. */

#define KVMM_LIST_CELL_ICON_SIZE 16
/* Samples of the sparkline. */
#define KVMM_LIST_CELL_SPARK_SAMPLES 60

typedef struct _KvmmListRows KvmmListRows;

#define KVMM_TYPE_LIST_CELL (kvmm_list_cell_get_type ())
G_DECLARE_FINAL_TYPE (KvmmListCell, kvmm_list_cell, KVMM, LIST_CELL, GtkWidget)

/** kvmm_list_cell_new: @rows: (transfer none): shared by all cells of one list */
GtkWidget *kvmm_list_cell_new (KvmmListRows *rows, KvmmListColumn column);
/** kvmm_list_cell_bind: @domain: (nullable): %NULL unbinds */
void kvmm_list_cell_bind (KvmmListCell *self, KvmmDomain *domain);
KvmmDomain *kvmm_list_cell_get_domain (KvmmListCell *self); /* (nullable) */

/** kvmm_list_cell_update: reads the text anew; @figures_only: only statistics changed */
void kvmm_list_cell_update (KvmmListCell *self, gboolean figures_only);
/** kvmm_list_cell_get_is_culled: whether nothing was drawn last, being outside the visible part */
gboolean kvmm_list_cell_get_is_culled (KvmmListCell *self);
/** kvmm_list_cell_reveal: draws the cell, which has come into view by scrolling */
void kvmm_list_cell_reveal (KvmmListCell *self);

G_END_DECLS
