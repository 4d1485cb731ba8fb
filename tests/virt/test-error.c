/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <errno.h>

#include "virt/kvmm-virt-private.h"

static void
test_names_codes (void)
{
  g_autoptr (GError) error = NULL;
  virDomainLookupByName (NULL, "x");
  kvmm_virt_error_take (&error, "Looking up");
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_CONNECTION_LOST);
  g_assert_cmpint (kvmm_virt_error_get_code (error), ==, VIR_ERR_INVALID_CONN);
  g_assert_cmpstr (kvmm_virt_error_get_code_name (error), ==, "VIR_ERR_INVALID_CONN");
  g_assert_true (g_str_has_prefix (error->message, "Looking up: "));

  g_autoptr (GError) copy = g_error_copy (error);
  g_assert_cmpint (kvmm_virt_error_get_code (copy), ==, VIR_ERR_INVALID_CONN);
}

static void
test_other_domains_have_no_code (void)
{
  g_autoptr (GError) error = g_error_new_literal (G_FILE_ERROR, G_FILE_ERROR_NOENT, "gone");
  g_assert_cmpint (kvmm_virt_error_get_code (error), ==, 0);
  g_assert_cmpint (kvmm_virt_error_get_domain (error), ==, 0);
  g_assert_cmpstr (kvmm_virt_error_get_code_name (error), ==, "");
  g_assert_cmpint (kvmm_virt_error_get_code (NULL), ==, 0);
}

static void
test_without_libvirt_error (void)
{
  g_autoptr (GError) error = NULL;
  virResetLastError ();
  kvmm_virt_error_take (&error, "Could not start “x”");
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_FAILED);
  g_assert_cmpstr (error->message, ==, "Could not start “x”");
  g_assert_cmpstr (kvmm_virt_error_get_code_name (error), ==, "");
}

