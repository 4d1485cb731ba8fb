/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-connection-list.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* The page of the preferences about the agent disc: where it comes from, which file that is now,
 * and whether the hosts can read it. Main thread only. */

#define KVMM_TYPE_AGENT_DISC_PAGE (kvmm_agent_disc_page_get_type ())
G_DECLARE_FINAL_TYPE (
    KvmmAgentDiscPage, kvmm_agent_disc_page, KVMM, AGENT_DISC_PAGE, AdwPreferencesPage)

/** kvmm_agent_disc_page_set_model: called once */
void kvmm_agent_disc_page_set_model (KvmmAgentDiscPage *self,
                                     KvmmSettings *settings,
                                     KvmmConnectionList *connections);

G_END_DECLS
