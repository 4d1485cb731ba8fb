/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-spice-clipboard.h"

#include <spice/vd_agent.h>
#include <string.h>

#include "console/kvmm-display.h"
#include "util/kvmm-thread.h"

/* Most kinds of data that a guest may offer at once; text stands among the first. */
#define MAX_TYPES 256

struct _KvmmSpiceClipboard
{
  GObject parent_instance;

  SpiceMainChannel *main; /* (owned) */
  gboolean enabled;
  char *text;            /* (owned) (nullable): what we offered, LF */
  gboolean is_requested; /* we asked for what the guest offered */
};

G_DEFINE_FINAL_TYPE (KvmmSpiceClipboard, kvmm_spice_clipboard, G_TYPE_OBJECT)

enum
{
  RECEIVED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

/* ---- lines ---- */

char *
kvmm_spice_lines_to_guest (const char *text)
{
  GString *out = g_string_sized_new (strlen (text) + 64);

  for (const char *p = text; *p != '\0'; p++)
    {
      if (*p == '\n' && (p == text || p[-1] != '\r'))
        g_string_append_c (out, '\r');
      g_string_append_c (out, *p);
    }
  return g_string_free (out, FALSE);
}

char *
kvmm_spice_lines_from_guest (const char *text, gsize length)
{
  GString *out = g_string_sized_new (length + 1);

  for (gsize i = 0; i < length && text[i] != '\0'; i++)
    {
      if (text[i] == '\r' && i + 1 < length && text[i + 1] == '\n')
        continue;
      g_string_append_c (out, text[i]);
    }
  return g_string_free (out, FALSE);
}

static gboolean
guest_ends_lines_with_crlf (KvmmSpiceClipboard *self)
{
  return spice_main_channel_agent_test_capability (self->main, VD_AGENT_CAP_GUEST_LINEEND_CRLF);
}

/* ---- from the host ---- */

/* The library wants nothing to be sent to an agent that is gone, whatever it said before. */
static gboolean
has_agent (KvmmSpiceClipboard *self)
{
  gboolean is_there = FALSE;

  g_object_get (self->main, "agent-connected", &is_there, NULL);
  return is_there;
}

gboolean
kvmm_spice_clipboard_is_available (KvmmSpiceClipboard *self)
{
  g_return_val_if_fail (KVMM_IS_SPICE_CLIPBOARD (self), FALSE);
  return has_agent (self) &&
         spice_main_channel_agent_test_capability (self->main, VD_AGENT_CAP_CLIPBOARD_BY_DEMAND);
}

static void
withdraw (KvmmSpiceClipboard *self)
{
  if (self->text == NULL)
    return;
  g_clear_pointer (&self->text, g_free);
  if (kvmm_spice_clipboard_is_available (self))
    spice_main_channel_clipboard_selection_release (self->main,
                                                    VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD);
}

void
kvmm_spice_clipboard_offer (KvmmSpiceClipboard *self, const char *text)
{
  guint32 types[] = { VD_AGENT_CLIPBOARD_UTF8_TEXT };

  g_return_if_fail (KVMM_IS_SPICE_CLIPBOARD (self));
  if (!self->enabled)
    return;
  if (text == NULL || strlen (text) > KVMM_DISPLAY_CLIPBOARD_MAX)
    {
      withdraw (self);
      return;
    }
  g_free (self->text);
  self->text = g_strdup (text);
  self->is_requested = FALSE;
  if (kvmm_spice_clipboard_is_available (self))
    spice_main_channel_clipboard_selection_grab (self->main, VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD,
                                                 types, G_N_ELEMENTS (types));
}

/* Somebody in the guest pastes. An answer is due in any case: the guest waits for it. */
static gboolean
request_cb (SpiceMainChannel *channel, guint selection, guint type, gpointer user_data)
{
  KvmmSpiceClipboard *self = user_data;
  g_autofree char *text = NULL;

  if (selection != VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD || !has_agent (self))
    return FALSE;
  if (self->enabled && self->text != NULL && type == VD_AGENT_CLIPBOARD_UTF8_TEXT)
    text = guest_ends_lines_with_crlf (self) ? kvmm_spice_lines_to_guest (self->text)
                                             : g_strdup (self->text);
  if (text == NULL || strlen (text) > KVMM_DISPLAY_CLIPBOARD_MAX)
    spice_main_channel_clipboard_selection_notify (channel, selection, VD_AGENT_CLIPBOARD_NONE,
                                                   (const guchar *) "", 0);
  else
    spice_main_channel_clipboard_selection_notify (channel, selection, type, (const guchar *) text,
                                                   strlen (text));
  return TRUE;
}

/* ---- from the guest ---- */

static gboolean
grab_cb (SpiceMainChannel *channel,
         guint selection,
         gpointer types_data,
         guint n_types,
         gpointer user_data)
{
  KvmmSpiceClipboard *self = user_data;
  const guint32 *types = types_data;

  if (selection != VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD || !self->enabled)
    return FALSE;
  /* The guest's clipboard is its own again. */
  g_clear_pointer (&self->text, g_free);
  for (guint i = 0; i < n_types && i < MAX_TYPES; i++)
    {
      if (types[i] == VD_AGENT_CLIPBOARD_UTF8_TEXT)
        {
          self->is_requested = TRUE;
          if (has_agent (self))
            spice_main_channel_clipboard_selection_request (channel, selection, types[i]);
          break;
        }
    }
  return TRUE;
}

static void
data_cb (SpiceMainChannel *channel,
         guint selection,
         guint type,
         gpointer data,
         guint size,
         gpointer user_data)
{
  KvmmSpiceClipboard *self = user_data;
  g_autofree char *text = NULL;

  /* What nobody asked for is not put on the clipboard. */
  if (selection != VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD || !self->enabled ||
      !self->is_requested || type != VD_AGENT_CLIPBOARD_UTF8_TEXT)
    return;
  self->is_requested = FALSE;
  if (size > KVMM_DISPLAY_CLIPBOARD_MAX || (size > 0 && data == NULL))
    {
      g_debug ("the guest's clipboard has %u bytes: too much", size);
      return;
    }
  if (guest_ends_lines_with_crlf (self))
    text = kvmm_spice_lines_from_guest (data, size);
  else
    text = g_strndup (data, size);
  g_signal_emit (self, signals[RECEIVED], 0, text, (guint64) strlen (text));
}

static void
release_cb (SpiceMainChannel *channel, guint selection, gpointer user_data)
{
  KvmmSpiceClipboard *self = user_data;

  if (selection == VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD)
    self->is_requested = FALSE;
}

/* The agent came after the text: a guest that has just started is offered it too. */
static void
agent_update_cb (SpiceMainChannel *channel, gpointer user_data)
{
  KvmmSpiceClipboard *self = user_data;
  g_autofree char *text = g_steal_pointer (&self->text);

  if (text == NULL)
    return;
  if (kvmm_spice_clipboard_is_available (self))
    kvmm_spice_clipboard_offer (self, text);
  else
    self->text = g_steal_pointer (&text);
}

void
kvmm_spice_clipboard_set_enabled (KvmmSpiceClipboard *self, gboolean enabled)
{
  g_return_if_fail (KVMM_IS_SPICE_CLIPBOARD (self));

  if (self->enabled == !!enabled)
    return;
  if (!enabled)
    withdraw (self);
  self->is_requested = FALSE;
  self->enabled = !!enabled;
}

/* ---- life ---- */

static void
kvmm_spice_clipboard_dispose (GObject *object)
{
  KvmmSpiceClipboard *self = KVMM_SPICE_CLIPBOARD (object);

  if (self->main != NULL)
    g_signal_handlers_disconnect_by_data (self->main, self);
  g_clear_object (&self->main);
  g_clear_pointer (&self->text, g_free);
  G_OBJECT_CLASS (kvmm_spice_clipboard_parent_class)->dispose (object);
}

static void
kvmm_spice_clipboard_class_init (KvmmSpiceClipboardClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kvmm_spice_clipboard_dispose;
  signals[RECEIVED] =
      g_signal_new ("received", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 2, G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE, G_TYPE_UINT64);
}

static void
kvmm_spice_clipboard_init (KvmmSpiceClipboard *self)
{
  self->enabled = TRUE;
}

KvmmSpiceClipboard *
kvmm_spice_clipboard_new (SpiceMainChannel *main)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_val_if_fail (SPICE_IS_MAIN_CHANNEL (main), NULL);

  KvmmSpiceClipboard *self = g_object_new (KVMM_TYPE_SPICE_CLIPBOARD, NULL);

  self->main = g_object_ref (main);
  /* The agent is told not to send more. The library wants less than the limit, not at most it. */
  g_object_set (main, "max-clipboard", KVMM_DISPLAY_CLIPBOARD_MAX + 1, NULL);
  g_signal_connect (main, "main-clipboard-selection-grab", G_CALLBACK (grab_cb), self);
  g_signal_connect (main, "main-clipboard-selection", G_CALLBACK (data_cb), self);
  g_signal_connect (main, "main-clipboard-selection-request", G_CALLBACK (request_cb), self);
  g_signal_connect (main, "main-clipboard-selection-release", G_CALLBACK (release_cb), self);
  g_signal_connect (main, "main-agent-update", G_CALLBACK (agent_update_cb), self);
  return self;
}
