/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <string.h>

#include "test-fixture.h"
#include "xml/kvmm-xml-device.h"
#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-fields.h"
#include "xml/kvmm-xml-kinds.h"

static GPtrArray *
list_devices (const char *xml)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *devices = kvmm_xml_domain_list_devices (xml, &error);

  g_assert_no_error (error);
  return devices;
}

/* One line a device, one a field. */
static char *
describe (GPtrArray *devices)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < devices->len; i++)
    {
      const KvmmXmlDevice *device = devices->pdata[i];

      g_string_append_printf (text, "[%s] %s: %s (%s)\n", device->kind, device->title,
                              device->summary, device->icon_name);
      for (guint j = 0; j < device->fields->len; j++)
        {
          const KvmmXmlDeviceField *field = device->fields->pdata[j];

          g_string_append_printf (text, "    %s = %s\n", field->label, field->value);
        }
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* With KVMM_UPDATE_GOLDEN the file is written anew: read the difference before it is committed. */
static void
assert_golden (const char *fixture, const char *golden)
{
  g_autofree char *xml = test_read_fixture (fixture);
  g_autoptr (GPtrArray) devices = list_devices (xml);
  g_autofree char *found = describe (devices);

  if (g_getenv ("KVMM_UPDATE_GOLDEN") != NULL)
    {
      g_autofree char *path = g_test_build_filename (G_TEST_DIST, "xml", "data", golden, NULL);

      g_assert_true (g_file_set_contents (path, found, -1, NULL));
    }
  g_autofree char *expected = test_read_fixture (golden);
  g_assert_cmpstr (found, ==, expected);
}

static void
test_lists_a_fat_machine (void)
{
  assert_golden ("fat-q35.xml", "fat-q35.devices");
}

static void
test_lists_an_old_pc (void)
{
  assert_golden ("pc.xml", "pc.devices");
}

static void
test_lists_what_is_odd (void)
{
  assert_golden ("markup.xml", "markup.devices");
}

static void
test_empty_machine_has_none (void)
{
  g_autoptr (GPtrArray) devices = list_devices ("<domain/>");

  g_assert_cmpuint (devices->len, ==, 0);
}

static void
test_refuses_what_is_no_domain (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (kvmm_xml_domain_list_devices ("<network/>", &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_UNEXPECTED);
  g_clear_error (&error);
  g_assert_null (kvmm_xml_domain_list_devices ("<domain", &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_MALFORMED);
}

/* libvirt 9.0's own list, from domaincommon.rng. */
static void
test_knows_every_kind_of_libvirt (void)
{
  static const char *const names[] = {
    "audio",      "channel",  "console",     "controller", "disk",   "emulator",
    "filesystem", "graphics", "hostdev",     "hub",        "input",  "iommu",
    "interface",  "lease",    "memballoon",  "memory",     "nvram",  "panic",
    "parallel",   "redirdev", "redirfilter", "rng",        "serial", "shmem",
    "smartcard",  "sound",    "tpm",         "video",      "vsock",  "watchdog"
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_test_message ("%s", names[i]);
      g_assert_nonnull (kvmm_xml_kind_of_device (names[i]));
    }
  g_assert_null (kvmm_xml_kind_of_device ("unheard-of"));
}

static void
count_attributes (xmlNode *node, guint *count)
{
  for (xmlAttr *attribute = node->properties; attribute != NULL; attribute = attribute->next)
    *count += 1;
  for (xmlNode *child = kvmm_xml_node_child (node, NULL); child != NULL;
       child = kvmm_xml_node_next (child, NULL))
    count_attributes (child, count);
}

/* Whatever stands in the document is somewhere in the fields of its device. */
static void
test_leaves_nothing_out (void)
{
  g_autofree char *xml = test_read_fixture ("fat-q35.xml");
  g_autoptr (xmlDoc) document = kvmm_xml_document_parse (xml, "domain", 0, NULL);
  xmlNode *devices = kvmm_xml_node_child (xmlDocGetRootElement (document), "devices");

  for (xmlNode *node = kvmm_xml_node_child (devices, NULL); node != NULL;
       node = kvmm_xml_node_next (node, NULL))
    {
      const KvmmXmlKind *kind = kvmm_xml_kind_of_device ((const char *) node->name);
      g_auto (KvmmXmlFields) fields;
      guint n_attributes = 0;
      guint n_seen = 0;
      GHashTableIter iter;
      gpointer key;

      g_assert_nonnull (kind);
      kvmm_xml_fields_init (&fields);
      kvmm_xml_fields_add (&fields, node, kind->fields);
      kvmm_xml_fields_add_rest (&fields, node, NULL);
      g_hash_table_iter_init (&iter, fields.seen);
      while (g_hash_table_iter_next (&iter, &key, NULL))
        n_seen += ((xmlNode *) key)->type == XML_ATTRIBUTE_NODE;
      count_attributes (node, &n_attributes);
      g_assert_cmpuint (n_seen, ==, n_attributes);
      g_assert_cmpuint (fields.n_dropped, ==, 0);
    }
}

static void
test_password_is_not_shown (void)
{
  g_autofree char *xml = test_read_fixture ("fat-q35.xml");
  g_autoptr (GPtrArray) devices = list_devices (xml);
  g_autofree char *text = describe (devices);

  g_assert_nonnull (strstr (text, "Password = Set, not shown"));
  g_assert_null (strstr (text, "secret\n"));
}

static void
test_device_xml_stands_alone (void)
{
  g_autoptr (GPtrArray) devices =
      list_devices ("<domain xmlns:q='urn:q'><devices>"
                    "<hub type='usb'>\n      <q:extra q:a='1'/>\n    </hub></devices>"
                    "<q:args><q:arg value='-S'/></q:args></domain>");
  const KvmmXmlDevice *hub = g_ptr_array_index (devices, 0);
  const KvmmXmlDevice *args = g_ptr_array_index (devices, 1);

  g_assert_cmpstr (hub->xml, ==,
                   "<hub xmlns:q=\"urn:q\" type=\"usb\">\n  <q:extra q:a=\"1\"/>\n</hub>");
  g_assert_cmpstr (args->kind, ==, "q:args");
  g_assert_cmpstr (args->summary, ==, "-S");
}

static char *
domain_with_many (const char *head, const char *part, guint n, const char *tail)
{
  g_autoptr (GString) xml = g_string_new (head);

  for (guint i = 0; i < n; i++)
    g_string_append (xml, part);
  g_string_append (xml, tail);
  return g_string_free (g_steal_pointer (&xml), FALSE);
}

static void
test_device_limit (void)
{
  g_autofree char *at_limit =
      domain_with_many ("<domain><devices>", "<hub/>", KVMM_XML_DEVICES_MAX, "</devices></domain>");
  g_autofree char *above = domain_with_many ("<domain><devices>", "<hub/>",
                                             KVMM_XML_DEVICES_MAX + 3, "</devices></domain>");
  g_autoptr (GPtrArray) all = list_devices (at_limit);
  g_autoptr (GPtrArray) cut = list_devices (above);

  g_assert_cmpuint (all->len, ==, KVMM_XML_DEVICES_MAX);
  g_assert_cmpuint (cut->len, ==, KVMM_XML_DEVICES_MAX + 1);
  const KvmmXmlDevice *last = g_ptr_array_index (cut, KVMM_XML_DEVICES_MAX);
  g_assert_cmpstr (last->kind, ==, "");
  g_assert_cmpstr (last->title, ==, "3 more devices");
}

static void
test_field_limit (void)
{
  for (guint excess = 0; excess <= 2; excess += 2)
    {
      g_autoptr (GString) xml = g_string_new ("<domain><devices><gadget ");

      for (guint i = 0; i < KVMM_XML_FIELDS_MAX + excess; i++)
        g_string_append_printf (xml, "a%u='x' ", i);
      g_string_append (xml, "/></devices></domain>");
      g_autoptr (GPtrArray) devices = list_devices (xml->str);
      const KvmmXmlDevice *device = g_ptr_array_index (devices, 0);

      g_assert_cmpuint (device->fields->len, ==, KVMM_XML_FIELDS_MAX + (excess > 0 ? 1 : 0));
      if (excess > 0)
        {
          const KvmmXmlDeviceField *last =
              g_ptr_array_index (device->fields, device->fields->len - 1);

          g_assert_cmpstr (last->value, ==, "2 more values");
        }
    }
}

static void
test_repeated_values_are_bounded (void)
{
  g_autofree char *xml = domain_with_many ("<domain><devices><gadget>", "<part size='0123456789'/>",
                                           50000, "</gadget></devices></domain>");
  g_autofree char *cpu =
      domain_with_many ("<domain><cpu>", "<feature name='vmx'/>", 5000, "</cpu></domain>");
  g_autoptr (GPtrArray) devices = list_devices (xml);
  g_autoptr (GPtrArray) sections = list_devices (cpu);
  const KvmmXmlDevice *device = g_ptr_array_index (devices, 0);
  const KvmmXmlDevice *section = g_ptr_array_index (sections, 0);
  const KvmmXmlDeviceField *field = g_ptr_array_index (device->fields, 0);
  const KvmmXmlDeviceField *features = g_ptr_array_index (section->fields, 0);

  g_assert_cmpuint (strlen (field->value), <, 20000);
  g_assert_true (g_str_has_suffix (features->value, "vmx, …"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/xml/device/lists-a-fat-machine", test_lists_a_fat_machine);
  g_test_add_func ("/xml/device/lists-an-old-pc", test_lists_an_old_pc);
  g_test_add_func ("/xml/device/lists-what-is-odd", test_lists_what_is_odd);
  g_test_add_func ("/xml/device/empty-machine-has-none", test_empty_machine_has_none);
  g_test_add_func ("/xml/device/refuses-what-is-no-domain", test_refuses_what_is_no_domain);
  g_test_add_func ("/xml/device/knows-every-kind-of-libvirt", test_knows_every_kind_of_libvirt);
  g_test_add_func ("/xml/device/leaves-nothing-out", test_leaves_nothing_out);
  g_test_add_func ("/xml/device/password-is-not-shown", test_password_is_not_shown);
  g_test_add_func ("/xml/device/device-xml-stands-alone", test_device_xml_stands_alone);
  g_test_add_func ("/xml/device/device-limit", test_device_limit);
  g_test_add_func ("/xml/device/field-limit", test_field_limit);
  g_test_add_func ("/xml/device/repeated-values-are-bounded", test_repeated_values_are_bounded);
  return g_test_run ();
}
