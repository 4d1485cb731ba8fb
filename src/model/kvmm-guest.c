/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-guest.h"

#include <glib/gi18n.h>

#include "model/kvmm-guest-state.h"
#include "util/kvmm-thread.h"

G_DEFINE_FINAL_TYPE (KvmmGuest, kvmm_guest, G_TYPE_OBJECT)

static GParamSpec *props[KVMM_GUEST_N_PROPS];
static guint system_changed_signal;
static guint metrics_changed_signal;
static guint fact_sources_changed_signal;
static guint access_changed_signal;

const KvmmGuestIntervals kvmm_guest_default_intervals = {
  .retry_min = 1000,
  .retry_max = 60 * 1000,
  .in_use_held = 10 * 1000,
  .in_use = 60 * 1000,
  .blocked = 60 * 1000,
  .blocked_max = 60 * 60 * 1000,
  .forgiven = 10 * 60 * 1000,
  .incompatible = 5 * 60 * 1000,
  .poll_held = 15 * 1000,
  .poll = 60 * 1000,
  .qga_grace = 5 * 1000,
  .qga_held = 15 * 1000,
  .qga = 60 * 1000,
  .qga_backoff_max = 16 * 60 * 1000,
  .addresses_first = 10 * 1000,
  .addresses = 30 * 1000,
};

/* Reads of the DHCP leases after a start that was seen. */
#define ADDRESS_READS_AFTER_START 4

GType
kvmm_guest_state_get_type (void)
{
  static gsize type;
  static const GEnumValue values[] = {
    { KVMM_GUEST_STATE_OFF, "KVMM_GUEST_STATE_OFF", "off" },
    { KVMM_GUEST_STATE_NOT_SUPPORTED, "KVMM_GUEST_STATE_NOT_SUPPORTED", "not-supported" },
    { KVMM_GUEST_STATE_NO_CHANNEL, "KVMM_GUEST_STATE_NO_CHANNEL", "no-channel" },
    { KVMM_GUEST_STATE_NEEDS_POWER_OFF, "KVMM_GUEST_STATE_NEEDS_POWER_OFF", "needs-power-off" },
    { KVMM_GUEST_STATE_WAITING, "KVMM_GUEST_STATE_WAITING", "waiting" },
    { KVMM_GUEST_STATE_CONNECTING, "KVMM_GUEST_STATE_CONNECTING", "connecting" },
    { KVMM_GUEST_STATE_READY, "KVMM_GUEST_STATE_READY", "ready" },
    { KVMM_GUEST_STATE_UNRESPONSIVE, "KVMM_GUEST_STATE_UNRESPONSIVE", "unresponsive" },
    { KVMM_GUEST_STATE_IN_USE, "KVMM_GUEST_STATE_IN_USE", "in-use" },
    { KVMM_GUEST_STATE_INCOMPATIBLE, "KVMM_GUEST_STATE_INCOMPATIBLE", "incompatible" },
    { KVMM_GUEST_STATE_BLOCKED, "KVMM_GUEST_STATE_BLOCKED", "blocked" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("KvmmGuestState", values));
  return type;
}

void
kvmm_guest_notify (KvmmGuest *self, KvmmGuestProp prop)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[prop]);
}

void
kvmm_guest_emit_system_changed (KvmmGuest *self)
{
  g_signal_emit (self, system_changed_signal, 0);
}

void
kvmm_guest_emit_metrics_changed (KvmmGuest *self)
{
  g_signal_emit (self, metrics_changed_signal, 0);
}

void
kvmm_guest_emit_fact_sources_changed (KvmmGuest *self)
{
  g_signal_emit (self, fact_sources_changed_signal, 0);
}

void
kvmm_guest_emit_access_changed (KvmmGuest *self)
{
  g_signal_emit (self, access_changed_signal, 0);
}

/* ---- the one timer ---- */

typedef struct
{
  GSource source;
  KvmmGuest *guest; /* (unowned) destroys the source first */
} TimerSource;

static void
update_timer (KvmmGuest *self)
{
  gint64 nearest = -1;

  if (self->timer == NULL)
    return;
  for (guint i = 0; i < KVMM_GUEST_N_TIMERS; i++)
    if (self->due[i] != 0 && (nearest == -1 || self->due[i] < nearest))
      nearest = self->due[i];
  if (g_source_get_ready_time (self->timer) != nearest)
    g_source_set_ready_time (self->timer, nearest);
}

