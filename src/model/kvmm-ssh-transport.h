/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

#include "model/kvmm-console-opener.h"

G_BEGIN_DECLS

/* One ssh connection to a host, through which any number of streams to its ports go: the first
 * signs in, the others cost nothing. Main thread only. Private to the model.
 *
 * ssh itself does it: a master with its control socket in a private directory, and one small client
 * per stream. Passwords and host keys are asked for by ssh's own helper (SSH_ASKPASS). */

#define KVMM_TYPE_SSH_TRANSPORT (kvmm_ssh_transport_get_type ())
G_DECLARE_FINAL_TYPE (KvmmSshTransport, kvmm_ssh_transport, KVMM, SSH_TRANSPORT, GObject)

/** kvmm_ssh_transport_is_for: whether libvirt reaches the host of @uri by ssh */
gboolean kvmm_ssh_transport_is_for (const char *uri);

/**
 * kvmm_ssh_transport_get:
 * @uri: of the libvirt connection: user, host, port and its parameters keyfile, no_verify and
 *     command are as libvirt takes them
 *
 * Returns: (transfer full): the one of this host: all that ask for it get the same, for as long as
 * somebody holds it or a stream is open
 */
KvmmSshTransport *kvmm_ssh_transport_get (const char *uri);

/**
 * kvmm_ssh_transport_open_async:
 * @host: as the other side sees it: "127.0.0.1"
 * @is_greeted: the server speaks first: wait until it does, so that a closed port is told from an
 *     open one
 *
 * finish returns: a connected descriptor that the caller closes, or -1 with KVMM_CONSOLE_ERROR_SSH,
 * KVMM_CONSOLE_ERROR_PORT_CLOSED or G_IO_ERROR_CANCELLED. Cancelling ends the stream's process.
 */
void kvmm_ssh_transport_open_async (KvmmSshTransport *self,
                                    const char *host,
                                    guint port,
                                    gboolean is_greeted,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
int kvmm_ssh_transport_open_finish (KvmmSshTransport *self, GAsyncResult *result, GError **error);

/** kvmm_ssh_transport_get_is_ready: whether the master is signed in */
gboolean kvmm_ssh_transport_get_is_ready (KvmmSshTransport *self);

G_END_DECLS
