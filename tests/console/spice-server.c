/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "spice-server.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#define QEMU "qemu-system-x86_64"

gboolean
spice_server_expired_cb (gpointer what)
{
  g_error ("not within %d s: %s", SPICE_SERVER_LIMIT_S, (const char *) what);
  return G_SOURCE_REMOVE;
}

gboolean
spice_server_tick_cb (gpointer unused)
{
  return G_SOURCE_CONTINUE;
}

gboolean
spice_server_is_there (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *program = g_find_program_in_path (QEMU);
  g_autofree char *words = NULL;

  if (program == NULL)
    {
      g_print ("1..0 # SKIP " QEMU " is not installed\n");
      return FALSE;
    }
  g_autoptr (GSubprocess) process =
      g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, &error,
                        program, "-spice", "help", NULL);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &words, NULL, &error);
  g_assert_no_error (error);
  if (words == NULL || strstr (words, "unix=") == NULL)
    {
      g_print ("1..0 # SKIP " QEMU " has no SPICE\n");
      return FALSE;
    }
  return TRUE;
}

static gboolean
is_listening (SpiceServer *self)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (self->socket);
  g_autoptr (GSocketConnection) connection =
      g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, NULL);

  return connection != NULL;
}

/* A test that aborts takes its server along. */
static void
die_with_parent (gpointer unused)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

SpiceServer *
spice_server_new (const char *ticket, const char *const *arguments)
{
  g_autoptr (GError) error = NULL;
  SpiceServer *self = g_new0 (SpiceServer, 1);
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  static const char *const fixed[] = { QEMU,
                                       "-M",
                                       "pc,accel=tcg",
                                       "-m",
                                       "32",
                                       "-cpu",
                                       "max",
                                       "-nodefaults",
                                       "-display",
                                       "none",
                                       "-no-user-config",
                                       "-device",
                                       "VGA",
                                       "-device",
                                       "piix3-usb-uhci" };

  self->directory = g_dir_make_tmp ("kvmm-spice-XXXXXX", &error);
  g_assert_no_error (error);
  self->socket = g_build_filename (self->directory, "s", NULL);
  self->held = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < G_N_ELEMENTS (fixed); i++)
    g_ptr_array_add (words, g_strdup (fixed[i]));
  for (guint i = 0; arguments != NULL && arguments[i] != NULL; i++)
    g_ptr_array_add (words, g_strdup (arguments[i]));
  if (ticket != NULL)
    {
      g_ptr_array_add (words, g_strdup ("-object"));
      g_ptr_array_add (words, g_strdup_printf ("secret,id=ticket,data=%s", ticket));
    }
  g_ptr_array_add (words, g_strdup ("-spice"));
  g_ptr_array_add (
      words, g_strdup_printf ("unix=on,addr=%s,%s", self->socket,
                              ticket != NULL ? "password-secret=ticket" : "disable-ticketing=on"));
  g_ptr_array_add (words, NULL);
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_INHERIT);
  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  /* The server warns of a wrong password by GLib: it would end with that. */
  g_subprocess_launcher_unsetenv (launcher, "G_DEBUG");
  self->process =
      g_subprocess_launcher_spawnv (launcher, (const char *const *) words->pdata, &error);
  g_assert_no_error (error);
  spice_wait_until (is_listening (self), "QEMU opens its SPICE socket");
  return self;
}

void
spice_server_stop (SpiceServer *self)
{
  if (self->process == NULL)
    return;
  g_subprocess_force_exit (self->process);
  g_subprocess_wait (self->process, NULL, NULL);
  g_clear_object (&self->process);
}

void
spice_server_free (SpiceServer *self)
{
  spice_server_stop (self);
  /* Channels whose session is gone end in turns of the main loop; what one that waits for a message
   * holds is on a stack that LeakSanitizer does not know. */
  spice_wait_until (!g_main_context_iteration (NULL, FALSE), "peace");
  g_unlink (self->socket);
  g_rmdir (self->directory);
  g_ptr_array_unref (self->held);
  g_free (self->directory);
  g_free (self->socket);
  g_free (self);
}

/* ---- the way ---- */

static void
connected_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (GSocketConnection) connection =
      g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &error);

  if (connection == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, dup (g_socket_get_fd (g_socket_connection_get_socket (connection))));
}

static void
cancelled_cb (GCancellable *cancellable, gpointer user_data)
{
  g_task_return_error_if_cancelled (user_data);
}

/* @task: (transfer full) */
static void
connect_way (SpiceServer *self, GTask *task)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (self->socket);

  g_socket_client_connect_async (client, G_SOCKET_CONNECTABLE (address),
                                 g_task_get_cancellable (task), connected_cb, task);
}

static void
way_open (gpointer data,
          gboolean tls,
          GCancellable *cancellable,
          GAsyncReadyCallback callback,
          gpointer user_data)
{
  SpiceServer *self = data;
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);

  self->n_opened++;
  self->n_tls += tls ? 1 : 0;
  if (self->refuses)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED, "it is closed");
      g_object_unref (task);
      return;
    }
  if (self->holds || (self->holds_after > 0 && self->n_opened > self->holds_after))
    {
      g_ptr_array_add (self->held, task);
      g_signal_connect_object (cancellable, "cancelled", G_CALLBACK (cancelled_cb), task, 0);
      return;
    }
  connect_way (self, task);
}

void
spice_server_let_go (SpiceServer *self)
{
  self->holds_after = 0;
  while (self->held->len > 0)
    {
      GTask *task = g_ptr_array_steal_index (self->held, 0);

      g_signal_handlers_disconnect_by_func (g_task_get_cancellable (task), cancelled_cb, task);
      connect_way (self, task);
    }
}

static int
way_finish (GAsyncResult *result, char **host, GError **error)
{
  return (int) g_task_propagate_int (G_TASK (result), error);
}

const KvmmSpiceWay spice_server_way = { way_open, way_finish };

KvmmSpiceSession *
spice_server_connect (SpiceServer *self)
{
  return kvmm_spice_session_new ("test", &spice_server_way, self, NULL);
}

guint
spice_server_count_descriptors (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint count = 0;

  while (g_dir_read_name (dir) != NULL)
    count++;
  return count;
}
