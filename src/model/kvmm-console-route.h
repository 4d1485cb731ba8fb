/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

#include "model/kvmm-console-opener.h"

G_BEGIN_DECLS

/* The way to a display server of another computer. Main thread only. Private to the model. */

/* Called while the way is being opened; @text translated. */
typedef void (*KvmmConsoleRouteFunc) (const char *text, gpointer user_data);

/**
 * kvmm_console_route_open_async:
 * @uri: of the libvirt connection
 * @name: the machine's, for error texts
 * @graphics: which screen
 * @tls: take the TLS port of a SPICE server
 * @progress: called until the callback runs; @progress_data must live that long
 */
void kvmm_console_route_open_async (const char *uri,
                                    const char *name,
                                    const KvmmXmlGraphics *graphics,
                                    gboolean tls,
                                    KvmmConsoleRouteFunc progress,
                                    gpointer progress_data,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
/** kvmm_console_route_open_finish: @host: (out) (transfer full): name of the server. Returns: a
 * connected descriptor that the caller closes, or -1 with KVMM_CONSOLE_ERROR */
int kvmm_console_route_open_finish (GAsyncResult *result, char **host, GError **error);

G_END_DECLS
