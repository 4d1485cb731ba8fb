/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>

#include "virt/kvmm-virt-private.h"

/* The keys are those of virConnectGetAllDomainStats(3) and virNodeGet{CPU,Memory}Stats(3). */

#define MAX_NODE_PARAMS 64

/* Any integer type, as a driver may choose; doubles and texts are none. */
static gboolean
read_number (const virTypedParameter *param, guint64 *value)
{
  switch (param->type)
    {
    case VIR_TYPED_PARAM_INT:
      *value = (guint64) MAX (param->value.i, 0);
      return TRUE;
    case VIR_TYPED_PARAM_UINT:
      *value = param->value.ui;
      return TRUE;
    case VIR_TYPED_PARAM_LLONG:
      *value = (guint64) MAX (param->value.l, 0);
      return TRUE;
    case VIR_TYPED_PARAM_ULLONG:
      *value = param->value.ul;
      return TRUE;
    default:
      return FALSE;
    }
}

/* "block.12.rd.bytes": @group "block.", Returns: (nullable): "rd.bytes" */
static const char *
strip_index (const char *field, const char *group)
{
  if (!g_str_has_prefix (field, group))
    return NULL;
  const char *index = field + strlen (group);
  gsize digits = strspn (index, "0123456789");
  return digits > 0 && index[digits] == '.' ? index + digits + 1 : NULL;
}

static void
add_to (guint64 *sum, gboolean *has, guint64 value)
{
  *sum += value;
  *has = TRUE;
}

static void
take_block_param (KvmmDomainStats *stats, const char *field, guint64 value)
{
  if (g_str_equal (field, "rd.bytes"))
    add_to (&stats->read_bytes, &stats->has_block, value);
  else if (g_str_equal (field, "wr.bytes"))
    add_to (&stats->write_bytes, &stats->has_block, value);
  else if (g_str_equal (field, "rd.reqs"))
    add_to (&stats->read_requests, &stats->has_block, value);
  else if (g_str_equal (field, "wr.reqs"))
    add_to (&stats->write_requests, &stats->has_block, value);
}

static void
take_net_param (KvmmDomainStats *stats, const char *field, guint64 value)
{
  if (g_str_equal (field, "rx.bytes"))
    add_to (&stats->rx_bytes, &stats->has_net, value);
  else if (g_str_equal (field, "tx.bytes"))
    add_to (&stats->tx_bytes, &stats->has_net, value);
}

void
kvmm_domain_stats_take (KvmmDomainStats *self, const virTypedParameter *param)
{
  guint64 value = 0;
  if (!read_number (param, &value))
    return;

  const char *block = strip_index (param->field, "block.");
  const char *net = strip_index (param->field, "net.");
  if (block)
    take_block_param (self, block, value);
  else if (net)
    take_net_param (self, net, value);
  else if (g_str_equal (param->field, "cpu.time"))
    add_to (&self->cpu_time_ns, &self->has_cpu, value);
  else if (g_str_equal (param->field, "vcpu.current"))
    self->vcpus = (guint) MIN (value, G_MAXUINT);
  else if (g_str_equal (param->field, "balloon.current"))
    add_to (&self->memory_current_kib, &self->has_memory, value);
  else if (g_str_equal (param->field, "balloon.usable"))
    self->memory_unused_kib = value;
  else if (g_str_equal (param->field, "balloon.unused") && self->memory_unused_kib == 0)
    self->memory_unused_kib = value;
  else if (g_str_equal (param->field, "balloon.rss"))
    self->memory_rss_kib = value;
}

