/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-clone-watch.h"

#include "util/kvmm-guest-text.h"
#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-storage.h"

#define LOOK_MS 500

/* The disk that is copied. Immutable, but for the counter. */
typedef struct
{
  KvmmCloneWatch *watch; /* (owned) */
  char *pool;
  char *volume;
  KvmmCloneProgress progress; /* its target is owned */
} Stage;

struct _KvmmCloneWatch
{
  KvmmConnection *connection; /* (owned) (nullable) till it stops */
  KvmmCloneProgressFunc func; /* (nullable) %NULL when it has stopped */
  gpointer user_data;
  Stage *stage; /* (owned) (nullable) */
  guint look_id;
  gboolean is_looking;
};

static void
stage_free (gpointer data)
{
  Stage *stage = data;

  if (stage == NULL)
    return;
  kvmm_clone_watch_unref (stage->watch);
  g_free (stage->pool);
  g_free (stage->volume);
  g_free ((char *) stage->progress.target);
  g_free (stage);
}

KvmmCloneWatch *
kvmm_clone_watch_new (KvmmConnection *connection, KvmmCloneProgressFunc func, gpointer user_data)
{
  KvmmCloneWatch *self = g_atomic_rc_box_new0 (KvmmCloneWatch);

  KVMM_ASSERT_MAIN_THREAD ();
  self->connection = g_object_ref (connection);
  self->func = func;
  self->user_data = user_data;
  return self;
}

KvmmCloneWatch *
kvmm_clone_watch_ref (KvmmCloneWatch *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
kvmm_clone_watch_unref (KvmmCloneWatch *self)
{
  g_atomic_rc_box_release (self);
}

void
kvmm_clone_watch_stop (KvmmCloneWatch *self)
{
  KVMM_ASSERT_MAIN_THREAD ();
  self->func = NULL;
  g_clear_object (&self->connection);
  g_clear_handle_id (&self->look_id, g_source_remove);
  g_clear_pointer (&self->stage, stage_free);
}

/* ---- looking ---- */

typedef struct
{
  char *pool;
  char *volume;
} Question;

static void
question_free (gpointer data)
{
  Question *question = data;

  g_free (question->pool);
  g_free (question->volume);
  g_free (question);
}

/* Worker. A volume that is not there yet has nothing. */
static void
look_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  const Question *question = data;
  GError *error = NULL;
  KvmmVirtVolume *volume =
      kvmm_virt_storage_peek_volume (connect, question->pool, question->volume, &error);

  if (volume != NULL)
    g_task_return_pointer (task, volume, (GDestroyNotify) kvmm_virt_volume_free);
  else
    g_task_return_error (task, error);
}

static void
looked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmCloneWatch *self = user_data;
  g_autoptr (KvmmVirtVolume) volume = g_task_propagate_pointer (G_TASK (result), NULL);

  self->is_looking = FALSE;
  /* Of the disk before, or too late. */
  if (volume != NULL && self->func != NULL && self->stage != NULL &&
      g_str_equal (volume->name, self->stage->volume))
    {
      KvmmCloneProgress *progress = &self->stage->progress;

      progress->done_bytes = MIN (volume->allocated_bytes, progress->total_bytes);
      self->func (progress, self->user_data);
    }
  kvmm_clone_watch_unref (self);
}

static gboolean
look_cb (gpointer user_data)
{
  KvmmCloneWatch *self = user_data;
  g_autoptr (GTask) task = NULL;
  Question *question;

  if (self->is_looking || self->stage == NULL || self->stage->progress.total_bytes == 0)
    return G_SOURCE_CONTINUE;
  self->is_looking = TRUE;
  question = g_new0 (Question, 1);
  question->pool = g_strdup (self->stage->pool);
  question->volume = g_strdup (self->stage->volume);
  task = g_task_new (self->connection, NULL, looked_cb, kvmm_clone_watch_ref (self));
  g_task_set_source_tag (task, look_cb);
  kvmm_connection_run (self->connection, KVMM_CONNECTION_LANE_QUERY, G_PRIORITY_LOW, task,
                       look_func, question, question_free);
  return G_SOURCE_CONTINUE;
}

/* ---- from the worker ---- */

static gboolean
begun_cb (gpointer user_data)
{
  Stage **stage = user_data;
  KvmmCloneWatch *self = (*stage)->watch;

  if (self->func == NULL)
    return G_SOURCE_REMOVE;
  /* The reference of the new one keeps us. */
  g_clear_pointer (&self->stage, stage_free);
  self->stage = g_steal_pointer (stage);
  if (self->look_id == 0)
    self->look_id = g_timeout_add (LOOK_MS, look_cb, self);
  self->func (&self->stage->progress, self->user_data);
  return G_SOURCE_REMOVE;
}

static void
begun_free (gpointer data)
{
  Stage **stage = data;

  stage_free (*stage);
  g_free (stage);
}

void
kvmm_clone_watch_begin (KvmmCloneWatch *self,
                        const char *pool,
                        const char *volume,
                        const char *target,
                        guint position,
                        guint n_disks,
                        guint64 total_bytes)
{
  Stage **stage;

  if (self == NULL)
    return;
  stage = g_new0 (Stage *, 1);
  *stage = g_new0 (Stage, 1);
  (*stage)->watch = kvmm_clone_watch_ref (self);
  (*stage)->pool = g_strdup (pool);
  (*stage)->volume = g_strdup (volume);
  (*stage)->progress.target = kvmm_guest_text_sanitise (target, -1);
  (*stage)->progress.position = position;
  (*stage)->progress.n_disks = n_disks;
  (*stage)->progress.total_bytes = total_bytes;
  g_main_context_invoke_full (NULL, G_PRIORITY_DEFAULT, begun_cb, stage, begun_free);
}
