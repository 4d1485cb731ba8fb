/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-log.h"

#include "util/kvmm-thread.h"

struct _KvmmLogEntry
{
  GObject parent_instance;

  gint64 time_us;
  char *word; /* (owned) */
  char *text; /* (owned) */
};

G_DEFINE_FINAL_TYPE (KvmmLogEntry, kvmm_log_entry, G_TYPE_OBJECT)

typedef enum
{
  PROP_TIME_US = 1,
  PROP_WORD,
  PROP_TEXT,
  PROP_ICON_NAME,
} KvmmLogEntryProp;

static GParamSpec *properties[PROP_ICON_NAME + 1];

/* By the start of the word, because a word may carry a detail ("watchdog:pause"). */
static const struct
{
  const char *prefix;
  const char *icon_name;
} icons[] = {
  { "started", "media-playback-start-symbolic" },
  { "wakeup", "media-playback-start-symbolic" },
  { "resumed", "media-playback-start-symbolic" },
  { "paused:io-error", "dialog-error-symbolic" },
  { "paused", "media-playback-pause-symbolic" },
  { "stopped:crashed", "dialog-error-symbolic" },
  { "stopped:failed", "dialog-error-symbolic" },
  { "stopped:saved", "document-save-symbolic" },
  { "stopped", "media-playback-stop-symbolic" },
  { "shutdown", "system-shutdown-symbolic" },
  { "suspended", "weather-clear-night-symbolic" },
  { "reset", "system-reboot-symbolic" },
  { "defined", "list-add-symbolic" },
  { "undefined", "list-remove-symbolic" },
  { "device-added", "list-add-symbolic" },
  { "device-removed", "list-remove-symbolic" },
  { "crashed", "dialog-error-symbolic" },
  { "failed", "dialog-error-symbolic" },
  { "io-error", "dialog-error-symbolic" },
  { "control-error", "dialog-error-symbolic" },
  { "memory-failure", "dialog-error-symbolic" },
  { "watchdog", "dialog-warning-symbolic" },
  { "no-kvm", "dialog-warning-symbolic" },
  { "tray", "media-optical-symbolic" },
  { "agent", "network-transmit-receive-symbolic" },
  { "channel", "network-transmit-receive-symbolic" },
  { "connected", "network-transmit-receive-symbolic" },
  { "lost", "network-offline-symbolic" },
  { "disconnected", "network-offline-symbolic" },
};

static void
kvmm_log_entry_finalize (GObject *object)
{
  KvmmLogEntry *self = KVMM_LOG_ENTRY (object);

  g_clear_pointer (&self->word, g_free);
  g_clear_pointer (&self->text, g_free);
  G_OBJECT_CLASS (kvmm_log_entry_parent_class)->finalize (object);
}

static void
kvmm_log_entry_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  KvmmLogEntry *self = KVMM_LOG_ENTRY (object);

  switch ((KvmmLogEntryProp) prop_id)
    {
    case PROP_TIME_US:
      g_value_set_int64 (value, self->time_us);
      break;
    case PROP_WORD:
      g_value_set_string (value, self->word);
      break;
    case PROP_TEXT:
      g_value_set_string (value, self->text);
      break;
    case PROP_ICON_NAME:
      g_value_set_static_string (value, kvmm_log_entry_get_icon_name (self));
      break;
    }
}

static void
kvmm_log_entry_class_init (KvmmLogEntryClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = kvmm_log_entry_finalize;
  object_class->get_property = kvmm_log_entry_get_property;

  properties[PROP_TIME_US] =
      g_param_spec_int64 ("time-us", NULL, NULL, G_MININT64, G_MAXINT64, 0, flags);
  properties[PROP_WORD] = g_param_spec_string ("word", NULL, NULL, NULL, flags);
  properties[PROP_TEXT] = g_param_spec_string ("text", NULL, NULL, NULL, flags);
  properties[PROP_ICON_NAME] = g_param_spec_string ("icon-name", NULL, NULL, NULL, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
kvmm_log_entry_init (KvmmLogEntry *self)
{
}

gint64
kvmm_log_entry_get_time_us (KvmmLogEntry *self)
{
  g_return_val_if_fail (KVMM_IS_LOG_ENTRY (self), 0);
  return self->time_us;
}

const char *
kvmm_log_entry_get_word (KvmmLogEntry *self)
{
  g_return_val_if_fail (KVMM_IS_LOG_ENTRY (self), NULL);
  return self->word;
}

const char *
kvmm_log_entry_get_text (KvmmLogEntry *self)
{
  g_return_val_if_fail (KVMM_IS_LOG_ENTRY (self), NULL);
  return self->text;
}

const char *
kvmm_log_entry_get_icon_name (KvmmLogEntry *self)
{
  g_return_val_if_fail (KVMM_IS_LOG_ENTRY (self), NULL);

  for (guint i = 0; i < G_N_ELEMENTS (icons); i++)
    if (g_str_has_prefix (self->word, icons[i].prefix))
      return icons[i].icon_name;
  return "dialog-information-symbolic";
}

struct _KvmmLog
{
  GObject parent_instance;

  GQueue entries; /* of KvmmLogEntry (owned), newest last */
};

static GType
kvmm_log_get_item_type (GListModel *model)
{
  return KVMM_TYPE_LOG_ENTRY;
}

static guint
kvmm_log_get_n_items (GListModel *model)
{
  return KVMM_LOG (model)->entries.length;
}

static gpointer
kvmm_log_get_item (GListModel *model, guint position)
{
  KvmmLogEntry *entry = g_queue_peek_nth (&KVMM_LOG (model)->entries, position);

  return entry != NULL ? g_object_ref (entry) : NULL;
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = kvmm_log_get_item_type;
  iface->get_n_items = kvmm_log_get_n_items;
  iface->get_item = kvmm_log_get_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (KvmmLog,
                               kvmm_log,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

static void
kvmm_log_finalize (GObject *object)
{
  KvmmLog *self = KVMM_LOG (object);

  g_queue_clear_full (&self->entries, g_object_unref);
  G_OBJECT_CLASS (kvmm_log_parent_class)->finalize (object);
}

static void
kvmm_log_class_init (KvmmLogClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = kvmm_log_finalize;
}

static void
kvmm_log_init (KvmmLog *self)
{
  g_queue_init (&self->entries);
}

KvmmLog *
kvmm_log_new (void)
{
  KVMM_ASSERT_MAIN_THREAD ();
  return g_object_new (KVMM_TYPE_LOG, NULL);
}

void
kvmm_log_add (KvmmLog *self, gint64 time_us, const char *word, const char *text)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_LOG (self));
  g_return_if_fail (text != NULL);

  KvmmLogEntry *entry = g_object_new (KVMM_TYPE_LOG_ENTRY, NULL);
  entry->time_us = time_us != 0 ? time_us : g_get_real_time ();
  entry->word = g_strdup (word != NULL ? word : "");
  entry->text = g_strdup (text);

  if (self->entries.length == KVMM_LOG_MAX_ENTRIES)
    {
      KvmmLogEntry *oldest = g_queue_pop_head (&self->entries);
      g_clear_object (&oldest);
      g_list_model_items_changed (G_LIST_MODEL (self), 0, 1, 0);
    }
  g_queue_push_tail (&self->entries, entry);
  g_list_model_items_changed (G_LIST_MODEL (self), self->entries.length - 1, 0, 1);
}
