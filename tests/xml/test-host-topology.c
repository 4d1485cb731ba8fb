/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-host-topology.h"

#define HOST(cells)                                                                                \
  "<capabilities><host><topology><cells>" cells "</cells></topology></host></capabilities>"

/* "0: 0/0 0,4; 0/1 1,5; | 1: …": cells, of each its cores with their processors */
static char *
describe (const KvmmXmlHostTopology *topology)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < topology->cells->len; i++)
    {
      const KvmmXmlHostCell *cell = topology->cells->pdata[i];

      g_string_append_printf (text, "%s%u:", i > 0 ? " | " : "", cell->id);
      for (guint j = 0; j < cell->cores->len; j++)
        {
          const KvmmXmlHostCore *core = cell->cores->pdata[j];

          if (core->is_known)
            g_string_append_printf (text, " %u/%u", core->socket, core->core);
          else
            g_string_append (text, " ?");
          for (guint k = 0; k < core->cpus->len; k++)
            g_string_append_printf (text, "%s%u", k > 0 ? "," : " ",
                                    g_array_index (core->cpus, guint, k));
          g_string_append_c (text, ';');
        }
    }
  return g_string_free (text, FALSE);
}

static void
test_threads_are_in_cores_and_cells (void)
{
  g_autoptr (KvmmXmlHostTopology) topology = kvmm_xml_host_topology_parse (
      HOST ("<cell id='0'><memory unit='KiB'>1024</memory><cpus num='4'>"
            "<cpu id='5' socket_id='0' die_id='0' core_id='1' siblings='1,5'/>"
            "<cpu id='0' socket_id='0' die_id='0' core_id='0' siblings='0,4'/>"
            "<cpu id='4' socket_id='0' die_id='0' core_id='0' siblings='0,4'/>"
            "<cpu id='1' socket_id='0' die_id='0' core_id='1' siblings='1,5'/></cpus></cell>"
            "<cell id='7'><memory>2048</memory></cell>"
            "<cell id='2'><cpus><cpu id='2' socket_id='1' core_id='0'/><cpu id='3'/>"
            "<cpu id='6' socket_id='-1' core_id='0'/></cpus></cell>"));
  g_autofree char *text = NULL;

  g_assert_nonnull (topology);
  text = describe (topology);
  g_assert_cmpstr (text, ==, "0: 0/0 0,4; 0/1 1,5; | 2: 1/0 2; ? 3; ? 6;");
  g_assert_cmpuint (topology->n_cpus, ==, 7);
  g_assert_cmpuint (((KvmmXmlHostCell *) topology->cells->pdata[0])->memory_kib, ==, 1024);
}

static void
test_what_cannot_be_drawn (void)
{
  static const char *const bad[] = {
    "",
    "no xml",
    "<domain/>",
    "<capabilities/>",
    HOST (""),
    HOST ("<cell id='0'><cpus num='0'/></cell>"),
    HOST ("<cell><cpus><cpu id='1'/><cpu id='1'/></cpus></cell>"),
    HOST ("<cell><cpus><cpu id='1'/></cpus></cell><cell><cpus><cpu id='1'/></cpus></cell>"),
    HOST ("<cell><cpus><cpu id='65536'/></cpus></cell>"),
    HOST ("<cell><cpus><cpu id='x'/></cpus></cell>"),
    HOST ("<cell><cpus><cpu/></cpus></cell>"),
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_test_message ("%s", bad[i]);
      g_assert_null (kvmm_xml_host_topology_parse (bad[i]));
    }
}

static KvmmXmlHostTopology *
parse_many (guint n_cpus)
{
  g_autoptr (GString) xml = g_string_new ("<capabilities><host><topology><cells><cell><cpus>");

  for (guint i = 0; i < n_cpus; i++)
    g_string_append_printf (xml, "<cpu id='%u' socket_id='%u' core_id='%u'/>", i, i / 128, i / 2);
  g_string_append (xml, "</cpus></cell></cells></topology></host></capabilities>");
  return kvmm_xml_host_topology_parse (xml->str);
}

static void
test_there_is_a_limit (void)
{
  g_autoptr (KvmmXmlHostTopology) most = parse_many (KVMM_XML_HOST_CPUS_MAX);
  g_autoptr (KvmmXmlHostTopology) more = parse_many (KVMM_XML_HOST_CPUS_MAX + 1);

  g_assert_nonnull (most);
  g_assert_cmpuint (most->n_cpus, ==, KVMM_XML_HOST_CPUS_MAX);
  g_assert_null (more);
}

static void
test_sets_are_read_and_written (void)
{
  static const char *const rows[][2] = {
    { "", "" },
    { "3", "3" },
    { "0-3,^2,8", "0-1,3,8" },
    { "8,0,1", "0-1,8" },
    { "65535", "65535" },
    { " 1 , 2 ", "1-2" },
    { "x,5,7-6,-,1-y,65536,^", "5" },
    { "0-65535", "0-65535" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree gboolean *set = kvmm_xml_cpu_set_parse (rows[i][0]);
      g_autofree char *text = kvmm_xml_cpu_set_format (set);

      g_assert_cmpstr (text, ==, rows[i][1]);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add_func ("/xml/host-topology/" path, func)
  ADD ("threads-are-in-cores-and-cells", test_threads_are_in_cores_and_cells);
  ADD ("what-cannot-be-drawn", test_what_cannot_be_drawn);
  ADD ("there-is-a-limit", test_there_is_a_limit);
  ADD ("sets-are-read-and-written", test_sets_are_read_and_written);
#undef ADD
  return g_test_run ();
}
