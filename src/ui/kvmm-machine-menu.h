/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* The menu of one or several machines: every action, and under each one that cannot be done now the
 * reason, as text, because a menu item has no tooltip and a screen reader reads none. Main thread
 * only. Its buttons activate the actions "vm.*" of the window. */

#define KVMM_TYPE_MACHINE_MENU (kvmm_machine_menu_get_type ())
G_DECLARE_FINAL_TYPE (KvmmMachineMenu, kvmm_machine_menu, KVMM, MACHINE_MENU, GtkPopover)

GtkWidget *kvmm_machine_menu_new (void);
/** kvmm_machine_menu_set_domains: fills the menu anew. @domains: (element-type KvmmDomain), not
 * empty */
void kvmm_machine_menu_set_domains (KvmmMachineMenu *self, GPtrArray *domains);

/** kvmm_machine_menu_get_action_name: Returns: (transfer none): "vm.shut-down" */
const char *kvmm_machine_menu_get_action_name (KvmmDomainAction action);

/**
 * kvmm_machine_menu_can_any:
 * @reason: (out) (optional) (transfer none): why the first of them cannot
 *
 * Returns: whether at least one of @domains can do @action now
 */
gboolean
kvmm_machine_menu_can_any (GPtrArray *domains, KvmmDomainAction action, const char **reason);

G_END_DECLS
