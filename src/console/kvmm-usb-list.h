/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* USB devices of this computer that a guest could have. Main thread only. What carries them fills
 * the list and does what its devices are asked for; who shows it knows nothing of that. */

/* Most devices shown. */
#define KVMM_USB_LIST_MAX 256

#define KVMM_TYPE_USB_DEVICE (kvmm_usb_device_get_type ())
G_DECLARE_FINAL_TYPE (KvmmUsbDevice, kvmm_usb_device, KVMM, USB_DEVICE, GObject)

/* Properties, all but "title" changing: "title" string; "details" string: "046d:c077, bus 1,
 * device 3"; "attached" boolean: the guest has it; "busy" boolean: on its way; "blocked-reason"
 * string (nullable): why it cannot be attached now; "error-text" string (nullable): what went wrong
 * the last time.
 * Signal "requested" (gboolean attach): somebody wants it to go there, or back */

/** kvmm_usb_device_new: @title, @details: any bytes, from the device: sanitised. Returns: (transfer
 * full) */
KvmmUsbDevice *kvmm_usb_device_new (const char *title, const char *details);
const char *kvmm_usb_device_get_title (KvmmUsbDevice *self);
const char *kvmm_usb_device_get_details (KvmmUsbDevice *self);
gboolean kvmm_usb_device_get_attached (KvmmUsbDevice *self);
gboolean kvmm_usb_device_get_busy (KvmmUsbDevice *self);
const char *kvmm_usb_device_get_blocked_reason (KvmmUsbDevice *self); /* (nullable) */
const char *kvmm_usb_device_get_error_text (KvmmUsbDevice *self);     /* (nullable) */

/** kvmm_usb_device_request: asks for it; without effect while it is busy, or is there already */
void kvmm_usb_device_request (KvmmUsbDevice *self, gboolean attach);

/* For what carries it. */
void kvmm_usb_device_set_attached (KvmmUsbDevice *self, gboolean attached);
void kvmm_usb_device_set_busy (KvmmUsbDevice *self, gboolean busy);
void kvmm_usb_device_set_blocked_reason (KvmmUsbDevice *self, const char *reason);
void kvmm_usb_device_set_error_text (KvmmUsbDevice *self, const char *text);

#define KVMM_TYPE_USB_LIST (kvmm_usb_list_get_type ())
/* A GListModel of KvmmUsbDevice. */
G_DECLARE_FINAL_TYPE (KvmmUsbList, kvmm_usb_list, KVMM, USB_LIST, GObject)

KvmmUsbList *kvmm_usb_list_new (void);
/** kvmm_usb_list_add: without effect beyond KVMM_USB_LIST_MAX */
void kvmm_usb_list_add (KvmmUsbList *self, KvmmUsbDevice *device);
void kvmm_usb_list_remove (KvmmUsbList *self, KvmmUsbDevice *device);

G_END_DECLS
