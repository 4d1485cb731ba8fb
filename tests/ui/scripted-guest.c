/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "scripted-guest.h"

#include "model/kvmm-guest-private.h"

struct _KvmmGuestItem
{
  GObject parent_instance;

  KvmmGuestInterface *interface;
  KvmmGuestFilesystem *filesystem;
  KvmmGuestUser *user;
};

G_DEFINE_FINAL_TYPE (KvmmGuestItem, kvmm_guest_item, G_TYPE_OBJECT)

struct _KvmmGuest
{
  GObject parent_instance;

  KvmmGuestState state;
  KvmmGuestSource source;
  char *detail;
  char *text;
  char *policy_error;
  gint64 since_us;
  KvmmGuestSystem *system;
  KvmmGuestMetrics *metrics;
  KvmmHistory *history;
  GListStore *interfaces;
  GListStore *filesystems;
  GListStore *users;
  GHashTable *access;     /* group → word */
  KvmmAgentClient *agent; /* (owned) (nullable) */
  gboolean control_allowed;
  int holds;
  guint retries;
};

G_DEFINE_FINAL_TYPE (KvmmGuest, kvmm_guest, G_TYPE_OBJECT)

typedef enum
{
  PROP_STATE = 1,
  PROP_STATE_TEXT,
  PROP_STATE_DETAIL,
  PROP_SOURCE,
  PROP_ADDRESS,
  PROP_OS_NAME,
  PROP_HOSTNAME,
  PROP_AGENT_VERSION,
  PROP_POLICY_ERROR,
  PROP_ROUND_TRIP_US,
  PROP_RETRY_AT_US,
  PROP_WAITING_SINCE_US,
} KvmmGuestProp;

static void
kvmm_guest_item_finalize (GObject *object)
{
  KvmmGuestItem *self = KVMM_GUEST_ITEM (object);

  g_clear_pointer (&self->interface, kvmm_guest_interface_free);
  g_clear_pointer (&self->filesystem, kvmm_guest_filesystem_free);
  g_clear_pointer (&self->user, kvmm_guest_user_free);
  G_OBJECT_CLASS (kvmm_guest_item_parent_class)->finalize (object);
}

static void
kvmm_guest_item_class_init (KvmmGuestItemClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kvmm_guest_item_finalize;
  g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                G_TYPE_NONE, 0);
}

static void
kvmm_guest_item_init (KvmmGuestItem *self)
{
}

const KvmmGuestInterface *
kvmm_guest_item_get_interface (KvmmGuestItem *self)
{
  return self->interface;
}

const KvmmGuestFilesystem *
kvmm_guest_item_get_filesystem (KvmmGuestItem *self)
{
  return self->filesystem;
}

const KvmmGuestUser *
kvmm_guest_item_get_user (KvmmGuestItem *self)
{
  return self->user;
}

GType
kvmm_guest_state_get_type (void)
{
  static gsize type;
  static const GEnumValue values[] = {
    { KVMM_GUEST_STATE_OFF, "KVMM_GUEST_STATE_OFF", "off" },
    { KVMM_GUEST_STATE_BLOCKED, "KVMM_GUEST_STATE_BLOCKED", "blocked" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("KvmmGuestState", values));
  return type;
}

static void
kvmm_guest_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KvmmGuest *self = KVMM_GUEST (object);

  switch ((KvmmGuestProp) id)
    {
    case PROP_STATE:
      g_value_set_enum (value, self->state);
      break;
    case PROP_STATE_TEXT:
      g_value_set_string (value, kvmm_guest_get_state_text (self));
      break;
    case PROP_STATE_DETAIL:
      g_value_set_string (value, self->detail);
      break;
    case PROP_SOURCE:
      g_value_set_uint (value, self->source);
      break;
    case PROP_ADDRESS:
    case PROP_OS_NAME:
    case PROP_HOSTNAME:
    case PROP_AGENT_VERSION:
      g_value_set_string (value, self->text);
      break;
    case PROP_POLICY_ERROR:
      g_value_set_string (value, self->policy_error);
      break;
    case PROP_ROUND_TRIP_US:
      g_value_set_int64 (value, kvmm_guest_get_round_trip_us (self));
      break;
    case PROP_RETRY_AT_US:
      g_value_set_int64 (value, kvmm_guest_get_retry_at_us (self));
      break;
    case PROP_WAITING_SINCE_US:
      g_value_set_int64 (value, kvmm_guest_get_waiting_since_us (self));
      break;
    }
}

