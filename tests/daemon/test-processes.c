/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <errno.h>
#include <glib/gstdio.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon-peer.h"

#define MANY 5000

static Peer *
start (PeerFlags flags, const char *policy)
{
  Peer *peer = peer_new ();

  if (policy != NULL)
    peer_write_policy (peer, policy);
  peer_start (peer, flags);
  json_decref (peer_hello (peer));
  return peer;
}

/* A line of /proc/PID/stat with what is read of it. */
static void
write_process (Peer *peer,
               int pid,
               const char *comm,
               int ppid,
               guint flags,
               guint ticks,
               guint start,
               guint pages)
{
  g_autofree char *path = g_strdup_printf ("proc/%d/stat", pid);
  g_autofree char *text =
      g_strdup_printf ("%d (%s) S %d 1 1 0 -1 %u 0 0 0 0 %u 0 0 0 20 0 1 0 %u 4096 %u 0 0 0\n", pid,
                       comm, ppid, flags, ticks, start, pages);

  peer_write (peer, path, text);
}

static json_t *
find_process (json_t *list, gint64 pid)
{
  size_t i;
  json_t *row;

  json_array_foreach (json_path (list, "procs"), i,
                      row) if (json_number (row, "pid") == pid) return row;
  return NULL;
}

static GPid
spawn_child (const char *const *argv)
{
  g_autoptr (GError) error = NULL;
  GPid pid;

  g_spawn_async (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL,
                 NULL, &pid, &error);
  g_assert_no_error (error);
  return pid;
}

static void
end_child (GPid pid)
{
  kill (pid, SIGKILL);
  waitpid (pid, NULL, 0);
}

static void
test_lists_real_ones (void)
{
  Peer *peer = start (PEER_REAL_FACTS, NULL);
  json_t *list =
      peer_call (peer, KVMA_METHOD_PROC_LIST, json_pack ("{ss}", "filter", "test-daemon-pro"));
  json_t *row = find_process (list, getpid ());

  g_assert_nonnull (row);
  g_assert_cmpint (json_number (row, "ppid"), ==, getppid ());
  g_assert_cmpint (json_number (row, "uid"), ==, (gint64) geteuid ());
  g_assert_cmpstr (json_text (row, "user"), ==, g_get_user_name ());
  g_assert_cmpstr (json_text (row, "state"), ==, "S");
  g_assert_cmpint (json_number (row, "rss_kb"), >, 500);
  g_assert_cmpint (llabs (json_number (row, "start") - (gint64) time (NULL)), <, 120);
  g_assert_null (json_path (row, "args"));
  g_assert_cmpint (json_number (list, "total"), ==,
                   (gint64) json_array_size (json_path (list, "procs")));
  json_decref (list);
  peer_free (peer);
}

