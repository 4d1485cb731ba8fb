/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-domain.h"

#include <string.h>

#include "util/kvmm-guest-text.h"
#include "xml/kvmm-xml-document.h"

#define KIB G_GUINT64_CONSTANT (1024)
#define LIBOSINFO_NAMESPACE "http://libosinfo.org/xmlns/libvirt/domain/1.0"

/* Most virtual processors believed; libvirt stores them in 16 bits. */
#define VCPUS_MAX 65535

static char *
dup_clean_text (const xmlNode *node)
{
  g_autofree char *text = kvmm_xml_node_dup_text (node);

  return text != NULL ? kvmm_guest_text_sanitise (text, -1) : NULL;
}

static char *
dup_clean_attribute (const xmlNode *node, const char *name)
{
  const char *value = kvmm_xml_node_attribute (node, name);

  return value != NULL ? kvmm_guest_text_sanitise (value, -1) : NULL;
}

static void
read_vcpus (KvmmXmlDomainFacts *facts, const xmlNode *node)
{
  g_autofree char *text = kvmm_xml_node_dup_text (node);
  guint64 max;

  if (text == NULL || !g_ascii_string_to_unsigned (text, 10, 1, VCPUS_MAX, &max, NULL))
    return;
  facts->max_vcpus = (guint) max;
  facts->vcpus = (guint) MIN (kvmm_xml_node_attribute_uint (node, "current", max), max);
}

static gboolean
is_libosinfo (const xmlNode *node, const char *name)
{
  return node->ns != NULL && strcmp ((const char *) node->name, name) == 0 &&
         g_strcmp0 ((const char *) node->ns->href, LIBOSINFO_NAMESPACE) == 0;
}

static void
read_metadata (KvmmXmlDomainFacts *facts, const xmlNode *metadata)
{
  for (xmlNode *node = kvmm_xml_node_child (metadata, NULL); node != NULL;
       node = kvmm_xml_node_next (node, NULL))
    {
      if (!is_libosinfo (node, "libosinfo"))
        continue;
      for (xmlNode *os = kvmm_xml_node_child (node, NULL); os != NULL;
           os = kvmm_xml_node_next (os, NULL))
        if (facts->os_info_id == NULL && is_libosinfo (os, "os"))
          facts->os_info_id = dup_clean_attribute (os, "id");
    }
}

static void
read_channel (KvmmXmlDomainFacts *facts, const xmlNode *channel)
{
  const xmlNode *target = kvmm_xml_node_child (channel, "target");
  const char *name = kvmm_xml_node_attribute (target, "name");
  const char *text = kvmm_xml_node_attribute (target, "state");
  KvmmChannelState state = KVMM_CHANNEL_UNKNOWN;

  if (name == NULL || !kvmm_xml_node_attribute_is (target, "type", "virtio"))
    return;
  if (g_strcmp0 (text, "connected") == 0)
    state = KVMM_CHANNEL_CONNECTED;
  else if (g_strcmp0 (text, "disconnected") == 0)
    state = KVMM_CHANNEL_DISCONNECTED;

  if (strcmp (name, KVMM_AGENT_CHANNEL_NAME) == 0)
    facts->agent_channel = state;
  else if (strcmp (name, KVMM_QGA_CHANNEL_NAME) == 0)
    facts->qga_channel = state;
}

static void
read_devices (KvmmXmlDomainFacts *facts, const xmlNode *devices)
{
  for (xmlNode *node = kvmm_xml_node_child (devices, NULL); node != NULL;
       node = kvmm_xml_node_next (node, NULL))
    {
      if (kvmm_xml_node_is (node, "disk"))
        {
          const char *device = kvmm_xml_node_attribute (node, "device");

          if (g_strcmp0 (device, "cdrom") != 0 && g_strcmp0 (device, "floppy") != 0)
            facts->n_disks++;
        }
      else if (kvmm_xml_node_is (node, "interface"))
        facts->n_interfaces++;
      else if (kvmm_xml_node_is (node, "graphics"))
        facts->n_graphics++;
      else if (kvmm_xml_node_is (node, "channel"))
        read_channel (facts, node);
      else if (kvmm_xml_node_is (node, "controller") &&
               kvmm_xml_node_attribute_is (node, "type", "virtio-serial"))
        facts->has_virtio_serial = TRUE;
    }
}

KvmmXmlDomainFacts *
kvmm_xml_domain_facts_parse (const char *xml, GError **error)
{
  g_autoptr (xmlDoc) document =
      kvmm_xml_document_parse (xml, "domain", KVMM_XML_READ_DEFAULT, error);
  if (document == NULL)
    return NULL;

  const xmlNode *root = xmlDocGetRootElement (document);
  const xmlNode *memory = kvmm_xml_node_child (root, "memory");
  const xmlNode *current_memory = kvmm_xml_node_child (root, "currentMemory");
  const xmlNode *os_type = kvmm_xml_node_child (kvmm_xml_node_child (root, "os"), "type");
  g_autoptr (KvmmXmlDomainFacts) facts = g_new0 (KvmmXmlDomainFacts, 1);

  facts->virt_type = dup_clean_attribute (root, "type");
  if (facts->virt_type == NULL)
    facts->virt_type = g_strdup ("");
  facts->title = dup_clean_text (kvmm_xml_node_child (root, "title"));
  facts->description = dup_clean_text (kvmm_xml_node_child (root, "description"));
  facts->machine = dup_clean_attribute (os_type, "machine");
  facts->arch = dup_clean_attribute (os_type, "arch");
  facts->memory_kib = kvmm_xml_node_bytes (memory, KIB) / KIB;
  facts->current_memory_kib =
      current_memory != NULL ? kvmm_xml_node_bytes (current_memory, KIB) / KIB : facts->memory_kib;
  read_vcpus (facts, kvmm_xml_node_child (root, "vcpu"));
  read_metadata (facts, kvmm_xml_node_child (root, "metadata"));
  read_devices (facts, kvmm_xml_node_child (root, "devices"));
  return g_steal_pointer (&facts);
}

void
kvmm_xml_domain_facts_free (KvmmXmlDomainFacts *self)
{
  if (self == NULL)
    return;
  g_free (self->title);
  g_free (self->description);
  g_free (self->virt_type);
  g_free (self->machine);
  g_free (self->arch);
  g_free (self->os_info_id);
  g_free (self);
}
