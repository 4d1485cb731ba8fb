/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <math.h>

#include "model/kvmm-domain-private.h"
#include "test-model.h"
#include "xml/kvmm-xml-device.h"

#define URI "test:///default"
#define NEW_UUID "d0000000-0000-4000-8000-000000000001"
#define NEW_XML                                                                                    \
  "<domain type='test'><name>%s</name><uuid>" NEW_UUID "</uuid><title>%s</title>"                  \
  "<memory unit='MiB'>256</memory><vcpu>3</vcpu><os><type arch='x86_64'>hvm</type></os>"           \
  "</domain>"

typedef struct
{
  KvmmSettings *settings;
  KvmmConnection *connection;
  TestShadow *shadow;
  KvmmDomain *domain; /* (owned) "test" */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->settings = test_settings_new ();
  fixture->connection = test_connected (URI, fixture->settings);
  fixture->shadow = test_shadow_new (G_LIST_MODEL (fixture->connection));
  fixture->domain = g_object_ref (kvmm_connection_find (fixture->connection, "test"));
}

/* Leaves the shared host as it was found: "test" runs. */
static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  if (kvmm_domain_can (fixture->domain, KVMM_DOMAIN_ACTION_RESUME, NULL))
    test_act (fixture->domain, KVMM_DOMAIN_ACTION_RESUME, &error);
  if (kvmm_domain_can (fixture->domain, KVMM_DOMAIN_ACTION_START, NULL))
    test_act (fixture->domain, KVMM_DOMAIN_ACTION_START, &error);
  g_assert_no_error (error);
  TEST_RUN_UNTIL (kvmm_domain_get_state (fixture->domain) == KVMM_DOMAIN_STATE_RUNNING);
  test_shadow_check (fixture->shadow);
  test_shadow_free (fixture->shadow);
  test_drop (fixture->connection);
  g_assert_null (kvmm_domain_get_connection (fixture->domain));
  test_drop_object (fixture->domain);
  g_clear_object (&fixture->settings);
}

static void
test_every_property_reads (Fixture *fixture, gconstpointer data)
{
  g_autofree GParamSpec **pspecs = NULL;
  guint n_pspecs;

  pspecs = g_object_class_list_properties (G_OBJECT_GET_CLASS (fixture->domain), &n_pspecs);
  g_assert_cmpuint (n_pspecs, ==, 23);
  for (guint i = 0; i < n_pspecs; i++)
    {
      g_auto (GValue) value = G_VALUE_INIT;
      g_object_get_property (G_OBJECT (fixture->domain), pspecs[i]->name, &value);
    }
  g_assert_true (kvmm_domain_get_connection (fixture->domain) == fixture->connection);
  g_assert_nonnull (kvmm_domain_get_guest (fixture->domain));
  g_assert_nonnull (kvmm_domain_get_facts (fixture->domain));
  g_assert_null (kvmm_domain_get_history (fixture->domain));
  g_assert_true (isnan (kvmm_domain_get_cpu_fraction (fixture->domain)));
  g_assert_cmpint (kvmm_domain_get_since_us (fixture->domain), ==, 0);
}

static void
test_lifecycle (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  guint n_states = 0, n_signals = fixture->shadow->n_signals;

  g_signal_connect (fixture->domain, "notify::state", G_CALLBACK (test_count_notify_cb), &n_states);
  g_assert_true (test_act (fixture->domain, KVMM_DOMAIN_ACTION_PAUSE, &error));
  TEST_RUN_UNTIL (kvmm_domain_get_state (fixture->domain) == KVMM_DOMAIN_STATE_PAUSED);
  g_assert_true (kvmm_domain_get_is_active (fixture->domain));
  g_assert_cmpint (kvmm_domain_get_since_us (fixture->domain), >, 0);
  g_assert_true (test_act (fixture->domain, KVMM_DOMAIN_ACTION_RESUME, &error));
  TEST_RUN_UNTIL (kvmm_domain_get_state (fixture->domain) == KVMM_DOMAIN_STATE_RUNNING);
  g_assert_true (test_act (fixture->domain, KVMM_DOMAIN_ACTION_FORCE_OFF, &error));
  TEST_RUN_UNTIL (kvmm_domain_get_state (fixture->domain) == KVMM_DOMAIN_STATE_SHUT_OFF);
  g_assert_false (kvmm_domain_get_is_active (fixture->domain));
  g_assert_cmpint (kvmm_domain_get_id (fixture->domain), ==, -1);
  g_assert_cmpuint (kvmm_connection_get_n_running (fixture->connection), ==, 0);
  g_assert_true (test_act (fixture->domain, KVMM_DOMAIN_ACTION_START, &error));
  TEST_RUN_UNTIL (kvmm_domain_get_state (fixture->domain) == KVMM_DOMAIN_STATE_RUNNING);
  g_assert_no_error (error);
  g_assert_cmpuint (n_states, ==, 4);
  /* One signal for each change of state, and none for anything else. */
  g_assert_cmpuint (fixture->shadow->n_signals - n_signals, ==, 4);
  g_signal_handlers_disconnect_by_data (fixture->domain, &n_states);
}

