/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "xml/kvmm-xml-edit.h"

G_BEGIN_DECLS

/* What of an edit a running machine may take at once. Any thread. */

typedef enum
{
  KVMM_XML_LIVE_ATTACH, /* value: a device */
  KVMM_XML_LIVE_UPDATE, /* value: a device of the running machine, changed */
  KVMM_XML_LIVE_DETACH, /* value: a device of the running machine */
  KVMM_XML_LIVE_VCPUS,
  KVMM_XML_LIVE_MEMORY, /* value: KiB */
  KVMM_XML_LIVE_TITLE,  /* value: (nullable) */
  KVMM_XML_LIVE_DESCRIPTION,
  KVMM_XML_LIVE_NEVER, /* only the next start brings it */
} KvmmXmlLiveType;

typedef struct
{
  KvmmXmlLiveType type;
  char *value; /* (nullable) */
  char *what;  /* "disk vda", "os/bootmenu/@enable": for a message, sanitised */
} KvmmXmlLiveStep;

/**
 * kvmm_xml_edit_list_live_steps:
 * @live_xml: of the running machine; its devices are changed, not those of the definition
 *
 * One step for each device, whatever number of its fields was changed, in the order of the edits.
 *
 * Returns: (transfer full) (element-type KvmmXmlLiveStep): or %NULL with KVMM_XML_ERROR set
 */
GPtrArray *kvmm_xml_edit_list_live_steps (KvmmXmlEdit *self, const char *live_xml, GError **error);
void kvmm_xml_live_step_free (KvmmXmlLiveStep *self);

G_END_DECLS
