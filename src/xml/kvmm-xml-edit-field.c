/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "util/kvmm-guest-text.h"
#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-edit-private.h"
#include "xml/kvmm-xml-identity.h"
#include "xml/kvmm-xml-path.h"
#include "xml/kvmm-xml-rules.h"

/* One value of a part, read and written. */

#define KIB G_GUINT64_CONSTANT (1024)
#define SECTION_PREFIX "domain/"

static const KvmmXmlFieldSpec machine_fields[] = {
  { "name", N_ ("Name"), KVMM_XML_VALUE_TEXT },
  { "uuid", N_ ("UUID"), KVMM_XML_VALUE_TEXT },
  { "title", N_ ("Title"), KVMM_XML_VALUE_TEXT },
  { "description", N_ ("Description"), KVMM_XML_VALUE_TEXT },
  { "genid", N_ ("Generation id"), KVMM_XML_VALUE_TEXT },
  { NULL },
};

/* ---- parts ---- */

static const KvmmXmlFieldSpec *
section_fields (const char *name)
{
  for (const KvmmXmlKind *section = kvmm_xml_sections; section->name != NULL; section++)
    if (strcmp (section->name, name) == 0)
      return section->fields;
  return NULL;
}

gboolean
kvmm_xml_edit_find_part (KvmmXmlEdit *self, const char *kind, guint index, KvmmXmlPart *part)
{
  const KvmmXmlKind *known;

  if (strcmp (kind, "domain") == 0 || g_str_has_prefix (kind, SECTION_PREFIX))
    {
      part->fields = strcmp (kind, "domain") == 0 ? machine_fields
                                                  : section_fields (kind + strlen (SECTION_PREFIX));
      part->node = kvmm_xml_edit_root (self);
      return part->fields != NULL && index == 0;
    }
  known = kvmm_xml_kind_of_device (kind);
  part->fields = known != NULL ? known->fields : NULL;
  part->node = kvmm_xml_edit_nth_device (self, kind, index);
  return part->node != NULL;
}

gboolean
kvmm_xml_edit_no_such_part (const char *kind, guint index, GError **error)
{
  g_autofree char *shown = kvmm_guest_text_sanitise (kind, -1);

  g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_NO_SUCH_DEVICE,
               /* Translators: an XML element and its number from 0 on */
               _ ("The machine has no “%s” number %u"), shown, index);
  return FALSE;
}

/* ---- reading ---- */

static char *
read_size (const xmlNode *element)
{
  guint64 bytes = kvmm_xml_node_bytes (element, KIB);

  return g_strdup_printf ("%" G_GUINT64_FORMAT, bytes / KIB);
}

static char *
read_value (const KvmmXmlPath *path, KvmmXmlType type, xmlNode *base)
{
  xmlNode *element = kvmm_xml_path_find (path, base);
  const char *state;

  if (element == NULL)
    return NULL;
  if (path->attribute != NULL && type == KVMM_XML_TYPE_SIZE &&
      kvmm_xml_node_attribute (element, path->attribute) != NULL &&
      kvmm_xml_node_attribute (element, "unit") != NULL)
    return g_strdup_printf ("%" G_GUINT64_FORMAT,
                            kvmm_xml_attribute_bytes (element, path->attribute, KIB) / KIB);
  if (path->attribute != NULL)
    return g_strdup (kvmm_xml_node_attribute (element, path->attribute));
  if (type == KVMM_XML_TYPE_PRESENCE)
    return g_strdup ("yes");
  if (type == KVMM_XML_TYPE_SIZE)
    return read_size (element);
  if (type != KVMM_XML_TYPE_STATE)
    return kvmm_xml_node_dup_text (element);
  state = kvmm_xml_node_attribute (element, "state");
  return g_strdup (state != NULL ? state : "on");
}

/* ---- writing ---- */

/* Whether its being there says something by itself. */
static gboolean
says_something (const char *kind, const KvmmXmlFieldSpec *fields, const char *path)
{
  KvmmXmlRule rule;
  const char *label;

  return kvmm_xml_rule_find (kind, fields, path, &rule, &label) &&
         (rule.type == KVMM_XML_TYPE_PRESENCE || rule.type == KVMM_XML_TYPE_STATE);
}

