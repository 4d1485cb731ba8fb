/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "kvmm-transfer.h"
#include "model/kvmm-guest.h"

G_BEGIN_DECLS

/* The transfers of one guest: a GListModel of KvmmTransfer, oldest first. Two run at once; what a
 * directory contains follows it; what was interrupted goes on when the guest is back. Main thread
 * only.
 *
 * Signals: "changed": one of them did. "finished" (KvmmTransfer *): one is over. */
#define KVMM_TYPE_TRANSFER_QUEUE (kvmm_transfer_queue_get_type ())
G_DECLARE_FINAL_TYPE (KvmmTransferQueue, kvmm_transfer_queue, KVMM, TRANSFER_QUEUE, GObject)

#define KVMM_TRANSFER_QUEUE_AT_ONCE 2
#define KVMM_TRANSFER_QUEUE_MAX 10000

/** kvmm_transfer_queue_new: @get_agent: the agent to use now; Returns: (transfer full) */
typedef KvmmAgentClient *(*KvmmTransferQueueFunc) (gpointer user_data);
KvmmTransferQueue *kvmm_transfer_queue_new (KvmmTransferQueueFunc get_agent, gpointer user_data);

/** kvmm_transfer_queue_get: Returns: (transfer none): the queue of @guest, which lives as long */
KvmmTransferQueue *kvmm_transfer_queue_get (KvmmGuest *guest);

/** kvmm_transfer_queue_new_batch: a number for transfers that come at once, see
 * kvmm_transfer_set_batch() */
guint kvmm_transfer_queue_new_batch (KvmmTransferQueue *self);
/** kvmm_transfer_queue_add: @transfer: (transfer full). Returns: whether there was room */
gboolean kvmm_transfer_queue_add (KvmmTransferQueue *self, KvmmTransfer *transfer);
/** kvmm_transfer_queue_answer: @for_all: also for the others of its batch, now and later */
void kvmm_transfer_queue_answer (KvmmTransferQueue *self,
                                 KvmmTransfer *transfer,
                                 KvmmTransferAnswer answer,
                                 gboolean for_all);
/** kvmm_transfer_queue_retry: FAILED, CANCELLED, or INTERRUPTED */
void kvmm_transfer_queue_retry (KvmmTransferQueue *self, KvmmTransfer *transfer);
/** kvmm_transfer_queue_resume: the guest is back: goes on with all that was interrupted */
void kvmm_transfer_queue_resume (KvmmTransferQueue *self);
void kvmm_transfer_queue_cancel_all (KvmmTransferQueue *self);
/** kvmm_transfer_queue_clear: forgets those that are over */
void kvmm_transfer_queue_clear (KvmmTransferQueue *self);
/** kvmm_transfer_queue_get_asking: Returns: (transfer none) (nullable): the first that has a
 * question */
KvmmTransfer *kvmm_transfer_queue_get_asking (KvmmTransferQueue *self);
/** kvmm_transfer_queue_get_unfinished: how many are not over */
guint kvmm_transfer_queue_get_unfinished (KvmmTransferQueue *self);

G_END_DECLS