static void
kvmm_guest_finalize (GObject *object)
{
  KvmmGuest *self = KVMM_GUEST (object);

  g_free (self->detail);
  g_free (self->text);
  g_free (self->policy_error);
  g_clear_object (&self->agent);
  g_clear_pointer (&self->system, kvmm_guest_system_free);
  g_clear_pointer (&self->metrics, kvmm_guest_metrics_free);
  g_clear_object (&self->history);
  g_clear_object (&self->interfaces);
  g_clear_object (&self->filesystems);
  g_clear_object (&self->users);
  g_hash_table_unref (self->access);
  G_OBJECT_CLASS (kvmm_guest_parent_class)->finalize (object);
}

static void
kvmm_guest_class_init (KvmmGuestClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  static const struct
  {
    KvmmGuestProp id;
    const char *name;
  } texts[] = {
    { PROP_STATE_TEXT, "state-text" },     { PROP_STATE_DETAIL, "state-detail" },
    { PROP_ADDRESS, "address" },           { PROP_OS_NAME, "os-name" },
    { PROP_HOSTNAME, "hostname" },         { PROP_AGENT_VERSION, "agent-version" },
    { PROP_POLICY_ERROR, "policy-error" },
  };
  static const struct
  {
    KvmmGuestProp id;
    const char *name;
  } times[] = {
    { PROP_ROUND_TRIP_US, "round-trip-us" },
    { PROP_RETRY_AT_US, "retry-at-us" },
    { PROP_WAITING_SINCE_US, "waiting-since-us" },
  };
  static const char *const signals[] = { "system-changed", "metrics-changed", "access-changed",
                                         "fact-sources-changed" };

  object_class->get_property = kvmm_guest_get_property;
  object_class->finalize = kvmm_guest_finalize;
  g_object_class_install_property (
      object_class, PROP_STATE,
      g_param_spec_enum ("state", NULL, NULL, KVMM_TYPE_GUEST_STATE, 0, flags));
  g_object_class_install_property (object_class, PROP_SOURCE,
                                   g_param_spec_uint ("source", NULL, NULL, 0, 10, 0, flags));
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_object_class_install_property (object_class, texts[i].id,
                                     g_param_spec_string (texts[i].name, NULL, NULL, NULL, flags));
  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    g_object_class_install_property (
        object_class, times[i].id,
        g_param_spec_int64 (times[i].name, NULL, NULL, -1, G_MAXINT64, 0, flags));
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    g_signal_new (signals[i], G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 0);
}

