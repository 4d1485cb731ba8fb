/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether two documents say the same, and where they do not. Any thread. Layout, comments, the
 * order of attributes and the kind of quotes say nothing. */

/* Most lines that are compared, and most that a difference has; what is more is counted. */
#define KVMM_XML_DIFF_INPUT_LINES_MAX 50000
#define KVMM_XML_DIFF_LINES_MAX 4000

/**
 * kvmm_xml_canonical:
 * @xml: a `<domain>` document
 *
 * Returns: (transfer full): its canonical form (C14N 1.0 without comments and indentation), or
 * %NULL with KVMM_XML_ERROR set
 */
char *kvmm_xml_canonical (const char *xml, GError **error);

/** kvmm_xml_same: whether both can be read and say the same */
gboolean kvmm_xml_same (const char *one, const char *other);

typedef enum
{
  KVMM_XML_DIFF_SAME, /* around the changes */
  KVMM_XML_DIFF_REMOVED,
  KVMM_XML_DIFF_ADDED,
  KVMM_XML_DIFF_GAP, /* the text names the lines that follow: "@@ -12,7 +12,8 @@" */
} KvmmXmlDiffKind;

typedef struct
{
  KvmmXmlDiffKind kind;
  char *text; /* without "+" and "-"; passwords are not in it */
} KvmmXmlDiffLine;

/**
 * kvmm_xml_diff:
 * @old_xml: a `<domain>` document
 * @context: lines shown before and after a change
 *
 * Returns: (transfer full) (element-type KvmmXmlDiffLine): empty when they say the same; %NULL with
 *     KVMM_XML_ERROR set
 */
GPtrArray *kvmm_xml_diff (const char *old_xml, const char *new_xml, guint context, GError **error);
void kvmm_xml_diff_line_free (KvmmXmlDiffLine *self);

/** kvmm_xml_diff_to_text: Returns: (transfer full): as diff -u writes it */
char *kvmm_xml_diff_to_text (GPtrArray *lines);

G_END_DECLS
