/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "model/kvmm-console-route.h"
#include "model/kvmm-ssh-transport.h"
#include "test-wait.h"

static const char greeting[] = "RFB 003.008\n";

static GSocketService *service; /* greets everybody */
static guint16 port;

typedef struct
{
  gboolean is_done;
  int fd;
  GError *error;
} Answer;

static gboolean
incoming_cb (GSocketService *self, GSocketConnection *connection, GObject *source, gpointer data)
{
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (connection));

  g_output_stream_write_all (output, greeting, strlen (greeting), NULL, NULL, NULL);
  return TRUE;
}

static char *
build_uri (const char *user)
{
  g_autofree char *command = g_uri_escape_string (g_getenv ("KVMM_TEST_SSH"), NULL, FALSE);

  return g_strdup_printf ("qemu+ssh://%s@localhost/system?command=%s", user, command);
}

static void
opened_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = user_data;

  answer->fd = kvmm_ssh_transport_open_finish (KVMM_SSH_TRANSPORT (source), result, &answer->error);
  answer->is_done = TRUE;
}

static void
assert_greeted (int fd)
{
  char buffer[sizeof greeting] = "";

  g_assert_cmpint (fd, >=, 0);
  /* The server lives in this main loop. */
  test_wait_until (recv (fd, buffer, sizeof greeting - 1, MSG_PEEK | MSG_DONTWAIT) ==
                   sizeof greeting - 1);
  g_assert_cmpint (read (fd, buffer, sizeof greeting - 1), ==, sizeof greeting - 1);
  g_assert_cmpstr (buffer, ==, greeting);
}

static guint
count_masters (void)
{
  g_autofree char *log = NULL;
  guint n_masters = 0;

  g_file_get_contents (g_getenv ("KVMM_TEST_SSH_LOG"), &log, NULL, NULL);
  for (const char *at = log; (at = strstr (at, " -M ")) != NULL; at++)
    n_masters++;
  return n_masters;
}

static void
test_kinds (void)
{
  g_assert_true (kvmm_ssh_transport_is_for ("qemu+ssh://host/system"));
  g_assert_true (kvmm_ssh_transport_is_for ("qemu+libssh2://host/system"));
  g_assert_false (kvmm_ssh_transport_is_for ("qemu+tls://host/system"));
  g_assert_false (kvmm_ssh_transport_is_for ("qemu:///system"));
}

static void
test_one_master_for_all (void)
{
  g_autofree char *uri = build_uri (g_get_user_name ());
  KvmmSshTransport *transport = kvmm_ssh_transport_get (uri);
  g_autoptr (KvmmSshTransport) same = kvmm_ssh_transport_get (uri);
  Answer answers[3] = { { .fd = -1 }, { .fd = -1 }, { .fd = -1 } };

  g_assert_true (transport == same);
  /* Two before it is signed in, one after. */
  for (guint i = 0; i < 2; i++)
    kvmm_ssh_transport_open_async (transport, "127.0.0.1", port, TRUE, NULL, opened_cb,
                                   &answers[i]);
  test_wait_until (answers[0].is_done && answers[1].is_done);
  g_assert_no_error (answers[0].error);
  g_assert_true (kvmm_ssh_transport_get_is_ready (transport));
  kvmm_ssh_transport_open_async (transport, "127.0.0.1", port, FALSE, NULL, opened_cb, &answers[2]);
  test_wait_until (answers[2].is_done);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      test_wait_until (answers[i].is_done);
      assert_greeted (answers[i].fd);
      close (answers[i].fd);
    }
  g_assert_cmpuint (count_masters (), ==, 1);

  /* With the last stream and the last holder the master goes. */
  g_clear_object (&same);
  g_object_add_weak_pointer (G_OBJECT (transport), (gpointer *) &transport);
  g_object_unref (transport);
  test_wait_until (transport == NULL);
}

static void
test_closed_port (void)
{
  g_autofree char *uri = build_uri (g_get_user_name ());
  g_autoptr (KvmmSshTransport) transport = kvmm_ssh_transport_get (uri);
  Answer answer = { .fd = -1 };

  kvmm_ssh_transport_open_async (transport, "127.0.0.1", 1, TRUE, NULL, opened_cb, &answer);
  test_wait_until (answer.is_done);
  g_assert_error (answer.error, KVMM_CONSOLE_ERROR, KVMM_CONSOLE_ERROR_PORT_CLOSED);
  g_clear_error (&answer.error);
}

