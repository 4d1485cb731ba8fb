/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-display-spice.h"

#include <glib/gi18n.h>
#include <spice/vd_agent.h>

#include "console/kvmm-display-private.h"
#include "console/kvmm-spice-clipboard.h"
#include "console/kvmm-spice-cursor.h"
#include "console/kvmm-spice-heads.h"
#include "console/kvmm-spice-input.h"
#include "console/kvmm-spice-picture.h"
#include "console/kvmm-spice-way.h"
#include "util/kvmm-guest-text.h"
#include "util/kvmm-thread.h"

struct _KvmmDisplaySpice
{
  KvmmDisplay parent_instance;

  guint head;
  KvmmSpiceSession *session;     /* (owned) (nullable): of the first head, shared by the others */
  KvmmConsoleOpener *opener;     /* (owned) (nullable) */
  KvmmSpicePicture *picture;     /* (owned) (nullable) */
  KvmmSpiceCursor *cursor;       /* (owned) (nullable) */
  KvmmSpiceClipboard *clipboard; /* (owned) (nullable) */
  guint n_heads;
  guint max_heads;
  gboolean has_agent;
  gboolean audio;
  gboolean microphone;
};

G_DEFINE_FINAL_TYPE (KvmmDisplaySpice, kvmm_display_spice, KVMM_TYPE_DISPLAY)

typedef enum
{
  PROP_AUDIO_ENABLED = 1,
  PROP_MICROPHONE_ENABLED,
  PROP_N_HEADS,
  PROP_AGENT,
} KvmmDisplaySpiceProp;

static GParamSpec *properties[PROP_AGENT + 1];

enum
{
  WARNING,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

/* ---- screens ---- */

static void
framebuffer_changed_cb (KvmmSpicePicture *picture, gpointer user_data)
{
  kvmm_display_set_framebuffer (user_data, kvmm_spice_picture_get_framebuffer (picture));
}

static void
damaged_cb (KvmmSpicePicture *picture, int x, int y, int width, int height, gpointer user_data)
{
  kvmm_display_damage (user_data, x, y, width, height);
}

static void
failed_cb (KvmmSpicePicture *picture, const GError *error, gpointer user_data)
{
  KvmmDisplaySpice *self = user_data;

  kvmm_spice_session_fail (self->session, g_error_copy (error));
}

static void
drop_picture (KvmmDisplaySpice *self)
{
  if (self->picture != NULL)
    g_signal_handlers_disconnect_by_data (self->picture, self);
  g_clear_object (&self->picture);
  if (self->cursor != NULL)
    g_signal_handlers_disconnect_by_data (self->cursor, self);
  g_clear_object (&self->cursor);
}

static void cursor_changed_cb (KvmmSpiceCursor *cursor, gpointer user_data);

/* The pointer's shape comes on the channel with the number of the screen's. */
static void
follow_cursor (KvmmDisplaySpice *self)
{
  g_autoptr (GPtrArray) channels =
      kvmm_spice_session_list_channels (self->session, SPICE_CHANNEL_CURSOR);
  int wanted = 0;

  if (self->picture == NULL || self->cursor != NULL)
    return;
  g_object_get (kvmm_spice_picture_get_channel (self->picture), "channel-id", &wanted, NULL);
  for (guint i = 0; i < channels->len && self->cursor == NULL; i++)
    {
      int id = -1;

      g_object_get (channels->pdata[i], "channel-id", &id, NULL);
      if (id != wanted)
        continue;
      self->cursor = kvmm_spice_cursor_new (channels->pdata[i]);
      g_signal_connect (self->cursor, "changed", G_CALLBACK (cursor_changed_cb), self);
      cursor_changed_cb (self->cursor, self);
    }
}

static void
follow_picture (KvmmDisplaySpice *self)
{
  guint monitor = 0;
  SpiceDisplayChannel *channel = kvmm_spice_heads_find (self->session, self->head, &monitor);

  if (channel == NULL)
    {
      drop_picture (self);
      return;
    }
  if (self->picture == NULL || kvmm_spice_picture_get_channel (self->picture) != channel)
    {
      drop_picture (self);
      self->picture =
          kvmm_spice_picture_new (kvmm_spice_session_get_name (self->session), channel, monitor);
      g_signal_connect (self->picture, "framebuffer-changed", G_CALLBACK (framebuffer_changed_cb),
                        self);
      g_signal_connect (self->picture, "damaged", G_CALLBACK (damaged_cb), self);
      g_signal_connect (self->picture, "failed", G_CALLBACK (failed_cb), self);
      kvmm_spice_picture_set_paused (self->picture, kvmm_display_get_paused (KVMM_DISPLAY (self)));
      /* A further screen comes when the picture is there already. */
      if (kvmm_spice_picture_get_framebuffer (self->picture) != NULL)
        framebuffer_changed_cb (self->picture, self);
    }
  follow_cursor (self);
}

static void
update_heads (KvmmDisplaySpice *self)
{
  guint n_heads = kvmm_spice_session_get_state (self->session) == KVMM_SPICE_CONNECTED
                      ? kvmm_spice_heads_count (self->session)
                      : 0;

  guint max_heads = n_heads > 0 ? kvmm_spice_heads_get_max (self->session) : 0;

  if (self->n_heads == n_heads && self->max_heads == max_heads)
    return;
  self->n_heads = n_heads;
  self->max_heads = max_heads;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_HEADS]);
}

