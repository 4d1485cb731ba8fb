/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-display-vnc.h"

#include <string.h>
#include <sys/socket.h>

#include <glib/gi18n.h>
#include <gvnc.h>

#include "console/kvmm-display-backend.h"
#include "console/kvmm-display-private.h"
#include "console/kvmm-vnc-auth.h"
#include "console/kvmm-vnc-errors.h"
#include "util/kvmm-guest-text.h"

/* QEMU's server counts columns in sixteens, and scales the pointer by what it added. */
#define WIDTH_STEP 16u
/* Relative movement is sent around this place. */
#define RELATIVE_CENTRE 0x7fff
/* RFB has a byte for the buttons. */
#define BUTTON_MASK 0xffu

struct _KvmmDisplayVnc
{
  KvmmDisplay parent_instance;

  GCancellable *cancellable; /* (owned) (nullable) while a descriptor is being opened */
  VncConnection *connection; /* (owned) (nullable) */
  KvmmConsoleOpener *opener; /* (owned) (nullable) whose progress is shown */
  int fd;                    /* (unowned) of connection */
  gboolean is_started;       /* the library has taken charge of it */
  char *host;                /* (owned) (nullable) whose certificate it must be */
  gboolean is_shaking;       /* certificates are looked at */
  gboolean is_local;
  gboolean has_agent;
  gboolean needs_full; /* the next request is for all pixels */
  gboolean is_resize_refused;
  guint pointer_x, pointer_y;
  GError *failure; /* (owned) (nullable) what is to be said when it disconnects */
};

G_DEFINE_FINAL_TYPE (KvmmDisplayVnc, kvmm_display_vnc, KVMM_TYPE_DISPLAY)

/* ---- the end ---- */

static void
kvmm_display_vnc_close (KvmmDisplay *display)
{
  KvmmDisplayVnc *self = KVMM_DISPLAY_VNC (display);

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  if (self->opener != NULL)
    g_signal_handlers_disconnect_by_data (self->opener, self);
  g_clear_object (&self->opener);
  if (self->connection != NULL)
    {
      /* Its coroutine keeps a reference of its own until it has ended. */
      g_autoptr (GObject) connection = G_OBJECT (g_steal_pointer (&self->connection));

      g_signal_handlers_disconnect_by_data (connection, self);
      /* Stopped before it has begun, the library would forget the descriptor. So it begins, and
       * meets the end at once. */
      if (self->is_started)
        vnc_connection_shutdown (VNC_CONNECTION (connection));
      else
        shutdown (self->fd, SHUT_RDWR);
    }
  g_clear_error (&self->failure);
  g_clear_pointer (&self->host, g_free);
}

static void
fail (KvmmDisplayVnc *self, KvmmDisplayErrorCode code, const char *message)
{
  /* What was said first is the cause of the rest. */
  if (self->failure == NULL)
    self->failure = g_error_new_literal (KVMM_DISPLAY_ERROR, (int) code, message);
}

static void
disconnected_cb (VncConnection *connection, KvmmDisplayVnc *self)
{
  kvmm_display_take_closed (KVMM_DISPLAY (self), g_steal_pointer (&self->failure));
}

static void
started_cb (VncConnection *connection, KvmmDisplayVnc *self)
{
  self->is_started = TRUE;
}

static void
error_cb (VncConnection *connection, const char *message, KvmmDisplayVnc *self)
{
  /* What was said first is the cause of the rest. */
  if (self->failure == NULL)
    self->failure = kvmm_vnc_error_new (message, self->host, self->is_shaking);
}

/* ---- signing in ---- */

static void
auth_failure_cb (VncConnection *connection, const char *reason, KvmmDisplayVnc *self)
{
  /* So says the library where the server gave none. */
  gboolean is_known = reason != NULL && !g_str_has_prefix (reason, "Unknown authentication");
  g_autofree char *said = kvmm_guest_text_sanitise_line (is_known ? reason : "", -1);
  g_autofree char *text =
      *said != '\0' ? g_strdup_printf (_ ("The display server refused the password: %s"), said)
                    : g_strdup (_ ("The display server refused the password"));

  g_clear_error (&self->failure);
  fail (self, KVMM_DISPLAY_ERROR_AUTH, text);
}

