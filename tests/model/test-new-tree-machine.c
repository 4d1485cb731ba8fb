/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "new-machine-fixture.h"
#include "tree-server.h"

/* Machines that are installed from a tree of the network. */

static KvmmInstallTree *
find (TreeServer *server, const char *path)
{
  g_autoptr (KvmmOsCatalog) catalog = kvmm_os_catalog_new ();
  g_autofree char *url = tree_server_build_url (server, path);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  KvmmInstallTree *tree;

  kvmm_install_tree_find_async (catalog, url, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  tree = kvmm_install_tree_find_finish (result, &error);
  g_assert_no_error (error);
  return tree;
}

static KvmmNewMachine *
tree_plan_new (NewMachineFixture *f, TreeServer *server, const char *name, const char *path)
{
  KvmmNewMachine *plan = new_machine_plan_new (f, name, KVMM_NEW_MACHINE_TREE);

  plan->tree = find (server, path);
  plan->tree_arguments = g_strdup ("console=ttyS0 a='<b>'");
  return plan;
}

static char *
read_xml (KvmmDomain *domain, gboolean is_stored)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  char *xml;

  kvmm_domain_read_xml_async (domain, is_stored, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  xml = kvmm_domain_read_xml_finish (domain, result, &error);
  g_assert_no_error (error);
  return xml;
}

/* The machine as it is stored: nothing of its installer is in it. */
static void
assert_boots_from_disk (KvmmDomain *domain, gboolean is_stored)
{
  g_autofree char *xml = read_xml (domain, is_stored);

  g_assert_nonnull (strstr (xml, "<on_reboot>restart</on_reboot>"));
  g_assert_nonnull (strstr (xml, ".qcow2'"));
  g_assert_nonnull (strstr (xml, "<boot order='1'/>"));
  for (const char *const *word = (const char *const[]){ "<kernel>", "<initrd>", "<cmdline>", NULL };
       *word != NULL; word++)
    g_assert_null (strstr (xml, *word));
}

static void
test_the_installer_starts_it_once (NewMachineFixture *f, gconstpointer data)
{
  g_autoptr (TreeServer) server = tree_server_new ();
  g_autoptr (KvmmNewMachine) plan = tree_plan_new (f, server, "idle", "/fedora");
  g_autofree char *line =
      tree_server_build_url (server, "/fedora/ console=ttyS0 a=&apos;&lt;b&gt;&apos;</cmdline>");
  g_autofree char *uuid = NULL;
  g_autofree char *xml = NULL;
  g_autoptr (GError) error = NULL;
  KvmmDomain *domain;

  uuid = new_machine_create (f, plan, &error);
  g_assert_no_error (error);
  domain = new_machine_wait_for_machine (f, "idle");
  TEST_RUN_UNTIL (kvmm_domain_get_is_active (domain));
  xml = read_xml (domain, FALSE);
  g_assert_nonnull (strstr (xml, "/idle-install-kernel</kernel>"));
  g_assert_nonnull (strstr (xml, "/idle-install-initrd</initrd>"));
  g_assert_nonnull (strstr (xml, "<cmdline>inst.repo="));
  g_assert_nonnull (strstr (xml, line));
  g_assert_nonnull (strstr (xml, "<on_reboot>destroy</on_reboot>"));
  assert_boots_from_disk (domain, TRUE);
  /* The disk alone. */
  g_assert_cmpuint (new_machine_count_files (f), ==, 1);

  g_assert_true (test_act (domain, KVMM_DOMAIN_ACTION_FORCE_OFF, &error));
  g_assert_no_error (error);
  TEST_RUN_UNTIL (!kvmm_domain_get_is_active (domain));
  assert_boots_from_disk (domain, TRUE);
  g_assert_true (test_act (domain, KVMM_DOMAIN_ACTION_START, &error));
  g_assert_no_error (error);
  TEST_RUN_UNTIL (kvmm_domain_get_is_active (domain));
  assert_boots_from_disk (domain, FALSE);
}

/* The kernel really runs: it is what restarts the machine, as an installer does at its end. */
static void
test_a_restart_ends_the_installation (NewMachineFixture *f, gconstpointer data)
{
  g_autoptr (TreeServer) server = tree_server_new ();
  g_autoptr (KvmmNewMachine) plan = tree_plan_new (f, server, "restarts", "/restarts");
  g_autofree char *uuid = NULL;
  g_autoptr (GError) error = NULL;
  KvmmDomain *domain;

  uuid = new_machine_create (f, plan, &error);
  g_assert_no_error (error);
  domain = new_machine_wait_for_machine (f, "restarts");
  TEST_RUN_UNTIL (!kvmm_domain_get_is_active (domain));
  assert_boots_from_disk (domain, TRUE);
  g_assert_true (test_act (domain, KVMM_DOMAIN_ACTION_START, &error));
  g_assert_no_error (error);
  TEST_RUN_UNTIL (kvmm_domain_get_is_active (domain));
  assert_boots_from_disk (domain, FALSE);
}

static void
assert_fails (NewMachineFixture *f, KvmmNewMachine *plan, const char *says)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (new_machine_create (f, plan, &error));
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, says));
  new_machine_assert_nothing_left (f);
}

