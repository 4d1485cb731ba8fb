/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-connection.h"
#include "model/kvmm-domain-store.h"
#include "virt/kvmm-virt-connect.h"

G_BEGIN_DECLS

/* Keeps a connection's machines equal to what libvirt says: lists, and after each event reads the
 * machine again. Main thread only. Private to the model.
 *
 * Reads run side by side and may end in another order than they were asked for. So each has a
 * serial, given when it is asked for, and a machine takes what has no lower one than it has. That
 * is enough: the last change makes an event, and the read that this event causes has the highest.
 */

#define KVMM_TYPE_SYNC (kvmm_sync_get_type ())
G_DECLARE_FINAL_TYPE (KvmmSync, kvmm_sync, KVMM, SYNC, GObject)

/* A read failed with @error on @connect. */
typedef void (*KvmmSyncErrorFunc) (KvmmConnection *connection,
                                   KvmmVirtConnect *connect,
                                   const GError *error);

/** kvmm_sync_new: @connection: (unowned): calls kvmm_sync_close() before it goes; @listed_func:
 * called with it when a listing is complete */
KvmmSync *kvmm_sync_new (KvmmConnection *connection,
                         KvmmDomainStore *store,
                         GSourceOnceFunc listed_func,
                         KvmmSyncErrorFunc error_func);
/** kvmm_sync_start: the connection is open: lists it, again when it was listed before */
void kvmm_sync_start (KvmmSync *self);
/** kvmm_sync_stop: the connection is gone: drops what is under way; every state becomes unknown */
void kvmm_sync_stop (KvmmSync *self);
/** kvmm_sync_mark: reads this machine again, together with all that are marked in this main-loop
 * turn */
void kvmm_sync_mark (KvmmSync *self, const char *uuid);
void kvmm_sync_close (KvmmSync *self);

G_END_DECLS
