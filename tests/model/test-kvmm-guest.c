/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <math.h>
#include <string.h>

#include "agent/kvmm-agent-client-private.h"
#include "fake-peer.h"
#include "model/kvmm-guest-state.h"
#include "protocol/kvma-names.h"
#include "test-wait.h"
#include "util/kvmm-thread.h"

/* A guest without a libvirt: what it asks for is answered here, and the agent is the fake of
 * tests/agent. */

typedef struct
{
  KvmmGuest *guest;
  GObject *owner;
  GPtrArray *peers; /* FakePeer, one for each time the channel was opened */
  GString *words;
  GString *states;

  KvmmVirtErrorCode open_error;
  gboolean open_fails;
  gboolean open_hangs;
  gboolean mute_peers;
  GTask *hanging;
  guint opens;
  guint forced;

  gboolean qga_hangs;
  gboolean qga_fails;
  GPtrArray *qga_tasks; /* hanging */
  guint qga_calls;
  guint qga_running;
  guint qga_most;

  guint address_calls;
  const char *lease;
  gboolean on_demand;
  guint rereads;
} Fixture;

static const KvmmGuestIntervals quick = {
  .retry_min = 10,
  .retry_max = 40,
  .in_use_held = 10,
  .in_use = 10,
  .blocked = 500,
  .blocked_max = 900,
  .forgiven = 60000,
  .incompatible = 60000,
  .poll_held = 10,
  .poll = 20,
  .qga_grace = 20,
  .qga_held = 10,
  .qga = 20,
  .qga_backoff_max = 80,
  .addresses_first = 5,
  .addresses = 10,
};

/* ---- the backend ---- */

static void
fake_open_async (gpointer target,
                 gboolean take_over,
                 GCancellable *cancellable,
                 GAsyncReadyCallback callback,
                 gpointer user_data)
{
  Fixture *f = target;
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  f->opens++;
  f->forced += take_over;
  if (f->open_hangs)
    {
      g_set_object (&f->hanging, task);
      return;
    }
  if (f->open_fails && !take_over)
    g_task_return_new_error (task, KVMM_VIRT_ERROR, f->open_error, "Cannot open: %d",
                             f->open_error);
  else
    {
      GIOStream *stream = NULL;
      FakePeer *peer = fake_peer_new (&stream);

      peer->is_mute = f->mute_peers;
      g_ptr_array_add (f->peers, peer);
      g_task_return_pointer (task, stream, g_object_unref);
    }
}

static gpointer
finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static GIOStream *
fake_open_finish (gpointer target, GAsyncResult *result, GError **error)
{
  return finish (result, error);
}

static KvmmQgaFacts *
make_qga_facts (void)
{
  KvmmQgaFacts *facts = g_new0 (KvmmQgaFacts, 1);
  KvmmGuestUser *user = g_new0 (KvmmGuestUser, 1);

  facts->system = g_new0 (KvmmGuestSystem, 1);
  facts->system->hostname = g_strdup ("by-qga");
  facts->system->os_pretty = g_strdup ("Some Linux");
  user->user = g_strdup ("root");
  facts->users = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_guest_user_free);
  g_ptr_array_add (facts->users, user);
  return facts;
}

static void
answer_qga (Fixture *f, GTask *task)
{
  f->qga_running--;
  if (f->qga_fails)
    g_task_return_new_error (task, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_AGENT_UNRESPONSIVE,
                             "The agent is silent");
  else
    g_task_return_pointer (task, make_qga_facts (), (GDestroyNotify) kvmm_qga_facts_free);
}

static void
fake_read_qga_async (gpointer target,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer user_data)
{
  Fixture *f = target;
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  f->qga_calls++;
  f->qga_most = MAX (f->qga_most, ++f->qga_running);
  if (f->qga_hangs)
    g_ptr_array_add (f->qga_tasks, g_steal_pointer (&task));
  else
    answer_qga (f, task);
}

