/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <string.h>

#include "test-fixture.h"
#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-new-machine.h"

/* A definition whose machine starts by a kernel. */

#define DOMAIN(os, reboot)                                                                         \
  "<domain type='qemu'><name>a</name><os><type>hvm</type>" os "</os>" reboot                       \
  "<devices><disk type='file' device='disk'><target dev='vda'/><boot order='1'/></disk></devices>" \
  "</domain>"

static void
assert_once (const char *xml, const char *text)
{
  const char *first = strstr (xml, text);

  if (first == NULL || strstr (first + 1, text) != NULL)
    g_error ("%s is not there once in\n%s", text, xml);
}

static void
test_whatever_stood_there (void)
{
  static const char *const documents[] = {
    DOMAIN ("", ""),
    DOMAIN ("<kernel>/old</kernel><initrd>/old</initrd><cmdline>old</cmdline>",
            "<on_reboot>restart</on_reboot>"),
    "<domain type='qemu'><name>a</name><boot order='1'/></domain>",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (documents); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *xml =
          kvmm_xml_domain_boot_kernel (documents[i], "/a&b", "/initrd", "x=<1> 'y'", &error);
      g_autofree char *bare =
          kvmm_xml_domain_boot_kernel (documents[i], "/kernel", "/initrd", "", &error);

      g_assert_no_error (error);
      assert_once (xml, "<kernel>/a&amp;b</kernel>");
      assert_once (xml, "<initrd>/initrd</initrd>");
      assert_once (xml, "<cmdline>x=&lt;1&gt; 'y'</cmdline>");
      assert_once (xml, "<on_reboot>destroy</on_reboot>");
      assert_once (xml, "<on_reboot>");
      assert_once (xml, "<boot order=\"1\"/>");
      g_assert_null (strstr (xml, "old"));
      g_assert_null (strstr (bare, "<cmdline>"));
    }
}

static void
test_what_cannot_stand_there (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (kvmm_xml_domain_boot_kernel (DOMAIN ("", ""), "/a\nb", "/initrd", NULL, &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE);
  g_clear_error (&error);
  g_assert_null (kvmm_xml_domain_boot_kernel (DOMAIN ("", ""), "/a", "/initrd", "\001", &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE);
  g_clear_error (&error);
  g_assert_null (kvmm_xml_domain_boot_kernel ("<domain>", "/a", "/initrd", NULL, &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_MALFORMED);
  g_clear_error (&error);
  g_assert_null (kvmm_xml_domain_boot_kernel ("<network/>", "/a", "/initrd", NULL, &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_UNEXPECTED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/xml/kernel/whatever-stood-there", test_whatever_stood_there);
  g_test_add_func ("/xml/kernel/what-cannot-stand-there", test_what_cannot_stand_there);
  return g_test_run ();
}
