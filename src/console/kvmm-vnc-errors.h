/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the VNC library reports, in the user's words and with what to do about it. Main thread only.
 */

/* Where the library looks for certificates, below ~/.pki and /etc/pki: the authorities in "CA", the
 * one of this computer in here. virt-manager and libvirt's documents have the same name. */
#define KVMM_VNC_CLIENT_NAME "libvirt-vnc"

/**
 * kvmm_vnc_error_new:
 * @message: the library's, which may quote the server
 * @host: (nullable): the name that the server's certificate must bear
 * @is_shaking: an encrypted connection was begun that certificates are for, and nothing came of it
 * yet
 *
 * Returns: (transfer full): a KVMM_DISPLAY_ERROR
 */
GError *kvmm_vnc_error_new (const char *message, const char *host, gboolean is_shaking);

G_END_DECLS
