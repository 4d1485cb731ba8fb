/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-domain.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* The list of machines: filtered, searched, sorted, selected. Main thread only.
 *
 * Signals: "open" (KvmmDomain): double click or Enter; "selection-changed"; "shown-changed": the
 * number of machines shown; "context-menu" (GdkRectangle in the list's coordinates). */

#define KVMM_MACHINE_LIST_ALL "all"
#define KVMM_MACHINE_LIST_RUNNING "running"
#define KVMM_MACHINE_LIST_STOPPED "stopped"

#define KVMM_TYPE_MACHINE_LIST (kvmm_machine_list_get_type ())
G_DECLARE_FINAL_TYPE (KvmmMachineList, kvmm_machine_list, KVMM, MACHINE_LIST, AdwBin)

/** kvmm_machine_list_set_model: called once. @domains: a flat GListModel of KvmmDomain */
void
kvmm_machine_list_set_model (KvmmMachineList *self, KvmmSettings *settings, GListModel *domains);
/** kvmm_machine_list_set_is_grid: shows the same machines, with the same ones selected, as a grid
 * of their screens instead of rows. %FALSE at first */
void kvmm_machine_list_set_is_grid (KvmmMachineList *self, gboolean is_grid);
gboolean kvmm_machine_list_get_is_grid (KvmmMachineList *self);
/** kvmm_machine_list_set_scope: @scope: "all", "running", "stopped" or a connection's URI */
void kvmm_machine_list_set_scope (KvmmMachineList *self, const char *scope);
/** kvmm_machine_list_set_search: @text: (nullable): words that must all be found */
void kvmm_machine_list_set_search (KvmmMachineList *self, const char *text);
/** kvmm_machine_list_get_n_shown: Returns: the number of machines that pass scope and search */
guint kvmm_machine_list_get_n_shown (KvmmMachineList *self);
/** kvmm_machine_list_dup_selected: Returns: (transfer full) (element-type KvmmDomain): in the order
 * shown */
GPtrArray *kvmm_machine_list_dup_selected (KvmmMachineList *self);
guint kvmm_machine_list_get_n_selected (KvmmMachineList *self);
void kvmm_machine_list_unselect_all (KvmmMachineList *self);
/** kvmm_machine_list_grab_focus: gives the focus to the rows, not to the headers */
void kvmm_machine_list_grab_focus (KvmmMachineList *self);
void kvmm_machine_list_set_show_connection (KvmmMachineList *self, gboolean show);
/** kvmm_machine_list_get_columns_menu: Returns: (transfer none): toggles for "choose columns" */
GMenuModel *kvmm_machine_list_get_columns_menu (KvmmMachineList *self);
/** kvmm_machine_list_get_sort_menu: Returns: (transfer none): what to sort by */
GMenuModel *kvmm_machine_list_get_sort_menu (KvmmMachineList *self);
/** kvmm_machine_list_get_columns_actions: Returns: (transfer none): for insertion as "columns" */
GActionGroup *kvmm_machine_list_get_columns_actions (KvmmMachineList *self);

G_END_DECLS