static void
choose_failed (KvmmDisplayVnc *self, const char *offered)
{
  g_autofree char *text = g_strdup_printf (
      _ ("The display server wants a way of signing in that is not supported here (%s)"), offered);

  g_clear_error (&self->failure);
  fail (self, KVMM_DISPLAY_ERROR_UNSUPPORTED, text);
  vnc_connection_shutdown (self->connection);
}

/* Without an answer to these two the library waits for ever, even when no password is needed. */
static void
choose_type_cb (VncConnection *connection, gpointer types, KvmmDisplayVnc *self)
{
  g_autofree char *offered = NULL;
  int type = kvmm_vnc_auth_choose (types, &offered);

  if (type < 0)
    choose_failed (self, offered);
  else
    vnc_connection_set_auth_type (connection, (unsigned int) type);
}

static void
choose_subtype_cb (VncConnection *connection, guint type, gpointer types, KvmmDisplayVnc *self)
{
  g_autofree char *offered = NULL;
  int subtype = kvmm_vnc_auth_choose_subtype (type, types, &offered);

  if (subtype < 0)
    choose_failed (self, offered);
  else
    {
      self->is_shaking = kvmm_vnc_auth_has_certificates (type, subtype);
      vnc_connection_set_auth_subtype (connection, (unsigned int) subtype);
    }
}

static void
auth_unsupported_cb (VncConnection *connection, guint type, KvmmDisplayVnc *self)
{
  g_autofree char *offered = g_strdup_printf ("%u", type);

  choose_failed (self, offered);
}

static void
credential_cb (VncConnection *connection, gpointer wanted, KvmmDisplayVnc *self)
{
  KvmmVncWanted needs = kvmm_vnc_auth_get_wanted (wanted);
  KvmmDisplayNeeds asked = 0;

  if (needs & KVMM_VNC_WANTS_CLIENT_NAME)
    vnc_connection_set_credential (connection, VNC_CONNECTION_CREDENTIAL_CLIENTNAME,
                                   KVMM_VNC_CLIENT_NAME);
  if (needs & KVMM_VNC_WANTS_USERNAME)
    asked |= KVMM_DISPLAY_NEEDS_USERNAME;
  if (needs & KVMM_VNC_WANTS_PASSWORD)
    asked |= KVMM_DISPLAY_NEEDS_PASSWORD;
  if (asked == 0)
    return;
  self->is_shaking = FALSE;
  kvmm_display_request_auth (KVMM_DISPLAY (self), asked);
}

static void
kvmm_display_vnc_answer_auth (KvmmDisplay *display, const char *username, const char *password)
{
  KvmmDisplayVnc *self = KVMM_DISPLAY_VNC (display);

  if (self->connection == NULL)
    return;
  if (username != NULL)
    vnc_connection_set_credential (self->connection, VNC_CONNECTION_CREDENTIAL_USERNAME, username);
  if (password != NULL)
    vnc_connection_set_credential (self->connection, VNC_CONNECTION_CREDENTIAL_PASSWORD, password);
}

/* ---- the picture ---- */

