/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

#include "model/kvmm-domain-private.h"

G_BEGIN_DECLS

/* The machines of one connection: a GListModel of KvmmDomain. Main thread only. Private to the
 * model.
 *
 * What workers read is queued here as steps and applied in order, a few milliseconds a main-loop
 * turn: a host with thousands of machines must not hold up a frame. */

#define KVMM_TYPE_DOMAIN_STORE (kvmm_domain_store_get_type ())
G_DECLARE_FINAL_TYPE (KvmmDomainStore, kvmm_domain_store, KVMM, DOMAIN_STORE, GObject)

/* Properties: "n-domains", "n-running" (active machines). */

/** kvmm_domain_store_new: @connection: (unowned): calls kvmm_domain_store_close() before it goes */
KvmmDomainStore *kvmm_domain_store_new (KvmmConnection *connection);

/**
 * kvmm_domain_store_get_chunk:
 * @n_shown: rows in the list now
 *
 * Any thread. Returns: how many rows may be added in one main-loop turn. A GtkColumnView realizes
 * about 200 rows, which costs far more than a row out of sight.
 */
guint kvmm_domain_store_get_chunk (guint n_shown);

/* The steps. Each is applied by a later turn, or by kvmm_domain_store_flush(). */

/** kvmm_domain_store_push_infos: adds the machines or applies what was read; @infos: (transfer
 * full) (element-type KvmmDomainInfo): nobody else may hold it */
void kvmm_domain_store_push_infos (KvmmDomainStore *self, GPtrArray *infos, guint64 serial);
/** kvmm_domain_store_push_removed: the machine was not there at read @serial */
void kvmm_domain_store_push_removed (KvmmDomainStore *self, const char *uuid, guint64 serial);
/** kvmm_domain_store_push_sweep: a full list was read: what it did not hold is gone */
void kvmm_domain_store_push_sweep (KvmmDomainStore *self, guint64 serial);
/** kvmm_domain_store_push_unknown: every machine's state becomes UNKNOWN */
void kvmm_domain_store_push_unknown (KvmmDomainStore *self);
/** kvmm_domain_store_push_call: calls @func when every step before it was applied; @destroy runs
 * also if that never happens */
void kvmm_domain_store_push_call (KvmmDomainStore *self,
                                  GSourceOnceFunc func,
                                  gpointer user_data,
                                  GDestroyNotify destroy);
/** kvmm_domain_store_flush: applies one turn's worth of steps now */
void kvmm_domain_store_flush (KvmmDomainStore *self);
/** kvmm_domain_store_close: drops the steps and detaches every machine */
void kvmm_domain_store_close (KvmmDomainStore *self);

/* All (transfer none). */
KvmmDomain *kvmm_domain_store_get (KvmmDomainStore *self, guint position);         /* (nullable) */
KvmmDomain *kvmm_domain_store_find_uuid (KvmmDomainStore *self, const char *uuid); /* (nullable) */
KvmmDomain *kvmm_domain_store_find_name (KvmmDomainStore *self, const char *name); /* (nullable) */
guint kvmm_domain_store_get_n_running (KvmmDomainStore *self);

G_END_DECLS
