/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-pending.h"

#include <glib/gi18n.h>
#include <string.h>

#include "util/kvmm-guest-text.h"
#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-edit-private.h"
#include "xml/kvmm-xml-identity.h"
#include "xml/kvmm-xml-path.h"
#include "xml/kvmm-xml-rules.h"
#include "xml/kvmm-xml-titles.h"

/* libvirt's own choices, made when the machine starts. */
typedef struct
{
  const char *kind; /* (nullable) %NULL: any */
  const char *path; /* a "*" at its end stands for anything */
  gboolean always;  /* no difference at all; else only while the definition says nothing */
} Automatic;

static const Automatic automatics[] = {
  { NULL, "alias/@name", TRUE },
  { NULL, "address", FALSE },
  { NULL, "@tty", TRUE },
  { NULL, "target/@state", TRUE },
  { NULL, "acpi/@index", FALSE },
  { NULL, "audio/@id", FALSE },
  { "disk", "target/@tray", TRUE },
  { "disk", "mirror/@job", TRUE },
  { "disk", "backingStore/*", TRUE },
  { "disk", "driver/@name", FALSE },
  { "interface", "target/@dev", FALSE },
  { "interface", "source/@bridge", FALSE },
  { "interface", "source/@dev", FALSE },
  { "interface", "source/@mode", FALSE },
  { "interface", "backend/@type", FALSE },
  { "serial", "source/@*", FALSE },
  { "parallel", "source/@*", FALSE },
  { "console", "source/@*", FALSE },
  { "channel", "source/@*", FALSE },
  { "console", "@type", TRUE }, /* of the serial port it stands for */
  { "graphics", "@*", FALSE },
  { "graphics", "listen/@*", FALSE },
  { "hostdev", "driver/@name", FALSE },
  { "tpm", "backend/*", FALSE },
  { "vsock", "cid/@address", FALSE },
  { "memory", "target/current", TRUE },
  { "memory", "target/address/@base", FALSE },
  { "rng", "backend/@*", FALSE },
  { "domain/os", "os/loader*", FALSE },
  { "domain/os", "os/nvram*", FALSE },
  { "domain/os", "os/firmware/feature", FALSE },
  { "domain/cpu", "cpu/@migratable", FALSE },
};

static gboolean
matches (const Automatic *automatic, const char *kind, const char *path)
{
  gsize length = strlen (automatic->path);

  if (automatic->kind != NULL && strcmp (automatic->kind, kind) != 0)
    return FALSE;
  if (automatic->path[length - 1] == '*')
    return strncmp (automatic->path, path, length - 1) == 0;
  return strcmp (automatic->path, path) == 0;
}

static gboolean
is_automatic (const char *kind, const char *path, const char *next)
{
  for (guint i = 0; i < G_N_ELEMENTS (automatics); i++)
    if (matches (&automatics[i], kind, path) && (automatics[i].always || next == NULL))
      return TRUE;
  return FALSE;
}

/* A port that libvirt chooses is "-1" in the definition. */
static gboolean
is_automatic_port (const char *kind, const xmlNode *next, const char *path)
{
  return strcmp (kind, "graphics") == 0 &&
         (strcmp (path, "@port") == 0 || strcmp (path, "@tlsPort") == 0) &&
         kvmm_xml_node_attribute_is (next, "autoport", "yes");
}

/* While it runs, libvirt writes down what the processor came to: all of it for "like the host",
 * else the features that the model has. */
static gboolean
is_resolved_cpu (const xmlNode *live_root, const xmlNode *next_root, const char *path)
{
  const xmlNode *live = kvmm_xml_node_child (live_root, "cpu");
  const char *mode = kvmm_xml_node_attribute (kvmm_xml_node_child (next_root, "cpu"), "mode");

  if (mode == NULL || strcmp (mode, "custom") != 0)
    return g_str_has_prefix (path, "cpu/@") || g_str_has_prefix (path, "cpu/model") ||
           g_str_has_prefix (path, "cpu/vendor") || strcmp (path, "cpu/feature") == 0;
  return kvmm_xml_node_attribute_is (live, "check", "full") &&
         (strcmp (path, "cpu/@check") == 0 || strcmp (path, "cpu/feature") == 0 ||
          strcmp (path, "cpu/vendor") == 0);
}

/* An empty drive has no format while it runs. */
static gboolean
is_of_empty_drive (const char *kind, const char *path, const char *now)
{
  return now == NULL && strcmp (kind, "disk") == 0 && strcmp (path, "driver/@type") == 0;
}

