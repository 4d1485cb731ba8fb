/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <string.h>

#include "console/kvmm-key-typer.h"
#include "display-fixture.h"

#define ENCODING_RRE 2
#define ENCODING_LED (-261)
#define ENCODING_EXT_KEY (-258)
#define ENCODING_POINTER (-257)
#define ENCODING_DESKTOP_SIZE (-223)
#define ENCODING_CURSOR (-239)

/* Evdev codes + 8. */
#define KEYCODE_A 38
#define KEYCODE_SHIFT 50
#define KEYCODE_CONTROL 37
#define KEYCODE_ALT 64
#define KEYCODE_CAPS 66

static void
test_create_drop (void)
{
  KvmmDisplay *display = g_object_ref_sink (kvmm_display_vnc_new ());

  g_assert_cmpint (kvmm_display_get_state (display), ==, KVMM_DISPLAY_IDLE);
  g_assert_finalize_object (display);
}

/* ---- signing in ---- */

static void
test_no_password (void)
{
  Fixture f;

  fixture_connect (&f, FIXTURE_CONFIG ());
  g_assert_true (f.server->is_shared);
  g_assert_cmpuint (kvmm_display_get_guest_width (f.display), ==, 640);
  g_assert_cmpuint (kvmm_display_get_guest_height (f.display), ==, 480);
  fixture_tear_down (&f);
}

static void
test_right_password (void)
{
  Fixture f;

  fixture_set_up (&f, FIXTURE_CONFIG (.security = 2));
  test_wait_until (kvmm_display_get_state (f.display) == KVMM_DISPLAY_AUTH_NEEDED);
  g_assert_cmpuint (kvmm_display_get_auth_needs (f.display), ==, KVMM_DISPLAY_NEEDS_PASSWORD);
  kvmm_display_answer_auth (f.display, NULL, RFB_PASSWORD);
  test_wait_until (kvmm_display_get_state (f.display) == KVMM_DISPLAY_CONNECTED);
  g_assert_cmpuint (f.n_closed, ==, 0);
  fixture_tear_down (&f);
}

static void
test_wrong_password (void)
{
  Fixture f;

  fixture_set_up (&f, FIXTURE_CONFIG (.security = 2));
  test_wait_until (kvmm_display_get_state (f.display) == KVMM_DISPLAY_AUTH_NEEDED);
  kvmm_display_answer_auth (f.display, NULL, "sesame43");
  test_wait_until (f.n_closed == 1);
  g_assert_error (f.error, KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_AUTH);
  g_assert_nonnull (strstr (f.error->message, "Authentication failed"));
  g_assert_cmpint (kvmm_display_get_state (f.display), ==, KVMM_DISPLAY_DISCONNECTED);
  fixture_tear_down (&f);
}

static void
test_unknown_security (void)
{
  Fixture f;

  fixture_set_up (&f, FIXTURE_CONFIG (.security = 5));
  test_wait_until (f.n_closed == 1);
  g_assert_error (f.error, KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_UNSUPPORTED);
  fixture_tear_down (&f);
}

/* ---- pictures ---- */

static void
test_one_request_for_many_rectangles (void)
{
  Fixture f;

  fixture_connect (&f, FIXTURE_CONFIG ());
  test_wait_until (!kvmm_display_get_paused (f.display));
  for (guint update = 1; update <= 4; update++)
    {
      g_assert_cmpuint (f.server->requests->len, ==, update);
      rfb_begin_update (f.server, 30);
      for (guint i = 0; i < 30; i++)
        rfb_put_raw (f.server, i * 20, update * 20, 16, 16);
      test_wait_until (f.server->requests->len > update);
      for (guint i = 0; i < 5; i++)
        fixture_wait_frame (&f);
    }

  const RfbRequest *request = &g_array_index (f.server->requests, RfbRequest, 0);
  g_assert_false (request->incremental);
  g_assert_cmpuint (request->width, ==, 640);
  g_assert_true (g_array_index (f.server->requests, RfbRequest, 1).incremental);
  fixture_tear_down (&f);
}

static void
test_nothing_while_hidden (void)
{
  Fixture f;

  fixture_connect (&f, FIXTURE_CONFIG ());
  rfb_put_all (f.server);
  test_wait_until (f.server->requests->len == 2);
  gtk_widget_set_visible (GTK_WIDGET (f.display), FALSE);
  g_assert_true (kvmm_display_get_paused (f.display));
  rfb_put_all (f.server);
  test_wait_until (rfb_server_get_pending (f.server) == 0);
  for (guint i = 0; i < 5; i++)
    fixture_wait_frame (&f);
  g_assert_cmpuint (f.server->requests->len, ==, 2);

  gtk_widget_set_visible (GTK_WIDGET (f.display), TRUE);
  test_wait_until (f.server->requests->len == 3);
  fixture_tear_down (&f);
}

static void
paint_random (RfbServer *server, GRand *random, guint x, guint y, guint width, guint height)
{
  for (guint row = y; row < y + height; row++)
    for (guint column = x; column < x + width; column++)
      /* Little endian: B G R and a byte that means nothing. */
      server->pixels[row * server->config.width + column] = g_rand_int (random) & 0xffffff;
}

