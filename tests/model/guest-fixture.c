/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "guest-fixture.h"

static const KvmmGuestIntervals quick = {
  .retry_min = 10,
  .retry_max = 40,
  .in_use_held = 10,
  .in_use = 60000,
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

KvmmGuestInterface *
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

GPtrArray *
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

static gboolean
fake_get_control_allowed (gpointer target)
{
  return ((Fixture *) target)->stored_control;
}

static void
fake_store_control_allowed_async (gpointer target,
                                  gboolean allowed,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  Fixture *f = target;
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);

  if (f->store_fails)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_READ_ONLY, "Cannot store");
      return;
    }
  f->stored_control = allowed;
  g_task_return_boolean (task, TRUE);
}

static gboolean
fake_store_control_allowed_finish (gpointer target, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
fake_call_qga_async (gpointer target,
                     KvmmGuestQgaCall call,
                     const char *user,
                     const char *crypt_hash,
                     GAsyncReadyCallback callback,
                     gpointer user_data)
{
  Fixture *f = target;
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);

  f->n_qga_calls[call]++;
  g_free (f->crypt_hash);
  f->crypt_hash = g_strdup (crypt_hash);
  if (f->qga_fails)
    g_task_return_new_error (task, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_AGENT_UNRESPONSIVE,
                             "The agent is silent");
  else
    g_task_return_int (task, 2);
}

static gssize
fake_call_qga_finish (gpointer target, GAsyncResult *result, GError **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

static const KvmmGuestBackend backend = {
  fake_open_async,
  fake_open_finish,
  fake_read_qga_async,
  fake_read_qga_finish,
  fake_read_addresses_async,
  fake_read_addresses_finish,
  fake_reread,
  fake_add_log,
  fake_get_interval_ms,
  fake_is_on_demand,
  fake_get_owner,
  fake_get_control_allowed,
  fake_store_control_allowed_async,
  fake_store_control_allowed_finish,
  fake_call_qga_async,
  fake_call_qga_finish,
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

Fixture *
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

void
fixture_answer (Fixture *f)
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

void
fixture_free (Fixture *f)
{
  g_signal_handlers_disconnect_by_data (f->guest, f);
  kvmm_guest_shutdown (f->guest);
  fixture_answer (f);
  test_drain ();
  g_assert_finalize_object (f->guest);
  g_ptr_array_unref (f->peers);
  g_ptr_array_unref (f->qga_tasks);
  g_assert_finalize_object (f->owner);
  g_free (f->crypt_hash);
  g_string_free (f->words, TRUE);
  g_string_free (f->states, TRUE);
  g_free (f);
}
const KvmmGuestInput guest_running = {
  .is_active = TRUE,
  .has_facts = TRUE,
  .is_supported = TRUE,
  .has_virtio_serial = TRUE,
  .id = 1,
  .agent_channel = KVMM_CHANNEL_DISCONNECTED,
  .qga_channel = KVMM_CHANNEL_ABSENT,
};

gboolean
fixture_is (Fixture *f, KvmmGuestState state)
{
  return kvmm_guest_get_state (f->guest) == state;
}

FakePeer *
fixture_last_peer (Fixture *f)
{
  return g_ptr_array_index (f->peers, f->peers->len - 1);
}

void
fixture_run (Fixture *f, const KvmmGuestInput *input)
{
  kvmm_guest_connection_changed (f->guest, TRUE);
  kvmm_guest_set_input (f->guest, input);
}

Fixture *
fixture_new_ready (void)
{
  Fixture *f = fixture_new ();

  fixture_run (f, &guest_running);
  test_wait_until (fixture_is (f, KVMM_GUEST_STATE_READY) &&
                   kvmm_guest_get_metrics (f->guest) != NULL);
  return f;
}
