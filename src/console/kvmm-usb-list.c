/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-usb-list.h"

#include "util/kvmm-guest-text.h"
#include "util/kvmm-thread.h"

struct _KvmmUsbDevice
{
  GObject parent_instance;

  char *title;          /* (owned) */
  char *details;        /* (owned) */
  char *blocked_reason; /* (owned) (nullable) */
  char *error_text;     /* (owned) (nullable) */
  gboolean attached;
  gboolean busy;
};

G_DEFINE_FINAL_TYPE (KvmmUsbDevice, kvmm_usb_device, G_TYPE_OBJECT)

typedef enum
{
  PROP_TITLE = 1,
  PROP_DETAILS,
  PROP_ATTACHED,
  PROP_BUSY,
  PROP_BLOCKED_REASON,
  PROP_ERROR_TEXT,
} KvmmUsbDeviceProp;

static GParamSpec *properties[PROP_ERROR_TEXT + 1];

enum
{
  REQUESTED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

const char *
kvmm_usb_device_get_title (KvmmUsbDevice *self)
{
  g_return_val_if_fail (KVMM_IS_USB_DEVICE (self), NULL);
  return self->title;
}

const char *
kvmm_usb_device_get_details (KvmmUsbDevice *self)
{
  g_return_val_if_fail (KVMM_IS_USB_DEVICE (self), NULL);
  return self->details;
}

gboolean
kvmm_usb_device_get_attached (KvmmUsbDevice *self)
{
  g_return_val_if_fail (KVMM_IS_USB_DEVICE (self), FALSE);
  return self->attached;
}

gboolean
kvmm_usb_device_get_busy (KvmmUsbDevice *self)
{
  g_return_val_if_fail (KVMM_IS_USB_DEVICE (self), FALSE);
  return self->busy;
}

const char *
kvmm_usb_device_get_blocked_reason (KvmmUsbDevice *self)
{
  g_return_val_if_fail (KVMM_IS_USB_DEVICE (self), NULL);
  return self->blocked_reason;
}

const char *
kvmm_usb_device_get_error_text (KvmmUsbDevice *self)
{
  g_return_val_if_fail (KVMM_IS_USB_DEVICE (self), NULL);
  return self->error_text;
}

static void
set_flag (KvmmUsbDevice *self, gboolean *flag, gboolean value, KvmmUsbDeviceProp prop)
{
  if (*flag == !!value)
    return;
  *flag = !!value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[prop]);
}

static void
set_text (KvmmUsbDevice *self, char **text, const char *value, KvmmUsbDeviceProp prop)
{
  if (g_strcmp0 (*text, value) == 0)
    return;
  g_free (*text);
  *text = g_strdup (value);
  g_object_notify_by_pspec (G_OBJECT (self), properties[prop]);
}

void
kvmm_usb_device_set_attached (KvmmUsbDevice *self, gboolean attached)
{
  g_return_if_fail (KVMM_IS_USB_DEVICE (self));
  set_flag (self, &self->attached, attached, PROP_ATTACHED);
}

void
kvmm_usb_device_set_busy (KvmmUsbDevice *self, gboolean busy)
{
  g_return_if_fail (KVMM_IS_USB_DEVICE (self));
  set_flag (self, &self->busy, busy, PROP_BUSY);
}

void
kvmm_usb_device_set_blocked_reason (KvmmUsbDevice *self, const char *reason)
{
  g_return_if_fail (KVMM_IS_USB_DEVICE (self));
  set_text (self, &self->blocked_reason, reason, PROP_BLOCKED_REASON);
}

void
kvmm_usb_device_set_error_text (KvmmUsbDevice *self, const char *text)
{
  g_return_if_fail (KVMM_IS_USB_DEVICE (self));
  set_text (self, &self->error_text, text, PROP_ERROR_TEXT);
}

void
kvmm_usb_device_request (KvmmUsbDevice *self, gboolean attach)
{
  g_return_if_fail (KVMM_IS_USB_DEVICE (self));

  if (self->busy || self->attached == !!attach)
    return;
  kvmm_usb_device_set_error_text (self, NULL);
  g_signal_emit (self, signals[REQUESTED], 0, !!attach);
}

