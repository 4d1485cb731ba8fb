/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#include "console/kvmm-display.h"
#include "spice-server.h"

#define TICKET "sesame"

static void
wait_for_state (KvmmSpiceSession *session, KvmmSpiceState state)
{
  spice_wait_until (kvmm_spice_session_get_state (session) == state, "the session's state");
}

static gboolean
has_all_channels (KvmmSpiceSession *session)
{
  g_autoptr (GPtrArray) displays =
      kvmm_spice_session_list_channels (session, SPICE_CHANNEL_DISPLAY);
  g_autoptr (GPtrArray) cursors = kvmm_spice_session_list_channels (session, SPICE_CHANNEL_CURSOR);

  return displays->len == 1 && cursors->len == 1 &&
         kvmm_spice_input_is_open (kvmm_spice_session_get_input (session));
}

/* What the library takes down by itself needs some turns of the main loop. */
static void
finish (KvmmSpiceSession *session)
{
  KvmmSpiceSession *gone = session;

  g_object_add_weak_pointer (G_OBJECT (session), (gpointer *) &gone);
  kvmm_spice_session_close (session);
  g_object_unref (session);
  spice_wait_until (gone == NULL, "the session is finalized");
}

static void
test_one_descriptor_a_channel (void)
{
  static const char *const arguments[] = { "-audiodev", "spice,id=a", "-device",
                                           "intel-hda", "-device",    "hda-duplex,audiodev=a",
                                           NULL };
  SpiceServer *server = spice_server_new (NULL, arguments);
  KvmmSpiceSession *session = spice_server_connect (server);

  g_assert_cmpint (kvmm_spice_session_get_state (session), ==, KVMM_SPICE_IDLE);
  kvmm_spice_session_open (session);
  wait_for_state (session, KVMM_SPICE_CONNECTED);
  spice_wait_until (has_all_channels (session), "the channels are there");
  spice_wait_until (kvmm_spice_session_has_audio (session), "the channel of sound is there");
  /* main, display, cursor, inputs; sound is off */
  spice_wait_until (server->n_opened == 4, "a descriptor for each channel");
  g_assert_cmpuint (server->n_tls, ==, 0);
  g_assert_false (kvmm_spice_session_has_agent (session));
  g_assert_false (kvmm_spice_session_has_usb (session));
  finish (session);
  spice_server_free (server);
}

static void
test_the_end_of_the_server (void)
{
  SpiceServer *server = spice_server_new (NULL, NULL);
  KvmmSpiceSession *session = spice_server_connect (server);

  kvmm_spice_session_open (session);
  wait_for_state (session, KVMM_SPICE_CONNECTED);
  spice_server_stop (server);
  wait_for_state (session, KVMM_SPICE_CLOSED);
  g_assert_error (kvmm_spice_session_get_error (session), KVMM_DISPLAY_ERROR,
                  KVMM_DISPLAY_ERROR_CLOSED);
  g_assert_null (kvmm_spice_session_get_main (session));
  finish (session);
  spice_server_free (server);
}

static void
test_a_second_viewer_closes_the_first (void)
{
  SpiceServer *server = spice_server_new (NULL, NULL);
  KvmmSpiceSession *first = spice_server_connect (server);
  KvmmSpiceSession *second = spice_server_connect (server);

  kvmm_spice_session_open (first);
  wait_for_state (first, KVMM_SPICE_CONNECTED);
  kvmm_spice_session_open (second);
  wait_for_state (first, KVMM_SPICE_CLOSED);
  g_assert_error (kvmm_spice_session_get_error (first), KVMM_DISPLAY_ERROR,
                  KVMM_DISPLAY_ERROR_CLOSED);
  g_assert_nonnull (strstr (kvmm_spice_session_get_error (first)->message, "another viewer"));
  wait_for_state (second, KVMM_SPICE_CONNECTED);

  /* The same object takes it back. */
  kvmm_spice_session_open (first);
  wait_for_state (second, KVMM_SPICE_CLOSED);
  wait_for_state (first, KVMM_SPICE_CONNECTED);
  spice_wait_until (has_all_channels (first), "the channels are there again");
  finish (first);
  finish (second);
  spice_server_free (server);
}

