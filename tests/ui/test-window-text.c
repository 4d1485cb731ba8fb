/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "ui/kvmm-connection-dialog.h"
#include "ui/kvmm-list-column.h"
#include "ui/kvmm-list-keys.h"

/* What the main window decides from text alone. */

static void
test_takes_what_libvirt_takes (void)
{
  static const char *const good[] = {
    "qemu:///system",
    "qemu:///session",
    "qemu+ssh://user@host/system",
    "qemu+ssh://host:2222/system?keyfile=/home/me/.ssh/id",
    "qemu+ssh://[fe80::1]/system",
    "qemu+unix:///system?socket=/run/x",
    "test:///default",
    "test:////tmp/file.xml",
    "xen:///system",
    "esx://host/",
  };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      const char *reason = NULL;

      g_assert_true (kvmm_connection_dialog_check_uri (good[i], &reason));
      g_assert_null (reason);
    }
}

static void
test_says_what_is_wrong (void)
{
  static const char *const bad[] = {
    "",
    "qemu",
    "qemu:/system",
    "qemu:///nowhere",
    "qemu:///",
    "qemu+ssh:///system",
    "qemu+tls:///system",
    "qemu:///sys tem",
    "test:///",
    "://host/x",
    "\xff\xfe://x/y",
    "qemu+ssh://:22/system",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      const char *reason = NULL;

      g_assert_false (kvmm_connection_dialog_check_uri (bad[i], &reason));
      g_assert_nonnull (reason);
      g_assert_true (g_utf8_validate (reason, -1, NULL));
    }
  g_assert_false (kvmm_connection_dialog_check_uri (NULL, NULL));
}

static void
test_refuses_an_endless_address (void)
{
  g_autoptr (GString) uri = g_string_new ("test:///");

  while (uri->len < KVMM_CONNECTION_DIALOG_MAX_URI)
    g_string_append_c (uri, 'x');
  g_assert_true (kvmm_connection_dialog_check_uri (uri->str, NULL));
  g_string_append_c (uri, 'x');
  g_assert_false (kvmm_connection_dialog_check_uri (uri->str, NULL));
}

static void
test_builds_ssh_addresses (void)
{
  static const struct
  {
    const char *user;
    const char *host;
    const char *uri;
  } cases[] = {
    { NULL, "host", "qemu+ssh://host/system" },
    { "", "host:2222", "qemu+ssh://host:2222/system" },
    { "me", "host.example", "qemu+ssh://me@host.example/system" },
    { "a@b/c", "host", "qemu+ssh://a%40b%2Fc@host/system" },
    { "me", "fe80::1", "qemu+ssh://me@[fe80::1]/system" },
    { "me", "[fe80::1]:22", "qemu+ssh://me@[fe80::1]:22/system" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *uri = kvmm_connection_dialog_build_ssh_uri (cases[i].user, cases[i].host);

      g_assert_cmpstr (uri, ==, cases[i].uri);
      g_assert_true (kvmm_connection_dialog_check_uri (uri, NULL));
    }
}

static void
test_folds_case_and_accents (void)
{
  static const char *const pairs[][2] = {
    { "WEB-1", "web-1" }, { "Café", "cafe" }, { "ÅNGSTRÖM", "angstrom" }, { NULL, "" }
  };

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autofree char *folded = kvmm_list_keys_fold (pairs[i][0]);

      g_assert_cmpstr (folded, ==, pairs[i][1]);
    }
}

static void
test_orders_addresses_by_number (void)
{
  static const char *const ordered[] = { "9.1.2.3", "10.0.0.2", "10.0.0.10", "192.168.1.1",
                                         "fe80::2", "fe80::10", "none",      "other" };

  for (guint i = 0; i < G_N_ELEMENTS (ordered); i++)
    {
      for (guint j = 0; j < G_N_ELEMENTS (ordered); j++)
        {
          int result = kvmm_list_keys_compare_addresses (ordered[i], ordered[j]);

          g_assert_cmpint ((result > 0) - (result < 0), ==, (i > j) - (i < j));
        }
    }
}

static void
test_knows_its_columns_by_id (void)
{
  for (guint i = 0; i < KVMM_N_LIST_COLUMNS; i++)
    g_assert_cmpint (kvmm_list_column_from_id (kvmm_list_column_get_id (i)), ==, i);
  g_assert_cmpint (kvmm_list_column_from_id ("nothing"), ==, KVMM_N_LIST_COLUMNS);
  g_assert_cmpint (kvmm_list_column_from_id (NULL), ==, KVMM_N_LIST_COLUMNS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ui/connection-dialog/takes-what-libvirt-takes", test_takes_what_libvirt_takes);
  g_test_add_func ("/ui/connection-dialog/says-what-is-wrong", test_says_what_is_wrong);
  g_test_add_func ("/ui/connection-dialog/refuses-an-endless-address",
                   test_refuses_an_endless_address);
  g_test_add_func ("/ui/connection-dialog/builds-ssh-addresses", test_builds_ssh_addresses);
  g_test_add_func ("/ui/list-keys/folds-case-and-accents", test_folds_case_and_accents);
  g_test_add_func ("/ui/list-keys/orders-addresses-by-number", test_orders_addresses_by_number);
  g_test_add_func ("/ui/list-column/knows-its-columns-by-id", test_knows_its_columns_by_id);

  return g_test_run ();
}
