/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-guest-private.h"

/* Linked only while src/model/kvmm-guest.c is not there, so that the rest of the model can be built
 * and tested: a guest about which nothing is ever known. */

struct _KvmmGuestItem
{
  GObject parent_instance;
};
G_DEFINE_FINAL_TYPE (KvmmGuestItem, kvmm_guest_item, G_TYPE_OBJECT)
static void
kvmm_guest_item_class_init (KvmmGuestItemClass *klass)
{
}
static void
kvmm_guest_item_init (KvmmGuestItem *self)
{
}
const KvmmGuestInterface *
kvmm_guest_item_get_interface (KvmmGuestItem *self)
{
  return NULL;
}
const KvmmGuestFilesystem *
kvmm_guest_item_get_filesystem (KvmmGuestItem *self)
{
  return NULL;
}
const KvmmGuestUser *
kvmm_guest_item_get_user (KvmmGuestItem *self)
{
  return NULL;
}

struct _KvmmGuest
{
  GObject parent_instance;
  GListStore *empty;
  KvmmHistory *history;
};
G_DEFINE_FINAL_TYPE (KvmmGuest, kvmm_guest, G_TYPE_OBJECT)
enum
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
  N_PROPS
};
GType
kvmm_guest_state_get_type (void)
{
  static gsize type;
  static const GEnumValue values[] = { { KVMM_GUEST_STATE_OFF, "KVMM_GUEST_STATE_OFF", "off" },
                                       { 0, NULL, NULL } };
  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("KvmmGuestState", values));
  return type;
}
static void
get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  if (prop_id == PROP_STATE_TEXT || prop_id == PROP_STATE_DETAIL)
    g_value_set_static_string (value, "");
}
static void
finalize (GObject *object)
{
  KvmmGuest *self = KVMM_GUEST (object);
  g_clear_object (&self->empty);
  g_clear_object (&self->history);
  G_OBJECT_CLASS (kvmm_guest_parent_class)->finalize (object);
}
static void
kvmm_guest_class_init (KvmmGuestClass *klass)
{
  GObjectClass *c = G_OBJECT_CLASS (klass);
  static const char *const texts[] = { "state-text",    "state-detail", NULL,
                                       "address",       "os-name",      "hostname",
                                       "agent-version", "policy-error" };
  static const char *const times[] = { "round-trip-us", "retry-at-us", "waiting-since-us" };
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  c->get_property = get_property;
  c->finalize = finalize;
  g_object_class_install_property (
      c, PROP_STATE, g_param_spec_enum ("state", NULL, NULL, KVMM_TYPE_GUEST_STATE, 0, flags));
  g_object_class_install_property (c, PROP_SOURCE,
                                   g_param_spec_uint ("source", NULL, NULL, 0, 10, 0, flags));
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    if (texts[i] != NULL)
      g_object_class_install_property (c, PROP_STATE_TEXT + i,
                                       g_param_spec_string (texts[i], NULL, NULL, NULL, flags));
  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    g_object_class_install_property (
        c, PROP_ROUND_TRIP_US + i,
        g_param_spec_int64 (times[i], NULL, NULL, -1, G_MAXINT64, 0, flags));
  g_signal_new ("system-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                G_TYPE_NONE, 0);
  g_signal_new ("metrics-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                NULL, G_TYPE_NONE, 0);
}
static void
kvmm_guest_init (KvmmGuest *self)
{
}
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
KvmmGuestState
kvmm_guest_get_state (KvmmGuest *self)
{
  return KVMM_GUEST_STATE_OFF;
}
KvmmGuestSource
kvmm_guest_get_source (KvmmGuest *self)
{
  return KVMM_GUEST_SOURCE_NONE;
}
#define TEXT(name, value)                                                                          \
  const char *kvmm_guest_get_##name (KvmmGuest *self)                                              \
  {                                                                                                \
    return value;                                                                                  \
  }
TEXT (state_text, "")
TEXT (state_detail, "")
TEXT (address, NULL)
TEXT (os_name, NULL)
TEXT (hostname, NULL)
TEXT (agent_version, NULL)
TEXT (policy_error, NULL)
#define TIME(name)                                                                                 \
  gint64 kvmm_guest_get_##name (KvmmGuest *self)                                                   \
  {                                                                                                \
    return 0;                                                                                      \
  }
TIME (round_trip_us)
TIME (last_seen_us)
TIME (retry_at_us)
TIME (waiting_since_us)
#define LIST(name)                                                                                 \
  GListModel *kvmm_guest_get_##name (KvmmGuest *self)                                              \
  {                                                                                                \
    if (self->empty == NULL)                                                                       \
      self->empty = g_list_store_new (KVMM_TYPE_GUEST_ITEM);                                       \
    return G_LIST_MODEL (self->empty);                                                             \
  }
LIST (interfaces)
LIST (filesystems)
LIST (users)
const KvmmGuestSystem *
kvmm_guest_get_system (KvmmGuest *self)
{
  return NULL;
}
guint64
kvmm_guest_get_uptime_ms (KvmmGuest *self)
{
  return 0;
}
const KvmmGuestMetrics *
kvmm_guest_get_metrics (KvmmGuest *self)
{
  return NULL;
}
KvmmHistory *
kvmm_guest_get_history (KvmmGuest *self)
{
  if (self->history == NULL)
    self->history = kvmm_history_new (3, 150);
  return self->history;
}
void
kvmm_guest_hold (KvmmGuest *self)
{
}
void
kvmm_guest_release (KvmmGuest *self)
{
}
void
kvmm_guest_retry (KvmmGuest *self)
{
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
