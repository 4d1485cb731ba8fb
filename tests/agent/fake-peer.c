/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "fake-peer.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <glib-unix.h>
#include <json-glib/json-glib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol/kvma-names.h"

const char fake_peer_sys_info[] =
    "{\"os\":{\"id\":\"debian\",\"name\":\"Debian GNU/Linux\",\"version\":\"12\","
    "\"pretty\":\"Debian GNU/Linux 12 (bookworm)\"},\"kernel\":\"6.1.0-18-amd64\","
    "\"arch\":\"x86_64\",\"hostname\":\"anvil\",\"boot_id\":\"b0\",\"boot_time\":1700000000,"
    "\"uptime_ms\":61000,\"tz\":{\"name\":\"Europe/Berlin\",\"offset\":3600},\"cpus\":2,"
    "\"mem_total\":134217728,\"virt\":\"qemu\"}";
const char fake_peer_sys_metrics[] =
    "{\"t\":1700000061000,\"cpu\":{\"user\":0.25,\"system\":0.125,\"idle\":0.5,\"iowait\":0.125,"
    "\"steal\":0},\"load\":[0.5,1,2],\"mem\":{\"total\":134217728,\"avail\":67108864,"
    "\"swap_total\":1024,\"swap_free\":512},\"psi\":{\"cpu\":1.5,\"mem\":0,\"io\":100},"
    "\"procs\":77}";
const char fake_peer_net_list[] =
    "{\"ifaces\":[{\"name\":\"eth0\",\"index\":2,\"mtu\":1500,\"mac\":\"52:54:00:12:34:56\","
    "\"state\":\"up\",\"kind\":\"ether\",\"virtual\":false,\"addrs\":[{\"ip\":\"10.0.2.15\","
    "\"prefix\":24,\"scope\":\"global\",\"dynamic\":true},{\"ip\":\"fe80::1\",\"prefix\":64,"
    "\"scope\":\"link\",\"dynamic\":false}],\"rx\":1000,\"tx\":2000},{\"name\":\"lo\","
    "\"index\":1,\"mtu\":65536,\"state\":\"unknown\",\"kind\":\"loopback\",\"virtual\":true,"
    "\"addrs\":[],\"rx\":0,\"tx\":0}],\"total\":2,\"truncated\":false}";
const char fake_peer_fs_list[] =
    "{\"fs\":[{\"mount\":\"/\",\"dev\":\"/dev/vda1\",\"type\":\"ext4\",\"total\":1000000,"
    "\"used\":400000,\"avail\":550000,\"ro\":false,\"disk_serial\":\"root\",\"stale\":false}],"
    "\"total\":1,\"truncated\":false}";
const char fake_peer_user_sessions[] =
    "{\"users\":[{\"user\":\"anna\",\"tty\":\"pts/0\",\"host\":\"desk\","
    "\"login_time\":1700000005}],\"total\":1,\"truncated\":false}";

static const char default_caps[] = "\"events@1\",\"sys.info@1\",\"sys.metrics@1\",\"net.list@1\","
                                   "\"fs.list@1\",\"user.sessions@1\",\"power.shutdown@1\"";

/* ---- out ---- */

static gboolean
write_ready_cb (int fd, GIOCondition condition, gpointer user_data)
{
  FakePeer *self = user_data;
  gsize length = self->write_chunk > 0 ? MIN (self->write_chunk, self->out->len) : self->out->len;
  gssize written = send (fd, self->out->data, length, MSG_NOSIGNAL | MSG_DONTWAIT);

  if (written > 0)
    g_byte_array_remove_range (self->out, 0, (guint) written);
  if (self->out->len > 0 && (written > 0 || errno == EAGAIN))
    return G_SOURCE_CONTINUE;
  self->write_source = 0;
  return G_SOURCE_REMOVE;
}

void
fake_peer_send_raw (FakePeer *self, const void *data, gsize length)
{
  if (self->fd == -1)
    return;
  g_byte_array_append (self->out, data, (guint) length);
  if (self->write_source == 0)
    self->write_source = g_unix_fd_add (self->fd, G_IO_OUT, write_ready_cb, self);
}