static KvmmQgaFacts *
fake_read_qga_finish (gpointer target, GAsyncResult *result, GError **error)
{
  return finish (result, error);
}

static KvmmGuestInterface *
make_interface (const char *name, const char *ip, gboolean is_virtual)
{
  KvmmGuestInterface *interface = g_new0 (KvmmGuestInterface, 1);

  interface->name = g_strdup (name);
  interface->state = g_strdup ("up");
  interface->kind = g_strdup ("ether");
  interface->is_virtual = is_virtual;
  interface->addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_guest_address_free);
  if (ip != NULL)
    {
      KvmmGuestAddress *address = g_new0 (KvmmGuestAddress, 1);

      address->ip = g_strdup (ip);
      address->prefix = 24;
      address->scope = g_strdup ("global");
      g_ptr_array_add (interface->addresses, address);
    }
  return interface;
}

static GPtrArray *
make_interfaces (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_guest_interface_free);
}

static void
fake_read_addresses_async (gpointer target,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  Fixture *f = target;
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  GPtrArray *interfaces = make_interfaces ();

  f->address_calls++;
  if (f->lease != NULL)
    g_ptr_array_add (interfaces, make_interface ("vnet0", f->lease, FALSE));
  g_task_return_pointer (task, interfaces, (GDestroyNotify) g_ptr_array_unref);
}

static GPtrArray *
fake_read_addresses_finish (gpointer target, GAsyncResult *result, GError **error)
{
  return finish (result, error);
}

static void
fake_reread (gpointer target)
{
  ((Fixture *) target)->rereads++;
}

static void
fake_add_log (gpointer target, const char *word, const char *text)
{
  g_string_append_printf (((Fixture *) target)->words, "%s ", word);
}

static guint
fake_get_interval_ms (gpointer target)
{
  return 3000;
}

static gboolean
fake_is_on_demand (gpointer target)
{
  return ((Fixture *) target)->on_demand;
}

static GObject *
fake_get_owner (gpointer target)
{
  return ((Fixture *) target)->owner;
}

static const KvmmGuestBackend backend = {
  fake_open_async,           fake_open_finish,           fake_read_qga_async, fake_read_qga_finish,
  fake_read_addresses_async, fake_read_addresses_finish, fake_reread,         fake_add_log,
  fake_get_interval_ms,      fake_is_on_demand,          fake_get_owner,
};

/* ---- the fixture ---- */

static void
prepare_client (KvmmAgentClient *client)
{
  KvmmAgentIntervals intervals = *kvmm_agent_client_get_intervals (client);

  intervals.hello_gap = 5;
  intervals.stable_session = 0;
  for (guint i = 0; i < KVMM_AGENT_HELLO_RETRIES; i++)
    intervals.hello_retry[i] = 20;
  intervals.hello_timeout = 100;
  kvmm_agent_client_set_intervals (client, &intervals);
}

static void
state_cb (KvmmGuest *guest, GParamSpec *pspec, Fixture *f)
{
  g_string_append_printf (f->states, "%d ", kvmm_guest_get_state (guest));
}

static Fixture *
fixture_new (void)
{
  Fixture *f = g_new0 (Fixture, 1);

  f->owner = g_object_new (G_TYPE_OBJECT, NULL);
  f->peers = g_ptr_array_new_with_free_func ((GDestroyNotify) fake_peer_free);
  f->qga_tasks = g_ptr_array_new_with_free_func (g_object_unref);
  f->words = g_string_new (NULL);
  f->states = g_string_new (NULL);
  f->guest = kvmm_guest_new_with_backend (&backend, f, &quick, prepare_client);
  g_signal_connect (f->guest, "notify::state", G_CALLBACK (state_cb), f);
  return f;
}

