/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/**
 * kvmm_domain_read_picture_async:
 *
 * Main thread only. A picture of the machine's first screen, on a lane where nobody else waits.
 * Cancelling detaches, and ends the transfer at its next piece.
 */
void kvmm_domain_read_picture_async (KvmmDomain *self,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
/**
 * kvmm_domain_read_picture_finish:
 * @mime: (out) (transfer full): what libvirt calls it
 *
 * Returns: (transfer full): bytes that nobody vouches for, see kvmm_virt_domain_screenshot()
 */
GBytes *kvmm_domain_read_picture_finish (KvmmDomain *self,
                                         GAsyncResult *result,
                                         char **mime,
                                         GError **error);

G_END_DECLS
