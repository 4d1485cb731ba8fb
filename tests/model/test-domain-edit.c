/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gstdio.h>

#include "model/kvmm-definition-files.h"
#include "model/kvmm-domain-delete.h"
#include "model/kvmm-domain-edit.h"
#include "test-model.h"
#include "xml/kvmm-xml-domain.h"

#define URI "test:///default"
#define UUID "f0000000-0000-4000-8000-000000000001"
#define XML                                                                                        \
  "<domain type='test'><name>edited</name><uuid>" UUID "</uuid><memory unit='KiB'>65536</memory>"  \
  "<currentMemory unit='KiB'>65536</currentMemory><vcpu>4</vcpu>"                                  \
  "<os><type arch='x86_64'>hvm</type></os><metadata><o:x xmlns:o='urn:other'/></metadata>"         \
  "<devices><disk type='file' device='disk'><source file='/no/pool/a.img'/>"                       \
  "<target dev='vda' bus='virtio'/></disk>"                                                        \
  "<graphics type='vnc' port='-1' passwd='sesame'/></devices></domain>"

typedef struct
{
  KvmmSettings *settings;
  KvmmConnection *connection;
  KvmmDomain *domain; /* (owned) */
} Fixture;

static KvmmDomain *
find (Fixture *fixture)
{
  TEST_RUN_UNTIL (kvmm_connection_find (fixture->connection, "edited") != NULL);
  return kvmm_connection_find (fixture->connection, "edited");
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->settings = test_settings_new ();
  fixture->connection = test_connected (URI, fixture->settings);
  test_other_client (URI, test_client_define, XML);
  fixture->domain = g_object_ref (find (fixture));
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  if (kvmm_domain_get_is_active (fixture->domain))
    test_other_client (URI, test_client_destroy, "edited");
  if (kvmm_connection_find (fixture->connection, "edited") != NULL)
    test_other_client (URI, test_client_undefine, "edited");
  test_drop (fixture->connection);
  test_drop_object (fixture->domain);
  g_clear_object (&fixture->settings);
}

/* ---- calls to their end ---- */

static KvmmXmlEdit *
begin (Fixture *fixture)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  KvmmXmlEdit *edit;

  kvmm_domain_begin_edit_async (fixture->domain, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  edit = kvmm_domain_begin_edit_finish (fixture->domain, result, &error);
  g_assert_no_error (error);
  return edit;
}

static KvmmDomainApplied *
apply (Fixture *fixture, KvmmXmlEdit *edit, KvmmDomainEditFlags flags, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  kvmm_domain_apply_edit_async (fixture->domain, edit, flags, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  return kvmm_domain_apply_edit_finish (fixture->domain, result, error);
}

static void
set (KvmmXmlEdit *edit, const char *kind, const char *path, const char *value)
{
  g_autoptr (GError) error = NULL;

  kvmm_xml_edit_set (edit, kind, 0, path, value, &error);
  g_assert_no_error (error);
}

static void
assert_stored (Fixture *fixture, const char *kind, const char *path, const char *expected)
{
  g_autoptr (KvmmXmlEdit) edit = begin (fixture);
  g_autofree char *value = kvmm_xml_edit_get (edit, kind, 0, path);

  g_assert_cmpstr (value, ==, expected);
}

static GPtrArray *
list_versions (Fixture *fixture)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GPtrArray *list;

  kvmm_domain_list_versions_async (fixture->domain, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  list = kvmm_domain_list_versions_finish (fixture->domain, result, &error);
  g_assert_no_error (error);
  return list;
}

/* ---- edits ---- */

static void
test_an_edit_is_stored (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KvmmXmlEdit) edit = begin (fixture);
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmDomainApplied) applied = NULL;

  set (edit, "domain", "title", "Build & test");
  set (edit, "domain/cpu", "vcpu/@current", "2");
  applied = apply (fixture, edit, KVMM_DOMAIN_EDIT_LIVE, &error);
  g_assert_no_error (error);
  g_assert_false (applied->was_merged || applied->needs_restart);
  TEST_RUN_UNTIL (g_strcmp0 (kvmm_domain_get_title (fixture->domain), "Build & test") == 0);
  assert_stored (fixture, "domain/cpu", "vcpu/@current", "2");
  /* What nobody named is there still. */
  assert_stored (fixture, "graphics", "@passwd", "sesame");
  assert_stored (fixture, "disk", "source/@file", "/no/pool/a.img");
}

