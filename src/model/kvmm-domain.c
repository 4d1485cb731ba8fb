/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-domain-private.h"

#include <glib/gi18n.h>
#include <math.h>

#include "model/kvmm-connection-private.h"
#include "model/kvmm-guest-private.h"
#include "model/kvmm-shutdown-private.h"
#include "model/kvmm-usage.h"
#include "util/kvmm-thread.h"

struct _KvmmDomain
{
  GObject parent_instance;

  KvmmConnection *connection; /* (unowned) (nullable) */
  char uuid[37];
  char *name;                /* (owned) */
  KvmmXmlDomainFacts *facts; /* (owned) (nullable) strings are GRefStrings, shared by machines */
  char *xml;                 /* (owned) (nullable) kept only while wants_xml */
  KvmmGuest *guest;          /* (owned) (nullable) made when the machine runs or somebody asks */
  KvmmLog *log;              /* (owned) (nullable) made at the first entry or when somebody asks */
  KvmmShutdown *shutdown;    /* (owned) (nullable) the last one */
  KvmmUsage *usage;          /* (owned) (nullable) made at the first sample */
  char *pending;             /* (owned) (nullable) */
  guint pending_id;
  guint index;
  guint64 serial;
  gint64 since_us;
  int id;
  guint8 state; /* KvmmDomainState */
  guint autostart : 1;
  guint persistent : 1;
  guint has_managed_save : 1;
  guint wants_xml : 1;
  guint is_connected : 1;
};

G_DEFINE_FINAL_TYPE (KvmmDomain, kvmm_domain, G_TYPE_OBJECT)

typedef enum
{
  PROP_UUID = 1,
  PROP_NAME,
  PROP_TITLE,
  PROP_DESCRIPTION,
  PROP_TAGS,
  PROP_CONNECTION,
  PROP_STATE,
  PROP_STATE_TEXT,
  PROP_STATE_ICON_NAME,
  PROP_IS_ACTIVE,
  PROP_AUTOSTART,
  PROP_PERSISTENT,
  PROP_HAS_MANAGED_SAVE,
  PROP_ID,
  PROP_MEMORY_KIB,
  PROP_VCPUS,
  PROP_CPU_FRACTION,
  PROP_MEMORY_USED_KIB,
  PROP_SINCE_US,
  PROP_PENDING,
  PROP_XML,
  PROP_GUEST,
  PROP_SHUTDOWN,
} KvmmDomainProp;

static GParamSpec *properties[PROP_SHUTDOWN + 1];
static guint stats_changed_signal;

static const struct
{
  const char *text;
  const char *icon_name;
} states[] = {
  [KVMM_DOMAIN_STATE_UNKNOWN] = { N_ ("Unknown"), "dialog-question-symbolic" },
  [KVMM_DOMAIN_STATE_RUNNING] = { N_ ("Running"), "media-playback-start-symbolic" },
  [KVMM_DOMAIN_STATE_PAUSED] = { N_ ("Paused"), "media-playback-pause-symbolic" },
  [KVMM_DOMAIN_STATE_SHUTTING_DOWN] = { N_ ("Shutting down"), "system-shutdown-symbolic" },
  [KVMM_DOMAIN_STATE_SHUT_OFF] = { N_ ("Shut off"), "media-playback-stop-symbolic" },
  [KVMM_DOMAIN_STATE_CRASHED] = { N_ ("Crashed"), "dialog-error-symbolic" },
  [KVMM_DOMAIN_STATE_SUSPENDED] = { N_ ("Suspended"), "weather-clear-night-symbolic" },
};

