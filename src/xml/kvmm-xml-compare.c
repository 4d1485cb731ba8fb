/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-compare.h"

#include "xml/kvmm-xml-document.h"

char *
kvmm_xml_canonical (const char *xml, GError **error)
{
  g_autoptr (xmlDoc) document =
      kvmm_xml_document_parse (xml, "domain", KVMM_XML_READ_DEFAULT, error);

  return document != NULL ? kvmm_xml_document_canonical (document) : NULL;
}

gboolean
kvmm_xml_same (const char *one, const char *other)
{
  g_autofree char *first = kvmm_xml_canonical (one, NULL);
  g_autofree char *second = kvmm_xml_canonical (other, NULL);

  return first != NULL && g_strcmp0 (first, second) == 0;
}
