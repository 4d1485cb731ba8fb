/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <string.h>

#include "agent/kvmm-agent-files.h"
#include "guest-fixture.h"
#include "protocol/kvma-names.h"
#include "util/kvmm-thread.h"

/* ---- the state ---- */

static void
test_begins_off_and_costs_little (void)
{
  g_autoptr (Fixture) f = fixture_new ();

  g_assert_true (fixture_is (f, KVMM_GUEST_STATE_OFF));
  g_assert_null (f->guest->timer);
  g_assert_null (f->guest->history);
  for (guint i = 0; i < KVMM_GUEST_N_ROWS; i++)
    g_assert_null (f->guest->stores[i]);
  g_assert_cmpuint (sizeof (KvmmGuest), <=, 512);
  g_assert_cmpint (kvmm_guest_get_round_trip_us (f->guest), ==, -1);
  g_assert_cmpuint (kvmm_guest_get_uptime_ms (f->guest), ==, 0);
}

static void
test_the_machine_decides_the_state_without_a_channel (void)
{
  static const struct
  {
    KvmmGuestInput input;
    KvmmGuestState state;
  } cases[] = {
    { { .is_active = FALSE, .has_facts = TRUE }, KVMM_GUEST_STATE_OFF },
    { { .is_active = TRUE, .has_facts = FALSE }, KVMM_GUEST_STATE_OFF },
    { { .is_active = TRUE, .has_facts = TRUE, .is_supported = FALSE },
      KVMM_GUEST_STATE_NOT_SUPPORTED },
    { { .is_active = TRUE, .has_facts = TRUE, .is_supported = TRUE, .has_virtio_serial = TRUE },
      KVMM_GUEST_STATE_NO_CHANNEL },
    { { .is_active = TRUE, .has_facts = TRUE, .is_supported = TRUE, .has_virtio_serial = FALSE },
      KVMM_GUEST_STATE_NEEDS_POWER_OFF },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Fixture) f = fixture_new ();

      fixture_run (f, &cases[i].input);
      g_assert_true (fixture_is (f, cases[i].state));
      g_assert_cmpuint (f->opens, ==, 0);
      g_assert_nonnull (kvmm_guest_get_state_text (f->guest));
      g_assert_nonnull (kvmm_guest_get_state_detail (f->guest));
    }
}

static void
test_waits_with_the_channel_open (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  KvmmGuestInput input = guest_running;

  f->mute_peers = TRUE;
  fixture_run (f, &input);
  test_wait_until (f->peers->len == 1 && fixture_last_peer (f)->hellos > 0);
  g_assert_true (fixture_is (f, KVMM_GUEST_STATE_WAITING));
  g_assert_cmpint (kvmm_guest_get_waiting_since_us (f->guest), >, 0);

  /* libvirt says that the guest has opened its end: a HELLO at once. */
  input.agent_channel = KVMM_CHANNEL_CONNECTED;
  kvmm_guest_set_input (f->guest, &input);
  g_assert_true (fixture_is (f, KVMM_GUEST_STATE_CONNECTING));

  fixture_last_peer (f)->is_mute = FALSE;
  fake_peer_announce (fixture_last_peer (f));
  test_wait_until (fixture_is (f, KVMM_GUEST_STATE_READY));
  g_assert_cmpint (kvmm_guest_get_waiting_since_us (f->guest), ==, 0);
  g_assert_cmpuint (f->opens, ==, 1);
}