static guint
count_wrong (Fixture *f)
{
  int width, height;
  g_autofree guint32 *pixels = fixture_render (f, &width, &height);
  guint n_wrong = 0;

  g_assert_cmpint (width, ==, (int) f->server->config.width);
  g_assert_cmpint (height, ==, (int) f->server->config.height);
  for (int i = 0; i < width * height; i++)
    if (pixels[i] != (f->server->pixels[i] | 0xff000000u))
      n_wrong++;
  return n_wrong;
}

/* QEMU leaves the fourth byte of a pixel 0: drawn as it is, it would let through what lies below.
 */
static void
test_every_pixel_is_right (void)
{
  Fixture f;
  g_autoptr (GRand) random = g_rand_new_with_seed (42);

  fixture_connect (&f, FIXTURE_CONFIG ());
  test_wait_until (gtk_widget_get_width (GTK_WIDGET (f.display)) == 640);
  paint_random (f.server, random, 0, 0, 640, 480);
  rfb_put_all (f.server);
  test_wait_until (f.server->requests->len == 2);
  for (guint i = 0; i < 20; i++)
    {
      guint x = (guint) g_rand_int_range (random, 0, 600);
      guint y = (guint) g_rand_int_range (random, 0, 440);
      guint width = (guint) g_rand_int_range (random, 1, 640 - (int) x);
      guint height = (guint) g_rand_int_range (random, 1, 480 - (int) y);

      paint_random (f.server, random, x, y, width, height);
      rfb_begin_update (f.server, 1);
      rfb_put_raw (f.server, x, y, width, height);
      test_wait_until (f.server->requests->len == 3 + i);
    }
  g_assert_cmpuint (count_wrong (&f), ==, 0);
  fixture_tear_down (&f);
}

static void
test_guest_changes_size (void)
{
  Fixture f;
  g_autoptr (GRand) random = g_rand_new_with_seed (7);

  fixture_connect (&f, FIXTURE_CONFIG ());
  rfb_put_all (f.server);
  test_wait_until (f.server->requests->len == 2);
  rfb_begin_update (f.server, 1);
  rfb_put_extended_size (f.server, 800, 600);
  test_wait_until (kvmm_display_get_guest_width (f.display) == 800);
  g_assert_true (kvmm_display_get_capabilities (f.display) & KVMM_DISPLAY_CAN_RESIZE);
  gtk_window_set_default_size (f.window, 800, 600);
  test_wait_until (gtk_widget_get_width (GTK_WIDGET (f.display)) == 800 &&
                   f.server->requests->len >= 3);
  paint_random (f.server, random, 0, 0, 800, 600);
  rfb_put_all (f.server);

  guint n_requests = f.server->requests->len;
  test_wait_until (f.server->requests->len > n_requests);
  g_assert_cmpuint (count_wrong (&f), ==, 0);

  /* Said once more, it changes nothing: the framebuffer stays. */
  KvmmFramebuffer *before = kvmm_display_get_framebuffer (f.display);
  rfb_begin_update (f.server, 2);
  rfb_put_extended_size (f.server, 800, 600);
  rfb_put_raw (f.server, 0, 0, 16, 16);
  n_requests = f.server->requests->len;
  test_wait_until (f.server->requests->len > n_requests);
  g_assert_true (kvmm_display_get_framebuffer (f.display) == before);
  fixture_tear_down (&f);
}

static void
test_window_asks_for_size (void)
{
  Fixture f;

  fixture_connect (&f, FIXTURE_CONFIG ());
  rfb_begin_update (f.server, 2);
  rfb_put_extended_size (f.server, 640, 480);
  rfb_put_raw (f.server, 0, 0, 640, 480);
  test_wait_until (kvmm_display_get_capabilities (f.display) & KVMM_DISPLAY_CAN_RESIZE);
  g_assert_cmpuint (f.server->n_asked, ==, 0);
  gtk_window_set_default_size (f.window, 717, 533);
  kvmm_display_set_resize_guest (f.display, TRUE);
  test_wait_until (f.server->asked_height == 533);
  /* QEMU counts columns in sixteens. */
  g_assert_cmpuint (f.server->asked_width, ==, 704);
  fixture_tear_down (&f);
}

static void
test_server_cannot_take_sizes (void)
{
  Fixture f;

  fixture_connect (&f, FIXTURE_CONFIG ());
  rfb_put_all (f.server);
  test_wait_until (f.server->requests->len == 2);
  g_assert_false (kvmm_display_get_capabilities (f.display) & KVMM_DISPLAY_CAN_RESIZE);
  /* Pretends; the library knows better, and the display takes it back. */
  kvmm_display_set_capability (f.display, KVMM_DISPLAY_CAN_RESIZE, TRUE);
  gtk_window_set_default_size (f.window, 720, 544);
  kvmm_display_set_resize_guest (f.display, TRUE);
  test_wait_until (!(kvmm_display_get_capabilities (f.display) & KVMM_DISPLAY_CAN_RESIZE));
  g_assert_cmpuint (f.server->n_asked, ==, 0);
  fixture_tear_down (&f);
}

