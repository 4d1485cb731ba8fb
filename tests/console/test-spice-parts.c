/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <gtk/gtk.h>
#include <spice/vd_agent.h>

#include "console/kvmm-display.h"
#include "console/kvmm-spice-clipboard.h"
#include "console/kvmm-spice-cursor.h"
#include "console/kvmm-spice-input.h"
#include "console/kvmm-spice-picture.h"
#include "console/kvmm-usb-list.h"

/* The parts with channels that are connected to nothing: the test says what a server would. */

typedef struct
{
  SpiceSession *session;
  SpiceChannel *channel; /* (owned) */
  KvmmSpicePicture *picture;
  guint n_framebuffers;
  guint n_damages;
  GdkRectangle damage;
  GError *error;
} Fixture;

static void
framebuffer_cb (KvmmSpicePicture *picture, gpointer user_data)
{
  ((Fixture *) user_data)->n_framebuffers++;
}

static void
damaged_cb (KvmmSpicePicture *picture, int x, int y, int width, int height, gpointer user_data)
{
  Fixture *self = user_data;

  self->n_damages++;
  self->damage = (GdkRectangle){ x, y, width, height };
}

static void
failed_cb (KvmmSpicePicture *picture, const GError *error, gpointer user_data)
{
  Fixture *self = user_data;

  g_clear_error (&self->error);
  self->error = g_error_copy (error);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  self->session = spice_session_new ();
  self->channel = g_object_ref (spice_channel_new (self->session, SPICE_CHANNEL_DISPLAY, 0));
  self->picture = kvmm_spice_picture_new ("test", SPICE_DISPLAY_CHANNEL (self->channel), 0);
  g_signal_connect (self->picture, "framebuffer-changed", G_CALLBACK (framebuffer_cb), self);
  g_signal_connect (self->picture, "damaged", G_CALLBACK (damaged_cb), self);
  g_signal_connect (self->picture, "failed", G_CALLBACK (failed_cb), self);
}

static void
drain (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_assert_finalize_object (self->picture);
  g_clear_error (&self->error);
  spice_session_disconnect (self->session);
  drain ();
  g_object_unref (self->channel);
  g_object_unref (self->session);
  drain ();
}

static void
create (Fixture *self, int format, int width, int height, int stride, gpointer data)
{
  g_signal_emit_by_name (self->channel, "display-primary-create", format, width, height, stride, -1,
                         data);
}

static void
invalidate (Fixture *self, int x, int y, int width, int height)
{
  g_signal_emit_by_name (self->channel, "display-invalidate", x, y, width, height);
}

static guint32
get_pixel (Fixture *self, guint x, guint y)
{
  KvmmFramebuffer *framebuffer = kvmm_spice_picture_get_framebuffer (self->picture);
  const guint8 *data = kvmm_framebuffer_get_data (framebuffer);
  guint32 pixel;

  memcpy (&pixel, data + y * kvmm_framebuffer_get_stride (framebuffer) + x * 4, 4);
  return pixel & 0xffffff;
}

/* ---- the picture ---- */

