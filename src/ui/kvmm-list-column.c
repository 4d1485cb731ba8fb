/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-list-column.h"

#include <glib/gi18n.h>
#include <math.h>

#include "kvmm-list-keys.h"

#include "model/kvmm-connection.h"
#include "util/kvmm-units.h"

static const struct
{
  const char *id;
  const char *title;
  int width;
  gboolean is_number;
  gboolean is_live;
} columns[KVMM_N_LIST_COLUMNS] = {
  [KVMM_LIST_COLUMN_NAME] = { "name", N_ ("Name"), 125, FALSE, FALSE },
  [KVMM_LIST_COLUMN_STATE] = { "state", N_ ("State"), 100, FALSE, FALSE },
  [KVMM_LIST_COLUMN_CPU] = { "cpu", N_ ("CPU"), 95, TRUE, TRUE },
  [KVMM_LIST_COLUMN_MEMORY] = { "memory", N_ ("Memory"), 120, TRUE, TRUE },
  [KVMM_LIST_COLUMN_ADDRESS] = { "address", N_ ("Address"), 130, FALSE, TRUE },
  [KVMM_LIST_COLUMN_OS] = { "os", N_ ("Guest System"), 150, FALSE, TRUE },
  [KVMM_LIST_COLUMN_AGENT] = { "agent", N_ ("Agent"), 130, FALSE, TRUE },
  [KVMM_LIST_COLUMN_CONNECTION] = { "connection", N_ ("Connection"), 100, FALSE, FALSE },
};

const char *
kvmm_list_column_get_id (KvmmListColumn column)
{
  g_return_val_if_fail (column < KVMM_N_LIST_COLUMNS, NULL);

  return columns[column].id;
}

KvmmListColumn
kvmm_list_column_from_id (const char *id)
{
  for (guint i = 0; i < KVMM_N_LIST_COLUMNS; i++)
    {
      if (g_strcmp0 (columns[i].id, id) == 0)
        return i;
    }

  return KVMM_N_LIST_COLUMNS;
}

const char *
kvmm_list_column_get_title (KvmmListColumn column)
{
  g_return_val_if_fail (column < KVMM_N_LIST_COLUMNS, NULL);

  return _ (columns[column].title);
}

int
kvmm_list_column_get_width (KvmmListColumn column)
{
  g_return_val_if_fail (column < KVMM_N_LIST_COLUMNS, 0);

  return columns[column].width;
}

gboolean
kvmm_list_column_is_number (KvmmListColumn column)
{
  g_return_val_if_fail (column < KVMM_N_LIST_COLUMNS, FALSE);

  return columns[column].is_number;
}

gboolean
kvmm_list_column_is_live (KvmmListColumn column)
{
  g_return_val_if_fail (column < KVMM_N_LIST_COLUMNS, FALSE);

  return columns[column].is_live;
}

static char *
dup_memory (KvmmDomain *domain)
{
  guint64 total = kvmm_domain_get_memory_kib (domain);
  guint64 used = kvmm_domain_get_memory_used_kib (domain);
  g_autofree char *total_text = NULL;
  g_autofree char *used_text = NULL;
  char *used_unit;
  const char *total_unit;

  if (total == 0)
    return g_strdup ("");
  total_text = kvmm_units_bytes (total * 1024);
  if (used == 0 || !kvmm_domain_get_is_active (domain))
    return g_steal_pointer (&total_text);
  used_text = kvmm_units_bytes (used * 1024);

  /* "62.2 / 128 MiB": a unit that both share is said once. */
  used_unit = strrchr (used_text, ' ');
  total_unit = strrchr (total_text, ' ');
  if (used_unit != NULL && g_strcmp0 (used_unit, total_unit) == 0)
    *used_unit = '\0';

  /* Translators: memory used / memory given to the machine */
  return g_strdup_printf (_ ("%s / %s"), used_text, total_text);
}

static char *
dup_cpu (KvmmDomain *domain)
{
  double fraction = kvmm_domain_get_cpu_fraction (domain);

  if (!kvmm_domain_get_is_active (domain) || isnan (fraction))
    return g_strdup ("");

  return kvmm_units_percent (fraction);
}

static const char *
get_agent_text (KvmmDomain *domain)
{
  KvmmGuest *guest = kvmm_domain_get_guest (domain);
  KvmmGuestState state = kvmm_guest_get_state (guest);

  if (state == KVMM_GUEST_STATE_OFF || state == KVMM_GUEST_STATE_NOT_SUPPORTED)
    return NULL;

  return kvmm_guest_get_state_text (guest);
}

static const char *
get_connection_name (KvmmDomain *domain)
{
  KvmmConnection *connection = kvmm_domain_get_connection (domain);

  return connection ? kvmm_connection_get_name (connection) : NULL;
}

/* (nullable) The text of the columns that show a word of the model as it is. */
static const char *
get_word (KvmmListColumn column, KvmmDomain *domain)
{
  switch (column)
    {
    case KVMM_LIST_COLUMN_NAME:
      return kvmm_domain_get_name (domain);
    case KVMM_LIST_COLUMN_STATE:
      return kvmm_domain_get_pending (domain) ? kvmm_domain_get_pending (domain)
                                              : kvmm_domain_get_state_text (domain);
    case KVMM_LIST_COLUMN_ADDRESS:
      return kvmm_guest_get_address (kvmm_domain_get_guest (domain));
    case KVMM_LIST_COLUMN_OS:
      return kvmm_guest_get_os_name (kvmm_domain_get_guest (domain));
    case KVMM_LIST_COLUMN_AGENT:
      return get_agent_text (domain);
    case KVMM_LIST_COLUMN_CONNECTION:
      return get_connection_name (domain);
    case KVMM_LIST_COLUMN_CPU:
    case KVMM_LIST_COLUMN_MEMORY:
    case KVMM_N_LIST_COLUMNS:
      break;
    }

  return NULL;
}

