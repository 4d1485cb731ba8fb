/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "xml/kvmm-xml-document.h"

G_BEGIN_DECLS

/* From the path of a field to its element, and changes that keep the layout of the document. Any
 * thread. Only for src/xml. */

/* Longest path that is followed, in steps. */
#define KVMM_XML_PATH_STEPS_MAX 16

typedef struct
{
  char *name;      /* (owned) */
  char *attribute; /* (owned) (nullable) [@attribute='value'] */
  char *value;     /* (owned) (nullable) */
  guint position;  /* [position], from 1; 0: the first */
} KvmmXmlStep;

typedef struct
{
  GPtrArray *steps; /* (owned) (element-type KvmmXmlStep) */
  char *attribute;  /* (owned) (nullable) of the last element */
  char *plain;      /* (owned) without what picks one of several */
} KvmmXmlPath;

/** kvmm_xml_path_parse: Returns: (transfer full): KVMM_XML_ERROR_NO_SUCH_FIELD when it is none */
KvmmXmlPath *kvmm_xml_path_parse (const char *text, GError **error);
void kvmm_xml_path_free (KvmmXmlPath *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmXmlPath, kvmm_xml_path_free)

/** kvmm_xml_path_find: Returns: (nullable) (transfer none): the element it leads to */
xmlNode *kvmm_xml_path_find (const KvmmXmlPath *self, xmlNode *base);

/** kvmm_xml_path_make: the same, making what is missing. Returns: (nullable) (transfer none): %NULL
 * when one of several is asked for by a place that is not the next one */
xmlNode *kvmm_xml_path_make (const KvmmXmlPath *self, xmlNode *base);

/** kvmm_xml_node_insert: @child: (transfer full): a new element; @before: (nullable): one of
 * @parent's; at its end when %NULL. Indented as its neighbours are. */
void kvmm_xml_node_insert (xmlNode *parent, xmlNode *child, xmlNode *before);
/** kvmm_xml_node_remove: takes it out of its document, with its line, and frees it */
void kvmm_xml_node_remove (xmlNode *node);
/** kvmm_xml_node_set_text: the text of an element; its child elements stay */
void kvmm_xml_node_set_text (xmlNode *node, const char *text);
/** kvmm_xml_node_is_bare: whether it has neither attributes nor anything in it */
gboolean kvmm_xml_node_is_bare (const xmlNode *node);

G_END_DECLS
