/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-client-private.h"

#include <glib/gi18n.h>

#include "protocol/kvma-names.h"

/* What the guest tells about itself: read once per session, then pushed by events. */

/* Several reads that complete as one; the task is %NULL for those of a new session. */
typedef struct
{
  KvmmAgentClient *client; /* (unowned) outlives its requests */
  GTask *task;             /* (owned) (nullable) */
  GError *error;           /* (owned) (nullable) the first */
  guint pending;
} Refresh;

typedef struct
{
  Refresh *refresh; /* (unowned) until it was told */
  const struct _Fact *fact;
} Read;

typedef gboolean (*TakeFunc) (KvmmAgentClient *self, JsonObject *result, GError **error);

typedef struct _Fact
{
  const char *capability;
  const char *method;
  const char *event; /* (nullable) that brings the same value */
  TakeFunc take;
} Fact;

/* ---- one value ---- */

static gboolean
take_system (KvmmAgentClient *self, JsonObject *result, GError **error)
{
  g_autoptr (KvmmGuestSystem) system = kvmm_agent_schema_system (result, error);

  if (system == NULL)
    return FALSE;
  g_signal_emit (self, kvmm_agent_client_signals[KVMM_AGENT_SIGNAL_SYSTEM], 0, system);
  return TRUE;
}

static gboolean
take_metrics (KvmmAgentClient *self, JsonObject *result, GError **error)
{
  g_autoptr (KvmmGuestMetrics) metrics = kvmm_agent_schema_metrics (result, error);

  if (metrics == NULL)
    return FALSE;
  g_signal_emit (self, kvmm_agent_client_signals[KVMM_AGENT_SIGNAL_METRICS], 0, metrics);
  return TRUE;
}

static gboolean
emit_list (KvmmAgentClient *self, guint signal, GPtrArray *rows)
{
  g_autoptr (GPtrArray) owned G_GNUC_UNUSED = rows;

  if (rows == NULL)
    return FALSE;
  g_signal_emit (self, kvmm_agent_client_signals[signal], 0, rows);
  return TRUE;
}

static gboolean
take_interfaces (KvmmAgentClient *self, JsonObject *result, GError **error)
{
  return emit_list (self, KVMM_AGENT_SIGNAL_INTERFACES,
                    kvmm_agent_schema_interfaces (result, error));
}

static gboolean
take_filesystems (KvmmAgentClient *self, JsonObject *result, GError **error)
{
  return emit_list (self, KVMM_AGENT_SIGNAL_FILESYSTEMS,
                    kvmm_agent_schema_filesystems (result, error));
}

static gboolean
take_users (KvmmAgentClient *self, JsonObject *result, GError **error)
{
  return emit_list (self, KVMM_AGENT_SIGNAL_USERS, kvmm_agent_schema_users (result, error));
}

static const Fact facts[KVMM_AGENT_N_FACTS] = {
  [KVMM_AGENT_FACT_SYSTEM] = { KVMA_CAP (KVMA_METHOD_SYS_INFO), KVMA_METHOD_SYS_INFO, NULL,
                               take_system },
  [KVMM_AGENT_FACT_INTERFACES] = { KVMA_CAP (KVMA_METHOD_NET_LIST), KVMA_METHOD_NET_LIST,
                                   KVMA_EVENT_NET_CHANGED, take_interfaces },
  [KVMM_AGENT_FACT_FILESYSTEMS] = { KVMA_CAP (KVMA_METHOD_FS_LIST), KVMA_METHOD_FS_LIST,
                                    KVMA_EVENT_FS_CHANGED, take_filesystems },
  [KVMM_AGENT_FACT_USERS] = { KVMA_CAP (KVMA_METHOD_USER_SESSIONS), KVMA_METHOD_USER_SESSIONS,
                              KVMA_EVENT_USERS_CHANGED, take_users },
  [KVMM_AGENT_FACT_METRICS] = { KVMA_CAP (KVMA_METHOD_SYS_METRICS), KVMA_METHOD_SYS_METRICS,
                                KVMA_EVENT_METRICS_SAMPLE, take_metrics },
};

gboolean
kvmm_agent_client_tells (KvmmAgentClient *self, KvmmAgentFact fact)
{
  g_return_val_if_fail (KVMM_IS_AGENT_CLIENT (self), FALSE);
  g_return_val_if_fail (fact < KVMM_AGENT_N_FACTS, FALSE);

  return kvmm_agent_client_has_session (self) && (self->untold & 1u << fact) == 0 &&
         kvmm_agent_client_has_capability (self, facts[fact].capability);
}

/* An answer that will be the same next time; what takes too long may come yet. */
static void
note_refusal (KvmmAgentClient *self, const Fact *fact, const GError *error)
{
  guint bit = 1u << (fact - facts);

  if (self->untold & bit || !kvmm_agent_client_has_session (self) ||
      (!g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_DENIED) &&
       !g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_NOT_SUPPORTED) &&
       !g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_FAILED)))
    return;
  self->untold |= bit;
  g_signal_emit (self, kvmm_agent_client_signals[KVMM_AGENT_SIGNAL_UNTOLD], 0);
}

