/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-key-typer.h"

#include <glib/gi18n.h>

#include "console/kvmm-display-private.h"
#include "util/kvmm-thread.h"

typedef struct
{
  gunichar *characters; /* (owned) */
  guint n_characters;
  guint n_typed;
  char *layout;
  gboolean had_caps;         /* was switched off for the text */
  KvmmKeyTyperFunc progress; /* (nullable) */
  gpointer progress_data;
} Work;

static void
work_free (Work *self)
{
  g_free (self->characters);
  g_free (self->layout);
  g_free (self);
}

static void
send (KvmmDisplay *display, gboolean down, guint keyval)
{
  KVMM_DISPLAY_GET_CLASS (display)->key (display, down, keyval,
                                         kvmm_keymap_qnum_from_keyval (keyval));
}

static void
send_modifiers (KvmmDisplay *display, gboolean down, KvmmKeyLevel level)
{
  if (level & KVMM_KEY_SHIFT)
    send (display, down, GDK_KEY_Shift_L);
  if (level & KVMM_KEY_ALTGR)
    send (display, down, GDK_KEY_ISO_Level3_Shift);
}

static void
type_stroke (KvmmDisplay *display, const KvmmKeyStroke *stroke, guint keyval)
{
  KvmmDisplayClass *klass = KVMM_DISPLAY_GET_CLASS (display);

  send_modifiers (display, TRUE, stroke->level);
  klass->key (display, TRUE, keyval, stroke->qnum);
  klass->key (display, FALSE, keyval, stroke->qnum);
  send_modifiers (display, FALSE, stroke->level);
}

static void
switch_caps (KvmmDisplay *display)
{
  send (display, TRUE, GDK_KEY_Caps_Lock);
  send (display, FALSE, GDK_KEY_Caps_Lock);
}

static void
finish (GTask *task)
{
  KvmmDisplay *display = g_task_get_source_object (task);
  Work *self = g_task_get_task_data (task);

  if (self->had_caps && kvmm_display_is_interactive (display))
    switch_caps (display);
}

static gboolean
type_next_cb (gpointer user_data)
{
  GTask *task = user_data;
  KvmmDisplay *display = g_task_get_source_object (task);
  Work *self = g_task_get_task_data (task);
  KvmmKeyStroke strokes[KVMM_KEY_STROKES_MAX];

  if (g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    {
      finish (task);
      g_task_return_error_if_cancelled (task);
      return G_SOURCE_REMOVE;
    }
  if (!kvmm_display_is_interactive (display))
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
                               _ ("The screen closed after %u of %u characters"), self->n_typed,
                               self->n_characters);
      return G_SOURCE_REMOVE;
    }
  if (self->n_typed == self->n_characters)
    {
      finish (task);
      g_task_return_boolean (task, TRUE);
      return G_SOURCE_REMOVE;
    }

  gunichar character = self->characters[self->n_typed];
  guint n_strokes = kvmm_key_layout_find (self->layout, character, strokes);
  for (guint i = 0; i < n_strokes; i++)
    type_stroke (display, &strokes[i], n_strokes == 1 ? gdk_unicode_to_keyval (character) : 0);
  self->n_typed++;
  if (self->progress != NULL)
    self->progress (self->n_typed, self->n_characters, self->progress_data);
  return G_SOURCE_CONTINUE;
}

/* Returns: %FALSE, and has answered, when the text cannot be typed */
static gboolean
check (GTask *task, const char *text, const char *layout)
{
  KvmmDisplay *display = g_task_get_source_object (task);

  if (!kvmm_display_is_interactive (display))
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
                               _ ("The screen is not connected, or shown only"));
      return FALSE;
    }
  if (!g_utf8_validate (text, -1, NULL) || g_utf8_strlen (text, -1) > KVMM_KEY_TYPER_MAX)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
                               _ ("At most %d characters can be typed"), KVMM_KEY_TYPER_MAX);
      return FALSE;
    }

  g_autofree char *missing = kvmm_key_layout_list_missing (layout, text);
  if (missing != NULL)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                             _ ("The guest's keyboard has no keys for these characters: %s"),
                             missing);
  return missing == NULL;
}

void
kvmm_key_typer_type_async (KvmmDisplay *display,
                           const char *text,
                           const char *layout,
                           guint rate,
                           KvmmKeyTyperFunc progress,
                           gpointer progress_data,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DISPLAY (display));
  g_return_if_fail (text != NULL && layout != NULL && rate > 0);

  g_autoptr (GTask) task = g_task_new (display, cancellable, callback, user_data);
  g_task_set_source_tag (task, kvmm_key_typer_type_async);
  if (!check (task, text, layout))
    return;

  Work *self = g_new0 (Work, 1);
  glong n_characters;
  self->characters = g_utf8_to_ucs4_fast (text, -1, &n_characters);
  self->n_characters = (guint) n_characters;
  self->layout = g_strdup (layout);
  self->progress = progress;
  self->progress_data = progress_data;
  self->had_caps = (kvmm_display_get_lock_keys (display) & KVMM_LOCK_CAPS) != 0;
  g_task_set_task_data (task, self, (GDestroyNotify) work_free);

  /* What the person holds would change every letter. */
  kvmm_display_release_all (display);
  if (self->had_caps)
    switch_caps (display);
  g_timeout_add_full (G_PRIORITY_DEFAULT, 1000 / MIN (rate, KVMM_KEY_TYPER_RATE_MAX), type_next_cb,
                      g_object_ref (task), g_object_unref);
}

gboolean
kvmm_key_typer_type_finish (KvmmDisplay *display, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, display), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
