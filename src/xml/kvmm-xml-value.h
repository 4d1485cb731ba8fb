/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "xml/kvmm-xml-fields.h"

G_BEGIN_DECLS

/* Any thread. Only for src/xml. */

/**
 * kvmm_xml_value_of_attribute:
 *
 * Returns: (transfer full): the attribute as people read it, sanitised
 */
char *kvmm_xml_value_of_attribute (const xmlAttr *attribute, KvmmXmlValue value);

/**
 * kvmm_xml_value_of_element:
 * @seen: (nullable): gets the attributes that the value tells
 *
 * Returns: (nullable) (transfer full): the element as people read it, sanitised; %NULL when it has
 * no text
 */
char *kvmm_xml_value_of_element (xmlNode *element, KvmmXmlValue value, GHashTable *seen);

G_END_DECLS
