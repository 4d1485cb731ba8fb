/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

/* Far beyond what a loaded machine needs: only a broken test meets it. */
#define TEST_WAIT_LIMIT_S 20

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
