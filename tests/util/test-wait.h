/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>
#include <time.h>

/* Far beyond what a loaded machine needs: only a broken test meets it. */
#define TEST_WAIT_LIMIT_S 60

static inline gboolean
test_wait_expired_cb (gpointer user_data)
{
  g_error ("the condition of this test did not come true within %d s", TEST_WAIT_LIMIT_S);
  return G_SOURCE_REMOVE;
}

/* Runs the main context until @condition; the program aborts when it never comes true. */
#define test_wait_until(condition)                                                                 \
  G_STMT_START                                                                                     \
  {                                                                                                \
    guint expired_id = g_timeout_add_seconds (TEST_WAIT_LIMIT_S, test_wait_expired_cb, NULL);      \
    while (!(condition))                                                                           \
      g_main_context_iteration (NULL, TRUE);                                                       \
    g_source_remove (expired_id);                                                                  \
  }                                                                                                \
  G_STMT_END

/* Runs what is ready now. */
static inline void
test_drain (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* What this thread has worked so far, in µs: what else the computer does is not in it, so that it
 * may be asserted how long a turn of the main loop works. Whether it waits is not told: the trap
 * for the main thread sees to that. */
static inline gint64
test_worked_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}
