/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <libvirt/virterror.h>
#include <math.h>
#include <unistd.h>

#include "model/kvmm-connection-private.h"
#include "test-model.h"
#include "virt/kvmm-virt-stream.h"

/* Cases against the daemon that script/lib/private-libvirt.sh started, with machines that QEMU
 * really runs (without an operating system in them). */

#define LATENCY_ROUNDS 9
#define LATENCY_LIMIT_US (30 * 1000)

static const char *
uri (void)
{
  return g_getenv ("KVMM_LIBVIRT_URI");
}

/* kill, start, stop, continue: does that to the daemon */
static void
control (const char *word)
{
  g_autofree char *line = g_strconcat (word, "\n", NULL);
  int fd = g_open (g_getenv ("KVMM_LIBVIRT_CONTROL"), O_WRONLY | O_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, line, strlen (line)), ==, (gssize) strlen (line));
  close (fd);
}

typedef struct
{
  KvmmSettings *settings;
  KvmmConnection *connection;
  TestShadow *shadow;
} Fixture;

static void
remove_all (virConnectPtr connect, const char *unused)
{
  virDomainPtr *domains = NULL;
  int n_domains = virConnectListAllDomains (connect, &domains, 0);

  for (int i = 0; i < n_domains; i++)
    {
      if (virDomainIsActive (domains[i]) == 1)
        virDomainDestroy (domains[i]);
      virDomainUndefineFlags (domains[i], VIR_DOMAIN_UNDEFINE_MANAGED_SAVE);
      virDomainFree (domains[i]);
    }
  free (domains);
}

/* @devices: elements of <devices> */
static void
define (const char *name, const char *uuid, const char *devices)
{
  g_autofree char *xml = g_strdup_printf (
      "<domain type='qemu'><name>%s</name><uuid>%s</uuid><memory unit='MiB'>64</memory>"
      "<vcpu>1</vcpu><os><type arch='x86_64' machine='pc'>hvm</type></os><features><acpi/>"
      "</features><devices><emulator>/usr/bin/qemu-system-x86_64</emulator>%s"
      "<memballoon model='none'/></devices></domain>",
      name, uuid, devices);

  test_other_client (uri (), test_client_define, xml);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->settings = test_settings_new ();
  define ("alpha", "a0000000-0000-4000-8000-000000000001",
          "<channel type='unix'><target type='virtio' name='org.kvmmanager.agent.1'/></channel>");
  define ("beta", "a0000000-0000-4000-8000-000000000002", "");
  test_other_client (uri (), test_client_create, "alpha");
  fixture->connection = test_connected (uri (), fixture->settings);
  fixture->shadow = test_shadow_new (G_LIST_MODEL (fixture->connection));
  g_assert_cmpuint (fixture->shadow->items->len, ==, 2);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  test_shadow_check (fixture->shadow);
  test_shadow_free (fixture->shadow);
  test_drop (fixture->connection);
  g_clear_object (&fixture->settings);
  test_other_client (uri (), remove_all, NULL);
}

static KvmmDomain *
find (Fixture *fixture, const char *name)
{
  return kvmm_connection_find (fixture->connection, name);
}

static void
test_lost_and_back (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) before = test_shadow_dup_items (fixture->shadow);
  KvmmDomain *alpha = find (fixture, "alpha");

  g_assert_cmpint (kvmm_domain_get_state (alpha), ==, KVMM_DOMAIN_STATE_RUNNING);
  control ("kill");
  TEST_RUN_UNTIL (kvmm_connection_get_state (fixture->connection) == KVMM_CONNECTION_LOST);
  g_assert_cmpstr (kvmm_connection_get_state_text (fixture->connection), ==, "Connection lost");
  TEST_RUN_UNTIL (kvmm_domain_get_state (alpha) == KVMM_DOMAIN_STATE_UNKNOWN);
  test_settle ();
  g_assert_cmpuint (fixture->shadow->items->len, ==, 2);
  g_assert_cmpint (kvmm_domain_get_state (find (fixture, "beta")), ==, KVMM_DOMAIN_STATE_UNKNOWN);

  control ("start");
  TEST_RUN_UNTIL (kvmm_connection_get_state (fixture->connection) == KVMM_CONNECTION_CONNECTED);
  TEST_RUN_UNTIL (kvmm_domain_get_state (alpha) == KVMM_DOMAIN_STATE_RUNNING);
  TEST_RUN_UNTIL (kvmm_domain_get_state (find (fixture, "beta")) == KVMM_DOMAIN_STATE_SHUT_OFF);
  for (guint i = 0; i < before->len; i++)
    g_assert_true (before->pdata[i] == fixture->shadow->items->pdata[i]);

  /* Events come again. */
  test_other_client (uri (), test_client_destroy, "alpha");
  TEST_RUN_UNTIL (kvmm_domain_get_state (alpha) == KVMM_DOMAIN_STATE_SHUT_OFF);
}