static void
test_picture_stays_until_the_next (void)
{
  Fixture f;
  gboolean is_dimmed;
  g_autoptr (GRand) random = g_rand_new_with_seed (3);

  fixture_connect (&f, FIXTURE_CONFIG ());
  paint_random (f.server, random, 0, 0, 640, 480);
  rfb_put_all (f.server);
  test_wait_until (f.server->requests->len == 2);
  rfb_server_drop (f.server);
  test_wait_until (f.n_closed == 1);
  g_object_get (f.display, "dimmed", &is_dimmed, NULL);
  g_assert_true (is_dimmed);

  RfbServer *next = rfb_server_new (FIXTURE_CONFIG ());
  kvmm_display_vnc_open_fd (KVMM_DISPLAY_VNC (f.display), rfb_server_take_fd (next), TRUE, NULL);
  test_wait_until (next->requests->len == 1);
  g_object_get (f.display, "dimmed", &is_dimmed, NULL);
  g_assert_true (is_dimmed);
  g_autoptr (GdkTexture) picture = kvmm_display_copy_picture (f.display);
  g_autofree guint32 *pixels = g_new (guint32, 640 * 480);
  gdk_texture_download (picture, (guchar *) pixels, 640 * 4);
  g_assert_cmphex (pixels[1000], ==, f.server->pixels[1000] | 0xff000000u);

  rfb_put_all (next);
  test_wait_until (next->requests->len == 2);
  g_object_get (f.display, "dimmed", &is_dimmed, NULL);
  g_assert_false (is_dimmed);
  kvmm_display_close (f.display);
  rfb_server_free (next);
  fixture_tear_down (&f);
}

/* ---- keys and pointer ---- */

static void
enable_extended_keys (Fixture *f)
{
  guint n_requests = f->server->requests->len;

  rfb_begin_update (f->server, 2);
  rfb_put_rect (f->server, 0, 0, 640, 480, ENCODING_EXT_KEY);
  rfb_put_raw (f->server, 0, 0, 16, 16);
  test_wait_until (f->server->requests->len > n_requests);
}

static KvmmDisplayKeyboard *
keyboard_of (Fixture *f)
{
  return kvmm_display_get_private (f->display)->keyboard;
}

static void
assert_key (Fixture *f, guint i, gboolean down, guint keyval, guint qnum)
{
  const RfbKey *key;

  test_wait_until (f->server->keys->len > i);
  key = &g_array_index (f->server->keys, RfbKey, i);
  g_assert_cmpint (key->down, ==, down);
  g_assert_cmphex (key->keyval, ==, keyval);
  g_assert_cmphex (key->qnum, ==, qnum);
}

static void
test_keys_travel_as_scancodes (void)
{
  Fixture f;

  fixture_connect (&f, FIXTURE_CONFIG ());
  enable_extended_keys (&f);
  g_assert_true (kvmm_display_keyboard_press (keyboard_of (&f), GDK_KEY_a, KEYCODE_A, 0));
  kvmm_display_keyboard_release (keyboard_of (&f), GDK_KEY_a, KEYCODE_A);
  assert_key (&f, 0, TRUE, GDK_KEY_a, 0x1e);
  assert_key (&f, 1, FALSE, GDK_KEY_a, 0x1e);
  /* Released with another layer of the keyboard: what was pressed is released. */
  kvmm_display_keyboard_press (keyboard_of (&f), GDK_KEY_A, KEYCODE_A, GDK_SHIFT_MASK);
  kvmm_display_keyboard_release (keyboard_of (&f), GDK_KEY_a, KEYCODE_A);
  assert_key (&f, 3, FALSE, GDK_KEY_A, 0x1e);
  g_assert_true (kvmm_display_send_keys (f.display, "Control_L+Alt_L+Delete"));
  assert_key (&f, 4, TRUE, GDK_KEY_Control_L, 0x1d);
  assert_key (&f, 6, TRUE, GDK_KEY_Delete, 0xd3);
  assert_key (&f, 9, FALSE, GDK_KEY_Control_L, 0x1d);
  g_assert_false (kvmm_display_send_keys (f.display, "Control_L+NoSuchKey"));
  fixture_tear_down (&f);
}

static void
test_lost_focus_releases_keys (void)
{
  Fixture f;

  fixture_connect (&f, FIXTURE_CONFIG ());
  enable_extended_keys (&f);
  kvmm_display_keyboard_focus (keyboard_of (&f), TRUE);
  kvmm_display_keyboard_press (keyboard_of (&f), GDK_KEY_Shift_L, KEYCODE_SHIFT, 0);
  kvmm_display_keyboard_press (keyboard_of (&f), GDK_KEY_A, KEYCODE_A, GDK_SHIFT_MASK);
  /* The keyboard repeats. */
  kvmm_display_keyboard_press (keyboard_of (&f), GDK_KEY_A, KEYCODE_A, GDK_SHIFT_MASK);
  g_assert_cmpuint (kvmm_display_keyboard_get_n_held (keyboard_of (&f)), ==, 2);
  kvmm_display_keyboard_focus (keyboard_of (&f), FALSE);
  g_assert_cmpuint (kvmm_display_keyboard_get_n_held (keyboard_of (&f)), ==, 0);
  test_wait_until (f.server->keys->len == 5);
  g_assert_false (g_array_index (f.server->keys, RfbKey, 3).down);
  g_assert_false (g_array_index (f.server->keys, RfbKey, 4).down);
  fixture_tear_down (&f);
}

static void
press_release_keys (Fixture *f)
{
  kvmm_display_keyboard_press (keyboard_of (f), GDK_KEY_Control_L, KEYCODE_CONTROL, 0);
  kvmm_display_keyboard_press (keyboard_of (f), GDK_KEY_Alt_L, KEYCODE_ALT, GDK_CONTROL_MASK);
}

