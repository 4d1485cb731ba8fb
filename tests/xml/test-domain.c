/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <string.h>

#include "test-fixture.h"
#include "xml/kvmm-xml-document.h"
#include "xml/kvmm-xml-domain.h"

static KvmmXmlDomainFacts *
read_facts (const char *fixture)
{
  g_autofree char *xml = test_read_fixture (fixture);
  g_autoptr (GError) error = NULL;
  KvmmXmlDomainFacts *facts = kvmm_xml_domain_facts_parse (xml, &error);

  g_assert_no_error (error);
  return facts;
}

static char *
read_failure (const char *xml, KvmmXmlError code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmXmlDomainFacts) facts = kvmm_xml_domain_facts_parse (xml, &error);

  g_assert_error (error, KVMM_XML_ERROR, (int) code);
  g_assert_null (facts);
  return g_strdup (error->message);
}

static void
test_reads_a_fat_machine (void)
{
  g_autoptr (KvmmXmlDomainFacts) facts = read_facts ("fat-q35.xml");

  g_assert_cmpstr (facts->title, ==, "Build & test <b>server</b>");
  g_assert_cmpstr (facts->description, ==, "First line second line with a tab");
  g_assert_cmpstr (facts->virt_type, ==, "kvm");
  g_assert_cmpstr (facts->machine, ==, "pc-q35-7.2");
  g_assert_cmpstr (facts->arch, ==, "x86_64");
  g_assert_cmpstr (facts->os_info_id, ==, "http://debian.org/debian/12");
  g_assert_cmpuint (facts->memory_kib, ==, 8388608);
  g_assert_cmpuint (facts->current_memory_kib, ==, 4194304);
  g_assert_cmpuint (facts->vcpus, ==, 4);
  g_assert_cmpuint (facts->max_vcpus, ==, 8);
  g_assert_true (facts->has_virtio_serial);
  g_assert_cmpint (facts->agent_channel, ==, KVMM_CHANNEL_CONNECTED);
  g_assert_cmpint (facts->qga_channel, ==, KVMM_CHANNEL_DISCONNECTED);
  g_assert_cmpuint (facts->n_disks, ==, 3);
  g_assert_cmpuint (facts->n_interfaces, ==, 4);
  g_assert_cmpuint (facts->n_graphics, ==, 2);
}

static void
test_reads_an_old_pc (void)
{
  g_autoptr (KvmmXmlDomainFacts) facts = read_facts ("pc.xml");

  g_assert_null (facts->title);
  g_assert_null (facts->description);
  g_assert_null (facts->os_info_id);
  g_assert_cmpstr (facts->machine, ==, "pc-i440fx-7.2");
  g_assert_cmpuint (facts->memory_kib, ==, 1024);
  g_assert_cmpuint (facts->current_memory_kib, ==, 1024);
  g_assert_cmpuint (facts->vcpus, ==, 2);
  g_assert_cmpuint (facts->max_vcpus, ==, 2);
  g_assert_false (facts->has_virtio_serial);
  g_assert_cmpint (facts->agent_channel, ==, KVMM_CHANNEL_ABSENT);
  g_assert_cmpint (facts->qga_channel, ==, KVMM_CHANNEL_ABSENT);
  g_assert_cmpuint (facts->n_disks, ==, 1);
}

static void
test_channel_without_state_is_unknown (void)
{
  g_autoptr (KvmmXmlDomainFacts) facts = read_facts ("typical.xml");

  g_assert_cmpint (facts->qga_channel, ==, KVMM_CHANNEL_UNKNOWN);
  g_assert_cmpint (facts->agent_channel, ==, KVMM_CHANNEL_ABSENT);
}

static void
test_reads_an_empty_machine (void)
{
  g_autoptr (KvmmXmlDomainFacts) facts = read_facts ("empty.xml");

  g_assert_cmpstr (facts->virt_type, ==, "");
  g_assert_null (facts->machine);
  g_assert_cmpuint (facts->memory_kib, ==, 0);
  g_assert_cmpuint (facts->vcpus, ==, 0);
}

static void
test_markup_stays_text (void)
{
  g_autoptr (KvmmXmlDomainFacts) facts = read_facts ("markup.xml");

  g_assert_cmpstr (facts->virt_type, ==, "<b>kvm</b>");
  g_assert_cmpstr (facts->title, ==, "<span size=\"99999\">x</span> %s%n evil\xC2\xA0");
  g_assert_cmpstr (facts->description, ==, "<a href=\"file:///etc/passwd\">click</a>");
  g_assert_cmpstr (facts->arch, ==, "x86 64");
  g_assert_cmpstr (facts->machine, ==, "a&b");
  g_assert_cmpuint (facts->memory_kib, ==, 0);
  g_assert_cmpuint (facts->current_memory_kib, ==, 0);
  g_assert_cmpuint (facts->vcpus, ==, 0);
  g_assert_cmpint (facts->agent_channel, ==, KVMM_CHANNEL_ABSENT);
  g_assert_cmpuint (facts->n_disks, ==, 0);
}

