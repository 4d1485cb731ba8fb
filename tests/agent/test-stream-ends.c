/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "stream-guest.h"

#include <string.h>

#include "util/kvmm-thread.h"

/* Streams of a session: every way in which one ends, or never begins. */

#define READY KVMM_AGENT_CLIENT_READY
#define CLOSED KVMM_AGENT_CLIENT_CLOSED

/* ---- ends ---- */

static void
test_an_error_comes_after_the_bytes (void)
{
  g_autoptr (Guest) guest = guest_new ();
  g_autoptr (KvmmAgentStream) stream = guest_open_read (guest, 2);
  g_autoptr (GError) error = NULL;
  char buffer[16];

  fake_peer_send_data (guest->f->peer, 2, 0, "abc", 3);
  fake_peer_close_stream (
      guest->f->peer, 2,
      "{\"code\":-32008,\"message\":\"the file\\u001b[31m shrank\",\"errno\":\"EIO\",\"bytes\":3}");
  g_assert_null (guest_wait_end (stream, &error));
  g_assert_error (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "shrank"));
  g_assert_nonnull (strstr (error->message, "EIO"));
  g_assert_null (strchr (error->message, '\033'));
  g_clear_error (&error);
  g_assert_cmpint (guest_read (stream, buffer, sizeof buffer, &error), ==, 3);
  guest_assert_read_fails (stream, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_FAILED);
  /* It is over: nothing is told to the guest any more. */
  g_clear_object (&stream);
  test_drain ();
  g_assert_cmpuint (guest_stream (guest, 2)->closes, ==, 0);
}

