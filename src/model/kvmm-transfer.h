/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

#include "agent/kvmm-agent-client.h"
#include "util/kvmm-guest-work.h"

G_BEGIN_DECLS

/* One file or directory on its way between this host and a guest. Main thread only; never blocks
 * it.
 *
 * A file is written beside its place under another name, and gets its own when it is whole: at both
 * ends what was there stays untouched until then, and what is interrupted leaves nothing visible. A
 * transfer whose session is lost goes on where it was when it is run again.
 *
 * Signal "changed": state, progress, or rate. */
#define KVMM_TYPE_TRANSFER (kvmm_transfer_get_type ())
G_DECLARE_FINAL_TYPE (KvmmTransfer, kvmm_transfer, KVMM, TRANSFER, GObject)

typedef enum
{
  KVMM_TRANSFER_WAITING,
  KVMM_TRANSFER_RUNNING,
  KVMM_TRANSFER_ASKING,      /* there is something of that name: kvmm_transfer_answer() */
  KVMM_TRANSFER_INTERRUPTED, /* the session was lost */
  KVMM_TRANSFER_DONE,
  KVMM_TRANSFER_SKIPPED,
  KVMM_TRANSFER_FAILED,
  KVMM_TRANSFER_CANCELLED,
} KvmmTransferState;

typedef enum
{
  KVMM_TRANSFER_ASK,
  KVMM_TRANSFER_REPLACE,
  KVMM_TRANSFER_KEEP_BOTH,
  KVMM_TRANSFER_SKIP,
} KvmmTransferAnswer;

/* Entries of a directory that are taken along, and how deep. */
#define KVMM_TRANSFER_MAX_ENTRIES 10000
#define KVMM_TRANSFER_MAX_DEPTH 32

/**
 * kvmm_transfer_new_download:
 * @path: in the guest, exact
 * @name: its last component, exact
 * @folder: on this host
 */
KvmmTransfer *kvmm_transfer_new_download (const char *path,
                                          const char *name,
                                          gboolean is_directory,
                                          GFile *folder);
/** kvmm_transfer_new_upload: @directory: in the guest, exact; %NULL: into its inbox */
KvmmTransfer *kvmm_transfer_new_upload (GFile *source, const char *directory);

/** kvmm_transfer_run_async: starts it, or goes on. Completes when it is over for now; its state
 * says how. */
void kvmm_transfer_run_async (KvmmTransfer *self,
                              KvmmAgentClient *agent,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
void kvmm_transfer_run_finish (KvmmTransfer *self, GAsyncResult *result);
/** kvmm_transfer_cancel: ends it; what was written so far is removed */
void kvmm_transfer_cancel (KvmmTransfer *self);
/** kvmm_transfer_answer: what to do about a name that is taken; ASKING becomes WAITING */
void kvmm_transfer_answer (KvmmTransfer *self, KvmmTransferAnswer answer);
/** kvmm_transfer_retry: FAILED, CANCELLED or INTERRUPTED becomes WAITING */
void kvmm_transfer_retry (KvmmTransfer *self);
/** kvmm_transfer_steal_children: Returns: (transfer full) (nullable) (element-type KvmmTransfer):
 * what a directory that is DONE contains */
GPtrArray *kvmm_transfer_steal_children (KvmmTransfer *self);

KvmmTransferState kvmm_transfer_get_state (KvmmTransfer *self);
gboolean kvmm_transfer_get_is_over (KvmmTransfer *self);
gboolean kvmm_transfer_get_is_upload (KvmmTransfer *self);
gboolean kvmm_transfer_get_is_directory (KvmmTransfer *self);
/** kvmm_transfer_get_title: Returns: (transfer none): its name, to be shown */
const char *kvmm_transfer_get_title (KvmmTransfer *self);
/** kvmm_transfer_get_error: Returns: (nullable): why it is FAILED or INTERRUPTED */
const GError *kvmm_transfer_get_error (KvmmTransfer *self);
guint64 kvmm_transfer_get_done_bytes (KvmmTransfer *self);
/** kvmm_transfer_get_size_bytes: 0 while it is not known */
guint64 kvmm_transfer_get_size_bytes (KvmmTransfer *self);
/** kvmm_transfer_get_rate: bytes a second, 0 while it is not known */
double kvmm_transfer_get_rate (KvmmTransfer *self);
/** kvmm_transfer_get_target: Returns: (transfer none) (nullable): where a download is on this host
 */
GFile *kvmm_transfer_get_target (KvmmTransfer *self);
/** kvmm_transfer_get_batch: transfers that came at once have the same; 0: none */
guint kvmm_transfer_get_batch (KvmmTransfer *self);
void kvmm_transfer_set_batch (KvmmTransfer *self, guint batch);

G_END_DECLS
