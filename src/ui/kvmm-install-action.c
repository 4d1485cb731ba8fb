/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-install-action.h"

#include <glib/gi18n.h>

#include "kvmm-dialogs.h"
#include "kvmm-domain-actions.h"
#include "util/kvmm-units.h"

/* libvirt's patience with a tray that the guest keeps locked. */
#define TRAY_SECONDS 5

static KvmmInstallAction
find_for_step (KvmmAgentInstallStep step)
{
  switch (step)
    {
    case KVMM_AGENT_INSTALL_CHANNEL:
    case KVMM_AGENT_INSTALL_DISC:
      return KVMM_INSTALL_ACTION_PREPARE;
    case KVMM_AGENT_INSTALL_COMMAND:
      return KVMM_INSTALL_ACTION_TYPED;
    case KVMM_AGENT_INSTALL_WAITING:
    case KVMM_AGENT_INSTALL_READY:
      return KVMM_INSTALL_ACTION_RETRY;
    case KVMM_AGENT_INSTALL_EJECT:
      return KVMM_INSTALL_ACTION_EJECT;
    case KVMM_AGENT_INSTALL_N_STEPS:
    default:
      return KVMM_INSTALL_ACTION_NONE;
    }
}

KvmmInstallAction
kvmm_install_action_find (KvmmAgentInstall *install)
{
  KvmmAgentInstallStep step;

  g_return_val_if_fail (KVMM_IS_AGENT_INSTALL (install), KVMM_INSTALL_ACTION_NONE);

  step = kvmm_agent_install_get_step (install);
  if (kvmm_agent_install_get_question (install) != KVMM_AGENT_INSTALL_ASKS_NOTHING)
    return KVMM_INSTALL_ACTION_ANSWER;
  if (kvmm_agent_install_get_is_busy (install))
    return KVMM_INSTALL_ACTION_CANCEL;
  if (step < KVMM_AGENT_INSTALL_N_STEPS &&
      kvmm_agent_install_get_state (install, step) == KVMM_AGENT_INSTALL_NEEDS_START)
    return kvmm_domain_get_is_active (kvmm_agent_install_get_domain (install))
               ? KVMM_INSTALL_ACTION_SHUT_DOWN
               : KVMM_INSTALL_ACTION_START;
  /* What failed once is better done by hand. */
  if (step == KVMM_AGENT_INSTALL_COMMAND && kvmm_agent_install_can_run (install, NULL) &&
      kvmm_agent_install_get_exit_code (install) <= 0)
    return KVMM_INSTALL_ACTION_RUN;
  return find_for_step (step);
}

static gboolean
has_failed (KvmmAgentInstall *install)
{
  KvmmAgentInstallStep step = kvmm_agent_install_get_step (install);

  return step < KVMM_AGENT_INSTALL_N_STEPS && kvmm_agent_install_get_error (install) != NULL &&
         kvmm_agent_install_get_question (install) == KVMM_AGENT_INSTALL_ASKS_NOTHING;
}

const char *
kvmm_install_action_get_label (KvmmInstallAction action, KvmmAgentInstall *install)
{
  switch (action)
    {
    case KVMM_INSTALL_ACTION_NONE:
      return NULL;
    case KVMM_INSTALL_ACTION_PREPARE:
      if (has_failed (install))
        return _ ("_Try Again");
      return kvmm_agent_install_get_step (install) == KVMM_AGENT_INSTALL_CHANNEL
                 ? _ ("_Prepare")
                 : _ ("_Mount Agent Disc");
    case KVMM_INSTALL_ACTION_ANSWER:
      return _ ("_Answer…");
    case KVMM_INSTALL_ACTION_CANCEL:
      return _ ("_Cancel");
    case KVMM_INSTALL_ACTION_SHUT_DOWN:
      return _ ("_Shut Down");
    case KVMM_INSTALL_ACTION_START:
      return _ ("_Start");
    case KVMM_INSTALL_ACTION_RUN:
      return _ ("_Run the Installer…");
    case KVMM_INSTALL_ACTION_TYPED:
      /* Translators: the person has typed the commands in the guest */
      return _ ("_Done");
    case KVMM_INSTALL_ACTION_RETRY:
      return _ ("_Look Now");
    case KVMM_INSTALL_ACTION_EJECT:
      return has_failed (install) ? _ ("_Try Again") : _ ("_Eject");
    }
  return NULL;
}

