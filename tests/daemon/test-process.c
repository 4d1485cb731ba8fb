/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "daemon-peer.h"
#include "daemon/agent-timezone.h"

static void
test_zone_equals_libc (void)
{
  static const char *const zones[] = { "Europe/Berlin",    "America/New_York",  "Australia/Sydney",
                                       "Asia/Kolkata",     "Africa/Casablanca", "Europe/Dublin",
                                       "America/St_Johns", "Pacific/Chatham",   "Antarctica/Troll",
                                       "America/Santiago", "Pacific/Apia",      "Etc/UTC" };
  g_autofree char *before = g_strdup (g_getenv ("TZ"));
  guint compared = 0;

  for (guint i = 0; i < G_N_ELEMENTS (zones); i++)
    {
      g_autofree char *path = g_strdup_printf ("/usr/share/zoneinfo/%s", zones[i]);
      g_autofree char *data = NULL;
      gsize length;

      if (!g_file_get_contents (path, &data, &length, NULL))
        continue;
      g_setenv ("TZ", zones[i], TRUE);
      tzset ();
      for (gint64 t = 0; t < G_GINT64_CONSTANT (4102444800); t += 86400 * 3 + 7193)
        {
          time_t when = (time_t) t;
          char name[AGENT_TIMEZONE_NAME_SIZE];
          struct tm local;
          int offset;

          localtime_r (&when, &local);
          g_assert_true (agent_timezone_at ((const guint8 *) data, length, t, &offset, name));
          g_assert_cmpint (offset, ==, local.tm_gmtoff);
          g_assert_cmpstr (name, ==, local.tm_zone);
          compared++;
        }
    }
  if (before != NULL)
    g_setenv ("TZ", before, TRUE);
  else
    g_unsetenv ("TZ");
  tzset ();
  if (compared == 0)
    g_test_skip ("no zone files here (tzdata)");
}

static void
test_bad_zones_are_refused (void)
{
  g_autofree char *data = NULL;
  char name[AGENT_TIMEZONE_NAME_SIZE] = "old";
  int offset = 77;
  gsize length;

  g_assert_false (agent_timezone_at ((const guint8 *) "", 0, 0, &offset, name));
  g_assert_false (agent_timezone_at ((const guint8 *) "TZif", 4, 0, &offset, name));
  if (!g_file_get_contents ("/usr/share/zoneinfo/Europe/Berlin", &data, &length, NULL))
    {
      g_test_skip ("no zone files here (tzdata)");
      return;
    }
  /* Cut anywhere: an answer or none, never a read beyond the end. */
  for (gsize n = 0; n < length; n++)
    {
      g_autofree guint8 *part = g_memdup2 (data, n);

      agent_timezone_at (part, n, 4000000000, &offset, name);
    }
}

typedef struct
{
  GSubprocess *process;
  char *directory;
  char *config;
  char *port;
} Waiting;

/* An agent whose port does not exist. */
static Waiting
wait_for_no_port (GSubprocessLauncher *launcher)
{
  Waiting self = { 0 };
  g_autoptr (GError) error = NULL;

  self.directory = g_dir_make_tmp ("kvma-process-XXXXXX", NULL);
  self.config = g_build_filename (self.directory, "agent.conf", NULL);
  self.port = g_build_filename (self.directory, "port", NULL);
  g_assert_true (g_file_set_contents (self.config, "[agent]\nlog=warning\n", -1, NULL));
  g_subprocess_launcher_set_child_setup (launcher, peer_die_with_parent, NULL, NULL);
  self.process = g_subprocess_launcher_spawn (launcher, &error, AGENT_PATH, "--foreground",
                                              "--config", self.config, "--port", self.port, NULL);
  g_assert_no_error (error);
  return self;
}

static void
end_waiting (Waiting *self)
{
  g_subprocess_send_signal (self->process, SIGTERM);
  g_assert_true (g_subprocess_wait (self->process, NULL, NULL));
  g_assert_cmpint (g_subprocess_get_exit_status (self->process), ==, 0);
  g_unlink (self->config);
  g_rmdir (self->directory);
  g_object_unref (self->process);
  g_free (self->directory);
  g_free (self->config);
  g_free (self->port);
}

static gint64
status_number (GSubprocess *process, const char *key)
{
  g_autofree char *path =
      g_strdup_printf ("/proc/%s/status", g_subprocess_get_identifier (process));
  g_autofree char *text = NULL;
  const char *found;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  found = strstr (text, key);
  g_assert_nonnull (found);
  return g_ascii_strtoll (found + strlen (key), NULL, 10);
}

static int
notify_socket (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  return fd;
}

static char *
next_notification (int fd)
{
  struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
  char text[256] = "";

  g_assert_cmpint (poll (&poll_fd, 1, PEER_PATIENCE_MS), ==, 1);
  g_assert_cmpint (recv (fd, text, sizeof text - 1, 0), >, 0);
  return g_strdup (text);
}

