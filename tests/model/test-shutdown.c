/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <string.h>

#include "guest-fixture.h"
#include "model/kvmm-shutdown-private.h"
#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-error.h"

#define POWER "power.shutdown"

static const KvmmShutdownIntervals quick = {
  .answer = 40,
  .reacts = 60,
  .unknown = 50,
  .tick = 10,
};
/* Nothing is given up while a test does something. */
static const KvmmShutdownIntervals patient = {
  .answer = 60000,
  .reacts = 60000,
  .unknown = 60000,
  .tick = 10,
};

typedef struct
{
  Fixture *guest; /* (owned) (nullable): the agent is that of a guest */
  KvmmShutdown *shutdown;
  GString *steps;
  guint n_finished;

  gboolean has_qga;
  GError *qga_error;    /* (owned) (nullable) */
  GError *button_error; /* (owned) (nullable) */
  gboolean hangs;       /* the host answers nothing */
  GPtrArray *hanging;   /* of GTask (owned) */
  guint n_qga;
  guint n_buttons;
  guint n_restarts;

  guint n_power; /* requests that the agent got */
  gboolean agent_is_silent;
} Case;

static KvmmAgentClient *
get_agent (gpointer target)
{
  Case *c = target;

  return c->guest != NULL ? kvmm_guest_get_agent (c->guest->guest) : NULL;
}

static gboolean
has_qga (gpointer target)
{
  return ((Case *) target)->has_qga;
}

static void
ask_async (gpointer target,
           KvmmShutdownWay way,
           gboolean restart,
           GAsyncReadyCallback callback,
           gpointer user_data)
{
  Case *c = target;
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  const GError *error = way == KVMM_SHUTDOWN_WAY_QGA ? c->qga_error : c->button_error;

  c->n_restarts += restart;
  if (way == KVMM_SHUTDOWN_WAY_QGA)
    c->n_qga++;
  else
    c->n_buttons++;
  if (c->hangs)
    g_ptr_array_add (c->hanging, g_steal_pointer (&task));
  else if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else
    g_task_return_boolean (task, TRUE);
}

static gboolean
ask_finish (gpointer target, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static const KvmmShutdownBackend backend = { get_agent, has_qga, ask_async, ask_finish };

static gboolean
power_hook (FakePeer *peer, const KvmaFrame *frame, gpointer user_data)
{
  Case *c = user_data;

  if (frame->header.kind != KVMA_KIND_REQUEST ||
      g_strstr_len ((const char *) frame->payload, (gssize) frame->length, POWER) == NULL)
    return FALSE;
  c->n_power++;
  return c->agent_is_silent;
}

static void
step_cb (KvmmShutdown *shutdown, GParamSpec *pspec, Case *c)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (KVMM_TYPE_SHUTDOWN_STEP);

  g_string_append_printf (
      c->steps, "%s ",
      g_enum_get_value (klass, (int) kvmm_shutdown_get_step (shutdown))->value_nick);
}

static void
finished_cb (KvmmShutdown *shutdown, Case *c)
{
  g_assert_true (kvmm_shutdown_get_is_finished (shutdown));
  g_assert_cmpint (kvmm_shutdown_get_deadline_us (shutdown), ==, 0);
  c->n_finished++;
}

static Case *
case_new (gboolean with_agent)
{
  Case *c = g_new0 (Case, 1);

  c->steps = g_string_new (NULL);
  c->hanging = g_ptr_array_new_with_free_func (g_object_unref);
  if (!with_agent)
    return c;
  c->guest = fixture_new_ready ();
  fixture_last_peer (c->guest)->hook = power_hook;
  fixture_last_peer (c->guest)->hook_data = c;
  fake_peer_set_result (fixture_last_peer (c->guest), POWER,
                        "{\"accepted\":true,\"job\":1,\"delay_ms\":200}");
  return c;
}

static void
case_start (Case *c, gboolean restart, const KvmmShutdownIntervals *intervals)
{
  c->shutdown = kvmm_shutdown_new (&backend, c, intervals, restart);
  g_signal_connect (c->shutdown, "notify::step", G_CALLBACK (step_cb), c);
  g_signal_connect (c->shutdown, "finished", G_CALLBACK (finished_cb), c);
  kvmm_shutdown_start (c->shutdown);
}

