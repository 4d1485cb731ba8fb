/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gstdio.h>
#include <math.h>

#include "model/kvmm-connection-private.h"
#include "test-model.h"

static void
test_create_drop (void)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  KvmmConnection *connection = kvmm_connection_new ("test:///default", settings);

  g_assert_cmpstr (kvmm_connection_get_uri (connection), ==, "test:///default");
  g_assert_cmpstr (kvmm_connection_get_name (connection), ==, "This computer (test)");
  g_assert_cmpint (kvmm_connection_get_state (connection), ==, KVMM_CONNECTION_DISCONNECTED);
  g_assert_finalize_object (connection);
}

static void
test_lists_the_default_host (void)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  KvmmConnection *connection = kvmm_connection_new ("test:///default", settings);
  g_autoptr (TestShadow) shadow = test_shadow_new (G_LIST_MODEL (connection));
  guint n_listed = 0;

  g_signal_connect (connection, "listed", G_CALLBACK (test_count_cb), &n_listed);
  kvmm_connection_connect (connection);
  g_assert_cmpint (kvmm_connection_get_state (connection), ==, KVMM_CONNECTION_CONNECTING);
  TEST_RUN_UNTIL (n_listed == 1);

  KvmmDomain *domain = kvmm_connection_find (connection, "test");
  g_assert_nonnull (domain);
  g_assert_true (kvmm_connection_find (connection, kvmm_domain_get_uuid (domain)) == domain);
  g_assert_cmpint (kvmm_domain_get_state (domain), ==, KVMM_DOMAIN_STATE_RUNNING);
  g_assert_cmpstr (kvmm_domain_get_state_text (domain), ==, "Running");
  g_assert_cmpuint (kvmm_domain_get_memory_kib (domain), ==, 2097152);
  g_assert_cmpuint (kvmm_domain_get_vcpus (domain), ==, 2);
  g_assert_cmpuint (kvmm_connection_get_n_running (connection), ==, 1);
  g_assert_true (kvmm_connection_get_is_loaded (connection));
  g_assert_cmpstr (kvmm_connection_get_host (connection)->driver, ==, "TEST");
  test_shadow_check (shadow);
  g_clear_pointer (&shadow, test_shadow_free);
  test_drop (connection);
}

int
main (int argc, char **argv)
{
  test_model_init (&argc, &argv);
  g_test_add_func ("/model/connection/create-drop", test_create_drop);
  g_test_add_func ("/model/connection/lists-the-default-host", test_lists_the_default_host);
  return g_test_run ();
}
