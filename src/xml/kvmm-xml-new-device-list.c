/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "xml/kvmm-xml-edit-private.h"
#include "xml/kvmm-xml-host-device.h"
#include "xml/kvmm-xml-host-interface.h"
#include "xml/kvmm-xml-new-device-private.h"
#include "xml/kvmm-xml-share.h"
#include "xml/kvmm-xml-slot.h"

/* Which devices a machine can get. */

typedef struct
{
  KvmmXmlEdit *edit;
  const char *stored;
  const xmlNode *live; /* (nullable) */
  const KvmmXmlNewHost *host;
  KvmmXmlNeeds has; /* what the machine and its host have */
} Context;

static void
field_free (gpointer data)
{
  KvmmXmlNewField *self = data;

  g_clear_pointer (&self->words, g_ptr_array_unref);
  g_clear_pointer (&self->labels, g_ptr_array_unref);
  g_free (self->value);
  g_free (self);
}

void
kvmm_xml_new_kind_free (KvmmXmlNewKind *self)
{
  if (self == NULL)
    return;
  g_free (self->refusal);
  g_clear_pointer (&self->fields, g_ptr_array_unref);
  g_free (self);
}

/* ---- what there is ---- */

static const xmlNode *
get_devices (const Context *context)
{
  return kvmm_xml_node_child (kvmm_xml_edit_root (context->edit), "devices");
}

/* Whether a device of this element has @value at @path; any when %NULL. */
static gboolean
has_device (const Context *context, const char *element, const char *path, const char *value)
{
  for (guint i = 0; i < kvmm_xml_edit_count (context->edit, element); i++)
    {
      g_autofree char *found =
          path != NULL ? kvmm_xml_edit_get (context->edit, element, i, path) : NULL;

      if (path == NULL || g_strcmp0 (found, value) == 0)
        return TRUE;
    }
  return FALSE;
}

/* Without a USB controller libvirt adds one, except where it was told not to. */
static gboolean
has_usb (const Context *context)
{
  for (const xmlNode *node = kvmm_xml_node_child (get_devices (context), "controller");
       node != NULL; node = kvmm_xml_node_next (node, "controller"))
    if (kvmm_xml_node_attribute_is (node, "type", "usb") &&
        kvmm_xml_node_attribute_is (node, "model", "none"))
      return FALSE;
  return TRUE;
}

static KvmmXmlNeeds
find_machine (const Context *context)
{
  const xmlNode *root = kvmm_xml_edit_root (context->edit);
  const xmlNode *type = kvmm_xml_node_child (kvmm_xml_node_child (root, "os"), "type");
  const char *arch = kvmm_xml_node_attribute (type, "arch");
  const char *machine = kvmm_xml_node_attribute (type, "machine");

  if (g_strcmp0 (arch, "x86_64") != 0 && g_strcmp0 (arch, "i686") != 0)
    return 0;
  if (machine != NULL && strstr (machine, "q35") != NULL)
    return KVMM_XML_NEEDS_X86 | KVMM_XML_NEEDS_PCIE;
  if (machine != NULL && (strcmp (machine, "pc") == 0 || g_str_has_prefix (machine, "pc-")))
    return KVMM_XML_NEEDS_X86 | KVMM_XML_NEEDS_OLD_PC;
  return KVMM_XML_NEEDS_X86;
}

static KvmmXmlNeeds
find_all (const Context *context)
{
  const KvmmXmlNewHost *host = context->host;
  KvmmXmlNeeds has = find_machine (context);

  if (has_usb (context))
    has |= KVMM_XML_NEEDS_USB;
  if (!host->is_session)
    has |= KVMM_XML_NEEDS_RIGHTS;
  if (!host->is_session || host->libvirt_version >= KVMM_XML_SHARE_SESSION_VERSION)
    has |= KVMM_XML_NEEDS_VIRTIOFS;
  if (host->networks != NULL && host->networks->len > 0)
    has |= KVMM_XML_NEEDS_NETWORK;
  if (host->pools != NULL && host->pools->len > 0)
    has |= KVMM_XML_NEEDS_POOL;
  if (host->volumes != NULL && host->volumes->len > 0)
    has |= KVMM_XML_NEEDS_VOLUME;
  if (has_device (context, "graphics", "@type", "spice"))
    has |= KVMM_XML_NEEDS_SPICE;
  return has;
}

