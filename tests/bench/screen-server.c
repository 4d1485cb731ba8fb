/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* A display server for viewers to be measured at: RFB 3.8, no password, raw pixels, one viewer.
 *
 * usage: screen-server WIDTH HEIGHT full|small|one|still|key RATE
 * Prints its port; each line on its standard input is answered by "UPDATES REQUESTS", what it sent
 * and was asked for so far. full: every pixel changes with each update; small: four squares of 64
 * pixels do, anywhere; one: one of them; still: nothing does; key: a square in the middle changes
 * its colour with each key that is pressed. At most RATE updates a second, and never one that was
 * not asked for. */

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SQUARE 64u
#define N_SQUARES 4u
#define KEY_SQUARE 200u

typedef struct
{
  guint width, height;
  const char *what;
  guint32 *pictures[2];
  guint current; /* which of them */
  int fd;        /* of the viewer, -1 */
  GByteArray *in;
  gboolean is_asked, wants_all;
  gboolean is_pressed; /* a key was, since the last update */
  guint n_updates, n_requests;
} Server;

static void
end (const char *what)
{
  g_printerr ("screen-server: %s: %s\n", what, g_strerror (errno));
  exit (1);
}

/* The viewer may leave at any time. */
static void
put (Server *self, const void *data, gsize length)
{
  const char *bytes = data;

  while (length > 0)
    {
      gssize sent = send (self->fd, bytes, length, MSG_NOSIGNAL);

      if (sent <= 0)
        exit (0);
      bytes += sent;
      length -= (gsize) sent;
    }
}

static void
put_u16 (Server *self, guint value)
{
  guint16 wire = htons ((guint16) value);

  put (self, &wire, sizeof wire);
}

static void
put_rectangle (Server *self, guint x, guint y, guint width, guint height)
{
  static const guint8 raw[4] = { 0 };
  g_autofree guint32 *pixels = g_new (guint32, (gsize) width * height);

  for (guint row = 0; row < height; row++)
    memcpy (pixels + (gsize) row * width,
            self->pictures[self->current] + (gsize) (y + row) * self->width + x, (gsize) width * 4);
  put_u16 (self, x);
  put_u16 (self, y);
  put_u16 (self, width);
  put_u16 (self, height);
  put (self, raw, sizeof raw);
  put (self, pixels, (gsize) width * height * 4);
}

static void
send_update (Server *self)
{
  gboolean all = self->wants_all || g_str_equal (self->what, "full");
  gboolean is_key = !all && g_str_equal (self->what, "key");
  guint n = all || is_key || g_str_equal (self->what, "one") ? 1 : N_SQUARES;
  guint8 head[2] = { 0, 0 };

  put (self, head, sizeof head);
  put_u16 (self, n);
  if (all)
    put_rectangle (self, 0, 0, self->width, self->height);
  else if (is_key)
    put_rectangle (self, (self->width - KEY_SQUARE) / 2, (self->height - KEY_SQUARE) / 2,
                   KEY_SQUARE, KEY_SQUARE);
  else
    for (guint i = 0; i < n; i++)
      put_rectangle (self, g_random_int () % (self->width - SQUARE),
                     g_random_int () % (self->height - SQUARE), SQUARE, SQUARE);
  self->current = !self->current;
  self->is_asked = self->wants_all = self->is_pressed = FALSE;
  self->n_updates++;
}

/* ---- what the viewer says ---- */

static guint
get_u16 (const guint8 *data)
{
  return ((guint) data[0] << 8) | data[1];
}

/* Returns: the length of the message, 0 when it is not all there */
static guint
take (Server *self, const guint8 *data, guint length)
{
  switch (data[0])
    {
    case 0: /* pixel format */
      return 20;
    case 2: /* encodings */
      return length >= 4 ? 4 + 4 * get_u16 (data + 2) : 0;
    case 3: /* request */
      if (length < 10)
        return 0;
      self->is_asked = TRUE;
      self->wants_all = self->wants_all || data[1] == 0;
      self->n_requests++;
      return 10;
    case 4: /* key */
      if (length < 8)
        return 0;
      self->is_pressed = self->is_pressed || data[1] != 0;
      return 8;
    case 5: /* pointer */
      return 6;
    case 6: /* clipboard */
      return length >= 8 ? 8 + (get_u16 (data + 4) << 16 | get_u16 (data + 6)) : 0;
    default:
      g_printerr ("screen-server: message of unknown type %u\n", data[0]);
      exit (1);
    }
}

