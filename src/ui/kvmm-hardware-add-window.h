/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

#define KVMM_TYPE_HARDWARE_ADD_WINDOW (kvmm_hardware_add_window_get_type ())
G_DECLARE_FINAL_TYPE (
    KvmmHardwareAddWindow, kvmm_hardware_add_window, KVMM, HARDWARE_ADD_WINDOW, AdwWindow)

/**
 * kvmm_hardware_add_window_present:
 * @widget: in the machine's window
 * @domain: with a stored definition
 *
 * Main thread only. Asks for a kind of device, then for what there is to choose of it, and adds it.
 * What libvirt refuses is told with what was typed still there.
 */
void kvmm_hardware_add_window_present (GtkWidget *widget, KvmmDomain *domain);

/** kvmm_hardware_add_window_present_share: the same, for a shared folder at once. Where this
 * machine can have none, the kinds are shown, and what stands in the way. */
void kvmm_hardware_add_window_present_share (GtkWidget *widget, KvmmDomain *domain);

G_END_DECLS
