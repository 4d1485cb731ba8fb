/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* GLib as ThreadSanitizer must see it.
 *
 * A distribution's GLib is not instrumented, and its locks are futexes of its own: ThreadSanitizer
 * does not see that they order anything and calls every guarded variable a race. This library is
 * preloaded by the tests of a build with b_sanitize=thread. It stands before GLib and says at each
 * lock, queue, reference count and hand-over to a main loop what it orders. A program without
 * ThreadSanitizer is not changed. */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <gio/gio.h>

extern void __tsan_acquire (void *address) __attribute__ ((weak));
extern void __tsan_release (void *address) __attribute__ ((weak));

static void
acquire (gconstpointer address)
{
  if (__tsan_acquire != NULL && address != NULL)
    __tsan_acquire ((void *) address);
}

static void
release (gconstpointer address)
{
  if (__tsan_release != NULL && address != NULL)
    __tsan_release ((void *) address);
}

/* The function of GLib that the one around it stands before. */
#define NEXT(type, name)                                                                           \
  static __typeof__ (type) next;                                                                   \
  if (__atomic_load_n (&next, __ATOMIC_ACQUIRE) == NULL)                                           \
  __atomic_store_n (&next, (__typeof__ (type)) dlsym (RTLD_NEXT, name), __ATOMIC_RELEASE)

#define LOCK(function, Type)                                                                       \
  void function (Type *lock)                                                                       \
  {                                                                                                \
    NEXT (void (*) (Type *), #function);                                                           \
    next (lock);                                                                                   \
    acquire (lock);                                                                                \
  }

#define TRYLOCK(function, Type)                                                                    \
  gboolean function (Type *lock)                                                                   \
  {                                                                                                \
    NEXT (gboolean (*) (Type *), #function);                                                       \
    gboolean is_locked = next (lock);                                                              \
    if (is_locked)                                                                                 \
      acquire (lock);                                                                              \
    return is_locked;                                                                              \
  }

#define UNLOCK(function, Type)                                                                     \
  void function (Type *lock)                                                                       \
  {                                                                                                \
    NEXT (void (*) (Type *), #function);                                                           \
    release (lock);                                                                                \
    next (lock);                                                                                   \
  }

/* Whoever drops the last reference comes after all who dropped one. */
#define UNREF(function, Type)                                                                      \
  void function (Type *object)                                                                     \
  {                                                                                                \
    NEXT (void (*) (Type *), #function);                                                           \
    release (object);                                                                              \
    acquire (object);                                                                              \
    next (object);                                                                                 \
  }

LOCK (g_mutex_lock, GMutex)
TRYLOCK (g_mutex_trylock, GMutex)
UNLOCK (g_mutex_unlock, GMutex)
LOCK (g_rec_mutex_lock, GRecMutex)
TRYLOCK (g_rec_mutex_trylock, GRecMutex)
UNLOCK (g_rec_mutex_unlock, GRecMutex)
LOCK (g_rw_lock_reader_lock, GRWLock)
UNLOCK (g_rw_lock_reader_unlock, GRWLock)
LOCK (g_rw_lock_writer_lock, GRWLock)
UNLOCK (g_rw_lock_writer_unlock, GRWLock)
UNREF (g_ptr_array_unref, GPtrArray)
UNREF (g_hash_table_unref, GHashTable)
UNREF (g_bytes_unref, GBytes)
UNREF (g_variant_unref, GVariant)
UNREF (g_object_unref, void)

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  NEXT (void (*) (GCond *, GMutex *), "g_cond_wait");

  release (mutex);
  next (cond, mutex);
  acquire (mutex);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  NEXT (gboolean (*) (GCond *, GMutex *, gint64), "g_cond_wait_until");

  release (mutex);
  gboolean is_signalled = next (cond, mutex, end_time);
  acquire (mutex);
  return is_signalled;
}

gboolean (g_atomic_ref_count_dec) (gatomicrefcount *count)
{
  NEXT (gboolean (*) (gatomicrefcount *), "g_atomic_ref_count_dec");

  release (count);
  gboolean is_last = next (count);
  if (is_last)
    acquire (count);
  return is_last;
}

gpointer
g_once_impl (GOnce *once, GThreadFunc func, gpointer data)
{
  NEXT (gpointer (*) (GOnce *, GThreadFunc, gpointer), "g_once_impl");

  gpointer value = next (once, func, data);
  release (once);
  acquire (once);
  return value;
}

void
g_async_queue_push (GAsyncQueue *queue, gpointer data)
{
  NEXT (void (*) (GAsyncQueue *, gpointer), "g_async_queue_push");

  release (queue);
  next (queue, data);
}

gpointer
g_async_queue_pop (GAsyncQueue *queue)
{
  NEXT (gpointer (*) (GAsyncQueue *), "g_async_queue_pop");

  gpointer data = next (queue);
  acquire (queue);
  return data;
}

/* A callback comes after whoever queued it. */
typedef struct
{
  GSourceFunc func;
  gpointer data;
  GDestroyNotify notify;
} Callback;

static gboolean
callback_run (gpointer user_data)
{
  Callback *callback = user_data;

  acquire (callback);
  return callback->func (callback->data);
}

static void
callback_free (gpointer user_data)
{
  Callback *callback = user_data;

  acquire (callback);
  if (callback->notify != NULL)
    callback->notify (callback->data);
  g_free (callback);
}

void
g_source_set_callback (GSource *source, GSourceFunc func, gpointer data, GDestroyNotify notify)
{
  NEXT (void (*) (GSource *, GSourceFunc, gpointer, GDestroyNotify), "g_source_set_callback");

  /* Other sources call functions with other arguments. */
  if (func == NULL ||
      (source->source_funcs != &g_idle_funcs && source->source_funcs != &g_timeout_funcs))
    {
      next (source, func, data, notify);
      return;
    }

  Callback *callback = g_new (Callback, 1);
  *callback = (Callback){ func, data, notify };
  release (callback);
  next (source, callback_run, callback, callback_free);
}

guint
g_source_attach (GSource *source, GMainContext *context)
{
  NEXT (guint (*) (GSource *, GMainContext *), "g_source_attach");

  if (source->callback_funcs != NULL)
    release (source->callback_data);
  return next (source, context);
}

guint
g_idle_add_full (int priority, GSourceFunc func, gpointer data, GDestroyNotify notify)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, priority);
  g_source_set_callback (source, func, data, notify);
  return g_source_attach (source, NULL);
}

guint
g_idle_add (GSourceFunc func, gpointer data)
{
  return g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, func, data, NULL);
}