GType
kvmm_domain_state_get_type (void)
{
  static gsize type;
  static const GEnumValue values[] = {
    { KVMM_DOMAIN_STATE_UNKNOWN, "KVMM_DOMAIN_STATE_UNKNOWN", "unknown" },
    { KVMM_DOMAIN_STATE_RUNNING, "KVMM_DOMAIN_STATE_RUNNING", "running" },
    { KVMM_DOMAIN_STATE_PAUSED, "KVMM_DOMAIN_STATE_PAUSED", "paused" },
    { KVMM_DOMAIN_STATE_SHUTTING_DOWN, "KVMM_DOMAIN_STATE_SHUTTING_DOWN", "shutting-down" },
    { KVMM_DOMAIN_STATE_SHUT_OFF, "KVMM_DOMAIN_STATE_SHUT_OFF", "shut-off" },
    { KVMM_DOMAIN_STATE_CRASHED, "KVMM_DOMAIN_STATE_CRASHED", "crashed" },
    { KVMM_DOMAIN_STATE_SUSPENDED, "KVMM_DOMAIN_STATE_SUSPENDED", "suspended" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("KvmmDomainState", values));
  return type;
}

static void
notify (KvmmDomain *self, KvmmDomainProp prop)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[prop]);
}

/* Thousands of machines share a few texts such as "x86_64". */
static char *
share_text (const char *text)
{
  return text != NULL ? g_ref_string_new_intern (text) : NULL;
}

static void
facts_free (KvmmXmlDomainFacts *facts)
{
  g_clear_pointer (&facts->title, g_ref_string_release);
  g_clear_pointer (&facts->description, g_ref_string_release);
  g_clear_pointer (&facts->virt_type, g_ref_string_release);
  g_clear_pointer (&facts->machine, g_ref_string_release);
  g_clear_pointer (&facts->arch, g_ref_string_release);
  g_clear_pointer (&facts->os_info_id, g_ref_string_release);
  g_clear_pointer (&facts->tags, g_strfreev);
  g_clear_pointer (&facts->made, g_strfreev);
  g_free (facts);
}

/* The info that carries the facts also carries the XML, tens of kilobytes; so the facts are copied
 * and the info is let go. */
static KvmmXmlDomainFacts *
facts_copy (const KvmmXmlDomainFacts *facts)
{
  KvmmXmlDomainFacts *copy = g_memdup2 (facts, sizeof *facts);

  copy->title = share_text (facts->title);
  copy->description = share_text (facts->description);
  copy->virt_type = share_text (facts->virt_type);
  copy->machine = share_text (facts->machine);
  copy->arch = share_text (facts->arch);
  copy->os_info_id = share_text (facts->os_info_id);
  copy->tags = g_strdupv (facts->tags);
  copy->made = g_strdupv (facts->made);
  return copy;
}

static gboolean
is_same_words (char **a, char **b)
{
  static char *none[] = { NULL };

  return g_strv_equal ((const char *const *) (a != NULL ? a : none),
                       (const char *const *) (b != NULL ? b : none));
}

static void
apply_facts (KvmmDomain *self, const KvmmXmlDomainFacts *facts)
{
  KvmmXmlDomainFacts *old = self->facts;

  self->facts = facts_copy (facts);
  if (old == NULL || g_strcmp0 (old->title, facts->title) != 0)
    notify (self, PROP_TITLE);
  if (old == NULL || g_strcmp0 (old->description, facts->description) != 0)
    notify (self, PROP_DESCRIPTION);
  if (!is_same_words (old != NULL ? old->tags : NULL, facts->tags))
    notify (self, PROP_TAGS);
  if (old == NULL || old->current_memory_kib != facts->current_memory_kib ||
      old->memory_kib != facts->memory_kib)
    notify (self, PROP_MEMORY_KIB);
  if (old == NULL || old->vcpus != facts->vcpus)
    notify (self, PROP_VCPUS);
  if (old == NULL || old->is_template != facts->is_template || old->wait != facts->wait)
    notify (self, PROP_STATE_TEXT);
  g_clear_pointer (&old, facts_free);
}

static gboolean
is_active_state (KvmmDomainState state)
{
  switch (state)
    {
    case KVMM_DOMAIN_STATE_RUNNING:
    case KVMM_DOMAIN_STATE_PAUSED:
    case KVMM_DOMAIN_STATE_SHUTTING_DOWN:
    case KVMM_DOMAIN_STATE_SUSPENDED:
      return TRUE;
    case KVMM_DOMAIN_STATE_UNKNOWN:
    case KVMM_DOMAIN_STATE_SHUT_OFF:
    case KVMM_DOMAIN_STATE_CRASHED:
      return FALSE;
    }
  return FALSE;
}

