/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <string.h>

#include "guest-fixture.h"
#include "util/kvmm-thread.h"

/* ---- the port ---- */

static void
test_the_port_is_looked_at_only_without_a_session (void)
{
  g_autoptr (Fixture) f = fixture_new ();

  f->mute_peers = TRUE;
  fixture_run (f, &guest_running);
  test_wait_until (f->rereads >= 3);
  fixture_last_peer (f)->is_mute = FALSE;
  fake_peer_announce (fixture_last_peer (f));
  test_wait_until (fixture_is (f, KVMM_GUEST_STATE_READY));
  g_assert_false (kvmm_guest_is_armed (f->guest, KVMM_GUEST_TIMER_POLL));
}

static void
test_the_port_is_not_looked_at_when_libvirt_tells (void)
{
  g_autoptr (Fixture) f = fixture_new ();

  f->mute_peers = TRUE;
  fixture_run (f, &guest_running);
  kvmm_guest_event (f->guest, "channel:disconnected");
  g_assert_false (kvmm_guest_is_armed (f->guest, KVMM_GUEST_TIMER_POLL));
}

/* ---- rows ---- */

typedef struct
{
  guint changed;
  guint items_changed;
  guint removed;
  guint added;
} RowLog;

static void
changed_cb (KvmmGuestItem *item, RowLog *log)
{
  log->changed++;
}

static void
items_changed_cb (GListModel *model, guint position, guint removed, guint added, RowLog *log)
{
  log->items_changed++;
  log->removed += removed;
  log->added += added;
}

static void
test_rows_keep_their_items (void)
{
  g_autoptr (GListStore) store = kvmm_guest_rows_new ();
  GListModel *model = G_LIST_MODEL (store);
  g_autoptr (GPtrArray) values = make_interfaces ();
  g_autoptr (KvmmGuestItem) first = NULL;
  g_autoptr (KvmmGuestItem) again = NULL;
  g_autoptr (KvmmGuestItem) last = NULL;
  RowLog log = { 0 };

  g_ptr_array_add (values, make_interface ("docker0", NULL, TRUE));
  g_ptr_array_add (values, make_interface ("eth0", "10.0.0.1", FALSE));
  g_ptr_array_add (values, make_interface ("eth1", NULL, FALSE));
  g_ptr_array_add (values, make_interface ("eth1", NULL, FALSE));
  kvmm_guest_rows_set (store, KVMM_GUEST_ROWS_INTERFACES, values);
  g_assert_cmpuint (g_list_model_get_n_items (model), ==, 3);
  first = g_list_model_get_item (model, 0);
  last = g_list_model_get_item (model, 2);
  g_assert_cmpstr (kvmm_guest_item_get_interface (first)->name, ==, "eth0");
  g_assert_cmpstr (kvmm_guest_item_get_interface (last)->name, ==, "docker0");
  g_assert_null (kvmm_guest_item_get_filesystem (first));
  g_assert_null (kvmm_guest_item_get_user (first));
  g_signal_connect (first, "changed", G_CALLBACK (changed_cb), &log);
  g_signal_connect (model, "items-changed", G_CALLBACK (items_changed_cb), &log);

  kvmm_guest_rows_set (store, KVMM_GUEST_ROWS_INTERFACES, values);
  g_assert_cmpuint (log.changed + log.items_changed, ==, 0);

  ((KvmmGuestInterface *) g_ptr_array_index (values, 1))->rx_bytes = 7;
  kvmm_guest_rows_set (store, KVMM_GUEST_ROWS_INTERFACES, values);
  g_assert_cmpuint (log.changed, ==, 1);
  g_assert_cmpuint (log.items_changed, ==, 0);
  g_assert_cmpuint (kvmm_guest_item_get_interface (first)->rx_bytes, ==, 7);

  /* eth1 goes: exactly that row. */
  g_ptr_array_remove_range (values, 2, 2);
  kvmm_guest_rows_set (store, KVMM_GUEST_ROWS_INTERFACES, values);
  g_assert_cmpuint (log.items_changed, ==, 1);
  g_assert_cmpuint (log.removed, ==, 1);
  g_assert_cmpuint (log.added, ==, 0);
  again = g_list_model_get_item (model, 0);
  g_assert_true (first == again);

  kvmm_guest_rows_set (store, KVMM_GUEST_ROWS_INTERFACES, NULL);
  g_assert_cmpuint (g_list_model_get_n_items (model), ==, 0);
}