static void
test_all_formats (Fixture *self, gconstpointer data)
{
  static const struct
  {
    int format;
    guint32 value;
    guint32 expected;
  } cases[] = {
    { SPICE_SURFACE_FMT_32_xRGB, 0x00123456, 0x123456 },
    { SPICE_SURFACE_FMT_32_ARGB, 0x80123456, 0x123456 },
    { SPICE_SURFACE_FMT_16_555, 0x7c00, 0xff0000 },
    { SPICE_SURFACE_FMT_16_555, 0x03e0, 0x00ff00 },
    { SPICE_SURFACE_FMT_16_555, 0x001f, 0x0000ff },
    { SPICE_SURFACE_FMT_16_565, 0xf800, 0xff0000 },
    { SPICE_SURFACE_FMT_16_565, 0x07e0, 0x00ff00 },
    { SPICE_SURFACE_FMT_16_565, 0x0010, 0x000084 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      guint32 wide[6];
      guint16 narrow[12];
      gboolean is_wide = cases[i].format == SPICE_SURFACE_FMT_32_xRGB ||
                         cases[i].format == SPICE_SURFACE_FMT_32_ARGB;

      for (guint k = 0; k < 6; k++)
        wide[k] = cases[i].value;
      for (guint k = 0; k < 12; k++)
        narrow[k] = (guint16) cases[i].value;
      create (self, cases[i].format, 3, 2, 12, is_wide ? (gpointer) wide : (gpointer) narrow);
      g_assert_no_error (self->error);
      g_assert_cmphex (get_pixel (self, 0, 0), ==, cases[i].expected);
      g_assert_cmphex (get_pixel (self, 2, 1), ==, cases[i].expected);
    }
  g_assert_cmpuint (self->n_framebuffers, ==, G_N_ELEMENTS (cases));
}

static void
test_sizes_at_the_bound (Fixture *self, gconstpointer data)
{
  static const struct
  {
    int width;
    int height;
    int stride;
  } bad[] = { { 0, 1, 4 },
              { 1, 0, 4 },
              { -1, 5, 4 },
              { KVMM_FRAMEBUFFER_MAX_SIDE + 1, 1, (KVMM_FRAMEBUFFER_MAX_SIDE + 1) * 4 },
              { 1, KVMM_FRAMEBUFFER_MAX_SIDE + 1, 4 },
              { KVMM_FRAMEBUFFER_MAX_SIDE, 4097, KVMM_FRAMEBUFFER_MAX_SIDE * 4 },
              { G_MAXINT, G_MAXINT, G_MAXINT },
              { 4, 4, 15 },
              { 4, 4, -16 } };
  guint32 pixels[16] = { 0x111111 };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      create (self, SPICE_SURFACE_FMT_32_xRGB, bad[i].width, bad[i].height, bad[i].stride, pixels);
      g_assert_error (self->error, KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_PROTOCOL);
      g_clear_error (&self->error);
      /* Nothing is read from it. */
      invalidate (self, 0, 0, 4, 4);
    }
  create (self, SPICE_SURFACE_FMT_32_xRGB, 4, 4, 16, NULL);
  g_assert_error (self->error, KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_PROTOCOL);
  create (self, 77, 4, 4, 16, pixels);
  g_assert_error (self->error, KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_UNSUPPORTED);
  g_clear_error (&self->error);
  g_assert_cmpuint (self->n_framebuffers, ==, 0);

  /* The largest side is good. */
  g_autofree guint32 *row = g_new0 (guint32, KVMM_FRAMEBUFFER_MAX_SIDE);
  row[KVMM_FRAMEBUFFER_MAX_SIDE - 1] = 0x654321;
  create (self, SPICE_SURFACE_FMT_32_xRGB, KVMM_FRAMEBUFFER_MAX_SIDE, 1,
          KVMM_FRAMEBUFFER_MAX_SIDE * 4, row);
  g_assert_no_error (self->error);
  g_assert_cmphex (get_pixel (self, KVMM_FRAMEBUFFER_MAX_SIDE - 1, 0), ==, 0x654321);
}

static void
test_damage_is_cut (Fixture *self, gconstpointer data)
{
  guint32 pixels[64] = { 0 };

  create (self, SPICE_SURFACE_FMT_32_xRGB, 8, 8, 32, pixels);
  g_assert_cmpuint (self->n_damages, ==, 1);
  pixels[9] = 0xabcdef;
  pixels[63] = 0x010203;
  invalidate (self, 1, 1, 1, 1);
  g_assert_cmpuint (self->n_damages, ==, 2);
  g_assert_cmphex (get_pixel (self, 1, 1), ==, 0xabcdef);
  g_assert_cmphex (get_pixel (self, 7, 7), ==, 0);
  invalidate (self, 6, 6, G_MAXINT, G_MAXINT);
  g_assert_cmphex (get_pixel (self, 7, 7), ==, 0x010203);
  g_assert_cmpint (self->damage.width, ==, 2);
  invalidate (self, -100, -100, G_MAXINT, G_MAXINT);
  g_assert_cmpint (self->damage.width, ==, 8);
  invalidate (self, G_MININT, G_MININT, G_MAXINT, G_MAXINT);
  invalidate (self, G_MAXINT, 0, 1, 1);
  invalidate (self, 8, 8, 1, 1);
  invalidate (self, 0, 0, 0, 5);
  invalidate (self, 0, 0, -5, 5);
  g_assert_cmpuint (self->n_damages, ==, 4);
}