static void
send_encodings (KvmmDisplayVnc *self)
{
  /* A server takes the first kind of pixels that it knows. */
  static const gint32 near[] = { VNC_CONNECTION_ENCODING_RAW };
  static const gint32 far[] = {
    VNC_CONNECTION_ENCODING_TIGHT_JPEG7, VNC_CONNECTION_ENCODING_TIGHT,
    VNC_CONNECTION_ENCODING_ZRLE,        VNC_CONNECTION_ENCODING_HEXTILE,
    VNC_CONNECTION_ENCODING_RRE,         VNC_CONNECTION_ENCODING_COPY_RECT,
    VNC_CONNECTION_ENCODING_RAW
  };
  static const gint32 always[] = {
    VNC_CONNECTION_ENCODING_EXT_KEY_EVENT,
    VNC_CONNECTION_ENCODING_LED_STATE,
    VNC_CONNECTION_ENCODING_EXTENDED_DESKTOP_RESIZE,
    VNC_CONNECTION_ENCODING_DESKTOP_RESIZE,
    VNC_CONNECTION_ENCODING_DESKTOP_NAME,
    VNC_CONNECTION_ENCODING_LAST_RECT,
    VNC_CONNECTION_ENCODING_WMVi,
    VNC_CONNECTION_ENCODING_ALPHA_CURSOR,
    VNC_CONNECTION_ENCODING_RICH_CURSOR,
    VNC_CONNECTION_ENCODING_XCURSOR,
    VNC_CONNECTION_ENCODING_POINTER_CHANGE,
  };
  gint32 all[G_N_ELEMENTS (far) + G_N_ELEMENTS (always)];
  guint n_pixels = self->is_local ? G_N_ELEMENTS (near) : G_N_ELEMENTS (far);

  memcpy (all, self->is_local ? near : far, n_pixels * sizeof *all);
  memcpy (all + n_pixels, always, sizeof always);
  vnc_connection_set_encodings (self->connection, (int) (n_pixels + G_N_ELEMENTS (always)), all);
}

static VncPixelFormat *
pixel_format_new (guint16 byte_order)
{
  VncPixelFormat *format = vnc_pixel_format_new ();

  format->bits_per_pixel = 32;
  format->depth = 24;
  format->byte_order = byte_order;
  format->true_color_flag = TRUE;
  format->red_max = format->green_max = format->blue_max = 255;
  format->red_shift = 16;
  format->green_shift = 8;
  format->blue_shift = 0;
  return format;
}

/* Gives the library and the widget the same memory. Returns: %FALSE when the size cannot be */
static gboolean
replace_framebuffer (KvmmDisplayVnc *self)
{
  GError *error = NULL;
  int width = vnc_connection_get_width (self->connection);
  int height = vnc_connection_get_height (self->connection);
  g_autoptr (KvmmFramebuffer) framebuffer =
      kvmm_framebuffer_new ((guint) MAX (width, 0), (guint) MAX (height, 0), &error);

  if (framebuffer == NULL)
    {
      g_clear_error (&self->failure);
      self->failure = error;
      /* From here on the library decodes nothing, so that it cannot write beyond the old one. */
      vnc_connection_shutdown (self->connection);
      return FALSE;
    }

  VncPixelFormat *local = pixel_format_new (G_LITTLE_ENDIAN);
  VncBaseFramebuffer *target =
      vnc_base_framebuffer_new (kvmm_framebuffer_get_data (framebuffer), (guint16) width,
                                (guint16) height, (int) kvmm_framebuffer_get_stride (framebuffer),
                                local, vnc_connection_get_pixel_format (self->connection));
  vnc_pixel_format_free (local);
  g_object_set_data_full (G_OBJECT (target), "kvmm-bytes",
                          g_bytes_ref (kvmm_framebuffer_get_bytes (framebuffer)),
                          (GDestroyNotify) g_bytes_unref);
  vnc_connection_set_framebuffer (self->connection, VNC_FRAMEBUFFER (target));
  g_object_unref (target);

  self->needs_full = TRUE;
  kvmm_display_set_framebuffer (KVMM_DISPLAY (self), framebuffer);
  return TRUE;
}

static void
led_state_cb (gpointer connection, KvmmDisplayVnc *self)
{
  int leds = vnc_connection_get_ledstate (VNC_CONNECTION (connection));

  /* -1: not told. */
  if (leds >= 0)
    kvmm_display_set_guest_lock_keys (KVMM_DISPLAY (self), (KvmmLockKeys) leds & 7);
}

static void
initialized_cb (VncConnection *connection, KvmmDisplayVnc *self)
{
  KvmmDisplay *display = KVMM_DISPLAY (self);
  VncPixelFormat *format = pixel_format_new (G_BYTE_ORDER);

  self->is_shaking = FALSE;
  vnc_connection_set_pixel_format (connection, format);
  vnc_pixel_format_free (format);
  send_encodings (self);
  if (!replace_framebuffer (self))
    return;
  kvmm_display_set_guest_name (display, vnc_connection_get_name (connection));
  kvmm_display_set_pointer_absolute (display, vnc_connection_get_abs_pointer (connection));
  kvmm_display_set_connected (display);
  kvmm_display_set_capability (display, KVMM_DISPLAY_CAN_CLIPBOARD_TO_GUEST, self->has_agent);
}