static void
stop_usage (KvmmDomain *self)
{
  if (self->usage == NULL)
    return;
  kvmm_usage_stop (self->usage);
  notify (self, PROP_CPU_FRACTION);
  notify (self, PROP_MEMORY_USED_KIB);
  g_signal_emit (self, stats_changed_signal, 0);
}

static void
apply_state (KvmmDomain *self, KvmmDomainState state)
{
  gboolean was_active = kvmm_domain_get_is_active (self);
  KvmmDomainState old = self->state;

  self->state = state;
  /* A lost connection says nothing about the machine: it may have run all the while. */
  if (state != KVMM_DOMAIN_STATE_UNKNOWN && old != KVMM_DOMAIN_STATE_UNKNOWN)
    {
      self->since_us = g_get_real_time ();
      notify (self, PROP_SINCE_US);
    }
  kvmm_domain_set_pending (self, NULL);
  notify (self, PROP_STATE);
  notify (self, PROP_STATE_TEXT);
  notify (self, PROP_STATE_ICON_NAME);
  if (was_active != kvmm_domain_get_is_active (self))
    notify (self, PROP_IS_ACTIVE);
  if (was_active && !kvmm_domain_get_is_active (self))
    stop_usage (self);
}

static void
apply_xml (KvmmDomain *self, const char *xml)
{
  if (!self->wants_xml || xml == NULL || g_strcmp0 (xml, self->xml) == 0)
    return;
  g_free (self->xml);
  self->xml = g_strdup (xml);
  notify (self, PROP_XML);
}

static void
apply_flags (KvmmDomain *self, KvmmDomainInfo *info)
{
  gboolean autostart = kvmm_domain_info_get_autostart (info);
  gboolean persistent = kvmm_domain_info_get_persistent (info);
  gboolean has_managed_save = kvmm_domain_info_get_has_managed_save (info);

  if (self->autostart != autostart)
    {
      self->autostart = autostart;
      kvmm_domain_set_pending (self, NULL);
      notify (self, PROP_AUTOSTART);
    }
  if (self->persistent != persistent)
    {
      self->persistent = persistent;
      notify (self, PROP_PERSISTENT);
    }
  if (self->has_managed_save != has_managed_save)
    {
      self->has_managed_save = has_managed_save;
      notify (self, PROP_HAS_MANAGED_SAVE);
    }
}

static KvmmGuest *
ensure_guest (KvmmDomain *self)
{
  if (self->guest == NULL)
    {
      self->guest = kvmm_guest_new (self);
      if (self->is_connected)
        kvmm_guest_connection_changed (self->guest, TRUE);
    }
  return self->guest;
}

static gboolean
pending_expired_cb (gpointer user_data)
{
  KvmmDomain *self = user_data;

  self->pending_id = 0;
  kvmm_domain_set_pending (self, NULL);
  return G_SOURCE_REMOVE;
}

static void
kvmm_domain_dispose (GObject *object)
{
  KvmmDomain *self = KVMM_DOMAIN (object);

  KVMM_ASSERT_MAIN_THREAD ();
  g_clear_handle_id (&self->pending_id, g_source_remove);
  kvmm_domain_detach (self);
  g_clear_object (&self->guest);
  g_clear_object (&self->shutdown);
  g_clear_object (&self->log);
  G_OBJECT_CLASS (kvmm_domain_parent_class)->dispose (object);
}

static void
kvmm_domain_finalize (GObject *object)
{
  KvmmDomain *self = KVMM_DOMAIN (object);

  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->facts, facts_free);
  g_clear_pointer (&self->xml, g_free);
  g_clear_pointer (&self->usage, kvmm_usage_free);
  g_clear_pointer (&self->pending, g_free);
  G_OBJECT_CLASS (kvmm_domain_parent_class)->finalize (object);
}