static void
send_encoded (FakePeer *self, const KvmaHeader *header, const void *data, gsize length)
{
  guint8 wire[KVMA_FRAME_MAX];
  gsize size = kvma_frame_encode (header, data, length, wire, sizeof wire);

  g_assert_cmpuint (size, >, 0);
  fake_peer_send_raw (self, wire, size);
}

void
fake_peer_send_frame (FakePeer *self, KvmaHeader *header, const void *data, gsize length)
{
  kvma_session_stamp (&self->session, header);
  send_encoded (self, header, data, length);
}

void
fake_peer_send (FakePeer *self, KvmaKind kind, const char *json)
{
  KvmaHeader header = { .kind = (guint8) kind };

  fake_peer_send_frame (self, &header, json, strlen (json));
}

void
fake_peer_send_bare (FakePeer *self, const KvmaHeader *header, const char *json)
{
  send_encoded (self, header, json, strlen (json));
}

void
fake_peer_announce (FakePeer *self)
{
  KvmaHeader header = { .kind = KVMA_KIND_ANNOUNCE };
  g_autofree char *json = g_strdup_printf (
      "{\"agent\":\"kvm-manager-agent\",\"version\":\"%s\",\"protos\":%s,\"boot_id\":\"b0\","
      "\"instance\":\"%s\",\"os_family\":\"linux\"}",
      self->version, self->protos, self->instance);

  fake_peer_send_bare (self, &header, json);
}

void
fake_peer_welcome (FakePeer *self, const char *nonce)
{
  char id[KVMA_SESSION_TEXT_SIZE + 1];
  g_autofree char *json = NULL;

  kvma_session_begin (&self->session, ((guint64) g_random_int () << 32 | g_random_int ()) | 1);
  kvma_session_format_id (self->session.id, id);
  json = g_strdup_printf (
      "{\"nonce\":\"%s\",\"proto\":1,\"session\":\"%s\",\"instance\":\"%s\",\"boot_id\":\"b0\","
      "\"agent\":\"kvm-manager-agent\",\"version\":\"%s\",\"caps\":[%s],\"limits\":{},"
      "\"policy\":%s%s}",
      nonce, id, self->instance, self->version, default_caps, self->policy, self->welcome_extra);
  fake_peer_send (self, KVMA_KIND_WELCOME, json);
}

void
fake_peer_send_data (FakePeer *self, guint32 stream, guint8 flags, const void *bytes, gsize length)
{
  KvmaHeader header = { .kind = KVMA_KIND_DATA, .flags = flags, .stream = stream };

  fake_peer_send_frame (self, &header, bytes, length);
}

void
fake_peer_grant (FakePeer *self, guint32 stream, guint32 credit)
{
  KvmaHeader header = { .kind = KVMA_KIND_ACK, .stream = stream, .credit = credit };

  fake_peer_send_frame (self, &header, NULL, 0);
}

void
fake_peer_close_stream (FakePeer *self, guint32 stream, const char *json)
{
  KvmaHeader header = { .kind = KVMA_KIND_CLOSE, .stream = stream };

  fake_peer_send_frame (self, &header, json, strlen (json));
}

void
fake_peer_event (FakePeer *self, const char *method, const char *params)
{
  g_autofree char *json =
      g_strdup_printf ("{\"jsonrpc\":\"2.0\",\"method\":\"%s\",\"params\":%s}", method, params);

  fake_peer_send (self, KVMA_KIND_EVENT, json);
}

void
fake_peer_reply (FakePeer *self, gint64 id, const char *result)
{
  g_autofree char *json = g_strdup_printf (
      "{\"jsonrpc\":\"2.0\",\"id\":%" G_GINT64_FORMAT ",\"result\":%s}", id, result);

  fake_peer_send (self, KVMA_KIND_REPLY, json);
}

void
fake_peer_reply_error (FakePeer *self, gint64 id, int code, const char *message)
{
  g_autofree char *json = g_strdup_printf ("{\"jsonrpc\":\"2.0\",\"id\":%" G_GINT64_FORMAT
                                           ",\"error\":{\"code\":%d,\"message\":\"%s\","
                                           "\"data\":{\"hint\":\"power=allow\"}}}",
                                           id, code, message);

  fake_peer_send (self, KVMA_KIND_REPLY, json);
}