static void
test_ready_shows_what_the_agent_says (void)
{
  g_autoptr (Fixture) f = fixture_new_ready ();

  g_assert_cmpint (kvmm_guest_get_source (f->guest), ==, KVMM_GUEST_SOURCE_AGENT);
  g_assert_cmpstr (kvmm_guest_get_address (f->guest), ==, "10.0.2.15");
  g_assert_cmpstr (kvmm_guest_get_os_name (f->guest), ==, "Debian GNU/Linux 12 (bookworm)");
  g_assert_cmpstr (kvmm_guest_get_hostname (f->guest), ==, "anvil");
  g_assert_cmpstr (kvmm_guest_get_agent_version (f->guest), ==, "0.1.0");
  g_assert_null (kvmm_guest_get_policy_error (f->guest));
  g_assert_cmpuint (kvmm_guest_get_uptime_ms (f->guest), >=, 61000);
  g_assert_cmpuint (g_list_model_get_n_items (kvmm_guest_get_interfaces (f->guest)), ==, 2);
  g_assert_cmpuint (g_list_model_get_n_items (kvmm_guest_get_filesystems (f->guest)), ==, 1);
  g_assert_cmpuint (g_list_model_get_n_items (kvmm_guest_get_users (f->guest)), ==, 1);
  g_assert_cmpuint (kvmm_history_get_length (kvmm_guest_get_history (f->guest)), ==, 1);
  g_assert_cmpfloat_with_epsilon (kvmm_history_get (kvmm_guest_get_history (f->guest), 0, 0),
                                  0.375f, 0.001f);
  g_assert_cmpfloat_with_epsilon (kvmm_history_get (kvmm_guest_get_history (f->guest), 1, 0), 0.5f,
                                  0.001f);
  g_assert_cmpint (kvmm_guest_get_last_seen_us (f->guest), >, 0);
  test_wait_until (kvmm_guest_get_round_trip_us (f->guest) >= 0);
  g_assert_nonnull (strstr (f->words->str, "session"));
}

static void
test_somebody_who_looks_gets_figures_faster (void)
{
  g_autoptr (Fixture) f = fixture_new_ready ();

  g_assert_nonnull (strstr (fixture_last_peer (f)->last_topics, "10000"));
  kvmm_guest_hold (f->guest);
  kvmm_guest_hold (f->guest);
  test_wait_until (strstr (fixture_last_peer (f)->last_topics, "3000") != NULL);
  kvmm_guest_release (f->guest);
  kvmm_guest_release (f->guest);
  test_wait_until (strstr (fixture_last_peer (f)->last_topics, "10000") != NULL);
}

static void
test_off_forgets_everything (void)
{
  g_autoptr (Fixture) f = fixture_new_ready ();
  KvmmGuestInput input = { .is_active = FALSE, .id = -1 };
  GListModel *users = kvmm_guest_get_users (f->guest);

  g_assert_cmpuint (g_list_model_get_n_items (users), ==, 1);
  kvmm_guest_set_input (f->guest, &input);
  g_assert_true (fixture_is (f, KVMM_GUEST_STATE_OFF));
  g_assert_cmpint (kvmm_guest_get_source (f->guest), ==, KVMM_GUEST_SOURCE_NONE);
  g_assert_null (kvmm_guest_get_address (f->guest));
  g_assert_null (kvmm_guest_get_os_name (f->guest));
  g_assert_null (kvmm_guest_get_agent_version (f->guest));
  g_assert_null (kvmm_guest_get_system (f->guest));
  g_assert_null (kvmm_guest_get_metrics (f->guest));
  g_assert_cmpuint (g_list_model_get_n_items (users), ==, 0);
  g_assert_cmpuint (kvmm_history_get_length (kvmm_guest_get_history (f->guest)), ==, 0);
  test_wait_until (fixture_last_peer (f)->byes == 1);
}

static void
test_another_run_opens_again (void)
{
  g_autoptr (Fixture) f = fixture_new_ready ();
  KvmmGuestInput input = guest_running;

  input.id = 2;
  kvmm_guest_set_input (f->guest, &input);
  g_assert_false (fixture_is (f, KVMM_GUEST_STATE_READY));
  g_assert_null (kvmm_guest_get_hostname (f->guest));
  test_wait_until (fixture_is (f, KVMM_GUEST_STATE_READY));
  g_assert_cmpuint (f->opens, ==, 2);
}

