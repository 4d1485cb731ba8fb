/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-domain.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/** kvmm_install_window_present: the way to the agent in each of @domains (element-type KvmmDomain):
 * a row per machine with the button that moves it on, and all its steps below. @parent: (nullable).
 * Main thread only. */
void kvmm_install_window_present (GtkWindow *parent, KvmmSettings *settings, GPtrArray *domains);

G_END_DECLS
