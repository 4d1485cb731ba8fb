/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <locale.h>

#include <glib/gi18n.h>

#include "app/kvmm-application.h"
#include "app/kvmm-turn-monitor.h"
#include "cli/kvmm-cli.h"
#include "util/kvmm-lane.h"
#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-connect.h"

/* A host that does not answer is not waited for any longer. */
#define CLOSE_MS 2000

static int
run (int argc, char **argv)
{
  g_autoptr (KvmmApplication) application = NULL;

  if (kvmm_cli_is_command (argc, argv))
    return kvmm_cli_run (argc, argv);
  application = kvmm_application_new ();
  return g_application_run (G_APPLICATION (application), argc, argv);
}

int
main (int argc, char **argv)
{
  int status;

  kvmm_thread_set_main ();
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_set_prgname ("kvm-manager");
  kvmm_turn_monitor_start_from_environment ();
  kvmm_virt_init ();

  status = run (argc, argv);
  kvmm_lane_await_disposals (CLOSE_MS);
  return status;
}