static void
undefine_beta (virConnectPtr connect, const char *unused)
{
  test_client_undefine (connect, "beta");
}

static void
test_what_went_while_away_is_removed (Fixture *fixture, gconstpointer data)
{
  KvmmDomain *alpha = find (fixture, "alpha");

  kvmm_connection_disconnect (fixture->connection);
  test_other_client (uri (), undefine_beta, NULL);
  define ("gamma", "a0000000-0000-4000-8000-000000000003", "");
  g_assert_nonnull (find (fixture, "beta"));
  kvmm_connection_connect (fixture->connection);
  TEST_RUN_UNTIL (find (fixture, "gamma") != NULL && find (fixture, "beta") == NULL);
  g_assert_true (find (fixture, "alpha") == alpha);
}

static void
uri_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  g_task_return_boolean (task, TRUE);
}

static void
test_agent_link_says_that_it_was_lost (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  GTask *task = g_task_new (fixture->connection, NULL, test_result_cb, &result);
  guint n_opened = 0, n_lost = 0;

  g_signal_connect (fixture->connection, "agent-link-opened", G_CALLBACK (test_count_cb),
                    &n_opened);
  g_signal_connect (fixture->connection, "agent-link-lost", G_CALLBACK (test_count_cb), &n_lost);
  kvmm_connection_run (fixture->connection, KVMM_CONNECTION_LANE_AGENT, 0, task, uri_func, NULL,
                       NULL);
  g_object_unref (task);
  TEST_RUN_UNTIL (result != NULL);
  TEST_RUN_UNTIL (n_opened >= 1);
  control ("kill");
  TEST_RUN_UNTIL (n_lost >= 1 &&
                  kvmm_connection_get_state (fixture->connection) == KVMM_CONNECTION_LOST);
  control ("start");
  TEST_RUN_UNTIL (kvmm_connection_get_state (fixture->connection) == KVMM_CONNECTION_CONNECTED);
  g_signal_handlers_disconnect_by_data (fixture->connection, &n_opened);
  g_signal_handlers_disconnect_by_data (fixture->connection, &n_lost);
}

/* A daemon that stands still is noticed by its silence, and meanwhile nothing waits for it. */
static void
test_frozen_daemon_does_not_freeze_us (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  control ("stop");
  kvmm_domain_act_async (find (fixture, "beta"), KVMM_DOMAIN_ACTION_START, NULL, test_result_cb,
                         &result);
  TEST_RUN_UNTIL (kvmm_connection_get_state (fixture->connection) == KVMM_CONNECTION_LOST);
  TEST_RUN_UNTIL (result != NULL);
  g_assert_false (kvmm_domain_act_finish (find (fixture, "beta"), result, &error));
  g_assert_null (kvmm_domain_get_pending (find (fixture, "beta")));
  control ("continue");
  kvmm_connection_connect (fixture->connection);
  TEST_RUN_UNTIL (kvmm_connection_get_state (fixture->connection) == KVMM_CONNECTION_CONNECTED);
}

/* ---- latency ---- */

typedef struct
{
  gint64 changed_us;
} Latency;

static void
state_changed_cb (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  ((Latency *) user_data)->changed_us = g_get_monotonic_time ();
}

static gint64 acted_us;

static void
pause_alpha (virConnectPtr connect, const char *unused)
{
  virDomainPtr domain = virDomainLookupByName (connect, "alpha");

  g_assert_cmpint (virDomainSuspend (domain), ==, 0);
  acted_us = g_get_monotonic_time ();
  virDomainFree (domain);
}

static void
resume_alpha (virConnectPtr connect, const char *unused)
{
  virDomainPtr domain = virDomainLookupByName (connect, "alpha");

  g_assert_cmpint (virDomainResume (domain), ==, 0);
  acted_us = g_get_monotonic_time ();
  virDomainFree (domain);
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  const gint64 *first = a, *second = b;

  return *first < *second ? -1 : *first > *second;
}