static gboolean
timer_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  static void (*const funcs[KVMM_GUEST_N_TIMERS]) (KvmmGuest * self) = {
    [KVMM_GUEST_TIMER_OPEN] = kvmm_guest_channel_due,
    [KVMM_GUEST_TIMER_POLL] = kvmm_guest_sources_poll_due,
    [KVMM_GUEST_TIMER_QGA] = kvmm_guest_sources_qga_due,
    [KVMM_GUEST_TIMER_ADDRESSES] = kvmm_guest_sources_addresses_due,
  };
  g_autoptr (KvmmGuest) self = g_object_ref (((TimerSource *) source)->guest);
  gint64 now = g_source_get_time (source);

  for (guint i = 0; i < KVMM_GUEST_N_TIMERS; i++)
    if (self->due[i] != 0 && self->due[i] <= now)
      {
        self->due[i] = 0;
        funcs[i](self);
      }
  update_timer (self);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs timer_funcs = { .dispatch = timer_dispatch };

void
kvmm_guest_arm (KvmmGuest *self, KvmmGuestTimer timer, guint after_ms)
{
  gint64 at = g_get_monotonic_time () + (gint64) after_ms * G_TIME_SPAN_MILLISECOND;

  if (self->is_shut_down)
    return;
  if (self->timer == NULL)
    {
      self->timer = g_source_new (&timer_funcs, sizeof (TimerSource));
      ((TimerSource *) self->timer)->guest = self;
      g_source_set_static_name (self->timer, "kvmm-guest");
      g_source_attach (self->timer, NULL);
    }
  /* Whole seconds, so that many machines wake the program together. */
  if (after_ms >= 1000)
    at = (at / G_USEC_PER_SEC + 1) * G_USEC_PER_SEC;
  self->due[timer] = at;
  update_timer (self);
}

void
kvmm_guest_disarm (KvmmGuest *self, KvmmGuestTimer timer)
{
  self->due[timer] = 0;
  update_timer (self);
}

gboolean
kvmm_guest_is_armed (KvmmGuest *self, KvmmGuestTimer timer)
{
  return self->due[timer] != 0;
}

/* ---- the state ---- */

gboolean
kvmm_guest_has_session (KvmmGuest *self)
{
  return self->client != NULL &&
         kvmm_agent_client_get_state (self->client) == KVMM_AGENT_CLIENT_READY;
}

gboolean
kvmm_guest_is_wanted (KvmmGuest *self)
{
  return self->n_holds > 0 || self->client != NULL || self->opening != NULL ||
         !self->backend->is_on_demand (self->target);
}

gboolean
kvmm_guest_may_have_channel (KvmmGuest *self)
{
  return self->is_connected && !self->is_shut_down && self->input.is_active &&
         self->input.has_facts && self->input.is_supported &&
         self->input.agent_channel != KVMM_CHANNEL_ABSENT;
}

static KvmmGuestState
decide_hurdle (KvmmGuest *self)
{
  switch (self->hurdle)
    {
    case KVMM_GUEST_HURDLE_NONE:
      break;
    case KVMM_GUEST_HURDLE_UNSUPPORTED:
      return KVMM_GUEST_STATE_NOT_SUPPORTED;
    case KVMM_GUEST_HURDLE_IN_USE:
      return KVMM_GUEST_STATE_IN_USE;
    case KVMM_GUEST_HURDLE_INCOMPATIBLE:
      return KVMM_GUEST_STATE_INCOMPATIBLE;
    case KVMM_GUEST_HURDLE_BLOCKED:
      return KVMM_GUEST_STATE_BLOCKED;
    }
  return KVMM_GUEST_STATE_WAITING;
}

static KvmmGuestState
decide (KvmmGuest *self)
{
  const KvmmGuestInput *input = &self->input;

  if (!self->is_connected || !input->is_active || !input->has_facts)
    return KVMM_GUEST_STATE_OFF;
  if (!input->is_supported)
    return KVMM_GUEST_STATE_NOT_SUPPORTED;
  if (input->agent_channel == KVMM_CHANNEL_ABSENT)
    return input->has_virtio_serial ? KVMM_GUEST_STATE_NO_CHANNEL
                                    : KVMM_GUEST_STATE_NEEDS_POWER_OFF;
  if (self->hurdle != KVMM_GUEST_HURDLE_NONE)
    return decide_hurdle (self);
  if (self->client != NULL)
    switch (kvmm_agent_client_get_state (self->client))
      {
      case KVMM_AGENT_CLIENT_READY:
        return KVMM_GUEST_STATE_READY;
      case KVMM_AGENT_CLIENT_UNRESPONSIVE:
        return KVMM_GUEST_STATE_UNRESPONSIVE;
      case KVMM_AGENT_CLIENT_CONNECTING:
      case KVMM_AGENT_CLIENT_CLOSED:
        break;
      }
  /* Without a word of libvirt the port was never opened (a channel added to a running machine). */
  return input->agent_channel == KVMM_CHANNEL_CONNECTED ? KVMM_GUEST_STATE_CONNECTING
                                                        : KVMM_GUEST_STATE_WAITING;
}

