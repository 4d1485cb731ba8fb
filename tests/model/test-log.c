/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-log.h"
#include "test-model.h"

static void
test_create_drop (void)
{
  KvmmLog *log = kvmm_log_new ();

  kvmm_log_add (log, 0, "started", "Started");
  g_assert_finalize_object (log);
}

static void
test_entries_say_what_was_added (void)
{
  g_autoptr (KvmmLog) log = kvmm_log_new ();
  g_autoptr (KvmmLogEntry) entry = NULL;
  g_autoptr (KvmmLogEntry) now = NULL;
  gint64 before_us = g_get_real_time ();

  kvmm_log_add (log, 123456, "watchdog:pause", "The watchdog fired");
  kvmm_log_add (log, 0, NULL, "Something");
  entry = g_list_model_get_item (G_LIST_MODEL (log), 0);
  g_assert_cmpint (kvmm_log_entry_get_time_us (entry), ==, 123456);
  g_assert_cmpstr (kvmm_log_entry_get_word (entry), ==, "watchdog:pause");
  g_assert_cmpstr (kvmm_log_entry_get_text (entry), ==, "The watchdog fired");
  g_assert_cmpstr (kvmm_log_entry_get_icon_name (entry), ==, "dialog-warning-symbolic");
  now = g_list_model_get_item (G_LIST_MODEL (log), 1);
  g_assert_cmpint (kvmm_log_entry_get_time_us (now), >=, before_us);
  g_assert_cmpstr (kvmm_log_entry_get_word (now), ==, "");
}

static void
test_keeps_the_newest (void)
{
  g_autoptr (KvmmLog) log = kvmm_log_new ();
  g_autoptr (TestShadow) shadow = test_shadow_new (G_LIST_MODEL (log));
  g_autoptr (KvmmLogEntry) first = NULL;

  for (int i = 0; i < KVMM_LOG_MAX_ENTRIES + 7; i++)
    kvmm_log_add (log, 1 + i, "started", "Started");
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (log)), ==, KVMM_LOG_MAX_ENTRIES);
  first = g_list_model_get_item (G_LIST_MODEL (log), 0);
  g_assert_cmpint (kvmm_log_entry_get_time_us (first), ==, 8);
  test_shadow_check (shadow);
}

int
main (int argc, char **argv)
{
  test_model_init (&argc, &argv);
  g_test_add_func ("/model/log/create-drop", test_create_drop);
  g_test_add_func ("/model/log/entries-say-what-was-added", test_entries_say_what_was_added);
  g_test_add_func ("/model/log/keeps-the-newest", test_keeps_the_newest);
  return g_test_run ();
}