static void
test_nothing_is_copied_while_nobody_looks (Fixture *self, gconstpointer data)
{
  guint32 pixels[16] = { 0 };

  create (self, SPICE_SURFACE_FMT_32_xRGB, 4, 4, 16, pixels);
  kvmm_spice_picture_set_paused (self->picture, TRUE);
  pixels[0] = 0x777777;
  invalidate (self, 0, 0, 1, 1);
  g_assert_cmpuint (self->n_damages, ==, 1);
  g_assert_cmphex (get_pixel (self, 0, 0), ==, 0);
  kvmm_spice_picture_set_paused (self->picture, FALSE);
  g_assert_cmpuint (self->n_damages, ==, 2);
  g_assert_cmphex (get_pixel (self, 0, 0), ==, 0x777777);
  kvmm_spice_picture_set_paused (self->picture, TRUE);
  kvmm_spice_picture_set_paused (self->picture, FALSE);
  g_assert_cmpuint (self->n_damages, ==, 2);
}

static void
test_the_surface_goes (Fixture *self, gconstpointer data)
{
  g_autofree guint32 *pixels = g_new0 (guint32, 16);

  pixels[0] = 0x424242;
  create (self, SPICE_SURFACE_FMT_32_xRGB, 4, 4, 16, pixels);
  g_signal_emit_by_name (self->channel, "display-primary-destroy");
  g_clear_pointer (&pixels, g_free);
  /* The picture is ours: it stays for a while, and nothing is read any more. */
  g_assert_cmphex (get_pixel (self, 0, 0), ==, 0x424242);
  invalidate (self, 0, 0, 4, 4);
  g_assert_cmpuint (self->n_damages, ==, 1);
  while (kvmm_spice_picture_get_framebuffer (self->picture) != NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (self->n_framebuffers, ==, 2);
}

/* ---- the clipboard ---- */

typedef struct
{
  SpiceSession *session;
  SpiceChannel *main;
  KvmmSpiceClipboard *clipboard;
  GPtrArray *received;
} ClipboardFixture;

static void
received_cb (KvmmSpiceClipboard *clipboard, const char *text, guint64 length, gpointer user_data)
{
  g_assert_cmpuint (strlen (text), ==, length);
  g_ptr_array_add (user_data, g_strdup (text));
}

static void
clipboard_set_up (ClipboardFixture *self, gconstpointer data)
{
  self->session = spice_session_new ();
  self->main = g_object_ref (spice_channel_new (self->session, SPICE_CHANNEL_MAIN, 0));
  self->clipboard = kvmm_spice_clipboard_new (SPICE_MAIN_CHANNEL (self->main));
  self->received = g_ptr_array_new_with_free_func (g_free);
  g_signal_connect (self->clipboard, "received", G_CALLBACK (received_cb), self->received);
}

static void
clipboard_tear_down (ClipboardFixture *self, gconstpointer data)
{
  g_assert_finalize_object (self->clipboard);
  g_ptr_array_unref (self->received);
  spice_session_disconnect (self->session);
  drain ();
  g_object_unref (self->main);
  g_object_unref (self->session);
  drain ();
}

static void
grab (ClipboardFixture *self, guint type)
{
  guint32 types[] = { VD_AGENT_CLIPBOARD_IMAGE_PNG, type };
  gboolean was_taken = FALSE;

  g_signal_emit_by_name (self->main, "main-clipboard-selection-grab",
                         VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD, types, 2, &was_taken);
}

static void
give (ClipboardFixture *self, guint type, const char *data, gsize size)
{
  g_signal_emit_by_name (self->main, "main-clipboard-selection",
                         VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD, type, data, (guint) size);
}

static void
test_text_of_the_guest (ClipboardFixture *self, gconstpointer data)
{
  /* Nobody asked. */
  give (self, VD_AGENT_CLIPBOARD_UTF8_TEXT, "pushed", 6);
  g_assert_cmpuint (self->received->len, ==, 0);

  grab (self, VD_AGENT_CLIPBOARD_UTF8_TEXT);
  give (self, VD_AGENT_CLIPBOARD_UTF8_TEXT, "hello, more", 5);
  g_assert_cmpuint (self->received->len, ==, 1);
  g_assert_cmpstr (self->received->pdata[0], ==, "hello");
  /* One answer to one question. */
  give (self, VD_AGENT_CLIPBOARD_UTF8_TEXT, "again", 5);
  g_assert_cmpuint (self->received->len, ==, 1);

  /* Not what was asked for. */
  grab (self, VD_AGENT_CLIPBOARD_UTF8_TEXT);
  give (self, VD_AGENT_CLIPBOARD_IMAGE_PNG, "hello", 5);
  g_assert_cmpuint (self->received->len, ==, 1);
  grab (self, VD_AGENT_CLIPBOARD_IMAGE_BMP);
  give (self, VD_AGENT_CLIPBOARD_IMAGE_BMP, "hello", 5);
  g_assert_cmpuint (self->received->len, ==, 1);
}

static void
test_text_at_the_bound (ClipboardFixture *self, gconstpointer data)
{
  g_autofree char *text = g_strnfill (KVMM_DISPLAY_CLIPBOARD_MAX + 1, 'x');

  grab (self, VD_AGENT_CLIPBOARD_UTF8_TEXT);
  give (self, VD_AGENT_CLIPBOARD_UTF8_TEXT, text, KVMM_DISPLAY_CLIPBOARD_MAX + 1);
  g_assert_cmpuint (self->received->len, ==, 0);
  grab (self, VD_AGENT_CLIPBOARD_UTF8_TEXT);
  give (self, VD_AGENT_CLIPBOARD_UTF8_TEXT, NULL, 5);
  g_assert_cmpuint (self->received->len, ==, 0);
  grab (self, VD_AGENT_CLIPBOARD_UTF8_TEXT);
  give (self, VD_AGENT_CLIPBOARD_UTF8_TEXT, text, KVMM_DISPLAY_CLIPBOARD_MAX);
  g_assert_cmpuint (self->received->len, ==, 1);
}

static void
test_switched_off (ClipboardFixture *self, gconstpointer data)
{
  gboolean was_taken = TRUE;

  grab (self, VD_AGENT_CLIPBOARD_UTF8_TEXT);
  kvmm_spice_clipboard_set_enabled (self->clipboard, FALSE);
  give (self, VD_AGENT_CLIPBOARD_UTF8_TEXT, "late", 4);
  grab (self, VD_AGENT_CLIPBOARD_UTF8_TEXT);
  give (self, VD_AGENT_CLIPBOARD_UTF8_TEXT, "no", 2);
  g_assert_cmpuint (self->received->len, ==, 0);
  g_assert_false (kvmm_spice_clipboard_is_available (self->clipboard));
  kvmm_spice_clipboard_offer (self->clipboard, "secret");
  g_signal_emit_by_name (self->main, "main-clipboard-selection-request", 1,
                         VD_AGENT_CLIPBOARD_UTF8_TEXT, &was_taken);
  g_assert_false (was_taken);
}

static void
test_lines (void)
{
  static const struct
  {
    const char *ours;
    const char *theirs;
  } cases[] = {
    { "", "" }, { "a\nb\n", "a\r\nb\r\n" }, { "\n\n", "\r\n\r\n" }, { "no line", "no line" }
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *to = kvmm_spice_lines_to_guest (cases[i].ours);
      g_autofree char *from =
          kvmm_spice_lines_from_guest (cases[i].theirs, strlen (cases[i].theirs));
      g_assert_cmpstr (to, ==, cases[i].theirs);
      g_assert_cmpstr (from, ==, cases[i].ours);
    }
  g_autofree char *kept = kvmm_spice_lines_to_guest ("a\r\nb");
  g_assert_cmpstr (kept, ==, "a\r\nb");
  g_autofree char *alone = kvmm_spice_lines_from_guest ("a\rb\r", 4);
  g_assert_cmpstr (alone, ==, "a\rb\r");
  g_autofree char *cut = kvmm_spice_lines_from_guest ("a\0b", 3);
  g_assert_cmpstr (cut, ==, "a");
}

/* ---- the pointer ---- */

static void
test_the_pointer_of_the_guest (void)
{
  SpiceSession *session = spice_session_new ();
  SpiceChannel *channel = g_object_ref (spice_channel_new (session, SPICE_CHANNEL_CURSOR, 0));
  KvmmSpiceCursor *cursor = kvmm_spice_cursor_new (SPICE_CURSOR_CHANNEL (channel));
  int x = 0;
  int y = 0;

  g_assert_true (kvmm_spice_cursor_is_unknown (cursor));
  g_assert_null (kvmm_spice_cursor_get_shape (cursor, &x, &y));
  g_assert_false (kvmm_spice_cursor_get_position (cursor, &x, &y));
  /* Comes first of all: the desktop's own pointer stays. */
  g_signal_emit_by_name (channel, "cursor-hide");
  g_assert_true (kvmm_spice_cursor_is_unknown (cursor));
  g_signal_emit_by_name (channel, "cursor-move", 12, 34);
  g_assert_true (kvmm_spice_cursor_get_position (cursor, &x, &y));
  g_assert_cmpint (x, ==, 12);
  g_assert_cmpint (y, ==, 34);
  g_signal_emit_by_name (channel, "cursor-move", G_MAXINT, G_MININT);
  g_assert_true (kvmm_spice_cursor_get_position (cursor, &x, &y));
  g_assert_cmpint (x, ==, G_MAXINT16);
  g_assert_cmpint (y, ==, G_MININT16);
  g_signal_emit_by_name (channel, "cursor-reset");
  g_assert_false (kvmm_spice_cursor_get_position (cursor, &x, &y));
  g_assert_finalize_object (cursor);
  spice_session_disconnect (session);
  drain ();
  g_object_unref (channel);
  g_object_unref (session);
  drain ();
}

static void
test_button_masks (void)
{
  g_assert_cmphex (kvmm_spice_input_mask (0), ==, 0);
  g_assert_cmphex (kvmm_spice_input_mask (7), ==, 7);
  g_assert_cmphex (kvmm_spice_input_mask (0x78), ==, 0);
  g_assert_cmphex (kvmm_spice_input_mask (1 << 7), ==, SPICE_MOUSE_BUTTON_MASK_SIDE);
  g_assert_cmphex (kvmm_spice_input_mask (1 << 8), ==, SPICE_MOUSE_BUTTON_MASK_EXTRA);
  g_assert_cmphex (kvmm_spice_input_mask (G_MAXUINT), ==, SPICE_MOUSE_BUTTON_MASK_MASK & ~0x18);
}

/* ---- USB ---- */

static void
requested_cb (KvmmUsbDevice *device, gboolean attach, gpointer user_data)
{
  *(guint *) user_data += attach ? 1 : 100;
}

static void
test_usb_devices (void)
{
  KvmmUsbList *list = kvmm_usb_list_new ();
  KvmmUsbDevice *device = kvmm_usb_device_new ("Evil\nStick \033[31m", "046d:c077");
  guint requests = 0;

  g_assert_cmpstr (kvmm_usb_device_get_title (device), ==, "Evil Stick [31m");
  g_signal_connect (device, "requested", G_CALLBACK (requested_cb), &requests);
  kvmm_usb_list_add (list, device);
  kvmm_usb_device_set_error_text (device, "once");
  kvmm_usb_device_request (device, FALSE);
  g_assert_cmpuint (requests, ==, 0);
  kvmm_usb_device_request (device, TRUE);
  g_assert_cmpuint (requests, ==, 1);
  g_assert_null (kvmm_usb_device_get_error_text (device));
  kvmm_usb_device_set_busy (device, TRUE);
  kvmm_usb_device_request (device, TRUE);
  g_assert_cmpuint (requests, ==, 1);
  kvmm_usb_device_set_busy (device, FALSE);
  kvmm_usb_device_set_attached (device, TRUE);
  kvmm_usb_device_request (device, FALSE);
  g_assert_cmpuint (requests, ==, 101);

  for (guint i = 1; i < KVMM_USB_LIST_MAX + 5; i++)
    {
      g_autoptr (KvmmUsbDevice) other = kvmm_usb_device_new ("x", "y");
      kvmm_usb_list_add (list, other);
    }
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (list)), ==, KVMM_USB_LIST_MAX);
  kvmm_usb_list_remove (list, device);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (list)), ==, KVMM_USB_LIST_MAX - 1);
  g_assert_finalize_object (device);
  g_assert_finalize_object (list);
}