void
fake_peer_bye (FakePeer *self, const char *reason)
{
  g_autofree char *json = g_strdup_printf ("{\"reason\":\"%s\"}", reason);

  fake_peer_send (self, KVMA_KIND_BYE, json);
  kvma_session_end (&self->session);
}

void
fake_peer_set_result (FakePeer *self, const char *method, const char *result)
{
  g_hash_table_insert (self->results, g_strdup (method), g_strdup (result));
}

/* ---- in ---- */

static JsonObject *
parse (const KvmaFrame *frame)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;

  json_parser_load_from_data (parser, (const char *) frame->payload, (gssize) frame->length,
                              &error);
  g_assert_no_error (error);
  return json_object_ref (json_node_get_object (json_parser_get_root (parser)));
}

static void
answer_request (FakePeer *self, JsonObject *request)
{
  const char *method = json_object_get_string_member (request, "method");
  JsonObject *params = json_object_get_object_member (request, "params");
  const char *result = g_hash_table_lookup (self->results, method);

  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), params);

  self->requests++;
  g_free (self->last_method);
  self->last_method = g_strdup (method);
  g_free (self->last_params);
  self->last_params = json_to_string (node, FALSE);
  self->last_id = json_object_get_int_member (request, "id");
  if (g_str_equal (method, KVMA_METHOD_AGENT_CANCEL))
    self->cancelled_id = json_object_get_int_member (params, "id");
  if (g_str_equal (method, KVMA_METHOD_EVENTS_SUBSCRIBE))
    {
      g_free (self->last_topics);
      self->last_topics = g_strdup (self->last_params);
    }
  if (self->is_mute)
    return;
  if (self->refusals > 0)
    {
      self->refusals--;
      fake_peer_reply_error (self, self->last_id, KVMA_ERROR_RATE_LIMITED, "too many bytes");
    }
  else if (result != NULL)
    fake_peer_reply (self, self->last_id, result);
  else
    fake_peer_reply_error (self, self->last_id, KVMA_ERROR_NO_METHOD, "no such method");
}

static void
answer_hello (FakePeer *self, JsonObject *hello)
{
  self->hellos++;
  g_free (self->last_nonce);
  self->last_nonce = g_strdup (json_object_get_string_member (hello, "nonce"));
  if (!self->is_mute)
    fake_peer_welcome (self, self->last_nonce);
}

/* A frame of a session that is none: dropped unread, and told so. */
static void
answer_stranger (FakePeer *self, const KvmaFrame *frame)
{
  KvmaHeader header = { .kind = KVMA_KIND_BYE, .session = frame->header.session };

  if (!self->is_mute && frame->header.kind != KVMA_KIND_BYE)
    fake_peer_send_bare (self, &header, "{\"reason\":\"no_session\"}");
}

static void
take_frame (FakePeer *self, const KvmaFrame *frame)
{
  g_autoptr (JsonObject) body = NULL;

  if (frame->header.kind == KVMA_KIND_HELLO)
    {
      body = parse (frame);
      answer_hello (self, body);
      return;
    }
  if (!kvma_session_receive (&self->session, frame))
    {
      answer_stranger (self, frame);
      return;
    }
  if (self->stream_hook != NULL &&
      (frame->header.kind == KVMA_KIND_DATA || frame->header.kind == KVMA_KIND_CLOSE ||
       frame->header.kind == KVMA_KIND_ACK))
    self->stream_hook (self, frame, self->stream_data);
  if (frame->header.kind == KVMA_KIND_REQUEST)
    {
      body = parse (frame);
      answer_request (self, body);
    }
  else if (frame->header.kind == KVMA_KIND_PING && !self->is_mute)
    {
      KvmaHeader header = { .kind = KVMA_KIND_PONG };

      fake_peer_send_frame (self, &header, frame->payload, frame->length);
    }
  else if (frame->header.kind == KVMA_KIND_PONG)
    self->pongs++;
  else if (frame->header.kind == KVMA_KIND_CLOSE)
    self->closes++;
  else if (frame->header.kind == KVMA_KIND_BYE)
    {
      body = parse (frame);
      self->byes++;
      g_free (self->last_bye);
      self->last_bye = g_strdup (json_object_get_string_member (body, "reason"));
      kvma_session_end (&self->session);
    }
}

