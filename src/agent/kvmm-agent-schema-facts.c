/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-schema.h"

#include <math.h>

#include "agent/kvmm-agent-field.h"
#include "protocol/kvma-limits.h"

/* The tables of PROTOCOL.md, section 5.2. */

#define INTEGER_MAX ((double) KVMA_JSON_INTEGER_MAX)
#define UNIX_SECONDS_MAX 253402300799.0 /* the year 9999: GDateTime knows no later one */
#define CPUS_MAX 65536
#define LOAD_MAX 1e9

/* ---- sys.info ---- */

KvmmGuestSystem *
kvmm_agent_schema_system (JsonObject *result, GError **error)
{
#define AT(field) G_STRUCT_OFFSET (KvmmGuestSystem, field)
  static const KvmmAgentField os[] = {
    { "id", KVMM_AGENT_FIELD_TEXT, FALSE, AT (os_id) },
    { "name", KVMM_AGENT_FIELD_TEXT, FALSE, AT (os_name) },
    { "version", KVMM_AGENT_FIELD_TEXT, FALSE, AT (os_version) },
    { "pretty", KVMM_AGENT_FIELD_TEXT, FALSE, AT (os_pretty) },
    { NULL },
  };
  static const KvmmAgentField tz[] = {
    { "name", KVMM_AGENT_FIELD_TEXT, FALSE, AT (timezone) },
    { NULL },
  };
  static const KvmmAgentField fields[] = {
    { "os", KVMM_AGENT_FIELD_OBJECT, TRUE, 0, 0, 0, os },
    { "kernel", KVMM_AGENT_FIELD_TEXT, FALSE, AT (kernel) },
    { "arch", KVMM_AGENT_FIELD_TEXT, FALSE, AT (arch) },
    { "hostname", KVMM_AGENT_FIELD_TEXT, FALSE, AT (hostname) },
    { "boot_id", KVMM_AGENT_FIELD_TEXT, FALSE, AT (boot_id) },
    { "boot_time", KVMM_AGENT_FIELD_INT64, FALSE, AT (boot_time_s), 0, UNIX_SECONDS_MAX },
    { "uptime_ms", KVMM_AGENT_FIELD_UINT64, FALSE, AT (uptime_ms), 0, INTEGER_MAX },
    { "tz", KVMM_AGENT_FIELD_OBJECT, FALSE, 0, 0, 0, tz },
    { "cpus", KVMM_AGENT_FIELD_UINT, FALSE, AT (cpus), 1, CPUS_MAX },
    { "mem_total", KVMM_AGENT_FIELD_UINT64, FALSE, AT (memory_bytes), 0, INTEGER_MAX },
    { "virt", KVMM_AGENT_FIELD_TEXT, FALSE, AT (virt) },
    { NULL },
  };
#undef AT
  g_autoptr (KvmmGuestSystem) self = g_new0 (KvmmGuestSystem, 1);

  return kvmm_agent_fields_read (result, "sys.info", fields, self, error) ? g_steal_pointer (&self)
                                                                          : NULL;
}

/* ---- sys.metrics ---- */

static gboolean
read_load (JsonObject *result, double load[3], GError **error)
{
  JsonArray *array;

  if (!kvmm_agent_fields_get_array (result, "sys.metrics", "load", FALSE, 3, &array, error))
    return FALSE;
  if (array == NULL)
    return TRUE;
  if (json_array_get_length (array) != 3)
    return kvmm_agent_fields_invalid (error, "sys.metrics", "load", "three numbers");
  for (guint i = 0; i < 3; i++)
    {
      JsonNode *node = json_array_get_element (array, i);
      GType type = json_node_get_value_type (node);

      if (type != G_TYPE_INT64 && type != G_TYPE_DOUBLE)
        return kvmm_agent_fields_invalid (error, "sys.metrics", "load", "three numbers");
      load[i] = json_node_get_double (node);
      if (!(load[i] >= 0 && load[i] <= LOAD_MAX))
        return kvmm_agent_fields_invalid (error, "sys.metrics", "load", "number in range");
    }
  return TRUE;
}