static void
answer_hanging (Fixture *f)
{
  if (f->hanging != NULL)
    g_task_return_new_error (f->hanging, G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");
  g_clear_object (&f->hanging);
  while (f->qga_tasks->len > 0)
    {
      g_autoptr (GTask) task = g_ptr_array_steal_index (f->qga_tasks, 0);

      answer_qga (f, task);
    }
}

static void
fixture_free (Fixture *f)
{
  g_signal_handlers_disconnect_by_data (f->guest, f);
  kvmm_guest_shutdown (f->guest);
  answer_hanging (f);
  test_drain ();
  g_assert_finalize_object (f->guest);
  g_ptr_array_unref (f->peers);
  g_ptr_array_unref (f->qga_tasks);
  g_assert_finalize_object (f->owner);
  g_string_free (f->words, TRUE);
  g_string_free (f->states, TRUE);
  g_free (f);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, fixture_free)

static const KvmmGuestInput running = {
  .is_active = TRUE,
  .has_facts = TRUE,
  .is_supported = TRUE,
  .has_virtio_serial = TRUE,
  .id = 1,
  .agent_channel = KVMM_CHANNEL_DISCONNECTED,
  .qga_channel = KVMM_CHANNEL_ABSENT,
};

static gboolean
is (Fixture *f, KvmmGuestState state)
{
  return kvmm_guest_get_state (f->guest) == state;
}

static FakePeer *
last_peer (Fixture *f)
{
  return g_ptr_array_index (f->peers, f->peers->len - 1);
}

static void
run (Fixture *f, const KvmmGuestInput *input)
{
  kvmm_guest_connection_changed (f->guest, TRUE);
  kvmm_guest_set_input (f->guest, input);
}

static Fixture *
fixture_new_ready (void)
{
  Fixture *f = fixture_new ();

  run (f, &running);
  test_wait_until (is (f, KVMM_GUEST_STATE_READY) && kvmm_guest_get_metrics (f->guest) != NULL);
  return f;
}

/* ---- the state ---- */

static void
test_begins_off_and_costs_little (void)
{
  g_autoptr (Fixture) f = fixture_new ();

  g_assert_true (is (f, KVMM_GUEST_STATE_OFF));
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

      run (f, &cases[i].input);
      g_assert_true (is (f, cases[i].state));
      g_assert_cmpuint (f->opens, ==, 0);
      g_assert_nonnull (kvmm_guest_get_state_text (f->guest));
      g_assert_nonnull (kvmm_guest_get_state_detail (f->guest));
    }
}

static void
test_waits_with_the_channel_open (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  KvmmGuestInput input = running;

  f->mute_peers = TRUE;
  run (f, &input);
  test_wait_until (f->peers->len == 1 && last_peer (f)->hellos > 0);
  g_assert_true (is (f, KVMM_GUEST_STATE_WAITING));
  g_assert_cmpint (kvmm_guest_get_waiting_since_us (f->guest), >, 0);

  /* libvirt says that the guest has opened its end: a HELLO at once. */
  input.agent_channel = KVMM_CHANNEL_CONNECTED;
  kvmm_guest_set_input (f->guest, &input);
  g_assert_true (is (f, KVMM_GUEST_STATE_CONNECTING));

  last_peer (f)->is_mute = FALSE;
  fake_peer_announce (last_peer (f));
  test_wait_until (is (f, KVMM_GUEST_STATE_READY));
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

  g_assert_nonnull (strstr (last_peer (f)->last_topics, "10000"));
  kvmm_guest_hold (f->guest);
  kvmm_guest_hold (f->guest);
  test_wait_until (strstr (last_peer (f)->last_topics, "3000") != NULL);
  kvmm_guest_release (f->guest);
  kvmm_guest_release (f->guest);
  test_wait_until (strstr (last_peer (f)->last_topics, "10000") != NULL);
}