static void
read_host_cpu (virConnectPtr connect, KvmmHostStats *host)
{
  virNodeCPUStats params[MAX_NODE_PARAMS];
  int n_params = 0;
  if (virNodeGetCPUStats (connect, VIR_NODE_CPU_STATS_ALL_CPUS, NULL, &n_params, 0) < 0 ||
      n_params <= 0 || n_params > MAX_NODE_PARAMS ||
      virNodeGetCPUStats (connect, VIR_NODE_CPU_STATS_ALL_CPUS, params, &n_params, 0) < 0)
    return;

  for (int i = 0; i < n_params; i++)
    {
      const char *field = params[i].field;
      gboolean busy = g_str_equal (field, VIR_NODE_CPU_STATS_KERNEL) ||
                      g_str_equal (field, VIR_NODE_CPU_STATS_USER);
      gboolean idle = g_str_equal (field, VIR_NODE_CPU_STATS_IDLE) ||
                      g_str_equal (field, VIR_NODE_CPU_STATS_IOWAIT);
      if (busy)
        host->cpu_busy_ns += params[i].value;
      if (busy || idle)
        add_to (&host->cpu_total_ns, &host->has_cpu, params[i].value);
    }
}

static void
read_host_memory (virConnectPtr connect, KvmmHostStats *host)
{
  virNodeMemoryStats params[MAX_NODE_PARAMS];
  int n_params = 0;
  if (virNodeGetMemoryStats (connect, VIR_NODE_MEMORY_STATS_ALL_CELLS, NULL, &n_params, 0) < 0 ||
      n_params <= 0 || n_params > MAX_NODE_PARAMS ||
      virNodeGetMemoryStats (connect, VIR_NODE_MEMORY_STATS_ALL_CELLS, params, &n_params, 0) < 0)
    return;

  for (int i = 0; i < n_params; i++)
    {
      const char *field = params[i].field;
      if (g_str_equal (field, VIR_NODE_MEMORY_STATS_TOTAL))
        add_to (&host->memory_total_kib, &host->has_memory, params[i].value);
      else if (g_str_equal (field, VIR_NODE_MEMORY_STATS_FREE) ||
               g_str_equal (field, VIR_NODE_MEMORY_STATS_BUFFERS) ||
               g_str_equal (field, VIR_NODE_MEMORY_STATS_CACHED))
        host->memory_free_kib += params[i].value;
    }
}

GArray *
kvmm_virt_connect_read_stats (KvmmVirtConnect *self, KvmmHostStats *host, GError **error)
{
  /* NOWAIT: a machine under a long job gives what can be had without waiting for it. */
  const unsigned int groups = VIR_DOMAIN_STATS_STATE | VIR_DOMAIN_STATS_CPU_TOTAL |
                              VIR_DOMAIN_STATS_BALLOON | VIR_DOMAIN_STATS_VCPU |
                              VIR_DOMAIN_STATS_INTERFACE | VIR_DOMAIN_STATS_BLOCK;
  const unsigned int flags =
      VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE | VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT;
  g_return_val_if_fail (self != NULL && host != NULL, NULL);

  g_autoptr (virConnect) connect = kvmm_virt_connect_acquire (self, error);
  if (!connect)
    return NULL;

  virDomainStatsRecordPtr *records = NULL;
  int n_records = virConnectGetAllDomainStats (connect, groups, &records, flags);
  if (n_records < 0)
    {
      kvmm_virt_error_take (error, _ ("Could not read the statistics"));
      return NULL;
    }

  gint64 time_us = g_get_monotonic_time ();
  GArray *result = g_array_sized_new (FALSE, TRUE, sizeof (KvmmDomainStats), (guint) n_records);
  for (int i = 0; i < n_records; i++)
    {
      KvmmDomainStats stats = { .time_us = time_us };
      if (virDomainGetUUIDString (records[i]->dom, stats.uuid) < 0)
        continue;
      for (int j = 0; j < records[i]->nparams; j++)
        kvmm_domain_stats_take (&stats, &records[i]->params[j]);
      g_array_append_val (result, stats);
    }
  virDomainStatsRecordListFree (records);

  *host = (KvmmHostStats){ 0 };
  read_host_cpu (connect, host);
  read_host_memory (connect, host);
  return result;
}
