/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-guest-remedy.h"

#include <glib/gi18n.h>

#include "kvmm-dialogs.h"
#include "kvmm-domain-actions.h"
#include "kvmm-mount-flow.h"
#include "model/kvmm-agent-iso.h"

/* A widget that asked and may be gone when the answer comes, and the machine it is about. */
typedef struct
{
  GWeakRef parent;
  KvmmDomain *domain; /* (owned) */
} Request;

static Request *
request_new (GtkWidget *parent, KvmmDomain *domain)
{
  Request *request = g_new0 (Request, 1);

  g_weak_ref_init (&request->parent, parent);
  request->domain = g_object_ref (domain);
  return request;
}

static void
request_free (Request *request)
{
  g_weak_ref_clear (&request->parent);
  g_object_unref (request->domain);
  g_free (request);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Request, request_free)

KvmmGuestRemedy
kvmm_guest_remedy_find (KvmmDomain *domain)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (domain), KVMM_GUEST_REMEDY_NONE);

  g_autofree char *drive = NULL;

  switch (kvmm_guest_get_state (kvmm_domain_get_guest (domain)))
    {
    case KVMM_GUEST_STATE_OFF:
      return kvmm_domain_can (domain, KVMM_DOMAIN_ACTION_START, NULL) ? KVMM_GUEST_REMEDY_START
                                                                      : KVMM_GUEST_REMEDY_NONE;
    case KVMM_GUEST_STATE_NO_CHANNEL:
    case KVMM_GUEST_STATE_NEEDS_POWER_OFF:
      return KVMM_GUEST_REMEDY_ADD_CHANNEL;
    case KVMM_GUEST_STATE_WAITING:
      drive = kvmm_agent_iso_find_mounted (domain);
      return drive == NULL ? KVMM_GUEST_REMEDY_MOUNT_DISC : KVMM_GUEST_REMEDY_RETRY;
    case KVMM_GUEST_STATE_INCOMPATIBLE:
      return KVMM_GUEST_REMEDY_MOUNT_DISC;
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
    case KVMM_GUEST_REMEDY_ADD_CHANNEL:
      return _ ("Add Channel");
    case KVMM_GUEST_REMEDY_MOUNT_DISC:
      return _ ("Mount Agent Disc");
    case KVMM_GUEST_REMEDY_RETRY:
      return _ ("Try Now");
    case KVMM_GUEST_REMEDY_TAKE_OVER:
      return _ ("Take Over");
    }
  return NULL;
}

static void
channel_added_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GtkWidget) parent = g_weak_ref_get (&request->parent);
  g_autoptr (GError) error = NULL;
  gboolean needs_restart = FALSE;
  gboolean is_added =
      kvmm_domain_add_channel_finish (KVMM_DOMAIN (object), result, &needs_restart, &error);
  const char *name = kvmm_domain_get_name (request->domain);
  g_autofree char *text = NULL;

  if (parent == NULL)
    return;
  if (!is_added)
    {
      text = g_strdup_printf (_ ("Could not add the agent's channel to “%s”"), name);
      kvmm_dialogs_error (parent, text, error);
      return;
    }
  text = needs_restart
             ? g_strdup_printf (_ ("The channel comes when “%s” is shut down and started"), name)
             : g_strdup_printf (_ ("“%s” has the agent's channel now"), name);
  kvmm_dialogs_toast (parent, text);
}

static void
take_over_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;

  if (kvmm_dialogs_confirm_finish (result))
    kvmm_guest_take_over (kvmm_domain_get_guest (request->domain));
}

static void
confirm_take_over (GtkWidget *parent, KvmmDomain *domain)
{
  g_autofree char *body =
      g_strdup_printf (_ ("Another program speaks with the agent in “%s”. It will lose the "
                          "connection to it."),
                       kvmm_domain_get_name (domain));

  kvmm_dialogs_confirm_async (parent, _ ("Take Over the Agent?"), body, _ ("Take Over"), TRUE,
                              take_over_cb, request_new (parent, domain));
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

  switch (remedy)
    {
    case KVMM_GUEST_REMEDY_NONE:
      break;
    case KVMM_GUEST_REMEDY_START:
      g_ptr_array_add (domains, domain);
      kvmm_domain_actions_run (parent, domains, KVMM_DOMAIN_ACTION_START, TRUE);
      break;
    case KVMM_GUEST_REMEDY_ADD_CHANNEL:
      kvmm_domain_add_channel_async (domain, NULL, channel_added_cb, request_new (parent, domain));
      break;
    case KVMM_GUEST_REMEDY_MOUNT_DISC:
      kvmm_mount_flow_start (parent, settings, domain);
      break;
    case KVMM_GUEST_REMEDY_RETRY:
      kvmm_guest_retry (kvmm_domain_get_guest (domain));
      break;
    case KVMM_GUEST_REMEDY_TAKE_OVER:
      confirm_take_over (parent, domain);
      break;
    }
}