static void
test_save_and_restore (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (test_act (fixture->domain, KVMM_DOMAIN_ACTION_SAVE, &error));
  g_assert_no_error (error);
  TEST_RUN_UNTIL (kvmm_domain_get_state (fixture->domain) == KVMM_DOMAIN_STATE_SHUT_OFF);
  TEST_RUN_UNTIL (kvmm_domain_get_has_managed_save (fixture->domain));
  g_assert_true (test_act (fixture->domain, KVMM_DOMAIN_ACTION_START, &error));
  TEST_RUN_UNTIL (!kvmm_domain_get_has_managed_save (fixture->domain));
}

static void
test_failure_names_the_machine (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (test_act (fixture->domain, KVMM_DOMAIN_ACTION_START, &error));
  g_assert_true (error->domain == KVMM_VIRT_ERROR);
  g_assert_nonnull (strstr (error->message, "test"));
  g_assert_null (kvmm_domain_get_pending (fixture->domain));
}

static void
test_every_disabled_action_says_why (Fixture *fixture, gconstpointer data)
{
  static const KvmmDomainAction when_off[] = { KVMM_DOMAIN_ACTION_START,
                                               KVMM_DOMAIN_ACTION_AUTOSTART_ON };
  g_autoptr (GError) error = NULL;

  for (guint pass = 0; pass < 2; pass++)
    {
      for (KvmmDomainAction action = 0; action < KVMM_DOMAIN_N_ACTIONS; action++)
        {
          const char *reason = "unset";
          gboolean can = kvmm_domain_can (fixture->domain, action, &reason);

          g_assert_true (can == (reason == NULL));
          if (!can)
            g_assert_cmpuint (strlen (reason), >, 10);
          if (pass == 1)
            g_assert_true (can == (action == when_off[0] || action == when_off[1]));
        }
      if (pass == 0)
        {
          g_assert_false (kvmm_domain_can (fixture->domain, KVMM_DOMAIN_ACTION_START, NULL));
          g_assert_false (kvmm_domain_can (fixture->domain, KVMM_DOMAIN_ACTION_RESUME, NULL));
          g_assert_true (kvmm_domain_can (fixture->domain, KVMM_DOMAIN_ACTION_SHUT_DOWN, NULL));
          g_assert_true (kvmm_domain_can (fixture->domain, KVMM_DOMAIN_ACTION_SAVE, NULL));
          test_act (fixture->domain, KVMM_DOMAIN_ACTION_FORCE_OFF, &error);
          TEST_RUN_UNTIL (kvmm_domain_get_state (fixture->domain) == KVMM_DOMAIN_STATE_SHUT_OFF);
        }
    }
}

static void
test_pending_until_the_state_changes (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  kvmm_domain_act_async (fixture->domain, KVMM_DOMAIN_ACTION_SHUT_DOWN, NULL, test_result_cb,
                         &result);
  g_assert_cmpstr (kvmm_domain_get_pending (fixture->domain), ==, "Shutting down…");
  TEST_RUN_UNTIL (result != NULL);
  g_assert_true (kvmm_domain_act_finish (fixture->domain, result, &error));
  TEST_RUN_UNTIL (kvmm_domain_get_state (fixture->domain) == KVMM_DOMAIN_STATE_SHUT_OFF);
  g_assert_null (kvmm_domain_get_pending (fixture->domain));
}

static void
finished_cb (KvmmShutdown *shutdown, gpointer user_data)
{
  (*(guint *) user_data)++;
}