void
g_main_context_invoke_full (
    GMainContext *context, int priority, GSourceFunc func, gpointer data, GDestroyNotify notify)
{
  NEXT (void (*) (GMainContext *, int, GSourceFunc, gpointer, GDestroyNotify),
        "g_main_context_invoke_full");
  Callback *callback = g_new (Callback, 1);

  *callback = (Callback){ func, data, notify };
  release (callback);
  next (context, priority, callback_run, callback, callback_free);
}

void
g_main_context_invoke (GMainContext *context, GSourceFunc func, gpointer data)
{
  g_main_context_invoke_full (context, G_PRIORITY_DEFAULT, func, data, NULL);
}

/* A result comes after what its worker did. */
#define TASK_RETURN(function, Value)                                                               \
  void function (GTask *task, Value value)                                                         \
  {                                                                                                \
    NEXT (void (*) (GTask *, Value), #function);                                                   \
    release (task);                                                                                \
    next (task, value);                                                                            \
  }

#define TASK_PROPAGATE(function, Value)                                                            \
  Value function (GTask *task, GError **error)                                                     \
  {                                                                                                \
    NEXT (Value (*) (GTask *, GError **), #function);                                              \
    acquire (task);                                                                                \
    return next (task, error);                                                                     \
  }

TASK_RETURN (g_task_return_boolean, gboolean)
TASK_RETURN (g_task_return_int, gssize)
TASK_RETURN (g_task_return_error, GError *)
TASK_PROPAGATE (g_task_propagate_boolean, gboolean)
TASK_PROPAGATE (g_task_propagate_int, gssize)
TASK_PROPAGATE (g_task_propagate_pointer, gpointer)

void
g_task_return_pointer (GTask *task, gpointer value, GDestroyNotify destroy)
{
  NEXT (void (*) (GTask *, gpointer, GDestroyNotify), "g_task_return_pointer");

  release (task);
  next (task, value, destroy);
}
