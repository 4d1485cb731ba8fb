/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "test-fixture.h"
#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-storage.h"

static void
test_builds_what_it_reads (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = kvmm_xml_pool_build_dir ("a & <b>", "/srv/“x” & y", &error);

  g_assert_no_error (error);
  g_autoptr (KvmmXmlPool) pool = kvmm_xml_pool_parse (xml, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (pool->type, ==, "dir");
  g_assert_cmpstr (pool->name, ==, "a & <b>");
  g_assert_cmpstr (pool->path, ==, "/srv/“x” & y");
}

static void
test_reads_pools_without_a_path (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmXmlPool) pool =
      kvmm_xml_pool_parse ("<pool type='rbd'><name>ceph</name><source/></pool>", &error);

  g_assert_no_error (error);
  g_assert_cmpstr (pool->type, ==, "rbd");
  g_assert_null (pool->path);
  g_autoptr (KvmmXmlPool) bare = kvmm_xml_pool_parse ("<pool/>", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (bare->name, ==, "");
  g_assert_null (kvmm_xml_pool_parse ("<domain/>", &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_UNEXPECTED);
  g_clear_error (&error);
  g_assert_null (kvmm_xml_pool_parse ("<pool", &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_MALFORMED);
}

static void
test_builds_volumes (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *format = NULL;
  g_autofree char *xml = kvmm_xml_volume_build ("a&b.iso", G_MAXUINT64, FALSE, &error);

  g_assert_no_error (error);
  g_assert_nonnull (strstr (xml, "<name>a&amp;b.iso</name>"));
  g_assert_nonnull (strstr (xml, "<capacity unit=\"bytes\">18446744073709551615</capacity>"));
  g_assert_nonnull (strstr (xml, "<format type=\"raw\"/>"));
  g_assert_nonnull (strstr (xml, "<mode>0644</mode>"));
  format = kvmm_xml_volume_dup_format (xml, &error);
  g_assert_cmpstr (format, ==, "raw");
  g_free (xml);
  xml = kvmm_xml_volume_build ("seed.iso", 1, TRUE, &error);
  g_assert_nonnull (strstr (xml, "<mode>0600</mode>"));
}

static void
test_refuses_what_xml_cannot_hold (void)
{
  static const char *const names[] = { "", "a\nb", "\001", "\xff" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (kvmm_xml_volume_build (names[i], 1, FALSE, &error));
      g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_UNEXPECTED);
      g_clear_error (&error);
      g_assert_null (kvmm_xml_pool_build_dir ("name", names[i], &error));
      g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_UNEXPECTED);
    }
}

/* ---- who names a volume ---- */

static void
test_finds_each_way_to_name_a_volume (void)
{
  static const struct
  {
    const char *inside;
    gboolean names;
  } cases[] = {
    { "", FALSE },
    { "<disk><source file='/pool/v.iso'/></disk>", TRUE },
    { "<disk><source file='/other/name/v.iso'/></disk>", TRUE },
    { "<disk><source dev='/pool/v.iso'/></disk>", TRUE },
    { "<disk><source pool='p' volume='v.iso'/></disk>", TRUE },
    { "<disk><source pool='q' volume='v.iso'/></disk>", FALSE },
    { "<disk><source pool='p' volume='w.iso'/></disk>", FALSE },
    { "<disk><source file='/pool/w.iso'/></disk>", FALSE },
    { "<disk><source file='/pool/v.iso.d/w.iso'/></disk>", TRUE },
    { "<disk><source file='/pool/old-v.iso'/></disk>", FALSE },
    { "<disk><source file='/a'/><backingStore><source file='/b'/><backingStore>"
      "<source file='/pool/v.iso'/></backingStore></backingStore></disk>",
      TRUE },
    { "<disk><mirror><source file='/pool/v.iso'/></mirror></disk>", TRUE },
    { "</devices><os><kernel>/pool/v.iso</kernel></os><devices>", TRUE },
    { "</devices><q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>"
      "<q:arg value='-drive'/><q:arg value='file=/pool/v.iso,media=cdrom'/></q:commandline>"
      "<devices>",
      TRUE },
    { "</devices><description>v.iso</description><devices>", FALSE },
    { "</devices><!-- /pool/v.iso --><devices>", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *xml =
          g_strdup_printf ("<domain><devices>%s</devices></domain>", cases[i].inside);
      gboolean names = !cases[i].names;
      g_test_message ("%s", cases[i].inside);
      g_assert_true (
          kvmm_xml_domain_names_volume (xml, "p", "v.iso", "/pool/v.iso", &names, &error));
      g_assert_no_error (error);
      g_assert_cmpint (names, ==, cases[i].names);
      g_assert_true (kvmm_xml_domain_names_volume (xml, "p", "v.iso", NULL, &names, &error));
      g_assert_cmpint (names, ==, cases[i].names);
    }
}

static void
test_cannot_tell_of_what_it_cannot_read (void)
{
  g_autoptr (GError) error = NULL;
  gboolean names = FALSE;

  g_assert_false (kvmm_xml_domain_names_volume ("<domain>", "p", "v", "/v", &names, &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_MALFORMED);
}

static void
test_finds_what_stands_on_a_volume (void)
{
  static const struct
  {
    const char *inside;
    gboolean stands_on;
  } cases[] = {
    { "", FALSE },
    { "<target><path>/pool/base.img</path></target>", FALSE },
    { "<backingStore><path>/pool/base.img</path><format type='raw'/></backingStore>", TRUE },
    { "<backingStore><path>/by/another/way/base.img</path></backingStore>", TRUE },
    { "<backingStore><path>base.img</path></backingStore>", TRUE },
    { "<backingStore><path>/pool/base.img.old</path></backingStore>", FALSE },
    { "<backingStore><path/></backingStore>", FALSE },
    { "<backingStore/>", FALSE },
  };
  g_autoptr (GError) error = NULL;
  gboolean stands_on = FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *xml = g_strdup_printf ("<volume><name>v</name>%s</volume>", cases[i].inside);

      g_test_message ("%s", cases[i].inside);
      g_assert_true (kvmm_xml_volume_stands_on (xml, "/pool/base.img", &stands_on, &error));
      g_assert_no_error (error);
      g_assert_cmpint (stands_on, ==, cases[i].stands_on);
    }
  g_assert_false (kvmm_xml_volume_stands_on ("<volume>", "/pool/base.img", &stands_on, &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_MALFORMED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/xml/storage/builds-what-it-reads", test_builds_what_it_reads);
  g_test_add_func ("/xml/storage/reads-pools-without-a-path", test_reads_pools_without_a_path);
  g_test_add_func ("/xml/storage/builds-volumes", test_builds_volumes);
  g_test_add_func ("/xml/storage/refuses-what-xml-cannot-hold", test_refuses_what_xml_cannot_hold);
  g_test_add_func ("/xml/storage/finds-each-way-to-name-a-volume",
                   test_finds_each_way_to_name_a_volume);
  g_test_add_func ("/xml/storage/cannot-tell-of-what-it-cannot-read",
                   test_cannot_tell_of_what_it_cannot_read);
  g_test_add_func ("/xml/storage/finds-what-stands-on-a-volume",
                   test_finds_what_stands_on_a_volume);
  return g_test_run ();
}