static void
update_cb (
    VncConnection *connection, guint x, guint y, guint width, guint height, KvmmDisplayVnc *self)
{
  kvmm_display_damage (KVMM_DISPLAY (self), (int) x, (int) y, (int) width, (int) height);
}

static void
desktop_resize_cb (VncConnection *connection, guint width, guint height, KvmmDisplayVnc *self)
{
  KvmmDisplay *display = KVMM_DISPLAY (self);

  /* A server that can be asked for a size says its own at the start, as if it had changed. */
  if (!self->is_resize_refused)
    kvmm_display_set_capability (display, KVMM_DISPLAY_CAN_RESIZE, TRUE);
  if (width != kvmm_display_get_guest_width (display) ||
      height != kvmm_display_get_guest_height (display))
    replace_framebuffer (self);
}

static void
pixel_format_cb (VncConnection *connection, gpointer format, KvmmDisplayVnc *self)
{
  replace_framebuffer (self);
}

static void
kvmm_display_vnc_want_frame (KvmmDisplay *display)
{
  KvmmDisplayVnc *self = KVMM_DISPLAY_VNC (display);
  gboolean is_incremental = !self->needs_full;

  if (self->connection == NULL)
    return;
  self->needs_full = FALSE;
  vnc_connection_framebuffer_update_request (self->connection, is_incremental, 0, 0,
                                             (guint16) kvmm_display_get_guest_width (display),
                                             (guint16) kvmm_display_get_guest_height (display));
}

static void
kvmm_display_vnc_request_size (KvmmDisplay *display, guint width, guint height)
{
  KvmmDisplayVnc *self = KVMM_DISPLAY_VNC (display);

  width = MAX (width & ~(WIDTH_STEP - 1), WIDTH_STEP);
  if (self->connection == NULL || (width == kvmm_display_get_guest_width (display) &&
                                   height == kvmm_display_get_guest_height (display)))
    return;
  /* Success is 1 here, whatever the enumeration calls it. */
  if ((int) vnc_connection_set_size (self->connection, width, height) >= 0)
    return;
  self->is_resize_refused = TRUE;
  kvmm_display_set_capability (display, KVMM_DISPLAY_CAN_RESIZE, FALSE);
}

/* ---- what else the server says ---- */

static void
cursor_cb (VncConnection *connection, VncCursor *cursor, KvmmDisplayVnc *self)
{
  KvmmDisplay *display = KVMM_DISPLAY (self);

  if (cursor == NULL || vnc_cursor_get_width (cursor) == 0 || vnc_cursor_get_height (cursor) == 0)
    {
      kvmm_display_set_guest_cursor (display, NULL, 0, 0);
      return;
    }

  gsize width = vnc_cursor_get_width (cursor), height = vnc_cursor_get_height (cursor);
  g_autoptr (GBytes) pixels = g_bytes_new (vnc_cursor_get_data (cursor), width * height * 4);
  g_autoptr (GdkTexture) texture =
      gdk_memory_texture_new ((int) width, (int) height, GDK_MEMORY_R8G8B8A8, pixels, width * 4);
  kvmm_display_set_guest_cursor (display, texture, vnc_cursor_get_hotx (cursor),
                                 vnc_cursor_get_hoty (cursor));
}

static void
pointer_mode_cb (VncConnection *connection, gboolean absolute, KvmmDisplayVnc *self)
{
  kvmm_display_set_pointer_absolute (KVMM_DISPLAY (self), absolute);
}

static void
cut_text_cb (VncConnection *connection, const char *text, KvmmDisplayVnc *self)
{
  if (text == NULL)
    return;
  kvmm_display_set_capability (KVMM_DISPLAY (self), KVMM_DISPLAY_CAN_CLIPBOARD_FROM_GUEST, TRUE);
  kvmm_display_receive_clipboard (KVMM_DISPLAY (self), text, strlen (text));
}

