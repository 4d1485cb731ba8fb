/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>

#include "util/kvmm-guest-text.h"
#include "xml/kvmm-xml-document.h"
#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-new-machine.h"

/* A definition whose machine starts by a kernel. */

static gboolean
check_text (const char *text, GError **error)
{
  g_autofree char *shown = NULL;

  if (kvmm_xml_text_is_writable (text))
    return TRUE;
  shown = kvmm_guest_text_sanitise (text, -1);
  g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
               _ ("“%s” has characters that cannot stand in a definition"), shown);
  return FALSE;
}

/* In place of what stood there. @text: (nullable) */
static void
put (xmlNode *parent, const char *name, const char *text)
{
  xmlNode *old = kvmm_xml_node_child (parent, name);

  if (old != NULL)
    {
      xmlUnlinkNode (old);
      xmlFreeNode (old);
    }
  if (text != NULL)
    xmlNewTextChild (parent, NULL, BAD_CAST name, BAD_CAST text);
}

char *
kvmm_xml_domain_boot_kernel (const char *xml,
                             const char *kernel_path,
                             const char *initrd_path,
                             const char *arguments,
                             GError **error)
{
  g_autoptr (xmlDoc) document = NULL;
  xmlNode *domain, *os;

  g_return_val_if_fail (xml != NULL && kernel_path != NULL && initrd_path != NULL, NULL);

  if (arguments != NULL && *arguments == '\0')
    arguments = NULL;
  if (!check_text (kernel_path, error) || !check_text (initrd_path, error) ||
      (arguments != NULL && !check_text (arguments, error)))
    return NULL;
  document = kvmm_xml_document_parse (xml, "domain", KVMM_XML_READ_DROP_BLANKS, error);
  if (document == NULL)
    return NULL;
  domain = xmlDocGetRootElement (document);
  os = kvmm_xml_node_child (domain, "os");
  if (os == NULL)
    os = xmlNewChild (domain, NULL, BAD_CAST "os", NULL);
  put (os, "kernel", kernel_path);
  put (os, "initrd", initrd_path);
  put (os, "cmdline", arguments);
  put (domain, "on_reboot", "destroy");
  return kvmm_xml_node_serialise (domain);
}
