/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* Streams, with the agent in this process: the test is the host at the other end of a socket and
 * the owner of the streams at once, so that both see every byte. */

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "daemon-inside.h"
#include "daemon/agent-pump.h"

/* The owner of one stream: sends @to_send bytes when it may, keeps what comes unless @consume. */
typedef struct
{
  AgentStream *stream; /* NULL: gone */
  gsize to_send;
  gboolean end;
  gboolean consume;
  gsize got;
  gboolean got_end;
  guint n_readable;
  guint aborted;
  gboolean lost;
  guint8 fill;
} Owner;

static void
push (Owner *owner)
{
  guint8 bytes[KVMA_PAYLOAD_MAX];
  gsize room;

  memset (bytes, owner->fill, sizeof bytes);
  while (owner->to_send > 0 && (room = agent_stream_room (owner->stream)) > 0)
    {
      gsize n = MIN (room, owner->to_send);

      owner->to_send -= n;
      agent_stream_send (owner->stream, bytes, n, FALSE);
    }
  if (owner->to_send == 0 && owner->end)
    {
      owner->end = FALSE;
      agent_stream_send (owner->stream, NULL, 0, TRUE);
    }
}

static void
take (Owner *owner)
{
  size_t length;
  bool ended;

  agent_stream_peek (owner->stream, &length, &ended);
  owner->got += length;
  owner->got_end = ended;
  agent_stream_consume (owner->stream, length);
}

static void
readable_cb (AgentStream *stream, void *data)
{
  Owner *owner = data;

  owner->n_readable++;
  if (owner->consume)
    take (owner);
}

static void
writable_cb (AgentStream *stream, void *data)
{
  push (data);
}

static void
aborted_cb (AgentStream *stream, bool lost, void *data)
{
  Owner *owner = data;

  owner->aborted++;
  owner->lost = lost;
  owner->stream = NULL;
}

static const AgentStreamFuncs funcs = { readable_cb, writable_cb, aborted_cb };

/* Opens a stream. Returns the host's end of it. */
static PeerStream *
open_stream (Inside *self, Owner *owner, gboolean input)
{
  owner->stream = agent_stream_open (self->agent, input, &funcs, owner);
  g_assert_nonnull (owner->stream);
  return peer_stream (self->peer, agent_stream_id (owner->stream));
}

static void
test_carries_bytes_both_ways (Inside *self, gconstpointer data)
{
  static Owner owner = { .to_send = 3000000, .end = TRUE, .consume = TRUE, .fill = 'a' };
  PeerStream *stream = open_stream (self, &owner, TRUE);
  g_autofree char *bytes = g_malloc0 (3000000);

  g_assert_cmpuint (stream->id, ==, 2);
  push (&owner);
  peer_stream_send (self->peer, stream, bytes, 3000000, TRUE);
  while (!stream->ended || !owner.got_end)
    {
      KvmaFrame frame;

      peer_receive_within (self->peer, &frame, 1);
    }
  g_assert_cmpuint (owner.got, ==, 3000000);
  g_assert_cmpuint (stream->received->len, ==, 3000000);
  agent_stream_close (owner.stream, 0, NULL, 0, json_pack ("{ss}", "sha256", "x"));
  peer_stream_wait_close (self->peer, stream);
  g_assert_cmpint (json_number (stream->close, "code"), ==, 0);
  g_assert_cmpstr (json_text (stream->close, "message"), ==, "");
  g_assert_cmpint (json_number (stream->close, "bytes"), ==, 6000000);
  g_assert_cmpstr (json_text (stream->close, "sha256"), ==, "x");
  g_assert_cmpuint (owner.aborted, ==, 0);
  g_assert_cmpuint (self->agent->streams.n_open, ==, 0);
}

static void
test_sends_no_more_than_its_credit (Inside *self, gconstpointer data)
{
  static Owner owner = { .to_send = 1000000, .end = TRUE };
  PeerStream *stream = open_stream (self, &owner, FALSE);

  stream->hold = TRUE;
  push (&owner);
  peer_stream_wait_bytes (self->peer, stream, KVMA_STREAM_WINDOW_TO_HOST);
  inside_settle (self);
  g_assert_cmpuint (stream->received->len, ==, KVMA_STREAM_WINDOW_TO_HOST);
  peer_stream_grant (self->peer, stream, 1);
  inside_settle (self);
  g_assert_cmpuint (stream->received->len, ==, KVMA_STREAM_WINDOW_TO_HOST + 1);
  peer_stream_grant (self->peer, stream, 1000000 - KVMA_STREAM_WINDOW_TO_HOST - 1);
  inside_settle (self);
  g_assert_cmpuint (stream->received->len, ==, 1000000);
  g_assert_true (stream->ended);
  agent_stream_close (owner.stream, 0, NULL, 0, NULL);
}

