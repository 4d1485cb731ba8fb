/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <string.h>

#include "model/kvmm-domain-clone.h"
#include "model/kvmm-domain-delete.h"
#include "model/kvmm-domain-edit.h"
#include "new-machine-fixture.h"

/* A machine with UEFI from its making to its end: what the firmware wrote down stays its own. */

static char *
read_live_xml (KvmmDomain *domain)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  kvmm_domain_read_xml_async (domain, FALSE, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  char *xml = kvmm_domain_read_xml_finish (domain, result, &error);
  g_assert_no_error (error);
  return xml;
}

static gboolean
is_running (KvmmDomain *domain)
{
  return kvmm_domain_get_state (domain) == KVMM_DOMAIN_STATE_RUNNING;
}

static char *
find_settings (const char *xml)
{
  g_autoptr (GRegex) regex = g_regex_new ("<nvram[^>]*>([^<]+)</nvram>", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;

  if (!g_regex_match (regex, xml, 0, &match))
    g_error ("no settings in %s", xml);
  return g_match_info_fetch (match, 1);
}

static char *
find_stored_settings (KvmmDomain *domain)
{
  g_autofree char *xml = new_machine_read_xml (domain);
  return find_settings (xml);
}

/* Starts it when it is off. Returns: (transfer full): the file of its firmware's settings */
static char *
run_and_find_settings (KvmmDomain *domain)
{
  g_autoptr (GError) error = NULL;

  if (!is_running (domain))
    {
      test_act (domain, KVMM_DOMAIN_ACTION_START, &error);
      g_assert_no_error (error);
      TEST_RUN_UNTIL (is_running (domain));
    }
  g_autofree char *xml = read_live_xml (domain);
  return find_settings (xml);
}

static void
stop (KvmmDomain *domain)
{
  g_autoptr (GError) error = NULL;

  test_act (domain, KVMM_DOMAIN_ACTION_FORCE_OFF, &error);
  g_assert_no_error (error);
  TEST_RUN_UNTIL (kvmm_domain_get_state (domain) == KVMM_DOMAIN_STATE_SHUT_OFF);
}

static GBytes *
read_bytes (const char *path)
{
  char *content = NULL;
  gsize size = 0;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &content, &size, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (content, size);
}

/* Firmware that starts a machine writes its order of boot. */
static gboolean
has_text (const char *path, const char *text)
{
  g_autoptr (GBytes) bytes = read_bytes (path);
  g_autofree gunichar2 *wide = g_utf8_to_utf16 (text, -1, NULL, NULL, NULL);
  gsize size = 0, length = strlen (text) * 2;
  const char *content = g_bytes_get_data (bytes, &size);

  for (gsize i = 0; i + length <= size; i++)
    if (memcmp (content + i, wide, length) == 0)
      return TRUE;
  return FALSE;
}

static void delete (KvmmDomain *domain)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) deleted_result = NULL;
  g_autoptr (GError) error = NULL;

  kvmm_domain_plan_deletion_async (domain, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  g_autoptr (KvmmDeletion) plan = kvmm_domain_plan_deletion_finish (domain, result, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < plan->items->len; i++)
    {
      KvmmDeletionItem *item = plan->items->pdata[i];

      if (item->can_delete && item->is_proposed)
        item->is_selected = TRUE;
    }
  g_object_ref (domain);
  kvmm_domain_delete_async (domain, plan, NULL, test_result_cb, &deleted_result);
  TEST_RUN_UNTIL (deleted_result != NULL);
  g_autoptr (KvmmDeleted) deleted = kvmm_domain_delete_finish (domain, deleted_result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (deleted->left->len, ==, 0);
  g_object_unref (domain);
}

static void
clone (KvmmDomain *domain, const char *name)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  kvmm_domain_clone_async (domain, name, NULL, NULL, NULL, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  g_autofree char *uuid = kvmm_domain_clone_finish (domain, result, &error);
  g_assert_no_error (error);
}

static void
test_from_making_to_end (NewMachineFixture *f, gconstpointer data)
{
  g_autoptr (KvmmNewMachine) plan = new_machine_plan_new (f, "uefi", KVMM_NEW_MACHINE_EMPTY);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  plan->firmware = KVMM_XML_FIRMWARE_UEFI;
  plan->memory_kib = 256 * 1024;
  g_autofree char *uuid = new_machine_create (f, plan, &error);
  if (error != NULL && strstr (error->message, "firmware") != NULL)
    {
      new_machine_assert_nothing_left (f);
      g_test_skip ("no UEFI firmware is installed");
      return;
    }
  g_assert_no_error (error);
  KvmmDomain *domain = new_machine_wait_for_machine (f, "uefi");
  TEST_RUN_UNTIL (is_running (domain));
  g_autofree char *settings = run_and_find_settings (domain);
  g_autofree char *folder = g_path_get_dirname (settings);
  TEST_RUN_UNTIL (has_text (settings, "BootOrder"));
  stop (domain);

  /* libvirt named the file by itself, and only at the start: a copy has it all the same. */
  g_autoptr (GBytes) before = read_bytes (settings);
  clone (domain, "early");
  g_autofree char *early = find_stored_settings (new_machine_wait_for_machine (f, "early"));
  g_autoptr (GBytes) of_early = read_bytes (early);
  g_assert_true (g_bytes_equal (before, of_early));
  delete (new_machine_wait_for_machine (f, "early"));
  g_assert_false (g_file_test (early, G_FILE_TEST_EXISTS));

  /* Under another name it goes on where it was. */
  kvmm_domain_rename_async (domain, "other", NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  g_assert_true (kvmm_domain_rename_finish (domain, result, &error));
  g_assert_no_error (error);
  domain = new_machine_wait_for_machine (f, "other");
  g_assert_cmpstr (kvmm_domain_get_uuid (domain), ==, uuid);
  g_autofree char *same_settings = run_and_find_settings (domain);
  g_assert_true (has_text (same_settings, "BootOrder"));
  stop (domain);

  /* A copy begins with the same, and never writes into those of the other. */
  g_autoptr (GBytes) at_rest = read_bytes (same_settings);
  clone (domain, "copy");
  g_autofree char *copied = find_stored_settings (new_machine_wait_for_machine (f, "copy"));
  g_autoptr (GBytes) of_copy = read_bytes (copied);
  g_assert_true (g_bytes_equal (at_rest, of_copy));
  g_autofree char *other_settings =
      run_and_find_settings (new_machine_wait_for_machine (f, "copy"));
  g_assert_cmpstr (other_settings, !=, same_settings);
  g_assert_cmpstr (other_settings, ==, copied);
  TEST_RUN_UNTIL (has_text (other_settings, "BootOrder"));
  stop (new_machine_wait_for_machine (f, "copy"));

  /* Nothing of them stays. */
  delete (new_machine_wait_for_machine (f, "copy"));
  g_assert_false (g_file_test (other_settings, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (same_settings, G_FILE_TEST_EXISTS));
  delete (new_machine_wait_for_machine (f, "other"));
  g_autoptr (GDir) left = g_dir_open (folder, 0, NULL);
  g_assert_null (left != NULL ? g_dir_read_name (left) : NULL);
  new_machine_assert_nothing_left (f);
}

int
main (int argc, char **argv)
{
  const char *private = g_getenv ("KVMM_PRIVATE_DIR");
  g_autofree char *config = g_build_filename (private != NULL ? private : "/", "c", NULL);

  /* That of the daemon: it is where a session's machines keep their settings. */
  g_setenv ("XDG_CONFIG_HOME", config, TRUE);
  test_model_init (&argc, &argv);
  g_test_add ("/model/uefi-life/from-making-to-end", NewMachineFixture, NULL, new_machine_set_up,
              test_from_making_to_end, new_machine_tear_down);
  return g_test_run ();
}
