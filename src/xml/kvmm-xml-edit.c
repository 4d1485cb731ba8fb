/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "util/kvmm-guest-text.h"
#include "xml/kvmm-xml-compare.h"
#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-edit-private.h"
#include "xml/kvmm-xml-identity.h"
#include "xml/kvmm-xml-path.h"

/* The document, and its edits made again elsewhere. */

/* Most edits of one document that are kept. */
#define CHANGES_MAX 4096

static void
change_free (KvmmXmlChange *change)
{
  g_free (change->kind);
  g_free (change->identity);
  g_free (change->path);
  g_free (change->old_value);
  g_free (change->new_value);
  g_clear_pointer (&change->order, g_ptr_array_unref);
  g_free (change);
}

/* Takes @document. */
static KvmmXmlEdit *
edit_new (const char *base, xmlDoc *document)
{
  KvmmXmlEdit *self = g_new0 (KvmmXmlEdit, 1);

  self->base = g_strdup (base);
  self->document = document;
  self->changes = g_ptr_array_new_with_free_func ((GDestroyNotify) change_free);
  return self;
}

KvmmXmlEdit *
kvmm_xml_edit_open (const char *xml, GError **error)
{
  xmlDoc *document = kvmm_xml_document_parse (xml, "domain", KVMM_XML_READ_DEFAULT, error);

  return document != NULL ? edit_new (xml, document) : NULL;
}

static gpointer
copy_text (gconstpointer text, gpointer user_data)
{
  return g_strdup (text);
}

static KvmmXmlChange *
change_copy (const KvmmXmlChange *change)
{
  KvmmXmlChange *copy = g_new0 (KvmmXmlChange, 1);

  copy->type = change->type;
  copy->kind = g_strdup (change->kind);
  copy->identity = g_strdup (change->identity);
  copy->path = g_strdup (change->path);
  copy->old_value = g_strdup (change->old_value);
  copy->new_value = g_strdup (change->new_value);
  if (change->order != NULL)
    copy->order = g_ptr_array_copy (change->order, copy_text, NULL);
  return copy;
}

KvmmXmlEdit *
kvmm_xml_edit_copy (const KvmmXmlEdit *self)
{
  KvmmXmlEdit *copy;

  g_return_val_if_fail (self != NULL, NULL);

  copy = edit_new (self->base, xmlCopyDoc (self->document, 1));
  for (guint i = 0; i < self->changes->len; i++)
    g_ptr_array_add (copy->changes, change_copy (self->changes->pdata[i]));
  return copy;
}

void
kvmm_xml_edit_free (KvmmXmlEdit *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->changes);
  xmlFreeDoc (self->document);
  g_free (self->base);
  g_free (self);
}

const char *
kvmm_xml_edit_get_base (KvmmXmlEdit *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->base;
}

xmlNode *
kvmm_xml_edit_root (KvmmXmlEdit *self)
{
  return xmlDocGetRootElement (self->document);
}

char *
kvmm_xml_edit_dup_xml (KvmmXmlEdit *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return kvmm_xml_document_serialise (self->document);
}

gboolean
kvmm_xml_edit_has_changes (KvmmXmlEdit *self)
{
  g_autofree char *now = NULL;

  g_return_val_if_fail (self != NULL, FALSE);

  if (self->changes->len == 0)
    return FALSE;
  now = kvmm_xml_edit_dup_xml (self);
  return !kvmm_xml_same (self->base, now);
}

guint
kvmm_xml_edit_get_n_changes (KvmmXmlEdit *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->changes->len;
}

KvmmXmlChange *
kvmm_xml_edit_record (KvmmXmlEdit *self, KvmmXmlChangeType type, const char *kind)
{
  KvmmXmlChange *change = g_new0 (KvmmXmlChange, 1);

  /* Somebody who types for hours: the oldest cannot be made again, so all of it counts as one. */
  if (self->changes->len >= CHANGES_MAX)
    {
      g_ptr_array_set_size (self->changes, 0);
      type = KVMM_XML_CHANGE_ALL;
    }
  change->type = type;
  change->kind = g_strdup (kind);
  g_ptr_array_add (self->changes, change);
  return change;
}

