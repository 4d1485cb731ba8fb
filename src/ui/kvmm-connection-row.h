/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-connection-list.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* One connection in the sidebar: state, CPU and memory of its host, its menu. Main thread only. */

#define KVMM_TYPE_CONNECTION_ROW (kvmm_connection_row_get_type ())
G_DECLARE_FINAL_TYPE (KvmmConnectionRow, kvmm_connection_row, KVMM, CONNECTION_ROW, GtkListBoxRow)

GtkWidget *kvmm_connection_row_new (KvmmConnection *connection,
                                    KvmmSettings *settings,
                                    KvmmConnectionList *connections);
KvmmConnection *kvmm_connection_row_get_connection (KvmmConnectionRow *self);

/** kvmm_connection_row_get_state_icon: Returns: (transfer none): the icon of @state */
const char *kvmm_connection_row_get_state_icon (KvmmConnectionState state);

G_END_DECLS
