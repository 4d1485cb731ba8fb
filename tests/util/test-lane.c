/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <sys/prctl.h>

#include "test-wait.h"
#include "util/kvmm-lane.h"
#include "util/kvmm-thread.h"

/* A gate that work functions stop at, so that a test decides when they go on. */
typedef struct
{
  GMutex mutex;
  GCond moved;
  guint n_waiting;
  gboolean is_open;
} Gate;

static void
gate_init (Gate *gate)
{
  *gate = (Gate){ 0 };
  g_mutex_init (&gate->mutex);
  g_cond_init (&gate->moved);
}

static void
gate_clear (Gate *gate)
{
  g_mutex_clear (&gate->mutex);
  g_cond_clear (&gate->moved);
}

static void
gate_pass (Gate *gate)
{
  g_mutex_lock (&gate->mutex);
  gate->n_waiting++;
  g_cond_broadcast (&gate->moved);
  while (!gate->is_open)
    g_cond_wait (&gate->moved, &gate->mutex);
  g_mutex_unlock (&gate->mutex);
}

static void
gate_open (Gate *gate)
{
  g_mutex_lock (&gate->mutex);
  gate->is_open = TRUE;
  g_cond_broadcast (&gate->moved);
  g_mutex_unlock (&gate->mutex);
}

static void
gate_wait_for (Gate *gate, guint n_waiting)
{
  g_mutex_lock (&gate->mutex);
  while (gate->n_waiting < n_waiting)
    g_cond_wait (&gate->moved, &gate->mutex);
  g_mutex_unlock (&gate->mutex);
}

/* What came of one task. */
typedef struct
{
  guint n_calls;
  gpointer pointer; /* (owned) (nullable) */
  GError *error;    /* (owned) (nullable) */
} Outcome;

static void
outcome_clear (Outcome *outcome)
{
  g_clear_pointer (&outcome->pointer, g_free);
  g_clear_error (&outcome->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Outcome, outcome_clear)

static void
outcome_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  g_assert_true (kvmm_thread_is_main ());
  outcome->n_calls++;
  g_clear_pointer (&outcome->pointer, g_free);
  outcome->pointer = g_task_propagate_pointer (G_TASK (result), &outcome->error);
}

static void
pass_gate (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  g_assert_false (kvmm_thread_is_main ());
  gate_pass (task_data);
  g_task_return_pointer (task, g_strdup ("passed"), g_free);
}

static GTask *
gate_task (Gate *gate, GCancellable *cancellable, Outcome *outcome)
{
  GTask *task = g_task_new (NULL, cancellable, outcome_cb, outcome);

  g_task_set_task_data (task, gate, NULL);
  return task;
}

static void
test_finalizes (void)
{
  KvmmLane *lane = kvmm_lane_new ("test", 1);

  g_assert_cmpuint (kvmm_lane_get_pending (lane), ==, 0);
  g_assert_finalize_object (lane);
}

static void
return_thread_name (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  char name[17] = "";

  g_assert_false (kvmm_thread_is_main ());
  prctl (PR_GET_NAME, name);
  g_task_return_pointer (task, g_strdup (name), g_free);
}

static void
test_runs_on_a_named_worker (void)
{
  g_autoptr (KvmmLane) lane = kvmm_lane_new ("a-name-longer-than-fifteen", 1);
  g_auto (Outcome) outcome = { 0 };
  g_autoptr (GTask) task = g_task_new (NULL, NULL, outcome_cb, &outcome);

  kvmm_lane_run (lane, task, return_thread_name, G_PRIORITY_DEFAULT);
  g_assert_cmpuint (kvmm_lane_get_pending (lane), ==, 1);
  g_assert_cmpuint (outcome.n_calls, ==, 0);
  test_wait_until (outcome.n_calls == 1);
  g_assert_no_error (outcome.error);
  g_assert_cmpstr (outcome.pointer, ==, "a-name-longer-t");
  test_wait_until (kvmm_lane_get_pending (lane) == 0);
}

typedef struct
{
  GArray *order; /* (unowned) of int; written by the one worker only */
  int number;
} Step;

static void
note_step (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Step *step = task_data;

  g_array_append_val (step->order, step->number);
  g_task_return_boolean (task, TRUE);
}

static void
count_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  guint *count = user_data;

  g_assert_true (g_task_propagate_boolean (G_TASK (result), NULL));
  *count += 1;
}

