/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-connection-list.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* "Add connection": this computer, the user's session, another computer over ssh, the test driver
 * or any URI. Main thread only. */

#define KVMM_TYPE_CONNECTION_DIALOG (kvmm_connection_dialog_get_type ())
G_DECLARE_FINAL_TYPE (
    KvmmConnectionDialog, kvmm_connection_dialog, KVMM, CONNECTION_DIALOG, AdwWindow)

/** kvmm_connection_dialog_present: asks which connection to add, adds it to @connections and
 * connects. @parent: (nullable) */
void kvmm_connection_dialog_present (GtkWindow *parent,
                                     KvmmSettings *settings,
                                     KvmmConnectionList *connections);

/* Longer URIs are refused as typed. */
#define KVMM_CONNECTION_DIALOG_MAX_URI 1024

/**
 * kvmm_connection_dialog_check_uri:
 * @uri: what was typed
 * @reason: (out) (optional) (transfer none): translated, why not
 *
 * Follows https://libvirt.org/uri.html.
 *
 * Returns: whether @uri has the form of a libvirt URI
 */
gboolean kvmm_connection_dialog_check_uri (const char *uri, const char **reason);

/**
 * kvmm_connection_dialog_build_ssh_uri:
 * @user: (nullable): "" or %NULL: as ssh decides
 * @host: name or address, with or without ":port"; IPv6 with or without brackets
 *
 * Returns: (transfer full): "qemu+ssh://user@host/system"
 */
char *kvmm_connection_dialog_build_ssh_uri (const char *user, const char *host);

G_END_DECLS