/* The processor time of a busy child, in the second list that is far enough from the first. */
static void
test_cpu_is_since_the_last_list (void)
{
  static const char *const busy[] = { "sh", "-c", "while :; do :; done", NULL };
  Peer *peer = start (PEER_REAL_FACTS, NULL);
  GPid pid = spawn_child (busy);
  double cpu = 0;
  gint64 deadline = g_get_monotonic_time () + PEER_PATIENCE_MS * 1000;

  /* Other tests may have the processors; what counts is that it is seen to work. */
  do
    {
      json_t *list = peer_call (peer, KVMA_METHOD_PROC_LIST, NULL);
      json_t *row = find_process (list, pid);

      cpu = row != NULL ? json_fraction (row, "cpu") : 0;
      json_decref (list);
      poll (NULL, 0, 300);
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
  while (cpu < 0.2);
  g_assert_cmpfloat (cpu, <, 1.3);
  /* Stopped, it costs nothing from then on, although its past does not change. */
  kill (pid, SIGSTOP);
  do
    {
      json_t *list = peer_call (peer, KVMA_METHOD_PROC_LIST, json_pack ("{ss}", "sort", "pid"));
      json_t *row = find_process (list, pid);

      if (row == NULL)
        {
          g_test_skip ("more processes than a list has rows");
          json_decref (list);
          break;
        }
      cpu = json_fraction (row, "cpu");
      json_decref (list);
      poll (NULL, 0, 300);
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
  while (cpu > 0.001);
  end_child (pid);
  peer_free (peer);
}

static void
write_guest (Peer *peer)
{
  peer_write (peer, "proc/uptime", "1000.00 0\n");
  peer_write (peer, "etc/passwd", "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n");
  write_process (peer, 1, "init", 0, 0, 100, 10, 100);
  write_process (peer, 2, "kthreadd", 0, 0x00200000, 0, 11, 0);
  write_process (peer, 30, "evil) S 1 (x", 1, 0, 50000, 20, 300);
  write_process (peer, 4, "Zsh", 1, 0, 1, 99000, 200);
}

static gint64
first_pid (Peer *peer, const char *sort)
{
  json_t *list =
      peer_call (peer, KVMA_METHOD_PROC_LIST, json_pack ("{ss si}", "sort", sort, "limit", 1));
  gint64 pid = json_number (list, "procs.0.pid");

  g_assert_cmpuint (json_array_size (json_path (list, "procs")), ==, 1);
  g_assert_cmpint (json_number (list, "total"), ==, 4);
  g_assert_true (json_is_true (json_path (list, "truncated")));
  json_decref (list);
  return pid;
}

static void
test_sorts_and_limits (void)
{
  Peer *peer = peer_new ();
  json_t *list;

  write_guest (peer);
  peer_start (peer, 0);
  json_decref (peer_hello (peer));
  list = peer_call (peer, KVMA_METHOD_PROC_LIST, json_pack ("{ss}", "sort", "pid"));
  g_assert_cmpstr (json_text (list, "procs.0.comm"), ==, "init");
  g_assert_cmpstr (json_text (list, "procs.1.comm"), ==, "kthreadd");
  g_assert_cmpstr (json_text (list, "procs.3.comm"), ==, "evil) S 1 (x");
  g_assert_cmpint (json_number (list, "procs.3.ppid"), ==, 1);
  g_assert_cmpint (json_number (list, "procs.3.rss_kb"), ==, 300 * sysconf (_SC_PAGESIZE) / 1024);
  g_assert_cmpfloat_with_epsilon (json_fraction (list, "procs.3.cpu"), 500 / 999.8, 0.01);
  g_assert_false (json_is_true (json_path (list, "truncated")));
  json_decref (list);
  g_assert_cmpint (first_pid (peer, "cpu"), ==, 30);
  g_assert_cmpint (first_pid (peer, "memory"), ==, 30);
  g_assert_cmpint (first_pid (peer, "pid"), ==, 1);
  g_assert_cmpint (first_pid (peer, "name"), ==, 30);
  peer_free (peer);
}

static gint64
count_filtered (Peer *peer, const char *filter)
{
  json_t *list = peer_call (peer, KVMA_METHOD_PROC_LIST, json_pack ("{ss}", "filter", filter));
  gint64 total = json_number (list, "total");

  json_decref (list);
  return total;
}

static void
test_filters (void)
{
  Peer *peer = peer_new ();

  write_guest (peer);
  peer_write (peer, "proc/4/cmdline", "secret");
  peer_start (peer, 0);
  json_decref (peer_hello (peer));
  g_assert_cmpint (count_filtered (peer, "zSH"), ==, 1);
  g_assert_cmpint (count_filtered (peer, ""), ==, 4);
  g_assert_cmpint (count_filtered (peer, "no such"), ==, 0);
  /* What is not shown is not searched. */
  g_assert_cmpint (count_filtered (peer, "secret"), ==, 0);
  peer_free (peer);
}

static void
test_args_need_a_word (void)
{
  Peer *peer = peer_new ();
  json_t *list, *reply;

  write_guest (peer);
  peer_start (peer, 0);
  json_decref (peer_hello (peer));
  reply =
      peer_reply (peer, peer_request (peer, KVMA_METHOD_PROC_LIST, json_pack ("{sb}", "args", 1)));
  g_assert_cmpint (json_number (reply, "error.code"), ==, KVMA_ERROR_DENIED);
  g_assert_cmpstr (json_text (reply, "error.data.hint"), ==, "[policy] procs-args=yes");
  json_decref (reply);
  peer_free (peer);

  peer = start (PEER_REAL_FACTS, "[policy]\nprocs-args=yes\n");
  list = peer_call (peer, KVMA_METHOD_PROC_LIST,
                    json_pack ("{sb ss}", "args", 1, "filter", "--foreground --fd 3"));
  g_assert_cmpint (json_number (list, "total"), >=, 1);
  g_assert_nonnull (strstr (json_text (list, "procs.0.args"), " --foreground --fd 3"));
  json_decref (list);
  peer_free (peer);
}

static void
test_refuses_parameters (void)
{
  Peer *peer = start (0, NULL);
  g_autofree char *filter = g_strnfill (257, 'x');

  g_assert_cmpint (
      peer_call_error (peer, KVMA_METHOD_PROC_LIST, json_pack ("{ss}", "sort", "colour")), ==,
      KVMA_ERROR_PARAMS);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_PROC_LIST, json_pack ("{si}", "limit", 0)),
                   ==, KVMA_ERROR_PARAMS);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_PROC_LIST, json_pack ("{si}", "limit", 257)),
                   ==, KVMA_ERROR_PARAMS);
  g_assert_cmpint (
      peer_call_error (peer, KVMA_METHOD_PROC_LIST, json_pack ("{ss}", "filter", filter)), ==,
      KVMA_ERROR_PARAMS);
  peer_free (peer);
}

