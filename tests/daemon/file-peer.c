/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "file-peer.h"

#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

gint64 peer_offset;
guint peer_frames;

static guint32 open_stream;

Peer *
file_peer_new (const char *limits)
{
  Peer *self = peer_new ();
  g_autofree char *policy = g_strdup_printf (
      "[agent]\nlog=warning\n[policy]\nfile-read=allow\nfile-write=allow\ninbox=allow\n"
      "[files]\nread=/srv/\nwrite=/srv//inbox\ninbox=//srv/drop/\n[limits]\n%s",
      limits);
  g_autofree char *inbox = g_build_filename (self->root, "srv/inbox", NULL);
  g_autofree char *log = g_build_filename (self->root, "var/log", NULL);

  g_assert_cmpint (g_mkdir_with_parents (inbox, 0755), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents (log, 0755), ==, 0);
  peer_write_policy (self, policy);
  peer_start (self, 0);
  json_decref (peer_hello (self));
  return self;
}

GByteArray *
file_random (gsize length)
{
  GByteArray *bytes = g_byte_array_sized_new ((guint) length);
  GRand *random = g_rand_new_with_seed (length);

  g_byte_array_set_size (bytes, (guint) length);
  for (gsize i = 0; i < length; i += 4)
    {
      guint32 word = g_rand_int (random);

      memcpy (bytes->data + i, &word, MIN (4, length - i));
    }
  g_rand_free (random);
  return bytes;
}

void
file_peer_link (Peer *self, const char *path, const char *target)
{
  g_autofree char *full = g_build_filename (self->root, path, NULL);

  g_assert_cmpint (symlink (target, full), ==, 0);
}

void
file_peer_write (Peer *self, const char *path, const GByteArray *bytes)
{
  g_autofree char *full = g_build_filename (self->root, path, NULL);

  g_assert_true (g_file_set_contents (full, (const char *) bytes->data, bytes->len, NULL));
}

gboolean
file_peer_exists (Peer *self, const char *path)
{
  g_autofree char *full = g_build_filename (self->root, path, NULL);

  return g_file_test (full, G_FILE_TEST_EXISTS);
}

static void
assert_content (Peer *self, const char *path, const void *data, gsize length)
{
  g_autofree char *full = g_build_filename (self->root, path, NULL);
  g_autofree char *text = NULL;
  gsize n;

  g_assert_true (g_file_get_contents (full, &text, &n, NULL));
  g_assert_cmpmem (text, n, data, length);
}

void
file_peer_assert (Peer *self, const char *path, const GByteArray *bytes)
{
  assert_content (self, path, bytes->data, bytes->len);
}

void
file_peer_assert_text (Peer *self, const char *path, const char *text)
{
  assert_content (self, path, text, strlen (text));
}

guint
file_peer_count_temps (Peer *self)
{
  g_autofree char *path = g_build_filename (self->root, "srv/inbox", NULL);
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (directory)) != NULL)
    n += g_str_has_prefix (name, ".kvmma-");
  return n;
}

void
file_peer_wait_temps (Peer *self, guint n)
{
  gint64 deadline = g_get_monotonic_time () + PEER_PATIENCE_MS * 1000;

  while (file_peer_count_temps (self) != n)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      poll (NULL, 0, 5);
    }
}

static json_t *
body_of (const KvmaFrame *frame)
{
  json_t *body = json_loadb ((const char *) frame->payload, frame->length, 0, NULL);

  g_assert_nonnull (body);
  return body;
}

static json_t *
reply_between_data (Peer *self, gint64 id)
{
  KvmaFrame frame;

  for (;;)
    {
      json_t *body;

      g_assert_true (peer_receive (self, &frame));
      if (frame.header.kind != KVMA_KIND_REPLY)
        continue;
      body = body_of (&frame);
      if (json_number (body, "id") == id)
        return body;
      json_decref (body);
    }
}

json_t *
file_peer_call (Peer *self, const char *method, json_t *params)
{
  json_t *body = reply_between_data (self, peer_request (self, method, params));
  json_t *result = json_incref (json_object_get (body, "result"));

  if (result == NULL)
    g_error ("%s failed: %s", method, json_text (body, "error.message"));
  json_decref (body);
  return result;
}

int
file_peer_call_error (Peer *self, const char *method, json_t *params)
{
  json_t *body = reply_between_data (self, peer_request (self, method, params));
  int code = (int) json_number (body, "error.code");

  json_decref (body);
  return code;
}

static void
send_on_stream (Peer *self,
                KvmaKind kind,
                guint32 stream,
                guint32 credit,
                const void *data,
                gsize length,
                gboolean end)
{
  KvmaHeader header = { .kind = (guint8) kind, .stream = stream, .credit = credit };

  if (end)
    header.flags = KVMA_FLAG_END;
  kvma_session_stamp (&self->session, &header);
  peer_send_header (self, &header, data, length);
}

void
file_peer_grant (Peer *self, guint32 stream, guint32 credit)
{
  send_on_stream (self, KVMA_KIND_ACK, stream, credit, NULL, 0, FALSE);
}

