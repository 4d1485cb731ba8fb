/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-ovf.h"

#include <glib/gi18n.h>
#include <string.h>

#include "util/kvmm-guest-text.h"
#include "xml/kvmm-xml-ovf-private.h"

/* Machines in collections of collections. */
#define DEPTH_MAX 8

static void
free_disk (gpointer data)
{
  KvmmXmlOvfDisk *disk = data;

  g_free (disk->file);
  g_free (disk->format);
  g_free (disk);
}

static void
free_card (gpointer data)
{
  KvmmXmlOvfCard *card = data;

  g_free (card->network);
  g_free (card);
}

void
kvmm_xml_ovf_free (KvmmXmlOvf *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->product);
  g_free (self->description);
  g_free (self->system);
  g_ptr_array_unref (self->disks);
  g_ptr_array_unref (self->cards);
  g_ptr_array_unref (self->left_out);
  g_free (self);
}

/* ---- walking ---- */

gboolean
kvmm_xml_ovf_is (const xmlNode *node, const char *name)
{
  return node != NULL && node->type == XML_ELEMENT_NODE &&
         strcmp ((const char *) node->name, name) == 0;
}

const char *
kvmm_xml_ovf_attribute (const xmlNode *node, const char *name)
{
  /* A text keeps its letters where an element has its attributes. */
  if (node == NULL || node->type != XML_ELEMENT_NODE)
    return NULL;
  for (const xmlAttr *attribute = node->properties; attribute != NULL; attribute = attribute->next)
    if (strcmp ((const char *) attribute->name, name) == 0)
      return attribute->children != NULL && attribute->children->content != NULL
                 ? (const char *) attribute->children->content
                 : "";
  return NULL;
}

gboolean
kvmm_xml_ovf_is_section (const xmlNode *node, const char *name)
{
  const char *type;
  const char *local;

  if (kvmm_xml_ovf_is (node, name))
    return TRUE;
  type = kvmm_xml_ovf_is (node, "Section") || kvmm_xml_ovf_is (node, "Content")
             ? kvmm_xml_ovf_attribute (node, "type")
             : NULL;
  local = type != NULL ? strrchr (type, ':') : NULL;
  local = local != NULL ? local + 1 : type;
  return local != NULL && g_str_has_prefix (local, name) &&
         g_str_equal (local + strlen (name), "_Type");
}

const xmlNode *
kvmm_xml_ovf_find (const xmlNode *parent, const char *name)
{
  for (const xmlNode *node = parent != NULL ? parent->children : NULL; node != NULL;
       node = node->next)
    if (kvmm_xml_ovf_is_section (node, name))
      return node;
  return NULL;
}

char *
kvmm_xml_ovf_dup_child (const xmlNode *node, const char *name)
{
  return kvmm_xml_node_dup_text (kvmm_xml_ovf_find (node, name));
}

char *
kvmm_xml_ovf_dup_words (const xmlNode *node, const char *name)
{
  g_autofree char *text = kvmm_xml_ovf_dup_child (node, name);
  g_autofree char *words = text != NULL ? kvmm_guest_text_sanitise (text, -1) : NULL;

  return words != NULL && *words != '\0' ? g_steal_pointer (&words) : NULL;
}

gboolean
kvmm_xml_ovf_fail (GError **error, const char *format, ...)
{
  g_autofree char *shown = NULL;
  g_auto (GStrv) parts = g_strsplit (format, "%s", 2);
  va_list arguments;

  va_start (arguments, format);
  shown = kvmm_guest_text_sanitise (va_arg (arguments, const char *), -1);
  va_end (arguments);
  g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE, "%s%s%s", parts[0], shown,
               parts[1] != NULL ? parts[1] : "");
  return FALSE;
}

void
kvmm_xml_ovf_left_out (KvmmXmlOvf *self, const char *word)
{
  if (!g_ptr_array_find_with_equal_func (self->left_out, word, g_str_equal, NULL))
    g_ptr_array_add (self->left_out, g_strdup (word));
}

/* ---- the envelope ---- */

/* Returns: how many machines there are; @system: (out): the first of them */
static guint
find_systems (const xmlNode *parent, guint depth, const xmlNode **system)
{
  guint n = 0;

  for (const xmlNode *node = parent->children; node != NULL && depth < DEPTH_MAX; node = node->next)
    if (kvmm_xml_ovf_is_section (node, "VirtualSystem"))
      {
        if (*system == NULL)
          *system = node;
        n++;
      }
    else if (kvmm_xml_ovf_is_section (node, "VirtualSystemCollection"))
      n += find_systems (node, depth + 1, system);
  return n;
}

/* The section has no text that all tools write in one way. */
static void
read_system (KvmmXmlOvf *self, const xmlNode *section)
{
  static const char *const names[] = { "OSType", "Description" };
  g_autofree char *lower = NULL;

  if (section == NULL)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (names) && self->system == NULL; i++)
    self->system = kvmm_xml_ovf_dup_words (section, names[i]);
  if (self->system == NULL && kvmm_xml_ovf_attribute (section, "osType") != NULL)
    self->system = kvmm_guest_text_sanitise (kvmm_xml_ovf_attribute (section, "osType"), -1);
  lower = g_ascii_strdown (self->system != NULL ? self->system : "", -1);
  self->is_windows = strstr (lower, "windows") != NULL || g_str_has_prefix (lower, "winnet");
}

