/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <gtk/gtk.h>
#include <spice/vd_agent.h>

#include "console/kvmm-display-extras.h"
#include "console/kvmm-display-spice.h"
#include "spice-server.h"

/* The guest's agent by a real SPICE server. The test is the agent: its bytes go through a serial
 * port, at an address where no firmware looks, that the test drives by QEMU's protocol for tests.
 */

#define UART 0x220
#define UART_FIFO (UART + 2)
#define UART_STATUS (UART + 5)
#define UART_HAS_DATA 1

typedef struct
{
  SpiceServer *server;
  GtkWindow *window;
  KvmmDisplay *display; /* (unowned): in the window */
  char *directory;
  char *socket;
  GSocketConnection *machine;
  GDataInputStream *answers;
  GByteArray *heard;   /* bytes for the guest's agent, not taken yet */
  GByteArray *message; /* chunks put together */
  guint32 type;        /* of the last message */
  GByteArray *payload; /* of the last message */
  GPtrArray *received; /* texts that reached the host's clipboard */
} Fixture;

/* ---- the machine ---- */

static GSocketConnection *
connect_machine (Fixture *self)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (self->socket);

  return g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, NULL);
}

static char *
tell (Fixture *self, const char *line)
{
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (self->machine)), line,
                             strlen (line), NULL, NULL, &error);
  g_assert_no_error (error);
  char *answer = g_data_input_stream_read_line (self->answers, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (answer);
  g_assert_true (g_str_has_prefix (answer, "OK"));
  return answer;
}

static guint
read_port (Fixture *self, guint port)
{
  g_autofree char *line = g_strdup_printf ("inb 0x%x\n", port);
  g_autofree char *answer = tell (self, line);

  return (guint) g_ascii_strtoull (answer + strlen ("OK "), NULL, 16);
}

static void
write_port (Fixture *self, guint port, guint value)
{
  g_autofree char *line = g_strdup_printf ("outb 0x%x 0x%x\n", port, value);
  g_free (tell (self, line));
}

/* ---- the agent in it ---- */

static void
send_message (Fixture *self, guint32 type, gconstpointer data, gsize size)
{
  VDAgentMessage message = { .protocol = GUINT32_TO_LE (VD_AGENT_PROTOCOL),
                             .type = GUINT32_TO_LE (type),
                             .size = GUINT32_TO_LE ((guint32) size) };
  VDIChunkHeader chunk = { .port = GUINT32_TO_LE (VDP_CLIENT_PORT),
                           .size = GUINT32_TO_LE ((guint32) (sizeof message + size)) };
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  g_byte_array_append (bytes, (const guint8 *) &chunk, sizeof chunk);
  g_byte_array_append (bytes, (const guint8 *) &message, sizeof message);
  g_byte_array_append (bytes, data, (guint) size);
  for (guint i = 0; i < bytes->len; i++)
    write_port (self, UART, bytes->data[i]);
}

/* Takes what has come, and puts whole messages together. Returns: whether one of @type has come */
static gboolean
hear (Fixture *self, guint32 type)
{
  while (read_port (self, UART_STATUS) & UART_HAS_DATA)
    {
      guint8 byte = (guint8) read_port (self, UART);
      g_byte_array_append (self->heard, &byte, 1);
    }
  while (self->heard->len >= sizeof (VDIChunkHeader))
    {
      const VDIChunkHeader *chunk = (gconstpointer) self->heard->data;
      guint32 size = GUINT32_FROM_LE (chunk->size);
      guint32 port = GUINT32_FROM_LE (chunk->port);

      if (self->heard->len < sizeof *chunk + size)
        break;
      if (port == VDP_CLIENT_PORT)
        g_byte_array_append (self->message, self->heard->data + sizeof *chunk, size);
      g_byte_array_remove_range (self->heard, 0, (guint) sizeof *chunk + size);
    }
  while (self->message->len >= sizeof (VDAgentMessage))
    {
      const VDAgentMessage *message = (gconstpointer) self->message->data;
      guint32 size = GUINT32_FROM_LE (message->size);
      guint32 got = GUINT32_FROM_LE (message->type);

      if (self->message->len < sizeof *message + size)
        break;
      self->type = got;
      g_byte_array_set_size (self->payload, 0);
      g_byte_array_append (self->payload, message->data, size);
      g_byte_array_remove_range (self->message, 0, (guint) sizeof *message + size);
      if (got == type)
        return TRUE;
    }
  return FALSE;
}

