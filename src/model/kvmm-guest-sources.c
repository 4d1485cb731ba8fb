/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-guest-state.h"

#include <glib/gi18n.h>

/* What is asked for while our agent does not tell: the port's state, the QEMU guest agent, DHCP
 * leases. */

#define QGA_CALLS_MAX 3 /* per connection */
#define QGA_QUEUE_KEY "kvmm-guest-qga-queue"

/* ---- whose turn it is ---- */

typedef struct
{
  guint running;
  GQueue waiting; /* KvmmGuest (unowned): each takes itself out before it goes */
} QgaQueue;

static void
qga_queue_free (gpointer data)
{
  QgaQueue *queue = data;

  g_queue_clear (&queue->waiting);
  g_free (queue);
}

static QgaQueue *
get_queue (GObject *owner)
{
  QgaQueue *queue = g_object_get_data (owner, QGA_QUEUE_KEY);

  if (queue == NULL)
    {
      queue = g_new0 (QgaQueue, 1);
      g_queue_init (&queue->waiting);
      g_object_set_data_full (owner, QGA_QUEUE_KEY, queue, qga_queue_free);
    }
  return queue;
}

static void start_qga (KvmmGuest *self, GObject *owner);

static void
leave_queue (KvmmGuest *self)
{
  GObject *owner = self->backend != NULL ? self->backend->get_owner (self->target) : NULL;

  if (self->qga_queued && owner != NULL)
    g_queue_remove (&get_queue (owner)->waiting, self);
  self->qga_queued = FALSE;
}

static void
next_in_queue (GObject *owner)
{
  QgaQueue *queue = get_queue (owner);
  KvmmGuest *next;

  queue->running--;
  while (queue->running < QGA_CALLS_MAX && (next = g_queue_pop_head (&queue->waiting)) != NULL)
    {
      next->qga_queued = FALSE;
      start_qga (next, owner);
    }
}

/* ---- the QEMU guest agent ---- */

gboolean
kvmm_guest_sources_ours_tells (KvmmGuest *self, KvmmGuestFact fact)
{
  static const KvmmAgentFact facts[KVMM_GUEST_N_FACTS] = {
    [KVMM_GUEST_FACT_SYSTEM] = KVMM_AGENT_FACT_SYSTEM,
    [KVMM_GUEST_FACT_INTERFACES] = KVMM_AGENT_FACT_INTERFACES,
    [KVMM_GUEST_FACT_FILESYSTEMS] = KVMM_AGENT_FACT_FILESYSTEMS,
    [KVMM_GUEST_FACT_USERS] = KVMM_AGENT_FACT_USERS,
    [KVMM_GUEST_FACT_METRICS] = KVMM_AGENT_FACT_METRICS,
  };

  return kvmm_guest_has_session (self) && kvmm_agent_client_tells (self->client, facts[fact]);
}

/* Of what the QEMU guest agent could tell. */
static gboolean
ours_tells_all (KvmmGuest *self)
{
  return kvmm_guest_sources_ours_tells (self, KVMM_GUEST_FACT_SYSTEM) &&
         kvmm_guest_sources_ours_tells (self, KVMM_GUEST_FACT_INTERFACES) &&
         kvmm_guest_sources_ours_tells (self, KVMM_GUEST_FACT_FILESYSTEMS) &&
         kvmm_guest_sources_ours_tells (self, KVMM_GUEST_FACT_USERS);
}

static gboolean
uses_qga (KvmmGuest *self)
{
  for (guint i = 0; i < KVMM_GUEST_N_FACTS; i++)
    if (self->fact_sources[i] == KVMM_GUEST_SOURCE_QGA)
      return TRUE;
  return FALSE;
}

gboolean
kvmm_guest_sources_can_qga (KvmmGuest *self)
{
  return self->is_connected && !self->is_shut_down && kvmm_guest_is_wanted (self) &&
         self->input.is_active && !self->input.is_suspended &&
         self->input.qga_channel == KVMM_CHANNEL_CONNECTED && !ours_tells_all (self);
}

