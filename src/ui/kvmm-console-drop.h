/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "kvmm-console-page.h"
#include "kvmm-console-view.h"

G_BEGIN_DECLS

/* Files dropped onto a console go to the guest: into the inbox of our agent, else by what carries
 * the screen. Main thread only. */

/** kvmm_console_drop_install: @target: takes files from now on, for the machine of @page */
void kvmm_console_drop_install (GtkWidget *target, KvmmConsolePage *page);

/** kvmm_console_drop_dup_text: @display: (nullable). Returns: (transfer full): what happens to a
 * file that is dropped now, or why nothing can */
char *kvmm_console_drop_dup_text (KvmmDomain *domain, KvmmDisplay *display);

G_END_DECLS