static void
test_takes_exactly_its_window (Inside *self, gconstpointer data)
{
  static Owner owner = { 0 };
  PeerStream *stream = open_stream (self, &owner, TRUE);
  g_autofree char *bytes = g_malloc0 (KVMA_STREAM_WINDOW_TO_GUEST);
  size_t length;
  bool ended;

  peer_stream_send (self->peer, stream, bytes, KVMA_STREAM_WINDOW_TO_GUEST, FALSE);
  inside_settle (self);
  agent_stream_peek (owner.stream, &length, &ended);
  g_assert_cmpuint (length, ==, KVMA_STREAM_WINDOW_TO_GUEST);
  g_assert_cmpint (stream->credit, ==, 0);
  /* Nothing was granted yet, so an empty frame is all that may follow; one byte is too many. */
  peer_stream_send_frame (self->peer, stream, NULL, 0, 0);
  inside_settle (self);
  g_assert_nonnull (owner.stream);
  peer_stream_send_frame (self->peer, stream, "x", 1, 0);
  peer_expect_bye (self->peer, KVMA_BYE_FLOOD);
  g_assert_cmpuint (owner.aborted, ==, 1);
  g_assert_true (owner.lost);
}

static void
test_a_wide_stream_takes_two_windows (Inside *self, gconstpointer data)
{
  static Owner owner = { 0 };
  PeerStream *stream = open_stream (self, &owner, TRUE);
  const size_t all = 2 * KVMA_STREAM_WINDOW_TO_GUEST;
  g_autofree guint8 *bytes = g_malloc (all);
  const guint8 *kept;
  size_t length;
  bool ended;

  for (size_t i = 0; i < all; i++)
    bytes[i] = (guint8) (i * 2654435761u >> 13);
  agent_stream_widen (owner.stream);
  agent_stream_widen (owner.stream);
  inside_settle (self);
  g_assert_cmpint (stream->credit, ==, all);
  peer_stream_send (self->peer, stream, bytes, all, FALSE);
  inside_settle (self);
  kept = agent_stream_peek (owner.stream, &length, &ended);
  g_assert_cmpmem (kept, length, bytes, all);
  agent_stream_consume (owner.stream, all);
  inside_settle (self);
  g_assert_cmpint (stream->credit, ==, all);
  peer_stream_send (self->peer, stream, bytes, all, FALSE);
  peer_stream_send_frame (self->peer, stream, "x", 1, 0);
  peer_expect_bye (self->peer, KVMA_BYE_FLOOD);
}

static void
test_grants_what_was_consumed (Inside *self, gconstpointer data)
{
  static Owner owner = { 0 };
  PeerStream *stream = open_stream (self, &owner, TRUE);
  g_autofree char *bytes = g_malloc0 (KVMA_STREAM_WINDOW_TO_GUEST);

  peer_stream_send (self->peer, stream, bytes, KVMA_STREAM_WINDOW_TO_GUEST, FALSE);
  inside_settle (self);
  agent_stream_consume (owner.stream, KVMA_STREAM_WINDOW_TO_GUEST / 4 - 1);
  inside_settle (self);
  g_assert_cmpint (stream->credit, ==, 0);
  agent_stream_consume (owner.stream, 1);
  inside_settle (self);
  g_assert_cmpint (stream->credit, ==, KVMA_STREAM_WINDOW_TO_GUEST / 4);
  /* What came in behind bytes that were taken is still in one piece. */
  peer_stream_send (self->peer, stream, bytes, KVMA_STREAM_WINDOW_TO_GUEST / 4, FALSE);
  inside_settle (self);
  owner.got = 0;
  take (&owner);
  g_assert_cmpuint (owner.got, ==, KVMA_STREAM_WINDOW_TO_GUEST);
  inside_settle (self);
  g_assert_cmpint (stream->credit, ==, KVMA_STREAM_WINDOW_TO_GUEST);
  agent_stream_close (owner.stream, 0, NULL, 0, NULL);
}