static void
complete_refreshes (KvmmGuest *self, const GError *error)
{
  g_autoptr (GPtrArray) refreshes = g_steal_pointer (&self->refreshes);

  for (guint i = 0; refreshes != NULL && i < refreshes->len; i++)
    {
      GTask *task = g_ptr_array_index (refreshes, i);

      if (error != NULL)
        g_task_return_error (task, g_error_copy (error));
      else
        g_task_return_boolean (task, TRUE);
    }
}

static void
apply_qga_rows (KvmmGuest *self, KvmmGuestFact fact, KvmmGuestRows rows, GPtrArray *values)
{
  if (values != NULL && !kvmm_guest_sources_ours_tells (self, fact))
    kvmm_guest_values_set_rows (self, rows, values, KVMM_GUEST_SOURCE_QGA);
}

/* Kind by kind: our own agent may have come meanwhile, and its word counts. */
static void
apply_qga (KvmmGuest *self, const KvmmQgaFacts *facts)
{
  if (!self->input.is_active)
    return;
  g_object_freeze_notify (G_OBJECT (self));
  if (!kvmm_guest_has_session (self))
    kvmm_guest_values_set_source (self, KVMM_GUEST_SOURCE_QGA);
  if (facts->system != NULL && !kvmm_guest_sources_ours_tells (self, KVMM_GUEST_FACT_SYSTEM))
    kvmm_guest_values_set_system (self, facts->system, KVMM_GUEST_SOURCE_QGA);
  apply_qga_rows (self, KVMM_GUEST_FACT_INTERFACES, KVMM_GUEST_ROWS_INTERFACES, facts->interfaces);
  apply_qga_rows (self, KVMM_GUEST_FACT_FILESYSTEMS, KVMM_GUEST_ROWS_FILESYSTEMS,
                  facts->filesystems);
  apply_qga_rows (self, KVMM_GUEST_FACT_USERS, KVMM_GUEST_ROWS_USERS, facts->users);
  g_object_thaw_notify (G_OBJECT (self));
}

static guint
qga_interval (KvmmGuest *self)
{
  return self->n_holds > 0 ? self->intervals->qga_held : self->intervals->qga;
}

static void
qga_failed (KvmmGuest *self, const GError *error)
{
  guint least = self->intervals->qga;

  g_debug ("QEMU guest agent: %s", error->message);
  self->qga_backoff_ms = CLAMP (self->qga_backoff_ms * 2, least, self->intervals->qga_backoff_max);
  if (kvmm_guest_sources_can_qga (self))
    kvmm_guest_arm (self, KVMM_GUEST_TIMER_QGA, self->qga_backoff_ms);
}

typedef struct
{
  KvmmGuest *guest;          /* (owned) */
  GObject *owner;            /* (owned) */
  GCancellable *cancellable; /* (owned) */
} QgaCall;

static void
qga_call_free (QgaCall *call)
{
  g_object_unref (call->guest);
  g_object_unref (call->owner);
  g_object_unref (call->cancellable);
  g_free (call);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (QgaCall, qga_call_free)

static void
qga_read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (QgaCall) call = user_data;
  KvmmGuest *self = call->guest;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmQgaFacts) facts = self->backend->read_qga_finish (self->target, result, &error);

  next_in_queue (call->owner);
  /* What was asked in an earlier run of the machine says nothing about this one. */
  if (g_cancellable_is_cancelled (call->cancellable))
    return;
  self->qga_running = FALSE;
  if (facts == NULL)
    qga_failed (self, error);
  else
    {
      self->qga_backoff_ms = 0;
      apply_qga (self, facts);
    }
  complete_refreshes (self, error);
  kvmm_guest_evaluate (self);
}