static void
test_off_forgets_everything (void)
{
  g_autoptr (Fixture) f = fixture_new_ready ();
  KvmmGuestInput input = { .is_active = FALSE, .id = -1 };
  GListModel *users = kvmm_guest_get_users (f->guest);

  g_assert_cmpuint (g_list_model_get_n_items (users), ==, 1);
  kvmm_guest_set_input (f->guest, &input);
  g_assert_true (is (f, KVMM_GUEST_STATE_OFF));
  g_assert_cmpint (kvmm_guest_get_source (f->guest), ==, KVMM_GUEST_SOURCE_NONE);
  g_assert_null (kvmm_guest_get_address (f->guest));
  g_assert_null (kvmm_guest_get_os_name (f->guest));
  g_assert_null (kvmm_guest_get_agent_version (f->guest));
  g_assert_null (kvmm_guest_get_system (f->guest));
  g_assert_null (kvmm_guest_get_metrics (f->guest));
  g_assert_cmpuint (g_list_model_get_n_items (users), ==, 0);
  g_assert_cmpuint (kvmm_history_get_length (kvmm_guest_get_history (f->guest)), ==, 0);
  test_wait_until (last_peer (f)->byes == 1);
}

static void
test_another_run_opens_again (void)
{
  g_autoptr (Fixture) f = fixture_new_ready ();
  KvmmGuestInput input = running;

  input.id = 2;
  kvmm_guest_set_input (f->guest, &input);
  g_assert_false (is (f, KVMM_GUEST_STATE_READY));
  g_assert_null (kvmm_guest_get_hostname (f->guest));
  test_wait_until (is (f, KVMM_GUEST_STATE_READY));
  g_assert_cmpuint (f->opens, ==, 2);
}

static void
test_a_lost_connection_keeps_the_facts (void)
{
  g_autoptr (Fixture) f = fixture_new_ready ();

  kvmm_guest_connection_changed (f->guest, FALSE);
  g_assert_true (is (f, KVMM_GUEST_STATE_OFF));
  g_assert_null (f->guest->client);
  g_assert_cmpstr (kvmm_guest_get_hostname (f->guest), ==, "anvil");
  g_assert_nonnull (strstr (kvmm_guest_get_state_detail (f->guest), "connection"));
  kvmm_guest_connection_changed (f->guest, TRUE);
  test_wait_until (is (f, KVMM_GUEST_STATE_READY));
  g_assert_cmpuint (f->opens, ==, 2);
}

static void
test_a_channel_that_breaks_is_opened_again (void)
{
  g_autoptr (Fixture) f = fixture_new_ready ();

  fake_peer_hang_up (last_peer (f));
  test_wait_until (f->opens == 2 && is (f, KVMM_GUEST_STATE_READY));
}

static void
test_failures_to_open_come_ever_slower (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  gint64 start = g_get_monotonic_time ();

  f->open_fails = TRUE;
  f->open_error = KVMM_VIRT_ERROR_FAILED;
  run (f, &running);
  test_wait_until (f->opens == 5);
  /* 10 + 20 + 40 + 40 */
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 110 * 1000);
  g_assert_nonnull (strstr (kvmm_guest_get_state_detail (f->guest), "Cannot open"));
  f->open_fails = FALSE;
  test_wait_until (is (f, KVMM_GUEST_STATE_READY));
  g_assert_null (kvmm_guest_get_state_detail (f->guest));
  g_assert_cmpuint (f->guest->retry_ms, ==, 0);
}

static void
test_a_driver_without_channels_is_asked_once (void)
{
  g_autoptr (Fixture) f = fixture_new ();

  f->open_fails = TRUE;
  f->open_error = KVMM_VIRT_ERROR_UNSUPPORTED;
  run (f, &running);
  test_wait_until (is (f, KVMM_GUEST_STATE_NOT_SUPPORTED));
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
  run (f, &running);
  test_wait_until (is (f, KVMM_GUEST_STATE_IN_USE));
  test_wait_until (f->opens >= 4);
  g_assert_cmpuint (f->forced, ==, 0);
  /* No flicker while it looks. */
  g_assert_true (g_str_has_suffix (f->states->str, "8 "));
  g_assert_cmpuint (strlen (f->states->str), <=, 4);
  f->open_fails = FALSE;
  test_wait_until (is (f, KVMM_GUEST_STATE_READY));
}