static void
test_holds_credit (Inside *self, gconstpointer data)
{
  static Owner owner = { .consume = TRUE };
  PeerStream *stream = open_stream (self, &owner, TRUE);
  g_autofree char *bytes = g_malloc0 (KVMA_STREAM_WINDOW_TO_GUEST);

  agent_stream_hold_credit (owner.stream, true);
  peer_stream_send (self->peer, stream, bytes, KVMA_STREAM_WINDOW_TO_GUEST, FALSE);
  inside_settle (self);
  g_assert_cmpuint (owner.got, ==, KVMA_STREAM_WINDOW_TO_GUEST);
  g_assert_cmpint (stream->credit, ==, 0);
  agent_stream_hold_credit (owner.stream, false);
  inside_settle (self);
  g_assert_cmpint (stream->credit, ==, KVMA_STREAM_WINDOW_TO_GUEST);
  agent_stream_close (owner.stream, 0, NULL, 0, NULL);
}

static void
test_data_after_end_is_an_error (Inside *self, gconstpointer data)
{
  static Owner owner = { .consume = TRUE };
  PeerStream *stream = open_stream (self, &owner, TRUE);

  peer_stream_send (self->peer, stream, "abc", 3, TRUE);
  inside_settle (self);
  g_assert_true (owner.got_end);
  g_assert_cmpuint (owner.got, ==, 3);
  g_assert_cmpuint (owner.n_readable, ==, 1);
  peer_stream_send_frame (self->peer, stream, "d", 1, 0);
  peer_expect_bye (self->peer, KVMA_BYE_PROTOCOL);
  g_assert_cmpuint (owner.got, ==, 3);
}

static void
test_end_twice_is_an_error (Inside *self, gconstpointer data)
{
  static Owner owner = { .consume = TRUE };
  PeerStream *stream = open_stream (self, &owner, TRUE);

  peer_stream_send_frame (self->peer, stream, NULL, 0, KVMA_FLAG_END);
  peer_stream_send_frame (self->peer, stream, NULL, 0, KVMA_FLAG_END);
  peer_expect_bye (self->peer, KVMA_BYE_PROTOCOL);
  g_assert_cmpuint (owner.n_readable, ==, 1);
}

static void
test_sends_end_once (Inside *self, gconstpointer data)
{
  static Owner owner = { 0 };
  PeerStream *stream = open_stream (self, &owner, FALSE);

  agent_stream_send (owner.stream, "ab", 2, true);
  agent_stream_send (owner.stream, "cd", 2, true);
  agent_stream_send (owner.stream, NULL, 0, true);
  g_assert_cmpuint (agent_stream_room (owner.stream), ==, 0);
  agent_stream_close (owner.stream, 0, NULL, 0, NULL);
  peer_stream_wait_close (self->peer, stream);
  g_assert_true (stream->ended);
  g_assert_cmpstr (peer_stream_text (stream), ==, "ab");
}

static void
test_data_without_input_is_an_error (Inside *self, gconstpointer data)
{
  static Owner owner = { 0 };
  PeerStream *stream = open_stream (self, &owner, FALSE);

  peer_stream_send_frame (self->peer, stream, "x", 1, 0);
  peer_expect_bye (self->peer, KVMA_BYE_PROTOCOL);
}

static void
test_frames_for_a_closed_stream_are_dropped (Inside *self, gconstpointer data)
{
  static Owner owner = { 0 };
  PeerStream *stream = open_stream (self, &owner, TRUE);

  agent_stream_close (owner.stream, KVMA_ERROR_IO, "no room", ENOSPC, NULL);
  peer_stream_wait_close (self->peer, stream);
  g_assert_cmpint (json_number (stream->close, "code"), ==, KVMA_ERROR_IO);
  g_assert_cmpstr (json_text (stream->close, "message"), ==, "no room");
  g_assert_cmpstr (json_text (stream->close, "errno"), ==, "ENOSPC");
  for (int i = 0; i < 10; i++)
    {
      peer_stream_send_frame (self->peer, stream, "x", 1, 0);
      peer_stream_grant (self->peer, stream, 100);
    }
  peer_stream_close (self->peer, stream);
  json_decref (peer_call (self->peer, KVMA_METHOD_AGENT_INFO, NULL));
  g_assert_cmpuint (owner.aborted, ==, 0);
}

