/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-transfer-queue.h"

G_BEGIN_DECLS

/* One transfer: its name, how far it is, and what can be done about it. Main thread only. */
#define KVMM_TYPE_TRANSFER_ROW (kvmm_transfer_row_get_type ())
G_DECLARE_FINAL_TYPE (KvmmTransferRow, kvmm_transfer_row, KVMM, TRANSFER_ROW, GtkBox)

GtkWidget *kvmm_transfer_row_new (KvmmTransferQueue *queue);
/** kvmm_transfer_row_set_transfer: @transfer: (nullable) */
void kvmm_transfer_row_set_transfer (KvmmTransferRow *self, KvmmTransfer *transfer);

G_END_DECLS
