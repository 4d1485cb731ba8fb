/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "virt/kvmm-virt-connect.h"

G_BEGIN_DECLS

/* A picture of a machine's first screen. Worker only. */

/* Bytes of a picture: a raw one of 4096 by 4096 points fits. */
#define KVMM_VIRT_SCREENSHOT_MAX (48 * 1024 * 1024 + 1024)

/**
 * kvmm_virt_domain_screenshot:
 * @mime: (out) (transfer full): "image/x-portable-pixmap" or "image/png", as libvirt says; not to
 * be trusted
 * @cancellable: (nullable): ends it between two pieces
 *
 * Worker only, and not where others wait: reads the picture to its end. Returns: (transfer full):
 * what libvirt sent, not to be trusted, or %NULL: INVALID_STATE (not running), UNSUPPORTED (no
 * screen, or a driver without), G_IO_ERROR_NO_SPACE beyond KVMM_VIRT_SCREENSHOT_MAX
 */
GBytes *kvmm_virt_domain_screenshot (KvmmVirtConnect *self,
                                     const char *uuid,
                                     char **mime,
                                     GCancellable *cancellable,
                                     GError **error);

G_END_DECLS