static void
test_unknown_streams_are_refused_up_to_a_window (Inside *self, gconstpointer data)
{
  PeerStream *stream = peer_stream (self->peer, 7);
  g_autofree char *bytes = g_malloc0 (16384);
  guint n = KVMA_STRAY_DATA_MAX / 16384;

  for (guint i = 0; i < n; i++)
    {
      peer_stream_send_frame (self->peer, stream, bytes, 16384, 0);
      peer_stream_wait_close (self->peer, stream);
      g_assert_cmpint (json_number (stream->close, "code"), ==, KVMA_ERROR_NOT_FOUND);
      g_clear_pointer (&stream->close, json_decref);
    }
  peer_stream_send_frame (self->peer, stream, bytes, 1, 0);
  peer_expect_bye (self->peer, KVMA_BYE_FLOOD);
}

static void
test_unknown_close_is_not_answered (Inside *self, gconstpointer data)
{
  PeerStream *stream = peer_stream (self->peer, 4096);

  peer_stream_close (self->peer, stream);
  json_decref (peer_call (self->peer, KVMA_METHOD_AGENT_INFO, NULL));
  g_assert_null (stream->close);
}

static void
test_credit_for_unknown_streams_is_an_error (Inside *self, gconstpointer data)
{
  static Owner owner = { 0 };

  open_stream (self, &owner, FALSE);
  peer_stream_grant (self->peer, peer_stream (self->peer, 4), 1);
  peer_expect_bye (self->peer, KVMA_BYE_PROTOCOL);
  g_assert_true (owner.lost);
}

static void
test_credit_overflow_is_an_error (Inside *self, gconstpointer data)
{
  static Owner owner = { 0 };
  PeerStream *stream = open_stream (self, &owner, FALSE);

  peer_stream_grant (self->peer, stream, KVMA_CREDIT_SUM_MAX - KVMA_STREAM_WINDOW_TO_HOST);
  inside_settle (self);
  g_assert_nonnull (owner.stream);
  peer_stream_grant (self->peer, stream, 1);
  peer_expect_bye (self->peer, KVMA_BYE_PROTOCOL);
}

static void
test_host_closes (Inside *self, gconstpointer data)
{
  static Owner owner = { .to_send = 1000000 };
  PeerStream *stream = open_stream (self, &owner, TRUE);

  stream->hold = TRUE;
  push (&owner);
  peer_stream_close (self->peer, stream);
  peer_stream_wait_close (self->peer, stream);
  g_assert_cmpint (json_number (stream->close, "code"), ==, KVMA_ERROR_CANCELLED);
  g_assert_cmpuint (owner.aborted, ==, 1);
  g_assert_false (owner.lost);
  g_assert_cmpuint (self->agent->streams.n_open, ==, 0);
}

static void
test_seventeenth_stream_is_refused (Inside *self, gconstpointer data)
{
  static Owner owners[KVMA_STREAMS_MAX] = { 0 };

  for (guint i = 0; i < KVMA_STREAMS_MAX; i++)
    {
      g_assert_true (agent_streams_has_room (self->agent, 1));
      g_assert_cmpuint (open_stream (self, &owners[i], TRUE)->id, ==, 2 * i + 2);
    }
  g_assert_false (agent_streams_has_room (self->agent, 1));
  g_assert_null (agent_stream_open (self->agent, FALSE, &funcs, NULL));
  agent_stream_close (owners[3].stream, 0, NULL, 0, NULL);
  /* The place is free again, the number is not. */
  g_assert_cmpuint (open_stream (self, &owners[3], FALSE)->id, ==, 2 * KVMA_STREAMS_MAX + 2);
}

/* Each stream gets one frame in its turn, whoever was first. */
static void
test_streams_take_turns (Inside *self, gconstpointer data)
{
  static Owner owners[3] = { 0 };
  PeerStream *streams[3];
  gsize most = 0, least = G_MAXSIZE;

  for (guint i = 0; i < 3; i++)
    {
      streams[i] = open_stream (self, &owners[i], FALSE);
      owners[i].to_send = 2000000;
      push (&owners[i]);
    }
  peer_stream_wait_bytes (self->peer, streams[0], 1000000);
  for (guint i = 0; i < 3; i++)
    {
      most = MAX (most, streams[i]->received->len);
      least = MIN (least, streams[i]->received->len);
    }
  g_assert_cmpuint (most - least, <=, 4 * KVMA_PAYLOAD_MAX);
}