static void
monitors_cb (SpiceDisplayChannel *channel, GParamSpec *pspec, gpointer user_data)
{
  KvmmDisplaySpice *self = user_data;

  follow_picture (self);
  update_heads (self);
}

/* ---- pointer shape ---- */

static void
cursor_changed_cb (KvmmSpiceCursor *cursor, gpointer user_data)
{
  KvmmDisplay *display = user_data;
  int hot_x = 0;
  int hot_y = 0;
  GdkTexture *texture = kvmm_spice_cursor_get_shape (cursor, &hot_x, &hot_y);

  if (kvmm_spice_cursor_is_unknown (cursor))
    kvmm_display_unset_guest_cursor (display);
  else if (kvmm_display_get_pointer_absolute (display))
    kvmm_display_set_guest_cursor (display, texture, hot_x, hot_y);
  else
    /* The guest decides where its pointer is: it is drawn there. */
    kvmm_display_set_guest_cursor (display, NULL, 0, 0);
  gtk_widget_queue_draw (GTK_WIDGET (display));
}

static void
kvmm_display_spice_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  KvmmDisplaySpice *self = KVMM_DISPLAY_SPICE (widget);
  KvmmDisplay *display = KVMM_DISPLAY (widget);
  KvmmPlacement placement;
  int x, y, hot_x, hot_y, origin_x, origin_y;

  GTK_WIDGET_CLASS (kvmm_display_spice_parent_class)->snapshot (widget, snapshot);
  if (self->cursor == NULL || self->picture == NULL ||
      kvmm_display_get_pointer_absolute (display) ||
      !kvmm_spice_cursor_get_position (self->cursor, &x, &y))
    return;
  GdkTexture *texture = kvmm_spice_cursor_get_shape (self->cursor, &hot_x, &hot_y);
  guint width = kvmm_display_get_guest_width (display);
  guint height = kvmm_display_get_guest_height (display);
  if (texture == NULL || width == 0 || height == 0 ||
      !kvmm_display_picture_get_placement (kvmm_display_get_private (display)->picture, &placement))
    return;
  kvmm_spice_picture_get_origin (self->picture, &origin_x, &origin_y);
  double scale_x = placement.width / width;
  double scale_y = placement.height / height;
  gtk_snapshot_push_clip (snapshot,
                          &GRAPHENE_RECT_INIT ((float) placement.x, (float) placement.y,
                                               (float) placement.width, (float) placement.height));
  gtk_snapshot_append_texture (
      snapshot, texture,
      &GRAPHENE_RECT_INIT ((float) (placement.x + (x - origin_x - hot_x) * scale_x),
                           (float) (placement.y + (y - origin_y - hot_y) * scale_y),
                           (float) (gdk_texture_get_width (texture) * scale_x),
                           (float) (gdk_texture_get_height (texture) * scale_y)));
  gtk_snapshot_pop (snapshot);
}