static gboolean
take_fact (KvmmAgentClient *self, const Fact *fact, JsonObject *result, GError **error)
{
  self->untold &= ~(1u << (fact - facts));
  return fact->take (self, result, error);
}

/* ---- reading ---- */

static void
refresh_finish (Refresh *refresh)
{
  if (refresh->task != NULL && refresh->error != NULL)
    g_task_return_error (refresh->task, g_steal_pointer (&refresh->error));
  else if (refresh->task != NULL)
    g_task_return_boolean (refresh->task, TRUE);
  g_clear_object (&refresh->task);
  g_clear_error (&refresh->error);
  g_free (refresh);
}

static void
read_done (JsonObject *result, const GError *error, gpointer user_data)
{
  g_autofree Read *read = user_data;
  Refresh *refresh = read->refresh;
  KvmmAgentClient *self = refresh->client;
  g_autoptr (GError) invalid = NULL;

  if (result != NULL && !take_fact (self, read->fact, result, &invalid))
    error = invalid;
  if (error != NULL)
    note_refusal (self, read->fact, error);
  if (error != NULL)
    g_debug ("guest agent: %s: %s", read->fact->method, error->message);
  if (error != NULL && refresh->error == NULL)
    refresh->error = g_error_copy (error);
  if (--refresh->pending == 0)
    refresh_finish (refresh);
}

/* Takes @task. */
static void
read_facts (KvmmAgentClient *self, GTask *task, GCancellable *cancellable)
{
  Refresh *refresh = g_new0 (Refresh, 1);

  refresh->client = self;
  refresh->task = task;
  /* One more than the reads: it completes after all of them were sent. */
  refresh->pending = 1;
  for (guint i = 0; i < G_N_ELEMENTS (facts); i++)
    {
      JsonObject *params;
      Read *read;

      if (!kvmm_agent_client_has_capability (self, facts[i].capability))
        continue;
      params = json_object_new ();
      if (facts[i].take == take_interfaces)
        json_object_set_boolean_member (params, "virtual", TRUE);
      read = g_new (Read, 1);
      read->refresh = refresh;
      read->fact = &facts[i];
      refresh->pending++;
      kvmm_agent_requests_send (self->requests, facts[i].method, params, KVMM_AGENT_REQUEST_READS,
                                cancellable, read_done, read);
    }
  if (--refresh->pending == 0)
    refresh_finish (refresh);
}

void
kvmm_agent_client_refresh_async (KvmmAgentClient *self,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, kvmm_agent_client_refresh_async);
  if (!kvmm_agent_client_has_session (self))
    g_task_return_new_error (task, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED,
                             _ ("There is no session with the guest agent"));
  else
    read_facts (self, g_steal_pointer (&task), cancellable);
}

gboolean
kvmm_agent_client_refresh_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- subscribing ---- */

static void
add_topic (JsonArray *topics, const char *name, guint interval_ms)
{
  JsonObject *topic = json_object_new ();

  json_object_set_string_member (topic, "name", name);
  if (interval_ms > 0)
    json_object_set_int_member (topic, "interval_ms", interval_ms);
  json_array_add_object_element (topics, topic);
}

static void
subscribe_done (JsonObject *result, const GError *error, gpointer user_data)
{
  if (error != NULL)
    g_debug ("guest agent: %s: %s", KVMA_METHOD_EVENTS_SUBSCRIBE, error->message);
}

static void
subscribe (KvmmAgentClient *self, JsonArray *topics)
{
  JsonObject *params = json_object_new ();

  json_object_set_array_member (params, "topics", topics);
  kvmm_agent_requests_send (self->requests, KVMA_METHOD_EVENTS_SUBSCRIBE, params,
                            KVMM_AGENT_REQUEST_READS, NULL, subscribe_done, NULL);
}

static guint
metrics_interval (KvmmAgentClient *self)
{
  return self->visible ? self->metrics_interval_ms : self->intervals.metrics_hidden;
}

void
kvmm_agent_facts_subscribe (KvmmAgentClient *self)
{
  JsonArray *topics;

  if (!kvmm_agent_client_has_session (self) ||
      !kvmm_agent_client_has_capability (self, KVMA_CAP_EVENTS))
    return;
  topics = json_array_new ();
  add_topic (topics, KVMA_EVENT_METRICS_SAMPLE, metrics_interval (self));
  subscribe (self, topics);
}

