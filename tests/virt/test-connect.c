/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <libvirt/virterror.h>

#include "test-virt.h"
#include "virt/kvmm-virt-create.h"
#include "xml/kvmm-xml-host-interface.h"

#define ALPHA "b0000000-0000-0000-0000-000000000001"
#define BETA "b0000000-0000-0000-0000-000000000002"
#define GAMMA "b0000000-0000-0000-0000-000000000003"
#define DELTA "b0000000-0000-0000-0000-000000000004"
#define NOBODY "b0000000-0000-0000-0000-00000000dead"

/* ---- opening ---- */

static void
test_refuses_unknown_uri (void)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (kvmm_virt_connect_open ("qemu+pigeon:///system", NULL, NULL, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "qemu+pigeon:///system"));
}

static void
test_names_a_missing_daemon (void)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (
      kvmm_virt_connect_open ("qemu+unix:///system?socket=/nonexistent/sock", NULL, NULL, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_CONNECTION_LOST);
  g_assert_cmpint (kvmm_virt_error_get_code (error), ==, VIR_ERR_SYSTEM_ERROR);
  g_assert_nonnull (strstr (error->message, "not running"));
}

/* ---- logging in ---- */

/* Answers by prompt: what is secret gets @user_data, NULL cancels. */
static gboolean
answer_cb (KvmmVirtQuestion *questions, guint n_questions, gpointer user_data)
{
  g_assert_false (kvmm_thread_is_main ());
  for (guint i = 0; i < n_questions; i++)
    questions[i].answer = g_strdup (questions[i].is_secret ? user_data : "ann");
  return TRUE;
}

static gboolean
cancel_cb (KvmmVirtQuestion *questions, guint n_questions, gpointer user_data)
{
  questions[0].answer = g_strdup ("half an answer");
  return FALSE;
}

static void
test_logs_in (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *uri = test_get_uri ("auth.xml");
  char password[] = "sesame";
  g_autoptr (KvmmVirtConnect) connect = kvmm_virt_connect_open (uri, answer_cb, password, &error);
  g_assert_no_error (error);
  g_autoptr (GPtrArray) infos = kvmm_virt_connect_list_domains (connect, FALSE, &error);
  g_assert_cmpuint (infos->len, ==, 1);
}

