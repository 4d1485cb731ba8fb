/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <gtk/gtk.h>

#include "console/kvmm-display-extras.h"
#include "console/kvmm-display-spice.h"
#include "console/kvmm-keymap.h"
#include "spice-server.h"

/* The widget with a real server. QEMU itself tells what arrived: it traces its input events. */

typedef struct
{
  SpiceServer *server;
  GtkWindow *window;
  KvmmDisplay *display; /* (unowned): in the window */
  char *directory;
  char *trace;
  char *monitor;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  self->directory = g_dir_make_tmp ("kvmm-spice-XXXXXX", &error);
  g_assert_no_error (error);
  self->trace = g_build_filename (self->directory, "trace", NULL);
  self->monitor = g_build_filename (self->directory, "m", NULL);
  g_autofree char *monitor = g_strdup_printf ("unix:%s,server=on,wait=off", self->monitor);
  const char *const arguments[] = {
    "-device", "usb-tablet",          "-trace",    "input_event_*",
    "-D",      self->trace,           "-monitor",  monitor,
    "-device", "virtio-serial",       "-chardev",  "spicevmc,id=r,name=usbredir",
    "-device", "usb-redir,chardev=r", "-audiodev", "spice,id=a",
    "-device", "intel-hda",           "-device",   "hda-duplex,audiodev=a",
    NULL
  };
  self->server = spice_server_new (NULL, arguments);
  self->display = kvmm_display_spice_new ();
  self->window = GTK_WINDOW (gtk_window_new ());
  gtk_window_set_default_size (self->window, 800, 600);
  gtk_window_set_child (self->window, GTK_WIDGET (self->display));
  gtk_window_present (self->window);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  gpointer gone = self->display;

  g_object_add_weak_pointer (G_OBJECT (self->display), &gone);
  gtk_window_destroy (self->window);
  spice_wait_until (gone == NULL, "the widget is finalized");
  spice_server_free (self->server);
  g_unlink (self->trace);
  g_unlink (self->monitor);
  g_rmdir (self->directory);
  g_free (self->trace);
  g_free (self->monitor);
  g_free (self->directory);
}

static void
connect_display (Fixture *self)
{
  g_autoptr (KvmmSpiceSession) session = spice_server_connect (self->server);

  kvmm_display_spice_open_session (KVMM_DISPLAY_SPICE (self->display), session);
  spice_wait_until (kvmm_display_get_state (self->display) == KVMM_DISPLAY_CONNECTED,
                    "the display is connected");
}

/* With all its channels: a server that ends before they are linked ends otherwise. */
static void
open_display (Fixture *self)
{
  connect_display (self);
  KvmmSpiceSession *session = kvmm_display_spice_get_session (KVMM_DISPLAY_SPICE (self->display));
  spice_wait_until (kvmm_spice_input_is_open (kvmm_spice_session_get_input (session)),
                    "keys can be sent");
}

/* ---- what QEMU traced ---- */

static gboolean
is_traced (Fixture *self, const char *line)
{
  g_autofree char *text = NULL;

  return g_file_get_contents (self->trace, &text, NULL, NULL) && strstr (text, line) != NULL;
}

static guint
count_traced (Fixture *self, const char *line)
{
  g_autofree char *text = NULL;
  guint n_lines = 0;

  if (!g_file_get_contents (self->trace, &text, NULL, NULL))
    return 0;
  for (const char *at = text; (at = strstr (at, line)) != NULL; at++)
    n_lines++;
  return n_lines;
}

static void
tell_monitor (Fixture *self, const char *line)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (self->monitor);
  g_autoptr (GSocketConnection) connection =
      g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, &error);

  g_assert_no_error (error);
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  g_autoptr (GString) answer = g_string_new (NULL);
  char buffer[256];
  /* A prompt before, and one after: then it is done. */
  for (guint prompts = 0; prompts < 2; prompts++)
    {
      while (strstr (answer->str, "(qemu)") == NULL)
        {
          gssize n = g_input_stream_read (input, buffer, sizeof buffer, NULL, &error);
          g_assert_no_error (error);
          g_assert_cmpint (n, >, 0);
          g_string_append_len (answer, buffer, n);
        }
      g_string_truncate (answer, 0);
      if (prompts == 0)
        g_output_stream_write_all (output, line, strlen (line), NULL, NULL, &error);
      g_assert_no_error (error);
    }
}

/* ---- the picture ---- */

