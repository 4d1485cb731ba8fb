/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>
#include <libvirt/libvirt.h>

#include "model/kvmm-connection.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* What every test of this layer needs: a main loop that runs until something is true, and a
 * listener that checks what list models say. */

#define TEST_DEADLINE_SECONDS 90

/** test_model_init: as main() does; also makes every GLib warning fatal */
void test_model_init (int *argc, char ***argv);
#define TEST_RUN_UNTIL(expression)                                                                 \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gint64 test_end_us = g_get_monotonic_time () + TEST_DEADLINE_SECONDS * G_USEC_PER_SEC;         \
    guint test_tick = g_timeout_add (20, test_wake_cb, NULL);                                      \
    while (!(expression))                                                                          \
      {                                                                                            \
        if (g_get_monotonic_time () > test_end_us)                                                 \
          g_error ("%s: not within %d s: %s", G_STRFUNC, TEST_DEADLINE_SECONDS, #expression);      \
        g_main_context_iteration (NULL, TRUE);                                                     \
      }                                                                                            \
    g_source_remove (test_tick);                                                                   \
  }                                                                                                \
  G_STMT_END
gboolean test_wake_cb (gpointer user_data);
/** test_settle: iterates until nothing is ready */
void test_settle (void);

KvmmSettings *test_settings_new (void);

/* ---- A shadow of a list model ---- */

typedef struct
{
  GListModel *model; /* (owned) */
  GPtrArray *items;  /* (owned) what the signals say */
  gulong handler;
  guint n_signals;
  guint max_added;
} TestShadow;
TestShadow *test_shadow_new (GListModel *model);
/** test_shadow_check: the items are what the signals said */
void test_shadow_check (TestShadow *self);
/** test_shadow_dup_items: Returns: (transfer full): the items as they are now */
GPtrArray *test_shadow_dup_items (TestShadow *self);
void test_shadow_free (TestShadow *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestShadow, test_shadow_free)

/** test_count_cb: a signal handler without arguments; counts in a guint */
void test_count_cb (GObject *object, gpointer user_data);
void test_count_notify_cb (GObject *object, GParamSpec *pspec, gpointer user_data);

/** test_result_cb: a GAsyncReadyCallback that keeps the result in a GAsyncResult * */
void test_result_cb (GObject *source, GAsyncResult *result, gpointer user_data);

/** test_act: runs an action to its end */
gboolean test_act (KvmmDomain *domain, KvmmDomainAction action, GError **error);

/** test_other_client: another program's change: runs @func on a thread of its own with an open
 * libvirt connection, the main loop meanwhile */
typedef void (*TestClientFunc) (virConnectPtr connect, const char *argument);
void test_other_client (const char *uri, TestClientFunc func, const char *argument);
void test_client_define (virConnectPtr connect, const char *xml);
void test_client_undefine (virConnectPtr connect, const char *name);
void test_client_destroy (virConnectPtr connect, const char *name);
void test_client_create (virConnectPtr connect, const char *name);
void test_client_create_paused (virConnectPtr connect, const char *name);
void test_client_resume (virConnectPtr connect, const char *name);

/** test_host_file_new: Returns: (transfer full): the path of a new node file for test:/// with
 * @n_domains machines, half of them running */
char *test_host_file_new (guint n_domains);

/** test_connected: Returns: (transfer full): a connection, complete */
KvmmConnection *test_connected (const char *uri, KvmmSettings *settings);
/** test_drop: lets go of the connection and of what still runs for it, and checks that it ends */
void test_drop (KvmmConnection *connection);

/** test_drop_object: drops the caller's reference; checks that the object ends when what is under
 * way has ended */
void test_drop_object (gpointer object);

G_END_DECLS
