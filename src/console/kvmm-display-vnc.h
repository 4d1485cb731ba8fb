/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "console/kvmm-display.h"

G_BEGIN_DECLS

/* A screen that speaks VNC (RFB 3.8 with QEMU's extensions), through gvnc. Main thread only. */

#define KVMM_TYPE_DISPLAY_VNC (kvmm_display_vnc_get_type ())
G_DECLARE_FINAL_TYPE (KvmmDisplayVnc, kvmm_display_vnc, KVMM, DISPLAY_VNC, KvmmDisplay)

KvmmDisplay *kvmm_display_vnc_new (void);

/**
 * kvmm_display_vnc_open_fd:
 * @fd: (transfer full): a connected stream socket
 * @is_local: bytes are cheap: pixels are not compressed
 * @host: (nullable): the name a certificate of the server must have
 *
 * What kvmm_display_open() does once it has a descriptor.
 */
void kvmm_display_vnc_open_fd (KvmmDisplayVnc *self, int fd, gboolean is_local, const char *host);

G_END_DECLS