static void
test_says_how_a_login_failed (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *uri = test_get_uri ("auth.xml");
  char password[] = "wrong";
  g_assert_null (kvmm_virt_connect_open (uri, answer_cb, password, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_ACCESS_DENIED);
  g_clear_error (&error);
  /* Nothing to say is as good as cancelling. */
  g_assert_null (kvmm_virt_connect_open (uri, answer_cb, NULL, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_AUTH_CANCELLED);
  g_clear_error (&error);
  g_assert_null (kvmm_virt_connect_open (uri, cancel_cb, NULL, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_AUTH_CANCELLED);
  g_clear_error (&error);
  g_assert_null (kvmm_virt_connect_open (uri, NULL, NULL, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_ACCESS_DENIED);
}

static void
test_refuses_after_close (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtConnect) connect = test_open_fixture ();
  kvmm_virt_connect_close (connect);
  kvmm_virt_connect_close (connect);
  g_assert_null (kvmm_virt_connect_list_domains (connect, FALSE, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_CONNECTION_LOST);
  g_clear_error (&error);
  g_assert_false (kvmm_virt_domain_start (connect, ALPHA, FALSE, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_CONNECTION_LOST);
  g_clear_error (&error);

  g_autoptr (TestEvents) events = test_events_new ();
  g_assert_false (kvmm_virt_connect_register_events (
      connect, test_events_cb, test_events_ref (events), test_events_unref, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_CONNECTION_LOST);
}

static void
test_describes_the_host (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtConnect) connect = test_open_fixture ();
  g_autoptr (KvmmVirtHost) host = kvmm_virt_connect_get_host (connect, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (host->driver, ==, "TEST");
  g_assert_cmpuint (host->cpus, ==, 16);
  g_assert_cmpuint (host->memory_kib, ==, 64 * 1024 * 1024);
  g_assert_cmpuint (host->libvirt_version, >=, 9000000);
  g_assert_nonnull (host->cpu_model);
  g_assert_nonnull (host->capabilities_xml);
  g_assert_nonnull (host->canonical_uri);
  g_assert_true (host->is_local);
  g_assert_false (host->is_session);
  g_assert_true (g_str_has_prefix (kvmm_virt_connect_get_uri (connect), "test:///"));
}

static void
test_main_thread_is_trapped (void)
{
  if (g_test_subprocess ())
    {
      kvmm_virt_connect_open ("test:///default", NULL, NULL, NULL);
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*kvmm_thread_is_worker*");
}

/* ---- listing and reading ---- */

static void
assert_info (KvmmDomainInfo *info, const char *name, const char *uuid, KvmmDomainState state)
{
  g_assert_cmpstr (kvmm_domain_info_get_name (info), ==, name);
  g_assert_cmpstr (kvmm_domain_info_get_uuid (info), ==, uuid);
  g_assert_cmpint (kvmm_domain_info_get_state (info), ==, state);
}

static KvmmDomainInfo *
find (GPtrArray *infos, const char *uuid)
{
  for (guint i = 0; i < infos->len; i++)
    if (g_str_equal (kvmm_domain_info_get_uuid (infos->pdata[i]), uuid))
      return infos->pdata[i];
  g_error ("%s was not listed", uuid);
}

static void
test_lists_every_state (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtConnect) connect = test_open_fixture ();
  g_autoptr (GPtrArray) infos = kvmm_virt_connect_list_domains (connect, FALSE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (infos->len, ==, 6);
  assert_info (find (infos, ALPHA), "Alpha", ALPHA, KVMM_DOMAIN_STATE_SHUT_OFF);
  assert_info (find (infos, BETA), "beta & söhne", BETA, KVMM_DOMAIN_STATE_RUNNING);
  assert_info (find (infos, GAMMA), "gamma", GAMMA, KVMM_DOMAIN_STATE_PAUSED);
  assert_info (find (infos, "b0000000-0000-0000-0000-000000000006"), "zeta",
               "b0000000-0000-0000-0000-000000000006", KVMM_DOMAIN_STATE_CRASHED);

  g_assert_cmpint (kvmm_domain_info_get_id (find (infos, ALPHA)), ==, -1);
  g_assert_cmpint (kvmm_domain_info_get_id (find (infos, BETA)), >, 0);
  g_assert_true (kvmm_domain_info_get_persistent (find (infos, BETA)));
  g_assert_false (kvmm_domain_info_get_persistent (find (infos, DELTA)));
  g_assert_true (
      kvmm_domain_info_get_has_managed_save (find (infos, "b0000000-0000-0000-0000-000000000005")));
  g_assert_null (kvmm_domain_info_get_xml (infos->pdata[0]));
  g_assert_null (kvmm_domain_info_get_facts (infos->pdata[0]));
}

static void
test_lists_with_xml_and_facts (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtConnect) connect = test_open_fixture ();
  g_autoptr (GPtrArray) infos = kvmm_virt_connect_list_domains (connect, TRUE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (infos->len, ==, 6);
  KvmmDomainInfo *beta = find (infos, BETA);
  g_assert_nonnull (strstr (kvmm_domain_info_get_xml (beta), BETA));
  const KvmmXmlDomainFacts *facts = kvmm_domain_info_get_facts (beta);
  g_assert_cmpuint (facts->memory_kib, ==, 1024 * 1024);
  g_assert_cmpuint (facts->vcpus, ==, 2);
  g_assert_cmpint (facts->agent_channel, !=, KVMM_CHANNEL_ABSENT);
}

static void
test_reads_one (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtConnect) connect = test_open_fixture ();
  g_autoptr (KvmmDomainInfo) info = kvmm_virt_domain_read (connect, BETA, &error);
  g_assert_no_error (error);
  assert_info (info, "beta & söhne", BETA, KVMM_DOMAIN_STATE_RUNNING);
  g_assert_cmpint (kvmm_domain_info_get_id (info), >, 0);
  g_assert_nonnull (kvmm_domain_info_get_facts (info));

  g_autofree char *xml = kvmm_virt_domain_read_xml (connect, BETA, TRUE, &error);
  g_assert_no_error (error);
  g_assert_null (strstr (xml, "id='"));
}

static void
test_names_what_is_gone (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtConnect) connect = test_open_fixture ();
  g_assert_null (kvmm_virt_domain_read (connect, NOBODY, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT);
  g_assert_cmpint (kvmm_virt_error_get_code (error), ==, VIR_ERR_NO_DOMAIN);
  g_assert_nonnull (strstr (error->message, NOBODY));
}

/* The handle in the cache is of the first run: libvirt must find the second one all the same. */
static void
test_cached_handle_survives_a_restart (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtConnect) connect = test_open_fixture ();
  g_autoptr (KvmmDomainInfo) before = kvmm_virt_domain_read (connect, BETA, &error);
  g_assert_no_error (error);
  g_assert_true (kvmm_virt_domain_force_off (connect, BETA, &error));
  g_assert_true (kvmm_virt_domain_start (connect, BETA, FALSE, &error));
  g_autoptr (KvmmDomainInfo) after = kvmm_virt_domain_read (connect, BETA, &error);
  g_assert_no_error (error);
  g_assert_cmpint (kvmm_domain_info_get_id (after), >, kvmm_domain_info_get_id (before));
  g_assert_cmpint (kvmm_domain_info_get_state (after), ==, KVMM_DOMAIN_STATE_RUNNING);
}

/* DELTA is transient: it disappears when it stops, and its cached handle with it. */
static void
test_forgets_what_is_gone (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtConnect) connect = test_open_fixture ();
  g_autoptr (KvmmDomainInfo) info = kvmm_virt_domain_read (connect, DELTA, &error);
  g_assert_no_error (error);
  g_assert_true (kvmm_virt_domain_force_off (connect, DELTA, &error));
  g_assert_null (kvmm_virt_domain_read (connect, DELTA, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT);
  g_clear_error (&error);
  g_assert_false (kvmm_virt_domain_start (connect, DELTA, FALSE, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT);
}

/* ---- lifecycle ---- */

typedef gboolean (*SimpleAction) (KvmmVirtConnect *, const char *, GError **);

static void
assert_state (KvmmVirtConnect *connect, const char *uuid, KvmmDomainState state)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmDomainInfo) info = kvmm_virt_domain_read (connect, uuid, &error);
  g_assert_no_error (error);
  g_assert_cmpint (kvmm_domain_info_get_state (info), ==, state);
}

static void
assert_does (KvmmVirtConnect *connect, SimpleAction action, const char *uuid, KvmmDomainState state)
{
  g_autoptr (GError) error = NULL;
  action (connect, uuid, &error);
  g_assert_no_error (error);
  assert_state (connect, uuid, state);
}

static void
test_walks_through_the_states (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtConnect) connect = test_open_fixture ();
  g_assert_true (kvmm_virt_domain_start (connect, ALPHA, FALSE, &error));
  assert_does (connect, kvmm_virt_domain_pause, ALPHA, KVMM_DOMAIN_STATE_PAUSED);
  assert_does (connect, kvmm_virt_domain_resume, ALPHA, KVMM_DOMAIN_STATE_RUNNING);
  assert_does (connect, kvmm_virt_domain_reboot, ALPHA, KVMM_DOMAIN_STATE_RUNNING);
  assert_does (connect, kvmm_virt_domain_save, ALPHA, KVMM_DOMAIN_STATE_SHUT_OFF);
  g_autoptr (KvmmDomainInfo) saved = kvmm_virt_domain_read (connect, ALPHA, &error);
  g_assert_true (kvmm_domain_info_get_has_managed_save (saved));
  g_assert_true (kvmm_virt_domain_start (connect, ALPHA, FALSE, &error));
  assert_does (connect, kvmm_virt_domain_shutdown, ALPHA, KVMM_DOMAIN_STATE_SHUT_OFF);
  g_assert_no_error (error);
}

static void
test_sets_autostart (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtConnect) connect = test_open_fixture ();
  g_assert_true (kvmm_virt_domain_set_autostart (connect, ALPHA, TRUE, &error));
  g_assert_no_error (error);
  g_autoptr (KvmmDomainInfo) info = kvmm_virt_domain_read (connect, ALPHA, &error);
  g_assert_true (kvmm_domain_info_get_autostart (info));
  g_autoptr (GPtrArray) infos = kvmm_virt_connect_list_domains (connect, FALSE, &error);
  g_assert_true (kvmm_domain_info_get_autostart (find (infos, ALPHA)));
  g_assert_false (kvmm_domain_info_get_autostart (find (infos, BETA)));
}

static void
test_failure_names_machine_and_code (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtConnect) connect = test_open_fixture ();
  g_assert_false (kvmm_virt_domain_save (connect, ALPHA, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_INVALID_STATE);
  g_assert_cmpint (kvmm_virt_error_get_code (error), ==, VIR_ERR_OPERATION_INVALID);
  g_assert_cmpint (kvmm_virt_error_get_domain (error), ==, VIR_FROM_DOMAIN);
  g_assert_nonnull (strstr (error->message, "“Alpha”"));
}

static void
test_says_what_the_driver_cannot (void)
{
  static const char xml[] =
      "<disk type='file' device='cdrom'><target dev='sda' bus='sata'/></disk>";
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtConnect) connect = test_open_fixture ();
  g_assert_false (kvmm_virt_domain_update_device (connect, BETA, xml, KVMM_AFFECT_LIVE, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_UNSUPPORTED);
  g_clear_error (&error);
  g_assert_false (kvmm_virt_domain_attach_device (connect, BETA, xml, KVMM_AFFECT_LIVE, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_UNSUPPORTED);
  g_clear_error (&error);
  g_assert_false (kvmm_virt_domain_detach_device (connect, BETA, xml, KVMM_AFFECT_LIVE, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_UNSUPPORTED);
}

/* ---- figures ---- */

static void
test_reads_stats_of_running_machines (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtConnect) connect = test_open_fixture ();
  KvmmHostStats host;
  g_autoptr (GArray) stats = kvmm_virt_connect_read_stats (connect, &host, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (stats->len, ==, 4);
  for (guint i = 0; i < stats->len; i++)
    {
      const KvmmDomainStats *entry = &g_array_index (stats, KvmmDomainStats, i);
      g_assert_cmpstr (entry->uuid, !=, ALPHA);
      g_assert_cmpint (entry->time_us, >, 0);
    }
}

static void
test_reads_addresses (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtConnect) connect = test_open ("test:///default");
  g_autoptr (GPtrArray) interfaces =
      kvmm_virt_domain_read_addresses (connect, "6695eb01-f6a4-8304-79aa-97f2502e193f", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (interfaces->len, ==, 1);
  const KvmmGuestInterface *first = interfaces->pdata[0];
  g_assert_nonnull (first->mac);
  g_assert_cmpuint (first->addresses->len, ==, 1);
  g_assert_nonnull (kvmm_guest_interfaces_primary_address (interfaces));
}

static void
test_lists_what_machines_can_share (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtConnect) connect = test_open ("test:///default");
  g_autoptr (GPtrArray) interfaces = kvmm_virt_connect_list_host_interfaces (connect, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (interfaces->len, ==, 1);
  const KvmmXmlHostInterface *first = interfaces->pdata[0];
  g_assert_cmpstr (first->name, ==, "eth1");
  g_assert_false (first->is_bridge);
}

static void
test_says_that_there_is_no_qga (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtConnect) connect = test_open_fixture ();
  g_assert_null (kvmm_virt_domain_read_qga (connect, BETA, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_UNSUPPORTED);
}

/* ---- events ---- */

static void
test_events_follow_what_is_done (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TestEvents) events = test_events_new ();
  g_autoptr (KvmmVirtConnect) connect = test_open_fixture ();
  test_events_register (events, connect);
  g_assert_true (kvmm_virt_domain_start (connect, ALPHA, FALSE, &error));
  test_events_wait (events, "started", ALPHA);
  g_assert_true (kvmm_virt_domain_pause (connect, ALPHA, &error));
  test_events_wait (events, "paused", ALPHA);
  g_assert_true (kvmm_virt_domain_resume (connect, ALPHA, &error));
  test_events_wait (events, "resumed", ALPHA);
  g_assert_true (kvmm_virt_domain_force_off (connect, ALPHA, &error));
  test_events_wait (events, "stopped:destroyed", ALPHA);
  kvmm_virt_connect_close (connect);
  g_assert_no_error (error);
}

static void
test_close_releases_the_listener (void)
{
  g_autoptr (TestEvents) events = test_events_new ();
  g_autoptr (KvmmVirtConnect) connect = test_open_fixture ();
  test_events_register (events, connect);
  g_assert_false (g_atomic_ref_count_compare (&events->ref_count, 1));
  kvmm_virt_connect_close (connect);
  g_assert_true (g_atomic_ref_count_compare (&events->ref_count, 1));
}

static const TestCase cases[] = {
  { "/virt/connect/refuses-an-unknown-uri", test_refuses_unknown_uri },
  { "/virt/connect/names-a-missing-daemon", test_names_a_missing_daemon },
  { "/virt/connect/logs-in", test_logs_in },
  { "/virt/connect/says-how-a-login-failed", test_says_how_a_login_failed },
  { "/virt/connect/refuses-after-close", test_refuses_after_close },
  { "/virt/connect/describes-the-host", test_describes_the_host },
  { "/virt/list/every-state", test_lists_every_state },
  { "/virt/list/with-xml-and-facts", test_lists_with_xml_and_facts },
  { "/virt/domain/reads-one", test_reads_one },
  { "/virt/domain/names-what-is-gone", test_names_what_is_gone },
  { "/virt/domain/cached-handle-survives-a-restart", test_cached_handle_survives_a_restart },
  { "/virt/domain/forgets-what-is-gone", test_forgets_what_is_gone },
  { "/virt/domain/walks-through-the-states", test_walks_through_the_states },
  { "/virt/domain/sets-autostart", test_sets_autostart },
  { "/virt/domain/failure-names-machine-and-code", test_failure_names_machine_and_code },
  { "/virt/domain/says-what-the-driver-cannot", test_says_what_the_driver_cannot },
  { "/virt/stats/of-running-machines", test_reads_stats_of_running_machines },
  { "/virt/addresses/from-the-host", test_reads_addresses },
  { "/virt/interfaces/lists-what-machines-can-share", test_lists_what_machines_can_share },
  { "/virt/qga/says-that-there-is-none", test_says_that_there_is_no_qga },
  { "/virt/events/follow-what-is-done", test_events_follow_what_is_done },
  { "/virt/events/close-releases-the-listener", test_close_releases_the_listener },
};

int
main (int argc, char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_func ("/virt/connect/main-thread-is-trapped", test_main_thread_is_trapped);
  test_add_cases (cases, G_N_ELEMENTS (cases));
  return test_run ();
}
