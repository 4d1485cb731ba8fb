/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

#include "util/kvmm-guest-work.h"

G_BEGIN_DECLS

/* A process of a guest in a list: the object stays for the same process, its value is replaced.
 * Signal "changed". Main thread only. */
#define KVMM_TYPE_PROCESS_ITEM (kvmm_process_item_get_type ())
G_DECLARE_FINAL_TYPE (KvmmProcessItem, kvmm_process_item, KVMM, PROCESS_ITEM, GObject)

/** kvmm_process_item_new: @process: (transfer full) */
KvmmProcessItem *kvmm_process_item_new (KvmmGuestProcess *process);
const KvmmGuestProcess *kvmm_process_item_get (KvmmProcessItem *self);
/** kvmm_process_item_take: @process: (transfer full): of the same process */
void kvmm_process_item_take (KvmmProcessItem *self, KvmmGuestProcess *process);

/** kvmm_process_item_update_list: makes @items (of KvmmProcessItem) hold @processes: what goes is
 * taken out, what comes is added at the end, what stays keeps its object. @processes: (transfer
 * none) (element-type KvmmGuestProcess): emptied */
void kvmm_process_item_update_list (GListStore *items, GPtrArray *processes);

G_END_DECLS
