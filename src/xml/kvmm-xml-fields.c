/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-fields.h"

#include <glib/gi18n.h>
#include <string.h>

#include "util/kvmm-guest-text.h"
#include "xml/kvmm-xml-value.h"

static void
field_free (KvmmXmlDeviceField *field)
{
  g_free (field->label);
  g_free (field->value);
  g_free (field);
}

void
kvmm_xml_fields_init (KvmmXmlFields *self)
{
  self->fields = g_ptr_array_new_with_free_func ((GDestroyNotify) field_free);
  self->seen = g_hash_table_new (NULL, NULL);
  self->merged = g_hash_table_new (g_str_hash, g_str_equal);
  self->n_dropped = 0;
}

void
kvmm_xml_fields_clear (KvmmXmlFields *self)
{
  g_clear_pointer (&self->merged, g_hash_table_unref);
  g_clear_pointer (&self->seen, g_hash_table_unref);
  g_clear_pointer (&self->fields, g_ptr_array_unref);
}

static KvmmXmlDeviceField *
append_field (KvmmXmlFields *self, const char *label, const char *value)
{
  if (self->fields->len >= KVMM_XML_FIELDS_MAX)
    {
      self->n_dropped++;
      return NULL;
    }

  KvmmXmlDeviceField *field = g_new0 (KvmmXmlDeviceField, 1);
  field->label = g_strdup (label);
  field->value = g_strdup (value);
  g_ptr_array_add (self->fields, field);
  return field;
}

/* The values at one path, in document order. */
typedef struct
{
  GPtrArray *parts; /* (unowned) of char * */
  GHashTable *seen; /* (unowned) (nullable) */
  KvmmXmlValue value;
  guint limit;
} Matches;

static void
add_part (Matches *matches, char *part)
{
  if (part != NULL && matches->parts->len < matches->limit)
    g_ptr_array_add (matches->parts, part);
  else
    g_free (part);
}

static void
match_path (Matches *matches, xmlNode *node, const char *path)
{
  if (*path == '@')
    {
      for (xmlAttr *attribute = node->properties; attribute != NULL; attribute = attribute->next)
        if (attribute->ns == NULL && strcmp ((const char *) attribute->name, path + 1) == 0)
          {
            if (matches->seen != NULL)
              g_hash_table_add (matches->seen, attribute);
            add_part (matches, kvmm_xml_value_of_attribute (attribute, matches->value));
          }
      return;
    }

  const char *slash = strchr (path, '/');
  g_autofree char *name =
      slash != NULL ? g_strndup (path, (gsize) (slash - path)) : g_strdup (path);
  for (xmlNode *child = kvmm_xml_node_child (node, name); child != NULL;
       child = kvmm_xml_node_next (child, name))
    if (slash != NULL)
      match_path (matches, child, slash + 1);
    else
      add_part (matches, kvmm_xml_value_of_element (child, matches->value, matches->seen));
}

static char *
join_parts (GPtrArray *parts)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < parts->len && i < KVMM_XML_FIELD_PARTS_MAX; i++)
    {
      g_string_append (text, i > 0 ? ", " : "");
      g_string_append (text, parts->pdata[i]);
    }
  if (parts->len > KVMM_XML_FIELD_PARTS_MAX)
    g_string_append (text, ", …");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

void
kvmm_xml_fields_add (KvmmXmlFields *self, xmlNode *base, const KvmmXmlFieldSpec *specs)
{
  for (const KvmmXmlFieldSpec *spec = specs; spec->path != NULL; spec++)
    {
      g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (g_free);
      Matches matches = { parts, self->seen, spec->value, KVMM_XML_FIELD_PARTS_MAX + 1 };

      match_path (&matches, base, spec->path);
      if (parts->len > 0)
        {
          g_autofree char *text = join_parts (parts);

          append_field (self, _ (spec->label), text);
        }
    }
}

/* What stands several times under one name becomes one field. One that has grown too long is
 * entered without its field, so that more of it costs nothing. */
