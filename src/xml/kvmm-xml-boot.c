/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-edit-private.h"
#include "xml/kvmm-xml-identity.h"
#include "xml/kvmm-xml-path.h"
#include "xml/kvmm-xml-titles.h"

/* The order in which the machine boots from its devices. */

static xmlNode *
find_devices (const xmlNode *root)
{
  return kvmm_xml_node_child (root, "devices");
}

char *
kvmm_xml_edit_dup_boot_order (KvmmXmlEdit *self)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const xmlNode *os = kvmm_xml_node_child (kvmm_xml_edit_root (self), "os");

  for (const xmlNode *boot = kvmm_xml_node_child (os, "boot"); boot != NULL;
       boot = kvmm_xml_node_next (boot, "boot"))
    g_string_append_printf (text, "os %s\n", kvmm_xml_node_attribute (boot, "dev"));
  for (const xmlNode *node = kvmm_xml_node_child (find_devices (kvmm_xml_edit_root (self)), NULL);
       node != NULL; node = kvmm_xml_node_next (node, NULL))
    {
      const char *order = kvmm_xml_node_attribute (kvmm_xml_node_child (node, "boot"), "order");
      g_autofree char *identity = order != NULL ? kvmm_xml_identity_find (node) : NULL;

      if (identity != NULL)
        g_string_append_printf (text, "%s %s\n", identity, order);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static gboolean
can_boot (const char *kind)
{
  static const char *const kinds[] = { "disk", "interface", "hostdev", "redirdev", NULL };

  return g_strv_contains (kinds, kind);
}

/* ---- listing ---- */

void
kvmm_xml_boot_device_free (KvmmXmlBootDevice *self)
{
  if (self == NULL)
    return;
  g_free (self->title);
  g_free (self->summary);
  g_free (self->icon_name);
  g_free (self);
}

/* What `<boot dev=…/>` calls a device. Returns: (nullable) */
static const char *
class_of (const xmlNode *device)
{
  const char *what = kvmm_xml_node_attribute (device, "device");

  if (kvmm_xml_node_is (device, "interface"))
    return "network";
  if (!kvmm_xml_node_is (device, "disk"))
    return NULL;
  if (g_strcmp0 (what, "cdrom") == 0)
    return "cdrom";
  return g_strcmp0 (what, "floppy") == 0 ? "fd" : "hd";
}

/* libvirt boots from the first device of each class that `<os>` names, and from the first disk when
 * nothing names any. Returns: the place, 0: none */
static guint64
find_place_by_class (const xmlNode *root, const xmlNode *device)
{
  const char *class = class_of (device);
  const xmlNode *boot = kvmm_xml_node_child (kvmm_xml_node_child (root, "os"), "boot");
  guint64 place = 1;

  if (class == NULL)
    return 0;
  for (const xmlNode *before = device->prev; before != NULL; before = before->prev)
    if (before->type == XML_ELEMENT_NODE && g_strcmp0 (class_of (before), class) == 0)
      return 0;
  if (boot == NULL)
    return strcmp (class, "hd") == 0 ? 1 : 0;
  for (; boot != NULL; boot = kvmm_xml_node_next (boot, "boot"), place++)
    if (kvmm_xml_node_attribute_is (boot, "dev", class))
      return place;
  return 0;
}

static guint64
get_order (const xmlNode *device)
{
  return kvmm_xml_node_attribute_uint (kvmm_xml_node_child (device, "boot"), "order", 0);
}

static gboolean
has_orders (const xmlNode *root)
{
  for (const xmlNode *node = kvmm_xml_node_child (find_devices (root), NULL); node != NULL;
       node = kvmm_xml_node_next (node, NULL))
    if (can_boot ((const char *) node->name) && get_order (node) > 0)
      return TRUE;
  return FALSE;
}

static KvmmXmlBootDevice *
boot_device_new (xmlNode *node, guint64 place)
{
  const KvmmXmlKind *kind = kvmm_xml_kind_of_device ((const char *) node->name);
  KvmmXmlBootDevice *self = g_new0 (KvmmXmlBootDevice, 1);

  self->item.kind = g_intern_string ((const char *) node->name);
  self->item.index = kvmm_xml_edit_number_of (node);
  self->place = place;
  self->boots = place > 0;
  self->title = kvmm_xml_device_dup_title (kind, node);
  self->summary = kvmm_xml_device_dup_summary (kind, node);
  self->icon_name = g_strdup (kvmm_xml_device_icon_name (kind, node));
  return self;
}

/* Those that boot by their places, the others behind them as they stand in the document. */
static int
compare_devices (gconstpointer a, gconstpointer b)
{
  const KvmmXmlBootDevice *const *first = a, *const *second = b;
  guint64 first_place = (*first)->boots ? (*first)->place : G_MAXUINT64;
  guint64 second_place = (*second)->boots ? (*second)->place : G_MAXUINT64;

  if (first_place != second_place)
    return first_place < second_place ? -1 : 1;
  return (*first)->number < (*second)->number ? -1 : (*first)->number > (*second)->number;
}

GPtrArray *
kvmm_xml_edit_list_boot_devices (KvmmXmlEdit *self)
{
  GPtrArray *list;
  const xmlNode *root;
  gboolean is_by_device;

  g_return_val_if_fail (self != NULL, NULL);

  list = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_xml_boot_device_free);
  root = kvmm_xml_edit_root (self);
  is_by_device = has_orders (root);
  for (xmlNode *node = kvmm_xml_node_child (find_devices (root), NULL);
       node != NULL && list->len < KVMM_XML_BOOT_DEVICES_MAX;
       node = kvmm_xml_node_next (node, NULL))
    if (node->ns == NULL && can_boot ((const char *) node->name))
      {
        KvmmXmlBootDevice *device = boot_device_new (
            node, is_by_device ? get_order (node) : find_place_by_class (root, node));

        device->number = list->len;
        g_ptr_array_add (list, device);
      }
  g_ptr_array_sort (list, compare_devices);
  return list;
}

