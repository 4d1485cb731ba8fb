/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "xml/kvmm-xml-edit.h"
#include "xml/kvmm-xml-kinds.h"

G_BEGIN_DECLS

/* What may be written where: the tables of kvmm-xml-kinds.h say which fields there are, these say
 * what a field takes where its kind of value does not tell. Any thread. Only for src/xml. */

#define KVMM_XML_RULE_WORDS_MAX 14

typedef struct
{
  const char *path; /* %NULL ends a table */
  KvmmXmlType type;
  const char *words[KVMM_XML_RULE_WORDS_MAX]; /* %NULL-terminated */
  guint64 minimum;
  guint64 maximum;   /* 0: no bound */
  const char *label; /* (nullable) to be translated; of a field that only an edit knows */
} KvmmXmlRule;

typedef struct
{
  const char *kind;
  const KvmmXmlRule *rules;
} KvmmXmlRuleTable;

/** kvmm_xml_rules_of: Returns: (nullable) (transfer none): the rules of a kind */
const KvmmXmlRule *kvmm_xml_rules_of (const char *kind);

/**
 * kvmm_xml_rule_find:
 * @fields: of the same kind
 * @plain: a path without what picks one of several
 * @rule: (out): what may be written there
 * @label: (out) (transfer none): translated
 *
 * Returns: whether there is such a field
 */
gboolean kvmm_xml_rule_find (const char *kind,
                             const KvmmXmlFieldSpec *fields,
                             const char *plain,
                             KvmmXmlRule *rule,
                             const char **label);

/** kvmm_xml_rule_of_spec: what may be written in a field of the table */
KvmmXmlRule kvmm_xml_rule_of_spec (const char *kind, const KvmmXmlFieldSpec *spec);

/** kvmm_xml_rule_check: whether @value may be written; the error names @label */
gboolean
kvmm_xml_rule_check (const KvmmXmlRule *rule, const char *label, const char *value, GError **error);

/* The tables of kvmm-xml-rules-device.c and kvmm-xml-rules-domain.c. */
extern const KvmmXmlRuleTable kvmm_xml_device_rules[];
extern const KvmmXmlRuleTable kvmm_xml_domain_rules[];

G_END_DECLS