static void
test_a_lost_connection_keeps_the_facts (void)
{
  g_autoptr (Fixture) f = fixture_new_ready ();

  kvmm_guest_connection_changed (f->guest, FALSE);
  g_assert_true (fixture_is (f, KVMM_GUEST_STATE_OFF));
  g_assert_null (f->guest->client);
  g_assert_cmpstr (kvmm_guest_get_hostname (f->guest), ==, "anvil");
  g_assert_nonnull (strstr (kvmm_guest_get_state_detail (f->guest), "connection"));
  kvmm_guest_connection_changed (f->guest, TRUE);
  test_wait_until (fixture_is (f, KVMM_GUEST_STATE_READY));
  g_assert_cmpuint (f->opens, ==, 2);
}

static void
test_a_channel_that_breaks_is_opened_again (void)
{
  g_autoptr (Fixture) f = fixture_new_ready ();

  fake_peer_hang_up (fixture_last_peer (f));
  test_wait_until (f->opens == 2 && fixture_is (f, KVMM_GUEST_STATE_READY));
}

static void
test_failures_to_open_come_ever_slower (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  gint64 start = g_get_monotonic_time ();

  f->open_fails = TRUE;
  f->open_error = KVMM_VIRT_ERROR_FAILED;
  fixture_run (f, &guest_running);
  test_wait_until (f->opens == 5);
  /* 10 + 20 + 40 + 40 */
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 110 * 1000);
  g_assert_nonnull (strstr (kvmm_guest_get_state_detail (f->guest), "Cannot open"));
  f->open_fails = FALSE;
  test_wait_until (fixture_is (f, KVMM_GUEST_STATE_READY));
  g_assert_null (kvmm_guest_get_state_detail (f->guest));
  g_assert_cmpuint (f->guest->retry_ms, ==, 0);
}

static void
test_a_driver_without_channels_is_asked_once (void)
{
  g_autoptr (Fixture) f = fixture_new ();

  f->open_fails = TRUE;
  f->open_error = KVMM_VIRT_ERROR_UNSUPPORTED;
  fixture_run (f, &guest_running);
  test_wait_until (fixture_is (f, KVMM_GUEST_STATE_NOT_SUPPORTED));
  g_assert_false (kvmm_guest_is_armed (f->guest, KVMM_GUEST_TIMER_OPEN));
  test_drain ();
  g_assert_cmpuint (f->opens, ==, 1);
}

static void
test_in_use_waits_and_never_fights (void)
{
  g_autoptr (Fixture) f = fixture_new ();

  f->open_fails = TRUE;
  f->open_error = KVMM_VIRT_ERROR_IN_USE;
  fixture_run (f, &guest_running);
  test_wait_until (fixture_is (f, KVMM_GUEST_STATE_IN_USE));
  g_assert_cmpuint (f->opens, ==, 1);
  /* Looked again at once for somebody who comes, and then more often. */
  kvmm_guest_hold (f->guest);
  test_wait_until (f->opens >= 4);
  g_assert_cmpuint (f->forced, ==, 0);
  /* No flicker while it looks. */
  g_assert_true (g_str_has_suffix (f->states->str, "8 "));
  g_assert_cmpuint (strlen (f->states->str), <=, 4);
  f->open_fails = FALSE;
  test_wait_until (fixture_is (f, KVMM_GUEST_STATE_READY));
  kvmm_guest_release (f->guest);
}

static void
test_take_over_opens_by_force (void)
{
  g_autoptr (Fixture) f = fixture_new ();

  kvmm_guest_take_over (f->guest);
  f->open_fails = TRUE;
  f->open_error = KVMM_VIRT_ERROR_IN_USE;
  fixture_run (f, &guest_running);
  test_wait_until (fixture_is (f, KVMM_GUEST_STATE_IN_USE));
  kvmm_guest_take_over (f->guest);
  test_wait_until (fixture_is (f, KVMM_GUEST_STATE_READY));
  g_assert_cmpuint (f->forced, ==, 1);

  /* And the one who loses it sees that. */
  fake_peer_hang_up (fixture_last_peer (f));
  test_wait_until (fixture_is (f, KVMM_GUEST_STATE_IN_USE));
  g_assert_cmpuint (f->forced, ==, 1);
}