static void
test_runs_by_priority_then_in_order (void)
{
  static const int priorities[] = { 0, 100, 0, -100, 100, 0, -100, 200, -100 };
  static const int expected[] = { 3, 6, 8, 0, 2, 5, 1, 4, 7 };
  g_autoptr (KvmmLane) lane = kvmm_lane_new ("test", 1);
  g_autoptr (GArray) order = g_array_new (FALSE, FALSE, sizeof (int));
  g_auto (Outcome) blocked = { 0 };
  Gate gate;
  guint count = 0;

  gate_init (&gate);
  g_autoptr (GTask) blocker = gate_task (&gate, NULL, &blocked);
  kvmm_lane_run (lane, blocker, pass_gate, G_PRIORITY_DEFAULT);
  gate_wait_for (&gate, 1);
  for (guint i = 0; i < G_N_ELEMENTS (priorities); i++)
    {
      g_autoptr (GTask) task = g_task_new (NULL, NULL, count_cb, &count);
      Step *step = g_new (Step, 1);

      *step = (Step){ order, (int) i };
      g_task_set_task_data (task, step, g_free);
      kvmm_lane_run (lane, task, note_step, priorities[i]);
    }
  g_assert_cmpuint (kvmm_lane_get_pending (lane), ==, 1 + G_N_ELEMENTS (priorities));
  gate_open (&gate);
  test_wait_until (count == G_N_ELEMENTS (priorities));
  g_assert_cmpmem (order->data, order->len * sizeof (int), expected, sizeof expected);
  g_assert_cmpuint (blocked.n_calls, ==, 1);
  gate_clear (&gate);
}

static void
test_runs_as_many_at_once_as_it_has_threads (void)
{
  g_autoptr (KvmmLane) lane = kvmm_lane_new ("test", 3);
  g_auto (Outcome) outcome = { 0 };
  Gate gate;

  gate_init (&gate);
  for (guint i = 0; i < 5; i++)
    {
      g_autoptr (GTask) task = gate_task (&gate, NULL, &outcome);

      g_task_set_return_on_cancel (task, FALSE);
      kvmm_lane_run (lane, task, pass_gate, G_PRIORITY_DEFAULT);
    }
  gate_wait_for (&gate, 3);
  g_assert_cmpuint (kvmm_lane_get_pending (lane), ==, 5);
  g_mutex_lock (&gate.mutex);
  g_assert_cmpuint (gate.n_waiting, ==, 3);
  g_mutex_unlock (&gate.mutex);
  gate_open (&gate);
  test_wait_until (outcome.n_calls == 5);
  test_wait_until (kvmm_lane_get_pending (lane) == 0);
  gate_clear (&gate);
}

static void
fail_if_called (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  g_assert_not_reached ();
}

static void
test_cancelled_before_is_not_called (void)
{
  g_autoptr (KvmmLane) lane = kvmm_lane_new ("test", 1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Outcome) outcome = { 0 };
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, outcome_cb, &outcome);

  g_cancellable_cancel (cancellable);
  kvmm_lane_run (lane, task, fail_if_called, G_PRIORITY_DEFAULT);
  g_assert_cmpuint (outcome.n_calls, ==, 0);
  test_wait_until (outcome.n_calls == 1);
  g_assert_error (outcome.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_wait_until (kvmm_lane_get_pending (lane) == 0);
}

static void
test_cancelled_in_the_queue_returns_at_once (void)
{
  g_autoptr (KvmmLane) lane = kvmm_lane_new ("test", 1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Outcome) blocked = { 0 };
  g_auto (Outcome) outcome = { 0 };
  Gate gate;

  gate_init (&gate);
  g_autoptr (GTask) blocker = gate_task (&gate, NULL, &blocked);
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, outcome_cb, &outcome);
  kvmm_lane_run (lane, blocker, pass_gate, G_PRIORITY_DEFAULT);
  kvmm_lane_run (lane, task, fail_if_called, G_PRIORITY_DEFAULT);
  gate_wait_for (&gate, 1);
  g_cancellable_cancel (cancellable);
  test_wait_until (outcome.n_calls == 1);
  g_assert_error (outcome.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (blocked.n_calls, ==, 0);
  gate_open (&gate);
  test_wait_until (blocked.n_calls == 1);
  test_wait_until (kvmm_lane_get_pending (lane) == 0);
  gate_clear (&gate);
}

