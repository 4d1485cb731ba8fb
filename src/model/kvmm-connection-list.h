/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-connection.h"

G_BEGIN_DECLS

/* Every connection the program knows: a GListModel of KvmmConnection, kept in the settings. Main
 * thread only. */

#define KVMM_TYPE_CONNECTION_LIST (kvmm_connection_list_get_type ())
G_DECLARE_FINAL_TYPE (KvmmConnectionList, kvmm_connection_list, KVMM, CONNECTION_LIST, GObject)

KvmmConnectionList *kvmm_connection_list_new (KvmmSettings *settings);
/** kvmm_connection_list_load: creates what the settings name and connects what autoconnects */
void kvmm_connection_list_load (KvmmConnectionList *self);
/** kvmm_connection_list_ensure: finds or creates; @remember: store it in the settings; does not
 * connect. Returns: (transfer none) */
KvmmConnection *
kvmm_connection_list_ensure (KvmmConnectionList *self, const char *uri, gboolean remember);
void kvmm_connection_list_remove (KvmmConnectionList *self, KvmmConnection *connection);
/** kvmm_connection_list_get_domains: Returns: (transfer none): a flat GListModel of KvmmDomain over
 * all connections */
GListModel *kvmm_connection_list_get_domains (KvmmConnectionList *self);
/** kvmm_connection_list_find: Returns: (nullable) (transfer none): the first machine with that
 * UUID, else name */
KvmmDomain *kvmm_connection_list_find (KvmmConnectionList *self, const char *name_or_uuid);

G_END_DECLS
