/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "agent/kvmm-agent-processes.h"
#include "kvmm-text-column.h"

G_BEGIN_DECLS

/* The columns of the list of processes. Main thread only. */

typedef enum
{
  KVMM_PROCESSES_COLUMN_NAME,
  KVMM_PROCESSES_COLUMN_PID,
  KVMM_PROCESSES_COLUMN_USER,
  KVMM_PROCESSES_COLUMN_CPU,
  KVMM_PROCESSES_COLUMN_MEMORY,
  KVMM_PROCESSES_COLUMN_STATE,
  KVMM_PROCESSES_COLUMN_STARTED,
  KVMM_PROCESSES_COLUMN_COMMAND_LINE,
  KVMM_N_PROCESSES_COLUMNS
} KvmmProcessesColumn;

/** kvmm_processes_columns_get: the column without its order; it lasts as long as the program */
const KvmmTextColumn *kvmm_processes_columns_get (KvmmProcessesColumn column);
/** kvmm_processes_columns_compare: @a, @b: KvmmProcessItem; equal values go by number */
int kvmm_processes_columns_compare (KvmmProcessesColumn column, gpointer a, gpointer b);
/** kvmm_processes_columns_get_sort: what the guest is asked for, so that the rows that are left out
 * are those at the end of the order */
KvmmAgentSort kvmm_processes_columns_get_sort (KvmmProcessesColumn column);

G_END_DECLS
