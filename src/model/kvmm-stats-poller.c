/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-stats-poller.h"

#include <math.h>

#include "model/kvmm-connection-private.h"
#include "util/kvmm-thread.h"

struct _KvmmStatsPoller
{
  GObject parent_instance;

  KvmmConnection *connection; /* (unowned) (nullable) */
  KvmmSettings *settings;     /* (owned) (nullable) */
  KvmmStatsFunc func;
  guint n_holds;
  gboolean is_connected;
  gboolean is_reading;
  gboolean has_last; /* the last tick was read, and nothing stood still since */
  guint epoch;       /* what was asked for in an older one is dropped */
  guint timer_id;
  gint64 started_us; /* the last tick */
  KvmmHostStats last_host;
  double host_cpu_fraction;
  double host_memory_fraction;
};

G_DEFINE_FINAL_TYPE (KvmmStatsPoller, kvmm_stats_poller, G_TYPE_OBJECT)

typedef enum
{
  PROP_HOST_CPU_FRACTION = 1,
  PROP_HOST_MEMORY_FRACTION,
} KvmmStatsPollerProp;

static GParamSpec *properties[PROP_HOST_MEMORY_FRACTION + 1];

typedef struct
{
  GArray *stats; /* (owned) of KvmmDomainStats */
  KvmmHostStats host;
} Sample;

static void start_tick (KvmmStatsPoller *self);

static void
sample_free (Sample *sample)
{
  g_clear_pointer (&sample->stats, g_array_unref);
  g_free (sample);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Sample, sample_free)

static gboolean
should_run (KvmmStatsPoller *self)
{
  return self->n_holds > 0 && self->is_connected && self->connection != NULL;
}

/* Changes that cannot be seen are not announced. */
static void
set_fraction (KvmmStatsPoller *self, double *field, double value, KvmmStatsPollerProp prop)
{
  if ((isnan (*field) && isnan (value)) || fabs (*field - value) < 0.002)
    return;
  *field = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[prop]);
}

static void
apply_host (KvmmStatsPoller *self, const KvmmHostStats *host)
{
  const KvmmHostStats *last = &self->last_host;
  double cpu = NAN, memory = NAN;

  if (self->has_last && last->has_cpu && host->has_cpu && host->cpu_total_ns > last->cpu_total_ns &&
      host->cpu_busy_ns >= last->cpu_busy_ns)
    cpu = MIN (1.0, (double) (host->cpu_busy_ns - last->cpu_busy_ns) /
                        (double) (host->cpu_total_ns - last->cpu_total_ns));
  if (host->has_memory && host->memory_total_kib > 0)
    memory = 1.0 - MIN (1.0, (double) host->memory_free_kib / (double) host->memory_total_kib);
  self->last_host = *host;
  set_fraction (self, &self->host_cpu_fraction, cpu, PROP_HOST_CPU_FRACTION);
  set_fraction (self, &self->host_memory_fraction, memory, PROP_HOST_MEMORY_FRACTION);
}

static gboolean
timer_cb (gpointer user_data)
{
  KvmmStatsPoller *self = user_data;

  self->timer_id = 0;
  start_tick (self);
  return G_SOURCE_REMOVE;
}

static void
plan_tick (KvmmStatsPoller *self)
{
  gint64 interval_us = (gint64) kvmm_settings_get_stats_interval (self->settings) * G_USEC_PER_SEC;
  gint64 elapsed_us = g_get_monotonic_time () - self->started_us;
  gint64 wait_us = CLAMP (interval_us - elapsed_us, 0, interval_us);

  if (self->timer_id == 0 && should_run (self))
    self->timer_id = g_timeout_add ((guint) (wait_us / 1000), timer_cb, self);
}

/* Worker. */
static void
read_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  g_autoptr (Sample) sample = g_new0 (Sample, 1);
  GError *error = NULL;

  sample->stats = kvmm_virt_connect_read_stats (connect, &sample->host, &error);
  if (sample->stats == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_steal_pointer (&sample), (GDestroyNotify) sample_free);
}

static void
read_ready_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmStatsPoller *self = KVMM_STATS_POLLER (source);
  guint epoch = GPOINTER_TO_UINT (user_data);
  g_autoptr (GError) error = NULL;
  g_autoptr (Sample) sample = g_task_propagate_pointer (G_TASK (result), &error);

  self->is_reading = FALSE;
  if (sample == NULL)
    g_debug ("statistics: %s", error->message);
  if (sample != NULL && should_run (self) && epoch == self->epoch)
    {
      apply_host (self, &sample->host);
      self->func (self->connection, sample->stats, !self->has_last);
      self->has_last = TRUE;
    }
  plan_tick (self);
}

