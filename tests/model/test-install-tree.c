/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-install-tree.h"

#include <string.h>

#include "test-model.h"
#include "tree-server.h"

/* Looking at installation trees of a web server. */

typedef struct
{
  TreeServer *server;
  KvmmOsCatalog *catalog;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->server = tree_server_new ();
  f->catalog = kvmm_os_catalog_new ();
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  test_drop_object (f->catalog);
  tree_server_free (f->server);
}

static KvmmInstallTree *
find_at (Fixture *f, const char *url, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  kvmm_install_tree_find_async (f->catalog, url, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  return kvmm_install_tree_find_finish (result, error);
}

static KvmmInstallTree *
find (Fixture *f, const char *path, GError **error)
{
  g_autofree char *url = tree_server_build_url (f->server, path);

  return find_at (f, url, error);
}

/* @path: of the folder with the two; @arguments: what the kernel is told, with %s for the tree */
static void
assert_tree (Fixture *f,
             const char *path,
             KvmmInstallTreeKind kind,
             const char *kernel,
             const char *word,
             const char *name,
             const char *os_id)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmInstallTree) tree = find (f, path, &error);
  g_autofree char *kernel_url = tree_server_build_url (f->server, kernel);
  g_autofree char *arguments = NULL;
  g_autofree char *expected = NULL;

  g_assert_no_error (error);
  g_assert_cmpint ((int) tree->kind, ==, (int) kind);
  g_assert_true (g_str_has_suffix (tree->url, "/"));
  g_assert_cmpstr (tree->kernel_url, ==, kernel_url);
  g_assert_cmpuint (tree->kernel_bytes, ==, TREE_SERVER_KERNEL_BYTES);
  g_assert_cmpuint (tree->initrd_bytes, ==, TREE_SERVER_INITRD_BYTES);
  g_assert_cmpstr (tree->arch, ==, "x86_64");
  g_assert_cmpstr (tree->name, ==, name);
  g_assert_cmpstr (tree->os_id, ==, os_id);
  arguments = kvmm_install_tree_build_arguments (tree, " console=ttyS0 ", &error);
  g_assert_no_error (error);
  expected = *word != '\0' ? g_strdup_printf ("%s=%s console=ttyS0", word, tree->url)
                           : g_strdup ("console=ttyS0");
  g_assert_cmpstr (arguments, ==, expected);
}

static void
test_known_trees (Fixture *f, gconstpointer data)
{
#define DEBIAN_FOLDER "main/installer-amd64/current/images/netboot/debian-installer/amd64/"
#define DEBIAN_KERNEL "/debian/dists/bullseye/" DEBIAN_FOLDER "linux"
  static const char *const debian[] = { "",
                                        "/",
                                        "/main/installer-amd64/",
                                        "/main/installer-amd64/current/images/",
                                        "/main/installer-amd64/current/images/netboot",
                                        "/" DEBIAN_FOLDER };

  assert_tree (f, "/fedora", KVMM_INSTALL_TREE_REPO, "/fedora/images/pxeboot/vmlinuz", "inst.repo",
               "Fedora 36", "http://fedoraproject.org/fedora/36");
  assert_tree (f, "/moved/", KVMM_INSTALL_TREE_REPO, "/moved/images/pxeboot/vmlinuz", "inst.repo",
               "Fedora 36", "http://fedoraproject.org/fedora/36");
  assert_tree (f, "/suse/", KVMM_INSTALL_TREE_SUSE, "/suse/boot/x86_64/loader/linux", "install",
               "openSUSE Leap 15.4", "http://opensuse.org/opensuse/15.4");
  for (gsize i = 0; i < G_N_ELEMENTS (debian); i++)
    {
      g_autofree char *path = g_strconcat ("/debian/dists/bullseye", debian[i], NULL);

      assert_tree (f, path, KVMM_INSTALL_TREE_DEBIAN, DEBIAN_KERNEL, "", "Debian 11",
                   "http://debian.org/debian/11");
    }
}

static void
test_another_architecture_is_told (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmInstallTree) tree = find (f, "/arm", &error);

  g_assert_no_error (error);
  g_assert_cmpstr (tree->arch, ==, "aarch64");
}