static void
set_time (KvmmGuest *self, gint64 *field, gint64 value, KvmmGuestProp prop)
{
  if (*field == value)
    return;
  *field = value;
  kvmm_guest_notify (self, prop);
}

static void
set_detail (KvmmGuest *self, char *detail)
{
  g_autofree char *owned = detail;

  if (g_strcmp0 (self->detail, detail) == 0)
    return;
  g_free (self->detail);
  self->detail = g_steal_pointer (&owned);
  kvmm_guest_notify (self, KVMM_GUEST_PROP_STATE_DETAIL);
}

static void
update_state (KvmmGuest *self)
{
  KvmmGuestState state = decide (self);
  gboolean waits = state == KVMM_GUEST_STATE_WAITING || state == KVMM_GUEST_STATE_CONNECTING;
  gint64 since = self->waiting_since_us != 0 ? self->waiting_since_us : g_get_monotonic_time ();

  g_object_freeze_notify (G_OBJECT (self));
  set_time (self, &self->waiting_since_us, waits ? since : 0, KVMM_GUEST_PROP_WAITING_SINCE_US);
  set_time (self, &self->retry_at_us,
            state == KVMM_GUEST_STATE_BLOCKED ? self->due[KVMM_GUEST_TIMER_OPEN] : 0,
            KVMM_GUEST_PROP_RETRY_AT_US);
  if (self->state != state)
    {
      gboolean was_ready = self->state == KVMM_GUEST_STATE_READY;

      self->state = state;
      kvmm_guest_notify (self, KVMM_GUEST_PROP_STATE);
      kvmm_guest_notify (self, KVMM_GUEST_PROP_STATE_TEXT);
      if (was_ready || state == KVMM_GUEST_STATE_READY)
        kvmm_guest_emit_access_changed (self);
    }
  set_detail (self, kvmm_guest_words_detail (self, state));
  g_object_thaw_notify (G_OBJECT (self));
}

void
kvmm_guest_evaluate (KvmmGuest *self)
{
  g_autoptr (KvmmGuest) keep G_GNUC_UNUSED = g_object_ref (self);

  if (!self->is_shut_down)
    {
      kvmm_guest_channel_evaluate (self);
      kvmm_guest_sources_evaluate (self);
    }
  update_state (self);
}

/* ---- what the machine says ---- */

void
kvmm_guest_set_input (KvmmGuest *self, const KvmmGuestInput *input)
{
  KvmmGuestInput old = self->input;
  gboolean is_new_run = input->is_active && (!old.is_active || old.id != input->id);

  if (self->is_shut_down)
    return;
  self->input = *input;
  if (!input->has_facts)
    {
      self->input.has_facts = old.has_facts;
      self->input.is_supported = old.is_supported;
      self->input.has_virtio_serial = old.has_virtio_serial;
      self->input.agent_channel = old.agent_channel;
      self->input.qga_channel = old.qga_channel;
    }
  if (!input->is_active || is_new_run)
    {
      kvmm_guest_channel_reset (self);
      kvmm_guest_sources_drop (self);
      kvmm_guest_care_clear (self);
      kvmm_guest_values_clear (self);
    }
  if (is_new_run && input->was_start_seen)
    self->addresses_left = ADDRESS_READS_AFTER_START;
  if (self->client != NULL)
    kvmm_agent_client_set_suspended (self->client, input->is_suspended);
  if (!is_new_run && old.agent_channel != KVMM_CHANNEL_CONNECTED &&
      self->input.agent_channel == KVMM_CHANNEL_CONNECTED)
    kvmm_guest_channel_port_opened (self);
  kvmm_guest_evaluate (self);
}

static gboolean
is_channel_driver (const char *virt_type)
{
  return g_strcmp0 (virt_type, "kvm") == 0 || g_strcmp0 (virt_type, "qemu") == 0 ||
         g_strcmp0 (virt_type, "hvf") == 0;
}

