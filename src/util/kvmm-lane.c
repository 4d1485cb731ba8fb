/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "util/kvmm-lane.h"

#include <glib/gi18n.h>

#include "util/kvmm-thread.h"

/* pthread_setname_np() refuses a longer name instead of cutting it. */
#define THREAD_NAME_MAX 15

/* What the lane and its threads share. It outlives the lane: a thread may sit in a call for minutes
 * after the lane is gone, and must then find something to report to. */
typedef struct
{
  gatomicrefcount ref_count;
  char name[THREAD_NAME_MAX + 1];
  guint n_threads_max;

  GMutex mutex;
  GCond wake;
  GQueue jobs;     /* of LaneJob, by priority, then by age; guarded by mutex */
  guint n_threads; /* guarded by mutex */
  guint n_idle;    /* threads that wait for work; guarded by mutex */
  gboolean closed; /* guarded by mutex */

  guint pending; /* jobs not yet answered and released; main thread */
} LaneQueue;

typedef enum
{
  JOB_QUEUED,
  JOB_RUNNING,
  JOB_FINISHED,
  JOB_CANCELLED, /* left the queue because of its cancellable */
  JOB_CLOSED,    /* left the queue because the lane was shut down */
} LaneJobState;

/* One task on its way through the lane. Made and freed on the main thread; a worker only borrows
 * it. */
typedef struct
{
  GList link;       /* in LaneQueue.jobs, while queued */
  LaneQueue *queue; /* (owned) */
  GTask *task;      /* (owned) what the caller waits for */
  GTask
      *stand_in; /* (owned) (nullable) what the work function returns through instead, see below */
  GTaskThreadFunc func;
  int priority;
  LaneJobState state;     /* guarded by the queue's mutex */
  GSource *cancel_source; /* (owned) (nullable) main thread */
  gboolean is_answered;   /* the task has returned; main thread, only with a stand-in */
} LaneJob;

struct _KvmmLane
{
  GObject parent_instance;

  LaneQueue *queue; /* (owned) */
};

G_DEFINE_FINAL_TYPE (KvmmLane, kvmm_lane, G_TYPE_OBJECT)

static LaneQueue *
lane_queue_ref (LaneQueue *queue)
{
  g_atomic_ref_count_inc (&queue->ref_count);
  return queue;
}

static void
lane_queue_unref (LaneQueue *queue)
{
  if (!g_atomic_ref_count_dec (&queue->ref_count))
    return;
  g_assert (queue->jobs.length == 0);
  g_mutex_clear (&queue->mutex);
  g_cond_clear (&queue->wake);
  g_free (queue);
}

/* A task made to return on cancel is answered while its function still runs, and a GTask cannot
 * return twice. So the function gets a stand-in that looks the same to it. */
static GTask *
make_stand_in (GTask *task)
{
  if (!g_task_get_return_on_cancel (task) || g_task_get_cancellable (task) == NULL)
    return NULL;

  GTask *stand_in =
      g_task_new (g_task_get_source_object (task), g_task_get_cancellable (task), NULL, NULL);
  g_task_set_task_data (stand_in, g_task_get_task_data (task), NULL);
  g_task_set_source_tag (stand_in, g_task_get_source_tag (task));
  g_task_set_priority (stand_in, g_task_get_priority (task));
  g_task_set_name (stand_in, g_task_get_name (task));
  return stand_in;
}

/* Hands the result of the stand-in to the caller's task. GTask keeps a pointer, a number or a
 * boolean in one union, so the pointer carries any of them bit for bit; taking it as a pointer is
 * also what tells the stand-in that the result is no longer its own to destroy. */
static void
forward_result (GTask *stand_in, GTask *task)
{
  g_autoptr (GError) error = NULL;
  gpointer value = g_task_propagate_pointer (stand_in, &error);

  if (error != NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_task_return_pointer (task, value, NULL);
}

static void
return_cancelled (GTask *task)
{
  g_autoptr (GError) error = NULL;

  if (!g_cancellable_set_error_if_cancelled (g_task_get_cancellable (task), &error))
    g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_CANCELLED, _ ("Operation was cancelled"));
  g_task_return_error (task, g_steal_pointer (&error));
}

static void
return_closed (GTask *task)
{
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CLOSED, "%s",
                           _ ("The connection was closed before this could run"));
}

static void
lane_job_free (LaneJob *job)
{
  if (job->cancel_source != NULL)
    g_source_destroy (job->cancel_source);
  g_clear_pointer (&job->cancel_source, g_source_unref);
  job->queue->pending--;
  g_clear_object (&job->stand_in);
  g_clear_object (&job->task);
  g_clear_pointer (&job->queue, lane_queue_unref);
  g_free (job);
}

/* Main thread: the job left its worker or the queue. Whatever it holds is dropped here, so that no
 * object ends on a worker. */