/* PING is answered while a guest with many processes is looked through. */
static void
test_many_do_not_slow_it (void)
{
  Peer *peer = peer_new ();
  gint64 begun, id, ponged, listed;
  json_t *reply;

  peer_write (peer, "proc/uptime", "1000.00 0\n");
  for (int pid = 1; pid <= MANY; pid++)
    write_process (peer, pid, "a-program-with-a-long-name", 1, 0, (guint) pid, 10, 100);
  peer_start (peer, 0);
  json_decref (peer_hello (peer));
  begun = g_get_monotonic_time ();
  id = peer_request (peer, KVMA_METHOD_PROC_LIST, NULL);
  peer_send (peer, KVMA_KIND_PING, "0123456789abcdef", 16);
  json_decref (peer_expect (peer, KVMA_KIND_PONG, 0));
  ponged = g_get_monotonic_time () - begun;
  reply = peer_reply (peer, id);
  listed = g_get_monotonic_time () - begun;
  g_test_message ("PONG after %.1f ms, the list after %.1f ms", (double) ponged / 1000,
                  (double) listed / 1000);
  g_assert_cmpint (ponged, <, listed);
  g_assert_cmpint (json_number (reply, "result.total"), ==, MANY);
  g_assert_true (json_is_true (json_path (reply, "result.truncated")));
  g_assert_cmpuint (json_array_size (json_path (reply, "result.procs")), >, 100);
  g_assert_cmpint (json_number (reply, "result.procs.0.pid"), ==, MANY);
  json_decref (reply);
  peer_free (peer);
}

static gint64
start_of (Peer *peer, GPid pid)
{
  json_t *list = peer_call (peer, KVMA_METHOD_PROC_LIST, json_pack ("{ss}", "filter", "sleep"));
  json_t *row = find_process (list, pid);
  gint64 start_time;

  g_assert_nonnull (row);
  start_time = json_number (row, "start");
  json_decref (list);
  return start_time;
}

static void
test_signal_needs_manage (void)
{
  Peer *peer = start (PEER_REAL_FACTS, NULL);
  json_t *reply = peer_reply (
      peer, peer_request (peer, KVMA_METHOD_PROC_SIGNAL,
                          json_pack ("{si ss}", "pid", (int) getpid (), "signal", "CONT")));

  g_assert_cmpint (json_number (reply, "error.code"), ==, KVMA_ERROR_DENIED);
  g_assert_cmpstr (json_text (reply, "error.data.group"), ==, "procs");
  g_assert_cmpstr (json_text (reply, "error.data.hint"), ==, "[policy] procs=manage");
  json_decref (reply);
  peer_free (peer);
}

static int
signal_error (Peer *peer, gint64 pid, const char *name)
{
  return peer_call_error (peer, KVMA_METHOD_PROC_SIGNAL,
                          json_pack ("{sI ss}", "pid", (json_int_t) pid, "signal", name));
}

static void
test_signals (void)
{
  static const char *const sleeper[] = { "sleep", "600", NULL };
  g_autofree char *policy = NULL;
  Peer *peer = peer_new ();
  GPid pid = spawn_child (sleeper);
  gint64 started;
  int status;

  policy = g_strdup_printf ("[agent]\nlog=warning\n[policy]\nprocs=manage\n[audit]\nsyslog="
                            "none\nfile=%s/audit.log\n",
                            peer->root);
  peer_write_policy (peer, policy);
  peer_start (peer, PEER_REAL_FACTS);
  json_decref (peer_hello (peer));
  started = start_of (peer, pid);
  g_assert_cmpint (signal_error (peer, pid, "SEGV"), ==, KVMA_ERROR_PARAMS);
  g_assert_cmpint (signal_error (peer, 1, "TERM"), ==, KVMA_ERROR_PARAMS);
  g_assert_cmpint (
      signal_error (peer, g_ascii_strtoll (g_subprocess_get_identifier (peer->process), NULL, 10),
                    "TERM"),
      ==, KVMA_ERROR_PARAMS);
  /* Another process would have got its number. */
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_PROC_SIGNAL,
                                    json_pack ("{si ss sI}", "pid", (int) pid, "signal", "KILL",
                                               "start", (json_int_t) started - 60)),
                   ==, KVMA_ERROR_NOT_FOUND);
  g_assert_cmpint (waitpid (pid, &status, WNOHANG), ==, 0);
  json_decref (peer_call (
      peer, KVMA_METHOD_PROC_SIGNAL,
      json_pack ("{si ss sI}", "pid", (int) pid, "signal", "TERM", "start", (json_int_t) started)));
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (WTERMSIG (status), ==, SIGTERM);
  g_assert_cmpint (signal_error (peer, pid, "TERM"), ==, KVMA_ERROR_NOT_FOUND);
  {
    g_autofree char *path = g_build_filename (peer->root, "audit.log", NULL);
    g_autofree char *log = NULL;

    g_assert_true (g_file_get_contents (path, &log, NULL, NULL));
    g_assert_nonnull (strstr (log, "\"method\":\"proc.signal\""));
    g_assert_nonnull (strstr (log, "\"signal\":\"TERM\""));
  }
  peer_free (peer);
}

