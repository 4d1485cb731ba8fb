/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-connection-list.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* The main window: sidebar and list of machines. Main thread only. */

#define KVMM_TYPE_WINDOW (kvmm_window_get_type ())
G_DECLARE_FINAL_TYPE (KvmmWindow, kvmm_window, KVMM, WINDOW, AdwApplicationWindow)

KvmmWindow *kvmm_window_new (AdwApplication *application,
                             KvmmSettings *settings,
                             KvmmConnectionList *connections);

G_END_DECLS
