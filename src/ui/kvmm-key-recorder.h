/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/**
 * kvmm_key_recorder_ask_async:
 * @widget: in the window that asks
 * @title: what for
 * @accept_label: with mnemonic: "_Send"
 *
 * Lets a person press a combination of keys. Main thread only. finish returns: (transfer full)
 * (nullable): "Control_L+Alt_L+F1", %NULL when it was cancelled.
 */
void kvmm_key_recorder_ask_async (GtkWidget *widget,
                                  const char *title,
                                  const char *accept_label,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
char *kvmm_key_recorder_ask_finish (GAsyncResult *result);

G_END_DECLS
