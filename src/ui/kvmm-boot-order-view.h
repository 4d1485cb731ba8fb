/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* The devices that a machine boots from, checked and put into order; of the stored definition.
 * Main thread only. */
#define KVMM_TYPE_BOOT_ORDER_VIEW (kvmm_boot_order_view_get_type ())
G_DECLARE_FINAL_TYPE (KvmmBootOrderView, kvmm_boot_order_view, KVMM, BOOT_ORDER_VIEW, AdwBin)

/** kvmm_boot_order_view_set_domain: once */
void kvmm_boot_order_view_set_domain (KvmmBootOrderView *self, KvmmDomain *domain);
/** kvmm_boot_order_view_reload: reads the definition anew, unless the order was changed and not
 * applied yet */
void kvmm_boot_order_view_reload (KvmmBootOrderView *self);

G_END_DECLS
