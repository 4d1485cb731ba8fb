/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-connection-list.h"

G_BEGIN_DECLS

/* "Add connection": this computer, the user's session, another computer over ssh, the test driver
 * or any URI. Main thread only. */

#define KVMM_TYPE_CONNECTION_DIALOG (kvmm_connection_dialog_get_type ())
G_DECLARE_FINAL_TYPE (
    KvmmConnectionDialog, kvmm_connection_dialog, KVMM, CONNECTION_DIALOG, AdwWindow)

/** kvmm_connection_dialog_present: asks which connection to add, adds it to @connections and
 * connects. @parent: (nullable) */
void kvmm_connection_dialog_present (GtkWindow *parent, KvmmConnectionList *connections);

/**
 * kvmm_connection_dialog_check_uri:
 * @uri: what was typed
 * @reason: (out) (optional) (transfer none): translated, why not
 *
 * Returns: whether @uri has the form of a libvirt URI
 */
gboolean kvmm_connection_dialog_check_uri (const char *uri, const char **reason);

G_END_DECLS
