/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <libvirt/virterror.h>

#include "test-virt.h"
#include "virt/kvmm-virt-define.h"
#include "virt/kvmm-virt-storage.h"
#include "xml/kvmm-xml-domain.h"

#define UUID "e0000000-0000-4000-8000-000000000001"
#define XML(name, inside)                                                                          \
  "<domain type='test'><name>" name "</name><uuid>" UUID "</uuid><memory unit='MiB'>64</memory>"   \
  "<vcpu>1</vcpu><os><type arch='x86_64'>hvm</type></os>" inside "</domain>"

static KvmmVirtConnect *
open_defined (void)
{
  g_autoptr (GError) error = NULL;
  KvmmVirtConnect *connect = test_open_fixture ();
  g_autofree char *uuid = kvmm_virt_connect_define (connect, XML ("one", ""), FALSE, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (uuid, ==, UUID);
  return connect;
}

static void
test_defines_and_changes (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtConnect) connect = open_defined ();
  g_autofree char *again =
      kvmm_virt_connect_define (connect, XML ("one", "<title>T</title>"), FALSE, &error);
  g_autofree char *xml = NULL;

  g_assert_no_error (error);
  g_assert_cmpstr (again, ==, UUID);
  xml = kvmm_virt_domain_read_definition (connect, UUID, &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (xml, "<title>T</title>"));
  g_assert_null (
      kvmm_virt_domain_read_definition (connect, "e0000000-0000-4000-8000-00000000dead", &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT);
}

static void
test_keeps_passwords (void)
{
  static const char graphics[] = "<devices><graphics type='vnc' passwd='sesame'/></devices>";
  g_autofree char *document =
      g_strconcat ("<domain type='test'><name>two</name><uuid>" UUID "</uuid><memory>65536</memory>"
                   "<os><type>hvm</type></os>",
                   graphics, "</domain>", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtConnect) connect = test_open_fixture ();
  g_autofree char *uuid = kvmm_virt_connect_define (connect, document, FALSE, &error);
  g_autofree char *public_xml = NULL;
  g_autofree char *xml = NULL;

  g_assert_no_error (error);
  public_xml = kvmm_virt_domain_read_xml (connect, UUID, TRUE, &error);
  xml = kvmm_virt_domain_read_definition (connect, UUID, &error);
  g_assert_no_error (error);
  g_assert_null (strstr (public_xml, "sesame"));
  g_assert_nonnull (strstr (xml, "sesame"));
}

static void
test_refuses_what_is_no_machine (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtConnect) connect = open_defined ();

  g_assert_null (kvmm_virt_connect_define (connect, "<domain", FALSE, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_INVALID_XML);
  g_clear_error (&error);
  /* The name of another machine. */
  g_assert_null (kvmm_virt_connect_define (
      connect,
      "<domain type='test'><name>one</name><uuid>e0000000-0000-4000-8000-000000000002</uuid>"
      "<memory>1</memory><os><type>hvm</type></os></domain>",
      FALSE, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "one"));
  g_clear_error (&error);
  if (g_file_test ("/usr/share/libvirt/schemas/domain.rng", G_FILE_TEST_EXISTS))
    {
      g_assert_null (
          kvmm_virt_connect_define (connect, XML ("one", "<nosuchthing/>"), TRUE, &error));
      g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_INVALID_XML);
      g_assert_nonnull (strstr (error->message, "nosuchthing"));
    }
  else
    g_test_message ("libvirt's schemas are not installed");
}

static void
test_renames (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtConnect) connect = open_defined ();
  g_autoptr (KvmmDomainInfo) info = NULL;

  kvmm_virt_domain_rename (connect, UUID, "renamed", &error);
  g_assert_no_error (error);
  info = kvmm_virt_domain_read (connect, UUID, &error);
  g_assert_cmpstr (kvmm_domain_info_get_name (info), ==, "renamed");
  kvmm_virt_domain_start (connect, UUID, FALSE, &error);
  g_assert_no_error (error);
  g_assert_false (kvmm_virt_domain_rename (connect, UUID, "again", &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_INVALID_STATE);
  g_assert_nonnull (strstr (error->message, "“renamed”"));
}