/* How many different colours, at most 8. */
static guint
count_colours (KvmmDisplay *display)
{
  g_autoptr (GdkTexture) texture = kvmm_display_copy_picture (display);
  guint32 seen[8];
  guint n_seen = 0;

  if (texture == NULL)
    return 0;
  gsize n_pixels =
      (gsize) gdk_texture_get_width (texture) * (gsize) gdk_texture_get_height (texture);
  g_autofree guint32 *pixels = g_new0 (guint32, n_pixels);
  gdk_texture_download (texture, (guchar *) pixels, (gsize) gdk_texture_get_width (texture) * 4);
  for (gsize i = 0; i < n_pixels && n_seen < G_N_ELEMENTS (seen); i++)
    {
      guint k = 0;
      g_assert_cmphex (pixels[i] >> 24, ==, 255);
      while (k < n_seen && seen[k] != pixels[i])
        k++;
      if (k == n_seen)
        seen[n_seen++] = pixels[i];
    }
  return n_seen;
}

static void
test_the_firmware_is_seen (Fixture *self, gconstpointer data)
{
  open_display (self);
  /* A text screen: the words of the firmware, on black. */
  spice_wait_until (kvmm_display_get_guest_width (self->display) == 720 &&
                        kvmm_display_get_guest_height (self->display) == 400,
                    "the text screen is there");
  spice_wait_until (count_colours (self->display) >= 2, "something is written on it");
  g_assert_cmpuint (kvmm_display_get_n_heads (self->display), ==, 1);
  g_assert_cmpuint (kvmm_display_get_max_heads (self->display), >=, 1);
}

static void
test_a_picture_stays_after_the_end (Fixture *self, gconstpointer data)
{
  open_display (self);
  spice_wait_until (count_colours (self->display) >= 2, "something is written on it");
  spice_server_stop (self->server);
  spice_wait_until (kvmm_display_get_state (self->display) == KVMM_DISPLAY_DISCONNECTED,
                    "the display is disconnected");
  g_assert_error (kvmm_display_get_error (self->display), KVMM_DISPLAY_ERROR,
                  KVMM_DISPLAY_ERROR_CLOSED);
  g_assert_cmpuint (count_colours (self->display), >=, 2);
  g_assert_cmpuint (kvmm_display_get_n_heads (self->display), ==, 0);
}

/* ---- keys and pointer ---- */

static void
send_key (Fixture *self, guint qnum, gboolean down)
{
  KVMM_DISPLAY_GET_CLASS (self->display)->key (self->display, down, 0, qnum);
}

static void
test_keys_arrive (Fixture *self, gconstpointer data)
{
  /* Scancodes of the first set, and what QEMU makes of them. */
  static const struct
  {
    guint qnum;
    const char *name;
  } keys[] = { { 0x1e, "a" },      { 0xc6, "pause" },  { 0x9c, "kp_enter" },
               { 0x9d, "ctrl_r" }, { 0xdb, "meta_l" }, { 0x57, "f11" },
               { 0x56, "less" },   { 0xd3, "delete" }, { 0xb8, "alt_r" } };

  open_display (self);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autofree char *down = g_strdup_printf ("key qcode %s, down 1", keys[i].name);
      g_autofree char *up = g_strdup_printf ("key qcode %s, down 0", keys[i].name);

      send_key (self, keys[i].qnum, TRUE);
      spice_wait_until (is_traced (self, down), down);
      g_assert_false (is_traced (self, up));
      send_key (self, keys[i].qnum, FALSE);
      spice_wait_until (is_traced (self, up), up);
    }
}

