/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-machine-options.h"

#include "util/kvmm-guest-text.h"
#include "xml/kvmm-xml-document.h"

/* Whether `<enum name='@name'>` below @node has the value. */
static gboolean
has_value (const xmlNode *node, const char *name, const char *wanted)
{
  for (xmlNode *list = kvmm_xml_node_child (node, "enum"); list != NULL;
       list = kvmm_xml_node_next (list, "enum"))
    {
      if (!kvmm_xml_node_attribute_is (list, "name", name))
        continue;
      for (xmlNode *value = kvmm_xml_node_child (list, "value"); value != NULL;
           value = kvmm_xml_node_next (value, "value"))
        {
          g_autofree char *text = kvmm_xml_node_dup_text (value);

          if (g_strcmp0 (text, wanted) == 0)
            return TRUE;
        }
    }
  return FALSE;
}

static gboolean
has_cpu_mode (const xmlNode *cpu, const char *name)
{
  for (xmlNode *mode = kvmm_xml_node_child (cpu, "mode"); mode != NULL;
       mode = kvmm_xml_node_next (mode, "mode"))
    if (kvmm_xml_node_attribute_is (mode, "name", name))
      return kvmm_xml_node_attribute_is (mode, "supported", "yes");
  return FALSE;
}

/* An emulator of TPM 2.0. libvirt before 9.1 does not tell the versions. */
static gboolean
has_tpm (const xmlNode *tpm)
{
  gboolean tells_version = FALSE;

  if (!kvmm_xml_node_attribute_is (tpm, "supported", "yes") ||
      !has_value (tpm, "backendModel", "emulator"))
    return FALSE;
  for (xmlNode *list = kvmm_xml_node_child (tpm, "enum"); list != NULL;
       list = kvmm_xml_node_next (list, "enum"))
    tells_version |= kvmm_xml_node_attribute_is (list, "name", "backendVersion");
  return !tells_version || has_value (tpm, "backendVersion", "2.0");
}

static char *
dup_clean (const xmlNode *root, const char *name)
{
  g_autofree char *text = kvmm_xml_node_dup_text (kvmm_xml_node_child (root, name));

  return kvmm_guest_text_sanitise (text, -1);
}

/* Of each device "disk" or "!disk", of each of its lists "disk/bus", and what is in it,
 * "disk/bus=virtio". */
static GHashTable *
read_devices (const xmlNode *devices)
{
  GHashTable *words = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (xmlNode *device = kvmm_xml_node_child (devices, NULL); device != NULL;
       device = kvmm_xml_node_next (device, NULL))
    {
      gboolean is_there = kvmm_xml_node_attribute_is (device, "supported", "yes");

      g_hash_table_add (words,
                        g_strconcat (is_there ? "" : "!", (const char *) device->name, NULL));
      for (xmlNode *list = kvmm_xml_node_child (device, "enum"); is_there && list != NULL;
           list = kvmm_xml_node_next (list, "enum"))
        {
          const char *name = kvmm_xml_node_attribute (list, "name");
          g_autofree char *key =
              g_strdup_printf ("%s/%s", (const char *) device->name, name != NULL ? name : "");

          for (xmlNode *value = kvmm_xml_node_child (list, "value"); value != NULL;
               value = kvmm_xml_node_next (value, "value"))
            {
              g_autofree char *text = kvmm_xml_node_dup_text (value);

              if (text != NULL)
                g_hash_table_add (words, g_strdup_printf ("%s=%s", key, text));
            }
          g_hash_table_add (words, g_steal_pointer (&key));
        }
    }
  return words;
}

gboolean
kvmm_xml_machine_options_offers (const KvmmXmlMachineOptions *self,
                                 const char *device,
                                 const char *name,
                                 const char *value)
{
  g_autofree char *absent = g_strconcat ("!", device, NULL);
  g_autofree char *list = g_strconcat (device, "/", name, NULL);
  g_autofree char *word = g_strconcat (list, "=", value, NULL);

  if (self == NULL)
    return TRUE;
  if (g_hash_table_contains (self->devices, absent))
    return FALSE;
  return name == NULL || value == NULL || !g_hash_table_contains (self->devices, list) ||
         g_hash_table_contains (self->devices, word);
}

KvmmXmlMachineOptions *
kvmm_xml_machine_options_parse (const char *xml, GError **error)
{
  g_autoptr (xmlDoc) document =
      kvmm_xml_document_parse (xml, "domainCapabilities", KVMM_XML_READ_DEFAULT, error);

  if (document == NULL)
    return NULL;

  const xmlNode *root = xmlDocGetRootElement (document);
  const xmlNode *os = kvmm_xml_node_child (root, "os");
  const xmlNode *loader = kvmm_xml_node_child (os, "loader");
  const xmlNode *cpu = kvmm_xml_node_child (root, "cpu");
  const xmlNode *devices = kvmm_xml_node_child (root, "devices");
  const xmlNode *graphics = kvmm_xml_node_child (devices, "graphics");
  const xmlNode *video = kvmm_xml_node_child (devices, "video");
  KvmmXmlMachineOptions *self = g_new0 (KvmmXmlMachineOptions, 1);

  self->virt_type = dup_clean (root, "domain");
  self->arch = dup_clean (root, "arch");
  self->machine = dup_clean (root, "machine");
  self->emulator = kvmm_xml_node_dup_text (kvmm_xml_node_child (root, "path"));
  self->max_vcpus = (guint) MIN (
      kvmm_xml_node_attribute_uint (kvmm_xml_node_child (root, "vcpu"), "max", 0), G_MAXUINT16);
  self->has_uefi = has_value (os, "firmware", "efi");
  self->has_secure_boot = self->has_uefi && has_value (loader, "secure", "yes");
  self->has_tpm = has_tpm (kvmm_xml_node_child (devices, "tpm"));
  self->has_vnc = has_value (graphics, "type", "vnc");
  self->has_spice = has_value (graphics, "type", "spice");
  self->has_host_cpu = has_cpu_mode (cpu, "host-passthrough");
  self->has_maximum_cpu = has_cpu_mode (cpu, "maximum");
  self->has_virtio_video = has_value (video, "modelType", "virtio");
  self->devices = read_devices (devices);
  return self;
}

void
kvmm_xml_machine_options_free (KvmmXmlMachineOptions *self)
{
  if (self == NULL)
    return;
  g_free (self->virt_type);
  g_free (self->arch);
  g_free (self->machine);
  g_free (self->emulator);
  g_clear_pointer (&self->devices, g_hash_table_unref);
  g_free (self);
}
