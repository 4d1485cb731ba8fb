/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-connection-list.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* Preferences: statistics, confirmations, colours, connections and the agent disc. Main thread
 * only. */

#define KVMM_TYPE_PREFERENCES_WINDOW (kvmm_preferences_window_get_type ())
G_DECLARE_FINAL_TYPE (
    KvmmPreferencesWindow, kvmm_preferences_window, KVMM, PREFERENCES_WINDOW, AdwPreferencesWindow)

/** kvmm_preferences_window_present: shows the preferences, modal for @parent (nullable) */
void kvmm_preferences_window_present (GtkWindow *parent,
                                      KvmmSettings *settings,
                                      KvmmConnectionList *connections);

G_END_DECLS