/* ---- what the guest can ---- */

static void
received_cb (KvmmSpiceClipboard *clipboard, const char *text, guint64 length, gpointer user_data)
{
  kvmm_display_receive_clipboard (user_data, text, (gsize) length);
}

static void
clipboard_enabled_cb (KvmmDisplaySpice *self)
{
  if (self->clipboard != NULL)
    kvmm_spice_clipboard_set_enabled (self->clipboard,
                                      kvmm_display_get_clipboard_enabled (KVMM_DISPLAY (self)));
}

static void
update_capabilities (KvmmDisplaySpice *self)
{
  KvmmDisplay *display = KVMM_DISPLAY (self);
  KvmmSpiceSession *session = self->session;
  gboolean has_agent = kvmm_spice_session_has_agent (session);
  gboolean has_clipboard =
      self->clipboard != NULL && kvmm_spice_clipboard_is_available (self->clipboard);
  gboolean has_files =
      has_agent && !kvmm_spice_session_agent_can (session, VD_AGENT_CAP_FILE_XFER_DISABLED);

  kvmm_display_set_capability (
      display, KVMM_DISPLAY_CAN_RESIZE,
      kvmm_spice_session_agent_can (session, VD_AGENT_CAP_MONITORS_CONFIG));
  kvmm_display_set_capability (display, KVMM_DISPLAY_CAN_CLIPBOARD_TO_GUEST, has_clipboard);
  kvmm_display_set_capability (display, KVMM_DISPLAY_CAN_CLIPBOARD_FROM_GUEST, has_clipboard);
  kvmm_display_set_capability (display, KVMM_DISPLAY_CAN_DROP_FILES, has_files);
  kvmm_display_set_capability (display, KVMM_DISPLAY_CAN_AUDIO,
                               kvmm_spice_session_has_audio (session));
  kvmm_display_set_capability (display, KVMM_DISPLAY_CAN_USB, kvmm_spice_session_has_usb (session));
  if (self->has_agent == has_agent)
    return;
  self->has_agent = has_agent;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_AGENT]);
}

static void
agent_changed_cb (KvmmSpiceSession *session, gpointer user_data)
{
  update_capabilities (user_data);
}

static void
mouse_mode_changed_cb (KvmmSpiceSession *session, gpointer user_data)
{
  KvmmDisplaySpice *self = user_data;

  kvmm_display_set_pointer_absolute (KVMM_DISPLAY (self),
                                     kvmm_spice_session_get_absolute (session));
  if (self->cursor != NULL)
    cursor_changed_cb (self->cursor, self);
}

static void
modifiers_cb (SpiceInputsChannel *channel, gpointer user_data)
{
  int locks = 0;

  /* The same bits as KvmmLockKeys. */
  g_object_get (channel, "key-modifiers", &locks, NULL);
  kvmm_display_set_guest_lock_keys (user_data, (KvmmLockKeys) (locks & 7));
}

/* ---- the session ---- */

static void
channel_added_cb (KvmmSpiceSession *session, SpiceChannel *channel, gpointer user_data)
{
  KvmmDisplaySpice *self = user_data;

  if (SPICE_IS_INPUTS_CHANNEL (channel))
    {
      if (self->head == 0)
        g_signal_connect_object (channel, "inputs-modifiers", G_CALLBACK (modifiers_cb), self, 0);
    }
  else
    {
      if (SPICE_IS_DISPLAY_CHANNEL (channel))
        g_signal_connect_object (channel, "notify::monitors", G_CALLBACK (monitors_cb), self, 0);
      follow_picture (self);
      update_heads (self);
    }
}

static void
channel_removed_cb (KvmmSpiceSession *session, SpiceChannel *channel, gpointer user_data)
{
  KvmmDisplaySpice *self = user_data;

  g_signal_handlers_disconnect_by_data (channel, self);
  if (self->picture != NULL &&
      (gpointer) kvmm_spice_picture_get_channel (self->picture) == (gpointer) channel)
    drop_picture (self);
  update_heads (self);
}