static void
test_a_cut_file_is_no_whole_one (void)
{
  g_autoptr (Guest) guest = guest_new ();
  g_autoptr (KvmmAgentStream) stream = guest_open_read (guest, 2);
  g_autoptr (GError) error = NULL;
  char buffer[16];

  fake_peer_send_data (guest->f->peer, 2, KVMA_FLAG_END, "abc", 3);
  fake_peer_close_stream (guest->f->peer, 2, "{\"code\":-32002,\"bytes\":3}");
  g_assert_null (guest_wait_end (stream, &error));
  g_assert_error (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_cmpint (guest_read (stream, buffer, sizeof buffer, &error), ==, 3);
  guest_assert_read_fails (stream, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_NOT_FOUND);
}

static void
test_a_close_without_an_end_is_one (void)
{
  g_autoptr (Guest) guest = guest_new ();
  g_autoptr (KvmmAgentStream) stream = guest_open_write (guest, 2, 10);
  g_autoptr (KvmmAgentStreamEnd) end = NULL;
  g_autoptr (GError) error = NULL;
  char buffer[16];

  fake_peer_close_stream (guest->f->peer, 2,
                          "{\"code\":0,\"bytes\":0,\"exit\":{\"code\":3,\"cpu_ms\":5,"
                          "\"max_rss_kb\":2,\"timed_out\":true}}");
  end = guest_wait_end (stream, &error);
  g_assert_no_error (error);
  g_assert_cmpint (end->exit->code, ==, 3);
  g_assert_true (end->exit->is_timed_out);
  g_assert_cmpuint (end->exit->max_resident_bytes, ==, 2048);
  g_assert_cmpint (guest_read (stream, buffer, sizeof buffer, &error), ==, 0);
  g_assert_cmpint (
      g_pollable_output_stream_write_nonblocking (guest_output (stream), "x", 1, NULL, &error), ==,
      -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
}

static void
test_an_unreadable_close_is_an_error (void)
{
  static const char *const bodies[] = {
    "{}",
    "{\"code\":\"0\"}",
    "{\"code\":0,\"bytes\":-1}",
    "{\"code\":0,\"exit\":[]}",
    "{\"code\":0,\"exit\":{}}",
    "{\"code\":0,\"exit\":{\"code\":256}}",
    "{\"code\":0,\"exit\":{\"code\":1,\"signal\":\"KILL\"}}",
    "{\"code\":0,\"sha256\":\"abc\"}",
    "nonsense",
  };
  g_autoptr (Guest) guest = guest_new ();

  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autoptr (KvmmAgentStream) stream = guest_open_read (guest, 2 * i + 2);
      g_autoptr (GError) error = NULL;

      fake_peer_close_stream (guest->f->peer, 2 * i + 2, bodies[i]);
      g_assert_null (guest_wait_end (stream, &error));
      g_assert_error (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_INVALID_REPLY);
    }
}

static void
test_dropping_it_tells_the_guest (void)
{
  g_autoptr (Guest) guest = guest_new ();
  g_autoptr (KvmmAgentStream) stream = guest_open_write (guest, 2, 100);
  gpointer weak = stream;

  g_object_add_weak_pointer (G_OBJECT (stream), &weak);
  g_clear_object (&stream);
  g_assert_null (weak);
  test_wait_until (guest_stream (guest, 2)->closes == 1);
  g_assert_false (guest_stream (guest, 2)->ended);
  /* What still comes is dropped; the guest's own CLOSE ends it. */
  fake_peer_send_data (guest->f->peer, 2, 0, "abc", 3);
  fake_peer_close_stream (guest->f->peer, 2, "{\"code\":-32006,\"bytes\":3}");
  fake_peer_send_data (guest->f->peer, 2, 0, "late", 4);
  fake_peer_grant (guest->f->peer, 2, 10);
  stream = guest_open_log (guest, 4);
  g_assert_true (fixture_is (guest->f, READY));
  g_assert_cmpuint (kvmm_agent_client_get_session_count (guest->f->client), ==, 1);
  g_assert_cmpuint (guest_stream (guest, 2)->closes, ==, 1);
}

static void
test_closing_ends_a_read_under_way (void)
{
  g_autoptr (Guest) guest = guest_new ();
  g_autoptr (KvmmAgentStream) stream = guest_open_log (guest, 2);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  char buffer[16];

  g_input_stream_read_async (G_INPUT_STREAM (guest_input (stream)), buffer, sizeof buffer, 0, NULL,
                             guest_result_cb, &result);
  g_io_stream_close (G_IO_STREAM (stream), NULL, NULL);
  test_wait_until (result != NULL);
  g_assert_cmpint (
      g_input_stream_read_finish (G_INPUT_STREAM (guest_input (stream)), result, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  test_wait_until (guest_stream (guest, 2)->closes == 1);
}

static void
test_the_end_of_the_session_is_the_end (void)
{
  g_autoptr (Guest) guest = guest_new ();
  g_autoptr (KvmmAgentStream) log = guest_open_log (guest, 2);
  g_autoptr (KvmmAgentStream) upload = guest_open_write (guest, 4, 100);
  g_autoptr (GError) error = NULL;
  char buffer[16];

  fake_peer_send_data (guest->f->peer, 2, 0, "abc", 3);
  fake_peer_bye (guest->f->peer, "bye");
  g_assert_null (guest_wait_end (log, &error));
  g_assert_error (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_cmpint (guest_read (log, buffer, sizeof buffer, &error), ==, 3);
  guest_assert_read_fails (log, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED);
  g_assert_null (guest_wait_end (upload, &error));
  g_assert_error (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_OUTCOME_UNKNOWN);
  g_clear_error (&error);
  g_assert_cmpint (
      g_pollable_output_stream_write_nonblocking (guest_output (upload), "x", 1, NULL, &error), ==,
      -1);
  g_assert_error (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_OUTCOME_UNKNOWN);
  /* Its number begins anew with the next session. */
  test_wait_until (kvmm_agent_client_get_session_count (guest->f->client) == 2);
  {
    g_autoptr (KvmmAgentStream) again G_GNUC_UNUSED = guest_open_log (guest, 2);

    g_clear_object (&log);
    test_drain ();
    g_assert_cmpuint (guest_stream (guest, 2)->closes, ==, 0);
  }
}

static void
test_waiting_may_be_cancelled (void)
{
  g_autoptr (Guest) guest = guest_new ();
  g_autoptr (KvmmAgentStream) stream = guest_open_log (guest, 2);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) other = NULL;
  g_autoptr (GError) error = NULL;

  kvmm_agent_stream_wait_async (stream, cancellable, guest_result_cb, &result);
  kvmm_agent_stream_wait_async (stream, NULL, guest_result_cb, &other);
  g_cancellable_cancel (cancellable);
  test_wait_until (result != NULL);
  g_assert_null (kvmm_agent_stream_wait_finish (stream, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (other);
  fake_peer_close_stream (guest->f->peer, 2, "{\"code\":0,\"bytes\":0}");
  test_wait_until (other != NULL);
}

/* ---- opening that came to nothing ---- */

static void
test_a_late_answer_leaves_nothing_open (void)
{
  g_autoptr (Guest) guest = guest_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  guint requests = guest->f->peer->requests;
  gint64 id;

  guest->f->peer->is_mute = TRUE;
  kvmm_agent_client_tail_log_async (guest->f->client, FALSE, NULL, 10, TRUE, cancellable,
                                    guest_result_cb, &result);
  test_wait_until (guest->f->peer->requests == requests + 1);
  id = guest->f->peer->last_id;
  g_cancellable_cancel (cancellable);
  test_wait_until (result != NULL);
  g_assert_null (kvmm_agent_client_tail_log_finish (guest->f->client, result, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  fake_peer_reply (guest->f->peer, id, "{\"stream\":2}");
  test_wait_until (guest_stream (guest, 2)->closes == 1);
  g_assert_true (fixture_is (guest->f, READY));
}

static void
test_a_wrong_answer_leaves_nothing_open (void)
{
  const char *const argv[] = { "/bin/true", NULL };
  const KvmmAgentCommandLine line = { .argv = argv };
  g_autoptr (Guest) guest = guest_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  fake_peer_set_result (guest->f->peer, KVMA_METHOD_EXEC_START,
                        "{\"job\":\"one\",\"stream\":4,\"stderr_stream\":2}");
  kvmm_agent_client_start_command_async (guest->f->client, &line, NULL, guest_result_cb, &result);
  test_wait_until (result != NULL);
  g_assert_null (kvmm_agent_client_start_command_finish (guest->f->client, result, &error));
  g_assert_error (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_INVALID_REPLY);
  test_wait_until (guest_stream (guest, 2)->closes == 1 && guest_stream (guest, 4)->closes == 1);
}

static void
test_the_lock_closes_what_is_open (void)
{
  g_autoptr (Guest) guest = guest_new ();
  g_autoptr (KvmmAgentStream) log = guest_open_log (guest, 2);
  g_autoptr (KvmmAgentStream) file = guest_open_read (guest, 4);
  g_autoptr (GAsyncResult) waited = NULL;
  g_autoptr (GAsyncResult) late = NULL;
  g_autoptr (GError) error = NULL;
  gint64 id;

  kvmm_agent_stream_wait_async (file, NULL, guest_result_cb, &waited);
  guest->f->peer->is_mute = TRUE;
  kvmm_agent_client_read_file_async (guest->f->client, "/b", 0, NULL, guest_result_cb, &late);
  test_wait_until (g_strcmp0 (guest->f->peer->last_params, "{\"path\":\"/b\"}") == 0);
  id = guest->f->peer->last_id;
  kvmm_agent_client_set_control_allowed (guest->f->client, FALSE);
  test_wait_until (waited != NULL && late != NULL);
  g_assert_null (kvmm_agent_stream_wait_finish (file, waited, &error));
  g_assert_error (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_NOT_ALLOWED);
  g_clear_error (&error);
  g_assert_null (kvmm_agent_client_read_file_finish (guest->f->client, late, &error));
  g_assert_error (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_NOT_ALLOWED);
  guest_assert_read_fails (file, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_NOT_ALLOWED);
  fake_peer_reply (guest->f->peer, id, "{\"stream\":6,\"size\":1}");
  test_wait_until (guest_stream (guest, 4)->closes == 1 && guest_stream (guest, 6)->closes == 1);
  g_assert_cmpuint (guest_stream (guest, 2)->closes, ==, 0);
  g_assert_false (guest_is_readable (log));
}

/* ---- what breaks the protocol ---- */

static void
break_and_expect (void (*breaks) (Guest *guest))
{
  g_autoptr (Guest) guest = guest_new ();
  g_autoptr (KvmmAgentStream) stream G_GNUC_UNUSED = guest_open_write (guest, 4, 100);

  breaks (guest);
  guest_assert_session_ended (guest);
}

static void
data_after_end (Guest *guest)
{
  fake_peer_send_data (guest->f->peer, 4, KVMA_FLAG_END, NULL, 0);
  fake_peer_send_data (guest->f->peer, 4, 0, "x", 1);
}

static void
too_much_credit (Guest *guest)
{
  fake_peer_grant (guest->f->peer, 4, 0x80000000);
}

static void
credit_for_nothing (Guest *guest)
{
  fake_peer_grant (guest->f->peer, 6, 1);
}

static void
close_of_no_stream (Guest *guest)
{
  fake_peer_close_stream (guest->f->peer, 0, "{\"code\":0,\"bytes\":0}");
}

static void
open_badly (Guest *guest, const char *reply)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  fake_peer_set_result (guest->f->peer, KVMA_METHOD_LOG_TAIL, reply);
  kvmm_agent_client_tail_log_async (guest->f->client, FALSE, NULL, 10, TRUE, NULL, guest_result_cb,
                                    &result);
  test_wait_until (result != NULL);
  g_assert_null (kvmm_agent_client_tail_log_finish (guest->f->client, result, NULL, &error));
  g_assert_error (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED);
}

static void
same_id_again (Guest *guest)
{
  open_badly (guest, "{\"stream\":4}");
}

static void
older_id (Guest *guest)
{
  open_badly (guest, "{\"stream\":2}");
}

static void
odd_id (Guest *guest)
{
  open_badly (guest, "{\"stream\":7}");
}

static void
twice_in_one (Guest *guest)
{
  open_badly (guest, "{\"stream\":6,\"stderr_stream\":6}");
}

static void
test_breaking_the_rules_ends_the_session (void)
{
  break_and_expect (data_after_end);
  break_and_expect (too_much_credit);
  break_and_expect (credit_for_nothing);
  break_and_expect (close_of_no_stream);
  break_and_expect (same_id_again);
  break_and_expect (older_id);
  break_and_expect (odd_id);
  break_and_expect (twice_in_one);
}

static void
test_credit_at_its_limit (void)
{
  g_autoptr (Guest) guest = guest_new ();
  g_autoptr (KvmmAgentStream) stream G_GNUC_UNUSED = guest_open_write (guest, 2, 100);
  g_autoptr (KvmmAgentStream) log = NULL;

  fake_peer_grant (guest->f->peer, 2, KVMA_CREDIT_SUM_MAX - KVMA_STREAM_WINDOW_TO_GUEST);
  log = guest_open_log (guest, 4);
  g_assert_cmpuint (kvmm_agent_client_get_session_count (guest->f->client), ==, 1);
  fake_peer_grant (guest->f->peer, 2, 1);
  guest_assert_session_ended (guest);
}

/* DATA that costs no credit is no way around the limit on bytes. */
static void
test_empty_frames_are_counted (void)
{
  g_autoptr (Guest) guest = guest_new ();
  g_autoptr (KvmmAgentStream) stream G_GNUC_UNUSED = guest_open_log (guest, 2);

  for (guint i = 0; i < 2 * KVMA_CONTROL_BYTES_BURST / 40 && fixture_is (guest->f, READY); i++)
    {
      fake_peer_send_data (guest->f->peer, 2, 0, NULL, 0);
      if (i % 100 == 0)
        g_main_context_iteration (NULL, FALSE);
    }
  test_wait_until (fixture_is (guest->f, CLOSED));
  g_assert_error (kvmm_agent_client_get_error (guest->f->client), KVMM_AGENT_ERROR,
                  KVMM_AGENT_ERROR_ABUSE);
}

#define ADD(path, func) g_test_add_func ("/agent/stream-ends/" path, func)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  kvmm_thread_set_main ();
  ADD ("an-error-comes-after-the-bytes", test_an_error_comes_after_the_bytes);
  ADD ("a-cut-file-is-no-whole-one", test_a_cut_file_is_no_whole_one);
  ADD ("a-close-without-an-end-is-one", test_a_close_without_an_end_is_one);
  ADD ("an-unreadable-close-is-an-error", test_an_unreadable_close_is_an_error);
  ADD ("dropping-it-tells-the-guest", test_dropping_it_tells_the_guest);
  ADD ("closing-ends-a-read-under-way", test_closing_ends_a_read_under_way);
  ADD ("the-end-of-the-session-is-the-end", test_the_end_of_the_session_is_the_end);
  ADD ("waiting-may-be-cancelled", test_waiting_may_be_cancelled);
  ADD ("a-late-answer-leaves-nothing-open", test_a_late_answer_leaves_nothing_open);
  ADD ("a-wrong-answer-leaves-nothing-open", test_a_wrong_answer_leaves_nothing_open);
  ADD ("the-lock-closes-what-is-open", test_the_lock_closes_what_is_open);
  ADD ("breaking-the-rules-ends-the-session", test_breaking_the_rules_ends_the_session);
  ADD ("credit-at-its-limit", test_credit_at_its_limit);
  ADD ("empty-frames-are-counted", test_empty_frames_are_counted);
  return g_test_run ();
}