static void
test_what_is_not_followed (Fixture *f, gconstpointer data)
{
  const struct
  {
    const char *path;
    GQuark domain;
    int code;
    const char *says;
  } trees[] = {
    { "/nothing", KVMM_INSTALL_TREE_ERROR, KVMM_INSTALL_TREE_ERROR_UNKNOWN, "no installer at" },
    { "/traversal", KVMM_INSTALL_TREE_ERROR, KVMM_INSTALL_TREE_ERROR_INVALID, "../../secret" },
    { "/encoded", KVMM_INSTALL_TREE_ERROR, KVMM_INSTALL_TREE_ERROR_INVALID, "%2e%2e" },
    { "/absolute", KVMM_INSTALL_TREE_ERROR, KVMM_INSTALL_TREE_ERROR_INVALID, "/etc/passwd" },
    { "/elsewhere", KVMM_INSTALL_TREE_ERROR, KVMM_INSTALL_TREE_ERROR_INVALID, "file:///etc" },
    { "/words", KVMM_INSTALL_TREE_ERROR, KVMM_INSTALL_TREE_ERROR_INVALID, ".treeinfo of" },
    { "/no-kernel", KVMM_INSTALL_TREE_ERROR, KVMM_INSTALL_TREE_ERROR_INVALID, "names no kernel" },
    { "/to-file", KVMM_HTTP_ERROR, KVMM_HTTP_ERROR_REDIRECT, "file:///etc/passwd" },
    { "/to-nowhere", KVMM_HTTP_ERROR, KVMM_HTTP_ERROR_REDIRECT, "Choose another mirror" },
    { "/round", KVMM_HTTP_ERROR, KVMM_HTTP_ERROR_REDIRECT, "on and on" },
    { "/forbidden", KVMM_HTTP_ERROR, KVMM_HTTP_ERROR_REFUSED, "403 Forbidden" },
    { "/endless-info", KVMM_HTTP_ERROR, KVMM_HTTP_ERROR_TOO_LARGE, "64 KiB" },
    { "/huge-kernel", KVMM_HTTP_ERROR, KVMM_HTTP_ERROR_TOO_LARGE, "64 MiB" },
    { "/no-initrd", KVMM_HTTP_ERROR, KVMM_HTTP_ERROR_NOT_FOUND, "initrd.img" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (trees); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (KvmmInstallTree) tree = find (f, trees[i].path, &error);

      g_test_message ("%s: %s", trees[i].path, error != NULL ? error->message : "taken");
      g_assert_error (error, trees[i].domain, trees[i].code);
      g_assert_null (tree);
      g_assert_nonnull (strstr (error->message, trees[i].says));
    }
}

static void
test_addresses (Fixture *f, gconstpointer data)
{
  static const char *const wrong[] = { "",
                                       "deb.debian.org",
                                       "/srv/tree",
                                       "file:///srv/tree",
                                       "ftp://ftp.debian.org/debian",
                                       "http://",
                                       "http:///tree",
                                       "http://me:secret@server/tree",
                                       "http://me@server/tree",
                                       "http://server/a tree",
                                       "http://server/\"tree",
                                       "http://server/tr\303\244\303\244",
                                       "http://server/tree?x=1",
                                       "http://server/tree#x",
                                       "http://server:port/tree" };

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (KvmmInstallTree) tree = find_at (f, wrong[i], &error);

      g_test_message ("%s: %s", wrong[i], error != NULL ? error->message : "taken");
      g_assert_error (error, KVMM_HTTP_ERROR, KVMM_HTTP_ERROR_INVALID);
    }
  g_assert_true (kvmm_http_check_url ("https://server:8080/a%20tree/", NULL));
  g_assert_true (kvmm_http_check_url ("http://[::1]/tree", NULL));
}

static void
test_a_server_that_is_not_there (Fixture *f, gconstpointer data)
{
  g_autofree char *url = tree_server_build_url (f->server, "/fedora");
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmInstallTree) tree = NULL;

  tree_server_free (f->server);
  tree = find_at (f, url, &error);
  f->server = tree_server_new ();
  g_assert_error (error, KVMM_HTTP_ERROR, KVMM_HTTP_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "/.treeinfo”"));
}

static void
test_a_silent_server_is_given_up (Fixture *f, gconstpointer data)
{
  g_autofree char *url = tree_server_build_url (f->server, "/silent");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (KvmmInstallTree) tree = NULL;
  g_autoptr (GError) error = NULL;

  kvmm_install_tree_find_async (f->catalog, url, cancellable, test_result_cb, &result);
  TEST_RUN_UNTIL (tree_server_get_n_waiting (f->server) == 1);
  g_assert_null (result);
  g_cancellable_cancel (cancellable);
  TEST_RUN_UNTIL (result != NULL);
  tree = kvmm_install_tree_find_finish (result, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_arguments (Fixture *f, gconstpointer data)
{
  KvmmInstallTree tree = { 0 };
  g_autofree char *none = NULL;
  g_autofree char *wrong = NULL;
  g_autofree char *longest = g_strnfill (KVMM_INSTALL_TREE_ARGUMENTS_MAX, 'x');
  g_autofree char *longer = g_strconcat (longest, "x", NULL);
  g_autofree char *taken = NULL;
  g_autoptr (GError) error = NULL;

  tree.kind = KVMM_INSTALL_TREE_DEBIAN;
  none = kvmm_install_tree_build_arguments (&tree, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (none, ==, "");
  taken = kvmm_install_tree_build_arguments (&tree, longest, &error);
  g_assert_cmpstr (taken, ==, longest);
  wrong = kvmm_install_tree_build_arguments (&tree, "a\nb", &error);
  g_assert_error (error, KVMM_INSTALL_TREE_ERROR, KVMM_INSTALL_TREE_ERROR_INVALID);
  g_clear_error (&error);
  wrong = kvmm_install_tree_build_arguments (&tree, longer, &error);
  g_assert_error (error, KVMM_INSTALL_TREE_ERROR, KVMM_INSTALL_TREE_ERROR_INVALID);
}

int
main (int argc, char **argv)
{
  test_model_init (&argc, &argv);
#define ADD(path, func)                                                                            \
  g_test_add ("/model/install-tree/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("known-trees", test_known_trees);
  ADD ("another-architecture-is-told", test_another_architecture_is_told);
  ADD ("what-is-not-followed", test_what_is_not_followed);
  ADD ("addresses", test_addresses);
  ADD ("a-server-that-is-not-there", test_a_server_that_is_not_there);
  ADD ("a-silent-server-is-given-up", test_a_silent_server_is_given_up);
  ADD ("arguments", test_arguments);
  return g_test_run ();
}