static void
test_a_shut_down_is_watched_to_its_end (Fixture *fixture, gconstpointer data)
{
  KvmmShutdown *shutdown;
  guint n_finished = 0;

  g_assert_null (kvmm_domain_get_shutdown (fixture->domain));
  shutdown = kvmm_domain_begin_shutdown (fixture->domain, FALSE);
  g_signal_connect (shutdown, "finished", G_CALLBACK (finished_cb), &n_finished);
  g_assert_true (kvmm_domain_get_shutdown (fixture->domain) == shutdown);
  g_assert_cmpint (kvmm_shutdown_get_step (shutdown), ==, KVMM_SHUTDOWN_STEP_BUTTON);
  g_assert_cmpstr (kvmm_domain_get_pending (fixture->domain), ==, "Shutting down…");
  /* The one that is under way, not a second one. */
  g_assert_true (kvmm_domain_begin_shutdown (fixture->domain, FALSE) == shutdown);
  TEST_RUN_UNTIL (n_finished > 0);
  g_assert_cmpint (kvmm_shutdown_get_step (shutdown), ==, KVMM_SHUTDOWN_STEP_DONE);
  g_assert_cmpint (kvmm_domain_get_state (fixture->domain), ==, KVMM_DOMAIN_STATE_SHUT_OFF);
  g_assert_null (kvmm_domain_get_pending (fixture->domain));
}

static void
test_a_restart_takes_the_place_of_a_shut_down (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KvmmShutdown) shutdown =
      g_object_ref (kvmm_domain_begin_shutdown (fixture->domain, FALSE));
  KvmmShutdown *restart = kvmm_domain_begin_shutdown (fixture->domain, TRUE);

  g_assert_true (restart != shutdown);
  g_assert_cmpint (kvmm_shutdown_get_step (shutdown), ==, KVMM_SHUTDOWN_STEP_CANCELLED);
  TEST_RUN_UNTIL (kvmm_shutdown_get_is_finished (restart));
}

static void
test_autostart_without_an_event (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  guint n_signals = fixture->shadow->n_signals, n_notifies = 0;

  g_signal_connect (fixture->domain, "notify::autostart", G_CALLBACK (test_count_notify_cb),
                    &n_notifies);
  g_assert_true (test_act (fixture->domain, KVMM_DOMAIN_ACTION_AUTOSTART_ON, &error));
  TEST_RUN_UNTIL (kvmm_domain_get_autostart (fixture->domain));
  g_assert_false (kvmm_domain_can (fixture->domain, KVMM_DOMAIN_ACTION_AUTOSTART_ON, NULL));
  g_assert_true (test_act (fixture->domain, KVMM_DOMAIN_ACTION_AUTOSTART_OFF, &error));
  TEST_RUN_UNTIL (!kvmm_domain_get_autostart (fixture->domain));
  g_assert_no_error (error);
  g_assert_cmpuint (n_notifies, ==, 2);
  g_assert_cmpuint (fixture->shadow->n_signals, ==, n_signals);
  g_signal_handlers_disconnect_by_data (fixture->domain, &n_notifies);
}

