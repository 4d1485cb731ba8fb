/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "rfb-server.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib-unix.h>

#define ENCODING_EXT_KEY (-258)
#define ENCODING_EXTENDED_SIZE (-308)

/* "0123456789:;<=>?", and what DES with the password makes of it. */
static const guint8 challenge[16] = "0123456789:;<=>?";
static const guint8 response[16] = { 0x56, 0x5b, 0x01, 0xda, 0xa8, 0x6c, 0xa2, 0xe6,
                                     0xfa, 0x5d, 0xee, 0x55, 0x01, 0x97, 0x5c, 0xcb };

void
rfb_server_drop (RfbServer *self)
{
  g_clear_handle_id (&self->in_source, g_source_remove);
  g_clear_handle_id (&self->out_source, g_source_remove);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  self->stage = RFB_STAGE_CLOSED;
}

guint
rfb_server_get_pending (RfbServer *self)
{
  return self->out->len;
}

static gboolean
out_cb (int fd, GIOCondition condition, gpointer user_data)
{
  RfbServer *self = user_data;
  gssize sent = send (fd, self->out->data, self->out->len, MSG_DONTWAIT | MSG_NOSIGNAL);

  if (sent > 0)
    g_byte_array_remove_range (self->out, 0, (guint) sent);
  if (sent < 0 && errno != EAGAIN)
    {
      self->out_source = 0;
      rfb_server_drop (self);
      return G_SOURCE_REMOVE;
    }
  if (self->out->len > 0)
    return G_SOURCE_CONTINUE;
  self->out_source = 0;
  return G_SOURCE_REMOVE;
}

void
rfb_put_data (RfbServer *self, const void *data, gsize length)
{
  if (self->fd < 0)
    return;
  g_byte_array_append (self->out, data, (guint) length);
  if (self->out_source == 0)
    self->out_source = g_unix_fd_add (self->fd, G_IO_OUT, out_cb, self);
}

void
rfb_put_u8 (RfbServer *self, guint value)
{
  guint8 byte = (guint8) value;

  rfb_put_data (self, &byte, sizeof byte);
}

void
rfb_put_u16 (RfbServer *self, guint value)
{
  guint16 wire = g_htons ((guint16) value);

  rfb_put_data (self, &wire, sizeof wire);
}

void
rfb_put_u32 (RfbServer *self, guint value)
{
  guint32 wire = g_htonl (value);

  rfb_put_data (self, &wire, sizeof wire);
}

/* ---- what the server says ---- */

void
rfb_begin_update (RfbServer *self, guint n_rects)
{
  rfb_put_u8 (self, 0);
  rfb_put_u8 (self, 0);
  rfb_put_u16 (self, n_rects);
}

void
rfb_put_rect (RfbServer *self, guint x, guint y, guint width, guint height, gint32 encoding)
{
  rfb_put_u16 (self, x);
  rfb_put_u16 (self, y);
  rfb_put_u16 (self, width);
  rfb_put_u16 (self, height);
  rfb_put_u32 (self, (guint32) encoding);
}

void
rfb_put_raw (RfbServer *self, guint x, guint y, guint width, guint height)
{
  rfb_put_rect (self, x, y, width, height, 0);
  for (guint row = y; row < y + height; row++)
    rfb_put_data (self, self->pixels + (gsize) row * self->config.width + x, (gsize) width * 4);
}

void
rfb_put_all (RfbServer *self)
{
  rfb_begin_update (self, 1);
  rfb_put_raw (self, 0, 0, self->config.width, self->config.height);
}

static void
resize_pixels (RfbServer *self, guint width, guint height)
{
  self->config.width = width;
  self->config.height = height;
  g_free (self->pixels);
  self->pixels = g_new0 (guint32, MIN ((gsize) width * height, 4096 * 4096));
}

void
rfb_put_extended_size (RfbServer *self, guint width, guint height)
{
  if (width != self->config.width || height != self->config.height)
    resize_pixels (self, width, height);
  rfb_put_rect (self, 0, 0, width, height, ENCODING_EXTENDED_SIZE);
  rfb_put_u8 (self, 1); /* screens */
  rfb_put_u8 (self, 0);
  rfb_put_u16 (self, 0);
  rfb_put_u32 (self, 0);
  rfb_put_u16 (self, 0);
  rfb_put_u16 (self, 0);
  rfb_put_u16 (self, width);
  rfb_put_u16 (self, height);
  rfb_put_u32 (self, 0);
}