static void
case_free (Case *c)
{
  for (guint i = 0; i < c->hanging->len; i++)
    if (!g_task_get_completed (c->hanging->pdata[i]))
      g_task_return_boolean (c->hanging->pdata[i], TRUE);
  g_ptr_array_unref (c->hanging);
  g_clear_pointer (&c->guest, fixture_free);
  test_drain ();
  if (c->shutdown != NULL)
    g_assert_finalize_object (c->shutdown);
  g_clear_error (&c->qga_error);
  g_clear_error (&c->button_error);
  g_string_free (c->steps, TRUE);
  g_free (c);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Case, case_free)

static gboolean
says (Case *c, const char *words)
{
  return strstr (kvmm_shutdown_get_text (c->shutdown), words) != NULL;
}

static gboolean
is_at (Case *c, KvmmShutdownStep step)
{
  return kvmm_shutdown_get_step (c->shutdown) == step;
}

/* ---- our agent ---- */

static void
test_our_agent_is_asked_first (void)
{
  g_autoptr (Case) c = case_new (TRUE);

  c->has_qga = TRUE;
  case_start (c, FALSE, &patient);
  g_assert_true (says (c, "Asking the guest agent"));
  g_assert_cmpint (kvmm_shutdown_get_deadline_us (c->shutdown), >, g_get_monotonic_time ());
  test_wait_until (says (c, "waiting for the machine to shut down"));
  g_assert_cmpuint (c->n_power, ==, 1);
  g_assert_cmpuint (c->n_finished, ==, 0);
  kvmm_shutdown_machine_off (c->shutdown);
  g_assert_true (is_at (c, KVMM_SHUTDOWN_STEP_DONE));
  g_assert_cmpuint (c->n_finished, ==, 1);
  g_assert_cmpuint (c->n_qga + c->n_buttons, ==, 0);
  g_assert_cmpstr (c->steps->str, ==, "agent done ");
}

static void
test_a_refusal_goes_on_at_once (void)
{
  g_autoptr (Case) c = case_new (TRUE);

  /* The method is not there: so answers an agent whose policy denies it, but for the code. */
  g_hash_table_remove (fixture_last_peer (c->guest)->results, POWER);
  case_start (c, FALSE, &patient);
  test_wait_until (is_at (c, KVMM_SHUTDOWN_STEP_BUTTON) && says (c, "Pressed the power button"));
  g_assert_cmpuint (c->n_power, ==, 1);
  g_assert_cmpuint (c->n_buttons, ==, 1);
  kvmm_shutdown_machine_off (c->shutdown);
  g_assert_true (is_at (c, KVMM_SHUTDOWN_STEP_DONE));
}

static void
test_a_silent_agent_is_watched_and_not_asked_twice (void)
{
  g_autoptr (Case) c = case_new (TRUE);

  c->agent_is_silent = TRUE;
  case_start (c, FALSE, &quick);
  test_wait_until (says (c, "did not answer"));
  g_assert_true (is_at (c, KVMM_SHUTDOWN_STEP_AGENT));
  test_wait_until (is_at (c, KVMM_SHUTDOWN_STEP_BUTTON));
  g_assert_cmpuint (c->n_power, ==, 1);
  kvmm_shutdown_machine_off (c->shutdown);
}

static void
test_a_lost_session_leaves_the_outcome_unknown (void)
{
  g_autoptr (Case) c = case_new (TRUE);

  c->agent_is_silent = TRUE;
  case_start (c, FALSE, &patient);
  test_wait_until (c->n_power == 1);
  fake_peer_hang_up (fixture_last_peer (c->guest));
  test_wait_until (says (c, "did not answer"));
  g_assert_true (is_at (c, KVMM_SHUTDOWN_STEP_AGENT));
  /* The new session's agent is not asked again. */
  test_wait_until (fixture_is (c->guest, KVMM_GUEST_STATE_READY) && c->guest->opens == 2);
  kvmm_shutdown_machine_off (c->shutdown);
  g_assert_true (is_at (c, KVMM_SHUTDOWN_STEP_DONE));
  g_assert_cmpuint (c->n_power, ==, 1);
}

static void
test_a_guest_that_says_yes_and_stays_gets_every_step (void)
{
  g_autoptr (Case) c = case_new (TRUE);

  c->has_qga = TRUE;
  case_start (c, FALSE, &quick);
  test_wait_until (kvmm_shutdown_get_is_finished (c->shutdown));
  g_assert_cmpstr (c->steps->str, ==, "agent qga button button-again gave-up ");
  g_assert_cmpuint (c->n_power, ==, 1);
  g_assert_cmpuint (c->n_qga, ==, 1);
  g_assert_cmpuint (c->n_buttons, ==, 2);
  g_assert_cmpuint (c->n_finished, ==, 1);
  g_assert_null (kvmm_shutdown_get_error (c->shutdown));
  g_assert_true (says (c, "did not react"));
  /* Too late for this one. */
  kvmm_shutdown_machine_off (c->shutdown);
  g_assert_cmpuint (c->n_finished, ==, 1);
}