const char *
kvmm_install_action_get_question (KvmmAgentInstall *install)
{
  switch (kvmm_agent_install_get_question (install))
    {
    case KVMM_AGENT_INSTALL_ASKS_NOTHING:
      return NULL;
    case KVMM_AGENT_INSTALL_ASKS_REPLACE:
      return _ ("Replace the Disc?");
    case KVMM_AGENT_INSTALL_ASKS_FORCE:
      return _ ("Force Eject?");
    case KVMM_AGENT_INSTALL_ASKS_MAKE_POOL:
      return _ ("Make a Storage Pool?");
    }
  return NULL;
}

static const char *
get_yes (KvmmAgentInstallQuestion question)
{
  switch (question)
    {
    case KVMM_AGENT_INSTALL_ASKS_NOTHING:
      return "";
    case KVMM_AGENT_INSTALL_ASKS_REPLACE:
      return _ ("_Replace");
    case KVMM_AGENT_INSTALL_ASKS_FORCE:
      return _ ("_Force Eject");
    case KVMM_AGENT_INSTALL_ASKS_MAKE_POOL:
      return _ ("_Make the Pool");
    }
  return "";
}

static void
answered_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmAgentInstall) install = user_data;

  kvmm_agent_install_answer (install, kvmm_dialogs_confirm_finish (result));
}

static void
ask (GtkWidget *widget, KvmmAgentInstall *install)
{
  KvmmAgentInstallQuestion question = kvmm_agent_install_get_question (install);
  const char *name = kvmm_domain_get_name (kvmm_agent_install_get_domain (install));
  const char *text = kvmm_agent_install_get_question_text (install);
  g_autofree char *body = NULL;

  if (question == KVMM_AGENT_INSTALL_ASKS_FORCE)
    body = g_strdup_printf (_ ("“%s” has the disc in its drive mounted and keeps the tray locked. "
                               "Unmount it in the guest first, or force it out: programs in the "
                               "guest that read it get errors."),
                            name);
  else
    body = g_strdup (text != NULL ? text : "");
  kvmm_dialogs_confirm_async (widget, kvmm_install_action_get_question (install), body,
                              get_yes (question), question == KVMM_AGENT_INSTALL_ASKS_FORCE,
                              answered_cb, g_object_ref (install));
}

static void
run_agreed_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmAgentInstall) install = user_data;

  if (kvmm_dialogs_confirm_finish (result))
    kvmm_agent_install_run (install);
}

static void
ask_to_run (GtkWidget *widget, KvmmAgentInstall *install)
{
  g_autofree char *body =
      g_strdup_printf (_ ("The QEMU guest agent in “%s” runs the installer of the disc, as root of "
                          "the guest. It copies the agent to the guest's disk and starts its "
                          "service."),
                       kvmm_domain_get_name (kvmm_agent_install_get_domain (install)));

  kvmm_dialogs_confirm_async (widget, _ ("Run the Installer?"), body, _ ("_Run"), FALSE,
                              run_agreed_cb, g_object_ref (install));
}

static void
run_domain_action (GtkWidget *widget, KvmmAgentInstall *install, KvmmDomainAction action)
{
  g_autoptr (GPtrArray) domains = g_ptr_array_new ();

  g_ptr_array_add (domains, kvmm_agent_install_get_domain (install));
  kvmm_domain_actions_run (widget, domains, action, TRUE);
}