/* ---- a whole document ---- */

static gboolean
check_kept (xmlNode *old_root, xmlNode *new_root, const char *name, GError **error)
{
  g_autofree char *before = kvmm_xml_node_dup_text (kvmm_xml_node_child (old_root, name));
  g_autofree char *after = kvmm_xml_node_dup_text (kvmm_xml_node_child (new_root, name));

  if (g_strcmp0 (before, after) == 0)
    return TRUE;
  g_set_error (
      error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
      /* Translators: "name" or "uuid" */
      _ ("The element “%s” must stay as it is; a machine is renamed by its menu, and a copy "
         "is made by cloning"),
      name);
  return FALSE;
}

gboolean
kvmm_xml_edit_replace_all (KvmmXmlEdit *self, const char *xml, GError **error)
{
  g_autoptr (xmlDoc) document = NULL;
  xmlNode *old_root;
  KvmmXmlChange *change;

  g_return_val_if_fail (self != NULL && xml != NULL, FALSE);

  document = kvmm_xml_document_parse (xml, "domain", KVMM_XML_READ_DEFAULT, error);
  if (document == NULL)
    return FALSE;
  old_root = kvmm_xml_edit_root (self);
  if (!check_kept (old_root, xmlDocGetRootElement (document), "name", error) ||
      !check_kept (old_root, xmlDocGetRootElement (document), "uuid", error))
    return FALSE;
  xmlFreeDoc (self->document);
  self->document = g_steal_pointer (&document);
  change = kvmm_xml_edit_record (self, KVMM_XML_CHANGE_ALL, NULL);
  change->new_value = g_strdup (xml);
  return TRUE;
}

char *
kvmm_xml_domain_with_name_of (const char *xml, const char *other, GError **error)
{
  g_autoptr (xmlDoc) document =
      kvmm_xml_document_parse (xml, "domain", KVMM_XML_READ_DEFAULT, error);
  g_autoptr (xmlDoc) named =
      document != NULL ? kvmm_xml_document_parse (other, "domain", KVMM_XML_READ_DEFAULT, error)
                       : NULL;
  g_autofree char *name = NULL;
  xmlNode *element;

  if (named == NULL)
    return NULL;
  name = kvmm_xml_node_dup_text (kvmm_xml_node_child (xmlDocGetRootElement (named), "name"));
  element = kvmm_xml_node_child (xmlDocGetRootElement (document), "name");
  if (name != NULL && element != NULL)
    kvmm_xml_node_set_text (element, name);
  return kvmm_xml_document_serialise (document);
}

/* ---- the same again, elsewhere ---- */

static gboolean
conflict (GError **error, const char *what)
{
  g_autofree char *shown = kvmm_guest_text_sanitise (what, -1);

  g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_CONFLICT,
               /* Translators: a device or a field */
               _ ("Another program changed “%s” meanwhile; look at it anew"), shown);
  return FALSE;
}

/* Where the device of a change is now. @kind: (nullable) */
static gboolean
find_again (KvmmXmlEdit *self, const KvmmXmlChange *change, guint *index)
{
  g_autoptr (GHashTable) devices = NULL;
  const xmlNode *device;

  *index = 0;
  if (change->identity == NULL)
    return TRUE;
  devices = kvmm_xml_identity_list (kvmm_xml_edit_root (self));
  device = g_hash_table_lookup (devices, change->identity);
  if (device == NULL || !kvmm_xml_node_is (device, change->kind))
    return FALSE;
  *index = kvmm_xml_edit_number_of (device);
  return TRUE;
}

static gboolean
repeat_set (KvmmXmlEdit *self, const KvmmXmlChange *change, guint index, GError **error)
{
  g_autofree char *value = kvmm_xml_edit_get (self, change->kind, index, change->path);

  if (g_strcmp0 (value, change->new_value) == 0)
    return TRUE;
  if (g_strcmp0 (value, change->old_value) != 0)
    {
      g_autofree char *what =
          g_strdup_printf ("%s %s", change->identity != NULL ? change->identity : "", change->path);

      return conflict (error, g_strstrip (what));
    }
  return kvmm_xml_edit_set (self, change->kind, index, change->path, change->new_value, error);
}