static void
announce (Fixture *self)
{
  struct
  {
    guint32 request;
    guint32 caps;
  } announced = { 0, GUINT32_TO_LE (1u << VD_AGENT_CAP_MONITORS_CONFIG | 1u << VD_AGENT_CAP_REPLY |
                                    1u << VD_AGENT_CAP_CLIPBOARD_BY_DEMAND |
                                    1u << VD_AGENT_CAP_CLIPBOARD_SELECTION |
                                    1u << VD_AGENT_CAP_GUEST_LINEEND_CRLF |
                                    1u << VD_AGENT_CAP_MAX_CLIPBOARD) };

  spice_wait_until (hear (self, VD_AGENT_ANNOUNCE_CAPABILITIES), "the viewer says what it can");
  send_message (self, VD_AGENT_ANNOUNCE_CAPABILITIES, &announced, sizeof announced);
  spice_wait_until (kvmm_display_get_capabilities (self->display) & KVMM_DISPLAY_CAN_RESIZE,
                    "the agent's capabilities arrive");
}

/* ---- fixture ---- */

static void
received_cb (KvmmDisplay *display, const char *text, gpointer user_data)
{
  g_ptr_array_add (user_data, g_strdup (text));
}

static void
set_up (Fixture *self, gconstpointer adapter)
{
  g_autoptr (GError) error = NULL;

  self->directory = g_dir_make_tmp ("kvmm-spice-XXXXXX", &error);
  g_assert_no_error (error);
  self->socket = g_build_filename (self->directory, "q", NULL);
  self->heard = g_byte_array_new ();
  self->message = g_byte_array_new ();
  self->payload = g_byte_array_new ();
  self->received = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *qtest = g_strdup_printf ("unix:%s,server=on,wait=off", self->socket);
  const char *const arguments[] = { "-qtest",
                                    qtest,
                                    "-qtest-log",
                                    "/dev/null",
                                    "-chardev",
                                    "spicevmc,id=v,name=vdagent",
                                    "-device",
                                    "isa-serial,chardev=v,iobase=0x220,irq=5",
                                    adapter != NULL ? "-device" : NULL,
                                    adapter,
                                    NULL };
  self->server = spice_server_new (NULL, arguments);

  /* It is there a moment after that of the screen. */
  spice_wait_until ((self->machine = connect_machine (self)) != NULL, "the ports can be driven");
  self->answers =
      g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (self->machine)));
  write_port (self, UART_FIFO, 1);

  self->display = kvmm_display_spice_new ();
  self->window = GTK_WINDOW (gtk_window_new ());
  gtk_window_set_child (self->window, GTK_WIDGET (self->display));
  gtk_window_present (self->window);
  g_signal_connect (self->display, "clipboard-received", G_CALLBACK (received_cb), self->received);
  g_autoptr (KvmmSpiceSession) session = spice_server_connect (self->server);
  kvmm_display_spice_open_session (KVMM_DISPLAY_SPICE (self->display), session);
  spice_wait_until (kvmm_display_get_state (self->display) == KVMM_DISPLAY_CONNECTED,
                    "the display is connected");
  /* Words for the machine wait for an answer, and QEMU answers nobody while it waits for a channel
   * of the screen to begin. */
  spice_wait_until (kvmm_display_get_guest_width (self->display) > 0, "there is a picture");
  spice_wait_until (kvmm_spice_input_is_open (kvmm_spice_session_get_input (session)),
                    "the channels are open");
  announce (self);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  gtk_window_destroy (self->window);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_object_unref (self->answers);
  g_object_unref (self->machine);
  spice_server_free (self->server);
  g_byte_array_unref (self->heard);
  g_byte_array_unref (self->message);
  g_byte_array_unref (self->payload);
  g_ptr_array_unref (self->received);
  g_unlink (self->socket);
  g_rmdir (self->directory);
  g_free (self->socket);
  g_free (self->directory);
}

/* ---- cases ---- */

