/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-spice-farewell.h"

#define CHECK_MS 50

typedef struct
{
  SpiceSession *session; /* (owned) */
  GPtrArray *channels;   /* (owned) */
  gint64 until_us;       /* monotonic */
} Farewell;

static GQuark
get_quark (void)
{
  return g_quark_from_static_string ("kvmm-spice-farewell");
}

static void
farewell_free (gpointer data)
{
  Farewell *self = data;

  g_ptr_array_unref (self->channels);
  g_object_unref (self->session);
  g_free (self);
}

/* The channel was opened, or will not be. */
static void
event_cb (SpiceChannel *channel, SpiceChannelEvent event, gpointer user_data)
{
  gint64 *settled_us = g_object_get_qdata (G_OBJECT (channel), get_quark ());

  if (settled_us != NULL)
    *settled_us = g_get_monotonic_time ();
}

void
kvmm_spice_farewell_watch (SpiceChannel *channel)
{
  if (g_object_get_qdata (G_OBJECT (channel), get_quark ()) == NULL)
    g_signal_connect (channel, "channel-event", G_CALLBACK (event_cb), NULL);
  g_object_set_qdata_full (G_OBJECT (channel), get_quark (), g_new0 (gint64, 1), g_free);
}

static gboolean
are_settled (Farewell *self)
{
  gint64 now = g_get_monotonic_time ();

  for (guint i = 0; i < self->channels->len; i++)
    {
      const gint64 *settled_us =
          g_object_get_qdata (G_OBJECT (self->channels->pdata[i]), get_quark ());

      if (settled_us != NULL &&
          (*settled_us == 0 || now - *settled_us < KVMM_SPICE_FAREWELL_SETTLE_MS * 1000))
        return FALSE;
    }
  return TRUE;
}

static gboolean
disconnect_cb (gpointer user_data)
{
  Farewell *self = user_data;

  spice_session_disconnect (self->session);
  return G_SOURCE_REMOVE;
}

/* Takes @self. A channel in the midst of its beginning asks its session once more before it sees
 * that it is to end; so the session goes when nothing else is to be done. */
static void
part (Farewell *self)
{
  for (guint i = 0; i < self->channels->len; i++)
    spice_channel_disconnect (self->channels->pdata[i], SPICE_CHANNEL_NONE);
  g_ptr_array_set_size (self->channels, 0);
  g_idle_add_full (G_PRIORITY_LOW, disconnect_cb, self, farewell_free);
}

static gboolean
check_cb (gpointer user_data)
{
  Farewell *self = user_data;

  if (!are_settled (self) && g_get_monotonic_time () < self->until_us)
    return G_SOURCE_CONTINUE;
  part (self);
  return G_SOURCE_REMOVE;
}

void
kvmm_spice_farewell (SpiceSession *session, GPtrArray *channels)
{
  Farewell *self = g_new0 (Farewell, 1);

  self->session = session;
  self->channels = channels;
  self->until_us = g_get_monotonic_time () + KVMM_SPICE_FAREWELL_LIMIT_MS * 1000;
  if (are_settled (self))
    part (self);
  else
    g_timeout_add (CHECK_MS, check_cb, self);
}
