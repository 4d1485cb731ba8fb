/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* The page of the preferences about consoles. Main thread only. */
#define KVMM_TYPE_CONSOLES_PREFERENCES (kvmm_consoles_preferences_get_type ())
G_DECLARE_FINAL_TYPE (KvmmConsolesPreferences,
                      kvmm_consoles_preferences,
                      KVMM,
                      CONSOLES_PREFERENCES,
                      AdwPreferencesPage)

void kvmm_consoles_preferences_set_settings (KvmmConsolesPreferences *self, KvmmSettings *settings);

G_END_DECLS
