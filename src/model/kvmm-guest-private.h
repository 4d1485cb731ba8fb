/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-domain.h"
#include "model/kvmm-guest.h"
#include "virt/kvmm-domain-info.h"

G_BEGIN_DECLS

/* How a KvmmDomain and its connection feed the KvmmGuest. Main thread only. */

/**
 * kvmm_guest_new:
 * @domain: (unowned): the machine; it owns the guest and outlives it
 *
 * Cheap: no list, no timer and no history is made before something needs it.
 *
 * Returns: (transfer full): a guest in state OFF
 */
KvmmGuest *kvmm_guest_new (KvmmDomain *domain);

/**
 * kvmm_guest_update:
 * @info: what was applied to the machine just now
 *
 * Called at each applied info: state, id and XML facts decide whether there is a channel to open.
 */
void kvmm_guest_update (KvmmGuest *self, KvmmDomainInfo *info);

/**
 * kvmm_guest_connection_changed:
 * @connected: whether calls on the connection work now
 *
 * Called when the connection comes and goes. Going ends the session and every call under way;
 * coming opens the channel again once an info says that the machine runs.
 */
void kvmm_guest_connection_changed (KvmmGuest *self, gboolean connected);

/**
 * kvmm_guest_event:
 * @detail: (nullable): libvirt's word: "rebooted", "resumed", "reverted" …
 *
 * Called for each event about this machine, before the re-read that it causes.
 */
void kvmm_guest_event (KvmmGuest *self, const char *detail);

/** kvmm_guest_control_changed: what is stored about control-allowed may have changed */
void kvmm_guest_control_changed (KvmmGuest *self);

/**
 * kvmm_guest_shutdown:
 *
 * Called when the machine goes for good: says BYE, drops every source and cancels every call. The
 * object stays readable. Idempotent; also done by dispose.
 */
void kvmm_guest_shutdown (KvmmGuest *self);

G_END_DECLS