static void
test_refused_user (void)
{
  g_autofree char *uri = build_uri ("no-such-user");
  g_autoptr (KvmmSshTransport) transport = kvmm_ssh_transport_get (uri);
  Answer answer = { .fd = -1 };

  kvmm_ssh_transport_open_async (transport, "127.0.0.1", port, TRUE, NULL, opened_cb, &answer);
  test_wait_until (answer.is_done);
  g_assert_error (answer.error, KVMM_CONSOLE_ERROR, KVMM_CONSOLE_ERROR_SSH);
  g_assert_nonnull (strstr (answer.error->message, "localhost"));
  g_clear_error (&answer.error);
}

static void
test_cancelled (void)
{
  g_autofree char *uri = build_uri (g_get_user_name ());
  KvmmSshTransport *transport = kvmm_ssh_transport_get (uri);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Answer answer = { .fd = -1 };

  kvmm_ssh_transport_open_async (transport, "127.0.0.1", port, TRUE, cancellable, opened_cb,
                                 &answer);
  g_object_add_weak_pointer (G_OBJECT (transport), (gpointer *) &transport);
  g_object_unref (transport);
  g_cancellable_cancel (cancellable);
  test_wait_until (answer.is_done && transport == NULL);
  g_assert_error (answer.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&answer.error);
}

static void
route_progress_cb (const char *text, gpointer user_data)
{
  char **last = user_data;

  g_free (*last);
  *last = g_strdup (text);
}

static void
routed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = user_data;
  g_autofree char *host = NULL;

  answer->fd = kvmm_console_route_open_finish (result, &host, &answer->error);
  answer->is_done = TRUE;
}

static void
route (const char *uri, const KvmmXmlGraphics *graphics, Answer *answer, char **progress)
{
  *answer = (Answer){ .fd = -1 };
  kvmm_console_route_open_async (uri, "web", graphics, FALSE, route_progress_cb, progress, NULL,
                                 routed_cb, answer);
  test_wait_until (answer->is_done);
}

static void
test_routes (void)
{
  g_autofree char *uri = build_uri (g_get_user_name ());
  g_autofree char *progress = NULL;
  KvmmXmlGraphics graphics = { .kind = KVMM_GRAPHICS_VNC, .port = port, .listen = "127.0.0.1" };
  Answer answer;

  route (uri, &graphics, &answer, &progress);
  assert_greeted (answer.fd);
  close (answer.fd);
  g_assert_nonnull (strstr (progress, "ssh"));

  route ("qemu+tcp://127.0.0.1/system", &graphics, &answer, &progress);
  assert_greeted (answer.fd);
  close (answer.fd);

  graphics.port = 1;
  route ("qemu+tcp://127.0.0.1/system", &graphics, &answer, &progress);
  g_assert_error (answer.error, KVMM_CONSOLE_ERROR, KVMM_CONSOLE_ERROR_PORT_CLOSED);
  g_assert_nonnull (strstr (answer.error->message, "web"));
  g_clear_error (&answer.error);

  /* A screen that only its host sees is not looked for on this one. */
  route ("qemu+tls://far.example/system", &graphics, &answer, &progress);
  g_assert_error (answer.error, KVMM_CONSOLE_ERROR, KVMM_CONSOLE_ERROR_NO_GRAPHICS);
  g_clear_error (&answer.error);

  graphics.port = 0;
  route (uri, &graphics, &answer, &progress);
  g_assert_error (answer.error, KVMM_CONSOLE_ERROR, KVMM_CONSOLE_ERROR_NO_GRAPHICS);
  g_clear_error (&answer.error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  service = g_socket_service_new ();
  port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (service), NULL, NULL);
  g_assert_cmpuint (port, !=, 0);
  g_signal_connect (service, "incoming", G_CALLBACK (incoming_cb), NULL);

  g_test_add_func ("/model/ssh-transport/kinds", test_kinds);
  g_test_add_func ("/model/ssh-transport/one-master-for-all", test_one_master_for_all);
  g_test_add_func ("/model/ssh-transport/closed-port", test_closed_port);
  g_test_add_func ("/model/ssh-transport/refused-user", test_refused_user);
  g_test_add_func ("/model/ssh-transport/cancelled", test_cancelled);
  g_test_add_func ("/model/ssh-transport/routes", test_routes);

  int status = g_test_run ();
  g_clear_object (&service);
  return status;
}