/* ---- listing ---- */

typedef struct
{
  GPtrArray *list; /* (unowned) (element-type KvmmXmlPending) */
  const char *kind;
  const char *identity; /* (nullable) */
  const char *title;
} Context;

static KvmmXmlPending *
add (const Context *context, KvmmXmlPendingType type)
{
  KvmmXmlPending *pending;

  if (context->list->len >= KVMM_XML_PENDING_MAX)
    return NULL;
  pending = g_new0 (KvmmXmlPending, 1);
  pending->type = type;
  pending->can_discard = TRUE;
  pending->kind = g_strdup (context->kind);
  pending->identity = g_strdup (context->identity);
  pending->title = g_strdup (context->title);
  g_ptr_array_add (context->list, pending);
  return pending;
}

/* What take_back_field() can do: an attribute that no edit may write is what makes its part what it
 * is. */
static gboolean
can_take_back (const char *kind, const KvmmXmlFieldSpec *spec)
{
  return strchr (spec->path, '@') == NULL ||
         kvmm_xml_rule_of_spec (kind, spec).type != KVMM_XML_TYPE_FIXED;
}

static void
compare_fields (const Context *context,
                const KvmmXmlFieldSpec *specs,
                xmlNode *live,
                xmlNode *inactive)
{
  gboolean is_section = context->identity == NULL;

  for (const KvmmXmlFieldSpec *spec = specs; spec != NULL && spec->path != NULL; spec++)
    {
      g_autofree char *now = kvmm_xml_field_dup_all (live, spec);
      g_autofree char *next = kvmm_xml_field_dup_all (inactive, spec);
      KvmmXmlPending *pending;

      if (g_strcmp0 (now, next) == 0 || is_automatic (context->kind, spec->path, next) ||
          is_automatic_port (context->kind, inactive, spec->path) ||
          is_of_empty_drive (context->kind, spec->path, now) ||
          (is_section && is_resolved_cpu (live, inactive, spec->path)))
        continue;
      pending = add (context, KVMM_XML_PENDING_CHANGED);
      if (pending == NULL)
        return;
      pending->can_discard = can_take_back (context->kind, spec);
      pending->path = g_strdup (spec->path);
      pending->label = g_strdup (_ (spec->label));
      pending->now = g_steal_pointer (&now);
      pending->next = g_steal_pointer (&next);
    }
}

static void
compare_sections (GPtrArray *list, xmlNode *live, xmlNode *inactive)
{
  for (const KvmmXmlKind *section = kvmm_xml_sections; section->name != NULL; section++)
    {
      g_autofree char *kind = g_strconcat ("domain/", section->name, NULL);
      Context context = { list, kind, NULL, _ (section->title) };

      compare_fields (&context, section->fields, live, inactive);
    }
}

static char *
dup_title (const xmlNode *device, const char *identity)
{
  const KvmmXmlKind *kind = kvmm_xml_kind_of_device ((const char *) device->name);

  return kind != NULL ? kvmm_xml_device_dup_title (kind, (xmlNode *) device)
                      : kvmm_guest_text_sanitise (identity, -1);
}

/* What is the same in both documents is compared; @type says what one of the first alone means. */
static void
walk_devices (GPtrArray *list, const xmlNode *first, const xmlNode *second, KvmmXmlPendingType type)
{
  g_autoptr (GHashTable) others = kvmm_xml_identity_list (second);
  const xmlNode *devices = kvmm_xml_node_child (first, "devices");

  for (xmlNode *node = kvmm_xml_node_child (devices, NULL); node != NULL;
       node = kvmm_xml_node_next (node, NULL))
    {
      g_autofree char *identity = kvmm_xml_identity_find (node);
      g_autofree char *title = dup_title (node, identity);
      const KvmmXmlKind *kind = kvmm_xml_kind_of_device ((const char *) node->name);
      Context context = { list, (const char *) node->name, identity, title };
      xmlNode *other = g_hash_table_lookup (others, identity);

      if (other == NULL)
        add (&context, type);
      else if (type == KVMM_XML_PENDING_REMOVED && kind != NULL)
        compare_fields (&context, kind->fields, node, other);
    }
}