static gboolean
lane_job_release_cb (gpointer user_data)
{
  LaneJob *job = user_data;
  LaneJobState state;

  g_mutex_lock (&job->queue->mutex);
  state = job->state;
  g_mutex_unlock (&job->queue->mutex);

  if (!job->is_answered)
    {
      if (state == JOB_CANCELLED)
        return_cancelled (job->task);
      else if (state == JOB_CLOSED)
        return_closed (job->task);
      else if (job->stand_in != NULL)
        forward_result (job->stand_in, job->task);
    }
  lane_job_free (job);
  return G_SOURCE_REMOVE;
}

/* Any thread. The same priority as the task's own answer, which was queued before: so that the
 * callback runs first and the last reference goes after it. */
static void
lane_job_release (LaneJob *job)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, g_task_get_priority (job->task));
  g_source_set_callback (source, lane_job_release_cb, job, NULL);
  g_source_set_static_name (source, "[kvmm] lane job release");
  g_source_attach (source, g_task_get_context (job->task));
}

static gboolean
lane_job_cancelled_cb (GCancellable *cancellable, gpointer user_data)
{
  LaneJob *job = user_data;
  LaneJobState state;

  g_mutex_lock (&job->queue->mutex);
  state = job->state;
  if (state == JOB_QUEUED)
    {
      g_queue_unlink (&job->queue->jobs, &job->link);
      job->state = JOB_CANCELLED;
    }
  g_mutex_unlock (&job->queue->mutex);

  if (state == JOB_QUEUED)
    lane_job_release (job);
  else if (job->stand_in != NULL && !job->is_answered)
    {
      job->is_answered = TRUE;
      return_cancelled (job->task);
    }
  return G_SOURCE_REMOVE;
}

static void
lane_job_watch_cancellable (LaneJob *job)
{
  GCancellable *cancellable = g_task_get_cancellable (job->task);

  if (cancellable == NULL)
    return;
  job->cancel_source = g_cancellable_source_new (cancellable);
  g_source_set_priority (job->cancel_source, g_task_get_priority (job->task));
  g_source_set_callback (job->cancel_source, G_SOURCE_FUNC (lane_job_cancelled_cb), job, NULL);
  g_source_attach (job->cancel_source, g_task_get_context (job->task));
}

/* Worker, without the lock. */
static void
lane_job_run (LaneJob *job)
{
  GTask *task = job->stand_in != NULL ? job->stand_in : job->task;

  job->func (task, g_task_get_source_object (task), g_task_get_task_data (task),
             g_task_get_cancellable (task));
}

static gpointer
lane_thread (gpointer user_data)
{
  LaneQueue *queue = user_data;

  g_mutex_lock (&queue->mutex);
  while (TRUE)
    {
      GList *link = g_queue_peek_head_link (&queue->jobs);

      if (link == NULL && queue->closed)
        break;
      if (link == NULL)
        {
          queue->n_idle++;
          g_cond_wait (&queue->wake, &queue->mutex);
          queue->n_idle--;
          continue;
        }

      LaneJob *job = link->data;
      g_queue_unlink (&queue->jobs, link);
      if (g_cancellable_is_cancelled (g_task_get_cancellable (job->task)))
        job->state = JOB_CANCELLED;
      else
        {
          job->state = JOB_RUNNING;
          g_mutex_unlock (&queue->mutex);
          lane_job_run (job);
          g_mutex_lock (&queue->mutex);
          job->state = JOB_FINISHED;
        }
      lane_job_release (job);
    }
  queue->n_threads--;
  g_mutex_unlock (&queue->mutex);
  lane_queue_unref (queue);
  return NULL;
}

/* With the lock. Threads stay until the lane is shut down: one that waits costs a few pages and no
 * wake-ups, and a lane has one or two. */
static gboolean
lane_queue_ensure_thread (LaneQueue *queue, GError **error)
{
  if (queue->n_idle >= queue->jobs.length || queue->n_threads >= queue->n_threads_max)
    return TRUE;

  g_autoptr (GError) local_error = NULL;
  GThread *thread =
      g_thread_try_new (queue->name, lane_thread, lane_queue_ref (queue), &local_error);
  if (thread != NULL)
    {
      queue->n_threads++;
      g_thread_unref (thread);
      return TRUE;
    }
  lane_queue_unref (queue);
  /* With at least one thread the job only waits longer. */
  if (queue->n_threads > 0)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* With the lock. Behind every job of the same or a more urgent priority. */
static void
lane_queue_insert (LaneQueue *queue, LaneJob *job)
{
  GList *before = queue->jobs.tail;

  while (before != NULL && ((LaneJob *) before->data)->priority > job->priority)
    before = before->prev;
  job->link.data = job;
  if (before == NULL)
    g_queue_push_head_link (&queue->jobs, &job->link);
  else
    g_queue_insert_after_link (&queue->jobs, before, &job->link);
}

static void
kvmm_lane_dispose (GObject *object)
{
  KVMM_ASSERT_MAIN_THREAD ();
  kvmm_lane_shutdown (KVMM_LANE (object));
  G_OBJECT_CLASS (kvmm_lane_parent_class)->dispose (object);
}

static void
kvmm_lane_finalize (GObject *object)
{
  KvmmLane *self = KVMM_LANE (object);

  g_clear_pointer (&self->queue, lane_queue_unref);
  G_OBJECT_CLASS (kvmm_lane_parent_class)->finalize (object);
}

static void
kvmm_lane_class_init (KvmmLaneClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = kvmm_lane_dispose;
  object_class->finalize = kvmm_lane_finalize;
}

static void
kvmm_lane_init (KvmmLane *self)
{
  self->queue = g_new0 (LaneQueue, 1);
  g_atomic_ref_count_init (&self->queue->ref_count);
  g_mutex_init (&self->queue->mutex);
  g_cond_init (&self->queue->wake);
  g_queue_init (&self->queue->jobs);
}

KvmmLane *
kvmm_lane_new (const char *name, guint n_threads)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (n_threads >= 1, NULL);

  KvmmLane *self = g_object_new (KVMM_TYPE_LANE, NULL);
  g_strlcpy (self->queue->name, name, sizeof self->queue->name);
  self->queue->n_threads_max = n_threads;
  return self;
}