KvmmGuestMetrics *
kvmm_agent_schema_metrics (JsonObject *result, GError **error)
{
#define AT(field) G_STRUCT_OFFSET (KvmmGuestMetrics, field)
  static const KvmmAgentField cpu[] = {
    { "user", KVMM_AGENT_FIELD_DOUBLE, FALSE, AT (cpu_user), 0, 1 },
    { "system", KVMM_AGENT_FIELD_DOUBLE, FALSE, AT (cpu_system), 0, 1 },
    { "idle", KVMM_AGENT_FIELD_DOUBLE, FALSE, AT (cpu_idle), 0, 1 },
    { "iowait", KVMM_AGENT_FIELD_DOUBLE, FALSE, AT (cpu_iowait), 0, 1 },
    { "steal", KVMM_AGENT_FIELD_DOUBLE, FALSE, AT (cpu_steal), 0, 1 },
    { NULL },
  };
  static const KvmmAgentField mem[] = {
    { "total", KVMM_AGENT_FIELD_UINT64, TRUE, AT (memory_total_bytes), 0, INTEGER_MAX },
    { "avail", KVMM_AGENT_FIELD_UINT64, TRUE, AT (memory_available_bytes), 0, INTEGER_MAX },
    { "swap_total", KVMM_AGENT_FIELD_UINT64, FALSE, AT (swap_total_bytes), 0, INTEGER_MAX },
    { "swap_free", KVMM_AGENT_FIELD_UINT64, FALSE, AT (swap_free_bytes), 0, INTEGER_MAX },
    { NULL },
  };
  static const KvmmAgentField psi[] = {
    { "cpu", KVMM_AGENT_FIELD_DOUBLE, FALSE, AT (psi_cpu), 0, 100 },
    { "mem", KVMM_AGENT_FIELD_DOUBLE, FALSE, AT (psi_memory), 0, 100 },
    { "io", KVMM_AGENT_FIELD_DOUBLE, FALSE, AT (psi_io), 0, 100 },
    { NULL },
  };
  static const KvmmAgentField fields[] = {
    { "t", KVMM_AGENT_FIELD_INT64, TRUE, AT (time_ms), -INTEGER_MAX, INTEGER_MAX },
    { "cpu", KVMM_AGENT_FIELD_OBJECT, FALSE, 0, 0, 0, cpu },
    { "mem", KVMM_AGENT_FIELD_OBJECT, TRUE, 0, 0, 0, mem },
    { "psi", KVMM_AGENT_FIELD_OBJECT, FALSE, 0, 0, 0, psi },
    { "procs", KVMM_AGENT_FIELD_UINT, FALSE, AT (processes), 0, G_MAXINT },
    { NULL },
  };
#undef AT
  g_autoptr (KvmmGuestMetrics) self = g_new0 (KvmmGuestMetrics, 1);
  JsonNode *pressure = json_object_get_member (result, "psi");

  self->cpu_user = self->cpu_system = self->cpu_idle = self->cpu_iowait = self->cpu_steal = NAN;
  if (!kvmm_agent_fields_read (result, "sys.metrics", fields, self, error) ||
      !read_load (result, self->load, error))
    return NULL;
  if (self->memory_available_bytes > self->memory_total_bytes ||
      self->swap_free_bytes > self->swap_total_bytes)
    {
      kvmm_agent_fields_invalid (error, "sys.metrics", "mem", "more free than there is");
      return NULL;
    }
  self->has_psi = pressure != NULL && JSON_NODE_HOLDS_OBJECT (pressure);
  return g_steal_pointer (&self);
}

/* ---- lists ---- */

static gpointer
read_address (JsonObject *row, GError **error)
{
#define AT(field) G_STRUCT_OFFSET (KvmmGuestAddress, field)
  static const KvmmAgentField fields[] = {
    { "ip", KVMM_AGENT_FIELD_TOKEN, TRUE, AT (ip) },
    { "prefix", KVMM_AGENT_FIELD_UINT, TRUE, AT (prefix), 0, 128 },
    { "scope", KVMM_AGENT_FIELD_TEXT, FALSE, AT (scope) },
    { "dynamic", KVMM_AGENT_FIELD_BOOL, FALSE, AT (is_dynamic) },
    { NULL },
  };
#undef AT
  g_autoptr (KvmmGuestAddress) self = g_new0 (KvmmGuestAddress, 1);
  g_autoptr (GInetAddress) address = NULL;
  g_autofree char *text = NULL;

  if (!kvmm_agent_fields_read (row, "net.list", fields, self, error))
    return NULL;
  address = g_inet_address_new_from_string (self->ip);
  if (address == NULL || self->prefix > 8 * g_inet_address_get_native_size (address))
    {
      kvmm_agent_fields_invalid (error, "net.list", "ip", "address");
      return NULL;
    }
  text = g_inet_address_to_string (address);
  g_free (self->ip);
  self->ip = g_steal_pointer (&text);
  if (self->scope == NULL)
    self->scope = g_strdup ("global");
  return g_steal_pointer (&self);
}

static gboolean
is_mac (const char *text)
{
  gsize length = strlen (text);

  if (length < 2 || length % 3 != 2)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (i % 3 == 2 ? text[i] != ':' : !g_ascii_isxdigit (text[i]))
      return FALSE;
  return TRUE;
}