static void
test_what_fails_leaves_nothing (NewMachineFixture *f, gconstpointer data)
{
  static const struct
  {
    const char *path;
    const char *says;
  } trees[] = { { "/endless-kernel", "larger than 64 MiB" },
                { "/cut-off", "initrd.img" },
                { "/page", "is no kernel of Linux" },
                { "/mixed", "SHA-256" },
                { "/arm", "for aarch64" } };
  g_autoptr (TreeServer) server = tree_server_new ();
  g_autoptr (KvmmNewMachine) plan = tree_plan_new (f, server, "gone", "/fedora");
  g_autofree char *path = g_build_filename (f->folder, "gone-install-initrd", NULL);
  g_autoptr (GError) error = NULL;

  /* The last step: libvirt takes the definition, and QEMU does not start. */
  plan->network_kind = KVMM_XML_NETWORK_VIRTUAL;
  plan->network = g_strdup ("no-such-network");
  assert_fails (f, plan, "gone");
  plan->network_kind = KVMM_XML_NETWORK_NONE;
  plan->start = FALSE;
  assert_fails (f, plan, "starts at once");
  plan->start = TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (trees); i++)
    {
      kvmm_install_tree_free (plan->tree);
      plan->tree = find (server, trees[i].path);
      assert_fails (f, plan, trees[i].says);
    }
  kvmm_install_tree_free (plan->tree);
  plan->tree = NULL;
  assert_fails (f, plan, "Look up");

  /* What is another's stays. */
  plan->tree = find (server, "/fedora");
  g_assert_true (g_file_set_contents (path, "mine", 4, &error));
  g_assert_null (new_machine_create (f, plan, &error));
  g_assert_nonnull (strstr (error->message, "gone-install-initrd"));
  g_assert_cmpuint (new_machine_count_files (f), ==, 1);
}

static void
cancel_cb (goffset done_bytes, goffset total_bytes, gpointer user_data)
{
  g_assert_cmpint (done_bytes, <=, total_bytes);
  g_cancellable_cancel (user_data);
}

static void
test_cancelling_leaves_nothing (NewMachineFixture *f, gconstpointer data)
{
  g_autoptr (TreeServer) server = tree_server_new ();
  g_autoptr (KvmmNewMachine) plan = tree_plan_new (f, server, "gone", "/endless-kernel");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  kvmm_new_machine_create_async (plan, f->connection, cancel_cb, cancellable, cancellable,
                                 test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  g_assert_null (kvmm_new_machine_create_finish (result, &error));
  /* The whole of it may have come before the main loop ran. */
  g_assert_true (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
                 g_error_matches (error, KVMM_HTTP_ERROR, KVMM_HTTP_ERROR_TOO_LARGE));
  /* A call is answered before its worker has cleaned up. */
  TEST_RUN_UNTIL (new_machine_count_files (f) == 0);
  new_machine_assert_nothing_left (f);
}

int
main (int argc, char **argv)
{
  test_model_init (&argc, &argv);
#define ADD(path, func)                                                                            \
  g_test_add ("/model/new-tree-machine/" path, NewMachineFixture, NULL, new_machine_set_up, func,  \
              new_machine_tear_down)
  ADD ("the-installer-starts-it-once", test_the_installer_starts_it_once);
  ADD ("a-restart-ends-the-installation", test_a_restart_ends_the_installation);
  ADD ("what-fails-leaves-nothing", test_what_fails_leaves_nothing);
  ADD ("cancelling-leaves-nothing", test_cancelling_leaves_nothing);
  return g_test_run ();
}