void
kvmm_lane_run (KvmmLane *self, GTask *task, GTaskThreadFunc func, int priority)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_LANE (self));
  g_return_if_fail (G_IS_TASK (task));
  g_return_if_fail (func != NULL);

  LaneQueue *queue = self->queue;
  g_autoptr (GError) error = NULL;
  g_mutex_lock (&queue->mutex);
  gboolean is_closed = queue->closed;
  g_mutex_unlock (&queue->mutex);
  if (is_closed)
    {
      return_closed (task);
      return;
    }

  LaneJob *job = g_new0 (LaneJob, 1);
  job->queue = lane_queue_ref (queue);
  job->task = g_object_ref (task);
  job->stand_in = make_stand_in (task);
  job->func = func;
  job->priority = priority;
  job->state = JOB_QUEUED;
  queue->pending++;
  lane_job_watch_cancellable (job);

  g_mutex_lock (&queue->mutex);
  lane_queue_insert (queue, job);
  gboolean has_thread = lane_queue_ensure_thread (queue, &error);
  if (has_thread)
    g_cond_signal (&queue->wake);
  else
    g_queue_unlink (&queue->jobs, &job->link);
  g_mutex_unlock (&queue->mutex);

  if (!has_thread)
    {
      g_task_return_error (job->task, g_steal_pointer (&error));
      lane_job_free (job);
    }
}

void
kvmm_lane_shutdown (KvmmLane *self)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_LANE (self));

  LaneQueue *queue = self->queue;
  GList *link;

  /* The answers come from the main loop, never from inside this call: the caller may be half way
   * through its own dispose. */
  g_mutex_lock (&queue->mutex);
  queue->closed = TRUE;
  while ((link = g_queue_pop_head_link (&queue->jobs)) != NULL)
    {
      LaneJob *job = link->data;

      job->state = JOB_CLOSED;
      lane_job_release (job);
    }
  g_cond_broadcast (&queue->wake);
  g_mutex_unlock (&queue->mutex);
}

guint
kvmm_lane_get_pending (KvmmLane *self)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_val_if_fail (KVMM_IS_LANE (self), 0);

  return self->queue->pending;
}

typedef struct
{
  gpointer data; /* (owned) */
  GDestroyNotify destroy;
} Disposal;

static GMutex disposals_mutex;
static GCond disposals_done;
static guint n_disposals; /* handed over and not yet destroyed */

static void
count_disposal (int change)
{
  g_mutex_lock (&disposals_mutex);
  n_disposals += (guint) change;
  g_cond_broadcast (&disposals_done);
  g_mutex_unlock (&disposals_mutex);
}

static gpointer
disposal_thread (gpointer user_data)
{
  GAsyncQueue *disposals = user_data;

  while (TRUE)
    {
      Disposal *disposal = g_async_queue_pop (disposals);

      disposal->destroy (disposal->data);
      g_free (disposal);
      count_disposal (-1);
    }
  return NULL;
}

/* The thread lives as long as the process, as do the handles it gets. */
static gpointer
start_disposals (gpointer user_data)
{
  GAsyncQueue *disposals = g_async_queue_new ();

  g_thread_unref (g_thread_new ("kvmm-dispose", disposal_thread, disposals));
  return disposals;
}

void
kvmm_lane_dispose_later (gpointer data, GDestroyNotify destroy)
{
  static GOnce once = G_ONCE_INIT;

  g_return_if_fail (destroy != NULL);

  Disposal *disposal = g_new0 (Disposal, 1);
  disposal->data = data;
  disposal->destroy = destroy;
  count_disposal (1);
  g_async_queue_push (g_once (&once, start_disposals, NULL), disposal);
}

gboolean
kvmm_lane_await_disposals (guint timeout_ms)
{
  gint64 end_us = g_get_monotonic_time () + (gint64) timeout_ms * 1000;
  gboolean is_done;

  g_mutex_lock (&disposals_mutex);
  while (n_disposals > 0 && g_cond_wait_until (&disposals_done, &disposals_mutex, end_us))
    ;
  is_done = n_disposals == 0;
  g_mutex_unlock (&disposals_mutex);
  return is_done;
}