GPtrArray *
kvmm_xml_list_pending (const char *live_xml, const char *inactive_xml, GError **error)
{
  g_autoptr (xmlDoc) live =
      kvmm_xml_document_parse (live_xml, "domain", KVMM_XML_READ_DROP_BLANKS, error);
  g_autoptr (xmlDoc) inactive =
      live != NULL
          ? kvmm_xml_document_parse (inactive_xml, "domain", KVMM_XML_READ_DROP_BLANKS, error)
          : NULL;
  GPtrArray *list;

  if (inactive == NULL)
    return NULL;
  list = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_xml_pending_free);
  compare_sections (list, xmlDocGetRootElement (live), xmlDocGetRootElement (inactive));
  walk_devices (list, xmlDocGetRootElement (live), xmlDocGetRootElement (inactive),
                KVMM_XML_PENDING_REMOVED);
  walk_devices (list, xmlDocGetRootElement (inactive), xmlDocGetRootElement (live),
                KVMM_XML_PENDING_ADDED);
  return list;
}

void
kvmm_xml_pending_free (KvmmXmlPending *self)
{
  if (self == NULL)
    return;
  g_free (self->kind);
  g_free (self->identity);
  g_free (self->path);
  g_free (self->title);
  g_free (self->label);
  g_free (self->now);
  g_free (self->next);
  g_free (self);
}

KvmmXmlPending *
kvmm_xml_pending_copy (const KvmmXmlPending *self)
{
  KvmmXmlPending *copy = g_new0 (KvmmXmlPending, 1);

  copy->type = self->type;
  copy->can_discard = self->can_discard;
  copy->kind = g_strdup (self->kind);
  copy->identity = g_strdup (self->identity);
  copy->path = g_strdup (self->path);
  copy->title = g_strdup (self->title);
  copy->label = g_strdup (self->label);
  copy->now = g_strdup (self->now);
  copy->next = g_strdup (self->next);
  return copy;
}

/* ---- discarding ---- */

static gboolean
is_gone (const KvmmXmlPending *pending, GError **error)
{
  g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_CONFLICT,
               _ ("“%s” was changed meanwhile; there is nothing to discard"), pending->title);
  return FALSE;
}

/* What only a running machine has. */
static void
strip_live (xmlNode *device)
{
  xmlNode *alias = kvmm_xml_node_child (device, "alias");
  xmlNode *source = kvmm_xml_node_child (device, "source");
  xmlNode *target = kvmm_xml_node_child (device, "target");
  const char *name = kvmm_xml_node_attribute (alias, "name");
  static const char *const elements[] = { "mirror", "backingStore" };

  /* A name that a person gave begins with "ua-". */
  if (alias != NULL && (name == NULL || !g_str_has_prefix (name, "ua-")))
    kvmm_xml_node_remove (alias);
  for (guint i = 0; i < G_N_ELEMENTS (elements); i++)
    {
      xmlNode *element = kvmm_xml_node_child (device, elements[i]);

      if (element != NULL)
        kvmm_xml_node_remove (element);
    }
  if (source != NULL)
    {
      xmlUnsetProp (source, BAD_CAST "index");
      xmlUnsetProp (source, BAD_CAST "portid");
    }
  if (target != NULL)
    {
      xmlUnsetProp (target, BAD_CAST "state");
      xmlUnsetProp (target, BAD_CAST "tray");
      if (kvmm_xml_node_is (device, "interface") &&
          g_str_has_prefix (kvmm_xml_node_attribute (target, "dev") != NULL
                                ? kvmm_xml_node_attribute (target, "dev")
                                : "",
                            "vnet"))
        kvmm_xml_node_remove (target);
    }
  xmlUnsetProp (device, BAD_CAST "tty");
}

static gboolean
bring_back (KvmmXmlEdit *self, xmlNode *device, GError **error)
{
  g_autofree char *xml = NULL;

  strip_live (device);
  xml = kvmm_xml_node_serialise (device);
  return kvmm_xml_edit_add_device (self, xml, NULL, error);
}