static void
test_understands_every_unit (void)
{
  static const struct
  {
    const char *element;
    guint64 kib;
  } cases[] = {
    { "<memory>2048</memory>", 2048 },
    { "<memory unit='b'>2048</memory>", 2 },
    { "<memory unit='bytes'>2047</memory>", 1 },
    { "<memory unit='KB'>1024</memory>", 1000 },
    { "<memory unit='k'>3</memory>", 3 },
    { "<memory unit='KiB'> 3 </memory>", 3 },
    { "<memory unit='M'>3</memory>", 3072 },
    { "<memory unit='MB'>1</memory>", 976 },
    { "<memory unit='GiB'>2</memory>", 2097152 },
    { "<memory unit='TiB'>1</memory>", 1073741824 },
    { "<memory unit='EiB'>15</memory>", G_GUINT64_CONSTANT (15) << 50 },
    { "<memory unit='EiB'>16</memory>", G_MAXUINT64 / 1024 },
    { "<memory unit='MiBs'>1</memory>", 0 },
    { "<memory unit=''>1</memory>", 0 },
    { "<memory unit='KiB'>-1</memory>", 0 },
    { "<memory/>", 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *xml = g_strconcat ("<domain>", cases[i].element, "</domain>", NULL);
      g_autoptr (KvmmXmlDomainFacts) facts = kvmm_xml_domain_facts_parse (xml, NULL);

      g_assert_nonnull (facts);
      g_assert_cmpuint (facts->memory_kib, ==, cases[i].kib);
    }
}

static void
test_current_vcpus_never_exceed_the_most (void)
{
  g_autoptr (KvmmXmlDomainFacts) facts =
      kvmm_xml_domain_facts_parse ("<domain><vcpu current='9'>4</vcpu></domain>", NULL);
  g_autoptr (KvmmXmlDomainFacts) absurd =
      kvmm_xml_domain_facts_parse ("<domain><vcpu>65536</vcpu></domain>", NULL);

  g_assert_cmpuint (facts->vcpus, ==, 4);
  g_assert_cmpuint (absurd->max_vcpus, ==, 0);
}

static void
test_refuses_a_dtd (void)
{
  static const char *const fixtures[] = { "entity-bomb.xml", "external-entity.xml",
                                          "external-dtd.xml" };

  for (guint i = 0; i < G_N_ELEMENTS (fixtures); i++)
    {
      g_autofree char *xml = test_read_fixture (fixtures[i]);
      g_autofree char *message = read_failure (xml, KVMM_XML_ERROR_MALFORMED);

      g_assert_nonnull (strstr (message, "document type"));
    }
}

static void
test_refuses_unknown_entities (void)
{
  g_autofree char *in_attribute = read_failure ("<domain type='&who;'/>", KVMM_XML_ERROR_MALFORMED);
  g_autofree char *in_text =
      read_failure ("<domain><title>&who;</title></domain>", KVMM_XML_ERROR_MALFORMED);

  g_assert_nonnull (strstr (in_attribute, "who"));
  g_assert_nonnull (strstr (in_text, "who"));
}

static void
test_says_where_it_is_broken (void)
{
  g_autofree char *message =
      read_failure ("<domain>\n<title>x</titel>\n</domain>", KVMM_XML_ERROR_MALFORMED);
  g_autofree char *of_null = read_failure (NULL, KVMM_XML_ERROR_MALFORMED);
  g_autofree char *of_nothing = read_failure ("", KVMM_XML_ERROR_MALFORMED);

  g_assert_nonnull (strstr (message, "line 2"));
  g_assert_null (strchr (message, '\n'));
  g_assert_cmpuint (strlen (of_null), >, 0);
  g_assert_cmpuint (strlen (of_nothing), >, 0);
}

static void
test_refuses_invalid_utf8 (void)
{
  g_autofree char *xml = test_read_fixture ("invalid-utf8.xml");
  g_autofree char *message = read_failure (xml, KVMM_XML_ERROR_MALFORMED);
  g_autofree char *latin1 = read_failure (
      "<?xml version='1.0' encoding='ISO-8859-1'?><domain><title>\xE9</title></domain>",
      KVMM_XML_ERROR_MALFORMED);

  g_assert_true (g_utf8_validate (message, -1, NULL));
  g_assert_true (g_utf8_validate (latin1, -1, NULL));
}

static void
test_refuses_another_document (void)
{
  g_autofree char *xml = test_read_fixture ("not-a-domain.xml");
  g_autofree char *message = read_failure (xml, KVMM_XML_ERROR_UNEXPECTED);
  g_autofree char *foreign =
      read_failure ("<domain xmlns='urn:other'/>", KVMM_XML_ERROR_UNEXPECTED);

  g_assert_nonnull (strstr (message, "network"));
  g_assert_nonnull (strstr (foreign, "domain"));
}

static char *
document_of_size (gsize size)
{
  static const char head[] = "<domain><!--";
  static const char tail[] = "--></domain>";
  char *xml = g_strnfill (size, ' ');

  memcpy (xml, head, sizeof head - 1);
  memcpy (xml + size - (sizeof tail - 1), tail, sizeof tail - 1);
  return xml;
}

static void
test_size_limit (void)
{
  g_autofree char *at_limit = document_of_size (KVMM_XML_DOCUMENT_MAX);
  g_autofree char *above = document_of_size (KVMM_XML_DOCUMENT_MAX + 1);
  g_autofree char *nine_mib = document_of_size (9 * 1024 * 1024);
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmXmlDomainFacts) facts = kvmm_xml_domain_facts_parse (at_limit, &error);

  g_assert_no_error (error);
  g_assert_nonnull (facts);
  g_autofree char *message = read_failure (above, KVMM_XML_ERROR_MALFORMED);
  g_autofree char *message_nine = read_failure (nine_mib, KVMM_XML_ERROR_MALFORMED);
  g_assert_nonnull (strstr (message, "8.0"));
  g_assert_cmpstr (message, ==, message_nine);
}