static void
start_tick (KvmmStatsPoller *self)
{
  if (self->is_reading || self->timer_id != 0 || !should_run (self))
    return;

  g_autoptr (GTask) task = g_task_new (self, NULL, read_ready_cb, GUINT_TO_POINTER (self->epoch));
  g_task_set_source_tag (task, start_tick);
  self->is_reading = TRUE;
  self->started_us = g_get_monotonic_time ();
  kvmm_connection_run (self->connection, KVMM_CONNECTION_LANE_STATS, G_PRIORITY_DEFAULT, task,
                       read_func, NULL, NULL);
}

static void
stop (KvmmStatsPoller *self)
{
  g_clear_handle_id (&self->timer_id, g_source_remove);
  self->has_last = FALSE;
  self->epoch++;
}

static void
interval_changed_cb (KvmmStatsPoller *self)
{
  if (self->timer_id == 0)
    return;
  g_clear_handle_id (&self->timer_id, g_source_remove);
  plan_tick (self);
}

static void
kvmm_stats_poller_dispose (GObject *object)
{
  KvmmStatsPoller *self = KVMM_STATS_POLLER (object);

  kvmm_stats_poller_close (self);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (kvmm_stats_poller_parent_class)->dispose (object);
}

static void
kvmm_stats_poller_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  KvmmStatsPoller *self = KVMM_STATS_POLLER (object);

  switch ((KvmmStatsPollerProp) prop_id)
    {
    case PROP_HOST_CPU_FRACTION:
      g_value_set_double (value, self->host_cpu_fraction);
      break;
    case PROP_HOST_MEMORY_FRACTION:
      g_value_set_double (value, self->host_memory_fraction);
      break;
    }
}

static void
kvmm_stats_poller_class_init (KvmmStatsPollerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->dispose = kvmm_stats_poller_dispose;
  object_class->get_property = kvmm_stats_poller_get_property;

  properties[PROP_HOST_CPU_FRACTION] =
      g_param_spec_double ("host-cpu-fraction", NULL, NULL, -G_MAXDOUBLE, G_MAXDOUBLE, 0, flags);
  properties[PROP_HOST_MEMORY_FRACTION] =
      g_param_spec_double ("host-memory-fraction", NULL, NULL, -G_MAXDOUBLE, G_MAXDOUBLE, 0, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
kvmm_stats_poller_init (KvmmStatsPoller *self)
{
  self->host_cpu_fraction = NAN;
  self->host_memory_fraction = NAN;
}

KvmmStatsPoller *
kvmm_stats_poller_new (KvmmConnection *connection, KvmmSettings *settings, KvmmStatsFunc func)
{
  KVMM_ASSERT_MAIN_THREAD ();

  KvmmStatsPoller *self = g_object_new (KVMM_TYPE_STATS_POLLER, NULL);
  self->connection = connection;
  self->settings = g_object_ref (settings);
  self->func = func;
  g_signal_connect_object (settings, "notify::" KVMM_SETTINGS_STATS_INTERVAL,
                           G_CALLBACK (interval_changed_cb), self, G_CONNECT_SWAPPED);
  return self;
}

void
kvmm_stats_poller_hold (KvmmStatsPoller *self)
{
  if (self->n_holds++ == 0)
    start_tick (self);
}

void
kvmm_stats_poller_release (KvmmStatsPoller *self)
{
  g_return_if_fail (self->n_holds > 0);

  if (--self->n_holds == 0)
    stop (self);
}

void
kvmm_stats_poller_set_connected (KvmmStatsPoller *self, gboolean connected)
{
  if (self->is_connected == !!connected)
    return;
  self->is_connected = !!connected;
  if (connected)
    {
      start_tick (self);
      return;
    }
  stop (self);
  set_fraction (self, &self->host_cpu_fraction, NAN, PROP_HOST_CPU_FRACTION);
  set_fraction (self, &self->host_memory_fraction, NAN, PROP_HOST_MEMORY_FRACTION);
}

void
kvmm_stats_poller_close (KvmmStatsPoller *self)
{
  stop (self);
  self->connection = NULL;
}

double
kvmm_stats_poller_get_host_cpu_fraction (KvmmStatsPoller *self)
{
  return self->host_cpu_fraction;
}

double
kvmm_stats_poller_get_host_memory_fraction (KvmmStatsPoller *self)
{
  return self->host_memory_fraction;
}