static void
test_release_keys (void)
{
  Fixture f;

  fixture_connect (&f, FIXTURE_CONFIG ());
  kvmm_display_keyboard_focus (keyboard_of (&f), TRUE);
  g_assert_true (kvmm_display_get_sends_keys (f.display));

  /* With another key between them they are a combination for the guest. */
  press_release_keys (&f);
  kvmm_display_keyboard_press (keyboard_of (&f), GDK_KEY_a, KEYCODE_A, GDK_CONTROL_MASK);
  kvmm_display_keyboard_release (keyboard_of (&f), GDK_KEY_a, KEYCODE_A);
  kvmm_display_keyboard_release (keyboard_of (&f), GDK_KEY_Alt_L, KEYCODE_ALT);
  kvmm_display_keyboard_release (keyboard_of (&f), GDK_KEY_Control_L, KEYCODE_CONTROL);
  g_assert_true (kvmm_display_get_sends_keys (f.display));

  press_release_keys (&f);
  kvmm_display_keyboard_release (keyboard_of (&f), GDK_KEY_Alt_L, KEYCODE_ALT);
  g_assert_false (kvmm_display_get_sends_keys (f.display));
  g_assert_cmpuint (kvmm_display_keyboard_get_n_held (keyboard_of (&f)), ==, 0);
  kvmm_display_keyboard_release (keyboard_of (&f), GDK_KEY_Control_L, KEYCODE_CONTROL);
  g_assert_false (kvmm_display_keyboard_press (keyboard_of (&f), GDK_KEY_a, KEYCODE_A, 0));

  /* The same keys take it back. */
  press_release_keys (&f);
  kvmm_display_keyboard_release (keyboard_of (&f), GDK_KEY_Alt_L, KEYCODE_ALT);
  g_assert_true (kvmm_display_get_sends_keys (f.display));
  g_assert_false (kvmm_display_set_release_keys (f.display, "Nonsense"));
  g_assert_true (kvmm_display_set_release_keys (f.display, "Control_R"));
  fixture_tear_down (&f);
}

static gboolean
host_shortcut_cb (KvmmDisplay *display, guint keyval, GdkModifierType modifiers, guint *n_seen)
{
  (*n_seen)++;
  return TRUE;
}

static void
test_host_shortcuts_stay (void)
{
  static const char *const accelerators[] = { "<Control>q", "not an accelerator", NULL };
  Fixture f;
  guint n_seen = 0;

  fixture_connect (&f, FIXTURE_CONFIG ());
  enable_extended_keys (&f);
  kvmm_display_set_host_shortcuts (f.display, accelerators);
  g_assert_false (kvmm_display_keyboard_press (keyboard_of (&f), GDK_KEY_q, 24, GDK_CONTROL_MASK));
  g_signal_connect (f.display, "host-shortcut", G_CALLBACK (host_shortcut_cb), &n_seen);
  g_assert_true (kvmm_display_keyboard_press (keyboard_of (&f), GDK_KEY_q, 24, GDK_CONTROL_MASK));
  g_assert_cmpuint (n_seen, ==, 1);
  kvmm_display_keyboard_press (keyboard_of (&f), GDK_KEY_a, KEYCODE_A, 0);
  assert_key (&f, 0, TRUE, GDK_KEY_a, 0x1e);
  g_signal_handlers_disconnect_by_data (f.display, &n_seen);
  fixture_tear_down (&f);
}

static void
test_read_only_sends_nothing (void)
{
  Fixture f;

  fixture_connect (&f, FIXTURE_CONFIG ());
  kvmm_display_set_read_only (f.display, TRUE);
  g_assert_false (kvmm_display_keyboard_press (keyboard_of (&f), GDK_KEY_a, KEYCODE_A, 0));
  kvmm_display_pointer_pressed (kvmm_display_get_private (f.display)->pointer, 1, 5, 5);
  g_assert_false (kvmm_display_send_keys (f.display, "Delete"));
  kvmm_display_set_read_only (f.display, FALSE);
  g_assert_true (kvmm_display_send_keys (f.display, "Delete"));
  test_wait_until (f.server->keys->len == 2);
  g_assert_cmpuint (f.server->pointers->len, ==, 0);
  fixture_tear_down (&f);
}

static void
send_leds (Fixture *f, guint leds)
{
  guint n_requests = f->server->requests->len;

  rfb_begin_update (f->server, 2);
  rfb_put_rect (f->server, 0, 0, 1, 1, ENCODING_LED);
  rfb_put_u8 (f->server, leds);
  rfb_put_raw (f->server, 0, 0, 16, 16);
  test_wait_until (f->server->requests->len > n_requests);
}

static void
test_lock_keys_in_step (void)
{
  Fixture f;

  fixture_connect (&f, FIXTURE_CONFIG ());
  enable_extended_keys (&f);
  /* Nothing is switched before the guest has told. */
  kvmm_display_keyboard_sync_locks (keyboard_of (&f), KVMM_LOCK_CAPS);
  send_leds (&f, KVMM_LOCK_NUM);
  g_assert_cmpuint (kvmm_display_get_lock_keys (f.display), ==, KVMM_LOCK_NUM);
  g_assert_cmpuint (f.server->keys->len, ==, 0);

  kvmm_display_keyboard_sync_locks (keyboard_of (&f), KVMM_LOCK_NUM | KVMM_LOCK_CAPS);
  assert_key (&f, 0, TRUE, GDK_KEY_Caps_Lock, 0x3a);
  assert_key (&f, 1, FALSE, GDK_KEY_Caps_Lock, 0x3a);
  /* A guest that does not follow is left alone. */
  kvmm_display_keyboard_sync_locks (keyboard_of (&f), KVMM_LOCK_NUM | KVMM_LOCK_CAPS);
  send_leds (&f, KVMM_LOCK_NUM | KVMM_LOCK_CAPS);
  kvmm_display_keyboard_sync_locks (keyboard_of (&f), KVMM_LOCK_NUM | KVMM_LOCK_CAPS);
  kvmm_display_send_keys (f.display, "Delete");
  assert_key (&f, 2, TRUE, GDK_KEY_Delete, 0xd3);
  fixture_tear_down (&f);
}

