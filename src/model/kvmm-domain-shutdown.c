/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>

#include "model/kvmm-connection-private.h"
#include "model/kvmm-domain-private.h"
#include "model/kvmm-shutdown-private.h"
#include "util/kvmm-thread.h"

/* How a machine is asked to shut down through libvirt. */

static KvmmAgentClient *
get_agent (gpointer target)
{
  return kvmm_guest_get_agent (kvmm_domain_get_guest (target));
}

static gboolean
has_qga (gpointer target)
{
  const KvmmXmlDomainFacts *facts = kvmm_domain_get_facts (target);

  return facts != NULL && facts->qga_channel == KVMM_CHANNEL_CONNECTED;
}

typedef struct
{
  char uuid[37];
  gboolean restart;
  gboolean by_agent;
} Ask;

/* Worker. */
static void
ask_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  Ask *ask = data;
  GError *error = NULL;

  if (kvmm_virt_domain_ask (connect, ask->uuid, ask->restart, ask->by_agent, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
ask_async (gpointer target,
           KvmmShutdownWay way,
           gboolean restart,
           GAsyncReadyCallback callback,
           gpointer user_data)
{
  KvmmConnection *connection = kvmm_domain_get_connection (target);
  g_autoptr (GTask) task = g_task_new (target, NULL, callback, user_data);
  Ask *ask;

  g_task_set_source_tag (task, ask_async);
  if (connection == NULL)
    {
      g_task_return_new_error (task, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT,
                               _ ("“%s” was deleted."), kvmm_domain_get_name (target));
      return;
    }
  ask = g_new0 (Ask, 1);
  g_strlcpy (ask->uuid, kvmm_domain_get_uuid (target), sizeof ask->uuid);
  ask->restart = restart;
  ask->by_agent = way == KVMM_SHUTDOWN_WAY_QGA;
  kvmm_connection_run (connection,
                       ask->by_agent ? KVMM_CONNECTION_LANE_SLOW : KVMM_CONNECTION_LANE_CONTROL,
                       G_PRIORITY_DEFAULT, task, ask_func, ask, g_free);
}

static gboolean
ask_finish (gpointer target, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static const KvmmShutdownBackend backend = {
  .get_agent = get_agent,
  .has_qga = has_qga,
  .ask_async = ask_async,
  .ask_finish = ask_finish,
};

static void
step_cb (KvmmShutdown *shutdown, GParamSpec *pspec, KvmmDomain *self)
{
  if (kvmm_domain_get_shutdown (self) != shutdown)
    return;
  if (!kvmm_shutdown_get_is_finished (shutdown))
    {
      kvmm_domain_set_pending (
          self, kvmm_shutdown_get_is_restart (shutdown) ? _ ("Rebooting…") : _ ("Shutting down…"));
      return;
    }
  kvmm_domain_set_pending (self, NULL);
  if (kvmm_shutdown_get_step (shutdown) != KVMM_SHUTDOWN_STEP_DONE)
    kvmm_log_add (kvmm_domain_get_log (self), 0, "shutdown", kvmm_shutdown_get_text (shutdown));
}

KvmmShutdown *
kvmm_domain_begin_shutdown (KvmmDomain *self, gboolean restart)
{
  KvmmShutdown *old;
  KvmmShutdown *shutdown;

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_val_if_fail (KVMM_IS_DOMAIN (self), NULL);

  old = kvmm_domain_get_shutdown (self);
  if (old != NULL && !kvmm_shutdown_get_is_finished (old))
    {
      if (kvmm_shutdown_get_is_restart (old) == !!restart)
        return old;
      kvmm_shutdown_cancel (old);
    }
  shutdown = kvmm_shutdown_new (&backend, self, &kvmm_shutdown_default_intervals, restart);
  g_signal_connect_object (shutdown, "notify::step", G_CALLBACK (step_cb), self, 0);
  kvmm_domain_set_shutdown (self, shutdown);
  kvmm_shutdown_start (shutdown);
  return shutdown;
}
