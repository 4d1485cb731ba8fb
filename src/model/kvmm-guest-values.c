/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-guest-state.h"

#include <glib/gi18n.h>
#include <math.h>

#include "util/kvmm-thread.h"

/* What was told about the inside of the guest, by whom, and the public calls on it. */

/* ---- setters ---- */

static void
set_text (KvmmGuest *self, char **field, const char *text, KvmmGuestProp prop)
{
  if (g_strcmp0 (*field, text) == 0)
    return;
  g_free (*field);
  *field = g_strdup (text);
  kvmm_guest_notify (self, prop);
}

static void
set_round_trip (KvmmGuest *self, gint64 round_trip_us)
{
  if (self->round_trip_us == round_trip_us)
    return;
  self->round_trip_us = round_trip_us;
  kvmm_guest_notify (self, KVMM_GUEST_PROP_ROUND_TRIP_US);
}

void
kvmm_guest_values_set_source (KvmmGuest *self, KvmmGuestSource source)
{
  if (self->source == source)
    return;
  self->source = source;
  kvmm_guest_notify (self, KVMM_GUEST_PROP_SOURCE);
}

static void
set_fact_source (KvmmGuest *self, KvmmGuestFact fact, KvmmGuestSource source)
{
  if (self->fact_sources[fact] == source)
    return;
  self->fact_sources[fact] = source;
  kvmm_guest_emit_fact_sources_changed (self);
}

void
kvmm_guest_values_set_address (KvmmGuest *self, const char *address, KvmmGuestSource source)
{
  set_fact_source (self, KVMM_GUEST_FACT_INTERFACES, source);
  set_text (self, &self->address, address, KVMM_GUEST_PROP_ADDRESS);
}

static const char *
shown_os_name (const KvmmGuestSystem *system)
{
  if (system == NULL)
    return NULL;
  return system->os_pretty != NULL && *system->os_pretty != '\0' ? system->os_pretty
                                                                 : system->os_name;
}

void
kvmm_guest_values_set_system (KvmmGuest *self,
                              const KvmmGuestSystem *system,
                              KvmmGuestSource source)
{
  set_fact_source (self, KVMM_GUEST_FACT_SYSTEM, source);
  g_clear_pointer (&self->system, kvmm_guest_system_free);
  if (system != NULL)
    self->system = kvmm_guest_system_copy (system);
  self->system_at_us = g_get_monotonic_time ();
  set_text (self, &self->os_name, shown_os_name (system), KVMM_GUEST_PROP_OS_NAME);
  set_text (self, &self->hostname, system != NULL ? system->hostname : NULL,
            KVMM_GUEST_PROP_HOSTNAME);
  kvmm_guest_emit_system_changed (self);
}

void
kvmm_guest_values_set_rows (KvmmGuest *self,
                            KvmmGuestRows rows,
                            GPtrArray *values,
                            KvmmGuestSource source)
{
  static const KvmmGuestFact facts[KVMM_GUEST_N_ROWS] = {
    [KVMM_GUEST_ROWS_INTERFACES] = KVMM_GUEST_FACT_INTERFACES,
    [KVMM_GUEST_ROWS_FILESYSTEMS] = KVMM_GUEST_FACT_FILESYSTEMS,
    [KVMM_GUEST_ROWS_USERS] = KVMM_GUEST_FACT_USERS,
  };

  set_fact_source (self, facts[rows], source);
  g_clear_pointer (&self->values[rows], g_ptr_array_unref);
  self->values[rows] = values != NULL ? g_ptr_array_ref (values) : NULL;
  if (self->stores[rows] != NULL)
    kvmm_guest_rows_set (self->stores[rows], rows, values);
  if (rows == KVMM_GUEST_ROWS_INTERFACES)
    kvmm_guest_values_set_address (self, kvmm_guest_interfaces_primary_address (values), source);
}

static float
fraction (double value)
{
  return isnan (value) ? NAN : (float) CLAMP (value, 0, 1);
}

static void
add_sample (KvmmGuest *self, const KvmmGuestMetrics *metrics)
{
  double total = (double) metrics->memory_total_bytes;
  float sample[3];

  sample[0] = fraction (1 - metrics->cpu_idle - metrics->cpu_iowait);
  sample[1] = fraction (total > 0 ? 1 - (double) metrics->memory_available_bytes / total : NAN);
  sample[2] = (float) metrics->load[0];
  kvmm_history_push (kvmm_guest_get_history (self), g_get_monotonic_time (), sample,
                     G_N_ELEMENTS (sample));
}