/* ---- writing ---- */

static gboolean
check_items (KvmmXmlEdit *self, const KvmmXmlBootItem *items, guint n_items, GError **error)
{
  for (guint i = 0; i < n_items; i++)
    {
      if (!can_boot (items[i].kind) ||
          kvmm_xml_edit_nth_device (self, items[i].kind, items[i].index) == NULL)
        return kvmm_xml_edit_no_such_part (items[i].kind, items[i].index, error);
      for (guint j = 0; j < i; j++)
        if (items[j].index == items[i].index && strcmp (items[j].kind, items[i].kind) == 0)
          {
            g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
                         _ ("A device stands twice in the boot order"));
            return FALSE;
          }
    }
  return TRUE;
}

static void
remove_all (xmlNode *parent, const char *name)
{
  xmlNode *node;

  while ((node = kvmm_xml_node_child (parent, name)) != NULL)
    kvmm_xml_node_remove (node);
}

/* What else stands in <boot> (loadparm) stays. */
static void
set_order (xmlNode *device, guint order)
{
  xmlNode *boot = kvmm_xml_node_child (device, "boot");
  g_autofree char *text = g_strdup_printf ("%u", order);

  if (boot == NULL)
    {
      boot = xmlNewDocNode (device->doc, NULL, BAD_CAST "boot", NULL);
      kvmm_xml_node_insert (device, boot, NULL);
    }
  xmlSetProp (boot, BAD_CAST "order", BAD_CAST text);
}

/* Of `<os>` and of all devices. */
static void
remove_orders (KvmmXmlEdit *self)
{
  xmlNode *root = kvmm_xml_edit_root (self);

  remove_all (kvmm_xml_node_child (root, "os"), "boot");
  for (xmlNode *node = kvmm_xml_node_child (find_devices (root), NULL); node != NULL;
       node = kvmm_xml_node_next (node, NULL))
    {
      xmlNode *boot =
          can_boot ((const char *) node->name) ? kvmm_xml_node_child (node, "boot") : NULL;

      if (boot == NULL)
        continue;
      xmlUnsetProp (boot, BAD_CAST "order");
      if (kvmm_xml_node_is_bare (boot))
        kvmm_xml_node_remove (boot);
    }
}

gboolean
kvmm_xml_edit_set_boot_order (KvmmXmlEdit *self,
                              const KvmmXmlBootItem *items,
                              guint n_items,
                              GError **error)
{
  g_autofree char *old_order = NULL;
  KvmmXmlChange *change;

  g_return_val_if_fail (self != NULL && (items != NULL || n_items == 0), FALSE);

  if (!check_items (self, items, n_items, error))
    return FALSE;
  old_order = kvmm_xml_edit_dup_boot_order (self);
  remove_orders (self);
  change = kvmm_xml_edit_record (self, KVMM_XML_CHANGE_BOOT, NULL);
  change->old_value = g_steal_pointer (&old_order);
  change->order = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < n_items; i++)
    {
      xmlNode *device = kvmm_xml_edit_nth_device (self, items[i].kind, items[i].index);

      set_order (device, i + 1);
      g_ptr_array_add (change->order, kvmm_xml_identity_find (device));
    }
  return TRUE;
}

gboolean
kvmm_xml_is_boot_path (const char *path)
{
  return path != NULL && (strcmp (path, "boot/@order") == 0 || strcmp (path, "os/boot/@dev") == 0);
}

void
kvmm_xml_edit_take_boot_order (KvmmXmlEdit *self, xmlNode *other)
{
  g_autoptr (GHashTable) devices = kvmm_xml_identity_list (kvmm_xml_edit_root (self));
  xmlNode *os = kvmm_xml_node_child (kvmm_xml_edit_root (self), "os");

  remove_orders (self);
  for (xmlNode *boot = kvmm_xml_node_child (kvmm_xml_node_child (other, "os"), "boot");
       boot != NULL && os != NULL; boot = kvmm_xml_node_next (boot, "boot"))
    kvmm_xml_node_insert (os, xmlDocCopyNode (boot, self->document, 1), NULL);
  for (xmlNode *node = kvmm_xml_node_child (find_devices (other), NULL); node != NULL;
       node = kvmm_xml_node_next (node, NULL))
    {
      guint64 order = can_boot ((const char *) node->name) ? get_order (node) : 0;
      g_autofree char *identity = order > 0 ? kvmm_xml_identity_find (node) : NULL;
      xmlNode *device = identity != NULL ? g_hash_table_lookup (devices, identity) : NULL;

      if (device != NULL)
        set_order (device, (guint) MIN (order, G_MAXUINT));
    }
  kvmm_xml_edit_record (self, KVMM_XML_CHANGE_ALL, NULL)->new_value = kvmm_xml_edit_dup_xml (self);
}