static void
test_a_password (void)
{
  SpiceServer *server = spice_server_new (TICKET, NULL);
  KvmmSpiceSession *session = spice_server_connect (server);

  kvmm_spice_session_open (session);
  wait_for_state (session, KVMM_SPICE_AUTH_NEEDED);
  g_assert_false (kvmm_spice_session_get_needs_username (session));
  kvmm_spice_session_answer (session, NULL, TICKET);
  wait_for_state (session, KVMM_SPICE_CONNECTED);
  spice_wait_until (has_all_channels (session), "the other channels know it too");
  finish (session);
  spice_server_free (server);
}

static void
test_a_wrong_password (void)
{
  SpiceServer *server = spice_server_new (TICKET, NULL);
  KvmmSpiceSession *session = spice_server_connect (server);
  g_autofree char *too_long = g_strnfill (4000, 'x');

  for (guint i = 0; i < 2; i++)
    {
      kvmm_spice_session_open (session);
      wait_for_state (session, KVMM_SPICE_AUTH_NEEDED);
      kvmm_spice_session_answer (session, NULL, i == 0 ? "wrong" : too_long);
      wait_for_state (session, KVMM_SPICE_CLOSED);
      g_assert_error (kvmm_spice_session_get_error (session), KVMM_DISPLAY_ERROR,
                      KVMM_DISPLAY_ERROR_AUTH);
    }
  finish (session);
  spice_server_free (server);
}

static void
test_a_way_that_fails (void)
{
  SpiceServer *server = spice_server_new (NULL, NULL);
  KvmmSpiceSession *session = spice_server_connect (server);

  server->refuses = TRUE;
  kvmm_spice_session_open (session);
  wait_for_state (session, KVMM_SPICE_CLOSED);
  g_assert_error (kvmm_spice_session_get_error (session), G_IO_ERROR,
                  G_IO_ERROR_CONNECTION_REFUSED);
  server->refuses = FALSE;
  kvmm_spice_session_open (session);
  wait_for_state (session, KVMM_SPICE_CONNECTED);
  finish (session);
  spice_server_free (server);
}

static void
test_tls_is_asked_for (void)
{
  SpiceServer *server = spice_server_new (NULL, NULL);
  KvmmSpiceSession *session = spice_server_connect (server);

  /* The way gives no host: a descriptor of libvirt's, on which nothing is encrypted. */
  kvmm_spice_session_set_tls (session, TRUE);
  kvmm_spice_session_open (session);
  wait_for_state (session, KVMM_SPICE_CONNECTED);
  spice_wait_until (server->n_opened == 4, "a descriptor for each channel");
  g_assert_cmpuint (server->n_tls, ==, 4);
  finish (session);
  spice_server_free (server);
}

static void
test_closing_while_a_descriptor_is_awaited (void)
{
  SpiceServer *server = spice_server_new (NULL, NULL);
  KvmmSpiceSession *session = spice_server_connect (server);

  server->holds = TRUE;
  kvmm_spice_session_open (session);
  g_assert_cmpuint (server->n_opened, ==, 1);
  kvmm_spice_session_close (session);
  g_assert_cmpint (kvmm_spice_session_get_state (session), ==, KVMM_SPICE_CLOSED);
  g_assert_null (kvmm_spice_session_get_error (session));
  finish (session);
  spice_server_free (server);
}

/* The server may take up the connection of an earlier session, which is gone already, after this
 * one, and close this one for it. */
static gboolean
is_open_again (KvmmSpiceSession *session)
{
  if (kvmm_spice_session_get_state (session) == KVMM_SPICE_CLOSED)
    kvmm_spice_session_open (session);
  return has_all_channels (session);
}

