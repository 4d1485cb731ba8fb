/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "util/kvmm-guest-text.h"
#include "xml/kvmm-xml-document.h"
#include "xml/kvmm-xml-media.h"

static char *
dup_clean_text (const xmlNode *node)
{
  g_autofree char *text = kvmm_xml_node_dup_text (node);

  return text != NULL ? kvmm_guest_text_sanitise (text, -1) : NULL;
}

/* Format: https://libvirt.org/formatcaps.html */
KvmmXmlCapabilities *
kvmm_xml_capabilities_parse (const char *xml, GError **error)
{
  g_autoptr (xmlDoc) document =
      kvmm_xml_document_parse (xml, "capabilities", KVMM_XML_READ_DEFAULT, error);
  if (document == NULL)
    return NULL;

  const xmlNode *host = kvmm_xml_node_child (xmlDocGetRootElement (document), "host");
  const xmlNode *cpu = kvmm_xml_node_child (host, "cpu");
  g_autoptr (KvmmXmlCapabilities) self = g_new0 (KvmmXmlCapabilities, 1);
  self->host_arch = dup_clean_text (kvmm_xml_node_child (cpu, "arch"));
  if (self->host_arch == NULL)
    self->host_arch = g_strdup ("");
  self->host_cpu_model = dup_clean_text (kvmm_xml_node_child (cpu, "model"));
  for (xmlNode *secmodel = kvmm_xml_node_child (host, "secmodel"); secmodel != NULL;
       secmodel = kvmm_xml_node_next (secmodel, "secmodel"))
    {
      g_autofree char *model = kvmm_xml_node_dup_text (kvmm_xml_node_child (secmodel, "model"));

      self->has_dac |= g_strcmp0 (model, "dac") == 0;
      self->has_selinux |= g_strcmp0 (model, "selinux") == 0;
      self->has_apparmor |= g_strcmp0 (model, "apparmor") == 0;
    }
  return g_steal_pointer (&self);
}

void
kvmm_xml_capabilities_free (KvmmXmlCapabilities *self)
{
  if (self == NULL)
    return;
  g_free (self->host_arch);
  g_free (self->host_cpu_model);
  g_free (self);
}
