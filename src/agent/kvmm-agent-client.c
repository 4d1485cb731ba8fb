/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-client-private.h"

#include <glib/gi18n.h>

#include "protocol/kvma-names.h"
#include "util/kvmm-thread.h"

G_DEFINE_QUARK (kvmm - agent - error - quark, kvmm_agent_error)
G_DEFINE_FINAL_TYPE (KvmmAgentClient, kvmm_agent_client, G_TYPE_OBJECT)

typedef enum
{
  PROP_STATE = 1,
  PROP_ROUND_TRIP_US,
  N_PROPS
} KvmmAgentClientProp;

static GParamSpec *props[N_PROPS];
guint kvmm_agent_client_signals[KVMM_AGENT_N_SIGNALS];

static const KvmmAgentIntervals default_intervals = {
  .hello_retry = KVMA_HELLO_RETRY_MS,
  .hello_gap = 250,
  .hello_timeout = KVMA_HELLO_TIMEOUT_MS,
  .stable_session = 10000,
  .heartbeat = KVMA_HEARTBEAT_MS,
  .heartbeat_hidden = KVMA_HEARTBEAT_HIDDEN_MS,
  .partial_frame = KVMA_PARTIAL_FRAME_MS,
  .request = 10000,
  .rate_window = 1000,
  .metrics_hidden = 10000,
};

/* ---- the one timer ---- */

typedef struct
{
  GSource source;
  KvmmAgentClient *client; /* (unowned) destroys the source first */
} TimerSource;

static void
update_timer (KvmmAgentClient *self)
{
  gint64 nearest = -1;

  if (self->timer == NULL)
    return;
  for (guint i = 0; i < KVMM_AGENT_N_TIMERS; i++)
    if (self->due[i] != 0 && (nearest == -1 || self->due[i] < nearest))
      nearest = self->due[i];
  if (g_source_get_ready_time (self->timer) != nearest)
    g_source_set_ready_time (self->timer, nearest);
}

/* Time that passes while the machine stands still says nothing about its agent. */
static gboolean
waits_for_guest (KvmmAgentTimer timer)
{
  return timer == KVMM_AGENT_TIMER_HELLO || timer == KVMM_AGENT_TIMER_TIMEOUT ||
         timer == KVMM_AGENT_TIMER_HEARTBEAT || timer == KVMM_AGENT_TIMER_PARTIAL ||
         timer == KVMM_AGENT_TIMER_LEGACY;
}

void
kvmm_agent_client_arm_at (KvmmAgentClient *self, KvmmAgentTimer timer, gint64 at_us)
{
  if (self->state == KVMM_AGENT_CLIENT_CLOSED || (self->suspended && waits_for_guest (timer)))
    return;
  self->due[timer] = at_us;
  update_timer (self);
}

void
kvmm_agent_client_arm (KvmmAgentClient *self, KvmmAgentTimer timer, guint after_ms)
{
  kvmm_agent_client_arm_at (self, timer,
                            g_get_monotonic_time () + (gint64) after_ms * G_TIME_SPAN_MILLISECOND);
}

void
kvmm_agent_client_disarm (KvmmAgentClient *self, KvmmAgentTimer timer)
{
  self->due[timer] = 0;
  update_timer (self);
}

gboolean
kvmm_agent_client_is_armed (KvmmAgentClient *self, KvmmAgentTimer timer)
{
  return self->due[timer] != 0;
}

static void
fire (KvmmAgentClient *self, KvmmAgentTimer timer)
{
  switch (timer)
    {
    case KVMM_AGENT_TIMER_HELLO:
      kvmm_agent_handshake_hello_due (self);
      break;
    case KVMM_AGENT_TIMER_TIMEOUT:
      kvmm_agent_handshake_timed_out (self);
      break;
    case KVMM_AGENT_TIMER_HEARTBEAT:
      kvmm_agent_heartbeat_due (self);
      break;
    case KVMM_AGENT_TIMER_PARTIAL:
      kvmm_agent_link_drop_partial (self->link);
      kvmm_agent_handshake_violation (self, "a frame that does not end");
      break;
    case KVMM_AGENT_TIMER_REQUEST:
      kvmm_agent_requests_due (self->requests);
      break;
    case KVMM_AGENT_TIMER_LEGACY:
      kvmm_agent_client_fail (
          self,
          g_error_new_literal (KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_INCOMPATIBLE,
                               _ ("An agent of an older kind speaks on the channel: install the "
                                  "current one from its disc")));
      break;
    case KVMM_AGENT_TIMER_BROKEN:
      kvmm_agent_client_fail (self, g_error_new_literal (KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED,
                                                         _ ("The agent's channel was closed")));
      break;
    case KVMM_AGENT_N_TIMERS:
      break;
    }
}

