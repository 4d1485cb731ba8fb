/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-connection-private.h"

#include <glib/gi18n.h>

#include "model/kvmm-connection-name.h"
#include "model/kvmm-domain-private.h"
#include "model/kvmm-domain-store.h"
#include "model/kvmm-guest-private.h"
#include "model/kvmm-link.h"
#include "model/kvmm-stats-poller.h"
#include "model/kvmm-sync.h"
#include "util/kvmm-lane.h"
#include "util/kvmm-thread.h"

struct _KvmmConnection
{
  GObject parent_instance;

  char *uri;                                /* (owned) */
  char *name;                               /* (owned) */
  KvmmSettings *settings;                   /* (owned) */
  KvmmLane *lanes[KVMM_CONNECTION_N_LANES]; /* (owned) */
  KvmmLink *link;                           /* (owned) for the list and everything but streams */
  KvmmLink *agent_link;                     /* (owned) for streams and pictures */
  GQueue agent_waiting;                     /* of GTask (owned): until the agent link is open */
  KvmmDomainStore *store;                   /* (owned) */
  KvmmSync *sync;                           /* (owned) */
  KvmmStatsPoller *poller;                  /* (owned) */
  KvmmLog *log;                             /* (owned) */
  KvmmConnectionAuthFunc auth_func;         /* (nullable) */
  gpointer auth_data;
  KvmmConnectionState state; /* as last announced */
  gboolean was_connected;
  gboolean is_loaded;
  gboolean guests_connected;
  gboolean guests_on_demand;
};

static GType
kvmm_connection_get_item_type (GListModel *model)
{
  return KVMM_TYPE_DOMAIN;
}

static guint
kvmm_connection_get_n_items (GListModel *model)
{
  return g_list_model_get_n_items (G_LIST_MODEL (KVMM_CONNECTION (model)->store));
}

