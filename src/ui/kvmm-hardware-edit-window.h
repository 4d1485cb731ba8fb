/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-domain.h"
#include "xml/kvmm-xml-device.h"

G_BEGIN_DECLS

/** kvmm_hardware_edit_window_present: reads the stored definition and shows every field of @device
 * that can be changed, with what is stored in it. Only what a person changed is written, at once
 * where the running machine takes it. @widget: in the window above it. Main thread only. */
#define KVMM_TYPE_HARDWARE_EDIT_WINDOW (kvmm_hardware_edit_window_get_type ())
G_DECLARE_FINAL_TYPE (
    KvmmHardwareEditWindow, kvmm_hardware_edit_window, KVMM, HARDWARE_EDIT_WINDOW, AdwWindow)

void kvmm_hardware_edit_window_present (GtkWidget *widget,
                                        KvmmDomain *domain,
                                        const KvmmXmlDevice *device);

G_END_DECLS