static void
assert_pointer (Fixture *f, guint i, guint mask, guint x, guint y)
{
  const RfbPointer *pointer;

  test_wait_until (f->server->pointers->len > i);
  pointer = &g_array_index (f->server->pointers, RfbPointer, i);
  g_assert_cmphex (pointer->mask, ==, mask);
  g_assert_cmpuint (pointer->x, ==, x);
  g_assert_cmpuint (pointer->y, ==, y);
}

static void
test_pointer_position (void)
{
  Fixture f;
  KvmmDisplayPointer *pointer;

  fixture_connect (&f, FIXTURE_CONFIG ());
  test_wait_until (gtk_widget_get_width (GTK_WIDGET (f.display)) == 640);
  pointer = kvmm_display_get_private (f.display)->pointer;
  kvmm_display_pointer_moved (pointer, 100.4, 50.9);
  assert_pointer (&f, 0, 0, 100, 50);
  kvmm_display_pointer_pressed (pointer, 1, 100, 50);
  assert_pointer (&f, 2, 1, 100, 50);
  kvmm_display_pointer_pressed (pointer, 3, 100, 50);
  assert_pointer (&f, 4, 5, 100, 50);
  kvmm_display_pointer_released (pointer, 1, -20, 9000);
  assert_pointer (&f, 6, 4, 0, 479);
  kvmm_display_pointer_release_buttons (pointer, FALSE);
  assert_pointer (&f, 7, 0, 0, 479);
  /* Two half notches are one; a wheel is pressed and released. */
  kvmm_display_pointer_scrolled (pointer, 0, 0.5);
  kvmm_display_pointer_scrolled (pointer, 0, 0.5);
  kvmm_display_pointer_scrolled (pointer, -1, 0);
  assert_pointer (&f, 8, 1 << 4, 0, 479);
  assert_pointer (&f, 9, 0, 0, 479);
  assert_pointer (&f, 10, 1 << 5, 0, 479);
  fixture_tear_down (&f);
}

static void
test_pointer_without_tablet (void)
{
  Fixture f;
  KvmmDisplayPointer *pointer;

  fixture_connect (&f, FIXTURE_CONFIG ());
  rfb_begin_update (f.server, 1);
  rfb_put_rect (f.server, 0, 0, 0, 0, ENCODING_POINTER);
  test_wait_until (!kvmm_display_get_pointer_absolute (f.display));
  pointer = kvmm_display_get_private (f.display)->pointer;
  kvmm_display_pointer_moved_by (pointer, 3.5, -2);
  assert_pointer (&f, 0, 0, 0x7fff + 3, 0x7fff - 2);
  kvmm_display_pointer_moved_by (pointer, 0.5, 0);
  assert_pointer (&f, 1, 0, 0x7fff + 1, 0x7fff);

  rfb_begin_update (f.server, 1);
  rfb_put_rect (f.server, 1, 0, 0, 0, ENCODING_POINTER);
  test_wait_until (kvmm_display_get_pointer_absolute (f.display));
  fixture_tear_down (&f);
}

