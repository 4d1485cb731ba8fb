/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <libxml/relaxng.h>
#include <string.h>

#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-edit.h"

/* NUMA cells of a machine, as the Hardware page edits them. */

static KvmmXmlEdit *
open_text (const char *xml)
{
  g_autoptr (GError) error = NULL;
  KvmmXmlEdit *edit = kvmm_xml_edit_open (xml, &error);

  g_assert_no_error (error);
  return edit;
}

static KvmmXmlEditList *
find_list (GPtrArray *lists, const char *title)
{
  for (guint i = 0; i < lists->len; i++)
    {
      KvmmXmlEditList *list = lists->pdata[i];

      if (g_str_equal (list->title, title))
        return list;
    }
  g_error ("there is no list “%s”", title);
}

/* "vmx=disable rtc=– " */
static char *
describe_list (const KvmmXmlEditList *list)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < list->fields->len; i++)
    {
      const KvmmXmlEditField *field = list->fields->pdata[i];

      g_string_append_printf (text, "%s=%s ", field->label,
                              field->value != NULL ? field->value : "–");
    }
  return g_string_free (text, FALSE);
}

static void
assert_list (KvmmXmlEdit *edit, const char *kind, const char *title, const char *expected)
{
  g_autoptr (GPtrArray) lists = kvmm_xml_edit_list_lists (edit, kind, 0);
  g_autofree char *text = describe_list (find_list (lists, title));

  g_assert_cmpstr (text, ==, expected);
}

static void
add_to_list (KvmmXmlEdit *edit, const char *kind, const char *title, const char *key)
{
  g_autoptr (GPtrArray) lists = kvmm_xml_edit_list_lists (edit, kind, 0);
  g_autoptr (GError) error = NULL;
  const char *usual = NULL;
  g_autoptr (KvmmXmlEditField) field =
      kvmm_xml_edit_list_new_field (find_list (lists, title), key, &usual, &error);

  g_assert_no_error (error);
  g_assert_null (field->value);
  kvmm_xml_edit_set (edit, kind, 0, field->path, usual, &error);
  g_assert_no_error (error);
}

#define SCHEMA "/usr/share/libvirt/schemas/domain.rng"

/* Against libvirt's schema, where this computer has it. */
static void
assert_valid (const char *xml)
{
  xmlRelaxNGParserCtxtPtr parser = NULL;
  xmlRelaxNGPtr schema = NULL;
  xmlRelaxNGValidCtxtPtr validator;
  xmlDoc *document;

  if (!g_file_test (SCHEMA, G_FILE_TEST_EXISTS))
    return;
  parser = xmlRelaxNGNewParserCtxt (SCHEMA);
  schema = xmlRelaxNGParse (parser);
  g_assert_nonnull (schema);
  validator = xmlRelaxNGNewValidCtxt (schema);
  document = xmlReadMemory (xml, (int) strlen (xml), "d.xml", NULL, XML_PARSE_NONET);
  g_assert_nonnull (document);
  g_assert_cmpint (xmlRelaxNGValidateDoc (validator, document), ==, 0);
  xmlFreeDoc (document);
  xmlRelaxNGFreeValidCtxt (validator);
  xmlRelaxNGFree (schema);
  xmlRelaxNGFreeParserCtxt (parser);
}

#define WITH_CELLS                                                                                 \
  "<domain type='qemu'><name>n</name><memory unit='KiB'>65536</memory><vcpu>4</vcpu>"              \
  "<os><type>hvm</type></os><cpu><numa><cell id='0' cpus='0-1' memory='32' unit='MiB'/>"           \
  "<cell id='1' cpus='2-3' memory='32768'/></numa></cpu></domain>"

static void
test_cells_are_read (void)
{
  g_autoptr (KvmmXmlEdit) edit = open_text (WITH_CELLS);

  assert_list (edit, "domain/cpu", "NUMA Cells",
               "Cell 0: Processors=0-1 Cell 0: Memory=32768 Cell 0: Memory access=– "
               "Cell 1: Processors=2-3 Cell 1: Memory=32768 Cell 1: Memory access=– "
               "Maximum memory of the machine=65536 ");
}

