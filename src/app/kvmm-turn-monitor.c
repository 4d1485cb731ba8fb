/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "app/kvmm-turn-monitor.h"

#include <stdlib.h>

/* One process has one default main context, so its monitor is a file-level state too. */
static struct
{
  gint64 start_us;
  gint64 poll_returned_us;
  gint64 longest_us;
  gint64 threshold_us;
} monitor;

static int
measuring_poll (GPollFD *fds, guint n_fds, int timeout)
{
  gint64 now = g_get_monotonic_time ();
  int ready;

  if (monitor.poll_returned_us != 0)
    {
      gint64 turn_us = now - monitor.poll_returned_us;

      monitor.longest_us = MAX (monitor.longest_us, turn_us);
      if (turn_us >= monitor.threshold_us)
        g_printerr ("turn: %.1f ms at %.3f s\n", (double) turn_us / 1e3,
                    (double) (now - monitor.start_us) / 1e6);
    }
  ready = g_poll (fds, n_fds, timeout);
  monitor.poll_returned_us = g_get_monotonic_time ();
  return ready;
}

static void
print_longest (void)
{
  g_printerr ("turn: longest %.1f ms\n", (double) monitor.longest_us / 1e3);
}

void
kvmm_turn_monitor_start_from_environment (void)
{
  const char *text = g_getenv ("KVMM_DEBUG_TURNS");
  guint64 threshold_ms;

  if (text == NULL || !g_ascii_string_to_unsigned (text, 10, 1, 10000, &threshold_ms, NULL))
    return;
  monitor.start_us = g_get_monotonic_time ();
  monitor.threshold_us = (gint64) threshold_ms * 1000;
  g_main_context_set_poll_func (NULL, measuring_poll);
  atexit (print_longest);
}
