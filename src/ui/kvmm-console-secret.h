/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* Passwords of screens in the Secret Service of the desktop. Main thread only; nothing waits. They
 * are found by connection and UUID of the machine. */

/** kvmm_console_secret_lookup_async: finish: Returns: (transfer full) (nullable): the password;
 * %NULL without @error when there is none. Free with kvmm_console_secret_free(). @username: (out)
 * (transfer full) (nullable) */
void kvmm_console_secret_lookup_async (KvmmDomain *domain,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
char *kvmm_console_secret_lookup_finish (GAsyncResult *result, char **username, GError **error);
void kvmm_console_secret_free (char *password);

/** kvmm_console_secret_store_async: takes the place of one that is there; @username: (nullable).
 * finish: @error: for a person, with the cure where there is one */
void kvmm_console_secret_store_async (KvmmDomain *domain,
                                      const char *username,
                                      const char *password,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
gboolean kvmm_console_secret_store_finish (GAsyncResult *result, GError **error);

/** kvmm_console_secret_clear_async: forgets the password, if there is one */
void kvmm_console_secret_clear_async (KvmmDomain *domain,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
gboolean kvmm_console_secret_clear_finish (GAsyncResult *result, GError **error);

G_END_DECLS
