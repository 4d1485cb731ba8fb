/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "test-remote.h"

/* What the cases share: a running machine whose guest end the test holds. */
typedef struct
{
  KvmmVirtConnect *connect;
  RemoteGuest *guest;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->guest = remote_guest_new ();
  self->connect = remote_open ();
  remote_define (self->connect, self->guest->path);
  remote_call (remote_start_thread, self->connect);
  remote_wait_until (self->guest->peers->len == 1);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  remote_call (remote_undefine_thread, self->connect);
  kvmm_virt_connect_unref (self->connect);
  remote_guest_free (self->guest);
}

typedef struct
{
  KvmmVirtConnect *connect;
  const char *channel;
  gboolean take_over;
  GError *error;
} Open;

static gpointer
open_thread (gpointer data)
{
  Open *open = data;
  return kvmm_virt_open_channel (open->connect, REMOTE_UUID, open->channel, open->take_over,
                                 &open->error);
}

static KvmmVirtStream *
open_stream (Fixture *self, gboolean take_over)
{
  guint n_peers = self->guest->peers->len;
  Open open = { .connect = self->connect, .channel = REMOTE_CHANNEL, .take_over = take_over };
  KvmmVirtStreamHandle *handle = remote_call (open_thread, &open);
  g_assert_no_error (open.error);
  KvmmVirtStream *stream = kvmm_virt_stream_new (handle);
  remote_wait_until (self->guest->peers->len == n_peers + 1);
  return stream;
}

static GPollableInputStream *
get_input (KvmmVirtStream *stream)
{
  return G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (G_IO_STREAM (stream)));
}

static GPollableOutputStream *
get_output (KvmmVirtStream *stream)
{
  return G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (G_IO_STREAM (stream)));
}

