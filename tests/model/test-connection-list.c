/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gstdio.h>

#include "model/kvmm-connection-list.h"
#include "model/kvmm-flat-list.h"
#include "test-model.h"

#define DEFAULT_UUID "6695eb01-f6a4-8304-79aa-97f2502e193f"

static void
set_connections (KvmmSettings *settings, const char *const *uris)
{
  g_settings_set_strv (kvmm_settings_get_gsettings (settings), KVMM_SETTINGS_CONNECTIONS, uris);
  g_settings_set_strv (kvmm_settings_get_gsettings (settings), KVMM_SETTINGS_AUTOCONNECT, NULL);
}

static void
test_create_drop (void)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  KvmmConnectionList *list = kvmm_connection_list_new (settings);

  kvmm_connection_list_ensure (list, "test:///default", FALSE);
  g_assert_finalize_object (list);
}

static void
test_loads_what_the_settings_name (void)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  const char *const uris[] = { "test:///default", "test+unix:///nowhere", NULL };

  set_connections (settings, uris);
  kvmm_settings_set_autoconnect (settings, uris[0], TRUE);
  KvmmConnectionList *list = kvmm_connection_list_new (settings);
  TestShadow *shadow = test_shadow_new (G_LIST_MODEL (list));
  kvmm_connection_list_load (list);
  g_assert_cmpuint (shadow->items->len, ==, 2);
  g_assert_cmpint (kvmm_connection_get_state (shadow->items->pdata[0]), ==,
                   KVMM_CONNECTION_CONNECTING);
  g_assert_cmpint (kvmm_connection_get_state (shadow->items->pdata[1]), ==,
                   KVMM_CONNECTION_DISCONNECTED);
  TEST_RUN_UNTIL (kvmm_connection_get_is_loaded (shadow->items->pdata[0]));
  test_shadow_free (shadow);
  test_drop_object (list);
}

static void
test_remembers_and_forgets (void)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  const char *const uris[] = { NULL };

  set_connections (settings, uris);
  KvmmConnectionList *list = kvmm_connection_list_new (settings);
  TestShadow *shadow = test_shadow_new (G_LIST_MODEL (list));
  KvmmConnection *first = kvmm_connection_list_ensure (list, "test:///default", FALSE);
  g_assert_true (kvmm_connection_list_ensure (list, "test:///default", TRUE) == first);
  g_assert_cmpuint (shadow->items->len, ==, 1);
  g_auto (GStrv) stored = kvmm_settings_dup_connections (settings);
  g_assert_cmpuint (g_strv_length (stored), ==, 1);
  g_assert_true (kvmm_settings_get_autoconnect (settings, "test:///default"));

  kvmm_connection_list_remove (list, first);
  g_assert_cmpuint (shadow->items->len, ==, 0);
  g_auto (GStrv) left = kvmm_settings_dup_connections (settings);
  g_assert_cmpuint (g_strv_length (left), ==, 0);
  test_shadow_free (shadow);
  test_drop_object (list);
}