/* ---- fields ---- */

static gboolean
is_offered (const Context *context,
            const char *element,
            const KvmmXmlNewSpec *spec,
            const KvmmXmlNewWord *word)
{
  KvmmXmlNeeds needs = word->needs & (KvmmXmlNeeds) ~KVMM_XML_NEEDS_NO_OTHER;

  if ((context->has & needs) != needs)
    return FALSE;
  if (word->needs & KVMM_XML_NEEDS_NO_OTHER &&
      has_device (context, element, spec->path, word->word))
    return FALSE;
  return spec->caps == NULL ||
         kvmm_xml_machine_options_offers (context->host->options, element, spec->caps, word->word);
}

static void
add_word (KvmmXmlNewField *field, const char *word, const char *label)
{
  g_ptr_array_add (field->words, g_strdup (word));
  g_ptr_array_add (field->labels, g_strdup (label));
}

static void
add_all (KvmmXmlNewField *field, GPtrArray *words, GPtrArray *labels)
{
  for (guint i = 0; words != NULL && i < words->len; i++)
    add_word (field, words->pdata[i], labels != NULL ? labels->pdata[i] : words->pdata[i]);
}

/* One that has a twin is told from it by its place. */
static gboolean
has_twin (GPtrArray *devices, const KvmmXmlHostDevice *device)
{
  gsize length = strcspn (device->word, "@");

  for (guint i = 0; i < devices->len; i++)
    {
      const KvmmXmlHostDevice *other = devices->pdata[i];

      if (other != device && other->is_usb && strncmp (other->word, device->word, length + 1) == 0)
        return TRUE;
    }
  return FALSE;
}

static void
add_host_devices (KvmmXmlNewField *field, GPtrArray *devices, gboolean is_usb)
{
  for (guint i = 0; devices != NULL && i < devices->len; i++)
    {
      const KvmmXmlHostDevice *device = devices->pdata[i];
      g_autofree char *word = g_strdup (device->word);

      if (device->is_usb != is_usb)
        continue;
      if (is_usb && !has_twin (devices, device))
        *strchr (word, '@') = '\0';
      add_word (field, word, device->label);
    }
}

static void
add_interfaces (KvmmXmlNewField *field, GPtrArray *interfaces, gboolean is_bridge)
{
  for (guint i = 0; interfaces != NULL && i < interfaces->len; i++)
    {
      const KvmmXmlHostInterface *interface = interfaces->pdata[i];

      if (interface->is_bridge == is_bridge)
        add_word (field, interface->name, interface->name);
    }
}

/* What the machine's other devices have suits the next one: its system has a driver for it.
 * Returns: (transfer full) (nullable) */
static char *
dup_habit (const Context *context, const char *kind, const KvmmXmlNewField *field)
{
  gboolean is_disk = strcmp (kind, "disk") == 0 && strcmp (field->path, "target/@bus") == 0;
  gboolean is_card = strcmp (kind, "interface") == 0 && strcmp (field->path, "model/@type") == 0;

  for (guint i = 0; (is_disk || is_card) && i < kvmm_xml_edit_count (context->edit, kind); i++)
    {
      g_autofree char *device = kvmm_xml_edit_get (context->edit, kind, i, "@device");
      g_autofree char *value = kvmm_xml_edit_get (context->edit, kind, i, field->path);

      if (is_disk && device != NULL && strcmp (device, "disk") != 0)
        continue;
      if (value != NULL &&
          g_ptr_array_find_with_equal_func (field->words, value, g_str_equal, NULL))
        return g_steal_pointer (&value);
    }
  return NULL;
}