static gboolean
timer_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  g_autoptr (KvmmAgentClient) self = g_object_ref (((TimerSource *) source)->client);
  gint64 now = g_source_get_time (source);

  for (guint i = 0; i < KVMM_AGENT_N_TIMERS; i++)
    if (self->due[i] != 0 && self->due[i] <= now && self->state != KVMM_AGENT_CLIENT_CLOSED)
      {
        self->due[i] = 0;
        fire (self, (KvmmAgentTimer) i);
      }
  update_timer (self);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs timer_funcs = { .dispatch = timer_dispatch };

/* ---- state ---- */

void
kvmm_agent_client_set_state (KvmmAgentClient *self, KvmmAgentClientState state)
{
  if (self->state == state || self->state == KVMM_AGENT_CLIENT_CLOSED)
    return;
  self->state = state;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
}

void
kvmm_agent_client_set_round_trip (KvmmAgentClient *self, gint64 round_trip_us)
{
  if (self->round_trip_us == round_trip_us)
    return;
  self->round_trip_us = round_trip_us;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ROUND_TRIP_US]);
}

void
kvmm_agent_client_log (KvmmAgentClient *self, const char *word, const char *text)
{
  g_signal_emit (self, kvmm_agent_client_signals[KVMM_AGENT_SIGNAL_LOG], 0, word, text);
}

gboolean
kvmm_agent_client_has_session (KvmmAgentClient *self)
{
  return self->link != NULL && kvmm_agent_link_get_session (self->link)->id != 0;
}

gboolean
kvmm_agent_client_send (KvmmAgentClient *self, KvmaKind kind, const void *payload, gsize length)
{
  if (self->link == NULL || !kvmm_agent_link_send (self->link, kind, payload, length))
    return FALSE;
  kvmm_agent_client_note_window (self);
  return TRUE;
}

void
kvmm_agent_client_note_window (KvmmAgentClient *self)
{
  const KvmaSession *session = kvmm_agent_link_get_session (self->link);

  self->counters.max_unacked = MAX (self->counters.max_unacked, session->window_bytes);
}

/* Everything stops before anybody is told: whoever hears of it may do as he likes. */
static void
stop (KvmmAgentClient *self)
{
  for (guint i = 0; i < KVMM_AGENT_N_TIMERS; i++)
    self->due[i] = 0;
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
  g_clear_pointer (&self->link, kvmm_agent_link_free);
  if (!g_io_stream_is_closed (self->stream))
    g_io_stream_close (self->stream, NULL, NULL);
}

void
kvmm_agent_client_fail (KvmmAgentClient *self, GError *error)
{
  g_autoptr (KvmmAgentClient) keep G_GNUC_UNUSED = g_object_ref (self);
  g_autoptr (GError) owned = error;

  if (self->state == KVMM_AGENT_CLIENT_CLOSED)
    return;
  g_debug ("guest agent: closed: %s", error->message);
  stop (self);
  self->error = g_steal_pointer (&owned);
  kvmm_agent_client_set_state (self, KVMM_AGENT_CLIENT_CLOSED);
  kvmm_agent_requests_end_session (self->requests);
  kvmm_agent_streams_end_session (self->streams);
}

void
kvmm_agent_client_fail_abuse (KvmmAgentClient *self, const char *why)
{
  kvmm_agent_handshake_say_bye (self, KVMA_BYE_FLOOD);
  kvmm_agent_client_fail (self,
                          g_error_new_literal (KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_ABUSE, why));
}

/* ---- life ---- */

static void
kvmm_agent_client_dispose (GObject *object)
{
  KvmmAgentClient *self = (KvmmAgentClient *) object;

  kvmm_agent_client_close (self);
  G_OBJECT_CLASS (kvmm_agent_client_parent_class)->dispose (object);
}