/* Elements that say nothing once the value is gone go with it. */
static void
prune (
    xmlNode *element, xmlNode *base, const char *kind, const KvmmXmlFieldSpec *fields, char *plain)
{
  while (element != base && kvmm_xml_node_is_bare (element) &&
         !says_something (kind, fields, plain))
    {
      xmlNode *parent = element->parent;
      char *slash = strrchr (plain, '/');

      kvmm_xml_node_remove (element);
      if (slash == NULL)
        return;
      *slash = '\0';
      element = parent;
    }
}

/* The value of an element: what else stands in it stays. */
static void
remove_text (xmlNode *element, KvmmXmlType type)
{
  kvmm_xml_node_set_text (element, NULL);
  if (type == KVMM_XML_TYPE_SIZE)
    xmlUnsetProp (element, BAD_CAST "unit");
  if (kvmm_xml_node_is_bare (element))
    kvmm_xml_node_remove (element);
}

/* One of several that has nothing left but what picks it, "[@name='vmx']", is gone as well. */
static void
strip_key (const KvmmXmlPath *path, xmlNode *element)
{
  const KvmmXmlStep *last = path->steps->len > 0 ? path->steps->pdata[path->steps->len - 1] : NULL;
  const xmlAttr *first = element->properties;

  if (last != NULL && last->attribute != NULL && element->children == NULL && first != NULL &&
      first->next == NULL && strcmp ((const char *) first->name, last->attribute) == 0)
    xmlUnsetProp (element, BAD_CAST last->attribute);
}

static void
unset (const KvmmXmlPath *path, KvmmXmlType type, const char *kind, const KvmmXmlPart *part)
{
  xmlNode *element = kvmm_xml_path_find (path, part->node);
  g_autofree char *plain = g_strdup (path->plain);
  char *slash = strrchr (plain, '/');
  xmlNode *parent;

  if (element == NULL)
    return;
  parent = element->parent;
  if (path->attribute != NULL)
    {
      xmlUnsetProp (element, BAD_CAST path->attribute);
      if (type == KVMM_XML_TYPE_SIZE)
        xmlUnsetProp (element, BAD_CAST "unit");
      strip_key (path, element);
    }
  else if (type == KVMM_XML_TYPE_PRESENCE || type == KVMM_XML_TYPE_STATE)
    kvmm_xml_node_remove (element);
  else
    remove_text (element, type);
  if (slash == NULL)
    return;
  *slash = '\0';
  prune (path->attribute != NULL ? element : parent, part->node, kind, part->fields, plain);
}

static gboolean
write_value (const KvmmXmlPath *path, KvmmXmlType type, const char *value, xmlNode *base)
{
  xmlNode *element = kvmm_xml_path_make (path, base);

  if (element == NULL)
    return FALSE;
  if (path->attribute != NULL)
    {
      xmlSetProp (element, BAD_CAST path->attribute, BAD_CAST value);
      if (type == KVMM_XML_TYPE_SIZE && kvmm_xml_node_attribute (element, "unit") != NULL)
        xmlSetProp (element, BAD_CAST "unit", BAD_CAST "KiB");
    }
  else if (type == KVMM_XML_TYPE_STATE)
    xmlSetProp (element, BAD_CAST "state", BAD_CAST value);
  else if (type != KVMM_XML_TYPE_PRESENCE)
    {
      kvmm_xml_node_set_text (element, value);
      if (type == KVMM_XML_TYPE_SIZE)
        xmlSetProp (element, BAD_CAST "unit", BAD_CAST "KiB");
    }
  return TRUE;
}

/* ---- the calls ---- */

/* @path: (out) (transfer full) */
static gboolean
resolve (KvmmXmlEdit *self,
         const char *kind,
         guint index,
         const char *text,
         KvmmXmlPart *part,
         KvmmXmlPath **path,
         KvmmXmlRule *rule,
         const char **label,
         GError **error)
{
  g_autoptr (KvmmXmlPath) parsed = NULL;

  if (!kvmm_xml_edit_find_part (self, kind, index, part))
    return kvmm_xml_edit_no_such_part (kind, index, error);
  parsed = kvmm_xml_path_parse (text, error);
  if (parsed == NULL)
    return FALSE;
  if (!kvmm_xml_rule_find (kind, part->fields, parsed->plain, rule, label))
    {
      g_autofree char *shown = kvmm_guest_text_sanitise (text, -1);

      g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_NO_SUCH_FIELD,
                   _ ("“%s” is no field of a “%s” that can be changed; edit the XML instead"),
                   shown, kind);
      return FALSE;
    }
  *path = g_steal_pointer (&parsed);
  return TRUE;
}