static char *
dup_default (const Context *context, const KvmmXmlNewTable *table, const KvmmXmlNewField *field)
{
  const xmlNode *root = kvmm_xml_edit_root (context->edit);
  char *habit;

  if (strcmp (field->path, KVMM_XML_NEW_VOLUME) == 0)
    {
      g_autofree char *name = kvmm_xml_node_dup_text (kvmm_xml_node_child (root, "name"));
      g_autofree char *target = kvmm_xml_slot_find_target (root, context->live, "virtio");

      return g_strdup_printf ("%s-%s", name != NULL ? name : "disk", target);
    }
  if (strcmp (table->name, "filesystem") == 0 && strcmp (field->path, "target/@dir") == 0)
    return kvmm_xml_share_dup_tag ("", context->stored);
  if (field->type != KVMM_XML_NEW_CHOICE)
    return g_strdup (field->words != NULL && field->words->len > 0 ? field->words->pdata[0] : "");
  habit = dup_habit (context, table->name, field);
  if (habit != NULL)
    return habit;
  return g_strdup (field->words->len > 0 ? field->words->pdata[0] : "");
}

static KvmmXmlNewField *
create_field (const Context *context,
              const KvmmXmlNewTable *table,
              const char *element,
              const KvmmXmlNewSpec *spec)
{
  KvmmXmlNewField *field = g_new0 (KvmmXmlNewField, 1);

  field->path = spec->path;
  field->label = _ (spec->label);
  field->type = spec->type;
  field->asks = spec->asks;
  field->answer = spec->answer;
  if (spec->type == KVMM_XML_NEW_CHOICE)
    {
      field->words = g_ptr_array_new_with_free_func (g_free);
      field->labels = g_ptr_array_new_with_free_func (g_free);
      for (const KvmmXmlNewWord *word = spec->words; word->word != NULL; word++)
        if (is_offered (context, element, spec, word))
          add_word (field, word->word, word->label != NULL ? _ (word->label) : word->word);
      if (strcmp (spec->path, KVMM_XML_NEW_POOL) == 0)
        add_all (field, context->host->pools, context->host->pool_labels);
      else if (strcmp (spec->path, KVMM_XML_NEW_EXISTING) == 0)
        add_all (field, context->host->volumes, context->host->volume_labels);
      else if (strcmp (spec->path, "source/@network") == 0)
        add_all (field, context->host->networks, NULL);
      else if (strcmp (spec->path, KVMM_XML_NEW_USB_DEVICE) == 0)
        add_host_devices (field, context->host->devices, TRUE);
      else if (strcmp (spec->path, KVMM_XML_NEW_PCI_DEVICE) == 0)
        add_host_devices (field, context->host->devices, FALSE);
    }
  else if (strcmp (element, "interface") == 0 &&
           (strcmp (spec->path, "source/@bridge") == 0 || strcmp (spec->path, "source/@dev") == 0))
    {
      field->words = g_ptr_array_new_with_free_func (g_free);
      field->labels = g_ptr_array_new_with_free_func (g_free);
      add_interfaces (field, context->host->interfaces, strcmp (spec->path, "source/@bridge") == 0);
    }
  field->value = spec->value != NULL ? g_strdup (spec->value) : dup_default (context, table, field);
  return field;
}

/* ---- kinds ---- */

static const char *
find_need (const Context *context, const KvmmXmlNewTable *table, const char *element)
{
  KvmmXmlNeeds missing = table->needs & (KvmmXmlNeeds) ~context->has;

  if (missing & KVMM_XML_NEEDS_SPICE)
    return _ ("It needs a SPICE screen, which the machine does not have");
  if (missing & KVMM_XML_NEEDS_X86)
    return _ ("Only machines of the PC's architecture have one");
  if (missing & KVMM_XML_NEEDS_USB)
    return _ ("The machine's USB is switched off");
  if (missing & KVMM_XML_NEEDS_RIGHTS)
    return _ ("It needs the host's own libvirt (qemu:///system), not a session");
  if (strcmp (table->name, "tpm") == 0 && context->host->options != NULL &&
      !context->host->options->has_tpm)
    return _ ("The host has no program that emulates a TPM 2.0 (swtpm)");
  if (strcmp (table->name, "vsock") == 0 && context->host->lacks_vsock)
    return _ ("The host's kernel has no device for it (vhost_vsock)");
  if (!kvmm_xml_machine_options_offers (context->host->options, element, NULL, NULL))
    return _ ("The host does not offer it");
  /* "none" is what libvirt calls a balloon that is not there. */
  if (table->needs & KVMM_XML_NEEDS_NO_OTHER && has_device (context, element, NULL, NULL) &&
      !has_device (context, element, "@model", "none"))
    return _ ("The machine has one already");
  return NULL;
}

