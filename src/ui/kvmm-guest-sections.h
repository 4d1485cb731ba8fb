/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-agent-install.h"
#include "model/kvmm-domain.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* What there is to see of a guest, one below the other in a row of tabs: its facts, processes,
 * services, logs, commands, files. Each is built when it is looked at for the first time. Main
 * thread only. */
#define KVMM_TYPE_GUEST_SECTIONS (kvmm_guest_sections_get_type ())
G_DECLARE_FINAL_TYPE (KvmmGuestSections, kvmm_guest_sections, KVMM, GUEST_SECTIONS, AdwBin)

GtkWidget *
kvmm_guest_sections_new (KvmmSettings *settings, KvmmDomain *domain, KvmmAgentInstall *install);

/** kvmm_guest_sections_set_facts_only: without our agent there are facts, and no tabs */
void kvmm_guest_sections_set_facts_only (KvmmGuestSections *self, gboolean facts_only);

/** kvmm_guest_sections_find: opens the search of the part that is looked at, by its action
 * "part.find". Returns: whether it has one */
gboolean kvmm_guest_sections_find (KvmmGuestSections *self);

G_END_DECLS