static void
test_a_lent_channel_comes_back (void)
{
  g_autoptr (Fixture) f = fixture_new_ready ();
  g_autoptr (GError) error = NULL;
  guint opens = f->opens;

  g_assert_true (kvmm_guest_lend (f->guest, &error));
  g_assert_no_error (error);
  g_assert_true (fixture_is (f, KVMM_GUEST_STATE_IN_USE));
  g_assert_null (kvmm_guest_get_agent (f->guest));
  /* A second borrower gets it from libvirt, or not. */
  g_assert_true (kvmm_guest_lend (f->guest, NULL));
  kvmm_guest_end_loan (f->guest);
  /* Somebody who looks does not get it back. */
  kvmm_guest_hold (f->guest);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (f->opens, ==, opens);
  kvmm_guest_end_loan (f->guest);
  test_wait_until (fixture_is (f, KVMM_GUEST_STATE_READY));
  g_assert_cmpuint (f->forced, ==, 0);
  kvmm_guest_release (f->guest);
}

/* One command after another: the second asks while the window takes the channel back. */
static void
test_what_is_being_opened_is_lent (void)
{
  g_autoptr (Fixture) f = fixture_new_ready ();
  g_autoptr (GError) error = NULL;

  g_assert_true (kvmm_guest_lend (f->guest, NULL));
  kvmm_guest_end_loan (f->guest);
  g_assert_true (kvmm_guest_lend (f->guest, &error));
  g_assert_no_error (error);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (kvmm_guest_get_agent (f->guest));
  kvmm_guest_end_loan (f->guest);
  test_wait_until (fixture_is (f, KVMM_GUEST_STATE_READY));
}

