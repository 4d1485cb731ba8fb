/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-processes-columns.h"

#include <glib/gi18n.h>

#include "kvmm-process-item.h"
#include "util/kvmm-units.h"

static char *
dup_name (gpointer item)
{
  return g_strdup (kvmm_process_item_get (item)->command);
}

static char *
dup_pid (gpointer item)
{
  return g_strdup_printf ("%u", kvmm_process_item_get (item)->pid);
}

static char *
dup_user (gpointer item)
{
  const KvmmGuestProcess *process = kvmm_process_item_get (item);

  if (process->user != NULL && *process->user != '\0')
    return g_strdup (process->user);
  return g_strdup_printf ("%u", process->uid);
}

static char *
dup_cpu (gpointer item)
{
  return g_strdup_printf ("%.1f", kvmm_process_item_get (item)->cpu * 100);
}

static char *
dup_memory (gpointer item)
{
  guint64 bytes = kvmm_process_item_get (item)->resident_bytes;

  /* A thread of the kernel has none. */
  return bytes > 0 ? kvmm_units_bytes (bytes) : g_strdup ("");
}

static char *
dup_state (gpointer item)
{
  char state = kvmm_process_item_get (item)->state;

  switch (state)
    {
    case 'R':
      return g_strdup (_ ("Running"));
    case 'S':
      return g_strdup (_ ("Sleeping"));
    case 'D':
      /* Translators: of a process that waits for a disk and cannot be interrupted */
      return g_strdup (_ ("Waiting"));
    case 'Z':
      return g_strdup (_ ("Zombie"));
    case 'T':
    case 't':
      return g_strdup (_ ("Stopped"));
    case 'I':
      return g_strdup (_ ("Idle"));
    default:
      return g_strdup_printf ("%c", g_ascii_isalpha (state) ? state : '?');
    }
}

/* The time alone for what began today. */
static char *
dup_started (gpointer item)
{
  gint64 start = kvmm_process_item_get (item)->start_time_s;
  g_autoptr (GDateTime) time = start > 0 ? g_date_time_new_from_unix_local (start) : NULL;
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  gboolean is_today = time != NULL && g_date_time_get_year (time) == g_date_time_get_year (now) &&
                      g_date_time_get_day_of_year (time) == g_date_time_get_day_of_year (now);
  char *text = time != NULL ? g_date_time_format (time, is_today ? "%H:%M:%S" : "%x %H:%M") : NULL;

  return text != NULL ? text : g_strdup ("");
}

static char *
dup_command_line (gpointer item)
{
  const char *arguments = kvmm_process_item_get (item)->arguments;

  return g_strdup (arguments != NULL ? arguments : "");
}

static const KvmmTextColumn columns[KVMM_N_PROCESSES_COLUMNS] = {
  [KVMM_PROCESSES_COLUMN_NAME] = { N_ ("Name"), 150, FALSE, FALSE, dup_name, NULL },
  [KVMM_PROCESSES_COLUMN_PID] = { N_ ("PID"), 80, TRUE, FALSE, dup_pid, NULL },
  [KVMM_PROCESSES_COLUMN_USER] = { N_ ("User"), 90, FALSE, FALSE, dup_user, NULL },
  [KVMM_PROCESSES_COLUMN_CPU] = { N_ ("CPU %"), 80, TRUE, FALSE, dup_cpu, NULL },
  [KVMM_PROCESSES_COLUMN_MEMORY] = { N_ ("Memory"), 95, TRUE, FALSE, dup_memory, NULL },
  [KVMM_PROCESSES_COLUMN_STATE] = { N_ ("State"), 95, FALSE, FALSE, dup_state, NULL },
  [KVMM_PROCESSES_COLUMN_STARTED] = { N_ ("Started"), 125, FALSE, FALSE, dup_started, NULL },
  [KVMM_PROCESSES_COLUMN_COMMAND_LINE] = { N_ ("Command Line"), 260, FALSE, FALSE, dup_command_line,
                                           NULL },
};

const KvmmTextColumn *
kvmm_processes_columns_get (KvmmProcessesColumn column)
{
  g_return_val_if_fail (column < KVMM_N_PROCESSES_COLUMNS, NULL);

  return &columns[column];
}

static int
compare_numbers (double a, double b)
{
  return (a > b) - (a < b);
}

static int
compare_values (KvmmProcessesColumn column, const KvmmGuestProcess *a, const KvmmGuestProcess *b)
{
  switch (column)
    {
    case KVMM_PROCESSES_COLUMN_NAME:
      return g_utf8_collate (a->command, b->command);
    case KVMM_PROCESSES_COLUMN_PID:
      return 0;
    case KVMM_PROCESSES_COLUMN_USER:
      return g_strcmp0 (a->user, b->user);
    case KVMM_PROCESSES_COLUMN_CPU:
      return compare_numbers (a->cpu, b->cpu);
    case KVMM_PROCESSES_COLUMN_MEMORY:
      return compare_numbers (a->resident_bytes, b->resident_bytes);
    case KVMM_PROCESSES_COLUMN_STATE:
      return a->state - b->state;
    case KVMM_PROCESSES_COLUMN_STARTED:
      return compare_numbers (a->start_time_s, b->start_time_s);
    case KVMM_PROCESSES_COLUMN_COMMAND_LINE:
      return g_strcmp0 (a->arguments, b->arguments);
    case KVMM_N_PROCESSES_COLUMNS:
      break;
    }
  return 0;
}

int
kvmm_processes_columns_compare (KvmmProcessesColumn column, gpointer a, gpointer b)
{
  const KvmmGuestProcess *left = kvmm_process_item_get (a);
  const KvmmGuestProcess *right = kvmm_process_item_get (b);
  int result = compare_values (column, left, right);

  return result != 0 ? result : compare_numbers (left->pid, right->pid);
}

KvmmAgentSort
kvmm_processes_columns_get_sort (KvmmProcessesColumn column)
{
  switch (column)
    {
    case KVMM_PROCESSES_COLUMN_NAME:
      return KVMM_AGENT_SORT_NAME;
    case KVMM_PROCESSES_COLUMN_PID:
      return KVMM_AGENT_SORT_PID;
    case KVMM_PROCESSES_COLUMN_MEMORY:
      return KVMM_AGENT_SORT_MEMORY;
    case KVMM_PROCESSES_COLUMN_USER:
    case KVMM_PROCESSES_COLUMN_CPU:
    case KVMM_PROCESSES_COLUMN_STATE:
    case KVMM_PROCESSES_COLUMN_STARTED:
    case KVMM_PROCESSES_COLUMN_COMMAND_LINE:
    case KVMM_N_PROCESSES_COLUMNS:
      break;
    }
  return KVMM_AGENT_SORT_CPU;
}
