/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>

#include "model/kvmm-connection-private.h"
#include "model/kvmm-domain-edit.h"
#include "model/kvmm-domain-private.h"
#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-connect.h"

/* What a person does to a machine, and when that is possible. */

typedef gboolean (*DomainFunc) (KvmmVirtConnect *connect, const char *uuid, GError **error);

static gboolean
start_running (KvmmVirtConnect *connect, const char *uuid, GError **error)
{
  return kvmm_virt_domain_start (connect, uuid, FALSE, error);
}

static gboolean
autostart_on (KvmmVirtConnect *connect, const char *uuid, GError **error)
{
  return kvmm_virt_domain_set_autostart (connect, uuid, TRUE, error);
}

static gboolean
autostart_off (KvmmVirtConnect *connect, const char *uuid, GError **error)
{
  return kvmm_virt_domain_set_autostart (connect, uuid, FALSE, error);
}

static const struct
{
  DomainFunc func;
  KvmmConnectionLane lane;
  const char *pending;
  gboolean keeps_state; /* no change of state follows: the pending text ends with the call */
} actions[KVMM_DOMAIN_N_ACTIONS] = {
  [KVMM_DOMAIN_ACTION_START] = { start_running, KVMM_CONNECTION_LANE_CONTROL, N_ ("Starting…"),
                                 FALSE },
  [KVMM_DOMAIN_ACTION_SHUT_DOWN] = { kvmm_virt_domain_shutdown, KVMM_CONNECTION_LANE_CONTROL,
                                     N_ ("Shutting down…"), FALSE },
  [KVMM_DOMAIN_ACTION_REBOOT] = { kvmm_virt_domain_reboot, KVMM_CONNECTION_LANE_CONTROL,
                                  N_ ("Rebooting…"), FALSE },
  [KVMM_DOMAIN_ACTION_FORCE_OFF] = { kvmm_virt_domain_force_off, KVMM_CONNECTION_LANE_CONTROL,
                                     N_ ("Forcing off…"), FALSE },
  [KVMM_DOMAIN_ACTION_RESET] = { kvmm_virt_domain_reset, KVMM_CONNECTION_LANE_CONTROL,
                                 N_ ("Resetting…"), TRUE },
  [KVMM_DOMAIN_ACTION_PAUSE] = { kvmm_virt_domain_pause, KVMM_CONNECTION_LANE_CONTROL,
                                 N_ ("Pausing…"), FALSE },
  [KVMM_DOMAIN_ACTION_RESUME] = { kvmm_virt_domain_resume, KVMM_CONNECTION_LANE_CONTROL,
                                  N_ ("Resuming…"), FALSE },
  [KVMM_DOMAIN_ACTION_SAVE] = { kvmm_virt_domain_save, KVMM_CONNECTION_LANE_SLOW, N_ ("Saving…"),
                                FALSE },
  [KVMM_DOMAIN_ACTION_AUTOSTART_ON] = { autostart_on, KVMM_CONNECTION_LANE_CONTROL, NULL, TRUE },
  [KVMM_DOMAIN_ACTION_AUTOSTART_OFF] = { autostart_off, KVMM_CONNECTION_LANE_CONTROL, NULL, TRUE },
};

/* Why a machine that must run does not do so; %NULL when it runs. */
static const char *
reason_not_running (KvmmDomainState state)
{
  switch (state)
    {
    case KVMM_DOMAIN_STATE_RUNNING:
    case KVMM_DOMAIN_STATE_SHUTTING_DOWN:
      return NULL;
    case KVMM_DOMAIN_STATE_PAUSED:
      return _ ("The virtual machine is paused. Resume it first.");
    case KVMM_DOMAIN_STATE_SUSPENDED:
      return _ ("The guest sleeps. Resume it first.");
    case KVMM_DOMAIN_STATE_SHUT_OFF:
    case KVMM_DOMAIN_STATE_CRASHED:
      return _ ("The virtual machine does not run.");
    case KVMM_DOMAIN_STATE_UNKNOWN:
      return _ ("The state of the virtual machine is not known.");
    }
  return NULL;
}

static const char *
reason_not_active (KvmmDomain *self)
{
  KvmmDomainState state = kvmm_domain_get_state (self);

  return kvmm_domain_get_is_active (self) ? NULL : reason_not_running (state);
}

static const char *
reason_not_start (KvmmDomain *self)
{
  if (kvmm_domain_get_state (self) == KVMM_DOMAIN_STATE_PAUSED)
    return _ ("The virtual machine is paused. Resume it instead.");
  if (kvmm_domain_get_state (self) == KVMM_DOMAIN_STATE_SUSPENDED)
    return _ ("The guest sleeps. Resume it instead.");
  if (kvmm_domain_get_is_active (self))
    return _ ("The virtual machine runs already.");
  return NULL;
}

static const char *
reason_not_resume (KvmmDomain *self)
{
  switch (kvmm_domain_get_state (self))
    {
    case KVMM_DOMAIN_STATE_PAUSED:
    case KVMM_DOMAIN_STATE_SUSPENDED:
      return NULL;
    case KVMM_DOMAIN_STATE_RUNNING:
    case KVMM_DOMAIN_STATE_SHUTTING_DOWN:
      return _ ("The virtual machine is not paused.");
    case KVMM_DOMAIN_STATE_SHUT_OFF:
    case KVMM_DOMAIN_STATE_CRASHED:
    case KVMM_DOMAIN_STATE_UNKNOWN:
      return reason_not_active (self);
    }
  return NULL;
}