static void
test_long_texts_are_cut (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_strnfill (10000, 'x');
  kvmm_virt_error_set (&error, KVMM_VIRT_ERROR_FAILED, text);
  g_assert_cmpuint (strlen (error->message), <=, 2048);
  g_clear_error (&error);

  g_autofree char *broken = g_strdup ("a\xff");
  kvmm_virt_error_set (&error, KVMM_VIRT_ERROR_FAILED, broken);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

static void
test_classifies_calls (void)
{
  static const struct
  {
    int code, domain, system_errno;
    KvmmVirtErrorCode expected;
  } cases[] = {
    { VIR_ERR_NO_DOMAIN, VIR_FROM_QEMU, 0, KVMM_VIRT_ERROR_NO_SUCH_OBJECT },
    { VIR_ERR_DEVICE_MISSING, VIR_FROM_DOMAIN, 0, KVMM_VIRT_ERROR_NO_SUCH_OBJECT },
    { VIR_ERR_OPERATION_INVALID, VIR_FROM_QEMU, 0, KVMM_VIRT_ERROR_INVALID_STATE },
    { VIR_ERR_NO_SUPPORT, VIR_FROM_TEST, 0, KVMM_VIRT_ERROR_UNSUPPORTED },
    { VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_QEMU, 0, KVMM_VIRT_ERROR_UNSUPPORTED },
    { VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_QEMU, 0, KVMM_VIRT_ERROR_UNSUPPORTED },
    { VIR_ERR_AGENT_UNRESPONSIVE, VIR_FROM_QEMU, 0, KVMM_VIRT_ERROR_AGENT_UNRESPONSIVE },
    { VIR_ERR_OPERATION_TIMEOUT, VIR_FROM_QEMU, 0, KVMM_VIRT_ERROR_TIMEOUT },
    { VIR_ERR_XML_ERROR, VIR_FROM_DOMAIN, 0, KVMM_VIRT_ERROR_INVALID_XML },
    { VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, ENOENT, KVMM_VIRT_ERROR_STORAGE },
    { VIR_ERR_INTERNAL_ERROR, VIR_FROM_RPC, 0, KVMM_VIRT_ERROR_CONNECTION_LOST },
    { VIR_ERR_SYSTEM_ERROR, VIR_FROM_RPC, EPIPE, KVMM_VIRT_ERROR_CONNECTION_LOST },
    { VIR_ERR_INTERNAL_ERROR, VIR_FROM_QEMU, 0, KVMM_VIRT_ERROR_FAILED },
    { VIR_ERR_RPC, VIR_FROM_STREAMS, 0, KVMM_VIRT_ERROR_FAILED },
    { 9999, 9999, 0, KVMM_VIRT_ERROR_FAILED },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (
        kvmm_virt_error_classify (cases[i].code, cases[i].domain, cases[i].system_errno), ==,
        cases[i].expected);
}

static void
test_classifies_opens (void)
{
  static const struct
  {
    int code, domain, system_errno;
    KvmmVirtErrorCode expected;
  } cases[] = {
    { VIR_ERR_AUTH_UNAVAILABLE, VIR_FROM_POLKIT, 0, KVMM_VIRT_ERROR_ACCESS_DENIED },
    { VIR_ERR_AUTH_CANCELLED, VIR_FROM_POLKIT, 0, KVMM_VIRT_ERROR_AUTH_CANCELLED },
    { VIR_ERR_AUTH_CANCELLED, VIR_FROM_RPC, 0, KVMM_VIRT_ERROR_AUTH_CANCELLED },
    { VIR_ERR_AUTH_FAILED, VIR_FROM_POLKIT, 0, KVMM_VIRT_ERROR_ACCESS_DENIED },
    { VIR_ERR_INTERNAL_ERROR, VIR_FROM_DBUS, 0, KVMM_VIRT_ERROR_ACCESS_DENIED },
    { VIR_ERR_SYSTEM_ERROR, VIR_FROM_RPC, EACCES, KVMM_VIRT_ERROR_ACCESS_DENIED },
    { VIR_ERR_SYSTEM_ERROR, VIR_FROM_RPC, ENOENT, KVMM_VIRT_ERROR_CONNECTION_LOST },
    { VIR_ERR_SYSTEM_ERROR, VIR_FROM_RPC, ECONNREFUSED, KVMM_VIRT_ERROR_CONNECTION_LOST },
    { VIR_ERR_SYSTEM_ERROR, VIR_FROM_RPC, ECONNRESET, KVMM_VIRT_ERROR_CONNECTION_LOST },
    { VIR_ERR_NO_CONNECT, VIR_FROM_NONE, 0, KVMM_VIRT_ERROR_UNSUPPORTED },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (
        kvmm_virt_error_classify_connect (cases[i].code, cases[i].domain, cases[i].system_errno),
        ==, cases[i].expected);
}

static void
test_knows_local_uris (void)
{
  static const struct
  {
    const char *uri;
    gboolean is_local, is_session;
  } cases[] = {
    { "qemu:///system", TRUE, FALSE },
    { "qemu:///session", TRUE, TRUE },
    { "qemu+unix:///session?socket=/run/user/1000/libvirt/libvirt-sock", TRUE, TRUE },
    { "qemu:///session?socket=/tmp/x", TRUE, TRUE },
    { "qemu+unix:///system", TRUE, FALSE },
    { "test:///default", TRUE, FALSE },
    { "test:////abs/file.xml", TRUE, FALSE },
    { "qemu+ssh://root@host/system", FALSE, FALSE },
    { "qemu+ssh://localhost/session", FALSE, TRUE },
    { "qemu+tcp:///system", FALSE, FALSE },
    { "qemu://host/system", FALSE, FALSE },
    { "no uri", FALSE, FALSE },
    { "", FALSE, FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("%s", cases[i].uri);
      g_assert_cmpint (kvmm_virt_uri_is_local (cases[i].uri), ==, cases[i].is_local);
      g_assert_cmpint (kvmm_virt_uri_is_session (cases[i].uri), ==, cases[i].is_session);
    }
}

static void
test_maps_states (void)
{
  g_assert_cmpint (kvmm_domain_state_from_libvirt (VIR_DOMAIN_BLOCKED), ==,
                   KVMM_DOMAIN_STATE_RUNNING);
  g_assert_cmpint (kvmm_domain_state_from_libvirt (VIR_DOMAIN_PMSUSPENDED), ==,
                   KVMM_DOMAIN_STATE_SUSPENDED);
  g_assert_cmpint (kvmm_domain_state_from_libvirt (-1), ==, KVMM_DOMAIN_STATE_UNKNOWN);
  g_assert_cmpint (kvmm_domain_state_from_libvirt (4711), ==, KVMM_DOMAIN_STATE_UNKNOWN);
}

static void
test_sorts_by_collation (void)
{
  static const char *const names[] = { "gamma", "Alpha", "beta" };
  g_autoptr (GPtrArray) infos =
      g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_domain_info_unref);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      KvmmDomainInfoFields fields = { .uuid = "u", .name = names[i], .id = -1 };
      g_ptr_array_add (infos, kvmm_domain_info_new (&fields, NULL));
    }
  kvmm_domain_infos_sort (infos);
  for (guint i = 1; i < infos->len; i++)
    g_assert_cmpint (g_utf8_collate (kvmm_domain_info_get_name (infos->pdata[i - 1]),
                                     kvmm_domain_info_get_name (infos->pdata[i])),
                     <, 0);
}

static void
test_keeps_unreadable_xml (void)
{
  KvmmDomainInfoFields fields = { .uuid = "u", .name = "n\xff", .id = -1 };
  g_autoptr (KvmmDomainInfo) info = kvmm_domain_info_new (&fields, g_strdup ("<domain"));
  g_assert_cmpstr (kvmm_domain_info_get_xml (info), ==, "<domain");
  g_assert_null (kvmm_domain_info_get_facts (info));
  g_assert_true (g_utf8_validate (kvmm_domain_info_get_name (info), -1, NULL));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  virInitialize ();
  virSetErrorFunc (NULL, NULL);
  g_test_add_func ("/virt/error/carries-code-and-name", test_names_codes);
  g_test_add_func ("/virt/error/other-domains-have-no-code", test_other_domains_have_no_code);
  g_test_add_func ("/virt/error/without-a-libvirt-error", test_without_libvirt_error);
  g_test_add_func ("/virt/error/long-texts-are-cut", test_long_texts_are_cut);
  g_test_add_func ("/virt/error/classifies-calls", test_classifies_calls);
  g_test_add_func ("/virt/error/classifies-opens", test_classifies_opens);
  g_test_add_func ("/virt/uri/knows-local-and-session", test_knows_local_uris);
  g_test_add_func ("/virt/domain-info/maps-states", test_maps_states);
  g_test_add_func ("/virt/domain-info/sorts-by-collation", test_sorts_by_collation);
  g_test_add_func ("/virt/domain-info/keeps-unreadable-xml", test_keeps_unreadable_xml);
  return g_test_run ();
}