/* ---- through libvirt ---- */

static void
test_without_agents_the_button_is_pressed (void)
{
  g_autoptr (Case) c = case_new (FALSE);

  case_start (c, FALSE, &patient);
  test_wait_until (says (c, "Pressed the power button"));
  g_assert_cmpstr (c->steps->str, ==, "button ");
  kvmm_shutdown_machine_off (c->shutdown);
  g_assert_cmpstr (c->steps->str, ==, "button done ");
}

static void
test_the_qemu_agent_comes_before_the_button (void)
{
  g_autoptr (Case) c = case_new (FALSE);

  c->has_qga = TRUE;
  case_start (c, FALSE, &patient);
  test_wait_until (says (c, "Asked the QEMU guest agent"));
  g_assert_cmpuint (c->n_buttons, ==, 0);
  kvmm_shutdown_machine_off (c->shutdown);
  g_assert_cmpstr (c->steps->str, ==, "qga done ");
}

static void
test_a_qemu_agent_that_fails_is_passed_over (void)
{
  g_autoptr (Case) c = case_new (FALSE);

  c->has_qga = TRUE;
  c->qga_error =
      g_error_new_literal (KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_AGENT_UNRESPONSIVE, "Silent");
  case_start (c, FALSE, &patient);
  test_wait_until (is_at (c, KVMM_SHUTDOWN_STEP_BUTTON));
  g_assert_cmpuint (c->n_qga, ==, 1);
}

static void
test_a_silent_host_is_watched (void)
{
  g_autoptr (Case) c = case_new (FALSE);

  c->hangs = TRUE;
  case_start (c, FALSE, &quick);
  test_wait_until (says (c, "The host did not answer"));
  test_wait_until (is_at (c, KVMM_SHUTDOWN_STEP_BUTTON_AGAIN));
  kvmm_shutdown_machine_off (c->shutdown);
  g_assert_true (is_at (c, KVMM_SHUTDOWN_STEP_DONE));
}

static void
test_a_button_that_cannot_be_pressed_is_a_failure (void)
{
  g_autoptr (Case) c = case_new (FALSE);

  c->button_error =
      g_error_new_literal (KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_ACCESS_DENIED, "You may not");
  case_start (c, FALSE, &patient);
  test_wait_until (is_at (c, KVMM_SHUTDOWN_STEP_FAILED));
  g_assert_error (kvmm_shutdown_get_error (c->shutdown), KVMM_VIRT_ERROR,
                  KVMM_VIRT_ERROR_ACCESS_DENIED);
  g_assert_cmpstr (kvmm_shutdown_get_text (c->shutdown), ==, "You may not");
  g_assert_cmpuint (c->n_finished, ==, 1);
}

static void
test_a_machine_that_goes_off_while_it_is_asked (void)
{
  g_autoptr (Case) c = case_new (FALSE);

  c->button_error =
      g_error_new_literal (KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_INVALID_STATE, "Not running");
  case_start (c, FALSE, &patient);
  test_drain ();
  g_assert_true (is_at (c, KVMM_SHUTDOWN_STEP_BUTTON));
  kvmm_shutdown_machine_off (c->shutdown);
  g_assert_true (is_at (c, KVMM_SHUTDOWN_STEP_DONE));
}

/* ---- restart, cancel, skip, text ---- */

static void
test_a_restart_ends_with_the_reset (void)
{
  g_autoptr (Case) c = case_new (FALSE);

  case_start (c, TRUE, &patient);
  test_wait_until (says (c, "restart"));
  g_assert_cmpuint (c->n_restarts, ==, 1);
  kvmm_shutdown_machine_restarted (c->shutdown);
  g_assert_true (is_at (c, KVMM_SHUTDOWN_STEP_DONE));
  g_assert_true (says (c, "has restarted"));
}

static void
test_a_restart_that_ends_off_is_a_failure (void)
{
  g_autoptr (Case) c = case_new (FALSE);

  case_start (c, TRUE, &patient);
  kvmm_shutdown_machine_off (c->shutdown);
  g_assert_true (is_at (c, KVMM_SHUTDOWN_STEP_FAILED));
}

