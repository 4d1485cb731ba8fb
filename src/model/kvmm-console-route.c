/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-console-route.h"

#include <fcntl.h>

#include <glib/gi18n.h>

#include "model/kvmm-ssh-transport.h"
#include "util/kvmm-thread.h"

/* Where a server listens that is reached through ssh. */
#define LOOPBACK "127.0.0.1"
/* How long a connection to a port may take: a firewall that drops packets says nothing. */
#define CONNECT_TIMEOUT_SECONDS 20

typedef struct
{
  char *name; /* the machine's */
  char *host;
  guint port;
} Route;

static void
route_free (Route *self)
{
  g_free (self->name);
  g_free (self->host);
  g_free (self);
}

static int
dup_socket (GSocketConnection *connection)
{
  return fcntl (g_socket_get_fd (g_socket_connection_get_socket (connection)), F_DUPFD_CLOEXEC, 3);
}

static void
return_connect_error (GTask *task, const GError *error)
{
  Route *self = g_task_get_task_data (task);
  KvmmConsoleErrorCode code = KVMM_CONSOLE_ERROR_HOST;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_task_return_error (task, g_error_copy (error));
      return;
    }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    code = KVMM_CONSOLE_ERROR_PORT_CLOSED;
  g_task_return_new_error (task, KVMM_CONSOLE_ERROR, code,
                           _ ("The screen of “%s” cannot be reached at port %u of %s: %s"),
                           self->name, self->port, self->host, error->message);
}

static void
connected_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnection) connection =
      g_socket_client_connect_to_host_finish (G_SOCKET_CLIENT (source), result, &error);

  if (connection == NULL)
    {
      return_connect_error (task, error);
      return;
    }

  int fd = dup_socket (connection);
  if (fd < 0)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES,
                             _ ("Too many files are open"));
  else
    g_task_return_int (task, fd);
}

static gboolean
is_any_address (const char *address)
{
  return address == NULL || *address == '\0' || g_str_equal (address, "0.0.0.0") ||
         g_str_equal (address, "::");
}

static gboolean
is_loopback (const char *address)
{
  g_autoptr (GInetAddress) parsed =
      address != NULL ? g_inet_address_new_from_string (address) : NULL;

  return parsed != NULL && g_inet_address_get_is_loopback (parsed);
}

static void
streamed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  int fd = kvmm_ssh_transport_open_finish (KVMM_SSH_TRANSPORT (source), result, &error);

  if (fd < 0)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, fd);
}

/* The server's port as the host itself sees it. */
static void
open_by_ssh (GTask *task, const char *uri, const KvmmXmlGraphics *graphics, char **text)
{
  Route *self = g_task_get_task_data (task);
  g_autoptr (KvmmSshTransport) transport = kvmm_ssh_transport_get (uri);
  const char *host = is_any_address (graphics->listen) ? LOOPBACK : graphics->listen;

  *text = kvmm_ssh_transport_get_is_ready (transport)
              ? g_strdup_printf (_ ("Waiting for the display server at port %u of %s…"), self->port,
                                 self->host)
              : g_strdup_printf (_ ("Waiting for the ssh connection to %s…"), self->host);
  /* A VNC server speaks first, a SPICE server waits to be spoken to. */
  kvmm_ssh_transport_open_async (transport, host, self->port, graphics->kind == KVMM_GRAPHICS_VNC,
                                 g_task_get_cancellable (task), streamed_cb, g_object_ref (task));
}

static void
open_by_network (GTask *task)
{
  Route *self = g_task_get_task_data (task);
  g_autoptr (GSocketClient) client = g_socket_client_new ();

  g_socket_client_set_timeout (client, CONNECT_TIMEOUT_SECONDS);
  g_socket_client_connect_to_host_async (client, self->host, (guint16) self->port,
                                         g_task_get_cancellable (task), connected_cb,
                                         g_object_ref (task));
}

static void
return_no_port (GTask *task, const KvmmXmlGraphics *graphics)
{
  Route *self = g_task_get_task_data (task);

  g_task_return_new_error (
      task, KVMM_CONSOLE_ERROR, KVMM_CONSOLE_ERROR_NO_GRAPHICS,
      graphics->socket != NULL
          ? _ ("The screen of “%s” listens on a socket file of its host only; give it the address "
               "127.0.0.1 to reach it from here")
          : _ ("The screen of “%s” has no port on its host; give it the address 127.0.0.1 to reach "
               "it from here"),
      self->name);
}

static void
return_loopback (GTask *task)
{
  Route *self = g_task_get_task_data (task);

  g_task_return_new_error (task, KVMM_CONSOLE_ERROR, KVMM_CONSOLE_ERROR_NO_GRAPHICS,
                           _ ("The screen of “%s” can be reached on its host only; connect to the "
                              "host with qemu+ssh://, "
                              "or let the screen listen for the network"),
                           self->name);
}

void
kvmm_console_route_open_async (const char *uri,
                               const char *name,
                               const KvmmXmlGraphics *graphics,
                               gboolean tls,
                               KvmmConsoleRouteFunc progress,
                               gpointer progress_data,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();

  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_PARSE_RELAXED, NULL);
  const char *uri_host = parsed != NULL ? g_uri_get_host (parsed) : NULL;
  gboolean is_ssh = kvmm_ssh_transport_is_for (uri);
  g_autofree char *text = NULL;
  Route *self = g_new0 (Route, 1);

  g_task_set_source_tag (task, kvmm_console_route_open_async);
  g_task_set_task_data (task, self, (GDestroyNotify) route_free);
  self->name = g_strdup (name);
  self->port = tls ? graphics->tls_port : graphics->port;
  if (self->port == 0)
    {
      return_no_port (task, graphics);
      return;
    }
  if (uri_host == NULL || *uri_host == '\0')
    uri_host = "localhost";
  if (!is_ssh && is_loopback (graphics->listen) && !g_str_equal (uri_host, "localhost") &&
      !is_loopback (uri_host))
    {
      return_loopback (task);
      return;
    }
  self->host = g_strdup (is_ssh || is_any_address (graphics->listen) ? uri_host : graphics->listen);
  if (is_ssh)
    open_by_ssh (task, uri, graphics, &text);
  else
    {
      text = g_strdup_printf (_ ("Connecting to port %u of %s…"), self->port, self->host);
      open_by_network (task);
    }
  progress (text, progress_data);
}

int
kvmm_console_route_open_finish (GAsyncResult *result, char **host, GError **error)
{
  Route *self = g_task_get_task_data (G_TASK (result));
  gssize fd = g_task_propagate_int (G_TASK (result), error);

  if (fd < 0)
    return -1;
  *host = g_strdup (self->host);
  return (int) fd;
}
