/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

#include "test-fixture.h"
#include "xml/kvmm-xml-compare.h"
#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-edit.h"

static KvmmXmlEdit *
open_text (const char *xml)
{
  g_autoptr (GError) error = NULL;
  KvmmXmlEdit *edit = kvmm_xml_edit_open (xml, &error);

  g_assert_no_error (error);
  return edit;
}

static KvmmXmlEdit *
open_fixture (const char *name)
{
  g_autofree char *xml = test_read_fixture (name);

  return open_text (xml);
}

/* ---- every fixture ---- */

static const char *const own_fixtures[] = { "fat-q35.xml", "pc.xml", "typical.xml", "markup.xml" };

typedef void (*FixtureFunc) (const char *name, const char *xml);

static void
for_each_fixture (FixtureFunc func)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "xml", "data", "foreign", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  guint n = 0;

  g_assert_nonnull (dir);
  for (guint i = 0; i < G_N_ELEMENTS (own_fixtures); i++)
    {
      g_autofree char *xml = test_read_fixture (own_fixtures[i]);

      func (own_fixtures[i], xml);
    }
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("foreign", name, NULL);
      g_autofree char *xml = test_read_fixture (path);

      func (name, xml);
      n++;
    }
  g_assert_cmpuint (n, >=, 13);
}

static void
check_round_trip (const char *name, const char *xml)
{
  g_autoptr (KvmmXmlEdit) edit = open_text (xml);
  g_autofree char *written = kvmm_xml_edit_dup_xml (edit);

  g_test_message ("%s", name);
  g_assert_true (kvmm_xml_same (xml, written));
  g_assert_false (kvmm_xml_edit_has_changes (edit));
}

static void
test_round_trip (void)
{
  for_each_fixture (check_round_trip);
}

/* ---- an edit changes what it names ---- */

/* One entry for each element, attribute and text, by where it stands. */
static void
flatten (GHashTable *set, const xmlNode *node, const char *where)
{
  g_autoptr (GHashTable) counts = g_hash_table_new (g_str_hash, g_str_equal);

  g_hash_table_add (set, g_strdup (where));
  for (const xmlAttr *attribute = node->properties; attribute != NULL; attribute = attribute->next)
    g_hash_table_add (set, g_strdup_printf ("%s/@%s=%s", where, attribute->name,
                                            attribute->children != NULL
                                                ? (const char *) attribute->children->content
                                                : ""));
  for (const xmlNode *child = node->children; child != NULL; child = child->next)
    if (child->type == XML_ELEMENT_NODE)
      {
        const char *name = (const char *) child->name;
        guint count = GPOINTER_TO_UINT (g_hash_table_lookup (counts, name)) + 1;
        g_autofree char *place = g_strdup_printf ("%s/%s[%u]", where, name, count);

        g_hash_table_insert (counts, (gpointer) name, GUINT_TO_POINTER (count));
        flatten (set, child, place);
      }
    else if (!xmlIsBlankNode (child))
      g_hash_table_add (set, g_strdup_printf ("%s=%s", where, child->content));
}

static GHashTable *
flatten_text (const char *xml)
{
  GHashTable *set = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  xmlDoc *document = xmlReadMemory (xml, (int) strlen (xml), NULL, NULL, XML_PARSE_NONET);

  g_assert_nonnull (document);
  flatten (set, xmlDocGetRootElement (document), "");
  xmlFreeDoc (document);
  return set;
}

/* The same document is asked for again for each of its fields. */
static GHashTable *
flatten_base (const char *xml)
{
  static char *known;
  static GHashTable *entries;

  if (g_strcmp0 (known, xml) != 0)
    {
      g_clear_pointer (&entries, g_hash_table_unref);
      g_free (known);
      known = g_strdup (xml);
      entries = flatten_text (xml);
    }
  return g_hash_table_ref (entries);
}

/* Whether @entry belongs to the field at @place, or is an element above it that came or went. */
static gboolean
is_of_field (const char *entry, const char *place)
{
  gsize length = strlen (place);

  if (strncmp (entry, place, length) == 0 &&
      (entry[length] == '\0' || strchr ("[=/", entry[length]) != NULL))
    return TRUE;
  length = strlen (entry);
  return strncmp (entry, place, length) == 0 && strchr ("[/", place[length]) != NULL;
}

/* "/devices[1]/disk[2]/driver[1]/@cache" */
static char *
place_of (const char *kind, guint index, const char *path)
{
  g_auto (GStrv) steps = g_strsplit (path, "/", -1);
  g_autoptr (GString) place = g_string_new (NULL);

  if (!g_str_has_prefix (kind, "domain"))
    g_string_append_printf (place, "/devices[1]/%s[%u]", kind, index + 1);
  for (guint i = 0; steps[i] != NULL; i++)
    if (*steps[i] == '@')
      g_string_append_printf (place, "/%s", steps[i]);
    else
      g_string_append_printf (place, "/%s[1]", steps[i]);
  return g_string_free (g_steal_pointer (&place), FALSE);
}

