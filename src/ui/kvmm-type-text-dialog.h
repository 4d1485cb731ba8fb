/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "console/kvmm-display.h"

G_BEGIN_DECLS

/** kvmm_type_text_dialog_present: asks for a text, and types it into @display key by key. @widget:
 * in the window above it; @machine: settings of the machine: the guest's layout is kept there. Main
 * thread only. */
#define KVMM_TYPE_TYPE_TEXT_DIALOG (kvmm_type_text_dialog_get_type ())
G_DECLARE_FINAL_TYPE (KvmmTypeTextDialog, kvmm_type_text_dialog, KVMM, TYPE_TEXT_DIALOG, AdwWindow)

void kvmm_type_text_dialog_present (GtkWidget *widget, KvmmDisplay *display, GSettings *machine);

G_END_DECLS
