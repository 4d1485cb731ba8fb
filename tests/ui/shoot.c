/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "shoot.h"

#include <gio/gio.h>

static void
shot_done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
}

/* The picture is taken while the window draws. */
void
shoot (const char *name)
{
  const char *folder = g_getenv ("KVMM_UI_SHOTS");
  g_autofree char *file = NULL;
  g_autoptr (GSubprocess) process = NULL;
  gint64 end_us = g_get_monotonic_time () + 700 * 1000;
  gboolean is_done = FALSE;

  if (folder == NULL)
    return;
  while (g_get_monotonic_time () < end_us)
    g_main_context_iteration (NULL, FALSE);
  g_mkdir_with_parents (folder, 0755);
  file = g_strdup_printf ("%s/%s.png", folder, name);
  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL, "import", "-window", "root",
                              file, NULL);
  if (process == NULL)
    return;
  g_subprocess_wait_async (process, NULL, shot_done_cb, &is_done);
  while (!is_done)
    g_main_context_iteration (NULL, TRUE);
}
