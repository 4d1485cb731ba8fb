/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/**
 * kvmm_diff_dialog_ask_async:
 * @lines: (element-type KvmmXmlDiffLine): what changes
 * @accept_label: with mnemonic
 *
 * Main thread only. Shows a difference and asks whether to go on; finish returns whether.
 */
void kvmm_diff_dialog_ask_async (GtkWidget *widget,
                                 const char *heading,
                                 const char *body,
                                 GPtrArray *lines,
                                 const char *accept_label,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
gboolean kvmm_diff_dialog_ask_finish (GAsyncResult *result);

G_END_DECLS
