/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-link.h"

#include <glib/gi18n.h>

#include "model/kvmm-diagnose.h"
#include "util/kvmm-thread.h"

struct _KvmmLink
{
  GObject parent_instance;

  char *uri;                   /* (owned) */
  KvmmLane *lane;              /* (owned) */
  GWeakRef auth_owner;         /* who asks a person */
  KvmmAuthPresentFunc present; /* (nullable) */
  KvmmConnectionState state;
  KvmmVirtConnect *connect; /* (owned) (nullable) */
  KvmmVirtHost *host;       /* (owned) (nullable) */
  GError *error;            /* (owned) (nullable) */
  char *cure_text;          /* (owned) (nullable) */
  guint generation;         /* of the current attempt; what an older one brings is dropped */
  guint n_failures;         /* in a row */
  gint64 retry_at_us;
  guint retry_id;
};

G_DEFINE_FINAL_TYPE (KvmmLink, kvmm_link, G_TYPE_OBJECT)

static guint state_changed_signal;
static guint event_signal;

/* What libvirt's callbacks hold. They are freed on whichever thread deregisters, so there is
 * nothing in it but a weak reference. */
typedef struct
{
  GWeakRef link;
  guint generation;
} Subscription;

/* One attempt to open. The worker fills in the results, then returns the task. */
typedef struct
{
  char *uri;                  /* (owned) */
  KvmmAuthAsker *asker;       /* (owned) (nullable) */
  Subscription *subscription; /* (owned) (nullable): until the events are registered */
  guint generation;
  KvmmVirtConnect *connect; /* (owned) (nullable) */
  KvmmVirtHost *host;       /* (owned) (nullable) */
  char *cure_text;          /* (owned) (nullable) */
} Attempt;

static void
subscription_free (gpointer data)
{
  Subscription *subscription = data;

  g_weak_ref_clear (&subscription->link);
  g_free (subscription);
}

/* On the disposal thread. Registered callbacks hold a reference on the virConnect, so dropping ours
 * alone would not close it. */
static void
close_connect (gpointer data)
{
  KvmmVirtConnect *connect = data;

  kvmm_virt_connect_close (connect);
  kvmm_virt_connect_unref (connect);
}

static void
dispose_connect (KvmmVirtConnect *connect)
{
  if (connect != NULL)
    kvmm_lane_dispose_later (connect, close_connect);
}

static void
attempt_free (Attempt *attempt)
{
  g_free (attempt->uri);
  g_clear_pointer (&attempt->asker, kvmm_auth_asker_free);
  g_clear_pointer (&attempt->subscription, subscription_free);
  g_clear_pointer (&attempt->connect, dispose_connect);
  g_clear_pointer (&attempt->host, kvmm_virt_host_free);
  g_free (attempt->cure_text);
  g_free (attempt);
}

static void
set_state (KvmmLink *self, KvmmConnectionState state)
{
  self->state = state;
  g_signal_emit (self, state_changed_signal, 0);
}

static void
stop_retry (KvmmLink *self)
{
  g_clear_handle_id (&self->retry_id, g_source_remove);
  self->retry_at_us = 0;
}

static void
set_error (KvmmLink *self, const GError *error, const char *cure_text)
{
  g_clear_error (&self->error);
  g_clear_pointer (&self->cure_text, g_free);
  if (error != NULL)
    self->error = g_error_copy (error);
  self->cure_text = g_strdup (cure_text);
}

static gboolean
retry_cb (gpointer user_data)
{
  KvmmLink *self = user_data;

  self->retry_id = 0;
  kvmm_link_open (self);
  return G_SOURCE_REMOVE;
}

static void
plan_retry (KvmmLink *self)
{
  guint shift = MIN (self->n_failures, 16);
  guint delay_ms = MIN ((guint) KVMM_LINK_RETRY_MIN_MS << shift, KVMM_LINK_RETRY_MAX_MS);

  stop_retry (self);
  self->n_failures++;
  self->retry_at_us = g_get_monotonic_time () + (gint64) delay_ms * 1000;
  self->retry_id = g_timeout_add (delay_ms, retry_cb, self);
}

