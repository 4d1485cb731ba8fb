/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "console/kvmm-spice-tls.h"
#include "spice-server.h"

/* TLS on a descriptor, with a server at the other end of a socket pair. */

typedef struct
{
  char *directory;
  char *certificate; /* path; it is its own authority */
  char *key;         /* path */
  GIOStream *server; /* (nullable): its end, encrypted */
  int client;        /* the descriptor that is wrapped */
  GAsyncResult *result;
  gboolean is_shaken;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  int ends[2];
  int status = 0;

  self->directory = g_dir_make_tmp ("kvmm-tls-XXXXXX", &error);
  g_assert_no_error (error);
  self->certificate = g_build_filename (self->directory, "c.pem", NULL);
  self->key = g_build_filename (self->directory, "k.pem", NULL);
  const char *argv[] = { "openssl",  "req",           "-x509",   "-newkey",
                         "rsa:2048", "-nodes",        "-days",   "2",
                         "-subj",    "/CN=host.test", "-addext", "subjectAltName=DNS:host.test",
                         "-keyout",  self->key,       "-out",    self->certificate,
                         NULL };
  g_spawn_sync (NULL, (char **) argv, NULL,
                G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL,
                NULL, NULL, NULL, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  self->client = ends[0];
  g_autoptr (GSocket) socket = g_socket_new_from_fd (ends[1], &error);
  g_assert_no_error (error);
  g_autoptr (GSocketConnection) raw = g_socket_connection_factory_create_connection (socket);
  g_autoptr (GTlsCertificate) certificate =
      g_tls_certificate_new_from_files (self->certificate, self->key, &error);
  g_assert_no_error (error);
  self->server = g_tls_server_connection_new (G_IO_STREAM (raw), certificate, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  kvmm_spice_tls_set_authorities (NULL);
  g_clear_object (&self->server);
  g_clear_object (&self->result);
  g_unlink (self->certificate);
  g_unlink (self->key);
  g_rmdir (self->directory);
  g_free (self->certificate);
  g_free (self->key);
  g_free (self->directory);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
shaken_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *self = user_data;

  g_tls_connection_handshake_finish (G_TLS_CONNECTION (source), result, NULL);
  self->is_shaken = TRUE;
}

static void
wrapped_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ((Fixture *) user_data)->result = g_object_ref (result);
}

/* Returns: the descriptor, or -1 with @error set */
static int
wrap (Fixture *self, const char *host, GError **error)
{
  g_tls_connection_handshake_async (G_TLS_CONNECTION (self->server), G_PRIORITY_DEFAULT, NULL,
                                    shaken_cb, self);
  kvmm_spice_tls_wrap_async (self->client, host, NULL, wrapped_cb, self);
  spice_wait_until (self->result != NULL, "the handshake ends");
  int fd = kvmm_spice_tls_wrap_finish (self->result, error);
  g_clear_object (&self->result);
  /* Also where the client gave up: the server's answer must not reach a fixture that is gone. */
  spice_wait_until (self->is_shaken, "the server's handshake ends");
  return fd;
}

static void
done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static void
test_carries_both_ways (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GAsyncResult) read = NULL;
  g_autoptr (GAsyncResult) written = NULL;
  char buffer[64] = { 0 };

  kvmm_spice_tls_set_authorities (self->certificate);
  int fd = wrap (self, "host.test", &error);
  g_assert_no_error (error);
  g_assert_cmpint (write (fd, "to the server", 13), ==, 13);
  GInputStream *input = g_io_stream_get_input_stream (self->server);
  g_input_stream_read_async (input, buffer, sizeof buffer, G_PRIORITY_DEFAULT, NULL, done_cb,
                             &read);
  spice_wait_until (read != NULL, "the server reads");
  g_assert_cmpint (g_input_stream_read_finish (input, read, &error), ==, 13);
  g_assert_cmpstr (buffer, ==, "to the server");

  GOutputStream *output = g_io_stream_get_output_stream (self->server);
  g_output_stream_write_all_async (output, "from it", 7, G_PRIORITY_DEFAULT, NULL, done_cb,
                                   &written);
  gssize n = -1;
  spice_wait_until ((n = recv (fd, buffer, sizeof buffer, MSG_DONTWAIT)) > 0, "it arrives");
  g_assert_cmpint (n, ==, 7);

  /* The server's end is an end here too. */
  spice_wait_until (written != NULL, "the server has written");
  g_io_stream_close_async (self->server, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
  spice_wait_until (recv (fd, buffer, sizeof buffer, MSG_DONTWAIT) == 0, "the end arrives");
  close (fd);
}

static void
test_an_unknown_authority (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  /* An authority, but not that of this certificate. */
  g_autofree char *other = g_build_filename (self->directory, "o.pem", NULL);
  g_autofree char *key = g_build_filename (self->directory, "ok.pem", NULL);
  const char *argv[] = { "openssl", "req",   "-x509", "-newkey", "rsa:2048",
                         "-nodes",  "-days", "2",     "-subj",   "/CN=other",
                         "-keyout", key,     "-out",  other,     NULL };
  g_spawn_sync (NULL, (char **) argv, NULL,
                G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL,
                NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  kvmm_spice_tls_set_authorities (other);
  g_assert_cmpint (wrap (self, "host.test", &error), ==, -1);
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  g_unlink (other);
  g_unlink (key);
}

static void
test_another_host (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  kvmm_spice_tls_set_authorities (self->certificate);
  g_assert_cmpint (wrap (self, "other.test", &error), ==, -1);
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
}

static void
test_no_file_of_authorities (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  kvmm_spice_tls_set_authorities ("/nowhere/at/all.pem");
  g_assert_cmpint (wrap (self, "host.test", &error), ==, -1);
  g_assert_nonnull (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    {
      g_print ("1..0 # SKIP glib-networking is not installed\n");
      return 0;
    }
  g_autofree char *openssl = g_find_program_in_path ("openssl");
  if (openssl == NULL)
    {
      g_print ("1..0 # SKIP openssl is not installed\n");
      return 0;
    }

#define ADD(name, function)                                                                        \
  g_test_add ("/console/spice-tls/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("carries-both-ways", test_carries_both_ways);
  ADD ("an-unknown-authority", test_an_unknown_authority);
  ADD ("another-host", test_another_host);
  ADD ("no-file-of-authorities", test_no_file_of_authorities);
#undef ADD
  return g_test_run ();
}
