/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "kvmm-console-page.h"
#include "kvmm-console-view.h"

G_BEGIN_DECLS

/* Between the page and its actions. Main thread only. */

/** kvmm_console_page_get_view: Returns: (transfer none) (nullable): the screen that is looked at,
 * %NULL when that is a serial line */
KvmmConsoleView *kvmm_console_page_get_view (KvmmConsolePage *self);
/** kvmm_console_page_get_machine: Returns: (transfer none): what is set for the machine */
GSettings *kvmm_console_page_get_machine (KvmmConsolePage *self);

/** kvmm_console_page_install_actions: console.* but for those that are properties */
void kvmm_console_page_install_actions (GtkWidgetClass *widget_class);
/** kvmm_console_page_update_actions: switches on what can be done now */
void kvmm_console_page_update_actions (KvmmConsolePage *self);
/** kvmm_console_page_create_monitors_menu: Returns: (transfer full) (nullable): full screen on each
 * of several monitors */
GMenuModel *kvmm_console_page_create_monitors_menu (KvmmConsolePage *self);

G_END_DECLS