static gpointer
read_interface (JsonObject *row, GError **error)
{
#define AT(field) G_STRUCT_OFFSET (KvmmGuestInterface, field)
  static const KvmmAgentField fields[] = {
    { "name", KVMM_AGENT_FIELD_TEXT, TRUE, AT (name) },
    { "mac", KVMM_AGENT_FIELD_TOKEN, FALSE, AT (mac) },
    { "state", KVMM_AGENT_FIELD_TEXT, TRUE, AT (state) },
    { "kind", KVMM_AGENT_FIELD_TEXT, TRUE, AT (kind) },
    { "index", KVMM_AGENT_FIELD_UINT, FALSE, AT (index), 0, G_MAXINT },
    { "mtu", KVMM_AGENT_FIELD_UINT, FALSE, AT (mtu), 0, G_MAXINT },
    { "virtual", KVMM_AGENT_FIELD_BOOL, FALSE, AT (is_virtual) },
    { "rx", KVMM_AGENT_FIELD_UINT64, FALSE, AT (rx_bytes), 0, INTEGER_MAX },
    { "tx", KVMM_AGENT_FIELD_UINT64, FALSE, AT (tx_bytes), 0, INTEGER_MAX },
    { NULL },
  };
#undef AT
  g_autoptr (KvmmGuestInterface) self = g_new0 (KvmmGuestInterface, 1);

  if (!kvmm_agent_fields_read (row, "net.list", fields, self, error))
    return NULL;
  if (self->mac != NULL && !is_mac (self->mac))
    {
      kvmm_agent_fields_invalid (error, "net.list", "mac", "hardware address");
      return NULL;
    }
  self->addresses =
      kvmm_agent_fields_read_rows (row, "net.list", "addrs", FALSE, KVMA_ADDRESSES_MAX,
                                   read_address, (GDestroyNotify) kvmm_guest_address_free, error);
  return self->addresses != NULL ? g_steal_pointer (&self) : NULL;
}

GPtrArray *
kvmm_agent_schema_interfaces (JsonObject *result, GError **error)
{
  return kvmm_agent_fields_read_rows (result, "net.list", "ifaces", TRUE, KVMA_LIST_ROWS_MAX,
                                      read_interface, (GDestroyNotify) kvmm_guest_interface_free,
                                      error);
}

static gpointer
read_filesystem (JsonObject *row, GError **error)
{
#define AT(field) G_STRUCT_OFFSET (KvmmGuestFilesystem, field)
  static const KvmmAgentField fields[] = {
    { "mount", KVMM_AGENT_FIELD_TEXT, TRUE, AT (mount) },
    { "dev", KVMM_AGENT_FIELD_TEXT, TRUE, AT (device) },
    { "type", KVMM_AGENT_FIELD_TEXT, TRUE, AT (type) },
    { "disk_serial", KVMM_AGENT_FIELD_TEXT, FALSE, AT (disk_serial) },
    { "total", KVMM_AGENT_FIELD_UINT64, FALSE, AT (total_bytes), 0, INTEGER_MAX },
    { "used", KVMM_AGENT_FIELD_UINT64, FALSE, AT (used_bytes), 0, INTEGER_MAX },
    { "avail", KVMM_AGENT_FIELD_UINT64, FALSE, AT (available_bytes), 0, INTEGER_MAX },
    { "ro", KVMM_AGENT_FIELD_BOOL, FALSE, AT (is_read_only) },
    { "stale", KVMM_AGENT_FIELD_BOOL, FALSE, AT (is_stale) },
    { NULL },
  };
#undef AT
  g_autoptr (KvmmGuestFilesystem) self = g_new0 (KvmmGuestFilesystem, 1);

  if (!kvmm_agent_fields_read (row, "fs.list", fields, self, error))
    return NULL;
  /* File systems in user space tell odd sizes; a bar must still end at its end. */
  self->used_bytes = MIN (self->used_bytes, self->total_bytes);
  self->available_bytes = MIN (self->available_bytes, self->total_bytes);
  return g_steal_pointer (&self);
}

GPtrArray *
kvmm_agent_schema_filesystems (JsonObject *result, GError **error)
{
  return kvmm_agent_fields_read_rows (result, "fs.list", "fs", TRUE, KVMA_LIST_ROWS_MAX,
                                      read_filesystem, (GDestroyNotify) kvmm_guest_filesystem_free,
                                      error);
}

static gpointer
read_user (JsonObject *row, GError **error)
{
#define AT(field) G_STRUCT_OFFSET (KvmmGuestUser, field)
  static const KvmmAgentField fields[] = {
    { "user", KVMM_AGENT_FIELD_TEXT, TRUE, AT (user) },
    { "tty", KVMM_AGENT_FIELD_TEXT, FALSE, AT (terminal) },
    { "host", KVMM_AGENT_FIELD_TEXT, FALSE, AT (remote_host) },
    { "login_time", KVMM_AGENT_FIELD_INT64, FALSE, AT (login_time_s), 0, UNIX_SECONDS_MAX },
    { NULL },
  };
#undef AT
  g_autoptr (KvmmGuestUser) self = g_new0 (KvmmGuestUser, 1);

  return kvmm_agent_fields_read (row, "user.sessions", fields, self, error)
             ? g_steal_pointer (&self)
             : NULL;
}

GPtrArray *
kvmm_agent_schema_users (JsonObject *result, GError **error)
{
  return kvmm_agent_fields_read_rows (result, "user.sessions", "users", TRUE, KVMA_LIST_ROWS_MAX,
                                      read_user, (GDestroyNotify) kvmm_guest_user_free, error);
}