char *
kvmm_xml_edit_get (KvmmXmlEdit *self, const char *kind, guint index, const char *path)
{
  g_autoptr (KvmmXmlPath) parsed = NULL;
  KvmmXmlPart part;
  KvmmXmlRule rule;
  const char *label;

  g_return_val_if_fail (self != NULL && kind != NULL && path != NULL, NULL);

  if (!resolve (self, kind, index, path, &part, &parsed, &rule, &label, NULL))
    return NULL;
  return read_value (parsed, rule.type, part.node);
}

gboolean
kvmm_xml_edit_set (KvmmXmlEdit *self,
                   const char *kind,
                   guint index,
                   const char *path,
                   const char *value,
                   GError **error)
{
  g_autoptr (KvmmXmlPath) parsed = NULL;
  g_autofree char *old_value = NULL;
  g_autofree char *identity = NULL;
  KvmmXmlPart part;
  KvmmXmlRule rule;
  const char *label;
  KvmmXmlChange *change;

  g_return_val_if_fail (self != NULL && kind != NULL && path != NULL, FALSE);

  if (!resolve (self, kind, index, path, &part, &parsed, &rule, &label, error))
    return FALSE;
  if (rule.type == KVMM_XML_TYPE_FIXED)
    return kvmm_xml_rule_check (&rule, label, "", error);
  if (value != NULL && !kvmm_xml_rule_check (&rule, label, value, error))
    return FALSE;
  if (rule.type == KVMM_XML_TYPE_PRESENCE && g_strcmp0 (value, "no") == 0)
    value = NULL;
  old_value = read_value (parsed, rule.type, part.node);
  if (g_strcmp0 (old_value, value) == 0)
    return TRUE;
  if (part.node != kvmm_xml_edit_root (self))
    identity = kvmm_xml_identity_find (part.node);
  if (value == NULL)
    unset (parsed, rule.type, kind, &part);
  else if (!write_value (parsed, rule.type, value, part.node))
    {
      g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_NO_SUCH_FIELD,
                   _ ("“%s” has no such place; add what stands before it first"), label);
      return FALSE;
    }
  change = kvmm_xml_edit_record (self, KVMM_XML_CHANGE_SET, kind);
  change->identity = g_steal_pointer (&identity);
  change->path = g_strdup (path);
  change->old_value = g_steal_pointer (&old_value);
  change->new_value = g_strdup (value);
  return TRUE;
}

/* ---- listing ---- */

static const char *const *
words_of (const char *kind, const char *path)
{
  for (const KvmmXmlRule *rule = kvmm_xml_rules_of (kind); rule != NULL && rule->path != NULL;
       rule++)
    if (strcmp (rule->path, path) == 0)
      return rule->words[0] != NULL ? rule->words : NULL;
  return NULL;
}

static KvmmXmlEditField *
new_field (const char *kind, xmlNode *base, const KvmmXmlFieldSpec *spec)
{
  g_autoptr (KvmmXmlPath) path = kvmm_xml_path_parse (spec->path, NULL);
  KvmmXmlRule rule = kvmm_xml_rule_of_spec (kind, spec);
  KvmmXmlEditField *field;

  if (path == NULL || rule.type == KVMM_XML_TYPE_FIXED)
    return NULL;
  field = g_new0 (KvmmXmlEditField, 1);
  field->path = g_strdup (spec->path);
  field->label = g_strdup (_ (spec->label));
  field->value = read_value (path, rule.type, base);
  field->words = words_of (kind, spec->path);
  field->minimum = rule.minimum;
  field->maximum = rule.maximum;
  field->type = rule.type;
  return field;
}

GPtrArray *
kvmm_xml_edit_list_fields (KvmmXmlEdit *self, const char *kind, guint index)
{
  GPtrArray *fields = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_xml_edit_field_free);
  KvmmXmlPart part;

  g_return_val_if_fail (self != NULL && kind != NULL, fields);

  if (!kvmm_xml_edit_find_part (self, kind, index, &part))
    return fields;
  for (const KvmmXmlFieldSpec *spec = part.fields; spec != NULL && spec->path != NULL; spec++)
    {
      KvmmXmlEditField *field = new_field (kind, part.node, spec);

      if (field != NULL)
        g_ptr_array_add (fields, field);
    }
  return fields;
}

void
kvmm_xml_edit_field_free (KvmmXmlEditField *self)
{
  if (self == NULL)
    return;
  g_free (self->path);
  g_free (self->label);
  g_free (self->value);
  g_free (self);
}
