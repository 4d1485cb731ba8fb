/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-schema.h"

#include "agent/kvmm-agent-field.h"
#include "protocol/kvma-limits.h"
#include "protocol/kvma-names.h"

/* The tables of PROTOCOL.md, sections 5.4 and 5.5; and what all lists have in common. */

#define INTEGER_MAX ((double) KVMA_JSON_INTEGER_MAX)
#define UNIX_SECONDS_MAX 253402300799.0 /* the year 9999: GDateTime knows no later one */
#define CPUS_MAX 65536

void
kvmm_agent_listing_free (KvmmAgentListing *self)
{
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  g_free (self->manager);
  g_free (self->cursor);
  g_free (self);
}

KvmmAgentListing *
kvmm_agent_schema_listing (JsonObject *result,
                           const char *where,
                           const char *name,
                           KvmmAgentRowFunc read_row,
                           GDestroyNotify free_row,
                           GError **error)
{
#define AT(field) G_STRUCT_OFFSET (KvmmAgentListing, field)
  static const KvmmAgentField fields[] = {
    { "total", KVMM_AGENT_FIELD_UINT, FALSE, AT (info.total), 0, G_MAXINT },
    { "truncated", KVMM_AGENT_FIELD_BOOL, FALSE, AT (info.is_truncated) },
    { NULL },
  };
#undef AT
  g_autoptr (KvmmAgentListing) self = g_new0 (KvmmAgentListing, 1);

  self->rows = kvmm_agent_fields_read_rows (result, where, name, TRUE, KVMA_LIST_ROWS_MAX, read_row,
                                            free_row, error);
  if (self->rows == NULL || !kvmm_agent_fields_read (result, where, fields, self, error))
    return NULL;
  self->info.total = MAX (self->info.total, self->rows->len);
  return g_steal_pointer (&self);
}

/* ---- processes ---- */

static gpointer
read_process (JsonObject *row, GError **error)
{
#define AT(field) G_STRUCT_OFFSET (KvmmGuestProcess, field)
  static const KvmmAgentField fields[] = {
    { "pid", KVMM_AGENT_FIELD_UINT, TRUE, AT (pid), 1, G_MAXINT },
    { "ppid", KVMM_AGENT_FIELD_UINT, FALSE, AT (parent_pid), 0, G_MAXINT },
    { "uid", KVMM_AGENT_FIELD_UINT, FALSE, AT (uid), 0, G_MAXUINT },
    { "user", KVMM_AGENT_FIELD_TEXT, FALSE, AT (user) },
    { "comm", KVMM_AGENT_FIELD_TEXT, TRUE, AT (command) },
    { "args", KVMM_AGENT_FIELD_TEXT, FALSE, AT (arguments) },
    { "cpu", KVMM_AGENT_FIELD_DOUBLE, FALSE, AT (cpu), 0, CPUS_MAX },
    { "rss_kb", KVMM_AGENT_FIELD_UINT64, FALSE, AT (resident_bytes), 0, INTEGER_MAX },
    { "start", KVMM_AGENT_FIELD_INT64, FALSE, AT (start_time_s), 0, UNIX_SECONDS_MAX },
    { NULL },
  };
#undef AT
  static const KvmmAgentField state_field[] = {
    { "state", KVMM_AGENT_FIELD_TOKEN, FALSE, 0 },
    { NULL },
  };
  g_autoptr (KvmmGuestProcess) self = g_new0 (KvmmGuestProcess, 1);
  g_autofree char *state = NULL;

  if (!kvmm_agent_fields_read (row, KVMA_METHOD_PROC_LIST, fields, self, error) ||
      !kvmm_agent_fields_read (row, KVMA_METHOD_PROC_LIST, state_field, &state, error))
    return NULL;
  if (state != NULL && (!g_ascii_isalpha (state[0]) || state[1] != '\0'))
    {
      kvmm_agent_fields_invalid (error, KVMA_METHOD_PROC_LIST, "state", "letter");
      return NULL;
    }
  self->state = state != NULL ? state[0] : '?';
  self->resident_bytes *= 1024;
  if (self->user == NULL)
    self->user = g_strdup_printf ("%u", self->uid);
  return g_steal_pointer (&self);
}

