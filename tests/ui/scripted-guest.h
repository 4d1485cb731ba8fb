/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* A KvmmGuest that says what a test tells it to, in place of the real one:
 * states such as "in use elsewhere" need no second program, and hostile text no hostile guest. */

/** scripted_guest_set_state: @detail: what state-detail says */
void scripted_guest_set_state (KvmmGuest *self, KvmmGuestState state, const char *detail);
void scripted_guest_set_source (KvmmGuest *self, KvmmGuestSource source);
void scripted_guest_set_policy_error (KvmmGuest *self, const char *text);
/** scripted_guest_set_facts: a whole set of facts; @text stands in every text the guest sent */
void scripted_guest_set_facts (KvmmGuest *self, const char *text);
/** scripted_guest_add_filesystem: @used_percent: 0 to 100 */
void scripted_guest_add_filesystem (KvmmGuest *self,
                                    const char *mount,
                                    guint used_percent,
                                    gboolean is_read_only,
                                    gboolean is_stale);
void scripted_guest_add_interface (KvmmGuest *self,
                                   const char *name,
                                   const char *ip,
                                   gboolean is_virtual);
void scripted_guest_add_user (KvmmGuest *self, const char *user);
/** scripted_guest_push_metrics: one sample, as the agent pushes it */
void scripted_guest_push_metrics (KvmmGuest *self, double busy);
/** scripted_guest_set_access: @word: what the guest's policy says of @group */
void scripted_guest_set_access (KvmmGuest *self, const char *group, const char *word);
/** scripted_guest_set_agent: @agent: (nullable): used while the state is READY */
void scripted_guest_set_agent (KvmmGuest *self, KvmmAgentClient *agent);
int scripted_guest_get_holds (KvmmGuest *self);
guint scripted_guest_get_retries (KvmmGuest *self);

G_END_DECLS
