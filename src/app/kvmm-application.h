/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* The program with windows: a single instance that wires settings, model and windows. Main thread
 * only. */

#define KVMM_TYPE_APPLICATION (kvmm_application_get_type ())
G_DECLARE_FINAL_TYPE (KvmmApplication, kvmm_application, KVMM, APPLICATION, AdwApplication)

/** kvmm_application_new: Returns: (transfer full): the application, for g_application_run() */
KvmmApplication *kvmm_application_new (void);

G_END_DECLS
