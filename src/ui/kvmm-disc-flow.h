/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-domain-media.h"

G_BEGIN_DECLS

/* A disc put into a drive, or taken out, from the first try over the wait for the guest's tray to
 * the question whether to force it. Main thread only. */

/**
 * kvmm_disc_flow_async:
 * @parent: in the window that waits
 * @target: of the drive
 * @path: (nullable): %NULL ejects
 *
 * finish returns: (transfer full): as kvmm_domain_change_medium_finish(); G_IO_ERROR_CANCELLED when
 * the person gave up
 */
void kvmm_disc_flow_async (GtkWidget *parent,
                           KvmmDomain *domain,
                           const char *target,
                           const char *path,
                           GAsyncReadyCallback callback,
                           gpointer user_data);
KvmmMediumChange *kvmm_disc_flow_finish (GAsyncResult *result, GError **error);

G_END_DECLS