static void
test_what_is_not_there_is_not_lent (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  g_autoptr (GError) error = NULL;

  g_assert_false (kvmm_guest_lend (f->guest, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
opened_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmAgentFileStream **stream = user_data;

  *stream = kvmm_agent_client_read_file_finish (KVMM_AGENT_CLIENT (source), result, NULL);
}

static void
test_a_busy_channel_is_not_lent (void)
{
  g_autoptr (Fixture) f = fixture_new_ready ();
  g_autoptr (KvmmAgentFileStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  KvmmAgentClient *agent = kvmm_guest_get_agent (f->guest);

  kvmm_agent_client_set_control_allowed (agent, TRUE);
  fake_peer_set_result (fixture_last_peer (f), "file.read",
                        "{\"stream\":2,\"size\":9,\"mtime\":0,\"mode\":420}");
  kvmm_agent_client_read_file_async (agent, "/a", 0, NULL, opened_cb, &stream);
  test_wait_until (stream != NULL);
  g_assert_false (kvmm_guest_lend (f->guest, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_true (fixture_is (f, KVMM_GUEST_STATE_READY));
}

static void
test_abuse_blocks_for_a_while (void)
{
  g_autoptr (Fixture) f = fixture_new_ready ();
  gint64 before = g_get_monotonic_time ();
  g_autofree guint8 *data = g_malloc0 (16384);
  gint64 first;

  for (guint round = 0; round < 2; round++)
    {
      for (guint i = 0; i <= KVMA_STREAM_WINDOW_TO_HOST / 16384; i++)
        {
          KvmaHeader header = { .kind = KVMA_KIND_DATA, .stream = 2 };

          fake_peer_send_frame (fixture_last_peer (f), &header, data, 16384);
        }
      test_wait_until (fixture_is (f, KVMM_GUEST_STATE_BLOCKED));
      if (round == 0)
        {
          first = kvmm_guest_get_retry_at_us (f->guest);
          g_assert_cmpint (first, >=, before + 500 * 1000);
          g_assert_nonnull (kvmm_guest_get_state_detail (f->guest));
          g_assert_nonnull (strstr (f->words->str, "agent-blocked"));
          test_wait_until (fixture_is (f, KVMM_GUEST_STATE_READY));
          before = g_get_monotonic_time ();
        }
    }
  /* Doubled, up to the most. */
  g_assert_cmpint (kvmm_guest_get_retry_at_us (f->guest), >=, before + 900 * 1000);
  kvmm_guest_retry (f->guest);
  test_wait_until (fixture_is (f, KVMM_GUEST_STATE_READY));
  g_assert_cmpint (kvmm_guest_get_retry_at_us (f->guest), ==, 0);
}

static void
test_a_stream_that_overflows_is_abuse (void)
{
  g_autoptr (Fixture) f = fixture_new_ready ();

  kvmm_agent_client_fail (f->guest->client,
                          g_error_new (G_IO_ERROR, G_IO_ERROR_NO_SPACE, "too fast"));
  g_assert_true (fixture_is (f, KVMM_GUEST_STATE_BLOCKED));
  g_assert_cmpstr (kvmm_guest_get_state_detail (f->guest), ==, "too fast");
}

static void
test_a_legacy_agent_is_incompatible_until_another_comes (void)
{
  static const char line[] = "{\"type\":\"hello\"}\n";
  g_autoptr (Fixture) f = fixture_new ();
  KvmmGuestInput input = guest_running;

  f->mute_peers = TRUE;
  input.agent_channel = KVMM_CHANNEL_CONNECTED;
  fixture_run (f, &input);
  test_wait_until (f->peers->len == 1);
  fake_peer_send_raw (fixture_last_peer (f), line, strlen (line));
  test_wait_until (fixture_is (f, KVMM_GUEST_STATE_INCOMPATIBLE));
  g_assert_nonnull (kvmm_guest_get_state_detail (f->guest));

  f->mute_peers = FALSE;
  input.agent_channel = KVMM_CHANNEL_DISCONNECTED;
  kvmm_guest_set_input (f->guest, &input);
  g_assert_true (fixture_is (f, KVMM_GUEST_STATE_INCOMPATIBLE));
  input.agent_channel = KVMM_CHANNEL_CONNECTED;
  kvmm_guest_set_input (f->guest, &input);
  test_wait_until (fixture_is (f, KVMM_GUEST_STATE_READY));
}

static void
test_a_reset_begins_a_new_session (void)
{
  g_autoptr (Fixture) f = fixture_new_ready ();

  kvmm_guest_event (f->guest, "reset");
  g_assert_false (fixture_is (f, KVMM_GUEST_STATE_READY));
  test_wait_until (fixture_is (f, KVMM_GUEST_STATE_READY));
  g_assert_cmpuint (f->opens, ==, 1);
  g_assert_cmpuint (fixture_last_peer (f)->hellos, >=, 2);
}

static void
test_another_past_is_noticed_at_resume (void)
{
  g_autoptr (Fixture) f = fixture_new_ready ();

  /* The agent of the snapshot has never heard of this session. */
  kvma_session_end (&fixture_last_peer (f)->session);
  kvmm_guest_event (f->guest, "resumed");
  test_wait_until (fixture_last_peer (f)->hellos == 2 && fixture_is (f, KVMM_GUEST_STATE_READY));
}

static void
test_a_paused_machine_stays_ready (void)
{
  g_autoptr (Fixture) f = fixture_new_ready ();
  KvmmGuestInput input = guest_running;

  input.is_suspended = TRUE;
  kvmm_guest_set_input (f->guest, &input);
  g_assert_true (f->guest->client->suspended);
  g_assert_true (fixture_is (f, KVMM_GUEST_STATE_READY));
  input.is_suspended = FALSE;
  kvmm_guest_set_input (f->guest, &input);
  g_assert_false (f->guest->client->suspended);
  g_assert_cmpuint (f->opens, ==, 1);
}

static void
test_a_machine_that_goes_while_it_opens (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  KvmmGuestInput off = { .is_active = FALSE, .id = -1 };

  f->open_hangs = TRUE;
  fixture_run (f, &guest_running);
  test_wait_until (f->hanging != NULL);
  kvmm_guest_set_input (f->guest, &off);
  fixture_answer (f);
  test_drain ();
  g_assert_null (f->guest->client);
  g_assert_true (fixture_is (f, KVMM_GUEST_STATE_OFF));
}

static void
test_on_demand_opens_for_who_looks (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  KvmmGuestInput input = guest_running;

  f->on_demand = TRUE;
  input.qga_channel = KVMM_CHANNEL_CONNECTED;
  fixture_run (f, &input);
  g_assert_cmpuint (f->opens, ==, 0);
  g_assert_null (f->guest->timer);
  kvmm_guest_hold (f->guest);
  test_wait_until (fixture_is (f, KVMM_GUEST_STATE_READY));
  kvmm_guest_release (f->guest);
  g_assert_true (fixture_is (f, KVMM_GUEST_STATE_READY));
}

static void
test_retry_greets_at_once (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  guint hellos;

  f->mute_peers = TRUE;
  fixture_run (f, &guest_running);
  test_wait_until (f->peers->len == 1 &&
                   fixture_last_peer (f)->hellos == 1 + KVMM_AGENT_HELLO_RETRIES);
  hellos = fixture_last_peer (f)->hellos;
  fixture_last_peer (f)->is_mute = FALSE;
  kvmm_guest_retry (f->guest);
  test_wait_until (fixture_is (f, KVMM_GUEST_STATE_READY));
  g_assert_cmpuint (fixture_last_peer (f)->hellos, ==, hellos + 1);
}

/* ---- who may do what ---- */

static void
count_cb (KvmmGuest *guest, gpointer user_data)
{
  (*(guint *) user_data)++;
}

static void
test_the_agent_is_there_while_it_is_ready (void)
{
  g_autoptr (Fixture) f = fixture_new_ready ();
  KvmmGuestInput off = { .is_active = FALSE, .id = -1 };

  g_assert_true (kvmm_guest_get_agent (f->guest) == f->guest->client);
  kvmm_guest_set_input (f->guest, &off);
  g_assert_null (kvmm_guest_get_agent (f->guest));
}

static void
test_the_switch_reaches_the_agent_and_the_settings (void)
{
  g_autoptr (Fixture) f = fixture_new_ready ();
  guint n_changes = 0;

  g_signal_connect (f->guest, "access-changed", G_CALLBACK (count_cb), &n_changes);
  g_assert_false (kvmm_guest_get_control_allowed (f->guest));
  g_assert_false (kvmm_agent_client_get_control_allowed (f->guest->client));
  g_object_set (f->guest, "control-allowed", TRUE, NULL);
  g_assert_cmpuint (n_changes, ==, 1);
  g_assert_true (kvmm_agent_client_get_control_allowed (f->guest->client));
  test_drain ();
  g_assert_true (f->stored_control);

  /* A new channel has a new client. */
  kvmm_guest_connection_changed (f->guest, FALSE);
  kvmm_guest_connection_changed (f->guest, TRUE);
  test_wait_until (fixture_is (f, KVMM_GUEST_STATE_READY));
  g_assert_true (kvmm_agent_client_get_control_allowed (f->guest->client));

  /* Another program turned it off. */
  f->stored_control = FALSE;
  kvmm_guest_control_changed (f->guest);
  g_assert_false (kvmm_guest_get_control_allowed (f->guest));
  g_assert_false (kvmm_agent_client_get_control_allowed (f->guest->client));
  g_signal_handlers_disconnect_by_data (f->guest, &n_changes);
}

static void
test_a_switch_that_cannot_be_stored_falls_back (void)
{
  g_autoptr (Fixture) f = fixture_new_ready ();

  f->store_fails = TRUE;
  kvmm_guest_set_control_allowed (f->guest, TRUE);
  test_wait_until (!kvmm_guest_get_control_allowed (f->guest));
  g_assert_false (kvmm_agent_client_get_control_allowed (f->guest->client));
  g_assert_nonnull (strstr (f->words->str, "control-not-stored"));
}

static void
test_the_lines_that_a_policy_lacks (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  guint n_changes = 0;

  g_signal_connect (f->guest, "access-changed", G_CALLBACK (count_cb), &n_changes);
  g_assert_cmpstr (kvmm_guest_get_access (f->guest, KVMM_GUEST_GROUP_INFO), ==, "deny");
  f->mute_peers = TRUE;
  fixture_run (f, &guest_running);
  test_wait_until (f->peers->len == 1 && fixture_last_peer (f)->hellos > 0);
  fixture_last_peer (f)->policy =
      "{\"info\":\"allow\",\"procs\":\"allow\",\"exec\":\"named\",\"pty\":\"deny\"}";
  fixture_last_peer (f)->is_mute = FALSE;
  fake_peer_announce (fixture_last_peer (f));
  test_wait_until (fixture_is (f, KVMM_GUEST_STATE_READY));
  g_assert_cmpuint (n_changes, ==, 1);
  g_assert_cmpstr (kvmm_guest_get_access (f->guest, KVMM_GUEST_GROUP_EXEC), ==, "named");
  g_assert_cmpstr (kvmm_guest_get_access (f->guest, KVMM_GUEST_GROUP_INBOX), ==, "deny");

  g_autofree char *pty = kvmm_guest_dup_policy_lines (f->guest, KVMM_GUEST_GROUP_PTY);
  g_autofree char *shell =
      kvmm_guest_dup_policy_lines_for (f->guest, KVMM_GUEST_GROUP_PTY, "shell");
  g_autofree char *manage =
      kvmm_guest_dup_policy_lines_for (f->guest, KVMM_GUEST_GROUP_PROCS, "manage");
  g_autofree char *any = kvmm_guest_dup_policy_lines_for (f->guest, KVMM_GUEST_GROUP_EXEC, "any");
  g_assert_cmpstr (pty, ==, "[policy]\npty=login\n");
  g_assert_cmpstr (shell, ==, "[policy]\npty=shell\n");
  g_assert_cmpstr (manage, ==, "[policy]\nprocs=manage\n");
  g_assert_true (g_str_has_prefix (any, "[policy]\nexec=any\n\n[exec]\n"));
  g_assert_null (kvmm_guest_dup_policy_lines (f->guest, KVMM_GUEST_GROUP_INFO));
  g_assert_null (kvmm_guest_dup_policy_lines (f->guest, KVMM_GUEST_GROUP_EXEC));
  g_assert_null (kvmm_guest_dup_policy_lines_for (f->guest, KVMM_GUEST_GROUP_EXEC, "named"));
  g_assert_null (kvmm_guest_dup_policy_lines_for (f->guest, KVMM_GUEST_GROUP_PROCS, "allow"));
  g_assert_null (kvmm_guest_dup_policy_lines (f->guest, "no-such-group"));
  g_signal_handlers_disconnect_by_data (f->guest, &n_changes);
}

static void
test_groups_have_the_protocols_names (void)
{
  g_assert_cmpstr (KVMM_GUEST_GROUP_INFO, ==, KVMA_GROUP_INFO);
  g_assert_cmpstr (KVMM_GUEST_GROUP_PROCS, ==, KVMA_GROUP_PROCS);
  g_assert_cmpstr (KVMM_GUEST_GROUP_LOGS, ==, KVMA_GROUP_LOGS);
  g_assert_cmpstr (KVMM_GUEST_GROUP_POWER, ==, KVMA_GROUP_POWER);
  g_assert_cmpstr (KVMM_GUEST_GROUP_SUSPEND, ==, KVMA_GROUP_SUSPEND);
  g_assert_cmpstr (KVMM_GUEST_GROUP_TIME, ==, KVMA_GROUP_TIME);
  g_assert_cmpstr (KVMM_GUEST_GROUP_MAINT, ==, KVMA_GROUP_MAINT);
  g_assert_cmpstr (KVMM_GUEST_GROUP_FREEZE, ==, KVMA_GROUP_FREEZE);
  g_assert_cmpstr (KVMM_GUEST_GROUP_EXEC, ==, KVMA_GROUP_EXEC);
  g_assert_cmpstr (KVMM_GUEST_GROUP_PTY, ==, KVMA_GROUP_PTY);
  g_assert_cmpstr (KVMM_GUEST_GROUP_FILE_READ, ==, KVMA_GROUP_FILE_READ);
  g_assert_cmpstr (KVMM_GUEST_GROUP_FILE_WRITE, ==, KVMA_GROUP_FILE_WRITE);
  g_assert_cmpstr (KVMM_GUEST_GROUP_INBOX, ==, KVMA_GROUP_INBOX);
  g_assert_cmpstr (KVMM_GUEST_GROUP_ACCOUNTS, ==, KVMA_GROUP_ACCOUNTS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  kvmm_thread_set_main ();
#define ADD(path, func) g_test_add_func ("/model/guest/" path, func)
  ADD ("begins-off-and-costs-little", test_begins_off_and_costs_little);
  ADD ("the-machine-decides-the-state-without-a-channel",
       test_the_machine_decides_the_state_without_a_channel);
  ADD ("waits-with-the-channel-open", test_waits_with_the_channel_open);
  ADD ("ready-shows-what-the-agent-says", test_ready_shows_what_the_agent_says);
  ADD ("somebody-who-looks-gets-figures-faster", test_somebody_who_looks_gets_figures_faster);
  ADD ("off-forgets-everything", test_off_forgets_everything);
  ADD ("another-run-opens-again", test_another_run_opens_again);
  ADD ("a-lost-connection-keeps-the-facts", test_a_lost_connection_keeps_the_facts);
  ADD ("a-channel-that-breaks-is-opened-again", test_a_channel_that_breaks_is_opened_again);
  ADD ("failures-to-open-come-ever-slower", test_failures_to_open_come_ever_slower);
  ADD ("a-driver-without-channels-is-asked-once", test_a_driver_without_channels_is_asked_once);
  ADD ("in-use-waits-and-never-fights", test_in_use_waits_and_never_fights);
  ADD ("a-lent-channel-comes-back", test_a_lent_channel_comes_back);
  ADD ("what-is-being-opened-is-lent", test_what_is_being_opened_is_lent);
  ADD ("what-is-not-there-is-not-lent", test_what_is_not_there_is_not_lent);
  ADD ("a-busy-channel-is-not-lent", test_a_busy_channel_is_not_lent);
  ADD ("take-over-opens-by-force", test_take_over_opens_by_force);
  ADD ("abuse-blocks-for-a-while", test_abuse_blocks_for_a_while);
  ADD ("a-stream-that-overflows-is-abuse", test_a_stream_that_overflows_is_abuse);
  ADD ("a-legacy-agent-is-incompatible-until-another-comes",
       test_a_legacy_agent_is_incompatible_until_another_comes);
  ADD ("a-reset-begins-a-new-session", test_a_reset_begins_a_new_session);
  ADD ("another-past-is-noticed-at-resume", test_another_past_is_noticed_at_resume);
  ADD ("a-paused-machine-stays-ready", test_a_paused_machine_stays_ready);
  ADD ("a-machine-that-goes-while-it-opens", test_a_machine_that_goes_while_it_opens);
  ADD ("on-demand-opens-for-who-looks", test_on_demand_opens_for_who_looks);
  ADD ("retry-greets-at-once", test_retry_greets_at_once);
  ADD ("the-agent-is-there-while-it-is-ready", test_the_agent_is_there_while_it_is_ready);
  ADD ("the-switch-reaches-the-agent-and-the-settings",
       test_the_switch_reaches_the_agent_and_the_settings);
  ADD ("a-switch-that-cannot-be-stored-falls-back", test_a_switch_that_cannot_be_stored_falls_back);
  ADD ("the-lines-that-a-policy-lacks", test_the_lines_that_a_policy_lacks);
  ADD ("groups-have-the-protocols-names", test_groups_have_the_protocols_names);
  return g_test_run ();
}