static void
warning_cb (KvmmSpiceSession *session, const GError *error, gpointer user_data)
{
  g_signal_emit (user_data, signals[WARNING], 0, error);
}

static void
take_connected (KvmmDisplaySpice *self)
{
  SpiceMainChannel *main = kvmm_spice_session_get_main (self->session);

  if (self->head == 0 && self->clipboard == NULL && main != NULL)
    {
      self->clipboard = kvmm_spice_clipboard_new (main);
      g_signal_connect (self->clipboard, "received", G_CALLBACK (received_cb), self);
      clipboard_enabled_cb (self);
    }
  kvmm_display_set_connected (KVMM_DISPLAY (self));
  mouse_mode_changed_cb (self->session, self);
  update_capabilities (self);
  update_heads (self);
}

static void
forget_session (KvmmDisplaySpice *self)
{
  g_autoptr (KvmmSpiceSession) session = g_steal_pointer (&self->session);

  drop_picture (self);
  if (self->clipboard != NULL)
    g_signal_handlers_disconnect_by_data (self->clipboard, self);
  g_clear_object (&self->clipboard);
  if (self->opener != NULL)
    g_signal_handlers_disconnect_by_data (self->opener, self);
  g_clear_object (&self->opener);
  if (session == NULL)
    return;
  g_signal_handlers_disconnect_by_data (session, self);
  for (int type = SPICE_CHANNEL_DISPLAY; type <= SPICE_CHANNEL_INPUTS; type++)
    {
      g_autoptr (GPtrArray) channels = kvmm_spice_session_list_channels (session, type);
      for (guint i = 0; i < channels->len; i++)
        g_signal_handlers_disconnect_by_data (channels->pdata[i], self);
    }
  if (self->head == 0)
    kvmm_spice_session_close (session);
  if (self->n_heads != 0)
    {
      self->n_heads = 0;
      self->max_heads = 0;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_HEADS]);
    }
  if (self->has_agent)
    {
      self->has_agent = FALSE;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_AGENT]);
    }
}

static void
state_changed_cb (KvmmSpiceSession *session, gpointer user_data)
{
  g_autoptr (KvmmDisplaySpice) self = g_object_ref (user_data);
  const GError *error = kvmm_spice_session_get_error (session);

  switch (kvmm_spice_session_get_state (session))
    {
    case KVMM_SPICE_IDLE:
    case KVMM_SPICE_CONNECTING:
      break;
    case KVMM_SPICE_AUTH_NEEDED:
      kvmm_display_request_auth (
          KVMM_DISPLAY (self),
          KVMM_DISPLAY_NEEDS_PASSWORD |
              (kvmm_spice_session_get_needs_username (session) ? KVMM_DISPLAY_NEEDS_USERNAME : 0));
      break;
    case KVMM_SPICE_CONNECTED:
      take_connected (self);
      break;
    case KVMM_SPICE_CLOSED:
      kvmm_display_take_closed (KVMM_DISPLAY (self), error != NULL ? g_error_copy (error) : NULL);
      break;
    }
}

static void
follow_session (KvmmDisplaySpice *self, KvmmSpiceSession *session)
{
  self->session = g_object_ref (session);
  g_signal_connect (session, "state-changed", G_CALLBACK (state_changed_cb), self);
  g_signal_connect (session, "channel-added", G_CALLBACK (channel_added_cb), self);
  g_signal_connect (session, "channel-removed", G_CALLBACK (channel_removed_cb), self);
  g_signal_connect (session, "agent-changed", G_CALLBACK (agent_changed_cb), self);
  g_signal_connect (session, "mouse-mode-changed", G_CALLBACK (mouse_mode_changed_cb), self);
  g_signal_connect (session, "warning", G_CALLBACK (warning_cb), self);
}

static void
progress_cb (KvmmConsoleOpener *opener, GParamSpec *pspec, gpointer user_data)
{
  KvmmDisplaySpice *self = user_data;
  const char *text = kvmm_console_opener_get_progress_text (opener);

  if (self->session != NULL && text != NULL &&
      kvmm_spice_session_get_state (self->session) == KVMM_SPICE_CONNECTING)
    kvmm_display_set_progress (KVMM_DISPLAY (self), text);
}

