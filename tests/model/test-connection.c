/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gstdio.h>
#include <math.h>

#include "model/kvmm-connection-name.h"
#include "model/kvmm-connection-private.h"
#include "model/kvmm-domain-store.h"
#include "test-model.h"
#include "virt/kvmm-virt-private.h"

static void
test_create_drop (void)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  KvmmConnection *connection = kvmm_connection_new ("test:///default", settings);

  g_assert_cmpstr (kvmm_connection_get_uri (connection), ==, "test:///default");
  g_assert_cmpint (kvmm_connection_get_state (connection), ==, KVMM_CONNECTION_DISCONNECTED);
  g_assert_true (isnan (kvmm_connection_get_host_cpu_fraction (connection)));
  g_assert_null (kvmm_connection_get_host (connection));
  g_assert_finalize_object (connection);
}

static void
test_names_are_for_people (void)
{
  static const struct
  {
    const char *uri;
    const char *name;
  } cases[] = {
    { "qemu:///system", "This computer" },
    { "qemu:///session", "This computer (your session)" },
    { "qemu+ssh://root@db1.example.org/system", "db1.example.org" },
    { "qemu+ssh://[fe80::1]:2222/session", "fe80::1 (your session)" },
    { "xen:///system", "This computer (Xen)" },
    { "test:///default", "This computer (test)" },
    { "test:////srv/hosts/big.xml", "Test host big.xml" },
    { "not a uri", "not a uri" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *name = kvmm_connection_name_for_uri (cases[i].uri);
      g_assert_cmpstr (name, ==, cases[i].name);
    }
}

static void
test_lists_the_default_host (void)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  KvmmConnection *connection = kvmm_connection_new ("test:///default", settings);
  TestShadow *shadow = test_shadow_new (G_LIST_MODEL (connection));
  guint n_listed = 0, n_states = 0;

  g_signal_connect (connection, "listed", G_CALLBACK (test_count_cb), &n_listed);
  g_signal_connect (connection, "notify::state", G_CALLBACK (test_count_notify_cb), &n_states);
  kvmm_connection_connect (connection);
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
  g_assert_cmpuint (n_states, ==, 2);
  g_assert_null (kvmm_connection_get_error_text (connection));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (kvmm_connection_get_log (connection))),
                    ==, 1);
  test_shadow_check (shadow);
  test_shadow_free (shadow);
  test_drop (connection);
}

/* Every property of the header exists and can be read in every state. */
static void
test_properties_read (void)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  KvmmConnection *connection = kvmm_connection_new ("test:///default", settings);

  for (guint pass = 0; pass < 2; pass++)
    {
      g_autofree GParamSpec **pspecs = NULL;
      guint n_pspecs;

      pspecs = g_object_class_list_properties (G_OBJECT_GET_CLASS (connection), &n_pspecs);
      g_assert_cmpuint (n_pspecs, ==, 12);
      for (guint i = 0; i < n_pspecs; i++)
        {
          g_auto (GValue) value = G_VALUE_INIT;
          g_object_get_property (G_OBJECT (connection), pspecs[i]->name, &value);
        }
      kvmm_connection_connect (connection);
      TEST_RUN_UNTIL (kvmm_connection_get_is_loaded (connection));
    }
  test_drop (connection);
}

