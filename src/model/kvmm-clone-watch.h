/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-connection-private.h"
#include "model/kvmm-domain-clone.h"

G_BEGIN_DECLS

/* How far a copy is. libvirt says nothing about one, but tells of a volume that grows: it is asked
 * on another lane than the one that waits for the copy. Main thread only, where it does not say
 * otherwise. */
typedef struct _KvmmCloneWatch KvmmCloneWatch;

/** kvmm_clone_watch_new: @func: called with @user_data until kvmm_clone_watch_stop(). Returns:
 * (transfer full) */
KvmmCloneWatch *
kvmm_clone_watch_new (KvmmConnection *connection, KvmmCloneProgressFunc func, gpointer user_data);
KvmmCloneWatch *kvmm_clone_watch_ref (KvmmCloneWatch *self);
void kvmm_clone_watch_unref (KvmmCloneWatch *self);
/** kvmm_clone_watch_stop: nothing is told any more */
void kvmm_clone_watch_stop (KvmmCloneWatch *self);

/**
 * kvmm_clone_watch_begin:
 * @self: (nullable)
 * @pool, @volume: that is about to be made
 * @target: of the disk, as it stands in the definition
 * @position: of the disk among the @n_disks that are copied, from 1
 * @total_bytes: how large the volume will have grown, 0 when nobody knows
 *
 * Worker: the next disk is begun.
 */
void kvmm_clone_watch_begin (KvmmCloneWatch *self,
                             const char *pool,
                             const char *volume,
                             const char *target,
                             guint position,
                             guint n_disks,
                             guint64 total_bytes);

G_END_DECLS
