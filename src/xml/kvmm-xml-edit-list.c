/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "util/kvmm-guest-text.h"
#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-edit-private.h"
#include "xml/kvmm-xml-rules.h"

/* What a part has several of: CPU features, pinned processors, NUMA cells, VLANs. */

#define KEY_MAX_BYTES 64
#define PARTS_MAX 3

typedef struct
{
  const char *kind;
  const char *path;      /* of the elements */
  const char *key;       /* attribute that tells them apart */
  const char *value;     /* attribute; may be the key */
  const char *title;     /* to be translated */
  const char *add_label; /* (nullable) to be translated */
  const char *usual;     /* (nullable) value of a new one; %NULL: its key */
  const char *count;     /* (nullable) path of how many there can be */
  guint first;           /* number of the first of them */
  gboolean is_number;    /* the key */
  const char *with;      /* (nullable) path of a field that is shown with them */
  struct
  {
    const char *value;
    const char *label; /* to be translated */
  } parts[PARTS_MAX];  /* of one that has several values, the first too */
} ListSpec;

static const ListSpec specs[] = {
  { "domain/cpu", "cpu/feature", "name", "policy", N_ ("CPU Features"),
    N_ ("Add a Feature, as “vmx”"), "require", NULL, 0, FALSE },
  { "domain/cpu", "cputune/vcpupin", "vcpu", "cpuset", N_ ("Processors Pinned to the Host’s"), NULL,
    NULL, "vcpu", 0, TRUE },
  { "domain/cpu", "cputune/iothreadpin", "iothread", "cpuset",
    N_ ("I/O Threads Pinned to Processors of the Host"), NULL, NULL, "iothreads", 1, TRUE },
  { "domain/cpu",
    "cpu/numa/cell",
    "id",
    "cpus",
    N_ ("NUMA Cells"),
    N_ ("Add a Cell by Its Number, from 0 on"),
    "0",
    NULL,
    0,
    TRUE,
    "memory",
    { { "cpus", N_ ("Processors") },
      { "memory", N_ ("Memory") },
      { "memAccess", N_ ("Memory access") } } },
  { "domain/os", "os/firmware/feature", "name", "enabled", N_ ("Firmware Features"),
    N_ ("Add a Feature, as “secure-boot”"), "yes", NULL, 0, FALSE },
  { "domain/clock", "clock/timer", "name", "present", N_ ("Timers"), N_ ("Add a Timer, as “hpet”"),
    "yes", NULL, 0, FALSE },
  { "interface", "vlan/tag", "id", "id", N_ ("VLANs"), N_ ("Add a VLAN by Its Number"), NULL, NULL,
    0, TRUE },
};

