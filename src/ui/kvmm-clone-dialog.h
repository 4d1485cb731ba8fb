/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-domain.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/** kvmm_clone_dialog_present: asks for the name of a copy of @domain, tells what becomes of each
 * disk, and copies; a toast at the end opens the copy. @widget: in the window above it. Main thread
 * only. */
#define KVMM_TYPE_CLONE_DIALOG (kvmm_clone_dialog_get_type ())
G_DECLARE_FINAL_TYPE (KvmmCloneDialog, kvmm_clone_dialog, KVMM, CLONE_DIALOG, AdwWindow)

void kvmm_clone_dialog_present (GtkWidget *widget, KvmmSettings *settings, KvmmDomain *domain);

G_END_DECLS