void
kvmm_guest_update (KvmmGuest *self, KvmmDomainInfo *info)
{
  const KvmmXmlDomainFacts *facts = kvmm_domain_info_get_facts (info);
  KvmmDomainState state = kvmm_domain_info_get_state (info);
  KvmmGuestInput input = { 0 };

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_GUEST (self));

  input.id = kvmm_domain_info_get_id (info);
  input.is_suspended = state == KVMM_DOMAIN_STATE_PAUSED || state == KVMM_DOMAIN_STATE_SUSPENDED;
  input.is_active = input.is_suspended || state == KVMM_DOMAIN_STATE_RUNNING ||
                    state == KVMM_DOMAIN_STATE_SHUTTING_DOWN;
  input.was_start_seen =
      self->backend == &kvmm_guest_libvirt_backend && kvmm_domain_get_since_us (self->target) != 0;
  if (facts != NULL)
    {
      input.has_facts = TRUE;
      input.is_supported = is_channel_driver (facts->virt_type);
      input.has_virtio_serial = facts->has_virtio_serial;
      input.agent_channel = facts->agent_channel;
      input.qga_channel = facts->qga_channel;
    }
  kvmm_guest_set_input (self, &input);
}

void
kvmm_guest_connection_changed (KvmmGuest *self, gboolean connected)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_GUEST (self));

  if (self->is_connected == !!connected)
    return;
  self->is_connected = !!connected;
  if (!connected)
    {
      kvmm_guest_channel_lost (self);
      kvmm_guest_sources_drop (self);
    }
  kvmm_guest_evaluate (self);
}

void
kvmm_guest_event (KvmmGuest *self, const char *detail)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_GUEST (self));

  if (detail == NULL || self->is_shut_down)
    return;
  if (g_str_equal (detail, "reset") && self->client != NULL)
    kvmm_agent_client_nudge (self->client);
  else if ((g_str_equal (detail, "resumed") || g_str_equal (detail, "wakeup")) &&
           self->client != NULL)
    /* It may be another past of this guest: an agent that has lost the session says so. */
    kvmm_agent_client_ping_async (self->client, NULL, NULL, NULL);
  else if (g_str_equal (detail, "agent:connected"))
    kvmm_guest_sources_qga_appeared (self);
  else if (g_str_has_prefix (detail, "channel:"))
    {
      self->has_channel_events = TRUE;
      if (g_str_equal (detail, "channel:connected"))
        kvmm_guest_channel_port_opened (self);
    }
  kvmm_guest_evaluate (self);
}

void
kvmm_guest_shutdown (KvmmGuest *self)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_GUEST (self));

  if (self->is_shut_down)
    return;
  kvmm_guest_channel_reset (self);
  kvmm_guest_sources_drop (self);
  self->is_shut_down = TRUE;
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
  self->is_connected = FALSE;
  update_state (self);
}

/* ---- life ---- */

static void
kvmm_guest_dispose (GObject *object)
{
  kvmm_guest_shutdown (KVMM_GUEST (object));
  G_OBJECT_CLASS (kvmm_guest_parent_class)->dispose (object);
}

static void
kvmm_guest_finalize (GObject *object)
{
  KvmmGuest *self = KVMM_GUEST (object);

  kvmm_guest_care_clear (self);
  kvmm_guest_values_free (self);
  g_clear_pointer (&self->detail, g_free);
  g_clear_pointer (&self->hurdle_text, g_free);
  G_OBJECT_CLASS (kvmm_guest_parent_class)->finalize (object);
}

