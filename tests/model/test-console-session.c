/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-console-session.h"

#include "test-model.h"

/* A display that does what the test says. */
typedef struct
{
  KvmmConsoleSession *session; /* (owned) */
  guint n_opened;
  guint n_closed;
  guint n_changed;
} Fake;

static void
open_cb (KvmmConsoleSession *session, Fake *fake)
{
  fake->n_opened++;
}

static void
close_cb (KvmmConsoleSession *session, Fake *fake)
{
  fake->n_closed++;
}

static void
changed_cb (KvmmConsoleSession *session, Fake *fake)
{
  fake->n_changed++;
}

static void
set_up (Fake *fake, gconstpointer data)
{
  fake->session = kvmm_console_session_new ();
  kvmm_console_session_set_delays (fake->session, 1, 0);
  g_signal_connect (fake->session, "open", G_CALLBACK (open_cb), fake);
  g_signal_connect (fake->session, "close", G_CALLBACK (close_cb), fake);
  g_signal_connect (fake->session, "changed", G_CALLBACK (changed_cb), fake);
}

static void
tear_down (Fake *fake, gconstpointer data)
{
  g_assert_finalize_object (fake->session);
}

static void
assert_state (Fake *fake, KvmmConsoleSessionState state)
{
  g_assert_cmpint (kvmm_console_session_get_state (fake->session), ==, state);
}

static void
end (Fake *fake, KvmmConsoleSessionEnd how)
{
  g_autoptr (GError) error =
      g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "closed by the fake");

  kvmm_console_session_report_end (fake->session, how, error);
}

static void
start_with_picture (Fake *fake)
{
  kvmm_console_session_set_machine (fake->session, TRUE, TRUE, 1);
  kvmm_console_session_start (fake->session);
  g_assert_cmpuint (fake->n_opened, ==, 1);
  kvmm_console_session_report_picture (fake->session);
  assert_state (fake, KVMM_CONSOLE_SESSION_PICTURE);
}

static void
test_create_drop (Fake *fake, gconstpointer data)
{
  assert_state (fake, KVMM_CONSOLE_SESSION_OFF);
}

static void
test_opens_nothing_before_somebody_looks (Fake *fake, gconstpointer data)
{
  kvmm_console_session_set_machine (fake->session, TRUE, TRUE, 1);
  g_assert_cmpuint (fake->n_opened, ==, 0);
  kvmm_console_session_start (fake->session);
  g_assert_cmpuint (fake->n_opened, ==, 1);
  assert_state (fake, KVMM_CONSOLE_SESSION_CONNECTING);
  kvmm_console_session_start (fake->session);
  g_assert_cmpuint (fake->n_opened, ==, 1);
  kvmm_console_session_stop (fake->session);
  g_assert_cmpuint (fake->n_closed, ==, 1);
}

static void
test_says_what_it_waits_for (Fake *fake, gconstpointer data)
{
  kvmm_console_session_set_machine (fake->session, TRUE, TRUE, 1);
  kvmm_console_session_start (fake->session);
  kvmm_console_session_report_progress (fake->session, "Waiting for ssh");
  g_assert_cmpstr (kvmm_console_session_get_progress (fake->session), ==, "Waiting for ssh");
  kvmm_console_session_report_picture (fake->session);
  g_assert_null (kvmm_console_session_get_progress (fake->session));
}

static void
test_follows_stop_and_start (Fake *fake, gconstpointer data)
{
  start_with_picture (fake);
  kvmm_console_session_set_machine (fake->session, TRUE, FALSE, -1);
  assert_state (fake, KVMM_CONSOLE_SESSION_OFF);
  g_assert_cmpuint (fake->n_closed, ==, 1);
  kvmm_console_session_report_picture (fake->session);
  assert_state (fake, KVMM_CONSOLE_SESSION_OFF);

  kvmm_console_session_set_machine (fake->session, TRUE, TRUE, 2);
  assert_state (fake, KVMM_CONSOLE_SESSION_CONNECTING);
  g_assert_cmpuint (fake->n_opened, ==, 2);
}

static void
test_opens_again_for_another_run (Fake *fake, gconstpointer data)
{
  start_with_picture (fake);
  kvmm_console_session_set_machine (fake->session, TRUE, TRUE, 2);
  g_assert_cmpuint (fake->n_closed, ==, 1);
  g_assert_cmpuint (fake->n_opened, ==, 2);
  assert_state (fake, KVMM_CONSOLE_SESSION_CONNECTING);
}