static void
rename_cb (VncConnection *connection, const char *name, KvmmDisplayVnc *self)
{
  kvmm_display_set_guest_name (KVMM_DISPLAY (self), name);
}

static void
bell_cb (VncConnection *connection, KvmmDisplayVnc *self)
{
  kvmm_display_ring_bell (KVMM_DISPLAY (self));
}

/* ---- input ---- */

static void
kvmm_display_vnc_key (KvmmDisplay *display, gboolean down, guint keyval, guint qnum)
{
  KvmmDisplayVnc *self = KVMM_DISPLAY_VNC (display);

  if (self->connection != NULL)
    vnc_connection_key_event (self->connection, down, keyval, (guint16) qnum);
}

static void
kvmm_display_vnc_pointer_position (KvmmDisplay *display, guint x, guint y, guint mask)
{
  KvmmDisplayVnc *self = KVMM_DISPLAY_VNC (display);

  self->pointer_x = x;
  self->pointer_y = y;
  if (self->connection != NULL)
    vnc_connection_pointer_event (self->connection, mask & BUTTON_MASK, (guint16) x, (guint16) y);
}

static void
kvmm_display_vnc_pointer_motion (KvmmDisplay *display, int dx, int dy, guint mask)
{
  KvmmDisplayVnc *self = KVMM_DISPLAY_VNC (display);

  if (self->connection != NULL)
    vnc_connection_pointer_event (self->connection, mask & BUTTON_MASK,
                                  (guint16) (RELATIVE_CENTRE + dx),
                                  (guint16) (RELATIVE_CENTRE + dy));
}

static void
kvmm_display_vnc_pointer_button (KvmmDisplay *display, gboolean down, guint button, guint mask)
{
  KvmmDisplayVnc *self = KVMM_DISPLAY_VNC (display);

  if (kvmm_display_get_pointer_absolute (display))
    kvmm_display_vnc_pointer_position (display, self->pointer_x, self->pointer_y, mask);
  else
    kvmm_display_vnc_pointer_motion (display, 0, 0, mask);
}

static void
kvmm_display_vnc_set_clipboard (KvmmDisplay *display, const char *text)
{
  KvmmDisplayVnc *self = KVMM_DISPLAY_VNC (display);

  if (self->connection != NULL)
    vnc_connection_client_cut_text (self->connection, text, strlen (text));
}

/* ---- opening ---- */

static void
connect_signals (KvmmDisplayVnc *self)
{
  static const struct
  {
    const char *name;
    GCallback callback;
  } handlers[] = {
    { "vnc-connected", G_CALLBACK (started_cb) },
    { "vnc-auth-choose-type", G_CALLBACK (choose_type_cb) },
    { "vnc-auth-choose-subtype", G_CALLBACK (choose_subtype_cb) },
    { "vnc-auth-credential", G_CALLBACK (credential_cb) },
    { "vnc-auth-failure", G_CALLBACK (auth_failure_cb) },
    { "vnc-auth-unsupported", G_CALLBACK (auth_unsupported_cb) },
    { "vnc-initialized", G_CALLBACK (initialized_cb) },
    { "vnc-framebuffer-update", G_CALLBACK (update_cb) },
    { "vnc-desktop-resize", G_CALLBACK (desktop_resize_cb) },
    { "vnc-pixel-format-changed", G_CALLBACK (pixel_format_cb) },
    { "vnc-cursor-changed", G_CALLBACK (cursor_cb) },
    { "vnc-pointer-mode-changed", G_CALLBACK (pointer_mode_cb) },
    { "vnc-server-cut-text", G_CALLBACK (cut_text_cb) },
    { "vnc-desktop-rename", G_CALLBACK (rename_cb) },
    { "vnc-bell", G_CALLBACK (bell_cb) },
    { "vnc-error", G_CALLBACK (error_cb) },
    { "vnc-disconnected", G_CALLBACK (disconnected_cb) },
  };

  for (guint i = 0; i < G_N_ELEMENTS (handlers); i++)
    g_signal_connect (self->connection, handlers[i].name, handlers[i].callback, self);

  /* gvnc 1.3 registers this signal with a marshaller for one argument and none of them. */
  GClosure *closure = g_cclosure_new (G_CALLBACK (led_state_cb), self, NULL);
  g_closure_set_marshal (closure, g_cclosure_marshal_VOID__VOID);
  g_signal_connect_closure (self->connection, "vnc-led-state", closure, FALSE);
}