static gboolean
read_ready_cb (int fd, GIOCondition condition, gpointer user_data)
{
  FakePeer *self = user_data;
  guint8 buffer[65536];
  gssize length = recv (fd, buffer, sizeof buffer, MSG_DONTWAIT);
  const guint8 *data = buffer;
  gsize left;
  KvmaReceive result;
  KvmaFrame frame;

  if (length < 0 && errno == EAGAIN)
    return G_SOURCE_CONTINUE;
  if (length <= 0)
    {
      self->read_source = 0;
      return G_SOURCE_REMOVE;
    }
  self->bytes += (gsize) length;
  left = (gsize) length;
  while ((result = kvma_receiver_feed (&self->receiver, &data, &left, &frame)) != KVMA_RECEIVE_MORE)
    {
      /* What the host sends is never damaged. */
      g_assert_cmpint (result, ==, KVMA_RECEIVE_FRAME);
      if (self->hook == NULL || !self->hook (self, &frame, self->hook_data))
        take_frame (self, &frame);
    }
  if (self->acknowledges && self->session.id != 0 && self->session.ack_due)
    {
      KvmaHeader header = { .kind = KVMA_KIND_ACK };

      fake_peer_send_frame (self, &header, NULL, 0);
    }
  return G_SOURCE_CONTINUE;
}

/* ---- life ---- */

void
fake_peer_stop_reading (FakePeer *self)
{
  g_clear_handle_id (&self->read_source, g_source_remove);
}

void
fake_peer_hang_up (FakePeer *self)
{
  g_clear_handle_id (&self->read_source, g_source_remove);
  g_clear_handle_id (&self->write_source, g_source_remove);
  if (self->fd != -1)
    close (self->fd);
  self->fd = -1;
}

FakePeer *
fake_peer_new (GIOStream **stream)
{
  FakePeer *self = g_new0 (FakePeer, 1);
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==, 0);
  socket = g_socket_new_from_fd (fds[0], &error);
  g_assert_no_error (error);
  *stream = G_IO_STREAM (g_socket_connection_factory_create_connection (socket));

  self->fd = fds[1];
  self->out = g_byte_array_new ();
  self->protos = "[1]";
  self->policy = "{\"core\":\"allow\"}";
  self->welcome_extra = "";
  self->version = "0.1.0";
  self->instance = "00000000000000a1";
  self->results = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  kvma_receiver_init (&self->receiver);
  kvma_session_end (&self->session);
  fake_peer_set_result (self, KVMA_METHOD_EVENTS_SUBSCRIBE, "{\"accepted\":[]}");
  fake_peer_set_result (self, KVMA_METHOD_AGENT_CANCEL, "{\"cancelled\":true}");
  fake_peer_set_result (self, KVMA_METHOD_SYS_INFO, fake_peer_sys_info);
  fake_peer_set_result (self, KVMA_METHOD_SYS_METRICS, fake_peer_sys_metrics);
  fake_peer_set_result (self, KVMA_METHOD_NET_LIST, fake_peer_net_list);
  fake_peer_set_result (self, KVMA_METHOD_FS_LIST, fake_peer_fs_list);
  fake_peer_set_result (self, KVMA_METHOD_USER_SESSIONS, fake_peer_user_sessions);
  fake_peer_set_result (self, KVMA_METHOD_POWER_SHUTDOWN, "{\"accepted\":true,\"job\":1}");
  self->read_source = g_unix_fd_add (self->fd, G_IO_IN, read_ready_cb, self);
  return self;
}

void
fake_peer_free (FakePeer *self)
{
  fake_peer_hang_up (self);
  g_byte_array_unref (self->out);
  g_hash_table_unref (self->results);
  g_free (self->last_nonce);
  g_free (self->last_bye);
  g_free (self->last_topics);
  g_free (self->last_method);
  g_free (self->last_params);
  g_free (self);
}