static gpointer
kvmm_connection_get_item (GListModel *model, guint position)
{
  return g_list_model_get_item (G_LIST_MODEL (KVMM_CONNECTION (model)->store), position);
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = kvmm_connection_get_item_type;
  iface->get_n_items = kvmm_connection_get_n_items;
  iface->get_item = kvmm_connection_get_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (KvmmConnection,
                               kvmm_connection,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

typedef enum
{
  PROP_URI = 1,
  PROP_NAME,
  PROP_STATE,
  PROP_STATE_TEXT,
  PROP_ERROR_TEXT,
  PROP_CURE_TEXT,
  PROP_RETRY_AT_US,
  PROP_IS_LOADED,
  PROP_HOST_CPU_FRACTION,
  PROP_HOST_MEMORY_FRACTION,
  PROP_N_DOMAINS,
  PROP_N_RUNNING,
} KvmmConnectionProp;

static GParamSpec *properties[PROP_N_RUNNING + 1];

enum
{
  LISTED,
  AGENT_LINK_OPENED,
  AGENT_LINK_LOST,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* Threads of each lane. The lanes of the first link stay below libvirtd's max_client_requests (5),
 * beyond which even the answer to its keepalive waits. */
static const struct
{
  const char *name;
  guint n_threads;
} lane_kinds[] = {
  [KVMM_CONNECTION_LANE_CONTROL] = { "kvmm-control", 1 },
  [KVMM_CONNECTION_LANE_QUERY] = { "kvmm-query", 2 },
  [KVMM_CONNECTION_LANE_STATS] = { "kvmm-stats", 1 },
  [KVMM_CONNECTION_LANE_SLOW] = { "kvmm-slow", 1 },
  [KVMM_CONNECTION_LANE_AGENT] = { "kvmm-agent", 1 },
  [KVMM_CONNECTION_LANE_PICTURE] = { "kvmm-picture", 1 },
  [KVMM_CONNECTION_LANE_BULK] = { "kvmm-bulk", 1 },
};

GType
kvmm_connection_state_get_type (void)
{
  static gsize type;
  static const GEnumValue values[] = {
    { KVMM_CONNECTION_DISCONNECTED, "KVMM_CONNECTION_DISCONNECTED", "disconnected" },
    { KVMM_CONNECTION_CONNECTING, "KVMM_CONNECTION_CONNECTING", "connecting" },
    { KVMM_CONNECTION_CONNECTED, "KVMM_CONNECTION_CONNECTED", "connected" },
    { KVMM_CONNECTION_LOST, "KVMM_CONNECTION_LOST", "lost" },
    { KVMM_CONNECTION_FAILED, "KVMM_CONNECTION_FAILED", "failed" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("KvmmConnectionState", values));
  return type;
}

static void
notify (KvmmConnection *self, KvmmConnectionProp prop)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[prop]);
}

/* ---- calls on the lanes ---- */

/* The task data of a call: all that its worker may touch. */
typedef struct
{
  KvmmConnectionFunc func;
  KvmmVirtConnect *connect; /* (owned) */
  KvmmConnectionLane lane;
  int priority;
  gpointer data;          /* (owned) (nullable) */
  GDestroyNotify destroy; /* (nullable) */
} Call;

static void
call_free (Call *call)
{
  g_clear_pointer (&call->connect, kvmm_virt_connect_unref);
  if (call->destroy != NULL)
    call->destroy (call->data);
  g_free (call);
}

/* Worker. */
static void
call_func (GTask *task, gpointer source_object, gpointer task_data, GCancellable *cancellable)
{
  Call *call = task_data;

  call->func (task, call->connect, call->data, cancellable);
}

static void
return_not_connected (KvmmConnection *self, GTask *task)
{
  g_task_return_new_error (task, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_CONNECTION_LOST,
                           _ ("There is no connection to %s."), self->name);
}

static void
start_call (KvmmConnection *self, KvmmLink *link, GTask *task)
{
  Call *call = g_task_get_task_data (task);

  call->connect = kvmm_virt_connect_ref (kvmm_link_get_connect (link));
  kvmm_lane_run (self->lanes[call->lane], task, call_func, call->priority);
}

static void
flush_agent_waiting (KvmmConnection *self)
{
  GTask *next;

  while ((next = g_queue_pop_head (&self->agent_waiting)) != NULL)
    {
      g_autoptr (GTask) task = next;

      if (kvmm_link_get_connect (self->agent_link) != NULL)
        start_call (self, self->agent_link, task);
      else
        return_not_connected (self, task);
    }
}

static gboolean
is_on_agent_link (KvmmConnectionLane lane)
{
  return lane == KVMM_CONNECTION_LANE_AGENT || lane == KVMM_CONNECTION_LANE_PICTURE ||
         lane == KVMM_CONNECTION_LANE_BULK;
}

void
kvmm_connection_run (KvmmConnection *self,
                     KvmmConnectionLane lane,
                     int priority,
                     GTask *task,
                     KvmmConnectionFunc func,
                     gpointer data,
                     GDestroyNotify destroy)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_CONNECTION (self));
  g_return_if_fail (lane < KVMM_CONNECTION_N_LANES);

  Call *call = g_new0 (Call, 1);
  call->func = func;
  call->lane = lane;
  call->priority = priority;
  call->data = data;
  call->destroy = destroy;
  g_task_set_task_data (task, call, (GDestroyNotify) call_free);
  if (g_task_get_cancellable (task) != NULL)
    g_task_set_return_on_cancel (task, TRUE);

  if (kvmm_link_get_connect (self->link) == NULL)
    {
      return_not_connected (self, task);
      return;
    }
  if (!is_on_agent_link (lane))
    {
      start_call (self, self->link, task);
      return;
    }
  g_queue_push_tail (&self->agent_waiting, g_object_ref (task));
  kvmm_link_open (self->agent_link);
  if (kvmm_link_get_connect (self->agent_link) != NULL)
    flush_agent_waiting (self);
}

/* ---- what the links say ---- */