static void
kvmm_domain_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  KvmmDomain *self = KVMM_DOMAIN (object);

  switch ((KvmmDomainProp) prop_id)
    {
    case PROP_UUID:
      g_value_set_string (value, self->uuid);
      break;
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_TITLE:
      g_value_set_string (value, kvmm_domain_get_title (self));
      break;
    case PROP_DESCRIPTION:
      g_value_set_string (value, kvmm_domain_get_description (self));
      break;
    case PROP_TAGS:
      g_value_set_boxed (value, kvmm_domain_get_tags (self));
      break;
    case PROP_CONNECTION:
      g_value_set_object (value, self->connection);
      break;
    case PROP_STATE:
      g_value_set_enum (value, self->state);
      break;
    case PROP_STATE_TEXT:
      g_value_set_static_string (value, kvmm_domain_get_state_text (self));
      break;
    case PROP_STATE_ICON_NAME:
      g_value_set_static_string (value, kvmm_domain_get_state_icon_name (self));
      break;
    case PROP_IS_ACTIVE:
      g_value_set_boolean (value, kvmm_domain_get_is_active (self));
      break;
    case PROP_AUTOSTART:
      g_value_set_boolean (value, self->autostart);
      break;
    case PROP_PERSISTENT:
      g_value_set_boolean (value, self->persistent);
      break;
    case PROP_HAS_MANAGED_SAVE:
      g_value_set_boolean (value, self->has_managed_save);
      break;
    case PROP_ID:
      g_value_set_int (value, self->id);
      break;
    case PROP_MEMORY_KIB:
      g_value_set_uint64 (value, kvmm_domain_get_memory_kib (self));
      break;
    case PROP_VCPUS:
      g_value_set_uint (value, kvmm_domain_get_vcpus (self));
      break;
    case PROP_CPU_FRACTION:
      g_value_set_double (value, kvmm_domain_get_cpu_fraction (self));
      break;
    case PROP_MEMORY_USED_KIB:
      g_value_set_uint64 (value, kvmm_domain_get_memory_used_kib (self));
      break;
    case PROP_SINCE_US:
      g_value_set_int64 (value, self->since_us);
      break;
    case PROP_PENDING:
      g_value_set_string (value, self->pending);
      break;
    case PROP_XML:
      g_value_set_string (value, self->xml);
      break;
    case PROP_GUEST:
      g_value_set_object (value, ensure_guest (self));
      break;
    case PROP_SHUTDOWN:
      g_value_set_object (value, self->shutdown);
      break;
    }
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  properties[PROP_UUID] = g_param_spec_string ("uuid", NULL, NULL, NULL, flags);
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);
  properties[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, NULL, flags);
  properties[PROP_DESCRIPTION] = g_param_spec_string ("description", NULL, NULL, NULL, flags);
  properties[PROP_TAGS] = g_param_spec_boxed ("tags", NULL, NULL, G_TYPE_STRV, flags);
  properties[PROP_CONNECTION] =
      g_param_spec_object ("connection", NULL, NULL, KVMM_TYPE_CONNECTION, flags);
  properties[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, KVMM_TYPE_DOMAIN_STATE,
                                              KVMM_DOMAIN_STATE_UNKNOWN, flags);
  properties[PROP_STATE_TEXT] = g_param_spec_string ("state-text", NULL, NULL, NULL, flags);
  properties[PROP_STATE_ICON_NAME] =
      g_param_spec_string ("state-icon-name", NULL, NULL, NULL, flags);
  properties[PROP_IS_ACTIVE] = g_param_spec_boolean ("is-active", NULL, NULL, FALSE, flags);
  properties[PROP_AUTOSTART] = g_param_spec_boolean ("autostart", NULL, NULL, FALSE, flags);
  properties[PROP_PERSISTENT] = g_param_spec_boolean ("persistent", NULL, NULL, FALSE, flags);
  properties[PROP_HAS_MANAGED_SAVE] =
      g_param_spec_boolean ("has-managed-save", NULL, NULL, FALSE, flags);
  properties[PROP_ID] = g_param_spec_int ("id", NULL, NULL, -1, G_MAXINT, -1, flags);
  properties[PROP_MEMORY_KIB] =
      g_param_spec_uint64 ("memory-kib", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  properties[PROP_VCPUS] = g_param_spec_uint ("vcpus", NULL, NULL, 0, G_MAXUINT, 0, flags);
  properties[PROP_CPU_FRACTION] =
      g_param_spec_double ("cpu-fraction", NULL, NULL, -G_MAXDOUBLE, G_MAXDOUBLE, 0, flags);
  properties[PROP_MEMORY_USED_KIB] =
      g_param_spec_uint64 ("memory-used-kib", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  properties[PROP_SINCE_US] = g_param_spec_int64 ("since-us", NULL, NULL, 0, G_MAXINT64, 0, flags);
  properties[PROP_PENDING] = g_param_spec_string ("pending", NULL, NULL, NULL, flags);
  properties[PROP_XML] = g_param_spec_string ("xml", NULL, NULL, NULL, flags);
  properties[PROP_GUEST] = g_param_spec_object ("guest", NULL, NULL, KVMM_TYPE_GUEST, flags);
  properties[PROP_SHUTDOWN] =
      g_param_spec_object ("shutdown", NULL, NULL, KVMM_TYPE_SHUTDOWN, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
kvmm_domain_class_init (KvmmDomainClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = kvmm_domain_dispose;
  object_class->finalize = kvmm_domain_finalize;
  object_class->get_property = kvmm_domain_get_property;
  install_properties (object_class);
  stats_changed_signal =
      g_signal_new ("stats-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                    g_cclosure_marshal_VOID__VOID, G_TYPE_NONE, 0);
}

static void
kvmm_domain_init (KvmmDomain *self)
{
  self->id = -1;
}

/* ---- for the connection ---- */

KvmmDomain *
kvmm_domain_new (KvmmConnection *connection, KvmmDomainInfo *info, guint64 serial)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_val_if_fail (info != NULL, NULL);

  KvmmDomain *self = g_object_new (KVMM_TYPE_DOMAIN, NULL);
  self->connection = connection;
  self->is_connected = TRUE;
  g_strlcpy (self->uuid, kvmm_domain_info_get_uuid (info), sizeof self->uuid);
  kvmm_domain_apply (self, info, serial);
  return self;
}

/* Another run means that the one that was to end has ended. A lost connection means nothing. */
static void
watch_shutdown (KvmmDomain *self, int old_id)
{
  KvmmDomainState state = self->state;

  if (self->shutdown == NULL)
    return;
  if (state == KVMM_DOMAIN_STATE_SHUT_OFF || state == KVMM_DOMAIN_STATE_CRASHED ||
      (kvmm_domain_get_is_active (self) && old_id >= 0 && self->id != old_id))
    kvmm_shutdown_machine_off (self->shutdown);
}

gboolean
kvmm_domain_apply (KvmmDomain *self, KvmmDomainInfo *info, guint64 serial)
{
  const char *name = kvmm_domain_info_get_name (info);
  KvmmDomainState state = kvmm_domain_info_get_state (info);
  const KvmmXmlDomainFacts *facts = kvmm_domain_info_get_facts (info);
  gboolean was_active = kvmm_domain_get_is_active (self);
  int old_id = self->id;
  gboolean must_sort = FALSE;

  if (serial < self->serial)
    return FALSE;
  self->serial = serial;

  g_object_freeze_notify (G_OBJECT (self));
  self->id = kvmm_domain_info_get_id (info);
  if (self->id != old_id)
    notify (self, PROP_ID);
  if (g_strcmp0 (self->name, name) != 0)
    {
      g_free (self->name);
      self->name = g_strdup (name);
      notify (self, PROP_NAME);
      must_sort = TRUE;
    }
  if (self->state != state)
    {
      apply_state (self, state);
      must_sort = TRUE;
    }
  /* Each start gives a new id, also when the stop and the start fell between two reads. */
  if (self->usage != NULL && kvmm_domain_get_is_active (self) &&
      (self->id != old_id || (!was_active && self->id < 0)))
    kvmm_usage_restart (self->usage);
  apply_flags (self, info);
  if (facts != NULL)
    apply_facts (self, facts);
  apply_xml (self, kvmm_domain_info_get_xml (info));
  g_object_thaw_notify (G_OBJECT (self));

  if (self->guest != NULL || kvmm_domain_get_is_active (self))
    kvmm_guest_update (ensure_guest (self), info);
  watch_shutdown (self, old_id);
  return must_sort;
}

guint64
kvmm_domain_get_serial (KvmmDomain *self)
{
  return self->serial;
}

gboolean
kvmm_domain_set_unknown (KvmmDomain *self)
{
  if (self->state == KVMM_DOMAIN_STATE_UNKNOWN)
    return FALSE;
  g_object_freeze_notify (G_OBJECT (self));
  apply_state (self, KVMM_DOMAIN_STATE_UNKNOWN);
  g_object_thaw_notify (G_OBJECT (self));
  return TRUE;
}

void
kvmm_domain_apply_stats (KvmmDomain *self, const KvmmDomainStats *stats)
{
  /* A sample can arrive after the event that the machine has stopped. */
  if (!kvmm_domain_get_is_active (self))
    return;
  if (self->usage == NULL)
    self->usage = kvmm_usage_new (KVMM_DOMAIN_HISTORY_CAPACITY);

  double cpu_fraction = kvmm_usage_get_cpu_fraction (self->usage);
  guint64 memory_used_kib = kvmm_usage_get_memory_used_kib (self->usage);
  if (!kvmm_usage_add (self->usage, stats))
    return;

  double new_cpu_fraction = kvmm_usage_get_cpu_fraction (self->usage);
  if (cpu_fraction != new_cpu_fraction && !(isnan (cpu_fraction) && isnan (new_cpu_fraction)))
    notify (self, PROP_CPU_FRACTION);
  if (memory_used_kib != kvmm_usage_get_memory_used_kib (self->usage))
    notify (self, PROP_MEMORY_USED_KIB);
  g_signal_emit (self, stats_changed_signal, 0);
}

void
kvmm_domain_forget_sample (KvmmDomain *self)
{
  if (self->usage != NULL)
    kvmm_usage_forget_sample (self->usage);
}

void
kvmm_domain_add_event (KvmmDomain *self, const KvmmVirtEvent *event)
{
  /* A reboot changes no state; what was pending is over. */
  if (g_strcmp0 (event->detail, "reset") == 0)
    {
      kvmm_domain_set_pending (self, NULL);
      if (self->shutdown != NULL)
        kvmm_shutdown_machine_restarted (self->shutdown);
    }
  if (event->text != NULL)
    kvmm_log_add (kvmm_domain_get_log (self), event->time_us, event->detail, event->text);
  if (self->guest != NULL)
    kvmm_guest_event (self->guest, event->detail);
}

void
kvmm_domain_set_connected (KvmmDomain *self, gboolean connected)
{
  if (self->is_connected == !!connected)
    return;
  self->is_connected = !!connected;
  if (self->guest != NULL)
    kvmm_guest_connection_changed (self->guest, connected);
}

void
kvmm_domain_detach (KvmmDomain *self)
{
  if (self->guest != NULL)
    kvmm_guest_shutdown (self->guest);
  /* A transient machine that goes off is gone. */
  if (self->shutdown != NULL && !self->persistent && self->is_connected)
    kvmm_shutdown_machine_off (self->shutdown);
  else if (self->shutdown != NULL)
    kvmm_shutdown_cancel (self->shutdown);
  if (self->connection == NULL)
    return;
  self->connection = NULL;
  notify (self, PROP_CONNECTION);
}

void
kvmm_domain_set_pending (KvmmDomain *self, const char *text)
{
  g_clear_handle_id (&self->pending_id, g_source_remove);
  if (text != NULL)
    self->pending_id =
        g_timeout_add_seconds (KVMM_DOMAIN_PENDING_SECONDS, pending_expired_cb, self);
  if (g_strcmp0 (self->pending, text) == 0)
    return;
  g_free (self->pending);
  self->pending = g_strdup (text);
  notify (self, PROP_PENDING);
}

void
kvmm_domain_set_shutdown (KvmmDomain *self, KvmmShutdown *shutdown)
{
  g_clear_object (&self->shutdown);
  self->shutdown = shutdown;
  notify (self, PROP_SHUTDOWN);
}

guint
kvmm_domain_get_index (KvmmDomain *self)
{
  return self->index;
}

void
kvmm_domain_set_index (KvmmDomain *self, guint index)
{
  self->index = index;
}

gboolean
kvmm_domain_get_wants_xml (KvmmDomain *self)
{
  return self->wants_xml;
}

/* ---- public ---- */

KvmmShutdown *
kvmm_domain_get_shutdown (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), NULL);
  return self->shutdown;
}

const char *
kvmm_domain_get_uuid (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), NULL);
  return self->uuid;
}