static void
test_the_pointer_arrives (Fixture *self, gconstpointer data)
{
  KvmmDisplayClass *klass = KVMM_DISPLAY_GET_CLASS (self->display);

  open_display (self);
  spice_wait_until (kvmm_display_get_guest_width (self->display) == 720, "the firmware runs");
  g_assert_false (kvmm_display_get_pointer_absolute (self->display));
  klass->pointer_motion (self->display, 7, -5, 0);
  spice_wait_until (is_traced (self, "axis x, value 7") && is_traced (self, "axis y, value -5"),
                    "the movement arrives");

  /* What a driver for the tablet does. */
  tell_monitor (self, "mouse_set 3\n");
  spice_wait_until (kvmm_display_get_pointer_absolute (self->display),
                    "the pointer becomes absolute");
  klass->pointer_position (self->display, 360, 200, 0);
  spice_wait_until (is_traced (self, "axis x, value 0x3fff"), "the position arrives");

  klass->pointer_button (self->display, TRUE, 1, 1);
  klass->pointer_button (self->display, FALSE, 1, 0);
  spice_wait_until (is_traced (self, "button left, down 1") &&
                        is_traced (self, "button left, down 0"),
                    "the left button arrives");
  klass->pointer_button (self->display, TRUE, 3, 4);
  klass->pointer_button (self->display, FALSE, 3, 0);
  spice_wait_until (is_traced (self, "button right, down 1"), "the right button arrives");
  klass->pointer_button (self->display, TRUE, 5, 0);
  klass->pointer_button (self->display, FALSE, 5, 0);
  spice_wait_until (is_traced (self, "button wheel-down, down 1"), "the wheel arrives");
  /* No sideways wheel: nothing is sent, and nothing breaks. */
  klass->pointer_button (self->display, TRUE, 6, 0);
  klass->pointer_button (self->display, TRUE, 99, 0);
  klass->pointer_button (self->display, TRUE, 4, 0);
  spice_wait_until (is_traced (self, "button wheel-up, down 1"), "the wheel arrives");
}

static void
test_keys_wait_for_their_channel (Fixture *self, gconstpointer data)
{
  KvmmDisplayClass *klass = KVMM_DISPLAY_GET_CLASS (self->display);

  self->server->holds_after = 1;
  connect_display (self);
  spice_wait_until (self->server->n_opened >= 2, "further descriptors are asked for");
  /* One more than may wait: 128 times down and up, and one down that is lost. */
  for (guint i = 0; i < KVMM_SPICE_INPUT_MAX_WAITING / 2; i++)
    {
      send_key (self, 0x1e, TRUE);
      send_key (self, 0x1e, FALSE);
    }
  send_key (self, 0x30, TRUE);
  klass->set_lock_keys (self->display, KVMM_LOCK_CAPS);
  spice_server_let_go (self->server);
  spice_wait_until (is_traced (self, "key qcode caps_lock, down 0"), "Caps Lock is pressed");
  spice_wait_until (count_traced (self, "key qcode a, down 0") == KVMM_SPICE_INPUT_MAX_WAITING / 2,
                    "all that waited arrives");
  /* And what is struck later, behind it. */
  send_key (self, 0x2e, TRUE);
  spice_wait_until (is_traced (self, "key qcode c, down 1"), "c goes down");
  g_assert_false (is_traced (self, "key qcode b"));
}

static void
test_lock_keys_are_set (Fixture *self, gconstpointer data)
{
  open_display (self);
  /* The server presses the key when the guest's light differs. */
  KVMM_DISPLAY_GET_CLASS (self->display)->set_lock_keys (self->display, KVMM_LOCK_CAPS);
  spice_wait_until (is_traced (self, "key qcode caps_lock, down 0"), "Caps Lock is pressed");
  g_assert_false (is_traced (self, "key qcode num_lock"));
}

/* ---- beside the screen ---- */

static void
test_what_the_machine_offers (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  open_display (self);
  spice_wait_until (kvmm_display_get_capabilities (self->display) & KVMM_DISPLAY_CAN_AUDIO,
                    "the channel of sound");
  spice_wait_until (kvmm_display_get_capabilities (self->display) & KVMM_DISPLAY_CAN_USB,
                    "the channel of USB devices");
  g_assert_false (kvmm_display_get_capabilities (self->display) &
                  (KVMM_DISPLAY_CAN_RESIZE | KVMM_DISPLAY_CAN_CLIPBOARD_TO_GUEST |
                   KVMM_DISPLAY_CAN_CLIPBOARD_FROM_GUEST | KVMM_DISPLAY_CAN_DROP_FILES));
  g_assert_true (kvmm_display_get_is_exclusive (self->display));
  g_assert_false (kvmm_display_enable_head (self->display, 1, TRUE));

  g_autofree char *resize = kvmm_display_dup_resize_text (self->display);
  g_assert_nonnull (strstr (resize, "spice-vdagent"));
  g_autofree char *clipboard = kvmm_display_dup_clipboard_text (self->display);
  g_assert_nonnull (strstr (clipboard, "spice-vdagent"));

  g_autoptr (KvmmUsbList) devices = kvmm_display_list_usb (self->display, &error);
  g_assert_no_error (error);
  g_test_message ("%u USB devices", g_list_model_get_n_items (G_LIST_MODEL (devices)));
}

