/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "console/kvmm-spice-session.h"
#include "console/kvmm-usb-list.h"

G_BEGIN_DECLS

/**
 * kvmm_spice_usb_new:
 * @session: connected, with USB channels
 *
 * Main thread only. Opening a device needs rights: the library's helper
 * (spice-client-glib-usb-acl-helper) asks for them through polkit.
 *
 * Returns: (transfer full): the USB devices of this computer, kept in step with what is plugged in;
 * %NULL with KVMM_DISPLAY_ERROR_UNSUPPORTED when the machine has no port for them, or this computer
 * does not let us look
 */
KvmmUsbList *kvmm_spice_usb_new (KvmmSpiceSession *session, GError **error);

G_END_DECLS