static void
test_running_task_is_not_cut_short (void)
{
  g_autoptr (KvmmLane) lane = kvmm_lane_new ("test", 1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Outcome) outcome = { 0 };
  Gate gate;

  gate_init (&gate);
  g_autoptr (GTask) task = gate_task (&gate, cancellable, &outcome);
  kvmm_lane_run (lane, task, pass_gate, G_PRIORITY_DEFAULT);
  gate_wait_for (&gate, 1);
  g_cancellable_cancel (cancellable);
  test_drain ();
  g_assert_cmpuint (outcome.n_calls, ==, 0);
  gate_open (&gate);
  test_wait_until (outcome.n_calls == 1);
  g_assert_error (outcome.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  gate_clear (&gate);
}

static void
test_detaches_a_running_task_on_cancel (void)
{
  g_autoptr (KvmmLane) lane = kvmm_lane_new ("test", 1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Outcome) outcome = { 0 };
  Gate gate;

  gate_init (&gate);
  GTask *task = gate_task (&gate, cancellable, &outcome);
  g_task_set_return_on_cancel (task, TRUE);
  kvmm_lane_run (lane, task, pass_gate, G_PRIORITY_DEFAULT);
  gate_wait_for (&gate, 1);
  g_cancellable_cancel (cancellable);
  test_wait_until (outcome.n_calls == 1);
  g_assert_error (outcome.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (kvmm_lane_get_pending (lane), ==, 1);
  gate_open (&gate);
  test_wait_until (kvmm_lane_get_pending (lane) == 0);
  g_assert_cmpuint (outcome.n_calls, ==, 1);
  g_assert_finalize_object (task);
  gate_clear (&gate);
}

static void
test_detachable_task_returns_its_result (void)
{
  g_autoptr (KvmmLane) lane = kvmm_lane_new ("test", 1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Outcome) outcome = { 0 };
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, outcome_cb, &outcome);

  g_task_set_return_on_cancel (task, TRUE);
  kvmm_lane_run (lane, task, return_thread_name, G_PRIORITY_DEFAULT);
  test_wait_until (outcome.n_calls == 1);
  g_assert_no_error (outcome.error);
  g_assert_cmpstr (outcome.pointer, ==, "test");
}

static void
return_same_boolean (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  g_task_return_boolean (task, GPOINTER_TO_INT (task_data));
}

static void
return_failure (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_BUSY, "busy");
}

static void
boolean_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  int *value = user_data;

  *value = g_task_propagate_boolean (G_TASK (result), &error) ? 1 : 0;
  if (error != NULL)
    *value = error->code == G_IO_ERROR_BUSY ? 2 : 3;
}

