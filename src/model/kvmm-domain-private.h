/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-domain.h"
#include "virt/kvmm-virt-connect.h"

G_BEGIN_DECLS

/* How a connection feeds its machines. Main thread only. */

/* After this long without a change of state a pending text is dropped. */
#define KVMM_DOMAIN_PENDING_SECONDS 60
#define KVMM_DOMAIN_HISTORY_CAPACITY 150

/**
 * kvmm_domain_new:
 * @connection: (unowned): calls kvmm_domain_detach() before it goes
 * @serial: of the read that gave @info
 */
KvmmDomain *kvmm_domain_new (KvmmConnection *connection, KvmmDomainInfo *info, guint64 serial);

/**
 * kvmm_domain_apply:
 * @serial: of the read that gave @info: reads run side by side, and what was asked for earlier must
 *     not overwrite what was asked for later
 *
 * Compares field by field and notifies what differs.
 *
 * Returns: %TRUE when the name or the state changed, so that lists must sort the row again
 */
gboolean kvmm_domain_apply (KvmmDomain *self, KvmmDomainInfo *info, guint64 serial);
guint64 kvmm_domain_get_serial (KvmmDomain *self);

/** kvmm_domain_set_unknown: the connection is gone. Returns: %TRUE when that changed the state */
gboolean kvmm_domain_set_unknown (KvmmDomain *self);

/** kvmm_domain_apply_stats: one sample of a running machine */
void kvmm_domain_apply_stats (KvmmDomain *self, const KvmmDomainStats *stats);
/** kvmm_domain_forget_sample: the next sample starts anew, since statistics stood still */
void kvmm_domain_forget_sample (KvmmDomain *self);

/** kvmm_domain_add_event: a line for the timeline, a hint for the guest */
void kvmm_domain_add_event (KvmmDomain *self, const KvmmVirtEvent *event);

/** kvmm_domain_set_connected: whether calls on the connection work now */
void kvmm_domain_set_connected (KvmmDomain *self, gboolean connected);

/** kvmm_domain_detach: the machine or its connection goes for good; the object stays readable */
void kvmm_domain_detach (KvmmDomain *self);

/** kvmm_domain_set_pending: @text: (nullable): translated */
void kvmm_domain_set_pending (KvmmDomain *self, const char *text);

/** kvmm_domain_set_shutdown: @shutdown: (transfer full) */
void kvmm_domain_set_shutdown (KvmmDomain *self, KvmmShutdown *shutdown);

/* Where the machine stands in its connection's list; kept by the list. */
guint kvmm_domain_get_index (KvmmDomain *self);
void kvmm_domain_set_index (KvmmDomain *self, guint index);

/** kvmm_domain_get_wants_xml: whether somebody asked for kvmm_domain_get_xml() before */
gboolean kvmm_domain_get_wants_xml (KvmmDomain *self);

G_END_DECLS