static gboolean
is_as_it_was (KvmmXmlEdit *self, const KvmmXmlChange *change, guint index)
{
  xmlNode *node = kvmm_xml_edit_nth_device (self, change->kind, index);
  g_autofree char *now = node != NULL ? kvmm_xml_node_canonical (node) : NULL;

  return g_strcmp0 (now, change->old_value) == 0;
}

static gboolean
repeat_add (KvmmXmlEdit *self, const KvmmXmlChange *change, GError **error)
{
  g_autoptr (GHashTable) devices = kvmm_xml_identity_list (kvmm_xml_edit_root (self));

  if (strchr (change->identity, ' ') != NULL && strchr (change->identity, '#') == NULL &&
      g_hash_table_contains (devices, change->identity))
    return conflict (error, change->identity);
  return kvmm_xml_edit_add_device (self, change->new_value, NULL, error);
}

static gboolean
repeat_boot (KvmmXmlEdit *self, const KvmmXmlChange *change, GError **error)
{
  g_autofree char *now = kvmm_xml_edit_dup_boot_order (self);
  g_autofree KvmmXmlBootItem *items = g_new0 (KvmmXmlBootItem, change->order->len + 1);

  if (g_strcmp0 (now, change->old_value) != 0)
    return conflict (error, _ ("Boot order"));
  for (guint i = 0; i < change->order->len; i++)
    {
      const char *identity = change->order->pdata[i];
      gsize length = strcspn (identity, " ");
      KvmmXmlChange place = { .identity = (char *) identity };
      g_autofree char *kind = g_strndup (identity, length);

      place.kind = kind;
      items[i].kind = g_intern_string (kind);
      if (!find_again (self, &place, &items[i].index))
        return conflict (error, identity);
    }
  return kvmm_xml_edit_set_boot_order (self, items, change->order->len, error);
}

static gboolean
repeat (KvmmXmlEdit *self, const KvmmXmlChange *change, GError **error)
{
  guint index;

  if (change->type == KVMM_XML_CHANGE_ALL)
    return conflict (error, _ ("the definition"));
  if (change->type == KVMM_XML_CHANGE_ADD)
    return repeat_add (self, change, error);
  if (change->type == KVMM_XML_CHANGE_BOOT)
    return repeat_boot (self, change, error);
  if (!find_again (self, change, &index))
    return conflict (error, change->identity);
  if (change->type == KVMM_XML_CHANGE_SET)
    return repeat_set (self, change, index, error);
  if (!is_as_it_was (self, change, index))
    return conflict (error, change->identity);
  if (change->type == KVMM_XML_CHANGE_REMOVE)
    return kvmm_xml_edit_remove_device (self, change->kind, index, error);
  return kvmm_xml_edit_replace_device (self, change->kind, index, change->new_value, error);
}

KvmmXmlEdit *
kvmm_xml_edit_replay (KvmmXmlEdit *self, const char *xml, GError **error)
{
  g_autoptr (KvmmXmlEdit) other = NULL;

  g_return_val_if_fail (self != NULL && xml != NULL, NULL);

  other = kvmm_xml_edit_open (xml, error);
  if (other == NULL)
    return NULL;
  /* Nobody changed anything: whatever was done to this one is done to that one. */
  if (kvmm_xml_same (self->base, xml))
    {
      xmlFreeDoc (other->document);
      other->document = xmlCopyDoc (self->document, 1);
      for (guint i = 0; i < self->changes->len; i++)
        kvmm_xml_edit_record (other, KVMM_XML_CHANGE_ALL, NULL);
      return g_steal_pointer (&other);
    }
  for (guint i = 0; i < self->changes->len; i++)
    if (!repeat (other, self->changes->pdata[i], error))
      return NULL;
  return g_steal_pointer (&other);
}