static void
kvmm_agent_client_finalize (GObject *object)
{
  KvmmAgentClient *self = (KvmmAgentClient *) object;

  g_clear_object (&self->stream);
  g_clear_pointer (&self->label, g_free);
  g_clear_error (&self->error);
  g_clear_pointer (&self->welcome, kvmm_agent_welcome_free);
  g_clear_pointer (&self->legacy, kvmm_agent_legacy_free);
  g_clear_pointer (&self->requests, kvmm_agent_requests_free);
  g_clear_pointer (&self->streams, kvmm_agent_streams_free);
  g_clear_pointer (&self->resizes, g_hash_table_unref);
  G_OBJECT_CLASS (kvmm_agent_client_parent_class)->finalize (object);
}

static void
kvmm_agent_client_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KvmmAgentClient *self = (KvmmAgentClient *) object;

  switch ((KvmmAgentClientProp) id)
    {
    case PROP_STATE:
      g_value_set_uint (value, self->state);
      break;
    case PROP_ROUND_TRIP_US:
      g_value_set_int64 (value, self->round_trip_us);
      break;
    case N_PROPS:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static guint
add_signal (KvmmAgentClientClass *klass, const char *name, guint n_params, GType type)
{
  GType types[2] = { type, type };

  return g_signal_newv (name, G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, NULL, NULL, NULL, NULL,
                        G_TYPE_NONE, n_params, types);
}

static void
kvmm_agent_client_class_init (KvmmAgentClientClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->dispose = kvmm_agent_client_dispose;
  object_class->finalize = kvmm_agent_client_finalize;
  object_class->get_property = kvmm_agent_client_get_property;

  props[PROP_STATE] =
      g_param_spec_uint ("state", NULL, NULL, 0, KVMM_AGENT_CLIENT_CLOSED, 0, flags);
  props[PROP_ROUND_TRIP_US] =
      g_param_spec_int64 ("round-trip-us", NULL, NULL, -1, G_MAXINT64, -1, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);

  kvmm_agent_client_signals[KVMM_AGENT_SIGNAL_METRICS] =
      add_signal (klass, "metrics", 1, G_TYPE_POINTER);
  kvmm_agent_client_signals[KVMM_AGENT_SIGNAL_INTERFACES] =
      add_signal (klass, "interfaces", 1, G_TYPE_POINTER);
  kvmm_agent_client_signals[KVMM_AGENT_SIGNAL_FILESYSTEMS] =
      add_signal (klass, "filesystems", 1, G_TYPE_POINTER);
  kvmm_agent_client_signals[KVMM_AGENT_SIGNAL_USERS] =
      add_signal (klass, "users", 1, G_TYPE_POINTER);
  kvmm_agent_client_signals[KVMM_AGENT_SIGNAL_SYSTEM] =
      add_signal (klass, "system", 1, G_TYPE_POINTER);
  kvmm_agent_client_signals[KVMM_AGENT_SIGNAL_UNTOLD] =
      add_signal (klass, "untold", 0, G_TYPE_NONE);
  kvmm_agent_client_signals[KVMM_AGENT_SIGNAL_LOG] =
      add_signal (klass, "log", 2, G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE);
}

static void
kvmm_agent_client_init (KvmmAgentClient *self)
{
  self->intervals = default_intervals;
  self->metrics_interval_ms = default_intervals.metrics_hidden;
  self->round_trip_us = -1;
  self->requests = kvmm_agent_requests_new (self);
  self->streams = kvmm_agent_streams_new (self);
}

KvmmAgentClient *
kvmm_agent_client_new (GIOStream *stream, const char *label)
{
  KvmmAgentClient *self;

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_val_if_fail (G_IS_IO_STREAM (stream), NULL);
  g_return_val_if_fail (label == NULL || g_utf8_validate (label, -1, NULL), NULL);

  self = g_object_new (KVMM_TYPE_AGENT_CLIENT, NULL);
  self->stream = g_object_ref (stream);
  self->label = g_strdup (label);
  return self;
}

void
kvmm_agent_client_set_intervals (KvmmAgentClient *self, const KvmmAgentIntervals *intervals)
{
  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self) && self->link == NULL);

  self->intervals = *intervals;
}

const KvmmAgentIntervals *
kvmm_agent_client_get_intervals (KvmmAgentClient *self)
{
  return &self->intervals;
}

const KvmmAgentCounters *
kvmm_agent_client_get_counters (KvmmAgentClient *self)
{
  return &self->counters;
}