/* With a host that reads slowly, a reply is behind one frame of DATA at most, and what the socket
 * holds. */
static void
test_control_overtakes_data (Inside *self, gconstpointer data)
{
  static Owner owner = { .to_send = 10000000 };
  PeerStream *stream = open_stream (self, &owner, FALSE);
  gint64 id;
  gsize before;

  stream->hold = TRUE;
  peer_stream_grant (self->peer, stream, 10000000);
  push (&owner);
  for (int i = 0; i < 200; i++)
    inside_turn (self);
  g_assert_cmpuint (self->agent->link.out_tail - self->agent->link.out_head, <=, KVMA_FRAME_MAX);
  id = peer_request (self->peer, KVMA_METHOD_EVENTS_UNSUBSCRIBE, json_pack ("{s[]}", "topics"));
  for (int i = 0; i < 200; i++)
    inside_turn (self);
  before = stream->received->len;
  json_decref (peer_reply (self->peer, id));
  g_assert_cmpuint (stream->received->len - before, <=, 3 * KVMA_FRAME_MAX);
  g_assert_cmpuint (owner.to_send, >, 0);
}

static void
test_slow_reader_costs_nothing (Inside *self, gconstpointer data)
{
  static Owner owners[KVMA_STREAMS_MAX] = { 0 };

  for (guint i = 0; i < KVMA_STREAMS_MAX; i++)
    {
      PeerStream *stream = open_stream (self, &owners[i], FALSE);

      peer_stream_grant (self->peer, stream, 1 << 30);
      owners[i].to_send = 1 << 30;
    }
  for (guint i = 0; i < KVMA_STREAMS_MAX; i++)
    push (&owners[i]);
  for (int i = 0; i < 1000; i++)
    inside_turn (self);
  g_assert_cmpuint (self->agent->link.out_tail - self->agent->link.out_head, <=, KVMA_FRAME_MAX);
}

static void
test_session_end_aborts_as_lost (Inside *self, gconstpointer data)
{
  static Owner owners[2] = { 0 };

  open_stream (self, &owners[0], TRUE);
  open_stream (self, &owners[1], FALSE);
  json_decref (peer_hello (self->peer)); /* supersedes */
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpuint (owners[i].aborted, ==, 1);
      g_assert_true (owners[i].lost);
    }
  g_assert_cmpuint (self->agent->streams.n_open, ==, 0);
  g_assert_cmpuint (open_stream (self, &owners[0], TRUE)->id, ==, 2);
  agent_reload_policy (self->agent);
  peer_expect_bye (self->peer, KVMA_BYE_POLICY_RELOAD);
  g_assert_cmpuint (owners[0].aborted, ==, 2);
  g_assert_null (agent_stream_open (self->agent, FALSE, &funcs, NULL));
}

/* A hang-up that may be a migration: what ended meanwhile is told when the host is back. */
static void
test_hang_up_keeps_streams (Inside *self, gconstpointer data)
{
  static Owner owners[2] = { { .consume = TRUE }, { .consume = TRUE } };
  PeerStream *closed = open_stream (self, &owners[0], TRUE);
  PeerStream *kept = open_stream (self, &owners[1], TRUE);
  g_autofree char *bytes = g_malloc0 (KVMA_STREAM_WINDOW_TO_GUEST);

  agent_stream_hold_credit (owners[1].stream, true);
  peer_stream_send (self->peer, kept, bytes, KVMA_STREAM_WINDOW_TO_GUEST, FALSE);
  inside_settle (self);
  self->agent->port.connected = false;
  agent_link_disconnected (self->agent, false);
  agent_stream_close (owners[0].stream, KVMA_ERROR_IO, "broke", EIO, NULL);
  agent_stream_hold_credit (owners[1].stream, false);
  g_assert_cmpuint (agent_stream_room (owners[1].stream), ==, 0);
  owners[1].to_send = 10;
  g_assert_cmpuint (self->agent->streams.n_open, ==, 2);
  self->agent->port.connected = true;
  agent_link_connected (self->agent);
  agent_link_writable (self->agent);
  peer_stream_wait_close (self->peer, closed);
  g_assert_true (closed->ended);
  g_assert_cmpstr (json_text (closed->close, "errno"), ==, "EIO");
  peer_stream_wait_bytes (self->peer, kept, 10);
  g_assert_cmpint (kept->credit, ==, KVMA_STREAM_WINDOW_TO_GUEST);
  g_assert_cmpuint (owners[1].aborted, ==, 0);
  g_assert_cmpuint (self->agent->streams.n_open, ==, 1);
}

