/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* Many agents at once, as the program has them: each the real one in a process of its own, on a
 * socketpair. Prints one JSON object: what one more guest costs the host, and whether a session was
 * ever lost.
 *
 * usage: agent-many AGENT COUNT SECONDS
 *
 * Half of the guests are looked at (figures each 2 s), the other half is not. An hour or a day of
 * it is the soak test: memory must not grow between the first tenth and the end. */

#include "config.h"

#include <errno.h>
#include <gio/gio.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/kvmm-agent-client.h"

#define WARM_UP_SHARE 10

typedef struct
{
  GSubprocess *process;    /* (owned) */
  KvmmAgentClient *client; /* (owned) */
  guint n_metrics;
} Guest;

static gint64
resident_kib (const char *pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%s/statm", pid);
  g_autofree char *text = NULL;
  char *p;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  g_ascii_strtoull (text, &p, 10);
  return (gint64) g_ascii_strtoull (p, NULL, 10) * sysconf (_SC_PAGESIZE) / 1024;
}

static double
cpu_seconds (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void
metrics_cb (KvmmAgentClient *client, gpointer metrics, gpointer user_data)
{
  ((Guest *) user_data)->n_metrics++;
}

static void
start_guest (Guest *guest, const char *agent, gboolean visible)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = NULL;
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    g_error ("socketpair: %s", g_strerror (errno));
  g_subprocess_launcher_take_fd (launcher, fds[1], 3);
  guest->process =
      g_subprocess_launcher_spawn (launcher, &error, agent, "--foreground", "--fd", "3", NULL);
  if (guest->process == NULL)
    g_error ("%s: %s", agent, error->message);
  socket = g_socket_new_from_fd (fds[0], &error);
  if (socket == NULL)
    g_error ("socket: %s", error->message);
  g_autoptr (GSocketConnection) connection = g_socket_connection_factory_create_connection (socket);
  guest->client = kvmm_agent_client_new (G_IO_STREAM (connection), "agent-many");
  g_signal_connect (guest->client, "metrics", G_CALLBACK (metrics_cb), guest);
  kvmm_agent_client_set_visible (guest->client, visible, 2000);
  kvmm_agent_client_start (guest->client);
}

static gboolean
flag_cb (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
run_for (guint seconds)
{
  gboolean over = FALSE;

  g_timeout_add_seconds (MAX (seconds, 1), flag_cb, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}

static gboolean
all_ready (const Guest *guests, guint count)
{
  for (guint i = 0; i < count; i++)
    if (kvmm_agent_client_get_state (guests[i].client) != KVMM_AGENT_CLIENT_READY)
      return FALSE;
  return TRUE;
}

int
main (int argc, char **argv)
{
  guint count = argc == 4 ? (guint) g_ascii_strtoull (argv[2], NULL, 10) : 0;
  guint seconds = argc == 4 ? (guint) g_ascii_strtoull (argv[3], NULL, 10) : 0;
  gint64 before_kib, early_kib, late_kib, agents_early_kib = 0, agents_late_kib = 0;
  guint sessions = 0, samples = 0;
  double cpu;

  if (count == 0 || seconds == 0)
    {
      fputs ("usage: agent-many AGENT COUNT SECONDS\n", stderr);
      return 2;
    }
  g_autofree Guest *guests = g_new0 (Guest, count);
  before_kib = resident_kib ("self");
  for (guint i = 0; i < count; i++)
    start_guest (&guests[i], argv[1], i % 2 == 0);
  while (!all_ready (guests, count))
    g_main_context_iteration (NULL, TRUE);

  run_for (seconds / WARM_UP_SHARE);
  early_kib = resident_kib ("self");
  for (guint i = 0; i < count; i++)
    agents_early_kib += resident_kib (g_subprocess_get_identifier (guests[i].process));
  cpu = cpu_seconds ();
  run_for (seconds);
  cpu = cpu_seconds () - cpu;
  late_kib = resident_kib ("self");
  for (guint i = 0; i < count; i++)
    {
      agents_late_kib += resident_kib (g_subprocess_get_identifier (guests[i].process));
      sessions += kvmm_agent_client_get_session_count (guests[i].client);
      samples += guests[i].n_metrics;
    }
  printf ("{\"label\": \"%u agents, %u s\", \"sessions_lost\": %u, \"samples\": %u, "
          "\"host_cpu_ms_per_guest_minute\": %.2f, "
          "\"host_kb_per_guest\": %.1f, \"host_growth_kb\": %" G_GINT64_FORMAT
          ", \"agent_rss_kb\": %.0f, \"agents_growth_kb\": %" G_GINT64_FORMAT "}\n",
          count, seconds, sessions - count, samples, cpu * 1e3 / count * 60 / seconds,
          (double) (early_kib - before_kib) / count, late_kib - early_kib,
          (double) agents_late_kib / count, agents_late_kib - agents_early_kib);
  for (guint i = 0; i < count; i++)
    {
      kvmm_agent_client_close (guests[i].client);
      g_clear_object (&guests[i].client);
      g_subprocess_force_exit (guests[i].process);
      g_clear_object (&guests[i].process);
    }
  return sessions == count ? 0 : 1;
}