static void
test_a_cell_is_added_and_taken_away (void)
{
  static const char without[] =
      "<domain type='qemu'><name>n</name><memory unit='KiB'>65536</memory><vcpu>4</vcpu>"
      "<os><type>hvm</type></os></domain>";
  g_autoptr (KvmmXmlEdit) edit = open_text (without);
  g_autoptr (GPtrArray) lists = kvmm_xml_edit_list_lists (edit, "domain/cpu", 0);
  g_autoptr (GPtrArray) more =
      kvmm_xml_edit_list_more_fields (find_list (lists, "NUMA Cells"), "0");
  g_autoptr (GError) error = NULL;
  g_autofree char *before = kvmm_xml_edit_dup_xml (edit);
  g_autofree char *whole = NULL;
  g_autofree char *after = NULL;

  add_to_list (edit, "domain/cpu", "NUMA Cells", "0");
  g_assert_cmpuint (more->len, ==, 2);
  g_assert_false (kvmm_xml_edit_check (edit, &error));
  g_assert_nonnull (strstr (error->message, "has no memory"));
  g_clear_error (&error);
  kvmm_xml_edit_set (edit, "domain/cpu", 0, "cpu/numa/cell[@id='0']/@cpus", "0-3", &error);
  kvmm_xml_edit_set (edit, "domain/cpu", 0, ((KvmmXmlEditField *) more->pdata[0])->path, "65536",
                     &error);
  kvmm_xml_edit_set (edit, "domain/cpu", 0, ((KvmmXmlEditField *) more->pdata[1])->path, "shared",
                     &error);
  g_assert_no_error (error);
  g_assert_true (kvmm_xml_edit_check (edit, &error));
  whole = kvmm_xml_edit_dup_xml (edit);
  g_assert_nonnull (
      strstr (whole, "<cell id=\"0\" cpus=\"0-3\" memory=\"65536\" memAccess=\"shared\"/>"));
  assert_valid (whole);

  kvmm_xml_edit_set (edit, "domain/cpu", 0, "cpu/numa/cell[@id='0']/@cpus", NULL, &error);
  kvmm_xml_edit_set (edit, "domain/cpu", 0, "cpu/numa/cell[@id='0']/@memory", NULL, &error);
  kvmm_xml_edit_set (edit, "domain/cpu", 0, "cpu/numa/cell[@id='0']/@memAccess", NULL, &error);
  g_assert_no_error (error);
  after = kvmm_xml_edit_dup_xml (edit);
  g_assert_cmpstr (after, ==, before);
}

/* An amount keeps what it means when its unit is another. */
static void
test_a_cell_keeps_its_unit (void)
{
  g_autoptr (KvmmXmlEdit) edit = open_text (WITH_CELLS);
  g_autoptr (GError) error = NULL;
  g_autofree char *whole = NULL;

  kvmm_xml_edit_set (edit, "domain/cpu", 0, "cpu/numa/cell[@id='0']/@memory", "16384", &error);
  kvmm_xml_edit_set (edit, "domain/cpu", 0, "memory", "49152", &error);
  g_assert_no_error (error);
  g_assert_true (kvmm_xml_edit_check (edit, &error));
  whole = kvmm_xml_edit_dup_xml (edit);
  g_assert_nonnull (strstr (whole, "memory=\"16384\" unit=\"KiB\""));
  g_assert_nonnull (strstr (whole, "<memory unit=\"KiB\">49152</memory>"));
  assert_valid (whole);
}

static void
test_cells_that_do_not_fit_are_told (void)
{
  static const struct
  {
    const char *path;
    const char *value;
    const char *named;
  } rows[] = {
    { "cpu/numa/cell[@id='1']/@cpus", "1-3", "in the NUMA cells 0 and 1" },
    { "cpu/numa/cell[@id='1']/@cpus", "2", "processor 3 is in no NUMA cell" },
    { "cpu/numa/cell[@id='1']/@cpus", "2-3,^3", "processor 3 is in no NUMA cell" },
    { "cpu/numa/cell[@id='1']/@cpus", "2-4", "only those from 0 to 3" },
    { "cpu/numa/cell[@id='1']/@cpus", NULL, "processor 2 is in no NUMA cell" },
    { "cpu/numa/cell[@id='1']/@memory", NULL, "NUMA cell 1 has no memory" },
    { "cpu/numa/cell[@id='1']/@memory", "16384", "48 MiB together" },
    { "cpu/numa/cell[@id='3']/@memory", "1024", "no cell 2" },
    { "memory", "131072", "64 MiB together" },
    { "vcpu", "5", "processor 4 is in no NUMA cell" },
    { "vcpu", "3", "only those from 0 to 2" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (KvmmXmlEdit) edit = open_text (WITH_CELLS);
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", rows[i].named);
      g_assert_true (
          kvmm_xml_edit_set (edit, "domain/cpu", 0, rows[i].path, rows[i].value, &error));
      g_assert_false (kvmm_xml_edit_check (edit, &error));
      g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, rows[i].named));
    }
}

/* Somebody else's machine can be changed in another place. */
static void
test_cells_of_others_are_left_alone (void)
{
  g_autoptr (KvmmXmlEdit) edit = open_text (
      "<domain><name>n</name><memory>65536</memory><currentMemory>65536</currentMemory>"
      "<vcpu>4</vcpu><cpu><numa><cell id='7' cpus='junk,99999999999999999999-,^' memory='x'/>"
      "</numa></cpu></domain>");
  g_autoptr (GError) error = NULL;

  g_assert_true (kvmm_xml_edit_set (edit, "domain", 0, "title", "t", &error));
  g_assert_true (kvmm_xml_edit_check (edit, &error));
  g_assert_no_error (error);
  g_assert_true (
      kvmm_xml_edit_set (edit, "domain/cpu", 0, "cpu/numa/cell[@id='7']/@memory", "65536", &error));
  g_assert_false (kvmm_xml_edit_check (edit, &error));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add_func ("/xml/numa/" path, func)
  ADD ("cells-are-read", test_cells_are_read);
  ADD ("a-cell-is-added-and-taken-away", test_a_cell_is_added_and_taken_away);
  ADD ("a-cell-keeps-its-unit", test_a_cell_keeps_its_unit);
  ADD ("cells-that-do-not-fit-are-told", test_cells_that_do_not_fit_are_told);
  ADD ("cells-of-others-are-left-alone", test_cells_of_others_are_left_alone);
#undef ADD
  return g_test_run ();
}