static void
test_keeps_the_picture_while_libvirt_is_away (Fake *fake, gconstpointer data)
{
  start_with_picture (fake);
  kvmm_console_session_set_machine (fake->session, FALSE, FALSE, -1);
  assert_state (fake, KVMM_CONSOLE_SESSION_PICTURE);
  kvmm_console_session_set_machine (fake->session, TRUE, TRUE, 1);
  assert_state (fake, KVMM_CONSOLE_SESSION_PICTURE);
  g_assert_cmpuint (fake->n_opened, ==, 1);
}

static void
test_waits_for_libvirt_and_opens_again (Fake *fake, gconstpointer data)
{
  start_with_picture (fake);
  kvmm_console_session_set_machine (fake->session, FALSE, FALSE, -1);
  end (fake, KVMM_CONSOLE_SESSION_END_LOST);
  assert_state (fake, KVMM_CONSOLE_SESSION_RECONNECTING);
  g_assert_cmpint (kvmm_console_session_get_retry_at_us (fake->session), ==, 0);
  kvmm_console_session_set_machine (fake->session, TRUE, TRUE, 1);
  g_assert_cmpuint (fake->n_opened, ==, 2);
  assert_state (fake, KVMM_CONSOLE_SESSION_RECONNECTING);
  kvmm_console_session_report_picture (fake->session);
  assert_state (fake, KVMM_CONSOLE_SESSION_PICTURE);
}

static void
test_waits_for_libvirt_at_first (Fake *fake, gconstpointer data)
{
  kvmm_console_session_set_machine (fake->session, FALSE, FALSE, -1);
  kvmm_console_session_start (fake->session);
  assert_state (fake, KVMM_CONSOLE_SESSION_WAITING);
  g_assert_cmpuint (fake->n_opened, ==, 0);
  kvmm_console_session_set_machine (fake->session, TRUE, TRUE, 1);
  g_assert_cmpuint (fake->n_opened, ==, 1);
}

static void
test_tries_again_after_a_loss (Fake *fake, gconstpointer data)
{
  start_with_picture (fake);
  end (fake, KVMM_CONSOLE_SESSION_END_LOST);
  assert_state (fake, KVMM_CONSOLE_SESSION_RECONNECTING);
  g_assert_cmpint (kvmm_console_session_get_retry_at_us (fake->session), >, 0);
  TEST_RUN_UNTIL (fake->n_opened == 2);
  kvmm_console_session_report_picture (fake->session);
  assert_state (fake, KVMM_CONSOLE_SESSION_PICTURE);
}

static void
test_an_end_of_the_machine_stops_the_tries (Fake *fake, gconstpointer data)
{
  start_with_picture (fake);
  kvmm_console_session_set_delays (fake->session, 8000, 0);
  end (fake, KVMM_CONSOLE_SESSION_END_LOST);
  kvmm_console_session_set_machine (fake->session, TRUE, FALSE, -1);
  assert_state (fake, KVMM_CONSOLE_SESSION_OFF);
  g_assert_cmpint (kvmm_console_session_get_retry_at_us (fake->session), ==, 0);
}

static void
test_gives_up_after_many_tries (Fake *fake, gconstpointer data)
{
  start_with_picture (fake);
  end (fake, KVMM_CONSOLE_SESSION_END_LOST);
  for (guint i = 0; i < KVMM_CONSOLE_SESSION_MAX_TRIES; i++)
    {
      assert_state (fake, KVMM_CONSOLE_SESSION_RECONNECTING);
      TEST_RUN_UNTIL (fake->n_opened == i + 2);
      end (fake, KVMM_CONSOLE_SESSION_END_LOST);
    }
  assert_state (fake, KVMM_CONSOLE_SESSION_ERROR);
  g_assert_error (kvmm_console_session_get_error (fake->session), G_IO_ERROR,
                  G_IO_ERROR_CONNECTION_CLOSED);
  kvmm_console_session_retry (fake->session);
  assert_state (fake, KVMM_CONSOLE_SESSION_CONNECTING);
  g_assert_null (kvmm_console_session_get_error (fake->session));
}