static void
test_take_over_opens_by_force (void)
{
  g_autoptr (Fixture) f = fixture_new ();

  kvmm_guest_take_over (f->guest);
  f->open_fails = TRUE;
  f->open_error = KVMM_VIRT_ERROR_IN_USE;
  run (f, &running);
  test_wait_until (is (f, KVMM_GUEST_STATE_IN_USE));
  kvmm_guest_take_over (f->guest);
  test_wait_until (is (f, KVMM_GUEST_STATE_READY));
  g_assert_cmpuint (f->forced, ==, 1);

  /* And the one who loses it sees that. */
  fake_peer_hang_up (last_peer (f));
  test_wait_until (is (f, KVMM_GUEST_STATE_IN_USE));
  g_assert_cmpuint (f->forced, ==, 1);
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

          fake_peer_send_frame (last_peer (f), &header, data, 16384);
        }
      test_wait_until (is (f, KVMM_GUEST_STATE_BLOCKED));
      if (round == 0)
        {
          first = kvmm_guest_get_retry_at_us (f->guest);
          g_assert_cmpint (first, >=, before + 500 * 1000);
          g_assert_nonnull (kvmm_guest_get_state_detail (f->guest));
          g_assert_nonnull (strstr (f->words->str, "agent-blocked"));
          test_wait_until (is (f, KVMM_GUEST_STATE_READY));
          before = g_get_monotonic_time ();
        }
    }
  /* Doubled, up to the most. */
  g_assert_cmpint (kvmm_guest_get_retry_at_us (f->guest), >=, before + 900 * 1000);
  kvmm_guest_retry (f->guest);
  test_wait_until (is (f, KVMM_GUEST_STATE_READY));
  g_assert_cmpint (kvmm_guest_get_retry_at_us (f->guest), ==, 0);
}

static void
test_a_stream_that_overflows_is_abuse (void)
{
  g_autoptr (Fixture) f = fixture_new_ready ();

  kvmm_agent_client_fail (f->guest->client,
                          g_error_new (G_IO_ERROR, G_IO_ERROR_NO_SPACE, "too fast"));
  g_assert_true (is (f, KVMM_GUEST_STATE_BLOCKED));
  g_assert_cmpstr (kvmm_guest_get_state_detail (f->guest), ==, "too fast");
}

static void
test_a_legacy_agent_is_incompatible_until_another_comes (void)
{
  static const char line[] = "{\"type\":\"hello\"}\n";
  g_autoptr (Fixture) f = fixture_new ();
  KvmmGuestInput input = running;

  f->mute_peers = TRUE;
  input.agent_channel = KVMM_CHANNEL_CONNECTED;
  run (f, &input);
  test_wait_until (f->peers->len == 1);
  fake_peer_send_raw (last_peer (f), line, strlen (line));
  test_wait_until (is (f, KVMM_GUEST_STATE_INCOMPATIBLE));
  g_assert_nonnull (kvmm_guest_get_state_detail (f->guest));

  f->mute_peers = FALSE;
  input.agent_channel = KVMM_CHANNEL_DISCONNECTED;
  kvmm_guest_set_input (f->guest, &input);
  g_assert_true (is (f, KVMM_GUEST_STATE_INCOMPATIBLE));
  input.agent_channel = KVMM_CHANNEL_CONNECTED;
  kvmm_guest_set_input (f->guest, &input);
  test_wait_until (is (f, KVMM_GUEST_STATE_READY));
}