static void
test_a_reset_does_not_end_a_shut_down (void)
{
  g_autoptr (Case) c = case_new (FALSE);

  case_start (c, FALSE, &patient);
  kvmm_shutdown_machine_restarted (c->shutdown);
  g_assert_false (kvmm_shutdown_get_is_finished (c->shutdown));
  kvmm_shutdown_cancel (c->shutdown);
}

static void
test_cancelling_asks_nobody_else (void)
{
  g_autoptr (Case) c = case_new (TRUE);

  case_start (c, FALSE, &quick);
  kvmm_shutdown_cancel (c->shutdown);
  kvmm_shutdown_cancel (c->shutdown);
  g_assert_cmpuint (c->n_finished, ==, 1);
  test_wait_until (c->n_power == 1);
  test_drain ();
  g_assert_true (is_at (c, KVMM_SHUTDOWN_STEP_CANCELLED));
  g_assert_cmpuint (c->n_buttons, ==, 0);
}

static void
test_skipping_goes_on_and_ignores_a_late_answer (void)
{
  g_autoptr (Case) c = case_new (FALSE);

  c->has_qga = TRUE;
  c->hangs = TRUE;
  case_start (c, FALSE, &patient);
  kvmm_shutdown_skip (c->shutdown);
  g_assert_true (is_at (c, KVMM_SHUTDOWN_STEP_BUTTON));
  g_task_return_boolean (c->hanging->pdata[0], TRUE);
  test_drain ();
  g_assert_true (says (c, "Pressing the power button"));
  kvmm_shutdown_skip (c->shutdown);
  g_assert_true (is_at (c, KVMM_SHUTDOWN_STEP_BUTTON_AGAIN));
  kvmm_shutdown_skip (c->shutdown);
  g_assert_true (is_at (c, KVMM_SHUTDOWN_STEP_GAVE_UP));
}

static void
count_cb (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  (*(guint *) user_data)++;
}

static void
test_the_text_counts_down (void)
{
  static const KvmmShutdownIntervals slow = {
    .answer = 3600, .reacts = 3600, .unknown = 3600, .tick = 20
  };
  g_autoptr (Case) c = case_new (FALSE);
  guint n_texts = 0;

  case_start (c, FALSE, &slow);
  test_wait_until (says (c, "Pressed the power button; waiting for the machine to shut down, 4 s"));
  g_signal_connect (c->shutdown, "notify::text", G_CALLBACK (count_cb), &n_texts);
  test_wait_until (says (c, ", 3 s left"));
  g_assert_cmpuint (n_texts, ==, 1);
  kvmm_shutdown_cancel (c->shutdown);
}

int
main (int argc, char **argv)
{
  kvmm_thread_set_main ();
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add_func ("/model/shutdown/" name, func)
  ADD ("our-agent-is-asked-first", test_our_agent_is_asked_first);
  ADD ("a-refusal-goes-on-at-once", test_a_refusal_goes_on_at_once);
  ADD ("a-silent-agent-is-watched-and-not-asked-twice",
       test_a_silent_agent_is_watched_and_not_asked_twice);
  ADD ("a-lost-session-leaves-the-outcome-unknown", test_a_lost_session_leaves_the_outcome_unknown);
  ADD ("a-guest-that-says-yes-and-stays-gets-every-step",
       test_a_guest_that_says_yes_and_stays_gets_every_step);
  ADD ("without-agents-the-button-is-pressed", test_without_agents_the_button_is_pressed);
  ADD ("the-qemu-agent-comes-before-the-button", test_the_qemu_agent_comes_before_the_button);
  ADD ("a-qemu-agent-that-fails-is-passed-over", test_a_qemu_agent_that_fails_is_passed_over);
  ADD ("a-silent-host-is-watched", test_a_silent_host_is_watched);
  ADD ("a-button-that-cannot-be-pressed-is-a-failure",
       test_a_button_that_cannot_be_pressed_is_a_failure);
  ADD ("a-machine-that-goes-off-while-it-is-asked", test_a_machine_that_goes_off_while_it_is_asked);
  ADD ("a-restart-ends-with-the-reset", test_a_restart_ends_with_the_reset);
  ADD ("a-restart-that-ends-off-is-a-failure", test_a_restart_that_ends_off_is_a_failure);
  ADD ("a-reset-does-not-end-a-shut-down", test_a_reset_does_not_end_a_shut_down);
  ADD ("cancelling-asks-nobody-else", test_cancelling_asks_nobody_else);
  ADD ("skipping-goes-on-and-ignores-a-late-answer",
       test_skipping_goes_on_and_ignores_a_late_answer);
  ADD ("the-text-counts-down", test_the_text_counts_down);
  return g_test_run ();
}