/* A refusal that the same attempt would only meet again. */
static gboolean
is_final (const GError *error)
{
  return g_error_matches (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_ACCESS_DENIED) ||
         g_error_matches (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_AUTH_CANCELLED) ||
         g_error_matches (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_UNSUPPORTED);
}

static void
fail (KvmmLink *self, const GError *error, const char *cure_text)
{
  set_error (self, error, cure_text);
  if (is_final (error))
    {
      stop_retry (self);
      set_state (self, KVMM_CONNECTION_FAILED);
      return;
    }
  plan_retry (self);
  set_state (self, KVMM_CONNECTION_LOST);
}

static void
lose (KvmmLink *self, const GError *error)
{
  self->generation++;
  g_clear_pointer (&self->connect, dispose_connect);
  fail (self, error, NULL);
}

static void
closed (KvmmLink *self, const char *reason)
{
  g_autoptr (GError) error = NULL;

  if (self->state != KVMM_CONNECTION_CONNECTED)
    return;
  if (g_strcmp0 (reason, "keepalive") == 0)
    g_set_error (&error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_CONNECTION_LOST,
                 _ ("%s does not answer any more."), self->uri);
  else
    g_set_error (&error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_CONNECTION_LOST,
                 _ ("The connection to %s was closed by the other end."), self->uri);
  lose (self, error);
}

static void
event_cb (const KvmmVirtEvent *event, gpointer user_data)
{
  Subscription *subscription = user_data;
  g_autoptr (KvmmLink) self = g_weak_ref_get (&subscription->link);

  if (self == NULL || subscription->generation != self->generation)
    return;
  if (event->kind == KVMM_VIRT_EVENT_CLOSED)
    closed (self, event->detail);
  else
    g_signal_emit (self, event_signal, 0, event);
}