/* Follows @session and opens it. */
static void
start (KvmmDisplaySpice *self, KvmmSpiceSession *session)
{
  follow_session (self, session);
  kvmm_spice_session_set_audio (session, self->audio);
  kvmm_spice_session_set_microphone (session, self->microphone);
  kvmm_display_set_progress (KVMM_DISPLAY (self), _ ("Connecting to the screen…"));
  kvmm_spice_session_open (session);
}

static void
kvmm_display_spice_open (KvmmDisplay *display,
                         KvmmConsoleOpener *opener,
                         const KvmmXmlGraphics *graphics)
{
  KvmmDisplaySpice *self = KVMM_DISPLAY_SPICE (display);
  const char *raw_name = kvmm_domain_get_name (kvmm_console_opener_get_domain (opener));
  g_autofree char *name = kvmm_guest_text_sanitise (raw_name, -1);

  g_return_if_fail (self->head == 0);
  forget_session (self);
  g_autoptr (KvmmSpiceSession) session = kvmm_spice_way_new_session (name, opener, graphics);
  self->opener = g_object_ref (opener);
  g_signal_connect (opener, "notify::progress-text", G_CALLBACK (progress_cb), self);
  start (self, session);
}

void
kvmm_display_spice_open_session (KvmmDisplaySpice *self, KvmmSpiceSession *session)
{
  g_return_if_fail (KVMM_IS_DISPLAY_SPICE (self) && self->head == 0);

  forget_session (self);
  kvmm_display_begin (KVMM_DISPLAY (self));
  start (self, session);
}

static void
kvmm_display_spice_close (KvmmDisplay *display)
{
  forget_session (KVMM_DISPLAY_SPICE (display));
}

static void
kvmm_display_spice_answer_auth (KvmmDisplay *display, const char *username, const char *password)
{
  KvmmDisplaySpice *self = KVMM_DISPLAY_SPICE (display);

  if (self->session == NULL)
    return;
  kvmm_display_set_progress (display, _ ("Connecting to the screen…"));
  kvmm_spice_session_answer (self->session, username, password);
}

/* ---- keys and pointer ---- */

static KvmmSpiceInput *
get_input (KvmmDisplaySpice *self)
{
  return self->session != NULL ? kvmm_spice_session_get_input (self->session) : NULL;
}

static void
kvmm_display_spice_key (KvmmDisplay *display, gboolean down, guint keyval, guint qnum)
{
  kvmm_spice_input_key (get_input (KVMM_DISPLAY_SPICE (display)), down, qnum);
}

static void
kvmm_display_spice_pointer_position (KvmmDisplay *display, guint x, guint y, guint mask)
{
  KvmmDisplaySpice *self = KVMM_DISPLAY_SPICE (display);

  if (self->picture != NULL)
    kvmm_spice_input_position (get_input (self), kvmm_spice_picture_get_display_id (self->picture),
                               x, y, mask);
}

static void
kvmm_display_spice_pointer_motion (KvmmDisplay *display, int dx, int dy, guint mask)
{
  kvmm_spice_input_motion (get_input (KVMM_DISPLAY_SPICE (display)), dx, dy, mask);
}

static void
kvmm_display_spice_pointer_button (KvmmDisplay *display, gboolean down, guint button, guint mask)
{
  kvmm_spice_input_button (get_input (KVMM_DISPLAY_SPICE (display)), down, button, mask);
}

static void
kvmm_display_spice_set_lock_keys (KvmmDisplay *display, KvmmLockKeys keys)
{
  kvmm_spice_input_lock_keys (get_input (KVMM_DISPLAY_SPICE (display)), keys);
}

/* ---- size, clipboard ---- */

static void
kvmm_display_spice_request_size (KvmmDisplay *display, guint width, guint height)
{
  KvmmDisplaySpice *self = KVMM_DISPLAY_SPICE (display);
  if (self->session != NULL && self->picture != NULL)
    kvmm_spice_heads_request_size (self->session, kvmm_spice_picture_get_display_id (self->picture),
                                   width, height);
}