static gboolean
check_key (const ListSpec *spec, const char *key, GError **error)
{
  static const char name_bytes[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  gsize length = strspn (key, spec->is_number ? "0123456789" : name_bytes);

  if (length > 0 && length <= KEY_MAX_BYTES && key[length] == '\0')
    return TRUE;
  g_set_error_literal (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
                       spec->is_number ? _ ("Write a number, from 0 on")
                                       : _ ("A name is made of letters, digits, “.”, “_” and “-”"));
  return FALSE;
}

static char *
dup_label (const ListSpec *spec, const char *key, guint part)
{
  if (spec->parts[part].label != NULL)
    /* Translators: the number of a NUMA cell, and what of it: "Cell 0: Memory" */
    return g_strdup_printf (_ ("Cell %s: %s"), key, _ (spec->parts[part].label));
  if (spec->count != NULL)
    /* Translators: the number of a virtual processor or an I/O thread */
    return g_strdup_printf (_ ("Number %s"), key);
  return kvmm_guest_text_sanitise (key, -1);
}

/* What may be written at @plain. */
static void
take_rule (KvmmXmlEditField *field, const ListSpec *spec, const char *plain)
{
  for (const KvmmXmlRule *rule = kvmm_xml_rules_of (spec->kind); rule != NULL && rule->path != NULL;
       rule++)
    if (strcmp (rule->path, plain) == 0)
      {
        field->type = rule->type;
        field->minimum = rule->minimum;
        field->maximum = rule->maximum;
        field->words = rule->words[0] != NULL ? rule->words : NULL;
      }
}

static const char *
get_attribute (const ListSpec *spec, guint part)
{
  return spec->parts[part].value != NULL ? spec->parts[part].value : spec->value;
}

/* @value: (nullable) */
static KvmmXmlEditField *
new_field (const ListSpec *spec, const char *key, guint part, const char *value)
{
  KvmmXmlEditField *field = g_new0 (KvmmXmlEditField, 1);
  const char *attribute = get_attribute (spec, part);
  g_autofree char *plain = g_strdup_printf ("%s/@%s", spec->path, attribute);

  field->path = g_strdup_printf ("%s[@%s='%s']/@%s", spec->path, spec->key, key, attribute);
  field->label = dup_label (spec, key, part);
  field->value = g_strdup (value);
  take_rule (field, spec, plain);
  return field;
}

static gboolean
has_field (const KvmmXmlEditList *self, const KvmmXmlEditField *wanted)
{
  for (guint i = 0; i < self->fields->len; i++)
    {
      const KvmmXmlEditField *field = self->fields->pdata[i];

      if (strcmp (field->path, wanted->path) == 0)
        return TRUE;
    }
  return FALSE;
}

static xmlNode *
find_first (const ListSpec *spec, xmlNode *part)
{
  g_auto (GStrv) names = g_strsplit (spec->path, "/", -1);
  xmlNode *node = part;

  for (guint i = 0; names[i] != NULL && node != NULL; i++)
    node = kvmm_xml_node_child (node, names[i]);
  return node;
}

/* What no path can name is left to the XML. */
static void
add_those_there (KvmmXmlEditList *self, KvmmXmlEdit *edit, const ListSpec *spec, xmlNode *part)
{
  const char *name = strrchr (spec->path, '/') + 1;

  for (xmlNode *node = find_first (spec, part);
       node != NULL && self->fields->len < KVMM_XML_EDIT_ENTRIES_MAX;
       node = kvmm_xml_node_next (node, name))
    {
      const char *key = kvmm_xml_node_attribute (node, spec->key);
      g_autoptr (KvmmXmlEditField) field = NULL;

      if (key == NULL || !check_key (spec, key, NULL))
        continue;
      field = new_field (spec, key, 0, kvmm_xml_node_attribute (node, spec->value));
      if (has_field (self, field))
        continue;
      g_ptr_array_add (self->fields, g_steal_pointer (&field));
      for (guint i = 1; i < PARTS_MAX && spec->parts[i].value != NULL; i++)
        {
          KvmmXmlEditField *more = new_field (spec, key, i, NULL);

          more->value = kvmm_xml_edit_get (edit, spec->kind, 0, more->path);
          g_ptr_array_add (self->fields, more);
        }
    }
}

/* Of numbered ones also those that are not there, in their order. */
static void
add_numbered (
    KvmmXmlEditList *self, KvmmXmlEdit *edit, const char *kind, guint index, const ListSpec *spec)
{
  g_autofree char *text = kvmm_xml_edit_get (edit, kind, index, spec->count);
  guint64 count = text != NULL ? g_ascii_strtoull (text, NULL, 10) : 0;

  count = MIN (count, KVMM_XML_EDIT_ENTRIES_MAX);
  for (guint number = spec->first; number < spec->first + count; number++)
    {
      g_autofree char *key = g_strdup_printf ("%u", number);
      KvmmXmlEditField *field = new_field (spec, key, 0, NULL);

      field->value = kvmm_xml_edit_get (edit, kind, index, field->path);
      g_ptr_array_add (self->fields, field);
    }
}

/* What the values in the list are measured by. */
static KvmmXmlEditField *
new_with (KvmmXmlEdit *edit, const ListSpec *spec)
{
  KvmmXmlEditField *field = g_new0 (KvmmXmlEditField, 1);

  field->path = g_strdup (spec->with);
  field->label = g_strdup (_ ("Maximum memory of the machine"));
  field->value = kvmm_xml_edit_get (edit, spec->kind, 0, spec->with);
  take_rule (field, spec, spec->with);
  return field;
}

GPtrArray *
kvmm_xml_edit_list_lists (KvmmXmlEdit *self, const char *kind, guint index)
{
  GPtrArray *lists = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_xml_edit_list_free);
  KvmmXmlPart part;

  g_return_val_if_fail (self != NULL && kind != NULL, lists);

  if (!kvmm_xml_edit_find_part (self, kind, index, &part))
    return lists;
  for (guint i = 0; i < G_N_ELEMENTS (specs); i++)
    {
      const ListSpec *spec = &specs[i];
      KvmmXmlEditList *list;

      if (strcmp (spec->kind, kind) != 0)
        continue;
      list = g_new0 (KvmmXmlEditList, 1);
      list->title = _ (spec->title);
      list->add_label = spec->add_label != NULL ? _ (spec->add_label) : NULL;
      list->fields = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_xml_edit_field_free);
      list->spec = spec;
      if (spec->count != NULL)
        add_numbered (list, self, kind, index, spec);
      else
        add_those_there (list, self, spec, part.node);
      if (spec->with != NULL)
        g_ptr_array_add (list->fields, new_with (self, spec));
      if (list->fields->len > 0 || list->add_label != NULL)
        g_ptr_array_add (lists, list);
      else
        kvmm_xml_edit_list_free (list);
    }
  return lists;
}

void
kvmm_xml_edit_list_free (KvmmXmlEditList *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->fields);
  g_free (self);
}

KvmmXmlEditField *
kvmm_xml_edit_list_new_field (KvmmXmlEditList *self,
                              const char *key,
                              const char **value,
                              GError **error)
{
  const ListSpec *spec;
  g_autoptr (KvmmXmlEditField) field = NULL;

  g_return_val_if_fail (self != NULL && key != NULL && value != NULL, NULL);

  spec = self->spec;
  if (!check_key (spec, key, error))
    return NULL;
  field = new_field (spec, key, 0, NULL);
  if (has_field (self, field))
    {
      g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
                   _ ("“%s” stands in the list already"), field->label);
      return NULL;
    }
  *value = spec->usual != NULL ? spec->usual : key;
  return g_steal_pointer (&field);
}

GPtrArray *
kvmm_xml_edit_list_more_fields (KvmmXmlEditList *self, const char *key)
{
  GPtrArray *fields = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_xml_edit_field_free);
  const ListSpec *spec;

  g_return_val_if_fail (self != NULL && key != NULL, fields);

  spec = self->spec;
  for (guint i = 1; i < PARTS_MAX && spec->parts[i].value != NULL; i++)
    g_ptr_array_add (fields, new_field (spec, key, i, NULL));
  return fields;
}
