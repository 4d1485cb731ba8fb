/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "agent-fixture.h"

#include "agent/kvmm-agent-exec.h"
#include "agent/kvmm-agent-files.h"
#include "agent/kvmm-agent-processes.h"
#include "protocol/kvma-names.h"

/* The guest's end of streams: what came, what was granted, what was closed. Main thread only. */

typedef struct
{
  GByteArray *bytes;
  gboolean ended;
  guint closes;
  guint64 credit;  /* that the host granted, without the first window */
  gsize received;  /* bytes, also those not kept */
  gboolean grants; /* as much as it takes, in odd portions */
  gboolean forgets;
  guint32 owed;
} GuestStream;

typedef struct
{
  Fixture *f;
  GuestStream streams[2 * KVMA_STREAMS_MAX + 4]; /* by half their ids */
} Guest;

Guest *guest_new (void);
void guest_free (Guest *guest);
GuestStream *guest_stream (Guest *guest, guint32 id);
void guest_result_cb (GObject *source, GAsyncResult *result, gpointer data);
KvmmAgentStream *guest_open_log (Guest *guest, guint32 id);
KvmmAgentStream *guest_open_read (Guest *guest, guint32 id);
KvmmAgentStream *guest_open_write (Guest *guest, guint32 id, guint64 size);
GPollableInputStream *guest_input (KvmmAgentStream *stream);
GPollableOutputStream *guest_output (KvmmAgentStream *stream);
gssize guest_read (KvmmAgentStream *stream, void *buffer, gsize size, GError **error);
gsize guest_is_readable (KvmmAgentStream *stream);
KvmmAgentStreamEnd *guest_wait_end (KvmmAgentStream *stream, GError **error);
guint8 *guest_random_bytes (gsize length);
void guest_assert_read_fails (KvmmAgentStream *stream, GQuark domain, int code);
void guest_assert_session_ended (Guest *guest);
void guest_write_all_cb (GObject *source, GAsyncResult *result, gpointer data);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Guest, guest_free)
