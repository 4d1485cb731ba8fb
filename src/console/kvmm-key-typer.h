/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "console/kvmm-display.h"
#include "console/kvmm-key-layout.h"

G_BEGIN_DECLS

/* Types a text in the guest, key by key: for what has no clipboard: a login screen, an installer, a
 * boot loader. Main thread only. */

/* Longest text, in characters, and the fastest speed, in characters a second. */
#define KVMM_KEY_TYPER_MAX 16384
#define KVMM_KEY_TYPER_RATE_MAX 200
/* What firmware and installers keep up with. */
#define KVMM_KEY_TYPER_RATE 25

/* @n_typed of @n_total characters were typed. */
typedef void (*KvmmKeyTyperFunc) (guint n_typed, guint n_total, gpointer user_data);

/**
 * kvmm_key_typer_type_async:
 * @display: connected, not read-only
 * @text: UTF-8; line feeds are Return
 * @layout: the id of the layout that the guest has set, see kvmm_key_layout_list()
 * @rate: characters a second, 1 to KVMM_KEY_TYPER_RATE_MAX
 * @progress: (nullable): called after each character, until the callback
 *
 * Nothing is typed when a part of the text cannot be: finish then fails with
 * G_IO_ERROR_INVALID_ARGUMENT, whose message lists the characters. A text that is too long fails
 * with G_IO_ERROR_MESSAGE_TOO_LARGE, a display that is not connected, or ends meanwhile, with
 * G_IO_ERROR_NOT_CONNECTED. Cancelling stops before the next character, with no key held.
 */
void kvmm_key_typer_type_async (KvmmDisplay *display,
                                const char *text,
                                const char *layout,
                                guint rate,
                                KvmmKeyTyperFunc progress,
                                gpointer progress_data,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
gboolean kvmm_key_typer_type_finish (KvmmDisplay *display, GAsyncResult *result, GError **error);

G_END_DECLS