/* --- Pumps --- */

typedef struct
{
  AgentPump pump;
  int ended;
  int aborted;
} Pumped;

static void
pump_ended_cb (AgentPump *pump, void *data)
{
  ((Pumped *) data)->ended++;
}

static void
pump_aborted_cb (AgentPump *pump, bool lost, void *data)
{
  ((Pumped *) data)->aborted++;
}

/* @to, @from: (out): our ends of its pipes */
static PeerStream *
start_pump (Inside *self, Pumped *pumped, int *to, int *from)
{
  int out[2], in[2];

  g_assert_cmpint (pipe2 (out, O_CLOEXEC), ==, 0);
  g_assert_cmpint (pipe2 (in, O_CLOEXEC | O_NONBLOCK), ==, 0);
  pumped->pump.ended = pump_ended_cb;
  pumped->pump.aborted = pump_aborted_cb;
  pumped->pump.data = pumped;
  g_assert_true (agent_pump_start (self->agent, &pumped->pump, true, out[0], in[1]));
  *to = out[1];
  *from = in[0];
  return peer_stream (self->peer, agent_stream_id (pumped->pump.stream));
}

static void
finish_pump (Pumped *pumped)
{
  agent_pump_stop (&pumped->pump);
  if (pumped->pump.stream != NULL)
    agent_stream_close (pumped->pump.stream, 0, NULL, 0, NULL);
}

static void
test_pump_moves_both_ways (Inside *self, gconstpointer data)
{
  Pumped pumped = { 0 };
  int to, from;
  PeerStream *stream = start_pump (self, &pumped, &to, &from);
  char buffer[16];
  gssize n;

  g_assert_cmpint (write (to, "hello", 5), ==, 5);
  peer_stream_wait_text (self->peer, stream, "hello");
  peer_stream_send (self->peer, stream, "world", 5, TRUE);
  inside_settle (self);
  n = read (from, buffer, sizeof buffer);
  g_assert_cmpmem (buffer, n, "world", 5);
  g_assert_cmpint (read (from, buffer, sizeof buffer), ==, 0);
  g_assert_true (pumped.pump.in_ended);
  close (to);
  peer_stream_wait_end (self->peer, stream);
  g_assert_cmpint (pumped.ended, ==, 1);
  finish_pump (&pumped);
  peer_stream_wait_close (self->peer, stream);
  close (from);
}

/* Without credit the bytes stay in the pipe, which is what stops the process that writes them. */
static void
test_pump_leaves_bytes_in_the_pipe (Inside *self, gconstpointer data)
{
  Pumped pumped = { 0 };
  int to, from;
  PeerStream *stream = start_pump (self, &pumped, &to, &from);
  char bytes[4096] = { 0 };
  gsize written = 0;
  gssize n;

  stream->hold = TRUE;
  fcntl (to, F_SETFL, O_NONBLOCK);
  for (int i = 0; i < 100; i++)
    {
      while ((n = write (to, bytes, sizeof bytes)) > 0)
        written += (gsize) n;
      for (int j = 0; j < 20; j++)
        inside_turn (self);
    }
  peer_stream_wait_bytes (self->peer, stream, KVMA_STREAM_WINDOW_TO_HOST);
  inside_settle (self);
  g_assert_cmpuint (stream->received->len, ==, KVMA_STREAM_WINDOW_TO_HOST);
  g_assert_cmpuint (written, <=, KVMA_STREAM_WINDOW_TO_HOST + 65536);
  peer_stream_grant (self->peer, stream, 65536);
  /* The child has ended, and something else holds its pipe: what it left behind, and END. */
  agent_pump_drain (&pumped.pump);
  peer_stream_wait_end (self->peer, stream);
  g_assert_cmpuint (stream->received->len, ==, written);
  g_assert_cmpint (pumped.ended, ==, 1);
  finish_pump (&pumped);
  close (to);
  close (from);
}

