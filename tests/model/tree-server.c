/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "tree-server.h"

#include <string.h>

#define DEBIAN "/main/installer-amd64/current/images/netboot/debian-installer/amd64/"
#define INFO(arch, kernel, more)                                                                   \
  "[general]\nfamily = Fedora\nversion = 36\narch = " arch "\nvariant = Server\n[images-" arch     \
  "]\nkernel = " kernel "\ninitrd = images/pxeboot/initrd.img\n" more
#define KERNEL "images/pxeboot/vmlinuz"
#define GOOD INFO ("x86_64", KERNEL, "")

typedef enum
{
  TEXT,
  IDLE,    /* a kernel that waits for ever */
  RESTART, /* one that restarts the machine at once */
  INITRD,
  REDIRECT,
  STATUS,
  ENDLESS, /* without a length */
  HUGE,    /* says so */
  CUT_OFF,
  SILENT,
} Kind;

static const struct
{
  const char *path;
  Kind kind;
  const char *text;
} files[] = {
  { "/fedora/.treeinfo", TEXT, GOOD },
  { "/fedora/" KERNEL, IDLE, NULL },
  { "/fedora/images/pxeboot/initrd.img", INITRD, NULL },
  { "/restarts/.treeinfo", TEXT, GOOD },
  { "/restarts/" KERNEL, RESTART, NULL },
  { "/restarts/images/pxeboot/initrd.img", INITRD, NULL },
  { "/arm/treeinfo", TEXT, INFO ("aarch64", KERNEL, "") },
  { "/arm/" KERNEL, IDLE, NULL },
  { "/arm/images/pxeboot/initrd.img", INITRD, NULL },
  { "/debian/dists/bullseye" DEBIAN "linux", IDLE, NULL },
  { "/debian/dists/bullseye" DEBIAN "initrd.gz", INITRD, NULL },
  { "/debian/dists/bullseye/Release", TEXT,
    "Origin: Debian\nLabel: Debian\nSuite: oldstable\nVersion: 11.9\nCodename: bullseye\n" },
  { "/suse/boot/x86_64/loader/linux", IDLE, NULL },
  { "/suse/boot/x86_64/loader/initrd", INITRD, NULL },
  { "/suse/media.1/products", TEXT, "/ openSUSE-Leap 15.4-1\n" },
  { "/moved/.treeinfo", REDIRECT, "/fedora/.treeinfo" },
  { "/moved/" KERNEL, REDIRECT, "/fedora/" KERNEL },
  { "/moved/images/pxeboot/initrd.img", REDIRECT, "../../../fedora/images/pxeboot/initrd.img" },

  { "/traversal/.treeinfo", TEXT, INFO ("x86_64", "../../secret", "") },
  { "/encoded/.treeinfo", TEXT, INFO ("x86_64", "images/%2e%2e/%2E./secret", "") },
  { "/absolute/.treeinfo", TEXT, INFO ("x86_64", "/etc/passwd", "") },
  { "/elsewhere/.treeinfo", TEXT, INFO ("x86_64", "file:///etc/passwd", "") },
  { "/words/.treeinfo", TEXT, "\001\002 no such thing" },
  { "/no-kernel/.treeinfo", TEXT, "[general]\nfamily = Fedora\nversion = 36\narch = x86_64\n" },
  { "/to-file/.treeinfo", REDIRECT, "file:///etc/passwd" },
  { "/to-nowhere/.treeinfo", REDIRECT, NULL },
  { "/round/.treeinfo", REDIRECT, "/round/.treeinfo" },
  { "/forbidden" DEBIAN "linux", STATUS, "403 Forbidden" },
  { "/forbidden/main/installer-amd64/current/images/netboot/debian-installer/amd64/linux", STATUS,
    "403 Forbidden" },
  { "/endless-info/.treeinfo", ENDLESS, NULL },
  { "/huge-kernel/.treeinfo", TEXT, GOOD },
  { "/huge-kernel/" KERNEL, HUGE, NULL },
  { "/no-initrd/.treeinfo", TEXT, GOOD },
  { "/no-initrd/" KERNEL, IDLE, NULL },
  { "/silent/.treeinfo", SILENT, NULL },

  /* Such as are found out when they are fetched. */
  { "/endless-kernel/.treeinfo", TEXT, GOOD },
  { "/endless-kernel/" KERNEL, ENDLESS, NULL },
  { "/endless-kernel/images/pxeboot/initrd.img", INITRD, NULL },
  { "/cut-off/.treeinfo", TEXT, GOOD },
  { "/cut-off/" KERNEL, IDLE, NULL },
  { "/cut-off/images/pxeboot/initrd.img", CUT_OFF, NULL },
  { "/page/.treeinfo", TEXT, GOOD },
  { "/page/" KERNEL, TEXT, "<html><body>Sign in to the network of this hotel</body></html>" },
  { "/page/images/pxeboot/initrd.img", INITRD, NULL },
  { "/mixed/.treeinfo", TEXT,
    INFO ("x86_64",
          KERNEL,
          "[checksums]\nimages/pxeboot/initrd.img = "
          "sha256:0000000000000000000000000000000000000000000000000000000000000000\n") },
  { "/mixed/" KERNEL, IDLE, NULL },
  { "/mixed/images/pxeboot/initrd.img", INITRD, NULL },
};

struct _TreeServer
{
  GSocketService *service;
  guint16 port;
  int n_waiting; /* atomic */
};

static void
put (GOutputStream *out, const char *head, const char *body, gsize size)
{
  /* Who has read enough goes away. */
  if (g_output_stream_write_all (out, head, strlen (head), NULL, NULL, NULL) && size > 0)
    g_output_stream_write_all (out, body, size, NULL, NULL, NULL);
}