static void
test_a_reset_begins_a_new_session (void)
{
  g_autoptr (Fixture) f = fixture_new_ready ();

  kvmm_guest_event (f->guest, "reset");
  g_assert_false (is (f, KVMM_GUEST_STATE_READY));
  test_wait_until (is (f, KVMM_GUEST_STATE_READY));
  g_assert_cmpuint (f->opens, ==, 1);
  g_assert_cmpuint (last_peer (f)->hellos, >=, 2);
}

static void
test_another_past_is_noticed_at_resume (void)
{
  g_autoptr (Fixture) f = fixture_new_ready ();

  /* The agent of the snapshot has never heard of this session. */
  kvma_session_end (&last_peer (f)->session);
  kvmm_guest_event (f->guest, "resumed");
  test_wait_until (last_peer (f)->hellos == 2 && is (f, KVMM_GUEST_STATE_READY));
}

static void
test_a_paused_machine_stays_ready (void)
{
  g_autoptr (Fixture) f = fixture_new_ready ();
  KvmmGuestInput input = running;

  input.is_suspended = TRUE;
  kvmm_guest_set_input (f->guest, &input);
  g_assert_true (f->guest->client->suspended);
  g_assert_true (is (f, KVMM_GUEST_STATE_READY));
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
  run (f, &running);
  test_wait_until (f->hanging != NULL);
  kvmm_guest_set_input (f->guest, &off);
  answer_hanging (f);
  test_drain ();
  g_assert_null (f->guest->client);
  g_assert_true (is (f, KVMM_GUEST_STATE_OFF));
}

static void
test_on_demand_opens_for_who_looks (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  KvmmGuestInput input = running;

  f->on_demand = TRUE;
  input.qga_channel = KVMM_CHANNEL_CONNECTED;
  run (f, &input);
  g_assert_cmpuint (f->opens, ==, 0);
  g_assert_null (f->guest->timer);
  kvmm_guest_hold (f->guest);
  test_wait_until (is (f, KVMM_GUEST_STATE_READY));
  kvmm_guest_release (f->guest);
  g_assert_true (is (f, KVMM_GUEST_STATE_READY));
}

static void
test_retry_greets_at_once (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  guint hellos;

  f->mute_peers = TRUE;
  run (f, &running);
  test_wait_until (f->peers->len == 1 && last_peer (f)->hellos == 1 + KVMM_AGENT_HELLO_RETRIES);
  hellos = last_peer (f)->hellos;
  last_peer (f)->is_mute = FALSE;
  kvmm_guest_retry (f->guest);
  test_wait_until (is (f, KVMM_GUEST_STATE_READY));
  g_assert_cmpuint (last_peer (f)->hellos, ==, hellos + 1);
}

/* ---- the port ---- */

static void
test_the_port_is_looked_at_only_without_a_session (void)
{
  g_autoptr (Fixture) f = fixture_new ();

  f->mute_peers = TRUE;
  run (f, &running);
  test_wait_until (f->rereads >= 3);
  last_peer (f)->is_mute = FALSE;
  fake_peer_announce (last_peer (f));
  test_wait_until (is (f, KVMM_GUEST_STATE_READY));
  g_assert_false (kvmm_guest_is_armed (f->guest, KVMM_GUEST_TIMER_POLL));
}

static void
test_the_port_is_not_looked_at_when_libvirt_tells (void)
{
  g_autoptr (Fixture) f = fixture_new ();

  f->mute_peers = TRUE;
  run (f, &running);
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

  run (f, &with_qga);
  test_wait_until (kvmm_guest_get_source (f->guest) == KVMM_GUEST_SOURCE_QGA);
  g_assert_true (is (f, KVMM_GUEST_STATE_NO_CHANNEL));
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
  run (f, &input);
  test_wait_until (f->qga_calls == 1);
  last_peer (f)->is_mute = FALSE;
  fake_peer_announce (last_peer (f));
  test_wait_until (is (f, KVMM_GUEST_STATE_READY) && kvmm_guest_get_hostname (f->guest) != NULL);
  f->qga_hangs = FALSE;
  answer_hanging (f);
  test_drain ();
  g_assert_cmpstr (kvmm_guest_get_hostname (f->guest), ==, "anvil");
  g_assert_cmpint (kvmm_guest_get_source (f->guest), ==, KVMM_GUEST_SOURCE_AGENT);
  g_assert_false (kvmm_guest_is_armed (f->guest, KVMM_GUEST_TIMER_QGA));
}

