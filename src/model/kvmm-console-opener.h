/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

#include "model/kvmm-domain.h"
#include "xml/kvmm-xml-console.h"

G_BEGIN_DECLS

/* The ways to a machine's screens, wherever it runs. Main thread only.
 *
 * A screen of this computer is opened by libvirtd, which passes a descriptor: no port, no password.
 * One of another computer is reached at its port: directly when the server listens for the network,
 * else, or with a qemu+ssh connection, through one ssh transport per host that all screens of the
 * program share. */

#define KVMM_TYPE_CONSOLE_OPENER (kvmm_console_opener_get_type ())
G_DECLARE_FINAL_TYPE (KvmmConsoleOpener, kvmm_console_opener, KVMM, CONSOLE_OPENER, GObject)

#define KVMM_CONSOLE_ERROR (kvmm_console_error_quark ())
GQuark kvmm_console_error_quark (void);
typedef enum
{
  KVMM_CONSOLE_ERROR_NO_GRAPHICS, /* no such screen, or it has no port one could reach */
  KVMM_CONSOLE_ERROR_PORT_CLOSED, /* nothing listens there, or a firewall */
  KVMM_CONSOLE_ERROR_HOST,        /* the computer cannot be found or reached */
  KVMM_CONSOLE_ERROR_SSH,         /* ssh failed; its own words are in the message */
} KvmmConsoleErrorCode;

/* Properties: "domain" KvmmDomain (construct-only); "progress-text" (nullable): translated, what is
 * waited for ("Waiting for ssh to host …"), %NULL when nothing is under way. */

KvmmConsoleOpener *kvmm_console_opener_new (KvmmDomain *domain);
KvmmDomain *kvmm_console_opener_get_domain (KvmmConsoleOpener *self);        /* (transfer none) */
const char *kvmm_console_opener_get_progress_text (KvmmConsoleOpener *self); /* (nullable) */

/**
 * kvmm_console_opener_list_async:
 *
 * Reads the live XML (the stored one of a stopped machine). finish returns: (transfer full): its
 * screens, or %NULL with KVMM_VIRT_ERROR or KVMM_XML_ERROR. Cancelling detaches.
 */
void kvmm_console_opener_list_async (KvmmConsoleOpener *self,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
KvmmXmlConsoles *
kvmm_console_opener_list_finish (KvmmConsoleOpener *self, GAsyncResult *result, GError **error);

/* One connection to a display server. */
typedef struct
{
  int fd;            /* (owned) connected stream socket; -1 once taken */
  gboolean is_local; /* bytes are cheap: a unix socket to a server of this computer */
  char *host;        /* (nullable) name that a certificate of the server must have */
} KvmmConsoleTransport;
void kvmm_console_transport_free (KvmmConsoleTransport *self); /* closes fd */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmConsoleTransport, kvmm_console_transport_free)
/** kvmm_console_transport_take_fd: Returns: the descriptor, which the caller closes */
int kvmm_console_transport_take_fd (KvmmConsoleTransport *self);

/**
 * kvmm_console_opener_open_graphics_async:
 * @graphics: which screen; copied
 * @tls: SPICE: the channel wants the server's TLS port. Without effect on a passed descriptor.
 *
 * May be called again while a call is under way: SPICE opens one connection per channel.
 * finish returns: (transfer full): a connection, or %NULL with KVMM_CONSOLE_ERROR, KVMM_VIRT_ERROR
 * or G_IO_ERROR_CANCELLED. Cancelling ends what was begun: no descriptor and no process stays.
 */
void kvmm_console_opener_open_graphics_async (KvmmConsoleOpener *self,
                                              const KvmmXmlGraphics *graphics,
                                              gboolean tls,
                                              GCancellable *cancellable,
                                              GAsyncReadyCallback callback,
                                              gpointer user_data);
KvmmConsoleTransport *kvmm_console_opener_open_graphics_finish (KvmmConsoleOpener *self,
                                                                GAsyncResult *result,
                                                                GError **error);

G_END_DECLS