KvmmAgentListing *
kvmm_agent_schema_processes (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_listing (result, KVMA_METHOD_PROC_LIST, "procs", read_process,
                                    (GDestroyNotify) kvmm_guest_process_free, error);
}

/* ---- services ---- */

static KvmmGuestServiceState
service_state (const char *word)
{
  if (g_str_equal (word, "active"))
    return KVMM_GUEST_SERVICE_ACTIVE;
  if (g_str_equal (word, "inactive"))
    return KVMM_GUEST_SERVICE_INACTIVE;
  if (g_str_equal (word, "failed"))
    return KVMM_GUEST_SERVICE_FAILED;
  if (g_str_equal (word, "activating") || g_str_equal (word, "deactivating"))
    return KVMM_GUEST_SERVICE_CHANGING;
  return KVMM_GUEST_SERVICE_UNKNOWN;
}

static gpointer
read_service (JsonObject *row, GError **error)
{
#define AT(field) G_STRUCT_OFFSET (KvmmGuestService, field)
  static const KvmmAgentField fields[] = {
    { "name", KVMM_AGENT_FIELD_TEXT, TRUE, AT (name) },
    { "description", KVMM_AGENT_FIELD_TEXT, FALSE, AT (description) },
    { "sub", KVMM_AGENT_FIELD_TEXT, FALSE, AT (sub_state) },
    { "enabled", KVMM_AGENT_FIELD_TEXT, FALSE, AT (enabled) },
    { NULL },
  };
#undef AT
  static const KvmmAgentField active_field[] = {
    { "active", KVMM_AGENT_FIELD_TOKEN, TRUE, 0 },
    { NULL },
  };
  g_autoptr (KvmmGuestService) self = g_new0 (KvmmGuestService, 1);
  g_autofree char *active = NULL;

  if (!kvmm_agent_fields_read (row, KVMA_METHOD_SVC_LIST, fields, self, error) ||
      !kvmm_agent_fields_read (row, KVMA_METHOD_SVC_LIST, active_field, &active, error))
    return NULL;
  self->state = service_state (active);
  return g_steal_pointer (&self);
}

KvmmAgentListing *
kvmm_agent_schema_services (JsonObject *result, GError **error)
{
  static const KvmmAgentField fields[] = {
    { "manager", KVMM_AGENT_FIELD_TEXT, TRUE, G_STRUCT_OFFSET (KvmmAgentListing, manager) },
    { NULL },
  };
  g_autoptr (KvmmAgentListing) self =
      kvmm_agent_schema_listing (result, KVMA_METHOD_SVC_LIST, "services", read_service,
                                 (GDestroyNotify) kvmm_guest_service_free, error);

  if (self == NULL || !kvmm_agent_fields_read (result, KVMA_METHOD_SVC_LIST, fields, self, error))
    return NULL;
  return g_steal_pointer (&self);
}

/* ---- logs ---- */

KvmmAgentOpened *
kvmm_agent_schema_log (JsonObject *result, GError **error)
{
#define AT(field) G_STRUCT_OFFSET (KvmmAgentOpened, field)
  static const KvmmAgentField fields[] = {
    { "stream", KVMM_AGENT_FIELD_UINT, TRUE, AT (stream), 2, G_MAXUINT },
    { "source", KVMM_AGENT_FIELD_TEXT, FALSE, AT (source) },
    { NULL },
  };
#undef AT
  g_autoptr (KvmmAgentOpened) self = g_new0 (KvmmAgentOpened, 1);

  return kvmm_agent_fields_read (result, KVMA_METHOD_LOG_TAIL, fields, self, error)
             ? g_steal_pointer (&self)
             : NULL;
}
