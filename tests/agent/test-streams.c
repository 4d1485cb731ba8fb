/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "stream-guest.h"

#include <string.h>
#include <sys/mman.h>

#include "util/kvmm-thread.h"

/* Streams of a session: bytes both ways, credit, and what all together may hold. */

#define READY KVMM_AGENT_CLIENT_READY
#define CLOSED KVMM_AGENT_CLIENT_CLOSED
#define MIB (1024 * 1024)
#define WINDOW KVMA_STREAM_WINDOW_TO_HOST

/* ---- bytes ---- */

static void
test_every_byte_arrives_here (void)
{
  const gsize total = 4 * MIB + 17;
  g_autoptr (Guest) guest = guest_new ();
  g_autoptr (KvmmAgentStream) stream = guest_open_read (guest, 2);
  g_autofree guint8 *bytes = guest_random_bytes (total);
  g_autofree guint8 *got = g_malloc (total + 1);
  g_autoptr (GError) error = NULL;
  gsize sent = 0, received = 0;

  guest->f->peer->write_chunk = 7777;
  while (received < total)
    {
      gsize credit = WINDOW + guest_stream (guest, 2)->credit - sent;
      gsize most = (gsize) g_test_rand_int_range (1, KVMA_PAYLOAD_MAX + 1);
      gsize length = MIN (MIN (total - sent, credit), most);
      gssize n;

      if (length > 0)
        fake_peer_send_data (guest->f->peer, 2, 0, bytes + sent, length);
      sent += length;
      g_assert_cmpuint (credit, <=, KVMA_STREAM_WINDOW_TO_HOST_MAX);
      g_main_context_iteration (NULL, FALSE);
      if (!guest_is_readable (stream))
        continue;
      most = (gsize) g_test_rand_int_range (1, 100000);
      n = guest_read (stream, got + received, MIN (total - received, most), &error);
      g_assert_no_error (error);
      received += (gsize) n;
    }
  g_assert_cmpmem (got, received, bytes, total);
  g_assert_cmpuint (sent - received, ==, 0);
  /* It was read as fast as it came: the window has grown. */
  g_assert_cmpuint (WINDOW + guest_stream (guest, 2)->credit, >, total);
  fake_peer_send_data (guest->f->peer, 2, KVMA_FLAG_END, NULL, 0);
  test_wait_until (guest_is_readable (stream));
  g_assert_cmpint (guest_read (stream, got, 1, &error), ==, 0);
  fake_peer_close_stream (guest->f->peer, 2, "{\"code\":0,\"bytes\":4194321}");
  {
    g_autoptr (KvmmAgentStreamEnd) end = guest_wait_end (stream, &error);

    g_assert_no_error (error);
    g_assert_cmpuint (end->bytes, ==, 4194321);
    g_assert_null (end->exit);
  }
  g_assert_true (fixture_is (guest->f, READY));
}