/* Closed in every stage of its opening, none leaves a descriptor or a channel behind. */
static void
test_forty_lives (void)
{
  SpiceServer *server = spice_server_new (NULL, NULL);
  guint before = 0;

  for (guint i = 0; i < 41; i++)
    {
      KvmmSpiceSession *session = spice_server_connect (server);

      kvmm_spice_session_open (session);
      for (guint turn = 0; turn < i * 3; turn++)
        g_main_context_iteration (NULL, FALSE);
      if (i % 4 == 0)
        spice_wait_until (is_open_again (session), "the channels are there");
      finish (session);
      /* The first one makes what the library keeps for ever. */
      if (i == 0)
        {
          spice_wait_until (!g_main_context_iteration (NULL, FALSE), "peace");
          before = spice_server_count_descriptors ();
        }
    }
  spice_wait_until (spice_server_count_descriptors () <= before, "all descriptors are closed");
  spice_server_free (server);
}

static gboolean
is_answering_cb (GSocketService *service,
                 GSocketConnection *connection,
                 GObject *source,
                 gpointer user_data)
{
  GBytes *answer = user_data;
  gsize size = 0;
  const void *data = g_bytes_get_data (answer, &size);

  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), data, size,
                             NULL, NULL, NULL);
  return TRUE;
}

/* What answers is no SPICE server, or one that breaks off. */
static void
test_bad_answers (void)
{
  static const guint8 huge[] = { 'R', 'E', 'D', 'Q', 2, 0, 0, 0, 2, 0, 0, 0, 255, 255, 255, 15 };
  static const guint8 version[] = { 'R', 'E', 'D', 'Q', 99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
  static const guint8 cut[] = { 'R', 'E', 'D' };
  GBytes *answers[] = { g_bytes_new_static ("RFB 003.008\nRFB 003.008\n", 24),
                        g_bytes_new_static (huge, sizeof huge),
                        g_bytes_new_static (version, sizeof version),
                        g_bytes_new_static (cut, sizeof cut), g_bytes_new_static ("", 0) };

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *directory = g_dir_make_tmp ("kvmm-spice-XXXXXX", &error);
      SpiceServer server = { .socket = g_build_filename (directory, "s", NULL) };
      g_autoptr (GSocketAddress) address = g_unix_socket_address_new (server.socket);
      g_autoptr (GSocketService) service = g_socket_service_new ();
      KvmmSpiceSession *session = spice_server_connect (&server);

      g_socket_listener_add_address (G_SOCKET_LISTENER (service), address, G_SOCKET_TYPE_STREAM,
                                     G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL, &error);
      g_assert_no_error (error);
      g_signal_connect (service, "incoming", G_CALLBACK (is_answering_cb), answers[i]);
      kvmm_spice_session_open (session);
      wait_for_state (session, KVMM_SPICE_CLOSED);
      g_assert_error (kvmm_spice_session_get_error (session), KVMM_DISPLAY_ERROR,
                      KVMM_DISPLAY_ERROR_PROTOCOL);
      finish (session);
      g_socket_service_stop (service);
      g_socket_listener_close (G_SOCKET_LISTENER (service));
      g_unlink (server.socket);
      g_rmdir (directory);
      g_free (server.socket);
    }
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    g_clear_pointer (&answers[i], g_bytes_unref);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!spice_server_is_there ())
    return 0;
  /* The library warns about what a server sends, and that is what some cases are about. */
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);

#define ADD(name, function) g_test_add_func ("/console/spice-session/" name, function)
  ADD ("one-descriptor-a-channel", test_one_descriptor_a_channel);
  ADD ("the-end-of-the-server", test_the_end_of_the_server);
  ADD ("a-second-viewer-closes-the-first", test_a_second_viewer_closes_the_first);
  ADD ("a-password", test_a_password);
  ADD ("a-wrong-password", test_a_wrong_password);
  ADD ("a-way-that-fails", test_a_way_that_fails);
  ADD ("tls-is-asked-for", test_tls_is_asked_for);
  ADD ("closing-while-a-descriptor-is-awaited", test_closing_while_a_descriptor_is_awaited);
  ADD ("forty-lives", test_forty_lives);
  ADD ("bad-answers", test_bad_answers);
#undef ADD
  return g_test_run ();
}
