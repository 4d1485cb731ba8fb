/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* What both windows do to machines: confirm, act, tell. Main thread only. */

/**
 * kvmm_domain_actions_run:
 * @parent: any widget of the window that asks; toasts go to the AdwToastOverlay above it
 * @domains: (element-type KvmmDomain): one or many
 * @confirm: ask before what can lose something (force off, reset)
 *
 * Machines that cannot do @action now are left out and named in the result. One failure shows a
 * toast with Details; a bulk result lists each machine.
 */
void kvmm_domain_actions_run (GtkWidget *parent,
                              GPtrArray *domains,
                              KvmmDomainAction action,
                              gboolean confirm);

/** kvmm_domain_action_get_label: Returns: (transfer none): translated, "Shut Down" */
const char *kvmm_domain_action_get_label (KvmmDomainAction action);
/** kvmm_domain_action_get_icon_name: Returns: (transfer none) */
const char *kvmm_domain_action_get_icon_name (KvmmDomainAction action);

G_END_DECLS