GByteArray *
file_peer_download (Peer *self, guint32 stream, json_t **close)
{
  GByteArray *bytes = g_byte_array_new ();
  gboolean ended = FALSE;
  KvmaFrame frame;

  peer_frames = 0;
  for (;;)
    {
      g_assert_true (peer_receive (self, &frame));
      if (frame.header.stream != stream)
        continue;
      if (frame.header.kind == KVMA_KIND_CLOSE)
        break;
      if (frame.header.kind != KVMA_KIND_DATA)
        continue;
      g_assert_false (ended);
      peer_frames++;
      ended = (frame.header.flags & KVMA_FLAG_END) != 0;
      g_byte_array_append (bytes, frame.payload, (guint) frame.length);
      if (!ended && frame.length > 0)
        send_on_stream (self, KVMA_KIND_ACK, stream, (guint32) frame.length, NULL, 0, FALSE);
    }
  g_assert_true (ended);
  *close = body_of (&frame);
  return bytes;
}

/* Returns the CLOSE if it came meanwhile. */
static json_t *
receive_one (Peer *self, gint64 *credit)
{
  KvmaFrame frame;

  g_assert_true (peer_receive (self, &frame));
  if (frame.header.stream != open_stream)
    return NULL;
  *credit += frame.header.credit;
  return frame.header.kind == KVMA_KIND_CLOSE ? body_of (&frame) : NULL;
}

static json_t *
send_bytes (Peer *self, const GByteArray *all, gint64 from, gint64 to, gboolean end)
{
  gint64 credit = KVMA_STREAM_WINDOW_TO_GUEST;
  json_t *close = NULL;

  while (from < to && close == NULL)
    {
      gint64 n = MIN (MIN (to - from, credit), KVMA_PAYLOAD_MAX);

      if (n > 0)
        {
          send_on_stream (self, KVMA_KIND_DATA, open_stream, 0, all->data + from, (gsize) n,
                          end && from + n == to);
          from += n;
          credit -= n;
          end = end && from < to;
        }
      else
        close = receive_one (self, &credit);
    }
  if (end && close == NULL)
    send_on_stream (self, KVMA_KIND_DATA, open_stream, 0, NULL, 0, TRUE);
  return close;
}

static char *
begin (Peer *self, json_t *params)
{
  gboolean inbox = json_object_get (params, "name") != NULL;
  json_t *result = peer_call (self, inbox ? KVMA_METHOD_INBOX_PUT : KVMA_METHOD_FILE_WRITE, params);
  char *token = g_strdup (json_text (result, "token"));

  open_stream = (guint32) json_number (result, "stream");
  peer_offset = json_number (result, "offset");
  if (inbox)
    g_assert_true (g_str_has_prefix (json_text (result, "path"), "/srv/drop/"));
  json_decref (result);
  return token;
}

char *
file_peer_begin (Peer *self, json_t *params, const GByteArray *all, gsize n)
{
  char *token;

  json_object_set_new (params, "size", json_integer (all->len));
  token = begin (self, params);
  g_assert_cmpint (peer_offset, ==, 0);
  g_assert_null (send_bytes (self, all, 0, (gint64) n, FALSE));
  return token;
}

static json_t *
wait_for_close (Peer *self)
{
  gint64 credit = 0;
  json_t *close = NULL;

  while (close == NULL)
    close = receive_one (self, &credit);
  return close;
}

void
file_peer_cancel (Peer *self)
{
  static const char body[] = "{\"code\":-32006}";
  json_t *close;

  send_on_stream (self, KVMA_KIND_CLOSE, open_stream, 0, body, strlen (body), FALSE);
  close = wait_for_close (self);
  g_assert_cmpint (json_number (close, "code"), ==, KVMA_ERROR_CANCELLED);
  json_decref (close);
}

json_t *
file_peer_upload (
    Peer *self, json_t *params, const GByteArray *all, gint64 offset, gsize n, gboolean end)
{
  json_t *close;

  if (json_object_get (params, "size") == NULL)
    json_object_set_new (params, "size", json_integer (all->len));
  g_free (begin (self, params));
  if (offset >= 0)
    g_assert_cmpint (peer_offset, ==, offset);
  close = send_bytes (self, all, peer_offset, (gint64) n, end);
  return close != NULL ? close : wait_for_close (self);
}

json_t *
file_peer_upload_sized (Peer *self, json_t *params, const GByteArray *all, gint64 size)
{
  json_object_set_new (params, "size", json_integer (size));
  return file_peer_upload (self, params, all, 0, all->len, TRUE);
}

void
file_peer_put (Peer *self, json_t *params, const GByteArray *all)
{
  json_t *close = file_peer_upload (self, params, all, 0, all->len, TRUE);

  if (json_number (close, "code") != 0)
    g_error ("%s", json_text (close, "message"));
  g_assert_cmpint (json_number (close, "bytes"), ==, all->len);
  json_decref (close);
}

int
file_write_error (Peer *self, const char *path, gint64 size, const char *condition)
{
  return peer_call_error (
      self, KVMA_METHOD_FILE_WRITE,
      json_pack ("{ss sI ss}", "path", path, "size", (json_int_t) size, "if", condition));
}

void
file_peer_kill (Peer *self)
{
  g_subprocess_force_exit (self->process);
  g_assert_true (g_subprocess_wait (self->process, NULL, NULL));
  g_clear_object (&self->process);
  close (self->fd);
  self->fd = -1;
  self->n_unread = 0;
  kvma_receiver_reset (&self->receiver);
  kvma_session_end (&self->session);
}