static void
test_never_wakes_without_host (void)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autofree char *directory = g_dir_make_tmp ("kvma-notify-XXXXXX", NULL);
  g_autofree char *socket_path = g_build_filename (directory, "notify", NULL);
  int fd = notify_socket (socket_path);
  struct pollfd silence = { .fd = fd, .events = POLLIN };
  g_autofree char *ready = NULL;
  g_autofree char *off = NULL;
  gint64 before, slept;
  Waiting waiting;

  /* With a watchdog that a daemon which sleeps for ever would miss, if it did not switch it off. */
  g_subprocess_launcher_setenv (launcher, "NOTIFY_SOCKET", socket_path, TRUE);
  g_subprocess_launcher_setenv (launcher, "WATCHDOG_USEC", "400000", TRUE);
  waiting = wait_for_no_port (launcher);
  ready = next_notification (fd);
  g_assert_cmpstr (ready, ==, "READY=1");
  off = next_notification (fd);
  g_assert_cmpstr (off, ==, "WATCHDOG_USEC=0");
  /* Two seconds in which nothing must happen; a notification would end them early. A busy computer
   * makes even a sleeping program wait for a page at times: one quiet time of five is what shows
   * that it has no reason to wake. */
  for (int i = 0; i < 5; i++)
    {
      before = status_number (waiting.process, "\nvoluntary_ctxt_switches:");
      g_assert_cmpint (poll (&silence, 1, 2000), ==, 0);
      slept = status_number (waiting.process, "\nvoluntary_ctxt_switches:") - before;
      if (slept <= 1)
        break;
    }
  g_assert_cmpint (slept, <=, 1);
  g_assert_cmpint (status_number (waiting.process, "\nnonvoluntary_ctxt_switches:"), <, 100);
  end_waiting (&waiting);
  close (fd);
  g_unlink (socket_path);
  g_rmdir (directory);
}

#ifdef AGENT_IS_STATIC
static gint64
measure_resident_kib (void)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  Waiting waiting = wait_for_no_port (launcher);
  gint64 deadline = g_get_monotonic_time () + PEER_PATIENCE_MS * 1000;
  gint64 resident;

  while (status_number (waiting.process, "\nSigBlk:") == 0)
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
  resident = status_number (waiting.process, "\nVmRSS:");
  end_waiting (&waiting);
  return resident;
}
#endif

/* The kernel maps what happens to be in its cache around each page that is touched: the least of
 * some runs is what the program itself needs. */
static void
test_is_small (void)
{
#ifdef AGENT_IS_STATIC
  gint64 least = G_MAXINT64;

  for (guint i = 0; i < 8 && least > 1024; i++)
    least = MIN (least, measure_resident_kib ());
  g_assert_cmpint (least, <=, 1024);
#else
  g_test_skip ("only the static binary has a size that is ours");
#endif
}

static void
test_usage (void)
{
  static const struct
  {
    const char *argument;
    int status;
  } cases[] = {
    { "--version", 0 }, { "--help", 0 }, { "--nonsense", 2 }, { "--fd=x", 2 }, { "stray", 2 }
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GSubprocess) process =
          g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE,
                            &error, AGENT_PATH, cases[i].argument, NULL);

      g_assert_no_error (error);
      g_assert_true (g_subprocess_wait (process, NULL, &error));
      g_assert_cmpint (g_subprocess_get_exit_status (process), ==, cases[i].status);
    }
}

/* While a host speaks with it, the service manager hears from the agent. */
static void
test_watchdog_runs_in_a_session (void)
{
  g_autofree char *directory = g_dir_make_tmp ("kvma-notify-XXXXXX", NULL);
  g_autofree char *socket_path = g_build_filename (directory, "notify", NULL);
  int fd = notify_socket (socket_path);
  Peer *peer = peer_new ();
  guint beats = 0;

  g_setenv ("NOTIFY_SOCKET", socket_path, TRUE);
  g_setenv ("WATCHDOG_USEC", "200000", TRUE);
  peer_start (peer, 0);
  g_unsetenv ("NOTIFY_SOCKET");
  g_unsetenv ("WATCHDOG_USEC");
  json_decref (peer_hello (peer));
  while (beats < 4)
    {
      g_autofree char *text = next_notification (fd);

      if (strcmp (text, "WATCHDOG=1") == 0)
        beats++;
    }
  peer_send (peer, KVMA_KIND_BYE, "{\"reason\":\"bye\"}", 16);
  for (;;)
    {
      g_autofree char *text = next_notification (fd);

      if (strcmp (text, "WATCHDOG_USEC=0") == 0)
        break;
    }
  peer_free (peer);
  close (fd);
  g_unlink (socket_path);
  g_rmdir (directory);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/daemon/timezone/equals-libc", test_zone_equals_libc);
  g_test_add_func ("/daemon/timezone/bad-zones-are-refused", test_bad_zones_are_refused);
  g_test_add_func ("/daemon/process/never-wakes-without-host", test_never_wakes_without_host);
  g_test_add_func ("/daemon/process/is-small", test_is_small);
  g_test_add_func ("/daemon/process/usage", test_usage);
  g_test_add_func ("/daemon/process/watchdog-runs-in-a-session", test_watchdog_runs_in_a_session);
  return g_test_run ();
}