static void
set_guests_connected (KvmmConnection *self, gboolean connected)
{
  guint n_domains = g_list_model_get_n_items (G_LIST_MODEL (self->store));

  if (self->guests_connected == connected)
    return;
  self->guests_connected = connected;
  for (guint i = 0; i < n_domains; i++)
    kvmm_domain_set_connected (kvmm_domain_store_get (self->store, i), connected);
}

static void
log_state (KvmmConnection *self)
{
  const GError *error = kvmm_link_get_error (self->link);
  const char *cure_text = kvmm_link_get_cure_text (self->link);

  switch (self->state)
    {
    case KVMM_CONNECTION_CONNECTING:
      break;
    case KVMM_CONNECTION_CONNECTED:
      kvmm_log_add (self->log, 0, "connected", _ ("Connected"));
      if (cure_text != NULL)
        kvmm_log_add (self->log, 0, "no-kvm", cure_text);
      break;
    case KVMM_CONNECTION_DISCONNECTED:
      kvmm_log_add (self->log, 0, "disconnected", _ ("Disconnected"));
      break;
    case KVMM_CONNECTION_LOST:
      kvmm_log_add (self->log, 0, "lost", error->message);
      break;
    case KVMM_CONNECTION_FAILED:
      kvmm_log_add (self->log, 0, "failed", error->message);
      break;
    }
}

static void
link_state_changed_cb (KvmmConnection *self)
{
  KvmmConnectionState old = self->state;

  self->state = kvmm_link_get_state (self->link);
  g_object_freeze_notify (G_OBJECT (self));
  notify (self, PROP_STATE);
  notify (self, PROP_STATE_TEXT);
  notify (self, PROP_ERROR_TEXT);
  notify (self, PROP_CURE_TEXT);
  notify (self, PROP_RETRY_AT_US);
  g_object_thaw_notify (G_OBJECT (self));
  log_state (self);

  if (self->state == KVMM_CONNECTION_CONNECTED)
    {
      self->was_connected = TRUE;
      kvmm_sync_start (self->sync);
      set_guests_connected (self, TRUE);
    }
  else if (old == KVMM_CONNECTION_CONNECTED)
    {
      kvmm_sync_stop (self->sync);
      set_guests_connected (self, FALSE);
      kvmm_link_close (self->agent_link);
    }
  kvmm_stats_poller_set_connected (self->poller, self->state == KVMM_CONNECTION_CONNECTED);
}

static void
link_event_cb (KvmmConnection *self, const KvmmVirtEvent *event)
{
  if (event->uuid == NULL)
    return;

  KvmmDomain *domain = kvmm_domain_store_find_uuid (self->store, event->uuid);
  if (domain != NULL)
    kvmm_domain_add_event (domain, event);
  kvmm_sync_mark (self->sync, event->uuid);
}

static void
agent_link_state_changed_cb (KvmmConnection *self)
{
  switch (kvmm_link_get_state (self->agent_link))
    {
    case KVMM_CONNECTION_CONNECTING:
      return;
    case KVMM_CONNECTION_CONNECTED:
      set_guests_connected (self, TRUE);
      g_signal_emit (self, signals[AGENT_LINK_OPENED], 0);
      break;
    case KVMM_CONNECTION_DISCONNECTED:
    case KVMM_CONNECTION_LOST:
    case KVMM_CONNECTION_FAILED:
      g_signal_emit (self, signals[AGENT_LINK_LOST], 0);
      set_guests_connected (self, FALSE);
      break;
    }
  flush_agent_waiting (self);
}

static void
listed_cb (gpointer user_data)
{
  KvmmConnection *self = user_data;

  if (!self->is_loaded)
    {
      self->is_loaded = TRUE;
      notify (self, PROP_IS_LOADED);
    }
  g_signal_emit (self, signals[LISTED], 0);
}

static void
report_error_cb (KvmmConnection *self, KvmmVirtConnect *connect, const GError *error)
{
  kvmm_link_report (self->link, connect, error);
}