static void
test_pump_without_a_stream_drops (Inside *self, gconstpointer data)
{
  Pumped pumped = { 0 };
  int to, from;
  PeerStream *stream = start_pump (self, &pumped, &to, &from);
  char bytes[4096] = { 0 };
  char buffer[16];

  peer_stream_close (self->peer, stream);
  peer_stream_wait_close (self->peer, stream);
  g_assert_cmpint (pumped.aborted, ==, 1);
  g_assert_cmpint (read (from, buffer, sizeof buffer), ==, 0);
  fcntl (to, F_SETFL, O_NONBLOCK);
  for (int i = 0; i < 1000; i++)
    {
      inside_turn (self);
      g_assert_cmpint (write (to, bytes, sizeof bytes), ==, sizeof bytes);
    }
  close (to);
  while (pumped.ended == 0)
    inside_turn (self);
  finish_pump (&pumped);
  close (from);
}

static void
test_pump_survives_a_child_that_does_not_read (Inside *self, gconstpointer data)
{
  Pumped pumped = { 0 };
  int to, from;
  PeerStream *stream = start_pump (self, &pumped, &to, &from);
  g_autofree char *bytes = g_malloc0 (1000000);

  /* Full pipe and full window: no more credit. */
  while (stream->credit > 0)
    {
      peer_stream_send_frame (self->peer, stream, bytes,
                              MIN ((gsize) stream->credit, KVMA_PAYLOAD_MAX), 0);
      inside_settle (self);
    }
  close (from);
  peer_stream_send (self->peer, stream, bytes, 1000000, TRUE);
  inside_settle (self);
  g_assert_true (pumped.pump.in_ended);
  g_assert_cmpint (pumped.aborted, ==, 0);
  finish_pump (&pumped);
  close (to);
}

#define ADD(name, func)                                                                            \
  g_test_add ("/daemon/streams/" name, Inside, NULL, inside_set_up, func, inside_tear_down)
#define ADD_SMALL(name, func)                                                                      \
  g_test_add ("/daemon/streams/" name, Inside, "small", inside_set_up, func, inside_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("carries-bytes-both-ways", test_carries_bytes_both_ways);
  ADD ("sends-no-more-than-its-credit", test_sends_no_more_than_its_credit);
  ADD ("takes-exactly-its-window", test_takes_exactly_its_window);
  ADD ("a-wide-stream-takes-two-windows", test_a_wide_stream_takes_two_windows);
  ADD ("grants-what-was-consumed", test_grants_what_was_consumed);
  ADD ("holds-credit", test_holds_credit);
  ADD ("data-after-end-is-an-error", test_data_after_end_is_an_error);
  ADD ("end-twice-is-an-error", test_end_twice_is_an_error);
  ADD ("sends-end-once", test_sends_end_once);
  ADD ("data-without-input-is-an-error", test_data_without_input_is_an_error);
  ADD ("frames-for-a-closed-stream-are-dropped", test_frames_for_a_closed_stream_are_dropped);
  ADD ("unknown-streams-are-refused-up-to-a-window",
       test_unknown_streams_are_refused_up_to_a_window);
  ADD ("unknown-close-is-not-answered", test_unknown_close_is_not_answered);
  ADD ("credit-for-unknown-streams-is-an-error", test_credit_for_unknown_streams_is_an_error);
  ADD ("credit-overflow-is-an-error", test_credit_overflow_is_an_error);
  ADD ("host-closes", test_host_closes);
  ADD ("seventeenth-stream-is-refused", test_seventeenth_stream_is_refused);
  ADD_SMALL ("streams-take-turns", test_streams_take_turns);
  ADD_SMALL ("control-overtakes-data", test_control_overtakes_data);
  ADD_SMALL ("slow-reader-costs-nothing", test_slow_reader_costs_nothing);
  ADD ("session-end-aborts-as-lost", test_session_end_aborts_as_lost);
  ADD ("hang-up-keeps-streams", test_hang_up_keeps_streams);
  ADD ("pump-moves-both-ways", test_pump_moves_both_ways);
  ADD ("pump-leaves-bytes-in-the-pipe", test_pump_leaves_bytes_in_the_pipe);
  ADD ("pump-without-a-stream-drops", test_pump_without_a_stream_drops);
  ADD ("pump-survives-a-child-that-does-not-read", test_pump_survives_a_child_that_does_not_read);
  return g_test_run ();
}