static gboolean
set_true_cb (GObject *object, gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Waits through a GIO source, as users do. */
static void
wait_readable (KvmmVirtStream *stream)
{
  gboolean ready = FALSE;
  g_autoptr (GSource) source = g_pollable_input_stream_create_source (get_input (stream), NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (set_true_cb), &ready, NULL);
  g_source_attach (source, NULL);
  remote_wait_until (ready);
}

static void
guest_send (Fixture *self, const char *text)
{
  g_autoptr (GError) error = NULL;
  GSocket *socket = remote_guest_get_socket (self->guest, self->guest->peers->len - 1);
  gssize sent = g_socket_send (socket, text, strlen (text), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (sent, ==, (gssize) strlen (text));
}

static void
test_carries_both_ways (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtStream) stream = open_stream (self, FALSE);
  char buffer[64] = { 0 };

  g_assert_false (g_pollable_input_stream_is_readable (get_input (stream)));
  g_assert_cmpint (
      g_pollable_input_stream_read_nonblocking (get_input (stream), buffer, 64, NULL, &error), ==,
      -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);

  guest_send (self, "hello");
  wait_readable (stream);
  gssize n = g_pollable_input_stream_read_nonblocking (get_input (stream), buffer, 3, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (n, ==, 3);
  n = g_pollable_input_stream_read_nonblocking (get_input (stream), buffer + 3, 61, NULL, &error);
  g_assert_cmpint (n, ==, 2);
  g_assert_cmpstr (buffer, ==, "hello");

  g_assert_true (g_pollable_output_stream_is_writable (get_output (stream)));
  n = g_pollable_output_stream_write_nonblocking (get_output (stream), "world", 5, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (n, ==, 5);
  memset (buffer, 0, sizeof buffer);
  GSocket *peer = remote_guest_get_socket (self->guest, 1);
  remote_wait_until (g_socket_condition_check (peer, G_IO_IN) & G_IO_IN);
  g_assert_cmpint (g_socket_receive (peer, buffer, 64, NULL, &error), ==, 5);
  g_assert_cmpstr (buffer, ==, "world");

  g_assert_true (g_io_stream_close (G_IO_STREAM (stream), NULL, &error));
  remote_wait_until (g_socket_condition_check (peer, G_IO_HUP) & G_IO_HUP);
  g_assert_cmpint (
      g_pollable_input_stream_read_nonblocking (get_input (stream), buffer, 64, NULL, &error), ==,
      -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

static void
test_second_opener_is_refused (Fixture *self, gconstpointer data)
{
  g_autoptr (KvmmVirtStream) stream = open_stream (self, FALSE);
  Open open = { .connect = self->connect, .channel = REMOTE_CHANNEL };
  g_assert_null (remote_call (open_thread, &open));
  g_assert_error (open.error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_IN_USE);
  g_clear_error (&open.error);
}

static void
test_take_over_ends_the_first (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  char buffer[64] = { 0 };
  g_autoptr (KvmmVirtStream) first = open_stream (self, FALSE);
  g_autoptr (KvmmVirtStream) second = open_stream (self, TRUE);
  wait_readable (first);
  gssize n = g_pollable_input_stream_read_nonblocking (get_input (first), buffer, 64, NULL, &error);
  g_assert_cmpint (n, ==, -1);
  g_assert_cmpint (kvmm_virt_error_get_code (error), ==, VIR_ERR_RPC);
  g_clear_error (&error);

  guest_send (self, "second");
  wait_readable (second);
  g_assert_cmpint (
      g_pollable_input_stream_read_nonblocking (get_input (second), buffer, 64, NULL, &error), ==,
      6);
}

static void
test_names_a_missing_channel (Fixture *self, gconstpointer data)
{
  Open open = { .connect = self->connect, .channel = "org.example.none" };
  g_assert_null (remote_call (open_thread, &open));
  g_assert_error (open.error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT);
  g_clear_error (&open.error);
}

static void
test_machine_that_stops_is_eof (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  char byte;
  g_autoptr (KvmmVirtStream) stream = open_stream (self, FALSE);
  guest_send (self, "x");
  /* QEMU's own end of the channel is ours here, so close it as QEMU's exit would. */
  g_io_stream_close (self->guest->peers->pdata[1], NULL, NULL);
  remote_call (remote_force_off_thread, self->connect);
  wait_readable (stream);
  g_assert_cmpint (
      g_pollable_input_stream_read_nonblocking (get_input (stream), &byte, 1, NULL, &error), ==, 1);
  wait_readable (stream);
  g_assert_cmpint (
      g_pollable_input_stream_read_nonblocking (get_input (stream), &byte, 1, NULL, &error), ==, 0);
  g_assert_cmpint (
      g_pollable_output_stream_write_nonblocking (get_output (stream), "x", 1, NULL, &error), ==,
      -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);

  Open open = { .connect = self->connect, .channel = REMOTE_CHANNEL };
  g_assert_null (remote_call (open_thread, &open));
  g_assert_error (open.error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_INVALID_STATE);
  g_clear_error (&open.error);
}

/* Sends until @limit bytes or until the peer takes no more for good. */
static gsize
flood (Fixture *self, KvmmVirtStream *stream, gsize limit)
{
  static const char block[16 * 1024];
  GSocket *socket = remote_guest_get_socket (self->guest, self->guest->peers->len - 1);
  gsize total = 0;
  while (total < limit)
    {
      g_autoptr (GError) error = NULL;
      gssize sent = g_socket_send (socket, block, MIN (sizeof block, limit - total), NULL, &error);
      if (sent > 0)
        total += (gsize) sent;
      else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        break;
      g_main_context_iteration (NULL, FALSE);
    }
  return total;
}

static gsize
read_all (KvmmVirtStream *stream, GError **error)
{
  char buffer[65536];
  gsize total = 0;
  gssize n;
  while ((n = g_pollable_input_stream_read_nonblocking (get_input (stream), buffer, sizeof buffer,
                                                        NULL, error)) > 0)
    total += (gsize) n;
  return total;
}

static void
test_buffer_holds_its_limit (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtStream) stream = open_stream (self, FALSE);
  gsize total = 0;
  g_assert_cmpuint (flood (self, stream, KVMM_VIRT_STREAM_MAX_BUFFER), ==,
                    KVMM_VIRT_STREAM_MAX_BUFFER);
  while (total < KVMM_VIRT_STREAM_MAX_BUFFER)
    {
      g_clear_error (&error);
      wait_readable (stream);
      total += read_all (stream, &error);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
    }
  g_assert_cmpuint (total, ==, KVMM_VIRT_STREAM_MAX_BUFFER);
}

static void
test_flood_ends_with_no_space (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtStream) stream = open_stream (self, FALSE);
  g_assert_cmpuint (flood (self, stream, KVMM_VIRT_STREAM_MAX_BUFFER + 1), ==,
                    KVMM_VIRT_STREAM_MAX_BUFFER + 1);
  /* Nothing is read until the limit was passed: the output end is the first to know. */
  remote_wait_until (
      g_pollable_output_stream_write_nonblocking (get_output (stream), "x", 1, NULL, &error) < 0);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_clear_error (&error);
  g_assert_cmpuint (read_all (stream, &error), ==, KVMM_VIRT_STREAM_MAX_BUFFER);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
}

static void
test_cancelled_source_fires (Fixture *self, gconstpointer data)
{
  gboolean ready = FALSE;
  g_autoptr (KvmmVirtStream) stream = open_stream (self, FALSE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GSource) source =
      g_pollable_input_stream_create_source (get_input (stream), cancellable);
  g_source_set_callback (source, G_SOURCE_FUNC (set_true_cb), &ready, NULL);
  g_source_attach (source, NULL);
  g_cancellable_cancel (cancellable);
  remote_wait_until (ready);
}

static void
test_halves_outlive_the_stream (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  char byte;
  g_autoptr (KvmmVirtStream) stream = open_stream (self, FALSE);
  g_autoptr (GPollableInputStream) input = g_object_ref (get_input (stream));
  g_assert_finalize_object (g_steal_pointer (&stream));
  g_assert_true (g_pollable_input_stream_is_readable (input));
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (input, &byte, 1, NULL, &error), ==,
                   -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

static void
closed_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  *(gboolean *) user_data = g_io_stream_close_finish (G_IO_STREAM (object), result, NULL);
}

static void
test_closes_asynchronously (Fixture *self, gconstpointer data)
{
  gboolean closed = FALSE;
  g_autoptr (KvmmVirtStream) stream = open_stream (self, FALSE);
  guest_send (self, "unread");
  g_io_stream_close_async (G_IO_STREAM (stream), 0, NULL, closed_cb, &closed);
  remote_wait_until (closed);
  g_autoptr (KvmmVirtStream) again = NULL;
  Open open = { .connect = self->connect, .channel = REMOTE_CHANNEL };
  KvmmVirtStreamHandle *handle = NULL;
  /* The abort runs elsewhere, so the channel is free a moment later. */
  remote_wait_until ((g_clear_error (&open.error), handle = remote_call (open_thread, &open)));
  again = kvmm_virt_stream_new (handle);
}

static void
test_unused_handle_is_freed (Fixture *self, gconstpointer data)
{
  Open open = { .connect = self->connect, .channel = REMOTE_CHANNEL };
  kvmm_virt_stream_handle_free (remote_call (open_thread, &open));
  g_assert_no_error (open.error);
  remote_wait_until (self->guest->peers->len == 2);
  GSocket *peer = remote_guest_get_socket (self->guest, 1);
  remote_wait_until (g_socket_condition_check (peer, G_IO_HUP) & G_IO_HUP);
}

static void
test_owner_tells_of_a_lost_connection (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtStream) stream = open_stream (self, FALSE);
  char byte;
  remote_control ("kill");
  /* The peer sees it; the stream gets no callback for it and stays silent. */
  GSocket *peer = remote_guest_get_socket (self->guest, 1);
  remote_wait_until (g_socket_condition_check (peer, G_IO_HUP) & G_IO_HUP);
  kvmm_virt_stream_fail (stream);
  wait_readable (stream);
  g_assert_cmpint (
      g_pollable_input_stream_read_nonblocking (get_input (stream), &byte, 1, NULL, &error), ==,
      -1);
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_CONNECTION_LOST);
  g_clear_object (&stream);

  kvmm_virt_connect_unref (g_steal_pointer (&self->connect));
  remote_restart_daemon ();
  self->connect = remote_open ();
  stream = open_stream (self, FALSE);
}

#define add(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char *argv[])
{
  test_init (&argc, &argv);
  add ("/remote/stream/carries-both-ways", test_carries_both_ways);
  add ("/remote/stream/second-opener-is-refused", test_second_opener_is_refused);
  add ("/remote/stream/take-over-ends-the-first", test_take_over_ends_the_first);
  add ("/remote/stream/names-a-missing-channel", test_names_a_missing_channel);
  add ("/remote/stream/machine-that-stops-is-eof", test_machine_that_stops_is_eof);
  add ("/remote/stream/buffer-holds-its-limit", test_buffer_holds_its_limit);
  add ("/remote/stream/flood-ends-with-no-space", test_flood_ends_with_no_space);
  add ("/remote/stream/cancelled-source-fires", test_cancelled_source_fires);
  add ("/remote/stream/halves-outlive-the-stream", test_halves_outlive_the_stream);
  add ("/remote/stream/closes-asynchronously", test_closes_asynchronously);
  add ("/remote/stream/unused-handle-is-freed", test_unused_handle_is_freed);
  add ("/remote/stream/owner-tells-of-a-lost-connection", test_owner_tells_of_a_lost_connection);
  return test_run ();
}
