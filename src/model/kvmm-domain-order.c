/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-domain-order.h"

#include <glib/gi18n.h>

#include "model/kvmm-clone-watch.h"
#include "model/kvmm-definition-files.h"

static void
order_free (gpointer data)
{
  KvmmDomainOrder *order = data;

  g_free (order->name);
  g_free (order->folder);
  g_clear_pointer (&order->edit, kvmm_xml_edit_free);
  g_clear_pointer (&order->pending, g_ptr_array_unref);
  g_clear_pointer (&order->values, g_hash_table_unref);
  g_clear_pointer (&order->plan, kvmm_deletion_free);
  g_clear_pointer (&order->watch, kvmm_clone_watch_unref);
  g_clear_pointer (&order->fates, g_hash_table_unref);
  g_free (order->text);
  g_strfreev (order->tags);
  g_clear_object (&order->cancellable);
  g_free (order);
}

typedef struct
{
  GTask *task; /* (owned) the caller's */
  GDestroyNotify destroy;
} Run;

static void
done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Run *run = user_data;
  g_autoptr (GTask) task = run->task;
  KvmmDomain *self = KVMM_DOMAIN (source);
  KvmmConnection *connection = kvmm_domain_get_connection (self);
  GError *error = NULL;
  gpointer value = g_task_propagate_pointer (G_TASK (result), &error);

  if (connection != NULL)
    kvmm_connection_reread (connection, kvmm_domain_get_uuid (self));
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, value, run->destroy);
}

KvmmDomainOrder *
kvmm_domain_order_new (KvmmDomain *self)
{
  KvmmConnection *connection = kvmm_domain_get_connection (self);
  KvmmDomainOrder *order = g_new0 (KvmmDomainOrder, 1);

  g_strlcpy (order->uuid, kvmm_domain_get_uuid (self), sizeof order->uuid);
  order->name = g_strdup (kvmm_domain_get_name (self));
  order->is_active = kvmm_domain_get_is_active (self);
  order->is_persistent = kvmm_domain_get_persistent (self);
  if (connection != NULL)
    {
      const char *uri = kvmm_connection_get_uri (connection);
      const KvmmVirtHost *host = kvmm_connection_get_host (connection);

      order->libvirt_version = host != NULL ? host->libvirt_version : 0;
      order->folder = kvmm_definition_files_dup_folder (uri, order->uuid);
      order->is_session = kvmm_virt_uri_is_session (uri);
      order->is_remote = !kvmm_virt_uri_is_local (uri);
    }
  return order;
}

void
kvmm_domain_order_run (KvmmDomain *self,
                       KvmmConnectionLane lane,
                       GTask *task,
                       KvmmConnectionFunc func,
                       KvmmDomainOrder *order,
                       GDestroyNotify destroy)
{
  KvmmConnection *connection = kvmm_domain_get_connection (self);
  g_autoptr (GTask) owned = task;
  g_autoptr (GTask) call = NULL;
  Run *data;

  if (connection == NULL)
    {
      g_task_return_new_error (task, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT,
                               _ ("“%s” was deleted."), kvmm_domain_get_name (self));
      order_free (order);
      return;
    }
  data = g_new0 (Run, 1);
  data->task = g_steal_pointer (&owned);
  data->destroy = destroy;
  call = g_task_new (self, g_task_get_cancellable (task), done_cb, data);
  g_task_set_source_tag (call, func);
  kvmm_connection_run (connection, lane, G_PRIORITY_DEFAULT, call, func, order, order_free);
}

GTask *
kvmm_domain_order_new_task (KvmmDomain *self,
                            gpointer tag,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  return task;
}

void
kvmm_domain_order_keep (const KvmmDomainOrder *order, const char *xml)
{
  g_autoptr (GError) error = NULL;

  if (!kvmm_definition_files_add (order->folder, xml, &error))
    g_warning ("%s", error->message);
}

void
kvmm_domain_order_return_done (GTask *task, gboolean is_done, GError *error)
{
  static char done[] = "";

  if (is_done)
    g_task_return_pointer (task, done, NULL);
  else
    g_task_return_error (task, error);
}

gpointer
kvmm_domain_order_finish (KvmmDomain *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