static void
test_what_does_not_fit_is_refused (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KvmmXmlEdit) edit = begin (fixture);
  g_autoptr (GError) error = NULL;

  set (edit, "domain/memory", "currentMemory", "1048576");
  g_assert_null (apply (fixture, edit, 0, &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE);
  assert_stored (fixture, "domain/memory", "currentMemory", "65536");
}

static void
test_another_program_is_noticed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KvmmXmlEdit) edit = begin (fixture);
  g_autoptr (KvmmXmlEdit) theirs = begin (fixture);
  g_autoptr (KvmmXmlEdit) late = begin (fixture);
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmDomainApplied) applied = NULL;
  g_autofree char *their_xml = NULL;

  set (edit, "domain", "title", "mine");
  set (late, "domain", "description", "late");
  set (theirs, "domain", "description", "theirs");
  their_xml = kvmm_xml_edit_dup_xml (theirs);
  test_other_client (URI, test_client_define, their_xml);

  applied = apply (fixture, edit, 0, &error);
  g_assert_no_error (error);
  g_assert_true (applied->was_merged);
  assert_stored (fixture, "domain", "title", "mine");
  assert_stored (fixture, "domain", "description", "theirs");

  g_assert_null (apply (fixture, late, 0, &error));
  g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_CONFLICT);
  g_assert_nonnull (strstr (error->message, "description"));
  assert_stored (fixture, "domain", "description", "theirs");
}

static void
test_a_running_machine_gets_it_later (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmXmlEdit) edit = begin (fixture);
  g_autoptr (KvmmDomainApplied) applied = NULL;
  g_autoptr (GAsyncResult) listed = NULL;
  g_autoptr (GAsyncResult) discarded = NULL;
  g_autoptr (GPtrArray) pending = NULL;
  const KvmmXmlPending *first;

  test_act (fixture->domain, KVMM_DOMAIN_ACTION_START, &error);
  g_assert_no_error (error);
  TEST_RUN_UNTIL (kvmm_domain_get_is_active (fixture->domain));
  set (edit, "disk", "driver/@cache", "none");
  applied = apply (fixture, edit, KVMM_DOMAIN_EDIT_LIVE, &error);
  g_assert_no_error (error);
  /* The test driver cannot change a device; a real machine is in the suite remote. */
  g_assert_true (applied->needs_restart);
  g_assert_nonnull (applied->live_error);

  kvmm_domain_list_pending_async (fixture->domain, NULL, test_result_cb, &listed);
  TEST_RUN_UNTIL (listed != NULL);
  pending = kvmm_domain_list_pending_finish (fixture->domain, listed, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (pending->len, ==, 1);
  first = pending->pdata[0];
  g_assert_cmpstr (first->path, ==, "driver/@cache");
  g_assert_cmpstr (first->next, ==, "none");

  kvmm_domain_discard_async (fixture->domain, first, NULL, test_result_cb, &discarded);
  TEST_RUN_UNTIL (discarded != NULL);
  g_assert_true (kvmm_domain_discard_finish (fixture->domain, discarded, &error));
  g_assert_no_error (error);
  assert_stored (fixture, "disk", "driver/@cache", NULL);
}

static void
test_all_that_waits_is_discarded (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmXmlEdit) edit = begin (fixture);
  g_autoptr (KvmmDomainApplied) applied = NULL;
  g_autoptr (GAsyncResult) listed = NULL;
  g_autoptr (GAsyncResult) discarded = NULL;
  g_autoptr (GAsyncResult) again = NULL;
  g_autoptr (GPtrArray) pending = NULL;

  test_act (fixture->domain, KVMM_DOMAIN_ACTION_START, &error);
  g_assert_no_error (error);
  TEST_RUN_UNTIL (kvmm_domain_get_is_active (fixture->domain));
  set (edit, "disk", "driver/@cache", "none");
  set (edit, "disk", "driver/@io", "native");
  applied = apply (fixture, edit, 0, &error);
  g_assert_no_error (error);

  kvmm_domain_list_pending_async (fixture->domain, NULL, test_result_cb, &listed);
  TEST_RUN_UNTIL (listed != NULL);
  pending = kvmm_domain_list_pending_finish (fixture->domain, listed, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (pending->len, ==, 2);

  kvmm_domain_discard_all_async (fixture->domain, pending, NULL, test_result_cb, &discarded);
  TEST_RUN_UNTIL (discarded != NULL);
  g_assert_true (kvmm_domain_discard_all_finish (fixture->domain, discarded, &error));
  g_assert_no_error (error);
  assert_stored (fixture, "disk", "driver/@cache", NULL);
  assert_stored (fixture, "disk", "driver/@io", NULL);
  /* Somebody else did it meanwhile. */
  kvmm_domain_discard_all_async (fixture->domain, pending, NULL, test_result_cb, &again);
  TEST_RUN_UNTIL (again != NULL);
  g_assert_true (kvmm_domain_discard_all_finish (fixture->domain, again, &error));
  g_assert_no_error (error);
}

