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

gboolean
kvmm_spice_heads_enable (
    KvmmSpiceSession *session, guint head, gboolean enabled, guint width, guint height)
{
  SpiceMainChannel *main = kvmm_spice_session_get_main (session);

  if (main == NULL || head >= kvmm_spice_heads_get_max (session) ||
      !kvmm_spice_session_agent_can (session, VD_AGENT_CAP_MONITORS_CONFIG))
    return FALSE;
  if (enabled && head >= kvmm_spice_heads_count (session))
    spice_main_channel_update_display (main, (int) head, 0, 0, (int) MAX (width, 640),
                                       (int) MAX (height, 480), FALSE);
  spice_main_channel_update_display_enabled (main, (int) head, enabled, TRUE);
  return TRUE;
}
