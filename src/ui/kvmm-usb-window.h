/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "console/kvmm-display.h"
#include "console/kvmm-usb-list.h"

G_BEGIN_DECLS

/* Chooses USB devices of this computer for a guest. Main thread only. */

#define KVMM_TYPE_USB_WINDOW (kvmm_usb_window_get_type ())
G_DECLARE_FINAL_TYPE (KvmmUsbWindow, kvmm_usb_window, KVMM, USB_WINDOW, AdwWindow)

/**
 * kvmm_usb_window_present:
 * @parent: a widget of the window it belongs to
 * @machine_name: any bytes
 * @display: connected; what it cannot is said in the window
 *
 * Shows the devices; the window closes with @display's connection.
 */
void kvmm_usb_window_present (GtkWidget *parent, const char *machine_name, KvmmDisplay *display);

/** kvmm_usb_window_new: @list: (nullable): %NULL: @reason says why. Returns: (transfer floating) */
GtkWidget *kvmm_usb_window_new (const char *machine_name, KvmmUsbList *list, const char *reason);

G_END_DECLS