char *
kvmm_list_column_dup_text (KvmmListColumn column, KvmmDomain *domain)
{
  const char *word;

  if (column == KVMM_LIST_COLUMN_CPU)
    return dup_cpu (domain);
  if (column == KVMM_LIST_COLUMN_MEMORY)
    return dup_memory (domain);

  word = get_word (column, domain);

  return g_strdup (word ? word : "");
}

char *
kvmm_list_column_dup_tooltip (KvmmListColumn column, KvmmDomain *domain)
{
  KvmmConnection *connection = kvmm_domain_get_connection (domain);
  const char *text = NULL;

  if (column == KVMM_LIST_COLUMN_NAME)
    text = kvmm_domain_get_title (domain);
  else if (column == KVMM_LIST_COLUMN_AGENT && get_agent_text (domain))
    text = kvmm_guest_get_state_detail (kvmm_domain_get_guest (domain));
  else if (column == KVMM_LIST_COLUMN_CONNECTION && connection)
    text = kvmm_connection_get_uri (connection);

  return g_strdup (text);
}

static int
compare_numbers (double a, double b)
{
  return (a > b) - (a < b);
}

/* What people compare by eye is whole per cent: rows that look equal do not swap places. */
static double
get_cpu_key (KvmmDomain *domain)
{
  double fraction = kvmm_domain_get_cpu_fraction (domain);

  return kvmm_domain_get_is_active (domain) && !isnan (fraction) ? round (fraction * 100) : NAN;
}

/* Running first, then what needs a look, then off. */
static int
get_state_rank (KvmmDomain *domain)
{
  switch (kvmm_domain_get_state (domain))
    {
    case KVMM_DOMAIN_STATE_CRASHED:
      return 0;
    case KVMM_DOMAIN_STATE_RUNNING:
      return 1;
    case KVMM_DOMAIN_STATE_SHUTTING_DOWN:
      return 2;
    case KVMM_DOMAIN_STATE_PAUSED:
      return 3;
    case KVMM_DOMAIN_STATE_SUSPENDED:
      return 4;
    case KVMM_DOMAIN_STATE_SHUT_OFF:
      return 5;
    case KVMM_DOMAIN_STATE_UNKNOWN:
      return 6;
    }

  return 7;
}

/* What is not known goes last whichever way the column is sorted. Returns whether it decided. */
static gboolean
compare_known (gboolean a_known, gboolean b_known, int *result)
{
  *result = a_known ? -1 : 1;

  return a_known != b_known;
}

static int
compare_words (KvmmListColumn column, gboolean descending, KvmmDomain *a, KvmmDomain *b)
{
  const char *left = get_word (column, a);
  const char *right = get_word (column, b);
  int result;

  if (compare_known (left && *left, right && *right, &result))
    return result;
  if (!left || !right)
    return 0;
  if (column == KVMM_LIST_COLUMN_ADDRESS)
    result = kvmm_list_keys_compare_addresses (left, right);
  else
    result = g_utf8_collate (left, right);

  return descending ? -result : result;
}

static int
compare_values (KvmmListColumn column, gboolean descending, KvmmDomain *a, KvmmDomain *b)
{
  int result = 0;

  switch (column)
    {
    case KVMM_LIST_COLUMN_NAME:
      result = strcmp (kvmm_list_keys_get_name_key (a), kvmm_list_keys_get_name_key (b));
      break;
    case KVMM_LIST_COLUMN_STATE:
      result = get_state_rank (a) - get_state_rank (b);
      break;
    case KVMM_LIST_COLUMN_CPU:
      {
        double left = get_cpu_key (a);
        double right = get_cpu_key (b);

        if (compare_known (!isnan (left), !isnan (right), &result))
          return result;
        result = compare_numbers (left, right);
        break;
      }
    case KVMM_LIST_COLUMN_MEMORY:
      result = compare_numbers (kvmm_domain_get_memory_kib (a), kvmm_domain_get_memory_kib (b));
      break;
    case KVMM_LIST_COLUMN_ADDRESS:
    case KVMM_LIST_COLUMN_OS:
    case KVMM_LIST_COLUMN_AGENT:
    case KVMM_LIST_COLUMN_CONNECTION:
    case KVMM_N_LIST_COLUMNS:
      return compare_words (column, descending, a, b);
    }

  return descending ? -result : result;
}

int
kvmm_list_column_compare (KvmmListColumn column, gboolean descending, KvmmDomain *a, KvmmDomain *b)
{
  int result = compare_values (column, descending, a, b);

  if (result == 0 && column != KVMM_LIST_COLUMN_NAME)
    result = strcmp (kvmm_list_keys_get_name_key (a), kvmm_list_keys_get_name_key (b));
  if (result == 0)
    result = g_strcmp0 (kvmm_domain_get_uuid (a), kvmm_domain_get_uuid (b));

  return result;
}
