/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Files of web servers that nobody vouches for: read up to a limit, from http and https alone
 * wherever a server sends one on to, and never from https to http. Worker only: each call blocks,
 * for at most half a minute without a byte, and ends when @cancellable is cancelled. An object is
 * of the thread that made it. */
typedef struct _KvmmHttp KvmmHttp;

typedef enum
{
  KVMM_HTTP_ERROR_INVALID,   /* the address is none for this program */
  KVMM_HTTP_ERROR_NOT_FOUND, /* there is nothing at the address */
  KVMM_HTTP_ERROR_REFUSED,   /* the server does not give it */
  KVMM_HTTP_ERROR_REDIRECT,  /* the server sends on to where nobody is to follow */
  KVMM_HTTP_ERROR_TOO_LARGE,
  KVMM_HTTP_ERROR_FAILED, /* not reached, broken off; the message says what */
} KvmmHttpError;
#define KVMM_HTTP_ERROR (kvmm_http_error_quark ())
GQuark kvmm_http_error_quark (void);

/** KvmmHttpProgressFunc: worker: @done_bytes of the file that is downloaded */
typedef void (*KvmmHttpProgressFunc) (guint64 done_bytes, gpointer user_data);

KvmmHttp *kvmm_http_new (void);
void kvmm_http_free (KvmmHttp *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmHttp, kvmm_http_free)

/** kvmm_http_check_url: Any thread. An address of a folder or file with http or https, a host and
 * neither user, query nor fragment; such a one can stand in a kernel's command line. Returns:
 * %FALSE with KVMM_HTTP_ERROR_INVALID, which says what to write */
gboolean kvmm_http_check_url (const char *url, GError **error);

/** kvmm_http_probe: @size_bytes: (out): 0 when the server does not tell. Returns: %FALSE with
 * KVMM_HTTP_ERROR, G_IO_ERROR_CANCELLED; TOO_LARGE above @max_bytes */
gboolean kvmm_http_probe (KvmmHttp *self,
                          const char *url,
                          guint64 max_bytes,
                          guint64 *size_bytes,
                          GCancellable *cancellable,
                          GError **error);

/** kvmm_http_read: @is_head: what is more than @max_bytes is not read, instead of a failure.
 * Returns: (transfer full): with a zero byte behind its end; %NULL as kvmm_http_probe() */
char *kvmm_http_read (KvmmHttp *self,
                      const char *url,
                      gsize max_bytes,
                      gboolean is_head,
                      gsize *size_bytes,
                      GCancellable *cancellable,
                      GError **error);

/**
 * kvmm_http_download:
 * @sha256: (nullable): what the file must have, in hexadecimal digits
 * @size_bytes: (out)
 * @progress: (nullable)
 *
 * Returns: (transfer full): a file that has no name, to be read and closed; -1 as
 * kvmm_http_probe()
 */
int kvmm_http_download (KvmmHttp *self,
                        const char *url,
                        guint64 max_bytes,
                        const char *sha256,
                        guint64 *size_bytes,
                        KvmmHttpProgressFunc progress,
                        gpointer progress_data,
                        GCancellable *cancellable,
                        GError **error);

G_END_DECLS
