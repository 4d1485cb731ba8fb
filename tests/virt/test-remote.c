/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "test-remote.h"
#include "virt/kvmm-virt-define.h"

/* ---- the connection ---- */

static gpointer
describe_host_thread (gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtHost) host = kvmm_virt_connect_get_host (data, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (host->driver, ==, "QEMU");
  g_assert_cmpstr (host->hostname, !=, "");
  g_assert_cmpuint (host->memory_kib, >, 0);
  g_assert_true (host->is_local);
  g_assert_true (host->is_session);
  return NULL;
}

static void
test_describes_the_host (void)
{
  g_autoptr (KvmmVirtConnect) connect = remote_open ();
  remote_call (describe_host_thread, connect);
}

static gpointer
use_lost_thread (gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (kvmm_virt_connect_list_domains (data, TRUE, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_CONNECTION_LOST);
  g_clear_error (&error);
  g_assert_false (kvmm_virt_domain_start (data, REMOTE_UUID, FALSE, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_CONNECTION_LOST);
  kvmm_virt_connect_close (data);
  return NULL;
}

static gpointer
register_thread (gpointer data)
{
  gpointer *pair = data;
  test_events_register (pair[0], pair[1]);
  return NULL;
}

typedef struct
{
  TestEvents *events;
  const char *detail;
  const char *uuid;
} Wait;

static gpointer
wait_thread (gpointer data)
{
  Wait *wait = data;
  test_events_wait (wait->events, wait->detail, wait->uuid);
  return NULL;
}

static void
wait_for_event (TestEvents *events, const char *detail, const char *uuid)
{
  remote_call (wait_thread, &(Wait){ events, detail, uuid });
}

static void
test_tells_when_the_daemon_dies (void)
{
  g_autoptr (TestEvents) events = test_events_new ();
  g_autoptr (KvmmVirtConnect) connect = remote_open ();
  remote_call (register_thread, (gpointer[]){ events, connect });
  remote_control ("kill");
  wait_for_event (events, "eof", NULL);
  remote_call (use_lost_thread, connect);
  g_assert_true (g_atomic_ref_count_compare (&events->ref_count, 1));
  remote_restart_daemon ();
}

static void
test_tells_when_the_daemon_freezes (void)
{
  if (!g_test_slow ())
    {
      g_test_skip ("takes 20 s: run with -m slow");
      return;
    }
  g_autoptr (TestEvents) events = test_events_new ();
  g_autoptr (KvmmVirtConnect) connect = remote_open ();
  remote_call (register_thread, (gpointer[]){ events, connect });
  remote_control ("stop");
  wait_for_event (events, "keepalive", NULL);
  remote_control ("continue");
  remote_call (use_lost_thread, connect);
}

/* ---- a real machine ---- */

static gpointer
read_thread (gpointer data)
{
  g_autoptr (GError) error = NULL;
  KvmmDomainInfo *info = kvmm_virt_domain_read (data, REMOTE_UUID, &error);
  g_assert_no_error (error);
  return info;
}

static gpointer
start_paused_thread (gpointer data)
{
  g_autoptr (GError) error = NULL;
  kvmm_virt_domain_start (data, REMOTE_UUID, TRUE, &error);
  g_assert_no_error (error);
  return NULL;
}

static gpointer
restart_thread (gpointer data)
{
  g_autoptr (GError) error = NULL;
  /* All through the handle that was made in the first run. */
  g_assert_true (kvmm_virt_domain_resume (data, REMOTE_UUID, &error));
  g_assert_true (kvmm_virt_domain_reset (data, REMOTE_UUID, &error));
  g_assert_true (kvmm_virt_domain_force_off (data, REMOTE_UUID, &error));
  g_assert_false (kvmm_virt_domain_shutdown (data, REMOTE_UUID, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_INVALID_STATE);
  g_assert_nonnull (strstr (error->message, "“remote-test”"));
  g_clear_error (&error);
  kvmm_virt_domain_start (data, REMOTE_UUID, FALSE, &error);
  g_assert_no_error (error);
  g_assert_true (kvmm_virt_domain_shutdown (data, REMOTE_UUID, &error));
  g_assert_no_error (error);
  return NULL;
}

static void
test_cached_handle_survives_a_restart (void)
{
  RemoteGuest *guest = remote_guest_new ();
  g_autoptr (TestEvents) events = test_events_new ();
  g_autoptr (KvmmVirtConnect) connect = remote_open ();
  remote_call (register_thread, (gpointer[]){ events, connect });
  remote_define (connect, guest->path);
  wait_for_event (events, "defined", REMOTE_UUID);

  remote_call (start_paused_thread, connect);
  wait_for_event (events, "started", REMOTE_UUID);
  g_autoptr (KvmmDomainInfo) first = remote_call (read_thread, connect);
  g_assert_cmpint (kvmm_domain_info_get_state (first), ==, KVMM_DOMAIN_STATE_PAUSED);
  remote_call (restart_thread, connect);
  wait_for_event (events, "resumed", REMOTE_UUID);
  wait_for_event (events, "stopped:destroyed", REMOTE_UUID);
  g_autoptr (KvmmDomainInfo) second = remote_call (read_thread, connect);
  g_assert_cmpint (kvmm_domain_info_get_id (second), >, kvmm_domain_info_get_id (first));
  g_assert_cmpint (kvmm_domain_info_get_state (second), ==, KVMM_DOMAIN_STATE_RUNNING);

  remote_call (remote_undefine_thread, connect);
  wait_for_event (events, "undefined", REMOTE_UUID);
  kvmm_virt_connect_unref (g_steal_pointer (&connect));
  remote_guest_free (guest);
}

static gpointer
rename_thread (gpointer data)
{
  g_autoptr (GError) error = NULL;
  /* What another worker that reads the machine meanwhile holds. */
  virDomainPtr held = kvmm_virt_connect_acquire_domain (data, REMOTE_UUID, &error);
  const char *name = virDomainGetName (held);

  g_assert_true (kvmm_virt_domain_rename (data, REMOTE_UUID, "another", &error));
  g_assert_no_error (error);
  g_assert_true (virDomainGetName (held) == name);
  g_assert_cmpstr (name, ==, "remote-test");
  virDomainFree (held);
  return NULL;
}

/* The event comes before the answer, and is read on another lane. libvirt's remote driver puts the
 * new name into the handle that it was given and frees the old one. */
static void
test_a_rename_leaves_handles_alone (void)
{
  RemoteGuest *guest = remote_guest_new ();
  g_autoptr (KvmmVirtConnect) connect = remote_open ();

  remote_define (connect, guest->path);
  remote_call (rename_thread, connect);
  g_autoptr (KvmmDomainInfo) info = remote_call (read_thread, connect);
  g_assert_cmpstr (kvmm_domain_info_get_name (info), ==, "another");
  remote_call (remote_undefine_thread, connect);
  kvmm_virt_connect_unref (g_steal_pointer (&connect));
  remote_guest_free (guest);
}

static gpointer
read_figures_thread (gpointer data)
{
  g_autoptr (GError) error = NULL;
  KvmmHostStats host;
  g_autoptr (GArray) stats = kvmm_virt_connect_read_stats (data, &host, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (stats->len, ==, 1);
  const KvmmDomainStats *first = &g_array_index (stats, KvmmDomainStats, 0);
  g_assert_cmpstr (first->uuid, ==, REMOTE_UUID);
  g_assert_cmpuint (first->vcpus, ==, 1);
  g_assert_true (first->has_memory);
  g_assert_cmpuint (first->memory_current_kib, ==, 64 * 1024);
  g_assert_true (first->has_block);
  g_assert_true (host.has_cpu);
  g_assert_cmpuint (host.cpu_busy_ns, <=, host.cpu_total_ns);
  g_assert_true (host.has_memory);
  g_assert_cmpuint (host.memory_free_kib, <=, host.memory_total_kib);
  return NULL;
}

static gpointer
read_silent_agent_thread (gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (kvmm_virt_domain_read_qga (data, REMOTE_UUID, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_AGENT_UNRESPONSIVE);
  g_assert_nonnull (strstr (error->message, "“remote-test”"));
  return NULL;
}

static gpointer
insert_missing_thread (gpointer data)
{
  static const char xml[] = "<disk type='file' device='cdrom'><source file='/nonexistent.iso'/>"
                            "<target dev='hda' bus='ide'/><readonly/></disk>";
  g_autoptr (GError) error = NULL;
  g_assert_false (
      kvmm_virt_domain_update_device (data, REMOTE_UUID, xml, KVMM_AFFECT_LIVE, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_STORAGE);
  g_assert_cmpint (kvmm_virt_error_get_code (error), ==, VIR_ERR_SYSTEM_ERROR);
  g_assert_nonnull (strstr (error->message, "/nonexistent.iso"));
  return NULL;
}

static void
test_reads_a_real_machine (void)
{
  RemoteGuest *guest = remote_guest_new ();
  g_autoptr (KvmmVirtConnect) connect = remote_open ();
  remote_define (connect, guest->path);
  remote_call (remote_start_thread, connect);
  remote_call (read_figures_thread, connect);
  remote_call (read_silent_agent_thread, connect);
  remote_call (insert_missing_thread, connect);
  remote_call (remote_undefine_thread, connect);
  kvmm_virt_connect_unref (g_steal_pointer (&connect));
  remote_guest_free (guest);
}

int
main (int argc, char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_func ("/remote/connect/describes-the-host", test_describes_the_host);
  g_test_add_func ("/remote/connect/tells-when-the-daemon-dies", test_tells_when_the_daemon_dies);
  g_test_add_func ("/remote/connect/tells-when-the-daemon-freezes",
                   test_tells_when_the_daemon_freezes);
  g_test_add_func ("/remote/domain/cached-handle-survives-a-restart",
                   test_cached_handle_survives_a_restart);
  g_test_add_func ("/remote/domain/a-rename-leaves-handles-alone",
                   test_a_rename_leaves_handles_alone);
  g_test_add_func ("/remote/domain/reads-a-real-machine", test_reads_a_real_machine);
  return test_run ();
}