static void
read_product (KvmmXmlOvf *self, const xmlNode *section)
{
  g_autofree char *product = kvmm_xml_ovf_dup_words (section, "Product");
  g_autofree char *version = kvmm_xml_ovf_dup_words (section, "Version");
  g_autofree char *vendor = kvmm_xml_ovf_dup_words (section, "Vendor");
  g_autoptr (GString) words = g_string_new (product);

  if (section == NULL)
    return;
  if (version != NULL)
    g_string_append_printf (words, "%s%s", words->len > 0 ? " " : "", version);
  if (vendor != NULL)
    g_string_append_printf (words, "%s%s", words->len > 0 ? ", " : "", vendor);
  if (words->len > 0)
    self->product = g_string_free (g_steal_pointer (&words), FALSE);
  if (kvmm_xml_ovf_find (section, "Property") != NULL)
    kvmm_xml_ovf_left_out (self, _ ("settings that its maker lets one choose"));
}

/* VMware's keys stand in the hardware; VirtualBox writes a whole machine of its own next to it. */
static void
read_firmware (KvmmXmlOvf *self, const xmlNode *system, const xmlNode *hardware)
{
  const xmlNode *vbox = kvmm_xml_ovf_find (kvmm_xml_ovf_find (system, "Machine"), "Hardware");
  const char *type = kvmm_xml_ovf_attribute (kvmm_xml_ovf_find (vbox, "Firmware"), "type");
  gboolean is_secure = FALSE;

  if (type != NULL && g_ascii_strncasecmp (type, "EFI", 3) == 0)
    self->firmware = KVMM_XML_FIRMWARE_UEFI;
  for (const xmlNode *node = hardware->children; node != NULL; node = node->next)
    {
      const char *key = kvmm_xml_ovf_attribute (node, "key");
      const char *value = kvmm_xml_ovf_attribute (node, "value");

      if ((!kvmm_xml_ovf_is (node, "Config") && !kvmm_xml_ovf_is (node, "ExtraConfig")) ||
          key == NULL || value == NULL)
        continue;
      if (g_str_equal (key, "firmware") && g_ascii_strcasecmp (value, "efi") == 0)
        self->firmware = KVMM_XML_FIRMWARE_UEFI;
      else if (g_str_equal (key, "bootOptions.efiSecureBootEnabled"))
        is_secure = g_ascii_strcasecmp (value, "true") == 0;
    }
  if (self->firmware == KVMM_XML_FIRMWARE_UEFI && is_secure)
    self->firmware = KVMM_XML_FIRMWARE_UEFI_SECURE;
}

static gboolean
read_machine (KvmmXmlOvf *self, const xmlNode *envelope, const xmlNode *system, GError **error)
{
  const xmlNode *hardware = kvmm_xml_ovf_find (system, "VirtualHardwareSection");

  if (hardware == NULL)
    return kvmm_xml_ovf_fail (
        error, _ ("The appliance does not say what hardware “%s” has; export it anew"),
        kvmm_xml_ovf_attribute (system, "id"));
  self->name = kvmm_xml_ovf_dup_words (system, "Name");
  if (self->name == NULL && kvmm_xml_ovf_attribute (system, "id") != NULL)
    self->name = kvmm_guest_text_sanitise (kvmm_xml_ovf_attribute (system, "id"), -1);
  read_product (self, kvmm_xml_ovf_find (system, "ProductSection"));
  self->description =
      kvmm_xml_ovf_dup_words (kvmm_xml_ovf_find (system, "AnnotationSection"), "Annotation");
  read_system (self, kvmm_xml_ovf_find (system, "OperatingSystemSection"));
  read_firmware (self, system, hardware);
  if (kvmm_xml_ovf_find (system, "EulaSection") != NULL ||
      kvmm_xml_ovf_find (envelope, "EulaSection") != NULL)
    kvmm_xml_ovf_left_out (self, _ ("a licence to agree to, which is in the .ovf"));
  if (kvmm_xml_ovf_find (envelope, "DeploymentOptionSection") != NULL)
    kvmm_xml_ovf_left_out (self, _ ("a choice of sizes: it gets the hardware of the first"));
  return kvmm_xml_ovf_read_hardware (self, envelope, hardware, error);
}

KvmmXmlOvf *
kvmm_xml_ovf_parse (const char *text, GError **error)
{
  g_autoptr (xmlDoc) document = kvmm_xml_document_parse (text, NULL, KVMM_XML_READ_DEFAULT, error);
  g_autoptr (KvmmXmlOvf) self = NULL;
  const xmlNode *envelope;
  const xmlNode *system = NULL;
  guint n_systems;

  if (document == NULL)
    return NULL;
  envelope = xmlDocGetRootElement (document);
  if (!kvmm_xml_ovf_is (envelope, "Envelope"))
    {
      g_set_error_literal (error, KVMM_XML_ERROR, KVMM_XML_ERROR_UNEXPECTED,
                           _ ("This is no description of an appliance (OVF)"));
      return NULL;
    }
  self = g_new0 (KvmmXmlOvf, 1);
  self->disks = g_ptr_array_new_with_free_func (free_disk);
  self->cards = g_ptr_array_new_with_free_func (free_card);
  self->left_out = g_ptr_array_new_with_free_func (g_free);
  n_systems = find_systems (envelope, 0, &system);
  if (n_systems != 1)
    {
      g_set_error_literal (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
                           n_systems == 0
                               ? _ ("The appliance has no machine in it")
                               : _ ("The appliance has several machines in it. Export them one by "
                                    "one, or import their disks as images."));
      return NULL;
    }
  return read_machine (self, envelope, system, error) ? g_steal_pointer (&self) : NULL;
}
