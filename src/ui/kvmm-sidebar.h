/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-connection-list.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* All, running, stopped, and each connection: says which machines the list shows. Main thread only.
 *
 * Signals: "scope-changed"; "counts-changed": the number of machines changed, once per frame;
 * "activated": a row was clicked, also the one that was selected before. */

#define KVMM_TYPE_SIDEBAR (kvmm_sidebar_get_type ())
G_DECLARE_FINAL_TYPE (KvmmSidebar, kvmm_sidebar, KVMM, SIDEBAR, AdwBin)

/** kvmm_sidebar_set_model: called once; selects what the settings remember */
void
kvmm_sidebar_set_model (KvmmSidebar *self, KvmmSettings *settings, KvmmConnectionList *connections);
/** kvmm_sidebar_get_scope: Returns: (transfer none): as kvmm_machine_list_set_scope() takes it */
const char *kvmm_sidebar_get_scope (KvmmSidebar *self);
/** kvmm_sidebar_get_title: Returns: (transfer none): the selected row's text */
const char *kvmm_sidebar_get_title (KvmmSidebar *self);
/** kvmm_sidebar_get_connection: Returns: (nullable) (transfer none): the selected connection */
KvmmConnection *kvmm_sidebar_get_connection (KvmmSidebar *self);
/** kvmm_sidebar_select_all_machines: selects "All" */
void kvmm_sidebar_select_all_machines (KvmmSidebar *self);

G_END_DECLS
