/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-live.h"

#include <string.h>

#include "util/kvmm-guest-text.h"
#include "xml/kvmm-xml-edit-private.h"
#include "xml/kvmm-xml-identity.h"

void
kvmm_xml_live_step_free (KvmmXmlLiveStep *self)
{
  g_free (self->value);
  g_free (self->what);
  g_free (self);
}

/* @value: (transfer full) (nullable) */
static void
add (GPtrArray *steps, KvmmXmlLiveType type, char *value, const char *what)
{
  KvmmXmlLiveStep *step = g_new0 (KvmmXmlLiveStep, 1);

  step->type = type;
  step->value = value;
  step->what = kvmm_guest_text_sanitise (what, -1);
  g_ptr_array_add (steps, step);
}

static KvmmXmlLiveType
type_of_field (const KvmmXmlChange *change)
{
  static const struct
  {
    const char *kind;
    const char *path;
    KvmmXmlLiveType type;
  } fields[] = {
    { "domain/cpu", "vcpu/@current", KVMM_XML_LIVE_VCPUS },
    { "domain/memory", "currentMemory", KVMM_XML_LIVE_MEMORY },
    { "domain", "title", KVMM_XML_LIVE_TITLE },
    { "domain", "description", KVMM_XML_LIVE_DESCRIPTION },
  };

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    if (strcmp (change->kind, fields[i].kind) == 0 && strcmp (change->path, fields[i].path) == 0)
      return fields[i].type;
  return KVMM_XML_LIVE_NEVER;
}

/* Returns: (nullable) (transfer none) */
static xmlNode *
find_live (KvmmXmlEdit *live, const char *identity)
{
  g_autoptr (GHashTable) devices = kvmm_xml_identity_list (kvmm_xml_edit_root (live));

  return g_hash_table_lookup (devices, identity);
}

/* A device that was changed before is changed further. */
static void
add_update (GPtrArray *steps, KvmmXmlEdit *live, const KvmmXmlChange *change)
{
  xmlNode *device = find_live (live, change->identity);
  KvmmXmlLiveStep *step = NULL;

  if (device == NULL || !kvmm_xml_edit_set (live, change->kind, kvmm_xml_edit_number_of (device),
                                            change->path, change->new_value, NULL))
    {
      add (steps, KVMM_XML_LIVE_NEVER, NULL, change->identity);
      return;
    }
  for (guint i = 0; i < steps->len && step == NULL; i++)
    {
      KvmmXmlLiveStep *known = steps->pdata[i];

      if (known->type == KVMM_XML_LIVE_UPDATE && strcmp (known->what, change->identity) == 0)
        step = known;
    }
  if (step == NULL)
    {
      add (steps, KVMM_XML_LIVE_UPDATE, NULL, change->identity);
      step = steps->pdata[steps->len - 1];
    }
  g_free (step->value);
  step->value = kvmm_xml_node_serialise (device);
}

static void
add_step (GPtrArray *steps, KvmmXmlEdit *live, const KvmmXmlChange *change)
{
  xmlNode *device;

  switch (change->type)
    {
    case KVMM_XML_CHANGE_SET:
      if (change->identity != NULL)
        add_update (steps, live, change);
      else
        add (steps, type_of_field (change), g_strdup (change->new_value), change->path);
      break;
    case KVMM_XML_CHANGE_ADD:
      add (steps, KVMM_XML_LIVE_ATTACH, g_strdup (change->new_value), change->identity);
      break;
    case KVMM_XML_CHANGE_REMOVE:
      device = find_live (live, change->identity);
      if (device != NULL)
        add (steps, KVMM_XML_LIVE_DETACH, kvmm_xml_node_serialise (device), change->identity);
      break;
    case KVMM_XML_CHANGE_REPLACE:
      add (steps, KVMM_XML_LIVE_UPDATE, g_strdup (change->new_value), change->identity);
      break;
    case KVMM_XML_CHANGE_BOOT:
      add (steps, KVMM_XML_LIVE_NEVER, NULL, "boot");
      break;
    case KVMM_XML_CHANGE_ALL:
      add (steps, KVMM_XML_LIVE_NEVER, NULL, "domain");
      break;
    }
}

GPtrArray *
kvmm_xml_edit_list_live_steps (KvmmXmlEdit *self, const char *live_xml, GError **error)
{
  g_autoptr (KvmmXmlEdit) live = NULL;
  GPtrArray *steps;

  g_return_val_if_fail (self != NULL, NULL);

  live = kvmm_xml_edit_open (live_xml, error);
  if (live == NULL)
    return NULL;
  steps = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_xml_live_step_free);
  for (guint i = 0; i < self->changes->len; i++)
    add_step (steps, live, self->changes->pdata[i]);
  return steps;
}
