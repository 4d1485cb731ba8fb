/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-transfer-queue.h"

G_BEGIN_DECLS

/* The transfers of a guest, and the questions that they have while this is on screen. Hidden while
 * there are none. Main thread only. */
#define KVMM_TYPE_TRANSFERS_VIEW (kvmm_transfers_view_get_type ())
G_DECLARE_FINAL_TYPE (KvmmTransfersView, kvmm_transfers_view, KVMM, TRANSFERS_VIEW, AdwBin)

/** kvmm_transfers_view_set_queue: once */
void kvmm_transfers_view_set_queue (KvmmTransfersView *self, KvmmTransferQueue *queue);

G_END_DECLS