/* Worker. */
static void
open_func (GTask *task, gpointer source_object, gpointer task_data, GCancellable *cancellable)
{
  Attempt *attempt = task_data;
  g_autoptr (GError) error = NULL;

  attempt->connect = kvmm_virt_connect_open (
      attempt->uri, attempt->asker != NULL ? kvmm_auth_ask : NULL, attempt->asker, &error);
  if (attempt->connect == NULL)
    {
      attempt->cure_text = kvmm_diagnose (attempt->uri, error);
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  if (!kvmm_virt_connect_register_events (attempt->connect, event_cb,
                                          g_steal_pointer (&attempt->subscription),
                                          subscription_free, &error) ||
      (attempt->host = kvmm_virt_connect_get_host (attempt->connect, &error)) == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  attempt->cure_text = kvmm_diagnose_host (attempt->host);
  g_task_return_boolean (task, TRUE);
}

static void
open_ready_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmLink *self = KVMM_LINK (source);
  Attempt *attempt = g_task_get_task_data (G_TASK (result));
  g_autoptr (GError) error = NULL;
  gboolean is_open = g_task_propagate_boolean (G_TASK (result), &error);

  if (attempt->generation != self->generation)
    return;
  if (!is_open)
    {
      fail (self, error, attempt->cure_text);
      return;
    }
  self->n_failures = 0;
  self->connect = g_steal_pointer (&attempt->connect);
  g_clear_pointer (&self->host, kvmm_virt_host_free);
  self->host = g_steal_pointer (&attempt->host);
  set_error (self, NULL, attempt->cure_text);
  set_state (self, KVMM_CONNECTION_CONNECTED);
}

static void
kvmm_link_dispose (GObject *object)
{
  KvmmLink *self = KVMM_LINK (object);

  KVMM_ASSERT_MAIN_THREAD ();
  self->generation++;
  stop_retry (self);
  g_clear_pointer (&self->connect, dispose_connect);
  g_clear_object (&self->lane);
  g_weak_ref_set (&self->auth_owner, NULL);
  G_OBJECT_CLASS (kvmm_link_parent_class)->dispose (object);
}

static void
kvmm_link_finalize (GObject *object)
{
  KvmmLink *self = KVMM_LINK (object);

  g_weak_ref_clear (&self->auth_owner);
  g_clear_pointer (&self->uri, g_free);
  g_clear_pointer (&self->host, kvmm_virt_host_free);
  g_clear_error (&self->error);
  g_clear_pointer (&self->cure_text, g_free);
  G_OBJECT_CLASS (kvmm_link_parent_class)->finalize (object);
}

static void
kvmm_link_class_init (KvmmLinkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = kvmm_link_dispose;
  object_class->finalize = kvmm_link_finalize;

  state_changed_signal =
      g_signal_new ("state-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                    g_cclosure_marshal_VOID__VOID, G_TYPE_NONE, 0);
  event_signal = g_signal_new ("event", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                               g_cclosure_marshal_VOID__POINTER, G_TYPE_NONE, 1, G_TYPE_POINTER);
}

static void
kvmm_link_init (KvmmLink *self)
{
  g_weak_ref_init (&self->auth_owner, NULL);
  self->state = KVMM_CONNECTION_DISCONNECTED;
}

KvmmLink *
kvmm_link_new (const char *uri, KvmmLane *lane)
{
  KVMM_ASSERT_MAIN_THREAD ();

  KvmmLink *self = g_object_new (KVMM_TYPE_LINK, NULL);
  self->uri = g_strdup (uri);
  self->lane = g_object_ref (lane);
  return self;
}

void
kvmm_link_set_auth (KvmmLink *self, GObject *owner, KvmmAuthPresentFunc present)
{
  g_weak_ref_set (&self->auth_owner, owner);
  self->present = present;
}

void
kvmm_link_open (KvmmLink *self)
{
  KVMM_ASSERT_MAIN_THREAD ();

  if (self->state == KVMM_CONNECTION_CONNECTED || self->state == KVMM_CONNECTION_CONNECTING)
    return;
  stop_retry (self);

  g_autoptr (GObject) owner = g_weak_ref_get (&self->auth_owner);
  Attempt *attempt = g_new0 (Attempt, 1);
  attempt->uri = g_strdup (self->uri);
  attempt->generation = ++self->generation;
  if (owner != NULL && self->present != NULL)
    attempt->asker = kvmm_auth_asker_new (owner, self->present);
  attempt->subscription = g_new0 (Subscription, 1);
  g_weak_ref_init (&attempt->subscription->link, self);
  attempt->subscription->generation = self->generation;

  g_autoptr (GTask) task = g_task_new (self, NULL, open_ready_cb, NULL);
  g_task_set_source_tag (task, kvmm_link_open);
  g_task_set_task_data (task, attempt, (GDestroyNotify) attempt_free);
  kvmm_lane_run (self->lane, task, open_func, G_PRIORITY_HIGH);
  set_state (self, KVMM_CONNECTION_CONNECTING);
}

void
kvmm_link_close (KvmmLink *self)
{
  KVMM_ASSERT_MAIN_THREAD ();

  if (self->state == KVMM_CONNECTION_DISCONNECTED)
    return;
  self->generation++;
  self->n_failures = 0;
  stop_retry (self);
  g_clear_pointer (&self->connect, dispose_connect);
  set_error (self, NULL, NULL);
  set_state (self, KVMM_CONNECTION_DISCONNECTED);
}

void
kvmm_link_report (KvmmLink *self, KvmmVirtConnect *connect, const GError *error)
{
  if (connect != NULL && connect == self->connect &&
      g_error_matches (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_CONNECTION_LOST))
    lose (self, error);
}

KvmmConnectionState
kvmm_link_get_state (KvmmLink *self)
{
  return self->state;
}

KvmmVirtConnect *
kvmm_link_get_connect (KvmmLink *self)
{
  return self->connect;
}

const KvmmVirtHost *
kvmm_link_get_host (KvmmLink *self)
{
  return self->host;
}

const GError *
kvmm_link_get_error (KvmmLink *self)
{
  return self->error;
}

const char *
kvmm_link_get_cure_text (KvmmLink *self)
{
  return self->cure_text;
}

gint64
kvmm_link_get_retry_at_us (KvmmLink *self)
{
  return self->retry_at_us;
}