static void
kvmm_guest_init (KvmmGuest *self)
{
  self->history = kvmm_history_new (3, 150);
  self->interfaces = g_list_store_new (KVMM_TYPE_GUEST_ITEM);
  self->filesystems = g_list_store_new (KVMM_TYPE_GUEST_ITEM);
  self->users = g_list_store_new (KVMM_TYPE_GUEST_ITEM);
  self->access = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

/* ---- What the model calls ---- */

KvmmGuest *
kvmm_guest_new (KvmmDomain *domain)
{
  return g_object_new (KVMM_TYPE_GUEST, NULL);
}

void
kvmm_guest_update (KvmmGuest *self, KvmmDomainInfo *info)
{
}

void
kvmm_guest_connection_changed (KvmmGuest *self, gboolean connected)
{
}

void
kvmm_guest_event (KvmmGuest *self, const char *detail)
{
}

void
kvmm_guest_shutdown (KvmmGuest *self)
{
}

void
kvmm_guest_control_changed (KvmmGuest *self)
{
}

/* ---- What the interface calls ---- */

KvmmGuestState
kvmm_guest_get_state (KvmmGuest *self)
{
  return self->state;
}

const char *
kvmm_guest_get_state_text (KvmmGuest *self)
{
  return self->state == KVMM_GUEST_STATE_READY ? "Ready" : "Not ready";
}

const char *
kvmm_guest_get_state_detail (KvmmGuest *self)
{
  return self->detail;
}

KvmmGuestSource
kvmm_guest_get_fact_source (KvmmGuest *self, KvmmGuestFact fact)
{
  return kvmm_guest_get_source (self);
}

KvmmGuestSource
kvmm_guest_get_source (KvmmGuest *self)
{
  return self->source;
}

const char *
kvmm_guest_get_address (KvmmGuest *self)
{
  return self->text != NULL ? "192.0.2.7" : NULL;
}

const char *
kvmm_guest_get_os_name (KvmmGuest *self)
{
  return self->text;
}

const char *
kvmm_guest_get_hostname (KvmmGuest *self)
{
  return self->text;
}

const char *
kvmm_guest_get_agent_version (KvmmGuest *self)
{
  return self->state == KVMM_GUEST_STATE_READY ? "0.1.0" : NULL;
}

const char *
kvmm_guest_get_policy_error (KvmmGuest *self)
{
  return self->policy_error;
}

gint64
kvmm_guest_get_round_trip_us (KvmmGuest *self)
{
  return self->state == KVMM_GUEST_STATE_READY ? 420 : -1;
}

gint64
kvmm_guest_get_last_seen_us (KvmmGuest *self)
{
  return self->state == KVMM_GUEST_STATE_READY ? g_get_monotonic_time () : 0;
}

gint64
kvmm_guest_get_retry_at_us (KvmmGuest *self)
{
  return self->state == KVMM_GUEST_STATE_BLOCKED ? self->since_us + 300 * G_USEC_PER_SEC : 0;
}

gint64
kvmm_guest_get_waiting_since_us (KvmmGuest *self)
{
  return self->state == KVMM_GUEST_STATE_WAITING || self->state == KVMM_GUEST_STATE_CONNECTING
             ? self->since_us - 12 * G_USEC_PER_SEC
             : 0;
}

const KvmmGuestSystem *
kvmm_guest_get_system (KvmmGuest *self)
{
  return self->system;
}

guint64
kvmm_guest_get_uptime_ms (KvmmGuest *self)
{
  return self->system != NULL ? self->system->uptime_ms : 0;
}

const KvmmGuestMetrics *
kvmm_guest_get_metrics (KvmmGuest *self)
{
  return self->metrics;
}

GListModel *
kvmm_guest_get_interfaces (KvmmGuest *self)
{
  return G_LIST_MODEL (self->interfaces);
}

GListModel *
kvmm_guest_get_filesystems (KvmmGuest *self)
{
  return G_LIST_MODEL (self->filesystems);
}

GListModel *
kvmm_guest_get_users (KvmmGuest *self)
{
  return G_LIST_MODEL (self->users);
}

KvmmHistory *
kvmm_guest_get_history (KvmmGuest *self)
{
  return self->history;
}

KvmmAgentClient *
kvmm_guest_get_agent (KvmmGuest *self)
{
  return self->state == KVMM_GUEST_STATE_READY ? self->agent : NULL;
}

gboolean
kvmm_guest_get_control_allowed (KvmmGuest *self)
{
  return self->control_allowed;
}

void
kvmm_guest_set_control_allowed (KvmmGuest *self, gboolean allowed)
{
  self->control_allowed = allowed;
  g_signal_emit_by_name (self, "access-changed");
}

const char *
kvmm_guest_get_access (KvmmGuest *self, const char *group)
{
  const char *word = g_hash_table_lookup (self->access, group);

  return self->state == KVMM_GUEST_STATE_READY && word != NULL ? word : "deny";
}

char *
kvmm_guest_dup_policy_lines_for (KvmmGuest *self, const char *group, const char *word)
{
  return g_str_equal (kvmm_guest_get_access (self, group), word)
             ? NULL
             : g_strdup_printf ("[policy]\n%s=%s\n", group, word);
}

char *
kvmm_guest_dup_policy_lines (KvmmGuest *self, const char *group)
{
  return g_str_equal (kvmm_guest_get_access (self, group), "deny")
             ? kvmm_guest_dup_policy_lines_for (self, group, "allow")
             : NULL;
}

const char *
kvmm_guest_get_policy_path (void)
{
  return "/etc/scripted.conf";
}

const char *
kvmm_guest_get_policy_command (void)
{
  return "reload scripted";
}

void
kvmm_guest_hold (KvmmGuest *self)
{
  self->holds++;
}

void
kvmm_guest_release (KvmmGuest *self)
{
  self->holds--;
}

void
kvmm_guest_retry (KvmmGuest *self)
{
  self->retries++;
}

void
kvmm_guest_take_over (KvmmGuest *self)
{
}

void
kvmm_guest_refresh_async (KvmmGuest *self,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_return_boolean (task, TRUE);
}

gboolean
kvmm_guest_refresh_finish (KvmmGuest *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- What a test says ---- */

void
scripted_guest_set_state (KvmmGuest *self, KvmmGuestState state, const char *detail)
{
  self->state = state;
  self->since_us = g_get_monotonic_time ();
  if (state == KVMM_GUEST_STATE_READY)
    self->source = KVMM_GUEST_SOURCE_AGENT;
  g_free (self->detail);
  self->detail = g_strdup (detail);
  g_object_notify (G_OBJECT (self), "state");
  g_object_notify (G_OBJECT (self), "state-detail");
}

void
scripted_guest_set_source (KvmmGuest *self, KvmmGuestSource source)
{
  self->source = source;
  g_object_notify (G_OBJECT (self), "source");
}

void
scripted_guest_set_policy_error (KvmmGuest *self, const char *text)
{
  g_free (self->policy_error);
  self->policy_error = g_strdup (text);
  g_object_notify (G_OBJECT (self), "policy-error");
}

void
scripted_guest_set_facts (KvmmGuest *self, const char *text)
{
  KvmmGuestSystem *system = g_new0 (KvmmGuestSystem, 1);

  system->os_id = g_strdup (text);
  system->os_name = g_strdup (text);
  system->os_version = g_strdup (text);
  system->os_pretty = g_strdup (text);
  system->kernel = g_strdup (text);
  system->arch = g_strdup (text);
  system->hostname = g_strdup (text);
  system->timezone = g_strdup (text);
  system->virt = g_strdup (text);
  system->boot_time_s = 1700000000;
  system->uptime_ms = 3 * 86400 * G_GUINT64_CONSTANT (1000);
  system->cpus = 2;
  system->memory_bytes = G_GUINT64_CONSTANT (2147483648);
  g_clear_pointer (&self->system, kvmm_guest_system_free);
  self->system = system;
  g_free (self->text);
  self->text = g_strdup (text);
  g_object_notify (G_OBJECT (self), "hostname");
  g_signal_emit_by_name (self, "system-changed");
}

void
scripted_guest_add_filesystem (KvmmGuest *self,
                               const char *mount,
                               guint used_percent,
                               gboolean is_read_only,
                               gboolean is_stale)
{
  g_autoptr (KvmmGuestItem) item = g_object_new (KVMM_TYPE_GUEST_ITEM, NULL);

  item->filesystem = g_new0 (KvmmGuestFilesystem, 1);
  item->filesystem->mount = g_strdup (mount);
  item->filesystem->device = g_strdup ("/dev/vda1");
  item->filesystem->type = g_strdup ("ext4");
  item->filesystem->total_bytes = G_GUINT64_CONSTANT (100) << 30;
  item->filesystem->used_bytes = (guint64) used_percent << 30;
  item->filesystem->available_bytes = (guint64) (100 - used_percent) << 30;
  item->filesystem->is_read_only = is_read_only;
  item->filesystem->is_stale = is_stale;
  g_list_store_append (self->filesystems, item);
}

void
scripted_guest_add_interface (KvmmGuest *self,
                              const char *name,
                              const char *ip,
                              gboolean is_virtual)
{
  g_autoptr (KvmmGuestItem) item = g_object_new (KVMM_TYPE_GUEST_ITEM, NULL);
  KvmmGuestAddress *address = g_new0 (KvmmGuestAddress, 1);

  address->ip = g_strdup (ip);
  address->prefix = 24;
  address->scope = g_strdup ("global");
  address->is_dynamic = TRUE;
  item->interface = g_new0 (KvmmGuestInterface, 1);
  item->interface->name = g_strdup (name);
  item->interface->mac = g_strdup ("52:54:00:12:34:56");
  item->interface->state = g_strdup ("up");
  item->interface->kind = g_strdup (is_virtual ? "bridge" : "ether");
  item->interface->mtu = 1500;
  item->interface->is_virtual = is_virtual;
  item->interface->rx_bytes = 123456789;
  item->interface->tx_bytes = 2345678;
  item->interface->addresses =
      g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_guest_address_free);
  g_ptr_array_add (item->interface->addresses, address);
  g_list_store_append (self->interfaces, item);
}

void
scripted_guest_add_user (KvmmGuest *self, const char *user)
{
  g_autoptr (KvmmGuestItem) item = g_object_new (KVMM_TYPE_GUEST_ITEM, NULL);

  item->user = g_new0 (KvmmGuestUser, 1);
  item->user->user = g_strdup (user);
  item->user->terminal = g_strdup ("pts/0");
  item->user->remote_host = g_strdup ("192.0.2.99");
  item->user->login_time_s = 1700000000;
  g_list_store_append (self->users, item);
}

void
scripted_guest_push_metrics (KvmmGuest *self, double busy)
{
  KvmmGuestMetrics *metrics = g_new0 (KvmmGuestMetrics, 1);
  const float values[] = { (float) busy, 0.4f, (float) busy };

  metrics->cpu_user = busy;
  metrics->cpu_idle = 1 - busy;
  metrics->load[0] = busy;
  metrics->load[1] = metrics->load[2] = 0.25;
  metrics->memory_total_bytes = G_GUINT64_CONSTANT (2147483648);
  metrics->memory_available_bytes = G_GUINT64_CONSTANT (1288490188);
  metrics->swap_total_bytes = G_GUINT64_CONSTANT (1073741824);
  metrics->swap_free_bytes = G_GUINT64_CONSTANT (1073741824);
  metrics->has_psi = TRUE;
  metrics->psi_io = 1.5;
  metrics->processes = 97;
  g_clear_pointer (&self->metrics, kvmm_guest_metrics_free);
  self->metrics = metrics;
  kvmm_history_push (self->history, g_get_monotonic_time (), values, G_N_ELEMENTS (values));
  g_signal_emit_by_name (self, "metrics-changed");
}

void
scripted_guest_set_access (KvmmGuest *self, const char *group, const char *word)
{
  g_hash_table_replace (self->access, g_strdup (group), g_strdup (word));
  g_signal_emit_by_name (self, "access-changed");
}

void
scripted_guest_set_agent (KvmmGuest *self, KvmmAgentClient *agent)
{
  g_set_object (&self->agent, agent);
}

int
scripted_guest_get_holds (KvmmGuest *self)
{
  return self->holds;
}

guint
scripted_guest_get_retries (KvmmGuest *self)
{
  return self->retries;
}