static void
test_bulk_arrives_in_chunks (void)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  g_autofree char *path = test_host_file_new (1000);
  g_autofree char *uri = g_strconcat ("test:///", path, NULL);
  KvmmConnection *connection = kvmm_connection_new (uri, settings);
  TestShadow *shadow = test_shadow_new (G_LIST_MODEL (connection));

  kvmm_connection_connect (connection);
  TEST_RUN_UNTIL (shadow->items->len > 0);
  g_assert_cmpuint (shadow->items->len, <=, kvmm_domain_store_get_chunk (0));
  g_assert_cmpuint (kvmm_domain_store_get_chunk (0), <=, 24);
  TEST_RUN_UNTIL (kvmm_connection_get_is_loaded (connection));

  g_assert_cmpuint (shadow->items->len, ==, 1000);
  g_assert_cmpuint (kvmm_connection_get_n_running (connection), ==, 500);
  g_assert_cmpuint (shadow->max_added, <=, kvmm_domain_store_get_chunk (G_MAXUINT));
  /* Facts that came later moved no row. */
  g_assert_cmpuint (shadow->n_signals, <, 30);

  KvmmDomain *domain = kvmm_connection_find (connection, "machine-00999");
  guint position = 0;
  g_assert_cmpstr (kvmm_domain_get_title (domain), ==, "Title 999");
  g_assert_true (kvmm_connection_get_position (connection, domain, &position));
  g_autoptr (KvmmDomain) at = g_list_model_get_item (G_LIST_MODEL (connection), position);
  g_assert_true (at == domain);
  test_shadow_free (shadow);
  test_drop (connection);
  g_unlink (path);
}

static void
test_refresh_keeps_the_objects (void)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  g_autofree char *path = test_host_file_new (40);
  g_autofree char *uri = g_strconcat ("test:///", path, NULL);
  KvmmConnection *connection = test_connected (uri, settings);
  TestShadow *shadow = test_shadow_new (G_LIST_MODEL (connection));
  guint n_listed = 0, n_notifies = 0;

  g_signal_connect (connection, "listed", G_CALLBACK (test_count_cb), &n_listed);
  for (guint i = 0; i < 40; i++)
    g_signal_connect (shadow->items->pdata[i], "notify", G_CALLBACK (test_count_notify_cb),
                      &n_notifies);
  kvmm_connection_refresh (connection);
  kvmm_connection_refresh (connection);
  TEST_RUN_UNTIL (n_listed == 2);
  g_assert_cmpuint (shadow->n_signals, ==, 0);
  g_assert_cmpuint (n_notifies, ==, 0);
  test_shadow_check (shadow);
  for (guint i = 0; i < 40; i++)
    g_signal_handlers_disconnect_by_data (shadow->items->pdata[i], &n_notifies);
  test_shadow_free (shadow);
  test_drop (connection);
  g_unlink (path);
}

static void
test_disconnect_keeps_rows (void)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  g_autofree char *path = test_host_file_new (60);
  g_autofree char *uri = g_strconcat ("test:///", path, NULL);
  KvmmConnection *connection = test_connected (uri, settings);
  TestShadow *shadow = test_shadow_new (G_LIST_MODEL (connection));
  g_autoptr (GPtrArray) before = test_shadow_dup_items (shadow);
  const char *reason = NULL;

  kvmm_connection_disconnect (connection);
  g_assert_cmpint (kvmm_connection_get_state (connection), ==, KVMM_CONNECTION_DISCONNECTED);
  TEST_RUN_UNTIL (kvmm_connection_get_n_running (connection) == 0);
  test_settle ();
  g_assert_cmpuint (shadow->items->len, ==, 60);
  for (guint i = 0; i < 60; i++)
    g_assert_cmpint (kvmm_domain_get_state (before->pdata[i]), ==, KVMM_DOMAIN_STATE_UNKNOWN);
  g_assert_false (kvmm_domain_can (before->pdata[0], KVMM_DOMAIN_ACTION_START, &reason));
  g_assert_cmpstr (reason, ==, "There is no connection to the host.");

  kvmm_connection_connect (connection);
  TEST_RUN_UNTIL (kvmm_connection_get_n_running (connection) == 30);
  test_settle ();
  for (guint i = 0; i < 60; i++)
    g_assert_true (before->pdata[i] == shadow->items->pdata[i]);
  test_shadow_free (shadow);
  test_drop (connection);
  g_unlink (path);
}