static void
kvmm_guest_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KvmmGuest *self = KVMM_GUEST (object);

  switch ((KvmmGuestProp) id)
    {
    case KVMM_GUEST_PROP_STATE:
      g_value_set_enum (value, self->state);
      break;
    case KVMM_GUEST_PROP_STATE_TEXT:
      g_value_set_string (value, kvmm_guest_words_state (self->state));
      break;
    case KVMM_GUEST_PROP_STATE_DETAIL:
      g_value_set_string (value, self->detail);
      break;
    case KVMM_GUEST_PROP_SOURCE:
      g_value_set_uint (value, self->source);
      break;
    case KVMM_GUEST_PROP_ADDRESS:
      g_value_set_string (value, self->address);
      break;
    case KVMM_GUEST_PROP_OS_NAME:
      g_value_set_string (value, self->os_name);
      break;
    case KVMM_GUEST_PROP_HOSTNAME:
      g_value_set_string (value, self->hostname);
      break;
    case KVMM_GUEST_PROP_AGENT_VERSION:
      g_value_set_string (value, self->agent_version);
      break;
    case KVMM_GUEST_PROP_POLICY_ERROR:
      g_value_set_string (value, self->policy_error);
      break;
    case KVMM_GUEST_PROP_ROUND_TRIP_US:
      g_value_set_int64 (value, self->round_trip_us);
      break;
    case KVMM_GUEST_PROP_RETRY_AT_US:
      g_value_set_int64 (value, self->retry_at_us);
      break;
    case KVMM_GUEST_PROP_WAITING_SINCE_US:
      g_value_set_int64 (value, self->waiting_since_us);
      break;
    case KVMM_GUEST_PROP_CONTROL_ALLOWED:
      g_value_set_boolean (value, kvmm_guest_get_control_allowed (self));
      break;
    case KVMM_GUEST_N_PROPS:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kvmm_guest_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == KVMM_GUEST_PROP_CONTROL_ALLOWED)
    kvmm_guest_set_control_allowed (KVMM_GUEST (object), g_value_get_boolean (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static GParamSpec *
time_spec (const char *name, gint64 unset)
{
  return g_param_spec_int64 (name, NULL, NULL, unset, G_MAXINT64, unset,
                             G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
}

static GParamSpec *
text_spec (const char *name)
{
  return g_param_spec_string (name, NULL, NULL, NULL,
                              G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
}

static void
install_properties (GObjectClass *object_class)
{
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  props[KVMM_GUEST_PROP_STATE] =
      g_param_spec_enum ("state", NULL, NULL, KVMM_TYPE_GUEST_STATE, KVMM_GUEST_STATE_OFF, flags);
  props[KVMM_GUEST_PROP_STATE_TEXT] = text_spec ("state-text");
  props[KVMM_GUEST_PROP_STATE_DETAIL] = text_spec ("state-detail");
  props[KVMM_GUEST_PROP_SOURCE] = g_param_spec_uint (
      "source", NULL, NULL, 0, KVMM_GUEST_SOURCE_NETWORK, KVMM_GUEST_SOURCE_NONE, flags);
  props[KVMM_GUEST_PROP_ADDRESS] = text_spec ("address");
  props[KVMM_GUEST_PROP_OS_NAME] = text_spec ("os-name");
  props[KVMM_GUEST_PROP_HOSTNAME] = text_spec ("hostname");
  props[KVMM_GUEST_PROP_AGENT_VERSION] = text_spec ("agent-version");
  props[KVMM_GUEST_PROP_POLICY_ERROR] = text_spec ("policy-error");
  props[KVMM_GUEST_PROP_ROUND_TRIP_US] = time_spec ("round-trip-us", -1);
  props[KVMM_GUEST_PROP_RETRY_AT_US] = time_spec ("retry-at-us", 0);
  props[KVMM_GUEST_PROP_WAITING_SINCE_US] = time_spec ("waiting-since-us", 0);
  props[KVMM_GUEST_PROP_CONTROL_ALLOWED] =
      g_param_spec_boolean ("control-allowed", NULL, NULL, FALSE, flags | G_PARAM_WRITABLE);
  g_object_class_install_properties (object_class, KVMM_GUEST_N_PROPS, props);
}

static guint
add_signal (KvmmGuestClass *klass, const char *name)
{
  return g_signal_new (name, G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                       G_TYPE_NONE, 0);
}

static void
kvmm_guest_class_init (KvmmGuestClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = kvmm_guest_dispose;
  object_class->finalize = kvmm_guest_finalize;
  object_class->get_property = kvmm_guest_get_property;
  object_class->set_property = kvmm_guest_set_property;
  install_properties (object_class);
  system_changed_signal = add_signal (klass, "system-changed");
  metrics_changed_signal = add_signal (klass, "metrics-changed");
  fact_sources_changed_signal = add_signal (klass, "fact-sources-changed");
  access_changed_signal = add_signal (klass, "access-changed");
}

static void
kvmm_guest_init (KvmmGuest *self)
{
  self->round_trip_us = -1;
}

KvmmGuest *
kvmm_guest_new_with_backend (const KvmmGuestBackend *backend,
                             gpointer target,
                             const KvmmGuestIntervals *intervals,
                             void (*prepare_client) (KvmmAgentClient *client))
{
  KvmmGuest *self = g_object_new (KVMM_TYPE_GUEST, NULL);

  self->backend = backend;
  self->target = target;
  self->intervals = intervals;
  self->prepare_client = prepare_client;
  return self;
}

KvmmGuest *
kvmm_guest_new (KvmmDomain *domain)
{
  KVMM_ASSERT_MAIN_THREAD ();

  return kvmm_guest_new_with_backend (&kvmm_guest_libvirt_backend, domain,
                                      &kvmm_guest_default_intervals, NULL);
}