void
kvmm_agent_facts_begin (KvmmAgentClient *self)
{
  if (kvmm_agent_client_has_capability (self, KVMA_CAP_EVENTS))
    {
      static const char *const names[] = {
        KVMA_EVENT_NET_CHANGED,    KVMA_EVENT_FS_CHANGED,          KVMA_EVENT_USERS_CHANGED,
        KVMA_EVENT_TIME_JUMP,      KVMA_EVENT_POWER_SHUTTING_DOWN, KVMA_EVENT_AGENT_POLICY_CHANGED,
        KVMA_EVENT_AGENT_OVERLOAD,
      };
      JsonArray *topics = json_array_new ();

      add_topic (topics, KVMA_EVENT_METRICS_SAMPLE, metrics_interval (self));
      for (guint i = 0; i < G_N_ELEMENTS (names); i++)
        add_topic (topics, names[i], 0);
      subscribe (self, topics);
    }
  self->untold = 0;
  /* Subscribed first, read afterwards: no change falls between the two. */
  read_facts (self, NULL, NULL);
}

/* ---- events ---- */

static void
take_time_jump (KvmmAgentClient *self, const KvmmAgentNotice *notice)
{
  g_autofree char *text = g_strdup_printf (_ ("The guest's clock was set by %+.1f s"),
                                           (double) notice->delta_ms / 1000);

  kvmm_agent_client_log (self, "time-jump", text);
}

static void
take_policy_changed (KvmmAgentClient *self, const KvmmAgentNotice *notice)
{
  g_autofree char *text = NULL;

  if (notice->policy_error != NULL)
    text = g_strdup_printf (_ ("The guest's policy file is faulty: %s"), notice->policy_error);
  else
    text = g_strdup (_ ("The guest's policy was changed"));
  kvmm_agent_client_log (self, "policy-changed", text);
}

static void
take_power (KvmmAgentClient *self, const KvmmAgentNotice *notice)
{
  gboolean reboots = g_strcmp0 (notice->mode, "reboot") == 0;

  kvmm_agent_client_log (self, "powering-off",
                         reboots ? _ ("The guest is restarting") : _ ("The guest is powering off"));
}

static void
take_overload (KvmmAgentClient *self, const KvmmAgentNotice *notice)
{
  kvmm_agent_client_log (self, "overload", _ ("The guest agent is overloaded"));
}

static const struct
{
  const char *name;
  void (*take) (KvmmAgentClient *self, const KvmmAgentNotice *notice);
} notices[] = {
  { KVMA_EVENT_TIME_JUMP, take_time_jump },
  { KVMA_EVENT_AGENT_POLICY_CHANGED, take_policy_changed },
  { KVMA_EVENT_POWER_SHUTTING_DOWN, take_power },
  { KVMA_EVENT_AGENT_OVERLOAD, take_overload },
};

static gboolean
take_event (KvmmAgentClient *self, const char *method, JsonObject *params, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (facts); i++)
    if (g_strcmp0 (facts[i].event, method) == 0)
      return take_fact (self, &facts[i], params, error);
  for (guint i = 0; i < G_N_ELEMENTS (notices); i++)
    if (g_str_equal (notices[i].name, method))
      {
        g_autoptr (KvmmAgentNotice) notice = kvmm_agent_schema_notice (params, error);

        if (notice == NULL)
          return FALSE;
        notices[i].take (self, notice);
        return TRUE;
      }
  /* A topic of a newer agent. */
  return TRUE;
}

/* Returns FALSE when this one is to be dropped unread. */
static gboolean
within_rate (KvmmAgentClient *self)
{
  guint count = kvmm_agent_window_add (&self->events, g_get_monotonic_time (),
                                       (gint64) self->intervals.rate_window * 1000,
                                       KVMA_EVENTS_CLOSE_PER_SECOND);

  if (self->events.streak >= KVMA_EVENTS_CLOSE_MS / 1000)
    {
      kvmm_agent_handshake_say_bye (self, KVMA_BYE_FLOOD);
      kvmm_agent_client_fail (self,
                              g_error_new_literal (KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_ABUSE,
                                                   _ ("The guest agent sends too many events")));
      return FALSE;
    }
  if (count <= KVMA_EVENTS_MUTE_PER_SECOND)
    {
      if (count == 1 && self->events.streak == 0)
        self->muted = FALSE;
      return TRUE;
    }
  self->counters.dropped_events++;
  if (!self->muted)
    {
      self->muted = TRUE;
      kvmm_agent_client_log (self, "events-dropped",
                             _ ("The guest agent sends too many events; some are dropped"));
    }
  return FALSE;
}

void
kvmm_agent_facts_event (KvmmAgentClient *self, const KvmaFrame *frame)
{
  g_autoptr (JsonObject) body = NULL;
  g_autoptr (GError) error = NULL;
  const char *method = NULL;
  JsonObject *params = NULL;

  if (!within_rate (self))
    return;
  body = kvmm_agent_schema_parse (frame->payload, frame->length, &error);
  if (body != NULL)
    params = kvmm_agent_schema_event (body, &method, &error);
  if (params != NULL && take_event (self, method, params, &error))
    return;
  self->counters.invalid_bodies++;
  g_debug ("guest agent: event: %s", error->message);
}