static void
present_auth (KvmmAuthRequest *request, gpointer owner)
{
  KvmmConnection *self = KVMM_CONNECTION (owner);

  if (self->auth_func != NULL)
    self->auth_func (self, request, self->auth_data);
  else
    kvmm_auth_request_answer (request, NULL);
}

static void
stats_cb (KvmmConnection *self, GArray *stats, gboolean is_first)
{
  for (guint i = 0; i < stats->len; i++)
    {
      const KvmmDomainStats *sample = &g_array_index (stats, KvmmDomainStats, i);
      KvmmDomain *domain = kvmm_domain_store_find_uuid (self->store, sample->uuid);

      if (domain == NULL)
        continue;
      if (is_first)
        kvmm_domain_forget_sample (domain);
      kvmm_domain_apply_stats (domain, sample);
    }
}

/* ---- the object ---- */

static void
forward_notify_cb (GObject *part, GParamSpec *pspec, KvmmConnection *self)
{
  g_object_notify (G_OBJECT (self), g_param_spec_get_name (pspec));
}

static void
kvmm_connection_dispose (GObject *object)
{
  KvmmConnection *self = KVMM_CONNECTION (object);

  KVMM_ASSERT_MAIN_THREAD ();
  if (self->link != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->link, self);
      g_signal_handlers_disconnect_by_data (self->agent_link, self);
      kvmm_link_close (self->link);
      kvmm_link_close (self->agent_link);
      flush_agent_waiting (self);
      kvmm_sync_close (self->sync);
      kvmm_stats_poller_close (self->poller);
      kvmm_domain_store_close (self->store);
    }
  for (guint i = 0; i < KVMM_CONNECTION_N_LANES; i++)
    if (self->lanes[i] != NULL)
      kvmm_lane_shutdown (self->lanes[i]);
  G_OBJECT_CLASS (kvmm_connection_parent_class)->dispose (object);
}

static void
kvmm_connection_finalize (GObject *object)
{
  KvmmConnection *self = KVMM_CONNECTION (object);

  g_clear_object (&self->link);
  g_clear_object (&self->agent_link);
  g_clear_object (&self->sync);
  g_clear_object (&self->poller);
  g_clear_object (&self->store);
  g_clear_object (&self->log);
  g_clear_object (&self->settings);
  for (guint i = 0; i < KVMM_CONNECTION_N_LANES; i++)
    g_clear_object (&self->lanes[i]);
  g_clear_pointer (&self->uri, g_free);
  g_clear_pointer (&self->name, g_free);
  G_OBJECT_CLASS (kvmm_connection_parent_class)->finalize (object);
}