static void
kvmm_display_spice_set_clipboard (KvmmDisplay *display, const char *text)
{
  KvmmDisplaySpice *self = KVMM_DISPLAY_SPICE (display);

  if (self->clipboard != NULL)
    kvmm_spice_clipboard_offer (self->clipboard, text);
}

static void
kvmm_display_spice_set_paused (KvmmDisplay *display, gboolean paused)
{
  KvmmDisplaySpice *self = KVMM_DISPLAY_SPICE (display);

  if (self->picture != NULL)
    kvmm_spice_picture_set_paused (self->picture, paused);
}

char *
kvmm_display_spice_dup_clipboard_text (KvmmDisplaySpice *self)
{
  KvmmDisplay *display = KVMM_DISPLAY (self);

  g_return_val_if_fail (KVMM_IS_DISPLAY_SPICE (self), NULL);
  if (!kvmm_display_get_clipboard_enabled (display))
    return g_strdup (_ ("Sharing the clipboard is switched off for this virtual machine"));
  if (kvmm_display_get_capabilities (display) & KVMM_DISPLAY_CAN_CLIPBOARD_TO_GUEST)
    return g_strdup (_ ("Text is shared in both directions by the guest’s SPICE agent"));
  if (self->has_agent)
    return g_strdup (_ ("The guest’s SPICE agent does not share the clipboard"));
  return g_strdup (_ ("Text is not shared: no SPICE agent answers in the guest. Install and start "
                      "“spice-vdagent” there, with a “spicevmc” channel in the machine."));
}

/* ---- further screens ---- */

guint
kvmm_display_spice_get_n_heads (KvmmDisplaySpice *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY_SPICE (self), 0);
  return self->n_heads;
}

guint
kvmm_display_spice_get_max_heads (KvmmDisplaySpice *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY_SPICE (self), 0);
  return self->max_heads;
}

gboolean
kvmm_display_spice_enable_head (KvmmDisplaySpice *self, guint head, gboolean enabled)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY_SPICE (self), FALSE);

  return self->session != NULL &&
         kvmm_spice_heads_enable (self->session, head, enabled,
                                  kvmm_display_get_guest_width (KVMM_DISPLAY (self)),
                                  kvmm_display_get_guest_height (KVMM_DISPLAY (self)));
}

KvmmDisplay *
kvmm_display_spice_new_head (KvmmDisplaySpice *self, guint head)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY_SPICE (self) && head > 0, NULL);

  KvmmDisplaySpice *other = g_object_new (KVMM_TYPE_DISPLAY_SPICE, NULL);
  other->head = head;
  if (self->session == NULL)
    return KVMM_DISPLAY (other);
  kvmm_display_begin (KVMM_DISPLAY (other));
  follow_session (other, self->session);
  for (int type = SPICE_CHANNEL_DISPLAY; type <= SPICE_CHANNEL_CURSOR; type++)
    {
      g_autoptr (GPtrArray) channels = kvmm_spice_session_list_channels (self->session, type);
      for (guint i = 0; i < channels->len; i++)
        channel_added_cb (self->session, channels->pdata[i], other);
    }
  if (kvmm_spice_session_get_state (self->session) == KVMM_SPICE_CONNECTED)
    take_connected (other);
  return KVMM_DISPLAY (other);
}

/* ---- life ---- */

KvmmSpiceSession *
kvmm_display_spice_get_session (KvmmDisplaySpice *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY_SPICE (self), NULL);
  return self->session;
}

gboolean
kvmm_display_spice_get_agent (KvmmDisplaySpice *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY_SPICE (self), FALSE);
  return self->has_agent;
}

gboolean
kvmm_display_spice_get_audio_enabled (KvmmDisplaySpice *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY_SPICE (self), FALSE);
  return self->audio;
}

void
kvmm_display_spice_set_audio_enabled (KvmmDisplaySpice *self, gboolean enabled)
{
  g_return_if_fail (KVMM_IS_DISPLAY_SPICE (self));

  if (self->audio == !!enabled)
    return;
  self->audio = !!enabled;
  if (self->session != NULL && self->head == 0)
    kvmm_spice_session_set_audio (self->session, self->audio);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_AUDIO_ENABLED]);
}

