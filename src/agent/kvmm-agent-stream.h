/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

#include "util/kvmm-guest-work.h"

G_BEGIN_DECLS

/* One stream of a guest agent's session (PROTOCOL.md 4.9) as a GIOStream: both halves implement
 * GPollableInputStream and GPollableOutputStream, so that the asynchronous calls of GIO need no
 * thread. Reading grants the guest credit; not reading stops it. Main thread only.
 *
 * Input: end of file is the guest's END; then, or at a CLOSE with an error, reads return
 * KVMM_AGENT_ERROR (CLOSED when the session was lost). Closing the output half sends END. Closing
 * the stream, or dropping the last reference, tells the guest that nobody wants it. */

#define KVMM_TYPE_AGENT_STREAM (kvmm_agent_stream_get_type ())
G_DECLARE_FINAL_TYPE (KvmmAgentStream, kvmm_agent_stream, KVMM, AGENT_STREAM, GIOStream)

/* What the guest said at the end. */
typedef struct
{
  guint64 bytes;       /* that the guest counted, both directions */
  KvmmGuestExit *exit; /* (nullable) of a command or terminal */
  char *sha256;        /* (nullable) 64 hexadecimal digits */
} KvmmAgentStreamEnd;
void kvmm_agent_stream_end_free (KvmmAgentStreamEnd *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmAgentStreamEnd, kvmm_agent_stream_end_free)

/**
 * kvmm_agent_stream_wait_async:
 *
 * Completes when the guest has closed the stream (all it sent before may still be read), or the
 * session ended. May be called by several.
 */
void kvmm_agent_stream_wait_async (KvmmAgentStream *self,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
/** Returns: (transfer full): how it ended; %NULL with the guest's error, or KVMM_AGENT_ERROR_CLOSED
 * (OUTCOME_UNKNOWN if it was writing something) */
KvmmAgentStreamEnd *
kvmm_agent_stream_wait_finish (KvmmAgentStream *self, GAsyncResult *result, GError **error);

/** kvmm_agent_stream_get_id: Returns: the number in the session, for logs */
guint32 kvmm_agent_stream_get_id (KvmmAgentStream *self);

G_END_DECLS