static void
test_a_silent_qga_is_asked_ever_less (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  gint64 start = g_get_monotonic_time ();

  f->qga_fails = TRUE;
  run (f, &with_qga);
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
  run (f, &with_qga);
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
      run (fixtures[i], &with_qga);
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
  answer_hanging (fixtures[0]);
  test_wait_until (fixtures[4]->qga_calls == 1);
  g_assert_cmpuint (fixtures[3]->qga_calls, ==, 0);
  g_assert_cmpuint (fixtures[5]->qga_calls, ==, 0);

  for (guint i = 0; i < G_N_ELEMENTS (fixtures); i++)
    {
      Fixture *f = fixtures[i];

      kvmm_guest_shutdown (f->guest);
      answer_hanging (f);
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
  KvmmGuestInput input = running;

  input.agent_channel = KVMM_CHANNEL_ABSENT;
  run (f, &input);
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
  KvmmGuestInput input = running;

  input.agent_channel = KVMM_CHANNEL_ABSENT;
  input.was_start_seen = TRUE;
  run (f, &input);
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

static void
test_refresh_asks_who_is_there (void)
{
  g_autoptr (Fixture) agent = fixture_new_ready ();
  g_autoptr (Fixture) qga = fixture_new ();
  g_autoptr (Fixture) nobody = fixture_new ();
  Outcome outcomes[3] = { 0 };
  guint requests = last_peer (agent)->requests;

  run (qga, &with_qga);
  kvmm_guest_refresh_async (agent->guest, NULL, refreshed_cb, &outcomes[0]);
  kvmm_guest_refresh_async (qga->guest, NULL, refreshed_cb, &outcomes[1]);
  kvmm_guest_refresh_async (nobody->guest, NULL, refreshed_cb, &outcomes[2]);
  test_wait_until (outcomes[0].n_calls == 1 && outcomes[1].n_calls == 1 &&
                   outcomes[2].n_calls == 1);
  g_assert_no_error (outcomes[0].error);
  g_assert_no_error (outcomes[1].error);
  g_assert_error (outcomes[2].error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED);
  g_clear_error (&outcomes[2].error);
  g_assert_cmpuint (last_peer (agent)->requests, >=, requests + 5);
  g_assert_cmpuint (qga->qga_calls, >=, 1);
}

static void
test_shutdown_answers_who_waits (void)
{
  g_autoptr (Fixture) f = fixture_new ();
  Outcome outcome = { 0 };

  f->qga_hangs = TRUE;
  run (f, &with_qga);
  kvmm_guest_refresh_async (f->guest, NULL, refreshed_cb, &outcome);
  test_wait_until (f->qga_calls == 1);
  kvmm_guest_shutdown (f->guest);
  test_wait_until (outcome.n_calls == 1);
  g_assert_error (outcome.error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED);
  g_clear_error (&outcome.error);
  g_assert_true (is (f, KVMM_GUEST_STATE_OFF));
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
  ADD ("the-port-is-looked-at-only-without-a-session",
       test_the_port_is_looked_at_only_without_a_session);
  ADD ("the-port-is-not-looked-at-when-libvirt-tells",
       test_the_port_is_not_looked_at_when_libvirt_tells);
  ADD ("rows-keep-their-items", test_rows_keep_their_items);
  ADD ("qga-answers-where-ours-is-not", test_qga_answers_where_ours_is_not);
  ADD ("ours-goes-before-qga", test_ours_goes_before_qga);
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
