/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "agent/kvmm-agent-client.h"
#include "util/kvmm-guest-work.h"

G_BEGIN_DECLS

/* Care of a guest: disks, trim, freeze, clock, accounts. Main thread only. */

void kvmm_agent_client_disk_stats_async (KvmmAgentClient *self,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
/** Returns: (transfer full) (element-type KvmmGuestDisk) */
GPtrArray *
kvmm_agent_client_disk_stats_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error);

/** Deadline ten minutes. */
void kvmm_agent_client_trim_async (KvmmAgentClient *self,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
/** Returns: (transfer full) (element-type KvmmGuestTrim) */
GPtrArray *
kvmm_agent_client_trim_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error);

/** @timeout_ms: 1000 to 60000: the guest thaws by itself then */
void kvmm_agent_client_freeze_async (KvmmAgentClient *self,
                                     guint timeout_ms,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
/** Returns: (transfer full): the token for thaw; @n_frozen: (out) (nullable) */
char *kvmm_agent_client_freeze_finish (KvmmAgentClient *self,
                                       GAsyncResult *result,
                                       guint *n_frozen,
                                       GError **error);
void kvmm_agent_client_thaw_async (KvmmAgentClient *self,
                                   const char *token,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
gboolean
kvmm_agent_client_thaw_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error);

/** The guest's clock is set to the host's. Returns by finish how far it was off. */
void kvmm_agent_client_set_time_async (KvmmAgentClient *self,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
gboolean kvmm_agent_client_set_time_finish (KvmmAgentClient *self,
                                            GAsyncResult *result,
                                            gint64 *delta_us,
                                            GError **error);

typedef enum
{
  KVMM_AGENT_SUSPEND_RAM,
  KVMM_AGENT_SUSPEND_DISK,
} KvmmAgentSuspendTarget;
void kvmm_agent_client_suspend_async (KvmmAgentClient *self,
                                      KvmmAgentSuspendTarget target,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
gboolean
kvmm_agent_client_suspend_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error);

/** Needs the host's permission. @crypt_hash: as crypt(5) makes it; never a password */
void kvmm_agent_client_set_password_async (KvmmAgentClient *self,
                                           const char *user,
                                           const char *crypt_hash,
                                           GCancellable *cancellable,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data);
gboolean
kvmm_agent_client_set_password_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error);

typedef enum
{
  KVMM_AGENT_KEYS_LIST,
  KVMM_AGENT_KEYS_ADD,
  KVMM_AGENT_KEYS_REMOVE,
} KvmmAgentKeysAction;
/** Needs the host's permission. @keys: (nullable): lines of authorized_keys */
void kvmm_agent_client_ssh_keys_async (KvmmAgentClient *self,
                                       const char *user,
                                       KvmmAgentKeysAction action,
                                       const char *const *keys,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
/** Returns: (transfer full): the keys that are there now; exact, to name one again: sanitise before
 * it is shown */
char **
kvmm_agent_client_ssh_keys_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error);

G_END_DECLS