static GCancellable *
get_calls (KvmmGuest *self)
{
  if (self->calls == NULL)
    self->calls = g_cancellable_new ();
  return self->calls;
}

static void
start_qga (KvmmGuest *self, GObject *owner)
{
  QgaCall *call = g_new0 (QgaCall, 1);

  call->guest = g_object_ref (self);
  call->owner = g_object_ref (owner);
  call->cancellable = g_object_ref (get_calls (self));
  self->qga_running = TRUE;
  get_queue (owner)->running++;
  self->backend->read_qga_async (self->target, call->cancellable, qga_read_cb, call);
}

void
kvmm_guest_sources_qga_due (KvmmGuest *self)
{
  GObject *owner = self->backend->get_owner (self->target);
  QgaQueue *queue;

  if (!kvmm_guest_sources_can_qga (self) || self->qga_running || self->qga_queued || owner == NULL)
    return;
  queue = get_queue (owner);
  if (queue->running < QGA_CALLS_MAX)
    start_qga (self, owner);
  else
    {
      self->qga_queued = TRUE;
      g_queue_push_tail (&queue->waiting, self);
    }
}

void
kvmm_guest_sources_qga_appeared (KvmmGuest *self)
{
  self->qga_backoff_ms = 0;
  kvmm_guest_disarm (self, KVMM_GUEST_TIMER_QGA);
}

static void
evaluate_qga (KvmmGuest *self)
{
  gboolean ours_may_come = self->input.agent_channel == KVMM_CHANNEL_CONNECTED ||
                           self->input.agent_channel == KVMM_CHANNEL_UNKNOWN;
  gboolean is_answered = kvmm_guest_has_session (self);
  guint first = ours_may_come && !is_answered ? self->intervals->qga_grace : 0;

  if (!kvmm_guest_sources_can_qga (self))
    {
      kvmm_guest_disarm (self, KVMM_GUEST_TIMER_QGA);
      leave_queue (self);
    }
  else if (!self->qga_running && !self->qga_queued &&
           !kvmm_guest_is_armed (self, KVMM_GUEST_TIMER_QGA))
    kvmm_guest_arm (self, KVMM_GUEST_TIMER_QGA, uses_qga (self) ? qga_interval (self) : first);
}

/* ---- DHCP leases ---- */

typedef struct
{
  KvmmGuest *guest;          /* (owned) */
  GCancellable *cancellable; /* (owned) */
} AddressCall;

/* Nobody in the guest told an address. */
static gboolean
lacks_address (KvmmGuest *self)
{
  KvmmGuestSource source = self->fact_sources[KVMM_GUEST_FACT_INTERFACES];

  return !kvmm_guest_sources_ours_tells (self, KVMM_GUEST_FACT_INTERFACES) &&
         (source == KVMM_GUEST_SOURCE_NONE || source == KVMM_GUEST_SOURCE_NETWORK);
}

static gboolean
can_read_addresses (KvmmGuest *self)
{
  return self->is_connected && !self->is_shut_down && self->input.is_active &&
         (self->n_holds > 0 || self->addresses_left > 0) && lacks_address (self);
}

static void
addresses_read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree AddressCall *call = user_data;
  g_autoptr (KvmmGuest) self = call->guest;
  g_autoptr (GCancellable) cancellable = call->cancellable;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) interfaces =
      self->backend->read_addresses_finish (self->target, result, &error);
  const char *address = NULL;

  if (g_cancellable_is_cancelled (cancellable))
    return;
  self->addresses_running = FALSE;
  if (interfaces != NULL)
    address = kvmm_guest_interfaces_primary_address (interfaces);
  else
    g_debug ("addresses: %s", error->message);
  if (address != NULL && lacks_address (self))
    {
      self->addresses_left = 0;
      if (self->source == KVMM_GUEST_SOURCE_NONE)
        kvmm_guest_values_set_source (self, KVMM_GUEST_SOURCE_NETWORK);
      kvmm_guest_values_set_address (self, address, KVMM_GUEST_SOURCE_NETWORK);
    }
  kvmm_guest_evaluate (self);
}

