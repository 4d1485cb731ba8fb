/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-schema.h"

#include "agent/kvmm-agent-field.h"
#include "protocol/kvma-limits.h"
#include "protocol/kvma-names.h"

/* The tables of PROTOCOL.md, sections 5.3, 5.6, 5.7 and 5.12. */

#define INTEGER_MAX ((double) KVMA_JSON_INTEGER_MAX)

/* ---- disks ---- */

static gpointer
read_disk (JsonObject *row, GError **error)
{
#define AT(field) G_STRUCT_OFFSET (KvmmGuestDisk, field)
  static const KvmmAgentField fields[] = {
    { "name", KVMM_AGENT_FIELD_TEXT, TRUE, AT (name) },
    { "serial", KVMM_AGENT_FIELD_TEXT, FALSE, AT (serial) },
    { "size", KVMM_AGENT_FIELD_UINT64, FALSE, AT (size_bytes), 0, INTEGER_MAX },
    { "reads", KVMM_AGENT_FIELD_UINT64, FALSE, AT (reads), 0, INTEGER_MAX },
    { "read_bytes", KVMM_AGENT_FIELD_UINT64, FALSE, AT (read_bytes), 0, INTEGER_MAX },
    { "writes", KVMM_AGENT_FIELD_UINT64, FALSE, AT (writes), 0, INTEGER_MAX },
    { "written_bytes", KVMM_AGENT_FIELD_UINT64, FALSE, AT (written_bytes), 0, INTEGER_MAX },
    { "io_ms", KVMM_AGENT_FIELD_UINT64, FALSE, AT (busy_ms), 0, INTEGER_MAX },
    { NULL },
  };
#undef AT
  g_autoptr (KvmmGuestDisk) self = g_new0 (KvmmGuestDisk, 1);

  return kvmm_agent_fields_read (row, KVMA_METHOD_DISK_STATS, fields, self, error)
             ? g_steal_pointer (&self)
             : NULL;
}

KvmmAgentListing *
kvmm_agent_schema_disks (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_listing (result, KVMA_METHOD_DISK_STATS, "disks", read_disk,
                                    (GDestroyNotify) kvmm_guest_disk_free, error);
}

/* ---- trim ---- */

static gpointer
read_trim (JsonObject *row, GError **error)
{
#define AT(field) G_STRUCT_OFFSET (KvmmGuestTrim, field)
  static const KvmmAgentField fields[] = {
    { "mount", KVMM_AGENT_FIELD_TEXT, TRUE, AT (mount) },
    { "trimmed", KVMM_AGENT_FIELD_UINT64, FALSE, AT (trimmed_bytes), 0, INTEGER_MAX },
    { "error", KVMM_AGENT_FIELD_TEXT, FALSE, AT (error) },
    { NULL },
  };
#undef AT
  g_autoptr (KvmmGuestTrim) self = g_new0 (KvmmGuestTrim, 1);

  return kvmm_agent_fields_read (row, KVMA_METHOD_FS_TRIM, fields, self, error)
             ? g_steal_pointer (&self)
             : NULL;
}

KvmmAgentListing *
kvmm_agent_schema_trims (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_listing (result, KVMA_METHOD_FS_TRIM, "results", read_trim,
                                    (GDestroyNotify) kvmm_guest_trim_free, error);
}

/* ---- freeze ---- */

void
kvmm_agent_frozen_free (KvmmAgentFrozen *self)
{
  g_free (self->token);
  g_free (self);
}

KvmmAgentFrozen *
kvmm_agent_schema_frozen (JsonObject *result, GError **error)
{
  static const KvmmAgentField fields[] = {
    { "token", KVMM_AGENT_FIELD_TOKEN, TRUE, G_STRUCT_OFFSET (KvmmAgentFrozen, token) },
    { NULL },
  };
  g_autoptr (KvmmAgentFrozen) self = g_new0 (KvmmAgentFrozen, 1);
  g_auto (GStrv) mounts = NULL;

  if (!kvmm_agent_fields_read (result, KVMA_METHOD_FS_FREEZE, fields, self, error))
    return NULL;
  mounts = kvmm_agent_fields_read_strings (result, KVMA_METHOD_FS_FREEZE, "frozen", TRUE,
                                           KVMA_JSON_ARRAY_MAX, KVMM_AGENT_FIELD_TEXT, 0, error);
  if (mounts == NULL)
    return NULL;
  self->n_frozen = g_strv_length (mounts);
  return g_steal_pointer (&self);
}

/* ---- clock ---- */

gint64 *
kvmm_agent_schema_delta (JsonObject *result, GError **error)
{
  static const KvmmAgentField fields[] = {
    { "delta_us", KVMM_AGENT_FIELD_INT64, TRUE, 0, -INTEGER_MAX, INTEGER_MAX },
    { NULL },
  };
  g_autofree gint64 *delta = g_new0 (gint64, 1);

  return kvmm_agent_fields_read (result, KVMA_METHOD_TIME_SET, fields, delta, error)
             ? g_steal_pointer (&delta)
             : NULL;
}

/* ---- accounts ---- */

char **
kvmm_agent_schema_ssh_keys (JsonObject *result, GError **error)
{
  return kvmm_agent_fields_read_strings (result, KVMA_METHOD_SSH_KEYS, "keys", TRUE,
                                         KVMA_LIST_ROWS_MAX, KVMM_AGENT_FIELD_EXACT,
                                         KVMA_JSON_STRING_MAX, error);
}