/* A choice of nothing: what is missing is said in the words of who misses it. */
static const char *
find_lack (const Context *context, const char *element, const KvmmXmlNewKind *kind)
{
  for (guint i = 0; i < kind->fields->len; i++)
    {
      const KvmmXmlNewField *field = kind->fields->pdata[i];

      if (field->type == KVMM_XML_NEW_CHOICE && field->words->len == 0 && field->asks == NULL)
        return has_device (context, element, NULL, NULL)
                   ? _ ("The machine has all of them that it can have")
                   : _ ("The host does not offer it");
    }
  return NULL;
}

/* Why there is no VirtioFS, or what it brings with it. */
static const char *
find_share_note (const Context *context)
{
  if (!kvmm_xml_machine_options_offers (context->host->options, "filesystem", "driverType",
                                        "virtiofs"))
    return _ ("The host does not offer VirtioFS; 9p, which QEMU has itself, needs nothing of it "
              "and is slower.");
  if (!(context->has & KVMM_XML_NEEDS_VIRTIOFS))
    return _ ("VirtioFS needs libvirt 10.0 or newer for a session (qemu:///session), or the host's "
              "own libvirt (qemu:///system); 9p, which QEMU has itself, is slower.");
  if (kvmm_xml_share_has_memory (context->stored))
    return NULL;
  return _ ("VirtioFS shares the machine's memory with a program on the host. The definition does "
            "not say so yet: it is added, and counts from the next start on.");
}

static KvmmXmlNewKind *
create_kind (const Context *context, const KvmmXmlNewTable *table)
{
  KvmmXmlNewKind *self = g_new0 (KvmmXmlNewKind, 1);
  g_autofree char *element = kvmm_xml_new_table_dup_element (table);
  const KvmmXmlKind *known = kvmm_xml_kind_of_device (element);
  const char *refusal = find_need (context, table, element);

  self->name = table->name;
  self->title = table->title != NULL ? _ (table->title) : _ (known->title);
  self->icon_name = table->icon_name != NULL ? table->icon_name : known->icon_name;
  self->note = table->note != NULL ? _ (table->note) : NULL;
  if (strcmp (table->name, "filesystem") == 0)
    self->note = find_share_note (context);
  self->fields = g_ptr_array_new_with_free_func (field_free);
  for (const KvmmXmlNewSpec *spec = table->fields; spec->path != NULL; spec++)
    g_ptr_array_add (self->fields, create_field (context, table, element, spec));
  if (refusal == NULL)
    refusal = find_lack (context, element, self);
  self->refusal = g_strdup (refusal);
  return self;
}

GPtrArray *
kvmm_xml_new_device_list_kinds (const char *stored_xml,
                                const char *live_xml,
                                const KvmmXmlNewHost *host,
                                GError **error)
{
  g_autoptr (KvmmXmlEdit) edit = NULL;
  g_autoptr (xmlDoc) live = NULL;
  GPtrArray *kinds;
  Context context = { 0 };

  g_return_val_if_fail (stored_xml != NULL && host != NULL, NULL);

  edit = kvmm_xml_edit_open (stored_xml, error);
  if (edit == NULL)
    return NULL;
  live = live_xml != NULL
             ? kvmm_xml_document_parse (live_xml, "domain", KVMM_XML_READ_DEFAULT, error)
             : NULL;
  if (live_xml != NULL && live == NULL)
    return NULL;
  context.edit = edit;
  context.stored = stored_xml;
  context.live = live != NULL ? xmlDocGetRootElement (live) : NULL;
  context.host = host;
  context.has = find_all (&context);
  kinds = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_xml_new_kind_free);
  for (const KvmmXmlNewTable *table = kvmm_xml_new_tables; table->name != NULL; table++)
    g_ptr_array_add (kinds, create_kind (&context, table));
  return kinds;
}

gboolean
kvmm_xml_new_field_counts (const KvmmXmlNewField *self, GHashTable *values)
{
  g_return_val_if_fail (self != NULL && values != NULL, FALSE);

  return self->asks == NULL ||
         g_strcmp0 (g_hash_table_lookup (values, self->asks), self->answer) == 0;
}