static void
sent_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static void
check_send (Fixture *self, GPtrArray *files, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  kvmm_display_send_files_async (self->display, files, NULL, NULL, NULL, sent_cb, &result);
  spice_wait_until (result != NULL, "sending ends");
  g_assert_false (kvmm_display_send_files_finish (self->display, result, &error));
  g_assert_error (error, KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, words));
}

static void
test_files_without_an_agent (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (g_object_unref);

  open_display (self);
  check_send (self, files, "256");
  g_ptr_array_add (files, g_file_new_for_path (self->directory));
  check_send (self, files, "is not a file");
  g_ptr_array_set_size (files, 0);
  g_ptr_array_add (files, g_file_new_for_path ("/proc/version"));
  check_send (self, files, "spice-vdagent");
  while (files->len <= KVMM_DISPLAY_FILES_MAX)
    g_ptr_array_add (files, g_file_new_for_path ("/proc/version"));
  check_send (self, files, "256");
}

static void
test_a_further_screen_ends_with_the_first (Fixture *self, gconstpointer data)
{
  open_display (self);
  spice_wait_until (count_colours (self->display) >= 2, "the firmware runs");
  KvmmDisplay *other = kvmm_display_new_head (self->display, 1);
  g_object_ref_sink (other);
  g_assert_cmpint (kvmm_display_get_state (other), ==, KVMM_DISPLAY_CONNECTED);
  g_assert_cmpuint (kvmm_display_get_guest_width (other), ==, 0);
  kvmm_display_close (self->display);
  spice_wait_until (kvmm_display_get_state (other) == KVMM_DISPLAY_DISCONNECTED,
                    "the other screen ends too");
  g_assert_finalize_object (other);
}

/* The server may take up the connection of an earlier widget, which is on its way out, after this
 * one, and close this one for it. */
static gboolean
is_shown_again (Fixture *self, KvmmDisplay *display)
{
  if (kvmm_display_get_state (display) == KVMM_DISPLAY_DISCONNECTED)
    {
      g_autoptr (KvmmSpiceSession) session = spice_server_connect (self->server);
      kvmm_display_spice_open_session (KVMM_DISPLAY_SPICE (display), session);
    }
  return count_colours (display) >= 1;
}

/* Opened and thrown away at any moment. */
static void
test_forty_lives (Fixture *self, gconstpointer data)
{
  guint before = 0;

  for (guint i = 0; i < 41; i++)
    {
      g_autoptr (KvmmSpiceSession) session = spice_server_connect (self->server);
      GtkWindow *window = GTK_WINDOW (gtk_window_new ());
      KvmmDisplay *display = kvmm_display_spice_new ();
      gpointer gone = display;
      gpointer gone_session = session;

      g_object_add_weak_pointer (G_OBJECT (display), &gone);
      g_object_add_weak_pointer (G_OBJECT (session), &gone_session);
      gtk_window_set_child (window, GTK_WIDGET (display));
      gtk_window_present (window);
      kvmm_display_spice_open_session (KVMM_DISPLAY_SPICE (display), session);
      for (guint turn = 0; turn < i * 5; turn++)
        g_main_context_iteration (NULL, FALSE);
      if (i % 8 == 0)
        spice_wait_until (is_shown_again (self, display), "there is a picture");
      g_clear_object (&session);
      gtk_window_destroy (window);
      spice_wait_until (gone == NULL && gone_session == NULL, "all is finalized");
      if (i == 0)
        {
          spice_wait_until (!g_main_context_iteration (NULL, FALSE), "peace");
          before = spice_server_count_descriptors ();
        }
    }
  spice_wait_until (spice_server_count_descriptors () <= before, "all descriptors are closed");
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
  g_test_add ("/console/display-spice/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("the-firmware-is-seen", test_the_firmware_is_seen);
  ADD ("a-picture-stays-after-the-end", test_a_picture_stays_after_the_end);
  ADD ("keys-arrive", test_keys_arrive);
  ADD ("keys-wait-for-their-channel", test_keys_wait_for_their_channel);
  ADD ("the-pointer-arrives", test_the_pointer_arrives);
  ADD ("lock-keys-are-set", test_lock_keys_are_set);
  ADD ("what-the-machine-offers", test_what_the_machine_offers);
  ADD ("files-without-an-agent", test_files_without_an_agent);
  ADD ("a-further-screen-ends-with-the-first", test_a_further_screen_ends_with_the_first);
  ADD ("forty-lives", test_forty_lives);
#undef ADD
  return g_test_run ();
}