/* ---- the QEMU guest agent ---- */

typedef struct
{
  guint n_calls;
  gboolean value;
  GError *error;
} Outcome;

static void
refreshed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  outcome->n_calls++;
  outcome->value = kvmm_guest_refresh_finish (KVMM_GUEST (source), result, &outcome->error);
}

static const KvmmGuestInput with_qga = {
  .is_active = TRUE,
  .has_facts = TRUE,
  .is_supported = TRUE,
  .has_virtio_serial = TRUE,
  .id = 1,
  .agent_channel = KVMM_CHANNEL_ABSENT,
  .qga_channel = KVMM_CHANNEL_CONNECTED,
};

static void
test_qga_answers_where_ours_is_not (void)
{
  g_autoptr (Fixture) f = fixture_new ();

  fixture_run (f, &with_qga);
  test_wait_until (kvmm_guest_get_source (f->guest) == KVMM_GUEST_SOURCE_QGA);
  g_assert_true (fixture_is (f, KVMM_GUEST_STATE_NO_CHANNEL));
  g_assert_cmpstr (kvmm_guest_get_hostname (f->guest), ==, "by-qga");
  g_assert_cmpstr (kvmm_guest_get_os_name (f->guest), ==, "Some Linux");
  g_assert_cmpuint (g_list_model_get_n_items (kvmm_guest_get_users (f->guest)), ==, 1);
  test_wait_until (f->qga_calls >= 3);
}

static void
test_ours_goes_before_qga (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  KvmmGuestInput input = with_qga;

  f->mute_peers = TRUE;
  f->qga_hangs = TRUE;
  input.agent_channel = KVMM_CHANNEL_CONNECTED;
  fixture_run (f, &input);
  test_wait_until (f->qga_calls == 1);
  fixture_last_peer (f)->is_mute = FALSE;
  fake_peer_announce (fixture_last_peer (f));
  test_wait_until (fixture_is (f, KVMM_GUEST_STATE_READY) &&
                   kvmm_guest_get_hostname (f->guest) != NULL);
  f->qga_hangs = FALSE;
  fixture_answer (f);
  test_drain ();
  g_assert_cmpstr (kvmm_guest_get_hostname (f->guest), ==, "anvil");
  g_assert_cmpint (kvmm_guest_get_source (f->guest), ==, KVMM_GUEST_SOURCE_AGENT);
  g_assert_false (kvmm_guest_is_armed (f->guest, KVMM_GUEST_TIMER_QGA));
}

static guint
source_of (Fixture *f, KvmmGuestFact fact)
{
  return kvmm_guest_get_fact_source (f->guest, fact);
}