/* ---- history ---- */

static void
test_earlier_versions_come_back (Fixture *fixture, gconstpointer data)
{
  g_autofree char *folder = kvmm_definition_files_dup_folder (URI, UUID);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) versions = NULL;
  g_autoptr (GPtrArray) bounded = NULL;
  g_autoptr (GAsyncResult) restored = NULL;
  const KvmmDomainVersion *oldest;
  GStatBuf info;

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (KvmmXmlEdit) edit = begin (fixture);
      g_autofree char *title = g_strdup_printf ("title %u", i);
      g_autoptr (KvmmDomainApplied) applied = NULL;

      set (edit, "domain", "title", title);
      applied = apply (fixture, edit, 0, &error);
      g_assert_no_error (error);
    }
  versions = list_versions (fixture);
  g_assert_cmpuint (versions->len, >=, 4);
  g_assert_nonnull (strstr (((const KvmmDomainVersion *) versions->pdata[0])->xml, "title 2"));
  oldest = versions->pdata[2];
  g_assert_nonnull (strstr (oldest->xml, "title 0"));
  g_assert_cmpint (g_stat (folder, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 077, ==, 0);

  kvmm_domain_restore_async (fixture->domain, oldest, NULL, test_result_cb, &restored);
  TEST_RUN_UNTIL (restored != NULL);
  g_assert_true (kvmm_domain_restore_finish (fixture->domain, restored, &error));
  g_assert_no_error (error);
  assert_stored (fixture, "domain", "title", "title 0");
  assert_stored (fixture, "graphics", "@passwd", "sesame");

  for (guint i = 0; i < KVMM_DOMAIN_VERSIONS_MAX + 3; i++)
    {
      g_autoptr (KvmmXmlEdit) edit = begin (fixture);
      g_autofree char *title = g_strdup_printf ("more %u", i);
      g_autoptr (KvmmDomainApplied) applied = NULL;

      set (edit, "domain", "title", title);
      applied = apply (fixture, edit, 0, &error);
      g_assert_no_error (error);
    }
  bounded = list_versions (fixture);
  g_assert_cmpuint (bounded->len, ==, KVMM_DOMAIN_VERSIONS_MAX);
}

/* ---- names, words ---- */

static void
test_a_machine_is_renamed (Fixture *fixture, gconstpointer data)
{
  static const char *const bad[] = { "", "a/b", "a\nb", ".", "..", " a", "\xff" };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) back = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *too_long = g_strnfill (201, 'x');

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_assert_false (kvmm_domain_check_name (bad[i], &error));
      g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE);
      g_clear_error (&error);
    }
  g_assert_false (kvmm_domain_check_name (too_long, NULL));
  g_assert_true (kvmm_domain_check_name ("web 1 (äöü)", &error));

  kvmm_domain_rename_async (fixture->domain, "renamed", NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  g_assert_true (kvmm_domain_rename_finish (fixture->domain, result, &error));
  g_assert_no_error (error);
  TEST_RUN_UNTIL (g_strcmp0 (kvmm_domain_get_name (fixture->domain), "renamed") == 0);
  kvmm_domain_rename_async (fixture->domain, "edited", NULL, test_result_cb, &back);
  TEST_RUN_UNTIL (back != NULL);
  g_assert_true (kvmm_domain_rename_finish (fixture->domain, back, &error));
  TEST_RUN_UNTIL (g_strcmp0 (kvmm_domain_get_name (fixture->domain), "edited") == 0);
}