/* The same host twice, as qemu:///system and the same over ssh would be: two machines. */
static void
test_one_flat_list_over_all_connections (void)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  g_autofree char *path = test_host_file_new (30);
  g_autofree char *uri = g_strconcat ("test:///", path, NULL);
  g_autofree char *same_uri = g_strconcat ("test:///", path, "?again", NULL);
  KvmmConnectionList *list = kvmm_connection_list_new (settings);
  TestShadow *shadow = test_shadow_new (kvmm_connection_list_get_domains (list));
  KvmmConnection *first = kvmm_connection_list_ensure (list, uri, FALSE);
  KvmmConnection *middle = kvmm_connection_list_ensure (list, "test:///default", FALSE);
  KvmmConnection *last = kvmm_connection_list_ensure (list, same_uri, FALSE);

  g_assert_true (g_list_model_get_item_type (kvmm_connection_list_get_domains (list)) ==
                 KVMM_TYPE_DOMAIN);
  kvmm_connection_connect (last);
  kvmm_connection_connect (first);
  kvmm_connection_connect (middle);
  TEST_RUN_UNTIL (kvmm_connection_get_is_loaded (first) && kvmm_connection_get_is_loaded (middle) &&
                  kvmm_connection_get_is_loaded (last));
  g_assert_cmpuint (shadow->items->len, ==, 61);
  test_shadow_check (shadow);

  KvmmDomain *domain = kvmm_connection_list_find (list, "machine-00003");
  g_assert_true (kvmm_domain_get_connection (domain) == first);
  KvmmDomain *twin = kvmm_connection_find (last, kvmm_domain_get_uuid (domain));
  gboolean is_active = kvmm_domain_get_is_active (domain);

  g_assert_true (twin != domain);
  g_assert_cmpstr (kvmm_domain_get_name (twin), ==, kvmm_domain_get_name (domain));
  g_assert_cmpint (kvmm_domain_get_is_active (twin), ==, is_active);
  /* What is done to one is not done to the other of that name. */
  g_assert_true (
      test_act (twin, is_active ? KVMM_DOMAIN_ACTION_FORCE_OFF : KVMM_DOMAIN_ACTION_START, NULL));
  TEST_RUN_UNTIL (kvmm_domain_get_is_active (twin) != is_active);
  test_settle ();
  g_assert_cmpint (kvmm_domain_get_is_active (domain), ==, is_active);
  g_assert_cmpstr (kvmm_domain_get_name (kvmm_connection_list_find (list, DEFAULT_UUID)), ==,
                   "test");
  g_assert_null (kvmm_connection_list_find (list, "nobody"));

  test_other_client ("test:///default", test_client_destroy, "test");
  TEST_RUN_UNTIL (kvmm_connection_get_n_running (middle) == 0);
  test_other_client ("test:///default", test_client_create, "test");
  TEST_RUN_UNTIL (kvmm_connection_get_n_running (middle) == 1);
  kvmm_connection_list_remove (list, middle);
  g_assert_cmpuint (shadow->items->len, ==, 60);
  test_shadow_check (shadow);
  kvmm_connection_list_remove (list, last);
  test_settle ();
  g_assert_cmpuint (shadow->items->len, ==, 30);
  test_shadow_free (shadow);
  test_drop_object (list);
  g_unlink (path);
}

static void
add_machine (GListStore *store, guint position)
{
  g_autoptr (GMenuItem) item = g_menu_item_new ("an item", NULL);

  g_list_store_insert (store, position, item);
}

static void
test_flat_list_follows_random_changes (void)
{
  g_autoptr (KvmmFlatList) flat = kvmm_flat_list_new (G_TYPE_MENU_ITEM);
  GListStore *stores[4];
  gboolean is_in[4] = { FALSE };

  for (guint i = 0; i < 4; i++)
    stores[i] = g_list_store_new (G_TYPE_MENU_ITEM);
  {
    g_autoptr (TestShadow) shadow = test_shadow_new (G_LIST_MODEL (flat));
    for (guint i = 0; i < 2000; i++)
      {
        guint which = (guint) g_test_rand_int_range (0, 4);
        guint n_items = g_list_model_get_n_items (G_LIST_MODEL (stores[which]));
        int what = g_test_rand_int_range (0, 20);

        if (what == 0 && is_in[which])
          kvmm_flat_list_remove (flat, G_LIST_MODEL (stores[which]));
        else if (what == 0)
          kvmm_flat_list_append (flat, G_LIST_MODEL (stores[which]));
        if (what == 0)
          is_in[which] = !is_in[which];
        else if (what < 12 || n_items == 0)
          add_machine (stores[which], (guint) g_test_rand_int_range (0, (int) n_items + 1));
        else
          g_list_store_remove (stores[which], (guint) g_test_rand_int_range (0, (int) n_items));
      }
    test_shadow_check (shadow);
    g_assert_cmpuint (shadow->n_signals, >, 100);
  }
  for (guint i = 0; i < 4; i++)
    g_object_unref (stores[i]);
  g_assert_finalize_object (g_steal_pointer (&flat));
}

int
main (int argc, char **argv)
{
  test_model_init (&argc, &argv);
  g_test_add_func ("/model/connection-list/create-drop", test_create_drop);
  g_test_add_func ("/model/connection-list/loads-what-the-settings-name",
                   test_loads_what_the_settings_name);
  g_test_add_func ("/model/connection-list/remembers-and-forgets", test_remembers_and_forgets);
  g_test_add_func ("/model/connection-list/one-flat-list-over-all-connections",
                   test_one_flat_list_over_all_connections);
  g_test_add_func ("/model/connection-list/flat-list-follows-random-changes",
                   test_flat_list_follows_random_changes);
  return g_test_run ();
}