static void
test_what_an_agent_brings (Fixture *self, gconstpointer data)
{
  KvmmDisplayCapabilities capabilities = kvmm_display_get_capabilities (self->display);
  g_autofree char *text = kvmm_display_dup_clipboard_text (self->display);

  g_assert_true (kvmm_display_spice_get_agent (KVMM_DISPLAY_SPICE (self->display)));
  g_assert_true (capabilities & KVMM_DISPLAY_CAN_CLIPBOARD_TO_GUEST);
  g_assert_true (capabilities & KVMM_DISPLAY_CAN_CLIPBOARD_FROM_GUEST);
  g_assert_true (capabilities & KVMM_DISPLAY_CAN_DROP_FILES);
  g_assert_null (kvmm_display_dup_resize_text (self->display));
  g_assert_nonnull (strstr (text, "both directions"));
}

static void
test_the_guest_takes_the_size (Fixture *self, gconstpointer data)
{
  KVMM_DISPLAY_GET_CLASS (self->display)->request_size (self->display, 1296, 904);
  for (;;)
    {
      spice_wait_until (hear (self, VD_AGENT_MONITORS_CONFIG), "the size is asked for");
      const VDAgentMonitorsConfig *config = (gconstpointer) self->payload->data;
      g_assert_cmpuint (self->payload->len, >=, sizeof *config + sizeof (VDAgentMonConfig));
      if (config->num_of_monitors >= 1 && config->monitors[0].width == 1296)
        {
          g_assert_cmpuint (config->monitors[0].height, ==, 904);
          break;
        }
    }
}

/* Two adapters: what the second shows waits for its driver. */
static void
test_a_further_screen_is_asked_for (Fixture *self, gconstpointer data)
{
  spice_wait_until (kvmm_display_get_n_heads (self->display) == 2, "the second adapter is there");
  g_assert_cmpuint (kvmm_display_get_max_heads (self->display), >=, 2);
  g_assert_false (kvmm_display_enable_head (self->display, 16, TRUE));

  g_assert_true (kvmm_display_enable_head (self->display, 1, TRUE));
  for (guint n_monitors = 0; n_monitors < 2;)
    {
      spice_wait_until (hear (self, VD_AGENT_MONITORS_CONFIG), "the guest is asked");
      n_monitors =
          ((const VDAgentMonitorsConfig *) (gconstpointer) self->payload->data)->num_of_monitors;
    }
  KvmmDisplay *other = g_object_ref_sink (kvmm_display_new_head (self->display, 1));
  g_assert_cmpint (kvmm_display_get_state (other), ==, KVMM_DISPLAY_CONNECTED);
  g_assert_cmpuint (kvmm_display_get_guest_width (other), ==, 0);
  /* Closing one screen leaves the other. */
  kvmm_display_close (other);
  g_assert_finalize_object (other);
  g_assert_cmpint (kvmm_display_get_state (self->display), ==, KVMM_DISPLAY_CONNECTED);
}

static const guint8 selection[4] = { VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD, 0, 0, 0 };

/* @words of 32 bits after the selection */
static void
send_clipboard (Fixture *self, guint32 type, guint32 word, const char *text)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  g_byte_array_append (bytes, selection, sizeof selection);
  word = GUINT32_TO_LE (word);
  g_byte_array_append (bytes, (const guint8 *) &word, sizeof word);
  g_byte_array_append (bytes, (const guint8 *) text, (guint) strlen (text));
  send_message (self, type, bytes->data, bytes->len);
}

static void
test_text_from_the_guest (Fixture *self, gconstpointer data)
{
  send_clipboard (self, VD_AGENT_CLIPBOARD_GRAB, VD_AGENT_CLIPBOARD_UTF8_TEXT, "");
  spice_wait_until (hear (self, VD_AGENT_CLIPBOARD_REQUEST), "the text is asked for");
  send_clipboard (self, VD_AGENT_CLIPBOARD, VD_AGENT_CLIPBOARD_UTF8_TEXT, "Grüße\r\nline");
  spice_wait_until (self->received->len == 1, "the text is on the clipboard");
  g_assert_cmpstr (self->received->pdata[0], ==, "Grüße\nline");
}