static void
test_unreachable_says_why_and_tries_again (void)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  KvmmConnection *connection =
      kvmm_connection_new ("test+unix:///default?socket=/nowhere/libvirt-sock", settings);

  kvmm_connection_connect (connection);
  TEST_RUN_UNTIL (kvmm_connection_get_state (connection) == KVMM_CONNECTION_LOST);
  g_assert_error (kvmm_connection_get_error (connection), KVMM_VIRT_ERROR,
                  KVMM_VIRT_ERROR_CONNECTION_LOST);
  g_assert_nonnull (kvmm_connection_get_error_text (connection));
  g_assert_cmpint (kvmm_connection_get_retry_at_us (connection), >, g_get_monotonic_time ());
  g_assert_cmpint (kvmm_connection_get_retry_at_us (connection), <=,
                   g_get_monotonic_time () + G_USEC_PER_SEC);

  /* By itself, and with a longer wait after each failure. */
  TEST_RUN_UNTIL (kvmm_connection_get_state (connection) == KVMM_CONNECTION_CONNECTING);
  g_assert_nonnull (kvmm_connection_get_error_text (connection));
  TEST_RUN_UNTIL (kvmm_connection_get_state (connection) == KVMM_CONNECTION_LOST);
  g_assert_cmpint (kvmm_connection_get_retry_at_us (connection), >,
                   g_get_monotonic_time () + G_USEC_PER_SEC);
  /* At once on request. */
  kvmm_connection_connect (connection);
  g_assert_cmpint (kvmm_connection_get_state (connection), ==, KVMM_CONNECTION_CONNECTING);
  g_assert_cmpint (kvmm_connection_get_retry_at_us (connection), ==, 0);
  test_drop (connection);
}

static void
test_unknown_driver_fails_for_good (void)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  KvmmConnection *connection = kvmm_connection_new ("qemu+carrier-pigeon:///system", settings);

  kvmm_connection_connect (connection);
  TEST_RUN_UNTIL (kvmm_connection_get_state (connection) == KVMM_CONNECTION_FAILED);
  g_assert_error (kvmm_connection_get_error (connection), KVMM_VIRT_ERROR,
                  KVMM_VIRT_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (kvmm_connection_get_cure_text (connection), "qemu:///system"));
  g_assert_cmpint (kvmm_connection_get_retry_at_us (connection), ==, 0);
  test_drop (connection);
}

/* ---- slow hosts ---- */

typedef struct
{
  GAsyncQueue *gate;
  int n_waiting;
} Block;

static void
block_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  Block *block = data;

  g_atomic_int_inc (&block->n_waiting);
  g_async_queue_pop (block->gate);
  g_task_return_boolean (task, TRUE);
}

static void
test_slow_host_never_blocks_the_main_loop (void)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  KvmmConnection *connection = test_connected ("test:///default", settings);
  g_autoptr (GAsyncQueue) gate = g_async_queue_new ();
  Block block = { gate, 0 };
  GAsyncResult *results[KVMM_CONNECTION_N_LANES] = { NULL };
  const guint n_threads[KVMM_CONNECTION_N_LANES] = { 1, 2, 1, 1, 1, 1, 1 };
  gint64 longest_us = 0;

  kvmm_connection_hold_stats (connection);
  for (guint lane = 0; lane < KVMM_CONNECTION_N_LANES; lane++)
    {
      g_autoptr (GTask) task = g_task_new (connection, NULL, test_result_cb, &results[lane]);
      kvmm_connection_run (connection, lane, G_PRIORITY_HIGH, task, block_func, &block, NULL);
    }
  /* The second query thread is still free. */
  TEST_RUN_UNTIL (g_atomic_int_get (&block.n_waiting) == KVMM_CONNECTION_N_LANES);

  gint64 end_us = g_get_monotonic_time () + G_USEC_PER_SEC / 2;
  guint tick = g_timeout_add (5, test_wake_cb, NULL);
  kvmm_connection_refresh (connection);
  for (gint64 now_us = g_get_monotonic_time (); now_us < end_us;)
    {
      g_main_context_iteration (NULL, TRUE);
      gint64 then_us = g_get_monotonic_time ();
      longest_us = MAX (longest_us, then_us - now_us);
      now_us = then_us;
    }
  g_source_remove (tick);
  g_test_message ("longest turn %" G_GINT64_FORMAT " ms", longest_us / 1000);

  for (guint lane = 0; lane < KVMM_CONNECTION_N_LANES; lane++)
    for (guint i = 0; i < n_threads[lane]; i++)
      g_async_queue_push (gate, gate);
  for (guint lane = 0; lane < KVMM_CONNECTION_N_LANES; lane++)
    {
      TEST_RUN_UNTIL (results[lane] != NULL);
      g_clear_object (&results[lane]);
    }
  kvmm_connection_release_stats (connection);
  test_drop (connection);
}