static void
test_kernel_threads_get_none (void)
{
  Peer *peer = peer_new ();

  peer_write_policy (peer, "[policy]\nprocs=manage\n[audit]\nsyslog=none\nrequired=no\n");
  write_guest (peer);
  peer_start (peer, 0);
  json_decref (peer_hello (peer));
  g_assert_cmpint (signal_error (peer, 2, "CONT"), ==, KVMA_ERROR_PARAMS);
  peer_free (peer);
}

static void
test_disks (void)
{
  Peer *peer = peer_new ();
  json_t *stats;

  peer_write (peer, "sys/block/vda/device/vendor", "0x1af4\n");
  peer_write (peer, "sys/block/vda/serial", "root-disk\n");
  peer_write (peer, "sys/block/vda/size", "2048\n");
  peer_write (peer, "sys/block/vda/stat", "  11 1 22 3 44 5 66 7 0 88 99 0 0 0 0\n");
  peer_write (peer, "sys/block/dm-0/size", "2048\n");
  peer_write (peer, "sys/block/loop0/size", "2048\n");
  peer_write (peer, "sys/block/sr0/device/type", "5\n");
  peer_write (peer, "sys/block/sr0/size", "2048\n");
  peer_write (peer, "sys/block/vdb/device/vendor", "0x1af4\n");
  peer_write (peer, "sys/block/vdb/size", "0\n");
  peer_start (peer, 0);
  json_decref (peer_hello (peer));
  stats = peer_call (peer, KVMA_METHOD_DISK_STATS, NULL);
  g_assert_cmpint (json_number (stats, "total"), ==, 1);
  g_assert_cmpstr (json_text (stats, "disks.0.name"), ==, "vda");
  g_assert_cmpstr (json_text (stats, "disks.0.serial"), ==, "root-disk");
  g_assert_cmpint (json_number (stats, "disks.0.size"), ==, 1048576);
  g_assert_cmpint (json_number (stats, "disks.0.reads"), ==, 11);
  g_assert_cmpint (json_number (stats, "disks.0.read_bytes"), ==, 22 * 512);
  g_assert_cmpint (json_number (stats, "disks.0.writes"), ==, 44);
  g_assert_cmpint (json_number (stats, "disks.0.written_bytes"), ==, 66 * 512);
  g_assert_cmpint (json_number (stats, "disks.0.io_ms"), ==, 88);
  json_decref (stats);
  peer_free (peer);
}

static void
test_time (void)
{
  Peer *peer = start (PEER_REAL_FACTS, NULL);
  json_t *clock = peer_call (peer, KVMA_METHOD_TIME_GET, NULL);

  g_assert_cmpint (llabs (json_number (clock, "realtime_us") - g_get_real_time ()), <,
                   5 * G_USEC_PER_SEC);
  g_assert_cmpint (llabs (json_number (clock, "monotonic_us") - g_get_monotonic_time ()), <,
                   5 * G_USEC_PER_SEC);
  g_assert_true (json_is_boolean (json_path (clock, "ntp")));
  json_decref (clock);
  peer_free (peer);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/daemon/processes/lists-real-ones", test_lists_real_ones);
  g_test_add_func ("/daemon/processes/cpu-is-since-the-last-list", test_cpu_is_since_the_last_list);
  g_test_add_func ("/daemon/processes/sorts-and-limits", test_sorts_and_limits);
  g_test_add_func ("/daemon/processes/filters", test_filters);
  g_test_add_func ("/daemon/processes/args-need-a-word", test_args_need_a_word);
  g_test_add_func ("/daemon/processes/refuses-parameters", test_refuses_parameters);
  g_test_add_func ("/daemon/processes/many-do-not-slow-it", test_many_do_not_slow_it);
  g_test_add_func ("/daemon/processes/signal-needs-manage", test_signal_needs_manage);
  g_test_add_func ("/daemon/processes/signals", test_signals);
  g_test_add_func ("/daemon/processes/kernel-threads-get-none", test_kernel_threads_get_none);
  g_test_add_func ("/daemon/disks/whole-ones-with-counters", test_disks);
  g_test_add_func ("/daemon/time/is-now", test_time);
  return g_test_run ();
}