/* Begins to speak. */
static void
start (KvmmDisplayVnc *self, int fd, gboolean is_local, const char *host)
{
  self->connection = vnc_connection_new ();
  self->fd = fd;
  g_free (self->host);
  self->host = g_strdup (host);
  self->is_started = FALSE;
  self->is_shaking = FALSE;
  self->is_local = is_local;
  self->is_resize_refused = FALSE;
  connect_signals (self);
  vnc_connection_set_shared (self->connection, TRUE);
  kvmm_display_set_progress (KVMM_DISPLAY (self), _ ("Waiting for the display server…"));
  if (host != NULL)
    vnc_connection_open_fd_with_hostname (self->connection, fd, host);
  else
    vnc_connection_open_fd (self->connection, fd);
}

void
kvmm_display_vnc_open_fd (KvmmDisplayVnc *self, int fd, gboolean is_local, const char *host)
{
  g_return_if_fail (KVMM_IS_DISPLAY_VNC (self));

  kvmm_display_vnc_close (KVMM_DISPLAY (self));
  kvmm_display_begin (KVMM_DISPLAY (self));
  start (self, fd, is_local, host);
}

static void
opened_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmDisplayVnc) self = user_data;
  GError *error = NULL;
  g_autoptr (KvmmConsoleTransport) transport =
      kvmm_console_opener_open_graphics_finish (KVMM_CONSOLE_OPENER (source), result, &error);

  /* Cancelled by close(): what comes after is another opening. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_clear_error (&error);
      return;
    }
  g_clear_object (&self->cancellable);
  if (transport == NULL)
    kvmm_display_take_closed (KVMM_DISPLAY (self), error);
  else
    start (self, kvmm_console_transport_take_fd (transport), transport->is_local, transport->host);
}

static void
progress_cb (KvmmConsoleOpener *opener, GParamSpec *pspec, KvmmDisplayVnc *self)
{
  const char *text = kvmm_console_opener_get_progress_text (opener);

  if (self->connection == NULL && text != NULL)
    kvmm_display_set_progress (KVMM_DISPLAY (self), text);
}

static void
kvmm_display_vnc_open (KvmmDisplay *display,
                       KvmmConsoleOpener *opener,
                       const KvmmXmlGraphics *graphics)
{
  KvmmDisplayVnc *self = KVMM_DISPLAY_VNC (display);

  self->opener = g_object_ref (opener);
  self->cancellable = g_cancellable_new ();
  self->has_agent = graphics->has_agent;
  g_signal_connect (opener, "notify::progress-text", G_CALLBACK (progress_cb), self);
  kvmm_console_opener_open_graphics_async (opener, graphics, FALSE, self->cancellable, opened_cb,
                                           g_object_ref (self));
}

static void
kvmm_display_vnc_class_init (KvmmDisplayVncClass *klass)
{
  KvmmDisplayClass *display_class = KVMM_DISPLAY_CLASS (klass);

  display_class->open = kvmm_display_vnc_open;
  display_class->close = kvmm_display_vnc_close;
  display_class->answer_auth = kvmm_display_vnc_answer_auth;
  display_class->key = kvmm_display_vnc_key;
  display_class->pointer_position = kvmm_display_vnc_pointer_position;
  display_class->pointer_motion = kvmm_display_vnc_pointer_motion;
  display_class->pointer_button = kvmm_display_vnc_pointer_button;
  display_class->request_size = kvmm_display_vnc_request_size;
  display_class->set_clipboard = kvmm_display_vnc_set_clipboard;
  display_class->want_frame = kvmm_display_vnc_want_frame;
}

static void
kvmm_display_vnc_init (KvmmDisplayVnc *self)
{
}

KvmmDisplay *
kvmm_display_vnc_new (void)
{
  return g_object_new (KVMM_TYPE_DISPLAY_VNC, NULL);
}