static void
kvmm_usb_device_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KvmmUsbDevice *self = KVMM_USB_DEVICE (object);

  switch ((KvmmUsbDeviceProp) id)
    {
    case PROP_TITLE:
      g_value_set_string (value, self->title);
      break;
    case PROP_DETAILS:
      g_value_set_string (value, self->details);
      break;
    case PROP_ATTACHED:
      g_value_set_boolean (value, self->attached);
      break;
    case PROP_BUSY:
      g_value_set_boolean (value, self->busy);
      break;
    case PROP_BLOCKED_REASON:
      g_value_set_string (value, self->blocked_reason);
      break;
    case PROP_ERROR_TEXT:
      g_value_set_string (value, self->error_text);
      break;
    }
}

static void
kvmm_usb_device_finalize (GObject *object)
{
  KvmmUsbDevice *self = KVMM_USB_DEVICE (object);

  g_free (self->title);
  g_free (self->details);
  g_free (self->blocked_reason);
  g_free (self->error_text);
  G_OBJECT_CLASS (kvmm_usb_device_parent_class)->finalize (object);
}

static void
kvmm_usb_device_class_init (KvmmUsbDeviceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = kvmm_usb_device_get_property;
  object_class->finalize = kvmm_usb_device_finalize;
  properties[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, NULL, flags);
  properties[PROP_DETAILS] = g_param_spec_string ("details", NULL, NULL, NULL, flags);
  properties[PROP_ATTACHED] = g_param_spec_boolean ("attached", NULL, NULL, FALSE, flags);
  properties[PROP_BUSY] = g_param_spec_boolean ("busy", NULL, NULL, FALSE, flags);
  properties[PROP_BLOCKED_REASON] = g_param_spec_string ("blocked-reason", NULL, NULL, NULL, flags);
  properties[PROP_ERROR_TEXT] = g_param_spec_string ("error-text", NULL, NULL, NULL, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
  signals[REQUESTED] = g_signal_new ("requested", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                     NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
}

static void
kvmm_usb_device_init (KvmmUsbDevice *self)
{
}

KvmmUsbDevice *
kvmm_usb_device_new (const char *title, const char *details)
{
  KVMM_ASSERT_MAIN_THREAD ();

  KvmmUsbDevice *self = g_object_new (KVMM_TYPE_USB_DEVICE, NULL);

  self->title = kvmm_guest_text_sanitise (title, -1);
  self->details = kvmm_guest_text_sanitise (details, -1);
  return self;
}

/* ---- the list ---- */

struct _KvmmUsbList
{
  GObject parent_instance;

  GListStore *store; /* (owned) */
};

static void list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KvmmUsbList,
                               kvmm_usb_list,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

static GType
get_item_type (GListModel *model)
{
  return KVMM_TYPE_USB_DEVICE;
}

static guint
get_n_items (GListModel *model)
{
  return g_list_model_get_n_items (G_LIST_MODEL (KVMM_USB_LIST (model)->store));
}

static gpointer
get_item (GListModel *model, guint position)
{
  return g_list_model_get_item (G_LIST_MODEL (KVMM_USB_LIST (model)->store), position);
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

void
kvmm_usb_list_add (KvmmUsbList *self, KvmmUsbDevice *device)
{
  g_return_if_fail (KVMM_IS_USB_LIST (self) && KVMM_IS_USB_DEVICE (device));

  if (get_n_items (G_LIST_MODEL (self)) < KVMM_USB_LIST_MAX)
    g_list_store_append (self->store, device);
}

void
kvmm_usb_list_remove (KvmmUsbList *self, KvmmUsbDevice *device)
{
  guint position;

  g_return_if_fail (KVMM_IS_USB_LIST (self) && KVMM_IS_USB_DEVICE (device));
  if (g_list_store_find (self->store, device, &position))
    g_list_store_remove (self->store, position);
}

static void
kvmm_usb_list_finalize (GObject *object)
{
  g_object_unref (KVMM_USB_LIST (object)->store);
  G_OBJECT_CLASS (kvmm_usb_list_parent_class)->finalize (object);
}

static void
kvmm_usb_list_class_init (KvmmUsbListClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kvmm_usb_list_finalize;
}

static void
kvmm_usb_list_init (KvmmUsbList *self)
{
  self->store = g_list_store_new (KVMM_TYPE_USB_DEVICE);
  g_signal_connect_object (self->store, "items-changed", G_CALLBACK (g_list_model_items_changed),
                           self, G_CONNECT_SWAPPED);
}

KvmmUsbList *
kvmm_usb_list_new (void)
{
  KVMM_ASSERT_MAIN_THREAD ();
  return g_object_new (KVMM_TYPE_USB_LIST, NULL);
}