static void
assert_only (const char *before,
             const char *after,
             const char *kind,
             guint index,
             const KvmmXmlEditField *field)
{
  g_autoptr (GHashTable) old_set = flatten_base (before);
  g_autoptr (GHashTable) new_set = flatten_text (after);
  g_autofree char *place = place_of (kind, index, field->path);
  GHashTableIter iter;
  gpointer entry;

  g_hash_table_iter_init (&iter, old_set);
  while (g_hash_table_iter_next (&iter, &entry, NULL))
    if (!g_hash_table_contains (new_set, entry) && !is_of_field (entry, place))
      g_error ("%s %u %s: lost %s", kind, index, field->path, (char *) entry);
  g_hash_table_iter_init (&iter, new_set);
  while (g_hash_table_iter_next (&iter, &entry, NULL))
    if (!g_hash_table_contains (old_set, entry) && !is_of_field (entry, place))
      g_error ("%s %u %s: gained %s", kind, index, field->path, (char *) entry);
}

/* Something else that the field takes. */
static char *
another_value (const KvmmXmlEditField *field)
{
  switch (field->type)
    {
    case KVMM_XML_TYPE_TEXT:
    case KVMM_XML_TYPE_SECRET:
      return g_strdup ("some <text> & 'more'");
    case KVMM_XML_TYPE_LINES:
      return g_strdup ("one\n\ttwo <b>");
    case KVMM_XML_TYPE_TOKEN:
      return g_strdup ("token-1");
    case KVMM_XML_TYPE_CHOICE:
      return g_strdup (g_strcmp0 (field->words[0], field->value) != 0 ? field->words[0]
                                                                      : field->words[1]);
    case KVMM_XML_TYPE_NUMBER:
    case KVMM_XML_TYPE_SIZE:
      return g_strdup_printf ("%" G_GUINT64_FORMAT,
                              field->minimum + (g_strcmp0 (field->value, "1") == 0 ? 0 : 1));
    case KVMM_XML_TYPE_YES_NO:
    case KVMM_XML_TYPE_PRESENCE:
      return g_strdup (g_strcmp0 (field->value, "yes") == 0 ? "no" : "yes");
    case KVMM_XML_TYPE_ON_OFF:
    case KVMM_XML_TYPE_STATE:
      return g_strdup (g_strcmp0 (field->value, "on") == 0 ? "off" : "on");
    case KVMM_XML_TYPE_MAC:
      return g_strdup ("52:54:00:ab:cd:ef");
    case KVMM_XML_TYPE_PATH:
      return g_strdup ("/some/path");
    case KVMM_XML_TYPE_CPUS:
      return g_strdup ("0-3,^2");
    case KVMM_XML_TYPE_UUID:
      return g_strdup ("01234567-89ab-4cde-8f01-23456789abcd");
    case KVMM_XML_TYPE_FIXED:
      break;
    }
  g_assert_not_reached ();
}

/* Whether one of the elements on the way has a second one beside it, which takes its place. */
static gboolean
has_siblings (const char *xml, const char *kind, guint index, const char *path)
{
  g_autoptr (GHashTable) entries = flatten_base (xml);
  g_autofree char *place = place_of (kind, index, path);
  const char *inside =
      g_str_has_prefix (kind, "domain") ? place : strchr (place + strlen ("/devices[1]"), ']');

  for (char *end = strstr (inside, "[1]"); end != NULL; end = strstr (end + 3, "[1]"))
    {
      g_autofree char *second = g_strndup (place, (gsize) (end - place) + 3);

      second[strlen (second) - 2] = '2';
      if (g_hash_table_contains (entries, second))
        return TRUE;
    }
  return FALSE;
}

static guint n_fields_tried;

static void
try_field (const char *xml, const char *kind, guint index, const KvmmXmlEditField *field)
{
  g_autoptr (KvmmXmlEdit) edit = open_text (xml);
  g_autoptr (GError) error = NULL;
  g_autofree char *value = another_value (field);
  g_autofree char *read = NULL;
  g_autofree char *after = NULL;
  g_autofree char *without = NULL;
  g_autofree char *gone = NULL;

  kvmm_xml_edit_set (edit, kind, index, field->path, value, &error);
  g_assert_no_error (error);
  read = kvmm_xml_edit_get (edit, kind, index, field->path);
  if (field->type == KVMM_XML_TYPE_PRESENCE && g_str_equal (value, "no"))
    g_assert_null (read);
  else
    g_assert_cmpstr (read, ==, value);
  after = kvmm_xml_edit_dup_xml (edit);
  assert_only (xml, after, kind, index, field);

  kvmm_xml_edit_set (edit, kind, index, field->path, NULL, &error);
  g_assert_no_error (error);
  without = kvmm_xml_edit_dup_xml (edit);
  if (!has_siblings (xml, kind, index, field->path))
    assert_only (xml, without, kind, index, field);
  gone = kvmm_xml_edit_get (edit, kind, index, field->path);
  /* The next one of the same name stands first then. */
  if (strchr (field->path, '/') == NULL && *field->path == '@')
    g_assert_null (gone);
  /* A field that was not there leaves nothing behind. */
  if (field->value == NULL && !kvmm_xml_same (xml, without))
    g_error ("%s %u %s: left something behind", kind, index, field->path);
  n_fields_tried++;
}