void
kvmm_guest_values_clear (KvmmGuest *self)
{
  g_object_freeze_notify (G_OBJECT (self));
  kvmm_guest_values_set_source (self, KVMM_GUEST_SOURCE_NONE);
  kvmm_guest_values_set_address (self, NULL, KVMM_GUEST_SOURCE_NONE);
  set_text (self, &self->agent_version, NULL, KVMM_GUEST_PROP_AGENT_VERSION);
  set_text (self, &self->policy_error, NULL, KVMM_GUEST_PROP_POLICY_ERROR);
  set_round_trip (self, -1);
  self->last_seen_us = 0;
  for (guint i = 0; i < KVMM_GUEST_N_ROWS; i++)
    if (self->values[i] != NULL)
      kvmm_guest_values_set_rows (self, (KvmmGuestRows) i, NULL, KVMM_GUEST_SOURCE_NONE);
  if (self->history != NULL)
    kvmm_history_clear (self->history);
  if (self->system != NULL)
    kvmm_guest_values_set_system (self, NULL, KVMM_GUEST_SOURCE_NONE);
  if (self->metrics != NULL)
    {
      g_clear_pointer (&self->metrics, kvmm_guest_metrics_free);
      set_fact_source (self, KVMM_GUEST_FACT_METRICS, KVMM_GUEST_SOURCE_NONE);
      kvmm_guest_emit_metrics_changed (self);
    }
  g_object_thaw_notify (G_OBJECT (self));
}

void
kvmm_guest_values_free (KvmmGuest *self)
{
  g_clear_pointer (&self->address, g_free);
  g_clear_pointer (&self->os_name, g_free);
  g_clear_pointer (&self->hostname, g_free);
  g_clear_pointer (&self->agent_version, g_free);
  g_clear_pointer (&self->policy_error, g_free);
  g_clear_pointer (&self->system, kvmm_guest_system_free);
  g_clear_pointer (&self->metrics, kvmm_guest_metrics_free);
  for (guint i = 0; i < KVMM_GUEST_N_ROWS; i++)
    {
      g_clear_pointer (&self->values[i], g_ptr_array_unref);
      g_clear_object (&self->stores[i]);
    }
  g_clear_object (&self->history);
}

/* ---- what our agent says ---- */

static void
system_cb (KvmmAgentClient *client, const KvmmGuestSystem *value, KvmmGuest *self)
{
  kvmm_guest_values_set_system (self, value, KVMM_GUEST_SOURCE_AGENT);
}

static void
metrics_cb (KvmmAgentClient *client, const KvmmGuestMetrics *value, KvmmGuest *self)
{
  g_clear_pointer (&self->metrics, kvmm_guest_metrics_free);
  self->metrics = kvmm_guest_metrics_copy (value);
  add_sample (self, value);
  set_fact_source (self, KVMM_GUEST_FACT_METRICS, KVMM_GUEST_SOURCE_AGENT);
  kvmm_guest_emit_metrics_changed (self);
}

static void
interfaces_cb (KvmmAgentClient *client, GPtrArray *values, KvmmGuest *self)
{
  kvmm_guest_values_set_rows (self, KVMM_GUEST_ROWS_INTERFACES, values, KVMM_GUEST_SOURCE_AGENT);
}

static void
filesystems_cb (KvmmAgentClient *client, GPtrArray *values, KvmmGuest *self)
{
  kvmm_guest_values_set_rows (self, KVMM_GUEST_ROWS_FILESYSTEMS, values, KVMM_GUEST_SOURCE_AGENT);
}

static void
users_cb (KvmmAgentClient *client, GPtrArray *values, KvmmGuest *self)
{
  kvmm_guest_values_set_rows (self, KVMM_GUEST_ROWS_USERS, values, KVMM_GUEST_SOURCE_AGENT);
}

static void
untold_cb (KvmmAgentClient *client, KvmmGuest *self)
{
  kvmm_guest_sources_evaluate (self);
}

static void
log_cb (KvmmAgentClient *client, const char *word, const char *text, KvmmGuest *self)
{
  self->backend->add_log (self->target, word, text);
}

