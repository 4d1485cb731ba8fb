/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon-peer.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define DEFAULT_POLICY "[agent]\nlog=warning\n"

static void
free_stream (gpointer data)
{
  PeerStream *stream = data;

  g_byte_array_unref (stream->received);
  json_decref (stream->close);
  g_free (stream);
}

Peer *
peer_new (void)
{
  Peer *self = g_new0 (Peer, 1);
  g_autoptr (GError) error = NULL;

  self->fd = self->slave = -1;
  self->streams = g_ptr_array_new_with_free_func (free_stream);
  self->root = g_dir_make_tmp ("kvma-daemon-XXXXXX", &error);
  g_assert_no_error (error);
  kvma_receiver_init (&self->receiver);
  peer_write_policy (self, DEFAULT_POLICY);
  return self;
}

void
peer_write (Peer *self, const char *path, const char *text)
{
  g_autofree char *full = g_build_filename (self->root, path, NULL);
  g_autofree char *directory = g_path_get_dirname (full);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (directory, 0755), ==, 0);
  g_file_set_contents (full, text, -1, &error);
  g_assert_no_error (error);
}

void
peer_write_policy (Peer *self, const char *text)
{
  g_autofree char *full = g_build_filename (self->root, "etc/kvm-manager-agent/agent.conf", NULL);

  peer_write (self, "etc/kvm-manager-agent/agent.conf", text);
  g_assert_cmpint (g_chmod (full, 0644), ==, 0);
}

typedef struct
{
  PeerFlags flags;
  char *dead_mount;
  int raise_fd; /* a byte or the end here, then "lo" comes up */
} ChildSetup;

/* A process of its own in the agent's network namespace, because ours has no right in it. */
static void
leave_raiser (int fd)
{
  struct ifreq request;
  char byte;
  int s;

  if (fork () != 0)
    return;
  for (int i = 0; i < 1024; i++)
    if (i != fd)
      close (i);
  s = socket (AF_INET, SOCK_DGRAM, 0);
  if (read (fd, &byte, 1) == 1)
    {
      memset (&request, 0, sizeof request);
      strcpy (request.ifr_name, "lo");
      request.ifr_flags = IFF_UP;
      ioctl (s, SIOCSIFFLAGS, &request);
    }
  _exit (0);
}

/* A FUSE file system whose server never reads a request: whoever asks it anything waits for ever.
 */