static const char *
reason_not_save (KvmmDomain *self)
{
  if (!kvmm_domain_get_is_active (self))
    return reason_not_active (self);
  if (kvmm_domain_get_state (self) == KVMM_DOMAIN_STATE_SUSPENDED)
    return _ ("The guest sleeps. Resume it first.");
  if (!kvmm_domain_get_persistent (self))
    return _ ("The virtual machine is transient: it is gone when it stops.");
  return NULL;
}

static const char *
reason_not_autostart (KvmmDomain *self, gboolean autostart)
{
  if (!kvmm_domain_get_persistent (self))
    return _ ("The virtual machine is transient: it is gone when it stops.");
  if (kvmm_domain_get_autostart (self) != autostart)
    return NULL;
  return autostart ? _ ("The virtual machine starts with its host already.")
                   : _ ("The virtual machine does not start with its host.");
}

static const char *
reason_against (KvmmDomain *self, KvmmDomainAction action)
{
  KvmmConnection *connection = kvmm_domain_get_connection (self);
  KvmmDomainState state = kvmm_domain_get_state (self);

  if (connection == NULL)
    return _ ("The virtual machine was deleted.");
  if (kvmm_connection_get_state (connection) != KVMM_CONNECTION_CONNECTED)
    return _ ("There is no connection to the host.");

  switch (action)
    {
    case KVMM_DOMAIN_ACTION_START:
      return state == KVMM_DOMAIN_STATE_UNKNOWN ? reason_not_running (state)
                                                : reason_not_start (self);
    case KVMM_DOMAIN_ACTION_SHUT_DOWN:
    case KVMM_DOMAIN_ACTION_REBOOT:
    case KVMM_DOMAIN_ACTION_PAUSE:
      return reason_not_running (state);
    case KVMM_DOMAIN_ACTION_FORCE_OFF:
      /* The process of a crashed machine may have been kept for a look. */
      return state == KVMM_DOMAIN_STATE_CRASHED && kvmm_domain_get_id (self) >= 0
                 ? NULL
                 : reason_not_active (self);
    case KVMM_DOMAIN_ACTION_RESET:
      return reason_not_active (self);
    case KVMM_DOMAIN_ACTION_RESUME:
      return reason_not_resume (self);
    case KVMM_DOMAIN_ACTION_SAVE:
      return reason_not_save (self);
    case KVMM_DOMAIN_ACTION_AUTOSTART_ON:
      return reason_not_autostart (self, TRUE);
    case KVMM_DOMAIN_ACTION_AUTOSTART_OFF:
      return reason_not_autostart (self, FALSE);
    case KVMM_DOMAIN_N_ACTIONS:
      break;
    }
  return NULL;
}

gboolean
kvmm_domain_can (KvmmDomain *self, KvmmDomainAction action, const char **reason)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), FALSE);
  g_return_val_if_fail (action < KVMM_DOMAIN_N_ACTIONS, FALSE);

  const char *against = reason_against (self, action);
  if (reason != NULL)
    *reason = against;
  return against == NULL;
}

/* ---- acting ---- */

typedef struct
{
  KvmmDomainAction action;
  DomainFunc func;
  char uuid[37];
} Act;

/* Worker. */
static void
act_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  Act *act = data;
  GError *error = NULL;

  if (act->func (connect, act->uuid, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
act_ready_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmDomain *self = KVMM_DOMAIN (source);
  KvmmConnection *connection = kvmm_domain_get_connection (self);
  g_autoptr (GTask) task = user_data; /* the caller's */
  const Act *act = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      kvmm_domain_set_pending (self, NULL);
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  if (act->action == KVMM_DOMAIN_ACTION_START && kvmm_domain_get_wait (self) != KVMM_XML_WAIT_NONE)
    kvmm_domain_end_wait_async (self, NULL, NULL, NULL);
  if (actions[act->action].keeps_state)
    kvmm_domain_set_pending (self, NULL);
  /* libvirt announces no change of autostart, and a lost event costs one read. */
  if (connection != NULL)
    kvmm_connection_reread (connection, kvmm_domain_get_uuid (self));
  g_task_return_boolean (task, TRUE);
}

void
kvmm_domain_act_async (KvmmDomain *self,
                       KvmmDomainAction action,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (self));
  g_return_if_fail (action < KVMM_DOMAIN_N_ACTIONS);

  KvmmConnection *connection = kvmm_domain_get_connection (self);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, kvmm_domain_act_async);
  if (connection == NULL)
    {
      g_task_return_new_error (task, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT,
                               _ ("“%s” was deleted."), kvmm_domain_get_name (self));
      return;
    }

  Act *act = g_new0 (Act, 1);
  act->action = action;
  act->func = actions[action].func;
  g_strlcpy (act->uuid, kvmm_domain_get_uuid (self), sizeof act->uuid);
  g_task_set_task_data (task, g_memdup2 (act, sizeof *act), g_free);
  if (actions[action].pending != NULL)
    kvmm_domain_set_pending (self, _ (actions[action].pending));

  g_autoptr (GTask) call = g_task_new (self, cancellable, act_ready_cb, g_object_ref (task));
  g_task_set_source_tag (call, act_func);
  kvmm_connection_run (connection, actions[action].lane, G_PRIORITY_DEFAULT, call, act_func, act,
                       g_free);
}

gboolean
kvmm_domain_act_finish (KvmmDomain *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