static void
try_part (const char *xml, KvmmXmlEdit *edit, const char *kind, guint index)
{
  g_autoptr (GPtrArray) fields = kvmm_xml_edit_list_fields (edit, kind, index);

  for (guint i = 0; i < fields->len; i++)
    {
      const KvmmXmlEditField *field = fields->pdata[i];
      g_autofree char *value = kvmm_xml_edit_get (edit, kind, index, field->path);

      g_assert_cmpstr (value, ==, field->value);
      try_field (xml, kind, index, field);
    }
}

static void
try_all_fields (const char *name, const char *xml)
{
  static const char *const sections[] = { "domain",          "domain/cpu",      "domain/memory",
                                          "domain/os",       "domain/features", "domain/clock",
                                          "domain/lifecycle" };
  static const char *const kinds[] = {
    "disk",     "interface", "controller", "filesystem", "hostdev",    "serial",
    "parallel", "console",   "channel",    "input",      "tpm",        "graphics",
    "sound",    "audio",     "video",      "watchdog",   "memballoon", "rng",
    "memory",   "iommu",     "vsock",      "shmem",      "redirdev",   "panic",
    "hub",      "lease",     "nvram",      "crypto",     "smartcard",  "redirfilter",
  };
  g_autoptr (KvmmXmlEdit) edit = open_text (xml);

  g_test_message ("%s", name);
  for (guint i = 0; i < G_N_ELEMENTS (sections); i++)
    try_part (xml, edit, sections[i], 0);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    for (guint j = 0; j < kvmm_xml_edit_count (edit, kinds[i]) && j < 3; j++)
      try_part (xml, edit, kinds[i], j);
}

static void
test_each_field_alone (void)
{
  for_each_fixture (try_all_fields);
  g_test_message ("%u fields", n_fields_tried);
  g_assert_cmpuint (n_fields_tried, >, 2000);
}

/* ---- values ---- */

static void
assert_refused (KvmmXmlEdit *edit,
                const char *kind,
                guint index,
                const char *path,
                const char *value,
                KvmmXmlError code,
                const char *word)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *before = kvmm_xml_edit_dup_xml (edit);
  g_autofree char *after = NULL;

  g_assert_false (kvmm_xml_edit_set (edit, kind, index, path, value, &error));
  g_assert_error (error, KVMM_XML_ERROR, (int) code);
  if (strstr (error->message, word) == NULL)
    g_error ("“%s” does not say “%s”", error->message, word);
  after = kvmm_xml_edit_dup_xml (edit);
  g_assert_cmpstr (before, ==, after);
}

static void
test_a_refusal_names_field_and_cure (void)
{
  g_autoptr (KvmmXmlEdit) edit = open_fixture ("fat-q35.xml");
  g_autofree char *long_text = g_strnfill (70000, 'x');

  assert_refused (edit, "disk", 99, "serial", "x", KVMM_XML_ERROR_NO_SUCH_DEVICE, "99");
  assert_refused (edit, "nothing", 0, "serial", "x", KVMM_XML_ERROR_NO_SUCH_DEVICE, "nothing");
  assert_refused (edit, "domain/cpu", 1, "vcpu", "2", KVMM_XML_ERROR_NO_SUCH_DEVICE, "1");
  assert_refused (edit, "disk", 0, "no/such/@thing", "x", KVMM_XML_ERROR_NO_SUCH_FIELD, "no/such");
  assert_refused (edit, "disk", 0, "", "x", KVMM_XML_ERROR_NO_SUCH_FIELD, "field");
  assert_refused (edit, "disk", 0, "driver[@x='", "x", KVMM_XML_ERROR_NO_SUCH_FIELD, "driver");
  assert_refused (edit, "disk", 0, "driver/@cache/x", "x", KVMM_XML_ERROR_NO_SUCH_FIELD, "driver");
  assert_refused (edit, "disk", 0, "driver/@cache", "fast", KVMM_XML_ERROR_INVALID_VALUE,
                  "writeback");
  assert_refused (edit, "disk", 0, "target/@dev", "v da", KVMM_XML_ERROR_INVALID_VALUE, "blanks");
  assert_refused (edit, "disk", 0, "source/@file", "a.img", KVMM_XML_ERROR_INVALID_VALUE, "/");
  assert_refused (edit, "disk", 0, "serial", "", KVMM_XML_ERROR_INVALID_VALUE, "text");
  assert_refused (edit, "disk", 0, "vendor", "a\nb", KVMM_XML_ERROR_INVALID_VALUE, "one line");
  assert_refused (edit, "disk", 0, "vendor", "a\x01", KVMM_XML_ERROR_INVALID_VALUE, "one line");
  assert_refused (edit, "disk", 0, "vendor", "\xff", KVMM_XML_ERROR_INVALID_VALUE, "UTF-8");
  assert_refused (edit, "disk", 0, "vendor", long_text, KVMM_XML_ERROR_INVALID_VALUE, "65536");
  assert_refused (edit, "disk", 0, "boot/@order", "0", KVMM_XML_ERROR_INVALID_VALUE, "from 1");
  assert_refused (edit, "disk", 0, "driver/@queues", "-1", KVMM_XML_ERROR_INVALID_VALUE, "65535");
  assert_refused (edit, "interface", 0, "mac/@address", "52:54:0", KVMM_XML_ERROR_INVALID_VALUE,
                  "52:54:00:12:34:56");
  assert_refused (edit, "interface", 0, "mac/@address", "53:54:00:00:00:01",
                  KVMM_XML_ERROR_INVALID_VALUE, "even");
  assert_refused (edit, "domain/cpu", 0, "vcpu/@cpuset", "0-", KVMM_XML_ERROR_INVALID_VALUE, "0-3");
  assert_refused (edit, "domain/cpu", 0, "vcpu/@cpuset", "3-1", KVMM_XML_ERROR_INVALID_VALUE,
                  "0-3");
  assert_refused (edit, "domain/cpu", 0, "vcpu", "0", KVMM_XML_ERROR_INVALID_VALUE,
                  "Maximum processors");
  assert_refused (edit, "domain", 0, "name", "other", KVMM_XML_ERROR_NO_SUCH_FIELD, "Name");
  assert_refused (edit, "disk", 0, "address", "x", KVMM_XML_ERROR_NO_SUCH_FIELD, "Address");
}