int
main (int argc, char **argv)
{
  gtk_test_init (&argc, &argv, NULL);

#define ADD(name, function)                                                                        \
  g_test_add ("/console/spice-picture/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("all-formats", test_all_formats);
  ADD ("sizes-at-the-bound", test_sizes_at_the_bound);
  ADD ("damage-is-cut", test_damage_is_cut);
  ADD ("nothing-is-copied-while-nobody-looks", test_nothing_is_copied_while_nobody_looks);
  ADD ("the-surface-goes", test_the_surface_goes);
#undef ADD
#define ADD(name, function)                                                                        \
  g_test_add ("/console/spice-clipboard/" name, ClipboardFixture, NULL, clipboard_set_up,          \
              function, clipboard_tear_down)
  ADD ("text-of-the-guest", test_text_of_the_guest);
  ADD ("text-at-the-bound", test_text_at_the_bound);
  ADD ("switched-off", test_switched_off);
#undef ADD
  g_test_add_func ("/console/spice-clipboard/lines", test_lines);
  g_test_add_func ("/console/spice-cursor/the-pointer-of-the-guest", test_the_pointer_of_the_guest);
  g_test_add_func ("/console/spice-input/button-masks", test_button_masks);
  g_test_add_func ("/console/usb-list/devices", test_usb_devices);
  return g_test_run ();
}
