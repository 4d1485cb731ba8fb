/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "agent/kvmm-agent-client.h"
#include "agent/kvmm-agent-stream.h"
#include "util/kvmm-guest-work.h"

G_BEGIN_DECLS

/* Processes, services and logs of a guest. Main thread only. Like all requests: completes once, on
 * the main context, with KVMM_AGENT_ERROR or G_IO_ERROR_CANCELLED. */

typedef enum
{
  KVMM_AGENT_SORT_CPU,
  KVMM_AGENT_SORT_MEMORY,
  KVMM_AGENT_SORT_PID,
  KVMM_AGENT_SORT_NAME,
} KvmmAgentSort;

/** @filter: (nullable): part of a name, user or argument; @arguments: ask for them (the guest's
 * policy may refuse: DENIED); @limit: 1 to 256 */
void kvmm_agent_client_list_processes_async (KvmmAgentClient *self,
                                             KvmmAgentSort sort,
                                             const char *filter,
                                             gboolean arguments,
                                             guint limit,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback,
                                             gpointer user_data);
/** Returns: (transfer full) (element-type KvmmGuestProcess); @info: (out) (nullable) */
GPtrArray *kvmm_agent_client_list_processes_finish (KvmmAgentClient *self,
                                                    GAsyncResult *result,
                                                    KvmmGuestListInfo *info,
                                                    GError **error);

/** Ends (or signals) one process; @start_time_s guards against a number used again. Needs the
 * host's permission. @signal: "TERM", "KILL", "INT", "HUP", "STOP", "CONT" */
void kvmm_agent_client_signal_process_async (KvmmAgentClient *self,
                                             guint pid,
                                             gint64 start_time_s,
                                             const char *signal,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback,
                                             gpointer user_data);
gboolean kvmm_agent_client_signal_process_finish (KvmmAgentClient *self,
                                                  GAsyncResult *result,
                                                  GError **error);

void kvmm_agent_client_list_services_async (KvmmAgentClient *self,
                                            GCancellable *cancellable,
                                            GAsyncReadyCallback callback,
                                            gpointer user_data);
/** Returns: (transfer full) (element-type KvmmGuestService); @manager: (out) (nullable) (transfer
 * full): "systemd" or "openrc" */
GPtrArray *kvmm_agent_client_list_services_finish (KvmmAgentClient *self,
                                                   GAsyncResult *result,
                                                   char **manager,
                                                   KvmmGuestListInfo *info,
                                                   GError **error);

/** Logs as a stream of text lines (bytes of the guest: sanitise each line before it is shown).
 * @kernel: the kernel's ring instead of the system log; @unit: (nullable): of the journal; @lines:
 * 0 to 1000 */
void kvmm_agent_client_tail_log_async (KvmmAgentClient *self,
                                       gboolean kernel,
                                       const char *unit,
                                       guint lines,
                                       gboolean follow,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
/** Returns: (transfer full): the stream; @source: (out) (nullable) (transfer full): "journal",
 * "file" or "kmsg" */
KvmmAgentStream *kvmm_agent_client_tail_log_finish (KvmmAgentClient *self,
                                                    GAsyncResult *result,
                                                    char **source,
                                                    GError **error);

G_END_DECLS
