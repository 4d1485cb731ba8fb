/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "stream-guest.h"

#include <string.h>

static void
guest_frame (FakePeer *peer, const KvmaFrame *frame, gpointer user_data)
{
  Guest *guest = user_data;
  GuestStream *stream = &guest->streams[frame->header.stream / 2];

  if (frame->header.stream == 0)
    return;
  g_assert_cmpuint (frame->header.stream / 2, <, G_N_ELEMENTS (guest->streams));
  if (stream->bytes == NULL)
    stream->bytes = g_byte_array_new ();
  stream->credit += frame->header.credit;
  if (frame->header.kind == KVMA_KIND_CLOSE)
    stream->closes++;
  if (frame->header.kind != KVMA_KIND_DATA)
    return;
  g_assert_false (stream->ended);
  stream->received += frame->length;
  if (!stream->forgets)
    g_byte_array_append (stream->bytes, frame->payload, (guint) frame->length);
  stream->ended = (frame->header.flags & KVMA_FLAG_END) != 0;
  stream->owed += (guint32) frame->length;
  if (stream->grants && stream->owed > 0 && !stream->ended)
    {
      guint32 grant = (guint32) g_test_rand_int_range (1, (gint32) stream->owed + 1);

      fake_peer_grant (peer, frame->header.stream, grant);
      stream->owed -= grant;
    }
}

Guest *
guest_new (void)
{
  Guest *guest = g_new0 (Guest, 1);

  guest->f = fixture_new_ready (&quick_intervals);
  guest->f->peer->stream_hook = guest_frame;
  guest->f->peer->stream_data = guest;
  guest->f->peer->acknowledges = TRUE;
  kvmm_agent_client_set_control_allowed (guest->f->client, TRUE);
  return guest;
}

void
guest_free (Guest *guest)
{
  fixture_free (guest->f);
  for (guint i = 0; i < G_N_ELEMENTS (guest->streams); i++)
    g_clear_pointer (&guest->streams[i].bytes, g_byte_array_unref);
  g_free (guest);
}

GuestStream *
guest_stream (Guest *guest, guint32 id)
{
  return &guest->streams[id / 2];
}

/* ---- opening ---- */

void
guest_result_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  GAsyncResult **slot = data;

  *slot = g_object_ref (result);
}

KvmmAgentStream *
guest_open_log (Guest *guest, guint32 id)
{
  g_autofree char *reply = g_strdup_printf ("{\"stream\":%u,\"source\":\"journal\"}", id);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  KvmmAgentStream *stream;

  fake_peer_set_result (guest->f->peer, KVMA_METHOD_LOG_TAIL, reply);
  kvmm_agent_client_tail_log_async (guest->f->client, FALSE, NULL, 10, TRUE, NULL, guest_result_cb,
                                    &result);
  test_wait_until (result != NULL);
  stream = kvmm_agent_client_tail_log_finish (guest->f->client, result, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (kvmm_agent_stream_get_id (stream), ==, id);
  return stream;
}

KvmmAgentStream *
guest_open_read (Guest *guest, guint32 id)
{
  g_autofree char *reply = g_strdup_printf ("{\"stream\":%u,\"size\":1000000}", id);
  g_autoptr (KvmmAgentFileStream) file = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  fake_peer_set_result (guest->f->peer, KVMA_METHOD_FILE_READ, reply);
  kvmm_agent_client_read_file_async (guest->f->client, "/a", 0, NULL, guest_result_cb, &result);
  test_wait_until (result != NULL);
  file = kvmm_agent_client_read_file_finish (guest->f->client, result, &error);
  g_assert_no_error (error);
  return g_steal_pointer (&file->stream);
}

KvmmAgentStream *
guest_open_write (Guest *guest, guint32 id, guint64 size)
{
  g_autofree char *reply =
      g_strdup_printf ("{\"stream\":%u,\"token\":\"t%u\",\"offset\":0}", id, id);
  const KvmmAgentWrite write = { .path = "/a", .size_bytes = size };
  g_autoptr (KvmmAgentFileStream) file = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  fake_peer_set_result (guest->f->peer, KVMA_METHOD_FILE_WRITE, reply);
  kvmm_agent_client_write_file_async (guest->f->client, &write, NULL, guest_result_cb, &result);
  test_wait_until (result != NULL);
  file = kvmm_agent_client_write_file_finish (guest->f->client, result, &error);
  g_assert_no_error (error);
  return g_steal_pointer (&file->stream);
}

GPollableInputStream *
guest_input (KvmmAgentStream *stream)
{
  return G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (G_IO_STREAM (stream)));
}

GPollableOutputStream *
guest_output (KvmmAgentStream *stream)
{
  return G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (G_IO_STREAM (stream)));
}

gssize
guest_read (KvmmAgentStream *stream, void *buffer, gsize size, GError **error)
{
  return g_pollable_input_stream_read_nonblocking (guest_input (stream), buffer, size, NULL, error);
}

gsize
guest_is_readable (KvmmAgentStream *stream)
{
  return g_pollable_input_stream_is_readable (guest_input (stream));
}

/* Waits for the end of the stream. */
KvmmAgentStreamEnd *
guest_wait_end (KvmmAgentStream *stream, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  kvmm_agent_stream_wait_async (stream, NULL, guest_result_cb, &result);
  test_wait_until (result != NULL);
  return kvmm_agent_stream_wait_finish (stream, result, error);
}

guint8 *
guest_random_bytes (gsize length)
{
  guint8 *bytes = g_malloc (length);

  for (gsize i = 0; i < length; i++)
    bytes[i] = (guint8) g_test_rand_int ();
  return bytes;
}

void
guest_assert_read_fails (KvmmAgentStream *stream, GQuark domain, int code)
{
  g_autoptr (GError) error = NULL;
  guint8 byte;

  test_wait_until (guest_is_readable (stream));
  g_assert_cmpint (guest_read (stream, &byte, 1, &error), ==, -1);
  g_assert_error (error, domain, code);
}

void
guest_assert_session_ended (Guest *guest)
{
  test_wait_until (guest->f->peer->byes == 1);
  g_assert_cmpstr (guest->f->peer->last_bye, ==, "protocol");
  test_wait_until (kvmm_agent_client_get_session_count (guest->f->client) == 2);
}

void
guest_write_all_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Outcome *outcome = data;
  gsize written = 0;

  outcome->n_calls++;
  g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, &written, &outcome->error);
  outcome->value = (gint64) written;
}
