/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "util/kvmm-progress.h"

struct _KvmmProgress
{
  gatomicrefcount ref_count;
  GMutex mutex; /* guards the next three */
  guint64 done_bytes;
  guint64 total_bytes;
  gboolean is_pending; /* a call of tell_cb() is on its way */

  GFileProgressCallback func; /* (nullable) main thread only; %NULL once it is over */
  gpointer user_data;
};

KvmmProgress *
kvmm_progress_new (GFileProgressCallback func, gpointer user_data)
{
  KvmmProgress *self = g_new0 (KvmmProgress, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->func = func;
  self->user_data = user_data;
  return self;
}

KvmmProgress *
kvmm_progress_ref (KvmmProgress *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
kvmm_progress_unref (KvmmProgress *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static gboolean
tell_cb (gpointer user_data)
{
  KvmmProgress *self = user_data;
  guint64 done_bytes, total_bytes;

  g_mutex_lock (&self->mutex);
  done_bytes = self->done_bytes;
  total_bytes = self->total_bytes;
  self->is_pending = FALSE;
  g_mutex_unlock (&self->mutex);
  if (self->func != NULL)
    self->func ((goffset) done_bytes, (goffset) total_bytes, self->user_data);
  return G_SOURCE_REMOVE;
}

void
kvmm_progress_count (guint64 done_bytes, guint64 total_bytes, gpointer user_data)
{
  KvmmProgress *self = user_data;
  gboolean was_pending;

  g_mutex_lock (&self->mutex);
  was_pending = self->is_pending;
  self->done_bytes = done_bytes;
  self->total_bytes = total_bytes;
  self->is_pending = TRUE;
  g_mutex_unlock (&self->mutex);
  if (!was_pending)
    g_main_context_invoke_full (NULL, G_PRIORITY_DEFAULT, tell_cb, kvmm_progress_ref (self),
                                (GDestroyNotify) kvmm_progress_unref);
}

void
kvmm_progress_end (KvmmProgress *self)
{
  self->func = NULL;
}