static void
test_every_byte_arrives_there (void)
{
  const gsize total = 4 * MIB + 17;
  g_autoptr (Guest) guest = guest_new ();
  g_autoptr (KvmmAgentStream) stream = guest_open_write (guest, 2, total);
  g_autofree guint8 *bytes = guest_random_bytes (total);
  g_autoptr (KvmmAgentStreamEnd) end = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (Outcome) outcome = { 0 };
  g_autofree char *json = NULL;

  guest_stream (guest, 2)->grants = TRUE;
  g_output_stream_write_all_async (G_OUTPUT_STREAM (guest_output (stream)), bytes, total, 0, NULL,
                                   guest_write_all_cb, &outcome);
  test_wait_until (outcome.n_calls == 1);
  g_assert_no_error (outcome.error);
  g_assert_cmpint (outcome.value, ==, (gint64) total);
  g_assert_true (g_output_stream_close (G_OUTPUT_STREAM (guest_output (stream)), NULL, &error));
  test_wait_until (guest_stream (guest, 2)->ended);
  g_assert_cmpmem (guest_stream (guest, 2)->bytes->data, guest_stream (guest, 2)->bytes->len, bytes,
                   total);
  json =
      g_strdup_printf ("{\"code\":0,\"bytes\":%" G_GSIZE_FORMAT ",\"sha256\":\"%064d\"}", total, 0);
  fake_peer_close_stream (guest->f->peer, 2, json);
  end = guest_wait_end (stream, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (strlen (end->sha256), ==, 64);
  g_assert_cmpuint (kvmm_agent_client_get_counters (guest->f->client)->max_unacked, <=,
                    KVMA_UNACKED_MAX);
}

static void
test_no_byte_beyond_the_guests_credit (void)
{
  g_autoptr (Guest) guest = guest_new ();
  g_autoptr (KvmmAgentStream) stream = guest_open_write (guest, 2, MIB);
  g_autofree guint8 *bytes = guest_random_bytes (MIB);
  g_auto (Outcome) outcome = { 0 };

  g_output_stream_write_all_async (G_OUTPUT_STREAM (guest_output (stream)), bytes, MIB, 0, NULL,
                                   guest_write_all_cb, &outcome);
  test_wait_until (guest_stream (guest, 2)->received == KVMA_STREAM_WINDOW_TO_GUEST);
  test_drain ();
  g_assert_cmpuint (guest_stream (guest, 2)->received, ==, KVMA_STREAM_WINDOW_TO_GUEST);
  g_assert_false (g_pollable_output_stream_is_writable (guest_output (stream)));
  fake_peer_grant (guest->f->peer, 2, 1);
  test_wait_until (guest_stream (guest, 2)->received == KVMA_STREAM_WINDOW_TO_GUEST + 1);
  test_drain ();
  g_assert_cmpuint (guest_stream (guest, 2)->received, ==, KVMA_STREAM_WINDOW_TO_GUEST + 1);
  g_assert_cmpuint (outcome.n_calls, ==, 0);
  g_clear_object (&stream);
  kvmm_agent_client_close (guest->f->client);
  test_wait_until (outcome.n_calls == 1);
}

/* ---- limits ---- */

static void
test_credit_to_the_last_byte (void)
{
  g_autoptr (Guest) guest = guest_new ();
  g_autoptr (KvmmAgentStream) stream G_GNUC_UNUSED = guest_open_log (guest, 2);
  static const guint8 bytes[16384];

  for (guint i = 0; i < WINDOW / sizeof bytes; i++)
    fake_peer_send_data (guest->f->peer, 2, 0, bytes, sizeof bytes);
  fake_peer_event (guest->f->peer, "future.topic", "{}");
  test_wait_until (kvmm_agent_client_get_counters (guest->f->client)->bytes > WINDOW);
  test_drain ();
  g_assert_true (fixture_is (guest->f, READY));
  g_assert_cmpuint (guest_stream (guest, 2)->credit, ==, 0);

  fake_peer_send_data (guest->f->peer, 2, 0, bytes, 1);
  test_wait_until (fixture_is (guest->f, CLOSED));
  g_assert_error (kvmm_agent_client_get_error (guest->f->client), KVMM_AGENT_ERROR,
                  KVMM_AGENT_ERROR_ABUSE);
}

static void
test_not_reading_grants_nothing (void)
{
  g_autoptr (Guest) guest = guest_new ();
  g_autoptr (KvmmAgentStream) stream = guest_open_read (guest, 2);
  g_autoptr (GError) error = NULL;
  static const guint8 bytes[16384];
  guint8 buffer[1000];
  gsize sent = 0, received = 0;

  /* The guest sends whatever it may; the reader takes a thousandth of it. */
  for (guint i = 0; i < 500; i++)
    {
      while (sent + sizeof bytes <= WINDOW + guest_stream (guest, 2)->credit)
        {
          fake_peer_send_data (guest->f->peer, 2, 0, bytes, sizeof bytes);
          sent += sizeof bytes;
        }
      test_drain ();
      if (guest_is_readable (stream))
        received += (gsize) guest_read (stream, buffer, sizeof buffer, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (WINDOW + guest_stream (guest, 2)->credit - received, <=,
                        KVMA_STREAM_WINDOW_TO_HOST_MAX);
    }
  g_assert_true (fixture_is (guest->f, READY));
}

static void
test_sixteen_streams_and_no_more (void)
{
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (Guest) guest = guest_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  for (guint32 id = 2; id <= 2 * KVMA_STREAMS_MAX; id += 2)
    g_ptr_array_add (streams, guest_open_log (guest, id));
  for (guint round = 0; round < 40; round++)
    for (guint i = 0; i < streams->len; i++)
      {
        guint32 id = 2 * i + 2;
        guint8 sent[20000], got[20000];

        memset (sent, (int) (round + i), sizeof sent);
        fake_peer_send_data (guest->f->peer, id, 0, sent, sizeof sent);
        for (gsize n = 0; n < sizeof got;)
          {
            test_wait_until (guest_is_readable (streams->pdata[i]));
            n += (gsize) guest_read (streams->pdata[i], got + n, sizeof got - n, &error);
            g_assert_no_error (error);
          }
        g_assert_cmpmem (got, sizeof got, sent, sizeof sent);
      }
  /* All that was granted and not used is within the sum of all and what they began with. */
  for (guint i = 0; i < streams->len; i++)
    g_assert_cmpuint (WINDOW + guest_stream (guest, 2 * i + 2)->credit - 40 * 20000, <=, WINDOW);

  fake_peer_set_result (guest->f->peer, KVMA_METHOD_LOG_TAIL, "{\"stream\":34}");
  kvmm_agent_client_tail_log_async (guest->f->client, FALSE, NULL, 10, TRUE, NULL, guest_result_cb,
                                    &result);
  test_wait_until (result != NULL);
  g_assert_null (kvmm_agent_client_tail_log_finish (guest->f->client, result, NULL, &error));
  guest_assert_session_ended (guest);
}

/* A peer that acknowledges nothing more while somebody sends it a gigabyte. */
static void
test_a_guest_that_stops_reading (void)
{
  const gsize total = 1024 * (gsize) MIB;
  g_autoptr (Guest) guest = guest_new ();
  g_autoptr (KvmmAgentStream) stream = guest_open_write (guest, 2, total);
  g_auto (Outcome) upload = { 0 };
  g_auto (Outcome) power = { 0 };
  void *bytes = mmap (NULL, total, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  guint requests;

  g_assert_true (bytes != MAP_FAILED);
  fake_peer_grant (guest->f->peer, 2, 0x7fff0000);
  guest->f->peer->acknowledges = FALSE;
  g_output_stream_write_all_async (G_OUTPUT_STREAM (guest_output (stream)), bytes, total, 0, NULL,
                                   guest_write_all_cb, &upload);
  test_wait_until (guest_stream (guest, 2)->received > 2 * KVMA_PAYLOAD_MAX);
  test_drain ();
  g_assert_cmpuint (guest_stream (guest, 2)->received, <=, KVMA_UNACKED_MAX);
  g_assert_cmpuint (kvmm_agent_client_get_counters (guest->f->client)->max_unacked, <=,
                    KVMA_UNACKED_MAX);

  /* What a person asks for does not wait behind it. */
  requests = guest->f->peer->requests;
  kvmm_agent_client_power_async (guest->f->client, KVMM_AGENT_POWER_OFF, NULL, outcome_power_cb,
                                 &power);
  test_wait_until (guest->f->peer->requests == requests + 1);
  test_wait_until (power.n_calls == 1);
  g_assert_no_error (power.error);

  fake_peer_stop_reading (guest->f->peer);
  test_drain ();
  g_assert_cmpuint (kvmm_agent_client_get_counters (guest->f->client)->max_unacked, <=,
                    KVMA_UNACKED_MAX);
  g_assert_cmpuint (upload.n_calls, ==, 0);
  kvmm_agent_client_close (guest->f->client);
  test_wait_until (upload.n_calls == 1);
  g_assert_error (upload.error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_OUTCOME_UNKNOWN);
  munmap (bytes, total);
}

static void
test_uploads_share_the_window (void)
{
  g_autoptr (Guest) guest = guest_new ();
  g_autoptr (KvmmAgentStream) first = guest_open_write (guest, 2, 8 * MIB);
  g_autoptr (KvmmAgentStream) second = guest_open_write (guest, 4, 8 * MIB);
  g_autofree guint8 *bytes = g_malloc0 (8 * MIB);
  Outcome outcomes[2] = { { 0 }, { 0 } };

  for (guint32 id = 2; id <= 4; id += 2)
    {
      guest_stream (guest, id)->forgets = TRUE;
      fake_peer_grant (guest->f->peer, id, 64 * MIB);
    }
  g_output_stream_write_all_async (G_OUTPUT_STREAM (guest_output (first)), bytes, 8 * MIB, 0, NULL,
                                   guest_write_all_cb, &outcomes[0]);
  g_output_stream_write_all_async (G_OUTPUT_STREAM (guest_output (second)), bytes, 8 * MIB, 0, NULL,
                                   guest_write_all_cb, &outcomes[1]);
  while (outcomes[0].n_calls == 0 || outcomes[1].n_calls == 0)
    {
      gsize a = guest_stream (guest, 2)->received, b = guest_stream (guest, 4)->received;

      if (MAX (a, b) < 7 * MIB)
        g_assert_cmpuint (MAX (a, b) - MIN (a, b), <=, 8 * KVMA_PAYLOAD_MAX);
      g_main_context_iteration (NULL, TRUE);
    }
  outcome_clear (&outcomes[0]);
  outcome_clear (&outcomes[1]);
}

/* What a person asks for goes out after at most the frames that are on their way already. */
static gboolean
note_request (FakePeer *peer, const KvmaFrame *frame, gpointer user_data)
{
  gsize *received = user_data;

  if (frame->header.kind == KVMA_KIND_DATA && received[1] == 0)
    received[0] += frame->length;
  if (frame->header.kind == KVMA_KIND_REQUEST)
    received[1] = 1;
  return FALSE;
}

static void
test_a_request_overtakes_an_upload (void)
{
  g_autoptr (Guest) guest = guest_new ();
  g_autoptr (KvmmAgentStream) stream = guest_open_write (guest, 2, 64 * MIB);
  g_autofree guint8 *bytes = g_malloc0 (64 * MIB);
  g_auto (Outcome) upload = { 0 };

  guest_stream (guest, 2)->forgets = TRUE;
  fake_peer_grant (guest->f->peer, 2, 64 * MIB);
  g_output_stream_write_all_async (G_OUTPUT_STREAM (guest_output (stream)), bytes, 64 * MIB, 0,
                                   NULL, guest_write_all_cb, &upload);
  for (guint i = 0; i < 20; i++)
    {
      g_auto (Outcome) power = { 0 };
      gsize received[2] = { 0, 0 };

      test_wait_until (guest_stream (guest, 2)->received > (i + 1) * MIB);
      guest->f->peer->hook_data = received;
      guest->f->peer->hook = note_request;
      kvmm_agent_client_power_async (guest->f->client, KVMM_AGENT_POWER_OFF, NULL, outcome_power_cb,
                                     &power);
      test_wait_until (power.n_calls == 1);
      guest->f->peer->hook = NULL;
      g_assert_no_error (power.error);
      g_assert_cmpuint (received[0], <=, KVMA_UNACKED_MAX);
    }
  test_wait_until (upload.n_calls == 1);
  g_assert_no_error (upload.error);
}

/* Four that read as fast as they can: each would take more than its share. */
static void
test_all_grants_together_have_a_limit (void)
{
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (Guest) guest = guest_new ();
  static const guint8 bytes[16384];
  static guint8 buffer[MIB];
  gsize sent[4] = { 0 };
  gsize received = 0, most = 0;

  for (guint32 id = 2; id <= 8; id += 2)
    g_ptr_array_add (streams, guest_open_read (guest, id));
  for (guint round = 0; round < 400; round++)
    {
      gsize granted = 0;

      for (guint i = 0; i < 4; i++)
        {
          GuestStream *stream = guest_stream (guest, 2 * i + 2);

          granted += WINDOW + stream->credit;
          if (sent[i] + sizeof bytes > WINDOW + stream->credit)
            continue;
          fake_peer_send_data (guest->f->peer, 2 * i + 2, 0, bytes, sizeof bytes);
          sent[i] += sizeof bytes;
        }
      g_assert_cmpuint (granted - received, <=, KVMA_STREAMS_TO_HOST_MAX);
      most = MAX (most, granted - received);
      test_drain ();
      for (guint i = 0; i < 4; i++)
        if (guest_is_readable (streams->pdata[i]))
          received += (gsize) guest_read (streams->pdata[i], buffer, sizeof buffer, NULL);
      test_drain ();
    }
  g_assert_cmpuint (most, >, 4 * WINDOW);
  g_assert_true (fixture_is (guest->f, READY));
}

static void
services_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  (*(guint *) data)++;
}

/* Frames that are not full must leave room as well: in bytes and in frames. */
static void
fill_with (gsize length)
{
  g_autoptr (Guest) guest = guest_new ();
  g_autoptr (KvmmAgentStream) first = guest_open_write (guest, 2, MIB);
  g_autoptr (KvmmAgentStream) second = guest_open_write (guest, 4, MIB);
  KvmmAgentStream *streams[] = { first, second };
  guint n_ended = 0;
  guint8 bytes[500] = { 0 };
  guint requests = guest->f->peer->requests;

  fake_peer_grant (guest->f->peer, 2, MIB);
  fake_peer_grant (guest->f->peer, 4, MIB);
  test_drain ();
  guest->f->peer->acknowledges = FALSE;
  for (guint i = 0; i < 4000; i++)
    g_pollable_output_stream_write_nonblocking (guest_output (streams[i % 2]), bytes, length, NULL,
                                                NULL);
  test_drain ();
  g_assert_cmpuint (guest_stream (guest, 2)->received, <, 2000 * length);
  /* More than would fit by chance; an answer would acknowledge. */
  guest->f->peer->is_mute = TRUE;
  for (guint i = 0; i < 10; i++)
    kvmm_agent_client_list_services_async (guest->f->client, NULL, services_cb, &n_ended);
  test_wait_until (guest->f->peer->requests == requests + 10);
  test_drain ();
  g_assert_cmpuint (guest->f->peer->requests, ==, requests + 10);
  kvmm_agent_client_close (guest->f->client);
  test_wait_until (n_ended == 10);
}

static void
test_small_frames_leave_room_too (void)
{
  fill_with (1);
  fill_with (500);
}

#define ADD(path, func) g_test_add_func ("/agent/streams/" path, func)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  kvmm_thread_set_main ();
  ADD ("every-byte-arrives-here", test_every_byte_arrives_here);
  ADD ("every-byte-arrives-there", test_every_byte_arrives_there);
  ADD ("no-byte-beyond-the-guests-credit", test_no_byte_beyond_the_guests_credit);
  ADD ("credit-to-the-last-byte", test_credit_to_the_last_byte);
  ADD ("not-reading-grants-nothing", test_not_reading_grants_nothing);
  ADD ("sixteen-streams-and-no-more", test_sixteen_streams_and_no_more);
  ADD ("a-guest-that-stops-reading", test_a_guest_that_stops_reading);
  ADD ("uploads-share-the-window", test_uploads_share_the_window);
  ADD ("a-request-overtakes-an-upload", test_a_request_overtakes_an_upload);
  ADD ("all-grants-together-have-a-limit", test_all_grants_together_have_a_limit);
  ADD ("small-frames-leave-room-too", test_small_frames_leave_room_too);
  return g_test_run ();
}