/* Elements that no single value stands for: all of that name are those of the running machine. */
static void
copy_elements (xmlNode *live_base, xmlNode *base, const char *text)
{
  g_autoptr (KvmmXmlPath) path = kvmm_xml_path_parse (text, NULL);
  g_autofree char *parent_text = NULL;
  const KvmmXmlStep *last = path->steps->pdata[path->steps->len - 1];
  xmlNode *from = live_base;
  xmlNode *to = base;
  xmlNode *node;

  if (path->steps->len > 1)
    {
      g_autoptr (KvmmXmlPath) parent = NULL;

      parent_text = g_strndup (text, (gsize) (strrchr (text, '/') - text));
      parent = kvmm_xml_path_parse (parent_text, NULL);
      from = kvmm_xml_path_find (parent, live_base);
      to = kvmm_xml_path_make (parent, base);
    }
  while ((node = kvmm_xml_node_child (to, last->name)) != NULL)
    kvmm_xml_node_remove (node);
  for (node = kvmm_xml_node_child (from, last->name); node != NULL;
       node = kvmm_xml_node_next (node, last->name))
    kvmm_xml_node_insert (to, xmlDocCopyNode (node, to->doc, 1), NULL);
  if (to != base && kvmm_xml_node_is_bare (to))
    kvmm_xml_node_remove (to);
}

static gboolean
take_back_field (KvmmXmlEdit *self,
                 const char *live_xml,
                 guint live_index,
                 guint index,
                 const KvmmXmlPending *pending,
                 GError **error)
{
  g_autoptr (KvmmXmlEdit) live = kvmm_xml_edit_open (live_xml, error);
  g_autofree char *value = NULL;
  g_autoptr (GError) refusal = NULL;
  KvmmXmlPart part;
  KvmmXmlPart live_part;
  KvmmXmlChange *change;

  if (live == NULL)
    return FALSE;
  value = kvmm_xml_edit_get (live, pending->kind, live_index, pending->path);
  if (kvmm_xml_edit_set (self, pending->kind, index, pending->path, value, &refusal))
    return TRUE;
  if (!g_error_matches (refusal, KVMM_XML_ERROR, KVMM_XML_ERROR_NO_SUCH_FIELD) ||
      strchr (pending->path, '@') != NULL ||
      !kvmm_xml_edit_find_part (live, pending->kind, live_index, &live_part) ||
      !kvmm_xml_edit_find_part (self, pending->kind, index, &part))
    {
      g_propagate_error (error, g_steal_pointer (&refusal));
      return FALSE;
    }
  copy_elements (live_part.node, part.node, pending->path);
  change = kvmm_xml_edit_record (self, KVMM_XML_CHANGE_ALL, NULL);
  change->new_value = kvmm_xml_edit_dup_xml (self);
  return TRUE;
}

gboolean
kvmm_xml_edit_discard (KvmmXmlEdit *self,
                       const char *live_xml,
                       const KvmmXmlPending *pending,
                       GError **error)
{
  g_autoptr (xmlDoc) live = NULL;
  g_autoptr (GHashTable) live_devices = NULL;
  g_autoptr (GHashTable) devices = NULL;
  xmlNode *live_device;
  const xmlNode *device;

  g_return_val_if_fail (self != NULL && pending != NULL, FALSE);

  live = kvmm_xml_document_parse (live_xml, "domain", KVMM_XML_READ_DROP_BLANKS, error);
  if (live == NULL)
    return FALSE;
  /* One place alone would be given twice, or in both ways. */
  if (pending->type == KVMM_XML_PENDING_CHANGED && kvmm_xml_is_boot_path (pending->path))
    {
      kvmm_xml_edit_take_boot_order (self, xmlDocGetRootElement (live));
      return TRUE;
    }
  if (pending->identity == NULL)
    return take_back_field (self, live_xml, 0, 0, pending, error);
  live_devices = kvmm_xml_identity_list (xmlDocGetRootElement (live));
  devices = kvmm_xml_identity_list (kvmm_xml_edit_root (self));
  live_device = g_hash_table_lookup (live_devices, pending->identity);
  device = g_hash_table_lookup (devices, pending->identity);
  switch (pending->type)
    {
    case KVMM_XML_PENDING_ADDED:
      if (device == NULL || live_device != NULL)
        return is_gone (pending, error);
      return kvmm_xml_edit_remove_device (self, (const char *) device->name,
                                          kvmm_xml_edit_number_of (device), error);
    case KVMM_XML_PENDING_REMOVED:
      if (device != NULL || live_device == NULL)
        return is_gone (pending, error);
      return bring_back (self, live_device, error);
    case KVMM_XML_PENDING_CHANGED:
      if (device == NULL || live_device == NULL)
        return is_gone (pending, error);
      return take_back_field (self, live_xml, kvmm_xml_edit_number_of (live_device),
                              kvmm_xml_edit_number_of (device), pending, error);
    }
  return FALSE;
}