void
rfb_put_cut_text (RfbServer *self, const char *text, gsize length)
{
  rfb_put_u8 (self, 3);
  rfb_put_u8 (self, 0);
  rfb_put_u16 (self, 0);
  rfb_put_u32 (self, (guint) length);
  rfb_put_data (self, text, length);
}

static void
put_init (RfbServer *self)
{
  static const char name[] = "QEMU (test)";

  rfb_put_u16 (self, self->config.width);
  rfb_put_u16 (self, self->config.height);
  rfb_put_u8 (self, 32);
  rfb_put_u8 (self, 24);
  rfb_put_u8 (self, 0); /* little endian */
  rfb_put_u8 (self, 1);
  rfb_put_u16 (self, 255);
  rfb_put_u16 (self, 255);
  rfb_put_u16 (self, 255);
  rfb_put_u8 (self, 16);
  rfb_put_u8 (self, 8);
  rfb_put_u8 (self, 0);
  rfb_put_data (self, "\0\0\0", 3);
  rfb_put_u32 (self, sizeof name - 1);
  rfb_put_data (self, name, sizeof name - 1);
}

/* ---- what the client says ---- */

static guint
get_u16 (const guint8 *data)
{
  return ((guint) data[0] << 8) | data[1];
}

static guint
get_u32 (const guint8 *data)
{
  return (get_u16 (data) << 16) | get_u16 (data + 2);
}

static void
enter (RfbServer *self, RfbStage stage)
{
  self->stage = stage;
  if (self->config.drop_at == stage)
    rfb_server_drop (self);
}

static void
finish_security (RfbServer *self, gboolean is_right)
{
  static const char reason[] = "Authentication failed";

  rfb_put_u32 (self, is_right ? 0 : 1);
  if (is_right)
    {
      enter (self, RFB_STAGE_SHARED);
      return;
    }
  rfb_put_u32 (self, sizeof reason - 1);
  rfb_put_data (self, reason, sizeof reason - 1);
}

/* Each returns how many bytes it took, 0 for: not enough yet. */

static guint
take_handshake (RfbServer *self, const guint8 *data, guint length)
{
  switch (self->stage)
    {
    case RFB_STAGE_VERSION:
      if (length < 12)
        return 0;
      rfb_put_u8 (self, 1);
      rfb_put_u8 (self, self->config.security);
      enter (self, RFB_STAGE_SECURITY);
      return 12;
    case RFB_STAGE_SECURITY:
      if (self->config.security == 1)
        finish_security (self, TRUE);
      else
        {
          rfb_put_data (self, challenge, sizeof challenge);
          enter (self, RFB_STAGE_CHALLENGE);
        }
      return 1;
    case RFB_STAGE_CHALLENGE:
      if (length < sizeof response)
        return 0;
      finish_security (self, memcmp (data, response, sizeof response) == 0);
      return sizeof response;
    case RFB_STAGE_SHARED:
      self->is_shared = data[0] != 0;
      put_init (self);
      enter (self, RFB_STAGE_RUNNING);
      return 1;
    case RFB_STAGE_NONE:
    case RFB_STAGE_RUNNING:
    case RFB_STAGE_CLOSED:
      break;
    }
  return 0;
}

static guint
take_encodings (RfbServer *self, const guint8 *data, guint length)
{
  guint n_encodings = length >= 4 ? get_u16 (data + 2) : 0;

  if (length < 4 || length < 4 + n_encodings * 4)
    return 0;
  g_array_set_size (self->encodings, 0);
  for (guint i = 0; i < n_encodings; i++)
    {
      gint32 encoding = (gint32) get_u32 (data + 4 + i * 4);

      g_array_append_val (self->encodings, encoding);
    }
  self->n_sets++;
  return 4 + n_encodings * 4;
}

static guint
take_request (RfbServer *self, const guint8 *data, guint length)
{
  if (length < 10)
    return 0;

  RfbRequest request = { data[1] != 0, get_u16 (data + 2), get_u16 (data + 4), get_u16 (data + 6),
                         get_u16 (data + 8) };
  g_array_append_val (self->requests, request);
  if (self->config.auto_update && !request.incremental)
    rfb_put_all (self);
  return 10;
}

static guint
take_key (RfbServer *self, const guint8 *data, guint length)
{
  if (length < 8)
    return 0;

  RfbKey key = { data[1] != 0, get_u32 (data + 4), 0 };
  g_array_append_val (self->keys, key);
  return 8;
}

static guint
take_pointer (RfbServer *self, const guint8 *data, guint length)
{
  if (length < 6)
    return 0;

  RfbPointer pointer = { data[1], get_u16 (data + 2), get_u16 (data + 4) };
  g_array_append_val (self->pointers, pointer);
  return 6;
}