static void
set_microphone_enabled (KvmmDisplaySpice *self, gboolean enabled)
{
  if (self->microphone == !!enabled)
    return;
  self->microphone = !!enabled;
  if (self->session != NULL && self->head == 0)
    kvmm_spice_session_set_microphone (self->session, self->microphone);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MICROPHONE_ENABLED]);
}

static void
kvmm_display_spice_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KvmmDisplaySpice *self = KVMM_DISPLAY_SPICE (object);

  switch ((KvmmDisplaySpiceProp) id)
    {
    case PROP_AUDIO_ENABLED:
      g_value_set_boolean (value, self->audio);
      break;
    case PROP_MICROPHONE_ENABLED:
      g_value_set_boolean (value, self->microphone);
      break;
    case PROP_N_HEADS:
      g_value_set_uint (value, self->n_heads);
      break;
    case PROP_AGENT:
      g_value_set_boolean (value, self->has_agent);
      break;
    }
}

static void
kvmm_display_spice_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  KvmmDisplaySpice *self = KVMM_DISPLAY_SPICE (object);

  switch ((KvmmDisplaySpiceProp) id)
    {
    case PROP_AUDIO_ENABLED:
      kvmm_display_spice_set_audio_enabled (self, g_value_get_boolean (value));
      break;
    case PROP_MICROPHONE_ENABLED:
      set_microphone_enabled (self, g_value_get_boolean (value));
      break;
    case PROP_N_HEADS:
    case PROP_AGENT:
      break;
    }
}

static void
kvmm_display_spice_dispose (GObject *object)
{
  forget_session (KVMM_DISPLAY_SPICE (object));
  G_OBJECT_CLASS (kvmm_display_spice_parent_class)->dispose (object);
}

static void
class_init_properties (GObjectClass *object_class)
{
  const GParamFlags writable = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  properties[PROP_AUDIO_ENABLED] =
      g_param_spec_boolean ("audio-enabled", NULL, NULL, FALSE, writable);
  properties[PROP_MICROPHONE_ENABLED] =
      g_param_spec_boolean ("microphone-enabled", NULL, NULL, FALSE, writable);
  properties[PROP_N_HEADS] =
      g_param_spec_uint ("n-heads", NULL, NULL, 0, KVMM_SPICE_MAX_HEADS, 0, readable);
  properties[PROP_AGENT] = g_param_spec_boolean ("agent", NULL, NULL, FALSE, readable);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
kvmm_display_spice_class_init (KvmmDisplaySpiceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  KvmmDisplayClass *display_class = KVMM_DISPLAY_CLASS (klass);

  object_class->dispose = kvmm_display_spice_dispose;
  object_class->get_property = kvmm_display_spice_get_property;
  object_class->set_property = kvmm_display_spice_set_property;
  class_init_properties (object_class);
  GTK_WIDGET_CLASS (klass)->snapshot = kvmm_display_spice_snapshot;
  display_class->open = kvmm_display_spice_open;
  display_class->close = kvmm_display_spice_close;
  display_class->answer_auth = kvmm_display_spice_answer_auth;
  display_class->key = kvmm_display_spice_key;
  display_class->pointer_position = kvmm_display_spice_pointer_position;
  display_class->pointer_motion = kvmm_display_spice_pointer_motion;
  display_class->pointer_button = kvmm_display_spice_pointer_button;
  display_class->set_lock_keys = kvmm_display_spice_set_lock_keys;
  display_class->request_size = kvmm_display_spice_request_size;
  display_class->set_clipboard = kvmm_display_spice_set_clipboard;
  display_class->set_paused = kvmm_display_spice_set_paused;

  signals[WARNING] = g_signal_new ("warning", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
kvmm_display_spice_init (KvmmDisplaySpice *self)
{
  g_signal_connect (self, "notify::clipboard-enabled", G_CALLBACK (clipboard_enabled_cb), NULL);
}

KvmmDisplay *
kvmm_display_spice_new (void)
{
  return g_object_new (KVMM_TYPE_DISPLAY_SPICE, NULL);
}