static void
test_words_go_into_metadata (Fixture *fixture, gconstpointer data)
{
  static const char *const tags[] = { "web", "production", NULL };
  g_autoptr (GAsyncResult) marked = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmXmlEdit) edit = NULL;

  kvmm_domain_set_template_async (fixture->domain, TRUE, NULL, test_result_cb, &marked);
  kvmm_domain_set_tags_async (fixture->domain, tags, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (marked != NULL && result != NULL);
  g_assert_true (kvmm_domain_set_template_finish (fixture->domain, marked, &error));
  g_assert_true (kvmm_domain_set_tags_finish (fixture->domain, result, &error));
  g_assert_no_error (error);
  TEST_RUN_UNTIL (kvmm_domain_get_tags (fixture->domain) != NULL);
  g_assert_cmpstr (kvmm_domain_get_tags (fixture->domain)[1], ==, "production");
  /* Each of the two left the other alone. */
  g_assert_true (kvmm_domain_get_facts (fixture->domain)->is_template);
  edit = begin (fixture);
  g_assert_nonnull (strstr (kvmm_xml_edit_get_base (edit), "urn:other"));
}

/* ---- deleting ---- */

static KvmmDeletion *
plan (Fixture *fixture)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  KvmmDeletion *deletion;

  kvmm_domain_plan_deletion_async (fixture->domain, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  deletion = kvmm_domain_plan_deletion_finish (fixture->domain, result, &error);
  g_assert_no_error (error);
  return deletion;
}

static char *
define (Fixture *fixture, const char *xml, gboolean replace, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  kvmm_connection_define_async (fixture->connection, xml, FALSE, replace, NULL, test_result_cb,
                                &result);
  TEST_RUN_UNTIL (result != NULL);
  return kvmm_connection_define_finish (fixture->connection, result, error);
}

static void
test_a_machine_is_deleted_and_comes_back (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KvmmDeletion) deletion = plan (fixture);
  const KvmmDeletionItem *item = deletion->items->pdata[0];
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmDeleted) deleted = NULL;
  g_autofree char *uuid = NULL;
  g_autofree char *twice = NULL;

  g_assert_cmpuint (deletion->items->len, ==, 1);
  g_assert_cmpstr (item->target, ==, "vda");
  g_assert_false (item->can_delete || item->is_selected);
  g_assert_nonnull (strstr (item->reason, "pool"));

  kvmm_domain_delete_async (fixture->domain, deletion, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  deleted = kvmm_domain_delete_finish (fixture->domain, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (deleted->left->len, ==, 0);
  TEST_RUN_UNTIL (kvmm_connection_find (fixture->connection, "edited") == NULL);

  uuid = define (fixture, deleted->xml, FALSE, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (uuid, ==, UUID);
  g_assert_nonnull (strstr (deleted->xml, "sesame"));
  g_set_object (&fixture->domain, find (fixture));

  /* Not over another one. */
  g_assert_null (define (fixture, deleted->xml, FALSE, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_IN_USE);
  g_clear_error (&error);
  twice = define (fixture, deleted->xml, TRUE, &error);
  g_assert_no_error (error);
}

static void
test_a_running_machine_is_not_deleted (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KvmmDeletion) deletion = plan (fixture);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  test_act (fixture->domain, KVMM_DOMAIN_ACTION_START, &error);
  TEST_RUN_UNTIL (kvmm_domain_get_is_active (fixture->domain));
  kvmm_domain_delete_async (fixture->domain, deletion, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  g_assert_null (kvmm_domain_delete_finish (fixture->domain, result, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_INVALID_STATE);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  g_remove (path);
}

int
main (int argc, char *argv[])
{
  g_autofree char *private_folder = g_dir_make_tmp ("kvmm-edit-XXXXXX", NULL);
  int status;

  g_assert_nonnull (private_folder);
  g_setenv ("XDG_DATA_HOME", private_folder, TRUE);
  test_model_init (&argc, &argv);
#define ADD(path, func)                                                                            \
  g_test_add ("/model/domain-edit/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("an-edit-is-stored", test_an_edit_is_stored);
  ADD ("what-does-not-fit-is-refused", test_what_does_not_fit_is_refused);
  ADD ("another-program-is-noticed", test_another_program_is_noticed);
  ADD ("a-running-machine-gets-it-later", test_a_running_machine_gets_it_later);
  ADD ("all-that-waits-is-discarded", test_all_that_waits_is_discarded);
  ADD ("earlier-versions-come-back", test_earlier_versions_come_back);
  ADD ("a-machine-is-renamed", test_a_machine_is_renamed);
  ADD ("words-go-into-metadata", test_words_go_into_metadata);
  ADD ("a-machine-is-deleted-and-comes-back", test_a_machine_is_deleted_and_comes_back);
  ADD ("a-running-machine-is-not-deleted", test_a_running_machine_is_not_deleted);
#undef ADD
  status = g_test_run ();
  remove_tree (private_folder);
  return status;
}
