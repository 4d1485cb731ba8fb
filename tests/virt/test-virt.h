/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

#include "util/kvmm-lane.h"
#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-connect.h"

/* Far beyond what a loaded machine needs: only a broken test meets it. */
#define TEST_DEADLINE_S 60

static inline gboolean
test_expired_cb (gpointer user_data)
{
  g_error ("this test did not end within %d s", TEST_DEADLINE_S);
  return G_SOURCE_REMOVE;
}

/* ---- a case runs on a worker, while the main thread turns its loop ---- */

typedef struct
{
  void (*func) (void);
  GMainLoop *loop;
} TestBody;

static inline gboolean
test_quit_cb (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_REMOVE;
}

static inline gpointer
test_body_thread (gpointer user_data)
{
  TestBody *body = user_data;
  body->func ();
  g_idle_add_full (G_PRIORITY_LOW, test_quit_cb, body->loop, NULL);
  return NULL;
}

static inline void
test_run_on_worker (gconstpointer user_data)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  TestBody body = { .func = *(void (*const *) (void)) user_data, .loop = loop };
  guint expired_id = g_timeout_add_seconds (TEST_DEADLINE_S, test_expired_cb, NULL);
  GThread *thread = g_thread_new ("test", test_body_thread, &body);
  g_main_loop_run (loop);
  g_thread_join (thread);
  g_source_remove (expired_id);
}

typedef struct
{
  const char *path;
  void (*func) (void);
} TestCase;

static inline void
test_add_cases (const TestCase *cases, guint n_cases)
{
  for (guint i = 0; i < n_cases; i++)
    g_test_add_data_func (cases[i].path, &cases[i].func, test_run_on_worker);
}

/* ---- what the main thread saw ---- */

typedef struct
{
  gatomicrefcount ref_count;
  GMutex mutex;
  GCond cond;
  GPtrArray *lines; /* "detail uuid" */
} TestEvents;

static inline TestEvents *
test_events_new (void)
{
  TestEvents *self = g_new0 (TestEvents, 1);
  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  self->lines = g_ptr_array_new_with_free_func (g_free);
  return self;
}

static inline void
test_events_unref (gpointer data)
{
  TestEvents *self = data;
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_ptr_array_unref (self->lines);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestEvents, test_events_unref)

static inline TestEvents *
test_events_ref (TestEvents *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static inline void
test_events_cb (const KvmmVirtEvent *event, gpointer user_data)
{
  TestEvents *self = user_data;
  g_assert_true (kvmm_thread_is_main ());
  g_assert_nonnull (event->detail);
  g_assert_cmpint (event->time_us, >, 0);
  g_mutex_lock (&self->mutex);
  g_ptr_array_add (self->lines,
                   g_strdup_printf ("%s %s", event->detail, event->uuid ? event->uuid : "-"));
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
}

/* Waits on the worker until such an event came; takes it out. */
static inline void
test_events_wait (TestEvents *self, const char *detail, const char *uuid)
{
  gint64 deadline = g_get_monotonic_time () + TEST_DEADLINE_S / 2 * G_TIME_SPAN_SECOND;
  g_autofree char *wanted = g_strdup_printf ("%s %s", detail, uuid ? uuid : "-");
  guint index = 0;

  g_mutex_lock (&self->mutex);
  while (!g_ptr_array_find_with_equal_func (self->lines, wanted, g_str_equal, &index))
    if (!g_cond_wait_until (&self->cond, &self->mutex, deadline))
      {
        for (guint i = 0; i < self->lines->len; i++)
          g_test_message ("seen: %s", (char *) self->lines->pdata[i]);
        g_error ("the event “%s” did not come", wanted);
      }
  g_ptr_array_remove_index (self->lines, index);
  g_mutex_unlock (&self->mutex);
}

static inline void
test_events_register (TestEvents *self, KvmmVirtConnect *connect)
{
  g_autoptr (GError) error = NULL;
  kvmm_virt_connect_register_events (connect, test_events_cb, test_events_ref (self),
                                     test_events_unref, &error);
  g_assert_no_error (error);
}

/* ---- connections ---- */

static inline KvmmVirtConnect *
test_open (const char *uri)
{
  g_autoptr (GError) error = NULL;
  KvmmVirtConnect *connect = kvmm_virt_connect_open (uri, NULL, NULL, &error);
  g_assert_no_error (error);
  return connect;
}

/* Returns: (transfer full): the URI of a file in tests/virt/data */
static inline char *
test_get_uri (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "virt", "data", name, NULL);
  return g_strconcat ("test://", path, NULL);
}

static inline KvmmVirtConnect *
test_open_fixture (void)
{
  g_autofree char *uri = test_get_uri ("node.xml");
  return test_open (uri);
}

static inline void
test_init (int *argc, char ***argv)
{
  g_test_init (argc, argv, NULL);
  kvmm_thread_set_main ();
  kvmm_virt_init ();
}

static inline void
test_flushed_cb (gpointer user_data)
{
  g_atomic_int_set ((int *) user_data, 1);
  g_main_context_wakeup (NULL);
}

/* What was handed to kvmm_lane_dispose_later() is gone before the leak checker looks. */
static inline int
test_run (void)
{
  int status = g_test_run ();
  int flushed = 0;
  kvmm_lane_dispose_later (&flushed, test_flushed_cb);
  while (!g_atomic_int_get (&flushed))
    g_main_context_iteration (NULL, TRUE);
  return status;
}