const char *
kvmm_domain_get_name (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), NULL);
  return self->name;
}

const char *
kvmm_domain_get_title (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), NULL);
  return self->facts != NULL ? self->facts->title : NULL;
}

const char *
kvmm_domain_get_description (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), NULL);
  return self->facts != NULL ? self->facts->description : NULL;
}

const char *const *
kvmm_domain_get_tags (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), NULL);
  return self->facts != NULL ? (const char *const *) self->facts->tags : NULL;
}

gboolean
kvmm_domain_get_is_template (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), FALSE);
  return self->facts != NULL && self->facts->is_template;
}

KvmmXmlWait
kvmm_domain_get_wait (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), KVMM_XML_WAIT_NONE);
  return self->facts != NULL ? self->facts->wait : KVMM_XML_WAIT_NONE;
}

KvmmConnection *
kvmm_domain_get_connection (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), NULL);
  return self->connection;
}

KvmmDomainState
kvmm_domain_get_state (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), KVMM_DOMAIN_STATE_UNKNOWN);
  return self->state;
}

const char *
kvmm_domain_get_state_text (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), NULL);
  if (self->state == KVMM_DOMAIN_STATE_SHUT_OFF && kvmm_domain_get_is_template (self))
    return _ ("Template");
  if (self->state == KVMM_DOMAIN_STATE_SHUT_OFF &&
      kvmm_domain_get_wait (self) != KVMM_XML_WAIT_NONE)
    return _ ("New");
  return _ (states[self->state].text);
}

