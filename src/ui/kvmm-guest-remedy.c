/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-guest-remedy.h"

#include <glib/gi18n.h>

#include "kvmm-dialogs.h"
#include "kvmm-domain-actions.h"
#include "kvmm-install-window.h"

KvmmGuestRemedy
kvmm_guest_remedy_find (KvmmDomain *domain)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (domain), KVMM_GUEST_REMEDY_NONE);

  switch (kvmm_guest_get_state (kvmm_domain_get_guest (domain)))
    {
    case KVMM_GUEST_STATE_OFF:
      return kvmm_domain_can (domain, KVMM_DOMAIN_ACTION_START, NULL) ? KVMM_GUEST_REMEDY_START
                                                                      : KVMM_GUEST_REMEDY_NONE;
    case KVMM_GUEST_STATE_NO_CHANNEL:
    case KVMM_GUEST_STATE_NEEDS_POWER_OFF:
    case KVMM_GUEST_STATE_WAITING:
    case KVMM_GUEST_STATE_INCOMPATIBLE:
      return KVMM_GUEST_REMEDY_INSTALL;
    case KVMM_GUEST_STATE_CONNECTING:
    case KVMM_GUEST_STATE_UNRESPONSIVE:
    case KVMM_GUEST_STATE_BLOCKED:
      return KVMM_GUEST_REMEDY_RETRY;
    case KVMM_GUEST_STATE_IN_USE:
      return KVMM_GUEST_REMEDY_TAKE_OVER;
    case KVMM_GUEST_STATE_NOT_SUPPORTED:
    case KVMM_GUEST_STATE_READY:
      return KVMM_GUEST_REMEDY_NONE;
    }
  return KVMM_GUEST_REMEDY_NONE;
}

const char *
kvmm_guest_remedy_get_label (KvmmGuestRemedy remedy)
{
  switch (remedy)
    {
    case KVMM_GUEST_REMEDY_NONE:
      return NULL;
    case KVMM_GUEST_REMEDY_START:
      return _ ("Start");
    case KVMM_GUEST_REMEDY_INSTALL:
      return _ ("Set Up the Agent…");
    case KVMM_GUEST_REMEDY_RETRY:
      return _ ("Try Now");
    case KVMM_GUEST_REMEDY_TAKE_OVER:
      return _ ("Take Over");
    }
  return NULL;
}

static void
take_over_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmDomain) domain = user_data;

  if (kvmm_dialogs_confirm_finish (result))
    kvmm_guest_take_over (kvmm_domain_get_guest (domain));
}

static void
confirm_take_over (GtkWidget *parent, KvmmDomain *domain)
{
  g_autofree char *body =
      g_strdup_printf (_ ("Another program speaks with the agent in “%s”. It will lose the "
                          "connection to it."),
                       kvmm_domain_get_name (domain));

  kvmm_dialogs_confirm_async (parent, _ ("Take Over the Agent?"), body, _ ("Take Over"), TRUE,
                              take_over_cb, g_object_ref (domain));
}

void
kvmm_guest_remedy_run (KvmmGuestRemedy remedy,
                       GtkWidget *parent,
                       KvmmSettings *settings,
                       KvmmDomain *domain)
{
  g_return_if_fail (GTK_IS_WIDGET (parent));
  g_return_if_fail (KVMM_IS_DOMAIN (domain));

  g_autoptr (GPtrArray) domains = g_ptr_array_new ();
  GtkRoot *root;

  switch (remedy)
    {
    case KVMM_GUEST_REMEDY_NONE:
      break;
    case KVMM_GUEST_REMEDY_START:
      g_ptr_array_add (domains, domain);
      kvmm_domain_actions_run (parent, domains, KVMM_DOMAIN_ACTION_START, TRUE);
      break;
    case KVMM_GUEST_REMEDY_INSTALL:
      root = gtk_widget_get_root (parent);
      g_ptr_array_add (domains, domain);
      kvmm_install_window_present (GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL, settings,
                                   domains);
      break;
    case KVMM_GUEST_REMEDY_RETRY:
      kvmm_guest_retry (kvmm_domain_get_guest (domain));
      break;
    case KVMM_GUEST_REMEDY_TAKE_OVER:
      confirm_take_over (parent, domain);
      break;
    }
}