static void
test_cancelled_action_is_silent (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  kvmm_domain_act_async (fixture->domain, KVMM_DOMAIN_ACTION_FORCE_OFF, cancellable, test_result_cb,
                         &result);
  TEST_RUN_UNTIL (result != NULL);
  g_assert_false (kvmm_domain_act_finish (fixture->domain, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (kvmm_domain_get_pending (fixture->domain));
  g_assert_cmpint (kvmm_domain_get_state (fixture->domain), ==, KVMM_DOMAIN_STATE_RUNNING);
}

/* ---- what others do ---- */

static void
test_others_change_the_state (Fixture *fixture, gconstpointer data)
{
  gint64 end_us = 0;

  test_other_client (URI, test_client_destroy, "test");
  end_us = g_get_monotonic_time () + 500 * 1000;
  TEST_RUN_UNTIL (kvmm_domain_get_state (fixture->domain) == KVMM_DOMAIN_STATE_SHUT_OFF);
  g_assert_cmpint (g_get_monotonic_time (), <, end_us);
  test_other_client (URI, test_client_create, "test");
  TEST_RUN_UNTIL (kvmm_domain_get_state (fixture->domain) == KVMM_DOMAIN_STATE_RUNNING);
}

static void
test_others_define_change_and_undefine (Fixture *fixture, gconstpointer data)
{
  g_autofree char *xml = g_strdup_printf (NEW_XML, "new-machine", "First");
  g_autofree char *changed_xml = g_strdup_printf (NEW_XML, "new-machine", "Second");

  test_other_client (URI, test_client_define, xml);
  TEST_RUN_UNTIL (fixture->shadow->items->len == 2);
  g_autoptr (KvmmDomain) domain =
      g_object_ref (kvmm_connection_find (fixture->connection, NEW_UUID));
  g_assert_cmpstr (kvmm_domain_get_name (domain), ==, "new-machine");
  g_assert_cmpstr (kvmm_domain_get_title (domain), ==, "First");
  g_assert_cmpuint (kvmm_domain_get_vcpus (domain), ==, 3);
  g_assert_cmpuint (kvmm_domain_get_memory_kib (domain), ==, 262144);

  guint n_signals = fixture->shadow->n_signals;
  test_other_client (URI, test_client_define, changed_xml);
  TEST_RUN_UNTIL (g_strcmp0 (kvmm_domain_get_title (domain), "Second") == 0);
  g_assert_true (kvmm_connection_find (fixture->connection, "new-machine") == domain);
  g_assert_cmpuint (fixture->shadow->n_signals, ==, n_signals);

  test_other_client (URI, test_client_undefine, "new-machine");
  TEST_RUN_UNTIL (fixture->shadow->items->len == 1);
  g_assert_null (kvmm_connection_find (fixture->connection, NEW_UUID));
  /* Whoever still holds it can read it, and nothing can be done with it. */
  g_assert_null (kvmm_domain_get_connection (domain));
  g_assert_cmpstr (kvmm_domain_get_name (domain), ==, "new-machine");
  g_assert_false (kvmm_domain_can (domain, KVMM_DOMAIN_ACTION_START, NULL));
  g_autoptr (GError) error = NULL;
  g_assert_false (test_act (domain, KVMM_DOMAIN_ACTION_START, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT);
  test_drop_object (g_steal_pointer (&domain));
}

static gboolean
log_has (KvmmDomain *domain, const char *prefix)
{
  GListModel *log = G_LIST_MODEL (kvmm_domain_get_log (domain));

  for (guint i = 0; i < g_list_model_get_n_items (log); i++)
    {
      g_autoptr (KvmmLogEntry) entry = g_list_model_get_item (log, i);

      if (g_str_has_prefix (kvmm_log_entry_get_word (entry), prefix))
        return TRUE;
    }
  return FALSE;
}

static void
test_events_reach_the_timeline (Fixture *fixture, gconstpointer data)
{
  test_other_client (URI, test_client_destroy, "test");
  TEST_RUN_UNTIL (log_has (fixture->domain, "stopped:destroyed"));
  test_other_client (URI, test_client_create, "test");
  TEST_RUN_UNTIL (log_has (fixture->domain, "started"));
  TEST_RUN_UNTIL (kvmm_domain_get_state (fixture->domain) == KVMM_DOMAIN_STATE_RUNNING);
}

/* ---- XML and devices ---- */

static void
test_xml_is_kept_once_asked_for (Fixture *fixture, gconstpointer data)
{
  guint n_notifies = 0;

  g_signal_connect (fixture->domain, "notify::xml", G_CALLBACK (test_count_notify_cb), &n_notifies);
  g_assert_null (kvmm_domain_get_xml (fixture->domain));
  TEST_RUN_UNTIL (n_notifies == 1);
  g_assert_nonnull (strstr (kvmm_domain_get_xml (fixture->domain), "<name>test</name>"));
  test_other_client (URI, test_client_destroy, "test");
  TEST_RUN_UNTIL (n_notifies == 2);
  g_signal_handlers_disconnect_by_data (fixture->domain, &n_notifies);
}

static void
test_reads_xml_and_devices (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) xml_result = NULL;
  g_autoptr (GAsyncResult) devices_result = NULL;
  g_autoptr (GError) error = NULL;

  kvmm_domain_read_xml_async (fixture->domain, TRUE, NULL, test_result_cb, &xml_result);
  kvmm_domain_list_devices_async (fixture->domain, NULL, test_result_cb, &devices_result);
  TEST_RUN_UNTIL (xml_result != NULL && devices_result != NULL);
  g_autofree char *xml = kvmm_domain_read_xml_finish (fixture->domain, xml_result, &error);
  g_assert_no_error (error);
  g_assert_true (g_str_has_prefix (xml, "<domain"));
  g_autoptr (GPtrArray) devices =
      kvmm_domain_list_devices_finish (fixture->domain, devices_result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (devices->len, >, 1);
}

/* The test driver attaches nothing: the error arrives. */
static void
test_add_channel_reports_failure (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gboolean needs_restart = 42;

  kvmm_domain_add_channel_async (fixture->domain, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  g_assert_false (kvmm_domain_add_channel_finish (fixture->domain, result, &needs_restart, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_UNSUPPORTED);
  g_assert_cmpint (needs_restart, ==, 42);
}

/* ---- statistics ---- */

static void
test_a_sample_is_shown_and_a_stop_forgets_it (Fixture *fixture, gconstpointer data)
{
  KvmmDomainStats stats = { .time_us = 1000000,
                            .has_cpu = TRUE,
                            .vcpus = 2,
                            .has_memory = TRUE,
                            .memory_current_kib = 1000,
                            .memory_unused_kib = 250 };
  guint n_changes = 0;

  g_signal_connect (fixture->domain, "stats-changed", G_CALLBACK (test_count_cb), &n_changes);
  kvmm_domain_apply_stats (fixture->domain, &stats);
  stats.time_us += G_USEC_PER_SEC;
  stats.cpu_time_ns += 500 * 1000 * 1000;
  kvmm_domain_apply_stats (fixture->domain, &stats);
  g_assert_cmpuint (n_changes, ==, 2);
  g_assert_cmpfloat_with_epsilon (kvmm_domain_get_cpu_fraction (fixture->domain), 0.25, 1e-6);
  g_assert_cmpuint (kvmm_domain_get_memory_used_kib (fixture->domain), ==, 750);
  g_assert_cmpuint (kvmm_history_get_length (kvmm_domain_get_history (fixture->domain)), ==, 2);

  test_other_client (URI, test_client_destroy, "test");
  TEST_RUN_UNTIL (kvmm_domain_get_state (fixture->domain) == KVMM_DOMAIN_STATE_SHUT_OFF);
  g_assert_true (isnan (kvmm_domain_get_cpu_fraction (fixture->domain)));
  g_assert_cmpuint (kvmm_domain_get_memory_used_kib (fixture->domain), ==, 0);
  g_assert_cmpuint (kvmm_history_get_length (kvmm_domain_get_history (fixture->domain)), ==, 2);
  kvmm_domain_apply_stats (fixture->domain, &stats);
  g_assert_true (isnan (kvmm_domain_get_cpu_fraction (fixture->domain)));

  test_other_client (URI, test_client_create, "test");
  TEST_RUN_UNTIL (kvmm_domain_get_state (fixture->domain) == KVMM_DOMAIN_STATE_RUNNING);
  g_assert_cmpuint (kvmm_history_get_length (kvmm_domain_get_history (fixture->domain)), ==, 0);
  g_signal_handlers_disconnect_by_data (fixture->domain, &n_changes);
}

#define ADD(path, func) g_test_add ("/model/domain/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  test_model_init (&argc, &argv);
  ADD ("every-property-reads", test_every_property_reads);
  ADD ("lifecycle", test_lifecycle);
  ADD ("save-and-restore", test_save_and_restore);
  ADD ("failure-names-the-machine", test_failure_names_the_machine);
  ADD ("every-disabled-action-says-why", test_every_disabled_action_says_why);
  ADD ("pending-until-the-state-changes", test_pending_until_the_state_changes);
  ADD ("a-shut-down-is-watched-to-its-end", test_a_shut_down_is_watched_to_its_end);
  ADD ("a-restart-takes-the-place-of-a-shut-down", test_a_restart_takes_the_place_of_a_shut_down);
  ADD ("autostart-without-an-event", test_autostart_without_an_event);
  ADD ("cancelled-action-is-silent", test_cancelled_action_is_silent);
  ADD ("others-change-the-state", test_others_change_the_state);
  ADD ("others-define-change-and-undefine", test_others_define_change_and_undefine);
  ADD ("events-reach-the-timeline", test_events_reach_the_timeline);
  ADD ("xml-is-kept-once-asked-for", test_xml_is_kept_once_asked_for);
  ADD ("reads-xml-and-devices", test_reads_xml_and_devices);
  ADD ("add-channel-reports-failure", test_add_channel_reports_failure);
  ADD ("a-sample-is-shown-and-a-stop-forgets-it", test_a_sample_is_shown_and_a_stop_forgets_it);
  return g_test_run ();
}
