/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-connection-list.h"

G_BEGIN_DECLS

/* A guest's channel has one holder, and the window holds those of all running machines. A command
 * in a terminal of the same person borrows one over the session bus, for as long as it runs: the
 * window knows when the borrower leaves the bus. Main thread only. */

typedef struct _KvmmChannelLender KvmmChannelLender;

/** kvmm_channel_lender_new: answers on @bus until it is freed. @connections: whose channels.
 * Returns: (transfer full): %NULL with @error set when the bus does not take it */
KvmmChannelLender *
kvmm_channel_lender_new (GDBusConnection *bus, KvmmConnectionList *connections, GError **error);
void kvmm_channel_lender_free (KvmmChannelLender *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmChannelLender, kvmm_channel_lender_free)

/**
 * kvmm_channel_borrow_async:
 * @uri: of the connection as the settings spell it
 * @name: (nullable): of the holder on the bus; %NULL: the program's
 *
 * Asks the window of the same person for the channel of a machine.
 */
void kvmm_channel_borrow_async (const char *uri,
                                const char *uuid,
                                const char *name,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
/** kvmm_channel_borrow_finish: Returns: (transfer full): keep it as long as the channel is used;
 * %NULL when there is no window (G_IO_ERROR_NOT_FOUND), it does not hold the channel
 * (G_IO_ERROR_NOT_FOUND), or it has work under way in the guest (G_IO_ERROR_BUSY) */
GDBusConnection *kvmm_channel_borrow_finish (GAsyncResult *result, GError **error);

/* What the holder knows of a guest's agent. */
typedef struct
{
  char *state;       /* the nick of a KvmmGuestState */
  char *text;        /* the same for people */
  char *detail;      /* (nullable) one sentence */
  char *version;     /* (nullable) */
  guint64 uptime_ms; /* 0: not known */
} KvmmChannelReport;
void kvmm_channel_report_free (KvmmChannelReport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmChannelReport, kvmm_channel_report_free)

/** kvmm_channel_describe_async: the same questions, and the channel stays where it is */
void kvmm_channel_describe_async (const char *uri,
                                  const char *uuid,
                                  const char *name,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
KvmmChannelReport *kvmm_channel_describe_finish (GAsyncResult *result, GError **error);

G_END_DECLS