/* The last reference goes while a worker still runs for the connection: the object must end on the
 * main thread all the same (its dispose asserts that). */
static void
test_ends_on_the_main_thread (void)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  KvmmConnection *connection = test_connected ("test:///default", settings);
  g_autoptr (GAsyncQueue) gate = g_async_queue_new ();
  Block block = { gate, 0 };
  GAsyncResult *result = NULL;
  gpointer gone = connection;
  GTask *task = g_task_new (connection, NULL, test_result_cb, &result);

  kvmm_connection_run (connection, KVMM_CONNECTION_LANE_SLOW, 0, task, block_func, &block, NULL);
  g_object_unref (task);
  TEST_RUN_UNTIL (g_atomic_int_get (&block.n_waiting) == 1);
  g_object_add_weak_pointer (G_OBJECT (connection), &gone);
  g_object_unref (connection);
  g_assert_nonnull (gone);
  g_async_queue_push (gate, gate);
  TEST_RUN_UNTIL (result != NULL);
  g_assert_true (g_task_propagate_boolean (G_TASK (result), NULL));
  g_clear_object (&result);
  TEST_RUN_UNTIL (gone == NULL);
}

static void
test_cancelled_call_returns_at_once (void)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  KvmmConnection *connection = test_connected ("test:///default", settings);
  g_autoptr (GAsyncQueue) gate = g_async_queue_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  Block block = { gate, 0 };
  GTask *task = g_task_new (connection, cancellable, test_result_cb, &result);

  kvmm_connection_run (connection, KVMM_CONNECTION_LANE_SLOW, 0, task, block_func, &block, NULL);
  g_object_unref (task);
  TEST_RUN_UNTIL (g_atomic_int_get (&block.n_waiting) == 1);
  g_cancellable_cancel (cancellable);
  TEST_RUN_UNTIL (result != NULL);
  g_assert_false (g_task_propagate_boolean (G_TASK (result), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_async_queue_push (gate, gate);
  g_clear_object (&result);
  test_drop (connection);
}

static void
name_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  g_task_return_pointer (task, g_strdup (kvmm_virt_connect_get_uri (connect)), g_free);
}

static void
test_call_without_connection_fails (void)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  g_autoptr (KvmmConnection) connection = kvmm_connection_new ("test:///default", settings);

  for (guint lane = 0; lane < KVMM_CONNECTION_N_LANES; lane++)
    {
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GError) error = NULL;
      GTask *task = g_task_new (connection, NULL, test_result_cb, &result);

      kvmm_connection_run (connection, lane, 0, task, name_func, g_strdup ("freed"), g_free);
      g_object_unref (task);
      TEST_RUN_UNTIL (result != NULL);
      g_assert_null (g_task_propagate_pointer (G_TASK (result), &error));
      g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_CONNECTION_LOST);
    }
}

