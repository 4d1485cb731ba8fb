/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* TLS on a descriptor. The SPICE library speaks plain text on descriptors that it is given; so it
 * gets one end of a socket pair whose other end is carried over TLS. Main thread only. */

/**
 * kvmm_spice_tls_wrap_async:
 * @fd: (transfer full): a connected socket
 * @host: the name that the server's certificate must bear
 * @cancellable: (nullable): ends the handshake; what is carried ends with either side
 *
 * The certificate must come from an authority of ~/.spicec/spice_truststore.pem (where
 * remote-viewer looks too) when there is such a file, else of /etc/pki/libvirt-spice or
 * /etc/pki/CA, else from one that this system trusts.
 */
void kvmm_spice_tls_wrap_async (int fd,
                                const char *host,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
/** kvmm_spice_tls_wrap_finish: Returns: a socket that carries plain text, which the caller closes,
 * or -1 with G_TLS_ERROR or G_IO_ERROR */
int kvmm_spice_tls_wrap_finish (GAsyncResult *result, GError **error);

/** kvmm_spice_tls_set_authorities: @path: (nullable): a file of certificates in place of the above,
 * for tests */
void kvmm_spice_tls_set_authorities (const char *path);

G_END_DECLS
