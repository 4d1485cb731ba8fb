/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* The XML of a machine, live or stored, to read. Main thread only. */
#define KVMM_TYPE_XML_PAGE (kvmm_xml_page_get_type ())
G_DECLARE_FINAL_TYPE (KvmmXmlPage, kvmm_xml_page, KVMM, XML_PAGE, AdwBin)

GtkWidget *kvmm_xml_page_new (KvmmDomain *domain);
/** kvmm_xml_page_search: opens the search bar and puts the focus there */
void kvmm_xml_page_search (KvmmXmlPage *self);

G_END_DECLS
