/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-display-extras.h"

#include <glib/gi18n.h>

#include "util/kvmm-thread.h"

#if KVMM_HAVE_SPICE

#include "console/kvmm-display-spice.h"
#include "console/kvmm-spice-files.h"
#include "console/kvmm-spice-usb.h"

/* Returns: (nullable): @self when it speaks SPICE */
static KvmmDisplaySpice *
get_spice (KvmmDisplay *self)
{
  return KVMM_IS_DISPLAY_SPICE (self) ? KVMM_DISPLAY_SPICE (self) : NULL;
}

#endif

gboolean
kvmm_display_get_is_exclusive (KvmmDisplay *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), FALSE);
#if KVMM_HAVE_SPICE
  return get_spice (self) != NULL;
#else
  return FALSE;
#endif
}

void
kvmm_display_set_audio_enabled (KvmmDisplay *self, gboolean enabled)
{
  g_return_if_fail (KVMM_IS_DISPLAY (self));
#if KVMM_HAVE_SPICE
  if (get_spice (self) != NULL)
    kvmm_display_spice_set_audio_enabled (get_spice (self), enabled);
#endif
}

gboolean
kvmm_display_get_audio_enabled (KvmmDisplay *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), FALSE);
#if KVMM_HAVE_SPICE
  if (get_spice (self) != NULL)
    return kvmm_display_spice_get_audio_enabled (get_spice (self));
#endif
  return FALSE;
}

void
kvmm_display_connect_warning (KvmmDisplay *self, GCallback callback, gpointer object)
{
  g_return_if_fail (KVMM_IS_DISPLAY (self));
#if KVMM_HAVE_SPICE
  if (get_spice (self) != NULL)
    g_signal_connect_object (self, "warning", callback, object, 0);
#endif
}

char *
kvmm_display_dup_clipboard_text (KvmmDisplay *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), NULL);

  if (!kvmm_display_get_clipboard_enabled (self))
    return g_strdup (_ ("Sharing the clipboard is switched off for this virtual machine"));
#if KVMM_HAVE_SPICE
  if (get_spice (self) != NULL)
    return kvmm_display_spice_dup_clipboard_text (get_spice (self));
#endif
  if (kvmm_display_get_capabilities (self) & KVMM_DISPLAY_CAN_CLIPBOARD_TO_GUEST)
    return g_strdup (_ ("Text is shared with the guest, but not from it: VNC cannot carry that. A "
                        "SPICE display can."));
  return g_strdup (_ ("Text is not shared: the virtual machine has no “qemu-vdagent” channel, or "
                      "nothing answers in the guest. Text can be typed into it instead."));
}

char *
kvmm_display_dup_resize_text (KvmmDisplay *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), NULL);

  if (kvmm_display_get_state (self) != KVMM_DISPLAY_CONNECTED ||
      kvmm_display_get_capabilities (self) & KVMM_DISPLAY_CAN_RESIZE)
    return NULL;
#if KVMM_HAVE_SPICE
  if (get_spice (self) != NULL)
    return g_strdup (_ ("The guest does not follow the size of the window: no SPICE agent answers "
                        "in it. Install and start “spice-vdagent” there, with a “spicevmc” channel "
                        "in the machine."));
#endif
  return g_strdup (_ ("The guest does not follow the size of the window: its graphics adapter "
                      "cannot, as long as no driver for it runs"));
}

KvmmUsbList *
kvmm_display_list_usb (KvmmDisplay *self, GError **error)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), NULL);
#if KVMM_HAVE_SPICE
  KvmmSpiceSession *session =
      get_spice (self) != NULL ? kvmm_display_spice_get_session (get_spice (self)) : NULL;

  if (session != NULL)
    return kvmm_spice_usb_new (session, error);
#endif
  g_set_error_literal (error, KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_UNSUPPORTED,
                       _ ("USB devices of this computer reach a guest through a SPICE display that "
                          "is connected. Devices of the host are added to its hardware."));
  return NULL;
}

/* ---- screens ---- */

guint
kvmm_display_get_n_heads (KvmmDisplay *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), 0);
#if KVMM_HAVE_SPICE
  if (get_spice (self) != NULL)
    return kvmm_display_spice_get_n_heads (get_spice (self));
#endif
  return kvmm_display_get_state (self) == KVMM_DISPLAY_CONNECTED ? 1 : 0;
}

guint
kvmm_display_get_max_heads (KvmmDisplay *self)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), 1);
#if KVMM_HAVE_SPICE
  if (get_spice (self) != NULL)
    return MAX (kvmm_display_spice_get_max_heads (get_spice (self)), 1);
#endif
  return 1;
}

void
kvmm_display_connect_heads_changed (KvmmDisplay *self, GCallback callback, gpointer object)
{
  g_return_if_fail (KVMM_IS_DISPLAY (self));
#if KVMM_HAVE_SPICE
  if (get_spice (self) != NULL)
    g_signal_connect_object (self, "notify::n-heads", callback, object, 0);
#endif
}

KvmmDisplay *
kvmm_display_new_head (KvmmDisplay *self, guint head)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), NULL);
#if KVMM_HAVE_SPICE
  if (get_spice (self) != NULL && head > 0)
    return kvmm_display_spice_new_head (get_spice (self), head);
#endif
  return NULL;
}

gboolean
kvmm_display_enable_head (KvmmDisplay *self, guint head, gboolean enabled)
{
  g_return_val_if_fail (KVMM_IS_DISPLAY (self), FALSE);
#if KVMM_HAVE_SPICE
  if (get_spice (self) != NULL)
    return kvmm_display_spice_enable_head (get_spice (self), head, enabled);
#endif
  return FALSE;
}

/* ---- files ---- */

#if KVMM_HAVE_SPICE

static void
files_sent_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (kvmm_spice_files_send_finish (result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

#endif

void
kvmm_display_send_files_async (KvmmDisplay *self,
                               GPtrArray *files,
                               GFileProgressCallback progress,
                               gpointer progress_data,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DISPLAY (self) && files != NULL);

  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, kvmm_display_send_files_async);
#if KVMM_HAVE_SPICE
  KvmmSpiceSession *session =
      get_spice (self) != NULL ? kvmm_display_spice_get_session (get_spice (self)) : NULL;

  if (session != NULL)
    {
      kvmm_spice_files_send_async (session, files, progress, progress_data, cancellable,
                                   files_sent_cb, g_steal_pointer (&task));
      return;
    }
#endif
  g_task_return_new_error (task, KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_UNSUPPORTED,
                           _ ("This display cannot carry files"));
}

gboolean
kvmm_display_send_files_finish (KvmmDisplay *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