static void
put_file (GOutputStream *out, gboolean is_head, const char *body, gsize size, gsize told_size)
{
  g_autofree char *head = g_strdup_printf (
      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n", told_size);

  put (out, head, body, is_head ? 0 : size);
}

/* The head of the boot protocol, and a few instructions of 16 bits. */
static void
put_kernel (GOutputStream *out, gboolean is_head, gboolean restarts)
{
  /* mov $0xfe, %al; out %al, $0x64: the keyboard's controller restarts the machine */
  static const guint8 restart[] = { 0xb0, 0xfe, 0xe6, 0x64 };
  /* hlt; jmp to it */
  static const guint8 idle[] = { 0xf4, 0xeb, 0xfd };
  char kernel[TREE_SERVER_KERNEL_BYTES] = { 0 };
  gsize place = 0x270;

  kernel[0x1f1] = 1; /* sectors of setup */
  memcpy (kernel + 0x1fe, "\x55\xaa\xeb\x6eHdrS\x0c\x02", 10);
  kernel[0x211] = 1; /* the rest goes above 1 MiB */
  memcpy (kernel + 0x22c, "\xff\xff\xff\x37", 4);
  if (restarts)
    {
      memcpy (kernel + place, restart, sizeof restart);
      place += sizeof restart;
    }
  memcpy (kernel + place, idle, sizeof idle);
  put_file (out, is_head, kernel, sizeof kernel, sizeof kernel);
}

static void
put_endless (GOutputStream *out, gboolean is_head)
{
  static const char head[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
  g_autofree char *piece = g_malloc (256 * 1024);

  memset (piece, 'x', 256 * 1024);
  put (out, head, NULL, 0);
  while (!is_head && g_output_stream_write_all (out, piece, 256 * 1024, NULL, NULL, NULL))
    ;
}

static void
answer (TreeServer *self,
        GInputStream *in,
        GOutputStream *out,
        gboolean is_head,
        Kind kind,
        const char *text)
{
  static const char initrd[TREE_SERVER_INITRD_BYTES] = "no archive";
  g_autofree char *line = NULL;
  char byte;

  switch (kind)
    {
    case TEXT:
      put_file (out, is_head, text, strlen (text), strlen (text));
      return;
    case IDLE:
    case RESTART:
      put_kernel (out, is_head, kind == RESTART);
      return;
    case INITRD:
      put_file (out, is_head, initrd, sizeof initrd, sizeof initrd);
      return;
    case REDIRECT:
      line = g_strdup_printf (
          "HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\n%s%s%s\r\n",
          text != NULL ? "Location: " : "", text != NULL ? text : "", text != NULL ? "\r\n" : "");
      put (out, line, NULL, 0);
      return;
    case STATUS:
      line =
          g_strdup_printf ("HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", text);
      put (out, line, NULL, 0);
      return;
    case ENDLESS:
      put_endless (out, is_head);
      return;
    case HUGE:
      put_file (out, is_head, "x", 1, (gsize) 65 << 20);
      return;
    case CUT_OFF:
      put_file (out, is_head, initrd, 10, sizeof initrd);
      return;
    case SILENT:
      g_atomic_int_inc (&self->n_waiting);
      while (g_input_stream_read (in, &byte, 1, NULL, NULL) > 0)
        ;
      return;
    }
}

static gboolean
run_cb (GThreadedSocketService *service,
        GSocketConnection *connection,
        GObject *source,
        gpointer user_data)
{
  TreeServer *self = user_data;
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  g_autoptr (GDataInputStream) lines = g_data_input_stream_new (in);
  g_autofree char *request = NULL;
  g_auto (GStrv) words = NULL;
  char *line;
  gsize size = 0;

  g_data_input_stream_set_newline_type (lines, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
  request = g_data_input_stream_read_line (lines, NULL, NULL, NULL);
  if (request == NULL)
    return TRUE;
  do
    {
      line = g_data_input_stream_read_line (lines, &size, NULL, NULL);
      g_free (line);
    }
  while (line != NULL && size > 0);
  words = g_strsplit (request, " ", 3);
  for (gsize i = 0; words[0] != NULL && words[1] != NULL && i < G_N_ELEMENTS (files); i++)
    if (g_str_equal (words[1], files[i].path))
      {
        answer (self, G_INPUT_STREAM (lines), out, g_str_equal (words[0], "HEAD"), files[i].kind,
                files[i].text);
        return TRUE;
      }
  answer (self, in, out, TRUE, STATUS, "404 Not Found");
  return TRUE;
}

TreeServer *
tree_server_new (void)
{
  TreeServer *self = g_new0 (TreeServer, 1);
  g_autoptr (GInetAddress) any = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (any, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GError) error = NULL;

  self->service = g_threaded_socket_service_new (64);
  g_socket_listener_add_address (G_SOCKET_LISTENER (self->service), address, G_SOCKET_TYPE_STREAM,
                                 G_SOCKET_PROTOCOL_TCP, NULL, &bound, &error);
  g_assert_no_error (error);
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  g_signal_connect (self->service, "run", G_CALLBACK (run_cb), self);
  g_socket_service_start (self->service);
  return self;
}

void
tree_server_free (TreeServer *self)
{
  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  g_object_unref (self->service);
  g_free (self);
}

char *
tree_server_build_url (TreeServer *self, const char *path)
{
  return g_strdup_printf ("http://127.0.0.1:%u%s", self->port, path);
}

int
tree_server_get_n_waiting (TreeServer *self)
{
  return g_atomic_int_get (&self->n_waiting);
}