static void
merge_field (KvmmXmlFields *self, const char *label, const char *value)
{
  gpointer known;

  if (!g_hash_table_lookup_extended (self->merged, label, NULL, &known))
    {
      KvmmXmlDeviceField *field = append_field (self, label, value);

      if (field != NULL)
        g_hash_table_insert (self->merged, field->label, field);
      return;
    }

  KvmmXmlDeviceField *field = known;
  if (field == NULL)
    self->n_dropped++;
  else if (strlen (field->value) > KVMM_XML_FIELD_PARTS_MAX * KVMM_GUEST_TEXT_MAX)
    {
      g_hash_table_insert (self->merged, field->label, NULL);
      self->n_dropped++;
    }
  else
    {
      g_autofree char *old = g_steal_pointer (&field->value);

      field->value = g_strconcat (old, ", ", value, NULL);
    }
}

static char *
dup_label (const char *prefix, const xmlNs *ns, const xmlChar *name)
{
  const char *ns_prefix = ns != NULL && ns->prefix != NULL ? (const char *) ns->prefix : NULL;
  g_autofree char *own = g_strconcat (ns_prefix != NULL ? ns_prefix : "",
                                      ns_prefix != NULL ? ":" : "", (const char *) name, NULL);
  if (prefix == NULL)
    return kvmm_guest_text_sanitise (own, -1);

  /* Translators: the names of an XML element and of one inside it */
  g_autofree char *label = g_strdup_printf (C_ ("XML name", "%s · %s"), prefix, own);
  return kvmm_guest_text_sanitise (label, -1);
}

char *
kvmm_xml_node_dup_label (const xmlNode *node)
{
  return dup_label (NULL, node->ns, node->name);
}

static void
add_rest_of_attributes (KvmmXmlFields *self, xmlNode *node, const char *name)
{
  for (xmlAttr *attribute = node->properties; attribute != NULL; attribute = attribute->next)
    {
      if (!g_hash_table_add (self->seen, attribute))
        continue;

      /* <relaxed state='on'/> says "relaxed: yes". */
      gboolean is_state = name != NULL && strcmp ((const char *) attribute->name, "state") == 0;
      g_autofree char *label =
          is_state ? g_strdup (name) : dup_label (name, attribute->ns, attribute->name);
      g_autofree char *value = kvmm_xml_value_of_attribute (
          attribute, is_state ? KVMM_XML_VALUE_BOOLEAN : KVMM_XML_VALUE_TEXT);
      merge_field (self, label, value);
    }
}

void
kvmm_xml_fields_add_rest (KvmmXmlFields *self, xmlNode *node, const char *name)
{
  add_rest_of_attributes (self, node, name);
  if (!g_hash_table_contains (self->seen, node))
    {
      g_autofree char *text = kvmm_xml_value_of_element (node, KVMM_XML_VALUE_TEXT, NULL);

      if (text != NULL)
        merge_field (self, name != NULL ? name : _ ("Value"), text);
      /* An empty <backingStore/> ends a chain and says nothing. */
      else if (name != NULL && node->properties == NULL &&
               kvmm_xml_node_child (node, NULL) == NULL && !kvmm_xml_node_is (node, "backingStore"))
        merge_field (self, name, _ ("Yes"));
    }
  for (xmlNode *child = kvmm_xml_node_child (node, NULL); child != NULL;
       child = kvmm_xml_node_next (child, NULL))
    {
      g_autofree char *label = dup_label (name, child->ns, child->name);

      kvmm_xml_fields_add_rest (self, child, label);
    }
}

GPtrArray *
kvmm_xml_fields_steal (KvmmXmlFields *self)
{
  if (self->n_dropped > 0)
    {
      KvmmXmlDeviceField *field = g_new0 (KvmmXmlDeviceField, 1);

      field->label = g_strdup (_ ("Not shown"));
      field->value = g_strdup_printf (ngettext ("%u more value", "%u more values", self->n_dropped),
                                      self->n_dropped);
      g_ptr_array_add (self->fields, field);
    }
  return g_steal_pointer (&self->fields);
}

char *
kvmm_xml_field_dup (xmlNode *base, const char *path, KvmmXmlValue value)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (g_free);
  Matches matches = { parts, NULL, value, 1 };

  match_path (&matches, base, path);
  return parts->len > 0 ? g_strdup (parts->pdata[0]) : NULL;
}

char *
kvmm_xml_field_dup_all (xmlNode *base, const KvmmXmlFieldSpec *spec)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (g_free);
  Matches matches = { parts, NULL, spec->value, KVMM_XML_FIELD_PARTS_MAX + 1 };

  match_path (&matches, base, spec->path);
  return parts->len > 0 ? join_parts (parts) : NULL;
}
