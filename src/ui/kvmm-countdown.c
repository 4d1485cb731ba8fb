/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-countdown.h"

#include <glib/gi18n.h>

struct _KvmmCountdown
{
  GObject parent_instance;

  KvmmConnection *connection; /* (owned) (nullable) */
  guint timeout_id;
};

enum
{
  CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KvmmCountdown, kvmm_countdown, G_TYPE_OBJECT)

static char *
describe (KvmmConnection *connection)
{
  KvmmConnectionState state = kvmm_connection_get_state (connection);
  gint64 left_us = kvmm_connection_get_retry_at_us (connection) - g_get_monotonic_time ();
  guint left_s = left_us > 0 ? (guint) ((left_us + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC) : 0;

  if (state == KVMM_CONNECTION_CONNECTING)
    return g_strdup (_ ("Trying now…"));
  if (state != KVMM_CONNECTION_LOST || kvmm_connection_get_retry_at_us (connection) == 0)
    return NULL;
  if (left_s == 0)
    return g_strdup (_ ("Trying now…"));

  return g_strdup_printf (ngettext ("Next try in %u s", "Next try in %u s", left_s), left_s);
}

static void
emit (KvmmCountdown *self)
{
  g_autofree char *text = self->connection ? describe (self->connection) : NULL;

  g_signal_emit (self, signals[CHANGED], 0, text);
}

static gboolean
tick_cb (gpointer user_data)
{
  emit (user_data);

  return G_SOURCE_CONTINUE;
}

static void
update (KvmmCountdown *self)
{
  gboolean waits =
      self->connection && kvmm_connection_get_state (self->connection) == KVMM_CONNECTION_LOST;

  if (waits && self->timeout_id == 0)
    self->timeout_id = g_timeout_add_seconds (1, tick_cb, self);
  else if (!waits)
    g_clear_handle_id (&self->timeout_id, g_source_remove);
  emit (self);
}

static void
notify_cb (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  update (user_data);
}

void
kvmm_countdown_set_connection (KvmmCountdown *self, KvmmConnection *connection)
{
  g_return_if_fail (KVMM_IS_COUNTDOWN (self));

  if (self->connection)
    g_signal_handlers_disconnect_by_func (self->connection, notify_cb, self);
  g_set_object (&self->connection, connection);
  if (connection)
    {
      g_signal_connect (connection, "notify::state", G_CALLBACK (notify_cb), self);
      g_signal_connect (connection, "notify::retry-at-us", G_CALLBACK (notify_cb), self);
    }
  update (self);
}

static void
kvmm_countdown_dispose (GObject *object)
{
  KvmmCountdown *self = KVMM_COUNTDOWN (object);

  g_clear_handle_id (&self->timeout_id, g_source_remove);
  if (self->connection)
    g_signal_handlers_disconnect_by_func (self->connection, notify_cb, self);
  g_clear_object (&self->connection);

  G_OBJECT_CLASS (kvmm_countdown_parent_class)->dispose (object);
}

static void
kvmm_countdown_class_init (KvmmCountdownClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kvmm_countdown_dispose;

  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
kvmm_countdown_init (KvmmCountdown *self)
{
}

KvmmCountdown *
kvmm_countdown_new (void)
{
  return g_object_new (KVMM_TYPE_COUNTDOWN, NULL);
}
