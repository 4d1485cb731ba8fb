/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <string.h>

#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-serial.h"

/* One line a device. */
static char *
describe (const char *devices)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *xml =
      g_strdup_printf ("<domain type='qemu'><name>x</name><devices>%s</devices></domain>", devices);
  g_autoptr (GPtrArray) lines = kvmm_xml_domain_list_serials (xml, &error);
  g_autoptr (KvmmXmlDomainFacts) facts = kvmm_xml_domain_facts_parse (xml, NULL);
  g_autoptr (GString) text = g_string_new (NULL);

  g_assert_no_error (error);
  /* The two ways to count agree. */
  g_assert_cmpuint (facts->n_serials, ==, lines->len);
  for (guint i = 0; i < lines->len; i++)
    {
      const KvmmXmlSerial *line = lines->pdata[i];

      g_string_append_printf (text, "%s|%s|%s|%d%d\n", line->label,
                              line->alias != NULL ? line->alias : "-", line->source_type,
                              line->is_console, line->is_pty);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
test_live_ports_and_consoles (void)
{
  g_autofree char *text = describe (
      "<serial type='pty'><source path='/dev/pts/3'/><target type='isa-serial' port='0'/>"
      "<alias name='serial0'/></serial>"
      "<serial type='file'><target port='1'/><alias name='serial1'/></serial>"
      "<console type='pty' tty='/dev/pts/3'><target type='serial' port='0'/>"
      "<alias name='serial0'/></console>"
      "<console type='pty'><target type='virtio' port='1'/><alias name='console1'/></console>");

  g_assert_cmpstr (text, ==,
                   "Serial 1|serial0|pty|01\nSerial 2|serial1|file|00\n"
                   "Virtio console 1|console1|pty|11\n");
}

static void
test_a_console_alone (void)
{
  g_autofree char *text = describe ("<console type='pty'><target type='sclp' port='0'/>"
                                    "<alias name='console0'/></console>");
  g_autofree char *mirror = describe ("<console type='pty'><target type='serial'/></console>");
  g_autofree char *none = describe ("");

  g_assert_cmpstr (text, ==, "Console 1|console0|pty|11\n");
  g_assert_cmpstr (mirror, ==, "Console 1|-|pty|11\n");
  g_assert_cmpstr (none, ==, "");
}

static void
test_hostile_values (void)
{
  g_autofree char *name = g_strnfill (200, 'x');
  g_autofree char *devices =
      g_strdup_printf ("<serial type='p&#x202e;ty'><alias name='%s'/></serial><serial/>"
                       "<serial type='pty'><alias name=''/></serial>",
                       name);
  g_autofree char *text = describe (devices);

  g_assert_null (strstr (text, name));
  g_assert_null (strstr (text, "\u202e"));
  g_assert_nonnull (strstr (text, "Serial 2|-||00\nSerial 3|-|pty|01\n"));
}

static void
test_a_bound_on_their_number (void)
{
  g_autoptr (GString) xml = g_string_new ("<domain><devices>");
  g_autoptr (GPtrArray) lines = NULL;

  for (guint i = 0; i < KVMM_XML_SERIAL_MAX + 10; i++)
    g_string_append (xml, "<serial type='pty'/>");
  g_string_append (xml, "</devices></domain>");
  lines = kvmm_xml_domain_list_serials (xml->str, NULL);
  g_assert_cmpuint (lines->len, ==, KVMM_XML_SERIAL_MAX);
}

static void
test_another_document (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (kvmm_xml_domain_list_serials ("<network/>", &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_UNEXPECTED);
  g_clear_error (&error);
  g_assert_null (kvmm_xml_domain_list_serials ("<domain", &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_MALFORMED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/xml/serial/live-ports-and-consoles", test_live_ports_and_consoles);
  g_test_add_func ("/xml/serial/a-console-alone", test_a_console_alone);
  g_test_add_func ("/xml/serial/hostile-values", test_hostile_values);
  g_test_add_func ("/xml/serial/a-bound-on-their-number", test_a_bound_on_their_number);
  g_test_add_func ("/xml/serial/another-document", test_another_document);
  return g_test_run ();
}
