/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

#include "util/kvmm-guest-work.h"

G_BEGIN_DECLS

/* A service of a guest in a list. Signal "changed", for the cells; its value never does. Main
 * thread only. */
#define KVMM_TYPE_SERVICE_ITEM (kvmm_service_item_get_type ())
G_DECLARE_FINAL_TYPE (KvmmServiceItem, kvmm_service_item, KVMM, SERVICE_ITEM, GObject)

/** kvmm_service_item_new: @service: (transfer full) */
KvmmServiceItem *kvmm_service_item_new (KvmmGuestService *service);
const KvmmGuestService *kvmm_service_item_get (KvmmServiceItem *self);
/** kvmm_service_item_dup_state: Returns: (transfer full): "Active (running)" */
char *kvmm_service_item_dup_state (KvmmServiceItem *self);

G_END_DECLS