static void
test_a_first_failure_is_an_error (Fake *fake, gconstpointer data)
{
  kvmm_console_session_set_machine (fake->session, TRUE, TRUE, 1);
  kvmm_console_session_start (fake->session);
  end (fake, KVMM_CONSOLE_SESSION_END_LOST);
  assert_state (fake, KVMM_CONSOLE_SESSION_ERROR);
  /* A change of the same run is no reason to try; another run is. */
  kvmm_console_session_set_machine (fake->session, TRUE, TRUE, 1);
  g_assert_cmpuint (fake->n_opened, ==, 1);
  kvmm_console_session_set_machine (fake->session, TRUE, TRUE, 2);
  g_assert_cmpuint (fake->n_opened, ==, 2);
}

static void
test_what_cannot_be_opened_is_not_tried (Fake *fake, gconstpointer data)
{
  start_with_picture (fake);
  end (fake, KVMM_CONSOLE_SESSION_END_LOST);
  TEST_RUN_UNTIL (fake->n_opened == 2);
  end (fake, KVMM_CONSOLE_SESSION_END_FAILED);
  assert_state (fake, KVMM_CONSOLE_SESSION_ERROR);
}

static void
test_asks_again_after_a_wrong_password (Fake *fake, gconstpointer data)
{
  kvmm_console_session_set_machine (fake->session, TRUE, TRUE, 1);
  kvmm_console_session_start (fake->session);
  kvmm_console_session_report_asked (fake->session);
  assert_state (fake, KVMM_CONSOLE_SESSION_SIGN_IN);
  g_assert_null (kvmm_console_session_get_error (fake->session));
  kvmm_console_session_report_answered (fake->session);
  assert_state (fake, KVMM_CONSOLE_SESSION_CONNECTING);
  end (fake, KVMM_CONSOLE_SESSION_END_REFUSED);
  g_assert_cmpuint (fake->n_opened, ==, 2);
  kvmm_console_session_report_asked (fake->session);
  assert_state (fake, KVMM_CONSOLE_SESSION_SIGN_IN);
  g_assert_nonnull (kvmm_console_session_get_error (fake->session));
  kvmm_console_session_report_answered (fake->session);
  kvmm_console_session_report_picture (fake->session);
  g_assert_null (kvmm_console_session_get_error (fake->session));
}

static void
test_a_server_that_refuses_unasked_is_an_error (Fake *fake, gconstpointer data)
{
  kvmm_console_session_set_machine (fake->session, TRUE, TRUE, 1);
  kvmm_console_session_start (fake->session);
  end (fake, KVMM_CONSOLE_SESSION_END_REFUSED);
  assert_state (fake, KVMM_CONSOLE_SESSION_ERROR);
  g_assert_cmpuint (fake->n_opened, ==, 1);
}

static void
test_another_viewer_of_an_exclusive_console (Fake *fake, gconstpointer data)
{
  kvmm_console_session_set_exclusive (fake->session, TRUE);
  start_with_picture (fake);
  end (fake, KVMM_CONSOLE_SESSION_END_LOST);
  assert_state (fake, KVMM_CONSOLE_SESSION_RECONNECTING);
  TEST_RUN_UNTIL (kvmm_console_session_get_state (fake->session) == KVMM_CONSOLE_SESSION_ERROR);
  g_assert_error (kvmm_console_session_get_error (fake->session), KVMM_CONSOLE_SESSION_PROBLEM,
                  KVMM_CONSOLE_SESSION_PROBLEM_TAKEN);
  g_assert_cmpuint (fake->n_opened, ==, 1);
}

static void
test_an_exclusive_console_comes_back_with_libvirt (Fake *fake, gconstpointer data)
{
  kvmm_console_session_set_exclusive (fake->session, TRUE);
  start_with_picture (fake);
  kvmm_console_session_set_delays (fake->session, 8000, 0);
  end (fake, KVMM_CONSOLE_SESSION_END_LOST);
  kvmm_console_session_set_machine (fake->session, FALSE, FALSE, -1);
  assert_state (fake, KVMM_CONSOLE_SESSION_RECONNECTING);
  kvmm_console_session_set_machine (fake->session, TRUE, TRUE, 1);
  g_assert_cmpuint (fake->n_opened, ==, 2);
}