static void
test_detachable_task_returns_booleans_and_errors (void)
{
  g_autoptr (KvmmLane) lane = kvmm_lane_new ("test", 1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  for (int expected = 0; expected <= 2; expected++)
    {
      int value = -1;
      g_autoptr (GTask) task = g_task_new (NULL, cancellable, boolean_cb, &value);

      g_task_set_return_on_cancel (task, TRUE);
      g_task_set_task_data (task, GINT_TO_POINTER (expected), NULL);
      kvmm_lane_run (lane, task, expected == 2 ? return_failure : return_same_boolean,
                     G_PRIORITY_DEFAULT);
      test_wait_until (value != -1);
      g_assert_cmpint (value, ==, expected);
    }
}

static void
test_shutdown_fails_what_waits (void)
{
  g_autoptr (KvmmLane) lane = kvmm_lane_new ("test", 1);
  g_auto (Outcome) running = { 0 };
  g_auto (Outcome) queued = { 0 };
  g_auto (Outcome) late = { 0 };
  Gate gate;

  gate_init (&gate);
  g_autoptr (GTask) running_task = gate_task (&gate, NULL, &running);
  g_autoptr (GTask) queued_task = g_task_new (NULL, NULL, outcome_cb, &queued);
  g_autoptr (GTask) late_task = g_task_new (NULL, NULL, outcome_cb, &late);
  kvmm_lane_run (lane, running_task, pass_gate, G_PRIORITY_DEFAULT);
  kvmm_lane_run (lane, queued_task, fail_if_called, G_PRIORITY_DEFAULT);
  gate_wait_for (&gate, 1);
  kvmm_lane_shutdown (lane);
  g_assert_cmpuint (queued.n_calls, ==, 0);
  kvmm_lane_run (lane, late_task, fail_if_called, G_PRIORITY_DEFAULT);
  test_wait_until (queued.n_calls == 1 && late.n_calls == 1);
  g_assert_error (queued.error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_error (late.error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpuint (running.n_calls, ==, 0);
  gate_open (&gate);
  test_wait_until (running.n_calls == 1);
  g_assert_no_error (running.error);
  g_assert_cmpstr (running.pointer, ==, "passed");
  gate_clear (&gate);
}

static void
test_outlives_its_last_reference (void)
{
  KvmmLane *lane = kvmm_lane_new ("test", 1);
  g_auto (Outcome) running = { 0 };
  g_auto (Outcome) queued = { 0 };
  Gate gate;

  gate_init (&gate);
  g_autoptr (GTask) running_task = gate_task (&gate, NULL, &running);
  g_autoptr (GTask) queued_task = g_task_new (NULL, NULL, outcome_cb, &queued);
  kvmm_lane_run (lane, running_task, pass_gate, G_PRIORITY_DEFAULT);
  kvmm_lane_run (lane, queued_task, fail_if_called, G_PRIORITY_DEFAULT);
  gate_wait_for (&gate, 1);
  g_assert_finalize_object (lane);
  test_wait_until (queued.n_calls == 1);
  g_assert_error (queued.error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  gate_open (&gate);
  test_wait_until (running.n_calls == 1);
  g_assert_cmpstr (running.pointer, ==, "passed");
  gate_clear (&gate);
}

static void
note_finalize_cb (gpointer user_data, GObject *where_the_object_was)
{
  int *where = user_data;

  *where = kvmm_thread_is_main () ? 1 : 2;
}

static void
test_tasks_end_on_the_main_thread (void)
{
  g_autoptr (KvmmLane) lane = kvmm_lane_new ("test", 2);

  for (guint i = 0; i < 500; i++)
    {
      guint count = 0;
      int where = 0;
      GTask *task = g_task_new (NULL, NULL, count_cb, &count);

      g_task_set_task_data (task, GINT_TO_POINTER (TRUE), NULL);
      g_object_weak_ref (G_OBJECT (task), note_finalize_cb, &where);
      kvmm_lane_run (lane, task, return_same_boolean, G_PRIORITY_DEFAULT);
      g_object_unref (task);
      test_wait_until (where != 0);
      g_assert_cmpint (where, ==, 1);
      g_assert_cmpuint (count, ==, 1);
    }
}

static void
note_disposal (gpointer data)
{
  int *where = data;

  g_atomic_int_set (where, kvmm_thread_is_main () ? 1 : 2);
  g_main_context_wakeup (NULL);
}

static void
test_disposes_on_a_worker (void)
{
  int where = 0;

  kvmm_lane_dispose_later (&where, note_disposal);
  test_wait_until (g_atomic_int_get (&where) != 0);
  g_assert_cmpint (g_atomic_int_get (&where), ==, 2);
}

static void
wait_at_gate (gpointer data)
{
  GMutex *gate = data;

  g_mutex_lock (gate);
  g_mutex_unlock (gate);
}

static void
test_the_end_awaits_disposals (void)
{
  GMutex gate;

  g_mutex_init (&gate);
  g_mutex_lock (&gate);
  kvmm_lane_dispose_later (&gate, wait_at_gate);
  g_assert_false (kvmm_lane_await_disposals (0));
  g_assert_false (kvmm_lane_await_disposals (20));
  g_mutex_unlock (&gate);
  g_assert_true (kvmm_lane_await_disposals (TEST_WAIT_LIMIT_S * 1000));
  g_assert_true (kvmm_lane_await_disposals (0));
  g_mutex_clear (&gate);
}

int
main (int argc, char **argv)
{
  kvmm_thread_set_main ();
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/util/lane/finalizes", test_finalizes);
  g_test_add_func ("/util/lane/runs-on-a-named-worker", test_runs_on_a_named_worker);
  g_test_add_func ("/util/lane/runs-by-priority-then-in-order",
                   test_runs_by_priority_then_in_order);
  g_test_add_func ("/util/lane/runs-as-many-at-once-as-it-has-threads",
                   test_runs_as_many_at_once_as_it_has_threads);
  g_test_add_func ("/util/lane/cancelled-before-is-not-called",
                   test_cancelled_before_is_not_called);
  g_test_add_func ("/util/lane/cancelled-in-the-queue-returns-at-once",
                   test_cancelled_in_the_queue_returns_at_once);
  g_test_add_func ("/util/lane/running-task-is-not-cut-short", test_running_task_is_not_cut_short);
  g_test_add_func ("/util/lane/detaches-a-running-task-on-cancel",
                   test_detaches_a_running_task_on_cancel);
  g_test_add_func ("/util/lane/detachable-task-returns-its-result",
                   test_detachable_task_returns_its_result);
  g_test_add_func ("/util/lane/detachable-task-returns-booleans-and-errors",
                   test_detachable_task_returns_booleans_and_errors);
  g_test_add_func ("/util/lane/shutdown-fails-what-waits", test_shutdown_fails_what_waits);
  g_test_add_func ("/util/lane/outlives-its-last-reference", test_outlives_its_last_reference);
  g_test_add_func ("/util/lane/tasks-end-on-the-main-thread", test_tasks_end_on_the_main_thread);
  g_test_add_func ("/util/lane/disposes-on-a-worker", test_disposes_on_a_worker);
  g_test_add_func ("/util/lane/the-end-awaits-disposals", test_the_end_awaits_disposals);
  return g_test_run ();
}