static char *
document_of_depth (guint depth)
{
  g_autoptr (GString) xml = g_string_new ("<domain>");

  for (guint i = 1; i < depth; i++)
    g_string_append (xml, "<a>");
  for (guint i = 1; i < depth; i++)
    g_string_append (xml, "</a>");
  g_string_append (xml, "</domain>");
  return g_string_free (g_steal_pointer (&xml), FALSE);
}

static void
test_depth_limit (void)
{
  g_autofree char *fine = document_of_depth (200);
  g_autofree char *deep = document_of_depth (100000);
  g_autoptr (KvmmXmlDomainFacts) facts = kvmm_xml_domain_facts_parse (fine, NULL);
  g_autofree char *message = read_failure (deep, KVMM_XML_ERROR_MALFORMED);

  g_assert_nonnull (facts);
  g_assert_cmpuint (strlen (message), >, 0);
}

static void
test_prints_nothing (void)
{
  if (g_test_subprocess ())
    {
      static const char *const fixtures[] = { "entity-bomb.xml", "invalid-utf8.xml",
                                              "not-a-domain.xml" };

      for (guint i = 0; i < G_N_ELEMENTS (fixtures); i++)
        {
          g_autofree char *xml = test_read_fixture (fixtures[i]);

          g_assert_null (kvmm_xml_domain_facts_parse (xml, NULL));
        }
      g_assert_null (kvmm_xml_domain_facts_parse ("<domain", NULL));
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr_unmatched ("?*");
}

static gpointer
read_many (gpointer user_data)
{
  const char *xml = user_data;
  guint n_good = 0;

  for (guint i = 0; i < 200; i++)
    {
      g_autoptr (KvmmXmlDomainFacts) facts = kvmm_xml_domain_facts_parse (xml, NULL);
      g_autoptr (KvmmXmlDomainFacts) none = kvmm_xml_domain_facts_parse ("<domain>", NULL);

      if (facts != NULL && none == NULL && facts->vcpus == 4)
        n_good++;
    }
  return GUINT_TO_POINTER (n_good);
}

static void
test_reads_on_many_threads (void)
{
  g_autofree char *xml = test_read_fixture ("fat-q35.xml");
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("reader", read_many, xml);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_assert_cmpuint (GPOINTER_TO_UINT (g_thread_join (threads[i])), ==, 200);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/xml/domain/reads-a-fat-machine", test_reads_a_fat_machine);
  g_test_add_func ("/xml/domain/reads-an-old-pc", test_reads_an_old_pc);
  g_test_add_func ("/xml/domain/channel-without-state-is-unknown",
                   test_channel_without_state_is_unknown);
  g_test_add_func ("/xml/domain/reads-an-empty-machine", test_reads_an_empty_machine);
  g_test_add_func ("/xml/domain/markup-stays-text", test_markup_stays_text);
  g_test_add_func ("/xml/domain/understands-every-unit", test_understands_every_unit);
  g_test_add_func ("/xml/domain/current-vcpus-never-exceed-the-most",
                   test_current_vcpus_never_exceed_the_most);
  g_test_add_func ("/xml/domain/refuses-a-dtd", test_refuses_a_dtd);
  g_test_add_func ("/xml/domain/refuses-unknown-entities", test_refuses_unknown_entities);
  g_test_add_func ("/xml/domain/says-where-it-is-broken", test_says_where_it_is_broken);
  g_test_add_func ("/xml/domain/refuses-invalid-utf8", test_refuses_invalid_utf8);
  g_test_add_func ("/xml/domain/refuses-another-document", test_refuses_another_document);
  g_test_add_func ("/xml/domain/size-limit", test_size_limit);
  g_test_add_func ("/xml/domain/depth-limit", test_depth_limit);
  g_test_add_func ("/xml/domain/prints-nothing", test_prints_nothing);
  g_test_add_func ("/xml/domain/reads-on-many-threads", test_reads_on_many_threads);
  return g_test_run ();
}
