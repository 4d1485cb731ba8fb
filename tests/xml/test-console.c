/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-console.h"
#include "xml/kvmm-xml-domain.h"

static KvmmXmlConsoles *
read_devices (const char *devices)
{
  g_autofree char *xml = g_strdup_printf ("<domain><devices>%s</devices></domain>", devices);
  g_autoptr (GError) error = NULL;
  KvmmXmlConsoles *consoles = kvmm_xml_domain_list_consoles (xml, &error);

  g_assert_no_error (error);
  return consoles;
}

static void
test_kinds_and_places (void)
{
  g_autoptr (KvmmXmlConsoles) consoles = read_devices (
      "<input type='tablet' bus='usb'/><graphics type='egl-headless'/>"
      "<graphics type='vnc' port='5901' listen='127.0.0.1' keymap='de'/>"
      "<graphics type='spice' port='-1' tlsPort='5902'><listen type='address' address='::'/>"
      "</graphics><graphics type='vnc'><listen type='socket' socket='/run/a.sock'/></graphics>"
      "<graphics type='vnc' port='99999'/><channel type='spicevmc'/>");
  const KvmmXmlGraphics *graphics;

  g_assert_cmpuint (consoles->graphics->len, ==, 5);
  g_assert_true (consoles->has_tablet);
  graphics = g_ptr_array_index (consoles->graphics, 0);
  g_assert_cmpint (graphics->kind, ==, KVMM_GRAPHICS_OTHER);
  graphics = g_ptr_array_index (consoles->graphics, 1);
  g_assert_cmpint (graphics->kind, ==, KVMM_GRAPHICS_VNC);
  g_assert_cmpuint (graphics->index, ==, 1);
  g_assert_cmpuint (graphics->port, ==, 5901);
  g_assert_cmpstr (graphics->listen, ==, "127.0.0.1");
  g_assert_true (graphics->is_keymap);
  g_assert_false (graphics->has_agent);
  graphics = g_ptr_array_index (consoles->graphics, 2);
  g_assert_cmpint (graphics->kind, ==, KVMM_GRAPHICS_SPICE);
  g_assert_cmpuint (graphics->port, ==, 0);
  g_assert_cmpuint (graphics->tls_port, ==, 5902);
  g_assert_cmpstr (graphics->listen, ==, "::");
  g_assert_true (graphics->has_agent);
  graphics = g_ptr_array_index (consoles->graphics, 3);
  g_assert_cmpstr (graphics->socket, ==, "/run/a.sock");
  g_assert_null (graphics->listen);
  /* No port has such a number. */
  graphics = g_ptr_array_index (consoles->graphics, 4);
  g_assert_cmpuint (graphics->port, ==, 0);
}

static void
test_limit (void)
{
  GString *devices = g_string_new (NULL);

  for (guint i = 0; i < KVMM_XML_CONSOLES_MAX + 1; i++)
    g_string_append (devices, "<graphics type='vnc'/>");
  g_autofree char *text = g_string_free (devices, FALSE);
  g_autoptr (KvmmXmlConsoles) consoles = read_devices (text);
  g_assert_cmpuint (consoles->graphics->len, ==, KVMM_XML_CONSOLES_MAX);
}

static void
test_broken (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (kvmm_xml_domain_list_consoles ("<domain><devices>", &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_MALFORMED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/xml/console/kinds-and-places", test_kinds_and_places);
  g_test_add_func ("/xml/console/limit", test_limit);
  g_test_add_func ("/xml/console/broken", test_broken);
  return g_test_run ();
}