static void
test_qga_fills_in_what_ours_does_not_tell (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  KvmmGuestInput input = with_qga;

  f->mute_peers = TRUE;
  input.agent_channel = KVMM_CHANNEL_CONNECTED;
  fixture_run (f, &input);
  /* Its policy denies one kind: the fake peer answers "no such method". */
  g_hash_table_remove (fixture_last_peer (f)->results, "sys.info");
  fixture_last_peer (f)->is_mute = FALSE;
  fake_peer_announce (fixture_last_peer (f));
  test_wait_until (source_of (f, KVMM_GUEST_FACT_SYSTEM) == KVMM_GUEST_SOURCE_QGA &&
                   source_of (f, KVMM_GUEST_FACT_USERS) == KVMM_GUEST_SOURCE_AGENT);
  g_assert_true (fixture_is (f, KVMM_GUEST_STATE_READY));
  g_assert_cmpint (kvmm_guest_get_source (f->guest), ==, KVMM_GUEST_SOURCE_AGENT);
  g_assert_cmpstr (kvmm_guest_get_hostname (f->guest), ==, "by-qga");
  g_assert_cmpstr (kvmm_guest_get_address (f->guest), ==, "10.0.2.15");

  /* An answer of the other one never replaces what ours told. */
  test_wait_until (f->qga_calls >= 4);
  g_assert_cmpuint (source_of (f, KVMM_GUEST_FACT_USERS), ==, KVMM_GUEST_SOURCE_AGENT);
  g_assert_cmpuint (source_of (f, KVMM_GUEST_FACT_INTERFACES), ==, KVMM_GUEST_SOURCE_AGENT);
}

static void
test_refresh_asks_both_where_ours_refuses (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  KvmmGuestInput input = with_qga;
  Outcome outcome = { 0 };
  guint calls;

  f->mute_peers = TRUE;
  input.agent_channel = KVMM_CHANNEL_CONNECTED;
  fixture_run (f, &input);
  g_hash_table_remove (fixture_last_peer (f)->results, "sys.info");
  fixture_last_peer (f)->is_mute = FALSE;
  fake_peer_announce (fixture_last_peer (f));
  test_wait_until (source_of (f, KVMM_GUEST_FACT_SYSTEM) == KVMM_GUEST_SOURCE_QGA);
  calls = f->qga_calls;
  kvmm_guest_refresh_async (f->guest, NULL, refreshed_cb, &outcome);
  test_wait_until (outcome.n_calls == 1);
  g_assert_no_error (outcome.error);
  g_assert_cmpuint (f->qga_calls, >, calls);
}

static void
test_the_way_that_came_last_tells_all_when_ours_goes (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  KvmmGuestInput input = with_qga;

  input.agent_channel = KVMM_CHANNEL_CONNECTED;
  fixture_run (f, &input);
  test_wait_until (source_of (f, KVMM_GUEST_FACT_USERS) == KVMM_GUEST_SOURCE_AGENT);
  f->mute_peers = TRUE;
  fake_peer_hang_up (fixture_last_peer (f));
  test_wait_until (source_of (f, KVMM_GUEST_FACT_USERS) == KVMM_GUEST_SOURCE_QGA &&
                   source_of (f, KVMM_GUEST_FACT_SYSTEM) == KVMM_GUEST_SOURCE_QGA);
  /* It did not tell the interfaces: what ours told last is still said to be ours. */
  g_assert_cmpuint (source_of (f, KVMM_GUEST_FACT_INTERFACES), ==, KVMM_GUEST_SOURCE_AGENT);
  g_assert_cmpint (kvmm_guest_get_source (f->guest), ==, KVMM_GUEST_SOURCE_QGA);
}

static void
test_a_silent_qga_is_asked_ever_less (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  gint64 start = g_get_monotonic_time ();

  f->qga_fails = TRUE;
  fixture_run (f, &with_qga);
  test_wait_until (f->qga_calls == 5);
  /* 20 + 40 + 80 + 80 */
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 220 * 1000);
  g_assert_cmpint (kvmm_guest_get_source (f->guest), ==, KVMM_GUEST_SOURCE_NONE);

  /* libvirt says that it came back. */
  f->qga_fails = FALSE;
  kvmm_guest_event (f->guest, "agent:connected");
  test_wait_until (kvmm_guest_get_source (f->guest) == KVMM_GUEST_SOURCE_QGA);
}

