/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-host-topology.h"

#include <string.h>

#include "xml/kvmm-xml-document.h"

static void
core_free (gpointer data)
{
  KvmmXmlHostCore *self = data;

  g_array_unref (self->cpus);
  g_free (self);
}

static void
cell_free (gpointer data)
{
  KvmmXmlHostCell *self = data;

  g_ptr_array_unref (self->cores);
  g_free (self);
}

void
kvmm_xml_host_topology_free (KvmmXmlHostTopology *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->cells);
  g_free (self);
}

/* ---- the host ---- */

static gboolean
read_number (const xmlNode *node, const char *name, guint *number)
{
  guint64 value = kvmm_xml_node_attribute_uint (node, name, G_MAXUINT64);

  if (value >= KVMM_XML_CPU_NUMBERS)
    return FALSE;
  *number = (guint) value;
  return TRUE;
}

/* One whose place is not told is a core of its own. */
static KvmmXmlHostCore *
find_core (KvmmXmlHostCell *cell, const xmlNode *cpu)
{
  KvmmXmlHostCore place = { 0 };
  KvmmXmlHostCore *core;

  place.is_known =
      read_number (cpu, "socket_id", &place.socket) && read_number (cpu, "core_id", &place.core);
  read_number (cpu, "die_id", &place.die);
  for (guint i = 0; place.is_known && i < cell->cores->len; i++)
    {
      core = cell->cores->pdata[i];
      if (core->is_known && core->socket == place.socket && core->die == place.die &&
          core->core == place.core)
        return core;
    }
  core = g_memdup2 (&place, sizeof place);
  core->cpus = g_array_new (FALSE, FALSE, sizeof (guint));
  g_ptr_array_add (cell->cores, core);
  return core;
}

static int
compare_numbers (gconstpointer a, gconstpointer b)
{
  const guint *x = a;
  const guint *y = b;

  return *x < *y ? -1 : *x > *y;
}

static int
compare_cores (gconstpointer a, gconstpointer b)
{
  const KvmmXmlHostCore *x = *(gpointer *) a;
  const KvmmXmlHostCore *y = *(gpointer *) b;
  const guint parts[][2] = { { !x->is_known, !y->is_known },
                             { x->socket, y->socket },
                             { x->die, y->die },
                             { x->core, y->core },
                             { g_array_index (x->cpus, guint, 0),
                               g_array_index (y->cpus, guint, 0) } };

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    if (parts[i][0] != parts[i][1])
      return parts[i][0] < parts[i][1] ? -1 : 1;
  return 0;
}

/* @seen: of each number, whether a processor has it */
static gboolean
read_cell (KvmmXmlHostTopology *self, const xmlNode *node, gboolean *seen)
{
  KvmmXmlHostCell *cell = g_new0 (KvmmXmlHostCell, 1);
  const xmlNode *cpus = kvmm_xml_node_child (node, "cpus");

  cell->cores = g_ptr_array_new_with_free_func (core_free);
  cell->id = self->cells->len;
  read_number (node, "id", &cell->id);
  cell->memory_kib = kvmm_xml_node_bytes (kvmm_xml_node_child (node, "memory"), 1024) / 1024;
  g_ptr_array_add (self->cells, cell);
  for (const xmlNode *cpu = kvmm_xml_node_child (cpus, "cpu"); cpu != NULL;
       cpu = kvmm_xml_node_next (cpu, "cpu"))
    {
      guint number;

      if (!read_number (cpu, "id", &number) || seen[number] ||
          self->n_cpus == KVMM_XML_HOST_CPUS_MAX)
        return FALSE;
      seen[number] = TRUE;
      g_array_append_val (find_core (cell, cpu)->cpus, number);
      self->n_cpus++;
    }
  for (guint i = 0; i < cell->cores->len; i++)
    g_array_sort (((KvmmXmlHostCore *) cell->cores->pdata[i])->cpus, compare_numbers);
  g_ptr_array_sort (cell->cores, compare_cores);
  /* Memory alone pins nothing. */
  if (cell->cores->len == 0)
    g_ptr_array_remove_index (self->cells, self->cells->len - 1);
  return TRUE;
}

KvmmXmlHostTopology *
kvmm_xml_host_topology_parse (const char *xml)
{
  g_autoptr (KvmmXmlHostTopology) self = g_new0 (KvmmXmlHostTopology, 1);
  g_autofree gboolean *seen = g_new0 (gboolean, KVMM_XML_CPU_NUMBERS);
  g_autoptr (xmlDoc) document = NULL;
  const xmlNode *topology;

  g_return_val_if_fail (xml != NULL, NULL);

  self->cells = g_ptr_array_new_with_free_func (cell_free);
  document = kvmm_xml_document_parse (xml, "capabilities", KVMM_XML_READ_DEFAULT, NULL);
  if (document == NULL)
    return NULL;
  topology = kvmm_xml_node_child (kvmm_xml_node_child (xmlDocGetRootElement (document), "host"),
                                  "topology");
  for (const xmlNode *cell = kvmm_xml_node_child (kvmm_xml_node_child (topology, "cells"), "cell");
       cell != NULL; cell = kvmm_xml_node_next (cell, "cell"))
    if (!read_cell (self, cell, seen))
      return NULL;
  return self->n_cpus > 0 ? g_steal_pointer (&self) : NULL;
}

/* ---- sets ---- */

gboolean *
kvmm_xml_cpu_set_parse (const char *text)
{
  gboolean *set = g_new0 (gboolean, KVMM_XML_CPU_NUMBERS);
  g_auto (GStrv) parts = NULL;

  g_return_val_if_fail (text != NULL, set);

  parts = g_strsplit (text, ",", -1);
  for (guint i = 0; parts[i] != NULL; i++)
    {
      char *part = g_strstrip (parts[i]);
      gboolean is_out = *part == '^';
      g_auto (GStrv) ends = g_strsplit (part + is_out, "-", 2);
      guint64 low;
      guint64 high;

      if (ends[0] == NULL ||
          !g_ascii_string_to_unsigned (ends[0], 10, 0, KVMM_XML_CPU_NUMBERS - 1, &low, NULL))
        continue;
      high = low;
      if (ends[1] != NULL &&
          !g_ascii_string_to_unsigned (ends[1], 10, low, KVMM_XML_CPU_NUMBERS - 1, &high, NULL))
        continue;
      for (guint64 number = low; number <= high; number++)
        set[number] = !is_out;
    }
  return set;
}

char *
kvmm_xml_cpu_set_format (const gboolean *set)
{
  GString *text = g_string_new (NULL);

  g_return_val_if_fail (set != NULL, g_string_free (text, FALSE));

  for (guint first = 0; first < KVMM_XML_CPU_NUMBERS; first++)
    {
      guint last = first;

      if (!set[first])
        continue;
      while (last + 1 < KVMM_XML_CPU_NUMBERS && set[last + 1])
        last++;
      g_string_append_printf (text, "%s%u", text->len > 0 ? "," : "", first);
      if (last > first)
        g_string_append_printf (text, "-%u", last);
      first = last;
    }
  return g_string_free (text, FALSE);
}