const char *
kvmm_domain_get_state_icon_name (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), NULL);
  return states[self->state].icon_name;
}

gboolean
kvmm_domain_get_is_active (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), FALSE);
  return is_active_state (self->state);
}

gboolean
kvmm_domain_get_autostart (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), FALSE);
  return self->autostart;
}

gboolean
kvmm_domain_get_persistent (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), FALSE);
  return self->persistent;
}

gboolean
kvmm_domain_get_has_managed_save (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), FALSE);
  return self->has_managed_save;
}

int
kvmm_domain_get_id (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), -1);
  return self->id;
}

guint64
kvmm_domain_get_memory_kib (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), 0);

  if (self->facts == NULL)
    return 0;
  return self->facts->current_memory_kib != 0 ? self->facts->current_memory_kib
                                              : self->facts->memory_kib;
}

guint64
kvmm_domain_get_memory_used_kib (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), 0);
  return self->usage != NULL ? kvmm_usage_get_memory_used_kib (self->usage) : 0;
}

guint
kvmm_domain_get_vcpus (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), 0);
  return self->facts != NULL ? self->facts->vcpus : 0;
}

double
kvmm_domain_get_cpu_fraction (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), NAN);
  return self->usage != NULL ? kvmm_usage_get_cpu_fraction (self->usage) : (double) NAN;
}

gint64
kvmm_domain_get_since_us (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), 0);
  return self->since_us;
}

const char *
kvmm_domain_get_pending (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), NULL);
  return self->pending;
}

const char *
kvmm_domain_get_xml (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), NULL);

  if (!self->wants_xml)
    {
      self->wants_xml = TRUE;
      if (self->connection != NULL)
        kvmm_connection_reread (self->connection, self->uuid);
    }
  return self->xml;
}

const KvmmXmlDomainFacts *
kvmm_domain_get_facts (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), NULL);
  return self->facts;
}

KvmmGuest *
kvmm_domain_get_guest (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), NULL);
  return ensure_guest (self);
}

KvmmLog *
kvmm_domain_get_log (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), NULL);

  if (self->log == NULL)
    self->log = kvmm_log_new ();
  return self->log;
}

KvmmHistory *
kvmm_domain_get_history (KvmmDomain *self)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), NULL);
  return self->usage != NULL ? kvmm_usage_get_history (self->usage) : NULL;
}