static void
round_trip_cb (KvmmAgentClient *client, GParamSpec *pspec, KvmmGuest *self)
{
  set_round_trip (self, kvmm_agent_client_get_round_trip (client));
}

void
kvmm_guest_values_connect (KvmmGuest *self, KvmmAgentClient *client)
{
  g_signal_connect (client, "system", G_CALLBACK (system_cb), self);
  g_signal_connect (client, "metrics", G_CALLBACK (metrics_cb), self);
  g_signal_connect (client, "interfaces", G_CALLBACK (interfaces_cb), self);
  g_signal_connect (client, "filesystems", G_CALLBACK (filesystems_cb), self);
  g_signal_connect (client, "users", G_CALLBACK (users_cb), self);
  g_signal_connect (client, "untold", G_CALLBACK (untold_cb), self);
  g_signal_connect (client, "log", G_CALLBACK (log_cb), self);
  g_signal_connect (client, "notify::round-trip-us", G_CALLBACK (round_trip_cb), self);
}

void
kvmm_guest_values_session (KvmmGuest *self)
{
  g_object_freeze_notify (G_OBJECT (self));
  kvmm_guest_values_set_source (self, KVMM_GUEST_SOURCE_AGENT);
  set_text (self, &self->agent_version, kvmm_agent_client_get_version (self->client),
            KVMM_GUEST_PROP_AGENT_VERSION);
  set_text (self, &self->policy_error, kvmm_agent_client_get_policy_error (self->client),
            KVMM_GUEST_PROP_POLICY_ERROR);
  g_object_thaw_notify (G_OBJECT (self));
}

/* ---- getters ---- */

KvmmGuestState
kvmm_guest_get_state (KvmmGuest *self)
{
  return self->state;
}

const char *
kvmm_guest_get_state_text (KvmmGuest *self)
{
  return kvmm_guest_words_state (self->state);
}

const char *
kvmm_guest_get_state_detail (KvmmGuest *self)
{
  return self->detail;
}

KvmmGuestSource
kvmm_guest_get_source (KvmmGuest *self)
{
  return self->source;
}

KvmmGuestSource
kvmm_guest_get_fact_source (KvmmGuest *self, KvmmGuestFact fact)
{
  g_return_val_if_fail (KVMM_IS_GUEST (self), KVMM_GUEST_SOURCE_NONE);
  g_return_val_if_fail (fact < KVMM_GUEST_N_FACTS, KVMM_GUEST_SOURCE_NONE);

  return self->fact_sources[fact];
}

const char *
kvmm_guest_get_address (KvmmGuest *self)
{
  return self->address;
}

const char *
kvmm_guest_get_os_name (KvmmGuest *self)
{
  return self->os_name;
}

const char *
kvmm_guest_get_hostname (KvmmGuest *self)
{
  return self->hostname;
}

const char *
kvmm_guest_get_agent_version (KvmmGuest *self)
{
  return self->agent_version;
}

const char *
kvmm_guest_get_policy_error (KvmmGuest *self)
{
  return self->policy_error;
}

gint64
kvmm_guest_get_round_trip_us (KvmmGuest *self)
{
  return self->round_trip_us;
}

gint64
kvmm_guest_get_last_seen_us (KvmmGuest *self)
{
  if (self->client != NULL)
    self->last_seen_us = MAX (self->last_seen_us, kvmm_agent_client_get_last_seen (self->client));
  return self->last_seen_us;
}

gint64
kvmm_guest_get_retry_at_us (KvmmGuest *self)
{
  return self->retry_at_us;
}

gint64
kvmm_guest_get_waiting_since_us (KvmmGuest *self)
{
  return self->waiting_since_us;
}

const KvmmGuestSystem *
kvmm_guest_get_system (KvmmGuest *self)
{
  return self->system;
}

guint64
kvmm_guest_get_uptime_ms (KvmmGuest *self)
{
  if (self->system == NULL || self->system->uptime_ms == 0)
    return 0;
  return self->system->uptime_ms +
         (guint64) (g_get_monotonic_time () - self->system_at_us) / G_TIME_SPAN_MILLISECOND;
}

const KvmmGuestMetrics *
kvmm_guest_get_metrics (KvmmGuest *self)
{
  return self->metrics;
}