static void
set (KvmmXmlEdit *edit, const char *kind, guint index, const char *path, const char *value)
{
  g_autoptr (GError) error = NULL;

  kvmm_xml_edit_set (edit, kind, index, path, value, &error);
  g_assert_no_error (error);
}

static void
assert_value (
    KvmmXmlEdit *edit, const char *kind, guint index, const char *path, const char *expected)
{
  g_autofree char *value = kvmm_xml_edit_get (edit, kind, index, path);

  g_assert_cmpstr (value, ==, expected);
}

static void
test_one_of_several (void)
{
  g_autoptr (KvmmXmlEdit) edit = open_fixture ("fat-q35.xml");
  g_autofree char *xml = NULL;

  assert_value (edit, "domain/cpu", 0, "cputune/vcpupin[@vcpu='1']/@cpuset", "3");
  set (edit, "domain/cpu", 0, "cputune/vcpupin[@vcpu='1']/@cpuset", "5-7");
  set (edit, "domain/cpu", 0, "cputune/vcpupin[@vcpu='2']/@cpuset", "1");
  assert_value (edit, "domain/cpu", 0, "cputune/vcpupin[@vcpu='0']/@cpuset", "2");
  assert_value (edit, "domain/cpu", 0, "cputune/vcpupin[3]/@cpuset", "1");
  set (edit, "domain/cpu", 0, "cputune/vcpupin[@vcpu='1']/@cpuset", NULL);
  xml = kvmm_xml_edit_dup_xml (edit);
  g_assert_nonnull (strstr (xml, "\n    <vcpupin vcpu=\"2\" cpuset=\"1\"/>\n"));
  assert_refused (edit, "domain/cpu", 0, "cputune/vcpupin[9]/@cpuset", "1",
                  KVMM_XML_ERROR_NO_SUCH_FIELD, "Host processors");
}

/* ---- lists ---- */

#define WITH_LISTS                                                                                 \
  "<domain><name>n</name><vcpu>3</vcpu><iothreads>1</iothreads>"                                   \
  "<cputune><vcpupin vcpu='1' cpuset='4-5'/></cputune>"                                            \
  "<os><type>hvm</type></os><cpu mode='host-model'><feature policy='disable' name='vmx'/>"         \
  "<feature policy='require' name='it&apos;s'/></cpu>"                                             \
  "<clock offset='utc'><timer name='rtc' tickpolicy='catchup'/></clock>"                           \
  "<devices><interface type='user'/></devices></domain>"

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

static void
test_lists_are_read (void)
{
  g_autoptr (KvmmXmlEdit) edit = open_text (WITH_LISTS);
  g_autoptr (GPtrArray) none = kvmm_xml_edit_list_lists (edit, "domain/memory", 0);
  g_autoptr (GPtrArray) missing = kvmm_xml_edit_list_lists (edit, "interface", 1);

  /* A name that no path can hold is left to the XML. */
  assert_list (edit, "domain/cpu", "CPU Features", "vmx=disable ");
  assert_list (edit, "domain/cpu", "Processors Pinned to the Host’s",
               "Number 0=– Number 1=4-5 Number 2=– ");
  assert_list (edit, "domain/cpu", "I/O Threads Pinned to Processors of the Host", "Number 1=– ");
  assert_list (edit, "domain/clock", "Timers", "rtc=– ");
  assert_list (edit, "interface", "VLANs", "");
  g_assert_cmpuint (none->len, ==, 0);
  g_assert_cmpuint (missing->len, ==, 0);
}

