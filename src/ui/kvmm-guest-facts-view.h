/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-agent-install.h"
#include "model/kvmm-guest.h"

G_BEGIN_DECLS

/* What a guest says about itself, in cards: system, load, file systems, network, users. Follows the
 * guest while mapped. Main thread only. */
#define KVMM_TYPE_GUEST_FACTS_VIEW (kvmm_guest_facts_view_get_type ())
G_DECLARE_FINAL_TYPE (KvmmGuestFactsView, kvmm_guest_facts_view, KVMM, GUEST_FACTS_VIEW, GtkWidget)

/** kvmm_guest_facts_view_new: @install: knows whether there is a newer agent */
GtkWidget *kvmm_guest_facts_view_new (KvmmGuest *guest, KvmmAgentInstall *install);

G_END_DECLS
