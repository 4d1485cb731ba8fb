/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* What the columns of the list of machines are: their names, texts and orders. Main thread only. */

typedef enum
{
  KVMM_LIST_COLUMN_NAME,
  KVMM_LIST_COLUMN_STATE,
  KVMM_LIST_COLUMN_CPU,
  KVMM_LIST_COLUMN_MEMORY,
  KVMM_LIST_COLUMN_ADDRESS,
  KVMM_LIST_COLUMN_OS,
  KVMM_LIST_COLUMN_AGENT,
  KVMM_LIST_COLUMN_CONNECTION,
  KVMM_N_LIST_COLUMNS
} KvmmListColumn;

/** kvmm_list_column_get_id: Returns: (transfer none): the name in the settings, "cpu" */
const char *kvmm_list_column_get_id (KvmmListColumn column);
/** kvmm_list_column_from_id: Returns: the column, KVMM_N_LIST_COLUMNS for an unknown @id */
KvmmListColumn kvmm_list_column_from_id (const char *id);
/** kvmm_list_column_get_title: Returns: (transfer none): translated */
const char *kvmm_list_column_get_title (KvmmListColumn column);
/** kvmm_list_column_get_width: Returns: the width in pixels before anybody changed it */
int kvmm_list_column_get_width (KvmmListColumn column);
/** kvmm_list_column_is_number: whether the text is set to the right with tabular figures */
gboolean kvmm_list_column_is_number (KvmmListColumn column);
/** kvmm_list_column_is_live: whether the order by this column may change without items-changed of
 * the model */
gboolean kvmm_list_column_is_live (KvmmListColumn column);

/** kvmm_list_column_dup_text: Returns: (transfer full): what the cell says, "" when there is
 * nothing to say */
char *kvmm_list_column_dup_text (KvmmListColumn column, KvmmDomain *domain);
/** kvmm_list_column_dup_tooltip: Returns: (transfer full) (nullable): what the cell adds on
 * hover */
char *kvmm_list_column_dup_tooltip (KvmmListColumn column, KvmmDomain *domain);

/**
 * kvmm_list_column_compare:
 * @descending: only the column's own order is turned round; what is not known stays last
 *
 * A total order: equal values go by name, then by UUID, so that a re-sort never shuffles. Numbers
 * compare by value, addresses by number.
 */
int
kvmm_list_column_compare (KvmmListColumn column, gboolean descending, KvmmDomain *a, KvmmDomain *b);

G_END_DECLS