static void
read_viewer (Server *self)
{
  guint8 buffer[4096];
  gssize n = recv (self->fd, buffer, sizeof buffer, 0);

  if (n <= 0)
    exit (0);
  g_byte_array_append (self->in, buffer, (guint) n);
  while (self->in->len > 0)
    {
      guint taken = take (self, self->in->data, self->in->len);

      if (taken == 0 || taken > self->in->len)
        break;
      g_byte_array_remove_range (self->in, 0, taken);
    }
}

static void
get (Server *self, void *buffer, gsize length)
{
  if (recv (self->fd, buffer, length, MSG_WAITALL) != (gssize) length)
    exit (0);
}

static void
greet (Server *self)
{
  static const guint8 format[16] = { 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0 };
  static const guint8 name[] = { 0, 0, 0, 5, 'b', 'e', 'n', 'c', 'h' };
  static const guint8 is_right[4] = { 0 };
  guint8 buffer[12];

  put (self, "RFB 003.008\n", 12);
  get (self, buffer, 12);
  put (self, "\1\1", 2);
  get (self, buffer, 1);
  put (self, is_right, sizeof is_right);
  get (self, buffer, 1);
  put_u16 (self, self->width);
  put_u16 (self, self->height);
  put (self, format, sizeof format);
  put (self, name, sizeof name);
}

/* ---- the server ---- */

static int
listen_somewhere (void)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM, 0);

  if (fd < 0)
    end ("socket");
  /* gvncviewer is given a display, which is a port from 5900 on. */
  for (guint port = 6400; port < 6500; port++)
    {
      address.sin_port = htons ((guint16) port);
      if (bind (fd, (struct sockaddr *) &address, length) == 0 && listen (fd, 1) == 0)
        {
          printf ("%u\n", port);
          fflush (stdout);
          return fd;
        }
    }
  end ("bind");
  return -1;
}

static void
paint (Server *self)
{
  for (guint i = 0; i < 2; i++)
    {
      self->pictures[i] = g_new (guint32, (gsize) self->width * self->height);
      for (guint y = 0; y < self->height; y++)
        for (guint x = 0; x < self->width; x++)
          self->pictures[i][(gsize) y * self->width + x] =
              g_str_equal (self->what, "key")
                  ? (i == 0 ? 0x202020 : 0xf0f0f0)
                  : ((x * 5 + i * 90) & 0xff) << 16 | ((y * 3 + i * 50) & 0xff) << 8 |
                        ((x ^ y) + i * 128) % 256;
    }
}

static gboolean
has_news (Server *self)
{
  if (!self->is_asked)
    return FALSE;
  if (self->wants_all)
    return TRUE;
  return g_str_equal (self->what, "key") ? self->is_pressed : !g_str_equal (self->what, "still");
}

static void
answer (Server *self)
{
  char line[64];

  if (fgets (line, sizeof line, stdin) == NULL)
    exit (0);
  printf ("%u %u\n", self->n_updates, self->n_requests);
  fflush (stdout);
}

static void
serve (Server *self, gint64 pause_us)
{
  gint64 due_us = 0;

  for (;;)
    {
      struct pollfd fds[] = { { self->fd, POLLIN, 0 }, { STDIN_FILENO, POLLIN, 0 } };
      gint64 now_us = g_get_monotonic_time ();
      gint64 wait_us = has_news (self) ? MAX (due_us - now_us, 0) : -1;
      struct timespec wait = { wait_us / G_USEC_PER_SEC, wait_us % G_USEC_PER_SEC * 1000 };

      if (ppoll (fds, G_N_ELEMENTS (fds), wait_us < 0 ? NULL : &wait, NULL) < 0)
        end ("poll");
      if (fds[0].revents != 0)
        read_viewer (self);
      if (fds[1].revents != 0)
        answer (self);
      now_us = g_get_monotonic_time ();
      if (has_news (self) && now_us >= due_us)
        {
          due_us = now_us + pause_us;
          send_update (self);
        }
    }
}

int
main (int argc, char **argv)
{
  Server self = { .fd = -1 };
  int one = 1;

  if (argc != 5)
    {
      g_printerr ("usage: screen-server WIDTH HEIGHT full|small|one|still|key RATE\n");
      return 2;
    }
  self.width = (guint) atoi (argv[1]);
  self.height = (guint) atoi (argv[2]);
  self.what = argv[3];
  self.in = g_byte_array_new ();
  if (self.width < KEY_SQUARE || self.height < KEY_SQUARE || self.width > 8192 ||
      self.height > 8192 || atoi (argv[4]) < 1)
    {
      g_printerr ("screen-server: no such screen\n");
      return 2;
    }
  paint (&self);
  int listening = listen_somewhere ();
  self.fd = accept (listening, NULL, NULL);
  if (self.fd < 0)
    end ("accept");
  setsockopt (self.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  greet (&self);
  serve (&self, G_USEC_PER_SEC / atoi (argv[4]));
}