static void
run_xdotool (const char *arguments)
{
  g_autofree char *command = g_strdup_printf ("xdotool %s", arguments);
  g_autoptr (GError) error = NULL;

  g_spawn_command_line_sync (command, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
}

static int
sum_motion_x (Fixture *f)
{
  int sum = 0;

  for (guint i = 0; i < f->server->pointers->len; i++)
    sum += (int) g_array_index (f->server->pointers, RfbPointer, i).x - 0x7fff;
  return sum;
}

/* The mouse moves further than the screen is wide; the guest hears of all of it. */
static void
test_pointer_is_held (void)
{
  Fixture f;
  g_autofree char *xdotool = g_find_program_in_path ("xdotool");
  KvmmDisplayPointer *pointer;

  if (xdotool == NULL)
    {
      g_test_skip ("xdotool is not installed");
      return;
    }
  fixture_connect (&f, FIXTURE_CONFIG ());
  rfb_begin_update (f.server, 1);
  rfb_put_rect (f.server, 0, 0, 0, 0, ENCODING_POINTER);
  test_wait_until (!kvmm_display_get_pointer_absolute (f.display));
  run_xdotool ("mousemove 320 240");
  for (guint i = 0; i < 3; i++)
    fixture_wait_frame (&f);
  pointer = kvmm_display_get_private (f.display)->pointer;
  g_assert_true (kvmm_display_pointer_get_can_grab (pointer));
  /* The click that takes the pointer is not the guest's. */
  kvmm_display_pointer_pressed (pointer, 1, 320, 240);
  g_assert_true (kvmm_display_get_pointer_grabbed (f.display));
  kvmm_display_pointer_released (pointer, 1, 320, 240);
  run_xdotool ("mousemove_relative 1 0");
  for (guint i = 0; i < 3; i++)
    fixture_wait_frame (&f);

  int before = sum_motion_x (&f);
  for (int i = 1; i <= 8; i++)
    {
      run_xdotool ("mousemove_relative 200 0");
      test_wait_until (sum_motion_x (&f) == before + i * 200);
    }
  for (guint i = 0; i < f.server->pointers->len; i++)
    g_assert_cmpuint (g_array_index (f.server->pointers, RfbPointer, i).mask, ==, 0);
  kvmm_display_ungrab (f.display);
  g_assert_false (kvmm_display_get_pointer_grabbed (f.display));
  fixture_tear_down (&f);
}

static void
test_cursor (void)
{
  Fixture f;

  fixture_connect (&f, FIXTURE_CONFIG ());
  rfb_begin_update (f.server, 1);
  /* Its hot spot lies outside. */
  rfb_put_rect (f.server, 200, 200, 8, 2, ENCODING_CURSOR);
  for (guint i = 0; i < 8 * 2; i++)
    rfb_put_u32 (f.server, 0x11223300);
  rfb_put_u16 (f.server, 0xffff);
  test_wait_until (gtk_widget_get_cursor (GTK_WIDGET (f.display)) != NULL);

  GdkCursor *cursor = gtk_widget_get_cursor (GTK_WIDGET (f.display));
  g_assert_cmpint (gdk_texture_get_width (gdk_cursor_get_texture (cursor)), ==, 8);
  g_assert_cmpint (gdk_cursor_get_hotspot_x (cursor), ==, 7);
  rfb_server_drop (f.server);
  test_wait_until (f.n_closed == 1);
  g_assert_null (gtk_widget_get_cursor (GTK_WIDGET (f.display)));
  fixture_tear_down (&f);
}

/* ---- text as keys ---- */

typedef struct
{
  gboolean is_done;
  guint n_typed;
  GError *error;
} Typing;

static void
typed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Typing *typing = user_data;

  g_clear_error (&typing->error);
  kvmm_key_typer_type_finish (KVMM_DISPLAY (source), result, &typing->error);
  typing->is_done = TRUE;
}

static void
typing_progress_cb (guint n_typed, guint n_total, gpointer user_data)
{
  Typing *typing = user_data;

  g_assert_cmpuint (n_typed, <=, n_total);
  typing->n_typed = n_typed;
}

static void
type (Fixture *f, const char *text, const char *layout, GCancellable *cancellable, Typing *typing)
{
  typing->is_done = FALSE;
  kvmm_key_typer_type_async (f->display, text, layout, KVMM_KEY_TYPER_RATE_MAX, typing_progress_cb,
                             typing, cancellable, typed_cb, typing);
}

static void
test_types_text (void)
{
  Fixture f;
  Typing typing = { 0 };

  fixture_connect (&f, FIXTURE_CONFIG ());
  enable_extended_keys (&f);
  type (&f, "aÊ", "fr", NULL, &typing);
  test_wait_until (typing.is_done);
  g_assert_no_error (typing.error);
  g_assert_cmpuint (typing.n_typed, ==, 2);
  assert_key (&f, 0, TRUE, GDK_KEY_a, 0x10);
  assert_key (&f, 1, FALSE, GDK_KEY_a, 0x10);
  /* The dead circumflex, then E with Shift. */
  assert_key (&f, 2, TRUE, 0, 0x1a);
  assert_key (&f, 4, TRUE, GDK_KEY_Shift_L, 0x2a);
  assert_key (&f, 5, TRUE, 0, 0x12);
  assert_key (&f, 7, FALSE, GDK_KEY_Shift_L, 0x2a);

  /* Caps Lock would turn every letter. */
  send_leds (&f, KVMM_LOCK_CAPS);
  g_array_set_size (f.server->keys, 0);
  type (&f, "a", "us", NULL, &typing);
  test_wait_until (typing.is_done);
  assert_key (&f, 0, TRUE, GDK_KEY_Caps_Lock, 0x3a);
  assert_key (&f, 2, TRUE, GDK_KEY_a, 0x1e);
  assert_key (&f, 5, FALSE, GDK_KEY_Caps_Lock, 0x3a);
  fixture_tear_down (&f);
}

