/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-service-item.h"

#include <glib/gi18n.h>

struct _KvmmServiceItem
{
  GObject parent_instance;

  KvmmGuestService *service; /* (owned) */
};

G_DEFINE_FINAL_TYPE (KvmmServiceItem, kvmm_service_item, G_TYPE_OBJECT)

static void
kvmm_service_item_finalize (GObject *object)
{
  KvmmServiceItem *self = KVMM_SERVICE_ITEM (object);

  g_clear_pointer (&self->service, kvmm_guest_service_free);
  G_OBJECT_CLASS (kvmm_service_item_parent_class)->finalize (object);
}

static void
kvmm_service_item_class_init (KvmmServiceItemClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kvmm_service_item_finalize;
  g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                G_TYPE_NONE, 0);
}

static void
kvmm_service_item_init (KvmmServiceItem *self)
{
}

KvmmServiceItem *
kvmm_service_item_new (KvmmGuestService *service)
{
  KvmmServiceItem *self = g_object_new (KVMM_TYPE_SERVICE_ITEM, NULL);

  self->service = service;
  return self;
}

const KvmmGuestService *
kvmm_service_item_get (KvmmServiceItem *self)
{
  return self->service;
}

static const char *
get_state_word (KvmmGuestServiceState state)
{
  switch (state)
    {
    case KVMM_GUEST_SERVICE_ACTIVE:
      return _ ("Active");
    case KVMM_GUEST_SERVICE_INACTIVE:
      return _ ("Inactive");
    case KVMM_GUEST_SERVICE_FAILED:
      return _ ("Failed");
    case KVMM_GUEST_SERVICE_CHANGING:
      return _ ("Changing");
    case KVMM_GUEST_SERVICE_UNKNOWN:
      break;
    }
  return _ ("Unknown");
}

char *
kvmm_service_item_dup_state (KvmmServiceItem *self)
{
  const char *word = get_state_word (self->service->state);
  const char *detail = self->service->sub_state;

  /* "Failed (failed)" says nothing twice. */
  if (detail == NULL || *detail == '\0' || self->service->state == KVMM_GUEST_SERVICE_FAILED)
    return g_strdup (word);
  /* Translators: the state of a service and the guest's own word for it: "Active (exited)" */
  return g_strdup_printf (_ ("%s (%s)"), word, detail);
}
