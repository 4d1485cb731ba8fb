/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <unistd.h>

#include <glib/gi18n.h>

#include "cli/kvmm-cli-guest.h"

/* shutdown: the machine is asked by whatever way it listens to, visibly. */

static gboolean
agent_is_settled (gpointer data)
{
  KvmmGuestState state = kvmm_guest_get_state (data);

  return state != KVMM_GUEST_STATE_CONNECTING && state != KVMM_GUEST_STATE_IN_USE;
}

static gboolean
is_finished (gpointer data)
{
  return kvmm_shutdown_get_is_finished (data);
}

/* On a terminal one line counts down; elsewhere each step is a line. */
static void
print_progress (KvmmShutdown *shutdown)
{
  if (kvmm_shutdown_get_is_finished (shutdown))
    return;
  if (isatty (STDERR_FILENO))
    g_printerr ("\r\033[K%s", kvmm_shutdown_get_text (shutdown));
}

static void
text_cb (KvmmShutdown *shutdown, GParamSpec *pspec, gpointer user_data)
{
  print_progress (shutdown);
}

static void
deadline_cb (KvmmShutdown *shutdown, GParamSpec *pspec, gpointer user_data)
{
  if (!isatty (STDERR_FILENO) && !kvmm_shutdown_get_is_finished (shutdown))
    g_printerr ("%s\n", kvmm_shutdown_get_text (shutdown));
}

static const char *
outcome_word (KvmmShutdown *shutdown)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (KVMM_TYPE_SHUTDOWN_STEP);

  return g_enum_get_value (klass, (int) kvmm_shutdown_get_step (shutdown))->value_nick;
}

static KvmmExit
report (KvmmCliSession *session, KvmmDomain *domain, KvmmShutdown *shutdown)
{
  KvmmShutdownStep step = kvmm_shutdown_get_step (shutdown);

  if (isatty (STDERR_FILENO))
    g_printerr ("\r\033[K");
  if (session->json)
    {
      g_autoptr (JsonBuilder) builder = json_builder_new ();

      json_builder_begin_object (builder);
      kvmm_cli_json_string (builder, "name", kvmm_domain_get_name (domain));
      kvmm_cli_json_string (builder, "outcome", outcome_word (shutdown));
      kvmm_cli_json_string (builder, "text", kvmm_shutdown_get_text (shutdown));
      json_builder_end_object (builder);
      kvmm_cli_json_print (builder);
    }
  if (step == KVMM_SHUTDOWN_STEP_DONE)
    return KVMM_EXIT_OK;
  kvmm_cli_error ("“%s”: %s", kvmm_domain_get_name (domain), kvmm_shutdown_get_text (shutdown));
  return step == KVMM_SHUTDOWN_STEP_GAVE_UP ? KVMM_EXIT_NO_REACTION : KVMM_EXIT_FAILED;
}

int
kvmm_cli_shutdown (KvmmCliSession *session)
{
  KvmmDomain *domain = NULL;
  KvmmExit found = kvmm_cli_session_find (session, session->arguments[1], &domain);
  KvmmGuest *guest;
  KvmmShutdown *shutdown;
  const char *reason = NULL;

  if (found != KVMM_EXIT_OK)
    return found;
  if (!kvmm_domain_can (domain, KVMM_DOMAIN_ACTION_SHUT_DOWN, &reason))
    {
      kvmm_cli_error ("“%s”: %s", kvmm_domain_get_name (domain), reason);
      return KVMM_EXIT_FAILED;
    }
  guest = kvmm_domain_get_guest (domain);
  kvmm_guest_hold (guest);
  kvmm_cli_await_guest (session, domain, agent_is_settled);
  shutdown = kvmm_domain_begin_shutdown (domain, FALSE);
  g_signal_connect (shutdown, "notify::text", G_CALLBACK (text_cb), NULL);
  g_signal_connect (shutdown, "notify::deadline-us", G_CALLBACK (deadline_cb), NULL);
  print_progress (shutdown);
  deadline_cb (shutdown, NULL, NULL);
  kvmm_cli_await (is_finished, shutdown, 0);
  found = report (session, domain, shutdown);
  kvmm_guest_release (guest);
  return (int) found;
}