static void
test_lists_grow_and_shrink (void)
{
  g_autoptr (KvmmXmlEdit) edit = open_text (WITH_LISTS);
  g_autoptr (GError) error = NULL;
  g_autofree char *before = kvmm_xml_edit_dup_xml (edit);
  g_autofree char *between = NULL;
  g_autofree char *after = NULL;

  add_to_list (edit, "domain/cpu", "CPU Features", "svm");
  add_to_list (edit, "domain/os", "Firmware Features", "secure-boot");
  add_to_list (edit, "interface", "VLANs", "42");
  add_to_list (edit, "interface", "VLANs", "4095");
  g_assert_true (kvmm_xml_edit_set (edit, "domain/cpu", 0, "cputune/vcpupin[@vcpu='2']/@cpuset",
                                    "0,^1", &error));
  assert_list (edit, "domain/cpu", "CPU Features", "vmx=disable svm=require ");
  assert_list (edit, "interface", "VLANs", "42=42 4095=4095 ");
  between = kvmm_xml_edit_dup_xml (edit);
  g_assert_nonnull (strstr (between, "<vlan><tag id=\"42\"/><tag id=\"4095\"/></vlan>"));
  g_assert_nonnull (strstr (between, "<vcpupin vcpu=\"2\" cpuset=\"0,^1\"/>"));
  g_assert_nonnull (strstr (between, "<feature name=\"secure-boot\" enabled=\"yes\"/>"));

  /* Each goes with its element, and with what only held it. */
  kvmm_xml_edit_set (edit, "domain/cpu", 0, "cpu/feature[@name='svm']/@policy", NULL, &error);
  kvmm_xml_edit_set (edit, "domain/os", 0, "os/firmware/feature[@name='secure-boot']/@enabled",
                     NULL, &error);
  kvmm_xml_edit_set (edit, "interface", 0, "vlan/tag[@id='42']/@id", NULL, &error);
  kvmm_xml_edit_set (edit, "interface", 0, "vlan/tag[@id='4095']/@id", NULL, &error);
  kvmm_xml_edit_set (edit, "domain/cpu", 0, "cputune/vcpupin[@vcpu='2']/@cpuset", NULL, &error);
  g_assert_no_error (error);
  after = kvmm_xml_edit_dup_xml (edit);
  g_assert_cmpstr (after, ==, before);
}