/* Measured from when the other client's call returned, which is about when the event was sent. */
static void
test_change_by_others_is_shown_at_once (Fixture *fixture, gconstpointer data)
{
  KvmmDomain *alpha = find (fixture, "alpha");
  gint64 times_us[LATENCY_ROUNDS];
  Latency latency = { 0 };

  g_signal_connect (alpha, "notify::state", G_CALLBACK (state_changed_cb), &latency);
  for (guint i = 0; i < LATENCY_ROUNDS; i++)
    {
      latency.changed_us = 0;
      test_other_client (uri (), i % 2 == 0 ? pause_alpha : resume_alpha, NULL);
      TEST_RUN_UNTIL (latency.changed_us != 0);
      times_us[i] = MAX (0, latency.changed_us - acted_us);
    }
  qsort (times_us, LATENCY_ROUNDS, sizeof times_us[0], compare_times);
  g_test_message ("from the change to the property: median %.1f ms, worst %.1f ms",
                  (double) times_us[LATENCY_ROUNDS / 2] / 1000,
                  (double) times_us[LATENCY_ROUNDS - 1] / 1000);
  g_assert_cmpint (times_us[LATENCY_ROUNDS / 2], <, LATENCY_LIMIT_US);
  g_signal_handlers_disconnect_by_data (alpha, &latency);
}

/* ---- statistics and channels on a real machine ---- */

static void
test_statistics_of_a_real_machine (Fixture *fixture, gconstpointer data)
{
  KvmmDomain *alpha = find (fixture, "alpha");

  kvmm_connection_hold_stats (fixture->connection);
  TEST_RUN_UNTIL (!isnan (kvmm_domain_get_cpu_fraction (alpha)));
  g_assert_cmpfloat (kvmm_domain_get_cpu_fraction (alpha), <=, 1.0);
  g_assert_cmpuint (kvmm_domain_get_memory_used_kib (alpha), >, 0);
  TEST_RUN_UNTIL (!isnan (kvmm_connection_get_host_cpu_fraction (fixture->connection)));
  g_assert_cmpfloat (kvmm_connection_get_host_memory_fraction (fixture->connection), >, 0.0);
  g_assert_null (kvmm_domain_get_history (find (fixture, "beta")));
  kvmm_connection_release_stats (fixture->connection);
}

static gboolean
add_channel (KvmmDomain *domain)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gboolean needs_restart = FALSE;

  kvmm_domain_add_channel_async (domain, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  kvmm_domain_add_channel_finish (domain, result, &needs_restart, &error);
  g_assert_no_error (error);
  return needs_restart;
}

static gboolean
has_channel (KvmmDomain *domain)
{
  const KvmmXmlDomainFacts *facts = kvmm_domain_get_facts (domain);

  return facts != NULL && facts->agent_channel != KVMM_CHANNEL_ABSENT;
}

static void
test_adds_the_channel (Fixture *fixture, gconstpointer data)
{
  KvmmDomain *beta = find (fixture, "beta");
  g_autoptr (GError) error = NULL;

  /* It is there already. */
  g_assert_false (add_channel (find (fixture, "alpha")));
  /* Runs without a controller: with the next start only. */
  g_assert_false (has_channel (beta));
  g_assert_true (test_act (beta, KVMM_DOMAIN_ACTION_START, &error));
  g_assert_no_error (error);
  TEST_RUN_UNTIL (kvmm_domain_get_state (beta) == KVMM_DOMAIN_STATE_RUNNING);
  g_assert_true (add_channel (beta));
  g_assert_true (add_channel (beta));
  g_assert_false (has_channel (beta));
  g_assert_true (test_act (beta, KVMM_DOMAIN_ACTION_FORCE_OFF, &error));
  TEST_RUN_UNTIL (has_channel (beta));
  /* Runs with a controller: at once. */
  define ("delta", "a0000000-0000-4000-8000-000000000004", "<controller type='virtio-serial'/>");
  test_other_client (uri (), test_client_create, "delta");
  TEST_RUN_UNTIL (find (fixture, "delta") != NULL &&
                  kvmm_domain_get_is_active (find (fixture, "delta")));
  g_assert_false (add_channel (find (fixture, "delta")));
  TEST_RUN_UNTIL (has_channel (find (fixture, "delta")));
}

#define ADD(path, func) g_test_add ("/model/remote/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  test_model_init (&argc, &argv);
  ADD ("change-by-others-is-shown-at-once", test_change_by_others_is_shown_at_once);
  ADD ("lost-and-back", test_lost_and_back);
  ADD ("what-went-while-away-is-removed", test_what_went_while_away_is_removed);
  ADD ("agent-link-says-that-it-was-lost", test_agent_link_says_that_it_was_lost);
  ADD ("frozen-daemon-does-not-freeze-us", test_frozen_daemon_does_not_freeze_us);
  ADD ("statistics-of-a-real-machine", test_statistics_of_a_real_machine);
  ADD ("adds-the-channel", test_adds_the_channel);
  return g_test_run ();
}