static void
mount_dead (const char *directory)
{
  int fd = open ("/dev/fuse", O_RDWR);
  char options[128];

  if (fd < 0 || mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
    return;
  g_snprintf (options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
  if (mount ("dead", directory, "fuse", MS_NOSUID | MS_NODEV, options) < 0)
    close (fd);
}

static void
set_up_child (gpointer data)
{
  const ChildSetup *setup = data;
  int spaces = geteuid () != 0 ? CLONE_NEWUSER : 0;

  if ((setup->flags & PEER_OWN_NETWORK) != 0)
    spaces |= CLONE_NEWNET;
  if ((setup->flags & PEER_DEAD_MOUNT) != 0)
    spaces |= CLONE_NEWNS;
  if (spaces == 0 || spaces == CLONE_NEWUSER || unshare (spaces) < 0)
    return;
  if ((setup->flags & PEER_OWN_NETWORK) != 0)
    leave_raiser (setup->raise_fd);
  if ((setup->flags & PEER_DEAD_MOUNT) != 0)
    mount_dead (setup->dead_mount);
}

static int raise_write_fd = -1;

static void
close_raiser (void)
{
  if (raise_write_fd >= 0)
    close (raise_write_fd);
  raise_write_fd = -1;
}

void
peer_raise_loopback (Peer *self)
{
  g_assert_cmpint (write (raise_write_fd, "x", 1), ==, 1);
}

void
peer_start (Peer *self, PeerFlags flags)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr (GError) error = NULL;
  ChildSetup setup = { .flags = flags };
  g_autofree char *config = g_build_filename (self->root, "etc/kvm-manager-agent/agent.conf", NULL);
  int ends[2], pipe_ends[2];
  int small = 1;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  g_assert_cmpint (pipe2 (pipe_ends, O_CLOEXEC), ==, 0);
  setup.dead_mount = g_build_filename (self->root, "dead", NULL);
  setup.raise_fd = pipe_ends[0];
  g_mkdir_with_parents (setup.dead_mount, 0755);
  if ((flags & PEER_SMALL_BUFFER) != 0)
    g_assert_cmpint (setsockopt (ends[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small), ==, 0);
  g_subprocess_launcher_take_fd (launcher, ends[1], 3);
  g_subprocess_launcher_set_child_setup (launcher, set_up_child, &setup, NULL);
  self->fd = ends[0];
  if ((flags & PEER_REAL_FACTS) != 0)
    self->process = g_subprocess_launcher_spawn (launcher, &error, AGENT_PATH, "--foreground",
                                                 "--fd", "3", "--config", config, NULL);
  else
    self->process = g_subprocess_launcher_spawn (launcher, &error, AGENT_PATH, "--foreground",
                                                 "--fd", "3", "--root", self->root, NULL);
  g_assert_no_error (error);
  close (pipe_ends[0]);
  close_raiser ();
  raise_write_fd = pipe_ends[1];
  g_free (setup.dead_mount);
}

void
peer_adopt (Peer *self, int fd, void (*turn) (void *), void *data)
{
  self->fd = fd;
  self->turn = turn;
  self->turn_data = data;
}

void
peer_die_with_parent (gpointer data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

void
peer_start_port (Peer *self)
{
  g_autofree char *config = g_build_filename (self->root, "etc/kvm-manager-agent/agent.conf", NULL);
  g_autofree char *port = g_build_filename (self->root, "port", NULL);
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr (GError) error = NULL;

  g_subprocess_launcher_set_child_setup (launcher, peer_die_with_parent, NULL, NULL);
  self->process = g_subprocess_launcher_spawn (launcher, &error, AGENT_PATH, "--foreground",
                                               "--port", port, "--config", config, NULL);
  g_assert_no_error (error);
}

void
peer_plug (Peer *self)
{
  g_autofree char *port = g_build_filename (self->root, "port", NULL);
  struct termios settings;
  int slave;

  self->fd = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  g_assert_cmpint (self->fd, >=, 0);
  g_assert_cmpint (grantpt (self->fd), ==, 0);
  g_assert_cmpint (unlockpt (self->fd), ==, 0);
  slave = open (ptsname (self->fd), O_RDWR | O_NOCTTY | O_CLOEXEC);
  g_assert_cmpint (tcgetattr (slave, &settings), ==, 0);
  cfmakeraw (&settings);
  g_assert_cmpint (tcsetattr (slave, TCSANOW, &settings), ==, 0);
  g_assert_cmpint (symlink (ptsname (self->fd), port), ==, 0);
  self->slave = slave;
}

void
peer_unplug (Peer *self)
{
  g_autofree char *port = g_build_filename (self->root, "port", NULL);

  g_unlink (port);
  close (self->slave);
  close (self->fd);
  self->slave = self->fd = -1;
  self->n_unread = 0;
  kvma_receiver_reset (&self->receiver);
  kvma_session_end (&self->session);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) directory = NULL;
  const char *name;

  if (!g_file_test (path, G_FILE_TEST_IS_SYMLINK))
    directory = g_dir_open (path, 0, NULL);
  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *below = g_build_filename (path, name, NULL);

      remove_tree (below);
    }
  g_remove (path);
}

void
peer_free (Peer *self)
{
  g_autoptr (GError) error = NULL;

  if (self->fd >= 0 && self->slave < 0)
    close (self->fd);
  close_raiser ();
  if (self->process != NULL)
    {
      if (self->slave >= 0)
        g_subprocess_send_signal (self->process, SIGTERM);
      g_subprocess_wait (self->process, NULL, &error);
      g_assert_no_error (error);
      g_assert_true (g_subprocess_get_if_exited (self->process));
      g_assert_cmpint (g_subprocess_get_exit_status (self->process), ==, 0);
    }
  if (self->slave >= 0)
    peer_unplug (self);
  g_clear_object (&self->process);
  g_ptr_array_unref (self->streams);
  remove_tree (self->root);
  g_free (self->root);
  g_free (self);
}

void
peer_send_bytes (Peer *self, const void *data, gsize length)
{
  const guint8 *p = data;

  while (length > 0)
    {
      gssize n =
          self->slave >= 0 ? write (self->fd, p, length) : send (self->fd, p, length, MSG_NOSIGNAL);

      if (n < 0 && errno == EINTR)
        continue;
      g_assert_cmpint (n, >, 0);
      p += n;
      length -= (gsize) n;
    }
}

void
peer_send_header (Peer *self, const KvmaHeader *header, const void *payload, gsize length)
{
  guint8 wire[KVMA_FRAME_MAX];
  gsize n = kvma_frame_encode (header, payload, length, wire, sizeof wire);

  g_assert_cmpuint (n, >, 0);
  peer_send_bytes (self, wire, n);
}

void
peer_send (Peer *self, KvmaKind kind, const void *payload, gsize length)
{
  KvmaHeader header = { .kind = (guint8) kind };

  if (kind != KVMA_KIND_HELLO)
    kvma_session_stamp (&self->session, &header);
  peer_send_header (self, &header, payload, length);
}

/* The kernel knows what is not read yet. The agent reads again only after it has handled what it
 * read before, so one more byte of padding that is taken says that everything before it is done. */
void
peer_wait_handled (Peer *self)
{
  gint64 deadline = g_get_monotonic_time () + PEER_PATIENCE_MS * 1000;

  for (int round = 0; round < 2; round++)
    {
      int left = 1;

      while (left > 0)
        {
          g_assert_cmpint (ioctl (self->fd, SIOCOUTQ, &left), ==, 0);
          g_assert_cmpint (g_get_monotonic_time (), <, deadline);
          if (left > 0)
            poll (NULL, 0, 1);
        }
      if (round == 0)
        peer_send_bytes (self, "", 1);
    }
}

static PeerStream *
find_stream (Peer *self, gint64 id)
{
  PeerStream *stream;

  for (guint i = 0; i < self->streams->len; i++)
    {
      stream = g_ptr_array_index (self->streams, i);
      if (stream->id == id)
        return stream;
    }
  stream = g_new0 (PeerStream, 1);
  stream->id = (guint32) id;
  stream->received = g_byte_array_new ();
  stream->credit = KVMA_STREAM_WINDOW_TO_GUEST;
  stream->granted = KVMA_STREAM_WINDOW_TO_HOST;
  g_ptr_array_add (self->streams, stream);
  return stream;
}

/* The bookkeeping of both ends of a stream, whatever the test is waiting for. */
static void
note_stream (Peer *self, const KvmaFrame *frame)
{
  const KvmaHeader *header = &frame->header;
  PeerStream *stream;

  if (header->credit == 0 && header->kind != KVMA_KIND_DATA && header->kind != KVMA_KIND_CLOSE)
    return;
  stream = find_stream (self, header->stream);
  stream->credit += header->credit;
  if (header->kind == KVMA_KIND_CLOSE)
    {
      g_assert_null (stream->close);
      stream->close =
          json_loadb ((const char *) frame->payload, frame->length, JSON_REJECT_DUPLICATES, NULL);
      g_assert_nonnull (stream->close);
    }
  if (header->kind != KVMA_KIND_DATA)
    return;
  g_assert_false (stream->ended);
  g_assert_null (stream->close);
  stream->granted -= (gint64) frame->length;
  g_assert_true (!stream->asked || stream->granted >= 0);
  g_byte_array_append (stream->received, frame->payload, (guint) frame->length);
  stream->ended = (header->flags & KVMA_FLAG_END) != 0;
  stream->taken += (gint64) frame->length;
  if (stream->asked && !stream->hold && !stream->ended &&
      stream->taken >= KVMA_STREAM_WINDOW_TO_HOST / 4)
    peer_stream_grant (self, stream, (guint32) stream->taken);
}

gboolean
peer_receive_within (Peer *self, KvmaFrame *frame, gint ms)
{
  gint64 deadline = g_get_monotonic_time () + (gint64) ms * 1000;

  for (;;)
    {
      KvmaReceive result =
          kvma_receiver_feed (&self->receiver, &self->unread, &self->n_unread, frame);
      struct pollfd poll_fd = { .fd = self->fd, .events = POLLIN };
      gint64 left = (deadline - g_get_monotonic_time ()) / 1000;
      gssize n;

      g_assert_cmpint (result, !=, KVMA_RECEIVE_GARBAGE);
      if (result == KVMA_RECEIVE_FRAME)
        {
          if (frame->header.session != 0 && frame->header.session == self->session.id &&
              frame->header.kind != KVMA_KIND_BYE)
            {
              g_assert_true (kvma_session_receive (&self->session, frame));
              note_stream (self, frame);
            }
          return TRUE;
        }
      if (left <= 0)
        return FALSE;
      if (self->turn != NULL)
        {
          self->turn (self->turn_data);
          if (poll (&poll_fd, 1, 0) == 0)
            continue;
        }
      else if (poll (&poll_fd, 1, (int) left) == 0)
        return FALSE;
      n = read (self->fd, self->buffer, sizeof self->buffer);
      if (n <= 0)
        return FALSE;
      self->unread = self->buffer;
      self->n_unread = (gsize) n;
    }
}

gboolean
peer_receive (Peer *self, KvmaFrame *frame)
{
  gint64 begin = g_get_monotonic_time ();
  gboolean received = peer_receive_within (self, frame, PEER_PATIENCE_MS);

  if (!received && g_get_monotonic_time () - begin > (PEER_PATIENCE_MS - 100) * 1000)
    g_error ("the agent sent nothing for %d ms", PEER_PATIENCE_MS);
  return received;
}

static json_t *
body_of (const KvmaFrame *frame)
{
  json_error_t error;
  json_t *body;

  if (frame->length == 0 || frame->header.kind == KVMA_KIND_PING ||
      frame->header.kind == KVMA_KIND_PONG)
    return NULL;
  body = json_loadb ((const char *) frame->payload, frame->length, JSON_REJECT_DUPLICATES, &error);
  if (body == NULL)
    g_error ("the agent sent bad JSON: %s", error.text);
  return body;
}

json_t *
peer_expect (Peer *self, KvmaKind kind, KvmaKind skip)
{
  KvmaFrame frame;

  do
    if (!peer_receive (self, &frame))
      g_error ("the agent closed, %s was expected", kvma_kind_name (kind));
  while (frame.header.kind != kind &&
         (frame.header.kind == KVMA_KIND_ACK || frame.header.kind == skip ||
          frame.header.kind == KVMA_KIND_DATA || frame.header.kind == KVMA_KIND_CLOSE));
  g_assert_cmpstr (kvma_kind_name (frame.header.kind), ==, kvma_kind_name (kind));
  return body_of (&frame);
}

json_t *
peer_hello (Peer *self)
{
  g_autofree char *nonce = g_strdup_printf ("%08x%08x%08x%08x", g_random_int (), g_random_int (),
                                            g_random_int (), g_random_int ());
  g_autofree char *body = g_strdup_printf (
      "{\"nonce\":\"%s\",\"protos\":[1],\"app\":\"test\",\"label\":\"tester\"}", nonce);
  KvmaFrame frame;
  json_t *welcome;
  guint64 id;

  peer_send (self, KVMA_KIND_HELLO, body, strlen (body));
  do
    g_assert_true (peer_receive (self, &frame));
  while (frame.header.kind != KVMA_KIND_WELCOME);
  welcome = body_of (&frame);
  g_assert_cmpstr (json_text (welcome, "nonce"), ==, nonce);
  g_assert_true (kvma_session_parse_id (json_text (welcome, "session"), &id));
  g_assert_cmphex (frame.header.session, ==, id);
  kvma_session_begin (&self->session, id);
  g_ptr_array_set_size (self->streams, 0);
  g_assert_true (kvma_session_receive (&self->session, &frame));
  return welcome;
}

gint64
peer_request (Peer *self, const char *method, json_t *params)
{
  gint64 id = ++self->next_id;
  json_t *body =
      json_pack ("{ss sI ss}", "jsonrpc", "2.0", "id", (json_int_t) id, "method", method);
  char *text;

  if (params != NULL)
    json_object_set_new (body, "params", params);
  text = json_dumps (body, JSON_COMPACT);
  peer_send (self, KVMA_KIND_REQUEST, text, strlen (text));
  free (text);
  json_decref (body);
  return id;
}

json_t *
peer_reply (Peer *self, gint64 id)
{
  for (;;)
    {
      json_t *body = peer_expect (self, KVMA_KIND_REPLY, KVMA_KIND_EVENT);

      if (json_number (body, "id") == id)
        return body;
      json_decref (body);
    }
}

json_t *
peer_call (Peer *self, const char *method, json_t *params)
{
  json_t *body = peer_reply (self, peer_request (self, method, params));
  json_t *result = json_object_get (body, "result");

  if (result == NULL)
    g_error ("%s failed: %s", method, json_text (body, "error.message"));
  json_incref (result);
  json_decref (body);
  return result;
}

int
peer_call_error (Peer *self, const char *method, json_t *params)
{
  json_t *body = peer_reply (self, peer_request (self, method, params));
  int code = (int) json_number (body, "error.code");

  g_assert_null (json_object_get (body, "result"));
  json_decref (body);
  return code;
}

json_t *
peer_event (Peer *self, const char *topic)
{
  for (;;)
    {
      json_t *body = peer_expect (self, KVMA_KIND_EVENT, KVMA_KIND_REPLY);
      json_t *params = json_object_get (body, "params");
      gboolean wanted = g_strcmp0 (json_text (body, "method"), topic) == 0;

      json_incref (params);
      json_decref (body);
      if (wanted)
        return params;
      json_decref (params);
    }
}

void
peer_subscribe (Peer *self, const char *topic, gint interval_ms)
{
  json_t *result =
      peer_call (self, KVMA_METHOD_EVENTS_SUBSCRIBE,
                 json_pack ("{s[{ss si}]}", "topics", "name", topic, "interval_ms", interval_ms));

  g_assert_cmpstr (json_text (result, "accepted.0.name"), ==, topic);
  json_decref (result);
}

void
peer_expect_bye (Peer *self, const char *reason)
{
  json_t *body;

  for (;;)
    {
      KvmaFrame frame;

      g_assert_true (peer_receive (self, &frame));
      if (frame.header.kind != KVMA_KIND_BYE)
        continue;
      body = body_of (&frame);
      break;
    }
  g_assert_cmpstr (json_text (body, "reason"), ==, reason);
  json_decref (body);
  kvma_session_end (&self->session);
}

PeerStream *
peer_stream (Peer *self, gint64 id)
{
  PeerStream *stream = find_stream (self, id);

  stream->asked = TRUE;
  return stream;
}

static void
receive_one (Peer *self)
{
  KvmaFrame frame;

  g_assert_true (peer_receive (self, &frame));
  if (frame.header.kind == KVMA_KIND_BYE)
    g_error ("the agent said BYE: %.*s", (int) frame.length, (const char *) frame.payload);
}

void
peer_stream_send_frame (
    Peer *self, PeerStream *stream, const void *data, gsize length, guint8 flags)
{
  KvmaHeader header = { .kind = KVMA_KIND_DATA, .flags = flags, .stream = stream->id };

  kvma_session_stamp (&self->session, &header);
  peer_send_header (self, &header, data, length);
  stream->credit -= (gint64) length;
}

void
peer_stream_send (Peer *self, PeerStream *stream, const void *data, gsize length, gboolean end)
{
  const guint8 *p = data;

  while (length > 0)
    {
      gsize n = MIN (length, KVMA_PAYLOAD_MAX);

      while (stream->credit == 0 && stream->close == NULL)
        receive_one (self);
      if (stream->close != NULL)
        return;
      n = MIN (n, (gsize) stream->credit);
      peer_stream_send_frame (self, stream, p, n, end && n == length ? KVMA_FLAG_END : 0);
      end = end && n != length;
      p += n;
      length -= n;
    }
  if (end)
    peer_stream_send_frame (self, stream, NULL, 0, KVMA_FLAG_END);
}

void
peer_stream_grant (Peer *self, PeerStream *stream, guint32 credit)
{
  KvmaHeader header = { .kind = KVMA_KIND_ACK, .stream = stream->id, .credit = credit };

  kvma_session_stamp (&self->session, &header);
  peer_send_header (self, &header, NULL, 0);
  stream->granted += credit;
  stream->taken = MAX (stream->taken - (gint64) credit, 0);
}

void
peer_stream_close (Peer *self, PeerStream *stream)
{
  KvmaHeader header = { .kind = KVMA_KIND_CLOSE, .stream = stream->id };
  static const char body[] = "{\"code\":-32006}";

  kvma_session_stamp (&self->session, &header);
  peer_send_header (self, &header, body, sizeof body - 1);
}

void
peer_stream_wait_bytes (Peer *self, PeerStream *stream, gsize length)
{
  while (stream->received->len < length && !stream->ended && stream->close == NULL)
    receive_one (self);
}

const char *
peer_stream_text (PeerStream *stream)
{
  g_byte_array_append (stream->received, (const guint8 *) "", 1);
  g_byte_array_set_size (stream->received, stream->received->len - 1);
  return (const char *) stream->received->data;
}

void
peer_stream_wait_text (Peer *self, PeerStream *stream, const char *text)
{
  while (strstr (peer_stream_text (stream), text) == NULL)
    {
      if (stream->ended || stream->close != NULL)
        g_error ("no \"%s\" in: %s", text, peer_stream_text (stream));
      receive_one (self);
    }
}

void
peer_stream_wait_end (Peer *self, PeerStream *stream)
{
  while (!stream->ended)
    receive_one (self);
}

json_t *
peer_stream_wait_close (Peer *self, PeerStream *stream)
{
  while (stream->close == NULL)
    receive_one (self);
  return stream->close;
}

json_t *
json_path (json_t *value, const char *path)
{
  g_auto (GStrv) parts = g_strsplit (path, ".", -1);

  for (guint i = 0; parts[i] != NULL && value != NULL; i++)
    value = json_is_array (value) ? json_array_get (value, (size_t) atoi (parts[i]))
                                  : json_object_get (value, parts[i]);
  return value;
}

const char *
json_text (json_t *value, const char *path)
{
  return json_string_value (json_path (value, path));
}

gint64
json_number (json_t *value, const char *path)
{
  return json_integer_value (json_path (value, path));
}

double
json_fraction (json_t *value, const char *path)
{
  json_t *member = json_path (value, path);

  g_assert_true (json_is_number (member));
  return json_number_value (member);
}