static void
kvmm_connection_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  KvmmConnection *self = KVMM_CONNECTION (object);

  switch ((KvmmConnectionProp) prop_id)
    {
    case PROP_URI:
      g_value_set_string (value, self->uri);
      break;
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_STATE:
      g_value_set_enum (value, self->state);
      break;
    case PROP_STATE_TEXT:
      g_value_set_string (value, kvmm_connection_get_state_text (self));
      break;
    case PROP_ERROR_TEXT:
      g_value_set_string (value, kvmm_connection_get_error_text (self));
      break;
    case PROP_CURE_TEXT:
      g_value_set_string (value, kvmm_connection_get_cure_text (self));
      break;
    case PROP_RETRY_AT_US:
      g_value_set_int64 (value, kvmm_connection_get_retry_at_us (self));
      break;
    case PROP_IS_LOADED:
      g_value_set_boolean (value, self->is_loaded);
      break;
    case PROP_HOST_CPU_FRACTION:
      g_value_set_double (value, kvmm_connection_get_host_cpu_fraction (self));
      break;
    case PROP_HOST_MEMORY_FRACTION:
      g_value_set_double (value, kvmm_connection_get_host_memory_fraction (self));
      break;
    case PROP_N_DOMAINS:
      g_value_set_uint (value, g_list_model_get_n_items (G_LIST_MODEL (self)));
      break;
    case PROP_N_RUNNING:
      g_value_set_uint (value, kvmm_connection_get_n_running (self));
      break;
    }
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  properties[PROP_URI] = g_param_spec_string ("uri", NULL, NULL, NULL, flags);
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);
  properties[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, KVMM_TYPE_CONNECTION_STATE,
                                              KVMM_CONNECTION_DISCONNECTED, flags);
  properties[PROP_STATE_TEXT] = g_param_spec_string ("state-text", NULL, NULL, NULL, flags);
  properties[PROP_ERROR_TEXT] = g_param_spec_string ("error-text", NULL, NULL, NULL, flags);
  properties[PROP_CURE_TEXT] = g_param_spec_string ("cure-text", NULL, NULL, NULL, flags);
  properties[PROP_RETRY_AT_US] =
      g_param_spec_int64 ("retry-at-us", NULL, NULL, 0, G_MAXINT64, 0, flags);
  properties[PROP_IS_LOADED] = g_param_spec_boolean ("is-loaded", NULL, NULL, FALSE, flags);
  properties[PROP_HOST_CPU_FRACTION] =
      g_param_spec_double ("host-cpu-fraction", NULL, NULL, -G_MAXDOUBLE, G_MAXDOUBLE, 0, flags);
  properties[PROP_HOST_MEMORY_FRACTION] =
      g_param_spec_double ("host-memory-fraction", NULL, NULL, -G_MAXDOUBLE, G_MAXDOUBLE, 0, flags);
  properties[PROP_N_DOMAINS] = g_param_spec_uint ("n-domains", NULL, NULL, 0, G_MAXUINT, 0, flags);
  properties[PROP_N_RUNNING] = g_param_spec_uint ("n-running", NULL, NULL, 0, G_MAXUINT, 0, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static guint
add_signal (KvmmConnectionClass *klass, const char *name)
{
  return g_signal_new (name, G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                       g_cclosure_marshal_VOID__VOID, G_TYPE_NONE, 0);
}

static void
kvmm_connection_class_init (KvmmConnectionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = kvmm_connection_dispose;
  object_class->finalize = kvmm_connection_finalize;
  object_class->get_property = kvmm_connection_get_property;
  install_properties (object_class);
  signals[LISTED] = add_signal (klass, "listed");
  signals[AGENT_LINK_OPENED] = add_signal (klass, "agent-link-opened");
  signals[AGENT_LINK_LOST] = add_signal (klass, "agent-link-lost");
}

static void
kvmm_connection_init (KvmmConnection *self)
{
  g_queue_init (&self->agent_waiting);
  self->state = KVMM_CONNECTION_DISCONNECTED;
  self->log = kvmm_log_new ();
  for (guint i = 0; i < KVMM_CONNECTION_N_LANES; i++)
    self->lanes[i] = kvmm_lane_new (lane_kinds[i].name, lane_kinds[i].n_threads);
}

static void
guest_control_changed_cb (KvmmConnection *self)
{
  KvmmDomain *domain;

  for (guint i = 0; (domain = kvmm_domain_store_get (self->store, i)) != NULL; i++)
    kvmm_guest_control_changed (kvmm_domain_get_guest (domain));
}

KvmmConnection *
kvmm_connection_new (const char *uri, KvmmSettings *settings)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_val_if_fail (uri != NULL, NULL);
  g_return_val_if_fail (KVMM_IS_SETTINGS (settings), NULL);

  KvmmConnection *self = g_object_new (KVMM_TYPE_CONNECTION, NULL);
  self->uri = g_strdup (uri);
  self->name = kvmm_connection_name_for_uri (uri);
  self->settings = g_object_ref (settings);
  self->link = kvmm_link_new (uri, self->lanes[KVMM_CONNECTION_LANE_CONTROL]);
  self->agent_link = kvmm_link_new (uri, self->lanes[KVMM_CONNECTION_LANE_AGENT]);
  self->store = kvmm_domain_store_new (self);
  self->sync = kvmm_sync_new (self, self->store, listed_cb, report_error_cb);
  self->poller = kvmm_stats_poller_new (self, settings, stats_cb);

  g_signal_connect_object (settings, "guest-control-changed", G_CALLBACK (guest_control_changed_cb),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->link, "state-changed", G_CALLBACK (link_state_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->link, "event", G_CALLBACK (link_event_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->agent_link, "state-changed",
                           G_CALLBACK (agent_link_state_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->store, "items-changed", G_CALLBACK (g_list_model_items_changed),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->store, "notify", G_CALLBACK (forward_notify_cb), self, 0);
  g_signal_connect_object (self->poller, "notify", G_CALLBACK (forward_notify_cb), self, 0);
  return self;
}

gboolean
kvmm_connection_get_position (KvmmConnection *self, KvmmDomain *domain, guint *position)
{
  g_return_val_if_fail (KVMM_IS_CONNECTION (self), FALSE);
  g_return_val_if_fail (KVMM_IS_DOMAIN (domain), FALSE);

  guint index = kvmm_domain_get_index (domain);
  if (kvmm_domain_store_get (self->store, index) != domain)
    return FALSE;
  *position = index;
  return TRUE;
}

void
kvmm_connection_reread (KvmmConnection *self, const char *uuid)
{
  g_return_if_fail (KVMM_IS_CONNECTION (self));
  kvmm_sync_mark (self->sync, uuid);
}

guint
kvmm_connection_get_stats_interval_ms (KvmmConnection *self)
{
  g_return_val_if_fail (KVMM_IS_CONNECTION (self), 0);
  return kvmm_settings_get_stats_interval (self->settings) * 1000;
}

KvmmSettings *
kvmm_connection_get_settings (KvmmConnection *self)
{
  g_return_val_if_fail (KVMM_IS_CONNECTION (self), NULL);
  return self->settings;
}

void
kvmm_connection_set_guests_on_demand (KvmmConnection *self, gboolean on_demand)
{
  g_return_if_fail (KVMM_IS_CONNECTION (self));
  self->guests_on_demand = !!on_demand;
}

gboolean
kvmm_connection_get_guests_on_demand (KvmmConnection *self)
{
  g_return_val_if_fail (KVMM_IS_CONNECTION (self), FALSE);
  return self->guests_on_demand;
}

const char *
kvmm_connection_get_uri (KvmmConnection *self)
{
  g_return_val_if_fail (KVMM_IS_CONNECTION (self), NULL);
  return self->uri;
}

const char *
kvmm_connection_get_name (KvmmConnection *self)
{
  g_return_val_if_fail (KVMM_IS_CONNECTION (self), NULL);
  return self->name;
}

KvmmConnectionState
kvmm_connection_get_state (KvmmConnection *self)
{
  g_return_val_if_fail (KVMM_IS_CONNECTION (self), KVMM_CONNECTION_DISCONNECTED);
  return self->state;
}

const char *
kvmm_connection_get_state_text (KvmmConnection *self)
{
  g_return_val_if_fail (KVMM_IS_CONNECTION (self), NULL);

  switch (self->state)
    {
    case KVMM_CONNECTION_DISCONNECTED:
      return _ ("Disconnected");
    case KVMM_CONNECTION_CONNECTING:
      return _ ("Connecting…");
    case KVMM_CONNECTION_CONNECTED:
      return _ ("Connected");
    case KVMM_CONNECTION_LOST:
      return self->was_connected ? _ ("Connection lost") : _ ("Not reachable");
    case KVMM_CONNECTION_FAILED:
      return _ ("Cannot connect");
    }
  return NULL;
}

const char *
kvmm_connection_get_error_text (KvmmConnection *self)
{
  const GError *error = kvmm_connection_get_error (self);

  return error != NULL ? error->message : NULL;
}

const char *
kvmm_connection_get_cure_text (KvmmConnection *self)
{
  g_return_val_if_fail (KVMM_IS_CONNECTION (self), NULL);
  return kvmm_link_get_cure_text (self->link);
}

const GError *
kvmm_connection_get_error (KvmmConnection *self)
{
  g_return_val_if_fail (KVMM_IS_CONNECTION (self), NULL);
  return kvmm_link_get_error (self->link);
}

gint64
kvmm_connection_get_retry_at_us (KvmmConnection *self)
{
  g_return_val_if_fail (KVMM_IS_CONNECTION (self), 0);
  return kvmm_link_get_retry_at_us (self->link);
}

gboolean
kvmm_connection_get_is_loaded (KvmmConnection *self)
{
  g_return_val_if_fail (KVMM_IS_CONNECTION (self), FALSE);
  return self->is_loaded;
}

double
kvmm_connection_get_host_cpu_fraction (KvmmConnection *self)
{
  g_return_val_if_fail (KVMM_IS_CONNECTION (self), 0);
  return kvmm_stats_poller_get_host_cpu_fraction (self->poller);
}

double
kvmm_connection_get_host_memory_fraction (KvmmConnection *self)
{
  g_return_val_if_fail (KVMM_IS_CONNECTION (self), 0);
  return kvmm_stats_poller_get_host_memory_fraction (self->poller);
}

guint
kvmm_connection_get_n_running (KvmmConnection *self)
{
  g_return_val_if_fail (KVMM_IS_CONNECTION (self), 0);
  return kvmm_domain_store_get_n_running (self->store);
}

const KvmmVirtHost *
kvmm_connection_get_host (KvmmConnection *self)
{
  g_return_val_if_fail (KVMM_IS_CONNECTION (self), NULL);
  return kvmm_link_get_host (self->link);
}

KvmmLog *
kvmm_connection_get_log (KvmmConnection *self)
{
  g_return_val_if_fail (KVMM_IS_CONNECTION (self), NULL);
  return self->log;
}

void
kvmm_connection_connect (KvmmConnection *self)
{
  g_return_if_fail (KVMM_IS_CONNECTION (self));
  kvmm_link_open (self->link);
}

void
kvmm_connection_disconnect (KvmmConnection *self)
{
  g_return_if_fail (KVMM_IS_CONNECTION (self));
  kvmm_link_close (self->link);
}

void
kvmm_connection_refresh (KvmmConnection *self)
{
  g_return_if_fail (KVMM_IS_CONNECTION (self));

  if (self->state == KVMM_CONNECTION_CONNECTED)
    kvmm_sync_start (self->sync);
  else
    kvmm_link_open (self->link);
}

void
kvmm_connection_hold_stats (KvmmConnection *self)
{
  g_return_if_fail (KVMM_IS_CONNECTION (self));
  kvmm_stats_poller_hold (self->poller);
}

void
kvmm_connection_release_stats (KvmmConnection *self)
{
  g_return_if_fail (KVMM_IS_CONNECTION (self));
  kvmm_stats_poller_release (self->poller);
}

KvmmDomain *
kvmm_connection_find (KvmmConnection *self, const char *name_or_uuid)
{
  g_return_val_if_fail (KVMM_IS_CONNECTION (self), NULL);
  g_return_val_if_fail (name_or_uuid != NULL, NULL);

  g_autofree char *lower = g_ascii_strdown (name_or_uuid, -1);
  KvmmDomain *domain = kvmm_domain_store_find_uuid (self->store, lower);
  return domain != NULL ? domain : kvmm_domain_store_find_name (self->store, name_or_uuid);
}

void
kvmm_connection_set_auth (KvmmConnection *self, KvmmConnectionAuthFunc func, gpointer user_data)
{
  g_return_if_fail (KVMM_IS_CONNECTION (self));

  self->auth_func = func;
  self->auth_data = user_data;
  kvmm_link_set_auth (self->link, G_OBJECT (self), func != NULL ? present_auth : NULL);
  kvmm_link_set_auth (self->agent_link, G_OBJECT (self), func != NULL ? present_auth : NULL);
}