void
kvmm_install_action_run (KvmmInstallAction action, GtkWidget *widget, KvmmAgentInstall *install)
{
  g_return_if_fail (GTK_IS_WIDGET (widget));
  g_return_if_fail (KVMM_IS_AGENT_INSTALL (install));

  switch (action)
    {
    case KVMM_INSTALL_ACTION_NONE:
      break;
    case KVMM_INSTALL_ACTION_PREPARE:
      kvmm_agent_install_prepare (install);
      break;
    case KVMM_INSTALL_ACTION_ANSWER:
      ask (widget, install);
      break;
    case KVMM_INSTALL_ACTION_CANCEL:
      kvmm_agent_install_cancel (install);
      break;
    case KVMM_INSTALL_ACTION_SHUT_DOWN:
      run_domain_action (widget, install, KVMM_DOMAIN_ACTION_SHUT_DOWN);
      break;
    case KVMM_INSTALL_ACTION_START:
      run_domain_action (widget, install, KVMM_DOMAIN_ACTION_START);
      break;
    case KVMM_INSTALL_ACTION_RUN:
      ask_to_run (widget, install);
      break;
    case KVMM_INSTALL_ACTION_TYPED:
      kvmm_agent_install_set_typed (install);
      break;
    case KVMM_INSTALL_ACTION_RETRY:
      kvmm_guest_retry (kvmm_domain_get_guest (kvmm_agent_install_get_domain (install)));
      break;
    case KVMM_INSTALL_ACTION_EJECT:
      kvmm_agent_install_eject (install);
      break;
    }
}

/* What the program does right now, which the step's own words do not tell. */
static char *
describe_work (KvmmAgentInstall *install, gint64 busy_since_us)
{
  double progress = kvmm_agent_install_get_progress (install);
  gint64 left = TRAY_SECONDS - (g_get_monotonic_time () - busy_since_us) / G_USEC_PER_SEC;

  if (progress >= 0)
    return g_strdup_printf (_ ("Uploading the disc to the host; %.0f %%"), progress * 100);
  if (kvmm_agent_install_get_step (install) == KVMM_AGENT_INSTALL_COMMAND)
    return g_strdup (_ ("The installer runs in the guest."));
  if (kvmm_agent_install_get_step (install) != KVMM_AGENT_INSTALL_EJECT)
    return g_strdup (_ ("Bringing channel and disc into the machine."));
  if (left < 1)
    return g_strdup (_ ("Waiting for the guest to open the tray."));
  return g_strdup_printf (ngettext ("Waiting for the guest to open the tray; %u second left.",
                                    "Waiting for the guest to open the tray; %u seconds left.",
                                    (guint) left),
                          (guint) left);
}

static char *
describe_waiting (KvmmGuest *guest)
{
  gint64 since_us = kvmm_guest_get_waiting_since_us (guest);
  g_autofree char *age = NULL;

  if (since_us <= 0)
    return g_strdup (kvmm_guest_get_state_detail (guest));
  age = kvmm_units_duration (MAX (g_get_monotonic_time () - since_us, 0) / G_USEC_PER_SEC);
  if (kvmm_guest_get_state (guest) == KVMM_GUEST_STATE_CONNECTING)
    return g_strdup_printf (_ ("The agent has not answered yet; %s"), age);
  return g_strdup_printf (_ ("The guest has not opened the channel yet; %s"), age);
}

char *
kvmm_install_action_dup_text (KvmmAgentInstall *install,
                              gint64 busy_since_us,
                              gboolean *is_counting)
{
  KvmmAgentInstallStep step;

  g_return_val_if_fail (KVMM_IS_AGENT_INSTALL (install), NULL);

  step = kvmm_agent_install_get_step (install);
  *is_counting = TRUE;
  if (kvmm_agent_install_get_is_busy (install))
    return describe_work (install, busy_since_us);
  if (step == KVMM_AGENT_INSTALL_WAITING)
    return describe_waiting (kvmm_domain_get_guest (kvmm_agent_install_get_domain (install)));
  *is_counting = FALSE;
  if (kvmm_agent_install_get_question (install) != KVMM_AGENT_INSTALL_ASKS_NOTHING)
    return g_strdup (kvmm_agent_install_get_question_text (install));
  if (step == KVMM_AGENT_INSTALL_N_STEPS)
    return kvmm_agent_install_dup_text (install, KVMM_AGENT_INSTALL_READY);
  return kvmm_agent_install_dup_text (install, step);
}