static void
test_text_to_the_guest (Fixture *self, gconstpointer data)
{
  /* The widget offers what the clipboard holds by itself while it has the focus, which is not sure
   * on a display without a window manager. */
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self->display)), "one\ntwo");
  KVMM_DISPLAY_GET_CLASS (self->display)->set_clipboard (self->display, "one\ntwo");
  spice_wait_until (hear (self, VD_AGENT_CLIPBOARD_GRAB), "the text is offered");
  /* Nothing of it has gone to the guest yet. */
  send_clipboard (self, VD_AGENT_CLIPBOARD_REQUEST, VD_AGENT_CLIPBOARD_UTF8_TEXT, "");
  spice_wait_until (hear (self, VD_AGENT_CLIPBOARD), "the text arrives");
  g_assert_cmpuint (self->payload->len, ==, 8 + strlen ("one\r\ntwo"));
  g_assert_cmpint (memcmp (self->payload->data + 8, "one\r\ntwo", 8), ==, 0);

  /* Switched off: the offer is withdrawn, and a question gets nothing. */
  kvmm_display_set_clipboard_enabled (self->display, FALSE);
  spice_wait_until (hear (self, VD_AGENT_CLIPBOARD_RELEASE), "the offer is withdrawn");
  send_clipboard (self, VD_AGENT_CLIPBOARD_REQUEST, VD_AGENT_CLIPBOARD_UTF8_TEXT, "");
  spice_wait_until (hear (self, VD_AGENT_CLIPBOARD), "the answer");
  g_assert_cmpuint (self->payload->len, ==, 8);
}

static void
progress_cb (goffset current, goffset total, gpointer user_data)
{
  g_assert_cmpint (current, <=, total);
  *(goffset *) user_data = current;
}

static void
sent_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static void
answer_transfer (Fixture *self, guint32 id, guint32 result)
{
  guint32 status[] = { id, GUINT32_TO_LE (result) };

  send_message (self, VD_AGENT_FILE_XFER_STATUS, status, sizeof status);
}

static void
check_file (Fixture *self, gboolean is_taken)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autofree char *path = g_build_filename (self->directory, "note.txt", NULL);
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (g_object_unref);
  goffset sent = 0;
  guint32 id;

  g_assert_true (g_file_set_contents (path, "hello guest", -1, &error));
  g_ptr_array_add (files, g_file_new_for_path (path));
  kvmm_display_send_files_async (self->display, files, progress_cb, &sent, NULL, sent_cb, &result);
  spice_wait_until (hear (self, VD_AGENT_FILE_XFER_START), "the file is announced");
  memcpy (&id, self->payload->data, sizeof id);
  g_assert_nonnull (strstr ((const char *) self->payload->data + 4, "note.txt"));
  if (is_taken)
    {
      answer_transfer (self, id, VD_AGENT_FILE_XFER_STATUS_CAN_SEND_DATA);
      spice_wait_until (hear (self, VD_AGENT_FILE_XFER_DATA), "its bytes arrive");
      g_assert_nonnull (g_strstr_len ((const char *) self->payload->data + 12, 11, "hello guest"));
      answer_transfer (self, id, VD_AGENT_FILE_XFER_STATUS_SUCCESS);
    }
  else
    {
      answer_transfer (self, id, VD_AGENT_FILE_XFER_STATUS_ERROR);
    }
  spice_wait_until (result != NULL, "the transfer ends");
  gboolean is_done = kvmm_display_send_files_finish (self->display, result, &error);
  if (is_taken)
    {
      g_assert_no_error (error);
      g_assert_true (is_done);
      g_assert_cmpint (sent, ==, 11);
    }
  else
    {
      g_assert_error (error, KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_CLOSED);
    }
  g_unlink (path);
}

static void
test_a_file_is_taken (Fixture *self, gconstpointer data)
{
  check_file (self, TRUE);
}

static void
test_a_file_is_refused (Fixture *self, gconstpointer data)
{
  check_file (self, FALSE);
}

int
main (int argc, char **argv)
{
  gtk_test_init (&argc, &argv, NULL);
  if (!spice_server_is_there ())
    return 0;
  /* The library warns when a connection is dropped in the midst of its beginning. */
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);

#define ADD(name, function)                                                                        \
  g_test_add ("/console/spice-agent/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("what-an-agent-brings", test_what_an_agent_brings);
  ADD ("the-guest-takes-the-size", test_the_guest_takes_the_size);
  ADD ("text-from-the-guest", test_text_from_the_guest);
  ADD ("text-to-the-guest", test_text_to_the_guest);
  ADD ("a-file-is-taken", test_a_file_is_taken);
  ADD ("a-file-is-refused", test_a_file_is_refused);
#undef ADD
  g_test_add ("/console/spice-agent/a-further-screen-is-asked-for", Fixture, "qxl", set_up,
              test_a_further_screen_is_asked_for, tear_down);
  return g_test_run ();
}
