/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-display-clipboard.h"

#include <string.h>

#include "console/kvmm-display-private.h"

struct _KvmmDisplayClipboard
{
  KvmmDisplay *display;      /* (unowned) */
  GdkClipboard *clipboard;   /* (unowned) (nullable) watched while the widget has the focus */
  GCancellable *cancellable; /* (owned) (nullable) of the read under way */
  char *sent;                /* (owned) (nullable) what the guest was given last, or gave */
  gboolean is_enabled;
};

KvmmDisplayClipboard *
kvmm_display_clipboard_new (KvmmDisplay *display)
{
  KvmmDisplayClipboard *self = g_new0 (KvmmDisplayClipboard, 1);

  self->display = display;
  self->is_enabled = TRUE;
  return self;
}

static void
cancel_read (KvmmDisplayClipboard *self)
{
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
}

static void
unwatch (KvmmDisplayClipboard *self)
{
  if (self->clipboard != NULL)
    g_signal_handlers_disconnect_by_data (self->clipboard, self);
  self->clipboard = NULL;
}

void
kvmm_display_clipboard_stop (KvmmDisplayClipboard *self)
{
  cancel_read (self);
  unwatch (self);
}

void
kvmm_display_clipboard_free (KvmmDisplayClipboard *self)
{
  kvmm_display_clipboard_stop (self);
  g_free (self->sent);
  g_free (self);
}

static gboolean
can_send (KvmmDisplayClipboard *self)
{
  return self->is_enabled && kvmm_display_is_interactive (self->display) &&
         (kvmm_display_get_capabilities (self->display) & KVMM_DISPLAY_CAN_CLIPBOARD_TO_GUEST) &&
         KVMM_DISPLAY_GET_CLASS (self->display)->set_clipboard != NULL;
}

static void
text_read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmDisplay) display = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = gdk_clipboard_read_text_finish (GDK_CLIPBOARD (source), result, &error);
  KvmmDisplayClipboard *self = kvmm_display_get_private (display)->clipboard;

  /* No text on it is no failure, and a cancelled read belongs to a widget that may be gone. */
  if (text == NULL || !can_send (self))
    return;
  if (strlen (text) > KVMM_DISPLAY_CLIPBOARD_MAX || g_strcmp0 (text, self->sent) == 0)
    return;
  g_free (self->sent);
  self->sent = g_strdup (text);
  KVMM_DISPLAY_GET_CLASS (display)->set_clipboard (display, text);
}

static void
send_text (KvmmDisplayClipboard *self)
{
  if (self->clipboard == NULL || !can_send (self))
    return;
  cancel_read (self);
  self->cancellable = g_cancellable_new ();
  gdk_clipboard_read_text_async (self->clipboard, self->cancellable, text_read_cb,
                                 g_object_ref (self->display));
}

static void
changed_cb (GdkClipboard *clipboard, KvmmDisplayClipboard *self)
{
  send_text (self);
}

void
kvmm_display_clipboard_focus (KvmmDisplayClipboard *self, gboolean has_focus)
{
  unwatch (self);
  if (!has_focus)
    return;
  self->clipboard = gtk_widget_get_clipboard (GTK_WIDGET (self->display));
  g_signal_connect (self->clipboard, "changed", G_CALLBACK (changed_cb), self);
  send_text (self);
}

void
kvmm_display_clipboard_update (KvmmDisplayClipboard *self)
{
  if (!can_send (self))
    g_clear_pointer (&self->sent, g_free);
  send_text (self);
}

void
kvmm_display_clipboard_receive (KvmmDisplayClipboard *self, const char *text, gsize length)
{
  if (!self->is_enabled)
    return;
  if (length > KVMM_DISPLAY_CLIPBOARD_MAX)
    {
      g_debug ("The guest's clipboard has %" G_GSIZE_FORMAT " bytes; not taken", length);
      return;
    }

  g_autofree char *valid = g_utf8_make_valid (text, (gssize) length);
  g_free (self->sent);
  self->sent = g_strdup (valid);
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self->display)), valid);
  kvmm_display_emit_clipboard_received (self->display, valid);
}

gboolean
kvmm_display_clipboard_get_enabled (KvmmDisplayClipboard *self)
{
  return self->is_enabled;
}

void
kvmm_display_clipboard_set_enabled (KvmmDisplayClipboard *self, gboolean enabled)
{
  self->is_enabled = enabled;
  kvmm_display_clipboard_update (self);
}