static void
test_agent_link_opens_with_the_first_call (void)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  KvmmConnection *connection = test_connected ("test:///default", settings);
  guint n_opened = 0, n_lost = 0;

  g_signal_connect (connection, "agent-link-opened", G_CALLBACK (test_count_cb), &n_opened);
  g_signal_connect (connection, "agent-link-lost", G_CALLBACK (test_count_cb), &n_lost);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GError) error = NULL;
      GTask *task = g_task_new (connection, NULL, test_result_cb, &result);

      kvmm_connection_run (connection, KVMM_CONNECTION_LANE_AGENT, 0, task, name_func, NULL, NULL);
      g_object_unref (task);
      TEST_RUN_UNTIL (result != NULL);
      g_autofree char *uri = g_task_propagate_pointer (G_TASK (result), &error);
      g_assert_no_error (error);
      g_assert_cmpstr (uri, ==, "test:///default");
    }
  g_assert_cmpuint (n_opened, ==, 1);
  g_assert_cmpuint (n_lost, ==, 0);
  kvmm_connection_disconnect (connection);
  g_assert_cmpuint (n_lost, ==, 1);
  test_drop (connection);
}

static void
push_seen (KvmmDomainStore *store, const char *uuid, guint64 serial)
{
  GPtrArray *infos = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_domain_info_unref);
  const KvmmDomainInfoFields fields = {
    .uuid = uuid, .name = "short-lived", .id = -1, .state = KVMM_DOMAIN_STATE_RUNNING
  };

  g_ptr_array_add (infos, kvmm_domain_info_new (&fields, NULL));
  kvmm_domain_store_push_infos (store, infos, serial);
  kvmm_domain_store_flush (store);
}

/* Two reads at once, and the older one ends last. */
static void
test_what_is_gone_is_not_brought_back_by_an_older_read (void)
{
  const char *uuid = "a0000000-0000-4000-8000-000000000009";
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  g_autoptr (KvmmConnection) connection = kvmm_connection_new ("test:///default", settings);
  g_autoptr (KvmmDomainStore) store = kvmm_domain_store_new (connection);

  push_seen (store, uuid, 1);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (store)), ==, 1);
  kvmm_domain_store_push_removed (store, uuid, 3);
  kvmm_domain_store_flush (store);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (store)), ==, 0);
  push_seen (store, uuid, 2);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (store)), ==, 0);
  /* Defined anew. */
  push_seen (store, uuid, 4);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (store)), ==, 1);
  kvmm_domain_store_close (store);
}

int
main (int argc, char **argv)
{
  test_model_init (&argc, &argv);
  g_test_add_func ("/model/connection/create-drop", test_create_drop);
  g_test_add_func ("/model/connection/names-are-for-people", test_names_are_for_people);
  g_test_add_func ("/model/connection/lists-the-default-host", test_lists_the_default_host);
  g_test_add_func ("/model/connection/properties-read", test_properties_read);
  g_test_add_func ("/model/connection/bulk-arrives-in-chunks", test_bulk_arrives_in_chunks);
  g_test_add_func ("/model/connection/refresh-keeps-the-objects", test_refresh_keeps_the_objects);
  g_test_add_func ("/model/connection/disconnect-keeps-rows", test_disconnect_keeps_rows);
  g_test_add_func ("/model/connection/unreachable-says-why-and-tries-again",
                   test_unreachable_says_why_and_tries_again);
  g_test_add_func ("/model/connection/unknown-driver-fails-for-good",
                   test_unknown_driver_fails_for_good);
  g_test_add_func ("/model/connection/slow-host-never-blocks-the-main-loop",
                   test_slow_host_never_blocks_the_main_loop);
  g_test_add_func ("/model/connection/ends-on-the-main-thread", test_ends_on_the_main_thread);
  g_test_add_func ("/model/connection/cancelled-call-returns-at-once",
                   test_cancelled_call_returns_at_once);
  g_test_add_func ("/model/connection/call-without-connection-fails",
                   test_call_without_connection_fails);
  g_test_add_func ("/model/connection/agent-link-opens-with-the-first-call",
                   test_agent_link_opens_with_the_first_call);
  g_test_add_func ("/model/connection/what-is-gone-is-not-brought-back-by-an-older-read",
                   test_what_is_gone_is_not_brought_back_by_an_older_read);
  return g_test_run ();
}