void
kvmm_guest_sources_addresses_due (KvmmGuest *self)
{
  AddressCall *call;

  if (!can_read_addresses (self) || self->addresses_running)
    return;
  if (self->addresses_left > 0)
    self->addresses_left--;
  self->addresses_running = TRUE;
  call = g_new0 (AddressCall, 1);
  call->guest = g_object_ref (self);
  call->cancellable = g_object_ref (get_calls (self));
  self->backend->read_addresses_async (self->target, call->cancellable, addresses_read_cb, call);
}

static void
evaluate_addresses (KvmmGuest *self)
{
  if (!can_read_addresses (self))
    kvmm_guest_disarm (self, KVMM_GUEST_TIMER_ADDRESSES);
  else if (!self->addresses_running && !kvmm_guest_is_armed (self, KVMM_GUEST_TIMER_ADDRESSES))
    kvmm_guest_arm (self, KVMM_GUEST_TIMER_ADDRESSES,
                    self->n_holds > 0 ? self->intervals->addresses
                                      : self->intervals->addresses_first);
}

/* ---- the port ---- */

static gboolean
can_poll (KvmmGuest *self)
{
  return kvmm_guest_may_have_channel (self) && kvmm_guest_is_wanted (self) &&
         !kvmm_guest_has_session (self) && !self->has_channel_events;
}

void
kvmm_guest_sources_poll_due (KvmmGuest *self)
{
  if (can_poll (self))
    self->backend->reread (self->target);
  kvmm_guest_sources_evaluate (self);
}

static void
evaluate_poll (KvmmGuest *self)
{
  if (!can_poll (self))
    kvmm_guest_disarm (self, KVMM_GUEST_TIMER_POLL);
  else if (!kvmm_guest_is_armed (self, KVMM_GUEST_TIMER_POLL))
    kvmm_guest_arm (self, KVMM_GUEST_TIMER_POLL,
                    self->n_holds > 0 ? self->intervals->poll_held : self->intervals->poll);
}

/* ---- all ---- */

void
kvmm_guest_sources_evaluate (KvmmGuest *self)
{
  evaluate_qga (self);
  evaluate_addresses (self);
  evaluate_poll (self);
}

/* Somebody looks now: what is old by the shorter intervals is read at once. */
void
kvmm_guest_sources_hurry (KvmmGuest *self)
{
  kvmm_guest_disarm (self, KVMM_GUEST_TIMER_POLL);
  if (can_read_addresses (self))
    kvmm_guest_arm (self, KVMM_GUEST_TIMER_ADDRESSES, 0);
  if (kvmm_guest_sources_can_qga (self) && self->qga_backoff_ms == 0 &&
      kvmm_guest_is_armed (self, KVMM_GUEST_TIMER_QGA) && uses_qga (self))
    kvmm_guest_arm (self, KVMM_GUEST_TIMER_QGA, 0);
  kvmm_guest_sources_evaluate (self);
}

void
kvmm_guest_sources_drop (KvmmGuest *self)
{
  g_autoptr (GCancellable) calls = g_steal_pointer (&self->calls);
  g_autoptr (GError) error = NULL;

  leave_queue (self);
  g_cancellable_cancel (calls);
  self->qga_running = FALSE;
  self->addresses_running = FALSE;
  self->addresses_left = 0;
  self->qga_backoff_ms = 0;
  for (guint i = 0; i < KVMM_GUEST_N_TIMERS; i++)
    if (i != KVMM_GUEST_TIMER_OPEN)
      kvmm_guest_disarm (self, (KvmmGuestTimer) i);
  error = g_error_new_literal (KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED,
                               _ ("The machine does not run any more"));
  complete_refreshes (self, error);
}