static void
test_types_all_or_nothing (void)
{
  Fixture f;
  Typing typing = { 0 };
  g_autofree char *long_text = g_strnfill (KVMM_KEY_TYPER_MAX + 1, 'a');
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  fixture_connect (&f, FIXTURE_CONFIG ());
  type (&f, "pass漢word", "us", NULL, &typing);
  test_wait_until (typing.is_done);
  g_assert_error (typing.error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (typing.error->message, "漢"));
  type (&f, long_text, "us", NULL, &typing);
  test_wait_until (typing.is_done);
  g_assert_error (typing.error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE);
  g_assert_cmpuint (f.server->keys->len, ==, 0);

  long_text[KVMM_KEY_TYPER_MAX] = '\0';
  type (&f, long_text, "us", cancellable, &typing);
  test_wait_until (typing.n_typed >= 3);
  g_cancellable_cancel (cancellable);
  test_wait_until (typing.is_done);
  g_assert_error (typing.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  type (&f, "abc", "us", NULL, &typing);
  kvmm_display_close (f.display);
  test_wait_until (typing.is_done);
  g_assert_error (typing.error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED);
  g_clear_error (&typing.error);
  fixture_tear_down (&f);
}

/* ---- clipboard ---- */

static void
received_cb (KvmmDisplay *display, const char *text, char **received)
{
  g_free (*received);
  *received = g_strdup (text);
}

static void
test_cut_text (void)
{
  Fixture f;
  g_autofree char *received = NULL;
  g_autofree char *large = g_strnfill (KVMM_DISPLAY_CLIPBOARD_MAX + 1, 'x');

  fixture_connect (&f, FIXTURE_CONFIG ());
  g_signal_connect (f.display, "clipboard-received", G_CALLBACK (received_cb), &received);
  /* One byte too much is dropped, the limit itself is taken. */
  rfb_put_cut_text (f.server, large, KVMM_DISPLAY_CLIPBOARD_MAX + 1);
  rfb_put_cut_text (f.server, "small", 5);
  test_wait_until (received != NULL);
  g_assert_cmpstr (received, ==, "small");
  rfb_put_cut_text (f.server, large, KVMM_DISPLAY_CLIPBOARD_MAX);
  test_wait_until (strlen (received) == KVMM_DISPLAY_CLIPBOARD_MAX);

  kvmm_display_set_clipboard_enabled (f.display, FALSE);
  rfb_put_cut_text (f.server, "secret", 6);
  rfb_put_all (f.server);
  test_wait_until (f.server->requests->len == 2);
  g_assert_cmpstr (received, !=, "secret");
  g_signal_handlers_disconnect_by_data (f.display, &received);
  fixture_tear_down (&f);
}

static void
test_clipboard_to_guest (void)
{
  Fixture f;
  KvmmDisplayClipboard *clipboard;

  fixture_connect (&f, FIXTURE_CONFIG ());
  clipboard = kvmm_display_get_private (f.display)->clipboard;
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (f.display)), "grüße");
  /* A guest without an agent gets nothing, one with it when the screen has the focus. */
  kvmm_display_clipboard_focus (clipboard, TRUE);
  g_assert_false (kvmm_display_get_capabilities (f.display) & KVMM_DISPLAY_CAN_CLIPBOARD_TO_GUEST);
  test_drain ();
  g_assert_null (f.server->cut_text);
  kvmm_display_set_capability (f.display, KVMM_DISPLAY_CAN_CLIPBOARD_TO_GUEST, TRUE);
  test_wait_until (f.server->cut_text != NULL);
  g_assert_cmpstr (f.server->cut_text, ==, "grüße");
  fixture_tear_down (&f);
}

/* ---- servers that mean no good ---- */