void
kvmm_agent_client_start (KvmmAgentClient *self)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));

  if (self->link != NULL || self->state == KVMM_AGENT_CLIENT_CLOSED)
    return;
  self->timer = g_source_new (&timer_funcs, sizeof (TimerSource));
  ((TimerSource *) self->timer)->client = self;
  g_source_set_static_name (self->timer, "kvmm-agent-client");
  self->legacy = kvmm_agent_legacy_new ();
  self->link = kvmm_agent_link_new (self->stream, &kvmm_agent_dispatch_funcs, self);
  /* After the link and with its priority: when the main loop was late, what arrived meanwhile is
   * read before anything counts as late. */
  g_source_set_priority (self->timer, KVMM_AGENT_LINK_PRIORITY);
  g_source_attach (self->timer, NULL);
  kvmm_agent_handshake_begin (self);
}

void
kvmm_agent_client_nudge (KvmmAgentClient *self)
{
  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));

  if (self->link != NULL)
    kvmm_agent_handshake_nudge (self);
}

void
kvmm_agent_client_set_suspended (KvmmAgentClient *self, gboolean suspended)
{
  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));

  if (self->suspended == !!suspended)
    return;
  self->suspended = !!suspended;
  if (self->link == NULL)
    return;
  if (!suspended)
    {
      kvmm_agent_handshake_resume (self);
      return;
    }
  for (guint i = 0; i < KVMM_AGENT_N_TIMERS; i++)
    if (waits_for_guest ((KvmmAgentTimer) i))
      self->due[i] = 0;
  update_timer (self);
}

void
kvmm_agent_client_set_visible (KvmmAgentClient *self, gboolean visible, guint interval_ms)
{
  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));

  interval_ms = CLAMP (interval_ms, KVMA_TOPIC_INTERVAL_MIN_MS, 60000);
  if (self->visible == !!visible && (!visible || self->metrics_interval_ms == interval_ms))
    return;
  self->visible = !!visible;
  self->metrics_interval_ms = interval_ms;
  kvmm_agent_facts_subscribe (self);
  if (visible && kvmm_agent_client_has_session (self) && self->awaited_since_us == 0)
    kvmm_agent_client_arm (self, KVMM_AGENT_TIMER_HEARTBEAT, 0);
}

void
kvmm_agent_client_close (KvmmAgentClient *self)
{
  g_autoptr (KvmmAgentClient) keep G_GNUC_UNUSED = NULL;

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));

  if (self->state == KVMM_AGENT_CLIENT_CLOSED)
    return;
  keep = g_object_ref (self);
  kvmm_agent_handshake_say_bye (self, KVMA_BYE_BYE);
  stop (self);
  kvmm_agent_client_set_state (self, KVMM_AGENT_CLIENT_CLOSED);
  kvmm_agent_requests_end_session (self->requests);
  kvmm_agent_streams_end_session (self->streams);
}

/* ---- getters ---- */

KvmmAgentClientState
kvmm_agent_client_get_state (KvmmAgentClient *self)
{
  return self->state;
}

const GError *
kvmm_agent_client_get_error (KvmmAgentClient *self)
{
  return self->error;
}

const char *
kvmm_agent_client_get_version (KvmmAgentClient *self)
{
  return self->welcome != NULL ? self->welcome->version : NULL;
}

const char *
kvmm_agent_client_get_boot_id (KvmmAgentClient *self)
{
  return self->welcome != NULL ? self->welcome->boot_id : NULL;
}

const char *
kvmm_agent_client_get_policy_error (KvmmAgentClient *self)
{
  return self->welcome != NULL ? self->welcome->policy_error : NULL;
}

gboolean
kvmm_agent_client_has_capability (KvmmAgentClient *self, const char *capability)
{
  return self->welcome != NULL && g_hash_table_contains (self->welcome->capabilities, capability);
}

gboolean
kvmm_agent_client_is_busy (KvmmAgentClient *self)
{
  g_return_val_if_fail (KVMM_IS_AGENT_CLIENT (self), FALSE);

  return kvmm_agent_streams_get_count (self->streams) > 0;
}

gint64
kvmm_agent_client_get_round_trip (KvmmAgentClient *self)
{
  return self->round_trip_us;
}

gint64
kvmm_agent_client_get_last_seen (KvmmAgentClient *self)
{
  return self->last_seen_us;
}

guint
kvmm_agent_client_get_session_count (KvmmAgentClient *self)
{
  return self->session_count;
}
