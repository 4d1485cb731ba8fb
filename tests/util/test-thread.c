/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "util/kvmm-thread.h"

static gpointer
ask_worker (gpointer user_data)
{
  return GINT_TO_POINTER ((kvmm_thread_is_main () ? 1 : 0) | (kvmm_thread_is_worker () ? 2 : 0));
}

static int
answer_of_another_thread (void)
{
  return GPOINTER_TO_INT (g_thread_join (g_thread_new ("other", ask_worker, NULL)));
}

static void
test_everything_is_allowed_before (void)
{
  g_assert_true (kvmm_thread_is_main ());
  g_assert_true (kvmm_thread_is_worker ());
  g_assert_cmpint (answer_of_another_thread (), ==, 3);
}

static void
test_tells_main_from_worker (void)
{
  kvmm_thread_set_main ();
  g_assert_true (kvmm_thread_is_main ());
  g_assert_false (kvmm_thread_is_worker ());
  g_assert_cmpint (answer_of_another_thread (), ==, 2);
}

static void
test_worker_assertion_aborts_on_main (void)
{
  if (g_test_subprocess ())
    {
      kvmm_thread_set_main ();
      KVMM_ASSERT_WORKER ();
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*kvmm_thread_is_worker*");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/util/thread/everything-is-allowed-before-main-is-known",
                   test_everything_is_allowed_before);
  g_test_add_func ("/util/thread/tells-main-from-worker", test_tells_main_from_worker);
  g_test_add_func ("/util/thread/worker-assertion-aborts-on-main",
                   test_worker_assertion_aborts_on_main);
  return g_test_run ();
}