static void
test_largest_sizes (void)
{
  static const struct
  {
    guint width, height;
    gboolean is_good;
  } sizes[] = {
    { KVMM_FRAMEBUFFER_MAX_SIDE, 1, TRUE },
    { KVMM_FRAMEBUFFER_MAX_SIDE + 1, 1, FALSE },
    { 1, KVMM_FRAMEBUFFER_MAX_SIDE + 1, FALSE },
    { 16384, 4097, FALSE },
    { 0, 480, FALSE },
    { 65535, 65535, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      Fixture f;

      fixture_set_up (&f, FIXTURE_CONFIG (.width = sizes[i].width, .height = sizes[i].height));
      test_wait_until (f.n_closed == 1 ||
                       kvmm_display_get_state (f.display) == KVMM_DISPLAY_CONNECTED);
      g_assert_cmpint (f.n_closed == 0, ==, sizes[i].is_good);
      if (!sizes[i].is_good && sizes[i].width != 0)
        g_assert_error (f.error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
      fixture_tear_down (&f);
    }
}

/* The library believes the new size at once: what follows must not be written into the old one. */
static void
test_refused_size_then_pixels (void)
{
  Fixture f;

  fixture_connect (&f, FIXTURE_CONFIG ());
  rfb_begin_update (f.server, 3);
  rfb_put_rect (f.server, 0, 0, 65535, 65535, ENCODING_DESKTOP_SIZE);
  rfb_put_rect (f.server, 0, 0, 65535, 65535, ENCODING_RRE);
  rfb_put_u32 (f.server, 0);
  rfb_put_u32 (f.server, 0xffffffff);
  rfb_put_rect (f.server, 60000, 60000, 5000, 5000, ENCODING_RRE);
  rfb_put_u32 (f.server, 0);
  rfb_put_u32 (f.server, 0xffffffff);
  test_wait_until (f.n_closed == 1);
  g_assert_error (f.error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_cmpuint (kvmm_display_get_guest_width (f.display), ==, 640);
  fixture_tear_down (&f);
}

static void
test_rectangle_outside (void)
{
  Fixture f;

  fixture_connect (&f, FIXTURE_CONFIG ());
  rfb_begin_update (f.server, 1);
  rfb_put_rect (f.server, 600, 400, 200, 200, 0);
  test_wait_until (f.n_closed == 1);
  g_assert_error (f.error, KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_PROTOCOL);
  fixture_tear_down (&f);
}

static void
test_stops_at_each_stage (void)
{
  for (RfbStage stage = RFB_STAGE_VERSION; stage <= RFB_STAGE_RUNNING; stage++)
    {
      Fixture f;

      fixture_set_up (&f, FIXTURE_CONFIG (.security = 2, .drop_at = stage));
      test_wait_until (f.n_closed == 1 ||
                       kvmm_display_get_state (f.display) == KVMM_DISPLAY_AUTH_NEEDED);
      kvmm_display_answer_auth (f.display, NULL, RFB_PASSWORD);
      test_wait_until (f.n_closed == 1);
      g_assert_nonnull (f.error);
      fixture_tear_down (&f);
    }
}

static void
test_silent_server (void)
{
  Fixture f;

  fixture_set_up (&f, FIXTURE_CONFIG (.is_silent = TRUE));
  for (guint i = 0; i < 5; i++)
    fixture_wait_frame (&f);
  g_assert_cmpint (kvmm_display_get_state (f.display), ==, KVMM_DISPLAY_CONNECTING);
  kvmm_display_close (f.display);
  g_assert_cmpuint (f.n_closed, ==, 1);
  g_assert_no_error (f.error);
  fixture_tear_down (&f);
}

/* Updates that nobody asked for, without an end: the window lives, and shows them. */
static void
test_flood (void)
{
  Fixture f;

  fixture_connect (&f, FIXTURE_CONFIG ());
  /* Each request says that the damage before it was drawn. */
  while (f.server->requests->len < 6)
    {
      if (rfb_server_get_pending (f.server) < 64 * 1024)
        for (guint i = 0; i < 200; i++)
          {
            rfb_begin_update (f.server, 1);
            rfb_put_raw (f.server, 0, i % 480, 1, 1);
          }
      g_main_context_iteration (NULL, TRUE);
    }
  g_assert_cmpuint (f.n_closed, ==, 0);
  fixture_tear_down (&f);
}

/* ---- the end ---- */

static guint
count_descriptors (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static void
test_life_cycles (void)
{
  guint n_before = 0;

  for (guint i = 0; i < 200; i++)
    {
      Fixture f;

      if (i == 5)
        n_before = count_descriptors ();
      fixture_set_up (&f, FIXTURE_CONFIG (.auto_update = TRUE));
      for (guint turn = 0; turn < i % 40; turn++)
        g_main_context_iteration (NULL, FALSE);
      fixture_tear_down (&f);
      test_drain ();
    }
  /* The library ends its coroutines in the main loop. */
  test_wait_until (count_descriptors () <= n_before);
}

int
main (int argc, char **argv)
{
  gtk_test_init (&argc, &argv, NULL);

  g_test_add_func ("/console/vnc/create-drop", test_create_drop);
  g_test_add_func ("/console/vnc/no-password", test_no_password);
  g_test_add_func ("/console/vnc/right-password", test_right_password);
  g_test_add_func ("/console/vnc/wrong-password", test_wrong_password);
  g_test_add_func ("/console/vnc/unknown-security", test_unknown_security);
  g_test_add_func ("/console/vnc/one-request-for-many-rectangles",
                   test_one_request_for_many_rectangles);
  g_test_add_func ("/console/vnc/nothing-while-hidden", test_nothing_while_hidden);
  g_test_add_func ("/console/vnc/every-pixel-is-right", test_every_pixel_is_right);
  g_test_add_func ("/console/vnc/guest-changes-size", test_guest_changes_size);
  g_test_add_func ("/console/vnc/window-asks-for-size", test_window_asks_for_size);
  g_test_add_func ("/console/vnc/server-cannot-take-sizes", test_server_cannot_take_sizes);
  g_test_add_func ("/console/vnc/picture-stays-until-the-next", test_picture_stays_until_the_next);
  g_test_add_func ("/console/vnc/keys-travel-as-scancodes", test_keys_travel_as_scancodes);
  g_test_add_func ("/console/vnc/lost-focus-releases-keys", test_lost_focus_releases_keys);
  g_test_add_func ("/console/vnc/release-keys", test_release_keys);
  g_test_add_func ("/console/vnc/host-shortcuts-stay", test_host_shortcuts_stay);
  g_test_add_func ("/console/vnc/read-only-sends-nothing", test_read_only_sends_nothing);
  g_test_add_func ("/console/vnc/lock-keys-in-step", test_lock_keys_in_step);
  g_test_add_func ("/console/vnc/pointer-position", test_pointer_position);
  g_test_add_func ("/console/vnc/pointer-without-tablet", test_pointer_without_tablet);
  g_test_add_func ("/console/vnc/pointer-is-held", test_pointer_is_held);
  g_test_add_func ("/console/vnc/cursor", test_cursor);
  g_test_add_func ("/console/vnc/types-text", test_types_text);
  g_test_add_func ("/console/vnc/types-all-or-nothing", test_types_all_or_nothing);
  g_test_add_func ("/console/vnc/cut-text", test_cut_text);
  g_test_add_func ("/console/vnc/clipboard-to-guest", test_clipboard_to_guest);
  g_test_add_func ("/console/vnc/largest-sizes", test_largest_sizes);
  g_test_add_func ("/console/vnc/refused-size-then-pixels", test_refused_size_then_pixels);
  g_test_add_func ("/console/vnc/rectangle-outside", test_rectangle_outside);
  g_test_add_func ("/console/vnc/stops-at-each-stage", test_stops_at_each_stage);
  g_test_add_func ("/console/vnc/silent-server", test_silent_server);
  g_test_add_func ("/console/vnc/flood", test_flood);
  g_test_add_func ("/console/vnc/life-cycles", test_life_cycles);

  return g_test_run ();
}
