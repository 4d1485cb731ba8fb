/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "kvmm-list-rows.h"

#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* The columns of one GtkColumnView: which are shown, their order, widths and the sorted one, kept
 * in the settings. Main thread only. */

#define KVMM_TYPE_LIST_COLUMNS (kvmm_list_columns_get_type ())
G_DECLARE_FINAL_TYPE (KvmmListColumns, kvmm_list_columns, KVMM, LIST_COLUMNS, GObject)

/** Signal "sort-changed": another column or another direction */

/** kvmm_list_columns_new: fills @view; @rows is shared with every cell */
KvmmListColumns *
kvmm_list_columns_new (GtkColumnView *view, KvmmListRows *rows, KvmmSettings *settings);
KvmmListColumn kvmm_list_columns_get_sort_column (KvmmListColumns *self);
gboolean kvmm_list_columns_get_sort_descending (KvmmListColumns *self);
/** kvmm_list_columns_get_actions: Returns: (transfer none): one toggle per column, to be inserted
 * as "columns" */
GActionGroup *kvmm_list_columns_get_actions (KvmmListColumns *self);
/** kvmm_list_columns_get_menu: Returns: (transfer none): the toggles as a menu */
GMenuModel *kvmm_list_columns_get_menu (KvmmListColumns *self);
/** kvmm_list_columns_get_sort_menu: Returns: (transfer none): the same by keyboard as a click on a
 * header */
GMenuModel *kvmm_list_columns_get_sort_menu (KvmmListColumns *self);
/** kvmm_list_columns_set_show_connection: the connection's column shows itself when there are
 * several */
void kvmm_list_columns_set_show_connection (KvmmListColumns *self, gboolean show);

G_END_DECLS