static void
test_one_qga_call_a_machine (void)
{
  g_autoptr (Fixture) f = fixture_new ();

  f->qga_hangs = TRUE;
  fixture_run (f, &with_qga);
  kvmm_guest_hold (f->guest);
  test_wait_until (f->qga_calls == 1);
  for (guint i = 0; i < 5; i++)
    {
      kvmm_guest_sources_qga_due (f->guest);
      kvmm_guest_evaluate (f->guest);
    }
  g_assert_cmpuint (f->qga_calls, ==, 1);
  kvmm_guest_release (f->guest);
}

static void
test_three_qga_calls_a_connection (void)
{
  Fixture *fixtures[8];
  GObject *owner = g_object_new (G_TYPE_OBJECT, NULL);
  guint calls = 0;

  for (guint i = 0; i < G_N_ELEMENTS (fixtures); i++)
    {
      fixtures[i] = fixture_new ();
      g_set_object (&fixtures[i]->owner, owner);
      fixtures[i]->qga_hangs = TRUE;
      fixture_run (fixtures[i], &with_qga);
    }
  test_wait_until (fixtures[0]->qga_calls + fixtures[1]->qga_calls + fixtures[2]->qga_calls == 3);
  for (guint i = 0; i < G_N_ELEMENTS (fixtures); i++)
    kvmm_guest_sources_qga_due (fixtures[i]->guest);
  for (guint i = 0; i < G_N_ELEMENTS (fixtures); i++)
    calls += fixtures[i]->qga_calls;
  g_assert_cmpuint (calls, ==, 3);

  /* One that waits goes; one answer lets the next in. */
  g_assert_true (fixtures[3]->guest->qga_queued);
  kvmm_guest_shutdown (fixtures[3]->guest);
  fixtures[0]->qga_hangs = FALSE;
  fixture_answer (fixtures[0]);
  test_wait_until (fixtures[4]->qga_calls == 1);
  g_assert_cmpuint (fixtures[3]->qga_calls, ==, 0);
  g_assert_cmpuint (fixtures[5]->qga_calls, ==, 0);

  for (guint i = 0; i < G_N_ELEMENTS (fixtures); i++)
    {
      Fixture *f = fixtures[i];

      kvmm_guest_shutdown (f->guest);
      fixture_answer (f);
      test_drain ();
      g_set_object (&f->owner, NULL);
      f->owner = g_object_new (G_TYPE_OBJECT, NULL);
      fixture_free (f);
    }
  g_assert_finalize_object (owner);
}

/* ---- addresses ---- */

static void
test_leases_are_read_while_somebody_looks (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  KvmmGuestInput input = guest_running;

  input.agent_channel = KVMM_CHANNEL_ABSENT;
  fixture_run (f, &input);
  g_assert_false (kvmm_guest_is_armed (f->guest, KVMM_GUEST_TIMER_ADDRESSES));
  kvmm_guest_hold (f->guest);
  test_wait_until (f->address_calls >= 2);
  f->lease = "192.168.122.7";
  test_wait_until (kvmm_guest_get_address (f->guest) != NULL);
  g_assert_cmpstr (kvmm_guest_get_address (f->guest), ==, "192.168.122.7");
  g_assert_cmpint (kvmm_guest_get_source (f->guest), ==, KVMM_GUEST_SOURCE_NETWORK);
  kvmm_guest_release (f->guest);
  g_assert_false (kvmm_guest_is_armed (f->guest, KVMM_GUEST_TIMER_ADDRESSES));
}

static void
test_leases_are_read_after_a_start (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  KvmmGuestInput input = guest_running;

  input.agent_channel = KVMM_CHANNEL_ABSENT;
  input.was_start_seen = TRUE;
  fixture_run (f, &input);
  test_wait_until (f->address_calls == 4);
  g_assert_false (kvmm_guest_is_armed (f->guest, KVMM_GUEST_TIMER_ADDRESSES));
}

static void
test_the_agent_knows_better_than_a_lease (void)
{
  g_autoptr (Fixture) f = fixture_new_ready ();

  f->lease = "192.168.122.7";
  kvmm_guest_hold (f->guest);
  test_drain ();
  g_assert_cmpuint (f->address_calls, ==, 0);
  g_assert_cmpstr (kvmm_guest_get_address (f->guest), ==, "10.0.2.15");
  kvmm_guest_release (f->guest);
}