static GListModel *
get_rows (KvmmGuest *self, KvmmGuestRows rows)
{
  g_return_val_if_fail (KVMM_IS_GUEST (self), NULL);

  if (self->stores[rows] == NULL)
    {
      self->stores[rows] = kvmm_guest_rows_new ();
      kvmm_guest_rows_set (self->stores[rows], rows, self->values[rows]);
    }
  return G_LIST_MODEL (self->stores[rows]);
}

GListModel *
kvmm_guest_get_interfaces (KvmmGuest *self)
{
  return get_rows (self, KVMM_GUEST_ROWS_INTERFACES);
}

GListModel *
kvmm_guest_get_filesystems (KvmmGuest *self)
{
  return get_rows (self, KVMM_GUEST_ROWS_FILESYSTEMS);
}

GListModel *
kvmm_guest_get_users (KvmmGuest *self)
{
  return get_rows (self, KVMM_GUEST_ROWS_USERS);
}

KvmmHistory *
kvmm_guest_get_history (KvmmGuest *self)
{
  g_return_val_if_fail (KVMM_IS_GUEST (self), NULL);

  if (self->history == NULL)
    self->history = kvmm_history_new (3, KVMM_GUEST_HISTORY_CAPACITY);
  return self->history;
}

/* ---- calls ---- */

static void
update_visible (KvmmGuest *self)
{
  if (self->client != NULL)
    kvmm_agent_client_set_visible (self->client, self->n_holds > 0,
                                   self->backend->get_interval_ms (self->target));
}

void
kvmm_guest_hold (KvmmGuest *self)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_GUEST (self));

  if (self->n_holds++ > 0 || self->is_shut_down)
    return;
  update_visible (self);
  kvmm_guest_sources_hurry (self);
  kvmm_guest_channel_hurry (self);
  kvmm_guest_evaluate (self);
}

void
kvmm_guest_release (KvmmGuest *self)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_GUEST (self));
  g_return_if_fail (self->n_holds > 0);

  if (--self->n_holds > 0 || self->is_shut_down)
    return;
  update_visible (self);
  kvmm_guest_disarm (self, KVMM_GUEST_TIMER_POLL);
  kvmm_guest_evaluate (self);
}

void
kvmm_guest_retry (KvmmGuest *self)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_GUEST (self));

  if (!kvmm_guest_may_have_channel (self))
    return;
  if (self->client != NULL)
    kvmm_agent_client_nudge (self->client);
  else if (self->opening == NULL)
    {
      kvmm_guest_channel_forget_hurdle (self);
      self->retry_ms = 0;
      kvmm_guest_channel_open (self, FALSE);
    }
  self->qga_backoff_ms = 0;
  kvmm_guest_evaluate (self);
}

void
kvmm_guest_take_over (KvmmGuest *self)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_GUEST (self));

  if (self->hurdle != KVMM_GUEST_HURDLE_IN_USE || !kvmm_guest_may_have_channel (self))
    return;
  kvmm_guest_channel_open (self, TRUE);
  kvmm_guest_evaluate (self);
}

static void
refresh_from_qga (KvmmGuest *self, GTask *task)
{
  if (self->refreshes == NULL)
    self->refreshes = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (self->refreshes, g_object_ref (task));
  kvmm_guest_arm (self, KVMM_GUEST_TIMER_QGA, 0);
}

static void
refreshed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  KvmmGuest *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;
  gboolean is_read = kvmm_agent_client_refresh_finish (KVMM_AGENT_CLIENT (source), result, &error);

  /* What ours refuses to tell, the other one may. */
  if (kvmm_guest_sources_can_qga (self))
    refresh_from_qga (self, task);
  else if (is_read)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

void
kvmm_guest_refresh_async (KvmmGuest *self,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_GUEST (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, kvmm_guest_refresh_async);
  if (kvmm_guest_has_session (self))
    kvmm_agent_client_refresh_async (self->client, cancellable, refreshed_cb,
                                     g_steal_pointer (&task));
  else if (kvmm_guest_sources_can_qga (self))
    refresh_from_qga (self, task);
  else
    g_task_return_new_error (task, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED,
                             _ ("No agent in the guest answers"));
}

gboolean
kvmm_guest_refresh_finish (KvmmGuest *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