static void
test_undefines_with_what_hangs_on_it (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtConnect) connect = open_defined ();

  kvmm_virt_domain_start (connect, UUID, FALSE, &error);
  kvmm_virt_domain_save (connect, UUID, &error);
  g_assert_no_error (error);
  g_assert_false (kvmm_virt_domain_undefine (connect, UUID, 0, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_INVALID_STATE);
  g_clear_error (&error);
  g_assert_cmpint (kvmm_virt_domain_count_snapshots (connect, UUID, &error), ==, 0);
  kvmm_virt_domain_undefine (connect, UUID, KVMM_UNDEFINE_SAVED | KVMM_UNDEFINE_SNAPSHOTS, &error);
  g_assert_no_error (error);
  g_assert_null (kvmm_virt_domain_read (connect, UUID, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT);
}

static void
assert_metadata (KvmmVirtConnect *connect, KvmmMetadata kind, const char *word)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *value =
      kvmm_virt_domain_get_metadata (connect, UUID, kind, KVMM_AFFECT_CONFIG, &error);

  g_assert_no_error (error);
  if (word == NULL)
    g_assert_null (value);
  else
    g_assert_nonnull (strstr (value, word));
}

static void
test_touches_only_our_metadata (void)
{
  static const char others[] =
      "<metadata><o:x xmlns:o='urn:other'><o:y/></o:x></metadata><description>d</description>";
  static const char *const tags[] = { "web", NULL };
  const KvmmXmlWords words = { .tags = tags };
  g_autofree char *element = kvmm_xml_metadata_build (&words, NULL);
  g_autofree char *document =
      g_strconcat ("<domain type='test'><name>one</name><uuid>" UUID "</uuid><memory>65536</memory>"
                   "<os><type>hvm</type></os>",
                   others, "</domain>", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtConnect) connect = test_open_fixture ();
  g_autofree char *uuid = kvmm_virt_connect_define (connect, document, FALSE, &error);
  g_autofree char *xml = NULL;
  g_autoptr (KvmmXmlDomainFacts) facts = NULL;

  g_assert_no_error (error);
  assert_metadata (connect, KVMM_METADATA_OURS, NULL);
  assert_metadata (connect, KVMM_METADATA_TITLE, NULL);
  kvmm_virt_domain_set_metadata (connect, UUID, KVMM_METADATA_OURS, element, KVMM_AFFECT_CONFIG,
                                 &error);
  g_assert_no_error (error);
  kvmm_virt_domain_set_metadata (connect, UUID, KVMM_METADATA_TITLE, "T", KVMM_AFFECT_CONFIG,
                                 &error);
  g_assert_no_error (error);
  assert_metadata (connect, KVMM_METADATA_OURS, "web");
  assert_metadata (connect, KVMM_METADATA_TITLE, "T");
  assert_metadata (connect, KVMM_METADATA_DESCRIPTION, "d");
  xml = kvmm_virt_domain_read_definition (connect, UUID, &error);
  g_assert_nonnull (strstr (xml, "urn:other"));
  facts = kvmm_xml_domain_facts_parse (xml, &error);
  g_assert_cmpstr (facts->tags[0], ==, "web");
  kvmm_virt_domain_set_metadata (connect, UUID, KVMM_METADATA_OURS, NULL, KVMM_AFFECT_CONFIG,
                                 &error);
  g_assert_no_error (error);
  assert_metadata (connect, KVMM_METADATA_OURS, NULL);
}

static void
test_a_file_outside_of_all_pools (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtConnect) connect = open_defined ();
  g_autofree char *pool = NULL;
  g_autofree char *volume = NULL;

  g_assert_false (kvmm_virt_storage_find_volume (connect, "/no/such/file", &pool, &volume, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT);
  g_assert_null (pool);
}

static const TestCase cases[] = {
  { "/virt/define/defines-and-changes", test_defines_and_changes },
  { "/virt/define/keeps-passwords", test_keeps_passwords },
  { "/virt/define/refuses-what-is-no-machine", test_refuses_what_is_no_machine },
  { "/virt/define/renames", test_renames },
  { "/virt/define/undefines-with-what-hangs-on-it", test_undefines_with_what_hangs_on_it },
  { "/virt/define/touches-only-our-metadata", test_touches_only_our_metadata },
  { "/virt/define/a-file-outside-of-all-pools", test_a_file_outside_of_all_pools },
};

int
main (int argc, char *argv[])
{
  test_init (&argc, &argv);
  test_add_cases (cases, G_N_ELEMENTS (cases));
  return test_run ();
}