/* ---- refresh ---- */

static void
test_refresh_asks_who_is_there (void)
{
  g_autoptr (Fixture) agent = fixture_new_ready ();
  g_autoptr (Fixture) qga = fixture_new ();
  g_autoptr (Fixture) nobody = fixture_new ();
  Outcome outcomes[3] = { 0 };
  guint requests = fixture_last_peer (agent)->requests;

  fixture_run (qga, &with_qga);
  kvmm_guest_refresh_async (agent->guest, NULL, refreshed_cb, &outcomes[0]);
  kvmm_guest_refresh_async (qga->guest, NULL, refreshed_cb, &outcomes[1]);
  kvmm_guest_refresh_async (nobody->guest, NULL, refreshed_cb, &outcomes[2]);
  test_wait_until (outcomes[0].n_calls == 1 && outcomes[1].n_calls == 1 &&
                   outcomes[2].n_calls == 1);
  g_assert_no_error (outcomes[0].error);
  g_assert_no_error (outcomes[1].error);
  g_assert_error (outcomes[2].error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED);
  g_clear_error (&outcomes[2].error);
  g_assert_cmpuint (fixture_last_peer (agent)->requests, >=, requests + 5);
  g_assert_cmpuint (qga->qga_calls, >=, 1);
}

static void
test_shutdown_answers_who_waits (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  Outcome outcome = { 0 };

  f->qga_hangs = TRUE;
  fixture_run (f, &with_qga);
  kvmm_guest_refresh_async (f->guest, NULL, refreshed_cb, &outcome);
  test_wait_until (f->qga_calls == 1);
  kvmm_guest_shutdown (f->guest);
  test_wait_until (outcome.n_calls == 1);
  g_assert_error (outcome.error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED);
  g_clear_error (&outcome.error);
  g_assert_true (fixture_is (f, KVMM_GUEST_STATE_OFF));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  kvmm_thread_set_main ();
#define ADD(path, func) g_test_add_func ("/model/guest-sources/" path, func)
  ADD ("the-port-is-looked-at-only-without-a-session",
       test_the_port_is_looked_at_only_without_a_session);
  ADD ("the-port-is-not-looked-at-when-libvirt-tells",
       test_the_port_is_not_looked_at_when_libvirt_tells);
  ADD ("rows-keep-their-items", test_rows_keep_their_items);
  ADD ("qga-answers-where-ours-is-not", test_qga_answers_where_ours_is_not);
  ADD ("ours-goes-before-qga", test_ours_goes_before_qga);
  ADD ("qga-fills-in-what-ours-does-not-tell", test_qga_fills_in_what_ours_does_not_tell);
  ADD ("refresh-asks-both-where-ours-refuses", test_refresh_asks_both_where_ours_refuses);
  ADD ("the-way-that-came-last-tells-all-when-ours-goes",
       test_the_way_that_came_last_tells_all_when_ours_goes);
  ADD ("a-silent-qga-is-asked-ever-less", test_a_silent_qga_is_asked_ever_less);
  ADD ("one-qga-call-a-machine", test_one_qga_call_a_machine);
  ADD ("three-qga-calls-a-connection", test_three_qga_calls_a_connection);
  ADD ("leases-are-read-while-somebody-looks", test_leases_are_read_while_somebody_looks);
  ADD ("leases-are-read-after-a-start", test_leases_are_read_after_a_start);
  ADD ("the-agent-knows-better-than-a-lease", test_the_agent_knows_better_than_a_lease);
  ADD ("refresh-asks-who-is-there", test_refresh_asks_who_is_there);
  ADD ("shutdown-answers-who-waits", test_shutdown_answers_who_waits);
  return g_test_run ();
}