static guint
take_cut_text (RfbServer *self, const guint8 *data, guint length)
{
  guint n_text = length >= 8 ? get_u32 (data + 4) : 0;

  if (length < 8 || length < 8 + n_text)
    return 0;
  g_free (self->cut_text);
  self->cut_text = g_strndup ((const char *) data + 8, n_text);
  return 8 + n_text;
}

static guint
take_desktop_size (RfbServer *self, const guint8 *data, guint length)
{
  guint n_screens = length >= 8 ? data[6] : 0;

  if (length < 8 || length < 8 + n_screens * 16)
    return 0;
  self->asked_width = get_u16 (data + 2);
  self->asked_height = get_u16 (data + 4);
  self->n_asked++;
  return 8 + n_screens * 16;
}

static guint
take_qemu (RfbServer *self, const guint8 *data, guint length)
{
  if (length < 12)
    return 0;

  RfbKey key = { get_u16 (data + 2) != 0, get_u32 (data + 4), get_u32 (data + 8) };
  g_array_append_val (self->keys, key);
  return 12;
}

static guint
take_message (RfbServer *self, const guint8 *data, guint length)
{
  switch (data[0])
    {
    case 0: /* pixel format */
      return length >= 20 ? 20 : 0;
    case 2:
      return take_encodings (self, data, length);
    case 3:
      return take_request (self, data, length);
    case 4:
      return take_key (self, data, length);
    case 5:
      return take_pointer (self, data, length);
    case 6:
      return take_cut_text (self, data, length);
    case 251:
      return take_desktop_size (self, data, length);
    case 255:
      return take_qemu (self, data, length);
    default:
      g_error ("the client sent a message of unknown type %u", data[0]);
    }
}

static gboolean
in_cb (int fd, GIOCondition condition, gpointer user_data)
{
  RfbServer *self = user_data;
  guint8 buffer[4096];
  gssize n_read = recv (fd, buffer, sizeof buffer, MSG_DONTWAIT);

  if (n_read <= 0)
    {
      if (n_read < 0 && errno == EAGAIN)
        return G_SOURCE_CONTINUE;
      self->in_source = 0;
      rfb_server_drop (self);
      return G_SOURCE_REMOVE;
    }
  g_byte_array_append (self->in, buffer, (guint) n_read);
  while (self->in->len > 0 && self->fd >= 0)
    {
      guint taken = self->stage == RFB_STAGE_RUNNING
                        ? take_message (self, self->in->data, self->in->len)
                        : take_handshake (self, self->in->data, self->in->len);

      if (taken == 0)
        break;
      g_byte_array_remove_range (self->in, 0, taken);
    }
  return self->in_source != 0 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* ---- the server ---- */

RfbServer *
rfb_server_new (const RfbConfig *config)
{
  RfbServer *self = g_new0 (RfbServer, 1);
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    g_error ("socketpair: %s", g_strerror (errno));
  self->config = *config;
  if (config->width == 0 && config->height == 0)
    {
      self->config.width = 640;
      self->config.height = 480;
    }
  if (config->security == 0)
    self->config.security = 1;
  self->fd = fds[0];
  self->client_fd = fds[1];
  self->in = g_byte_array_new ();
  self->out = g_byte_array_new ();
  self->keys = g_array_new (FALSE, FALSE, sizeof (RfbKey));
  self->pointers = g_array_new (FALSE, FALSE, sizeof (RfbPointer));
  self->requests = g_array_new (FALSE, FALSE, sizeof (RfbRequest));
  self->encodings = g_array_new (FALSE, FALSE, sizeof (gint32));
  resize_pixels (self, self->config.width, self->config.height);
  self->in_source = g_unix_fd_add (self->fd, G_IO_IN | G_IO_HUP, in_cb, self);
  if (!config->is_silent)
    rfb_put_data (self, "RFB 003.008\n", 12);
  enter (self, RFB_STAGE_VERSION);
  return self;
}

int
rfb_server_take_fd (RfbServer *self)
{
  int fd = self->client_fd;

  self->client_fd = -1;
  return fd;
}

void
rfb_server_free (RfbServer *self)
{
  rfb_server_drop (self);
  if (self->client_fd >= 0)
    close (self->client_fd);
  g_byte_array_unref (self->in);
  g_byte_array_unref (self->out);
  g_array_unref (self->keys);
  g_array_unref (self->pointers);
  g_array_unref (self->requests);
  g_array_unref (self->encodings);
  g_free (self->cut_text);
  g_free (self->pixels);
  g_free (self);
}