static void
test_what_a_list_does_not_take (void)
{
  static const char *const bad_names[] = { "", " ", "a b", "a'b", "a\"]", "<a>", "ä", "vmx" };
  static const char *const bad_numbers[] = { "", "-1", "0x2", "one", "1 ", "1.5" };
  g_autoptr (KvmmXmlEdit) edit = open_text (WITH_LISTS);
  g_autoptr (GPtrArray) lists = kvmm_xml_edit_list_lists (edit, "domain/cpu", 0);
  g_autoptr (GPtrArray) vlans = kvmm_xml_edit_list_lists (edit, "interface", 0);
  g_autofree char *longest = g_strnfill (64, 'x');
  g_autofree char *too_long = g_strnfill (65, 'x');
  g_autoptr (KvmmXmlEditField) field = NULL;
  g_autoptr (GError) error = NULL;
  const char *usual;

  for (guint i = 0; i < G_N_ELEMENTS (bad_names); i++)
    {
      g_assert_null (kvmm_xml_edit_list_new_field (find_list (lists, "CPU Features"), bad_names[i],
                                                   &usual, &error));
      g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE);
      g_clear_error (&error);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad_numbers); i++)
    g_assert_null (
        kvmm_xml_edit_list_new_field (find_list (vlans, "VLANs"), bad_numbers[i], &usual, NULL));
  g_assert_null (
      kvmm_xml_edit_list_new_field (find_list (lists, "CPU Features"), too_long, &usual, NULL));
  field = kvmm_xml_edit_list_new_field (find_list (lists, "CPU Features"), longest, &usual, &error);
  g_assert_no_error (error);

  /* The value is checked as each field's is. */
  g_assert_false (
      kvmm_xml_edit_set (edit, "interface", 0, "vlan/tag[@id='1']/@id", "4096", &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE);
  g_clear_error (&error);
  g_assert_false (kvmm_xml_edit_set (edit, "domain/cpu", 0, "cpu/feature[@name='svm']/@policy",
                                     "perhaps", &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE);
  g_assert_false (kvmm_xml_edit_has_changes (edit));
}

static void
test_lists_have_a_limit (void)
{
  g_autoptr (GString) xml = g_string_new ("<domain><name>n</name><vcpu>65535</vcpu><cpu>");
  g_autoptr (KvmmXmlEdit) edit = NULL;
  g_autoptr (GPtrArray) lists = NULL;

  for (guint i = 0; i < KVMM_XML_EDIT_ENTRIES_MAX + 1; i++)
    g_string_append_printf (xml, "<feature name='f%u' policy='require'/>", i);
  g_string_append (xml, "</cpu></domain>");
  edit = open_text (xml->str);
  lists = kvmm_xml_edit_list_lists (edit, "domain/cpu", 0);
  g_assert_cmpuint (find_list (lists, "CPU Features")->fields->len, ==, KVMM_XML_EDIT_ENTRIES_MAX);
  g_assert_cmpuint (find_list (lists, "Processors Pinned to the Host’s")->fields->len, ==,
                    KVMM_XML_EDIT_ENTRIES_MAX);
}

static void
test_the_layout_stays (void)
{
  static const char before[] = "<domain type='kvm'>\n  <name>a</name>\n  <memory>1024</memory>\n"
                               "  <devices>\n    <disk type='file'>\n"
                               "      <target dev='vda'/>\n    </disk>\n  </devices>\n</domain>\n";
  g_autoptr (KvmmXmlEdit) edit = open_text (before);
  g_autofree char *xml = NULL;
  g_autofree char *again = NULL;

  set (edit, "disk", 0, "iotune/read_bytes_sec", "1000");
  set (edit, "domain", 0, "title", "A & B");
  xml = kvmm_xml_edit_dup_xml (edit);
  g_assert_nonnull (strstr (xml, "      <target dev=\"vda\"/>\n      <iotune>\n"
                                 "        <read_bytes_sec>1000</read_bytes_sec>\n      </iotune>\n"
                                 "    </disk>\n"));
  g_assert_nonnull (strstr (xml, "</memory>\n  <title>A &amp; B</title>\n  <devices>\n"));
  set (edit, "disk", 0, "iotune/read_bytes_sec", NULL);
  set (edit, "domain", 0, "title", NULL);
  again = kvmm_xml_edit_dup_xml (edit);
  g_assert_nonnull (strstr (again, "    <disk type=\"file\">\n      <target dev=\"vda\"/>\n"
                                   "    </disk>\n  </devices>\n</domain>"));
  g_assert_false (kvmm_xml_edit_has_changes (edit));
}

/* ---- devices ---- */

static void
test_devices_come_and_go (void)
{
  g_autoptr (KvmmXmlEdit) edit = open_fixture ("fat-q35.xml");
  g_autoptr (GError) error = NULL;
  guint n_disks = kvmm_xml_edit_count (edit, "disk");
  const char *kind = NULL;
  guint index = 0;
  g_autofree char *device = NULL;

  kvmm_xml_edit_add_device (edit,
                            "<disk type='file' device='disk'><source file='/n.img'/><target "
                            "dev='vdz' bus='virtio'/></disk>",
                            &index, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (index, ==, n_disks);
  assert_value (edit, "disk", index, "source/@file", "/n.img");
  g_assert_true (kvmm_xml_edit_find (edit, "<disk><target dev='vdz'/></disk>", &kind, &index));
  g_assert_cmpstr (kind, ==, "disk");
  g_assert_cmpuint (index, ==, n_disks);

  kvmm_xml_edit_replace_device (
      edit, "disk", index, "<disk type='file'><source file='/m.img'/><target dev='vdz'/></disk>",
      &error);
  g_assert_no_error (error);
  device = kvmm_xml_edit_dup_device (edit, "disk", index);
  g_assert_nonnull (strstr (device, "/m.img"));
  g_assert_null (strstr (device, "virtio"));

  kvmm_xml_edit_remove_device (edit, "disk", index, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (kvmm_xml_edit_count (edit, "disk"), ==, n_disks);
  g_assert_false (kvmm_xml_edit_has_changes (edit));
  g_assert_false (kvmm_xml_edit_find (edit, "<disk><target dev='vdz'/></disk>", &kind, &index));

  g_assert_false (kvmm_xml_edit_remove_device (edit, "disk", 1000, &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_NO_SUCH_DEVICE);
  g_clear_error (&error);
  g_assert_false (kvmm_xml_edit_replace_device (edit, "disk", 0, "<interface/>", &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_UNEXPECTED);
  g_clear_error (&error);
  g_assert_false (kvmm_xml_edit_add_device (edit, "<disk", NULL, &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_MALFORMED);
}

static void
test_a_domain_without_devices_gets_some (void)
{
  g_autoptr (KvmmXmlEdit) edit = open_text ("<domain><name>a</name></domain>");
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = NULL;

  kvmm_xml_edit_add_device (edit, "<input type='tablet' bus='usb'/>", NULL, &error);
  g_assert_no_error (error);
  xml = kvmm_xml_edit_dup_xml (edit);
  g_assert_nonnull (
      strstr (xml, "<devices><input type=\"tablet\" bus=\"usb\"/></devices></domain>"));
}

static void
test_boot_order (void)
{
  static const KvmmXmlBootItem items[] = { { "interface", 0 }, { "disk", 2 } };
  static const KvmmXmlBootItem twice[] = { { "disk", 1 }, { "disk", 1 } };
  static const KvmmXmlBootItem wrong[] = { { "input", 0 } };
  g_autoptr (KvmmXmlEdit) edit = open_fixture ("fat-q35.xml");
  g_autoptr (GError) error = NULL;

  kvmm_xml_edit_set_boot_order (edit, items, G_N_ELEMENTS (items), &error);
  g_assert_no_error (error);
  assert_value (edit, "interface", 0, "boot/@order", "1");
  assert_value (edit, "disk", 2, "boot/@order", "2");
  assert_value (edit, "disk", 0, "boot/@order", NULL);
  assert_value (edit, "domain/os", 0, "os/boot/@dev", NULL);
  kvmm_xml_edit_check (edit, &error);
  g_assert_no_error (error);

  g_assert_false (kvmm_xml_edit_set_boot_order (edit, twice, 2, &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE);
  g_clear_error (&error);
  g_assert_false (kvmm_xml_edit_set_boot_order (edit, wrong, 1, &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_NO_SUCH_DEVICE);
}

/* ---- what fits together ---- */

static void
assert_check (const char *inside, const char *word)
{
  g_autofree char *xml = g_strdup_printf ("<domain><name>a</name>%s</domain>", inside);
  g_autoptr (KvmmXmlEdit) edit = open_text (xml);
  g_autoptr (GError) error = NULL;

  if (word == NULL)
    {
      kvmm_xml_edit_check (edit, &error);
      g_assert_no_error (error);
      return;
    }
  g_assert_false (kvmm_xml_edit_check (edit, &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE);
  if (strstr (error->message, word) == NULL)
    g_error ("“%s” does not say “%s”", error->message, word);
}

static void
test_what_does_not_fit_together (void)
{
  assert_check ("<memory unit='MiB'>64</memory><currentMemory>65536</currentMemory><vcpu>4</vcpu>",
                NULL);
  assert_check ("<memory>1024</memory><currentMemory>2048</currentMemory>", "raise the maximum");
  assert_check ("<maxMemory slots='1'>1024</maxMemory><memory>2048</memory>", "hot-plug");
  assert_check ("<vcpu current='8'>4</vcpu>", "Maximum processors");
  assert_check ("<vcpu>4</vcpu><cpu><topology sockets='1' cores='2' threads='1'/></cpu>",
                "remove the topology");
  assert_check ("<vcpu>4</vcpu><cpu><topology sockets='1' cores='2' threads='2'/></cpu>", NULL);
  assert_check (
      "<vcpu>4</vcpu><cpu><topology sockets='65535' cores='65535' threads='65535'/></cpu>",
      "remove the topology");
  assert_check (
      "<devices><disk><target dev='vda'/></disk><disk><target dev='vda'/></disk></devices>",
      "disk vda");
  assert_check ("<devices><controller type='usb' index='0'/><controller type='usb' index='0' "
                "model='x'/></devices>",
                "controller usb 0");
  assert_check ("<os><boot dev='hd'/></os><devices><disk><boot order='1'/></disk></devices>",
                "exclude");
  assert_check ("<devices><disk><target dev='a'/><boot order='1'/></disk><interface><boot "
                "order='1'/></interface></devices>",
                "Boot order");
}

/* ---- somebody else changed it too ---- */

static void
test_both_changes_go_together (void)
{
  g_autoptr (KvmmXmlEdit) mine = open_fixture ("fat-q35.xml");
  g_autoptr (KvmmXmlEdit) theirs = open_fixture ("fat-q35.xml");
  g_autoptr (KvmmXmlEdit) both = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *their_xml = NULL;

  set (mine, "disk", 1, "driver/@cache", "writeback");
  set (mine, "domain", 0, "title", "mine");
  kvmm_xml_edit_remove_device (mine, "input", 0, &error);
  g_assert_no_error (error);
  kvmm_xml_edit_add_device (mine, "<disk><target dev='vdy'/></disk>", NULL, &error);
  g_assert_no_error (error);

  /* The numbers of mine are not those of theirs. */
  kvmm_xml_edit_remove_device (theirs, "disk", 0, &error);
  g_assert_no_error (error);
  set (theirs, "domain", 0, "description", "theirs");
  their_xml = kvmm_xml_edit_dup_xml (theirs);

  both = kvmm_xml_edit_replay (mine, their_xml, &error);
  g_assert_no_error (error);
  assert_value (both, "domain", 0, "title", "mine");
  assert_value (both, "domain", 0, "description", "theirs");
  assert_value (both, "disk", 0, "driver/@cache", "writeback");
  g_assert_cmpuint (kvmm_xml_edit_count (both, "disk"), ==,
                    kvmm_xml_edit_count (theirs, "disk") + 1);
  g_assert_cmpuint (kvmm_xml_edit_count (both, "input"), ==,
                    kvmm_xml_edit_count (theirs, "input") - 1);
}

static void
assert_conflict (KvmmXmlEdit *mine, KvmmXmlEdit *theirs, const char *word)
{
  g_autofree char *xml = kvmm_xml_edit_dup_xml (theirs);
  g_autoptr (GError) error = NULL;

  g_assert_null (kvmm_xml_edit_replay (mine, xml, &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_CONFLICT);
  if (strstr (error->message, word) == NULL)
    g_error ("“%s” does not say “%s”", error->message, word);
}

static void
test_a_conflict_is_named (void)
{
  g_autoptr (KvmmXmlEdit) mine = open_fixture ("fat-q35.xml");
  g_autoptr (KvmmXmlEdit) same = open_fixture ("fat-q35.xml");
  g_autoptr (KvmmXmlEdit) theirs = open_fixture ("fat-q35.xml");
  g_autoptr (KvmmXmlEdit) removed = open_fixture ("fat-q35.xml");
  g_autoptr (KvmmXmlEdit) whole = open_fixture ("fat-q35.xml");
  g_autoptr (KvmmXmlEdit) both = NULL;
  g_autofree char *xml = NULL;

  set (mine, "disk", 1, "driver/@cache", "writeback");
  set (theirs, "disk", 1, "driver/@cache", "none");
  assert_conflict (mine, theirs, "disk sda driver/@cache");
  g_assert_true (kvmm_xml_edit_remove_device (removed, "disk", 1, NULL));
  assert_conflict (mine, removed, "disk sda");
  assert_conflict (removed, theirs, "disk sda");

  /* A document written as a whole knows no single edits. */
  xml = kvmm_xml_edit_dup_xml (mine);
  g_assert_true (kvmm_xml_edit_replace_all (whole, xml, NULL));
  assert_conflict (whole, theirs, "definition");

  /* Both wanted the same. */
  set (same, "disk", 1, "driver/@cache", "writeback");
  both = kvmm_xml_edit_replay (mine, xml, NULL);
  g_assert_nonnull (both);
}

static void
test_a_whole_document_keeps_its_name (void)
{
  g_autoptr (KvmmXmlEdit) edit = open_text ("<domain><name>a</name><uuid>u</uuid></domain>");
  g_autoptr (GError) error = NULL;

  g_assert_true (kvmm_xml_edit_replace_all (
      edit, "<domain><name>a</name><uuid>u</uuid><title>t</title></domain>", &error));
  g_assert_true (kvmm_xml_edit_has_changes (edit));
  g_assert_false (
      kvmm_xml_edit_replace_all (edit, "<domain><name>b</name><uuid>u</uuid></domain>", &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE);
  g_clear_error (&error);
  g_assert_false (kvmm_xml_edit_replace_all (edit, "<network/>", &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_UNEXPECTED);
}

/* Only the place goes, and the edit can be made again on what somebody else left. */
static void
test_drops_an_address (void)
{
  static const char before[] =
      "<domain><name>a</name><devices><disk device='disk'><target dev='vda' bus='virtio'/>"
      "<address type='pci' slot='0x07'/></disk><disk device='disk'><target dev='vdb'/>"
      "<address type='pci' slot='0x08'/></disk></devices></domain>";
  g_autoptr (KvmmXmlEdit) edit = open_text (before);
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmXmlEdit) again = NULL;
  g_autofree char *xml = NULL;

  g_assert_true (kvmm_xml_edit_set (edit, "disk", 0, "target/@bus", "sata", &error));
  g_assert_true (kvmm_xml_edit_drop_address (edit, "disk", 0, &error));
  g_assert_true (kvmm_xml_edit_drop_address (edit, "disk", 0, &error));
  again = kvmm_xml_edit_replay (edit, before, &error);
  g_assert_no_error (error);
  xml = kvmm_xml_edit_dup_xml (again);
  g_assert_null (strstr (xml, "0x07"));
  g_assert_nonnull (strstr (xml, "0x08"));
  g_assert_nonnull (strstr (xml, "sata"));
  g_assert_false (kvmm_xml_edit_drop_address (edit, "disk", 2, &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_NO_SUCH_DEVICE);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add_func ("/xml/edit/" path, func)
  ADD ("drops-an-address", test_drops_an_address);
  ADD ("round-trip", test_round_trip);
  ADD ("each-field-alone", test_each_field_alone);
  ADD ("a-refusal-names-field-and-cure", test_a_refusal_names_field_and_cure);
  ADD ("one-of-several", test_one_of_several);
  ADD ("lists-are-read", test_lists_are_read);
  ADD ("lists-grow-and-shrink", test_lists_grow_and_shrink);
  ADD ("what-a-list-does-not-take", test_what_a_list_does_not_take);
  ADD ("lists-have-a-limit", test_lists_have_a_limit);
  ADD ("the-layout-stays", test_the_layout_stays);
  ADD ("devices-come-and-go", test_devices_come_and_go);
  ADD ("a-domain-without-devices-gets-some", test_a_domain_without_devices_gets_some);
  ADD ("boot-order", test_boot_order);
  ADD ("what-does-not-fit-together", test_what_does_not_fit_together);
  ADD ("both-changes-go-together", test_both_changes_go_together);
  ADD ("a-conflict-is-named", test_a_conflict_is_named);
  ADD ("a-whole-document-keeps-its-name", test_a_whole_document_keeps_its_name);
#undef ADD
  return g_test_run ();
}
