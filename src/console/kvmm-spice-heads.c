/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-spice-heads.h"

#include <spice/vd_agent.h>

#include "console/kvmm-spice-picture.h"

SpiceDisplayChannel *
kvmm_spice_heads_find (KvmmSpiceSession *session, guint head, guint *monitor)
{
  g_autoptr (GPtrArray) channels =
      kvmm_spice_session_list_channels (session, SPICE_CHANNEL_DISPLAY);

  for (guint i = 0; i < channels->len; i++)
    {
      guint count = kvmm_spice_picture_count_monitors (channels->pdata[i]);

      if (head < count)
        {
          *monitor = head;
          return channels->pdata[i];
        }
      head -= count;
    }
  return NULL;
}

guint
kvmm_spice_heads_count (KvmmSpiceSession *session)
{
  g_autoptr (GPtrArray) channels =
      kvmm_spice_session_list_channels (session, SPICE_CHANNEL_DISPLAY);
  guint count = 0;

  for (guint i = 0; i < channels->len; i++)
    count += kvmm_spice_picture_count_monitors (channels->pdata[i]);
  return MIN (count, KVMM_SPICE_MAX_HEADS);
}

guint
kvmm_spice_heads_get_max (KvmmSpiceSession *session)
{
  g_autoptr (GPtrArray) channels =
      kvmm_spice_session_list_channels (session, SPICE_CHANNEL_DISPLAY);
  guint count = 0;

  for (guint i = 0; i < channels->len; i++)
    {
      guint monitors = 0;

      g_object_get (channels->pdata[i], "monitors-max", &monitors, NULL);
      count += CLAMP (monitors, 1, KVMM_SPICE_MAX_HEADS);
    }
  return MIN (count, KVMM_SPICE_MAX_HEADS);
}

/* Bits of the screens whose size the library knows: it tells no other. */
#define SIZED "kvmm-heads-sized"

static gboolean
is_sized (SpiceMainChannel *main, guint head)
{
  return GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (main), SIZED)) >> head & 1;
}

static void
set_size (SpiceMainChannel *main, guint head, guint width, guint height, gboolean sends)
{
  guint sized = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (main), SIZED));

  g_object_set_data (G_OBJECT (main), SIZED, GUINT_TO_POINTER (sized | 1u << head));
  spice_main_channel_update_display_enabled (main, (int) head, TRUE, FALSE);
  spice_main_channel_update_display (main, (int) head, 0, 0, (int) width, (int) height, sends);
}

void
kvmm_spice_heads_request_size (KvmmSpiceSession *session, guint head, guint width, guint height)
{
  SpiceMainChannel *main = kvmm_spice_session_get_main (session);

  if (main != NULL && head < KVMM_SPICE_MAX_HEADS)
    set_size (main, head, width, height, TRUE);
}

gboolean
kvmm_spice_heads_enable (
    KvmmSpiceSession *session, guint head, gboolean enabled, guint width, guint height)
{
  SpiceMainChannel *main = kvmm_spice_session_get_main (session);

  if (main == NULL || head >= kvmm_spice_heads_get_max (session) ||
      !kvmm_spice_session_agent_can (session, VD_AGENT_CAP_MONITORS_CONFIG))
    return FALSE;
  /* The guest is told of all at once, and of none while one of them is not known. */
  for (guint i = 0; i < MAX (kvmm_spice_heads_count (session), head + 1); i++)
    if (!is_sized (main, i))
      set_size (main, i, MAX (width, 640), MAX (height, 480), FALSE);
  spice_main_channel_update_display_enabled (main, (int) head, enabled, TRUE);
  return TRUE;
}
