/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-spice-tls.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/kvmm-lane.h"
#include "util/kvmm-thread.h"

/* What a worker makes ready for the handshake. */
typedef struct
{
  KvmmLane *lane;        /* (owned) */
  GIOStream *raw;        /* (owned): the connection to the server */
  GTlsDatabase *trusted; /* (owned) (nullable): %NULL: the system's */
  GIOStream *secure;     /* (owned) (nullable) */
  char *host;            /* (owned) */
  char *authorities;     /* (owned) (nullable) */
} Wrap;

static char *test_authorities; /* (owned) (nullable) */

static void
wrap_free (Wrap *self)
{
  g_clear_object (&self->lane);
  g_clear_object (&self->raw);
  g_clear_object (&self->trusted);
  g_clear_object (&self->secure);
  g_free (self->host);
  g_free (self->authorities);
  g_free (self);
}

void
kvmm_spice_tls_set_authorities (const char *path)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_free (test_authorities);
  test_authorities = g_strdup (path);
}

/* ---- carrying ---- */

static void
carried_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!g_io_stream_splice_finish (result, &error))
    g_debug ("an encrypted channel ended: %s", error->message);
}

/* Joins @secure with one end of a socket pair. Returns: the other end, -1 with @error set */
static int
carry (GIOStream *secure, GError **error)
{
  int ends[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
    {
      g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (errno), g_strerror (errno));
      return -1;
    }
  g_autoptr (GSocket) socket = g_socket_new_from_fd (ends[0], error);
  if (socket == NULL)
    {
      close (ends[0]);
      close (ends[1]);
      return -1;
    }
  g_autoptr (GSocketConnection) plain = g_socket_connection_factory_create_connection (socket);
  g_io_stream_splice_async (secure, G_IO_STREAM (plain),
                            G_IO_STREAM_SPLICE_CLOSE_STREAM1 | G_IO_STREAM_SPLICE_CLOSE_STREAM2,
                            G_PRIORITY_DEFAULT, NULL, carried_cb, NULL);
  return ends[1];
}

/* ---- the handshake ---- */

static void
handshake_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Wrap *wrap = g_task_get_task_data (task);
  GError *error = NULL;
  int fd = -1;

  if (g_tls_connection_handshake_finish (G_TLS_CONNECTION (source), result, &error))
    fd = carry (wrap->secure, &error);
  if (fd < 0)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, fd);
}

static void
trust_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Wrap *wrap = g_task_get_task_data (task);
  GError *error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      g_task_return_error (task, error);
      return;
    }
  /* The port is not looked at. */
  g_autoptr (GSocketConnectable) identity = g_network_address_new (wrap->host, 0);
  wrap->secure = g_tls_client_connection_new (wrap->raw, identity, &error);
  if (wrap->secure == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (wrap->trusted != NULL)
    g_tls_connection_set_database (G_TLS_CONNECTION (wrap->secure), wrap->trusted);
  g_tls_connection_handshake_async (G_TLS_CONNECTION (wrap->secure), G_PRIORITY_DEFAULT,
                                    g_task_get_cancellable (task), handshake_cb,
                                    g_object_ref (task));
}

/* ---- whom to trust ---- */

/* Worker. */
static void
trust_func (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Wrap *wrap = data;
  g_autofree char *of_user =
      g_build_filename (g_get_home_dir (), ".spicec", "spice_truststore.pem", NULL);
  const char *const paths[] = { of_user, "/etc/pki/libvirt-spice/ca-cert.pem",
                                "/etc/pki/CA/cacert.pem" };
  const char *path = wrap->authorities;
  GError *error = NULL;

  for (guint i = 0; path == NULL && i < G_N_ELEMENTS (paths); i++)
    {
      if (access (paths[i], R_OK) == 0)
        path = paths[i];
    }
  if (path != NULL)
    wrap->trusted = g_tls_file_database_new (path, &error);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

void
kvmm_spice_tls_wrap_async (int fd,
                           const char *host,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (fd >= 0 && host != NULL);

  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, kvmm_spice_tls_wrap_async);
  GError *error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);
  if (socket == NULL)
    {
      close (fd);
      g_task_return_error (task, error);
      return;
    }
  Wrap *wrap = g_new0 (Wrap, 1);
  wrap->raw = G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
  wrap->host = g_strdup (host);
  wrap->authorities = g_strdup (test_authorities);
  g_task_set_task_data (task, wrap, (GDestroyNotify) wrap_free);

  wrap->lane = kvmm_lane_new ("spice-tls", 1);
  g_autoptr (GTask) trust = g_task_new (NULL, cancellable, trust_cb, g_object_ref (task));
  g_task_set_source_tag (trust, trust_func);
  /* The outer task outlives this one and owns the data. */
  g_task_set_task_data (trust, wrap, NULL);
  kvmm_lane_run (wrap->lane, trust, trust_func, G_PRIORITY_DEFAULT);
}

int
kvmm_spice_tls_wrap_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), -1);
  return (int) g_task_propagate_int (G_TASK (result), error);
}
