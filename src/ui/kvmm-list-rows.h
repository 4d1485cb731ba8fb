/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "kvmm-list-cell.h"

G_BEGIN_DECLS

/* Brings news of machines to the cells that show them. Main thread only.
 *
 * GtkColumnView realizes about 200 rows whatever fits on the screen. One handler per machine (not
 * per cell) marks its row dirty, one tick callback updates the dirty rows before the frame is
 * drawn, and cells outside the visible part neither make a layout nor ask to be drawn. */

#define KVMM_TYPE_LIST_ROWS (kvmm_list_rows_get_type ())
G_DECLARE_FINAL_TYPE (KvmmListRows, kvmm_list_rows, KVMM, LIST_ROWS, GObject)

/** kvmm_list_rows_new: @view: (unowned): the scrollable that clips the cells; outlives the rows */
KvmmListRows *kvmm_list_rows_new (GtkWidget *view);
void kvmm_list_rows_attach (KvmmListRows *self, KvmmListCell *cell, KvmmDomain *domain);
void kvmm_list_rows_detach (KvmmListRows *self, KvmmListCell *cell, KvmmDomain *domain);

/** kvmm_list_rows_get_line_height: Returns: the height of one line of text in pixels */
int kvmm_list_rows_get_line_height (KvmmListRows *self);
/** kvmm_list_rows_style_changed: the font may be another one */
void kvmm_list_rows_style_changed (KvmmListRows *self);
/** kvmm_list_rows_create_layout: Returns: (transfer full) */
PangoLayout *kvmm_list_rows_create_layout (KvmmListRows *self, const char *text);
/** kvmm_list_rows_get_icon: Returns: (transfer none): a symbolic icon of 16 pixels */
GdkPaintable *kvmm_list_rows_get_icon (KvmmListRows *self, const char *icon_name);
/** kvmm_list_rows_is_visible: whether @cell is within the visible part */
gboolean kvmm_list_rows_is_visible (KvmmListRows *self, GtkWidget *cell);

G_END_DECLS