static void
test_pictures_that_do_not_last_are_taken_by_another (Fake *fake, gconstpointer data)
{
  start_with_picture (fake);
  kvmm_console_session_set_delays (fake->session, 1, G_MAXUINT / 1000);
  for (guint i = 0; i < 2; i++)
    {
      end (fake, KVMM_CONSOLE_SESSION_END_LOST);
      TEST_RUN_UNTIL (fake->n_opened == i + 2);
      kvmm_console_session_report_picture (fake->session);
    }
  end (fake, KVMM_CONSOLE_SESSION_END_LOST);
  g_assert_error (kvmm_console_session_get_error (fake->session), KVMM_CONSOLE_SESSION_PROBLEM,
                  KVMM_CONSOLE_SESSION_PROBLEM_TAKEN);
}

static void
test_reports_of_a_closed_display_are_nothing (Fake *fake, gconstpointer data)
{
  start_with_picture (fake);
  kvmm_console_session_stop (fake->session);
  end (fake, KVMM_CONSOLE_SESSION_END_LOST);
  kvmm_console_session_report_asked (fake->session);
  kvmm_console_session_report_answered (fake->session);
  kvmm_console_session_report_picture (fake->session);
  assert_state (fake, KVMM_CONSOLE_SESSION_OFF);
  g_assert_cmpuint (fake->n_closed, ==, 1);
}

static void
test_follows_a_machine (void)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  KvmmConnection *connection = test_connected ("test:///default", settings);
  KvmmDomain *domain = kvmm_connection_find (connection, "test");
  g_autoptr (GError) error = NULL;
  Fake fake = { 0 };

  set_up (&fake, NULL);
  kvmm_console_session_follow (fake.session, domain);
  kvmm_console_session_start (fake.session);
  g_assert_cmpuint (fake.n_opened, ==, 1);
  kvmm_console_session_report_picture (fake.session);
  g_assert_true (test_act (domain, KVMM_DOMAIN_ACTION_FORCE_OFF, &error));
  TEST_RUN_UNTIL (kvmm_console_session_get_state (fake.session) == KVMM_CONSOLE_SESSION_OFF);
  g_assert_true (test_act (domain, KVMM_DOMAIN_ACTION_START, &error));
  TEST_RUN_UNTIL (fake.n_opened == 2);
  kvmm_connection_disconnect (connection);
  TEST_RUN_UNTIL (kvmm_connection_get_state (connection) == KVMM_CONNECTION_DISCONNECTED);
  assert_state (&fake, KVMM_CONSOLE_SESSION_CONNECTING);
  tear_down (&fake, NULL);
  test_drop (connection);
}

#define ADD(name, func)                                                                            \
  g_test_add ("/model/console-session/" name, Fake, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  test_model_init (&argc, &argv);

  ADD ("create-drop", test_create_drop);
  ADD ("opens-nothing-before-somebody-looks", test_opens_nothing_before_somebody_looks);
  ADD ("says-what-it-waits-for", test_says_what_it_waits_for);
  ADD ("follows-stop-and-start", test_follows_stop_and_start);
  ADD ("opens-again-for-another-run", test_opens_again_for_another_run);
  ADD ("keeps-the-picture-while-libvirt-is-away", test_keeps_the_picture_while_libvirt_is_away);
  ADD ("waits-for-libvirt-and-opens-again", test_waits_for_libvirt_and_opens_again);
  ADD ("waits-for-libvirt-at-first", test_waits_for_libvirt_at_first);
  ADD ("tries-again-after-a-loss", test_tries_again_after_a_loss);
  ADD ("an-end-of-the-machine-stops-the-tries", test_an_end_of_the_machine_stops_the_tries);
  ADD ("gives-up-after-many-tries", test_gives_up_after_many_tries);
  ADD ("a-first-failure-is-an-error", test_a_first_failure_is_an_error);
  ADD ("what-cannot-be-opened-is-not-tried", test_what_cannot_be_opened_is_not_tried);
  ADD ("asks-again-after-a-wrong-password", test_asks_again_after_a_wrong_password);
  ADD ("a-server-that-refuses-unasked-is-an-error", test_a_server_that_refuses_unasked_is_an_error);
  ADD ("another-viewer-of-an-exclusive-console", test_another_viewer_of_an_exclusive_console);
  ADD ("an-exclusive-console-comes-back-with-libvirt",
       test_an_exclusive_console_comes_back_with_libvirt);
  ADD ("pictures-that-do-not-last-are-taken-by-another",
       test_pictures_that_do_not_last_are_taken_by_another);
  ADD ("reports-of-a-closed-display-are-nothing", test_reports_of_a_closed_display_are_nothing);
  g_test_add_func ("/model/console-session/follows-a-machine", test_follows_a_machine);
  return g_test_run ();
}
