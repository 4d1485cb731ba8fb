/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* Stands before what needs a permission: shows its child when the guest's policy grants it and,
 * where it must, the host's switch is on; else a page that says what is missing and how to mend it.
 * A session that is lost does not close a gate that was open: the child says so itself. Main thread
 * only. */

/* Property "open": boolean, readable, notifies. */
#define KVMM_TYPE_GUEST_GATE (kvmm_guest_gate_get_type ())
G_DECLARE_FINAL_TYPE (KvmmGuestGate, kvmm_guest_gate, KVMM, GUEST_GATE, AdwBin)

/**
 * kvmm_guest_gate_new:
 * @group: (nullable): KVMM_GUEST_GROUP_*, or several with "|" between, of which one is enough;
 * %NULL: no policy is asked
 * @needs_control: whether the host's switch must be on
 * @what: a noun, the heading of the closed page: "Terminal"
 */
GtkWidget *kvmm_guest_gate_new (KvmmDomain *domain,
                                const char *group,
                                gboolean needs_control,
                                const char *what);

/** kvmm_guest_gate_set_child: @child: (transfer floating): shown while the gate is open */
void kvmm_guest_gate_set_child (KvmmGuestGate *self, GtkWidget *child);

/** kvmm_guest_gate_set_create_func: instead of a child: called once, when the gate opens for the
 * first time; @destroy: (nullable): frees @user_data with the gate */
typedef GtkWidget *(*KvmmGuestGateFunc) (gpointer user_data);
void kvmm_guest_gate_set_create_func (KvmmGuestGate *self,
                                      KvmmGuestGateFunc create,
                                      gpointer user_data,
                                      GDestroyNotify destroy);

gboolean kvmm_guest_gate_get_open (KvmmGuestGate *self);

G_END_DECLS
