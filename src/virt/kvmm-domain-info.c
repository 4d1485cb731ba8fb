/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "virt/kvmm-domain-info.h"

#include "virt/kvmm-virt-private.h"

struct _KvmmDomainInfo
{
  gatomicrefcount ref_count;
  char *uuid;                /* (owned) */
  char *name;                /* (owned) */
  char *collate_key;         /* (owned) of the name: collating 3000 names pairwise is slow */
  char *xml;                 /* (owned) (nullable) */
  KvmmXmlDomainFacts *facts; /* (owned) (nullable) */
  int id;
  KvmmDomainState state;
  int reason;
  guint persistent : 1;
  guint autostart : 1;
  guint has_managed_save : 1;
};

G_DEFINE_BOXED_TYPE (KvmmDomainInfo, kvmm_domain_info, kvmm_domain_info_ref, kvmm_domain_info_unref)

KvmmDomainInfo *
kvmm_domain_info_new (const KvmmDomainInfoFields *fields, char *xml)
{
  KvmmDomainInfo *self = g_new0 (KvmmDomainInfo, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->uuid = g_strdup (fields->uuid);
  self->name = g_utf8_make_valid (fields->name, -1);
  self->collate_key = g_utf8_collate_key (self->name, -1);
  self->id = fields->id;
  self->state = fields->state;
  self->reason = fields->reason;
  self->persistent = fields->persistent;
  self->autostart = fields->autostart;
  self->has_managed_save = fields->has_managed_save;
  self->xml = xml;

  if (xml)
    {
      g_autoptr (GError) error = NULL;
      self->facts = kvmm_xml_domain_facts_parse (xml, &error);
      if (!self->facts)
        g_debug ("XML of %s cannot be read: %s", self->name, error->message);
    }
  return self;
}

KvmmDomainInfo *
kvmm_domain_info_ref (KvmmDomainInfo *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
kvmm_domain_info_unref (KvmmDomainInfo *self)
{
  g_return_if_fail (self != NULL);
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->uuid);
  g_free (self->name);
  g_free (self->collate_key);
  g_free (self->xml);
  g_clear_pointer (&self->facts, kvmm_xml_domain_facts_free);
  g_free (self);
}

const char *
kvmm_domain_info_get_uuid (const KvmmDomainInfo *self)
{
  return self->uuid;
}

const char *
kvmm_domain_info_get_name (const KvmmDomainInfo *self)
{
  return self->name;
}

int
kvmm_domain_info_get_id (const KvmmDomainInfo *self)
{
  return self->id;
}

KvmmDomainState
kvmm_domain_info_get_state (const KvmmDomainInfo *self)
{
  return self->state;
}

int
kvmm_domain_info_get_reason (const KvmmDomainInfo *self)
{
  return self->reason;
}

gboolean
kvmm_domain_info_get_persistent (const KvmmDomainInfo *self)
{
  return self->persistent;
}

gboolean
kvmm_domain_info_get_autostart (const KvmmDomainInfo *self)
{
  return self->autostart;
}

gboolean
kvmm_domain_info_get_has_managed_save (const KvmmDomainInfo *self)
{
  return self->has_managed_save;
}

const char *
kvmm_domain_info_get_xml (const KvmmDomainInfo *self)
{
  return self->xml;
}

const KvmmXmlDomainFacts *
kvmm_domain_info_get_facts (const KvmmDomainInfo *self)
{
  return self->facts;
}

/* Takes an int: a newer libvirt may send a state that this header does not know. */
KvmmDomainState
kvmm_domain_state_from_libvirt (int state)
{
  static const KvmmDomainState states[] = {
    [VIR_DOMAIN_NOSTATE] = KVMM_DOMAIN_STATE_UNKNOWN,
    [VIR_DOMAIN_RUNNING] = KVMM_DOMAIN_STATE_RUNNING,
    [VIR_DOMAIN_BLOCKED] = KVMM_DOMAIN_STATE_RUNNING,
    [VIR_DOMAIN_PAUSED] = KVMM_DOMAIN_STATE_PAUSED,
    [VIR_DOMAIN_SHUTDOWN] = KVMM_DOMAIN_STATE_SHUTTING_DOWN,
    [VIR_DOMAIN_SHUTOFF] = KVMM_DOMAIN_STATE_SHUT_OFF,
    [VIR_DOMAIN_CRASHED] = KVMM_DOMAIN_STATE_CRASHED,
    [VIR_DOMAIN_PMSUSPENDED] = KVMM_DOMAIN_STATE_SUSPENDED,
  };

  if (state < 0 || state >= (int) G_N_ELEMENTS (states))
    return KVMM_DOMAIN_STATE_UNKNOWN;
  return states[state];
}

static int
compare_infos (gconstpointer a, gconstpointer b)
{
  const KvmmDomainInfo *first = *(KvmmDomainInfo *const *) a;
  const KvmmDomainInfo *second = *(KvmmDomainInfo *const *) b;
  int order = strcmp (first->collate_key, second->collate_key);
  return order != 0 ? order : strcmp (first->uuid, second->uuid);
}

void
kvmm_domain_infos_sort (GPtrArray *infos)
{
  g_ptr_array_sort (infos, compare_infos);
}
