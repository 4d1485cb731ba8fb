/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* What a running machine has with its next start only, each with a button that discards it. Hidden
 * while nothing waits; read while the widget that it is in is on the screen. Main thread only. */
#define KVMM_TYPE_PENDING_VIEW (kvmm_pending_view_get_type ())
G_DECLARE_FINAL_TYPE (KvmmPendingView, kvmm_pending_view, KVMM, PENDING_VIEW, AdwBin)

/** kvmm_pending_view_set_domain: once */
void kvmm_pending_view_set_domain (KvmmPendingView *self, KvmmDomain *domain);
/** kvmm_pending_view_reload: reads anew; a read that is under way is followed by another */
void kvmm_pending_view_reload (KvmmPendingView *self);

G_END_DECLS
